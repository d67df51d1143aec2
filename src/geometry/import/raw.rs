//! Plain values without a header.

use super::source::Source;
use super::values::{Block, Number, shape};
use super::{Ask, Image};
use crate::geometry::image::Meaning;

/// Layout of plain values, x fastest, then y, then z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw {
    /// Voxels along x, y, z.
    pub n: [usize; 3],
    /// Type of the values.
    pub number: Number,
    /// True when the first byte of a value is the most significant.
    pub big_endian: bool,
    /// Bytes before the first value.
    pub offset: u64,
}

/// Reads plain values held in memory.
pub fn read_bytes(bytes: &[u8], ask: &Ask) -> Result<Image, String> {
    read(Source::memory(bytes), ask)
}

/// Reads plain values. The length must be that of the layout: with another one, the shape or the
/// type is likely to be wrong, and nothing else would tell.
pub(super) fn read(mut source: Source, ask: &Ask) -> Result<Image, String> {
    let Some(raw) = ask.raw else { return Err("is plain values: give its shape and type".into()) };
    let n = shape(&raw.n.map(|n| n as u64))?;
    let block = Block { n, number: raw.number, big: raw.big_endian };
    let (_, bytes) = block.size(ask.most)?;
    if raw.offset.checked_add(bytes) != Some(source.length) {
        let [x, y, z] = n;
        return Err(format!(
            "has {} bytes, but {x} × {y} × {z} values of {} bytes behind the first {} would be \
             another number: correct the shape, the type or the offset",
            source.length,
            raw.number.bytes(),
            raw.offset
        ));
    }
    source.go(raw.offset)?;
    Ok(Image { n, grey: block.plain(&mut source, ask.most)?, voxel: None, meaning: Meaning::Grey })
}
