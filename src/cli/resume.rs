//! `blastema resume`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::attention::Pauses;
use super::branch;
use super::execute::{Begin, Options, execute_in};
use super::failure::{Exit, Failure};
use super::run::{judge, print, refused};
use crate::case::{self, Case, Report, Stored};
use crate::model::answers::digits;
use crate::output::stored::StoredRun;
use crate::output::{Folder, checkpoint, history, outputs};
use crate::study::{Beside, closure, refine};

/// Arguments of `resume`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  blastema resume out/plug
  blastema resume out/plug --threads 8 --max-walltime \"12 h\"
  blastema resume out/plug --set run.duration='\"28 d\"' --allow-changed run.duration

The run goes on from its newest checkpoint and ends with the same bits as if it had never
stopped, with any number of threads, and with ± where it was begun with --refine. Outputs before the checkpoint stay as they are; what came
after it is computed again.")]
pub struct Args {
    /// Folder of the run
    pub out: PathBuf,
    /// Set a key on top of the case as it was run: key=value (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// Let the case take files from this folder too, besides its own (repeatable)
    #[arg(long = "allow-path", value_name = "DIR", value_parser = super::folder)]
    pub allow: Vec<PathBuf>,
    /// Go on although this key, or this input file, has changed (repeatable)
    #[arg(long, value_name = "KEY")]
    pub allow_changed: Vec<String>,
    /// Go on even where memory seems too small
    #[arg(long)]
    pub despite_limits: bool,
    /// Threads (default: one per core)
    #[arg(long, default_value_t = 0, value_parser = super::threads)]
    pub threads: usize,
    /// When the state is kept, and when the run stops
    #[command(flatten)]
    pub pauses: Pauses,
    /// Answers as JSON
    #[arg(long)]
    pub json: bool,
    /// No progress
    #[arg(long)]
    pub quiet: bool,
}

/// Says something beside the answers.
pub(super) fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let shown = args.out.display();
    let stored = StoredRun::open(&args.out)?;
    if stored.finished && args.sets.is_empty() && args.allow_changed.is_empty() {
        return Err(Failure::new(
            Exit::Done,
            format!("{shown} is finished: nothing to go on with"),
        ));
    }
    let finished = || {
        let text = format!(
            "error: {shown} is finished; `blastema run CASE --from {shown}@TIME --set … --out NEW` \
             goes on from a time of it in a new folder"
        );
        Failure::new(Exit::Input, text)
    };
    if stored.finished {
        return Err(finished());
    }
    same_series(&stored, &args.out)?;
    let folder = Folder::reopen(&args.out)?;
    // Another process may have gone on until the lock was held.
    let stored = StoredRun::open(&args.out)?;
    if stored.finished {
        return Err(finished());
    }
    let case = load(&stored, &args.sets, &args.allow)?;
    if !args.despite_limits {
        super::resources::fits_memory(&case)?;
    }
    let changed = allowed(&stored, &case, &args.allow_changed)?;
    if !changed.is_empty()
        && let Ok(before) = load(&stored, &[], &args.allow)
        && let Some(what) = branch::misfit(&before.setup, &case.setup)
    {
        return Err(Failure::new(Exit::Input, format!("error: {shown} cannot go on: {what}")));
    }
    history::verify(&args.out)?;
    let begin = match newest(&args.out, &stored.hash, f64::INFINITY)? {
        Some((path, bytes)) => {
            let told = checkpoint::parse(&bytes).map_err(|e| Failure::new(Exit::Io, e))?;
            let (unit, seconds) = case.setup.run.time_unit;
            let ends = case.setup.run.duration;
            if !changed.is_empty() && told.time >= ends {
                let text = format!(
                    "error: {shown} is at {} {unit} already, and the case now ends at {} {unit}",
                    digits(told.time / seconds),
                    digits(ends / seconds)
                );
                return Err(Failure::new(Exit::Input, text));
            }
            tell(&format!(
                "goes on at {} {unit}, after {} steps, from {}",
                digits(told.time / seconds),
                told.step,
                path.display()
            ));
            let (state, time) = (told.state.to_vec(), told.time);
            Begin::Checkpoint { path, time, state, changed, told: stored.told.clone() }
        }
        None if stored.root.is_some() => {
            let text = format!(
                "error: {shown} branched off another run and has no checkpoint that can be read; \
                 run it again from there, with --replace"
            );
            return Err(Failure::new(Exit::Io, text));
        }
        None => {
            tell(&format!("{shown} has no checkpoint: starts anew from time 0"));
            checkpoint::clear(&args.out)?;
            if !changed.is_empty() {
                outputs::drop_from(&args.out, 0)?;
            }
            Begin::New
        }
    };
    let title = case.setup.title.clone();
    let options = Options {
        threads: args.threads,
        replace: false,
        despite_limits: true,
        progress: !args.quiet,
        pauses: args.pauses.clone(),
    };
    let again = |more: &[String]| {
        let sets: Vec<String> = args.sets.iter().chain(more).cloned().collect();
        read(&stored, &sets, &args.allow)
    };
    let beside = match stored.beside.as_deref() {
        Some("refine") => Some(refine::Plan::new(&case, &again).map(|p| Beside::Refined(p.into()))),
        Some("closure") => {
            Some(closure::Plan::new(&case, &again).map(|p| Beside::Closure(p.into())))
        }
        _ => None,
    };
    let beside =
        beside.transpose().map_err(|e| Failure::new(Exit::Input, format!("error: {e}")))?;
    let done = execute_in(case, &folder, &options, beside, &begin)?;
    print(&title, &done, &args.out, args.json)?;
    judge(&done.outcomes)
}

/// The newest valid checkpoint up to a time: its file and bytes. Tells which were passed over.
pub(super) fn newest(
    out: &Path,
    hash: &str,
    latest: f64,
) -> Result<Option<(PathBuf, Vec<u8>)>, Failure> {
    let found = checkpoint::newest(out, hash, latest)?;
    for why in &found.passed_over {
        tell(&format!("warning: {why}; passed over"));
    }
    Ok(found.newest)
}

/// Refuses a run of another version.
pub(super) fn same_series(stored: &StoredRun, out: &Path) -> Result<(), Failure> {
    let own = env!("CARGO_PKG_VERSION");
    if checkpoint::series(&stored.version) == checkpoint::series(own) {
        return Ok(());
    }
    let text = format!(
        "error: {} was written by version {}; this is {own}\n  only a program of the same \
         major.minor version goes on with the same numbers: use that one, or start anew with \
         `blastema run --replace`",
        out.display(),
        stored.version
    );
    Err(Failure::new(Exit::Input, text))
}

/// The case of a run with `sets` on top.
pub(super) fn load(
    stored: &StoredRun,
    sets: &[String],
    allow: &[PathBuf],
) -> Result<Case, Failure> {
    let mut case = read(stored, sets, allow).map_err(|r| refused(&r))?;
    if let Some(root) = &stored.root {
        case.provenance.hash = branch::hash(&case.provenance.hash, root);
    }
    Ok(case)
}

fn read(stored: &StoredRun, sets: &[String], allow: &[PathBuf]) -> Result<Case, Report> {
    let texts = stored.texts.iter().cloned();
    let texts = texts.map(|(name, folder, text)| Stored { name, folder, text }).collect();
    let sets: Vec<String> = stored.sets.iter().chain(sets).cloned().collect();
    let folder = stored.texts.first().map_or(Path::new("."), |t| &t.1);
    let options = case::Options { allow: allow.to_vec(), memory: None };
    case::load_stored(folder, &stored.stem, texts, &sets, &options)
}

/// Keys and input files in which a case differs from what was run.
pub(super) fn changes(stored: &StoredRun, case: &Case) -> Vec<(String, String, String)> {
    let now: Vec<(String, String)> =
        case.provenance.entries.iter().map(|e| (e.key.clone(), e.typed.clone())).collect();
    let files: Vec<(String, String)> =
        case.provenance.inputs.iter().map(|i| (i.0.clone(), i.1.clone())).collect();
    let mut all = Vec::new();
    for (was, is) in [(&stored.values, &now), (&stored.inputs, &files)] {
        let at = |list: &[(String, String)], key: &str| {
            let values: Vec<&str> =
                list.iter().filter(|e| e.0 == key).map(|e| e.1.as_str()).collect();
            if values.is_empty() { "nothing".to_owned() } else { values.join(", ") }
        };
        let mut keys: Vec<&String> = was.iter().chain(is).map(|e| &e.0).collect();
        let mut seen = std::collections::BTreeSet::new();
        keys.retain(|k| seen.insert((*k).clone()));
        for key in keys {
            let (before, after) = (at(was, key), at(is, key));
            if before != after {
                all.push((key.clone(), before, after));
            }
        }
    }
    all
}

/// The keys that have changed, where all that matter are allowed to.
fn allowed(stored: &StoredRun, case: &Case, allow: &[String]) -> Result<Vec<String>, Failure> {
    if case.provenance.hash == stored.hash {
        return Ok(Vec::new());
    }
    let changes = changes(stored, case);
    let within = |key: &str, a: &String| {
        key.strip_prefix(a.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let silent =
        |key: &str| ["title", "allow", "expect", "extend"].iter().any(|s| key.starts_with(s));
    // Where a run began cannot change any more.
    let begins = |key: &str| key.ends_with(".initial") || key.contains(".seeding");
    if let Some((key, was, _)) = changes.iter().find(|c| begins(&c.0)) {
        let text = format!(
            "error: {key} was {was} when the run began; to begin otherwise, run the case anew"
        );
        return Err(Failure::new(Exit::Input, text));
    }
    let refused: Vec<&(String, String, String)> = changes
        .iter()
        .filter(|c| !silent(&c.0) && !allow.iter().any(|a| within(&c.0, a)))
        .collect();
    if refused.is_empty() && !changes.is_empty() {
        return Ok(changes.into_iter().map(|c| c.0).collect());
    }
    let mut text = "error: the case is not the one that was run".to_owned();
    for (key, was, is) in &refused {
        let _ = write!(text, "\n  {key}: was {was}, is {is}");
    }
    if refused.is_empty() {
        text += "\n  the values that the program or its library gives have changed";
    } else {
        let key = &refused[0].0;
        let _ = write!(text, "\n  restore it, or say what may differ: --allow-changed {key}");
    }
    Err(Failure::new(Exit::Input, text))
}
