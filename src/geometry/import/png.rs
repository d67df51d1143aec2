//! PNG: one slice of grey values of 1 to 16 bits. Fewer than 8 bits are spread over 0 to 255.

use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Transformations, Unit};

use super::pile::{Page, Pile};
use super::source::{Source, unread};
use super::units::dots;
use super::{Ask, Image, Number};
use crate::geometry::image::Grey;

/// Largest ratio that deflate can reach.
const DEFLATE: u64 = 1032;

/// Reads a PNG held in memory.
pub fn read_bytes(bytes: &[u8], ask: &Ask) -> Result<Image, String> {
    read(Source::memory(bytes), ask)
}

/// Reads a PNG as an image of one slice.
pub(super) fn read(source: Source, ask: &Ask) -> Result<Image, String> {
    let mut pile = Pile::new(ask.most);
    read_into(source, &mut pile)?;
    pile.image()
}

/// Adds the slice to a pile.
pub(super) fn read_into(source: Source, pile: &mut Pile) -> Result<(), String> {
    let length = source.length;
    let mut decoder = Decoder::new(source.reader);
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let info = decoder.read_header_info().map_err(|e| explain(&e))?;
    let page = Page {
        n: [info.width as usize, info.height as usize],
        number: if info.bit_depth == BitDepth::Sixteen { Number::U16 } else { Number::U8 },
    };
    let kind = match info.color_type {
        ColorType::Grayscale => None,
        ColorType::GrayscaleAlpha => Some("a grey image with transparency"),
        ColorType::Indexed => Some("an indexed-colour image"),
        ColorType::Rgb | ColorType::Rgba => Some("a colour (RGB) image"),
    };
    if let Some(kind) = kind {
        return Err(format!(
            "is {kind}: save it as 8- or 16-bit grey (ImageJ: Image > Type > 8-bit)"
        ));
    }
    pile.fits(&page)?;
    pile.spares(&page, 1)?;
    // One bit of the file may be a byte of the image.
    if page.bytes() > length.saturating_mul(8 * DEFLATE) {
        return Err(format!(
            "is cut short: {length} bytes cannot hold its {} × {} pixels",
            page.n[0], page.n[1]
        ));
    }
    decoder.set_limits(Limits { bytes: (page.bytes() as usize).max(1 << 20) });
    let mut reader = decoder.read_info().map_err(|e| explain(&e))?;
    if reader.output_color_type().0 != ColorType::Grayscale {
        return Err("has a transparent grey: save it without transparency".into());
    }
    let resolution = reader.info().pixel_dims.filter(|d| d.unit == Unit::Meter);
    let mut bytes = vec![0; page.bytes() as usize];
    reader.next_frame(&mut bytes).map_err(|e| explain(&e))?;
    let grey = if page.number == Number::U8 {
        Grey::U8(bytes)
    } else {
        let (pairs, _) = bytes.as_chunks::<2>();
        Grey::U16(pairs.iter().map(|b| u16::from_be_bytes(*b)).collect())
    };
    if pile.n[2] == 0 {
        pile.voxel =
            resolution.and_then(|d| dots(1.0 / f64::from(d.xppu), 1.0 / f64::from(d.yppu)));
    }
    pile.push(&page, grey)
}

/// A decoder's error in words.
fn explain(e: &DecodingError) -> String {
    match e {
        DecodingError::IoError(e) => unread(e),
        DecodingError::LimitsExceeded => "asks for more memory than its size can explain".into(),
        DecodingError::Format(e) if e.to_string().contains("signature") => {
            "is not a PNG file, whatever its name says".into()
        }
        other => format!("is damaged: {other}"),
    }
}
