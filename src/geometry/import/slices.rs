//! Folders of slices, in the order of the numbers in their names.

use std::cmp::Ordering;
use std::fs;
use std::path::{Path, PathBuf};

use super::beside::Folder;
use super::pile::Pile;
use super::source::Source;
use super::{Ask, Format, Image, ImportError, error, metaimage, nifti, nrrd, png, tiff};

/// True for a folder.
pub(super) fn is_folder(path: &Path) -> Result<bool, ImportError> {
    let kind = fs::metadata(path).map_err(|e| error(path, format!("cannot be read: {e}")))?;
    Ok(kind.is_dir())
}

/// The files that [`super::read`] reads for `path`: the slices of a folder in their order (the
/// TIFF files, or the PNG files where there is none; s_2 before s_10), or `path` itself, and
/// its data file where it is a header.
pub fn slice_files(path: &Path) -> Result<Vec<PathBuf>, ImportError> {
    if !is_folder(path)? {
        let mut files = vec![path.to_owned()];
        // What is wrong with the header, reading it will say.
        if let Ok(Some(name)) = data_file(path) {
            files.push(Folder(path).path(&name).map_err(|e| error(path, e))?);
        }
        return Ok(files);
    }
    listed(path).map(|l| l.0)
}

/// The slices of a folder in their order, and how many PNG files beside TIFF slices are none.
fn listed(path: &Path) -> Result<(Vec<PathBuf>, usize), ImportError> {
    let unreadable = |e| error(path, format!("cannot be listed: {e}"));
    let (mut tiffs, mut pngs) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let hidden = file.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        let extension = file.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            _ if hidden => {}
            Some("tif" | "tiff") => tiffs.push(file),
            Some("png") => pngs.push(file),
            _ => {}
        }
    }
    let (mut files, left) = if tiffs.is_empty() { (pngs, 0) } else { (tiffs, pngs.len()) };
    if files.is_empty() {
        return Err(error(
            path,
            "holds no .tif, .tiff or .png file: give a folder of TIFF or PNG slices",
        ));
    }
    files.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
    Ok((files, left))
}

/// What is odd about the slices of a folder: numbers that are missing, or more than one series of
/// names, or slices of another format beside them. `None` for a file.
pub fn oddity(path: &Path) -> Option<String> {
    if !is_folder(path).ok()? {
        return None;
    }
    let (files, pngs) = listed(path).ok()?;
    if pngs > 0 {
        return Some(format!("{pngs} PNG files beside the TIFF slices are left out"));
    }
    let mut series: Vec<(String, Vec<u64>)> = Vec::new();
    for file in &files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let before = name.trim_end_matches(|c: char| !c.is_ascii_digit());
        let end = &name[before.len()..];
        let start = before.trim_end_matches(|c: char| c.is_ascii_digit());
        // Without a number, or with one that no scanner counts to: a series of its own.
        let number = before[start.len()..].parse().unwrap_or(0);
        let pattern = format!("{start}…{end}");
        match series.iter_mut().find(|s| s.0 == pattern) {
            Some((_, numbers)) => numbers.push(number),
            None => series.push((pattern, vec![number])),
        }
    }
    if let [(one, many), (other, more), ..] = &series[..] {
        let (many, more) = (many.len(), more.len());
        return Some(format!(
            "names of more than one series: {one} ({many}) and {other} ({more}); all are stacked"
        ));
    }
    let numbers = &series.first()?.1;
    let gap = numbers.windows(2).find(|w| w[1] > w[0].saturating_add(1))?;
    let (first, last) = (gap[0] + 1, gap[1] - 1);
    let missing = if first == last {
        format!("slice {first} is")
    } else {
        format!("slices {first} to {last} are")
    };
    Some(format!("{missing} missing; the others are stacked as if nothing were"))
}

/// The data file that a header names, if `path` is one.
fn data_file(path: &Path) -> Result<Option<String>, String> {
    let mut source = Source::open(path)?;
    match Format::of(path, &mut source, &Ask::default())? {
        Format::Nrrd => nrrd::data_file(source),
        Format::MetaImage => metaimage::data_file(source),
        Format::Nifti => Ok(nifti::is_pair(&source.peek(352)?).then(|| "*.img".to_owned())),
        _ => Ok(None),
    }
}

/// Reads the slices of a folder.
pub(super) fn read_folder(path: &Path, ask: &Ask) -> Result<Image, ImportError> {
    let files = slice_files(path)?;
    let mut pile = Pile::new(ask.most);
    for file in &files {
        let before = pile.n[2];
        let read = Source::open(file).and_then(|source| {
            let png = file.extension().is_some_and(|e| e.eq_ignore_ascii_case("png"));
            if png {
                png::read_into(source, &mut pile)
            } else {
                tiff::read_into(source, files.len() == 1, &mut pile)
            }
        });
        read.map_err(|e| error(file, e))?;
        if files.len() > 1 && pile.n[2] > before + 1 {
            return Err(error(
                file,
                "holds several pages: in a folder each file is one slice (or give the file itself)",
            ));
        }
    }
    pile.image().map_err(|e| error(path, e))
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
