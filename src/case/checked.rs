//! The tree after validation: every value known, defaults filled in, places kept.

use super::source::Place;
use crate::ground::units::Dimension;

/// A checked value.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    /// Full key, `solutes.oxygen.diffusivity`.
    pub key: String,
    /// Where it stands; `None` for a default.
    pub place: Option<Place>,
    /// As typed.
    pub typed: String,
    /// The value.
    pub value: Value,
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// SI, with its dimension.
    Quantity(f64, Dimension),
    /// A whole number.
    Count(u64),
    /// true or false.
    Flag(bool),
    /// Text, a word, a file or a name.
    Text(String),
    /// A list.
    List(Vec<Checked>),
    /// A table with known keys, or of names.
    Table(Vec<(String, Checked)>),
    /// A choice: the key taken and its value.
    Choice(&'static str, Box<Checked>),
    /// Wrong; already reported.
    Invalid,
}

impl Checked {
    /// The value under a key.
    pub(super) fn get(&self, key: &str) -> Option<&Checked> {
        let Value::Table(entries) = &self.value else { return None };
        entries.iter().find(|(k, _)| k == key).map(|p| &p.1)
    }
    /// SI value of the quantity under a key.
    pub(super) fn si(&self, key: &str) -> Option<f64> {
        self.get(key)?.quantity()
    }
    /// Text under a key.
    pub(super) fn word(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }
    /// True or false under a key.
    pub(super) fn flag(&self, key: &str) -> bool {
        matches!(self.get(key), Some(Checked { value: Value::Flag(true), .. }))
    }
    /// SI value of a quantity.
    pub(super) fn quantity(&self) -> Option<f64> {
        if let Value::Quantity(v, _) = self.value { Some(v) } else { None }
    }
    /// A whole number.
    pub(super) fn count(&self) -> Option<u64> {
        if let Value::Count(c) = self.value { Some(c) } else { None }
    }
    /// Text of a word, name or file.
    pub(super) fn text(&self) -> Option<&str> {
        if let Value::Text(t) = &self.value { Some(t) } else { None }
    }
    /// Items of a list.
    pub(super) fn list(&self) -> &[Checked] {
        if let Value::List(items) = &self.value { items } else { &[] }
    }
    /// Quantities of a list; `None` when one is wrong.
    pub(super) fn quantities(&self) -> Option<Vec<f64>> {
        self.list().iter().map(Checked::quantity).collect()
    }
    /// Entries of a table.
    pub(super) fn entries(&self) -> &[(String, Checked)] {
        if let Value::Table(entries) = &self.value { entries } else { &[] }
    }
    /// The key taken of a choice, and its value.
    pub(super) fn choice(&self) -> Option<(&'static str, &Checked)> {
        if let Value::Choice(key, value) = &self.value { Some((key, value)) } else { None }
    }
    /// The value of a choice when this key is taken.
    pub(super) fn chosen(&self, key: &str) -> Option<&Checked> {
        self.choice().filter(|(k, _)| *k == key).map(|p| p.1)
    }
    /// Entries of the table under a key; none when it is not there.
    pub(super) fn entries_of(&self, key: &str) -> &[(String, Checked)] {
        self.get(key).map_or(&[], Checked::entries)
    }
    /// True when it or anything below was reported as wrong.
    pub(super) fn invalid(&self) -> bool {
        match &self.value {
            Value::Invalid => true,
            Value::List(items) => items.iter().any(Checked::invalid),
            Value::Table(entries) => entries.iter().any(|e| e.1.invalid()),
            Value::Choice(_, value) => value.invalid(),
            _ => false,
        }
    }
}
