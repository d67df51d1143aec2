//! What vtk and ParaView see in the outputs: times, names, spacing, origin and every value.

use std::path::Path;
use std::process::{Command, Output};

use blastema::geometry::structure::{Partial, Structure};

mod output_sample;
use output_sample::{grids, sample_run};

/// Runs of one, two and three outputs on every sample grid, checked by a script.
fn checked_by(program: &[&str], script: &str) -> Option<Output> {
    let dir = tempfile::tempdir().unwrap();
    for (name, grid) in grids() {
        for steps in 1..=3 {
            sample_run(&dir.path().join(format!("{name}-{steps}")), &grid, steps);
        }
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/paraview").join(script);
    Command::new(program[0]).args(&program[1..]).arg(script).arg(dir.path()).output().ok()
}

/// `needed`: the machine is known to have the program and its libraries.
fn expect_success(output: Option<Output>, missing: &str, needed: bool) {
    let Some(output) = output else {
        assert!(!needed, "no {missing}");
        println!("NOT RUN: no {missing}");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    println!("{text}");
    if needed || output.status.code() != Some(77) {
        assert!(output.status.success() && text.contains("values equal"), "{text}");
    }
}

#[test]
fn vtk_reads_every_value() {
    // Where BLASTEMA_PYTHON names a Python, it has vtk and numpy, and nothing is skipped.
    let python = std::env::var("BLASTEMA_PYTHON").ok();
    let program = python.as_deref().unwrap_or("python3");
    expect_success(checked_by(&[program], "vtk_check.py"), program, python.is_some());
}

#[test]
fn a_structure_opens_with_its_phases_and_shares() {
    let dir = tempfile::tempdir().unwrap();
    let pore: Vec<u8> = (0..60).map(|i| 4 * i).collect();
    let structure = Structure {
        n: [3, 4, 5],
        h: [20e-6, 30e-6, 40e-6],
        phase: pore.iter().map(|p| u8::from(*p == 0)).collect(),
        partial: Some(Partial { pore, aperture: Default::default() }),
    };
    let file = dir.path().join("a.vtkhdf");
    blastema::output::structure::write(&file, &structure).unwrap();
    let python = std::env::var("BLASTEMA_PYTHON").ok();
    let program = python.as_deref().unwrap_or("python3");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/paraview/structure_check.py");
    let output = Command::new(program).arg(script).arg(&file).output().ok();
    expect_success(output, program, python.is_some());
}

#[test]
#[ignore = "full suite: needs ParaView (apt-get install paraview python3-paraview)"]
fn paraview_reads_every_value() {
    let program = ["pvpython", "--force-offscreen-rendering"];
    expect_success(checked_by(&program, "paraview_check.py"), "pvpython", true);
}
