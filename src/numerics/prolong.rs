//! A solution on merged voxels as the start value of the grid they are made of, where all voxels are
//! alike: quadratic interpolation, for what linear one misses is as large as the sink itself
//! wherever the solution bends.
//!
//! Values are means over voxels. Linear interpolation between those of pairs misses δ²u/8 in the mean
//! of a child, along every axis; δ² is the second difference. Taken off the coarse values before, it is
//! not missed (a spline's prefilter; Unser, IEEE Signal Process. Mag. 16(6) (1999) 22).

use super::newton::Equation;
use super::share::toward_wall;
use super::stencil::Faces;
use super::transfer::Transfer;
use crate::ground::grid::Face;
use crate::ground::par;
use crate::kernel;

/// What linear interpolation misses, in second differences.
const MISSED: f64 = 1.0 / 8.0;

/// What half of a pair beside a wall of known value misses of the mean of that value and of the pair's, less
/// [`MISSED`], in what the three points of the line, wall, pair and next pair, leave of a straight one.
const BESIDE_WALL: f64 = 1.0 / 44.0;

/// Walls of the merged voxels.
fn walls<'a>(eq: &Equation<'a>) -> [&'a [(u32, f64)]; 6] {
    eq.wall.map_or([&[]; 6], |w| w.levels[1].each_ref().map(|entries| &entries[..]))
}

/// Interpolates `coarse`, the solution on merged voxels, to the voxels of `eq`.
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
    /// Weights at both ends of the outermost merged voxel and the one next to it, and what comes
    /// from outside.
    ends: [[f64; 3]; 2],
}

impl Axis {
    fn new(eq: &Equation, t: &Transfer, axis: usize) -> Axis {
        let fine = &eq.hierarchy.grids.levels[0];
        let ends = [false, true].map(|end| {
            let face = Face { axis, end };
            let first = eq.wall.and_then(|w| w.faces()[face.number()].first());
            let kept = first.and_then(|e| toward_wall(fine, eq.d as f32, t, face, *e));
            let from_wall = 1.0 - kept.map_or(1.0, f64::from);
            let bent = if t.coarse().n[axis] > 1 { 2.0 * BESIDE_WALL * from_wall } else { 0.0 };
            let outside = (from_wall + 2.0 * bent) * eq.outside[face.number()];
            [1.0 - from_wall - 3.0 * bent, bent, outside]
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
            let next =
                if high { own.saturating_sub(1) } else { (own + 1).min(self.n.div_ceil(2) - 1) };
            return (own, next, self.ends[usize::from(high)]);
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
        let beyond = |own: f64, next: f64, end: [f64; 3]| {
            4.0 * (end[0] * own + end[1] * next + end[2]) - 3.0 * own
        };
        line[0] = beyond(line[1], line[2.min(m)], self.ends[0]);
        line[m + 1] = beyond(line[m], line[m.saturating_sub(1).max(1)], self.ends[1]);
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
            // Of the bend, a part is what passes the wall besides.
            let besides = g / (6.0 * between);
            sharp[i] -= MISSED * ((inner + outer) / (1.0 - besides) - inner);
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
    use crate::ground::grid::Grid;

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

    /// Largest error of prolonging `of` the centres and the widths of merged voxels to those of a
    /// box of `n` voxels of size `h` with walls behind these faces, where the result shall be `of` them
    /// too. Centres are counted from zero at the first face.
    fn missed(
        n: [usize; 3],
        h: [f64; 3],
        walls: &[usize],
        of: impl Fn([f64; 3], [f64; 3]) -> f64,
    ) -> f64 {
        let dimensions = n.iter().filter(|&&n| n > 1).count();
        let grid = Grid { dimensions, ..Grid::cuboid(n, h) };
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
        let centres = crate::ground::grid::position;
        let coarse = |i: usize| {
            let at = centres(m, i);
            let first = [0, 1, 2].map(|a| if t.merges(a) { 2 * at[a] } else { at[a] });
            let count = [0, 1, 2].map(|a| if t.merges(a) { 2.min(n[a] - first[a]) } else { 1 });
            let widths = [0, 1, 2].map(|a| h[a] * count[a] as f64);
            of([0, 1, 2].map(|a| h[a] * first[a] as f64 + 0.5 * widths[a]), widths)
        };
        let coarse: Vec<f64> = (0..m.iter().product()).map(coarse).collect();
        let mut fine = vec![0.0; grid.len()];
        prolong(&eq, &coarse, &mut fine);
        let error = |(i, v): (usize, &f64)| {
            let at = centres(n, i);
            (v - of([0, 1, 2].map(|a| h[a] * (at[a] as f64 + 0.5)), h)).abs()
        };
        fine.iter().enumerate().map(error).fold(0.0, f64::max)
    }

    /// Between walls, and between a wall and a sealed face, the means for a constant sink come out.
    #[test]
    fn a_constant_sink_beside_a_wall_is_exact() {
        let (h, sink) = (2e-5, 1e-4);
        for (axis, n) in [[128, 1, 1], [6, 128, 1], [4, 6, 128]].into_iter().enumerate() {
            let length = 128.0 * h;
            // Of the mean over a voxel of this width, S w²/(24 D) above the middle.
            let mean = |ends: f64, at: [f64; 3], width: f64| {
                let x = at[axis];
                OUTSIDE - sink / (2.0 * D) * (x * (ends * length - x) - width * width / 12.0)
            };
            let walls = [2 * axis, 2 * axis + 1];
            for (walls, ends) in [(&walls[..], 1.0), (&walls[..1], 2.0)] {
                let error = missed(n, [h; 3], walls, |at, widths| mean(ends, at, widths[axis]));
                assert!(error < 1e-14, "{n:?}: {error:e}");
            }
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
            // Means over voxels.
            let field = |at: [f64; 3], widths: [f64; 3]| {
                let mean = |a: usize| {
                    let half = std::f64::consts::FRAC_PI_2 * widths[a] / lengths[a];
                    wave(lengths[a], at[a]) * half.sin() / half
                };
                let waves = (0..3).filter(|&a| n[a] > 1).map(mean);
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
