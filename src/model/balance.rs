//! The base step: each equation over one step of first order, positive for any length.

use std::borrow::Cow;

use super::cells::{self, Changes};
use super::flow::felt;
use super::room;
use super::setup::{Boundary, Solute};
use super::solutes::{Transport, Uptakes, active, makes, modulate, outside, produce, weighted};
use super::solver::{Solver, StepFailure, failure};
use super::state::{Kind, State, flat, flat_mut};
use super::supply::supply;
use crate::ground::grid::Face;
use crate::ground::par;
use crate::numerics::drift::{self, Bounds, Drift};
use crate::numerics::flux::Advective;
use crate::numerics::krylov::Reservoir;
use crate::numerics::nested;
use crate::numerics::newton::{Equation, NotConverged, solve};
use crate::numerics::predict::Grows;
use crate::numerics::stencil::{dot, lanes};
use crate::numerics::wall::beside;

/// Part of a bath that may come besides in a step.
const MOST_BESIDES: f64 = 0.1;

/// Bound of the relative round-off of a concentration that the balance has scaled.
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
            self.react(p, from, to, dt, amounts);
        }
        if self.setup.populations.iter().any(|p| !p.differentiation.is_empty()) {
            self.differentiate(from, to, dt, amounts);
        }
        for p in 0..self.setup.populations.len() {
            self.detach(p, from, to, dt, amounts);
        }
        for p in 0..self.setup.populations.len() {
            self.migrate(p, from, to, dt, stage)?;
        }
        self.matter(from, to, dt, amounts);
        for s in 0..self.setup.solutes.len() {
            self.solute(s, from, to, Some(dt), stage, amounts)?;
        }
        Ok(())
    }

    /// What the cells of one population do where they are.
    fn react(&mut self, p: usize, from: &State, to: &mut State, dt: f64, amounts: &mut [f64]) {
        let population = &self.setup.populations[p];
        let numbers = self.catalogue.all_of(p);
        let plane = self.setup.grid.plane();
        let c = felt(&self.setup, &self.shear, from);
        let capacity = self.logistic(p);
        if let Some(capacity) = capacity {
            room::count(&self.catalogue, from, capacity, plane, &mut self.counted);
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
        let storage: &[f64] = if to.storage.is_empty() { &self.storage } else { &to.storage };
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
        let (least, most) = self.storage_range;
        let even = least == most && self.live == grid.len() as f64 && to.storage.is_empty();
        // What the voxels held, over the step.
        let held = par::planes_map(plane, &mut self.rhs, |k, r| {
            let at = k * plane;
            if dt.is_none() {
                // Memory that was never written takes no room.
                if r.iter().any(|r| *r != 0.0) {
                    r.fill(0.0);
                }
                return 0.0;
            }
            let (c, e, o) = (&old[at..][..plane], &storage[at..][..plane], &room[at..][..plane]);
            if even {
                r.iter_mut().zip(c).for_each(|(r, c)| *r = inverse * most * c);
            } else {
                for i in 0..plane {
                    r[i] = inverse * e[i] * o[i] * c[i];
                }
            }
            lanes(plane, |i| r[i])
        });
        let held: f64 = held.iter().sum();
        let mut displaced = 0.0;
        let mut storage_range = self.storage_range;
        if !to.storage.is_empty() {
            if dt.is_some() {
                displaced = dot(plane, old, &from.storage) - dot(plane, old, storage);
            }
            let live = storage.iter().zip(room.iter()).filter(|v| *v.1 > 0.0);
            let start = (f64::INFINITY, 0.0_f64);
            storage_range = live.fold(start, |m, v| (m.0.min(*v.0), m.1.max(*v.0)));
        }
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
        // An uptake is modified by the values that the solve of its solute saw.
        let seen = |of: usize, by: usize| -> &[f64] {
            if by < of { flat(&solved_before[by]) } else { flat(&from.fields[by]) }
        };
        let taking = |p: usize, of: Option<usize>| match of {
            Some(of) => modulate(&setup.populations[p], of, plane, &|by| seen(of, by), working(p)),
            None => working(p),
        };
        let mut rest: [Vec<f64>; 6] = Default::default();
        if makes(setup, s) {
            rest = std::array::from_fn(|f| transport.besides(f).map(|b| self.rhs[b.0]).collect());
        }
        let made = produce(setup, s, &before, &taking, &mut self.rhs);
        let [sources, released] =
            supply(solute, plane, &self.measure, from.time, dt, &mut self.rhs);
        // What is made beside a wall leaves through it besides, as what is taken up enters.
        let mut besides: [Vec<f64>; 6] = std::array::from_fn(|f| {
            let made = transport.besides(f).zip(&rest[f]);
            made.map(|((i, _, part), rest)| -part * (self.rhs[i] - rest).max(0.0)).collect()
        });
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
        // Values behind the faces; with a flow what comes in differs from what a wall conducts.
        let mut behind = [0.0; 6];
        for (f, boundary) in solute.boundaries.iter().enumerate() {
            let value = match boundary {
                // A bath in a steady solve is a value: its change belongs to time.
                Boundary::Bath(b) if dt.is_none() => Some(self.bath(from, *b, s)),
                _ => outside(boundary, t),
            };
            match value {
                Some(value) if self.stream.is_none() => behind[f] = value,
                Some(value) => {
                    for (i, inward, _) in transport.gates(f) {
                        self.rhs[i] += inward * value;
                    }
                }
                None => {}
            }
        }
        let volume = grid.voxel_volume();
        let mut reservoirs: Vec<(usize, Reservoir)> = Vec::new();
        let mut reservoir_faces = [None; 6];
        for (f, boundary) in solute.boundaries.iter().enumerate() {
            let Boundary::Bath(b) = *boundary else { continue };
            if dt.is_none() {
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
                        gives: Vec::new(),
                    },
                ));
            }
            reservoir_faces[f] = reservoirs.iter().position(|r| r.0 == b);
            for (_, r) in reservoirs.iter_mut().filter(|r| r.0 == b) {
                r.entries.extend(&transport.wall.faces()[f]);
                r.total += transport.gates(f).map(|e| e.1).sum::<f64>();
                if transport.inward.is_some() {
                    r.gives.extend(transport.gates(f).map(|e| (e.0 as u32, e.1)));
                }
            }
        }
        let parts = setup.populations.iter().enumerate().flat_map(|(p, population)| {
            let laws = population.uptake.iter().filter(|u| u.0 == s);
            laws.map(move |u| (p, u.1)).collect::<Vec<_>>()
        });
        let uptakes = Uptakes { parts: parts.map(|(p, law)| (law, taking(p, Some(s)))).collect() };
        let (owners, mut reservoirs): (Vec<usize>, Vec<Reservoir>) = reservoirs.into_iter().unzip();
        let contents: Vec<f64> = reservoirs.iter().map(|r| r.fixed).collect();
        // From a bath comes what the start values ask for.
        for (r, reservoir) in reservoirs.iter_mut().enumerate() {
            let faces = || (0..6).filter(|&f| reservoir_faces[f] == Some(r));
            let value = contents[r] / reservoir.storage;
            let asks = |(i, g, part): (usize, f64, f64)| {
                beside(part, g * value, uptakes.rate(i, flat(field)[i]), 0.0).0
            };
            let asked: f64 = faces().flat_map(|f| transport.besides(f)).map(asks).sum();
            let met = (MOST_BESIDES * contents[r] / asked).min(1.0);
            for f in faces() {
                besides[f].resize(transport.besides(f).count(), 0.0);
                for (passed, gate) in besides[f].iter_mut().zip(transport.besides(f)) {
                    *passed += if asked > 0.0 { met * asks(gate) } else { 0.0 };
                }
                reservoir.fixed -= besides[f].iter().sum::<f64>();
            }
        }
        for (f, besides) in besides.iter().enumerate() {
            // Memory that was never written takes no room.
            let passing = transport.besides(f).zip(besides).filter(|p| *p.1 != 0.0);
            for ((i, ..), passed) in passing {
                self.rhs[i] += passed;
            }
        }
        let mut equation = Equation {
            hierarchy: &self.hierarchies[transport.hierarchy],
            d: transport.d,
            storage,
            storage_range,
            shift: inverse + solute.decay,
            rhs: &self.rhs,
            wall: Some(&transport.wall),
            reservoirs: &reservoirs,
            reservoir_faces,
            outside: behind,
            reaction: &uptakes,
            lift,
            tolerance: match dt {
                Some(_) => setup.run.accuracy.of_step(),
                None => setup.run.accuracy.of_solve(),
            },
            bend: self.bends[s],
        };
        let c = flat_mut(field);
        if let (true, Some(dt)) = (self.trend, dt) {
            let missed = &self.missed.solutes[s][stage];
            missed.correct(plane, dt, Grows::Cubic, f64::INFINITY, c, &mut self.formula);
        }
        if dt.is_none() && behind == [0.0; 6] && self.rhs.iter().all(|r| *r == 0.0) {
            // Nothing feeds it, and a sink that does not fade before has no tangent that leads there.
            c.fill(0.0);
        } else if dt.is_none()
            && self.stream.is_none()
            && let Some(bend) = nested::start(&equation, c)
        {
            equation.bend = bend;
        }
        let solved = match &self.stream {
            None => solve(&equation, &mut self.scratch, c),
            Some(stream) => {
                let entering = std::array::from_fn(|f| outside(&solute.boundaries[f], t));
                let faces = &self.hierarchies[transport.hierarchy].fine;
                let mut flux = Advective::new(faces, transport.d, &stream.q, entering);
                let how = Drift { bounds: Bounds::Positive, relative: false };
                drift::solve(&equation, &mut flux, &how, &mut self.drift, c)
            }
        };
        let solved = solved.map_err(|e| StepFailure {
            hint: drained(solute, t),
            ..failure(&solute.name, e, from.time, dt.unwrap_or(0.0))
        })?;
        if let Some(voxel) = emptied(solute, transport, t, c) {
            return Err(StepFailure {
                hint: drained(solute, t),
                ..failure(
                    &solute.name,
                    NotConverged { history: Vec::new(), voxel },
                    from.time,
                    dt.unwrap_or(0.0),
                )
            });
        }
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
        // What round-off can make of each sum over a face: errors of additions add up as random
        // numbers do (Higham, Accuracy and Stability of Numerical Algorithms, 2002, §2.8).
        let additions = (plane / 8 + grid.n[2]) as f64;
        let rounding = ROUNDING * additions.sqrt().max(1.0);
        let mut doubt = [0.0; 6];
        let passed = par::map(6, grid.len() / 6, |f| {
            let boundary = &solute.boundaries[f];
            let value = match boundary {
                Boundary::Bath(b) => match owners.iter().position(|o| o == b) {
                    Some(r) => values[r],
                    None => self.bath(from, *b, s),
                },
                Boundary::Outflow => 0.0,
                _ => outside(boundary, t)?,
            };
            let (mut through, mut size) = (besides[f].iter().sum::<f64>() + solved.besides[f], 0.0);
            for (i, inward, outward) in transport.gates(f) {
                through += if inward == outward {
                    outward * (value - c[i])
                } else {
                    inward * value - outward * c[i]
                };
                size += inward * value.abs() + outward * c[i];
            }
            Some((through, size))
        });
        for (f, (through, size)) in passed.into_iter().enumerate().filter_map(|p| Some((p.0, p.1?)))
        {
            entered[f] += through;
            doubt[f] = rounding * size;
        }
        let gained = (inverse + solute.decay) * solved.stored - held
            + solved.parts.iter().sum::<f64>()
            - made
            - sources
            - released;
        let stiffest = (0..6).max_by(|&a, &b| doubt[a].total_cmp(&doubt[b]));
        // What came from the bath that holds the most is what the construct gained and did not get
        // elsewhere: free of the round-off of large conductances and of baths much larger than the
        // construct. The bath then follows its flux.
        let full = |r: usize| contents[r].max(reservoirs[r].storage * values[r]);
        let fullest = (0..owners.len()).max_by(|&a, &b| full(a).total_cmp(&full(b)));
        let closing = fullest.and_then(|r| {
            reservoir_faces.iter().rposition(|&x| x == Some(r)).map(|face| (face, r))
        });
        if let Some((face, last)) = closing {
            for (r, b) in owners.iter().enumerate() {
                let own: Vec<usize> =
                    (0..6).filter(|&f| solute.boundaries[f].is_bath(*b)).collect();
                if let (Some((&f, others)), true) = (own.split_last(), r != last) {
                    let all = contents[r] - reservoirs[r].storage * values[r];
                    entered[f] = all - others.iter().map(|&f| entered[f]).sum::<f64>();
                }
            }
            let elsewhere: f64 = (0..6).filter(|&f| f != face).map(|f| entered[f]).sum();
            let from_bath: f64 = (0..6)
                .filter(|&f| f != face && solute.boundaries[f].is_bath(owners[last]))
                .map(|f| entered[f])
                .sum();
            let r = &reservoirs[last];
            let value = (contents[last] - from_bath - (gained - elsewhere)) / r.storage;
            if value >= 0.0 {
                entered[face] = gained - elsewhere;
                values[last] = value;
            } else {
                entered[face] = contents[last] - r.storage * values[last] - from_bath;
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
        if dt.is_none() {
            // A bath that is held at its value is changed for what it gives.
            for (b, term) in &terms.exchanged {
                let faces = (0..6).filter(|&f| solute.boundaries[f].is_bath(*b));
                amounts[*term] += step * faces.map(|f| entered[f]).sum::<f64>();
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
        if let Some(term) = terms.displaced {
            amounts[term] += volume * displaced;
        }
        for (term, amount) in [(terms.source, sources), (terms.released, released)] {
            if let Some(term) = term {
                amounts[term] += step * amount;
            }
        }
        amounts[terms.decayed] += step * solute.decay * solved.stored;
        Ok(())
    }
}

/// True for a given flux that leaves the construct.
fn leaves(boundary: &Boundary, t: f64) -> bool {
    matches!(boundary, Boundary::Flux(s) if s.at(t, true) < 0.0)
}

/// A voxel from which a given flux takes more than there is: only such sinks do not end at zero, so
/// the solution there is not positive.
fn emptied(solute: &Solute, transport: &Transport, t: f64, c: &[f64]) -> Option<usize> {
    let drained = transport.flux.iter().filter(|(f, _)| leaves(&solute.boundaries[*f], t));
    drained.flat_map(|(_, voxels)| voxels).copied().find(|&i| c[i] <= 0.0)
}

/// What may be wrong where a given flux leaves the construct.
fn drained(solute: &Solute, t: f64) -> String {
    if solute.boundaries.iter().any(|b| leaves(b, t)) {
        "a given flux takes it out of the construct: it may ask for more than is there".into()
    } else {
        String::new()
    }
}
