//! Validation: the typed tree against the declarations, every error in one pass.

use std::collections::HashMap;

use super::checked::{Checked, Value};
use super::convert::convert;
use super::diagnostic::{self, Diagnostic, Severity};
use super::shape::{self, Choice, Key, Need, Range, Shape, Table};
use super::source::{Place, Sources};
use super::tree::{self, Data, Node};
use super::words::{brief, join, last, one_of, plural};
use crate::ground::units::{self, CONCENTRATION, Dimension, NONE, PRESSURE, UnitError, words};

/// Magnitudes whose products still are numbers.
const COMPUTABLE: std::ops::RangeInclusive<f64> = 1e-60..=1e60;

/// Collects what is wrong, and knows what units need: the solute at hand and its molar mass.
pub(super) struct Checker<'a> {
    /// Texts of the case.
    pub sources: &'a Sources,
    /// What was found so far.
    pub found: Vec<Diagnostic>,
    /// Molar masses of the solutes that give one, kg/mol.
    pub molar_mass: HashMap<String, f64>,
}

/// Where the walk is.
#[derive(Clone, Copy)]
struct At<'a> {
    key: &'a str,
    solute: Option<&'a str>,
}

impl Checker<'_> {
    /// Reports an error.
    pub(super) fn error(
        &mut self,
        code: &'static str,
        key: &str,
        message: String,
        place: Option<Place>,
    ) -> &mut Diagnostic {
        self.add(Severity::Error, code, key, message, place)
    }

    /// Reports a warning.
    pub(super) fn warning(
        &mut self,
        code: &'static str,
        key: &str,
        message: String,
        place: Option<Place>,
    ) -> &mut Diagnostic {
        self.add(Severity::Warning, code, key, message, place)
    }

    fn add(
        &mut self,
        severity: Severity,
        code: &'static str,
        key: &str,
        message: String,
        place: Option<Place>,
    ) -> &mut Diagnostic {
        diagnostic::add(&mut self.found, self.sources, (severity, code), key, message, place)
    }

    /// Checks a whole case.
    pub(super) fn case(&mut self, node: &Node, shape: &Shape) -> Checked {
        self.node(node, shape, At { key: "", solute: None })
    }

    fn node(&mut self, node: &Node, shape: &Shape, at: At<'_>) -> Checked {
        let value = match shape {
            Shape::Quantity(range) => self.quantity(node, range, at),
            Shape::AnyQuantity => self.any_quantity(node, at),
            Shape::Count(least, most) => self.count(node, *least, *most, at),
            Shape::Flag => match node.data {
                Data::Flag(b) => Value::Flag(b),
                _ => self.wrong_kind(node, "true or false", shape, at),
            },
            Shape::Text | Shape::File | Shape::Name(_) => match node.text() {
                Some(t) if t.trim().is_empty() && !matches!(shape, Shape::Text) => {
                    self.error("E015", at.key, format!("{} is empty", at.key), Some(node.place));
                    Value::Invalid
                }
                Some(t) => Value::Text(t.into()),
                _ => self.wrong_kind(node, "a string", shape, at),
            },
            Shape::Unit(d) => self.unit(node, *d, at),
            Shape::Word(known) => self.word(node, known, at),
            Shape::List { of, least, most } => self.list(node, of, *least, *most, shape, at),
            Shape::Row(items) => self.row(node, items, shape, at),
            Shape::Table(table) => self.table(node, table, shape, at),
            Shape::Names { noun, of, own } => self.names(node, noun, (of, own), shape, at),
            Shape::OneOf(choice) => self.choice(node, choice, shape, at),
        };
        let typed = match &node.data {
            Data::Text(t) => t.clone(),
            Data::Table(_) => String::new(),
            _ => self.sources.text(node.place).to_owned(),
        };
        Checked { key: at.key.into(), place: Some(node.place), typed, value }
    }

    fn wrong_kind(&mut self, node: &Node, expected: &str, shape: &Shape, at: At<'_>) -> Value {
        self.error("E017", at.key, format!("{} must be {expected}", at.key), Some(node.place))
            .label = format!("this is {}", node.kind());
        self.note(format!("write for example: {} = {}", last(at.key), shape::example(shape)));
        Value::Invalid
    }

    fn note(&mut self, text: String) {
        if let Some(d) = self.found.last_mut() {
            d.notes.push(text);
        }
    }

    fn quantity(&mut self, node: &Node, range: &Range, at: At<'_>) -> Value {
        let number = match &node.data {
            Data::Integer(Some(i)) => Some(*i as f64),
            Data::Float(v) => Some(*v),
            Data::Integer(None) => Some(f64::INFINITY),
            Data::Text(_) => None,
            _ => {
                let what =
                    if range.dimension == NONE { "a number" } else { "a string with a unit" };
                return self.wrong_kind(node, what, &Shape::Quantity(*range), at);
            }
        };
        let value = match (number, &node.data) {
            (Some(v), _) if range.dimension == NONE => v,
            (Some(_), _) => {
                self.bare(node, range, at);
                return Value::Invalid;
            }
            (None, Data::Text(text)) => match self.read(text, range.dimension, at) {
                Ok(v) => v,
                Err(e) => {
                    self.unit_error(node, &e, Some(range), at.key);
                    return Value::Invalid;
                }
            },
            (None, _) => return Value::Invalid,
        };
        if !range.holds(value) {
            let message = format!("{} is out of range", at.key);
            let label = format!("must be {}", range.words());
            self.error("E016", at.key, message, Some(node.place)).label = label;
            return Value::Invalid;
        }
        if value != 0.0 && !COMPUTABLE.contains(&value.abs()) {
            let message = format!("{} is beyond what can be computed", at.key);
            let label = "its magnitude in SI must lie between 1e-60 and 1e60".into();
            self.error("E016", at.key, message, Some(node.place)).label = label;
            return Value::Invalid;
        }
        Value::Quantity(value, range.dimension)
    }

    /// A number where a unit is needed.
    fn bare(&mut self, node: &Node, range: &Range, at: At<'_>) {
        let number = self.sources.text(node.place).to_owned();
        let unit = units::usual(range.dimension);
        let message = format!("{} has no unit", at.key);
        self.error("E013", at.key, message, Some(node.place)).label =
            format!("expected {}", words(range.dimension));
        self.note(format!("write the unit in quotes: {} = \"{number} {unit}\"", last(at.key)));
    }

    /// A quantity in the dimension expected; mass becomes amount with the solute's molar mass,
    /// pressure of oxygen becomes concentration.
    fn read(&self, text: &str, expected: Dimension, at: At<'_>) -> Result<f64, UnitError> {
        convert(text, expected, at.solute, &self.molar_mass)
    }

    /// A quantity of a solute, read outside the walk.
    pub(super) fn quantity_of(
        &self,
        text: &str,
        expected: Dimension,
        solute: Option<&str>,
    ) -> Result<f64, UnitError> {
        convert(text, expected, solute, &self.molar_mass)
    }

    /// Reports a text that is no quantity.
    pub(super) fn unit_error(
        &mut self,
        node: &Node,
        e: &UnitError,
        range: Option<&Range>,
        key: &str,
    ) {
        self.unit_error_at(Some(node.place), e, range, key);
    }

    /// Reports a text that is no quantity at a place.
    pub(super) fn unit_error_at(
        &mut self,
        place: Option<Place>,
        e: &UnitError,
        range: Option<&Range>,
        key: &str,
    ) {
        let (code, message) = match e {
            UnitError::Dimension { .. } => ("E012", format!("{key} has the wrong dimension")),
            UnitError::Missing(_) => ("E013", format!("{key} has no unit")),
            UnitError::Unknown(..) => ("E014", format!("{key} has an unknown unit")),
            _ => ("E015", format!("{key} is not a quantity")),
        };
        self.error(code, key, message, place).label = e.to_string();
        if let Some(range) = range {
            let sample = shape::example(&Shape::Quantity(*range));
            self.note(format!("write for example: {} = {sample}", last(key)));
        }
        if let UnitError::Dimension { found, expected } = e {
            let amount = Dimension { kg: 0, mol: found.kg, ..*found };
            if found.mol == 0 && expected.mol != 0 && amount == *expected {
                self.note("a mass becomes an amount with the solute's `molar_mass`".into());
            }
            if *found == PRESSURE && *expected == CONCENTRATION {
                self.note("only for oxygen is a pressure a concentration".into());
            }
        }
    }

    fn any_quantity(&mut self, node: &Node, at: At<'_>) -> Value {
        match &node.data {
            Data::Integer(Some(i)) => Value::Quantity(*i as f64, NONE),
            Data::Float(v) if v.is_finite() => Value::Quantity(*v, NONE),
            Data::Text(text) => match units::parse(text) {
                Ok(q) => Value::Quantity(q.value, q.dimension),
                Err(e) => {
                    self.unit_error(node, &e, None, at.key);
                    Value::Invalid
                }
            },
            _ => {
                self.wrong_kind(node, "a number, or a string with a unit", &Shape::AnyQuantity, at)
            }
        }
    }

    fn count(&mut self, node: &Node, least: u64, most: u64, at: At<'_>) -> Value {
        let Data::Integer(n) = node.data else {
            return self.wrong_kind(node, "a whole number", &Shape::Count(least, most), at);
        };
        let inside = |n: &u64| (least..=most).contains(n);
        if let Some(n) = n.and_then(|n| u64::try_from(n).ok()).filter(inside) {
            return Value::Count(n);
        }
        let message = format!("{} is out of range", at.key);
        self.error("E016", at.key, message, Some(node.place)).label =
            format!("must be from {least} to {most}");
        Value::Invalid
    }

    fn unit(&mut self, node: &Node, expected: Option<Dimension>, at: At<'_>) -> Value {
        let Some(text) = node.text() else {
            return self.wrong_kind(node, "the name of a unit", &Shape::Unit(expected), at);
        };
        if text == "1" {
            return Value::Text(text.into());
        }
        match convert(&format!("1 {text}"), NONE, at.solute, &self.molar_mass) {
            Err(UnitError::Dimension { found, .. }) => {
                let probe = expected.unwrap_or(found);
                if let Err(e) = self.read(&format!("1 {text}"), probe, at) {
                    self.unit_error(node, &e, None, at.key);
                    return Value::Invalid;
                }
            }
            Err(e) => {
                self.unit_error(node, &e, None, at.key);
                return Value::Invalid;
            }
            Ok(_) => {}
        }
        Value::Text(text.into())
    }

    fn word(&mut self, node: &Node, known: &'static [&'static str], at: At<'_>) -> Value {
        let Some(text) = node.text() else {
            return self.wrong_kind(node, "a word in quotes", &Shape::Word(known), at);
        };
        if known.contains(&text) {
            return Value::Text(text.into());
        }
        let message = format!("{} is not `{}`", at.key, brief(text));
        let near = units::nearest(text, known.iter().copied());
        self.error("E018", at.key, message, Some(node.place)).label =
            near.map(|n| format!("did you mean \"{n}\"?")).unwrap_or_default();
        self.note(format!("expected {}", one_of(known.iter().copied())));
        Value::Invalid
    }

    fn list(
        &mut self,
        node: &Node,
        of: &Shape,
        least: usize,
        most: usize,
        shape: &Shape,
        at: At<'_>,
    ) -> Value {
        let Data::List(items) = &node.data else {
            return self.wrong_kind(node, "a list in [ ]", shape, at);
        };
        if !(least..=most).contains(&items.len()) {
            let message = format!("{} has {} entries", at.key, items.len());
            let expected = match (least, most) {
                (a, b) if a == b => format!("expected {a}"),
                (a, b) if b < 100 => format!("expected {a} to {b}"),
                (a, _) if items.len() < a => format!("expected at least {a}"),
                (_, b) => format!("expected at most {b}"),
            };
            self.error("E017", at.key, message, Some(node.place)).label = expected;
            return Value::Invalid;
        }
        let item = |(i, n): (usize, &Node)| {
            let key = format!("{}[{i}]", at.key);
            self.node(n, of, At { key: &key, ..at })
        };
        Value::List(items.iter().enumerate().map(item).collect())
    }

    fn row(&mut self, node: &Node, shapes: &[Shape], shape: &Shape, at: At<'_>) -> Value {
        let Data::List(items) = &node.data else {
            return self.wrong_kind(node, "a list in [ ]", shape, at);
        };
        if items.len() != shapes.len() {
            let message = format!("{} has {} entries", at.key, items.len());
            self.error("E017", at.key, message, Some(node.place)).label =
                format!("expected {}", shapes.len());
            self.note(format!("write for example: {}", shape::example(shape)));
            return Value::Invalid;
        }
        let item = |(i, (n, s)): (usize, (&Node, &Shape))| {
            let key = format!("{}[{i}]", at.key);
            self.node(n, s, At { key: &key, ..at })
        };
        Value::List(items.iter().zip(shapes).enumerate().map(item).collect())
    }

    fn table(&mut self, node: &Node, table: &Table, shape: &Shape, at: At<'_>) -> Value {
        let Data::Table(entries) = &node.data else {
            return self.wrong_kind(node, "a table", shape, at);
        };
        let mut out = Vec::with_capacity(table.keys.len());
        for (key, value) in entries {
            match table.keys.iter().find(|k| k.name == key.name) {
                Some(k) => {
                    let full = join(at.key, k.name);
                    out.push((
                        key.name.clone(),
                        self.node(value, &k.shape, At { key: &full, ..at }),
                    ));
                }
                None => self.unknown_key(key, &table.keys, table.note, at),
            }
        }
        self.groups(node, entries, table, at);
        for k in &table.keys {
            if entries.iter().any(|e| e.0.name == k.name) {
                continue;
            }
            match &k.need {
                Need::Optional => {}
                Need::Required => self.missing(node, k, at),
                Need::Default(text) => {
                    let full = join(at.key, k.name);
                    out.push((k.name.into(), self.default(text, k, &full, at)));
                }
            }
        }
        Value::Table(out)
    }

    /// Keys that exclude each other; a flag that is false is as good as absent.
    fn groups(&mut self, node: &Node, entries: &tree::Table, table: &Table, at: At<'_>) {
        for group in &table.groups {
            let given: Vec<_> =
                entries.iter().filter(|e| group.keys.contains(&e.0.name.as_str())).collect();
            let off = |e: &&&(tree::Key, Node)| matches!(e.1.data, Data::Flag(false));
            let on: Vec<_> = given.iter().filter(|e| !off(e)).collect();
            if let [first, second, ..] = on[..] {
                let key = join(at.key, &second.0.name);
                let message =
                    format!("{key} and {} exclude each other", join(at.key, &first.0.name));
                self.error("E020", &key, message, Some(second.0.place)).label =
                    "give only one".into();
            }
            if given.is_empty() && group.needed {
                let key = join(at.key, group.keys[0]);
                let message = format!("{key} is missing");
                let place = header(node, at.key);
                self.error("E011", &key, message, place).label = "in this table".into();
                self.note(format!("give {}", one_of(group.keys.iter().copied())));
                for k in table.keys.iter().filter(|k| group.keys.contains(&k.name)) {
                    self.note(format!("{} = {}", k.name, shape::example(&k.shape)));
                }
            }
        }
    }

    fn missing(&mut self, node: &Node, k: &Key, at: At<'_>) {
        let key = join(at.key, k.name);
        let place = header(node, at.key);
        self.error("E011", &key, format!("{key} is missing"), place).label =
            if at.key.is_empty() { String::new() } else { format!("in {}", at.key) };
        self.note(format!("write for example: {} = {}", k.name, shape::example(&k.shape)));
        // The example shows the form; what the number is to be, the reference page says.
        if matches!(k.shape, Shape::Quantity(_)) {
            self.note(format!("{}: {}", k.name, k.doc));
        }
    }

    fn unknown_key(&mut self, key: &tree::Key, known: &[Key], note: &str, at: At<'_>) {
        let full = join(at.key, &key.name);
        let names: Vec<&str> = known.iter().map(|k| k.name).collect();
        let near = units::nearest(&key.name, names.iter().copied());
        let label = match near {
            Some(n) if n.replace('-', "_") == key.name.replace('-', "_") => {
                format!("write `{n}`: names of laws have hyphens, keys have underscores")
            }
            Some(n) => format!("did you mean `{n}`?"),
            None => match known.iter().find(|k| holds(&k.shape, &key.name)) {
                Some(k) => format!("it belongs to {0}: did you mean `{0}.{1}`?", k.name, key.name),
                None => String::new(),
            },
        };
        let message = format!("{} is not a key", brief(&full));
        self.error("E010", &full, message, Some(key.place)).label = label;
        if names.is_empty() {
            self.note(format!("{} takes no keys: write {} = {{}}", at.key, last(at.key)));
        } else if note.is_empty() {
            let place =
                if at.key.is_empty() { "a case file".into() } else { format!("[{}]", at.key) };
            self.note(format!("keys of {place}: {}", names.join(", ")));
        } else {
            self.note(note.into());
        }
    }

    /// A default goes through the same door as typed text.
    fn default(&mut self, text: &str, k: &Key, full: &str, at: At<'_>) -> Checked {
        let place = Place::default();
        let data = match &k.shape {
            Shape::Quantity(r) if r.dimension == NONE => {
                Data::Float(text.parse().unwrap_or(f64::NAN))
            }
            Shape::Table(_) => Data::Table(Vec::new()),
            Shape::Flag => Data::Flag(text == "true"),
            Shape::Count(..) => Data::Integer(text.parse().ok()),
            Shape::List { .. } => {
                let words =
                    text.trim_matches(['[', ']']).split(',').map(|w| w.trim().trim_matches('"'));
                let item = |w: &str| w.parse().map_or_else(|_| Data::Text(w.into()), Data::Float);
                Data::List(words.map(|w| Node { place, data: item(w) }).collect())
            }
            _ => Data::Text(text.into()),
        };
        let mut value = self.node(&Node { place, data }, &k.shape, At { key: full, ..at });
        forget(&mut value);
        if !matches!(k.shape, Shape::Table(_)) {
            value.typed = text.into();
        }
        value
    }

    fn names(
        &mut self,
        node: &Node,
        noun: &str,
        (of, own): (&Shape, &[Key]),
        shape: &Shape,
        at: At<'_>,
    ) -> Value {
        let Data::Table(entries) = &node.data else {
            return self.wrong_kind(node, &format!("a table of {}", plural(noun)), shape, at);
        };
        let mut out = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let full = join(at.key, &key.name);
            let good = key.name.starts_with(|c: char| c.is_ascii_alphabetic())
                && key.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
                && key.name.len() <= 64;
            if !good {
                let message = format!("`{}` is no name for a {noun}", brief(&key.name));
                self.error("E026", &full, message, Some(key.place)).label =
                    "a letter, then letters, digits, - and _; at most 64".into();
                continue;
            }
            let solute = if noun == "solute" { Some(key.name.as_str()) } else { at.solute };
            let of = Shape::named(of, own, &key.name);
            out.push((key.name.clone(), self.node(value, of, At { key: &full, solute })));
        }
        Value::Table(out)
    }

    fn choice(&mut self, node: &Node, choice: &Choice, shape: &Shape, at: At<'_>) -> Value {
        if let (Some(range), false) = (&choice.constant, matches!(node.data, Data::Table(_))) {
            return self.quantity(node, range, at);
        }
        let names = || choice.keys.iter().map(|k| k.name);
        let Data::Table(entries) = &node.data else {
            let named = node.text().and_then(|t| choice.keys.iter().find(|k| k.name == t));
            if let Some(k) = named.filter(|_| choice.noun == "law") {
                let message = format!("{} names its law as a key", at.key);
                self.error("E017", at.key, message, Some(node.place)).label =
                    format!("write {}.{} = {}", last(at.key), k.name, shape::example(&k.shape));
                return Value::Invalid;
            }
            let v = self.wrong_kind(node, "a table", shape, at);
            self.note(format!("with exactly one {}: {}", choice.noun, one_of(names())));
            return v;
        };
        let mut taken = None;
        for (key, value) in entries {
            let Some(k) = choice.keys.iter().find(|k| k.name == key.name) else {
                self.unknown_key(key, &choice.keys, "", at);
                continue;
            };
            let full = join(at.key, k.name);
            let checked = self.node(value, &k.shape, At { key: &full, ..at });
            if let Some((first, _)) = &taken {
                let message =
                    format!("{} has more than one {}: {first} and {}", at.key, choice.noun, k.name);
                self.error("E019", at.key, message, Some(key.place)).label =
                    "keep exactly one".into();
                return Value::Invalid;
            }
            taken = Some((k.name, checked));
        }
        match taken {
            Some((name, value)) => Value::Choice(name, Box::new(value)),
            None if entries.is_empty() => {
                let message = format!("{} names no {}", at.key, choice.noun);
                self.error("E019", at.key, message, header(node, at.key)).label =
                    format!("expected {}", one_of(names()));
                self.note(format!(
                    "write for example: {} = {}",
                    last(at.key),
                    shape::example(shape)
                ));
                Value::Invalid
            }
            None => Value::Invalid,
        }
    }
}

/// Where a table begins: its own place when it is written as one, nothing for a whole file.
fn header(node: &Node, key: &str) -> Option<Place> {
    (!key.is_empty()).then_some(node.place)
}

/// Drops the places of a default.
fn forget(value: &mut Checked) {
    value.place = None;
    match &mut value.value {
        Value::List(items) => items.iter_mut().for_each(forget),
        Value::Table(entries) => entries.iter_mut().for_each(|e| forget(&mut e.1)),
        Value::Choice(_, v) => forget(v),
        _ => {}
    }
}

/// True where a table takes a key of this name.
fn holds(shape: &Shape, name: &str) -> bool {
    matches!(shape, Shape::Table(table) if table.keys.iter().any(|k| k.name == name))
}
