//! TIFF with a page a slice, grey values of 8, 16 or 32 bits, by the crate of this name.

use std::io::SeekFrom;

use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::{ByteOrder, Tag};
use tiff::{ColorType, TiffError};

use super::pile::{Page, Pile};
use super::scale::{description, imagej, meaning, several, voxel};
use super::source::{Bytes, Source, unread};
use super::tiff_tags::plausible;
use super::values::{Block, finite};
use super::{Ask, Image, Number};
use crate::geometry::image::Grey;

/// Largest ratio that a TIFF compression can reach (LZW: 3 838 bytes from a 12-bit code).
const COMPRESSION: u64 = 4096;

type Tiff<'a> = Decoder<Box<dyn Bytes + 'a>>;

/// Reads a TIFF held in memory.
pub fn read_bytes(bytes: &[u8], ask: &Ask) -> Result<Image, String> {
    read(Source::memory(bytes), ask)
}

/// Reads a TIFF; 0 is black.
pub(super) fn read(source: Source, ask: &Ask) -> Result<Image, String> {
    let mut pile = Pile::new(ask.most);
    read_into(source, true, &mut pile)?;
    pile.image()
}

/// Adds all pages to a pile. `whole`: the file is the whole scan, so ImageJ's count of images
/// without pages of their own is believed.
pub(super) fn read_into(mut source: Source, whole: bool, pile: &mut Pile) -> Result<(), String> {
    let wrong = |e: TiffError| explain(&e);
    let length = source.length;
    plausible(&mut source)?;
    let mut tiff = Decoder::new(source.reader).map_err(wrong)?;
    let (mut pages, mut total) = (0, 0_u64);
    loop {
        let (page, plain) = page(&mut tiff)?;
        pile.fits(&page)?;
        pile.spares(&page, 1)?;
        total = total.saturating_add(page.bytes());
        if total > if plain { length } else { length.saturating_mul(COMPRESSION) } {
            return Err(format!(
                "is cut short: {length} bytes cannot hold its {} × {} pixels",
                page.n[0], page.n[1]
            ));
        }
        if pile.n[2] == 0 {
            if several(&description(&mut tiff)) {
                let what = "holds several channels or frames: save one of them as a stack";
                return Err(what.into());
            }
            pile.voxel = voxel(&mut tiff);
            pile.meaning = meaning(&mut tiff);
        }
        let mut limits = Limits::default();
        limits.decoding_buffer_size = page.bytes().max(1 << 20) as usize;
        limits.intermediate_buffer_size = limits.decoding_buffer_size;
        tiff = tiff.with_limits(limits);
        let grey = match tiff.read_image().map_err(wrong)? {
            DecodingResult::U8(grey) => Grey::U8(grey),
            DecodingResult::U16(grey) => Grey::U16(grey),
            DecodingResult::I16(grey) => Grey::I16(grey),
            DecodingResult::F32(grey) => {
                grey.iter().try_for_each(|v| finite(*v).map(drop))?;
                Grey::F32(grey)
            }
            _ => return Err("holds another type of values than it says".into()),
        };
        pile.push(&page, grey)?;
        pages += 1;
        if !tiff.more_images() {
            break;
        }
        tiff.next_image().map_err(wrong)?;
    }
    if whole && pages == 1 { imagej_rest(&mut tiff, length, pile) } else { Ok(()) }
}

/// Size of the current page, and whether it is stored as it is; refuses all but grey.
fn page(tiff: &mut Tiff) -> Result<(Page, bool), String> {
    let wrong = |e: TiffError| explain(&e);
    let (width, height) = tiff.dimensions().map_err(wrong)?;
    // Some programs show what is stored, others turn it round: which is pore must not depend on it.
    if tiff.find_tag_unsigned::<u16>(Tag::PhotometricInterpretation).map_err(wrong)? == Some(0) {
        let what = "stores white as 0: save it with black as 0 (ImageJ: Image > Lookup Tables > \
                    Invert LUT)";
        return Err(what.into());
    }
    let formats = tiff.find_tag_unsigned_vec::<u16>(Tag::SampleFormat).map_err(wrong)?;
    let format = formats.and_then(|f| f.first().copied()).unwrap_or(1);
    let number = match (tiff.colortype().map_err(wrong)?, format) {
        (ColorType::Gray(8), 1) => Number::U8,
        (ColorType::Gray(16), 1) => Number::U16,
        (ColorType::Gray(16), 2) => Number::I16,
        (ColorType::Gray(32), 3) => Number::F32,
        (other, _) => {
            return Err(format!(
                "is {}: save it as 8- or 16-bit grey (ImageJ: Image > Type > 8-bit)",
                kind(other)
            ));
        }
    };
    let plain = tiff.find_tag_unsigned::<u16>(Tag::Compression).map_err(wrong)?.unwrap_or(1) == 1;
    if width == 0 || height == 0 {
        return Err(format!("has {width} × {height} pixels"));
    }
    Ok((Page { n: [width as usize, height as usize], number }, plain))
}

/// Stacks of 4 GB and more by ImageJ: one page, "images=N" in its description, and the other
/// images as plain values right behind the first.
fn imagej_rest(tiff: &mut Tiff, length: u64, pile: &mut Pile) -> Result<(), String> {
    let wrong = |e: TiffError| explain(&e);
    let text = description(tiff);
    let images = imagej(&text, "images").and_then(|n| n.parse().ok()).unwrap_or(1_u64);
    if !text.starts_with("ImageJ=") || images < 2 {
        return Ok(());
    }
    let (page, plain) = page(tiff)?;
    let offsets = tiff.get_tag_u64_vec(Tag::StripOffsets).map_err(wrong)?;
    let start = offsets.first().copied().unwrap_or(0).saturating_add(page.bytes());
    let rest = page.bytes().saturating_mul(images - 1);
    if !plain || start.saturating_add(rest) > length {
        return Err(format!(
            "says that it holds {images} images but has one page: save the stack again"
        ));
    }
    pile.spares(&page, images - 1)?;
    let big = tiff.byte_order() == ByteOrder::BigEndian;
    let block = Block { n: [page.n[0], page.n[1], 1], number: page.number, big };
    let reader = tiff.inner();
    reader.seek(SeekFrom::Start(start)).map_err(|e| unread(&e))?;
    for _ in 1..images {
        pile.push(&page, block.stream(reader, page.bytes())?)?;
    }
    Ok(())
}

/// A kind of pixels in words.
fn kind(colour: ColorType) -> String {
    match colour {
        ColorType::Gray(bits) => {
            format!("grey with {bits} bits a pixel of a type that is not read")
        }
        ColorType::Palette(_) => "an indexed-colour image".to_owned(),
        ColorType::RGB(_) | ColorType::RGBA(_) => "a colour (RGB) image".to_owned(),
        _ => "not a grey image".to_owned(),
    }
}

/// A decoder's error in words.
fn explain(e: &TiffError) -> String {
    match e {
        TiffError::FormatError(tiff::TiffFormatError::TiffSignatureNotFound) => {
            "is not a TIFF file, whatever its name says".to_owned()
        }
        TiffError::UnsupportedError(what) => {
            format!(
                "is a kind of TIFF that is not read ({what}): save it uncompressed as 8- or 16-bit grey"
            )
        }
        TiffError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            "ends too early: it is cut short or not a TIFF file".to_owned()
        }
        TiffError::IoError(e) => format!("cannot be read: {e}"),
        TiffError::LimitsExceeded => "asks for more memory than its size can explain".to_owned(),
        other => format!("is damaged: {other}"),
    }
}
