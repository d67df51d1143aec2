//! The keys of a case file, declared once.

use super::shape::{Shape, Table, key};

mod cells;
mod flow;
mod forms;
mod matter;
mod run;
mod scaffold;
mod solutes;
mod structure;

pub(super) use forms::shared_forms;

/// Axes of a box, a cylinder, a sphere.
pub(super) const AXES: &[&str] = &["x", "y", "z", "r"];
/// Faces of a box, a cylinder, a sphere.
pub(super) const FACES: &[&str] =
    &["x_min", "x_max", "y_min", "y_max", "z_min", "z_max", "r_min", "r_max"];

/// What a structure alone needs.
pub(in crate::case) fn geometry() -> Shape {
    Shape::Table(Table {
        keys: vec![
            key("domain", scaffold::domain(), "The domain and its voxels.").optional(),
            key("scaffold", scaffold::scaffold(), "The structure.").optional(),
        ],
        groups: vec![],
        note: "",
    })
}

/// The whole case file.
pub(in crate::case) fn case() -> Shape {
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
            key(
                "domain",
                scaffold::domain(),
                "The domain and its voxels; an image brings its own.",
            )
            .optional(),
            key(
                "scaffold",
                scaffold::scaffold(),
                "What fills the box; without it: fluid everywhere.",
            )
            .optional(),
            key("solutes", Shape::names("solute", solutes::solute()), "Dissolved substances.")
                .optional(),
            key("flow", flow::flow(), "Flow of the medium through the scaffold (perfusion).")
                .optional(),
            key("baths", Shape::names("bath", solutes::bath()), "Well-mixed volumes of medium.")
                .optional(),
            key("cells", Shape::names("population", cells::cells()), "Cell populations.")
                .optional(),
            key(
                "matrix",
                Shape::names("matrix", matter::matrix()),
                "Extracellular matrix that cells lay down.",
            )
            .optional(),
            key("ph", solutes::ph(), "A proxy of the pH of medium from the lactic acid in it.")
                .optional(),
            key(
                "regions",
                Shape::names("region", scaffold::region()),
                "Places where some keys differ; where \
                two overlap the last in the file holds.",
            )
            .optional(),
            key("run", run::run(), "Clock, accuracy and output."),
            key(
                "expect",
                Shape::list(run::expect(), 0, 10_000),
                "What the result must be, from theory or \
                a reference.",
            )
            .optional(),
        ],
        groups: vec![],
        note: "",
    })
}
