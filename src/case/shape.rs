//! The language of declarations: what a key takes. Validation, keyword lists, the JSON Schema
//! and the reference page all walk these trees.

use crate::ground::units::{self, CONCENTRATION, Dimension, NONE, PRESSURE};
use crate::physics::law::{LawInfo, Param};

/// The shear on the pore walls among what cells answer to.
pub(super) const WALL_SHEAR: &str = "wall_shear";

/// What a value must be.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// A number with a unit (without one where there is no dimension).
    Quantity(Range),
    /// A quantity whose dimension depends on other keys.
    AnyQuantity,
    /// A whole number.
    Count(u64, u64),
    /// true or false.
    Flag,
    /// Free text.
    Text,
    /// A file; relative paths start at the folder of the case file.
    File,
    /// The name of a unit; `None`: of any dimension.
    Unit(Option<Dimension>),
    /// One of these words.
    Word(&'static [&'static str]),
    /// The name of something else in the case: a solute, a bath …
    Name(&'static str),
    /// A list of `least` to `most` items.
    List {
        /// What each item is.
        of: Box<Shape>,
        /// Fewest items.
        least: usize,
        /// Most items.
        most: usize,
    },
    /// A list with one shape for each item.
    Row(Vec<Shape>),
    /// A table with known keys.
    Table(Table),
    /// A table whose keys are names.
    Names {
        /// What a name stands for.
        noun: &'static str,
        /// What each entry is.
        of: Box<Shape>,
        /// Names that stand for something else, each with its own shape.
        own: Vec<Key>,
    },
    /// A table with exactly one of these keys.
    OneOf(Choice),
}

/// Bounds of a quantity, SI.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    /// Dimension.
    pub dimension: Dimension,
    /// Smallest value.
    pub min: f64,
    /// True when `min` itself is refused.
    pub open: bool,
    /// Largest value.
    pub max: f64,
}

/// A table with known keys.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// Its keys.
    pub keys: Vec<Key>,
    /// Keys that exclude each other.
    pub groups: Vec<Group>,
    /// Said when a key is not known here.
    pub note: &'static str,
}

/// Keys of which at most one is given, or exactly one.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Their names.
    pub keys: &'static [&'static str],
    /// True when one of them is needed.
    pub needed: bool,
}

/// Exactly one key says which form a value or law has.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    /// What is chosen: "law", "form of the rate".
    pub noun: &'static str,
    /// A string in place of the table is this constant.
    pub constant: Option<Range>,
    /// The forms.
    pub keys: Vec<Key>,
}

/// A key of a table.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// Name.
    pub name: &'static str,
    /// What it takes.
    pub shape: Shape,
    /// Must it be there?
    pub need: Need,
    /// One line for the reference page.
    pub doc: String,
}

/// Must a key be there?
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Need {
    /// Yes.
    Required,
    /// No, and nothing stands for it.
    Optional,
    /// No; this is what it is without, as one would type it.
    Default(String),
}

/// A required key.
pub(super) fn key(name: &'static str, shape: Shape, doc: &str) -> Key {
    Key { name, shape, need: Need::Required, doc: doc.into() }
}

impl Key {
    /// The same key, not needed.
    #[must_use]
    pub(super) fn optional(self) -> Key {
        Key { need: Need::Optional, ..self }
    }
    /// The same key with a default.
    #[must_use]
    pub(super) fn or(self, default: &str) -> Key {
        Key { need: Need::Default(default.into()), ..self }
    }
}

impl Range {
    /// Any finite value.
    pub(super) const fn any(dimension: Dimension) -> Range {
        Range { dimension, min: f64::NEG_INFINITY, open: false, max: f64::INFINITY }
    }
    /// Greater than zero.
    pub(super) const fn positive(dimension: Dimension) -> Range {
        Range { dimension, min: 0.0, open: true, max: f64::INFINITY }
    }
    /// Zero or more.
    pub(super) const fn not_negative(dimension: Dimension) -> Range {
        Range { dimension, min: 0.0, open: false, max: f64::INFINITY }
    }
    /// From 0 to 1.
    pub(super) const fn fraction() -> Range {
        Range { dimension: NONE, min: 0.0, open: false, max: 1.0 }
    }
    /// Greater than 0, up to 1.
    pub(super) const fn share() -> Range {
        Range { dimension: NONE, min: 0.0, open: true, max: 1.0 }
    }
    /// True when a value lies inside.
    pub(super) fn holds(&self, v: f64) -> bool {
        v.is_finite() && (v > self.min || (!self.open && v == self.min)) && v <= self.max
    }
    /// The bounds in words, "greater than 0".
    pub(super) fn words(&self) -> String {
        let show = |v: f64| {
            if self.dimension == NONE {
                units::number(v)
            } else {
                units::readable(v, self.dimension)
            }
        };
        let zero = |v: f64| if v == 0.0 { "0".into() } else { show(v) };
        let low = match (self.min == f64::NEG_INFINITY, self.open) {
            (true, _) => String::new(),
            (_, true) => format!("greater than {}", zero(self.min)),
            (_, false) => format!("at least {}", zero(self.min)),
        };
        match (low.is_empty(), self.max == f64::INFINITY) {
            (true, true) => "any finite value".into(),
            (false, true) => low,
            (true, false) => format!("at most {}", show(self.max)),
            (false, false) => format!("{low} and at most {}", show(self.max)),
        }
    }
}

impl Shape {
    /// A quantity greater than zero.
    pub(super) fn positive(dimension: Dimension) -> Shape {
        Shape::Quantity(Range::positive(dimension))
    }
    /// A quantity of zero or more.
    pub(super) fn not_negative(dimension: Dimension) -> Shape {
        Shape::Quantity(Range::not_negative(dimension))
    }
    /// A list.
    pub(super) fn list(of: Shape, least: usize, most: usize) -> Shape {
        Shape::List { of: Box::new(of), least, most }
    }
    /// A table with known keys.
    pub(super) fn table(keys: Vec<Key>) -> Shape {
        Shape::Table(Table { keys, ..Table::default() })
    }
    /// A table whose keys are names.
    pub(super) fn names(noun: &'static str, of: Shape) -> Shape {
        Shape::Names { noun, of: Box::new(of), own: Vec::new() }
    }
    /// What cells answer to: solutes, and the shear on the pore walls.
    pub(super) fn felt(of: Shape, of_shear: Shape) -> Shape {
        let doc = "The same for the shear on the pore walls in a flow; c is then that stress.";
        Shape::Names {
            noun: "solute",
            of: Box::new(of),
            own: vec![key(WALL_SHEAR, of_shear, doc).optional()],
        }
    }
    /// What an entry of this name is in a table of names.
    pub(super) fn named<'a>(of: &'a Shape, own: &'a [Key], name: &str) -> &'a Shape {
        own.iter().find(|k| k.name == name).map_or(of, |k| &k.shape)
    }
    /// A table with exactly one key.
    pub(super) fn one_of(noun: &'static str, keys: Vec<Key>) -> Shape {
        Shape::OneOf(Choice { noun, constant: None, keys })
    }
    /// An empty table: a choice without parameters.
    pub(super) fn nothing() -> Shape {
        Shape::table(Vec::new())
    }
    /// A constant, or a table that says how it varies.
    pub(super) fn varying(constant: Range, keys: Vec<Key>) -> Shape {
        Shape::OneOf(Choice { noun: "form", constant: Some(constant), keys })
    }
}

/// One of the laws of a family: exactly one, with its parameters.
pub(super) fn law_keys(laws: &'static [LawInfo]) -> Vec<Key> {
    let one = |law: &LawInfo| {
        let params = law.params.iter().map(param).collect();
        let doc = format!("{}. {}.", law.formula, law.reference);
        key(law.keyword, Shape::table(params), &doc)
    };
    laws.iter().map(one).collect()
}

/// The same laws of a stress in place of a concentration.
pub(super) fn stress_laws(laws: &'static [LawInfo]) -> Vec<Key> {
    let mut keys = law_keys(laws);
    for key in &mut keys {
        let Shape::Table(table) = &mut key.shape else { continue };
        for k in &mut table.keys {
            if let Shape::Quantity(range) = &mut k.shape
                && range.dimension == CONCENTRATION
            {
                range.dimension = PRESSURE;
                k.doc = k.doc.replace("concentration", "stress");
            }
        }
    }
    keys
}

/// A parameter of a law as a key.
fn param(p: &Param) -> Key {
    let range = Range { dimension: p.dimension, min: p.min, open: p.open, max: p.max };
    let k = key(p.name, Shape::Quantity(range), p.doc);
    match p.default {
        None => k,
        Some(v) if p.dimension == NONE => k.or(&units::number(v)),
        Some(v) => k.or(&format!("{v:e} {}", units::si(p.dimension))),
    }
}

/// What one would type for a shape, for messages and the reference page.
pub(super) fn example(shape: &Shape) -> String {
    match shape {
        Shape::Quantity(r) => sample(r),
        Shape::AnyQuantity => "\"0.1 mol/m^3\"".into(),
        Shape::Count(least, _) => least.max(&1).to_string(),
        Shape::Flag => "true".into(),
        Shape::Text => "\"text\"".into(),
        Shape::File => "\"data/file.csv\"".into(),
        Shape::Unit(d) => format!("\"{}\"", d.map_or("mol/m^3".into(), units::usual)),
        Shape::Word(words) => format!("\"{}\"", words.first().unwrap_or(&"")),
        Shape::Name(noun) => match *noun {
            "solute" => "\"oxygen\"".into(),
            "face" => "\"z_max\"".into(),
            _ => format!("\"{noun}\""),
        },
        Shape::List { of, least, .. } => {
            let items = vec![example(of); (*least).max(1)];
            format!("[{}]", items.join(", "))
        }
        Shape::Row(items) => {
            let items: Vec<String> = items.iter().map(example).collect();
            format!("[{}]", items.join(", "))
        }
        Shape::Table(t) => {
            let keys = t.keys.iter().filter(|k| k.need == Need::Required);
            let firsts = t.groups.iter().filter(|g| g.needed).filter_map(|g| g.keys.first());
            let firsts = firsts.filter_map(|name| t.keys.iter().find(|k| k.name == *name));
            let pairs: Vec<String> =
                keys.chain(firsts).map(|k| format!("{} = {}", k.name, example(&k.shape))).collect();
            if pairs.is_empty() { "{}".into() } else { format!("{{ {} }}", pairs.join(", ")) }
        }
        Shape::Names { noun, of, .. } => {
            let name = if *noun == "solute" { "oxygen" } else { "name" };
            format!("{{ {name} = {} }}", example(of))
        }
        Shape::OneOf(c) => match (&c.constant, c.keys.first()) {
            (Some(range), _) => sample(range),
            (None, Some(k)) => format!("{{ {} = {} }}", k.name, example(&k.shape)),
            (None, None) => "{}".into(),
        },
    }
}

/// A plausible value of a quantity.
fn sample(r: &Range) -> String {
    use units::{
        CELL_DENSITY, CELL_SURFACE_DENSITY, CELLS, DIFFUSIVITY, FLUX, LENGTH, MOLAR_MASS, RATE,
        TIME, UPTAKE_PER_CELL, VELOCITY, VOLUME, VOLUME_RATE,
    };
    let text = match r.dimension {
        NONE => return if r.min >= 1.0 { units::number(r.min) } else { "0.5".into() },
        DIFFUSIVITY => "2.7e-9 m^2/s",
        CONCENTRATION => "0.2 mol/m^3",
        CELL_DENSITY => "2e6 cells/mL",
        CELL_SURFACE_DENSITY => "5e4 cells/cm^2",
        CELLS => "2e6 cells",
        UPTAKE_PER_CELL => "98 fmol/cell/h",
        LENGTH => "1 mm",
        TIME => "14 d",
        VOLUME => "2 mL",
        VOLUME_RATE => "0.1 mL/min",
        PRESSURE => "10 Pa",
        RATE => "1e-6 1/s",
        VELOCITY => "1e-6 m/s",
        FLUX => "1e-8 mol/m^2/s",
        MOLAR_MASS => "38 kDa",
        d => return format!("\"1 {}\"", units::usual(d)),
    };
    format!("\"{text}\"")
}

/// Names of keys, joined by commas.
pub(super) fn one_of_names(keys: &[Key]) -> String {
    keys.iter().map(|k| k.name).collect::<Vec<_>>().join(", ")
}
