//! Bytes of a file or of memory, and how many there are.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Cursor, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

/// Longest header in words.
const HEADER: u64 = 1 << 20;

/// What the readers need of a file.
pub(super) trait Bytes: BufRead + Seek {}
impl<T: BufRead + Seek> Bytes for T {}

/// Bytes to read.
pub(super) struct Source<'a> {
    /// Where they come from.
    pub(super) reader: Box<dyn Bytes + 'a>,
    /// How many there are.
    pub(super) length: u64,
}

/// Opens what a header calls its data file.
pub(super) type Beside<'a, 'b> = &'b dyn Fn(&str) -> Result<Source<'a>, String>;

/// An error while reading in words.
pub(super) fn unread(e: &std::io::Error) -> String {
    match e.kind() {
        ErrorKind::UnexpectedEof => "ends too early: it is cut short, copy it again".into(),
        ErrorKind::InvalidData | ErrorKind::InvalidInput => {
            format!("is damaged ({e}): copy it again")
        }
        _ => format!("cannot be read: {e}"),
    }
}

impl<'a> Source<'a> {
    /// Opens a regular file that holds something.
    pub(super) fn open(path: &Path) -> Result<Source<'static>, String> {
        let wrong = |e: std::io::Error| format!("cannot be read: {e}");
        // Asked before opening: opening a pipe would wait for ever.
        if !fs::metadata(path).map_err(wrong)?.is_file() {
            return Err("is not a regular file".into());
        }
        let file = File::open(path).map_err(wrong)?;
        let length = file.metadata().map_err(wrong)?.len();
        if length == 0 {
            return Err("is empty (0 bytes): export or copy it again".into());
        }
        Ok(Source { reader: Box::new(BufReader::with_capacity(1 << 16, file)), length })
    }

    /// Bytes in memory.
    pub(super) fn memory(bytes: &'a [u8]) -> Source<'a> {
        Source { reader: Box::new(Cursor::new(bytes)), length: bytes.len() as u64 }
    }

    /// Up to `count` bytes from the start, where the source is left.
    pub(super) fn peek(&mut self, count: u64) -> Result<Vec<u8>, String> {
        let mut head = Vec::new();
        let read = (&mut self.reader).take(count).read_to_end(&mut head);
        read.and_then(|_| self.reader.seek(SeekFrom::Start(0))).map_err(|e| unread(&e))?;
        Ok(head)
    }

    /// The next line without its end; `None` behind the last one. Headers are short: what goes on
    /// for a megabyte is refused.
    pub(super) fn line(&mut self) -> Result<Option<String>, String> {
        let at = self.reader.stream_position().map_err(|e| unread(&e))?;
        let room = HEADER.saturating_sub(at);
        let mut line = Vec::new();
        let read = (&mut self.reader).take(room).read_until(b'\n', &mut line);
        read.map_err(|e| unread(&e))?;
        if line.is_empty() && room > 0 {
            return Ok(None);
        }
        if line.len() as u64 == room && line.last() != Some(&b'\n') {
            return Err("has a header without end: it is damaged".into());
        }
        let text = String::from_utf8_lossy(&line);
        Ok(Some(text.trim_end_matches(['\n', '\r']).to_owned()))
    }

    /// Bytes behind the place that has been reached.
    pub(super) fn left(&mut self) -> Result<u64, String> {
        let at = self.reader.stream_position().map_err(|e| unread(&e))?;
        Ok(self.length.saturating_sub(at))
    }

    /// Goes to a place counted from the start.
    pub(super) fn go(&mut self, place: u64) -> Result<(), String> {
        if place > self.length {
            return Err(format!(
                "says that its values begin at byte {place}, but it has {} bytes: it is cut short",
                self.length
            ));
        }
        self.reader.seek(SeekFrom::Start(place)).map(drop).map_err(|e| unread(&e))
    }

    /// Goes on by `count` bytes.
    pub(super) fn skip(&mut self, count: u64) -> Result<(), String> {
        let at = self.reader.stream_position().map_err(|e| unread(&e))?;
        self.go(at.saturating_add(count))
    }
}
