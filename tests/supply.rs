//! Sources, release from the scaffold, and uptakes that other solutes modify, against closed forms
//! and independent integration.

mod common;

use std::fmt::Write as _;

use blastema::case::load_text;
use blastema::ground::signal::Signal;
use blastema::model::answers::Answers;
use blastema::model::run::run;
use blastema::model::setup::*;
use blastema::model::solver::Solver;
use blastema::model::state::flat;
use blastema::physics::kinetics::{MichaelisMenten, Uptake};
use blastema::physics::release::Release as Law;
use blastema::physics::response::{Below, Modulation};
use common::*;

fn order(what: &str, errors: &[f64]) {
    let order = (errors[errors.len() - 2] / errors[errors.len() - 1]).log2();
    println!("ORDER {what}: {errors:.2?} order {order:.2}");
    assert!(order > 1.9, "{what}: {errors:?}");
}

const POROSITY: f64 = 0.8;
const DECAY: f64 = 0.7;
const LOADED: f64 = 3.0;

/// A sealed voxel in which the solute decays; no units.
fn pot() -> Setup {
    let g = grid(&[1], &[1.0]);
    let mut s = solute(&g, "vegf", 1.0, 0.0);
    s.decay = DECAY;
    let mut case = setup(g, vec![s], Vec::new(), 1.0);
    case.structure.porosity = vec![POROSITY].into();
    case
}

fn value(solver: &Solver, f: usize) -> f64 {
    flat(&solver.state.fields[f])[0]
}

/// ε c' = L F'(t) − λ ε c by parts and Simpson's rule: c = L/ε (F − λ∫F e^{−λ(t−s)} ds), F from
/// `f`, smooth between `edges`.
fn expected(f: &dyn Fn(f64) -> f64, edges: &[f64], t: f64) -> f64 {
    let mut integral = 0.0;
    for w in edges.windows(2) {
        // s = a + (b − a) x³ takes the root of a power law at the start.
        let n = 20_000;
        let value = |i: usize| {
            let x = i as f64 / n as f64;
            let s = w[0] + (w[1] - w[0]) * x * x * x;
            f(s) * (-DECAY * (t - s)).exp() * (w[1] - w[0]) * 3.0 * x * x
        };
        let inner: f64 = (1..n).map(|i| if i % 2 == 1 { 4.0 } else { 2.0 } * value(i)).sum();
        integral += (value(0) + inner + value(n)) / (3.0 * n as f64);
    }
    LOADED / POROSITY * (f(t) - DECAY * integral)
}

#[test]
fn release_with_a_burst_is_of_second_order_and_books_exact_amounts() {
    let (k, b, end) = (1.3, 0.25, 1.5);
    let exact = LOADED / POROSITY
        * (b * (-DECAY * end).exp()
            + (1.0 - b) * k / (DECAY - k) * ((-k * end).exp() - (-DECAY * end).exp()));
    let errors: Vec<f64> = [8, 16, 32]
        .into_iter()
        .map(|steps| {
            let mut case = pot();
            case.solutes[0].release =
                Some(Release { loaded: vec![LOADED], law: Law::FirstOrder { rate: k, burst: b } });
            let solver = march(case, end, steps);
            let released = solver.ledger.find("vegf.released").expect("a term").0;
            let left = solver.ledger.accounts.iter().find(|a| a.name == "vegf.bound").unwrap();
            let share = b + (1.0 - b) * (1.0 - (-k * end).exp());
            assert!((released - LOADED * share).abs() < 1e-13, "{released}");
            assert!((left.content - LOADED * (1.0 - share)).abs() < 1e-13);
            (value(&solver, 0) - exact).abs()
        })
        .collect();
    order("release of first order with a burst", &errors);
}

#[test]
fn other_courses_of_release_meet_their_integrals() {
    let end = 2.0;
    let laws = [
        (Law::ZeroOrder { over: 1.1, burst: 0.1 }, vec![0.0, 1.1, end]),
        (Law::KorsmeyerPeppas { scale: 2.0, exponent: 0.43 }, Vec::new()),
        (Law::measured(vec![(0.2, 0.1), (0.7, 0.5), (1.6, 0.8)]), vec![0.0, 0.2, 0.7, 1.6, end]),
    ];
    for (law, mut edges) in laws {
        // Written anew, not taken from the library.
        let f: Box<dyn Fn(f64) -> f64> = match &law {
            Law::ZeroOrder { .. } => Box::new(|t| 0.1 + 0.9 * (t / 1.1).min(1.0)),
            Law::KorsmeyerPeppas { .. } => {
                let meet = 2.0 * 0.6_f64.powf(1.0 / 0.43);
                edges = vec![0.0, meet, end];
                Box::new(move |t| {
                    if t < meet {
                        return (t / 2.0).powf(0.43);
                    }
                    1.0 - 0.4 * (-1.5 * 0.43 / meet * (t - meet)).exp()
                })
            }
            _ => Box::new(|t| {
                let rows = [(0.0, 0.0), (0.2, 0.1), (0.7, 0.5), (1.6, 0.8), (9.0, 0.8)];
                let w = rows.windows(2).find(|w| t <= w[1].0).unwrap();
                w[0].1 + (w[1].1 - w[0].1) * (t - w[0].0) / (w[1].0 - w[0].0)
            }),
        };
        let mut case = pot();
        case.solutes[0].release = Some(Release { loaded: vec![LOADED], law: law.clone() });
        case.run.duration = end;
        case.run.steady = false;
        case.run.outputs = vec![0.0, end];
        case.run.accuracy = Accuracy { time: 1e-6, solver: Some(1e-10), max_step: 0.05 };
        let mut solver = Solver::new(case).unwrap();
        run(&mut solver, &mut []).unwrap();
        let (found, exact) = (value(&solver, 0), expected(&*f, &edges, end));
        println!("{law:?}: {found} {exact} in {} steps", solver.work.steps);
        assert!((found / exact - 1.0).abs() < 2e-4, "{law:?}: {found}, not {exact}");
        assert!(solver.ledger.worst().unwrap().1 < 1e-12);
        let released = solver.ledger.find("vegf.released").unwrap().0;
        assert!((released - LOADED * f(end)).abs() < 1e-12);
    }
}

#[test]
fn a_source_that_varies_in_time_is_of_second_order() {
    // ε c' = r(1 + sin ωt) − λ ε c.
    let (r, omega, end) = (2.0, 3.0, 1.5_f64);
    let wave = (DECAY * (omega * end).sin() - omega * (omega * end).cos()
        + omega * (-DECAY * end).exp())
        / (DECAY * DECAY + omega * omega);
    let exact = r / POROSITY * ((1.0 - (-DECAY * end).exp()) / DECAY + wave);
    let errors: Vec<f64> = [16, 32, 64]
        .into_iter()
        .map(|steps| {
            let mut case = pot();
            let period = std::f64::consts::TAU / omega;
            let times = Signal::Sine { mean: 1.0, amplitude: 1.0, period };
            case.solutes[0].source = Some(Source { rate: vec![r], times });
            let solver = march(case, end, steps);
            (value(&solver, 0) - exact).abs()
        })
        .collect();
    order("source in time", &errors);
}

/// Oxygen and glucose whose uptakes modify each other, and lactate from glucose; no units.
fn respiring() -> Setup {
    let g = grid(&[1], &[1.0]);
    let names = [("oxygen", 1.0), ("glucose", 2.0), ("lactate", 0.0)];
    let solutes = names.map(|(name, c)| solute(&g, name, 1.0, c)).to_vec();
    let mut cells = population(&g, "msc", 1.0);
    let law = |vmax, km| Uptake::MichaelisMenten(MichaelisMenten { vmax, km });
    cells.uptake = vec![(0, law(0.8, 0.3)), (1, law(0.6, 0.5))];
    let modulation = |factor, half, exponent| Modulation { factor, on: Below { half, exponent } };
    cells.modifiers = vec![
        Modifier { of: 0, by: 1, law: modulation(2.5, 0.7, 1.0) },
        Modifier { of: 1, by: 0, law: modulation(3.0, 0.4, 2.0) },
    ];
    cells.production = vec![Production::PerUptake { solute: 2, of: 1, yields: 2.0 }];
    setup(g, solutes, vec![cells], 1.0)
}

/// Rates of change of oxygen, glucose and lactate, written anew.
fn rates(c: [f64; 3]) -> [f64; 3] {
    let oxygen = 0.8 * c[0] / (0.3 + c[0]) * (1.0 + 1.5 * 0.7 / (0.7 + c[1]));
    let glucose = 0.6 * c[1] / (0.5 + c[1]) * (1.0 + 2.0 * 0.16 / (0.16 + c[0] * c[0]));
    [-oxygen, -glucose, 2.0 * glucose]
}

#[test]
fn uptakes_that_modify_each_other_are_of_second_order() {
    let end = 1.2;
    let mut exact = [1.0, 2.0, 0.0];
    let n = 4000;
    let h = end / f64::from(n);
    for _ in 0..n {
        let step = |k: [f64; 3], h: f64| std::array::from_fn(|i| exact[i] + h * k[i]);
        let k1 = rates(exact);
        let k2 = rates(step(k1, 0.5 * h));
        let k3 = rates(step(k2, 0.5 * h));
        let k4 = rates(step(k3, h));
        exact = std::array::from_fn(|i| {
            exact[i] + h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i])
        });
    }
    let runs = [16, 32, 64].map(|steps| march(respiring(), end, steps));
    for s in 0..3 {
        let errors = runs.each_ref().map(|r| (value(r, s) - exact[s]).abs());
        order(["oxygen", "glucose", "lactate"][s], &errors);
    }
    for solver in &runs {
        let (used, made) = (solver.ledger.find("glucose.used"), solver.ledger.find("lactate.made"));
        let (used, made) = (used.unwrap().0, made.unwrap().0);
        assert!((made / used - 2.0).abs() < 1e-9, "{made} of {used}");
    }
}

#[test]
fn a_steady_state_balances_uptakes_that_modify_each_other() {
    let mut case = respiring();
    for (s, outside) in [(0, 1.0), (1, 2.0), (2, 0.0)] {
        case.solutes[s].boundaries[0] =
            Boundary::Transfer { coefficient: 0.7, outside: Signal::Constant(outside) };
    }
    case.run.steady = true;
    case.run.duration = 0.0;
    case.run.accuracy.solver = Some(1e-11);
    let mut solver = Solver::new(case).unwrap();
    run(&mut solver, &mut []).unwrap();
    // Film and half a voxel in series, 1/(1/0.7 + 0.5); a sixth of that of the rates passes besides.
    let film = 1.0 / (1.0 / 0.7 + 0.5);
    let c = [value(&solver, 0), value(&solver, 1), value(&solver, 2)];
    let balance = rates(c);
    for (s, outside) in [1.0, 2.0, 0.0].into_iter().enumerate() {
        let rest = film * (outside - c[s]) + (1.0 - film / 6.0) * balance[s];
        assert!(rest.abs() < 1e-8, "{s}: {rest:e} at {c:?}");
    }
}

const GEL: &str = r#"
[domain]
size = ["2 mm"]
voxels = [8]
[scaffold]
porosity = 0.8
effective_diffusivity.bruggeman = {}
[solutes.vegf]
molar_mass = "38.2 kg/mol"
diffusivity = "1e-10 m^2/s"
initial = "0 ng/mL"
[regions.core]
shape.layer = { axis = "x", from = "0 mm", to = "1 mm" }
[run]
duration = "4 d"
"#;

#[test]
fn a_case_file_gives_sources_and_loads_by_region() {
    let mut text = GEL.to_owned();
    let _ = write!(
        text,
        r#"
[solutes.vegf.release]
loaded = "10 ng/mL"
law.zero-order = {{ over = "2 d", burst = "10 %" }}
[solutes.vegf.source]
times.steps = {{ points = [["0 d", 1.0], ["1 d", 0.0]] }}
[regions.core.solutes.vegf]
release.loaded = "30 ng/mL"
source.rate = "1 nM/d"
"#
    );
    let case = load_text("gel.toml", &text, &[]).unwrap_or_else(|r| panic!("{r}"));
    let mut solver = Solver::new(case.setup).unwrap();
    run(&mut solver, &mut []).unwrap();
    // 1 mm · 1 m² of each half; an absent axis is 1 m long.
    let loaded = (10.0 + 30.0) * 1e-6 / 38.2 * 1e-3;
    let source = 1e-6 * 1e-3;
    let find = |name: &str| solver.ledger.find(name).unwrap().0;
    assert!((find("vegf.released") / loaded - 1.0).abs() < 1e-12);
    assert!((find("vegf.source") / source - 1.0).abs() < 1e-12, "{}", find("vegf.source"));
    assert!(solver.ledger.worst().unwrap().1 < 1e-12);
}

#[test]
fn the_ph_proxy_follows_the_lactate() {
    let text = r#"
[domain]
size = ["1 mm"]
voxels = [4]
[solutes.lactate]
diffusivity = "1.4e-9 m^2/s"
initial = "2 mM"
[cells.msc]
seeding.uniform = { density = "1e6 cells/mL" }
production.lactate.constant = { rate = "10 pmol/cell/d" }
[ph]
acid = "lactate"
bicarbonate = "44 mM"
pco2 = "40 mmHg"
[run]
duration = "2 d"
output = { fields = ["ph"] }
"#;
    let case = load_text("acid.toml", text, &[]).unwrap_or_else(|r| panic!("{r}"));
    let mut solver = Solver::new(case.setup).unwrap();
    let mut answers = Answers::default();
    run(&mut solver, &mut [&mut answers]).unwrap();
    let answers = answers.finish(&solver);
    let lowest = answers.iter().find(|a| a.key == "lowest_ph").expect("an answer").number.unwrap();
    // 2 mM and 1e6 cells/mL · 10 pmol · 2 make 22 mM: half of the bicarbonate.
    assert!((lowest - (6.1 + (22.0_f64 / (0.0307 * 40.0)).log10())).abs() < 1e-9, "{lowest}");
}

#[test]
fn air_over_still_medium_feeds_oxygen_and_check_says_when_it_holds() {
    let text = r#"
[domain]
size = ["1 mm"]
voxels = [10]
[solutes.oxygen]
diffusivity = "2.7e-9 m^2/s"
initial = "0 mM"
boundary.x_max.stagnant-medium = { height = "3 mm", top = "18.6 %O2" }
[run]
steady = true
"#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("still.toml");
    std::fs::write(&path, text).unwrap();
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_blastema"))
        .arg("check")
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    // 18.6 · 7.6 mmHg · 1.26e-3 mol/m³/mmHg, and (3 mm)²/D = 3333 s.
    assert!(said.contains("3 mm of medium under 178.11 uM, evens out in 55.556 min"), "{said}");
    let case = load_text("still.toml", text, &[]).unwrap_or_else(|r| panic!("{r}"));
    let mut solver = Solver::new(case.setup).unwrap();
    run(&mut solver, &mut []).unwrap();
    let expected = 18.6 * 7.6 * 1.26e-3;
    assert!((value(&solver, 0) / expected - 1.0).abs() < 1e-7);
}
