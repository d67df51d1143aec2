//! Differentiation: viable cells of one population become viable cells of another.
//!
//! dn_a/dt = −Σ_b k_ab·F_ab(c)·n_a, dn_b/dt = Σ_a k_ab·F_ab(c)·n_a
//!
//! A sub-step after growth and death, for each population exact with the rates of the start of the step
//! ([`crate::numerics::exponential`]). What one population loses the others gain, and all stay positive
//! for any step. Cells leave every stage of damage alike and arrive unharmed.

use super::cells::triggers;
use super::flow::felt;
use super::setup::Setup;
use super::solver::Solver;
use super::state::{Kind, State, flat, flat_mut};
use crate::ground::par;
use crate::numerics::exponential::{MOST, exp, exp_m1, slope};
use crate::numerics::stencil::lanes;

/// True where cells of this population come from or go to another.
pub(super) fn linked(setup: &Setup, p: usize) -> bool {
    let all = setup.populations.iter().enumerate();
    all.flat_map(|(a, from)| from.differentiation.iter().map(move |d| [a, d.into]))
        .any(|pair| pair.contains(&p))
}

/// Rate of each voxel from `at` times `dt`.
fn rates(
    law: &super::setup::Differentiation,
    c: &[&[f64]],
    at: usize,
    dt: f64,
    factor: &mut [f64],
    out: &mut [f64],
) {
    triggers(law.combine, &law.when, c, at, factor, out);
    for x in out {
        *x = (*x * dt * law.rate).min(MOST);
    }
}

impl Solver {
    /// Differentiation of all populations over `dt` with the solutes of `from`.
    pub(super) fn differentiate(&self, from: &State, to: &mut State, dt: f64, amounts: &mut [f64]) {
        let setup = &self.setup;
        let grid = &setup.grid;
        let [nx, ny, _] = grid.n;
        let plane = nx * ny;
        let weights = grid.weights();
        let c = felt(setup, &self.shear, from);
        // Source, number of its law, law; and, a population, where its moving fields begin.
        let laws: Vec<_> = (setup.populations.iter().enumerate())
            .flat_map(|(p, a)| a.differentiation.iter().enumerate().map(move |(t, l)| (p, t, l)))
            .collect();
        let mut numbers = Vec::new();
        let mut own = Vec::new();
        for p in 0..setup.populations.len() {
            let start = numbers.len();
            numbers.extend(self.catalogue.mobile(p));
            own.push(start..numbers.len());
        }
        let fields = to.fields.iter_mut().enumerate();
        let fields = fields.filter(|(f, _)| numbers.contains(f)).map(|(_, v)| flat_mut(v));
        let sums = par::planes_many_map(plane, fields.collect(), |k, fields| {
            let mut goes = vec![vec![0.0; nx]; laws.len()];
            let (mut factor, mut sum, mut mean) = (vec![0.0; nx], vec![0.0; nx], vec![0.0; nx]);
            let mut moved = vec![0.0; laws.len()];
            for j in 0..ny {
                let at = k * plane + j * nx;
                let row = j * nx..(j + 1) * nx;
                for (p, fields_of) in own.iter().enumerate() {
                    if setup.populations[p].differentiation.is_empty() {
                        continue;
                    }
                    sum.fill(0.0);
                    for (rate, (_, _, law)) in
                        goes.iter_mut().zip(&laws).filter(|(_, law)| law.0 == p)
                    {
                        rates(law, &c, at, dt, &mut factor, rate);
                        sum.iter_mut().zip(&*rate).for_each(|(s, r)| *s += r);
                    }
                    // Of those that are left at the end, as many have gone as of the mean.
                    mean.iter_mut().zip(&sum).for_each(|(m, s)| *m = slope(*s, 0.0));
                    for field in &mut fields[fields_of.clone()] {
                        for (v, s) in field[row.clone()].iter_mut().zip(&sum) {
                            *v /= exp(*s);
                        }
                    }
                    let viable = &fields[fields_of.start][row.clone()];
                    for (rate, _) in goes.iter_mut().zip(&laws).filter(|(_, law)| law.0 == p) {
                        for ((r, n), m) in rate.iter_mut().zip(viable).zip(&mean) {
                            *r *= n * m;
                        }
                    }
                }
                for ((goes, (_, _, law)), moved) in goes.iter().zip(&laws).zip(&mut moved) {
                    let into = &mut fields[own[law.into].start][row.clone()];
                    into.iter_mut().zip(goes).for_each(|(n, g)| *n += g);
                    *moved += lanes(nx, |i| weights[i] * goes[i]);
                }
            }
            moved
        });
        for moved in sums {
            for ((p, t, _), moved) in laws.iter().zip(moved) {
                amounts[self.cell_terms[*p].became[*t]] += grid.voxel_volume() * moved;
            }
        }
    }
}

/// Cells of a voxel that became another population in the extrapolated step of `dt`, cells/m³:
/// the most that may be taken back.
pub(super) fn became(
    solver: (&Setup, &super::state::Catalogue, &[f64]),
    results: [&State; 3],
    (p, t): (usize, usize),
    i: usize,
    dt: f64,
) -> f64 {
    let (setup, catalogue, shear) = solver;
    let [full, half, two] = results;
    let Some(f) = catalogue.number(Kind::Viable(p)) else { return 0.0 };
    let c = felt(setup, shear, half);
    // Where they leave to several populations at once, a little less than has gone.
    let left = |dt: f64| {
        let (mut factor, mut rate) = ([0.0], [0.0]);
        rates(&setup.populations[p].differentiation[t], &c, i, dt, &mut factor, &mut rate);
        exp_m1(rate[0])
    };
    let n = |state: &State| flat(&state.fields[f])[i];
    (2.0 * left(0.5 * dt) * (n(half) + n(two)) - left(dt) * n(full)).max(0.0)
}
