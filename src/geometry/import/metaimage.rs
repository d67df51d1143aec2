//! MetaImage (itk.org/Wiki/MetaIO/Documentation): `.mhd` with a data file, `.mha` in one; plain
//! or zlib. Spacings are millimetres.

use flate2::bufread::ZlibDecoder;

use super::beside::brief;
use super::source::{Beside, Source};
use super::units::edges;
use super::values::{Block, Number, shape};
use super::{Ask, Image};
use crate::geometry::image::Meaning;

/// Reads a MetaImage held in memory; `data` is its data file, where it has one.
pub fn read_bytes(header: &[u8], data: &[u8], ask: &Ask) -> Result<Image, String> {
    read(Source::memory(header), &|_| Ok(Source::memory(data)), ask)
}

/// The data file that a header names.
pub(super) fn data_file(mut source: Source) -> Result<Option<String>, String> {
    Ok(Header::read(&mut source)?.data)
}

/// Reads a MetaImage.
pub(super) fn read<'a>(
    mut source: Source<'a>,
    beside: Beside<'a, '_>,
    ask: &Ask,
) -> Result<Image, String> {
    let header = Header::read(&mut source)?;
    let n = shape(&header.sizes)?;
    if header.dimensions != Some(header.sizes.len()) {
        return Err("has another DimSize than NDims: it is damaged".into());
    }
    let number = header.number.ok_or("has no ElementType: it is damaged")?;
    let block = Block { n, number, big: header.big };
    if let Some(name) = &header.data {
        source = beside(name)?;
    }
    let grey = if header.packed {
        if header.skip > 0 {
            source.skip(header.skip.unsigned_abs())?;
        }
        block.packed_in(source.left()?, ask.most)?;
        block.stream(&mut ZlibDecoder::new(source.reader), ask.most)?
    } else {
        match header.skip {
            // The values stand at the end.
            -1 => {
                let (_, bytes) = block.size(ask.most)?;
                block.held_by(bytes, source.left()?)?;
                source.go(source.length.saturating_sub(bytes))?;
            }
            skip => source.skip(skip.unsigned_abs())?,
        }
        block.plain(&mut source, ask.most)?
    };
    let voxel = header.spacing.get(..header.sizes.len().min(3)).and_then(|s| edges(s, 1e-3));
    Ok(Image { n, grey, voxel, meaning: Meaning::Grey })
}

/// What the header says.
#[derive(Default)]
struct Header {
    dimensions: Option<usize>,
    sizes: Vec<u64>,
    number: Option<Number>,
    big: bool,
    packed: bool,
    skip: i64,
    spacing: Vec<f64>,
    /// `None` for values behind the header.
    data: Option<String>,
}

impl Header {
    /// Reads up to ElementDataFile, which is the last line.
    fn read(source: &mut Source) -> Result<Header, String> {
        let mut header = Header::default();
        let mut sized = false;
        while let Some(line) = source.line()? {
            let Some((key, value)) = line.split_once('=') else {
                if line.trim().is_empty() {
                    continue;
                }
                return Err("is not a MetaImage, whatever its name says".into());
            };
            let (key, value) = (key.trim(), value.trim());
            if key == "ElementSize" && sized {
                continue;
            }
            sized |= key == "ElementSpacing";
            if header.set(key, value)? {
                return Ok(header);
            }
        }
        Err("has no ElementDataFile: it is cut short or not a MetaImage".into())
    }

    /// Takes a line; true when it is the last one.
    fn set(&mut self, key: &str, value: &str) -> Result<bool, String> {
        let truth = value.eq_ignore_ascii_case("true") || value == "1";
        let damaged = || format!("has {key} = {}: it is damaged", brief(value));
        match key {
            "NDims" => self.dimensions = Some(value.parse().map_err(|_| damaged())?),
            "DimSize" => {
                let sizes: Result<_, _> =
                    value.split_whitespace().take(17).map(str::parse).collect();
                self.sizes = sizes.map_err(|_| damaged())?;
            }
            "ElementType" => self.number = Some(kind(value)?),
            "ElementByteOrderMSB" | "BinaryDataByteOrderMSB" => self.big = truth,
            "CompressedData" => self.packed = truth,
            "BinaryData" if !truth => {
                return Err("holds its values in words: save it with BinaryData = True".into());
            }
            "ElementNumberOfChannels" if value != "1" => {
                return Err("holds several channels: save one of them".into());
            }
            "HeaderSize" => {
                self.skip = value.parse().map_err(|_| damaged())?;
                if self.skip < -1 {
                    return Err(damaged());
                }
            }
            "ElementSpacing" | "ElementSize" => {
                self.spacing =
                    value.split_whitespace().map(|w| w.parse().unwrap_or(f64::NAN)).collect();
            }
            "ElementDataFile" => {
                if value.starts_with("LIST") || value.contains('%') {
                    return Err("has its values in several files: save it as one".into());
                }
                self.data = (!value.eq_ignore_ascii_case("local")).then(|| value.to_owned());
                return Ok(true);
            }
            _ => {}
        }
        Ok(false)
    }
}

/// The names of the types.
fn kind(name: &str) -> Result<Number, String> {
    Ok(match name {
        "MET_UCHAR" => Number::U8,
        "MET_CHAR" => Number::I8,
        "MET_USHORT" => Number::U16,
        "MET_SHORT" => Number::I16,
        "MET_UINT" => Number::U32,
        "MET_INT" => Number::I32,
        "MET_ULONG_LONG" => Number::U64,
        "MET_LONG_LONG" => Number::I64,
        "MET_FLOAT" => Number::F32,
        "MET_DOUBLE" => Number::F64,
        other => {
            return Err(format!(
                "holds values of type `{}`, which is not read: save it as MET_UCHAR, MET_USHORT, \
                 MET_SHORT or MET_FLOAT",
                brief(other)
            ));
        }
    })
}
