//! The base step: each equation over one step of first order, positive for any length.

use std::borrow::Cow;

use super::cells::{self, Changes};
use super::setup::{Boundary, Solute};
use super::solutes::{Uptakes, active, outside, produce, weighted};
use super::solver::{Solver, StepFailure};
use super::state::{Catalogue, Kind, State, flat, flat_mut};
use crate::ground::grid::Face;
use crate::ground::par;
use crate::numerics::krylov::Reservoir;
use crate::numerics::newton::{Equation, Inert, NotConverged, largest, solve};
use crate::numerics::predict::Grows;
use crate::numerics::stencil::dot;

/// Bound of the relative round-off of a concentration that the balance has scaled, and of the sum
/// of its fluxes through a face.
const ROUNDING: f64 = 8.0 * f64::EPSILON;

impl Solver {
    /// The base step of first order from `from` to `to` over `dt`; `to` holds the start values
    /// of the solves.
    pub(super) fn base(
        &mut self,
        from: &State,
        to: &mut State,
        dt: f64,
        stage: usize,
        amounts: &mut [f64],
    ) -> Result<(), StepFailure> {
        to.time = from.time + dt;
        for p in 0..self.setup.populations.len() {
            self.population(p, from, to, dt, stage, amounts)?;
        }
        for s in 0..self.setup.solutes.len() {
            self.solute(s, from, to, Some(dt), stage, amounts)?;
        }
        Ok(())
    }

    /// Cells of one population.
    fn population(
        &mut self,
        p: usize,
        from: &State,
        to: &mut State,
        dt: f64,
        stage: usize,
        amounts: &mut [f64],
    ) -> Result<(), StepFailure> {
        let population = &self.setup.populations[p];
        let numbers = self.catalogue.of_population(p);
        let plane = self.setup.grid.plane();
        let c: Vec<&[f64]> = (0..self.setup.solutes.len()).map(|s| flat(&from.fields[s])).collect();
        let needs = population.growth.as_ref().is_some_and(|g| g.logistic);
        let capacity = population.capacity.filter(|_| needs);
        if let Some(capacity) = capacity {
            let (living, dead) = (capacity.counts_viable, capacity.counts_dead);
            count(&self.catalogue, from, living, dead, plane, &mut self.counted);
        }
        let old: Vec<&[f64]> = numbers.iter().map(|&f| flat(&from.fields[f])).collect();
        let new = to.fields.iter_mut().enumerate().filter(|(f, _)| numbers.contains(f));
        let changes: Changes = cells::react(
            population,
            &self.setup.grid,
            &c,
            capacity.map(|capacity| (&self.counted[..], capacity)),
            dt,
            &old,
            new.map(|(_, field)| flat_mut(field)).collect(),
        );
        let volume = self.setup.grid.voxel_volume();
        let terms = &self.cell_terms[p];
        amounts[terms.born] += volume * changes.born;
        amounts[terms.quiesced] += volume * changes.quiesced;
        amounts[terms.woke] += volume * changes.woke;
        for (j, (died, lysed)) in changes.died.iter().zip(&changes.lysed).enumerate() {
            amounts[terms.died[j]] += volume * died;
            amounts[terms.lysed[j]] += volume * lysed;
        }
        let motility = population.motility;
        let (Some(h), true) = (self.motile, motility > 0.0) else { return Ok(()) };
        let number = numbers[0];
        let field = flat_mut(&mut to.fields[number]);
        let measure = &self.measure;
        par::planes(plane, &mut self.rhs, |k, r| {
            let n = &field[k * plane..][..plane];
            let measure = &measure[k * plane..][..plane];
            for i in 0..plane {
                r[i] = measure[i] * n[i] / dt;
            }
        });
        let lift = largest(field, plane);
        let missed = &mut self.missed.populations[p][stage];
        if lift == 0.0 {
            missed.forget();
            return Ok(());
        }
        // Motion never lifts anything above the largest density.
        missed.correct(plane, dt, Grows::Linear, lift, field, &mut self.formula);
        let equation = Equation {
            hierarchy: &self.hierarchies[h],
            d: motility,
            storage: &self.measure,
            storage_range: self.measure_range,
            shift: 1.0 / dt,
            rhs: &self.rhs,
            wall: None,
            reservoirs: &[],
            reservoir_faces: [None; 6],
            reaction: &Inert,
            lift,
            tolerance: self.setup.run.accuracy.solver,
            bend: 0.0,
        };
        let solved = solve(&equation, &mut self.scratch, field)
            .map_err(|e| failure(&self.catalogue.specs[number].name, e, from.time, dt))?;
        self.missed.populations[p][stage].learn(plane, dt, field, &self.formula);
        self.work.solves += 1;
        self.work.newton += solved.newton;
        self.work.cycles += solved.cycles;
        Ok(())
    }

    /// One solute; without `dt` its steady state, with amounts per second.
    pub(super) fn solute(
        &mut self,
        s: usize,
        from: &State,
        to: &mut State,
        dt: Option<f64>,
        stage: usize,
        amounts: &mut [f64],
    ) -> Result<(), StepFailure> {
        let setup = &self.setup;
        let solute = &setup.solutes[s];
        let transport = &self.transports[s];
        let grid = &setup.grid;
        let plane = grid.plane();
        let storage = &self.storage;
        let inverse = dt.map_or(0.0, |dt| 1.0 / dt);
        let t = from.time + dt.unwrap_or(0.0);
        let lift = self.lift(s, from, t);
        let (solved_before, mut rest) = to.fields.split_at_mut(s);
        let (field, cells_fields) =
            std::mem::take(&mut rest).split_first_mut().ok_or_else(|| {
                failure(&solute.name, NotConverged { history: Vec::new(), voxel: 0 }, t, 0.0)
            })?;
        let cells_fields = &*cells_fields;
        let old = flat(&from.fields[s]);
        let room = &self.room;
        par::planes(plane, &mut self.rhs, |k, r| {
            let at = k * plane;
            let (c, e, o) = (&old[at..][..plane], &storage[at..][..plane], &room[at..][..plane]);
            for i in 0..plane {
                r[i] = inverse * e[i] * o[i] * c[i];
            }
        });
        let catalogue = &self.catalogue;
        let cells_of =
            |kind: Kind| catalogue.number(kind).and_then(|f| cells_fields.get(f - s - 1)).map(flat);
        let working = |p: usize| -> Cow<'_, [f64]> {
            let viable = cells_of(Kind::Viable(p)).unwrap_or(&[]);
            let activity = setup.populations[p].quiescence.as_ref().map_or(0.0, |q| q.activity);
            let n = active(viable, cells_of(Kind::Quiescent(p)).map(|q| (q, activity)));
            weighted(grid, n)
        };
        let before = |other: usize| -> &[f64] {
            if other < s { flat(&solved_before[other]) } else { flat(&from.fields[other]) }
        };
        let made = produce(setup, s, &before, &working, &mut self.rhs);
        let mut entered = [0.0; 6];
        for (f, voxels) in &transport.flux {
            if let Boundary::Flux(signal) = &solute.boundaries[*f] {
                let face = Face::ALL[*f];
                let per_volume = signal.at(t, true) / grid.h[face.axis];
                for &i in voxels {
                    let through = per_volume * grid.share(face, i);
                    self.rhs[i] += through;
                    entered[*f] += through;
                }
            }
        }
        for (f, boundary) in solute.boundaries.iter().enumerate() {
            if let Some(value) = outside(boundary, t) {
                for &(i, g) in &transport.wall.faces()[f] {
                    self.rhs[i as usize] += g * value;
                }
            }
        }
        let volume = grid.voxel_volume();
        let mut reservoirs: Vec<(usize, Reservoir)> = Vec::new();
        let mut reservoir_faces = [None; 6];
        for (f, boundary) in solute.boundaries.iter().enumerate() {
            let Boundary::Bath(b) = *boundary else { continue };
            if dt.is_none() {
                // A bath in a steady solve is a value: its change belongs to time.
                let value = self.bath(from, b, s);
                for &(i, g) in &transport.wall.faces()[f] {
                    self.rhs[i as usize] += g * value;
                }
                continue;
            }
            if !reservoirs.iter().any(|r| r.0 == b) {
                let storage = setup.baths[b].volume / volume * inverse;
                reservoirs.push((
                    b,
                    Reservoir {
                        entries: Vec::new(),
                        storage,
                        total: storage,
                        fixed: storage * self.bath(from, b, s),
                    },
                ));
            }
            reservoir_faces[f] = reservoirs.iter().position(|r| r.0 == b);
            for (_, r) in reservoirs.iter_mut().filter(|r| r.0 == b) {
                r.entries.extend(&transport.wall.faces()[f]);
                r.total += transport.wall.faces()[f].iter().map(|e| e.1).sum::<f64>();
            }
        }
        let (owners, reservoirs): (Vec<usize>, Vec<Reservoir>) = reservoirs.into_iter().unzip();
        let parts = setup.populations.iter().enumerate().flat_map(|(p, population)| {
            let laws = population.uptake.iter().filter(|u| u.0 == s);
            laws.map(move |u| (p, u.1)).collect::<Vec<_>>()
        });
        let uptakes = Uptakes { parts: parts.map(|(p, law)| (law, working(p))).collect() };
        let equation = Equation {
            hierarchy: &self.hierarchies[transport.hierarchy],
            d: transport.d,
            storage,
            storage_range: self.storage_range,
            shift: inverse + solute.decay,
            rhs: &self.rhs,
            wall: Some(&transport.wall),
            reservoirs: &reservoirs,
            reservoir_faces,
            reaction: &uptakes,
            lift,
            tolerance: setup.run.accuracy.solver,
            bend: self.bends[s],
        };
        let c = flat_mut(field);
        if let (true, Some(dt)) = (self.trend, dt) {
            let missed = &self.missed.solutes[s][stage];
            missed.correct(plane, dt, Grows::Cubic, f64::INFINITY, c, &mut self.formula);
        }
        let solved = solve(&equation, &mut self.scratch, c).map_err(|e| StepFailure {
            hint: drained(solute, t),
            ..failure(&solute.name, e, from.time, dt.unwrap_or(0.0))
        })?;
        self.work.solves += 1;
        self.work.newton += solved.newton;
        self.work.cycles += solved.cycles;
        self.bends[s] = solved.bend;
        match dt {
            Some(dt) if self.trend => {
                self.missed.solutes[s][stage].learn(plane, dt, c, &self.formula);
            }
            _ => self.missed.solutes[s][stage].forget(),
        }

        let step = volume * dt.unwrap_or(1.0);
        let terms = &self.solute_terms[s];
        let mut values = solved.reservoirs.clone();
        let mut closing = None;
        // What round-off can make of each sum over a face.
        let mut doubt = [0.0; 6];
        for (f, boundary) in solute.boundaries.iter().enumerate() {
            let value = match boundary {
                Boundary::Bath(b) => match owners.iter().position(|o| o == b) {
                    Some(r) => {
                        closing = Some((f, r));
                        values[r]
                    }
                    None => self.bath(from, *b, s),
                },
                _ => match outside(boundary, t) {
                    Some(value) => value,
                    None => continue,
                },
            };
            for &(i, g) in &transport.wall.faces()[f] {
                let c = c[i as usize];
                entered[f] += g * (value - c);
                doubt[f] += ROUNDING * g * (value.abs() + c);
            }
        }
        let gained = (inverse + solute.decay) * solved.stored - inverse * dot(plane, old, storage)
            + solved.parts.iter().sum::<f64>()
            - made;
        let stiffest = (0..6).max_by(|&a, &b| doubt[a].total_cmp(&doubt[b]));
        // What came from baths is what the construct gained and did not get elsewhere: free of
        // the round-off of large conductances and of baths much larger than the construct. The
        // bath then follows its flux.
        if let Some((face, last)) = closing {
            for (r, b) in owners.iter().enumerate() {
                let own: Vec<usize> =
                    (0..6).filter(|&f| solute.boundaries[f].is_bath(*b)).collect();
                if let (Some((&f, others)), true) = (own.split_last(), r != last) {
                    let all = reservoirs[r].fixed - reservoirs[r].storage * values[r];
                    entered[f] = all - others.iter().map(|&f| entered[f]).sum::<f64>();
                }
            }
            let elsewhere: f64 = (0..6).filter(|&f| f != face).map(|f| entered[f]).sum();
            let from_bath: f64 = (0..6)
                .filter(|&f| f != face && solute.boundaries[f].is_bath(owners[last]))
                .map(|f| entered[f])
                .sum();
            let r = &reservoirs[last];
            let value = (r.fixed - from_bath - (gained - elsewhere)) / r.storage;
            if value >= 0.0 {
                entered[face] = gained - elsewhere;
                values[last] = value;
            } else {
                entered[face] = r.fixed - r.storage * values[last] - from_bath;
            }
        } else if let (Some(face), Some(_)) = (stiffest, dt) {
            // The same for the stiffest face over a step that the conductances are long for, where
            // both ways agree as far as the sums over the faces can tell: what is beyond that is
            // no round-off, and shows in the ledger.
            let elsewhere: f64 = (0..6).filter(|&f| f != face).map(|f| entered[f]).sum();
            let balanced = gained - elsewhere;
            if (balanced - entered[face]).abs() <= doubt.iter().sum() {
                entered[face] = balanced;
            }
        }
        for (term, entered) in terms.entered.iter().zip(entered) {
            if let Some(term) = *term {
                amounts[term] += step * entered;
            }
        }
        for (r, &b) in owners.iter().enumerate() {
            if let Some(p) = setup.baths[b].solutes.iter().position(|x| x.0 == s) {
                to.baths[b][p] = values[r];
            }
        }
        for ((_, term), used) in terms.used.iter().zip(&solved.parts) {
            amounts[*term] += step * used;
        }
        amounts[terms.made] += step * made;
        amounts[terms.decayed] += step * solute.decay * solved.stored;
        Ok(())
    }
}

/// Faces through which a given flux leaves the construct.
fn drained(solute: &Solute, t: f64) -> String {
    let leaves = |b: &Boundary| matches!(b, Boundary::Flux(s) if s.at(t, true) < 0.0);
    if solute.boundaries.iter().any(leaves) {
        "a given flux takes it out of the construct: it may ask for more than is there".into()
    } else {
        String::new()
    }
}

fn failure(field: &str, e: NotConverged, time: f64, dt: f64) -> StepFailure {
    let hint = String::new();
    StepFailure { field: field.to_string(), hint, voxel: e.voxel, history: e.history, time, dt }
}

/// Cells that count towards a capacity, all populations, cells/m³, into `sum`.
fn count(
    catalogue: &Catalogue,
    state: &State,
    living: bool,
    dead: bool,
    plane: usize,
    sum: &mut Vec<f64>,
) {
    let counts = |kind: &Kind| match kind {
        Kind::Viable(_) | Kind::Quiescent(_) => living,
        Kind::Dead(..) => dead,
        Kind::Solute(_) => false,
    };
    let numbers = (0..catalogue.specs.len()).filter(|&f| counts(&catalogue.specs[f].kind));
    let fields: Vec<&[f64]> = numbers.map(|f| flat(&state.fields[f])).collect();
    sum.resize(flat(&state.fields[0]).len(), 0.0);
    par::planes(plane, sum, |k, sum| {
        sum.fill(0.0);
        for field in &fields {
            for (s, v) in sum.iter_mut().zip(&field[k * plane..]) {
                *s += v;
            }
        }
    });
}
