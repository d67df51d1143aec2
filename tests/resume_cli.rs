//! `resume` on the command line: files of a run that was stopped are those of one that was not.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

fn blastema(at: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_blastema")).args(args).current_dir(at).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// Files that must not depend on stops: fields, master files, history, answers but for time.
fn results(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let names = ["", "fields/", "checkpoint/"];
    for folder in names {
        let Ok(entries) = std::fs::read_dir(out.join(folder)) else { continue };
        for entry in entries.flatten() {
            let name = format!("{folder}{}", entry.file_name().to_string_lossy());
            if !entry.path().is_file() || ["run.json", "checksums.b3"].contains(&name.as_str()) {
                continue;
            }
            let mut bytes = std::fs::read(entry.path()).unwrap();
            if name == "answers.txt" {
                let kept = String::from_utf8(bytes).unwrap();
                let kept = kept.lines().filter(|l| !l.starts_with("wall time"));
                bytes = kept.collect::<Vec<_>>().join("\n").into_bytes();
            }
            if name == "answers.json" {
                let mut json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
                json.as_object_mut().unwrap().remove("wall_time");
                bytes = json.to_string().into_bytes();
            }
            all.insert(name, bytes);
        }
    }
    all
}

#[track_caller]
fn same(a: &Path, b: &Path) {
    let (a, b) = (results(a), results(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (name, bytes) in &a {
        assert!(*bytes == b[name], "{name} differs");
    }
}

/// Cells that take oxygen and die, a bath that is changed, in 24 voxels.
const CASE: &str = r#"
title = "stopped"
[domain]
shape = "box"
size = ["2 mm"]
voxels = [24]
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mol/m^3"
boundary.x_max.value = "0.2 mol/m^3"
[solutes.glucose]
diffusivity = "6e-10 m^2/s"
initial = "5 mM"
boundary.x_max.bath = { name = "well", start = "5 mM" }
[baths.well]
volume = "1 L"
change = { every = "4 h", fraction = 0.5 }
[cells.msc]
type = "custom"
seeding.uniform = { density = "2e7 cells/mL" }
uptake.oxygen.michaelis-menten = { vmax = "98 fmol/cell/h", km = "8 uM" }
uptake.glucose.michaelis-menten = { vmax = "380 fmol/cell/h", km = "0.4 mM" }
death.hypoxia = { rate.time_constant = "4 h", when.oxygen.below = { half = "5e-3 mol/m^3" } }
[run]
duration = "10 h"
output.every = "2 h"
"#;

struct Place(tempfile::TempDir);

impl Place {
    /// A folder with the case, run once to its end in `whole`.
    fn new(case: &str) -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        std::fs::write(place.path().join("case.toml"), case).unwrap();
        let done = place.run("whole", &[]);
        assert_eq!(code(&done), 0, "{}", text(&done));
        place
    }
    fn path(&self) -> &Path {
        self.0.path()
    }
    fn run(&self, out: &str, more: &[&str]) -> Output {
        blastema(self.path(), &[&["run", "case.toml", "--quiet", "--out", out], more].concat())
    }
    fn resume(&self, out: &str, more: &[&str]) -> Output {
        blastema(self.path(), &[&["resume", out, "--quiet"], more].concat())
    }
    fn steps(&self) -> usize {
        let history = std::fs::read_to_string(self.path().join("whole/history.csv")).unwrap();
        history.lines().count() - 2
    }
    #[track_caller]
    fn same(&self, out: &str) {
        same(&self.path().join("whole"), &self.path().join(out));
    }
}

#[test]
fn a_run_stopped_at_any_step_leaves_the_same_files() {
    let place = Place::new(CASE);
    let steps = place.steps();
    assert!(steps > 10);
    for stop in (1..steps).step_by(3) {
        let out = format!("stopped-{stop}");
        let stopped = place.run(&out, &["--stop-after-steps", &stop.to_string()]);
        assert_eq!(code(&stopped), 130, "{}", text(&stopped));
        assert!(text(&stopped).contains(&format!("blastema resume {out}")), "{}", text(&stopped));
        let record = std::fs::read_to_string(place.path().join(&out).join("run.json")).unwrap();
        assert!(record.contains("\"state\": \"stopped\""), "{record}");
        // Once more on the way, with other threads.
        let next = (stop + 2).to_string();
        let again = place.resume(&out, &["--stop-after-steps", &next, "--threads", "3"]);
        assert!([0, 130].contains(&code(&again)), "{}", text(&again));
        let done = place.resume(&out, &[]);
        assert_eq!(code(&done), 0, "{}", text(&done));
        place.same(&out);
        assert!(!place.path().join(&out).join("lock").exists());
    }
}
