//! Reading the files of a run's folder: only regular ones, for a pipe would wait for ever and a
//! device may never end.

use std::fs::{self, File};
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// Opens a regular file; with its length.
pub(super) fn open(path: &Path) -> Result<(File, u64)> {
    let told = fs::metadata(path)?;
    if !told.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok((File::open(path)?, told.len()))
}

/// All bytes of a regular file, as many as it says it has.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let (file, length) = open(path)?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same as text, where it has at most `most` bytes.
pub(super) fn text_within(path: &Path, most: u64) -> Result<String> {
    if fs::metadata(path)?.len() > most {
        return Err(Error::new(ErrorKind::InvalidData, format!("more than {most} bytes")));
    }
    text(path)
}

/// The same as text.
pub(super) fn text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?).map_err(|e| Error::new(ErrorKind::InvalidData, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_files_alone_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, "abc").unwrap();
        assert_eq!(text(&path).unwrap(), "abc");
        assert_eq!(text_within(&path, 3).unwrap(), "abc");
        assert_eq!(text_within(&path, 2).unwrap_err().kind(), ErrorKind::InvalidData);
        for other in [dir.path(), Path::new("/dev/zero")] {
            assert_eq!(read(other).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
        assert_eq!(read(&dir.path().join("b")).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
