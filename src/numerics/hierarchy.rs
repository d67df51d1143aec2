//! Grids from fine to coarse, and the conductances on each.
//!
//! Voxels merge in pairs along an axis; an odd last voxel stands alone. Only axes whose
//! coupling D/h² is at least 0.3 of the strongest merge, so anisotropic grids become isotropic
//! first. Coarse faces carry the sum of the fine ones, times the ratio of the distances between
//! centres: quantities are sums over fine voxels, transfers are piecewise constant and each
//! other's transpose, so the cycle stays symmetric.

use std::sync::Arc;

use super::stencil::{Faces, Real};
use crate::ground::grid::{Face, Grid};
use crate::ground::par;

/// Most unknowns of the coarsest grid.
const COARSEST: usize = 100;

/// A shape of diffusivity on all grids; solutes in the same structure share it.
#[derive(Clone, Debug)]
pub struct Hierarchy {
    /// Fine conductances in double precision: the equation itself.
    pub fine: Faces<f64>,
    /// Conductances of every level in single precision, finest first: the preconditioner.
    pub levels: Vec<Faces<f32>>,
    /// Grid of each level and the widths, in fine voxels, of its outermost voxels by face.
    pub shapes: Vec<([usize; 3], [f64; 6])>,
    /// Relative diffusivity, a value a voxel.
    pub relative: Arc<Vec<f64>>,
    /// Factors along x, y, z.
    pub axis: [f64; 3],
    /// Largest fine conductance along x, y, z.
    pub largest: [f64; 3],
}

impl Hierarchy {
    /// Grids for a relative diffusivity (0 in voxels that are not solved).
    pub fn new(grid: &Grid, relative: Arc<Vec<f64>>, axis: [f64; 3]) -> Hierarchy {
        let fine = Faces::harmonic(grid, &relative, axis);
        let mut widths: [Vec<f64>; 3] = std::array::from_fn(|a| vec![1.0; grid.n[a]]);
        let mut shapes = vec![(grid.n, outer(&widths))];
        let mut levels = vec![fine.single()];
        loop {
            let last = &levels[levels.len() - 1];
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
            let next = coarsen(last, merge, &widths, &coarse);
            widths = coarse;
            shapes.push((next.n, outer(&widths)));
            levels.push(next);
        }
        let most = |t: &[f64]| t.iter().fold(0.0_f64, |m, &t| m.max(t));
        let largest = [most(&fine.x), most(&fine.y), most(&fine.z)];
        Hierarchy { fine, levels, shapes, relative, axis, largest }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        let single: usize =
            self.levels.iter().map(|l| 4 * (l.x.len() + l.y.len() + l.z.len())).sum();
        single + 8 * (self.fine.x.len() + self.fine.y.len() + self.fine.z.len())
    }
}

/// Widths of the outermost voxels by face.
fn outer(widths: &[Vec<f64>; 3]) -> [f64; 6] {
    Face::ALL.map(|f| {
        let w = &widths[f.axis];
        if f.end { w[w.len() - 1] } else { w[0] }
    })
}

/// Which axes merge between two grids.
pub fn merged(fine: [usize; 3], coarse: [usize; 3]) -> [bool; 3] {
    std::array::from_fn(|a| fine[a] != coarse[a])
}

/// Fine indices of a coarse one along an axis.
pub fn children(i: usize, merge: bool, fine: usize) -> std::ops::Range<usize> {
    if merge { 2 * i..(2 * i + 2).min(fine) } else { i..i + 1 }
}

fn coarsen(
    fine: &Faces<f32>,
    merge: [bool; 3],
    widths: &[Vec<f64>; 3],
    coarse: &[Vec<f64>; 3],
) -> Faces<f32> {
    let n = fine.n;
    let m: [usize; 3] = std::array::from_fn(|a| coarse[a].len());
    // Ratio of distances across the coarse face before coarse voxel `i` (> 0), and its fine face.
    let ratio = |a: usize, i: usize| {
        let f = if merge[a] { 2 * i } else { i };
        let near = 0.5 * (widths[a][f - 1] + widths[a][f]);
        let far = 0.5 * (coarse[a][i - 1] + coarse[a][i]);
        (f, (near / far) as f32)
    };
    let mut x = vec![0.0; (m[0] + 1) * m[1] * m[2]];
    let mut y = vec![0.0; m[0] * (m[1] + 1) * m[2]];
    let mut z = vec![0.0; m[0] * m[1] * (m[2] + 1)];
    par::planes((m[0] + 1) * m[1], &mut x, |k, p| {
        for j in 0..m[1] {
            for i in 1..m[0] {
                let (f, r) = ratio(0, i);
                let mut s = 0.0;
                for kk in children(k, merge[2], n[2]) {
                    for jj in children(j, merge[1], n[1]) {
                        s += fine.x[(kk * n[1] + jj) * (n[0] + 1) + f];
                    }
                }
                p[j * (m[0] + 1) + i] = s * r;
            }
        }
    });
    par::planes(m[0] * (m[1] + 1), &mut y, |k, p| {
        for j in 1..m[1] {
            let (f, r) = ratio(1, j);
            for i in 0..m[0] {
                let mut s = 0.0;
                for kk in children(k, merge[2], n[2]) {
                    for ii in children(i, merge[0], n[0]) {
                        s += fine.y[(kk * (n[1] + 1) + f) * n[0] + ii];
                    }
                }
                p[j * m[0] + i] = s * r;
            }
        }
    });
    par::planes(m[0] * m[1], &mut z, |k, p| {
        if k == 0 || k == m[2] {
            return;
        }
        let (f, r) = ratio(2, k);
        for j in 0..m[1] {
            for i in 0..m[0] {
                let mut s = 0.0;
                for jj in children(j, merge[1], n[1]) {
                    for ii in children(i, merge[0], n[0]) {
                        s += fine.z[(f * n[1] + jj) * n[0] + ii];
                    }
                }
                p[j * m[0] + i] = s * r;
            }
        }
    });
    Faces { n: m, x, y, z, uniform: None }
}

/// Sums fine values into coarse voxels.
pub fn restrict<T: Real>(nf: [usize; 3], fine: &[T], nc: [usize; 3], coarse: &mut [T]) {
    let merge = merged(nf, nc);
    par::planes(nc[0] * nc[1], coarse, |k, p| {
        for j in 0..nc[1] {
            let out = &mut p[j * nc[0]..][..nc[0]];
            out.fill(T::ZERO);
            for kk in children(k, merge[2], nf[2]) {
                for jj in children(j, merge[1], nf[1]) {
                    let row = &fine[(kk * nf[1] + jj) * nf[0]..][..nf[0]];
                    if merge[0] {
                        let pairs = row.chunks_exact(2);
                        let odd = pairs.remainder();
                        for (o, w) in out.iter_mut().zip(pairs) {
                            *o += w[0] + w[1];
                        }
                        if let [last] = odd {
                            out[nc[0] - 1] += *last;
                        }
                    } else {
                        for (o, v) in out.iter_mut().zip(row) {
                            *o += *v;
                        }
                    }
                }
            }
        }
    });
}

/// Adds coarse values to their fine voxels.
pub fn prolong<T: Real>(nc: [usize; 3], coarse: &[T], nf: [usize; 3], fine: &mut [T]) {
    let merge = merged(nf, nc);
    let at = |f: usize, m: bool| if m { f / 2 } else { f };
    par::planes(nf[0] * nf[1], fine, |k, p| {
        for j in 0..nf[1] {
            let row = &mut p[j * nf[0]..][..nf[0]];
            let from = &coarse[(at(k, merge[2]) * nc[1] + at(j, merge[1])) * nc[0]..][..nc[0]];
            if merge[0] {
                let mut pairs = row.chunks_exact_mut(2);
                for (pair, v) in pairs.by_ref().zip(from) {
                    pair[0] += *v;
                    pair[1] += *v;
                }
                if let ([last], Some(v)) = (pairs.into_remainder(), from.last()) {
                    *last += *v;
                }
            } else {
                for (f, v) in row.iter_mut().zip(from) {
                    *f += *v;
                }
            }
        }
    });
}
