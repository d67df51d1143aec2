//! Flow: rest, mirror images, no overshoot, orders, a bath in a circle, threads, divergence. No
//! units but where named.

mod common;

use blastema::ground::grid::{Face, Grid};
use blastema::ground::par;
use blastema::ground::signal::Signal;
use blastema::model::setup::*;
use blastema::model::solver::Solver;
use blastema::model::state::flat;
use blastema::numerics::drift::{self, Bounds, Drift};
use blastema::numerics::flux::{Diffusive, Side, conductance, lower};
use blastema::numerics::hierarchy::Hierarchy;
use blastema::numerics::newton::{Equation, Inert};
use blastema::numerics::wall::{Behind, Wall};
use blastema::physics::kinetics::{MichaelisMenten, Uptake};
use blastema::physics::migration::{Cue, Motility, Taxis};
use blastema::physics::release::Release as Law;
use blastema::physics::response::{Below, Combine, Limit, Monod, Trigger};
use common::*;

fn noise(i: usize) -> f64 {
    ((i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / 16_777_216.0
}

#[expect(clippy::unnecessary_wraps, reason = "as Setup holds it")]
fn given(velocity: [f64; 3]) -> Option<Flow> {
    let boundaries = [FlowBoundary::Sealed; 6];
    Some(Flow { law: FlowLaw::Given(velocity), viscosity: 1.0, boundaries })
}

/// Darcy flow along `axis` between two pressures.
#[expect(clippy::unnecessary_wraps, reason = "as Setup holds it")]
fn driven(permeability: Vec<f64>, axis: usize, pressures: [f64; 2]) -> Option<Flow> {
    let mut boundaries = [FlowBoundary::Sealed; 6];
    boundaries[2 * axis] = FlowBoundary::Pressure(pressures[0]);
    boundaries[2 * axis + 1] = FlowBoundary::Pressure(pressures[1]);
    Some(Flow { law: FlowLaw::Darcy(permeability), viscosity: 1.0, boundaries })
}

/// Cells that use oxygen, grow with it, die without, and move.
fn living(g: &Grid, density: Vec<f64>) -> Population {
    let mut p = population(g, "msc", 0.0);
    p.seeding = density;
    p.uptake = vec![(0, Uptake::MichaelisMenten(MichaelisMenten { vmax: 4.0, km: 0.1 }))];
    p.growth = Some(Growth {
        rate: 1.0,
        logistic: false,
        limits: vec![(0, Limit::Monod(Monod { half: 0.3 }))],
        combine: Combine::Product,
    });
    p.deaths = vec![Death {
        cause: "hypoxia".into(),
        rate: 0.7,
        when: vec![(0, Trigger::Below(Below { half: 0.4, exponent: 4.0 }))],
        combine: Combine::All,
        exposure: None,
    }];
    p.motility = Motility::Constant(0.01);
    p.taxis = vec![Taxis { of: Cue::Solute(0), sensitivity: 0.05, half: 0.5 }];
    p
}

/// A plug of 10 mm by 5 mm (here in cm) or a box, perfused along the second axis.
fn plug(g: &Grid, rough: impl Fn(usize) -> f64, pressures: Option<[f64; 2]>) -> Setup {
    let mut oxygen = solute(g, "oxygen", 0.1, 0.3);
    oxygen.boundaries[2] = value(1.0);
    oxygen.boundaries[3] = value(0.6);
    let cells = living(g, (0..g.len()).map(&rough).collect());
    let mut case = setup(g.clone(), vec![oxygen], vec![cells], 1.0);
    case.flow =
        pressures.and_then(|p| driven((0..g.len()).map(|i| 0.5 + rough(i)).collect(), 1, p));
    case
}

/// Between equal pressures nothing moves: the same bits as without a flow.
#[test]
fn equal_pressures_change_no_bit() {
    let g = Grid::cylinder(12, 0.0, 0.5, Some((0.5, 14)));
    let run = |p| march(plug(&g, noise, p), 1.0, 8);
    let (with, without) = (run(Some([7.0, 7.0])), run(None));
    for (a, b) in with.state.fields.iter().zip(&without.state.fields) {
        assert!(flat(a).iter().zip(flat(b)).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
    // The test can fail: a flow does change the fields.
    let moved = run(Some([8.0, 7.0]));
    assert!(flat(&moved.state.fields[0]) != flat(&without.state.fields[0]));
}

/// Flow, solute and cells upside down give fields upside down.
#[test]
fn reversed_flow_mirrors_the_fields() {
    for g in [Grid::cylinder(8, 0.0, 0.5, Some((0.5, 11))), grid(&[7, 12], &[0.4, 0.5])] {
        let n = g.n;
        let turn = |i: usize| {
            let at = g.voxel(i);
            g.index(at[0], n[1] - 1 - at[1], at[2])
        };
        let mut up = plug(&g, noise, Some([9.0, 5.0]));
        let mut down = plug(&g, |i| noise(turn(i)), Some([5.0, 9.0]));
        for case in [&mut up, &mut down] {
            case.run.accuracy.solver = Some(1e-12);
        }
        down.solutes[0].boundaries.swap(2, 3);
        let (up, down) = (march(up, 1.0, 10), march(down, 1.0, 10));
        let mut worst = 0.0_f64;
        for (a, b) in up.state.fields.iter().zip(&down.state.fields) {
            let size = flat(a).iter().fold(0.0_f64, |m, v| m.max(*v));
            for (i, a) in flat(a).iter().enumerate() {
                worst = worst.max((a - flat(b)[turn(i)]).abs() / size);
            }
        }
        println!("mirror {:?}: {worst:.1e}", g.form);
        assert!(worst < 1e-8, "{worst:e}");
    }
}

/// Plug flow with dispersion into an empty construct: neither below 0 nor above what enters.
#[test]
fn a_front_that_enters_does_not_overshoot() {
    for peclet in [1.0, 10.0, 100.0, 1000.0] {
        for steps in [3, 20, 200] {
            let g = grid(&[60], &[1.0]);
            let mut s = solute(&g, "oxygen", 1.0 / peclet, 0.0);
            s.boundaries[0] = Boundary::Inlet(Signal::Constant(1.0));
            s.boundaries[1] = Boundary::Outflow;
            let mut case = setup(g, vec![s], vec![], 1.0);
            case.flow = given([1.0, 0.0, 0.0]);
            let mut most = 0.0_f64;
            watched(case, 1.5, steps, |solver| {
                for c in flat(&solver.state.fields[0]) {
                    assert!(*c >= 0.0, "Pe {peclet}, {steps} steps: {c}");
                    most = most.max(*c);
                }
            });
            println!("Pe {peclet}, {steps} steps: largest − 1 = {:.1e}", most - 1.0);
            assert!(most <= 1.0 + 1e-9, "Pe {peclet}, {steps} steps: {most}");
            assert!(most > 0.5, "nothing entered");
        }
    }
}

/// Steady first-order decay in plug flow with dispersion, u c′ = D c″ − k c, with cell Péclet numbers
/// below and above 2.
#[test]
fn order_of_a_steady_profile() {
    for (d, name) in [(0.2, "below 2"), (1e-3, "above 2")] {
        let (u, k) = (1.0, 1.5);
        let errors = [40, 80, 160].map(|n| {
            let g = grid(&[n], &[1.0]);
            let mut s = solute(&g, "oxygen", d, 0.5);
            s.decay = k;
            s.boundaries[0] = Boundary::Inlet(Signal::Constant(1.0));
            s.boundaries[1] = Boundary::Outflow;
            let mut case = setup(g.clone(), vec![s], vec![], 0.0);
            case.flow = given([u, 0.0, 0.0]);
            case.run.accuracy.solver = Some(1e-12);
            let mut solver = Solver::new(case).expect("starts");
            solver.steady(&[true]).expect("steady");
            // Danckwerts: Chem. Eng. Sci. 2 (1953) 1, written so that nothing overflows.
            let (pe, a) = (u / d, (1.0 + 4.0 * k * d / (u * u)).sqrt());
            let exact = |x: f64| {
                let forth = (1.0 + a) * (0.5 * pe * x * (1.0 - a)).exp();
                let back = (a - 1.0) * (0.5 * pe * (x - a * (2.0 - x))).exp();
                2.0 * (forth + back) / ((1.0 + a).powi(2) - (a - 1.0).powi(2) * (-pe * a).exp())
            };
            let c = flat(&solver.state.fields[0]);
            c.iter().enumerate().map(|(i, c)| (c - exact(g.centre(i)[0])).abs()).sum::<f64>()
                / n as f64
        });
        order(&format!("space: steady, cell Péclet {name}"), &errors, 1.9);
    }
}

/// A Gaussian hill far from both ends, carried along and smeared.
#[test]
fn order_of_a_travelling_profile() {
    let (u, t) = (1.0, 0.25);
    for (d, what) in [(0.05, "hill, cell Péclet below 2"), (1e-4, "hill, cell Péclet above 2")] {
        let exact = |x: f64, t: f64| {
            let s = 0.006 + 2.0 * d * t;
            let y = x - 0.4 - u * t;
            (0.006 / s).sqrt() * (-y * y / (2.0 * s)).exp()
        };
        let t = if d > 0.01 { 0.02 } else { t };
        let errors = [80, 160, 320].map(|n| {
            let g = grid(&[n], &[1.0]);
            let mut s = solute(&g, "oxygen", d, 0.0);
            s.initial = Initial::Field((0..n).map(|i| exact(g.centre(i)[0], 0.0)).collect());
            s.boundaries[0] = Boundary::Inlet(Signal::Constant(0.0));
            s.boundaries[1] = Boundary::Outflow;
            let mut case = setup(g.clone(), vec![s], vec![], 0.0);
            case.flow = given([u, 0.0, 0.0]);
            let solver = march(case, t, n);
            let c = flat(&solver.state.fields[0]);
            c.iter().enumerate().map(|(i, c)| (c - exact(g.centre(i)[0], t)).abs()).sum::<f64>()
                / n as f64
        });
        order(&format!("space and time: {what}"), &errors, 1.9);
    }
}

/// A front that enters and stays steep, against the step that it would be without dispersion: limited
/// schemes of second order have about 2/3 in L1 there (Banks, Aslam and Rider, J. Comput. Phys. 227
/// (2008) 6985).
#[test]
fn order_of_a_steep_front() {
    let errors = [50, 100, 200, 400].map(|n| {
        let g = grid(&[n], &[1.0]);
        let mut s = solute(&g, "oxygen", 1e-8, 0.0);
        s.boundaries[0] = Boundary::Inlet(Signal::Constant(1.0));
        s.boundaries[1] = Boundary::Outflow;
        let mut case = setup(g.clone(), vec![s], vec![], 0.0);
        case.flow = given([1.0, 0.0, 0.0]);
        let solver = march(case, 0.5, 2 * n);
        let exact = |i: usize| f64::from(u8::from(g.centre(i)[0] < 0.5));
        let c = flat(&solver.state.fields[0]);
        c.iter().enumerate().map(|(i, c)| (c - exact(i)).abs()).sum::<f64>() / n as f64
    });
    order("space and time: steep front, L1", &errors, 0.55);
}

/// One bath at both ends: what leaves the construct comes back. Nothing is lost; without decay all
/// is even in the end; with it, in a construct small beside the bath, c = C·φ with u φ′ = D φ″ − k φ
/// and φ = 1 at both ends, so the bath falls as exp(−k I t/(V + I)), I = ∫φ.
#[test]
fn a_bath_in_a_circle() {
    for (decay, volume) in [(0.0, 0.3), (0.8, 300.0)] {
        let g = grid(&[200], &[1.0]);
        let (u, d) = (1.0, 0.02);
        let mut s = solute(&g, "oxygen", d, 0.0);
        s.decay = decay;
        s.boundaries[0] = Boundary::Bath(0);
        s.boundaries[1] = Boundary::Bath(0);
        let root = (u * u + 4.0 * decay * d).sqrt();
        let (p, q) = ((u + root) / (2.0 * d), (u - root) / (2.0 * d));
        let a = (1.0 - q.exp()) / (p.exp() - q.exp());
        let phi = |x: f64| a * (p * x).exp() + (1.0 - a) * (q * x).exp();
        if decay > 0.0 {
            s.initial = Initial::Field((0..g.len()).map(|i| phi(g.centre(i)[0])).collect());
        }
        let mut case = setup(g.clone(), vec![s], vec![], 1.0);
        case.flow = given([u, 0.0, 0.0]);
        case.baths =
            vec![Bath { name: "loop".into(), volume, solutes: vec![(0, 1.0)], changes: vec![] }];
        let content = |s: &Solver| {
            s.state.baths[0][0] * volume
                + flat(&s.state.fields[0]).iter().sum::<f64>() * g.voxel_volume()
        };
        let start = content(&Solver::new(case.clone()).expect("starts"));
        let solver = march(case, 6.0, 120);
        let decayed = solver.ledger.find("oxygen.decayed").map_or(0.0, |t| t.0);
        let defect = (content(&solver) + decayed) / start - 1.0;
        let bath = solver.state.baths[0][0];
        println!("bath in a circle: bath {bath}, defect {defect:.1e}");
        assert!(defect.abs() < 1e-12, "{defect:e}");
        if decay == 0.0 {
            let even = volume / (volume + 1.0);
            assert!((bath - even).abs() < 1e-3 * even);
        } else {
            let whole = a * (p.exp() - 1.0) / p + (1.0 - a) * (q.exp() - 1.0) / q;
            let exact = (-decay * whole * 6.0 / (volume + whole)).exp();
            println!("bath in a circle: fallen by {} of {}", 1.0 - bath, 1.0 - exact);
            assert!(((1.0 - bath) / (1.0 - exact) - 1.0).abs() < 2e-3, "{bath} {exact}");
        }
    }
}

/// A case with all that moves: the same bits for any number of threads.
#[test]
fn threads_change_no_bit() {
    let g = grid(&[40, 36, 24], &[0.4, 0.5, 0.3]);
    let mut case = plug(&g, noise, Some([3.0, 1.0]));
    case.populations[0].deaths[0].exposure = Some(Exposure { time: 0.4, recovery: 0.5, stages: 2 });
    let mut factor = solute(&g, "factor", 0.05, 0.1);
    factor.boundaries[2] = Boundary::Inlet(Signal::Constant(0.0));
    factor.boundaries[3] = Boundary::Outflow;
    factor.release = Some(Release {
        loaded: (0..g.len()).map(noise).collect(),
        law: Law::FirstOrder { rate: 1.0, burst: 0.1 },
    });
    case.solutes.push(factor);
    case.matter.matrices = vec![Matrix {
        name: "collagen".into(),
        density: 10.0,
        largest: Some(1.0),
        initial: vec![0.0; g.len()],
        decay: 0.1,
        deposits: vec![Deposit {
            population: 0,
            rate: 0.2,
            limits: vec![],
            combine: Combine::Product,
        }],
    }];
    let all = [1, 2, 3, 7].map(|threads| {
        let case = case.clone();
        par::with_threads(threads, || {
            let mut solver = Solver::new(case).expect("starts");
            let (_, attempt) = solver.attempt(0.05).expect("steps");
            solver.accept(&attempt);
            solver
                .state
                .fields
                .iter()
                .flat_map(|f| flat(f).to_vec())
                .map(f64::to_bits)
                .collect::<Vec<_>>()
        })
    });
    assert!(all.iter().all(|bits| *bits == all[0]));
}

/// A permeability over six decades, at random: what enters a voxel leaves it.
#[test]
fn rough_permeability_has_no_divergence() {
    let g = grid(&[20, 18, 16], &[0.4, 0.5, 0.3]);
    let mut case = setup(g.clone(), vec![solute(&g, "oxygen", 0.1, 0.0)], vec![], 1.0);
    case.solutes[0].boundaries[2] = value(1.0);
    case.solutes[0].boundaries[3] = Boundary::Outflow;
    let permeability = (0..g.len()).map(|i| 10f64.powf(-6.0 * noise(i))).collect();
    case.flow = driven(permeability, 1, [2.0, 1.0]);
    let solver = Solver::new(case).expect("starts");
    let stream = solver.stream.as_ref().expect("flows");
    let defect = divergence(&g, stream);
    let sides = stream.entering[2] / -stream.entering[3] - 1.0;
    println!("divergence {defect:.1e}, in over out − 1 = {sides:.1e}");
    assert!(defect < 1e-9 && sides.abs() < 1e-9);
    assert!(stream.entering_at(&g, Face { axis: 1, end: false }, 0) > 0.0);
}

/// A round inclusion of a tenth of the permeability in a uniform gradient, with the exact pressure
/// on the outer square (validation/v12): p = −G x (1 + β a²/r²) outside, −2 G x K₁/(K₁ + K₂)
/// inside, β = (K₁ − K₂)/(K₁ + K₂). The velocity inside is the same everywhere.
#[test]
fn a_round_inclusion() {
    let (k1, k2, a, gradient, viscosity) = (1e-11, 1e-12, 1e-3, 1e4, 6.9e-4);
    let inside = 2.635046113306983e-05;
    let exact = |x: f64, y: f64| {
        let r2 = x * x + y * y;
        let beta = (k1 - k2) / (k1 + k2);
        let factor = if r2 > a * a { 1.0 + beta * a * a / r2 } else { 2.0 * k1 / (k1 + k2) };
        -gradient * x * factor
    };
    // The corner of inclusion_p.csv.
    assert!((exact(-2.5e-3, -2.5e-3) - 26.63636363636).abs() < 1e-9);
    let solved = [25, 50, 100, 200].map(|n| {
        let g = grid(&[n, n], &[5e-3, 5e-3]);
        let middle = |i: usize| g.centre(i).map(|x| x - 2.5e-3);
        let within = |i: usize| middle(i)[0].hypot(middle(i)[1]);
        let relative: Vec<f64> =
            (0..g.len()).map(|i| if within(i) < a { k2 / k1 } else { 1.0 }).collect();
        let hierarchy = Hierarchy::new(&g, relative.clone().into(), [1.0; 3]);
        let d = k1 / viscosity;
        let open = Behind::Open { film: f64::INFINITY };
        let behind = [open, open, open, open, Behind::Sealed, Behind::Sealed];
        let wall = Wall::new(&g, &relative, d, [1.0; 3], &behind, &hierarchy.grids.shapes);
        let mut rhs = vec![0.0; g.len()];
        for (face, entries) in Face::ALL.iter().zip(wall.faces()) {
            for &(i, conductance) in entries {
                let mut at = middle(i as usize);
                at[face.axis] = if face.end { 2.5e-3 } else { -2.5e-3 };
                rhs[i as usize] += conductance * exact(at[0], at[1]);
            }
        }
        let storage = vec![1.0; g.len()];
        let eq = Equation {
            hierarchy: &hierarchy,
            d,
            storage: &storage,
            storage_range: (1.0, 1.0),
            shift: 0.0,
            rhs: &rhs,
            wall: Some(&wall),
            reservoirs: &[],
            reservoir_faces: [None; 6],
            outside: [0.0; 6],
            reaction: &Inert,
            lift: 25.0,
            tolerance: 1e-11,
            bend: 0.0,
        };
        let how = Drift { bounds: Bounds::None, relative: false };
        let mut flux = Diffusive { faces: &hierarchy.fine, d };
        let mut p = vec![0.0; g.len()];
        drift::solve(&eq, &mut flux, &how, &mut drift::Scratch::default(), &mut p)
            .expect("converges");
        let off = |i: usize| (p[i] - exact(middle(i)[0], middle(i)[1])).abs();
        let pressure = (0..g.len()).map(off).sum::<f64>() / g.len() as f64;
        // Mean velocity along x in the inner half.
        let (mut sum, mut count) = (0.0, 0.0);
        for low in (0..g.len()).filter(|&i| within(i) < 0.5 * a) {
            let side = Side { axis: 0, face: lower(g.n, low)[0] + 1, low, high: low + 1 };
            let flow = d * conductance(&hierarchy.fine, side) * (p[low] - p[low + 1]);
            sum += flow * g.h[0];
            count += 1.0;
        }
        [pressure, (sum / count / inside - 1.0).abs()]
    });
    let [pressure, velocity] = [0, 1].map(|q| solved.map(|e| e[q]));
    println!("inclusion: velocity inside off by {velocity:.5?} of {inside}");
    // First order at a boundary of steps; over three halvings, as single ones scatter.
    let order = (pressure[0] / pressure[3]).log2() / 3.0;
    println!("ORDER space: round inclusion, pressure {pressure:.5?} order {order:.2}");
    assert!(order > 0.9 && velocity[3] < 0.02, "{order} {velocity:?}");
}
