//! The value of a field at a point: linear between voxel centres; between the outermost centre
//! and a face, towards the value that the boundary condition implies to second order; in
//! resolved pores the voxel itself.

use super::setup::Boundary;
use super::solutes::outside;
use super::solver::Solver;
use super::state::{Kind, flat};
use crate::ground::grid::Face;

/// Value of field `f` at `point` (m); `None` outside the box or in solid.
pub fn sample(solver: &Solver, f: usize, point: [f64; 3]) -> Option<f64> {
    let grid = &solver.setup.grid;
    let voxel = grid.voxel_at(point)?;
    let point = grid.image(point);
    let values = flat(&solver.state.fields[f]);
    let structure = &solver.setup.structure;
    if structure.open.is_some() || structure.solid.is_some() {
        let shown = solver.shown(f, voxel) * values[voxel];
        return (solver.room()[voxel] > 0.0).then_some(shown).filter(|v| !v.is_nan());
    }
    // Position in units of voxels from the first centre.
    let position: [f64; 3] = std::array::from_fn(|a| {
        if grid.n[a] == 1 && a >= grid.dimensions {
            0.0
        } else {
            (point[a] - grid.start(a)) / grid.h[a] - 0.5
        }
    });
    Some(along(solver, f, values, position, 0, [0; 3]))
}

/// Interpolates along `axis` and the axes after it; `fixed` holds the voxels of those before.
fn along(
    solver: &Solver,
    f: usize,
    values: &[f64],
    position: [f64; 3],
    axis: usize,
    fixed: [usize; 3],
) -> f64 {
    let grid = &solver.setup.grid;
    if axis == 3 {
        return values[grid.index(fixed[0], fixed[1], fixed[2])];
    }
    let at = |i: usize| {
        let mut voxel = fixed;
        voxel[axis] = i;
        along(solver, f, values, position, axis + 1, voxel)
    };
    let last = grid.n[axis] - 1;
    let x = position[axis];
    if axis >= grid.dimensions {
        return at(0);
    }
    if x < 0.0 || x > last as f64 {
        let end = x > 0.0;
        if !grid.is_outer(Face { axis, end }) {
            // Between two images.
            return at(if end { last } else { 0 });
        }
        if grid.periodic[axis] {
            let past = if end { x - last as f64 } else { -x };
            let (near, across) = if end { (last, 0) } else { (0, last) };
            return (1.0 - past) * at(near) + past * at(across);
        }
        let outer = if end { last } else { 0 };
        let inner = if end { last.saturating_sub(1) } else { 1.min(last) };
        let beyond = (if end { x - last as f64 } else { -x }).min(0.5);
        let mut voxel = fixed;
        voxel[axis] = outer;
        let (centre, next) = (at(outer), at(inner));
        let face = on_face(solver, f, Face { axis, end }, centre, next, voxel);
        return centre + (face - centre) * 2.0 * beyond;
    }
    let lower = (x.floor() as usize).min(last);
    let weight = x - lower as f64;
    if weight == 0.0 { at(lower) } else { (1.0 - weight) * at(lower) + weight * at(lower + 1) }
}

/// Value on a face, from the outermost centre, the next one, and the condition.
fn on_face(
    solver: &Solver,
    f: usize,
    face: Face,
    centre: f64,
    next: f64,
    voxel: [usize; 3],
) -> f64 {
    let grid = &solver.setup.grid;
    // No gradient across the face: a parabola through the two centres.
    let flat_end = centre + (centre - next) / 8.0;
    let Kind::Solute(s) = solver.catalogue.specs[f].kind else { return flat_end };
    let boundary = &solver.setup.solutes[s].boundaries[face.number()];
    let half = 0.5 * grid.h[face.axis];
    let index = grid.index(voxel[0], voxel[1], voxel[2]);
    let d = solver.diffusivity(s, index) * solver.setup.solutes[s].axis[face.axis];
    let t = solver.state.time;
    match boundary {
        Boundary::Sealed | Boundary::Outflow | Boundary::Inlet(_) => flat_end,
        Boundary::Flux(signal) => centre + signal.at(t, true) * half / d,
        Boundary::Bath(b) => {
            let position = solver.setup.baths[*b].solutes.iter().position(|x| x.0 == s);
            position.map_or(centre, |p| solver.state.baths[*b][p])
        }
        Boundary::Value(_) => outside(boundary, t).unwrap_or(centre),
        Boundary::Transfer { coefficient, .. } | Boundary::StagnantMedium { coefficient, .. } => {
            let out = outside(boundary, t).unwrap_or(centre);
            (centre * d / half + coefficient * out) / (d / half + coefficient)
        }
    }
}
