//! Flow through a porous scaffold: permeability from porosity, and the shear on pore walls.

use crate::ground::units::{LENGTH, NONE};
use crate::laws;
use crate::physics::law::{Law, LawInfo, Param};

/// A closure for the permeability.
pub trait PermeabilityLaw: Law {
    /// Permeability, m², at porosity `e` (0…1).
    fn permeability(&self, e: f64) -> f64;
}

laws! {
    /// Closures for the permeability; given values and a table stand beside them in the case file.
    pub enum Permeability { KozenyCarman }
    /// Permeability, m², at porosity `e`.
    fn permeability(e: f64) -> f64;
}

/// A bed of equal spheres; with another constant, fibres and foams.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KozenyCarman {
    /// Diameter of the particles or struts, m.
    pub diameter: f64,
    /// 180 for spheres.
    pub constant: f64,
}

impl Law for KozenyCarman {
    const INFO: LawInfo = LawInfo {
        keyword: "kozeny-carman",
        formula: "ε³·diameter²/(constant·(1 − ε)²)",
        reference: "Carman, Trans. Inst. Chem. Eng. 15 (1937) 150; 180 for spheres",
        params: &[
            Param::positive("diameter", LENGTH, "diameter of particles or struts"),
            Param::positive("constant", NONE, "180 for a bed of spheres"),
        ],
    };
    fn new(v: &[f64]) -> Self {
        Self { diameter: v[0], constant: v[1] }
    }
}

impl PermeabilityLaw for KozenyCarman {
    fn permeability(&self, e: f64) -> f64 {
        let solid = (1.0 - e).max(1e-6);
        e.powi(3) * self.diameter * self.diameter / (self.constant * solid * solid)
    }
}

/// Shear stress on the walls of straight round pores, √2·µ|u|/√(εK) with u superficial, Pa: a bundle
/// of tubes of radius R has K = εR²/8 and the wall shear 4µ(|u|/ε)/R. Real pores vary around it by
/// a factor of a few.
pub fn wall_shear(viscosity: f64, speed: f64, porosity: f64, permeability: f64) -> f64 {
    if permeability > 0.0 {
        std::f64::consts::SQRT_2 * viscosity * speed / (porosity * permeability).sqrt()
    } else {
        0.0
    }
}

/// Density of medium, kg/m³: water at 37 °C (IAPWS).
const DENSITY: f64 = 993.3;

/// Reynolds number ρ(u/ε)d/µ of straight round pores of the same permeability, d = √(32K/ε), with u
/// superficial; no pore is wider than `widest` (m), the walls around an open channel.
pub fn reynolds(viscosity: f64, speed: f64, porosity: f64, permeability: f64, widest: f64) -> f64 {
    if porosity > 0.0 {
        let diameter = (32.0 * permeability / porosity).sqrt().min(widest);
        DENSITY * (speed / porosity) * diameter / viscosity
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tubes_have_poiseuille_wall_shear() {
        // u/ε is the mean velocity in tubes of radius R: τ = 4µ·(u/ε)/R, K = εR²/8.
        let (mu, radius, e, u) = (7e-4, 5e-5, 0.6, 1e-4);
        let k = e * radius * radius / 8.0;
        let exact = 4.0 * mu * (u / e) / radius;
        assert!((wall_shear(mu, u, e, k) - exact).abs() < 1e-12 * exact);
    }

    #[test]
    fn the_reynolds_number_of_tubes() {
        // Tubes of 100 µm at a mean velocity of 7 mm/s: 993.3·7e-3·1e-4/7e-4 = 0.9933.
        let (d, e) = (1e-4, 0.5);
        let found = reynolds(7e-4, e * 7e-3, e, e * d * d / 32.0, 1.0);
        assert!((found - 0.9933).abs() < 1e-12, "{found}");
    }

    #[test]
    fn kozeny_carman_of_a_bed_of_spheres() {
        // ε = 0.4, d = 100 µm: 0.064·1e-8/(180·0.36) = 9.8765e-12 m².
        let law = KozenyCarman { diameter: 1e-4, constant: 180.0 };
        assert!((law.permeability(0.4) - 9.876_543_21e-12).abs() < 1e-20);
    }
}
