//! Conductances of a grid on which pairs of voxels merge.
//!
//! A coarse face carries the sum of the fine columns across it. Of a column, the conductance of
//! its face alone, times the ratio of the distances between centres, counts for most; the rest is
//! that of its fine faces in series, which sees walls inside coarse voxels but not the ways
//! around them.

use super::seam;
use super::stencil::{self, Faces};
use super::transfer::children;
use crate::ground::par;
use crate::kernel;

/// Share of the conductance of the faces alone in that of a coarse face.
const OPENNESS: f64 = 0.75;

/// Conductance across a coarse face of a column of fine voxels, from those of its faces below, at
/// and above (infinite where there is none), and from the distances of the fine and the coarse
/// centres.
#[inline(always)]
fn column(below: f64, middle: f64, above: f64, [near, far]: [f64; 2]) -> f64 {
    let series = 1.0 / (0.5 / below + 1.0 / middle + 0.5 / above);
    OPENNESS * (middle * near / far) + (1.0 - OPENNESS) * series
}

kernel! {
    /// [`column`] of each voxel of a row, by its faces below, at and above.
    fn columns(below: &[f32], middle: &[f32], above: &[f32], distances: [f64; 2], out: &mut [f64]) {
        let n = out.len();
        let (below, middle, above) = (&below[..n], &middle[..n], &above[..n]);
        for i in 0..n {
            let [below, middle, above] = [below[i], middle[i], above[i]].map(f64::from);
            out[i] = column(below, middle, above, distances);
        }
    }
}

/// Faces of the coarse grid. `widths` and `coarse` are the widths of fine and coarse voxels, in
/// voxels of the finest grid.
pub fn coarsen(
    fine: &Faces<f32>,
    merge: [bool; 3],
    widths: &[Vec<f64>; 3],
    coarse: &[Vec<f64>; 3],
) -> Faces<f32> {
    let n = fine.n;
    let m: [usize; 3] = std::array::from_fn(|a| coarse[a].len());
    // The seam of a periodic axis, as a face between its last and its first coarse voxel.
    let pairs = seam::coarsen(fine, m, merge, |a, below, middle, above| {
        if !merge[a] {
            return middle;
        }
        let ends = |w: &[f64]| 0.5 * (w[w.len() - 1] + w[0]);
        let [below, above] = [below, above].map(|t| t.unwrap_or(f64::INFINITY));
        column(below, middle, above, [ends(&widths[a]), ends(&coarse[a])])
    });
    let ends = stencil::ends(&pairs);
    let mut faces =
        Faces { n: m, arrays: Default::default(), uniform: None, closed: fine.closed, pairs, ends };
    let rows = |a: usize| Rows { fine, merge, axis: a, widths: &widths[a], coarse: &coarse[a] };
    if fine.even() && (0..3).all(|a| !merge[a] || n[a].is_multiple_of(2)) {
        let first = |a: usize| {
            let mut row = vec![0.0; m[0] + usize::from(a == 0)];
            let at = [0, 1, 2].map(|b| usize::from(a == b));
            rows(a).sum(at[1], at[2], &mut row, &mut Vec::new());
            row[at[0]] as f32
        };
        faces.uniform = Some([0, 1, 2].map(|a| if m[a] > 1 { first(a) } else { 0.0 }));
        return faces;
    }
    for (a, array) in faces.arrays.iter_mut().enumerate() {
        let mut n = m;
        n[a] += 1;
        array.resize(n.iter().product(), 0.0);
        par::planes(n[0] * n[1], array, |k, p| {
            let (mut sums, mut scratch) = (vec![0.0; n[0]], Vec::new());
            for (j, row) in p.chunks_exact_mut(n[0]).enumerate() {
                // Rows at the sides of the grid.
                if a > 0 && [0, m[a]].contains(&[0, j, k][a]) {
                    continue;
                }
                sums.fill(0.0);
                rows(a).sum(j, k, &mut sums, &mut scratch);
                row.iter_mut().zip(&sums).for_each(|(t, sum)| *t = *sum as f32);
            }
        });
    }
    faces.uniform = if fine.closed { None } else { faces.equal() };
    if faces.even() {
        faces.arrays = Default::default();
    }
    faces
}

/// Rows of coarse faces along one axis.
struct Rows<'a> {
    fine: &'a Faces<f32>,
    merge: [bool; 3],
    axis: usize,
    /// Widths along it of fine and coarse voxels.
    widths: &'a [f64],
    coarse: &'a [f64],
}

impl Rows<'_> {
    /// Distances of the centres beside face `c`, fine and coarse.
    fn distances(&self, c: usize) -> [f64; 2] {
        let (w, v) = (self.widths, self.coarse);
        [0.5 * (w[2 * c - 1] + w[2 * c]), 0.5 * (v[c - 1] + v[c])]
    }

    /// Adds the columns of row (j, k) of the faces to `sums`; faces at the sides of the grid along
    /// x stay as they are. Those along y and z must not be asked for.
    fn sum(&self, j: usize, k: usize, sums: &mut [f64], scratch: &mut Vec<f64>) {
        let (fine, merge, a) = (self.fine, self.merge, self.axis);
        let own = |b: usize, c: usize| match merge[b] {
            true if a == b => 2 * c..2 * c + 1,
            merge => children(c, merge, fine.n[b]),
        };
        let (steps, step) = fine.places(a);
        let count = fine.n[0] + usize::from(a == 0);
        let even = fine.arrays[a].is_empty();
        let same = if even { vec![fine.between(a, 0); count] } else { Vec::new() };
        let row = |at: usize| if even { &same[..] } else { &fine.arrays[a][at..][..count] };
        for kk in own(2, k) {
            for jj in own(1, j) {
                let at = kk * steps[1] + jj * steps[0];
                if a == 0 {
                    self.along(row(at), sums);
                    continue;
                }
                let middle = row(at);
                scratch.resize(count, 0.0);
                if merge[a] {
                    let c = [0, j, k][a];
                    let last = vec![f32::INFINITY; if 2 * c + 1 < fine.n[a] { 0 } else { count }];
                    let above = if last.is_empty() { row(at + step) } else { &last[..] };
                    columns(row(at - step), middle, above, self.distances(c), scratch);
                } else {
                    scratch.iter_mut().zip(middle).for_each(|(t, m)| *t = f64::from(*m));
                }
                for (c, sum) in sums.iter_mut().enumerate() {
                    for i in children(c, merge[0], fine.n[0]) {
                        *sum += scratch[i];
                    }
                }
            }
        }
    }

    /// The same of a row of faces along x.
    fn along(&self, row: &[f32], sums: &mut [f64]) {
        let count = sums.len();
        for (c, sum) in sums.iter_mut().enumerate().take(count - 1).skip(1) {
            if !self.merge[0] {
                *sum += f64::from(row[c]);
                continue;
            }
            let above = if 2 * c + 1 < self.fine.n[0] { row[2 * c + 1] } else { f32::INFINITY };
            let [below, middle, above] = [row[2 * c - 1], row[2 * c], above].map(f64::from);
            *sum += column(below, middle, above, self.distances(c));
        }
    }
}
