//! Characteristic numbers of a case, before it runs.

use crate::ground::grid::Face;
use crate::ground::signal::Signal;
use crate::ground::units::number;
use crate::model::run::STEPS_A_PERIOD;
use crate::model::setup::{Boundary, FlowLaw, Population, Setup, Solute};
use crate::model::solutes::{brings, diffusion_way, fed, feeds};
use crate::model::symmetry;

/// Scales of a solute.
#[derive(Clone, Debug, PartialEq)]
pub struct Scales {
    /// Name.
    pub solute: String,
    /// Mean effective diffusivity per total area, m²/s; along the way from a fed face.
    pub diffusivity: f64,
    /// Longest way from a fed face, m; `None`: no face feeds it.
    pub length: Option<f64>,
    /// Time to even out over the length, ε L²/D, s.
    pub relaxation: Option<f64>,
    /// Concentration with which it is fed, or its initial one, mol/m³.
    pub reference: f64,
    /// Depth over which uptake uses it up, √(D c₀/(V n)), m; `None` without uptake.
    pub depth: Option<f64>,
    /// The depth in voxels of the coarsest axis of more than one.
    pub resolved: Option<f64>,
    /// Thiele modulus φ² = V n L²/(D c₀).
    pub thiele2: Option<f64>,
    /// Uptake of the cells as seeded, all at the reference concentration, mol/s.
    pub demand: f64,
    /// Uptake up to which diffusion feeds the whole length, were it the same everywhere whatever the
    /// concentration, mol/s.
    pub supply: Option<f64>,
    /// Time for which the baths' content meets the demand, s.
    pub lasts: Option<f64>,
}

/// Voxels within which a concentration may fall for its profile to be seen.
const FEWEST: f64 = 2.0;

impl Scales {
    /// What is to be said of a profile that the voxels do not show.
    pub fn coarse(&self) -> Option<String> {
        self.resolved.filter(|r| *r < FEWEST).map(|voxels| {
            format!(
                "the grid is coarse for {}: its concentration falls within {} voxels; take smaller voxels",
                self.solute,
                number(voxels)
            )
        })
    }
}

/// What a run will take, roughly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Memory at most, bytes.
    pub memory: f64,
    /// Disk at most, bytes: fields as if nothing could be compressed, and checkpoints.
    pub disk: f64,
    /// Time on two cores, s.
    pub time: f64,
}

/// Scales of every solute.
pub fn scales(setup: &Setup) -> Vec<Scales> {
    (0..setup.solutes.len()).map(|s| of_solute(setup, s)).collect()
}

/// Voxels that are solved.
pub fn live(setup: &Setup) -> usize {
    setup.structure.open.as_ref().map_or(setup.grid.len(), |o| o.iter().filter(|o| **o).count())
}

/// Cells of a density a voxel, cells/m³, in what is solved.
pub fn cells(setup: &Setup, density: &[f64]) -> f64 {
    let grid = &setup.grid;
    let open = |i: &usize| setup.structure.open.as_ref().is_none_or(|o| o[*i]);
    let all = (0..grid.len()).filter(open).map(|i| density[i] * grid.weight(i % grid.n[0]));
    all.sum::<f64>() * grid.voxel_volume()
}

fn of_solute(setup: &Setup, s: usize) -> Scales {
    let solute = &setup.solutes[s];
    let grid = &setup.grid;
    let open = |i: usize| setup.structure.open.as_ref().is_none_or(|o| o[i]);
    let weights = grid.weights();
    let over = |value: &dyn Fn(usize) -> f64| {
        let all = (0..grid.len()).filter(|i| open(*i));
        all.map(|i| value(i) * weights[i % grid.n[0]]).sum::<f64>()
    };
    let live = over(&|_| 1.0).max(f64::MIN_POSITIVE);
    let mean = |values: &[f64]| over(&|i| values[i]) / live;
    // Along the way from a fed face, else the slowest.
    let way = diffusion_way(setup, s);
    let slowest = solute.axis[..grid.dimensions].iter().fold(f64::INFINITY, |m, a| m.min(*a));
    let free = solute.diffusivity * mean(&solute.relative);
    let diffusivity = free * way.map_or(slowest, |w| w.1);
    let length = way.map(|w| w.0);
    let reference = reference(setup, s);
    let volume = grid.voxel_volume();
    let cells = |p: &Population| over(&|i| p.seeding[i]);
    let (mut demand, mut sink) = (0.0, 0.0);
    for p in &setup.populations {
        for (_, law) in p.uptake.iter().filter(|u| u.0 == s) {
            let modulation = p.modulation(s, &|by| self::reference(setup, by));
            demand += modulation * law.rate(reference) * cells(p) * volume;
            sink += modulation * law.reference_rate(reference) * cells(p) / live;
        }
    }
    let acts = sink > 0.0 && reference > 0.0;
    let depth = acts.then(|| (diffusivity * reference / sink).sqrt());
    let axes = (0..grid.dimensions).filter(|&a| grid.n[a] > 1);
    let coarsest = axes.map(|a| grid.h[a]).reduce(f64::max).unwrap_or(grid.h[0]);
    Scales {
        solute: solute.name.clone(),
        diffusivity,
        length,
        relaxation: length.map(|l| mean(&setup.structure.porosity) * l * l / diffusivity),
        reference,
        depth,
        resolved: depth.map(|d| d / coarsest),
        thiele2: length.filter(|_| acts).map(|l| sink * l * l / (diffusivity * reference)),
        demand,
        // A flow brings more than diffusion: there is no such bound.
        supply: length.filter(|_| setup.flow.is_none()).map(|_| supply(setup, s, free)),
        lasts: lasts(setup, s, demand),
    }
}

/// The largest concentration at the faces, else the initial one.
pub(super) fn reference(setup: &Setup, s: usize) -> f64 {
    fed(setup, s).unwrap_or_else(|| setup.solutes[s].initial.largest())
}

/// Uptake, the same everywhere, that diffusion from the fed faces can just sustain.
///
/// A face that feeds a slab to the depth a brings A c₀/(a/(2D) + 1/k), k of its film; two opposite ones
/// meet where what each can sustain is the same. Axes together bring less than their sum: for
/// boxes the power 4/3 of all is the sum of the powers, within 3 % of the series (Timoshenko
/// and Goodier, Theory of Elasticity, 1970, §109).
fn supply(setup: &Setup, s: usize, diffusivity: f64) -> f64 {
    // A homogenised diffusivity is per total area, a resolved one per open area.
    let open = live(setup) as f64 / setup.grid.len() as f64;
    let solute = &setup.solutes[s];
    let along = |axis: usize| {
        let d = diffusivity * solute.axis[axis];
        let length = setup.grid.length(axis);
        let feeding = |end: bool| {
            let face = Face { axis, end };
            let boundary = &solute.boundaries[face.number()];
            let film = match boundary {
                Boundary::Transfer { coefficient, .. }
                | Boundary::StagnantMedium { coefficient, .. } => 1.0 / coefficient,
                _ => 0.0,
            };
            let c = brings(setup, s, boundary).filter(|_| feeds(boundary)).unwrap_or(0.0);
            (setup.grid.area(face), c, film)
        };
        let sides = [feeding(false), feeding(true)];
        // Depth to which a side sustains the uptake `q` of a volume: q·a²/(2D) + q·a·film = c.
        let depth = |q: f64, (_, c, film): (f64, f64, f64)| {
            let slow = film * d;
            2.0 * d * c / q / (slow + (slow * slow + 2.0 * d * c / q).sqrt()).max(f64::MIN_POSITIVE)
        };
        let reached = |q: f64| sides.iter().map(|side| depth(q, *side)).sum::<f64>();
        // Alone, the better side reaches the other face with a bit less.
        let alone = |(_, c, film): (f64, f64, f64)| c / (length * (length / (2.0 * d) + film));
        let mut low = sides.iter().map(|side| alone(*side)).fold(0.0, f64::max);
        if low == 0.0 {
            return 0.0;
        }
        let mut high = low;
        while reached(high) > length {
            high *= 2.0;
        }
        for _ in 0..60 {
            let q = 0.5 * (low + high);
            if reached(q) > length { low = q } else { high = q }
        }
        let one = |side: (f64, f64, f64)| {
            let (area, c, film) = side;
            let a = depth(high, side);
            if a > 0.0 { open * area * c / (a / (2.0 * d) + film) } else { 0.0 }
        };
        sides.into_iter().map(one).sum::<f64>()
    };
    let sum: f64 = (0..setup.grid.dimensions).map(|a| along(a).powf(4.0 / 3.0)).sum();
    sum.powf(0.75)
}

fn lasts(setup: &Setup, s: usize, demand: f64) -> Option<f64> {
    let stock: f64 = setup
        .baths
        .iter()
        .flat_map(|b| b.solutes.iter().filter(|x| x.0 == s).map(|x| x.1 * b.volume))
        .sum();
    (stock > 0.0 && demand > 0.0).then(|| stock / demand)
}

/// Memory, disk and time, from counts measured on the shipped cases.
pub fn cost(setup: &Setup) -> Cost {
    let fields = crate::model::state::Catalogue::new(setup).specs.len() as f64;
    let solutes = setup.solutes.len() as f64;
    let duration = setup.run.duration;
    let steps = if setup.run.steady {
        10.0
    } else {
        let periods = setup.solutes.iter().flat_map(Solute::signals).filter_map(Signal::period);
        let longest =
            periods.map(|p| p / STEPS_A_PERIOD).fold(setup.run.accuracy.max_step, f64::min);
        let changes = setup.baths.iter().flat_map(|b| &b.changes).filter(|c| c.0 < duration);
        let stops = setup.run.outputs.len().max(changes.count());
        (duration / longest).max(stops as f64) + 40.0
    };
    // Brinkman's law is solved once.
    let iterations = match setup.flow.as_ref().map(|f| &f.law) {
        Some(FlowLaw::Brinkman { .. }) => 5e-5,
        _ => 0.0,
    };
    // Limiters follow the solution from iteration to iteration.
    let solute = if setup.flow.is_some() { 1e-6 } else { 2.5e-7 };
    // The smaller grid of a symmetric case.
    let share = symmetry::grid(setup).len() as f64 / setup.grid.len() as f64;
    let time = match setup.run.lod {
        Some(step) => duration / step * live(setup) as f64 * 2e-9 * solutes,
        None => {
            steps * share * live(setup) as f64 * (solute * solutes + 2e-8 * fields)
                + iterations * setup.grid.len() as f64
        }
    };
    Cost { memory: super::resources::memory(setup), disk: super::resources::disk(setup), time }
}
