//! Degradation of the scaffold: the fraction of it that is left at a time.

/// What is left of the scaffold as a function of time; 1 at time 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Degradation {
    /// w′ = −k w (surface erosion of thin struts, enzymes in excess).
    FirstOrder {
        /// k, 1/s.
        rate: f64,
    },
    /// w′ = −k w (1 − w + a): the acid set free speeds up hydrolysis (bulk erosion of PLGA;
    /// Siparsky et al., J. Environ. Polym. Degrad. 6 (1998) 31). w = b/(1 + (b − 1) exp(k b t)),
    /// b = 1 + a.
    Autocatalytic {
        /// k, 1/s.
        rate: f64,
        /// a: acid at the start, relative to that of the whole scaffold set free; greater than 0.
        start: f64,
    },
    /// Chains shorten, Mn = Mn₀ exp(−k t), and mass is lost, w′ = −r w, only once Mn is below the
    /// threshold under which pieces dissolve (Pitt et al., Biomaterials 2 (1981) 215).
    Threshold {
        /// k, 1/s.
        scission: f64,
        /// Mn₀ over the threshold.
        ratio: f64,
        /// r, 1/s.
        loss: f64,
    },
}

impl Degradation {
    /// Fraction left at `t` ≥ 0 (s).
    pub fn left(&self, t: f64) -> f64 {
        match *self {
            Degradation::FirstOrder { rate } => (-rate * t).exp(),
            Degradation::Autocatalytic { rate, start } => {
                let b = 1.0 + start;
                b / (1.0 + start * (rate * b * t).exp())
            }
            Degradation::Threshold { loss, .. } => {
                (-loss * (t - self.onset().unwrap_or(0.0)).max(0.0)).exp()
            }
        }
    }

    /// Time at which loss of mass sets in with a kink, s.
    pub fn onset(&self) -> Option<f64> {
        match *self {
            Degradation::Threshold { scission, ratio, .. } => {
                Some(if ratio <= 1.0 { 0.0 } else { ratio.ln() / scission })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn courses_solve_their_equations() {
        let autocatalytic = |w: f64| -2.0 * w * (1.0 - w + 0.03);
        let laws: [(Degradation, &dyn Fn(f64) -> f64); 2] = [
            (Degradation::FirstOrder { rate: 2.0 }, &|w| -2.0 * w),
            (Degradation::Autocatalytic { rate: 2.0, start: 0.03 }, &autocatalytic),
        ];
        for (law, slope) in laws {
            assert_eq!(law.left(0.0), 1.0);
            for t in [0.1, 0.5, 2.0, 3.0] {
                let found = (law.left(t + 1e-5) - law.left(t - 1e-5)) / 2e-5;
                assert!((found - slope(law.left(t))).abs() < 1e-8, "{law:?} at {t}");
            }
        }
        // 80 kDa to 5 kDa at 1 a time: ln 16.
        let law = Degradation::Threshold { scission: 1.0, ratio: 16.0, loss: 0.5 };
        assert_eq!(law.left(16.0_f64.ln()), 1.0);
        assert!((law.left(16.0_f64.ln() + 2.0) - (-1.0_f64).exp()).abs() < 1e-15);
        // No scission: never.
        let law = Degradation::Threshold { scission: 0.0, ratio: 16.0, loss: 0.5 };
        assert_eq!(law.left(1e12), 1.0);
        assert_eq!(Degradation::Autocatalytic { rate: 1.0, start: 1e-3 }.left(1e9), 0.0);
    }
}
