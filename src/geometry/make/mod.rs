//! Scaffolds by recipe: surfaces, struts, printed filaments, and random structures from a seed.
//!
//! The same recipe gives the same voxels on every machine: integers, + − × / and √, which
//! IEEE 754 fixes to the last bit, and `libm` for sines.
pub mod blobs;
pub mod fibres;
pub mod field;
pub mod leached;
pub mod particles;
pub mod raster;
pub mod size;
pub mod spheres;
pub mod struts;
pub mod tpms;
pub mod woodpile;

use crate::geometry::structure::Structure;

/// Samples along the edge of a voxel if nothing else is said.
pub const SAMPLES: usize = 4;

/// What to make; all lengths in m.
#[derive(Clone, Debug, PartialEq)]
pub enum Recipe {
    /// A triply periodic surface, as network or sheet.
    Tpms(tpms::Tpms),
    /// A lattice of struts.
    Struts(struts::Struts),
    /// Layers of filaments.
    Woodpile(woodpile::Woodpile),
    /// Solid spheres that do not overlap.
    Spheres(spheres::Spheres),
    /// Pores where grains were leached out.
    Leached(leached::Leached),
    /// Straight solid fibres.
    Fibres(fibres::Fibres),
    /// Blobs from smoothed noise.
    Blobs(blobs::Blobs),
}

impl Recipe {
    /// The structure on `n` voxels with edges `h` (m), with shares of pore and apertures from
    /// [`SAMPLES`] points along each edge. The message names what is wrong and what is right.
    pub fn make(&self, n: [usize; 3], h: [f64; 3]) -> Result<Structure, String> {
        self.make_sampled(n, h, SAMPLES)
    }

    /// As [`Recipe::make`] with `samples` points along each edge of a voxel, 1 to 4; with one,
    /// each voxel is what its centre is.
    pub fn make_sampled(
        &self,
        n: [usize; 3],
        h: [f64; 3],
        samples: usize,
    ) -> Result<Structure, String> {
        let raster = raster::Raster::new(n, h, samples)?;
        match self {
            Recipe::Tpms(r) => r.make(&raster),
            Recipe::Struts(r) => r.make(&raster),
            Recipe::Woodpile(r) => r.make(&raster),
            Recipe::Spheres(r) => r.make(&raster),
            Recipe::Leached(r) => r.make(&raster),
            Recipe::Fibres(r) => r.make(&raster),
            Recipe::Blobs(r) => r.make(&raster),
        }
    }
}

/// Refuses a number that is not between two others.
pub(crate) fn within(name: &str, value: f64, [low, high]: [f64; 2]) -> Result<(), String> {
    if low < value && value < high {
        return Ok(());
    }
    Err(format!("{name} {value}: between {low} and {high}"))
}

/// Refuses a length that is not above 0, or above `most`.
pub(crate) fn positive(name: &str, length: f64, most: f64) -> Result<(), String> {
    if length > 0.0 && length <= most {
        return Ok(());
    }
    Err(format!("{name} {length:.4e} m: above 0, at most {most:.4e} m"))
}
