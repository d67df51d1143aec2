//! Keys of domain, scaffold and regions.

use super::AXES;
use super::cells::uniform;
use super::forms::in_space;
use super::matter::degradation;
use super::solutes::{loaded, source_rate};
use crate::case::shape::{Group, Key, Need, Range, Shape, Table, key, law_keys};
use crate::ground::units::{CONCENTRATION, DIFFUSIVITY, LENGTH, NONE};
use crate::physics::transport::Closure;

pub(in crate::case) fn domain() -> Shape {
    Shape::Table(Table {
        keys: vec![
            key("shape", Shape::Word(&["box", "cylinder", "sphere"]), "Form of the domain.")
                .or("box"),
            key(
                "size",
                Shape::list(Shape::positive(LENGTH), 1, 3),
                "Box: lengths along x, y, z, one to three. Cylinder: outer radius and height, or the \
                radius alone (1 m high, no gradient along z). Sphere: outer radius.",
            )
            .optional(),
            key("inner_radius", Shape::positive(LENGTH), "Of a hollow cylinder or sphere.")
                .optional(),
            key(
                "voxels",
                Shape::list(Shape::Count(1, 100_000), 1, 3),
                "Voxels along x, y, z; r, z; r.",
            )
            .optional(),
            key("voxel", Shape::positive(LENGTH), "Edge of a cubic voxel.").optional(),
            key(
                "periodic",
                Shape::list(Shape::Word(&["x", "y", "z"]), 1, 3),
                "Axes of a box whose two ends meet: what leaves at one enters at the other.",
            )
            .optional(),
        ],
        groups: vec![Group { keys: &["voxels", "voxel"], needed: false }],
        note: "",
    })
}

pub(in crate::case) fn scaffold() -> Shape {
    Shape::Table(Table {
        keys: vec![
            key("material", Shape::Text, "Entry of the library; every key here overrides it.")
                .optional(),
            key("porosity", porosity(), "Fluid volume fraction ε.").optional(),
            key("structure", super::structure::structure(), "Pores as a geometry, instead of a porosity.").optional(),
            key(
                "resolve",
                Shape::Word(&["pores", "homogenised"]),
                "Solve in the pores of a structure, or \
                take only its porosity.",
            )
            .optional(),
            key(
                "block",
                Shape::Count(1, 1000),
                "Homogenised: voxels of the structure, along each axis, that one voxel of the \
                culture stands for.",
            )
            .or("1"),
            key(
                "averages",
                Shape::Word(&["whole", "block"]),
                "Homogenised: porosity, and effective diffusivity where it is computed, of the whole \
                structure or of each block.",
            )
            .or("whole"),
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
                    vec![
                        key("impermeable", Shape::nothing(), "No solute enters the solid."),
                        key(
                            "diffusing",
                            Shape::table(vec![
                                key(
                                    "ratio",
                                    Shape::positive(NONE),
                                    "Diffusivity in the solid over that in the fluid.",
                                ),
                                key(
                                    "partition",
                                    Shape::positive(NONE),
                                    "Concentration in the solid over that in the fluid in \
                                    balance with it.",
                                )
                                .or("1"),
                            ]),
                            "Solutes diffuse through the solid; cells stay in the pores.",
                        ),
                    ],
                ),
                "The solid of a structure.",
            )
            .optional(),
            key(
                "changing_porosity",
                Shape::Flag,
                "Let degradation, matrix and cells change the porosity, and with it storage and the \
                effective diffusivity.",
            )
            .optional(),
            key("degradation", degradation(), "What is left of the scaffold in time.").optional(),
        ],
        groups: vec![Group { keys: &["porosity", "structure"], needed: false }],
        note: "",
    })
}

fn porosity() -> Shape {
    in_space(Range::share())
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
        let axis =
            |name| key(name, Shape::Quantity(Range::share()), "Ratio along this axis.").optional();
        keys.push(key(
            "tensor",
            Shape::table(AXES.iter().copied().map(axis).collect()),
            "Measured ratios along the axes of the domain (x, y, z; r, z; r), whatever the \
            porosity.",
        ));
        let ends = key(
            "ends",
            Shape::Word(&["plates", "periodic"]),
            "Held on two opposite faces, the others sealed; or one period of an endless structure.",
        );
        let tolerance = Range { max: 0.01, ..Range::positive(NONE) };
        keys.push(key(
            "computed",
            Shape::table(vec![
                ends.or("plates"),
                key("tolerance", Shape::Quantity(tolerance), "Relative error of the solves.")
                    .or("1e-6"),
            ]),
            "Ratios along the axes, by solves in the pores of a homogenised structure.",
        ));
    }
    Shape::one_of("law", keys)
}

/// Said of a key that a region cannot change.
const NOTE: &str = "a region may change scaffold.porosity, scaffold.effective_diffusivity, \
    solutes.X.initial, solutes.X.diffusivity_in_scaffold, solutes.X.source.rate, \
    solutes.X.release.loaded and cells.X.seeding.uniform";

/// Forms of a place in the domain.
pub(in crate::case) fn place() -> Shape {
    let place = |doc| key("centre", Shape::list(Shape::Quantity(Range::any(LENGTH)), 1, 3), doc);
    let axis = || key("axis", Shape::Word(AXES), "Axis.");
    let from = || key("from", Shape::Quantity(Range::any(LENGTH)), "Start along the axis.");
    let to = || key("to", Shape::Quantity(Range::any(LENGTH)), "End along the axis.");
    let corner = |name, doc| key(name, Shape::list(Shape::Quantity(Range::any(LENGTH)), 1, 3), doc);
    Shape::one_of(
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
                "A ball; in a cylinder (r, z) off the axis, the ring that it is turned into.",
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
    )
}

pub(in crate::case) fn region() -> Shape {
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
            "flow",
            table(vec![key(
                "law",
                Shape::one_of("law", vec![super::flow::darcy(), super::flow::brinkman_here()]),
                "As in [flow].",
            )]),
            "The flow here.",
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
                    key("source", table(vec![source_rate()]), "As in [solutes.NAME]."),
                    key(
                        "release",
                        table(vec![loaded()]),
                        "As in [solutes.NAME], which gives the law.",
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
        .insert(0, key("shape", place(), "Voxels whose centre lies inside belong to the region."));
    Shape::Table(whole)
}
