//! Uptake of a solute by a cell.

use crate::ground::units::{CLEARANCE_PER_CELL, CONCENTRATION, NONE, UPTAKE_PER_CELL};
use crate::laws;
use crate::physics::law::{Law, LawInfo, Param};

/// An uptake law: mol per cell and second as a function of concentration.
///
/// Below zero every law continues with its slope at zero: the sink stays monotone and Newton's
/// method cannot land on a negative root.
pub trait UptakeLaw: Law {
    /// Uptake at concentration `c` ≥ 0 (mol/m³), mol/cell/s.
    fn rate(&self, c: f64) -> f64;
    /// Derivative of the uptake by concentration at `c` ≥ 0.
    fn slope(&self, c: f64) -> f64;

    /// True if the rate is proportional to `c`.
    fn linear(&self) -> bool {
        false
    }
    /// Uptake that sets the Thiele modulus: the largest, or the one at `c0` without bound.
    fn reference_rate(&self, c0: f64) -> f64 {
        self.rate(c0)
    }

    /// Rate and slope at any `c`.
    #[inline(always)]
    fn both(&self, c: f64) -> [f64; 2] {
        if c > 0.0 {
            return [self.rate(c), self.slope(c)];
        }
        let at_zero = self.slope(0.0);
        [at_zero * c, at_zero]
    }

    /// Adds `n[i]` times both at `c[i]` to `rate` and `slope`, or writes it there where they hold
    /// nothing yet.
    #[inline(always)]
    fn accumulate(&self, n: &[f64], c: &[f64], adds: bool, rate: &mut [f64], slope: &mut [f64]) {
        for (((n, &c), r), s) in n.iter().zip(c).zip(rate).zip(slope) {
            let [value, derivative] = self.both(c);
            let (rate, slope) = if adds { (*r, *s) } else { (0.0, 0.0) };
            *r = rate + n * value;
            *s = slope + n * derivative;
        }
    }
}

laws! {
    /// Uptake per cell.
    pub enum Uptake { FirstOrder, MichaelisMenten, Hill, ZeroOrder }
    /// Uptake at `c` ≥ 0, mol/cell/s.
    fn rate(c: f64) -> f64;
    /// Derivative of the uptake by concentration at `c` ≥ 0.
    fn slope(c: f64) -> f64;
    /// True if the rate is proportional to `c`.
    fn linear() -> bool;
    /// See [`UptakeLaw::reference_rate`].
    fn reference_rate(c0: f64) -> f64;
    /// See [`UptakeLaw::accumulate`].
    fn accumulate(n: &[f64], c: &[f64], adds: bool, rate: &mut [f64], slope: &mut [f64]);
}

/// Uptake in proportion to concentration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FirstOrder {
    /// Volume cleared per cell and second, m³/cell/s.
    pub clearance: f64,
}

impl Law for FirstOrder {
    const INFO: LawInfo = LawInfo {
        keyword: "first-order",
        formula: "k·c",
        reference: "Thiele, Ind. Eng. Chem. 31 (1939) 916",
        params: &[Param::not_negative(
            "clearance",
            CLEARANCE_PER_CELL,
            "volume cleared per cell and time",
        )],
    };
    fn new(v: &[f64]) -> Self {
        Self { clearance: v[0] }
    }
}

impl UptakeLaw for FirstOrder {
    fn rate(&self, c: f64) -> f64 {
        self.clearance * c
    }
    fn slope(&self, _: f64) -> f64 {
        self.clearance
    }
    fn linear(&self) -> bool {
        true
    }
}

/// Saturating uptake of an enzyme or transporter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MichaelisMenten {
    /// Largest uptake, mol/cell/s.
    pub vmax: f64,
    /// Concentration of half the largest uptake, mol/m³.
    pub km: f64,
}

impl Law for MichaelisMenten {
    const INFO: LawInfo = LawInfo {
        keyword: "michaelis-menten",
        formula: "vmax·c/(km + c)",
        reference: "Michaelis and Menten, Biochem. Z. 49 (1913) 333",
        params: &[
            Param::not_negative("vmax", UPTAKE_PER_CELL, "largest uptake per cell"),
            Param::positive("km", CONCENTRATION, "concentration of half the largest uptake"),
        ],
    };
    fn new(v: &[f64]) -> Self {
        Self { vmax: v[0], km: v[1] }
    }
}

impl UptakeLaw for MichaelisMenten {
    fn rate(&self, c: f64) -> f64 {
        self.both(c)[0]
    }
    fn slope(&self, c: f64) -> f64 {
        self.both(c)[1]
    }
    fn reference_rate(&self, _: f64) -> f64 {
        self.vmax
    }
    /// One division and no branch.
    #[inline(always)]
    fn both(&self, c: f64) -> [f64; 2] {
        let free = 1.0 / (self.km + if c > 0.0 { c } else { 0.0 });
        [self.vmax * c * free, self.vmax * self.km * (free * free)]
    }
}

/// Cooperative uptake.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hill {
    /// Largest uptake, mol/cell/s.
    pub vmax: f64,
    /// Concentration of half the largest uptake, mol/m³.
    pub half: f64,
    /// Exponent, at least 1.
    pub exponent: f64,
}

impl Law for Hill {
    const INFO: LawInfo = LawInfo {
        keyword: "hill",
        formula: "vmax·c^p/(half^p + c^p)",
        reference: "Hill, J. Physiol. 40 (1910) iv",
        params: &[
            Param::not_negative("vmax", UPTAKE_PER_CELL, "largest uptake per cell"),
            Param::positive("half", CONCENTRATION, "concentration of half the largest uptake"),
            Param::positive("exponent", NONE, "steepness").at_least(1.0).up_to(16.0),
        ],
    };
    fn new(v: &[f64]) -> Self {
        Self { vmax: v[0], half: v[1], exponent: v[2] }
    }
}

impl UptakeLaw for Hill {
    fn rate(&self, c: f64) -> f64 {
        let x = (c / self.half).powf(self.exponent);
        self.vmax * x / (1.0 + x)
    }
    fn slope(&self, c: f64) -> f64 {
        if c <= 0.0 {
            return if self.exponent == 1.0 { self.vmax / self.half } else { 0.0 };
        }
        let x = (c / self.half).powf(self.exponent);
        self.vmax * self.exponent * x / (c * (1.0 + x) * (1.0 + x))
    }
    fn reference_rate(&self, _: f64) -> f64 {
        self.vmax
    }
}

/// Uptake that does not fall with concentration until the solute is used up.
///
/// A jump at zero has no root there: it is Michaelis–Menten with a small `km`, which a case sets to
/// 1e-4 of the concentration that feeds the construct.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZeroOrder(pub MichaelisMenten);

impl ZeroOrder {
    /// `km` over the concentration that feeds the construct.
    pub const FADES: f64 = 1e-4;
}

impl Law for ZeroOrder {
    const INFO: LawInfo = LawInfo {
        keyword: "zero-order",
        formula: "vmax·c/(1e-4 c₀ + c), c₀ the concentration at the feeding faces or the initial one",
        reference: "Hill, Proc. R. Soc. B 104 (1928) 39",
        params: &[Param::not_negative("vmax", UPTAKE_PER_CELL, "uptake per cell")],
    };
    fn new(v: &[f64]) -> Self {
        Self(MichaelisMenten { vmax: v[0], km: Self::FADES })
    }
}

impl UptakeLaw for ZeroOrder {
    fn rate(&self, c: f64) -> f64 {
        self.0.rate(c)
    }
    fn slope(&self, c: f64) -> f64 {
        self.0.slope(c)
    }
    #[inline(always)]
    fn both(&self, c: f64) -> [f64; 2] {
        self.0.both(c)
    }
    fn reference_rate(&self, c0: f64) -> f64 {
        self.0.reference_rate(c0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each law of the list with every parameter at 2 (within its bounds).
    fn laws() -> Vec<Uptake> {
        let built = Uptake::LAWS.iter().map(|info| {
            let values: Vec<f64> =
                info.params.iter().map(|p| 2.0_f64.clamp(p.min, p.max)).collect();
            Uptake::build(info.keyword, &values)
        });
        built.collect::<Option<Vec<_>>>().expect("every keyword builds")
    }

    #[test]
    fn slopes_are_the_derivatives_of_the_rates() {
        for law in laws() {
            for c in [1e-3, 0.3, 1.0, 2.0, 7.0, 50.0] {
                let d = 1e-5 * c;
                let difference = (law.rate(c + d) - law.rate(c - d)) / (2.0 * d);
                let slope = law.slope(c);
                let name = law.info().keyword;
                assert!(
                    // The difference has the round-off of the rates.
                    (slope - difference).abs()
                        <= 1e-6 * slope.abs().max(1e-9) + 2.0 * f64::EPSILON * law.rate(c) / d,
                    "{name} at {c}"
                );
                assert!(slope >= 0.0 && law.rate(c) >= 0.0, "{name} at {c}");
            }
            assert_eq!(law.rate(0.0), 0.0);
        }
    }

    #[test]
    fn sinks_continue_linearly_below_zero() {
        for law in laws() {
            let (mut rate, mut slope) = ([0.0; 2], [0.0; 2]);
            law.accumulate(&[3.0, 3.0], &[-1e-3, -2e-3], true, &mut rate, &mut slope);
            assert_eq!(slope, [3.0 * law.slope(0.0); 2]);
            assert!((rate[1] - 2.0 * rate[0]).abs() < 1e-15 && rate[0] <= 0.0);
        }
    }
}
