//! Periodic axes: the voxels at the two ends of such an axis are neighbours.
//!
//! The sweeps know nothing of it but the sum of the conductances around a voxel. What the seam
//! carries is added beside them, on every level: to the operator, each step of the smoother, the
//! residual, interpolation and restriction. The steps of a level with seams are therefore passes
//! of their own, where others go through their tiles once.

use super::layout::Layout;
use super::share::{correct, weigh};
use super::smooth::{self, Matrix, WEIGHTS};
use super::stencil::{Faces, Pair};
use super::transfer::{Transfer, resistance_parts, spread};
use crate::ground::grid::position;
use crate::ground::par;

/// Pairs of a coarse grid of `m` voxels, from those of the fine one; `column(axis, t below, t, t
/// above)` is the conductance of a column of fine voxels whose inner faces have these.
pub fn coarsen(
    fine: &Faces<f32>,
    m: [usize; 3],
    merge: [bool; 3],
    column: impl Fn(usize, Option<f64>, f64, Option<f64>) -> f64,
) -> Vec<Pair<f32>> {
    let n = fine.n;
    let coarse = |voxel: u32| {
        let i = voxel as usize;
        let at = position(n, i);
        let c: [usize; 3] = std::array::from_fn(|a| if merge[a] { at[a] / 2 } else { at[a] });
        ((c[2] * m[1] + c[1]) * m[0] + c[0]) as u32
    };
    let mut sums = std::collections::BTreeMap::new();
    for p in &fine.pairs {
        let (first, last) = (coarse(p.first), coarse(p.last));
        if first != last {
            let (below, above) = inside(fine, merge, p);
            *sums.entry((p.axis, first, last)).or_insert(0.0) +=
                column(p.axis, below, f64::from(p.t), above);
        }
    }
    let pairs = sums.into_iter();
    pairs
        .map(|((axis, first, last), t): (_, f64)| Pair { axis, first, last, t: t as f32 })
        .collect()
}

/// Conductances between the last voxel and its sibling, and between the first and its; none where
/// it is alone in its coarse voxel.
fn inside(fine: &Faces<f32>, merge: [bool; 3], p: &Pair<f32>) -> (Option<f64>, Option<f64>) {
    let a = p.axis;
    if !merge[a] {
        return (None, None);
    }
    let below = |i: u32, step: usize| {
        let i = i as usize;
        let mut v = position(fine.n, i);
        v[a] += step;
        f64::from(fine.below(a, v))
    };
    let even = fine.n[a].is_multiple_of(2);
    (even.then(|| below(p.last, 0)), Some(below(p.first, 1)))
}

/// A voxel at the end of a periodic axis, on one level.
#[derive(Clone, Debug)]
struct Node {
    /// Its place in padded arrays.
    at: usize,
    /// Place of its coarse voxel.
    own: usize,
    /// By axis: place of the voxel across, and the conductance between; 0: none.
    links: [(usize, f32); 3],
    /// By axis: place of the coarse voxel across, and φ of the interpolation towards it.
    leans: [(usize, f32); 3],
}

/// The seams of one level.
#[derive(Clone, Debug, Default)]
pub struct Seam {
    nodes: Vec<Node>,
}

impl Seam {
    /// Of a level and its transfer to the next coarser one.
    pub fn new(faces: &Faces<f32>, transfer: Option<&Transfer>) -> Seam {
        let layout = Layout::new(faces.n);
        let n = faces.n;
        let mut numbers: std::collections::BTreeMap<u32, usize> =
            faces.pairs.iter().flat_map(|p| [(p.first, 0), (p.last, 0)]).collect();
        let mut nodes = Vec::with_capacity(numbers.len());
        for (number, (&voxel, place)) in numbers.iter_mut().enumerate() {
            *place = number;
            let i = voxel as usize;
            let voxel = position(n, i);
            nodes.push(Node {
                at: layout.at(i),
                own: transfer.map_or(0, |t| t.coarse_place(voxel)),
                links: [(0, 0.0); 3],
                leans: [(0, 0.0); 3],
            });
        }
        for p in &faces.pairs {
            let [first, last] = [p.first, p.last].map(|v| numbers[&v]);
            nodes[first].links[p.axis] = (nodes[last].at, p.t);
            nodes[last].links[p.axis] = (nodes[first].at, p.t);
            let Some(t) = transfer.filter(|t| t.merges(p.axis) && t.coarse().n[p.axis] > 1) else {
                continue;
            };
            let (below, above) = inside(faces, [0, 1, 2].map(|a| t.merges(a)), p);
            let (before, behind) = resistance_parts(below, f64::from(p.t), above);
            nodes[first].leans[p.axis] = (nodes[last].own, behind as f32);
            nodes[last].leans[p.axis] = (nodes[first].own, before as f32);
        }
        Seam { nodes }
    }

    /// True without periodic axes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// q += the seams' part of A p, diagonal included; gives what that adds to p·q.
    pub fn multiply(&self, d: f32, p: &[f32], q: &mut [f32]) -> f64 {
        let mut product = 0.0;
        for node in &self.nodes {
            let here = p[node.at];
            let part: f32 = node.links.iter().map(|&(other, t)| t * (here - p[other])).sum();
            q[node.at] += d * part;
            product += f64::from(here) * f64::from(d * part);
        }
        product
    }

    /// Adds to the residual b − A x what the sweep left out.
    pub fn rest(&self, d: f32, x: &[f32], out: &mut [f32]) {
        for node in &self.nodes {
            out[node.at] += d * node.across(x);
        }
    }

    /// One step of the smoother from `x` into `out`.
    fn step(&self, m: Matrix, b: &[f32], x: &[f32], weight: f32, out: &mut [f32]) {
        smooth::single(m, b, x, weight, out);
        for node in &self.nodes {
            out[node.at] += weight * m.inverse[node.at] * (m.d * node.across(x));
        }
    }

    /// As [`smooth::down`].
    pub fn down(
        &self,
        m: Matrix,
        b: &[f32],
        x: &mut Vec<f32>,
        spare: &mut Vec<f32>,
        next: Option<(&Transfer, &mut [f32])>,
    ) {
        smooth::start(m, b, x);
        for &weight in &WEIGHTS[1..] {
            self.step(m, b, x, weight, spare);
            std::mem::swap(x, spare);
        }
        let Some((t, coarse)) = next else { return };
        smooth::rest(m, b, x, spare);
        self.rest(m.d, x, spare);
        let l = m.faces.layout;
        par::planes(l.plane(), l.body(spare), |k, p| {
            weigh(&m.share(), &(0..l.n[1]), k, p);
        });
        t.restrict(spare, coarse);
        for node in &self.nodes {
            for &(other, lean) in &node.leans {
                let moved = lean * spare[node.at];
                coarse[node.own] -= moved;
                coarse[other] += moved;
            }
        }
    }

    /// As [`smooth::up`].
    pub fn up(
        &self,
        m: Matrix,
        b: &[f32],
        x: &[f32],
        (t, coarse): (&Transfer, &[f32]),
        out: &mut [f32],
        spare: &mut [f32],
    ) {
        let l = m.faces.layout;
        par::planes(l.plane(), l.body(spare), |k, p| {
            let mut corrections = vec![0.0; l.plane()];
            spread(t, k, &(0..t.coarse().n[1]), t.around(coarse, k), &mut corrections);
            // Nodes stand in the order of their voxels.
            let (start, end) = (l.at(0) + k * l.plane(), l.at(0) + (k + 1) * l.plane());
            let from = self.nodes.partition_point(|node| node.at < start);
            for node in self.nodes[from..].iter().take_while(|node| node.at < end) {
                let own = coarse[node.own];
                let leans = node.leans.iter().map(|&(other, lean)| lean * (coarse[other] - own));
                corrections[node.at - start] += leans.sum::<f32>();
            }
            let (all, mut view) = (0..l.n[1], vec![0.0; l.view_len()]);
            correct(&m.share(), &all, k, l.view(x, k), &mut corrections, &mut view);
            l.store(&view, all, p, 0);
        });
        self.step(m, b, spare, WEIGHTS[0], out);
        self.step(m, b, out, WEIGHTS[1], spare);
        self.step(m, b, spare, WEIGHTS[2], out);
    }
}

impl Node {
    /// Σ t·x of the voxels across.
    fn across(&self, x: &[f32]) -> f32 {
        self.links.iter().map(|&(other, t)| t * x[other]).sum()
    }
}
