//! One multigrid V-cycle in single precision: the preconditioner.

use super::dense::Cholesky;
use super::hierarchy::Grids;
use super::layout::Layout;
use super::operator::Operator;
use super::share::Kept;
use super::smooth::{self, Matrix, Scratch};
use super::stencil::{inner, lanes};
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
    /// Sum of `extra` over each island.
    held: Vec<f64>,
}

impl Workspace {
    /// The fine diagonal beyond conductances and wall, to be written before each [`Cycle::new`].
    pub fn extra(&mut self, layout: &Layout) -> &mut [f32] {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let extra = &mut self.levels[0].matrix.extra;
        layout.fit(extra);
        layout.body(extra)
    }
}

#[derive(Debug, Default)]
struct Level {
    matrix: Coefficients,
    /// Right-hand side.
    b: Vec<f32>,
    /// Solution before the coarse correction.
    x: Vec<f32>,
    /// Solution.
    out: Vec<f32>,
    /// Of two steps of conjugate gradients: the first direction, what it leaves, and the products
    /// of the matrix with both directions.
    first: Vec<f32>,
    rest: Vec<f32>,
    image: Vec<f32>,
    last_image: Vec<f32>,
    /// Iterate between two steps where there are seams.
    spare: Vec<f32>,
    /// One a slab.
    scratch: Vec<Scratch>,
}

/// What a matrix has besides its conductances.
#[derive(Debug, Default)]
struct Coefficients {
    /// Diagonal beyond the sum of the conductances.
    extra: Vec<f32>,
    /// Inverse diagonal; 0 where there is no unknown.
    inverse: Vec<f32>,
    /// Of the shares of corrections, what stays beside walls.
    kept: Kept,
}

impl Coefficients {
    fn with<'a>(&'a self, faces: &'a Operator, d: f32) -> Matrix<'a> {
        Matrix { faces, d, extra: &self.extra, inverse: &self.inverse, kept: &self.kept }
    }
}

/// The matrix d·(faces) + extra on all levels.
pub struct Cycle<'a> {
    grids: &'a Grids,
    /// Levels in use.
    levels: usize,
    d: f32,
    work: &'a mut Workspace,
}

impl<'a> Cycle<'a> {
    /// Prepares all levels for `d·div + extra + wall`, with the [`Workspace::extra`] of `work`. Where
    /// that is `dominant` smoothing alone suffices.
    pub fn new(
        grids: &'a Grids,
        d: f64,
        wall: Option<&Wall>,
        dominant: bool,
        work: &'a mut Workspace,
    ) -> Cycle<'a> {
        let d = d as f32;
        // A grid of one level is solved directly.
        let dominant = dominant && grids.levels.len() > 1;
        let levels = if dominant { 1 } else { grids.levels.len() };
        work.levels.resize_with(grids.levels.len(), Level::default);
        for (l, faces) in grids.levels.iter().enumerate().take(levels) {
            let level = &mut work.levels[l];
            let Level { matrix: Coefficients { extra, inverse, .. }, b, x, out, .. } = level;
            faces.layout.fit(inverse);
            // See `lend`; and what the finest one adds to its diagonal is there.
            for v in [extra, b, x, out].into_iter().filter(|_| l > 0) {
                faces.layout.fit(v);
            }
            if !grids.seams[0].is_empty() {
                faces.layout.fit(&mut level.spare);
            }
        }
        // Wall conductances change with the level, so they are added after the sums.
        for l in 1..levels {
            let (fine, coarse) = work.levels.split_at_mut(l);
            grids.transfers[l - 1].collect(&fine[l - 1].matrix.extra, &mut coarse[0].matrix.extra);
        }
        for (l, faces) in grids.levels[..levels].iter().enumerate() {
            let Coefficients { extra, inverse, kept } = &mut work.levels[l].matrix;
            let layout = faces.layout;
            kept.set(faces, d, grids.transfers.get(l), wall.map(|w| &w.levels[l]));
            let [extra, inverse] = [extra, inverse].map(|v| layout.body(v));
            par::planes2(layout.plane(), extra, inverse, |k, extra, inverse| {
                let [nx, ny, _] = layout.n;
                for side in wall.iter().flat_map(|w| w.plane(l, k, nx * ny)) {
                    let mut place = layout.places();
                    for &(i, g) in side.entries {
                        extra[place(i as usize - k * nx * ny)] += g as f32;
                    }
                }
                invert(faces, d, k, extra, inverse);
            });
        }
        let layout = grids.levels[0].layout;
        let extra = &work.levels[0].matrix.extra;
        let held = |island: &Vec<u32>| -> f64 {
            island.iter().map(|&i| f64::from(extra[layout.at(i as usize)])).sum()
        };
        work.held.clear();
        work.held.extend(grids.islands.iter().map(held));
        let mut cycle = Cycle { grids, levels, d, work };
        if !dominant {
            cycle.factor();
        }
        cycle
    }

    fn factor(&mut self) {
        let last = self.grids.levels.len() - 1;
        let faces = &self.grids.coarsest;
        let layout = self.grids.levels[last].layout;
        let n = faces.voxels();
        let d = f64::from(self.d);
        let mut full = vec![0.0; n * n];
        for i in 0..n {
            full[i * n + i] += f64::from(self.work.levels[last].matrix.extra[layout.at(i)]);
            faces.neighbours(i, |j, t| {
                full[i * n + i] += d * f64::from(t);
                full[i * n + j] -= d * f64::from(t);
            });
        }
        self.work.coarsest.factor(n, |i, j| full[i * n + j]);
        self.work.dense.resize(n, 0.0);
    }

    /// Where fine voxels stand in the arrays.
    pub fn layout(&self) -> Layout {
        self.grids.levels[0].layout
    }

    /// Applies one cycle to `r` (fine), writes the result to `out` and gives their product; what
    /// `spare` holds is lost.
    pub fn apply(&mut self, r: &mut Vec<f32>, out: &mut Vec<f32>, spare: &mut Vec<f32>) -> f64 {
        self.lend(r, out, spare);
        let mut product = self.cycle(0);
        self.lend(r, out, spare);
        if self.levels > 1 {
            for (island, held) in self.grids.islands.iter().zip(&self.work.held) {
                let at = |i: &u32| self.grids.levels[0].layout.at(*i as usize);
                let sum: f64 = island.iter().map(|i| f64::from(r[at(i)])).sum();
                let mean = if *held > 0.0 { sum / held } else { 0.0 };
                for i in island {
                    out[at(i)] += mean as f32;
                }
                product += sum * mean;
            }
        }
        product
    }

    /// The finest grid works in the arrays of its caller; a second call gives them back.
    fn lend(&mut self, r: &mut Vec<f32>, out: &mut Vec<f32>, spare: &mut Vec<f32>) {
        let level = &mut self.work.levels[0];
        std::mem::swap(&mut level.b, r);
        std::mem::swap(&mut level.out, out);
        std::mem::swap(&mut level.x, spare);
    }

    /// The fine diagonal beyond the conductances, walls included; padded.
    pub fn extra(&self) -> &[f32] {
        &self.work.levels[0].matrix.extra
    }

    /// Unknowns of a matrix of conductances alone, which leaves a constant free; `None` where
    /// something holds one.
    pub fn free(&self) -> Option<usize> {
        let count = || self.work.levels[0].matrix.inverse.iter().filter(|i| **i > 0.0).count();
        (!self.extra().iter().any(|e| *e > 0.0)).then(count)
    }

    /// Sum of the fine diagonal beyond the conductances, walls included.
    pub fn extra_sum(&self) -> f64 {
        total(&self.layout(), &self.work.levels[0].matrix.extra)
    }

    /// Adds a constant to `z` where there is an unknown.
    pub fn raise(&self, z: &mut [f32], by: f32) {
        let layout = self.layout();
        let plane = layout.plane();
        let inverse = layout.body_of(&self.work.levels[0].matrix.inverse);
        par::planes(plane, layout.body(z), |k, z| {
            for (z, inverse) in z.iter_mut().zip(&inverse[k * plane..]) {
                *z += if *inverse > 0.0 { by } else { 0.0 };
            }
        });
    }

    /// q = A p; gives p·q.
    pub fn multiply(&mut self, p: &[f32], q: &mut [f32]) -> f64 {
        let m = self.work.levels[0].matrix.with(&self.grids.levels[0], self.d);
        smooth::product_with(m, p, q) + self.grids.seams[0].multiply(self.d, p, q)
    }

    /// p = z + beta·p and q = A p; gives p·q.
    pub fn direct(&mut self, beta: f32, z: &[f32], p: &mut [f32], q: &mut [f32]) -> f64 {
        let level = &mut self.work.levels[0];
        let m = level.matrix.with(&self.grids.levels[0], self.d);
        let product = smooth::direct(m, beta, z, p, q, &mut level.scratch);
        product + self.grids.seams[0].multiply(self.d, p, q)
    }

    /// Solves level `l` for its right-hand side into its `out`; gives their product.
    fn cycle(&mut self, l: usize) -> f64 {
        let faces = &self.grids.levels[l];
        if l + 1 == self.grids.levels.len() {
            return self.direct_solve(l);
        }
        let (fine, coarse) = self.work.levels.split_at_mut(l + 1);
        let level = &mut fine[l];
        let m = level.matrix.with(faces, self.d);
        if self.levels == 1 {
            let seam = &self.grids.seams[l];
            if seam.is_empty() {
                smooth::down(m, &level.b, &mut level.out, None, &mut level.scratch);
            } else {
                seam.down(m, &level.b, &mut level.out, &mut level.spare, None);
            }
            return product(&faces.layout, &level.b, &level.out);
        }
        let t = &self.grids.transfers[l];
        let next = Some((t, &mut coarse[0].b[..]));
        let seam = &self.grids.seams[l];
        if seam.is_empty() {
            smooth::down(m, &level.b, &mut level.x, next, &mut level.scratch);
        } else {
            seam.down(m, &level.b, &mut level.x, &mut level.spare, next);
        }
        // As the sweeps count: with padding.
        let alone = |l: usize| {
            let layout = self.grids.levels[l].layout;
            par::alone(layout.plane() * layout.n[2])
        };
        if alone(l + 1) && !alone(l) {
            par::awake(|| self.coarse(l + 1));
        } else {
            self.coarse(l + 1);
        }
        let (fine, coarse) = self.work.levels.split_at_mut(l + 1);
        let level = &mut fine[l];
        let m = level.matrix.with(faces, self.d);
        let correction = (t, &coarse[0].out[..]);
        if seam.is_empty() {
            return smooth::up(
                m,
                &level.b,
                &level.x,
                correction,
                &mut level.out,
                &mut level.scratch,
            );
        }
        seam.up(m, &level.b, &level.x, correction, &mut level.out, &mut level.spare);
        product(&faces.layout, &level.b, &level.out)
    }

    /// Solves coarse level `l`: by one cycle, and where the structure is uneven by two steps of
    /// conjugate gradients around it (a K-cycle in all), so that what a coarse operator misses of
    /// the fine one neither adds up from level to level nor overshoots (Notay and Vassilevski,
    /// Numer. Linear Algebra Appl. 15 (2008) 473).
    fn coarse(&mut self, l: usize) {
        let along = self.cycle(l);
        if !self.flexible() || l + 1 == self.grids.levels.len() {
            return;
        }
        let faces = &self.grids.levels[l];
        let seam = &self.grids.seams[l];
        let layout = faces.layout;
        let level = &mut self.work.levels[l];
        let Level { first, rest, image, last_image, .. } = level;
        for v in [first, rest, image, last_image] {
            layout.fit(v);
        }
        std::mem::swap(&mut level.first, &mut level.out);
        let m = level.matrix.with(faces, self.d);
        let mut energy = smooth::product_with(m, &level.first, &mut level.image);
        energy += seam.multiply(self.d, &level.first, &mut level.image);
        let step = if energy > 0.0 { along / energy } else { 1.0 };
        let (b, image) = (layout.body_of(&level.b), layout.body_of(&level.image));
        let plane = layout.plane();
        par::planes(plane, layout.body(&mut level.rest), |k, rest| {
            let here = k * plane..(k + 1) * plane;
            less(step as f32, &b[here.clone()], &image[here], rest);
        });
        std::mem::swap(&mut level.b, &mut level.rest);
        let along = self.cycle(l);
        let level = &mut self.work.levels[l];
        std::mem::swap(&mut level.b, &mut level.rest);
        let m = level.matrix.with(faces, self.d);
        let mut second = smooth::product_with(m, &level.out, &mut level.last_image);
        second += seam.multiply(self.d, &level.out, &mut level.last_image);
        let mixed = product(&layout, &level.out, &level.image);
        let pivot = second - mixed * mixed / energy;
        let (mut own, mut more) = (step, 0.0);
        if energy > 0.0 && pivot > 1e-6 * second {
            more = along / pivot;
            own -= mixed * more / energy;
        }
        let level = &mut self.work.levels[l];
        let first = layout.body_of(&level.first);
        par::planes(plane, layout.body(&mut level.out), |k, out| {
            blend(own as f32, &first[k * plane..][..plane], more as f32, out);
        });
    }

    /// True where the cycle is no fixed matrix: its steps on coarse grids follow what it is given.
    pub fn flexible(&self) -> bool {
        !self.grids.even && self.levels > 2
    }

    fn direct_solve(&mut self, l: usize) -> f64 {
        let layout = self.grids.levels[l].layout;
        let level = &mut self.work.levels[l];
        for (i, w) in self.work.dense.iter_mut().enumerate() {
            *w = f64::from(level.b[layout.at(i)]);
        }
        self.work.coarsest.solve(&mut self.work.dense);
        for (i, w) in self.work.dense.iter().enumerate() {
            level.out[layout.at(i)] = *w as f32;
        }
        level.out.iter().zip(&level.b).map(|(x, b)| f64::from(*x) * f64::from(*b)).sum()
    }
}

/// Product of two padded arrays, summed by planes in order.
pub fn product(layout: &Layout, a: &[f32], b: &[f32]) -> f64 {
    let plane = layout.plane();
    let (a, b) = (layout.body_of(a), layout.body_of(b));
    par::sum(layout.n[2], plane, |k| inner(&a[k * plane..][..plane], &b[k * plane..][..plane]))
}

/// Sum of a padded array, by planes in order.
pub fn total(layout: &Layout, a: &[f32]) -> f64 {
    let plane = layout.plane();
    let a = layout.body_of(a);
    par::sum(layout.n[2], plane, |k| {
        let a = &a[k * plane..][..plane];
        lanes(plane, |i| f64::from(a[i]))
    })
}

kernel! {
    /// out = b − factor·v.
    fn less(factor: f32, b: &[f32], v: &[f32], out: &mut [f32]) {
        for ((out, b), v) in out.iter_mut().zip(b).zip(v) {
            *out = b - factor * v;
        }
    }
}

kernel! {
    /// out = own·first + more·out.
    fn blend(own: f32, first: &[f32], more: f32, out: &mut [f32]) {
        for (out, first) in out.iter_mut().zip(first) {
            *out = own * first + more * *out;
        }
    }
}

kernel! {
    /// Inverse diagonal of plane `k`.
    fn invert(faces: &Operator, d: f32, k: usize, extra: &[f32], inverse: &mut [f32]) {
        let total = faces.totals(&(0..faces.layout.n[1]), k);
        for ((inverse, total), extra) in inverse.iter_mut().zip(total).zip(extra) {
            let diagonal = d * *total + *extra;
            *inverse = if diagonal > 0.0 { 1.0 / diagonal } else { 0.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ground::grid::Grid;

    /// A preconditioner of conjugate gradients must be positive, whatever the reaction.
    #[test]
    fn a_cycle_is_positive_for_reactions_over_eleven_decades() {
        for n in [[126, 13, 1], [16, 15, 14]] {
            let grid = Grid::cuboid(n, [2.4e-6, 1.2e-4, 1.0]);
            let mut seed = 1_u64;
            let mut dice = || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (seed >> 33) as f64 / f64::from(1_u32 << 31)
            };
            let open: Vec<f64> =
                (0..grid.len()).map(|_| f64::from(u8::from(dice() < 0.8))).collect();
            let hierarchy =
                super::super::hierarchy::Hierarchy::new(&grid, Arc::new(open.clone()), [1.0; 3]);
            let layout = hierarchy.grids.levels[0].layout;
            let reaction: Vec<f32> =
                open.iter().map(|o| (o * if dice() < 0.1 { 2.6e6 } else { 2e-5 }) as f32).collect();
            let mut work = Workspace::default();
            work.extra(&layout).copy_from_slice(layout.body_of(&layout.pad(&reaction)));
            let mut cycle = Cycle::new(&hierarchy.grids, 5e-9, None, false, &mut work);
            for _ in 0..20 {
                let r: Vec<f32> = open.iter().map(|o| (o * (dice() - 0.5)) as f32).collect();
                let (mut r, mut out, mut spare) = (layout.pad(&r), layout.pad(&r), layout.pad(&r));
                let product = cycle.apply(&mut r, &mut out, &mut spare);
                assert!(product > 0.0, "{n:?}: {product:e}");
            }
        }
    }
}
