//! Structures by formula: pore where a function of the point lies above a level.

use crate::geometry::make::raster::Raster;
use crate::geometry::structure::Structure;
use crate::ground::par;

/// A function of the point.
pub trait Field: Sync {
    /// What the function needs of a coordinate; found once for each coordinate of an axis.
    type Place: Copy + Send + Sync;
    /// Prepares coordinate `x` (m) of an axis.
    fn place(&self, axis: usize, x: f64) -> Self::Place;
    /// The function at a point.
    fn value(&self, at: [&Self::Place; 3]) -> f64;
    /// A bound on its slope, 1/m times its own unit.
    fn slope(&self) -> f64;
    /// Bounds on its values.
    fn range(&self) -> [f64; 2];
    /// Edges of its cell, m; `None` along an axis on which it does not repeat.
    fn cell(&self) -> [Option<f64>; 3];
}

/// Where a field is cut: a level for each coordinate of an axis.
pub struct Cut<'a> {
    /// 0 x, 1 y, 2 z.
    pub axis: usize,
    /// Level at a coordinate, m.
    pub level: &'a (dyn Fn(f64) -> f64 + Sync),
}

/// Samples of a field that lie below levels: a histogram over a box, summed up.
pub struct Levels {
    low: f64,
    width: f64,
    /// Samples below the lower edge of each bin, and below the last edge.
    below: Vec<u64>,
}

/// Bins of the histogram.
const BINS: usize = 1 << 16;
/// Parts of the box with a histogram of their own.
const PARTS: usize = 16;

/// Voxels of one cell along each axis where the box has whole cells of whole voxels, else all.
fn cell_voxels<F: Field>(field: &F, raster: &Raster) -> [usize; 3] {
    let cell = field.cell();
    std::array::from_fn(|a| {
        let all = raster.n[a];
        let Some(edge) = cell[a] else { return all };
        let voxels = (edge / raster.h[a]).round();
        let whole = (voxels * raster.h[a] - edge).abs() < 1e-9 * edge;
        if !whole || voxels < 1.0 || voxels > all as f64 {
            return all;
        }
        let voxels = voxels as usize;
        if all.is_multiple_of(voxels) { voxels } else { all }
    })
}

/// Prepared coordinates of the three axes.
fn places<F: Field>(field: &F, raster: &Raster) -> [Vec<F::Place>; 3] {
    std::array::from_fn(|a| raster.stations(a).iter().map(|x| field.place(a, *x)).collect())
}

impl Levels {
    /// Samples a field at the points of a raster: of one cell if the box has whole cells of whole
    /// voxels.
    pub fn of<F: Field>(field: &F, raster: &Raster) -> Levels {
        let raster = Raster { n: cell_voxels(field, raster), ..raster.clone() };
        let [x, y, z] = places(field, &raster);
        let [low, high] = field.range();
        let width = (high - low) / BINS as f64;
        let nz = raster.n[2];
        let inside = |n: usize| (0..n).flat_map(|i| raster.inside(i)).collect::<Vec<usize>>();
        let (columns, rows) = (inside(raster.n[0]), inside(raster.n[1]));
        let count = |part: usize| {
            let mut counts = vec![0_u64; BINS];
            for k in part * nz / PARTS..(part + 1) * nz / PARTS {
                for c in raster.inside(k) {
                    for b in &rows {
                        for a in &columns {
                            let bin = (field.value([&x[*a], &y[*b], &z[c]]) - low) / width;
                            counts[(bin.max(0.0) as usize).min(BINS - 1)] += 1;
                        }
                    }
                }
            }
            counts
        };
        let parts = par::map(PARTS, raster.len() * raster.samples.pow(3) / PARTS, count);
        let mut below = vec![0_u64; BINS + 1];
        for bin in 0..BINS {
            let here: u64 = parts.iter().map(|p| p[bin]).sum();
            below[bin + 1] = below[bin] + here;
        }
        Levels { low, width, below }
    }

    /// Share of samples above a level: the porosity there.
    pub fn porosity(&self, level: f64) -> f64 {
        let at = ((level - self.low) / self.width).clamp(0.0, BINS as f64);
        let bin = (at as usize).min(BINS - 1);
        let part = at - bin as f64;
        let (low, high) = (self.below[bin] as f64, self.below[bin + 1] as f64);
        1.0 - (low + part * (high - low)) / self.below[BINS] as f64
    }

    /// The level above which the share `porosity` of the samples lies.
    pub fn level(&self, porosity: f64) -> f64 {
        let wanted = (1.0 - porosity) * self.below[BINS] as f64;
        let after = self.below.partition_point(|b| (*b as f64) < wanted).clamp(1, BINS);
        let (low, high) = (self.below[after - 1] as f64, self.below[after] as f64);
        // Samples that are alike by symmetry share a bin; the nearer side of them is taken.
        let edge = if wanted - low < high - wanted { after - 1 } else { after };
        self.low + edge as f64 * self.width
    }
}

/// The structure with pore where the field lies above the level.
///
/// Points are sampled only in voxels that may hold some of the surface: a field whose centre
/// differs from the level by more than the slope allows is alike in all of the voxel.
pub fn fill<F: Field>(field: &F, cut: &Cut, raster: &Raster) -> Structure {
    let [x, y, z] = places(field, raster);
    let levels: Vec<f64> = raster.stations(cut.axis).iter().map(|x| (cut.level)(*x)).collect();
    let pore_at = |at: [usize; 3]| {
        u32::from(field.value([&x[at[0]], &y[at[1]], &z[at[2]]]) > levels[at[cut.axis]])
    };
    // How far the level moves away from that of the centre, within each voxel along the axis.
    let moves: Vec<f64> = levels
        .chunks(raster.stride())
        .map(|v| v.iter().fold(0.0, |m: f64, l| m.max((l - v[0]).abs())))
        .collect();
    let margin = field.slope() * raster.reach();
    let (mut pore, mut aperture) = raster.blank();
    let [ax, ay, az] = &mut aperture;
    let sampled = raster.samples > 1;
    let mut outs: Vec<&mut [u8]> = vec![&mut pore];
    if sampled {
        outs.extend([&mut ax[..], &mut ay[..], &mut az[..]]);
    }
    par::planes_many_map(raster.plane(), outs, |k, outs| {
        for c in 0..raster.plane() {
            let voxel = [c % raster.n[0], c / raster.n[0], k];
            let at = voxel.map(|i| raster.centre(i));
            let above = field.value([&x[at[0]], &y[at[1]], &z[at[2]]]) - levels[at[cut.axis]];
            if !sampled || above.abs() > margin + moves[voxel[cut.axis]] {
                for out in outs.iter_mut() {
                    out[c] = if above > 0.0 { 255 } else { 0 };
                }
                continue;
            }
            let inside = voxel.map(|i| raster.inside(i));
            let count = |box_: [std::ops::Range<usize>; 3]| {
                let mut pore = 0;
                for l in box_[2].clone() {
                    for j in box_[1].clone() {
                        for i in box_[0].clone() {
                            pore += pore_at([i, j, l]);
                        }
                    }
                }
                pore
            };
            outs[0][c] = raster.share(count(inside.clone()), 3);
            for a in 0..3 {
                let face = raster.face(voxel[a]);
                let mut points = inside.clone();
                points[a] = face..face + 1;
                outs[a + 1][c] = raster.share(count(points), 2);
            }
        }
    });
    raster.structure(pore, aperture)
}
