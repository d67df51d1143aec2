//! Slow flow with friction on a staggered grid,
//!
//! R u − ∇·(m ∇u) + ∇p = 0, ∇·u = 0,
//!
//! velocities on faces, pressures in the middle of voxels (Harlow and Welch, Phys. Fluids 8
//! (1965) 2182). R = 1/K and m are relative to the viscosity, and so is p. A face takes the mean
//! of R of its two voxels, the half voxel at an outer face its own: without m this is Darcy's law
//! with harmonic means. Shear between two rows has the harmonic mean of m, so the stress is
//! continuous across layers.
//!
//! Everything is divided by the smallest spacing h₀: the unknowns are u and p·h₀ and the matrix is
//! symmetric, [A, −Dᵀ; −D, 0], with the divergence D times h₀.

use super::flux::{OnFaces, around, lower, on_faces, strides};
use super::network::Network;
use crate::ground::grid::{self, Face};
use crate::ground::par;

/// Condition on a side of the box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// A known velocity across it, along the axis, and none along the side: a wall where it is 0.
    Velocity(f64),
    /// Nothing passes and nothing rubs: a plane of symmetry, or no such axis.
    Symmetry,
    /// A pressure over the viscosity, 1/s; no velocity changes across the side.
    Pressure(f64),
}

/// The equations to solve.
#[derive(Clone, Debug)]
pub struct Problem<'a> {
    /// Voxels along x, y, z.
    pub n: [usize; 3],
    /// Spacings, m.
    pub h: [f64; 3],
    /// R of each voxel, 1/m².
    pub resistance: &'a [f64],
    /// m of each voxel.
    pub viscosity: &'a [f64],
    /// Conditions in the order of [`Face::ALL`].
    pub ends: [End; 6],
}

/// The matrix of the velocities along each axis, and the constant part.
#[derive(Debug)]
pub struct Momentum {
    /// Voxels.
    pub n: [usize; 3],
    /// h₀/h.
    pub g: [f64; 3],
    /// A for each axis; its unknowns are the faces across it, the outer ones too.
    pub a: [Network; 3],
    /// Velocities that are known, 0 elsewhere.
    pub known: OnFaces,
    /// What known pressures drive.
    pub driven: OnFaces,
    /// The right-hand side: that, and the friction against known velocities.
    pub f: OnFaces,
    /// Part of its volume that an unknown stands for: 1, ½ at an outer face, 0 where it is known.
    pub share: OnFaces,
    /// Coupling along each axis, (h₀/h)².
    pub strength: [f64; 3],
}

impl Momentum {
    /// Assembles the matrices.
    pub fn new(problem: &Problem) -> Momentum {
        let n = problem.n;
        let axes = (0..3).filter(|&a| n[a] > 1).map(|a| problem.h[a]);
        let least = axes.fold(f64::INFINITY, f64::min);
        let unit = if least.is_finite() { least } else { problem.h[0] };
        let g = problem.h.map(|h| unit / h);
        let mut whole = Momentum {
            n,
            g,
            a: std::array::from_fn(|axis| {
                let mut m = n;
                m[axis] += 1;
                Network::new(m)
            }),
            known: on_faces(n),
            driven: on_faces(n),
            f: on_faces(n),
            share: on_faces(n),
            strength: g.map(|g| g * g),
        };
        for axis in 0..3 {
            whole.assemble(problem, axis, unit);
        }
        whole
    }

    fn assemble(&mut self, problem: &Problem, axis: usize, unit: f64) {
        let m = self.a[axis].n;
        let stride = strides(self.n)[axis];
        let count: usize = m.iter().product();
        let position = |f: usize| grid::position(m, f);
        let (known, share) = (&mut self.known[axis], &mut self.share[axis]);
        let (f, driven) = (&mut self.f[axis], &mut self.driven[axis]);
        // R and m of each unknown.
        let (mut resistance, mut shear) = (vec![0.0; count], vec![0.0; count]);
        for face in 0..count {
            let at = position(face);
            let above = (at[2].min(self.n[2] - 1) * self.n[1] + at[1].min(self.n[1] - 1))
                * self.n[0]
                + at[0].min(self.n[0] - 1);
            let outer = [at[axis] == 0, at[axis] == self.n[axis]];
            let mean = |v: &[f64]| match outer {
                [false, false] => 0.5 * (v[above - stride] + v[above]),
                // The last face lies above the last voxel.
                _ => v[above],
            };
            resistance[face] = mean(problem.resistance);
            shear[face] = mean(problem.viscosity);
            share[face] = 1.0;
            for end in [false, true].into_iter().filter(|&e| outer[usize::from(e)]) {
                match problem.ends[Face { axis, end }.number()] {
                    End::Velocity(u) => (share[face], known[face]) = (0.0, u),
                    End::Symmetry => share[face] = 0.0,
                    End::Pressure(p) => {
                        share[face] = 0.5;
                        driven[face] = if end { -1.0 } else { 1.0 } * self.g[axis] * p * unit;
                    }
                }
            }
            f[face] = driven[face];
        }
        let network = &mut self.a[axis];
        for face in 0..count {
            let at = position(face);
            network.extra[face] += share[face] * resistance[face] * unit * unit;
            for b in 0..3 {
                for end in [false, true] {
                    let last = if end { m[b] - 1 } else { 0 };
                    if at[b] != last || b == axis {
                        continue;
                    }
                    // A wall half a spacing away.
                    if let End::Velocity(_) = problem.ends[Face { axis: b, end }.number()] {
                        network.extra[face] += share[face] * 2.0 * self.strength[b] * shear[face];
                    }
                }
            }
        }
        let mut lines: Vec<(usize, usize, usize, usize, f64)> = Vec::new();
        for face in 0..count {
            around(m, face, |side, above| {
                if !above {
                    return;
                }
                let (low, high) = (side.low, side.high);
                let t = if side.axis == axis {
                    let at = position(low);
                    let voxel = (at[2] * self.n[1] + at[1]) * self.n[0] + at[0];
                    problem.viscosity[voxel]
                } else {
                    let (a, b) = (shear[low], shear[high]);
                    share[low].min(share[high]) * 2.0 * a * b / (a + b)
                };
                lines.push((side.axis, side.face, low, high, t * self.strength[side.axis]));
            });
        }
        for (across, side, low, high, t) in lines {
            match (share[low] > 0.0, share[high] > 0.0) {
                (true, true) => network.t[across][side] = t,
                (true, false) if across == axis => {
                    network.extra[low] += t;
                    f[low] += t * known[high];
                }
                (false, true) if across == axis => {
                    network.extra[high] += t;
                    f[high] += t * known[low];
                }
                _ => {}
            }
        }
        for face in (0..count).filter(|&i| share[i] == 0.0) {
            network.extra[face] = 0.0;
        }
        network.prepare(self.strength);
    }

    /// out = D u; `u` are the velocities along each axis.
    pub fn divergence(&self, u: [&[f64]; 3], out: &mut [f64]) {
        let (n, g, stride) = (self.n, self.g, strides(self.n));
        let plane = n[0] * n[1];
        par::planes(plane, out, |k, out| {
            for (p, out) in out.iter_mut().enumerate() {
                let f = lower(n, k * plane + p);
                let along = |a: usize| g[a] * (u[a][f[a] + stride[a]] - u[a][f[a]]);
                *out = along(0) + along(1) + along(2);
            }
        });
    }

    /// Calls `set` with the entry of every unknown of one axis and that of Dᵀp.
    pub fn lift(
        &self,
        axis: usize,
        p: &[f64],
        out: &mut [f64],
        set: impl Fn(usize, &mut f64, f64) + Sync,
    ) {
        let m = self.a[axis].n;
        let (n, stride, plane) = (self.n, strides(self.n)[axis], m[0] * m[1]);
        let (g, share) = (self.g[axis], &self.share[axis]);
        par::planes(plane, out, |k, out| {
            for (i, out) in out.iter_mut().enumerate() {
                let face = k * plane + i;
                if share[face] == 0.0 {
                    continue;
                }
                let at = [i % m[0], i / m[0], k];
                let above = (at[2] * n[1] + at[1]) * n[0] + at[0];
                let low = if at[axis] > 0 { p[above - stride] } else { 0.0 };
                let high = if at[axis] < n[axis] { p[above] } else { 0.0 };
                set(face, out, g * (low - high));
            }
        });
    }
}
