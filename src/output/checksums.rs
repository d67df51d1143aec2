//! `checksums.b3`: BLAKE3 of every finished file, in the format of `b3sum --check`.
//!
//! During a run the list grows by a line **before** a file gets its name, so that no published
//! file is without its sum, whatever happens. A file that is replaced (`run.json`) has two lines
//! for a moment; either holds. At the end the list is written anew with one line a file.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

use super::folder::{Folder, is_temporary, publish, publish_after};
use super::{OutputError, Result, regular};

/// Name of the file.
pub const FILE: &str = "checksums.b3";

/// The sums of a folder: all that were listed for a file, the latest last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checksums {
    sums: BTreeMap<String, Vec<String>>,
    /// Name of the last line: what was about to get its name when a run was killed.
    pub last: Option<String>,
    /// Lines that are no sum and name.
    pub broken: Vec<String>,
}

impl Checksums {
    /// Reads the list of a folder; empty where there is none.
    pub fn load(folder: &Path) -> Result<Checksums> {
        let path = folder.join(FILE);
        let bytes = match regular::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(OutputError::io(&path, &e)),
        };
        let mut list = Checksums::default();
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            let text = std::str::from_utf8(line).ok().and_then(|l| l.strip_suffix('\n'));
            match text.and_then(|l| l.split_once("  ")) {
                Some((sum, name)) if sum.len() == 64 && !name.is_empty() => {
                    list.last = Some(name.to_owned());
                    list.sums.entry(name.to_owned()).or_default().push(sum.to_owned());
                }
                _ => list.broken.push(String::from_utf8_lossy(line).trim_end().to_owned()),
            }
        }
        Ok(list)
    }

    /// Names in order, each with its sums.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.sums.iter().map(|(name, sums)| (name.as_str(), sums.as_slice()))
    }

    /// True if the file has a sum.
    pub fn contains(&self, name: &str) -> bool {
        self.sums.contains_key(name)
    }

    /// Takes what is called so off the list; true if there was any.
    pub fn forget(&mut self, named: impl Fn(&str) -> bool) -> bool {
        let before = self.sums.len();
        self.sums.retain(|name, _| !named(name));
        self.sums.len() < before
    }

    /// Sums up a file that is finished, in place of what was listed for it.
    pub fn add(&mut self, folder: &Path, name: &str) -> Result<()> {
        let path = folder.join(name);
        let sum = hash(&path).map_err(|e| OutputError::io(&path, &e))?;
        self.sums.insert(name.to_owned(), vec![sum]);
        Ok(())
    }

    /// Publishes the list with the latest sum of each file.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let latest = self.sums.iter().filter_map(|(name, sums)| Some((name, sums.last()?)));
        let lines = latest.map(|(name, sum)| format!("{sum}  {name}\n"));
        publish(&folder.join(FILE), &lines.collect::<String>())
    }

    /// Sums up all files of the folder (the lock excepted) and publishes the list: the last thing
    /// that a run does. Field files, which never change, are not read again.
    pub fn seal(mut self, folder: &Folder) -> Result<()> {
        let names = files(folder.path())?;
        self.sums.retain(|name, _| names.binary_search(name).is_ok());
        for name in names {
            if !(name.starts_with("fields/") && self.contains(&name)) {
                self.add(folder.path(), &name)?;
            }
        }
        self.write(folder.path())
    }
}

/// Publishes `name` in `folder` (see [`super::folder::publish_with`]) and lists its sum before.
pub fn publish_listed(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let mut listed = None;
    let done = publish_after(&folder.join(name), write, |temporary| {
        let sum = hash(temporary).map_err(|e| OutputError::io(temporary, &e))?;
        append(folder, name, &sum)?;
        listed = Some(sum);
        Ok(())
    });
    if let (Err(_), Some(sum)) = (&done, listed) {
        take_back(folder, name, &sum);
    }
    done
}

/// Cuts the last line off the list, where it is this one and its file did not get its name.
fn take_back(folder: &Path, name: &str, sum: &str) {
    if hash(&folder.join(name)).is_ok_and(|there| there == sum) {
        return;
    }
    let (path, line) = (folder.join(FILE), format!("{sum}  {name}\n"));
    let text = fs::read(&path).unwrap_or_default();
    if let Some(before) = text.strip_suffix(line.as_bytes()) {
        let file = OpenOptions::new().write(true).open(&path);
        let _ = file.and_then(|f| f.set_len(before.len() as u64));
    }
}

/// Publishes a text that may stand there already. Not while the writer works, which also adds to
/// the list.
pub fn publish_text(folder: &Path, name: &str, text: &str) -> Result<()> {
    let listed = Checksums::load(folder)?.contains(name);
    let path = folder.join(name);
    let put = |temporary: &Path| fs::write(temporary, text).map_err(|e| OutputError::io(&path, &e));
    publish_listed(folder, name, put)?;
    if listed { Checksums::load(folder)?.write(folder) } else { Ok(()) }
}

/// Adds the sum of a file that is complete to the list.
pub fn append_file(folder: &Path, name: &str) -> Result<()> {
    let path = folder.join(name);
    let sum = hash(&path).map_err(|e| OutputError::io(&path, &e))?;
    append(folder, name, &sum)
}

/// Adds a line to the list, on the disk when this returns. A line that could not be written
/// whole is taken back.
fn append(folder: &Path, name: &str, sum: &str) -> Result<()> {
    let path = folder.join(FILE);
    let at = |e: &std::io::Error| OutputError::io(&path, e);
    let new = !path.exists();
    let mut file = OpenOptions::new().append(true).create(true).open(&path).map_err(|e| at(&e))?;
    let before = file.metadata().map_err(|e| at(&e))?.len();
    let line = format!("{sum}  {name}\n");
    if let Err(e) = file.write_all(line.as_bytes()).and_then(|()| file.sync_data()) {
        let _ = file.set_len(before);
        return Err(at(&e));
    }
    if new {
        File::open(folder).and_then(|f| f.sync_all()).map_err(|e| at(&e))?;
    }
    Ok(())
}

/// BLAKE3 of a file.
pub fn hash(path: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(regular::open(path)?.0)?;
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
                && !["lock", FILE].contains(&path.as_str())
            {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Of the paper on BLAKE3: no bytes, and "abc" (as `b3sum` prints them).
    const EMPTY: &str = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
    const ABC: &str = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";

    fn listed(folder: &Path) -> String {
        fs::read_to_string(folder.join(FILE)).unwrap()
    }

    #[test]
    fn a_list_is_read_line_by_line() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Checksums::load(dir.path()).unwrap(), Checksums::default());
        // A short sum, no name, one space, and a last line that was cut.
        let text =
            format!("{EMPTY}  b\n{ABC}  a\n{ABC}  b\nabc  d\n{ABC}  \n{ABC} e\n{}  f", &ABC[..64]);
        fs::write(dir.path().join(FILE), text).unwrap();
        let list = Checksums::load(dir.path()).unwrap();
        let entries: Vec<(&str, Vec<&str>)> =
            list.entries().map(|e| (e.0, e.1.iter().map(String::as_str).collect())).collect();
        assert_eq!(entries, [("a", vec![ABC]), ("b", vec![EMPTY, ABC])]);
        assert_eq!(list.last.as_deref(), Some("b"));
        assert_eq!(list.broken.len(), 4, "{:?}", list.broken);
        assert!(list.contains("a") && !list.contains("f"));
        // The latest sum of each stays.
        list.write(dir.path()).unwrap();
        assert_eq!(listed(dir.path()), format!("{ABC}  a\n{ABC}  b\n"));
        // A list that cannot be read is not an empty one.
        fs::remove_file(dir.path().join(FILE)).unwrap();
        fs::create_dir(dir.path().join(FILE)).unwrap();
        assert!(Checksums::load(dir.path()).is_err());
    }

    #[test]
    fn a_file_is_listed_before_it_has_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        publish_text(at, "a", "abc").unwrap();
        assert_eq!(listed(at), format!("{ABC}  a\n"));
        publish_text(at, "b", "").unwrap();
        assert_eq!(listed(at), format!("{ABC}  a\n{EMPTY}  b\n"));
        // Written again: one line.
        publish_text(at, "a", "").unwrap();
        assert_eq!(listed(at), format!("{EMPTY}  a\n{EMPTY}  b\n"));
        // One that does not get its name, as a folder has it, leaves no line and no file.
        fs::create_dir(at.join("c")).unwrap();
        assert!(publish_text(at, "c", "abc").is_err());
        assert_eq!(listed(at), format!("{EMPTY}  a\n{EMPTY}  b\n"));
        assert_eq!(files(at).unwrap(), ["a", "b"]);
        // The line stays where the name holds these bytes all the same.
        take_back(at, "b", EMPTY);
        assert_eq!(listed(at), format!("{EMPTY}  a\n{EMPTY}  b\n"));
        append_file(at, "a").unwrap();
        assert_eq!(listed(at), format!("{EMPTY}  a\n{EMPTY}  b\n{EMPTY}  a\n"));
    }

    #[test]
    fn sealing_reads_all_but_the_fields_that_are_listed() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::claim(&dir.path().join("out"), "hash", false).unwrap();
        for (name, text) in [
            ("a", "abc"),
            ("fields/0.h5", "abc"),
            ("fields/1.h5", "abc"),
            ("fields/.tmp-2.h5", "abc"),
            ("fields/lock", ""),
        ] {
            fs::write(folder.join(name), text).unwrap();
        }
        // Sums of before: of a text that has changed, of a field file (taken as it stands), and of
        // a file that is gone.
        let old = format!("{EMPTY}  a\n{EMPTY}  fields/0.h5\n{EMPTY}  gone\n");
        fs::write(folder.join(FILE), old).unwrap();
        Checksums::load(folder.path()).unwrap().seal(&folder).unwrap();
        let new =
            format!("{ABC}  a\n{EMPTY}  fields/0.h5\n{ABC}  fields/1.h5\n{EMPTY}  fields/lock\n");
        assert_eq!(listed(folder.path()), new);
    }
}
