//! Plain data to bytes and back, for what must go on with the same bits: one list of calls writes
//! and reads, so the two cannot differ.
//!
//! Each value is a section: the length of its name (u16) and the name, its type (u8), the number
//! of values (u64), the values; all little-endian. A reader expects the names in the order in
//! which they were written, and takes no more than the bytes that are there.

use std::fmt;

use super::grid::Grid;

/// Why bytes do not fit what they are read into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Name of the value.
    pub name: String,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.why)
    }
}

impl std::error::Error for Misfit {}

/// A value that does not fit.
pub fn misfit<T>(name: &str, why: impl Into<String>) -> Result<T, Misfit> {
    Err(Misfit { name: name.into(), why: why.into() })
}

/// Types of values: f64, u64, f32, bytes of a text.
const F64: u8 = 1;
const U64: u8 = 2;
const F32: u8 = 3;
const TEXT: u8 = 4;

/// Largest count: what is computed with one does not overflow.
const MOST: u64 = 1 << 53;

/// Bytes of the smallest section, one without a name or values.
const SECTION: usize = 11;

/// Largest number that a run computes with: products of any two and sums of these are finite.
const LARGEST: f64 = 1e100;

fn size(kind: u8) -> usize {
    match kind {
        F64 | U64 => 8,
        F32 => 4,
        _ => 1,
    }
}

/// Writes values behind each other, or reads them back in the same order.
#[derive(Debug)]
pub struct Keeper<'a> {
    way: Way<'a>,
    changed: bool,
}

#[derive(Debug)]
enum Way<'a> {
    Write(Vec<u8>),
    Read(&'a [u8]),
}

/// The numbers in a slice of bytes.
macro_rules! chunks {
    ($bytes:expr, $type:ty) => {
        $bytes.chunks_exact(size_of::<$type>()).map(|b| {
            let mut word = [0; size_of::<$type>()];
            word.copy_from_slice(b);
            <$type>::from_le_bytes(word)
        })
    };
}

impl<'a> Keeper<'a> {
    /// Writes behind what is in `bytes`.
    pub fn write(bytes: Vec<u8>) -> Keeper<'static> {
        Keeper { way: Way::Write(bytes), changed: false }
    }

    /// Reads from the start of `bytes`. With `changed` they come from a case that differs: what
    /// belongs together by its name may be there or not.
    pub fn read(bytes: &'a [u8], changed: bool) -> Keeper<'a> {
        Keeper { way: Way::Read(bytes), changed }
    }

    /// True where the values come from a case that differs.
    pub fn changed(&self) -> bool {
        self.changed
    }

    /// True where values are read.
    pub fn reads(&self) -> bool {
        matches!(self.way, Way::Read(_))
    }

    /// What was written.
    pub fn written(self) -> Vec<u8> {
        match self.way {
            Way::Write(bytes) => bytes,
            Way::Read(_) => Vec::new(),
        }
    }

    /// Bytes not read yet.
    pub fn left(&self) -> usize {
        match &self.way {
            Way::Write(_) => 0,
            Way::Read(bytes) => bytes.len(),
        }
    }

    /// Begins a section of `count` values in writing; gives its bytes in reading.
    fn section(&mut self, name: &str, kind: u8, count: usize) -> Result<Option<&'a [u8]>, Misfit> {
        match &mut self.way {
            Way::Write(out) => {
                out.extend((name.len() as u16).to_le_bytes());
                out.extend(&name.as_bytes()[..name.len().min(usize::from(u16::MAX))]);
                out.push(kind);
                out.extend((count as u64).to_le_bytes());
                out.reserve(count * size(kind));
                Ok(None)
            }
            Way::Read(bytes) => {
                let mut rest = *bytes;
                let Some(head) = take(&mut rest, 2) else { return misfit(name, "is missing") };
                let length = usize::from(u16::from_le_bytes([head[0], head[1]]));
                let Some(found) = take(&mut rest, length) else {
                    return misfit(name, "is cut short");
                };
                if found != name.as_bytes() {
                    let found = String::from_utf8_lossy(found);
                    return misfit(name, format!("`{found}` stands in its place"));
                }
                let Some(head) = take(&mut rest, 9) else { return misfit(name, "is cut short") };
                if head[0] != kind {
                    return misfit(name, "has another type");
                }
                let count = chunks!(head[1..], u64).next().unwrap_or(0);
                let bytes_of = usize::try_from(count).ok().and_then(|c| c.checked_mul(size(kind)));
                let Some(values) = bytes_of.and_then(|n| take(&mut rest, n)) else {
                    return misfit(name, "is cut short");
                };
                *bytes = rest;
                Ok(Some(values))
            }
        }
    }

    fn put(&mut self, bytes: impl IntoIterator<Item = u8>) {
        if let Way::Write(out) = &mut self.way {
            out.extend(bytes);
        }
    }

    /// Refuses what was read where the next steps cannot be computed from it.
    pub fn computable(
        &self,
        name: &str,
        values: impl IntoIterator<Item = f64>,
    ) -> Result<(), Misfit> {
        // A NaN is no smaller.
        if self.reads() && !values.into_iter().all(|v| v.abs() <= LARGEST) {
            return misfit(name, "holds what no run computes with");
        }
        Ok(())
    }

    /// Numbers whose count belongs to the case.
    pub fn array(&mut self, name: &str, values: &mut [f64]) -> Result<(), Misfit> {
        match self.section(name, F64, values.len())? {
            None => self.put(values.iter().flat_map(|v| v.to_le_bytes())),
            Some(bytes) => {
                same_length(name, bytes.len() / 8, values.len())?;
                values.iter_mut().zip(chunks!(bytes, f64)).for_each(|(v, x)| *v = x);
            }
        }
        Ok(())
    }

    /// Numbers of any count.
    pub fn list(&mut self, name: &str, values: &mut Vec<f64>) -> Result<(), Misfit> {
        match self.section(name, F64, values.len())? {
            None => self.put(values.iter().flat_map(|v| v.to_le_bytes())),
            Some(bytes) => *values = chunks!(bytes, f64).collect(),
        }
        Ok(())
    }

    /// The same in single precision.
    pub fn list32(&mut self, name: &str, values: &mut Vec<f32>) -> Result<(), Misfit> {
        match self.section(name, F32, values.len())? {
            None => self.put(values.iter().flat_map(|v| v.to_le_bytes())),
            Some(bytes) => *values = chunks!(bytes, f32).collect(),
        }
        Ok(())
    }

    /// Values of the voxels of a grid, or none, as `keep` keeps them: as those of the whole, which a
    /// run with other symmetries reads, too.
    pub fn voxels<T: Copy + PartialEq>(
        &mut self,
        grid: &Grid,
        name: &str,
        values: &mut Vec<T>,
        keep: fn(&mut Self, &str, &mut Vec<T>) -> Result<(), Misfit>,
    ) -> Result<(), Misfit> {
        if grid.is_whole() {
            return keep(self, name, values);
        }
        let mut all = if values.is_empty() { Vec::new() } else { grid.spread(&values[..]) };
        keep(self, name, &mut all)?;
        if !self.reads() {
            return Ok(());
        }
        values.clear();
        if all.is_empty() {
            return Ok(());
        }
        if all.len() != grid.whole().len() {
            return misfit(name, "has not the size of a field");
        }
        *values = grid.gather(&all);
        if grid.spread(&values[..]) == all { Ok(()) } else { misfit(name, "is not symmetric") }
    }

    /// One number.
    pub fn number(&mut self, name: &str, value: &mut f64) -> Result<(), Misfit> {
        self.array(name, std::slice::from_mut(value))
    }

    /// A count.
    pub fn count(&mut self, name: &str, value: &mut usize) -> Result<(), Misfit> {
        match self.section(name, U64, 1)? {
            None => self.put((*value as u64).to_le_bytes()),
            Some(bytes) => {
                same_length(name, bytes.len() / 8, 1)?;
                let found = chunks!(bytes, u64).next().filter(|v| *v <= MOST);
                let found = found.and_then(|v| usize::try_from(v).ok());
                let Some(found) = found else { return misfit(name, "is too large") };
                *value = found;
            }
        }
        Ok(())
    }

    /// A count below `limit`: the number of a voxel.
    pub fn number_below(
        &mut self,
        name: &str,
        value: &mut usize,
        limit: usize,
    ) -> Result<(), Misfit> {
        self.count(name, value)?;
        if *value >= limit { misfit(name, format!("is not below {limit}")) } else { Ok(()) }
    }

    /// True or false.
    pub fn flag(&mut self, name: &str, value: &mut bool) -> Result<(), Misfit> {
        let mut number = usize::from(*value);
        self.number_below(name, &mut number, 2)?;
        *value = number == 1;
        Ok(())
    }

    /// How many values of a kind follow, each of at least one section.
    pub fn length(&mut self, name: &str, length: usize) -> Result<usize, Misfit> {
        let mut found = length;
        self.count(name, &mut found)?;
        if self.reads() && found > self.left() / SECTION {
            misfit(name, "is cut short")
        } else {
            Ok(found)
        }
    }

    /// A text.
    pub fn text(&mut self, name: &str, value: &mut String) -> Result<(), Misfit> {
        match self.section(name, TEXT, value.len())? {
            None => self.put(value.bytes()),
            Some(bytes) => {
                let Ok(text) = std::str::from_utf8(bytes) else {
                    return misfit(name, "is no text");
                };
                text.clone_into(value);
            }
        }
        Ok(())
    }

    /// A text that belongs to the case: what is read must be the same.
    pub fn same(&mut self, name: &str, value: &str) -> Result<(), Misfit> {
        let mut found = value.to_owned();
        self.text(name, &mut found)?;
        if found == value {
            Ok(())
        } else {
            misfit(name, format!("was `{found}` and is `{value}`"))
        }
    }

    /// A value that may be there or not, kept by `each`.
    pub fn option<T: Default>(
        &mut self,
        name: &str,
        value: &mut Option<T>,
        each: impl FnOnce(&mut Self, &mut T) -> Result<(), Misfit>,
    ) -> Result<(), Misfit> {
        let mut there = value.is_some();
        self.flag(name, &mut there)?;
        if there {
            return each(self, value.get_or_insert_default());
        }
        *value = None;
        Ok(())
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (first, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(first)
}

fn same_length(name: &str, found: usize, wanted: usize) -> Result<(), Misfit> {
    if found == wanted {
        Ok(())
    } else {
        misfit(name, format!("has {found} values where {wanted} belong"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, Default, PartialEq)]
    struct Sample {
        a: f64,
        n: usize,
        list: Vec<f64>,
        small: Vec<f32>,
        text: String,
        flag: bool,
        last: Option<f64>,
    }

    fn keep(s: &mut Sample, k: &mut Keeper) -> Result<(), Misfit> {
        k.number("a", &mut s.a)?;
        k.count("n", &mut s.n)?;
        k.list("list", &mut s.list)?;
        k.list32("small", &mut s.small)?;
        k.text("text", &mut s.text)?;
        k.flag("flag", &mut s.flag)?;
        k.option("last", &mut s.last, |k, v| k.number("last.value", v))
    }

    fn sample() -> Sample {
        Sample {
            a: -0.1,
            n: 7,
            list: vec![f64::MIN_POSITIVE, -0.0, f64::INFINITY],
            small: vec![1.5, 1e-40],
            text: "µm".into(),
            flag: true,
            last: Some(2.0),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for last in [None, Some(2.0)] {
            let mut one = Sample { last, ..sample() };
            let mut k = Keeper::write(Vec::new());
            keep(&mut one, &mut k).unwrap();
            let bytes = k.written();
            let mut two = Sample { last: Some(5.0), ..Sample::default() };
            let mut k = Keeper::read(&bytes, false);
            keep(&mut two, &mut k).unwrap();
            assert_eq!((one, 0), (two, k.left()));
        }
    }

    #[test]
    fn every_cut_and_every_wrong_byte_is_an_error_or_another_value() {
        let mut k = Keeper::write(Vec::new());
        keep(&mut sample(), &mut k).unwrap();
        let bytes = k.written();
        for n in 0..bytes.len() {
            let mut k = Keeper::read(&bytes[..n], false);
            assert!(keep(&mut Sample::default(), &mut k).is_err(), "cut at {n}");
            for byte in [0, 1, 0x7f, 0xff] {
                let mut wrong = bytes.clone();
                wrong[n] = byte;
                let _ = keep(&mut Sample::default(), &mut Keeper::read(&wrong, false));
            }
        }
    }

    #[test]
    fn counts_and_numbers_beyond_computing_do_not_fit() {
        let mut k = Keeper::write(Vec::new());
        for mut n in [1 << 53, (1 << 53) + 1, 2] {
            k.count("n", &mut n).unwrap();
        }
        let bytes = k.written();
        let mut k = Keeper::read(&bytes, false);
        assert!(k.count("n", &mut 0).is_ok());
        assert!(k.count("n", &mut 0).is_err());
        // Two sections cannot follow in one; nor any behind the last.
        let mut k = Keeper::read(&bytes[2 * bytes.len() / 3..], false);
        assert!(k.length("n", 0).is_err());
        for (value, good) in [(1e99, true), (-1e101, false), (f64::NAN, false)] {
            assert_eq!(k.computable("x", [0.0, value]).is_ok(), good);
            assert!(Keeper::write(Vec::new()).computable("x", [value]).is_ok());
        }
    }

    #[test]
    fn another_name_type_or_length_does_not_fit() {
        let mut k = Keeper::write(Vec::new());
        k.array("x", &mut [1.0, 2.0]).unwrap();
        let bytes = k.written();
        let read = || Keeper::read(&bytes, false);
        assert!(read().array("x", &mut [0.0; 2]).is_ok());
        assert!(read().array("y", &mut [0.0; 2]).unwrap_err().why.contains("`x` stands"));
        assert!(read().array("x", &mut [0.0; 3]).unwrap_err().why.contains("2 values where 3"));
        assert!(read().count("x", &mut 0).unwrap_err().why.contains("another type"));
    }
}
