//! `kill -9` at random times: every published output opens and is whole.

use std::path::Path;
use std::process::{Command, Stdio};
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

fn published(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder.join("fields")) else { return Vec::new() };
    let named = entries.flatten().map(|e| e.path());
    named.filter(|p| !p.file_name().unwrap().to_string_lossy().starts_with('.')).collect()
}

const CASE: &str = r#"
title = "killed"
[domain]
shape = "box"
size = ["2 mm", "2 mm", "2 mm"]
voxels = [40, 40, 40]
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mol/m^3"
boundary.z_max.value = "0.1 mol/m^3"
[run]
duration = "10 h"
output.every = "6 min"
"#;

#[test]
#[ignore = "full suite: about two minutes"]
fn fifty_kills_leave_only_whole_outputs() {
    let mut random = Random(7);
    let (mut seen, mut cut_short) = (0, 0);
    // How long an undisturbed run takes.
    let run = |dir: &Path| {
        std::fs::write(dir.join("case.toml"), CASE).unwrap();
        Command::new(env!("CARGO_BIN_EXE_blastema"))
            .args(["run", "case.toml", "--out", "out"])
            .current_dir(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let whole = tempfile::tempdir().unwrap();
    let start = Instant::now();
    assert!(run(whole.path()).wait().unwrap().success(), "the case must run");
    let length = start.elapsed();
    for kill in 0..50 {
        let dir = tempfile::tempdir().unwrap();
        let mut child = run(dir.path());
        std::thread::sleep(Duration::from_secs_f64(length.as_secs_f64() * random.next()));
        let _ = child.kill();
        let _ = child.wait();
        let out = dir.path().join("out");
        let files = published(&out);
        for file in &files {
            assert!(read::check(file).unwrap() > 0, "kill {kill}: {}", file.display());
        }
        // The master, where there is one, opens too.
        if let Ok(results) = blastema::output::Results::open(&out) {
            assert!(results.read(results.last(), "oxygen").unwrap().iter().all(|x| x.is_finite()));
        }
        seen += files.len();
        cut_short += usize::from(out.join("lock").exists());
    }
    println!("50 kills ({cut_short} before the end): {seen} outputs, all whole");
    assert!(seen > 50);
}
