//! Straight fibres that cross each other: fleeces and electrospun mats.

use crate::geometry::make::particles::{Body, Cover, Particle, strew};
use crate::geometry::make::raster::Raster;
use crate::geometry::make::{Refused, between, porous};
use crate::geometry::structure::Structure;
use crate::ground::random::Random;

/// Purpose of the random numbers of this family.
const PURPOSE: u64 = 3;

/// Directions of fibres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orientation {
    /// All directions alike.
    Isotropic,
    /// All directions across z alike.
    InPlane,
}

/// Solid fibres with round ends, independent of each other, periodic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fibres {
    /// Diameter, m.
    pub diameter: f64,
    /// Length of the axis, m; may be longer than the box, which a fibre then crosses again.
    pub length: f64,
    /// Directions.
    pub orientation: Orientation,
    /// Share of pore.
    pub porosity: f64,
    /// Chooses places and directions.
    pub seed: u64,
}

impl Fibres {
    /// Porosities that are made. The space between long overlapping cylinders hangs together far
    /// below the first; whether the fibres do depends on their length.
    pub const LIMITS: [f64; 2] = [0.1, 0.999];

    /// Lengths of the box that a fibre may cross.
    const CROSSINGS: f64 = 10.0;

    /// The structure on a raster.
    pub fn make(&self, raster: &Raster) -> Result<Structure, Refused> {
        porous("fibres", self.porosity, Self::LIMITS)?;
        let (edges, shortest) = (raster.edges(), raster.shortest());
        let room = [raster.longest(), shortest];
        between("diameter", self.diameter, room, "a voxel to the box")?;
        let room = [f64::MIN_POSITIVE, Self::CROSSINGS * shortest];
        between("length", self.length, room, "ten times the box at most")?;
        let mut random = Random::new(self.seed, PURPOSE);
        let radius = 0.5 * self.diameter;
        let ends = 4.0 / 3.0 * radius;
        let volume = std::f64::consts::PI * radius * radius * (self.length + ends);
        let draw = || {
            let centre = edges.map(|e| random.uniform() * e);
            let direction = match self.orientation {
                Orientation::Isotropic => random.direction(),
                Orientation::InPlane => {
                    let [x, y] = random.direction();
                    [x, y, 0.0]
                }
            };
            let half = direction.map(|d| 0.5 * self.length * d);
            Particle { centre, body: Body::Rod { half, radius } }
        };
        let particles = strew("diameter", raster, 1.0 - self.porosity, volume, draw)?;
        Ok(Cover::new(raster, &particles).structure(false))
    }
}
