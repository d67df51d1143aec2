//! Solutes, their boundaries, baths, and the order of solving.

use std::sync::Arc;

use super::scaffold::Effective;
use super::{Builder, World};
use crate::case::checked::Checked;
use crate::case::shape::{Range, WALL_SHEAR};
use crate::case::words::{brief, one_of};
use crate::ground::units::{self, CONCENTRATION, DIFFUSIVITY, FLUX};
use crate::model::setup::{Bath, Boundary, Initial, Matter, Population, Production, Solute};
use crate::physics::migration::Cue;

const CONCENTRATIONS: Range = Range::not_negative(CONCENTRATION);

impl Builder<'_> {
    pub(super) fn solutes(
        &mut self,
        world: &World<'_>,
        effective: Option<&Effective>,
    ) -> Option<Vec<Solute>> {
        let root = self.root;
        let solutes: Vec<Option<Solute>> = root
            .entries_of("solutes")
            .iter()
            .map(|(name, at)| self.solute(name, at, world, effective))
            .collect();
        solutes.into_iter().collect()
    }

    fn solute(
        &mut self,
        name: &str,
        at: &Checked,
        world: &World<'_>,
        effective: Option<&Effective>,
    ) -> Option<Solute> {
        let initial = self.initial(name, at, world);
        let boundaries = self.boundaries(name, at, world);
        let decay = at.get("decay").map_or(Some(0.0), rate);
        let source = self.source(name, at, world);
        let release = self.release(name, at, world);
        let effective = effective?;
        let free = at.si("diffusivity");
        let (diffusivity, relative, axis) = match (free, at.get("diffusivity_in_scaffold")) {
            (Some(d), _) => (d, Arc::clone(&effective.free), effective.axis),
            (None, Some(scaffold)) => {
                if self.resolved() {
                    self.wrong(
                        "E023",
                        scaffold,
                        format!("{} has no meaning in resolved pores", scaffold.key),
                    )
                    .label = "give diffusivity, in free fluid".into();
                    return None;
                }
                let d = scaffold.quantity()?;
                (d, relative_in_scaffold(name, d, world, effective)?, [1.0; 3])
            }
            (None, None) => return None,
        };
        self.region_diffusivity_needs_base(name, at, world);
        Some(Solute {
            name: name.into(),
            diffusivity,
            free_diffusivity: free,
            relative,
            axis,
            initial: initial?,
            boundaries: boundaries?,
            decay: decay?,
            source: source?,
            release: release?,
            molar_mass: at.si("molar_mass"),
        })
    }

    fn region_diffusivity_needs_base(&mut self, name: &str, at: &Checked, world: &World<'_>) {
        if at.get("diffusivity_in_scaffold").is_some() {
            return;
        }
        let path = ["solutes", name, "diffusivity_in_scaffold"];
        for region in &world.regions {
            if let Some(here) = path.iter().try_fold(region.keys, |v, k| v.get(k)) {
                let message = format!("{} needs solutes.{name}.diffusivity_in_scaffold", here.key);
                self.wrong("E020", here, message).label =
                    "the solute has a free diffusivity; change porosity or effective_diffusivity here".into();
            }
        }
    }

    fn initial(&mut self, name: &str, at: &Checked, world: &World<'_>) -> Option<Initial> {
        let initial = at.get("initial")?;
        let path = ["solutes", name, "initial"];
        if initial.chosen("steady").is_some() {
            for region in &world.regions {
                if let Some(here) = path.iter().try_fold(region.keys, |v, k| v.get(k)) {
                    self.wrong("E020", here, format!("{} beside initial.steady", here.key)).label =
                        "the steady solution has no regions".into();
                }
            }
            return Some(Initial::Steady);
        }
        let changes = |r: &super::Region| {
            path.iter().try_fold(r.keys, |v, k| super::fields::step(v, k)).is_some()
        };
        if let (Some(value), false) = (initial.quantity(), world.regions.iter().any(changes)) {
            return Some(Initial::Uniform(value));
        }
        let mut values =
            self.field_with_regions(world, Some(initial), &path, CONCENTRATIONS, Some(name))?;
        if let (Some(open), None) = (&world.open, self.diffusing()) {
            for (v, open) in values.iter_mut().zip(open) {
                *v = if *open { *v } else { 0.0 };
            }
        }
        Some(Initial::Field(values))
    }

    fn boundaries(&mut self, name: &str, at: &Checked, world: &World<'_>) -> Option<[Boundary; 6]> {
        let mut out: [Option<Boundary>; 6] = std::array::from_fn(|_| Some(Boundary::Sealed));
        for (face, condition) in at.entries_of("boundary") {
            let Some(face) = world.grid.face(face) else {
                self.no_axis(condition, &world.grid);
                continue;
            };
            out[face.number()] = self.boundary(name, at, condition);
        }
        let out: Option<Vec<Boundary>> = out.into_iter().collect();
        out?.try_into().ok()
    }

    fn boundary(&mut self, name: &str, solute: &Checked, condition: &Checked) -> Option<Boundary> {
        let (kind, v) = condition.choice()?;
        Some(match kind {
            "value" => Boundary::Value(self.signal(v, CONCENTRATIONS, name)?),
            "flux" => Boundary::Flux(self.signal(v, Range::any(FLUX), name)?),
            "transfer" => Boundary::Transfer {
                outside: self.signal(v.get("outside")?, CONCENTRATIONS, name)?,
                coefficient: v.si("coefficient")?,
            },
            "stagnant-medium" => {
                let top = self.signal(v.get("top")?, CONCENTRATIONS, name);
                let height = v.si("height");
                let Some(free) = solute.si("diffusivity") else {
                    if solute.get("diffusivity_in_scaffold").is_some() {
                        self.wrong("E023", v, format!("{} needs the free diffusivity", v.key))
                            .label =
                            "use transfer with coefficient = D_free/height, or give diffusivity"
                                .into();
                    }
                    return None;
                };
                let height = height?;
                Boundary::StagnantMedium { height, coefficient: free / height, top: top? }
            }
            "bath" => Boundary::Bath(self.bath_number(v)?),
            "inlet" => Boundary::Inlet(self.signal(v, CONCENTRATIONS, name)?),
            "outflow" => Boundary::Outflow,
            _ => Boundary::Sealed,
        })
    }

    fn bath_number(&self, v: &Checked) -> Option<usize> {
        let name = v.word("name")?;
        self.root.entries_of("baths").iter().position(|b| b.0 == name)
    }

    pub(super) fn baths(&mut self, duration: f64) -> Option<Vec<Bath>> {
        let root = self.root;
        let mut out = Vec::new();
        for (name, at) in root.entries_of("baths") {
            let mut solutes: Vec<(usize, f64)> = Vec::new();
            for (i, (_, solute)) in root.entries_of("solutes").iter().enumerate() {
                for (_, condition) in solute.entries_of("boundary") {
                    let Some(v) = condition.chosen("bath") else { continue };
                    let (Some(here), Some(start)) = (v.word("name"), v.si("start")) else {
                        continue;
                    };
                    if here != name {
                        continue;
                    }
                    match solutes.iter().find(|s| s.0 == i) {
                        Some((_, other)) if *other != start => {
                            let shown = units::readable(*other, CONCENTRATION);
                            let start = v.get("start").unwrap_or(v);
                            self.wrong(
                                "E023",
                                start,
                                format!("{} differs between faces", start.key),
                            )
                            .label = format!(
                                "another face of this solute says {shown}; a bath is well mixed"
                            );
                        }
                        Some(_) => {}
                        None => solutes.push((i, start)),
                    }
                }
            }
            if solutes.is_empty() {
                let message = format!("{} touches no face", at.key);
                self.check.warning("W036", &at.key, message, at.place).label =
                    format!("name it: boundary.z_max.bath = {{ name = \"{name}\", start = … }}");
            }
            let changes = self.changes(at, duration);
            out.push((|| {
                Some(Bath {
                    name: name.clone(),
                    volume: at.si("volume")?,
                    solutes,
                    changes: changes?,
                })
            })());
        }
        out.into_iter().collect()
    }

    /// Times of medium changes within the run.
    fn changes(&mut self, at: &Checked, duration: f64) -> Option<Vec<(f64, f64)>> {
        let Some(change) = at.get("change") else { return Some(Vec::new()) };
        let (every, fraction) = (change.si("every")?, change.si("fraction")?);
        let first = if change.get("first").is_some() { change.si("first")? } else { every };
        if duration / every > 1e6 {
            let every = change.get("every").unwrap_or(change);
            self.wrong("E016", every, format!("{} gives more than a million changes", every.key));
            return None;
        }
        let times = (0..).map(|k| first + f64::from(k) * every);
        Some(times.take_while(|t| *t < duration * (1.0 - 1e-12)).map(|t| (t, fraction)).collect())
    }

    /// Every name of a solute, bath or population must exist.
    pub(super) fn references(&mut self, solutes: &[String]) {
        let root = self.root;
        let baths: Vec<&str> = root.entries_of("baths").iter().map(|e| e.0.as_str()).collect();
        for (_, solute) in root.entries_of("solutes") {
            for (_, condition) in solute.entries_of("boundary") {
                let Some(name) = condition.chosen("bath").and_then(|b| b.get("name")) else {
                    continue;
                };
                let Some(text) = name.text().filter(|t| !baths.contains(t)) else { continue };
                let near = units::nearest(text, baths.iter().copied());
                let d = self.wrong(
                    "E021",
                    name,
                    format!("{}: no bath is called `{}`", name.key, brief(text)),
                );
                d.label = near.map(|n| format!("did you mean \"{n}\"?")).unwrap_or_default();
                d.notes.push(if baths.is_empty() {
                    format!("write [baths.{text}] with volume = \"2 mL\"")
                } else {
                    format!("baths: {}", baths.join(", "))
                });
            }
        }
        for (name, at) in root.entries_of("cells") {
            if solutes.contains(name) {
                self.wrong("E026", at, format!("{} has the name of a solute", at.key)).label =
                    "fields are called by these names: take another".into();
            }
        }
        let cells: Vec<&str> = root.entries_of("cells").iter().map(|e| e.0.as_str()).collect();
        let solutes: Vec<&str> = solutes.iter().map(String::as_str).collect();
        for (_, region) in root.entries_of("regions") {
            for (table, known) in [("solutes", &solutes), ("cells", &cells)] {
                for (name, at) in region.entries_of(table) {
                    if !known.contains(&name.as_str()) {
                        let near = units::nearest(name, known.iter().copied());
                        let d = self.wrong(
                            "E021",
                            at,
                            format!("{}: the case has no {table}.{name}", at.key),
                        );
                        d.label = near.map(|n| format!("did you mean `{n}`?")).unwrap_or_default();
                        if !known.is_empty() {
                            d.notes.push(format!("it has {}", known.join(", ")));
                        }
                    }
                }
            }
        }
    }

    /// Reports a law for a solute that the case does not have.
    pub(super) fn absent(&mut self, at: &Checked, solute: &str) {
        let root = self.root;
        // Where shear is known, `wall_shear` is merely out of place.
        if let (WALL_SHEAR, Some((why, remedy))) = (solute, self.shearless()) {
            let message = format!("{}: the wall shear is not known, {why}", at.key);
            self.wrong("E021", at, message).label = remedy.into();
            return;
        }
        let known: Vec<&str> = root.entries_of("solutes").iter().map(|e| e.0.as_str()).collect();
        let near = units::nearest(solute, known.iter().copied());
        let d = self.wrong("E021", at, format!("{}: the case has no solute `{solute}`", at.key));
        d.label = near.map(|n| format!("did you mean `{n}`?")).unwrap_or_default();
        d.notes.push(match known[..] {
            [] => format!("write [solutes.{solute}], or leave the law out"),
            _ => format!("expected {}; or write [solutes.{solute}]", one_of(known.iter().copied())),
        });
    }

    /// An order of the solutes in which what is made comes after what it is made of.
    pub(super) fn order(
        &mut self,
        world: &World<'_>,
        populations: Option<&[Population]>,
    ) -> Option<Vec<usize>> {
        let mut edges: Vec<(usize, usize)> = Vec::new();
        for p in populations? {
            for production in &p.production {
                if let Production::PerUptake { solute, of, .. } = production {
                    edges.push((*of, *solute));
                }
            }
        }
        let mut order: Vec<usize> = Vec::new();
        while order.len() < world.solutes.len() {
            let ready = |s: usize| {
                !order.contains(&s)
                    && edges.iter().all(|(of, made)| *made != s || order.contains(of))
            };
            let Some(next) = (0..world.solutes.len()).find(|s| ready(*s)) else {
                let left: Vec<&str> = (0..world.solutes.len())
                    .filter(|s| !order.contains(s))
                    .map(|s| world.solutes[s].as_str())
                    .collect();
                let message = format!("production goes round in a circle: {}", left.join(", "));
                self.check
                    .error("E023", "cells", message, self.root.get("cells").and_then(|c| c.place))
                    .label =
                    "a solute made per uptake must not lead back to what it is made of".into();
                return None;
            };
            order.push(next);
        }
        Some(order)
    }
}

/// Regions may give another diffusivity in the scaffold.
fn relative_in_scaffold(
    name: &str,
    base: f64,
    world: &World<'_>,
    effective: &Effective,
) -> Option<Arc<Vec<f64>>> {
    let path = ["solutes", name, "diffusivity_in_scaffold"];
    let given = |r: &super::Region<'_>| path.iter().try_fold(r.keys, |v, k| v.get(k)).is_some();
    if !world.regions.iter().any(given) {
        return Some(Arc::clone(&effective.ones));
    }
    let mut values = vec![1.0; world.grid.len()];
    for region in &world.regions {
        let Some(at) = path.iter().try_fold(region.keys, |v, k| v.get(k)) else { continue };
        let ratio = at.quantity()? / base;
        for (i, v) in values.iter_mut().enumerate() {
            if region.shape.contains(world.grid.centre(i)) {
                *v = ratio;
            }
        }
    }
    Some(Arc::new(values))
}

/// Puts the solutes in `order`, with every number that points to one.
pub(super) fn renumber(
    order: &[usize],
    solutes: &mut Vec<Solute>,
    baths: &mut [Bath],
    populations: &mut [Population],
    matter: &mut Matter,
) {
    // Behind the solutes stands the wall shear, which keeps its place.
    let mut new = vec![order.len(); order.len() + 1];
    for (to, from) in order.iter().enumerate() {
        new[*from] = to;
    }
    let mut sorted: Vec<(usize, Solute)> =
        std::mem::take(solutes).into_iter().enumerate().map(|(i, s)| (new[i], s)).collect();
    sorted.sort_by_key(|s| s.0);
    *solutes = sorted.into_iter().map(|s| s.1).collect();
    for b in baths {
        b.solutes.iter_mut().for_each(|s| s.0 = new[s.0]);
        b.solutes.sort_by_key(|s| s.0);
    }
    for p in populations {
        p.uptake.iter_mut().for_each(|u| u.0 = new[u.0]);
        p.modifiers.iter_mut().for_each(|m| (m.of, m.by) = (new[m.of], new[m.by]));
        for production in &mut p.production {
            match production {
                Production::PerUptake { solute, of, .. } => {
                    (*solute, *of) = (new[*solute], new[*of]);
                }
                Production::Constant { solute, .. } => *solute = new[*solute],
            }
        }
        for taxis in &mut p.taxis {
            if let Cue::Solute(s) = &mut taxis.of {
                *s = new[*s];
            }
        }
        let growth = p.growth.iter_mut().flat_map(|g| &mut g.limits).map(|l| &mut l.0);
        let sleep = p.quiescence.iter_mut().flat_map(|q| &mut q.when).map(|w| &mut w.0);
        let death = p.deaths.iter_mut().flat_map(|d| &mut d.when).map(|w| &mut w.0);
        let turns = p.differentiation.iter_mut().flat_map(|d| &mut d.when).map(|w| &mut w.0);
        let faster = p.stimulation.iter_mut().map(|s| &mut s.0);
        let leaves = p.detachment.iter_mut().flat_map(|d| &mut d.when).map(|w| &mut w.0);
        let all = growth.chain(sleep).chain(death).chain(turns).chain(faster).chain(leaves);
        all.for_each(|s| *s = new[*s]);
    }
    let deposits = matter.matrices.iter_mut().flat_map(|m| &mut m.deposits);
    deposits.flat_map(|d| &mut d.limits).for_each(|l| l.0 = new[l.0]);
}

/// A rate from any of its forms, 1/s.
pub(super) fn rate(at: &Checked) -> Option<f64> {
    let (form, v) = at.choice()?;
    let v = v.quantity()?;
    Some(match form {
        "value" => v,
        "time_constant" => 1.0 / v,
        _ => std::f64::consts::LN_2 / v,
    })
}

/// Warns of values far from those of solutes in water.
pub(super) fn unusual_diffusivity(b: &mut Builder<'_>, at: &Checked) {
    for key in ["diffusivity", "diffusivity_in_scaffold"] {
        let Some(d) = at.get(key) else { continue };
        let Some(v) = d.quantity() else { continue };
        if !(1e-13..=1e-8).contains(&v) {
            let message = format!("{} is unusual: {}", d.key, units::readable(v, DIFFUSIVITY));
            b.check.warning("W032", &d.key, message, d.place).label =
                "solutes in water at 37 °C: 1e-11 (proteins) to 5e-9 m^2/s (gases)".into();
        }
    }
}
