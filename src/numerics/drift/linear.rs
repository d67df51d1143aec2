//! The linear equations of a Newton step: BiCGStab around the cycle (van der Vorst, SIAM J. Sci.
//! Stat. Comput. 13 (1992) 631).

use super::Scratch;
use super::outflow::Through;
use crate::ground::par;
use crate::numerics::band;
use crate::numerics::newton::Equation;
use crate::numerics::stencil::lanes;

const KRYLOV_LIMIT: usize = 200;
/// Iterations after which a direct solve is tried.
const PATIENCE: usize = 25;

impl Scratch {
    /// out = J·x.
    fn product(&self, eq: &Equation, x: &[f64], out: &mut [f64]) {
        let n = eq.hierarchy.fine.n;
        let plane = n[0] * n[1];
        let through = Through::By([&self.low, &self.high], None);
        par::planes(plane, out, |k, out| {
            through.plane(n, x, k, out);
            let own = self.extra[k * plane..].iter().zip(&x[k * plane..]);
            out.iter_mut().zip(own).for_each(|(out, (extra, x))| *out += extra * x);
        });
        for reservoir in eq.reservoirs {
            let value = reservoir.rise(x);
            for &(i, g) in reservoir.inward() {
                out[i as usize] -= g * value;
            }
        }
    }

    /// Weighted dot product.
    fn dot(&self, a: &[f64], b: &[f64]) -> f64 {
        let w = &self.weight;
        lanes(a.len(), |i| (w[i] * a[i]) * (w[i] * b[i]))
    }

    /// Solves J·x = r into the first vector until ‖r‖ ≤ `goal`; returns the cycles. Where cycles do
    /// not get on, a direct solve takes their place, on grids for which there is time.
    pub(super) fn krylov(&mut self, eq: &Equation, goal: f64) -> usize {
        self.krylov[0].fill(0.0);
        let patience = if band::affordable(eq.hierarchy.fine.n) { PATIENCE } else { KRYLOV_LIMIT };
        let (found, cycles) = self.iterate(eq, goal, patience);
        if found || patience == KRYLOV_LIMIT || !self.cycle.directly() {
            return cycles;
        }
        cycles + self.iterate(eq, goal, KRYLOV_LIMIT).1
    }

    /// At most `limit` iterations from what the first vector holds; true where they suffice.
    fn iterate(&mut self, eq: &Equation, goal: f64, limit: usize) -> (bool, usize) {
        let [mut x, mut r, mut p, mut q, mut s, mut t, mut z] = std::mem::take(&mut self.krylov);
        r.copy_from_slice(&self.r);
        if x.iter().any(|x| *x != 0.0) {
            self.product(eq, &x, &mut q);
            r.iter_mut().zip(&q).for_each(|(r, q)| *r -= q);
        }
        let shadow = r.clone();
        let (mut found, mut cycles) = (false, 0);
        let (mut rho, mut alpha, mut omega) = (1.0, 1.0, 1.0);
        p.fill(0.0);
        q.fill(0.0);
        let mut best = f64::INFINITY;
        for iteration in 0..limit {
            let now = self.dot(&r, &r).sqrt();
            found = now <= goal;
            if found || !now.is_finite() || (iteration > 40 && now > 1e3 * best) {
                break;
            }
            best = best.min(now);
            let last = rho;
            rho = self.dot(&shadow, &r);
            if rho == 0.0 {
                break;
            }
            let beta = if iteration == 0 { 0.0 } else { rho / last * (alpha / omega) };
            for i in 0..p.len() {
                p[i] = r[i] + beta * (p[i] - omega * q[i]);
            }
            self.cycle.apply(&p, &mut z);
            self.product(eq, &z, &mut q);
            cycles += 1;
            let along = self.dot(&shadow, &q);
            if along == 0.0 {
                break;
            }
            alpha = rho / along;
            for i in 0..s.len() {
                s[i] = r[i] - alpha * q[i];
                x[i] += alpha * z[i];
            }
            found = self.dot(&s, &s).sqrt() <= goal;
            if found {
                break;
            }
            self.cycle.apply(&s, &mut z);
            self.product(eq, &z, &mut t);
            cycles += 1;
            let size = self.dot(&t, &t);
            omega = if size > 0.0 { self.dot(&t, &s) / size } else { 0.0 };
            for i in 0..r.len() {
                x[i] += omega * z[i];
                r[i] = s[i] - omega * t[i];
            }
            if omega == 0.0 {
                break;
            }
        }
        self.krylov = [x, r, p, q, s, t, z];
        (found, cycles)
    }
}
