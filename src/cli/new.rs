//! `blastema new`: a case file from a template.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use super::failure::{Exit, Failure};
use super::library::print;
use crate::ground::units::nearest;

/// Templates: name, what it is, text.
pub(super) const TEMPLATES: &[(&str, &str, &str)] = &[
    (
        "well-plate",
        "a cell-seeded sponge in a well: oxygen through still medium, glucose, lactate, medium changes",
        include_str!("../../cases/templates/well-plate.toml"),
    ),
    (
        "gel-slab-1d",
        "a gel slab in one dimension: seconds to run",
        include_str!("../../cases/templates/gel-slab-1d.toml"),
    ),
    (
        "steady-oxygen",
        "oxygen for the cells as seeded, nothing grows or dies",
        include_str!("../../cases/templates/steady-oxygen.toml"),
    ),
    (
        "micro-ct",
        "your own scan (TIFF), pores resolved",
        include_str!("../../cases/templates/micro-ct.toml"),
    ),
    (
        "gyroid-pores",
        "a printed gyroid, pores resolved",
        include_str!("../../cases/templates/gyroid-pores.toml"),
    ),
    (
        "growth-factor",
        "VEGF and BMP-2 in a gel: diffusion, decay, loss to the medium",
        include_str!("../../cases/templates/growth-factor.toml"),
    ),
    (
        "graded-scaffold",
        "porosity that changes with height, two seeded layers",
        include_str!("../../cases/templates/graded-scaffold.toml"),
    ),
    (
        "two-populations",
        "MSC and chondrocytes that share oxygen and glucose",
        include_str!("../../cases/templates/two-populations.toml"),
    ),
    (
        "perfusion-plug",
        "a plug perfused along its axis: oxygen, glucose, lactate, wall shear",
        include_str!("../../cases/templates/perfusion-plug.toml"),
    ),
    (
        "static-plug",
        "the same plug between two baths of fresh medium, without flow",
        include_str!("../../cases/templates/static-plug.toml"),
    ),
];

/// Arguments of `new`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  blastema new --list
  blastema new plug --from well-plate       writes plug.toml
  blastema new bone --from micro-ct")]
pub struct Args {
    /// Name of the case; NAME.toml is written
    #[arg(required_unless_present = "list")]
    name: Option<PathBuf>,
    /// Template to start from
    #[arg(long, value_name = "TEMPLATE", default_value = "well-plate")]
    from: String,
    /// List the templates
    #[arg(long)]
    list: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let Some(name) = args.name.as_ref().filter(|_| !args.list) else {
        return print(&list());
    };
    let Some(&(_, _, text)) = TEMPLATES.iter().find(|t| t.0 == args.from) else {
        let hint = nearest(&args.from, TEMPLATES.iter().map(|t| t.0))
            .map_or_else(String::new, |n| format!("  did you mean {n:?}?\n"));
        let message = format!("there is no template {:?}\n{hint}{}", args.from, list());
        return Err(Failure::new(Exit::Input, message));
    };
    let Some(stem) = name.file_name() else {
        return Err(Failure::new(
            Exit::Input,
            format!("{:?} is no name for a file", name.display()),
        ));
    };
    let mut file = stem.to_owned();
    if name.extension().is_none_or(|e| e != "toml") {
        file.push(".toml");
    }
    let path = name.with_file_name(file);
    let shown = path.display();
    // create_new: the file system decides, so nothing is ever overwritten.
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Ok(()) => print(&format!(
            "{shown} written from {}\nnext: blastema check {shown}\n      blastema run {shown}\n",
            args.from
        )),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(Failure::new(
            Exit::Exists,
            format!("{shown} exists and is left as it is\n  choose another name, or move it away"),
        )),
        Err(e) => Err(Failure::new(Exit::Io, format!("{shown} cannot be written: {e}"))),
    }
}

/// The templates with what they are.
fn list() -> String {
    let mut text = String::from("templates:\n");
    for (name, what, _) in TEMPLATES {
        let _ = writeln!(text, "  {name:15}  {what}");
    }
    text
}
