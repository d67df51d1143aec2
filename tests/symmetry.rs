//! Symmetric cases at the command line: what is written, answered, kept and read back is that of the
//! whole, whatever part of it was solved for.

use std::path::Path;
use std::process::{Command, Output};

use blastema::output::read::Results;

/// A third of the layers is denser; fed from four sides and, through a film, from below, where a bath
/// that is changed takes the lactate. Mirrored along x and y, and along z not at all.
const CASE: &str = r#"
title = "symmetric"
[domain]
shape = "box"
size = ["2.4 mm", "1.6 mm", "1 mm"]
voxels = [24, 16, 10]
[scaffold]
porosity = 0.9
effective_diffusivity.bruggeman = {}
[regions.dense]
shape.box = { from = ["0.8 mm", "0 mm", "0 mm"], to = ["1.6 mm", "1.6 mm", "1 mm"] }
scaffold.porosity = 0.6
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mol/m^3"
boundary.x_min.value = "0.2 mol/m^3"
boundary.x_max.value = "0.2 mol/m^3"
boundary.y_min.value = "0.1 mol/m^3"
boundary.y_max.value = "0.1 mol/m^3"
boundary.z_min.transfer = { coefficient = "1e-6 m/s", outside = "0.2 mol/m^3" }
[solutes.lactate]
diffusivity = "1e-9 m^2/s"
initial = "0 mM"
boundary.x_min.bath = { name = "well", start = "0.1 mM" }
boundary.x_max.bath = { name = "well", start = "0.1 mM" }
boundary.z_min.bath = { name = "well", start = "0.1 mM" }
[baths.well]
volume = "20 uL"
change = { every = "5 h", fraction = 0.5 }
[cells.a]
type = "custom"
seeding.uniform = { density = "2e7 cells/mL" }
motility.constant = "1e-13 m^2/s"
uptake.oxygen.michaelis-menten = { vmax = "98 fmol/cell/h", km = "8 uM" }
production.lactate.per-uptake = { of = "oxygen", yield = 1.5 }
growth = { rate.doubling_time = "40 h", limits.oxygen.monod = { half = "20 uM" } }
death.hypoxia = { rate.time_constant = "3 h", when.oxygen.below = { half = "60 uM", exponent = 4 } }
[run]
duration = "12 h"
output = { every = "4 h", precision = "f64" }
"#;

struct Place(tempfile::TempDir);

impl Place {
    fn new(text: &str) -> Place {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("case.toml"), text).expect("writes");
        Place(dir)
    }
    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }
    fn call(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blastema"));
        command.args(words).current_dir(self.0.path()).output().expect("starts")
    }
    fn done(&self, words: &[&str]) -> String {
        let done = self.call(words);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    }
    fn answers(&self, out: &str) -> serde_json::Map<String, serde_json::Value> {
        let text = std::fs::read_to_string(self.path(out).join("answers.json")).expect("answers");
        let json: serde_json::Value = serde_json::from_str(&text).expect("json");
        let mut answers = json.as_object().expect("a list").clone();
        // Of the run, not of the case.
        for key in ["wall_time", "steps", "limited", "ledger_defect", "symmetry"] {
            answers.remove(key);
        }
        answers
    }
}

const WHOLE: [&str; 2] = ["--set", "run.symmetry=false"];

/// The largest difference of any field of any output, relative to the field's largest value.
fn apart(a: &Path, b: &Path) -> f64 {
    let (a, b) = (Results::open(a).expect("opens"), Results::open(b).expect("opens"));
    assert_eq!(a.layout, b.layout);
    assert_eq!(a.steps.len(), b.steps.len());
    let mut worst = 0.0_f64;
    for (s, t) in a.steps.iter().zip(&b.steps) {
        assert_eq!(s.time, t.time);
        for column in b.fields.iter().chain(&b.statics) {
            let (u, v) = (a.read(*s, &column.name).unwrap(), b.read(*t, &column.name).unwrap());
            assert_eq!(u.len(), v.len(), "{}", column.name);
            assert!(u.iter().zip(&v).all(|(u, v)| u.is_nan() == v.is_nan()), "{}", column.name);
            let most = v.iter().fold(f64::MIN_POSITIVE, |m, v| m.max(v.abs()));
            let off = u.iter().zip(&v).fold(0.0_f64, |m, (u, v)| m.max((u - v).abs()));
            worst = worst.max(off / most);
        }
    }
    worst
}

/// Rows of a history after its two lines of heads.
fn history(out: &Path) -> (String, Vec<Vec<f64>>) {
    let text = std::fs::read_to_string(out.join("history.csv")).expect("a history");
    let mut lines = text.lines();
    let head = lines.next().expect("a head").to_owned();
    let number = |v: &str| v.parse::<f64>().ok();
    let rows = lines.map(|l| l.split(',').filter_map(number).collect());
    (head, rows.collect())
}

/// Answers that differ: numbers, times, and places along these axes by more than a hundred-thousandth.
fn unlike(place: &Place, a: &str, b: &str, axes: &[usize]) -> Vec<String> {
    let (a, b) = (place.answers(a), place.answers(b));
    let keys = |all: &serde_json::Map<_, _>| all.keys().cloned().collect::<Vec<String>>();
    assert_eq!(keys(&a), keys(&b));
    let close = |a: &serde_json::Value, b: &serde_json::Value| match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-5 * a.abs().max(b.abs()) + 1e-12,
        _ => a == b,
    };
    let list = |v: &serde_json::Value| {
        let all = v["place_m"].as_array().cloned().unwrap_or_default();
        axes.iter().filter_map(|a| all.get(*a).cloned()).collect::<Vec<_>>()
    };
    let same = |(a, b): (&serde_json::Value, &serde_json::Value)| {
        let (here, there) = (list(a), list(b));
        close(&a["value"], &b["value"])
            && close(&a["time_s"], &b["time_s"])
            && here.len() == there.len()
            && here.iter().zip(&there).all(|p| close(p.0, p.1))
    };
    let pairs = a.iter().map(|(key, a)| (key, a, &b[key]));
    pairs.filter(|p| !same((p.1, p.2))).map(|(key, a, b)| format!("{key}: {a} {b}")).collect()
}

#[test]
fn outputs_history_and_answers_are_those_of_the_whole() {
    let place = Place::new(CASE);
    let checked = place.done(&["check", "case.toml"]);
    let line = "symmetry   its own mirror image along x, y; solved for 12 × 8 × 10 voxels";
    assert!(checked.contains(line), "{checked}");
    let told = place.done(&["run", "case.toml", "--out", "part"]);
    assert!(told.contains("solved for 12 × 8 × 10 voxels"), "{told}");
    let told = place.done(&[&["run", "case.toml", "--out", "whole"], &WHOLE[..]].concat());
    assert!(!told.contains("symmetry"), "{told}");
    let (part, whole) = (place.path("part"), place.path("whole"));
    let off = apart(&part, &whole);
    assert!(off < 1e-6, "{off:e}");
    let wrong = unlike(&place, "part", "whole", &[0, 1, 2]);
    assert!(wrong.is_empty(), "{wrong:#?}");
    let ((heads, a), (same, b)) = (history(&part), history(&whole));
    assert_eq!(heads, same);
    assert_eq!(a.len(), b.len());
    let names: Vec<&str> = heads.split(',').collect();
    for (a, b) in a.iter().zip(&b) {
        for ((name, a), b) in names.iter().zip(a).zip(b) {
            let round = name.contains("defect") || name.contains("rounded");
            assert!(round || (a - b).abs() <= 1e-5 * b.abs() + 1e-18, "{name}: {a} {b}");
        }
    }
    // Both ends of an axis give what one gave.
    let last = a.last().expect("rows");
    let of = |name: &str| names.iter().position(|n| n.contains(name)).map(|i| last[i]);
    assert!(of("oxygen.in.x_min").is_some_and(|v| v > 0.0));
    assert_eq!(of("oxygen.in.x_min"), of("oxygen.in.x_max"));
}

/// A column stands for a slab that is the same along two axes.
#[test]
fn a_slab_is_solved_as_a_column() {
    let text = CASE
        .lines()
        .filter(|l| !(l.starts_with("boundary.x_") || l.starts_with("boundary.y_")))
        .filter(|l| !(l.contains("regions") || l.starts_with("shape.box") || l.contains("= 0.6")));
    let place = Place::new(&text.collect::<Vec<_>>().join("\n"));
    let told = place.done(&["run", "case.toml", "--out", "part"]);
    assert!(told.contains("the same along x, y; solved for 1 × 1 × 10 voxels"), "{told}");
    place.done(&[&["run", "case.toml", "--out", "whole"], &WHOLE[..]].concat());
    let off = apart(&place.path("part"), &place.path("whole"));
    assert!(off < 1e-6, "{off:e}");
    // Along the others the whole has ties.
    let wrong = unlike(&place, "part", "whole", &[2]);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Fluid goes along x, past a denser core in the middle of y, which is the same along z.
const PERFUSED: &str = r#"
[domain]
shape = "box"
size = ["2.4 mm", "1.6 mm", "1 mm"]
voxels = [24, 16, 10]
[scaffold]
porosity = 0.9
effective_diffusivity.bruggeman = {}
[regions.core]
shape.box = { from = ["0.8 mm", "0.5 mm", "0 mm"], to = ["1.6 mm", "1.1 mm", "1 mm"] }
scaffold.porosity = 0.6
[flow]
law.kozeny-carman = { diameter = "100 um", constant = 180 }
boundary.x_min.pressure = "1 Pa"
boundary.x_max.pressure = "0 Pa"
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mol/m^3"
boundary.x_min.inlet = "0.2 mol/m^3"
boundary.x_max.outflow = {}
[cells.a]
type = "custom"
seeding.uniform = { density = "2e7 cells/mL" }
uptake.oxygen.michaelis-menten = { vmax = "98 fmol/cell/h", km = "8 uM" }
death.hypoxia = { rate.time_constant = "3 h", when.oxygen.below = { half = "60 uM", exponent = 4 } }
[run]
duration = "6 h"
output = { every = "3 h", precision = "f64" }
"#;

/// By Brinkman's law all is not the same along z between walls, and is where the fluid slips.
#[test]
fn a_perfused_case_is_solved_for_across_the_flow() {
    let brinkman = PERFUSED.replace(
        "law.kozeny-carman = { diameter = \"100 um\", constant = 180 }",
        "law.brinkman.permeability = \"1e-11 m^2\"",
    );
    let slips = brinkman.replace(
        "boundary.x_min.pressure",
        "boundary.z_min.symmetry = {}\nboundary.z_max.symmetry = {}\nboundary.x_min.pressure",
    );
    let column = "its own mirror image along y, the same along z; solved for 24 × 8 × 1 voxels";
    let quarter = "its own mirror image along y, z; solved for 24 × 8 × 5 voxels";
    for (text, solved) in [(PERFUSED, column), (&brinkman, quarter), (&slips, column)] {
        let place = Place::new(text);
        let told = place.done(&["run", "case.toml", "--out", "part"]);
        assert!(told.contains(solved), "{told}");
        place.done(&[&["run", "case.toml", "--out", "whole"], &WHOLE[..]].concat());
        let off = apart(&place.path("part"), &place.path("whole"));
        assert!(off < 1e-5, "{off:e}");
        let wrong = unlike(&place, "part", "whole", &[0]);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn a_run_that_is_stopped_goes_on_with_the_same_bits() {
    let place = Place::new(CASE);
    place.done(&["run", "case.toml", "--out", "lone"]);
    let stopped = place.call(&["run", "case.toml", "--out", "part", "--stop-after-steps", "3"]);
    assert!(!stopped.status.success());
    place.done(&["resume", "part"]);
    assert_eq!(apart(&place.path("part"), &place.path("lone")), 0.0);
    let text = |out: &str| std::fs::read(place.path(out).join("history.csv")).unwrap();
    assert_eq!(text("part"), text("lone"));
}

/// What branches off, or goes on with other values, may have no symmetry any more, or one that its
/// start had not.
#[test]
fn branches_and_changes_start_from_the_whole() {
    let place = Place::new(CASE);
    let open = ["--set", "solutes.oxygen.boundary.x_max.value=\"0.05 mol/m^3\""];
    place.done(&["run", "case.toml", "--out", "even"]);
    place.done(&[&["run", "case.toml", "--out", "odd"], &open[..]].concat());
    for (from, set, name) in [("even", &open[..], "a"), ("odd", &[][..], "b")] {
        let from = format!("{from}@4 h");
        let part = format!("{name}-part");
        let whole = format!("{name}-whole");
        place.done(&[&["run", "case.toml", "--out", &part, "--from", &from], set].concat());
        let words = [&["run", "case.toml", "--out", &whole, "--from", &from], set, &WHOLE[..]];
        place.done(&words.concat());
        let off = apart(&place.path(&part), &place.path(&whole));
        assert!(off < 1e-6, "{name}: {off:e}");
    }
    // The start of "b" is no mirror image: nor is what comes of it at once.
    let results = Results::open(&place.path("b-part")).expect("opens");
    let oxygen = results.read(results.steps[0], "oxygen").expect("reads");
    assert!(oxygen[12 * 24 + 1] != oxygen[12 * 24 + 22]);

    let stop = ["--stop-after-steps", "3"];
    let stopped = place.call(&[&["run", "case.toml", "--out", "c"], &open[..], &stop[..]].concat());
    assert!(!stopped.status.success());
    let key = "solutes.oxygen.boundary.x_max";
    let even = ["--set", "solutes.oxygen.boundary.x_max.value=\"0.2 mol/m^3\""];
    let words = [&["resume", "c", "--allow-changed", key][..], &even[..], &stop[..1], &["6"][..]];
    let stopped = place.call(&words.concat());
    let told = String::from_utf8_lossy(&stopped.stderr).into_owned();
    assert!(told.contains("stopped at"), "{told}");
    place.done(&["resume", "c"]);
}
