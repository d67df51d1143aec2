//! Keys of the flow.

use super::FACES;
use super::forms::in_space;
use crate::case::shape::{Group, Key, Range, Shape, Table, key, law_keys};
use crate::ground::units::{AREA, NONE, PRESSURE, VELOCITY, VISCOSITY, VOLUME_RATE};
use crate::physics::flow::Permeability;

const PERMEABILITY: Range = Range::positive(AREA);

pub(in crate::case) fn flow() -> Shape {
    let mut laws = vec![darcy(), brinkman(key("permeability", in_space(PERMEABILITY), K))];
    laws.extend(law_keys(Permeability::LAWS));
    let row = Shape::Row(vec![Shape::not_negative(NONE), Shape::Quantity(PERMEABILITY)]);
    laws.push(key(
        "table",
        Shape::table(vec![key(
            "points",
            Shape::list(row, 1, 10_000),
            "Rows of porosity and permeability, ascending; linear between.",
        )]),
        "Darcy's law with a permeability that follows the porosity.",
    ));
    laws.push(key(
        "given",
        Shape::Table(Table {
            keys: vec![
                key(
                    "velocity",
                    Shape::list(Shape::Quantity(Range::any(VELOCITY)), 1, 3),
                    "Superficial velocity along x, y, z; r, z. The same everywhere, so a cylinder \
                    has none along r.",
                )
                .optional(),
                key("field", velocities(), "Superficial velocities in the middle of voxels.")
                    .optional(),
                key(
                    "permeability",
                    in_space(PERMEABILITY),
                    "Permeability K, for the wall shear alone; without it the shear is not known.",
                )
                .optional(),
            ],
            groups: vec![Group { keys: &["velocity", "field"], needed: true }],
            note: "",
        }),
        "A known velocity.",
    ));
    let condition = Shape::one_of(
        "condition",
        vec![
            key("pressure", Shape::Quantity(Range::any(PRESSURE)), "Pressure on the face."),
            key(
                "rate",
                Shape::Quantity(Range::any(VOLUME_RATE)),
                "Volume per time into the construct, spread evenly over the open face.",
            ),
            key(
                "sealed",
                Shape::nothing(),
                "Nothing passes. With Brinkman's law a wall on which the fluid rests.",
            ),
            key("symmetry", Shape::nothing(), "Nothing passes, and fluid slips freely along it."),
        ],
    );
    Shape::table(vec![
        key("law", Shape::one_of("law", laws), "What sets the velocity."),
        key("viscosity", Shape::positive(VISCOSITY), "Of the medium; water at 37 °C.")
            .or("0.69 mPa s"),
        key(
            "boundary",
            Shape::table(
                FACES
                    .iter()
                    .map(|f| key(f, condition.clone(), "Condition on this face.").optional())
                    .collect(),
            ),
            "Conditions of Darcy's and Brinkman's laws; faces not named are sealed.",
        )
        .optional(),
    ])
}

const K: &str = "Permeability K.";

/// Velocities from a file.
fn velocities() -> Shape {
    Shape::table(vec![
        key(
            "path",
            Shape::File,
            "The components along the axes, a row a voxel, x fastest; a .raw is 4-byte floats, \
            little-endian, in the same order.",
        ),
        key("unit", Shape::Unit(Some(VELOCITY)), "Unit of the values."),
        key(
            "open",
            Shape::list(Shape::Word(FACES), 1, 6),
            "Faces that the fluid passes; nothing passes the others.",
        ),
    ])
}

/// Darcy's law, also in regions.
pub(in crate::case) fn darcy() -> Key {
    key(
        "darcy",
        Shape::table(vec![key("permeability", in_space(PERMEABILITY), K)]),
        "Darcy's law, u = −(K/µ)·grad p.",
    )
}

/// Brinkman's law of a region, which may change one of its two values alone.
pub(in crate::case) fn brinkman_here() -> Key {
    brinkman(key("permeability", in_space(PERMEABILITY), K).optional())
}

fn brinkman(permeability: Key) -> Key {
    key(
        "brinkman",
        Shape::table(vec![
            permeability,
            key(
                "effective_viscosity",
                in_space(Range::positive(VISCOSITY)),
                "Effective viscosity µ_e; without it viscosity/porosity.",
            )
            .optional(),
        ]),
        "Brinkman's law, µ/K·u − div(µ_e·grad u) + grad p = 0, in a box. Where K is far above the \
        square of the width (\"1 m^2\") it is free flow.",
    )
}
