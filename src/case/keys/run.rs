//! Keys of the run and of expectations.

use super::AXES;
use crate::case::shape::{Group, Range, Shape, Table, key};
use crate::ground::units::{LENGTH, TIME};

pub(in crate::case) fn run() -> Shape {
    Shape::Table(Table {
        keys: vec![
            key(
                "duration",
                Shape::Quantity(Range { max: 1e11, ..Range::positive(TIME) }),
                "Length of the run.",
            )
            .optional(),
            key(
                "steady",
                Shape::Flag,
                "Solve the solutes for the cells as seeded; growth, death, motility \
                and lysis do not advance.",
            )
            .optional(),
            key(
                "stop_when",
                Shape::Word(&["steady"]),
                "Stop when nothing changes any more; `duration` is \
                the limit.",
            )
            .optional(),
            key(
                "accuracy",
                Shape::table(vec![
                    key(
                        "time",
                        Shape::Quantity(Range { max: 0.5, ..Range::share() }),
                        "Relative error allowed \
                    a coupled step.",
                    )
                    .or("1e-3"),
                    key(
                        "solver",
                        Shape::Quantity(Range { max: 0.1, ..Range::share() }),
                        "Relative residual of \
                    each solve; when not given 1e-8, and for the solutes of a step without flow \
                    1e-4 of `time`, between 1e-8 and 1e-7.",
                    )
                    .optional(),
                    key("max_step", Shape::positive(TIME), "Longest step.").or("8 h"),
                ]),
                "Accuracies.",
            )
            .or("{}"),
            key(
                "symmetry",
                Shape::Flag,
                "Solve for one part where the case is its own mirror image, or the same along an \
                axis: the result is that of the whole. Mirrored axes need an even number of voxels; \
                docs/numerics.md, Symmetry, says where none is looked for.",
            )
            .or("true"),
            key(
                "lod",
                Shape::table(vec![key(
                    "step",
                    Shape::positive(TIME),
                    "Length of every step; the last one before an output may be shorter.",
                )]),
                "Fixed locally one-dimensional steps in place of controlled ones: fast, of first \
                order, without a measure of their error. For solutes alone that diffuse and decay \
                in an even box.",
            )
            .optional(),
            key(
                "output",
                Shape::table(vec![
                    key(
                        "every",
                        Shape::positive(TIME),
                        "Time between fields; about 30 of them when not \
                    given.",
                    )
                    .optional(),
                    key("at", Shape::list(Shape::not_negative(TIME), 0, 100_000), "Further times.")
                        .optional(),
                    key(
                        "fields",
                        Shape::list(Shape::Text, 0, 1000),
                        "Fields to write: `oxygen`, `msc.viable`, \
                    `msc.quiescent`, `msc.dead`, `viable_fraction`; with a flow `pressure`, \
                    `velocity`, `wall_shear`. All states when not given.",
                    )
                    .optional(),
                    key("precision", Shape::Word(&["f32", "f64"]), "Of the written fields.")
                        .or("f32"),
                ]),
                "What is written when.",
            )
            .or("{}"),
            key(
                "checkpoints",
                Shape::list(Shape::not_negative(TIME), 1, 1000),
                "Times at which the complete state is kept, to branch off from: \
                `blastema run other.toml --from out/case@7d`.",
            )
            .optional(),
        ],
        groups: vec![Group { keys: &["duration", "steady"], needed: true }],
        note: "",
    })
}

pub(in crate::case) fn expect() -> Shape {
    Shape::Table(Table {
        keys: vec![
            key(
                "what",
                Shape::Text,
                "A field (`oxygen`, `msc.viable`), a ledger entry \
                (`oxygen.in.z_max`, `oxygen.used`) or an answer (`viable_fraction`).",
            ),
            key("at", Shape::list(Shape::Quantity(Range::any(LENGTH)), 1, 3), "Point.").optional(),
            key("take", Shape::Word(&["mean", "min", "max"]), "Of a field as a whole.").optional(),
            key(
                "profile",
                Shape::table(vec![
                    key("path", Shape::File, "CSV with a header line."),
                    key(
                        "axis",
                        Shape::Word(AXES),
                        "Axis of the first column; the other coordinates are in the \
                    middle.",
                    )
                    .or("x"),
                    key("column", Shape::Text, "Name of the column with the reference."),
                    key("coordinate_unit", Shape::Unit(Some(LENGTH)), "Unit of the first column.")
                        .or("m"),
                    key("unit", Shape::Unit(None), "Unit of the reference."),
                ]),
                "Along a line.",
            )
            .optional(),
            key("rate", Shape::Flag, "A ledger entry per time instead of cumulative.").or("false"),
            key("time", Shape::not_negative(TIME), "Time; the end when not given.").optional(),
            key("between", Shape::list(Shape::AnyQuantity, 2, 2), "Lower and upper bound.")
                .optional(),
            key("value", Shape::AnyQuantity, "Reference value.").optional(),
            key(
                "within",
                Shape::AnyQuantity,
                "Tolerance: \"2 %\" of the reference, or a quantity.",
            )
            .optional(),
            key(
                "floor",
                Shape::AnyQuantity,
                "Profiles: `within` holds where the reference exceeds it \
                …",
            )
            .optional(),
            key("within_below_floor", Shape::AnyQuantity, "… and this where it does not.")
                .optional(),
        ],
        groups: vec![
            Group { keys: &["at", "take", "profile"], needed: false },
            Group { keys: &["between", "value", "profile"], needed: true },
        ],
        note: "",
    })
}
