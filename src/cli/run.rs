//! `blastema run`.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::execute::{Finished, Options, execute_with};
use super::failure::{Exit, Failure};
use crate::case::{self, Case, Report};
use crate::model::expect::Outcome;
use crate::output::report::{answers_json, answers_text};
use crate::study::refine::Plan;

/// Arguments of `run`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  blastema run plug.toml                          writes to out/plug beside the case
  blastema run plug.toml --set run.duration='\"3 d\"' --out /tmp/short
  blastema run plug.toml --replace --json         answers as JSON
  blastema run plug.toml --refine                 every answer with ±: \"83.1 ± 0.2 %\"

--refine runs the case again with twice the voxels along each axis and half the steps, and, where
counts are even, with half the voxels and twice the steps: in three dimensions about 16 times the
time and 8 times the memory. One voxel along an axis whose ends nothing passes stays one. ± is the grid-convergence index of the answer, an estimate of the
error of grid and steps; it says nothing about the parameters.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Args {
    /// Case file
    pub case: PathBuf,
    /// Set a key on top of the case: key=value (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// Folder to write (default: out/CASE beside the case)
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Move an older result aside
    #[arg(long)]
    pub replace: bool,
    /// Run the case on finer and coarser voxels and steps too, and give every answer its ±
    #[arg(long)]
    pub refine: bool,
    /// Threads (default: one per core)
    #[arg(long, default_value_t = 0, value_parser = super::threads)]
    pub threads: usize,
    /// Answers as JSON
    #[arg(long)]
    pub json: bool,
    /// No progress
    #[arg(long)]
    pub quiet: bool,
}

/// A refused case as a failure.
pub fn refused(report: &Report) -> Failure {
    use std::io::IsTerminal;
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let exit = if report.resources { Exit::Resources } else { Exit::Input };
    Failure::new(exit, report.render(colour))
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let case = case::load(&args.case, &args.sets).map_err(|r| refused(&r))?;
    if !case.warnings.is_empty() {
        let report = Report { diagnostics: case.warnings.clone(), resources: false };
        let _ = writeln!(std::io::stderr(), "{report}");
    }
    let out = args.out.clone().unwrap_or_else(|| {
        let beside = args.case.parent().unwrap_or(Path::new(""));
        beside.join("out").join(&case.provenance.stem)
    });
    let title = case.setup.title.clone();
    let options = Options { threads: args.threads, replace: args.replace, progress: !args.quiet };
    let plan = args.refine.then(|| plan(&case, args)).transpose()?;
    let done = execute_with(case, &out, &options, plan)?;
    print(&title, &done, &out, args.json);
    judge(&done.outcomes)
}

/// The runs beside the case that tell its error.
fn plan(case: &Case, args: &Args) -> Result<Plan, Failure> {
    let load = |more: &[String]| {
        let sets: Vec<String> = args.sets.iter().chain(more).cloned().collect();
        case::load(&args.case, &sets)
    };
    Plan::new(case, &load).map_err(|why| {
        Failure::new(Exit::Input, format!("error: --refine has nothing to refine: {why}"))
    })
}

/// Prints the answers; a closed pipe is no failure.
pub fn print(title: &str, done: &Finished, out: &Path, json: bool) {
    let mut stdout = std::io::stdout().lock();
    let _ = if json {
        writeln!(stdout, "{:#}", answers_json(&done.answers))
    } else {
        writeln!(
            stdout,
            "{}\nwritten to {}\n  paraview --script={}",
            answers_text(title, &done.answers),
            out.display(),
            out.join("view.py").display()
        )
    };
}

/// A case that states expectations fails when one does not hold.
fn judge(outcomes: &[Outcome]) -> Result<(), Failure> {
    let mut failed = String::new();
    for o in outcomes {
        if !o.holds {
            let _ = write!(
                failed,
                "\n  {}: {} is {:.9e}, expected {}",
                o.origin, o.what, o.found, o.wanted
            );
        }
    }
    if !outcomes.is_empty() {
        let held = outcomes.iter().filter(|o| o.holds).count();
        let _ = writeln!(std::io::stderr(), "{held} of {} expectations hold", outcomes.len());
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Exit::Failing, format!("error: expectations of the case do not hold{failed}")))
}
