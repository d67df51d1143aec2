//! Velocities in the middle of voxels (a CFD export) as a flow through faces that is free of sources.
//!
//! A face between voxels has the mean of both, an open outer face its voxel's own velocity, any other
//! nothing. Of all flows without sources through the same open faces the nearest is q − grad φ with
//! div grad φ = div q and φ = 0 behind open faces (Chorin, Math. Comput. 22 (1968) 745).

use std::sync::Arc;

use super::flow::{outer, outer_face};
use crate::ground::grid::{Face, Grid};
use crate::numerics::drift::{self, Bounds, Drift};
use crate::numerics::flux::{Diffusive, OnFaces, around, between, conductance, on_faces};
use crate::numerics::hierarchy::Hierarchy;
use crate::numerics::newton::{Equation, Inert, NotConverged};
use crate::numerics::wall::{Behind, Wall};

/// Relative residual of φ, as for a pressure.
const TOLERANCE: f64 = 1e-13;

/// A flow made free of sources.
#[derive(Clone, Debug)]
pub struct Projected {
    /// Flow through every face, see [`Stream::q`](super::flow::Stream::q).
    pub q: OnFaces,
    /// Root mean square of the change of the velocity over that of the velocity, over all faces.
    pub changed: f64,
    /// Voxel with the largest source before, and that source over the largest flow through a face.
    pub worst: (usize, f64),
}

/// What makes `velocity` (m/s along each axis, a value a voxel) a flow without sources; `room` is 1
/// where fluid can be.
pub fn project(
    grid: &Grid,
    velocity: &[Vec<f64>; 3],
    room: &[f64],
    open: [bool; 6],
) -> Result<Projected, NotConverged> {
    let mut q = on_faces(grid.n);
    between(grid.n, |side| {
        let (a, low, high) = (side.axis, side.low, side.high);
        let mean = 0.5 * (velocity[a][low] + velocity[a][high]) * room[low] * room[high];
        let share = grid.share(Face { axis: a, end: true }, low);
        q[a][side.face] = mean * share / grid.h[a];
    });
    for face in Face::ALL.into_iter().filter(|f| open[f.number()]) {
        for (i, f) in outer(grid, face) {
            let a = face.axis;
            q[a][f] = room[i] * velocity[a][i] * grid.share(face, i) / grid.h[a];
        }
    }
    let sources = sources(grid, &q);
    let largest = q.iter().flatten().fold(0.0_f64, |m, q| m.max(q.abs()));
    let by = |a: &usize, b: &usize| sources[*a].abs().total_cmp(&sources[*b].abs());
    let voxel = (0..grid.len()).max_by(by).unwrap_or(0);
    let worst = (voxel, if largest > 0.0 { sources[voxel].abs() / largest } else { 0.0 });
    if worst.1 <= TOLERANCE {
        return Ok(Projected { q, changed: 0.0, worst });
    }
    let relative = Arc::new(room.to_vec());
    let hierarchy = Hierarchy::new(grid, relative.clone(), [1.0; 3]);
    let behind = std::array::from_fn(|f| {
        if open[f] { Behind::Open { film: f64::INFINITY } } else { Behind::Sealed }
    });
    let wall = Wall::new(grid, &relative, 1.0, [1.0; 3], &behind, &hierarchy.grids.shapes);
    // φ drives the flow that carries the sources away.
    let rhs: Vec<f64> = sources.iter().map(|s| -s).collect();
    let equation = Equation {
        hierarchy: &hierarchy,
        d: 1.0,
        storage: room,
        storage_range: (1.0, 1.0),
        shift: 0.0,
        rhs: &rhs,
        wall: Some(&wall),
        reservoirs: &[],
        reservoir_faces: [None; 6],
        outside: [0.0; 6],
        reaction: &Inert,
        lift: 0.0,
        tolerance: TOLERANCE,
        bend: 0.0,
    };
    let mut phi = vec![0.0; grid.len()];
    let mut flux = Diffusive { faces: &hierarchy.fine, d: 1.0 };
    let how = Drift { bounds: Bounds::None, relative: false };
    drift::solve(&equation, &mut flux, &how, &mut drift::Scratch::default(), &mut phi)?;
    let before = q.clone();
    between(grid.n, |side| {
        let t = conductance(&hierarchy.fine, side);
        q[side.axis][side.face] += t * (phi[side.low] - phi[side.high]);
    });
    for face in Face::ALL.into_iter().filter(|f| open[f.number()]) {
        for &(i, g) in &wall.faces()[face.number()] {
            let f = outer_face(grid, face, i as usize);
            let inward = -g * phi[i as usize];
            q[face.axis][f] += if face.end { -inward } else { inward };
        }
    }
    let (mut change, mut size) = (0.0, 0.0);
    for (a, (now, before)) in q.iter().zip(&before).enumerate() {
        for (now, before) in now.iter().zip(before) {
            change += ((now - before) * grid.h[a]).powi(2);
            size += (before * grid.h[a]).powi(2);
        }
    }
    Ok(Projected { q, changed: (change / size).sqrt(), worst })
}

/// What flows out of each voxel beyond what flows in, in the unit of `q`.
fn sources(grid: &Grid, q: &OnFaces) -> Vec<f64> {
    let mut out = vec![0.0; grid.len()];
    for (i, out) in out.iter_mut().enumerate() {
        around(grid.n, i, |side, above| {
            let q = q[side.axis][side.face];
            *out += if above { q } else { -q };
        });
    }
    for face in Face::ALL {
        for (i, f) in outer(grid, face) {
            let q = q[face.axis][f];
            out[i] += if face.end { q } else { -q };
        }
    }
    out
}
