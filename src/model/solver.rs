//! The solver of a case: what it owns, how it starts, what can be asked of it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::accounts::{
    CellTerms, MatterTerms, SoluteTerms, arrivals, cell_terms, matter_terms, solute_terms,
};
use super::flow::Stream;
use super::ledger::Ledger;
use super::setup::{Boundary, Initial, Modifier, Setup, Solute};
use super::solutes::{Transport, outside, weighted};
use super::spread::Spread;
use super::state::{Catalogue, Field, Kind, State, flat, flat_mut};
use super::waves::{desks, waves};
use crate::ground::grid::{Face, Form};
use crate::ground::par;
use crate::numerics::drift;
use crate::numerics::hierarchy::Hierarchy;
use crate::numerics::newton::{NotConverged, Scratch, largest};
use crate::numerics::predict::Missed;
use crate::numerics::stencil::{Faces, dot, lanes, range};

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
    /// Solves whose limiter of fluxes was held before it had settled.
    pub unsettled: usize,
    /// The largest relative residual that it left.
    pub left: f64,
}

impl Work {
    /// Adds what a solve left of its limiter.
    pub(super) fn hold(&mut self, unsettled: f64) {
        self.unsettled += usize::from(unsettled > 0.0);
        self.left = self.left.max(unsettled);
    }
}

/// Most sweeps over the solutes of a steady state.
const SWEEPS: usize = 100;

/// Why a step could not be taken.
#[derive(Clone, Debug)]
pub struct StepFailure {
    /// Field.
    pub field: String,
    /// What the case asks for that may have no answer; empty if nothing is known.
    pub hint: String,
    /// Voxel with the largest residual, or with the lowest value; `None` where it is none in particular.
    pub voxel: Option<usize>,
    /// Relative residuals.
    pub history: Vec<f64>,
    /// Time, s.
    pub time: f64,
    /// Step, s.
    pub dt: f64,
}

/// A solve that did not converge.
pub(super) fn failure(field: &str, e: NotConverged, time: f64, dt: f64) -> StepFailure {
    let hint = String::new();
    let voxel = Some(e.voxel);
    StepFailure { field: field.to_string(), hint, voxel, history: e.history, time, dt }
}

/// Fluid that passes a face where the solute cannot.
pub(super) fn impassable(setup: &Setup, solute: &Solute, face: Face, time: f64) -> StepFailure {
    let hint = format!("fluid passes {}, where the solute cannot", setup.grid.face_name(face));
    let field = solute.name.clone();
    StepFailure { field, hint, voxel: None, history: Vec::new(), time, dt: 0.0 }
}

/// What the start values of the three solves a step of each equation missed.
#[derive(Clone, Debug, Default)]
pub(super) struct AllMissed {
    /// By solute.
    pub solutes: Vec<[Missed; 3]>,
    /// By population: its motility.
    pub populations: Vec<[Missed; 3]>,
}

/// Memory of a solve.
#[derive(Debug, Default)]
pub(super) struct Desk {
    pub scratch: Scratch,
    /// With flow or drift.
    pub drift: drift::Scratch,
    pub rhs: Vec<f64>,
    /// Start value before it was corrected.
    pub formula: Vec<f64>,
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
    pub(super) hierarchies: Vec<Hierarchy>,
    pub(super) transports: Vec<Transport>,
    /// Flow of the medium, where it moves.
    pub stream: Option<Stream>,
    /// Shear on the pore walls, Pa; empty where no law answers to it.
    pub(super) shear: Vec<f64>,
    /// Storage of solutes to which the flow belongs, where it follows the porosity.
    pub(super) streamed: Vec<f64>,
    /// 1 where cells can be, 0 in solid.
    pub(super) room: Arc<Vec<f64>>,
    /// The same times the volume of the voxel over that of the mean one.
    pub(super) measure: Arc<Vec<f64>>,
    /// Storage of solutes: porosity times that volume.
    pub(super) storage: Arc<Vec<f64>>,
    /// Hierarchy that follows the porosity, if it changes.
    pub(super) following: Option<usize>,
    /// Hierarchy of the cells' motility, if any moves.
    pub(super) motile: Option<usize>,
    pub(super) solute_terms: Vec<SoluteTerms>,
    pub(super) cell_terms: Vec<CellTerms>,
    pub(super) matter_terms: MatterTerms,
    /// Solutes that are solved for side by side, in their order.
    pub(super) waves: Vec<Range<usize>>,
    /// Memory of solves, one for each that runs at a time.
    pub(super) desks: Vec<Desk>,
    pub(super) full: State,
    pub(super) half: State,
    pub(super) two: State,
    /// Largest value of each field so far: what errors are relative to.
    pub(super) scales: Vec<f64>,
    pub(super) live: f64,
    /// Σ seeded density times the volume of the voxel over that of the mean one, by population.
    pub(super) seeded: Vec<f64>,
    /// Smallest and largest `storage` and `measure` of live voxels.
    pub(super) storage_range: (f64, f64),
    pub(super) measure_range: (f64, f64),
    /// Cells that count towards a capacity.
    pub(super) counted: Vec<f64>,
    /// Nonlinearity that the last solve of each solute met.
    pub(super) bends: Vec<f64>,
    /// True while the last step tells where the next one leads.
    pub(super) trend: bool,
    /// What the start values of solves missed.
    pub(super) missed: AllMissed,
}

impl Solver {
    /// Prepares a case; solutes that start steady are solved for. The seeding is the first state of
    /// the cells and is not kept.
    pub fn new(mut setup: Setup) -> Result<Solver, StepFailure> {
        let catalogue = Catalogue::new(&setup);
        let state = State::initial(&mut setup, &catalogue);
        let open = setup.structure.open.as_deref();
        let (n, plane) = (setup.grid.len(), setup.grid.plane());
        let porosity = &setup.structure.porosity;
        let open_at = |i: usize| open.is_none_or(|o| o[i]) && porosity[i] > 0.0;
        let whole = |i: usize| if open_at(i) { 1.0 } else { 0.0 };
        // Sweeps that read both then read one.
        let other = |i: usize, e: f64| e != 0.0 && (e != 1.0 || open.is_some_and(|o| !o[i]));
        let room = if range(plane, porosity, other).0.is_infinite() {
            porosity.clone()
        } else {
            let mut room = vec![0.0; n];
            par::planes(plane, &mut room, |k, room| {
                room.iter_mut().enumerate().for_each(|(i, r)| *r = whole(k * plane + i));
            });
            Arc::new(room)
        };
        let live = par::sum(n / plane, plane, |k| {
            let room = &room[k * plane..][..plane];
            lanes(plane, |i| room[i])
        });
        let whole = live == n as f64;
        let sized = |values: &Arc<Vec<f64>>| {
            if setup.grid.form == Form::Box {
                return values.clone();
            }
            Arc::new(weighted(&setup.grid, Cow::Borrowed(values)).into_owned())
        };
        // Cells stay out of solid that solutes enter.
        let pores = match &setup.structure.solid {
            Some(s) => Arc::new(s.voxels.iter().map(|s| f64::from(u8::from(!s))).collect()),
            None => room.clone(),
        };
        let (measure, storage) = (sized(&pores), sized(&setup.structure.porosity));
        let viable = |p: usize| catalogue.number(Kind::Viable(p)).map(|f| flat(&state.fields[f]));
        let seeded = (0..setup.populations.len())
            .map(|p| viable(p).map_or(0.0, |n| dot(plane, n, &measure)))
            .collect();
        let extent = |values: &Arc<Vec<f64>>| {
            if whole && Arc::ptr_eq(values, &room) {
                return (1.0, 1.0);
            }
            let (least, most) = range(plane, values, |i, v| v > 0.0 && room[i] > 0.0);
            (least, most.max(0.0))
        };
        let storage_range = extent(&storage);
        let same = Arc::ptr_eq(&storage, &measure);
        let measure_range = if same { storage_range } else { extent(&measure) };
        let Spread { hierarchies, solutes: numbers, following, motile, .. } =
            Spread::new(&setup, &room, &pores, whole);
        let transports = setup
            .solutes
            .iter()
            .zip(&numbers)
            .map(|(s, &(h, d))| Transport::new(&setup, s, d, h, &hierarchies[h]))
            .collect();
        let mut transports: Vec<Transport> = transports;
        let stream = Stream::of(&setup, &room, &setup.structure.porosity)
            .map_err(|e| failure("pressure", e, 0.0, 0.0))?;
        if let Some(stream) = &stream {
            for (transport, solute) in transports.iter_mut().zip(&setup.solutes) {
                transport
                    .carry(&setup, solute, stream)
                    .map_err(|face| impassable(&setup, solute, face, 0.0))?;
            }
        }
        let shear = if setup.answers_to_shear() {
            let moving = stream.as_ref().and_then(|s| s.shear.clone());
            moving.unwrap_or_else(|| vec![0.0; setup.grid.len()])
        } else {
            Vec::new()
        };
        let mut ledger = Ledger::default();
        let solute_terms =
            (0..setup.solutes.len()).map(|s| solute_terms(&setup, s, &mut ledger)).collect();
        let cell_terms: Vec<CellTerms> =
            (0..setup.populations.len()).map(|p| cell_terms(&setup, p, &mut ledger)).collect();
        arrivals(&setup, &cell_terms, &mut ledger);
        let matter_terms = matter_terms(&setup, &mut ledger);
        let missed = AllMissed {
            solutes: vec![Default::default(); setup.solutes.len()],
            populations: vec![Default::default(); setup.populations.len()],
        };
        // Only the controlled step needs them.
        let controlled = !setup.run.steady && setup.run.lod.is_none();
        let stepped = || if controlled { state.clone() } else { State::default() };
        let waves = waves(&setup);
        let desk = |_| Desk { rhs: vec![0.0; n], ..Desk::default() };
        let desks = (0..desks(&setup)).map(desk).collect();
        let mut solver = Solver {
            counted: Vec::new(),
            bends: vec![1.0; setup.solutes.len()],
            full: stepped(),
            half: stepped(),
            two: stepped(),
            scales: vec![0.0; catalogue.specs.len()],
            setup,
            catalogue,
            state,
            ledger,
            work: Work::default(),
            hierarchies,
            transports,
            stream,
            shear,
            streamed: Vec::new(),
            room,
            following,
            motile,
            solute_terms,
            cell_terms,
            matter_terms,
            waves,
            desks,
            live,
            seeded,
            storage_range,
            measure_range,
            measure,
            storage,
            trend: false,
            missed,
        };
        solver.start()?;
        Ok(solver)
    }

    /// Solves for steady starts and opens the accounts.
    fn start(&mut self) -> Result<(), StepFailure> {
        let mut state = std::mem::take(&mut self.state);
        self.make_room(&mut state);
        self.follow(&state)?;
        self.state = state;
        let steady: Vec<bool> =
            self.setup.solutes.iter().map(|s| matches!(s.initial, Initial::Steady)).collect();
        // A steady run solves for all of them in a moment.
        if steady.contains(&true) && !self.setup.run.steady {
            self.steady(&steady)?;
            for term in &mut self.ledger.terms {
                (term.total, term.turnover, term.rate) = (0.0, 0.0, 0.0);
            }
        }
        self.first_scales();
        self.rescale();
        // A steady run has rates, and no contents.
        if self.setup.run.steady {
            return Ok(());
        }
        self.contents();
        for account in &mut self.ledger.accounts {
            account.initial = account.content;
        }
        Ok(())
    }

    /// Solves for the steady concentrations of the chosen solutes with the cells as they are;
    /// the ledger then holds amounts per second.
    pub fn steady(&mut self, chosen: &[bool]) -> Result<(), StepFailure> {
        let mut from = std::mem::take(&mut self.state);
        // Cells and matter stay as they are, and are held once. So are the solutes where each is
        // solved for once: the scales remember how large they were.
        let rest = from.fields.split_off(chosen.len());
        let mut to = State { fields: std::mem::take(&mut from.fields), ..from.clone() };
        let sweeps = self.sweeps(chosen);
        let kept = |(field, chosen): (&Field, &bool)| {
            if *chosen && !sweeps { Field::zeros((0, 0, 0)) } else { field.clone() }
        };
        from.fields = to.fields.iter().zip(chosen).map(kept).collect();
        to.fields.extend(rest);
        let found = self.settled(chosen, &mut from, &mut to);
        // A solver that found nothing is of no use any more.
        self.state = to;
        let amounts = found?;
        self.ledger.book(&amounts, &amounts, 1.0);
        Ok(())
    }

    /// True where an uptake depends on a solute that is solved later: it sees it in the next sweep.
    fn sweeps(&self, chosen: &[bool]) -> bool {
        let later = |m: &Modifier| chosen[m.of] && chosen[m.by] && m.by > m.of;
        self.setup.populations.iter().any(|p| p.modifiers.iter().any(later))
    }

    /// Sweeps over the chosen solutes until they agree, from `from` into `to`; gives the amounts.
    fn settled(
        &mut self,
        chosen: &[bool],
        from: &mut State,
        to: &mut State,
    ) -> Result<Vec<f64>, StepFailure> {
        let mut amounts = vec![0.0; self.ledger.terms.len()];
        let sweeps = self.sweeps(chosen);
        for sweep in 1.. {
            amounts.fill(0.0);
            for s in (0..chosen.len()).filter(|&s| chosen[s]) {
                if sweep == 1 {
                    let lift = self.lift(s, from, from.time);
                    let (plane, room) = (self.setup.grid.plane(), &self.room);
                    par::planes(plane, flat_mut(&mut to.fields[s]), |k, c| {
                        c.iter_mut().zip(&room[k * plane..]).for_each(|(c, o)| *c = lift * o);
                    });
                }
                self.solutes(s..s + 1, from, to, None, 0, &mut amounts)?;
            }
            if !sweeps {
                return Ok(amounts);
            }
            let settled = (0..chosen.len()).all(|s| {
                let (a, b) = (flat(&from.fields[s]), flat(&to.fields[s]));
                let change = a.iter().zip(b).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
                let size = largest(b, self.setup.grid.plane());
                change <= 10.0 * self.setup.run.accuracy.of_solve() * size
            });
            if settled {
                return Ok(amounts);
            }
            if sweep == SWEEPS {
                return Err(StepFailure {
                    field: "the steady state".into(),
                    hint: "uptakes that modify each other find no balance".into(),
                    voxel: None,
                    history: Vec::new(),
                    time: from.time,
                    dt: 0.0,
                });
            }
            from.fields.clone_from_slice(&to.fields[..chosen.len()]);
        }
        Ok(amounts)
    }

    /// Largest value that the solute meets at its walls or holds.
    pub(super) fn lift(&self, s: usize, from: &State, t: f64) -> f64 {
        let solute = &self.setup.solutes[s];
        let mut lift = largest(flat(&from.fields[s]), self.setup.grid.plane());
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

    pub(super) fn bath(&self, state: &State, bath: usize, s: usize) -> f64 {
        let position = self.setup.baths[bath].solutes.iter().position(|x| x.0 == s);
        position.map_or(0.0, |p| state.baths[bath][p])
    }

    /// Changes the medium of bath `b`: replaces `fraction` by fresh medium.
    pub fn change_medium(&mut self, b: usize, fraction: f64) {
        self.trend = false;
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

    /// Adds the cells of reseeding number `n` of population `p`: viable, and unharmed.
    pub fn reseed(&mut self, p: usize, n: usize) {
        self.trend = false;
        let (Some(f), Some(term)) =
            (self.catalogue.number(Kind::Viable(p)), self.cell_terms[p].added)
        else {
            return;
        };
        let added = &self.setup.populations[p].reseeding[n].density;
        let cells = flat_mut(&mut self.state.fields[f]);
        for ((n, a), o) in cells.iter_mut().zip(added).zip(self.room.iter()) {
            *n += a * o;
        }
        let plane = self.setup.grid.plane();
        let amount = self.setup.grid.voxel_volume() * dot(plane, added, &self.measure);
        self.ledger.book_event(term, amount);
        self.rescale();
        self.contents();
    }

    /// Updates the contents of all accounts.
    pub(super) fn contents(&mut self) {
        let plane = self.setup.grid.plane();
        let volume = self.setup.grid.voxel_volume();
        let mut contents = Vec::new();
        for s in 0..self.setup.solutes.len() {
            contents.push(volume * dot(plane, flat(&self.state.fields[s]), self.storage()));
            if let Some(release) = &self.setup.solutes[s].release {
                let left = 1.0 - release.law.cumulative(self.state.time);
                contents.push(volume * left * dot(plane, &release.loaded, &self.measure));
            }
            for (b, _) in &self.solute_terms[s].exchanged {
                contents.push(self.bath(&self.state, *b, s) * self.setup.baths[*b].volume);
            }
        }
        for p in 0..self.setup.populations.len() {
            let mut total = 0.0;
            for f in self.catalogue.of_population(p) {
                total += volume * dot(plane, flat(&self.state.fields[f]), &self.measure);
            }
            contents.push(total);
        }
        for (f, spec) in self.catalogue.specs.iter().enumerate() {
            if matches!(spec.kind, Kind::Scaffold | Kind::Matrix(_)) {
                contents.push(volume * dot(plane, flat(&self.state.fields[f]), &self.measure));
            }
        }
        for (account, content) in self.ledger.accounts.iter_mut().zip(contents) {
            account.content = content;
        }
    }

    /// Volume of each voxel over [`Grid::voxel_volume`](crate::ground::grid::Grid::voxel_volume);
    /// 0 in solid.
    pub fn measure(&self) -> &[f64] {
        &self.measure
    }

    /// Fluid in each voxel, in the same unit.
    pub fn storage(&self) -> &[f64] {
        self.stored(&self.state)
    }

    /// What makes the written value of field `f` in voxel `i` out of the unknown: in solid K for a
    /// solute, nothing for cells.
    pub fn shown(&self, f: usize, i: usize) -> f64 {
        match (&self.setup.structure.solid, self.catalogue.specs[f].kind) {
            (Some(s), kind) if s.voxels[i] => {
                if matches!(kind, Kind::Solute(_)) {
                    s.partition
                } else {
                    f64::NAN
                }
            }
            _ => 1.0,
        }
    }

    /// 1 where there is an unknown, 0 in solid.
    pub fn room(&self) -> &[f64] {
        &self.room
    }

    /// Conductances of the faces for a solute, and their factor.
    pub fn conductances(&self, s: usize) -> (&Faces<f64>, f64) {
        (&self.hierarchies[self.transports[s].hierarchy].fine, self.transports[s].d)
    }

    /// Effective diffusivity of a solute in a voxel, m²/s.
    pub fn diffusivity(&self, s: usize, voxel: usize) -> f64 {
        self.transports[s].d * self.hierarchies[self.transports[s].hierarchy].relative[voxel]
    }
}
