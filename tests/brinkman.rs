//! Brinkman's flow against closed forms, Darcy's law and Stokes flow. No units.

mod common;

use blastema::ground::grid::{Face, Grid};
use blastema::ground::par;
use blastema::ground::signal::Signal;
use blastema::model::flow::Stream;
use blastema::model::setup::*;
use blastema::model::state::flat;
use blastema::numerics::momentum::{End, Problem};
use blastema::numerics::saddle::{self, solve};
use common::*;

const WALL: End = End::Velocity(0.0);
/// A permeability at which nothing is left of the drag.
const OPEN: f64 = 1e6;

fn noise(i: usize) -> f64 {
    ((i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / 16_777_216.0
}

/// Flow along x, driven by a gradient of 1 over the viscosity, between plates at y = 0 and 1; K and
/// m of y.
fn between_plates(n: usize, k: impl Fn(f64) -> f64, m: impl Fn(f64) -> f64) -> Vec<[f64; 2]> {
    let grid = grid(&[4, n], &[0.7, 1.0]);
    let y = |i: usize| grid.centre(i)[1];
    let resistance: Vec<f64> = (0..grid.len()).map(|i| 1.0 / k(y(i))).collect();
    let viscosity: Vec<f64> = (0..grid.len()).map(|i| m(y(i))).collect();
    let sides = [End::Pressure(0.7), End::Pressure(0.0), WALL, WALL, End::Symmetry, End::Symmetry];
    let (resistance, viscosity) = (&resistance[..], &viscosity[..]);
    let problem = Problem { n: grid.n, h: grid.h, resistance, viscosity, ends: sides };
    let found = solve(&problem, 1e-12).expect("converges");
    for i in 0..grid.len() {
        let exact = 0.7 * (1.0 - (i % 4) as f64 / 4.0) - 0.7 / 8.0;
        assert!((found.pressure[i] - exact).abs() < 1e-8);
    }
    (0..n).map(|j| [(j as f64 + 0.5) / n as f64, found.velocity[0][j * 5 + 2]]).collect()
}

/// Order by the largest error of a profile on 32, 64 and 128 rows.
fn order(k: impl Fn(f64) -> f64, m: impl Fn(f64) -> f64, exact: impl Fn(f64) -> f64) {
    let errors = [32, 64, 128].map(|n| {
        let profile = between_plates(n, &k, &m);
        let most = profile.iter().fold(0.0_f64, |e, [_, u]| e.max(u.abs()));
        profile.iter().fold(0.0_f64, |e, [y, u]| e.max((u - exact(*y)).abs())) / most
    });
    println!("{errors:?}");
    for e in errors.windows(2) {
        let order = (e[0] / e[1]).log2();
        assert!(order > 1.9, "{order}: {errors:?}");
    }
    assert!(errors[2] < 5e-3, "{errors:?}");
}

/// u = K(1 − cosh((y − ½)/δ)/cosh(1/(2δ))), δ = √(K m).
#[test]
fn a_porous_channel_is_second_order() {
    for (k, m) in [(4e-2, 1.0), (1.6e-2, 2.5)] {
        let delta = f64::sqrt(k * m);
        let exact = |y: f64| k * (1.0 - ((y - 0.5) / delta).cosh() / (0.5 / delta).cosh());
        order(|_| k, |_| m, exact);
    }
}

/// u = y(1 − y)/2.
#[test]
fn an_open_channel_is_poiseuilles() {
    order(|_| OPEN, |_| 1.0, |y| 0.5 * y * (1.0 - y));
}

/// A channel over a porous layer of half the height: u and the stress m du/dy are continuous.
#[test]
fn a_channel_over_a_layer_is_second_order() {
    for (k, m) in [(1e-2, 1.0), (5e-3, 1.7)] {
        let (half, delta) = (0.5, f64::sqrt(k * m));
        let (s, c) = ((half / delta).sinh(), (half / delta).cosh());
        // Below: k + a cosh(y/δ) + b sinh(y/δ); above, from the interface: d + e η − η²/2.
        let a = -k;
        let pull = m * half / delta;
        let b = (half * half / 2.0 - k - a * c - pull * a * s) / (s + pull * c);
        let d = k + a * c + b * s;
        let e = m / delta * (a * s + b * c);
        let exact = |y: f64| {
            if y < half {
                k + a * (y / delta).cosh() + b * (y / delta).sinh()
            } else {
                d + e * (y - half) - (y - half).powi(2) / 2.0
            }
        };
        assert!(exact(1.0).abs() < 1e-12);
        order(|y| if y < half { k } else { OPEN }, |y| if y < half { m } else { 1.0 }, exact);
    }
}

/// Flow through an open rectangular duct, as a series: White, Viscous Fluid Flow (2006), 3-48.
#[test]
fn a_rectangular_duct_is_second_order() {
    let (w, t) = (1.5_f64, 1.0_f64);
    let series: f64 = (0..200)
        .map(|i| f64::from(2 * i + 1))
        .map(|i| (i * std::f64::consts::PI * w / (2.0 * t)).tanh() / i.powi(5))
        .sum();
    let exact =
        w * t.powi(3) / 12.0 * (1.0 - 192.0 * t / (std::f64::consts::PI.powi(5) * w) * series);
    let errors = [4, 8, 16].map(|n| {
        let grid = grid(&[3, 3 * n / 2, n], &[1.0, w, t]);
        let resistance = vec![1.0 / OPEN; grid.len()];
        let viscosity = vec![1.0; grid.len()];
        let ends = [End::Pressure(1.0), End::Pressure(0.0), WALL, WALL, WALL, WALL];
        let (resistance, viscosity) = (&resistance[..], &viscosity[..]);
        let problem = Problem { n: grid.n, h: grid.h, resistance, viscosity, ends };
        let found = solve(&problem, 1e-11).expect("converges");
        let flow: f64 = (0..grid.n[1] * grid.n[2]).map(|r| found.velocity[0][4 * r]).sum();
        (flow * grid.face_area(0) - exact).abs() / exact
    });
    for e in errors.windows(2) {
        assert!((e[0] / e[1]).log2() > 1.9, "{errors:?}");
    }
    assert!(errors[2] < 2e-2, "{errors:?}");
}

fn case_of(g: &Grid, law: FlowLaw, boundaries: [FlowBoundary; 6], viscosity: f64) -> Setup {
    let mut case = setup(g.clone(), vec![solute(g, "a", 1e-3, 1.0)], vec![], 1.0);
    case.flow = Some(Flow { law, viscosity, boundaries });
    case
}

fn stream(case: &Setup) -> Stream {
    let room = vec![1.0; case.grid.len()];
    Stream::of(case, &room, &case.structure.porosity).expect("converges").expect("flows")
}

const SLIP: FlowBoundary = FlowBoundary::Symmetry;

fn plain(permeability: Vec<f64>) -> FlowLaw {
    let effective = vec![0.0; permeability.len()];
    FlowLaw::Brinkman { permeability, effective }
}

fn same(a: &Stream, b: &Stream, within: f64) {
    let most = a.q.iter().flatten().fold(0.0_f64, |m, q| m.max(q.abs()));
    for (a, b) in a.q.iter().flatten().zip(b.q.iter().flatten()) {
        assert!((a - b).abs() <= within * most, "{a:e} {b:e} of {most:e}");
    }
    let [p, r] = [a, b].map(|s| s.pressure.as_ref().expect("by a law"));
    let rise = p.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    for (p, r) in p.iter().zip(r) {
        assert!((p - r).abs() <= within * rise, "{p:e} {r:e} of {rise:e}");
    }
}

/// Where K is far below the square of the spacing nothing is left of the shear, whatever the
/// pattern of K and the walls.
#[test]
fn a_small_permeability_is_darcys() {
    for n in [&[9, 7, 5][..], &[12, 10], &[11]] {
        let g = grid(n, &[1.0, 0.8, 0.7][..n.len()]);
        let k: Vec<f64> = (0..g.len()).map(|i| 1e-14 * 10_f64.powf(3.0 * noise(i))).collect();
        let mut boundaries = [FlowBoundary::Sealed; 6];
        (boundaries[0], boundaries[1]) = (FlowBoundary::Pressure(3.0), FlowBoundary::Pressure(2.0));
        if n.len() > 1 {
            boundaries[3] = FlowBoundary::Rate(2e-14);
        }
        let darcy = stream(&case_of(&g, FlowLaw::Darcy(k.clone()), boundaries, 2.0));
        let brinkman = stream(&case_of(&g, plain(k), boundaries, 2.0));
        same(&darcy, &brinkman, 1e-8);
    }
}

/// With one K and walls that slip the velocity is the same everywhere, and Darcy's.
#[test]
fn walls_that_slip_leave_darcys_flow() {
    let g = grid(&[6, 5, 7], &[1.0, 0.8, 0.7]);
    for (k, drive) in [
        (1e-4, FlowBoundary::Pressure(5.0)),
        (1e-1, FlowBoundary::Pressure(5.0)),
        (3e-3, FlowBoundary::Rate(0.02)),
    ] {
        let boundaries = [SLIP, SLIP, drive, FlowBoundary::Pressure(4.0), SLIP, SLIP];
        let darcy = stream(&case_of(&g, FlowLaw::Darcy(vec![k; g.len()]), boundaries, 1.5));
        let brinkman = stream(&case_of(&g, plain(vec![k; g.len()]), boundaries, 1.5));
        same(&darcy, &brinkman, 1e-9);
    }
}

/// Without a value of its own the effective viscosity is viscosity/porosity: an open channel with
/// half of it solid lets half as much through.
#[test]
fn the_effective_viscosity_follows_the_porosity() {
    let g = grid(&[3, 8], &[1.0, 1.0]);
    let mut boundaries = [FlowBoundary::Sealed; 6];
    (boundaries[0], boundaries[1]) = (FlowBoundary::Pressure(1.0), FlowBoundary::Pressure(0.0));
    let mut case = case_of(&g, plain(vec![OPEN; g.len()]), boundaries, 3.0);
    let whole = stream(&case).entering[0];
    case.structure.porosity = vec![0.5; g.len()].into();
    let half = stream(&case).entering[0];
    assert!((half / whole - 0.5).abs() < 1e-6, "{half} {whole}");
    let effective = vec![6.0; g.len()];
    case.flow.as_mut().expect("flows").law =
        FlowLaw::Brinkman { permeability: vec![OPEN; g.len()], effective };
    let given = stream(&case).entering[0];
    assert!((given / half - 1.0).abs() < 1e-9, "{given} {half}");
}

/// Between plates at a distance of 1 the flow over a length of 1 is Δp/(12 µ_e), whatever µ.
#[test]
fn an_effective_viscosity_of_its_own() {
    let g = grid(&[3, 32], &[1.0, 1.0]);
    let mut boundaries = [FlowBoundary::Sealed; 6];
    (boundaries[0], boundaries[1]) = (FlowBoundary::Pressure(1.0), FlowBoundary::Pressure(0.0));
    let law =
        FlowLaw::Brinkman { permeability: vec![OPEN; g.len()], effective: vec![0.4; g.len()] };
    let flow = stream(&case_of(&g, law, boundaries, 3.0)).entering[0];
    assert!((flow * 12.0 * 0.4 - 1.0).abs() < 2e-3, "{flow}");
}

/// A rate through either end gives the same flow, mirrored.
#[test]
fn a_rate_at_the_far_end_mirrors_one_at_the_near() {
    let g = grid(&[9, 6], &[1.5, 1.0]);
    let mirrored = |i: usize| 8 - i % 9 + i / 9 * 9;
    let k: Vec<f64> = (0..g.len()).map(|i| 10_f64.powf(2.0 * noise(i) - 2.0)).collect();
    let with = |ends: [FlowBoundary; 2], k: Vec<f64>| {
        let mut boundaries = [FlowBoundary::Sealed; 6];
        [boundaries[0], boundaries[1]] = ends;
        stream(&case_of(&g, plain(k), boundaries, 1.3)).pressure.expect("by a law")
    };
    let (rate, open) = (FlowBoundary::Rate(0.2), FlowBoundary::Pressure(0.0));
    let near = with([rate, open], k.clone());
    let far = with([open, rate], (0..g.len()).map(|i| k[mirrored(i)]).collect());
    let most = near.iter().fold(0.0_f64, |m, p| m.max(p.abs()));
    for (i, p) in far.iter().enumerate() {
        assert!((p - near[mirrored(i)]).abs() < 1e-7 * most, "{i}: {p} {}", near[mirrored(i)]);
    }
}

/// A block of 10⁻⁶ … 10⁻¹² of the open channel around it, a plug across it, and noise: all
/// converge, what enters leaves, and nothing is lost within.
#[test]
fn great_contrasts_converge() {
    for n in [&[40, 24][..], &[20, 12, 12]] {
        let g = grid(n, &[2.0, 1.0, 1.0][..n.len()]);
        let mid = |x: f64, l: f64| (x / l - 0.5).abs() < 0.26;
        let at = |i: usize| g.centre(i);
        let block = |i: usize| mid(at(i)[0], 2.0) && at(i)[1] < 0.6;
        let plug = |i: usize| mid(at(i)[0], 2.0);
        let patterns: [(&str, &dyn Fn(usize) -> f64); 5] = [
            ("block", &|i| if block(i) { 1e-6 } else { OPEN }),
            ("wall", &|i| if block(i) { 1e-18 } else { OPEN }),
            ("plug", &|i| if plug(i) { 1e-6 } else { OPEN }),
            ("noise", &|i| 10_f64.powf(-8.0 + 8.0 * noise(i))),
            ("specks", &|i| if noise(i) < 0.5 { 1e-6 } else { OPEN }),
        ];
        for (name, k) in patterns {
            let mut boundaries = [FlowBoundary::Sealed; 6];
            boundaries[0] = FlowBoundary::Pressure(1.0);
            boundaries[1] = FlowBoundary::Pressure(0.0);
            let case = case_of(&g, plain((0..g.len()).map(k).collect()), boundaries, 1.0);
            let stream = stream(&case);
            let leak = divergence(&g, &stream);
            assert!(leak < 1e-13, "{name}: {leak:e}");
            let [entering, leaving] = [stream.entering[0], -stream.entering[1]];
            let differ = entering / leaving - 1.0;
            assert!(entering > 0.0 && differ.abs() < 1e-9, "{name}: {entering:e} {differ:e}");
        }
    }
}

fn rough(n: [usize; 3]) -> Result<saddle::Solution, blastema::numerics::newton::NotConverged> {
    let count = n.iter().product();
    let resistance: Vec<f64> = (0..count).map(|i| 10_f64.powf(6.0 * noise(i) - 2.0)).collect();
    let viscosity: Vec<f64> = (0..count).map(|i| 1.0 + noise(i + 7)).collect();
    let ends = [End::Velocity(1.0), End::Pressure(0.0), WALL, WALL, End::Symmetry, WALL];
    let (resistance, viscosity) = (&resistance[..], &viscosity[..]);
    solve(&Problem { n, h: [0.1, 0.07, 0.12], resistance, viscosity, ends }, 1e-9)
}

#[test]
fn threads_change_no_bit() {
    let n = [40, 30, 28];
    let all = [1, 2, 3].map(|t| par::with_threads(t, || rough(n).expect("converges")));
    for other in &all[1..] {
        let bits = |s: &saddle::Solution| -> Vec<u64> {
            s.velocity.iter().flatten().chain(&s.pressure).map(|v| v.to_bits()).collect()
        };
        assert!(bits(&all[0]) == bits(other));
    }
}

#[test]
fn numbers_that_are_none_are_refused() {
    let ends = [End::Pressure(1.0), End::Pressure(0.0), WALL, WALL, WALL, WALL];
    let (resistance, viscosity) = (&[f64::NAN; 8][..], &[1.0; 8][..]);
    let problem = Problem { n: [2; 3], h: [1.0; 3], resistance, viscosity, ends };
    assert!(solve(&problem, 1e-9).is_err());
}

/// What enters with the concentration that is there changes nothing, in the channel, in the
/// scaffold beside it and behind it; and what another inlet concentration brings is booked.
#[test]
fn a_solute_is_carried_through_and_beside_a_scaffold() {
    let g = grid(&[20, 12], &[2.0, 1.0]);
    let k = |i: usize| if g.centre(i)[1] < 0.5 && g.centre(i)[0] > 0.5 { 1e-5 } else { OPEN };
    let mut boundaries = [FlowBoundary::Sealed; 6];
    (boundaries[0], boundaries[1]) = (FlowBoundary::Rate(0.3), FlowBoundary::Pressure(0.0));
    for inlet in [1.0, 2.0] {
        let mut case = case_of(&g, plain((0..g.len()).map(k).collect()), boundaries, 1.0);
        case.solutes[0].boundaries[0] = Boundary::Inlet(Signal::Constant(inlet));
        case.solutes[0].boundaries[1] = Boundary::Outflow;
        let solver = march(case, 10.0, 5);
        let c = flat(&solver.state.fields[0]);
        let off = c.iter().fold(0.0_f64, |m, c| m.max((c - 1.0).abs()));
        if inlet == 1.0 {
            assert!(off < 1e-9, "{off:e}");
        } else {
            assert!(off > 0.1);
        }
        let stream = solver.stream.as_ref().expect("flows");
        for (face, rate) in Face::ALL.into_iter().zip(stream.entering) {
            let expected = [0.3, -0.3, 0.0, 0.0, 0.0, 0.0][face.number()];
            assert!((rate - expected).abs() < 1e-12);
        }
    }
}
