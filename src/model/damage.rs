//! Death that needs exposure: cells carry their damage along.
//!
//! For each such cause the viable cells n, and in a chain of their own the quiescent ones, stand
//! in stages s₀ (unharmed) … s_N, with H the hazard, τ the exposure and τ_r the recovery:
//!
//! ds_m/dt = (N·H/τ)(s_{m−1} − s_m) + (N·(1 − H)/τ_r)(s_{m+1} − s_m), death k·H·s_N
//!
//! (no forward term from s_N, no backward one from s₀). Under a full hazard the time until death
//! acts is Erlang-distributed with mean τ and standard deviation τ/√N. s₁ … s_N are fields; s₀ is
//! what remains of n, so the stages always add up to the cells and no budget of their own is
//! needed. Cells that sleep, wake, die or leave take their stages along; cells that are born,
//! seeded or arrive by differentiation are unharmed. With several such causes each has its chain
//! and a death takes from the others' stages in proportion: exact for cells of one history, whose
//! chains are independent, a closure for a mixture of histories.

use std::ops::Range;

use super::setup::{Death, Exposure, Population, Quiescence};
use super::state::{Catalogue, State, flat, flat_mut};
use crate::ground::par;
use crate::numerics::exponential::{MOST, exp, slope};

/// Most stages of a chain.
pub const MOST_STAGES: usize = 32;

/// Causes that need exposure, with their numbers.
fn exposed(population: &Population) -> impl Iterator<Item = (usize, &Death, Exposure)> {
    let all = population.deaths.iter().enumerate();
    all.filter_map(|(j, d)| d.exposure.map(|e| (j, d, e)))
}

/// What a row of voxels went through before the chains advance: over the step, per cell.
pub(super) struct Passed<'a> {
    /// Length of the step, s.
    pub dt: f64,
    /// Deaths of a viable cell by causes without exposure.
    pub sum: &'a [f64],
    /// Trigger of quiescence.
    pub trigger: &'a [f64],
}

/// The stages follow what growth, deaths without exposure and quiescence did to the cells of a row.
pub(super) fn follow(
    population: &Population,
    passed: &Passed<'_>,
    damaged: &mut [&mut [f64]],
    row: &Range<usize>,
) {
    for i in 0..row.len() {
        let at = row.start + i;
        // Births fall on the unharmed.
        let awake_left = 1.0 / exp(passed.sum[i]);
        let rests = population.quiescence.as_ref();
        let asleep_left = rests.map_or(1.0, |q| 1.0 / exp(q.death_factor * passed.sum[i]));
        let mut rest = &mut *damaged;
        for (_, _, exposure) in exposed(population) {
            let (awake, others) = rest.split_at_mut(exposure.stages);
            let resting = if population.quiescence.is_some() { exposure.stages } else { 0 };
            let (asleep, others) = others.split_at_mut(resting);
            rest = others;
            for (m, s) in awake.iter_mut().enumerate() {
                s[at] *= awake_left;
                if let (Some(q), Some(asleep)) = (rests, asleep.get_mut(m)) {
                    let harmed = [s[at], asleep[at] * asleep_left];
                    let [[n, r], [woke, gone]] = exchange(q, passed.dt, passed.trigger[i], harmed);
                    (s[at], asleep[at]) = (n + woke, r + gone);
                }
            }
        }
    }
}

/// Viable and quiescent cells that change places in a step of `dt` at the trigger of quiescence: from n and r
/// of them, those left of each and those who came to each, net of what goes back and forth.
#[inline(always)]
pub(super) fn exchange(q: &Quiescence, dt: f64, trigger: f64, [n, r]: [f64; 2]) -> [[f64; 2]; 2] {
    let sleep = (dt * q.rate * trigger).min(MOST);
    let wake = (dt * q.recovery * (1.0 - trigger)).min(MOST);
    // As rates of a step that takes losses at its end: sums of what is not negative.
    let mean = slope(sleep + wake, 0.0);
    let [sleep, wake] = [sleep * mean, wake * mean];
    let all = 1.0 + sleep + wake;
    [[n * ((1.0 + wake) / all), r * ((1.0 + sleep) / all)], [r * (wake / all), n * (sleep / all)]]
}

/// The chain of one kind of cells in one voxel over a step of backward Euler: `forward`,
/// `backward` and `death` are rates times the step. `stages` holds s₁ … s_N; gives the deaths.
fn advance(
    cells: f64,
    stages: &mut [f64; MOST_STAGES],
    count: usize,
    [forward, backward, death]: [f64; 3],
) -> f64 {
    let unharmed = (cells - stages[..count].iter().sum::<f64>()).max(0.0);
    // Elimination from s₀ on. `own` is a pivot less its forward rate: sums of positive terms
    // only, so that nothing cancels at any length of the step.
    let mut own = 1.0;
    let mut ahead = unharmed / (own + forward);
    let mut pivots = [1.0; MOST_STAGES];
    for m in 0..count {
        let last = m + 1 == count;
        let leaves = if last { death } else { forward };
        own = 1.0 + backward * own / (own + forward);
        pivots[m] = own + leaves;
        ahead = (stages[m] + forward * ahead) / pivots[m];
        stages[m] = ahead;
    }
    for m in (0..count - 1).rev() {
        stages[m] += backward * stages[m + 1] / pivots[m];
    }
    (death * stages[count - 1]).min(cells)
}

/// Advances the chains of a row and takes the deaths in their last stages from the cells.
/// `hazards` holds the hazard of each cause and then its deaths, cells/m³.
pub(super) fn suffer(
    population: &Population,
    dt: f64,
    hazards: &mut [Vec<f64>],
    viable: &mut [f64],
    mut quiescent: Option<&mut [f64]>,
    damaged: &mut [&mut [f64]],
    row: &Range<usize>,
) {
    let resting = quiescent.is_some();
    let share = population.quiescence.as_ref().map_or(1.0, |q| q.death_factor);
    let mut start = 0;
    for (j, death, exposure) in exposed(population) {
        let count = exposure.stages;
        for i in 0..viable.len() {
            let at = row.start + i;
            let hazard = hazards[j][i];
            let forward = dt * count as f64 * hazard / exposure.time;
            let backward = dt * count as f64 * (1.0 - hazard) / exposure.recovery;
            let mut died = 0.0;
            for asleep in [false, true].into_iter().take(1 + usize::from(resting)) {
                let (cells, kill) = match &mut quiescent {
                    Some(q) if asleep => (&mut q[i], dt * death.rate * hazard * share),
                    _ => (&mut viable[i], dt * death.rate * hazard),
                };
                let own = start + if asleep { count } else { 0 };
                let mut stages = [0.0; MOST_STAGES];
                for (s, field) in stages.iter_mut().zip(&damaged[own..own + count]) {
                    *s = field[at];
                }
                let lost = advance(*cells, &mut stages, count, [forward, backward, kill]);
                let left = if *cells > 0.0 { (*cells - lost) / *cells } else { 0.0 };
                *cells -= lost;
                died += lost;
                leave(population, j, [asleep, resting], (&stages, left), damaged, at);
            }
            hazards[j][i] = died;
        }
        start += count * (1 + usize::from(resting));
    }
}

/// Writes the stages of cause `j` at `at`, of those awake or asleep; what its deaths left of the cells
/// stays of the stages of the other causes.
fn leave(
    population: &Population,
    j: usize,
    [asleep, resting]: [bool; 2],
    (stages, left): (&[f64], f64),
    damaged: &mut [&mut [f64]],
    at: usize,
) {
    let mut first = 0;
    for (other, _, exposure) in exposed(population) {
        let own = first + if asleep { exposure.stages } else { 0 };
        for (field, stage) in damaged[own..own + exposure.stages].iter_mut().zip(stages) {
            field[at] = if other == j { *stage } else { field[at] * left };
        }
        first += exposure.stages * (1 + usize::from(resting));
    }
}

/// Keeps the stages of a population within its cells after motility and extrapolation: none
/// negative, together no more than the cells. The unharmed take up the difference: no cell is lost.
pub(super) fn fit(catalogue: &Catalogue, p: usize, state: &mut State, plane: usize) {
    for (holder, stages) in catalogue.chains(p) {
        let cells = std::mem::take(&mut state.fields[holder]);
        let all = flat(&cells);
        let fields = state.fields[stages].iter_mut().map(flat_mut).collect();
        par::planes_many_map(plane, fields, |k, stages| {
            for i in 0..plane {
                let sum: f64 = stages.iter().map(|s| s[i].max(0.0)).sum();
                let cells = all[k * plane + i];
                let factor = if sum > cells { cells / sum } else { 1.0 };
                for s in stages.iter_mut() {
                    s[i] = s[i].max(0.0) * factor;
                }
            }
        });
        state.fields[holder] = cells;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The elimination against the equations it solves, over twelve decades of the rates.
    #[test]
    fn a_step_of_the_chain_solves_its_equations_and_loses_no_cell() {
        for exponent in -6..=6 {
            let rate = 10.0_f64.powi(exponent);
            for (f, b, k) in [(1.0, 0.0, 1.0), (0.3, 2.0, 0.1), (1.0, 1.0, 50.0), (0.0, 1.0, 0.0)] {
                let (f, b, k) = (f * rate, b * rate, k * rate);
                let (old, count) = ([0.2, 0.0, 0.3, 0.1], 4);
                let mut s = [0.0; MOST_STAGES];
                s[..4].copy_from_slice(&old);
                let died = advance(1.0, &mut s, count, [f, b, k]);
                let zero = (0.4 + b * s[0]) / (1.0 + f);
                let all = [zero, s[0], s[1], s[2], s[3]];
                assert!(all.iter().all(|x| *x >= 0.0), "{all:?}");
                assert!((all.iter().sum::<f64>() + died - 1.0).abs() < 1e-14, "{all:?} {died}");
                for m in 1..=4 {
                    let leaves = if m == 4 { k } else { f };
                    let next = if m == 4 { 0.0 } else { all[m + 1] };
                    let rest = all[m] * (1.0 + leaves + b) - f * all[m - 1] - b * next;
                    let size = (all[m] * (1.0 + leaves + b)).max(1e-3);
                    assert!((rest - old[m - 1]).abs() < 1e-14 * size.max(1.0), "{m} {rest} {f}");
                }
            }
        }
    }
}
