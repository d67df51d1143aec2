//! The clock: advance to the next moment that anybody wants to see, land on it exactly.

use std::sync::Arc;

use super::lod;
use super::setup::Solute;
use super::solver::{Solver, StepFailure};
use super::survey::Survey;
use crate::ground::keep::{Keeper, Misfit, misfit};
use crate::ground::moments;
use crate::ground::signal::Signal;
use crate::numerics::control::Control;

/// What a watcher is shown after a step.
pub struct Moment<'a> {
    /// The solver with state, ledger and work.
    pub solver: &'a Solver,
    /// Totals and minima of the state.
    pub survey: &'a Survey,
    /// Length of the step just taken, s; 0 at the start.
    pub dt: f64,
    /// True if this moment was asked for by the output times.
    pub output: bool,
    /// True at the end of the run.
    pub last: bool,
}

/// Sees moments of a run.
pub trait Watcher {
    /// The next time after `t` that this watcher wants to see, s.
    fn next(&self, _t: f64) -> Option<f64> {
        None
    }
    /// Called after each step and at the start.
    fn see(&mut self, _moment: &Moment) -> Result<(), String> {
        Ok(())
    }
    /// Writes or reads back what it has gathered so far.
    fn keep(&mut self, _: &mut Keeper) -> Result<(), Misfit> {
        Ok(())
    }
    /// What it asks for before the next step.
    fn wish(&mut self, _: &Solver) -> Wish {
        Wish::Go
    }
    /// Is given the complete state, when somebody asked for it.
    fn take(&mut self, _: &Arc<Kept>) -> Result<(), String> {
        Ok(())
    }
}

/// What a watcher asks for between two steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Nothing.
    Go,
    /// Keep the state, and go on.
    Keep,
    /// Keep the state and stop, for this reason.
    Stop(String),
}

/// The complete state between two steps: the rest of the run follows from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Steps taken.
    pub step: usize,
    /// Time, s.
    pub time: f64,
    /// All values, as [`restore`] reads them.
    pub bytes: Vec<u8>,
}

/// Where a run stands beside the state of its solver.
#[derive(Clone, Debug)]
pub struct Clock {
    control: Control,
    /// True after the last step.
    over: bool,
}

impl Clock {
    /// The clock of a run that starts.
    pub fn new(solver: &Solver) -> Clock {
        let signals = solver.setup.solutes.iter().flat_map(Solute::signals);
        let periods = signals.filter_map(Signal::period);
        let longest = periods.map(|p| p / STEPS_A_PERIOD);
        let mut control = Control::new(solver.setup.run.accuracy.max_step);
        control.max = longest.fold(control.max, f64::min);
        Clock { control, over: false }
    }
}

/// Writes or reads all: clock, solver, watchers.
fn keep(
    clock: &mut Clock,
    solver: &mut Solver,
    watchers: &mut [&mut dyn Watcher],
    k: &mut Keeper,
) -> Result<(), Misfit> {
    let Clock { control, over } = clock;
    k.flag("over", over)?;
    control.keep(k)?;
    solver.keep(k)?;
    watchers.iter_mut().try_for_each(|w| w.keep(k))
}

/// Reads what a run kept back into the solver of its case and its watchers, given in the same
/// order; those at the end may be left out. With `changed` the case may differ in what does not
/// change grid, solutes and populations.
pub fn restore(
    solver: &mut Solver,
    watchers: &mut [&mut dyn Watcher],
    bytes: &[u8],
    changed: bool,
) -> Result<Clock, Misfit> {
    let mut clock = Clock::new(solver);
    let mut k = Keeper::read(bytes, changed);
    keep(&mut clock, solver, watchers, &mut k)?;
    if changed {
        clock.over = false;
        clock.control.after_event();
    }
    if !clock.over && !moments::after(solver.state.time, solver.setup.run.duration) {
        return misfit("state.time", "is not before the end of the run");
    }
    Ok(clock)
}

/// Why a run ended early.
#[derive(Clone, Debug)]
pub enum Stop {
    /// The numerics gave up.
    Numerics(StepFailure),
    /// A watcher failed (output).
    Watcher(String),
    /// A watcher asked for it, for this reason; the state was kept.
    Asked(String),
}

/// Least steps in a period of a value that goes up and down: the error of a step alone does not
/// tell that it passed over one.
pub const STEPS_A_PERIOD: f64 = 12.0;

/// Smallest step, relative to the length of the run.
const SMALLEST: f64 = 1e-10;

/// Runs from the start to the end.
pub fn run(solver: &mut Solver, watchers: &mut [&mut dyn Watcher]) -> Result<(), Stop> {
    if solver.setup.run.steady {
        let all = vec![true; solver.setup.solutes.len()];
        solver.steady(&all).map_err(Stop::Numerics)?;
        solver.ledger.at_rest();
        return show(solver, watchers, 0.0, true, true);
    }
    show(solver, watchers, 0.0, is_output(solver, 0.0), false)?;
    let clock = Clock::new(solver);
    go_on(solver, watchers, clock)
}

/// Runs on to the end from where solver, watchers and clock stand.
pub fn go_on(
    solver: &mut Solver,
    watchers: &mut [&mut dyn Watcher],
    mut clock: Clock,
) -> Result<(), Stop> {
    let end = solver.setup.run.duration;
    if let Some(dt) = solver.setup.run.lod
        && let Some(hint) = lod::obstacle(&solver.setup)
    {
        let field = "locally one-dimensional steps".into();
        let (time, history) = (solver.state.time, Vec::new());
        return Err(Stop::Numerics(StepFailure { field, hint, voxel: None, history, time, dt }));
    }
    let jumps = jumps(solver);
    let kinks = kinks(solver);
    while !clock.over {
        pause(&mut clock, solver, watchers)?;
        let control = &mut clock.control;
        let t = solver.state.time;
        let outputs = moments::next(solver.setup.run.outputs.iter().copied(), t);
        let kink = moments::next(kinks.iter().copied(), t);
        let jump = moments::next(jumps.iter().map(|j| j.0), t);
        let mut target = [outputs, kink, jump].into_iter().flatten().fold(end, f64::min);
        for w in watchers.iter() {
            target = w.next(t).filter(|&x| moments::after(t, x)).unwrap_or(end).min(target);
        }
        let taken = match solver.setup.run.lod {
            Some(step) => solver.march(step, target),
            None => controlled(solver, control, target).map_err(Stop::Numerics)?,
        };
        // The event's own time, free of the round-off of adding steps.
        if (solver.state.time - target).abs() <= 1e-9 * taken {
            solver.state.time = target;
        }
        solver.settle().map_err(Stop::Numerics)?;
        balanced(solver, t, taken)?;
        let now = solver.state.time;
        let quiet = solver.setup.run.stop_when_steady
            && !waits(solver, &kinks, &jumps, now)
            && solver.change_per_day() < 1.0;
        let last = !moments::after(now, end) || quiet;
        show(solver, watchers, taken, is_output(solver, now) || last, last)?;
        if last {
            clock.over = true;
            // Nobody stops any more.
            let kept = pause(&mut clock, solver, watchers);
            return kept.or_else(|s| if matches!(s, Stop::Asked(_)) { Ok(()) } else { Err(s) });
        }
        let mut jumped = moments::hold(&kinks, now);
        for (_, jump) in jumps.iter().filter(|j| moments::same(j.0, now)) {
            match *jump {
                Jump::Medium(bath, fraction) => solver.change_medium(bath, fraction),
                Jump::Cells(population, number) => solver.reseed(population, number),
            }
            jumped = true;
        }
        if jumped {
            control.after_event();
        }
    }
    Ok(())
}

/// Takes one step towards `target`, as long as its error allows; gives its length, s.
fn controlled(solver: &mut Solver, control: &mut Control, target: f64) -> Result<f64, StepFailure> {
    let (t, end) = (solver.state.time, solver.setup.run.duration);
    let mut dt = control.propose(target - t);
    let mut reason = None;
    let mut worst = 0;
    loop {
        match solver.attempt(dt) {
            Ok((error, attempt)) => {
                if control.judge(dt, error) {
                    solver.accept(&attempt);
                    return Ok(dt);
                }
                worst = attempt.worst;
            }
            Err(failure) => {
                if dt < SMALLEST * end.max(1.0) {
                    return Err(failure);
                }
                control.dt = 0.25 * dt;
                reason = Some(failure);
            }
        }
        solver.work.rejected += 1;
        if control.dt < SMALLEST * end {
            let name = &solver.catalogue.specs[worst].name;
            let rejected = StepFailure {
                hint: format!(
                    "every step was rejected by the error control: the error of {name} stays \
                     above accuracy.time"
                ),
                field: "the coupled step".into(),
                voxel: None,
                history: Vec::new(),
                time: t,
                dt,
            };
            return Err(reason.unwrap_or(rejected));
        }
        dt = control.propose(target - t);
    }
}

/// Defect of a balance at which a run stops: a thousand times what round-off leaves.
const UNBALANCED: f64 = 1e-9;

/// Stops where a balance does not close.
fn balanced(solver: &Solver, time: f64, dt: f64) -> Result<(), Stop> {
    match solver.ledger.worst() {
        // Not a number is no balance either.
        Some((name, defect)) if defect > UNBALANCED || defect.is_nan() => {
            Err(Stop::Numerics(StepFailure {
                field: format!("the balance of {name}"),
                hint: format!("its defect is {defect:.1e}: please report this case"),
                voxel: None,
                history: Vec::new(),
                time,
                dt,
            }))
        }
        _ => Ok(()),
    }
}

/// The same as a run of its own: shows its watchers where it begins.
pub fn branch(
    solver: &mut Solver,
    watchers: &mut [&mut dyn Watcher],
    clock: Clock,
) -> Result<(), Stop> {
    show(solver, watchers, 0.0, true, false)?;
    go_on(solver, watchers, clock)
}

/// The complete state as it stands.
pub fn state(
    clock: &mut Clock,
    solver: &mut Solver,
    watchers: &mut [&mut dyn Watcher],
) -> Result<Kept, Misfit> {
    let mut k = Keeper::write(Vec::new());
    keep(clock, solver, watchers, &mut k)?;
    Ok(Kept { step: solver.work.steps, time: solver.state.time, bytes: k.written() })
}

/// Between two steps: keeps the state where a watcher asks for it, and stops.
fn pause(
    clock: &mut Clock,
    solver: &mut Solver,
    watchers: &mut [&mut dyn Watcher],
) -> Result<(), Stop> {
    let wishes: Vec<Wish> = watchers.iter_mut().map(|w| w.wish(solver)).collect();
    if wishes.iter().all(|w| *w == Wish::Go) {
        return Ok(());
    }
    let kept = state(clock, solver, watchers).map_err(|e| Stop::Watcher(e.to_string()))?;
    let kept = Arc::new(kept);
    for w in watchers.iter_mut() {
        w.take(&kept).map_err(Stop::Watcher)?;
    }
    let stop = wishes.into_iter().find_map(|w| match w {
        Wish::Stop(reason) => Some(reason),
        _ => None,
    });
    stop.map_or(Ok(()), |reason| Err(Stop::Asked(reason)))
}

fn show(
    solver: &Solver,
    watchers: &mut [&mut dyn Watcher],
    dt: f64,
    output: bool,
    last: bool,
) -> Result<(), Stop> {
    if watchers.is_empty() {
        return Ok(());
    }
    let survey = Survey::of(solver);
    let moment = Moment { solver, survey: &survey, dt, output, last };
    for w in watchers.iter_mut() {
        w.see(&moment).map_err(Stop::Watcher)?;
    }
    Ok(())
}

fn is_output(solver: &Solver, t: f64) -> bool {
    moments::hold(&solver.setup.run.outputs, t)
}

/// What happens at once.
enum Jump {
    /// The medium of a bath changes: bath, fraction.
    Medium(usize, f64),
    /// Cells are added: population, number of its reseeding.
    Cells(usize, usize),
}

/// Medium changes and reseedings with their times, ascending.
fn jumps(solver: &Solver) -> Vec<(f64, Jump)> {
    let baths = solver.setup.baths.iter().enumerate();
    let changes =
        baths.flat_map(|(b, bath)| bath.changes.iter().map(move |c| (c.0, Jump::Medium(b, c.1))));
    let cells = solver.setup.populations.iter().enumerate().flat_map(|(p, population)| {
        let all = population.reseeding.iter().enumerate();
        all.map(move |(n, r)| (r.time, Jump::Cells(p, n)))
    });
    let mut all: Vec<(f64, Jump)> = changes.chain(cells).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

/// Times at which a boundary value or a supply jumps or kinks, ascending.
fn kinks(solver: &Solver) -> Vec<f64> {
    let solutes = &solver.setup.solutes;
    let mut all: Vec<f64> =
        solutes.iter().flat_map(Solute::signals).flat_map(Signal::breaks).collect();
    let releases = solutes.iter().filter_map(|s| s.release.as_ref());
    all.extend(releases.flat_map(|r| r.law.breaks()));
    all.extend(solver.setup.matter.degradation.and_then(|d| d.onset()));
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

/// True where something given changes at `now` or later in the run: rest before it is no steady state.
fn waits(solver: &Solver, kinks: &[f64], jumps: &[(f64, Jump)], now: f64) -> bool {
    let mut signals = solver.setup.solutes.iter().flat_map(Solute::signals);
    let mut moments = kinks.iter().copied().chain(jumps.iter().map(|j| j.0));
    let end = solver.setup.run.duration;
    let ahead = |t: f64| !moments::after(t, now) && moments::after(t, end);
    signals.any(|s| s.period().is_some()) || moments.any(ahead)
}
