//! NumPy's .npy, versions 1 to 3 (NEP 1, numpy.lib.format). An array `a[z, y, x]`, in C order
//! (x fastest in the file) or in Fortran order (z fastest).

use std::io::Read;

use super::beside::brief;
use super::source::{Source, unread};
use super::values::{Block, Number, shape};
use super::{Ask, Image};
use crate::geometry::image::{Grey, Meaning};

/// Longest header.
const HEADER: u64 = 1 << 20;

/// Reads a .npy held in memory.
pub fn read_bytes(bytes: &[u8], ask: &Ask) -> Result<Image, String> {
    read(Source::memory(bytes), ask)
}

/// Reads a .npy: no unit is stored, so the voxel is unknown.
pub(super) fn read(mut source: Source, ask: &Ask) -> Result<Image, String> {
    let text = header(&mut source)?;
    let field = |key: &str| field(&text, key).ok_or(format!("has no `{key}`: it is damaged"));
    let (number, big) = kind(field("descr")?)?;
    let mut sizes = sizes(field("shape")?)?;
    if sizes.len() > 3 {
        return Err(format!("has {} axes: save an array [z, y, x]", sizes.len()));
    }
    sizes.reverse();
    let n = shape(&sizes)?;
    if field("fortran_order")?.starts_with("False") {
        let grey = Block { n, number, big }.plain(&mut source, ask.most)?;
        return Ok(Image { n, grey, voxel: None, meaning: Meaning::Grey });
    }
    // Stored with the first axis fastest: an image [z, y, x] in memory, to be turned.
    let turned = match sizes.len() {
        1 => n,
        2 => [n[1], n[0], 1],
        _ => [n[2], n[1], n[0]],
    };
    let stored = Block { n: turned, number, big }.plain(&mut source, ask.most)?;
    let strides = match sizes.len() {
        1 => [1, 0, 0],
        2 => [n[1], 1, 0],
        _ => [n[1].saturating_mul(n[2]), n[2], 1],
    };
    let grey = match stored {
        Grey::U8(v) => Grey::U8(turn(&v, n, strides)),
        Grey::U16(v) => Grey::U16(turn(&v, n, strides)),
        Grey::I16(v) => Grey::I16(turn(&v, n, strides)),
        Grey::F32(v) => Grey::F32(turn(&v, n, strides)),
    };
    Ok(Image { n, grey, voxel: None, meaning: Meaning::Grey })
}

/// Values with x fastest out of values that lie `strides` apart along x, y, z.
fn turn<T: Copy>(values: &[T], n: [usize; 3], strides: [usize; 3]) -> Vec<T> {
    let mut out = Vec::with_capacity(values.len());
    for k in 0..n[2] {
        for j in 0..n[1] {
            let start = k * strides[2] + j * strides[1];
            out.extend((0..n[0]).filter_map(|i| values.get(start + i * strides[0]).copied()));
        }
    }
    out
}

/// The text of the header; the source is left at the values.
fn header(source: &mut Source) -> Result<String, String> {
    let mut head = [0; 8];
    source.reader.read_exact(&mut head).map_err(|e| unread(&e))?;
    if !head.starts_with(b"\x93NUMPY") {
        return Err("is not a NumPy file, whatever its name says".into());
    }
    let mut length = [0; 4];
    let digits = match head[6] {
        1 => 2,
        2 | 3 => 4,
        other => return Err(format!("is a NumPy file of version {other}: save it as version 1")),
    };
    source.reader.read_exact(&mut length[..digits]).map_err(|e| unread(&e))?;
    let length = u64::from(u32::from_le_bytes(length));
    if length > HEADER || length > source.left()? {
        return Err(format!("says that its header has {length} bytes: it is damaged"));
    }
    let mut text = vec![0; length as usize];
    source.reader.read_exact(&mut text).map_err(|e| unread(&e))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// What follows a key of the dictionary.
fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let at = [format!("'{key}'"), format!("\"{key}\"")];
    let rest = at.iter().find_map(|k| text.split_once(k.as_str()))?.1;
    Some(rest.trim_start().strip_prefix(':')?.trim_start())
}

/// Type and byte order.
fn kind(text: &str) -> Result<(Number, bool), String> {
    let word = text.strip_prefix(['\'', '"']).and_then(|t| t.split(['\'', '"']).next());
    let word = word.unwrap_or(text);
    let bare = word.trim_start_matches(['<', '>', '|', '=']);
    let number = match bare {
        "b1" | "u1" => Number::U8,
        "i1" => Number::I8,
        "u2" => Number::U16,
        "i2" => Number::I16,
        "u4" => Number::U32,
        "i4" => Number::I32,
        "u8" => Number::U64,
        "i8" => Number::I64,
        "f4" => Number::F32,
        "f8" => Number::F64,
        _ => {
            return Err(format!(
                "holds values of type `{}`, which is not read: save a.astype('uint8'), 'uint16' \
                 or 'float32'",
                brief(word)
            ));
        }
    };
    Ok((number, word.starts_with('>')))
}

/// The sizes of a shape `(5, 4, 3)`.
fn sizes(text: &str) -> Result<Vec<u64>, String> {
    let inside = text.strip_prefix('(').and_then(|t| t.split_once(')'));
    let words = inside.map(|i| i.0.split(',').map(str::trim)).into_iter().flatten();
    let sizes: Result<Vec<u64>, _> =
        words.filter(|w| !w.is_empty()).take(33).map(str::parse::<u64>).collect();
    sizes.map_err(|_| "has a shape that is none: it is damaged".into())
}
