//! A case as plain SI data: what the case floor hands over and the model solves.

mod flow;

use std::sync::Arc;

use crate::ground::grid::Grid;
use crate::ground::signal::Signal;
use crate::physics::acid::Buffer;
use crate::physics::degradation::Degradation;
use crate::physics::kinetics::Uptake;
use crate::physics::migration::{Motility, Taxis};
use crate::physics::release::Release as ReleaseLaw;
use crate::physics::response::{Combine, Limit, Modulation, Stimulation, Trigger};
use crate::physics::transport::Ratio;
pub use flow::{Flow, FlowBoundary, FlowLaw, Known};

/// Everything that a run needs.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Title of the case.
    pub title: String,
    /// The voxel grid.
    pub grid: Grid,
    /// What fills the voxels.
    pub structure: Structure,
    /// Solutes, in the order of the case file.
    pub solutes: Vec<Solute>,
    /// Well-mixed baths.
    pub baths: Vec<Bath>,
    /// Cell populations.
    pub populations: Vec<Population>,
    /// Flow of the medium; `None`: it rests.
    pub flow: Option<Flow>,
    /// Scaffold and matrix, where they change.
    pub matter: Matter,
    /// pH proxy: number of the acid's solute, and the buffer; `None`: not asked for.
    pub ph: Option<(usize, Buffer)>,
    /// Clock, accuracy, output.
    pub run: RunPlan,
    /// Solve for one part where the case is symmetric.
    pub symmetry: bool,
    /// Laws that cannot act because a solute is absent, in words ("death by starvation is not
    /// modelled: no glucose").
    pub silent_laws: Vec<String>,
}

/// Fields of a flow: pressure, superficial velocity, shear on pore walls.
const FLOW_FIELDS: [&str; 3] = ["pressure", "velocity", "wall_shear"];

impl Setup {
    /// Names of the fields of the flow: all by a law, the velocity where it is given, and the shear
    /// where the permeability is.
    pub fn flow_fields(&self) -> &'static [&'static str] {
        match self.flow.as_ref().map(|f| &f.law) {
            None => &[],
            Some(FlowLaw::Given(_)) => &FLOW_FIELDS[1..2],
            Some(FlowLaw::Known(known)) if known.permeability.is_empty() => &FLOW_FIELDS[1..2],
            Some(FlowLaw::Known(_)) => &FLOW_FIELDS[1..],
            Some(_) => &FLOW_FIELDS,
        }
    }

    /// True where the flow or the shear on the walls follows a porosity that changes.
    pub fn flow_changes(&self) -> bool {
        let follows = self.flow.as_ref().is_some_and(|f| match &f.law {
            FlowLaw::Given(_) => false,
            FlowLaw::Known(known) => !known.permeability.is_empty(),
            _ => true,
        });
        follows && self.matter.changing.is_some()
    }

    /// Number of the wall shear among what cells answer to: after all solutes.
    pub fn shear_number(&self) -> usize {
        self.solutes.len()
    }

    /// True where a law of the cells answers to the shear on the pore walls.
    pub fn answers_to_shear(&self) -> bool {
        let shear = self.shear_number();
        let of_cells = |p: &Population| {
            let limits = p.growth.iter().flat_map(|g| &g.limits).map(|l| l.0);
            let when = p.quiescence.iter().flat_map(|q| &q.when);
            let when = when.chain(p.deaths.iter().flat_map(|d| &d.when));
            let when = when.chain(p.differentiation.iter().flat_map(|d| &d.when));
            let when = when.chain(p.detachment.iter().flat_map(|d| &d.when)).map(|w| w.0);
            let faster = p.stimulation.iter().map(|s| s.0);
            limits.chain(when).chain(faster).any(|n| n == shear)
        };
        let deposits = self.matter.matrices.iter().flat_map(|m| &m.deposits);
        self.populations.iter().any(of_cells)
            || deposits.flat_map(|d| &d.limits).any(|l| l.0 == shear)
    }
}

/// The scaffold on the grid.
#[derive(Clone, Debug)]
pub struct Structure {
    /// Fluid volume fraction ε of each voxel; 1 in a resolved pore, 0 in resolved solid.
    pub porosity: Arc<Vec<f64>>,
    /// Resolved pores: true where a voxel is solved. `None`: all are.
    pub open: Option<Vec<bool>>,
    /// Solid through which solutes diffuse. The unknown of a solute is the concentration in the
    /// fluid that would be in balance, c/K, and `porosity` is K in solid.
    pub solid: Option<Solid>,
    /// Voxels of pores that touch no fed face and hold no cells; left out of `open`.
    pub isolated: usize,
    /// A structure of which averages are used.
    pub homogenised: Option<Homogenised>,
}

/// Averages of a structure.
#[derive(Clone, Debug)]
pub struct Homogenised {
    /// Voxels of the structure.
    pub n: [usize; 3],
    /// Pore volume fraction.
    pub porosity: f64,
    /// D_eff/D along the axes, where it was computed from the pores.
    pub ratio: Option<[f64; 3]>,
    /// Porosity by voxel, where that of [`Structure`] counts what the solid stores, too.
    pub pores: Option<Arc<Vec<f64>>>,
}

/// Scaffold and matrix, where they change.
#[derive(Clone, Debug, Default)]
pub struct Matter {
    /// What is left of the scaffold in time; `None`: all of it.
    pub degradation: Option<Degradation>,
    /// Extracellular matrix.
    pub matrices: Vec<Matrix>,
    /// How the porosity follows; `None`: it does not change.
    pub changing: Option<Changing>,
}

/// What follows the porosity, and what takes room besides scaffold and matrix.
#[derive(Clone, Debug)]
pub struct Changing {
    /// Effective diffusivity ratios of the solutes that follow; they share this list.
    pub relative: Arc<Vec<f64>>,
    /// Laws from porosity to that ratio.
    pub laws: Vec<Ratio>,
    /// Number of the law of each voxel; past the end of `laws`, or none: the ratio stays 1.
    pub which: Vec<usize>,
    /// Volume of a cell of each population, m³.
    pub volumes: Vec<f64>,
}

/// A component of the extracellular matrix.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// Name in the case file.
    pub name: String,
    /// Density of the matrix itself, kg/m³: its volume fraction is mass over this.
    pub density: f64,
    /// Largest mass per total volume, kg/m³; `None`: no limit.
    pub largest: Option<f64>,
    /// Mass per total volume at time 0, kg/m³, a value a voxel.
    pub initial: Vec<f64>,
    /// First-order degradation, 1/s.
    pub decay: f64,
    /// Who lays it down.
    pub deposits: Vec<Deposit>,
}

/// Matrix laid down by the viable cells of a population: rate · combine(limits).
#[derive(Clone, Debug)]
pub struct Deposit {
    /// Population.
    pub population: usize,
    /// kg/cell/s without limits.
    pub rate: f64,
    /// Solute number and limit.
    pub limits: Vec<(usize, Limit)>,
    /// Product or minimum.
    pub combine: Combine,
}

/// Solid through which solutes diffuse.
#[derive(Clone, Debug)]
pub struct Solid {
    /// True in solid.
    pub voxels: Vec<bool>,
    /// Concentration in the solid over that in the fluid in balance with it, K.
    pub partition: f64,
}

/// A solute.
#[derive(Clone, Debug)]
pub struct Solute {
    /// Name in the case file.
    pub name: String,
    /// Diffusivity that `relative` multiplies, m²/s: free, or in the scaffold.
    pub diffusivity: f64,
    /// Diffusivity in free fluid, m²/s, where the case gives one (stagnant medium needs it).
    pub free_diffusivity: Option<f64>,
    /// Effective over `diffusivity` per total area, a value a voxel; solutes with the same
    /// closure share it.
    pub relative: Arc<Vec<f64>>,
    /// Factors of the diffusivity along x, y, z (diagonal tensor).
    pub axis: [f64; 3],
    /// Concentration at time 0.
    pub initial: Initial,
    /// Conditions in the order of [`crate::ground::grid::Face::ALL`].
    pub boundaries: [Boundary; 6],
    /// First-order decay in the fluid, 1/s.
    pub decay: f64,
    /// A source that asks nothing; `None`: none.
    pub source: Option<Source>,
    /// Release from the scaffold; `None`: none.
    pub release: Option<Release>,
    /// Molar mass, kg/mol, where the case gives one (output in ng/mL).
    pub molar_mass: Option<f64>,
}

impl Solute {
    /// All that is given for it as it varies in time: at the faces, and of its source.
    pub fn signals(&self) -> impl Iterator<Item = &Signal> {
        let faces = self.boundaries.iter().filter_map(Boundary::signal);
        faces.chain(self.source.iter().map(|s| &s.times))
    }
}

/// A source of a solute: `rate`·`times`(t).
#[derive(Clone, Debug)]
pub struct Source {
    /// mol/m³ of total volume and second, a value a voxel; never negative.
    pub rate: Vec<f64>,
    /// Factor in time, without dimension; never negative.
    pub times: Signal,
}

/// A solute loaded into the scaffold, which it leaves for the fluid.
#[derive(Clone, Debug)]
pub struct Release {
    /// Loaded at time 0, mol/m³ of total volume, a value a voxel.
    pub loaded: Vec<f64>,
    /// Fraction released as a function of time.
    pub law: ReleaseLaw,
}

/// Concentration at time 0.
#[derive(Clone, Debug)]
pub enum Initial {
    /// The same everywhere, mol/m³ of fluid.
    Uniform(f64),
    /// A value a voxel, mol/m³ of fluid.
    Field(Vec<f64>),
    /// The steady solution for the cells as seeded.
    Steady,
}

impl Initial {
    /// The largest value, at least 0; 0 where it is not known yet.
    pub fn largest(&self) -> f64 {
        match self {
            Initial::Uniform(value) => value.max(0.0),
            Initial::Field(values) => values.iter().copied().fold(0.0, f64::max),
            Initial::Steady => 0.0,
        }
    }
}

/// Condition of a solute on a face.
#[derive(Clone, Debug, PartialEq)]
pub enum Boundary {
    /// No flux.
    Sealed,
    /// Concentration on the face, mol/m³.
    Value(Signal),
    /// Flux into the construct, mol/m²/s.
    Flux(Signal),
    /// Film: flux = coefficient·(outside − face value).
    Transfer {
        /// Film coefficient, m/s.
        coefficient: f64,
        /// Concentration outside, mol/m³.
        outside: Signal,
    },
    /// Still medium of this height under a known concentration: a film of D_free/height.
    StagnantMedium {
        /// Height, m.
        height: f64,
        /// Film coefficient D_free/height, m/s.
        coefficient: f64,
        /// Concentration on top, mol/m³.
        top: Signal,
    },
    /// The well-mixed bath with this number.
    Bath(usize),
    /// Fluid enters with this concentration, mol/m³, and nothing diffuses back out
    /// (Danckwerts); sealed where nothing flows.
    Inlet(Signal),
    /// Fluid leaves with what it holds; sealed where nothing flows.
    Outflow,
}

impl Boundary {
    /// True for the bath with this number.
    pub fn is_bath(&self, number: usize) -> bool {
        matches!(self, Boundary::Bath(b) if *b == number)
    }

    /// What is given at the face, a concentration or a flux, as it varies in time.
    pub fn signal(&self) -> Option<&Signal> {
        match self {
            Boundary::Value(s)
            | Boundary::Flux(s)
            | Boundary::Transfer { outside: s, .. }
            | Boundary::StagnantMedium { top: s, .. }
            | Boundary::Inlet(s) => Some(s),
            Boundary::Sealed | Boundary::Bath(_) | Boundary::Outflow => None,
        }
    }
}

/// A well-mixed volume of medium, shared by the faces and solutes that name it.
#[derive(Clone, Debug)]
pub struct Bath {
    /// Name in the case file.
    pub name: String,
    /// Volume, m³.
    pub volume: f64,
    /// Solute number and its concentration in fresh medium, mol/m³.
    pub solutes: Vec<(usize, f64)>,
    /// Times of changes (s, ascending) and the fraction replaced.
    pub changes: Vec<(f64, f64)>,
}

/// A cell population. Densities per total volume; per pore voxel with resolved pores.
#[derive(Clone, Debug)]
pub struct Population {
    /// Name in the case file.
    pub name: String,
    /// Seeded viable cells of each voxel, cells/m³.
    pub seeding: Vec<f64>,
    /// Room for cells.
    pub capacity: Option<Capacity>,
    /// Uptake: solute number and law; quiescent cells take `quiescent_activity` of it.
    pub uptake: Vec<(usize, Uptake)>,
    /// What other solutes do to uptakes.
    pub modifiers: Vec<Modifier>,
    /// Production.
    pub production: Vec<Production>,
    /// Growth; `None`: none.
    pub growth: Option<Growth>,
    /// What speeds growth up: number as in its limits, and factor; all multiply.
    pub stimulation: Vec<(usize, Stimulation)>,
    /// Quiescence; `None`: none.
    pub quiescence: Option<Quiescence>,
    /// Deaths by cause.
    pub deaths: Vec<Death>,
    /// Rate at which dead cells dissolve, 1/s; 0: they stay.
    pub lysis: f64,
    /// Random motility.
    pub motility: Motility,
    /// Drift along gradients.
    pub taxis: Vec<Taxis>,
    /// Drift and motility only into the room that the capacity leaves.
    pub volume_filling: bool,
    /// Viable cells that become viable cells of other populations.
    pub differentiation: Vec<Differentiation>,
    /// Living cells that leave the scaffold with the flow; `None`: all stay.
    pub detachment: Option<Detachment>,
    /// Cells added during the run, in the order of their times.
    pub reseeding: Vec<Reseeding>,
}

/// Detachment: viable and quiescent cells leave the construct at rate · combine(triggers).
#[derive(Clone, Debug)]
pub struct Detachment {
    /// Rate under full triggers, 1/s.
    pub rate: f64,
    /// Solute number or that of the wall shear, and trigger.
    pub when: Vec<(usize, Trigger)>,
    /// All or any.
    pub combine: Combine,
}

/// Differentiation into another population: rate · combine(triggers).
#[derive(Clone, Debug)]
pub struct Differentiation {
    /// The other population.
    pub into: usize,
    /// Rate under full triggers, 1/s.
    pub rate: f64,
    /// Solute number and trigger; none: always on.
    pub when: Vec<(usize, Trigger)>,
    /// All or any.
    pub combine: Combine,
}

/// Viable cells that are added at one time.
#[derive(Clone, Debug)]
pub struct Reseeding {
    /// When, s.
    pub time: f64,
    /// How many in each voxel, cells/m³.
    pub density: Vec<f64>,
}

/// Uptake of one solute multiplied by a factor of another: Pasteur, Crabtree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Modifier {
    /// Solute taken up.
    pub of: usize,
    /// Solute that the factor depends on.
    pub by: usize,
    /// The factor.
    pub law: Modulation,
}

impl Population {
    /// Uptake of a quiescent cell over that of a viable one; 0 where none rests.
    pub fn activity(&self) -> f64 {
        self.quiescence.as_ref().map_or(0.0, |q| q.activity)
    }

    /// Factor of the uptake of solute `of` where the concentrations are `c`.
    pub fn modulation(&self, of: usize, c: &dyn Fn(usize) -> f64) -> f64 {
        let own = self.modifiers.iter().filter(|m| m.of == of);
        own.map(|m| m.law.factor(c(m.by).max(0.0))).product()
    }
}

/// Largest cell density, and what counts towards it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capacity {
    /// cells/m³.
    pub density: f64,
    /// Viable and quiescent cells count (all populations).
    pub counts_viable: bool,
    /// Dead cells not yet lysed count.
    pub counts_dead: bool,
}

/// A solute made by the cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Production {
    /// `yield` mol of `solute` per mol of `of` taken up.
    PerUptake {
        /// Solute made.
        solute: usize,
        /// Solute taken up; comes before `solute` in the order of solving.
        of: usize,
        /// mol/mol.
        yields: f64,
    },
    /// A constant rate per viable cell, mol/cell/s.
    Constant {
        /// Solute made.
        solute: usize,
        /// mol/cell/s.
        rate: f64,
    },
}

/// Growth: rate · combine(limits) · crowding.
#[derive(Clone, Debug)]
pub struct Growth {
    /// Rate without limits, 1/s.
    pub rate: f64,
    /// (1 − counted/capacity) when true.
    pub logistic: bool,
    /// Solute number, or [`Setup::shear_number`], and limit; the same holds for triggers.
    pub limits: Vec<(usize, Limit)>,
    /// Product or minimum.
    pub combine: Combine,
}

/// Viable cells that go quiescent where a trigger is on, and wake where it is off.
#[derive(Clone, Debug)]
pub struct Quiescence {
    /// Rate of going quiescent under a full trigger, 1/s.
    pub rate: f64,
    /// Rate of waking without trigger, 1/s.
    pub recovery: f64,
    /// Uptake of a quiescent cell relative to a viable one, 0…1.
    pub activity: f64,
    /// Death rates of quiescent cells relative to viable ones.
    pub death_factor: f64,
    /// Solute number and trigger.
    pub when: Vec<(usize, Trigger)>,
    /// All or any.
    pub combine: Combine,
}

/// Death by one cause: rate · combine(triggers).
#[derive(Clone, Debug)]
pub struct Death {
    /// Cause: the key in the case file (hypoxia, starvation, toxicity, age, …).
    pub cause: String,
    /// Rate under a full hazard, 1/s.
    pub rate: f64,
    /// Solute number and trigger; none: the hazard is always full.
    pub when: Vec<(usize, Trigger)>,
    /// All or any.
    pub combine: Combine,
    /// Time that the hazard needs before it acts; `None`: it acts at once.
    pub exposure: Option<Exposure>,
}

/// Damage that must build up before a death acts, carried along by the cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposure {
    /// Mean time under a full hazard until death acts, s.
    pub time: f64,
    /// Mean time without hazard until the last stage is healed, s.
    pub recovery: f64,
    /// Stages of damage, 1 … [`MOST_STAGES`](super::damage::MOST_STAGES).
    pub stages: usize,
}

/// Clock, accuracy and output.
#[derive(Clone, Debug)]
pub struct RunPlan {
    /// Length of the run, s; 0 with `steady`.
    pub duration: f64,
    /// Flow and solutes for the cells as seeded; nothing else advances.
    pub steady: bool,
    /// Stop when nothing changes any more; `duration` is the limit.
    pub stop_when_steady: bool,
    /// Accuracies.
    pub accuracy: Accuracy,
    /// Length of fixed locally one-dimensional steps, s; `None`: controlled coupled steps.
    pub lod: Option<f64>,
    /// Times at which fields are written, ascending, s (0 and the end included).
    pub outputs: Vec<f64>,
    /// Times of checkpoints that stay, ascending, s.
    pub checkpoints: Vec<f64>,
    /// Names of the fields to write ("oxygen", "msc.viable" …).
    pub fields: Vec<String>,
    /// True: fields in f64; false: f32.
    pub double: bool,
    /// Unit in which times are printed and written: name and seconds.
    pub time_unit: (&'static str, f64),
}

/// Accuracies of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// Relative error allowed a coupled step.
    pub time: f64,
    /// Relative residual of each solve; `None`: what [`Accuracy::of_solve`] and
    /// [`Accuracy::of_step`] have.
    pub solver: Option<f64>,
    /// Longest step, s.
    pub max_step: f64,
}

impl Accuracy {
    /// Relative residual of a solve.
    pub fn of_solve(&self) -> f64 {
        self.solver.unwrap_or(1e-8)
    }

    /// Relative residual of a solute in a step without flow: the error of the step leaves room for
    /// that of its solves.
    pub fn of_step(&self) -> f64 {
        self.solver.unwrap_or_else(|| (1e-4 * self.time).clamp(1e-8, 1e-7))
    }
}

impl Default for Accuracy {
    fn default() -> Self {
        Accuracy { time: 1e-3, solver: None, max_step: 8.0 * 3600.0 }
    }
}
