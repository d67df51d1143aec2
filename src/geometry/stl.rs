//! STL: triangles as CAD programs and slicers exchange them, binary or text. A file has no unit.
//!
//! Read without a crate: stl_io 0.11 takes binary files that begin with "solid" for text, stops
//! at the first of several solids without a word, refuses "solid" without a name and text with
//! normals of NaN, and checks no count against the length; what would be left of it is a loop.

use std::fmt;
use std::io::{self, Write};

use super::surface::{Surface, normal};

/// Bytes of a binary file before its triangles, and of a triangle.
const HEAD: usize = 84;
const TRIANGLE: usize = 50;

/// Largest coordinate in a file: that of a 32-bit number.
const LARGEST: f64 = f32::MAX as f64;

/// Why an STL file or its surface cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StlError {
    /// What is wrong and what to do, to be read behind the name of the file.
    pub problem: String,
}

impl fmt::Display for StlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl std::error::Error for StlError {}

/// An error that says `problem`.
pub(crate) fn error(problem: impl Into<String>) -> StlError {
    StlError { problem: problem.into() }
}

/// Reads an STL file from its content; `metres` is the length of its unit, 1e-3 for mm.
///
/// Several solids of a text file become one surface. Normals and attributes are not read. Memory
/// stays below some ten times the length of the file.
pub fn read(bytes: &[u8], metres: f64) -> Result<Surface, StlError> {
    if !(metres.is_finite() && metres > 0.0) {
        return Err(error("needs a unit longer than 0"));
    }
    if bytes.is_empty() {
        return Err(error("is empty (0 bytes): export or copy it again"));
    }
    let mut corners = if is_text(bytes) { text(bytes)? } else { binary(bytes)? };
    if corners.is_empty() {
        return Err(error("holds no triangle: export the part, not an empty scene"));
    }
    if u32::try_from(corners.len()).is_err() {
        return Err(error("has more than 1.4 thousand million triangles: reduce the mesh"));
    }
    for (i, c) in corners.iter_mut().enumerate() {
        if !c.iter().all(|x| x.abs() <= LARGEST) {
            let triangle = i / 3 + 1;
            let what =
                format!("triangle {triangle} has a coordinate that is no number of finite size");
            return Err(error(format!("{what}: repair the mesh and export it again")));
        }
        *c = c.map(|x| x * metres);
    }
    let surface = Surface::weld(&corners);
    if surface.triangles.is_empty() {
        return Err(error("holds only triangles without area: export the part again"));
    }
    Ok(surface)
}

/// The count of triangles in the head of a binary file, where there is one.
fn count(bytes: &[u8]) -> Option<u32> {
    let count = bytes.get(HEAD - 4..HEAD)?;
    Some(u32::from_le_bytes([count[0], count[1], count[2], count[3]]))
}

/// Bytes of a binary file with this many triangles.
fn length(count: u32) -> u64 {
    HEAD as u64 + TRIANGLE as u64 * u64::from(count)
}

/// Text begins with "solid", as some binary files do; those have the length that their count asks
/// for, or at least a zero byte in the head.
fn is_text(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    let solid = start.get(..5).is_some_and(|w| w.eq_ignore_ascii_case(b"solid"));
    let fits = count(bytes).is_some_and(|c| length(c) == bytes.len() as u64);
    solid && !fits && !bytes.iter().take(HEAD).any(|b| *b == 0)
}

/// Corners of a binary file.
fn binary(bytes: &[u8]) -> Result<Vec<[f64; 3]>, StlError> {
    let Some(count) = count(bytes) else {
        let n = bytes.len();
        return Err(error(format!(
            "is no STL file, or cut short: it has {n} bytes of at least {HEAD}"
        )));
    };
    let (says, has) = (length(count), bytes.len() as u64);
    if says > has {
        return Err(error(format!(
            "is cut short, or no STL file: its {count} triangles take {says} bytes, it has {has}; export or copy it again"
        )));
    }
    if says < has {
        return Err(error(format!(
            "is damaged, or no STL file: its {count} triangles take {says} bytes, it has {has}; export or copy it again"
        )));
    }
    let mut corners = Vec::with_capacity(3 * (bytes.len() - HEAD) / TRIANGLE);
    for triangle in bytes[HEAD..].chunks_exact(TRIANGLE) {
        // The normal, three corners, two bytes of attributes.
        for corner in triangle[12..48].chunks_exact(12) {
            let x = |a: usize| {
                let b = &corner[4 * a..4 * a + 4];
                f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            };
            corners.push([x(0), x(1), x(2)]);
        }
    }
    Ok(corners)
}

/// Corners of a text file.
fn text(bytes: &[u8]) -> Result<Vec<[f64; 3]>, StlError> {
    let mut words = Words { rest: bytes, line: 1 };
    let mut corners = Vec::new();
    let mut ended = false;
    while let Some(word) = words.next() {
        match word.to_ascii_lowercase().as_slice() {
            b"solid" => {
                words.skip_line();
                ended = false;
            }
            b"endsolid" => {
                words.skip_line();
                ended = true;
            }
            b"facet" => {
                words.keyword("normal")?;
                for _ in 0..3 {
                    words.some("a normal")?;
                }
                words.keyword("outer")?;
                words.keyword("loop")?;
                for _ in 0..3 {
                    words.keyword("vertex")?;
                    corners.push([words.number()?, words.number()?, words.number()?]);
                }
                words.keyword("endloop")?;
                words.keyword("endfacet")?;
            }
            _ => return Err(words.wrong("facet", word)),
        }
    }
    if ended { Ok(corners) } else { Err(short("endsolid")) }
}

/// The words of a text, and the line of the last.
struct Words<'a> {
    rest: &'a [u8],
    line: usize,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.rest.iter().position(|b| !b.is_ascii_whitespace())?;
        self.line += self.rest[..start].split(|b| *b == b'\n').count() - 1;
        let word = &self.rest[start..];
        let end = word.iter().position(u8::is_ascii_whitespace).unwrap_or(word.len());
        let (word, rest) = word.split_at(end);
        self.rest = rest;
        Some(word)
    }

    /// Leaves out what follows on the line: a name, of any words.
    fn skip_line(&mut self) {
        let end = self.rest.iter().position(|b| matches!(b, b'\n' | b'\r'));
        self.rest = &self.rest[end.unwrap_or(self.rest.len())..];
    }

    fn some(&mut self, what: &str) -> Result<&'a [u8], StlError> {
        self.next().ok_or_else(|| short(what))
    }

    fn keyword(&mut self, what: &str) -> Result<(), StlError> {
        let word = self.some(what)?;
        if word.eq_ignore_ascii_case(what.as_bytes()) {
            Ok(())
        } else {
            Err(self.wrong(what, word))
        }
    }

    fn number(&mut self) -> Result<f64, StlError> {
        let word = self.some("a coordinate")?;
        let number = std::str::from_utf8(word).ok().and_then(|w| w.parse().ok());
        number.ok_or_else(|| self.wrong("a coordinate", word))
    }

    fn wrong(&self, what: &str, word: &[u8]) -> StlError {
        let word: String = String::from_utf8_lossy(word).escape_debug().take(40).collect();
        error(format!("line {}: {what} expected, not `{word}`: export it again", self.line))
    }
}

/// A text that ends before its time.
fn short(what: &str) -> StlError {
    error(format!("is cut short: it ends where {what} should stand; export or copy it again"))
}

/// Writes a binary STL file with lengths in `metres` (1e-3 for mm).
pub fn write(surface: &Surface, metres: f64, out: &mut impl Write) -> io::Result<()> {
    let count = u32::try_from(surface.triangles.len())
        .map_err(|_| io::Error::other("STL holds 4294967295 triangles at most"))?;
    let mut head = [b' '; HEAD];
    let title = b"blastema, binary STL";
    head[..title.len()].copy_from_slice(title);
    head[HEAD - 4..].copy_from_slice(&count.to_le_bytes());
    out.write_all(&head)?;
    let mut record = [0; TRIANGLE];
    for t in &surface.triangles {
        let corners = surface.corners(*t);
        let n = normal(corners);
        let length = n.iter().map(|x| x * x).sum::<f64>().sqrt();
        let unit = n.map(|x| if length > 0.0 { x / length } else { 0.0 });
        let lengths = corners.iter().flatten().map(|x| x / metres);
        for (bytes, x) in record.chunks_exact_mut(4).zip(unit.into_iter().chain(lengths)) {
            bytes.copy_from_slice(&(x as f32).to_le_bytes());
        }
        out.write_all(&record)?;
    }
    Ok(())
}
