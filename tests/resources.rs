//! Estimates of memory and disk against what runs really take, and the refusals.

use std::path::Path;
use std::process::Command;

use blastema::case::{load_text, resources};

mod faults;
use faults::*;

/// Runs a program under a shell that sets limits; exit code, standard error, and the peak of its
/// memory in bytes, sampled.
fn limited(dir: &Path, limit: &str) -> (i32, String) {
    let program = env!("CARGO_BIN_EXE_blastema");
    let script = format!("{limit}; exec {program} run case.toml --out out --replace --quiet");
    let done = Command::new("sh").args(["-c", &script]).current_dir(dir).output().unwrap();
    (done.status.code().unwrap_or(-1), String::from_utf8_lossy(&done.stderr).into_owned())
}

/// Peak of the memory of a run, bytes.
fn peak(dir: &Path) -> f64 {
    let mut child = start(dir, &["--replace"]);
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0_f64;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
        peak = peak.max(1024.0 * kilobytes.unwrap_or(0.0));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(child.wait().unwrap().success());
    peak
}

/// The estimate is within 30 % of the real peak. The case of many fields has its deaths with
/// exposure; that with a flow carries its solute. One axis and two planes of symmetry leave a
/// column and a quarter to solve for.
#[test]
fn memory_is_what_it_was_said_to_be() {
    let uniform = case(96, "30 min", "15 min");
    let mirrored = uniform.replace(
        "boundary.z_max",
        "boundary.y_min.value = \"0.1 mol/m^3\"\n\
         boundary.y_max.value = \"0.1 mol/m^3\"\nboundary.x_min.value = \"0.1 mol/m^3\"\n\
         boundary.x_max.value = \"0.1 mol/m^3\"\nboundary.z_max",
    );
    let plain = case(48, "30 min", "15 min").replace("[run]", "[run]\nsymmetry = false");
    let death = "death.d = { rate.time_constant = \"2 d\", combine = \"all\", exposure = \"6 h\", \
                 when.oxygen.below = { half = \"5e-3 mol/m^3\", exponent = 4 } }\n[run]";
    let many = plain.replace("[run]", death);
    let flow = plain
        .replace("boundary.z_max.value", "boundary.z_max.outflow = {}\nboundary.z_min.inlet")
        .replace(
            "[run]",
            "[flow]\nlaw.given = { velocity = [\"0 um/s\", \"0 um/s\", \"5 um/s\"] }\n[run]",
        );
    let fields = mirrored.replace("[run]", death);
    let all = [("plain", plain), ("many fields", many), ("flow", flow), ("uniform", uniform)];
    for (name, text) in all.into_iter().chain([("mirrored", mirrored), ("both", fields)]) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("case.toml"), &text).unwrap();
        let setup = load_text("case.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}")).setup;
        let (real, told) = (peak(dir.path()), resources::memory(&setup));
        println!("{name}: {:.0} MB, estimated {:.0} MB", real / 1e6, told / 1e6);
        assert!((0.77..1.3).contains(&(told / real)), "{name}: {told:e}, real {real:e}");
    }
}

/// The estimate of the disk is an upper bound, and not a wild one where nothing compresses.
#[test]
fn disk_is_at_most_what_it_was_said_to_be() {
    let text = case(24, "5 h", "1 h");
    let lone = lone_run(&text);
    let setup = load_text("case.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}")).setup;
    let out = lone.path().join("out");
    let size = |p: std::path::PathBuf| std::fs::metadata(p).map_or(0.0, |m| m.len() as f64);
    let names = blastema::output::checksums::files(&out).unwrap();
    let real: f64 = names.iter().map(|n| size(out.join(n))).sum();
    let told = resources::disk(&setup);
    assert!(real < told, "{real} {told}");
}

/// Under any limit of the address space the run is refused or done, never killed.
#[test]
fn too_little_memory_is_refused_before_the_start() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("case.toml"), case(64, "12 min", "6 min")).unwrap();
    let (mut refused, mut done) = (0, 0);
    let steps = count("BLASTEMA_MEMORY_LIMITS", 4);
    for i in 0..steps {
        let kilobytes = 120_000 + 400_000 * i / (steps - 1);
        let (code, told) = limited(dir.path(), &format!("ulimit -v {kilobytes}"));
        match code {
            5 => {
                assert!(told.contains("memory: the run needs about"), "{told}");
                assert!(told.contains("would fit") && told.contains("ulimit -v"), "{told}");
                assert!(!dir.path().join("out").exists() || done > 0, "nothing is made");
                refused += 1;
            }
            0 => done += 1,
            _ => panic!("{kilobytes} kB: exit {code}\n{told}"),
        }
    }
    println!("{steps} limits: {refused} refused, {done} done");
    assert!(refused > 0 && done > 0);
}

#[test]
fn too_little_disk_is_refused_with_what_would_fit() {
    let dir = tempfile::tempdir().unwrap();
    // 4e9 outputs are no list that anybody has: 1e5 outputs of 64³ voxels, 3 fields.
    let text = case(64, "100000 h", "1 h").replace("[run]", "[run]\noutput.precision = \"f64\"");
    std::fs::write(dir.path().join("case.toml"), text).unwrap();
    let (code, told) = run(dir.path(), &[]);
    let free = blastema::output::space::free(dir.path()).unwrap();
    if free > 6e11 {
        println!("NOT RUN: {free:e} bytes are free");
        return;
    }
    assert_eq!(code, 5, "{told}");
    assert!(
        told.contains("disk: the run needs up to") && told.contains("outputs would fit"),
        "{told}"
    );
    assert!(!dir.path().join("out").exists());
    let check = Command::new(env!("CARGO_BIN_EXE_blastema"))
        .args(["check", "case.toml", "--json"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert_eq!(check.status.code(), Some(5));
    let json: serde_json::Value = serde_json::from_slice(&check.stdout).unwrap();
    assert!(json["cost"]["disk_bytes"].as_f64() > json["machine"]["disk_bytes"].as_f64());
}
