//! Reads a case file, what it extends, the `--set` arguments and the library into one tree.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::diagnostic::{self, Diagnostic, Severity};
use super::keys;
use super::merge::{Laws, emptied, merge};
use super::reach::{self, Options, Reach, Refusal};
use super::shape::Shape;
use super::source::{self, Kind, Place, Source, Sources};
use super::tree::{self, Data, Node};
use super::words::brief;
use crate::ground::units;
use crate::library;

/// Most files in a chain of `extend`.
const LONGEST_CHAIN: usize = 8;

/// Everything read so far.
pub(super) struct Assembly {
    /// Texts.
    pub sources: Sources,
    /// What is wrong with them.
    pub found: Vec<Diagnostic>,
    /// Texts that were stored, the case first, then what it extends: they are read instead of
    /// files.
    pub stored: Option<VecDeque<Stored>>,
    /// The keys of a case.
    pub shape: Rc<Shape>,
    /// Empty tables that took away what stood below them.
    emptied: Vec<Place>,
}

/// A case file, or one that it extends, as a run has stored it.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Name in messages.
    pub name: String,
    /// Folder from which its relative paths start.
    pub folder: PathBuf,
    /// Its text.
    pub text: String,
}

impl Assembly {
    /// Nothing read yet of a case in `folder`.
    pub(super) fn new(folder: &Path, options: &Options) -> Assembly {
        let sources = Sources(Vec::new(), Reach::new(folder, options));
        let shape = Rc::new(keys::case());
        Assembly { sources, found: Vec::new(), stored: None, shape, emptied: Vec::new() }
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        key: &str,
        message: String,
        place: Option<Place>,
    ) -> &mut Diagnostic {
        let kind = (Severity::Error, code);
        diagnostic::add(&mut self.found, &self.sources, kind, key, message, place)
    }

    /// Reads a case file from disk.
    pub(super) fn file(&mut self, path: &Path) -> Option<Node> {
        self.extended(path, &path.display().to_string(), Kind::Case, None, &mut Vec::new())
    }

    /// Reads a case from a text.
    pub(super) fn text(&mut self, name: &str, text: &str) -> Option<Node> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        let source =
            Source { name: name.into(), kind: Kind::Case, text, folder: PathBuf::from(".") };
        self.parsed(source, &mut Vec::new())
    }

    fn extended(
        &mut self,
        path: &Path,
        name: &str,
        kind: Kind,
        asked: Option<Place>,
        chain: &mut Vec<PathBuf>,
    ) -> Option<Node> {
        if let Some(stored) = &mut self.stored {
            let Some(Stored { name, folder, text }) = stored.pop_front() else {
                let what = format!("{} was not stored with the run", brief(name));
                self.error("E001", "", what, asked);
                return None;
            };
            return self.parsed(Source { name, kind, text, folder }, chain);
        }
        if asked.is_some()
            && let Err(Refusal::Outside(real)) = self.sources.1.resolve(path, false, false)
        {
            let what = format!("extend: {} lies outside the folder of the case", brief(name));
            let d = self.error("E028", "extend", what, asked);
            d.label = format!("this is {}", real.display());
            d.notes.push(reach::remedy(&real));
            return None;
        }
        let text = match source::read(path) {
            Ok(text) if text.trim().is_empty() => Err("is empty".to_owned()),
            other => other,
        };
        let text = match text {
            Ok(text) => text,
            Err(what) => {
                let what = format!("{} {what}", brief(name));
                let d = self.error("E001", "", what.clone(), asked);
                if asked.is_none() {
                    name.clone_into(&mut d.file);
                }
                if what.ends_with("is empty") || what.ends_with("does not exist") {
                    d.notes.push(
                        "`blastema new NAME --from well-plate` writes a case to start from".into(),
                    );
                }
                return None;
            }
        };
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if chain.contains(&real) || chain.len() >= LONGEST_CHAIN {
            let what =
                if chain.contains(&real) { "extends itself" } else { "is the ninth file in a row" };
            self.error("E003", "extend", format!("extend: {} {what}", brief(name)), asked);
            return None;
        }
        chain.push(real);
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        self.parsed(Source { name: name.into(), kind, text, folder }, chain)
    }

    fn parsed(&mut self, source: Source, chain: &mut Vec<PathBuf>) -> Option<Node> {
        let text = source.text.clone();
        let folder = source.folder.clone();
        let number = self.sources.add(source);
        let node = match tree::parse(&text, number) {
            Ok(node) => node,
            Err(mistakes) => {
                for m in mistakes {
                    self.error("E002", "", "this is not TOML".into(), Some(m.place)).label =
                        m.message;
                }
                return None;
            }
        };
        let Some(extend) = node.get("extend") else { return Some(node) };
        let Some(base) = extend.text().map(str::to_owned) else { return Some(node) };
        let place = extend.place;
        let path = folder.join(&base);
        let shown = path.display().to_string();
        let base = self.extended(&path, &shown, Kind::Base, Some(place), chain)?;
        self.tell_emptied(&base, &node, "");
        Some(merge(base, node, Some(&self.shape), Laws::Replace))
    }

    /// Applies a `--set key=value`.
    pub(super) fn set(&mut self, node: Node, argument: &str) -> Node {
        match self.argument(argument) {
            Some(over) => {
                self.tell_emptied(&node, &over, "");
                merge(node, over, Some(&self.shape), Laws::SameLaw)
            }
            None => node,
        }
    }

    /// Warns of tables that are emptied: a header alone may have been meant to change nothing.
    fn tell_emptied(&mut self, base: &Node, over: &Node, key: &str) {
        for (key, place) in emptied(base, over, key) {
            let message = format!("{key} is empty: what stands below it is taken away");
            self.emptied.push(place);
            let kind = (Severity::Warning, "W055");
            let place = Some(place);
            diagnostic::add(&mut self.found, &self.sources, kind, &key, message, place).label =
                "without this table it stays".into();
        }
    }

    /// Puts `--set` arguments on top of a tree, none of which excludes another without a word.
    pub(super) fn sets(&mut self, node: Node, arguments: &[String]) -> Node {
        let overs: Vec<Node> = arguments.iter().filter_map(|a| self.argument(a)).collect();
        let over = overs.into_iter().reduce(|a, b| merge(a, b, None, Laws::SameLaw));
        match over {
            Some(over) => merge(node, over, Some(&self.shape), Laws::SameLaw),
            None => node,
        }
    }

    /// A `--set` argument as a tree.
    fn argument(&mut self, argument: &str) -> Option<Node> {
        let name = "--set".to_owned();
        let source = |text: String| Source {
            name: name.clone(),
            kind: Kind::Set,
            text,
            folder: PathBuf::new(),
        };
        let Some((key, value)) = argument.split_once('=') else {
            let number = self.sources.add(source(argument.into()));
            let place = Place { source: number, start: 0, end: argument.len() };
            self.error("E004", "", "--set needs key=value".into(), Some(place)).label =
                "for example --set run.duration=\"7 d\"".into();
            return None;
        };
        let quoted = || {
            let value: String = value
                .trim()
                .chars()
                .flat_map(|c| match c {
                    '"' | '\\' => vec!['\\', c],
                    c => vec![c],
                })
                .collect();
            format!("{key}=\"{value}\"")
        };
        let plain = !argument.contains(['\n', '\r']) && tree::parse(argument, 0).is_ok();
        let text = if plain { argument.to_owned() } else { quoted() };
        let number = self.sources.add(source(text.clone()));
        match tree::parse(&text, number) {
            Ok(over) if !text.contains('\n') => Some(over),
            _ => {
                let place = Place { source: number, start: 0, end: key.len() };
                self.error(
                    "E004",
                    "",
                    format!("--set {} is not key=value", brief(argument)),
                    Some(place),
                )
                .label = "a dotted key, then = and a value".into();
                None
            }
        }
    }

    /// Puts the library's entries under what the case gives.
    pub(super) fn library(&mut self, node: Node) -> Node {
        let shape = Rc::clone(&self.shape);
        let mut wanted: Vec<(library::Kind, String, Vec<String>, Option<Place>)> = Vec::new();
        let tables = |name: &str| match node.get(name).map(|n| &n.data) {
            Some(Data::Table(t)) => t.clone(),
            _ => Vec::new(),
        };
        for (key, cells) in tables("cells") {
            let Some(kind) = cells.get("type") else { continue };
            let Some(name) = kind.text().filter(|t| *t != "custom") else { continue };
            let under = vec!["cells".into(), key.name.clone()];
            wanted.push((library::Kind::Cells, name.into(), under, Some(kind.place)));
        }
        for (key, _) in tables("solutes") {
            if library::entry(library::Kind::Solute, &key.name).is_some() {
                let under = vec!["solutes".into(), key.name.clone()];
                wanted.push((library::Kind::Solute, key.name, under, None));
            }
        }
        if let Some(material) = node.at(&["scaffold", "material"])
            && let Some(name) = material.text()
        {
            let under = vec!["scaffold".into()];
            wanted.push((library::Kind::Material, name.into(), under, Some(material.place)));
        }
        let mut node = node;
        let sources = self.sources.0.iter().enumerate();
        let typed: Vec<usize> =
            sources.filter(|s| matches!(s.1.kind, Kind::Set)).map(|s| s.0).collect();
        for (kind, name, under, place) in wanted {
            let Some(fragment) = self.entry(kind, &name, &under, place) else { continue };
            let path: Vec<&str> = under.iter().map(String::as_str).collect();
            if let Some(own) = node.at_mut(&path) {
                let taken =
                    std::mem::replace(own, Node { place: Place::default(), data: Data::Date });
                self.tell_emptied(&fragment, &taken, &under.join("."));
                let laws = Laws::SameLawOf(&typed);
                *own = merge(fragment, taken, shape_at(&shape, &path), laws);
            }
        }
        without(&mut node, &self.emptied);
        node
    }

    /// An entry of the library as a tree.
    fn entry(
        &mut self,
        kind: library::Kind,
        name: &str,
        under: &[String],
        place: Option<Place>,
    ) -> Option<Node> {
        let Some(text) = library::entry(kind, name) else {
            let names = library::names(kind);
            let near = units::nearest(name, names.iter().copied());
            let key = if kind == library::Kind::Cells { "type" } else { "material" };
            let key = format!("{}.{key}", under.join("."));
            let d = self.error(
                "E027",
                &key,
                format!("{key}: the library has no `{}`", brief(name)),
                place,
            );
            d.label = near.map(|n| format!("did you mean \"{n}\"?")).unwrap_or_default();
            d.notes.push(format!("it has {}", names.join(", ")));
            if kind == library::Kind::Cells {
                d.notes.push("type = \"custom\" takes nothing from the library".into());
            }
            return None;
        };
        let source = Source {
            name: format!("library {name}"),
            kind: Kind::Library { under: under.join("."), sources: Vec::new() },
            text: text.into(),
            folder: PathBuf::new(),
        };
        let number = self.sources.add(source);
        let mut node = tree::parse(text, number).ok()?;
        let Data::Table(entries) = &mut node.data else { return None };
        let sources =
            entries.iter().position(|e| e.0.name == "sources").map(|i| entries.remove(i).1);
        if let (Some(sources), Some(source)) = (sources, self.sources.0.get_mut(number)) {
            source.kind = Kind::Library { under: under.join("."), sources: cited(&sources) };
        }
        Some(node)
    }
}

/// Key, source and confidence of each value of a library entry.
fn cited(node: &Node) -> Vec<(String, String, String)> {
    let Data::Table(entries) = &node.data else { return Vec::new() };
    let text = |n: &Node, key: &str| n.get(key).and_then(Node::text).unwrap_or("").to_owned();
    entries
        .iter()
        .map(|(k, n)| (k.name.clone(), text(n, "source"), text(n, "confidence")))
        .collect()
}

/// The shape under a dotted path.
fn shape_at<'a>(shape: &'a Shape, path: &[&str]) -> Option<&'a Shape> {
    path.iter().try_fold(shape, |shape, key| match shape {
        Shape::Table(t) => t.keys.iter().find(|k| k.name == *key).map(|k| &k.shape),
        Shape::OneOf(c) => c.keys.iter().find(|k| k.name == *key).map(|k| &k.shape),
        Shape::Names { of, own, .. } => Some(Shape::named(of, own, key)),
        _ => None,
    })
}

/// Takes the empty tables at these places out of a tree.
fn without(node: &mut Node, places: &[Place]) {
    let Data::Table(entries) = &mut node.data else { return };
    let empty = |n: &Node| matches!(&n.data, Data::Table(t) if t.is_empty());
    entries.retain(|e| !(empty(&e.1) && places.contains(&e.1.place)));
    for e in entries {
        without(&mut e.1, places);
    }
}
