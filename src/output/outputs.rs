//! The outputs of a run that goes on: those before its checkpoint must be what was written, and of
//! another case those after it must go.

use std::fs;
use std::path::Path;

use super::checksums::{self, Checksums, hash};
use super::frame::file_name;
use super::{Kind, OutputError, Result};

/// Number of the output that a file of this name holds.
pub(super) fn number(name: &str) -> Option<usize> {
    let digits = name.strip_prefix("fields/")?.strip_suffix(".h5")?;
    let index = digits.parse().ok()?;
    (file_name(index) == name).then_some(index)
}

/// Refuses to go on where one of the first `count` outputs is not there, or is not what was written.
pub fn verify(folder: &Path, count: usize) -> Result<()> {
    let list = Checksums::load(folder)?;
    let whole = |name: &str| {
        let sums = list.entries().find(|e| e.0 == name).map(|e| e.1);
        hash(&folder.join(name)).is_ok_and(|now| sums.is_some_and(|s| s.contains(&now)))
    };
    let Some(name) = (0..count).map(file_name).find(|n| !whole(n)) else { return Ok(()) };
    let text = format!(
        "{} is missing, or is not what the run wrote: copy it back; or remove {}, and resume \
         computes all again from the start",
        folder.join(&name).display(),
        folder.join(super::checkpoint::FOLDER).display()
    );
    Err(OutputError::new(Kind::Io, text))
}

/// Removes the outputs from number `first` on, and their sums.
pub fn drop_from(folder: &Path, first: usize) -> Result<()> {
    let later = |name: &str| number(name).is_some_and(|n| n >= first);
    let names: Vec<String> = checksums::files(folder)?.into_iter().filter(|n| later(n)).collect();
    // From the last one on: whenever this stops, what is left has no gap.
    for name in names.iter().rev() {
        let path = folder.join(name);
        fs::remove_file(&path).map_err(|e| OutputError::io(&path, &e))?;
    }
    let mut list = Checksums::load(folder)?;
    if list.forget(later) { list.write(folder) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(count: usize) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("fields")).unwrap();
        for n in 0..count {
            fs::write(dir.path().join(file_name(n)), [n as u8; 9]).unwrap();
            checksums::append_file(dir.path(), &file_name(n)).unwrap();
        }
        dir
    }

    #[test]
    fn outputs_before_the_checkpoint_must_be_whole() {
        let dir = folder(4);
        verify(dir.path(), 4).unwrap();
        assert!(verify(dir.path(), 5).unwrap_err().message.contains("000004.h5"));
        fs::write(dir.path().join(file_name(2)), "other").unwrap();
        verify(dir.path(), 2).unwrap();
        assert!(verify(dir.path(), 3).unwrap_err().message.contains("000002.h5"));
        fs::remove_file(dir.path().join(file_name(0))).unwrap();
        assert!(verify(dir.path(), 1).unwrap_err().message.contains("000000.h5"));
    }

    #[test]
    fn outputs_of_another_case_go_with_their_sums() {
        let dir = folder(4);
        fs::write(dir.path().join("fields/notes.h5"), "mine").unwrap();
        drop_from(dir.path(), 2).unwrap();
        let left = checksums::files(dir.path()).unwrap();
        assert_eq!(left, ["fields/000000.h5", "fields/000001.h5", "fields/notes.h5"]);
        let list = Checksums::load(dir.path()).unwrap();
        assert_eq!(list.entries().count(), 2);
        verify(dir.path(), 2).unwrap();
    }
}
