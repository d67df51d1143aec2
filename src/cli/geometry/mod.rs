//! `blastema geometry`: import, make, measure.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::failure::Failure;
use crate::case::{self, Options};
use crate::geometry::structure::Structure;

pub mod facts;
pub mod import;
pub mod make;
pub mod measure;
pub mod scan;
pub mod write;

/// Arguments of `geometry`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// A scan or a surface from CAD as a structure: histogram, threshold, crop, downsample
    Import(import::Args),
    /// A structure by recipe: surfaces, struts, printed filaments, random ones from a seed
    Make(make::Args),
    /// What a structure is: porosity, sizes, surface, effective diffusivity, tortuosity
    Measure(measure::Args),
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    match &args.verb {
        Verb::Import(a) => import::run(a),
        Verb::Make(a) => make::run(a),
        Verb::Measure(a) => measure::run(a),
    }
}

/// The structure that these keys of a case describe, with what it was made from.
fn load(sets: &[String]) -> Result<case::Geometry, Failure> {
    let made = case::geometry(sets, &Options::default()).map_err(|r| super::run::refused(&r))?;
    warn(&made);
    Ok(made)
}

/// Tells what works but deserves a look.
fn warn(made: &case::Geometry) {
    if !made.warnings.is_empty() {
        let report = case::Report { diagnostics: made.warnings.clone(), resources: false };
        eprintln!("{report}");
    }
}

/// A text as a TOML string.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// The ending of a name, in small letters.
fn ending(path: &Path) -> String {
    path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default()
}

/// Where a structure is to be written, in the format of each name.
fn outputs(structure: &Structure, paths: &[PathBuf]) -> Result<(), Failure> {
    paths.iter().try_for_each(|path| write::structure(structure, path))
}
