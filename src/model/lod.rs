//! Fixed locally one-dimensional steps in place of the controlled coupled step: solutes alone,
//! that diffuse and decay in an even box.

use super::setup::{Boundary, Setup, Solute};
use super::solver::Solver;
use super::state::flat_mut;
use crate::ground::grid::{Face, Form};
use crate::ground::par;
use crate::ground::signal::Signal;
use crate::numerics::lod::{Along, Lod, Passed};

/// Values that steps between two looks at a run may go over: a second or two.
const WORK: usize = 1_000_000_000;

/// What stands in the way of locally one-dimensional steps, in words.
pub fn obstacle(setup: &Setup) -> Option<String> {
    let even = |values: &[f64]| values.iter().all(|v| *v == values[0] && *v > 0.0);
    let structure = &setup.structure;
    let plain = |b: &Boundary| matches!(b, Boundary::Sealed | Boundary::Value(Signal::Constant(_)));
    let of_case = [
        (setup.run.steady, "a steady run"),
        (setup.run.stop_when_steady, "run.stop_when"),
        (setup.grid.form != Form::Box, "a cylinder or a sphere"),
        (setup.grid.periodic != [false; 3], "periodic faces"),
        (!setup.populations.is_empty(), "cells"),
        (setup.flow.is_some(), "a flow"),
        (setup.matter.degradation.is_some(), "a scaffold that degrades"),
        (!setup.matter.matrices.is_empty(), "a matrix"),
        (structure.open.is_some() || structure.solid.is_some(), "resolved pores"),
        (!even(&structure.porosity), "a porosity that varies"),
    ];
    let found = of_case.into_iter().find(|c| c.0).map(|c| c.1.to_owned());
    let of_solute = || {
        setup.solutes.iter().find_map(|s| {
            let what = [
                (!even(&s.relative), "a diffusivity that varies"),
                (s.source.is_some(), "a source"),
                (s.release.is_some(), "a release"),
                (
                    !s.boundaries.iter().all(plain),
                    "other faces than sealed ones and constant values",
                ),
            ];
            what.into_iter().find(|w| w.0).map(|w| format!("{} of {}", w.1, s.name))
        })
    };
    found.or_else(of_solute)
}

impl Solver {
    /// Takes fixed steps of `step` towards `target`, s, as many as fit between two looks, or what
    /// is left where that is less than one; gives how far it came, s.
    pub(super) fn march(&mut self, step: f64, target: f64) -> f64 {
        let left = target - self.state.time;
        // A step that is short by round-off alone is whole.
        let whole = (left / step * (1.0 + 1e-9)).floor();
        let voxels = self.setup.grid.len();
        let most = (WORK / (voxels * self.setup.solutes.len()).max(1)).max(1);
        let (dt, steps) = if whole < 1.0 { (left, 1) } else { (step, most.min(whole as usize)) };
        let all: Vec<_> = self.setup.solutes.iter().map(|s| along(&self.setup, s, dt)).collect();
        let (n, first) = (self.setup.grid.n, self.work.steps);
        let jobs: Vec<_> = self.state.fields.iter_mut().zip(&all).collect();
        let passed = par::each(jobs, |(field, along)| {
            Lod::new(n, along).advance(flat_mut(field), first, steps)
        });
        let mut amounts = vec![0.0; self.ledger.terms.len()];
        for (s, (along, passed)) in all.iter().zip(&passed).enumerate() {
            self.pass(s, along, steps, passed, &mut amounts);
        }
        self.state.time += dt * steps as f64;
        self.work.steps += steps;
        self.work.solves += steps * all.len();
        let moved: Vec<f64> = amounts.iter().map(|a| a.abs()).collect();
        self.ledger.book(&amounts, &moved, dt * steps as f64);
        self.rescale();
        self.contents();
        dt * steps as f64
    }

    /// What a solute lost and gained on the way.
    fn pass(
        &self,
        s: usize,
        along: &[Along; 3],
        steps: usize,
        passed: &Passed,
        amounts: &mut [f64],
    ) {
        let grid = &self.setup.grid;
        let terms = &self.solute_terms[s];
        let volume = grid.voxel_volume() * self.storage()[0];
        for (axis, along) in along.iter().enumerate() {
            amounts[terms.decayed] += volume * along.decay * passed.all[axis];
            let lines = (grid.len() / grid.n[axis] * steps) as f64;
            for end in [false, true] {
                let n = usize::from(end);
                if let (Some(term), Some(outside)) =
                    (terms.entered[Face { axis, end }.number()], along.outside[n])
                {
                    let gained = 2.0 * along.diffusion * (outside * lines - passed.ends[axis][n]);
                    amounts[term] += volume * gained;
                }
            }
        }
    }
}

/// Axes along which a solute moves in a step of `dt`, s.
fn along(setup: &Setup, solute: &Solute, dt: f64) -> [Along; 3] {
    let grid = &setup.grid;
    let outside = |face: Face| match &solute.boundaries[face.number()] {
        Boundary::Value(Signal::Constant(value)) => Some(*value),
        _ => None,
    };
    let d = solute.diffusivity * solute.relative[0] / setup.structure.porosity[0];
    std::array::from_fn(|axis| {
        if axis >= grid.dimensions {
            return Along::default();
        }
        Along {
            diffusion: dt * d * solute.axis[axis] / grid.h[axis].powi(2),
            decay: dt * solute.decay / grid.dimensions as f64,
            outside: [false, true].map(|end| outside(Face { axis, end })),
        }
    })
}

/// Largest D dt/h² of the solutes of a case with locally one-dimensional steps.
pub fn stiffness(setup: &Setup, step: f64) -> f64 {
    let all = setup.solutes.iter().flat_map(|s| along(setup, s, step));
    all.map(|a| a.diffusion).fold(0.0, f64::max)
}
