//! What cells do in a flow: growth that answers to the wall shear, death by it, detachment. Exact
//! solutions; no units but in the case files.

mod common;

use blastema::model::setup::*;
use blastema::model::solver::Solver;
use blastema::model::state::{Kind, flat};
use blastema::physics::degradation::Degradation;
use blastema::physics::response::{Above, Below, Combine, Inhibition, Limit, Stimulation, Trigger};
use blastema::physics::transport::{Bruggeman, Closure, Ratio};
use common::*;

/// Permeability and porosity of the plug: τ = √2·µ|u|/√(εK) with µ = 1.
const K: f64 = 0.02;
const POROSITY: f64 = 0.5;

/// A plug of 5 voxels along x through which a rate drives the velocity `u`.
fn plug(u: f64, cells: Population) -> Setup {
    let g = grid(&[5], &[1.0]);
    let mut case = setup(g, vec![], vec![cells], 1.0);
    case.structure.porosity = vec![POROSITY; 5].into();
    let mut boundaries = [FlowBoundary::Sealed; 6];
    boundaries[0] = FlowBoundary::Rate(u);
    boundaries[1] = FlowBoundary::Pressure(0.0);
    case.flow = Some(Flow { law: FlowLaw::Darcy(vec![K; 5]), viscosity: 1.0, boundaries });
    case
}

fn shear(u: f64, porosity: f64) -> f64 {
    std::f64::consts::SQRT_2 * u / (porosity * K).sqrt()
}

fn cells() -> Population {
    population(&grid(&[5], &[1.0]), "msc", 1.0)
}

fn above(half: f64, exponent: f64) -> Trigger {
    Trigger::Above(Above { half, exponent })
}

#[expect(clippy::unnecessary_wraps, reason = "as Population holds it")]
fn detaching(rate: f64, half: f64, exponent: f64) -> Option<Detachment> {
    Some(Detachment { rate, when: vec![(0, above(half, exponent))], combine: Combine::All })
}

fn field(solver: &Solver, kind: Kind) -> f64 {
    flat(&solver.state.fields[solver.catalogue.number(kind).expect("a field")])[2]
}

/// `steps` uniform steps to `end`.
fn march(mut case: Setup, end: f64, steps: usize) -> Solver {
    case.run.duration = end;
    case.run.accuracy.solver = Some(1e-12);
    let mut solver = Solver::new(case).expect("starts");
    for _ in 0..steps {
        let (_, attempt) = solver.attempt(end / steps as f64).expect("steps");
        solver.accept(&attempt);
    }
    let (account, defect) = solver.ledger.worst().expect("accounts");
    assert!(defect < 1e-13, "{account}: {defect:e}");
    solver
}

fn order(what: &str, errors: &[f64]) {
    let orders: Vec<f64> = errors.windows(2).map(|e| (e[0] / e[1]).log2()).collect();
    println!("ORDER {what:<40} {errors:?} order {orders:.2?}");
    let last = *orders.last().expect("two errors");
    assert!(last >= 1.9, "{what}: order {last:.3}, errors {errors:?}");
    assert!(errors[errors.len() - 1] < 1e-3, "{what}: {errors:?}");
}

/// n = e^(−k·H(τ)·t) with H = τ^p/(half^p + τ^p), and the ledger has the rest. The velocity sets τ.
#[test]
fn detached_cells_leave_at_the_rate_of_the_shear() {
    let (k, half, exponent, t): (f64, f64, f64, f64) = (1.7, 2.0, 3.0, 1.5);
    for u in [0.1, 0.2] {
        let tau = shear(u, POROSITY);
        let hazard = tau.powf(exponent) / (half.powf(exponent) + tau.powf(exponent));
        let exact = (-k * hazard * t).exp();
        for steps in [1, 2, 4, 16] {
            let mut msc = cells();
            msc.detachment = detaching(k, half, exponent);
            let solver = march(plug(u, msc), t, steps);
            let gone = solver.ledger.find("msc.detached").expect("a term").0;
            let n = field(&solver, Kind::Viable(0));
            assert!((gone + n - 1.0).abs() < 1e-13, "{gone} {n}");
            let most = series(1.0, k * hazard * t, steps);
            assert!((n - exact).abs() <= most, "{steps}: {n} for {exact} within {most:e}");
        }
    }
}

/// Resting cells leave too, at the same rate: n + q falls as e^(−kt) while they change places, here
/// where shear puts them to rest; and the harmed leave as the unharmed do, so that the deaths of
/// those that stay are what they were without detachment.
#[test]
fn resting_and_harmed_cells_leave_alike() {
    let (k, t) = (0.8, 1.0);
    let make = |leaves: bool| {
        let mut msc = cells();
        msc.detachment = leaves.then(|| detaching(2.0 * k, shear(0.1, POROSITY), 1.0)).flatten();
        msc.quiescence = Some(Quiescence {
            rate: 3.0,
            recovery: 1.0,
            activity: 0.1,
            death_factor: 1.0,
            when: vec![(0, above(shear(0.1, POROSITY), 2.0))],
            combine: Combine::Any,
        });
        msc.deaths = vec![Death {
            cause: "shear".into(),
            rate: 2.0,
            when: vec![(0, above(shear(0.1, POROSITY), 4.0))],
            combine: Combine::All,
            exposure: Some(Exposure { time: 0.5, recovery: 0.7, stages: 3 }),
        }];
        msc
    };
    let errors = [16, 32, 64].map(|steps| {
        let with = march(plug(0.1, make(true)), t, steps);
        let without = march(plug(0.1, make(false)), t, steps);
        let kinds: Vec<Kind> = with.catalogue.specs.iter().map(|s| s.kind).collect();
        let mut worst = 0.0_f64;
        for kind in kinds.into_iter().filter(|k| !matches!(k, Kind::Dead(..))) {
            let expected = field(&without, kind) * (-k * t).exp();
            worst = worst.max((field(&with, kind) - expected).abs());
        }
        worst
    });
    order("detachment of all living states", &errors);
}

/// dn/dt = µ·S(τ)·G(τ)·n with S = 1 + (f − 1)·τ^p/(half^p + τ^p) and G = 1/(1 + (τ/damage)^q).
#[test]
fn shear_speeds_growth_up_and_slows_it_down() {
    let (rate, factor, half, damage, t): (f64, f64, f64, f64, f64) = (0.9, 3.0, 1.2, 4.0, 1.0);
    for u in [0.0, 0.05, 0.3] {
        let tau = shear(u, POROSITY);
        let faster = 1.0 + (factor - 1.0) * tau.powi(2) / (half.powi(2) + tau.powi(2));
        let exact = (rate * faster / (1.0 + (tau / damage).powi(4)) * t).exp();
        for steps in [1, 2, 4, 16] {
            let mut msc = cells();
            let limit = Limit::Inhibition(Inhibition { half: damage, exponent: 4.0 });
            msc.growth = Some(Growth {
                rate,
                logistic: false,
                limits: vec![(0, limit)],
                combine: Combine::Minimum,
            });
            let on = Above { half, exponent: 2.0 };
            msc.stimulation = vec![(0, Stimulation { factor, on })];
            let n = field(&march(plug(u, msc), t, steps), Kind::Viable(0));
            let most = series(exact, exact.ln(), steps);
            assert!((n - exact).abs() <= most, "{u}, {steps}: {n} for {exact} within {most:e}");
        }
    }
}

/// Death where the shear is low, and none where the flow rests: H = half^p/(half^p + τ^p) is 1.
#[test]
fn rest_is_no_shear() {
    let t = 0.7;
    let mut msc = cells();
    msc.deaths = vec![Death {
        cause: "disuse".into(),
        rate: 1.3,
        when: vec![(0, Trigger::Below(Below { half: 1.0, exponent: 2.0 }))],
        combine: Combine::All,
        exposure: None,
    }];
    msc.detachment = detaching(5.0, 1e-3, 1.0);
    let solver = march(plug(0.0, msc), t, 100);
    assert!(solver.stream.is_none());
    let exact = (-1.3 * t).exp();
    assert!((field(&solver, Kind::Viable(0)) - exact).abs() < 1e-4);
    assert_eq!(solver.ledger.find("msc.detached").expect("a term").0, 0.0);
}

/// A scaffold that degrades widens its pores: ε = 1 − φ·e^(−dt), and at a rate that is given
/// τ falls as 1/√ε. n = exp(−k∫H(τ(ε(t)))dt), by Simpson's rule.
#[test]
fn the_shear_follows_the_porosity() {
    let (k, half, exponent, d, u, t) = (1.5, 1.6, 4.0, 1.2, 0.1, 2.0);
    let hazard = |time: f64| {
        let tau: f64 = shear(u, 1.0 - (1.0 - POROSITY) * (-d * time).exp());
        1.0 / (1.0 + (half / tau).powf(exponent))
    };
    let pieces = 2000;
    let h = t / f64::from(pieces);
    let sum: f64 = (0..pieces)
        .map(|i| {
            let a = f64::from(i) * h;
            h / 6.0 * (hazard(a) + 4.0 * hazard(a + 0.5 * h) + hazard(a + h))
        })
        .sum();
    let exact = (-k * sum).exp();
    // Were the shear that of the start, this would be another number.
    assert!((exact - (-k * hazard(0.0) * t).exp()).abs() > 0.1);
    let errors = [16, 32, 64].map(|steps| {
        let mut msc = cells();
        msc.detachment = detaching(k, half, exponent);
        let mut case = plug(u, msc);
        case.matter.degradation = Some(Degradation::FirstOrder { rate: d });
        case.matter.changing = Some(Changing {
            relative: vec![POROSITY; 5].into(),
            laws: vec![Ratio::Law(Closure::Bruggeman(Bruggeman))],
            which: vec![0; 5],
            volumes: vec![0.0],
        });
        (field(&march(case, t, steps), Kind::Viable(0)) - exact).abs()
    });
    order("detachment while the scaffold degrades", &errors);
}

/// Steps far too long: nothing negative, and what the extrapolation took too much has not left. With
/// nothing else to take it back from, all have left after 30 time constants, as they should.
#[test]
fn long_steps_keep_the_balance() {
    for (dt, age) in [(3.0, 0.3), (30.0, 0.3), (3e3, 0.3), (3.0, 0.0), (30.0, 0.0), (3e3, 0.0)] {
        let mut msc = cells();
        msc.detachment = detaching(1.0, 1e-3, 1.0);
        msc.deaths = vec![Death {
            cause: "age".into(),
            rate: age,
            when: vec![],
            combine: Combine::All,
            exposure: None,
        }];
        let solver = march(plug(0.1, msc), 3.0 * dt, 3);
        let n = field(&solver, Kind::Viable(0));
        let [gone, died] = ["detached", "died"]
            .map(|t| solver.ledger.find(&format!("msc.{t}")).expect("a term").0);
        assert!(n >= 0.0 && gone > 0.0 && died >= 0.0, "{dt}: {n} {gone} {died}");
        assert!((n + gone + died - 1.0).abs() < 1e-12, "{dt}: {n} {gone} {died}");
        assert!(age > 0.0 || dt < 30.0 || n < 1e-12, "{dt}: {n}");
    }
}

/// A step far too long for cells that become others two million times faster than they leave. The
/// extrapolation lacks more of them than left in it: all that left comes back, the rest from those
/// that they became.
#[test]
fn no_more_is_taken_back_than_has_left() {
    let mut msc = cells();
    msc.detachment = detaching(1e-5, 1e-3, 1.0);
    msc.differentiation =
        vec![Differentiation { into: 1, rate: 20.0, when: vec![], combine: Combine::All }];
    let mut case = plug(0.1, msc);
    case.populations.push(population(&case.grid, "bone", 0.0));
    let solver = march(case, 1.0, 1);
    let gone = solver.ledger.find("msc.detached").expect("a term").0;
    assert!(gone.abs() < 1e-12, "{gone:e}");
    let others = field(&solver, Kind::Viable(1));
    assert!((others - 1.0).abs() < 1e-12, "{others}");
}
