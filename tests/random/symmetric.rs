//! Random cases made symmetric: the part that stands for the whole gives the solution of the whole.

use blastema::ground::grid::Symmetry;
use blastema::model::run::Wish;
use blastema::model::symmetry;

use super::*;

/// Steps looked at.
const STEPS: usize = 20;

/// Gives every voxel the value of another.
fn of<T: Copy>(values: &mut Vec<T>, place: &dyn Fn(usize) -> usize) {
    *values = (0..values.len()).map(|i| values[place(i)]).collect();
}

/// Makes axes of a case mirrored or uniform, drawn by dice; where it can, one at least.
fn symmetrise(case: &mut Setup, d: &mut Dice) -> [Symmetry; 3] {
    let grid = case.grid.clone();
    // Along a radius nothing is mirrored; what flows through a centre or an axis is not uniform.
    let radius = |a: usize| a == 0 && grid.form != Form::Box;
    let can = |a: usize| grid.n[a] > 1 && !grid.periodic[a];
    let wanted: [Symmetry; 3] = std::array::from_fn(|a| match d.below(3) {
        0 | 1 if can(a) && !radius(a) && grid.n[a].is_multiple_of(2) => Symmetry::Mirror,
        2 if can(a) => Symmetry::Uniform { count: grid.n[a], h: grid.h[a] },
        _ => Symmetry::None,
    });
    let place = |i: usize| {
        let at = grid.voxel(i);
        let own = |a: usize| match wanted[a] {
            Symmetry::None => at[a],
            Symmetry::Mirror => at[a].min(grid.n[a] - 1 - at[a]),
            Symmetry::Uniform { .. } => 0,
        };
        grid.index(own(0), own(1), own(2))
    };
    let shared = |values: &mut Arc<Vec<f64>>| {
        let mut own = values.to_vec();
        of(&mut own, &place);
        *values = own.into();
    };
    if let Some(flow) = &mut case.flow {
        for a in (0..3).filter(|a| wanted[*a] != Symmetry::None) {
            let free = matches!(wanted[a], Symmetry::Uniform { .. }) || d.chance(0.5);
            let own = if free { FlowBoundary::Symmetry } else { FlowBoundary::Sealed };
            flow.boundaries[2 * a..][..2].fill(own);
            if let FlowLaw::Given(velocity) = &mut flow.law {
                velocity[a] = 0.0;
            }
        }
        if let FlowLaw::Darcy(permeability) | FlowLaw::Brinkman { permeability, .. } = &mut flow.law
        {
            of(permeability, &place);
            // Rates alone do not balance.
            if !flow.boundaries.iter().any(|b| b.pressure().is_some()) {
                case.flow = None;
            }
        }
    }
    shared(&mut case.structure.porosity);
    if let Some(open) = &mut case.structure.open {
        of(open, &place);
    }
    // What is shared stays shared.
    let mut known: Vec<[Arc<Vec<f64>>; 2]> = Vec::new();
    let mut share = |values: &mut Arc<Vec<f64>>| {
        let found = known.iter().find(|k| Arc::ptr_eq(&k[0], values)).map(|k| k[1].clone());
        let own = found.unwrap_or_else(|| {
            let mut own = values.clone();
            shared(&mut own);
            known.push([values.clone(), own.clone()]);
            own
        });
        *values = own;
    };
    for solute in &mut case.solutes {
        share(&mut solute.relative);
        if let Initial::Field(values) = &mut solute.initial {
            of(values, &place);
        }
        solute.source.iter_mut().for_each(|s| of(&mut s.rate, &place));
        solute.release.iter_mut().for_each(|r| of(&mut r.loaded, &place));
        for (a, symmetry) in wanted.into_iter().enumerate() {
            match symmetry {
                Symmetry::None => {}
                Symmetry::Mirror => solute.boundaries[2 * a + 1] = solute.boundaries[2 * a].clone(),
                Symmetry::Uniform { .. } => solute.boundaries[2 * a..][..2].fill(Boundary::Sealed),
            }
        }
    }
    for p in &mut case.populations {
        of(&mut p.seeding, &place);
        p.reseeding.iter_mut().for_each(|r| of(&mut r.density, &place));
        p.detachment = None;
    }
    case.matter.matrices.iter_mut().for_each(|m| of(&mut m.initial, &place));
    if let Some(changing) = &mut case.matter.changing {
        share(&mut changing.relative);
        of(&mut changing.which, &place);
    }
    case.symmetry = true;
    // Steps of the same lengths, and solves that leave nothing.
    case.run.accuracy.time = 1e9;
    case.run.accuracy.solver = Some(1e-12);
    wanted
}

/// The largest value of each field, and an end after so many steps.
#[derive(Default)]
struct Largest(Vec<f64>);

impl Watcher for Largest {
    fn see(&mut self, moment: &Moment) -> Result<(), String> {
        let fields = &moment.solver.state.fields;
        self.0.resize(fields.len(), 0.0);
        for (m, field) in self.0.iter_mut().zip(fields) {
            *m = flat(field).iter().fold(*m, |m, v| m.max(*v));
        }
        Ok(())
    }
    fn wish(&mut self, solver: &Solver) -> Wish {
        if solver.work.steps >= STEPS { Wish::Stop("enough".into()) } else { Wish::Go }
    }
}

/// A case at its end, or after so many steps, and the largest values; `None` where the numerics give
/// up.
fn ended(case: Setup) -> Option<(Solver, Vec<f64>)> {
    let mut largest = Largest::default();
    let mut solver = Solver::new(case).ok()?;
    match run(&mut solver, &mut [&mut largest]) {
        Err(Stop::Numerics(_)) => None,
        _ => Some((solver, largest.0)),
    }
}

/// The largest differences between the part and the whole, and between the whole and its own images:
/// of a field relative to what it or what feeds it was at most, of a term of the ledger to what the
/// account moved, of a bath to what is in it. Cells of a population share a scale.
fn differences(part: &Solver, whole: &Solver, largest: &[f64]) -> ((f64, String), f64) {
    let (mut worst, mut own) = ((0.0, String::new()), 0.0_f64);
    let mut note = |difference: f64, size: f64, what: &str| {
        let off = if difference == 0.0 { 0.0 } else { difference / size };
        if off.is_nan() || off > worst.0 {
            worst = (off, what.to_owned());
        }
    };
    note((part.state.time - whole.state.time).abs(), whole.state.time, "time");
    let grid = &part.setup.grid;
    let most = |values: &[f64]| values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let apart =
        |a: &[f64], b: &[f64]| most(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>());
    let specs = &whole.catalogue.specs;
    for (f, spec) in specs.iter().enumerate() {
        let alike = |name: &str| name.split('.').next() == spec.name.split('.').next();
        let alike = specs.iter().zip(largest).filter(|(s, _)| alike(&s.name));
        let mut size = alike.fold(0.0_f64, |m, (_, l)| m.max(*l));
        if let Kind::Solute(s) = spec.kind {
            let outside = whole.setup.solutes[s].boundaries.iter().filter_map(Boundary::signal);
            size = outside.fold(size, |m, v| m.max(v.range().1));
            let baths = whole.setup.baths.iter().flat_map(|b| &b.solutes).filter(|x| x.0 == s);
            size = baths.fold(size, |m, x| m.max(x.1));
        }
        let [of_part, of_whole] = [part, whole].map(|s| flat(&s.state.fields[f]));
        note(apart(&grid.spread(of_part), of_whole), size, &spec.name);
        let image = grid.spread(grid.gather(of_whole));
        own = own.max(apart(&image, of_whole) / size.max(f64::MIN_POSITIVE));
    }
    for (b, bath) in whole.setup.baths.iter().enumerate() {
        for (p, &(s, fresh)) in bath.solutes.iter().enumerate() {
            let [a, b] = [part, whole].map(|solver| solver.state.baths[b][p]);
            note((a - b).abs(), fresh.max(largest[s]), &bath.name);
        }
    }
    for account in &whole.ledger.accounts {
        let terms = || account.flows.iter().map(|f| [part, whole].map(|s| &s.ledger.terms[f.0]));
        let size = terms().fold(account.initial.max(account.content), |m, t| m.max(t[1].turnover));
        for [a, b] in terms() {
            assert_eq!(a.name, b.name);
            note((a.total - b.total).abs(), size, &b.name);
        }
    }
    (worst, own)
}

#[test]
fn a_part_of_a_symmetric_case_stands_for_the_whole() {
    let number = |name| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let first = number("BLASTEMA_RANDOM_FIRST").unwrap_or(1);
    let count = number("BLASTEMA_RANDOM_CASES").unwrap_or(64);
    let (mut looked, mut moved, mut given_up, mut shortened, mut voxels) = (0, 0, 0, 0, [0, 0]);
    for seed in first..first + count {
        let mut case = random_case(seed).0;
        let wanted = symmetrise(&mut case, &mut Dice(seed ^ 0x0f01_d0f0));
        if wanted == [Symmetry::None; 3] {
            continue;
        }
        let part = symmetry::part(case.clone());
        for (a, wanted) in wanted.into_iter().enumerate() {
            let found = part.grid.symmetry[a];
            assert!(
                found == wanted || matches!(found, Symmetry::Uniform { .. }),
                "seed {seed}, axis {a}: {found:?} for {wanted:?}"
            );
        }
        voxels[0] += part.grid.len();
        voxels[1] += case.grid.len();
        let flows = usize::from(case.flow.is_some());
        let (part, whole) = match (ended(part), ended(case)) {
            (Some(part), Some(whole)) => (part, whole),
            (part, whole) => {
                assert_eq!(part.is_some(), whole.is_some(), "seed {seed}: one has no solution");
                given_up += 1;
                continue;
            }
        };
        // A solve that fails is taken again in shorter steps, and what a limiter does may hang on
        // round-off of what is all but used up.
        let copies = whole.0.setup.grid.len() / part.0.setup.grid.len();
        let (a, b) = (part.0.work, whole.0.work);
        if a.rejected + b.rejected > 0 || copies * a.limited != b.limited {
            shortened += 1;
            continue;
        }
        // Limiters look at voxels one after the other: the whole is not quite its own image.
        let ((off, what), own) = differences(&part.0, &whole.0, &whole.1);
        if off > 1e-6 {
            println!("seed {seed}: {what} differs by {off:.1e}, images by {own:.1e}");
        }
        assert!(
            off <= 1e-6 + 100.0 * own,
            "seed {seed}: {what} differs by {off:.1e}, images {own:.1e}"
        );
        looked += 1;
        moved += flows;
    }
    println!(
        "{looked} cases, {moved} in a flow, {} for {} voxels; {given_up} without a solution, {shortened} with other steps or limits",
        voxels[0], voxels[1]
    );
    assert!(looked as u64 > count / 4 && given_up + shortened <= looked / 4);
}
