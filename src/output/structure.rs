//! A structure as one static VTKHDF image: phase, and the share of pore where it is known.

use std::path::Path;

use super::frame::{self, Array, Layout, Values};
use super::{OutputError, Result};
use crate::geometry::structure::{Structure, WHOLE};
use crate::ground::grid::Grid;

/// Writes `structure` to `path`.
pub fn write(path: &Path, s: &Structure) -> Result<()> {
    let grid = Grid::cuboid(s.n, s.h);
    let layout = Layout::new(&grid, "structure", ("s", 1.0));
    let array = |name: &str, values| Array { name: name.into(), unit: "1".into(), values };
    let mut arrays = vec![array("phase", Values::U8(s.phase.clone()))];
    if let Some(partial) = &s.partial {
        let share = |p: &u8| (f64::from(*p) / WHOLE) as f32;
        arrays.push(array("pore_share", Values::F32(partial.pore.iter().map(share).collect())));
    }
    frame::fill(path, &layout, None, &arrays).map_err(|e| OutputError::hdf5(path, &e))
}
