//! Cells over one step with the solutes as they are: growth, quiescence, death, lysis in each
//! voxel, then random motility.
//!
//! dn/dt = μ·G(c)·S(c)·(1 − N/K)·n − Σⱼ kⱼHⱼ(c)·n − k_q Q(c)·n + k_w (1 − Q(c))·q + ∇·(D_n ∇n)
//! dq/dt = k_q Q(c)·n − k_w (1 − Q(c))·q − f Σⱼ kⱼHⱼ(c)·q
//! ddⱼ/dt = kⱼHⱼ(c)·(n + f q) − λ dⱼ
//!
//! (a death that needs exposure acts on the last stage of damage instead, see
//! [`super::damage`]).
//!
//! With the rates of its start a step is exact: with g = μGS·Δt, s = Σⱼ kⱼHⱼ·Δt and x = N/K
//!
//! n ← n·e^g/(e^s + g·x·φ), φ = (e^g − e^s)/(g − s), met by the hazards ∫n dt/Δt = n·φ/(e^s + g·x·φ),
//!
//! which is the solution of dn/dt = (g − s − g·x·n/n₀)·n; those left then fall asleep and wake by
//! the solution of that, and dead cells go by theirs. So every value stays positive for any step,
//! what one state loses another gains, and no step counts more cells than fit. The exponentials
//! are those of [`crate::numerics::exponential`].

use super::damage;
use super::setup::{Capacity, Population};
use crate::ground::grid::Grid;
use crate::ground::par;
use crate::kernel;
use crate::numerics::exponential::{MOST, exp, exp_m1, slope};
use crate::numerics::stencil::lanes;
use crate::physics::response::{Combine, Limit, Trigger};

/// Amounts of a step, summed over voxels (cells/m³ times voxels).
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Born.
    pub born: f64,
    /// Gone quiescent.
    pub quiesced: f64,
    /// Woken.
    pub woke: f64,
    /// Died, by cause.
    pub died: Vec<f64>,
    /// Lysed, by cause.
    pub lysed: Vec<f64>,
}

/// Product, minimum, all or any of the factors of `laws`, for the voxels from `at`; without laws
/// the neutral factor of `how`. `factor` is scratch of the length of `out`.
#[inline(always)]
pub(super) fn combine<L>(
    how: Combine,
    laws: &[(usize, L)],
    fill: impl Fn(&L, &[f64], &mut [f64]),
    c: &[&[f64]],
    at: usize,
    factor: &mut [f64],
    out: &mut [f64],
) {
    out.fill(if how == Combine::Any { 0.0 } else { 1.0 });
    for (s, law) in laws {
        fill(law, &c[*s][at..at + out.len()], factor);
        let both = out.iter_mut().zip(&*factor);
        match how {
            Combine::Product | Combine::All => both.for_each(|(o, x)| *o *= x),
            Combine::Minimum => both.for_each(|(o, x)| *o = o.min(*x)),
            Combine::Any => both.for_each(|(o, x)| *o = 1.0 - (1.0 - *o) * (1.0 - x)),
        }
    }
}

/// Combined trigger of a death or of quiescence; fully on without triggers.
#[inline(always)]
pub(super) fn triggers(
    how: Combine,
    laws: &[(usize, Trigger)],
    c: &[&[f64]],
    at: usize,
    factor: &mut [f64],
    out: &mut [f64],
) {
    let how = if laws.is_empty() { Combine::All } else { how };
    combine(how, laws, Trigger::fill, c, at, factor, out);
}

/// What dissolves in a step of `dt` of the dead that are left after it.
pub(super) fn lysed(population: &Population, dt: f64) -> f64 {
    exp_m1((population.lysis * dt).min(MOST))
}

/// Advances a population by `dt` in every voxel, from its fields `old` to `new`: viable, quiescent
/// if it has them, dead by cause, stages of damage. `c` is what the cells feel (see [`super::flow::felt`]), `counted` the
/// cells that count towards its capacity, both as before the step.
pub fn react(
    population: &Population,
    grid: &Grid,
    c: &[&[f64]],
    counted: Option<(&[f64], Capacity)>,
    dt: f64,
    old: &[&[f64]],
    new: Vec<&mut [f64]>,
) -> Changes {
    let plane = grid.plane();
    let weights = grid.weights();
    let task = Task { population, grid, c, counted, dt, old, weights: &weights };
    let planes = par::planes_many_map(plane, new, |k, fields| react_plane(&task, k, fields));
    let causes = population.deaths.len();
    let mut total =
        Changes { died: vec![0.0; causes], lysed: vec![0.0; causes], ..Changes::default() };
    for p in planes {
        total.born += p.born;
        total.quiesced += p.quiesced;
        total.woke += p.woke;
        for j in 0..causes {
            total.died[j] += p.died[j];
            total.lysed[j] += p.lysed[j];
        }
    }
    total
}

/// What [`react`] is given, and the volumes of the voxels of a row.
struct Task<'a> {
    population: &'a Population,
    grid: &'a Grid,
    c: &'a [&'a [f64]],
    counted: Option<(&'a [f64], Capacity)>,
    dt: f64,
    old: &'a [&'a [f64]],
    weights: &'a [f64],
}

kernel! {
    /// Plane `k` of [`react`].
    fn react_plane(task: &Task, k: usize, fields: &mut [&mut [f64]]) -> Changes {
        let Task { population, grid, c, counted, dt, old, weights } = *task;
        let [nx, ny, _] = grid.n;
        let plane = nx * ny;
        let causes = population.deaths.len();
        let resting = population.quiescence.is_some();
        let mut changes =
            Changes { died: vec![0.0; causes], lysed: vec![0.0; causes], ..Changes::default() };
        let mut growth = vec![0.0; nx];
        let mut factor = vec![0.0; nx];
        let mut trigger = vec![0.0; nx];
        let mut hazards = vec![vec![0.0; nx]; causes];
        let mut sum = vec![0.0; nx];
        let mut booked = vec![0.0; nx];
        let mut crowd = vec![0.0; nx];
        // Cells that the hazards met, as a mean over the step.
        let mut exposed = vec![0.0; nx];
        let lost = lysed(population, dt);
        let kept = 1.0 / (1.0 + lost);
        let crowded = counted.map_or(0.0, |(_, capacity)| 1.0 / capacity.density);
        let (viable, rest) = fields.split_at_mut(1);
        let (quiescent, rest) = rest.split_at_mut(usize::from(resting));
        let (dead, damaged) = rest.split_at_mut(causes);
        for j in 0..ny {
            let at = k * plane + j * nx;
            let row = j * nx..(j + 1) * nx;
            let states = viable.iter_mut().chain(&mut *quiescent).chain(&mut *dead);
            for (old, new) in old.iter().zip(states.chain(&mut *damaged)) {
                new[row.clone()].copy_from_slice(&old[at..][..nx]);
            }
            growth.fill(0.0);
            if let Some(g) = &population.growth {
                combine(g.combine, &g.limits, Limit::fill, c, at, &mut factor, &mut growth);
                for x in &mut growth {
                    *x *= dt * g.rate;
                }
                for (s, law) in &population.stimulation {
                    for (x, c) in growth.iter_mut().zip(&c[*s][at..]) {
                        *x *= law.factor(c.max(0.0));
                    }
                }
            }
            sum.fill(0.0);
            for (hazard, death) in hazards.iter_mut().zip(&population.deaths) {
                triggers(death.combine, &death.when, c, at, &mut factor, hazard);
                if death.exposure.is_some() {
                    continue;
                }
                for (h, s) in hazard.iter_mut().zip(&mut sum) {
                    *h = (*h * dt * death.rate).min(MOST);
                    *s += *h;
                }
            }
            let logistic = population.growth.as_ref().is_some_and(|g| g.logistic);
            match counted {
                Some((counted, _)) if logistic => {
                    for (x, counted) in crowd.iter_mut().zip(&counted[at..]) {
                        *x = (counted * crowded).min(1.0);
                    }
                }
                _ => crowd.fill(0.0),
            }
            let viable = &mut viable[0][row.clone()];
            for i in 0..nx {
                let (g, s, x) = (growth[i].min(MOST), sum[i], crowd[i]);
                let (both, died) = (slope(g, s), exp(s));
                let below = died + g * x * both;
                exposed[i] = viable[i] * both / below;
                booked[i] = g * (1.0 - x) * exposed[i];
                viable[i] = viable[i] * exp(g) / below;
            }
            changes.born += lanes(nx, |i| weights[i] * booked[i]);
            let mut resting = quiescent.first_mut().map(|q| &mut q[row.clone()]);
            if let (Some(q), Some(quiescent)) = (&population.quiescence, &mut resting) {
                triggers(q.combine, &q.when, c, at, &mut factor, &mut trigger);
                let (mut gone, mut woke) = (0.0, 0.0);
                for i in 0..nx {
                    let s = q.death_factor * sum[i];
                    let left = 1.0 / exp(s);
                    exposed[i] += q.death_factor * (quiescent[i] * slope(s, 0.0) * left);
                    // Those who are left fall asleep and wake.
                    let cells = [viable[i], quiescent[i] * left];
                    let [[n, r], [up, down]] = damage::exchange(q, dt, trigger[i], cells);
                    (viable[i], quiescent[i]) = (n + up, r + down);
                    gone += weights[i] * down;
                    woke += weights[i] * up;
                }
                changes.quiesced += gone;
                changes.woke += woke;
            }
            if !damaged.is_empty() {
                let passed = damage::Passed { dt, sum: &sum, trigger: &trigger };
                damage::follow(population, &passed, damaged, &row);
            }
            // From here on `hazards` holds deaths.
            for (hazard, death) in hazards.iter_mut().zip(&population.deaths) {
                if death.exposure.is_none() {
                    hazard.iter_mut().zip(&exposed).for_each(|(h, n)| *h *= n);
                }
            }
            if !damaged.is_empty() {
                damage::suffer(population, dt, &mut hazards, viable, resting, damaged, &row);
            }
            for (cause, died) in hazards.iter().enumerate() {
                let dead = &mut dead[cause][row.clone()];
                changes.died[cause] += lanes(nx, |i| weights[i] * died[i]);
                dead.iter_mut().zip(died).for_each(|(n, died)| *n = (*n + died) * kept);
                changes.lysed[cause] += lanes(nx, |i| weights[i] * (lost * dead[i]));
            }
        }
        changes
    }
}
