//! What the tests of faults share: a small case, random numbers, running the program.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Uniform numbers from a seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// In 0…1.
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
    /// Below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((self.next() * n as f64) as usize).min(n - 1)
    }
}

/// A count from the environment.
pub(crate) fn count(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// A case of `voxels`³ voxels with an output every `every` for `duration`.
pub(crate) fn case(voxels: usize, duration: &str, every: &str) -> String {
    format!(
        r#"
title = "faults"
[domain]
shape = "box"
size = ["2 mm", "2 mm", "2 mm"]
voxels = [{voxels}, {voxels}, {voxels}]
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mol/m^3"
boundary.z_max.value = "0.1 mol/m^3"
[cells.a]
type = "custom"
seeding.uniform = {{ density = "1e6 cells/mL" }}
uptake.oxygen.michaelis-menten = {{ vmax = "98 fmol/cell/h", km = "8 uM" }}
[run]
duration = "{duration}"
output.every = "{every}"
"#
    )
}

/// `blastema run case.toml --out out` in `dir`, with more arguments, quiet.
pub(crate) fn command(dir: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blastema"));
    command.args(["run", "case.toml", "--out", "out", "--quiet", "--threads", "1"]);
    command.args(more).current_dir(dir).stdin(Stdio::null());
    command
}

/// Starts it without its words.
pub(crate) fn start(dir: &Path, more: &[&str]) -> Child {
    command(dir, more).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts")
}

/// Exit code and standard error.
pub(crate) fn run(dir: &Path, more: &[&str]) -> (i32, String) {
    let done = command(dir, more).output().expect("starts");
    (done.status.code().unwrap_or(-1), String::from_utf8_lossy(&done.stderr).into_owned())
}

/// Published field files of a run, sorted.
pub(crate) fn fields(out: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(out.join("fields")) else { return Vec::new() };
    let named = entries.flatten().map(|e| e.path());
    let mut all: Vec<PathBuf> =
        named.filter(|p| !p.file_name().unwrap().to_string_lossy().starts_with('.')).collect();
    all.sort();
    all
}

/// Temporary files that were left behind, anywhere in the folder.
pub(crate) fn temporaries(out: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for dir in [out.to_owned(), out.join("fields"), out.join("checkpoint")] {
        let Ok(entries) = std::fs::read_dir(dir) else { continue };
        let all = entries.flatten().map(|e| e.path());
        found.extend(all.filter(|p| p.file_name().unwrap().to_string_lossy().starts_with(".tmp")));
    }
    found
}

/// Runs the case undisturbed in a folder of its own.
pub(crate) fn lone_run(text: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("case.toml"), text).expect("writes");
    let (code, told) = run(dir.path(), &[]);
    assert_eq!(code, 0, "{told}");
    dir
}

/// Every published field file of `out` has the bytes of that of the lone run; their number.
pub(crate) fn same_fields(out: &Path, lone: &Path, what: &str) -> usize {
    let files = fields(out);
    for file in &files {
        let name = file.file_name().unwrap();
        let wanted = std::fs::read(lone.join("fields").join(name)).expect("of the lone run");
        assert!(std::fs::read(file).unwrap() == wanted, "{what}: {}", file.display());
    }
    files.len()
}

/// Starts a run and kills it once `outputs` are published.
pub(crate) fn killed(dir: &Path, text: &str, outputs: usize) {
    std::fs::write(dir.join("case.toml"), text).expect("writes");
    let mut child = start(dir, &[]);
    while fields(&dir.join("out")).len() < outputs + 1 {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it was killed");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().expect("kill");
    child.wait().expect("gone");
}
