//! What flows out of voxels through the faces between them, row by row.

use crate::kernel;
use crate::numerics::flux::OnFaces;

/// The fluxes through all faces, from the lower to the higher voxel.
#[derive(Clone, Copy)]
pub(super) enum Through<'a> {
    /// Known ones.
    Known(&'a OnFaces),
    /// A·v_low − B·v_high, and what flows besides, if anything does.
    By([&'a OnFaces; 2], Option<&'a OnFaces>),
    /// |A·v_low| + |B·v_high|, which counts for both voxels: what round-off is in proportion to.
    Sizes([&'a OnFaces; 2]),
}

impl Through<'_> {
    /// Writes what flows out of the voxels of plane `k` of a grid of `n` voxels.
    pub(super) fn plane(self, n: [usize; 3], v: &[f64], k: usize, out: &mut [f64]) {
        let [nx, ny, nz] = n;
        let plane = nx * ny;
        let flux = |axis: usize, faces: usize, v: [&[f64]; 2], flux: &mut [f64]| {
            let at = faces..faces + flux.len();
            match self {
                Through::Known(known) => flux.copy_from_slice(&known[axis][at]),
                Through::By(by, beside) => {
                    carry(by.map(|by| &by[axis][at.clone()]), v, false, flux);
                    if let Some(beside) = beside {
                        flux.iter_mut().zip(&beside[axis][at]).for_each(|(f, more)| *f += more);
                    }
                }
                Through::Sizes(by) => carry(by.map(|by| &by[axis][at.clone()]), v, true, flux),
            }
        };
        let into = if matches!(self, Through::Sizes(_)) { 1.0 } else { -1.0 };
        let here = &v[k * plane..][..plane];
        out.fill(0.0);
        let mut row = vec![0.0; plane];
        let along = &mut row[..nx - 1];
        for j in 0..ny {
            let (own, out) = (&here[j * nx..][..nx], &mut out[j * nx..][..nx]);
            flux(0, (k * ny + j) * (nx + 1) + 1, [&own[..nx - 1], &own[1..]], along);
            out.iter_mut().zip(&*along).for_each(|(o, f)| *o += f);
            out[1..].iter_mut().zip(&*along).for_each(|(o, f)| *o += into * f);
        }
        let across = &mut row[..plane - nx];
        flux(1, (k * (ny + 1) + 1) * nx, [&here[..plane - nx], &here[nx..]], across);
        out.iter_mut().zip(&*across).for_each(|(o, f)| *o += f);
        out[nx..].iter_mut().zip(&*across).for_each(|(o, f)| *o += into * f);
        if k > 0 {
            flux(2, k * plane, [&v[(k - 1) * plane..][..plane], here], &mut row);
            out.iter_mut().zip(&row).for_each(|(o, f)| *o += into * f);
        }
        if k + 1 < nz {
            flux(2, (k + 1) * plane, [here, &v[(k + 1) * plane..][..plane]], &mut row);
            out.iter_mut().zip(&row).for_each(|(o, f)| *o += f);
        }
    }
}

kernel! {
    /// A·v_low − B·v_high, or the sum of their sizes.
    fn carry(by: [&[f64]; 2], v: [&[f64]; 2], sizes: bool, out: &mut [f64]) {
        let n = out.len();
        let (by, v) = (by.map(|by| &by[..n]), v.map(|v| &v[..n]));
        if sizes {
            for i in 0..n {
                out[i] = (by[0][i] * v[0][i]).abs() + (by[1][i] * v[1][i]).abs();
            }
        } else {
            for i in 0..n {
                out[i] = by[0][i] * v[0][i] - by[1][i] * v[1][i];
            }
        }
    }
}
