//! Shapes by formula: bodies that regions are made of, gyroids and packed spheres.

use std::f64::consts::{PI, TAU};

use crate::ground::grid::Grid;

/// A body in the box; lengths in metres from the corner of the box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// A box with sides along the axes.
    Box {
        /// Corner with the smallest coordinates; belongs to the box.
        from: [f64; 3],
        /// Corner with the largest coordinates; does not belong to it.
        to: [f64; 3],
    },
    /// All points between two planes across an axis.
    Layer {
        /// 0 x, 1 y, 2 z.
        axis: usize,
        /// First plane; belongs to the layer.
        from: f64,
        /// Second plane; does not belong to it, so that layers can adjoin.
        to: f64,
    },
    /// A ball.
    Sphere {
        /// Centre.
        centre: [f64; 3],
        /// Radius.
        radius: f64,
    },
    /// An endless cylinder along an axis.
    Cylinder {
        /// 0 x, 1 y, 2 z.
        axis: usize,
        /// A point of its axis; the coordinate along `axis` is not used.
        centre: [f64; 3],
        /// Radius.
        radius: f64,
    },
}

impl Shape {
    /// True where `point` lies in the body. A voxel belongs to a region when its centre does.
    pub fn contains(&self, point: [f64; 3]) -> bool {
        match *self {
            Shape::Box { from, to } => (0..3).all(|a| from[a] <= point[a] && point[a] < to[a]),
            Shape::Layer { axis, from, to } => from <= point[axis] && point[axis] < to,
            Shape::Sphere { centre, radius } => distance2(point, centre, None) <= radius * radius,
            Shape::Cylinder { axis, centre, radius } => {
                distance2(point, centre, Some(axis)) <= radius * radius
            }
        }
    }

    /// The voxels of `grid` whose centre lies in the body.
    pub fn voxels(&self, grid: &Grid) -> Vec<bool> {
        (0..grid.len()).map(|i| self.contains(grid.centre(i))).collect()
    }
}

/// Square of the distance between two points, without the axis `except`.
fn distance2(a: [f64; 3], b: [f64; 3], except: Option<usize>) -> f64 {
    (0..3).filter(|&i| Some(i) != except).map(|i| (a[i] - b[i]) * (a[i] - b[i])).sum()
}

/// Which part of a gyroid is solid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gyroid {
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
pub fn gyroid(grid: &Grid, kind: Gyroid, period: f64, porosity: f64) -> Vec<bool> {
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

/// Where the spheres of a cubic cell stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lattice {
    /// One sphere a cell.
    SimpleCubic,
    /// Two.
    BodyCentred,
    /// Four.
    FaceCentred,
}

impl Lattice {
    /// Centres in a cell of edge 1; one stands in its middle.
    pub fn centres(self) -> &'static [[f64; 3]] {
        match self {
            Lattice::SimpleCubic => &[[0.5; 3]],
            Lattice::BodyCentred => &[[0.5; 3], [0.0; 3]],
            Lattice::FaceCentred => {
                &[[0.5, 0.5, 0.5], [0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.5]]
            }
        }
    }
}

/// The voxels whose centre lies in a sphere of a regular packing with cubic cells of edge
/// `period`, the first of which begins at the corner of the box. Axes that the grid does not have
/// pass through the middle of a cell.
pub fn spheres(grid: &Grid, lattice: Lattice, period: f64, radius: f64) -> Vec<bool> {
    let reach2 = (radius / period) * (radius / period);
    // Spheres that reach across the sides of their cell have images on both.
    let apart = |x: f64, centre: f64| {
        let d = (x - centre).rem_euclid(1.0);
        d.min(1.0 - d)
    };
    let inside = |i: usize| {
        let c = grid.centre(i);
        let at: [f64; 3] =
            std::array::from_fn(|a| if a < grid.dimensions { c[a] / period } else { 0.5 });
        let near = |centre: &[f64; 3]| {
            (0..3).map(|a| apart(at[a], centre[a]).powi(2)).sum::<f64>() <= reach2
        };
        lattice.centres().iter().any(near)
    };
    (0..grid.len()).map(inside).collect()
}

/// The level t below which the gyroid function lies in the fraction `porosity` of a period.
///
/// Along X the function is R sin(X + δ) + C, so the fraction below a level is an arcsine; only
/// Y and Z are sampled.
pub fn gyroid_level(porosity: f64) -> f64 {
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
