//! Exact Euclidean distances on voxels: lower envelopes of parabolas, one axis after another.
//!
//! Felzenszwalb and Huttenlocher, Theory of Computing 8 (2012) 415. Linear in the number of
//! voxels, in place.

use crate::ground::par;

/// Columns that are taken out of a plane at once: a cache line of f32.
const BLOCK: usize = 16;

/// Squares of the distances from the centres of the voxels inside to the nearest centre outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Distances {
    /// In units of `unit`²: 0 outside, infinite without anything outside. Whole numbers (exact
    /// below 2^24) on cubic voxels.
    pub squared: Vec<f32>,
    /// Smallest edge of a voxel, m.
    pub unit: f64,
}

/// Distances of the voxels with `inside`, of edges `h` in m; what lies beyond the box counts as
/// neither inside nor outside. Takes 4 bytes a voxel.
pub fn distances(n: [usize; 3], h: [f64; 3], inside: impl Fn(usize) -> bool + Sync) -> Distances {
    let mut squared = vec![0.0; n[0] * n[1] * n[2]];
    let (unit, weights) = scales(h);
    par::planes(n[0].max(1), &mut squared, |row, out| {
        let first = row * n[0];
        let mut away = f32::INFINITY;
        for (i, d) in out.iter_mut().enumerate() {
            away = if inside(first + i) { away + 1.0 } else { 0.0 };
            *d = away;
        }
        away = f32::INFINITY;
        for d in out.iter_mut().rev() {
            away = d.min(away + 1.0);
            *d = away * away * weights[0];
        }
    });
    across(n, weights, &mut squared, |value| value);
    Distances { squared, unit }
}

/// Smallest edge, and the squares of the edges over its square.
pub(super) fn scales(h: [f64; 3]) -> (f64, [f32; 3]) {
    let unit = h[0].min(h[1]).min(h[2]);
    (unit, h.map(|h| (h / unit).powi(2) as f32))
}

/// The envelopes along y and z of values that are envelopes along x; `keep` changes each value
/// before the next axis.
pub(super) fn across(
    n: [usize; 3],
    weights: [f32; 3],
    values: &mut [f32],
    keep: impl Fn(f32) -> f32 + Sync,
) {
    let plane = n[0] * n[1];
    if n[1] > 1 && plane > 0 {
        par::planes(plane, values, |_, plane| {
            let mut rows: Vec<&mut [f32]> = plane.chunks_mut(n[0]).collect();
            columns(&mut rows, weights[1], &keep);
        });
    }
    if n[2] > 1 && plane > 0 {
        let planes = values.chunks_mut(plane).collect();
        par::planes_many_map(n[0], planes, |_, rows| columns(rows, weights[2], &keep));
    }
}

/// Envelopes down the columns of a plane that is given by its rows.
fn columns(rows: &mut [&mut [f32]], weight: f32, keep: &impl Fn(f32) -> f32) {
    let (length, width) = (rows.len(), rows.first().map_or(0, |r| r.len()));
    let mut envelope = Envelope::default();
    let mut block = vec![0.0; BLOCK * length];
    for first in (0..width).step_by(BLOCK) {
        let count = BLOCK.min(width - first);
        let finite = |row: &&mut [f32]| row[first..first + count].iter().any(|v| v.is_finite());
        if !rows.iter().any(finite) {
            continue;
        }
        for (k, row) in rows.iter().enumerate() {
            for (i, value) in row[first..first + count].iter().enumerate() {
                block[i * length + k] = *value;
            }
        }
        for column in block.chunks_mut(length).take(count) {
            envelope.replace(column, weight, keep);
        }
        for (k, row) in rows.iter_mut().enumerate() {
            for (i, value) in row[first..first + count].iter_mut().enumerate() {
                *value = block[i * length + k];
            }
        }
    }
}

/// A lower envelope of parabolas, kept for its memory.
#[derive(Default)]
pub(super) struct Envelope {
    /// Where the parabolas stand.
    at: Vec<f64>,
    /// Their values there, and what they would have at 0.
    low: Vec<(f32, f64)>,
    /// From where each is the lowest.
    from: Vec<f64>,
}

impl Envelope {
    /// Replaces values f by `keep` of the smallest f(q) + weight (x − q)² over all q; infinite
    /// values have no parabola.
    pub(super) fn replace(&mut self, f: &mut [f32], weight: f32, keep: &impl Fn(f32) -> f32) {
        let w = f64::from(weight);
        self.at.clear();
        self.low.clear();
        self.from.clear();
        for (q, &value) in f.iter().enumerate().filter(|(_, v)| v.is_finite()) {
            let q = q as f64;
            let origin = f64::from(value) + w * q * q;
            let mut from = f64::NEG_INFINITY;
            while let (Some(at), Some(low), Some(start)) =
                (self.at.last(), self.low.last(), self.from.last())
            {
                let (fall, apart) = (origin - low.1, 2.0 * w * (q - at));
                // Below the last parabola before that begins?
                if fall > start * apart {
                    from = fall / apart;
                    break;
                }
                self.at.pop();
                self.low.pop();
                self.from.pop();
            }
            self.at.push(q);
            self.low.push((value, origin));
            self.from.push(from);
        }
        for p in 0..self.at.len() {
            // A parabola holds the voxels after its start, up to the start of the next.
            let bound = |from: f64| (from.floor() + 1.0).clamp(0.0, f.len() as f64) as usize;
            let start = bound(self.from[p]);
            let end = self.from.get(p + 1).map_or(f.len(), |from| bound(*from));
            let (at, low) = (self.at[p] as f32, self.low[p].0);
            for x in start..end {
                let away = x as f32 - at;
                f[x] = keep(low + weight * away * away);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::grid::position;

    /// Noise of a linear congruential generator (Knuth's MMIX constants).
    fn noise(len: usize, below: u64) -> Vec<bool> {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % 1000 < below
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn distances_are_those_of_all_pairs() {
        for (n, h) in [
            ([13, 17, 11], [1e-6, 1e-6, 1e-6]),
            ([19, 8, 9], [2e-6, 1e-6, 3.7e-6]),
            ([40, 1, 30], [1e-6, 1e-6, 1.5e-6]),
            ([1, 1, 900], [1.0; 3]),
            ([50, 33, 40], [1.0; 3]),
        ] {
            let inside = noise(n[0] * n[1] * n[2], 990);
            let found = distances(n, h, |i| inside[i]);
            let at = |i: usize| position(n, i);
            let outside: Vec<_> = (0..inside.len()).filter(|i| !inside[*i]).map(at).collect();
            for i in 0..inside.len() {
                let apart = |b: &[usize; 3]| {
                    let d = |a: usize| (at(i)[a] as f64 - b[a] as f64) * h[a];
                    d(0) * d(0) + d(1) * d(1) + d(2) * d(2)
                };
                let nearest = outside.iter().map(apart).fold(f64::INFINITY, f64::min);
                let own = f64::from(found.squared[i]) * found.unit * found.unit;
                assert!((own - nearest).abs() <= 1e-6 * nearest, "{n:?} {i}: {own} {nearest}");
            }
        }
    }

    #[test]
    fn without_an_outside_all_is_infinite() {
        let found = distances([5, 4, 3], [1.0; 3], |_| true);
        assert!(found.squared.iter().all(|d| *d == f32::INFINITY));
        assert!(distances([0, 4, 3], [1.0; 3], |_| true).squared.is_empty());
        assert!(distances([5, 4, 3], [1.0; 3], |_| false).squared.iter().all(|d| *d == 0.0));
    }
}
