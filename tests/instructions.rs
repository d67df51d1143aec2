//! The same bits whatever instructions the processor has: a processor of before AVX is emulated.
//! Needs qemu-x86_64 (Debian's package qemu-user), and says NOT RUN without.

use std::path::Path;
use std::process::Command;

mod stopping;
use stopping::*;

/// A case of the folder `cases` on a grid of few voxels, and what makes it short.
const CASES: [(&str, &[&str]); 5] = [
    ("demo.toml", &["domain.voxels=[9, 8, 10]", "run.duration=2 d"]),
    ("verification/v05-michaelis-menten-3-0.01.toml", &[]),
    ("verification/v06-sphere-5-0.05.toml", &[]),
    ("verification/v09-barenblatt-2d.toml", &["domain.voxels=[24]"]),
    ("verification/v15-ogata-banks-decay.toml", &["domain.voxels=[40]"]),
];

#[test]
fn a_processor_without_wide_vectors_finds_the_same_bits() {
    let emulated = |program: &mut Command| {
        program.args(["-cpu", "Nehalem", env!("CARGO_BIN_EXE_blastema")]);
    };
    let mut probe = Command::new("qemu-x86_64");
    emulated(&mut probe);
    if !probe.arg("--version").output().is_ok_and(|o| o.status.success()) {
        println!("NOT RUN: needs qemu-x86_64: apt-get install qemu-user");
        return;
    }
    let dir = tempfile::tempdir().expect("folder");
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut looked = 0;
    for (case, sets) in CASES {
        let run = |program: &mut Command, out: &str| {
            program.args(["run", "--quiet", "--replace", "--threads", "1", "--out", out]);
            program.arg(cases.join(case)).current_dir(dir.path());
            for set in sets {
                program.args(["--set", set]);
            }
            let done = program.output().expect("runs");
            code(&done)
        };
        // On so few voxels some expectations are missed, which is an exit code of its own.
        let native = run(&mut Command::new(env!("CARGO_BIN_EXE_blastema")), "native");
        let mut program = Command::new("qemu-x86_64");
        emulated(&mut program);
        assert_eq!(run(&mut program, "emulated"), native, "{case}");
        let found = results(&dir.path().join("native"));
        same(&dir.path().join("native"), &dir.path().join("emulated"));
        looked += found.keys().filter(|name| name.starts_with("fields/")).count();
    }
    assert!(looked >= 5, "{looked} files of fields");
}
