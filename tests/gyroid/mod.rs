//! The gyroid by code apart from the program's: levels by arcsines along lines, voxels by their
//! centres.

use std::f64::consts::{PI, TAU};

use blastema::ground::grid::Grid;

/// Which part of a gyroid is solid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Gyroid {
    /// One side of the surface; the pores are the other.
    Network,
    /// A wall along the surface, with two pore spaces that do not meet.
    Sheet,
}

/// Pores of a gyroid: with f = sin X cos Y + sin Y cos Z + sin Z cos X at the voxel centre,
/// X = 2πx/period, f < t in a network and |f| > t beside a sheet, with the level t at which the
/// pores of a whole period fill the fraction `porosity`.
///
/// Schoen, NASA TN D-5541 (1970); level set of von Schnering and Nesper, Z. Phys. B 83 (1991)
/// 407. Below a porosity of about 0.04 the pores, above 0.96 the solid of a network fall apart;
/// the pores of a sheet do below 0.08.
pub(crate) fn gyroid(grid: &Grid, kind: Gyroid, period: f64, porosity: f64) -> Vec<bool> {
    let level = gyroid_level(match kind {
        Gyroid::Network => porosity,
        // f and −f are alike, so half of the pores lie above t.
        Gyroid::Sheet => 1.0 - 0.5 * porosity,
    });
    let waves: [Vec<(f64, f64)>; 3] = std::array::from_fn(|a| {
        (0..grid.n[a]).map(|i| (TAU * (i as f64 + 0.5) * grid.h[a] / period).sin_cos()).collect()
    });
    let mut pores = Vec::with_capacity(grid.len());
    for &(sin_z, cos_z) in &waves[2] {
        for &(sin_y, cos_y) in &waves[1] {
            for &(sin_x, cos_x) in &waves[0] {
                let f = sin_x * cos_y + sin_y * cos_z + sin_z * cos_x;
                pores.push(if kind == Gyroid::Sheet { f.abs() > level } else { f < level });
            }
        }
    }
    pores
}

/// The level t below which the gyroid function lies in the fraction `porosity` of a period.
///
/// Along X the function is R sin(X + δ) + C, so the fraction below a level is an arcsine; only
/// Y and Z are sampled.
pub(crate) fn gyroid_level(porosity: f64) -> f64 {
    const SAMPLES: usize = 128;
    let mut lines = Vec::with_capacity(SAMPLES * SAMPLES);
    for j in 0..SAMPLES {
        let (sin_y, cos_y) = (TAU * (j as f64 + 0.5) / SAMPLES as f64).sin_cos();
        for k in 0..SAMPLES {
            let (sin_z, cos_z) = (TAU * (k as f64 + 0.5) / SAMPLES as f64).sin_cos();
            lines.push((sin_y * cos_z, cos_y.hypot(sin_z)));
        }
    }
    let below = |level: f64| {
        let sum: f64 = lines
            .iter()
            .map(|&(middle, reach)| ((level - middle) / reach).clamp(-1.0, 1.0).asin())
            .sum();
        0.5 + sum / PI / lines.len() as f64
    };
    let (mut low, mut high) = (-1.5, 1.5);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if below(middle) < porosity { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}
