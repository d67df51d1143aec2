//! Values that change in time.

/// A value as a function of time, SI.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// The same at all times.
    Constant(f64),
    /// The value of the last step begun; before the first time, the first value.
    Steps(Vec<(f64, f64)>),
    /// Linear between points, constant outside; also what a CSV gives.
    Ramp(Vec<(f64, f64)>),
    /// `mean + amplitude·sin(2π t/period)`.
    Sine {
        /// Mean value.
        mean: f64,
        /// Amplitude.
        amplitude: f64,
        /// Period, s.
        period: f64,
    },
}

impl Signal {
    /// Value at time `t` (s). At a step's own time `before` chooses the value before it.
    pub fn at(&self, t: f64, before: bool) -> f64 {
        match self {
            Signal::Constant(v) => *v,
            Signal::Steps(points) => {
                let begun = points.iter().rfind(|p| if before { p.0 < t } else { p.0 <= t });
                begun.unwrap_or(&points[0]).1
            }
            Signal::Ramp(points) => interpolate(points, t),
            Signal::Sine { mean, amplitude, period } => {
                mean + amplitude * (std::f64::consts::TAU * t / period).sin()
            }
        }
    }

    /// Times at which the value jumps or kinks: a step of the solver lands on each.
    pub fn breaks(&self) -> Vec<f64> {
        match self {
            Signal::Steps(points) | Signal::Ramp(points) => points.iter().map(|p| p.0).collect(),
            Signal::Constant(_) | Signal::Sine { .. } => Vec::new(),
        }
    }

    /// Its period, s, if it has one.
    pub fn period(&self) -> Option<f64> {
        match self {
            Signal::Sine { period, .. } => Some(*period),
            _ => None,
        }
    }

    /// The same signal with every value passed through `f`.
    #[must_use]
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Signal {
        let pairs = |p: &[(f64, f64)]| p.iter().map(|&(t, v)| (t, f(v))).collect();
        match self {
            Signal::Constant(v) => Signal::Constant(f(*v)),
            Signal::Steps(p) => Signal::Steps(pairs(p)),
            Signal::Ramp(p) => Signal::Ramp(pairs(p)),
            Signal::Sine { mean, amplitude, period } => Signal::Sine {
                mean: f(*mean),
                amplitude: f(mean + amplitude) - f(*mean),
                period: *period,
            },
        }
    }

    /// Smallest and largest value ever taken.
    pub fn range(&self) -> (f64, f64) {
        match self {
            Signal::Constant(v) => (*v, *v),
            Signal::Steps(p) | Signal::Ramp(p) => p
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |r, v| (r.0.min(v.1), r.1.max(v.1))),
            Signal::Sine { mean, amplitude, .. } => {
                (mean - amplitude.abs(), mean + amplitude.abs())
            }
        }
    }
}

/// Linear between ascending points, constant outside.
pub fn interpolate(points: &[(f64, f64)], x: f64) -> f64 {
    let next = points.partition_point(|p| p.0 <= x);
    match (next.checked_sub(1).and_then(|i| points.get(i)), points.get(next)) {
        (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0),
        (Some(end), None) | (None, Some(end)) => end.1,
        (None, None) => 0.0,
    }
}
