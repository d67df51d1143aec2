//! Grids from fine to coarse, and the conductances on each.
//!
//! Voxels merge in pairs along an axis; an odd last voxel stands alone. Only axes whose
//! coupling D/h² is at least 0.3 of the strongest merge, so anisotropic grids become isotropic
//! first. Coarse faces carry the sum of the fine ones, times the ratio of the distances between
//! centres: quantities are sums over fine voxels.

use std::sync::Arc;

use super::operator::Operator;
use super::seam::{self, Seam};
use super::stencil::{self, Faces};
use super::transfer::{Transfer, children};
use crate::geometry::components;
use crate::ground::grid::{Face, Grid};
use crate::ground::par;

/// Most unknowns of the coarsest grid.
const COARSEST: usize = 100;

/// Share of the conductance of the faces alone in that of a coarse face; the rest is that of the
/// fine voxels in series, which sees walls inside coarse voxels but not the ways around them.
const OPENNESS: f64 = 0.75;

/// A shape of diffusivity on all grids; solutes in the same structure share it.
#[derive(Clone, Debug)]
pub struct Hierarchy {
    /// Fine conductances in double precision: the equation itself.
    pub fine: Faces<f64>,
    /// Conductances of every level in single precision, finest first: the preconditioner.
    pub levels: Vec<Operator>,
    /// Faces of the last level.
    pub coarsest: Faces<f32>,
    /// Transfer between each level and the next coarser one.
    pub transfers: Vec<Transfer>,
    /// What periodic axes add on every level.
    pub seams: Vec<Seam>,
    /// Voxels of each closed-off component of at least two voxels, all but the largest: coarse
    /// voxels reach across the walls around it, so the cycle alone misses its mean.
    pub islands: Vec<Vec<u32>>,
    /// Grid of each level and the widths, in fine voxels, of its outermost voxels by face.
    pub shapes: Vec<([usize; 3], [f64; 6])>,
    /// Relative diffusivity, a value a voxel.
    pub relative: Arc<Vec<f64>>,
    /// Factors along x, y, z.
    pub axis: [f64; 3],
    /// Largest fine conductance along x, y, z.
    pub largest: [f64; 3],
    /// Largest over smallest relative diffusivity of what is open.
    pub contrast: f64,
}

impl Hierarchy {
    /// Grids for a relative diffusivity (0 in voxels that are not solved).
    pub fn new(grid: &Grid, relative: Arc<Vec<f64>>, axis: [f64; 3]) -> Hierarchy {
        let fine = Faces::harmonic(grid, &relative, axis);
        let mut widths: [Vec<f64>; 3] = std::array::from_fn(|a| vec![1.0; grid.n[a]]);
        let mut shapes = vec![(grid.n, outer(&widths))];
        let mut last = fine.single();
        let mut levels = vec![Operator::new(&last)];
        let mut transfers = Vec::new();
        let mut seams = Vec::new();
        loop {
            let n = last.n;
            if n.iter().product::<usize>() <= COARSEST {
                break;
            }
            let strength: [f64; 3] = std::array::from_fn(|a| {
                let h = grid.h[a] * widths[a][0];
                if n[a] > 1 { axis[a] / (h * h) } else { 0.0 }
            });
            let strongest = strength.iter().fold(0.0_f64, |m, &s| m.max(s));
            let merge: [bool; 3] =
                std::array::from_fn(|a| n[a] > 1 && strength[a] >= 0.3 * strongest);
            let coarse: [Vec<f64>; 3] = std::array::from_fn(|a| {
                if merge[a] {
                    widths[a].chunks(2).map(|w| w.iter().sum()).collect()
                } else {
                    widths[a].clone()
                }
            });
            transfers.push(Transfer::new(&last, merge));
            seams.push(Seam::new(&last, transfers.last()));
            last = coarsen(&last, merge, &widths, &coarse);
            widths = coarse;
            shapes.push((last.n, outer(&widths)));
            levels.push(Operator::new(&last));
        }
        seams.push(Seam::new(&last, None));
        let largest = fine.largest();
        let (least, most) = stencil::range(grid.plane(), &relative, |_, r| r > 0.0);
        let contrast = (most / least).max(1.0);
        let islands = if fine.closed { islands(grid, &relative) } else { Vec::new() };
        Hierarchy {
            fine,
            levels,
            coarsest: last,
            transfers,
            seams,
            islands,
            shapes,
            relative,
            axis,
            largest,
            contrast,
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        let single: usize = self.levels.iter().map(Operator::bytes).sum();
        let transfers: usize = self.transfers.iter().map(Transfer::bytes).sum();
        single + transfers + 8 * self.fine.arrays.iter().map(Vec::len).sum::<usize>()
    }
}

fn islands(grid: &Grid, relative: &[f64]) -> Vec<Vec<u32>> {
    let open: Vec<bool> = relative.iter().map(|&r| r > 0.0).collect();
    let found = components::label(grid, &open);
    let largest = (0..found.count).max_by_key(|&c| (found.sizes[c], std::cmp::Reverse(c)));
    let mut number = vec![usize::MAX; found.count + 1];
    let mut islands: Vec<Vec<u32>> = Vec::new();
    for (c, &size) in found.sizes.iter().enumerate() {
        if size > 1 && Some(c) != largest {
            number[c + 1] = islands.len();
            islands.push(Vec::with_capacity(size));
        }
    }
    for (i, &label) in found.label.iter().enumerate() {
        if let Some(island) = islands.get_mut(number[label as usize]) {
            island.push(i as u32);
        }
    }
    islands
}

/// Widths of the outermost voxels by face.
fn outer(widths: &[Vec<f64>; 3]) -> [f64; 6] {
    Face::ALL.map(|f| {
        let w = &widths[f.axis];
        if f.end { w[w.len() - 1] } else { w[0] }
    })
}

fn coarsen(
    fine: &Faces<f32>,
    merge: [bool; 3],
    widths: &[Vec<f64>; 3],
    coarse: &[Vec<f64>; 3],
) -> Faces<f32> {
    let n = fine.n;
    let m: [usize; 3] = std::array::from_fn(|a| coarse[a].len());
    // Conductance across a coarse face of a column of fine voxels, from those of its faces below, at
    // and above, and from the distances of the fine and the coarse centres.
    let column = |below: Option<f64>, middle: f64, above: Option<f64>, near: f64, far: f64| {
        let half = |t: Option<f64>| match t {
            Some(t) if t > 0.0 => 0.5 / t,
            Some(_) => f64::INFINITY,
            None => 0.0,
        };
        let series = 1.0 / (half(below) + 1.0 / middle + half(above));
        OPENNESS * (middle * near / far) + (1.0 - OPENNESS) * series
    };
    // The face below coarse voxel `c` along axis `a`, which is not a side of the grid.
    let face = |a: usize, c: [usize; 3]| {
        let own = |b: usize| match merge[b] {
            true if a == b => 2 * c[b]..2 * c[b] + 1,
            merge => children(c[b], merge, n[b]),
        };
        let (rows, step) = fine.places(a);
        let last = 2 * c[a] + 1 >= n[a];
        let mut sum = 0.0;
        for k in own(2) {
            for j in own(1) {
                for i in own(0) {
                    let at = k * rows[1] + j * rows[0] + i;
                    let t = |at: usize| f64::from(fine.between(a, at));
                    let middle = t(at);
                    if !merge[a] {
                        sum += middle;
                    } else if middle > 0.0 {
                        let above = if last { None } else { Some(t(at + step)) };
                        let near = 0.5 * (widths[a][2 * c[a] - 1] + widths[a][2 * c[a]]);
                        let far = 0.5 * (coarse[a][c[a] - 1] + coarse[a][c[a]]);
                        sum += column(Some(t(at - step)), middle, above, near, far);
                    }
                }
            }
        }
        sum as f32
    };
    // The seam of a periodic axis, as a face between its last and its first coarse voxel.
    let pairs = seam::coarsen(fine, m, merge, |a, below, middle, above| {
        if !merge[a] {
            return middle;
        }
        let ends = |w: &[f64]| 0.5 * (w[w.len() - 1] + w[0]);
        column(below, middle, above, ends(&widths[a]), ends(&coarse[a]))
    });
    let ends = stencil::ends(&pairs);
    let mut faces =
        Faces { n: m, arrays: Default::default(), uniform: None, closed: fine.closed, pairs, ends };
    if fine.even() && (0..3).all(|a| !merge[a] || n[a].is_multiple_of(2)) {
        let first = |a: usize| [0, 1, 2].map(|b| usize::from(a == b));
        faces.uniform = Some([0, 1, 2].map(|a| if m[a] > 1 { face(a, first(a)) } else { 0.0 }));
        return faces;
    }
    for (a, array) in faces.arrays.iter_mut().enumerate() {
        let mut n = m;
        n[a] += 1;
        array.resize(n.iter().product(), 0.0);
        par::planes(n[0] * n[1], array, |k, p| {
            for (j, row) in p.chunks_exact_mut(n[0]).enumerate() {
                for (i, t) in row.iter_mut().enumerate() {
                    let c = [i, j, k];
                    if c[a] > 0 && c[a] < m[a] {
                        *t = face(a, c);
                    }
                }
            }
        });
    }
    faces.uniform = if fine.closed { None } else { faces.equal() };
    if faces.even() {
        faces.arrays = Default::default();
    }
    faces
}
