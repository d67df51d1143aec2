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

    /// Adds `n[i]·rate(c[i])` and `n[i]·slope(c[i])` to `rate` and `slope`.
    fn accumulate(&self, n: &[f64], c: &[f64], rate: &mut [f64], slope: &mut [f64]) {
        let at_zero = self.slope(0.0);
        for (((n, &c), r), s) in n.iter().zip(c).zip(rate).zip(slope) {
            let (value, derivative) = if c > 0.0 {
                (self.rate(c), self.slope(c))
            } else {
                (at_zero * c, at_zero)
            };
            *r += n * value;
            *s += n * derivative;
        }
    }
}

laws! {
    /// Uptake per cell.
    pub enum Uptake { FirstOrder, MichaelisMenten, Hill }
}

impl Uptake {
    /// Uptake at `c`, mol/cell/s.
    pub fn rate(&self, c: f64) -> f64 {
        match self {
            Self::FirstOrder(l) => l.rate(c.max(0.0)),
            Self::MichaelisMenten(l) => l.rate(c.max(0.0)),
            Self::Hill(l) => l.rate(c.max(0.0)),
        }
    }
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
        params: &[Param::not_negative("clearance", CLEARANCE_PER_CELL, "volume cleared per cell and time")],
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
}
