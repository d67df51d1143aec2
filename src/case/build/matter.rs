//! Degradation of the scaffold and extracellular matrix.

use super::scaffold::Effective;
use super::solutes::rate;
use super::{Builder, World};
use crate::case::checked::Checked;
use crate::case::shape::Range;
use crate::case::words::one_of;
use crate::ground::units::{self, MASS_DENSITY};
use crate::model::porosity::LEAST_POROSITY;
use crate::model::setup::{Changing, Deposit, Matrix, Matter, Population};
use crate::physics::degradation::Degradation;
use crate::physics::response::{Combine, Limit};

impl Builder<'_> {
    pub(super) fn matter(
        &mut self,
        world: &World<'_>,
        effective: Option<&Effective>,
        populations: Option<&[Population]>,
    ) -> Option<Matter> {
        let scaffold = self.root.get("scaffold").and_then(|s| s.get("degradation"));
        let degradation = scaffold.map(|at| self.degradation(at, world));
        let matrices = self.matrices(world);
        let degradation = match degradation {
            Some(found) => Some(found?),
            None => None,
        };
        let matrices = matrices?;
        let changing = self.root.get("scaffold").and_then(|s| s.get("changing_porosity"));
        let changing = changing
            .filter(|_| self.root.get("scaffold").is_some_and(|s| s.flag("changing_porosity")));
        let changing = match changing {
            Some(at) => Some(self.changing(at, world, effective?, populations?, &matrices)?),
            None => None,
        };
        Some(Matter { degradation, matrices, changing })
    }

    fn changing(
        &mut self,
        at: &Checked,
        world: &World<'_>,
        effective: &Effective,
        populations: &[Population],
        matrices: &[Matrix],
    ) -> Option<Changing> {
        let root = self.root;
        if self.resolved() {
            self.wrong("E023", at, format!("{} has no meaning in resolved pores", at.key)).label =
                "take resolve = \"homogenised\", or a porosity".into();
            return None;
        }
        let free = root.entries_of("solutes").iter().any(|s| s.1.get("diffusivity").is_some());
        let lawless = || effective.which.iter().any(|w| *w >= effective.laws.len());
        if free && (effective.laws.is_empty() || lawless()) {
            let d =
                self.wrong("E011", at, format!("{} needs scaffold.effective_diffusivity", at.key));
            d.label = "the diffusivities follow the porosity".into();
            d.notes.push("write for example: effective_diffusivity.bruggeman = {}".into());
            return None;
        }
        let mut volumes = Some(Vec::new());
        for (_, cells) in root.entries_of("cells") {
            let Some(volume) = cells.get("volume") else {
                let key = format!("{}.volume", cells.key);
                let d = self.check.error("E011", &key, format!("{key} is missing"), cells.place);
                d.label = "scaffold.changing_porosity asks for the volume of a cell".into();
                d.notes.push("write for example: volume = \"2 pL\"".into());
                volumes = None;
                continue;
            };
            match (volume.quantity(), &mut volumes) {
                (Some(v), Some(list)) => list.push(v),
                _ => volumes = None,
            }
        }
        let volumes = volumes?;
        let left = |i: usize| {
            let cells = populations.iter().zip(&volumes).map(|(p, v)| p.seeding[i] * v);
            let matrix = matrices.iter().map(|m| m.initial[i] / m.density);
            world.porosity[i] - cells.sum::<f64>() - matrix.sum::<f64>()
        };
        let least = (0..world.grid.len()).map(left).fold(1.0, f64::min);
        if !self.blind && least <= LEAST_POROSITY {
            self.wrong("E023", at, format!("{}: no fluid is left at the start", at.key)).label = format!(
                "scaffold, matrix and cells leave {} of the volume somewhere",
                units::number(least.max(0.0))
            );
            return None;
        }
        let relative = effective.free.clone();
        let (laws, which) = (effective.laws.clone(), effective.which.clone());
        Some(Changing { relative, laws, which, volumes })
    }

    fn degradation(&mut self, at: &Checked, world: &World<'_>) -> Option<Degradation> {
        if self.resolved() {
            self.wrong("E023", at, format!("{} has no meaning in resolved pores", at.key)).label =
                "take resolve = \"homogenised\", or a porosity".into();
        } else if !self.blind && world.porosity.iter().all(|e| *e == 1.0) {
            self.wrong("E023", at, format!("{} has nothing to degrade", at.key)).label =
                "the porosity is 1: give scaffold.porosity".into();
        }
        let (law, v) = at.choice()?;
        Some(match law {
            "first-order" => Degradation::FirstOrder { rate: rate(v.get("rate")?)? },
            "autocatalytic" => {
                Degradation::Autocatalytic { rate: rate(v.get("rate")?)?, start: v.si("start")? }
            }
            _ => {
                let (start, threshold) = (v.si("start")?, v.si("threshold")?);
                if start < threshold {
                    let start = v.get("start")?;
                    self.wrong("E023", start, format!("{} is below the threshold", start.key))
                        .label = "the scaffold would lose mass at once: take first-order".into();
                }
                Degradation::Threshold {
                    scission: rate(v.get("scission")?)?,
                    ratio: start / threshold,
                    loss: rate(v.get("loss")?)?,
                }
            }
        })
    }

    fn matrices(&mut self, world: &World<'_>) -> Option<Vec<Matrix>> {
        let root = self.root;
        let known: Vec<&str> = root.entries_of("matrix").iter().map(|e| e.0.as_str()).collect();
        for (name, at) in root.entries_of("matrix") {
            let cells = root.entries_of("cells").iter().any(|c| c.0 == *name);
            if cells || world.solute(name).is_some() {
                self.wrong("E026", at, format!("{} has a name that is taken", at.key)).label =
                    "fields are called by these names: take another".into();
            }
        }
        for (name, at) in root.entries_of("solutes").iter().chain(root.entries_of("matrix")) {
            const TAKEN: [&str; 8] = [
                "scaffold",
                "porosity",
                "porosity_of_scaffold",
                "ph",
                "pressure",
                "velocity",
                "wall_shear",
                "viable_fraction",
            ];
            if TAKEN.contains(&name.as_str()) {
                self.wrong("E026", at, format!("{} has a name that is taken", at.key)).label =
                    "a field of the output is called so: take another".into();
            }
        }
        for (cells, at) in root.entries_of("cells") {
            for (name, deposition) in at.entries_of("deposition") {
                if known.contains(&name.as_str()) {
                    continue;
                }
                let near = units::nearest(name, known.iter().copied());
                let message = format!("{}: the case has no matrix `{name}`", deposition.key);
                let d = self.wrong("E021", deposition, message);
                d.label = near.map(|n| format!("did you mean `{n}`?")).unwrap_or_default();
                d.notes.push(if known.is_empty() {
                    format!("write [matrix.{name}] with density = \"1400 kg/m^3\", or leave out what {cells} deposit")
                } else {
                    format!("expected {}", one_of(known.iter().copied()))
                });
            }
        }
        let all: Vec<Option<Matrix>> = root
            .entries_of("matrix")
            .iter()
            .map(|(name, at)| self.matrix(name, at, world))
            .collect();
        all.into_iter().collect()
    }

    fn matrix(&mut self, name: &str, at: &Checked, world: &World<'_>) -> Option<Matrix> {
        let root = self.root;
        let mut initial = match at.get("initial") {
            Some(v) => self.field(v, &world.grid, Range::not_negative(MASS_DENSITY), None),
            None => Some(vec![0.0; world.grid.len()]),
        };
        for (i, m) in initial.iter_mut().flatten().enumerate() {
            *m = if world.is_open(i) { *m } else { 0.0 };
        }
        let (density, largest) = (at.si("density")?, at.si("largest"));
        if let (Some(v), Some(values), false) = (at.get("initial"), &initial, self.blind) {
            let most = values.iter().copied().fold(0.0, f64::max);
            let shown = units::readable(most, MASS_DENSITY);
            let crowded = |(m, e): (&f64, &f64)| *m > e * density * (1.0 + 1e-9);
            if largest.is_some_and(|largest| most > largest) {
                self.wrong("E023", v, format!("{} is above {}.largest: {shown}", v.key, at.key))
                    .label = "deposition ends there: more cannot have been laid down".into();
            } else if values.iter().zip(world.porosity.iter()).any(crowded) {
                self.wrong("E023", v, format!("{} is more than fits: {shown}", v.key)).label =
                    "at its density it takes more than the pores".into();
            }
        }
        let mut deposits = Vec::new();
        for (population, (_, cells)) in root.entries_of("cells").iter().enumerate() {
            let own = cells.entries_of("deposition").iter().find(|d| d.0 == name);
            let Some((_, v)) = own else { continue };
            let what = "deposition limit by";
            let limits = self.laws(v, "limits", world, Limit::LAWS, Limit::build, what);
            let minimum = v.word("combine") == Some("minimum");
            deposits.push((|| {
                Some(Deposit {
                    population,
                    rate: v.si("rate")?,
                    limits: limits?,
                    combine: if minimum { Combine::Minimum } else { Combine::Product },
                })
            })());
        }
        Some(Matrix {
            name: name.into(),
            density,
            largest,
            initial: initial?,
            decay: at.get("degradation").map_or(Some(0.0), rate)?,
            deposits: deposits.into_iter().collect::<Option<_>>()?,
        })
    }
}
