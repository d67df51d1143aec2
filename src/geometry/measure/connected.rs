//! Which part of a phase is connected, to what, and in how many pieces.

use super::field::Field;
use crate::geometry::components::label;
use crate::ground::grid::Grid;

/// A phase whose voxels are joined through their sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Connected {
    /// Pieces.
    pub count: usize,
    /// Part of the voxels of the phase in the largest piece; 0 without the phase.
    pub largest: f64,
    /// Part of the voxels of the phase in pieces that reach from end to end along x, y, z; the
    /// phase percolates where it is above 0.
    pub across: [f64; 3],
    /// Part of the voxels of the phase in pieces that reach a side of the box. Sides along an axis
    /// of one voxel do not count.
    pub outside: f64,
    /// Share of pore in the box that lies in pieces that do not: closed porosity, of the pores.
    pub closed: f64,
}

/// Pieces of the pore, or of the solid. Takes 5 bytes a voxel.
pub(super) fn connected(field: &Field, pore: bool) -> Connected {
    let open: Vec<bool> = (0..field.len()).map(|v| field.is_pore(v) == pore).collect();
    let grid = Grid::cuboid(field.n, field.h);
    let parts = label(&grid, &open);
    drop(open);
    let total = parts.sizes.iter().sum::<usize>().max(1) as f64;
    let part = |keep: &dyn Fn(&[bool; 6]) -> bool| {
        let kept = parts.sizes.iter().zip(&parts.touches).filter(|(_, t)| keep(t));
        kept.map(|(size, _)| *size).sum::<usize>() as f64 / total
    };
    let reaches = |t: &[bool; 6]| (0..3).any(|a| field.n[a] > 1 && (t[2 * a] || t[2 * a + 1]));
    let closed = if pore {
        let inner = parts.label.iter().zip(field.pore.iter());
        let shares = inner.filter(|(l, _)| **l > 0 && !reaches(&parts.touches[**l as usize - 1]));
        shares.map(|(_, s)| u64::from(*s)).sum::<u64>() as f64 / 255.0 / field.len() as f64
    } else {
        0.0
    };
    Connected {
        count: parts.count,
        largest: parts.sizes.iter().copied().max().unwrap_or(0) as f64 / total,
        across: std::array::from_fn(|a| part(&|t| field.n[a] > 1 && t[2 * a] && t[2 * a + 1])),
        outside: part(&reaches),
        closed,
    }
}
