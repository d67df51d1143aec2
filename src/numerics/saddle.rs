//! Solves slow flow with friction ([`super::momentum`]) for velocities and pressures at once:
//! MINRES (Paige and Saunders, SIAM J. Numer. Anal. 12 (1975) 617), preconditioned by a multigrid
//! cycle for the velocities along each axis and, for the pressure, by m + L⁻¹ (Cahouet and
//! Chabard, Int. J. Numer. Methods Fluids 8 (1988) 869). L = D w Dᵀ has the conductance w of the
//! velocity that a uniform gradient drives, A w = 1: the permeability K where friction in the
//! voxels rules, and what walls leave of an open channel, so the iterations do not depend on the
//! contrast of K.
//!
//! The residual is measured by the power that it could dissipate. At the end the velocities are
//! projected, so what flows into a voxel flows out to round-off.

use super::flux::{OnFaces, around, lower, on_faces, strides};
use super::momentum::{Momentum, Problem};
use super::network::{Network, dot};
use super::newton::NotConverged;
use super::stencil::worst;
use crate::ground::grid::position;
use crate::ground::par;

/// Velocities and pressures.
#[derive(Clone, Debug)]
pub struct Solution {
    /// Velocity through each face in the direction of its axis, m/s.
    pub velocity: OnFaces,
    /// Pressure over the viscosity, 1/s.
    pub pressure: Vec<f64>,
    /// Iterations.
    pub iterations: usize,
}

/// Velocities along three axes and pressures.
type Fields = [Vec<f64>; 4];

const LIMIT: usize = 3000;
/// Iterations, and gain, after which the residual is taken anew.
const CYCLE: usize = 500;
const GAIN: f64 = 1e-7;
/// Error of w that its solve may leave: it only preconditions.
const ROUGH: f64 = 0.1;
/// What a voxel may gain or lose, over the largest flow through a face.
const LEAK: f64 = 1e-14;
const MOST_LEAK: f64 = 1e-12;

struct Saddle<'a> {
    m: Momentum,
    /// L.
    schur: Network,
    /// w of each face; 0 where the velocity is known.
    w: OnFaces,
    viscosity: &'a [f64],
    /// True for axes with unknowns.
    moves: [bool; 3],
}

/// Solves the equations until the error's power is `tolerance`² of that of the flow.
pub fn solve(problem: &Problem, tolerance: f64) -> Result<Solution, NotConverged> {
    let mut saddle = Saddle::new(problem);
    let (mut x, iterations) = saddle.minres(tolerance)?;
    saddle.project(&mut x)?;
    let [a, b, c, mut p] = x;
    let mut velocity = [a, b, c];
    for (u, known) in velocity.iter_mut().zip(&saddle.m.known) {
        u.iter_mut().zip(known).for_each(|(u, k)| *u += k);
    }
    let unit = saddle.m.g[0] * problem.h[0];
    for p in &mut p {
        *p /= unit;
    }
    Ok(Solution { velocity, pressure: p, iterations })
}

impl<'a> Saddle<'a> {
    fn new(problem: &Problem<'a>) -> Saddle<'a> {
        let mut m = Momentum::new(problem);
        let mut w = on_faces(m.n);
        let moves: [bool; 3] = std::array::from_fn(|a| m.share[a].iter().any(|s| *s > 0.0));
        for axis in (0..3).filter(|&a| moves[a]) {
            let share = &m.share[axis];
            let least: Vec<f64> = (0..share.len())
                .map(|f| if share[f] > 0.0 { share[f] / m.a[axis].diagonal(f) } else { 0.0 })
                .collect();
            w[axis].copy_from_slice(&least);
            // A ≥ its diagonal bounds w from below; what is not reached only costs iterations.
            let _ = m.a[axis].solve(share, &mut w[axis], share, ROUGH);
            for (f, w) in w[axis].iter_mut().enumerate() {
                *w = if share[f] > 0.0 { w.max(least[f]) / share[f] } else { 0.0 };
            }
        }
        let mut schur = Network::new(m.n);
        let stride = strides(m.n);
        for i in 0..schur.extra.len() {
            let faces = lower(m.n, i);
            let at = position(m.n, i);
            for a in 0..3 {
                let t = |face: usize| w[a][face] * m.strength[a];
                if at[a] == 0 {
                    schur.extra[i] += t(faces[a]);
                }
                if at[a] + 1 == m.n[a] {
                    schur.extra[i] += t(faces[a] + stride[a]);
                }
            }
            around(m.n, i, |side, above| {
                if above {
                    schur.t[side.axis][side.face] = w[side.axis][side.face] * m.strength[side.axis];
                }
            });
        }
        schur.prepare(m.strength);
        Saddle { m, schur, w, viscosity: problem.viscosity, moves }
    }

    fn zeros(&self) -> Fields {
        let size = |a: usize| self.m.share[a].len();
        [size(0), size(1), size(2), self.viscosity.len()].map(|n| vec![0.0; n])
    }

    fn dot(&self, a: &Fields, b: &Fields) -> f64 {
        let plane = |f: usize| if f < 3 { self.m.a[f].plane() } else { self.schur.plane() };
        (0..4).map(|f| dot(plane(f), &a[f], &b[f])).sum()
    }

    /// out = [A, −Dᵀ; −D, 0]·x.
    fn multiply(&self, x: &Fields, out: &mut Fields) {
        let [u, v, w, q] = out;
        for (axis, out) in [u, v, w].into_iter().enumerate().filter(|o| self.moves[o.0]) {
            self.m.a[axis].multiply(&x[axis], out);
            self.m.lift(axis, &x[3], out, |_, out, lifted| *out -= lifted);
        }
        self.m.divergence(along(x), q);
        for q in q {
            *q = -*q;
        }
    }

    /// z = M⁻¹·r.
    fn precondition(&mut self, r: &Fields, z: &mut Fields) {
        let moves = self.moves;
        let networks = self.m.a.iter_mut().chain(std::iter::once(&mut self.schur));
        let jobs: Vec<_> = networks.zip(r.iter().zip(z.iter_mut())).enumerate().collect();
        let viscosity = self.viscosity;
        par::each(jobs, |(field, (network, (r, z)))| {
            if field == 3 || moves[field] {
                network.cycle(r, z);
            }
            if field == 3 {
                for ((z, r), m) in z.iter_mut().zip(r).zip(viscosity) {
                    *z += m * r;
                }
            }
        });
    }

    /// b − matrix·x with the known velocities.
    fn residual(&self, x: &Fields, r: &mut Fields) {
        self.multiply(x, r);
        let mut known = vec![0.0; r[3].len()];
        self.m.divergence(along(&self.m.known), &mut known);
        for axis in 0..3 {
            for (r, f) in r[axis].iter_mut().zip(&self.m.f[axis]) {
                *r = f - *r;
            }
            for (r, share) in r[axis].iter_mut().zip(&self.m.share[axis]) {
                *r = if *share > 0.0 { *r } else { 0.0 };
            }
        }
        for (r, k) in r[3].iter_mut().zip(&known) {
            *r = k - *r;
        }
    }

    /// Start: what Darcy's law with the permeability w gives.
    fn start(&mut self) -> Fields {
        let mut x = self.zeros();
        let mut out: OnFaces = on_faces(self.m.n);
        for axis in 0..3 {
            for (f, u) in out[axis].iter_mut().enumerate() {
                *u = self.w[axis][f] * self.m.driven[axis][f] + self.m.known[axis][f];
            }
        }
        let mut rhs = vec![0.0; x[3].len()];
        self.m.divergence(along(&out), &mut rhs);
        for r in &mut rhs {
            *r = -*r;
        }
        let most = rhs.iter().fold(0.0_f64, |m, r| m.max(r.abs()));
        let scale = vec![most; rhs.len()];
        // Any start will do.
        let _ = self.schur.solve(&rhs, &mut x[3], &scale, 1e-3);
        let [u, v, w, p] = &mut x;
        for (axis, u) in [u, v, w].into_iter().enumerate() {
            let (w, driven) = (&self.w[axis], &self.m.driven[axis]);
            self.m.lift(axis, p, u, |f, u, lifted| *u = w[f] * (driven[f] + lifted));
        }
        x
    }

    /// √ of the power that the velocities dissipate.
    fn power(&self, x: &Fields) -> f64 {
        let mut sum = 0.0;
        for axis in (0..3).filter(|&a| self.moves[a]) {
            let mut out = vec![0.0; x[axis].len()];
            self.m.a[axis].multiply(&x[axis], &mut out);
            sum += dot(self.m.a[axis].plane(), &x[axis], &out);
        }
        sum.max(0.0).sqrt()
    }

    /// Norm of a residual that is the round-off of its own terms.
    fn roundoff(&mut self, x: &Fields) -> f64 {
        let mut r = self.zeros();
        let sign = |i: usize| if (i * 0x9E37_79B9) & 0x8000 == 0 { 1.0 } else { -1.0 };
        let mut size = on_faces(self.m.n);
        let pressures: Vec<f64> = x[3].iter().map(|p| p.abs()).collect();
        for axis in 0..3 {
            let (m, f) = (&self.m.a[axis], &self.m.f[axis]);
            let u = &x[axis];
            self.m.lift(axis, &pressures, &mut r[axis], |i, r, lifted| {
                let all = 2.0 * m.diagonal(i) * u[i].abs() + lifted.abs() + f[i].abs();
                *r = f64::EPSILON * sign(i) * all;
            });
            for (s, (u, k)) in size[axis].iter_mut().zip(u.iter().zip(&self.m.known[axis])) {
                *s = u.abs() + k.abs();
            }
        }
        let (n, g, stride) = (self.m.n, self.m.g, strides(self.m.n));
        for (i, r) in r[3].iter_mut().enumerate() {
            let f = lower(n, i);
            let through = |a: usize| g[a] * (size[a][f[a]] + size[a][f[a] + stride[a]]);
            *r = f64::EPSILON * sign(i) * (0..3).map(through).sum::<f64>();
        }
        let mut z = self.zeros();
        self.precondition(&r, &mut z);
        self.dot(&r, &z).max(0.0).sqrt()
    }

    fn minres(&mut self, tolerance: f64) -> Result<(Fields, usize), NotConverged> {
        let mut x = self.start();
        let mut r = self.zeros();
        let mut z = self.zeros();
        let mut history = Vec::new();
        let mut iterations = 0;
        loop {
            self.residual(&x, &mut r);
            self.precondition(&r, &mut z);
            let square = self.dot(&r, &z);
            let norm = if square < 0.0 { 0.0 } else { square.sqrt() };
            let power = self.power(&x);
            history.push(if power > 0.0 { norm / power } else { norm });
            let target = (tolerance * power).max(2.0 * self.roundoff(&x));
            if norm <= target && target.is_finite() {
                return Ok((x, iterations));
            }
            if iterations >= LIMIT || !norm.is_finite() {
                return Err(NotConverged { history, voxel: worst(&r[3]) });
            }
            iterations += self.improve(&mut x, &r, &z, norm, (0.5 * target).max(GAIN * norm));
        }
    }

    /// MINRES for the correction of `x` that takes the residual `r`, with z = M⁻¹r, from `norm` to
    /// `goal`; gives the iterations.
    fn improve(&mut self, x: &mut Fields, r: &Fields, z: &Fields, norm: f64, goal: f64) -> usize {
        let (mut v, mut v_old, mut q) = (r.clone(), self.zeros(), self.zeros());
        let mut z = z.clone();
        let mut z_new = self.zeros();
        let (mut w, mut w_old) = (self.zeros(), self.zeros());
        let (mut gamma, mut gamma_old) = (norm, 1.0);
        let mut eta = norm;
        let (mut s, mut s_old, mut c, mut c_old) = (0.0, 0.0, 1.0, 1.0);
        for iteration in 1..=CYCLE {
            z.iter_mut().flatten().for_each(|z| *z /= gamma);
            self.multiply(&z, &mut q);
            let delta = self.dot(&q, &z);
            // The next of the Lanczos vectors, in the place of the last but one.
            let (now, before) = (delta / gamma, gamma / gamma_old);
            let first = iteration == 1;
            for f in 0..4 {
                let (v, v_old, q) = (&v[f], &mut v_old[f], &q[f]);
                for i in 0..v.len() {
                    let old = if first { 0.0 } else { before * v_old[i] };
                    v_old[i] = q[i] - now * v[i] - old;
                }
            }
            std::mem::swap(&mut v, &mut v_old);
            self.precondition(&v, &mut z_new);
            gamma_old = gamma;
            gamma = self.dot(&v, &z_new).max(0.0).sqrt();
            let a0 = c * delta - c_old * s * gamma_old;
            let a1 = a0.hypot(gamma);
            let a2 = s * delta + c_old * c * gamma_old;
            let a3 = s_old * gamma_old;
            if a1 == 0.0 || !a1.is_finite() {
                return iteration;
            }
            (c_old, s_old) = (c, s);
            (c, s) = (a0 / a1, gamma / a1);
            for f in 0..4 {
                let (z, w, w_old, x) = (&z[f], &w[f], &mut w_old[f], &mut x[f]);
                for i in 0..z.len() {
                    w_old[i] = (z[i] - a3 * w_old[i] - a2 * w[i]) / a1;
                    x[i] += c * eta * w_old[i];
                }
            }
            std::mem::swap(&mut w, &mut w_old);
            std::mem::swap(&mut z, &mut z_new);
            eta *= -s;
            if eta.abs() <= goal || gamma == 0.0 {
                return iteration;
            }
        }
        CYCLE
    }

    /// Takes what flows into a voxel and not out of it along gradients with the conductance w.
    fn project(&mut self, x: &mut Fields) -> Result<(), NotConverged> {
        let mut history = Vec::new();
        let mut known = vec![0.0; x[3].len()];
        self.m.divergence(along(&self.m.known), &mut known);
        let mut gain = vec![0.0; x[3].len()];
        let mut size = 0.0_f64;
        for axis in 0..3 {
            let all = x[axis].iter().chain(&self.m.known[axis]);
            size = all.fold(size, |m, u| m.max(self.m.g[axis] * u.abs()));
        }
        let mut best = f64::INFINITY;
        loop {
            self.m.divergence(along(x), &mut gain);
            gain.iter_mut().zip(&known).for_each(|(g, k)| *g = -(*g + k));
            let most = gain.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
            let leak = if size > 0.0 { most / size } else { 0.0 };
            history.push(leak);
            if leak <= LEAK || (leak <= MOST_LEAK && leak > 0.5 * best) {
                return Ok(());
            }
            if leak > 0.5 * best || !leak.is_finite() {
                return Err(NotConverged { history, voxel: worst(&gain) });
            }
            best = leak;
            let mut p = vec![0.0; gain.len()];
            self.schur.solve(&gain, &mut p, &vec![most; gain.len()], 1e-4)?;
            for axis in 0..3 {
                let w = &self.w[axis];
                self.m.lift(axis, &p, &mut x[axis], |f, u, lifted| *u += w[f] * lifted);
            }
        }
    }
}

/// The velocities as one sees them.
fn along(x: &[Vec<f64>]) -> [&[f64]; 3] {
    [&x[0], &x[1], &x[2]]
}
