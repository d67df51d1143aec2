//! The kept inputs of the fuzzer, and its findings, through the fuzzed functions again.

#[path = "fuzz/targets.rs"]
mod targets;

use std::path::Path;

fn replay(name: &str, target: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        if let Err(panic) =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| target(&bytes)))
        {
            eprintln!("{}", path.display());
            std::panic::resume_unwind(panic);
        }
        count += 1;
    }
    assert!(count >= 10, "{}: {count} inputs", folder.display());
}

#[test]
fn cases() {
    replay("case", targets::case);
}

#[test]
fn formulas() {
    replay("formula", targets::formula);
}

#[test]
fn quantities() {
    replay("units", targets::units);
}

#[test]
fn scans() {
    replay("tiff", targets::tiff);
    replay("png", targets::png);
    replay("nrrd", targets::nrrd);
    replay("metaimage", targets::metaimage);
    replay("nifti", targets::nifti);
    replay("vti", targets::vti);
    replay("npy", targets::npy);
    replay("raw", targets::raw);
}

#[test]
fn surfaces() {
    replay("stl", targets::stl);
}

#[test]
fn checkpoints() {
    replay("checkpoint", targets::checkpoint);
}

#[test]
fn states() {
    replay("restore", targets::restore);
}

#[test]
fn tables() {
    replay("table", targets::table);
}
