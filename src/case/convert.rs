//! Quantities of a solute: mass becomes amount, a pressure of oxygen a concentration.

use std::collections::HashMap;

use crate::ground::units::{self, CONCENTRATION, Dimension, MASS, PRESSURE, UnitError};

/// A quantity in the dimension expected, with the conversions of a solute.
pub(super) fn convert(
    text: &str,
    expected: Dimension,
    solute: Option<&str>,
    molar_mass: &HashMap<String, f64>,
) -> Result<f64, UnitError> {
    let error = match units::parse_as(text, expected) {
        Err(UnitError::Dimension { found, expected }) => UnitError::Dimension { found, expected },
        done => return done,
    };
    let value = units::parse(text)?;
    if value.dimension == PRESSURE && expected == CONCENTRATION && solute == Some("oxygen") {
        return Ok(units::oxygen_at(value.value));
    }
    let mass_for_amount = units::AMOUNT.times(MASS, -1).and_then(|d| value.dimension.times(d, 1));
    match solute.and_then(|s| molar_mass.get(s)) {
        Some(mass) if mass_for_amount == Some(expected) => Ok(value.value / mass),
        _ => Err(error),
    }
}
