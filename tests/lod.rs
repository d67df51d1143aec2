//! Locally one-dimensional steps against direct solves, exact solutions, and their own budgets.
#![allow(missing_docs)]

mod common;

use approx::assert_relative_eq;
use blastema::model::run::{self, Kept, Stop, Watcher, Wish, run};
use blastema::model::setup::{Initial, Setup};
use blastema::model::solver::Solver;
use blastema::model::state::flat;
use blastema::numerics::lod::{Along, Lod};
use std::f64::consts::PI;
use std::sync::Arc;

const N: [usize; 3] = [13, 9, 7];

/// Values without any order.
fn scattered(n: usize) -> Vec<f64> {
    (0..n).map(|i| (i * 7919 % 1009) as f64 / 1009.0).collect()
}

fn mixed() -> [Along; 3] {
    [
        Along { diffusion: 2.5, decay: 0.1, outside: [None, Some(0.3)] },
        Along { diffusion: 0.4, decay: 0.1, outside: [None, None] },
        Along { diffusion: 7.0, decay: 0.1, outside: [Some(0.9), Some(0.0)] },
    ]
}

/// One axis by Gaussian elimination of the full matrix.
fn dense(n: usize, along: &Along, line: &[f64]) -> Vec<f64> {
    let r = along.diffusion;
    let mut a = vec![vec![0.0; n + 1]; n];
    for i in 0..n {
        a[i][i] = 1.0 + along.decay;
        a[i][n] = line[i];
        for (end, other) in [(0, i.checked_sub(1)), (1, Some(i + 1).filter(|j| *j < n))] {
            if let Some(j) = other {
                a[i][i] += r;
                a[i][j] -= r;
            } else if let Some(value) = along.outside[end] {
                a[i][i] += 2.0 * r;
                a[i][n] += 2.0 * r * value;
            }
        }
    }
    for p in 0..n {
        for i in 0..n {
            let factor = a[i][p] / a[p][p];
            for j in p..=n {
                if i != p {
                    let by = factor * a[p][j];
                    a[i][j] -= by;
                }
            }
        }
    }
    (0..n).map(|i| a[i][n] / a[i][i]).collect()
}

#[test]
fn each_axis_in_turn() {
    let along = mixed();
    let start = scattered(N.iter().product());
    let mut expected = start.clone();
    for step in 0..3 {
        for (axis, along) in along.iter().enumerate() {
            let stride: usize = N[..axis].iter().product();
            for first in 0..expected.len() {
                if (first / stride).is_multiple_of(N[axis]) {
                    let places = (0..N[axis]).map(|i| first + i * stride);
                    let line: Vec<f64> = places.clone().map(|p| expected[p]).collect();
                    for (p, v) in places.zip(dense(N[axis], along, &line)) {
                        expected[p] = v;
                    }
                }
            }
        }
        let mut found = start.clone();
        Lod::new(N, &along).advance(&mut found, 0, step + 1);
        for (a, b) in found.iter().zip(&expected) {
            assert_relative_eq!(a, b, max_relative = 1e-12);
        }
    }
}

#[test]
fn calls_may_be_cut_anywhere() {
    for n in [N, [64, 33, 1], [40, 1, 1], [8, 8, 8], [1, 1, 5]] {
        let lod = Lod::new(n, &mixed());
        let mut whole = scattered(n.iter().product());
        let mut cut = whole.clone();
        lod.advance(&mut whole, 0, 9);
        for (first, steps) in [(0, 1), (1, 2), (3, 0), (3, 5), (8, 1)] {
            lod.advance(&mut cut, first, steps);
        }
        assert!(whole.iter().zip(&cut).all(|(a, b)| a.to_bits() == b.to_bits()), "{n:?}");
    }
}

/// What is gained at walls and lost by decay is what the sums say, and nothing falls below zero.
#[test]
fn sums_close_the_balance() {
    let along = mixed();
    let mut v = scattered(N.iter().product());
    let before: f64 = v.iter().sum();
    let passed = Lod::new(N, &along).advance(&mut v, 4, 11);
    let mut expected = before;
    for (axis, along) in along.iter().enumerate() {
        expected -= along.decay * passed.all[axis];
        let lines = 11.0 * (v.len() / N[axis]) as f64;
        for end in 0..2 {
            if let Some(value) = along.outside[end] {
                expected += 2.0 * along.diffusion * (value * lines - passed.ends[axis][end]);
            }
        }
    }
    assert_relative_eq!(v.iter().sum::<f64>(), expected, max_relative = 1e-12);
    let mut spike = vec![0.0; v.len()];
    spike[v.len() / 2] = 1.0;
    Lod::new(N, &along.map(|a| Along { outside: [None; 2], ..a })).advance(&mut spike, 0, 1);
    assert!(spike.iter().all(|v| *v >= 0.0));
}

/// A mode of a sealed box that decays, with a relative L2 error at the end.
fn mode(n: [usize; 3], steps: usize) -> (Setup, f64) {
    let size = [1e-3, 0.8e-3, 1.2e-3];
    let d = 1e-9;
    let (end, decay) = (60.0, 2e-3);
    let grid = common::grid(&n, &size);
    let mut solute = common::solute(&grid, "a", d, 0.0);
    let wave = |i: usize| -> f64 {
        let at = [i % n[0], i / n[0] % n[1], i / (n[0] * n[1])];
        (0..3).map(|a| (PI * (at[a] as f64 + 0.5) / n[a] as f64).cos()).product()
    };
    solute.initial = Initial::Field((0..grid.len()).map(|i| 1.0 + 0.5 * wave(i)).collect());
    solute.decay = decay;
    let rate: f64 = size.iter().map(|l| d * (PI / l).powi(2)).sum();
    let mut setup = common::setup(grid, vec![solute], vec![], end);
    setup.run.lod = Some(end / steps as f64);
    let mut solver = Solver::new(setup.clone()).unwrap();
    run(&mut solver, &mut []).unwrap();
    assert_eq!(solver.work.steps, steps);
    assert_eq!(solver.state.time, end);
    assert!(solver.ledger.worst().unwrap().1 < 1e-12, "{:?}", solver.ledger.worst());
    let exact = |i: usize| (-decay * end).exp() * (1.0 + 0.5 * wave(i) * (-rate * end).exp());
    let v = flat(&solver.state.fields[0]);
    let square: f64 = (0..v.len()).map(|i| (v[i] - exact(i)).powi(2)).sum();
    let size: f64 = (0..v.len()).map(|i| exact(i).powi(2)).sum();
    (setup, (square / size).sqrt())
}

#[test]
fn first_order_in_time_and_second_in_space() {
    let n = [24, 20, 28];
    let errors: Vec<f64> = [32, 64].map(|steps| mode(n, steps).1).to_vec();
    let order = (errors[0] / errors[1]).log2();
    assert!((0.8..1.2).contains(&order), "{errors:?}");
    let errors: Vec<f64> =
        [8, 16].map(|m| mode([m, m + 2, m + 4], 64 * (m / 8) * (m / 8)).1).to_vec();
    let order = (errors[0] / errors[1]).log2();
    assert!((1.7..2.3).contains(&order), "{errors:?}");
}

/// In one dimension there is nothing to split: the step is backward Euler, and a line fed at both
/// ends ends up straight.
#[test]
fn a_line_between_two_values() {
    let grid = common::grid(&[20], &[1e-3]);
    let mut solute = common::solute(&grid, "a", 1e-9, 0.0);
    solute.boundaries[0] = common::value(1.0);
    solute.boundaries[1] = common::value(3.0);
    let mut setup = common::setup(grid, vec![solute], vec![], 1e5);
    setup.run.lod = Some(999.0);
    let mut solver = Solver::new(setup).unwrap();
    run(&mut solver, &mut []).unwrap();
    assert_eq!(solver.work.steps, 101, "one hundred whole steps and a short one");
    for (i, v) in flat(&solver.state.fields[0]).iter().enumerate() {
        assert_relative_eq!(*v, 1.0 + 2.0 * (i as f64 + 0.5) / 20.0, max_relative = 1e-12);
    }
    let (entered, left) = (solver.ledger.find("a.in.x_min"), solver.ledger.find("a.in.x_max"));
    let flux = 2.0 * 1e-9 / 1e-3;
    assert_relative_eq!(entered.unwrap().1, -flux, max_relative = 1e-9);
    assert_relative_eq!(left.unwrap().1, flux, max_relative = 1e-9);
    assert!(solver.ledger.worst().unwrap().1 < 1e-12);
}

/// Porosity slows nothing but what the effective diffusivity says: a box of half porosity with half
/// the effective diffusivity holds half, and changes in the same way.
#[test]
fn porosity_is_storage() {
    let (setup, _) = mode([12, 12, 12], 8);
    let solved = |setup: Setup| {
        let mut solver = Solver::new(setup).unwrap();
        run(&mut solver, &mut []).unwrap();
        solver
    };
    let mut half = setup.clone();
    half.structure.porosity = vec![0.5; setup.grid.len()].into();
    half.solutes[0].relative = vec![0.5; setup.grid.len()].into();
    let (whole, half) = (solved(setup), solved(half));
    for (a, b) in flat(&whole.state.fields[0]).iter().zip(flat(&half.state.fields[0])) {
        assert_relative_eq!(a, b, max_relative = 1e-13);
    }
    let decayed = |s: &Solver| s.ledger.find("a.decayed").unwrap().0;
    assert_relative_eq!(decayed(&whole), 2.0 * decayed(&half), max_relative = 1e-12);
}

/// Stops after so many steps and keeps the state.
struct After(usize, Option<Arc<Kept>>);

impl Watcher for After {
    fn wish(&mut self, solver: &Solver) -> Wish {
        if solver.work.steps >= self.0 { Wish::Stop("enough".into()) } else { Wish::Go }
    }
    fn take(&mut self, kept: &Arc<Kept>) -> Result<(), String> {
        self.1 = Some(kept.clone());
        Ok(())
    }
}

/// Stopped after an odd number of steps and after an even one, a run ends with the same bits.
#[test]
fn goes_on_with_the_same_bits() {
    let (mut setup, _) = mode([12, 11, 10], 16);
    let step = setup.run.duration / 16.0;
    setup.run.outputs = [0.0, 5.0, 10.0, 16.0].map(|n| n * step).to_vec();
    let bits = |solver: &Solver| -> Vec<u64> {
        flat(&solver.state.fields[0]).iter().map(|v| v.to_bits()).collect()
    };
    let mut whole = Solver::new(setup.clone()).unwrap();
    run(&mut whole, &mut []).unwrap();
    assert_eq!(whole.work.steps, 16);
    for steps in [5, 10] {
        let mut solver = Solver::new(setup.clone()).unwrap();
        let mut after = After(steps, None);
        let stopped = run(&mut solver, &mut [&mut after]);
        assert!(matches!(stopped, Err(Stop::Asked(_))), "{stopped:?}");
        let kept = after.1.expect("a state");
        assert_eq!(kept.step, steps);
        let mut again = Solver::new(setup.clone()).unwrap();
        let clock = run::restore(&mut again, &mut [], &kept.bytes, false).unwrap();
        run::go_on(&mut again, &mut [], clock).unwrap();
        assert_eq!(bits(&again), bits(&whole), "after {steps} steps");
        for (a, b) in again.ledger.terms.iter().zip(&whole.ledger.terms) {
            assert_eq!(a.total.to_bits(), b.total.to_bits(), "{}", a.name);
        }
    }
}
