//! `view.py`: a ParaView script that shows the run.

use super::checksums::publish_text;
use super::{Folder, Layout, Result};
use crate::ground::grid::Form;

const TEMPLATE: &str = include_str!("view.py");

/// What `view.py` shows.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Title over the picture.
    pub title: String,
    /// Fields beside each other, at most two: name and unit.
    pub fields: Vec<(String, String)>,
    /// Resolved pores: solid voxels are NaN and the pore surface is shown.
    pub pores: bool,
}

/// Writes the script.
pub fn write(folder: &Folder, layout: &Layout, view: &View) -> Result<()> {
    let fields: Vec<String> = view
        .fields
        .iter()
        .take(2)
        .map(|(name, unit)| format!("({}, {})", quoted(name), quoted(unit)))
        .collect();
    let round = matches!(layout.form, Form::Cylinder { .. }) && layout.dimensions == 2;
    let text = TEMPLATE
        .replace("@STEM@", &quoted(&layout.stem))
        .replace("@TITLE@", &quoted(&view.title))
        .replace("@FIELDS@", &format!("[{}]", fields.join(", ")))
        .replace("@PORES@", if view.pores { "True" } else { "False" })
        .replace("@AXES@", &axes(layout))
        .replace("@ROUND@", if round { "True" } else { "False" })
        .replace("@DIMENSIONS@", &layout.dimensions.to_string())
        .replace("@TIME_UNIT@", &quoted(&layout.time_unit));
    publish_text(folder.path(), "view.py", &text)
}

/// Titles of three axes.
fn axes(layout: &Layout) -> String {
    let names = layout.form.axes().iter().copied().chain(["", ""]);
    let titles: Vec<String> = names.take(3).map(|a| quoted(&format!("{a} (mm)"))).collect();
    format!("({})", titles.join(", "))
}

/// A Python string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
