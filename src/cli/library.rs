//! `blastema library`: the cited parameter sets.

use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};

use serde_json::{Value as Json, json};

use super::failure::{Exit, Failure};
use crate::ground::units;
use crate::library::{self, Kind};

/// Arguments of `library`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  blastema library                          all sets
  blastema library human-msc-bone-marrow    every value with its source
  blastema library oxygen --json            the same for a script")]
pub struct Args {
    /// A set; without it, all are listed
    name: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let text = match (&args.name, args.json) {
        (None, false) => list(),
        (None, true) => pretty(&Json::Array(all().map(|(k, n)| head(k, n)).collect())),
        (Some(name), as_json) => {
            let found: Vec<_> = all().filter(|s| s.1 == name).collect();
            if found.is_empty() {
                return Err(unknown(name));
            }
            if as_json {
                pretty(&Json::Array(found.into_iter().map(|(k, n)| full(k, n)).collect()))
            } else {
                found.into_iter().map(|(k, n)| show(k, n)).collect()
            }
        }
    };
    print(&text)
}

/// Writes to standard output; a closed pipe is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Io, format!("standard output: {e}")))
        }
        _ => Ok(()),
    }
}

/// All sets: kind and name.
fn all() -> impl Iterator<Item = (Kind, &'static str)> {
    Kind::ALL.into_iter().flat_map(|k| library::names(k).into_iter().map(move |n| (k, n)))
}

/// The table of all sets.
fn list() -> String {
    let width = all().map(|s| s.1.len()).max().unwrap_or(0);
    let mut text = String::new();
    for kind in Kind::ALL {
        let _ = writeln!(text, "{} ({})", kind.name(), usage(kind));
        for name in library::names(kind) {
            let what = library::summary(kind, name).unwrap_or_default();
            let _ = writeln!(text, "  {name:width$}  {what}");
        }
    }
    text.push_str("\nblastema library NAME shows every value with its source.\n");
    text
}

/// Where a case file uses a kind.
fn usage(kind: Kind) -> &'static str {
    match kind {
        Kind::Cells => "type in [cells.<name>]",
        Kind::Material => "material in [scaffold]",
        Kind::Solute => "[solutes.<name>] of the same name",
        Kind::Medium => "concentrations to put on faces and into baths",
        Kind::Plate => "a well, for baths and stagnant medium",
    }
}

/// One set for people.
fn show(kind: Kind, name: &str) -> String {
    let mut text = format!("{name} ({})\n", kind.name());
    if let Some(what) = library::summary(kind, name) {
        let _ = writeln!(text, "{what}");
    }
    let values = library::values(kind, name);
    let shown: Vec<String> = values.iter().map(|v| typed(&v.value)).collect();
    let keys = values.iter().map(|v| v.key.chars().count()).max().unwrap_or(0);
    let width = shown.iter().map(|v| v.chars().count()).max().unwrap_or(0);
    text.push('\n');
    for (v, shown) in values.iter().zip(&shown) {
        let _ =
            writeln!(text, "  {:keys$}  {shown:width$}  {:7}  {}", v.key, v.confidence, v.source);
        if !v.note.is_empty() {
            let _ = writeln!(text, "  {:keys$}  {:width$}  {:7}  {}", "", "", "", v.note);
        }
    }
    text.push_str(
        "\nseen: read in a public copy, often the abstract. memory: typical, check before you rely on it.\n\
         assumed: chosen by us, the reason given. A key in the case file overrides its value.\n",
    );
    text
}

/// A value as one would type it.
fn typed(value: &toml::Value) -> String {
    match value {
        toml::Value::String(s) => s.clone(),
        toml::Value::Array(a) => a.iter().map(typed).collect::<Vec<_>>().join(", "),
        toml::Value::Table(_) => "{}".to_owned(),
        toml::Value::Float(f) => f.to_string(),
        toml::Value::Integer(i) => i.to_string(),
        toml::Value::Boolean(b) => b.to_string(),
        toml::Value::Datetime(t) => t.to_string(),
    }
}

/// Kind, name and summary.
fn head(kind: Kind, name: &str) -> Json {
    json!({ "kind": kind.name(), "name": name, "summary": library::summary(kind, name) })
}

/// A set with all its values.
fn full(kind: Kind, name: &str) -> Json {
    let mut set = head(kind, name);
    set["values"] = library::values(kind, name)
        .into_iter()
        .map(|v| {
            json!({
                "key": v.key, "value": plain(&v.value), "source": v.source,
                "confidence": v.confidence, "note": v.note,
            })
        })
        .collect();
    set
}

/// A TOML value as JSON.
fn plain(value: &toml::Value) -> Json {
    match value {
        toml::Value::Float(f) => json!(f),
        toml::Value::Integer(i) => json!(i),
        toml::Value::Array(a) => a.iter().map(plain).collect(),
        toml::Value::Table(t) => t.iter().map(|(k, v)| (k.clone(), plain(v))).collect(),
        other => json!(typed(other)),
    }
}

/// JSON with a line end.
fn pretty(value: &Json) -> String {
    format!("{value:#}\n")
}

/// A name that is not in the library.
fn unknown(name: &str) -> Failure {
    let names = || all().map(|s| s.1);
    let near = units::nearest(name, names());
    let near = near.or_else(|| names().find(|n| name.len() > 2 && n.contains(name)));
    let hint =
        near.map_or("blastema library lists them all".into(), |n| format!("did you mean {n:?}?"));
    Failure::new(Exit::Input, format!("the library has no set {name:?}\n  {hint}"))
}
