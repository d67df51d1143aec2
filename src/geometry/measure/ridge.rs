//! Which balls are needed: those that are not part of the ball of a neighbour.

use super::distance::Distances;
use crate::ground::par;

/// Largest square of a radius for which the table is made, in voxels².
const WIDEST: usize = 1 << 18;

/// Smallest square of the radius at which the ball of a neighbour holds all voxels of a ball.
///
/// Saito and Toriwaki, Pattern Recognit. 27 (1994) 1551; Dougherty and Kunzelmann, Microsc.
/// Microanal. 13 (2007) 1678. Exact for balls on cubic voxels.
struct Table {
    /// By the square of the radius, for neighbours through a side, an edge and a corner.
    holding: [Vec<u32>; 3],
}

impl Table {
    /// For squares of radii up to `widest`.
    fn new(widest: usize) -> Table {
        // Furthest sum of 1, 2, 3 coordinates among the points at each square of the distance.
        let mut furthest = vec![[0_u32; 3]; widest + 1];
        let edge = widest.isqrt();
        for x in 0..=edge {
            for y in 0..=x.min((widest - x * x).isqrt()) {
                for z in 0..=y.min((widest - x * x - y * y).isqrt()) {
                    let sums = [x, x + y, x + y + z];
                    for (most, sum) in furthest[x * x + y * y + z * z].iter_mut().zip(sums) {
                        *most = (*most).max(sum as u32);
                    }
                }
            }
        }
        let holding = [0, 1, 2].map(|kind| {
            let mut needed = 0;
            let most = furthest.iter().enumerate().map(|(square, most)| {
                // |x + d|² = x² + 2 x·d + d² has to be less than the square of the neighbour's
                // radius, for all x² less than the own one.
                let before = needed;
                needed = needed.max(square as u32 + 2 * most[kind] + kind as u32 + 2);
                before
            });
            most.collect()
        });
        Table { holding }
    }
}

/// Sets `bit` in `mark` of the voxels with a ball (distance above 0) that no ball of one of the 26
/// neighbours holds, on `n` cubic voxels; of all with a ball where the largest square `widest` is
/// beyond the table.
pub(super) fn ridge(n: [usize; 3], distances: &Distances, widest: f32, mark: &mut [u8], bit: u8) {
    let squared = &distances.squared;
    let table = (widest as usize <= WIDEST).then(|| Table::new(widest as usize));
    par::planes(n[0] * n[1], mark, |k, marks| {
        for (at, mark) in marks.iter_mut().enumerate() {
            let (i, j) = (at % n[0], at / n[0]);
            let own = squared[k * n[0] * n[1] + at] as usize;
            let held = |table: &Table| {
                let needed = [0, 1, 2].map(|kind| table.holding[kind][own]);
                let (high, wide, long) = ((k + 2).min(n[2]), (j + 2).min(n[1]), (i + 2).min(n[0]));
                (k.saturating_sub(1)..high).any(|c| {
                    (j.saturating_sub(1)..wide).any(|b| {
                        let row = (c * n[1] + b) * n[0];
                        let apart = usize::from(c != k) + usize::from(b != j);
                        (i.saturating_sub(1)..long).any(|a| {
                            let kind = (apart + usize::from(a != i)).wrapping_sub(1);
                            kind < 3 && squared[row + a] >= needed[kind] as f32
                        })
                    })
                })
            };
            if own > 0 && !table.as_ref().is_some_and(held) {
                *mark |= bit;
            }
        }
    });
}
