//! One multigrid V-cycle in single precision: the preconditioner.

use super::dense::Cholesky;
use super::hierarchy::Hierarchy;
use super::smooth::{self, Matrix, Scratch};
use super::stencil::{dot, lanes};
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
    /// Sum of `extra` over each island.
    held: Vec<f64>,
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
    /// Solution and residual of the first of two cycles.
    first: Vec<f32>,
    rest: Vec<f32>,
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
    /// conductances and wall, per fine voxel; it is taken, and holds anything afterwards. Where it is `dominant` smoothing alone suffices.
    pub fn new(
        hierarchy: &'a Hierarchy,
        d: f64,
        extra: &mut Vec<f32>,
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
            for v in
                [&mut level.extra, &mut level.inverse, &mut level.b, &mut level.x, &mut level.out]
            {
                v.resize(n, 0.0);
            }
        }
        // Wall conductances change with the level, so they are added after the sums.
        std::mem::swap(&mut work.levels[0].extra, extra);
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
        let extra = &work.levels[0].extra;
        let held = |island: &Vec<u32>| -> f64 {
            island.iter().map(|&i| f64::from(extra[i as usize])).sum()
        };
        work.held.clear();
        work.held.extend(hierarchy.islands.iter().map(held));
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
        let mut product = self.cycle(0);
        std::mem::swap(&mut self.work.levels[0].b, r);
        std::mem::swap(&mut self.work.levels[0].out, out);
        if self.levels > 1 {
            for (island, held) in self.hierarchy.islands.iter().zip(&self.work.held) {
                let sum: f64 = island.iter().map(|&i| f64::from(r[i as usize])).sum();
                let mean = if *held > 0.0 { sum / held } else { 0.0 };
                for &i in island {
                    out[i as usize] += mean as f32;
                }
                product += sum * mean;
            }
        }
        product
    }

    /// Sum of the fine diagonal beyond the conductances, walls included.
    pub fn extra_sum(&self) -> f64 {
        let extra = &self.work.levels[0].extra;
        let plane = self.plane();
        par::sum(extra.len() / plane, plane, |k| {
            let extra = &extra[k * plane..][..plane];
            lanes(plane, |i| f64::from(extra[i]))
        })
    }

    /// Adds a constant to `z` where there is an unknown.
    pub fn raise(&self, z: &mut [f32], by: f32) {
        let plane = self.plane();
        let inverse = &self.work.levels[0].inverse;
        par::planes(plane, z, |k, z| {
            for (z, inverse) in z.iter_mut().zip(&inverse[k * plane..]) {
                *z += if *inverse > 0.0 { by } else { 0.0 };
            }
        });
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
        smooth::down(m, &level.b, &mut level.x, next, &mut self.work.scratch);
        self.twice(l + 1);
        let (fine, coarse) = self.work.levels.split_at_mut(l + 1);
        let level = &mut fine[l];
        let m = Matrix { faces, d: self.d, extra: &level.extra, inverse: &level.inverse };
        let correction = (t, &coarse[0].out[..]);
        smooth::up(m, &level.b, &level.x, correction, &mut level.out, &mut self.work.scratch)
    }

    /// Two cycles on a coarse grid (a W-cycle in all) where the structure is uneven: what a coarse
    /// operator misses of the fine one would add up from level to level.
    fn twice(&mut self, l: usize) {
        self.cycle(l);
        let fine = &self.hierarchy.fine;
        let even = fine.uniform.is_some() && !fine.closed;
        if even || l + 1 == self.hierarchy.levels.len() {
            return;
        }
        let faces = &self.hierarchy.levels[l];
        let level = &mut self.work.levels[l];
        level.first.resize(level.out.len(), 0.0);
        level.rest.resize(level.out.len(), 0.0);
        std::mem::swap(&mut level.first, &mut level.out);
        let m = Matrix { faces, d: self.d, extra: &level.extra, inverse: &level.inverse };
        smooth::rest(m, &level.b, &level.first, &mut level.rest);
        std::mem::swap(&mut level.b, &mut level.rest);
        self.cycle(l);
        let level = &mut self.work.levels[l];
        std::mem::swap(&mut level.b, &mut level.rest);
        let first = &level.first;
        par::planes(faces.plane(), &mut level.out, |k, p| {
            for (x, first) in p.iter_mut().zip(&first[k * faces.plane()..]) {
                *x += *first;
            }
        });
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
