//! Death that needs exposure, against exact solutions and an independent method of lines
//! (classical Runge–Kutta with thousands of steps) on the same grid. No units: τ, n of order one.

mod common;

use blastema::model::setup::*;
use blastema::model::solver::Solver;
use blastema::model::state::{Kind, flat};
use blastema::physics::migration::Motility;
use blastema::physics::response::{Below, Combine, Limit, Monod, Trigger};
use common::*;

/// A death that needs exposure; its hazard is one half where there is as much of solute 0 as
/// `half`, full without `half`.
fn death(cause: &str, rate: f64, half: Option<f64>, exposure: Option<Exposure>) -> Death {
    let below = |half| (0, Trigger::Below(Below { half, exponent: 2.0 }));
    Death {
        cause: cause.into(),
        rate,
        when: half.map(below).into_iter().collect(),
        combine: Combine::All,
        exposure,
    }
}

fn exposure(time: f64, recovery: f64, stages: usize) -> Exposure {
    Exposure { time, recovery, stages }
}

/// `steps` uniform steps to `end`.
fn march(case: Setup, end: f64, steps: usize) -> Solver {
    march_watched(case, end, steps, |_| {})
}

fn march_watched(mut case: Setup, end: f64, steps: usize, mut see: impl FnMut(&Solver)) -> Solver {
    case.run.accuracy.solver = Some(1e-12);
    let mut solver = Solver::new(case).expect("starts");
    see(&solver);
    for _ in 0..steps {
        let (_, attempt) = solver.attempt(end / steps as f64).expect("steps");
        solver.accept(&attempt);
        sound(&solver);
        see(&solver);
    }
    let (account, defect) = solver.ledger.worst().expect("accounts");
    assert!(defect < 1e-13, "{account}: {defect:e}");
    solver
}

/// Stages are no less than zero and together no more than the cells that carry them.
fn sound(solver: &Solver) {
    for p in 0..solver.setup.populations.len() {
        for (holder, stages) in solver.catalogue.chains(p) {
            let cells = flat(&solver.state.fields[holder]);
            for (i, cells) in cells.iter().enumerate() {
                let each = solver.state.fields[stages.clone()].iter().map(|s| flat(s)[i]);
                assert!(each.clone().all(|s| s >= 0.0));
                let sum: f64 = each.sum();
                assert!(sum <= cells * (1.0 + 1e-14), "{sum} of {cells}");
            }
        }
    }
}

fn field(solver: &Solver, kind: Kind) -> &[f64] {
    flat(&solver.state.fields[solver.catalogue.number(kind).expect("a field")])
}

fn order(what: &str, errors: &[f64]) {
    let orders: Vec<f64> = errors.windows(2).map(|e| (e[0] / e[1]).log2()).collect();
    println!("ORDER {what:<40} {errors:?} order {orders:.2?}");
    let last = *orders.last().expect("two errors");
    assert!(last >= 1.9, "{what}: order {last:.3}, errors {errors:?}");
}

/// Classical Runge–Kutta.
fn runge_kutta(y: &mut [f64], end: f64, steps: usize, f: &dyn Fn(&[f64], &mut [f64])) {
    let (n, h) = (y.len(), end / steps as f64);
    let mut k = vec![vec![0.0; n]; 4];
    for _ in 0..steps {
        for s in 0..4 {
            let a = [0.0, 0.5, 0.5, 1.0][s] * h;
            let z: Vec<f64> =
                (0..n).map(|i| y[i] + if s > 0 { a * k[s - 1][i] } else { 0.0 }).collect();
            f(&z, &mut k[s]);
        }
        for i in 0..n {
            y[i] += h / 6.0 * (k[0][i] + 2.0 * k[1][i] + 2.0 * k[2][i] + k[3][i]);
        }
    }
}

/// Rates of a chain: what leaves each stage forward and back, and the deaths in the last.
fn chain(s: &[f64], out: &mut [f64], e: Exposure, hazard: f64, kill: f64) -> f64 {
    let n = e.stages;
    let (f, b) = (n as f64 * hazard / e.time, n as f64 * (1.0 - hazard) / e.recovery);
    for m in 0..n {
        let through = f * s[m] - b * s[m + 1];
        out[m] -= through;
        out[m + 1] += through;
    }
    out[n] -= kill * hazard * s[n];
    kill * hazard * s[n]
}

/// Survival under a constant hazard.
fn survival(e: Exposure, hazard: f64, kill: f64, t: f64) -> f64 {
    let mut y = vec![0.0; e.stages + 1];
    y[0] = 1.0;
    runge_kutta(&mut y, t, 4000, &|s, out| {
        out.fill(0.0);
        chain(s, out, e, hazard, kill);
    });
    y.iter().sum()
}

/// One population under a solute of concentration 1 everywhere.
fn still(deaths: Vec<Death>) -> Setup {
    let g = grid(&[2], &[1.0]);
    let mut p = population(&g, "p", 1.0);
    p.deaths = deaths;
    let s = solute(&g, "a", 1.0, 1.0);
    setup(g, vec![s], vec![p], 1.0)
}

/// Full hazard, and a rate of death equal to that of the stages: survival is that of the Erlang
/// distribution, exp(−kt)·Σ_{i<5} (kt)^i/i!.
#[test]
fn full_hazard_is_erlang() {
    let k: f64 = 4.0 / 0.8;
    let errors = [32, 64, 128].map(|steps| {
        let solver =
            march(still(vec![death("a", k, None, Some(exposure(0.8, 0.8, 4)))]), 1.0, steps);
        let exact = (-k).exp() * (1.0 + k * (1.0 + k / 2.0 * (1.0 + k / 3.0 * (1.0 + k / 4.0))));
        let viable = (field(&solver, Kind::Viable(0))[0] - exact).abs();
        viable + (field(&solver, Kind::Dead(0, 0))[0] - 1.0 + exact).abs()
    });
    order("full hazard: Erlang", &errors);
}

/// Mean and variance of the time until death under a full hazard: τ + 1/k and τ²/N + 1/k².
#[test]
fn the_mean_time_until_death_is_the_exposure() {
    for (stages, k) in [(1, 1e4), (4, 1e4), (9, 1e4), (4, 5.0)] {
        let (end, steps) = (8.0, 1600);
        let (mut mean, mut square) = (0.0, 0.0);
        let dt = end / f64::from(steps);
        let case = still(vec![death("a", k, None, Some(exposure(1.0, 1.0, stages)))]);
        march_watched(case, end, steps as usize, |solver| {
            // Trapezoid rule; the survivors at the end are fewer than 1 in 1000.
            let (t, n) = (solver.state.time, field(solver, Kind::Viable(0))[0]);
            let weight = if t == 0.0 || t > end - 0.5 * dt { 0.5 } else { 1.0 };
            mean += weight * dt * n;
            square += weight * dt * 2.0 * t * n;
        });
        let variance = square - mean * mean;
        let exact = (1.0 + 1.0 / k, 1.0 / stages as f64 + 1.0 / (k * k));
        println!("{stages} stages, k {k}: mean {mean:.5} {exact:?} variance {variance:.5}");
        assert!((mean / exact.0 - 1.0).abs() < 2e-3, "{stages}: {mean}");
        assert!((variance / exact.1 - 1.0).abs() < 2e-2, "{stages}: {variance}");
    }
}

/// A partial hazard: damage heals on the way.
#[test]
fn partial_hazard() {
    let e = Exposure { time: 0.5, recovery: 0.9, stages: 4 };
    let exact = survival(e, 0.5, 6.0, 1.5);
    let errors = [32, 64, 128].map(|steps| {
        let solver = march(still(vec![death("a", 6.0, Some(1.0), Some(e))]), 1.5, steps);
        (field(&solver, Kind::Viable(0))[0] - exact).abs()
    });
    order("partial hazard", &errors);
}

/// Two causes with exposure beside one without: chains are independent, so the survivors are the
/// product of what each leaves.
#[test]
fn causes_multiply() {
    let a = Exposure { time: 0.5, recovery: 0.9, stages: 3 };
    let b = Exposure { time: 1.1, recovery: 0.4, stages: 5 };
    let exact = survival(a, 0.5, 6.0, 1.5) * survival(b, 1.0, 2.0, 1.5) * (-0.3_f64 * 1.5).exp();
    let errors = [32, 64, 128].map(|steps| {
        let deaths = vec![
            death("a", 6.0, Some(1.0), Some(a)),
            death("age", 0.3, None, None),
            death("b", 2.0, None, Some(b)),
        ];
        let solver = march(still(deaths), 1.5, steps);
        (field(&solver, Kind::Viable(0))[0] - exact).abs()
    });
    order("three causes", &errors);
}

/// Hazard that falls from one side to the other, cells that move through it, rest, divide into
/// the room that is left, and dissolve.
#[test]
fn cells_carry_their_damage() {
    let e = Exposure { time: 0.4, recovery: 0.7, stages: 3 };
    let (n, end, motility, capacity, half) = (8, 1.5, 0.05, 3.0, 0.6);
    let (growth, kill, age, lysis, share) = (0.9, 5.0, 0.2, 0.8, 0.4);
    let (sleep, wake, low) = (1.1, 0.7, 0.5);
    let oxygen = |x: f64| 0.2 + x;
    let seeding = |x: f64| 0.5 + 0.8 * x * x;
    let g = grid(&[n], &[1.0]);
    let h = g.h[0];
    // Per voxel: viable s0 … s3, quiescent r0 … r3, dead of hypoxia, dead of age.
    let w = 10;
    let mut y = vec![0.0; w * n];
    for i in 0..n {
        y[w * i] = seeding(g.centre(i)[0]);
    }
    let hill = |half: f64, c: f64| 1.0 / (1.0 + (c / half).powi(2));
    runge_kutta(&mut y, end, 6000, &|y, out| {
        out.fill(0.0);
        for i in 0..n {
            let c = oxygen(g.centre(i)[0]);
            let (hazard, rest) = (hill(half, c), hill(low, c));
            let here = &y[w * i..][..w];
            let viable: f64 = here[..4].iter().sum();
            let all: f64 = here.iter().sum();
            let own = &mut out[w * i..][..w];
            own[0] += growth * c / (0.3 + c) * (1.0 - all / capacity) * viable;
            own[8] += chain(&here[..4], &mut own[..4], e, hazard, kill);
            own[8] += chain(&here[4..8], &mut own[4..8], e, hazard, share * kill);
            for m in 0..4 {
                let goes = sleep * rest * here[m] - wake * (1.0 - rest) * here[4 + m];
                own[m] -= goes + age * here[m];
                own[4 + m] += goes - share * age * here[4 + m];
                own[9] += age * here[m] + share * age * here[4 + m];
            }
            own[8] -= lysis * here[8];
            own[9] -= lysis * here[9];
            if i + 1 < n {
                for m in 0..4 {
                    let through = motility / (h * h) * (y[w * (i + 1) + m] - y[w * i + m]);
                    out[w * i + m] += through;
                    out[w * (i + 1) + m] -= through;
                }
            }
        }
    });
    let case = || {
        let mut s = solute(&g, "a", 0.0, 0.0);
        s.initial = Initial::Field((0..n).map(|i| oxygen(g.centre(i)[0])).collect());
        let mut p = population(&g, "p", 0.0);
        p.seeding = (0..n).map(|i| seeding(g.centre(i)[0])).collect();
        p.motility = Motility::Constant(motility);
        p.lysis = lysis;
        p.deaths = vec![death("a", kill, Some(half), Some(e)), death("age", age, None, None)];
        p.capacity = Some(Capacity { density: capacity, counts_viable: true, counts_dead: true });
        p.growth = Some(Growth {
            rate: growth,
            logistic: true,
            limits: vec![(0, Limit::Monod(Monod { half: 0.3 }))],
            combine: Combine::Product,
        });
        p.quiescence = Some(Quiescence {
            rate: sleep,
            recovery: wake,
            activity: 0.0,
            death_factor: share,
            when: vec![(0, Trigger::Below(Below { half: low, exponent: 2.0 }))],
            combine: Combine::All,
        });
        setup(g.clone(), vec![s], vec![p], 1.0)
    };
    let errors = [16, 32, 64].map(|steps| {
        let solver = march(case(), end, steps);
        let (viable, quiescent) =
            (field(&solver, Kind::Viable(0)), field(&solver, Kind::Quiescent(0)));
        let (slow, age) = (field(&solver, Kind::Dead(0, 0)), field(&solver, Kind::Dead(0, 1)));
        let sum = |i: usize| {
            let y = &y[w * i..][..w];
            (viable[i] - y[..4].iter().sum::<f64>()).abs()
                + (quiescent[i] - y[4..8].iter().sum::<f64>()).abs()
                + (slow[i] - y[8]).abs()
                + (age[i] - y[9]).abs()
        };
        (0..n).map(sum).sum::<f64>() / n as f64
    });
    order("moving, resting, dividing cells", &errors);
}
