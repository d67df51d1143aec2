//! One multigrid W-cycle in single precision: the preconditioner.
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
use crate::kernel;

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
    /// Solution of the first of two cycles.
    kept: Vec<f32>,
}

/// The matrix d·(faces) + extra on all levels.
pub struct Cycle<'a> {
    hierarchy: &'a Hierarchy,
    /// Levels in use.
    levels: usize,
    d: f32,
    work: &'a mut Workspace,
}

impl<'a> Cycle<'a> {
    /// Prepares all levels for `d·div + extra + wall`; `extra` is the fine diagonal beyond
    /// conductances and wall, per fine voxel. Where it is `dominant` smoothing alone suffices.
    pub fn new(
        hierarchy: &'a Hierarchy,
        d: f64,
        extra: &[f32],
        wall: Option<&Wall>,
        dominant: bool,
        work: &'a mut Workspace,
    ) -> Cycle<'a> {
        let d = d as f32;
        // A grid of one level is solved directly.
        let dominant = dominant && hierarchy.levels.len() > 1;
        let levels = if dominant { 1 } else { hierarchy.levels.len() };
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
        for l in 1..levels {
            let (fine, coarse) = work.levels.split_at_mut(l);
            let (nf, nc) = (hierarchy.levels[l - 1].n, hierarchy.levels[l].n);
            restrict(nf, &fine[l - 1].extra, nc, &mut coarse[0].extra);
        }
        for (l, faces) in hierarchy.levels[..levels].iter().enumerate() {
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
        let mut cycle = Cycle { hierarchy, levels, d, work };
        if !dominant {
            cycle.factor();
        }
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
            let at = k * plane;
            masked(&x[at..][..plane], &inverse[at..][..plane], &r[at..][..plane], p)
        });
        parts.iter().sum()
    }

    /// Two cycles on a coarse grid (a W-cycle in all): piecewise constant transfers lose too much
    /// from level to level for one.
    fn twice(&mut self, l: usize) {
        self.descend(l);
        if l + 1 == self.levels {
            return;
        }
        let faces = &self.hierarchy.levels[l];
        let level = &mut self.work.levels[l];
        let plane = faces.plane();
        level.kept.resize(level.x.len(), 0.0);
        std::mem::swap(&mut level.kept, &mut level.x);
        let (d, x, b, extra) = (self.d, &level.kept, &level.b, &level.extra);
        par::planes(plane, &mut level.z, |k, p| residual(faces, d, x, b, extra, k, p));
        std::mem::swap(&mut level.b, &mut level.z);
        self.descend(l);
        let level = &mut self.work.levels[l];
        for (x, kept) in level.x.iter_mut().zip(&level.kept) {
            *x += *kept;
        }
    }

    fn descend(&mut self, l: usize) {
        if self.levels > 1 && l + 1 == self.levels || self.hierarchy.levels.len() == 1 {
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
        if self.levels == 1 {
            return;
        }
        // Residual into z, which the next smoothing overwrites.
        let plane = faces.plane();
        let (d, x, b, extra) = (self.d, &level.x, &level.b, &level.extra);
        par::planes(plane, &mut level.z, |k, p| residual(faces, d, x, b, extra, k, p));
        let (fine, coarse) = self.work.levels.split_at_mut(l + 1);
        let (nf, nc) = (faces.n, self.hierarchy.levels[l + 1].n);
        restrict(nf, &fine[l].z, nc, &mut coarse[0].b);
        self.twice(l + 1);
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
        scaled(w, &b[k * plane..][..plane], &inverse[k * plane..][..plane], z, x);
    });
}

/// Step `k` of the smoother.
fn chebyshev(faces: &Faces<f32>, d: f32, level: &mut Level, step: usize) {
    let (keep, w) = weights(step);
    let keep = if step == 1 { 0.0 } else { keep };
    let (x, b, extra, inverse) = (&level.x, &level.b, &level.extra, &level.inverse);
    par::planes2(faces.plane(), &mut level.z, &mut level.next, |k, z, next| {
        smooth(faces, [d, keep, w], [x, b, extra, inverse], k, z, next);
    });
    std::mem::swap(&mut level.x, &mut level.next);
}

kernel! {
    /// z = x = w·inverse·b.
    fn scaled(w: f32, b: &[f32], inverse: &[f32], z: &mut [f32], x: &mut [f32]) {
        for (((z, x), b), inverse) in z.iter_mut().zip(x).zip(b).zip(inverse) {
            *z = w * *inverse * *b;
            *x = *z;
        }
    }
}

kernel! {
    /// Plane `k` of b − A x.
    fn residual(faces: &Faces<f32>, d: f32, x: &[f32], b: &[f32], extra: &[f32], k: usize, out: &mut [f32]) {
        let [nx, ny, _] = faces.n;
        for j in 0..ny {
            let at = (k * ny + j) * nx;
            let row = &mut out[j * nx..][..nx];
            faces.divergence_row(x, j, k, row);
            let (x, b, e) = (&x[at..][..nx], &b[at..][..nx], &extra[at..][..nx]);
            for i in 0..nx {
                row[i] = b[i] - (d * row[i] + e[i] * x[i]);
            }
        }
    }
}

kernel! {
    /// Plane `k` of z = keep·z + w·inverse·(b − A x), next = x + z.
    fn smooth(faces: &Faces<f32>, factors: [f32; 3], fields: [&[f32]; 4], k: usize, z: &mut [f32], next: &mut [f32]) {
        let [nx, ny, _] = faces.n;
        let [d, keep, w] = factors;
        let [x, b, extra, inverse] = fields;
        for j in 0..ny {
            let at = (k * ny + j) * nx;
            let next = &mut next[j * nx..][..nx];
            faces.divergence_row(x, j, k, next);
            let z = &mut z[j * nx..][..nx];
            let (x, b) = (&x[at..][..nx], &b[at..][..nx]);
            let (e, inv) = (&extra[at..][..nx], &inverse[at..][..nx]);
            for i in 0..nx {
                z[i] = keep * z[i] + w * inv[i] * (b[i] - (d * next[i] + e[i] * x[i]));
                next[i] = x[i] + z[i];
            }
        }
    }
}

kernel! {
    /// out = x where there is an unknown, else 0 (a solid voxel received the value of its coarse
    /// voxel); gives out·r.
    fn masked(x: &[f32], inverse: &[f32], r: &[f32], out: &mut [f32]) -> f64 {
        for ((p, x), inverse) in out.iter_mut().zip(x).zip(inverse) {
            *p = if *inverse > 0.0 { *x } else { 0.0 };
        }
        inner(out, r)
    }
}
