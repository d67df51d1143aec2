//! Multigrid by strength of coupling, for conductances so rough that grids of merged voxels miss
//! them: unknowns merge in pairs along their strongest couplings, twice a level, values are
//! constant on what has merged, and every coarse level is solved by two steps of conjugate
//! gradients around the next (Notay, Electron. Trans. Numer. Anal. 37 (2010) 123). In double
//! precision and on one thread: slower a cycle than [`super::cycle`], and the way out where that
//! stalls.

use super::dense::Cholesky;
use super::krylov::{Goal, Reservoir, Unknowns};
use super::layout::Layout;
use super::stencil::Faces;

/// Contrast of diffusivities up to which grids of merged voxels serve.
pub const ROUGH: f64 = 100.0;

/// Most unknowns that are solved for directly.
const COARSEST: usize = 200;
/// Share of the strongest coupling of an unknown that a pair must have.
const STRONG: f64 = 0.1;
/// Diagonal over the sum of the couplings from which on smoothing alone suffices.
const DOMINANT: f64 = 2.0;
/// Residual that one step on a coarse level may leave before a second one follows.
const ENOUGH: f64 = 0.25;
/// Most unknowns of a group.
const MOST: usize = 3;
/// Merged into nothing.
const NONE: u32 = u32::MAX;

/// A matrix with positive diagonal and couplings −a_ij ≥ 0, row by row.
#[derive(Debug, Default)]
struct Matrix {
    diagonal: Vec<f64>,
    /// Where each row begins in `columns`, and the end.
    rows: Vec<u32>,
    columns: Vec<u32>,
    couplings: Vec<f64>,
}

#[derive(Debug, Default)]
struct Level {
    matrix: Matrix,
    /// Unknown of the next level that each one is part of.
    parents: Vec<u32>,
    b: Vec<f64>,
    x: Vec<f64>,
    r: Vec<f64>,
    /// Directions of two steps, and the products of the matrix with them.
    first: Vec<f64>,
    images: [Vec<f64>; 2],
}

/// The levels and the vectors of the iteration.
#[derive(Debug, Default)]
pub struct Algebraic {
    levels: Vec<Level>,
    coarsest: Cholesky,
    r: Vec<f64>,
    x: Vec<f64>,
    p: Vec<f64>,
    q: Vec<f64>,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Matrix {
    fn len(&self) -> usize {
        self.diagonal.len()
    }

    fn row(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let row = self.rows[i] as usize..self.rows[i + 1] as usize;
        let columns = self.columns[row.clone()].iter().map(|j| *j as usize);
        columns.zip(self.couplings[row].iter().copied())
    }

    fn push(&mut self, diagonal: f64, row: impl Iterator<Item = (usize, f64)>) {
        if self.rows.is_empty() {
            self.rows.push(0);
        }
        self.diagonal.push(diagonal);
        for (j, c) in row {
            self.columns.push(j as u32);
            self.couplings.push(c);
        }
        self.rows.push(self.columns.len() as u32);
    }

    /// out = A v.
    fn multiply(&self, v: &[f64], out: &mut [f64]) {
        for (i, out) in out.iter_mut().enumerate() {
            let beyond = self.row(i).map(|(j, c)| (c, v[i] - v[j]));
            // Differences keep what a strong coupling of nearly equal values would lose.
            let (mut sum, mut coupled) = (0.0, 0.0);
            for (c, difference) in beyond {
                sum += c * difference;
                coupled += c;
            }
            *out = sum + (self.diagonal[i] - coupled).max(0.0) * v[i];
        }
    }

    /// Groups of unknowns: the number of the group of each, and how many there are. The strongest
    /// couplings pair first; who finds no partner joins the group that it is coupled to the most.
    fn pairs(&self) -> (Vec<u32>, usize) {
        let n = self.len();
        let strongest: Vec<f64> =
            (0..n).map(|i| self.row(i).fold(0.0_f64, |m, x| m.max(x.1))).collect();
        let follows = |i: usize| {
            let coupled: f64 = self.row(i).map(|x| x.1).sum();
            self.diagonal[i] > 0.0 && self.diagonal[i] < DOMINANT * coupled
        };
        let mut order: Vec<u32> = (0..n as u32).filter(|&i| follows(i as usize)).collect();
        order.sort_by(|a, b| strongest[*b as usize].total_cmp(&strongest[*a as usize]));
        let mut parents = vec![NONE; n];
        let mut free = vec![false; n];
        for &i in &order {
            free[i as usize] = true;
        }
        let (mut count, mut sizes) = (0, Vec::new());
        for i in order.into_iter().map(|i| i as usize) {
            if !free[i] {
                continue;
            }
            free[i] = false;
            let of = |wanted: &dyn Fn(usize) -> bool| {
                let among = self.row(i).filter(|x| wanted(x.0));
                among.fold((i, STRONG * strongest[i]), |m, x| if x.1 > m.1 { x } else { m }).0
            };
            let partner = of(&|j| free[j]);
            let group = of(&|j| parents[j] != NONE && sizes[parents[j] as usize] < MOST);
            if partner == i && group != i {
                parents[i] = parents[group];
                sizes[parents[i] as usize] += 1;
                continue;
            }
            parents[i] = count;
            parents[partner] = count;
            free[partner] = false;
            sizes.push(if partner == i { 1 } else { 2 });
            count += 1;
        }
        (parents, count as usize)
    }

    /// The matrix of what has merged.
    fn merged(&self, parents: &[u32], count: usize) -> Matrix {
        let mut children = vec![Vec::new(); count];
        for (i, p) in parents.iter().enumerate() {
            if *p != NONE {
                children[*p as usize].push(i);
            }
        }
        let mut out = Matrix::default();
        let mut place = vec![usize::MAX; count];
        let mut row: Vec<(usize, f64)> = Vec::new();
        for (p, children) in children.iter().enumerate() {
            row.clear();
            let mut diagonal = 0.0;
            for &i in children {
                diagonal += self.diagonal[i];
                for (j, c) in self.row(i) {
                    let q = parents[j];
                    if q == NONE {
                        continue;
                    }
                    let q = q as usize;
                    if q == p {
                        diagonal -= c;
                    } else if place[q] == usize::MAX {
                        place[q] = row.len();
                        row.push((q, c));
                    } else {
                        row[place[q]].1 += c;
                    }
                }
            }
            for (q, _) in &row {
                place[*q] = usize::MAX;
            }
            let coupled: f64 = row.iter().map(|x| x.1).sum();
            out.push(diagonal.max(coupled), row.iter().copied());
        }
        out
    }
}

impl Level {
    fn new(matrix: Matrix) -> Level {
        let n = matrix.len();
        let zeros = || vec![0.0; n];
        Level {
            matrix,
            parents: Vec::new(),
            b: zeros(),
            x: zeros(),
            r: zeros(),
            first: zeros(),
            images: [zeros(), zeros()],
        }
    }

    /// Gauss–Seidel from the `x` at hand, in the order of the unknowns and back.
    fn sweep(&mut self) {
        let m = &self.matrix;
        for i in (0..m.len()).chain((0..m.len()).rev()) {
            let around: f64 = m.row(i).map(|(j, c)| c * self.x[j]).sum();
            if m.diagonal[i] > 0.0 {
                self.x[i] = (self.b[i] + around) / m.diagonal[i];
            }
        }
    }

    /// What the `x` at hand leaves.
    fn residual(&mut self) {
        let m = &self.matrix;
        for i in 0..m.len() {
            let around: f64 = m.row(i).map(|(j, c)| c * self.x[j]).sum();
            self.r[i] = self.b[i] + around - m.diagonal[i] * self.x[i];
        }
    }
}

impl Algebraic {
    /// Takes the matrix d·(faces) + extra.
    pub fn set(&mut self, faces: &Faces<f64>, d: f64, layout: &Layout, extra: &[f32]) {
        let mut matrix = Matrix::default();
        let mut row: Vec<(usize, f64)> = Vec::new();
        for i in 0..faces.n.iter().product() {
            row.clear();
            faces.neighbours(i, |j, t| {
                if t > 0.0 {
                    row.push((j, d * t));
                }
            });
            let coupled: f64 = row.iter().map(|x| x.1).sum();
            matrix.push(coupled + f64::from(extra[layout.at(i)]), row.iter().copied());
        }
        self.levels.clear();
        loop {
            let (pairs, count) = matrix.pairs();
            if matrix.len() <= COARSEST || count == 0 {
                break;
            }
            let between = matrix.merged(&pairs, count);
            let (again, count) = between.pairs();
            let whole = |p: &u32| if *p == NONE { NONE } else { again[*p as usize] };
            let parents = pairs.iter().map(whole).collect();
            let coarse = between.merged(&again, count);
            let mut level = Level::new(std::mem::replace(&mut matrix, coarse));
            level.parents = parents;
            self.levels.push(level);
        }
        let n = matrix.len();
        if n <= COARSEST {
            let mut full = vec![0.0; n * n];
            for i in 0..n {
                full[i * n + i] = matrix.diagonal[i];
                for (j, c) in matrix.row(i) {
                    full[i * n + j] -= c;
                }
            }
            self.coarsest.factor(n, |i, j| full[i * n + j]);
        }
        self.levels.push(Level::new(matrix));
        for v in [&mut self.r, &mut self.x, &mut self.p, &mut self.q] {
            v.clear();
            v.resize(self.levels[0].matrix.len(), 0.0);
        }
    }

    /// One cycle on level `l`, from its `b` to its `x`.
    fn cycle(&mut self, l: usize) {
        if l + 1 == self.levels.len() {
            let level = &mut self.levels[l];
            if level.matrix.len() <= COARSEST {
                level.x.copy_from_slice(&level.b);
                self.coarsest.solve(&mut level.x);
            } else {
                level.x.fill(0.0);
                level.sweep();
                level.sweep();
            }
            return;
        }
        let level = &mut self.levels[l];
        level.x.fill(0.0);
        level.sweep();
        level.residual();
        let (fine, coarse) = self.levels.split_at_mut(l + 1);
        let (fine, next) = (&fine[l], &mut coarse[0]);
        next.b.fill(0.0);
        for (r, p) in fine.r.iter().zip(&fine.parents).filter(|x| *x.1 != NONE) {
            next.b[*p as usize] += r;
        }
        self.coarse(l + 1);
        let (fine, coarse) = self.levels.split_at_mut(l + 1);
        let (fine, next) = (&mut fine[l], &coarse[0]);
        for (x, p) in fine.x.iter_mut().zip(&fine.parents).filter(|x| *x.1 != NONE) {
            *x += next.x[*p as usize];
        }
        fine.sweep();
    }

    /// Solves level `l` by two steps of conjugate gradients around its cycle.
    fn coarse(&mut self, l: usize) {
        self.cycle(l);
        if l + 1 == self.levels.len() {
            return;
        }
        let level = &mut self.levels[l];
        std::mem::swap(&mut level.first, &mut level.x);
        level.matrix.multiply(&level.first, &mut level.images[0]);
        let energy = dot(&level.first, &level.images[0]);
        if energy <= 0.0 {
            level.x.fill(0.0);
            return;
        }
        let step = dot(&level.first, &level.b) / energy;
        let given = dot(&level.b, &level.b);
        for (b, image) in level.b.iter_mut().zip(&level.images[0]) {
            *b -= step * image;
        }
        let (mut own, mut more) = (step, 0.0);
        if dot(&level.b, &level.b) > ENOUGH * ENOUGH * given {
            self.cycle(l);
            let level = &mut self.levels[l];
            level.matrix.multiply(&level.x, &mut level.images[1]);
            let second = dot(&level.x, &level.images[1]);
            let mixed = dot(&level.x, &level.images[0]);
            let pivot = second - mixed * mixed / energy;
            if pivot > 1e-12 * second {
                more = dot(&level.x, &level.b) / pivot;
                own -= mixed * more / energy;
            }
        }
        let level = &mut self.levels[l];
        for (x, first) in level.x.iter_mut().zip(&level.first) {
            *x = own * first + more * *x;
        }
    }

    /// Solves A x = r from zero until the residual is at the goal or `limit` cycles are spent, as
    /// [`super::krylov::solve`] does; `r` and `x`, what may be taken back, are padded.
    pub fn solve(
        &mut self,
        layout: &Layout,
        reservoirs: &[Reservoir],
        r: &[f32],
        x: &mut Vec<f32>,
        to: &mut Unknowns,
        goal: Goal,
        limit: usize,
    ) -> (usize, f64) {
        for (i, own) in self.r.iter_mut().enumerate() {
            *own = f64::from(r[layout.at(i)]);
        }
        self.x.fill(0.0);
        let start = dot(&self.r, &self.r).sqrt();
        let (mut curvature, mut left, mut done) = (0.0, 1.0, limit);
        for iteration in 1..=limit {
            if start == 0.0 || !start.is_finite() {
                done = 0;
                break;
            }
            self.levels[0].b.copy_from_slice(&self.r);
            self.cycle(0);
            let z = &self.levels[0].x;
            let beta = if iteration == 1 { 0.0 } else { -dot(z, &self.q) / curvature };
            for (p, z) in self.p.iter_mut().zip(z) {
                *p = z + beta * *p;
            }
            self.levels[0].matrix.multiply(&self.p, &mut self.q);
            for reservoir in reservoirs {
                let sum: f64 = reservoir.entries.iter().map(|&(i, g)| g * self.p[i as usize]).sum();
                for &(i, g) in &reservoir.entries {
                    self.q[i as usize] -= g * sum / reservoir.total;
                }
            }
            curvature = dot(&self.p, &self.q);
            if curvature <= 0.0 {
                done = iteration;
                break;
            }
            let alpha = dot(&self.p, &self.r) / curvature;
            for (x, p) in self.x.iter_mut().zip(&self.p) {
                *x += alpha * p;
            }
            let mut largest = 0.0_f64;
            for (r, q) in self.r.iter_mut().zip(&self.q) {
                *r -= alpha * q;
                largest = largest.max(r.abs());
            }
            let norm = dot(&self.r, &self.r).sqrt();
            left = norm / start;
            if norm <= goal.norm && largest <= goal.largest {
                done = iteration;
                break;
            }
        }
        for (v, own) in to.v.iter_mut().zip(&self.x) {
            *v += to.unit * own;
        }
        if to.kept {
            layout.fit(x);
            for (i, own) in self.x.iter().enumerate() {
                x[layout.at(i)] = *own as f32;
            }
        }
        (done, left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::grid::Grid;

    /// Solves on a grid of these voxels and relative diffusivities; cycles, and ‖r − A x‖/‖r‖.
    fn solved(
        n: [usize; 3],
        relative: &[f64],
        extra: impl Fn(usize) -> f32,
        reservoirs: &[Reservoir],
    ) -> (usize, f64) {
        let dimensions = n.iter().filter(|n| **n > 1).count();
        let grid = Grid { dimensions, ..Grid::cuboid(n, [1.0; 3]) };
        let faces = Faces::harmonic(&grid, relative, [1.0; 3]);
        let layout = Layout::new(n);
        let held: Vec<f32> =
            (0..grid.len()).map(|i| if relative[i] > 0.0 { extra(i) } else { 0.0 }).collect();
        let b: Vec<f32> = (0..grid.len())
            .map(|i| if relative[i] > 0.0 { (i * 7919 % 1009) as f32 - 500.0 } else { 0.0 })
            .collect();
        let mut algebraic = Algebraic::default();
        algebraic.set(&faces, 2.0, &layout, &layout.pad(&held));
        let mut x = vec![0.0; grid.len()];
        let norm = dot_of(&b, &b).sqrt();
        let to = &mut Unknowns { v: &mut x, unit: 1.0, kept: false };
        let goal = Goal { norm: 1e-8 * norm, largest: f64::INFINITY, energy: 0.0 };
        let (cycles, left) =
            algebraic.solve(&layout, reservoirs, &layout.pad(&b), &mut Vec::new(), to, goal, 200);
        let mut rest: Vec<f64> = b.iter().map(|b| f64::from(*b)).collect();
        for i in 0..grid.len() {
            rest[i] -= f64::from(held[i]) * x[i];
            faces.neighbours(i, |j, t| rest[i] -= 2.0 * t * (x[i] - x[j]));
        }
        for r in reservoirs {
            let sum: f64 = r.entries.iter().map(|&(i, g)| g * x[i as usize]).sum();
            for &(i, g) in &r.entries {
                rest[i as usize] += g * sum / r.total;
            }
        }
        let found = dot(&rest, &rest).sqrt() / norm;
        assert!((found - left).abs() <= 1e-3 * left + 1e-10, "{found:e}, {left:e}");
        (cycles, found)
    }

    fn dot_of(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    }

    fn decades(n: usize, decades: f64) -> Vec<f64> {
        let mut seed = 88172645463325252_u64;
        let mut dice = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed >> 11) as f64 / (1_u64 << 53) as f64
        };
        (0..n).map(|_| 10_f64.powf(-decades * dice())).collect()
    }

    #[test]
    fn any_coefficients() {
        for n in [[20, 18, 16], [70, 60, 1], [500, 1, 1], [5, 4, 3]] {
            let voxels = n.iter().product();
            for of in [0.0, 3.0, 6.0] {
                let mut relative = decades(voxels, of);
                for hole in relative.iter_mut().step_by(7) {
                    *hole = 0.0;
                }
                // Held at one side, as by a wall.
                let (cycles, left) =
                    solved(n, &relative, |i| if i.is_multiple_of(n[0]) { 1.0 } else { 1e-4 }, &[]);
                assert!(left <= 1e-8 && cycles <= 120, "{n:?} {of}: {cycles} cycles, {left:e}");
                let (cycles, _) = solved(n, &relative, |_| 100.0, &[]);
                assert!(cycles <= 12, "{n:?} {of}: {cycles} cycles where it is held everywhere");
            }
        }
    }

    #[test]
    fn behind_a_wall_a_reservoir() {
        let n = [16, 16, 16];
        let relative = decades(4096, 4.0);
        let entries: Vec<(u32, f64)> = (0..256).map(|j| (16 * j, 2.0)).collect();
        let bath =
            Reservoir { entries, storage: 3.0, total: 3.0 + 512.0, fixed: 0.0, gives: vec![] };
        let wall = |i: usize| if i.is_multiple_of(16) { 2.0 } else { 0.0 };
        let (cycles, left) = solved(n, &relative, wall, &[bath]);
        assert!(left <= 1e-8 && cycles <= 60, "{cycles} cycles, {left:e}");
    }
}
