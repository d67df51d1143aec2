//! Texts that a case is made of, and places in them.

use std::path::{Path, PathBuf};

use super::reach::Reach;

/// Largest case file read, bytes.
const LARGEST: u64 = 4 << 20;

/// What a text is: decides how its values are named in the provenance.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// The case file itself.
    Case,
    /// A file that it extends.
    Base,
    /// A `--set` argument.
    Set,
    /// An entry of the library, with the dotted place it is merged under and the sources of its
    /// values: dotted key, source, confidence.
    Library {
        /// Where in the case the entry is merged.
        under: String,
        /// Dotted key inside the entry, source, confidence.
        sources: Vec<(String, String, String)>,
    },
}

/// A text with its name.
#[derive(Clone, Debug)]
pub struct Source {
    /// Name in messages: the path as typed, "--set", or "library human-msc".
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its text, without a byte order mark.
    pub text: String,
    /// Folder against which its relative paths are resolved.
    pub folder: PathBuf,
}

/// A range of bytes in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Number of the source.
    pub source: usize,
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

/// Every text of a case, and which files it may read.
#[derive(Debug, Default)]
pub struct Sources(pub Vec<Source>, pub(super) Reach);

impl Sources {
    /// Adds a source and gives its number.
    pub fn add(&mut self, source: Source) -> usize {
        self.0.push(source);
        self.0.len() - 1
    }

    /// The source with this number.
    pub fn get(&self, number: usize) -> Option<&Source> {
        self.0.get(number)
    }

    /// Text at a place, empty when there is none.
    pub fn text(&self, place: Place) -> &str {
        self.get(place.source).and_then(|s| s.text.get(place.start..place.end)).unwrap_or("")
    }
}

/// Reads a text file of bounded size; the message says what is wrong with it.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let bytes = read_bytes(path, LARGEST)?;
    let text = String::from_utf8(bytes).map_err(|e| {
        let good =
            String::from_utf8_lossy(&e.as_bytes()[..e.utf8_error().valid_up_to()]).into_owned();
        let line = good.matches('\n').count() + 1;
        format!("is not UTF-8 text (line {line}); save it as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Reads a regular file of bounded size.
pub(super) fn read_bytes(path: &Path, largest: u64) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let meta = std::fs::metadata(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => "does not exist".to_owned(),
        std::io::ErrorKind::PermissionDenied => "may not be read (permission denied)".to_owned(),
        _ => format!("cannot be read: {e}"),
    })?;
    if meta.is_dir() {
        return Err("is a folder, not a file".into());
    }
    if !meta.is_file() {
        return Err("is not a regular file".into());
    }
    let too_large = || format!("is larger than {} MB", largest >> 20);
    if meta.len() > largest {
        return Err(too_large());
    }
    let file = std::fs::File::open(path).map_err(|e| format!("cannot be read: {e}"))?;
    let mut bytes = Vec::with_capacity(meta.len() as usize);
    file.take(largest + 1).read_to_end(&mut bytes).map_err(|e| format!("cannot be read: {e}"))?;
    if bytes.len() as u64 > largest { Err(too_large()) } else { Ok(bytes) }
}
