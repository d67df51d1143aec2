//! Running a case: watchers on, output claimed, answers at the end. Shared by `run` and `demo`.

use std::path::Path;
use std::time::Instant;

use super::failure::{Exit, Failure};
use super::progress::Progress;
use super::recorder::Recorder;
use crate::case::Case;
use crate::ground::par;
use crate::model::answers::{Answer, Answers, digits};
use crate::model::expect::{Expectations, Outcome};
use crate::model::run::{self, Stop, Watcher};
use crate::model::solver::{Solver, StepFailure};
use crate::output::Folder;
use crate::output::report::{Record, State, write_answers, write_record};
use crate::study::refine::{self, Plan};

/// How to run.
pub struct Options {
    /// Threads; 0: one per core.
    pub threads: usize,
    /// Move an older folder aside.
    pub replace: bool,
    /// Say how far it is.
    pub progress: bool,
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
    execute_with(case, out, options, None)
}

/// Runs a case into `out`, and what `plan` has beside it; that leaves nothing but the ± of the
/// answers.
pub fn execute_with(
    case: Case,
    out: &Path,
    options: &Options,
    plan: Option<Plan>,
) -> Result<Finished, Failure> {
    let folder = Folder::claim(out, &case.provenance.hash, options.replace)?;
    par::with_threads(options.threads, || inside(case, &folder, options, plan))
}

fn inside(
    case: Case,
    folder: &Folder,
    options: &Options,
    plan: Option<Plan>,
) -> Result<Finished, Failure> {
    let started = Instant::now();
    let title = case.setup.title.clone();
    let mut record = Record::start(&title, par::threads());
    crate::output::report::write_case(folder, &case.provenance)?;
    write_record(folder, &case.provenance, &record, &[])?;
    let steady = case.setup.run.steady;
    let mut answers = Answers::default();
    let mut expectations = Expectations::new(&case.expects, steady);
    let mut progress = Progress::new(&case.setup.run, options.progress);
    let result = Solver::new(case.setup).map_err(Stop::Numerics).and_then(|mut solver| {
        let mut recorder = Recorder::start(folder, &case.provenance, &solver)
            .map_err(|e| Stop::Watcher(e.message))?;
        let mut watchers: Vec<&mut dyn Watcher> =
            vec![&mut answers, &mut expectations, &mut recorder, &mut progress];
        let ended = run::run(&mut solver, &mut watchers);
        let checksums = recorder.finish().map_err(|e| Stop::Watcher(e.message));
        ended?;
        Ok((solver, checksums?))
    });
    progress.clear();
    record.wall = started.elapsed();
    let (solver, checksums) = match result {
        Ok(done) => done,
        Err(stop) => {
            let failure = explain(stop, folder);
            record.state = State::Failed;
            record.message.clone_from(&failure.message);
            write_record(folder, &case.provenance, &record, &[])?;
            return Err(failure);
        }
    };
    let mut list = answers.finish(&solver);
    expectations.answers(&list);
    if let Some(plan) = plan {
        // Whatever becomes of the runs beside it, the case has its answers.
        write_answers(folder, &title, &list)?;
        let refined = refine(plan, &mut list, options);
        list.push(refined);
    }
    list.push(wall(record.wall.as_secs_f64(), par::threads()));
    record.state = State::Finished;
    write_answers(folder, &title, &list)?;
    write_record(folder, &case.provenance, &record, &list)?;
    checksums.seal(folder)?;
    Ok(Finished { answers: list, outcomes: expectations.outcomes, solver })
}

/// Runs what the plan has beside the case, gives the answers their ±, and says so.
fn refine(plan: Plan, list: &mut [Answer], options: &Options) -> Answer {
    let solve = |case: Case| {
        let mut progress = Progress::new(&case.setup.run, options.progress);
        let answers = refine::answers(case, &mut progress);
        progress.clear();
        answers
    };
    let begun = Instant::now();
    let coarse = plan.coarse.map(solve);
    let (text, definition) = match (coarse.transpose(), solve(plan.fine)) {
        (coarse, Ok(fine)) => {
            refine::compare(list, coarse.ok().flatten().as_deref(), &fine);
            let spent = digits(begun.elapsed().as_secs_f64());
            (format!("{}, {spent} s", plan.words), refine::DEFINITION)
        }
        (_, Err(_)) => ("not known: the refined run did not converge".into(), ""),
    };
    Answer {
        key: "refined".into(),
        label: "refined".into(),
        text,
        definition: definition.into(),
        ..Answer::default()
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

fn explain(stop: Stop, folder: &Folder) -> Failure {
    match stop {
        Stop::Watcher(message) | Stop::Asked(message) => Failure::new(Exit::Io, message),
        Stop::Numerics(f) => Failure::new(Exit::Numerics, not_converged(&f, folder)),
    }
}

fn not_converged(f: &StepFailure, folder: &Folder) -> String {
    let history: Vec<String> = f.history.iter().map(|r| format!("{r:.1e}")).collect();
    let residuals = if history.is_empty() {
        "every step was rejected by the error control".to_string()
    } else {
        let last = &history[history.len().saturating_sub(8)..];
        format!("last relative residuals of the last try: {}", last.join(" "))
    };
    let hint = if f.hint.is_empty() { String::new() } else { format!("\n  {}", f.hint) };
    format!(
        "error: {} did not converge at {} s (voxel {}){hint}\n  the step was shortened to {:.1e} s without success\n  {residuals}\n  outputs before this time are whole, in {}",
        f.field,
        digits(f.time),
        f.voxel,
        f.dt,
        folder.path().display(),
    )
}
