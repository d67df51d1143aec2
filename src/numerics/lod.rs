//! Locally one-dimensional steps of diffusion with decay: for each axis in turn
//!
//! (1 + λ dt/m) v' − dt D ∂²v'/∂a² = v,
//!
//! m the number of axes; one tridiagonal solve a line (Yanenko, The Method of Fractional Steps,
//! 1971, chapter 2; Ghaffarizadeh, Friedman and Macklin, Bioinformatics 32, 2016). Positive and
//! conservative for any step, of first order, and wrong in space as soon as D dt/h² is not small:
//! the axes do not see each other within a step.
//!
//! A step reads and writes each plane once: what the elimination along z of one step leaves is
//! substituted back in the opposite order, and the next step, which eliminates in that order,
//! takes each plane while it is in the cache.

use crate::kernel;

/// Rows that are solved side by side along x, and columns along y.
const LANES: usize = 8;
const TILE: usize = 32;

/// One solute on one grid for one length of step.
#[derive(Clone, Debug)]
pub struct Lod {
    n: [usize; 3],
    axes: [Axis; 3],
}

/// What happens along an axis.
#[derive(Clone, Copy, Debug, Default)]
pub struct Along {
    /// dt·D/h² over the storage; 0 along an axis that does not count.
    pub diffusion: f64,
    /// dt·λ/m.
    pub decay: f64,
    /// Concentration on the faces at its ends; `None`: sealed.
    pub outside: [Option<f64>; 2],
}

#[derive(Clone, Debug)]
struct Axis {
    /// Elimination from its first voxel, and from its last.
    up: Factors,
    down: Factors,
    /// What the walls add to the voxels at its ends.
    walls: [f64; 2],
}

/// Of each voxel of a line, the reciprocal of the pivot, and the same times the coupling.
#[derive(Clone, Debug)]
struct Factors {
    own: Vec<f64>,
    next: Vec<f64>,
}

impl Factors {
    fn new(diagonal: impl Iterator<Item = f64>, coupling: f64) -> Factors {
        let (mut own, mut next) = (Vec::new(), Vec::new());
        let mut before = 0.0;
        for diagonal in diagonal {
            let reciprocal = 1.0 / (diagonal - coupling * before);
            before = coupling * reciprocal;
            own.push(reciprocal);
            next.push(before);
        }
        Factors { own, next }
    }

    fn reversed(mut self) -> Factors {
        self.own.reverse();
        self.next.reverse();
        self
    }
}

impl Axis {
    fn new(n: usize, along: &Along) -> Axis {
        let r = along.diffusion;
        // Half a voxel to a face.
        let wall = |end: usize| along.outside[end].map_or(0.0, |_| 2.0 * r);
        let diagonal = |i: usize| {
            let inner = r * (f64::from(u8::from(i > 0)) + f64::from(u8::from(i + 1 < n)));
            let low = if i == 0 { wall(0) } else { 0.0 };
            let high = if i + 1 == n { wall(1) } else { 0.0 };
            1.0 + along.decay + inner + low + high
        };
        Axis {
            up: Factors::new((0..n).map(diagonal), r),
            down: Factors::new((0..n).rev().map(diagonal), r).reversed(),
            walls: [0, 1].map(|end| along.outside[end].map_or(0.0, |v| 2.0 * r * v)),
        }
    }
}

/// Sums of values after the solves along each axis, over all steps: what budgets need.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Passed {
    /// Of all voxels.
    pub all: [f64; 3],
    /// Of the voxels at both ends.
    pub ends: [[f64; 2]; 3],
}

impl Passed {
    fn note(&mut self, axis: usize, [all, low, high]: [f64; 3]) {
        self.all[axis] += all;
        self.ends[axis][0] += low;
        self.ends[axis][1] += high;
    }
}

impl Lod {
    /// Prepares steps on a grid of `n` voxels along x, y, z.
    pub fn new(n: [usize; 3], along: &[Along; 3]) -> Lod {
        Lod { n, axes: std::array::from_fn(|a| Axis::new(n[a], &along[a])) }
    }

    /// Takes `steps` steps, of which `first` were taken before; the result does not depend on how
    /// they are cut into calls.
    pub fn advance(&self, v: &mut [f64], first: usize, steps: usize) -> Passed {
        let mut passed = Passed::default();
        let mut before = vec![0.0; self.n[0] * self.n[1]];
        for step in first..first + steps {
            self.pass(v, step % 2 == 0, step > first, true, &mut before, &mut passed);
        }
        if steps > 0 {
            self.pass(v, (first + steps) % 2 == 0, true, false, &mut before, &mut passed);
        }
        passed
    }

    /// Takes each plane once, in ascending order if `up`: ends the last step, begins the next.
    fn pass(
        &self,
        v: &mut [f64],
        up: bool,
        end: bool,
        begin: bool,
        before: &mut [f64],
        passed: &mut Passed,
    ) {
        let [nx, _, nz] = self.n;
        let plane = before.len();
        let [x, y, z] = &self.axes;
        let (now, last) = if up { (&z.up, &z.down) } else { (&z.down, &z.up) };
        before.fill(0.0);
        for m in 0..nz {
            let k = if up { m } else { nz - 1 - m };
            let (low, rest) = v.split_at_mut(k * plane);
            let (here, high) = rest.split_at_mut(plane);
            if end {
                let all = substitute(last.next[k], before, here);
                let at = |of: usize| if k == of { all } else { 0.0 };
                passed.note(2, [all, at(0), at(nz - 1)]);
            }
            if begin {
                passed.note(0, along_x(x, here, nx));
                passed.note(1, along_y(y, here, nx));
                let wall = if k == 0 { z.walls[0] } else { 0.0 }
                    + if k + 1 == nz { z.walls[1] } else { 0.0 };
                let done = if m == 0 {
                    None
                } else if up {
                    Some(&low[low.len() - plane..])
                } else {
                    Some(&high[..plane])
                };
                eliminate(now.own[k], now.next[k], wall, done, here);
            }
        }
    }
}

kernel! {
    /// here += next·before, which `here` then is; gives the sum.
    fn substitute(next: f64, before: &mut [f64], here: &mut [f64]) -> f64 {
        let mut sums = [0.0; LANES];
        let (b, h) = (before.chunks_mut(LANES), here.chunks_mut(LANES));
        for (before, here) in b.zip(h) {
            for ((before, here), sum) in before.iter_mut().zip(here).zip(&mut sums) {
                *here += next * *before;
                *before = *here;
                *sum += *here;
            }
        }
        sums.iter().sum()
    }
}

kernel! {
    /// here = own·(here + wall) + next·done.
    fn eliminate(own: f64, next: f64, wall: f64, done: Option<&[f64]>, here: &mut [f64]) {
        match done {
            None => here.iter_mut().for_each(|h| *h = own * (*h + wall)),
            Some(done) => {
                for (h, d) in here.iter_mut().zip(done) {
                    *h = own * (*h + wall) + next * *d;
                }
            }
        }
    }
}

kernel! {
    /// All lines along x of a plane; gives the sums of all values and of those at both ends.
    fn along_x(axis: &Axis, plane: &mut [f64], nx: usize) -> [f64; 3] {
        let Factors { own, next } = &axis.up;
        let (own, next) = (&own[..nx], &next[..nx]);
        // Lines side by side: a line alone waits for each of its values.
        let mut lines = vec![[0.0; LANES]; nx];
        let mut sums = [[0.0; LANES]; 3];
        for block in plane.chunks_mut(LANES * nx) {
            let count = block.len() / nx;
            let full = count == LANES;
            if full {
                let mut rows = block.chunks_exact(nx);
                let rows: [&[f64]; LANES] = std::array::from_fn(|_| rows.next().unwrap_or(&[]));
                let rows = rows.map(|r| &r[..nx]);
                for (i, line) in lines.iter_mut().enumerate() {
                    *line = std::array::from_fn(|l| rows[l][i]);
                }
            } else {
                lines.fill([0.0; LANES]);
                for (l, row) in block.chunks_exact(nx).enumerate() {
                    for (line, v) in lines.iter_mut().zip(row) {
                        line[l] = *v;
                    }
                }
            }
            for l in 0..count {
                lines[0][l] += axis.walls[0];
                lines[nx - 1][l] += axis.walls[1];
            }
            let mut before = [0.0; LANES];
            for ((line, own), next) in lines.iter_mut().zip(own).zip(next) {
                for (v, b) in line.iter_mut().zip(&mut before) {
                    *v = own * *v + next * *b;
                    *b = *v;
                }
            }
            let mut before = [0.0; LANES];
            let mut all = [0.0; LANES];
            for (line, next) in lines.iter_mut().zip(next).rev() {
                for ((v, b), all) in line.iter_mut().zip(&mut before).zip(&mut all) {
                    *v += next * *b;
                    *b = *v;
                    *all += *v;
                }
            }
            for l in 0..LANES {
                sums[0][l] += all[l];
                sums[1][l] += lines[0][l];
                sums[2][l] += lines[nx - 1][l];
            }
            if full {
                let mut rows = block.chunks_exact_mut(nx);
                let rows: [&mut [f64]; LANES] =
                    std::array::from_fn(|_| rows.next().unwrap_or_default());
                let mut rows = rows.map(|r| &mut r[..nx]);
                for (i, line) in lines.iter().enumerate() {
                    for (row, v) in rows.iter_mut().zip(line) {
                        row[i] = *v;
                    }
                }
            } else {
                for (l, row) in block.chunks_exact_mut(nx).enumerate() {
                    for (line, v) in lines.iter().zip(row) {
                        *v = line[l];
                    }
                }
            }
        }
        sums.map(|s| s.iter().sum())
    }
}

kernel! {
    /// All lines along y of a plane; gives the sums of all values and of those at both ends.
    fn along_y(axis: &Axis, plane: &mut [f64], nx: usize) -> [f64; 3] {
        let Factors { own, next } = &axis.up;
        let ny = own.len();
        let mut sums = [0.0; 3];
        // Columns that stay in the nearest cache.
        for first in (0..nx).step_by(TILE) {
            let width = TILE.min(nx - first);
            let mut before = [0.0; TILE];
            for (j, row) in plane.chunks_exact_mut(nx).enumerate() {
                let row = &mut row[first..][..width];
                let wall = if j == 0 { axis.walls[0] } else { 0.0 }
                    + if j + 1 == ny { axis.walls[1] } else { 0.0 };
                let (own, next) = (own[j], next[j]);
                for (v, b) in row.iter_mut().zip(&mut before) {
                    *v = own * (*v + wall) + next * *b;
                    *b = *v;
                }
            }
            let mut before = [0.0; TILE];
            let mut all = [0.0; TILE];
            for (j, row) in plane.chunks_exact_mut(nx).enumerate().rev() {
                let row = &mut row[first..][..width];
                let next = next[j];
                for ((v, b), all) in row.iter_mut().zip(&mut before).zip(&mut all) {
                    *v += next * *b;
                    *b = *v;
                    *all += *v;
                }
                if j == 0 || j + 1 == ny {
                    let end: f64 = row.iter().sum();
                    sums[1] += if j == 0 { end } else { 0.0 };
                    sums[2] += if j + 1 == ny { end } else { 0.0 };
                }
            }
            sums[0] += all.iter().sum::<f64>();
        }
        sums
    }
}
