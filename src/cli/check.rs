//! `blastema check`.

use std::path::PathBuf;

use super::failure::{Exit, Failure};
use crate::case;

/// Arguments of `check`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  blastema check plug.toml
  blastema check plug.toml --set cells.msc.seeding.uniform.density=\"1e7 cells/mL\"
  blastema check plug.toml --json")]
pub struct Args {
    /// The case file
    case: PathBuf,
    /// Override a value: --set run.duration="7 d" (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let case = case::load(&args.case, &args.sets).map_err(|report| {
        let exit = if report.resources { Exit::Resources } else { Exit::Input };
        Failure::new(exit, report.to_string())
    })?;
    println!("{:#?} {}", case.provenance.entries, args.json);
    println!("{:?} {}", case.setup.silent_laws, case.provenance.hash);
    Ok(())
}
