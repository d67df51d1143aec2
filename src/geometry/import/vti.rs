//! VTK's XML images (.vti): words, bytes in the file or behind it, plain or by zlib. Their
//! spacing has no unit, so the voxel is unknown.

use std::io::Read;

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::base64::Base64;
use super::beside::brief;
use super::source::{Source, unread};
use super::values::{Block, Number, shape};
use super::vti_data::{Lengths, Words};
use super::{Ask, Image};
use crate::geometry::image::Meaning;

/// Reads a .vti held in memory.
pub fn read_bytes(bytes: &[u8], ask: &Ask) -> Result<Image, String> {
    let (text, appended) = split(bytes);
    let text = std::str::from_utf8(text).map_err(|_| "is not XML in UTF-8: it is damaged")?;
    let file = File::read(text, ask.array.as_deref())?;
    let Some(array) = file.array else {
        return Err(match &ask.array {
            Some(name) => format!(
                "has no array `{}` of one number a voxel, but {}",
                brief(name),
                if file.others.is_empty() { "none".into() } else { file.others.join(", ") }
            ),
            None => "has no array of one number a voxel".into(),
        });
    };
    if ask.array.is_none() && !file.others.is_empty() {
        let all = file.others.join(", ");
        return Err(format!("holds the arrays `{}`, {all}: name one", brief(&array.name)));
    }
    let n = shape(&file.cells.map(|n| if array.cells { n.max(1) } else { n.saturating_add(1) }))?;
    let lengths = Lengths { wide: file.wide, big: file.big };
    let words = array.format == "ascii";
    let block = Block { n, number: array.number, big: file.big && !words };
    let (_, size) = block.size(ask.most)?;
    let from: Box<dyn Read> = match array.format.as_str() {
        "ascii" => Box::new(Words::new(array.text, array.number)),
        "binary" => Box::new(Base64::new(array.text.as_bytes())),
        "appended" => {
            let place = usize::try_from(array.offset).ok();
            let rest = place.and_then(|p| appended?.get(p..));
            let rest = rest.ok_or("ends before its array begins: it is cut short")?;
            match file.encoding.as_str() {
                "raw" => Box::new(rest),
                "base64" => {
                    let end = rest.iter().position(|c| *c == b'<').unwrap_or(rest.len());
                    Box::new(Base64::new(rest.get(..end).unwrap_or_default()))
                }
                other => return Err(format!("has the encoding `{}`: save anew", brief(other))),
            }
        }
        other => return Err(format!("has an array in the format `{}`: save anew", brief(other))),
    };
    let mut from = match file.compressor.as_deref() {
        _ if words => from,
        None => {
            block.held_by(size, bytes.len() as u64)?;
            lengths.plain(from, size)?
        }
        Some("vtkZLibDataCompressor") => lengths.packed(from)?,
        Some(other) => {
            return Err(format!(
                "is packed by {}, which is not read: save it with zlib or without compression",
                brief(other)
            ));
        }
    };
    Ok(Image { n, grey: block.stream(&mut from, ask.most)?, voxel: None, meaning: Meaning::Grey })
}

/// Reads a .vti. The file is held in memory while it is read.
pub(super) fn read(source: Source, ask: &Ask) -> Result<Image, String> {
    if source.length > ask.most {
        return Err("is larger than the memory that may be used: save it as raw NRRD".into());
    }
    let mut bytes = Vec::new();
    source.reader.take(source.length).read_to_end(&mut bytes).map_err(|e| unread(&e))?;
    read_bytes(&bytes, ask)
}

/// The XML up to its appended bytes, and these, which begin behind an underscore.
fn split(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    const TAG: &[u8] = b"<AppendedData";
    let find = |from: usize, what: &[u8]| {
        let rest = bytes.get(from..)?;
        Some(from + rest.windows(what.len()).position(|w| w == what)?)
    };
    let Some(end) = find(0, TAG).and_then(|at| find(at, b">")) else { return (bytes, None) };
    let (text, rest) = bytes.split_at(end + 1);
    let start = rest.iter().position(|c| *c == b'_');
    (text, start.and_then(|s| rest.get(s + 1..)))
}

/// What the XML says.
#[derive(Default)]
struct File<'a> {
    big: bool,
    wide: bool,
    compressor: Option<String>,
    /// Voxels along the axes, 0 across a flat image; points are one more.
    cells: [u64; 3],
    encoding: String,
    array: Option<Array<'a>>,
    /// Names of the arrays that were passed over.
    others: Vec<String>,
}

/// An array of one number a voxel or point.
struct Array<'a> {
    name: String,
    number: Number,
    cells: bool,
    format: String,
    offset: u64,
    /// What stands between its tags.
    text: &'a str,
}

/// An attribute of a tag.
fn attribute(tag: &BytesStart, key: &str) -> Option<String> {
    let value = tag.try_get_attribute(key).ok().flatten()?.value;
    // VTK does not escape names.
    let plain = quick_xml::escape::unescape(&value).map(std::borrow::Cow::into_owned);
    Some(plain.unwrap_or_else(|_| value.into_owned()))
}

impl<'a> File<'a> {
    /// Reads the tags and takes the array `name`, or the first one.
    fn read(text: &'a str, name: Option<&str>) -> Result<File<'a>, String> {
        let mut file = File::default();
        let mut xml = Reader::from_str(text);
        xml.config_mut().check_end_names = false;
        let (mut vtk, mut pieces, mut data) = (false, 0, None);
        loop {
            let event = xml.read_event().map_err(|e| format!("is damaged: {e}"))?;
            let tag = match &event {
                Event::Start(tag) | Event::Empty(tag) => tag,
                Event::End(tag) => {
                    if matches!(tag.name().0, "CellData" | "PointData") {
                        data = None;
                    }
                    continue;
                }
                Event::Eof => break,
                _ => continue,
            };
            match tag.name().0 {
                "VTKFile" => {
                    vtk = true;
                    file.open(tag)?;
                }
                "Piece" => {
                    pieces += 1;
                    file.extent(&attribute(tag, "Extent").unwrap_or_default())?;
                }
                "CellData" => data = Some(true),
                "PointData" => data = Some(false),
                "DataArray" => {
                    let start = usize::try_from(xml.buffer_position()).ok();
                    let inside = start.and_then(|s| text.get(s..)).unwrap_or_default();
                    // The last of the words may be cut, so their end must be there.
                    let Some((inside, _)) = inside.split_once('<') else {
                        return Err("ends within its arrays: it is cut short, copy it again".into());
                    };
                    if let Some(cells) = data {
                        file.array(tag, cells, name, inside)?;
                    }
                }
                "AppendedData" => file.encoding = attribute(tag, "encoding").unwrap_or_default(),
                _ => {}
            }
        }
        if !vtk {
            return Err("is not a VTK image, whatever its name says".into());
        }
        if pieces != 1 {
            return Err(format!("has {pieces} pieces: save it as one"));
        }
        Ok(file)
    }

    fn open(&mut self, tag: &BytesStart) -> Result<(), String> {
        let kind = attribute(tag, "type").unwrap_or_default();
        if kind != "ImageData" {
            return Err(format!("is a VTK file of {}: save it as ImageData", brief(&kind)));
        }
        self.big = attribute(tag, "byte_order").is_some_and(|o| o == "BigEndian");
        self.wide = attribute(tag, "header_type").is_some_and(|t| t == "UInt64");
        self.compressor = attribute(tag, "compressor").filter(|c| !c.is_empty());
        Ok(())
    }

    /// Takes an extent: first and last point along each axis.
    fn extent(&mut self, text: &str) -> Result<(), String> {
        let ends: Vec<i64> = text.split_whitespace().map_while(|w| w.parse().ok()).collect();
        let [x0, x1, y0, y1, z0, z1] = ends[..] else {
            return Err(format!("has the extent `{}`: it is damaged", brief(text)));
        };
        for (n, (first, last)) in self.cells.iter_mut().zip([(x0, x1), (y0, y1), (z0, z1)]) {
            let length = last.checked_sub(first).and_then(|l| u64::try_from(l).ok());
            *n = length.ok_or(format!("has the extent `{}`: it is damaged", brief(text)))?;
        }
        Ok(())
    }

    /// Takes an array if it is the one.
    fn array(
        &mut self,
        tag: &BytesStart,
        cells: bool,
        name: Option<&str>,
        text: &'a str,
    ) -> Result<(), String> {
        let own = attribute(tag, "Name").unwrap_or_default();
        let one = attribute(tag, "NumberOfComponents").is_none_or(|c| c == "1");
        let ghosts = own == "vtkGhostType";
        if self.array.is_some() || !one || ghosts || name.is_some_and(|n| n != own) {
            if one && !ghosts && self.others.len() < 8 {
                self.others.push(format!("`{}`", brief(&own)));
            }
            return Ok(());
        }
        let offset = attribute(tag, "offset").map_or(Ok(0), |o| o.parse());
        self.array = Some(Array {
            name: own,
            number: kind(&attribute(tag, "type").unwrap_or_default())?,
            cells,
            format: attribute(tag, "format").unwrap_or_else(|| "ascii".into()),
            offset: offset.map_err(|_| "has an offset that is no number: it is damaged")?,
            text,
        });
        Ok(())
    }
}

/// The names of the types.
fn kind(name: &str) -> Result<Number, String> {
    Ok(match name {
        "UInt8" => Number::U8,
        "Int8" => Number::I8,
        "UInt16" => Number::U16,
        "Int16" => Number::I16,
        "UInt32" => Number::U32,
        "Int32" => Number::I32,
        "UInt64" => Number::U64,
        "Int64" => Number::I64,
        "Float32" => Number::F32,
        "Float64" => Number::F64,
        other => {
            return Err(format!(
                "holds values of type `{}`, which is not read: save it as UInt8, UInt16 or Float32",
                brief(other)
            ));
        }
    })
}
