//! Pictures of a structure for people: its middle planes, and how it looks from a corner.

mod slices;
mod view;

use crate::geometry::structure::Structure;

pub use self::slices::slices;
pub use self::view::view;

/// Colours of pore and of the first solids; others begin anew with the first solid.
const PORE: [f64; 3] = [0.11, 0.13, 0.19];
const SOLIDS: [[f64; 3]; 5] = [
    [0.91, 0.83, 0.68],
    [0.36, 0.62, 0.76],
    [0.83, 0.48, 0.38],
    [0.55, 0.70, 0.45],
    [0.68, 0.56, 0.78],
];
/// Colours of lines along x, y, z.
const AXES: [[f64; 3]; 3] = [[0.80, 0.20, 0.18], [0.18, 0.56, 0.24], [0.16, 0.36, 0.80]];
/// What lies behind.
const PAPER: [f64; 3] = [1.0; 3];

/// An image of 8 bits a colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green, blue of each pixel, row by row from the top.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// From rows of colours of 0 to 1.
    fn new(width: usize, rows: &[Vec<[f64; 3]>]) -> Picture {
        let bytes = |c: &[f64; 3]| c.map(|c| (c.clamp(0.0, 1.0) * 255.0).round() as u8);
        Picture { width, height: rows.len(), rgb: rows.iter().flatten().flat_map(bytes).collect() }
    }
}

/// Share of pore in a voxel, 0 to 1.
fn pore(s: &Structure, at: [usize; 3]) -> f64 {
    s.pore((at[2] * s.n[1] + at[1]) * s.n[0] + at[0])
}

/// Colour of the solid in a voxel.
fn solid(s: &Structure, at: [usize; 3]) -> [f64; 3] {
    let phase = usize::from(s.phase[(at[2] * s.n[1] + at[1]) * s.n[0] + at[0]]);
    SOLIDS[phase.saturating_sub(1) % SOLIDS.len()]
}

/// `a` and the part `part` of the way to `b`.
fn blend(a: [f64; 3], b: [f64; 3], part: f64) -> [f64; 3] {
    std::array::from_fn(|c| a[c] + (b[c] - a[c]) * part)
}

impl Picture {
    /// Writes it as PNG.
    pub fn png(&self, out: impl std::io::Write) -> std::io::Result<()> {
        let mut encoder = png::Encoder::new(out, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(&self.rgb)?;
        Ok(())
    }
}
