//! Degradation of the scaffold and extracellular matrix, against closed forms and independent
//! integration.

mod common;

use blastema::case::load_text;
use blastema::model::run::run;
use blastema::model::setup::*;
use blastema::model::solver::Solver;
use blastema::model::state::{Kind, flat};
use blastema::physics::degradation::Degradation;
use blastema::physics::kinetics::{FirstOrder, Uptake};
use blastema::physics::response::{Combine, Limit, Monod};
use common::*;

fn value(solver: &Solver, kind: Kind) -> f64 {
    flat(&solver.state.fields[solver.catalogue.number(kind).expect("a field")])[0]
}

/// Growing cells that use up a nutrient and lay down matrix as far as it reaches; no units.
fn tissue() -> Setup {
    let g = grid(&[1], &[1.0]);
    let mut cells = population(&g, "msc", 0.5);
    cells.uptake = vec![(0, Uptake::FirstOrder(FirstOrder { clearance: 0.8 }))];
    cells.growth =
        Some(Growth { rate: 0.6, logistic: false, limits: Vec::new(), combine: Combine::Product });
    let mut case = setup(g.clone(), vec![solute(&g, "oxygen", 1.0, 1.0)], vec![cells], 1.0);
    case.matter.matrices = vec![Matrix {
        name: "collagen".into(),
        density: 1400.0,
        largest: Some(0.9),
        initial: vec![0.2],
        decay: 0.3,
        deposits: vec![Deposit {
            population: 0,
            rate: 1.5,
            limits: vec![(0, Limit::Monod(Monod { half: 0.4 }))],
            combine: Combine::Product,
        }],
    }];
    case
}

#[test]
fn matrix_is_of_second_order_and_its_budget_closes() {
    let end = 2.0;
    let rates = |y: [f64; 3]| {
        let [n, c, m] = y;
        [0.6 * n, -0.8 * c * n, 1.5 * n * c / (0.4 + c) * (1.0 - m / 0.9) - 0.3 * m]
    };
    let mut exact = [0.5, 1.0, 0.2];
    let h = end / 4000.0;
    for _ in 0..4000 {
        let step = |k: [f64; 3], h: f64| std::array::from_fn(|i| exact[i] + h * k[i]);
        let k1 = rates(exact);
        let k2 = rates(step(k1, 0.5 * h));
        let k3 = rates(step(k2, 0.5 * h));
        let k4 = rates(step(k3, h));
        exact = std::array::from_fn(|i| {
            exact[i] + h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i])
        });
    }
    let errors = [16, 32, 64].map(|steps| {
        let solver = march(tissue(), end, steps);
        (value(&solver, Kind::Matrix(0)) - exact[2]).abs()
    });
    let order = (errors[1] / errors[2]).log2();
    println!("ORDER matrix {errors:.2?} order {order:.2}");
    assert!(order > 1.9, "{errors:?}");
}

#[test]
fn matrix_stays_positive_in_steps_far_longer_than_its_life() {
    for decay in [1.0, 1e2, 1e6] {
        let mut case = tissue();
        case.matter.matrices[0].decay = decay;
        case.matter.matrices[0].largest = None;
        let solver = march(case, 40.0, 4);
        assert!(value(&solver, Kind::Matrix(0)) >= 0.0);
    }
}

#[test]
fn the_scaffold_degrades_exactly_whatever_the_step() {
    let (k, a) = (0.7, 0.05);
    for steps in [1, 7] {
        let mut case = tissue();
        case.structure.porosity = vec![0.8].into();
        case.matter.degradation = Some(Degradation::Autocatalytic { rate: k, start: a });
        let solver = march(case, 3.0, steps);
        // w′ = −k w (b − w), w(0) = 1.
        let b = 1.0 + a;
        let left = b / (1.0 + a * (k * b * 3.0).exp());
        assert!((value(&solver, Kind::Scaffold) - 0.2 * left).abs() < 1e-15);
        let lost = solver.ledger.find("scaffold.degraded").unwrap().0;
        assert!((lost - 0.2 * (1.0 - left)).abs() < 1e-15);
    }
}

#[test]
fn a_case_file_says_what_is_laid_down_and_when_mass_is_lost() {
    let text = r#"
[domain]
size = ["1 mm"]
voxels = [4]
[scaffold]
porosity = 0.9
effective_diffusivity.bruggeman = {}
degradation.mn-threshold = { start = "80 kDa", scission.time_constant = "10 d", loss.time_constant = "5 d" }
[matrix.collagen]
density = "1.4 g/mL"
degradation.half_life = "30 d"
[cells.msc]
seeding.uniform = { density = "1e6 cells/mL" }
deposition.collagen = { rate = "10 pg/cell/d" }
[run]
duration = "30 d"
"#;
    let case = load_text("tissue.toml", text, &[]).unwrap_or_else(|r| panic!("{r}"));
    let mut solver = Solver::new(case.setup).unwrap();
    run(&mut solver, &mut []).unwrap();
    // Mn reaches 5 kDa after 10 d · ln 16 = 27.73 d; then 2.27 d of loss.
    let left = (-(30.0 - 10.0 * 16.0_f64.ln()) / 5.0_f64).exp();
    assert!((value(&solver, Kind::Scaffold) / (0.1 * left) - 1.0).abs() < 1e-12);
    // m = k n/λ (1 − exp(−λ t)), kg/m³: 10 pg/cell/d on 1e12 cells/m³ is 0.01 kg/m³/d.
    let decay = 2.0_f64.ln() / 30.0;
    let exact = 0.01 / decay * 0.5;
    let found = value(&solver, Kind::Matrix(0));
    assert!((found / exact - 1.0).abs() < 1e-3, "{found}, not {exact}");
    assert!(solver.ledger.worst().unwrap().1 < 1e-12);
}
