//! What all measures read: the shares of pore as bytes, and the pairs of voxels along a direction.

use std::borrow::Cow;

use crate::geometry::structure::Structure;
use crate::ground::par;

/// From this share on, in 1/255, a voxel counts as pore.
const HALF: u8 = 128;

/// Shares of pore on voxels.
pub(super) struct Field<'a> {
    /// Voxels along x, y, z.
    pub(super) n: [usize; 3],
    /// Edges of a voxel, m.
    pub(super) h: [f64; 3],
    /// In 1/255.
    pub(super) pore: Cow<'a, [u8]>,
}

impl<'a> Field<'a> {
    /// The shares of a structure.
    pub(super) fn of(structure: &'a Structure) -> Field<'a> {
        let pore = match &structure.partial {
            Some(partial) => Cow::Borrowed(partial.pore.as_slice()),
            None => structure.phase.iter().map(|p| if *p == 0 { 255 } else { 0 }).collect(),
        };
        Field { n: structure.n, h: structure.h, pore }
    }

    /// True where at least half of a voxel is pore.
    pub(super) fn is_pore(&self, voxel: usize) -> bool {
        half(self.pore[voxel])
    }

    /// Voxels.
    pub(super) fn len(&self) -> usize {
        self.pore.len()
    }

    /// Sum of `differ` over all pairs of a voxel and the one `step` away, and the number of pairs.
    /// Along an axis of one voxel the structure goes on as it is.
    pub(super) fn pairs(
        &self,
        step: [isize; 3],
        differ: impl Fn(u8, u8) -> u8 + Sync + Send,
    ) -> (u64, u64) {
        let n = self.n;
        let step: [isize; 3] = std::array::from_fn(|a| if n[a] == 1 { 0 } else { step[a] });
        // The voxels of the first of each pair, and the way to the second.
        let from = step.map(|s| s.min(0).unsigned_abs());
        let count: [usize; 3] = std::array::from_fn(|a| n[a] - step[a].unsigned_abs().min(n[a]));
        let way = (step[2] * n[1] as isize + step[1]) * n[0] as isize + step[0];
        let sums = par::map(count[2], n[0] * n[1], |k| {
            let mut sum = 0;
            for j in 0..count[1] {
                let first = ((k + from[2]) * n[1] + j + from[1]) * n[0] + from[0];
                let second = first.wrapping_add_signed(way);
                let both = self.pore[first..first + count[0]].iter().zip(&self.pore[second..]);
                sum += both.map(|(a, b)| u64::from(differ(*a, *b))).sum::<u64>();
            }
            sum
        });
        (sums.into_iter().sum(), count.iter().map(|c| *c as u64).product())
    }
}

/// True for a share of at least one half.
pub(super) fn half(share: u8) -> bool {
    share >= HALF
}
