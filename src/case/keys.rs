//! The keys of a case file, declared once.

use super::shape::{Group, Key, Need, Range, Shape, Table, key, law_keys};
use crate::ground::units::{
    CELL_DENSITY, CELL_SURFACE_DENSITY, CELLS, CONCENTRATION, DIFFUSIVITY, Dimension, FLUX, LENGTH,
    MOLAR_MASS, NONE, RATE, TIME, UPTAKE_PER_CELL, VELOCITY, VOLUME,
};
use crate::physics::kinetics::Uptake;
use crate::physics::response::{Limit, Trigger};
use crate::physics::transport::Closure;

/// Axes of the box.
pub(super) const AXES: &[&str] = &["x", "y", "z"];
/// Faces of the box.
pub(super) const FACES: &[&str] = &["x_min", "x_max", "y_min", "y_max", "z_min", "z_max"];

/// The whole case file.
pub(super) fn case() -> Shape {
    Shape::Table(Table {
        keys: vec![
            key(
                "extend",
                Shape::File,
                "Case file whose keys are taken where this one is silent; \
                a law table given here replaces the whole table there.",
            )
            .optional(),
            key("title", Shape::Text, "What the case is about.").or(""),
            key("allow", Shape::list(Shape::Text, 0, 100), "Warnings not to give, by code.")
                .optional(),
            key("domain", domain(), "The box and its voxels; an image brings its own.").optional(),
            key("scaffold", scaffold(), "What fills the box; without it: fluid everywhere.")
                .optional(),
            key("solutes", Shape::names("solute", solute()), "Dissolved substances.").optional(),
            key("baths", Shape::names("bath", bath()), "Well-mixed volumes of medium.").optional(),
            key("cells", Shape::names("population", cells()), "Cell populations.").optional(),
            key(
                "regions",
                Shape::names("region", region()),
                "Places where some keys differ; where \
                two overlap the last in the file holds.",
            )
            .optional(),
            key("run", run(), "Clock, accuracy and output."),
            key(
                "expect",
                Shape::list(expect(), 0, 10_000),
                "What the result must be, from theory or \
                a reference.",
            )
            .optional(),
        ],
        groups: vec![],
        note: "",
    })
}

fn domain() -> Shape {
    Shape::Table(Table {
        keys: vec![
            key("shape", Shape::Word(&["box"]), "Form of the domain.").or("box"),
            key(
                "size",
                Shape::list(Shape::positive(LENGTH), 1, 3),
                "Lengths along x, y, z; one to three.",
            )
            .optional(),
            key("voxels", Shape::list(Shape::Count(1, 100_000), 1, 3), "Voxels along x, y, z.")
                .optional(),
            key("voxel", Shape::positive(LENGTH), "Edge of a cubic voxel.").optional(),
        ],
        groups: vec![Group { keys: &["voxels", "voxel"], needed: false }],
        note: "",
    })
}

fn scaffold() -> Shape {
    Shape::Table(Table {
        keys: vec![
            key("material", Shape::Text, "Entry of the library; every key here overrides it.")
                .optional(),
            key("porosity", porosity(), "Fluid volume fraction ε.").optional(),
            key("structure", structure(), "Pores as a geometry, instead of a porosity.").optional(),
            key(
                "resolve",
                Shape::Word(&["pores", "homogenised"]),
                "Solve in the pores of a structure, or \
                take only its porosity.",
            )
            .optional(),
            key(
                "effective_diffusivity",
                closure(true),
                "D_eff/D per total area; needed where the \
                porosity is below 1.",
            )
            .optional(),
            key(
                "solid",
                Shape::one_of(
                    "kind of solid",
                    vec![key(
                        "impermeable",
                        Shape::nothing(),
                        "No \
                solute enters the solid.",
                    )],
                ),
                "The solid of a structure.",
            )
            .optional(),
        ],
        groups: vec![Group { keys: &["porosity", "structure"], needed: false }],
        note: "",
    })
}

fn porosity() -> Shape {
    in_space(Range::share())
}

fn structure() -> Shape {
    Shape::one_of(
        "structure",
        vec![
            key(
                "tpms",
                Shape::table(vec![
                    key("surface", Shape::Word(&["gyroid"]), "Triply periodic minimal surface."),
                    key("kind", Shape::Word(&["network"]), "One side of the surface is solid.")
                        .or("network"),
                    key("period", Shape::positive(LENGTH), "Edge of the unit cell."),
                    key(
                        "porosity",
                        Shape::Quantity(Range { max: 0.98, ..Range::share() }),
                        "Pore volume fraction.",
                    ),
                ]),
                "A parametric lattice.",
            ),
            key(
                "image",
                Shape::table(vec![
                    key(
                        "path",
                        Shape::File,
                        "Multi-page TIFF, or a folder of TIFF slices (slice axis z).",
                    ),
                    key("voxel", Shape::positive(LENGTH), "Edge of a voxel of the image."),
                    key(
                        "threshold",
                        Shape::Quantity(Range { max: 65535.0, ..Range::not_negative(NONE) }),
                        "Grey value; grey above it is solid.",
                    ),
                    key(
                        "pores",
                        Shape::Word(&["below", "above"]),
                        "Pores are grey ≤ threshold, or grey > \
                    threshold.",
                    )
                    .or("below"),
                ]),
                "A scanned structure, which brings its own grid.",
            ),
        ],
    )
}

fn closure(everywhere: bool) -> Shape {
    let mut keys = law_keys(Closure::LAWS);
    let row =
        Shape::Row(vec![Shape::Quantity(Range::fraction()), Shape::Quantity(Range::fraction())]);
    keys.push(key(
        "table",
        Shape::table(vec![key(
            "points",
            Shape::list(row, 2, 1000),
            "Rows of porosity and ratio, porosity ascending.",
        )]),
        "Measured ratios, linear between the points.",
    ));
    if everywhere {
        let axis = |name| key(name, Shape::Quantity(Range::share()), "Ratio along this axis.");
        keys.push(key(
            "tensor",
            Shape::table(vec![axis("x"), axis("y"), axis("z")]),
            "Measured ratios along the axes, whatever the porosity.",
        ));
    }
    Shape::one_of("law", keys)
}

fn solute() -> Shape {
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
            key("sealed", Shape::nothing(), "No flux."),
        ],
    )
}

fn bath() -> Shape {
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

fn cells() -> Shape {
    let constant =
        Shape::table(vec![key("rate", Shape::not_negative(UPTAKE_PER_CELL), "Per viable cell.")]);
    let production = Shape::one_of(
        "law",
        vec![
            key(
                "per-uptake",
                Shape::table(vec![
                    key("of", Shape::Name("solute"), "Solute taken up."),
                    key("yield", Shape::not_negative(NONE), "Mol made per mol taken up."),
                ]),
                "In proportion to another solute's uptake.",
            ),
            key("constant", constant, "A constant rate."),
        ],
    );
    Shape::table(vec![
        key("type", Shape::Text, "Entry of the library, or \"custom\".").or("custom"),
        key("seeding", seeding(), "Viable cells at time 0.").optional(),
        key(
            "counted_per",
            Shape::Word(&["construct-volume", "pore-volume"]),
            "Volume to which the \
            densities of the seeding refer.",
        )
        .or("construct-volume"),
        key(
            "capacity",
            Shape::table(vec![
                key("density", Shape::positive(CELL_DENSITY), "Largest density."),
                key(
                    "counts",
                    Shape::list(Shape::Word(&["viable", "dead"]), 1, 2),
                    "Cells that take room; \
                quiescent ones count as viable.",
                )
                .or("[\"viable\"]"),
            ]),
            "Room for cells.",
        )
        .optional(),
        key(
            "uptake",
            Shape::names("solute", Shape::one_of("law", law_keys(Uptake::LAWS))),
            "Uptake per \
            cell.",
        )
        .optional(),
        key("production", Shape::names("solute", production), "Solutes made by the cells.")
            .optional(),
        key(
            "growth",
            Shape::table(vec![
                key("rate", rate(), "Rate without limits."),
                key(
                    "crowding",
                    Shape::Word(&["none", "logistic"]),
                    "Slowing by 1 − counted/capacity.",
                )
                .or("none"),
                key(
                    "limits",
                    Shape::names("solute", Shape::one_of("law", law_keys(Limit::LAWS))),
                    "Factors \
                between 0 and 1.",
                )
                .optional(),
                key(
                    "combine",
                    Shape::Word(&["product", "minimum"]),
                    "How the limits become one factor.",
                )
                .or("product"),
            ]),
            "Growth.",
        )
        .optional(),
        key(
            "quiescence",
            Shape::table(vec![
                key("rate", rate(), "Going quiescent under a full trigger."),
                key("recovery", rate(), "Waking without a trigger."),
                key(
                    "activity",
                    Shape::Quantity(Range::fraction()),
                    "Uptake of a quiescent cell relative to a \
                viable one.",
                )
                .or("0.1"),
                key(
                    "death_factor",
                    Shape::not_negative(NONE),
                    "Death rate of a quiescent cell relative to a \
                viable one.",
                )
                .or("1"),
                key("when", triggers(), "Triggers."),
                key(
                    "combine",
                    Shape::Word(&["all", "any"]),
                    "All triggers are needed, or any suffices.",
                )
                .or("any"),
            ]),
            "Sleep under shortage.",
        )
        .optional(),
        key(
            "death",
            Shape::names(
                "cause",
                Shape::table(vec![
                    key("rate", rate(), "Rate under a full hazard."),
                    key("when", triggers(), "Triggers; without any the hazard is always full.")
                        .optional(),
                    key(
                        "combine",
                        Shape::Word(&["all", "any"]),
                        "All triggers are needed, or any suffices.",
                    )
                    .or("all"),
                ]),
            ),
            "Deaths, each under the name of its cause; their hazards add.",
        )
        .optional(),
        key(
            "lysis",
            Shape::table(vec![key("rate", rate(), "Rate at which dead cells dissolve.")]),
            "Dead \
            cells stay when not given.",
        )
        .optional(),
        key(
            "motility",
            Shape::one_of(
                "law",
                vec![key("constant", Shape::not_negative(DIFFUSIVITY), "Random motility.")],
            ),
            "Random migration.",
        )
        .optional(),
    ])
}

fn triggers() -> Shape {
    Shape::names("solute", Shape::one_of("law", law_keys(Trigger::LAWS)))
}

fn seeding() -> Shape {
    Shape::one_of(
        "kind of seeding",
        vec![
            uniform(),
            key(
                "number",
                Shape::table(vec![
                    key("of", Shape::not_negative(CELLS), "Cells brought on."),
                    key("efficiency", Shape::Quantity(Range::fraction()), "Fraction that stays.")
                        .or("1"),
                ]),
                "A number of cells, spread evenly over the (pore) volume.",
            ),
            key(
                "surface",
                Shape::table(vec![
                    key("density", Shape::not_negative(CELL_SURFACE_DENSITY), "Cells per area."),
                    key(
                        "face",
                        Shape::Word(FACES),
                        "Face; the cells lie in its first layer of voxels.",
                    ),
                ]),
                "Cells on a face.",
            ),
        ],
    )
}

fn uniform() -> Key {
    key(
        "uniform",
        Shape::table(vec![key("density", in_space(Range::not_negative(CELL_DENSITY)), "Density.")]),
        "A density.",
    )
}

fn region() -> Shape {
    let place = |doc| key("centre", Shape::list(Shape::Quantity(Range::any(LENGTH)), 1, 3), doc);
    let axis = || key("axis", Shape::Word(AXES), "Axis.");
    let from = || key("from", Shape::Quantity(Range::any(LENGTH)), "Start along the axis.");
    let to = || key("to", Shape::Quantity(Range::any(LENGTH)), "End along the axis.");
    let corner = |name, doc| key(name, Shape::list(Shape::Quantity(Range::any(LENGTH)), 1, 3), doc);
    let shape = Shape::one_of(
        "shape",
        vec![
            key("layer", Shape::table(vec![axis(), from(), to()]), "Between two planes."),
            key(
                "box",
                Shape::table(vec![corner("from", "Corner."), corner("to", "Opposite corner.")]),
                "A box.",
            ),
            key(
                "sphere",
                Shape::table(vec![
                    place("Centre."),
                    key("radius", Shape::positive(LENGTH), "Radius."),
                ]),
                "A ball.",
            ),
            key(
                "cylinder",
                Shape::table(vec![
                    axis(),
                    place("A point of its axis."),
                    key("radius", Shape::positive(LENGTH), "Radius."),
                ]),
                "An endless cylinder along an axis.",
            ),
        ],
    );
    const NOTE: &str = "a region may change scaffold.porosity, scaffold.effective_diffusivity, \
        solutes.X.initial, solutes.X.diffusivity_in_scaffold and cells.X.seeding.uniform";
    let table = |keys: Vec<Key>| {
        let keys =
            keys.into_iter().map(|k| if k.need == Need::Required { k.optional() } else { k });
        Shape::Table(Table { keys: keys.collect(), groups: vec![], note: NOTE })
    };
    let Shape::Table(mut whole) = table(vec![
        key(
            "scaffold",
            table(vec![
                key("porosity", porosity(), "As in [scaffold]."),
                key("effective_diffusivity", closure(false), "As in [scaffold]."),
            ]),
            "The scaffold here.",
        ),
        key(
            "solutes",
            Shape::names(
                "solute",
                table(vec![
                    key(
                        "initial",
                        in_space(Range::not_negative(CONCENTRATION)),
                        "As in [solutes.NAME].",
                    ),
                    key(
                        "diffusivity_in_scaffold",
                        Shape::positive(DIFFUSIVITY),
                        "As in [solutes.NAME], which \
                must give it too.",
                    ),
                ]),
            ),
            "Solutes here.",
        ),
        key(
            "cells",
            Shape::names(
                "population",
                table(vec![key(
                    "seeding",
                    Shape::one_of("kind of seeding", vec![uniform()]),
                    "As in [cells.NAME].",
                )]),
            ),
            "Cells here.",
        ),
    ]) else {
        return Shape::nothing();
    };
    whole
        .keys
        .insert(0, key("shape", shape, "Voxels whose centre lies inside belong to the region."));
    Shape::Table(whole)
}

fn run() -> Shape {
    Shape::Table(Table {
        keys: vec![
            key("duration", Shape::positive(TIME), "Length of the run.").optional(),
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
                    each solve.",
                    )
                    .or("1e-8"),
                    key("max_step", Shape::positive(TIME), "Longest step.").or("6 h"),
                ]),
                "Accuracies.",
            )
            .or("{}"),
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
                    `msc.quiescent`, `msc.dead`; all when not given.",
                    )
                    .optional(),
                    key("precision", Shape::Word(&["f32", "f64"]), "Of the written fields.")
                        .or("f32"),
                ]),
                "What is written when.",
            )
            .or("{}"),
        ],
        groups: vec![Group { keys: &["duration", "steady"], needed: true }],
        note: "",
    })
}

fn expect() -> Shape {
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

/// Forms that many keys share: title, an example of a key, and what it takes.
pub(super) fn shared_forms() -> [(&'static str, &'static str, Shape); 3] {
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
fn rate() -> Shape {
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

/// A value that is constant or varies in space.
fn in_space(range: Range) -> Shape {
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
                voxel, x fastest.",
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
fn in_time(range: Range) -> Shape {
    let value = || Shape::Quantity(range);
    let row = || Shape::Row(vec![Shape::not_negative(TIME), value()]);
    let points = |doc: &str| Shape::table(vec![key("points", Shape::list(row(), 1, 100_000), doc)]);
    let unit = |d: Dimension| Shape::Unit(Some(d));
    Shape::varying(
        range,
        vec![
            key(
                "steps",
                points("Rows of time and value: the value holds from that time on."),
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
                    key("unit", unit(range.dimension), "Unit of the second column."),
                ]),
                "A measured course, linear between rows.",
            ),
        ],
    )
}
