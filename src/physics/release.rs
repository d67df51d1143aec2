//! Release of a loaded solute from the scaffold: the cumulative fraction F(t).

use crate::ground::signal::interpolate;

/// Share up to which the power law of Korsmeyer and Peppas holds.
pub const PEPPAS_CUT: f64 = 0.6;

/// Cumulative fraction released as a function of time; a burst leaves at time 0.
#[derive(Clone, Debug, PartialEq)]
pub enum Release {
    /// F = b + (1 − b)(1 − exp(−kt)).
    FirstOrder {
        /// k, 1/s.
        rate: f64,
        /// Share b that leaves at once.
        burst: f64,
    },
    /// F = b + (1 − b)·t/T up to T.
    ZeroOrder {
        /// T, s.
        over: f64,
        /// Share b that leaves at once.
        burst: f64,
    },
    /// F = (t/τ)^n up to 60 % (Korsmeyer et al., Int. J. Pharm. 15 (1983) 25; Ritger and Peppas,
    /// J. Control. Release 5 (1987) 23). Beyond, the exponential approach of diffusion at late times
    /// (Baker and Lonsdale 1974), with the value and the slope of the power law where they meet:
    /// F = 1 − 0.4·exp(−λ(t − t₆₀)), λ = 1.5 n/t₆₀.
    KorsmeyerPeppas {
        /// τ at which the power law reaches 1, s: k = τ^−n.
        scale: f64,
        /// n.
        exponent: f64,
    },
    /// A measured course: rows of time (s, from 0) and fraction, linear between them, constant
    /// after the last.
    Measured(Vec<(f64, f64)>),
}

impl Release {
    /// A measured course from rows of ascending time and fraction; it begins at 0 at time 0, and
    /// what a row holds at time 0 or before is a burst.
    pub fn measured(mut rows: Vec<(f64, f64)>) -> Release {
        if rows.first().is_some_and(|r| r.0 > 0.0) {
            rows.insert(0, (0.0, 0.0));
        }
        Release::Measured(rows)
    }

    /// Fraction released up to `t` (s); 0 at time 0.
    pub fn cumulative(&self, t: f64) -> f64 {
        if t <= 0.0 {
            return 0.0;
        }
        match self {
            Release::FirstOrder { rate, burst } => burst - (1.0 - burst) * (-rate * t).exp_m1(),
            Release::ZeroOrder { over, burst } => burst + (1.0 - burst) * (t / over).min(1.0),
            Release::KorsmeyerPeppas { scale, exponent } => {
                let meet = cut(*scale, *exponent);
                if t <= meet {
                    (t / scale).powf(*exponent)
                } else {
                    let decay = exponent * PEPPAS_CUT / ((1.0 - PEPPAS_CUT) * meet);
                    1.0 - (1.0 - PEPPAS_CUT) * (-decay * (t - meet)).exp()
                }
            }
            Release::Measured(rows) => interpolate(rows, t),
        }
    }

    /// Times at which the course kinks: a step of the solver lands on each.
    pub fn breaks(&self) -> Vec<f64> {
        match self {
            Release::FirstOrder { .. } => Vec::new(),
            Release::ZeroOrder { over, .. } => vec![*over],
            Release::KorsmeyerPeppas { scale, exponent } => vec![cut(*scale, *exponent)],
            Release::Measured(rows) => rows.iter().map(|r| r.0).collect(),
        }
    }
}

/// Time at which the power law reaches its end, s.
fn cut(scale: f64, exponent: f64) -> f64 {
    scale * PEPPAS_CUT.powf(1.0 / exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_late_course_of_peppas_meets_the_power_law_and_nears_fick() {
        // A slab of thickness L by diffusion: early F = 4 √(τ/π), τ = Dt/L², so F = (t/scale)^½
        // with scale = π/16; exact F = 1 − Σ 8/((2j+1)²π²) exp(−(2j+1)²π²τ) (Crank 1975, 4.18).
        let law = Release::KorsmeyerPeppas { scale: std::f64::consts::PI / 16.0, exponent: 0.5 };
        let meet = law.breaks()[0];
        let (before, after) = (law.cumulative(meet), law.cumulative(meet * (1.0 + 1e-9)));
        assert!((before - 0.6).abs() < 1e-12 && (after - before).abs() < 1e-8);
        let slope = |t: f64| (law.cumulative(t + 1e-7) - law.cumulative(t)) / 1e-7;
        assert!((slope(meet - 2e-7) / slope(meet + 1e-7) - 1.0).abs() < 1e-4);
        for tau in [0.01, 0.05, 0.08, 0.1, 0.2, 0.4] {
            let term = |j: f64| {
                let q = (2.0 * j + 1.0) * std::f64::consts::PI;
                8.0 / (q * q) * (-q * q * tau).exp()
            };
            let exact = 1.0 - (0..50).map(|j| term(f64::from(j))).sum::<f64>();
            assert!((law.cumulative(tau) - exact).abs() < 0.012, "{tau}: {exact}");
        }
    }

    #[test]
    fn courses_rise_from_zero_to_their_end() {
        let rows = vec![(10.0, 0.3), (20.0, 0.3), (30.0, 0.9)];
        let laws = [
            Release::FirstOrder { rate: 0.1, burst: 0.2 },
            Release::ZeroOrder { over: 25.0, burst: 0.1 },
            Release::KorsmeyerPeppas { scale: 30.0, exponent: 0.45 },
            Release::measured(rows.clone()),
        ];
        for law in &laws {
            assert_eq!(law.cumulative(0.0), 0.0);
            let values: Vec<f64> = (0..400).map(|i| law.cumulative(f64::from(i))).collect();
            assert!(values.windows(2).all(|w| w[1] >= w[0]) && values[399] <= 1.0, "{law:?}");
        }
        assert!((laws[0].cumulative(1e-12) - 0.2).abs() < 1e-9);
        assert_eq!(laws[1].cumulative(12.5), 0.1 + 0.9 * 0.5);
        assert_eq!(laws[3].cumulative(5.0), 0.15);
        assert!((laws[3].cumulative(25.0) - 0.6).abs() < 1e-15);
        assert_eq!(laws[3].cumulative(99.0), 0.9);
    }
}
