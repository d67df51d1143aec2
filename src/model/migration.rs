//! Cells move for one step: random motility and drift, implicit, positive, conservative.

use super::damage;
use super::room::counts;
use super::setup::Population;
use super::solver::{Desk, Solver, StepFailure, failure};
use super::state::{Catalogue, Kind, State, flat, flat_mut};
use crate::ground::par;
use crate::numerics::drift::{self, Bounds, Drift};
use crate::numerics::flux::{Degenerate, Fitted, Flux, Side, between};
use crate::numerics::newton::{Equation, Inert, NotConverged, Solved, largest, solve};
use crate::numerics::predict::Grows;
use crate::numerics::stencil::Faces;
use crate::physics::migration::{Cue, Motility, haptokinesis};

/// How a population moves in one solve, where that is not diffusion alone.
#[derive(Clone)]
pub(super) enum Way {
    /// Along potentials, or with a motility that varies in space.
    Fitted(Fitted),
    /// With a motility that follows the density.
    Degenerate(Degenerate),
}

impl Flux for Way {
    fn at(&self, side: Side, low: f64, high: f64) -> [f64; 3] {
        match self {
            Way::Fitted(f) => f.at(side, low, high),
            Way::Degenerate(f) => f.at(side, low, high),
        }
    }
    fn linear(&self) -> bool {
        match self {
            Way::Fitted(f) => f.linear(),
            Way::Degenerate(f) => f.linear(),
        }
    }
}

impl Way {
    /// The same fluxes for a part of the cells, with the densities `n` of all as they have become.
    fn of_a_part(self, n: [usize; 3], now: &[f64]) -> Fitted {
        match self {
            Way::Fitted(mut fitted) => {
                let Some((capacity, others)) = fitted.crowd.take() else { return fitted };
                let room =
                    |i: usize| ((capacity - others[i]).max(0.0) - now[i]).max(0.0) / capacity;
                between(n, |Side { axis, face, low, high }| {
                    fitted.low[axis][face] *= room(high);
                    fitted.high[axis][face] *= room(low);
                });
                fitted
            }
            Way::Degenerate(way) => {
                let mut low = way.t;
                between(n, |Side { axis, face, low: i, high: j }| {
                    low[axis][face] *= 0.5 * (now[i] + now[j]);
                });
                Fitted { high: low.clone(), low, crowd: None }
            }
        }
    }
}

impl Population {
    /// True if its cells move at all.
    pub fn moves(&self) -> bool {
        self.motility.largest() > 0.0 || !self.taxis.is_empty()
    }

    /// True if they only diffuse with one motility.
    pub fn only_diffuses(&self) -> bool {
        matches!(self.motility, Motility::Constant(_)) && self.taxis.is_empty()
    }
}

/// Cells that take room beside the viable ones of population `p`, cells/m³.
pub(super) fn others(
    setup_of: &Population,
    catalogue: &Catalogue,
    p: usize,
    state: &State,
) -> Vec<f64> {
    let mut sum = vec![0.0; state.fields.first().map_or(0, ndarray::ArrayBase::len)];
    let Some(capacity) = setup_of.capacity else { return sum };
    for (spec, field) in catalogue.specs.iter().zip(&state.fields) {
        if spec.kind != Kind::Viable(p) && counts(capacity, spec.kind) {
            sum.iter_mut().zip(flat(field)).for_each(|(s, n)| *s += n);
        }
    }
    sum
}

/// The way of population `p` with the solutes of `from` and the cells of `now`; `None` where it
/// diffuses with one motility.
pub(super) fn way(
    population: &Population,
    catalogue: &Catalogue,
    faces: &Faces<f64>,
    p: usize,
    from: &State,
    now: &State,
) -> Option<Way> {
    if population.only_diffuses() {
        return None;
    }
    if let Motility::Porous { diffusivity, capacity } = population.motility {
        return Some(Way::Degenerate(Degenerate::new(faces, diffusivity, capacity)));
    }
    let matrix = |m: usize| catalogue.number(Kind::Matrix(m)).map(|f| flat(&from.fields[f]));
    let cues = population.taxis.iter().filter_map(|t| {
        let field = match t.of {
            Cue::Solute(s) => Some(flat(&from.fields[s])),
            Cue::Matrix(m) => matrix(m),
        };
        Some((t, field?))
    });
    let cues: Vec<_> = cues.collect();
    let potential = |i: usize| -> f64 { cues.iter().map(|(t, c)| t.potential(c[i])).sum() };
    let diffusivity = |side: Side| match population.motility {
        Motility::Haptokinetic { of, largest, at } => matrix(of).map_or(0.0, |m| {
            let [low, high] = [side.low, side.high].map(|i| haptokinesis(m[i], at));
            0.5 * largest * (low + high)
        }),
        other => other.largest(),
    };
    let crowd = match population.capacity {
        Some(capacity) if population.volume_filling => {
            Some((capacity.density, others(population, catalogue, p, now)))
        }
        _ => None,
    };
    Some(Way::Fitted(Fitted::new(faces, diffusivity, potential, crowd)))
}

/// Density of cells that need not be moved, 1/m³; of much smaller ones the squares that a solver sums up
/// underflow.
const NOBODY: f64 = 1e-100;

impl Solver {
    /// Moves the viable cells of a population over `dt`, and with them their stages of damage;
    /// `to` holds them after their reactions.
    pub(super) fn migrate(
        &mut self,
        p: usize,
        from: &State,
        to: &mut State,
        dt: f64,
        stage: usize,
    ) -> Result<(), StepFailure> {
        let population = &self.setup.populations[p];
        let (Some(h), true) = (self.motile, population.moves()) else { return Ok(()) };
        let faces = &self.hierarchies[h].fine;
        let way = way(population, &self.catalogue, faces, p, from, to);
        let n = faces.n;
        let numbers = self.catalogue.mobile(p);
        self.migrate_field(way.clone(), (h, p, stage), numbers[0], to, dt)?;
        if numbers.len() > 1 {
            let viable = flat(&to.fields[numbers[0]]).to_vec();
            let part = way.map(|way| Way::Fitted(way.of_a_part(n, &viable)));
            for &number in &numbers[1..] {
                self.migrate_field(part.clone(), (h, p, stage), number, to, dt)?;
            }
        }
        damage::fit(&self.catalogue, p, to, self.setup.grid.plane());
        Ok(())
    }

    /// Moves one field of population `p`; without a way it diffuses on hierarchy `h`.
    fn migrate_field(
        &mut self,
        way: Option<Way>,
        (h, p, stage): (usize, usize, usize),
        number: usize,
        to: &mut State,
        dt: f64,
    ) -> Result<(), StepFailure> {
        let plane = self.setup.grid.plane();
        let first = self.catalogue.specs[number].kind == Kind::Viable(p);
        let time = to.time - dt;
        let field = flat_mut(&mut to.fields[number]);
        let measure = &self.measure;
        let Desk { scratch, drift, rhs, formula } = &mut self.desks[0];
        par::planes(plane, rhs, |k, r| {
            let n = &field[k * plane..][..plane];
            let measure = &measure[k * plane..][..plane];
            for i in 0..plane {
                r[i] = measure[i] * n[i] / dt;
            }
        });
        let lift = largest(field, plane);
        let missed = &mut self.missed.populations[p][stage];
        if lift < NOBODY {
            if first {
                missed.forget();
            }
            return Ok(());
        }
        let equation = Equation {
            hierarchy: &self.hierarchies[h],
            d: self.setup.populations[p].motility.largest(),
            storage: &self.measure,
            storage_range: self.measure_range,
            shift: 1.0 / dt,
            rhs,
            wall: None,
            reservoirs: &[],
            reservoir_faces: [None; 6],
            outside: [0.0; 6],
            reaction: &Inert,
            lift,
            tolerance: self.setup.run.accuracy.of_solve(),
            bend: 0.0,
        };
        let solved: Result<Solved, NotConverged> = match way {
            None => {
                if first {
                    // Motion never lifts anything above the largest density.
                    missed.correct(plane, dt, Grows::Linear, lift, field, formula);
                }
                let solved = solve(&equation, scratch, field);
                if first && solved.is_ok() {
                    missed.learn(plane, dt, field, formula);
                }
                solved
            }
            Some(mut way) => {
                // Who is there may stay, even where round-off has left less room.
                let most: Option<Vec<f64>> = match &way {
                    Way::Fitted(Fitted { crowd: Some((capacity, others)), .. }) => {
                        let room = |(o, n): (&f64, &f64)| (capacity - o).max(*n);
                        Some(others.iter().zip(&*field).map(room).collect())
                    }
                    _ => None,
                };
                let bounds = most.as_deref().map_or(Bounds::Positive, Bounds::Room);
                let how = Drift { bounds, relative: true };
                drift::solve(&equation, &mut way, &how, drift, field)
            }
        };
        let solved =
            solved.map_err(|e| failure(&self.catalogue.specs[number].name, e, time, dt))?;
        self.work.solves += 1;
        self.work.newton += solved.newton;
        self.work.cycles += solved.cycles;
        self.work.hold(solved.unsettled);
        Ok(())
    }
}
