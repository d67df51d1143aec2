//! A proxy of the pH of bicarbonate-buffered medium from the lactic acid in it.

use crate::ground::units::MMHG;

/// Medium buffered by bicarbonate under a given CO₂: each mole of lactic acid takes one of
/// bicarbonate, and CO₂ stays in balance with the gas,
///
/// pH = 6.1 + log₁₀([HCO₃⁻]/(0.0307 pCO₂)), [HCO₃⁻] in mM, pCO₂ in mmHg
///
/// (Henderson and Hasselbalch; constants of plasma at 37 °C, Kellum, Crit. Care 4 (2000) 6).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Buffer {
    /// Bicarbonate of fresh medium, mol/m³.
    pub bicarbonate: f64,
    /// Partial pressure of CO₂, Pa.
    pub pco2: f64,
}

impl Buffer {
    /// Share of the bicarbonate below which the proxy ends: other buffers hold the pH then.
    pub const END: f64 = 0.01;

    /// pH at this concentration of lactate, mol/m³; the lowest value that the proxy knows once the
    /// bicarbonate is used up.
    pub fn ph(&self, lactate: f64) -> f64 {
        let left = (self.bicarbonate - lactate).max(Self::END * self.bicarbonate);
        6.1 + (left / (0.0307 * self.pco2 / MMHG)).log10()
    }

    /// True where the bicarbonate is used up.
    pub fn exhausted(&self, lactate: f64) -> bool {
        self.bicarbonate - lactate <= Self::END * self.bicarbonate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blood_and_its_acidosis() {
        // Arterial blood: 24 mM under 40 mmHg is pH 7.4 (any textbook); half of it 0.301 less.
        let blood = Buffer { bicarbonate: 24.0, pco2: 40.0 * MMHG };
        assert!((blood.ph(0.0) - 7.39).abs() < 0.01, "{}", blood.ph(0.0));
        assert!((blood.ph(0.0) - blood.ph(12.0) - 2.0_f64.log10()).abs() < 1e-12);
        assert!(blood.exhausted(23.9) && !blood.exhausted(23.0));
        assert!((blood.ph(0.0) - blood.ph(30.0) - 2.0).abs() < 1e-12);
    }
}
