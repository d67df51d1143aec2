//! The sweeps of one level of the multigrid cycle, each one pass over the grid: smoothing down
//! with the restriction of the residual, and the correction with smoothing up.
//!
//! Smoother: three damped Jacobi steps, x ← x + w·D⁻¹(b − A x), that make up the fourth-kind
//! Chebyshev polynomial (Lottes, Numer. Linear Algebra Appl. 30 (2023) e2518). Gershgorin bounds the spectrum of D⁻¹A by 2 for every
//! M-matrix of this form, so nothing has to be estimated, and no sweep depends on the order of
//! the voxels. A thread takes a slab of planes and goes through it in tiles of rows; between the
//! steps the planes of a tile live in small rings that stay in the cache. What a tile needs
//! beyond its ends it computes itself.

use std::ops::Range;

use super::layout::Layout;
use super::operator::{Operator, differences, sums};
use super::share::{Kept, Share, correct, share};
use super::stencil::inner;
use super::transfer::{Lines, Transfer, flatten, gather, spread};
use crate::ground::par;
use crate::kernel;

/// The matrix d·(faces) + extra of a level.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    /// Conductances.
    pub faces: &'a Operator,
    /// Their factor.
    pub d: f32,
    /// Diagonal beyond the sum of the conductances.
    pub extra: &'a [f32],
    /// Inverse diagonal; 0 where there is no unknown.
    pub inverse: &'a [f32],
    /// Of the shares of corrections, what stays beside walls.
    pub kept: &'a Kept,
}

impl<'a> Matrix<'a> {
    /// The shares of corrections.
    pub fn share(&self) -> Share<'a> {
        Share { faces: self.faces, d: self.d, inverse: self.inverse, kept: self.kept }
    }
}

/// Steps of the smoother.
const DEGREE: usize = 3;

/// Values of a plane of a tile: the planes in flight then stay in the cache of a core.
const TILE: usize = 12_288;

/// Planes that wait for their neighbours, and rows.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Iterates by number of steps taken.
    steps: [Ring; DEGREE + 1],
    /// Residuals, restricted in the plane.
    flat: Ring,
    residual: Ring,
    lines: Lines,
    /// Interpolated corrections of some rows.
    corrections: Vec<f32>,
}

impl Scratch {
    fn size(&mut self, layout: &Layout) {
        for ring in &mut self.steps {
            ring.size(3, layout.view_len());
        }
        self.residual.size(1, layout.view_len());
    }
}

/// The last planes of a sweep, by their number.
#[derive(Debug, Default)]
struct Ring(Vec<Vec<f32>>);

impl Ring {
    fn size(&mut self, count: usize, length: usize) {
        self.0.resize_with(count, Vec::new);
        for p in &mut self.0 {
            if p.len() != length {
                p.clear();
                p.resize(length, 0.0);
            }
        }
    }
    fn get(&self, k: usize) -> &[f32] {
        &self.0[k % self.0.len()]
    }
    /// Plane `k` with those below and above; `zero` beyond the grid.
    fn around<'r>(&'r self, k: usize, planes: usize, zero: &'r [f32]) -> [&'r [f32]; 3] {
        let below = if k > 0 { self.get(k - 1) } else { zero };
        let above = if k + 1 < planes { self.get(k + 1) } else { zero };
        [below, self.get(k), above]
    }
    fn put(&mut self, k: usize) -> &mut [f32] {
        let at = k % self.0.len();
        &mut self.0[at]
    }
}

/// Lengths of the steps: the inverse roots 1 − cos(2πj/7) of the fourth-kind polynomial of degree
/// three on (0, 2].
pub(super) const WEIGHTS: [f32; DEGREE] = [2.655_970_6, 0.817_981_9, 0.526_047_54];

/// `range` widened by `by` on both sides within `0..end`.
fn widened(range: &Range<usize>, by: usize, end: usize) -> Range<usize> {
    range.start.saturating_sub(by)..(range.end + by).min(end)
}

/// `rows` rows of `length` values in tiles, the same for any number of threads.
fn tiles(rows: usize, length: usize) -> impl Iterator<Item = Range<usize>> {
    let count = (rows * length).div_ceil(TILE).min(rows.div_ceil(8)).max(1);
    (0..count).map(move |t| t * rows / count..(t + 1) * rows / count)
}

/// Smoothing steps on A x = b from x = 0; with a transfer, the restricted residual goes to
/// `coarse`.
pub fn down(
    m: Matrix,
    b: &[f32],
    x: &mut [f32],
    next: Option<(&Transfer, &mut [f32])>,
    scratch: &mut Vec<Scratch>,
) {
    let l = m.faces.layout;
    let (plane, planes) = (l.plane(), l.n[2]);
    let (transfer, coarse) = match next {
        Some((t, coarse)) => (Some(t), t.coarse().body(coarse)),
        None => (None, &mut [][..]),
    };
    let count = transfer.map_or(planes, |t| t.coarse().n[2]);
    let slabs = par::slabs(count, plane * planes / count);
    scratch.resize_with(slabs.len().max(scratch.len()), Scratch::default);
    let fine = |s: &Range<usize>| match transfer {
        Some(t) => t.start(2, s.start)..t.start(2, s.end),
        None => s.clone(),
    };
    let coarse_plane = transfer.map_or(0, |t| t.coarse().plane());
    let xs = par::pieces(l.body(x), slabs.iter().map(|s| fine(s).len() * plane));
    let outs = par::pieces(coarse, slabs.iter().map(|s| s.len() * coarse_plane));
    let jobs: Vec<_> = slabs.iter().zip(xs).zip(outs).zip(scratch).collect();
    par::each(jobs, |(((slab, x), out), scratch)| {
        scratch.size(&l);
        match transfer {
            Some(t) => {
                for rows in tiles(t.coarse().n[1], plane / t.coarse().n[1]) {
                    let tile = Tile {
                        planes: fine(slab),
                        rows: t.start(1, rows.start)..t.start(1, rows.end),
                    };
                    let next = Coarse { transfer: t, planes: slab, rows: &rows, out };
                    down_tile(m, b, &tile, x, Some(next), scratch);
                }
            }
            None => {
                for rows in tiles(l.n[1], l.stride) {
                    down_tile(m, b, &Tile { planes: slab.clone(), rows }, x, None, scratch);
                }
            }
        }
    });
}

/// Planes and rows whose results belong to a piece of work.
struct Tile {
    planes: Range<usize>,
    rows: Range<usize>,
}

/// The coarse side of a tile: planes and rows, and where their planes start.
struct Coarse<'a> {
    transfer: &'a Transfer,
    planes: &'a Range<usize>,
    rows: &'a Range<usize>,
    out: &'a mut [f32],
}

impl Coarse<'_> {
    /// Writes plane `k` from the fine planes up to `last`.
    fn gather(&mut self, k: usize, flat: &Ring, last: usize) {
        let layout = self.transfer.coarse();
        let start = self.transfer.reach(2, k).start;
        let fine = std::array::from_fn(|i| {
            flat.get((start + i).min(last)).split_at(layout.view_len()).into()
        });
        let out = &mut self.out[(k - self.planes.start) * layout.plane()..][..layout.plane()];
        gather(self.transfer, k, self.rows, fine, out);
    }
}

/// A tile of [`down`].
fn down_tile(
    m: Matrix,
    b: &[f32],
    tile: &Tile,
    x: &mut [f32],
    mut next: Option<Coarse>,
    scratch: &mut Scratch,
) {
    let l = m.faces.layout;
    let [_, rows, planes] = l.n;
    // Where the residual is needed; for it the last step is needed one voxel further.
    let (rest, margin) = match &next {
        Some(c) => {
            let t = c.transfer;
            (Tile { planes: t.reaches(2, c.planes), rows: t.reaches(1, c.rows) }, 1)
        }
        None => (Tile { planes: tile.planes.clone(), rows: tile.rows.clone() }, 0),
    };
    // Planes and rows on which each step is needed.
    let needed: [Tile; DEGREE] = std::array::from_fn(|s| {
        let by = DEGREE - 1 - s + margin;
        Tile { planes: widened(&rest.planes, by, planes), rows: widened(&rest.rows, by, rows) }
    });
    let Scratch { steps, flat, residual: ring, lines, .. } = scratch;
    let residual_plane = ring.put(0);
    let mut coarse = 0;
    if let Some(c) = &next {
        flat.size(4, 2 * c.transfer.coarse().view_len());
        lines.fit(c.transfer);
        coarse = c.planes.start;
    }
    let zero = m.faces.zero();
    for head in needed[0].planes.start..needed[0].planes.end + DEGREE {
        if needed[0].planes.contains(&head) {
            let (b, inverse) = (l.view(b, head), l.view(m.inverse, head));
            scaled(WEIGHTS[0], &l, &needed[0].rows, b, inverse, steps[0].put(head));
        }
        for s in 1..DEGREE {
            let Some(k) = head.checked_sub(s) else { break };
            if needed[s].planes.contains(&k) {
                let (done, later) = steps.split_at_mut(s);
                let old = done[s - 1].around(k, planes, zero);
                let out = later[0].put(k);
                let rows = Layout::rows(out);
                // The result also goes to x, with that of rows beside the tile, which is theirs.
                let own = if s + 1 == DEGREE && tile.planes.contains(&k) {
                    &mut x[(k - tile.planes.start) * l.plane()..][..l.plane()]
                } else {
                    &mut []
                };
                step(&m, k, &needed[s].rows, old, l.view(b, k), WEIGHTS[s], rows, own);
            }
        }
        let (Some(k), Some(next)) = (head.checked_sub(DEGREE), &mut next) else { continue };
        if rest.planes.contains(&k) {
            let t = next.transfer;
            let around = steps[DEGREE - 1].around(k, planes, zero);
            let out = Layout::rows(residual_plane);
            residual(&m, k, &rest.rows, around, l.view(b, k), true, out);
            let (own, sums) = flat.put(k).split_at_mut(t.coarse().view_len());
            flatten(t, k, &rest.rows, residual_plane, own, sums, lines);
            while coarse < next.planes.end && t.reach(2, coarse).end == k + 1 {
                next.gather(coarse, flat, k);
                coarse += 1;
            }
        }
    }
}

/// Adds the interpolated correction to x and takes the smoothing steps, into `out`; gives the
/// product of `out` and b.
pub fn up(
    m: Matrix,
    b: &[f32],
    x: &[f32],
    (t, coarse): (&Transfer, &[f32]),
    out: &mut [f32],
    scratch: &mut Vec<Scratch>,
) -> f64 {
    let l = m.faces.layout;
    let slabs = par::slabs(l.n[2], l.plane());
    scratch.resize_with(slabs.len().max(scratch.len()), Scratch::default);
    let outs = par::pieces(l.body(out), slabs.iter().map(|s| s.len() * l.plane()));
    let jobs: Vec<_> = slabs.iter().zip(outs).zip(scratch).collect();
    let products = par::each(jobs, |((slab, out), scratch)| {
        scratch.size(&l);
        let mut products = vec![0.0; slab.len()];
        for rows in tiles(l.n[1], l.stride) {
            let tile = Tile { planes: slab.clone(), rows };
            up_tile(m, b, x, (t, coarse), &tile, out, &mut products, scratch);
        }
        products
    });
    products.iter().flatten().sum()
}

/// A tile of [`up`]; adds to the products of its planes.
fn up_tile(
    m: Matrix,
    b: &[f32],
    x: &[f32],
    (t, coarse): (&Transfer, &[f32]),
    tile: &Tile,
    out: &mut [f32],
    products: &mut [f64],
    scratch: &mut Scratch,
) {
    let l = m.faces.layout;
    let [_, rows, planes] = l.n;
    let needed: [Tile; DEGREE + 1] = std::array::from_fn(|s| Tile {
        planes: widened(&tile.planes, DEGREE - s, planes),
        rows: widened(&tile.rows, DEGREE - s, rows),
    });
    let Scratch { steps, corrections, .. } = scratch;
    let zero = m.faces.zero();
    for head in needed[0].planes.start..needed[0].planes.end + DEGREE {
        if needed[0].planes.contains(&head) {
            let (coarse, x, out) = (t.around(coarse, head), l.view(x, head), steps[0].put(head));
            let all = &needed[0].rows;
            for rows in t.coarse().pieces(&t.covers(all)) {
                let fine = t.start(1, rows.start)..t.start(1, rows.end);
                corrections.resize(fine.len() * l.stride, 0.0);
                spread(t, head, &rows, coarse, corrections);
                let own = fine.start.max(all.start)..fine.end.min(all.end);
                let corrections = &mut corrections[(own.start - fine.start) * l.stride..];
                correct(&m.share(), &own, head, x, &mut corrections[..own.len() * l.stride], out);
            }
        }
        for s in 1..=DEGREE {
            let Some(k) = head.checked_sub(s) else { break };
            if needed[s].planes.contains(&k) {
                let (done, later) = steps.split_at_mut(s);
                let old = done[s - 1].around(k, planes, zero);
                let plane = k.wrapping_sub(tile.planes.start);
                let next = if s == DEGREE {
                    &mut out[plane * l.plane()..][..l.plane()]
                } else {
                    Layout::rows(later[0].put(k))
                };
                step(&m, k, &needed[s].rows, old, l.view(b, k), WEIGHTS[s - 1], next, &mut []);
                if s == DEGREE {
                    products[plane] += product(&l, &tile.rows, next, l.view(b, k));
                }
            }
        }
    }
}

/// q = A p; gives p·q.
pub fn product_with(m: Matrix, p: &[f32], q: &mut [f32]) -> f64 {
    let l = m.faces.layout;
    let planes = par::planes_map(l.plane(), l.body(q), |k, q| {
        multiply(&m, k, l.around(p, m.faces.zero(), k), q)
    });
    planes.iter().sum()
}

/// p = z + beta·p and q = A p; gives p·q.
pub fn direct(
    m: Matrix,
    beta: f32,
    z: &[f32],
    p: &mut [f32],
    q: &mut [f32],
    scratch: &mut Vec<Scratch>,
) -> f64 {
    let l = m.faces.layout;
    let (plane, planes, all) = (l.plane(), l.n[2], 0..l.n[1]);
    let slabs = par::slabs(planes, plane);
    scratch.resize_with(slabs.len().max(scratch.len()), Scratch::default);
    // The planes beside a slab, before another thread changes them.
    for (own, scratch) in slabs.iter().zip(&mut *scratch) {
        scratch.size(&l);
        let [_, below, above, ..] = &mut scratch.steps;
        for (ring, k) in [(below, own.start.checked_sub(1)), (above, Some(own.end))] {
            if let Some(k) = k.filter(|k| *k < planes) {
                ring.put(0).copy_from_slice(l.view(p, k));
            }
        }
    }
    let ps = par::pieces(l.body(p), slabs.iter().map(|s| s.len() * plane));
    let qs = par::pieces(l.body(q), slabs.iter().map(|s| s.len() * plane));
    let jobs: Vec<_> = slabs.iter().zip(ps).zip(qs).zip(scratch).collect();
    let products = par::each(jobs, |(((own, p), q), scratch)| {
        let wide = widened(own, 1, planes);
        let [ring, below, above, ..] = &mut scratch.steps;
        let mut products = Vec::with_capacity(own.len());
        for k in wide.start..=wide.end {
            if wide.contains(&k) {
                let (z, now) =
                    (l.span(l.view(z, k), &all), &mut Layout::rows(ring.put(k))[..plane]);
                if own.contains(&k) {
                    let p = &mut p[(k - own.start) * plane..][..plane];
                    combine(beta, z, p, now);
                    p.copy_from_slice(now);
                } else {
                    let beside = if k < own.start { &*below } else { &*above };
                    combine(beta, z, l.span(beside.get(0), &all), now);
                }
            }
            let Some(k) = k.checked_sub(1) else { continue };
            if own.contains(&k) {
                let around = ring.around(k, planes, m.faces.zero());
                let out = &mut q[(k - own.start) * plane..][..plane];
                products.push(multiply(&m, k, around, out));
            }
        }
        products
    });
    products.iter().flatten().sum()
}

/// The first step of the smoother, from zero.
pub fn start(m: Matrix, b: &[f32], x: &mut [f32]) {
    let l = m.faces.layout;
    let plane = l.plane();
    par::planes(plane, l.body(x), |k, x| {
        let (b, inverse) = (&l.body_of(b)[k * plane..], &l.body_of(m.inverse)[k * plane..]);
        for ((x, b), inverse) in x.iter_mut().zip(b).zip(inverse) {
            *x = WEIGHTS[0] * *inverse * *b;
        }
    });
}

/// One step of the smoother, alone.
pub fn single(m: Matrix, b: &[f32], x: &[f32], weight: f32, out: &mut [f32]) {
    let l = m.faces.layout;
    par::planes(l.plane(), l.body(out), |k, out| {
        step(
            &m,
            k,
            &(0..l.n[1]),
            l.around(x, m.faces.zero(), k),
            l.view(b, k),
            weight,
            out,
            &mut [],
        );
    });
}

/// out = b − A x.
pub fn rest(m: Matrix, b: &[f32], x: &[f32], out: &mut [f32]) {
    let l = m.faces.layout;
    par::planes(l.plane(), l.body(out), |k, out| {
        residual(&m, k, &(0..l.n[1]), l.around(x, m.faces.zero(), k), l.view(b, k), false, out);
    });
}

kernel! {
    /// Rows of out = w·inverse·b.
    fn scaled(w: f32, l: &Layout, rows: &Range<usize>, b: &[f32], inverse: &[f32], out: &mut [f32]) {
        let (b, inverse) = (l.span(b, rows), l.span(inverse, rows));
        for ((x, b), inverse) in l.span_mut(out, rows).iter_mut().zip(b).zip(inverse) {
            *x = w * *inverse * *b;
        }
    }
}

kernel! {
    /// p = z + beta·old.
    fn combine(beta: f32, z: &[f32], old: &[f32], p: &mut [f32]) {
        for ((p, z), old) in p.iter_mut().zip(z).zip(old) {
            *p = *z + beta * *old;
        }
    }
}

kernel! {
    /// Product of rows of a body and a view.
    fn product(l: &Layout, rows: &Range<usize>, a: &[f32], b: &[f32]) -> f64 {
        inner(&a[rows.start * l.stride..rows.end * l.stride], l.span(b, rows))
    }
}

kernel! {
    /// Rows of plane `k` of b − A x for x that is 0 in closed voxels and around the grid; times
    /// their shares of corrections if `weighed`.
    fn residual(m: &Matrix, k: usize, rows: &Range<usize>, x: [&[f32]; 3], b: &[f32], weighed: bool, out: &mut [f32]) {
        let l = &m.faces.layout;
        let (d, twice, inverse) = (m.d, 2.0 * m.d, l.view(m.inverse, k));
        for run in &l.runs(rows) {
            let n = run.len() * l.stride;
            let (inverse, b) = (&l.span(inverse, run)[..n], &l.span(b, run)[..n]);
            let (here, out) = (&l.span(x[1], run)[..n], &mut out[run.start * l.stride..][..n]);
            if weighed {
                let total = &m.faces.totals(run, k)[..n];
                sums!(m.faces, x, run, k, |i, sum| {
                    let rest = (b[i] + d * sum) - here[i] / inverse[i];
                    let share = share(twice * total[i], inverse[i]);
                    out[i] = if inverse[i] > 0.0 { share * rest } else { 0.0 };
                });
            } else {
                sums!(m.faces, x, run, k, |i, sum| {
                    let rest = (b[i] + d * sum) - here[i] / inverse[i];
                    out[i] = if inverse[i] > 0.0 { rest } else { 0.0 };
                });
            }
        }
        if weighed {
            m.kept.weigh(l, rows, k, &mut out[rows.start * l.stride..rows.end * l.stride]);
        }
    }
}

kernel! {
    /// Plane `k` of A x; gives its product with x.
    fn multiply(m: &Matrix, k: usize, x: [&[f32]; 3], out: &mut [f32]) -> f64 {
        let l = &m.faces.layout;
        let open = l.around(m.inverse, m.faces.zero(), k);
        let all = 0..l.n[1];
        for run in &l.runs(&all) {
            let n = run.len() * l.stride;
            let d = m.d;
            let (here, extra) = (&l.span(x[1], run)[..n], &l.span(l.view(m.extra, k), run)[..n]);
            let inverse = &l.span(open[1], run)[..n];
            let out = &mut out[run.start * l.stride..][..n];
            differences!(m.faces, x, open, run, k, |i, sum| {
                let product = d * sum + extra[i] * here[i];
                out[i] = if inverse[i] > 0.0 { product } else { 0.0 };
            });
        }
        inner(out, l.span(x[1], &all))
    }
}

kernel! {
    /// Rows of plane `k` of x + w·inverse·(b − A x), for x that is 0 in closed voxels and around the
    /// grid: then inverse·A x = x − inverse·Σ T x_neighbour. Rows of planes, `also` may be empty.
    fn step(m: &Matrix, k: usize, rows: &Range<usize>, x: [&[f32]; 3], b: &[f32], w: f32, next: &mut [f32], also: &mut [f32]) {
        let l = &m.faces.layout;
        let d = m.d;
        for run in &l.runs(rows) {
            let n = run.len() * l.stride;
            let (inverse, b) = (&l.span(l.view(m.inverse, k), run)[..n], &l.span(b, run)[..n]);
            let here = &l.span(x[1], run)[..n];
            let out = &mut next[run.start * l.stride..][..n];
            if !also.is_empty() {
                let also = &mut also[run.start * l.stride..][..n];
                sums!(m.faces, x, run, k, |i, sum| {
                    let x = here[i];
                    let wanted = inverse[i] * (b[i] + d * sum);
                    out[i] = x + w * (wanted - x);
                    also[i] = x + w * (wanted - x);
                });
                continue;
            }
            sums!(m.faces, x, run, k, |i, sum| {
                let x = here[i];
                let wanted = inverse[i] * (b[i] + d * sum);
                out[i] = x + w * (wanted - x);
            });
        }
    }
}
