//! One multigrid V-cycle in single precision: the preconditioner.

use super::dense::Cholesky;
use super::hierarchy::Hierarchy;
use super::smooth::{self, Matrix, Scratch};
use super::stencil::dot;
use super::wall::Wall;
use crate::ground::par;

/// Arrays of the cycle, one set a level; shared by all solves on the same grid.
#[derive(Debug, Default)]
pub struct Workspace {
    levels: Vec<Level>,
    coarsest: Cholesky,
    /// Scratch of the coarsest solve.
    dense: Vec<f64>,
    scratch: Vec<Scratch>,
}

#[derive(Debug, Default)]
struct Level {
    /// Diagonal beyond the sum of the conductances.
    extra: Vec<f32>,
    /// Inverse diagonal; 0 where there is no unknown.
    inverse: Vec<f32>,
    /// Right-hand side.
    b: Vec<f32>,
    /// Solution before the coarse correction.
    x: Vec<f32>,
    /// Solution.
    out: Vec<f32>,
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
        for (level, faces) in work.levels.iter_mut().zip(&hierarchy.levels).take(levels) {
            let n = faces.voxels();
            for v in [
                &mut level.extra,
                &mut level.inverse,
                &mut level.b,
                &mut level.x,
                &mut level.out,
            ] {
                v.resize(n, 0.0);
            }
        }
        // Wall conductances change with the level, so they are added after the sums.
        work.levels[0].extra.copy_from_slice(extra);
        for l in 1..levels {
            let (fine, coarse) = work.levels.split_at_mut(l);
            hierarchy.transfers[l - 1].collect(&fine[l - 1].extra, &mut coarse[0].extra);
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

    /// Number of fine voxels of a plane.
    pub fn plane(&self) -> usize {
        self.hierarchy.levels[0].plane()
    }

    /// Applies one cycle to `r` (fine), writes the result to `out` and gives their product.
    pub fn apply(&mut self, r: &mut Vec<f32>, out: &mut Vec<f32>) -> f64 {
        std::mem::swap(&mut self.work.levels[0].b, r);
        let product = self.cycle(0);
        std::mem::swap(&mut self.work.levels[0].b, r);
        std::mem::swap(&mut self.work.levels[0].out, out);
        product
    }

    /// p = z + beta·old and q = A p; gives p·q.
    pub fn direct(
        &mut self,
        beta: f32,
        z: &[f32],
        old: &[f32],
        p: &mut [f32],
        q: &mut [f32],
    ) -> f64 {
        let level = &self.work.levels[0];
        let m = matrix(&self.hierarchy.levels[0], self.d, level);
        smooth::direct(m, beta, z, old, p, q, &mut self.work.scratch)
    }

    /// Solves level `l` for its right-hand side into its `out`; gives their product.
    fn cycle(&mut self, l: usize) -> f64 {
        let faces = &self.hierarchy.levels[l];
        if l + 1 == self.hierarchy.levels.len() {
            return self.direct_solve(l);
        }
        let (fine, coarse) = self.work.levels.split_at_mut(l + 1);
        let level = &mut fine[l];
        let m = Matrix { faces, d: self.d, extra: &level.extra, inverse: &level.inverse };
        if self.levels == 1 {
            smooth::down(m, &level.b, &mut level.out, None, &mut self.work.scratch);
            return dot(faces.plane(), &level.b, &level.out);
        }
        let t = &self.hierarchy.transfers[l];
        let next = Some((t, &mut coarse[0].b[..]));
        let t0 = std::time::Instant::now();
        smooth::down(m, &level.b, &mut level.x, next, &mut self.work.scratch);
        TIMES[2 * l].fetch_add(t0.elapsed().as_nanos() as u64, std::sync::atomic::Ordering::Relaxed);
        self.cycle(l + 1);
        let (fine, coarse) = self.work.levels.split_at_mut(l + 1);
        let level = &mut fine[l];
        let m = Matrix { faces, d: self.d, extra: &level.extra, inverse: &level.inverse };
        let correction = (t, &coarse[0].out[..]);
        let t0 = std::time::Instant::now();
        let r = smooth::up(m, &level.b, &level.x, correction, &mut level.out, &mut self.work.scratch);
        TIMES[2 * l + 1].fetch_add(t0.elapsed().as_nanos() as u64, std::sync::atomic::Ordering::Relaxed);
        r
    }

    fn direct_solve(&mut self, l: usize) -> f64 {
        let level = &mut self.work.levels[l];
        for (w, b) in self.work.dense.iter_mut().zip(&level.b) {
            *w = f64::from(*b);
        }
        self.work.coarsest.solve(&mut self.work.dense);
        for (x, w) in level.out.iter_mut().zip(&self.work.dense) {
            *x = *w as f32;
        }
        level.out.iter().zip(&level.b).map(|(x, b)| f64::from(*x) * f64::from(*b)).sum()
    }
}

fn matrix<'a>(faces: &'a super::stencil::Faces<f32>, d: f32, level: &'a Level) -> Matrix<'a> {
    Matrix { faces, d, extra: &level.extra, inverse: &level.inverse }
}

/// t
pub static TIMES: [std::sync::atomic::AtomicU64; 20] = [const { std::sync::atomic::AtomicU64::new(0) }; 20];
