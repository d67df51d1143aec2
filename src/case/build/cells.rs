//! Cell populations.

use super::solutes::rate;
use super::{Builder, World};
use crate::case::checked::Checked;
use crate::case::shape::Range;
use crate::ground::units::{self, CELL_DENSITY};
use crate::model::setup::{Capacity, Death, Growth, Modifier, Population, Production, Quiescence};
use crate::physics::kinetics::Uptake;
use crate::physics::law::LawInfo;
use crate::physics::response::{Below, Combine, Limit, Modulation, Trigger};

const DENSITIES: Range = Range::not_negative(CELL_DENSITY);

impl Builder<'_> {
    pub(super) fn populations(&mut self, world: &World<'_>) -> Option<Vec<Population>> {
        let root = self.root;
        let all: Vec<Option<Population>> = root
            .entries_of("cells")
            .iter()
            .map(|(name, at)| self.population(name, at, world))
            .collect();
        all.into_iter().collect()
    }

    fn population(&mut self, name: &str, at: &Checked, world: &World<'_>) -> Option<Population> {
        let seeding = self.seeding(name, at, world);
        let capacity = optional(at.get("capacity").map(capacity));
        let uptake = self.laws(at, "uptake", world, Uptake::LAWS, Uptake::build, "uptake of");
        let production = self.production(name, at, world, uptake.as_deref());
        let modifiers = self.modifiers(name, at, world, uptake.as_deref());
        let growth = optional(at.get("growth").map(|g| self.growth(at, g, world)));
        let quiescence = optional(at.get("quiescence").map(|q| self.quiescence(name, q, world)));
        let deaths = self.deaths(name, at, world);
        let lysis = at.get("lysis").map_or(Some(0.0), |l| rate(l.get("rate")?));
        let motility = at.get("motility").map_or(Some(0.0), |m| m.chosen("constant")?.quantity());
        Some(Population {
            name: name.into(),
            seeding: seeding?,
            capacity: capacity?,
            uptake: uptake?,
            modifiers: modifiers?,
            production: production?,
            growth: growth?,
            quiescence: quiescence?.and_then(Acting::law),
            deaths: deaths?,
            lysis: lysis?,
            motility: motility?,
        })
    }

    /// Seeded density of each voxel, per construct volume (per pore voxel when resolved).
    fn seeding(&mut self, name: &str, at: &Checked, world: &World<'_>) -> Option<Vec<f64>> {
        let grid = &world.grid;
        let path = ["cells", name, "seeding", "uniform", "density"];
        let in_region =
            |r: &super::Region<'_>| path[..3].iter().try_fold(r.keys, |v, k| v.get(k)).is_some();
        let seeding = at.get("seeding");
        if seeding.is_none() && !world.regions.iter().any(in_region) {
            let key = format!("{}.seeding", at.key);
            let d = self.check.error("E011", &key, format!("{key} is missing"), at.place);
            d.label = format!("in {}", at.key);
            d.notes
                .push("write for example: seeding.uniform = { density = \"2e6 cells/mL\" }".into());
            return None;
        }
        let per_pore = at.word("counted_per")? == "pore-volume" && world.open.is_none();
        let mut values = match seeding.map(|s| s.choice()) {
            Some(None) => return None,
            Some(Some(("number", v))) => {
                let cells = v.si("of")? * v.si("efficiency")?;
                let weight = |i: usize| {
                    grid.weight(i % grid.n[0])
                        * if per_pore {
                            world.porosity[i]
                        } else {
                            f64::from(u8::from(world.is_open(i)))
                        }
                };
                let volume = (0..grid.len()).map(weight).sum::<f64>() * grid.voxel_volume();
                // Spread per pore or construct volume; the factor below makes it per construct.
                vec![cells / volume; grid.len()]
            }
            Some(Some(("surface", v))) => self.surface(v, world, per_pore)?,
            Some(Some((_, v))) => {
                self.field_with_regions(world, Some(v.get("density")?), &path, DENSITIES, None)?
            }
            None => self.field_with_regions(world, None, &path, DENSITIES, None)?,
        };
        if seeding.is_some_and(|s| s.chosen("uniform").is_none()) {
            for region in &world.regions {
                if let Some(here) = path[..3].iter().try_fold(region.keys, |v, k| v.get(k)) {
                    self.wrong(
                        "E020",
                        here,
                        format!("{} needs {}.seeding.uniform", here.key, at.key),
                    )
                    .label = "regions change a density".into();
                }
            }
        }
        for (i, v) in values.iter_mut().enumerate() {
            if !world.is_open(i) {
                *v = 0.0;
            } else if per_pore {
                *v *= world.porosity[i];
            }
        }
        Some(values)
    }

    fn surface(&mut self, v: &Checked, world: &World<'_>, per_pore: bool) -> Option<Vec<f64>> {
        let grid = &world.grid;
        let (density, at) = (v.si("density")?, v.get("face")?);
        let Some(face) = grid.face(at.text()?) else {
            self.no_axis(at, grid);
            return None;
        };
        let layer = if face.end { grid.n[face.axis] - 1 } else { 0 };
        let value = |i: usize| {
            if grid.voxel(i)[face.axis] != layer {
                return 0.0;
            }
            let share = grid.share(face, i) / grid.weight(i % grid.n[0]);
            let volume = density * share / grid.h[face.axis];
            // A count per area stays that count, whatever the porosity.
            if per_pore { volume / world.porosity[i] } else { volume }
        };
        Some((0..grid.len()).map(value).collect())
    }

    /// Laws of a family under the names of solutes.
    pub(super) fn laws<T>(
        &mut self,
        at: &Checked,
        key: &str,
        world: &World<'_>,
        family: &'static [LawInfo],
        build: fn(&str, &[f64]) -> Option<T>,
        what: &str,
    ) -> Option<Vec<(usize, T)>> {
        let mut out = Some(Vec::new());
        for (solute, law) in at.entries_of(key) {
            let Some(number) = world.solute(solute) else {
                let what = format!("{}: {what} {solute}", short(&at.key));
                self.absent_law(law, solute, &what);
                continue;
            };
            let built = law.choice().and_then(|(k, v)| {
                let info = family.iter().find(|l| l.keyword == k)?;
                let values: Option<Vec<f64>> = info.params.iter().map(|p| v.si(p.name)).collect();
                build(k, &values?)
            });
            match (built, &mut out) {
                (Some(law), Some(list)) => list.push((number, law)),
                _ => out = None,
            }
        }
        out
    }

    /// A law for an absent solute: an error when typed, named as silent when from the library.
    fn absent_law(&mut self, law: &Checked, solute: &str, what: &str) {
        let place = law.choice().and_then(|(_, v)| v.place).or(law.place);
        if self.typed(place) {
            self.absent(law, solute);
        } else {
            self.unused.push(law.key.clone());
            self.silent.push(format!("{what} is not modelled: no {solute}"));
        }
    }

    fn production(
        &mut self,
        name: &str,
        at: &Checked,
        world: &World<'_>,
        uptake: Option<&[(usize, Uptake)]>,
    ) -> Option<Vec<Production>> {
        let mut out = Vec::new();
        for (made, law) in at.entries_of("production") {
            let what = format!("{name}: production of {made}");
            let Some(solute) = world.solute(made) else {
                self.absent_law(law, made, &what);
                continue;
            };
            match law.choice()? {
                ("per-uptake", v) => {
                    let of = v.get("of")?;
                    let from = of.text()?;
                    let Some(number) = world.solute(from) else {
                        if self.typed(of.place) {
                            self.absent(of, from);
                        } else {
                            self.unused.push(law.key.clone());
                            self.silent.push(format!("{what} is not modelled: no {from}"));
                        }
                        continue;
                    };
                    if uptake.is_some_and(|u| u.iter().all(|u| u.0 != number)) {
                        self.wrong("E021", of, format!("{}: {name} takes up no {from}", of.key))
                            .label = format!("give cells.{name}.uptake.{from}");
                        continue;
                    }
                    out.push(Production::PerUptake { solute, of: number, yields: v.si("yield")? });
                }
                (_, v) => out.push(Production::Constant { solute, rate: v.si("rate")? }),
            }
        }
        Some(out)
    }

    /// What other solutes do to uptakes.
    fn modifiers(
        &mut self,
        name: &str,
        at: &Checked,
        world: &World<'_>,
        uptake: Option<&[(usize, Uptake)]>,
    ) -> Option<Vec<Modifier>> {
        let mut out = Vec::new();
        let mut whole = true;
        for (taken, others) in at.entries_of("uptake_modifiers") {
            let Some(of) = world.solute(taken) else {
                let what = format!("{name}: uptake of {taken}");
                self.absent_law(others, taken, &what);
                continue;
            };
            if uptake.is_some_and(|u| u.iter().all(|u| u.0 != of)) {
                self.wrong("E021", others, format!("{}: {name} takes up no {taken}", others.key))
                    .label = format!("give cells.{name}.uptake.{taken}");
                continue;
            }
            for (other, v) in others.entries() {
                let Some(by) = world.solute(other) else {
                    self.absent_law(v, other, &format!("{name}: effect of {other} on {taken}"));
                    continue;
                };
                if by == of {
                    self.wrong("E023", v, format!("{} modifies itself", v.key)).label =
                        "choose another law of uptake instead, for example hill".into();
                    continue;
                }
                let law = (|| {
                    let on = Below { half: v.si("half")?, exponent: v.si("exponent")? };
                    Some(Modulation { factor: v.si("factor")?, on })
                })();
                whole &= law.is_some();
                out.extend(law.map(|law| Modifier { of, by, law }));
            }
        }
        whole.then_some(out)
    }

    fn growth(&mut self, at: &Checked, g: &Checked, world: &World<'_>) -> Option<Growth> {
        let limits = self.laws(g, "limits", world, Limit::LAWS, Limit::build, "growth limit by");
        let logistic = g.word("crowding") == Some("logistic");
        if logistic && at.get("capacity").is_none() {
            let key = g.get("crowding").unwrap_or(g);
            self.wrong("E011", key, format!("{} needs {}.capacity", key.key, at.key)).notes.push(
                "write for example: capacity = { density = \"5e13 cells/m^3\", counts = [\"viable\"] }".into(),
            );
        }
        let combine =
            if g.word("combine") == Some("minimum") { Combine::Minimum } else { Combine::Product };
        Some(Growth { rate: rate(g.get("rate")?)?, logistic, limits: limits?, combine })
    }

    fn quiescence(
        &mut self,
        name: &str,
        q: &Checked,
        world: &World<'_>,
    ) -> Option<Acting<Quiescence>> {
        let Acting::Yes(when) = self.triggers(q, world, &format!("{name}: quiescence"))? else {
            return Some(Acting::No);
        };
        Some(Acting::Yes(Quiescence {
            rate: rate(q.get("rate")?)?,
            recovery: rate(q.get("recovery")?)?,
            activity: q.si("activity")?,
            death_factor: q.si("death_factor")?,
            when,
            combine: combine(q),
        }))
    }

    fn deaths(&mut self, name: &str, at: &Checked, world: &World<'_>) -> Option<Vec<Death>> {
        let mut out = Some(Vec::new());
        for (cause, d) in at.entries_of("death") {
            let when = self.triggers(d, world, &format!("{name}: death by {cause}"));
            let built = match when {
                None => None,
                Some(Acting::No) => continue,
                Some(Acting::Yes(when)) => (|| {
                    Some(Death {
                        cause: cause.clone(),
                        rate: rate(d.get("rate")?)?,
                        when,
                        combine: combine(d),
                    })
                })(),
            };
            match (built, &mut out) {
                (Some(death), Some(list)) => list.push(death),
                _ => out = None,
            }
        }
        out
    }

    /// Triggers of a death or of quiescence. An absent solute may keep the law from
    /// acting, since what is plentiful triggers nothing.
    fn triggers(
        &mut self,
        at: &Checked,
        world: &World<'_>,
        what: &str,
    ) -> Option<Acting<Vec<(usize, Trigger)>>> {
        let all = combine(at) == Combine::All;
        let missing: Vec<(&str, &Checked)> = at
            .entries_of("when")
            .iter()
            .filter(|(s, _)| world.solute(s).is_none())
            .map(|(s, law)| (s.as_str(), law))
            .collect();
        let present = at.entries_of("when").len() - missing.len();
        let acts = missing.is_empty() || (!all && present > 0);
        for (solute, law) in &missing {
            let place = law.choice().and_then(|(_, v)| v.place).or(law.place);
            if self.typed(place) {
                self.absent(law, solute);
            } else {
                self.unused.push(if acts { law.key.clone() } else { at.key.clone() });
            }
        }
        if !acts {
            let names: Vec<&str> = missing.iter().map(|m| m.0).collect();
            self.silent.push(format!("{what} is not modelled: no {}", names.join(", no ")));
            return Some(Acting::No);
        }
        let mut out = Some(Vec::new());
        for (solute, law) in at.entries_of("when") {
            let Some(number) = world.solute(solute) else { continue };
            let built = law.choice().and_then(|(k, v)| {
                let info = Trigger::LAWS.iter().find(|l| l.keyword == k)?;
                let values: Option<Vec<f64>> = info.params.iter().map(|p| v.si(p.name)).collect();
                Trigger::build(k, &values?)
            });
            match (built, &mut out) {
                (Some(law), Some(list)) => list.push((number, law)),
                _ => out = None,
            }
        }
        out.map(Acting::Yes)
    }

    /// Seeding must leave room.
    pub(super) fn crowded(&mut self, world: &World<'_>, populations: Option<&[Population]>) {
        let Some(populations) = populations else { return };
        let root = self.root;
        for (p, (_, at)) in populations.iter().zip(root.entries_of("cells")) {
            let Some(capacity) = p.capacity.filter(|c| c.counts_viable) else { continue };
            let total = |i: usize| populations.iter().map(|p| p.seeding[i]).sum::<f64>();
            let most = (0..world.grid.len()).map(total).fold(0.0, f64::max);
            if most > capacity.density * (1.0 + 1e-9) {
                let seeding = at.get("seeding").unwrap_or(at);
                self.wrong("E023", seeding, format!("{} is above the capacity", seeding.key))
                    .label = format!(
                    "up to {} where {} fit",
                    units::readable(most, CELL_DENSITY),
                    units::readable(capacity.density, CELL_DENSITY)
                );
            }
        }
    }
}

/// A law, unless an absent solute keeps it from acting.
enum Acting<T> {
    Yes(T),
    No,
}

impl<T> Acting<T> {
    fn law(self) -> Option<T> {
        if let Acting::Yes(law) = self { Some(law) } else { None }
    }
}

/// A part that need not be there: `None` only when it is there and wrong.
#[expect(clippy::option_option, reason = "absent and wrong are different")]
fn optional<T>(part: Option<Option<T>>) -> Option<Option<T>> {
    match part {
        None => Some(None),
        Some(built) => built.map(Some),
    }
}

fn capacity(at: &Checked) -> Option<Capacity> {
    let counts = at.get("counts")?;
    let has = |word: &str| counts.list().iter().any(|c| c.text() == Some(word));
    Some(Capacity {
        density: at.si("density")?,
        counts_viable: has("viable"),
        counts_dead: has("dead"),
    })
}

fn combine(at: &Checked) -> Combine {
    if at.word("combine") == Some("any") { Combine::Any } else { Combine::All }
}

/// The name at the end of a path.
fn short(key: &str) -> &str {
    key.rsplit('.').find(|k| *k != "growth").unwrap_or(key)
}
