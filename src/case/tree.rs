//! A case as typed: values that own their text and know their place.

use toml::de::{DeTable, DeValue};

use super::source::Place;

/// Deepest nesting of tables and arrays.
const DEEPEST: usize = 40;

/// Most keys and items of lists in one text; longer tables of numbers are files of their own.
const MOST: usize = 20_000;

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub data: Data,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Data {
    /// A string.
    Text(String),
    /// An integer; `None` beyond 64 bits.
    Integer(Option<i64>),
    /// A number with a point or exponent.
    Float(f64),
    /// true or false.
    Flag(bool),
    /// A date or time, which no key takes.
    Date,
    /// An array.
    List(Vec<Node>),
    /// A table, in the order of the text.
    Table(Table),
}

/// Keys of a table in the order of the text.
pub(super) type Table = Vec<(Key, Node)>;

/// A key and its place.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// Its name.
    pub name: String,
    /// Where it stands first.
    pub place: Place,
}

impl Node {
    /// What it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match &self.data {
            Data::Text(_) => "a string",
            Data::Integer(_) | Data::Float(_) => "a number",
            Data::Flag(_) => "true or false",
            Data::Date => "a date",
            Data::List(_) => "a list",
            Data::Table(_) => "a table",
        }
    }

    /// The value under a key of a table.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        let Data::Table(table) = &self.data else { return None };
        table.iter().find(|(k, _)| k.name == name).map(|p| &p.1)
    }

    /// The value under a path of keys.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The value under a path of keys, to change.
    pub(super) fn at_mut(&mut self, path: &[&str]) -> Option<&mut Node> {
        path.iter().try_fold(self, |node, key| {
            let Data::Table(table) = &mut node.data else { return None };
            table.iter_mut().find(|(k, _)| k.name == *key).map(|p| &mut p.1)
        })
    }

    /// Its text, for a string.
    pub(super) fn text(&self) -> Option<&str> {
        if let Data::Text(t) = &self.data { Some(t) } else { None }
    }
}

/// A mistake in the syntax.
pub(super) struct Syntax {
    /// Where.
    pub place: Place,
    /// What.
    pub message: String,
}

/// Reads a TOML document; every mistake in its syntax is listed.
pub(super) fn parse(text: &str, source: usize) -> Result<Node, Vec<Syntax>> {
    let whole = Place { source, start: 0, end: text.len() };
    if let Some(at) = too_many_dots(text) {
        let place = Place { source, start: at, end: at + 1 };
        return Err(vec![Syntax { place, message: "keys are nested too deeply".into() }]);
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let list = errors.iter().take(20).map(|e| {
            let span = e.span().unwrap_or(text.len()..text.len());
            Syntax {
                place: Place { source, start: span.start, end: span.end },
                message: e.message().to_owned(),
            }
        });
        return Err(list.collect());
    }
    let values = count(table.get_ref());
    if values > MOST {
        let message =
            format!("holds {values} values, more than {MOST}: tables of numbers go into files");
        return Err(vec![Syntax { place: Place { source, start: 0, end: 0 }, message }]);
    }
    let mut deep = Vec::new();
    let node = Node { place: whole, data: Data::Table(own(table.get_ref(), source, 0, &mut deep)) };
    if deep.is_empty() { Ok(node) } else { Err(deep) }
}

/// Keys and items in a table; the parser has bounded its depth.
fn count(table: &DeTable<'_>) -> usize {
    fn of(value: &DeValue<'_>) -> usize {
        match value {
            DeValue::Table(t) => count(t),
            DeValue::Array(a) => a.len() + a.iter().map(|v| of(v.get_ref())).sum::<usize>(),
            _ => 0,
        }
    }
    table.len() + table.iter().map(|(_, v)| of(v.get_ref())).sum::<usize>()
}

/// A table of the parser as one of ours, in the order of the text.
fn own(table: &DeTable<'_>, source: usize, depth: usize, deep: &mut Vec<Syntax>) -> Table {
    let place = |span: std::ops::Range<usize>| Place { source, start: span.start, end: span.end };
    let mut out: Table = Vec::with_capacity(table.len());
    for (key, value) in table {
        let name = key.get_ref().to_string();
        let key = Key { name, place: place(key.span()) };
        let node = own_value(value.get_ref(), place(value.span()), depth + 1, deep);
        out.push((key, node));
    }
    out.sort_by_key(|p| p.0.place.start);
    out
}

fn own_value(value: &DeValue<'_>, place: Place, depth: usize, deep: &mut Vec<Syntax>) -> Node {
    if depth > DEEPEST {
        if deep.is_empty() {
            deep.push(Syntax { place, message: format!("is nested more than {DEEPEST} deep") });
        }
        return Node { place, data: Data::Date };
    }
    let data = match value {
        DeValue::String(s) => Data::Text(s.to_string()),
        DeValue::Integer(i) => Data::Integer(i64::from_str_radix(i.as_str(), i.radix()).ok()),
        DeValue::Float(f) => Data::Float(f.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(b) => Data::Flag(*b),
        DeValue::Datetime(_) => Data::Date,
        DeValue::Array(items) => {
            let item = |v: &toml::Spanned<DeValue<'_>>, deep: &mut Vec<Syntax>| {
                let span = v.span();
                let at = Place { source: place.source, start: span.start, end: span.end };
                own_value(v.get_ref(), at, depth + 1, deep)
            };
            Data::List(items.iter().map(|v| item(v, deep)).collect())
        }
        DeValue::Table(table) => Data::Table(own(table, place.source, depth, deep)),
    };
    Node { place, data }
}

/// Position of a key with more dots than any case needs: the parser would nest as many tables,
/// and freeing them would exhaust the stack.
fn too_many_dots(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut i = 0;
    let mut dots = 0;
    while i < bytes.len() {
        match bytes[i] {
            quote @ (b'"' | b'\'') => i = after_string(bytes, i, quote),
            b'#' => {
                while i < bytes.len() && bytes[i] != b'\n' {
                    i += 1;
                }
                continue;
            }
            b'.' => {
                dots += 1;
                if dots > DEEPEST {
                    return Some(i);
                }
            }
            b'\n' | b'=' | b',' | b'{' | b'}' | b'[' | b']' => dots = 0,
            _ => {}
        }
        i += 1;
    }
    None
}

/// Index of the last byte of the string that begins at `i`.
fn after_string(bytes: &[u8], i: usize, quote: u8) -> usize {
    let long = bytes.get(i + 1) == Some(&quote) && bytes.get(i + 2) == Some(&quote);
    let mut j = i + if long { 3 } else { 1 };
    while j < bytes.len() {
        match bytes[j] {
            b'\\' if quote == b'"' => j += 1,
            b'\n' if !long => return j - 1,
            c if c == quote && !long => return j,
            c if c == quote
                && bytes.get(j + 1) == Some(&quote)
                && bytes.get(j + 2) == Some(&quote) =>
            {
                // One or two quotes may stand before the three that end it.
                let more = bytes[j + 3..].iter().take(2).take_while(|b| **b == quote).count();
                return j + 2 + more;
            }
            _ => {}
        }
        j += 1;
    }
    bytes.len()
}
