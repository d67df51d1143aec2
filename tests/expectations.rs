//! What the lines of `[[expect]]` become, and which of them are refused.

use std::fs;

use blastema::case::{Report, load};
use blastema::model::expect::{Check, Expect, Take};

const BASE: &str = r#"
[domain]
size = ["2 mm", "1 mm"]
voxels = [20, 4]
[scaffold]
porosity = 0.9
[solutes.oxygen]
diffusivity_in_scaffold = "2e-9 m^2/s"
initial = "0.2 mol/m^3"
boundary.x_max.value = "0.2 mol/m^3"
[solutes.albumin]
diffusivity_in_scaffold = "1e-10 m^2/s"
initial = "1 mol/m^3"
molar_mass = "66 kg/mol"
boundary.x_max.value = "1 mol/m^3"
[solutes.factor]
diffusivity_in_scaffold = "1e-10 m^2/s"
initial = "1 mol/m^3"
boundary.x_max.value = "1 mol/m^3"
[cells.msc]
seeding.uniform = { density = "1e6 cells/mL" }
uptake.oxygen.michaelis-menten = { vmax = "98 fmol/cell/h", km = "8 uM" }
[run]
duration = "2 d"
"#;

/// The expectations of the slab with `lines` below, beside two tables of numbers.
fn read(lines: &str) -> Result<Vec<Expect>, Report> {
    let dir = tempfile::tempdir().expect("folder");
    let put = |name: &str, text: &str| fs::write(dir.path().join(name), text).expect("written");
    put("course.csv", "x,other,oxygen\n0.5,7,0.1\n1.5,7,-0.2\n");
    put("far.csv", "x,oxygen\n0.5,0.1\n2.5,0.2\n");
    put("slab.toml", &format!("{BASE}{lines}"));
    load(&dir.path().join("slab.toml"), &[]).map(|case| case.expects)
}

fn one(lines: &str) -> Expect {
    let all = read(&format!("[[expect]]\n{lines}")).unwrap_or_else(|e| panic!("{lines}: {e}"));
    let [expect] = <[Expect; 1]>::try_from(all).expect("one");
    expect
}

/// The first error of a line that is refused: code, headline and label.
fn refused(lines: &str) -> (String, String, String) {
    let report = read(&format!("[[expect]]\n{lines}")).expect_err(lines);
    let d = &report.diagnostics[0];
    assert_eq!(report.errors(), 1, "{lines}: {report}");
    (d.code.into(), d.message.clone(), d.label.clone())
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * b.abs()
}

fn between(lines: &str) -> (f64, f64) {
    let Check::Between(low, high) = one(lines).check else { panic!("{lines}") };
    (low, high)
}

#[test]
fn a_share_or_a_distance() {
    let of = |within: &str| {
        let lines = "what = \"oxygen\"\ntake = \"mean\"\nvalue = \"0.1 mM\"\nwithin = ";
        one(&format!("{lines}{within}")).check
    };
    let Check::Relative(value, share) = of("\"2 %\"") else { panic!("a share") };
    assert!(close(value, 0.1) && close(share, 0.02));
    let Check::Relative(_, share) = of("0.02") else { panic!("a share") };
    assert!(close(share, 0.02));
    let Check::Absolute(value, distance) = of("\"3 uM\"") else { panic!("a distance") };
    assert!(close(value, 0.1) && close(distance, 3e-3));
    // Of a number without a unit a plain number is a distance, and a share has its sign.
    let of = |within: &str| {
        one(&format!("what = \"viable_fraction\"\nvalue = 0.5\nwithin = {within}")).check
    };
    let Check::Absolute(value, distance) = of("0.01") else { panic!("a distance") };
    assert!(close(value, 0.5) && close(distance, 0.01));
    let Check::Relative(value, share) = of("\"1 %\"") else { panic!("a share") };
    assert!(close(value, 0.5) && close(share, 0.01));
    // Nothing is within a share of nothing.
    let zero = "what = \"oxygen\"\ntake = \"min\"\nvalue = \"0 mM\"\nwithin = ";
    assert!(matches!(one(&format!("{zero}\"1 uM\"")).check, Check::Absolute(v, _) if v == 0.0));
    let (code, headline, label) = refused(&format!("{zero}\"1 %\""));
    assert_eq!((code.as_str(), headline.as_str()), ("E023", "expect[0].value is 0"));
    assert!(label.contains("with a unit"), "{label}");
}

#[test]
fn bounds() {
    let (low, high) =
        between("what = \"oxygen\"\ntake = \"max\"\nbetween = [\"1 uM\", \"0.2 mM\"]");
    assert!(close(low, 1e-3) && close(high, 0.2));
    let same = between("what = \"viable_fraction\"\nbetween = [0.5, 0.5]");
    assert_eq!(same, (0.5, 0.5));
    let (code, headline, _) = refused("what = \"viable_fraction\"\nbetween = [0.6, 0.5]");
    assert_eq!((code.as_str(), headline.as_str()), ("E023", "expect[0].between can never hold"));
}

#[test]
fn masses_by_the_molar_mass_of_their_solute() {
    let (low, high) =
        between("what = \"albumin\"\ntake = \"mean\"\nbetween = [\"33 mg/mL\", \"66 mg/mL\"]");
    assert!(close(low, 0.5) && close(high, 1.0), "{low} {high}");
    let (low, high) = between("what = \"albumin.in\"\nbetween = [\"33 ug\", \"66 ug\"]");
    assert!(close(low, 5e-10) && close(high, 1e-9), "{low} {high}");
    let (code, headline, _) =
        refused("what = \"factor\"\ntake = \"mean\"\nvalue = \"1 mg/mL\"\nwithin = \"1 %\"");
    assert_eq!(code, "E012");
    assert!(headline.starts_with("expect[0].value"), "{headline}");
}

#[test]
fn where_a_field_is_taken() {
    let take = |lines: &str| {
        one(&format!("what = \"oxygen\"\n{lines}\nbetween = [\"0 M\", \"1 M\"]")).take
    };
    assert!(matches!(take("take = \"mean\""), Take::Mean));
    assert!(matches!(take("take = \"min\""), Take::Min));
    assert!(matches!(take("take = \"max\""), Take::Max));
    // The depth of a plane is one metre; its middle is meant.
    let Take::At(p) = take("at = [\"1.5 mm\", \"0.25 mm\"]") else { panic!("a point") };
    assert!(close(p[0], 1.5e-3) && close(p[1], 2.5e-4) && close(p[2], 0.5), "{p:?}");
    let bounds = "between = [\"0 M\", \"1 M\"]";
    let (code, headline, label) = refused(&format!("what = \"oxygen\"\nat = [\"1 mm\"]\n{bounds}"));
    assert_eq!((code.as_str(), label.as_str()), ("E022", "the domain has 2 axes"));
    assert_eq!(headline, "expect[0].at has 1 coordinates");
    let (_, headline, label) =
        refused(&format!("what = \"oxygen\"\nat = [\"1 mm\", \"1.1 mm\"]\n{bounds}"));
    assert_eq!(headline, "expect[0].at lies outside the domain");
    assert_eq!(label, "2 mm × 1 mm");
    let (code, headline, _) = refused(&format!("what = \"oxygen\"\n{bounds}"));
    assert_eq!((code.as_str(), headline.as_str()), ("E023", "expect[0] says nowhere"));
    let (code, headline, _) =
        refused("what = \"viable_fraction\"\ntake = \"mean\"\nbetween = [0, 1]");
    assert_eq!(code, "E023");
    assert_eq!(headline, "expect[0]: viable_fraction has no place");
}

#[test]
fn when() {
    let lines = "what = \"viable_fraction\"\nbetween = [0, 1]\n";
    assert_eq!(one(lines).time, 172_800.0);
    assert_eq!(one(&format!("{lines}time = \"6 h\"")).time, 21_600.0);
    assert_eq!(one(&format!("{lines}time = \"48 h\"")).time, 172_800.0);
    let (code, headline, label) = refused(&format!("{lines}time = \"49 h\""));
    assert_eq!((code.as_str(), headline.as_str()), ("E016", "expect[0].time is after the end"));
    assert_eq!(label, "the run ends at 2 d");
}

#[test]
fn rates_are_per_time() {
    let (low, high) = between("what = \"oxygen.used\"\nbetween = [\"1 nmol\", \"2 nmol\"]");
    assert!(close(low, 1e-9) && close(high, 2e-9));
    let (low, _) =
        between("what = \"oxygen.used\"\nrate = true\nbetween = [\"3.6 nmol/h\", \"9 nmol/h\"]");
    assert!(close(low, 1e-12));
    assert!(one("what = \"msc.died\"\nrate = true\nbetween = [\"0 cells/h\", \"9 cells/h\"]").rate);
    let (code, _, _) =
        refused("what = \"oxygen.used\"\nrate = true\nbetween = [\"1 nmol\", \"2 nmol/h\"]");
    assert_eq!(code, "E012");
    // What was seeded is no flow.
    assert!(one("what = \"msc.seeded\"\nrate = true\nbetween = [\"0 cells\", \"9 cells\"]").rate);
}

#[test]
fn numbers_have_their_dimension() {
    for (what, unit) in [
        ("msc.seeded", "cells"),
        ("msc.died", "cells"),
        ("oxygen.in.x_max", "mol"),
        ("oxygen.least", "mol/m^3"),
        ("viable_depth", "um"),
        ("first_necrosis", "h"),
        ("flow", "mL/min"),
        ("superficial_velocity", "um/s"),
        ("residence_time", "s"),
        ("wall_shear", "mPa"),
        ("capacity_excess", "cells/mL"),
    ] {
        let lines =
            |unit: &str| format!("what = \"{what}\"\nbetween = [\"0 {unit}\", \"1 {unit}\"]");
        let wanted = blastema::ground::units::parse(&format!("1 {unit}")).expect(unit).value;
        assert!(close(between(&lines(unit)).1, wanted), "{what}");
        let report = read(&format!("[[expect]]\n{}", lines("m^2"))).expect_err(what);
        assert!(report.diagnostics.iter().all(|d| d.code == "E012"), "{what}: {report}");
    }
    for what in ["oxygen.thiele2", "oxygen.satisfied", "ledger_defect", "limited", "steps"] {
        assert_eq!(between(&format!("what = \"{what}\"\nbetween = [0, 1]")), (0.0, 1.0));
    }
}

#[test]
fn names_that_are_not_there() {
    for (what, near) in [
        ("oxygne", "oxygen"),
        ("oxygen.uesd", "oxygen.used"),
        ("msc.dide", "msc.died"),
        ("viable_fractoin", "viable_fraction"),
    ] {
        let (code, headline, label) = refused(&format!("what = \"{what}\"\nbetween = [0, 1]"));
        assert_eq!(code, "E021");
        assert_eq!(headline, format!("expect[0].what: nothing is called `{what}`"));
        assert_eq!(label, format!("did you mean \"{near}\"?"));
    }
}

#[test]
fn profiles_of_a_table() {
    let profile = |path: &str, column: &str, axis: &str, unit: &str| {
        format!(
            "what = \"oxygen\"\nprofile = {{ path = \"{path}\", axis = \"{axis}\", \
             coordinate_unit = \"mm\", column = \"{column}\", unit = \"{unit}\" }}\n"
        )
    };
    let lines = profile("course.csv", "oxygen", "x", "mM");
    let e = one(&format!("{lines}within = \"1 %\""));
    let Take::Profile(points) = &e.take else { panic!("a profile") };
    let [(p, v), (q, w)] = points[..] else { panic!("{points:?}") };
    assert!(close(p[0], 5e-4) && close(p[1], 5e-4) && close(p[2], 0.5), "{p:?}");
    assert!(close(q[0], 1.5e-3) && close(v, 0.1) && close(w, -0.2), "{q:?} {v} {w}");
    // Below a thousandth of the largest value the tolerance is that of the thousandth.
    let Check::Profile(share, floor, below) = e.check else { panic!("a profile") };
    assert!(close(share, 0.01) && close(floor, 2e-4) && close(below, 2e-6));
    let e = one(&format!("{lines}within = \"1 %\"\nfloor = \"50 uM\""));
    let Check::Profile(_, floor, below) = e.check else { panic!("a profile") };
    assert!(close(floor, 0.05) && close(below, 5e-4));
    let e = one(&format!("{lines}within = \"1 %\"\nwithin_below_floor = \"3 uM\""));
    let Check::Profile(_, floor, below) = e.check else { panic!("a profile") };
    assert!(close(floor, 2e-4) && close(below, 3e-3));
    let e = one(&format!("{}within = \"1 %\"", profile("course.csv", "oxygen", "x", "uM")));
    let Take::Profile(points) = &e.take else { panic!("a profile") };
    assert!(close(points[0].1, 1e-4));
    let Take::Profile(points) =
        one(&format!("{}within = \"1 %\"", profile("course.csv", "other", "x", "1"))).take
    else {
        panic!("a profile")
    };
    assert_eq!((points[0].1, points[1].1), (7.0, 7.0));

    let (code, headline, _) = refused(&format!("{lines}within = \"1 uM\""));
    assert_eq!(code, "E012");
    assert_eq!(headline, "expect[0].within of a profile is a fraction");
    let far = profile("far.csv", "oxygen", "x", "mM");
    let (code, headline, label) = refused(&format!("{far}within = \"1 %\""));
    assert_eq!((code.as_str(), label.as_str()), ("E024", "at 2.5 mm"));
    assert_eq!(headline, "expect[0].profile.path leaves the domain");
    // Along y the same table leaves the slab, which is 1 mm high.
    let (_, _, label) =
        refused(&format!("{}within = \"1 %\"", profile("course.csv", "oxygen", "y", "mM")));
    assert_eq!(label, "at 1.5 mm");
    let none = profile("course.csv", "glucose", "x", "mM");
    let (code, headline, label) = refused(&format!("{none}within = \"1 %\""));
    assert_eq!((code.as_str(), label.as_str()), ("E024", "it has x, other, oxygen"));
    assert!(headline.contains("the file has no column `glucose`"), "{headline}");
    let z = profile("course.csv", "oxygen", "z", "mM");
    assert!(read(&format!("[[expect]]\n{z}within = \"1 %\"")).is_err());
    let (code, _, _) =
        refused(&format!("{}within = \"1 %\"", profile("course.csv", "oxygen", "x", "mm")));
    assert_eq!(code, "E012");
}

#[test]
fn what_is_missing_is_named() {
    let (code, headline, label) = refused("what = \"viable_fraction\"\nwithin = \"1 %\"");
    assert_eq!((code.as_str(), headline.as_str()), ("E011", "expect[0].between is missing"));
    assert_eq!(label, "in this table");
    let (code, headline, _) = refused("what = \"viable_fraction\"\nvalue = 1");
    assert_eq!((code.as_str(), headline.as_str()), ("E011", "expect[0].within is missing"));
}

#[test]
fn each_knows_its_line() {
    let all = read(
        "[[expect]]\nwhat = \"viable_fraction\"\nbetween = [0, 1]\n[[expect]]\nwhat = \"steps\"\n\
         between = [0, 1e9]\n",
    )
    .unwrap_or_else(|e| panic!("{e}"));
    let first = BASE.matches('\n').count() + 1;
    let line = |e: &Expect| e.origin.rsplit_once(':').expect("file:line").1.parse::<usize>();
    assert_eq!(line(&all[0]), Ok(first));
    assert_eq!(line(&all[1]), Ok(first + 3));
}
