//! What is read off a state after each step: totals, minima, the fate of the cells.

use super::solver::Solver;
use super::state::{Kind, flat};
use crate::ground::keep::{Keeper, Misfit};
use crate::ground::par;
use crate::numerics::stencil::{inner, lanes};

/// Smallest value of a solute and where.
#[derive(Clone, Copy, Debug, Default)]
pub struct Least {
    /// mol/m³.
    pub value: f64,
    /// Voxel of the whole grid.
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
        let whole = par::sum(grid.n[2], plane, |k| lanes(plane, |i| measure[k * plane + i]));
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
                let total = inner(v, w);
                if !matches!(spec.kind, Kind::Solute(_)) {
                    return (total, total, 0.0, 0.0);
                }
                let least = smallest(plane, |i| if r[i] > 0.0 { v[i] } else { f64::INFINITY });
                let most = 0.0 - smallest(plane, |i| -v[i]).min(0.0);
                let mean = if std::ptr::eq(weight, measure) { total } else { inner(v, m) };
                (total, mean, least, most)
            });
            survey.totals.push(volume * parts.iter().map(|p| p.0).sum::<f64>());
            if matches!(spec.kind, Kind::Solute(_)) {
                let least = parts.iter().fold(f64::INFINITY, |m, p| m.min(p.2));
                let found = parts.iter().position(|p| p.2 == least && least.is_finite());
                let at = found.map_or(0, |k| k * plane);
                let here = values[at..].iter().zip(&room[at..]).take(plane);
                let voxel = here.clone().position(|(v, r)| *v == least && *r > 0.0);
                let voxel = voxel.map_or(0, |i| grid.number_in_whole(at + i));
                let least = Least { value: least, voxel };
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
            let measure = &solver.measure()[k * plane..][..plane];
            let mut excess = 0.0_f64;
            for c in &capacities {
                let (viable, dead) = (f64::from(c.counts_viable), f64::from(c.counts_dead));
                let most = -smallest(plane, |i| -(viable * alive[i] + dead * gone[i]));
                // Round-off is no excess.
                if most > c.density * (1.0 + 1e-12) {
                    excess = excess.max(most - c.density);
                }
            }
            let sums =
                (lanes(plane, |i| alive[i] * measure[i]), lanes(plane, |i| gone[i] * measure[i]));
            // Without cells there is no fraction.
            for (alive, gone) in alive.iter().zip(&mut gone) {
                let all = alive + *gone;
                *gone = if all < NO_CELLS { f64::INFINITY } else { alive / all };
            }
            let fraction = gone;
            let share = |i: usize, counts: bool| if counts { measure[i] } else { 0.0 };
            let with_cells = lanes(plane, |i| share(i, fraction[i] < f64::INFINITY));
            let dying = lanes(plane, |i| share(i, fraction[i] < 0.5));
            let viable = with_cells - dying;
            let value = smallest(plane, |i| fraction[i]);
            let voxel = fraction.iter().position(|f| *f == value && value < f64::INFINITY);
            let number = |i: usize| grid.number_in_whole(k * plane + i);
            let least = voxel.map(|i| Least { value, voxel: number(i) });
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

/// The smallest of `n` values, in lanes that vectorise.
#[inline(always)]
fn smallest(n: usize, value: impl Fn(usize) -> f64) -> f64 {
    let mut lanes = [f64::INFINITY; 8];
    let whole = n / 8 * 8;
    for start in (0..whole).step_by(8) {
        for (l, least) in lanes.iter_mut().enumerate() {
            let v = value(start + l);
            *least = if v < *least { v } else { *least };
        }
    }
    (whole..n).map(value).chain(lanes).fold(f64::INFINITY, f64::min)
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
