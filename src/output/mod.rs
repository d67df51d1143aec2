//! Floor 7: what a run leaves behind. Fields for ParaView, the history, the answers, provenance.
//!
//! A step is published whole or not at all: written under a temporary name, closed, synced,
//! renamed. The master files only point to published steps and can be made again at any time.

use std::fmt;
use std::path::Path;

pub mod audit;
pub mod checkpoint;
pub mod checksums;
pub mod folder;
pub mod frame;
mod guard;
mod h5;
pub mod history;
pub mod master;
pub mod outputs;
pub mod read;
mod regular;
pub mod report;
pub mod space;
pub mod stored;
pub mod structure;
pub mod viewpy;
pub mod writer;
pub mod xdmf;

pub use checksums::Checksums;
pub use folder::Folder;
pub use frame::{Array, FLOW, Frame, Layout, Values};
pub use history::History;
pub use read::Results;
pub use writer::Writer;

/// What kept an output from being made; the command line chooses the exit code by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The folder holds this very run, finished: nothing to do.
    AlreadyDone,
    /// The folder holds this run, not finished.
    Unfinished,
    /// The folder holds something else.
    Other,
    /// Another process is writing there.
    InUse,
    /// The disk is full; all published steps are kept.
    Full,
    /// Reading or writing failed.
    Io,
    /// What was asked for is not there (a field, a step, a place).
    Missing,
}

/// A failure of the output floor: its kind, and a message with a remedy.
#[derive(Clone, Debug)]
pub struct OutputError {
    /// Kind.
    pub kind: Kind,
    /// Message for people.
    pub message: String,
}

impl OutputError {
    /// An error of this kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> OutputError {
        OutputError { kind, message: message.into() }
    }
    /// A failed system call on `path`.
    pub(crate) fn io(path: &Path, e: &std::io::Error) -> OutputError {
        if e.kind() == std::io::ErrorKind::StorageFull {
            return OutputError::full(path);
        }
        OutputError::new(Kind::Io, format!("{}: {e}", path.display()))
    }
    /// A failed call of the HDF5 library on `path`.
    pub(crate) fn hdf5(path: &Path, e: &hdf5::Error) -> OutputError {
        let text = e.to_string();
        if text.contains("errno = 28") {
            return OutputError::full(path);
        }
        OutputError::new(Kind::Io, format!("{}: {text}", path.display()))
    }
    fn full(path: &Path) -> OutputError {
        let free = space::free(path).map_or("?".to_owned(), space::bytes);
        let text = format!(
            "the disk is full: {} could not be written, {free} free. All outputs before it are \
             whole; free some space, or write fewer fields or times ([run] output)",
            path.display()
        );
        OutputError::new(Kind::Full, text)
    }
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for OutputError {}

/// Result of the output floor.
pub type Result<T> = std::result::Result<T, OutputError>;
