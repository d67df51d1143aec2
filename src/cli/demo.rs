//! `blastema demo`: the built-in example.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::execute::{Finished, Options, execute};
use super::failure::Failure;
use super::picture;
use super::run::{print, refused};
use crate::case;
use crate::model::answers::digits;
use crate::model::state::{Kind, flat};

const CASE: &str = include_str!("../../cases/demo.toml");

/// Arguments of `demo`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  blastema demo
  blastema demo --out /tmp/demo
  paraview --script=blastema-demo/view.py")]
pub struct Args {
    /// Folder to write; an older one is kept as FOLDER.1, FOLDER.2 …
    #[arg(long, default_value = "blastema-demo")]
    pub out: PathBuf,
    /// Threads (default: one per core)
    #[arg(long, default_value_t = 0, value_parser = super::threads)]
    pub threads: usize,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let case = case::load_text("demo.toml", CASE, &[]).map_err(|r| refused(&r))?;
    let title = case.setup.title.clone();
    let options = Options { threads: args.threads, replace: true, ..Options::default() };
    let done = execute(case, &args.out, &options)?;
    show(&done);
    print(&title, &done, Path::new(&args.out), false)?;
    let _ = writeln!(std::io::stdout(), "next: blastema new plug --from well-plate");
    Ok(())
}

/// Oxygen and living cells side by side.
fn show(done: &Finished) {
    let mut stdout = std::io::stdout().lock();
    let colour = stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let solver = &done.solver;
    let part = &solver.setup.grid;
    let whole = part.whole();
    let mut panels = Vec::new();
    let wanted = [(Kind::Solute(0), 1.0, "mol/m³"), (Kind::Viable(0), 1e-6, "cells/mL")];
    for (kind, factor, unit) in wanted {
        let Some(f) = solver.catalogue.number(kind) else { continue };
        let values = flat(&solver.state.fields[f]);
        let high = values.iter().fold(0.0_f64, |m, &v| m.max(v));
        let title =
            format!("{} 0 … {} {unit}", solver.catalogue.specs[f].name, digits(high * factor));
        panels.push((
            title,
            picture::slice(&whole, &part.spread(values), 0.0, high.max(1e-300), 36, colour),
        ));
    }
    let rows = panels.iter().map(|p| p.1.len()).max().unwrap_or(0);
    let titles: Vec<String> = panels.iter().map(|p| format!("{:<36}", p.0)).collect();
    let _ = writeln!(stdout, "{}", titles.join("  "));
    for row in 0..rows {
        let line: Vec<&str> =
            panels.iter().filter_map(|p| p.1.get(row).map(String::as_str)).collect();
        let _ = writeln!(stdout, "{}", line.join("  "));
    }
    let _ = writeln!(stdout);
}
