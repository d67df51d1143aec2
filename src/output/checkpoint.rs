//! Checkpoints: the complete state of a run in a file that proves itself.
//!
//! ```text
//! "blastema checkpoint\n"   magic
//! u32                       format
//! u16 text, u16 text        version of the program, hash of the case: length and bytes
//! u64 f64                   steps taken, time in s
//! u64                       bytes of the state
//! …                         the state (`ground::keep`)
//! 32 bytes                  BLAKE3 of all before
//! ```
//! Numbers are little-endian. `checkpoint/a` and `checkpoint/b` alternate; the newest valid one
//! wins. `checkpoint/at-…` are those that the case asks for, and stay.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::folder::publish_with;
use super::{OutputError, Result, regular};
use crate::ground::moments;
use crate::model::run::Kept;

const MAGIC: &[u8] = b"blastema checkpoint\n";
const FORMAT: u32 = 1;
const SUM: usize = blake3::OUT_LEN;

/// Folder of the checkpoints in that of the run.
pub const FOLDER: &str = "checkpoint";

/// The two that alternate.
pub const NAMES: [&str; 2] = ["a", "b"];

/// A checkpoint, read and proven.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checkpoint<'a> {
    /// Version of the program that wrote it.
    pub version: &'a str,
    /// Hash of the case.
    pub hash: &'a str,
    /// Steps taken.
    pub step: u64,
    /// Time, s.
    pub time: f64,
    /// The state, for `model::run::restore`.
    pub state: &'a [u8],
}

/// Reads a checkpoint out of the bytes of its file; says what is wrong with them.
pub fn parse(bytes: &[u8]) -> std::result::Result<Checkpoint<'_>, String> {
    let mut rest = bytes;
    let cut = || "is cut short".to_owned();
    if take(&mut rest, MAGIC.len()) != Some(MAGIC) {
        return Err("is no checkpoint".into());
    }
    let format = take(&mut rest, 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    let format = format.ok_or_else(cut)?;
    if format != FORMAT {
        return Err(format!("has format {format}; this program reads {FORMAT}"));
    }
    let text = |rest: &mut &'_ [u8]| -> std::result::Result<std::ops::Range<usize>, String> {
        let length = take(rest, 2).and_then(|b| b.try_into().ok()).map(u16::from_le_bytes);
        let length = usize::from(length.ok_or_else(cut)?);
        let start = bytes.len() - rest.len();
        take(rest, length).ok_or_else(cut)?;
        Ok(start..start + length)
    };
    let (version, hash) = (text(&mut rest)?, text(&mut rest)?);
    let word = |rest: &mut &'_ [u8]| -> std::result::Result<[u8; 8], String> {
        take(rest, 8).and_then(|b| b.try_into().ok()).ok_or_else(cut)
    };
    let step = u64::from_le_bytes(word(&mut rest)?);
    let time = f64::from_le_bytes(word(&mut rest)?);
    let length = u64::from_le_bytes(word(&mut rest)?);
    let state = usize::try_from(length).ok().and_then(|n| take(&mut rest, n)).ok_or_else(cut)?;
    if rest.len() < SUM {
        return Err(cut());
    }
    let (all, sum) = bytes.split_at(bytes.len() - rest.len());
    if sum.len() != SUM || blake3::hash(all) != *sum {
        return Err("is damaged (its BLAKE3 does not match)".into());
    }
    let text = |range| std::str::from_utf8(&bytes[range]).map_err(|_| "is damaged".to_owned());
    Ok(Checkpoint { version: text(version)?, hash: text(hash)?, step, time, state })
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (first, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(first)
}

/// Publishes a checkpoint as `path`, making its folder if need be.
pub fn write(path: &Path, hash: &str, kept: &Kept) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|e| OutputError::io(folder, &e))?;
    let mut head = MAGIC.to_vec();
    head.extend(FORMAT.to_le_bytes());
    for text in [env!("CARGO_PKG_VERSION"), hash] {
        head.extend((text.len() as u16).to_le_bytes());
        head.extend(text.as_bytes());
    }
    head.extend((kept.step as u64).to_le_bytes());
    head.extend(kept.time.to_le_bytes());
    head.extend((kept.bytes.len() as u64).to_le_bytes());
    let mut hasher = blake3::Hasher::new();
    hasher.update(&head).update(&kept.bytes);
    publish_with(path, |temporary| {
        let written = fs::File::create(temporary).and_then(|mut file| {
            file.write_all(&head)?;
            file.write_all(&kept.bytes)?;
            file.write_all(hasher.finalize().as_bytes())
        });
        written.map_err(|e| OutputError::io(path, &e))
    })
}

/// The newest valid checkpoint of a case in a run's folder.
#[derive(Debug, Default)]
pub struct Found {
    /// Its file and the bytes in it.
    pub newest: Option<(PathBuf, Vec<u8>)>,
    /// Those that were passed over, and why.
    pub passed_over: Vec<String>,
}

/// Looks for the newest valid checkpoint with this hash, not later than `latest` (s).
pub fn newest(folder: &Path, hash: &str, latest: f64) -> Result<Found> {
    let folder = folder.join(FOLDER);
    let mut found = Found::default();
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(found),
        Err(e) => return Err(OutputError::io(&folder, &e)),
    };
    let mut best: Option<u64> = None;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.retain(|p| {
        let name = p.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        NAMES.contains(&name) || name.starts_with("at-")
    });
    paths.sort();
    for path in paths {
        let bytes = match regular::read(&path) {
            Ok(bytes) => bytes,
            // A pipe or a device was never ours, and what is gone is gone.
            Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::NotFound) => {
                found.passed_over.push(format!("{}: {e}", path.display()));
                continue;
            }
            // What cannot be read now may well be whole.
            Err(e) => return Err(OutputError::io(&path, &e)),
        };
        match parse(&bytes) {
            Ok(c) if series(c.version) != series(env!("CARGO_PKG_VERSION")) => {
                let why = format!("was written by version {}", c.version);
                found.passed_over.push(format!("{} {why}", path.display()));
            }
            Ok(c) if c.hash != hash => {
                found.passed_over.push(format!("{} belongs to another case", path.display()));
            }
            Ok(c) if moments::after(latest, c.time) => {}
            Ok(c) if best.is_none_or(|b| c.step > b) => {
                best = Some(c.step);
                found.newest = Some((path, bytes));
            }
            Ok(_) => {}
            Err(why) => found.passed_over.push(format!("{} {why}", path.display())),
        }
    }
    Ok(found)
}

/// Major and minor number of a version: checkpoints are read within one of these.
pub fn series(version: &str) -> &str {
    version.rsplit_once('.').map_or(version, |v| v.0)
}

/// Removes the two that alternate: the run is finished, or starts anew.
pub fn clear(folder: &Path) -> Result<()> {
    let folder = folder.join(FOLDER);
    for name in NAMES {
        let path = folder.join(name);
        match fs::remove_file(&path) {
            // A folder was never ours.
            Err(e) if e.kind() != ErrorKind::NotFound && !path.is_dir() => {
                return Err(OutputError::io(&path, &e));
            }
            _ => {}
        }
    }
    // Stays where it holds others.
    let _ = fs::remove_dir(&folder);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (tempfile::TempDir, PathBuf, Kept) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FOLDER).join("a");
        let kept = Kept { step: 7, time: 3.5, bytes: (0..200).collect() };
        write(&path, "abc", &kept).unwrap();
        (dir, path, kept)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let (_dir, path, kept) = file();
        let bytes = fs::read(path).unwrap();
        let c = parse(&bytes).unwrap();
        assert_eq!((c.hash, c.step, c.time, c.state), ("abc", 7, 3.5, &kept.bytes[..]));
        assert_eq!(c.version, env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        let (_dir, path, _) = file();
        let bytes = fs::read(path).unwrap();
        for n in 0..bytes.len() {
            assert!(parse(&bytes[..n]).is_err(), "cut at {n}");
            for bit in 0..8 {
                let mut wrong = bytes.clone();
                wrong[n] ^= 1 << bit;
                assert!(parse(&wrong).is_err(), "bit {bit} of byte {n}");
            }
        }
        assert_eq!(parse(&[&bytes[..], &[0]].concat()), parse(&[&bytes[..], &[1]].concat()));
        assert!(parse(&[&bytes[..], &[0]].concat()).unwrap_err().contains("damaged"));
        assert_eq!(parse(&bytes[..bytes.len() - 1]), Err("is cut short".into()));
    }

    #[test]
    fn the_newest_valid_one_of_the_case_wins() {
        let (dir, path, kept) = file();
        let later = path.with_file_name("b");
        write(&later, "abc", &Kept { step: 9, time: 5.0, ..kept.clone() }).unwrap();
        let found = |hash: &str, latest: f64| newest(dir.path(), hash, latest).unwrap();
        assert_eq!(found("abc", 9.0).newest.unwrap().0, later);
        assert_eq!(found("abc", 4.0).newest.unwrap().0, path);
        assert_eq!(found("other", 9.0).passed_over.len(), 2);
        let mut bytes = fs::read(&later).unwrap();
        bytes[100] ^= 1;
        fs::write(&later, bytes).unwrap();
        let found = found("abc", 9.0);
        assert_eq!(found.newest.unwrap().0, path);
        assert!(found.passed_over[0].contains("damaged"), "{:?}", found.passed_over);
    }

    #[test]
    fn a_checkpoint_of_another_series_is_passed_over() {
        let (dir, path, _) = file();
        let mut bytes = fs::read(&path).unwrap();
        let (state, version) = (bytes.len() - SUM, MAGIC.len() + 4);
        // The first digit of the version, after its length.
        bytes[version + 2] = b'9';
        let proof = blake3::hash(&bytes[..state]);
        bytes[state..].copy_from_slice(proof.as_bytes());
        assert!(parse(&bytes).unwrap().version.starts_with('9'));
        fs::write(&path, bytes).unwrap();
        let found = newest(dir.path(), "abc", 9.0).unwrap();
        assert!(found.newest.is_none());
        assert!(
            found.passed_over[0].contains("was written by version 9"),
            "{:?}",
            found.passed_over
        );
    }

    #[test]
    fn only_checkpoints_up_to_the_time_are_looked_at() {
        let (dir, path, kept) = file();
        let found = |latest: f64| newest(dir.path(), "abc", latest).unwrap();
        assert_eq!(found(3.5).newest.unwrap().0, path, "its own time is not too late");
        assert!(found(3.4).newest.is_none() && found(3.4).passed_over.is_empty());
        fs::write(path.with_file_name("notes"), "no checkpoint").unwrap();
        let asked = path.with_file_name("at-2");
        write(&asked, "abc", &Kept { step: 5, time: 2.0, ..kept.clone() }).unwrap();
        assert!(found(9.0).passed_over.is_empty());
        assert_eq!(found(2.0).newest.unwrap().0, asked);
        // The same step twice: the first by name.
        write(&path.with_file_name("b"), "abc", &kept).unwrap();
        assert_eq!(found(9.0).newest.unwrap().0, path);
        let none = newest(&dir.path().join("elsewhere"), "abc", 9.0).unwrap();
        assert!(none.newest.is_none() && none.passed_over.is_empty());
    }

    #[test]
    fn a_folder_that_is_none_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FOLDER), "a file").unwrap();
        assert!(newest(dir.path(), "abc", 9.0).is_err());
        assert!(clear(dir.path()).is_err());
    }

    #[test]
    fn clearing_leaves_what_the_case_asked_for() {
        let (dir, path, kept) = file();
        write(&path.with_file_name("at-2"), "abc", &kept).unwrap();
        clear(dir.path()).unwrap();
        assert!(!path.exists() && path.with_file_name("at-2").exists());
        fs::remove_file(path.with_file_name("at-2")).unwrap();
        clear(dir.path()).unwrap();
        assert!(!dir.path().join(FOLDER).exists(), "an empty folder goes");
        clear(dir.path()).unwrap();
    }

    #[test]
    fn a_series_is_all_but_the_last_number() {
        assert_eq!(["0.1.0", "0.1.7", "1.12.3", "2"].map(series), ["0.1", "0.1", "1.12", "2"]);
    }
}
