//! Running a case: watchers on, output claimed, answers at the end. Shared by `run` and `demo`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use super::attention::{Attention, Pauses};
use super::boundary;
use super::failure::{Exit, Failure};
use super::progress::Progress;
use super::recorder::Recorder;
use super::resume::tell;
use super::run::quoted;
use crate::case::Case;
use crate::ground::grid::Grid;
use crate::ground::keep::Misfit;
use crate::ground::par;
use crate::model::answers::{Answer, Answers, digits, place};
use crate::model::expect::{Expectations, Outcome};
use crate::model::run::{self, Stop, Watcher, Wish};
use crate::model::solver::{Solver, StepFailure};
use crate::model::symmetry;
use crate::output::report::{Record, State, write_answers, write_record};
use crate::output::{Folder, OutputError, checkpoint, outputs};
use crate::study::{self, Beside, closure, refine};

/// How to run.
pub struct Options {
    /// Threads; 0: one per core.
    pub threads: usize,
    /// Move an older folder aside.
    pub replace: bool,
    /// Start even where memory or disk seem too small.
    pub despite_limits: bool,
    /// Say how far it is.
    pub progress: bool,
    /// When to keep the state and to stop.
    pub pauses: Pauses,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            threads: 0,
            replace: false,
            despite_limits: false,
            progress: true,
            pauses: Pauses::default(),
        }
    }
}

/// Where a run begins.
pub enum Begin {
    /// As the case says.
    New,
    /// Where its checkpoint stands.
    Checkpoint {
        /// Its file.
        path: PathBuf,
        /// Its time, s.
        time: f64,
        /// Its state.
        state: Vec<u8>,
        /// Keys that have changed since.
        changed: Vec<String>,
        /// What the record said of the run so far.
        told: Vec<(String, serde_json::Value)>,
    },
    /// Where another run was.
    Branch {
        /// What it was, for people.
        from: String,
        /// What it adds to the hash of the case.
        root: String,
        /// Its state.
        state: Vec<u8>,
        /// Keys that differ.
        changed: Vec<String>,
    },
}

/// What a run came to.
pub struct Finished {
    /// Answers, wall time last.
    pub answers: Vec<Answer>,
    /// Outcomes of the case's expectations.
    pub outcomes: Vec<Outcome>,
    /// The solver at the end.
    pub solver: Solver,
}

/// Runs a case into `out`.
pub fn execute(case: Case, out: &Path, options: &Options) -> Result<Finished, Failure> {
    let folder = claim(&case, out, options)?;
    execute_in(case, &folder, options, None, &Begin::New)
}

/// Claims `out` for a case, where memory and disk suffice for it.
pub fn claim(case: &Case, out: &Path, options: &Options) -> Result<Folder, Failure> {
    if !options.despite_limits {
        super::resources::fits(case, out)?;
    }
    Ok(Folder::claim(out, &case.provenance.hash, options.replace)?)
}

/// Runs a case in a folder that is claimed, and what is to run beside it; that leaves nothing
/// but what it adds to the answers.
pub fn execute_in(
    case: Case,
    folder: &Folder,
    options: &Options,
    beside: Option<Beside>,
    begin: &Begin,
) -> Result<Finished, Failure> {
    let hash = case.provenance.hash.clone();
    boundary::guarded(&hash, folder, || {
        par::with_threads(options.threads, || inside(case, folder, options, beside, begin))
    })
}

fn inside(
    case: Case,
    folder: &Folder,
    options: &Options,
    beside: Option<Beside>,
    begin: &Begin,
) -> Result<Finished, Failure> {
    let mut attention = Attention::new(&options.pauses);
    if matches!(begin, Begin::Branch { .. }) {
        attention.keep_soon();
    }
    if beside.is_some() {
        attention.keep_last();
    }
    let title = case.setup.title.clone();
    let mut record = Record::start(&title, par::threads());
    record.extra.extend(begin.told());
    record.extra.extend(beside.as_ref().map(|b| (b.key().to_owned(), json!(true))));
    let setup = if begin.is_of_itself() { symmetry::part(case.setup) } else { case.setup };
    if !begin.is_of_itself() && options.progress && !symmetry::grid(&setup).is_whole() {
        tell(
            "note: all voxels are solved for: what goes on from another case may not be symmetric",
        );
    }
    let grid = setup.grid.clone();
    let steady = setup.run.steady;
    let unit = setup.run.time_unit;
    let mut answers = Answers::default();
    let mut expectations = Expectations::new(&case.expects, steady);
    let mut progress = Progress::new(&setup.run, options.progress);
    let provenance = &case.provenance;
    // run.json first: it alone says how the run is to be resumed.
    let announce = |record: &Record| {
        write_record(folder, provenance, record, &[])?;
        crate::output::report::write_case(folder, provenance)
    };
    let changes = matches!(begin, Begin::Checkpoint { changed, .. } if !changed.is_empty());
    if !changes {
        announce(&record)?;
    }
    let (mut when, mut step, mut announced) = (0.0, 0, !changes);
    let result = Solver::new(setup).map_err(Stop::Numerics).and_then(|mut solver| {
        let io = |e: OutputError| Stop::Watcher(e.message);
        let misfits = |e: Misfit| Stop::Watcher(misfits(begin, &e));
        let mut recorder = Recorder::new(folder, provenance, &solver);
        let mut clock = match begin {
            Begin::New => None,
            Begin::Checkpoint { path, state, .. } => {
                recorder.spare(path);
                let watchers: &mut [&mut dyn Watcher] =
                    &mut [&mut answers, &mut expectations, &mut recorder, &mut attention];
                Some(run::restore(&mut solver, watchers, state, changes).map_err(misfits)?)
            }
            Begin::Branch { state, changed, .. } => {
                let watchers: &mut [&mut dyn Watcher] = &mut [&mut answers, &mut expectations];
                let changed = !changed.is_empty();
                Some(run::restore(&mut solver, watchers, state, changed).map_err(misfits)?)
            }
        };
        if matches!(begin, Begin::Checkpoint { .. }) {
            outputs::verify(folder.path(), recorder.outputs()).map_err(io)?;
        }
        if changes {
            outputs::drop_from(folder.path(), recorder.outputs()).map_err(io)?;
        }
        recorder.begin(folder, provenance, &solver).map_err(io)?;
        if let (true, Some(clock)) = (changes, &mut clock) {
            // A checkpoint of the case as it is now, before the record says so.
            let watchers: &mut [&mut dyn Watcher] =
                &mut [&mut answers, &mut expectations, &mut recorder, &mut attention];
            let kept = run::state(clock, &mut solver, watchers).map_err(misfits)?;
            let path = recorder.next_checkpoint();
            checkpoint::write(&path, &provenance.hash, &kept).map_err(io)?;
            announce(&record).map_err(io)?;
            announced = true;
        }
        let watchers: &mut [&mut dyn Watcher] =
            &mut [&mut answers, &mut expectations, &mut recorder, &mut attention, &mut progress];
        let ended = match (clock, begin) {
            (None, _) => run::run(&mut solver, watchers),
            (Some(clock), Begin::Branch { .. }) => run::branch(&mut solver, watchers, clock),
            (Some(clock), _) => run::go_on(&mut solver, watchers, clock),
        };
        when = solver.state.time;
        step = solver.work.steps;
        let checksums = recorder.finish().map_err(io);
        ended?;
        Ok((solver, checksums?))
    });
    progress.clear();
    record.wall = Duration::from_secs_f64(attention.wall());
    let (solver, checksums) = match result {
        Ok(done) => done,
        Err(Stop::Asked(reason)) => {
            stop(&mut record, reason, step, when);
            folder.claimed().check()?;
            write_record(folder, provenance, &record, &[])?;
            let shown = quoted(folder.path());
            let at = format!("{} {}", digits(when / unit.1), unit.0);
            let text = format!(
                "stopped at {at}: {}; everything up to here is kept\ngo on with: blastema resume \
                 {shown}",
                record.message
            );
            return Err(Failure::new(attention.exit(), text));
        }
        Err(stop) => {
            let failure = explain(stop, folder, &grid);
            record.state = State::Failed;
            record.message.clone_from(&failure.message);
            if announced && folder.claimed().check().is_ok() {
                // A full disk may refuse this too; what counts is why the run stopped.
                let _ = write_record(folder, provenance, &record, &[]);
            }
            return Err(failure);
        }
    };
    folder.claimed().check()?;
    let mut list = answers.finish(&solver);
    expectations.answers(&list);
    if let Some(beside) = beside {
        // Whatever becomes of the runs beside it, the case has its answers.
        write_answers(folder, &title, &list)?;
        let told = match beside {
            Beside::Refined(_) => "while the ± was computed",
            Beside::Closure(_) => "in the run beside it",
        };
        match compare(beside, &mut list, options, &mut attention) {
            Ok(answer) => list.push(answer),
            Err(reason) => {
                stop(&mut record, reason, step, when);
                write_record(folder, provenance, &record, &list)?;
                let text = format!(
                    "stopped {told}: {}; the run itself is done and kept\ngo on \
                     with: blastema resume {}",
                    record.message,
                    quoted(folder.path())
                );
                return Err(Failure::new(attention.exit(), text));
            }
        }
        folder.claimed().check()?;
    }
    attention.over();
    list.push(wall(record.wall.as_secs_f64(), par::threads()));
    record.state = State::Finished;
    write_answers(folder, &title, &list)?;
    write_record(folder, provenance, &record, &list)?;
    checkpoint::clear(folder.path())?;
    checksums.seal(folder)?;
    Ok(Finished { answers: list, outcomes: expectations.outcomes, solver })
}

/// Has the record say why the run stopped, and of which step it keeps a checkpoint.
fn stop(record: &mut Record, reason: String, step: usize, time: f64) {
    record.state = State::Stopped;
    record.message = reason;
    record.extra.push(("checkpoint".into(), json!({ "step": step, "time": time })));
}

/// True where a record tells of nothing that a run has from another case.
pub(super) fn all_of_itself(told: &[(String, serde_json::Value)]) -> bool {
    !told.iter().any(|t| t.0 == "changed" || t.0 == "branch")
}

impl Begin {
    /// True where its state can only have come from the case as it is, and so has its symmetries.
    fn is_of_itself(&self) -> bool {
        match self {
            Begin::New => true,
            Begin::Checkpoint { told, changed, .. } => changed.is_empty() && all_of_itself(told),
            Begin::Branch { .. } => false,
        }
    }

    /// What the record says of it.
    fn told(&self) -> Vec<(String, serde_json::Value)> {
        match self {
            Begin::New => Vec::new(),
            Begin::Checkpoint { changed, told, time, .. } => {
                let mut told = told.clone();
                if !changed.is_empty() {
                    told.retain(|t| t.0 != "changed" && t.0 != "changed_at");
                    told.push(("changed".into(), json!(changed)));
                    told.push(("changed_at".into(), json!(time)));
                }
                told
            }
            Begin::Branch { from, root, changed, .. } => {
                let branch = json!({ "from": from, "root": root, "changed": changed });
                vec![("branch".into(), branch)]
            }
        }
    }
}

/// A state that does not fit the case.
fn misfits(begin: &Begin, e: &Misfit) -> String {
    let what = match begin {
        Begin::New => "the case".into(),
        Begin::Checkpoint { path, .. } => path.display().to_string(),
        Begin::Branch { from, .. } => from.clone(),
    };
    format!(
        "error: {what} does not fit this case: {e}\n  grid, solutes, populations and what they die \
         of must be the same, and the end of the run must come later"
    )
}

/// Runs what is to run beside the case, adds to the answers what it tells, and says so; or why it
/// was stopped.
fn compare(
    beside: Beside,
    list: &mut [Answer],
    options: &Options,
    attention: &mut Attention,
) -> Result<Answer, String> {
    let mut solve = |case: Case| {
        let mut progress = Progress::new(&case.setup.run, options.progress);
        let answers = study::answers(case, &mut [&mut progress, &mut Asked(attention)]);
        progress.clear();
        match answers {
            Err(Stop::Asked(reason)) => Err(reason),
            other => Ok(other),
        }
    };
    let begun = Instant::now();
    let spent = || digits(begun.elapsed().as_secs_f64());
    let told = |key: &str, (text, definition): (String, &str)| Answer {
        key: key.into(),
        label: key.into(),
        text,
        definition: definition.into(),
        ..Answer::default()
    };
    match beside {
        Beside::Refined(plan) => {
            let coarse = plan.coarse.map(&mut solve).transpose()?;
            let said = match (coarse.transpose(), solve(plan.fine)?) {
                (coarse, Ok(fine)) => {
                    refine::compare(list, coarse.ok().flatten().as_deref(), &fine);
                    (format!("{}, {} s", plan.words, spent()), refine::DEFINITION)
                }
                (_, Err(_)) => ("not known: the refined run did not converge".into(), ""),
            };
            Ok(told("refined", said))
        }
        Beside::Closure(plan) => {
            let (name, resolved) = (plan.name(), plan.resolved);
            let n = plan.other.setup.grid.n.map(|n| n.to_string()).join("×");
            let said = match solve(plan.other)? {
                Ok(other) => {
                    closure::compare(list, &other, resolved);
                    (format!("{name} beside it: {n} voxels, {} s", spent()), closure::DEFINITION)
                }
                Err(_) => (format!("not known: {name}, it did not converge"), ""),
            };
            Ok(told("closure", said))
        }
    }
}

/// Stops a run beside the case at a signal; it keeps nothing.
struct Asked<'a>(&'a mut Attention);

impl Watcher for Asked<'_> {
    fn wish(&mut self, _: &Solver) -> Wish {
        self.0.asked().map_or(Wish::Go, Wish::Stop)
    }
}

fn wall(seconds: f64, threads: usize) -> Answer {
    Answer {
        key: "wall_time".into(),
        label: "wall time".into(),
        text: format!("{} s on {threads} threads", digits(seconds)),
        number: Some(seconds),
        unit: "s".into(),
        ..Answer::default()
    }
}

fn explain(stop: Stop, folder: &Folder, grid: &Grid) -> Failure {
    match stop {
        Stop::Watcher(message) | Stop::Asked(message) => Failure::new(Exit::Io, message),
        Stop::Numerics(f) => Failure::new(Exit::Numerics, not_converged(&f, folder, grid)),
    }
}

fn not_converged(f: &StepFailure, folder: &Folder, grid: &Grid) -> String {
    let history: Vec<String> = f.history.iter().map(|r| format!("{r:.1e}")).collect();
    let residuals = if history.is_empty() {
        String::new()
    } else {
        let last = &history[history.len().saturating_sub(8)..];
        format!("\n  last relative residuals of the last try: {}", last.join(" "))
    };
    let hint = if f.hint.is_empty() { String::new() } else { format!("\n  {}", f.hint) };
    let place = f.voxel.map_or(String::new(), |v| format!(", {}", place(grid, v)));
    // A steady state has no step, and what has no step was not shortened.
    let shortened = if f.dt > 0.0 {
        format!("\n  the step was shortened to {:.1e} s without success", f.dt)
    } else {
        String::new()
    };
    format!(
        "error: {} did not converge at {} s{place}{hint}{shortened}{residuals}\n  outputs before this time are whole, in {}",
        f.field,
        digits(f.time),
        folder.path().display(),
    )
}
