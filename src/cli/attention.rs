//! What interrupts a run: signals, limits of wall time, and the clock of the checkpoints.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::flag;

use super::failure::Exit;
use crate::ground::keep::{Keeper, Misfit};
use crate::ground::units::{self, TIME};
use crate::model::run::{Moment, Watcher, Wish};
use crate::model::solver::Solver;

/// When a run pauses: the same options for `run` and `resume`.
#[derive(clap::Args, Clone, Debug)]
pub struct Pauses {
    /// Wall time between checkpoints
    #[arg(long, value_name = "TIME", default_value = "5 min", value_parser = wall_time)]
    pub checkpoint_every: Duration,
    /// A checkpoint every N steps too
    #[arg(long, value_name = "N", value_parser = steps)]
    pub checkpoint_steps: Option<usize>,
    /// Stop after so much wall time, with a checkpoint: exit code 75
    #[arg(long, value_name = "TIME", value_parser = wall_time)]
    pub max_walltime: Option<Duration>,
    /// Stop after N steps of the run, as a signal would
    #[arg(long, value_name = "N", value_parser = steps)]
    pub stop_after_steps: Option<usize>,
}

impl Default for Pauses {
    fn default() -> Pauses {
        Pauses {
            checkpoint_every: Duration::from_secs(300),
            checkpoint_steps: None,
            max_walltime: None,
            stop_after_steps: None,
        }
    }
}

fn wall_time(text: &str) -> Result<Duration, String> {
    let seconds = units::parse_as(text, TIME).ok().filter(|s| *s > 0.0);
    let time = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok());
    time.ok_or_else(|| "expected a time, for example \"2 min\" or \"12 h\"".into())
}

fn steps(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|n| *n > 0);
    number.ok_or_else(|| "expected a whole number from 1 on".into())
}

/// Signals that stop a run, the exit code of each, and why.
const STOPS: [(i32, Exit, &str); 3] = [
    (SIGINT, Exit::Interrupted, "interrupted (SIGINT)"),
    (SIGTERM, Exit::Terminated, "terminated (SIGTERM)"),
    (SIGHUP, Exit::HungUp, "hung up (SIGHUP)"),
];

/// Signals that have come.
struct Signals {
    /// Number of the last one that asks to stop; 0: none.
    stop: Arc<AtomicUsize>,
    /// True once one has come: the next one ends the process.
    second: Arc<AtomicBool>,
    /// Somebody asks for a checkpoint.
    keep: Arc<AtomicBool>,
    all: Vec<SigId>,
}

impl Signals {
    fn listen() -> std::io::Result<Signals> {
        let mut signals = Signals {
            stop: Arc::default(),
            second: Arc::default(),
            keep: Arc::default(),
            all: Vec::new(),
        };
        for (signal, code, _) in STOPS {
            if signal == SIGHUP && ignored(signal) {
                continue;
            }
            let second = || signals.second.clone();
            // In this order: what the first one sets is seen by the next.
            signals.all.push(flag::register_conditional_shutdown(signal, code as i32, second())?);
            signals.all.push(flag::register(signal, second())?);
            let number = signal as usize;
            signals.all.push(flag::register_usize(signal, signals.stop.clone(), number)?);
        }
        signals.all.push(flag::register(SIGUSR1, signals.keep.clone())?);
        Ok(signals)
    }
}

/// True where the process was started to ignore a signal, as `nohup` does.
fn ignored(signal: i32) -> bool {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = text.lines().find_map(|l| l.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|m| u64::from_str_radix(m.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.all.drain(..) {
            signal_hook::low_level::unregister(id);
        }
    }
}

/// The watcher that stops a run, and has its state kept from time to time.
pub struct Attention {
    pauses: Pauses,
    signals: Option<Signals>,
    started: Instant,
    /// Wall time of the run before it was resumed, s.
    before: f64,
    kept: Instant,
    /// Steps at the last look.
    step: Option<usize>,
    /// Before the first step too.
    soon: bool,
    /// At the end too.
    last: bool,
    /// Why the run stops.
    exit: Exit,
}

impl Attention {
    /// Listens from now on.
    pub fn new(pauses: &Pauses) -> Attention {
        let now = Instant::now();
        Attention {
            pauses: pauses.clone(),
            signals: Signals::listen().ok(),
            started: now,
            before: 0.0,
            kept: now,
            step: None,
            soon: false,
            last: false,
            exit: Exit::Interrupted,
        }
    }

    /// The exit code of a run that was stopped.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Wall time of the run with all that came before, s.
    pub fn wall(&self) -> f64 {
        self.before + self.started.elapsed().as_secs_f64()
    }

    /// Has the state kept before the first step: of a branch, nothing else says where it begins.
    pub fn keep_soon(&mut self) {
        self.soon = true;
    }

    /// Has the state kept at the end: more is to be computed then.
    pub fn keep_last(&mut self) {
        self.last = true;
    }

    /// Nothing is left to be kept: a signal ends the process at once.
    pub fn over(&self) {
        if let Some(signals) = &self.signals {
            signals.second.store(true, Ordering::SeqCst);
        }
    }

    /// Why the run must stop at once, whatever it has done.
    pub fn asked(&mut self) -> Option<String> {
        let signal = self.signals.as_ref().map_or(0, |s| s.stop.load(Ordering::SeqCst));
        let (exit, reason) = if let Some(s) = STOPS.iter().find(|s| s.0 as usize == signal) {
            (s.1, s.2)
        } else if self.pauses.max_walltime.is_some_and(|most| self.started.elapsed() >= most) {
            (Exit::Walltime, "--max-walltime is over")
        } else {
            return None;
        };
        self.exit = exit;
        Some(reason.into())
    }

    fn stop(&mut self, solver: &Solver) -> Option<String> {
        if let Some(reason) = self.asked() {
            return Some(reason);
        }
        self.pauses.stop_after_steps.filter(|n| solver.work.steps >= *n)?;
        self.exit = Exit::Interrupted;
        Some("--stop-after-steps".into())
    }
}

impl Watcher for Attention {
    fn see(&mut self, moment: &Moment) -> Result<(), String> {
        self.soon |= self.last && moment.last;
        Ok(())
    }

    fn keep(&mut self, k: &mut Keeper) -> Result<(), Misfit> {
        let mut wall = self.wall();
        k.number("wall", &mut wall)?;
        if k.reads() {
            self.before = if wall >= 0.0 && wall.is_finite() { wall } else { 0.0 };
        }
        Ok(())
    }

    fn wish(&mut self, solver: &Solver) -> Wish {
        if let Some(reason) = self.stop(solver) {
            return Wish::Stop(reason);
        }
        let steps = solver.work.steps;
        let stepped = self.step.replace(steps).is_some_and(|s| s != steps);
        let asked = self.signals.as_ref().is_some_and(|s| s.keep.swap(false, Ordering::SeqCst));
        let counted =
            stepped && self.pauses.checkpoint_steps.is_some_and(|n| steps.is_multiple_of(n));
        let due = stepped && self.kept.elapsed() >= self.pauses.checkpoint_every;
        if std::mem::take(&mut self.soon) || asked || counted || due {
            self.kept = Instant::now();
            return Wish::Keep;
        }
        Wish::Go
    }
}
