//! Slices on top of each other.

use super::Image;
use super::values::shape;
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

/// Size and depth of slices to come.
#[derive(Clone, Copy)]
pub(super) struct Page {
    /// Pixels along x and rows.
    pub(super) n: [usize; 2],
    /// Bytes of a pixel: 1 or 2.
    pub(super) depth: u64,
}

impl Page {
    /// Pixels.
    pub(super) fn pixels(&self) -> u64 {
        (self.n[0] as u64).saturating_mul(self.n[1] as u64)
    }
    /// Bytes of the pixels.
    pub(super) fn bytes(&self) -> u64 {
        self.pixels().saturating_mul(self.depth)
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
        let depth = if matches!(self.grey, Grey::U8(_)) { 1 } else { 2 };
        if z > 0 && page.depth != depth {
            return Err(format!(
                "has {} bits a pixel, but the slices before it have {}: save all in one depth",
                8 * page.depth,
                8 * depth
            ));
        }
        Ok(())
    }

    /// Refuses `pages` more when all would take more bytes than may be held.
    pub(super) fn spares(&self, page: &Page, pages: u64) -> Result<(), String> {
        let all = page.pixels().saturating_mul(pages).saturating_add(self.grey.len() as u64);
        if all.saturating_mul(page.depth) <= self.most {
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
