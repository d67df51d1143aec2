//! Layers of parallel round filaments, as a printer lays them (robocasting, melt extrusion).

use crate::geometry::make::field::Field;
use crate::geometry::make::raster::Raster;
use crate::geometry::make::size::{Family, Size};
use crate::geometry::make::{Refused, refused, said};
use crate::geometry::structure::Structure;

/// A pile of filaments, built along z from the lower face of the box; layer i lies around the
/// height (i + 1/2) × layer. The pattern goes on beyond the box.
#[derive(Clone, Debug, PartialEq)]
pub struct Woodpile {
    /// Distance between the axes of neighbours in a layer, m. The first lies half of it away from the
    /// edge of the box.
    pub spacing: f64,
    /// Height of a layer, m; below the diameter the layers grow into each other, down to half of it.
    /// `None`: the diameter, which must then be given.
    pub layer: Option<f64>,
    /// Direction of the filaments in degrees from x towards y, layer by layer, again and again:
    /// [0, 90], or [0, 60, 120].
    pub angles: Vec<f64>,
    /// Shifts every second round of the angles by half a spacing.
    pub stagger: bool,
    /// Diameter of a filament, m, or porosity.
    pub size: Size,
}

/// Distance to the nearest axis, m, and no more than 1.5 layers.
struct Distance {
    spacing: f64,
    layer: f64,
    /// Cosine and sine of each direction.
    directions: Vec<(f64, f64)>,
    stagger: bool,
}

/// Cosine and sine of an angle in degrees; right angles are exact.
fn direction(degrees: f64) -> (f64, f64) {
    let turn = degrees / 90.0 - 4.0 * (degrees / 360.0).floor();
    let quarter = turn.floor();
    let (sin, cos) = libm::sincos((turn - quarter) * std::f64::consts::FRAC_PI_2);
    match quarter as i64 {
        0 => (cos, sin),
        1 => (-sin, cos),
        2 => (-cos, -sin),
        3 => (sin, -cos),
        _ => (1.0, 0.0),
    }
}

/// A layer as seen from a height.
#[derive(Clone, Copy, Default)]
struct Layer {
    /// Coordinate across the filaments over the spacing is x·`along.0` + y·`along.1` + `shift`; their
    /// axes stand at whole numbers and a half.
    along: (f64, f64),
    shift: f64,
    /// Square of the distance to the plane of its axes, m².
    up2: f64,
}

/// A coordinate along x or y, m, or the three layers next to a height.
#[derive(Clone, Copy)]
struct Place {
    x: f64,
    layers: [Layer; 3],
}

impl Distance {
    /// Layer `i` from the height `z`.
    fn layer(&self, i: i64, z: f64) -> Layer {
        let angles = self.directions.len() as i64;
        let (cos, sin) = self.directions[i.rem_euclid(angles) as usize];
        let shifted = self.stagger && i.div_euclid(angles).rem_euclid(2) == 1;
        let up = z - (i as f64 + 0.5) * self.layer;
        Layer {
            along: (-sin / self.spacing, cos / self.spacing),
            shift: if shifted { 0.5 } else { 0.0 },
            up2: up * up,
        }
    }
}

impl Field for Distance {
    type Place = Place;

    fn place(&self, axis: usize, x: f64) -> Place {
        let mut layers = [Layer::default(); 3];
        if axis == 2 {
            let i = (x / self.layer).floor() as i64;
            layers = [-1, 0, 1].map(|d| self.layer(i.saturating_add(d), x));
        }
        Place { x, layers }
    }

    #[inline]
    fn value(&self, [x, y, z]: [&Place; 3]) -> f64 {
        let to = |layer: &Layer| {
            let across = x.x * layer.along.0 + y.x * layer.along.1 + layer.shift;
            let off = (across - across.floor() - 0.5) * self.spacing;
            off * off + layer.up2
        };
        // Layers beyond these are 1.5 layers away or more.
        z.layers.iter().map(to).fold(2.25 * self.layer * self.layer, f64::min).sqrt()
    }

    fn slope(&self) -> f64 {
        1.0
    }

    fn range(&self) -> [f64; 2] {
        [0.0, 1.6 * self.layer]
    }

    fn cell(&self) -> [Option<f64>; 3] {
        let straight = self.directions.iter().all(|d| d.0 == 0.0 || d.1 == 0.0);
        let rounds = if self.stagger { 2 } else { 1 };
        let height = (self.directions.len() * rounds) as f64 * self.layer;
        let across = straight.then_some(self.spacing);
        [across, across, Some(height)]
    }
}

impl Woodpile {
    /// The structure on a raster.
    ///
    /// Filaments that do not touch the next layer fall apart, filaments as wide as their spacing
    /// shut the pores: the diameter lies from the layer's height to the spacing, and to twice the
    /// height (beyond, a layer would reach the next but one).
    pub fn make(&self, raster: &Raster) -> Result<Structure, Refused> {
        let ((Some(layer), _) | (None, Size::Given(layer))) = (self.layer, self.size) else {
            let problem = "a woodpile for a porosity: its layer height must be given";
            return refused("", problem.into());
        };
        let thinnest = raster.longest() * (1.0 - 1e-9);
        for (key, length) in [("spacing", self.spacing), ("layer", layer)] {
            if !(length.is_finite() && length >= thinnest) {
                let [length, least] = [length, raster.longest()].map(said);
                let problem = format!("{key} {length} of a woodpile: {least} (1 voxel) or more");
                return refused(key, problem);
            }
        }
        let turn = -360.0..=360.0;
        if self.angles.is_empty() || !self.angles.iter().all(|a| turn.contains(a)) {
            let problem =
                format!("angles {:?} of a woodpile: one or more, −360 to 360", self.angles);
            return refused("angles", problem);
        }
        let name = "a woodpile";
        // A layer of the diameter touches the next: the end belongs to the range.
        let limits = [layer.max(thinnest) * (1.0 - 1e-9), self.spacing.min(2.0 * layer)];
        let directions = self.angles.iter().map(|a| direction(*a)).collect();
        let field = Distance { spacing: self.spacing, layer, directions, stagger: self.stagger };
        Family { name, size: "diameter", said, scale: 0.5, limits, field }.make(self.size, raster)
    }
}
