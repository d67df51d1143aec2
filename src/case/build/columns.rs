//! Numbers from files.

use std::path::Path;

use super::Builder;
use crate::case::checked::Checked;
use crate::case::numbers::Columns;
use crate::case::source;
use crate::case::words::brief;

/// Largest file of numbers, bytes.
const LARGEST: u64 = 1 << 30;

impl Builder<'_> {
    /// Reads the file under `path`: numbers in columns, or a `.raw`.
    pub(super) fn columns(&mut self, path: &Checked) -> Option<Columns> {
        let file = self.resolve(path, false)?;
        let read = source::read_bytes(&file, LARGEST).and_then(|bytes| {
            let hash = blake3::hash(&bytes).to_hex().to_string();
            self.inputs.push((path.typed.clone(), hash, bytes.len() as u64));
            // By the name typed: a link may point to a file of any name.
            if path.text().is_some_and(|t| Path::new(t).extension().is_some_and(|e| e == "raw")) {
                Columns::read_raw(&bytes)
            } else {
                Columns::read(bytes)
            }
        });
        self.usable(path, read)
    }

    /// Reads two columns, the first strictly ascending; both in units typed beside the path.
    pub(super) fn course(
        &mut self,
        path: &Checked,
        factors: (f64, f64),
    ) -> Option<Vec<(f64, f64)>> {
        let columns = self.columns(path)?;
        self.usable(path, columns.course(factors))
    }

    /// What was read, or the reason in a message.
    fn usable<T>(&mut self, path: &Checked, read: Result<T, String>) -> Option<T> {
        let what = match read {
            Ok(read) => return Some(read),
            Err(what) => what,
        };
        let name = brief(path.text().unwrap_or_default());
        self.wrong("E024", path, format!("{}: {name} cannot be used", path.key)).label =
            format!("it {what}");
        None
    }
}
