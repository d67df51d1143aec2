//! Measures of structures against theory, the definition, SciPy 1.17 and PoreSpy 3.2.

use std::f64::consts::{PI, SQRT_2};

use blastema::geometry::measure::distance::distances;
use blastema::geometry::measure::thickness::thickness;
use blastema::geometry::measure::throat::throat;
use blastema::geometry::measure::{Measured, What, measure};
use blastema::geometry::shapes::{Lattice, spheres};
use blastema::geometry::structure::{Partial, Structure, share};
use blastema::ground::grid::Grid;
use blastema::ground::par::with_threads;

/// Edge of the voxels, m.
const H: f64 = 2e-6;

fn structure(n: [usize; 3], pore: impl Fn([f64; 3]) -> bool) -> Structure {
    let at = |i: usize| [i % n[0], i / n[0] % n[1], i / n[0] / n[1]].map(|i| i as f64 + 0.5);
    Structure::binary(n, [H; 3], (0..n[0] * n[1] * n[2]).map(|i| pore(at(i))))
}

fn all(s: &Structure) -> Measured {
    measure(s, &What::default(), &mut |_, _| ()).expect("voxels")
}

/// Only the sizes of one phase.
fn only(s: &Structure, pores: bool) -> Measured {
    let what = What { connected: false, sizes: [pores, !pores], throats: false, diffusivity: None };
    measure(s, &what, &mut |_, _| ()).expect("voxels")
}

fn grid(n: usize) -> Grid {
    Grid::cuboid([n; 3], [H; 3])
}

#[track_caller]
fn near(found: f64, right: f64, part: f64) {
    assert!((found - right).abs() <= part * right.abs(), "{found} for {right}");
}

/// Numbers from 0 to 1 of Knuth's MMIX generator.
fn noise(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    }
}

/// Solid balls of radius 4 to 9 anywhere in a cube of `n` voxels.
fn blobs(n: usize, count: usize) -> Structure {
    let mut next = noise(20261129);
    let size = n as f64;
    let balls: Vec<([f64; 3], f64)> = (0..count)
        .map(|_| {
            let centre = [next() * size, next() * size, next() * size];
            (centre, 4.0 + 5.0 * next())
        })
        .collect();
    let apart2 = |x: [f64; 3], c: [f64; 3]| (0..3).map(|a| (x[a] - c[a]).powi(2)).sum::<f64>();
    structure([n; 3], |x| balls.iter().all(|(c, r)| apart2(x, *c) > r * r))
}

// ---------------------------------------------------------------------------- shares, pieces

/// Two channels along x, one closed in the middle, and a bubble.
#[test]
fn pieces_are_open_closed_or_across() {
    let s = structure([10, 10, 10], |[x, y, z]| {
        let channel = y < 2.0 && z < 3.0;
        let blind = y > 8.0 && z > 8.0 && (x - 5.0).abs() > 1.0;
        let bubble = (x - 5.0).abs() < 1.0 && (y - 5.0).abs() < 1.0 && (z - 5.0).abs() < 1.0;
        channel || blind || bubble
    });
    let m = all(&s);
    let (channel, blind, bubble) = (60.0, 32.0, 8.0);
    near(m.porosity, (channel + blind + bubble) / 1000.0, 1e-12);
    near(m.open_porosity.expect("asked"), (channel + blind) / 1000.0, 1e-12);
    near(m.closed_porosity.expect("asked"), bubble / 1000.0, 1e-12);
    let pores = m.pore_pieces.expect("asked");
    assert_eq!(pores.count, 4);
    near(pores.largest, channel / 100.0, 1e-12);
    near(pores.across[0], channel / 100.0, 1e-12);
    assert_eq!(pores.across[1..], [0.0, 0.0]);
    let solid = m.solid_pieces.expect("asked");
    assert_eq!((solid.count, solid.largest, solid.across), (1, 1.0, [1.0; 3]));
    near(m.phases[1], 0.9, 1e-12);
    // Of 100 voxels 6 are the channel, 4 the blind one or the bubble.
    near(m.profiles[0][4], 0.06 + 0.04, 1e-12);
    near(m.profiles[0][3], 0.06 + 0.04, 1e-12);
    near(m.profiles[2][0], 0.2, 1e-12);
    assert_eq!(m.profiles[1][3], 0.0);
}

/// Shares count as they are; a voxel is pore from one half on.
#[test]
fn shares_give_porosity_and_profiles() {
    let mut s = structure([4, 3, 2], |_| true);
    let pore = (0..24).map(|i| share([1.0, 0.6, 0.2, 0.0][i % 4])).collect();
    s.partial = Some(Partial { pore, aperture: Default::default() });
    let m = all(&s);
    near(m.porosity, 0.45, 1e-9);
    near(m.profiles[0][1], 0.6, 1e-9);
    near(m.profiles[0][2], 0.2, 1e-9);
    near(m.profiles[1][1], 0.45, 1e-9);
    near(m.profiles[2][1], 0.45, 1e-9);
    assert_eq!(m.phases, [m.porosity, 1.0 - m.porosity]);
    // One change, of two columns each, a row.
    assert_eq!(m.chords, [Some([4.0 * H, 4.0 * H]), None, None]);
}

/// Walls of 3 voxels in gaps of 5 across x.
#[test]
fn chords_of_walls() {
    let m = all(&structure([80, 6, 7], |x| x[0] % 8.0 < 5.0));
    // 19 changes in 80 voxels: 9.5 chords of each kind.
    assert_eq!(m.chords[1..], [None, None]);
    let [pore, solid] = m.chords[0].expect("changes");
    near(pore, 50.0 / 9.5 * H, 1e-12);
    near(solid, 30.0 / 9.5 * H, 1e-12);
}

/// The mean chord of a ball is 4r/3 along any line (Cauchy).
#[test]
fn chords_of_balls() {
    let (g, r, period) = (grid(161), 14.3, 40.3);
    let balls = spheres(&g, Lattice::BodyCentred, period * H, r * H);
    let m = all(&Structure::binary(g.n, g.h, balls.into_iter()));
    for axis in 0..3 {
        near(m.chords[axis].expect("changes")[0], 4.0 / 3.0 * r * H, 0.01);
    }
    let part = 8.0 / 3.0 * PI * (r / period).powi(3);
    near(m.porosity, part, 0.01);
    let surface = 8.0 * PI * r * r / period.powi(3) / H;
    near(m.surface, surface, 0.01);
    near(m.surface_of_solid.expect("solid"), surface / (1.0 - part), 0.015);
    near(m.kozeny_carman.expect("a surface"), part.powi(3) / 5.0 / surface.powi(2), 0.05);
}

// ---------------------------------------------------------------------------- sizes

/// An odd gap has a voxel in its middle: the ball from solid centre to solid centre is one voxel
/// wider than the gap; in an even one it is as wide.
#[test]
fn gaps_between_walls() {
    for (gap, diameter) in [(5, 6.0), (8, 8.0), (21, 22.0)] {
        let wall = gap as f64 + 4.0;
        let s = structure([2 * gap + 12, 40, 40], |x| x[0] % wall > 4.0);
        let m = all(&s);
        let sizes = m.pores.expect("pores");
        assert_eq!(
            (sizes.d10, sizes.median, sizes.d90),
            (diameter * H, diameter * H, diameter * H)
        );
        near(sizes.mean, diameter * H, 1e-9);
        assert!(sizes.deviation < 1e-9 * H);
        assert_eq!(m.throats, [None, Some(diameter * H), Some(diameter * H)]);
    }
}

/// Rods are found within one voxel, balls within 1.7: the corners of their voxels lie in smaller
/// balls, and the middle of a ball is no centre of a voxel.
#[test]
fn cylinders_and_balls_are_as_wide_as_they_are() {
    for diameter in [9.0, 16.0, 24.6] {
        let n = diameter as usize + 12;
        let c = n as f64 / 2.0 + 0.17;
        let rod = structure([n, 20, n], |x| (x[0] - c).hypot(x[2] - c) > diameter / 2.0);
        let found = only(&rod, false).struts.expect("a rod");
        assert!((found.mean - diameter * H).abs() < H, "{diameter}: {found:?}");
        assert!((found.median - diameter * H).abs() < H, "{diameter}: {found:?}");
    }
    let g = grid(80);
    for lattice in [Lattice::SimpleCubic, Lattice::FaceCentred] {
        for diameter in [12.3, 20.0] {
            let balls = spheres(&g, lattice, 40.3 * H, diameter / 2.0 * H);
            let s = Structure::binary(g.n, g.h, balls.into_iter());
            let found = only(&s, true).pores.expect("balls");
            assert!((found.mean - diameter * H).abs() < 1.7 * H, "{diameter}: {found:?}");
            assert!((found.median - diameter * H).abs() < 1.6 * H, "{diameter}: {found:?}");
        }
    }
}

/// Every voxel of a small noisy structure, from the definition: the widest ball that holds it.
#[test]
fn thickness_is_that_of_the_definition_within_a_band() {
    for h in [[1.0; 3], [1.0, 1.5, 2.3]] {
        let s = Structure { h, ..blobs(26, 8) };
        let n = s.n;
        let d = distances(n, h, |v| s.phase[v] == 0);
        let t = thickness(n, h, &d, &mut |_| ()).expect("walls");
        let at = |i: usize| [i % n[0], i / n[0] % n[1], i / n[0] / n[1]];
        assert!((0.3..0.8).contains(&s.porosity()), "{}", s.porosity());
        let centres: Vec<_> = (0..s.len()).filter(|v| d.squared[*v] > 0.0).collect();
        for v in 0..s.len() {
            let holds = |q: &usize| {
                let apart = |a: usize| (at(v)[a] as f64 - at(*q)[a] as f64) * h[a];
                (0..3).map(|a| apart(a).powi(2)).sum::<f64>() < f64::from(d.squared[*q]) - 1e-5
            };
            let widest =
                centres.iter().filter(|q| holds(q)).map(|q| d.squared[*q]).fold(0.0, f32::max);
            if s.phase[v] == 0 {
                let (own, right) =
                    (t.diameters[usize::from(t.band[v])], 2.0 * f64::from(widest).sqrt());
                assert!(
                    (own - right).abs() < 1.0_f64.max(0.0625 * right),
                    "{v}: {own} for {right}"
                );
            } else {
                assert_eq!(t.band[v], 127);
            }
        }
    }
}

/// PoreSpy 3.2.0, `local_thickness(im, method="dt")`, on the same blobs: the mean, and the part of
/// the volume that is at least as wide as each whole radius from 2 on. It rounds the radii of all
/// balls down, on average by half a voxel, so that its sizes are less. Moments without rounding:
/// painting all balls in NumPy. SciPy 1.17: the distances, the pieces, and the throats by labelling
/// at each distance.
#[test]
fn blobs_are_as_in_porespy_and_scipy() {
    let s = blobs(64, 80);
    let d = [0, 1].map(|phase| distances(s.n, [1.0; 3], |v| s.phase[v] == phase));
    let sums = d.each_ref().map(|d| d.squared.iter().map(|d| f64::from(*d)).sum::<f64>());
    assert_eq!((0..s.len()).filter(|v| s.open(*v)).count(), 186_269);
    assert_eq!(sums, [4_393_230.0, 610_552.0]);
    let throats = [0, 1, 2].map(|axis| throat(s.n, &d[0], axis));
    assert_eq!(throats, [74.0, 61.0, 59.0].map(|d2: f64| Some(2.0 * d2.sqrt())));
    assert_eq!([0, 1, 2].map(|axis| throat(s.n, &d[1], axis)), [None; 3]);

    let porespy: [&[f64]; 2] = [
        &[0.9858, 0.9658, 0.9353, 0.8941, 0.8195, 0.7493, 0.6544],
        &[0.994, 0.9779, 0.9565, 0.8555, 0.7522, 0.5079, 0.2025],
    ];
    let moments = [(19.1777, 7.2862, 18.547), (13.7035, 2.4129, 14.0)];
    for phase in 0..2 {
        let t = thickness(s.n, [1.0; 3], &d[phase], &mut |_| ()).expect("both phases");
        let total = t.counts.iter().sum::<u64>() as f64;
        for (i, right) in porespy[phase].iter().enumerate() {
            let wide =
                t.diameters.iter().zip(&t.counts).filter(|(d, _)| **d >= 2.0 * (i + 2) as f64);
            let part = wide.map(|(_, c)| *c).sum::<u64>() as f64 / total;
            assert!((0.0..0.06).contains(&(part - right)), "{phase} {i}: {part} for {right}");
        }
        let (mean, deviation, median) = moments[phase];
        let sizes = t.sizes().expect("both phases");
        near(sizes.mean, mean, 0.01);
        near(sizes.mean, [18.0753, 12.4929][phase] + 1.0, 0.02);
        near(sizes.deviation, deviation, 0.02);
        near(sizes.median, median, 0.03);
    }
    let m = all(&s);
    let [pores, solid] = [m.pore_pieces, m.solid_pieces].map(|p| p.expect("asked"));
    assert_eq!((pores.count, solid.count), (6, 19));
    near(pores.largest, 0.9999570513612034, 1e-12);
    near(solid.largest, 0.3363031301482702, 1e-12);
}

/// Between four balls on the corners of a square: a diagonal less a diameter. Here the middle lies
/// on the corner of four voxels, so that the centres of voxels are 0.7 voxels away.
#[test]
fn throats_between_balls() {
    for (period, radius) in [(40.0, 16.0), (41.0, 20.3), (60.0, 29.0)] {
        let g = grid((2.0 * period) as usize);
        let balls = spheres(&g, Lattice::SimpleCubic, period * H, radius * H);
        let s = Structure::binary(g.n, g.h, balls.into_iter().map(|ball| !ball));
        let what = What { diffusivity: Some([0.5, 0.25, 0.1]), ..What::default() };
        let m = measure(&s, &what, &mut |_, _| ()).expect("voxels");
        let right = (period * SQRT_2 - 2.0 * radius) * H;
        for axis in 0..3 {
            let found = m.throats[axis].expect("a way");
            assert!((found - right).abs() < 1.5 * H, "{axis}: {found} for {right}");
            let k = found * found * [0.5, 0.25, 0.1][axis] / 226.0;
            near(m.katz_thompson[axis].expect("a way"), k, 1e-12);
        }
    }
}

// ---------------------------------------------------------------------------- all of it

#[test]
fn threads_do_not_change_a_bit() {
    let s = blobs(48, 40);
    let one = with_threads(1, || all(&s));
    assert_eq!(one, with_threads(3, || all(&s)));
}

#[test]
fn structures_of_one_phase_and_of_few_voxels() {
    let m = all(&structure([9, 8, 7], |_| true));
    assert_eq!((m.porosity, m.surface, m.surface_of_solid), (1.0, 0.0, None));
    assert_eq!((m.pores, m.struts, m.throats, m.chords), (None, None, [None; 3], [None; 3]));
    assert_eq!((m.open_porosity, m.closed_porosity), (Some(1.0), Some(0.0)));
    assert_eq!(m.kozeny_carman, None);
    let m = all(&structure([9, 8, 7], |_| false));
    assert_eq!((m.porosity, m.surface_of_solid, m.pores), (0.0, Some(0.0), None));
    assert_eq!(m.pore_pieces.expect("asked").count, 0);
    for n in [[1, 1, 1], [5, 1, 1], [1, 6, 1], [1, 2, 7]] {
        let m = all(&structure(n, |x| x[0] + x[1] + x[2] < 3.0));
        assert!(m.porosity > 0.0 && m.surface.is_finite());
    }
    assert!(measure(&structure([0, 4, 4], |_| true), &What::default(), &mut |_, _| ()).is_none());
}

/// In one layer the pores along the third axis are no way out.
#[test]
fn a_hole_in_one_layer_is_closed() {
    let m = all(&structure([9, 9, 1], |x| (x[0] - 4.5).hypot(x[1] - 4.5) < 2.0));
    assert_eq!(m.closed_porosity, Some(m.porosity));
}
