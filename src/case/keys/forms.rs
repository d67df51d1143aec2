//! Forms that many keys share: rates, values that vary in space and time.

use super::AXES;
use crate::case::shape::{Range, Shape, key, law_keys, stress_laws};
use crate::ground::units::{CONCENTRATION, Dimension, LENGTH, NONE, RATE, TIME};
use crate::physics::response::{Limit, Trigger};

/// Forms that many keys share: title, an example of a key, and what it takes.
pub(in crate::case) fn shared_forms() -> [(&'static str, &'static str, Shape); 3] {
    [
        ("Values that vary in space", "porosity", in_space(Range::share())),
        (
            "Values that vary in time",
            "boundary.z_max.value",
            in_time(Range::not_negative(CONCENTRATION)),
        ),
        ("Rates", "growth.rate", rate()),
    ]
}

/// The forms of a rate.
pub(in crate::case) fn rate() -> Shape {
    let time = |name, doc: &str| key(name, Shape::positive(TIME), doc);
    Shape::one_of(
        "form of the rate",
        vec![
            key("value", Shape::not_negative(RATE), "The rate k itself."),
            time("doubling_time", "k = ln 2/time."),
            time("half_life", "k = ln 2/time."),
            time("time_constant", "k = 1/time."),
        ],
    )
}

/// Triggers by solutes and by the shear on the pore walls.
pub(in crate::case) fn triggers() -> Shape {
    let laws = |keys| Shape::one_of("law", keys);
    Shape::felt(laws(law_keys(Trigger::LAWS)), laws(stress_laws(Trigger::LAWS)))
}

/// Limits of growth and deposition by the same.
pub(in crate::case) fn limits() -> Shape {
    let laws = |keys| Shape::one_of("law", keys);
    Shape::felt(laws(law_keys(Limit::LAWS)), laws(stress_laws(Limit::LAWS)))
}

/// A value that is constant or varies in space.
pub(in crate::case) fn in_space(range: Range) -> Shape {
    let value = || Shape::Quantity(range);
    let axis = || key("axis", Shape::Word(AXES), "Axis along which it varies.");
    let row = Shape::Row(vec![Shape::Quantity(Range::any(LENGTH)), value()]);
    let plain = Shape::Quantity(Range::any(range.dimension));
    let unit = key("unit", Shape::Unit(Some(range.dimension)), "Unit of the values.");
    let unit = if range.dimension == NONE { unit.or("1") } else { unit };
    Shape::varying(
        range,
        vec![
            key(
                "linear",
                Shape::table(vec![
                    axis(),
                    key("from", value(), "Value at the start of the axis."),
                    key("to", value(), "Value at its end."),
                ]),
                "Linear from face to face.",
            ),
            key(
                "table",
                Shape::table(vec![
                    axis(),
                    key(
                        "points",
                        Shape::list(row, 1, 10_000),
                        "Rows of coordinate and value, ascending.",
                    ),
                ]),
                "Linear between points, constant outside.",
            ),
            key(
                "file",
                Shape::table(vec![
                    key(
                        "path",
                        Shape::File,
                        "With `axis`: a CSV of coordinate and value. Without: one value per \
                voxel, x fastest; a .raw is 4-byte floats, little-endian.",
                    ),
                    key("axis", Shape::Word(AXES), "Axis of a CSV.").optional(),
                    key("coordinate_unit", Shape::Unit(Some(LENGTH)), "Unit of the coordinate.")
                        .or("mm"),
                    unit,
                ]),
                "From a file.",
            ),
            key(
                "formula",
                Shape::table(vec![
                    key("value", plain, "Amplitude, with its unit."),
                    key(
                        "times",
                        Shape::Text,
                        "Formula without dimension in x, y, z: \
                `0.5*(1 - tanh((x - 10 mm)/(1 mm)))`.",
                    ),
                ]),
                "value × formula.",
            ),
        ],
    )
}

/// A value that is constant or varies in time.
pub(in crate::case) fn in_time(range: Range) -> Shape {
    let value = || Shape::Quantity(range);
    let row = || Shape::Row(vec![Shape::not_negative(TIME), value()]);
    let points = |doc: &str| Shape::table(vec![key("points", Shape::list(row(), 1, 100_000), doc)]);
    let unit = |d: Dimension| Shape::Unit(Some(d));
    let values = key("unit", unit(range.dimension), "Unit of the second column.");
    let values = if range.dimension == NONE { values.or("1") } else { values };
    Shape::varying(
        range,
        vec![
            key(
                "steps",
                points(
                    "Rows of time and value: the value holds from that time on, the first before it too.",
                ),
                "Steps.",
            ),
            key(
                "ramp",
                points("Rows of time and value."),
                "Linear between points, constant outside.",
            ),
            key(
                "sine",
                Shape::table(vec![
                    key("mean", value(), "Mean."),
                    key("amplitude", Shape::Quantity(Range::any(range.dimension)), "Amplitude."),
                    key("period", Shape::positive(TIME), "Period."),
                ]),
                "mean + amplitude·sin(2πt/period).",
            ),
            key(
                "csv",
                Shape::table(vec![
                    key("path", Shape::File, "CSV of time and value."),
                    key("time_unit", unit(TIME), "Unit of the first column.").or("h"),
                    values,
                ]),
                "A measured course, linear between rows.",
            ),
        ],
    )
}
