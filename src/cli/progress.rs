//! How far a run is: a line redrawn on a terminal, a line every tenth elsewhere.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::model::answers::digits;
use crate::model::run::{Moment, Watcher};
use crate::model::setup::RunPlan;

/// The watcher that reports.
pub struct Progress {
    bar: Option<ProgressBar>,
    plain: bool,
    started: Instant,
    end: f64,
    unit: (&'static str, f64),
    told: f64,
}

impl Progress {
    /// Reports a run to standard error if `wanted`.
    pub fn new(plan: &RunPlan, wanted: bool) -> Progress {
        let terminal = std::io::stderr().is_terminal();
        let bar = (wanted && terminal && plan.duration > 0.0).then(|| {
            let bar =
                ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::stderr_with_hz(8));
            if let Ok(style) = ProgressStyle::with_template("{bar:24} {msg}") {
                bar.set_style(style);
            }
            bar
        });
        Progress {
            bar,
            plain: wanted && !terminal && plan.duration > 0.0,
            started: Instant::now(),
            end: plan.duration,
            unit: plan.time_unit,
            told: 0.0,
        }
    }

    /// Removes the bar.
    pub fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, moment: &Moment) -> String {
        let (unit, seconds) = self.unit;
        let now = moment.survey.time;
        let spent = self.started.elapsed().as_secs_f64();
        let mut line =
            format!("{} of {} {unit}", digits(now / seconds), digits(self.end / seconds));
        if spent > 0.0 && now > 0.0 {
            let left = spent * (self.end - now) / now;
            let _ = write!(
                line,
                ", {} {unit}/s, {} left",
                digits(now / seconds / spent),
                clock(Duration::from_secs_f64(left.clamp(0.0, 1e7)))
            );
        }
        let setup = &moment.solver.setup;
        if let Some(s) = setup.solutes.iter().position(|s| s.name == "oxygen") {
            let _ = write!(line, ", least oxygen {} mol/m³", digits(moment.survey.least[s].value));
        }
        if !setup.populations.is_empty() {
            let _ = write!(line, ", viable {:.1} %", 100.0 * moment.survey.viable_fraction);
        }
        line
    }
}

fn clock(time: Duration) -> String {
    let s = time.as_secs();
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {} s", s / 60, s % 60),
        _ => format!("{} h {} min", s / 3600, s / 60 % 60),
    }
}

impl Watcher for Progress {
    fn see(&mut self, moment: &Moment) -> Result<(), String> {
        let share = if self.end > 0.0 { moment.survey.time / self.end } else { 1.0 };
        if let Some(bar) = &self.bar {
            bar.set_position((1000.0 * share) as u64);
            bar.set_message(self.line(moment));
        } else if self.plain && share >= self.told + 0.1 {
            self.told = (share * 10.0).floor() / 10.0;
            // A closed pipe does not stop the run.
            let _ = writeln!(std::io::stderr(), "{}", self.line(moment));
        }
        Ok(())
    }
}
