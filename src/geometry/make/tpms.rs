//! Triply periodic minimal surfaces by their level sets, as networks and as sheets.
//!
//! With X = 2πx/period and so on, f = 0 is close to the minimal surface. Level sets of Schwarz P
//! and D, gyroid, I-WP and Neovius: von Schnering and Nesper, Z. Phys. B 83 (1991) 407; Fischer–
//! Koch S (C(S)): Fischer and Koch, Acta Cryst. A 45 (1989) 726, level set as in Gandy, Bardhan,
//! Mackay and Klinowski, Chem. Phys. Lett. 336 (2001) 187.

use std::f64::consts::{SQRT_2, TAU};

use crate::geometry::make::field::Field;
use crate::geometry::make::raster::Raster;
use crate::geometry::make::size::{Family, Size};
use crate::geometry::make::{Refused, refused, said};
use crate::geometry::structure::Structure;
use crate::ground::units::number;

/// Voxels that a period needs: with fewer the surface is not resolved.
pub(crate) const LEAST_VOXELS: f64 = 4.0;

/// A surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// f = sin X cos Y + sin Y cos Z + sin Z cos X (Schoen, NASA TN D-5541, 1970).
    Gyroid,
    /// f = cos X + cos Y + cos Z.
    SchwarzP,
    /// f = sin X sin Y sin Z + sin X cos Y cos Z + cos X sin Y cos Z + cos X cos Y sin Z.
    SchwarzD,
    /// f = 2 (cos X cos Y + cos Y cos Z + cos Z cos X) − (cos 2X + cos 2Y + cos 2Z).
    Iwp,
    /// f = 3 (cos X + cos Y + cos Z) + 4 cos X cos Y cos Z.
    Neovius,
    /// f = cos 2X sin Y cos Z + cos X cos 2Y sin Z + sin X cos Y cos 2Z.
    FischerKochS,
}

/// Which part is solid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// One side of the surface: f < t is pore. With a higher t more is pore.
    Network,
    /// A wall along the surface: |f| > t is pore, two pore spaces that do not meet. With a higher t
    /// less is pore.
    Sheet,
}

/// A scaffold along a surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tpms {
    /// The surface.
    pub surface: Surface,
    /// Which part of it is solid.
    pub part: Part,
    /// Edge of the cubic cell, m.
    pub period: f64,
    /// Level t, or porosity.
    pub size: Size,
}

impl Surface {
    /// Name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Surface::Gyroid => "a gyroid",
            Surface::SchwarzP => "Schwarz P",
            Surface::SchwarzD => "Schwarz D",
            Surface::Iwp => "I-WP",
            Surface::Neovius => "Neovius",
            Surface::FischerKochS => "Fischer-Koch S",
        }
    }

    /// f from the sines and cosines of X, Y and Z.
    #[inline]
    fn value(self, [x, y, z]: [&Wave; 3]) -> f64 {
        match self {
            Surface::Gyroid => x.sin * y.cos + y.sin * z.cos + z.sin * x.cos,
            Surface::SchwarzP => x.cos + y.cos + z.cos,
            Surface::SchwarzD => {
                x.sin * (y.sin * z.sin + y.cos * z.cos) + x.cos * (y.sin * z.cos + y.cos * z.sin)
            }
            Surface::Iwp => {
                2.0 * (x.cos * y.cos + y.cos * z.cos + z.cos * x.cos) - (x.cos2 + y.cos2 + z.cos2)
            }
            Surface::Neovius => 3.0 * (x.cos + y.cos + z.cos) + 4.0 * x.cos * y.cos * z.cos,
            Surface::FischerKochS => {
                x.cos2 * y.sin * z.cos + x.cos * y.cos2 * z.sin + x.sin * y.cos * z.cos2
            }
        }
    }

    /// Levels between which both f < t and f > t are connected. They are the values of f at the
    /// saddles where necks close: gyroid √2, P and D 1, I-WP −3 (and its largest value 3, on whole
    /// lines), Neovius 3/4, S 0.749168 (tests/make.rs finds the same ends by labelling).
    pub fn connected(self) -> [f64; 2] {
        let both = |t: f64| [-t, t];
        match self {
            Surface::Gyroid => both(SQRT_2),
            Surface::SchwarzP | Surface::SchwarzD => both(1.0),
            Surface::Iwp => both(3.0),
            Surface::Neovius => both(0.75),
            Surface::FischerKochS => both(0.749168),
        }
    }

    /// Bounds on f.
    fn range(self) -> [f64; 2] {
        match self {
            Surface::Gyroid => [-1.6, 1.6],
            Surface::SchwarzP => [-3.2, 3.2],
            Surface::SchwarzD | Surface::FischerKochS => [-1.5, 1.5],
            Surface::Iwp => [-5.2, 3.2],
            Surface::Neovius => [-13.2, 13.2],
        }
    }

    /// A bound on each part ∂f/∂X of the slope. Gyroid and D: cos X a − sin X b with a² ≤ 1 and
    /// b² ≤ 1 for all Y, Z is at most 1 by Cauchy and Schwarz in the pairs that they are made of;
    /// I-WP: 4 |sin X| (1 + |cos X|) ≤ 3√3; S: 2 and another such pair.
    fn steepness(self) -> f64 {
        match self {
            Surface::Gyroid | Surface::SchwarzP | Surface::SchwarzD => 1.0,
            Surface::Iwp => 5.2,
            Surface::Neovius => 7.0,
            Surface::FischerKochS => 3.0,
        }
    }
}

/// Sines and cosines of a coordinate.
#[derive(Clone, Copy)]
struct Wave {
    sin: f64,
    cos: f64,
    cos2: f64,
}

/// −f for a network, |f| for a sheet: pore lies above the level.
struct LevelSet(Tpms);

impl Field for LevelSet {
    type Place = Wave;

    fn place(&self, _: usize, x: f64) -> Wave {
        let cells = x / self.0.period;
        let (sin, cos) = libm::sincos(TAU * (cells - cells.floor()));
        Wave { sin, cos, cos2: cos * cos - sin * sin }
    }

    #[inline]
    fn value(&self, at: [&Wave; 3]) -> f64 {
        let f = self.0.surface.value(at);
        match self.0.part {
            Part::Network => -f,
            Part::Sheet => f.abs(),
        }
    }

    fn slope(&self) -> f64 {
        3.0_f64.sqrt() * self.0.surface.steepness() * TAU / self.0.period
    }

    fn range(&self) -> [f64; 2] {
        let [low, high] = self.0.surface.range();
        match self.0.part {
            Part::Network => [-high, -low],
            Part::Sheet => [0.0, high.max(-low)],
        }
    }

    fn cell(&self) -> [Option<f64>; 3] {
        [Some(self.0.period); 3]
    }
}

/// Refuses cells that the voxels do not resolve.
pub(crate) fn resolved(
    key: &'static str,
    name: &str,
    edge: f64,
    raster: &Raster,
) -> Result<(), Refused> {
    let least = LEAST_VOXELS * raster.longest();
    if edge.is_finite() && edge >= least * (1.0 - 1e-9) {
        return Ok(());
    }
    let [edge, least] = [edge, least].map(said);
    refused(key, format!("cell of {name} {edge}: {least} or more, {LEAST_VOXELS} voxels"))
}

impl Tpms {
    /// The structure on a raster.
    pub fn make(&self, raster: &Raster) -> Result<Structure, Refused> {
        let [low, high] = self.surface.connected();
        let (kind, scale, limits) = match self.part {
            Part::Network => ("network", -1.0, [low, high]),
            Part::Sheet => ("sheet", 1.0, [0.0, high.min(-low)]),
        };
        let name = format!("{} {kind}", self.surface.name());
        resolved("period", &name, self.period, raster)?;
        let field = LevelSet(*self);
        Family { name: &name, size: "level", said: number, scale, limits, field }
            .make(self.size, raster)
    }
}
