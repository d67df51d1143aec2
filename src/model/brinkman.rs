//! Brinkman's flow of a case: (µ/K) u − ∇·(µ_e ∇u) + ∇p = 0, div u = 0, u superficial.

use super::setup::{Flow, FlowBoundary};
use crate::ground::grid::{Face, Grid};
use crate::numerics::flux::OnFaces;
use crate::numerics::momentum::{End, Problem};
use crate::numerics::newton::NotConverged;
use crate::numerics::saddle;

/// Error of the flow, by the power that it would dissipate.
const TOLERANCE: f64 = 1e-10;

/// Flow through every face per volume of a voxel, 1/s, and the pressure, Pa; `effective` is µ_e of
/// each voxel, Pa s.
pub(super) fn brinkman(
    grid: &Grid,
    flow: &Flow,
    permeability: &[f64],
    effective: &[f64],
) -> Result<(OnFaces, Vec<f64>), NotConverged> {
    let base = flow.base();
    let ends = Face::ALL.map(|face| {
        if face.axis >= grid.dimensions {
            return End::Symmetry;
        }
        match flow.boundaries[face.number()] {
            FlowBoundary::Sealed => End::Velocity(0.0),
            FlowBoundary::Symmetry => End::Symmetry,
            FlowBoundary::Pressure(p) => End::Pressure((p - base) / flow.viscosity),
            FlowBoundary::Rate(rate) => {
                let inward = rate / grid.area(face);
                End::Velocity(if face.end { -inward } else { inward })
            }
        }
    });
    let resistance: Vec<f64> = permeability.iter().map(|k| 1.0 / k).collect();
    let viscosity: Vec<f64> = effective.iter().map(|m| m / flow.viscosity).collect();
    let (resistance, viscosity) = (&resistance[..], &viscosity[..]);
    let problem = Problem { n: grid.n, h: grid.h, resistance, viscosity, ends };
    let saddle::Solution { mut velocity, mut pressure, .. } = saddle::solve(&problem, TOLERANCE)?;
    for (axis, u) in velocity.iter_mut().enumerate() {
        for u in u {
            *u /= grid.h[axis];
        }
    }
    for p in &mut pressure {
        *p = *p * flow.viscosity + base;
    }
    Ok((velocity, pressure))
}
