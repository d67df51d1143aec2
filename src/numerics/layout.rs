//! Arrays of the multigrid: rows padded with zeros, so that no sweep treats the ends of a row
//! apart and every row is a whole number of vectors.

use std::ops::Range;

/// Zeros before the first row and behind the last.
const LEAD: usize = 8;

/// Where the voxels of a grid stand in a padded array.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Layout {
    /// Voxels along x, y, z.
    pub n: [usize; 3],
    /// Length of a row with its padding: at least one zero, a multiple of 8.
    pub stride: usize,
}

impl Layout {
    /// Layout of a grid.
    pub fn new(n: [usize; 3]) -> Layout {
        Layout { n, stride: (n[0] + 1).next_multiple_of(8) }
    }

    /// Length of a plane.
    pub fn plane(&self) -> usize {
        self.stride * self.n[1]
    }

    /// Length of an array.
    pub fn len(&self) -> usize {
        self.plane() * self.n[2] + 2 * LEAD
    }

    /// True for a grid without voxels.
    pub fn is_empty(&self) -> bool {
        self.n.contains(&0)
    }

    /// Length of a view of one plane.
    pub fn view_len(&self) -> usize {
        self.plane() + 2 * LEAD
    }

    /// Place of voxel `i`, counted without padding.
    pub fn at(&self, i: usize) -> usize {
        LEAD + i / self.n[0] * self.stride + i % self.n[0]
    }

    /// Places from the start of some rows of voxels counted from there without padding, asked for in
    /// their order: no division each.
    #[inline(always)]
    pub fn places(&self) -> impl FnMut(usize) -> usize + use<> {
        let (nx, more) = (self.n[0], self.stride - self.n[0]);
        // End of the row of a voxel, and padding before it.
        let (mut end, mut padding) = (nx, 0);
        move |i| {
            while i >= end {
                (end, padding) = (end + nx, padding + more);
            }
            i + padding
        }
    }

    /// Plane `k` of an array with the zeros before it.
    #[inline(always)]
    pub fn view<'v, T>(&self, v: &'v [T], k: usize) -> &'v [T] {
        &v[k * self.plane()..][..self.view_len()]
    }

    /// Planes below, at and above `k`; `zero` beyond the grid.
    #[inline(always)]
    pub fn around<'v, T>(&self, v: &'v [T], zero: &'v [T], k: usize) -> [&'v [T]; 3] {
        let below = if k > 0 { self.view(v, k - 1) } else { zero };
        let above = if k + 1 < self.n[2] { self.view(v, k + 1) } else { zero };
        [below, self.view(v, k), above]
    }

    /// Row `j` of a view.
    #[inline(always)]
    pub fn row<'v, T>(&self, view: &'v [T], j: usize) -> &'v [T] {
        &view[LEAD + j * self.stride..][..self.stride]
    }

    /// Rows of a view.
    #[inline(always)]
    pub fn span<'v, T>(&self, view: &'v [T], rows: &Range<usize>) -> &'v [T] {
        &view[LEAD + rows.start * self.stride..][..rows.len() * self.stride]
    }

    /// Rows of a view shifted to the left neighbours of their voxels.
    #[inline(always)]
    pub fn left<'v, T>(&self, view: &'v [T], rows: &Range<usize>) -> &'v [T] {
        &view[LEAD - 1 + rows.start * self.stride..][..rows.len() * self.stride]
    }

    /// Rows of a view shifted to the right neighbours of their voxels.
    #[inline(always)]
    pub fn right<'v, T>(&self, view: &'v [T], rows: &Range<usize>) -> &'v [T] {
        &view[LEAD + 1 + rows.start * self.stride..][..rows.len() * self.stride]
    }

    /// `rows` in runs that are swept as one long row: the first and the last row of a plane lack a
    /// neighbour and stand alone. Some are empty.
    #[inline(always)]
    pub fn runs(&self, rows: &Range<usize>) -> [Range<usize>; 3] {
        let Range { start, end } = *rows;
        let first = end.min(1).max(start);
        let last = (self.n[1] - 1).clamp(first, end);
        [start..first, first..last, last..end]
    }

    /// `rows` in pieces that stay in the nearest cache of a core.
    pub fn pieces(&self, rows: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
        let (step, end) = ((2048 / self.stride).max(1), rows.end);
        rows.clone().step_by(step).map(move |j| j..end.min(j + step))
    }

    /// Rows of a view to write.
    #[inline(always)]
    pub fn span_mut<'v, T>(&self, view: &'v mut [T], rows: &Range<usize>) -> &'v mut [T] {
        &mut view[LEAD + rows.start * self.stride..][..rows.len() * self.stride]
    }

    /// Row `j` of a view, to write.
    #[inline(always)]
    pub fn row_mut<'v, T>(&self, view: &'v mut [T], j: usize) -> &'v mut [T] {
        &mut view[LEAD + j * self.stride..][..self.stride]
    }

    /// The rows of a view, to write.
    #[inline(always)]
    pub fn rows<T>(view: &mut [T]) -> &mut [T] {
        &mut view[LEAD..]
    }

    /// The rows south and north of one of [`Layout::runs`]; `edge`, as long, beyond the grid.
    #[inline(always)]
    pub fn beside<'v, T>(&self, view: &'v [T], edge: &'v [T], run: &Range<usize>) -> [&'v [T]; 2] {
        let south =
            if run.start > 0 { self.span(view, &(run.start - 1..run.end - 1)) } else { edge };
        let north =
            if run.end < self.n[1] { self.span(view, &(run.start + 1..run.end + 1)) } else { edge };
        [south, north]
    }

    /// The planes of an array, to write.
    pub fn body<'v, T>(&self, v: &'v mut [T]) -> &'v mut [T] {
        &mut v[LEAD..][..self.plane() * self.n[2]]
    }

    /// The planes of an array.
    pub fn body_of<'v, T>(&self, v: &'v [T]) -> &'v [T] {
        &v[LEAD..][..self.plane() * self.n[2]]
    }

    /// Writes rows of a view to the same rows of plane `plane` of a body.
    #[inline(always)]
    pub fn store<T: Copy>(&self, view: &[T], rows: Range<usize>, body: &mut [T], plane: usize) {
        let (start, end) = (rows.start * self.stride, rows.end * self.stride);
        body[plane * self.plane() + start..plane * self.plane() + end]
            .copy_from_slice(&view[LEAD + start..LEAD + end]);
    }

    /// Sets the length of an array; what is new is zero.
    pub fn fit<T: Copy + Default>(&self, v: &mut Vec<T>) {
        if v.len() != self.len() {
            // Fresh zeros come from the system: the threads that fill them touch them first.
            *v = vec![T::default(); self.len()];
        }
    }

    /// A padded copy of values a voxel.
    pub fn pad<T: Copy + Default>(&self, values: &[T]) -> Vec<T> {
        let mut out = Vec::new();
        self.fit(&mut out);
        let rows = self.body(&mut out).chunks_exact_mut(self.stride);
        for (row, values) in rows.zip(values.chunks_exact(self.n[0])) {
            row[..values.len()].copy_from_slice(values);
        }
        out
    }
}
