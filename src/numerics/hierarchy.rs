//! Grids from fine to coarse, and the conductances on each.
//!
//! Voxels merge in pairs along an axis; an odd last voxel stands alone. Only axes whose
//! coupling D/h² is at least 0.3 of the strongest merge, so anisotropic grids become isotropic
//! first. Quantities are sums over fine voxels; what coarse faces conduct, `coarsen` says.

use std::sync::Arc;

use super::coarsen::coarsen;
use super::operator::Operator;
use super::seam::Seam;
use super::stencil::{self, Faces};
use super::transfer::Transfer;
use crate::geometry::components::{self, Components};
use crate::ground::grid::{Face, Grid};

/// Most unknowns of the coarsest grid.
const COARSEST: usize = 100;

/// Conductances on all grids, finest first, and what passes between them: the preconditioner.
#[derive(Clone, Debug)]
pub struct Grids {
    /// Conductances of every level in single precision.
    pub levels: Vec<Operator>,
    /// Faces of the last level.
    pub coarsest: Faces<f32>,
    /// Transfer between each level and the next coarser one.
    pub transfers: Vec<Transfer>,
    /// What periodic axes add on every level.
    pub seams: Vec<Seam>,
    /// Grid of each level and the widths, in fine voxels, of its outermost voxels by face.
    pub shapes: Vec<([usize; 3], [f64; 6])>,
    /// Voxels of each closed-off component of at least two voxels, all but the largest: coarse
    /// voxels reach across the walls around it, so the cycle alone misses its mean.
    pub islands: Vec<Vec<u32>>,
    /// True if all voxels are open and all faces across an axis equal.
    pub even: bool,
}

impl Grids {
    /// Grids of the fine conductances `last`; `strength` is the coupling 1/h² along the axes, for
    /// [`coarsen`] to follow.
    pub fn new(mut last: Faces<f32>, strength: [f64; 3]) -> Grids {
        let even = last.even();
        let mut widths: [Vec<f64>; 3] = std::array::from_fn(|a| vec![1.0; last.n[a]]);
        let mut shapes = vec![(last.n, outer(&widths))];
        let mut levels = vec![Operator::new(&last)];
        let mut transfers = Vec::new();
        let mut seams = Vec::new();
        loop {
            let n = last.n;
            if n.iter().product::<usize>() <= COARSEST {
                break;
            }
            let strength: [f64; 3] = std::array::from_fn(|a| {
                if n[a] > 1 { strength[a] / (widths[a][0] * widths[a][0]) } else { 0.0 }
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
        Grids { levels, coarsest: last, transfers, seams, shapes, islands: Vec::new(), even }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        let single: usize = self.levels.iter().map(Operator::bytes).sum();
        single + self.transfers.iter().map(Transfer::bytes).sum::<usize>()
    }

    /// The same without the finest.
    #[must_use]
    pub fn coarser(&self) -> Grids {
        Grids {
            levels: self.levels[1..].to_vec(),
            coarsest: self.coarsest.clone(),
            transfers: self.transfers[1..].to_vec(),
            seams: self.seams[1..].to_vec(),
            shapes: self.shapes[1..].to_vec(),
            islands: Vec::new(),
            even: self.levels[1].uniform.is_some() && self.even,
        }
    }
}

/// A shape of diffusivity on all grids; solutes in the same structure share it.
#[derive(Clone, Debug)]
pub struct Hierarchy {
    /// Fine conductances in double precision: the equation itself.
    pub fine: Faces<f64>,
    /// All grids in single precision.
    pub grids: Grids,
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
        Hierarchy::of(grid, fine, relative, axis)
    }

    /// The same where `room` is above 0 in all voxels that are solved, whether their relative diffusivity
    /// is 0 or not.
    pub fn within(grid: &Grid, relative: Arc<Vec<f64>>, axis: [f64; 3], room: &[f64]) -> Hierarchy {
        let mut fine = Faces::harmonic(grid, &relative, axis);
        if fine.closed {
            let (least, _) = stencil::range(grid.plane(), &relative, |i, _| room[i] > 0.0);
            // Sweeps over equal faces take what is solved for what is passed.
            fine.uniform = fine.uniform.filter(|_| least > 0.0);
        }
        Hierarchy::of(grid, fine, relative, axis)
    }

    fn of(grid: &Grid, fine: Faces<f64>, relative: Arc<Vec<f64>>, axis: [f64; 3]) -> Hierarchy {
        let strength = std::array::from_fn(|a| axis[a] / (grid.h[a] * grid.h[a]));
        let mut grids = Grids::new(fine.single(), strength);
        if fine.closed {
            let open: Vec<bool> = relative.iter().map(|&r| r > 0.0).collect();
            grids.islands = islands(&components::label(grid, &open));
        }
        let largest = fine.largest();
        let contrast = if fine.even() {
            1.0
        } else {
            let (least, most) = stencil::range(grid.plane(), &relative, |_, r| r > 0.0);
            (most / least).max(1.0)
        };
        Hierarchy { fine, grids, relative, axis, largest, contrast }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.grids.bytes() + 8 * self.fine.arrays.iter().map(Vec::len).sum::<usize>()
    }
}

/// See [`Grids::islands`].
pub fn islands(found: &Components) -> Vec<Vec<u32>> {
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
