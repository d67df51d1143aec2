//! The area between pore and solid by counting on lines (Crofton).

use std::f64::consts::PI;

use super::field::Field;

/// The 13 directions to the neighbours of a voxel, one of each pair of opposites.
const DIRECTIONS: [[isize; 3]; 13] = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
    [1, 1, 0],
    [1, -1, 0],
    [1, 0, 1],
    [1, 0, -1],
    [0, 1, 1],
    [0, 1, -1],
    [1, 1, 1],
    [1, 1, -1],
    [1, -1, 1],
    [1, -1, -1],
];

/// Points on the sphere that share it out among the directions.
const POINTS: usize = 100_000;

/// Area a volume, 1/m: twice the mean over all directions of the crossings a length of line.
///
/// Legland, Kiêu and Devaux, Image Anal. Stereol. 26 (2007) 83, with 13 directions, each for the
/// part of the sphere that is nearest to it. A partly filled voxel counts for the change of its
/// share. Sides of the box are no surface. Tested: right within 1 % on spheres of a radius of
/// 8 voxels and more (2 % at 4), and on gyroids within 1 % at 64 voxels a period, 2.5 % at 32, 3 %
/// at 16; the worst are planes across an axis, of which 92.7 % are found.
pub(super) fn specific(field: &Field) -> f64 {
    let weights = weights(field.h);
    let mut density = 0.0;
    for (step, weight) in DIRECTIONS.into_iter().zip(weights) {
        let (changes, pairs) = field.pairs(step, u8::abs_diff);
        if pairs > 0 {
            density += weight * changes as f64 / 255.0 / (pairs as f64 * length(step, field.h));
        }
    }
    2.0 * density
}

/// Length of a step, m.
fn length(step: [isize; 3], h: [f64; 3]) -> f64 {
    (0..3).map(|a| (step[a] as f64 * h[a]).powi(2)).sum::<f64>().sqrt()
}

/// Part of all directions that is nearest to each of the 13 on voxels of edges `h`; found at
/// points on a spiral (González, Math. Geosci. 42 (2010) 49), right to 1e-4.
fn weights(h: [f64; 3]) -> [f64; 13] {
    let turn = PI * (3.0 - 5.0_f64.sqrt());
    let units = DIRECTIONS
        .map(|d| -> [f64; 3] { std::array::from_fn(|a| d[a] as f64 * h[a] / length(d, h)) });
    let mut counts = [0_u32; 13];
    for i in 0..POINTS {
        let z = 1.0 - (2 * i + 1) as f64 / POINTS as f64;
        let (sin, cos) = (turn * i as f64).sin_cos();
        let point = [(1.0 - z * z).sqrt() * cos, (1.0 - z * z).sqrt() * sin, z];
        let mut nearest = (0, -1.0);
        for (d, unit) in units.iter().enumerate() {
            let along = (0..3).map(|a| unit[a] * point[a]).sum::<f64>().abs();
            if along > nearest.1 {
                nearest = (d, along);
            }
        }
        counts[nearest.0] += 1;
    }
    counts.map(|c| f64::from(c) / POINTS as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::structure::{Partial, Structure, share};
    use crate::ground::grid::position;

    fn found(s: &Structure) -> f64 {
        specific(&Field::of(s))
    }

    /// Structure with pore where a distance in voxels is negative, with shares along it if asked.
    fn body(n: [usize; 3], h: [f64; 3], f: impl Fn([f64; 3]) -> f64, shares: bool) -> Structure {
        let at = |i: usize| position(n, i).map(|i| i as f64 + 0.5);
        let values: Vec<f64> = (0..n[0] * n[1] * n[2]).map(|i| f(at(i))).collect();
        let mut s = Structure::binary(n, h, values.iter().map(|v| *v < 0.0));
        if shares {
            let pore = values.iter().map(|v| share(0.5 - v)).collect();
            s.partial = Some(Partial { pore, aperture: Default::default() });
        }
        s
    }

    #[track_caller]
    fn near(found: f64, right: f64, part: f64) {
        assert!((found / right - 1.0).abs() < part, "{found} for {right}");
    }

    /// Table of Legland et al. for cubic voxels.
    #[test]
    fn weights_are_those_of_the_paper() {
        let paper = [0.04577789120476, 0.03698062787608, 0.03519563978232].map(|w| 2.0 * w);
        for (d, w) in DIRECTIONS.iter().zip(weights([2e-6; 3])) {
            let kind = d.iter().filter(|d| **d != 0).count() - 1;
            assert!((w - paper[kind]).abs() < 1e-4, "{d:?}: {w}");
        }
    }

    /// Body-centred spheres of 4πr², two a cell, that do not meet; the period is no whole number
    /// of voxels, so that they stand anywhere on the grid.
    #[test]
    fn spheres_have_4_pi_r2() {
        for (r, shares, part) in [
            (4.0, false, 0.02),
            (8.0, false, 0.01),
            (16.0, false, 0.01),
            (4.0, true, 0.01),
            (8.0, true, 0.01),
        ] {
            let period = 3.23 * r;
            let to_centre = |x: [f64; 3], corner: f64| {
                let apart = |x: f64| {
                    let d = (x / period - corner).rem_euclid(1.0);
                    d.min(1.0 - d) * period
                };
                x.iter().map(|x| apart(*x).powi(2)).sum::<f64>().sqrt()
            };
            let n = ((150.0 / period).round() * period).round() as usize;
            let s =
                body([n; 3], [1e-6; 3], |x| r - to_centre(x, 0.0).min(to_centre(x, 0.5)), shares);
            near(found(&s), 8.0 * PI * r * r / period.powi(3) * 1e6, part);
        }
    }

    /// Area of the surfaces in a cubic cell of edge 1: gyroid 3.0915, Schwarz P 2.3451 (Schoen,
    /// NASA TN D-5541 (1970)); their level sets differ by less than a thousandth.
    #[test]
    fn minimal_surfaces_have_their_area() {
        for (voxels, part) in [(16.0, 0.03), (32.0, 0.025), (64.0, 0.01)] {
            let wave = |x: [f64; 3]| x.map(|x| (2.0 * PI * x / voxels).sin_cos());
            let n = [2 * voxels as usize; 3];
            let gyroid = |x| {
                let [(a, b), (c, d), (e, f)] = wave(x);
                a * d + c * f + e * b
            };
            let p = |x| wave(x).iter().map(|w| w.1).sum::<f64>();
            near(found(&body(n, [1e-6; 3], gyroid, false)) * voxels * 1e-6, 3.0915, part);
            near(found(&body(n, [1e-6; 3], p, false)) * voxels * 1e-6, 2.3451, part);
        }
    }

    /// Voxels that are twice as high: the same gyroid.
    #[test]
    fn long_voxels_have_weights_of_their_own() {
        let gyroid = |x: [f64; 3]| {
            let [(a, b), (c, d), (e, f)] =
                [x[0], x[1], 2.0 * x[2]].map(|x| (2.0 * PI * x / 48.0).sin_cos());
            a * d + c * f + e * b
        };
        let s = body([96, 96, 48], [1e-6, 1e-6, 2e-6], gyroid, false);
        near(found(&s) * 48e-6, 3.0915, 0.02);
    }

    /// A plane across an axis, the worst case: 2 Σ w |cos|, from the table of the paper.
    #[test]
    fn planes_across_an_axis_are_7_3_per_cent_short() {
        let s = body([40; 3], [1e-6; 3], |x| x[2] - 20.0, false);
        // One crossing of 39 steps along z; 40 voxels of height.
        near(found(&s) * 39e-6, 0.9266, 0.001);
    }

    /// One layer of voxels goes on for ever: discs of 2πr, one a cell. On average over the normals
    /// of a prism 2 Σ w (2/π) sin ϑ = 0.9806 of the surface are found, from the table of the paper.
    #[test]
    fn a_single_layer_is_a_prism() {
        let disc = |x: [f64; 3]| 10.3 - (x[0] % 31.4 - 15.7).hypot(x[1] % 31.4 - 15.7);
        let s = body([314, 314, 1], [1e-6; 3], disc, false);
        near(found(&s), 0.9806 * 2.0 * PI * 10.3 / (31.4 * 31.4) * 1e6, 0.01);
    }
}
