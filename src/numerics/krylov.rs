//! Conjugate gradients in single precision around the multigrid cycle. It corrects an outer
//! double-precision iterate, so it only has to gain a few digits at a time.

use super::cycle::{Cycle, product, total};
use super::layout::Layout;
use super::stencil::ordered;
use crate::ground::par;
use crate::kernel;

/// A well-mixed reservoir that exchanges with voxels and has been eliminated:
/// its value is (fixed + Σ gᵢ vᵢ)/total.
#[derive(Clone, Debug, Default)]
pub struct Reservoir {
    /// Voxel and conductance (per voxel volume).
    pub entries: Vec<(u32, f64)>,
    /// Storage: volume over voxel volume and dt, 1/s.
    pub storage: f64,
    /// `storage` plus the sum of the conductances.
    pub total: f64,
    /// `storage` times the old value.
    pub fixed: f64,
    /// Voxel and what flows into it per value of the reservoir, where a flow makes that differ
    /// from `entries`; `total` then sums these.
    pub gives: Vec<(u32, f64)>,
}

impl Reservoir {
    /// Value for the field `v`.
    pub fn value(&self, v: &[f64]) -> f64 {
        let sum: f64 = self.entries.iter().map(|&(i, g)| g * v[i as usize]).sum();
        (self.fixed + sum) / self.total
    }

    /// What a unit of its value gives to voxels.
    pub fn inward(&self) -> &[(u32, f64)] {
        if self.gives.is_empty() { &self.entries } else { &self.gives }
    }

    /// Rise of its value with the field, as `v` rises from zero.
    pub fn rise(&self, v: &[f64]) -> f64 {
        let sum: f64 = self.entries.iter().map(|&(i, g)| g * v[i as usize]).sum();
        sum / self.total
    }

    /// What it gains where `inside` is Σ gᵢ vᵢ, written with its storage: g·(v − value) would magnify round-off
    /// by g·dt, and the difference of its contents that of a full one.
    pub fn gained(&self, inside: f64) -> f64 {
        let conducts: f64 = self.inward().iter().map(|e| e.1).sum();
        (self.storage * inside - conducts * self.fixed) / self.total
    }

    /// Value where every voxel holds `v`.
    pub fn level(&self, v: f64) -> f64 {
        let sum: f64 = self.entries.iter().map(|e| e.1 * v).sum();
        (self.fixed + sum) / self.total
    }
}

/// Cycles after which a solve is given up that has left more than this: the couplings are too rough
/// for grids of merged voxels.
pub const STALLED: usize = 5;
/// See [`STALLED`].
pub const HELD: f64 = 0.3;

/// Vectors of the iteration.
#[derive(Debug, Default)]
pub struct Vectors {
    /// Residual; holds the right-hand side at the start.
    pub r: Vec<f32>,
    /// What a solve added to the unknowns, over their unit, where it may be taken back.
    pub x: Vec<f32>,
    z: Vec<f32>,
    p: Vec<f32>,
    /// Where a cycle works that is no fixed matrix; others work in `q`.
    spare: Vec<f32>,
    q: Vec<f32>,
    /// ‖x − A⁻¹b‖²_A of the last solution as the steps to it let it be judged.
    pub missed: f64,
}

impl Vectors {
    /// Sets the layout; all arrays are padded.
    pub fn fit(&mut self, layout: &Layout) {
        for v in [&mut self.r, &mut self.z, &mut self.p, &mut self.q] {
            layout.fit(v);
        }
    }
}

/// What the residual must come down to.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// ‖r‖₂.
    pub norm: f64,
    /// max |r|.
    pub largest: f64,
    /// [`Vectors::missed`]; reached, the others need not be. 0: not asked for.
    pub energy: f64,
}

/// The unknowns that a solution is added to.
pub struct Unknowns<'a> {
    /// A value a voxel; in double precision, for their rounding limits what the residual can reach.
    pub v: &'a mut [f64],
    /// One of the solution in terms of theirs.
    pub unit: f64,
    /// True if what is added may be taken back: it is then left in [`Vectors::x`].
    pub kept: bool,
}

/// Solves A x = r from x = 0 until the residual is at the goal or `limit` iterations are
/// spent, and adds x to the unknowns; A is the cycle's matrix less the feedback through the
/// reservoirs. Returns the number of iterations, and ‖r‖₂ over what it was.
pub fn solve(
    cycle: &mut Cycle,
    reservoirs: &[Reservoir],
    v: &mut Vectors,
    to: &mut Unknowns,
    goal: Goal,
    limit: usize,
) -> (usize, f64) {
    let layout = cycle.layout();
    let plane = layout.plane();
    let start = product(&layout, &v.r, &v.r).sqrt();
    v.missed = f64::INFINITY;
    if to.kept {
        layout.fit(&mut v.x);
    }
    if start == 0.0 || !start.is_finite() {
        v.x.fill(0.0);
        return (0, 1.0);
    }
    // A small reservoir rises with the field: a constant that the cycle, which sees it held,
    // leaves behind. One unknown for it.
    let held = if reservoirs.is_empty() {
        0.0
    } else {
        let rising = reservoirs.iter().map(|r| (r.total - r.storage).powi(2) / r.total);
        cycle.extra_sum() - rising.sum::<f64>()
    };
    let free = if reservoirs.is_empty() { cycle.free() } else { None };
    let (mut rho, mut curvature) = (0.0, 0.0);
    let mut left = 1.0;
    let mut gain = f64::INFINITY;
    for iteration in 1..=limit {
        let old = rho;
        // Round-off in the sum of a residual that must have none is what coarse grids would see last.
        if let Some(unknowns) = free {
            let mean = total(&layout, &v.r) / unknowns as f64;
            cycle.raise(&mut v.r, -mean as f32);
        }
        // What a flexible one needs of the last product comes first.
        let spare = if cycle.flexible() { &mut v.spare } else { &mut v.q };
        layout.fit(spare);
        rho = cycle.apply(&mut v.r, &mut v.z, spare);
        if held > 0.0 {
            let sum = total(&layout, &v.r);
            cycle.raise(&mut v.z, (sum / held) as f32);
            rho += sum * f64::from((sum / held) as f32);
        }
        if rho <= 0.0 || iteration == 1 && 2.0 * rho <= goal.energy {
            // The cycle is close to A⁻¹.
            v.missed = if rho > 0.0 { 2.0 * rho } else { v.missed };
            if iteration == 1 {
                v.x.fill(0.0);
            }
            return (iteration, left);
        }
        // A cycle that is no fixed matrix keeps its directions apart by what they have in common.
        let beta = match iteration {
            1 => 0.0,
            _ if cycle.flexible() => -product(&layout, &v.z, &v.q) / curvature,
            _ => rho / old,
        };
        curvature = if iteration == 1 {
            // The first direction is z itself.
            std::mem::swap(&mut v.p, &mut v.z);
            cycle.multiply(&v.p, &mut v.q)
        } else {
            cycle.direct(beta as f32, &v.z, &mut v.p, &mut v.q)
        };
        for reservoir in reservoirs {
            let entries = reservoir.entries.iter().map(|&(i, g)| (layout.at(i as usize), g));
            let sum: f64 = entries.clone().map(|(i, g)| g * f64::from(v.p[i])).sum();
            for (i, g) in entries {
                v.q[i] -= (g * sum / reservoir.total) as f32;
            }
            curvature -= sum * sum / reservoir.total;
        }
        if curvature <= 0.0 {
            if iteration == 1 {
                v.x.fill(0.0);
            }
            return (iteration, left);
        }
        let alpha = rho / curvature;
        let (p, q) = (layout.body_of(&v.p), layout.body_of(&v.q));
        let (voxels, r) = (layout.n[0] * layout.n[1], layout.body(&mut v.r));
        let step = |k: usize, r: &mut [f32], v: &mut [f64], x: &mut [f32]| {
            let (p, q) = (&p[k * plane..][..plane], &q[k * plane..][..plane]);
            advance(&layout, alpha, to.unit, iteration == 1, p, q, r, v, x)
        };
        let norms = if to.kept {
            let x = layout.body(&mut v.x);
            par::planes3_map([plane, voxels, plane], r, to.v, x, step)
        } else {
            par::planes2_map([plane, voxels], r, to.v, |k, r, v| step(k, r, v, &mut []))
        };
        let norm = norms.iter().map(|n| n.0).sum::<f64>().sqrt();
        let largest = norms.iter().fold(0.0_f32, |m, n| m.max(n.1));
        left = norm / start;
        // A step lowers the energy by α·ρ; what is left falls as the steps do (Hestenes and
        // Stiefel, J. Res. Natl. Bur. Stand. 49 (1952) 409; Strakoš and Tichý, ETNA 13 (2002) 56).
        let before = std::mem::replace(&mut gain, alpha * rho);
        let rate = (gain / before).min(0.99);
        v.missed = if iteration > 1 { gain * rate / (1.0 - rate) } else { f64::INFINITY };
        let judged = goal.energy > 0.0 && v.missed <= goal.energy;
        let found = judged || norm <= goal.norm && f64::from(largest) <= goal.largest;
        if found || goal.energy == 0.0 && iteration == STALLED && left > HELD {
            return (iteration, left);
        }
    }
    (limit, left)
}

kernel! {
    /// r −= alpha·q, x += alpha·p or, where it is `fresh`, x = alpha·p, and v += unit·alpha·p, which
    /// has no padding. Gives r·r and max |r|. Other rows are whole vectors; x may be missing.
    fn advance(l: &Layout, alpha: f64, unit: f64, fresh: bool, p: &[f32], q: &[f32], r: &mut [f32], v: &mut [f64], x: &mut [f32]) -> (f64, f32) {
        let step = unit * alpha;
        for (v, p) in v.chunks_exact_mut(l.n[0]).zip(p.chunks_exact(l.stride)) {
            for (v, p) in v.iter_mut().zip(p) {
                *v += step * f64::from(*p);
            }
        }
        let alpha = alpha as f32;
        if fresh {
            x.iter_mut().zip(p).for_each(|(x, p)| *x = alpha * *p);
        } else {
            x.iter_mut().zip(p).for_each(|(x, p)| *x += alpha * *p);
        }
        let (mut square, mut most) = ([0.0_f64; 8], [0.0_f32; 8]);
        for (r, q) in r.as_chunks_mut::<8>().0.iter_mut().zip(q.as_chunks::<8>().0) {
            for l in 0..8 {
                r[l] -= alpha * q[l];
            }
            for l in 0..8 {
                square[l] += f64::from(r[l]) * f64::from(r[l]);
            }
            for l in 0..8 {
                most[l] = if r[l].abs() > most[l] { r[l].abs() } else { most[l] };
            }
        }
        (ordered(square), most.iter().fold(0.0, |m, l| m.max(*l)))
    }
}
