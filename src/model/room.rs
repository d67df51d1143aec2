//! Room for cells: what counts towards a capacity, and no more births than fit.

use super::setup::Capacity;
use super::solver::Solver;
use super::state::{Catalogue, Kind, State, flat, flat_mut};
use crate::ground::par;

/// True for fields of cells that count towards a capacity.
pub(super) fn counts(capacity: Capacity, kind: Kind) -> bool {
    match kind {
        Kind::Viable(_) | Kind::Quiescent(_) => capacity.counts_viable,
        Kind::Dead(..) => capacity.counts_dead,
        Kind::Solute(_) | Kind::Damaged { .. } | Kind::Scaffold | Kind::Matrix(_) => false,
    }
}

/// Fields of the cells that count towards a capacity, all populations.
fn counting<'a>(catalogue: &Catalogue, state: &'a State, capacity: Capacity) -> Vec<&'a [f64]> {
    let numbers = (0..catalogue.specs.len()).filter(|&f| counts(capacity, catalogue.specs[f].kind));
    numbers.map(|f| flat(&state.fields[f])).collect()
}

/// Cells that count towards a capacity, cells/m³, into `sum`.
pub(super) fn count(
    catalogue: &Catalogue,
    state: &State,
    capacity: Capacity,
    plane: usize,
    sum: &mut Vec<f64>,
) {
    let fields = counting(catalogue, state, capacity);
    sum.resize(flat(&state.fields[0]).len(), 0.0);
    par::planes(plane, sum, |k, sum| {
        sum.fill(0.0);
        for field in &fields {
            for (s, v) in sum.iter_mut().zip(&field[k * plane..]) {
                *s += v;
            }
        }
    });
}

impl Solver {
    /// The capacity that slows a population's growth.
    pub(super) fn logistic(&self, p: usize) -> Option<Capacity> {
        let population = &self.setup.populations[p];
        let needs = population.growth.as_ref().is_some_and(|g| g.logistic);
        population.capacity.filter(|_| needs)
    }

    /// Cells of population `p` in voxel `i` that count towards a capacity, cells/m³.
    fn counting_of(&self, p: usize, capacity: Capacity, state: &State, i: usize) -> f64 {
        let counts = |f: &usize| counts(capacity, self.catalogue.specs[*f].kind);
        let fields = self.catalogue.of_population(p).into_iter().filter(counts);
        fields.map(|f| flat(&state.fields[f])[i]).sum()
    }

    /// Takes back births of the extrapolated step that do not fit: where 2B − A counts more cells
    /// than the capacity, and more than the positive result B, the populations that grow into
    /// this room give up what extrapolation added to them.
    pub(super) fn crowd_out(&mut self, amounts: &mut [f64]) {
        let plane = self.setup.grid.plane();
        let volume = self.setup.grid.voxel_volume();
        let capacities: Vec<Option<Capacity>> =
            (0..self.setup.populations.len()).map(|p| self.logistic(p)).collect();
        for (p, capacity) in capacities.iter().enumerate() {
            let Some(room) = capacity.filter(|_| !capacities[..p].contains(capacity)) else {
                continue;
            };
            count(&self.catalogue, &self.state, room, plane, &mut self.counted);
            let counted = &self.counted;
            let full = par::map(counted.len() / plane, plane, |k| {
                let here = &counted[k * plane..][..plane];
                let over = |i: &usize| here[*i] > room.density;
                (0..plane).filter(over).map(|i| k * plane + i).collect::<Vec<_>>()
            });
            let grow = (p..capacities.len()).filter(|q| capacities[*q] == *capacity);
            let growers: Vec<(usize, usize)> =
                grow.filter_map(|q| Some((q, self.catalogue.number(Kind::Viable(q))?))).collect();
            let fits = counting(&self.catalogue, &self.two, room);
            for i in full.into_iter().flatten() {
                let target = fits.iter().map(|f| f[i]).sum::<f64>().max(room.density);
                // Only what extrapolation added to those who grow into this room: others may grow
                // beyond it.
                let added = |(q, _): &(usize, usize)| {
                    let own = |state: &State| self.counting_of(*q, room, state, i);
                    (own(&self.state) - own(&self.two)).max(0.0)
                };
                let most = growers.iter().map(added).sum();
                let mut excess = (self.counted[i] - target).min(most);
                // Then, where cells stay, so that all others were born here, from those that are.
                for staying in [false, true] {
                    let gives = |q: usize, f: usize, state: &State| {
                        let (n, b) = (flat(&state.fields[f])[i], flat(&self.two.fields[f])[i]);
                        let moves = self.setup.populations[q].moves();
                        match (staying, moves) {
                            (false, _) => (n - b).max(0.0),
                            (true, false) => n,
                            (true, true) => 0.0,
                        }
                    };
                    let all: f64 = growers.iter().map(|g| gives(g.0, g.1, &self.state)).sum();
                    if all <= 0.0 || excess <= 0.0 {
                        continue;
                    }
                    let share = (excess / all).min(1.0);
                    for &(q, f) in &growers {
                        let back = share * gives(q, f, &self.state);
                        flat_mut(&mut self.state.fields[f])[i] -= back;
                        amounts[self.cell_terms[q].born] -= volume * self.measure[i] * back;
                    }
                    excess -= share * all;
                }
            }
        }
    }
}
