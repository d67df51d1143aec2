//! Places that cannot be written: refused before anything is computed, with exit code 4 and plain
//! text.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

mod faults;
use faults::*;

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

/// Exit code and words of a run into `out`, as an ordinary user where this is root.
fn attempt(dir: &Path, program: &Path, out: &str) -> (i32, String) {
    let arguments = ["run", "case.toml", "--out", out, "--quiet"];
    let mut command = if rootly() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    let done = command.args(arguments).current_dir(dir).output().unwrap();
    (done.status.code().unwrap_or(-1), String::from_utf8_lossy(&done.stderr).into_owned())
}

fn rootly() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

#[test]
fn places_that_cannot_be_written_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let open = |p: &Path, mode| {
        std::fs::set_permissions(p, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    open(at, 0o777);
    let program = at.join("blastema");
    std::fs::copy(env!("CARGO_BIN_EXE_blastema"), &program).unwrap();
    // A case that would take hours: what is refused late would hang.
    write(&at.join("case.toml"), &case(160, "4000 d", "400 d"));
    if rootly() && !attempt(at, &program, "case.toml/x").1.contains("error") {
        println!("NOT RUN: no setpriv");
        return;
    }
    write(&at.join("file"), "mine");
    std::fs::create_dir(at.join("readonly")).unwrap();
    open(&at.join("readonly"), 0o555);
    std::fs::create_dir(at.join("closed")).unwrap();
    open(&at.join("closed"), 0o000);
    std::fs::create_dir(at.join("elsewhere")).unwrap();
    open(&at.join("elsewhere"), 0o777);
    symlink("elsewhere", at.join("link")).unwrap();
    symlink("nowhere", at.join("dangling")).unwrap();
    symlink("circle", at.join("circle")).unwrap();
    std::fs::create_dir(at.join("nofields")).unwrap();
    write(&at.join("nofields/fields"), "a file where a folder must be");
    open(&at.join("nofields"), 0o777);
    for (out, code, words) in [
        ("file", 4, "is a file"),
        ("file/below", 4, "Not a directory"),
        ("readonly", 4, "Permission denied"),
        ("readonly/new", 4, "Permission denied"),
        ("closed/new", 4, "Permission denied"),
        ("link", 4, "is a link; name elsewhere itself"),
        ("dangling", 4, "is a link; name nowhere itself"),
        ("circle", 4, "is a link"),
        ("nofields", 6, "no run of blastema"),
        ("/proc/blastema", 4, "/proc/blastema"),
    ] {
        let (got, told) = attempt(at, &program, out);
        assert_eq!(got, code, "{out}: {told}");
        assert!(told.starts_with("error: ") && told.contains(words), "{out}: {told}");
        assert!(!told.contains("panicked"), "{out}: {told}");
    }
    assert_eq!(std::fs::read_to_string(at.join("file")).unwrap(), "mine");
    assert!(std::fs::read_dir(at.join("elsewhere")).unwrap().next().is_none());
    open(&at.join("closed"), 0o755);
}
