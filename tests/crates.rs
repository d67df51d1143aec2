//! What the program is built from: `docs/crates.md` lists every direct dependency, and the
//! whole tree keeps to the licences and sources of `.ci/deny.toml`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn toml(path: &str) -> toml::Table {
    fs::read_to_string(root().join(path)).unwrap().parse().unwrap()
}

/// Every package that is built on this machine; `None` where cargo cannot tell offline.
fn packages() -> Option<Vec<Value>> {
    let done = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .unwrap();
    if !done.status.success() {
        println!("NOT RUN: {}", String::from_utf8_lossy(&done.stderr));
        return None;
    }
    let all: Value = serde_json::from_slice(&done.stdout).unwrap();
    let resolved: BTreeSet<&str> =
        all["resolve"]["nodes"].as_array()?.iter().filter_map(|n| n["id"].as_str()).collect();
    let built = |p: &&Value| p["id"].as_str().is_some_and(|id| resolved.contains(id));
    Some(all["packages"].as_array()?.iter().filter(built).cloned().collect())
}

/// Strings under a path of keys.
fn strings(table: &toml::Table, path: [&str; 2]) -> Vec<String> {
    let list = table[path[0]][path[1]].as_array().expect("a list");
    let name = |v: &toml::Value| v.as_str().or_else(|| v.get("crate")?.as_str()).map(String::from);
    list.iter().filter_map(name).collect()
}

#[test]
fn the_page_of_crates_lists_every_direct_dependency() {
    let cargo = toml("Cargo.toml");
    let page = fs::read_to_string(root().join("docs/crates.md")).unwrap();
    let listed: BTreeSet<&str> =
        page.lines().filter_map(|l| l.strip_prefix("| `")?.split('`').next()).collect();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for part in ["dependencies", "dev-dependencies"] {
        used.extend(cargo[part].as_table().unwrap().keys().map(String::as_str));
    }
    assert_eq!(listed, used, "docs/crates.md and Cargo.toml");
}

#[test]
fn licences_sources_and_bans_hold_for_the_whole_tree() {
    let deny = toml(".ci/deny.toml");
    let allowed = strings(&deny, ["licenses", "allow"]);
    let banned = strings(&deny, ["bans", "deny"]);
    let Some(packages) = packages() else { return };
    assert!(packages.len() > 50 && packages.len() <= 160, "{} packages", packages.len());
    let mut wrong = Vec::new();
    for p in &packages {
        let name = p["name"].as_str().unwrap_or_default();
        let licence = p["license"].as_str().unwrap_or("none").replace('/', " OR ");
        // Each part joined by AND must offer one licence that is allowed.
        let plain = licence.replace(['(', ')'], "");
        let fine = plain
            .split(" AND ")
            .all(|part| part.split(" OR ").any(|l| allowed.iter().any(|a| a == l.trim())));
        if !fine {
            wrong.push(format!("{name}: licence {licence}"));
        }
        let source = p["source"].as_str();
        let registry = "registry+https://github.com/rust-lang/crates.io-index";
        if name != "blastema" && source != Some(registry) {
            wrong.push(format!("{name}: source {source:?}"));
        }
        if banned.iter().any(|b| b == name) {
            wrong.push(format!("{name}: banned"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
