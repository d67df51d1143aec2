//! Keys of a cell population.

use super::FACES;
use super::forms::{in_space, limits, rate, triggers};
use super::matter::deposition;
use super::scaffold::place;
use crate::case::shape::{Key, Range, Shape, key, law_keys};
use crate::ground::units::{
    CELL_DENSITY, CELL_SURFACE_DENSITY, CELLS, CHEMOTACTIC, CONCENTRATION, DIFFUSIVITY, Dimension,
    HAPTOTACTIC, MASS_DENSITY, NONE, PRESSURE, TIME, UPTAKE_PER_CELL, VOLUME,
};
use crate::model::damage::MOST_STAGES;
use crate::physics::kinetics::Uptake;

pub(in crate::case) fn cells() -> Shape {
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
                    "per",
                    Shape::Word(&["construct-volume", "pore-volume"]),
                    "Volume that the capacity refers to.",
                )
                .or("construct-volume"),
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
        key(
            "uptake_modifiers",
            Shape::names("solute taken up", Shape::names("solute", modifier())),
            "Uptake times 1 + (factor − 1)·half^p/(half^p + c^p), c another solute; several multiply.",
        )
        .optional(),
        key("volume", Shape::positive(VOLUME), "Of one cell; needed with changing_porosity.")
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
                    limits(),
                    "Factors \
                between 0 and 1.",
                )
                .optional(),
                key(
                    "stimulation",
                    Shape::felt(stimulus(CONCENTRATION), stimulus(PRESSURE)),
                    "Growth times 1 + (factor − 1)·c^p/(half^p + c^p); several multiply.",
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
                    key(
                        "exposure",
                        Shape::positive(TIME),
                        "Mean time under a full hazard until the death acts; at once when not given.",
                    )
                    .optional(),
                    key(
                        "stages",
                        Shape::Count(1, MOST_STAGES as u64),
                        "Stages of damage on the way: the spread of that time is \
                        exposure/√stages. With `exposure`; 4 when not given.",
                    )
                    .optional(),
                    key(
                        "recovery",
                        Shape::positive(TIME),
                        "Mean time without hazard until full damage is healed. With `exposure`, \
                        which it equals when not given.",
                    )
                    .optional(),
                ]),
            ),
            "Deaths, each under the name of its cause; their hazards add.",
        )
        .optional(),
        key(
            "differentiation",
            Shape::names(
                "population",
                Shape::table(vec![
                    key("rate", rate(), "Rate under full triggers."),
                    key("when", triggers(), "Triggers; without any it is always on.").optional(),
                    key(
                        "combine",
                        Shape::Word(&["all", "any"]),
                        "All triggers are needed, or any suffices.",
                    )
                    .or("all"),
                ]),
            ),
            "Viable cells that become viable cells of another population.",
        )
        .optional(),
        key(
            "detachment",
            Shape::table(vec![
                key("rate", rate(), "Rate under full triggers."),
                key("when", triggers(), "Triggers."),
                key(
                    "combine",
                    Shape::Word(&["all", "any"]),
                    "All triggers are needed, or any suffices.",
                )
                .or("all"),
            ]),
            "Viable and quiescent cells that leave the construct with the flow.",
        )
        .optional(),
        key(
            "reseeding",
            Shape::list(
                Shape::table(vec![
                    key("at", Shape::positive(TIME), "When."),
                    key("seeding", seeding(), "Viable cells that are added."),
                    key("within", place(), "Only here; everywhere when not given.").optional(),
                ]),
                1,
                1000,
            ),
            "Viable cells added during the run.",
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
            "deposition",
            Shape::names("matrix", deposition()),
            "Extracellular matrix laid down, each under the name of a [matrix.NAME].",
        )
        .optional(),
        key(
            "motility",
            Shape::one_of(
                "law",
                vec![
                    key("constant", Shape::not_negative(DIFFUSIVITY), "The same everywhere."),
                    key(
                        "porous",
                        Shape::table(vec![key(
                            "diffusivity",
                            Shape::positive(DIFFUSIVITY),
                            "Motility D at capacity.",
                        )]),
                        "D·n/capacity: cells move where they are crowded, behind a sharp front.",
                    ),
                    key(
                        "haptokinetic",
                        Shape::table(vec![
                            key("of", Shape::Name("matrix"), "What the cells adhere to."),
                            key("largest", Shape::positive(DIFFUSIVITY), "Largest motility."),
                            key(
                                "at",
                                Shape::positive(MASS_DENSITY),
                                "Density K of the largest motility.",
                            ),
                        ]),
                        "Largest·2Km/(K² + m²).",
                    ),
                ],
            ),
            "Random migration.",
        )
        .optional(),
        key(
            "chemotaxis",
            Shape::names("solute", taxis(CHEMOTACTIC, CONCENTRATION)),
            "Drift along the gradients of solutes.",
        )
        .optional(),
        key(
            "haptotaxis",
            Shape::names("matrix", taxis(HAPTOTACTIC, MASS_DENSITY)),
            "Drift along the gradients of matrices.",
        )
        .optional(),
    ])
}

/// Pasteur and Crabtree effects.
fn modifier() -> Shape {
    let numbers = |min, max| Shape::Quantity(Range { min, max, ..Range::fraction() });
    Shape::table(vec![
        key("factor", numbers(0.0, 100.0), "Factor of the uptake without the other solute."),
        key("half", Shape::positive(CONCENTRATION), "Concentration of half the effect."),
        key("exponent", numbers(1.0, 16.0), "Steepness p.").or("1"),
    ])
}

/// Drift along a gradient of what has the dimension `of`.
fn taxis(sensitivity: Dimension, of: Dimension) -> Shape {
    Shape::table(vec![
        key(
            "sensitivity",
            Shape::Quantity(Range::any(sensitivity)),
            "χ: velocity per gradient; negative: away from it.",
        ),
        key(
            "half",
            Shape::positive(of),
            "What binds half of the receptors, K: χ·K²/(K + c)². Constant when not given.",
        )
        .optional(),
        key(
            "crowding",
            Shape::Word(&["volume-filling", "none"]),
            "With a taxis: cells move, at random too, only into room that the capacity leaves, or freely.",
        )
        .or("volume-filling"),
    ])
}

/// What speeds growth up.
fn stimulus(of: Dimension) -> Shape {
    let numbers = |min, max| Shape::Quantity(Range { min, max, ..Range::fraction() });
    Shape::table(vec![
        key("factor", numbers(1.0, 100.0), "Factor under the full stimulus."),
        key("half", Shape::positive(of), "Half of the effect."),
        key("exponent", numbers(1.0, 16.0), "Steepness p.").or("1"),
    ])
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

pub(in crate::case) fn uniform() -> Key {
    key(
        "uniform",
        Shape::table(vec![key("density", in_space(Range::not_negative(CELL_DENSITY)), "Density.")]),
        "A density.",
    )
}
