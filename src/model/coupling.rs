//! One coupled step: the order of the sub-steps, second order, and the error estimate.
//!
//! The base step is of first order and positive: cells with the solutes as they are, then each
//! solute by backward Euler with the cells as they have become. A step takes it once over dt
//! (A) and twice over dt/2 (B); 2B − A is of second order and L-stable, B − A estimates the
//! error, and amounts extrapolate as the fields do, so budgets stay closed (Hairer and Wanner,
//! Solving Ordinary Differential Equations II, §IV.9).

use std::borrow::Cow;
use std::sync::Arc;

use super::cells::{self, Changes};
use super::ledger::{Account, Ledger};
use super::setup::{Boundary, Initial, Production, Setup};
use super::solutes::{Transport, Uptakes, active, outside, produce};
use super::state::{Catalogue, Kind, State, flat, flat_mut};
use crate::ground::grid::Face;
use crate::ground::par;
use crate::numerics::hierarchy::Hierarchy;
use crate::numerics::krylov::Reservoir;
use crate::numerics::limiter;
use crate::numerics::newton::{Equation, Inert, NotConverged, Scratch, solve};
use crate::numerics::stencil::{dot, lanes};

/// Numbers of a solute's ledger terms.
#[derive(Clone, Debug)]
struct SoluteTerms {
    entered: [Option<usize>; 6],
    used: Vec<(usize, usize)>,
    made: usize,
    decayed: usize,
    rounded: usize,
    exchanged: Vec<(usize, usize)>,
}

/// Numbers of a population's ledger terms.
#[derive(Clone, Debug)]
struct CellTerms {
    born: usize,
    quiesced: usize,
    woke: usize,
    died: Vec<usize>,
    lysed: Vec<usize>,
    rounded: usize,
}

/// Work done, for the answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    /// Accepted steps.
    pub steps: usize,
    /// Rejected steps.
    pub rejected: usize,
    /// Implicit solves.
    pub solves: usize,
    /// Newton iterations.
    pub newton: usize,
    /// Multigrid cycles.
    pub cycles: usize,
    /// Voxels and fields of accepted steps that the limiter touched.
    pub limited: usize,
}

/// Why a step could not be taken.
#[derive(Clone, Debug)]
pub struct StepFailure {
    /// Field.
    pub field: String,
    /// Voxel with the largest residual.
    pub voxel: usize,
    /// Relative residuals.
    pub history: Vec<f64>,
    /// Time, s.
    pub time: f64,
    /// Step, s.
    pub dt: f64,
}

/// The solver of a case: owns all that it needs.
pub struct Solver {
    /// The case.
    pub setup: Setup,
    /// Names and numbers of the fields.
    pub catalogue: Catalogue,
    /// The accepted state.
    pub state: State,
    /// The budgets.
    pub ledger: Ledger,
    /// Work so far.
    pub work: Work,
    hierarchies: Vec<Hierarchy>,
    transports: Vec<Transport>,
    /// 1 where cells can be, 0 in solid.
    room: Arc<Vec<f64>>,
    /// Hierarchy of the cells' motility, if any moves.
    motile: Option<usize>,
    solute_terms: Vec<SoluteTerms>,
    cell_terms: Vec<CellTerms>,
    scratch: Scratch,
    rhs: Vec<f64>,
    full: State,
    half: State,
    two: State,
    /// Largest value of each field so far: what errors are relative to.
    scales: Vec<f64>,
    live: f64,
}

impl Solver {
    /// Prepares a case; solutes that start steady are solved for.
    pub fn new(setup: Setup) -> Result<Solver, StepFailure> {
        let catalogue = Catalogue::new(&setup);
        let state = State::initial(&setup, &catalogue);
        let open = setup.structure.open.as_deref();
        let live_at = |i: usize| open.is_none_or(|o| o[i]) && setup.structure.porosity[i] > 0.0;
        let room: Arc<Vec<f64>> =
            Arc::new((0..setup.grid.len()).map(|i| if live_at(i) { 1.0 } else { 0.0 }).collect());
        let live = room.iter().sum();
        let mut hierarchies: Vec<Hierarchy> = Vec::new();
        let mut keys: Vec<(Arc<Vec<f64>>, [f64; 3])> = Vec::new();
        let mut of = |relative: &Arc<Vec<f64>>, axis: [f64; 3]| {
            let same = |k: &(Arc<Vec<f64>>, [f64; 3])| Arc::ptr_eq(&k.0, relative) && k.1 == axis;
            keys.iter().position(same).unwrap_or_else(|| {
                keys.push((relative.clone(), axis));
                let masked = relative.iter().zip(room.iter()).map(|(r, o)| r * o).collect();
                hierarchies.push(Hierarchy::new(&setup.grid, Arc::new(masked), axis));
                keys.len() - 1
            })
        };
        let mut numbers = Vec::new();
        for solute in &setup.solutes {
            // A uniform ratio is a factor; the conductances are then those of the room itself.
            let mut inside = solute.relative.iter().zip(room.iter()).filter(|v| *v.1 > 0.0);
            let first = inside.next().map_or(1.0, |v| *v.0);
            let uniform = first > 0.0 && inside.all(|v| *v.0 == first);
            numbers.push(if uniform {
                (of(&room, solute.axis), solute.diffusivity * first)
            } else {
                (of(&solute.relative, solute.axis), solute.diffusivity)
            });
        }
        let moves = setup.populations.iter().any(|p| p.motility > 0.0);
        let motile = moves.then(|| of(&room, [1.0; 3]));
        let transports = setup
            .solutes
            .iter()
            .zip(&numbers)
            .map(|(s, &(h, d))| Transport::new(&setup, s, d, h, &hierarchies[h]))
            .collect();
        let mut ledger = Ledger::default();
        let solute_terms =
            (0..setup.solutes.len()).map(|s| solute_terms(&setup, s, &mut ledger)).collect();
        let cell_terms =
            (0..setup.populations.len()).map(|p| cell_terms(&setup, p, &mut ledger)).collect();
        let n = setup.grid.len();
        let mut solver = Solver {
            full: state.clone(),
            half: state.clone(),
            two: state.clone(),
            scales: vec![0.0; catalogue.specs.len()],
            setup,
            catalogue,
            state,
            ledger,
            work: Work::default(),
            hierarchies,
            transports,
            room,
            motile,
            solute_terms,
            cell_terms,
            scratch: Scratch::default(),
            rhs: vec![0.0; n],
            live,
        };
        solver.start()?;
        Ok(solver)
    }

    /// Solves for steady starts and opens the accounts.
    fn start(&mut self) -> Result<(), StepFailure> {
        let steady: Vec<bool> =
            self.setup.solutes.iter().map(|s| matches!(s.initial, Initial::Steady)).collect();
        if steady.contains(&true) {
            self.steady(&steady)?;
            for term in &mut self.ledger.terms {
                (term.total, term.rate) = (0.0, 0.0);
            }
        }
        self.first_scales();
        self.rescale();
        self.contents();
        for account in &mut self.ledger.accounts {
            account.initial = account.content;
        }
        Ok(())
    }

    /// Solves for the steady concentrations of the chosen solutes with the cells as they are;
    /// the ledger then holds amounts per second.
    pub fn steady(&mut self, chosen: &[bool]) -> Result<(), StepFailure> {
        let from = self.state.clone();
        let mut to = std::mem::replace(&mut self.full, from.clone());
        to.clone_from(&from);
        let mut amounts = vec![0.0; self.ledger.terms.len()];
        for s in (0..chosen.len()).filter(|&s| chosen[s]) {
            let lift = self.lift(s, &from, from.time);
            let room = self.room.clone();
            for (c, o) in flat_mut(&mut to.fields[s]).iter_mut().zip(room.iter()) {
                *c = lift * o;
            }
            self.solute(s, &from, &mut to, None, &mut amounts)?;
        }
        self.state = to;
        self.ledger.book(&amounts, 1.0);
        self.contents();
        Ok(())
    }

    /// Largest value that the solute meets at its walls or holds.
    fn lift(&self, s: usize, from: &State, t: f64) -> f64 {
        let solute = &self.setup.solutes[s];
        let mut lift = flat(&from.fields[s]).iter().fold(0.0_f64, |m, &c| m.max(c));
        for boundary in &solute.boundaries {
            if let Some(value) = outside(boundary, t) {
                lift = lift.max(value);
            }
            if let Boundary::Bath(b) = boundary {
                lift = lift.max(self.bath(from, *b, s));
            }
        }
        // Sources alone set the scale of a field that starts empty.
        lift.max(self.scales[s])
    }

    fn bath(&self, state: &State, bath: usize, s: usize) -> f64 {
        let position = self.setup.baths[bath].solutes.iter().position(|x| x.0 == s);
        position.map_or(0.0, |p| state.baths[bath][p])
    }

    /// The base step of first order from `from` to `to` over `dt`; `to` holds the start values
    /// of the solves.
    fn base(
        &mut self,
        from: &State,
        to: &mut State,
        dt: f64,
        amounts: &mut [f64],
    ) -> Result<(), StepFailure> {
        to.time = from.time + dt;
        for p in 0..self.setup.populations.len() {
            self.population(p, from, to, dt, amounts)?;
        }
        for s in 0..self.setup.solutes.len() {
            self.solute(s, from, to, Some(dt), amounts)?;
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
        amounts: &mut [f64],
    ) -> Result<(), StepFailure> {
        let population = &self.setup.populations[p];
        let numbers = self.catalogue.of_population(p);
        for &f in &numbers {
            to.fields[f].clone_from(&from.fields[f]);
        }
        let c: Vec<&[f64]> = (0..self.setup.solutes.len()).map(|s| flat(&from.fields[s])).collect();
        let needs = population.growth.as_ref().is_some_and(|g| g.logistic);
        let counted = population.capacity.filter(|_| needs).map(|capacity| {
            (count(&self.catalogue, from, capacity.counts_viable, capacity.counts_dead), capacity)
        });
        let mut outs: Vec<&mut [f64]> = Vec::new();
        for (f, field) in to.fields.iter_mut().enumerate() {
            if numbers.contains(&f) {
                outs.push(flat_mut(field));
            }
        }
        let mut outs = outs.into_iter();
        let Some(viable) = outs.next() else { return Ok(()) };
        let quiescent = if population.quiescence.is_some() { outs.next() } else { None };
        let changes: Changes = cells::react(
            population,
            self.setup.grid.n,
            &c,
            counted.as_ref().map(|(n, capacity)| (n.as_slice(), *capacity)),
            dt,
            cells::Fields { viable, quiescent, dead: outs.collect() },
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
        let plane = self.setup.grid.plane();
        let field = flat_mut(&mut to.fields[number]);
        par::planes(plane, &mut self.rhs, |k, r| {
            let n = &field[k * plane..][..plane];
            for i in 0..plane {
                r[i] = n[i] / dt;
            }
        });
        let lift = field.iter().fold(0.0_f64, |m, &n| m.max(n));
        let equation = Equation {
            hierarchy: &self.hierarchies[h],
            d: motility,
            storage: &self.room,
            shift: 1.0 / dt,
            rhs: &self.rhs,
            wall: None,
            reservoirs: &[],
            reservoir_faces: [false; 6],
            reaction: &Inert,
            lift,
            tolerance: self.setup.run.accuracy.solver,
        };
        let solved = solve(&equation, &mut self.scratch, field)
            .map_err(|e| failure(&self.catalogue.specs[number].name, e, from.time, dt))?;
        self.work.solves += 1;
        self.work.newton += solved.newton;
        self.work.cycles += solved.cycles;
        Ok(())
    }

    /// One solute; without `dt` its steady state, with amounts per second.
    fn solute(
        &mut self,
        s: usize,
        from: &State,
        to: &mut State,
        dt: Option<f64>,
        amounts: &mut [f64],
    ) -> Result<(), StepFailure> {
        let setup = &self.setup;
        let solute = &setup.solutes[s];
        let transport = &self.transports[s];
        let grid = &setup.grid;
        let plane = grid.plane();
        let storage = &setup.structure.porosity;
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
            active(viable, cells_of(Kind::Quiescent(p)).map(|q| (q, activity)))
        };
        let before = |other: usize| -> &[f64] {
            if other < s { flat(&solved_before[other]) } else { flat(&from.fields[other]) }
        };
        let made = produce(setup, s, &before, &working, &mut self.rhs);
        let mut entered = [0.0; 6];
        for (f, voxels) in &transport.flux {
            if let Boundary::Flux(signal) = &solute.boundaries[*f] {
                let per_volume = signal.at(t, true) / grid.h[Face::ALL[*f].axis];
                for &i in voxels {
                    self.rhs[i] += per_volume;
                }
                entered[*f] = per_volume * voxels.len() as f64;
            }
        }
        for (f, boundary) in solute.boundaries.iter().enumerate() {
            if let Some(value) = outside(boundary, t) {
                for &(i, g) in &transport.wall.faces[f] {
                    self.rhs[i as usize] += g * value;
                }
            }
        }
        let volume = grid.voxel_volume();
        let mut reservoirs: Vec<(usize, Reservoir)> = Vec::new();
        let mut reservoir_faces = [false; 6];
        for (f, boundary) in solute.boundaries.iter().enumerate() {
            let Boundary::Bath(b) = *boundary else { continue };
            if dt.is_none() {
                // A bath in a steady solve is a value: its change belongs to time.
                let value = self.bath(from, b, s);
                for &(i, g) in &transport.wall.faces[f] {
                    self.rhs[i as usize] += g * value;
                }
                continue;
            }
            reservoir_faces[f] = true;
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
            for (_, r) in reservoirs.iter_mut().filter(|r| r.0 == b) {
                r.entries.extend(&transport.wall.faces[f]);
                r.total += transport.wall.faces[f].iter().map(|e| e.1).sum::<f64>();
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
            shift: inverse + solute.decay,
            rhs: &self.rhs,
            wall: Some(&transport.wall),
            reservoirs: &reservoirs,
            reservoir_faces,
            reaction: &uptakes,
            lift,
            tolerance: setup.run.accuracy.solver,
        };
        let c = flat_mut(field);
        let solved = solve(&equation, &mut self.scratch, c)
            .map_err(|e| failure(&solute.name, e, from.time, dt.unwrap_or(0.0)))?;
        self.work.solves += 1;
        self.work.newton += solved.newton;
        self.work.cycles += solved.cycles;

        let step = volume * dt.unwrap_or(1.0);
        let terms = &self.solute_terms[s];
        let mut through_bath = vec![0.0; owners.len()];
        for (f, boundary) in solute.boundaries.iter().enumerate() {
            let g = &transport.wall.faces[f];
            match boundary {
                Boundary::Bath(b) => {
                    let Some(r) = owners.iter().position(|o| o == b) else {
                        let value = self.bath(from, *b, s);
                        let g = g.iter();
                        entered[f] = g.map(|&(i, g)| g * (value - c[i as usize])).sum();
                        if let Some(term) = terms.entered[f] {
                            amounts[term] += step * entered[f];
                        }
                        continue;
                    };
                    let value = solved.reservoirs[r];
                    entered[f] = g.iter().map(|&(i, g)| g * (value - c[i as usize])).sum();
                    let last = (f + 1..6)
                        .all(|q| !matches!(solute.boundaries[q], Boundary::Bath(o) if o == *b));
                    if last {
                        // The bath's own change is the sum of its faces, free of round-off.
                        let all = reservoirs[r].fixed - reservoirs[r].storage * value;
                        entered[f] = all - through_bath[r];
                    }
                    through_bath[r] += entered[f];
                }
                _ => {
                    if let Some(value) = outside(boundary, t) {
                        entered[f] = g.iter().map(|&(i, g)| g * (value - c[i as usize])).sum();
                    }
                }
            }
            if let Some(term) = terms.entered[f] {
                amounts[term] += step * entered[f];
            }
        }
        for (r, &b) in owners.iter().enumerate() {
            if let Some(p) = setup.baths[b].solutes.iter().position(|x| x.0 == s) {
                to.baths[b][p] = solved.reservoirs[r];
            }
        }
        for ((_, term), used) in terms.used.iter().zip(&solved.parts) {
            amounts[*term] += step * used;
        }
        amounts[terms.made] += step * made;
        amounts[terms.decayed] += step * solute.decay * solved.stored;
        Ok(())
    }

    /// Tries a step of `dt`. Gives the error over what is allowed; [`Solver::accept`] makes the
    /// result the state.
    pub fn attempt(&mut self, dt: f64) -> Result<(f64, Attempt), StepFailure> {
        let mut full = std::mem::replace(&mut self.full, empty());
        let mut half = std::mem::replace(&mut self.half, empty());
        let mut two = std::mem::replace(&mut self.two, empty());
        let from = std::mem::replace(&mut self.state, empty());
        let result = self.three(&from, &mut full, &mut half, &mut two, dt);
        self.state = from;
        (self.full, self.half, self.two) = (full, half, two);
        let attempt = result?;
        Ok((self.error(), attempt))
    }

    fn three(
        &mut self,
        from: &State,
        full: &mut State,
        half: &mut State,
        two: &mut State,
        dt: f64,
    ) -> Result<Attempt, StepFailure> {
        let count = self.ledger.terms.len();
        let (mut coarse, mut fine) = (vec![0.0; count], vec![0.0; count]);
        let solutes = self.setup.solutes.len();
        for s in 0..solutes {
            full.fields[s].clone_from(&from.fields[s]);
        }
        full.baths.clone_from(&from.baths);
        self.base(from, full, dt, &mut coarse)?;
        let plane = self.setup.grid.plane();
        for s in 0..solutes {
            let (a, b) = (flat(&from.fields[s]), flat(&full.fields[s]));
            par::planes(plane, flat_mut(&mut half.fields[s]), |k, p| {
                let (a, b) = (&a[k * plane..][..plane], &b[k * plane..][..plane]);
                for i in 0..plane {
                    p[i] = 0.5 * (a[i] + b[i]);
                }
            });
        }
        half.baths.clone_from(&from.baths);
        self.base(from, half, 0.5 * dt, &mut fine)?;
        for s in 0..solutes {
            two.fields[s].clone_from(&full.fields[s]);
        }
        two.baths.clone_from(&half.baths);
        self.base(half, two, 0.5 * dt, &mut fine)?;
        Ok(Attempt { dt, coarse, fine })
    }

    /// Error of the last attempt over what is allowed, from the largest over the fields of the
    /// root mean square of B − A over live voxels, relative to the field's scale.
    fn error(&self) -> f64 {
        let plane = self.setup.grid.plane();
        let mut largest = 0.0_f64;
        for f in 0..self.catalogue.specs.len() {
            let (a, b) = (flat(&self.full.fields[f]), flat(&self.two.fields[f]));
            let square = par::sum(a.len() / plane, plane, |k| {
                let (a, b) = (&a[k * plane..][..plane], &b[k * plane..][..plane]);
                lanes(plane, |i| (a[i] - b[i]) * (a[i] - b[i]))
            });
            let size = self.scale_of(f).max(b.iter().fold(0.0_f64, |m, &v| m.max(v)));
            if size > 0.0 {
                largest = largest.max((square / self.live).sqrt() / size);
            }
        }
        for (b, bath) in self.setup.baths.iter().enumerate() {
            for (p, &(s, _)) in bath.solutes.iter().enumerate() {
                let field = flat(&self.two.fields[s]).iter().fold(0.0_f64, |m, &v| m.max(v));
                let size = self.scale_of(s).max(self.two.baths[b][p]).max(field);
                let difference = (self.two.baths[b][p] - self.full.baths[b][p]).abs();
                if size > 0.0 {
                    largest = largest.max(difference / size);
                }
            }
        }
        // For y' = λy the difference is z²/4 and the error of the extrapolation z³/6.
        4.0 / 3.0 * largest.powf(1.5) / self.setup.run.accuracy.time
    }

    /// Largest change of any field in the last step, per day, over what `accuracy.time` allows.
    pub fn change_per_day(&self) -> f64 {
        // After a step `half` and `two` hold its middle and its end.
        let dt = 2.0 * (self.two.time - self.half.time);
        if dt <= 0.0 {
            return f64::INFINITY;
        }
        let mut largest = 0.0_f64;
        for f in 0..self.catalogue.specs.len() {
            let (a, b) = (flat(&self.half.fields[f]), flat(&self.two.fields[f]));
            let size = self.scale_of(f);
            let change = a.iter().zip(b).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
            if size > 0.0 {
                largest = largest.max(2.0 * change / size / dt * 86_400.0);
            }
        }
        largest / self.setup.run.accuracy.time
    }

    /// Scale of a field; all states of a population share one.
    fn scale_of(&self, field: usize) -> f64 {
        match self.catalogue.specs[field].kind {
            Kind::Solute(_) => self.scales[field],
            Kind::Viable(p) | Kind::Quiescent(p) | Kind::Dead(p, _) => {
                self.catalogue.of_population(p).iter().fold(0.0, |m, &f| self.scales[f].max(m))
            }
        }
    }

    /// Scales before anything has happened: what is outside, and, for a product of uptake, what
    /// all of its source would give.
    fn first_scales(&mut self) {
        for s in 0..self.setup.solutes.len() {
            self.scales[s] = self.lift(s, &self.state, 0.0);
        }
        for s in 0..self.setup.solutes.len() {
            for production in self.setup.populations.iter().flat_map(|p| &p.production) {
                if let Production::PerUptake { solute, of, yields } = *production {
                    if solute == s {
                        self.scales[s] = self.scales[s].max(yields * self.scales[of]);
                    }
                }
            }
        }
    }

    fn rescale(&mut self) {
        for (scale, field) in self.scales.iter_mut().zip(&self.state.fields) {
            *scale = flat(field).iter().fold(*scale, |m, &v| m.max(v));
        }
    }

    /// Makes the extrapolation of the last attempt the state and books its amounts.
    pub fn accept(&mut self, attempt: &Attempt) {
        let mut amounts: Vec<f64> =
            attempt.fine.iter().zip(&attempt.coarse).map(|(b, a)| 2.0 * b - a).collect();
        let time = self.two.time;
        for s in 0..self.setup.solutes.len() {
            self.extrapolate_solute(s, attempt, &mut amounts);
        }
        for p in 0..self.setup.populations.len() {
            self.extrapolate_population(p, attempt, &mut amounts);
        }
        self.state.time = time;
        self.ledger.book(&amounts, attempt.dt);
        self.work.steps += 1;
        self.rescale();
        self.contents();
    }

    /// state ← 2·two − full.
    fn extrapolate(&mut self, f: usize) {
        let plane = self.setup.grid.plane();
        let (a, b) = (flat(&self.full.fields[f]), flat(&self.two.fields[f]));
        par::planes(plane, flat_mut(&mut self.state.fields[f]), |k, p| {
            let (a, b) = (&a[k * plane..][..plane], &b[k * plane..][..plane]);
            for i in 0..plane {
                p[i] = 2.0 * b[i] - a[i];
            }
        });
    }

    fn extrapolate_solute(&mut self, s: usize, attempt: &Attempt, amounts: &mut [f64]) {
        self.extrapolate(s);
        let volume = self.setup.grid.voxel_volume();
        let scale = self.scales[s];
        let mut baths = Vec::new();
        let mut fits = true;
        for (b, bath) in self.setup.baths.iter().enumerate() {
            if let Some(p) = bath.solutes.iter().position(|x| x.0 == s) {
                let value = 2.0 * self.two.baths[b][p] - self.full.baths[b][p];
                fits &= value >= 0.0;
                baths.push((b, p, value));
            }
        }
        let terms = self.solute_terms[s].clone();
        let mut state = std::mem::replace(&mut self.state, empty());
        let mut limited = limiter::Limited::default();
        if fits {
            let transport = &self.transports[s];
            let (full, half, two) = (&self.full, &self.half, &self.two);
            let (cf, ch, ct) = (flat(&full.fields[s]), flat(&half.fields[s]), flat(&two.fields[s]));
            let dt = attempt.dt;
            let used = |i: usize| {
                let at = |state: &State, c: f64| self.uptake_at(state, s, i, c);
                (dt * (at(half, ch[i]) + at(two, ct[i]) - at(full, cf[i]))).max(0.0)
            };
            let mut spent = std::collections::BTreeMap::new();
            limited = limiter::repair(
                flat_mut(&mut state.fields[s]),
                &self.hierarchies[transport.hierarchy].fine,
                transport.d * dt,
                |i| 0.5 * (ch[i] + ct[i]) - cf[i],
                &self.setup.structure.porosity,
                scale,
                |i, missing| {
                    let left = spent.entry(i).or_insert_with(|| used(i));
                    let charge = left.min(missing);
                    *left -= charge;
                    charge
                },
            );
        }
        self.state = state;
        self.work.limited += limited.voxels;
        if fits && limited.repaired {
            for (b, p, value) in baths {
                self.state.baths[b][p] = value;
            }
            // The charge belongs to the populations in proportion to what they used.
            let used: f64 = terms.used.iter().map(|t| amounts[t.1]).sum();
            for (_, term) in &terms.used {
                if used > 0.0 {
                    amounts[*term] -= volume * limited.charged * amounts[*term] / used;
                }
            }
            amounts[terms.rounded] += volume * limited.rounded;
        } else {
            self.state.fields[s].clone_from(&self.two.fields[s]);
            for (b, p, _) in baths {
                self.state.baths[b][p] = self.two.baths[b][p];
            }
            self.work.limited += self.setup.grid.len();
            let mut own = vec![terms.made, terms.decayed, terms.rounded];
            own.extend(terms.entered.iter().flatten());
            own.extend(terms.used.iter().map(|t| t.1));
            for t in own {
                amounts[t] = attempt.fine[t];
            }
        }
    }

    /// Uptake of solute `s` in voxel `i` at concentration `c` by the cells of `state`.
    fn uptake_at(&self, state: &State, s: usize, i: usize, c: f64) -> f64 {
        let mut sum = 0.0;
        for (p, population) in self.setup.populations.iter().enumerate() {
            for (_, law) in population.uptake.iter().filter(|u| u.0 == s) {
                let at =
                    |kind| self.catalogue.number(kind).map_or(0.0, |f| flat(&state.fields[f])[i]);
                let activity = population.quiescence.as_ref().map_or(0.0, |q| q.activity);
                let n = at(Kind::Viable(p)) + activity * at(Kind::Quiescent(p));
                sum += n * law.rate(c.max(0.0));
            }
        }
        sum
    }

    fn extrapolate_population(&mut self, p: usize, attempt: &Attempt, amounts: &mut [f64]) {
        let numbers = self.catalogue.of_population(p);
        for &f in &numbers {
            self.extrapolate(f);
        }
        let volume = self.setup.grid.voxel_volume();
        let scale = numbers.iter().fold(0.0_f64, |m, &f| m.max(self.scales[f]));
        let terms = self.cell_terms[p].clone();
        let first_dead = numbers.len() - terms.died.len();
        let motility = self.setup.populations[p].motility;
        let mut fields: Vec<_> =
            numbers.iter().map(|&f| std::mem::take(&mut self.state.fields[f])).collect();
        let mut fits = true;
        let mut corrections: Vec<(usize, f64)> = Vec::new();
        for position in 0..numbers.len() {
            let (left, right) = fields.split_at_mut(position + 1);
            let Some(field) = left.last_mut() else { continue };
            let f = numbers[position];
            let (cf, ch, ct) =
                (flat(&self.full.fields[f]), flat(&self.half.fields[f]), flat(&self.two.fields[f]));
            let faces = self.motile.unwrap_or(0);
            let moves = position == 0 && motility > 0.0;
            let done = limiter::repair(
                flat_mut(field),
                match self.hierarchies.get(faces) {
                    Some(h) => &h.fine,
                    None => break,
                },
                if moves { motility * attempt.dt } else { 0.0 },
                |i| 0.5 * (ch[i] + ct[i]) - cf[i],
                &self.room,
                scale,
                |i, missing| {
                    if position >= first_dead {
                        // Dead cells that are not there have not dissolved.
                        corrections.push((terms.lysed[position - first_dead], missing));
                        return missing;
                    }
                    // Cells that are not there have not died.
                    let mut charged = 0.0;
                    for (q, dead) in right.iter_mut().enumerate() {
                        let cause = (position + 1 + q).checked_sub(first_dead);
                        let dead = &mut flat_mut(dead)[i];
                        let taken = (missing - charged).min(dead.max(0.0));
                        if let (Some(j), true) = (cause, taken > 0.0) {
                            *dead -= taken;
                            charged += taken;
                            corrections.push((terms.died[j], taken));
                        }
                    }
                    charged
                },
            );
            self.work.limited += done.voxels;
            fits &= done.repaired;
            amounts[terms.rounded] += volume * done.rounded;
        }
        for (&f, field) in numbers.iter().zip(fields) {
            self.state.fields[f] = field;
        }
        if fits {
            for (term, amount) in corrections {
                amounts[term] -= volume * amount;
            }
        } else {
            for &f in &numbers {
                self.state.fields[f].clone_from(&self.two.fields[f]);
            }
            self.work.limited += self.setup.grid.len();
            let mut own = vec![terms.born, terms.quiesced, terms.woke, terms.rounded];
            own.extend(terms.died.iter().chain(&terms.lysed));
            for t in own {
                amounts[t] = attempt.fine[t];
            }
        }
    }

    /// Changes the medium of bath `b`: replaces `fraction` by fresh medium.
    pub fn change_medium(&mut self, b: usize, fraction: f64) {
        let bath = &self.setup.baths[b];
        for (p, &(s, fresh)) in bath.solutes.iter().enumerate() {
            let value = &mut self.state.baths[b][p];
            let gained = fraction * (fresh - *value);
            *value += gained;
            if let Some(x) = self.solute_terms[s].exchanged.iter().find(|x| x.0 == b) {
                self.ledger.book_event(x.1, gained * bath.volume);
            }
        }
        self.contents();
    }

    /// Updates the contents of all accounts.
    fn contents(&mut self) {
        let plane = self.setup.grid.plane();
        let volume = self.setup.grid.voxel_volume();
        let mut contents = Vec::new();
        for s in 0..self.setup.solutes.len() {
            contents.push(
                volume * dot(plane, flat(&self.state.fields[s]), &self.setup.structure.porosity),
            );
            for (b, _) in &self.solute_terms[s].exchanged {
                contents.push(self.bath(&self.state, *b, s) * self.setup.baths[*b].volume);
            }
        }
        for p in 0..self.setup.populations.len() {
            let mut total = 0.0;
            for f in self.catalogue.of_population(p) {
                total += volume * dot(plane, flat(&self.state.fields[f]), &self.room);
            }
            contents.push(total);
        }
        for (account, content) in self.ledger.accounts.iter_mut().zip(contents) {
            account.content = content;
        }
    }

    /// 1 where there is an unknown, 0 in solid.
    pub fn room(&self) -> &[f64] {
        &self.room
    }

    /// Effective diffusivity of a solute in a voxel, m²/s.
    pub fn diffusivity(&self, s: usize, voxel: usize) -> f64 {
        self.transports[s].d * self.hierarchies[self.transports[s].hierarchy].relative[voxel]
    }
}

/// Amounts of the two results of a step.
pub struct Attempt {
    /// Length, s.
    pub dt: f64,
    coarse: Vec<f64>,
    fine: Vec<f64>,
}

fn empty() -> State {
    State { time: 0.0, fields: Vec::new(), baths: Vec::new() }
}

fn failure(field: &str, e: NotConverged, time: f64, dt: f64) -> StepFailure {
    StepFailure { field: field.to_string(), voxel: e.voxel, history: e.history, time, dt }
}

/// Cells that count towards a capacity, all populations, cells/m³.
fn count(catalogue: &Catalogue, state: &State, living: bool, dead: bool) -> Vec<f64> {
    let mut sum: Vec<f64> = Vec::new();
    for (f, spec) in catalogue.specs.iter().enumerate() {
        let counts = match spec.kind {
            Kind::Viable(_) | Kind::Quiescent(_) => living,
            Kind::Dead(..) => dead,
            Kind::Solute(_) => false,
        };
        if counts {
            let field = flat(&state.fields[f]);
            if sum.is_empty() {
                sum = field.to_vec();
            } else {
                for (s, v) in sum.iter_mut().zip(field) {
                    *s += v;
                }
            }
        }
    }
    sum
}

fn solute_terms(setup: &Setup, s: usize, ledger: &mut Ledger) -> SoluteTerms {
    let solute = &setup.solutes[s];
    let name = &solute.name;
    let mut flows = Vec::new();
    let mut bath_flows: Vec<(usize, Vec<(usize, f64)>)> = Vec::new();
    let entered = std::array::from_fn(|f| {
        let boundary = &solute.boundaries[f];
        if matches!(boundary, Boundary::Sealed) {
            return None;
        }
        let term = ledger.term(format!("{name}.in.{}", Face::ALL[f].name()));
        flows.push((term, 1.0));
        if let Boundary::Bath(b) = *boundary {
            match bath_flows.iter_mut().find(|x| x.0 == b) {
                Some(x) => x.1.push((term, -1.0)),
                None => bath_flows.push((b, vec![(term, -1.0)])),
            }
        }
        Some(term)
    });
    let mut used = Vec::new();
    for (p, population) in setup.populations.iter().enumerate() {
        for _ in population.uptake.iter().filter(|u| u.0 == s) {
            let term = ledger.term(format!("{name}.used.{}", population.name));
            flows.push((term, -1.0));
            used.push((p, term));
        }
    }
    let made = ledger.term(format!("{name}.made"));
    let decayed = ledger.term(format!("{name}.decayed"));
    let rounded = ledger.term(format!("{name}.rounded"));
    flows.extend([(made, 1.0), (decayed, -1.0), (rounded, 1.0)]);
    let account =
        |name: String, flows| Account { name, unit: "mol", initial: 0.0, content: 0.0, flows };
    ledger.accounts.push(account(name.clone(), flows));
    let mut exchanged = Vec::new();
    for (b, mut flows) in bath_flows {
        let bath = &setup.baths[b].name;
        let term = ledger.term(format!("{name}.changed.{bath}"));
        flows.push((term, 1.0));
        ledger.accounts.push(account(format!("{bath}.{name}"), flows));
        exchanged.push((b, term));
    }
    SoluteTerms { entered, used, made, decayed, rounded, exchanged }
}

fn cell_terms(setup: &Setup, p: usize, ledger: &mut Ledger) -> CellTerms {
    let population = &setup.populations[p];
    let name = &population.name;
    let born = ledger.term(format!("{name}.born"));
    let quiesced = ledger.term(format!("{name}.quiesced"));
    let woke = ledger.term(format!("{name}.woke"));
    let by_cause = |what: &str, ledger: &mut Ledger| {
        population
            .deaths
            .iter()
            .map(|d| ledger.term(format!("{name}.{what}.{}", d.cause)))
            .collect()
    };
    let died: Vec<usize> = by_cause("died", ledger);
    let lysed: Vec<usize> = by_cause("lysed", ledger);
    let rounded = ledger.term(format!("{name}.rounded"));
    let mut flows = vec![(born, 1.0), (rounded, 1.0)];
    flows.extend(lysed.iter().map(|&t| (t, -1.0)));
    ledger.accounts.push(Account {
        name: name.clone(),
        unit: "cells",
        initial: 0.0,
        content: 0.0,
        flows,
    });
    CellTerms { born, quiesced, woke, died, lysed, rounded }
}
