//! Random blobs: smoothed noise, cut where the porosity is met.

use crate::geometry::make::raster::Raster;
use crate::geometry::make::{Refused, between, porous};
use crate::geometry::structure::Structure;
use crate::ground::par;
use crate::ground::random::Random;

/// Purpose of the random numbers of this family.
const PURPOSE: u64 = 4;

/// Blobs without shares: a voxel is pore or solid. Periodic.
///
/// White noise smoothed by three box filters along each axis, close to a Gaussian filter by the
/// central limit theorem. Neighbours with the correlation ρ lie on different sides of the mean with
/// the probability arccos(ρ)/π (Sheppard, Phil. Trans. R. Soc. A 192 (1899) 101), so the widths of
/// the filters set how far a line goes from one blob to the next. All is integer, hence the same
/// everywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blobs {
    /// Mean length of a line through a blob at the porosity 1/2, m; met to half a step of a filter's
    /// width, 5 % at 8 voxels and 2 % at 16.
    pub length: f64,
    /// Share of pore.
    pub porosity: f64,
    /// Chooses the noise.
    pub seed: u64,
}

/// Voxels that a line crosses in noise smoothed with these widths before it changes sides.
fn chord(widths: [usize; 3]) -> f64 {
    let mut kernel = vec![1.0];
    for width in widths {
        let mut wider = vec![0.0; kernel.len() + width - 1];
        let mut sum = 0.0;
        for i in 0..wider.len() {
            sum += kernel.get(i).unwrap_or(&0.0);
            sum -= i.checked_sub(width).and_then(|j| kernel.get(j)).unwrap_or(&0.0);
            wider[i] = sum;
        }
        kernel = wider;
    }
    let square: f64 = kernel.iter().map(|k| k * k).sum();
    let next: f64 = kernel.windows(2).map(|k| k[0] * k[1]).sum();
    std::f64::consts::PI / libm::acos(next / square)
}

/// Widths of three box filters, alike but for 1, whose chord is closest to `length` (voxels).
fn widths(length: f64) -> [usize; 3] {
    let of = |sum: usize| [0, 1, 2].map(|i| (sum + i) / 3);
    // From one step below: a chord is π √(11/20) widths of wide filters, that of quadratic splines.
    let mut sum = ((length / 2.4) as usize * 3).max(4) - 1;
    let mut off = (chord(of(sum)) - length).abs();
    loop {
        let next = (chord(of(sum + 1)) - length).abs();
        if next >= off {
            return of(sum);
        }
        (sum, off) = (sum + 1, next);
    }
}

/// Sums over `width` values around each on a ring, divided by `divisor` towards zero.
fn smooth_row(row: &mut [i64], width: usize, divisor: i64) {
    let n = row.len();
    let before = n - width / 2;
    let old = row.to_vec();
    let mut sum: i64 = (0..width).map(|i| old[(i + before) % n]).sum();
    for (i, value) in row.iter_mut().enumerate() {
        *value = sum / divisor;
        sum += old[(i + before + width) % n] - old[(i + before) % n];
    }
}

/// One box filter along an axis of `values`.
fn smooth(values: &mut [i64], n: [usize; 3], axis: usize, width: usize, divisor: i64) {
    let plane = n[0] * n[1];
    match axis {
        0 => par::planes(plane, values, |_, p| {
            p.chunks_mut(n[0]).for_each(|row| smooth_row(row, width, divisor));
        }),
        1 => par::planes(plane, values, |_, p| {
            let mut column = vec![0; n[1]];
            for i in 0..n[0] {
                (0..n[1]).for_each(|j| column[j] = p[j * n[0] + i]);
                smooth_row(&mut column, width, divisor);
                (0..n[1]).for_each(|j| p[j * n[0] + i] = column[j]);
            }
        }),
        _ => {
            let columns = par::map(n[1], n[0] * n[2], |j| {
                let mut all = Vec::with_capacity(n[0] * n[2]);
                for i in 0..n[0] {
                    let at = j * n[0] + i;
                    let mut column: Vec<i64> = (0..n[2]).map(|k| values[k * plane + at]).collect();
                    smooth_row(&mut column, width, divisor);
                    all.extend(column);
                }
                all
            });
            par::planes(plane, values, |k, p| {
                for (c, value) in p.iter_mut().enumerate() {
                    *value = columns[c / n[0]][c % n[0] * n[2] + k];
                }
            });
        }
    }
}

impl Blobs {
    /// Porosities between which both phases of a smooth random field percolate: about 0.16 each
    /// (Zallen and Scher, Phys. Rev. B 4 (1971) 4471).
    pub const LIMITS: [f64; 2] = [0.16, 0.84];

    /// The structure; shares are not known, whatever the samples of the raster.
    pub fn make(&self, raster: &Raster) -> Result<Structure, Refused> {
        porous("blobs", self.porosity, Self::LIMITS)?;
        let n = raster.n;
        let edges = raster.edges();
        let axes: Vec<usize> = (0..3).filter(|a| n[*a] > 1).collect();
        for a in &axes {
            // Narrower filters are no Gaussians; wider ones meet themselves around the box.
            between("length", self.length, [4.0 * raster.h[*a], edges[*a]], "4 voxels to the box")?;
        }
        let random = Random::new(self.seed, PURPOSE);
        let mut values = vec![0_i64; raster.len()];
        par::planes(raster.plane(), &mut values, |k, plane| {
            for (c, value) in plane.iter_mut().enumerate() {
                let word = random.block((k * raster.plane() + c) as u64)[0];
                *value = i64::from(word) - (1 << 31);
            }
        });
        let filters: Vec<_> =
            axes.iter().map(|a| (*a, widths(self.length / raster.h[*a]))).collect();
        for pass in 0..3 {
            for (a, widths) in &filters {
                let width = widths[pass];
                // The first pass takes √width off the deviation of noise, later ones little: so the
                // numbers keep their digits, and never pass 2³¹ √(n₁ n₂ n₃) < 2⁴⁷.
                let divisor = if pass == 0 { width.isqrt() } else { width };
                smooth(&mut values, n, *a, width, divisor as i64);
            }
        }
        let mut sorted = values.clone();
        let pores = (self.porosity * sorted.len() as f64).round() as usize;
        let pores = pores.min(sorted.len() - 1);
        let (_, level, _) = sorted.select_nth_unstable(pores);
        let level = *level;
        Ok(Structure::binary(n, raster.h, values.into_iter().map(|v| v < level)))
    }
}
