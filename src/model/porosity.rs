//! Porosity that changes: ε = 1 − φ_s − φ_m − φ_c follows scaffold, matrix and cells, and with it the
//! storage of solutes and their effective diffusivities.
//!
//! ε ∂c/∂t = … : fluid that growth displaces leaves with the solute in it, and fluid that takes the
//! place of scaffold brings what is there already, so concentrations do not change by it. A base step
//! takes ε at its end for the storage and at its start for the diffusivities.

use std::sync::Arc;

use super::solutes::Transport;
use super::solver::{Solver, StepFailure, failure, impassable};
use super::state::{Kind, State, flat};
use crate::ground::par;
use crate::numerics::hierarchy::Hierarchy;
use crate::numerics::stencil::lanes;

/// Least fluid volume fraction: where scaffold, matrix and cells would leave less, this much stays.
pub const LEAST_POROSITY: f64 = 0.01;

impl Solver {
    /// Storage of solutes in a state: porosity times the volume of the voxel over the mean one.
    pub(super) fn stored<'a>(&'a self, state: &'a State) -> &'a [f64] {
        if state.storage.is_empty() { &self.storage } else { &state.storage }
    }

    /// Fills in what the solids of a state leave to the fluid.
    pub(super) fn make_room(&self, state: &mut State) {
        if self.setup.matter.changing.is_none() {
            return;
        }
        let mut left = std::mem::take(&mut state.storage);
        self.leave(state, &mut left);
        let (plane, measure) = (self.setup.grid.plane(), &self.measure);
        par::planes(plane, &mut left, |k, left| {
            for (s, m) in left.iter_mut().zip(&measure[k * plane..]) {
                *s = s.max(LEAST_POROSITY) * m;
            }
        });
        state.storage = left;
    }

    /// 1 − scaffold − matrix − cells in every voxel of a state; nothing where the porosity stays.
    fn leave(&self, state: &State, left: &mut Vec<f64>) {
        let Some(changing) = &self.setup.matter.changing else { return };
        let plane = self.setup.grid.plane();
        let takes = |kind: Kind| match kind {
            Kind::Solute(_) | Kind::Damaged { .. } => 0.0,
            Kind::Scaffold => 1.0,
            Kind::Matrix(m) => 1.0 / self.setup.matter.matrices[m].density,
            Kind::Viable(p) | Kind::Quiescent(p) | Kind::Dead(p, _) => changing.volumes[p],
        };
        let parts = self.catalogue.specs.iter().zip(&state.fields);
        let parts: Vec<(f64, &[f64])> = parts
            .map(|(spec, field)| (takes(spec.kind), flat(field)))
            .filter(|part| part.0 > 0.0)
            .collect();
        let degrades = self.catalogue.number(Kind::Scaffold).is_some();
        let start = &self.setup.structure.porosity;
        left.resize(start.len(), 0.0);
        par::planes(plane, left, |k, left| {
            let at = k * plane;
            for (i, s) in left.iter_mut().enumerate() {
                *s = if degrades { 1.0 } else { start[at + i] };
            }
            for (volume, field) in &parts {
                for (s, v) in left.iter_mut().zip(&field[at..]) {
                    *s -= volume * v;
                }
            }
        });
    }

    /// Where solids take more than is there: the share of the volume, and the most that they take of
    /// a voxel. `None` where all fits, or the porosity does not change.
    pub fn overfull(&self) -> Option<(f64, f64)> {
        let mut left = Vec::new();
        self.leave(&self.state, &mut left);
        let open = left.iter().zip(self.measure.iter()).filter(|v| *v.1 > 0.0);
        let (mut full, mut all, mut least) = (0.0, 0.0, 1.0_f64);
        for (left, measure) in open {
            all += measure;
            if *left < LEAST_POROSITY {
                full += measure;
            }
            least = least.min(*left);
        }
        (full > 0.0).then(|| (full / all, 1.0 - least))
    }

    /// Makes effective diffusivities and flow those of a state.
    pub(super) fn follow(&mut self, state: &State) -> Result<(), StepFailure> {
        if self.setup.matter.changing.is_none() {
            return Ok(());
        }
        let opened = self.open_up(state);
        let redirected = self.redirect(state)?;
        for s in 0..self.transports.len() {
            let Transport { d, hierarchy, .. } = self.transports[s];
            if !redirected && opened != Some(hierarchy) {
                continue;
            }
            let (solute, levels) = (&self.setup.solutes[s], &self.hierarchies[hierarchy]);
            let mut transport = Transport::new(&self.setup, solute, d, hierarchy, levels);
            if let Some(stream) = &self.stream
                && let Err(face) = transport.carry(&self.setup, solute, stream)
            {
                self.streamed.clear();
                return Err(impassable(&self.setup, solute, face, state.time));
            }
            self.transports[s] = transport;
        }
        Ok(())
    }

    /// Makes the hierarchy that follows the porosity that of a state; gives its number if it has
    /// changed.
    fn open_up(&mut self, state: &State) -> Option<usize> {
        let (changing, number) = (self.setup.matter.changing.as_ref()?, self.following?);
        let plane = self.setup.grid.plane();
        let mut relative = vec![0.0; self.measure.len()];
        par::planes(plane, &mut relative, |k, relative| {
            for (i, r) in relative.iter_mut().enumerate() {
                let i = k * plane + i;
                if self.measure[i] > 0.0 {
                    let law = changing.which.get(i).and_then(|w| changing.laws.get(*w));
                    *r = law.map_or(1.0, |l| l.at(state.storage[i] / self.measure[i]));
                }
            }
        });
        let old = &self.hierarchies[number];
        if relative == *old.relative {
            return None;
        }
        let (grid, axis) = (&self.setup.grid, old.axis);
        self.hierarchies[number] = Hierarchy::within(grid, Arc::new(relative), axis, &self.measure);
        Some(number)
    }

    /// Makes the flow that of a state: the permeability follows the porosity. True if fluid moves
    /// otherwise than before.
    fn redirect(&mut self, state: &State) -> Result<bool, StepFailure> {
        if !self.setup.flow_changes() || self.streamed == state.storage {
            return Ok(false);
        }
        let Some(stream) = &mut self.stream else { return Ok(false) };
        let parts = state.storage.iter().zip(self.measure.iter());
        let porosity: Vec<f64> = parts.map(|(s, m)| if *m > 0.0 { s / m } else { 0.0 }).collect();
        let moved = stream
            .follow(&self.setup, &self.room, &porosity)
            .map_err(|e| failure("pressure", e, state.time, 0.0))?;
        if let (Some(now), false) = (&stream.shear, self.shear.is_empty()) {
            self.shear.clone_from(now);
        }
        self.streamed.clone_from(&state.storage);
        Ok(moved)
    }

    /// Diffusivities and flow of the accepted state, for those who look at it and for the next step.
    pub(super) fn settle(&mut self) -> Result<(), StepFailure> {
        let state = std::mem::take(&mut self.state);
        let done = self.follow(&state);
        self.state = state;
        done
    }

    /// Amount of solute `s` that extrapolated fluid holds beyond the extrapolation of the amounts:
    /// Σ ε(2B − A) − (2 ε_B B − ε_A A); with `fallen`, where the field is B, Σ (ε − ε_B) B.
    pub(super) fn beyond(&self, state: &State, s: usize, fallen: bool) -> f64 {
        if state.storage.is_empty() {
            return 0.0;
        }
        let plane = self.setup.grid.plane();
        let (a, b) = (flat(&self.full.fields[s]), flat(&self.two.fields[s]));
        let (ea, eb, e) = (&self.full.storage, &self.two.storage, &state.storage);
        let sum = par::sum(e.len() / plane, plane, |k| {
            let at = k * plane;
            lanes(plane, |i| {
                let i = at + i;
                if fallen {
                    (e[i] - eb[i]) * b[i]
                } else {
                    e[i] * (2.0 * b[i] - a[i]) - (2.0 * eb[i] * b[i] - ea[i] * a[i])
                }
            })
        });
        self.setup.grid.voxel_volume() * sum
    }

    /// Smallest porosity now; `None` where it does not change.
    pub fn lowest_porosity(&self) -> Option<f64> {
        let storage = self.state.storage.iter().zip(self.measure.iter());
        storage.filter(|v| *v.1 > 0.0).map(|(s, m)| s / m).reduce(f64::min)
    }
}
