//! What vtk and ParaView see in the outputs: times, names, spacing, origin and every value.

use std::path::Path;
use std::process::{Command, Output};

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

fn expect_success(output: Option<Output>, missing: &str) {
    let Some(output) = output else {
        println!("NOT RUN: no {missing}");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    println!("{text}");
    if output.status.code() != Some(77) {
        assert!(output.status.success() && text.contains("values equal"), "{text}");
    }
}

#[test]
fn vtk_reads_every_value() {
    expect_success(checked_by(&["python3"], "vtk_check.py"), "python3");
}

#[test]
#[ignore = "full suite: needs ParaView (apt-get install paraview python3-paraview)"]
fn paraview_reads_every_value() {
    let program = ["pvpython", "--force-offscreen-rendering"];
    expect_success(checked_by(&program, "paraview_check.py"), "pvpython");
}
