//! Ten thousand steps: memory and open files stay what they were.
//!
//! `cargo test --test long_run -- --ignored --nocapture`

use std::time::Duration;

mod faults;
use faults::*;

/// Resident memory in bytes and open files of a process.
fn taken(pid: u32) -> Option<(f64, usize)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: f64 = text.split_whitespace().nth(1)?.parse().ok()?;
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
    Some((4096.0 * pages, files))
}

#[test]
#[ignore = "full suite: a minute or two"]
fn memory_and_files_of_ten_thousand_steps_stay() {
    let dir = tempfile::tempdir().unwrap();
    let text =
        case(16, "10000 min", "100 min").replace("[run]", "[run]\naccuracy.max_step = \"1 min\"");
    std::fs::write(dir.path().join("case.toml"), text).unwrap();
    let mut child = start(dir.path(), &[]);
    let history = dir.path().join("out/history.csv");
    // After a tenth of the run all is warm.
    let mut samples: Vec<(f64, usize)> = Vec::new();
    while child.try_wait().unwrap().is_none() {
        if fields(&dir.path().join("out")).len() >= 10 {
            samples.extend(taken(child.id()).filter(|t| t.0 > 0.0 && t.1 > 0));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(child.wait().unwrap().success());
    let steps = std::fs::read_to_string(history).unwrap().lines().count() - 2;
    assert!(steps >= 10_000, "{steps} steps");
    assert!(samples.len() > 50, "{} samples", samples.len());
    // The means of the first and the last fifth: single samples see an output being written.
    let fifth = samples.len() / 5;
    let mean = |s: &[(f64, usize)]| s.iter().map(|t| t.0).sum::<f64>() / s.len() as f64;
    let (first, last) = (mean(&samples[..fifth]), mean(&samples[samples.len() - fifth..]));
    let files = |s: &[(f64, usize)]| s.iter().map(|t| t.1).max().unwrap_or(0);
    let (before, after) = (files(&samples[..fifth]), files(&samples[samples.len() - fifth..]));
    println!(
        "{steps} steps: {:.2} MB, at the end {:.2} MB ({:+.2} %); at most {before} open files, at the \
         end {after}",
        first / 1e6,
        last / 1e6,
        100.0 * (last / first - 1.0)
    );
    assert!(last < 1.01 * first, "{first} {last}");
    assert!(after <= before);
}
