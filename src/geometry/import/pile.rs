//! Slices on top of each other.

use super::Image;
use super::values::{Number, shape};
use crate::geometry::image::{Grey, Meaning};

/// The slices that have been read.
pub(super) struct Pile {
    /// Pixels along x, rows, slices.
    pub(super) n: [usize; 3],
    grey: Grey,
    most: u64,
    /// Edges of a voxel, m, from the first file.
    pub(super) voxel: Option<[f64; 3]>,
    /// What its values stand for.
    pub(super) meaning: Meaning,
}

/// Size and values of slices to come.
#[derive(Clone, Copy)]
pub(super) struct Page {
    /// Pixels along x and rows.
    pub(super) n: [usize; 2],
    /// Type of a pixel: one that is held as it is.
    pub(super) number: Number,
}

impl Page {
    /// Pixels.
    pub(super) fn pixels(&self) -> u64 {
        (self.n[0] as u64).saturating_mul(self.n[1] as u64)
    }
    /// Bytes of the pixels.
    pub(super) fn bytes(&self) -> u64 {
        self.pixels().saturating_mul(self.number.bytes())
    }
}

impl Pile {
    /// No slice yet; of all that come, at most `most` bytes will be held.
    pub(super) fn new(most: u64) -> Pile {
        Pile { n: [0; 3], grey: Grey::U8(Vec::new()), most, voxel: None, meaning: Meaning::Grey }
    }

    /// Refuses a page of another size or depth than those before it.
    pub(super) fn fits(&self, page: &Page) -> Result<(), String> {
        let [x, y, z] = self.n;
        if z > 0 && page.n != [x, y] {
            return Err(format!(
                "has {} × {} pixels, but the slices before it have {x} × {y}",
                page.n[0], page.n[1]
            ));
        }
        let number = match self.grey {
            Grey::U8(_) => Number::U8,
            Grey::U16(_) => Number::U16,
            Grey::I16(_) => Number::I16,
            Grey::F32(_) => Number::F32,
        };
        if z > 0 && page.number != number {
            let [own, before] = [page.number, number].map(|n| match n {
                Number::U8 => "8 bits",
                Number::U16 => "16 bits",
                Number::I16 => "16 bits with sign",
                _ => "32 bits",
            });
            return Err(format!(
                "has {own} a pixel, but the slices before it have {before}: save all in one depth"
            ));
        }
        Ok(())
    }

    /// Refuses `pages` more when all would take more bytes than may be held.
    pub(super) fn spares(&self, page: &Page, pages: u64) -> Result<(), String> {
        let all = page.pixels().saturating_mul(pages).saturating_add(self.grey.len() as u64);
        if all.saturating_mul(page.number.bytes()) <= self.most {
            return Ok(());
        }
        Err(format!("holds {all} voxels or more, which do not fit into memory"))
    }

    /// Adds a slice of a page that fits.
    pub(super) fn push(&mut self, page: &Page, slice: Grey) -> Result<(), String> {
        if slice.len() as u64 != page.pixels() {
            return Err("holds another number of pixels than it says".into());
        }
        match (&mut self.grey, slice) {
            (grey, first) if grey.is_empty() => *grey = first,
            (Grey::U8(all), Grey::U8(more)) => all.extend(more),
            (Grey::U16(all), Grey::U16(more)) => all.extend(more),
            (Grey::I16(all), Grey::I16(more)) => all.extend(more),
            (Grey::F32(all), Grey::F32(more)) => all.extend(more),
            _ => return Err("holds slices of several depths: save all in one".into()),
        }
        self.n = [page.n[0], page.n[1], self.n[2] + 1];
        Ok(())
    }

    /// All slices as an image.
    pub(super) fn image(self) -> Result<Image, String> {
        let n = shape(&self.n.map(|n| n as u64))?;
        Ok(Image { n, grey: self.grey, voxel: self.voxel, meaning: self.meaning })
    }
}
