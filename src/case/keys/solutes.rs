//! Keys of solutes and baths.

use super::FACES;
use super::forms::{in_space, in_time, rate};
use crate::case::shape::{Group, Range, Shape, Table, key};
use crate::ground::units::{
    CONCENTRATION, DIFFUSIVITY, FLUX, LENGTH, MOLAR_MASS, TIME, VELOCITY, VOLUME,
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
            key("decay", rate(), "First-order decay in the fluid.").optional(),
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
