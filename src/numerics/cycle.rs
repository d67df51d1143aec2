//! One multigrid V-cycle in single precision: the preconditioner.
//!
//! Smoother: two steps of the fourth-kind Chebyshev iteration on D⁻¹A (Lottes, Numer. Linear
//! Algebra Appl. 30 (2023) e2518) before and after the coarse correction. Gershgorin bounds the
//! spectrum of D⁻¹A by 2 for every M-matrix of this form, so nothing has to be estimated, and
//! no sweep depends on the order of the voxels.

use super::dense::Cholesky;
use super::hierarchy::{Hierarchy, prolong, restrict};
use super::stencil::{Faces, inner};
use super::wall::Wall;
use crate::ground::par;

/// Arrays of the cycle, one set a level; shared by all solves on the same grid.
#[derive(Debug, Default)]
pub struct Workspace {
    levels: Vec<Level>,
    coarsest: Cholesky,
    /// Scratch of the coarsest solve.
    dense: Vec<f64>,
}

#[derive(Debug, Default)]
struct Level {
    /// Diagonal beyond the sum of the conductances.
    extra: Vec<f32>,
    /// Inverse diagonal; 0 where there is no unknown.
    inverse: Vec<f32>,
    /// Right-hand side.
    b: Vec<f32>,
    /// Solution.
    x: Vec<f32>,
    /// Next solution.
    next: Vec<f32>,
    /// Chebyshev direction.
    z: Vec<f32>,
}

/// The matrix d·(faces) + extra on all levels.
pub struct Cycle<'a> {
    hierarchy: &'a Hierarchy,
    d: f32,
    work: &'a mut Workspace,
}

impl<'a> Cycle<'a> {
    /// Prepares all levels for `d·div + extra + wall`; `extra` is the fine diagonal beyond
    /// conductances and wall, per fine voxel.
    pub fn new(
        hierarchy: &'a Hierarchy,
        d: f64,
        extra: &[f32],
        wall: Option<&Wall>,
        work: &'a mut Workspace,
    ) -> Cycle<'a> {
        let d = d as f32;
        work.levels.resize_with(hierarchy.levels.len(), Level::default);
        for (level, faces) in work.levels.iter_mut().zip(&hierarchy.levels) {
            let n = faces.voxels();
            for v in [
                &mut level.extra,
                &mut level.inverse,
                &mut level.b,
                &mut level.x,
                &mut level.next,
                &mut level.z,
            ] {
                v.resize(n, 0.0);
            }
        }
        // Wall conductances change with the level, so they are added after the sums.
        work.levels[0].extra.copy_from_slice(extra);
        for l in 1..hierarchy.levels.len() {
            let (fine, coarse) = work.levels.split_at_mut(l);
            let (nf, nc) = (hierarchy.levels[l - 1].n, hierarchy.levels[l].n);
            restrict(nf, &fine[l - 1].extra, nc, &mut coarse[0].extra);
        }
        for (l, faces) in hierarchy.levels.iter().enumerate() {
            let level = &mut work.levels[l];
            for &(i, g) in wall.map_or(&[][..], |w| &w.levels[l]) {
                level.extra[i as usize] += g as f32;
            }
            let [nx, ny, _] = faces.n;
            let extra = &level.extra;
            par::planes(nx * ny, &mut level.inverse, |k, p| {
                for j in 0..ny {
                    let row = &mut p[j * nx..][..nx];
                    faces.sum_row(j, k, row);
                    let extra = &extra[(k * ny + j) * nx..][..nx];
                    for (v, e) in row.iter_mut().zip(extra) {
                        let diagonal = d * *v + e;
                        *v = if diagonal > 0.0 { 1.0 / diagonal } else { 0.0 };
                    }
                }
            });
        }
        let mut cycle = Cycle { hierarchy, d, work };
        cycle.factor();
        cycle
    }

    fn factor(&mut self) {
        let last = self.hierarchy.levels.len() - 1;
        let faces = &self.hierarchy.levels[last];
        let n = faces.voxels();
        let d = f64::from(self.d);
        let mut full = vec![0.0; n * n];
        for i in 0..n {
            full[i * n + i] += f64::from(self.work.levels[last].extra[i]);
            faces.neighbours(i, |j, t| {
                full[i * n + i] += d * f64::from(t);
                full[i * n + j] -= d * f64::from(t);
            });
        }
        self.work.coarsest.factor(n, |i, j| full[i * n + j]);
        self.work.dense.resize(n, 0.0);
    }

    /// The fine diagonal beyond the conductances, walls included.
    pub fn extra(&self) -> &[f32] {
        &self.work.levels[0].extra
    }

    /// The fine conductances.
    pub fn faces(&self) -> &Faces<f32> {
        &self.hierarchy.levels[0]
    }

    /// Factor of the conductances.
    pub fn d(&self) -> f32 {
        self.d
    }

    /// Applies one cycle to `r` (fine), writes the result to `out` and gives their product.
    pub fn apply(&mut self, r: &mut Vec<f32>, out: &mut [f32]) -> f64 {
        let plane = self.faces().plane();
        std::mem::swap(&mut self.work.levels[0].b, r);
        self.descend(0);
        std::mem::swap(&mut self.work.levels[0].b, r);
        let (x, inverse) = (&self.work.levels[0].x, &self.work.levels[0].inverse);
        let parts = par::planes_map(plane, out, |k, p| {
            let (x, inverse) = (&x[k * plane..][..plane], &inverse[k * plane..][..plane]);
            for ((p, x), inverse) in p.iter_mut().zip(x).zip(inverse) {
                // Voxels without unknown received the value of their coarse voxel.
                *p = if *inverse > 0.0 { *x } else { 0.0 };
            }
            inner(p, &r[k * plane..][..plane])
        });
        parts.iter().sum()
    }

    fn descend(&mut self, l: usize) {
        if l + 1 == self.hierarchy.levels.len() {
            let level = &mut self.work.levels[l];
            for (w, b) in self.work.dense.iter_mut().zip(&level.b) {
                *w = f64::from(*b);
            }
            self.work.coarsest.solve(&mut self.work.dense);
            for (x, w) in level.x.iter_mut().zip(&self.work.dense) {
                *x = *w as f32;
            }
            return;
        }
        let faces = &self.hierarchy.levels[l];
        let level = &mut self.work.levels[l];
        first_from_zero(faces, level);
        chebyshev(faces, self.d, level, 2);
        // Residual into z, which the next smoothing overwrites.
        let [nx, ny, _] = faces.n;
        let (d, x, b, extra) = (self.d, &level.x, &level.b, &level.extra);
        par::planes(nx * ny, &mut level.z, |k, p| {
            for j in 0..ny {
                let at = (k * ny + j) * nx;
                let row = &mut p[j * nx..][..nx];
                faces.divergence_row(x, j, k, row);
                let (x, b, e) = (&x[at..][..nx], &b[at..][..nx], &extra[at..][..nx]);
                for i in 0..nx {
                    row[i] = b[i] - (d * row[i] + e[i] * x[i]);
                }
            }
        });
        let (fine, coarse) = self.work.levels.split_at_mut(l + 1);
        let (nf, nc) = (faces.n, self.hierarchy.levels[l + 1].n);
        restrict(nf, &fine[l].z, nc, &mut coarse[0].b);
        self.descend(l + 1);
        let (fine, coarse) = self.work.levels.split_at_mut(l + 1);
        prolong(nc, &coarse[0].x, nf, &mut fine[l].x);
        let level = &mut self.work.levels[l];
        chebyshev(faces, self.d, level, 1);
        chebyshev(faces, self.d, level, 2);
    }
}

/// Weights of step `k` (1 or 2) of the fourth-kind iteration for a spectrum in (0, 2].
fn weights(k: usize) -> (f32, f32) {
    let k = k as f32;
    ((2.0 * k - 3.0) / (2.0 * k + 1.0), (8.0 * k - 4.0) / ((2.0 * k + 1.0) * 2.0))
}

/// First step from a zero start: no product is needed.
fn first_from_zero(faces: &Faces<f32>, level: &mut Level) {
    let (_, w) = weights(1);
    let (b, inverse) = (&level.b, &level.inverse);
    let plane = faces.plane();
    par::planes2(plane, &mut level.z, &mut level.x, |k, z, x| {
        let (b, inverse) = (&b[k * plane..][..plane], &inverse[k * plane..][..plane]);
        for i in 0..plane {
            z[i] = w * inverse[i] * b[i];
            x[i] = z[i];
        }
    });
}

/// Step `k` of the smoother.
fn chebyshev(faces: &Faces<f32>, d: f32, level: &mut Level, step: usize) {
    let (keep, w) = weights(step);
    let [nx, ny, _] = faces.n;
    let (x, b, extra, inverse) = (&level.x, &level.b, &level.extra, &level.inverse);
    par::planes2(nx * ny, &mut level.z, &mut level.next, |k, z, next| {
        for j in 0..ny {
            let at = (k * ny + j) * nx;
            let next = &mut next[j * nx..][..nx];
            faces.divergence_row(x, j, k, next);
            let z = &mut z[j * nx..][..nx];
            let (x, b) = (&x[at..][..nx], &b[at..][..nx]);
            let (e, inv) = (&extra[at..][..nx], &inverse[at..][..nx]);
            if step == 1 {
                for i in 0..nx {
                    z[i] = w * inv[i] * (b[i] - (d * next[i] + e[i] * x[i]));
                    next[i] = x[i] + z[i];
                }
            } else {
                for i in 0..nx {
                    z[i] = keep * z[i] + w * inv[i] * (b[i] - (d * next[i] + e[i] * x[i]));
                    next[i] = x[i] + z[i];
                }
            }
        }
    });
    std::mem::swap(&mut level.x, &mut level.next);
}
