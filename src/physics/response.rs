//! How growth, death and quiescence answer to a solute, or in the same way to the shear on the pore
//! walls (c is then a stress, Pa): factors between 0 and 1, and stimulation above 1.

use crate::ground::units::{CONCENTRATION, NONE};
use crate::laws;
use crate::physics::law::{Law, LawInfo, Param};

/// A factor between 0 and 1.
pub trait ResponseLaw: Law {
    /// Factor at concentration `c` ≥ 0 (mol/m³).
    fn factor(&self, c: f64) -> f64;
    /// Writes the factor of each concentration.
    #[inline(always)]
    fn fill(&self, c: &[f64], out: &mut [f64]) {
        for (o, &c) in out.iter_mut().zip(c) {
            *o = self.factor(c.max(0.0));
        }
    }
}

laws! {
    /// Limits of growth: 1 where the solute does not limit.
    pub enum Limit { Monod, Inhibition }
    /// Factor at `c` ≥ 0.
    fn factor(c: f64) -> f64;
    /// See [`ResponseLaw::fill`].
    fn fill(c: &[f64], out: &mut [f64]);
}

laws! {
    /// Triggers of death and quiescence: 1 where the trigger is fully on.
    pub enum Trigger { Below, Above }
    /// Factor at `c` ≥ 0.
    fn factor(c: f64) -> f64;
    /// See [`ResponseLaw::fill`].
    fn fill(c: &[f64], out: &mut [f64]);
}

/// A factor of an uptake that goes from 1, where there is plenty of another solute, to `factor`
/// where there is none (Pasteur effect of oxygen on glucose, Crabtree effect of glucose on oxygen):
/// 1 + (factor − 1)·K^p/(K^p + c^p).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Modulation {
    /// Factor without the other solute, at least 0.
    pub factor: f64,
    /// Where it is on.
    pub on: Below,
}

impl Modulation {
    /// Factor at concentration `c` ≥ 0 of the other solute.
    pub fn factor(&self, c: f64) -> f64 {
        1.0 + (self.factor - 1.0) * self.on.factor(c)
    }
}

/// A factor of growth that goes from 1 without a stimulus to `factor` where there is plenty of it
/// (growth factors, shear on the pore walls): 1 + (factor − 1)·c^p/(half^p + c^p).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stimulation {
    /// Factor where the stimulus is strong, at least 1.
    pub factor: f64,
    /// Where it is on.
    pub on: Above,
}

impl Stimulation {
    /// Factor at `c` ≥ 0 of the stimulus.
    pub fn factor(&self, c: f64) -> f64 {
        1.0 + (self.factor - 1.0) * self.on.factor(c)
    }
}

/// `x^p` with the common exponents done by multiplication.
fn power(x: f64, p: f64) -> f64 {
    match p {
        1.0 => x,
        2.0 => x * x,
        4.0 => (x * x) * (x * x),
        _ => x.powf(p),
    }
}

/// A nutrient that growth needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Monod {
    /// Concentration of half the full rate, mol/m³.
    pub half: f64,
}

impl Law for Monod {
    const INFO: LawInfo = LawInfo {
        keyword: "monod",
        formula: "c/(half + c)",
        reference: "Monod, Annu. Rev. Microbiol. 3 (1949) 371",
        params: &[Param::positive("half", CONCENTRATION, "concentration of half the full rate")],
    };
    fn new(v: &[f64]) -> Self {
        Self { half: v[0] }
    }
}

impl ResponseLaw for Monod {
    fn factor(&self, c: f64) -> f64 {
        c / (self.half + c)
    }
}

/// A product or toxin that slows growth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inhibition {
    /// Concentration that halves the rate, mol/m³.
    pub half: f64,
    /// Exponent.
    pub exponent: f64,
}

impl Law for Inhibition {
    const INFO: LawInfo = LawInfo {
        keyword: "inhibition",
        formula: "1/(1 + (c/half)^p)",
        reference: "Han and Levenspiel, Biotechnol. Bioeng. 32 (1988) 430",
        params: &[
            Param::positive("half", CONCENTRATION, "concentration that halves the rate"),
            Param::positive("exponent", NONE, "steepness").at_least(1.0).up_to(16.0).or(1.0),
        ],
    };
    fn new(v: &[f64]) -> Self {
        Self { half: v[0], exponent: v[1] }
    }
}

impl ResponseLaw for Inhibition {
    fn factor(&self, c: f64) -> f64 {
        1.0 / (1.0 + power(c / self.half, self.exponent))
    }
}

/// On where a nutrient is short.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Below {
    /// Concentration of half effect, mol/m³.
    pub half: f64,
    /// Exponent.
    pub exponent: f64,
}

impl Law for Below {
    const INFO: LawInfo = LawInfo {
        keyword: "below",
        formula: "half^p/(half^p + c^p)",
        reference: "Hill, J. Physiol. 40 (1910) iv",
        params: &[
            Param::positive("half", CONCENTRATION, "concentration of half effect"),
            Param::positive("exponent", NONE, "steepness").at_least(1.0).up_to(16.0).or(4.0),
        ],
    };
    fn new(v: &[f64]) -> Self {
        Self { half: v[0], exponent: v[1] }
    }
}

impl ResponseLaw for Below {
    fn factor(&self, c: f64) -> f64 {
        1.0 / (1.0 + power(c / self.half, self.exponent))
    }
}

/// On where a product or toxin is high.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Above {
    /// Concentration of half effect, mol/m³.
    pub half: f64,
    /// Exponent.
    pub exponent: f64,
}

impl Law for Above {
    const INFO: LawInfo = LawInfo {
        keyword: "above",
        formula: "c^p/(half^p + c^p)",
        reference: "Hill, J. Physiol. 40 (1910) iv",
        params: &[
            Param::positive("half", CONCENTRATION, "concentration of half effect"),
            Param::positive("exponent", NONE, "steepness").at_least(1.0).up_to(16.0).or(4.0),
        ],
    };
    fn new(v: &[f64]) -> Self {
        Self { half: v[0], exponent: v[1] }
    }
}

impl ResponseLaw for Above {
    fn factor(&self, c: f64) -> f64 {
        let x = power(c / self.half, self.exponent);
        x / (1.0 + x)
    }
}

/// How several factors become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// Growth: product of the limits.
    Product,
    /// Growth: the smallest limit.
    Minimum,
    /// Death: all triggers are needed, Π Hᵢ.
    All,
    /// Death: any trigger suffices, 1 − Π(1 − Hᵢ).
    Any,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Factor at a concentration for an exponent.
    type Factor = fn(f64, f64) -> f64;

    #[test]
    fn factors_lie_between_zero_and_one_and_are_half_at_half() {
        for exponent in [1.0, 2.0, 4.0, 2.5] {
            let laws: [(Factor, bool); 3] = [
                (|c, p| Inhibition { half: 0.3, exponent: p }.factor(c), false),
                (|c, p| Below { half: 0.3, exponent: p }.factor(c), false),
                (|c, p| Above { half: 0.3, exponent: p }.factor(c), true),
            ];
            for (factor, rises) in laws {
                assert!((factor(0.3, exponent) - 0.5).abs() < 1e-15);
                let values: Vec<f64> =
                    (0..50).map(|i| factor(0.05 * f64::from(i), exponent)).collect();
                assert!(values.iter().all(|f| (0.0..=1.0).contains(f)));
                assert!(values.windows(2).all(|w| (w[1] >= w[0]) == rises || w[0] == w[1]));
            }
        }
        assert_eq!(Monod { half: 2.0 }.factor(2.0), 0.5);
    }
}
