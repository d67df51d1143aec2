//! What the pores are in: recipes, scans and surfaces.

use crate::case::shape::{Group, Key, Range, Shape, Table, key};
use crate::ground::units::{LENGTH, NONE};

/// A share of pore that leaves room for a solid.
fn share() -> Shape {
    Shape::Quantity(Range { max: 0.999, ..Range::share() })
}

/// Keys of a structure of which one of `sizes`, a porosity, or a gradient of it says how much is
/// solid.
fn sized(mut keys: Vec<Key>, size: Key) -> Shape {
    let names: &'static [&'static str] = match size.name {
        "level" => &["porosity", "level", "graded"],
        _ => &["porosity", "diameter", "graded"],
    };
    keys.push(key("porosity", share(), "Pore volume fraction.").optional());
    keys.push(size.optional());
    let graded = vec![
        key("axis", Shape::Word(&["x", "y", "z"]), "Axis along which it varies."),
        key("from", share(), "Porosity at the start of the axis."),
        key("to", share(), "Porosity at its end."),
    ];
    keys.push(key("graded", Shape::table(graded), "A porosity that varies linearly.").optional());
    Shape::Table(Table { keys, groups: vec![Group { keys: names, needed: true }], note: "" })
}

/// The number that a random structure grows from.
fn seed() -> Key {
    let doc = "Another seed, another sample; the same seed, the same voxels everywhere.";
    key("seed", Shape::Count(0, u64::MAX >> 12), doc).or("1")
}

/// Which pores are those of the structure.
fn keep() -> Key {
    let words = &["all", "percolating", "percolating-x", "percolating-y", "percolating-z"];
    let doc = "Pores that stay: those from end to end along any axis, or along one.";
    key("keep", Shape::Word(words), doc).or("all")
}

fn length(name: &'static str, doc: &str) -> Key {
    key(name, Shape::positive(LENGTH), doc)
}

pub(in crate::case) fn structure() -> Shape {
    let word = |name, words, doc| key(name, Shape::Word(words), doc);
    let porosity = || key("porosity", share(), "Pore volume fraction.");
    let lattices: &'static [&'static str] = &["simple-cubic", "body-centred", "face-centred"];
    let mut kinds = vec![
        key(
            "tpms",
            sized(
                vec![
                    word(
                        "surface",
                        &["gyroid", "schwarz-p", "schwarz-d", "i-wp", "neovius", "fischer-koch-s"],
                        "Triply periodic minimal surface; schwarz-d is the diamond.",
                    ),
                    word(
                        "kind",
                        &["network", "sheet"],
                        "Solid: one side of the surface, or a wall along it.",
                    )
                    .or("network"),
                    length("period", "Edge of the unit cell."),
                ],
                key(
                    "level",
                    Shape::Quantity(Range::any(NONE)),
                    "Level t of the surface: pore is f < t in a network, |f| > t beside a sheet.",
                ),
            ),
            "A triply periodic minimal surface.",
        ),
        key(
            "struts",
            sized(
                vec![
                    word(
                        "lattice",
                        &["simple-cubic", "body-centred", "face-centred", "octet"],
                        "What the struts join.",
                    ),
                    length("cell", "Edge of the unit cell."),
                ],
                length("diameter", "Diameter of a strut."),
            ),
            "A lattice of round struts.",
        ),
        key(
            "woodpile",
            sized(
                vec![
                    length("spacing", "From axis to axis in a layer."),
                    length("layer", "Height of a layer; without it the diameter.").optional(),
                    key(
                        "angles",
                        Shape::list(Shape::Quantity(Range::any(NONE)), 1, 16),
                        "Directions layer by layer, in degrees from x to y.",
                    )
                    .or("[0, 90]"),
                    key(
                        "stagger",
                        Shape::Flag,
                        "Shift every second round of the angles by half a spacing.",
                    )
                    .or("false"),
                ],
                length("diameter", "Diameter of a filament."),
            ),
            "Printed filaments, layer upon layer.",
        ),
        key(
            "spheres",
            Shape::table(vec![
                word(
                    "lattice",
                    lattices,
                    "Where the spheres of a cubic cell stand: one in its middle, and at its \
                        corners, or in its faces.",
                )
                .or("simple-cubic"),
                length("period", "Edge of the unit cell."),
                length("radius", "Radius of a sphere."),
                word(
                    "pores",
                    &["between", "inside"],
                    "Pores between solid spheres, or spherical pores, which meet where they \
                        overlap.",
                )
                .or("between"),
            ]),
            "Spheres in a regular packing.",
        ),
        key(
            "packing",
            Shape::table(vec![
                length("radius", "Mean radius."),
                key(
                    "spread",
                    Shape::Quantity(Range { max: 0.9, ..Range::fraction() }),
                    "Radii are uniform within this part of the mean.",
                )
                .or("0"),
                porosity(),
                seed(),
            ]),
            "Solid spheres at random that do not overlap.",
        ),
        key(
            "leached",
            Shape::table(vec![
                word("grain", &["cube", "sphere"], "Form of a grain.").or("cube"),
                length("size", "Edge of a cube, diameter of a sphere."),
                porosity(),
                seed(),
            ]),
            "Pores where grains at random, which may overlap, were leached out.",
        ),
        key(
            "fibres",
            Shape::table(vec![
                length("diameter", "Diameter."),
                length("length", "Length."),
                word("orientation", &["isotropic", "in-plane"], "In-plane: across z.")
                    .or("isotropic"),
                porosity(),
                seed(),
            ]),
            "Straight fibres at random.",
        ),
        key(
            "blobs",
            Shape::table(vec![
                length("length", "Mean length of a line through a blob at porosity 1/2."),
                porosity(),
                seed(),
            ]),
            "Smoothed noise, cut at the wanted porosity.",
        ),
        key("image", image(), "A scan, which brings its own grid."),
        key(
            "surface",
            Shape::table(vec![
                key("path", Shape::File, "STL, binary or ASCII, closed."),
                key("unit", Shape::Unit(Some(LENGTH)), "Unit of its coordinates.").or("mm"),
                length("voxel", "Edge of a voxel to make of it."),
                word("solid", &["inside", "outside"], "What is solid.").or("inside"),
                key(
                    "margin",
                    Shape::not_negative(LENGTH),
                    "Room around the surface, on all sides.",
                )
                .or("0 mm"),
            ]),
            "A surface from CAD, cut into voxels; its box is the grid.",
        ),
    ];
    for kind in &mut kinds {
        if let Shape::Table(table) = &mut kind.shape {
            table.keys.push(keep());
        }
    }
    Shape::one_of("structure", kinds)
}

fn image() -> Shape {
    let grey = Range::any(NONE);
    let corner = |name, doc| key(name, Shape::list(Shape::Count(0, 1 << 20), 3, 3), doc);
    Shape::table(vec![
        key(
            "path",
            Shape::File,
            "TIFF, PNG, NRRD, MetaImage, NIfTI, VTI, NumPy or plain values; or a folder of TIFF or \
            PNG slices (slice axis z).",
        ),
        length("voxel", "Edge of a voxel; needed where the file does not say it.").optional(),
        key(
            "threshold",
            Shape::varying(
                grey,
                vec![
                    key("otsu", Shape::nothing(), "The threshold between two classes by Otsu."),
                    key(
                        "levels",
                        Shape::table(vec![key(
                            "values",
                            Shape::list(Shape::Quantity(grey), 2, 8),
                            "Ascending.",
                        )]),
                        "Thresholds between several phases, from the pores on.",
                    ),
                    key(
                        "otsu-levels",
                        Shape::nothing(),
                        "Two thresholds between three classes by Otsu.",
                    ),
                ],
            ),
            "Grey value; grey above it is solid. Not needed for images of two values.",
        )
        .optional(),
        key(
            "pores",
            Shape::Word(&["below", "above"]),
            "Pores are grey ≤ threshold, or grey > threshold.",
        )
        .or("below"),
        key(
            "crop",
            Shape::table(vec![
                corner("from", "First voxel x, y, z."),
                corner("to", "Voxel behind the last one."),
            ]),
            "The part that is used.",
        )
        .optional(),
        key(
            "downsample",
            Shape::Count(1, 64),
            "Voxels, along each axis, that become one; shares of pore are kept.",
        )
        .or("1"),
        key("array", Shape::Text, "Name of the array in a file of several.").optional(),
        key(
            "raw",
            Shape::table(vec![
                key("shape", Shape::list(Shape::Count(1, 1 << 20), 3, 3), "Voxels along x, y, z."),
                key(
                    "type",
                    Shape::Word(&["u8", "i8", "u16", "i16", "u32", "i32", "f32", "f64"]),
                    "Type of a value.",
                ),
                key("order", Shape::Word(&["little", "big"]), "Order of its bytes.").or("little"),
                key("offset", Shape::Count(0, u64::MAX >> 12), "Bytes before the values.").or("0"),
            ]),
            "The file is plain values, x fastest.",
        )
        .optional(),
    ])
}
