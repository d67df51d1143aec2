//! Scans: a folder of TIFF slices, or one TIFF of many pages, as grey values.
//!
//! Whatever is in the files, reading ends with a stack or an [`ImportError`]: sizes are checked
//! against the length of the file before anything is allocated.

use std::cmp::Ordering;
use std::fmt;
use std::fs::{self, File};
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::{ByteOrder, Tag};
use tiff::{ColorType, TiffError};

/// Largest ratio that a TIFF compression can reach (LZW: 3 838 bytes from a 12-bit code).
const COMPRESSION: u64 = 4096;

/// Grey values of a scan: x fastest, row = y, slice = z. Index `(z·ny + y)·nx + x`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Pixels along x, rows along y, slices along z.
    pub n: [usize; 3],
    /// Grey values, 0 black (a file that stores white as 0 is turned round); 8-bit images use
    /// 0…255.
    pub grey: Vec<u16>,
}

impl Stack {
    /// Pores by threshold: true where the grey value is at most `threshold`.
    pub fn pores(&self, threshold: u16) -> Vec<bool> {
        self.grey.iter().map(|&g| g <= threshold).collect()
    }
    /// Smallest and largest grey value.
    pub fn range(&self) -> (u16, u16) {
        self.grey.iter().fold((u16::MAX, 0), |(low, high), &g| (low.min(g), high.max(g)))
    }
}

/// Why a scan could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError {
    /// The file or folder at fault.
    pub path: PathBuf,
    /// What is wrong with it and what to do.
    pub problem: String,
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path.display(), self.problem)
    }
}

impl std::error::Error for ImportError {}

/// Makes an error about `path`.
fn error(path: &Path, problem: impl Into<String>) -> ImportError {
    ImportError { path: path.to_owned(), problem: problem.into() }
}

/// The files that [`read_stack`] reads for `path`, in the order of the slices: `path` itself, or
/// the TIFF files of a folder sorted by name with numbers as numbers (s_2 before s_10).
pub fn slice_files(path: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let kind = fs::metadata(path).map_err(|e| error(path, format!("cannot be read: {e}")))?;
    if !kind.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |e| error(path, format!("cannot be listed: {e}"));
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let hidden = file.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        let extension = file.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        if !hidden && matches!(extension.as_deref(), Some("tif" | "tiff")) {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(error(path, "holds no .tif or .tiff file: give a folder of TIFF slices"));
    }
    files.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
    Ok(files)
}

/// Reads a folder of TIFF slices, or one TIFF with a page a slice, 8- or 16-bit grey.
pub fn read_stack(path: &Path) -> Result<Stack, ImportError> {
    read_stack_within(path, u64::MAX)
}

/// Reads a scan whose grey values take at most `most` bytes (2 a voxel).
pub fn read_stack_within(path: &Path, most: u64) -> Result<Stack, ImportError> {
    let files = slice_files(path)?;
    let mut stack = Stack { n: [0; 3], grey: Vec::new() };
    for file in &files {
        let before = stack.n[2];
        read_file(file, files.len() == 1, &mut stack, most)?;
        if files.len() > 1 && stack.n[2] > before + 1 {
            return Err(error(
                file,
                "holds several pages: in a folder each file is one slice (or give the file itself)",
            ));
        }
    }
    Ok(stack)
}

/// Orders names with the numbers in them compared as numbers.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.as_bytes(), b.as_bytes());
    while let (Some(&p), Some(&q)) = (x.first(), y.first()) {
        let order = if p.is_ascii_digit() && q.is_ascii_digit() {
            let (m, n) = (number(&mut x), number(&mut y));
            m.len().cmp(&n.len()).then_with(|| m.cmp(n))
        } else {
            (x, y) = (&x[1..], &y[1..]);
            p.cmp(&q)
        };
        if order.is_ne() {
            return order;
        }
    }
    x.len().cmp(&y.len()).then_with(|| a.cmp(b))
}

/// Takes the digits at the start of `text`; returns them without leading zeros.
fn number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|c| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    &digits[digits.iter().position(|&c| c != b'0').unwrap_or(end)..]
}

/// Appends all pages of a file to the stack. `whole`: the file is the whole scan, so ImageJ's
/// count of images without pages of their own is believed.
fn read_file(path: &Path, whole: bool, stack: &mut Stack, most: u64) -> Result<(), ImportError> {
    let io = |e: std::io::Error| error(path, format!("cannot be read: {e}"));
    // Asked before opening: opening a pipe would wait for ever.
    if !fs::metadata(path).map_err(io)?.is_file() {
        return Err(error(path, "is not a regular file"));
    }
    let file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    if length == 0 {
        return Err(error(path, "is empty (0 bytes): export or copy it again"));
    }
    read_pages(path, BufReader::new(file), length, whole, stack, most)
}

/// Reads one TIFF held in memory, as [`read_stack_within`] reads a file of this content.
pub fn read_bytes(bytes: &[u8], most: u64) -> Result<Stack, ImportError> {
    let mut stack = Stack { n: [0; 3], grey: Vec::new() };
    let reader = std::io::Cursor::new(bytes);
    read_pages(Path::new("scan"), reader, bytes.len() as u64, true, &mut stack, most)?;
    Ok(stack)
}

fn read_pages<R: Read + Seek>(
    path: &Path,
    reader: R,
    length: u64,
    whole: bool,
    stack: &mut Stack,
    most: u64,
) -> Result<(), ImportError> {
    let wrong = |e: TiffError| error(path, explain(&e));
    let mut tiff = Decoder::new(reader).map_err(wrong)?;
    let (mut pages, mut total) = (0, 0_u64);
    loop {
        let page = Page::of(path, &mut tiff)?;
        page.fits(path, stack)?;
        page.spares(path, stack, 1, most)?;
        total = total.saturating_add(page.bytes);
        if total > page.most(length) {
            return Err(error(
                path,
                format!(
                    "is cut short: {} bytes cannot hold its {} × {} pixels",
                    length, page.n[0], page.n[1]
                ),
            ));
        }
        stack.n = [page.n[0], page.n[1], stack.n[2] + 1];
        let mut limits = Limits::default();
        limits.decoding_buffer_size = page.bytes.max(1 << 20) as usize;
        limits.intermediate_buffer_size = limits.decoding_buffer_size;
        tiff = tiff.with_limits(limits);
        match tiff.read_image().map_err(wrong)? {
            DecodingResult::U8(grey) => stack.grey.extend(grey.into_iter().map(u16::from)),
            DecodingResult::U16(grey) => stack.grey.extend(grey),
            _ => {
                return Err(error(
                    path,
                    "holds signed or decimal values: save as 8- or 16-bit grey",
                ));
            }
        }
        if stack.grey.len() != stack.n[0] * stack.n[1] * stack.n[2] {
            return Err(error(path, "holds another number of pixels than it says"));
        }
        pages += 1;
        if !tiff.more_images() {
            break;
        }
        tiff.next_image().map_err(wrong)?;
    }
    if whole && pages == 1 { imagej_rest(path, &mut tiff, length, stack, most) } else { Ok(()) }
}

/// What a page says of itself.
struct Page {
    /// Pixels along x and rows.
    n: [usize; 2],
    /// Bytes of its pixels once decoded.
    bytes: u64,
    /// True when they are stored as they are.
    plain: bool,
}

impl Page {
    /// Reads size, kind and compression of the current page; refuses all but grey.
    fn of<R: Read + Seek>(path: &Path, tiff: &mut Decoder<R>) -> Result<Page, ImportError> {
        let wrong = |e: TiffError| error(path, explain(&e));
        let (width, height) = tiff.dimensions().map_err(wrong)?;
        let depth = match tiff.colortype().map_err(wrong)? {
            ColorType::Gray(8) => 1,
            ColorType::Gray(16) => 2,
            other => {
                return Err(error(
                    path,
                    format!(
                        "is {}: save it as 8- or 16-bit grey (ImageJ: Image > Type > 8-bit)",
                        kind(other)
                    ),
                ));
            }
        };
        let plain =
            tiff.find_tag_unsigned::<u16>(Tag::Compression).map_err(wrong)?.unwrap_or(1) == 1;
        let bytes = u64::from(width).saturating_mul(u64::from(height)).saturating_mul(depth);
        if bytes == 0 {
            return Err(error(path, format!("has {width} × {height} pixels")));
        }
        Ok(Page { n: [width as usize, height as usize], bytes, plain })
    }

    /// Refuses a page of another size than those before it.
    fn fits(&self, path: &Path, stack: &Stack) -> Result<(), ImportError> {
        let [x, y, z] = stack.n;
        if z == 0 || self.n == [x, y] {
            return Ok(());
        }
        Err(error(
            path,
            format!(
                "has {} × {} pixels, but the slices before it have {x} × {y}",
                self.n[0], self.n[1]
            ),
        ))
    }

    /// Refuses `pages` more of this size when the grey values would take more than `most` bytes.
    fn spares(&self, path: &Path, stack: &Stack, pages: u64, most: u64) -> Result<(), ImportError> {
        let pixels = (self.n[0] as u64).saturating_mul(self.n[1] as u64);
        let all = pixels.saturating_mul(pages).saturating_add(stack.grey.len() as u64);
        if all.saturating_mul(2) <= most {
            return Ok(());
        }
        let problem = format!("holds {all} voxels or more, which do not fit into memory");
        Err(error(path, problem))
    }

    /// Most bytes of pixels that a file of this length can hold.
    fn most(&self, length: u64) -> u64 {
        if self.plain { length } else { length.saturating_mul(COMPRESSION) }
    }
}

/// Stacks of 4 GB and more by ImageJ: one page, "images=N" in its description, and the other
/// images as plain values right behind the first.
fn imagej_rest<R: Read + Seek>(
    path: &Path,
    tiff: &mut Decoder<R>,
    length: u64,
    stack: &mut Stack,
    most: u64,
) -> Result<(), ImportError> {
    let wrong = |e: TiffError| error(path, explain(&e));
    // As bytes: descriptions need not be UTF-8, and ImageJ's own lines come first.
    let mut text = [0; 1024];
    let end = tiff.image_ifd().find_tag_bytes(Tag::ImageDescription, &mut text, 0).ok().flatten();
    let text = String::from_utf8_lossy(&text[..end.unwrap_or(0).min(text.len())]);
    let count = |key: &str| {
        text.lines().find_map(|l| l.strip_prefix(key)?.trim().parse().ok()).unwrap_or(1_u64)
    };
    let images = count("images=");
    if !text.starts_with("ImageJ=") || images < 2 {
        return Ok(());
    }
    if count("channels=") > 1 || count("frames=") > 1 {
        return Err(error(path, "holds several channels or frames: save one of them as a stack"));
    }
    if tiff.find_tag_unsigned::<u16>(Tag::PhotometricInterpretation).map_err(wrong)? == Some(0) {
        return Err(error(
            path,
            "has an inverting lookup table: invert it and save the stack again",
        ));
    }
    let page = Page::of(path, tiff)?;
    let offsets = tiff.get_tag_u64_vec(Tag::StripOffsets).map_err(wrong)?;
    let start = offsets.first().copied().unwrap_or(0).saturating_add(page.bytes);
    let rest = page.bytes.saturating_mul(images - 1);
    if !page.plain || start.saturating_add(rest) > length {
        return Err(error(
            path,
            format!("says that it holds {images} images but has one page: save the stack again"),
        ));
    }
    page.spares(path, stack, images - 1, most)?;
    let io = |e: std::io::Error| error(path, format!("cannot be read: {e}"));
    let little = tiff.byte_order() == ByteOrder::LittleEndian;
    let reader = tiff.inner();
    reader.seek(SeekFrom::Start(start)).map_err(io)?;
    let mut bytes = vec![0; page.bytes as usize];
    for _ in 1..images {
        reader.read_exact(&mut bytes).map_err(io)?;
        if page.bytes as usize == page.n[0] * page.n[1] {
            stack.grey.extend(bytes.iter().map(|&b| u16::from(b)));
        } else if little {
            stack.grey.extend(bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])));
        } else {
            stack.grey.extend(bytes.chunks_exact(2).map(|b| u16::from_be_bytes([b[0], b[1]])));
        }
        stack.n[2] += 1;
    }
    Ok(())
}

/// A kind of pixels in words.
fn kind(colour: ColorType) -> String {
    match colour {
        ColorType::Gray(bits) => format!("grey with {bits} bits a pixel"),
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
