//! Points at which a structure is sampled, and voxels from what was found there.

use crate::geometry::make::{Refused, refused};
use crate::geometry::structure::{Partial, Structure, share};
use crate::ground::par;

/// A box of voxels with the points where it is sampled.
///
/// Each voxel holds `samples`³ points, each face `samples`², at the points of Chebyshev's quadrature
/// with equal weights (Abramowitz and Stegun, 25.4.28) along each axis. Their distances differ, so
/// that they do not all meet a strut along a diagonal at once, as points in equal steps would. With
/// one sample a voxel is what its centre is, and nothing is partly filled.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    /// Voxels along x, y, z.
    pub n: [usize; 3],
    /// Edges of a voxel, m.
    pub h: [f64; 3],
    /// Points along an edge of a voxel, 1 to [`Raster::MOST`].
    pub samples: usize,
}

impl Raster {
    /// Most points along an edge: those of a voxel fit the bits of a word.
    pub const MOST: usize = 4;
    /// Places of the samples along a voxel from −1 to 1, the positive ones.
    const POINTS: [&[f64]; 4] = [
        &[0.0],
        &[0.577_350_269_189_625_8],
        &[0.0, 0.707_106_781_186_547_5],
        &[0.187_592_474_085_08, 0.794_654_472_291_766_1],
    ];
    /// Points of an axis in a voxel that are no samples: centre and lower face.
    const OTHER: usize = 2;

    /// Checks a box; the message names what is wrong.
    pub fn new(n: [usize; 3], h: [f64; 3], samples: usize) -> Result<Raster, Refused> {
        let voxels = n[0].checked_mul(n[1]).and_then(|p| p.checked_mul(n[2]));
        if voxels.is_none_or(|v| v == 0 || v >= u32::MAX as usize) {
            let problem = format!("{n:?} voxels: at least 1 an axis, fewer than 2³² in all");
            return refused("", problem);
        }
        if let Some(bad) = h.iter().find(|h| !(h.is_finite() && **h > 0.0)) {
            return refused("", format!("edge of a voxel {bad} m: a length above 0"));
        }
        if !(1..=Self::MOST).contains(&samples) {
            return refused("", format!("{samples} samples along a voxel: 1 to {}", Self::MOST));
        }
        Ok(Raster { n, h, samples })
    }

    /// Voxels.
    pub fn len(&self) -> usize {
        self.plane() * self.n[2]
    }

    /// Never true: see [`Raster::new`].
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The longest edge of a voxel, m.
    pub fn longest(&self) -> f64 {
        self.h.iter().copied().fold(0.0, f64::max)
    }

    /// The shortest edge of the box, m.
    pub fn shortest(&self) -> f64 {
        self.edges().into_iter().fold(f64::INFINITY, f64::min)
    }

    /// Voxels of a z plane.
    pub fn plane(&self) -> usize {
        self.n[0] * self.n[1]
    }

    /// Edges of the box, m.
    pub fn edges(&self) -> [f64; 3] {
        std::array::from_fn(|a| self.n[a] as f64 * self.h[a])
    }

    /// Volume of the box, m³.
    pub fn volume(&self) -> f64 {
        let [x, y, z] = self.edges();
        x * y * z
    }

    /// Half of a voxel's diagonal, m: no point of a voxel is farther from its centre. A little more,
    /// for round-off.
    pub fn reach(&self) -> f64 {
        let [x, y, z] = self.h;
        0.5 * (x * x + y * y + z * z).sqrt() * (1.0 + 1e-9)
    }

    /// Points of an axis in a voxel: see [`Raster::stations`].
    pub fn stride(&self) -> usize {
        self.samples + Self::OTHER
    }

    /// Coordinates of an axis, m: of each voxel its centre, its lower face and its samples.
    pub fn stations(&self, axis: usize) -> Vec<f64> {
        let half = Self::POINTS[self.samples - 1];
        let below = half.iter().rev().filter(|x| **x > 0.0).map(|x| 0.5 - 0.5 * x);
        let above = half.iter().map(|x| 0.5 + 0.5 * x);
        let parts: Vec<f64> = [0.5, 0.0].into_iter().chain(below).chain(above).collect();
        let voxel = |i: usize| {
            let parts = parts.iter();
            parts.map(move |part| (i as f64 + part) * self.h[axis]).collect::<Vec<f64>>()
        };
        (0..self.n[axis]).flat_map(voxel).collect()
    }

    /// Station of a voxel's centre.
    pub fn centre(&self, i: usize) -> usize {
        i * self.stride()
    }

    /// Station of a voxel's lower face.
    pub fn face(&self, i: usize) -> usize {
        i * self.stride() + 1
    }

    /// Stations of a voxel's samples.
    pub fn inside(&self, i: usize) -> std::ops::Range<usize> {
        let first = i * self.stride() + Self::OTHER;
        first..first + self.samples
    }

    /// A share from the number of points in pore: `dimensions` 3 in a voxel, 2 on a face.
    pub fn share(&self, pore: u32, dimensions: u32) -> u8 {
        share(f64::from(pore) / self.samples.pow(dimensions) as f64)
    }

    /// The structure with these shares.
    ///
    /// The faces belong to a voxel too: with pore on one of them it is not without pore, with solid
    /// on one of them not all pore, whatever its own samples have met.
    pub fn structure(&self, mut pore: Vec<u8>, aperture: [Vec<u8>; 3]) -> Structure {
        if self.samples == 1 {
            let phase = pore.iter().map(|p| u8::from(*p == 0)).collect();
            return Structure { n: self.n, h: self.h, phase, partial: None };
        }
        let steps = [1, self.n[0], self.plane()];
        par::planes(self.plane(), &mut pore, |k, pore| {
            for (c, share) in pore.iter_mut().enumerate().filter(|p| matches!(p.1, 0 | 255)) {
                let voxel = [c % self.n[0], c / self.n[0], k];
                let v = k * self.plane() + c;
                let alike = (0..3).all(|a| {
                    let last = voxel[a] + 1 == self.n[a];
                    aperture[a][v] == *share && (last || aperture[a][v + steps[a]] == *share)
                });
                if !alike {
                    *share = (*share).clamp(1, 254);
                }
            }
        });
        let phase = pore.iter().map(|p| u8::from(*p == 0)).collect();
        Structure { n: self.n, h: self.h, phase, partial: Some(Partial { pore, aperture }) }
    }

    /// Shares of nothing, for the volume and the three faces of each voxel (no faces with one
    /// sample).
    pub fn blank(&self) -> (Vec<u8>, [Vec<u8>; 3]) {
        let faces = if self.samples == 1 { 0 } else { self.len() };
        (vec![0; self.len()], std::array::from_fn(|_| vec![0; faces]))
    }
}
