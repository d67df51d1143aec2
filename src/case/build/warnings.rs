//! Values that run but are far from what is published; each warning carries its source.

use super::solutes::unusual_diffusivity;
use super::{Builder, World};
use crate::case::checked::Checked;
use crate::ground::grid::Face;
use crate::ground::signal::Signal;
use crate::ground::units::{self, CELL_DENSITY, CONCENTRATION, UPTAKE_PER_CELL, oxygen_at};
use crate::model::answers::PACKING;
use crate::model::lod;
use crate::model::setup::{Boundary, Population, Setup, Solute};
use crate::numerics::stencil::range;

/// Largest uptakes per cell that the library's sources name, with a margin of ten: mol/cell/s.
const UPTAKES: &[(&str, f64, &str)] = &[
    ("oxygen", 1e-15, "oxygen: 1 to 400 fmol/cell/h, hepatocytes ten times more"),
    ("glucose", 5e-15, "glucose: 0.1 to 15 pmol/cell/d"),
];

/// Seeding below which a scaffold holds no culture, cells/m³: 1000 cells/mL.
const SPARSE: f64 = 1e9;

/// Pressure of the atmosphere, Pa, and a concentration that no solute of medium has, mol/m³.
const ATMOSPHERE: f64 = 760.0 * units::MMHG;
const DENSEST: f64 = 1e4;

/// D·dt/h² above which locally one-dimensional steps are warned of, and why.
const STIFF: f64 = 0.5;
const LONG_STEPS: &str = "at 1, 10 and 100 the steady state of a cube that is fed and consumes was \
    wrong by 1.6, 14 and 71 %; without `lod` steps are controlled";

/// Codes of all warnings.
const CODES: &[&str] = &[
    "W031", "W032", "W033", "W034", "W036", "W037", "W038", "W039", "W040", "W041", "W042", "W043",
    "W044", "W045", "W046", "W047", "W048", "W049", "W050", "W051", "W052", "W053", "W054", "W055",
    "W056", "W057", "W058", "W059", "W060", "W061", "W062", "W063",
];

impl Builder<'_> {
    /// `allow` must name warnings.
    pub(super) fn allowed(&mut self) {
        let listed = self.root.get("allow").map_or(&[][..], Checked::list);
        for at in listed.iter().filter(|c| c.text().is_some_and(|t| !CODES.contains(&t))) {
            self.wrong("E021", at, format!("{} is no warning", at.key)).label =
                format!("warnings: {}", CODES.join(", "));
        }
    }

    pub(super) fn warn(
        &mut self,
        world: &World<'_>,
        solutes: Option<&[Solute]>,
        populations: Option<&[Population]>,
    ) {
        let root = self.root;
        for (_, at) in root.entries_of("solutes") {
            unusual_diffusivity(self, at);
        }
        for s in solutes.unwrap_or(&[]) {
            self.unusual_concentration(s);
        }
        let nothing = |name: &str| root.get(name).is_none();
        if solutes.is_some_and(<[Solute]>::is_empty)
            && ["cells", "matrix", "flow", "scaffold"].into_iter().all(nothing)
        {
            let message = "there is nothing to solve: no solute, no cells, no flow".into();
            self.check.warning("W057", "solutes", message, None).label =
                "give [solutes.NAME] or [cells.NAME]".into();
        }
        let Some(populations) = populations else { return };
        for (number, (p, (_, at))) in populations.iter().zip(root.entries_of("cells")).enumerate() {
            let most = range(world.grid.plane(), &p.seeding, |_, _| true).1.max(0.0);
            if most > PACKING {
                let place = at.get("seeding").and_then(|s| s.place).or(at.place);
                let key = format!("{}.seeding", at.key);
                let message = format!(
                    "{key} is above the packing limit: {}",
                    units::readable(most, CELL_DENSITY)
                );
                self.check.warning("W031", &key, message, place).label =
                    "cells of 10 µm side by side are 1e9 cells/mL".into();
            }
            if let Some(seeding) = at.get("seeding").filter(|_| most > 0.0 && most < SPARSE) {
                let shown = units::readable(most, CELL_DENSITY);
                let message = format!("{} is sparse: {shown}", seeding.key);
                self.check.warning("W059", &seeding.key, message, seeding.place).label =
                    "scaffolds are seeded with 1e5 to 1e8 cells/mL".into();
            }
            let idle = p.uptake.is_empty()
                && p.production.is_empty()
                && p.growth.is_none()
                && p.deaths.is_empty()
                && !p.moves()
                && at.entries_of("deposition").is_empty()
                && p.differentiation.is_empty()
                && p.detachment.is_none()
                && !populations.iter().any(|q| q.differentiation.iter().any(|d| d.into == number));
            if idle {
                let message =
                    format!("{} does nothing: no uptake, growth, death or motility", at.key);
                self.check.warning("W037", &at.key, message, at.place).label =
                    "give it a type or laws, or mend its name".into();
            }
            for (solute, law) in at.entries_of("uptake") {
                let Some((_, v)) = law.choice() else { continue };
                let limit = UPTAKES.iter().find(|u| u.0 == solute);
                let (Some(vmax), Some((_, limit, source))) = (v.get("vmax"), limit) else {
                    continue;
                };
                if vmax.quantity().is_some_and(|x| x > *limit) {
                    let shown = units::readable(vmax.quantity().unwrap_or(0.0), UPTAKE_PER_CELL);
                    let message = format!("{} is above published values: {shown}", vmax.key);
                    self.check.warning("W033", &vmax.key, message, vmax.place).label =
                        (*source).into();
                }
                let top =
                    solutes.and_then(|s| s.iter().find(|s| s.name == *solute)).and_then(highest);
                if let (Some(km), Some(top)) = (v.get("km").or(v.get("half")), top)
                    && km.quantity().is_some_and(|k| k > 5.0 * top)
                {
                    let message = format!("{} is more than five times any concentration", km.key);
                    self.check.warning("W034", &km.key, message, km.place).label =
                        format!("the highest is {}", units::readable(top, CONCENTRATION));
                }
            }
        }
    }
}

impl Builder<'_> {
    /// A steady state has one moment, and takes what is outside at time 0.
    pub(super) fn one_moment(&mut self, setup: &Setup) {
        if !setup.run.steady {
            return;
        }
        let root = self.root;
        for solute in &setup.solutes {
            let at = root.entries_of("solutes").iter().find(|e| e.0 == solute.name);
            let faces = Face::ALL.into_iter().zip(&solute.boundaries).map(|(face, boundary)| {
                let name = setup.grid.face_name(face);
                let at = at.and_then(|e| e.1.get("boundary")).and_then(|b| b.get(&name));
                (at, boundary.signal())
            });
            let times = at.and_then(|e| e.1.get("source")).and_then(|s| s.get("times"));
            let source = (times, solute.source.as_ref().map(|s| &s.times));
            for (at, signal) in faces.chain([source]).collect::<Vec<_>>() {
                let varies = signal.is_some_and(|s| !matches!(s, Signal::Constant(_)));
                let Some(at) = at.filter(|_| varies) else { continue };
                let message = format!("{} varies in time, and run.steady is true", at.key);
                self.check.warning("W047", &at.key, message, at.place).label =
                    "its value at time 0 is taken".into();
            }
        }
    }

    /// Locally one-dimensional steps are for some cases only, and wrong where they are long.
    pub(super) fn one_dimension_at_a_time(&mut self, setup: &Setup) {
        let Some(step) = setup.run.lod else { return };
        let Some(at) = self.root.get("run").and_then(|r| r.get("lod")) else { return };
        if let Some(obstacle) = lod::obstacle(setup) {
            self.wrong("E020", at, format!("{} beside {obstacle}", at.key)).label =
                "for solutes alone that diffuse and decay in an even box".into();
            return;
        }
        let most = lod::stiffness(setup, step);
        if most > STIFF {
            let message = format!("{}.step is long for its voxels: D·step/h² is {most:.1}", at.key);
            let d = self.check.warning("W048", &at.key, message, at.place);
            d.label = "fields that change within a few voxels will be wrong".into();
            d.notes.push(LONG_STEPS.into());
        }
    }

    /// Where cells take room from the fluid, those that a capacity lets grow must have some.
    pub(super) fn full(&mut self, setup: &Setup) {
        let Some(changing) = &setup.matter.changing else { return };
        let root = self.root;
        let open = setup.structure.porosity.iter().copied().fold(0.0, f64::max);
        for (p, population) in setup.populations.iter().enumerate() {
            let Some(capacity) = population.capacity else { continue };
            let taken = capacity.density * changing.volumes[p];
            let at = root.entries_of("cells").iter().find(|e| e.0 == population.name);
            let Some(at) = at.and_then(|e| e.1.get("capacity")).filter(|_| taken > open) else {
                continue;
            };
            let message = format!("{} is more than fits", at.key);
            self.check.warning("W045", &at.key, message, at.place).label = format!(
                "so many cells take {} % of the volume, and at most {} % is fluid",
                units::number(100.0 * taken),
                units::number(100.0 * open)
            );
        }
    }
}

impl Builder<'_> {
    /// More than dissolves is a slip of the decimal point, or of the unit.
    fn unusual_concentration(&mut self, s: &Solute) {
        let values = s.boundaries.iter().filter(|b| !matches!(b, Boundary::Flux(_)));
        let signals = values.filter_map(Boundary::signal).map(|v| v.range().1);
        let top = signals.fold(s.initial.largest(), f64::max);
        let (most, label) = match s.name.as_str() {
            "oxygen" => (oxygen_at(ATMOSPHERE), "pure oxygen dissolves to 100 %O2 = 0.9576 mM"),
            _ => (DENSEST, "water itself has 55 M"),
        };
        if top > most * (1.0 + 1e-9) {
            let key = format!("solutes.{}", s.name);
            let at = self.root.get("solutes").and_then(|t| t.get(&s.name)).and_then(|t| t.place);
            let shown = units::readable(top, CONCENTRATION);
            let message = format!("{key} reaches {shown}, more than dissolves");
            self.check.warning("W056", &key, message, at).label = label.into();
        }
    }
}

/// The highest concentration that a case brings in.
fn highest(s: &Solute) -> Option<f64> {
    let mut top = s.initial.largest();
    for b in &s.boundaries {
        if matches!(b, Boundary::Bath(_) | Boundary::Flux(_)) {
            return None;
        }
        top = b.signal().map_or(top, |v| top.max(v.range().1));
    }
    (top > 0.0).then_some(top)
}
