//! A banded matrix of outflow, solved directly: for thin grids, and where a cycle does not get on.

use super::flux::{OnFaces, around};

/// Most multiplications of a factorization.
const MOST: usize = 200_000_000;
/// Most entries that are kept, 64 MB.
const ENTRIES: usize = 8_000_000;

/// L and U of a matrix on the voxels of a grid, without pivoting: an outflow matrix needs none. The
/// longest axis comes last, so the band is as wide as the two others' product.
#[derive(Debug, Default)]
pub struct Band {
    n: [usize; 3],
    /// Distance between neighbours along each axis in the order of the unknowns.
    stride: [usize; 3],
    width: usize,
    /// Rows of 2·width + 1 entries, the diagonal in the middle.
    a: Vec<f64>,
    x: Vec<f64>,
}

/// Axes from the shortest to the longest.
fn ascending(n: [usize; 3]) -> [usize; 3] {
    let mut axes = [0, 1, 2];
    axes.sort_by_key(|&a| n[a]);
    axes
}

/// Width of the band of a grid.
pub fn width(n: [usize; 3]) -> usize {
    let [a, b, _] = ascending(n);
    n[a] * n[b]
}

/// True where a factorization takes a fraction of a second at most.
pub fn affordable(n: [usize; 3]) -> bool {
    let (count, width) = (n.iter().product::<usize>(), width(n));
    count.saturating_mul(width * width) <= MOST && count * (2 * width + 1) <= ENTRIES
}

impl Band {
    /// Factors the matrix of what flows out through faces, `low` and `high` being the coefficients
    /// of the lower and the higher voxel, with this inverse diagonal (0 where there is no unknown).
    pub fn factor(&mut self, n: [usize; 3], low: &OnFaces, high: &OnFaces, inverse: &[f64]) {
        let axes = ascending(n);
        let mut stride = 1;
        for axis in axes {
            self.stride[axis] = stride;
            stride *= n[axis];
        }
        (self.n, self.width) = (n, width(n));
        let (count, width) = (inverse.len(), self.width);
        let row = 2 * width + 1;
        self.a.clear();
        self.a.resize(count * row, 0.0);
        self.x.resize(count, 0.0);
        let mut scale = vec![1.0; count];
        for index in 0..count {
            let at = self.at(index);
            if inverse[index] > 0.0 {
                scale[at] = 1.0 / inverse[index];
            }
            self.a[at * row + width] = scale[at];
            around(n, index, |side, above| {
                let (other, factor) = if above {
                    (side.high, high[side.axis][side.face])
                } else {
                    (side.low, low[side.axis][side.face])
                };
                let other = self.at(other);
                self.a[at * row + width + other - at] = -factor;
            });
        }
        for p in 0..count {
            let (above, below) = self.a.split_at_mut((p + 1) * row);
            let own = &mut above[p * row..][width..];
            let reach = width.min(count - 1 - p);
            // A closed group without storage is known but for a constant: 0.
            let known = own[0] > 1e-14 * scale[p];
            if !known {
                own[0] = f64::INFINITY;
            }
            for m in 1..=reach {
                let other = &mut below[(m - 1) * row..][width - m..][..=reach];
                if other[0] == 0.0 {
                    continue;
                }
                let factor = if known { other[0] / own[0] } else { 0.0 };
                other[0] = factor;
                for (x, u) in other[1..].iter_mut().zip(&own[1..=reach]) {
                    *x -= factor * *u;
                }
            }
        }
    }

    /// Place of a voxel in the order of the unknowns.
    fn at(&self, index: usize) -> usize {
        let [nx, ny, _] = self.n;
        let [sx, sy, sz] = self.stride;
        index % nx * sx + index / nx % ny * sy + index / (nx * ny) * sz
    }

    /// x ← A⁻¹x.
    pub fn solve(&mut self, x: &mut [f64]) {
        let (count, width) = (x.len(), self.width);
        let row = 2 * width + 1;
        let mut own = std::mem::take(&mut self.x);
        for (index, x) in x.iter().enumerate() {
            own[self.at(index)] = *x;
        }
        for p in 0..count {
            let reach = width.min(p);
            let l = &self.a[p * row + width - reach..][..reach];
            let known: f64 = l.iter().zip(&own[p - reach..p]).map(|(l, x)| l * x).sum();
            own[p] -= known;
        }
        for p in (0..count).rev() {
            let reach = width.min(count - 1 - p);
            let u = &self.a[p * row + width..][..=reach];
            let known: f64 = u[1..].iter().zip(&own[p + 1..]).map(|(u, x)| u * x).sum();
            own[p] = (own[p] - known) / u[0];
        }
        for (index, x) in x.iter_mut().enumerate() {
            *x = own[self.at(index)];
        }
        self.x = own;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::flux::on_faces;

    /// A x is made from a known x, whatever axis is the longest.
    #[test]
    fn solves_what_it_factors() {
        for n in [[7, 1, 1], [3, 5, 1], [4, 2, 6], [6, 5, 3], [1, 1, 9]] {
            let count = n.iter().product();
            let noise = |i: usize| ((i * 7919 + 13) % 101) as f64 / 101.0;
            let (mut low, mut high) = (on_faces(n), on_faces(n));
            for (axis, faces) in low.iter_mut().enumerate() {
                faces.iter_mut().enumerate().for_each(|(i, v)| *v = noise(i + 31 * axis));
            }
            for (axis, faces) in high.iter_mut().enumerate() {
                faces.iter_mut().enumerate().for_each(|(i, v)| *v = noise(3 * i + axis + 5));
            }
            let wanted: Vec<f64> = (0..count).map(|i| noise(5 * i + 2) - 0.4).collect();
            let (mut b, mut inverse) = (vec![0.0; count], vec![0.0; count]);
            for i in 0..count {
                let mut diagonal = 0.01 + noise(i);
                let mut sum = 0.0;
                around(n, i, |side, above| {
                    let (l, h) = (low[side.axis][side.face], high[side.axis][side.face]);
                    let (own, other, from) =
                        if above { (l, h, side.high) } else { (h, l, side.low) };
                    diagonal += own;
                    sum += other * wanted[from];
                });
                b[i] = diagonal * wanted[i] - sum;
                inverse[i] = 1.0 / diagonal;
            }
            let mut band = Band::default();
            band.factor(n, &low, &high, &inverse);
            band.solve(&mut b);
            for (found, wanted) in b.iter().zip(&wanted) {
                assert!((found - wanted).abs() < 1e-11, "{n:?}: {found} {wanted}");
            }
        }
        assert!(affordable([1_000_000, 1, 1]) && affordable([12, 12, 12]));
        assert!(!affordable([64, 64, 64]) && !affordable([400, 400, 1]));
    }
}
