//! Floor 9: the commands, one file a verb. The only place that prints and exits.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub mod attention;
pub mod audit;
pub mod boundary;
pub mod branch;
pub mod check;
pub mod completions;
pub mod demo;
pub mod execute;
pub mod failure;
pub mod geometry;
pub mod library;
pub mod new;
pub mod pack;
pub mod picture;
pub mod probe;
pub mod profile;
pub mod progress;
pub mod recorder;
pub mod resources;
pub mod resume;
pub mod run;
pub mod schema;
pub mod verify;

use failure::{Exit, Failure};

/// What one sees without arguments.
const FIRST_STEPS: &str = "\
blastema: will the cells live in this scaffold, where, and for how long?
  blastema demo                          a first result in seconds, no file needed
  blastema new plug --from well-plate    a case file to edit
  blastema check plug.toml               what would run, in SI, with every default's source
  blastema run plug.toml                 fields for ParaView and the answers
  blastema --help                        all commands
";

#[derive(Parser)]
#[command(name = "blastema", version, about = "Will the cells live in this scaffold?")]
struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    /// Run the built-in example: answers, a picture, files for ParaView
    Demo(demo::Args),
    /// Write a new case file from a template
    New(new::Args),
    /// Check a case and echo it: SI values, sources of defaults, faces, scales, cost
    Check(check::Args),
    /// Run a case
    Run(run::Args),
    /// Go on with a run that was stopped or killed
    Resume(resume::Args),
    /// Values of a finished run at points and times
    Probe(probe::Args),
    /// Values per depth from a face, as CSV
    Profile(profile::Args),
    /// Structures: import scans and CAD, make them by recipe, measure them
    Geometry(Box<geometry::Args>),
    /// Cited parameter sets of cells, solutes, materials and media
    Library(library::Args),
    /// The verification cases on this machine: reference, result, error, order
    Verify(verify::Args),
    /// Is a run's folder whole? Sums, outputs, master files
    Audit(audit::Args),
    /// One archive of a run to send or keep
    Pack(pack::Args),
    /// JSON Schema of the case file
    Schema(schema::Args),
    /// Completion script for a shell
    Completions(completions::Args),
}

/// Most threads of a run.
const THREADS: usize = 256;

/// Reads a number of threads.
fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if n <= THREADS => Ok(n),
        _ => Err(format!("expected a whole number up to {THREADS}; 0: one per core")),
    }
}

/// Reads a folder that a case may take files from.
fn folder(text: &str) -> Result<std::path::PathBuf, String> {
    let path = std::path::PathBuf::from(text);
    if path.is_dir() { Ok(path) } else { Err("there is no such folder".into()) }
}

/// Entry of the program.
pub fn main() -> ExitCode {
    let Some(verb) = Cli::parse().verb else {
        print!("{FIRST_STEPS}");
        return ExitCode::SUCCESS;
    };
    let result = std::panic::catch_unwind(|| dispatch(verb)).unwrap_or_else(|_| {
        let version = env!("CARGO_PKG_VERSION");
        let text = format!(
            "error: internal error of blastema {version}; please report it with the case file and, \
             where there is one, run.json"
        );
        Err(Failure::new(Exit::Internal, text))
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn dispatch(verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Demo(a) => demo::run(&a),
        Verb::New(a) => new::run(&a),
        Verb::Check(a) => check::run(&a),
        Verb::Run(a) => run::run(&a),
        Verb::Resume(a) => resume::run(&a),
        Verb::Probe(a) => probe::run(&a),
        Verb::Profile(a) => profile::run(&a),
        Verb::Geometry(a) => geometry::run(&a),
        Verb::Library(a) => library::run(&a),
        Verb::Verify(a) => verify::run(&a),
        Verb::Audit(a) => audit::run(&a),
        Verb::Pack(a) => pack::run(&a),
        Verb::Schema(a) => schema::run(&a),
        Verb::Completions(a) => completions::run(&a),
    }
}
