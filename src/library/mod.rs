//! Floor 6: named, cited parameter sets, compiled in.
//!
//! A set is a TOML file under `src/library/data/<kind>/`: its first line is a comment that says
//! what it is, then come exactly the keys of the case file's table of that kind, then a table
//! `[sources]` with an entry for every value. To add a set, add the file and its name below.

/// What a set is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `[cells.<name>] type = …`
    Cells,
    /// `[scaffold] material = …`
    Material,
    /// `[solutes.<name>]` of the same name.
    Solute,
    /// Concentrations of the solutes in a medium.
    Medium,
    /// Area, usual volume and height of medium of a well.
    Plate,
}

impl Kind {
    /// All kinds in the order of listing.
    pub const ALL: [Kind; 5] =
        [Kind::Cells, Kind::Material, Kind::Solute, Kind::Medium, Kind::Plate];

    /// Name of the kind.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Cells => "cells",
            Kind::Material => "material",
            Kind::Solute => "solute",
            Kind::Medium => "medium",
            Kind::Plate => "plate",
        }
    }
}

macro_rules! sets {
    ($($kind:ident $folder:literal: $($name:literal)+;)+) => {
        /// All sets: kind, name and text.
        const SETS: &[(Kind, &str, &str)] = &[$($(
            (Kind::$kind, $name, include_str!(concat!("data/", $folder, "/", $name, ".toml"))),
        )+)+];
    };
}

sets! {
    Cells "cells": "human-msc-bone-marrow" "chondrocyte-articular" "osteoblast" "fibroblast-dermal";
    Material "material": "collagen-sponge" "collagen-gel" "fibrin-gel" "alginate-gel" "gelma"
        "pcl-printed" "plga-foam" "ha-tcp-ceramic";
    Solute "solute": "oxygen" "glucose" "lactate" "vegf" "bmp2" "tgfb1" "sdf1";
    Medium "medium": "dmem-low-glucose" "dmem-high-glucose" "dmem-low-glucose-5-percent-oxygen"
        "dmem-high-glucose-5-percent-oxygen";
    Plate "plate": "96-well" "48-well" "24-well" "12-well" "6-well";
}

/// Names of the sets of a kind, in the order of listing.
pub fn names(kind: Kind) -> Vec<&'static str> {
    SETS.iter().filter(|s| s.0 == kind).map(|s| s.1).collect()
}

/// TOML text of a set: the keys of the case file's table and a table `sources`.
pub fn entry(kind: Kind, name: &str) -> Option<&'static str> {
    SETS.iter().find(|s| s.0 == kind && s.1 == name).map(|s| s.2)
}

/// What a set is: the comment in its first line.
pub fn summary(kind: Kind, name: &str) -> Option<&'static str> {
    entry(kind, name)?.lines().next()?.strip_prefix("# ")
}

/// A value of a set and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Dotted key in the case file's table.
    pub key: String,
    /// The value as one would type it, units included; `{}` for a law without parameters.
    pub value: toml::Value,
    /// Publication, or the reason for the number.
    pub source: String,
    /// `seen` in a public copy of the publication (often its abstract), from `memory` (typical, to be checked), or `assumed`.
    pub confidence: String,
    /// Ranges, other values, conditions; may be empty.
    pub note: String,
}

/// The values of a set with their sources, in alphabetical order of the keys; empty for a name
/// that does not exist.
pub fn values(kind: Kind, name: &str) -> Vec<Value> {
    let Some(mut table) = entry(kind, name).and_then(|t| t.parse::<toml::Table>().ok()) else {
        return Vec::new();
    };
    let sources = table.remove("sources");
    let mut leaves = Vec::new();
    flatten("", toml::Value::Table(table), &mut leaves);
    leaves
        .into_iter()
        .map(|(key, value)| {
            let source = sources.as_ref().and_then(|s| s.get(&key));
            let text = |field: &str| {
                source.and_then(|s| s.get(field)?.as_str()).unwrap_or_default().to_owned()
            };
            let (source, confidence, note) = (text("source"), text("confidence"), text("note"));
            Value { key, value, source, confidence, note }
        })
        .collect()
}

/// Lists the leaves of a table under dotted keys; an empty table is a leaf.
fn flatten(prefix: &str, value: toml::Value, leaves: &mut Vec<(String, toml::Value)>) {
    match value {
        toml::Value::Table(table) if !table.is_empty() => {
            for (key, value) in table {
                let dotted = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
                flatten(&dotted, value, leaves);
            }
        }
        leaf => leaves.push((prefix.to_owned(), leaf)),
    }
}
