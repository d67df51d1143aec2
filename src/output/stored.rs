//! A run's folder read back: the case that it holds, and how far it is.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::report::case_file;
use super::{Kind, OutputError, Result, regular};
use crate::model::provenance;

/// What a run has stored about itself.
#[derive(Clone, Debug, Default)]
pub struct StoredRun {
    /// Stem of the case file.
    pub stem: String,
    /// Version of the program.
    pub version: String,
    /// Hash of the case.
    pub hash: String,
    /// True if it is finished.
    pub finished: bool,
    /// Texts of the case, what it extends after it: name, folder of its relative paths, text.
    pub texts: Vec<(String, PathBuf, String)>,
    /// Arguments of `--set`.
    pub sets: Vec<String>,
    /// Values: key, as typed.
    pub values: Vec<(String, String)>,
    /// Input files: path as typed, BLAKE3.
    pub inputs: Vec<(String, String)>,
    /// What later records must say too: where the run branched off, what was changed on the way.
    pub told: Vec<(String, Value)>,
    /// What the hash holds besides the case, where the run branched off another.
    pub root: Option<String>,
    /// Time up to which it was computed with other values than those it has now, s.
    pub changed_at: Option<f64>,
    /// What is to run beside it, as the key of the record calls it.
    pub beside: Option<String>,
}

/// Keys that change no value of a field.
const BESIDE: [&str; 3] = ["run.duration", "run.output", "run.checkpoints"];

/// Most bytes of a text of a run's folder.
const TEXT: u64 = 1 << 26;

impl StoredRun {
    /// True if what it has now is not what it was computed with up to `changed_at`.
    pub fn other_values(&self) -> bool {
        let keys = self.told.iter().filter(|t| t.0 == "changed");
        let mut keys = keys.flat_map(|t| t.1.as_array().map_or(&[][..], Vec::as_slice));
        keys.any(|key| {
            let key = key.as_str().unwrap_or_default();
            !BESIDE.iter().any(|b| key.starts_with(b))
        })
    }

    /// Reads `run.json` and the case beside it.
    pub fn open(folder: &Path) -> Result<StoredRun> {
        let missing = |what: &str| {
            let text = format!("{} {what}", folder.display());
            OutputError::new(Kind::Missing, text)
        };
        let path = folder.join("run.json");
        let text = regular::text_within(&path, TEXT).map_err(|e| match e.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => {
                missing("holds no run: there is no run.json in it")
            }
            ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                missing("holds a run.json that cannot be read")
            }
            _ => OutputError::io(&path, &e),
        })?;
        let json: Value = serde_json::from_str(&text)
            .map_err(|_| missing("holds a run.json that cannot be read"))?;
        let word = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let words = |key: &str| -> Vec<String> {
            json[key].as_array().map(|a| a.iter().map(word).collect()).unwrap_or_default()
        };
        let pairs = |key: &str, names: [&str; 2]| -> Vec<(String, String)> {
            let list = json[key].as_array().map_or(&[][..], Vec::as_slice);
            list.iter().map(|v| (word(&v[names[0]]), word(&v[names[1]]))).collect()
        };
        let (files, folders) = (words("files"), words("folders"));
        // A run that was killed early has written no files of its own yet.
        let kept = words("texts");
        if files.is_empty() || files.len() != folders.len() || files.len() != kept.len() {
            return Err(missing(
                "does not say how its case was made; was it written by an older version?",
            ));
        }
        let stem = word(&json["case"]);
        provenance::plain(&stem)
            .map_err(|why| missing(&format!("holds a run.json whose name of the case {why}")))?;
        let (then, now) = (word(&json["out"]), fs::canonicalize(folder).unwrap_or_default());
        let mut texts = Vec::new();
        for (i, ((name, origin), kept)) in files.into_iter().zip(folders).zip(kept).enumerate() {
            let path = folder.join(case_file(i, &name));
            let text = match regular::text_within(&path, TEXT) {
                Err(e) if e.kind() == ErrorKind::NotFound => kept,
                other => other.map_err(|e| OutputError::io(&path, &e))?,
            };
            texts.push((name, moved(PathBuf::from(origin), Path::new(&then), &now), text));
        }
        Ok(StoredRun {
            stem,
            version: word(&json["version"]),
            hash: word(&json["hash"]),
            finished: json["status"]["state"].as_str() == Some("finished"),
            texts,
            sets: words("sets"),
            values: pairs("values", ["key", "typed"]),
            inputs: pairs("inputs", ["path", "blake3"]),
            told: (["branch", "changed", "changed_at"].into_iter())
                .filter_map(|key| Some((key.to_owned(), json.get(key)?.clone())))
                .collect(),
            root: json["branch"]["root"].as_str().map(str::to_owned),
            changed_at: json["changed_at"].as_f64(),
            beside: (["refine", "closure"].into_iter())
                .find(|key| json[*key] == true)
                .map(str::to_owned),
        })
    }
}

/// A folder of the case: at its place, else where it lies now if it moved together with the run,
/// whose folder was `then` and is `now`.
fn moved(folder: PathBuf, then: &Path, now: &Path) -> PathBuf {
    if folder.exists() {
        return folder;
    }
    let shared = then.ancestors().find(|a| folder.starts_with(a));
    let tails =
        shared.and_then(|a| Some((then.strip_prefix(a).ok()?, folder.strip_prefix(a).ok()?)));
    let Some((run, case)) = tails.filter(|(run, _)| now.ends_with(run)) else { return folder };
    let Some(base) = now.ancestors().nth(run.components().count()) else { return folder };
    if base.join(case).exists() { base.join(case) } else { folder }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_found_where_it_moved_with_its_run() {
        let dir = tempfile::tempdir().unwrap();
        let now = dir.path().join("new/study/out/a");
        fs::create_dir_all(&now).unwrap();
        fs::create_dir_all(dir.path().join("new/data")).unwrap();
        let found = |folder: &str, then: &str| moved(folder.into(), Path::new(then), &now);
        let new = |path: &str| dir.path().join("new").join(path);
        assert_eq!(found("/gone/study", "/gone/study/out/a"), new("study"));
        assert_eq!(found("/gone/data", "/gone/study/out/a"), new("data"));
        // Still at its place; moved alone; the run renamed.
        let here = dir.path().to_str().unwrap();
        assert_eq!(found(here, "/gone/study/out/a"), dir.path());
        assert_eq!(found("/gone/other", "/gone/study/out/a"), Path::new("/gone/other"));
        assert_eq!(found("/gone/study", "/gone/study/out/b"), Path::new("/gone/study"));
    }
}
