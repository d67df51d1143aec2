//! Counts in a TIFF's first directory that its file cannot hold.

use std::io::{Read, Seek, SeekFrom};

use super::source::Source;

/// Values that any file may claim.
const FREE: u64 = 1 << 20;

/// Texts and metadata, which are never held as lists of numbers: ImageDescription, XMP.
const TEXTS: [u16; 2] = [270, 700];

/// Refuses a file whose first directory claims more values in a tag than its length explains: the
/// decoder would make room for them (32 bytes each) before it looks. A value of a tag stands for a
/// row or a tile of pixels, so the file has more bytes than values. The source is left at its start.
pub(super) fn plausible(source: &mut Source) -> Result<(), String> {
    // What is not a directory, the decoder will say.
    let claimed = most(source).unwrap_or(0);
    let _ = source.reader.seek(SeekFrom::Start(0));
    if claimed <= FREE + source.length / 16 {
        return Ok(());
    }
    Err(format!(
        "is damaged: it claims a tag of {claimed} values, in a file of {} bytes",
        source.length
    ))
}

/// The largest count of a tag in the first directory.
fn most(source: &mut Source) -> std::io::Result<u64> {
    let reader = &mut source.reader;
    let start: [u8; 4] = read(reader)?;
    let little = start[0] == b'I';
    let big = start.contains(&43);
    let number = |bytes: &[u8]| {
        let add = |n: u64, b: &u8| n << 8 | u64::from(*b);
        if little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) }
    };
    let (offset, entries) = if big {
        let head: [u8; 12] = read(reader)?;
        reader.seek(SeekFrom::Start(number(&head[4..])))?;
        (8, number(&read::<8>(reader)?))
    } else {
        let head: [u8; 4] = read(reader)?;
        reader.seek(SeekFrom::Start(number(&head)))?;
        (4, number(&read::<2>(reader)?))
    };
    let mut most = 0;
    for _ in 0..entries {
        let mut entry = [0; 20];
        let entry = &mut entry[..4 + 2 * offset];
        if reader.read_exact(entry).is_err() {
            break;
        }
        let tag = number(&entry[..2]) as u16;
        // Private tags are not read.
        if tag < 0x8000 && !TEXTS.contains(&tag) {
            most = most.max(number(&entry[4..4 + offset]));
        }
    }
    Ok(most)
}

fn read<const N: usize>(reader: &mut impl Read) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes).map(|()| bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of one tag, StripOffsets, with this many values.
    fn file(big: bool, little: bool, count: u64) -> Vec<u8> {
        let number = |n: u64, bytes: usize| {
            let all = if little { n.to_le_bytes() } else { n.to_be_bytes() };
            if little { all[..bytes].to_vec() } else { all[8 - bytes..].to_vec() }
        };
        let parts: &[(u64, usize)] = if big {
            &[
                (43, 2),
                (8, 2),
                (0, 2),
                (16, 8),
                (1, 8),
                (273, 2),
                (16, 2),
                (count, 8),
                (0, 8),
                (0, 8),
            ]
        } else {
            &[(42, 2), (8, 4), (1, 2), (273, 2), (4, 2), (count, 4), (0, 4), (0, 4)]
        };
        let order: &[u8] = if little { b"II" } else { b"MM" };
        let rest = parts.iter().flat_map(|(n, bytes)| number(*n, *bytes));
        order.iter().copied().chain(rest).collect()
    }

    #[test]
    fn counts_beyond_the_file_are_refused() {
        for big in [false, true] {
            for little in [false, true] {
                let asked = |count| plausible(&mut Source::memory(&file(big, little, count)));
                assert_eq!(asked(FREE), Ok(()));
                let refused = asked(FREE + 100).unwrap_err();
                assert!(refused.contains("1048676 values"), "{big} {little}: {refused}");
            }
        }
        for junk in [&b""[..], b"II", b"II*\0\xff\xff\xff\xff"] {
            assert_eq!(plausible(&mut Source::memory(junk)), Ok(()));
        }
    }
}
