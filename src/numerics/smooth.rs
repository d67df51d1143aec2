//! The sweeps of one level of the multigrid cycle, each one pass over the planes: smoothing down
//! with the restriction of the residual, and the correction with smoothing up.
//!
//! Smoother: three steps of the fourth-kind Chebyshev iteration on D⁻¹A (Lottes, Numer. Linear
//! Algebra Appl. 30 (2023) e2518). Gershgorin bounds the spectrum of D⁻¹A by 2 for every
//! M-matrix of this form, so nothing has to be estimated, and no sweep depends on the order of
//! the voxels. Planes between the steps live in small rings, so a slab is read once from memory;
//! what a slab needs beyond its ends it computes itself.

use std::ops::Range;

use super::stencil::{Faces, inner};
use super::transfer::{Transfer, flatten, gather, spread};
use crate::ground::par;
use crate::kernel;

/// The matrix d·(faces) + extra of a level.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    /// Conductances.
    pub faces: &'a Faces<f32>,
    /// Their factor.
    pub d: f32,
    /// Diagonal beyond the sum of the conductances.
    pub extra: &'a [f32],
    /// Inverse diagonal; 0 where there is no unknown.
    pub inverse: &'a [f32],
}

/// Planes that wait for their neighbours, and rows.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Iterates by number of steps taken.
    steps: [Ring; DEGREE + 1],
    /// Residuals, restricted in the plane.
    flat: Ring,
    residual: Vec<f32>,
    zero: Vec<f32>,
    row: Vec<f32>,
}

impl Scratch {
    fn size(&mut self, plane: usize, row: usize) {
        for ring in &mut self.steps {
            ring.size(3, plane);
        }
        self.residual.resize(plane, 0.0);
        self.zero.resize(plane, 0.0);
        self.row.resize(row, 0.0);
    }
}

/// The last planes of a sweep, by their number.
#[derive(Debug, Default)]
struct Ring(Vec<Vec<f32>>);

impl Ring {
    fn size(&mut self, count: usize, plane: usize) {
        self.0.resize_with(count, Vec::new);
        for p in &mut self.0 {
            p.resize(plane, 0.0);
        }
    }
    fn get(&self, k: usize) -> &[f32] {
        &self.0[k % self.0.len()]
    }
    /// Plane `k` with those below and above; `zero` beyond the grid.
    fn within<'r>(&'r self, k: usize, planes: usize, zero: &'r [f32]) -> [&'r [f32]; 3] {
        let below = if k > 0 { self.get(k - 1) } else { zero };
        let above = if k + 1 < planes { self.get(k + 1) } else { zero };
        [below, self.get(k), above]
    }
    fn put(&mut self, k: usize) -> &mut [f32] {
        let at = k % self.0.len();
        &mut self.0[at]
    }
}

/// Steps of the smoother.
const DEGREE: usize = 3;

/// Weights of step `k` of the fourth-kind iteration for a spectrum in (0, 2].
const fn weights(k: usize) -> (f32, f32) {
    let x = k as f32;
    let keep = if k == 1 { 0.0 } else { (2.0 * x - 3.0) / (2.0 * x + 1.0) };
    (keep, (8.0 * x - 4.0) / ((2.0 * x + 1.0) * 2.0))
}

/// Planes of a sweep: its own in the output, those beyond its ends in a ring.
struct Planes<'a> {
    own: &'a Range<usize>,
    out: &'a mut [f32],
    ring: &'a mut Ring,
    plane: usize,
}

impl Planes<'_> {
    fn get(&self, k: usize) -> &[f32] {
        if self.own.contains(&k) {
            &self.out[(k - self.own.start) * self.plane..][..self.plane]
        } else {
            self.ring.get(k)
        }
    }
    fn put(&mut self, k: usize) -> &mut [f32] {
        if self.own.contains(&k) {
            &mut self.out[(k - self.own.start) * self.plane..][..self.plane]
        } else {
            self.ring.put(k)
        }
    }
    /// Plane `k` with those below and above; at an end of the grid the plane itself.
    fn around(&self, k: usize, planes: usize) -> [&[f32]; 3] {
        [self.get(k.saturating_sub(1)), self.get(k), self.get((k + 1).min(planes - 1))]
    }
}

/// `range` widened by `by` on both sides within `0..end`.
fn widened(range: &Range<usize>, by: usize, end: usize) -> Range<usize> {
    range.start.saturating_sub(by)..(range.end + by).min(end)
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
    let plane = m.faces.plane();
    let planes = m.faces.n[2];
    let (transfer, coarse) = match next {
        Some((t, coarse)) => (Some(t), coarse),
        None => (None, &mut [][..]),
    };
    let count = transfer.map_or(planes, |t| t.coarse()[2]);
    let slabs = par::slabs(count, plane * planes / count);
    scratch.resize_with(slabs.len().max(scratch.len()), Scratch::default);
    let fine = |s: &Range<usize>| match transfer {
        Some(t) => t.start(s.start)..t.start(s.end),
        None => s.clone(),
    };
    let coarse_plane = transfer.map_or(0, |t| t.coarse()[0] * t.coarse()[1]);
    let xs = par::pieces(x, slabs.iter().map(|s| fine(s).len() * plane));
    let outs = par::pieces(coarse, slabs.iter().map(|s| s.len() * coarse_plane));
    let jobs: Vec<_> = slabs.iter().zip(xs).zip(outs).zip(scratch).collect();
    par::each(jobs, |(((slab, x), out), scratch)| {
        down_slab(m, b, transfer, slab, &fine(slab), x, out, scratch);
    });
}

/// A slab of [`down`]: fine planes `own`, coarse planes `slab`.
#[allow(clippy::too_many_arguments)]
fn down_slab(
    m: Matrix,
    b: &[f32],
    transfer: Option<&Transfer>,
    slab: &Range<usize>,
    own: &Range<usize>,
    x: &mut [f32],
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    let (plane, planes) = (m.faces.plane(), m.faces.n[2]);
    let at = |k: usize| k * plane..(k + 1) * plane;
    let rest = match transfer {
        Some(t) => t.reach(slab.start).start..t.reach(slab.end - 1).end,
        None => own.clone(),
    };
    let margin = usize::from(transfer.is_some());
    // Planes on which each step is needed.
    let needed: [Range<usize>; DEGREE] =
        std::array::from_fn(|s| widened(&rest, DEGREE - 1 - s + margin, planes));
    scratch.size(plane, m.faces.n[0]);
    let Scratch { steps, flat, residual: residual_plane, zero, row } = scratch;
    if let Some(t) = transfer {
        flat.size(4, 2 * t.coarse()[0] * t.coarse()[1]);
    }
    let [steps @ .., ring, _] = steps;
    let mut last = Planes { own, out: x, ring, plane };
    let mut coarse = slab.start;
    for head in needed[0].start..needed[0].end + DEGREE {
        if needed[0].contains(&head) {
            let w = weights(1).1;
            scaled(w, &b[at(head)], &m.inverse[at(head)], steps[0].put(head));
        }
        for s in 1..DEGREE {
            let Some(k) = head.checked_sub(s) else { break };
            if needed[s].contains(&k) {
                let (done, later) = steps.split_at_mut(s);
                let before = if s > 1 { done[s - 2].get(k) } else { &zero[..] };
                let old = done[s - 1].within(k, planes, zero);
                let next = match later {
                    [ring, ..] => ring.put(k),
                    [] => last.put(k),
                };
                step(&m, k, old, before, zero, &b[at(k)], weights(s + 1), next);
            }
        }
        let (Some(k), Some(t)) = (head.checked_sub(DEGREE), transfer) else { continue };
        if rest.contains(&k) {
            residual(&m, k, last.around(k, planes), &b[at(k)], residual_plane);
            let size = t.coarse()[0] * t.coarse()[1];
            let (own, sums) = flat.put(k).split_at_mut(size);
            flatten(t, k, residual_plane, own, sums, row);
            while coarse < slab.end && t.reach(coarse).end == k + 1 {
                let reach = t.reach(coarse);
                let fine = std::array::from_fn(|i| {
                    let (own, sums) = flat.get((reach.start + i).min(k)).split_at(size);
                    [own, sums]
                });
                gather(t, coarse, fine, &mut out[(coarse - slab.start) * size..][..size]);
                coarse += 1;
            }
        }
    }
}

/// Adds the interpolated correction to x and takes the smoothing steps, into `out`; gives the
/// products of the planes of `out` and b.
pub fn up(
    m: Matrix,
    b: &[f32],
    x: &[f32],
    (t, coarse): (&Transfer, &[f32]),
    out: &mut [f32],
    scratch: &mut Vec<Scratch>,
) -> f64 {
    let (plane, planes) = (m.faces.plane(), m.faces.n[2]);
    let slabs = par::slabs(planes, plane);
    scratch.resize_with(slabs.len().max(scratch.len()), Scratch::default);
    let outs = par::pieces(out, slabs.iter().map(|s| s.len() * plane));
    let jobs: Vec<_> = slabs.iter().zip(outs).zip(scratch).collect();
    let products =
        par::each(jobs, |((slab, out), scratch)| up_slab(m, b, x, (t, coarse), slab, out, scratch));
    products.iter().flatten().sum()
}

/// A slab of [`up`]: planes `own`.
fn up_slab(
    m: Matrix,
    b: &[f32],
    x: &[f32],
    (t, coarse): (&Transfer, &[f32]),
    own: &Range<usize>,
    out: &mut [f32],
    scratch: &mut Scratch,
) -> Vec<f64> {
    let (plane, planes) = (m.faces.plane(), m.faces.n[2]);
    let at = |k: usize| k * plane..(k + 1) * plane;
    let needed: [Range<usize>; DEGREE + 1] =
        std::array::from_fn(|s| widened(own, DEGREE - s, planes));
    scratch.size(plane, m.faces.n[0]);
    let Scratch { steps, zero, row, .. } = scratch;
    let mut products = Vec::with_capacity(own.len());
    for head in needed[0].start..needed[0].end + DEGREE {
        if needed[0].contains(&head) {
            let (x, inverse) = (&x[at(head)], &m.inverse[at(head)]);
            spread(t, head, t.around(coarse, head), [x, inverse], row, steps[0].put(head));
        }
        for s in 1..=DEGREE {
            let Some(k) = head.checked_sub(s) else { break };
            if needed[s].contains(&k) {
                let (done, next) = steps.split_at_mut(s);
                let old = done[s - 1].within(k, planes, zero);
                let before = if s > 1 { done[s - 2].get(k) } else { old[1] };
                let next = if s == DEGREE { &mut out[at(k - own.start)] } else { next[0].put(k) };
                step(&m, k, old, before, zero, &b[at(k)], weights(s), next);
                if s == DEGREE {
                    products.push(product(next, &b[at(k)]));
                }
            }
        }
    }
    products
}

/// p = z + beta·old into `p` and q = A p; gives p·q.
pub fn direct(
    m: Matrix,
    beta: f32,
    z: &[f32],
    old: &[f32],
    p: &mut [f32],
    q: &mut [f32],
    scratch: &mut Vec<Scratch>,
) -> f64 {
    let (plane, planes) = (m.faces.plane(), m.faces.n[2]);
    let at = |k: usize| k * plane..(k + 1) * plane;
    let slabs = par::slabs(planes, plane);
    scratch.resize_with(slabs.len().max(scratch.len()), Scratch::default);
    let ps = par::pieces(p, slabs.iter().map(|s| s.len() * plane));
    let qs = par::pieces(q, slabs.iter().map(|s| s.len() * plane));
    let jobs: Vec<_> = slabs.iter().zip(ps).zip(qs).zip(scratch).collect();
    let products = par::each(jobs, |(((own, p), q), scratch)| {
        let wide = widened(own, 1, planes);
        scratch.size(plane, 0);
        let mut now = Planes { own, out: p, ring: &mut scratch.steps[0], plane };
        let mut products = Vec::with_capacity(own.len());
        for k in wide.start..=wide.end {
            if wide.contains(&k) {
                combine(beta, &z[at(k)], &old[at(k)], now.put(k));
            }
            let Some(k) = k.checked_sub(1) else { continue };
            if own.contains(&k) {
                let around = now.around(k, planes);
                products.push(multiply(&m, k, around, &mut q[at(k - own.start)]));
            }
        }
        products
    });
    products.iter().flatten().sum()
}

/// out = b − A x.
pub fn rest(m: Matrix, b: &[f32], x: &[f32], out: &mut [f32]) {
    let plane = m.faces.plane();
    par::planes(plane, out, |k, out| {
        residual(&m, k, m.faces.around(x, k), &b[k * plane..][..plane], out);
    });
}

kernel! {
    /// out = w·inverse·b.
    fn scaled(w: f32, b: &[f32], inverse: &[f32], out: &mut [f32]) {
        for ((x, b), inverse) in out.iter_mut().zip(b).zip(inverse) {
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
    /// Plane product.
    fn product(a: &[f32], b: &[f32]) -> f64 {
        inner(a, b)
    }
}

kernel! {
    /// Plane `k` of b − A x.
    fn residual(m: &Matrix, k: usize, x: [&[f32]; 3], b: &[f32], out: &mut [f32]) {
        let [nx, ny, _] = m.faces.n;
        let open = m.faces.around(m.inverse, k);
        for j in 0..ny {
            let at_row = j * nx;
            let e = &m.extra[k * nx * ny + at_row..][..nx];
            let inverse = &open[1][at_row..][..nx];
            let (here, b, out) = (&x[1][at_row..][..nx], &b[at_row..][..nx], &mut out[at_row..][..nx]);
            m.faces.open_divergence_row(x, open, j, k, out);
            for i in 0..nx {
                let rest = b[i] - (m.d * out[i] + e[i] * here[i]);
                out[i] = if inverse[i] > 0.0 { rest } else { 0.0 };
            }
        }
    }
}

kernel! {
    /// Plane `k` of A x; gives its product with x.
    fn multiply(m: &Matrix, k: usize, x: [&[f32]; 3], out: &mut [f32]) -> f64 {
        let [nx, ny, _] = m.faces.n;
        let open = m.faces.around(m.inverse, k);
        for j in 0..ny {
            let at_row = j * nx;
            let e = &m.extra[k * nx * ny + at_row..][..nx];
            let inverse = &open[1][at_row..][..nx];
            let (here, out) = (&x[1][at_row..][..nx], &mut out[at_row..][..nx]);
            m.faces.open_divergence_row(x, open, j, k, out);
            for i in 0..nx {
                let product = m.d * out[i] + e[i] * here[i];
                out[i] = if inverse[i] > 0.0 { product } else { 0.0 };
            }
        }
        inner(out, x[1])
    }
}

kernel! {
    /// Plane `k` of x + keep·(x − before) + w·inverse·(b − A x), for x that is 0 in closed voxels
    /// and around the grid: then inverse·A x = x − inverse·Σ T x_neighbour.
    fn step(m: &Matrix, k: usize, x: [&[f32]; 3], before: &[f32], zero: &[f32], b: &[f32], factors: (f32, f32), next: &mut [f32]) {
        let [nx, ny, _] = m.faces.n;
        let (keep, w) = factors;
        let advance = |x: f32, before: f32, inverse: f32, b: f32, sum: f32| {
            let wanted = inverse * (b + m.d * sum);
            x + (keep * (x - before) + w * (wanted - x))
        };
        for j in 0..ny {
            let at = j * nx;
            let inverse = &m.inverse[k * nx * ny + at..][..nx];
            let (here, b, before) = (&x[1][at..][..nx], &b[at..][..nx], &before[at..][..nx]);
            let out = &mut next[at..][..nx];
            let even = m.faces.uniform.filter(|_| nx > 1);
            let Some([tx, ty, tz]) = even else {
                m.faces.neighbours_row(x, zero, j, k, out);
                for i in 0..nx {
                    out[i] = advance(here[i], before[i], inverse[i], b[i], out[i]);
                }
                continue;
            };
            // One loop, for most time goes into it.
            let [south, north, below, above] = m.faces.sides(x, zero, j);
            let last = nx - 1;
            for (i, beside) in [(0, here[1]), (last, here[last - 1])] {
                let sum = ty * (south[i] + north[i]) + tz * (below[i] + above[i]) + tx * beside;
                out[i] = advance(here[i], before[i], inverse[i], b[i], sum);
            }
            let m = nx - 2;
            let (left, mid, right) = (&here[..m], &here[1..][..m], &here[2..][..m]);
            let (south, north) = (&south[1..][..m], &north[1..][..m]);
            let (below, above) = (&below[1..][..m], &above[1..][..m]);
            let (inverse, b, before) = (&inverse[1..][..m], &b[1..][..m], &before[1..][..m]);
            let out = &mut out[1..][..m];
            for i in 0..m {
                let sum = ty * (south[i] + north[i])
                    + tz * (below[i] + above[i])
                    + tx * (left[i] + right[i]);
                out[i] = advance(mid[i], before[i], inverse[i], b[i], sum);
            }
        }
    }
}
