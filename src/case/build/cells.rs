//! Cell populations.

use super::solutes::rate;
use super::{Builder, World};
use crate::case::checked::{Checked, Value};
use crate::case::shape::Range;
use crate::case::words::brief;
use crate::geometry::shapes;
use crate::ground::grid::Grid;
use crate::ground::par;
use crate::ground::units::{self, CELL_DENSITY, TIME};
use crate::model::setup::{
    Death, Differentiation, Exposure, Growth, Modifier, Population, Production, Quiescence,
    Reseeding,
};
use crate::physics::kinetics::Uptake;
use crate::physics::law::LawInfo;
use crate::physics::response::{Below, Combine, Limit, Modulation, Trigger};

/// Stages of damage where a case says nothing: times until death spread by half their mean.
const STAGES: usize = 4;

const DENSITIES: Range = Range::not_negative(CELL_DENSITY);

impl Builder<'_> {
    /// All populations; `duration` is that of the run.
    pub(super) fn populations(
        &mut self,
        world: &World<'_>,
        duration: Option<f64>,
    ) -> Option<Vec<Population>> {
        let root = self.root;
        let all: Vec<Option<Population>> = root
            .entries_of("cells")
            .iter()
            .map(|(name, at)| self.population(name, at, world, duration))
            .collect();
        all.into_iter().collect()
    }

    fn population(
        &mut self,
        name: &str,
        at: &Checked,
        world: &World<'_>,
        duration: Option<f64>,
    ) -> Option<Population> {
        let seeding = self.seeding(name, at, world);
        let capacity = optional(at.get("capacity").map(|c| self.capacity(c, world)));
        let uptake = self.laws(at, "uptake", world, Uptake::LAWS, Uptake::build, "uptake of");
        let production = self.production(name, at, world, uptake.as_deref());
        let modifiers = self.modifiers(name, at, world, uptake.as_deref());
        let growth = optional(at.get("growth").map(|g| self.growth(at, g, world)));
        let stimulation =
            at.get("growth").map_or(Some(Vec::new()), |g| self.stimulation(name, g, world));
        let quiescence = optional(at.get("quiescence").map(|q| self.quiescence(name, q, world)));
        let deaths = self.deaths(name, at, world);
        let differentiation = self.differentiation(name, at, world);
        let detachment = optional(at.get("detachment").map(|d| self.detachment(name, d, world)));
        let reseeding = self.reseeding(at, world, duration);
        let lysis = at.get("lysis").map_or(Some(0.0), |l| rate(l.get("rate")?));
        let motility = self.motility(at, world, capacity.flatten());
        let taxis = self.taxis(at, world, capacity.flatten());
        Some(Population {
            name: name.into(),
            seeding: seeding?,
            capacity: capacity?,
            uptake: uptake?,
            modifiers: modifiers?,
            production: production?,
            growth: growth?,
            stimulation: stimulation?,
            quiescence: quiescence?.and_then(Acting::law),
            deaths: deaths?,
            lysis: lysis?,
            motility: motility?,
            volume_filling: taxis.as_ref().is_some_and(|t| t.1),
            taxis: taxis?.0,
            differentiation: differentiation?,
            detachment: detachment?.and_then(Acting::law),
            reseeding: reseeding?,
        })
    }

    /// Seeded density of each voxel, per construct volume (per pore voxel when resolved).
    fn seeding(&mut self, name: &str, at: &Checked, world: &World<'_>) -> Option<Vec<f64>> {
        let path = ["cells", name, "seeding", "uniform", "density"];
        let in_region =
            |r: &super::Region<'_>| path[..3].iter().try_fold(r.keys, |v, k| v.get(k)).is_some();
        let seeding = at.get("seeding");
        let all = self.root.entries_of("cells").iter();
        let arrive = at.get("reseeding").is_some()
            || all.flat_map(|(_, a)| a.entries_of("differentiation")).any(|(into, _)| into == name);
        if seeding.is_none() && !arrive && !world.regions.iter().any(in_region) {
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
            Some(Some(("uniform", v))) => {
                self.field_with_regions(world, Some(v.get("density")?), &path, DENSITIES, None)?
            }
            Some(Some((kind, v))) => self.sown(kind, v, world, per_pore, None)?,
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
        per_construct(&mut values, world, per_pore);
        Some(values)
    }

    /// Density of each voxel of one kind of seeding, everywhere or within a place, per pore volume
    /// when `per_pore`.
    fn sown(
        &mut self,
        kind: &str,
        v: &Checked,
        world: &World<'_>,
        per_pore: bool,
        within: Option<&shapes::Shape>,
    ) -> Option<Vec<f64>> {
        let grid = &world.grid;
        let inside = |i: usize| within.is_none_or(|s| s.contains(grid.centre(i)));
        let mut values = match kind {
            "number" => {
                let cells = v.si("of")? * v.si("efficiency")?;
                let weight = |i: usize| {
                    grid.weight(i % grid.n[0])
                        * if per_pore {
                            world.porosity[i]
                        } else {
                            f64::from(u8::from(world.is_open(i)))
                        }
                };
                let all = (0..grid.len()).filter(|i| inside(*i));
                let volume = all.map(weight).sum::<f64>() * grid.voxel_volume();
                // Spread per pore or construct volume; made per construct by the caller.
                vec![if volume > 0.0 { cells / volume } else { 0.0 }; grid.len()]
            }
            "surface" => self.surface(v, world, per_pore)?,
            _ => self.field(v.get("density")?, grid, DENSITIES, None)?,
        };
        for (_, v) in values.iter_mut().enumerate().filter(|(i, _)| !inside(*i)) {
            *v = 0.0;
        }
        Some(values)
    }

    /// Cells added during the run, in the order of their times.
    fn reseeding(
        &mut self,
        at: &Checked,
        world: &World<'_>,
        duration: Option<f64>,
    ) -> Option<Vec<Reseeding>> {
        let per_pore = at.word("counted_per")? == "pore-volume" && world.open.is_none();
        let capacity = at.get("capacity").and_then(|c| self.capacity(c, world)).map(|c| c.density);
        let listed = at.get("reseeding").map_or(&[][..], Checked::list);
        let mut out = Vec::new();
        for item in listed {
            let built = (|| {
                let when = item.get("at")?;
                let time = when.quantity()?;
                if let Some(end) = duration.filter(|end| time >= *end) {
                    self.wrong("E016", when, format!("{} is not before the end", when.key)).label =
                        if end == 0.0 {
                            "a steady run has one moment".into()
                        } else {
                            format!("the run ends at {}", units::readable(end, TIME))
                        };
                }
                let within = match item.get("within") {
                    None => None,
                    Some(w) => {
                        let shape = self.shape(w, &world.grid)?;
                        self.holds_voxels(w, &shape, &world.grid);
                        Some(shape)
                    }
                };
                let seeding = item.get("seeding")?;
                let (kind, v) = seeding.choice()?;
                let mut density = self.sown(kind, v, world, per_pore, within.as_ref())?;
                per_construct(&mut density, world, per_pore);
                let most = density.iter().copied().fold(0.0, f64::max);
                if let Some(capacity) = capacity.filter(|c| most > c * (1.0 + 1e-9)) {
                    let message = format!("{} is above the capacity", seeding.key);
                    self.wrong("E023", seeding, message).label = format!(
                        "up to {} where {} fit",
                        units::readable(most, CELL_DENSITY),
                        units::readable(capacity, CELL_DENSITY)
                    );
                }
                Some(Reseeding { time, density })
            })();
            out.push(built);
        }
        let mut out: Vec<Reseeding> = out.into_iter().collect::<Option<_>>()?;
        out.sort_by(|a, b| a.time.total_cmp(&b.time));
        Some(out)
    }

    /// A place must hold a voxel.
    fn holds_voxels(&mut self, at: &Checked, shape: &shapes::Shape, grid: &Grid) {
        if !self.blind && (0..grid.len()).all(|i| !shape.contains(grid.centre(i))) {
            self.wrong("E022", at, format!("{} holds no voxel", at.key)).label =
                "a voxel belongs to a place when its centre does".into();
        }
    }

    /// Other populations that viable cells turn into.
    fn differentiation(
        &mut self,
        name: &str,
        at: &Checked,
        world: &World<'_>,
    ) -> Option<Vec<Differentiation>> {
        let root = self.root;
        let names: Vec<&str> = root.entries_of("cells").iter().map(|e| e.0.as_str()).collect();
        let mut out = Some(Vec::new());
        for (into, d) in at.entries_of("differentiation") {
            let others = || names.iter().copied().filter(|n| *n != name);
            let Some(number) = names.iter().position(|n| n == into).filter(|_| into != name) else {
                let near = units::nearest(into, others());
                let found = self.wrong(
                    "E021",
                    d,
                    format!("{}: no other population is called `{}`", d.key, brief(into)),
                );
                found.label = near.map(|n| format!("did you mean \"{n}\"?")).unwrap_or_default();
                let listed: Vec<&str> = others().collect();
                found.notes.push(if into == name {
                    format!("cells of {name} are {name} already")
                } else if listed.is_empty() {
                    format!("write [cells.{}] with its laws", brief(into))
                } else {
                    format!("others: {}", listed.join(", "))
                });
                out = None;
                continue;
            };
            let when = self.triggers(d, world, &format!("{name}: differentiation into {into}"));
            let built = match when {
                None => None,
                Some(Acting::No) => continue,
                Some(Acting::Yes(when)) => (|| {
                    let rate = rate(d.get("rate")?)?;
                    Some(Differentiation { into: number, rate, when, combine: combine(d) })
                })(),
            };
            match (built, &mut out) {
                (Some(law), Some(list)) => list.push(law),
                _ => out = None,
            }
        }
        out
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
            // Who takes something up takes a solute.
            let found = if key == "limits" { world.felt(solute) } else { world.solute(solute) };
            let Some(number) = found else {
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
    pub(super) fn absent_law(&mut self, law: &Checked, solute: &str, what: &str) {
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
            let exposure = optional(self.exposure(d));
            let built = match when {
                None => None,
                Some(Acting::No) => continue,
                Some(Acting::Yes(when)) => (|| {
                    Some(Death {
                        cause: cause.clone(),
                        rate: rate(d.get("rate")?)?,
                        when,
                        combine: combine(d),
                        exposure: exposure?,
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

    /// The exposure that a death needs, if it needs one.
    #[expect(clippy::option_option, reason = "absent and wrong are different")]
    fn exposure(&mut self, d: &Checked) -> Option<Option<Exposure>> {
        let Some(time) = d.get("exposure") else {
            let [stages, recovery] = ["stages", "recovery"].map(|k| d.get(k));
            if let Some(key) = stages.or(recovery) {
                let message = format!("{} needs {}.exposure", key.key, d.key);
                self.wrong("E011", key, message)
                    .notes
                    .push("write for example: exposure = \"6 h\"".into());
            }
            return None;
        };
        Some((|| {
            let time = time.quantity()?;
            let recovery = d.get("recovery").map_or(Some(time), Checked::quantity)?;
            let stages = match d.get("stages").map(|s| &s.value) {
                None => STAGES,
                Some(Value::Count(n)) => *n as usize,
                Some(_) => return None,
            };
            Some(Exposure { time, recovery, stages })
        })())
    }

    /// Triggers of a death or of quiescence. An absent solute may keep the law from
    /// acting, since what is plentiful triggers nothing.
    pub(super) fn triggers(
        &mut self,
        at: &Checked,
        world: &World<'_>,
        what: &str,
    ) -> Option<Acting<Vec<(usize, Trigger)>>> {
        let all = combine(at) == Combine::All;
        let missing: Vec<(&str, &Checked)> = at
            .entries_of("when")
            .iter()
            .filter(|(s, _)| world.felt(s).is_none())
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
            let Some(number) = world.felt(solute) else { continue };
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
}

/// Makes densities per construct volume; none in solid.
fn per_construct(values: &mut [f64], world: &World<'_>, per_pore: bool) {
    let plane = world.grid.plane();
    par::planes(plane, values, |k, values| {
        for (i, v) in (k * plane..).zip(values) {
            if !world.is_open(i) {
                *v = 0.0;
            } else if per_pore {
                *v *= world.porosity[i];
            }
        }
    });
}

/// A law, unless an absent solute keeps it from acting.
pub(super) enum Acting<T> {
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

pub(super) fn combine(at: &Checked) -> Combine {
    if at.word("combine") == Some("any") { Combine::Any } else { Combine::All }
}

/// The name at the end of a path.
fn short(key: &str) -> &str {
    key.rsplit('.').find(|k| *k != "growth").unwrap_or(key)
}
