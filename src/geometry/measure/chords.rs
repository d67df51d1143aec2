//! Mean chords: how long straight lines run in one phase.

use super::field::{Field, half};

/// Mean chord in m of pore and of solid along `axis`: their length on all lines over the number of
/// their chords, in which a chord that a side of the box cuts counts half. `None` without a
/// change of phase along the axis.
pub(super) fn mean_chords(field: &Field, pores: u64, axis: usize) -> Option<[f64; 2]> {
    let step = std::array::from_fn(|a| isize::from(a == axis));
    if field.n[axis] < 2 {
        return None;
    }
    // Each change ends one chord and begins another.
    let (changes, _) = field.pairs(step, |a, b| u8::from(half(a) != half(b)));
    let solids = field.len() as u64 - pores;
    let mean = |voxels: u64| voxels as f64 * field.h[axis] / (changes as f64 / 2.0);
    (changes > 0).then(|| [mean(pores), mean(solids)])
}
