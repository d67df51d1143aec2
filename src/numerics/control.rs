//! Choice of the time step from the estimated error of a second-order step, and from events.

use crate::ground::keep::{Keeper, Misfit, misfit};

/// Step control.
#[derive(Clone, Debug)]
pub struct Control {
    /// Next step to try, s.
    pub dt: f64,
    /// Longest step, s.
    pub max: f64,
    /// First step after a start or an event, s.
    pub restart: f64,
    /// Length and error of the last accepted step since the last event or rejection.
    last: Option<(f64, f64)>,
    /// True until the first step after an event is accepted.
    fresh: bool,
}

/// Most that one step may be longer than the one before.
const GROWTH: f64 = 4.0;

/// Errors over what is allowed up to which the trend is trusted: near 1 it leads into rejections.
const TRUSTED: f64 = 0.25;

impl Control {
    /// Control with this longest step.
    pub fn new(max: f64) -> Control {
        let restart = (max / 500.0).min(60.0);
        Control { dt: restart, max, restart, last: None, fresh: true }
    }

    /// Keeps all that the next steps follow from; the longest step belongs to the case.
    pub fn keep(&mut self, k: &mut Keeper) -> Result<(), Misfit> {
        let Control { dt, max, restart, last, fresh } = self;
        k.number("control.dt", dt)?;
        k.number("control.restart", restart)?;
        k.option("control.last", last, |k, last| {
            k.number("control.last.dt", &mut last.0)?;
            k.number("control.last.error", &mut last.1)
        })?;
        k.flag("control.fresh", fresh)?;
        let fits = |step: f64| step > 0.0 && step.is_finite();
        if !fits(*dt) || !fits(*restart) {
            return misfit("control.dt", "is no length of a step");
        }
        *dt = dt.min(*max);
        Ok(())
    }

    /// A jump happened: begin with a small step.
    pub fn after_event(&mut self) {
        self.dt = self.dt.min(self.restart);
        self.last = None;
        self.fresh = true;
    }

    /// The step to take now so that `target` (distance to the next event, s) is hit exactly and
    /// no sliver is left before it.
    pub fn propose(&self, target: f64) -> f64 {
        let dt = self.dt.min(self.max);
        if dt >= target * (1.0 - 1e-9) {
            target
        } else if 2.0 * dt > target {
            0.5 * target
        } else {
            dt
        }
    }

    /// Learns from a step of `dt` whose error was `error` times what is allowed; true if the
    /// step is accepted. The local error falls with dt³, times what it fell by itself since the
    /// last step: layers smooth out, so steps may lengthen with their age (Gustafsson, ACM Trans.
    /// Math. Softw. 20 (1994) 496). The first step after an event tells how to begin after the
    /// next.
    pub fn judge(&mut self, dt: f64, error: f64) -> bool {
        let plain = if error > 0.0 { 0.9 / error.cbrt() } else { GROWTH };
        let accepted = error <= 1.0;
        if accepted {
            let trend = match self.last {
                Some((before, was)) if error <= TRUSTED => dt / before * (was / error).cbrt(),
                _ => 1.0,
            };
            let factor = plain * if trend.is_finite() { trend.clamp(1.0, 2.0) } else { 1.0 };
            if self.fresh {
                self.restart = (dt * plain.clamp(0.5, 2.0)).min(self.max / 50.0);
                self.fresh = false;
            }
            // A step cut short by an event says nothing against the longer one planned.
            let grown = dt * factor.clamp(0.3, GROWTH);
            self.dt = if dt < self.dt && factor >= 1.0 { grown.max(self.dt) } else { grown };
            self.last = Some((dt, error));
        } else {
            self.dt = dt * plain.clamp(0.1, 0.7);
            self.last = None;
        }
        self.dt = self.dt.min(self.max);
        accepted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lands_on_events_without_slivers() {
        let c = Control { dt: 10.0, max: 100.0, restart: 1.0, last: None, fresh: false };
        assert_eq!(c.propose(10.0), 10.0);
        assert_eq!(c.propose(7.0), 7.0);
        assert_eq!(c.propose(12.0), 6.0);
        assert_eq!(c.propose(25.0), 10.0);
    }

    #[test]
    fn an_event_does_not_shorten_the_plan() {
        let mut c = Control { dt: 10.0, max: 100.0, restart: 1.0, last: None, fresh: false };
        assert!(c.judge(2.0, 0.01));
        assert_eq!(c.dt, 10.0);
        assert!(!c.judge(10.0, 4.0));
        assert!(c.dt < 10.0);
    }

    #[test]
    fn steps_lengthen_with_the_age_of_a_layer() {
        let mut c = Control::new(1e6);
        c.dt = 1.0;
        assert!(c.judge(1.0, 0.2));
        // Twice as long and no less exact: the error fell by itself.
        assert!(c.judge(2.0, 0.2));
        assert!((c.dt - 2.0 * 2.0 * 0.9 / 0.2_f64.cbrt()).abs() < 1e-12);
        // A rejection ends the trend.
        assert!(!c.judge(c.dt, 2.0));
        let dt = c.dt;
        assert!(c.judge(dt, 0.2));
        assert!((c.dt - dt * 0.9 / 0.2_f64.cbrt()).abs() < 1e-12);
    }

    #[test]
    fn the_first_step_after_an_event_teaches_the_next() {
        let mut c = Control::new(3600.0);
        let first = c.restart;
        assert!(!c.judge(c.dt, 2.0));
        assert!(c.judge(c.dt, 0.9));
        c.after_event();
        assert!(c.dt < first);
    }
}
