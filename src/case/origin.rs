//! Where every value comes from, and the hash of a case.

use std::collections::HashMap;

use super::checked::{Checked, Value};
use super::source::{Kind, Source, Sources};
use super::tree::{Data, Node};
use super::words::last;
use crate::ground::units::{self, MOLAR_MASS};
use crate::model::provenance::{Entry, Provenance};

/// Molar masses of the solutes that give one.
pub(super) fn molar_masses(node: &Node) -> HashMap<String, f64> {
    let Some(Node { data: Data::Table(solutes), .. }) = node.get("solutes") else {
        return HashMap::new();
    };
    let mass = |n: &Node| units::parse_as(n.get("molar_mass")?.text()?, MOLAR_MASS).ok();
    solutes.iter().filter_map(|(k, n)| Some((k.name.clone(), mass(n)?))).collect()
}

/// Every value with its source, the texts, and the hash.
pub(super) fn provenance(
    root: &Checked,
    sources: &Sources,
    unused: &[String],
    inputs: Vec<(String, String, u64)>,
) -> Provenance {
    let mut entries = Vec::new();
    let mut canonical = Vec::new();
    let hidden = |key: &str| {
        unused.iter().any(|u| {
            key.strip_prefix(u.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    leaves(root, true, &mut |leaf| {
        if !hidden(&leaf.key) {
            canonical.extend(canon(leaf));
        }
    });
    leaves(root, false, &mut |leaf| {
        if !hidden(&leaf.key) {
            entries.push(entry(leaf, sources));
        }
    });
    let defaults: Vec<Entry> = entries.extract_if(.., |e| e.source == "default").collect();
    entries.extend(defaults);
    let texts = sources.0.iter().filter(|s| matches!(s.kind, Kind::Case | Kind::Base));
    let texts = texts.map(|s| (s.name.clone(), s.text.clone())).collect();
    let files = sources.0.iter().filter(|s| matches!(s.kind, Kind::Case | Kind::Base));
    let folders = files.map(|s| {
        let absolute = std::path::absolute(&s.folder).or_else(|_| std::env::current_dir());
        absolute.unwrap_or_default().display().to_string()
    });
    let sets = sources.0.iter().filter(|s| s.kind == Kind::Set).map(|s| s.text.clone());
    Provenance {
        stem: String::new(),
        hash: hash(canonical, &inputs),
        entries,
        texts,
        folders: folders.collect(),
        sets: sets.collect(),
        inputs,
        warnings: Vec::new(),
    }
}

/// Calls `f` with every value below `at`; a list of plain values is one value unless `apart`.
fn leaves<'a>(at: &'a Checked, apart: bool, f: &mut impl FnMut(&'a Checked)) {
    match &at.value {
        Value::Table(entries) if !entries.is_empty() || at.key.is_empty() => {
            for e in entries {
                leaves(&e.1, apart, f);
            }
        }
        Value::List(items) if apart || items.iter().any(|i| matches!(i.value, Value::Table(_))) => {
            for i in items {
                leaves(i, apart, f);
            }
        }
        Value::Choice(_, inner) => leaves(inner, apart, f),
        _ => f(at),
    }
}

fn entry(leaf: &Checked, sources: &Sources) -> Entry {
    let source = leaf.place.and_then(|p| sources.get(p.source));
    let (si, unit) = match leaf.value {
        Value::Quantity(v, d) => (Some(v), units::si(d)),
        Value::Count(n) => (Some(n as f64), String::new()),
        _ => (None, String::new()),
    };
    let typed = match &leaf.value {
        Value::Table(_) => "{}".into(),
        _ => leaf.typed.clone(),
    };
    let source = source.map_or_else(|| "default".into(), |s| name(s, &leaf.key));
    Entry { key: leaf.key.clone(), typed, si, unit, source }
}

/// How a source is named beside a value.
fn name(source: &Source, key: &str) -> String {
    match &source.kind {
        Kind::Case => "case".into(),
        Kind::Base => format!("extend {}", source.name),
        Kind::Set => "--set".into(),
        Kind::Library { under, sources } => {
            let inner = key.strip_prefix(under.as_str()).unwrap_or(key).trim_start_matches('.');
            let cited = sources
                .iter()
                .filter(|s| {
                    inner == s.0 || inner.strip_prefix(&s.0).is_some_and(|r| r.starts_with('.'))
                })
                .max_by_key(|s| s.0.len());
            match cited {
                Some((_, text, confidence)) => format!("{}: {text} [{confidence}]", source.name),
                None => source.name.clone(),
            }
        }
    }
}

/// A value as it enters the hash: key and SI value; nothing for what does not change a result.
fn canon(leaf: &Checked) -> Option<String> {
    const SILENT: [&str; 4] = ["title", "allow", "extend", "expect"];
    let first = leaf.key.split(['.', '[']).next().unwrap_or_default();
    if SILENT.contains(&first) || last(&leaf.key) == "path" {
        return None;
    }
    Some(match &leaf.value {
        Value::Quantity(v, _) => format!("{}\0{:016x}", leaf.key, v.to_bits()),
        Value::Count(n) => format!("{}\0{n}", leaf.key),
        Value::Flag(b) => format!("{}\0{b}", leaf.key),
        Value::Text(t) => format!("{}\0{t}", leaf.key),
        _ => leaf.key.clone(),
    })
}

/// BLAKE3 over the canonical SI case, the contents of the input files and the version.
fn hash(mut canonical: Vec<String>, inputs: &[(String, String, u64)]) -> String {
    canonical.sort();
    let mut hasher = blake3::Hasher::new();
    let part = |h: &mut blake3::Hasher, text: &str| {
        h.update(&(text.len() as u64).to_le_bytes());
        h.update(text.as_bytes());
    };
    let version = env!("CARGO_PKG_VERSION");
    part(&mut hasher, version.rsplit_once('.').map_or(version, |v| v.0));
    for text in canonical.iter().chain(inputs.iter().map(|i| &i.1)) {
        part(&mut hasher, text);
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_cited_key_above_a_value_counts() {
        let all = [("a", "whole", "seen"), ("a.b", "part", "memory"), ("", "none", "none")];
        let sources = all.map(|(k, s, c)| (k.to_owned(), s.to_owned(), c.to_owned())).into();
        let source = Source {
            name: "library x".into(),
            kind: Kind::Library { under: "cells.c".into(), sources },
            text: String::new(),
            folder: std::path::PathBuf::new(),
        };
        let of = |key: &str| name(&source, key);
        assert_eq!(of("cells.c.a"), "library x: whole [seen]");
        assert_eq!(of("cells.c.a.b"), "library x: part [memory]");
        assert_eq!(of("cells.c.a.b.c"), "library x: part [memory]");
        // What only begins alike is another key.
        assert_eq!(of("cells.c.a.bc"), "library x: whole [seen]");
        assert_eq!(of("cells.c.ab"), "library x");
    }
}
