//! What the keys of a case become in [`Setup`], by values worked out by hand from
//! docs/case-file.md, and what is refused in which words.

use std::f64::consts::{LN_2, PI};
use std::fs;

use blastema::case::{Case, Report, Severity, load, load_text};
use blastema::ground::grid::Form;
use blastema::ground::signal::Signal;
use blastema::model::setup::{
    Bath, Boundary, FlowBoundary, FlowLaw, Initial, Population, Production, Setup,
};
use blastema::model::waves::{desks, waves};
use blastema::physics::degradation::Degradation;
use blastema::physics::flow::Permeability;
use blastema::physics::kinetics::Uptake;
use blastema::physics::migration::{Cue, Motility};
use blastema::physics::release::Release;
use blastema::physics::response::{Combine, Limit, Trigger};

mod cells;
mod domain;
mod fields;
mod flow;
mod matter;
mod run;
mod slips;
mod solutes;

/// Four voxels of 0.5 mm and 1 m² along x, one solute.
const SLAB: &str = r#"
[domain]
size = ["2 mm"]
voxels = [4]
[scaffold]
porosity = 0.8
effective_diffusivity.area = {}
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mM"
boundary.x_max.value = "0.2 mM"
[run]
duration = "2 d"
"#;

fn case(text: &str) -> Case {
    load_text("x.toml", text, &[]).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn setup(text: &str) -> Setup {
    case(text).setup
}

/// The text with `to` in place of `from`, which must be there.
fn swap(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn report(text: &str) -> Report {
    load_text("x.toml", text, &[]).expect_err(text)
}

/// The text has this one error: code, headline, label.
fn refused(text: &str, code: &str, message: &str, label: &str) {
    let report = report(text);
    let errors = report.diagnostics.iter().filter(|d| d.severity == Severity::Error);
    let found: Vec<_> = errors.map(|d| (d.code, d.message.as_str(), d.label.as_str())).collect();
    assert_eq!(found, [(code, message, label)], "{text}");
}

/// Codes and headlines of the warnings.
fn warned(text: &str) -> Vec<(&'static str, String, String)> {
    let warnings = case(text).warnings.into_iter();
    warnings.map(|w| (w.code, w.message, w.label)).collect()
}

fn codes(text: &str) -> Vec<&'static str> {
    warned(text).into_iter().map(|w| w.0).collect()
}

#[track_caller]
fn close(found: f64, wanted: f64) {
    assert!((found - wanted).abs() <= 1e-12 * wanted.abs(), "{found:e}, not {wanted:e}");
}

#[track_caller]
fn all_close(found: &[f64], wanted: &[f64]) {
    assert_eq!(found.len(), wanted.len(), "{found:?}, not {wanted:?}");
    found.iter().zip(wanted).for_each(|(f, w)| close(*f, *w));
}

/// The slab with a population.
fn cells(laws: &str) -> String {
    swap(SLAB, "[run]", &format!("[cells.msc]\n{laws}\n[run]"))
}

/// The slab's oxygen comes in at its start and goes out at its end.
fn through(text: &str) -> String {
    let ways = "boundary.x_min.inlet = \"0.2 mM\"\nboundary.x_max.outflow = {}";
    swap(text, "boundary.x_max.value = \"0.2 mM\"", ways)
}

fn population(text: &str) -> Population {
    setup(text).populations.swap_remove(0)
}

const DAY: f64 = 86400.0;

const LEFT: &str = "[regions.a]\nshape.layer = { axis = \"x\", from = \"0 mm\", to = \"1 mm\" }\n";

/// Six faces, six kinds of condition.
const BLOCK: &str = r#"
[domain]
size = ["2 mm", "2 mm", "2 mm"]
voxels = [2, 2, 2]
[scaffold]
porosity = 0.5
effective_diffusivity.tensor = { x = 0.3, y = 0.2, z = 0.1 }
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mM"
decay.half_life = "2 h"
[solutes.oxygen.boundary]
x_min.value.steps.points = [["0 h", "0.2 mM"], ["6 h", "0.1 mM"]]
x_max.flux.ramp.points = [["0 h", "-3 nmol/cm^2/s"], ["1 d", "2 nmol/cm^2/s"]]
y_min.transfer = { coefficient = "4 um/s", outside.sine = { mean = "0.2 mM", amplitude = "0.1 mM", period = "12 h" } }
y_max.stagnant-medium = { height = "5 mm", top = "18.6 %O2" }
z_min.bath = { name = "dish", start = "0.18 mM" }
z_max.sealed = {}
[solutes.drug]
diffusivity_in_scaffold = "1e-10 m^2/s"
initial = "0 mM"
molar_mass = "50 kDa"
decay.value = "0.1 1/h"
boundary.z_max.bath = { name = "dish", start = "2 mg/mL" }
[baths.glass]
volume = "1 L"
change = { every = "12 h", first = "6 h", fraction = 0.5 }
[baths.dish]
volume = "2 mL"
change.every = "12 h"
[run]
duration = "2 d"
"#;

const SEEDED: &str = "seeding.uniform.density = \"1e6 cells/mL\"\n";

/// Every law of a population at once. Glucose comes before the lactate that is made of it, so the
/// solutes are oxygen, glucose, lactate, and behind them stands the wall shear.
const LAWS: &str = r#"
[domain]
size = ["2 mm"]
voxels = [4]
[scaffold]
porosity = 0.8
effective_diffusivity.area = {}
[flow]
law.darcy.permeability = "1e-12 m^2"
boundary.x_min.pressure = "10 Pa"
boundary.x_max.pressure = "0 Pa"
[solutes.lactate]
diffusivity = "1e-9 m^2/s"
initial = "0 mM"
boundary.x_min.inlet = "1 mM"
boundary.x_max.outflow = {}
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mM"
boundary.x_min.bath = { name = "well", start = "0.15 mM" }
boundary.x_max.bath = { name = "well", start = "0.15 mM" }
[solutes.glucose]
diffusivity = "6e-10 m^2/s"
initial = "5 mM"
boundary.x_min.bath = { name = "well", start = "4 mM" }
boundary.x_max.bath = { name = "well", start = "4 mM" }
[baths.well]
volume = "3 mL"
[matrix.collagen]
density = "1400 mg/mL"
[cells.msc]
seeding.uniform.density = "1e6 cells/mL"
capacity = { density = "2e8 cells/mL", counts = ["dead"] }
[cells.msc.uptake]
oxygen.hill = { vmax = "36 fmol/cell/h", half = "5 uM", exponent = 2 }
glucose.michaelis-menten = { vmax = "720 fmol/cell/h", km = "0.4 mM" }
lactate.first-order.clearance = "3.6 nL/cell/h"
[cells.msc.uptake_modifiers]
glucose.oxygen = { factor = 3, half = "10 uM", exponent = 2 }
oxygen.lactate = { factor = 0.5, half = "2 mM" }
[cells.msc.production]
lactate.per-uptake = { of = "glucose", yield = 1.8 }
oxygen.constant.rate = "1.8 fmol/cell/h"
[cells.msc.growth]
rate.doubling_time = "2 d"
crowding = "logistic"
combine = "minimum"
limits.oxygen.monod.half = "6 uM"
limits.lactate.inhibition = { half = "20 mM", exponent = 3 }
limits.wall_shear.inhibition.half = "1 Pa"
stimulation.wall_shear = { factor = 2, half = "20 mPa" }
[cells.msc.quiescence]
rate.value = "0.5 1/d"
recovery.time_constant = "12 h"
activity = 0.2
death_factor = 0.3
when.glucose.below.half = "0.1 mM"
[cells.msc.death.acid]
rate.half_life = "1 d"
when.lactate.above = { half = "30 mM", exponent = 6 }
when.glucose.below = { half = "0.2 mM", exponent = 2 }
combine = "any"
[cells.msc.death.hypoxia]
rate.value = "0.25 1/d"
when.oxygen.below.half = "1 uM"
exposure = "6 h"
recovery = "2 h"
stages = 3
[cells.msc.differentiation.bone]
rate.time_constant = "10 d"
when.glucose.above.half = "3 mM"
when.wall_shear.above.half = "50 mPa"
[cells.msc.detachment]
rate.value = "2 1/d"
when.wall_shear.above.half = "0.1 Pa"
[cells.msc.lysis]
rate.half_life = "3 d"
[cells.msc.chemotaxis]
oxygen = { sensitivity = "3e-10 m^5/mol/s", half = "0.1 mM", crowding = "none" }
lactate = { sensitivity = "-2e-10 m^5/mol/s", crowding = "none" }
[cells.msc.motility]
constant = "1e-14 m^2/s"
[cells.msc.deposition.collagen]
rate = "0.864 ng/cell/d"
combine = "minimum"
limits.glucose.monod.half = "1 mM"
limits.wall_shear.monod.half = "2 Pa"
[cells.bone]
capacity = { density = "3e8 cells/mL", counts = ["dead", "viable"] }
[cells.fat]
seeding.uniform.density = "2e5 cells/mL"
capacity.density = "4e8 cells/mL"
growth.rate.value = "1 1/d"
quiescence = { rate.value = "1 1/d", recovery.value = "2 1/d", combine = "all", when.oxygen.below.half = "2 uM" }
deposition.collagen.rate = "0.0864 ng/cell/d"
[ph]
acid = "lactate"
bicarbonate = "24 mM"
pco2 = "5 kPa"
[run]
duration = "2 d"
"#;

/// The slab with a flow through it.
fn flow(keys: &str) -> String {
    swap(&through(SLAB), "[run]", &format!("[flow]\n{keys}\n[run]"))
}

/// The slab with more keys of oxygen.
fn oxygen(keys: &str) -> String {
    swap(SLAB, "[run]", &format!("{keys}\n[run]"))
}

const PRESSURES: &str = "boundary.x_min.pressure = \"10 Pa\"\nboundary.x_max.pressure = \"0 Pa\"\n";

/// Voxels of 1 mm, 0.5 mm and 1 m.
const PLATE: &str = r#"
[domain]
size = ["2 mm", "1 mm"]
voxels = [2, 2]
[scaffold]
porosity.table = { axis = "x", points = [["0.5 mm", 0.6], ["1.5 mm", 0.8]] }
[solutes.oxygen]
diffusivity_in_scaffold = "2e-9 m^2/s"
initial = "0.2 mM"
boundary.x_max.value = "0.2 mM"
[cells.msc]
SEEDING
uptake.oxygen.zero-order.vmax = "36 fmol/cell/h"
[run]
duration = "2 d"
"#;
