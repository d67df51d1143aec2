//! The flow of medium through the scaffold: div u = 0, u = −(K/µ)·∇p (Darcy), Brinkman's law, or a
//! given velocity; u is superficial, per total area.

use std::sync::Arc;

use super::brinkman::brinkman;
use super::setup::{Flow, FlowBoundary, FlowLaw, Known, Setup};
use super::state::{State, flat};
use crate::ground::grid::{Face, Grid};
use crate::numerics::drift::{self, Bounds, Drift};
use crate::numerics::flux::{Diffusive, OnFaces, between, conductance, on_faces};
use crate::numerics::hierarchy::Hierarchy;
use crate::numerics::newton::{Equation, Inert, NotConverged};
use crate::numerics::wall::{Behind, Wall, face_voxels};
use crate::physics::flow::wall_shear;

/// A flow field.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Flow through every face in the direction of its axis, outer ones too, per volume of the
    /// mean voxel, 1/s.
    pub q: OnFaces,
    /// Pressure, Pa; `None` for a given velocity.
    pub pressure: Option<Vec<f64>>,
    /// Superficial velocity along each axis in the middle of voxels, m/s.
    pub velocity: [Vec<f64>; 3],
    /// Wall shear, Pa; `None` where the permeability is not known.
    pub shear: Option<Vec<f64>>,
    /// Flow into the construct by face, m³/s.
    pub entering: [f64; 6],
}

/// Share of the largest flow through a voxel's side below which a flow may be round-off of the
/// pressure.
pub const ROUNDING: f64 = 1e-9;

/// Relative residual of the pressure: what the flow of a voxel may lack.
const TOLERANCE: f64 = 1e-13;

impl Stream {
    /// The flow of a case at a porosity; `None` without one, or where nothing moves.
    pub fn of(
        setup: &Setup,
        room: &[f64],
        porosity: &[f64],
    ) -> Result<Option<Stream>, NotConverged> {
        let Some(flow) = &setup.flow else { return Ok(None) };
        let grid = &setup.grid;
        let permeability = flow.law.permeability(porosity.iter().copied());
        let (q, pressure) = match &flow.law {
            FlowLaw::Given(velocity) => (given(grid, *velocity, room), None),
            FlowLaw::Brinkman { effective, .. } => {
                let of = |(m, e): (&f64, &f64)| if *m > 0.0 { *m } else { flow.viscosity / e };
                let effective: Vec<f64> = effective.iter().zip(porosity).map(of).collect();
                let (q, p) = brinkman(grid, flow, &permeability, &effective)?;
                (q, Some(p))
            }
            FlowLaw::Known(known) => (known.q.clone(), None),
            _ => {
                let (q, p) = darcy(grid, flow, &permeability, room)?;
                (q, Some(p))
            }
        };
        if q.iter().flatten().all(|q| *q == 0.0) {
            return Ok(None);
        }
        let velocity = velocity(grid, &q);
        let known = !permeability.is_empty();
        let shear = known.then(|| shear(flow, &velocity, porosity, &permeability));
        let entering = Face::ALL.map(|face| {
            let sign = if face.end { -1.0 } else { 1.0 };
            let sum: f64 = outer(grid, face).map(|(_, f)| sign * q[face.axis][f]).sum();
            sum * grid.voxel_volume()
        });
        Ok(Some(Stream { q, pressure, velocity, shear, entering }))
    }

    /// What a porosity that has changed makes of the flow; true if the velocity follows it.
    pub(super) fn follow(
        &mut self,
        setup: &Setup,
        room: &[f64],
        porosity: &[f64],
    ) -> Result<bool, NotConverged> {
        let Some(flow) = &setup.flow else { return Ok(false) };
        // The velocity stays where the permeability and the effective viscosity do.
        let stays = match &flow.law {
            FlowLaw::Given(_) => return Ok(false),
            FlowLaw::Known(Known { permeability: k, .. }) if k.is_empty() => return Ok(false),
            FlowLaw::Darcy(k) | FlowLaw::Known(Known { permeability: k, .. }) => Some(k),
            FlowLaw::Brinkman { permeability, effective } => {
                Some(permeability).filter(|_| !effective.contains(&0.0))
            }
            _ => None,
        };
        if let Some(k) = stays {
            self.shear = Some(shear(flow, &self.velocity, porosity, k));
        } else if let Some(stream) = Stream::of(setup, room, porosity)? {
            *self = stream;
            return Ok(true);
        }
        Ok(false)
    }

    /// Superficial speed in a voxel, m/s.
    pub fn speed(&self, voxel: usize) -> f64 {
        speed(&self.velocity, voxel)
    }

    /// Flow into the construct through the outer side of a voxel, per volume of the mean voxel.
    pub fn entering_at(&self, grid: &Grid, face: Face, voxel: usize) -> f64 {
        let q = self.q[face.axis][outer_face(grid, face, voxel)];
        if face.end { -q } else { q }
    }

    /// What enters and what leaves through a face, m³/s.
    pub fn both_ways(&self, grid: &Grid, face: Face) -> [f64; 2] {
        let sign = if face.end { -1.0 } else { 1.0 };
        let least = ROUNDING * self.q.iter().flatten().fold(0.0_f64, |m, q| m.max(q.abs()));
        let sum = |way: f64| -> f64 {
            let through = outer(grid, face).map(|(_, f)| way * sign * self.q[face.axis][f]);
            through.filter(|q| *q > least).sum()
        };
        [sum(1.0), sum(-1.0)].map(|q| q * grid.voxel_volume())
    }

    /// Mean time of the fluid in the construct, s; `storage` is the fluid of each voxel over the
    /// volume of the mean one.
    pub fn residence(&self, setup: &Setup, storage: &[f64]) -> f64 {
        let fluid = storage.iter().sum::<f64>() * setup.grid.voxel_volume();
        fluid / Face::ALL.map(|face| self.both_ways(&setup.grid, face)[0]).iter().sum::<f64>()
    }
}

/// What cells feel: the concentrations of all solutes, then the shear on the pore walls (empty
/// where no law answers to it).
pub(super) fn felt<'a>(setup: &Setup, shear: &'a [f64], state: &'a State) -> Vec<&'a [f64]> {
    let solutes = state.fields[..setup.solutes.len()].iter().map(flat);
    solutes.chain([shear]).collect()
}

fn shear(flow: &Flow, velocity: &[Vec<f64>; 3], porosity: &[f64], k: &[f64]) -> Vec<f64> {
    let at = |i: usize| wall_shear(flow.viscosity, speed(velocity, i), porosity[i], k[i]);
    (0..porosity.len()).map(at).collect()
}

fn speed(velocity: &[Vec<f64>; 3], i: usize) -> f64 {
    velocity.iter().map(|u| u[i] * u[i]).sum::<f64>().sqrt()
}

/// Number of the outer side of a voxel among the faces of its axis.
pub(super) fn outer_face(grid: &Grid, face: Face, voxel: usize) -> usize {
    let lower = crate::numerics::flux::lower(grid.n, voxel)[face.axis];
    lower + if face.end { crate::numerics::flux::strides(grid.n)[face.axis] } else { 0 }
}

/// Voxels of a side of the grid, each with the number of its outer face.
pub fn outer(grid: &Grid, face: Face) -> impl Iterator<Item = (usize, usize)> + '_ {
    face_voxels(grid.n, face).map(move |i| (i, outer_face(grid, face, i)))
}

/// The same velocity everywhere as a flow through faces.
pub fn given(grid: &Grid, velocity: [f64; 3], room: &[f64]) -> OnFaces {
    let mut q = on_faces(grid.n);
    let through = |face: Face, voxel: usize| {
        room[voxel] * velocity[face.axis] * grid.share(face, voxel) / grid.h[face.axis]
    };
    between(grid.n, |side| {
        q[side.axis][side.face] = through(Face { axis: side.axis, end: true }, side.low);
    });
    for face in Face::ALL {
        for (i, f) in outer(grid, face) {
            q[face.axis][f] = through(face, i);
        }
    }
    q
}

fn darcy(
    grid: &Grid,
    flow: &Flow,
    permeability: &[f64],
    room: &[f64],
) -> Result<(OnFaces, Vec<f64>), NotConverged> {
    let most = permeability.iter().fold(0.0_f64, |m, k| m.max(*k));
    let relative: Vec<f64> = permeability.iter().zip(room).map(|(k, o)| o * k / most).collect();
    let relative = Arc::new(relative);
    let hierarchy = Hierarchy::new(grid, relative.clone(), [1.0; 3]);
    let d = most / flow.viscosity;
    let base = flow.base();
    let behind = std::array::from_fn(|f| match flow.boundaries[f] {
        FlowBoundary::Pressure(_) => Behind::Open { film: f64::INFINITY },
        _ => Behind::Sealed,
    });
    let wall = Wall::new(grid, &relative, d, [1.0; 3], &behind, &hierarchy.grids.shapes);
    let mut rhs = vec![0.0; grid.len()];
    let mut rates = on_faces(grid.n);
    let mut lift = 0.0_f64;
    for (number, face) in Face::ALL.into_iter().enumerate() {
        match &flow.boundaries[number] {
            FlowBoundary::Pressure(p) => {
                lift = lift.max(p - base);
                for &(i, g) in &wall.faces()[number] {
                    rhs[i as usize] += g * (p - base);
                }
            }
            FlowBoundary::Rate(rate) => {
                let open = |i: usize| if relative[i] > 0.0 { grid.share(face, i) } else { 0.0 };
                let area: f64 = outer(grid, face).map(|(i, _)| open(i)).sum();
                for (i, f) in outer(grid, face) {
                    let q = rate / grid.voxel_volume() * open(i) / area;
                    rhs[i] += q;
                    rates[face.axis][f] = if face.end { -q } else { q };
                }
            }
            FlowBoundary::Sealed | FlowBoundary::Symmetry => {}
        }
    }
    let open: Vec<f64> = relative.iter().map(|r| f64::from(u8::from(*r > 0.0))).collect();
    let equation = Equation {
        hierarchy: &hierarchy,
        d,
        storage: &open,
        storage_range: (1.0, 1.0),
        shift: 0.0,
        rhs: &rhs,
        wall: Some(&wall),
        reservoirs: &[],
        reservoir_faces: [None; 6],
        outside: [0.0; 6],
        reaction: &Inert,
        lift,
        tolerance: TOLERANCE,
        bend: 0.0,
    };
    let mut p = vec![0.0; grid.len()];
    let mut flux = Diffusive { faces: &hierarchy.fine, d };
    let how = Drift { bounds: Bounds::None, relative: false };
    drift::solve(&equation, &mut flux, &how, &mut drift::Scratch::default(), &mut p)?;
    let mut q = rates;
    between(grid.n, |side| {
        let t = d * conductance(&hierarchy.fine, side);
        q[side.axis][side.face] = t * (p[side.low] - p[side.high]);
    });
    for (number, face) in Face::ALL.into_iter().enumerate() {
        let Some(value) = flow.boundaries[number].pressure() else { continue };
        for &(i, g) in &wall.faces()[number] {
            let i = i as usize;
            let inward = g * (value - base - p[i]);
            q[face.axis][outer_face(grid, face, i)] = if face.end { -inward } else { inward };
        }
    }
    p.iter_mut().zip(&open).for_each(|(p, o)| *p = if *o > 0.0 { *p + base } else { f64::NAN });
    Ok((q, p))
}

/// Superficial velocities in the middle of voxels. What flows through a voxel changes between its
/// faces as the volume behind does, so flow from or to an axis or a centre is exact.
fn velocity(grid: &Grid, q: &OnFaces) -> [Vec<f64>; 3] {
    let volume = grid.own_volume();
    std::array::from_fn(|axis| {
        (0..grid.len())
            .map(|i| {
                let through = |end| q[axis][outer_face(grid, Face { axis, end }, i)] * volume;
                let [below, above] = [false, true].map(through);
                let ring = i % grid.n[0];
                let (area, share) =
                    if axis == 0 { grid.middle(ring) } else { (grid.weight(ring), 0.5) };
                ((1.0 - share) * below + share * above) / (grid.face_area(axis) * area)
            })
            .collect()
    })
}
