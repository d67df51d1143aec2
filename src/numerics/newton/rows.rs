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

/// Runs `$body` for each `$i` of `0..$n` with its lane `$l`, so that it vectorises. A macro, for a
/// closure in a kernel that is not inlined is not compiled for the kernel's instruction set.
macro_rules! in_lanes {
    ($n:expr, |$l:ident, $i:ident| $body:block) => {{
        let whole = $n - $n % 8;
        for at in (0..whole).step_by(8) {
            for $l in 0..8 {
                let $i = at + $l;
                $body
            }
        }
        for ($l, $i) in (whole..$n).enumerate() $body
    }};
}

/// Sums of the rates where there is something to react, and of v times their slopes; what is
/// negative is error of the solver, and counts as nothing.
#[inline(always)]
pub(super) fn reacted(v: &[f64], rate: &[f64], slope: &[f64]) -> [f64; 2] {
    let n = v.len();
    let (v, rate, slope) = (&v[..n], &rate[..n], &slope[..n]);
    let (mut total, mut along) = ([0.0; 8], [0.0; 8]);
    in_lanes!(n, |l, i| {
        total[l] += positive(v[i], rate[i]);
        along[l] += positive(v[i], v[i]) * slope[i];
    });
    [ordered(total), ordered(along)]
}

/// What rows of the residual are made of besides its conductances; one length.
pub(super) struct Terms<'a> {
    pub(super) v: &'a [f64],
    pub(super) storage: &'a [f64],
    pub(super) constant: &'a [f64],
    pub(super) rate: &'a [f64],
}

/// The diagonal of a row beyond the conductances.
#[inline(always)]
pub(super) fn diagonal(shift: f64, storage: &[f64], slope: &[f64], extra: &mut [f32]) {
    let n = storage.len();
    let (slope, extra) = (&slope[..n], &mut extra[..n]);
    for i in 0..n {
        extra[i] = (shift * storage[i] + slope[i]) as f32;
    }
}

/// Makes the residual out of the divergence in `f`; gives the sums of v, where positive, times the
/// storage, and of the constant part. `least` becomes the smallest value so far.
#[inline(always)]
pub(super) fn combine(t: &Terms, [d, shift]: [f64; 2], f: &mut [f64], least: &mut f64) -> [f64; 2] {
    let n = t.v.len();
    let (v, s, b) = (&t.v[..n], &t.storage[..n], &t.constant[..n]);
    let rate = &t.rate[..n];
    let f = &mut f[..n];
    // One loop for each: all in one do not vectorise.
    for i in 0..n {
        f[i] = (d * f[i] + shift * s[i] * v[i]) + (rate[i] - b[i]);
    }
    let (mut stored, mut total) = ([0.0; 8], [0.0; 8]);
    in_lanes!(n, |l, i| {
        stored[l] += positive(v[i], v[i]) * s[i];
        total[l] += b[i];
    });
    let mut low = [*least; 8];
    in_lanes!(n, |l, i| {
        low[l] = if v[i] < low[l] { v[i] } else { low[l] };
    });
    *least = low.iter().fold(*least, |m, l| m.min(*l));
    [ordered(stored), ordered(total)]
}

/// Writes `scale` times a row of the residual.
#[inline(always)]
pub(super) fn scaled(f: &[f64], scale: f64, r: &mut [f32]) {
    let n = f.len();
    let r = &mut r[..n];
    for i in 0..n {
        r[i] = (scale * f[i]) as f32;
    }
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
