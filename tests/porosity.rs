//! Porosity that changes with scaffold, matrix and cells, against independent integration and the
//! budget of what displaced fluid carries away.

mod common;

use std::sync::Arc;

use blastema::case::load_text;
use blastema::model::answers::Answers;
use blastema::model::run::run;
use blastema::model::setup::*;
use blastema::model::solver::Solver;
use blastema::model::state::{Kind, flat};
use blastema::physics::degradation::Degradation;
use blastema::physics::kinetics::{FirstOrder, Uptake};
use blastema::physics::response::Combine;
use blastema::physics::transport::{Bruggeman, Closure, Ratio};
use common::*;

const SOLID: [f64; 3] = [0.5, 0.3, 0.6];
const CELLS: [f64; 3] = [0.1, 0.2, 0.05];
const VOLUME: f64 = 0.4;
const DEPOSIT: f64 = 0.3;
const DENSITY: f64 = 2.0;

/// Three voxels of 1: scaffold that degrades at rate 0.8, cells that grow at 0.5 and fill volume,
/// matrix that they lay down, an oxygen that they use up, held at 1 on the right.
fn tissue() -> Setup {
    let g = grid(&[3], &[3.0]);
    let mut cells = population(&g, "msc", 0.0);
    cells.seeding = CELLS.to_vec();
    cells.uptake = vec![(0, Uptake::FirstOrder(FirstOrder { clearance: 0.9 }))];
    cells.growth =
        Some(Growth { rate: 0.5, logistic: false, limits: Vec::new(), combine: Combine::Product });
    let mut oxygen = solute(&g, "oxygen", 1.2, 0.5);
    oxygen.boundaries[1] = value(1.0);
    oxygen.decay = 0.2;
    let mut case = setup(g, vec![oxygen], vec![cells], 1.0);
    case.structure.porosity = SOLID.map(|s| 1.0 - s).to_vec().into();
    case.matter.degradation = Some(Degradation::FirstOrder { rate: 0.8 });
    case.matter.matrices = vec![Matrix {
        name: "collagen".into(),
        density: DENSITY,
        largest: None,
        initial: vec![0.0; 3],
        decay: 0.0,
        deposits: vec![Deposit {
            population: 0,
            rate: DEPOSIT,
            limits: Vec::new(),
            combine: Combine::Product,
        }],
    }];
    // Replaced by the solver at once: the cells take room.
    let relative = Arc::new(vec![0.7; 3]);
    case.solutes[0].relative = relative.clone();
    case.matter.changing = Some(Changing {
        relative,
        laws: vec![Ratio::Law(Closure::Bruggeman(Bruggeman))],
        which: vec![0; 3],
        volumes: vec![VOLUME],
    });
    case
}

fn porosity(t: f64) -> [f64; 3] {
    std::array::from_fn(|i| {
        let n = CELLS[i] * (0.5 * t).exp();
        let m = DEPOSIT * CELLS[i] * ((0.5 * t).exp() - 1.0) / 0.5;
        1.0 - SOLID[i] * (-0.8 * t).exp() - VOLUME * n - m / DENSITY
    })
}

/// ε c′ = ∇(D ∇c) − 0.9 n c − 0.2 ε c, written anew; a third of what the cells take up beside the wall
/// comes through it besides.
fn rates(t: f64, c: [f64; 3]) -> [f64; 3] {
    let e = porosity(t);
    let d = e.map(|e| 1.2 * e.powf(1.5));
    let between = |i: usize| 2.0 * d[i] * d[i + 1] / (d[i] + d[i + 1]) * (c[i + 1] - c[i]);
    let flux = [0.0, between(0), between(1), 2.0 * d[2] * (1.0 - c[2])];
    std::array::from_fn(|i| {
        let n = CELLS[i] * (0.5 * t).exp();
        let used = 0.9 * n * c[i] * if i == 2 { 2.0 / 3.0 } else { 1.0 };
        (flux[i + 1] - flux[i] - used) / e[i] - 0.2 * c[i]
    })
}

#[test]
fn solutes_in_a_changing_porosity_are_of_second_order_and_close() {
    let end = 1.6;
    let mut exact = [0.5; 3];
    let (n, mut displaced) = (8000, 0.0);
    let h = end / f64::from(n);
    for k in 0..n {
        let t = h * f64::from(k);
        // What leaves: −Σ c dε/dt, by the midpoint rule below.
        let before = exact;
        let step = |k: [f64; 3], h: f64| std::array::from_fn(|i| exact[i] + h * k[i]);
        let k1 = rates(t, exact);
        let k2 = rates(t + 0.5 * h, step(k1, 0.5 * h));
        let k3 = rates(t + 0.5 * h, step(k2, 0.5 * h));
        let k4 = rates(t + h, step(k3, h));
        exact = std::array::from_fn(|i| {
            exact[i] + h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i])
        });
        let (e0, e1) = (porosity(t), porosity(t + h));
        displaced += (0..3).map(|i| 0.5 * (before[i] + exact[i]) * (e0[i] - e1[i])).sum::<f64>();
    }
    let errors = [64, 128, 256].map(|steps| {
        let solver = march(tissue(), end, steps);
        let c = flat(&solver.state.fields[0]);
        let carried = solver.ledger.find("oxygen.displaced").unwrap().0;
        let e: Vec<f64> = solver.storage().to_vec();
        let wanted = porosity(end);
        assert!((0..3).all(|i| (e[i] - wanted[i]).abs() < 1e-3), "{e:?} {wanted:?}");
        let field: f64 = (0..3).map(|i| (c[i] - exact[i]).abs()).sum();
        [field, (carried - displaced).abs()]
    });
    for (part, what) in ["oxygen", "displaced"].into_iter().enumerate() {
        let of: Vec<f64> = errors.iter().map(|e| e[part]).collect();
        let order = (of[1] / of[2]).log2();
        println!("ORDER {what} {of:?} order {order:.2}");
        assert!(order > 1.9, "{what}: {of:?}");
    }
}

#[test]
fn displaced_fluid_leaves_with_its_solute_and_concentrations_stay() {
    let mut case = tissue();
    case.solutes[0].boundaries[1] = Boundary::Sealed;
    case.solutes[0].decay = 0.0;
    case.populations[0].uptake.clear();
    let solver = march(case, 1.6, 5);
    let c = flat(&solver.state.fields[0]);
    assert!(c.iter().all(|c| (c - 0.5).abs() < 1e-9), "{c:?}");
    let carried = solver.ledger.find("oxygen.displaced").unwrap().0;
    let room: f64 = (0..3).map(|i| porosity(0.0)[i] - solver.storage()[i]).sum();
    assert!((carried - 0.5 * room).abs() < 1e-9, "{carried} {room}");
}

#[test]
fn fluid_never_runs_out_where_cells_outgrow_the_room() {
    let mut case = tissue();
    case.populations[0].growth.as_mut().unwrap().rate = 5.0;
    let solver = march(case, 4.0, 40);
    assert_eq!(solver.lowest_porosity(), Some(0.01));
    assert!(flat(&solver.state.fields[0]).iter().all(|c| *c >= 0.0));
}

const FILLED: &str = r#"
[domain]
size = ["1 mm"]
voxels = [8]
[scaffold]
porosity = 0.8
effective_diffusivity.bruggeman = {}
changing_porosity = true
degradation.first-order.rate.half_life = "10 d"
[solutes.oxygen]
diffusivity = "2.7e-9 m^2/s"
initial = "0.2 mM"
boundary.x_max.value = "0.2 mM"
[matrix.collagen]
density = "1.4 g/mL"
initial = "70 mg/mL"
[cells.msc]
volume = "2 pL"
seeding.uniform = { density = "1e7 cells/mL" }
uptake.oxygen.michaelis-menten = { vmax = "98 fmol/cell/h", km = "8 uM" }
[run]
duration = "10 d"
output = { fields = ["oxygen", "porosity"] }
"#;

#[test]
fn a_case_file_opens_and_fills_the_pores() {
    let case = load_text("tissue.toml", FILLED, &[]).unwrap_or_else(|r| panic!("{r}"));
    let mut solver = Solver::new(case.setup).unwrap();
    let mut answers = Answers::default();
    run(&mut solver, &mut [&mut answers]).unwrap();
    // 1 − 0.2/2 − 70/1400 − 1e13 · 2e-15.
    let expected = 1.0 - 0.1 - 0.05 - 0.02;
    let answers = answers.finish(&solver);
    let found = answers.iter().find(|a| a.key == "lowest_porosity").unwrap().number.unwrap();
    assert!((found - expected).abs() < 1e-9, "{found}");
    assert!(solver.ledger.worst().unwrap().1 < 1e-12);
    assert!(solver.catalogue.number(Kind::Scaffold).is_some());
}

/// The static field of the scaffold must not have the name of the porosity that changes.
#[test]
fn its_run_leaves_a_whole_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tissue.toml");
    std::fs::write(&path, FILLED).unwrap();
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_blastema"))
        .args(["run", "--out"])
        .arg(folder.path().join("out"))
        .arg(&path)
        .output()
        .unwrap();
    let written = folder.path().join("out/tissue.vtkhdf").exists();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(written);
}
