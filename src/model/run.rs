//! The clock: advance to the next moment that anybody wants to see, land on it exactly.

use super::solver::{Solver, StepFailure};
use super::survey::Survey;
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
    fn next(&self, t: f64) -> Option<f64>;
    /// Called after each step and at the start.
    fn see(&mut self, moment: &Moment) -> Result<(), String>;
}

/// Why a run ended early.
#[derive(Clone, Debug)]
pub enum Stop {
    /// The numerics gave up.
    Numerics(StepFailure),
    /// A watcher failed (output).
    Watcher(String),
}

/// Smallest step, relative to the length of the run.
const SMALLEST: f64 = 1e-10;

/// Runs to the end.
pub fn run(solver: &mut Solver, watchers: &mut [&mut dyn Watcher]) -> Result<(), Stop> {
    if solver.setup.run.steady {
        let all = vec![true; solver.setup.solutes.len()];
        solver.steady(&all).map_err(Stop::Numerics)?;
        return show(solver, watchers, 0.0, true, true);
    }
    let end = solver.setup.run.duration;
    let jumps = jumps(solver);
    let kinks = kinks(solver);
    let mut control = Control::new(solver.setup.run.accuracy.max_step);
    show(solver, watchers, 0.0, is_output(solver, 0.0), false)?;
    loop {
        let t = solver.state.time;
        let after = |times: &[f64]| times.iter().copied().find(|&x| x > t).unwrap_or(end);
        let mut target = end.min(after(&solver.setup.run.outputs)).min(after(&kinks));
        target = jumps.iter().map(|j| j.0).find(|&x| x > t).unwrap_or(end).min(target);
        for w in watchers.iter() {
            target = w.next(t).filter(|&x| x > t).unwrap_or(end).min(target);
        }
        let mut dt = control.propose(target - t);
        let mut reason = None;
        let taken = loop {
            match solver.attempt(dt) {
                Ok((error, attempt)) => {
                    if control.judge(dt, error) {
                        solver.accept(&attempt);
                        break dt;
                    }
                }
                Err(failure) => {
                    if dt < SMALLEST * end.max(1.0) {
                        return Err(Stop::Numerics(failure));
                    }
                    control.dt = 0.25 * dt;
                    reason = Some(failure);
                }
            }
            solver.work.rejected += 1;
            if control.dt < SMALLEST * end {
                let rejected = StepFailure {
                    hint: String::new(),
                    field: "the coupled step".into(),
                    voxel: 0,
                    history: Vec::new(),
                    time: t,
                    dt,
                };
                return Err(Stop::Numerics(reason.unwrap_or(rejected)));
            }
            dt = control.propose(target - t);
        };
        // The event's own time, free of the round-off of adding steps.
        if (solver.state.time - target).abs() <= 1e-9 * taken {
            solver.state.time = target;
        }
        solver.settle().map_err(Stop::Numerics)?;
        let now = solver.state.time;
        let quiet = solver.setup.run.stop_when_steady && solver.change_per_day() < 1.0;
        let last = now >= end || quiet;
        show(solver, watchers, taken, is_output(solver, now) || last, last)?;
        if last {
            return Ok(());
        }
        let mut jumped = kinks.contains(&now);
        for (_, jump) in jumps.iter().filter(|j| j.0 == now) {
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
}

fn show(
    solver: &Solver,
    watchers: &mut [&mut dyn Watcher],
    dt: f64,
    output: bool,
    last: bool,
) -> Result<(), Stop> {
    let survey = Survey::of(solver);
    let moment = Moment { solver, survey: &survey, dt, output, last };
    for w in watchers.iter_mut() {
        w.see(&moment).map_err(Stop::Watcher)?;
    }
    Ok(())
}

fn is_output(solver: &Solver, t: f64) -> bool {
    solver.setup.run.outputs.contains(&t)
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
    use super::setup::Boundary;
    let mut all = Vec::new();
    for boundary in solver.setup.solutes.iter().flat_map(|s| &s.boundaries) {
        match boundary {
            Boundary::Value(s)
            | Boundary::Flux(s)
            | Boundary::Transfer { outside: s, .. }
            | Boundary::StagnantMedium { top: s, .. }
            | Boundary::Inlet(s) => all.extend(s.breaks()),
            Boundary::Sealed | Boundary::Bath(_) | Boundary::Outflow => {}
        }
    }
    all.extend(solver.setup.solutes.iter().flat_map(super::supply::breaks));
    all.extend(solver.setup.matter.degradation.and_then(|d| d.onset()));
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}
