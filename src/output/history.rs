//! `history.csv`: one row a coupled step.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::checksums::{self, Checksums};
use super::{Folder, Kind, OutputError, Result};

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
    /// Length so far.
    bytes: u64,
    flushed: Instant,
}

impl History {
    /// Creates the table. A column is a name and a unit (empty: none), shown as `name [unit]`.
    pub fn create(folder: &Folder, columns: &[(String, String)]) -> Result<History> {
        let path = folder.join(FILE);
        forget(folder.path())?;
        let file = File::create(&path).map_err(|e| OutputError::io(&path, &e))?;
        let header: Vec<String> = columns.iter().map(|(name, unit)| title(name, unit)).collect();
        let mut history = History {
            path,
            file: BufWriter::new(file),
            columns: columns.len(),
            line: header.join(","),
            bytes: 0,
            flushed: Instant::now(),
        };
        history.put()?;
        Ok(history)
    }

    /// Opens the table of a run that goes on: rows behind the first `bytes` belong to steps that
    /// will be taken again.
    pub fn go_on(folder: &Folder, columns: &[(String, String)], bytes: u64) -> Result<History> {
        let path = folder.join("history.csv");
        let io = |e: std::io::Error| OutputError::io(&path, &e);
        let mut file = File::options().read(true).write(true).open(&path).map_err(io)?;
        let header: Vec<String> = columns.iter().map(|(name, unit)| title(name, unit)).collect();
        let header = header.join(",") + "\n";
        let mut found = vec![0; header.len()];
        let whole = (header.len() as u64..=file.metadata().map_err(io)?.len()).contains(&bytes);
        if !whole || file.read_exact(&mut found).is_err() || found != header.as_bytes() {
            let text = format!(
                "{} is not the table that the checkpoint belongs to; `blastema run --replace` \
                 starts anew and keeps this folder",
                path.display()
            );
            return Err(OutputError::new(Kind::Io, text));
        }
        forget(folder.path())?;
        file.set_len(bytes).map_err(io)?;
        file.seek(SeekFrom::End(0)).map_err(io)?;
        Ok(History {
            path,
            file: BufWriter::new(file),
            columns: columns.len(),
            line: String::new(),
            bytes,
            flushed: Instant::now(),
        })
    }

    /// Hands all rows to the system; gives the length of the table and the file, to be synced.
    pub fn flush(&mut self) -> Result<(u64, File)> {
        let file = self.file.flush().and_then(|()| self.file.get_ref().try_clone());
        Ok((self.bytes, file.map_err(|e| OutputError::io(&self.path, &e))?))
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
        checksums::append_file(folder, FILE)
    }

    fn put(&mut self) -> Result<()> {
        self.line.push('\n');
        self.bytes += self.line.len() as u64;
        let mut done = self.file.write_all(self.line.as_bytes());
        if self.flushed.elapsed() >= FLUSH_EVERY {
            done = done.and_then(|()| self.file.flush());
            self.flushed = Instant::now();
        }
        done.map_err(|e| OutputError::io(&self.path, &e))
    }
}

/// Refuses to go on where the table of a run that was stopped is not what it wrote.
pub fn verify(folder: &Path) -> Result<()> {
    let list = Checksums::load(folder)?;
    let Some(sums) = list.entries().find(|e| e.0 == FILE).map(|e| e.1) else { return Ok(()) };
    let path = folder.join(FILE);
    if checksums::hash(&path).is_ok_and(|now| sums.contains(&now)) {
        return Ok(());
    }
    let text = format!(
        "{} is missing, or is not what the run wrote: copy it back; `blastema run --replace` \
         starts anew and keeps this folder",
        path.display()
    );
    Err(OutputError::new(Kind::Io, text))
}

/// Takes the sum of a table off the list: rows will follow, or others.
fn forget(folder: &Path) -> Result<()> {
    let mut list = Checksums::load(folder)?;
    if list.forget(|name| name == FILE) { list.write(folder) } else { Ok(()) }
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
