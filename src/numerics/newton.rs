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

mod residual;
mod rows;
mod settle;

use super::algebraic::Algebraic;
use super::cycle::{Cycle, Workspace};
use super::hierarchy::Hierarchy;
use super::krylov::{self, Goal, Reservoir, Unknowns, Vectors};
use super::layout::Layout;
use super::wall::Wall;
use crate::ground::par;
use crate::kernel;
use residual::{Sums, evaluate};
pub(super) use settle::{hold, settle};

/// A local sink R(v) ≥ 0 made of parts that are booked apart.
pub trait Reaction: Sync {
    /// Number of parts.
    fn parts(&self) -> usize;
    /// True if R is linear in v.
    fn linear(&self) -> bool;
    /// Adds rate and slope of one part for consecutive voxels from `start` with values `v`.
    fn add(&self, part: usize, start: usize, v: &[f64], rate: &mut [f64], slope: &mut [f64]);
    /// Writes rate and slope of the first part, or zeros where there is none.
    fn first(&self, start: usize, v: &[f64], rate: &mut [f64], slope: &mut [f64]) {
        rate.fill(0.0);
        slope.fill(0.0);
        if self.parts() > 0 {
            self.add(0, start, v, rate, slope);
        }
    }
    /// The same for the voxels of a coarser grid, which react as all fine voxels in them at one
    /// value; `sum` sums a value a voxel over the voxels of that grid.
    fn merged(&self, sum: &dyn Fn(&[f64]) -> Vec<f64>) -> Box<dyn Reaction + '_>;
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
    fn merged(&self, _: &dyn Fn(&[f64]) -> Vec<f64>) -> Box<dyn Reaction + '_> {
        Box::new(Inert)
    }
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
    /// Constant part, a value a voxel.
    pub rhs: &'a [f64],
    /// Walls.
    pub wall: Option<&'a Wall>,
    /// Reservoirs behind walls.
    pub reservoirs: &'a [Reservoir],
    /// Number of the reservoir behind each face.
    pub reservoir_faces: [Option<usize>; 6],
    /// Values behind the faces, where `rhs` does not hold what comes from there.
    pub outside: [f64; 6],
    /// Sinks.
    pub reaction: &'a dyn Reaction,
    /// Largest value at walls and before the step: sets the scale of the residual.
    pub lift: f64,
    /// Relative tolerance.
    pub tolerance: f64,
    /// Relative residual after a Newton iteration over the square of that before it, as the last
    /// solve of this equation found it: what a linear solve need not go below.
    pub bend: f64,
}

impl Equation<'_> {
    /// The storage coefficient where all voxels have the same.
    fn even_storage(&self) -> Option<f64> {
        let (least, most) = self.storage_range;
        (least == most && !self.hierarchy.fine.closed).then_some(most)
    }
}

/// Arrays of the solver, shared by all equations on the same grid.
#[derive(Debug, Default)]
pub struct Scratch {
    cycle: Workspace,
    algebraic: Algebraic,
    vectors: Vectors,
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
    /// What passes the walls besides, by face; none where reservoirs are behind.
    pub besides: [f64; 6],
    /// Value of each reservoir.
    pub reservoirs: Vec<f64>,
    /// See [`Equation::bend`].
    pub bend: f64,
    /// Where a limiter was held before it had settled: the relative residual with what it makes of the
    /// solution; else 0.
    pub unsettled: f64,
}

/// A solve that did not reach its tolerance.
#[derive(Clone, Debug)]
pub struct NotConverged {
    /// Relative residual after each Newton iteration.
    pub history: Vec<f64>,
    /// Voxel with the largest residual, or with the lowest value where that is negative.
    pub voxel: usize,
}

const NEWTON_LIMIT: usize = 200;
/// Iterations without halving the residual after which voxels settle after each; after which there is
/// no solution even so; and after which a linear equation has none.
pub(super) const TANGENTS: usize = 1;
const SETTLINGS: usize = 40;
const TRIES: usize = 8;
const CYCLE_LIMIT: usize = 60;
/// Part of a residual that says what the linear solve did not do.
const TOLD: f64 = 0.1;
/// Newton steps looked ahead.
const STEPS: usize = 4;
/// Most corrections of a balance that is not linear.
const CLOSURES: usize = 40;
/// Correction of a balance of which the digits of the factor are lost: one more follows.
pub(super) const LARGE: f64 = 1e-3;

/// Solves the equation from the start value in `v`.
pub fn solve(eq: &Equation, scratch: &mut Scratch, v: &mut [f64]) -> Result<Solved, NotConverged> {
    let n = v.len();
    let layout = eq.hierarchy.grids.levels[0].layout;
    scratch.vectors.fit(&layout);
    let mut solved = Solved { bend: eq.bend, ..Solved::default() };
    let diagonal = eq.d * largest_sum(eq);
    // Dominant storage has its round-off too.
    let held = eq.shift * eq.storage_range.1;
    // Single precision sees numbers of moderate size: residuals are divided by this.
    let unit = if held * eq.lift > 0.0 { held * eq.lift } else { 1.0 };
    let plane = eq.hierarchy.fine.plane();
    let mut history = Vec::new();
    // Residual before the last correction, and the part of it that the correction left linearly.
    let (mut last, mut left) = (f64::INFINITY, 0.0);
    let (mut best, mut idle) = (f64::INFINITY, 0);
    // Where the tangents of a steep or sigmoid sink lead in circles, voxels settle after each, and
    // only steps that lower the residual are taken; what that needs.
    let mut own = None;
    // Couplings too rough for grids of merged voxels; true once their matrix stands and stays.
    let mut rough = None;
    let mut sums = evaluate(eq, v, unit, scratch, true);
    let (scale, source) = sums.lifted;
    let mut bend = if scale > 0.0 { eq.bend / scale } else { f64::INFINITY };
    let floor = f64::EPSILON * (diagonal + held) * eq.lift.abs() * (n as f64).sqrt();
    let dominant = diagonal <= 2.0 * eq.shift * eq.storage_range.0;
    let target = (eq.tolerance * scale).max(floor);
    let target_max = (100.0 * eq.tolerance * source).max(floor);
    loop {
        history.push(if scale > 0.0 { sums.norm / scale } else { sums.norm });
        // Zero everywhere cannot be scaled to close the balance: a source needs one correction.
        let closes = sums.slope > 0.0 || sums.balance == 0.0 || sums.norm == 0.0;
        // The last digit of the values times the slope of a steep sink.
        let digit = f64::EPSILON * sums.slope / (n as f64).sqrt();
        let found = sums.norm <= target.max(digit) && sums.largest <= target_max.max(digit);
        if closes && found {
            break;
        }
        // A source too small for single precision to see stays where it is.
        if found && solved.newton > 0 && eq.shift > 0.0 {
            rest(eq, v);
            sums = evaluate(eq, v, unit, scratch, false);
            break;
        }
        idle = if sums.norm < 0.5 * best { 0 } else { idle + 1 };
        best = best.min(sums.norm);
        // Nothing else can be tried where the equation is linear.
        let stuck = match own {
            Some(_) => idle > SETTLINGS,
            None => idle > TRIES && eq.reaction.linear(),
        };
        if stuck || solved.newton == NEWTON_LIMIT || !sums.norm.is_finite() {
            let voxel = worst(&layout, &scratch.vectors.r);
            // What is not a number would stay in the padding and spoil the next solve.
            *scratch = Scratch::default();
            return Err(NotConverged { history, voxel });
        }
        if idle > TANGENTS && own.is_none() && !eq.reaction.linear() {
            own = Some(settle::diagonal(eq));
            clip(v, plane);
            sums = evaluate(eq, v, unit, scratch, false);
            (best, idle) = (sums.norm, 0);
        }
        if solved.newton > 0 {
            let told;
            (bend, told) = bent(sums.norm, last, left, bend);
            if solved.newton == 1 {
                solved.bend = scale * known(bend, told);
            }
        }
        // What a linear solve can gain at a time.
        let digits = if rough.is_some() { 1e-7 } else { 1e-6 };
        let part = if eq.reaction.linear() { 0.0 } else { part(bend, sums.norm, 0.8 * target) };
        let goal = goal(&sums, part.clamp(digits, 0.1), target, target_max, unit);
        last = sums.norm;
        solved.newton += 1;
        let mut cycle =
            Cycle::new(&eq.hierarchy.grids, eq.d, eq.wall, dominant, &mut scratch.cycle);
        let Vectors { r, x, .. } = &mut scratch.vectors;
        let to = &mut Unknowns { v, unit, kept: !eq.reaction.linear() };
        let cycles;
        (cycles, left) = if rough.is_some() {
            if rough != Some(true) {
                scratch.algebraic.set(&eq.hierarchy.fine, eq.d, &layout, cycle.extra());
            }
            rough = Some(eq.reaction.linear());
            scratch.algebraic.solve(&layout, eq.reservoirs, r, x, to, goal, CYCLE_LIMIT)
        } else {
            let vectors = &mut scratch.vectors;
            krylov::solve(&mut cycle, eq.reservoirs, vectors, to, goal, CYCLE_LIMIT)
        };
        let stalled = left >= 1.0 || (cycles == krylov::STALLED && left > krylov::HELD);
        if rough.is_none() && stalled {
            rough = Some(false);
        }
        solved.cycles += cycles;
        let mut factor = 1.0;
        let full = own.as_ref().map(|_| v.to_vec());
        sums = evaluate(eq, v, unit, scratch, false);
        loop {
            if let Some(own) = &own {
                settled(eq, own, unit, scratch, v, &mut sums);
            }
            let (most, shortest) =
                if own.is_some() { (1.0 - 1e-4 * factor, 1e-4) } else { (1.5, 0.02) };
            let falls = sums.norm <= most * last;
            if falls || eq.reaction.linear() || factor < shortest {
                break;
            }
            factor *= 0.5;
            match &full {
                Some(full) => {
                    v.copy_from_slice(full);
                    add(v, &layout, &scratch.vectors.x, -(1.0 - factor) * unit);
                }
                None => add(v, &layout, &scratch.vectors.x, -factor * unit),
            }
            sums = evaluate(eq, v, unit, scratch, false);
        }
    }
    // A field that starts empty and is fed by sources has no lift: its own size counts too.
    let size = || eq.lift.abs().max(largest(v, plane));
    if sums.least < 0.0 && sums.least < -1e-3 * size() {
        return Err(NotConverged { history, voxel: lowest(v) });
    }
    if solved.newton == 1 {
        let (bend, told) = bent(sums.norm, last, left, bend);
        solved.bend = scale * known(bend, told);
    }
    let alpha = close(
        v,
        plane,
        eq.reaction.linear(),
        &mut sums,
        |s| (s.balance, s.slope),
        |v| evaluate(eq, v, unit, scratch, false),
    );
    solved.stored = sums.stored * (1.0 + alpha);
    solved.parts = sums.parts.iter().map(|p| p[0] + alpha * p[1]).collect();
    solved.besides = sums.besides.map(|p| p[0] + alpha * p[1]);
    solved.reservoirs = eq.reservoirs.iter().map(|r| r.value(v)).collect();
    Ok(solved)
}

/// Lets the sources stay in their voxels, where they are too small to be solved for.
pub(super) fn rest(eq: &Equation, v: &mut [f64]) {
    let held = |source: f64, storage: f64| {
        if source > 0.0 && storage > 0.0 { source / (eq.shift * storage) } else { 0.0 }
    };
    for ((v, rhs), storage) in v.iter_mut().zip(eq.rhs).zip(eq.storage) {
        *v = held(*rhs, *storage);
    }
    for (outside, entries) in eq.outside.iter().zip(eq.wall.iter().flat_map(|w| w.faces())) {
        for &(i, g) in entries {
            v[i as usize] += held(g * outside, eq.storage[i as usize]);
        }
    }
}

/// Drops what is negative and scales the rest, by one factor, until the balance closes; gives what
/// the last factor was above 1. `sums` are those of `v`, and then those before the last factor;
/// `of` takes from them the balance and its derivative along the solution.
pub(super) fn close<S>(
    v: &mut [f64],
    plane: usize,
    linear: bool,
    sums: &mut S,
    of: impl Fn(&S) -> (f64, f64),
    mut evaluate: impl FnMut(&[f64]) -> S,
) -> f64 {
    let mut alpha = scale_to_balance(v, of(sums), plane, linear);
    for _ in 0..CLOSURES {
        // The balance is not linear in α: its square would show in the ledger.
        if alpha.abs() <= if linear { LARGE } else { 1e-9 } {
            break;
        }
        *sums = evaluate(v);
        alpha = scale_to_balance(v, of(sums), plane, linear);
    }
    alpha
}

/// One factor of [`close`]; gives what it is above 1.
pub(super) fn scale_to_balance(
    v: &mut [f64],
    (balance, slope): (f64, f64),
    plane: usize,
    linear: bool,
) -> f64 {
    // The tangent of a saturated sink may point to nothing at all, which no factor scales back.
    let least = if linear { f64::NEG_INFINITY } else { -0.9 };
    let alpha = if slope == 0.0 { 0.0 } else { (-balance / slope).max(least) };
    par::planes(plane, v, |_, p| {
        for x in p {
            *x = if *x > 0.0 { *x * (1.0 + alpha) } else { 0.0 };
        }
    });
    alpha
}

/// What a correction left beyond what the linear solve did, over the square of the residual
/// before it, and true; where the linear solve left too much to tell, what is `known`, and false.
fn bent(norm: f64, before: f64, left: f64, known: f64) -> (f64, bool) {
    let (own, square) = (norm - left * before, before * before);
    let told = own > TOLD * norm;
    (if told { own / square } else { known.min(TOLD * norm / square) }, told)
}

/// What the next solve shall take for known: less than a bend that was not told, so that a step that tells
/// follows some time.
fn known(bend: f64, told: bool) -> f64 {
    if told { bend } else { 0.3 * bend }
}

/// The part of the residual `norm` that a linear solve may leave. A Newton step leaves at least `bend`
/// times the square of what it found. Where that is less than what is `needed` this step is the last;
/// else it need not do more than what lets the fewest further steps do the rest.
fn part(bend: f64, norm: f64, needed: f64) -> f64 {
    let least = 0.3 * bend * norm * norm;
    if least <= needed {
        return least / norm;
    }
    let mut before = needed;
    for _ in 0..STEPS {
        before = 0.6 * (before / bend).sqrt();
        if before >= least {
            return before / norm;
        }
    }
    1.0
}

/// What the linear solve must reach: what is needed, but not below the `part` of the residual that it
/// may leave.
fn goal(sums: &Sums, part: f64, target: f64, target_max: f64, unit: f64) -> Goal {
    let needed = (0.8 * target).min(0.1 * sums.norm);
    let norm = needed.max(sums.norm * part);
    // On the way, the norm alone tells enough.
    let largest =
        if norm > needed { f64::INFINITY } else { (0.9 * target_max).max(1e-6 * sums.largest) };
    Goal { norm: norm / unit, largest: largest / unit, energy: 0.0 }
}

/// Lets every voxel settle, unless that raises the residual.
fn settled(
    eq: &Equation,
    diagonal: &[f64],
    unit: f64,
    scratch: &mut Scratch,
    v: &mut [f64],
    sums: &mut Sums,
) {
    let layout = eq.hierarchy.grids.levels[0].layout;
    let r = &scratch.vectors.r;
    let residual: Vec<f64> = (0..v.len()).map(|i| -unit * f64::from(r[layout.at(i)])).collect();
    let [nx, ny, _] = layout.n;
    settle(eq.reaction, [nx, nx * ny], [diagonal, &residual], sums.norm, v, |v| {
        *sums = evaluate(eq, v, unit, scratch, false);
        sums.norm
    });
}

fn add(v: &mut [f64], layout: &Layout, x: &[f32], factor: f64) {
    let [nx, ny, _] = layout.n;
    par::planes(nx * ny, v, |k, p| {
        let x = layout.view(x, k);
        for (j, row) in p.chunks_exact_mut(nx).enumerate() {
            for (v, x) in row.iter_mut().zip(layout.row(x, j)) {
                *v += factor * f64::from(*x);
            }
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

fn worst(layout: &Layout, residual: &[f32]) -> usize {
    let by = |a: &usize, b: &usize| {
        let at = |i: usize| residual[layout.at(i)].abs();
        at(*a).total_cmp(&at(*b))
    };
    (0..layout.n.iter().product()).max_by(by).unwrap_or(0)
}

/// Voxel with the lowest value.
pub(super) fn lowest(v: &[f64]) -> usize {
    (0..v.len()).min_by(|a, b| v[*a].total_cmp(&v[*b])).unwrap_or(0)
}

/// Bound of the sum of the conductances around a voxel.
fn largest_sum(eq: &Equation) -> f64 {
    eq.hierarchy.largest.iter().map(|t| 2.0 * t).sum()
}

/// Largest value of a field, at least 0.
pub fn largest(v: &[f64], plane: usize) -> f64 {
    let planes = par::map(v.len() / plane, plane, |k| highest(&v[k * plane..][..plane]));
    planes.iter().fold(0.0, |m, &x| m.max(x))
}

/// ‖F‖₂ at `v`: the pass that stands around every linear solve.
pub fn residual(eq: &Equation, scratch: &mut Scratch, v: &[f64]) -> f64 {
    scratch.vectors.fit(&eq.hierarchy.grids.levels[0].layout);
    evaluate(eq, v, 1.0, scratch, false).norm
}

kernel! {
    /// Largest value of a list, at least 0.
    fn highest(v: &[f64]) -> f64 {
        let mut lanes = [0.0_f64; 8];
        let (wholes, rest) = v.as_chunks::<8>();
        for x in wholes {
            for l in 0..8 {
                lanes[l] = if x[l] > lanes[l] { x[l] } else { lanes[l] };
            }
        }
        rest.iter().chain(&lanes).fold(0.0_f64, |m, l| m.max(*l))
    }
}
