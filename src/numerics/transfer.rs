//! Transfer of residuals and corrections between two grids of a hierarchy.
//!
//! A correction is linear between the centres of coarse voxels as the conductances allow: across
//! the face between coarse voxels I and J a child i of I that touches it takes u_I + φ·(u_J − u_I),
//! φ being the part of the resistance from the centre of I to that of J that lies before the
//! centre of i: ¼ between equal voxels, 0 across an impermeable face. Differences along the axes
//! add, so linear fields are exact in the open and nothing leaks through solid. Restriction is
//! the transpose, written as exchange over coarse faces: it keeps sums.

use super::stencil::Faces;
use crate::ground::par;
use crate::kernel;

/// Largest φ: three axes together leave a child part of its own voxel's value.
const LARGEST: f64 = 1.0 / 3.0;

/// Interpolation weights of the faces of a coarse grid.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// Fine voxels along x, y, z.
    fine: [usize; 3],
    /// Coarse voxels along x, y, z.
    coarse: [usize; 3],
    /// Axes along which pairs merge.
    merge: [bool; 3],
    /// By axis, laid out as the conductances of the coarse grid: φ of the children before and
    /// behind a face.
    weights: [[Vec<f32>; 2]; 3],
}

/// Fine indices of a coarse one along an axis.
pub fn children(i: usize, merge: bool, fine: usize) -> std::ops::Range<usize> {
    if merge { 2 * i..(2 * i + 2).min(fine) } else { i..i + 1 }
}

impl Transfer {
    /// Weights between a grid with these conductances and the one on which `merge` pairs merge.
    pub fn new(faces: &Faces<f32>, merge: [bool; 3]) -> Transfer {
        let fine = faces.n;
        let coarse: [usize; 3] =
            std::array::from_fn(|a| if merge[a] { fine[a].div_ceil(2) } else { fine[a] });
        let weights = std::array::from_fn(|a| {
            if !merge[a] {
                return [Vec::new(), Vec::new()];
            }
            let mut m = coarse;
            m[a] += 1;
            let mut sides = [vec![0.0; m[0] * m[1] * m[2]], vec![0.0; m[0] * m[1] * m[2]]];
            let [before, behind] = &mut sides;
            par::planes2(m[0] * m[1], before, behind, |k, before, behind| {
                for j in 0..m[1] {
                    for i in 0..m[0] {
                        let at = [i, j, k];
                        if at[a] > 0 && at[a] < coarse[a] {
                            let pair = face_weights(faces, merge, a, at);
                            (before[j * m[0] + i], behind[j * m[0] + i]) = pair;
                        }
                    }
                }
            });
            sides
        });
        Transfer { fine, coarse, merge, weights }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.weights.iter().flatten().map(|w| 4 * w.len()).sum()
    }

    /// Coarse voxels along x, y, z.
    pub fn coarse(&self) -> [usize; 3] {
        self.coarse
    }

    /// Fine planes whose residuals enter coarse plane `k`.
    pub fn reach(&self, k: usize) -> std::ops::Range<usize> {
        if self.merge[2] {
            (2 * k).saturating_sub(1)..(2 * k + 3).min(self.fine[2])
        } else {
            k..k + 1
        }
    }

    /// First fine plane of coarse plane `k`.
    pub fn start(&self, k: usize) -> usize {
        if self.merge[2] { (2 * k).min(self.fine[2]) } else { k }
    }

    /// Sums fine values over coarse voxels (no exchange): for coefficients.
    pub fn collect(&self, fine: &[f32], coarse: &mut [f32]) {
        let (nf, nc) = (self.fine, self.coarse);
        par::planes(nc[0] * nc[1], coarse, |k, p| {
            p.fill(0.0);
            for kk in children(k, self.merge[2], nf[2]) {
                for jj in 0..nf[1] {
                    let j = if self.merge[1] { jj / 2 } else { jj };
                    let row = &fine[(kk * nf[1] + jj) * nf[0]..][..nf[0]];
                    add_pairs(self.merge[0], row, &mut p[j * nc[0]..][..nc[0]]);
                }
            }
        });
    }

    /// Coarse planes below, at and above the one of fine plane `k`; at an end the plane itself.
    pub fn around<'v>(&self, coarse: &'v [f32], k: usize) -> [&'v [f32]; 3] {
        let plane = self.coarse[0] * self.coarse[1];
        let k = if self.merge[2] { k / 2 } else { k };
        let at = |k: usize| &coarse[k * plane..][..plane];
        [at(k.saturating_sub(1)), at(k), at((k + 1).min(self.coarse[2] - 1))]
    }

    /// φ of side `side` of the faces along `axis` at coarse row (j, k).
    #[inline(always)]
    fn row(&self, axis: usize, side: usize, j: usize, k: usize) -> &[f32] {
        let mut m = self.coarse;
        m[axis] += 1;
        &self.weights[axis][side][(k * m[1] + j) * m[0]..][..m[0]]
    }
}

/// Adds fine values of a row to their coarse voxels.
#[inline(always)]
fn add_pairs(merge: bool, row: &[f32], out: &mut [f32]) {
    if merge {
        let pairs = row.chunks_exact(2);
        if let ([last], Some(o)) = (pairs.remainder(), out.last_mut()) {
            *o += *last;
        }
        for (o, w) in out.iter_mut().zip(pairs) {
            *o += w[0] + w[1];
        }
    } else {
        for (o, v) in out.iter_mut().zip(row) {
            *o += *v;
        }
    }
}

/// Mean φ over the pairs of children that touch across face `at` along `axis`.
fn face_weights(faces: &Faces<f32>, merge: [bool; 3], axis: usize, at: [usize; 3]) -> (f32, f32) {
    let n = faces.n;
    let across = |v: [usize; 3]| {
        f64::from(match axis {
            0 => faces.x[(v[2] * n[1] + v[1]) * (n[0] + 1) + v[0]],
            1 => faces.y[(v[2] * (n[1] + 1) + v[1]) * n[0] + v[0]],
            _ => faces.z[(v[2] * n[1] + v[1]) * n[0] + v[0]],
        })
    };
    let ranges: [std::ops::Range<usize>; 3] =
        std::array::from_fn(|a| children(at[a], merge[a] && a != axis, n[a]));
    let (mut before, mut behind, mut open) = (0.0, 0.0, 0.0_f64);
    let ranges = [
        if axis == 0 { 0..1 } else { ranges[0].clone() },
        if axis == 1 { 0..1 } else { ranges[1].clone() },
        if axis == 2 { 0..1 } else { ranges[2].clone() },
    ];
    for k in ranges[2].clone() {
        for j in ranges[1].clone() {
            for i in ranges[0].clone() {
                let mut v = [i, j, k];
                let mut t = |position: usize| {
                    v[axis] = position;
                    across(v)
                };
                // The face itself; the one between the children before; the one behind.
                let face = 2 * at[axis];
                let middle = t(face);
                if middle <= 0.0 {
                    continue;
                }
                let half = |t: f64| if t > 0.0 { 0.5 / t } else { f64::INFINITY };
                let low = half(t(face - 1));
                let high = if face + 1 < n[axis] { half(t(face + 1)) } else { 0.0 };
                let all = low + 1.0 / middle + high;
                let part = |r: f64| if r.is_finite() { (r / all).min(LARGEST) } else { LARGEST };
                before += part(low);
                behind += part(high);
                open += 1.0;
            }
        }
    }
    if open > 0.0 { ((before / open) as f32, (behind / open) as f32) } else { (0.0, 0.0) }
}

kernel! {
    /// Restricts fine plane `k` in x and y: `own` is what its coarse plane gets before exchange
    /// along z, `sums` the plain sums that the exchange takes a share of; `row` is a scratch.
    pub fn flatten(t: &Transfer, k: usize, fine: &[f32], own: &mut [f32], sums: &mut [f32], row: &mut [f32]) {
        let (nf, nc) = (t.fine, t.coarse);
        let kc = if t.merge[2] { k / 2 } else { k };
        let row = &mut row[..nc[0]];
        own.fill(0.0);
        sums.fill(0.0);
        for jj in 0..nf[1] {
            let j = if t.merge[1] { jj / 2 } else { jj };
            let line = &fine[jj * nf[0]..][..nf[0]];
            if t.merge[0] {
                let pairs = line.chunks_exact(2);
                if let ([last], Some(o)) = (pairs.remainder(), row.last_mut()) {
                    *o = *last;
                }
                for (o, w) in row.iter_mut().zip(pairs) {
                    *o = w[0] + w[1];
                }
            } else {
                row.copy_from_slice(line);
            }
            let here = &mut own[j * nc[0]..][..nc[0]];
            let total = &mut sums[j * nc[0]..][..nc[0]];
            for ((o, total), s) in here.iter_mut().zip(total).zip(&*row) {
                *o += *s;
                *total += *s;
            }
            if t.merge[0] {
                exchange(line, t.row(0, 0, j, kc), t.row(0, 1, j, kc), here);
            }
            if t.merge[1] && children(j, true, nf[1]).len() == 2 {
                let behind = jj % 2 == 0;
                let face = if behind { j } else { j + 1 };
                if face > 0 && face < nc[1] {
                    let w = t.row(1, usize::from(behind), face, kc);
                    let (low, high) = own[(face - 1) * nc[0]..][..2 * nc[0]].split_at_mut(nc[0]);
                    let (from, to) = if behind { (high, low) } else { (low, high) };
                    for (((f, o), s), w) in from.iter_mut().zip(to).zip(&*row).zip(w) {
                        let moved = *w * *s;
                        *f -= moved;
                        *o += moved;
                    }
                }
            }
        }
    }
}

kernel! {
    /// Writes coarse plane `k` of the restriction from what [`flatten`] made of the fine planes
    /// of [`Transfer::reach`], in their order.
    pub fn gather(t: &Transfer, k: usize, planes: [[&[f32]; 2]; 4], out: &mut [f32]) {
        let (nf, nc) = (t.fine, t.coarse);
        let own = children(k, t.merge[2], nf[2]);
        out.fill(0.0);
        for (kk, [flat, sums]) in t.reach(k).zip(planes) {
            let inside = own.contains(&kk);
            if inside {
                for (o, v) in out.iter_mut().zip(flat) {
                    *o += *v;
                }
            }
            if !t.merge[2] || (inside && own.len() == 1) {
                continue;
            }
            // Across the face below or above: lost by a child of this plane, gained from one of
            // the next.
            let (low, behind) = if inside { (kk == own.start, kk == own.start) } else { (kk < own.start, kk > own.start) };
            let face = if low { k } else { k + 1 };
            let sign = if inside { -1.0 } else { 1.0 };
            for j in 0..nc[1] {
                let w = t.row(2, usize::from(behind), j, face);
                let row = j * nc[0];
                for ((o, s), w) in out[row..][..nc[0]].iter_mut().zip(&sums[row..][..nc[0]]).zip(w) {
                    *o += sign * (*w * *s);
                }
            }
        }
    }
}

/// Exchange along x of the residuals of a fine row.
#[inline(always)]
fn exchange(row: &[f32], before: &[f32], behind: &[f32], out: &mut [f32]) {
    // Children 2i − 1 before face i and 2i behind it; the slices have one length.
    let m = out.len() - 1;
    if m == 0 {
        return;
    }
    let (before, behind) = (&before[1..][..m], &behind[1..][..m]);
    let mut pairs = row[1..].chunks_exact(2);
    for i in 0..m {
        let Some(pair) = pairs.next() else { break };
        let moved = before[i] * pair[0] - behind[i] * pair[1];
        out[i] -= moved;
        out[i + 1] += moved;
    }
}

kernel! {
    /// Writes fine plane `k` of x plus, where `inverse` is not zero, the interpolation of three
    /// coarse planes (below, here, above); `sums` is a scratch of a coarse row.
    pub fn spread(t: &Transfer, k: usize, coarse: [&[f32]; 3], fine: [&[f32]; 2], sums: &mut [f32], out: &mut [f32]) {
        let (nf, nc) = (t.fine, t.coarse);
        let kc = if t.merge[2] { k / 2 } else { k };
        let planes = children(kc, t.merge[2], nf[2]);
        let [below, here, above] = coarse;
        let [x, inverse] = fine;
        let sums = &mut sums[..nc[0]];
        for jj in 0..nf[1] {
            let j = if t.merge[1] { jj / 2 } else { jj };
            let lines = children(j, t.merge[1], nf[1]);
            let own = &here[j * nc[0]..][..nc[0]];
            sums.copy_from_slice(own);
            if t.merge[2] && planes.len() == 2 {
                let behind = k == planes.start;
                let w = t.row(2, usize::from(behind), j, if behind { kc } else { kc + 1 });
                let other = &(if behind { below } else { above })[j * nc[0]..][..nc[0]];
                lean(sums, own, other, w);
            }
            if t.merge[1] && lines.len() == 2 {
                let behind = jj == lines.start;
                let face = if behind { j } else { j + 1 };
                if face > 0 && face < nc[1] {
                    let w = t.row(1, usize::from(behind), face, kc);
                    let other = if behind { j - 1 } else { j + 1 };
                    lean(sums, own, &here[other * nc[0]..][..nc[0]], w);
                }
            }
            let row = jj * nf[0];
            let (x, open) = (&x[row..][..nf[0]], &inverse[row..][..nf[0]]);
            let out = &mut out[row..][..nf[0]];
            let add = |x: f32, open: f32, v: f32| x + if open > 0.0 { v } else { 0.0 };
            if t.merge[0] {
                let (before, behind) = (t.row(0, 0, j, kc), t.row(0, 1, j, kc));
                // Interior pairs through slices of one length: no bounds checks.
                let pair = |i: usize, left: f32, right: f32| {
                    let low = sums[i] + behind[i] * (left - own[i]);
                    let high = sums[i] + before[i + 1] * (right - own[i]);
                    [low, high]
                };
                let m = nf[0] / 2;
                let mut ends = [0, m - 1].map(|i| {
                    let left = own[i.saturating_sub(1)];
                    let right = own[(i + 1).min(nc[0] - 1)];
                    (i, pair(i, left, right))
                });
                for (i, [low, high]) in &mut ends {
                    let i = 2 * *i;
                    out[i] = add(x[i], open[i], *low);
                    out[i + 1] = add(x[i + 1], open[i + 1], *high);
                }
                if m > 2 {
                    let n = m - 2;
                    let (left, mid, right) = (&own[..n], &own[1..][..n], &own[2..][..n]);
                    let (behind, before) = (&behind[1..][..n], &before[2..][..n]);
                    let sums = &sums[1..][..n];
                    let out = out[2..][..2 * n].chunks_exact_mut(2);
                    let fine = x[2..][..2 * n].chunks_exact(2).zip(open[2..][..2 * n].chunks_exact(2));
                    for (i, (out, (x, open))) in out.zip(fine).enumerate() {
                        let low = sums[i] + behind[i] * (left[i] - mid[i]);
                        let high = sums[i] + before[i] * (right[i] - mid[i]);
                        out[0] = add(x[0], open[0], low);
                        out[1] = add(x[1], open[1], high);
                    }
                }
                if nf[0] % 2 == 1 {
                    let last = nf[0] - 1;
                    out[last] = add(x[last], open[last], sums[nc[0] - 1]);
                }
            } else {
                for (((o, x), open), s) in out.iter_mut().zip(x).zip(open).zip(&*sums) {
                    *o = add(*x, *open, *s);
                }
            }
        }
    }
}

/// sums += w·(other − own).
#[inline(always)]
fn lean(sums: &mut [f32], own: &[f32], other: &[f32], w: &[f32]) {
    for (((s, own), other), w) in sums.iter_mut().zip(own).zip(other).zip(w) {
        *s += *w * (*other - *own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::grid::Grid;

    fn faces(n: [usize; 3], closed: impl Fn(usize) -> bool) -> Faces<f32> {
        let grid = Grid { n, h: [1.0, 1.0, 1.0], dimensions: 3 };
        let relative: Vec<f64> =
            (0..grid.len()).map(|i| if closed(i) { 0.0 } else { 1.0 }).collect();
        Faces::harmonic(&grid, &relative, [1.0; 3]).single()
    }

    fn interpolate(t: &Transfer, coarse: &[f32], open: &[f32]) -> Vec<f32> {
        let plane = t.fine[0] * t.fine[1];
        let zero = vec![0.0; plane];
        let mut out = vec![0.0; open.len()];
        let mut row = vec![0.0; t.fine[0]];
        for (k, p) in out.chunks_mut(plane).enumerate() {
            let fine = [&zero[..], &open[k * plane..][..plane]];
            spread(t, k, t.around(coarse, k), fine, &mut row, p);
        }
        out
    }

    fn restrict(t: &Transfer, fine: &[f32]) -> Vec<f32> {
        let (plane, size) = (t.fine[0] * t.fine[1], t.coarse[0] * t.coarse[1]);
        let mut row = vec![0.0; t.fine[0]];
        let flat: Vec<_> = (0..t.fine[2])
            .map(|k| {
                let (mut own, mut sums) = (vec![0.0; size], vec![0.0; size]);
                flatten(t, k, &fine[k * plane..][..plane], &mut own, &mut sums, &mut row);
                (own, sums)
            })
            .collect();
        let mut out = vec![0.0; size * t.coarse[2]];
        for (k, p) in out.chunks_mut(size).enumerate() {
            let reach = t.reach(k);
            let planes = std::array::from_fn(|i| {
                let (own, sums) = &flat[(reach.start + i).min(reach.end - 1)];
                [&own[..], &sums[..]]
            });
            gather(t, k, planes, p);
        }
        out
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
            let u = noise(t.coarse.iter().product(), 99);
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
