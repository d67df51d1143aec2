//! Detachment: living cells leave the scaffold, and the construct, with the flow.
//!
//! dn/dt = −k·H(τ, c)·n, and the same for quiescent cells and for the stages of damage of both.
//!
//! A sub-step after growth, death and differentiation, exact with the rates of the start of the step
//! ([`crate::numerics::exponential`]) and positive for any. What has left is a ledger term.

use super::cells::triggers;
use super::flow::felt;
use super::setup::{Detachment, Setup};
use super::solver::Solver;
use super::state::{Kind, State, flat, flat_mut};
use crate::ground::par;
use crate::numerics::exponential::{MOST, exp_m1};
use crate::numerics::stencil::lanes;

/// Cells of each voxel from `at` that leave within `dt` over those that are left after it.
fn rates(law: &Detachment, c: &[&[f64]], at: usize, dt: f64, factor: &mut [f64], out: &mut [f64]) {
    triggers(law.combine, &law.when, c, at, factor, out);
    for x in out {
        *x = exp_m1((dt * law.rate * *x).min(MOST));
    }
}

impl Solver {
    /// Detachment of population `p` over `dt` with the flow and the solutes of `from`.
    pub(super) fn detach(
        &self,
        p: usize,
        from: &State,
        to: &mut State,
        dt: f64,
        amounts: &mut [f64],
    ) {
        let grid = &self.setup.grid;
        let (Some(law), Some(term)) =
            (&self.setup.populations[p].detachment, self.cell_terms[p].detached)
        else {
            return;
        };
        let [nx, ny, _] = grid.n;
        let plane = nx * ny;
        let weights = grid.weights();
        let c = felt(&self.setup, &self.shear, from);
        let living = [Kind::Viable(p), Kind::Quiescent(p)].map(|k| self.catalogue.number(k));
        let living: Vec<usize> = living.into_iter().flatten().collect();
        let stages = self.catalogue.chains(p).into_iter().flat_map(|chain| chain.1);
        // In the order of the catalogue: the living first.
        let numbers: Vec<usize> = living.iter().copied().chain(stages).collect();
        let fields = to.fields.iter_mut().enumerate();
        let fields = fields.filter(|(f, _)| numbers.contains(f)).map(|(_, v)| flat_mut(v));
        let sums = par::planes_many_map(plane, fields.collect(), |k, fields| {
            let (mut factor, mut rate) = (vec![0.0; nx], vec![0.0; nx]);
            let mut gone = 0.0;
            for j in 0..ny {
                let row = j * nx..(j + 1) * nx;
                rates(law, &c, k * plane + row.start, dt, &mut factor, &mut rate);
                for (number, field) in fields.iter_mut().enumerate() {
                    let cells = &mut field[row.clone()];
                    cells.iter_mut().zip(&rate).for_each(|(n, r)| *n /= 1.0 + r);
                    if number < living.len() {
                        gone += lanes(nx, |i| weights[i] * rate[i] * cells[i]);
                    }
                }
            }
            gone
        });
        amounts[term] += grid.voxel_volume() * sums.iter().sum::<f64>();
    }
}

/// Cells of field `f` of population `p` in a voxel that left in the extrapolated step of `dt`,
/// cells/m³: the most that may be taken back.
pub(super) fn detached(
    (setup, shear): (&Setup, &[f64]),
    [full, half, two]: [&State; 3],
    (p, f): (usize, usize),
    i: usize,
    dt: f64,
) -> f64 {
    let Some(law) = &setup.populations[p].detachment else { return 0.0 };
    let c = felt(setup, shear, half);
    let lost = |dt: f64| {
        let (mut factor, mut lost) = ([0.0], [0.0]);
        rates(law, &c, i, dt, &mut factor, &mut lost);
        lost[0]
    };
    let n = |state: &State| flat(&state.fields[f])[i];
    (2.0 * lost(0.5 * dt) * (n(half) + n(two)) - lost(dt) * n(full)).max(0.0)
}
