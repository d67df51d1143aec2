//! `blastema audit`.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::json;

use super::failure::{Exit, Failure};
use super::library::print;
use crate::output::audit::{Audit, audit};

/// Arguments of `audit`.
#[derive(clap::Args)]
#[command(after_help = "\
Compares every file with its BLAKE3 sum in checksums.b3, looks for missing outputs, and makes the
master files (CASE.vtkhdf, CASE.xdmf) anew where they are missing or broken. Finished or not.
Exit code 0: whole; 4: something is broken, and is named.

Examples:
  blastema audit out/plug
  blastema audit out/plug --json")]
pub struct Args {
    /// Folder of a run
    out: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let found = audit(&args.out)?;
    let shown = args.out.display().to_string();
    if args.json {
        print(&format!("{:#}\n", as_json(&found)))?;
    } else {
        print(&text(&shown, &found))?;
    }
    if found.whole() {
        return Ok(());
    }
    let message = format!(
        "{shown} is not whole; what is named above cannot be trusted. Take it from a copy, or run \
         the case again (--replace keeps this folder as {shown}.N)"
    );
    Err(Failure::new(Exit::Io, message))
}

fn text(shown: &str, a: &Audit) -> String {
    let mut out = String::new();
    let lists = [
        ("changed since it was written", &a.changed),
        ("missing", &a.missing),
        ("without a sum", &a.unlisted),
        ("broken", &a.faults),
        ("made anew", &a.remade),
        ("not of this run", &a.extra),
        ("note", &a.notes),
    ];
    for (what, names) in lists {
        for name in names {
            let _ = writeln!(out, "{what}: {name}");
        }
    }
    for gap in a.missing_steps.chunk_by(|a, b| a + 1 == *b) {
        let _ = match gap {
            [one] => writeln!(out, "missing: output {one}"),
            [first, .., last] => writeln!(out, "missing: outputs {first} to {last}"),
            [] => Ok(()),
        };
    }
    let verdict = if a.whole() { "whole" } else { "NOT whole" };
    let _ = writeln!(
        out,
        "{shown}: {verdict}, run {}, {} outputs, {} sums compared",
        a.state, a.steps, a.files
    );
    out
}

fn as_json(a: &Audit) -> serde_json::Value {
    json!({
        "whole": a.whole(), "state": a.state, "in_use": a.in_use, "files": a.files,
        "steps": a.steps, "changed": a.changed, "missing": a.missing,
        "missing_steps": a.missing_steps, "unlisted": a.unlisted, "extra": a.extra,
        "remade": a.remade, "faults": a.faults, "notes": a.notes,
    })
}
