//! The conductances of one level in single precision, as the sweeps of the multigrid read them:
//! at each voxel the faces to its lower neighbours.

use std::ops::Range;

use super::layout::Layout;
use super::stencil::Faces;
use crate::ground::grid::position;
use crate::ground::par;

/// Conductances of a level, rows padded.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Where voxels stand.
    pub layout: Layout,
    /// Conductances along x, y, z where all faces between open voxels are equal.
    pub uniform: Option<[f32; 3]>,
    /// True where some voxels are closed.
    closed: bool,
    /// Conductances to the lower neighbours along x, y, z; empty where uniform.
    pub faces: [Vec<f32>; 3],
    /// Sums of the conductances around the voxels; between even faces planes that see the same are
    /// held once.
    total: Vec<f32>,
    /// Planes of `total`.
    planes: usize,
    /// A plane of zeros.
    zero: Vec<f32>,
}

impl Operator {
    /// From the faces of a level.
    pub fn new(faces: &Faces<f32>) -> Operator {
        let layout = Layout::new(faces.n);
        let [nx, ny, nz] = faces.n;
        let plane = nx * ny;
        let alike = faces.even() && faces.ends.is_empty() && nz > 3;
        // The first, one within, the last.
        let planes: Vec<usize> = if alike { vec![0, 1, nz - 1] } else { (0..nz).collect() };
        let shape = Layout { n: [nx, ny, planes.len()], stride: layout.stride };
        let mut total = Vec::new();
        shape.fit(&mut total);
        par::planes(shape.plane(), shape.body(&mut total), |k, p| {
            for (j, row) in p.chunks_exact_mut(layout.stride).enumerate() {
                faces.sum_row(j, planes[k], &mut row[..nx]);
            }
        });
        for &(i, _, t) in &faces.ends {
            total[layout.at(i as usize)] += t;
        }
        let lower = if faces.uniform.is_some() {
            Default::default()
        } else {
            let [x, y, z] = &faces.arrays;
            let x: Vec<f32> = x.chunks_exact(nx + 1).flat_map(|r| &r[..nx]).copied().collect();
            let y: Vec<f32> =
                y.chunks_exact(nx * (ny + 1)).flat_map(|p| &p[..plane]).copied().collect();
            [layout.pad(&x), layout.pad(&y), layout.pad(&z[..plane * nz])]
        };
        Operator {
            layout,
            uniform: faces.uniform,
            closed: faces.closed,
            faces: lower,
            total,
            planes: planes.len(),
            zero: vec![0.0; layout.view_len()],
        }
    }

    /// The faces in double precision, seams apart; `closed` where some voxels are.
    pub fn faces(&self, closed: bool) -> Faces<f64> {
        let n = self.layout.n;
        let mut faces = Faces {
            n,
            arrays: Default::default(),
            uniform: self.uniform.map(|t| t.map(f64::from)),
            closed,
            pairs: Vec::new(),
            ends: Vec::new(),
        };
        if faces.even() {
            return faces;
        }
        for (a, array) in faces.arrays.iter_mut().enumerate() {
            let mut m = n;
            m[a] += 1;
            array.resize(m.iter().product(), 0.0);
            for (i, t) in array.iter_mut().enumerate() {
                let v = position(m, i);
                if v[a] < n[a] {
                    let at = self.layout.at((v[2] * n[1] + v[1]) * n[0] + v[0]);
                    *t = f64::from(self.faces[a][at]);
                }
            }
        }
        faces
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        4 * (self.total.len() + self.faces.iter().map(Vec::len).sum::<usize>())
    }

    /// Sums of the conductances around the voxels of rows of plane `k`, with padding.
    #[inline(always)]
    pub(super) fn totals(&self, rows: &Range<usize>, k: usize) -> &[f32] {
        let kind = match k {
            _ if self.layout.n[2] == self.planes => k,
            0 => 0,
            _ => 1 + usize::from(k + 1 == self.layout.n[2]),
        };
        self.layout.span(self.layout.view(&self.total, kind), rows)
    }

    /// A view of zeros.
    pub fn zero(&self) -> &[f32] {
        &self.zero
    }

    /// Zeros as long as a run of rows.
    #[inline(always)]
    fn none(&self, run: &Range<usize>) -> &[f32] {
        self.layout.span(&self.zero, &(0..run.len()))
    }

    /// The conductances around a run of rows of plane `k`: along x to the left and right, along y and
    /// z below and above.
    #[inline(always)]
    pub(super) fn around(&self, run: &Range<usize>, k: usize) -> [&[f32]; 6] {
        let l = &self.layout;
        let (x, y) = (l.view(&self.faces[0], k), l.view(&self.faces[1], k));
        let z = l.view(&self.faces[2], k);
        let [_, north] = l.beside(y, self.none(run), run);
        let above = if k + 1 < l.n[2] { l.view(&self.faces[2], k + 1) } else { &self.zero };
        let (left, right) = (l.span(x, run), l.right(x, run));
        [left, right, l.span(y, run), north, l.span(z, run), l.span(above, run)]
    }

    /// The values of `v` to the left, right, south, north, below and above of a run of rows.
    #[inline(always)]
    pub(super) fn neighbours<'v>(
        &'v self,
        v: [&'v [f32]; 3],
        run: &Range<usize>,
    ) -> [&'v [f32]; 6] {
        let l = &self.layout;
        let [south, north] = l.beside(v[1], self.none(run), run);
        let (left, right) = (l.left(v[1], run), l.right(v[1], run));
        [left, right, south, north, l.span(v[0], run), l.span(v[2], run)]
    }

    /// As [`Operator::neighbours`] to the south, north, below and above where all voxels are open;
    /// beyond the grid the values of the run itself, which differ from it by nothing.
    #[inline(always)]
    pub(super) fn mirrored<'v>(
        &self,
        v: [&'v [f32]; 3],
        run: &Range<usize>,
        k: usize,
    ) -> Option<[&'v [f32]; 4]> {
        if self.closed {
            return None;
        }
        let l = &self.layout;
        let here = l.span(v[1], run);
        let [south, north] = l.beside(v[1], here, run);
        let below = if k > 0 { l.span(v[0], run) } else { here };
        let above = if k + 1 < l.n[2] { l.span(v[2], run) } else { here };
        Some([south, north, below, above])
    }
}

/// Runs `$body` for each `$i` of a run of rows of plane `$k`, one of [`Layout::runs`], with
/// `$sum` = Σ_f T_f v_neighbour, for views `$v` of values that are 0 in closed voxels and beyond
/// the grid. In the padding the sum is of no use. A macro, for a closure in a kernel that is not
/// inlined is not compiled for the kernel's instruction set.
macro_rules! sums {
    ($faces:expr, $v:expr, $run:expr, $k:expr, |$i:ident, $sum:ident| $body:block) => {{
        let n = $run.len() * $faces.layout.stride;
        let [left, right, south, north, below, above] = $faces.neighbours($v, $run);
        let (left, right, south) = (&left[..n], &right[..n], &south[..n]);
        let (north, below, above) = (&north[..n], &below[..n], &above[..n]);
        if let Some([tx, ty, tz]) = $faces.uniform {
            for $i in 0..n {
                let $sum = ty * (south[$i] + north[$i])
                    + tz * (below[$i] + above[$i])
                    + tx * (left[$i] + right[$i]);
                $body
            }
        } else {
            let [xl, xr, ys, yn, zb, za] = $faces.around($run, $k);
            let (xl, xr, ys) = (&xl[..n], &xr[..n], &ys[..n]);
            let (yn, zb, za) = (&yn[..n], &zb[..n], &za[..n]);
            for $i in 0..n {
                let $sum = (ys[$i] * south[$i] + yn[$i] * north[$i])
                    + (zb[$i] * below[$i] + za[$i] * above[$i])
                    + (xl[$i] * left[$i] + xr[$i] * right[$i]);
                $body
            }
        }
    }};
}

/// As [`sums`] with `$sum` = Σ_f T_f (v − v_neighbour); `$open` are views with positive values in
/// open voxels only. In the padding and in closed voxels the sum is of no use.
macro_rules! differences {
    ($faces:expr, $v:expr, $open:expr, $run:expr, $k:expr, |$i:ident, $sum:ident| $body:block) => {{
        let n = $run.len() * $faces.layout.stride;
        let here = &$faces.layout.span($v[1], $run)[..n];
        let [left, right, south, north, below, above] = $faces.neighbours($v, $run);
        let (left, right, south) = (&left[..n], &right[..n], &south[..n]);
        let (north, below, above) = (&north[..n], &below[..n], &above[..n]);
        if let Some([tx, ty, tz]) = $faces.uniform {
            let [open_l, open_r, open_s, open_n, open_b, open_a] = $faces.neighbours($open, $run);
            let (open_l, open_r, open_s) = (&open_l[..n], &open_r[..n], &open_s[..n]);
            let (open_n, open_b, open_a) = (&open_n[..n], &open_b[..n], &open_a[..n]);
            if let Some([south, north, below, above]) = $faces.mirrored($v, $run, $k) {
                let (south, north) = (&south[..n], &north[..n]);
                let (below, above) = (&below[..n], &above[..n]);
                for $i in 0..n {
                    let v = here[$i];
                    let l = if open_l[$i] > 0.0 { v - left[$i] } else { 0.0 };
                    let r = if open_r[$i] > 0.0 { v - right[$i] } else { 0.0 };
                    let $sum = ty * ((v - south[$i]) + (v - north[$i]))
                        + tz * ((v - below[$i]) + (v - above[$i]))
                        + tx * (l + r);
                    $body
                }
            } else {
                for $i in 0..n {
                    let v = here[$i];
                    let s = if open_s[$i] > 0.0 { v - south[$i] } else { 0.0 };
                    let n = if open_n[$i] > 0.0 { v - north[$i] } else { 0.0 };
                    let b = if open_b[$i] > 0.0 { v - below[$i] } else { 0.0 };
                    let u = if open_a[$i] > 0.0 { v - above[$i] } else { 0.0 };
                    let l = if open_l[$i] > 0.0 { v - left[$i] } else { 0.0 };
                    let r = if open_r[$i] > 0.0 { v - right[$i] } else { 0.0 };
                    let $sum = ty * (s + n) + tz * (b + u) + tx * (l + r);
                    $body
                }
            }
        } else {
            let [xl, xr, ys, yn, zb, za] = $faces.around($run, $k);
            let (xl, xr, ys) = (&xl[..n], &xr[..n], &ys[..n]);
            let (yn, zb, za) = (&yn[..n], &zb[..n], &za[..n]);
            for $i in 0..n {
                let v = here[$i];
                let $sum = (ys[$i] * (v - south[$i]) + yn[$i] * (v - north[$i]))
                    + (zb[$i] * (v - below[$i]) + za[$i] * (v - above[$i]))
                    + (xl[$i] * (v - left[$i]) + xr[$i] * (v - right[$i]));
                $body
            }
        }
    }};
}
pub(super) use {differences, sums};
