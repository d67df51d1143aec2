//! Cells that move: rest, room, damage carried along, and orders of convergence, against exact
//! solutions and an independent method of lines in this file. No units.

mod common;

use std::f64::consts::PI;

use blastema::model::setup::*;
use blastema::model::solver::Solver;
use blastema::model::state::{Kind, flat};
use blastema::physics::migration::{Cue, Motility, Taxis, haptokinesis};
use blastema::physics::response::{Below, Combine, Trigger};
use common::*;

fn viable(solver: &Solver, p: usize) -> &[f64] {
    flat(&solver.state.fields[solver.catalogue.number(Kind::Viable(p)).expect("a field")])
}

/// A population of motility `d`, drawn along solutes: number, sensitivity, half.
fn moving(density: Vec<f64>, d: f64, taxis: &[(usize, f64, f64)]) -> Population {
    Population {
        name: "msc".into(),
        seeding: density,
        motility: Motility::Constant(d),
        taxis: taxis
            .iter()
            .map(|&(of, s, half)| Taxis { of: Cue::Solute(of), sensitivity: s, half })
            .collect(),
        ..population(&grid(&[1], &[1.0]), "msc", 0.0)
    }
}

/// A solute that rises from 0 to 1 along `axis` and stays.
fn ramp(g: &blastema::ground::grid::Grid, axis: usize) -> Solute {
    let mut s = solute(g, ["a", "b", "c"][axis], 1.0, 0.0);
    let at = |i: usize| g.centre(i)[axis] / g.length(axis);
    s.initial = Initial::Field((0..g.len()).map(at).collect());
    s.boundaries[2 * axis] = value(0.0);
    s.boundaries[2 * axis + 1] = value(1.0);
    s
}

/// `steps` uniform steps to `end`; `see` after each.
fn march(mut case: Setup, end: f64, steps: usize, see: impl FnMut(&Solver)) -> Solver {
    case.run.accuracy.solver = Some(1e-13);
    // What cells of a haptokinetic motility adhere to: a matrix as the first solute is.
    let adhere = |p: &Population| matches!(p.motility, Motility::Haptokinetic { .. });
    if case.populations.iter().any(adhere)
        && let Initial::Field(initial) = &case.solutes[0].initial
    {
        case.matter.matrices = vec![Matrix {
            name: "matrix".into(),
            density: 1e3,
            largest: None,
            initial: initial.clone(),
            decay: 0.0,
            deposits: Vec::new(),
        }];
    }
    watched(case, end, steps, see)
}

fn mean(v: &[f64]) -> f64 {
    v.iter().sum::<f64>() / v.len() as f64
}

/// Largest relative distance of `v` from being proportional to exp(`potential`): between
/// neighbours, and between any two voxels.
fn off(v: &[f64], potential: &[f64]) -> [f64; 2] {
    let ratio: Vec<f64> = v.iter().zip(potential).map(|(v, p)| v / p.exp()).collect();
    let near = ratio.windows(2).map(|r| (r[1] / r[0] - 1.0).abs()).fold(0.0, f64::max);
    let (low, high) = ratio.iter().fold((f64::MAX, 0.0_f64), |m, r| (m.0.min(*r), m.1.max(*r)));
    [near, high / low - 1.0]
}

/// Boltzmann's density along a constant gradient: the fitted flux rests there exactly.
#[test]
fn rests_at_boltzmanns_density() {
    for s in [1.0, 4.0, 20.0] {
        let g = grid(&[64], &[1.0]);
        let cells = moving(vec![1.0; 64], 1.0, &[(0, s, f64::INFINITY)]);
        let solver = march(setup(g.clone(), vec![ramp(&g, 0)], vec![cells], 0.0), 5.0, 60, |_| {});
        let n = viable(&solver, 0);
        let potential: Vec<f64> = (0..64).map(|i| s * g.centre(i)[0]).collect();
        let [near, any] = off(n, &potential);
        let mass = (mean(n) - 1.0).abs();
        println!("Boltzmann s = {s}: neighbours {near:.1e}, any two {any:.1e}, mass {mass:.1e}");
        assert!(near < 1e-10 && any < 1e-10, "{s}: {near:e} {any:e}");
        assert!(mass < 1e-12, "{s}: {mass:e}");
    }
}

/// The same along an oblique gradient: two attractants, one along each axis.
#[test]
fn rests_along_an_oblique_gradient() {
    let g = grid(&[24, 16], &[1.0, 0.7]);
    let cells =
        moving(vec![1.0; g.len()], 1.0, &[(0, 5.0, f64::INFINITY), (1, -3.0, f64::INFINITY)]);
    let solutes = vec![ramp(&g, 0), ramp(&g, 1)];
    let solver = march(setup(g.clone(), solutes, vec![cells], 0.0), 10.0, 40, |_| {});
    let potential: Vec<f64> =
        (0..g.len()).map(|i| 5.0 * g.centre(i)[0] - 3.0 * g.centre(i)[1] / 0.7).collect();
    let [near, any] = off(viable(&solver, 0), &potential);
    let mass = (mean(viable(&solver, 0)) - 1.0).abs();
    println!("oblique: neighbours {near:.1e}, any two {any:.1e}, mass {mass:.1e}");
    assert!(near < 1e-10 && any < 1e-10 && mass < 1e-12, "{near:e} {any:e} {mass:e}");
}

/// Receptors that saturate: n ∝ exp(Φ/D), Φ = χ K c/(K + c).
#[test]
fn rests_with_saturated_receptors() {
    let g = grid(&[80], &[1.0]);
    let (d, chi, k) = (0.5, 6.0, 0.2);
    let cells = moving(vec![1.0; 80], d, &[(0, chi, k)]);
    let solver = march(setup(g.clone(), vec![ramp(&g, 0)], vec![cells], 0.0), 10.0, 40, |_| {});
    let potential: Vec<f64> =
        (0..80).map(|i| g.centre(i)[0]).map(|c| chi * k * c / (k + c) / d).collect();
    let [near, any] = off(viable(&solver, 0), &potential);
    println!("saturated: neighbours {near:.1e}, any two {any:.1e}");
    assert!(near < 1e-10 && any < 1e-10, "{near:e} {any:e}");
}

fn noise(i: usize, seed: usize) -> f64 {
    let x = ((i * 7919 + seed * 104_729 + 1) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((x ^ (x >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 40) as f64 / 16_777_216.0
}

fn crowded(p: &mut Population, density: f64, counts_dead: bool) {
    p.capacity = Some(Capacity { density, counts_viable: true, counts_dead });
    p.volume_filling = true;
}

/// `steps` steps of `dt`, each shortened as a run does where it does not converge; how often.
fn stride(mut case: Setup, dt: f64, steps: usize, mut see: impl FnMut(&Solver)) -> usize {
    case.run.steady = false;
    case.run.duration = 1.0;
    let mut solver = Solver::new(case).expect("starts");
    let mut failed = 0;
    for _ in 0..steps {
        let mut dt = dt;
        let attempt = loop {
            if let Ok((_, attempt)) = solver.attempt(dt) {
                break attempt;
            }
            (dt, failed) = (0.25 * dt, failed + 1);
            assert!(dt > 1e-9, "no step converges");
        };
        solver.accept(&attempt);
        see(&solver);
    }
    failed
}

/// From random starts, with strong drift and steps from short to endless, nobody leaves the room
/// there is, no matter whether one population moves or two share the room with dead cells.
#[test]
fn never_more_cells_than_there_is_room_for() {
    let (mut worst, mut failed) = (0.0_f64, 0);
    for seed in 0..12 {
        let g = grid(&[9, 7], &[1.0, 0.8]);
        let strong = 10.0 + 300.0 * noise(3, seed);
        let start = |k: usize, most: f64| -> Vec<f64> {
            (0..g.len()).map(|i| most * noise(i, 10 * seed + k)).collect()
        };
        let mut a = moving(start(0, 0.5), 1.0, &[(0, strong, f64::INFINITY)]);
        crowded(&mut a, 1.0, seed % 2 == 0);
        let mut all = vec![a];
        if seed % 3 != 0 {
            let mut b = moving(start(1, 0.4), 0.2, &[(1, -strong, 0.3), (0, 20.0, 1.0)]);
            b.name = "other".into();
            crowded(&mut b, 1.0, seed % 2 == 0);
            all.push(b);
        }
        if seed % 2 == 0 {
            all[0].deaths = vec![Death {
                cause: "age".into(),
                rate: 0.3,
                when: vec![],
                combine: Combine::All,
                exposure: None,
            }];
        }
        let case = setup(g.clone(), vec![ramp(&g, 0), ramp(&g, 1)], all.clone(), 0.0);
        let before: Vec<f64> = all.iter().map(|p| mean(&p.seeding)).collect();
        for dt in [1e-3, 1e-2, 0.1, 1.0, 1e3] {
            let check = |solver: &Solver| {
                let mut room = vec![0.0; g.len()];
                for (p, start) in before.iter().enumerate() {
                    let numbers = solver.catalogue.all_of(p);
                    let mut kept = 0.0;
                    for f in numbers {
                        let field = flat(&solver.state.fields[f]);
                        assert!(field.iter().all(|n| *n >= 0.0), "{seed} {dt}: negative");
                        kept += mean(field);
                        room.iter_mut().zip(field).for_each(|(r, n)| *r += n);
                    }
                    // What the solver's tolerance leaves above the capacity where all is full is
                    // booked as rounding.
                    let name = format!("{}.rounded", solver.setup.populations[p].name);
                    let volume = g.voxel_volume() * g.len() as f64;
                    let rounded = solver.ledger.find(&name).expect("a term").0 / volume;
                    let drift = kept - rounded - start;
                    assert!(drift.abs() < 1e-12 * start, "{seed} {dt}: mass {kept}, not {start}");
                    assert!(rounded.abs() < 1e-8 * start, "{seed} {dt}: rounded {rounded:e}");
                }
                let most = room.iter().fold(0.0_f64, |m, n| m.max(*n));
                worst = worst.max(most - 1.0);
                assert!(most <= 1.0 + 1e-9, "seed {seed}, step {dt}: {most}");
            };
            failed += stride(case.clone(), dt, 8, check);
        }
    }
    println!(
        "volume filling: largest density over capacity − 1: {worst:.1e}; {failed} steps shortened"
    );
}

/// Crowded cells rest where n/(1 − n/K) ∝ exp(Φ/D).
#[test]
fn crowded_cells_rest() {
    for s in [4.0, 20.0] {
        let g = grid(&[60], &[1.0]);
        let mut cells = moving(vec![0.4; 60], 1.0, &[(0, s, f64::INFINITY)]);
        crowded(&mut cells, 1.0, false);
        let solver =
            march(setup(g.clone(), vec![ramp(&g, 0)], vec![cells], 0.0), 20.0, 100, |_| {});
        let n = viable(&solver, 0);
        let free: Vec<f64> = n.iter().map(|n| n / (1.0 - n)).collect();
        let potential: Vec<f64> = (0..60).map(|i| s * g.centre(i)[0]).collect();
        let [near, any] = off(&free, &potential);
        println!("crowded s = {s}: neighbours {near:.1e}, any two {any:.1e}");
        assert!(near < 1e-6 && any < 1e-6, "{s}: {near:e} {any:e}");
        assert!((mean(n) - 0.4).abs() < 1e-12);
    }
}

/// Damage goes where the cells go: under a hazard that is full everywhere every cell has the same
/// history, so the damaged share of the cells is the same in all voxels, however they gather.
#[test]
fn damage_moves_with_the_cells() {
    let (chain, rate, exposure) = (3, 0.4, Exposure { time: 0.5, recovery: 1.0, stages: 3 });
    // Stages of a cell under a full hazard at time 1, by small steps.
    let forward = chain as f64 / exposure.time;
    let change = |s: &[f64; 4]| -> [f64; 4] {
        let mut flows = [0.0; 5];
        (1..=chain).for_each(|m| flows[m] = forward * s[m - 1]);
        flows[chain + 1] = rate * s[chain];
        std::array::from_fn(|m| flows[m] - flows[m + 1])
    };
    let mut s = [1.0, 0.0, 0.0, 0.0];
    let steps = 20_000;
    for _ in 0..steps {
        let (dt, k) = (1.0 / f64::from(steps), change(&s));
        let k = change(&std::array::from_fn(|m| s[m] + 0.5 * dt * k[m]));
        (0..=chain).for_each(|m| s[m] += dt * k[m]);
    }
    let exact = 1.0 - s[0] / s.iter().sum::<f64>();
    let spread = |crowd: bool, hazard: bool, steps: usize| -> f64 {
        let g = grid(&[20, 6], &[1.0, 0.4]);
        let start: Vec<f64> = (0..120).map(|i| 0.3 * noise(i / 20, 5) + 0.1).collect();
        let mut cells = moving(start, 0.5, &[(0, 6.0, 0.5)]);
        if crowd {
            crowded(&mut cells, 1.0, false);
        }
        let trigger = Trigger::Below(Below { half: 0.3, exponent: 4.0 });
        cells.deaths = vec![Death {
            cause: "hypoxia".into(),
            rate,
            when: if hazard { vec![] } else { vec![(0, trigger)] },
            combine: Combine::All,
            exposure: Some(exposure),
        }];
        let start = mean(&cells.seeding);
        let harmed = |solver: &Solver| -> Vec<f64> {
            let mut stages = vec![0.0; g.len()];
            for (spec, field) in solver.catalogue.specs.iter().zip(&solver.state.fields) {
                if matches!(spec.kind, Kind::Damaged { .. }) {
                    assert!(flat(field).iter().all(|s| *s >= 0.0));
                    stages.iter_mut().zip(flat(field)).for_each(|(s, f)| *s += f);
                }
            }
            stages
        };
        let check = |solver: &Solver| {
            let numbers = solver.catalogue.of_population(0);
            let all: f64 = numbers.iter().map(|&f| mean(flat(&solver.state.fields[f]))).sum();
            assert!((all / start - 1.0).abs() < 1e-12, "{all} {start}");
            for (s, n) in harmed(solver).iter().zip(viable(solver, 0)) {
                assert!(*s <= n * (1.0 + 1e-12), "{s} of {n}");
            }
        };
        let case = setup(g.clone(), vec![ramp(&g, 0)], vec![cells], 0.0);
        let solver = march(case, 1.0, steps, check);
        let n = viable(&solver, 0);
        let gathered = n.iter().fold(0.0_f64, |m, n| m.max(*n)) / mean(n);
        assert!(gathered > 1.3, "cells did not gather: {gathered}");
        let shares = harmed(&solver);
        shares.iter().zip(n).map(|(s, n)| (s / n - exact).abs()).fold(0.0, f64::max)
    };
    for crowd in [false, true] {
        let errors = [80, 160, 320].map(|steps| spread(crowd, true, steps));
        order("time: damaged share of cells that drift, largest", &errors, 1.9);
        spread(crowd, false, 30);
    }
}

/// Cells drift at v = χ/L along a constant gradient: steady part and slowest mode,
/// e^(vx/D) + ½ e^(vx/2D)(cos πx + v/(2πD) sin πx) e^(−λt), λ = π²D + v²/(4D).
#[test]
fn order_of_drift_in_space() {
    let (d, v, t) = (0.7, 2.0_f64, 0.05);
    let exact = |x: f64, t: f64| {
        let mode = (PI * x).cos() + v / (2.0 * PI * d) * (PI * x).sin();
        let decay = (-(PI * PI * d + v * v / (4.0 * d)) * t).exp();
        (v * x / d).exp() + 0.5 * (0.5 * v * x / d).exp() * mode * decay
    };
    let errors = [20, 40, 80].map(|n| {
        let g = grid(&[n], &[1.0]);
        let start = (0..n).map(|i| exact(g.centre(i)[0], 0.0)).collect();
        let cells = moving(start, d, &[(0, v, f64::INFINITY)]);
        let solver = march(setup(g.clone(), vec![ramp(&g, 0)], vec![cells], 0.0), t, 200, |_| {});
        let all = viable(&solver, 0).iter().enumerate();
        all.map(|(i, c)| (c - exact(g.centre(i)[0], t)).abs()).sum::<f64>() / n as f64
    });
    order("space: drift, exact solution", &errors, 1.9);
}

/// The same in time against the slowest mode of the discrete equations: with the fitted rates a up
/// and b down between voxels, n_j = r^2j + ½ r^j (cos θj + A sin θj) e^(−λt), r² = a/b, θ = π/N,
/// A = (cos θ − 1/r)/sin θ, λ = a + b − 2√(ab) cos θ.
#[test]
fn order_of_drift_in_time() {
    let (d, v, t, n) = (0.7, 2.0_f64, 0.1, 16);
    let h = 1.0 / n as f64;
    let delta = v * h / d;
    let a = d / (h * h) * delta / (1.0 - (-delta).exp());
    let b = d / (h * h) * delta / (delta.exp() - 1.0);
    let (r, theta) = ((a / b).sqrt(), PI / n as f64);
    let exact = |j: usize, t: f64| {
        let amplitude = (theta.cos() - 1.0 / r) / theta.sin();
        let angle = theta * j as f64;
        let decay = (-(a + b - 2.0 * (a * b).sqrt() * theta.cos()) * t).exp();
        let mode = r.powi(j as i32) * (angle.cos() + amplitude * angle.sin());
        r.powi(2 * j as i32) + 0.5 * mode * decay
    };
    let g = grid(&[n], &[1.0]);
    let errors = [8, 16, 32, 64].map(|steps| {
        let start = (0..n).map(|j| exact(j, 0.0)).collect();
        let cells = moving(start, d, &[(0, v, f64::INFINITY)]);
        let solver = march(setup(g.clone(), vec![ramp(&g, 0)], vec![cells], 0.0), t, steps, |_| {});
        let all = viable(&solver, 0).iter().enumerate();
        all.map(|(j, c)| (c - exact(j, t)).abs()).sum::<f64>() / n as f64
    });
    order("time: drift, exact discrete solution", &errors, 1.9);
}

/// Independent method of lines: n voxels of 0…1, classical Runge–Kutta; `flux(x, low, high)` goes
/// up through the face at x.
fn lines(
    n: usize,
    start: impl Fn(f64) -> f64,
    flux: impl Fn(f64, f64, f64) -> f64,
    (end, steps): (f64, usize),
) -> Vec<f64> {
    let h = 1.0 / n as f64;
    let change = |v: &[f64]| -> Vec<f64> {
        let mut out = vec![0.0; n];
        for i in 1..n {
            let f = flux(i as f64 * h, v[i - 1], v[i]) / h;
            out[i - 1] -= f;
            out[i] += f;
        }
        out
    };
    let dt = end / steps as f64;
    let along = |v: &[f64], k: &[f64], by: f64| -> Vec<f64> {
        v.iter().zip(k).map(|(v, k)| v + by * k).collect()
    };
    let mut v: Vec<f64> = (0..n).map(|i| start((i as f64 + 0.5) * h)).collect();
    for _ in 0..steps {
        let a = change(&v);
        let b = change(&along(&v, &a, 0.5 * dt));
        let c = change(&along(&v, &b, 0.5 * dt));
        let d = change(&along(&v, &c, dt));
        for i in 0..n {
            v[i] += dt / 6.0 * (a[i] + 2.0 * b[i] + 2.0 * c[i] + d[i]);
        }
    }
    v
}

/// Fourth-order extrapolation of two reference grids, as means over `n` voxels.
fn fine(n: usize, run: impl Fn(usize) -> Vec<f64>) -> Vec<f64> {
    let means = |v: Vec<f64>| -> Vec<f64> { v.chunks(v.len() / n).map(mean).collect() };
    let (a, b) = (means(run(160)), means(run(320)));
    a.iter().zip(b).map(|(a, b)| (4.0 * b - a) / 3.0).collect()
}

/// Distance after `steps` of a case over n voxels that starts at `start`.
fn against(
    n: usize,
    (t, steps): (f64, usize),
    start: impl Fn(f64) -> f64,
    change: impl Fn(&mut Population),
    reference: &[f64],
) -> f64 {
    let g = grid(&[n], &[1.0]);
    let mut cells = moving((0..n).map(|i| start(g.centre(i)[0])).collect(), 0.0, &[]);
    change(&mut cells);
    let solver = march(setup(g.clone(), vec![ramp(&g, 0)], vec![cells], 0.0), t, steps, |_| {});
    let all = viable(&solver, 0).iter().zip(reference);
    all.map(|(c, r)| (c - r).abs()).sum::<f64>() / n as f64
}

fn hill(x: f64) -> f64 {
    0.4 + 0.2 * (PI * x).cos()
}

/// Crowded drift, porous and haptokinetic motility of a smooth density: in space against fine
/// grids, in time against the same voxels by Runge–Kutta.
#[test]
fn orders_of_what_is_not_linear() {
    type Change = fn(&mut Population);
    type Discrete<'a> = &'a dyn Fn(f64, f64, f64) -> f64;
    type Face = fn(f64, f64, f64, f64) -> f64;
    let crowd: Change = |p| {
        p.motility = Motility::Constant(0.5);
        p.taxis = vec![Taxis { of: Cue::Solute(0), sensitivity: 3.0, half: 0.8 }];
        crowded(p, 1.0, false);
    };
    let porous: Change = |p| p.motility = Motility::Porous { diffusivity: 1.0, capacity: 1.0 };
    let hapto: Change = |p| p.motility = Motility::Haptokinetic { of: 0, largest: 0.8, at: 0.3 };
    // Central differences of the differential equations.
    let cases: [(&str, Change, Face); 3] = [
        ("drift with volume filling", crowd, |x, l, r, h| {
            let chi = 3.0 * 0.8 * 0.8 / ((0.8 + x) * (0.8 + x));
            let m = 0.5 * (l + r);
            // D ∇n + correction of volume filling: both directions see the room downstream.
            chi * m * (1.0 - m) - 0.5 * (r - l) / h
        }),
        ("porous motility", porous, |_, l, r, h| -0.5 * (l + r) * (r - l) / h),
        ("haptokinetic motility", hapto, |x, l, r, h| {
            -0.8 * (2.0 * 0.3 * x / (0.09 + x * x)) * (r - l) / h
        }),
    ];
    for (what, change, face) in cases {
        let t = 0.05;
        let space = [10, 20, 40].map(|n| {
            let run =
                |m: usize| lines(m, hill, |x, l, r| face(x, l, r, 1.0 / m as f64), (t, m * m / 10));
            against(n, (t, 100), hill, change, &fine(n, run))
        });
        order(&format!("space: {what}"), &space, 1.9);
    }
    // The discrete equations, written down again.
    let h = 1.0 / 16.0;
    let phi = |c: f64| 3.0 * 0.8 * c / (0.8 + c);
    let fitted = move |x: f64, l: f64, r: f64| {
        let rise = (phi(x + 0.5 * h) - phi(x - 0.5 * h)) / 0.5;
        let (up, down) = (rise / (1.0 - (-rise).exp()), rise / (rise.exp() - 1.0));
        0.5 / h * (up * l * (1.0 - r) - down * r * (1.0 - l))
    };
    let squares = move |_: f64, l: f64, r: f64| 0.5 / h * (l * l - r * r);
    let of_m = move |x: f64, l: f64, r: f64| {
        let m = 0.5 * (haptokinesis(x - 0.5 * h, 0.3) + haptokinesis(x + 0.5 * h, 0.3));
        0.8 * m / h * (l - r)
    };
    let discrete: [(&str, Change, Discrete); 3] = [
        ("drift with volume filling", crowd, &fitted),
        ("porous motility", porous, &squares),
        ("haptokinetic motility", hapto, &of_m),
    ];
    for (what, change, face) in discrete {
        let t = 0.1;
        let reference = lines(16, hill, face, (t, 4000));
        let time = [8, 16, 32, 64].map(|steps| against(16, (t, steps), hill, change, &reference));
        order(&format!("time: {what}"), &time, 1.9);
    }
}

/// Barenblatt's front of porous motility, n_t = (n n_x)_x: n = t^(−1/3)(b − x²/(6 t^(2/3)))₊,
/// from t = 1 to 2 (Barenblatt, Prikl. Mat. Mekh. 16 (1952) 67), mirrored at x = 0.
#[test]
fn order_at_a_porous_front() {
    let exact =
        |x: f64, t: f64| (0.02 - x * x / (6.0 * t.powf(2.0 / 3.0))).max(0.0) * t.powf(-1.0 / 3.0);
    let errors = [25, 50, 100, 200].map(|n| {
        let g = grid(&[n], &[1.0]);
        let h = 1.0 / n as f64;
        let average = |i: usize, t: f64| {
            mean(
                &(0..50)
                    .map(|q| exact((i as f64 + (f64::from(q) + 0.5) / 50.0) * h, t))
                    .collect::<Vec<_>>(),
            )
        };
        let mut cells = moving((0..n).map(|i| average(i, 1.0)).collect(), 0.0, &[]);
        cells.motility = Motility::Porous { diffusivity: 1.0, capacity: 1.0 };
        let solver = march(setup(g.clone(), vec![], vec![cells], 0.0), 1.0, 4 * n, |solver| {
            assert!(viable(solver, 0).iter().all(|n| *n >= 0.0));
        });
        let all = viable(&solver, 0).iter().enumerate();
        all.map(|(i, c)| (c - average(i, 2.0)).abs()).sum::<f64>() / n as f64
    });
    order("space and time: Barenblatt's front, L1", &errors, 1.0);
}

/// Without drift, cells of a motility that follows a substance spread evenly: ∇·(D(m)∇n) = 0.
#[test]
fn haptokinesis_ends_evenly() {
    let g = grid(&[40], &[1.0]);
    let mut cells = moving((0..40).map(|i| noise(i, 2)).collect(), 0.0, &[]);
    cells.motility = Motility::Haptokinetic { of: 0, largest: 1.0, at: 0.5 };
    let start = mean(&cells.seeding);
    let solver = march(setup(g.clone(), vec![ramp(&g, 0)], vec![cells], 0.0), 20.0, 50, |_| {});
    for n in viable(&solver, 0) {
        assert!((n / start - 1.0).abs() < 1e-10, "{n} {start}");
    }
}
