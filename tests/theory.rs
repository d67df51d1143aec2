//! Every constant between a law on paper and an answer: each test would notice a change of 2 %
//! (`tests/mutations`). Expected values are formulas written out here.

mod common;

use std::sync::Arc;

use blastema::case::{Case, load_text};
use blastema::ground::grid::Grid;
use blastema::ground::signal::Signal;
use blastema::model::answers::{Answer, Answers, viable_depth};
use blastema::model::run::{Moment, Watcher, run};
use blastema::model::sample::sample;
use blastema::model::setup::*;
use blastema::model::solver::Solver;
use blastema::model::state::flat_mut;
use blastema::model::survey::Survey;
use blastema::physics::kinetics::{FirstOrder, MichaelisMenten, Uptake};
use blastema::physics::response::{Below, Combine, Inhibition, Limit, Monod, Trigger};
use blastema::physics::transport::Closure;
use common::*;

fn close(found: f64, wanted: f64, within: f64) {
    approx::assert_relative_eq!(found, wanted, epsilon = 0.0, max_relative = within);
}

fn solve(mut case: Setup, time: f64, step: f64) -> Solver {
    case.run.accuracy = Accuracy { time, solver: Some(1e-12), max_step: step };
    let mut solver = Solver::new(case).expect("starts");
    run(&mut solver, &mut []).expect("runs");
    solver
}

/// The slope with which a sink goes on below zero is that of its rate at zero.
#[test]
fn sinks_leave_zero_with_their_slope() {
    for info in Uptake::LAWS {
        let values: Vec<f64> = info.params.iter().map(|p| 0.7_f64.clamp(p.min, p.max)).collect();
        let law = Uptake::build(info.keyword, &values).expect("builds");
        let c = 1e-12;
        close(law.rate(c) / c, law.slope(0.0), 1e-6);
        let (mut rate, mut slope) = ([0.0], [0.0]);
        law.accumulate(&[3.0], &[-0.2], true, &mut rate, &mut slope);
        close(rate[0], -0.2 * 3.0 * law.slope(0.0), 1e-12);
    }
}

/// Closures at ε = 0.8, from their formulas.
#[test]
fn closures_at_a_porosity() {
    let ratio =
        |name: &str, values: &[f64]| Closure::build(name, values).expect("a closure").ratio(0.8);
    close(ratio("maxwell", &[]), 1.6 / 2.2, 1e-12);
    close(ratio("bruggeman", &[]), 0.8_f64.powf(1.5), 1e-12);
    close(ratio("mackie-meares", &[]), 0.8 * (0.8 / 1.2) * (0.8 / 1.2), 1e-12);
    close(ratio("millington-quirk", &[]), 0.8_f64.powf(4.0 / 3.0), 1e-12);
    close(ratio("area", &[]), 0.8, 1e-12);
    close(ratio("tortuosity", &[1.6]), 0.5, 1e-12);
}

/// Responses at twice their half: K^p/(K^p + c^p) = 1/(1 + 2^p).
#[test]
fn responses_at_twice_their_half() {
    for exponent in [1.0, 2.0, 2.5, 4.0] {
        let wanted = 1.0 / (1.0 + 2.0_f64.powf(exponent));
        close(Trigger::Below(Below { half: 0.3, exponent }).factor(0.6), wanted, 1e-12);
        close(Limit::Inhibition(Inhibition { half: 0.3, exponent }).factor(0.6), wanted, 1e-12);
    }
}

/// Growth and death at constant concentrations c = (1, 1): exponentials whose rates combine
/// their factors.
#[test]
fn factors_combine_as_they_should() {
    let monod = |s: usize, half: f64| (s, Limit::Monod(Monod { half }));
    let below = |s: usize, half: f64| (s, Trigger::Below(Below { half, exponent: 1.0 }));
    let viable = |change: &dyn Fn(&mut Population)| {
        let g = grid(&[1], &[1.0]);
        let solutes = vec![solute(&g, "a", 1.0, 1.0), solute(&g, "b", 1.0, 1.0)];
        let mut p = population(&g, "p", 1.0);
        change(&mut p);
        let solver = solve(setup(g, solutes, vec![p], 1.0), 1e-9, 0.01);
        solver.state.fields[2][[0, 0, 0]].ln()
    };
    for (how, factor) in [(Combine::Product, 0.8 * 0.5), (Combine::Minimum, 0.5)] {
        let rate = viable(&|p| {
            let limits = vec![monod(0, 0.25), monod(1, 1.0)];
            p.growth = Some(Growth { rate: 2.0, logistic: false, limits, combine: how });
        });
        close(rate, 2.0 * factor, 1e-5);
    }
    // Hazards 0.2 and 0.5.
    for (how, factor) in [(Combine::All, 0.2 * 0.5), (Combine::Any, 1.0 - 0.8 * 0.5)] {
        let rate = viable(&|p| {
            let when = vec![below(0, 0.25), below(1, 1.0)];
            p.deaths =
                vec![Death { cause: "x".into(), rate: 2.0, when, combine: how, exposure: None }];
        });
        close(rate, -2.0 * factor, 1e-5);
    }
}

/// Classical Runge–Kutta for the equations of `docs/model.md`.
fn runge_kutta<const N: usize>(
    mut y: [f64; N],
    end: f64,
    f: impl Fn([f64; N]) -> [f64; N],
) -> [f64; N] {
    let steps = 4000;
    let h = end / f64::from(steps);
    let go = |y: [f64; N], k: [f64; N], s: f64| std::array::from_fn(|i| y[i] + s * k[i]);
    for _ in 0..steps {
        let a = f(y);
        let b = f(go(y, a, 0.5 * h));
        let c = f(go(y, b, 0.5 * h));
        let d = f(go(y, c, h));
        y = std::array::from_fn(|i| y[i] + h / 6.0 * (a[i] + 2.0 * b[i] + 2.0 * c[i] + d[i]));
    }
    y
}

/// Growth, crowding, sleep, death of the awake and the resting, lysis, uptake and production of
/// both, and every booked amount, against Runge–Kutta.
#[test]
fn the_resting_live_die_and_eat() {
    let (mu, room, kill, lysis) = (0.9, 5.0, 0.5, 0.4);
    let (sleep, wake, activity, share) = (1.2, 0.6, 0.3, 0.7);
    let (clearance, yields, make) = (0.25, 1.5, 0.2);
    let trigger = 0.5 / (0.5 + 0.8);
    let g = grid(&[1], &[1.0]);
    let mut p = population(&g, "p", 1.0);
    p.growth = Some(Growth { rate: mu, logistic: true, limits: vec![], combine: Combine::Product });
    p.capacity = Some(Capacity { density: room, counts_viable: true, counts_dead: true });
    p.deaths = vec![Death {
        cause: "x".into(),
        rate: kill,
        when: vec![],
        combine: Combine::All,
        exposure: None,
    }];
    p.lysis = lysis;
    p.quiescence = Some(Quiescence {
        rate: sleep,
        recovery: wake,
        activity,
        death_factor: share,
        when: vec![(0, Trigger::Below(Below { half: 0.5, exponent: 1.0 }))],
        combine: Combine::All,
    });
    p.uptake = vec![(1, Uptake::FirstOrder(FirstOrder { clearance }))];
    p.production = vec![
        Production::PerUptake { solute: 2, of: 1, yields },
        Production::Constant { solute: 3, rate: make },
    ];
    let named = ["still", "food", "waste", "signal"].map(|n| solute(&g, n, 1.0, 0.8));
    let end = 1.5;
    let solver = solve(setup(g, named.to_vec(), vec![p], end), 1e-9, 0.005);
    // viable, resting, dead, food, waste, signal; born, asleep, woken, died, lysed, used.
    let start = [1.0, 0.0, 0.0, 0.8, 0.8, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let y = runge_kutta(start, end, |y| {
        let [n, q, d, c, ..] = y;
        let born = mu * (1.0 - (n + q + d) / room) * n;
        let (asleep, woken) = (sleep * trigger * n, wake * (1.0 - trigger) * q);
        let (gone, lost) = (kill * n, share * kill * q);
        let eaters = n + activity * q;
        let used = clearance * c * eaters;
        [
            born - asleep + woken - gone,
            asleep - woken - lost,
            gone + lost - lysis * d,
            -used,
            yields * used,
            make * eaters,
            born,
            asleep,
            woken,
            gone + lost,
            lysis * d,
            used,
        ]
    });
    let field = |f: usize| solver.state.fields[f][[0, 0, 0]];
    for (f, wanted) in [(4, y[0]), (5, y[1]), (6, y[2]), (1, y[3]), (2, y[4]), (3, y[5])] {
        close(field(f), wanted, 1e-4);
    }
    let booked = |name: &str| solver.ledger.find(name).expect("a term").0;
    for (name, wanted) in [
        ("p.born", y[6]),
        ("p.quiesced", y[7]),
        ("p.woke", y[8]),
        ("p.died.x", y[9]),
        ("p.lysed.x", y[10]),
        ("food.used.p", y[11]),
        ("waste.made", yields * y[11]),
    ] {
        close(booked(name), wanted, 1e-4);
    }
}

/// Layers in series along each axis: flux = Δc/Σ(h/D), and the steps of c at the faces.
#[test]
fn layers_across_each_axis() {
    let layers = [1.0, 0.2, 0.6, 0.05, 0.9, 0.3];
    for axis in 0..3 {
        let mut n = [2, 3, 2];
        n[axis] = layers.len();
        let g = grid(&n, &[0.7, 1.3, 0.9]);
        let mut s = solute(&g, "a", 0.5, 0.0);
        s.relative = Arc::new((0..g.len()).map(|i| layers[g.voxel(i)[axis]]).collect());
        (s.boundaries[2 * axis], s.boundaries[2 * axis + 1]) = (value(1.0), value(2.0));
        let (h, area) = (g.h[axis], g.voxel_volume() * g.len() as f64 / g.length(axis));
        let resistance: f64 = layers.iter().map(|r| h / (0.5 * r)).sum();
        let first = g.centre(0);
        let solver = solve(setup(g, vec![s], vec![], 0.0), 1e-3, 1.0);
        let name = format!("a.in.{}_max", ["x", "y", "z"][axis]);
        close(solver.ledger.find(&name).expect("a face").1, area / resistance, 1e-9);
        let found = sample(&solver, 0, first).expect("inside");
        close(found, 1.0 + 0.5 * (h / (0.5 * layers[0])) / resistance, 1e-9);
    }
}

/// A channel of pores between solid, along each axis: c is linear between its ends.
#[test]
fn a_channel_between_solid_walls() {
    for axis in 0..3 {
        let mut n = [3, 3, 3];
        n[axis] = 8;
        let g = grid(&n, &[1.0, 1.0, 1.0]);
        let inside = |i: usize| (0..3).all(|a| a == axis || g.voxel(i)[a] == 1);
        let open: Vec<bool> = (0..g.len()).map(inside).collect();
        let mut s = solute(&g, "a", 0.5, 0.0);
        s.relative = Arc::new(open.iter().map(|o| f64::from(u8::from(*o))).collect());
        (s.boundaries[2 * axis], s.boundaries[2 * axis + 1]) = (value(1.0), value(2.0));
        let mut case = setup(g.clone(), vec![s], vec![], 0.0);
        case.structure.porosity = case.solutes[0].relative.clone();
        case.structure.open = Some(open.clone());
        let solver = solve(case, 1e-3, 1.0);
        for i in (0..g.len()).filter(|i| open[*i]) {
            let x = g.centre(i);
            close(sample(&solver, 0, x).expect("a pore"), 1.0 + x[axis], 1e-8);
        }
    }
}

/// c ← (1 − f)·c + f·fresh, and what that adds to the bath.
#[test]
fn a_change_of_medium() {
    let g = grid(&[2], &[1.0]);
    let mut s = solute(&g, "a", 1.0, 2.0);
    s.boundaries[1] = Boundary::Bath(0);
    let mut case = setup(g, vec![s], vec![], 1.0);
    let solutes = vec![(0, 5.0)];
    case.baths = vec![Bath { name: "well".into(), volume: 0.3, solutes, changes: vec![] }];
    let mut solver = Solver::new(case).expect("starts");
    solver.state.baths[0][0] = 2.0;
    solver.change_medium(0, 0.25);
    close(solver.state.baths[0][0], 0.75 * 2.0 + 0.25 * 5.0, 1e-14);
    close(solver.ledger.find("a.changed.well").expect("a term").0, 0.3 * 0.75, 1e-14);
}

#[test]
fn signals_between_their_points() {
    let ramp = Signal::Ramp(vec![(0.0, 1.0), (10.0, 5.0)]);
    close(ramp.at(2.5, false), 2.0, 1e-14);
    let sine = Signal::Sine { mean: 2.0, amplitude: 1.5, period: 12.0 };
    // sin 30° = ½.
    close(sine.at(1.0, false), 2.75, 1e-14);
}

/// On a face: no slope, a given slope, and a film, each on the profile that it makes exact.
#[test]
fn values_on_faces() {
    let (n, d) = (10, 0.4);
    let on_face = |boundary: Boundary, profile: &dyn Fn(f64) -> f64| {
        let g = grid(&[n], &[1.0]);
        let mut s = solute(&g, "a", d, 0.0);
        s.boundaries[0] = boundary;
        s.initial = Initial::Field((0..n).map(|i| profile(g.centre(i)[0])).collect());
        let solver = Solver::new(setup(g, vec![s], vec![], 1.0)).expect("starts");
        sample(&solver, 0, [0.0, 0.5, 0.5]).expect("inside")
    };
    close(on_face(Boundary::Sealed, &|x| 1.0 + 20.0 * x * x), 1.0, 1e-12);
    // J = −D ∂c/∂x.
    let flux = Boundary::Flux(Signal::Constant(3.0 * d));
    close(on_face(flux, &|x| 2.0 - 3.0 * x), 2.0, 1e-12);
    // k(5 − 2) = D·3 for k = D.
    let film = Boundary::Transfer { coefficient: d, outside: Signal::Constant(5.0) };
    close(on_face(film, &|x| 2.0 - 3.0 * x), 2.0, 1e-12);
}

const CASE: &str = r#"
[domain]
size = ["2 mm"]
voxels = [20]
[solutes.oxygen]
diffusivity = "2.7e-9 m^2/s"
initial.table = { axis = "x", points = [["0 mm", "0.1 mM"], ["2 mm", "0.3 mM"]] }
boundary.x_max.stagnant-medium = { height = "3 mm", top = "0.25 mM" }
boundary.x_min.bath = { name = "well", start = "0.2 mM" }
[baths.well]
volume = "2 mL"
change = { every = "2 d", fraction = 0.5, first = "1 d" }
[cells.msc]
type = "custom"
seeding.uniform = { density = "1e6 cells/mL" }
uptake.oxygen.zero-order = { vmax = "98 fmol/cell/h" }
[run]
duration = "6 d"
"#;

fn case(text: &str) -> Case {
    load_text("theory.toml", text, &[]).unwrap_or_else(|e| panic!("{e}"))
}

/// What a case says becomes these numbers.
#[test]
fn what_a_case_becomes() {
    let setup = case(CASE).setup;
    let Boundary::StagnantMedium { coefficient, .. } = setup.solutes[0].boundaries[1] else {
        panic!("still medium")
    };
    close(coefficient, 2.7e-9 / 3e-3, 1e-12);
    assert_eq!(setup.baths[0].changes, [(86_400.0, 0.5), (259_200.0, 0.5), (432_000.0, 0.5)]);
    let Initial::Field(oxygen) = &setup.solutes[0].initial else { panic!("a field") };
    close(oxygen[7], 0.1 + 0.2 * 7.5 / 20.0, 1e-12);
    // Fades at 1e-4 of the largest fed concentration.
    let Uptake::ZeroOrder(law) = setup.populations[0].uptake[0].1 else { panic!("zero order") };
    close(law.0.km, 1e-4 * 0.25, 1e-12);
    close(law.rate_at_half(), 0.5 * 98e-15 / 3600.0, 1e-12);
}

trait AtHalf {
    fn rate_at_half(&self) -> f64;
}

impl AtHalf for blastema::physics::kinetics::ZeroOrder {
    fn rate_at_half(&self) -> f64 {
        blastema::physics::kinetics::UptakeLaw::rate(self, self.0.km)
    }
}

/// Cells seeded on the mantle of a cylinder: density times 2πRH.
#[test]
fn seeding_on_a_mantle() {
    let text = CASE
        .replace("size = [\"2 mm\"]", "shape = \"cylinder\"\nsize = [\"2 mm\", \"3 mm\"]")
        .replace("voxels = [20]", "voxels = [5, 4]")
        .replace("axis = \"x\"", "axis = \"r\"")
        .replace("x_max", "r_max")
        .replace("x_min", "z_min")
        .replace(
            "seeding.uniform = { density = \"1e6 cells/mL\" }",
            "seeding.surface = { density = \"5e4 cells/cm^2\", face = \"r_max\" }",
        );
    let setup = case(&text).setup;
    let grid: &Grid = &setup.grid;
    let weights = grid.weights();
    let seeding = setup.populations[0].seeding.iter().enumerate();
    let sum: f64 = seeding.map(|(i, n)| n * weights[i % 5]).sum::<f64>() * grid.voxel_volume();
    close(sum, 5e8 * 2.0 * std::f64::consts::PI * 2e-3 * 3e-3, 1e-12);
}

/// A slab of four voxels fed on both faces, with cells of which the shares in `alive` live.
fn cultured(alive: [f64; 4], n: f64) -> Solver {
    let g = grid(&[4], &[8e-3]);
    let mut oxygen = solute(&g, "oxygen", 2e-9, 0.0);
    oxygen.initial = Initial::Field(vec![0.2, 0.1, 0.04, 0.02]);
    (oxygen.boundaries[0], oxygen.boundaries[1]) = (value(0.2), value(0.1));
    let mut p = population(&g, "p", n);
    p.uptake = vec![(0, Uptake::MichaelisMenten(MichaelisMenten { vmax: 3e-17, km: 0.05 }))];
    p.deaths = vec![Death {
        cause: "x".into(),
        rate: 1.0,
        when: vec![],
        combine: Combine::All,
        exposure: None,
    }];
    p.capacity = Some(Capacity { density: 0.75 * n, counts_viable: true, counts_dead: true });
    p.growth = Some(Growth {
        rate: 1e-6,
        logistic: true,
        limits: vec![(0, Limit::Monod(Monod { half: 1e-4 }))],
        combine: Combine::Product,
    });
    let mut solver = Solver::new(setup(g, vec![oxygen], vec![p], 1e6)).expect("starts");
    for i in 0..4 {
        flat_mut(&mut solver.state.fields[1])[i] = n * alive[i];
        flat_mut(&mut solver.state.fields[2])[i] = n * (1.0 - alive[i]);
    }
    solver
}

/// Answers about states seen in turn, at the last of them.
fn watched(solvers: &[&Solver]) -> Vec<Answer> {
    let mut answers = Answers::default();
    for solver in solvers {
        let survey = Survey::of(solver);
        let moment = Moment { solver, survey: &survey, dt: 0.0, output: false, last: false };
        answers.see(&moment).expect("seen");
    }
    solvers.last().map_or(Vec::new(), |last| answers.finish(last))
}

/// What is lysed is seen by no stain: of four planes the last two lose most of their cells.
#[test]
fn depth_and_share_of_those_left() {
    let n = 1e13;
    let (before, mut after) =
        (cultured([1.0, 0.8, 0.8, 0.8], n), cultured([1.0, 0.8, 0.3, 0.2], n));
    flat_mut(&mut after.state.fields[2]).fill(0.0);
    let list = watched(&[&before, &after]);
    let of = |key: &str| list.iter().find(|a| a.key == key).and_then(|a| a.number);
    close(of("viable_depth.x_min").expect("whole"), 8e-3, 1e-12);
    // 0.8/0.8 at 3 mm, 0.3/0.8 at 5 mm; from the other side 0.2/0.8 at once.
    close(of("populated_depth.x_min").expect("shown"), 3e-3 + 2e-3 * 0.5 / 0.625, 1e-12);
    close(of("populated_depth.x_max").expect("shown"), 0.0, 1e-12);
    assert_eq!(of("surviving_fraction"), None);
    // A third of the cells are left after ln 3 of their time of dying, however fast the dead are lysed.
    let g = grid(&[1], &[1.0]);
    let mut p = population(&g, "p", n);
    let (cause, when) = ("x".into(), vec![]);
    p.deaths = vec![Death { cause, rate: 1e-3, when, combine: Combine::All, exposure: None }];
    p.lysis = 0.5;
    let mut case = setup(g, vec![], vec![p], 1e3 * 3.0_f64.ln());
    case.run.accuracy.time = 1e-6;
    let mut solver = Solver::new(case).expect("starts");
    let mut answers = Answers::default();
    run(&mut solver, &mut [&mut answers]).expect("runs");
    let list = answers.finish(&solver);
    let of = |key: &str| list.iter().find(|a| a.key == key).and_then(|a| a.number);
    close(of("surviving_fraction").expect("shown"), 1.0 / 3.0, 1e-6);
    assert!(of("viable_fraction").expect("cells") > 0.99);
}

/// Totals, means, fractions and depths of a state written by hand.
#[test]
fn what_is_read_off_a_state() {
    let n = 1e13;
    let solver = cultured([1.0, 0.7, 0.3, 0.2], n);
    let survey = Survey::of(&solver);
    let volume = 2e-3;
    close(survey.totals[0], volume * 0.36, 1e-12);
    close(survey.totals[1], volume * n * 2.2, 1e-12);
    close(survey.mean[0], 0.09, 1e-12);
    close(survey.viable_fraction, 0.55, 1e-12);
    close(survey.viable_volume, 0.5, 1e-12);
    close(survey.excess, 0.25 * n, 1e-12);
    // Halfway between the second plane (0.7, 3 mm) and the third (0.3, 5 mm).
    let face = solver.setup.grid.face("x_min").expect("a face");
    close(viable_depth(&solver, face).expect("a depth"), 4e-3, 1e-12);
    // 0.8 falls to 0.4 by one half-life in 1000 s, and to 0.5 within log₂(1.6) of it.
    let before = cultured([1.0, 0.8, 0.8, 0.8], n);
    let mut after = cultured([1.0, 0.8, 0.4, 0.8], n);
    after.state.time = 1000.0;
    let list = watched(&[&before, &after]);
    let number = |key: &str| {
        let found: Option<&Answer> = list.iter().find(|a| a.key == key);
        found.and_then(|a| a.number).unwrap_or_else(|| panic!("{key}: no number"))
    };
    close(number("first_necrosis"), 1000.0 * 1.6_f64.log2(), 1e-12);
    // Half the slab is the longest way: 4 mm from either face, fed with 0.2.
    close(number("oxygen.thiele2"), 3e-17 * n * 16e-6 / (2e-9 * 0.2), 1e-12);
    let rate = |c: f64| 3e-17 * c / (0.05 + c);
    let used: f64 =
        [0.2, 0.1, 0.04, 0.02].iter().zip([1.0, 0.8, 0.4, 0.8]).map(|(c, a)| a * rate(*c)).sum();
    close(number("oxygen.satisfied"), used / (3.0 * rate(0.2)), 1e-12);
    assert_eq!(number("p.growth_limit"), 0.0);
    // With room for 1.25 n the room left is a fifth.
    let mut roomy = cultured([1.0; 4], n);
    if let Some(c) = &mut roomy.setup.populations[0].capacity {
        c.density = 1.25 * n;
    }
    let list = watched(&[&roomy]);
    let limit = list.iter().find(|a| a.key == "p.growth_limit").and_then(|a| a.number);
    close(limit.expect("a limit"), 0.2, 1e-12);
}
