//! The residual of an equation in double precision, the diagonal that goes with it, and their sums:
//! one pass over planes, by blocks of rows that stay in the cache.

use super::rows::{Lanes, Size, Terms, combine, diagonal, level, reacted};
use super::{Equation, Scratch};
use crate::ground::par;
use crate::kernel;
use crate::numerics::stencil::ordered;
use crate::numerics::wall::{Side, beside};

/// Voxels of a block of rows that a sweep takes at a time; what it holds of them stays in the cache.
const BLOCK: usize = 128;

/// Sums of one residual evaluation.
pub(super) struct Sums {
    /// ‖F‖₂.
    pub(super) norm: f64,
    /// max |F|.
    pub(super) largest: f64,
    /// Σ F for the solution without its negative part.
    pub(super) balance: f64,
    /// Derivative of `balance` along the solution.
    pub(super) slope: f64,
    pub(super) stored: f64,
    pub(super) parts: Vec<[f64; 2]>,
    /// What passes the walls besides, by face, and its derivative along the solution.
    pub(super) besides: [[f64; 2]; 6],
    pub(super) least: f64,
    /// ‖F‖₂ and max |F| with all unknowns at the lift.
    pub(super) lifted: (f64, f64),
}

/// Residual −F/unit and the diagonal beyond the conductances at `v`, into the scratch.
pub(super) fn evaluate(
    eq: &Equation,
    v: &[f64],
    unit: f64,
    scratch: &mut Scratch,
    lifted: bool,
) -> Sums {
    let values: Vec<f64> = eq.reservoirs.iter().map(|r| r.value(v)).collect();
    let levels: Option<Vec<f64>> =
        lifted.then(|| eq.reservoirs.iter().map(|r| r.level(eq.lift)).collect());
    let at = Point { eq, v, values: &values, levels: levels.as_deref(), unit };
    let layout = eq.hierarchy.grids.levels[0].layout;
    let (r, extra) = (layout.body(&mut scratch.vectors.r), scratch.cycle.extra(&layout));
    let planes = par::planes2_map([layout.plane(); 2], r, extra, |k, r, e| sweep(&at, k, r, e));
    let mut sums = Sums {
        norm: 0.0,
        largest: 0.0,
        balance: 0.0,
        slope: 0.0,
        stored: 0.0,
        parts: vec![[0.0; 2]; eq.reaction.parts()],
        besides: [[0.0; 2]; 6],
        least: 0.0,
        lifted: (0.0, 0.0),
    };
    for p in planes {
        sums.lifted.0 += p.lifted.0;
        sums.lifted.1 = sums.lifted.1.max(p.lifted.1);
        sums.norm += p.square;
        // A maximum passes over values that are not numbers; the norm does not.
        sums.largest = sums.largest.max(p.largest);
        sums.balance += p.balance;
        sums.slope += p.along;
        sums.stored += p.stored;
        sums.least = sums.least.min(p.least);
        for (total, part) in sums.parts.iter_mut().zip(p.parts) {
            total[0] += part[0];
            total[1] += part[1];
        }
        for (total, part) in sums.besides.iter_mut().zip(p.besides) {
            total[0] += part[0];
            total[1] += part[1];
        }
    }
    sums.norm = sums.norm.sqrt();
    sums.lifted.0 = sums.lifted.0.sqrt();
    for r in eq.reservoirs {
        let inside: f64 = r.entries.iter().map(|&(i, g)| g * v[i as usize].max(0.0)).sum();
        sums.balance += r.gained(inside);
        sums.slope += r.storage * inside / r.total;
    }
    sums
}

/// Where the residual is evaluated.
#[derive(Clone, Copy)]
struct Point<'a> {
    eq: &'a Equation<'a>,
    v: &'a [f64],
    /// Values of the reservoirs.
    values: &'a [f64],
    /// Their values where all unknowns are at the lift, if the residual there is wanted too.
    levels: Option<&'a [f64]>,
    unit: f64,
}

/// Sums of a plane.
#[derive(Default)]
struct PlaneSums {
    square: f64,
    largest: f64,
    balance: f64,
    along: f64,
    stored: f64,
    least: f64,
    /// Square and maximum at the lift.
    lifted: (f64, f64),
    parts: Vec<[f64; 2]>,
    besides: [[f64; 2]; 6],
}

kernel! {
    /// Plane `k` of the residual, of the diagonal without walls, and of their sums.
    fn sweep(at: &Point, k: usize, r: &mut [f32], extra: &mut [f32]) -> PlaneSums {
        let Point { eq, v, values, levels, unit } = *at;
        let faces = &eq.hierarchy.fine;
        let [nx, ny, _] = faces.n;
        let plane = nx * ny;
        let layout = eq.hierarchy.grids.levels[0].layout;
        let stride = layout.stride;
        let whole = v;
        let around = faces.around(v, k);
        let open = faces.around(&eq.hierarchy.relative, k);
        let mut walls = eq.wall.map_or([Side::default(); 6], |w| w.plane(0, k, plane));
        // Rows at a time: enough that what stands around the loops is little beside them.
        let most_rows = (BLOCK / nx).clamp(1, ny);
        let block = vec![0.0; most_rows * nx];
        let (mut f, mut rate, mut slope) = (block.clone(), block.clone(), block);
        let parts = eq.reaction.parts();
        // Of all parts but the last.
        let mut rest = [0.0; 2];
        let mut all = PlaneSums { parts: vec![[0.0; 2]; parts], ..PlaneSums::default() };
        let (mut size, mut lifted) = (Size::ZERO, Size::ZERO);
        let mut sums = Lanes::ZERO;
        let mut high = levels.map(|levels| (levels, walls, vec![eq.lift; most_rows * nx]));
        // A value that all share comes from the nearest cache.
        let even = eq.even_storage().map(|s| vec![s; most_rows * nx]);
        let scale = -1.0 / unit;
        // Read once: a loop that writes cannot know that they stay.
        let (d, shift) = (eq.d, eq.shift);
        for first in (0..ny).step_by(most_rows) {
            let rows = first..(first + most_rows).min(ny);
            let (at, n) = (k * plane + first * nx, rows.len() * nx);
            let s = even.as_ref().map_or(&eq.storage[at..][..n], |s| &s[..n]);
            let b = &eq.rhs[at..][..n];
            let (rate, slope) = (&mut rate[..n], &mut slope[..n]);
            if let Some((levels, walls, lift)) = &mut high {
                eq.reaction.first(at, &lift[..n], rate, slope);
                for part in 1..parts {
                    eq.reaction.add(part, at, &lift[..n], rate, slope);
                }
                level(shift * eq.lift, s, b, rate);
                for (face, side) in walls.iter_mut().enumerate() {
                    let value = eq.reservoir_faces[face].map_or(eq.outside[face], |r| levels[r]);
                    for &(i, g) in side.take(at + n).entries {
                        rate[i as usize - at] += g * (eq.lift - value);
                    }
                }
                lifted.take(rate);
            }
            let f = &mut f[..n];
            for (j, f) in rows.clone().zip(f.chunks_exact_mut(nx)) {
                faces.open_divergence_row(around, open, j, k, f);
            }
            let v = &v[at..][..n];
            eq.reaction.first(at, v, rate, slope);
            // The sums of all parts together come with the residual.
            let mut before = [0.0; 2];
            for (part, sum_of_part) in all.parts.iter_mut().enumerate() {
                if part > 0 {
                    eq.reaction.add(part, at, v, rate, slope);
                }
                if part + 1 < parts {
                    let now = reacted(v, rate, slope);
                    *sum_of_part = [0, 1].map(|i| sum_of_part[i] + (now[i] - before[i]));
                    before = now;
                }
            }
            rest = [0, 1].map(|i| rest[i] + before[i]);
            combine(&Terms { v, storage: s, constant: b, rate, slope }, [d, shift], f, &mut sums);
            let extra = &mut extra[first * stride..];
            let lines = extra.chunks_exact_mut(stride);
            for ((s, slope), extra) in s.chunks_exact(nx).zip(slope.chunks_exact(nx)).zip(lines) {
                diagonal(shift, s, slope, &mut extra[..nx]);
            }
            for (face, side) in walls.iter_mut().enumerate() {
                let side = side.take(at + n);
                if let Some(reservoir) = eq.reservoir_faces[face] {
                    for &(i, g) in side.entries {
                        let i = i as usize - at;
                        f[i] += g * (v[i] - values[reservoir]);
                    }
                    continue;
                }
                let outside = eq.outside[face];
                let besides = if parts > 0 { side.besides } else { &[] };
                // In registers: a loop that adds to memory waits for it.
                let ([mut balance, mut along], [mut more, mut slopes]) = ([0.0; 2], [0.0; 2]);
                let mut place = layout.places();
                for (count, &(i, g)) in side.entries.iter().enumerate() {
                    let i = i as usize - at;
                    let (v, held) = (v[i], v[i].max(0.0));
                    f[i] += g * (v - outside);
                    balance += g * (held - outside);
                    along += g * held;
                    let Some(part) = besides.get(count) else { continue };
                    let (passed, slope) = beside(*part, g * outside, rate[i], slope[i]);
                    f[i] -= passed;
                    let extra = &mut extra[place(i)];
                    *extra = (f64::from(*extra) - slope).max(0.0) as f32;
                    more += if v > 0.0 { passed } else { 0.0 };
                    slopes += slope * held;
                }
                balance -= more;
                along -= slopes;
                all.besides[face] = [all.besides[face][0] + more, all.besides[face][1] + slopes];
                all.balance += balance;
                all.along += along;
            }
            for &(i, other, t) in faces.ends_in(at..at + n) {
                let i = i as usize;
                f[i - at] += d * t * (whole[i] - whole[other as usize]);
            }
            let r = r[first * stride..].chunks_exact_mut(stride);
            for (r, f) in r.zip(f.chunks_exact(nx)) {
                size.write(f, scale, &mut r[..nx]);
            }
        }
        let (reacted, along) = (ordered(sums.rate), ordered(sums.along));
        if let Some(last) = all.parts.last_mut() {
            *last = [reacted - rest[0], along - rest[1]];
        }
        all.stored = ordered(sums.stored);
        all.balance += shift * all.stored + reacted - ordered(sums.constant);
        all.along += shift * all.stored + along;
        all.least = sums.least.iter().fold(0.0, |m, l| m.min(*l));
        (all.square, all.largest) = (ordered(size.square), size.most());
        all.lifted = (ordered(lifted.square), lifted.most());
        all
    }
}
