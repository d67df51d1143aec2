//! Flow and migration of random cases, and what holds where things move.

use blastema::model::flow::Stream;
use blastema::physics::migration::{Cue, Taxis};
use blastema::physics::response::Stimulation;

use super::*;

/// Flow and migration, by dice of their own.
pub(super) fn moving(case: &mut Setup, levels: &[f64], seed: u64) {
    if case.grid.periodic.contains(&true) {
        return;
    }
    flowing(case, levels, &mut Dice(seed ^ 0xf10f_f10f));
    wandering(case, levels, &mut Dice(seed ^ 0xc0de_cafe));
    sheared(case, &mut Dice(seed ^ 0x0005_4ea2));
}

/// Laws of the cells that answer to the wall shear, and detachment, where the shear is known: half
/// effects at 1e-2–1e2 of the mean shear, rates of 1e-2–1e3 over the run, growth up to fivefold.
fn sheared(case: &mut Setup, d: &mut Dice) {
    let stream = Stream::of(case, &vec![1.0; case.grid.len()], &case.structure.porosity);
    let Ok(Some(Stream { shear: Some(shear), .. })) = stream else { return };
    let mean = shear.iter().sum::<f64>() / shear.len() as f64;
    let (number, duration) = (case.shear_number(), case.run.duration);
    let half = |d: &mut Dice| mean * d.decades(1e-2, 1e2);
    let exponent = |d: &mut Dice| d.between(1.0, 8.0);
    for p in &mut case.populations {
        let trigger = |d: &mut Dice| {
            let (half, exponent) = (half(d), exponent(d));
            if d.chance(0.7) {
                (number, Trigger::Above(Above { half, exponent }))
            } else {
                (number, Trigger::Below(Below { half, exponent }))
            }
        };
        if let Some(growth) = p.growth.as_mut().filter(|_| d.chance(0.5)) {
            let (half, exponent) = (half(d), exponent(d));
            growth.limits.push((number, Limit::Inhibition(Inhibition { half, exponent })));
        }
        if d.chance(0.5) {
            let on = Above { half: half(d), exponent: exponent(d) };
            p.stimulation.push((number, Stimulation { factor: d.between(1.0, 5.0), on }));
        }
        if let Some(death) = p.deaths.first_mut().filter(|_| d.chance(0.5)) {
            death.when.push(trigger(d));
        }
        if let Some(other) = p.differentiation.first_mut().filter(|_| d.chance(0.5)) {
            other.when.push(trigger(d));
        }
        if d.chance(0.6) {
            let rate = d.decades(1e-2, 1e3) / duration;
            let when = vec![trigger(d)];
            p.detachment = Some(Detachment { rate, when, combine: Combine::All });
        }
    }
}

/// Darcy's law or a given velocity. Péclet number of the fastest solute over the longest side:
/// 1e-3–1e5. Permeability: uniform, or of four decades from voxel to voxel.
fn flowing(case: &mut Setup, levels: &[f64], d: &mut Dice) {
    let g = case.grid.clone();
    let form = !matches!(g.form, Form::Sphere { .. });
    if !form || case.structure.open.is_some() || !d.chance(0.35) {
        return;
    }
    let length = (0..g.dimensions).map(|a| g.length(a)).fold(0.0, f64::max);
    let fastest = case.solutes.iter().map(|s| s.diffusivity).fold(0.0, f64::max);
    let speed = fastest / length * d.decades(1e-3, 1e5);
    let first = usize::from(g.share(Face::ALL[0], 0) == 0.0);
    let mut boundaries = [FlowBoundary::Sealed; 6];
    let box_axes = if g.form == Form::Box { 0..g.dimensions } else { 1..g.dimensions };
    let law = if !box_axes.is_empty() && d.chance(0.3) {
        let mut velocity = [0.0; 3];
        for a in box_axes {
            velocity[a] = if d.chance(0.3) { 0.0 } else { speed * d.between(-1.0, 1.0) };
        }
        FlowLaw::Given(velocity)
    } else {
        let typical = d.decades(1e-14, 1e-9);
        let rough = d.chance(0.5);
        let draw = |_| if rough { typical * d.decades(1e-2, 1e2) } else { typical };
        let permeability = (0..g.len()).map(draw).collect();
        let pressure = speed * VISCOSITY * length / typical;
        for (f, boundary) in boundaries.iter_mut().enumerate().take(2 * g.dimensions).skip(first) {
            let sign = if d.chance(0.7) { 1.0 } else { -1.0 };
            *boundary = match d.below(5) {
                0 | 1 => FlowBoundary::Sealed,
                2 => FlowBoundary::Rate(sign * speed * g.area(Face::ALL[f]) * d.unit()),
                _ => FlowBoundary::Pressure(pressure * d.between(-0.5, 1.0)),
            };
        }
        if !boundaries.iter().any(|b| matches!(b, FlowBoundary::Pressure(_))) {
            boundaries[2 * g.dimensions - 1] = FlowBoundary::Pressure(0.0);
        }
        if g.form == Form::Box && d.chance(0.3) {
            let effective = if d.chance(0.5) { 0.0 } else { VISCOSITY * d.decades(1e-1, 1e1) };
            for boundary in &mut boundaries {
                if *boundary == FlowBoundary::Sealed && d.chance(0.3) {
                    *boundary = FlowBoundary::Symmetry;
                }
            }
            FlowLaw::Brinkman { permeability, effective: vec![effective; g.len()] }
        } else {
            FlowLaw::Darcy(permeability)
        }
    };
    case.flow = Some(Flow { law, viscosity: VISCOSITY, boundaries });
    // Without a flow the start of the case fails and says so.
    let Ok(Some(stream)) = Stream::of(case, &vec![1.0; g.len()], &case.structure.porosity) else {
        return;
    };
    for (solute, &c0) in case.solutes.iter_mut().zip(levels) {
        for f in first..2 * g.dimensions {
            let voxels = blastema::numerics::wall::face_voxels(g.n, Face::ALL[f]);
            let entering = voxels.map(|i| stream.entering_at(&g, Face::ALL[f], i));
            let (mut passes, mut enters) = (false, false);
            for q in entering {
                passes |= q != 0.0;
                enters |= q > 0.0;
            }
            let boundary = &mut solute.boundaries[f];
            let stays = match boundary {
                Boundary::Bath(_) => true,
                Boundary::Sealed | Boundary::Flux(_) => !passes,
                _ => d.chance(0.5),
            };
            if stays {
                continue;
            }
            *boundary = match (enters, d.chance(0.7)) {
                (false, true) => Boundary::Outflow,
                (true, true) => Boundary::Inlet(random_signal(d, c0, case.run.duration)),
                _ => Boundary::Value(random_signal(d, c0, case.run.duration)),
            };
        }
        // A steady start must be fed.
        let fed = |b: &Boundary| matches!(b, Boundary::Value(_) | Boundary::Inlet(_));
        if matches!(solute.initial, Initial::Steady) && !solute.boundaries.iter().any(fed) {
            solute.initial = Initial::Field(vec![c0; g.len()]);
        }
    }
}

/// Water at 37 °C, Pa s.
const VISCOSITY: f64 = 6.9e-4;

/// Chemotaxis, constant and saturating, of which Φ/D reaches 1e-2–1e2, 1e1 where room is filled; porous and haptokinetic
/// motility. In half of the cases all cells share one capacity, and who moves fills the room left.
fn wandering(case: &mut Setup, levels: &[f64], d: &mut Dice) {
    let n = case.grid.len();
    if case.populations.is_empty() || !d.chance(0.5) {
        return;
    }
    let fills = d.chance(0.5);
    if fills {
        let all = |i: usize| case.populations.iter().map(|p| p.seeding[i]).sum::<f64>();
        let most = (0..n).map(all).fold(1e9, f64::max);
        let factor = if d.chance(0.2) { 1.0 } else { d.decades(1.0, 30.0) };
        let density = most * factor;
        let shared = Capacity { density, counts_viable: true, counts_dead: d.chance(0.5) };
        for p in &mut case.populations {
            p.capacity = Some(shared);
            p.motility = Motility::Constant(0.0);
            p.reseeding.clear();
            if let Some(growth) = &mut p.growth {
                growth.logistic = true;
            }
        }
    }
    let matrices = case.matter.matrices.len();
    for p in &mut case.populations {
        if d.chance(0.3) {
            continue;
        }
        let largest = d.decades(1e-17, 1e-11);
        let random = |d: &mut Dice| match d.below(5) {
            0 => Motility::Constant(0.0),
            1 | 2 if matrices > 0 => {
                let (of, at) = (d.below(matrices), d.decades(1e-2, 1e1));
                Motility::Haptokinetic { of, largest, at }
            }
            _ => Motility::Constant(largest),
        };
        if !fills && d.chance(0.3) {
            let most = p.seeding.iter().fold(1e9, |m: f64, n| m.max(*n));
            let room = most * d.decades(0.5, 30.0);
            let own = Capacity { density: room, counts_viable: true, counts_dead: false };
            let capacity = p.capacity.get_or_insert(own).density;
            p.motility = Motility::Porous { diffusivity: largest, capacity };
            continue;
        }
        p.motility = random(d);
        for of in 0..levels.len() {
            if of > 0 && d.chance(0.6) {
                continue;
            }
            // Stronger drift into jams may stall Newton: a known limit, not drawn. Without saturation
            // a solute that is made can draw without bound.
            let saturates = d.chance(0.5) || fills;
            let half = levels[of] * d.decades(1e-3, 1e1);
            let half = if saturates { half } else { f64::INFINITY };
            let sign = if d.chance(0.7) { 1.0 } else { -1.0 };
            let most = if fills { 1e1 } else { 1e2 };
            let sensitivity = sign * largest / half.min(levels[of]) * d.decades(1e-2, most);
            p.taxis.push(Taxis { of: Cue::Solute(of), sensitivity, half });
        }
        p.volume_filling = fills;
    }
}

/// True where more fluid enters bath `b` from the construct than comes back: in its fixed volume,
/// what enters with it gathers.
fn gathers(setup: &Setup, stream: &Stream, solute: &Solute, b: usize) -> bool {
    let (mut net, mut all) = (0.0, 0.0);
    for (f, _) in solute.boundaries.iter().enumerate().filter(|x| x.1.is_bath(b)) {
        for i in blastema::numerics::wall::face_voxels(setup.grid.n, Face::ALL[f]) {
            let q: f64 = stream.entering_at(&setup.grid, Face::ALL[f], i);
            net += q;
            all += q.abs();
        }
    }
    net < -1e-12 * all
}

/// Largest value of solute `s` that starts or feeds, in a flow; `None` where something makes it or
/// it gathers in a bath.
fn top(setup: &Setup, stream: &Stream, s: usize) -> Option<f64> {
    let solute = &setup.solutes[s];
    let makes = |p: &Production| match *p {
        Production::PerUptake { solute, .. } | Production::Constant { solute, .. } => solute == s,
    };
    let made = setup.populations.iter().flat_map(|p| &p.production).any(makes);
    let given = solute.boundaries.iter().any(|b| matches!(b, Boundary::Flux(_)));
    let gathers = (0..setup.baths.len()).any(|b| gathers(setup, stream, solute, b));
    if made || given || gathers || solute.source.is_some() || solute.release.is_some() {
        return None;
    }
    let start = solute.initial.largest();
    let feeds = solute.boundaries.iter().map(|b| match b {
        Boundary::Value(v)
        | Boundary::Transfer { outside: v, .. }
        | Boundary::StagnantMedium { top: v, .. }
        | Boundary::Inlet(v) => v.range().1,
        Boundary::Bath(b) => setup.baths[*b].solutes.iter().find(|x| x.0 == s).map_or(0.0, |x| x.1),
        Boundary::Sealed | Boundary::Flux(_) | Boundary::Outflow => 0.0,
    });
    Some(feeds.fold(start, f64::max))
}

/// The capacity that all cells share, and that who moves keeps.
fn room(setup: &Setup) -> Option<Capacity> {
    let first = setup.populations.iter().find(|p| p.volume_filling)?.capacity;
    let keeps = |p: &Population| {
        p.capacity == first
            && (p.volume_filling || !p.moves())
            && p.growth.as_ref().is_none_or(|g| g.logistic)
            && p.reseeding.is_empty()
    };
    first.filter(|_| setup.populations.iter().all(keeps))
}

/// In a flow nothing rises above what starts or feeds; who fills the room left stays within it.
pub(super) fn inspect(solver: &Solver) -> Result<(), String> {
    if let Some(stream) = &solver.stream {
        for (s, solute) in solver.setup.solutes.iter().enumerate() {
            let Some(top) = top(&solver.setup, stream, s) else { continue };
            let most = flat(&solver.state.fields[s]).iter().fold(0.0, |m: f64, c| m.max(*c));
            if most > top * (1.0 + HIGHER) {
                return Err(format!("{} {:e} above {top:e}", solute.name, most / top - 1.0));
            }
        }
    }
    if let Some(room) = room(&solver.setup) {
        let mut counted = vec![0.0; solver.setup.grid.len()];
        for (spec, field) in solver.catalogue.specs.iter().zip(&solver.state.fields) {
            let counts = match spec.kind {
                Kind::Viable(_) | Kind::Quiescent(_) => true,
                Kind::Dead(..) => room.counts_dead,
                _ => false,
            };
            if counts {
                counted.iter_mut().zip(flat(field)).for_each(|(sum, n)| *sum += n);
            }
        }
        let most = counted.iter().fold(0.0, |m: f64, n| m.max(*n));
        if most > room.density * (1.0 + 1e-9) {
            return Err(format!("cells {:e} above the capacity", most / room.density - 1.0));
        }
    }
    Ok(())
}

/// What the solver may leave in a voxel (design §5): 100 times its accuracy of 1e-8.
const HIGHER: f64 = 1e-6;
