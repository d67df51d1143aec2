//! NRRD (teem.sourceforge.net/nrrd/format.html): a header in words with the values behind it
//! or in a file of their own; raw or gzip.

use flate2::bufread::MultiGzDecoder;

use super::beside::brief;
use super::source::{Beside, Source};
use super::units::{edges, metres};
use super::values::{Block, Number, shape};
use super::{Ask, Image};
use crate::geometry::image::Meaning;

/// Reads a NRRD held in memory; `data` is its data file, where it has one.
pub fn read_bytes(header: &[u8], data: &[u8], ask: &Ask) -> Result<Image, String> {
    read(Source::memory(header), &|_| Ok(Source::memory(data)), ask)
}

/// The data file that a header names.
pub(super) fn data_file(mut source: Source) -> Result<Option<String>, String> {
    Ok(Header::read(&mut source)?.data)
}

/// Reads a NRRD. The voxel is known where the header names its unit.
pub(super) fn read<'a>(
    mut source: Source<'a>,
    beside: Beside<'a, '_>,
    ask: &Ask,
) -> Result<Image, String> {
    let header = Header::read(&mut source)?;
    let n = shape(&header.sizes)?;
    let number = header.number.ok_or("names no type: it is damaged")?;
    if number.bytes() > 1 && header.big.is_none() {
        return Err("does not say its endian: add a line `endian: little`".into());
    }
    let block = Block { n, number, big: header.big == Some(true) };
    if let Some(name) = &header.data {
        source = beside(name)?;
    }
    for _ in 0..header.lines {
        if source.line()?.is_none() {
            return Err("has fewer lines than it says are to be skipped".into());
        }
    }
    let grey = match header.encoding.as_str() {
        "raw" => {
            if header.bytes == -1 {
                // The values stand at the end.
                let (_, bytes) = block.size(ask.most)?;
                block.held_by(bytes, source.left()?)?;
                source.go(source.length.saturating_sub(bytes))?;
            } else {
                source.skip(header.bytes.unsigned_abs())?;
            }
            block.plain(&mut source, ask.most)?
        }
        "gzip" | "gz" => {
            // Bytes to skip are counted in what is unpacked.
            if header.bytes != 0 {
                return Err("skips bytes of packed values: save it without `byte skip`".into());
            }
            block.packed_in(source.left()?, ask.most)?;
            block.stream(&mut MultiGzDecoder::new(source.reader), ask.most)?
        }
        other => {
            return Err(format!(
                "has the encoding `{}`, which is not read: save it with the encoding raw or gzip",
                brief(other)
            ));
        }
    };
    Ok(Image { n, grey, voxel: header.voxel(), meaning: Meaning::Grey })
}

/// What the header says.
#[derive(Default)]
struct Header {
    sizes: Vec<u64>,
    number: Option<Number>,
    big: Option<bool>,
    encoding: String,
    data: Option<String>,
    lines: u64,
    bytes: i64,
    spacing: Vec<f64>,
    unit: Option<f64>,
}

impl Header {
    /// Reads up to the empty line, or to the end of a header that stands alone.
    fn read(source: &mut Source) -> Result<Header, String> {
        let first = source.line()?.unwrap_or_default();
        if !first.starts_with("NRRD") {
            return Err("is not a NRRD file, whatever its name says".into());
        }
        let mut header = Header::default();
        let mut dimension = None;
        while let Some(line) = source.line()?.filter(|l| !l.is_empty()) {
            // Comments, and pairs of a user's own.
            if line.starts_with('#') || line.contains(":=") {
                continue;
            }
            let Some((key, value)) = line.split_once(": ") else { continue };
            // Keys and words may be written in capitals.
            let (key, value) = (key.to_ascii_lowercase(), value.trim());
            if key == "dimension" {
                dimension = Some(number::<usize>(value, "dimension")?);
            }
            header.set(&key, value)?;
        }
        if dimension != Some(header.sizes.len()) {
            return Err("has another number of sizes than of dimensions: it is damaged".into());
        }
        Ok(header)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "sizes" => {
                let sizes: Result<_, _> =
                    value.split_whitespace().take(17).map(|w| number(w, "size")).collect();
                self.sizes = sizes?;
            }
            "type" => self.number = Some(kind(&value.to_ascii_lowercase())?),
            "endian" => {
                self.big = Some(match value.to_ascii_lowercase().as_str() {
                    "little" => false,
                    "big" => true,
                    _ => return Err(format!("has the endian `{}`: it is damaged", brief(value))),
                });
            }
            "encoding" => self.encoding = value.to_ascii_lowercase(),
            "data file" | "datafile" => {
                if value.starts_with("LIST") || value.contains('%') {
                    return Err("has its values in several files: save it as one".into());
                }
                self.data = Some(value.to_owned());
            }
            "line skip" | "lineskip" => self.lines = number(value, "line skip")?,
            "byte skip" | "byteskip" => {
                self.bytes = number(value, "byte skip")?;
                if self.bytes < -1 {
                    return Err("skips fewer than no bytes: it is damaged".into());
                }
            }
            "spacings" => {
                self.spacing =
                    value.split_whitespace().map(|w| w.parse().unwrap_or(f64::NAN)).collect();
            }
            "space directions" => {
                let vectors = value.split('(').skip(1).filter_map(|v| v.split(')').next());
                let length = |v: &str| {
                    let part = |w: &str| w.trim().parse::<f64>().unwrap_or(f64::NAN);
                    v.split(',').map(part).map(|x| x * x).sum::<f64>().sqrt()
                };
                self.spacing = vectors.map(length).collect();
            }
            "units" | "space units" => {
                // One unit for all axes that are lengths.
                let mut factors = value.split('"').skip(1).step_by(2).map(metres);
                let first = factors.next().flatten();
                self.unit = first.filter(|_| factors.all(|f| f == first));
            }
            _ => {}
        }
        Ok(())
    }

    fn voxel(&self) -> Option<[f64; 3]> {
        edges(&self.spacing, self.unit?)
    }
}

/// A number of the header.
fn number<T: std::str::FromStr>(word: &str, what: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("has the {what} `{}`: it is damaged", brief(word)))
}

/// The names of the types.
fn kind(name: &str) -> Result<Number, String> {
    Ok(match name {
        "uchar" | "unsigned char" | "uint8" | "uint8_t" => Number::U8,
        "signed char" | "int8" | "int8_t" => Number::I8,
        "ushort" | "unsigned short" | "unsigned short int" | "uint16" | "uint16_t" => Number::U16,
        "short" | "short int" | "signed short" | "signed short int" | "int16" | "int16_t" => {
            Number::I16
        }
        "uint" | "unsigned int" | "uint32" | "uint32_t" => Number::U32,
        "int" | "signed int" | "int32" | "int32_t" => Number::I32,
        "ulonglong" | "unsigned long long" | "unsigned long long int" | "uint64" | "uint64_t" => {
            Number::U64
        }
        "longlong"
        | "long long"
        | "long long int"
        | "signed long long"
        | "signed long long int"
        | "int64"
        | "int64_t" => Number::I64,
        "float" => Number::F32,
        "double" => Number::F64,
        other => {
            return Err(format!(
                "holds values of type `{}`, which is not read: save it as uint8, uint16, int16 or \
                 float",
                brief(other)
            ));
        }
    })
}
