//! Keys of solutes and baths.

use super::FACES;
use super::forms::{in_space, in_time, rate};
use crate::case::shape::{Group, Key, Range, Shape, Table, key};
use crate::ground::units::{
    CONCENTRATION, DIFFUSIVITY, FLUX, LENGTH, MOLAR_MASS, NONE, PRESSURE, SOURCE, TIME, VELOCITY,
    VOLUME,
};

pub(in crate::case) fn solute() -> Shape {
    Shape::Table(Table {
        keys: vec![
            key("diffusivity", Shape::positive(DIFFUSIVITY), "In free fluid.").optional(),
            key(
                "diffusivity_in_scaffold",
                Shape::positive(DIFFUSIVITY),
                "In the scaffold per total area, \
                used as it is.",
            )
            .optional(),
            key("initial", initial(), "Concentration in the fluid at time 0."),
            key(
                "boundary",
                Shape::table(
                    FACES
                        .iter()
                        .map(|f| {
                            key(f, boundary(), "Condition on this face; sealed when not named.")
                                .optional()
                        })
                        .collect(),
                ),
                "Conditions on the faces.",
            )
            .optional(),
            key(
                "decay",
                rate(),
                "First-order decay in the construct; what stands in a bath does not decay.",
            )
            .optional(),
            key("source", source(), "A source that asks nothing.").optional(),
            key("release", release(), "Loaded into the scaffold, which it leaves for the fluid.")
                .optional(),
            key(
                "molar_mass",
                Shape::positive(MOLAR_MASS),
                "Needed to write concentrations as mass per \
                volume.",
            )
            .optional(),
        ],
        groups: vec![Group { keys: &["diffusivity", "diffusivity_in_scaffold"], needed: true }],
        note: "",
    })
}

fn initial() -> Shape {
    let mut shape = in_space(Range::not_negative(CONCENTRATION));
    if let Shape::OneOf(choice) = &mut shape {
        choice.keys.push(key(
            "steady",
            Shape::nothing(),
            "The steady solution for the cells as seeded.",
        ));
    }
    shape
}

/// What a source makes per volume.
pub(in crate::case) fn source_rate() -> Key {
    let doc = "Made per total (construct) volume and time.";
    key("rate", in_space(Range::not_negative(SOURCE)), doc)
}

/// What is loaded per volume.
pub(in crate::case) fn loaded() -> Key {
    let doc = "Loaded at time 0 per total (construct) volume.";
    key("loaded", in_space(Range::not_negative(CONCENTRATION)), doc)
}

fn source() -> Shape {
    let times = in_time(Range::not_negative(NONE));
    Shape::table(vec![
        source_rate().optional(),
        key("times", times, "Factor in time, without dimension; 1 when not given.").optional(),
    ])
}

fn release() -> Shape {
    let burst = || {
        let share = Shape::Quantity(Range::fraction());
        key("burst", share, "Share that leaves at time 0.").or("0")
    };
    let mut measured = in_time(Range::fraction());
    if let Shape::OneOf(choice) = &mut measured {
        choice.constant = None;
        choice.keys.retain(|k| matches!(k.name, "ramp" | "csv"));
    }
    let law = Shape::one_of(
        "law",
        vec![
            key(
                "first-order",
                Shape::table(vec![key("rate", rate(), "Rate k."), burst()]),
                "burst + (1 − burst)·(1 − exp(−k t)).",
            ),
            key(
                "zero-order",
                Shape::table(vec![
                    key("over", Shape::positive(TIME), "Time until all has left."),
                    burst(),
                ]),
                "burst + (1 − burst)·t/over.",
            ),
            key(
                "korsmeyer-peppas",
                Shape::table(vec![
                    key("k", Shape::positive(NONE), "Fraction released after one `time_unit`."),
                    key("time_unit", Shape::Unit(Some(TIME)), "Unit of time of k.").or("h"),
                    key(
                        "exponent",
                        Shape::Quantity(Range { min: 0.1, max: 2.0, ..Range::share() }),
                        "n: 0.5 diffusion from a slab, 1 zero order.",
                    ),
                ]),
                "k·t^n up to 0.6, then an exponential with the same slope. Korsmeyer et al., \
                Int. J. Pharm. 15 (1983) 25.",
            ),
            key("measured", measured, "Cumulative fraction in time; it must not fall."),
        ],
    );
    Shape::table(vec![loaded().optional(), key("law", law, "Cumulative fraction released.")])
}

fn boundary() -> Shape {
    let concentration = || in_time(Range::not_negative(CONCENTRATION));
    Shape::one_of(
        "condition",
        vec![
            key("value", concentration(), "Concentration on the face."),
            key("flux", in_time(Range::any(FLUX)), "Flux, positive into the construct."),
            key(
                "transfer",
                Shape::table(vec![
                    key("coefficient", Shape::positive(VELOCITY), "Film coefficient."),
                    key("outside", concentration(), "Concentration outside the film."),
                ]),
                "A film.",
            ),
            key(
                "stagnant-medium",
                Shape::table(vec![
                    key("height", Shape::positive(LENGTH), "Height of the medium."),
                    key(
                        "top",
                        concentration(),
                        "Concentration at its top: of a gas in balance with the air.",
                    ),
                ]),
                "Still medium without storage: a film of D/height.",
            ),
            key(
                "bath",
                Shape::table(vec![
                    key("name", Shape::Name("bath"), "A bath of the case."),
                    key(
                        "start",
                        Shape::not_negative(CONCENTRATION),
                        "Concentration at time 0 and in fresh medium.",
                    ),
                ]),
                "Contact with a well-mixed bath.",
            ),
            key(
                "inlet",
                concentration(),
                "Fluid enters with this concentration and nothing diffuses back out (Danckwerts).",
            ),
            key("outflow", Shape::nothing(), "Fluid leaves with what it holds."),
            key("sealed", Shape::nothing(), "No flux."),
        ],
    )
}

pub(in crate::case) fn ph() -> Shape {
    Shape::table(vec![
        key("acid", Shape::Name("solute"), "Solute that takes bicarbonate: lactate."),
        key("bicarbonate", Shape::positive(CONCENTRATION), "Bicarbonate of fresh medium."),
        key("pco2", Shape::positive(PRESSURE), "Partial pressure of CO₂.").or("38 mmHg"),
    ])
}

pub(in crate::case) fn bath() -> Shape {
    Shape::table(vec![
        key(
            "volume",
            Shape::positive(VOLUME),
            "Volume, shared by all faces and solutes that name the bath.",
        ),
        key(
            "change",
            Shape::table(vec![
                key("every", Shape::positive(TIME), "Time between changes."),
                key(
                    "fraction",
                    Shape::Quantity(Range::share()),
                    "Fraction replaced by fresh medium.",
                )
                .or("1"),
                key(
                    "first",
                    Shape::positive(TIME),
                    "Time of the first change; `every` when not given.",
                )
                .optional(),
            ]),
            "Medium changes.",
        )
        .optional(),
    ])
}
