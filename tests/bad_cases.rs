//! Every file under `cases/bad` is refused as it says itself.
//!
//! Its first lines (or a file `NAME.expect` beside it, where the input is no text) are
//! `#! error[E012] LINE:COLUMN headline`, `#! says: part of the remedy`, `#! set: key=value`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a bad case says of itself.
#[derive(Default)]
struct Said {
    errors: Vec<(String, String, String)>,
    remedies: Vec<String>,
    sets: Vec<String>,
}

fn said(text: &str) -> Said {
    let mut out = Said::default();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let Some(line) = line.strip_prefix("#! ") else { break };
        if let Some(rest) = line.strip_prefix("says: ") {
            out.remedies.push(rest.into());
        } else if let Some(rest) = line.strip_prefix("set: ") {
            out.sets.push(rest.into());
        } else if let Some(rest) = line.strip_prefix("error[") {
            let (code, rest) = rest.split_once("] ").expect("error[CODE] place headline");
            let (place, head) = rest.split_once(' ').expect("error[CODE] place headline");
            out.errors.push((code.into(), place.into(), head.into()));
        } else {
            panic!("{line}");
        }
    }
    out
}

/// Names of the bad cases, without folders.
fn names() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("cases/bad")).expect("cases/bad");
    entries
        .map(|e| e.expect("entry").file_name().to_string_lossy().into_owned())
        .map(|n| n.trim_end_matches(".expect").to_owned())
        .filter(|n| Path::new(n).extension().is_some_and(|x| x == "toml"))
        .collect()
}

fn listing() -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut open = vec![root().join("cases/bad")];
    while let Some(folder) = open.pop() {
        for e in fs::read_dir(folder).expect("folder") {
            let path = e.expect("entry").path();
            if path.is_dir() {
                open.push(path.clone());
            }
            all.push(path);
        }
    }
    all.sort();
    all
}

fn output(arguments: &[&str]) -> (Option<i32>, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_blastema"))
        .current_dir(root())
        .args(arguments)
        .output()
        .expect("the program runs");
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

#[test]
fn every_bad_case_is_refused_with_place_and_remedy() {
    let names = names();
    assert!(names.len() >= 60, "{} bad cases", names.len());
    let before = listing();
    let mut wrong = Vec::new();
    for name in &names {
        let file = format!("cases/bad/{name}");
        let sidecar = fs::read(root().join(format!("{file}.expect")));
        let bytes = sidecar.or_else(|_| fs::read(root().join(&file))).expect("readable");
        let said = said(&String::from_utf8_lossy(&bytes));
        assert!(!said.errors.is_empty(), "{name} states no error");
        let mut arguments = vec!["check", file.as_str()];
        for set in &said.sets {
            arguments.extend(["--set", set]);
        }
        let (code, _, text) = output(&arguments);
        let mut lacks = Vec::new();
        for (code, place, head) in &said.errors {
            lacks.push(format!("error[{code}]: {head}"));
            if place != "-" {
                lacks.push(format!("{file}:{place}\n"));
            }
        }
        lacks.extend(said.remedies);
        lacks.retain(|part| !text.contains(part.as_str()));
        let expected = if text.contains("error[E030]") { 5 } else { 2 };
        if code != Some(expected) || !lacks.is_empty() || text.contains("panicked") {
            wrong.push(format!("{name}: exit {code:?}, lacks {lacks:#?}\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), names.len(), wrong.join("\n"));
    assert_eq!(before, listing(), "something was written");
}

#[test]
fn a_huge_file_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("huge.toml");
    fs::write(&file, vec![b'#'; 5 << 20]).expect("written");
    let (code, _, text) = output(&["check", file.to_str().expect("a path")]);
    assert_eq!(code, Some(2));
    assert!(text.contains("is larger than 4 MB"), "{text}");
}

#[test]
fn diagnostics_as_json() {
    let (code, out, _) = output(&["check", "--json", "cases/bad/pc-03-wrong-unit.toml"]);
    assert_eq!(code, Some(2));
    let value: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let first = &value["diagnostics"][0];
    assert_eq!(first["code"], "E012");
    assert_eq!(first["key"], "solutes.oxygen.diffusivity");
    assert!(first["line"].as_u64().is_some_and(|l| l > 0));
}

#[test]
fn the_reference_page_is_the_committed_one() {
    let (code, out, _) = output(&["schema", "--markdown"]);
    assert_eq!(code, Some(0));
    let committed = fs::read_to_string(root().join("docs/case-file.md")).unwrap_or_default();
    let hint = "run `blastema schema --markdown > docs/case-file.md`";
    assert!(out == committed, "docs/case-file.md is out of date: {hint}");
}
