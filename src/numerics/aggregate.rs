//! A multigrid cycle for face fluxes that are not symmetric: the preconditioner of
//! [`super::drift`]. Voxels merge in pairs, values are constant on a coarse voxel, coarse faces
//! carry the sums of the fine ones, and every level is again a matrix with non-negative outflow
//! coefficients. Its smoother is Gauss–Seidel, there and back, from voxel to voxel as the flow goes:
//! what a flow without eddies carries one sweep solves (Hackbusch and Probst, Numer. Linear
//! Algebra Appl. 4 (1997) 85).

use super::band::{self, Band};
use super::flux::{OnFaces, Side, around, between, lower, on_faces};
use crate::ground::grid::position;

/// Most unknowns of the coarsest grid, which is solved directly.
const COARSEST: usize = 128;
/// Width of the band up to which any grid is solved directly, in the time of a cycle.
const THIN: usize = 4;

/// Inflow from a neighbour over that into it from which on a voxel waits for the neighbour.
const DOWNSTREAM: f64 = 2.0;

/// Matrix and arrays of one grid.
#[derive(Debug, Default)]
struct Level {
    n: [usize; 3],
    /// Coefficients of the lower and of the higher voxel in the flux through each face.
    low: OnFaces,
    high: OnFaces,
    /// Diagonal beyond the outflow through faces between voxels.
    extra: Vec<f64>,
    /// Rows in the order of the sweep: their voxels, what flows out through faces between voxels, the
    /// diagonal and 1/diagonal (0 where there is no unknown), and what follows.
    voxels: Vec<u32>,
    outflow: Vec<f64>,
    diagonal: Vec<f64>,
    inverse: Vec<f64>,
    /// Row of each voxel.
    rows: Vec<u32>,
    /// Inflow of row i: `share` of the rows `from`, at `start[i]..start[i + 1]`.
    start: Vec<u32>,
    from: Vec<u32>,
    share: Vec<f64>,
    /// Coarse row of each row.
    parent: Vec<u32>,
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
    /// the rest of the diagonal. `shapes` are the grids, finest first. Where only the rest of the diagonal
    /// has changed, all else stays.
    pub fn set(&mut self, shapes: &[[usize; 3]], low: &OnFaces, high: &OnFaces, extra: &[f64]) {
        let direct = |n: &[usize; 3]| {
            n.iter().product::<usize>() <= COARSEST
                || band::width(*n) <= THIN && band::affordable(*n)
        };
        let stop = shapes.iter().position(direct);
        let count = stop.map_or(shapes.len(), |s| s + 1);
        let mut same = self.levels.len() == count;
        self.levels.resize_with(count, Level::default);
        for (level, n) in self.levels.iter_mut().zip(shapes) {
            if level.n != *n {
                same = false;
                *level = Level { n: *n, low: on_faces(*n), high: on_faces(*n), ..Level::default() };
                let voxels = n.iter().product();
                for v in [&mut level.extra, &mut level.b, &mut level.x, &mut level.r] {
                    v.resize(voxels, 0.0);
                }
            }
        }
        let finest = &mut self.levels[0];
        for axis in 0..3 {
            let faces = finest.low[axis].iter_mut().zip(&mut finest.high[axis]);
            for ((l, h), (a, b)) in faces.zip(low[axis].iter().zip(&high[axis])) {
                let missing = (-a).max(-b).max(0.0);
                let now = (a + missing, b + missing);
                same &= (*l, *h) == now;
                (*l, *h) = now;
            }
        }
        if !same {
            finest.arrange(count > 1);
        }
        for l in (1..count).filter(|_| !same) {
            let (fine, coarse) = self.levels.split_at_mut(l);
            let (fine, coarse) = (&mut fine[l - 1], &mut coarse[0]);
            coarse.gather(fine);
            coarse.arrange(l + 1 < count);
            fine.adopt(coarse);
        }
        self.weigh(extra);
    }

    /// Sets the rest of the diagonal alone.
    pub fn weigh(&mut self, extra: &[f64]) {
        self.whole = None;
        self.levels[0].extra.copy_from_slice(extra);
        self.levels[0].weigh();
        for l in 1..self.levels.len() {
            let (fine, coarse) = self.levels.split_at_mut(l);
            let (fine, coarse) = (&fine[l - 1], &mut coarse[0]);
            coarse.extra.fill(0.0);
            for (&voxel, &parent) in fine.voxels.iter().zip(&fine.parent) {
                coarse.extra[coarse.voxels[parent as usize] as usize] += fine.extra[voxel as usize];
            }
            coarse.weigh();
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
        let inverse: Vec<f64> =
            finest.rows.iter().map(|&row| finest.inverse[row as usize]).collect();
        whole.factor(finest.n, &finest.low, &finest.high, &inverse);
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
        let finest = &mut self.levels[0];
        finest.b.iter_mut().zip(&finest.voxels).for_each(|(own, &i)| *own = b[i as usize]);
        self.cycle(0);
        let finest = &self.levels[0];
        finest.x.iter().zip(&finest.voxels).for_each(|(own, &i)| x[i as usize] = *own);
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
            fine[l].restrict(&mut coarse[0].b);
            self.cycle(l + 1);
            let (fine, coarse) = self.levels.split_at_mut(l + 1);
            fine[l].correct(&coarse[0].x);
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
        between(fine.n, |Side { axis, face, low, high }| {
            let [other, here] = [low, high].map(|index| self.parent(fine.n, index));
            if other != here {
                let coarse = lower(self.n, here)[axis];
                self.low[axis][coarse] += fine.low[axis][face];
                self.high[axis][coarse] += fine.high[axis][face];
            }
        });
        // Centres are twice as far apart, so diffusion is half of the sum; the drift is the sum.
        for axis in (0..3).filter(|&a| self.n[a] < fine.n[a]) {
            for (a, b) in self.low[axis].iter_mut().zip(&mut self.high[axis]) {
                let drift = *a - *b;
                let spread = (0.25 * (*a + *b)).max(0.5 * drift.abs());
                (*a, *b) = (spread + 0.5 * drift, spread - 0.5 * drift);
            }
        }
    }

    /// Rows in the order of the flow, or of the voxels.
    fn arrange(&mut self, flows: bool) {
        let count = self.extra.len();
        self.voxels.clear();
        if flows {
            self.downstream();
        } else {
            self.voxels.extend(0..count as u32);
        }
        self.rows.resize(count, 0);
        for (row, &voxel) in self.voxels.iter().enumerate() {
            self.rows[voxel as usize] = row as u32;
        }
        for v in [&mut self.start, &mut self.from] {
            v.clear();
        }
        for v in [&mut self.share, &mut self.outflow] {
            v.clear();
        }
        self.start.push(0);
        for &voxel in &self.voxels {
            let mut sum = 0.0;
            around(self.n, voxel as usize, |side, above| {
                let (low, high) = (self.low[side.axis][side.face], self.high[side.axis][side.face]);
                let (out, into, other) =
                    if above { (low, high, side.high) } else { (high, low, side.low) };
                sum += out;
                if into != 0.0 {
                    self.from.push(self.rows[other]);
                    self.share.push(into);
                }
            });
            self.start.push(self.from.len() as u32);
            self.outflow.push(sum);
        }
    }

    /// The diagonal.
    fn weigh(&mut self) {
        let sums = self.voxels.iter().zip(&self.outflow);
        self.diagonal.clear();
        self.diagonal.extend(sums.map(|(&voxel, out)| self.extra[voxel as usize] + out));
        self.inverse.clear();
        self.inverse.extend(self.diagonal.iter().map(|d| if *d > 0.0 { 1.0 / d } else { 0.0 }));
    }

    /// Voxels in an order in which each comes after those from which it mostly gets (Kahn, Commun.
    /// ACM 5 (1962) 558), and where the flow goes in circles, after most of them.
    fn downstream(&mut self) {
        let count = self.extra.len();
        let mut waits = vec![0_u8; count];
        let drives = |side: Side| {
            let (low, high) = (self.low[side.axis][side.face], self.high[side.axis][side.face]);
            [low > DOWNSTREAM * high, high > DOWNSTREAM * low]
        };
        between(self.n, |side| {
            let [up, down] = drives(side);
            waits[side.high] += u8::from(up);
            waits[side.low] += u8::from(down);
        });
        let mut placed = vec![false; count];
        let mut order = std::mem::take(&mut self.voxels);
        order.extend((0..count as u32).filter(|&i| waits[i as usize] == 0));
        for &i in &order {
            placed[i as usize] = true;
        }
        let (mut next, mut rest) = (0, 0);
        while order.len() < count || next < order.len() {
            if next == order.len() {
                while placed[rest] {
                    rest += 1;
                }
                placed[rest] = true;
                order.push(rest as u32);
            }
            around(self.n, order[next] as usize, |side, above| {
                let [up, down] = drives(side);
                let (driven, other) = if above { (up, side.high) } else { (down, side.low) };
                if driven && !placed[other] {
                    waits[other] -= 1;
                    if waits[other] == 0 {
                        placed[other] = true;
                        order.push(other as u32);
                    }
                }
            });
            next += 1;
        }
        self.voxels = order;
    }

    /// Tells every row its coarse one.
    fn adopt(&mut self, coarse: &Level) {
        self.parent.clear();
        let rows = self.voxels.iter().map(|&i| coarse.rows[coarse.parent(self.n, i as usize)]);
        self.parent.extend(rows);
    }

    /// Σ of what flows into a row from others.
    #[inline(always)]
    fn inflow(&self, row: usize) -> f64 {
        let entries = self.start[row] as usize..self.start[row + 1] as usize;
        let (from, share) = (&self.from[entries.clone()], &self.share[entries]);
        from.iter().zip(share).map(|(&j, share)| share * self.x[j as usize]).sum()
    }

    fn sweep(&mut self, back: bool) {
        let count = self.x.len();
        for m in 0..count {
            let row = if back { count - 1 - m } else { m };
            self.x[row] = (self.b[row] + self.inflow(row)) * self.inverse[row];
        }
    }

    fn residual(&mut self) {
        for row in 0..self.x.len() {
            let left = self.b[row] + self.inflow(row) - self.x[row] * self.diagonal[row];
            self.r[row] = if self.inverse[row] > 0.0 { left } else { 0.0 };
        }
    }

    fn restrict(&self, coarse: &mut [f64]) {
        coarse.fill(0.0);
        for (r, &parent) in self.r.iter().zip(&self.parent) {
            coarse[parent as usize] += r;
        }
    }

    fn correct(&mut self, coarse: &[f64]) {
        for (row, &parent) in self.parent.iter().enumerate() {
            if self.inverse[row] > 0.0 {
                self.x[row] += coarse[parent as usize];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where flow goes from high to low pressure, and nothing else is between voxels, one sweep solves.
    #[test]
    fn one_sweep_solves_what_a_potential_flow_carries() {
        let n = [7, 5, 4];
        let count = n.iter().product();
        let noise = |i: usize| ((i * 7919 + 13) % 101) as f64 / 101.0;
        let mut level = Level { n, low: on_faces(n), high: on_faces(n), ..Level::default() };
        between(n, |side| {
            let q = noise(side.low) - noise(side.high);
            level.low[side.axis][side.face] = q.max(0.0);
            level.high[side.axis][side.face] = (-q).max(0.0);
        });
        level.extra = (0..count).map(|i| 1e-3 * noise(3 * i)).collect();
        level.b = (0..count).map(|i| noise(5 * i + 2)).collect();
        level.x = vec![0.0; count];
        level.r = vec![0.0; count];
        let left = |level: &mut Level| {
            level.sweep(false);
            level.residual();
            level.r.iter().fold(0.0, |m: f64, r| m.max(r.abs()))
        };
        level.arrange(true);
        level.weigh();
        let solved = left(&mut level);
        assert!(solved < 1e-11, "{solved:e}");
        // In the order of the voxels it does not.
        level.arrange(false);
        level.weigh();
        level.x.fill(0.0);
        assert!(left(&mut level) > 1e-3);
    }
}
