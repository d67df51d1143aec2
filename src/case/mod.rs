//! Floor 7: the case file, from text to the plain SI data of a run.
//!
//! `assemble` reads the texts (`extend`, `--set`, library) into one spanned tree; `check` walks
//! it against the declarations of `keys`; `build` makes the [`Setup`]. Every error of a case
//! comes in one [`Report`]. To add a key, add it in `keys` and read it in `build`; a law of a
//! family needs nothing here.

use std::path::Path;

use crate::geometry::structure::Structure;
use crate::geometry::threshold::Histogram;
use crate::model::expect::Expect;
use crate::model::provenance::{self, Provenance};
use crate::model::setup::Setup;

mod assemble;
mod build;
mod check;
mod checked;
mod convert;
mod diagnostic;
mod keys;
mod merge;
pub mod numbers;
mod origin;
mod reach;
pub mod reference;
pub mod resources;
pub mod scales;
mod shape;
mod source;
mod tree;
mod words;

pub use assemble::Stored;
pub use diagnostic::{Diagnostic, Report, Severity};
pub use reach::Options;

/// A case that can run.
#[derive(Debug)]
pub struct Case {
    /// What the model solves.
    pub setup: Setup,
    /// Where every value comes from.
    pub provenance: Provenance,
    /// What the result must be.
    pub expects: Vec<Expect>,
    /// Regions that overlap: the one below and the one that holds.
    pub overlaps: Vec<(String, String)>,
    /// Values that run but deserve a look.
    pub warnings: Vec<Diagnostic>,
}

/// Reads the case file at `path` with `--set` arguments `key=value` on top.
pub fn load(path: &Path, sets: &[String]) -> Result<Case, Report> {
    load_with(path, sets, &Options::default())
}

/// Reads the case file at `path`, which may name files of the folders that `options` allow.
pub fn load_with(path: &Path, sets: &[String], options: &Options) -> Result<Case, Report> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut assembly = assemble::Assembly::new(folder, options);
    let node = assembly.file(path);
    let stem = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    finish(assembly, node, sets, &stem)
}

/// Reads a case as a run has stored it: its texts, the case first, and the `--set` arguments.
pub fn load_stored(
    folder: &Path,
    stem: &str,
    texts: Vec<Stored>,
    sets: &[String],
    options: &Options,
) -> Result<Case, Report> {
    let mut assembly = assemble::Assembly::new(folder, options);
    assembly.stored = Some(texts.into());
    let node = assembly.file(Path::new("case.toml"));
    finish(assembly, node, sets, stem)
}

/// Reads a case from a text; the working directory is its folder.
pub fn load_text(name: &str, text: &str, sets: &[String]) -> Result<Case, Report> {
    load_text_with(name, text, sets, &Options::default())
}

/// Reads a case from a text with what `options` allow.
pub fn load_text_with(
    name: &str,
    text: &str,
    sets: &[String],
    options: &Options,
) -> Result<Case, Report> {
    let mut assembly = assemble::Assembly::new(Path::new("."), options);
    let node = assembly.text(name, text);
    let stem =
        Path::new(name).file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    finish(assembly, node, sets, &stem)
}

/// A structure with what was seen on the way to it.
pub struct Geometry {
    /// The structure.
    pub structure: Structure,
    /// How often the grey values of a scan occur.
    pub histogram: Option<Histogram>,
    /// The thresholds that were used.
    pub thresholds: Vec<f64>,
    /// Values that work but deserve a look.
    pub warnings: Vec<Diagnostic>,
}

/// The structure that the keys `scaffold` and `domain` of `--set` arguments describe.
pub fn geometry(sets: &[String], options: &Options) -> Result<Geometry, Report> {
    let mut assembly = assemble::Assembly::new(Path::new("."), options);
    let node = assembly.text("geometry", "");
    structure(assembly, node, sets, &keys::geometry())
}

/// The structure of the case file at `path` with `--set` arguments on top.
pub fn geometry_of(path: &Path, sets: &[String], options: &Options) -> Result<Geometry, Report> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut assembly = assemble::Assembly::new(folder, options);
    let node = assembly.file(path);
    let shape = assembly.shape.clone();
    structure(assembly, node, sets, &shape)
}

fn structure(
    mut assembly: assemble::Assembly,
    node: Option<tree::Node>,
    sets: &[String],
    shape: &shape::Shape,
) -> Result<Geometry, Report> {
    let Some(node) = node else { return Err(sorted(assembly.found)) };
    let node = assembly.sets(node, sets);
    let node = assembly.library(node);
    let mut checker = checker(&mut assembly, &node);
    let root = checker.case(&node, shape);
    let mut builder = build::Builder::new(checker, &root);
    let made = builder.geometry();
    let too_large = builder.too_large;
    let mut report = without_allowed(sorted(builder.check.found), &root);
    report.resources = too_large && report.errors() == 1;
    match made {
        Some((structure, histogram, thresholds)) if report.errors() == 0 => {
            Ok(Geometry { structure, histogram, thresholds, warnings: report.diagnostics })
        }
        _ => Err(report),
    }
}

/// A tree with `--set` arguments on top and the library below.
fn whole(assembly: &mut assemble::Assembly, node: tree::Node, sets: &[String]) -> tree::Node {
    let node = sets.iter().fold(node, |node, set| assembly.set(node, set));
    assembly.library(node)
}

/// Takes over what was found so far.
fn checker<'a>(assembly: &'a mut assemble::Assembly, node: &tree::Node) -> check::Checker<'a> {
    let found = std::mem::take(&mut assembly.found);
    let molar_mass = origin::molar_masses(node);
    check::Checker { sources: &assembly.sources, found, molar_mass }
}

fn sorted(diagnostics: Vec<Diagnostic>) -> Report {
    let mut report = Report { diagnostics, resources: false };
    report.sort();
    report
}

/// Leaves out the warnings that a case allows.
fn without_allowed(mut report: Report, root: &checked::Checked) -> Report {
    let allowed = root.get("allow").map_or(&[][..], checked::Checked::list);
    let allowed: Vec<&str> = allowed.iter().filter_map(|c| c.text()).collect();
    report.diagnostics.retain(|d| d.severity == Severity::Error || !allowed.contains(&d.code));
    report
}

fn finish(
    mut assembly: assemble::Assembly,
    node: Option<tree::Node>,
    sets: &[String],
    stem: &str,
) -> Result<Case, Report> {
    if let Err(why) = provenance::plain(stem) {
        let what = format!("the name of the case file {why}, and outputs are called after it");
        assembly.error("E001", "", what, None);
    }
    let Some(node) = node else { return Err(sorted(assembly.found)) };
    let node = whole(&mut assembly, node, sets);
    let shape = assembly.shape.clone();
    let mut checker = checker(&mut assembly, &node);
    let root = checker.case(&node, &shape);
    let mut builder = build::Builder::new(checker, &root);
    let built = builder.build();
    let build::Builder { check: checker, inputs, unused, overlaps, too_large, .. } = builder;
    let mut report = without_allowed(sorted(checker.found), &root);
    match built {
        Some((setup, expects)) if report.errors() == 0 => {
            let warnings = report.diagnostics;
            let mut provenance = origin::provenance(&root, &assembly.sources, &unused, inputs);
            stem.clone_into(&mut provenance.stem);
            provenance.warnings = warnings
                .iter()
                .map(|w| format!("{}: {} ({})", w.code, w.message, w.label))
                .collect();
            Ok(Case { setup, provenance, expects, overlaps, warnings })
        }
        _ => {
            report.resources = too_large && report.errors() == 1;
            Err(report)
        }
    }
}
