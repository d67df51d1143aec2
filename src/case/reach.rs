//! Which files a case may read: regular files under its own folder, or under folders that the
//! user allows. What he types with `--set` is his own word and may point anywhere.
//!
//! Links are resolved before a path is judged, and a pipe or a device is never opened.

use std::path::{Path, PathBuf};

/// What the caller allows a case.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Folders, besides the case's own, whose files it may name.
    pub allow: Vec<PathBuf>,
    /// Bytes of memory that its grid may need; what the machine has free where `None`.
    pub memory: Option<f64>,
}

/// The folders that a case's files may come from, links resolved; none by default.
#[derive(Debug, Default)]
pub(super) struct Reach {
    folders: Vec<PathBuf>,
    /// Bytes of memory that the grid may need, where the caller sets it.
    pub(super) memory: Option<f64>,
}

/// Why a path is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not there, or is not what is due: what is wrong with it.
    Unfit(String),
    /// It lies outside: where it really is.
    Outside(PathBuf),
}

impl Reach {
    /// The folder of the case and those allowed; one that does not exist holds no file.
    pub(super) fn new(case_folder: &Path, options: &Options) -> Reach {
        let here = if case_folder.as_os_str().is_empty() { Path::new(".") } else { case_folder };
        let all = std::iter::once(here).chain(options.allow.iter().map(PathBuf::as_path));
        let folders = all.filter_map(|f| f.canonicalize().ok()).collect();
        Reach { folders, memory: options.memory }
    }

    /// Where `path` really is, a regular file or (where `folder`) a folder. `typed`: the user
    /// typed it himself, so it may lie anywhere.
    pub(super) fn resolve(
        &self,
        path: &Path,
        folder: bool,
        typed: bool,
    ) -> Result<PathBuf, Refusal> {
        let unfit = |what: &str| Err(Refusal::Unfit(what.into()));
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(e) => match e.kind() {
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
                    return unfit("does not exist");
                }
                _ => return unfit(&format!("cannot be read: {e}")),
            },
        };
        if !typed && !self.folders.iter().any(|f| real.starts_with(f)) {
            return Err(Refusal::Outside(real));
        }
        match real.metadata() {
            Ok(meta) if meta.is_file() || (folder && meta.is_dir()) => Ok(real),
            Ok(meta) if meta.is_dir() => unfit("is a folder, not a file"),
            Ok(_) => unfit("is not a regular file"),
            Err(e) => unfit(&format!("cannot be read: {e}")),
        }
    }
}

/// What to do about a file outside: for the notes of a message.
pub(super) fn remedy(real: &Path) -> String {
    let folder = real.parent().unwrap_or(real);
    let shown = folder.display().to_string();
    let plain = !shown.contains(|c: char| c.is_whitespace() || c.is_control());
    let shown = if plain { shown } else { format!("{shown:?}") };
    format!("copy it beside the case, or allow its folder: --allow-path {shown}")
}
