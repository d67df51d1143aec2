//! Arrays of the multigrid: rows padded with zeros, so that no sweep treats the ends of a row
//! apart and every row is a whole number of vectors.

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

    /// `count` rows of a view from `j` on, to write.
    #[inline(always)]
    pub fn rows_mut<'v, T>(&self, view: &'v mut [T], j: usize, count: usize) -> &'v mut [T] {
        &mut view[LEAD + j * self.stride..][..count * self.stride]
    }

    /// Row `j` of a view shifted to the left neighbours of its voxels.
    #[inline(always)]
    pub fn left<'v, T>(&self, view: &'v [T], j: usize) -> &'v [T] {
        &view[LEAD - 1 + j * self.stride..][..self.stride]
    }

    /// Row `j` of a view shifted to the right neighbours of its voxels.
    #[inline(always)]
    pub fn right<'v, T>(&self, view: &'v [T], j: usize) -> &'v [T] {
        &view[LEAD + 1 + j * self.stride..][..self.stride]
    }

    /// Rows south and north of row `j`; `zero`, a view, beyond the grid.
    #[inline(always)]
    pub fn beside<'v, T>(&self, view: &'v [T], zero: &'v [T], j: usize) -> [&'v [T]; 2] {
        let south = if j > 0 { self.row(view, j - 1) } else { self.row(zero, 0) };
        let north = if j + 1 < self.n[1] { self.row(view, j + 1) } else { self.row(zero, 0) };
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
    pub fn store<T: Copy>(
        &self,
        view: &[T],
        rows: std::ops::Range<usize>,
        body: &mut [T],
        plane: usize,
    ) {
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
