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
use blastema::physics::degradation::Degradation;
use blastema::physics::flow::Permeability;
use blastema::physics::kinetics::Uptake;
use blastema::physics::migration::{Cue, Motility};
use blastema::physics::release::Release;
use blastema::physics::response::{Combine, Limit, Trigger};

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

#[test]
fn every_law_of_a_population() {
    let s = setup(LAWS);
    let names: Vec<&str> = s.solutes.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["oxygen", "glucose", "lactate"]);
    let [oxygen, glucose, lactate, shear] = [0, 1, 2, 3];
    let [msc, bone, fat] = [&s.populations[0], &s.populations[1], &s.populations[2]];
    all_close(&msc.seeding, &[1e12; 4]);
    let room = [msc, bone, fat].map(|p| p.capacity.unwrap());
    let counts = room.map(|c| (c.counts_viable, c.counts_dead));
    assert_eq!(counts, [(false, true), (true, true), (true, false)]);
    all_close(&room.map(|c| c.density), &[2e14, 3e14, 4e14]);

    let [(a, Uptake::Hill(hill)), (b, Uptake::MichaelisMenten(mm)), (c, Uptake::FirstOrder(f))] =
        msc.uptake[..]
    else {
        panic!("{:?}", msc.uptake)
    };
    assert_eq!([a, b, c], [oxygen, glucose, lactate]);
    all_close(&[hill.vmax, hill.half, hill.exponent], &[36e-15 / 3600.0, 5e-3, 2.0]);
    all_close(&[mm.vmax, mm.km, f.clearance], &[720e-15 / 3600.0, 0.4, 3.6e-12 / 3600.0]);
    let [first, second] = msc.modifiers[..] else { panic!("{:?}", msc.modifiers) };
    assert_eq!((first.of, first.by, second.of, second.by), (glucose, oxygen, oxygen, lactate));
    let numbers =
        |m: blastema::model::setup::Modifier| [m.law.factor, m.law.on.half, m.law.on.exponent];
    all_close(&numbers(first), &[3.0, 10e-3, 2.0]);
    all_close(&numbers(second), &[0.5, 2.0, 1.0]);
    let [Production::PerUptake { solute, of, yields }, Production::Constant { solute: made, rate }] =
        msc.production[..]
    else {
        panic!("{:?}", msc.production)
    };
    assert_eq!((solute, of, yields, made), (lactate, glucose, 1.8, oxygen));
    close(rate, 1.8e-15 / 3600.0);

    let growth = msc.growth.as_ref().unwrap();
    close(growth.rate, LN_2 / (2.0 * DAY));
    assert!(growth.logistic && growth.combine == Combine::Minimum);
    let [(a, Limit::Monod(m)), (b, Limit::Inhibition(i)), (c, Limit::Inhibition(w))] =
        growth.limits[..]
    else {
        panic!("{:?}", growth.limits)
    };
    assert_eq!([a, b, c], [oxygen, lactate, shear]);
    all_close(&[m.half, i.half, i.exponent, w.half, w.exponent], &[6e-3, 20.0, 3.0, 1.0, 1.0]);
    let (number, faster) = msc.stimulation[0];
    assert_eq!((msc.stimulation.len(), number), (1, shear));
    all_close(&[faster.factor, faster.on.half, faster.on.exponent], &[2.0, 20e-3, 1.0]);
    let plain = fat.growth.as_ref().unwrap();
    assert!(!plain.logistic && plain.combine == Combine::Product && plain.limits.is_empty());
    close(plain.rate, 1.0 / DAY);

    let q = msc.quiescence.as_ref().unwrap();
    all_close(&[q.rate, q.recovery], &[0.5 / DAY, 1.0 / 43200.0]);
    assert_eq!((q.activity, q.death_factor, q.combine), (0.2, 0.3, Combine::Any));
    let [(number, Trigger::Below(on))] = q.when[..] else { panic!("{:?}", q.when) };
    assert_eq!((number, on.half, on.exponent), (glucose, 0.1, 4.0));
    let q = fat.quiescence.as_ref().unwrap();
    assert_eq!((q.activity, q.death_factor, q.combine), (0.1, 1.0, Combine::All));

    let [acid, hypoxia] = &msc.deaths[..] else { panic!("{:?}", msc.deaths) };
    assert_eq!((acid.cause.as_str(), acid.combine), ("acid", Combine::Any));
    assert!(acid.exposure.is_none());
    close(acid.rate, LN_2 / DAY);
    let [(a, Trigger::Above(high)), (b, Trigger::Below(low))] = acid.when[..] else { panic!() };
    assert_eq!([a, b], [lactate, glucose]);
    all_close(&[high.half, high.exponent, low.half, low.exponent], &[30.0, 6.0, 0.2, 2.0]);
    assert_eq!((hypoxia.cause.as_str(), hypoxia.combine), ("hypoxia", Combine::All));
    close(hypoxia.rate, 0.25 / DAY);
    let [(number, Trigger::Below(on))] = hypoxia.when[..] else { panic!() };
    assert_eq!((number, on.exponent), (oxygen, 4.0));
    close(on.half, 1e-3);
    let e = hypoxia.exposure.unwrap();
    assert_eq!((e.time, e.recovery, e.stages), (21600.0, 7200.0, 3));

    let turns = &msc.differentiation[0];
    assert_eq!((msc.differentiation.len(), turns.into, turns.combine), (1, 1, Combine::All));
    close(turns.rate, 1.0 / (10.0 * DAY));
    assert_eq!(turns.when.iter().map(|w| w.0).collect::<Vec<_>>(), [glucose, shear]);
    let leaves = msc.detachment.as_ref().unwrap();
    close(leaves.rate, 2.0 / DAY);
    let [(number, Trigger::Above(on))] = leaves.when[..] else { panic!() };
    assert_eq!((number, leaves.combine, on.half), (shear, Combine::All, 0.1));
    assert!(fat.detachment.is_none() && fat.lysis == 0.0 && fat.taxis.is_empty());
    close(msc.lysis, LN_2 / (3.0 * DAY));

    // Bone cells come only by differentiation.
    assert_eq!(bone.seeding, [0.0; 4]);
    assert!(bone.growth.is_none() && bone.quiescence.is_none() && bone.deaths.is_empty());
    let [toward, away] = msc.taxis[..] else { panic!("{:?}", msc.taxis) };
    assert_eq!((toward.of, away.of), (Cue::Solute(oxygen), Cue::Solute(lactate)));
    all_close(&[toward.sensitivity, toward.half, away.sensitivity], &[3e-10, 0.1, -2e-10]);
    assert!(away.half == f64::INFINITY && !msc.volume_filling);
    assert_eq!(msc.motility, Motility::Constant(1e-14));
    assert_eq!(fat.motility, Motility::Constant(0.0));

    let collagen = &s.matter.matrices[0];
    assert_eq!((collagen.initial.as_slice(), collagen.decay), (&[0.0; 4][..], 0.0));
    close(collagen.density, 1400.0);
    assert!(collagen.largest.is_none());
    let [first, second] = &collagen.deposits[..] else { panic!("{:?}", collagen.deposits) };
    assert_eq!((first.population, first.combine), (0, Combine::Minimum));
    assert_eq!((second.population, second.combine), (2, Combine::Product));
    // A nanogram a day is 1e-12 kg over 86400 s.
    all_close(&[first.rate, second.rate], &[0.864e-12 / DAY, 0.0864e-12 / DAY]);
    let [(a, Limit::Monod(m)), (b, Limit::Monod(w))] = first.limits[..] else { panic!() };
    assert_eq!((a, m.half, b, w.half), (glucose, 1.0, shear, 2.0));
    assert!(second.limits.is_empty());

    let [well] = &s.baths[..] else { panic!("{:?}", s.baths) };
    assert_eq!(well.solutes, [(oxygen, 0.15), (glucose, 4.0)]);
    close(well.volume, 3e-6);
    let (acid, buffer) = s.ph.unwrap();
    assert_eq!(acid, lactate);
    all_close(&[buffer.bicarbonate, buffer.pco2], &[24.0, 5e3]);
    assert!(
        s.run.fields.ends_with(&["ph", "pressure", "velocity", "wall_shear"].map(String::from))
    );
    assert!(s.silent_laws.is_empty());
    assert_eq!(s.populations.iter().map(|p| p.reseeding.len()).sum::<usize>(), 0);
}

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

fn seeded(text: &str, seeding: &str) -> Vec<f64> {
    population(&swap(text, "SEEDING", seeding)).seeding
}

#[test]
fn seeding_per_volume_and_per_face() {
    let plate = |seeding: &str| seeded(PLATE, seeding);
    let pores = |seeding: &str| seeded(PLATE, &format!("counted_per = \"pore-volume\"\n{seeding}"));
    let number = "seeding.number = { of = \"1e6 cells\", efficiency = 0.25 }";
    // 2 mm · 1 mm · 1 m, of which 1.4/2 are pores.
    all_close(&plate(number), &[2.5e5 / 2e-6; 4]);
    let wet = 2.5e5 / 1.4e-6;
    all_close(&pores(number), &[0.6 * wet, 0.8 * wet, 0.6 * wet, 0.8 * wet]);
    all_close(&plate("seeding.number.of = \"1e6 cells\""), &[1e6 / 2e-6; 4]);
    let uniform = "seeding.uniform.density = \"1e6 cells/mL\"";
    all_close(&plate(uniform), &[1e12; 4]);
    all_close(&pores(uniform), &[0.6e12, 0.8e12, 0.6e12, 0.8e12]);
    let face = |face: &str| {
        format!("seeding.surface = {{ density = \"1e4 cells/cm^2\", face = \"{face}\" }}")
    };
    // 1e8 cells/m² over the thickness of the layer, whatever the porosity.
    let (x, y) = (1e8 / 1e-3, 1e8 / 0.5e-3);
    for (at, wanted) in [
        ("x_min", [x, 0.0, x, 0.0]),
        ("x_max", [0.0, x, 0.0, x]),
        ("y_min", [y, y, 0.0, 0.0]),
        ("y_max", [0.0, 0.0, y, y]),
    ] {
        all_close(&plate(&face(at)), &wanted);
        all_close(&pores(&face(at)), &wanted);
    }
    let z = swap(PLATE, "SEEDING", &face("z_min"));
    let key = "cells.msc.seeding.surface.face";
    let beyond = "is on an axis that the domain does not have";
    refused(&z, "E022", &format!("{key} {beyond}"), "the domain has x and y");

    // The zero-order uptake fades below 1e-4 of what feeds the slab.
    let text = swap(&swap(PLATE, "SEEDING", uniform), "value = \"0.2 mM\"", "value = \"0.3 mM\"");
    let Uptake::ZeroOrder(law) = population(&text).uptake[0].1 else { panic!() };
    all_close(&[law.0.vmax, law.0.km], &[36e-15 / 3600.0, 0.3e-4]);
}

/// Rings of 1 mm, volumes as 1 to 3, and layers of 0.5 mm.
#[test]
fn seeding_of_a_cylinder() {
    let text = swap(PLATE, "[domain]", "[domain]\nshape = \"cylinder\"");
    let text = swap(&text, "axis = \"x\"", "axis = \"r\"");
    let text = swap(&text, "boundary.x_max", "boundary.r_max");
    let number = "seeding.number.of = \"1e6 cells\"";
    all_close(&seeded(&text, number), &[1e6 / (PI * 4e-6 * 1e-3); 4]);
    let wet = 1e6 / (PI * 1e-6 * 1e-3 * (0.6 + 3.0 * 0.8));
    let per_pore = "counted_per = \"pore-volume\"\n";
    let pores = seeded(&text, &format!("{per_pore}{number}"));
    all_close(&pores, &[0.6 * wet, 0.8 * wet, 0.6 * wet, 0.8 * wet]);
    let face = |face: &str| {
        format!("seeding.surface = {{ density = \"1e4 cells/cm^2\", face = \"{face}\" }}")
    };
    let z = 1e8 / 0.5e-3;
    all_close(&seeded(&text, &face("z_max")), &[0.0, 0.0, z, z]);
    // 2πR of side over π(R² − r²) of volume.
    let r = 1e8 * 2.0 * 2e-3 / (4e-6 - 1e-6);
    all_close(&seeded(&text, &face("r_max")), &[0.0, r, 0.0, r]);
    all_close(&seeded(&text, &format!("{per_pore}{}", face("r_max"))), &[0.0, r, 0.0, r]);
    let inner = swap(&text, "SEEDING", &face("r_min"));
    let message = "cells.msc.seeding.surface.face is a face that the domain does not have";
    refused(&inner, "E022", message, "a full cylinder or sphere has no inner face");
    let hollow = swap(&text, "[domain]", "[domain]\ninner_radius = \"1 mm\"");
    // From 1 to 2 mm in rings of 0.5 mm: 2πr over π(R² − r²).
    let hollow = swap(&hollow, "[\"1.5 mm\", 0.8]", "[\"1.25 mm\", 0.8]");
    let r = 1e8 * 2.0 * 1e-3 / (2.25e-6 - 1e-6);
    all_close(&seeded(&hollow, &face("r_min")), &[r, 0.0, r, 0.0]);
    let beyond = swap(&text, "SEEDING", &face("x_min"));
    let message = "cells.msc.seeding.surface.face is on an axis that the domain does not have";
    refused(&beyond, "E022", message, "the domain has r and z");
}

#[test]
fn who_needs_no_seeding() {
    let missing = |text: &str| {
        refused(text, "E011", "cells.msc.seeding is missing", "in cells.msc");
    };
    let bare = cells("growth.rate.value = \"1 1/d\"");
    missing(&bare);
    let here = "[regions.a]\nshape.layer = { axis = \"x\", from = \"0 mm\", to = \"1 mm\" }\n";
    missing(&format!("{bare}{here}"));
    let region = format!("{bare}{here}cells.msc.seeding.uniform.density = \"1e6 cells/mL\"\n");
    all_close(&population(&region).seeding, &[1e12, 1e12, 0.0, 0.0]);
    let add = "reseeding = [{ at = \"1 d\", seeding.uniform.density = \"1e6 cells/mL\" }]";
    let later = cells(add);
    let p = population(&later);
    assert_eq!((p.seeding.as_slice(), p.reseeding[0].time), (&[0.0; 4][..], DAY));
    all_close(&p.reseeding[0].density, &[1e12; 4]);
    // Only those that another population turns into.
    let other = |into: &str| {
        let turns = format!(
            "[cells.a]\nseeding.uniform.density = \"1 cells/mL\"\n\
            differentiation.{into}.rate.value = \"1 1/d\"\n[cells.b]\n\
            seeding.uniform.density = \"1 cells/mL\"\n[run]"
        );
        swap(&bare, "[run]", &turns)
    };
    assert_eq!(population(&other("msc")).seeding, [0.0; 4]);
    missing(&other("b"));
    // Regions change a density, not a number.
    let number = swap(&region, "growth", "seeding.number.of = \"10 cells\"\ngrowth");
    let message = "regions.a.cells.msc.seeding needs cells.msc.seeding.uniform";
    refused(&number, "E020", message, "regions change a density");
}

#[test]
fn reseeding_times_places_and_room() {
    let with = |at: &str, more: &str| {
        cells(&format!(
            "seeding.uniform.density = \"1e6 cells/mL\"\ncapacity.density = \"4e6 cells/mL\"\n\
             counted_per = \"pore-volume\"\ngrowth.rate.value = \"1 1/d\"\n\
             reseeding = [{{ at = \"{at}\", {more} }}]"
        ))
    };
    let uniform = |n: &str| format!("seeding.uniform.density = \"{n} cells/mL\"");
    let p = population(&with("47 h", &uniform("2e6")));
    assert_eq!(p.reseeding[0].time, 47.0 * 3600.0);
    all_close(&p.reseeding[0].density, &[0.8 * 2e12; 4]);
    let half = "within.layer = { axis = \"x\", from = \"0 mm\", to = \"1 mm\" }";
    let p = population(&with("1 h", &format!("{half}, seeding.number.of = \"8e5 cells\"")));
    // Into the pores of 1 mm.
    all_close(&p.reseeding[0].density, &[8e5 / 1e-3, 8e5 / 1e-3, 0.0, 0.0]);
    let p = population(&with("1 h", &format!("{half}, {}", uniform("2e6"))));
    all_close(&p.reseeding[0].density, &[1.6e12, 1.6e12, 0.0, 0.0]);
    let late = "cells.msc.reseeding[0].at is not before the end";
    refused(&with("2 d", &uniform("1")), "E016", late, "the run ends at 2 d");
    let steady = swap(&with("1 h", &uniform("1")), "duration = \"2 d\"", "steady = true");
    refused(&steady, "E016", late, "a steady run has one moment");
    let nowhere = "within.layer = { axis = \"x\", from = \"0.6 mm\", to = \"0.7 mm\" }";
    refused(
        &with("1 h", &format!("{nowhere}, {}", uniform("1"))),
        "E022",
        "cells.msc.reseeding[0].within holds no voxel",
        "a voxel belongs to a place when its centre does",
    );
    // 5e6 per pore volume are the 4e6 that fit.
    population(&with("1 h", &uniform("5e6")));
    refused(
        &with("1 h", &uniform("5.01e6")),
        "E023",
        "cells.msc.reseeding[0].seeding is above the capacity",
        "up to 4.008e6 cells/mL where 4e6 cells/mL fit",
    );
}

#[test]
fn populations_share_a_room() {
    let two = |a: &str, b: &str, counts: &str| {
        let first = format!(
            "seeding.uniform.density = \"{a} cells/mL\"\ngrowth.rate.value = \"1 1/d\"\n\
             capacity = {{ density = \"3e6 cells/mL\", counts = [{counts}] }}\n[cells.b]\n\
             seeding.uniform.density = \"{b} cells/mL\"\nlysis.rate.value = \"1 1/d\""
        );
        cells(&first)
    };
    setup(&two("1e6", "2e6", "\"viable\""));
    setup(&two("1e6", "3e6", "\"dead\""));
    let message = "cells.msc.seeding is above the capacity";
    let label = |n: &str| format!("up to {n} cells/mL where 3e6 cells/mL fit");
    refused(&two("1e6", "2.1e6", "\"viable\""), "E023", message, &label("3.1e6"));
    refused(&two("3.2e6", "0", "\"dead\", \"viable\""), "E023", message, &label("3.2e6"));
}

const SEEDED: &str = "seeding.uniform.density = \"1e6 cells/mL\"\n";

/// A population with `laws`, beside oxygen, is refused.
fn laws_refused(laws: &str, code: &str, message: &str, label: &str) {
    let text = cells(&format!("{SEEDED}{laws}"));
    refused(&text, code, &format!("cells.msc.{message}"), label);
}

#[test]
fn laws_of_what_is_absent() {
    let near = "did you mean `oxygen`?";
    let absent = |key: &str, laws: &str| {
        laws_refused(laws, "E021", &format!("{key}: the case has no solute `oxigen`"), near);
    };
    let mm = "{ vmax = \"1 fmol/cell/h\", km = \"1 uM\" }";
    let up = format!("uptake.oxygen.michaelis-menten = {mm}\n");
    absent("uptake.oxigen", &format!("uptake.oxigen.michaelis-menten = {mm}"));
    absent(
        "production.oxigen",
        &format!("{up}production.oxigen.per-uptake = {{ of = \"oxygen\", yield = 1 }}"),
    );
    absent(
        "production.oxygen.per-uptake.of",
        "production.oxygen.per-uptake = { of = \"oxigen\", yield = 1 }",
    );
    let effect = "{ factor = 2, half = \"1 mM\" }";
    absent("uptake_modifiers.oxigen", &format!("uptake_modifiers.oxigen.oxygen = {effect}"));
    absent(
        "uptake_modifiers.oxygen.oxigen",
        &format!("{up}uptake_modifiers.oxygen.oxigen = {effect}"),
    );
    let growth = "growth.rate.value = \"1 1/d\"\n";
    absent("growth.limits.oxigen", &format!("{growth}growth.limits.oxigen.monod.half = \"1 mM\""));
    absent("growth.stimulation.oxigen", &format!("{growth}growth.stimulation.oxigen = {effect}"));
    absent(
        "death.a.when.oxigen",
        "death.a = { rate.value = \"1 1/d\", when.oxigen.below.half = \"1 mM\" }",
    );
    absent("chemotaxis.oxigen", "chemotaxis.oxigen.sensitivity = \"1 m^5/mol/s\"");
    // What nothing takes up.
    let takes = "msc takes up no oxygen";
    let give = "give cells.msc.uptake.oxygen";
    laws_refused(
        &format!("uptake_modifiers.oxygen.oxygen = {effect}"),
        "E021",
        &format!("uptake_modifiers.oxygen: {takes}"),
        give,
    );
    laws_refused(
        "production.oxygen.per-uptake = { of = \"oxygen\", yield = 1 }",
        "E021",
        &format!("production.oxygen.per-uptake.of: {takes}"),
        give,
    );
    laws_refused(
        &format!("{up}uptake_modifiers.oxygen.oxygen = {effect}"),
        "E023",
        "uptake_modifiers.oxygen.oxygen modifies itself",
        "choose another law of uptake instead, for example hill",
    );
    let circle = format!("{up}production.oxygen.per-uptake = {{ of = \"oxygen\", yield = 1 }}");
    refused(
        &cells(&format!("{SEEDED}{circle}")),
        "E023",
        "production goes round in a circle: oxygen",
        "a solute made per uptake must not lead back to what it is made of",
    );
    // The shear where no flow, or a given one, says what it is.
    let shear = format!("{growth}growth.limits.wall_shear.monod.half = \"1 Pa\"");
    laws_refused(
        &shear,
        "E021",
        "growth.limits.wall_shear: the wall shear is not known, there is no [flow]",
        "write [flow], or leave the law out",
    );
    let given = |more: &str| {
        let flow = format!("[flow.law.given]\nvelocity = [\"1 um/s\"]\n{more}\n[run]");
        swap(&through(&cells(&format!("{SEEDED}{shear}"))), "[run]", &flow)
    };
    refused(
        &given(""),
        "E021",
        "cells.msc.growth.limits.wall_shear: the wall shear is not known, \
         flow.law.given has no permeability",
        "give it one, or leave the law out",
    );
    let known = setup(&given("permeability = \"1e-12 m^2\""));
    assert_eq!(known.populations[0].growth.as_ref().unwrap().limits[0].0, 1);
    assert!(known.answers_to_shear());
}

#[test]
fn laws_that_lack_something() {
    laws_refused(
        "growth = { rate.value = \"1 1/d\", crowding = \"logistic\" }",
        "E011",
        "growth.crowding needs cells.msc.capacity",
        "",
    );
    setup(&cells(&format!("{SEEDED}growth = {{ rate.value = \"1 1/d\", crowding = \"none\" }}")));
    for key in ["stages = 2", "recovery = \"1 h\""] {
        let name = key.split(' ').next().unwrap();
        laws_refused(
            &format!("death.a = {{ rate.value = \"1 1/d\", {key} }}"),
            "E011",
            &format!("death.a.{name} needs cells.msc.death.a.exposure"),
            "",
        );
    }
    let detachment = "detachment = { rate.value = \"1 1/d\", when.oxygen.below.half = \"1 mM\" }";
    laws_refused(
        detachment,
        "E023",
        "detachment without [flow]",
        "nothing carries the cells away: write [flow], or leave it out",
    );
    let quick = "differentiation.bone.rate.value = \"1 1/d\"";
    laws_refused(quick, "E021", "differentiation.bone: no other population is called `bone`", "");
    let notes = |laws: &str| {
        let report = report(&cells(&format!("{SEEDED}{laws}")));
        report.diagnostics[0].notes.concat()
    };
    assert_eq!(notes(quick), "write [cells.bone] with its laws");
    assert_eq!(notes(&quick.replace("bone", "msc")), "cells of msc are msc already");
    let two = format!("{quick}\n[cells.bones]\n{SEEDED}lysis.rate.value = \"1 1/d\"");
    assert_eq!(notes(&two), "others: bones");
    laws_refused(
        &two,
        "E021",
        "differentiation.bone: no other population is called `bone`",
        "did you mean \"bones\"?",
    );
}

/// The library's cells where a case lacks what their laws speak of.
#[test]
fn silent_laws_of_the_library() {
    let with = |solutes: &str| {
        let text = cells("type = \"human-msc-bone-marrow\"\nseeding.number.of = \"1 cells\"");
        let s = setup(&swap(&text, "[cells", &format!("{solutes}\n[cells")));
        let p = &s.populations[0];
        let mut taken: Vec<&str> = p.uptake.iter().map(|u| s.solutes[u.0].name.as_str()).collect();
        taken.sort_unstable();
        let causes: Vec<String> = p.deaths.iter().map(|d| d.cause.clone()).collect();
        (taken.join(" "), p.production.len(), causes.join(" "), s.silent_laws.join("; "))
    };
    let solute = |name: &str| {
        format!("[solutes.{name}]\ndiffusivity = \"1e-9 m^2/s\"\ninitial = \"1 mM\"\n")
    };
    let uptake = "msc: uptake of glucose is not modelled: no glucose";
    let made = "msc: production of lactate is not modelled";
    let limit = "msc: growth limit by lactate is not modelled: no lactate";
    let death = "msc: death by hypoxia is not modelled: no glucose";
    let wanted = |taken: &str, made: usize, causes: &str, silent: &[&str]| {
        (taken.to_owned(), made, causes.to_owned(), silent.join("; "))
    };
    let none = format!("{made}: no lactate");
    assert_eq!(with(""), wanted("oxygen", 0, "", &[uptake, &none, limit, death]));
    let glucose = solute("glucose");
    assert_eq!(with(&glucose), wanted("glucose oxygen", 0, "hypoxia", &[&none, limit]));
    let lactate = solute("lactate");
    let none = format!("{made}: no glucose");
    assert_eq!(with(&lactate), wanted("oxygen", 0, "", &[uptake, &none, death]));
    assert_eq!(with(&(glucose + &lactate)), wanted("glucose oxygen", 1, "hypoxia", &[]));
    // With neither solute any trigger is as silent.
    let neither = "type = \"human-msc-bone-marrow\"\nseeding.number.of = \"1 cells\"\n\
        death.hypoxia.combine = \"any\"";
    let s = setup(&cells(neither).replace("solutes.oxygen", "solutes.lactate"));
    let silent = "msc: death by hypoxia is not modelled: no oxygen, no glucose";
    assert!(s.populations[0].deaths.is_empty() && s.silent_laws.iter().any(|l| l == silent));
    // Where any trigger suffices, the one that is left acts.
    let text = cells(
        "type = \"human-msc-bone-marrow\"\nseeding.number.of = \"1 cells\"\n\
         death.hypoxia.combine = \"any\"",
    );
    let s = setup(&text);
    assert_eq!(s.populations[0].deaths[0].when.len(), 1);
    assert!(!s.silent_laws.iter().any(|l| l.contains("death")));
}

#[test]
fn how_cells_move() {
    let matrix = "[matrix.collagen]\ndensity = \"1400 mg/mL\"\n[matrix.gel]\n\
        density = \"1000 mg/mL\"\nlargest = \"50 mg/mL\"\ninitial = \"20 mg/mL\"\n\
        degradation.half_life = \"4 d\"\n[run]";
    let with = |laws: &str| swap(&cells(&format!("{SEEDED}{laws}")), "[run]", matrix);
    let room = "capacity.density = \"2e8 cells/mL\"\n";
    let p = population(&with(&format!("{room}motility.porous.diffusivity = \"4e-14 m^2/s\"")));
    assert_eq!(p.motility, Motility::Porous { diffusivity: 4e-14, capacity: 2e14 });
    assert!(p.taxis.is_empty() && !p.volume_filling);
    let s = setup(&with(&format!(
        "{room}motility.haptokinetic = {{ of = \"gel\", largest = \"2e-14 m^2/s\", at = \"5 mg/mL\" }}\n\
         haptotaxis.gel = {{ sensitivity = \"3e-12 m^5/kg/s\", half = \"7 mg/mL\" }}\n\
         chemotaxis.oxygen.sensitivity = \"1e-10 m^5/mol/s\""
    )));
    let p = &s.populations[0];
    let Motility::Haptokinetic { of, largest, at } = p.motility else { panic!() };
    assert_eq!((of, largest), (1, 2e-14));
    close(at, 5.0);
    let [solute, gel] = p.taxis[..] else { panic!("{:?}", p.taxis) };
    assert_eq!((solute.of, gel.of, solute.half), (Cue::Solute(0), Cue::Matrix(1), f64::INFINITY));
    all_close(&[solute.sensitivity, gel.sensitivity, gel.half], &[1e-10, 3e-12, 7.0]);
    assert!(p.volume_filling);
    let gel = &s.matter.matrices[1];
    all_close(&gel.initial, &[20.0; 4]);
    all_close(&[gel.largest.unwrap(), gel.decay], &[50.0, LN_2 / (4.0 * DAY)]);

    let wrong = |laws: &str, code: &str, message: &str, label: &str| {
        refused(&with(laws), code, &format!("cells.msc.{message}"), label);
    };
    wrong(
        "motility.porous.diffusivity = \"4e-14 m^2/s\"",
        "E011",
        "motility.porous needs cells.msc.capacity",
        "cells move with D·n/capacity",
    );
    let drift = "chemotaxis.oxygen = { sensitivity = \"1e-10 m^5/mol/s\"";
    let piles = "give it, or say crowding = \"none\": then cells may pile up without bound";
    let counting = "chemotaxis.oxygen needs a capacity that counts viable cells";
    wrong(&format!("{drift} }}"), "E011", counting, piles);
    let dead = "capacity = { density = \"2e8 cells/mL\", counts = [\"dead\"] }\n";
    wrong(&format!("{dead}{drift} }}"), "E011", counting, piles);
    let free = population(&with(&format!("{drift}, crowding = \"none\" }}")));
    assert!(!free.volume_filling && free.taxis.len() == 1);
    wrong(
        &format!("{room}{drift} }}\nmotility.porous.diffusivity = \"4e-14 m^2/s\""),
        "E020",
        "chemotaxis.oxygen beside motility.porous",
        "drift goes with a constant or a haptokinetic motility",
    );
    let fill = "haptotaxis.gel = { sensitivity = \"3e-12 m^5/kg/s\"";
    wrong(
        &format!("{room}{drift} }}\n{fill}, crowding = \"none\" }}"),
        "E023",
        "haptotaxis.gel differs from the taxis before it",
        "crowding is one for all attractants of a population",
    );
    wrong(
        "haptotaxis.gell = { sensitivity = \"3e-12 m^5/kg/s\", crowding = \"none\" }",
        "E021",
        "haptotaxis.gell: the case has no matrix `gell`",
        "did you mean `gel`?",
    );
    let notes = |name: &str| {
        let laws = format!("haptotaxis.{name}.sensitivity = \"3e-12 m^5/kg/s\"");
        report(&with(&laws)).diagnostics[0].notes.concat()
    };
    assert_eq!(notes("oxygen"), "`oxygen` is a solute: write chemotaxis.oxygen");
    assert_eq!(notes("bone"), "write [matrix.bone]");
    // Across periodic sides only a constant motility.
    let round = |laws: &str| {
        swap(&with(laws), "[domain]", "[domain]\nperiodic = [\"x\"]")
            .replace("boundary.x_max.value = \"0.2 mM\"\n", "")
    };
    let constant = setup(&round("motility.constant = \"1e-14 m^2/s\""));
    assert_eq!(constant.populations[0].motility, Motility::Constant(1e-14));
    assert_eq!(constant.grid.periodic, [true, false, false]);
    refused(
        &round(&format!("{room}motility.porous.diffusivity = \"4e-14 m^2/s\"")),
        "E023",
        "cells.msc.motility.porous beside domain.periodic is not modelled",
        "only motility.constant crosses periodic sides",
    );
    refused(
        &round(&format!("{room}{drift} }}")),
        "E023",
        "cells.msc.chemotaxis.oxygen beside domain.periodic is not modelled",
        "leave one of them out",
    );
}

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

#[test]
fn conditions_on_faces_and_baths() {
    let s = setup(BLOCK);
    let [oxygen, drug] = &s.solutes[..] else { panic!() };
    let [value, flux, film, still, bath, sealed] = &oxygen.boundaries;
    let Boundary::Value(Signal::Steps(steps)) = value else { panic!("{value:?}") };
    assert_eq!(steps, &[(0.0, 0.2), (6.0 * 3600.0, 0.1)]);
    let Boundary::Flux(Signal::Ramp(ramp)) = flux else { panic!("{flux:?}") };
    assert_eq!([ramp[0].0, ramp[1].0], [0.0, DAY]);
    all_close(&[ramp[0].1, ramp[1].1], &[-3e-9 / 1e-4, 2e-9 / 1e-4]);
    let Boundary::Transfer { coefficient, outside } = film else { panic!("{film:?}") };
    close(*coefficient, 4e-6);
    assert_eq!(outside, &Signal::Sine { mean: 0.2, amplitude: 0.1, period: 43200.0 });
    let Boundary::StagnantMedium { height, coefficient, top: Signal::Constant(top) } = still else {
        panic!("{still:?}")
    };
    all_close(&[*height, *coefficient, *top], &[5e-3, 2e-9 / 5e-3, 18.6 * 9.576e-3]);
    assert!(bath.is_bath(1) && matches!(sealed, Boundary::Sealed));
    assert!(drug.boundaries[5].is_bath(1) && matches!(drug.boundaries[0], Boundary::Sealed));
    // ln 2 over two hours; the tensor holds for the free diffusivity alone.
    all_close(&[oxygen.decay, drug.decay], &[LN_2 / 7200.0, 0.1 / 3600.0]);
    assert_eq!((oxygen.axis, drug.axis), ([0.3, 0.2, 0.1], [1.0; 3]));
    assert_eq!((oxygen.free_diffusivity, drug.free_diffusivity), (Some(2e-9), None));
    assert_eq!((oxygen.diffusivity, drug.diffusivity), (2e-9, 1e-10));
    // Of oxygen from the library: O₂.
    assert_eq!((oxygen.molar_mass, drug.molar_mass), (Some(0.032), Some(50.0)));
    assert_eq!((&oxygen.relative[..], &drug.relative[..]), (&[1.0; 8][..], &[1.0; 8][..]));
    assert!(oxygen.source.is_none() && oxygen.release.is_none());

    let [glass, dish] = &s.baths[..] else { panic!() };
    all_close(&[glass.volume, dish.volume], &[1e-3, 2e-6]);
    assert_eq!(glass.solutes, []);
    // 2 kg/m³ over 50 kg/mol.
    assert_eq!((dish.solutes[0], dish.solutes[1].0), ((0, 0.18), 1));
    close(dish.solutes[1].1, 2.0 / 50.0);
    let hours = |b: &Bath| b.changes.iter().map(|c| (c.0 / 3600.0, c.1)).collect::<Vec<_>>();
    assert_eq!(hours(glass), [(6.0, 0.5), (18.0, 0.5), (30.0, 0.5), (42.0, 0.5)]);
    assert_eq!(hours(dish), [(12.0, 1.0), (24.0, 1.0), (36.0, 1.0)]);
    assert!(s.flow.is_none() && s.ph.is_none() && !s.flow_changes() && s.flow_fields().is_empty());
    let idle = "name it: boundary.z_max.bath = { name = \"glass\", start = … }";
    assert_eq!(
        warned(BLOCK),
        [("W036", "baths.glass touches no face".to_owned(), idle.to_owned())]
    );
}

#[test]
fn conditions_that_are_refused() {
    let wrong = |from: &str, to: &str, code: &str, message: &str, label: &str| {
        refused(&swap(BLOCK, from, to), code, message, label);
    };
    let of = "solutes.oxygen.boundary";
    wrong(
        "name = \"dish\", start = \"0.18 mM\"",
        "name = \"dsh\", start = \"0.18 mM\"",
        "E021",
        &format!("{of}.z_min.bath.name: no bath is called `dsh`"),
        "did you mean \"dish\"?",
    );
    // One bath starts one way.
    let both = |start: &str| format!("z_max.bath = {{ name = \"dish\", start = \"{start}\" }}");
    setup(&swap(BLOCK, "z_max.sealed = {}", &both("0.18 mM")));
    wrong(
        "z_max.sealed = {}",
        &both("0.17 mM"),
        "E023",
        &format!("{of}.z_max.bath.start differs between faces"),
        "another face of this solute says 180 uM; a bath is well mixed",
    );
    setup(&swap(BLOCK, "z_max.sealed = {}", &both("0.17 mM").replace("dish", "glass")));
    wrong(
        "boundary.z_max.bath = { name = \"dish\", start = \"2 mg/mL\" }",
        "boundary.z_max.stagnant-medium = { height = \"1 mm\", top = \"0 mM\" }",
        "E023",
        "solutes.drug.boundary.z_max.stagnant-medium needs the free diffusivity",
        "use transfer with coefficient = D_free/height, or give diffusivity",
    );
    wrong(
        "z_max.sealed",
        "r_max.sealed",
        "E022",
        &format!("{of}.r_max is on an axis that the domain does not have"),
        "the domain has x, y and z",
    );
    // A million changes are too many, in two days.
    let often = |every: &str| {
        swap(BLOCK, "change.every = \"12 h\"", &format!("change.every = \"{every}\""))
    };
    assert_eq!(setup(&often("0.2 s")).baths[1].changes.len(), 863_999);
    refused(
        &often("0.17 s"),
        "E016",
        "baths.dish.change.every gives more than a million changes",
        "",
    );
    // A signal that leaves what it may be, above its mean or below it.
    wrong(
        "amplitude = \"0.1 mM\"",
        "amplitude = \"-0.21 mM\"",
        "E016",
        &format!("{of}.y_min.transfer.outside is out of range"),
        "it reaches -10 uM; must be at least 0",
    );
    setup(&swap(BLOCK, "amplitude = \"0.1 mM\"", "amplitude = \"0.2 mM\""));
    wrong(
        "[\"6 h\", \"0.1 mM\"]",
        "[\"0 h\", \"0.1 mM\"]",
        "E016",
        &format!("{of}.x_min.value.steps.points does not ascend"),
        "the first entries of the rows must ascend",
    );
    for (key, label) in [("oxygen2", "did you mean `oxygen`?"), ("zzz", "")] {
        let region = format!(
            "[regions.a]\nshape.layer = {{ axis = \"x\", from = \"0 mm\", to = \"1 mm\" }}\n\
             solutes.{key}.initial = \"0.1 mM\"\n[run]"
        );
        let message = format!("regions.a.solutes.{key}: the case has no solutes.{key}");
        wrong("[run]", &region, "E021", &message, label);
    }
    let named = cells(&format!("{SEEDED}lysis.rate.value = \"1 1/d\"")).replace("msc", "oxygen");
    refused(
        &named,
        "E026",
        "cells.oxygen has the name of a solute",
        "fields are called by these names: take another",
    );
}

/// The slab with more keys of oxygen.
fn oxygen(keys: &str) -> String {
    swap(SLAB, "[run]", &format!("{keys}\n[run]"))
}

const LEFT: &str = "[regions.a]\nshape.layer = { axis = \"x\", from = \"0 mm\", to = \"1 mm\" }\n";

#[test]
fn sources_and_releases() {
    let source = |keys: &str| setup(&oxygen(keys)).solutes[0].source.clone().unwrap();
    let hour = 1.0 / 3600.0;
    let s = source("source.rate.linear = { axis = \"x\", from = \"0 mM/h\", to = \"8 mM/h\" }");
    all_close(&s.rate, &[1.0 * hour, 3.0 * hour, 5.0 * hour, 7.0 * hour]);
    assert_eq!(s.times, Signal::Constant(1.0));
    let s =
        source("source = { rate = \"2 mM/h\", times.steps.points = [[\"0 h\", 3], [\"1 h\", 0]] }");
    all_close(&s.rate, &[2.0 * hour; 4]);
    assert_eq!(s.times, Signal::Steps(vec![(0.0, 3.0), (3600.0, 0.0)]));
    let s = source(&format!("{LEFT}solutes.oxygen.source.rate = \"4 mM/h\""));
    all_close(&s.rate, &[4.0 * hour, 4.0 * hour, 0.0, 0.0]);

    let release = |law: &str| {
        let keys = format!("release = {{ loaded = \"3 mM\", law.{law} }}");
        let r = setup(&oxygen(&keys)).solutes[0].release.clone().unwrap();
        assert_eq!(r.loaded, [3.0; 4]);
        r.law
    };
    let Release::FirstOrder { rate, burst } =
        release("first-order = { rate.half_life = \"6 h\", burst = 0.2 }")
    else {
        panic!()
    };
    all_close(&[rate, burst], &[LN_2 / 21600.0, 0.2]);
    let law = release("zero-order.over = \"3 d\"");
    assert_eq!(law, Release::ZeroOrder { over: 3.0 * DAY, burst: 0.0 });
    // k of (t/1 d)^n = (t/τ)^n: τ = k^(−1/n) days.
    let Release::KorsmeyerPeppas { scale, exponent } =
        release("korsmeyer-peppas = { k = 0.25, exponent = 0.5, time_unit = \"d\" }")
    else {
        panic!()
    };
    all_close(&[scale, exponent], &[16.0 * DAY, 0.5]);
    let Release::KorsmeyerPeppas { scale, .. } =
        release("korsmeyer-peppas = { k = 0.5, exponent = 1 }")
    else {
        panic!()
    };
    close(scale, 2.0 * 3600.0);
    let rows =
        |more: &str| format!("measured.ramp.points = [[\"0 h\", 0.1], [\"1 h\", 0.3], {more}]");
    let law = release(&rows("[\"2 h\", 0.3]"));
    assert_eq!(law, Release::Measured(vec![(0.0, 0.1), (3600.0, 0.3), (7200.0, 0.3)]));
    let keys = format!("release = {{ loaded = \"3 mM\", law.{} }}", rows("[\"2 h\", 0.29]"));
    refused(
        &oxygen(&keys),
        "E016",
        "solutes.oxygen.release.law.measured falls",
        "from 0.3 to 0.29 at 2 h: give the cumulative fraction",
    );
    let zero = "release = { loaded = \"3 mM\", law.zero-order.over = \"3 d\" }";
    let part = setup(&oxygen(&format!("{zero}\n{LEFT}solutes.oxygen.release.loaded = \"1 mM\"")));
    assert_eq!(part.solutes[0].release.as_ref().unwrap().loaded, [1.0, 1.0, 3.0, 3.0]);
    refused(
        &oxygen(&format!("{LEFT}solutes.oxygen.release.loaded = \"1 mM\"")),
        "E020",
        "regions.a.solutes.oxygen.release.loaded needs solutes.oxygen.release.law",
        "a region changes what is loaded, not how it leaves",
    );
    refused(
        &swap(&oxygen(zero), "duration = \"2 d\"", "steady = true"),
        "E020",
        "solutes.oxygen.release beside run.steady",
        "a release is a course in time: give run.duration",
    );
    let ph = "[ph]\nacid = \"oxigen\"\nbicarbonate = \"24 mM\"";
    refused(
        &oxygen(ph),
        "E021",
        "ph.acid: the case has no solute `oxigen`",
        "did you mean `oxygen`?",
    );
    let (acid, buffer) = setup(&oxygen(&ph.replace("oxigen", "oxygen"))).ph.unwrap();
    assert_eq!(acid, 0);
    close(buffer.pco2, 38.0 * 133.322_387_415);
}

#[test]
fn regions_of_solutes_and_scaffold() {
    let inside = swap(SLAB, "diffusivity = ", "diffusivity_in_scaffold = ");
    let text = format!("{inside}{LEFT}solutes.oxygen.diffusivity_in_scaffold = \"5e-10 m^2/s\"");
    let s = &setup(&text).solutes[0];
    assert_eq!(s.diffusivity, 2e-9);
    all_close(&s.relative, &[0.25, 0.25, 1.0, 1.0]);
    refused(
        &format!("{SLAB}{LEFT}solutes.oxygen.diffusivity_in_scaffold = \"5e-10 m^2/s\""),
        "E020",
        "regions.a.solutes.oxygen.diffusivity_in_scaffold needs \
         solutes.oxygen.diffusivity_in_scaffold",
        "the solute has a free diffusivity; change porosity or effective_diffusivity here",
    );
    let Initial::Field(values) =
        &setup(&format!("{SLAB}{LEFT}solutes.oxygen.initial = \"0.1 mM\"")).solutes[0].initial
    else {
        panic!()
    };
    all_close(values, &[0.1, 0.1, 0.2, 0.2]);
    // Another key of the region leaves the initial concentration uniform.
    let other = format!("{SLAB}{LEFT}solutes.oxygen.source.rate = \"1 mM/h\"");
    assert!(matches!(setup(&other).solutes[0].initial, Initial::Uniform(c) if c == 0.2));
    let steady = swap(SLAB, "initial = \"0.2 mM\"", "initial.steady = {}");
    assert!(matches!(setup(&steady).solutes[0].initial, Initial::Steady));
    refused(
        &format!("{steady}{LEFT}solutes.oxygen.initial = \"0.1 mM\""),
        "E020",
        "regions.a.solutes.oxygen.initial beside initial.steady",
        "the steady solution has no regions",
    );
    // Its own law where the region says so, its own porosity under the law of all.
    let s = setup(&format!("{SLAB}{LEFT}scaffold.effective_diffusivity.maxwell = {{}}"));
    let maxwell = 2.0 * 0.8 / (3.0 - 0.8);
    all_close(&s.solutes[0].relative, &[maxwell, maxwell, 0.8, 0.8]);
    let s = setup(&format!("{SLAB}{LEFT}scaffold.porosity = 0.6"));
    all_close(&s.solutes[0].relative, &[0.6, 0.6, 0.8, 0.8]);
    all_close(&s.structure.porosity, &[0.6, 0.6, 0.8, 0.8]);
    // A region of porosity below 1 in free fluid.
    let free = swap(SLAB, "porosity = 0.8\neffective_diffusivity.area = {}", "");
    assert_eq!(setup(&free).structure.porosity[..], [1.0; 4]);
    let part = format!("{free}{LEFT}scaffold.porosity = 0.5\n");
    refused(&part, "E011", "scaffold.effective_diffusivity is missing", "the porosity is below 1");
    let s = setup(&format!("{part}scaffold.effective_diffusivity.tortuosity.factor = 2"));
    all_close(&s.structure.porosity, &[0.5, 0.5, 1.0, 1.0]);
    all_close(&s.solutes[0].relative, &[0.25, 0.25, 1.0, 1.0]);
    setup(&swap(&part, "diffusivity =", "diffusivity_in_scaffold ="));

    let law = |law: &str| {
        setup(&swap(
            SLAB,
            "effective_diffusivity.area = {}",
            &format!("effective_diffusivity.{law}"),
        ))
        .solutes[0]
            .relative[0]
    };
    close(law("table.points = [[0.7, 0.3], [0.9, 0.6]]"), 0.45);
    close(law("mackie-meares = {}"), 0.8 * (0.8_f64 / 1.2).powi(2));
    close(law("millington-quirk = {}"), 0.8_f64.powf(4.0 / 3.0));

    // One ratio for each axis that there is.
    let tensor = |t: &str| swap(BLOCK, "{ x = 0.3, y = 0.2, z = 0.1 }", t);
    let key = "scaffold.effective_diffusivity.tensor";
    refused(
        &tensor("{ x = 0.3, y = 0.2 }"),
        "E011",
        &format!("{key}.z is missing"),
        "a ratio for each axis: x, y, z",
    );
    refused(
        &tensor("{ x = 0.3, y = 0.2, z = 0.1, r = 0.1 }"),
        "E023",
        &format!("{key}.r is along no axis of the domain"),
        "its axes are x, y, z",
    );
    let slab = |t: &str| {
        swap(
            SLAB,
            "effective_diffusivity.area = {}",
            &format!("effective_diffusivity.tensor = {t}"),
        )
    };
    let s = &setup(&slab("{ x = 0.4 }")).solutes[0];
    assert_eq!((s.axis, &s.relative[..]), ([0.4, 1.0, 1.0], &[1.0; 4][..]));
    setup(&slab("{ x = 0.4, y = 0.2 }"));
    refused(
        &format!("{}{LEFT}scaffold.effective_diffusivity.area = {{}}", slab("{ x = 0.4 }")),
        "E020",
        "regions.a.scaffold.effective_diffusivity beside a tensor of the whole scaffold",
        "the ratios of a tensor hold everywhere",
    );
}

/// The slab with a flow through it.
fn flow(keys: &str) -> String {
    swap(&through(SLAB), "[run]", &format!("[flow]\n{keys}\n[run]"))
}

const PRESSURES: &str = "boundary.x_min.pressure = \"10 Pa\"\nboundary.x_max.pressure = \"0 Pa\"\n";

#[test]
fn laws_of_the_flow() {
    let of = |law: &str| setup(&flow(&format!("{PRESSURES}{law}"))).flow.unwrap();
    let darcy = of(
        "law.darcy.permeability.linear = { axis = \"x\", from = \"1e-8 cm^2\", to = \"9e-8 cm^2\" }\nviscosity = \"0.8 mPa s\"",
    );
    let FlowLaw::Darcy(k) = &darcy.law else { panic!() };
    all_close(k, &[2e-12, 4e-12, 6e-12, 8e-12]);
    close(darcy.viscosity, 0.8e-3);
    let wanted = [FlowBoundary::Pressure(10.0), FlowBoundary::Pressure(0.0)];
    assert_eq!(darcy.boundaries[..2], wanted);
    assert_eq!(darcy.boundaries[2..], [FlowBoundary::Sealed; 4]);
    let faces = darcy.boundaries.len();
    let shut: Vec<bool> =
        (0..faces).map(|f| darcy.shut(blastema::ground::grid::Face::ALL[f])).collect();
    assert_eq!(shut, [false, false, true, true, true, true]);
    let part = format!(
        "{}{LEFT}flow.law.darcy.permeability = \"5e-8 cm^2\"",
        flow(&format!("{PRESSURES}law.darcy.permeability = \"1e-8 cm^2\""))
    );
    let FlowLaw::Darcy(k) = setup(&part).flow.unwrap().law else { panic!() };
    all_close(&k, &[5e-12, 5e-12, 1e-12, 1e-12]);

    let free = of("law.brinkman.permeability = \"1e-8 cm^2\"");
    let FlowLaw::Brinkman { permeability, effective } = &free.law else { panic!() };
    all_close(permeability, &[1e-12; 4]);
    assert_eq!(effective, &[0.0; 4]);
    close(free.viscosity, 0.69e-3);
    let text = format!(
        "{}{LEFT}flow.law.brinkman.effective_viscosity = \"2 mPa s\"",
        flow(&format!(
            "{PRESSURES}law.brinkman = {{ permeability = \"1e-8 cm^2\", \
             effective_viscosity = \"1 mPa s\" }}"
        ))
    );
    let FlowLaw::Brinkman { permeability, effective } = setup(&text).flow.unwrap().law else {
        panic!()
    };
    all_close(&permeability, &[1e-12; 4]);
    all_close(&effective, &[2e-3, 2e-3, 1e-3, 1e-3]);

    let bed = "law.kozeny-carman = { diameter = \"0.2 mm\", constant = 150 }";
    let FlowLaw::Closure(Permeability::KozenyCarman(bed_law)) = of(bed).law else { panic!() };
    all_close(&[bed_law.diameter, bed_law.constant], &[2e-4, 150.0]);
    let FlowLaw::Table(rows) =
        of("law.table.points = [[0.5, \"1e-8 cm^2\"], [0.8, \"3e-8 cm^2\"]]").law
    else {
        panic!()
    };
    assert_eq!((rows[0].0, rows[1].0), (0.5, 0.8));
    all_close(&[rows[0].1, rows[1].1], &[1e-12, 3e-12]);
    let given = setup(&flow("law.given.velocity = [\"6 mm/min\"]"));
    let FlowLaw::Given(u) = given.flow.as_ref().unwrap().law else { panic!() };
    all_close(&u, &[6e-3 / 60.0, 0.0, 0.0]);
    assert_eq!(given.flow_fields(), ["velocity"]);
    let known =
        setup(&flow("law.given = { velocity = [\"6 mm/min\"], permeability = \"1e-8 cm^2\" }"));
    let FlowLaw::Known(q) = &known.flow.as_ref().unwrap().law else { panic!() };
    all_close(&q.permeability, &[1e-12; 4]);
    // Velocity through each of five sides of 1 m², per voxel of 0.5 mm.
    all_close(&q.q[0], &[1e-4 / 0.5e-3; 5]);
    assert!(q.changed.is_none());
    assert_eq!(known.flow_fields(), ["velocity", "wall_shear"]);
}

#[test]
fn flows_that_are_refused() {
    let darcy = "law.darcy.permeability = \"1e-8 cm^2\"\n";
    let wrong = |keys: &str, code: &str, message: &str, label: &str| {
        refused(&flow(keys), code, message, label);
    };
    let none = "no face has one";
    wrong(
        &format!("{darcy}boundary.x_min.rate = \"1 uL/min\""),
        "E011",
        "flow.boundary needs a pressure",
        none,
    );
    let mix = |law: &str| {
        format!(
            "{}{LEFT}flow.law.{law}.permeability = \"5e-8 cm^2\"",
            flow(&format!("{PRESSURES}{darcy}"))
        )
    };
    refused(
        &mix("brinkman"),
        "E020",
        "regions.a.flow beside flow.law.darcy",
        "give flow.law.darcy here too",
    );
    let bed = flow(&format!(
        "{PRESSURES}law.kozeny-carman = {{ diameter = \"0.2 mm\", constant = 180 }}"
    ));
    refused(
        &format!("{bed}{LEFT}flow.law.darcy.permeability = \"5e-8 cm^2\""),
        "E020",
        "regions.a.flow beside flow.law.kozeny-carman",
        "only flow.law.darcy and flow.law.brinkman vary by region",
    );
    refused(
        &format!("{SLAB}{LEFT}flow.law.darcy.permeability = \"5e-8 cm^2\""),
        "E020",
        "regions.a.flow without [flow]",
        "regions change what [flow] says",
    );
    let part = |e: &str| format!("{bed}{LEFT}scaffold.porosity = {e}");
    setup(&part("0.99"));
    refused(
        &part("1"),
        "E023",
        "flow.law.kozeny-carman needs a porosity below 1",
        "there is nothing to flow around: give law.darcy",
    );
    let along = swap(
        &flow("law.given.velocity = [\"0 um/s\", \"1 um/s\"]"),
        "[domain]",
        "[domain]\nshape = \"cylinder\"",
    );
    let along = swap(&along, "[\"2 mm\"]", "[\"2 mm\", \"1 mm\"]").replace(".x_", ".z_");
    setup(&swap(&along, "voxels = [4]", "voxels = [4, 2]"));
    wrong(
        "law.given.velocity = [\"1 um/s\"]\nboundary.x_min.pressure = \"1 Pa\"",
        "E020",
        "flow.boundary.x_min beside flow.law.given",
        "the velocity is known: leave the faces out",
    );
    setup(&flow("law.given.velocity = [\"1 um/s\"]\nboundary.x_min.sealed = {}"));
    setup(&flow("law.given.velocity = [\"1 um/s\"]\nboundary.x_min.symmetry = {}"));
    wrong(
        "law.given.velocity = [\"1 um/s\", \"0 um/s\"]",
        "E016",
        "flow.law.given.velocity has 2 entries",
        "one for each axis of the domain: x",
    );
    let round = "law.given.velocity = [\"1 um/s\"]";
    refused(
        &swap(&flow(round), "[domain]", "[domain]\nshape = \"cylinder\"")
            .replace(".x_", ".r_")
            .replace("boundary.r_min.inlet = \"0.2 mM\"\n", ""),
        "E016",
        "flow.law.given.velocity is not free of sources",
        "a velocity along r that is the same everywhere gains fluid: give 0 there",
    );
    refused(
        &swap(&flow(&format!("{PRESSURES}{darcy}")), "x_max.pressure", "y_max.pressure"),
        "E022",
        "flow.boundary.y_max is on an axis that the domain does not have",
        "the domain has x",
    );
    for (shape, name) in [("cylinder", "cylinder"), ("sphere", "sphere")] {
        let text =
            flow("law.brinkman.permeability = \"1e-8 cm^2\"\nboundary.r_max.pressure = \"1 Pa\"");
        let text = swap(&text, "[domain]", &format!("[domain]\nshape = \"{shape}\""));
        let text =
            swap(&text, "boundary.x_min.inlet = \"0.2 mM\"\nboundary.x_max", "boundary.r_max");
        refused(
            &text,
            "E023",
            "flow.law.brinkman needs a box",
            &format!("it is not modelled in a {name}: give law.darcy"),
        );
    }
}

/// Where nothing drives the fluid nothing is asked of the solutes.
#[test]
fn a_flow_at_rest() {
    let codes = |keys: &str| codes(&flow(keys));
    let darcy = "law.darcy.permeability = \"1e-8 cm^2\"\n";
    let equal = "boundary.x_min.pressure = \"2 Pa\"\nboundary.x_max.pressure = \"2 Pa\"\n";
    assert_eq!(codes(&format!("{darcy}{equal}")), ["W040"]);
    assert_eq!(codes(&format!("{darcy}{}boundary.x_max.rate = \"0 L/s\"", &equal[..33])), ["W040"]);
    assert_eq!(codes("law.given.velocity = [\"0 um/s\"]"), ["W040"]);
    let known = "law.given = { velocity = [\"0 um/s\"], permeability = \"1e-8 cm^2\" }";
    assert_eq!(codes(known), ["W040"]);
    assert_eq!(codes(&format!("{darcy}{PRESSURES}")), [""; 0]);
    assert_eq!(
        codes(&format!("{darcy}{}boundary.x_min.rate = \"1 uL/s\"", &PRESSURES[34..])),
        [""; 0]
    );
}

/// What a solute may have on a face through which the fluid of a given velocity goes.
#[test]
fn solutes_in_a_given_flow() {
    for permeability in ["", ", permeability = \"1e-8 cm^2\""] {
        let with = |velocity: &str, low: &str, high: &str| {
            let text =
                flow(&format!("law.given = {{ velocity = [\"{velocity}\"]{permeability} }}"));
            let text = swap(&text, "boundary.x_min.inlet = \"0.2 mM\"\n", low);
            swap(&text, "boundary.x_max.outflow = {}", high)
        };
        let (inlet, out) = ("boundary.x_min.inlet = \"0.2 mM\"\n", "boundary.x_max.outflow = {}");
        let back = ("boundary.x_min.outflow = {}\n", "boundary.x_max.inlet = \"0.2 mM\"");
        setup(&with("1 um/s", inlet, out));
        setup(&with("-1 um/s", back.0, back.1));
        setup(&with(
            "1 um/s",
            "boundary.x_min.value = \"0.2 mM\"\n",
            "boundary.x_max.value = \"0.2 mM\"",
        ));
        let key = |face: &str| format!("solutes.oxygen.boundary.{face}");
        let enters = "give inlet = the concentration that the fluid brings";
        let leaves = "write outflow = {}";
        let flux = "boundary.x_min.flux = \"1 nmol/cm^2/s\"\n";
        for low in ["", flux, "boundary.x_min.sealed = {}\n"] {
            let message = "oxygen cannot pass x_min, where fluid enters";
            refused(&with("1 um/s", low, out), "E023", message, enters);
            let message = "oxygen cannot pass x_min, where fluid leaves";
            refused(&with("-1 um/s", low, back.1), "E023", message, leaves);
        }
        let says = |way: &str| format!("{}: fluid {way} through x_min", key("x_min"));
        let brings = "give inlet = the concentration that it brings";
        refused(&with("1 um/s", back.0, out), "E023", &says("enters"), brings);
        refused(&with("-1 um/s", inlet, back.1), "E023", &says("leaves"), leaves);
        // A bath keeps its volume.
        let bath = |low: &str, high: &str| {
            let text = with("1 um/s", low, high);
            swap(&text, "[run]", "[baths.jar]\nvolume = \"1 L\"\n[run]")
        };
        let at = |face: &str| {
            format!("boundary.{face}.bath = {{ name = \"jar\", start = \"0.2 mM\" }}\n")
        };
        setup(&bath(&at("x_min"), &at("x_max")));
        refused(
            &bath(&at("x_min"), out),
            "E023",
            "baths.jar runs empty: fluid leaves it through x_min for good",
            "name it at the outlet too (recirculation), or give inlet there",
        );
        refused(
            &bath(inlet, &at("x_max")),
            "E023",
            "baths.jar overflows: fluid enters it through x_max for good",
            "name it at the inlet too (recirculation), or write outflow = {} there",
        );
    }
    // Along y nothing passes, and without a flow nothing does.
    let plate = swap(
        &flow("law.given.velocity = [\"1 um/s\", \"0 um/s\"]"),
        "size = [\"2 mm\"]",
        "size = [\"2 mm\", \"1 mm\"]",
    );
    let plate = swap(&plate, "voxels = [4]", "voxels = [4, 2]");
    setup(&plate);
    let key = "solutes.oxygen.boundary.y_max";
    refused(
        &swap(&plate, "boundary.x_max", "boundary.y_max.outflow = {}\nboundary.x_max"),
        "E023",
        &format!("{key}: no fluid passes y_max"),
        "give flow.boundary a pressure or a rate there, or leave it out",
    );
    refused(
        &oxygen("boundary.x_min.inlet = \"0.2 mM\"").replace("[run]\nboundary", "boundary"),
        "E023",
        "solutes.oxygen.boundary.x_min without [flow]",
        "nothing carries the solute here: write [flow], or give a value",
    );
}

/// A cube of 4 mm with one ball of 1 mm in its middle: 8 of 64 voxels.
const BALL: &str = r#"
[domain]
size = ["4 mm", "4 mm", "4 mm"]
voxels = [4, 4, 4]
[scaffold]
structure.spheres = { period = "4 mm", radius = "1 mm" }
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mM"
boundary.x_max.value = "0.2 mM"
[cells.msc]
seeding.number.of = "5.6e5 cells"
growth.rate.value = "1 1/d"
[run]
duration = "2 d"
"#;

/// True in the middle 2 × 2 × 2 voxels of 4 × 4 × 4.
fn middle(i: usize) -> bool {
    [i % 4, i / 4 % 4, i / 16].iter().all(|x| (1..3).contains(x))
}

#[test]
fn pores_of_a_structure() {
    let s = setup(BALL);
    let open = s.structure.open.as_ref().unwrap();
    assert!((0..64).all(|i| open[i] != middle(i)));
    let porosity = |i: usize| if middle(i) { 0.0 } else { 1.0 };
    assert!((0..64).all(|i| s.structure.porosity[i] == porosity(i)));
    assert!(s.structure.solid.is_none() && s.structure.isolated == 0);
    // 56 voxels of 1 mm³.
    let density = |i: usize| if middle(i) { 0.0 } else { 1e13 };
    (0..64).for_each(|i| close(s.populations[0].seeding[i], density(i)));
    let pores = swap(BALL, "[cells.msc]", "[cells.msc]\ncounted_per = \"pore-volume\"");
    (0..64).for_each(|i| close(setup(&pores).populations[0].seeding[i], density(i)));
    let part = swap(
        BALL,
        "initial = \"0.2 mM\"",
        "initial.linear = { axis = \"x\", from = \"0 mM\", to = \"0.8 mM\" }",
    );
    let ramp = |i: usize| 0.1 + 0.2 * (i % 4) as f64;
    let Initial::Field(values) = &setup(&part).solutes[0].initial else { panic!() };
    (0..64).for_each(|i| close(values[i], if middle(i) { 0.0 } else { ramp(i) }));
    let source = swap(BALL, "initial", "source.rate = \"3.6 mM/h\"\ninitial");
    let rate = setup(&source).solutes[0].source.clone().unwrap().rate;
    (0..64).for_each(|i| close(rate[i], if middle(i) { 0.0 } else { 1e-3 }));

    // The balls as pores: cut off from the faces, but for their cells.
    let inside = swap(BALL, "radius = \"1 mm\"", "radius = \"1 mm\", pores = \"inside\"");
    let s = setup(&inside);
    assert!((0..64).all(|i| s.structure.open.as_ref().unwrap()[i] == middle(i)));
    assert_eq!(codes(&inside), ["W038", "W039"]);
    let said = warned(&inside);
    assert_eq!(said[0].1, "no pore opens on x_max, which a solute is fed through");
    assert_eq!(said[1].1, "8 pore voxels with cells are cut off from every fed face");
    let empty = swap(&inside, "5.6e5 cells", "0 cells");
    let report = report(&empty);
    let errors: Vec<_> =
        report.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
    assert_eq!((errors.len(), errors[0].message.as_str()), (1, "no pore reaches a fed face"));
    let later = "reseeding = [{ at = \"1 d\", seeding.uniform.density = \"1 cells/mL\" }]\n[run]";
    assert_eq!(codes(&swap(&empty, "[run]", later)), ["W038", "W039"]);
    // Where nothing is fed nothing is cut off.
    assert_eq!(codes(&swap(&inside, "x_max.value = \"0.2 mM\"", "x_max.sealed = {}")), [""; 0]);

    // Solid that solutes enter.
    let solid = swap(
        BALL,
        "[solutes.oxygen]",
        "solid.diffusing = { ratio = 0.3, partition = 0.5 }\n[solutes.oxygen]",
    );
    let s = setup(&solid);
    let structure = &s.structure;
    assert!(structure.open.is_none());
    let kept = structure.solid.as_ref().unwrap();
    assert!(kept.partition == 0.5 && (0..64).all(|i| kept.voxels[i] == middle(i)));
    for i in 0..64 {
        close(structure.porosity[i], if middle(i) { 0.5 } else { 1.0 });
        close(s.solutes[0].relative[i], if middle(i) { 0.15 } else { 1.0 });
        close(s.populations[0].seeding[i], density(i));
    }
    let part = swap(
        &solid,
        "initial = \"0.2 mM\"",
        "initial.linear = { axis = \"x\", from = \"0 mM\", to = \"0.8 mM\" }",
    );
    let Initial::Field(values) = &setup(&part).solutes[0].initial else { panic!() };
    (0..64).for_each(|i| close(values[i], ramp(i)));

    // Taken as a porous medium of the same porosity.
    let even = swap(
        BALL,
        "[solutes.oxygen]",
        "resolve = \"homogenised\"\neffective_diffusivity.area = {}\n[solutes.oxygen]",
    );
    let s = setup(&even);
    all_close(&s.structure.porosity, &[56.0 / 64.0; 64]);
    all_close(&s.solutes[0].relative, &[56.0 / 64.0; 64]);
    assert!(s.structure.open.is_none() && s.structure.solid.is_none());
    all_close(&s.populations[0].seeding, &[5.6e5 / 64e-9; 64]);
    let law = swap(BALL, "[solutes.oxygen]", "effective_diffusivity.area = {}\n[solutes.oxygen]");
    refused(
        &law,
        "E023",
        "scaffold.effective_diffusivity has no meaning in resolved pores",
        "the solutes diffuse freely in the pores",
    );
    let wrong = |text: &str, message: &str, label: &str| refused(text, "E023", message, label);
    wrong(
        &swap(BALL, "diffusivity =", "diffusivity_in_scaffold ="),
        "solutes.oxygen.diffusivity_in_scaffold has no meaning in resolved pores",
        "give diffusivity, in free fluid",
    );
    wrong(
        &format!("{BALL}{LEFT}scaffold.porosity = 0.5"),
        "regions.a.scaffold has no meaning in resolved pores",
        "the structure says where the pores are",
    );
    let more = |key: &str| swap(BALL, "[solutes.oxygen]", &format!("{key}\n[solutes.oxygen]"));
    let take = "take resolve = \"homogenised\", or a porosity";
    wrong(
        &more("changing_porosity = true"),
        "scaffold.changing_porosity has no meaning in resolved pores",
        take,
    );
    wrong(
        &more("degradation.first-order.rate.value = \"1 1/d\""),
        "scaffold.degradation has no meaning in resolved pores",
        take,
    );
    let driven =
        "[flow]\nlaw.given.velocity = [\"0 um/s\", \"0 um/s\", \"0 um/s\"]\n[solutes.oxygen]";
    wrong(
        &swap(BALL, "[solutes.oxygen]", driven),
        "flow in resolved pores is not modelled",
        "scaffold.resolve = \"homogenised\" takes the porosity of the structure",
    );
    wrong(
        &swap(SLAB, "porosity = 0.8", "porosity = 0.8\nsolid.impermeable = {}"),
        "scaffold.solid needs resolved pores",
        "a porosity has no solid voxels",
    );
    wrong(
        &swap(SLAB, "porosity = 0.8", "porosity = 0.8\nresolve = \"homogenised\""),
        "scaffold.resolve needs a structure",
        "give scaffold.structure, or leave it out",
    );
}

#[test]
fn lattices_and_their_periods() {
    let open = |from: &str, to: &str| {
        let s = setup(&swap(BALL, from, to));
        s.structure.open.unwrap().iter().filter(|o| **o).count()
    };
    assert_eq!(open("period", "lattice = \"simple-cubic\", period"), 56);
    // Every ball has 2 × 2 × 2 voxels around its centre, folded round the box: a second one stands
    // at the corners, or three more at (2, 0, 0), (0, 2, 0) and (0, 0, 2) mm.
    assert_eq!(open("period", "lattice = \"body-centred\", period"), 64 - 2 * 8);
    assert_eq!(open("period", "lattice = \"face-centred\", period"), 64 - 4 * 8);
    // Four voxels a period are enough, and fewer are not.
    let text = swap(
        BALL,
        "period = \"4 mm\", radius = \"1 mm\"",
        "period = \"3.99 mm\", radius = \"1 mm\"",
    );
    refused(
        &text,
        "E022",
        "scaffold.structure.spheres has less than 4 voxels a period",
        "period 3.99 mm, voxel 1 mm",
    );
    // The widest voxel counts.
    let wide = swap(BALL, "voxels = [4, 4, 4]", "voxels = [8, 8, 2]");
    let wide = swap(&wide, "1 mm\" }", "1.9 mm\" }");
    refused(
        &wide,
        "E022",
        "scaffold.structure.spheres has less than 4 voxels a period",
        "period 4 mm, voxel 2 mm",
    );
    let radius = |r: &str, pores: &str| {
        swap(BALL, "radius = \"1 mm\"", &format!("radius = \"{r}\", pores = \"{pores}\""))
    };
    let cell = "the unit cell is 4 mm wide";
    for (r, pores, what) in [
        ("4 mm", "between", "pore"),
        ("4 mm", "inside", "solid"),
        ("0.1 mm", "between", "solid"),
        ("0.1 mm", "inside", "pore"),
    ] {
        let message = format!("scaffold.structure.spheres.radius leaves no {what}");
        refused(&radius(r, pores), "E022", &message, cell);
    }
    let gyroid = |kind: &str, resolve: &str| {
        let tpms = format!(
            "structure.tpms = {{ surface = \"gyroid\", period = \"4 mm\", porosity = 0.5{kind} }}\n{resolve}"
        );
        setup(&swap(BALL, "structure.spheres = { period = \"4 mm\", radius = \"1 mm\" }", &tpms))
    };
    // At half porosity the surface is f = 0.
    let network = gyroid("", "").structure.open.unwrap();
    let sheet = gyroid(", kind = \"sheet\"", "").structure.open.unwrap();
    // At the first voxel all angles are 45°: f = 3/2, far from the surface.
    assert!(!network[0] && sheet[0]);
    // At (1.5, 0.5, 0.5) mm: sin 135° cos 45° + sin 45° cos 45° + sin 45° cos 135° = 1/2.
    assert!(!network[1] && !sheet[1]);
    // At (2.5, 2.5, 2.5) mm 3/2 again; at (0.5, 2.5, 3.5) mm −3/2.
    let far = |i: usize, j: usize, k: usize| i + 4 * (j + 4 * k);
    assert!(!network[far(2, 2, 2)] && sheet[far(2, 2, 2)]);
    assert!(network[far(0, 2, 3)] && sheet[far(0, 2, 3)]);
    let even = gyroid("", "resolve = \"homogenised\"\neffective_diffusivity.area = {}");
    assert_eq!(even.structure.porosity[..], [0.5; 64]);
    let ring = swap(&swap(BALL, "[domain]", "[domain]\nshape = \"cylinder\""), ", \"4 mm\"]", "]");
    let ring = swap(&swap(&ring, "4, 4, 4", "4, 4"), "x_max", "r_max");
    refused(
        &ring,
        "E020",
        "scaffold.structure needs a box",
        "the pores of a cylinder or a sphere are not resolved",
    );
}

#[test]
fn domains() {
    let of = |domain: &str| {
        let text = swap(SLAB, "size = [\"2 mm\"]\nvoxels = [4]", domain);
        let round = domain.contains("cylinder") || domain.contains("sphere");
        if round { swap(&text, "x_max", "r_max") } else { text }
    };
    let g = setup(&of("size = [\"2 mm\", \"3 mm\"]\nvoxel = \"0.5 mm\"")).grid;
    assert_eq!((g.n, g.dimensions, g.form, g.periodic), ([4, 6, 1], 2, Form::Box, [false; 3]));
    all_close(&g.h, &[5e-4, 5e-4, 1.0]);
    let g = setup(&of("shape = \"cylinder\"\nsize = [\"2 mm\", \"3 mm\"]\ninner_radius = \"0.5 mm\"\nvoxel = \"0.5 mm\"")).grid;
    assert_eq!((g.n, g.dimensions, g.form), ([3, 6, 1], 2, Form::Cylinder { inner: 5e-4 }));
    all_close(&g.h, &[5e-4, 5e-4, PI * 2.5e-3]);
    let g =
        setup(&of("shape = \"sphere\"\nsize = [\"2 mm\"]\ninner_radius = \"1 mm\"\nvoxels = [5]"))
            .grid;
    assert_eq!((g.n, g.dimensions, g.form), ([5, 1, 1], 1, Form::Sphere { inner: 1e-3 }));
    close(g.h[0], 2e-4);
    close(g.voxel_volume() * 5.0, 4.0 / 3.0 * PI * (8e-9 - 1e-9));
    let g = setup(&of("shape = \"cylinder\"\nsize = [\"2 mm\"]\nvoxels = [4]")).grid;
    assert_eq!((g.n, g.dimensions, g.form), ([4, 1, 1], 1, Form::Cylinder { inner: 0.0 }));
    all_close(&g.h, &[5e-4, 1.0, PI * 2e-3]);

    let wrong = |domain: &str, code: &str, message: &str, label: &str| {
        refused(&of(domain), code, message, label);
    };
    wrong(
        "size = [\"2 mm\", \"3 mm\"]\nvoxels = [4]",
        "E022",
        "domain.size has 2 axes, domain.voxels 1",
        "one entry an axis",
    );
    wrong(
        "shape = \"cylinder\"\nsize = [\"2 mm\", \"2 mm\", \"2 mm\"]\nvoxel = \"0.5 mm\"",
        "E022",
        "domain.size has 3 entries",
        "a cylinder has [outer radius, height]",
    );
    wrong(
        "shape = \"sphere\"\nsize = [\"2 mm\", \"2 mm\"]\nvoxel = \"0.5 mm\"",
        "E022",
        "domain.size has 2 entries",
        "a sphere has [outer radius]",
    );
    wrong(
        "size = [\"2 mm\"]\ninner_radius = \"1 mm\"\nvoxels = [4]",
        "E022",
        "domain.inner_radius is for a cylinder or a sphere",
        "the domain is a box",
    );
    wrong(
        "shape = \"sphere\"\nsize = [\"2 mm\"]\ninner_radius = \"2 mm\"\nvoxels = [4]",
        "E022",
        "domain.inner_radius is not below the outer radius",
        "the outer radius is 2 mm",
    );
    wrong(
        "shape = \"sphere\"\nsize = [\"2 mm\"]\nperiodic = [\"x\"]\nvoxels = [4]",
        "E022",
        "domain.periodic is for a box",
        "a cylinder or a sphere has no two ends that meet",
    );
    wrong(
        "size = [\"2 mm\"]\nperiodic = [\"y\"]\nvoxels = [4]",
        "E022",
        "domain.periodic[0] is on an axis that the domain does not have",
        "the domain has x",
    );
    wrong(
        "size = [\"2 mm\"]\nperiodic = [\"x\"]\nvoxels = [4]",
        "E022",
        "solutes.oxygen.boundary.x_max is on a face that the domain does not have",
        "x is periodic",
    );
    wrong(
        "size = [\"2 mm\"]\nvoxel = \"0.3 mm\"",
        "E022",
        "domain.voxel does not divide the box along x",
        "2 mm / 300 um = 6.6667",
    );
    let notes = report(&of("size = [\"2 mm\", \"1 mm\"]\nvoxel = \"0.3 mm\"")).diagnostics[0]
        .notes
        .concat();
    assert_eq!(notes, "write voxels = [7, 3] instead, or another size");
    wrong("size = [\"2 mm\"]", "E011", "domain.voxels is missing", "in domain");
    wrong("voxels = [2]", "E011", "domain.size is missing", "in domain");
    // A whole number of voxels to within a millionth.
    assert_eq!(setup(&of("size = [\"2.000001 mm\"]\nvoxel = \"0.5 mm\"")).grid.n[0], 4);
    let text = of("size = [\"2.00001 mm\"]\nvoxel = \"0.5 mm\"");
    assert_eq!(report(&text).diagnostics[0].code, "E022");
}

#[test]
fn places() {
    let volume = swap(&swap(BLOCK, "voxels = [2, 2, 2]", "voxels = [4, 4, 4]"), "[run]", "[run]");
    // Voxels of 0.5 mm of a cube of 2 mm, in which the drug starts at 1 mM.
    let inside = |shape: &str| -> Vec<usize> {
        let text = format!("{volume}[regions.a]\nshape.{shape}\nsolutes.drug.initial = \"1 mM\"\n");
        let Initial::Field(values) = &setup(&text).solutes[1].initial else { panic!() };
        (0..64).filter(|i| values[*i] == 1.0).collect()
    };
    let count = |shape: &str| inside(shape).len();
    assert_eq!(count("layer = { axis = \"z\", from = \"0.25 mm\", to = \"0.75 mm\" }"), 16);
    assert_eq!(count("layer = { axis = \"y\", from = \"0.2 mm\", to = \"0.8 mm\" }"), 32);
    let corner =
        "box = { from = [\"0 mm\", \"0 mm\", \"0 mm\"], to = [\"0.5 mm\", \"1 mm\", \"2 mm\"] }";
    assert_eq!(inside(corner), [0, 4, 16, 20, 32, 36, 48, 52]);
    // Centres are 0.25√3 = 0.433 mm from the middle.
    let ball = |r: &str| {
        format!("sphere = {{ centre = [\"1 mm\", \"1 mm\", \"1 mm\"], radius = \"{r}\" }}")
    };
    assert_eq!(count(&ball("0.44 mm")), 8);
    let rod = |axis: &str| {
        format!(
            "cylinder = {{ axis = \"{axis}\", centre = [\"0.25 mm\", \"0.25 mm\", \"1 mm\"], radius = \"0.1 mm\" }}"
        )
    };
    assert_eq!(inside(&rod("z")), [0, 16, 32, 48]);
    assert_eq!(count(&rod("z").replace("1 mm\"]", "9 mm\"]")), 4);
    let wrong = |shape: &str, message: &str, label: &str| {
        refused(&format!("{volume}[regions.a]\nshape.{shape}\n"), "E022", message, label);
    };
    let none = "regions.a holds no voxel";
    let centre = "a voxel belongs to a region when its centre does";
    wrong(&ball("0.43 mm"), none, centre);
    wrong("layer = { axis = \"x\", from = \"2 mm\", to = \"1 mm\" }", none, "`from` is above `to`");
    wrong("layer = { axis = \"x\", from = \"1 mm\", to = \"1 mm\" }", none, centre);
    let beyond = "is on an axis that the domain does not have";
    wrong(
        "layer = { axis = \"r\", from = \"0 mm\", to = \"1 mm\" }",
        &format!("regions.a.shape.layer.axis {beyond}"),
        "the domain has x, y and z",
    );
    wrong(
        "sphere = { centre = [\"1 mm\"], radius = \"1 mm\" }",
        "regions.a.shape.sphere.centre has 1 coordinates",
        "the domain has 3 axes",
    );
    // Along an axis that is not there the centres lie in the middle.
    let slab = |shape: &str| {
        let text = format!("{SLAB}[regions.a]\nshape.{shape}\nsolutes.oxygen.initial = \"1 mM\"\n");
        let Initial::Field(values) = setup(&text).solutes[0].initial.clone() else { panic!() };
        values
    };
    all_close(
        &slab("sphere = { centre = [\"1 mm\"], radius = \"0.3 mm\" }"),
        &[0.2, 1.0, 1.0, 0.2],
    );
    all_close(&slab("box = { from = [\"1 mm\"], to = [\"2 mm\"] }"), &[0.2, 0.2, 1.0, 1.0]);
    let rod = "cylinder = { axis = \"y\", centre = [\"1 mm\"], radius = \"1 mm\" }";
    refused(
        &format!("{SLAB}[regions.a]\nshape.{rod}\n"),
        "E022",
        &format!("regions.a.shape.cylinder.axis {beyond}"),
        "the domain has x",
    );
    // Overlaps, the one below first.
    let layer = |name: &str, from: &str, to: &str| {
        format!(
            "[regions.{name}]\nshape.layer = {{ axis = \"x\", from = \"{from} mm\", to = \"{to} mm\" }}\n"
        )
    };
    let three = layer("a", "0", "1") + &layer("b", "1", "2") + &layer("c", "0.5", "1.5");
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(case(&format!("{SLAB}{three}")).overlaps, [pair("a", "c"), pair("b", "c")]);
}

#[test]
fn values_in_space() {
    let hollow = swap(SLAB, "[domain]", "[domain]\nshape = \"cylinder\"\ninner_radius = \"1 mm\"");
    let hollow = swap(&swap(&hollow, "[\"2 mm\"]", "[\"3 mm\"]"), "x_max", "r_max");
    let initial = |text: &str, form: &str| {
        let s = setup(&swap(text, "initial = \"0.2 mM\"", &format!("initial.{form}")));
        let Initial::Field(values) = s.solutes[0].initial.clone() else { panic!() };
        values
    };
    // From 1 to 3 mm: the centres lie at eighths of the way.
    let linear =
        |axis: &str| format!("linear = {{ axis = \"{axis}\", from = \"1 mM\", to = \"9 mM\" }}");
    all_close(&initial(&hollow, &linear("r")), &[2.0, 4.0, 6.0, 8.0]);
    all_close(&initial(SLAB, &linear("x")), &[2.0, 4.0, 6.0, 8.0]);
    let table =
        "table = { axis = \"r\", points = [[\"1.5 mm\", \"1 mM\"], [\"2.5 mm\", \"3 mM\"]] }";
    all_close(&initial(&hollow, table), &[1.0, 1.5, 2.5, 3.0]);
    let formula = "formula = { value = \"2 mM\", times = \"r/(1 mm)\" }";
    all_close(&initial(&hollow, formula), &[2.5, 3.5, 4.5, 5.5]);
    let wrong = |form: &str, code: &str, message: &str, label: &str| {
        let text = swap(SLAB, "initial = \"0.2 mM\"", &format!("initial.{form}"));
        refused(&text, code, &format!("solutes.oxygen.initial{message}"), label);
    };
    wrong(
        &linear("y"),
        "E022",
        ".linear.axis is on an axis that the domain does not have",
        "the domain has x",
    );
    wrong(
        "formula = { value = \"2 mM\", times = \"x\" }",
        "E025",
        ".formula.times has a dimension",
        "it has length; divide by a quantity, for example (x/(1 mm))",
    );
    wrong(
        "formula = { value = \"2 mM\", times = \"1 - x/(1 mm)\" }",
        "E016",
        " is out of range",
        "-500 uM at (1.25 mm); must be at least 0",
    );
    let bad = report(&swap(
        SLAB,
        "initial = \"0.2 mM\"",
        "initial.formula = { value = \"2 mM\", times = \"1 + q\" }",
    ));
    let d = &bad.diagnostics[0];
    assert_eq!(
        (d.code, d.message.as_str()),
        ("E025", "solutes.oxygen.initial.formula.times is no formula")
    );
    // Under the q, behind the quote and four characters.
    assert_eq!(d.excerpt.chars().nth(d.column - 1), Some('q'));

    let caret = |times: &str| {
        let form = format!("initial.formula = {{ value = \"2 mM\", times = \"{times}\" }}");
        let d = report(&swap(SLAB, "initial = \"0.2 mM\"", &form)).diagnostics.remove(0);
        d.excerpt.chars().nth(d.column - 1).unwrap()
    };
    assert_eq!(caret("x/(1 µm) + q"), 'q');
    // Where the text has escapes, under its quote.
    assert_eq!(caret("1 + \\u0071"), '"');

    // Files beside the case.
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    put("course.csv", "t,c\n0,1\n30,3\n");
    put("falls.csv", "0,1\n2,3\n1,4\n");
    put("cells.csv", "1\n2\n3\n4\n");
    let read = |text: &str| {
        put("x.toml", text);
        load(&dir.path().join("x.toml"), &[])
    };
    let course = "value.csv = { path = \"course.csv\", time_unit = \"min\", unit = \"uM\" }";
    let timed = swap(SLAB, "value = \"0.2 mM\"", course);
    let s = read(&timed).unwrap_or_else(|e| panic!("{e}")).setup;
    let Boundary::Value(Signal::Ramp(rows)) = &s.solutes[0].boundaries[1] else { panic!() };
    assert_eq!((rows[0].0, rows[1].0), (0.0, 1800.0));
    all_close(&[rows[0].1, rows[1].1], &[1e-3, 3e-3]);
    put("high.csv", "0,0.5\n2,1.2\n");
    let freed = "release = { loaded = \"1 mM\", law.measured.csv.path = \"FILE\" }";
    let high = read(&oxygen(&freed.replace("FILE", "high.csv"))).expect_err("beyond 1");
    let d = &high.diagnostics[0];
    assert_eq!(d.message, "solutes.oxygen.release.law.measured is out of range");
    assert_eq!(d.label, "it reaches 1.2; must be at least 0 and at most 1");
    put("freed.csv", "1,0.5\n2,1\n");
    let s = read(&oxygen(&freed.replace("FILE", "freed.csv"))).unwrap_or_else(|e| panic!("{e}"));
    let law = &s.setup.solutes[0].release.as_ref().unwrap().law;
    assert_eq!(law, &Release::Measured(vec![(0.0, 0.0), (3600.0, 0.5), (7200.0, 1.0)]));
    let hours = swap(&timed, "time_unit = \"min\", ", "");
    let s = read(&hours).unwrap_or_else(|e| panic!("{e}")).setup;
    assert_eq!(s.solutes[0].boundaries[1].signal().unwrap().breaks(), [0.0, 30.0 * 3600.0]);
    let file =
        |keys: &str| swap(SLAB, "initial = \"0.2 mM\"", &format!("initial.file = {{ {keys} }}"));
    let field = |keys: &str| {
        let s = read(&file(keys)).unwrap_or_else(|e| panic!("{e}")).setup;
        let Initial::Field(values) = s.solutes[0].initial.clone() else { panic!() };
        values
    };
    // At 250, 750, … µm; 1 at 0 and 3 at 30, times 50 µm.
    let axis = "path = \"course.csv\", axis = \"x\", unit = \"mM\"";
    all_close(
        &field(&format!("{axis}, coordinate_unit = \"50 um\"").replace("\"50 um\"", "\"um\"")),
        &[3.0; 4],
    );
    all_close(&field(axis), &[0.25, 0.75, 1.25, 1.75].map(|x| 1.0 + 2.0 * x / 30.0));
    all_close(&field("path = \"cells.csv\", unit = \"uM\""), &[1e-3, 2e-3, 3e-3, 4e-3]);
    let says = |text: &str| {
        let report = read(text).expect_err("refused");
        let d = &report.diagnostics[0];
        (d.code, d.message.clone(), d.label.clone())
    };
    let path = "solutes.oxygen.initial.file.path";
    assert_eq!(
        says(&file("path = \"course.csv\", unit = \"uM\"").replace("voxels = [4]", "voxels = [5]")),
        ("E024", format!("{path} has 4 values"), "the grid has 5 voxels".into())
    );
    assert_eq!(
        says(&timed.replace("course", "falls")),
        (
            "E024",
            "solutes.oxygen.boundary.x_max.value.csv.path: falls.csv cannot be used".into(),
            "it does not ascend in line 3".into()
        )
    );
}

/// Velocities of two voxels a row of a file.
#[test]
fn velocities_of_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let read = |numbers: &str, more: &str| {
        let law = format!(
            "[flow.law.given]\nfield = {{ path = \"u.csv\", unit = \"um/s\", open = [\"x_min\", \
             \"x_max\"] }}\n{more}\n[run]"
        );
        fs::write(dir.path().join("u.csv"), numbers).unwrap();
        fs::write(dir.path().join("x.toml"), swap(&through(SLAB), "[run]", &law)).unwrap();
        load(&dir.path().join("x.toml"), &[])
    };
    let even =
        read("3\n3\n3\n3\n", "permeability = \"1e-8 cm^2\"").unwrap_or_else(|e| panic!("{e}"));
    assert!(even.warnings.is_empty());
    let FlowLaw::Known(known) = even.setup.flow.unwrap().law else { panic!() };
    // Per voxel of 0.5 mm.
    known.q[0].iter().for_each(|q| assert!((q / (3e-6 / 0.5e-3) - 1.0).abs() < 1e-9, "{q:e}"));
    all_close(&known.permeability, &[1e-12; 4]);
    assert!(known.changed.unwrap() < 1e-9);
    // Through the faces 3.8, 3.4, 2.9, 2.8, 2.8: the second voxel, at 750 µm, loses 0.5. What passes
    // all with the least change is (3.8/2 + 3.4 + 2.9 + 2.8 + 2.8/2)/4 = 3.1.
    let uneven = read("3.8\n3\n2.8\n2.8\n", "").unwrap_or_else(|e| panic!("{e}"));
    let [told] = &uneven.warnings[..] else { panic!("{:?}", uneven.warnings) };
    let share = f64::sqrt(0.8 / 50.09);
    assert!((share - 0.1264).abs() < 5e-5);
    assert_eq!(told.code, "W046");
    let message = "flow.law.given.field.path is not free of sources: changed by 12.6 %";
    assert_eq!(told.message, message);
    let largest = format!("largest source at (750 um): {} % of the largest flow", 13.2);
    assert!((0.5_f64 / 3.8 - 0.132).abs() < 5e-4 && told.label.starts_with(&largest));
    let FlowLaw::Known(known) = uneven.setup.flow.unwrap().law else { panic!() };
    known.q[0].iter().for_each(|q| assert!((q / (3.1e-6 / 0.5e-3) - 1.0).abs() < 1e-9, "{q:e}"));
    assert!((known.changed.unwrap() / share - 1.0).abs() < 1e-9);
    assert!(known.permeability.is_empty());
    let label = |numbers: &str| {
        let report = read(numbers, "").expect_err("refused");
        let d = &report.diagnostics[0];
        (d.code, d.message.clone(), d.label.clone())
    };
    let (code, message, _) = label("3\n-3\n3\n-3\n");
    assert_eq!(code, "E024");
    assert!(message.starts_with("flow.law.given.field.path holds no flow: "), "{message}");
    assert_eq!(
        label("3\n3\n3\n"),
        (
            "E024",
            "flow.law.given.field.path has 3 values".into(),
            "4 voxels have 4: one along each axis".into()
        )
    );
}

#[test]
fn clock_and_output() {
    let run = |keys: &str| setup(&swap(SLAB, "duration = \"2 d\"", keys)).run;
    let plain = run("duration = \"2 d\"");
    let a = plain.accuracy;
    assert_eq!((a.time, a.solver, a.max_step), (1e-3, 1e-8, 21600.0));
    assert!(!plain.steady && !plain.stop_when_steady && !plain.double);
    assert_eq!((plain.time_unit, plain.duration), (("d", DAY), 2.0 * DAY));
    // A thirtieth of two days is 96 min: the next round interval is 2 h.
    assert_eq!(plain.outputs.len(), 25);
    assert_eq!(plain.outputs[1], 7200.0);
    assert_eq!(run("duration = \"60 h\"").outputs[1], 7200.0);
    assert_eq!(run("duration = \"60.1 h\"").outputs[1], 14400.0);
    // Of 15 s it is half a second, too short to be rounded; of 16 s the next is 1 s.
    assert_eq!(run("duration = \"15 s\"").outputs[1], 0.5);
    assert_eq!(run("duration = \"16 s\"").outputs[1], 1.0);
    assert_eq!(run("duration = \"90 d\"").outputs[1], 3.0 * DAY);
    let r = run(
        "duration = \"10 h\"\noutput = { every = \"4 h\", at = [\"5 h\", \"4 h\", \"10 h\"], precision = \"f64\" }\ncheckpoints = [\"6 h\", \"2 h\", \"6 h\"]\nstop_when = \"steady\"\naccuracy = { time = 0.01, solver = 1e-6, max_step = \"1 h\" }",
    );
    let hours = |times: &[f64]| times.iter().map(|t| t / 3600.0).collect::<Vec<_>>();
    assert_eq!(hours(&r.outputs), [0.0, 4.0, 5.0, 8.0, 10.0]);
    assert_eq!(hours(&r.checkpoints), [2.0, 6.0]);
    assert!(r.stop_when_steady && r.double);
    assert_eq!((r.accuracy.time, r.accuracy.solver, r.accuracy.max_step), (0.01, 1e-6, 3600.0));
    assert_eq!(r.time_unit, ("h", 3600.0));
    assert_eq!(
        hours(&run("duration = \"12 h\"\noutput.every = \"4 h\"").outputs),
        [0.0, 4.0, 8.0, 12.0]
    );
    let steady = run("steady = true");
    assert!(steady.steady && steady.duration == 0.0 && steady.outputs == [0.0]);
    assert!(!run("steady = false\nduration = \"1 h\"").steady);

    let wrong = |keys: &str, code: &str, message: &str, label: &str| {
        refused(&swap(SLAB, "duration = \"2 d\"", keys), code, message, label);
    };
    let end = "the run ends at 2 d";
    let day = "duration = \"2 d\"\n";
    wrong(
        &format!("{day}output.at = [\"49 h\"]"),
        "E016",
        "run.output.at[0] is after the end",
        end,
    );
    run(&format!("{day}output.at = [\"48 h\"]\ncheckpoints = [\"48 h\"]"));
    wrong(
        &format!("{day}checkpoints = [\"1 h\", \"48.1 h\"]"),
        "E016",
        "run.checkpoints[1] is after the end",
        end,
    );
    wrong(
        &format!("{day}output.every = \"1.7 s\""),
        "E016",
        "run.output.every gives 101647 outputs",
        "at most 100000",
    );
    assert_eq!(run("duration = \"100000 s\"\noutput.every = \"1 s\"").outputs.len(), 100_001);
    let moment = "a steady run has one moment";
    for key in [
        "stop_when = \"steady\"",
        "checkpoints = [\"0 h\"]",
        "output.every = \"1 h\"",
        "output.at = [\"0 h\"]",
    ] {
        let name = key.split(' ').next().unwrap();
        wrong(
            &format!("steady = true\n{key}"),
            "E020",
            &format!("run.{name} beside run.steady"),
            moment,
        );
    }
    wrong("steady = false", "E011", "run.duration is missing", "steady = false needs a duration");
    wrong(
        &format!("{day}output.fields = [\"oxygem\"]"),
        "E021",
        "run.output.fields[0]: no field is called `oxygem`",
        "did you mean \"oxygen\"?",
    );
    assert_eq!(run(&format!("{day}output.fields = [\"oxygen\", \"oxygen\"]")).fields, ["oxygen"]);
    let ph = swap(SLAB, "[run]", "[ph]\nacid = \"oxygen\"\nbicarbonate = \"24 mM\"\n[run]");
    assert_eq!(setup(&ph).run.fields, ["oxygen", "ph"]);
    let chosen = |text: &str, name: &str| {
        setup(&swap(text, "duration", &format!("output.fields = [\"{name}\"]\nduration")))
            .run
            .fields
    };
    assert_eq!(chosen(&ph, "ph"), ["ph"]);
    let unknown = swap(SLAB, "duration", "output.fields = [\"viable_fraction\"]\nduration");
    assert_eq!(report(&unknown).errors(), 1);

    // A steady state needs a face that holds it, and takes what varies as it begins.
    let steady = swap(SLAB, "duration = \"2 d\"", "steady = true");
    let feed = |condition: &str| swap(&steady, "value = \"0.2 mM\"", condition);
    let lacking = |text: &str| {
        refused(
            text,
            "E023",
            "solutes.oxygen has no steady solution",
            "no face has a value, transfer or stagnant-medium",
        );
    };
    lacking(&feed("flux = \"1 nmol/cm^2/s\""));
    lacking(&feed("sealed = {}"));
    lacking(&swap(
        &swap(SLAB, "initial = \"0.2 mM\"", "initial.steady = {}"),
        "value = \"0.2 mM\"",
        "sealed = {}",
    ));
    setup(&feed("transfer = { coefficient = \"1 um/s\", outside = \"0.2 mM\" }"));
    setup(&feed("stagnant-medium = { height = \"1 mm\", top = \"0.2 mM\" }"));
    let varies = feed("value.steps.points = [[\"0 h\", \"0.2 mM\"]]");
    let told = "solutes.oxygen.boundary.x_max varies in time, and run.steady is true";
    let label = "its value at time 0 is taken";
    assert_eq!(warned(&varies), [("W047", told.to_owned(), label.to_owned())]);
    assert_eq!(codes(&steady), [""; 0]);
}

#[test]
fn scaffolds_that_change() {
    let with = |keys: &str| swap(SLAB, "[solutes.oxygen]", &format!("{keys}\n[solutes.oxygen]"));
    let law = |law: &str| setup(&with(&format!("degradation.{law}"))).matter.degradation.unwrap();
    assert_eq!(
        law("first-order.rate.time_constant = \"10 d\""),
        Degradation::FirstOrder { rate: 1.0 / (10.0 * DAY) }
    );
    let Degradation::Autocatalytic { rate, start } = law("autocatalytic.rate.value = \"0.2 1/d\"")
    else {
        panic!()
    };
    all_close(&[rate, start], &[0.2 / DAY, 0.01]);
    let mn = |start: &str| {
        format!(
            "mn-threshold = {{ start = \"{start}\", scission.half_life = \"5 d\", loss.value = \"0.1 1/d\" }}"
        )
    };
    let Degradation::Threshold { scission, ratio, loss } = law(&mn("60 kDa")) else { panic!() };
    all_close(&[scission, ratio, loss], &[LN_2 / (5.0 * DAY), 12.0, 0.1 / DAY]);
    law(&mn("5 kDa"));
    refused(
        &with(&format!("degradation.{}", mn("4.9 kDa"))),
        "E023",
        "scaffold.degradation.mn-threshold.start is below the threshold",
        "the scaffold would lose mass at once: take first-order",
    );
    let first = "degradation.first-order.rate.value = \"0.1 1/d\"";
    refused(
        &swap(&with(first), "porosity = 0.8", "porosity = 1"),
        "E023",
        "scaffold.degradation has nothing to degrade",
        "the porosity is 1: give scaffold.porosity",
    );
    assert!(setup(&with("changing_porosity = false")).matter.changing.is_none());

    // Porosity 0.8; 2e7 cells/mL of 10 pL are 0.2, 280 of 1400 mg/mL are 0.2.
    let text = |n: &str, gel: &str| {
        let text = with("changing_porosity = true");
        swap(
            &text,
            "[run]",
            &format!(
                "[cells.msc]\nvolume = \"10 pL\"\nseeding.uniform.density = \"{n} cells/mL\"\n\
                 lysis.rate.value = \"1 1/d\"\n[matrix.gel]\ndensity = \"1400 mg/mL\"\n\
                 initial = \"{gel} mg/mL\"\n[run]"
            ),
        )
    };
    let s = setup(&text("2e7", "280"));
    let changing = s.matter.changing.as_ref().unwrap();
    all_close(&changing.volumes, &[1e-14]);
    assert_eq!((&changing.which[..], changing.laws.len()), (&[0; 4][..], 1));
    all_close(&changing.relative, &[0.8; 4]);
    assert_eq!(s.run.fields, ["oxygen", "msc.viable", "gel", "porosity"]);
    setup(&text("5.89e7", "280"));
    let full =
        |left: &str| format!("scaffold, matrix and cells leave {left} of the volume somewhere");
    let none = "scaffold.changing_porosity: no fluid is left at the start";
    refused(&text("5.91e7", "280"), "E023", none, &full("0.009"));
    refused(&text("7e7", "280"), "E023", none, &full("0"));
    let missing = "cells.msc.volume is missing";
    refused(
        &swap(&text("2e7", "280"), "volume = \"10 pL\"", ""),
        "E011",
        missing,
        "scaffold.changing_porosity asks for the volume of a cell",
    );
    let lawless = swap(&text("2e7", "280"), "effective_diffusivity.area = {}", "");
    let inside = swap(&lawless, "diffusivity =", "diffusivity_in_scaffold =");
    let s = setup(&inside);
    assert!(s.matter.changing.unwrap().laws.is_empty());
    // A law of a region alone leaves the rest without.
    let part = swap(&lawless, "porosity = 0.8", "porosity = 1");
    let part = format!(
        "{part}{LEFT}scaffold.effective_diffusivity.area = {{}}\nscaffold.porosity = 0.8\n"
    );
    refused(
        &part,
        "E011",
        "scaffold.changing_porosity needs scaffold.effective_diffusivity",
        "the diffusivities follow the porosity",
    );

    // The matrix by itself: at most what the pores hold, and its largest.
    let gel = |initial: &str, largest: &str| {
        let keys = format!(
            "[matrix.gel]\ndensity = \"1000 mg/mL\"\ninitial = \"{initial} mg/mL\"\n{largest}[run]"
        );
        swap(SLAB, "[run]", &keys)
    };
    setup(&gel("800", ""));
    refused(
        &gel("801", ""),
        "E023",
        "matrix.gel.initial is more than fits: 801 mg/mL",
        "at its density it takes more than the pores",
    );
    let largest = "largest = \"50 mg/mL\"\n";
    setup(&gel("50", largest));
    refused(
        &gel("51", largest),
        "E023",
        "matrix.gel.initial is above matrix.gel.largest: 51 mg/mL",
        "deposition ends there: more cannot have been laid down",
    );
    let named = |name: &str| gel("1", "").replace("matrix.gel", &format!("matrix.{name}"));
    for name in ["oxygen", "scaffold"] {
        refused(
            &named(name),
            "E026",
            &format!("matrix.{name} has a name that is taken"),
            "fields are called by these names: take another",
        );
    }
    let cells = "[cells.gel]\nseeding.uniform.density = \"1 cells/mL\"\nlysis.rate.value = \"1 1/d\"\n[run]";
    refused(
        &swap(&gel("1", ""), "[run]", cells),
        "E026",
        "matrix.gel has a name that is taken",
        "fields are called by these names: take another",
    );
    for name in ["scaffold", "porosity", "ph", "pressure", "velocity", "wall_shear"] {
        refused(
            &SLAB.replace("oxygen", name),
            "E026",
            &format!("solutes.{name} has a name that is taken"),
            "a field of the output is called so: take another",
        );
    }
    let lays = |name: &str| {
        let laws = format!("{SEEDED}deposition.{name}.rate = \"1 ng/cell/d\"");
        swap(&self::cells(&laws), "[run]", "[matrix.gel]\ndensity = \"1000 mg/mL\"\n[run]")
    };
    setup(&lays("gel"));
    refused(
        &lays("gell"),
        "E021",
        "cells.msc.deposition.gell: the case has no matrix `gell`",
        "did you mean `gel`?",
    );
}

/// Values that run but are far from what is published, on both sides of each limit.
#[test]
fn values_far_from_what_is_published() {
    let d = |value: &str| codes(&swap(SLAB, "2e-9 m^2/s", &format!("{value} m^2/s")));
    for (value, told) in
        [("0.99e-13", true), ("1.01e-13", false), ("0.99e-8", false), ("1.01e-8", true)]
    {
        assert_eq!(d(value), ["W032"][usize::from(!told)..], "{value}");
    }
    let up = "uptake.oxygen.michaelis-menten = { vmax = \"10 fmol/cell/h\", km = \"1 uM\" }\n";
    let dense = |n: &str| codes(&cells(&format!("{up}seeding.uniform.density = \"{n} cells/mL\"")));
    assert_eq!(dense("0.99e9"), [""; 0]);
    assert_eq!(dense("1.01e9"), ["W031"]);
    let exactly = |text: &str, from: &str, to: &str| codes(&swap(text, from, to));
    let full = cells(&format!("{up}{SEEDED}"));
    assert_eq!(exactly(&full, "1e6 cells/mL", "1e15 cells/m^3"), [""; 0]);
    assert_eq!(exactly(&full, "10 fmol/cell/h", "1e-15 mol/cell/s"), [""; 0]);
    // Five times 0.2 mM.
    assert_eq!(exactly(&full, "1 uM", "1 mM"), [""; 0]);
    let sweet = "uptake.glucose.michaelis-menten = { vmax = \"VMAX\", km = \"1 uM\" }";
    let glucose = |vmax: &str| {
        let text = cells(&format!("{SEEDED}{}", sweet.replace("VMAX", vmax)));
        codes(&text.replace("oxygen", "glucose"))
    };
    assert_eq!(glucose("5e-15 mol/cell/s"), [""; 0]);
    assert_eq!(glucose("5.01e-15 mol/cell/s"), ["W033"]);
    let sucks = |laws: &str| codes(&cells(&format!("{SEEDED}{laws}")));
    let oxygen = |vmax: &str| sucks(&up.replace("10 fmol", &format!("{vmax} fmol")));
    // 1e-15 mol/cell/s are 3600 fmol/cell/h.
    assert_eq!((oxygen("3590"), oxygen("3610")), (vec![], vec!["W033"]));
    let affinity = |km: &str| sucks(&up.replace("1 uM", km));
    assert_eq!((affinity("0.99 mM"), affinity("1.01 mM")), (vec![], vec!["W034"]));
    let hill = |half: &str| {
        sucks(&format!(
            "uptake.oxygen.hill = {{ vmax = \"10 fmol/cell/h\", half = \"{half} mM\", exponent = 2 }}"
        ))
    };
    assert_eq!((hill("0.99"), hill("1.01")), (vec![], vec!["W034"]));
    // The highest concentration comes in at a face, or is there at the start; a bath or a flux may
    // bring any.
    let km = cells(&format!("{SEEDED}{}", up.replace("1 uM", "1.5 mM")));
    let face = |condition: &str| codes(&swap(&km, "value = \"0.2 mM\"", condition));
    assert_eq!(face("value = \"0.2 mM\""), ["W034"]);
    assert_eq!(face("value = \"0.31 mM\""), [""; 0]);
    assert_eq!(face("value.steps.points = [[\"0 h\", \"0 mM\"], [\"1 h\", \"0.31 mM\"]]"), [""; 0]);
    assert_eq!(face("flux = \"1 nmol/cm^2/s\""), [""; 0]);
    assert_eq!(codes(&swap(&km, "initial = \"0.2 mM\"", "initial = \"0.31 mM\"")), [""; 0]);
    let empty = swap(&km, "initial = \"0.2 mM\"", "initial = \"0 mM\"");
    assert_eq!(codes(&swap(&empty, "value = \"0.2 mM\"", "value = \"0 mM\"")), [""; 0]);

    // One law is enough not to be idle.
    let idle = "cells.msc does nothing: no uptake, growth, death or motility";
    assert_eq!(warned(&cells(SEEDED))[0].1, idle);
    assert_eq!(sucks("lysis.rate.value = \"1 1/d\""), ["W037"]);
    assert_eq!(sucks("motility.constant = \"0 m^2/s\""), ["W037"]);
    for law in [
        up,
        "production.oxygen.constant.rate = \"1 fmol/cell/h\"",
        "growth.rate.value = \"1 1/d\"",
        "death.age.rate.value = \"1 1/d\"",
        "motility.constant = \"1e-14 m^2/s\"",
        "deposition.gel.rate = \"1 ng/cell/d\"\n[matrix.gel]\ndensity = \"1000 mg/mL\"",
        "differentiation.b.rate.value = \"1 1/d\"\n[cells.b]",
    ] {
        assert_eq!(sucks(law), [""; 0], "{law}");
    }
    let two = format!("growth.rate.value = \"1 1/d\"\n[cells.b]\n{SEEDED}");
    assert_eq!(warned(&cells(&format!("{SEEDED}{two}")))[0].1, idle.replace("msc", "b"));
    let torn = format!(
        "{SEEDED}detachment = {{ rate.value = \"1 1/d\", when.wall_shear.above.half = \"1 Pa\" }}"
    );
    let law = format!("[flow]\n{PRESSURES}law.darcy.permeability = \"1e-8 cm^2\"\n[run]");
    assert_eq!(codes(&swap(&through(&cells(&torn)), "[run]", &law)), [""; 0]);
    refused(
        &format!("allow = [\"W035\"]\n{SLAB}"),
        "E021",
        "allow[0] is no warning",
        "warnings: W031, W032, W033, W034, W036, W037, W038, W039, W040, W041, W042, W043, W044, \
         W045, W046, W047",
    );
}

/// Two balls as pores of 2 × 2 × 2 voxels, the second cut by the last face in x.
#[test]
fn pores_that_nothing_reaches() {
    let none = swap(BALL, "size = [\"4 mm\"", "size = [\"6 mm\"");
    let none = swap(&none, "voxels = [4", "voxels = [6");
    let none = swap(&none, "radius = \"1 mm\"", "radius = \"1 mm\", pores = \"inside\"");
    let none =
        swap(&none, "seeding.number.of = \"5.6e5 cells\"", "seeding.number.of = \"0 cells\"");
    let far = |i: usize| i % 6 == 5 && [i / 6 % 4, i / 24].iter().all(|x| (1..3).contains(x));
    let alone = |text: &str| {
        let s = setup(text).structure;
        assert_eq!(s.isolated, 8);
        assert!((0..96).all(|i| s.open.as_ref().unwrap()[i] == far(i)));
        assert!((0..96).all(|i| s.porosity[i] == f64::from(u8::from(far(i)))));
    };
    alone(&none);
    // Cells in the second ball do not keep the first one, and cells in the first do.
    let here = |from: &str, to: &str| {
        let text = swap(&none, "seeding.number.of = \"0 cells\"", "");
        format!(
            "{text}[regions.a]\nshape.layer = {{ axis = \"x\", from = \"{from} mm\", to = \"{to} mm\" }}\n\
             cells.msc.seeding.uniform.density = \"1e6 cells/mL\"\n"
        )
    };
    alone(&here("4", "6"));
    assert_eq!(codes(&here("4", "6")), [""; 0]);
    let kept = setup(&here("0", "4")).structure;
    assert_eq!((kept.isolated, kept.open.unwrap().iter().filter(|o| **o).count()), (0, 12));
    let said = warned(&here("0", "4"));
    assert_eq!((said.len(), said[0].0), (1, "W039"));
    assert_eq!(said[0].1, "8 pore voxels with cells are cut off from every fed face");
    refused(
        &swap(&here("0", "4"), "duration = \"2 d\"", "steady = true"),
        "E023",
        "solutes.oxygen has no steady solution",
        "1 connected pores (8 voxels) touch no face with a value, transfer or stagnant-medium",
    );
    setup(&swap(&here("4", "6"), "duration = \"2 d\"", "steady = true"));
}

/// A scan of 3 × 2 × 2 voxels.
#[test]
fn scans() {
    use tiff::encoder::{TiffEncoder, colortype::Gray8};
    let dir = tempfile::tempdir().unwrap();
    let file = fs::File::create(dir.path().join("scan.tif")).unwrap();
    let mut tiff = TiffEncoder::new(file).unwrap();
    for page in [[10, 20, 30, 40, 50, 60], [70, 80, 90, 100, 110, 120]] {
        tiff.write_image::<Gray8>(3, 2, &page).unwrap();
    }
    drop(tiff);
    let read = |domain: &str, keys: &str| {
        let size = "[domain]\nsize = [\"4 mm\", \"4 mm\", \"4 mm\"]\nvoxels = [4, 4, 4]\n";
        let image = "structure.image = { path = \"scan.tif\", voxel = \"50 um\"";
        let text = swap(BALL, size, domain);
        let ball = "structure.spheres = { period = \"4 mm\", radius = \"1 mm\" }";
        let text = swap(&text, ball, &format!("{image}, {keys} }}"));
        let text =
            swap(&text, "boundary.x_max", "boundary.x_min.value = \"0.2 mM\"\nboundary.x_max");
        fs::write(dir.path().join("x.toml"), text).unwrap();
        load(&dir.path().join("x.toml"), &[])
    };
    let open = |keys: &str| {
        let s = read("", keys).unwrap_or_else(|e| panic!("{e}")).setup;
        assert_eq!((s.grid.n, s.grid.dimensions), ([3, 2, 2], 3));
        all_close(&s.grid.h, &[5e-5; 3]);
        s.structure.open.unwrap()
    };
    // Grey at the threshold is a pore below it, and solid above it.
    let pores = open("threshold = 60");
    assert!((0..12).all(|i| pores[i] == (i < 6)));
    let pores = open("threshold = 60.9, pores = \"above\"");
    assert!((0..12).all(|i| pores[i] == (i >= 6)));
    let says = |domain: &str, keys: &str| {
        let report = read(domain, keys).expect_err("refused");
        let d = &report.diagnostics[0];
        assert_eq!(report.errors(), 1, "{report}");
        (d.code, d.message.clone(), d.label.clone())
    };
    let leaves = |what: &str| {
        let message = format!("scaffold.structure.image.threshold leaves {what}");
        ("E024", message, "grey values run from 10 to 120".to_owned())
    };
    assert_eq!(says("", "threshold = 9"), leaves("no pore"));
    assert_eq!(says("", "threshold = 120"), leaves("no solid"));
    assert_eq!(says("", "threshold = 120, pores = \"above\""), leaves("no pore"));
    // A domain beside it says the same.
    let fine = |domain: &str| {
        let fits = read(&format!("[domain]\n{domain}\n"), "threshold = 60");
        fits.unwrap_or_else(|e| panic!("{domain}: {e}"));
    };
    fine("size = [\"150 um\", \"100 um\", \"0.1 mm\"]\nvoxel = \"50 um\"");
    fine("voxels = [3, 2, 2]");
    let differs = |domain: &str, key: &str, label: &str| {
        let found = says(&format!("[domain]\n{domain}\n"), "threshold = 60");
        let message = format!("domain.{key} is not that of the image");
        assert_eq!(found, ("E022", message, format!("the image has {label}")));
    };
    for size in ["\"150 um\", \"100 um\", \"101 um\"", "\"150 um\", \"100 um\""] {
        differs(&format!("size = [{size}]"), "size", "150 um × 100 um × 100 um");
    }
    differs("voxels = [3, 2, 1]", "voxels", "3 × 2 × 2");
    differs("voxel = \"51 um\"", "voxel", "50 um");
}

/// More cells than there is room for, where they take it: 5e8 of 2 pL in a millilitre.
#[test]
fn a_capacity_beyond_the_fluid() {
    let with = |n: &str| {
        let text = cells(&format!(
            "{SEEDED}volume = \"2 pL\"\ngrowth.rate.value = \"1 1/d\"\n\
             capacity.density = \"{n} cells/mL\""
        ));
        warned(&swap(&text, "[solutes", "changing_porosity = true\n[solutes"))
    };
    let label = "so many cells take 100 % of the volume, and at most 80 % is fluid";
    let message = "cells.msc.capacity is more than fits";
    assert_eq!(with("5e8"), [("W045", message.to_owned(), label.to_owned())]);
    assert_eq!(with("3.9e8"), []);
}

/// A wrong grid makes no other errors, and hides none.
#[test]
fn what_else_is_wrong_beside_the_grid() {
    let only = |text: &str, label: &str| {
        let report = report(text);
        let found: Vec<&str> = report.diagnostics.iter().map(|d| d.label.as_str()).collect();
        assert_eq!(found, [label], "{report}");
    };
    let undivided = "2 mm / 300 um = 6.6667";
    let break_it = |text: &str, voxels: &str| swap(text, voxels, "voxel = \"0.3 mm\"");
    let block = format!(
        "{BLOCK}[regions.a]\nshape.layer = {{ axis = \"z\", from = \"0.1 mm\", to = \"0.2 mm\" }}\n"
    );
    let report_of = report(&break_it(&block, "voxels = [2, 2, 2]"));
    assert_eq!(report_of.errors(), 1, "{report_of}");
    only(&break_it(LAWS, "voxels = [4]"), undivided);
    let given = flow("law.given.velocity = [\"1 um/s\"]");
    only(&break_it(&given, "voxels = [4]"), undivided);
    let gel = "[matrix.gel]\ndensity = \"1000 mg/mL\"\ninitial = \"700 mg/mL\"\n[run]";
    only(&break_it(&swap(SLAB, "[run]", gel), "voxels = [4]"), undivided);
    let ring = swap(SLAB, "[domain]", "[domain]\nshape = \"cylinder\"\ninner_radius = \"3 mm\"");
    let ring = swap(&ring, "x_max", "r_min");
    let inner = "the outer radius is 2 mm";
    only(&ring, inner);
    only(&swap(&ring, "cylinder", "sphere"), inner);
    let tall = swap(&ring, "[\"2 mm\"]", "[\"2 mm\", \"1 mm\"]");
    only(&swap(&swap(&tall, "[4]", "[4, 4]"), "r_min", "z_max"), inner);
    let both = report(&swap(&ring, "r_min", "z_max"));
    assert_eq!(both.errors(), 2, "{both}");
    let later = "seeding.uniform.density = \"1 cells/mL\"\ngrowth.rate.value = \"1 1/d\"\n\
        reseeding = [{ at = \"1 d\", seeding.number.of = \"1 cells\", within.layer = \
        { axis = \"x\", from = \"0 mm\", to = \"0.3 mm\" } }]";
    only(&break_it(&cells(later), "voxels = [4]"), undivided);
    let changing =
        swap(SLAB, "[solutes", "degradation.first-order.rate.value = \"1 1/d\"\n[solutes");
    only(&break_it(&changing, "voxels = [4]"), undivided);
    // Two errors of two parts.
    let two = report(&break_it(&swap(SLAB, "x_max", "z_max"), "voxels = [4]"));
    assert_eq!(two.errors(), 2, "{two}");
    // Faces of a periodic axis, and those that a box never has.
    let round = swap(
        &swap(SLAB, "[domain]", "[domain]\nperiodic = [\"x\"]"),
        "boundary.x_max.value = \"0.2 mM\"",
        "",
    );
    let seeded = |face: &str| {
        let seeding =
            format!("seeding.surface = {{ density = \"1 cells/cm^2\", face = \"{face}\" }}");
        swap(
            &round,
            "[run]",
            &format!("[cells.msc]\n{seeding}\ngrowth.rate.value = \"1 1/d\"\n[run]"),
        )
    };
    only(&seeded("x_min"), "x is periodic");
    only(&seeded("x_max"), "x is periodic");
    only(&seeded("y_max"), "the domain has x");
    only(&seeded("r_min"), "the domain has x");
    let full = swap(SLAB, "[domain]", "[domain]\nshape = \"cylinder\"");
    only(&swap(&full, "x_max", "r_min"), "a full cylinder or sphere has no inner face");
    let hollow = swap(&full, "[domain]", "[domain]\ninner_radius = \"1 mm\"");
    setup(&swap(&hollow, "x_max", "r_min"));
    only(&hollow, "the domain has r");
    // A pressure on no face of the grid is one error, not two.
    let lost = flow("law.darcy.permeability = \"1e-8 cm^2\"\nboundary.y_max.pressure = \"1 Pa\"");
    only(&lost, "the domain has x");
    only(&swap(SLAB, "x_max", "r_min"), "the domain has x");
    // Zero-order uptake fades even where nothing feeds it.
    let up = "seeding.number.of = \"1 cells\"\nuptake.oxygen.zero-order.vmax = \"1 fmol/cell/h\"";
    let empty = cells(up).replace("0.2 mM", "0 mM");
    let Uptake::ZeroOrder(law) = population(&empty).uptake[0].1 else { panic!() };
    assert!(law.0.km > 0.0);
}

/// One voxel of 1 mm, 1 mm and 1 m: its middle has the mean of three pressures.
#[test]
fn ways_that_only_the_solution_tells() {
    let with = |pressure: &str, side: &str| {
        let text = flow(&format!(
            "law.darcy.permeability = \"6.9e-16 m^2\"\n{PRESSURES}boundary.y_max.pressure = \"{pressure} Pa\""
        ));
        let text = swap(&text, "[\"2 mm\"]", "[\"1 mm\", \"1 mm\"]");
        let text = swap(&text, "voxels = [4]", "voxels = [1, 1]");
        swap(
            &text,
            "boundary.x_max.outflow = {}",
            &format!("boundary.x_max.outflow = {{}}\n{side}"),
        )
    };
    let [inlet, out, value, flux] =
        ["inlet = \"0.2 mM\"", "outflow = {}", "value = \"0.2 mM\"", "flux = \"0 nmol/cm^2/s\""]
            .map(|c| format!("boundary.y_max.{c}"));
    let key = "solutes.oxygen.boundary.y_max";
    let wrong = |text: &str, message: &str, label: &str| refused(text, "E023", message, label);
    // (10 + 0 + 1)/3 Pa in the middle, K/µ = 1e-12 m²/(Pa s), 1e-3 m² over half a millimetre:
    // 2e-12·(11/3 − 1) m³/s leave through y_max, 3.2e-4 mL/min.
    let leaves = "3.2e-4 mL/min leave: write outflow = {}";
    for side in ["", &flux] {
        wrong(&with("1", side), "oxygen cannot pass y_max, where fluid leaves", leaves);
    }
    wrong(&with("1", &inlet), &format!("{key}: fluid leaves through y_max"), leaves);
    setup(&with("1", &out));
    setup(&with("1", &value));
    // (10 + 0 + 8)/3 = 6 Pa: 2e-12·2 m³/s enter, 2.4e-4 mL/min.
    let enters = "2.4e-4 mL/min enter: give inlet = the concentration that enters";
    for side in ["", &flux] {
        wrong(&with("8", side), "oxygen cannot pass y_max, where fluid enters", enters);
    }
    let rest = format!("{enters}; the rest leaves all the same");
    wrong(&with("8", &out), &format!("{key}: fluid enters through y_max"), &rest);
    setup(&with("8", &inlet));
    setup(&with("8", &value));

    // A file that goes right in one row and left in the other.
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("u.csv"), "1 0\n1 0\n-1 0\n-1 0\n").unwrap();
    let text = swap(
        &flow(
            "law.given.field = { path = \"u.csv\", unit = \"um/s\", open = [\"x_min\", \"x_max\"] }",
        ),
        "size = [\"2 mm\"]\nvoxels = [4]",
        "size = [\"2 mm\", \"1 mm\"]\nvoxels = [2, 2]",
    );
    let read = |text: &str| {
        fs::write(dir.path().join("x.toml"), text).unwrap();
        load(&dir.path().join("x.toml"), &[])
    };
    let report = read(&text).expect_err("enters there too");
    // 1 µm/s through 0.5 mm · 1 m are 0.03 mL/min.
    let d = &report.diagnostics[0];
    assert_eq!(
        (report.errors(), d.message.as_str()),
        (1, "solutes.oxygen.boundary.x_max: fluid enters through x_max")
    );
    assert_eq!(
        d.label,
        "0.03 mL/min enter and 0.03 mL/min leave: give inlet = the concentration that enters; the \
         rest leaves all the same"
    );
    let both = swap(&text, "x_max.outflow = {}", "x_max.inlet = \"0.2 mM\"");
    read(&both).unwrap_or_else(|e| panic!("{e}"));

    // A table of permeabilities on either side of the porosity.
    let table = |from: f64, to: f64| {
        let points = format!("law.table.points = [[{from}, \"1e-12 m^2\"], [{to}, \"2e-12 m^2\"]]");
        warned(&flow(&format!("{PRESSURES}{points}")))
    };
    assert_eq!(table(0.8, 0.9), []);
    assert_eq!(table(0.7, 0.8), []);
    let said = table(0.85, 0.9);
    let label = "it has 0.85 to 0.9; beyond, its last permeability holds";
    let message = "flow.law.table does not reach the porosity: 0.8";
    assert_eq!(said, [("W044", message.to_owned(), label.to_owned())]);
    let part = flow(&format!(
        "{PRESSURES}law.table.points = [[0.5, \"1e-12 m^2\"], [0.7, \"2e-12 m^2\"]]"
    ));
    let said = warned(&format!("{part}{LEFT}scaffold.porosity = 0.6"));
    assert_eq!(said[0].1, "flow.law.table does not reach the porosity: 0.6 to 0.8");
}
