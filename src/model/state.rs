//! The unknowns: which fields there are, and their values at one time.

use std::ops::Range;

use ndarray::Array3;

use super::setup::{Initial, Setup};
use crate::ground::grid::Grid;
use crate::ground::par;

/// A value a voxel, shape (nz, ny, nx).
pub type Field = Array3<f64>;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Concentration of a solute, mol/m³ of fluid.
    Solute(usize),
    /// Viable cells of a population, cells/m³.
    Viable(usize),
    /// Quiescent cells of a population, cells/m³.
    Quiescent(usize),
    /// Dead cells of a population by cause, cells/m³.
    Dead(usize, usize),
    /// Cells of a population in a stage of damage by a cause, cells/m³: a part of its quiescent
    /// cells when `resting`, else of its viable ones. Stages follow each other in the catalogue.
    Damaged {
        /// The population.
        population: usize,
        /// The cause.
        cause: usize,
        /// Of the quiescent cells.
        resting: bool,
    },
    /// Volume fraction of the scaffold.
    Scaffold,
    /// Mass of a matrix per total volume, kg/m³.
    Matrix(usize),
}

/// A field's name and meaning.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Name in output: "oxygen", "msc.viable", "msc.quiescent", "msc.dead.hypoxia".
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// The list of all fields; positions are the numbers of the fields.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Fields in order: solutes, then each population's viable, quiescent, dead, damaged,
    /// then scaffold and matrix.
    pub specs: Vec<Spec>,
}

impl Catalogue {
    /// The fields of a case.
    pub fn new(setup: &Setup) -> Catalogue {
        let mut specs = Vec::new();
        let mut push = |name: String, kind| specs.push(Spec { name, kind });
        for (s, solute) in setup.solutes.iter().enumerate() {
            push(solute.name.clone(), Kind::Solute(s));
        }
        for (p, population) in setup.populations.iter().enumerate() {
            let name = &population.name;
            push(format!("{name}.viable"), Kind::Viable(p));
            if population.quiescence.is_some() {
                push(format!("{name}.quiescent"), Kind::Quiescent(p));
            }
            for (j, death) in population.deaths.iter().enumerate() {
                push(format!("{name}.dead.{}", death.cause), Kind::Dead(p, j));
            }
            for (j, death) in population.deaths.iter().enumerate() {
                let Some(exposure) = death.exposure else { continue };
                let states = [(false, "damaged"), (true, "quiescent-damaged")];
                for (resting, state) in states {
                    if resting && population.quiescence.is_none() {
                        continue;
                    }
                    for m in 1..=exposure.stages {
                        let name = format!("{name}.{state}.{}.{m}", death.cause);
                        push(name, Kind::Damaged { population: p, cause: j, resting });
                    }
                }
            }
        }
        if setup.matter.degradation.is_some() {
            push("scaffold".into(), Kind::Scaffold);
        }
        for (m, matrix) in setup.matter.matrices.iter().enumerate() {
            push(matrix.name.clone(), Kind::Matrix(m));
        }
        Catalogue { specs }
    }

    /// Number of the field of this kind.
    pub fn number(&self, kind: Kind) -> Option<usize> {
        self.specs.iter().position(|s| s.kind == kind)
    }

    /// Numbers of all fields of a population, viable first, that together hold its cells.
    pub fn of_population(&self, population: usize) -> Vec<usize> {
        let belongs = |kind: Kind| match kind {
            Kind::Viable(p) | Kind::Quiescent(p) | Kind::Dead(p, _) => p == population,
            Kind::Solute(_) | Kind::Damaged { .. } | Kind::Scaffold | Kind::Matrix(_) => false,
        };
        (0..self.specs.len()).filter(|&f| belongs(self.specs[f].kind)).collect()
    }

    /// Chains of damage of a population: the field of the cells that carry it, and its stages.
    pub fn chains(&self, population: usize) -> Vec<(usize, Range<usize>)> {
        let mut out = Vec::new();
        let mut start = 0;
        for run in self.specs.chunk_by(|a, b| a.kind == b.kind) {
            let stages = start..start + run.len();
            start = stages.end;
            let Kind::Damaged { population: p, resting, .. } = run[0].kind else { continue };
            let holder = if resting { Kind::Quiescent(p) } else { Kind::Viable(p) };
            if let (true, Some(holder)) = (p == population, self.number(holder)) {
                out.push((holder, stages));
            }
        }
        out
    }

    /// Numbers of all fields of a population, its stages of damage last.
    pub fn all_of(&self, population: usize) -> Vec<usize> {
        let stages = self.chains(population).into_iter().flat_map(|c| c.1);
        self.of_population(population).into_iter().chain(stages).collect()
    }

    /// Numbers of the fields that move with the viable cells of a population, these first: their
    /// stages of damage are a part of them and go where they go.
    pub fn mobile(&self, population: usize) -> Vec<usize> {
        let viable = self.number(Kind::Viable(population));
        let chains = self.chains(population).into_iter();
        let along = chains.filter(|c| Some(c.0) == viable).flat_map(|c| c.1);
        viable.into_iter().chain(along).collect()
    }
}

/// All unknowns at one time.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Time, s.
    pub time: f64,
    /// Fields in the order of the catalogue.
    pub fields: Vec<Field>,
    /// Bath concentrations: one list a bath, in the order of its solutes.
    pub baths: Vec<Vec<f64>>,
    /// Where the porosity changes: porosity of each voxel times its volume over the mean one; else
    /// empty.
    pub storage: Vec<f64>,
}

/// Values of a field as a flat slice, x fastest.
pub fn flat(field: &Field) -> &[f64] {
    field.as_slice().unwrap_or(&[])
}

/// As [`flat`], to change.
pub fn flat_mut(field: &mut Field) -> &mut [f64] {
    field.as_slice_mut().unwrap_or(&mut [])
}

/// A field of zeros.
pub fn zeros(grid: &Grid) -> Field {
    Array3::zeros((grid.n[2], grid.n[1], grid.n[0]))
}

impl State {
    /// The state as seeded; solutes that start from their steady solution are zero for now. The
    /// seeding is taken from the setup: it would be held twice.
    pub fn initial(setup: &mut Setup, catalogue: &Catalogue) -> State {
        let populations = setup.populations.iter_mut();
        let mut seeding: Vec<_> = populations.map(|p| std::mem::take(&mut p.seeding)).collect();
        let solid: Vec<f64> = if catalogue.number(Kind::Scaffold).is_some() {
            setup.structure.porosity.iter().map(|e| 1.0 - e).collect()
        } else {
            Vec::new()
        };
        let (open, plane) = (setup.structure.open.as_deref(), setup.grid.plane());
        let field = |spec: &Spec| {
            let mut field = zeros(&setup.grid);
            let seeded = match spec.kind {
                Kind::Viable(p) => std::mem::take(&mut seeding[p]),
                _ => Vec::new(),
            };
            if open.is_none() && seeded.len() == setup.grid.len() {
                return Array3::from_shape_vec(field.raw_dim(), seeded).unwrap_or(field);
            }
            let (uniform, values) = match spec.kind {
                Kind::Solute(s) => match &setup.solutes[s].initial {
                    Initial::Uniform(v) => (*v, &[][..]),
                    Initial::Field(v) => (0.0, &v[..]),
                    Initial::Steady => return field,
                },
                Kind::Viable(_) => (0.0, &seeded[..]),
                Kind::Matrix(m) => (0.0, &setup.matter.matrices[m].initial[..]),
                Kind::Scaffold => (0.0, &solid[..]),
                _ => return field,
            };
            par::planes(plane, flat_mut(&mut field), |k, f| {
                match values.get(k * plane..) {
                    Some(values) if !values.is_empty() => f.copy_from_slice(&values[..plane]),
                    _ => f.fill(uniform),
                }
                for (f, open) in f.iter_mut().zip(open.iter().flat_map(|o| &o[k * plane..])) {
                    *f = if *open { *f } else { 0.0 };
                }
            });
            field
        };
        State {
            time: 0.0,
            fields: catalogue.specs.iter().map(field).collect(),
            baths: setup.baths.iter().map(|b| b.solutes.iter().map(|s| s.1).collect()).collect(),
            storage: Vec::new(),
        }
    }
}
