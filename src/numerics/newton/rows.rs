//! What a sweep over rows of voxels sums up, in lanes that vectorise.

use super::Equation;
use crate::numerics::stencil::ordered;

/// Wall conductances in the order of the voxels, row by row.
pub(super) struct Rows<'a> {
    /// By face: entries from the current row on.
    faces: [&'a [(u32, f64)]; 6],
}

impl<'a> Rows<'a> {
    /// From the start of plane `k`.
    pub(super) fn of(eq: &'a Equation, k: usize) -> Rows<'a> {
        let start = (k * eq.hierarchy.fine.plane()) as u32;
        Rows {
            faces: std::array::from_fn(|f| {
                let all = eq.wall.map_or(&[][..], |w| &w.faces()[f]);
                &all[all.partition_point(|e| e.0 < start)..]
            }),
        }
    }

    /// Calls `each(position in the row, conductance, face)` for a row of `n` voxels that starts
    /// at `at`; rows must be asked for in their order.
    #[inline(always)]
    pub(super) fn row(&mut self, at: usize, n: usize, mut each: impl FnMut(usize, f64, usize)) {
        for (face, rest) in self.faces.iter_mut().enumerate() {
            while let Some((&(i, g), others)) = rest.split_first() {
                let i = i as usize;
                if i >= at + n {
                    break;
                }
                each(i - at, g, face);
                *rest = others;
            }
        }
    }
}

/// `x` where `v` is positive, else 0; without a branch, so that loops vectorise.
#[inline(always)]
fn positive(v: f64, x: f64) -> f64 {
    f64::from_bits(x.to_bits() & u64::from(v > 0.0).wrapping_neg())
}

/// Sums of the rates where there is something to react, and of v times their slopes.
#[inline(always)]
pub(super) fn reacted(v: &[f64], rate: &[f64], slope: &[f64]) -> [f64; 2] {
    let n = v.len();
    let (v, rate, slope) = (&v[..n], &rate[..n], &slope[..n]);
    let (mut total, mut along) = ([0.0; 8], [0.0; 8]);
    let whole = n - n % 8;
    for at in (0..whole).step_by(8) {
        for l in 0..8 {
            total[l] += positive(v[at + l], rate[at + l]);
            along[l] += v[at + l] * slope[at + l];
        }
    }
    for (l, i) in (whole..n).enumerate() {
        total[l] += positive(v[i], rate[i]);
        along[l] += v[i] * slope[i];
    }
    [ordered(total), ordered(along)]
}

/// Sums of v times the storage, and of the constant part.
#[inline(always)]
pub(super) fn held(v: &[f64], storage: &[f64], constant: &[f64]) -> [f64; 2] {
    let n = v.len();
    let (v, s, b) = (&v[..n], &storage[..n], &constant[..n]);
    let (mut stored, mut total) = ([0.0; 8], [0.0; 8]);
    let whole = n - n % 8;
    for at in (0..whole).step_by(8) {
        for l in 0..8 {
            stored[l] += v[at + l] * s[at + l];
            total[l] += b[at + l];
        }
    }
    for (l, i) in (whole..n).enumerate() {
        stored[l] += v[i] * s[i];
        total[l] += b[i];
    }
    [ordered(stored), ordered(total)]
}

/// The smaller of `start` and the smallest value, in lanes that vectorise.
#[inline(always)]
pub(super) fn least(v: &[f64], start: f64) -> f64 {
    let mut lanes = [start; 8];
    let wholes = v.chunks_exact(8);
    for (l, x) in lanes.iter_mut().zip(wholes.remainder()) {
        *l = if *x < *l { *x } else { *l };
    }
    for x in wholes {
        for (l, x) in lanes.iter_mut().zip(x) {
            *l = if *x < *l { *x } else { *l };
        }
    }
    lanes.iter().fold(start, |m, l| m.min(*l))
}

/// The larger of `start` and the largest magnitude, in lanes that vectorise.
#[inline(always)]
pub(super) fn most(f: &[f64], start: f64) -> f64 {
    let mut lanes = [start; 8];
    let wholes = f.chunks_exact(8);
    for (l, x) in lanes.iter_mut().zip(wholes.remainder()) {
        *l = if x.abs() > *l { x.abs() } else { *l };
    }
    for x in wholes {
        for (l, x) in lanes.iter_mut().zip(x) {
            *l = if x.abs() > *l { x.abs() } else { *l };
        }
    }
    lanes.iter().fold(start, |m, l| m.max(*l))
}
