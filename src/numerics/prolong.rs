//! A solution on merged voxels as the start value of the grid they are made of, where all voxels are
//! alike: quadratic interpolation, for what linear one misses is as large as the sink itself
//! wherever the solution bends.
//!
//! Linear interpolation to the centres of the children of pairs, a quarter of a pair away, misses
//! (3/32) δ²u along every axis, δ² the second difference. Taken off the coarse values before, it is
//! not missed (a spline's prefilter; Unser, IEEE Signal Process. Mag. 16(6) (1999) 22).

use super::newton::Equation;
use super::share::toward_wall;
use super::stencil::Faces;
use super::transfer::Transfer;
use crate::ground::grid::Face;
use crate::ground::par;
use crate::kernel;

/// What linear interpolation misses, in second differences.
const MISSED: f64 = 3.0 / 32.0;

/// Part of its sink that a merged voxel beside a wall is left, for its solution to stand where that of
/// the fine grid does. Half a voxel of width h from a wall of known value, a solution of constant
/// bend c″ stands h² c″/8 below the true one, for the gradient there is not that on the wall; h²/32
/// with half of h. A quarter of the sink, less a quarter of that, makes up for the rest.
const BESIDE_WALL: f64 = 13.0 / 16.0;

/// Takes from values that are sums over merged voxels what [`BESIDE_WALL`] says; once beside an edge,
/// where the walls share the bend.
pub fn settle(eq: &Equation, t: &Transfer, sums: &mut [f64]) {
    let n = t.coarse().n;
    let walls = walls(eq);
    let counts = |face: &Face| t.merges(face.axis) && !walls[face.number()].is_empty();
    for face in Face::ALL.into_iter().filter(counts) {
        let before = || Face::ALL[..face.number()].iter().filter(|f| counts(f));
        for &(i, _) in walls[face.number()] {
            let i = i as usize;
            let at = [i % n[0], i / n[0] % n[1], i / (n[0] * n[1])];
            let on = |f: &Face| at[f.axis] == if f.end { n[f.axis] - 1 } else { 0 };
            if !before().any(on) {
                sums[i] *= BESIDE_WALL;
            }
        }
    }
}

/// Walls of the merged voxels.
fn walls<'a>(eq: &Equation<'a>) -> [&'a [(u32, f64)]; 6] {
    eq.wall.map_or([&[]; 6], |w| w.levels[1].each_ref().map(|entries| &entries[..]))
}

/// Interpolates `coarse`, the solution with [`settle`]d sinks, to the voxels of `eq`.
pub fn prolong(eq: &Equation, coarse: &[f64], v: &mut [f64]) {
    let t = &eq.hierarchy.grids.transfers[0];
    let sharp = sharpened(eq, t, coarse);
    let [x, y, z] = [0, 1, 2].map(|a| Axis::new(eq, t, a));
    let m = t.coarse().n;
    par::planes(x.n * y.n, v, |k, out| {
        let (mut plane, mut line) = (vec![0.0; m[0] * m[1]], vec![0.0; m[0] + 2]);
        let at = |k: usize| &sharp[k * m[0] * m[1]..][..m[0] * m[1]];
        let (own, other, weights) = z.at(k);
        mix(weights, at(own), at(other), &mut plane);
        for (j, out) in out.chunks_exact_mut(x.n).enumerate() {
            let at = |j: usize| &plane[j * m[0]..][..m[0]];
            let (own, other, weights) = y.at(j);
            mix(weights, at(own), at(other), &mut line[1..=m[0]]);
            x.unfold(&mut line, out);
        }
    });
}

/// How values along an axis come from those of merged voxels.
struct Axis {
    /// Voxels.
    n: usize,
    merges: bool,
    /// At both ends, the part that the outermost voxel takes of its merged one, and what it takes
    /// from outside.
    ends: [(f64, f64); 2],
}

impl Axis {
    fn new(eq: &Equation, t: &Transfer, axis: usize) -> Axis {
        let fine = &eq.hierarchy.grids.levels[0];
        let ends = [false, true].map(|end| {
            let face = Face { axis, end };
            let first = eq.wall.and_then(|w| w.faces()[face.number()].first());
            let kept = first.and_then(|e| toward_wall(fine, eq.d as f32, t, face, *e));
            let kept = kept.map_or(1.0, f64::from);
            (kept, (1.0 - kept) * eq.outside[face.number()])
        });
        Axis { n: fine.layout.n[axis], merges: t.merges(axis), ends }
    }

    /// The merged voxel of voxel `i` and the one on its side, with their weights and a constant.
    fn at(&self, i: usize) -> (usize, usize, [f64; 3]) {
        let own = if self.merges { i / 2 } else { i };
        let [low, high] = [i == 0, i + 1 == self.n];
        if !self.merges || high && i.is_multiple_of(2) {
            return (own, own, [1.0, 0.0, 0.0]);
        }
        if low || high {
            let (kept, outside) = self.ends[usize::from(high)];
            return (own, own, [kept, 0.0, outside]);
        }
        let other = if i.is_multiple_of(2) { own - 1 } else { own + 1 };
        let part = self.part(other);
        (own, other, [1.0 - part, part, 0.0])
    }

    /// Weight of the merged voxel `other` beside one's own: less far away where it is no pair.
    fn part(&self, other: usize) -> f64 {
        if 2 * other + 1 == self.n { 1.0 / 3.0 } else { 0.25 }
    }

    /// Writes a line of voxels from the merged ones, which stand in `line` from its second place on.
    fn unfold(&self, line: &mut [f64], out: &mut [f64]) {
        let m = line.len() - 2;
        if !self.merges {
            return out.iter_mut().zip(&line[1..]).for_each(|(o, u)| *o = u.max(0.0));
        }
        // Beyond the ends what the outermost voxels ask for.
        let beyond = |u: f64, (kept, outside): (f64, f64)| 4.0 * (kept * u + outside) - 3.0 * u;
        line[0] = beyond(line[1], self.ends[0]);
        line[m + 1] = beyond(line[m], self.ends[1]);
        pairs(line, out);
        let odd = !self.n.is_multiple_of(2);
        if odd && m > 1 {
            let part = self.part(m - 1);
            out[self.n - 2] = ((1.0 - part) * line[m - 1] + part * line[m]).max(0.0);
        }
        if odd {
            out[self.n - 1] = line[m].max(0.0);
        }
    }
}

kernel! {
    /// out = weights · (a, b, 1).
    fn mix(weights: [f64; 3], a: &[f64], b: &[f64], out: &mut [f64]) {
        for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
            *out = weights[0] * a + weights[1] * b + weights[2];
        }
    }
}

kernel! {
    /// Both children of every pair, from a line with one value more at each end.
    fn pairs(line: &[f64], out: &mut [f64]) {
        let pairs = out.as_chunks_mut::<2>().0;
        let m = pairs.len();
        let (left, own, right) = (&line[..m], &line[1..][..m], &line[2..][..m]);
        for (i, pair) in pairs.iter_mut().enumerate() {
            *pair = [
                (0.75 * own[i] + 0.25 * left[i]).max(0.0),
                (0.75 * own[i] + 0.25 * right[i]).max(0.0),
            ];
        }
    }
}

/// `coarse` less what linear interpolation along the merged axes misses.
fn sharpened(eq: &Equation, t: &Transfer, coarse: &[f64]) -> Vec<f64> {
    let n = t.coarse().n;
    let plane = n[0] * n[1];
    let missed = [0, 1, 2].map(|a| if t.merges(a) { MISSED } else { 0.0 });
    // Beyond sealed faces the values mirror themselves: no difference.
    let differences = Faces {
        n,
        arrays: Default::default(),
        uniform: Some(missed),
        closed: false,
        pairs: Vec::new(),
        ends: Vec::new(),
    };
    let mut sharp = vec![0.0; coarse.len()];
    par::planes(plane, &mut sharp, |k, p| {
        let around = differences.around(coarse, k);
        for (j, row) in p.chunks_exact_mut(n[0]).enumerate() {
            differences.divergence_row(around, j, k, row);
            row.iter_mut().zip(&around[1][j * n[0]..]).for_each(|(row, u)| *row += u);
        }
    });
    let conductances = eq.hierarchy.grids.levels[1].uniform.unwrap_or([f32::INFINITY; 3]);
    for (face, entries) in Face::ALL.into_iter().zip(walls(eq)) {
        let a = face.axis;
        if !t.merges(a) || n[a] < 2 {
            continue;
        }
        let step = [1, n[0], plane][a];
        let between = eq.d * f64::from(conductances[a]);
        for &(i, g) in entries {
            let i = i as usize;
            let inner = coarse[if face.end { i - step } else { i + step }] - coarse[i];
            let outer = g / between * (eq.outside[face.number()] - coarse[i]);
            sharp[i] -= MISSED * ((inner + outer) / BESIDE_WALL - inner);
        }
    }
    sharp
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::hierarchy::Hierarchy;
    use super::super::newton::Reaction;
    use super::super::wall::{Behind, Wall};
    use super::*;
    use crate::ground::grid::{Form, Grid};

    struct Nothing;

    impl Reaction for Nothing {
        fn parts(&self) -> usize {
            0
        }
        fn linear(&self) -> bool {
            true
        }
        fn add(&self, _: usize, _: usize, _: &[f64], _: &mut [f64], _: &mut [f64]) {}
        fn merged(&self, _: &dyn Fn(&[f64]) -> Vec<f64>) -> Box<dyn Reaction + '_> {
            Box::new(Nothing)
        }
    }

    const D: f64 = 2e-9;
    const OUTSIDE: f64 = 0.2;

    /// Largest error of prolonging `of` the centres of merged voxels to those of a box of `n` voxels
    /// of size `h` with walls behind these faces, where the result shall be `of` them too. Centres are
    /// counted from zero at the first face.
    fn missed(n: [usize; 3], h: [f64; 3], walls: &[usize], of: impl Fn([f64; 3]) -> f64) -> f64 {
        let dimensions = n.iter().filter(|&&n| n > 1).count();
        let grid = Grid { n, h, dimensions, form: Form::Box, periodic: [false; 3] };
        let open = vec![1.0; grid.len()];
        let hierarchy = Hierarchy::new(&grid, Arc::new(open.clone()), [1.0; 3]);
        let mut behind = [Behind::Sealed; 6];
        for &face in walls {
            behind[face] = Behind::Open { film: f64::INFINITY };
        }
        let wall = Wall::new(&grid, &open, D, [1.0; 3], &behind, &hierarchy.grids.shapes);
        let eq = Equation {
            hierarchy: &hierarchy,
            d: D,
            storage: &open,
            storage_range: (1.0, 1.0),
            shift: 0.0,
            rhs: &[],
            wall: Some(&wall),
            reservoirs: &[],
            reservoir_faces: [None; 6],
            outside: [OUTSIDE; 6],
            reaction: &Nothing,
            lift: OUTSIDE,
            tolerance: 1e-8,
            bend: 0.0,
        };
        let t = &hierarchy.grids.transfers[0];
        let m = t.coarse().n;
        let centres = |n: [usize; 3], i: usize| [i % n[0], i / n[0] % n[1], i / (n[0] * n[1])];
        let coarse = |i: usize| {
            let at = centres(m, i);
            // The first fine voxel of a merged one, and half of what it holds further.
            of([0, 1, 2].map(|a| {
                let first = if t.merges(a) { 2 * at[a] } else { at[a] };
                let count = if t.merges(a) { 2.min(n[a] - first) } else { 1 };
                h[a] * (first as f64 + 0.5 * count as f64)
            }))
        };
        let coarse: Vec<f64> = (0..m.iter().product()).map(coarse).collect();
        let mut fine = vec![0.0; grid.len()];
        prolong(&eq, &coarse, &mut fine);
        let error = |(i, v): (usize, &f64)| {
            let at = centres(n, i);
            (v - of([0, 1, 2].map(|a| h[a] * (at[a] as f64 + 0.5)))).abs()
        };
        fine.iter().enumerate().map(error).fold(0.0, f64::max)
    }

    /// Between walls, and between a wall and a sealed face, the solution for a constant sink comes out
    /// as that of the fine grid, which stands S h²/(8 D) below the true one.
    #[test]
    fn a_constant_sink_beside_a_wall_is_exact() {
        let (h, sink) = (2e-5, 1e-4);
        for (axis, n) in [[128, 1, 1], [6, 128, 1], [4, 6, 128]].into_iter().enumerate() {
            let length = 128.0 * h;
            let two = |at: [f64; 3]| {
                let x = at[axis];
                OUTSIDE - sink / (2.0 * D) * x * (length - x) - sink * h * h / (8.0 * D)
            };
            let one = |at: [f64; 3]| {
                let x = at[axis];
                OUTSIDE - sink / (2.0 * D) * x * (2.0 * length - x) - sink * h * h / (8.0 * D)
            };
            // What the merged voxel beside the wall balances.
            let merged = |i: f64| two([2.0 * h * i; 3]);
            let balance = 2.0 * (OUTSIDE - merged(0.5)) + (merged(1.5) - merged(0.5));
            let wanted = BESIDE_WALL * sink * 4.0 * h * h / D;
            assert!((balance / wanted - 1.0).abs() < 1e-9, "{balance:e} of {wanted:e}");
            let walls = [2 * axis, 2 * axis + 1];
            let error = missed(n, [h; 3], &walls, two);
            assert!(error < 1e-14, "{n:?}: {error:e}");
            let error = missed(n, [h; 3], &walls[..1], one);
            assert!(error < 1e-14, "{n:?}: {error:e}");
        }
    }

    /// The error falls with the third power of the voxel, whatever merges; of voxels that stand alone
    /// at an odd end, with the second.
    #[test]
    fn smooth_fields_are_of_third_order() {
        let wave = |length: f64, x: f64| (std::f64::consts::PI * x / length).cos();
        let boxes = [
            ([32, 32, 32], [1.0, 1.0, 1.0], 6.5),
            ([64, 32, 16], [1.0, 1.0, 4.0], 6.5),
            ([33, 33, 1], [1.0; 3], 3.0),
        ];
        for (n, h, order) in boxes {
            let lengths = [0, 1, 2].map(|a| n[a] as f64 * h[a]);
            let field = |at: [f64; 3]| {
                let waves = (0..3).filter(|&a| n[a] > 1).map(|a| wave(lengths[a], at[a]));
                1.0 + 0.3 * waves.product::<f64>()
            };
            let coarse = missed(n, h, &[], field);
            let more = n.map(|n| if n > 1 { 2 * n - n % 2 } else { 1 });
            let less = [0, 1, 2].map(|a| lengths[a] / more[a] as f64);
            let fine = missed(more, less, &[], field);
            assert!(coarse > order * fine && fine > 0.0, "{n:?}: {coarse:e} and {fine:e}");
        }
    }
}
