//! Every write that a run makes fails once, and from then on: the run ends with exit code 4 and a
//! text, published outputs are whole, no temporary file stays, and the case runs again.
//!
//! The calls fail in the C library below the program and HDF5 (`faults/shim.c`), so the real code
//! meets the real error. `BLASTEMA_FAULTS=all cargo test --test write_errors -- --nocapture` goes
//! through every call that a run makes; without it, the first, second, a middle and the last one
//! of each kind.

use std::path::{Path, PathBuf};
use std::process::Command;

use blastema::output::audit::audit;

mod faults;
use faults::*;

const OPERATIONS: [&str; 7] = ["open", "write", "sync", "rename", "mkdir", "truncate", "close"];
const ERRORS: [(&str, i32); 2] = [("ENOSPC", 28), ("EIO", 5)];

/// Compiles the shim; `None` without a C compiler.
fn shim(dir: &Path) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/shim.c");
    let library = dir.join("shim.so");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", "-w", "-o"]).arg(&library).arg(source).arg("-ldl");
    cc.status().is_ok_and(|s| s.success()).then_some(library)
}

struct Bench {
    shim: PathBuf,
    lone: tempfile::TempDir,
}

impl Bench {
    /// Runs the case in `dir` with the fault; exit code, standard error, calls of this kind.
    fn run(&self, dir: &Path, op: &str, at: i64, errno: i32, all: bool) -> (i32, String, i64) {
        let log = dir.join("calls");
        let mut command = command(dir, &[]);
        command.env("LD_PRELOAD", &self.shim).env("FAULT_DIR", dir.join("out"));
        command.env("FAULT_OP", op).env("FAULT_AT", at.to_string());
        command.env("FAULT_ERRNO", errno.to_string()).env("FAULT_LOG", &log);
        if all {
            command.env("FAULT_ALL", "1");
        }
        let done = command.output().unwrap();
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        let calls = std::fs::read_to_string(&log).unwrap_or_default().trim().parse().unwrap_or(0);
        (done.status.code().unwrap_or(-1), told, calls)
    }

    fn one(&self, op: &str, at: i64, error: (&str, i32), all: bool) -> i32 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap();
        std::fs::copy(self.lone.path().join("case.toml"), path.join("case.toml")).unwrap();
        let (code, told, _) = self.run(&path, op, at, error.1, all);
        let what = format!("{op} {at} {} all {all}: exit {code}\n{told}", error.0);
        let out = path.join("out");
        assert!(code == 4 || code == 0, "{what}");
        assert!(!told.contains("panicked"), "{what}");
        assert_eq!(told.is_empty(), code == 0, "{what}");
        if code == 4 && error.1 == 28 {
            assert!(told.contains("disk is full") && told.contains(" free"), "{what}");
        }
        same_fields(&out, &self.lone.path().join("out"), &what);
        assert!(temporaries(&out).is_empty(), "{what}{:?}", temporaries(&out));
        assert!(!out.join("lock").exists(), "{what}");
        if code == 0 {
            let found = audit(&out).unwrap();
            assert!(found.whole() && found.state == "finished", "{what}{found:?}");
            return code;
        }
        if !fields(&out).is_empty() {
            let found = audit(&out).unwrap();
            assert!(found.whole(), "{what}{found:?}");
        }
        let (again, words) = run(&path, &["--replace"]);
        assert_eq!(again, 0, "{what}again: {words}");
        let count = same_fields(&out, &self.lone.path().join("out"), &what);
        assert_eq!(count, fields(&self.lone.path().join("out")).len(), "{what}");
        code
    }
}

#[test]
fn every_failed_write_is_told_and_harms_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let Some(shim) = shim(dir.path()) else {
        println!("NOT RUN: no C compiler");
        return;
    };
    let bench = Bench { shim, lone: lone_run(&case(6, "3 h", "1 h")) };
    let every = std::env::var("BLASTEMA_FAULTS").is_ok_and(|v| v == "all");
    let (mut runs, mut ended) = (0, 0);
    for op in OPERATIONS {
        let probe = tempfile::tempdir().unwrap();
        let path = probe.path().canonicalize().unwrap();
        std::fs::copy(bench.lone.path().join("case.toml"), path.join("case.toml")).unwrap();
        let (code, told, calls) = bench.run(&path, op, -1, 0, false);
        assert_eq!(code, 0, "{told}");
        assert!(calls > 0, "{op}: the shim saw nothing");
        let mut places: Vec<i64> =
            if every { (0..calls).collect() } else { vec![0, 1, calls / 2, calls - 1] };
        places.retain(|p| *p < calls);
        places.dedup();
        for error in ERRORS {
            for all in [false, true] {
                for &at in &places {
                    ended += i32::from(bench.one(op, at, error, all) == 4);
                    runs += 1;
                }
            }
        }
        println!("{op}: {calls} calls");
    }
    println!("{runs} runs with failed calls: {ended} ended with exit code 4, the others whole");
    assert!(ended > runs / 2);
}
