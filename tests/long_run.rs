//! Ten thousand steps: memory and open files stay what they were; an output adds its share of the
//! master file.
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

/// What the master file takes an output while it is written, in libhdf5: five copies of where the
/// array's sources are, 2.6 kB each (valgrind's massif), and what the allocator adds. It stays
/// with the process.
const OUTPUT: f64 = 24e3;

#[test]
#[ignore = "full suite: half a minute"]
fn memory_and_files_of_ten_thousand_steps_stay() {
    grows("10000 min", 0.0);
}

#[test]
#[ignore = "full suite: half a minute"]
fn an_output_takes_no_more_than_its_place_in_the_master_file() {
    grows("100 min", 100.0 * OUTPUT);
}

/// Runs ten thousand steps with outputs every `every`. Memory may grow by 1 % and `more` bytes.
fn grows(every: &str, more: f64) {
    let dir = tempfile::tempdir().unwrap();
    let text =
        case(16, "10000 min", every).replace("[run]", "[run]\naccuracy.max_step = \"1 min\"");
    std::fs::write(dir.path().join("case.toml"), text).unwrap();
    let mut child = start(dir.path(), &[]);
    let history = dir.path().join("out/history.csv");
    let mut samples: Vec<(f64, usize)> = Vec::new();
    while child.try_wait().unwrap().is_none() {
        // After a tenth of the run all is warm.
        if std::fs::metadata(&history).is_ok_and(|h| h.len() > 160_000) {
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
    // Without the last tenth of a second, where the process ends.
    let end = samples.len() - 5;
    let (first, last) = (mean(&samples[..fifth]), mean(&samples[end - fifth..end]));
    let files = |s: &[(f64, usize)]| s.iter().map(|t| t.1).max().unwrap_or(0);
    let (before, after) = (files(&samples[..fifth]), files(&samples[end - fifth..end]));
    println!(
        "{steps} steps, outputs every {every}: {:.2} MB, at the end {:.2} MB ({:+.2} %); at most \
         {before} open files, at the end {after}",
        first / 1e6,
        last / 1e6,
        100.0 * (last / first - 1.0)
    );
    assert!(last < 1.01 * first + more, "{first} {last}");
    assert!(after <= before);
}
