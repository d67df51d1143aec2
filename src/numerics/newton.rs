//! One implicit diffusion–reaction equation on the grid,
//!
//! d·Σ_f T_f (v − v_f) + shift·storage·v + g·(v − outside) + R(v) = rhs,
//!
//! by inexact Newton: residual and state in double precision, corrections by conjugate
//! gradients in single precision around a multigrid cycle.
//!
//! Sinks continue linearly below zero, so R is monotone and the root is not negative; what is
//! left of the solver's own error below zero is set to zero, and one Galerkin correction in the
//! direction of the solution, v ← (1 + α)v, closes the global balance to round-off: amounts
//! that cross walls, react and are stored add up whatever the tolerance of the solve.

use super::cycle::{Cycle, Workspace};
use super::hierarchy::Hierarchy;
use super::krylov::{self, Reservoir, Vectors};
use super::stencil::{inner, sum};
use super::wall::Wall;
use crate::ground::par;
use crate::kernel;

/// A local sink R(v) ≥ 0 made of parts that are booked apart.
pub trait Reaction: Sync {
    /// Number of parts.
    fn parts(&self) -> usize;
    /// True if R is linear in v.
    fn linear(&self) -> bool;
    /// Adds rate and slope of one part for consecutive voxels from `start` with values `v`.
    fn add(&self, part: usize, start: usize, v: &[f64], rate: &mut [f64], slope: &mut [f64]);
}

/// No reaction.
pub struct Inert;

impl Reaction for Inert {
    fn parts(&self) -> usize {
        0
    }
    fn linear(&self) -> bool {
        true
    }
    fn add(&self, _: usize, _: usize, _: &[f64], _: &mut [f64], _: &mut [f64]) {}
}

/// The equation to solve.
pub struct Equation<'a> {
    /// Conductances on all grids.
    pub hierarchy: &'a Hierarchy,
    /// Factor of the conductances, m²/s.
    pub d: f64,
    /// Storage coefficient a voxel.
    pub storage: &'a [f64],
    /// Smallest and largest storage coefficient where there is an unknown.
    pub storage_range: (f64, f64),
    /// Factor of the storage: 1/dt plus decay, 1/s.
    pub shift: f64,
    /// Constant part, walls included, a value a voxel.
    pub rhs: &'a [f64],
    /// Walls.
    pub wall: Option<&'a Wall>,
    /// Reservoirs behind walls.
    pub reservoirs: &'a [Reservoir],
    /// Faces behind which a reservoir lies.
    pub reservoir_faces: [bool; 6],
    /// Sinks.
    pub reaction: &'a dyn Reaction,
    /// Largest value at walls and before the step: sets the scale of the residual.
    pub lift: f64,
    /// Relative tolerance.
    pub tolerance: f64,
}

/// Arrays of the solver, shared by all equations on the same grid.
#[derive(Debug, Default)]
pub struct Scratch {
    cycle: Workspace,
    vectors: Vectors,
    residual: Vec<f64>,
    extra: Vec<f32>,
}

/// What a solve did.
#[derive(Clone, Debug, Default)]
pub struct Solved {
    /// Newton iterations.
    pub newton: usize,
    /// Multigrid cycles.
    pub cycles: usize,
    /// Σ storage·v over voxels.
    pub stored: f64,
    /// Σ rate over voxels of each part of the reaction.
    pub parts: Vec<f64>,
    /// Value of each reservoir.
    pub reservoirs: Vec<f64>,
}

/// A solve that did not reach its tolerance.
#[derive(Clone, Debug)]
pub struct NotConverged {
    /// Relative residual after each Newton iteration.
    pub history: Vec<f64>,
    /// Voxel with the largest residual.
    pub voxel: usize,
}

/// Sums of one residual evaluation.
struct Sums {
    /// ‖F‖₂.
    norm: f64,
    /// max |F|.
    largest: f64,
    /// Σ F for the solution without its negative part.
    balance: f64,
    /// Derivative of `balance` along the solution.
    slope: f64,
    stored: f64,
    parts: Vec<[f64; 2]>,
    least: f64,
}

const NEWTON_LIMIT: usize = 200;
/// Iterations without halving the residual after which the chord, or the tangent again, is tried.
const TANGENTS: usize = 8;
const CHORDS: usize = 12;
const CYCLE_LIMIT: usize = 60;

/// Solves the equation from the start value in `v`.
pub fn solve(eq: &Equation, scratch: &mut Scratch, v: &mut [f64]) -> Result<Solved, NotConverged> {
    let n = v.len();
    scratch.residual.resize(n, 0.0);
    scratch.extra.resize(n, 0.0);
    scratch.vectors.resize(n);
    let mut solved = Solved::default();
    let (scale, source) = scales(eq, &mut scratch.residual);
    let diagonal = eq.d * largest_sum(eq);
    // Dominant storage has its round-off too.
    let held = eq.shift * eq.storage_range.1;
    let floor = f64::EPSILON * (diagonal + held) * eq.lift.abs() * (n as f64).sqrt();
    let dominant = diagonal <= 2.0 * eq.shift * eq.storage_range.0;
    let target = (eq.tolerance * scale).max(floor);
    let target_max = (100.0 * eq.tolerance * source).max(floor);
    let mut history = Vec::new();
    let mut last = f64::INFINITY;
    // Newton's tangent, or the chord through zero (Picard): slower, never negative, and the way
    // out where the tangent of a steep or sigmoid sink leads in circles.
    let mut chord = false;
    let (mut best, mut idle) = (f64::INFINITY, 0);
    let mut sums = evaluate(eq, v, &mut scratch.residual, &mut scratch.extra, chord);
    loop {
        history.push(if scale > 0.0 { sums.norm / scale } else { sums.norm });
        // Zero everywhere cannot be scaled to close the balance: a source needs one correction.
        let closes = sums.slope > 0.0 || sums.balance == 0.0 || sums.norm == 0.0;
        if closes && sums.norm <= target && sums.largest <= target_max {
            break;
        }
        if solved.newton == NEWTON_LIMIT || !sums.norm.is_finite() {
            return Err(NotConverged { history, voxel: worst(&scratch.residual) });
        }
        idle = if sums.norm < 0.5 * best { 0 } else { idle + 1 };
        best = best.min(sums.norm);
        if !eq.reaction.linear() && idle > if chord { CHORDS } else { TANGENTS } {
            chord = !chord;
            (best, idle) = (sums.norm, 0);
            if chord {
                clip(v, eq.hierarchy.fine.plane());
            }
            sums = evaluate(eq, v, &mut scratch.residual, &mut scratch.extra, chord);
        }
        let reduction = forcing(eq, &sums, last, target, target_max);
        last = sums.norm;
        solved.newton += 1;
        // Unit right-hand side: single precision sees the same numbers at any scale.
        let scaling = sums.norm;
        let (residual, plane) = (&scratch.residual, eq.hierarchy.fine.plane());
        par::planes(plane, &mut scratch.vectors.r, |k, r| {
            let f = &residual[k * plane..][..r.len()];
            for (r, f) in r.iter_mut().zip(f) {
                *r = (-f / scaling) as f32;
            }
        });
        let mut cycle =
            Cycle::new(eq.hierarchy, eq.d, &scratch.extra, eq.wall, dominant, &mut scratch.cycle);
        solved.cycles +=
            krylov::solve(&mut cycle, eq.reservoirs, &mut scratch.vectors, reduction, CYCLE_LIMIT);
        let mut factor = 1.0;
        add(v, &scratch.vectors.x, scaling, plane);
        if chord {
            clip(v, plane);
        }
        sums = evaluate(eq, v, &mut scratch.residual, &mut scratch.extra, chord);
        while !eq.reaction.linear()
            && !chord
            && factor > 0.02
            && (sums.norm > 1.5 * last || sums.norm.is_nan())
        {
            factor *= 0.5;
            add(v, &scratch.vectors.x, -factor * scaling, plane);
            sums = evaluate(eq, v, &mut scratch.residual, &mut scratch.extra, chord);
        }
    }
    let plane = eq.hierarchy.fine.plane();
    // A field that starts empty and is fed by sources has no lift: its own size counts too.
    let size = v.iter().fold(eq.lift.abs(), |m, &v| m.max(v));
    if sums.least < -1e-3 * size {
        return Err(NotConverged { history, voxel: worst(&scratch.residual) });
    }
    let mut alpha = scale_to_balance(v, &sums, plane);
    if !eq.reaction.linear() && alpha.abs() > 1e-9 {
        // The balance is not linear in α: its square would show in the ledger.
        sums = evaluate(eq, v, &mut scratch.residual, &mut scratch.extra, chord);
        alpha = scale_to_balance(v, &sums, plane);
    }
    solved.stored = sums.stored * (1.0 + alpha);
    solved.parts = sums.parts.iter().map(|p| p[0] + alpha * p[1]).collect();
    solved.reservoirs = eq.reservoirs.iter().map(|r| r.value(v)).collect();
    Ok(solved)
}

/// Drops what is negative and scales the rest so that the balance closes; gives the factor less 1.
fn scale_to_balance(v: &mut [f64], sums: &Sums, plane: usize) -> f64 {
    let alpha = if sums.slope == 0.0 { 0.0 } else { -sums.balance / sums.slope };
    par::planes(plane, v, |_, p| {
        for x in p {
            *x = if *x > 0.0 { *x * (1.0 + alpha) } else { 0.0 };
        }
    });
    alpha
}

/// Relative reduction asked of the linear solve.
fn forcing(eq: &Equation, sums: &Sums, last: f64, target: f64, target_max: f64) -> f64 {
    let need = (target / sums.norm).min(target_max / sums.largest);
    // Single precision gains no more than this at a time; a nonlinear sink leaves no use for it.
    let loosest =
        if eq.reaction.linear() { 1e-5 } else { ((sums.norm / last).powi(2)).clamp(1e-4, 0.1) };
    (0.5 * need).max(loosest).min(0.1)
}

fn add(v: &mut [f64], x: &[f32], factor: f64, plane: usize) {
    par::planes(plane, v, |k, p| {
        let x = &x[k * plane..][..p.len()];
        for (v, x) in p.iter_mut().zip(x) {
            *v += factor * f64::from(*x);
        }
    });
}

/// Sets what is negative to zero.
fn clip(v: &mut [f64], plane: usize) {
    par::planes(plane, v, |_, p| {
        for x in p {
            *x = x.max(0.0);
        }
    });
}

fn worst(residual: &[f64]) -> usize {
    let by = |a: &(usize, &f64), b: &(usize, &f64)| a.1.abs().total_cmp(&b.1.abs());
    residual.iter().enumerate().max_by(by).map_or(0, |w| w.0)
}

/// Bound of the sum of the conductances around a voxel.
fn largest_sum(eq: &Equation) -> f64 {
    eq.hierarchy.largest.iter().map(|t| 2.0 * t).sum()
}

/// ‖F‖₂ and max |F| at the lift: all unknowns at `eq.lift`.
fn scales(eq: &Equation, f: &mut [f64]) -> (f64, f64) {
    let [nx, ny, nz] = eq.hierarchy.fine.n;
    let plane = nx * ny;
    par::planes(plane, f, |k, f| {
        let lift = vec![eq.lift; nx];
        let mut slope = vec![0.0; nx];
        for j in 0..ny {
            let at = k * plane + j * nx;
            let f = &mut f[j * nx..][..nx];
            f.fill(0.0);
            for part in 0..eq.reaction.parts() {
                eq.reaction.add(part, at, &lift, f, &mut slope);
            }
            let (s, b) = (&eq.storage[at..][..nx], &eq.rhs[at..][..nx]);
            for i in 0..nx {
                f[i] += eq.shift * s[i] * eq.lift - b[i];
            }
        }
    });
    for &(i, g) in eq.wall.map_or(&[][..], |w| &w.levels[0]) {
        f[i as usize] += g * eq.lift;
    }
    for r in eq.reservoirs {
        let inside: f64 = r.entries.iter().map(|e| e.1 * eq.lift).sum();
        for &(i, g) in &r.entries {
            f[i as usize] -= g * (r.fixed + inside) / r.total;
        }
    }
    norms(f, plane, nz)
}

/// ‖f‖₂ and max |f|.
fn norms(f: &[f64], plane: usize, planes: usize) -> (f64, f64) {
    let parts = par::map(planes, plane, |k| {
        let f = &f[k * plane..][..plane];
        let largest = f.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        (inner(f, f), largest)
    });
    let square: f64 = parts.iter().map(|n| n.0).sum();
    (square.sqrt(), parts.iter().fold(0.0, |m, n| m.max(n.1)))
}

/// Residual F and the diagonal beyond the conductances at `v`.
fn evaluate(eq: &Equation, v: &[f64], f: &mut [f64], extra: &mut [f32], chord: bool) -> Sums {
    let faces = &eq.hierarchy.fine;
    let plane = faces.plane();
    let parts = eq.reaction.parts();
    let planes = par::planes2_map(plane, f, extra, |k, f, extra| sweep(eq, v, k, f, extra, chord));
    let mut sums = Sums {
        norm: 0.0,
        largest: 0.0,
        balance: 0.0,
        slope: 0.0,
        stored: 0.0,
        parts: vec![[0.0; 2]; parts],
        least: 0.0,
    };
    for p in planes {
        sums.balance += p.balance;
        sums.slope += p.along;
        sums.stored += p.stored;
        sums.least = sums.least.min(p.least);
        for (total, part) in sums.parts.iter_mut().zip(p.parts) {
            total[0] += part[0];
            total[1] += part[1];
        }
    }
    for (number, face) in eq.wall.iter().flat_map(|w| w.faces.iter().enumerate()) {
        for &(i, g) in face {
            let i = i as usize;
            f[i] += g * v[i];
            if !eq.reservoir_faces[number] {
                sums.balance += g * v[i].max(0.0);
                sums.slope += g * v[i].max(0.0);
            }
        }
    }
    for r in eq.reservoirs {
        let value = r.value(v);
        let mut inside = 0.0;
        for &(i, g) in &r.entries {
            f[i as usize] -= g * value;
            inside += g * v[i as usize].max(0.0);
        }
        // What the reservoir gains, written with its storage: g·(v − value) would magnify
        // round-off by g·dt.
        sums.balance += r.storage * (r.fixed + inside) / r.total - r.fixed;
        sums.slope += r.storage * inside / r.total;
    }
    (sums.norm, sums.largest) = norms(f, plane, faces.n[2]);
    sums
}

/// Sums of a plane.
struct PlaneSums {
    balance: f64,
    along: f64,
    stored: f64,
    least: f64,
    parts: Vec<[f64; 2]>,
}

kernel! {
    /// Plane `k` of the residual without walls, of the diagonal, and of their sums.
    fn sweep(eq: &Equation, v: &[f64], k: usize, f: &mut [f64], extra: &mut [f32], chord: bool) -> PlaneSums {
        let faces = &eq.hierarchy.fine;
        let [nx, ny, _] = faces.n;
        let plane = nx * ny;
        let mut rate = vec![0.0; nx];
        let mut slope = vec![0.0; nx];
        let (mut within, mut weight) = (vec![0.0; nx], vec![0.0; nx]);
        let mut sums = vec![[0.0; 2]; eq.reaction.parts()];
        let (mut balance, mut along, mut stored, mut least) = (0.0, 0.0, 0.0, 0.0_f64);
        for j in 0..ny {
            let at = k * plane + j * nx;
            let f = &mut f[j * nx..][..nx];
            faces.divergence_row(v, j, k, f);
            let v = &v[at..][..nx];
            // The solution without its negative part, which is error of the solver.
            for (w, v) in within.iter_mut().zip(v) {
                *w = v.max(0.0);
            }
            rate.fill(0.0);
            slope.fill(0.0);
            let mut before = [0.0; 2];
            for (part, sum_of_part) in sums.iter_mut().enumerate() {
                eq.reaction.add(part, at, v, &mut rate, &mut slope);
                for i in 0..nx {
                    weight[i] = if v[i] > 0.0 { rate[i] } else { 0.0 };
                }
                let now = [sum(&weight), inner(&within, &slope)];
                sum_of_part[0] += now[0] - before[0];
                sum_of_part[1] += now[1] - before[1];
                before = now;
            }
            let (s, b) = (&eq.storage[at..][..nx], &eq.rhs[at..][..nx]);
            let extra = &mut extra[j * nx..][..nx];
            let (rate, slope) = (&rate[..nx], &slope[..nx]);
            for i in 0..nx {
                let shifted = eq.shift * s[i];
                extra[i] = (shifted + slope[i]) as f32;
                f[i] = eq.d * f[i] + shifted * v[i] + rate[i] - b[i];
                least = if v[i] < least { v[i] } else { least };
            }
            if chord {
                for i in 0..nx {
                    if v[i] > 0.0 {
                        extra[i] = (eq.shift * s[i] + rate[i] / v[i]) as f32;
                    }
                }
            }
            let content = inner(s, &within);
            stored += content;
            balance += eq.shift * content + before[0] - sum(b);
            along += eq.shift * content + before[1];
        }
        PlaneSums { balance, along, stored, least, parts: sums }
    }
}
