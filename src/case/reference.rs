//! JSON Schema and reference page, from the declarations alone.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::keys;
use super::shape::{Choice, Key, Need, Range, Shape, Table, example};
use super::words::{join, plural};
use crate::ground::units::{NONE, si, usual};

/// JSON Schema (draft 2020-12) of the case file.
pub fn json_schema() -> Value {
    let mut schema = schema_of(&keys::case(), false);
    if let Some(object) = schema.as_object_mut() {
        object.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        object.insert("title".into(), json!("blastema case"));
    }
    schema
}

/// Keys are required only inside a law or form (`whole`), which no other file completes: what an
/// extending file leaves out elsewhere stands in its base.
fn schema_of(shape: &Shape, whole: bool) -> Value {
    match shape {
        Shape::Quantity(range) => quantity(range),
        Shape::AnyQuantity => json!({ "type": ["number", "string"] }),
        Shape::Count(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Text | Shape::File | Shape::Unit(_) | Shape::Name(_) => json!({ "type": "string" }),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::List { of, least, most } => {
            json!({ "type": "array", "items": schema_of(of, whole), "minItems": least, "maxItems": most })
        }
        Shape::Row(items) => {
            let items: Vec<Value> = items.iter().map(|i| schema_of(i, whole)).collect();
            json!({ "type": "array", "prefixItems": items, "minItems": items.len(), "maxItems": items.len() })
        }
        Shape::Table(table) => object(table, whole),
        Shape::Names { of, own, .. } => {
            let mut names =
                json!({ "type": "object", "additionalProperties": schema_of(of, whole) });
            if !own.is_empty() {
                names["properties"] = Value::Object(properties(own, whole));
            }
            names
        }
        Shape::OneOf(choice) => one_of(choice),
    }
}

fn quantity(range: &Range) -> Value {
    if range.dimension != NONE {
        let text = format!("a quantity in {}, {}", si(range.dimension), range.words());
        return json!({ "type": "string", "description": text, "examples": [bare(range)] });
    }
    let mut number = Map::new();
    number.insert("type".into(), json!("number"));
    if range.min.is_finite() {
        number.insert(
            if range.open { "exclusiveMinimum" } else { "minimum" }.into(),
            json!(range.min),
        );
    }
    if range.max.is_finite() {
        number.insert("maximum".into(), json!(range.max));
    }
    json!({ "anyOf": [number, { "type": "string", "pattern": "%\\s*$" }] })
}

/// An example without its quotes.
fn bare(range: &Range) -> String {
    example(&Shape::Quantity(*range)).trim_matches('"').to_owned()
}

fn properties(keys: &[Key], whole: bool) -> Map<String, Value> {
    let one = |k: &Key| {
        let mut value = schema_of(&k.shape, whole);
        if let Some(o) = value.as_object_mut() {
            o.insert("description".into(), json!(k.doc));
            if let Need::Default(text) = &k.need {
                o.insert("default".into(), json!(text));
            }
        }
        (k.name.to_owned(), value)
    };
    keys.iter().map(one).collect()
}

fn object(table: &Table, whole: bool) -> Value {
    let required: Vec<&str> =
        table.keys.iter().filter(|k| k.need == Need::Required).map(|k| k.name).collect();
    let mut out = json!({
        "type": "object",
        "properties": properties(&table.keys, whole),
        "additionalProperties": false,
    });
    if whole && !required.is_empty() {
        out["required"] = json!(required);
    }
    out
}

fn one_of(choice: &Choice) -> Value {
    let table = json!({
        "type": "object",
        "properties": properties(&choice.keys, true),
        "additionalProperties": false,
        "minProperties": 1,
        "maxProperties": 1,
    });
    match &choice.constant {
        Some(range) => json!({ "anyOf": [quantity(range), table] }),
        None => table,
    }
}

/// The reference page, in Markdown.
pub fn markdown() -> String {
    let mut out = String::from(
        "# The case file\n\n\
         <!-- Written by `blastema schema --markdown` from the declarations in src/case/keys. -->\n\n\
         A case is a TOML file. A value with a dimension is a string with its unit (`\"5 mm\"`); one \
         without is a number or a percentage (`0.92`, `\"92 %\"`). Names of laws have hyphens, keys \
         have underscores. `a.b = 1` and `b = 1` under `[a]` are the same. A value may be given by a \
         string, or vary: then a table with one key says how.\n\n\
         `extend = \"base.toml\"` takes the keys of another case; a law given on top replaces the law \
         below whole, and an empty table takes away what stands below it (`cells.a.death = {}`, \
         `boundary.x_min = {}`: faces that are not given again stay as they were). \
         `--set key=value` on the command line comes last and may change one parameter of a law.\n\n\
         Files (`path`, `extend`) are regular files in the folder of the case or below it, links \
         resolved; their relative paths start at the folder of the file that names them. \
         `--allow-path DIR` allows another folder, and a path typed with `--set` may lie anywhere. A \
         text holds at most 4 MB and 20 000 values, nested 40 deep; a formula 4096 characters, nested \
         64 deep.\n\n\
         Conversions: `%O2`, `mmHg` and `kPa` are concentrations where oxygen's concentration is \
         expected (1 %O2 = 7.6 mmHg = 9.576e-3 mol/m³ in medium at 37 °C, of a gas from which the \
         water vapour was taken off: a humid incubator with 5 % CO₂ has 18.6 %O2). `ng/mL` is a \
         concentration with the solute's `molar_mass`.\n",
    );
    let Shape::Table(root) = keys::case() else { return out };
    let _ = writeln!(out, "\n## At the top\n");
    rows(&mut out, "", &root.keys, |k| !nested(&k.shape));
    for k in root.keys.iter().filter(|k| nested(&k.shape)) {
        section(&mut out, k);
    }
    for (title, key, shape) in keys::shared_forms() {
        let Shape::OneOf(choice) = shape else { continue };
        let _ = writeln!(out, "\n## {title}\n\nExactly one key, here for `{key}`.\n");
        rows(&mut out, key, &choice.keys, |_| true);
    }
    out
}

/// True for a key that has a section of its own.
fn nested(shape: &Shape) -> bool {
    match shape {
        Shape::Table(_) | Shape::Names { .. } => true,
        Shape::List { of, .. } => matches!(**of, Shape::Table(_)),
        _ => false,
    }
}

fn section(out: &mut String, k: &Key) {
    let (title, shape) = match &k.shape {
        Shape::Names { of, .. } => (format!("[{}.NAME]", k.name), of.as_ref()),
        Shape::List { of, .. } => (format!("[[{}]]", k.name), of.as_ref()),
        shape => (format!("[{}]", k.name), shape),
    };
    let _ = writeln!(out, "\n## `{title}`\n\n{}\n", k.doc);
    let Shape::Table(table) = shape else { return };
    if !table.note.is_empty() {
        let _ = writeln!(out, "{}.\n", capital(table.note));
    }
    rows(out, "", &table.keys, |_| true);
    for group in &table.groups {
        let names: Vec<String> = group.keys.iter().map(|n| format!("`{n}`")).collect();
        let rule = if group.needed { "Exactly one of" } else { "At most one of" };
        let _ = writeln!(out, "\n{rule} {}.", names.join(", "));
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

/// One table with all keys below, each under its dotted name.
fn rows(out: &mut String, prefix: &str, keys: &[Key], wanted: impl Fn(&Key) -> bool) {
    out.push_str("| key | takes | |\n|---|---|---|\n");
    for k in keys.iter().filter(|k| wanted(k)) {
        row(out, prefix, k);
    }
}

fn row(out: &mut String, prefix: &str, k: &Key) {
    let name = join(prefix, k.name);
    let faces = keys::FACES.contains(&k.name);
    if faces && k.name != keys::FACES[0] {
        return;
    }
    let name = if faces { join(prefix, "FACE") } else { name };
    let need = match &k.need {
        Need::Required => String::new(),
        Need::Optional => " *Optional.*".into(),
        Need::Default(d) if d.is_empty() || d == "{}" => " *Optional.*".into(),
        Need::Default(d) => format!(" *Default {d}.*"),
    };
    let doc = k.doc.replace('|', "\\|");
    let _ = writeln!(out, "| `{name}` | {} | {doc}{need} |", takes(&k.shape));
    match &k.shape {
        Shape::Table(t) => t.keys.iter().for_each(|k| row(out, &name, k)),
        Shape::List { of, .. } => inside(out, &format!("{name}[]"), of),
        Shape::Names { noun, of, own } => {
            inside(out, &join(&name, &noun.to_uppercase()), of);
            for k in own {
                row(out, &name, k);
            }
        }
        Shape::OneOf(c) if !common(c) => c.keys.iter().for_each(|k| row(out, &name, k)),
        _ => {}
    }
}

fn inside(out: &mut String, name: &str, shape: &Shape) {
    match shape {
        Shape::Table(t) => t.keys.iter().for_each(|k| row(out, name, k)),
        Shape::OneOf(c) if !common(c) => c.keys.iter().for_each(|k| row(out, name, k)),
        _ => {}
    }
}

/// Forms that are explained once: rates and varying values.
fn common(c: &Choice) -> bool {
    c.noun == "form of the rate" || c.constant.is_some()
}

fn takes(shape: &Shape) -> String {
    match shape {
        Shape::Quantity(r) if r.dimension == NONE => format!("number, {}", r.words()),
        Shape::Quantity(r) => format!("`{}`, {}", usual(r.dimension), r.words()),
        Shape::AnyQuantity => "number or quantity".into(),
        Shape::Count(least, most) => format!("whole number, {least} to {most}"),
        Shape::Flag => "true or false".into(),
        Shape::Text => "text".into(),
        Shape::File => "file".into(),
        Shape::Unit(_) => "name of a unit".into(),
        Shape::Word(words) => {
            words.iter().map(|w| format!("`\"{w}\"`")).collect::<Vec<_>>().join(", ")
        }
        Shape::Name(noun) => format!("name of a {noun}"),
        Shape::List { of, .. } => format!("list: {}", takes(of)),
        Shape::Row(items) => {
            format!("[{}]", items.iter().map(takes).collect::<Vec<_>>().join("; "))
        }
        Shape::Table(t) if t.keys.is_empty() => "`{}`".into(),
        Shape::Table(_) => "table".into(),
        Shape::Names { noun, .. } => format!("table of {}", plural(noun)),
        Shape::OneOf(c) if c.noun == "form of the rate" => {
            "rate: `.value`, `.doubling_time`, `.half_life` or `.time_constant`".into()
        }
        Shape::OneOf(c) => {
            let names: Vec<String> = c.keys.iter().map(|k| format!("`.{}`", k.name)).collect();
            match &c.constant {
                Some(r) => format!("{}; or {}", takes(&Shape::Quantity(*r)), names.join(", ")),
                None => format!("exactly one {}", c.noun),
            }
        }
    }
}
