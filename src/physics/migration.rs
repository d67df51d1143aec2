//! Migration of cells: random motility, and drift along a gradient of an attractant.

/// What cells sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cue {
    /// The solute with this number, mol/m³.
    Solute(usize),
    /// The matrix with this number, kg/m³.
    Matrix(usize),
}

/// Random motility.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Motility {
    /// The same everywhere, m²/s; 0: cells stay.
    Constant(f64),
    /// D·n/capacity: cells move where they are crowded (porous-Fisher; Simpson et al.,
    /// J. Theor. Biol. 390 (2016) 136).
    Porous {
        /// D at capacity, m²/s.
        diffusivity: f64,
        /// cells/m³.
        capacity: f64,
    },
    /// Largest·2·K·m/(K² + m²) at the density m of a matrix to which cells adhere, largest at m = K
    /// (haptokinesis; Bailón-Plaza and van der Meulen, J. Theor. Biol. 212 (2001) 191).
    Haptokinetic {
        /// Number of the matrix.
        of: usize,
        /// Largest motility, m²/s.
        largest: f64,
        /// K, kg/m³.
        at: f64,
    },
}

impl Motility {
    /// Largest motility, m²/s.
    pub fn largest(&self) -> f64 {
        match *self {
            Motility::Constant(d) => d,
            Motility::Porous { diffusivity, .. } => diffusivity,
            Motility::Haptokinetic { largest, .. } => largest,
        }
    }
}

/// Motility at a concentration, relative to the largest: 2Km/(K² + m²).
pub fn haptokinesis(m: f64, at: f64) -> f64 {
    let m = m.max(0.0);
    2.0 * at * m / (at * at + m * m)
}

/// Drift χ(c)·∇c of cells towards more of a solute (chemotaxis) or of a matrix (haptotaxis; Keller and Segel, J. Theor. Biol. 30 (1971) 225).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Taxis {
    /// What draws them.
    pub of: Cue,
    /// Sensitivity χ where receptors are free, m⁵/mol/s or m⁵/kg/s; negative: cells flee.
    pub sensitivity: f64,
    /// Concentration at which half of the receptors are bound: χ·K²/(K + c)²; infinite: constant.
    pub half: f64,
}

impl Taxis {
    /// ∫χ dc from 0: the potential whose gradient the cells follow, m²/s.
    pub fn potential(&self, c: f64) -> f64 {
        let c = c.max(0.0);
        if self.half.is_finite() {
            self.sensitivity * self.half * c / (self.half + c)
        } else {
            self.sensitivity * c
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_potential_is_the_integral_of_the_sensitivity() {
        let taxis = Taxis { of: Cue::Solute(0), sensitivity: 3.0, half: 0.4 };
        let chi = |c: f64| 3.0 * 0.4 * 0.4 / ((0.4 + c) * (0.4 + c));
        // Simpson's rule on 0…1.
        let n = 1000;
        let sum: f64 = (0..n)
            .map(|i| {
                let (a, h) = (f64::from(i) / f64::from(n), 1.0 / f64::from(n));
                h / 6.0 * (chi(a) + 4.0 * chi(a + 0.5 * h) + chi(a + h))
            })
            .sum();
        assert!((taxis.potential(1.0) - sum).abs() < 1e-12);
        assert_eq!(Taxis { half: f64::INFINITY, ..taxis }.potential(2.0), 6.0);
    }

    #[test]
    fn haptokinesis_is_largest_at_its_constant() {
        assert_eq!(haptokinesis(0.25, 0.25), 1.0);
        // 2·0.25·0.5/(0.0625 + 0.25) = 0.8
        assert!((haptokinesis(0.5, 0.25) - 0.8).abs() < 1e-15);
        assert_eq!(haptokinesis(0.0, 0.25), 0.0);
    }
}
