//! `blastema run`.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::attention::Pauses;
use super::branch;
use super::execute::{Begin, Finished, Options, claim, execute_in};
use super::failure::{Exit, Failure};
use crate::case::scales::{Scales, scales};
use crate::case::{self, Case, Report};
use crate::model::expect::Outcome;
use crate::output::report::{answers_json, answers_text};
use crate::study::{Beside, closure, refine};

/// Arguments of `run`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  blastema run plug.toml                          writes to out/plug beside the case
  blastema run plug.toml --set run.duration='\"3 d\"' --out /tmp/short
  blastema run plug.toml --replace --json         answers as JSON
  blastema run scan.toml --allow-path /data/scans the case may name files there too
  blastema run plug.toml --max-walltime \"12 h\"    stops in time, with a checkpoint
  blastema run plug.toml --from out/plug@7d --set solutes.oxygen.boundary.z_max.value='\"0.1 mM\"' --out out/hypoxia
  blastema run plug.toml --refine                 every answer with ±: \"83.1 ± 0.2 %\"
  blastema run scan.toml --closure                pores resolved and homogenised: what the averages cost

Ctrl-C finishes the step, writes a checkpoint and says how to go on: `blastema resume FOLDER`. A
second one ends at once. SIGUSR1 asks for a checkpoint.

--from begins with the complete state that another run had at a time: kept there where that case
says [run] checkpoints = [\"7 d\"], else computed again from its start or its last checkpoint before.
What differs is told and stands in run.json; grid, solutes and populations must be the same.

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
    /// Let the case take files from this folder too, besides its own (repeatable)
    #[arg(long = "allow-path", value_name = "DIR", value_parser = super::folder)]
    pub allow: Vec<PathBuf>,
    /// Begin where another run was at a time of it: FOLDER@TIME, for example out/plug@7d
    #[arg(long, value_name = "RUN@TIME", conflicts_with = "refine")]
    pub from: Option<String>,
    /// Folder to write (default: out/CASE beside the case)
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Move an older result aside
    #[arg(long)]
    pub replace: bool,
    /// Run the case on finer and coarser voxels and steps too, and give every answer its ±
    #[arg(long)]
    pub refine: bool,
    /// Run the case with its structure homogenised (or, where it is, resolved) too, and say how far
    /// every answer differs
    #[arg(long, conflicts_with_all = ["refine", "from"])]
    pub closure: bool,
    /// Start even where memory or disk seem too small
    #[arg(long)]
    pub despite_limits: bool,
    /// When the state is kept, and when the run stops
    #[command(flatten)]
    pub pauses: Pauses,
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

/// Where a case writes when nobody says: `out/CASE` beside its file.
pub fn default_out(file: &Path, case: &Case) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join("out").join(&case.provenance.stem)
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut case = load(args, &args.sets).map_err(|r| refused(&r))?;
    if !case.warnings.is_empty() {
        let report = Report { diagnostics: case.warnings.clone(), resources: false };
        let _ = writeln!(std::io::stderr(), "{report}");
    }
    for text in scales(&case.setup).iter().filter_map(Scales::coarse) {
        let _ = writeln!(std::io::stderr(), "note: {text}");
    }
    let out = args.out.clone().unwrap_or_else(|| default_out(&args.case, &case));
    let title = case.setup.title.clone();
    let mut options = Options {
        threads: args.threads,
        replace: args.replace,
        despite_limits: args.despite_limits,
        progress: !args.quiet,
        pauses: args.pauses.clone(),
    };
    let beside = beside(&case, args)?;
    let begun = Instant::now();
    let branch = args.from.as_ref().map(|from| branch::plan(from, &mut case, &args.allow));
    let branch = branch.transpose()?;
    if branch.as_ref().is_some_and(|b| b.is_from(&out)) {
        let text = format!("error: --from and --out both name {}", out.display());
        return Err(Failure::new(Exit::Input, text));
    }
    let folder = claim(&case, &out, &options)?;
    let begin = match branch.map_or(Ok(Begin::New), |b| b.begin(&options)) {
        Ok(begin) => begin,
        Err(failure) => {
            folder.abandon();
            return Err(failure);
        }
    };
    if let Some(most) = &mut options.pauses.max_walltime {
        *most = most.saturating_sub(begun.elapsed());
    }
    let done = execute_in(case, &folder, &options, beside, &begin)?;
    print(&title, &done, &out, args.json)?;
    judge(&done.outcomes)
}

/// Reads the case with `sets` on top.
fn load(args: &Args, sets: &[String]) -> Result<Case, Report> {
    let options = case::Options { allow: args.allow.clone(), memory: None };
    case::load_with(&args.case, sets, &options)
}

/// The runs beside the case that tell its error.
fn beside(case: &Case, args: &Args) -> Result<Option<Beside>, Failure> {
    let again = |more: &[String]| {
        let sets: Vec<String> = args.sets.iter().chain(more).cloned().collect();
        load(args, &sets)
    };
    let planned = if args.refine {
        let plan = refine::Plan::new(case, &again).map(|p| Beside::Refined(p.into()));
        plan.map_err(|why| format!("error: --refine has nothing to refine: {why}"))
    } else if args.closure {
        let plan = closure::Plan::new(case, &again).inspect(uneven);
        let plan = plan.map(|p| Beside::Closure(p.into()));
        plan.map_err(|why| format!("error: --closure has nothing to compare: {why}"))
    } else {
        return Ok(None);
    };
    planned.map(Some).map_err(|text| Failure::new(Exit::Input, text))
}

/// Tells that the two cultures of a closure do not hold the same cells.
fn uneven(plan: &closure::Plan) {
    if !plan.uneven.is_empty() {
        eprintln!(
            "warning: with pores resolved and homogenised the cells are not as many: they are \
             counted per construct volume; set \"pore-volume\" for {}",
            plan.uneven.join(", ")
        );
    }
}

/// Prints the answers; a closed pipe is no failure.
pub fn print(title: &str, done: &Finished, out: &Path, json: bool) -> Result<(), Failure> {
    let text = if json {
        format!("{:#}\n", answers_json(&done.answers))
    } else {
        format!(
            "{}\nwritten to {}\n  paraview --script={}\n",
            answers_text(title, &done.answers),
            out.display(),
            quoted(&out.join("view.py"))
        )
    };
    super::library::print(&text)
}

/// A path as a shell takes it.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A case that states expectations fails when one does not hold.
pub(super) fn judge(outcomes: &[Outcome]) -> Result<(), Failure> {
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
