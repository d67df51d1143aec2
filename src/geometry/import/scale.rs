//! Edges of a voxel from what stands in a TIFF.

use std::io::{Read, Seek};

use tiff::decoder::Decoder;
use tiff::decoder::ifd::Value;
use tiff::tags::Tag;

use crate::geometry::image::Meaning;

use super::units::{cube, dots, edges, metres};

/// Longest description that is looked at.
const TEXT: usize = 1 << 16;

/// The description of the current page; need not be UTF-8, and ImageJ's own lines come first.
pub(super) fn description<R: Read + Seek>(tiff: &mut Decoder<R>) -> String {
    let mut text = vec![0; TEXT];
    let end = tiff.image_ifd().find_tag_bytes(Tag::ImageDescription, &mut text, 0).ok().flatten();
    let text = text.get(..end.unwrap_or(0).min(TEXT)).unwrap_or_default();
    String::from_utf8_lossy(text).trim_end_matches('\0').to_owned()
}

/// A value of ImageJ's description.
pub(super) fn imagej<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut lines = text.lines();
    lines.find_map(|l| l.strip_prefix(key)?.strip_prefix('=')).map(str::trim)
}

/// What this program says that the values stand for.
pub(super) fn meaning<R: Read + Seek>(tiff: &mut Decoder<R>) -> Meaning {
    let text = description(tiff);
    let name = imagej(&text, "blastema");
    let known = [Meaning::Solid, Meaning::Phases];
    known.into_iter().find(|m| name.is_some() && m.name() == name).unwrap_or_default()
}

/// True where the description names more than one channel or time, by ImageJ or OME.
pub(super) fn several(text: &str) -> bool {
    let more = |count: Option<&str>| count.and_then(|n| n.parse().ok()).unwrap_or(1_u64) > 1;
    if text.starts_with("ImageJ=") {
        ["channels", "frames"].iter().any(|key| more(imagej(text, key)))
    } else {
        text.contains("<OME") && ["SizeC", "SizeT"].iter().any(|key| more(attribute(text, key)))
    }
}

/// An attribute of XML, the first one of this name.
fn attribute<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.split_once(&format!(" {key}=\""))?.1.split('"').next()
}

/// Edges in m: from OME's or ImageJ's description; from the resolution in inches or centimetres,
/// unless that is a number of dots an inch which programs for pictures write without knowing better.
pub(super) fn voxel<R: Read + Seek>(tiff: &mut Decoder<R>) -> Option<[f64; 3]> {
    let text = description(tiff);
    if text.contains("<OME") {
        return ome(&text);
    }
    let (x, y) = (pixel(tiff, Tag::XResolution)?, pixel(tiff, Tag::YResolution)?);
    if let Some(unit) = imagej(&text, "unit").filter(|_| text.starts_with("ImageJ=")) {
        let unit = metres(unit)?;
        let images = imagej(&text, "images").and_then(|n| n.parse().ok()).unwrap_or(1_u64);
        return match imagej(&text, "spacing") {
            Some(z) => edges(&[x, y, z.parse().ok()?], unit),
            // ImageJ leaves out a spacing of 1 in its stacks.
            None if images > 1 => edges(&[x, y, 1.0], unit),
            None => cube(x, y, unit),
        };
    }
    let unit = match tiff.find_tag_unsigned::<u16>(Tag::ResolutionUnit).ok().flatten() {
        Some(3) => 0.01,
        Some(2) => 0.0254,
        // Without the tag the unit is the inch, but then nobody chose it.
        _ => return None,
    };
    dots(x * unit, y * unit)
}

/// Edge of a pixel in the file's unit.
fn pixel<R: Read + Seek>(tiff: &mut Decoder<R>, tag: Tag) -> Option<f64> {
    let edge = match tiff.find_tag(tag).ok().flatten()? {
        Value::Rational(dots, length) => f64::from(length) / f64::from(dots),
        _ => return None,
    };
    (edge.is_finite() && edge > 0.0).then_some(edge)
}

/// PhysicalSizeX, Y, Z of OME-XML; the unit is µm where none is given.
fn ome(text: &str) -> Option<[f64; 3]> {
    let attribute = |key: &str| attribute(text, key);
    let size = |axis: &str| {
        let unit = attribute(&format!("PhysicalSize{axis}Unit")).unwrap_or("um");
        Some(attribute(&format!("PhysicalSize{axis}"))?.parse::<f64>().ok()? * metres(unit)?)
    };
    let (x, y) = (size("X")?, size("Y")?);
    match (size("Z"), attribute("SizeZ")) {
        (Some(z), _) => edges(&[x, y, z], 1.0),
        (None, Some("1")) => cube(x, y, 1.0),
        _ => None,
    }
}
