//! Effective diffusivity of a porous scaffold: D_eff/D per total area as a function of
//! porosity.

use crate::ground::signal;
use crate::ground::units::NONE;
use crate::laws;
use crate::physics::law::{Law, LawInfo, Param};

/// A closure for the effective diffusivity.
pub trait ClosureLaw: Law {
    /// D_eff/D per total area at porosity `e` (0…1).
    fn ratio(&self, e: f64) -> f64;
}

laws! {
    /// Closures with parameters of their own; a table and a tensor of ratios stand beside them
    /// in the case file.
    pub enum Closure { Maxwell, Bruggeman, MackieMeares, Tortuosity, MillingtonQuirk, Free }
    /// D_eff/D per total area at porosity `e`.
    fn ratio(e: f64) -> f64;
}

macro_rules! closure {
    ($(#[$doc:meta])* $name:ident, $keyword:literal, $formula:literal, $reference:literal, $f:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name;
        impl Law for $name {
            const INFO: LawInfo = LawInfo {
                keyword: $keyword,
                formula: $formula,
                reference: $reference,
                params: &[],
            };
            fn new(_: &[f64]) -> Self {
                Self
            }
        }
        impl ClosureLaw for $name {
            fn ratio(&self, e: f64) -> f64 {
                let f: fn(f64) -> f64 = $f;
                f(e)
            }
        }
    };
}

closure!(
    /// Dilute impermeable spheres; the upper Hashin–Shtrikman bound.
    Maxwell, "maxwell", "2ε/(3 − ε)", "Maxwell, Treatise on Electricity and Magnetism (1873)",
    |e| 2.0 * e / (3.0 - e)
);
closure!(
    /// Packed spheres of many sizes.
    Bruggeman, "bruggeman", "ε^1.5", "Bruggeman, Ann. Phys. 416 (1935) 636",
    |e| e * e.sqrt()
);
closure!(
    /// Polymer chains of a gel as obstacles.
    MackieMeares, "mackie-meares", "ε·((1 − φ)/(1 + φ))², φ = 1 − ε",
    "Mackie and Meares, Proc. R. Soc. Lond. A 232 (1955) 498",
    |e| { let r = e / (2.0 - e); e * r * r }
);
closure!(
    /// Unsaturated porous media at full saturation.
    MillingtonQuirk, "millington-quirk", "ε^(4/3)", "Millington and Quirk, Trans. Faraday Soc. 57 (1961) 1200",
    |e| e * e.cbrt()
);
closure!(
    /// No obstruction but the loss of area.
    Free, "area", "ε", "definition: straight pores along the gradient",
    |e| e
);

/// A measured tortuosity factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tortuosity {
    /// Tortuosity factor τ ≥ 1 (not squared again).
    pub factor: f64,
}

impl Law for Tortuosity {
    const INFO: LawInfo = LawInfo {
        keyword: "tortuosity",
        formula: "ε/τ",
        reference: "Epstein, Chem. Eng. Sci. 44 (1989) 777",
        params: &[Param::positive("factor", NONE, "tortuosity factor τ").at_least(1.0)],
    };
    fn new(v: &[f64]) -> Self {
        Self { factor: v[0] }
    }
}

impl ClosureLaw for Tortuosity {
    fn ratio(&self, e: f64) -> f64 {
        e / self.factor
    }
}

/// How the ratio D_eff/D follows from the porosity.
#[derive(Clone, Debug)]
pub enum Ratio {
    /// A closure.
    Law(Closure),
    /// Measured ratios by porosity, linear between the points, constant outside.
    Table(Vec<(f64, f64)>),
    /// Measured ratios along the axes, whatever the porosity.
    Tensor([f64; 3]),
}

impl Ratio {
    /// D_eff/D at porosity `e`; 1 for a tensor, whose ratios are factors of the axes.
    pub fn at(&self, e: f64) -> f64 {
        match self {
            Ratio::Law(law) => law.ratio(e),
            Ratio::Table(points) => signal::interpolate(points, e),
            Ratio::Tensor(_) => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closures_are_one_in_free_fluid_and_below_the_upper_bound() {
        for info in Closure::LAWS {
            let values: Vec<f64> = info.params.iter().map(|_| 1.0).collect();
            let closure = Closure::build(info.keyword, &values).expect("every keyword builds");
            assert!((closure.ratio(1.0) - 1.0).abs() < 1e-15, "{}", info.keyword);
            assert_eq!(closure.ratio(0.0), 0.0);
            // Wiener: never more than straight pores.
            assert!(
                (1..20).all(|i| closure.ratio(0.05 * f64::from(i)) <= 0.05 * f64::from(i) + 1e-15)
            );
        }
        // Hashin–Shtrikman's upper bound at porosities 0.8 and 0.7: 8/11 and 14/23.
        assert!((Maxwell.ratio(0.8) - 0.727_272_727).abs() < 1e-9);
        assert!((Maxwell.ratio(0.7) - 0.608_695_652).abs() < 1e-9);
    }
}
