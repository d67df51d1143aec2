//! Choice of the time step from the estimated error of a second-order step, and from events.

/// Step control.
#[derive(Clone, Debug)]
pub struct Control {
    /// Next step to try, s.
    pub dt: f64,
    /// Longest step, s.
    pub max: f64,
    /// First step after a start or an event, s.
    pub restart: f64,
}

impl Control {
    /// Control with this longest step.
    pub fn new(max: f64) -> Control {
        let restart = (max / 500.0).min(60.0);
        Control { dt: restart, max, restart }
    }

    /// A jump happened: begin with a small step.
    pub fn after_event(&mut self) {
        self.dt = self.dt.min(self.restart);
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
    /// step is accepted. The local error falls with dt³.
    pub fn judge(&mut self, dt: f64, error: f64) -> bool {
        let factor = if error > 0.0 { 0.9 / error.cbrt() } else { 2.0 };
        let accepted = error <= 1.0;
        if accepted {
            // A step cut short by an event says nothing against the longer one planned.
            let grown = dt * factor.clamp(0.3, 2.0);
            self.dt = if dt < self.dt && factor >= 1.0 { grown.max(self.dt) } else { grown };
        } else {
            self.dt = dt * factor.clamp(0.1, 0.7);
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
        let c = Control { dt: 10.0, max: 100.0, restart: 1.0 };
        assert_eq!(c.propose(10.0), 10.0);
        assert_eq!(c.propose(7.0), 7.0);
        assert_eq!(c.propose(12.0), 6.0);
        assert_eq!(c.propose(25.0), 10.0);
    }

    #[test]
    fn an_event_does_not_shorten_the_plan() {
        let mut c = Control { dt: 10.0, max: 100.0, restart: 1.0 };
        assert!(c.judge(2.0, 0.01));
        assert_eq!(c.dt, 10.0);
        assert!(!c.judge(10.0, 4.0));
        assert!(c.dt < 10.0);
    }
}
