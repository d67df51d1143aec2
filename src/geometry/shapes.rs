//! Shapes by formula: bodies that regions are made of, and packed spheres.

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
