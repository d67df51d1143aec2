//! Effective diffusivity by a solve in the voxels: layers and blocks with exact answers, and the
//! gyroid by separate code (conjugate gradients with a Fourier preconditioner in Python).

use std::f64::consts::TAU;

use blastema::geometry::structure::{Partial, Structure, share};
use blastema::ground::par;
use blastema::numerics::potential::Ends::{self, Periodic, Plates};
use blastema::physics::effective::{Phase, along, coarser, extrapolate};

fn by(n: [usize; 3], h: [f64; 3], phase: impl Fn([usize; 3]) -> u8) -> Structure {
    let at = |i: usize| [i % n[0], i / n[0] % n[1], i / (n[0] * n[1])];
    let phase = (0..n.iter().product()).map(|i| phase(at(i))).collect();
    Structure { n, h, phase, partial: None }
}

fn phase(ratio: f64) -> Phase {
    Phase { ratio, partition: 1.0 }
}

fn ratio(s: &Structure, phases: &[Phase], axis: usize, ends: Ends) -> f64 {
    along(s, phases, axis, ends, 1e-10).unwrap().ratio
}

#[test]
fn an_empty_block_leaves_the_diffusivity_as_it_is() {
    for (n, h) in
        [([7, 5, 6], [1e-6; 3]), ([32, 33, 40], [1e-6, 2e-6, 3e-6]), ([1, 1, 9], [1.0; 3])]
    {
        let s = by(n, h, |_| 0);
        for axis in 0..3 {
            for ends in [Plates, Periodic] {
                let d = ratio(&s, &[Phase::PORE], axis, ends);
                assert!((d - 1.0).abs() < 1e-15, "{n:?} {axis} {ends:?}: {d}");
            }
        }
    }
}

/// Bodies that nothing joins and nothing holds: each of their potentials is free to drift.
#[test]
fn laminates_beside_each_other_are_exact() {
    for n in [[9, 16, 4], [18, 32, 8], [20, 64, 24]] {
        // 3 voxels of 1, 5 of 0.01, at another place in each bar; solid between the bars.
        let half = n[0] / 2;
        let layer = |v: [usize; 3]| u8::from((v[1] + 2 * (v[0] / half)) % 8 >= 3);
        let s = by(n, [1e-6; 3], |v| if v[0] % half == 0 { 2 } else { layer(v) });
        let bars = (0..n[0]).filter(|x| x % half > 0).count() as f64 / n[0] as f64;
        let exact = bars * 8.0 / (3.0 + 5.0 / 0.01);
        for ends in [Plates, Periodic] {
            let d = ratio(&s, &[Phase::PORE, phase(0.01), phase(0.0)], 1, ends);
            assert!((d / exact - 1.0).abs() < 1e-10, "{n:?} {ends:?}: {d}, not {exact}");
        }
    }
}

#[test]
fn laminates_are_exact() {
    // 3 voxels of 1, 5 of 0.01, the whole twice.
    let h = [2e-6, 1e-6, 3e-6];
    for axis in 0..3 {
        let mut n = [6, 5, 4];
        n[axis] = 16;
        let s = by(n, h, |v| u8::from(v[axis] % 8 >= 3));
        for ends in [Plates, Periodic] {
            let phases = [Phase::PORE, phase(0.01)];
            for direction in 0..3 {
                let exact = if direction == axis {
                    8.0 / (3.0 + 5.0 / 0.01)
                } else {
                    (3.0 + 5.0 * 0.01) / 8.0
                };
                let d = ratio(&s, &phases, direction, ends);
                assert!((d / exact - 1.0).abs() < 1e-10, "{axis} {direction} {ends:?}: {d}");
            }
        }
    }
}

/// Layers of one voxel, contrasts of 1e3 to 1e5: the tolerance holds for them, too.
#[test]
fn thin_layers_of_high_contrast_are_within_the_tolerance() {
    for conductivity in [1e-4, 1e-3, 1e3, 1e5] {
        for n in [16, 32] {
            for axis in [0, 2] {
                let s = by([n; 3], [1e-5; 3], |v| (v[axis] % 2) as u8);
                let phases = [Phase::PORE, phase(conductivity)];
                let found = along(&s, &phases, axis, Plates, 1e-6).unwrap();
                let exact = 2.0 / (1.0 + 1.0 / conductivity);
                let off = found.ratio / exact - 1.0;
                assert!(off.abs() < 2e-6, "{conductivity} {n} {axis}: {off:e}");
            }
        }
    }
}

#[test]
fn partition_counts_as_diffusivity() {
    let s = by([4, 4, 16], [1e-6; 3], |v| u8::from(v[2] < 8));
    let phases = [Phase::PORE, Phase { ratio: 0.5, partition: 0.2 }];
    let d = ratio(&s, &phases, 2, Plates);
    assert!((d - 2.0 / (1.0 + 10.0)).abs() < 2e-11, "{d}");
}

/// The geometric mean: Dykhne, Sov. Phys. JETP 32 (1971) 63. At the corners the gradient grows as
/// r^(λ−1), λ = (4/π)·atan √(σ₁/σ₂) (Keller, J. Math. Phys. 28 (1987) 2516), so the energy converges
/// with the order 2λ.
#[test]
fn a_checkerboard_tends_to_the_geometric_mean() {
    let exact = 0.1_f64.sqrt();
    let of = |n: usize| {
        let s = by([n, n, 1], [1e-6; 3], |v| u8::from((2 * v[0] / n + 2 * v[1] / n) % 2 == 1));
        let d = along(&s, &[Phase::PORE, phase(0.1)], 0, Periodic, 1e-10).unwrap();
        assert!(d.flux[1].abs() < 1e-6 && d.flux[2] == 0.0, "{:?}", d.flux);
        d.ratio
    };
    let values = [64, 128, 256].map(of);
    let order = ((values[1] - values[0]) / (values[2] - values[1])).log2();
    let expected = 8.0 / std::f64::consts::PI * 0.1_f64.sqrt().atan();
    assert!((order - expected).abs() < 0.03, "{order} {expected}");
    let limit = values[2] + (values[2] - values[1]) / (expected.exp2() - 1.0);
    assert!((limit / exact - 1.0).abs() < 1e-3, "{limit} {exact}");
}

fn gyroid(n: usize, level: f64) -> Structure {
    let x: Vec<(f64, f64)> =
        (0..n).map(|i| (TAU * (i as f64 + 0.5) / n as f64).sin_cos()).collect();
    by([n; 3], [1e-5; 3], |v| {
        let [x, y, z] = v.map(|i| x[i]);
        u8::from(x.0 * y.1 + y.0 * z.1 + z.0 * x.1 >= level)
    })
}

/// Level, voxels a period, porosity and D_eff/D of periodic gyroids: the equations of this solver in
/// Python (NumPy), by conjugate gradients with a Fourier preconditioner, to a residual of 1e-9.
const GYROIDS: [(f64, usize, f64, f64); 9] = [
    (0.0, 32, 0.5, 0.3128999661918393),
    (0.0, 48, 0.5, 0.31900257330137954),
    (0.0, 64, 0.5, 0.3223777025397412),
    (0.6, 32, 0.69091796875, 0.518361858539244),
    (0.6, 48, 0.6951678240740741, 0.5284630736115171),
    (0.6, 64, 0.69329833984375, 0.5309912525694289),
    (0.9, 32, 0.7939453125, 0.6496710733374449),
    (0.9, 48, 0.7945601851851852, 0.6595859356921023),
    (0.9, 64, 0.795166015625, 0.6657132414377904),
];

#[test]
fn the_gyroid_is_that_of_separate_code() {
    for (level, n, porosity, exact) in GYROIDS {
        let s = gyroid(n, level);
        assert_eq!(s.porosity(), porosity, "{level} {n}");
        for axis in 0..3 {
            let d = ratio(&s, &[Phase::PORE], axis, Periodic);
            assert!((d / exact - 1.0).abs() < 1e-7, "{level} {n} {axis}: {d} not {exact}");
        }
    }
}

/// Half a block of channels, beside the last of all labels with a pocket in it.
#[test]
fn the_last_label_does_not_conduct() {
    let pocket = [3, 3, 1];
    let s = by([4; 3], [1e-5; 3], |at| if at[0] < 2 || at == pocket { 0 } else { 255 });
    assert!((ratio(&s, &[Phase::PORE], 2, Plates) - 0.5).abs() < 1e-9);
}

#[test]
fn what_leads_nowhere_does_not_conduct() {
    let s = by([8, 8, 12], [1e-6; 3], |v| u8::from(v[2] == 5));
    assert_eq!(ratio(&s, &[Phase::PORE], 2, Plates), 0.0);
    assert_eq!(ratio(&s, &[Phase::PORE], 2, Periodic), 0.0);
    let open = ratio(&s, &[Phase::PORE], 0, Plates);
    assert!((open - 11.0 / 12.0).abs() < 1e-12, "{open}");
    // A dead end beside a straight channel.
    let s = by([8, 3, 12], [1e-6; 3], |v| {
        u8::from(v[0] != 2 && !(v[0] < 6 && v[0] > 2 && v[2] == 4) && !(v[0] == 6 && v[2] == 9))
    });
    let d = ratio(&s, &[Phase::PORE], 2, Plates);
    assert!((d - 1.0 / 8.0).abs() < 1e-9, "{d}");
}

#[test]
fn tolerances_bound_the_error() {
    let s = gyroid(48, 0.0);
    for ends in [Plates, Periodic] {
        let exact = along(&s, &[Phase::PORE], 1, ends, 1e-13).unwrap().ratio;
        for tolerance in [1e-2, 1e-4, 1e-6, 1e-8] {
            let d = along(&s, &[Phase::PORE], 1, ends, tolerance).unwrap();
            let off = d.ratio / exact - 1.0;
            assert!(
                (-1e-12..=tolerance).contains(&off),
                "{tolerance}: {off:e}, {} cycles",
                d.cycles
            );
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let s = gyroid(40, 0.3);
    let of = |threads| {
        par::with_threads(threads, || {
            [Plates, Periodic]
                .map(|e| along(&s, &[Phase::PORE], 0, e, 1e-8).unwrap().ratio.to_bits())
        })
    };
    let one = of(1);
    assert_eq!(one, of(2));
    assert_eq!(one, of(3));
}

/// One period of `pore(x, y, z)`, coordinates from 0 to 1: shares of 8³ points a voxel, open parts
/// of faces of 16² points.
fn shared(n: usize, pore: impl Fn([f64; 3]) -> bool) -> Structure {
    let at = |i: usize| [i % n, i / n % n, i / (n * n)].map(|i| i as f64);
    let (fine, flat) = (8, 16);
    let place = |i: usize, of: usize| (i as f64 + 0.5) / of as f64;
    let volume = |v: usize| {
        let inside = |q: &usize| {
            let off = [q % fine, q / fine % fine, q / (fine * fine)].map(|i| place(i, fine));
            let v = at(v);
            pore([0, 1, 2].map(|a| (v[a] + off[a]) / n as f64))
        };
        (0..fine.pow(3)).filter(inside).count() as f64 / fine.pow(3) as f64
    };
    let face = |v: usize, axis: usize| {
        let inside = |q: &usize| {
            let mut x = at(v);
            x[(axis + 1) % 3] += place(q % flat, flat);
            x[(axis + 2) % 3] += place(q / flat, flat);
            pore(x.map(|x| x / n as f64))
        };
        (0..flat * flat).filter(inside).count() as f64 / (flat * flat) as f64
    };
    let all = 0..n * n * n;
    let partial = Partial {
        pore: all.clone().map(|v| share(volume(v))).collect(),
        aperture: [0, 1, 2].map(|a| all.clone().map(|v| share(face(v, a))).collect()),
    };
    let phase = partial.pore.iter().map(|p| u8::from(*p == 0)).collect();
    Structure { n: [n; 3], h: [1e-5; 3], phase, partial: Some(partial) }
}

/// D_eff/D of the endless gyroid at the levels 0 and 0.6: the limits of [`GYROIDS`] up to 128 voxels
/// a period, quadratic in the width of a voxel. Straight lines put them 0.25 % and 0.13 % lower.
#[test]
fn open_parts_of_faces_resolve_a_gyroid_on_few_voxels() {
    for (level, limit) in [(0.0, 0.3330584674837246), (0.6, 0.5471586216849007)] {
        for (n, within) in [(16, 1e-2), (32, 2.5e-3)] {
            let s = shared(n, |x| {
                let [x, y, z] = x.map(|x| (TAU * x).sin_cos());
                x.0 * y.1 + y.0 * z.1 + z.0 * x.1 < level
            });
            let d = ratio(&s, &[Phase::PORE], 0, Periodic);
            assert!((d / limit - 1.0).abs() < within, "{level} {n}: {d} not {limit}");
        }
    }
}

/// Cubic arrays of spheres, share of the spheres, their conductivity, and the effective one: a
/// multipole expansion (validation v17), good to the digits given.
const SPHERES: [(f64, f64, f64); 6] = [
    (0.1, 0.0, 0.85711190),
    (0.2, 0.0, 0.72670304),
    (0.4, 0.0, 0.49011),
    (0.2, 0.1, 0.76279802),
    (0.4, 0.1, 0.554625),
    (0.2, 10.0, 1.5317239),
];

/// With solids that solutes enter the parts of a face lie side by side, which is of first order: there
/// the limit of two grids is compared.
#[test]
fn arrays_of_spheres_tend_to_the_series() {
    for (solid, conductivity, exact) in SPHERES {
        let radius = (0.75 * solid / std::f64::consts::PI).cbrt();
        let off = |n: usize| {
            let s =
                shared(n, |x| x.iter().map(|x| (x - 0.5).powi(2)).sum::<f64>() > radius * radius);
            assert!((s.porosity() - (1.0 - solid)).abs() < 2e-3);
            ratio(&s, &[Phase::PORE, phase(conductivity)], 2, Periodic) / exact - 1.0
        };
        let (coarse, fine) = (off(24), off(48));
        println!("{solid} {conductivity}: {coarse:.5} {fine:.5}");
        let limit = if conductivity == 0.0 { fine } else { 2.0 * fine - coarse };
        let within = if conductivity == 0.0 { 1e-3 } else { 3e-3 };
        assert!(limit.abs() < within, "{solid} {conductivity}: {coarse} {fine}");
        assert!(fine.abs() < coarse.abs() || fine.abs() < 5e-4, "{solid} {conductivity}: {coarse}");
    }
}

/// D_eff/D around solid spheres in a simple cubic array, after Rayleigh (Phil. Mag. 34 (1892) 481) with
/// the lattice sum 1.3047 (McPhedran and McKenzie, Proc. R. Soc. A 359 (1978) 45); higher orders are
/// below 1e-3 here. On whole voxels the bar must hold it.
#[test]
fn the_error_bar_of_an_extrapolation_holds_the_limit() {
    const N: usize = 32;
    for radius in [10.0, 12.0] {
        let solid = |i: usize| {
            let at = [i % N, i / N % N, i / N / N].map(|x| x as f64 + 0.5 - N as f64 / 2.0);
            at.iter().map(|x| x * x).sum::<f64>() < radius * radius
        };
        let s = Structure::binary([N; 3], [1e-5; 3], (0..N * N * N).map(|i| !solid(i)));
        let ratio = |s: &Structure| {
            let phases = [Phase::PORE, Phase::IMPERMEABLE];
            along(s, &phases, 0, Ends::Periodic, 1e-8).unwrap().ratio
        };
        let [half, quarter] = coarser(&s).unwrap();
        let (limit, bar) = extrapolate([ratio(&quarter), ratio(&half), ratio(&s)]);
        let share = 4.0 / 3.0 * std::f64::consts::PI * (radius / N as f64).powi(3);
        let theory = 1.0 - 3.0 * share / (2.0 + share - 0.75 * 1.3047 * share.powf(10.0 / 3.0));
        assert!((limit - theory).abs() < bar + 1e-3, "{radius}: {limit} ± {bar}, not {theory}");
    }
}
