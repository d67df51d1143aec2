//! The answers as text and data, the case as typed, and `run.json`: how it all came about.

use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::checksums::publish_text;
use super::folder::host;
use super::{Folder, OutputError, Result};
pub use crate::model::answers::Answer;
use crate::model::provenance::Provenance;

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// At work (or killed, when nobody holds the lock).
    Running,
    /// Done.
    Finished,
    /// Given up, with a message.
    Failed,
    /// Stopped by the user or a limit.
    Stopped,
}

impl State {
    /// The word in `run.json`.
    pub fn name(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Finished => "finished",
            State::Failed => "failed",
            State::Stopped => "stopped",
        }
    }
}

/// What `run.json` says beside provenance and answers.
#[derive(Clone, Debug)]
pub struct Record {
    /// Title of the case.
    pub title: String,
    /// How the run stands.
    pub state: State,
    /// Why, where it failed or was stopped.
    pub message: String,
    /// Start by the wall clock.
    pub started: SystemTime,
    /// Time spent.
    pub wall: Duration,
    /// Threads used.
    pub threads: usize,
    /// Anything else worth keeping (steps, iterations, laws that cannot act).
    pub extra: Vec<(String, Value)>,
}

impl Record {
    /// The record of a run that starts now.
    pub fn start(title: &str, threads: usize) -> Record {
        Record {
            title: title.to_owned(),
            state: State::Running,
            message: String::new(),
            started: SystemTime::now(),
            wall: Duration::ZERO,
            threads,
            extra: Vec::new(),
        }
    }
}

/// Writes `case.toml` as typed; what it extends goes beside it as `case.extends-N.<name>`.
pub fn write_case(folder: &Folder, provenance: &Provenance) -> Result<()> {
    for (i, (name, text)) in provenance.texts.iter().enumerate() {
        publish_text(folder.path(), &case_file(i, name), text)?;
    }
    Ok(())
}

/// Name in a run's folder of text `i` of its case.
pub(super) fn case_file(i: usize, name: &str) -> String {
    let base = Path::new(name).file_name().and_then(|n| n.to_str()).unwrap_or("base.toml");
    if i == 0 { "case.toml".to_owned() } else { format!("case.extends-{i}.{base}") }
}

/// Writes `answers.txt` and `answers.json`.
pub fn write_answers(folder: &Folder, title: &str, answers: &[Answer]) -> Result<()> {
    publish_text(folder.path(), "answers.txt", &answers_text(title, answers))?;
    publish_text(folder.path(), "answers.json", &pretty(&answers_json(answers)))
}

/// Answers for people: label and value in columns, the definition under them.
pub fn answers_text(title: &str, answers: &[Answer]) -> String {
    let width = answers.iter().map(|a| a.label.chars().count()).max().unwrap_or(0) + 2;
    let mut out = String::new();
    if !title.is_empty() {
        let _ = writeln!(out, "{title}\n");
    }
    for a in answers {
        let _ = writeln!(out, "{:width$}{}", a.label, a.text);
        if !a.definition.is_empty() {
            let _ = writeln!(out, "{:width$}({})", "", a.definition);
        }
    }
    out
}

/// Answers for scripts: an object by key, in order.
pub fn answers_json(answers: &[Answer]) -> Value {
    let entry = |a: &Answer| {
        let mut entry = json!({
            "label": a.label, "text": a.text, "value": a.number, "unit": a.unit,
            "definition": a.definition,
        });
        if let (Some(place), Some(time)) = (&a.place, a.time) {
            entry["place_m"] = json!(place);
            entry["time_s"] = json!(time);
        }
        if let Some(other) = a.other {
            entry["other"] = json!(other);
        }
        if let Some(error) = a.plus_minus {
            entry["plus_minus"] = json!(error);
            entry["order"] = json!(a.order);
        }
        entry
    };
    Value::Object(answers.iter().map(|a| (a.key.clone(), entry(a))).collect())
}

/// Writes `run.json`: at the start with the state `Running`, and once more at the end.
pub fn write_record(
    folder: &Folder,
    provenance: &Provenance,
    record: &Record,
    answers: &[Answer],
) -> Result<()> {
    let values: Vec<Value> = provenance
        .entries
        .iter()
        .map(|e| {
            json!({ "key": e.key, "typed": e.typed, "si": e.si, "unit": e.unit, "source": e.source })
        })
        .collect();
    let inputs: Vec<Value> = provenance
        .inputs
        .iter()
        .map(|(path, sum, bytes)| json!({ "path": path, "blake3": sum, "bytes": bytes }))
        .collect();
    let texts: Vec<&str> = provenance.texts.iter().map(|t| t.0.as_str()).collect();
    let mut run = Map::new();
    let mut put = |key: &str, value: Value| run.insert(key.to_owned(), value);
    put("program", json!("blastema"));
    put("version", json!(env!("CARGO_PKG_VERSION")));
    put("hash", json!(provenance.hash));
    put("case", json!(provenance.stem));
    put("title", json!(record.title));
    put(
        "status",
        json!({
            "state": record.state.name(), "message": record.message,
            "started": utc(record.started), "wall_seconds": record.wall.as_secs_f64(),
        }),
    );
    put("machine", machine(record.threads));
    put("files", json!(texts));
    let typed: Vec<&str> = provenance.texts.iter().map(|t| t.1.as_str()).collect();
    put("texts", json!(typed));
    put("folders", json!(provenance.folders));
    let here = folder.path().canonicalize();
    put("out", json!(here.as_deref().unwrap_or(folder.path()).to_string_lossy()));
    put("sets", json!(provenance.sets));
    put("inputs", Value::Array(inputs));
    put("warnings", json!(provenance.warnings));
    put("answers", answers_json(answers));
    for (key, value) in &record.extra {
        put(key, value.clone());
    }
    put("values", Value::Array(values));
    publish_text(folder.path(), "run.json", &pretty(&Value::Object(run)))
}

/// Notes in `run.json` that the run has failed, where whoever wrote it cannot any more.
pub fn mark_failed(folder: &Folder, message: &str) -> Result<()> {
    let path = folder.join("run.json");
    let text = super::regular::text(&path).map_err(|e| OutputError::io(&path, &e))?;
    let mut run: Value = serde_json::from_str(&text).unwrap_or_default();
    run["status"]["state"] = json!(State::Failed.name());
    run["status"]["message"] = json!(message);
    publish_text(folder.path(), "run.json", &pretty(&run))
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The machine: name, system, processor, memory.
fn machine(threads: usize) -> Value {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, key: &str| {
        let line = text.lines().find(|l| l.starts_with(key)).unwrap_or_default();
        line.split_once(':').map(|(_, v)| v.trim().to_owned())
    };
    json!({
        "host": host(),
        "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "processor": after(&read("/proc/cpuinfo"), "model name"),
        "processors": std::thread::available_parallelism().map_or(1, usize::from),
        "memory": after(&read("/proc/meminfo"), "MemTotal"),
        "threads": threads,
    })
}

/// `2026-11-23T01:05:00Z` (proleptic Gregorian calendar; Hinnant's days-to-civil).
fn utc(time: SystemTime) -> String {
    let s = time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (days, rest) = (s / 86400 + 719_468, s % 86400);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let m = (5 * of_year + 2) / 153;
    let day = of_year - (153 * m + 2) / 5 + 1;
    let month = if m < 10 { m + 3 } else { m - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let at = |s| utc(SystemTime::UNIX_EPOCH + Duration::from_secs(s));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_795_395_900), "2026-11-23T01:05:00Z");
    }
}
