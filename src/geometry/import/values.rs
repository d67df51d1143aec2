//! Numbers from bytes: a block of values of one type, in either byte order.

use std::io::Read;

use super::source::{Source, unread};
use crate::geometry::image::Grey;

/// Values that are turned at a time.
const CHUNK: usize = 1 << 15;
/// Largest ratio that deflate can reach: 258 bytes from 2 bits.
const DEFLATE: u64 = 1032;

/// Type of the values in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// 8 bits without sign; truth values are 0 and 1.
    U8,
    /// 8 bits with sign.
    I8,
    /// 16 bits without sign.
    U16,
    /// 16 bits with sign.
    I16,
    /// 32 bits without sign.
    U32,
    /// 32 bits with sign.
    I32,
    /// 64 bits without sign.
    U64,
    /// 64 bits with sign.
    I64,
    /// Numbers with a point, single precision.
    F32,
    /// Numbers with a point, double precision.
    F64,
}

impl Number {
    /// Bytes of a value in the file.
    pub fn bytes(self) -> u64 {
        match self {
            Number::U8 | Number::I8 => 1,
            Number::U16 | Number::I16 => 2,
            Number::U32 | Number::I32 | Number::F32 => 4,
            Number::U64 | Number::I64 | Number::F64 => 8,
        }
    }

    /// Bytes of a value as it is held.
    fn held(self) -> u64 {
        match self {
            Number::U8 => 1,
            Number::I8 | Number::U16 | Number::I16 => 2,
            _ => 4,
        }
    }
}

/// Voxels along x, y, z from the sizes of one or more axes, of which those beyond the third are 1.
pub(super) fn shape(sizes: &[u64]) -> Result<[usize; 3], String> {
    let wrong = |what: &str| {
        let sizes: Vec<String> = sizes.iter().take(8).map(u64::to_string).collect();
        Err(format!("has {} values{what}", sizes.join(" × ")))
    };
    let (space, rest) = sizes.split_at(sizes.len().min(3));
    if space.is_empty() || space.contains(&0) {
        return wrong(": it holds no voxel");
    }
    if rest.iter().any(|n| *n != 1) {
        return wrong(": save one channel or time of it, with three axes");
    }
    let mut n = [1; 3];
    for (n, size) in n.iter_mut().zip(space) {
        match usize::try_from(*size) {
            Ok(size) => *n = size,
            Err(_) => return wrong(", more than this machine can count"),
        }
    }
    Ok(n)
}

/// A block of values: x fastest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    /// Voxels along x, y, z.
    pub(super) n: [usize; 3],
    /// Type of the values.
    pub(super) number: Number,
    /// True when the first byte of a value is the most significant.
    pub(super) big: bool,
}

impl Block {
    /// Number of values and of their bytes in the file; refused when they would take more than
    /// `most` bytes in memory.
    pub(super) fn size(&self, most: u64) -> Result<(usize, u64), String> {
        let [x, y, z] = self.n;
        let count = self.n.iter().try_fold(1_usize, |c, n| c.checked_mul(*n));
        let of = |each: u64| (count? as u64).checked_mul(each);
        match (count, of(self.number.bytes()), of(self.number.held())) {
            (Some(count), Some(bytes), Some(held)) if held <= most => Ok((count, bytes)),
            _ => Err(format!("holds {x} × {y} × {z} voxels, which do not fit into memory")),
        }
    }

    /// Reads values that stand in the file as they are.
    pub(super) fn plain(&self, source: &mut Source, most: u64) -> Result<Grey, String> {
        let (_, bytes) = self.size(most)?;
        self.held_by(bytes, source.left()?)?;
        self.stream(&mut source.reader, most)
    }

    /// Refuses values that `left` bytes cannot hold even if packed by deflate.
    pub(super) fn packed_in(&self, left: u64, most: u64) -> Result<(), String> {
        self.held_by(self.size(most)?.1, left.saturating_mul(DEFLATE))
    }

    /// Refuses a file that can hold only `left` of the `bytes` of the values.
    pub(super) fn held_by(&self, bytes: u64, left: u64) -> Result<(), String> {
        if bytes <= left {
            return Ok(());
        }
        let [x, y, z] = self.n;
        Err(format!(
            "says that it holds {x} × {y} × {z} values of {} bytes, but is too short for them: it \
             is cut short, copy it again",
            self.number.bytes()
        ))
    }

    /// Reads values as they arrive.
    pub(super) fn stream(&self, reader: &mut dyn Read, most: u64) -> Result<Grey, String> {
        let (count, _) = self.size(most)?;
        let mut from = Stream { reader, count, big: self.big };
        Ok(match self.number {
            Number::U8 => Grey::U8(from.read(|[b]| Ok(b))?),
            Number::I8 => unsigned(from.read(|b| Ok(i8::from_le_bytes(b)))?),
            Number::U16 => Grey::U16(from.read(|b| Ok(u16::from_le_bytes(b)))?),
            Number::I16 => Grey::I16(from.read(|b| Ok(i16::from_le_bytes(b)))?),
            Number::U32 => Grey::F32(from.read(|b| whole(u32::from_le_bytes(b)))?),
            Number::I32 => Grey::F32(from.read(|b| whole(i32::from_le_bytes(b)))?),
            Number::U64 => Grey::F32(from.read(|b| whole(u64::from_le_bytes(b)))?),
            Number::I64 => Grey::F32(from.read(|b| whole(i64::from_le_bytes(b)))?),
            Number::F32 => Grey::F32(from.read(|b| finite(f32::from_le_bytes(b)))?),
            Number::F64 => Grey::F32(from.read(|b| finite(f64::from_le_bytes(b) as f32))?),
        })
    }
}

/// Values still to come.
struct Stream<'a> {
    reader: &'a mut dyn Read,
    count: usize,
    big: bool,
}

impl Stream<'_> {
    /// Reads all of them, `N` bytes each, which `make` is given with the least significant first.
    fn read<const N: usize, T>(
        &mut self,
        make: impl Fn([u8; N]) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let mut values = Vec::new();
        let mut bytes = vec![[0_u8; N]; CHUNK.min(self.count)];
        while values.len() < self.count {
            let left = self.count - values.len();
            bytes.truncate(left);
            self.reader.read_exact(bytes.as_flattened_mut()).map_err(|e| unread(&e))?;
            if values.capacity() - values.len() < bytes.len() {
                // Doubles, but never beyond what is to come.
                let more = left.min(values.len().max(bytes.len()));
                let full = "holds more values than fit into memory";
                values.try_reserve_exact(more).map_err(|_| full.to_string())?;
            }
            for value in &mut bytes {
                if self.big {
                    value.reverse();
                }
                values.push(make(*value)?);
            }
        }
        Ok(values)
    }
}

/// Values of 8 bits without sign where none is negative, else of 16 bits.
fn unsigned(values: Vec<i8>) -> Grey {
    if values.iter().all(|v| *v >= 0) {
        Grey::U8(values.into_iter().map(i8::cast_unsigned).collect())
    } else {
        Grey::I16(values.into_iter().map(i16::from).collect())
    }
}

/// A whole number in single precision, if it is one there, too.
fn whole(value: impl Into<i128>) -> Result<f32, String> {
    let value = value.into();
    let single = value as f32;
    if single as i128 == value {
        return Ok(single);
    }
    Err(format!(
        "holds {value}, a whole number of more than 24 bits: save it with 16 bits or as decimals"
    ))
}

/// A number that is one.
pub(super) fn finite(value: f32) -> Result<f32, String> {
    if value.is_finite() {
        return Ok(value);
    }
    Err("holds values that are no numbers (NaN or infinite): give them a grey value first".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(number: Number, big: bool, bytes: &[u8]) -> Result<Grey, String> {
        let n = [bytes.len() / number.bytes() as usize, 1, 1];
        Block { n, number, big }.plain(&mut Source::memory(bytes), u64::MAX)
    }

    #[test]
    fn numbers_keep_their_value_or_are_refused() {
        assert_eq!(read(Number::U16, true, &[1, 2]), Ok(Grey::U16(vec![258])));
        assert_eq!(read(Number::U16, false, &[1, 2]), Ok(Grey::U16(vec![513])));
        assert_eq!(read(Number::I8, false, &[127, 0]), Ok(Grey::U8(vec![127, 0])));
        assert_eq!(read(Number::I8, false, &[127, 255]), Ok(Grey::I16(vec![127, -1])));
        let exact = 0x00ff_ffff_u32.to_le_bytes();
        assert_eq!(read(Number::U32, false, &exact), Ok(Grey::F32(vec![16_777_215.0])));
        let odd = 0x0100_0001_u32.to_le_bytes();
        assert!(read(Number::U32, false, &odd).unwrap_err().contains("16777217"));
        assert!(read(Number::I64, true, &i64::MAX.to_be_bytes()).is_err());
        assert_eq!(read(Number::F64, true, &0.1_f64.to_be_bytes()), Ok(Grey::F32(vec![0.1])));
        for v in [f64::NAN, f64::INFINITY, 1e300] {
            assert!(read(Number::F64, false, &v.to_le_bytes()).unwrap_err().contains("NaN"));
        }
    }

    #[test]
    fn what_a_file_cannot_hold_is_refused_before_anything_is_allocated() {
        let block = Block { n: [usize::MAX, 2, 1], number: Number::U8, big: false };
        assert!(block.size(u64::MAX).unwrap_err().contains("memory"));
        let block = Block { n: [1 << 20, 1 << 20, 1 << 10], number: Number::U8, big: false };
        let short = block.plain(&mut Source::memory(&[0; 9]), u64::MAX).unwrap_err();
        assert!(short.contains("cut short"), "{short}");
        let block = Block { n: [3, 1, 1], number: Number::F64, big: false };
        assert!(block.size(12).is_ok());
        assert!(block.size(11).unwrap_err().contains("memory"));
        assert!(shape(&[4, 0, 2]).unwrap_err().contains("no voxel"));
        assert!(shape(&[4, 3, 2, 2]).unwrap_err().contains("one channel"));
        assert_eq!(shape(&[4, 3, 1, 1]), Ok([4, 3, 1]));
    }
}
