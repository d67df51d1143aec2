//! `kill -9` at random times, again and again: every published output opens and is whole, and the
//! run, resumed after each kill, ends with the files of one that nobody disturbed.
//!
//! `BLASTEMA_KILLS` is the number of kills (50): `BLASTEMA_KILLS=1000` for the nightly suite.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use blastema::output::read;

/// Uniform numbers in 0…1 from a seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Diffusion alone, with many outputs.
const OUTPUTS: &str = r#"
title = "killed"
[domain]
shape = "box"
size = ["2 mm", "2 mm", "2 mm"]
voxels = [20, 20, 20]
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mol/m^3"
boundary.z_max.value = "0.1 mol/m^3"
[run]
duration = "4 h"
output.every = "12 min"
"#;

/// Cells that take, move and die beside a bath.
const CELLS: &str = r#"
[domain]
shape = "box"
size = ["2 mm", "2 mm"]
voxels = [30, 30]
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mol/m^3"
boundary.y_max.value = "0.2 mol/m^3"
[solutes.glucose]
diffusivity = "6e-10 m^2/s"
initial = "5 mM"
boundary.y_max.bath = { name = "well", start = "5 mM" }
[baths.well]
volume = "1 L"
change = { every = "12 h", fraction = 0.5 }
[cells.msc]
type = "custom"
seeding.uniform = { density = "2e7 cells/mL" }
motility.constant = "5e-14 m^2/s"
uptake.oxygen.michaelis-menten = { vmax = "98 fmol/cell/h", km = "8 uM" }
uptake.glucose.michaelis-menten = { vmax = "380 fmol/cell/h", km = "0.4 mM" }
death.hypoxia = { rate.time_constant = "4 h", exposure = "6 h", when.oxygen.below = { half = "5e-3 mol/m^3" } }
[run]
duration = "2 d"
output.every = "4 h"
"#;

/// Perfusion through a scaffold that fills up: the flow follows the porosity.
const FLOW: &str = r#"
[domain]
shape = "box"
size = ["4 mm", "2 mm"]
voxels = [24, 12]
[scaffold]
porosity = 0.8
effective_diffusivity.maxwell = {}
changing_porosity = true
[solutes.oxygen]
diffusivity = "2.7e-9 m^2/s"
initial = "0.2 mol/m^3"
boundary.x_min.inlet = "0.2 mol/m^3"
boundary.x_max.outflow = {}
[cells.msc]
type = "custom"
seeding.uniform = { density = "5e6 cells/mL" }
volume = "4e-15 m^3"
uptake.oxygen.michaelis-menten = { vmax = "98 fmol/cell/h", km = "8 uM" }
growth.rate.doubling_time = "24 h"
growth.crowding = "none"
[flow]
law.kozeny-carman = { diameter = "200 um", constant = 180 }
viscosity = "0.69 mPa s"
boundary.x_min.pressure = "0.5 Pa"
boundary.x_max.pressure = "0 Pa"
[run]
duration = "2 d"
output.every = "4 h"
"#;

fn start(dir: &Path, args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_blastema"))
        .args(args)
        .current_dir(dir)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn published(out: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(out.join("fields")) else { return Vec::new() };
    let named = entries.flatten().map(|e| e.path());
    named.filter(|p| !p.file_name().unwrap().to_string_lossy().starts_with('.')).collect()
}

/// What must be the same: every output, the master, the history; the answers but for time.
fn results(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all: BTreeMap<String, Vec<u8>> = published(out)
        .into_iter()
        .map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(p).unwrap()))
        .collect();
    for name in ["history.csv", "case.vtkhdf", "case.xdmf"] {
        all.insert(name.into(), std::fs::read(out.join(name)).unwrap());
    }
    let json = std::fs::read(out.join("answers.json")).unwrap();
    let mut json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    json.as_object_mut().unwrap().remove("wall_time");
    all.insert("answers".into(), json.to_string().into_bytes());
    all
}

/// Kills a run up to `most` times on its way, then lets it end. Gives kills and outputs looked at.
fn chain(
    case: &str,
    whole: &BTreeMap<String, Vec<u8>>,
    length: Duration,
    most: usize,
    random: &mut Random,
) -> (usize, usize) {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    std::fs::write(dir.path().join("case.toml"), case).unwrap();
    let (mut kills, mut seen) = (0, 0);
    let mut kept: Vec<PathBuf> = Vec::new();
    loop {
        let threads = if random.next() < 0.5 { "1" } else { "3" };
        let options = ["--quiet", "--threads", threads, "--checkpoint-steps", "1"];
        // Until there is a run.json, nothing of a run is there.
        let begun = out.join("run.json").exists();
        let verb: &[&str] =
            if begun { &["resume", "out"] } else { &["run", "case.toml", "--out", "out"] };
        let mut child = start(dir.path(), &[verb, &options].concat());
        let done = if kills < most {
            std::thread::sleep(length.mul_f64(0.9 * random.next()));
            let done = child.try_wait().unwrap().is_some();
            let _ = child.kill();
            kills += usize::from(!done);
            done
        } else {
            true
        };
        let end = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&end.stderr);
        assert!(!done || end.status.success(), "after {kills} kills: {}: {told}", end.status);
        for file in &kept {
            assert!(file.exists(), "{} was published and is gone", file.display());
        }
        kept = published(&out);
        for file in &kept {
            assert!(read::check(file).unwrap() > 0, "kill {kills}: {}", file.display());
        }
        seen += kept.len();
        if done {
            break;
        }
    }
    let now = results(&out);
    assert_eq!(now.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>());
    for (name, bytes) in whole {
        if now[name] != *bytes {
            let [a, b] = [&now[name], bytes].map(|t| String::from_utf8_lossy(t).into_owned());
            let at = a.bytes().zip(b.bytes()).position(|(a, b)| a != b).unwrap_or(0);
            let near =
                |t: &str| t.chars().skip(at.saturating_sub(150)).take(300).collect::<String>();
            panic!("{name} differs after {kills} kills: {} against {}", near(&a), near(&b));
        }
    }
    (kills, seen)
}

fn kills(wanted: usize, most: usize) {
    let mut random = Random(7);
    let (mut all, mut chains, mut seen) = (0, 0, 0);
    let cases = [OUTPUTS, CELLS, FLOW].map(|case| {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("case.toml"), case).unwrap();
        let begin = Instant::now();
        let options = ["--quiet", "--threads", "1", "--checkpoint-steps", "1"];
        let mut run =
            start(dir.path(), &[&["run", "case.toml", "--out", "out"], &options[..]].concat());
        assert!(run.wait().unwrap().success(), "the case must run: {case}");
        (case, results(&dir.path().join("out")), begin.elapsed())
    });
    while all < wanted {
        let (case, whole, length) = &cases[chains % cases.len()];
        let (kills, outputs) = chain(case, whole, *length, most.min(wanted - all), &mut random);
        all += kills;
        seen += outputs;
        chains += 1;
    }
    println!("{all} kills in {chains} runs: {seen} outputs, all whole; every run ended the same");
}

#[test]
fn a_run_that_was_killed_ends_the_same() {
    kills(9, 3);
}

#[test]
#[ignore = "full suite: about a minute; BLASTEMA_KILLS=1000 for more"]
fn kills_leave_only_whole_outputs_and_the_same_end() {
    let number = std::env::var("BLASTEMA_KILLS").ok().and_then(|n| n.parse().ok());
    kills(number.unwrap_or(50), 10);
}
