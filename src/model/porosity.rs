//! Porosity that changes: ε = 1 − φ_s − φ_m − φ_c follows scaffold, matrix and cells, and with it the
//! storage of solutes and their effective diffusivities.
//!
//! ε ∂c/∂t = … : fluid that growth displaces leaves with the solute in it, and fluid that takes the
//! place of scaffold brings what is there already, so concentrations do not change by it. A base step
//! takes ε at its end for the storage and at its start for the diffusivities.

use std::sync::Arc;

use super::solutes::Transport;
use super::solver::{Solver, StepFailure, failure};
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
        let (start, measure) = (&self.setup.structure.porosity, &self.measure);
        state.storage.resize(start.len(), 0.0);
        par::planes(plane, &mut state.storage, |k, storage| {
            let at = k * plane;
            for (i, s) in storage.iter_mut().enumerate() {
                *s = if degrades { 1.0 } else { start[at + i] };
            }
            for (volume, field) in &parts {
                for (s, v) in storage.iter_mut().zip(&field[at..]) {
                    *s -= volume * v;
                }
            }
            for (s, m) in storage.iter_mut().zip(&measure[at..]) {
                *s = s.max(LEAST_POROSITY) * m;
            }
        });
    }

    /// Makes the effective diffusivities those of a state.
    pub(super) fn open_up(&mut self, state: &State) {
        let (Some(changing), Some(number)) = (&self.setup.matter.changing, self.following) else {
            return;
        };
        let plane = self.setup.grid.plane();
        let mut relative = vec![0.0; self.measure.len()];
        par::planes(plane, &mut relative, |k, relative| {
            for (i, r) in relative.iter_mut().enumerate() {
                let i = k * plane + i;
                if self.measure[i] > 0.0 {
                    let law = changing.laws.get(changing.which[i]);
                    *r = law.map_or(1.0, |l| l.at(state.storage[i] / self.measure[i]));
                }
            }
        });
        let old = &self.hierarchies[number];
        if relative == *old.relative {
            return;
        }
        self.hierarchies[number] = Hierarchy::new(&self.setup.grid, Arc::new(relative), old.axis);
        for (solute, transport) in self.setup.solutes.iter().zip(&mut self.transports) {
            if transport.hierarchy == number {
                let hierarchy = &self.hierarchies[number];
                *transport = Transport::new(&self.setup, solute, transport.d, number, hierarchy);
                if let Some(stream) = &self.stream {
                    // It could pass at the start.
                    let passes = transport.carry(&self.setup, solute, stream);
                    debug_assert!(passes.is_ok());
                }
            }
        }
    }

    /// Makes the flow that of a state: the permeability follows the porosity.
    pub(super) fn redirect(&mut self, state: &State) -> Result<(), StepFailure> {
        if !self.setup.flow_changes() || self.streamed == state.storage {
            return Ok(());
        }
        let Some(stream) = &mut self.stream else { return Ok(()) };
        let parts = state.storage.iter().zip(self.measure.iter());
        let porosity: Vec<f64> = parts.map(|(s, m)| if *m > 0.0 { s / m } else { 0.0 }).collect();
        stream
            .follow(&self.setup, &self.room, &porosity)
            .map_err(|e| failure("pressure", e, state.time, 0.0))?;
        if let (Some(now), false) = (&stream.shear, self.shear.is_empty()) {
            self.shear.clone_from(now);
        }
        for (s, solute) in self.setup.solutes.iter().enumerate() {
            let Transport { d, hierarchy, .. } = self.transports[s];
            let levels = &self.hierarchies[hierarchy];
            let mut transport = Transport::new(&self.setup, solute, d, hierarchy, levels);
            // It could pass at the start, and a porosity turns no flow round.
            let passes = transport.carry(&self.setup, solute, stream);
            debug_assert!(passes.is_ok());
            self.transports[s] = transport;
        }
        self.streamed.clone_from(&state.storage);
        Ok(())
    }

    /// Diffusivities and flow of the accepted state, for those who look at it and for the next step.
    pub(super) fn settle(&mut self) -> Result<(), StepFailure> {
        let state = std::mem::take(&mut self.state);
        self.open_up(&state);
        let done = self.redirect(&state);
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
