//! The same coupled cases in FiPy: see `tests/crosscode/README.md`.

use std::path::Path;
use std::process::Command;

#[test]
#[ignore = "full suite: a few minutes of FiPy, where it is installed"]
fn fipy_finds_the_same_fields() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = root.join("target/crosscode/venv/bin/python").into_os_string();
    let named = std::env::var_os("BLASTEMA_FIPY");
    let done = Command::new(named.clone().unwrap_or(own))
        .arg(root.join("tests/crosscode/crosscode.py"))
        .arg("--blastema")
        .arg(env!("CARGO_BIN_EXE_blastema"))
        .output();
    let text = done.as_ref().map_or_else(
        |e| format!("NOT RUN: no Python with FiPy ({e})"),
        |o| String::from_utf8_lossy(&o.stdout).into_owned() + &String::from_utf8_lossy(&o.stderr),
    );
    println!("{text}");
    if text.starts_with("NOT RUN") {
        assert!(named.is_none(), "BLASTEMA_FIPY is set: {text}");
        return;
    }
    assert!(done.is_ok_and(|o| o.status.success()) && text.contains("agree"), "{text}");
}
