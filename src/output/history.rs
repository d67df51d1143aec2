//! `history.csv`: one row a coupled step.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Folder, OutputError, Result};

/// Name of the file.
pub const FILE: &str = "history.csv";

/// Rows reach the disk at least this often, so that a run can be watched.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// The open table. The columns are fixed at the start.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    file: BufWriter<File>,
    columns: usize,
    line: String,
    flushed: Instant,
}

impl History {
    /// Creates the table. A column is a name and a unit (empty: none), shown as `name [unit]`.
    pub fn create(folder: &Folder, columns: &[(String, String)]) -> Result<History> {
        let path = folder.join(FILE);
        let file = File::create(&path).map_err(|e| OutputError::io(&path, &e))?;
        let header: Vec<String> = columns.iter().map(|(name, unit)| title(name, unit)).collect();
        let mut history = History {
            path,
            file: BufWriter::new(file),
            columns: columns.len(),
            line: header.join(","),
            flushed: Instant::now(),
        };
        history.put()?;
        Ok(history)
    }

    /// Appends a row with one value a column; a value that is not finite leaves its cell empty.
    pub fn row(&mut self, values: &[f64]) -> Result<()> {
        self.line.clear();
        for (i, &value) in values.iter().take(self.columns).enumerate() {
            if i > 0 {
                self.line.push(',');
            }
            let _ = write_number(&mut self.line, value);
        }
        self.put()
    }

    /// Writes what is left and syncs.
    pub fn finish(mut self) -> Result<()> {
        let done = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        done.map_err(|e| OutputError::io(&self.path, &e))?;
        let folder = self.path.parent().unwrap_or(&self.path);
        super::checksums::append_file(folder, FILE)
    }

    fn put(&mut self) -> Result<()> {
        self.line.push('\n');
        let mut done = self.file.write_all(self.line.as_bytes());
        if self.flushed.elapsed() >= FLUSH_EVERY {
            done = done.and_then(|()| self.file.flush());
            self.flushed = Instant::now();
        }
        done.map_err(|e| OutputError::io(&self.path, &e))
    }
}

/// A column's title, quoted where CSV needs it.
pub fn title(name: &str, unit: &str) -> String {
    let text = if unit.is_empty() { name.to_owned() } else { format!("{name} [{unit}]") };
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// A number in the shortest form that reads back to the same bits; nothing where not finite.
pub fn write_number(out: &mut String, value: f64) -> std::fmt::Result {
    let size = value.abs();
    if !value.is_finite() {
        Ok(())
    } else if value == 0.0 || (1e-4..1e15).contains(&size) {
        write!(out, "{value}")
    } else {
        write!(out, "{value:e}")
    }
}
