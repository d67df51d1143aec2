//! Planes of symmetry of a case: where all that is given is its own mirror image, or the same along
//! an axis, one part is solved for, and stands for the whole. The equations know no direction, so
//! the solution is then as symmetric as what is given, and that of the part is the same one with
//! nothing passing the planes.

use std::sync::Arc;

use super::setup::{
    Boundary, Changing, Flow, FlowBoundary, FlowLaw, Homogenised, Initial, Matrix, Matter,
    Population, Release, Reseeding, Setup, Solid, Solute, Source, Structure,
};
use crate::ground::grid::{Face, Form, Grid, Symmetry};
use crate::numerics::stencil::range;

/// The symmetries of a case along its axes; none with a known velocity in every voxel, in fixed locally
/// one-dimensional steps, or where the case does not want it.
fn of(setup: &Setup) -> [Symmetry; 3] {
    let grid = &setup.grid;
    let known = matches!(&setup.flow, Some(Flow { law: FlowLaw::Known(_), .. }));
    if !setup.symmetry || known || setup.run.lod.is_some() || !grid.is_whole() {
        return Default::default();
    }
    // What an axis may be, by the conditions on its ends.
    let mut axes = [Axis::default(); 3];
    for (a, axis) in axes.iter_mut().enumerate() {
        if grid.n[a] == 1 || grid.periodic[a] {
            continue;
        }
        let ends = [false, true].map(|end| Face { axis: a, end }.number());
        let along = setup.solutes.iter().map(|s| ends.map(|f| &s.boundaries[f]));
        let shut = |b: &&Boundary| matches!(b, Boundary::Sealed);
        let radius = a == 0 && grid.form != Form::Box;
        axis.uniform = along.clone().flatten().all(|b| shut(&b));
        axis.mirror =
            grid.n[a].is_multiple_of(2) && !radius && along.clone().all(|[low, high]| low == high);
        if let Some(flow) = &setup.flow {
            let [low, high] = ends.map(|f| flow.boundaries[f]);
            let slips = [low, high] == [FlowBoundary::Symmetry; 2];
            // Nothing flows along it, and for Brinkman's law walls are no symmetry of what is between.
            let rests = match flow.law {
                FlowLaw::Given(velocity) => velocity[a] == 0.0,
                _ => slips || [low, high] == [FlowBoundary::Sealed; 2],
            };
            axis.mirror &= rests;
            axis.uniform &= rests && (slips || !matches!(flow.law, FlowLaw::Brinkman { .. }));
        }
    }
    for values in given(setup) {
        values.narrow(grid, &mut axes);
    }
    std::array::from_fn(|a| match axes[a] {
        Axis { uniform: true, .. } => Symmetry::Uniform { count: grid.n[a], h: grid.h[a] },
        Axis { mirror: true, .. } => Symmetry::Mirror,
        _ => Symmetry::None,
    })
}

/// The grid on which a case is solved for: the part that stands for the whole.
pub fn grid(setup: &Setup) -> Grid {
    setup.grid.part(of(setup))
}

/// The part of a case that stands for the whole.
#[must_use]
pub fn part(mut setup: Setup) -> Setup {
    let grid = grid(&setup);
    if grid.is_whole() {
        return setup;
    }
    gather(&mut setup, &grid);
    for (number, face) in Face::ALL.into_iter().enumerate() {
        if let (Some(flow), false) = (&mut setup.flow, grid.is_outer(face)) {
            flow.boundaries[number] = FlowBoundary::Symmetry;
        }
    }
    setup.grid = grid;
    setup
}

/// What is to be said of a part, or of the part of a whole: its symmetries, and what is solved for;
/// `None` without any.
pub fn told(part: &Grid) -> Option<String> {
    let axes = part.form.axes().iter().zip(part.symmetry);
    let names = |wanted: fn(Symmetry) -> bool| {
        let names = axes.clone().filter(|a| wanted(a.1)).map(|a| *a.0);
        names.collect::<Vec<_>>().join(", ")
    };
    let mirrored = names(|s| s == Symmetry::Mirror);
    let uniform = names(|s| matches!(s, Symmetry::Uniform { .. }));
    let all = [("its own mirror image along", mirrored), ("the same along", uniform)];
    let all = all.into_iter().filter(|(_, axes)| !axes.is_empty());
    let all: Vec<String> = all.map(|(what, axes)| format!("{what} {axes}")).collect();
    let n = part.n[..part.dimensions].iter().map(ToString::to_string).collect::<Vec<_>>();
    let solved = || format!("{}; solved for {} voxels", all.join(", "), n.join(" × "));
    (!all.is_empty()).then(solved)
}

/// What an axis can be.
#[derive(Clone, Copy, Default)]
struct Axis {
    mirror: bool,
    uniform: bool,
}

/// Values of all voxels that a case gives.
enum Given<'a> {
    Values(&'a [f64]),
    Flags(&'a [bool]),
    Numbers(&'a [usize]),
}

impl Given<'_> {
    /// Takes from the axes what the values do not have.
    fn narrow(&self, grid: &Grid, axes: &mut [Axis; 3]) {
        match self {
            Given::Values(v) => {
                let (least, most) = if v.len() == grid.len() {
                    range(grid.plane(), v, |_, _| true)
                } else {
                    (0.0, 1.0)
                };
                // Most are the same everywhere.
                if least != most {
                    narrow(v, grid, axes);
                }
            }
            Given::Flags(v) => narrow(v, grid, axes),
            Given::Numbers(v) => narrow(v, grid, axes),
        }
    }
}

fn narrow<T: PartialEq>(values: &[T], grid: &Grid, axes: &mut [Axis; 3]) {
    if values.is_empty() {
        return;
    }
    if values.len() != grid.len() {
        *axes = Default::default();
        return;
    }
    let [nx, ny, nz] = grid.n;
    let row = |j: usize, k: usize| &values[grid.index(0, j, k)..][..nx];
    let all = |alike: &dyn Fn(usize, usize) -> bool| (0..nz).all(|k| (0..ny).all(|j| alike(j, k)));
    let [x, y, z] = axes;
    x.mirror = x.mirror && all(&|j, k| row(j, k).iter().eq(row(j, k).iter().rev()));
    x.uniform = x.uniform && all(&|j, k| row(j, k).iter().all(|v| *v == row(j, k)[0]));
    y.mirror = y.mirror && all(&|j, k| row(j, k) == row(ny - 1 - j, k));
    y.uniform = y.uniform && all(&|j, k| row(j, k) == row(0, k));
    z.mirror = z.mirror && all(&|j, k| row(j, k) == row(j, nz - 1 - k));
    z.uniform = z.uniform && all(&|j, k| row(j, k) == row(j, 0));
}

/// All values of voxels in a case, but those of a known velocity. Structs are taken apart without `..`: a new field must
/// be placed before it compiles.
fn given(setup: &Setup) -> Vec<Given<'_>> {
    let Setup {
        title: _,
        grid: _,
        structure: Structure { porosity, open, solid, isolated: _, homogenised },
        solutes,
        baths: _,
        populations,
        flow,
        matter: Matter { degradation: _, matrices, changing },
        ph: _,
        run: _,
        symmetry: _,
        silent_laws: _,
    } = setup;
    let mut out = vec![Given::Values(porosity)];
    out.extend(open.iter().map(|v| Given::Flags(v)));
    out.extend(solid.iter().map(|Solid { voxels, partition: _ }| Given::Flags(voxels)));
    if let Some(Homogenised { n: _, porosity: _, ratio: _, pores }) = homogenised {
        out.extend(pores.iter().map(|v| Given::Values(v)));
    }
    for solute in solutes {
        let Solute {
            name: _,
            diffusivity: _,
            free_diffusivity: _,
            relative,
            axis: _,
            initial,
            boundaries: _,
            decay: _,
            source,
            release,
            molar_mass: _,
        } = solute;
        // Most solutes share it.
        if !out.iter().any(|g| matches!(g, Given::Values(v) if v.as_ptr() == relative.as_ptr())) {
            out.push(Given::Values(relative));
        }
        if let Initial::Field(v) = initial {
            out.push(Given::Values(v));
        }
        out.extend(source.iter().map(|Source { rate, times: _ }| Given::Values(rate)));
        out.extend(release.iter().map(|Release { loaded, law: _ }| Given::Values(loaded)));
    }
    for population in populations {
        let Population {
            name: _,
            seeding,
            capacity: _,
            uptake: _,
            modifiers: _,
            production: _,
            growth: _,
            stimulation: _,
            quiescence: _,
            deaths: _,
            lysis: _,
            motility: _,
            taxis: _,
            volume_filling: _,
            differentiation: _,
            detachment: _,
            reseeding,
        } = population;
        out.push(Given::Values(seeding));
        let more = reseeding.iter();
        out.extend(more.map(|Reseeding { time: _, density }| Given::Values(density)));
    }
    if let Some(Flow { law, viscosity: _, boundaries: _ }) = flow {
        match law {
            FlowLaw::Darcy(permeability) => out.push(Given::Values(permeability)),
            FlowLaw::Brinkman { permeability, effective } => {
                out.extend([Given::Values(permeability), Given::Values(effective)]);
            }
            FlowLaw::Closure(_) | FlowLaw::Table(_) | FlowLaw::Given(_) | FlowLaw::Known(_) => {}
        }
    }
    for matrix in matrices {
        let Matrix { name: _, density: _, largest: _, initial, decay: _, deposits: _ } = matrix;
        out.push(Given::Values(initial));
    }
    if let Some(Changing { relative, laws: _, which, volumes: _ }) = changing {
        out.extend([Given::Values(relative), Given::Numbers(which)]);
    }
    out
}

/// Leaves of all that [`given`] lists what the part has. What is shared stays shared.
fn gather(setup: &mut Setup, part: &Grid) {
    let Setup { structure, solutes, populations, flow, matter, .. } = setup;
    let mut shared = vec![&mut structure.porosity];
    let mut own: Vec<&mut Vec<f64>> = Vec::new();
    shared.extend(structure.homogenised.iter_mut().flat_map(|h| &mut h.pores));
    for Solute { relative, initial, source, release, .. } in solutes {
        shared.push(relative);
        if let Initial::Field(values) = initial {
            own.push(values);
        }
        own.extend(source.iter_mut().map(|s| &mut s.rate));
        own.extend(release.iter_mut().map(|r| &mut r.loaded));
    }
    for Population { seeding, reseeding, .. } in populations {
        own.push(seeding);
        own.extend(reseeding.iter_mut().map(|r| &mut r.density));
    }
    match flow.as_mut().map(|flow| &mut flow.law) {
        Some(FlowLaw::Darcy(permeability)) => own.push(permeability),
        Some(FlowLaw::Brinkman { permeability, effective }) => {
            own.extend([permeability, effective]);
        }
        _ => {}
    }
    own.extend(matter.matrices.iter_mut().map(|m| &mut m.initial));
    let solid = structure.solid.iter_mut().map(|s| &mut s.voxels);
    for flags in solid.chain(&mut structure.open) {
        cut(part, flags);
    }
    if let Some(Changing { relative, which, .. }) = &mut matter.changing {
        shared.push(relative);
        cut(part, which);
    }
    for values in own {
        cut(part, values);
    }
    let mut known: Vec<[Arc<Vec<f64>>; 2]> = Vec::new();
    for values in shared {
        let found = known.iter().position(|[whole, _]| Arc::ptr_eq(whole, values));
        let found = found.unwrap_or_else(|| {
            known.push([values.clone(), Arc::new(part.gather(values))]);
            known.len() - 1
        });
        *values = known[found][1].clone();
    }
}

fn cut<T: Copy>(part: &Grid, values: &mut Vec<T>) {
    if !values.is_empty() {
        *values = part.gather(values);
    }
}
