//! README.md: its commands run, and the output that it shows is the program's.
//!
//! Each line `$ …` of a `console` block runs in a folder that holds copies of `cases/` and
//! `meshes/`, one after the other. Where `<!-- pasted` stands above the block, the lines below a
//! command must be what it prints; `UPDATE_README=1 cargo test --test readme` writes them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lines with one of these tell of the machine, and are not compared.
const MEASURED: [&str; 5] = ["wall", "computing", "threads", "per second", "voxels/s"];

/// A fenced block: the line above it, what kind it is, its lines, and where they start.
struct Block {
    above: String,
    kind: String,
    lines: Vec<String>,
    start: usize,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn blocks(text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().collect();
    let mut blocks = Vec::new();
    let mut i = 0;
    while i < lines.len() {
        if let Some(kind) = lines[i].strip_prefix("```") {
            let length = lines[i + 1..].iter().take_while(|l| !l.starts_with("```")).count();
            blocks.push(Block {
                above: i.checked_sub(1).map_or(String::new(), |a| lines[a].to_string()),
                kind: kind.to_string(),
                lines: lines[i + 1..=i + length].iter().map(ToString::to_string).collect(),
                start: i + 1,
            });
            i += length + 1;
        }
        i += 1;
    }
    blocks
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("folder");
    for entry in fs::read_dir(from).expect("folder").map(|e| e.expect("entry").path()) {
        let name = entry.file_name().expect("name");
        match (entry.is_dir(), name.to_str()) {
            (true, Some("out")) => {}
            (true, _) => copy(&entry, &to.join(name)),
            (false, _) => drop(fs::copy(&entry, to.join(name)).expect("copy")),
        }
    }
}

/// Runs a line that must succeed; what it prints.
fn run(line: &str, folder: &Path) -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_blastema")).parent().expect("folder").to_owned();
    let path = std::env::var("PATH").expect("PATH");
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", programs.display()))
        .output()
        .expect("sh");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {}\n{error}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

fn same(shown: &[String], printed: &[String]) -> bool {
    let comparable = |lines: &[String]| -> Vec<String> {
        let steady = lines.iter().filter(|l| !MEASURED.iter().any(|m| l.contains(m)));
        steady.map(|l| l.trim_end().to_string()).collect()
    };
    comparable(shown) == comparable(printed)
}

#[test]
fn the_commands_of_the_readme_run_and_print_what_it_shows() {
    let path = root().join("README.md");
    let text = fs::read_to_string(&path).expect("README.md");
    let folder = tempfile::tempdir().expect("folder");
    for part in ["cases", "meshes"] {
        if root().join(part).is_dir() {
            copy(&root().join(part), &folder.path().join(part));
        }
    }
    let mut written: Vec<String> = text.lines().map(String::from).collect();
    let mut wrong = Vec::new();
    // Blocks run in order; what to paste waits, so that it moves no later block.
    let mut pastes = Vec::new();
    for block in blocks(&text).into_iter().filter(|b| b.kind == "console") {
        let pasted = block.above.starts_with("<!-- pasted");
        let mut now = Vec::new();
        for line in block.lines.iter().filter_map(|l| l.strip_prefix("$ ")) {
            now.push(format!("$ {line}"));
            let output = run(line, folder.path());
            now.extend(output.lines().map(|l| l.trim_end().to_string()));
        }
        if pasted && !same(&block.lines, &now) {
            wrong.push(format!("line {}: prints now\n{}", block.start + 1, now.join("\n")));
            pastes.push((block.start, block.lines.len(), now));
        }
    }
    if std::env::var_os("UPDATE_README").is_some() {
        for (start, length, now) in pastes.into_iter().rev() {
            written.splice(start..start + length, now);
        }
        fs::write(&path, written.join("\n") + "\n").expect("README.md");
    } else {
        let how = "UPDATE_README=1 cargo test --test readme";
        assert!(wrong.is_empty(), "README.md differs ({how} pastes):\n{}", wrong.join("\n\n"));
    }
}

#[test]
fn the_two_commands_for_a_bare_machine_are_there() {
    let text = fs::read_to_string(root().join("README.md")).expect("README.md");
    for (name, part) in [("run", "cargo run --release -- run cases/"), ("test", "cargo test")] {
        let marker = format!("<!-- command: {name} -->");
        let block = blocks(&text).into_iter().find(|b| b.above == marker).expect(&marker);
        assert_eq!(block.lines.len(), 1, "{name}: one command");
        assert!(block.lines[0].contains(part), "{name}: {}", block.lines[0]);
    }
    let case = text.split("run cases/").nth(1).and_then(|r| r.split_whitespace().next());
    let case = root().join("cases").join(case.expect("a case"));
    assert!(case.is_file() || !root().join("cases").is_dir(), "{} is missing", case.display());
}

#[test]
fn the_files_that_the_documents_link_to_exist() {
    let documents = ["README.md", "CONTRIBUTING.md", "docs/model.md", "docs/numerics.md"];
    for document in documents {
        let path = root().join(document);
        let text = fs::read_to_string(&path).expect(document);
        for link in text.split("](").skip(1).filter_map(|r| r.split(')').next()) {
            let target = path.parent().expect("folder").join(link);
            let local = !link.contains("://") && !link.starts_with('#') && !link.contains(' ');
            let folder = root().join(link.split('/').next().unwrap_or_default());
            if local && folder.exists() {
                assert!(target.exists(), "{document}: {link} is missing");
            }
        }
    }
}

#[test]
fn blocks_are_found_and_measured_lines_forgiven() {
    let found = blocks("a\n```sh\nb\n```\n<!-- x -->\n```console\n$ c\nd\n```\n");
    let shown: Vec<_> = found.iter().map(|b| (b.above.as_str(), b.lines.len(), b.start)).collect();
    assert_eq!(shown, [("a", 1, 2), ("<!-- x -->", 2, 6)]);
    let lines = |t: &str| t.lines().map(String::from).collect::<Vec<_>>();
    assert!(same(&lines("a 1\nwall time 2 s"), &lines("a 1\nwall time 3 s")));
    assert!(!same(&lines("a 1"), &lines("a 2")));
    assert!(!same(&lines("a 1"), &lines("a 1\nb")));
}
