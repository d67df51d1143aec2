//! Face conductances and the divergence of the diffusive flux: the one stencil of the solver.
//!
//! Arrays are flat, x fastest. A face array has one entry more along its own axis; the two
//! outermost faces are zero: walls stand in the diagonal (see [`super::wall`]).

use super::wall::face_voxels;
use crate::ground::grid::{Face, Form, Grid, position};
use crate::ground::par;

/// Number type of a sweep.
pub trait Real:
    Copy
    + Send
    + Sync
    + PartialOrd
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Neg<Output = Self>
    + std::ops::AddAssign
    + 'static
{
    /// Zero.
    const ZERO: Self;
    /// Rounds to this type.
    fn of(v: f64) -> Self;
    /// Widens to f64.
    fn wide(self) -> f64;
}

impl Real for f64 {
    const ZERO: f64 = 0.0;
    fn of(v: f64) -> f64 {
        v
    }
    fn wide(self) -> f64 {
        self
    }
}

impl Real for f32 {
    const ZERO: f32 = 0.0;
    fn of(v: f64) -> f32 {
        v as f32
    }
    fn wide(self) -> f64 {
        f64::from(self)
    }
}

/// The first and the last voxel along a periodic axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair<T> {
    /// Axis.
    pub axis: usize,
    /// Voxel at its start.
    pub first: u32,
    /// Voxel at its end.
    pub last: u32,
    /// Conductance of the face between them.
    pub t: T,
}

impl Pair<f64> {
    /// The same in single precision.
    pub fn single(&self) -> Pair<f32> {
        Pair { axis: self.axis, first: self.first, last: self.last, t: self.t as f32 }
    }
}

/// Pairs of a grid; `conductance(axis, first, last)`; pairs that nothing passes between are left
/// out.
pub fn pairs(grid: &Grid, conductance: impl Fn(usize, usize, usize) -> f64) -> Vec<Pair<f64>> {
    let mut pairs = Vec::new();
    for axis in (0..3).filter(|&a| grid.periodic[a] && grid.n[a] > 1) {
        let ends = [false, true].map(|end| face_voxels(grid.n, Face { axis, end }));
        let [firsts, lasts] = ends;
        for (first, last) in firsts.zip(lasts) {
            let t = conductance(axis, first, last);
            if t > 0.0 {
                pairs.push(Pair { axis, first: first as u32, last: last as u32, t });
            }
        }
    }
    pairs
}

/// Voxel, voxel across the seam and conductance, both ways, in the order of the voxels.
pub fn ends<T: Real>(pairs: &[Pair<T>]) -> Vec<(u32, u32, T)> {
    let both = pairs.iter().flat_map(|p| [(p.first, p.last, p.t), (p.last, p.first, p.t)]);
    let mut ends: Vec<_> = both.collect();
    ends.sort_by_key(|e| (e.0, e.1));
    ends
}

/// Conductances of the faces between voxels, per voxel volume: D/h² between equal voxels.
#[derive(Clone, Debug)]
pub struct Faces<T> {
    /// Voxels along x, y, z.
    pub n: [usize; 3],
    /// Faces across x, (nz, ny, nx + 1), y, (nz, ny + 1, nx), and z, (nz + 1, ny, nx); empty
    /// where the faces are [`Faces::even`].
    pub arrays: [Vec<T>; 3],
    /// Conductances along x, y, z where all faces between open voxels are equal.
    pub uniform: Option<[T; 3]>,
    /// True if some voxels are closed: no unknown, no conductance.
    pub closed: bool,
    /// Faces between the two ends of periodic axes.
    pub pairs: Vec<Pair<T>>,
    /// The same from both sides, in the order of the voxels: voxel, neighbour, conductance.
    pub ends: Vec<(u32, u32, T)>,
}

/// Harmonic mean; 0 where one of both is.
#[inline]
pub fn mean(a: f64, b: f64) -> f64 {
    if a > 0.0 && b > 0.0 { 2.0 * a * b / (a + b) } else { 0.0 }
}

/// Place of the value that is largest in size.
pub fn worst(values: &[f64]) -> usize {
    let by = |a: &usize, b: &usize| values[*a].abs().total_cmp(&values[*b].abs());
    (0..values.len()).max_by(by).unwrap_or(0)
}

impl Faces<f64> {
    /// Conductances of a diffusivity `relative` (a value a voxel, 0: impermeable) times
    /// `axis`: harmonic means, exact for layers aligned with the grid; on rings and shells times
    /// their sides.
    pub fn harmonic(grid: &Grid, relative: &[f64], axis: [f64; 3]) -> Faces<f64> {
        let [nx, ny, nz] = grid.n;
        let scale: [f64; 3] = std::array::from_fn(|a| axis[a] / (grid.h[a] * grid.h[a]));
        let all = range(grid.plane(), relative, |_, _| true);
        let closed = all.0 == 0.0;
        let open = || range(grid.plane(), relative, |_, r| r != 0.0);
        let (least, most) = if closed { open() } else { all };
        // Where nothing is open, any number will do.
        let most = most.max(0.0);
        let same = grid.form == Form::Box && least >= most;
        let uniform = same.then(|| scale.map(|s| s * most));
        let pairs = pairs(grid, |a, i, j| scale[a] * mean(relative[i], relative[j]));
        let ends = ends(&pairs);
        let mut faces =
            Faces { n: grid.n, arrays: Default::default(), uniform, closed, pairs, ends };
        if faces.even() {
            return faces;
        }
        let mut x = vec![0.0; (nx + 1) * ny * nz];
        let mut y = vec![0.0; nx * (ny + 1) * nz];
        let mut z = vec![0.0; nx * ny * (nz + 1)];
        let plane = nx * ny;
        let sides: Vec<f64> = (0..nx).map(|i| grid.side(i)).collect();
        let weights = grid.weights();
        par::planes((nx + 1) * ny, &mut x, |k, p| {
            for j in 0..ny {
                let row = &relative[k * plane + j * nx..][..nx];
                let out = &mut p[j * (nx + 1)..][..nx];
                for i in 1..nx {
                    out[i] = scale[0] * sides[i] * mean(row[i - 1], row[i]);
                }
            }
        });
        par::planes(nx * (ny + 1), &mut y, |k, p| {
            for j in 1..ny {
                let lo = &relative[k * plane + (j - 1) * nx..][..nx];
                let hi = &relative[k * plane + j * nx..][..nx];
                for (i, o) in p[j * nx..][..nx].iter_mut().enumerate() {
                    *o = scale[1] * weights[i] * mean(lo[i], hi[i]);
                }
            }
        });
        par::planes(plane, &mut z, |k, p| {
            if k == 0 || k == nz {
                return;
            }
            let lo = &relative[(k - 1) * plane..][..plane];
            let hi = &relative[k * plane..][..plane];
            for (i, o) in p.iter_mut().enumerate() {
                *o = scale[2] * weights[i % nx] * mean(lo[i], hi[i]);
            }
        });
        faces.arrays = [x, y, z];
        faces
    }

    /// The same conductances in single precision.
    pub fn single(&self) -> Faces<f32> {
        let cast = |v: &[f64]| v.iter().map(|&v| v as f32).collect();
        let uniform = self.uniform.map(|u| u.map(|t| t as f32));
        let pairs: Vec<_> = self.pairs.iter().map(Pair::single).collect();
        Faces {
            n: self.n,
            arrays: self.arrays.each_ref().map(|a| cast(a)),
            uniform,
            closed: self.closed,
            ends: ends(&pairs),
            pairs,
        }
    }
}

impl<T: Real> Faces<T> {
    /// Voxels of a plane.
    pub fn plane(&self) -> usize {
        self.n[0] * self.n[1]
    }

    /// Voxels.
    pub fn voxels(&self) -> usize {
        self.plane() * self.n[2]
    }

    /// True if all voxels are open and all faces across an axis equal: then no array is kept.
    pub fn even(&self) -> bool {
        self.uniform.is_some() && !self.closed
    }

    /// Conductance of a face between voxels, by its number in the array along `axis`.
    #[inline(always)]
    pub fn between(&self, axis: usize, face: usize) -> T {
        match self.uniform {
            Some(t) if !self.closed => t[axis],
            _ => self.arrays[axis][face],
        }
    }

    /// Conductance of the face below the voxel at `v` along `axis`, also behind the last one; 0
    /// at the sides of the grid.
    pub fn below(&self, axis: usize, v: [usize; 3]) -> T {
        if v[axis] == 0 || v[axis] == self.n[axis] {
            return T::ZERO;
        }
        let mut n = self.n;
        n[axis] += 1;
        self.between(axis, (v[2] * n[1] + v[1]) * n[0] + v[0])
    }

    /// Places of the faces along `axis`, as [`Faces::between`] counts them: from a row to the next
    /// and from a plane to the next, and from a face to the next along the axis.
    pub fn places(&self, axis: usize) -> ([usize; 2], usize) {
        let mut n = self.n;
        n[axis] += 1;
        let steps = [1, n[0], n[0] * n[1]];
        ([steps[1], steps[2]], steps[axis])
    }

    /// Plane `k` of a field with the planes below and above it; at an end the plane itself.
    #[inline(always)]
    pub fn around<'v>(&self, v: &'v [T], k: usize) -> [&'v [T]; 3] {
        let plane = self.plane();
        let at = |k: usize| &v[k * plane..][..plane];
        [at(k.saturating_sub(1)), at(k), at((k + 1).min(self.n[2] - 1))]
    }

    /// The rows south, north, below and above of row `j`, given the planes around it; `edge`
    /// stands for those beyond the sides of the grid.
    #[inline(always)]
    pub fn sides<'v>(&self, planes: [&'v [T]; 3], edge: &'v [T], j: usize) -> [&'v [T]; 4] {
        let [nx, ny, _] = self.n;
        let row = |p: usize, j: usize| &planes[p][j * nx..][..nx];
        let south = if j > 0 { row(1, j - 1) } else { &edge[..nx] };
        let north = if j + 1 < ny { row(1, j + 1) } else { &edge[..nx] };
        [south, north, row(0, j), row(2, j)]
    }

    /// Conductances of row (j, k): along x, and south, north, below and above.
    #[inline(always)]
    fn conductances(&self, j: usize, k: usize) -> (&[T], [&[T]; 4]) {
        let [nx, ny, _] = self.n;
        let here = (k * ny + j) * nx;
        let y = (k * (ny + 1) + j) * nx;
        let [in_x, in_y, in_z] = &self.arrays;
        let sides = [
            &in_y[y..][..nx],
            &in_y[y + nx..][..nx],
            &in_z[here..][..nx],
            &in_z[here + nx * ny..][..nx],
        ];
        (&in_x[(k * ny + j) * (nx + 1)..][..=nx], sides)
    }

    /// Writes Σ_f T_f (v_i − v_neighbour) of row `j` of plane `k` to `out` (length nx), given the
    /// planes around it.
    #[inline(always)]
    pub fn divergence_row<'v>(&self, planes: [&'v [T]; 3], j: usize, k: usize, out: &mut [T]) {
        let nx = self.n[0];
        let out = &mut out[..nx];
        let c = &planes[1][j * nx..][..nx];
        // At a wall the neighbour is the voxel itself: no flux.
        let [south, north, below, above] = self.sides(planes, c, j);
        if let (Some([tx, ty, tz]), false) = (self.uniform, self.closed) {
            let lateral = |v: T, [south, north, below, above]: [T; 4]| {
                ty * ((v - south) + (v - north)) + tz * ((v - below) + (v - above))
            };
            for i in [0, nx - 1] {
                out[i] = lateral(c[i], [south[i], north[i], below[i], above[i]]);
            }
            if nx > 1 {
                out[0] += tx * (c[0] - c[1]);
                out[nx - 1] += tx * (c[nx - 1] - c[nx - 2]);
            }
            // Slices of one length: the loop runs without bounds checks.
            let m = nx.saturating_sub(2);
            let inner = |row: &'v [T]| &row[1.min(nx - 1)..][..m];
            let (left, mid, right) = (&c[..m], inner(c), &c[nx - m..]);
            let [south, north, below, above] = [south, north, below, above].map(inner);
            for (i, out) in out[1.min(nx - 1)..][..m].iter_mut().enumerate() {
                let v = mid[i];
                *out = lateral(v, [south[i], north[i], below[i], above[i]])
                    + tx * ((v - left[i]) + (v - right[i]));
            }
            return;
        }
        let (tx, [ys, yn, zb, za]) = self.conductances(j, k);
        for i in 0..nx {
            let v = c[i];
            out[i] = (ys[i] * (v - south[i]) + yn[i] * (v - north[i]))
                + (zb[i] * (v - below[i]) + za[i] * (v - above[i]));
        }
        along(c, out, |face, v, other| tx[face] * (v - other));
    }

    /// As [`Faces::divergence_row`] for values that are 0 in closed voxels; `open` are planes
    /// with positive values in open voxels only.
    #[inline(always)]
    pub fn open_divergence_row(
        &self,
        planes: [&[T]; 3],
        open: [&[T]; 3],
        j: usize,
        k: usize,
        out: &mut [T],
    ) {
        let (Some([tx, ty, tz]), true) = (self.uniform, self.closed) else {
            return self.divergence_row(planes, j, k, out);
        };
        let nx = self.n[0];
        let out = &mut out[..nx];
        let c = &planes[1][j * nx..][..nx];
        let own = &open[1][j * nx..][..nx];
        let [south, north, below, above] = self.sides(planes, c, j);
        let [open_s, open_n, open_b, open_a] = self.sides(open, own, j);
        let gap = |v: T, other: T, open: T| if open > T::ZERO { v - other } else { T::ZERO };
        for i in 0..nx {
            let v = c[i];
            out[i] = ty * (gap(v, south[i], open_s[i]) + gap(v, north[i], open_n[i]))
                + tz * (gap(v, below[i], open_b[i]) + gap(v, above[i], open_a[i]));
        }
        if nx > 1 {
            let m = nx - 1;
            let (low, high) = (&c[..m], &c[1..][..m]);
            let (open_low, open_high) = (&own[..m], &own[1..][..m]);
            for (i, o) in out[1..].iter_mut().enumerate() {
                *o += tx * gap(high[i], low[i], open_low[i]);
            }
            for (i, o) in out[..m].iter_mut().enumerate() {
                *o += tx * gap(low[i], high[i], open_high[i]);
            }
        }
        for (o, own) in out.iter_mut().zip(own) {
            *o = if *own > T::ZERO { *o } else { T::ZERO };
        }
    }

    /// Largest conductance along x, y, z.
    pub fn largest(&self) -> [T; 3] {
        let most = |m: T, t: T| if t > m { t } else { m };
        let mut all = match self.uniform {
            Some(t) => std::array::from_fn(|a| if self.n[a] > 1 { t[a] } else { T::ZERO }),
            None => self.arrays.each_ref().map(|t| t.iter().copied().fold(T::ZERO, most)),
        };
        for p in &self.pairs {
            all[p.axis] = most(all[p.axis], p.t);
        }
        all
    }

    /// Conductances along x, y, z if all inner faces across an axis are equal.
    pub fn equal(&self) -> Option<[T; 3]> {
        if self.even() {
            return self.uniform;
        }
        let [nx, ny, nz] = self.n;
        let all = |mut rows: std::slice::ChunksExact<T>, inner: std::ops::Range<usize>| {
            let first = rows.clone().next().and_then(|r| r[inner.clone()].first());
            let first = first.copied().unwrap_or(T::ZERO);
            rows.all(|r| r[inner.clone()].iter().all(|t| *t == first)).then_some(first)
        };
        let [in_x, in_y, in_z] = &self.arrays;
        let x = all(in_x.chunks_exact(nx + 1), 1..nx)?;
        let y = all(in_y.chunks_exact((ny + 1) * nx), nx..ny * nx)?;
        let z = all(in_z.chunks_exact(in_z.len()), nx * ny..nz * nx * ny)?;
        Some([x, y, z])
    }

    /// Faces across seams of the voxels of `range`.
    #[inline(always)]
    pub fn ends_in(&self, range: std::ops::Range<usize>) -> &[(u32, u32, T)] {
        let start = self.ends.partition_point(|e| (e.0 as usize) < range.start);
        let rest = &self.ends[start..];
        &rest[..rest.partition_point(|e| (e.0 as usize) < range.end)]
    }

    /// Calls `each(neighbour, conductance)` for the neighbours of a voxel.
    pub fn neighbours(&self, index: usize, mut each: impl FnMut(usize, T)) {
        let [nx, ny, _] = self.n;
        let v = position(self.n, index);
        for (axis, step) in [1, nx, nx * ny].into_iter().enumerate() {
            if v[axis] > 0 {
                each(index - step, self.below(axis, v));
            }
            if v[axis] + 1 < self.n[axis] {
                let mut next = v;
                next[axis] += 1;
                each(index + step, self.below(axis, next));
            }
        }
        for &(_, other, t) in self.ends_in(index..index + 1) {
            each(other as usize, t);
        }
    }

    /// Sum of the conductances around the voxels of row (j, k).
    pub fn sum_row(&self, j: usize, k: usize, out: &mut [T]) {
        let [nx, ny, nz] = self.n;
        if let (Some([tx, ty, tz]), false) = (self.uniform, self.closed) {
            let twice = |t: T, faces: usize| {
                if faces == 2 {
                    t + t
                } else if faces == 1 {
                    t
                } else {
                    T::ZERO
                }
            };
            let inner = |i: usize, n: usize| usize::from(i > 0) + usize::from(i + 1 < n);
            let lateral = twice(ty, inner(j, ny)) + twice(tz, inner(k, nz));
            out.fill(lateral + tx + tx);
            out[0] = lateral + twice(tx, inner(0, nx));
            out[nx - 1] = out[0];
            return;
        }
        let (tx, [ys, yn, zb, za]) = self.conductances(j, k);
        for i in 0..nx {
            out[i] = tx[i] + tx[i + 1] + ys[i] + yn[i] + zb[i] + za[i];
        }
    }
}

/// Adds `term(face, v, neighbour)` along a row for both neighbours of each voxel.
#[inline(always)]
fn along<T: Real>(c: &[T], out: &mut [T], term: impl Fn(usize, T, T) -> T) {
    let n = c.len();
    if n < 2 {
        return;
    }
    out[0] += term(1, c[0], c[1]);
    out[n - 1] += term(n - 1, c[n - 1], c[n - 2]);
    // Slices of one length: the loop runs without bounds checks.
    let m = n - 2;
    let (left, mid, right) = (&c[..m], &c[1..][..m], &c[2..][..m]);
    let out = &mut out[1..][..m];
    for i in 0..m {
        out[i] += term(i + 1, mid[i], left[i]) + term(i + 2, mid[i], right[i]);
    }
}

/// Smallest and largest value of the voxels that count; (∞, −∞) where none does.
pub fn range(
    plane: usize,
    values: &[f64],
    counts: impl Fn(usize, f64) -> bool + Sync + Send,
) -> (f64, f64) {
    let none = (f64::INFINITY, f64::NEG_INFINITY);
    let planes = par::map(values.len() / plane, plane, |k| {
        let (mut low, mut high) = ([none.0; 8], [none.1; 8]);
        let (wholes, rest) = values[k * plane..][..plane].as_chunks::<8>();
        for (start, v) in wholes.iter().enumerate() {
            for l in 0..8 {
                let counts = counts(k * plane + 8 * start + l, v[l]);
                low[l] = if counts && v[l] < low[l] { v[l] } else { low[l] };
                high[l] = if counts && v[l] > high[l] { v[l] } else { high[l] };
            }
        }
        let start = k * plane + plane - rest.len();
        let rest = rest.iter().enumerate().filter(|(i, v)| counts(start + i, **v)).map(|v| v.1);
        let low = rest.clone().chain(&low).fold(none.0, |m, v| m.min(*v));
        (low, rest.chain(&high).fold(none.1, |m, v| m.max(*v)))
    });
    planes.iter().fold(none, |m, p| (m.0.min(p.0), m.1.max(p.1)))
}

/// Dot product, summed by planes in order.
pub fn dot<T: Real>(plane: usize, a: &[T], b: &[T]) -> f64 {
    par::sum(a.len() / plane, plane, |k| inner(&a[k * plane..][..plane], &b[k * plane..][..plane]))
}

/// Dot product of two rows or planes.
#[inline(always)]
pub fn inner<T: Real>(a: &[T], b: &[T]) -> f64 {
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    let mut acc = [0.0; 8];
    let (wholes_a, wholes_b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest = wholes_a.remainder().iter().zip(wholes_b.remainder());
    for ((x, y), s) in rest.zip(&mut acc) {
        *s = x.wide() * y.wide();
    }
    for (x, y) in wholes_a.zip(wholes_b) {
        for l in 0..8 {
            acc[l] += x[l].wide() * y[l].wide();
        }
    }
    ordered(acc)
}

/// Sum of eight lanes.
#[inline(always)]
pub fn ordered(acc: [f64; 8]) -> f64 {
    ((acc[0] + acc[1]) + (acc[2] + acc[3])) + ((acc[4] + acc[5]) + (acc[6] + acc[7]))
}

/// Sum of `f(0..n)` in eight interleaved lanes.
#[inline(always)]
pub fn lanes(n: usize, f: impl Fn(usize) -> f64) -> f64 {
    let mut acc = [0.0; 8];
    let whole = n / 8 * 8;
    for start in (0..whole).step_by(8) {
        for (l, a) in acc.iter_mut().enumerate() {
            *a += f(start + l);
        }
    }
    for i in whole..n {
        acc[i - whole] += f(i);
    }
    ordered(acc)
}
