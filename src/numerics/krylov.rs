//! Conjugate gradients in single precision around the multigrid cycle. It corrects an outer
//! double-precision iterate, so it only has to gain a few digits at a time.

use super::cycle::Cycle;
use super::stencil::{dot, inner};
use crate::ground::par;

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
}

impl Reservoir {
    /// Value for the field `v`.
    pub fn value(&self, v: &[f64]) -> f64 {
        let sum: f64 = self.entries.iter().map(|&(i, g)| g * v[i as usize]).sum();
        (self.fixed + sum) / self.total
    }
}

/// Vectors of the iteration.
#[derive(Debug, Default)]
pub struct Vectors {
    /// Residual; holds the right-hand side at the start.
    pub r: Vec<f32>,
    /// Solution.
    pub x: Vec<f32>,
    z: Vec<f32>,
    p: Vec<f32>,
    q: Vec<f32>,
}

impl Vectors {
    /// Sets the length.
    pub fn resize(&mut self, n: usize) {
        for v in [&mut self.r, &mut self.x, &mut self.z, &mut self.p, &mut self.q] {
            v.resize(n, 0.0);
        }
    }
}

/// Solves A x = r from x = 0 until ‖r‖₂ has fallen by `reduction` or `limit` iterations are
/// spent; A is the cycle's matrix less the feedback through the reservoirs. Returns the
/// number of iterations.
pub fn solve(
    cycle: &mut Cycle,
    reservoirs: &[Reservoir],
    v: &mut Vectors,
    reduction: f64,
    limit: usize,
) -> usize {
    let plane = cycle.faces().plane();
    par::planes(plane, &mut v.x, |_, p| p.fill(0.0));
    let start = dot(plane, &v.r, &v.r).sqrt();
    if start == 0.0 || !start.is_finite() {
        return 0;
    }
    let mut rho = 0.0;
    for iteration in 1..=limit {
        let old = rho;
        rho = cycle.apply(&mut v.r, &mut v.z);
        if rho <= 0.0 {
            return iteration;
        }
        let beta = if iteration == 1 { 0.0 } else { (rho / old) as f32 };
        let z = &v.z;
        par::planes(plane, &mut v.p, |k, p| {
            for (p, z) in p.iter_mut().zip(&z[k * plane..][..plane]) {
                *p = *z + beta * *p;
            }
        });
        let mut curvature = product(cycle, &v.p, &mut v.q);
        for reservoir in reservoirs {
            let entries = &reservoir.entries;
            let sum: f64 = entries.iter().map(|&(i, g)| g * f64::from(v.p[i as usize])).sum();
            for &(i, g) in entries {
                v.q[i as usize] -= (g * sum / reservoir.total) as f32;
            }
            curvature -= sum * sum / reservoir.total;
        }
        if curvature <= 0.0 {
            return iteration;
        }
        let alpha = (rho / curvature) as f32;
        let (p, q) = (&v.p, &v.q);
        let norms = par::planes2_map(plane, &mut v.x, &mut v.r, |k, x, r| {
            let (p, q) = (&p[k * plane..][..plane], &q[k * plane..][..plane]);
            for (x, p) in x.iter_mut().zip(p) {
                *x += alpha * *p;
            }
            for (r, q) in r.iter_mut().zip(q) {
                *r -= alpha * *q;
            }
            inner(r, r)
        });
        if norms.iter().sum::<f64>().sqrt() <= reduction * start {
            return iteration;
        }
    }
    limit
}

/// q = A p without the reservoirs; gives p·q.
fn product(cycle: &Cycle, p: &[f32], q: &mut [f32]) -> f64 {
    let (faces, extra, d) = (cycle.faces(), cycle.extra(), cycle.d());
    let [nx, ny, _] = faces.n;
    let plane = nx * ny;
    let parts = par::planes_map(plane, q, |k, out| {
        for j in 0..ny {
            let at = k * plane + j * nx;
            let row = &mut out[j * nx..][..nx];
            faces.divergence_row(p, j, k, row);
            let (p, e) = (&p[at..][..nx], &extra[at..][..nx]);
            for i in 0..nx {
                row[i] = d * row[i] + e[i] * p[i];
            }
        }
        inner(out, &p[k * plane..][..plane])
    });
    parts.iter().sum()
}
