//! `probe`, `profile`, `pack` and `completions` on a run that is known.

use std::path::Path;

use assert_cmd::Command;

mod output_sample;
use output_sample::{grids, sample_run, value};

fn blastema(args: &[&str], at: &Path) -> (i32, String, String) {
    let output =
        Command::cargo_bin("blastema").unwrap().args(args).current_dir(at).output().unwrap();
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn with_run() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    sample_run(&dir.path().join("run"), &grids()[2].1, 3);
    std::fs::write(dir.path().join("run/run.json"), "{\"case\": \"plug\"}").unwrap();
    blastema::output::checksums::append_file(&dir.path().join("run"), "run.json").unwrap();
    dir
}

#[test]
fn probe_gives_values_at_points_and_times() {
    let dir = with_run();
    let ask = |args: &[&str]| blastema(&[&["probe", "run"], args].concat(), dir.path());
    let (code, out, _) =
        ask(&["--at", "50um", "--at", "0.05 mm", "--field", "double", "--time", "1 h"]);
    assert_eq!(code, 0);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "time [h],x [mm],double");
    let cells: Vec<f64> = lines[1].split(',').map(|x| x.parse().unwrap()).collect();
    assert_eq!(cells, [1.0, 0.05, value(2, 1, 2)]);
    assert_eq!(lines[1], lines[2]);
    let (_, out, _) = ask(&["--at", "50um", "--time", "all", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["points"].as_array().unwrap().len(), 3);
    assert_eq!(json["units"]["oxygen"], "mol/m^3");
    assert_eq!(json["points"][2]["values"]["double"], value(2, 2, 2));
    for (args, told) in [
        (&["--at", "1 mm"][..], "outside the domain"),
        (&["--at", "1 h"], "for example --at"),
        (&["--at", "1um,2um"], "1 axes"),
        (&["--at", "1um", "--time", "2 h"], "no output at 2 h"),
        (&["--at", "1um", "--field", "oxigen"], "oxygen"),
    ] {
        let (code, _, err) = ask(args);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains(told), "{err}");
    }
}

#[test]
fn profile_gives_layers() {
    let dir = with_run();
    let ask = |args: &[&str]| blastema(&[&["profile", "run"], args].concat(), dir.path());
    let (code, out, err) = ask(&["--from", "x_max", "--bin", "100um", "--time", "0 h"]);
    assert_eq!(code, 0, "{err}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines[0],
        "time [h],from [mm],to [mm],oxygen [mol/m^3],msc.viable [cells/m^3],double,drift [m/s],\
         velocity [m/s]"
    );
    assert_eq!(lines.len(), 5); // 17 voxels of 20 µm: 340 µm
    let cells: Vec<f64> = lines[1].split(',').map(|x| x.parse().unwrap()).collect();
    let mean = [16, 15, 14, 12].iter().map(|&v| value(2, 0, v)).sum::<f64>() / 4.0; // 13 is solid
    assert_eq!(cells[..3], [0.0, 0.0, 0.1]);
    assert!((cells[5] - mean).abs() < 1e-12);
    // Of vectors their lengths.
    let length = |v: f64| (v * v + 0.25 * v * v + 0.0625).sqrt();
    let mean = [16.0, 15.0, 14.0, 13.0, 12.0].map(length).iter().sum::<f64>() / 5.0;
    assert!((cells[7] - mean).abs() < 1e-6 * mean, "{} {mean}", cells[7]);
    assert!(lines[4].starts_with("0,0.3,0.34,"), "{}", lines[4]);
    // What is left behind the centre of the last voxel is no layer of its own.
    let (_, out, _) = ask(&["--from", "x_max", "--bin", "335um", "--time", "0 h"]);
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines.len() == 2 && lines[1].starts_with("0,0,0.34,"), "{out}");
    for args in [&["--from", "z_max"][..], &["--from", "x_min", "--bin", "1um"]] {
        assert_eq!(ask(args).0, 2);
    }
}

#[test]
fn pack_makes_one_archive_and_overwrites_nothing() {
    let dir = with_run();
    let (code, out, err) = blastema(&["pack", "run", "-o", "a.tar.gz"], dir.path());
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("a.tar.gz written: 8 files"), "{out}");
    let archive = std::fs::File::open(dir.path().join("a.tar.gz")).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive));
    archive.unpack(dir.path().join("unpacked")).unwrap();
    for file in ["fields/000002.h5", "plug.vtkhdf", "checksums.b3", "run.json"] {
        let (a, b) =
            (dir.path().join("run").join(file), dir.path().join("unpacked/run").join(file));
        assert!(std::fs::read(a).unwrap() == std::fs::read(b).unwrap(), "{file}");
    }
    assert_eq!(blastema(&["pack", "run", "-o", "a.tar.gz"], dir.path()).0, 6);
    std::fs::remove_file(dir.path().join("run/fields/000001.h5")).unwrap();
    let (code, _, err) = blastema(&["pack", "run", "-o", "b.tar.gz"], dir.path());
    assert!(
        code == 4 && err.contains("not whole") && !dir.path().join("b.tar.gz").exists(),
        "{err}"
    );
    assert_eq!(blastema(&["pack", "run", "--as-is", "-o", "b.tar.gz"], dir.path()).0, 0);
    assert_eq!(blastema(&["pack", "run/fields"], dir.path()).0, 2);
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, out, _) = blastema(&["completions", shell], Path::new("."));
        assert!(code == 0 && out.contains("profile"), "{shell}");
    }
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let dir = with_run();
    let program = assert_cmd::cargo::cargo_bin("blastema");
    let script = format!("{} profile run --from x_min --time all | true", program.display());
    let shell = format!("set -o pipefail; {script}");
    let done = std::process::Command::new("bash")
        .args(["-c", &shell])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(done.status.success() && done.stderr.is_empty());
}

/// A warning beside an error keeps its own word.
#[test]
fn a_warning_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let text = "[domain]\nsize = [\"1 mm\"]\nvoxels = [4]\n[cells.msc]\n\
        seeding.uniform = { density = \"1e5 cells/mL\" }\n\
        reseeding = [{ at = \"9 d\", seeding.uniform = { density = \"1e5 cells/mL\" } }]\n\
        [run]\nduration = \"1 d\"\n";
    std::fs::write(dir.path().join("w.toml"), text).unwrap();
    let (code, _, err) = blastema(&["check", "w.toml"], dir.path());
    assert_eq!(code, 2, "{err}");
    assert!(err.starts_with("warning[W037]") && err.contains("\nerror[E016]"), "{err}");
}
