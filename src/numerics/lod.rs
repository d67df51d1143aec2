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

/// Rows that are solved side by side along x.
const LANES: usize = 8;

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

/// What a pass works with.
struct Scratch {
    /// The plane before, as the last step left it.
    before: Vec<f64>,
    /// Lines along x, side by side.
    lines: Vec<[f64; LANES]>,
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
        let [nx, ny, _] = self.n;
        let mut scratch = Scratch { before: vec![0.0; nx * ny], lines: vec![[0.0; LANES]; nx] };
        for step in first..first + steps {
            self.pass(v, step.is_multiple_of(2), step > first, true, &mut scratch, &mut passed);
        }
        if steps > 0 {
            self.pass(v, (first + steps).is_multiple_of(2), true, false, &mut scratch, &mut passed);
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
        scratch: &mut Scratch,
        passed: &mut Passed,
    ) {
        let [nx, _, nz] = self.n;
        let Scratch { before, lines } = scratch;
        let plane = before.len();
        let [x, y, z] = &self.axes;
        let (now, last) = if up { (&z.up, &z.down) } else { (&z.down, &z.up) };
        before.fill(0.0);
        for m in 0..nz {
            let k = if up { m } else { nz - 1 - m };
            let (low, rest) = v.split_at_mut(k * plane);
            let (here, high) = rest.split_at_mut(plane);
            let mut sum = 0.0;
            let blocks = here.chunks_mut(LANES * nx).zip(before.chunks_mut(LANES * nx));
            for (block, before) in blocks {
                if end {
                    sum += substitute(last.next[k], before, block);
                }
                if begin {
                    passed.note(0, along_x(x, lines, block));
                }
            }
            let at = |of: usize| if k == of { sum } else { 0.0 };
            passed.note(2, [sum, at(0), at(nz - 1)]);
            if begin {
                let wall = if k == 0 { z.walls[0] } else { 0.0 }
                    + if k + 1 == nz { z.walls[1] } else { 0.0 };
                // Nothing comes to the first plane, whatever it is given.
                let (next, done) = match (m, up) {
                    (0, _) => (0.0, &before[..]),
                    (_, true) => (now.next[k], &low[low.len() - plane..]),
                    (_, false) => (now.next[k], &high[..plane]),
                };
                let z = Elimination { own: now.own[k], next, wall, done };
                passed.note(1, along_y(y, &z, here, nx));
            }
        }
    }
}

/// Elimination along z: a plane becomes own·(plane + wall) + next·done.
struct Elimination<'a> {
    own: f64,
    next: f64,
    wall: f64,
    done: &'a [f64],
}

kernel! {
    /// here += next·before, which `here` then is; gives the sum.
    fn substitute(next: f64, before: &mut [f64], here: &mut [f64]) -> f64 {
        let mut sums = [0.0; LANES];
        let (mut b, mut h) = (before.chunks_exact_mut(LANES), here.chunks_exact_mut(LANES));
        for (before, here) in b.by_ref().zip(h.by_ref()) {
            let mut now = [0.0; LANES];
            for l in 0..LANES {
                now[l] = here[l] + next * before[l];
                sums[l] += now[l];
            }
            before.copy_from_slice(&now);
            here.copy_from_slice(&now);
        }
        let rest = b.into_remainder().iter_mut().zip(h.into_remainder());
        for ((before, here), sum) in rest.zip(&mut sums) {
            *here += next * *before;
            *before = *here;
            *sum += *here;
        }
        sums.iter().sum()
    }
}

kernel! {
    /// At most [`LANES`] lines along x; gives the sums of all values and of those at both ends.
    fn along_x(axis: &Axis, lines: &mut [[f64; LANES]], block: &mut [f64]) -> [f64; 3] {
        let nx = lines.len();
        let Factors { own, next } = &axis.up;
        let (own, next) = (&own[..nx], &next[..nx]);
        let count = block.len() / nx;
        // Lines side by side: a line alone waits for each of its values.
        let mut rows = block.chunks_exact(nx);
        let side: [&[f64]; LANES] = std::array::from_fn(|_| rows.next().unwrap_or(&[]));
        if count == LANES {
            let side = side.map(|r| &r[..nx]);
            for (i, line) in lines.iter_mut().enumerate() {
                *line = std::array::from_fn(|l| side[l][i]);
            }
        } else {
            for (i, line) in lines.iter_mut().enumerate() {
                *line = std::array::from_fn(|l| side[l].get(i).copied().unwrap_or(0.0));
            }
        }
        for l in 0..count {
            lines[0][l] += axis.walls[0];
            lines[nx - 1][l] += axis.walls[1];
        }
        let mut before = [0.0; LANES];
        for ((line, own), next) in lines.iter_mut().zip(own).zip(next) {
            for l in 0..LANES {
                before[l] = own * line[l] + next * before[l];
            }
            *line = before;
        }
        let mut before = [0.0; LANES];
        let mut all = [0.0; LANES];
        for (line, next) in lines.iter_mut().zip(next).rev() {
            for l in 0..LANES {
                before[l] = line[l] + next * before[l];
                all[l] += before[l];
            }
            *line = before;
        }
        if count == LANES {
            let mut rows = block.chunks_exact_mut(nx);
            let side: [&mut [f64]; LANES] =
                std::array::from_fn(|_| rows.next().unwrap_or_default());
            let mut side = side.map(|r| &mut r[..nx]);
            for (i, line) in lines.iter().enumerate() {
                for (row, v) in side.iter_mut().zip(line) {
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
        [all, lines[0], lines[nx - 1]].map(|s| s.iter().sum())
    }
}

kernel! {
    /// All lines along y of a plane, then its elimination along z; gives the sums of all values and
    /// of those at both ends in between.
    fn along_y(axis: &Axis, z: &Elimination, plane: &mut [f64], nx: usize) -> [f64; 3] {
        let mut sums = [0.0; 3];
        let mut first = 0;
        while first < nx {
            first += match nx - first {
                64.. => columns::<64>(axis, z, plane, nx, first, &mut sums),
                16.. => columns::<16>(axis, z, plane, nx, first, &mut sums),
                4.. => columns::<4>(axis, z, plane, nx, first, &mut sums),
                _ => columns::<1>(axis, z, plane, nx, first, &mut sums),
            };
        }
        sums
    }
}

/// `W` columns of a plane from `first`; gives `W`.
#[inline(always)]
fn columns<const W: usize>(
    axis: &Axis,
    z: &Elimination,
    plane: &mut [f64],
    nx: usize,
    first: usize,
    sums: &mut [f64; 3],
) -> usize {
    let Factors { own, next } = &axis.up;
    let ny = own.len();
    let wall = |j: usize| {
        let low = if j == 0 { axis.walls[0] } else { 0.0 };
        low + if j + 1 == ny { axis.walls[1] } else { 0.0 }
    };
    let mut before = [0.0; W];
    for (j, row) in plane.chunks_exact_mut(nx).enumerate() {
        let row = &mut row[first..][..W];
        let (own, next, wall) = (own[j], next[j], wall(j));
        let mut here = [0.0; W];
        here.copy_from_slice(row);
        for l in 0..W {
            before[l] = own * (here[l] + wall) + next * before[l];
        }
        row.copy_from_slice(&before);
    }
    let (mut before, mut all, mut high) = ([0.0; W], [0.0; W], [0.0; W]);
    let rows = plane.chunks_exact_mut(nx).zip(z.done.chunks_exact(nx)).zip(next);
    for (j, ((row, done), next)) in rows.enumerate().rev() {
        let (row, done) = (&mut row[first..][..W], &done[first..][..W]);
        let (mut here, mut from) = ([0.0; W], [0.0; W]);
        here.copy_from_slice(row);
        from.copy_from_slice(done);
        for l in 0..W {
            before[l] = here[l] + next * before[l];
            all[l] += before[l];
            here[l] = z.own * (before[l] + z.wall) + z.next * from[l];
        }
        // The columns are still in the nearest cache.
        row.copy_from_slice(&here);
        if j + 1 == ny {
            high = before;
        }
    }
    for (sum, of) in sums.iter_mut().zip([all, before, high]) {
        *sum += of.iter().sum::<f64>();
    }
    W
}
