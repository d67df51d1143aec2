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

/// Mean φ over the children before and behind face `at` along `axis`.
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
    let (mut before, mut behind, mut count) = (0.0, 0.0, 0.0_f64);
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
                count += 1.0;
            }
        }
    }
    let total = (ranges[0].len() * ranges[1].len() * ranges[2].len()) as f64;
    let total = if std::env::var("OPEN").is_ok() { count.max(1.0) } else { total };
    let f: f64 = std::env::var("FPHI").map_or(1.0, |v| v.parse().unwrap());
    ((f * before / total) as f32, (f * behind / total) as f32)
}

kernel! {
    /// Writes coarse plane `k` of the restriction of the fine planes of [`Transfer::reach`];
    /// `sums` is a scratch of two coarse rows.
    pub fn gather(t: &Transfer, k: usize, fine: [&[f32]; 4], sums: &mut [f32], out: &mut [f32]) {
        let (nf, nc) = (t.fine, t.coarse);
        let reach = t.reach(k);
        let own = children(k, t.merge[2], nf[2]);
        out.fill(0.0);
        let sums = &mut sums[..nc[0]];
        for (kk, plane) in reach.zip(fine) {
            for j in 0..nc[1] {
                let lines = children(j, t.merge[1], nf[1]);
                if !own.contains(&kk) {
                    // A child of the coarse plane below or above, across the face between.
                    let below = kk < own.start;
                    let w = t.row(2, usize::from(!below), j, if below { k } else { k + 1 });
                    sums.fill(0.0);
                    for jj in lines {
                        add_pairs(t.merge[0], &plane[jj * nf[0]..][..nf[0]], sums);
                    }
                    for ((o, s), w) in out[j * nc[0]..][..nc[0]].iter_mut().zip(&*sums).zip(w) {
                        *o += *w * *s;
                    }
                    continue;
                }
                for jj in lines.clone() {
                    let row = &plane[jj * nf[0]..][..nf[0]];
                    sums.fill(0.0);
                    add_pairs(t.merge[0], row, sums);
                    let here = &mut out[j * nc[0]..][..nc[0]];
                    for (o, s) in here.iter_mut().zip(&*sums) {
                        *o += *s;
                    }
                    if t.merge[2] && own.len() == 2 {
                        let behind = kk == own.start;
                        let w = t.row(2, usize::from(behind), j, if behind { k } else { k + 1 });
                        for ((o, s), w) in here.iter_mut().zip(&*sums).zip(w) {
                            *o -= *w * *s;
                        }
                    }
                    if t.merge[0] {
                        exchange(row, t.row(0, 0, j, k), t.row(0, 1, j, k), here);
                    }
                    if t.merge[1] && lines.len() == 2 {
                        let behind = jj == lines.start;
                        let face = if behind { j } else { j + 1 };
                        if face > 0 && face < nc[1] {
                            let w = t.row(1, usize::from(behind), face, k);
                            let (low, high) = out[(face - 1) * nc[0]..][..2 * nc[0]].split_at_mut(nc[0]);
                            let (from, to) = if behind { (high, low) } else { (low, high) };
                            for (((f, o), s), w) in from.iter_mut().zip(to).zip(&*sums).zip(w) {
                                let moved = *w * *s;
                                *f -= moved;
                                *o += moved;
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Exchange along x of the residuals of a fine row.
#[inline(always)]
fn exchange(row: &[f32], before: &[f32], behind: &[f32], out: &mut [f32]) {
    let n = out.len();
    for i in 1..n {
        // Children 2i − 1 before the face and 2i behind it.
        let moved = before[i] * row[2 * i - 1] - behind[i] * row[2 * i];
        out[i - 1] -= moved;
        out[i] += moved;
    }
}

kernel! {
    /// Adds the interpolation of three coarse planes (below, here, above) to fine plane `k`,
    /// where `inverse` is not zero; `sums` is a scratch of a coarse row.
    pub fn spread(t: &Transfer, k: usize, coarse: [&[f32]; 3], inverse: &[f32], sums: &mut [f32], out: &mut [f32]) {
        let (nf, nc) = (t.fine, t.coarse);
        let kc = if t.merge[2] { k / 2 } else { k };
        let planes = children(kc, t.merge[2], nf[2]);
        let [below, here, above] = coarse;
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
            let out = &mut out[jj * nf[0]..][..nf[0]];
            let open = &inverse[jj * nf[0]..][..nf[0]];
            let add = |o: &mut f32, open: f32, v: f32| *o += if open > 0.0 { v } else { 0.0 };
            if t.merge[0] {
                let (before, behind) = (t.row(0, 0, j, kc), t.row(0, 1, j, kc));
                let m = nf[0] / 2;
                for i in 0..m {
                    let left = if i > 0 { own[i - 1] } else { own[i] };
                    let right = if i + 1 < nc[0] { own[i + 1] } else { own[i] };
                    let low = sums[i] + behind[i] * (left - own[i]);
                    let high = sums[i] + before[i + 1] * (right - own[i]);
                    add(&mut out[2 * i], open[2 * i], low);
                    add(&mut out[2 * i + 1], open[2 * i + 1], high);
                }
                if nf[0] % 2 == 1 {
                    add(&mut out[nf[0] - 1], open[nf[0] - 1], sums[nc[0] - 1]);
                }
            } else {
                for ((o, open), s) in out.iter_mut().zip(open).zip(&*sums) {
                    add(o, *open, *s);
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
