//! Runs on the command line that are stopped and go on, and what must not depend on that.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each test program uses its part")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

pub fn blastema(at: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_blastema")).args(args).current_dir(at).output().unwrap()
}

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

pub fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// Files that must not depend on stops: fields, master files, history, answers but for time.
pub fn results(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    // Checkpoints hold the wall time too.
    for folder in ["", "fields/"] {
        let Ok(entries) = std::fs::read_dir(out.join(folder)) else { continue };
        for entry in entries.flatten() {
            let name = format!("{folder}{}", entry.file_name().to_string_lossy());
            if !entry.path().is_file() || ["run.json", "checksums.b3"].contains(&name.as_str()) {
                continue;
            }
            let mut bytes = std::fs::read(entry.path()).unwrap();
            if name == "answers.txt" {
                let kept = String::from_utf8(bytes).unwrap();
                let kept = kept
                    .lines()
                    .filter(|l| !l.starts_with("wall time") && !l.starts_with("refined"));
                bytes = kept.collect::<Vec<_>>().join("\n").into_bytes();
            }
            if name == "answers.json" {
                let mut json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
                // Both tell seconds.
                for key in ["wall_time", "refined"] {
                    json.as_object_mut().unwrap().remove(key);
                }
                bytes = json.to_string().into_bytes();
            }
            all.insert(name, bytes);
        }
    }
    all
}

#[track_caller]
pub fn same(a: &Path, b: &Path) {
    let (a, b) = (results(a), results(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (name, bytes) in &a {
        assert!(*bytes == b[name], "{name} differs");
    }
}

/// Cells that take oxygen and die, a bath that is changed, in 24 voxels.
pub const CASE: &str = r#"
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

pub struct Place(pub tempfile::TempDir);

impl Place {
    /// A folder with the case, run once to its end in `whole`.
    pub fn new(case: &str) -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        std::fs::write(place.path().join("case.toml"), case).unwrap();
        let done = place.run("whole", &[]);
        assert_eq!(code(&done), 0, "{}", text(&done));
        place
    }
    pub fn path(&self) -> &Path {
        self.0.path()
    }
    pub fn run(&self, out: &str, more: &[&str]) -> Output {
        blastema(self.path(), &[&["run", "case.toml", "--quiet", "--out", out], more].concat())
    }
    pub fn resume(&self, out: &str, more: &[&str]) -> Output {
        blastema(self.path(), &[&["resume", out, "--quiet"], more].concat())
    }
    pub fn steps(&self) -> usize {
        let history = std::fs::read_to_string(self.path().join("whole/history.csv")).unwrap();
        history.lines().count() - 2
    }
    #[track_caller]
    pub fn same(&self, out: &str) {
        same(&self.path().join("whole"), &self.path().join(out));
    }
}

/// A run that is stopped after this many steps, with a checkpoint at each.
pub fn stopped(place: &Place, out: &str, steps: &str) {
    let more = ["--stop-after-steps", steps, "--checkpoint-steps", "1"];
    assert_eq!(code(&place.run(out, &more)), 130);
}
