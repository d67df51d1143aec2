//! Flow of the medium, as a case gives it.

use std::borrow::Cow;

use crate::ground::grid::Face;
use crate::ground::signal::interpolate;
use crate::numerics::flux::OnFaces;
use crate::physics::flow::Permeability;

/// Flow of the medium through the scaffold.
#[derive(Clone, Debug)]
pub struct Flow {
    /// What sets the velocity.
    pub law: FlowLaw,
    /// Dynamic viscosity, Pa s.
    pub viscosity: f64,
    /// Conditions in the order of [`crate::ground::grid::Face::ALL`].
    pub boundaries: [FlowBoundary; 6],
}

/// What sets the velocity.
#[derive(Clone, Debug)]
pub enum FlowLaw {
    /// Darcy's law with a permeability a voxel, m², which stays whatever the porosity.
    Darcy(Vec<f64>),
    /// Brinkman's law with a permeability a voxel, m², which stays whatever the porosity.
    Brinkman {
        /// Permeability of each voxel, m².
        permeability: Vec<f64>,
        /// Effective viscosity of each voxel, Pa s; 0: viscosity over porosity.
        effective: Vec<f64>,
    },
    /// Darcy's law with a permeability that follows the porosity, by a closure.
    Closure(Permeability),
    /// The same by a table of porosity and permeability, m²; linear between.
    Table(Vec<(f64, f64)>),
    /// The same superficial velocity along x, y, z everywhere, m/s.
    Given([f64; 3]),
    /// A known flow through every face.
    Known(Known),
}

/// A known flow that is free of sources.
#[derive(Clone, Debug)]
pub struct Known {
    /// Flow through every face in the direction of its axis, per volume of the mean voxel, 1/s.
    pub q: OnFaces,
    /// Permeability of each voxel for the wall shear, m²; empty: not known.
    pub permeability: Vec<f64>,
    /// By how much the velocities of a file were changed to be free of sources: root mean square
    /// of the change over that of the velocity.
    pub changed: Option<f64>,
}

impl FlowLaw {
    /// Permeability of each voxel, m², at these porosities; none for a given velocity.
    pub fn permeability(&self, porosity: impl Iterator<Item = f64>) -> Cow<'_, [f64]> {
        match self {
            FlowLaw::Given(_) => Cow::Borrowed(&[]),
            FlowLaw::Known(known) => Cow::Borrowed(&known.permeability),
            FlowLaw::Darcy(k) | FlowLaw::Brinkman { permeability: k, .. } => Cow::Borrowed(k),
            FlowLaw::Closure(law) => porosity.map(|e| law.permeability(e)).collect(),
            FlowLaw::Table(points) => porosity.map(|e| interpolate(points, e)).collect(),
        }
    }
}

/// Condition of the flow on a face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FlowBoundary {
    /// Nothing passes; a wall for Brinkman's law, on which the fluid does not slip.
    Sealed,
    /// Nothing passes, and fluid slips freely along it.
    Symmetry,
    /// Pressure, Pa.
    Pressure(f64),
    /// Volume per time into the construct, m³/s, spread evenly over the open face.
    Rate(f64),
}

impl FlowBoundary {
    /// The pressure that is given, Pa.
    pub fn pressure(&self) -> Option<f64> {
        match self {
            FlowBoundary::Pressure(p) => Some(*p),
            _ => None,
        }
    }
}

impl Flow {
    /// The smallest pressure at a face, Pa, from which others count: equal ones are then exactly zero.
    pub fn base(&self) -> f64 {
        self.boundaries.iter().filter_map(FlowBoundary::pressure).fold(f64::INFINITY, f64::min)
    }

    /// True where no fluid passes a face, whatever the flow.
    pub fn shut(&self, face: Face) -> bool {
        match &self.law {
            FlowLaw::Given(u) => u[face.axis] == 0.0,
            FlowLaw::Known(known) => known.q[face.axis].iter().all(|q| *q == 0.0),
            _ => match self.boundaries[face.number()] {
                FlowBoundary::Sealed | FlowBoundary::Symmetry => true,
                FlowBoundary::Rate(rate) => rate == 0.0,
                FlowBoundary::Pressure(_) => false,
            },
        }
    }
}
