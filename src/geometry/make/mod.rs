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
use crate::ground::units::{LENGTH, readable};

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

/// Why a structure cannot be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// The key of the recipe that is at fault; empty where it is the box.
    pub key: &'static str,
    /// What is wrong and what is right.
    pub problem: String,
}

impl Recipe {
    /// The structure on `n` voxels with edges `h` (m), with shares of pore and apertures from
    /// [`SAMPLES`] points along each edge.
    pub fn make(&self, n: [usize; 3], h: [f64; 3]) -> Result<Structure, Refused> {
        self.make_sampled(n, h, SAMPLES)
    }

    /// As [`Recipe::make`] with `samples` points along each edge of a voxel, 1 to 4; with one,
    /// each voxel is what its centre is.
    pub fn make_sampled(
        &self,
        n: [usize; 3],
        h: [f64; 3],
        samples: usize,
    ) -> Result<Structure, Refused> {
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

/// A length in words for people.
pub(crate) fn said(length: f64) -> String {
    readable(length, LENGTH)
}

/// A refusal for what stands under `key`.
pub(crate) fn refused<T>(key: &'static str, problem: String) -> Result<T, Refused> {
    Err(Refused { key, problem })
}

/// Refuses a porosity that is not between two others.
pub(crate) fn porous(what: &str, porosity: f64, [low, high]: [f64; 2]) -> Result<(), Refused> {
    if low < porosity && porosity < high {
        return Ok(());
    }
    refused("porosity", format!("porosity {porosity} of {what}: between {low} and {high}"))
}

/// Refuses a length that is not from `least` to `most`, which `why` explains.
pub(crate) fn between(
    key: &'static str,
    length: f64,
    [least, most]: [f64; 2],
    why: &str,
) -> Result<(), Refused> {
    // Bounds that are products of typed numbers are met to the last digit but one.
    if length >= least * (1.0 - 1e-9) && length <= most * (1.0 + 1e-9) {
        return Ok(());
    }
    let [length, least, most] = [length, least, most].map(said);
    refused(key, format!("{key} {length}: {least} to {most} ({why})"))
}
