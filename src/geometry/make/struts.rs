//! Lattices of round struts in cubic cells.

use crate::geometry::make::field::Field;
use crate::geometry::make::raster::Raster;
use crate::geometry::make::size::{Family, Size};
use crate::geometry::make::tpms::resolved;
use crate::geometry::make::{Refused, said};
use crate::geometry::structure::Structure;

/// Which nodes of a cubic cell of edge a the struts join.
///
/// All four have the mirrors of the cube: x = 0 and a/2, x = y and their like. A point is folded
/// into 0 ≤ z ≤ y ≤ x ≤ a/2 by them, and there the nearest strut is one of that corner: a mirror
/// image of it is never nearer than the strut itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lattice {
    /// The edges of the cell.
    SimpleCubic,
    /// Corners and middle of the cell: the body diagonals.
    BodyCentred,
    /// Corners and middles of the sides: the face diagonals.
    FaceCentred,
    /// Face-centred, with the twelve edges between the middles of the sides: octet truss
    /// (Deshpande, Fleck and Ashby, J. Mech. Phys. Solids 49 (2001) 1747).
    Octet,
}

/// A lattice of struts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Struts {
    /// What they join.
    pub lattice: Lattice,
    /// Edge of the cell, m.
    pub cell: f64,
    /// Diameter of a strut, m, or porosity.
    pub size: Size,
}

impl Lattice {
    /// Name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Lattice::SimpleCubic => "a simple cubic lattice",
            Lattice::BodyCentred => "a body-centred lattice",
            Lattice::FaceCentred => "a face-centred lattice",
            Lattice::Octet => "an octet truss",
        }
    }

    /// Radius over cell edge at which the windows between the pores close. Simple cubic: the
    /// inscribed circle of a square; body-centred: the narrowest place between neighbouring
    /// diagonals, at (1/2, 1/4, 0), √2/4; face-centred: at (1/2, 1/6, 1/6), 1/√12; octet: the
    /// inscribed circle of a triangle of struts, 1/√24 (tests/make.rs finds them by labelling).
    pub fn closes(self) -> f64 {
        match self {
            Lattice::SimpleCubic => 0.5,
            Lattice::BodyCentred => 0.125_f64.sqrt(),
            Lattice::FaceCentred => (1.0_f64 / 12.0).sqrt(),
            Lattice::Octet => (1.0_f64 / 24.0).sqrt(),
        }
    }

    /// Square of the distance to the axis of the nearest strut from a point folded into
    /// 0 ≤ z ≤ y ≤ x ≤ a/2.
    #[inline]
    fn distance2(self, [x, y, z]: [f64; 3], a: f64) -> f64 {
        let diagonal = |x: f64, y: f64, z: f64| 0.5 * (x - y) * (x - y) + z * z;
        match self {
            Lattice::SimpleCubic => y * y + z * z,
            // Cross product with (1, 1, 1)/√3.
            Lattice::BodyCentred => {
                let (p, q, r) = (x - y, y - z, x - z);
                (p * p + q * q + r * r) / 3.0
            }
            Lattice::FaceCentred => diagonal(x, y, z),
            Lattice::Octet => {
                let (out, across) = (0.5 * a - x, 0.5 * a - y - z);
                diagonal(x, y, z).min(out * out + 0.5 * across * across)
            }
        }
    }
}

/// Distance to the nearest axis, m.
struct Distance(Struts);

impl Field for Distance {
    /// Distance to the nearest mirror plane through corners of cells, m.
    type Place = f64;

    fn place(&self, _: usize, x: f64) -> f64 {
        let cells = x / self.0.cell;
        (cells - (cells + 0.5).floor()).abs() * self.0.cell
    }

    #[inline]
    fn value(&self, [x, y, z]: [&f64; 3]) -> f64 {
        let (low, high) = (x.min(*y), x.max(*y));
        let folded = [high.max(*z), low.max(high.min(*z)), low.min(*z)];
        self.0.lattice.distance2(folded, self.0.cell).sqrt()
    }

    fn slope(&self) -> f64 {
        1.0
    }

    fn range(&self) -> [f64; 2] {
        [0.0, self.0.cell]
    }

    fn cell(&self) -> [Option<f64>; 3] {
        [Some(self.0.cell); 3]
    }
}

impl Struts {
    /// The structure on a raster. Struts are a voxel thick at least.
    pub fn make(&self, raster: &Raster) -> Result<Structure, Refused> {
        let name = self.lattice.name();
        resolved("cell", name, self.cell, raster)?;
        let thinnest = raster.longest() * (1.0 - 1e-9);
        let limits = [thinnest, 2.0 * self.lattice.closes() * self.cell];
        let field = Distance(*self);
        Family { name, size: "diameter", said, scale: 0.5, limits, field }.make(self.size, raster)
    }
}
