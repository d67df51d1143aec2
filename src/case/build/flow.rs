//! The flow and what its faces allow.

use super::{Builder, World};
use crate::case::checked::Checked;
use crate::case::shape::Range;
use crate::ground::grid::{Face, Form, Grid};
use crate::ground::units::{AREA, VISCOSITY};
use crate::model::flow;
use crate::model::setup::{Boundary, Flow, FlowBoundary, FlowLaw, Known, Solute};
use crate::physics::flow::Permeability;

impl Builder<'_> {
    /// The flow; the outer option is `None` after an error.
    #[expect(clippy::option_option, reason = "absent and wrong are different")]
    pub(super) fn flow(&mut self, world: &World<'_>) -> Option<Option<Flow>> {
        let Some(at) = self.root.get("flow") else {
            for region in &world.regions {
                if let Some(here) = region.keys.get("flow") {
                    self.wrong("E020", here, format!("{} without [flow]", here.key)).label =
                        "regions change what [flow] says".into();
                }
            }
            return Some(None);
        };
        let (name, law) = at.get("law")?.choice()?;
        for region in &world.regions {
            let Some(here) = region.keys.get("flow") else { continue };
            let law = here.get("law").and_then(Checked::choice);
            if law.is_none_or(|(law, _)| law == name) {
                continue;
            }
            let varies = matches!(name, "darcy" | "brinkman");
            self.wrong("E020", here, format!("{} beside flow.law.{name}", here.key)).label =
                if varies {
                    format!("give flow.law.{name} here too")
                } else {
                    "only flow.law.darcy and flow.law.brinkman vary by region".into()
                };
            return None;
        }
        let boundaries = self.flow_boundaries(at, name, world);
        let law = match name {
            "given" => self.given(law, world),
            "darcy" => {
                let path = ["flow", "law", "darcy", "permeability"];
                let base = law.get("permeability");
                let range = Range::positive(AREA);
                self.field_with_regions(world, base, &path, range, None).map(FlowLaw::Darcy)
            }
            "brinkman" => {
                if world.grid.form != Form::Box {
                    let (form, message) = (world.grid.form, format!("{} needs a box", law.key));
                    let shape = if let Form::Sphere { .. } = form { "sphere" } else { "cylinder" };
                    self.wrong("E023", law, message).label =
                        format!("it is not modelled in a {shape}: give law.darcy");
                    return None;
                }
                let mut field = |key: &str, dimension| {
                    let path = ["flow", "law", "brinkman", key];
                    let range = Range::positive(dimension);
                    self.field_with_regions(world, law.get(key), &path, range, None)
                };
                let permeability = field("permeability", AREA);
                let effective = field("effective_viscosity", VISCOSITY);
                permeability
                    .zip(effective)
                    .map(|(permeability, effective)| FlowLaw::Brinkman { permeability, effective })
            }
            "table" => {
                let points = self.points(law.get("points")?)?;
                Some(FlowLaw::Table(points))
            }
            closure => {
                let info = Permeability::LAWS.iter().find(|l| l.keyword == closure)?;
                let values: Option<Vec<f64>> = info.params.iter().map(|p| law.si(p.name)).collect();
                let closure = Permeability::build(closure, &values?)?;
                if world.porosity.iter().any(|e| *e >= 1.0) {
                    self.wrong("E023", law, format!("{} needs a porosity below 1", law.key))
                        .label = "there is nothing to flow around: give law.darcy".into();
                    return None;
                }
                Some(FlowLaw::Closure(closure))
            }
        };
        if self.resolved() {
            self.wrong("E023", at, "flow in resolved pores is not modelled".into()).label =
                "scaffold.resolve = \"homogenised\" takes the porosity of the structure".into();
            return None;
        }
        if world.grid.periodic.contains(&true) {
            self.wrong("E023", at, "flow beside domain.periodic is not modelled".into()).label =
                "leave one of them out".into();
            return None;
        }
        let viscosity = at.si("viscosity")?;
        Some(Some(Flow { law: law?, viscosity, boundaries: boundaries? }))
    }

    fn given(&mut self, law: &Checked, world: &World<'_>) -> Option<FlowLaw> {
        if let Some(field) = law.get("field") {
            return self.velocities(law, field, world);
        }
        let at = law.get("velocity")?;
        let values = at.quantities()?;
        let mut velocity = [0.0; 3];
        if values.len() != world.grid.dimensions && !self.blind {
            let message = format!("{} has {} entries", at.key, values.len());
            self.wrong("E016", at, message).label = format!(
                "one for each axis of the domain: {}",
                world.grid.form.axes()[..world.grid.dimensions].join(", ")
            );
            return None;
        }
        velocity[..values.len()].copy_from_slice(&values);
        if world.grid.form != Form::Box && velocity[0] != 0.0 {
            self.wrong("E016", at, format!("{} is not free of sources", at.key)).label =
                "a velocity along r that is the same everywhere gains fluid: give 0 there".into();
            return None;
        }
        if law.get("permeability").is_some() {
            let permeability = self.walls(law, world)?;
            let q = flow::given(&world.grid, velocity, &vec![1.0; world.grid.len()]);
            return Some(FlowLaw::Known(Known { q, permeability, changed: None }));
        }
        Some(FlowLaw::Given(velocity))
    }

    fn flow_boundaries(
        &mut self,
        at: &Checked,
        law: &str,
        world: &World<'_>,
    ) -> Option<[FlowBoundary; 6]> {
        let mut out = [FlowBoundary::Sealed; 6];
        let mut fine = true;
        for (face, condition) in at.entries_of("boundary") {
            let Some(face) = world.grid.face(face) else {
                self.no_axis(condition, &world.grid);
                fine = false;
                continue;
            };
            let (kind, v) = condition.choice()?;
            if law == "given" && !matches!(kind, "sealed" | "symmetry") {
                self.wrong("E020", condition, format!("{} beside flow.law.given", condition.key))
                    .label = "the velocity is known: leave the faces out".into();
                fine = false;
                continue;
            }
            out[face.number()] = match kind {
                "pressure" => FlowBoundary::Pressure(v.quantity()?),
                "rate" => FlowBoundary::Rate(v.quantity()?),
                "symmetry" => FlowBoundary::Symmetry,
                _ => FlowBoundary::Sealed,
            };
        }
        let held = out.iter().any(|b| matches!(b, FlowBoundary::Pressure(_)));
        if fine && law != "given" && !held {
            let d = self.wrong("E011", at, "flow.boundary needs a pressure".into());
            d.label = "no face has one".into();
            d.notes.push(
                "give the outlet one (boundary.z_max.pressure = \"0 Pa\") beside a rate or a \
                pressure at the inlet"
                    .into(),
            );
            fine = false;
        }
        fine.then_some(out)
    }

    /// Every solute must be able to pass the faces that the fluid passes, and an inlet or an
    /// outflow needs a flow.
    pub(super) fn carried(&mut self, world: &World<'_>, flow: Option<&Flow>, solutes: &[Solute]) {
        let root = self.root;
        if let Some(at) = root.get("flow").filter(|_| flow.is_some_and(rests)) {
            let message = "nothing drives the flow: the pressures are equal and no rate is given";
            self.check.warning("W040", "flow", message.into(), at.place).label =
                "the medium rests; inlets and outflows are sealed".into();
            return;
        }
        self.constant_volumes(world, flow);
        for (solute, (name, at)) in solutes.iter().zip(root.entries_of("solutes")) {
            for (number, boundary) in solute.boundaries.iter().enumerate() {
                let face = Face::ALL[number];
                let face_name = world.grid.face_name(face);
                let enters = flow.and_then(|f| enters(f, &world.grid, face));
                let given = at.get("boundary").and_then(|b| b.get(&face_name));
                let key = format!("solutes.{name}.boundary.{face_name}");
                let place = given.unwrap_or(at).place;
                let mut say = |message: String, label: &str| {
                    self.check.error("E023", &key, message, place).label = label.into();
                };
                match (boundary, enters) {
                    (Boundary::Inlet(_) | Boundary::Outflow, None) if flow.is_none() => {
                        say(
                            format!("{key} without [flow]"),
                            "nothing carries the solute here: write [flow], or give a value",
                        );
                    }
                    (Boundary::Inlet(_) | Boundary::Outflow, None) => say(
                        format!("{key}: no fluid passes {face_name}"),
                        "give flow.boundary a pressure or a rate there, or leave it out",
                    ),
                    (Boundary::Sealed | Boundary::Flux(_), Some(Some(true))) => say(
                        format!("{name} cannot pass {face_name}, where fluid enters"),
                        "give inlet = the concentration that the fluid brings",
                    ),
                    (Boundary::Sealed | Boundary::Flux(_), Some(Some(false))) => say(
                        format!("{name} cannot pass {face_name}, where fluid leaves"),
                        "write outflow = {}",
                    ),
                    (Boundary::Outflow, Some(Some(true))) => say(
                        format!("{key}: fluid enters through {face_name}"),
                        "give inlet = the concentration that it brings",
                    ),
                    (Boundary::Inlet(_), Some(Some(false))) => say(
                        format!("{key}: fluid leaves through {face_name}"),
                        "write outflow = {}",
                    ),
                    _ => {}
                }
            }
        }
    }
}

impl Builder<'_> {
    /// A bath keeps its volume: fluid that leaves it must come back.
    fn constant_volumes(&mut self, world: &World<'_>, flow: Option<&Flow>) {
        let Some(flow) = flow else { return };
        let root = self.root;
        for (bath, at) in root.entries_of("baths") {
            let (mut gives, mut takes) = (None, None);
            for (_, solute) in root.entries_of("solutes") {
                for (name, condition) in solute.entries_of("boundary") {
                    let here = condition.chosen("bath").and_then(|b| b.word("name"));
                    let face = world.grid.face(name).filter(|_| here == Some(bath.as_str()));
                    match face.and_then(|f| enters(flow, &world.grid, f)) {
                        Some(Some(true)) => gives = Some(name),
                        Some(Some(false)) => takes = Some(name),
                        _ => {}
                    }
                }
            }
            let (message, label) = match (gives, takes) {
                (Some(face), None) => (
                    format!("{} runs empty: fluid leaves it through {face} for good", at.key),
                    "name it at the outlet too (recirculation), or give inlet there",
                ),
                (None, Some(face)) => (
                    format!("{} overflows: fluid enters it through {face} for good", at.key),
                    "name it at the inlet too (recirculation), or write outflow = {} there",
                ),
                _ => continue,
            };
            self.wrong("E023", at, message).label = label.into();
        }
    }
}

/// True where nothing drives the fluid: no rate and no difference of pressures.
pub(super) fn rests(flow: &Flow) -> bool {
    match &flow.law {
        FlowLaw::Given(u) => return *u == [0.0; 3],
        FlowLaw::Known(known) => return known.q.iter().flatten().all(|q| *q == 0.0),
        _ => {}
    }
    let mut pressures = flow.boundaries.iter().filter_map(FlowBoundary::pressure);
    let first = pressures.next();
    let rates = |b: &FlowBoundary| matches!(b, FlowBoundary::Rate(r) if *r != 0.0);
    pressures.all(|p| Some(p) == first) && !flow.boundaries.iter().any(rates)
}

/// `None`: nothing passes this face by intent. Else true where fluid enters, false where it
/// leaves, `None` where only the solution tells.
#[expect(clippy::option_option, reason = "no flow, and a flow whose way is not known yet")]
pub(super) fn enters(flow: &Flow, grid: &Grid, face: Face) -> Option<Option<bool>> {
    if let FlowLaw::Known(known) = &flow.law {
        let sign = if face.end { -1.0 } else { 1.0 };
        let through = || flow::outer(grid, face).map(|(_, f)| sign * known.q[face.axis][f]);
        return match (through().any(|q| q > 0.0), through().any(|q| q < 0.0)) {
            (false, false) => None,
            (true, true) => Some(None),
            (inwards, _) => Some(Some(inwards)),
        };
    }
    if let FlowLaw::Given(u) = flow.law {
        let along = if face.end { -u[face.axis] } else { u[face.axis] };
        return (along != 0.0).then_some(Some(along > 0.0));
    }
    let pressures = flow.boundaries.iter().filter_map(FlowBoundary::pressure);
    let (low, high) =
        pressures.fold((f64::INFINITY, f64::NEG_INFINITY), |m, p| (m.0.min(p), m.1.max(p)));
    let rates = flow.boundaries.iter().filter_map(|b| match b {
        FlowBoundary::Rate(r) if *r != 0.0 => Some(*r),
        _ => None,
    });
    let rates: Vec<f64> = rates.collect();
    match flow.boundaries[face.number()] {
        FlowBoundary::Sealed | FlowBoundary::Symmetry => None,
        FlowBoundary::Rate(r) => (r != 0.0).then_some(Some(r > 0.0)),
        FlowBoundary::Pressure(p) => {
            let all = |sign: f64| rates.iter().all(|r| r * sign > 0.0);
            Some(if low == high {
                match rates.len() {
                    0 => None,
                    _ if all(1.0) => Some(false),
                    _ if all(-1.0) => Some(true),
                    _ => None,
                }
            } else if rates.is_empty() && p == high {
                Some(true)
            } else if rates.is_empty() && p == low {
                Some(false)
            } else {
                None
            })
        }
    }
}
