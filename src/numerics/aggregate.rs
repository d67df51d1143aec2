//! A multigrid cycle for face fluxes that are not symmetric: the preconditioner of
//! [`super::drift`]. Voxels merge in pairs, values are constant on a coarse voxel, coarse faces
//! carry the sums of the fine ones, and every level is again a matrix with non-negative outflow
//! coefficients. Its smoother is Gauss–Seidel, there and back, in the order of the voxels.

use super::band::{self, Band};
use super::flux::{OnFaces, lower, on_faces, strides};
use crate::ground::grid::position;

/// Most unknowns of the coarsest grid, which is solved directly.
const COARSEST: usize = 128;
/// Width of the band up to which any grid is solved directly, in the time of a cycle.
const THIN: usize = 4;

/// Matrix and arrays of one grid.
#[derive(Debug, Default)]
struct Level {
    n: [usize; 3],
    /// Coefficients of the lower and of the higher voxel in the flux through each face.
    low: OnFaces,
    high: OnFaces,
    /// Diagonal beyond the outflow through faces between voxels.
    extra: Vec<f64>,
    /// 1/diagonal; 0 where there is no unknown.
    inverse: Vec<f64>,
    b: Vec<f64>,
    x: Vec<f64>,
    r: Vec<f64>,
}

/// The cycle and its memory.
#[derive(Debug, Default)]
pub struct Aggregates {
    levels: Vec<Level>,
    coarsest: Band,
    /// The finest matrix, where it is solved directly.
    whole: Option<Band>,
}

impl Aggregates {
    /// Sets the fine matrix: A and B of every face (negative ones are turned into diffusion), and
    /// the rest of the diagonal. `shapes` are the grids, finest first.
    pub fn set(&mut self, shapes: &[[usize; 3]], low: &OnFaces, high: &OnFaces, extra: &[f64]) {
        let direct = |n: &[usize; 3]| {
            n.iter().product::<usize>() <= COARSEST
                || band::width(*n) <= THIN && band::affordable(*n)
        };
        let stop = shapes.iter().position(direct);
        self.whole = None;
        let count = stop.map_or(shapes.len(), |s| s + 1);
        self.levels.resize_with(count, Level::default);
        for (level, n) in self.levels.iter_mut().zip(shapes) {
            if level.n != *n {
                *level = Level { n: *n, low: on_faces(*n), high: on_faces(*n), ..Level::default() };
                let voxels = n.iter().product();
                for v in [&mut level.extra, &mut level.inverse, &mut level.b, &mut level.x] {
                    v.resize(voxels, 0.0);
                }
                level.r.resize(voxels, 0.0);
            }
        }
        let finest = &mut self.levels[0];
        for axis in 0..3 {
            let faces = finest.low[axis].iter_mut().zip(&mut finest.high[axis]);
            for ((l, h), (a, b)) in faces.zip(low[axis].iter().zip(&high[axis])) {
                let missing = (-a).max(-b).max(0.0);
                (*l, *h) = (a + missing, b + missing);
            }
        }
        finest.extra.copy_from_slice(extra);
        finest.invert();
        for l in 1..count {
            let (fine, coarse) = self.levels.split_at_mut(l);
            coarse[0].gather(&fine[l - 1]);
            coarse[0].invert();
        }
        if let Some(l) = self.levels.last() {
            self.coarsest.factor(l.n, &l.low, &l.high, &l.inverse);
        }
    }

    /// Solves the finest matrix directly from now on; false where that is done already.
    pub fn directly(&mut self) -> bool {
        let finest = &self.levels[0];
        if self.levels.len() == 1 || self.whole.is_some() {
            return false;
        }
        let mut whole = Band::default();
        whole.factor(finest.n, &finest.low, &finest.high, &finest.inverse);
        self.whole = Some(whole);
        true
    }

    /// One cycle: x ≈ A⁻¹b.
    pub fn apply(&mut self, b: &[f64], x: &mut [f64]) {
        if let Some(whole) = &mut self.whole {
            x.copy_from_slice(b);
            whole.solve(x);
            return;
        }
        self.levels[0].b.copy_from_slice(b);
        self.cycle(0);
        x.copy_from_slice(&self.levels[0].x);
    }

    fn cycle(&mut self, l: usize) {
        if l + 1 == self.levels.len() {
            let level = &mut self.levels[l];
            level.x.copy_from_slice(&level.b);
            self.coarsest.solve(&mut level.x);
            return;
        }
        let level = &mut self.levels[l];
        level.x.fill(0.0);
        level.sweep(false);
        level.sweep(true);
        // W: twice on coarse grids, for constant transfers lose a little on each.
        let visits = if l == 0 { 1 } else { 2 };
        for _ in 0..visits {
            let (fine, coarse) = self.levels.split_at_mut(l + 1);
            fine[l].residual();
            coarse[0].restrict(&fine[l]);
            self.cycle(l + 1);
            let (fine, coarse) = self.levels.split_at_mut(l + 1);
            fine[l].correct(&coarse[0]);
            fine[l].sweep(false);
            fine[l].sweep(true);
        }
    }
}

impl Level {
    /// Coarse voxel of a fine one.
    fn parent(&self, fine: [usize; 3], index: usize) -> usize {
        let v = position(fine, index);
        let p: [usize; 3] =
            std::array::from_fn(|a| if self.n[a] < fine[a] { v[a] / 2 } else { v[a] });
        (p[2] * self.n[1] + p[1]) * self.n[0] + p[0]
    }

    fn gather(&mut self, fine: &Level) {
        for v in self.low.iter_mut().chain(&mut self.high) {
            v.fill(0.0);
        }
        self.extra.fill(0.0);
        let stride = strides(fine.n);
        for index in 0..fine.extra.len() {
            let here = self.parent(fine.n, index);
            self.extra[here] += fine.extra[index];
            let faces = lower(fine.n, index);
            let position = [index % fine.n[0], (index / fine.n[0]) % fine.n[1], index / stride[2]];
            for axis in 0..3 {
                if position[axis] == 0 {
                    continue;
                }
                let other = self.parent(fine.n, index - stride[axis]);
                if other != here {
                    let face = lower(self.n, here)[axis];
                    self.low[axis][face] += fine.low[axis][faces[axis]];
                    self.high[axis][face] += fine.high[axis][faces[axis]];
                }
            }
        }
        // Centres are twice as far apart, so diffusion is half of the sum; the drift is the sum.
        for axis in (0..3).filter(|&a| self.n[a] < fine.n[a]) {
            for (a, b) in self.low[axis].iter_mut().zip(&mut self.high[axis]) {
                let drift = *a - *b;
                let spread = (0.25 * (*a + *b)).max(0.5 * drift.abs());
                (*a, *b) = (spread + 0.5 * drift, spread - 0.5 * drift);
            }
        }
    }

    fn invert(&mut self) {
        let stride = strides(self.n);
        for index in 0..self.extra.len() {
            let faces = lower(self.n, index);
            let mut sum = self.extra[index];
            for axis in 0..3 {
                sum += self.high[axis][faces[axis]] + self.low[axis][faces[axis] + stride[axis]];
            }
            self.inverse[index] = if sum > 0.0 { 1.0 / sum } else { 0.0 };
        }
    }

    /// Σ of what flows in from the neighbours.
    #[inline(always)]
    fn inflow(&self, index: usize, i: usize, j: usize, k: usize) -> f64 {
        let [nx, ny, nz] = self.n;
        let [fx, fy, fz] = lower(self.n, index);
        let (x, plane) = (&self.x, nx * ny);
        let mut sum = 0.0;
        if i > 0 {
            sum += self.low[0][fx] * x[index - 1];
        }
        if i + 1 < nx {
            sum += self.high[0][fx + 1] * x[index + 1];
        }
        if j > 0 {
            sum += self.low[1][fy] * x[index - nx];
        }
        if j + 1 < ny {
            sum += self.high[1][fy + nx] * x[index + nx];
        }
        if k > 0 {
            sum += self.low[2][fz] * x[index - plane];
        }
        if k + 1 < nz {
            sum += self.high[2][fz + plane] * x[index + plane];
        }
        sum
    }

    fn sweep(&mut self, back: bool) {
        let [nx, ny, nz] = self.n;
        let order = |m: usize, n: usize| if back { n - 1 - m } else { m };
        for k in 0..nz {
            let k = order(k, nz);
            for j in 0..ny {
                let j = order(j, ny);
                for i in 0..nx {
                    let i = order(i, nx);
                    let index = (k * ny + j) * nx + i;
                    let inflow = self.inflow(index, i, j, k);
                    self.x[index] = (self.b[index] + inflow) * self.inverse[index];
                }
            }
        }
    }

    fn residual(&mut self) {
        let [nx, ny, nz] = self.n;
        for k in 0..nz {
            for j in 0..ny {
                for i in 0..nx {
                    let index = (k * ny + j) * nx + i;
                    let inverse = self.inverse[index];
                    self.r[index] = if inverse > 0.0 {
                        self.b[index] + self.inflow(index, i, j, k) - self.x[index] / inverse
                    } else {
                        0.0
                    };
                }
            }
        }
    }

    fn restrict(&mut self, fine: &Level) {
        self.b.fill(0.0);
        for (index, r) in fine.r.iter().enumerate() {
            let parent = self.parent(fine.n, index);
            self.b[parent] += r;
        }
    }

    fn correct(&mut self, coarse: &Level) {
        for index in 0..self.x.len() {
            if self.inverse[index] > 0.0 {
                self.x[index] += coarse.x[coarse.parent(self.n, index)];
            }
        }
    }
}
