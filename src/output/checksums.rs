//! `checksums.b3`: BLAKE3 of every finished file, in the format of `b3sum --check`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::folder::{Folder, is_temporary, publish};
use super::{OutputError, Result};

/// Name of the file.
pub const FILE: &str = "checksums.b3";

/// Sums known so far, by path relative to the run's folder.
#[derive(Clone, Debug, Default)]
pub struct Checksums {
    sums: BTreeMap<String, String>,
}

impl Checksums {
    /// Sums up a file that is finished.
    pub fn add(&mut self, folder: &Path, name: &str) -> Result<()> {
        let path = folder.join(name);
        let sum = hash(&path).map_err(|e| OutputError::io(&path, &e))?;
        self.sums.insert(name.to_owned(), sum);
        Ok(())
    }

    /// The sums of field files that the folder lists, and those of `names` that it does not.
    pub fn of_outputs(folder: &Path, names: &[String]) -> Result<Checksums> {
        let text = fs::read_to_string(folder.join(FILE)).unwrap_or_default();
        let listed = text.lines().filter_map(|line| {
            let (sum, name) = line.split_once("  ")?;
            Some((name.to_owned(), sum.to_owned()))
        });
        let mut checksums = Checksums { sums: listed.filter(|s| names.contains(&s.0)).collect() };
        for name in names {
            if !checksums.sums.contains_key(name) {
                checksums.add(folder, name)?;
            }
        }
        Ok(checksums)
    }

    /// Publishes the list.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let lines = self.sums.iter().map(|(name, sum)| format!("{sum}  {name}\n"));
        publish(&folder.join(FILE), &lines.collect::<String>())
    }

    /// Sums up all other files of the folder (the lock excepted) and publishes the list: the last
    /// thing that a run does. Field files, which never change, are not read again.
    pub fn seal(mut self, folder: &Folder) -> Result<()> {
        for name in files(folder.path())? {
            if !(name.starts_with("fields/") && self.sums.contains_key(&name)) {
                self.add(folder.path(), &name)?;
            }
        }
        self.write(folder.path())
    }
}

fn hash(path: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(fs::File::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// All finished files of a run's folder by relative path with `/`, sorted; without locks,
/// temporaries and the list of sums itself. Links are not followed.
pub fn files(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![String::new()];
    while let Some(prefix) = open.pop() {
        let at = folder.join(&prefix);
        for entry in fs::read_dir(&at).map_err(|e| OutputError::io(&at, &e))? {
            let entry = entry.map_err(|e| OutputError::io(&at, &e))?;
            let kind = entry.file_type().map_err(|e| OutputError::io(&at, &e))?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let path = format!("{prefix}{name}");
            if kind.is_dir() {
                open.push(format!("{path}/"));
            } else if kind.is_file()
                && !is_temporary(name)
                && !["lock", "lock.takeover", FILE].contains(&path.as_str())
            {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
