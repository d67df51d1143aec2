//! Fixed locally one-dimensional steps in place of the controlled coupled step: solutes alone,
//! that diffuse and decay in an even box.

use super::setup::{Boundary, Setup};
use super::solver::{Solver, StepFailure};
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
    pub(super) fn march(&mut self, step: f64, target: f64) -> Result<f64, StepFailure> {
        if let Some(hint) = obstacle(&self.setup) {
            let field = "locally one-dimensional steps".into();
            let (time, history) = (self.state.time, Vec::new());
            return Err(StepFailure { field, hint, voxel: 0, history, time, dt: step });
        }
        let left = target - self.state.time;
        // A step that is short by round-off alone is whole.
        let whole = (left / step * (1.0 + 1e-9)).floor();
        let voxels = self.setup.grid.len();
        let most = (WORK / (voxels * self.setup.solutes.len()).max(1)).max(1);
        let (dt, steps) = if whole < 1.0 { (left, 1) } else { (step, most.min(whole as usize)) };
        let solved: Vec<Lod> = (0..self.setup.solutes.len()).map(|s| self.lines(s, dt)).collect();
        let first = self.work.steps;
        let jobs: Vec<_> = self.state.fields.iter_mut().zip(&solved).collect();
        let passed = par::each(jobs, |(field, lod)| lod.advance(flat_mut(field), first, steps));
        let mut amounts = vec![0.0; self.ledger.terms.len()];
        for (s, passed) in passed.iter().enumerate() {
            self.pass(s, dt, steps, passed, &mut amounts);
        }
        self.state.time += dt * steps as f64;
        self.work.steps += steps;
        self.work.solves += steps * solved.len();
        let moved: Vec<f64> = amounts.iter().map(|a| a.abs()).collect();
        self.ledger.book(&amounts, &moved, dt * steps as f64);
        self.rescale();
        self.contents();
        Ok(dt * steps as f64)
    }

    /// Axes along which solute `s` moves.
    fn along(&self, s: usize, dt: f64) -> [Along; 3] {
        let (setup, solute) = (&self.setup, &self.setup.solutes[s]);
        let grid = &setup.grid;
        let outside = |face: Face| match &solute.boundaries[face.number()] {
            Boundary::Value(Signal::Constant(value)) => Some(*value),
            _ => None,
        };
        let d = self.transports[s].d / self.storage()[0];
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

    fn lines(&self, s: usize, dt: f64) -> Lod {
        Lod::new(self.setup.grid.n, &self.along(s, dt))
    }

    /// What a solute lost and gained on the way.
    fn pass(&self, s: usize, dt: f64, steps: usize, passed: &Passed, amounts: &mut [f64]) {
        let grid = &self.setup.grid;
        let terms = &self.solute_terms[s];
        let volume = grid.voxel_volume() * self.storage()[0];
        for (axis, along) in self.along(s, dt).iter().enumerate() {
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

/// Largest D dt/h² of the solutes of a case with locally one-dimensional steps.
pub fn stiffness(setup: &Setup, step: f64) -> f64 {
    let grid = &setup.grid;
    let of = |s: &super::setup::Solute| {
        let d = s.diffusivity * s.relative[0] / setup.structure.porosity[0];
        (0..grid.dimensions)
            .map(move |a| step * d * s.axis[a] / grid.h[a].powi(2))
            .fold(0.0, f64::max)
    };
    setup.solutes.iter().map(of).fold(0.0, f64::max)
}
