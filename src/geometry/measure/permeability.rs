//! Estimates of the permeability from other measures.

/// Kozeny's constant, as Carman set it for packed beds.
const KOZENY: f64 = 5.0;
/// Of Katz and Thompson, from the critical diameter.
const KATZ_THOMPSON: f64 = 226.0;

/// Permeability in m² after Kozeny and Carman, ε³/(5 S²), from the porosity ε and the surface S
/// a volume of the whole, 1/m. `None` without a surface.
///
/// Carman, Trans. Inst. Chem. Eng. 15 (1937) 150. An estimate, for packed beds; straight pores
/// have 2 in place of 5.
pub fn kozeny_carman(porosity: f64, surface: f64) -> Option<f64> {
    (surface > 0.0).then(|| porosity.powi(3) / (KOZENY * surface * surface))
}

/// Permeability in m² after Katz and Thompson, d² (D_eff/D)/226, from the critical diameter d in m
/// and the effective diffusivity over that in the free liquid (0 to 1).
///
/// Katz and Thompson, Phys. Rev. B 34 (1986) 8179. An estimate, for rocks with a wide range of
/// pores.
pub fn katz_thompson(critical: f64, diffusivity: f64) -> f64 {
    critical * critical * diffusivity / KATZ_THOMPSON
}

#[cfg(test)]
mod tests {
    use super::*;

    /// N tubes of radius r an area: ε = Nπr², S = 2πrN, and Poiseuille's k = ε r²/8.
    #[test]
    fn tubes_have_poiseuilles_permeability_with_kozenys_2() {
        let (r, count) = (12e-6, 4e8);
        let (porosity, surface) = (count * PI * r * r, 2.0 * PI * r * count);
        let k = kozeny_carman(porosity, surface).expect("a surface");
        let poiseuille = porosity * r * r / 8.0;
        assert!((k * 5.0 / 2.0 - poiseuille).abs() < 1e-12 * poiseuille);
        assert_eq!(kozeny_carman(1.0, 0.0), None);
    }

    use std::f64::consts::PI;
}
