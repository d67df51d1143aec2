//! What the rest of a run follows from: written and read back by the same lines, so that a run
//! that was stopped goes on with the same bits.
//!
//! A value belongs here when the next steps depend on it and the case alone does not give it.
//! Each struct is taken apart without `..`: a new field must be placed before it compiles.

use super::ledger::{Account, Ledger, Term};
use super::solver::{AllMissed, Solver, StepFailure, Work};
use super::state::{Catalogue, State, flat, flat_mut};
use crate::ground::grid::Grid;
use crate::ground::keep::{Keeper, Misfit, misfit};

impl State {
    /// Keeps all of it; `may` says how many values its storage may have.
    fn keep(
        &mut self,
        name: &str,
        grid: &Grid,
        catalogue: &Catalogue,
        may: &[usize],
        k: &mut Keeper,
    ) -> Result<(), Misfit> {
        let State { time, fields, baths, storage } = self;
        k.number(&format!("{name}.time"), time)?;
        for (field, spec) in fields.iter_mut().zip(&catalogue.specs) {
            let name = format!("{name}.{}", spec.name);
            if grid.is_whole() {
                k.array(&name, flat_mut(field))?;
            } else {
                let mut values = flat(field).to_vec();
                k.voxels(grid, &name, &mut values, |k, name, v| k.array(name, v))?;
                flat_mut(field).copy_from_slice(&values);
            }
            k.computable(&name, flat(field).iter().copied())?;
        }
        for bath in baths {
            k.array(&format!("{name}.bath"), bath)?;
            k.computable(&format!("{name}.bath"), bath.iter().copied())?;
        }
        let name = format!("{name}.storage");
        k.voxels(grid, &name, storage, Keeper::list)?;
        k.computable(&name, storage.iter().copied())?;
        if may.contains(&storage.len()) || k.changed() {
            Ok(())
        } else {
            misfit(&name, "has not the size of a field")
        }
    }
}

impl Work {
    fn keep(&mut self, k: &mut Keeper) -> Result<(), Misfit> {
        let Work { steps, rejected, solves, newton, cycles, limited, unsettled, left } = self;
        k.count("work.steps", steps)?;
        k.count("work.rejected", rejected)?;
        k.count("work.solves", solves)?;
        k.count("work.newton", newton)?;
        k.count("work.cycles", cycles)?;
        k.count("work.limited", limited)?;
        k.count("work.unsettled", unsettled)?;
        k.number("work.left", left)
    }
}

impl Ledger {
    /// Keeps the amounts. From a case that differs, a term is found by its name; what an account
    /// owes to terms that are no more is taken as its content at the start.
    fn keep(&mut self, k: &mut Keeper) -> Result<(), Misfit> {
        let Ledger { terms, accounts } = self;
        let mut kept = terms.clone();
        let count = k.length("ledger.terms", kept.len())?;
        kept.resize(count, Term::default());
        for Term { name, total, turnover, rate } in &mut kept {
            k.text("ledger.term", name)?;
            let mut amounts = [*total, *turnover, *rate];
            k.array("ledger.amounts", &mut amounts)?;
            k.computable("ledger.amounts", amounts)?;
            [*total, *turnover, *rate] = amounts;
        }
        let mut held: Vec<(String, f64, f64)> =
            accounts.iter().map(|a| (a.name.clone(), a.initial, a.content)).collect();
        let count = k.length("ledger.accounts", held.len())?;
        held.resize(count, Default::default());
        for (name, initial, content) in &mut held {
            k.text("ledger.account", name)?;
            k.number("ledger.initial", initial)?;
            k.number("ledger.content", content)?;
            k.computable("ledger.account", [*initial, *content])?;
        }
        let same = kept.iter().map(|t| &t.name).eq(terms.iter().map(|t| &t.name))
            && held.iter().map(|h| &h.0).eq(accounts.iter().map(|a| &a.name));
        if !same && !k.changed() {
            return misfit("ledger", "has other entries");
        }
        for term in terms.iter_mut() {
            let found = kept.iter().find(|t| t.name == term.name).cloned();
            *term = found.unwrap_or(Term { name: term.name.clone(), ..Term::default() });
        }
        for Account { name, unit: _, initial, content, flows } in accounts {
            if let Some(found) = held.iter().find(|h| h.0 == *name) {
                (*initial, *content) = (found.1, found.2);
            }
            if !same {
                *initial = *content - flows.iter().map(|f| f.1 * terms[f.0].total).sum::<f64>();
            }
        }
        Ok(())
    }
}

impl Solver {
    /// Keeps all that the next steps follow from.
    pub(super) fn keep(&mut self, k: &mut Keeper) -> Result<(), Misfit> {
        let Solver {
            // What the case gives.
            setup,
            catalogue,
            room: _,
            measure: _,
            storage: _,
            live: _,
            seeded: _,
            storage_range: _,
            measure_range: _,
            following: _,
            motile: _,
            solute_terms: _,
            cell_terms: _,
            matter_terms: _,
            // What the state gives, at the start of the next step or in `settle_as_kept`.
            hierarchies: _,
            transports: _,
            stream: _,
            shear: _,
            // What each solve writes before it reads.
            waves: _,
            desks: _,
            counted: _,
            // What is kept.
            state,
            full,
            half,
            two,
            streamed,
            ledger,
            work,
            scales,
            bends,
            trend,
            missed: AllMissed { solutes, populations },
        } = self;
        let whole = setup.grid.whole();
        let Grid { n, h, dimensions, form, periodic, symmetry: _ } = &whole;
        k.same(
            "grid",
            &format!("{n:?} voxels of {h:?} m, {dimensions}D, {form:?}, periodic {periodic:?}"),
        )?;
        for (name, expected) in [("solutes", setup.solutes.len()), ("baths", setup.baths.len())] {
            k.same(name, &expected.to_string())?;
        }
        let names: Vec<&str> = catalogue.specs.iter().map(|s| s.name.as_str()).collect();
        k.same("fields", &names.join(" "))?;
        let baths: Vec<String> = setup.baths.iter().map(|b| b.solutes.len().to_string()).collect();
        k.same("baths.solutes", &baths.join(" "))?;
        // The results of a step have a storage once there was one.
        let (now, either) = (state.storage.len(), [0, state.storage.len()]);
        state.keep("state", &setup.grid, catalogue, &[now], k)?;
        full.keep("full", &setup.grid, catalogue, &either, k)?;
        half.keep("half", &setup.grid, catalogue, &either, k)?;
        two.keep("two", &setup.grid, catalogue, &either, k)?;
        let voxels = streamed.len();
        k.voxels(&setup.grid, "streamed", streamed, Keeper::list)?;
        k.computable("streamed", streamed.iter().copied())?;
        if streamed.len() != voxels && !k.changed() {
            return misfit("streamed", "has not the size of a field");
        }
        ledger.keep(k)?;
        work.keep(k)?;
        k.array("scales", scales)?;
        k.computable("scales", scales.iter().copied())?;
        k.array("bends", bends)?;
        k.computable("bends", bends.iter().copied())?;
        k.flag("trend", trend)?;
        for (s, missed) in solutes.iter_mut().enumerate() {
            for missed in missed {
                missed.keep(&format!("missed.solute.{s}"), &setup.grid, k)?;
            }
        }
        for (p, missed) in populations.iter_mut().enumerate() {
            for missed in missed {
                missed.keep(&format!("missed.population.{p}"), &setup.grid, k)?;
            }
        }
        if k.reads() { self.settle_as_kept(k.changed()) } else { Ok(()) }
    }

    /// Rebuilds what follows from the state that was read.
    fn settle_as_kept(&mut self, changed: bool) -> Result<(), Misfit> {
        let time = self.state.time;
        if !(time >= 0.0 && time.is_finite()) {
            return misfit("state.time", "is no time");
        }
        if changed {
            // Nothing is known of how the solutes will take the change.
            let mut state = std::mem::take(&mut self.state);
            state.storage.clear();
            self.make_room(&mut state);
            self.full.storage.clone_from(&state.storage);
            self.half.storage.clone_from(&state.storage);
            self.two.storage.clone_from(&state.storage);
            self.streamed.clone_from(&state.storage);
            self.state = state;
            self.trend = false;
            // Values outside may have risen.
            for s in 0..self.setup.solutes.len() {
                self.scales[s] = self.lift(s, &self.state, time);
            }
            let before: Vec<f64> = self.ledger.accounts.iter().map(|a| a.content).collect();
            self.contents();
            for (account, before) in self.ledger.accounts.iter_mut().zip(before) {
                account.initial += account.content - before;
            }
        }
        // The flow that belongs to the storage that it followed last.
        let no_flow = |f: StepFailure| misfit("streamed", format!("{} has no flow", f.field));
        let storage = std::mem::take(&mut self.streamed);
        if !storage.is_empty() {
            let of = State { time, storage, ..State::default() };
            self.follow(&of).or_else(no_flow)?;
        }
        self.settle().or_else(no_flow)
    }
}
