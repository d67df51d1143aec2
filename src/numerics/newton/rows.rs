//! What a sweep over rows of voxels sums up, in lanes that vectorise.

use crate::numerics::stencil::ordered;

/// `x` where `v` is positive, else 0; without a branch, so that loops vectorise.
#[inline(always)]
fn positive(v: f64, x: f64) -> f64 {
    f64::from_bits(x.to_bits() & u64::from(v > 0.0).wrapping_neg())
}

/// Runs each `$body` for eight voxels at a time, `$l` of `0..8`, with each `$name` an array of eight
/// of its slice, and for what is left over. Slices are of one length. Bodies of one statement become
/// vectors; longer ones do not. A macro, for a closure in a kernel that is not inlined is not compiled
/// for the kernel's instruction set.
macro_rules! in_eights {
    ([$($name:ident),*], [$($out:ident),*], |$l:ident| $($body:block)*) => {{
        $(let $name = $name.as_chunks::<8>();)*
        $(let $out = $out.as_chunks_mut::<8>();)*
        let (count, left) = in_eights!(@first $($name),*);
        $(let $name = (&$name.0[..count], &$name.1[..left]);)*
        $(let $out = (&mut $out.0[..count], &mut $out.1[..left]);)*
        for i in 0..count {
            $(let $name = $name.0[i];)*
            $(let $out = &mut $out.0[i];)*
            in_eights!(@each $l, 8, $($body)*);
        }
        $(let $name = $name.1;)*
        $(let $out = $out.1;)*
        in_eights!(@each $l, left, $($body)*);
    }};
    (@first $first:ident $(, $name:ident)*) => { ($first.0.len(), $first.1.len()) };
    (@each $l:ident, $count:expr, $($body:block)*) => { $(for $l in 0..$count $body)* };
}

/// Sums of the rates where there is something to react, and of v times their slopes; what is
/// negative is error of the solver, and counts as nothing.
#[inline(always)]
pub(super) fn reacted(v: &[f64], rate: &[f64], slope: &[f64]) -> [f64; 2] {
    let (mut total, mut along) = ([0.0; 8], [0.0; 8]);
    in_eights!([v, rate, slope], [], |l| {
        total[l] += positive(v[l], rate[l]);
    } {
        along[l] += positive(v[l], v[l]) * slope[l];
    });
    [ordered(total), ordered(along)]
}

/// What rows of the residual are made of besides its conductances; one length.
pub(super) struct Terms<'a> {
    pub(super) v: &'a [f64],
    pub(super) storage: &'a [f64],
    pub(super) constant: &'a [f64],
    pub(super) rate: &'a [f64],
    pub(super) slope: &'a [f64],
}

/// Sums over rows in lanes.
#[derive(Clone, Copy)]
pub(super) struct Lanes {
    /// v, where positive, times the storage.
    pub(super) stored: [f64; 8],
    /// The constant part.
    pub(super) constant: [f64; 8],
    /// As [`reacted`].
    pub(super) rate: [f64; 8],
    pub(super) along: [f64; 8],
    /// The smallest value, at most 0.
    pub(super) least: [f64; 8],
}

impl Lanes {
    pub(super) const ZERO: Lanes = Lanes {
        stored: [0.0; 8],
        constant: [0.0; 8],
        rate: [0.0; 8],
        along: [0.0; 8],
        least: [0.0; 8],
    };
}

/// Makes the residual of some rows out of the divergence in `f`, and adds to `sums`. One loop for each: all
/// sums beside the residual are more than the registers hold.
#[inline(always)]
pub(super) fn combine(t: &Terms, [d, shift]: [f64; 2], f: &mut [f64], sums: &mut Lanes) {
    let Terms { v, storage, constant, rate, slope } = *t;
    let Lanes { mut stored, constant: mut given, rate: mut total, mut along, mut least } = *sums;
    in_eights!([v, storage, constant, rate], [f], |l| {
        f[l] = (d * f[l] + shift * storage[l] * v[l]) + (rate[l] - constant[l]);
    } {
        given[l] += constant[l];
    });
    in_eights!([v, storage, rate, slope], [], |l| {
        stored[l] += positive(v[l], v[l]) * storage[l];
    } {
        total[l] += positive(v[l], rate[l]);
    } {
        along[l] += positive(v[l], v[l]) * slope[l];
    } {
        least[l] = if v[l] < least[l] { v[l] } else { least[l] };
    });
    *sums = Lanes { stored, constant: given, rate: total, along, least };
}

/// The diagonal of a row beyond the conductances.
#[inline(always)]
pub(super) fn diagonal(shift: f64, storage: &[f64], slope: &[f64], extra: &mut [f32]) {
    for ((extra, storage), slope) in extra.iter_mut().zip(storage).zip(slope) {
        *extra = (shift * storage + slope) as f32;
    }
}

/// Adds what rows of storage and of the constant part hold at the value `level / shift` to `f`.
#[inline(always)]
pub(super) fn level(level: f64, storage: &[f64], constant: &[f64], f: &mut [f64]) {
    in_eights!([storage, constant], [f], |l| {
        f[l] += level * storage[l] - constant[l];
    });
}

/// Sum of the squares and the largest magnitude of rows, in lanes.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) square: [f64; 8],
    pub(super) largest: [f64; 8],
}

impl Size {
    pub(super) const ZERO: Size = Size { square: [0.0; 8], largest: [0.0; 8] };

    /// Takes rows in.
    #[inline(always)]
    pub(super) fn take(&mut self, f: &[f64]) {
        let Size { mut square, mut largest } = *self;
        in_eights!([f], [], |l| {
            square[l] += f[l] * f[l];
        } {
            largest[l] = if f[l].abs() > largest[l] { f[l].abs() } else { largest[l] };
        });
        *self = Size { square, largest };
    }

    /// Takes a row in and writes `scale` times it to `r`.
    #[inline(always)]
    pub(super) fn write(&mut self, f: &[f64], scale: f64, r: &mut [f32]) {
        let Size { mut square, mut largest } = *self;
        in_eights!([f], [r], |l| {
            r[l] = (scale * f[l]) as f32;
        } {
            square[l] += f[l] * f[l];
        } {
            largest[l] = if f[l].abs() > largest[l] { f[l].abs() } else { largest[l] };
        });
        *self = Size { square, largest };
    }

    /// The largest of all lanes.
    pub(super) fn most(&self) -> f64 {
        self.largest.iter().fold(0.0, |m, l| m.max(*l))
    }
}
