//! The part of an interpolated correction that a voxel takes: 1, less beside a wall and where
//! reaction or storage holds it more than its neighbours do, 0 where there is no unknown.
//! Residuals are restricted with the same weights, so restriction stays the transpose.

use std::ops::Range;

use super::layout::Layout;
use super::operator::Operator;
use super::transfer::Transfer;
use crate::ground::grid::Face;
use crate::kernel;

/// Factors beside the walls: a value a voxel of each face of the grid, in the order of
/// [`Face::ALL`]; none where nothing passes the face.
#[derive(Debug, Default)]
pub struct Kept([Vec<f32>; 6]);

impl Kept {
    /// For walls of these voxels and conductances: a correction falls towards zero, which is what
    /// it is outside.
    pub fn set(
        &mut self,
        faces: &Operator,
        d: f32,
        transfer: Option<&Transfer>,
        walls: Option<&[Vec<(u32, f64)>; 6]>,
    ) {
        let [nx, ny, nz] = faces.layout.n;
        for (number, kept) in self.0.iter_mut().enumerate() {
            kept.clear();
            let (Some(transfer), Some(walls)) = (transfer, walls) else { continue };
            let face = Face::ALL[number];
            if walls[number].is_empty() {
                continue;
            }
            kept.resize([ny * nz, nx * nz, nx * ny][face.axis], 1.0);
            let whole = kept.len() == walls[number].len();
            let (mut last, mut value) = (f64::NAN, 1.0);
            for (count, entry) in walls[number].iter().enumerate() {
                let i = entry.0 as usize;
                let at = match face.axis {
                    _ if whole => count,
                    0 => i / nx,
                    1 => i / (nx * ny) * nx + i % nx,
                    _ => i % (nx * ny),
                };
                // Behind even faces equal walls are alike.
                if faces.uniform.is_none() || entry.1 != last {
                    last = entry.1;
                    let kept = toward_wall(faces, d, transfer, face, *entry);
                    value = kept.map_or(1.0, |k| k.max(0.5));
                }
                kept[at] = value;
            }
        }
    }

    /// Weighs rows of plane `k`.
    #[inline(always)]
    pub(super) fn weigh(&self, l: &Layout, rows: &Range<usize>, k: usize, out: &mut [f32]) {
        let [nx, ny, nz] = l.n;
        let [left, right, south, north, below, above] = &self.0;
        for (kept, i) in [(left, 0), (right, nx - 1)] {
            if !kept.is_empty() {
                let kept = &kept[k * ny..][rows.clone()];
                out.chunks_exact_mut(l.stride).zip(kept).for_each(|(row, kept)| row[i] *= kept);
            }
        }
        for (kept, j) in [(south, 0), (north, ny - 1)] {
            if rows.contains(&j) && !kept.is_empty() {
                let row = &mut out[(j - rows.start) * l.stride..];
                row.iter_mut().zip(&kept[k * nx..][..nx]).for_each(|(share, kept)| *share *= kept);
            }
        }
        for (kept, beside) in [(below, 0), (above, nz - 1)] {
            if k == beside && !kept.is_empty() {
                let kept = kept[rows.start * nx..].chunks_exact(nx);
                for (row, kept) in out.chunks_exact_mut(l.stride).zip(kept) {
                    row.iter_mut().zip(kept).for_each(|(share, kept)| *share *= kept);
                }
            }
        }
    }
}

/// From the centre of a coarse voxel, of value 1, to the outside, of value 0, the value at its child
/// beside a wall of conductance `g`: it falls by the part of the resistance that lies before the
/// child. `None` for a child alone in its coarse voxel, which has the same centre.
pub(super) fn toward_wall(
    faces: &Operator,
    d: f32,
    transfer: &Transfer,
    face: Face,
    (i, g): (u32, f64),
) -> Option<f32> {
    let (layout, a) = (faces.layout, face.axis);
    let last = layout.n[a] - 1;
    if !transfer.merges(a) || last == 0 || (face.end && last.is_multiple_of(2)) {
        return None;
    }
    let at = layout.at(i as usize);
    let upper = if face.end { at } else { at + [1, layout.stride, layout.plane()][a] };
    let between = faces.uniform.map_or_else(|| faces.faces[a][upper], |t| t[a]);
    let inner = 2.0 * d * between;
    Some(inner / (inner + g as f32))
}

/// The shares of a level.
#[derive(Clone, Copy)]
pub struct Share<'a> {
    /// Conductances.
    pub faces: &'a Operator,
    /// Their factor.
    pub d: f32,
    /// Inverse diagonal; 0 where there is no unknown.
    pub inverse: &'a [f32],
    /// Beside walls.
    pub kept: &'a Kept,
}

/// Share of a voxel, beside walls apart, by twice the sum of its conductances and its inverse diagonal.
#[inline(always)]
pub(super) fn share(twice: f32, inverse: f32) -> f32 {
    let share = twice * inverse;
    if share < 1.0 { share } else { 1.0 }
}

kernel! {
    /// Takes the shares of rows of plane `k`.
    pub fn weigh(of: &Share, rows: &Range<usize>, k: usize, values: &mut [f32]) {
        let l = &of.faces.layout;
        let twice = 2.0 * of.d;
        let inverse = l.span(l.view(of.inverse, k), rows);
        let total = of.faces.totals(rows, k);
        for ((v, total), inverse) in values.iter_mut().zip(total).zip(inverse) {
            *v *= share(twice * *total, *inverse);
        }
        of.kept.weigh(l, rows, k, values);
    }
}

kernel! {
    /// Adds the shares of interpolated corrections to rows of a view of plane `k`, into rows of
    /// another; the corrections are of these rows alone, and weighed beside walls after this.
    pub fn correct(of: &Share, rows: &Range<usize>, k: usize, x: &[f32], corrections: &mut [f32], out: &mut [f32]) {
        let l = &of.faces.layout;
        of.kept.weigh(l, rows, k, corrections);
        let n = rows.len() * l.stride;
        let twice = 2.0 * of.d;
        let (x, out) = (&l.span(x, rows)[..n], &mut l.span_mut(out, rows)[..n]);
        let (inverse, total) = (&l.span(l.view(of.inverse, k), rows)[..n], &of.faces.totals(rows, k)[..n]);
        let corrections = &corrections[..n];
        for i in 0..n {
            out[i] = x[i] + share(twice * total[i], inverse[i]) * corrections[i];
        }
    }
}
