//! What the construct is made of besides fluid and cells: scaffold that degrades, matrix that cells
//! lay down.
//!
//! φ_s = φ_s(0)·w(t), exactly; dm/dt = Σ_p k_p n_p P_p(c)·(1 − m/m_max) − k_d m, losses at the end of
//! the step: positive for any step.

use super::cells::combine;
use super::coupling::Attempt;
use super::flow::felt;
use super::setup::Matrix;
use super::solver::Solver;
use super::state::{Kind, State, flat, flat_mut};
use crate::ground::par;
use crate::numerics::stencil::lanes;
use crate::physics::response::Limit;

impl Solver {
    /// Scaffold and matrix over one step, with the cells as they have become and the solutes as they
    /// were.
    pub(super) fn matter(&self, from: &State, to: &mut State, dt: f64, amounts: &mut [f64]) {
        let setup = &self.setup;
        let (plane, volume) = (setup.grid.plane(), setup.grid.voxel_volume());
        let measure = &self.measure;
        if let (Some(law), Some(term), Some(f)) = (
            setup.matter.degradation,
            self.matter_terms.scaffold,
            self.catalogue.number(Kind::Scaffold),
        ) {
            let (left, old) = (law.left(to.time), flat(&from.fields[f]));
            let whole = &setup.structure.porosity;
            let lost = par::planes_map(plane, flat_mut(&mut to.fields[f]), |k, new| {
                let at = k * plane;
                let (e, old, m) = (&whole[at..], &old[at..], &measure[at..]);
                for i in 0..plane {
                    new[i] = if m[i] > 0.0 { (1.0 - e[i]) * left } else { 0.0 };
                }
                lanes(plane, |i| m[i] * (old[i] - new[i]))
            });
            amounts[term] += volume * lost.iter().sum::<f64>();
        }
        for (m, matrix) in setup.matter.matrices.iter().enumerate() {
            let Some(f) = self.catalogue.number(Kind::Matrix(m)) else { continue };
            let (cells, later) = to.fields.split_at_mut(f);
            let Some(new) = later.first_mut() else { continue };
            let viable = |p: usize| self.catalogue.number(Kind::Viable(p)).map(|f| flat(&cells[f]));
            let n: Vec<&[f64]> =
                matrix.deposits.iter().filter_map(|d| viable(d.population)).collect();
            let c = felt(setup, &self.shear, from);
            let old = flat(&from.fields[f]);
            let sums = par::planes_map(plane, flat_mut(new), |k, new| {
                let at = k * plane;
                deposit(matrix, dt, at, &n, &c, &old[at..][..plane], &measure[at..][..plane], new)
            });
            let (deposited, degraded) = self.matter_terms.matrices[m];
            amounts[deposited] += volume * sums.iter().map(|s| s[0]).sum::<f64>();
            amounts[degraded] += volume * sums.iter().map(|s| s[1]).sum::<f64>();
        }
        self.make_room(to);
    }

    /// Makes the extrapolation of scaffold and matrix the state. What a voxel does not hold has not
    /// been degraded.
    pub(super) fn extrapolate_matter(&mut self, attempt: &Attempt, amounts: &mut [f64]) {
        if let (Some(term), Some(f)) =
            (self.matter_terms.scaffold, self.catalogue.number(Kind::Scaffold))
        {
            // Exact, so there is nothing to extrapolate.
            self.state.fields[f].clone_from(&self.two.fields[f]);
            amounts[term] = attempt.fine(term);
        }
        let (plane, volume) = (self.setup.grid.plane(), self.setup.grid.voxel_volume());
        for m in 0..self.setup.matter.matrices.len() {
            let Some(f) = self.catalogue.number(Kind::Matrix(m)) else { continue };
            self.extrapolate(f);
            let measure = &self.measure;
            let below = par::planes_map(plane, flat_mut(&mut self.state.fields[f]), |k, v| {
                let mut below = (0, 0.0);
                for (v, m) in v.iter_mut().zip(&measure[k * plane..]) {
                    if *v < 0.0 {
                        below = (below.0 + 1, below.1 - *v * m);
                        *v = 0.0;
                    }
                }
                below
            });
            let missing = volume * below.iter().map(|b| b.1).sum::<f64>();
            self.work.limited += below.iter().map(|b| b.0).sum::<usize>();
            let (deposited, degraded) = self.matter_terms.matrices[m];
            if missing <= amounts[degraded] {
                amounts[degraded] -= missing;
            } else {
                self.state.fields[f].clone_from(&self.two.fields[f]);
                self.work.limited += self.setup.grid.len();
                for term in [deposited, degraded] {
                    amounts[term] = attempt.fine(term);
                }
            }
        }
    }
}

/// One plane of a matrix from voxel `at`; gives what was deposited and degraded, times volumes.
fn deposit(
    matrix: &Matrix,
    dt: f64,
    at: usize,
    n: &[&[f64]],
    c: &[&[f64]],
    old: &[f64],
    measure: &[f64],
    new: &mut [f64],
) -> [f64; 2] {
    let count = new.len();
    let mut laid = vec![0.0; count];
    let (mut factor, mut limit) = (vec![0.0; count], vec![0.0; count]);
    for (d, n) in matrix.deposits.iter().zip(n) {
        combine(d.combine, &d.limits, Limit::fill, c, at, &mut factor, &mut limit);
        for i in 0..count {
            laid[i] += dt * d.rate * n[at + i] * limit[i];
        }
    }
    let (decay, room) = (dt * matrix.decay, matrix.largest.map_or(0.0, |most| 1.0 / most));
    for i in 0..count {
        let all = 1.0 + laid[i] * room + decay;
        new[i] = (old[i] + laid[i]) / all;
        // laid·(1 − new·room), without the cancellation near the largest mass.
        laid[i] *= (1.0 + decay - old[i] * room) / all;
    }
    [lanes(count, |i| measure[i] * laid[i]), lanes(count, |i| measure[i] * (decay * new[i]))]
}
