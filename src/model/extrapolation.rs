//! The extrapolated step 2B − A made positive: what it takes too much from a voxel goes back to where
//! it went, locally and conservatively, and a field that cannot be mended takes B.

use std::collections::BTreeMap;

use super::cells::lysed;
use super::coupling::{Attempt, empty};
use super::detachment::detached;
use super::differentiation::became;
use super::migration::{self, Way};
use super::setup::{Boundary, Population};
use super::solutes::{makes, outside};
use super::solver::Solver;
use super::state::{Kind, State, flat, flat_mut};
use crate::numerics::advective::Advective;
use crate::numerics::flux::Flux;
use crate::numerics::limiter;
use crate::numerics::newton::largest;
use crate::numerics::stencil::Faces;

/// Share by which a value must be above the largest possible one to count as limited; the solver
/// leaves less.
const ABOVE: f64 = 1e-6;

/// Share by which a bath may be above it: round-off.
const ROUNDING: f64 = 1e-12;

impl Solver {
    pub(super) fn extrapolate_solute(&mut self, s: usize, attempt: &Attempt, amounts: &mut [f64]) {
        // The state before the step, where a largest value must be known.
        let mut before = 0.0;
        if self.stream.is_some() {
            before = largest(flat(&self.state.fields[s]), self.setup.grid.plane());
            for b in 0..self.setup.baths.len() {
                before = self.bath(&self.state, b, s).max(before);
            }
        }
        let top = self.stream.as_ref().and_then(|_| self.ceiling(s, before, attempt.dt));
        let bottom = self.stream.as_ref().map_or(0.0, |_| self.floor(s, attempt.dt));
        self.extrapolate(s);
        let volume = self.setup.grid.voxel_volume();
        let scale = self.scales[s];
        let mut baths = Vec::new();
        let mut fits = true;
        for (b, bath) in self.setup.baths.iter().enumerate() {
            if let Some(p) = bath.solutes.iter().position(|x| x.0 == s) {
                let value = 2.0 * self.two.baths[b][p] - self.full.baths[b][p];
                fits &= value >= 0.0 && top.is_none_or(|top| value <= top * (1.0 + ROUNDING));
                baths.push((b, p, value));
            }
        }
        let terms = self.solute_terms[s].clone();
        let mut state = std::mem::replace(&mut self.state, empty());
        let beyond = self.beyond(&state, s, false);
        let mut limited = limiter::Limited::default();
        // Charged to uptake, and given back through each face, per voxel volume.
        let (mut used_back, mut at_walls) = (0.0, [0.0; 6]);
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
            let faces = &self.hierarchies[transport.hierarchy].fine;
            let room: &[f64] = &self.room;
            let w = |i: usize| 0.5 * (ch[i] + ct[i]) - cf[i];
            let storage: &[f64] =
                if state.storage.is_empty() { &self.storage } else { &state.storage };
            let c = flat_mut(&mut state.fields[s]);
            let mut charge = |i: usize, missing: f64| {
                let left = spent.entry(i).or_insert_with(|| used(i));
                let charge = left.min(missing);
                *left -= charge;
                charge
            };
            if let Some(stream) = &self.stream {
                let (middle, end) = (half.time, two.time);
                let flux = |v: &[f64], t: f64| {
                    let outside = |f: usize| outside(&self.setup.solutes[s].boundaries[f], t);
                    let outside = std::array::from_fn(outside);
                    let mut flux = Advective::new(faces, transport.d, &stream.q, outside);
                    flux.follow(v);
                    flux
                };
                let through = [flux(ch, middle), flux(ct, end), flux(cf, end)];
                let (fields, n) = ([ch, ct, cf], self.setup.grid.n);
                let mut walls = self.wall_changes(s, dt, [middle, end]);
                let mut own = |i: usize, missing: f64, sign: f64| {
                    let Some(wall) = walls.get_mut(&i) else { return 0.0 };
                    let back = (-sign * wall.1).max(0.0).min(missing);
                    wall.1 += sign * back;
                    at_walls[wall.0] += sign * back;
                    back
                };
                let mut charge_both = |i: usize, missing: f64| {
                    let charged = charge(i, missing);
                    used_back += charged;
                    charged + own(i, missing - charged, 1.0)
                };
                let moved = limiter::carried(n, &through, &fields, dt, 1.0);
                // What is only carried stays above the least that was there: measured from that,
                // it is not negative.
                let least = bottom * (1.0 - ABOVE);
                let under = bottom > 0.0 && c.iter().zip(room).any(|(c, r)| *r > 0.0 && *c < least);
                // The solver's own error, below what counts as limited, is left alone.
                let floor = bottom * (1.0 - 0.01 * ABOVE);
                if under {
                    let above = |(c, r): (&f64, &f64)| if *r > 0.0 { c - floor } else { 0.0 };
                    let before: Vec<f64> = c.iter().zip(room).map(above).collect();
                    let mut after = before.clone();
                    limited = limiter::repair(&mut after, moved, storage, scale, &mut charge_both);
                    // All others keep their digits: to take the floor off and add it again would
                    // round every one of them the same way.
                    for ((c, before), after) in c.iter_mut().zip(&before).zip(&after) {
                        if before != after {
                            *c += after - before;
                        }
                    }
                } else {
                    limited = limiter::repair(c, moved, storage, scale, &mut charge_both);
                }
                if let Some(top) = top {
                    let moved = limiter::carried(n, &through, &fields, dt, -1.0);
                    let above = limiter::lower(
                        c,
                        |_| top,
                        ABOVE * top,
                        moved,
                        storage,
                        scale,
                        |i, m| own(i, m, -1.0),
                    );
                    limited.voxels += above.voxels;
                    limited.repaired &= above.repaired;
                    limited.rounded += above.rounded;
                }
            } else {
                let moved = limiter::diffused(faces, transport.d * dt, w);
                limited = limiter::repair(c, moved, storage, scale, charge);
                used_back = limited.charged;
            }
        }
        self.state = state;
        self.work.limited += limited.voxels;
        let used: f64 = terms.used.iter().map(|t| amounts[t.1]).sum();
        // Where extrapolation leaves nothing used, there is nothing to charge.
        let chargeable = used_back == 0.0 || used > 0.0;
        if fits && limited.repaired && chargeable {
            for (b, p, value) in baths {
                self.state.baths[b][p] = value;
            }
            // The charge belongs to the populations in proportion to what they used.
            for (_, term) in &terms.used {
                if used > 0.0 {
                    amounts[*term] -= volume * used_back * amounts[*term] / used;
                }
            }
            for (term, back) in terms.entered.iter().zip(at_walls) {
                if let Some(term) = term {
                    amounts[*term] += volume * back;
                }
            }
            amounts[terms.rounded] += volume * limited.rounded;
            if let Some(term) = terms.displaced {
                amounts[term] -= beyond;
            }
        } else {
            self.state.fields[s].clone_from(&self.two.fields[s]);
            for (b, p, _) in baths {
                self.state.baths[b][p] = self.two.baths[b][p];
            }
            self.work.limited += self.setup.grid.len();
            let mut own = vec![terms.made, terms.decayed, terms.rounded];
            own.extend(terms.entered.iter().flatten());
            own.extend(terms.used.iter().map(|t| t.1));
            own.extend(terms.source.iter().chain(&terms.released));
            for t in own {
                amounts[t] = attempt.fine(t);
            }
            if let Some(term) = terms.displaced {
                amounts[term] = attempt.fine(term) - self.beyond(&self.state, s, true);
            }
        }
    }

    /// What entered each voxel of a wall in the extrapolated step beyond the two half steps, per
    /// voxel volume, with the face; faces of baths are left out. `at` are the times of the middle
    /// and the end of the step.
    fn wall_changes(&self, s: usize, dt: f64, at: [f64; 2]) -> BTreeMap<usize, (usize, f64)> {
        let (full, half, two) = (&self.full, &self.half, &self.two);
        let [cf, ch, ct] = [full, half, two].map(|state| flat(&state.fields[s]));
        let mut out: BTreeMap<usize, (usize, f64)> = BTreeMap::new();
        for (f, boundary) in self.setup.solutes[s].boundaries.iter().enumerate() {
            if matches!(boundary, Boundary::Bath(_) | Boundary::Flux(_)) {
                continue;
            }
            let value = |t: f64| outside(boundary, t).unwrap_or(0.0);
            let rise = 0.5 * (value(at[0]) - value(at[1]));
            for (i, a, b) in self.transports[s].gates(f) {
                let w = 0.5 * (ch[i] + ct[i]) - cf[i];
                let change = dt * (a * rise - b * w);
                let entry = out.entry(i).or_insert((f, 0.0));
                // A voxel at two faces: the one with the larger part answers for both.
                if change.abs() > entry.1.abs() {
                    *entry = (f, change);
                }
            }
        }
        out
    }

    /// Largest value that solute `s` can have after a step: what it had and what is outside;
    /// `None` where something makes it.
    fn ceiling(&self, s: usize, before: f64, dt: f64) -> Option<f64> {
        if makes(&self.setup, s) {
            return None;
        }
        let solute = &self.setup.solutes[s];
        let mut top = before;
        for boundary in &solute.boundaries {
            match boundary {
                Boundary::Flux(_) => return None,
                Boundary::Bath(b) => {
                    for state in [&self.half, &self.two, &self.full] {
                        top = top.max(self.bath(state, *b, s));
                    }
                }
                other => {
                    for t in [0.0, 0.5, 1.0] {
                        let t = self.two.time - t * dt;
                        top = top.max(outside(other, t).unwrap_or(0.0));
                    }
                }
            }
        }
        Some(top)
    }

    /// Least value that solute `s` can have after a step: what it had and what is outside; 0 where
    /// something may use it.
    fn floor(&self, s: usize, dt: f64) -> f64 {
        let solute = &self.setup.solutes[s];
        let uses = |p: &Population| p.uptake.iter().any(|u| u.0 == s);
        let used = solute.decay > 0.0 || self.setup.populations.iter().any(uses);
        if used || solute.source.is_some() || solute.release.is_some() {
            return 0.0;
        }
        let field = flat(&self.state.fields[s]).iter().zip(self.room.iter());
        let mut least = field.filter(|f| *f.1 > 0.0).fold(f64::INFINITY, |m, f| m.min(*f.0));
        for boundary in &solute.boundaries {
            match boundary {
                Boundary::Flux(_) => return 0.0,
                Boundary::Bath(b) => {
                    for state in [&self.state, &self.half, &self.two, &self.full] {
                        least = least.min(self.bath(state, *b, s));
                    }
                }
                other => {
                    for t in [0.0, 0.5, 1.0] {
                        let t = self.two.time - t * dt;
                        least = least.min(outside(other, t).unwrap_or(f64::INFINITY));
                    }
                }
            }
        }
        if least.is_finite() { least.max(0.0) } else { 0.0 }
    }

    /// Uptake of solute `s` in voxel `i` at concentration `c` by the cells of `state`, per volume of
    /// the mean voxel.
    fn uptake_at(&self, state: &State, s: usize, i: usize, c: f64) -> f64 {
        let mut sum = 0.0;
        for (p, population) in self.setup.populations.iter().enumerate() {
            for (_, law) in population.uptake.iter().filter(|u| u.0 == s) {
                let at =
                    |kind| self.catalogue.number(kind).map_or(0.0, |f| flat(&state.fields[f])[i]);
                let activity = population.activity();
                let n = at(Kind::Viable(p)) + activity * at(Kind::Quiescent(p));
                let modulation = population.modulation(s, &|by| flat(&state.fields[by])[i]);
                sum += modulation * n * law.rate(c.max(0.0));
            }
        }
        sum * self.measure[i]
    }

    /// Makes an extrapolated population positive; false where it must fall back to B.
    pub(super) fn repair_population(
        &mut self,
        p: usize,
        undone: Vec<(usize, usize, f64)>,
        attempt: &Attempt,
        amounts: &mut [f64],
    ) -> bool {
        let numbers = self.catalogue.of_population(p);
        let volume = self.setup.grid.voxel_volume();
        let scale = self.scale_of(numbers[0]);
        let terms = self.cell_terms[p].clone();
        let population = &self.setup.populations[p];
        let first_dead = numbers.len() - terms.died.len();
        let mut fields: Vec<_> =
            numbers.iter().map(|&f| std::mem::take(&mut self.state.fields[f])).collect();
        let mut fits = true;
        let mut corrections: Vec<(usize, f64)> = Vec::new();
        for (j, i, missing) in undone {
            let mut left = missing;
            for living in &mut fields[..first_dead] {
                let n = &mut flat_mut(living)[i];
                let taken = left.min(n.max(0.0));
                *n -= taken;
                left -= taken;
            }
            flat_mut(&mut fields[first_dead + j])[i] += missing - left;
            corrections.push((terms.died[j], (left - missing) * self.measure[i]));
        }
        let moving = population.moves().then_some(self.motile).flatten();
        let ways = moving.and_then(|h| self.ways(p, &self.hierarchies[h].fine));
        let dissolves = self.setup.populations[p].lysis > 0.0;
        let differentiation = &self.setup.populations[p].differentiation;
        let into: Vec<Option<usize>> =
            differentiation.iter().map(|d| self.catalogue.number(Kind::Viable(d.into))).collect();
        let others = &mut self.state.fields;
        let mut spent = std::collections::BTreeMap::new();
        for position in 0..numbers.len() {
            let (left, right) = fields.split_at_mut(position + 1);
            let Some(field) = left.last_mut() else { continue };
            let f = numbers[position];
            let (cf, ch, ct) =
                (flat(&self.full.fields[f]), flat(&self.half.fields[f]), flat(&self.two.fields[f]));
            let faces = self.motile.unwrap_or(0);
            let moves = position == 0 && population.moves();
            let Some(hierarchy) = self.hierarchies.get(faces) else { break };
            let motility = if moves { population.motility.largest() } else { 0.0 };
            let w = |i: usize| 0.5 * (ch[i] + ct[i]) - cf[i];
            let three = [ch, ct, cf];
            let moved: Box<limiter::Leaving> = match ways.as_ref().filter(|_| moves) {
                Some(w) => Box::new(limiter::carried(hierarchy.fine.n, w, &three, attempt.dt, 1.0)),
                None => Box::new(limiter::diffused(&hierarchy.fine, motility * attempt.dt, w)),
            };
            let mut unspent = std::collections::BTreeMap::new();
            let done =
                limiter::repair(flat_mut(field), moved, &self.measure, scale, |i, missing| {
                    if position >= first_dead {
                        if !dissolves {
                            return 0.0;
                        }
                        // Dead cells that are not there have not dissolved.
                        corrections.push((terms.lysed[position - first_dead], missing));
                        return missing;
                    }
                    // Cells that are not there have not died.
                    let (mut charged, measure) = (0.0, self.measure[i]);
                    for (q, dead) in right.iter_mut().enumerate() {
                        let cause = (position + 1 + q).checked_sub(first_dead);
                        let dead = &mut flat_mut(dead)[i];
                        let taken = (missing - charged).min(dead.max(0.0) * measure);
                        if let (Some(j), true) = (cause, taken > 0.0) {
                            *dead = (*dead - taken / measure).max(0.0);
                            charged += taken;
                            corrections.push((terms.died[j], taken));
                        }
                    }
                    // Nor have they left.
                    if let (Some(term), true) = (terms.detached, missing > charged) {
                        let gone = unspent.entry(i).or_insert_with(|| {
                            let results = [&self.full, &self.half, &self.two];
                            let case = (&self.setup, &self.shear[..]);
                            measure * detached(case, results, (p, f), i, attempt.dt)
                        });
                        let taken = (missing - charged).min(*gone);
                        *gone -= taken;
                        charged += taken;
                        corrections.push((term, taken));
                    }
                    // Nor have they become others.
                    for (t, f) in into.iter().enumerate().filter(|_| position == 0) {
                        let Some(n) = f.map(|f| &mut flat_mut(&mut others[f])[i]) else { continue };
                        let left = spent.entry((t, i)).or_insert_with(|| {
                            let results = [&self.full, &self.half, &self.two];
                            let case = (&self.setup, &self.catalogue, &self.shear[..]);
                            measure * became(case, results, (p, t), i, attempt.dt)
                        });
                        let taken = (missing - charged).min(*left).min(n.max(0.0) * measure);
                        if taken > 0.0 {
                            *n = (*n - taken / measure).max(0.0);
                            *left -= taken;
                            charged += taken;
                            corrections.push((terms.became[t], taken));
                        }
                    }
                    charged
                });
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
        }
        fits
    }

    /// Takes a population from the two half steps, of first order but positive.
    pub(super) fn fall_back(&mut self, p: usize, attempt: &Attempt, amounts: &mut [f64]) {
        for f in self.catalogue.all_of(p) {
            self.state.fields[f].clone_from(&self.two.fields[f]);
        }
        self.work.limited += self.setup.grid.len();
        let terms = &self.cell_terms[p];
        let mut own = vec![terms.born, terms.quiesced, terms.woke, terms.rounded];
        own.extend(terms.died.iter().chain(&terms.lysed).chain(&terms.became));
        own.extend(terms.detached);
        for t in own {
            amounts[t] = attempt.fine(t);
        }
    }

    /// How population `p` moved in the two half steps and in the full one, if not by diffusion alone.
    fn ways(&self, p: usize, faces: &Faces<f64>) -> Option<[Way; 3]> {
        let population = &self.setup.populations[p];
        let way = |from, now| migration::way(population, &self.catalogue, faces, p, from, now);
        Some([
            way(&self.state, &self.half)?,
            way(&self.half, &self.two)?,
            way(&self.state, &self.full)?,
        ])
    }

    /// Where extrapolation has put more cells than the capacity has room for, those that came too
    /// many go back.
    pub(super) fn fit_into_room(&mut self, attempt: &Attempt, amounts: &mut [f64]) {
        let mut fits = true;
        for p in 0..self.setup.populations.len() {
            let population = &self.setup.populations[p];
            let (Some(capacity), Some(h)) = (population.capacity, self.motile) else { continue };
            if !population.volume_filling || !population.moves() {
                continue;
            }
            let f = self.catalogue.of_population(p)[0];
            let others = migration::others(population, &self.catalogue, p, &self.state);
            let top = |i: usize| (capacity.density - others[i]) * self.room[i];
            let slack = capacity.density * 1e-12;
            if !flat(&self.state.fields[f]).iter().enumerate().any(|(i, n)| *n > top(i) + slack) {
                continue;
            }
            let faces = &self.hierarchies[h].fine;
            let Some(ways) = self.ways(p, faces) else { continue };
            let three = [&self.half, &self.two, &self.full].map(|s| flat(&s.fields[f]));
            let moved = limiter::carried(faces.n, &ways, &three, attempt.dt, -1.0);
            let mut cells = flat(&self.state.fields[f]).to_vec();
            let (storage, scale) = (&self.measure, capacity.density);
            let done = limiter::lower(&mut cells, top, 0.0, moved, storage, scale, |_, _| 0.0);
            fits &= done.repaired && cells.iter().all(|n| *n >= 0.0);
            amounts[self.cell_terms[p].rounded] += self.setup.grid.voxel_volume() * done.rounded;
            self.work.limited += done.voxels;
            flat_mut(&mut self.state.fields[f]).copy_from_slice(&cells);
        }
        if !fits {
            for p in 0..self.setup.populations.len() {
                self.fall_back(p, attempt, amounts);
            }
        }
    }

    /// Deaths after exposure that the extrapolation takes back where there are none to take back:
    /// cause, voxel, cells/m³. The deaths of a young chain grow with a high power of time, for
    /// which 2B − A may be negative.
    pub(super) fn undone(&self, p: usize, dt: f64) -> Vec<(usize, usize, f64)> {
        let population = &self.setup.populations[p];
        let mut out = Vec::new();
        let waits = population.deaths.iter().enumerate().filter(|d| d.1.exposure.is_some());
        for (j, f) in waits.filter_map(|(j, _)| Some((j, self.catalogue.number(Kind::Dead(p, j))?)))
        {
            let [old, full, half, two] =
                [&self.state, &self.full, &self.half, &self.two].map(|s| flat(&s.fields[f]));
            let [lysis, half_lysis] = [dt, 0.5 * dt].map(|dt| lysed(population, dt));
            for i in 0..old.len() {
                let missing = full[i] - 2.0 * two[i];
                if missing > 0.0 {
                    // Deaths of each step are what it gained and lost by lysis.
                    let died = 2.0 * ((1.0 + half_lysis) * two[i] + half_lysis * half[i])
                        - old[i]
                        - (1.0 + lysis) * full[i];
                    if died < 0.0 {
                        out.push((j, i, missing.min(-died)));
                    }
                }
            }
        }
        out
    }
}
