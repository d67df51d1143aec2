//! vtk reads the master file and the last output over and over while the run writes them.
//!
//! `BLASTEMA_READER_OUTPUTS=2000 BLASTEMA_PYTHON=… cargo test --test readers -- --nocapture`

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

mod faults;
use faults::*;

#[test]
fn a_reader_beside_a_run_disturbs_nothing() {
    let python = std::env::var("BLASTEMA_PYTHON").ok();
    let program = python.as_deref().unwrap_or("python3");
    let dir = tempfile::tempdir().unwrap();
    let outputs = count("BLASTEMA_READER_OUTPUTS", 150);
    let text = case(24, &format!("{outputs} h"), "1 h");
    std::fs::write(dir.path().join("case.toml"), &text).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/reader.py");
    let reader = Command::new(program)
        .arg(script)
        .arg(dir.path().join("out"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut reader) = reader else {
        assert!(python.is_none(), "no {program}");
        println!("NOT RUN: no {program}");
        return;
    };
    // "ready", or why it is not.
    let mut first = String::new();
    let mut said = BufReader::new(reader.stdout.take().unwrap());
    said.read_line(&mut first).unwrap();
    let (code, told) = run(dir.path(), &[]);
    assert_eq!(code, 0, "{told}");
    std::fs::write(dir.path().join("out/.stop"), "").unwrap();
    said.read_to_string(&mut first).unwrap();
    let read = reader.wait_with_output().unwrap();
    std::fs::remove_file(dir.path().join("out/.stop")).unwrap();
    let words = first + &String::from_utf8_lossy(&read.stderr);
    println!("{words}");
    if python.is_none() && read.status.code() == Some(77) {
        return;
    }
    assert!(read.status.success() && words.contains("no error"), "{words}");
    let lone = lone_run(&text);
    same_fields(&dir.path().join("out"), &lone.path().join("out"), "read while it ran");
    let found = blastema::output::audit::audit(&dir.path().join("out")).unwrap();
    assert!(found.whole(), "{found:?}");
}
