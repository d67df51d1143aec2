//! A symmetric matrix of conductances between the unknowns of a box and to the outside, solved by
//! conjugate gradients around the aggregation cycle, in double precision.

use super::aggregate::Aggregates;
use super::flux::{OnFaces, lower, on_faces};
use super::newton::NotConverged;
use super::stencil::{lanes, worst};
use crate::ground::par;

/// The matrix: Σ t·(x − x_neighbour) + extra·x. A row of zeros is no unknown.
#[derive(Debug, Default)]
pub struct Network {
    /// Unknowns along x, y, z.
    pub n: [usize; 3],
    /// Conductances between neighbours; the outermost faces are zero.
    pub t: OnFaces,
    /// Conductance to the outside.
    pub extra: Vec<f64>,
    cycle: Aggregates,
}

/// Iterations that a solve may take.
const LIMIT: usize = 400;
/// Axes whose coupling is at least this part of the strongest merge.
const STRONG: f64 = 0.3;

impl Network {
    /// A matrix without entries.
    pub fn new(n: [usize; 3]) -> Network {
        Network { n, t: on_faces(n), extra: vec![0.0; n.iter().product()], ..Network::default() }
    }

    /// Unknowns of a plane.
    pub fn plane(&self) -> usize {
        self.n[0] * self.n[1]
    }

    /// Prepares the cycle; `strength` is the coupling along each axis, which tells what merges.
    pub fn prepare(&mut self, mut strength: [f64; 3]) {
        let mut shapes = vec![self.n];
        loop {
            let n = shapes[shapes.len() - 1];
            let coupling: [f64; 3] =
                std::array::from_fn(|a| if n[a] > 1 { strength[a] } else { 0.0 });
            let most = coupling.iter().fold(0.0_f64, |m, c| m.max(*c));
            if most == 0.0 {
                break;
            }
            let merge = coupling.map(|c| c >= STRONG * most);
            shapes.push(std::array::from_fn(|a| if merge[a] { n[a].div_ceil(2) } else { n[a] }));
            for a in 0..3 {
                strength[a] *= if merge[a] { 0.25 } else { 1.0 };
            }
        }
        self.cycle.set(&shapes, &self.t, &self.t, &self.extra);
    }

    /// The diagonal.
    pub fn diagonal(&self, i: usize) -> f64 {
        let (f, stride) = (lower(self.n, i), super::flux::strides(self.n));
        (0..3).map(|a| self.t[a][f[a]] + self.t[a][f[a] + stride[a]]).sum::<f64>() + self.extra[i]
    }

    /// out = matrix·x.
    pub fn multiply(&self, x: &[f64], out: &mut [f64]) {
        let [nx, ny, nz] = self.n;
        let plane = nx * ny;
        par::planes(plane, out, |k, out| {
            for j in 0..ny {
                for i in 0..nx {
                    let index = (k * ny + j) * nx + i;
                    let [fx, fy, fz] = lower(self.n, index);
                    let c = x[index];
                    let mut sum = self.extra[index] * c;
                    if i > 0 {
                        sum += self.t[0][fx] * (c - x[index - 1]);
                    }
                    if i + 1 < nx {
                        sum += self.t[0][fx + 1] * (c - x[index + 1]);
                    }
                    if j > 0 {
                        sum += self.t[1][fy] * (c - x[index - nx]);
                    }
                    if j + 1 < ny {
                        sum += self.t[1][fy + nx] * (c - x[index + nx]);
                    }
                    if k > 0 {
                        sum += self.t[2][fz] * (c - x[index - plane]);
                    }
                    if k + 1 < nz {
                        sum += self.t[2][fz + plane] * (c - x[index + plane]);
                    }
                    out[j * nx + i] = sum;
                }
            }
        });
    }

    /// One cycle, z ≈ matrix⁻¹·r: symmetric and positive.
    pub fn cycle(&mut self, r: &[f64], z: &mut [f64]) {
        self.cycle.apply(r, z);
    }

    /// Improves x until no entry of the residual is above `part` of its `scale` (entries without
    /// scale do not count).
    pub fn solve(
        &mut self,
        b: &[f64],
        x: &mut [f64],
        scale: &[f64],
        part: f64,
    ) -> Result<(), NotConverged> {
        let plane = self.plane();
        let count = x.len();
        let (mut r, mut z) = (vec![0.0; count], vec![0.0; count]);
        let (mut p, mut q) = (vec![0.0; count], vec![0.0; count]);
        self.multiply(x, &mut r);
        for (r, b) in r.iter_mut().zip(b) {
            *r = b - *r;
        }
        let mut rho = 0.0;
        let mut history = Vec::new();
        for _ in 0..LIMIT {
            let over = |i: usize| if scale[i] > 0.0 { r[i].abs() / scale[i] } else { 0.0 };
            let most = (0..count).map(over).fold(0.0, f64::max);
            history.push(most);
            if most <= part {
                return Ok(());
            }
            self.cycle.apply(&r, &mut z);
            let last = rho;
            rho = dot(plane, &r, &z);
            let beta = if last > 0.0 { rho / last } else { 0.0 };
            for (p, z) in p.iter_mut().zip(&z) {
                *p = z + beta * *p;
            }
            self.multiply(&p, &mut q);
            let curvature = dot(plane, &p, &q);
            if curvature <= 0.0 || !curvature.is_finite() {
                break;
            }
            let alpha = rho / curvature;
            for i in 0..count {
                x[i] += alpha * p[i];
                r[i] -= alpha * q[i];
            }
        }
        Err(NotConverged { history, voxel: worst(&r) })
    }
}

/// Product of two fields, summed by planes in order.
pub fn dot(plane: usize, a: &[f64], b: &[f64]) -> f64 {
    par::sum(a.len() / plane, plane, |k| {
        let (a, b) = (&a[k * plane..][..plane], &b[k * plane..][..plane]);
        lanes(plane, |i| a[i] * b[i])
    })
}
