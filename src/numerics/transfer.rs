//! Transfer of residuals and corrections between two grids of a hierarchy.
//!
//! A correction is linear between the centres of coarse voxels as the conductances allow: across
//! the face between coarse voxels I and J a child i of I that touches it takes u_I + φ·(u_J − u_I),
//! φ being the part of the resistance from the centre of I to that of J that lies before the
//! centre of i: ¼ between equal voxels, 0 across an impermeable face. Differences along the axes
//! add, so linear fields are exact in the open and nothing leaks through solid. The cycle scales
//! what a voxel beside an outer wall takes. Restriction is the transpose, written as exchange over
//! coarse faces: but for that scaling it keeps sums.

use std::ops::Range;

use super::layout::Layout;
use super::stencil::Faces;
use crate::ground::par;
use crate::kernel;

/// Largest φ: three axes together leave a child part of its own voxel's value.
const LARGEST: f64 = 1.0 / 3.0;

/// Interpolation weights of the faces of a coarse grid.
#[derive(Clone, Debug)]
pub struct Transfer {
    fine: Layout,
    coarse: Layout,
    /// Axes along which pairs merge.
    merge: [bool; 3],
    /// By axis, at each coarse voxel the face to its lower neighbour: φ of the children before
    /// and behind it; 0 at the sides of the grid.
    weights: [[Vec<f32>; 2]; 3],
    /// By axis: rows of `weights` from a row of voxels to the next, and to that of the next plane;
    /// between even grids a row serves all that see the same.
    rows: [[usize; 2]; 3],
    /// A plane of zeros.
    zero: Vec<f32>,
}

/// Fine indices of a coarse one along an axis.
pub fn children(i: usize, merge: bool, fine: usize) -> Range<usize> {
    if merge { 2 * i..(2 * i + 2).min(fine) } else { i..i + 1 }
}

impl Transfer {
    /// Weights between a grid with these conductances and the one on which `merge` pairs merge.
    pub fn new(faces: &Faces<f32>, merge: [bool; 3]) -> Transfer {
        let fine = faces.n;
        let n: [usize; 3] =
            std::array::from_fn(|a| if merge[a] { fine[a].div_ceil(2) } else { fine[a] });
        let coarse = Layout::new(n);
        // Weights of even grids change along their own axis only.
        let even = faces.even();
        let rows = if even { [[0, 0], [1, 0], [0, 1]] } else { [[1, n[1]]; 3] };
        let weights = std::array::from_fn(|a| {
            if !merge[a] {
                return [Vec::new(), Vec::new()];
            }
            let [jj, kk] = [1, 2].map(|b| if even && a != b { 1 } else { n[b] });
            let shape = Layout { n: [n[0], jj, kk], stride: coarse.stride };
            let mut sides = [Vec::new(), Vec::new()];
            for side in &mut sides {
                shape.fit(side);
            }
            let [before, behind] = &mut sides;
            let (before, behind) = (shape.body(before), shape.body(behind));
            par::planes2(shape.plane(), before, behind, |k, before, behind| {
                for j in 0..jj {
                    for i in 0..n[0] {
                        let at = [i, j, k];
                        if at[a] > 0 {
                            let place = j * shape.stride + i;
                            (before[place], behind[place]) = face_weights(faces, merge, a, at);
                        }
                    }
                }
            });
            sides
        });
        let zero = vec![0.0; coarse.view_len()];
        Transfer { fine: Layout::new(fine), coarse, merge, weights, rows, zero }
    }

    /// True if pairs merge along an axis.
    pub fn merges(&self, axis: usize) -> bool {
        self.merge[axis]
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.weights.iter().flatten().map(|w| 4 * w.len()).sum()
    }

    /// The coarse grid.
    pub fn coarse(&self) -> Layout {
        self.coarse
    }

    /// Fine planes (rows) whose residuals enter coarse plane (row) `k`; `axis` is 2 (1).
    pub fn reach(&self, axis: usize, k: usize) -> Range<usize> {
        if self.merge[axis] {
            (2 * k).saturating_sub(1)..(2 * k + 3).min(self.fine.n[axis])
        } else {
            k..k + 1
        }
    }

    /// As [`Transfer::reach`] for a range.
    pub fn reaches(&self, axis: usize, k: &Range<usize>) -> Range<usize> {
        self.reach(axis, k.start).start..self.reach(axis, k.end - 1).end
    }

    /// Coarse rows of a range of fine ones.
    pub fn covers(&self, rows: &Range<usize>) -> Range<usize> {
        if self.merge[1] { rows.start / 2..rows.end.div_ceil(2) } else { rows.clone() }
    }

    /// First fine plane (row) of coarse plane (row) `k`.
    pub fn start(&self, axis: usize, k: usize) -> usize {
        if self.merge[axis] { (2 * k).min(self.fine.n[axis]) } else { k }
    }

    /// Sums fine values over coarse voxels (no exchange): for coefficients.
    pub fn collect(&self, fine: &[f32], coarse: &mut [f32]) {
        let (f, c) = (self.fine, self.coarse);
        par::planes(c.plane(), c.body(coarse), |k, p| {
            p.fill(0.0);
            for kk in children(k, self.merge[2], f.n[2]) {
                let fine = f.view(fine, kk);
                for jj in 0..f.n[1] {
                    let j = if self.merge[1] { jj / 2 } else { jj };
                    let out = &mut p[j * c.stride..][..c.stride];
                    let row = f.row(fine, jj);
                    if self.merge[0] {
                        for (o, w) in out.iter_mut().zip(row.chunks_exact(2)) {
                            *o += w[0] + w[1];
                        }
                    } else {
                        for (o, v) in out.iter_mut().zip(row) {
                            *o += *v;
                        }
                    }
                }
            }
        });
    }

    /// Coarse planes below, at and above the one of fine plane `k`; zeros beyond the grid.
    pub fn around<'v>(&'v self, coarse: &'v [f32], k: usize) -> [&'v [f32]; 3] {
        let k = if self.merge[2] { k / 2 } else { k };
        self.coarse.around(coarse, &self.zero, k)
    }

    /// φ of side `side` of the faces along `axis` below the voxels of coarse row (j, k).
    #[inline(always)]
    fn weights(&self, axis: usize, side: usize, j: usize, k: usize) -> &[f32] {
        self.weights_from(axis, side, j, k, 0)
    }

    /// As [`Transfer::weights`], of the voxels `shift` further along x.
    #[inline(always)]
    fn weights_from(&self, axis: usize, side: usize, j: usize, k: usize, shift: usize) -> &[f32] {
        let [row, plane] = self.rows[axis];
        let start = self.coarse.at(0) + (j * row + k * plane) * self.coarse.stride + shift;
        &self.weights[axis][side][start..][..self.coarse.stride]
    }
}

impl Transfer {
    /// Place of the coarse voxel that holds a fine one.
    pub(super) fn coarse_place(&self, voxel: [usize; 3]) -> usize {
        let c: [usize; 3] =
            std::array::from_fn(|a| if self.merge[a] { voxel[a] / 2 } else { voxel[a] });
        self.coarse.at((c[2] * self.coarse.n[1] + c[1]) * self.coarse.n[0] + c[0])
    }

    /// Restriction of padded values into a coarse array, exchange across seams apart.
    pub(super) fn restrict(&self, fine: &[f32], coarse: &mut [f32]) {
        let (f, c) = (self.fine, self.coarse);
        par::planes(c.plane(), c.body(coarse), |k, out| {
            let reach = self.reach(2, k);
            let mut lines = Lines::default();
            lines.fit(self);
            let flat: Vec<Vec<f32>> = reach
                .clone()
                .map(|kk| {
                    let mut both = vec![0.0; 2 * c.view_len()];
                    let (own, sums) = both.split_at_mut(c.view_len());
                    flatten(self, kk, &(0..f.n[1]), f.view(fine, kk), own, sums, &mut lines);
                    both
                })
                .collect();
            let planes =
                std::array::from_fn(|i| flat[i.min(flat.len() - 1)].split_at(c.view_len()).into());
            gather(self, k, &(0..c.n[1]), planes, out);
        });
    }
}

/// φ before and behind a face of conductance `middle` between children whose own pairs have
/// these conductances; a child alone has none.
pub(super) fn resistance_parts(below: Option<f64>, middle: f64, above: Option<f64>) -> (f64, f64) {
    let half = |t: Option<f64>| match t {
        Some(t) if t > 0.0 => 0.5 / t,
        Some(_) => f64::INFINITY,
        None => 0.0,
    };
    let (low, high) = (half(below), half(above));
    let all = low + 1.0 / middle + high;
    let part = |r: f64| if r.is_finite() { (r / all).min(LARGEST) } else { LARGEST };
    (part(low), part(high))
}

/// Mean φ over the pairs of children that touch across face `at` along `axis`.
fn face_weights(faces: &Faces<f32>, merge: [bool; 3], axis: usize, at: [usize; 3]) -> (f32, f32) {
    let n = faces.n;
    let face = 2 * at[axis];
    let own = |a: usize| if a == axis { face..face + 1 } else { children(at[a], merge[a], n[a]) };
    let (rows, step) = faces.places(axis);
    let (mut before, mut behind, mut open) = (0.0, 0.0, 0.0_f64);
    for k in own(2) {
        for j in own(1) {
            for i in own(0) {
                // The face itself; the one between the children before; the one behind.
                let at = k * rows[1] + j * rows[0] + i;
                let t = |at: usize| f64::from(faces.between(axis, at));
                let middle = t(at);
                if middle <= 0.0 {
                    continue;
                }
                let last = face + 1 >= n[axis];
                let above = if last { None } else { Some(t(at + step)) };
                let (low, high) = resistance_parts(Some(t(at - step)), middle, above);
                before += low;
                behind += high;
                open += 1.0;
            }
        }
    }
    if open > 0.0 { ((before / open) as f32, (behind / open) as f32) } else { (0.0, 0.0) }
}

/// Pairs of a fine row, in whole vectors where the row has room for them.
#[inline(always)]
fn pairs(fine: &Layout, coarse: &Layout) -> usize {
    fine.n[0].div_ceil(2).next_multiple_of(8).min(fine.stride / 2).min(coarse.stride)
}

kernel! {
    /// Restricts rows of a view of fine plane `k` in x and y: `own` is what its coarse plane gets
    /// before exchange along z, `sums` the plain sums that the exchange takes a share of; both
    /// are views, right in the coarse rows of which all of [`Transfer::reach`] is in `rows`.
    /// `lines` is scratch.
    pub fn flatten(t: &Transfer, k: usize, rows: &Range<usize>, fine: &[f32], own: &mut [f32], sums: &mut [f32], lines: &mut Lines) {
        let (f, c) = (&t.fine, &t.coarse);
        let kc = if t.merge[2] { k / 2 } else { k };
        let n = c.stride;
        let m = pairs(f, c);
        let Lines { pairs: [south, first, second, north], moved, zero } = lines;
        // Sums along x of a fine row; zeros beyond what is needed.
        macro_rules! sum_pairs {
            ($jj:expr, $out:expr) => {
                if !rows.contains(&$jj) {
                    $out.fill(0.0);
                } else if t.merge[0] {
                    let line = f.row(fine, $jj).chunks_exact(2);
                    for (o, w) in $out[..m].iter_mut().zip(line) {
                        *o = w[0] + w[1];
                    }
                } else {
                    $out.copy_from_slice(f.row(fine, $jj));
                }
            };
        }
        let (from, to) = if t.merge[1] { (rows.start / 2, (rows.end - 1) / 2) } else { (rows.start, rows.end - 1) };
        if t.merge[1] {
            sum_pairs!((2 * from).wrapping_sub(1), south);
            sum_pairs!(2 * from, first);
        }
        for j in from..=to {
            let both = t.merge[1] && 2 * j + 1 < f.n[1];
            if t.merge[1] {
                sum_pairs!(2 * j + 1, second);
                sum_pairs!(2 * j + 2, north);
            } else {
                sum_pairs!(j, first);
                second.fill(0.0);
            }
            // φ of what children pass on to the next row; one alone in its voxel passes nothing.
            let alone = 2 * j + 3 >= f.n[1];
            let (mut weights, below, above) = ([&zero[..]; 4], j > 0, j + 1 < c.n[1]);
            for (side, (face, passes)) in
                [(j, below), (j, below && both), (j + 1, above && both), (j + 1, above && !alone)]
                    .into_iter()
                    .enumerate()
            {
                if t.merge[1] && passes {
                    weights[side] = t.weights(1, side % 2, face, kc);
                }
            }
            let [gained_low, lost_low, lost_high, gained_high] = weights;
            let (gained_low, lost_low) = (&gained_low[..n], &lost_low[..n]);
            let (lost_high, gained_high) = (&lost_high[..n], &gained_high[..n]);
            let (own, sums) = (&mut c.row_mut(own, j)[..n], &mut c.row_mut(sums, j)[..n]);
            let (a, b) = (&first[..n], &second[..n]);
            let (before, behind) = (&south[..n], &north[..n]);
            for i in 0..n {
                sums[i] = a[i] + b[i];
                own[i] = (a[i] + b[i])
                    + ((gained_low[i] * before[i] - lost_low[i] * a[i])
                        + (gained_high[i] * behind[i] - lost_high[i] * b[i]));
            }
            if t.merge[0] {
                // Across the face below coarse voxel I stand children 2I − 1 and 2I.
                let (before, behind) = (&t.weights(0, 0, j, kc)[..m], &t.weights(0, 1, j, kc)[..m]);
                let (jj, last) = if t.merge[1] { (2 * j, 2 * j + 1) } else { (j, j) };
                let one = rows.contains(&jj);
                let two = last > jj && rows.contains(&last);
                let line = if one { f.left(fine, &(jj..jj + 1)) } else { f.left(fine, &(last..last + 1)) };
                let moved = &mut moved[..m];
                if one && two {
                    let other = f.left(fine, &(last..last + 1)).chunks_exact(2);
                    for (i, (w, v)) in line.chunks_exact(2).zip(other).take(m).enumerate() {
                        moved[i] = before[i] * (w[0] + v[0]) - behind[i] * (w[1] + v[1]);
                    }
                } else {
                    for (i, w) in line.chunks_exact(2).take(m).enumerate() {
                        moved[i] = before[i] * w[0] - behind[i] * w[1];
                    }
                }
                for i in 0..m - 1 {
                    own[i] += moved[i] - moved[i + 1];
                }
                own[m - 1] += moved[m - 1];
            }
            std::mem::swap(south, second);
            std::mem::swap(first, north);
        }
    }
}

kernel! {
    /// Writes rows of coarse plane `k` of the restriction from what [`flatten`] made of the fine
    /// planes of [`Transfer::reach`], in their order.
    pub fn gather(t: &Transfer, k: usize, rows: &Range<usize>, planes: [[&[f32]; 2]; 4], out: &mut [f32]) {
        let (f, c) = (&t.fine, &t.coarse);
        let n = c.stride;
        let own = children(k, t.merge[2], f.n[2]);
        for j in rows.clone() {
            let out = &mut out[j * n..][..n];
            out.fill(0.0);
            for (kk, [flat, sums]) in t.reach(2, k).zip(planes) {
                let inside = own.contains(&kk);
                if inside {
                    for (o, v) in out.iter_mut().zip(c.row(flat, j)) {
                        *o += *v;
                    }
                }
                if !t.merge[2] || (inside && own.len() == 1) {
                    continue;
                }
                // Across the face below or above: lost by a child of this plane, gained from one
                // of the next.
                let below = if inside { kk == own.start } else { kk < own.start };
                let behind = if inside { kk == own.start } else { kk > own.start };
                let face = if below { k } else { k + 1 };
                if face == c.n[2] {
                    continue;
                }
                let sign = if inside { -1.0 } else { 1.0 };
                let w = t.weights(2, usize::from(behind), j, face);
                for ((o, s), w) in out.iter_mut().zip(c.row(sums, j)).zip(w) {
                    *o += sign * (*w * *s);
                }
            }
        }
    }
}

kernel! {
    /// Interpolates rows `rows` of three coarse planes (below, here, above) to the rows of fine plane
    /// `k` in them; `out` starts with the first of these, the coarse planes are views.
    pub fn spread(t: &Transfer, k: usize, rows: &Range<usize>, coarse: [&[f32]; 3], out: &mut [f32]) {
        let (f, c) = (&t.fine, &t.coarse);
        let m = if t.merge[0] { pairs(f, c) } else { c.stride };
        let kc = if t.merge[2] { k / 2 } else { k };
        let planes = children(kc, t.merge[2], f.n[2]);
        let [below, here, above] = coarse;
        let none = c.row(&t.zero, 0);
        let mut lines = out.chunks_exact_mut(f.stride);
        for j in rows.clone() {
            let own = c.row(here, j);
            // The coarse neighbour along z, and φ towards it.
            let (mut z, mut wz) = (own, none);
            if t.merge[2] && planes.len() == 2 {
                let behind = k == planes.start;
                let face = if behind { kc } else { kc + 1 };
                if face < c.n[2] {
                    wz = t.weights(2, usize::from(behind), j, face);
                    z = c.row(if behind { below } else { above }, j);
                }
            }
            let (own, z, wz) = (&own[..m], &z[..m], &wz[..m]);
            let two = t.merge[1] && 2 * j + 1 < f.n[1];
            for side in 0..=usize::from(two) {
                // The same along y.
                let (mut y, mut wy, face) = (own, none, j + side);
                if two && face > 0 && face < c.n[1] {
                    wy = t.weights(1, 1 - side, face, kc);
                    y = c.row(here, j + 2 * side - 1);
                }
                let (y, wy) = (&y[..m], &wy[..m]);
                let out = lines.next().unwrap_or_default();
                if !t.merge[0] {
                    let out = &mut out[..m];
                    for i in 0..m {
                        out[i] = own[i] + wz[i] * (z[i] - own[i]) + wy[i] * (y[i] - own[i]);
                    }
                    continue;
                }
                // The faces above: those below the next voxels.
                let before = &t.weights_from(0, 0, j, kc, 1)[..m];
                let behind = &t.weights(0, 1, j, kc)[..m];
                let left = &c.left(here, &(j..j + 1))[..m];
                let right = &c.right(here, &(j..j + 1))[..m];
                let (pairs, rest) = out.split_at_mut(2 * m);
                for (i, out) in pairs.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                    let sum = own[i] + wz[i] * (z[i] - own[i]) + wy[i] * (y[i] - own[i]);
                    out[0] = sum + behind[i] * (left[i] - own[i]);
                    out[1] = sum + before[i] * (right[i] - own[i]);
                }
                rest.fill(0.0);
            }
        }
    }
}

/// Rows of a coarse grid that [`flatten`] needs on its way.
#[derive(Debug, Default)]
pub struct Lines {
    /// Sums along x of four consecutive fine rows.
    pairs: [Vec<f32>; 4],
    /// What passes the faces along x.
    moved: Vec<f32>,
    zero: Vec<f32>,
}

impl Lines {
    /// Sets the lengths for a transfer.
    pub fn fit(&mut self, t: &Transfer) {
        let all = self.pairs.iter_mut().chain([&mut self.moved, &mut self.zero]);
        all.for_each(|v| v.resize(t.coarse.stride, 0.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::grid::Grid;

    fn faces(n: [usize; 3], closed: impl Fn(usize) -> bool) -> Faces<f32> {
        let grid = Grid::cuboid(n, [1.0, 1.0, 1.0]);
        let relative: Vec<f64> =
            (0..grid.len()).map(|i| if closed(i) { 0.0 } else { 1.0 }).collect();
        Faces::harmonic(&grid, &relative, [1.0; 3]).single()
    }

    /// Values a voxel, without padding, of a padded array.
    fn unpad(l: &Layout, v: &[f32]) -> Vec<f32> {
        (0..l.n.iter().product()).map(|i| v[l.at(i)]).collect()
    }

    fn interpolate(t: &Transfer, coarse: &[f32], open: &[f32]) -> Vec<f32> {
        let (f, c) = (t.fine, t.coarse);
        let (coarse, open) = (c.pad(coarse), f.pad(open));
        let mut out = f.pad(&vec![0.0_f32; f.n.iter().product()]);
        for (k, p) in f.body(&mut out).chunks_mut(f.plane()).enumerate() {
            spread(t, k, &(0..c.n[1]), t.around(&coarse, k), p);
            let open = f.span(f.view(&open, k), &(0..f.n[1]));
            p.iter_mut().zip(open).for_each(|(v, open)| *v *= open);
        }
        unpad(&f, &out)
    }

    fn restrict(t: &Transfer, fine: &[f32]) -> Vec<f32> {
        let (f, c) = (t.fine, t.coarse);
        let fine = f.pad(fine);
        let mut lines = Lines::default();
        lines.fit(t);
        let flat: Vec<_> = (0..f.n[2])
            .map(|k| {
                let (mut own, mut sums) = (vec![0.0; c.view_len()], vec![0.0; c.view_len()]);
                flatten(t, k, &(0..f.n[1]), f.view(&fine, k), &mut own, &mut sums, &mut lines);
                (own, sums)
            })
            .collect();
        let mut out = c.pad(&vec![0.0_f32; c.n.iter().product()]);
        for (k, p) in c.body(&mut out).chunks_mut(c.plane()).enumerate() {
            let reach = t.reach(2, k);
            let planes = std::array::from_fn(|i| {
                let (own, sums) = &flat[(reach.start + i).min(reach.end - 1)];
                [&own[..], &sums[..]]
            });
            gather(t, k, &(0..c.n[1]), planes, p);
        }
        unpad(&c, &out)
    }

    fn noise(n: usize, seed: u64) -> Vec<f32> {
        let hash = |i: usize| (i as u64 + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        (0..n).map(|i| hash(i) as f32 / 16_777_216.0 - 0.5).collect()
    }

    #[test]
    fn restriction_is_the_transpose_and_keeps_sums() {
        for (n, merge) in [
            ([8, 6, 4], [true; 3]),
            ([7, 5, 9], [true; 3]),
            ([7, 4, 5], [true, false, true]),
            ([6, 7, 5], [false, true, false]),
            ([9, 1, 1], [true, false, false]),
        ] {
            let solid = |i: usize| i % 5 == 3;
            let faces = faces(n, solid);
            let t = Transfer::new(&faces, merge);
            let fine = n.iter().product::<usize>();
            let open: Vec<f32> = (0..fine).map(|i| f32::from(u8::from(!solid(i)))).collect();
            // Residuals are 0 in closed voxels.
            let r: Vec<f32> = noise(fine, 1).iter().zip(&open).map(|(r, o)| r * o).collect();
            let u = noise(t.coarse.n.iter().product(), 99);
            let product =
                |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            let (here, there) =
                (product(&r, &interpolate(&t, &u, &open)), product(&restrict(&t, &r), &u));
            assert!((here - there).abs() < 1e-5, "{n:?}: {here} and {there}");
            let sum = |v: &[f32]| v.iter().map(|v| f64::from(*v)).sum::<f64>();
            assert!((sum(&r) - sum(&restrict(&t, &r))).abs() < 1e-5, "{n:?}");
        }
    }

    #[test]
    fn linear_fields_are_exact_and_walls_are_not_crossed() {
        let n = [8, 8, 8];
        let all = vec![1.0; 512];
        let t = Transfer::new(&faces(n, |_| false), [true; 3]);
        let coarse: Vec<f32> = (0..64)
            .map(|i| 2.0 * ((i % 4) as f32) + 3.0 * ((i / 4 % 4) as f32) - ((i / 16) as f32))
            .collect();
        let fine = interpolate(&t, &coarse, &all);
        for k in 1..7 {
            for j in 1..7 {
                for i in 1..7 {
                    let at = |i: usize| (i as f32 - 0.5) / 2.0;
                    let exact = 2.0 * at(i) + 3.0 * at(j) - at(k);
                    assert!((fine[(k * 8 + j) * 8 + i] - exact).abs() < 1e-5);
                }
            }
        }
        // A solid plate in the plane x = 4: what stands beyond it must not be seen.
        let solid = |i: usize| i % 8 == 4;
        let t = Transfer::new(&faces(n, solid), [true; 3]);
        let coarse: Vec<f32> = (0..64).map(|i| if i % 4 < 2 { 1.0 } else { 5.0 }).collect();
        let fine = interpolate(&t, &coarse, &all);
        for (i, v) in fine.iter().enumerate().filter(|v| !solid(v.0)) {
            assert_eq!(*v, if i % 8 < 4 { 1.0 } else { 5.0 }, "voxel {i}");
        }
    }
}
