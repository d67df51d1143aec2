//! Local thickness: the diameter of the largest ball in the phase that holds a voxel.
//!
//! Hildebrand and Rüegsegger, J. Microsc. 185 (1997) 67. A voxel x lies in the ball of a voxel q
//! of radius r(q) where |x − q|² − r(q)² is negative. The smallest of these over all q of one band
//! of radii is a lower envelope of parabolas, as the distance is; bands are painted from the
//! widest on. So each voxel gets the band of its largest ball exactly, whatever the sizes, in a
//! time that is linear in the voxels and in the bands.
//!
//! Balls end at the centres of voxels outside and stand on centres: an odd gap between walls is
//! found one voxel too wide and an even one right, rods of 9 voxels and more within one voxel, balls
//! of 12 and more up to 1.7 voxels too narrow.

use super::distance::{Distances, Envelope, across, scales};
use super::ridge::ridge;
use super::sizes::Sizes;
use crate::ground::par;

/// Width of a band of radii: this many edges of a voxel (one edge of the diameter) …
const STEP: f64 = 0.5;
/// … or this part of the radius, whichever is more.
const RATIO: f64 = 1.0 / 16.0;
/// Band of voxels that no ball holds yet.
const NONE: u8 = 127;
/// Beside the band: the ball of this voxel is needed.
const NEEDED: u8 = 128;

/// Bands of local thickness.
#[derive(Clone, Debug, PartialEq)]
pub struct Thickness {
    /// Band of each voxel; 127 outside the phase.
    pub band: Vec<u8>,
    /// Diameter of each band, m: twice the mean distance of its centres. The largest ball of a voxel
    /// differs by less than one voxel or 6.3 %, whichever is more; the widest band is exact.
    pub diameters: Vec<f64>,
    /// Voxels of each band.
    pub counts: Vec<u64>,
}

impl Thickness {
    /// Distribution of the phase by volume; `None` without the phase.
    pub fn sizes(&self) -> Option<Sizes> {
        let counted: Vec<_> = self.diameters.iter().copied().zip(self.counts.clone()).collect();
        Sizes::new(&counted)
    }
}

/// Local thickness of the phase whose distances these are, on `n` voxels of edges `h` in m.
/// `None` without the phase, and where nothing bounds it. Balls end at voxel centres outside the phase and may
/// reach over the sides of the box. Takes 5 bytes a voxel beside the distances; `done` hears the
/// part that is done.
pub fn thickness(
    n: [usize; 3],
    h: [f64; 3],
    distances: &Distances,
    done: &mut dyn FnMut(f64),
) -> Option<Thickness> {
    let (plane, squared) = (n[0] * n[1], &distances.squared);
    let widest = par::map(n[2], plane, |k| {
        squared[k * plane..(k + 1) * plane].iter().copied().fold(0.0, f32::max)
    });
    let widest = widest.into_iter().fold(0.0, f32::max);
    if widest == 0.0 || widest.is_infinite() {
        return None;
    }
    let from = bands(widest);
    let (_, weights) = scales(h);
    let mut band = vec![NONE; squared.len()];
    let cubic = h[0] == h[1] && h[1] == h[2];
    if cubic {
        ridge(n, distances, widest, &mut band, NEEDED);
    } else {
        par::planes(plane, &mut band, |_, band| band.iter_mut().for_each(|b| *b |= NEEDED));
    }
    // Squares are whole numbers on cubic voxels; on others rounding shall not reach the walls.
    let shrink = if cubic { 1.0 } else { 1.0 - 8.0 * f32::EPSILON };
    let mut balls = vec![0.0; squared.len()];
    let mut diameters = vec![0.0; from.len()];
    let mut counts = vec![0; from.len()];
    // Only inside of a ball a value is below 0, and no axis makes it smaller.
    let keep = |value: f32| if value < 0.0 { value } else { f32::INFINITY };
    for (b, low) in from.iter().enumerate().rev() {
        let high = from.get(b + 1).copied().unwrap_or(f32::INFINITY);
        let sums = par::planes_map(plane, &mut balls, |k, balls| {
            let mut envelope = Envelope::default();
            let (mut radii, mut centres) = (0.0, 0_u64);
            let here = k * plane..(k + 1) * plane;
            let rows = squared[here.clone()].chunks(n[0]).zip(band[here].chunks(n[0]));
            for (row, (squared, band)) in balls.chunks_mut(n[0]).zip(rows) {
                for ((ball, d), band) in row.iter_mut().zip(squared).zip(band) {
                    *ball = f32::INFINITY;
                    if *d >= *low && *d < high && *band & NEEDED != 0 {
                        *ball = -d * shrink;
                        radii += f64::from(*d).sqrt();
                        centres += 1;
                    }
                }
                envelope.replace(row, weights[0], &keep);
            }
            (radii, centres)
        });
        let (radii, centres) = sums.iter().fold((0.0, 0), |sum, s| (sum.0 + s.0, sum.1 + s.1));
        if centres == 0 {
            continue;
        }
        diameters[b] = 2.0 * radii / centres as f64 * distances.unit;
        across(n, weights, &mut balls, keep);
        let painted = par::planes2_map([plane; 2], &mut band, &mut balls, |_, band, balls| {
            let mut count = 0;
            for (own, ball) in band.iter_mut().zip(balls) {
                if *own & NONE == NONE && *ball < 0.0 {
                    *own = *own & NEEDED | b as u8;
                    count += 1;
                }
            }
            count
        });
        counts[b] = painted.into_iter().sum::<u64>();
        done(1.0 - b as f64 / from.len() as f64);
    }
    par::planes(plane, &mut band, |_, band| band.iter_mut().for_each(|b| *b &= NONE));
    Some(Thickness { band, diameters, counts })
}

/// Where the bands begin: squares of radii, the last that of the widest ball.
fn bands(widest: f32) -> Vec<f32> {
    let most = f64::from(widest).sqrt();
    let (mut from, mut radius) = (Vec::new(), 1.0);
    while radius < most - 0.25 * STEP && from.len() + 1 < usize::from(NONE) {
        from.push((radius * radius) as f32);
        radius += STEP.max(RATIO * radius);
    }
    from.push(widest);
    from
}
