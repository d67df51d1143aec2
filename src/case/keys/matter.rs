//! Keys of the degradation of the scaffold and of the extracellular matrix.

use super::forms::{in_space, limits, rate};
use crate::case::shape::{Range, Shape, key};
use crate::ground::units::{MASS_DENSITY, MASS_PER_CELL, MOLAR_MASS, NONE};

/// How the scaffold degrades.
pub(in crate::case) fn degradation() -> Shape {
    let start = "a: acid at the start over that of the whole scaffold set free.";
    Shape::one_of(
        "law",
        vec![
            key(
                "first-order",
                Shape::table(vec![key("rate", rate(), "Rate k.")]),
                "w′ = −k w, w the fraction left.",
            ),
            key(
                "autocatalytic",
                Shape::table(vec![
                    key("rate", rate(), "Rate k."),
                    key("start", Shape::positive(NONE), start).or("0.01"),
                ]),
                "w′ = −k w (1 − w + a). Siparsky et al., J. Environ. Polym. Degrad. 6 (1998) 31.",
            ),
            key(
                "mn-threshold",
                Shape::table(vec![
                    key("start", Shape::positive(MOLAR_MASS), "Mn of the polymer at time 0."),
                    key("threshold", Shape::positive(MOLAR_MASS), "Mn below which mass is lost.")
                        .or("5 kDa"),
                    key("scission", rate(), "Rate k of Mn = start·exp(−k t)."),
                    key("loss", rate(), "Rate of the loss of mass below the threshold."),
                ]),
                "No loss until Mn has fallen to the threshold, then w′ = −loss·w. Pitt et al., \
                Biomaterials 2 (1981) 215.",
            ),
        ],
    )
}

/// A component of the extracellular matrix.
pub(in crate::case) fn matrix() -> Shape {
    Shape::table(vec![
        key(
            "density",
            Shape::positive(MASS_DENSITY),
            "Of the matrix itself: what volume its mass takes.",
        ),
        key(
            "largest",
            Shape::positive(MASS_DENSITY),
            "Mass per total volume at which deposition ends.",
        )
        .optional(),
        key(
            "initial",
            in_space(Range::not_negative(MASS_DENSITY)),
            "Mass per total volume at time 0; 0 when not given.",
        )
        .optional(),
        key("degradation", rate(), "First-order degradation.").optional(),
    ])
}

/// What a population lays down.
pub(in crate::case) fn deposition() -> Shape {
    Shape::table(vec![
        key("rate", Shape::not_negative(MASS_PER_CELL), "Per viable cell, without limits."),
        key("limits", limits(), "Factors between 0 and 1.").optional(),
        key("combine", Shape::Word(&["product", "minimum"]), "How the limits become one factor.")
            .or("product"),
    ])
}
