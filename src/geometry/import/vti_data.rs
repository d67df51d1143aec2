//! The values of an array in VTK's XML files: words, or bytes behind a header of lengths, packed
//! in blocks or not (vtk.org, VTK file formats).

use std::io::{Cursor, Error, ErrorKind, Read};

use flate2::read::ZlibDecoder;

use super::source::unread;
use super::values::Number;

/// Lengths before the values: 4 or 8 bytes each, in the byte order of the file.
#[derive(Clone, Copy)]
pub(super) struct Lengths {
    pub(super) wide: bool,
    pub(super) big: bool,
}

impl Lengths {
    fn next(self, from: &mut dyn Read) -> Result<u64, String> {
        let mut bytes = [0; 8];
        let used = if self.wide { 8 } else { 4 };
        let (used, _) = bytes.split_at_mut(used);
        from.read_exact(used).map_err(|e| unread(&e))?;
        if self.big {
            used.reverse();
        }
        Ok(u64::from_le_bytes(bytes))
    }

    /// The values of an array that is not packed: `bytes` bytes of them.
    pub(super) fn plain<'a>(
        self,
        mut from: Box<dyn Read + 'a>,
        bytes: u64,
    ) -> Result<Box<dyn Read + 'a>, String> {
        let length = self.next(&mut from)?;
        if length != bytes {
            return Err(format!("says that an array of {bytes} bytes has {length}: it is damaged"));
        }
        Ok(from)
    }

    /// The values of an array in zlib blocks.
    pub(super) fn packed<'a>(
        self,
        mut from: Box<dyn Read + 'a>,
    ) -> Result<Box<dyn Read + 'a>, String> {
        let count = self.next(&mut from)?;
        let (_size, _last) = (self.next(&mut from)?, self.next(&mut from)?);
        // The list grows as it is read: a count that the file cannot hold ends with the file.
        let sizes = (0..count).map(|_| self.next(&mut from)).collect::<Result<Vec<_>, _>>()?;
        Ok(Box::new(Blocks { from, sizes: sizes.into_iter(), block: None }))
    }
}

/// Bytes out of zlib blocks.
struct Blocks<'a> {
    from: Box<dyn Read + 'a>,
    /// Packed bytes of the blocks to come.
    sizes: std::vec::IntoIter<u64>,
    block: Option<ZlibDecoder<Cursor<Vec<u8>>>>,
}

impl Read for Blocks<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        loop {
            if let Some(block) = &mut self.block {
                let count = block.read(out)?;
                if count > 0 || out.is_empty() {
                    return Ok(count);
                }
            }
            let Some(size) = self.sizes.next() else { return Ok(0) };
            let mut bytes = Vec::new();
            (&mut self.from).take(size).read_to_end(&mut bytes)?;
            if bytes.len() as u64 != size {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.block = Some(ZlibDecoder::new(Cursor::new(bytes)));
        }
    }
}

/// Values out of words: their bytes, the least significant first.
pub(super) struct Words<'a> {
    text: std::str::SplitAsciiWhitespace<'a>,
    number: Number,
    /// Bytes of the last value that were not asked for yet, the next one last.
    rest: Vec<u8>,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str, number: Number) -> Words<'a> {
        Words { text: text.split_ascii_whitespace(), number, rest: Vec::with_capacity(8) }
    }

    fn value(&mut self, word: &str) -> Option<()> {
        match self.number {
            Number::U8 => self.rest.extend(word.parse::<u8>().ok()?.to_be_bytes()),
            Number::I8 => self.rest.extend(word.parse::<i8>().ok()?.to_be_bytes()),
            Number::U16 => self.rest.extend(word.parse::<u16>().ok()?.to_be_bytes()),
            Number::I16 => self.rest.extend(word.parse::<i16>().ok()?.to_be_bytes()),
            Number::U32 => self.rest.extend(word.parse::<u32>().ok()?.to_be_bytes()),
            Number::I32 => self.rest.extend(word.parse::<i32>().ok()?.to_be_bytes()),
            Number::U64 => self.rest.extend(word.parse::<u64>().ok()?.to_be_bytes()),
            Number::I64 => self.rest.extend(word.parse::<i64>().ok()?.to_be_bytes()),
            Number::F32 => self.rest.extend(word.parse::<f32>().ok()?.to_be_bytes()),
            Number::F64 => self.rest.extend(word.parse::<f64>().ok()?.to_be_bytes()),
        }
        Some(())
    }
}

impl Read for Words<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let mut count = 0;
        for byte in out {
            if self.rest.is_empty() {
                let Some(word) = self.text.next() else { break };
                let what = "a word that is no number of its type";
                self.value(word).ok_or(Error::new(ErrorKind::InvalidData, what))?;
            }
            let Some(next) = self.rest.pop() else { break };
            *byte = next;
            count += 1;
        }
        Ok(count)
    }
}
