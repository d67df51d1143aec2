//! The widest ball that can pass through the pores from end to end.

use std::collections::BTreeMap;

use super::distance::Distances;

/// Diameter in m of the largest ball that can pass along `axis` of `n` voxels through the phase
/// whose distances these are: twice the smallest distance on the path on which that is largest.
/// `None` where nothing passes, where nothing bounds the phase, and for 2^32 voxels or more.
///
/// Exact for balls that stand on the centres of voxels and end at centres outside; a throat whose
/// middle lies on the corner of voxels is found up to 1.5 voxels too narrow.
/// A flood that always goes on where the distance is largest; voxels join through their sides.
pub fn throat(n: [usize; 3], distances: &Distances, axis: usize) -> Option<f64> {
    let squared = &distances.squared;
    if squared.is_empty() || u32::try_from(squared.len()).is_err() {
        return None;
    }
    let stride = [1, n[0], n[0] * n[1]];
    let at = |voxel: usize, axis: usize| voxel / stride[axis] % n[axis];
    let mut seen = vec![0_u64; squared.len().div_ceil(64)];
    let mut see = |voxel: usize| {
        let (word, bit) = (voxel / 64, 1 << (voxel % 64));
        let is_new = seen[word] & bit == 0 && squared[voxel] > 0.0;
        seen[word] |= bit;
        is_new
    };
    // Voxels to go on from, by the bits of their distance: these have the order of the numbers.
    let mut waiting = BTreeMap::<u32, Vec<u32>>::new();
    let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
    for a in 0..n[u] {
        for b in 0..n[v] {
            let voxel = a * stride[u] + b * stride[v];
            if see(voxel) {
                waiting.entry(squared[voxel].to_bits()).or_default().push(voxel as u32);
            }
        }
    }
    while let Some((bits, mut here)) = waiting.pop_last() {
        let level = f32::from_bits(bits);
        while let Some(voxel) = here.pop() {
            let voxel = voxel as usize;
            if at(voxel, axis) + 1 == n[axis] {
                let diameter = 2.0 * f64::from(level).sqrt() * distances.unit;
                return Some(diameter).filter(|d| d.is_finite());
            }
            for a in 0..3 {
                let place = at(voxel, a);
                let below = (place > 0).then(|| voxel - stride[a]);
                let above = (place + 1 < n[a]).then(|| voxel + stride[a]);
                for next in [below, above].into_iter().flatten() {
                    if !see(next) {
                        continue;
                    }
                    if squared[next] >= level {
                        here.push(next as u32);
                    } else {
                        waiting.entry(squared[next].to_bits()).or_default().push(next as u32);
                    }
                }
            }
        }
    }
    None
}
