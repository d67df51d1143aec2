//! The base step: each equation over one step of first order, positive for any length.

use std::borrow::Cow;
use std::ops::Range;

use super::cells::{self, Changes};
use super::exchange::{Baths, Entered};
use super::flow::felt;
use super::room;
use super::setup::{Boundary, Solute};
use super::solutes::{Transport, Uptakes, active, makes, modulate, outside, produce, weighted};
use super::solver::{Desk, Solver, StepFailure, failure};
use super::state::{Field, Kind, State, flat, flat_mut};
use super::supply::supply;
use crate::ground::grid::Face;
use crate::ground::par;
use crate::numerics::advective::Advective;
use crate::numerics::drift::{self, Bounds, Drift};
use crate::numerics::nested;
use crate::numerics::newton::{Equation, NotConverged, solve};
use crate::numerics::predict::{Grows, Missed};
use crate::numerics::stencil::{dot, lanes};

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
        for together in self.waves.clone() {
            self.solutes(together, from, to, Some(dt), stage, amounts)?;
        }
        Ok(())
    }

    /// Solutes of which none reads another one's solution, side by side; without `dt` their steady
    /// states, with amounts per second.
    pub(super) fn solutes(
        &mut self,
        which: Range<usize>,
        from: &State,
        to: &mut State,
        dt: Option<f64>,
        stage: usize,
        amounts: &mut [f64],
    ) -> Result<(), StepFailure> {
        let mut fields: Vec<Field> =
            to.fields[which.clone()].iter_mut().map(std::mem::take).collect();
        let mut desks = std::mem::take(&mut self.desks);
        let mut bends = std::mem::take(&mut self.bends);
        let mut missed = std::mem::take(&mut self.missed.solutes);
        let count = desks.len();
        let mut free: Vec<Option<&mut Desk>> = desks.iter_mut().map(Some).collect();
        let memory = which.clone().filter_map(|s| free[s % count].take());
        let memory = memory.zip(&mut bends[which.clone()]);
        let own = fields.iter_mut().zip(&mut missed[which.clone()]).zip(memory);
        let jobs = which.clone().zip(own);
        let found = par::each(jobs.collect(), |(s, ((field, missed), (desk, bend)))| {
            self.solute(
                s,
                [from, to],
                Own { field: flat_mut(field), desk, missed, bend },
                dt,
                stage,
            )
        });
        (self.desks, self.bends, self.missed.solutes) = (desks, bends, missed);
        for (to, field) in to.fields[which.clone()].iter_mut().zip(fields) {
            *to = field;
        }
        for (s, found) in which.zip(found) {
            let found = found?;
            self.work.solves += 1;
            self.work.newton += found.newton;
            self.work.cycles += found.cycles;
            self.work.hold(found.unsettled);
            for (term, amount) in found.amounts {
                amounts[term] += amount;
            }
            for (b, value) in found.baths {
                if let Some(p) = self.setup.baths[b].solutes.iter().position(|x| x.0 == s) {
                    to.baths[b][p] = value;
                }
            }
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

    /// One solute, into its own field.
    fn solute(
        &self,
        s: usize,
        [from, to]: [&State; 2],
        own: Own,
        dt: Option<f64>,
        stage: usize,
    ) -> Result<Found, StepFailure> {
        let Own { field: c, desk, missed, bend } = own;
        let Desk { scratch, drift, rhs, formula } = desk;
        let setup = &self.setup;
        let solute = &setup.solutes[s];
        let transport = &self.transports[s];
        let grid = &setup.grid;
        let plane = grid.plane();
        let storage: &[f64] = if to.storage.is_empty() { &self.storage } else { &to.storage };
        let inverse = dt.map_or(0.0, |dt| 1.0 / dt);
        let t = from.time + dt.unwrap_or(0.0);
        let lift = self.lift(s, from, t);
        let old = flat(&from.fields[s]);
        let alike = self.storage_range.0 == self.storage_range.1;
        let even = alike && self.live == grid.len() as f64 && to.storage.is_empty();
        let held = held(old, storage, &self.room, even, dt, rhs, plane);
        let mut displaced = 0.0;
        let mut storage_range = self.storage_range;
        if !to.storage.is_empty() {
            if dt.is_some() {
                displaced = dot(plane, old, &from.storage) - dot(plane, old, storage);
            }
            let live = storage.iter().zip(self.room.iter()).filter(|v| *v.1 > 0.0);
            let start = (f64::INFINITY, 0.0_f64);
            storage_range = live.fold(start, |m, v| (m.0.min(*v.0), m.1.max(*v.0)));
        }
        let catalogue = &self.catalogue;
        let cells_of = |kind: Kind| catalogue.number(kind).map(|f| flat(&to.fields[f]));
        let working = |p: usize| -> Cow<'_, [f64]> {
            let viable = cells_of(Kind::Viable(p)).unwrap_or(&[]);
            let activity = setup.populations[p].activity();
            let n = active(viable, cells_of(Kind::Quiescent(p)).map(|q| (q, activity)));
            weighted(grid, n)
        };
        let before = |other: usize| -> &[f64] {
            if other < s { flat(&to.fields[other]) } else { flat(&from.fields[other]) }
        };
        // An uptake is modified by the values that the solve of its solute saw.
        let seen = |of: usize, by: usize| -> &[f64] {
            if by < of { flat(&to.fields[by]) } else { flat(&from.fields[by]) }
        };
        let taking = |p: usize, of: Option<usize>| match of {
            Some(of) => modulate(&setup.populations[p], of, plane, &|by| seen(of, by), working(p)),
            None => working(p),
        };
        let mut rest: [Vec<f64>; 6] = Default::default();
        if makes(setup, s) {
            rest = std::array::from_fn(|f| transport.besides(f).map(|b| rhs[b.0]).collect());
        }
        let made = produce(setup, s, &before, &taking, rhs);
        let [sources, released] = supply(solute, plane, &self.measure, from.time, dt, rhs);
        // What is made beside a wall leaves through it besides, as what is taken up enters.
        let mut besides: [Vec<f64>; 6] = std::array::from_fn(|f| {
            let made = transport.besides(f).zip(&rest[f]);
            made.map(|((i, _, part), rest)| -part * (rhs[i] - rest).max(0.0)).collect()
        });
        let mut entered = Entered::default();
        for (f, voxels) in &transport.flux {
            if let Boundary::Flux(signal) = &solute.boundaries[*f] {
                let face = Face::ALL[*f];
                let per_volume = signal.at(t, true) / grid.h[face.axis];
                for &i in voxels {
                    let through = per_volume * grid.share(face, i);
                    rhs[i] += through;
                    entered.through[*f] += through;
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
                        rhs[i] += inward * value;
                    }
                }
                None => {}
            }
        }
        let mut baths = match dt {
            Some(_) => Baths::new(setup, s, transport, inverse, |b| self.bath(from, b, s)),
            None => Baths::default(),
        };
        let parts = setup.populations.iter().enumerate().flat_map(|(p, population)| {
            let laws = population.uptake.iter().filter(|u| u.0 == s);
            laws.map(move |u| (p, u.1)).collect::<Vec<_>>()
        });
        let uptakes = Uptakes { parts: parts.map(|(p, law)| (law, taking(p, Some(s)))).collect() };
        // From a bath comes what the start values ask for.
        baths.draw(transport, |i| uptakes.rate(i, c[i]), &mut besides);
        for (f, besides) in besides.iter().enumerate() {
            // Memory that was never written takes no room.
            let passing = transport.besides(f).zip(besides).filter(|p| *p.1 != 0.0);
            for ((i, ..), passed) in passing {
                rhs[i] += passed;
            }
        }
        let mut equation = Equation {
            hierarchy: &self.hierarchies[transport.hierarchy],
            d: transport.d,
            storage,
            storage_range,
            shift: inverse + solute.decay,
            rhs,
            wall: Some(&transport.wall),
            reservoirs: &baths.reservoirs,
            reservoir_faces: baths.faces,
            outside: behind,
            reaction: &uptakes,
            lift,
            // A flow carries on what a solve leaves above the largest value that comes in.
            tolerance: match (dt, &self.stream) {
                (Some(_), None) => setup.run.accuracy.of_step(),
                _ => setup.run.accuracy.of_solve(),
            },
            bend: *bend,
        };
        let missed = &mut missed[stage];
        if let (true, Some(dt)) = (self.trend, dt) {
            missed.correct(plane, dt, Grows::Cubic, f64::INFINITY, c, formula);
        }
        if dt.is_none() && behind == [0.0; 6] && rhs.iter().all(|r| *r == 0.0) {
            // Nothing feeds it, and a sink that does not fade before has no tangent that leads there.
            c.fill(0.0);
        } else if dt.is_none()
            && self.stream.is_none()
            && let Some(bend) = nested::start(&equation, c)
        {
            equation.bend = bend;
        }
        let solved = match &self.stream {
            None => solve(&equation, scratch, c),
            Some(stream) => {
                let entering = std::array::from_fn(|f| outside(&solute.boundaries[f], t));
                let faces = &self.hierarchies[transport.hierarchy].fine;
                let mut flux = Advective::new(faces, transport.d, &stream.q, entering);
                let how = Drift { bounds: Bounds::Positive, relative: false };
                drift::solve(&equation, &mut flux, &how, drift, c)
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
        *bend = solved.bend;
        match dt {
            Some(dt) if self.trend => missed.learn(plane, dt, c, formula),
            _ => missed.forget(),
        }

        let volume = grid.voxel_volume();
        let step = volume * dt.unwrap_or(1.0);
        let terms = &self.solute_terms[s];
        let mut values = solved.reservoirs.clone();
        // What round-off can make of each sum over a face: errors of additions add up as random
        // numbers do (Higham, Accuracy and Stability of Numerical Algorithms, 2002, §2.8).
        let additions = (plane / 8 + grid.n[2]) as f64;
        let rounding = ROUNDING * additions.sqrt().max(1.0);
        let outside: [Option<f64>; 6] = std::array::from_fn(|f| match &solute.boundaries[f] {
            Boundary::Bath(b) => Some(match baths.faces[f] {
                Some(r) => values[r],
                None => self.bath(from, *b, s),
            }),
            Boundary::Outflow => Some(0.0),
            boundary => outside(boundary, t),
        });
        let passed = std::array::from_fn(|f| besides[f].iter().sum::<f64>() + solved.besides[f]);
        entered.walls(transport, c, &outside, &passed, rounding);
        let gained = (inverse + solute.decay) * solved.stored - held
            + solved.parts.iter().sum::<f64>()
            - made
            - sources
            - released;
        baths.close(solute, gained, dt.is_some(), &mut entered, &mut values);
        entered.share(grid);
        let entered = entered.through;
        let mut amounts = Vec::new();
        let mut book = |term: Option<usize>, amount: f64| amounts.extend(term.map(|t| (t, amount)));
        for (term, entered) in terms.entered.iter().zip(entered) {
            book(*term, step * entered);
        }
        if dt.is_none() {
            // A bath that is held at its value is changed for what it gives.
            for (b, term) in &terms.exchanged {
                let faces = (0..6).filter(|&f| solute.boundaries[f].is_bath(*b));
                book(Some(*term), step * faces.map(|f| entered[f]).sum::<f64>());
            }
        }
        for ((_, term), used) in terms.used.iter().zip(&solved.parts) {
            book(Some(*term), step * used);
        }
        book(Some(terms.made), step * made);
        book(terms.displaced, volume * displaced);
        book(terms.source, step * sources);
        book(terms.released, step * released);
        book(Some(terms.decayed), step * solute.decay * solved.stored);
        let baths = baths.owners.iter().copied().zip(values).collect();
        Ok(Found {
            amounts,
            baths,
            newton: solved.newton,
            cycles: solved.cycles,
            unsettled: solved.unsettled,
        })
    }
}

/// What the solve of a solute writes.
struct Own<'a> {
    /// Start values, then the solution.
    field: &'a mut [f64],
    desk: &'a mut Desk,
    missed: &'a mut [Missed; 3],
    bend: &'a mut f64,
}

/// What it found besides.
struct Found {
    /// Terms of the ledger, and amounts for them.
    amounts: Vec<(usize, f64)>,
    /// Baths and their values.
    baths: Vec<(usize, f64)>,
    newton: usize,
    cycles: usize,
    unsettled: f64,
}

/// Writes what voxels hold of `old` over a step, per time, to `rhs`, and gives its sum; in a steady
/// state nothing. `even` where all voxels store alike.
fn held(
    old: &[f64],
    storage: &[f64],
    room: &[f64],
    even: bool,
    dt: Option<f64>,
    rhs: &mut [f64],
    plane: usize,
) -> f64 {
    let Some(dt) = dt else {
        par::planes(plane, rhs, |_, r| {
            // Memory that was never written takes no room.
            if r.iter().any(|r| *r != 0.0) {
                r.fill(0.0);
            }
        });
        return 0.0;
    };
    let inverse = 1.0 / dt;
    let sums = par::planes_map(plane, rhs, |k, r| {
        let at = k * plane;
        let (c, e, o) = (&old[at..][..plane], &storage[at..][..plane], &room[at..][..plane]);
        if even {
            r.iter_mut().zip(c).for_each(|(r, c)| *r = inverse * e[0] * c);
        } else {
            for i in 0..plane {
                r[i] = inverse * e[i] * o[i] * c[i];
            }
        }
        lanes(plane, |i| r[i])
    });
    sums.iter().sum()
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
