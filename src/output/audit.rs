//! Is a run's folder whole? Every sum of the list, every step there, the master files in order.

use std::path::Path;

use serde_json::Value;

use super::checksums::{self, Checksums, hash};
use super::folder::{Folder, in_use, is_temporary};
use super::frame::{STATIC, file_name};
use super::outputs::number;
use super::{Kind, OutputError, Result, Results, checkpoint, history, master, regular};

/// What was found. Names are relative to the folder.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// State in `run.json`: "finished", "running", "failed", "stopped".
    pub state: String,
    /// A living process writes there; nothing is made anew.
    pub in_use: bool,
    /// Files whose sum was compared.
    pub files: usize,
    /// Published outputs.
    pub steps: usize,
    /// Files that differ from their sum.
    pub changed: Vec<String>,
    /// Files of the list that are not there.
    pub missing: Vec<String>,
    /// Outputs that are not there while later ones are.
    pub missing_steps: Vec<usize>,
    /// Files of a run that no sum protects.
    pub unlisted: Vec<String>,
    /// Files that are not of the run: somebody put them there. No fault.
    pub extra: Vec<String>,
    /// Derived files that were made anew.
    pub remade: Vec<String>,
    /// Anything else that is wrong, in words.
    pub faults: Vec<String>,
    /// What could not be checked, in words. No fault.
    pub notes: Vec<String>,
}

impl Audit {
    /// True if nothing is wrong (any more).
    pub fn whole(&self) -> bool {
        self.changed.is_empty()
            && self.missing.is_empty()
            && self.missing_steps.is_empty()
            && self.unlisted.is_empty()
            && self.faults.is_empty()
    }
}

/// Checks a run's folder; makes the master files anew where they are missing or broken.
/// Errors: `Missing` where it is no folder of a run.
pub fn audit(folder: &Path) -> Result<Audit> {
    let mut found = Audit { in_use: in_use(folder), ..Audit::default() };
    let names = match checksums::files(folder) {
        Ok(names) if names.iter().any(|n| n == "run.json" || n.starts_with("fields/")) => names,
        _ => {
            let text = format!("{} is no folder of a run", folder.display());
            return Err(OutputError::new(Kind::Missing, text));
        }
    };
    let record = regular::read(&folder.join("run.json")).unwrap_or_default();
    let record: Value = serde_json::from_slice(&record).unwrap_or_default();
    record["status"]["state"].as_str().unwrap_or("unknown").clone_into(&mut found.state);
    let stem = record["case"].as_str().unwrap_or("run").to_owned();
    let derived = [format!("{stem}.vtkhdf"), format!("{stem}.xdmf")];
    let mut list = Checksums::load(folder)?;
    compare(folder, &names, &list, &derived, &mut found);
    steps(&names, &list, &mut found);
    irregular(folder, &mut found);
    if found.state == "finished" {
        last_step(folder, &mut found);
    } else if let Some(step) = record["checkpoint"]["step"].as_u64() {
        kept(folder, record["hash"].as_str().unwrap_or_default(), step, &mut found)?;
    }
    let outputs = names.iter().any(|n| number(n).is_some());
    if found.in_use {
        found.notes.push("a run writes here: the master files were not checked".into());
    } else if outputs && found.whole() {
        remake(folder, &derived, &mut list, &mut found)?;
    } else if outputs {
        found.notes.push("the master files were not checked: first the faults above".into());
    }
    Ok(found)
}

/// Sums against the list, and who is not in it.
fn compare(
    folder: &Path,
    names: &[String],
    list: &Checksums,
    derived: &[String],
    found: &mut Audit,
) {
    let there = |name: &str| names.binary_search_by(|n| n.as_str().cmp(name)).is_ok();
    for (name, sums) in list.entries().filter(|e| !derived.iter().any(|d| d == e.0)) {
        if !there(name) {
            found.missing.push(name.to_owned());
            continue;
        }
        found.files += 1;
        match hash(&folder.join(name)) {
            Ok(sum) if sums.contains(&sum) => {}
            Ok(_) => found.changed.push(name.to_owned()),
            Err(e) => found.faults.push(format!("{name}: {e}")),
        }
    }
    for line in &list.broken {
        found.faults.push(format!("{}: broken line \"{line}\"", checksums::FILE));
    }
    let finished = found.state == "finished";
    for name in names.iter().filter(|n| !list.contains(n) && !derived.contains(n)) {
        if !finished && name == history::FILE {
            found.notes.push(format!("{name} gets its sum at the end of the run"));
        } else if name.starts_with("checkpoint/") {
            found.files += 1;
            if !sealed(&folder.join(name)) {
                found.changed.push(name.clone());
            }
        } else if ours(name) {
            found.unlisted.push(name.clone());
        } else {
            found.extra.push(name.clone());
        }
    }
}

/// True for a checkpoint that is whole: it ends with the BLAKE3 of all before.
fn sealed(path: &Path) -> bool {
    let bytes = regular::read(path).unwrap_or_default();
    let split = bytes.len().checked_sub(blake3::OUT_LEN).map(|n| bytes.split_at(n));
    split.is_some_and(|(state, sum)| blake3::hash(state) == *sum)
}

/// What stands where a checkpoint should, and is no file.
fn irregular(folder: &Path, found: &mut Audit) {
    let Ok(entries) = std::fs::read_dir(folder.join(checkpoint::FOLDER)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // The next checkpoint takes away what stands at its temporary name.
        if !is_temporary(&name) && entry.file_type().is_ok_and(|t| !t.is_file()) {
            let name = format!("{}/{name}", checkpoint::FOLDER);
            found.faults.push(format!("{name} is not a regular file"));
        }
    }
}

/// A run that was stopped has a checkpoint of its last step, of this case.
fn kept(folder: &Path, hash: &str, step: u64, found: &mut Audit) -> Result<()> {
    let newest = checkpoint::newest(folder, hash, f64::INFINITY)?.newest;
    let at = newest.as_ref().and_then(|(_, bytes)| Some(checkpoint::parse(bytes).ok()?.step));
    if at.is_none_or(|at| at < step) {
        let from = at.map_or("the start".into(), |at| format!("step {at}"));
        found.faults.push(format!(
            "no checkpoint of step {step}, where the run stopped: resume would go on from {from}"
        ));
    }
    Ok(())
}

/// Files that only a run writes.
fn ours(name: &str) -> bool {
    let alone = ["run.json", "case.toml", "view.py", "answers.txt", "answers.json", history::FILE];
    let extended = name.starts_with("case.extends-");
    alone.contains(&name) || extended || name == STATIC || number(name).is_some()
}

/// Outputs are numbered without a gap. The sum of a file is listed before it gets its name, so of
/// a run that was cut short one may be listed that is not there.
fn steps(names: &[String], list: &Checksums, found: &mut Audit) {
    let there: Vec<usize> = names.iter().filter_map(|n| number(n)).collect();
    found.steps = there.len();
    let next = there.last().map_or(0, |last| last + 1);
    found.missing_steps = (0..next).filter(|i| there.binary_search(i).is_err()).collect();
    if found.state != "finished" {
        let coming = file_name(next);
        let allowed = |n: &String| {
            let cut = found.state != "stopped" && list.last.as_ref() == Some(n);
            *n == coming || cut || (n == STATIC && next == 0)
        };
        found.missing.retain(|n| !allowed(n));
    }
    if found.in_use {
        // Published since the folder was read.
        found.missing.retain(|n| number(n).is_none_or(|i| i < next));
    }
    if found.state == "finished" && there.is_empty() {
        found.faults.push("a finished run without outputs".into());
    }
    if list.entries().next().is_none() {
        found.faults.push(format!("{} is missing or empty", checksums::FILE));
    }
}

/// A finished run ends with an output: the last one is that of the last row of the history.
fn last_step(folder: &Path, found: &mut Audit) {
    let text = regular::text(&folder.join(history::FILE)).unwrap_or_default();
    let row = text.lines().last().and_then(|row| row.split(',').next()?.parse::<f64>().ok());
    match (row, Results::open(folder)) {
        (Some(end), Ok(results)) if results.last().time < end => {
            let text = format!(
                "the last output is at {} s, the end of the run at {end} s",
                results.last().time
            );
            found.faults.push(text);
        }
        (_, Err(e)) => found.faults.push(e.message),
        _ => {}
    }
}

/// Compares the master files with what they must be, and publishes them where they are not.
fn remake(
    folder: &Path,
    derived: &[String; 2],
    list: &mut Checksums,
    found: &mut Audit,
) -> Result<()> {
    let results = Results::open(folder)?;
    let sum = |name: &str| hash(&folder.join(name)).ok();
    let mut good = true;
    for name in derived {
        let listed = list.entries().find(|e| e.0 == name).and_then(|e| e.1.last());
        // Not listed before the end of a run: must be what it is made from.
        let wanted = if let Some(listed) = listed {
            listed.clone()
        } else {
            master::sum(&results.layout, &results.series(), name)?
        };
        good &= sum(name) == Some(wanted);
    }
    if good {
        return Ok(());
    }
    // Alone: a run that starts now would write them too.
    let _held = Folder::hold(folder)?;
    let before = derived.each_ref().map(|n| sum(n));
    master::write(folder, &results.layout, &results.series())?;
    let mut changed = false;
    for (name, before) in derived.iter().zip(before) {
        found.remade.extend((sum(name) != before).then(|| name.clone()));
        let listed = list.entries().find(|e| e.0 == name).map(|e| e.1.to_vec());
        if listed.is_some_and(|l| sum(name).is_none_or(|s| !l.contains(&s))) {
            list.add(folder, name)?;
            changed = true;
        }
    }
    if changed {
        // The sum in the list was the broken one, or another version of HDF5 wrote the file.
        found.remade.push(checksums::FILE.to_owned());
        list.write(folder)?;
    }
    Ok(())
}
