//! One coupled step: the order of the sub-steps, second order, and the error estimate.
//!
//! The base step is of first order and positive: cells with the solutes as they are, then each
//! solute by backward Euler with the cells as they have become. A step takes it once over dt
//! (A) and twice over dt/2 (B); 2B − A is of second order and L-stable, B − A estimates the
//! error, and amounts extrapolate as the fields do, so budgets stay closed (Hairer and Wanner,
//! Solving Ordinary Differential Equations II, §IV.9).

use super::damage;
use super::differentiation::linked;
use super::setup::Production;
use super::solver::{Solver, StepFailure};
use super::state::{Kind, State, flat, flat_mut};
use crate::ground::par;
use crate::kernel;
use crate::numerics::newton::largest;
use crate::numerics::stencil::lanes;

/// Part of its scale from which on a field counts as present in a voxel.
const PRESENT: f64 = 0.01;

/// Part of the longest step over which the rise of a field counts towards its scale: as long as
/// the longest first step after an event.
const YOUNG: f64 = 0.02;

impl Solver {
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
        self.trend = false;
        let attempt = result?;
        let (error, worst) = self.error(dt);
        Ok((error, Attempt { worst, ..attempt }))
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
        let plane = self.setup.grid.plane();
        // Start values of the solves. A backward Euler step of any length t from here ends near
        // u + t·u′ + t²·u″; the last step left the middle, `half`, on that curve at −b, and
        // `full` − `two` is b²·u″. Then the curve through what is known, and for the end of the
        // second half what cancels the error terms of the others.
        let b = from.time - half.time;
        let trend = self.trend && b > 0.0;
        for s in 0..solutes {
            let (now, last) = (flat(&from.fields[s]), flat(&half.fields[s]));
            let (bent, r) = (flat(&two.fields[s]), if trend { (dt / b).min(4.0) } else { 0.0 });
            let own = r + r * r;
            mix(plane, flat_mut(&mut full.fields[s]), own, [1.0 + r, -r, -own], [now, last, bent]);
        }
        full.baths.clone_from(&from.baths);
        self.follow(from)?;
        self.base(from, full, dt, 0, &mut coarse)?;
        let weights = if trend {
            let w = 0.5 * dt + b;
            [0.5 * w / b, 0.5 * w / (dt + b)]
        } else {
            [0.5, 0.5]
        };
        let own = 1.0 - weights[0] - weights[1];
        for s in 0..solutes {
            let (now, end) = (flat(&from.fields[s]), flat(&full.fields[s]));
            let weights = [weights[0], weights[1], 0.0];
            mix(plane, flat_mut(&mut half.fields[s]), own, weights, [now, end, now]);
        }
        half.baths.clone_from(&from.baths);
        self.base(from, half, 0.5 * dt, 1, &mut fine)?;
        let first = fine.clone();
        for s in 0..solutes {
            let now = flat(&from.fields[s]);
            let (middle, end) = (flat(&half.fields[s]), flat(&full.fields[s]));
            let weights = [-0.5, 1.0, 0.5];
            mix(plane, flat_mut(&mut two.fields[s]), 0.0, weights, [now, middle, end]);
        }
        two.baths.clone_from(&half.baths);
        self.follow(half)?;
        self.base(half, two, 0.5 * dt, 2, &mut fine)?;
        let moved = first.iter().zip(&fine).map(|(a, b)| a.abs() + (b - a).abs()).collect();
        Ok(Attempt { dt, worst: 0, coarse, fine, moved })
    }

    /// Error of the last attempt over what is allowed, and the field that has it: the largest over
    /// the fields of the [difference](Solver::difference) of B and A, relative to the field's scale.
    ///
    /// A field that starts empty and rises as a power of the time is, at first, as wrong relative
    /// to itself as ever, however short the step. So the scale of one that more than doubles is at
    /// least what it will be after [`YOUNG`] of the longest step if it goes on rising as it does.
    fn error(&self, dt: f64) -> (f64, usize) {
        let plane = self.setup.grid.plane();
        let young = YOUNG * self.setup.run.accuracy.max_step / dt;
        let (mut worst, mut of) = (0.0_f64, 0);
        let mut note = |f: usize, relative: f64| {
            if relative > worst || relative.is_nan() {
                (worst, of) = (relative, f);
            }
        };
        for f in 0..self.catalogue.specs.len() {
            let end = largest(flat(&self.two.fields[f]), plane);
            let known = self.scale_of(f);
            let size = if end > 2.0 * known {
                end.max(young * (end - largest(flat(&self.state.fields[f]), plane)))
            } else {
                known.max(end)
            };
            if size > 0.0 {
                note(f, self.difference(f, size) / size);
            }
        }
        for (b, bath) in self.setup.baths.iter().enumerate() {
            for (p, &(s, _)) in bath.solutes.iter().enumerate() {
                let field = largest(flat(&self.two.fields[s]), plane);
                let size = self.scale_of(s).max(self.two.baths[b][p]).max(field);
                let difference = (self.two.baths[b][p] - self.full.baths[b][p]).abs();
                if size > 0.0 {
                    note(s, difference / size);
                }
            }
        }
        // For y' = λy the difference is z²/4 and the error of the extrapolation z³/6.
        (4.0 / 3.0 * worst.powf(1.5) / self.setup.run.accuracy.time, of)
    }

    /// Root mean square of B − A of a field of this size: over the voxels where the field is present, or
    /// another state of the same cells, or over all live ones where that is more. Voxels without
    /// cells would dilute the errors of those with them.
    fn difference(&self, field: usize, size: f64) -> f64 {
        let plane = self.setup.grid.plane();
        let (a, b) = (flat(&self.full.fields[field]), flat(&self.two.fields[field]));
        let alike = self.together(field);
        let alike: Vec<&[f64]> = alike.iter().map(|&f| flat(&self.two.fields[f])).collect();
        let least = PRESENT * size;
        let sums = par::map(self.setup.grid.n[2], plane, |k| {
            let at = k * plane;
            let square = |i: usize| (a[at + i] - b[at + i]) * (a[at + i] - b[at + i]);
            let present = |i: usize| alike.iter().any(|v| v[at + i] >= least);
            let there = |i: usize| f64::from(u8::from(present(i)));
            [
                lanes(plane, square),
                lanes(plane, |i| if present(i) { square(i) } else { 0.0 }),
                lanes(plane, there),
            ]
        });
        let [all, there, count] =
            sums.into_iter().fold([0.0; 3], |s, p| std::array::from_fn(|i| s[i] + p[i]));
        (all / self.live).max(there / f64::max(count, 1.0)).sqrt()
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

    /// Scale of a field: the largest of those that are measured together.
    pub(super) fn scale_of(&self, field: usize) -> f64 {
        self.together(field).iter().fold(0.0, |m, &f| self.scales[f].max(m))
    }

    /// Fields that share a scale with `field`: all states of a population, and all populations of a
    /// lineage, as who starts empty and is fed by differentiation has none of its own at first.
    fn together(&self, field: usize) -> Vec<usize> {
        match self.catalogue.specs[field].kind {
            Kind::Solute(_) | Kind::Scaffold | Kind::Matrix(_) => vec![field],
            Kind::Viable(p)
            | Kind::Quiescent(p)
            | Kind::Dead(p, _)
            | Kind::Damaged { population: p, .. } => {
                let together =
                    |q: &usize| *q == p || (linked(&self.setup, p) && linked(&self.setup, *q));
                let all = (0..self.setup.populations.len()).filter(together);
                all.flat_map(|q| self.catalogue.of_population(q)).collect()
            }
        }
    }

    /// Scales before anything has happened: what is outside, and, for a product of uptake, what
    /// all of its source would give.
    pub(super) fn first_scales(&mut self) {
        for s in 0..self.setup.solutes.len() {
            self.scales[s] = self.lift(s, &self.state, 0.0);
        }
        for s in 0..self.setup.solutes.len() {
            for production in self.setup.populations.iter().flat_map(|p| &p.production) {
                if let Production::PerUptake { solute, of, yields } = *production
                    && solute == s
                {
                    self.scales[s] = self.scales[s].max(yields * self.scales[of]);
                }
            }
        }
    }

    pub(super) fn rescale(&mut self) {
        let plane = self.setup.grid.plane();
        for (scale, field) in self.scales.iter_mut().zip(&self.state.fields) {
            *scale = scale.max(largest(flat(field), plane));
        }
    }

    /// Makes the extrapolation of the last attempt the state and books its amounts.
    pub fn accept(&mut self, attempt: &Attempt) {
        let mut amounts: Vec<f64> =
            attempt.fine.iter().zip(&attempt.coarse).map(|(b, a)| 2.0 * b - a).collect();
        let time = self.two.time;
        // Cells first: their ways follow the solutes as they were.
        let populations = 0..self.setup.populations.len();
        let mut undone = Vec::new();
        for p in populations.clone() {
            undone.push(self.undone(p, attempt.dt));
            for f in self.catalogue.all_of(p) {
                self.extrapolate(f);
            }
        }
        let fits: Vec<bool> = (populations.clone().zip(undone))
            .map(|(p, undone)| self.repair_population(p, undone, attempt, &mut amounts))
            .collect();
        // What cells became of one population came to another: all fall back, or none.
        let apart = populations.clone().any(|p| !fits[p] && linked(&self.setup, p));
        for p in populations {
            if !fits[p] || (apart && linked(&self.setup, p)) {
                self.fall_back(p, attempt, &mut amounts);
            }
        }
        self.crowd_out(&mut amounts);
        self.fit_into_room(attempt, &mut amounts);
        for p in 0..self.setup.populations.len() {
            damage::fit(&self.catalogue, p, &mut self.state, self.setup.grid.plane());
        }
        self.extrapolate_matter(attempt, &mut amounts);
        let mut state = std::mem::replace(&mut self.state, empty());
        self.make_room(&mut state);
        self.state = state;
        for s in 0..self.setup.solutes.len() {
            self.extrapolate_solute(s, attempt, &mut amounts);
        }
        self.state.time = time;
        self.trend = true;
        self.ledger.book(&amounts, &attempt.moved, attempt.dt);
        self.work.steps += 1;
        self.rescale();
        self.contents();
    }

    /// state ← 2·two − full.
    pub(super) fn extrapolate(&mut self, f: usize) {
        let plane = self.setup.grid.plane();
        let (a, b) = (flat(&self.full.fields[f]), flat(&self.two.fields[f]));
        par::planes(plane, flat_mut(&mut self.state.fields[f]), |k, p| {
            let (a, b) = (&a[k * plane..][..plane], &b[k * plane..][..plane]);
            for i in 0..plane {
                p[i] = 2.0 * b[i] - a[i];
            }
        });
    }
}

/// Amounts of the two results of a step.
pub struct Attempt {
    /// Length, s.
    pub dt: f64,
    /// Field with the largest error.
    pub worst: usize,
    coarse: Vec<f64>,
    fine: Vec<f64>,
    /// Magnitudes in each half step, added.
    moved: Vec<f64>,
}

impl Attempt {
    /// Amount of a term in the two half steps.
    pub(super) fn fine(&self, term: usize) -> f64 {
        self.fine[term]
    }
}

pub(super) fn empty() -> State {
    State::default()
}

/// out = max(own·out + Σ weight·field, 0).
fn mix(plane: usize, out: &mut [f64], own: f64, weights: [f64; 3], fields: [&[f64]; 3]) {
    par::planes(plane, out, |k, out| {
        mix_plane(out, own, weights, fields.map(|f| &f[k * plane..][..plane]));
    });
}

kernel! {
    /// A plane of [`mix`].
    fn mix_plane(out: &mut [f64], own: f64, weights: [f64; 3], fields: [&[f64]; 3]) {
        let n = out.len();
        let [a, b, c] = fields.map(|f| &f[..n]);
        for i in 0..n {
            out[i] = (own * out[i] + weights[0] * a[i] + weights[1] * b[i] + weights[2] * c[i]).max(0.0);
        }
    }
}
