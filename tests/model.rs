//! The coupled model on cases built in code, against theory.

mod common;

use blastema::model::run::run;
use blastema::model::sample::sample;
use blastema::model::setup::*;
use blastema::model::solver::Solver;
use blastema::model::state::flat;
use blastema::physics::kinetics::{MichaelisMenten, Uptake};
use blastema::physics::migration::Motility;
use blastema::physics::response::{Below, Combine, Limit, Monod, Trigger};
use common::*;

fn solve(setup: Setup) -> Solver {
    let mut solver = Solver::new(setup).expect("starts");
    run(&mut solver, &mut []).expect("runs");
    solver
}

#[test]
fn slab_fills_from_both_faces() {
    // v01 of the reference set: L = 2 mm, D = 1.7e-9, both faces at 0.2, centre after 300 s.
    let g = grid(&[101], &[2e-3]);
    let mut s = solute(&g, "oxygen", 1.7e-9, 0.0);
    s.boundaries[0] = value(0.2);
    s.boundaries[1] = value(0.2);
    let mut case = setup(g, vec![s], vec![], 300.0);
    case.run.accuracy.time = 1e-7;
    let solver = solve(case);
    let centre = sample(&solver, 0, [1e-3, 0.5, 0.5]).unwrap();
    println!("centre {centre} steps {:?}", solver.work);
    assert!((centre / 0.12765161520631935 - 1.0).abs() < 1e-4, "{centre}");
}

/// Oxygen, glucose and lactate with a bath, growing, dying, moving cells.
pub fn culture(n: [usize; 3], duration: f64) -> Setup {
    let g = grid(&n, &[2e-3, 1.5e-3, 1e-3]);
    let mut oxygen = solute(&g, "oxygen", 2e-9, 0.2);
    oxygen.boundaries[5] = Boundary::StagnantMedium {
        height: 3e-3,
        coefficient: 2.7e-9 / 3e-3,
        top: blastema::ground::signal::Signal::Constant(0.18),
    };
    let mut glucose = solute(&g, "glucose", 6e-10, 5.5);
    glucose.boundaries[5] = Boundary::Bath(0);
    let mut lactate = solute(&g, "lactate", 1e-9, 0.0);
    lactate.boundaries[5] = Boundary::Bath(0);
    let mut msc = population(&g, "msc", 1e13);
    msc.uptake = vec![
        (0, Uptake::MichaelisMenten(MichaelisMenten { vmax: 2.7e-17, km: 8e-3 })),
        (1, Uptake::MichaelisMenten(MichaelisMenten { vmax: 1.06e-16, km: 0.4 })),
    ];
    msc.production = vec![Production::PerUptake { solute: 2, of: 1, yields: 2.0 }];
    msc.capacity = Some(Capacity { density: 5e13, counts_viable: true, counts_dead: true });
    msc.growth = Some(Growth {
        rate: 4e-6,
        logistic: true,
        limits: vec![(0, Limit::Monod(Monod { half: 2e-2 }))],
        combine: Combine::Product,
    });
    msc.deaths = vec![Death {
        cause: "hypoxia".into(),
        rate: 5.8e-6,
        when: vec![(0, Trigger::Below(Below { half: 5e-3, exponent: 4.0 }))],
        combine: Combine::All,
        exposure: None,
    }];
    msc.lysis = 1.65e-6;
    msc.motility = Motility::Constant(5e-14);
    let mut case = setup(g, vec![oxygen, glucose, lactate], vec![msc], duration);
    let changes = (1..100).map(|i| (f64::from(i) * 259_200.0, 0.5)).filter(|c| c.0 < duration);
    case.baths = vec![Bath {
        name: "well".into(),
        volume: 2e-7,
        solutes: vec![(1, 5.5), (2, 0.0)],
        changes: changes.collect(),
    }];
    case
}

#[test]
fn budgets_close_over_28_days_of_medium_changes() {
    let solver = solve(culture([9, 7, 12], 28.0 * 86_400.0));
    println!("{:?}", solver.work);
    for account in &solver.ledger.accounts {
        println!(
            "{} {:e} content {:e}",
            account.name,
            solver.ledger.defect(account),
            account.content
        );
        assert!(solver.ledger.defect(account) <= 1e-12, "{}", account.name);
    }
    for (spec, field) in solver.catalogue.specs.iter().zip(&solver.state.fields) {
        assert!(flat(field).iter().all(|&v| v >= 0.0), "{}", spec.name);
    }
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let bits = |threads| {
        blastema::ground::par::with_threads(threads, || {
            let solver = solve(culture([40, 36, 33], 0.5 * 86_400.0));
            println!("{:?}", solver.work);
            let fields = solver.state.fields.iter();
            fields
                .flat_map(|f| flat(f).iter().map(|v| v.to_bits()).collect::<Vec<_>>())
                .collect::<Vec<_>>()
        })
    };
    let one = bits(1);
    for threads in [2, 3, 7] {
        assert!(bits(threads) == one, "{threads} threads");
    }
}
