//! What is read off a state after each step: totals, minima, the fate of the cells.

use super::solver::Solver;
use super::state::{Kind, flat};
use crate::ground::keep::{Keeper, Misfit};
use crate::ground::par;
use crate::numerics::stencil::lanes;

/// Smallest value of a solute and where.
#[derive(Clone, Copy, Debug, Default)]
pub struct Least {
    /// mol/m³.
    pub value: f64,
    /// Voxel.
    pub voxel: usize,
}

impl Least {
    fn keep(&mut self, k: &mut Keeper) -> Result<(), Misfit> {
        let Least { value, voxel } = self;
        k.number("least.value", value)?;
        k.count("least.voxel", voxel)
    }
}

/// Totals of a state.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Time, s.
    pub time: f64,
    /// Integral of each field: mol of solute (in fluid), cells, m³ of scaffold, kg of matrix.
    pub totals: Vec<f64>,
    /// Smallest value of each solute over live voxels.
    pub least: Vec<Least>,
    /// Largest value of each solute.
    pub most: Vec<f64>,
    /// Volume mean of each solute over live voxels, mol/m³.
    pub mean: Vec<f64>,
    /// (viable + quiescent)/(viable + quiescent + dead not lysed), all populations; 1 without
    /// cells.
    pub viable_fraction: f64,
    /// Smallest viable fraction of a voxel with cells, and the voxel.
    pub least_viable: Option<Least>,
    /// Share of the volume with cells whose viable fraction is at least one half.
    pub viable_volume: f64,
    /// Cells/m³ above capacity, the largest excess of any voxel.
    pub excess: f64,
}

/// Densities below this count as no cells, cells/m³ (one cell in 1000 mm³).
const NO_CELLS: f64 = 1e6;

impl Survey {
    /// Reads a state.
    pub fn of(solver: &Solver) -> Survey {
        let grid = &solver.setup.grid;
        let (plane, volume) = (grid.plane(), grid.voxel_volume());
        let (room, measure) = (solver.room(), solver.measure());
        let whole: f64 = measure.iter().sum();
        let mut survey = Survey { time: solver.state.time, ..Survey::default() };
        for (f, spec) in solver.catalogue.specs.iter().enumerate() {
            let values = flat(&solver.state.fields[f]);
            let weight = match spec.kind {
                Kind::Solute(_) => solver.storage(),
                _ => measure,
            };
            let parts = par::map(grid.n[2], plane, |k| {
                let at = k * plane;
                let (v, w) = (&values[at..][..plane], &weight[at..][..plane]);
                let (r, m) = (&room[at..][..plane], &measure[at..][..plane]);
                let mut least = Least { value: f64::INFINITY, voxel: 0 };
                let mut most = 0.0_f64;
                for i in 0..plane {
                    if r[i] > 0.0 && v[i] < least.value {
                        least = Least { value: v[i], voxel: at + i };
                    }
                    most = most.max(v[i]);
                }
                (lanes(plane, |i| v[i] * w[i]), lanes(plane, |i| v[i] * m[i]), least, most)
            });
            survey.totals.push(volume * parts.iter().map(|p| p.0).sum::<f64>());
            if matches!(spec.kind, Kind::Solute(_)) {
                let mut least = Least { value: f64::INFINITY, voxel: 0 };
                for p in parts.iter().filter(|p| p.2.value.is_finite()) {
                    if p.2.value < least.value {
                        least = p.2;
                    }
                }
                survey.least.push(least);
                survey.most.push(parts.iter().fold(0.0, |m, p| m.max(p.3)));
                survey.mean.push(parts.iter().map(|p| p.1).sum::<f64>() / whole);
            }
        }
        survey.cells(solver);
        survey
    }

    pub(super) fn keep(&mut self, k: &mut Keeper) -> Result<(), Misfit> {
        let Survey {
            time,
            totals,
            least,
            most,
            mean,
            viable_fraction,
            least_viable,
            viable_volume,
            excess,
        } = self;
        k.number("survey.time", time)?;
        k.list("survey.totals", totals)?;
        let count = k.length("survey.least", least.len())?;
        least.resize(count, Least::default());
        least.iter_mut().try_for_each(|least| least.keep(k))?;
        k.list("survey.most", most)?;
        k.list("survey.mean", mean)?;
        k.number("survey.viable_fraction", viable_fraction)?;
        k.option("survey.least_viable", least_viable, |k, least| least.keep(k))?;
        k.number("survey.viable_volume", viable_volume)?;
        k.number("survey.excess", excess)
    }

    fn cells(&mut self, solver: &Solver) {
        let grid = &solver.setup.grid;
        let plane = grid.plane();
        let (living, dead) = split(solver);
        self.viable_fraction = 1.0;
        if living.is_empty() {
            return;
        }
        let populations = solver.setup.populations.iter();
        let capacities: Vec<_> = populations.filter_map(|p| p.capacity).collect();
        let parts = par::map(grid.n[2], plane, |k| {
            let mut alive = vec![0.0; plane];
            let mut gone = vec![0.0; plane];
            sum_plane(&living, k, plane, &mut alive);
            sum_plane(&dead, k, plane, &mut gone);
            let mut least: Option<Least> = None;
            let measure = &solver.measure()[k * plane..][..plane];
            let (mut with_cells, mut viable, mut excess) = (0.0, 0.0, 0.0_f64);
            for i in 0..plane {
                let all = alive[i] + gone[i];
                for c in &capacities {
                    let counted = if c.counts_viable { alive[i] } else { 0.0 }
                        + if c.counts_dead { gone[i] } else { 0.0 };
                    // Round-off is no excess.
                    if counted > c.density * (1.0 + 1e-12) {
                        excess = excess.max(counted - c.density);
                    }
                }
                if all < NO_CELLS {
                    continue;
                }
                let fraction = alive[i] / all;
                with_cells += measure[i];
                if fraction >= 0.5 {
                    viable += measure[i];
                }
                if least.is_none_or(|l| fraction < l.value) {
                    least = Some(Least { value: fraction, voxel: k * plane + i });
                }
            }
            let sums =
                (lanes(plane, |i| alive[i] * measure[i]), lanes(plane, |i| gone[i] * measure[i]));
            (sums.0, sums.1, with_cells, viable, least, excess)
        });
        let (mut alive, mut gone, mut with_cells, mut viable) = (0.0, 0.0, 0.0, 0.0);
        for p in parts {
            alive += p.0;
            gone += p.1;
            with_cells += p.2;
            viable += p.3;
            self.excess = self.excess.max(p.5);
            if let Some(l) = p.4
                && self.least_viable.is_none_or(|m| l.value < m.value)
            {
                self.least_viable = Some(l);
            }
        }
        if alive + gone > 0.0 {
            self.viable_fraction = alive / (alive + gone);
        }
        self.viable_volume = if with_cells > 0.0 { viable / with_cells } else { 1.0 };
    }
}

/// Fields of living and of dead cells, all populations.
pub fn split(solver: &Solver) -> (Vec<&[f64]>, Vec<&[f64]>) {
    let (mut living, mut dead) = (Vec::new(), Vec::new());
    for (spec, field) in solver.catalogue.specs.iter().zip(&solver.state.fields) {
        match spec.kind {
            Kind::Viable(_) | Kind::Quiescent(_) => living.push(flat(field)),
            Kind::Dead(..) => dead.push(flat(field)),
            Kind::Solute(_) | Kind::Damaged { .. } | Kind::Scaffold | Kind::Matrix(_) => {}
        }
    }
    (living, dead)
}

fn sum_plane(fields: &[&[f64]], k: usize, plane: usize, out: &mut [f64]) {
    for f in fields {
        for (o, v) in out.iter_mut().zip(&f[k * plane..][..plane]) {
            *o += v;
        }
    }
}
