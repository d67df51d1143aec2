//! NIfTI-1 (nifti.nimh.nih.gov/nifti-1): `.nii`, `.nii.gz`, and `.hdr` with `.img`.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;

use super::source::{Beside, Source, unread};
use super::units::edges;
use super::values::{Block, Number, finite, shape};
use super::{Ask, Image};
use crate::geometry::image::{Grey, Meaning};

/// Bytes of the header.
const HEADER: usize = 348;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads a NIfTI held in memory; `data` is the `.img` of a header that stands alone.
pub fn read_bytes(header: &[u8], data: &[u8], ask: &Ask) -> Result<Image, String> {
    read(Source::memory(header), &|_| Ok(Source::memory(data)), ask)
}

/// True for the first bytes of a header, packed or not.
pub(super) fn is_header(head: &[u8]) -> bool {
    let mut first = [0; 4];
    if head.starts_with(&GZIP) {
        return MultiGzDecoder::new(head).read_exact(&mut first).is_ok() && is_header(&first);
    }
    let size = head.first_chunk::<4>().map(|b| i32::from_le_bytes(*b));
    size.is_some_and(|s| [s, s.swap_bytes()].contains(&(HEADER as i32)))
}

/// True for a header whose values stand in an `.img`.
pub(super) fn is_pair(head: &[u8]) -> bool {
    head.get(344..348) == Some(b"ni1\0")
}

/// Reads a NIfTI. The voxel is known where the header names its unit.
pub(super) fn read<'a>(
    mut source: Source<'a>,
    beside: Beside<'a, '_>,
    ask: &Ask,
) -> Result<Image, String> {
    if !source.peek(2)?.starts_with(&GZIP) {
        let mut bytes = [0; HEADER];
        source.reader.read_exact(&mut bytes).map_err(|e| unread(&e))?;
        let header = Header::read(&bytes)?;
        if is_pair(&bytes) {
            source = beside("*.img")?;
            source.go(header.offset)?;
        } else {
            source.go(header.offset.max(HEADER as u64))?;
        }
        let grey = header.block.plain(&mut source, ask.most)?;
        return header.image(grey, ask);
    }
    let length = source.length;
    let mut unpacked = MultiGzDecoder::new(source.reader);
    let mut bytes = [0; HEADER];
    unpacked.read_exact(&mut bytes).map_err(|e| unread(&e))?;
    let header = Header::read(&bytes)?;
    if is_pair(&bytes) {
        return Err("is a packed .hdr: unpack it and its .img".into());
    }
    let skip = header.offset.saturating_sub(HEADER as u64);
    std::io::copy(&mut (&mut unpacked).take(skip), &mut std::io::sink()).map_err(|e| unread(&e))?;
    header.block.packed_in(length, ask.most)?;
    let grey = header.block.stream(&mut unpacked, ask.most)?;
    header.image(grey, ask)
}

/// What the header says.
struct Header {
    block: Block,
    offset: u64,
    voxel: Option<[f64; 3]>,
    /// Factor and what is added to make values of what is stored; `None` for as it is.
    scale: Option<(f64, f64)>,
}

/// Fields of a header in one byte order.
struct Fields<'a> {
    bytes: &'a [u8; HEADER],
    big: bool,
}

impl Fields<'_> {
    fn at<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut value = [0; N];
        for (to, from) in value.iter_mut().zip(self.bytes.iter().skip(at)) {
            *to = *from;
        }
        if self.big {
            value.reverse();
        }
        value
    }
    fn short(&self, at: usize) -> i16 {
        i16::from_le_bytes(self.at(at))
    }
    fn float(&self, at: usize) -> f64 {
        f64::from(f32::from_le_bytes(self.at(at)))
    }
}

impl Header {
    fn read(bytes: &[u8; HEADER]) -> Result<Header, String> {
        if !is_header(bytes) {
            let second = bytes.get(4..7).is_some_and(|m| m == b"n+2" || m == b"ni2");
            return Err(if second {
                "is a NIfTI-2 file: save it as NIfTI-1".into()
            } else {
                "is not a NIfTI file, whatever its name says".into()
            });
        }
        if !is_pair(bytes) && !bytes.ends_with(b"n+1\0") {
            return Err("is an Analyze file: save it as NIfTI-1".into());
        }
        let f = Fields { bytes, big: bytes[0] == 0 };
        let axes = f.short(40);
        if !(1..=7).contains(&axes) {
            return Err(format!("has {axes} axes: it is damaged"));
        }
        let sizes: Vec<u64> =
            (0..axes as usize).map(|a| u64::try_from(f.short(42 + 2 * a)).unwrap_or(0)).collect();
        let block = Block { n: shape(&sizes)?, number: kind(f.short(70))?, big: f.big };
        let offset = f.float(108);
        if !(0.0..9.0e15).contains(&offset) {
            return Err(format!("says that its values begin at byte {offset}: it is damaged"));
        }
        // Of the unit byte, three bits are the length.
        let metres = match bytes[123] & 7 {
            1 => Some(1.0),
            2 => Some(1e-3),
            3 => Some(1e-6),
            _ => None,
        };
        let spacing: Vec<f64> = (0..sizes.len().min(3)).map(|a| f.float(80 + 4 * a)).collect();
        let (slope, add) = (f.float(112), f.float(116));
        let scaled = slope.is_finite() && add.is_finite() && slope != 0.0;
        Ok(Header {
            block,
            offset: offset as u64,
            voxel: metres.and_then(|m| edges(&spacing, m)),
            scale: (scaled && (slope, add) != (1.0, 0.0)).then_some((slope, add)),
        })
    }

    /// The image of what is stored.
    fn image(&self, grey: Grey, ask: &Ask) -> Result<Image, String> {
        let grey = match self.scale {
            None => grey,
            Some((slope, add)) => {
                Block { number: Number::F32, ..self.block }.size(ask.most)?;
                let value = |i| finite((slope * grey.at(i) + add) as f32);
                Grey::F32((0..grey.len()).map(value).collect::<Result<_, _>>()?)
            }
        };
        Ok(Image { n: self.block.n, grey, voxel: self.voxel, meaning: Meaning::Grey })
    }
}

/// The codes of the types.
fn kind(code: i16) -> Result<Number, String> {
    Ok(match code {
        2 => Number::U8,
        4 => Number::I16,
        8 => Number::I32,
        16 => Number::F32,
        64 => Number::F64,
        256 => Number::I8,
        512 => Number::U16,
        768 => Number::U32,
        1024 => Number::I64,
        1280 => Number::U64,
        other => {
            return Err(format!(
                "holds values of the NIfTI type {other}, which is not read: save it as uint8, \
                 uint16, int16 or float32"
            ));
        }
    })
}
