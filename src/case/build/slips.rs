//! Values that run, but of a size or in a place that hardly anybody means: a unit slipped, or a
//! boundary that is another experiment.

use super::Builder;
use crate::ground::grid::{Face, Form};
use crate::ground::units::{LENGTH, TIME, number, readable};
use crate::model::setup::{Boundary, Setup};

/// Doubling time, s, below which no human cell divides.
const HASTY: f64 = 3600.0;

/// Medium over the faces, m, where an axis is not there: what is thinner or deeper is no bath.
const SHALLOW: f64 = 1e-4;
const DEEP: f64 = 100.0;

/// Medium for a whole piece, m³, that no incubator holds.
const LARGE: f64 = 0.1;

/// Solutes that air brings or takes, as the library names them; other gases are not known here.
const GASES: [&str; 1] = ["oxygen"];

/// Solutes of the library that no air holds.
const DISSOLVED: [&str; 3] = ["glucose", "lactate", "glutamine"];

impl Builder<'_> {
    /// Warns of all of them.
    pub(super) fn slips(&mut self, setup: &Setup) {
        self.hasty(setup);
        self.layers(setup);
        self.air(setup);
    }

    fn hasty(&mut self, setup: &Setup) {
        let root = self.root;
        for (p, (_, at)) in setup.populations.iter().zip(root.entries_of("cells")) {
            let doubling = p.growth.as_ref().map(|g| std::f64::consts::LN_2 / g.rate);
            let rate = at.get("growth").and_then(|g| g.get("rate"));
            if let (Some(time), Some(rate)) = (doubling.filter(|t| *t < HASTY), rate) {
                let message = format!("{} doubles the cells in {}", rate.key, readable(time, TIME));
                self.check.warning("W060", &rate.key, message, rate.place).label =
                    "human cells take 10 h and longer".into();
            }
        }
    }

    /// Medium over the faces that a bath touches; of a piece that counts as 1 m thick the bath must
    /// be as large.
    fn layers(&mut self, setup: &Setup) {
        let absent = match setup.grid.form {
            Form::Box => setup.grid.dimensions < 3,
            Form::Cylinder { .. } => setup.grid.dimensions < 2,
            Form::Sphere { .. } => false,
        };
        let root = self.root;
        for (b, bath) in setup.baths.iter().enumerate() {
            let touched =
                |face: &Face| setup.solutes.iter().any(|s| s.boundaries[face.number()].is_bath(b));
            let faces = Face::ALL.into_iter().filter(touched);
            let area: f64 = faces.map(|face| setup.grid.area(face)).sum();
            let at = root.entries_of("baths").iter().find(|e| e.0 == bath.name);
            let Some(at) = at.and_then(|e| e.1.get("volume")) else { continue };
            let depth = readable(bath.volume / area, LENGTH);
            if absent && bath.volume < SHALLOW * area {
                let message =
                    format!("{} is a layer of {depth} over the faces of the piece", at.key);
                let d = self.check.warning("W058", &at.key, message, at.place);
                d.label =
                    "an axis that is not there counts as 1 m: give the volume for that".into();
                d.notes.push(format!("5 mm of medium over them are {} L", number(5.0 * area)));
            } else if area > 0.0 && bath.volume > if absent { DEEP * area } else { LARGE } {
                let message =
                    format!("{} is {depth} of medium over the faces of the piece", at.key);
                self.check.warning("W061", &at.key, message, at.place).label =
                    "mL is a thousandth of a litre, ML a million of them".into();
            }
        }
    }

    /// Air feeds what is a gas, and nothing else.
    fn air(&mut self, setup: &Setup) {
        let root = self.root;
        for solute in &setup.solutes {
            let at = root.entries_of("solutes").iter().find(|e| e.0 == solute.name);
            let Some(boundary) = at.and_then(|e| e.1.get("boundary")) else { continue };
            let of = |wanted: &dyn Fn(&Boundary) -> bool| {
                let mut faces = Face::ALL.into_iter();
                faces.find(|face| wanted(&solute.boundaries[face.number()]))
            };
            let name = solute.name.as_str();
            let bath = of(&|b| matches!(b, Boundary::Bath(_)));
            let fed = of(&|b| !matches!(b, Boundary::Bath(_) | Boundary::Sealed));
            let own = solute.source.is_some() || solute.release.is_some();
            let closed = setup.flow.is_none() && !own && GASES.contains(&name);
            if let (true, Some(face), None) = (closed, bath, fed) {
                let at = boundary.get(&setup.grid.face_name(face)).unwrap_or(boundary);
                let message = format!("{name} comes from a bath alone");
                let d = self.check.warning("W062", &at.key, message, at.place);
                d.label = "a closed vessel: no air makes up for what the cells use".into();
                d.notes.push(
                    "open medium: stagnant-medium = { height = \"3 mm\", top = \"18.6 %O2\" }"
                        .into(),
                );
            }
            let still = of(&|b| matches!(b, Boundary::StagnantMedium { .. }));
            if let (true, Some(face)) = (DISSOLVED.contains(&name), still) {
                let at = boundary.get(&setup.grid.face_name(face)).unwrap_or(boundary);
                let message = format!("{name} is held on top of still medium, as by air");
                let d = self.check.warning("W063", &at.key, message, at.place);
                d.label = "no air brings or takes it".into();
                d.notes.push("what a medium holds and loses: bath = { name, start }".into());
            }
        }
    }
}
