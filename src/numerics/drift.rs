//! An implicit equation whose fluxes are not those of diffusion alone,
//!
//! Σ_f F_f(v) + shift·storage·v + g·v − g_in·outside + R(v) = rhs,
//!
//! by Newton in double precision. Limiters that follow the solution are left out of the tangent:
//! what is corrected with upwind fluxes is mixed with earlier corrections
//! ([`super::anderson`]). As in [`super::newton`], what the solver's own error leaves below zero is
//! dropped and one factor closes the global balance to round-off.

mod linear;
mod outflow;

use super::aggregate::Aggregates;
use super::anderson::Anderson;
use super::flux::{Flux, OnFaces, around, of_plane, on_faces, per_plane};
use super::newton::{
    Equation, LARGE, NotConverged, Solved, TANGENTS, close, hold, lowest, rest, scale_to_balance,
    settle,
};
use super::stencil::{lanes, worst};
use crate::ground::par;
use outflow::Through;

/// Bounds of the unknown.
#[derive(Clone, Copy, Debug)]
pub enum Bounds<'a> {
    /// Any value (a pressure): nothing is dropped or scaled.
    None,
    /// Not negative.
    Positive,
    /// Between 0 and a largest value a voxel, not negative.
    Room(&'a [f64]),
}

impl Bounds<'_> {
    /// The nearest value that voxel `i` can have.
    fn within(&self, i: usize, x: f64) -> f64 {
        match *self {
            Bounds::None => x,
            Bounds::Positive => x.max(0.0),
            Bounds::Room(most) => x.clamp(0.0, most[i]),
        }
    }
}

/// How the equation differs from [`Equation`].
pub struct Drift<'a> {
    /// Its bounds.
    pub bounds: Bounds<'a>,
    /// Every voxel is solved to the tolerance relative to its own value, as densities that fall
    /// over many decades along a potential need.
    pub relative: bool,
}

/// Arrays, kept between solves.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Derivatives of the fluxes through the faces, the fluxes themselves where derivatives follow the
    /// values, and the rest of the diagonal.
    through: OnFaces,
    low: OnFaces,
    high: OnFaces,
    extra: Vec<f64>,
    /// −F, and the weights of its norm.
    r: Vec<f64>,
    weight: Vec<f64>,
    cycle: Aggregates,
    krylov: [Vec<f64>; 7],
    anderson: Anderson,
}

const NEWTON_LIMIT: usize = 100;
/// A limiter stays as it is where the residual is this many times what it may be: each further
/// iteration would halve what it is off, where one solves with it as it is. And after so many iterations
/// or so many without halving the residual: a sink that steepens where the limiter switches keeps both
/// from settling. Then it follows from solution to solution, at most so often.
const NEARLY: f64 = 10.0;
const FOLLOWS: usize = 40;
const FOLLOWING: usize = 8;
const ROUNDS: usize = 30;
/// How much less it is to be off each time.
const SHRINKS: f64 = 0.8;
/// Where a limiter follows: part of the residual that a linear solve may leave, and how many times as
/// large what is mixed may make the residual, as it learns only from where it leads.
const LAGGED: f64 = 0.05;
const RISE: f64 = 2.0;
/// Least value, over the lift, to which the residual of a voxel is relative.
const LEAST: f64 = 1e-12;
/// Residual over its scale below which each voxel counts relative to its own value.
const NEAR: f64 = 1e-4;
/// Most times that a field is scaled to its balance and solved for again.
const SCALINGS: usize = 3;

struct Sums {
    norm: f64,
    balance: f64,
    slope: f64,
    stored: f64,
    parts: Vec<[f64; 2]>,
    least: f64,
}

/// Solves the equation from the start value in `v`. Conductances to the outside stand in the
/// wall, as in [`super::newton::solve`]; flux between voxels is that of `flux`.
pub fn solve<F: Flux>(
    eq: &Equation,
    flux: &mut F,
    how: &Drift,
    scratch: &mut Scratch,
    v: &mut [f64],
) -> Result<Solved, NotConverged> {
    let plane = eq.hierarchy.fine.plane();
    scratch.fit(eq.hierarchy.fine.n);
    let shapes: Vec<[usize; 3]> = eq.hierarchy.grids.shapes.iter().map(|s| s.0).collect();
    let mut solved = Solved { bend: eq.bend, ..Solved::default() };
    let mut history = Vec::new();
    let mut linear = flux.linear() && eq.reaction.linear();
    // Limiters that follow are kept from what is out of bounds. With one that stays as it is the
    // solution may lie there, which is found and mended at the end.
    let mut bounded = !linear;
    // Far from the solution of what is not linear, values say little about their own errors: the
    // residual is first taken relative to the largest.
    let mut least = if how.relative && !linear { 1.0 } else { LEAST };
    scratch.anderson.forget();
    flux.follow(v);
    let fixed = flux.beside().is_some();
    if fixed {
        differentiate(flux, scratch, eq.hierarchy.fine.n, v);
    }
    let scale = lifted(eq, flux, scratch, how);
    let mut sums = measure(eq, flux, how, (scratch, least), v);
    let target = eq.tolerance * scale;
    let mut retreats = 0;
    // Solutions from which the limiter has followed, and how far it was off at the last one.
    let (mut rounds, mut drift) = (0, f64::INFINITY);
    // True where the limiter stays as it is, and has not settled.
    let mut held = false;
    // Newton iterations before the field was last scaled, and how often it was.
    let (mut since, mut scalings) = (0, 0);
    let mut best = f64::INFINITY;
    let mut idle = 0;
    let mut floor = 0.0;
    // See [`super::newton::solve`]: the way out where the tangent of a steep sink leads in circles.
    let mut careful = false;
    loop {
        if least > LEAST {
            relax(eq, flux, how.bounds, v);
            sums = measure(eq, flux, how, (scratch, least), v);
            if sums.norm <= NEAR * scale {
                least = LEAST;
                best = f64::INFINITY;
                weigh(how, eq, scratch, v, least);
                sums.norm = norm(&scratch.r, &scratch.weight);
            }
        }
        history.push(if scale > 0.0 { sums.norm / scale } else { sums.norm });
        // Where iterations get on, they are far from it.
        if history.len() <= 2 || idle > 0 {
            floor = 4.0 * f64::EPSILON * roundoff(scratch, v, eq.hierarchy.fine.n);
        }
        let closes = sums.slope > 0.0 || sums.balance == 0.0 || sums.norm == 0.0;
        let free = matches!(how.bounds, Bounds::None);
        let found = least == LEAST && sums.norm <= target.max(floor);
        if !closes && !free && found && solved.newton > 0 && eq.shift > 0.0 {
            rest(eq, v);
            sums = evaluate(eq, flux, scratch, v);
            break;
        }
        if found && !free && rounds > 0 && rounds < ROUNDS && retreats == 0 {
            // What the limiter makes of this solution may have another one.
            flux.thaw();
            flux.follow(v);
            flux.freeze();
            sums = measure(eq, flux, how, (scratch, least), v);
            (best, idle) = (sums.norm, 0);
            if sums.norm <= NEARLY * target {
                (rounds, held) = (ROUNDS, false);
            } else if sums.norm <= SHRINKS * drift {
                (rounds, drift) = (rounds + 1, sums.norm);
            } else {
                // It leads away: corrections are mixed again.
                flux.thaw();
                scratch.anderson.forget();
                (rounds, bounded, linear) = (ROUNDS, true, false);
            }
        }
        let found = least == LEAST && sums.norm <= target.max(floor);
        if (closes || free) && found && solved.newton > since {
            let negative = -1e-9 * eq.lift.abs().max(f64::MIN_POSITIVE);
            if !free && sums.least < negative && retreats < 20 && flux.retreat(v, negative) {
                retreats += 1;
                sums = measure(eq, flux, how, (scratch, least), v);
                continue;
            }
            // What circulates through a bath a thousand times a step is a mode that the residual
            // hardly sees, but the balance does.
            if !free && scalings < SCALINGS && (sums.balance / sums.slope).abs() > LARGE {
                scale_to_balance(v, (sums.balance, sums.slope), plane, eq.reaction.linear());
                flux.follow(v);
                sums = measure(eq, flux, how, (scratch, least), v);
                (since, scalings) = (solved.newton, scalings + 1);
                continue;
            }
            break;
        }
        if sums.norm == 0.0 {
            break;
        }
        idle = if sums.norm < 0.5 * best { 0 } else { idle + 1 };
        best = best.min(sums.norm);
        if solved.newton >= NEWTON_LIMIT + 20 * retreats || !sums.norm.is_finite() || idle > 60 {
            let voxel = worst(&scratch.r);
            *scratch = Scratch::default();
            return Err(NotConverged { history, voxel });
        }
        let mut follows = flux.follows();
        let nearly = sums.norm <= NEARLY * target;
        let stalls = idle > FOLLOWING && rounds == 0;
        if follows && (solved.newton >= FOLLOWS || stalls || nearly) {
            flux.freeze();
            rounds = if stalls { 1 } else { ROUNDS };
            held = !nearly;
            (follows, bounded, linear) = (false, false, eq.reaction.linear());
            (best, idle) = (sums.norm, 0);
        }
        careful |= !eq.reaction.linear() && idle > if follows { FOLLOWING } else { TANGENTS };
        if fixed && solved.newton > 0 {
            scratch.cycle.weigh(&scratch.extra);
        } else {
            scratch.cycle.set(&shapes, &scratch.low, &scratch.high, &scratch.extra);
        }
        let part = if follows { LAGGED } else { 1e-3 };
        let goal = if linear { 0.3 * target } else { (0.3 * target).max(part * sums.norm) };
        solved.cycles += scratch.krylov(eq, goal.max(0.3 * floor));
        let last = sums.norm;
        let step = std::mem::take(&mut scratch.krylov[0]);
        let before = v.to_vec();
        let bounds = if bounded { how.bounds } else { Bounds::None };
        let how = &Drift { bounds, ..*how };
        let mut taken = false;
        if follows {
            let mut mixed = step.clone();
            scratch.anderson.mix(&before, &mut mixed);
            sums = trial(eq, flux, how, (scratch, least), [&before, &mixed], 1.0, v);
            taken = sums.norm <= RISE * last;
            if !taken {
                scratch.anderson.forget();
            }
        }
        let mut factor = 1.0;
        while !taken {
            sums = trial(eq, flux, how, (scratch, least), [&before, &step], factor, v);
            if careful {
                settled(eq, flux, scratch, v, &mut sums);
            }
            // Near the solution the weights follow the values, and the norm may rise a little.
            let (falls, shortest) = if careful {
                (1.0 - 1e-4 * factor, 1e-4)
            } else if least > LEAST {
                (1.0 - 0.1 * factor, 0.1)
            } else {
                (1.5, 0.1)
            };
            taken = linear || sums.norm <= falls * last || (least == LEAST && factor < shortest);
            if !taken && factor < shortest {
                // The sweeps alone go on.
                v.copy_from_slice(&before);
                break;
            }
            factor *= 0.5;
        }
        scratch.krylov[0] = step;
        solved.newton += 1;
    }
    if !matches!(how.bounds, Bounds::None) {
        if sums.least < -1e-3 * eq.lift.abs().max(v.iter().fold(0.0, |m: f64, x| m.max(*x))) {
            return Err(NotConverged { history, voxel: lowest(v) });
        }
        let alpha = close(
            v,
            plane,
            eq.reaction.linear(),
            &mut sums,
            |s| (s.balance, s.slope),
            |v| evaluate(eq, flux, scratch, v),
        );
        solved.stored = sums.stored * (1.0 + alpha);
        solved.parts = sums.parts.iter().map(|p| p[0] + alpha * p[1]).collect();
    }
    solved.reservoirs = eq.reservoirs.iter().map(|r| r.value(v)).collect();
    if held && retreats == 0 && scale > 0.0 {
        flux.thaw();
        flux.follow(v);
        let off = measure(eq, flux, how, (scratch, least), v).norm;
        solved.unsettled = if off > NEARLY * target { off / scale } else { 0.0 };
    }
    Ok(solved)
}

/// The residual at v = `before` + factor·`step`, within bounds where there are any.
fn trial<F: Flux>(
    eq: &Equation,
    flux: &mut F,
    how: &Drift,
    (scratch, least): (&mut Scratch, f64),
    [before, step]: [&[f64]; 2],
    factor: f64,
    v: &mut [f64],
) -> Sums {
    for ((v, b), x) in v.iter_mut().zip(before).zip(step) {
        *v = b + factor * x;
    }
    clip(how.bounds, v);
    flux.follow(v);
    measure(eq, flux, how, (scratch, least), v)
}

/// The residual and its weighted norm.
fn measure<F: Flux>(
    eq: &Equation,
    flux: &F,
    how: &Drift,
    (scratch, least): (&mut Scratch, f64),
    v: &[f64],
) -> Sums {
    let mut sums = evaluate(eq, flux, scratch, v);
    weigh(how, eq, scratch, v, least);
    sums.norm = norm(&scratch.r, &scratch.weight);
    sums
}

fn clip(bounds: Bounds, v: &mut [f64]) {
    v.iter_mut().enumerate().for_each(|(i, x)| *x = bounds.within(i, *x));
}

/// Sweeps of [`relax`], and most Newton steps for one voxel in each.
const SWEEPS: usize = 10;
const TANGENTS_OF_ONE: usize = 60;

/// Solves for one voxel after the other, there and back: what moves into little room stops where
/// there is none, which a linearization of all at once does not see. Without walls and reactions.
fn relax(eq: &Equation, flux: &impl Flux, bounds: Bounds, v: &mut [f64]) {
    let count = v.len();
    for sweep in 0..2 * SWEEPS {
        for m in 0..count {
            let i = if sweep % 2 == 0 { m } else { count - 1 - m };
            let own = eq.shift * eq.storage[i];
            // Out of an empty voxel nothing that follows the density flows yet: the tangent there
            // leads far beyond the solution, and from beyond it each step halves the way.
            for _ in 0..TANGENTS_OF_ONE {
                let (mut f, mut slope) = (own * v[i] - eq.rhs[i], own);
                around(eq.hierarchy.fine.n, i, |side, above| {
                    let [out, a, b] = flux.at(side, v[side.low], v[side.high]);
                    f += if above { out } else { -out };
                    slope += if above { a } else { b };
                });
                if slope <= 0.0 {
                    break;
                }
                let before = v[i];
                v[i] = bounds.within(i, v[i] - f / slope);
                if (v[i] - before).abs() <= 0.1 * before.abs() {
                    break;
                }
            }
        }
    }
}

/// Lets every voxel settle, unless that raises the residual.
fn settled(
    eq: &Equation,
    flux: &mut impl Flux,
    scratch: &mut Scratch,
    v: &mut [f64],
    sums: &mut Sums,
) {
    let n = eq.hierarchy.fine.n;
    let residual: Vec<f64> = scratch.r.iter().map(|r| -r).collect();
    let mut own: Vec<f64> = (0..v.len()).map(|i| exchanged(scratch, n, i)).collect();
    hold(eq, &mut own);
    settle(eq.reaction, [n[0], n[0] * n[1]], [&own, &residual], sums.norm, v, |v| {
        flux.follow(v);
        *sums = evaluate(eq, flux, scratch, v);
        sums.norm = norm(&scratch.r, &scratch.weight);
        sums.norm
    });
}

/// What voxel `i` exchanges with its neighbours, over its value.
fn exchanged(scratch: &Scratch, n: [usize; 3], i: usize) -> f64 {
    let mut sum = 0.0;
    around(n, i, |side, above| {
        let out = if above { &scratch.low[side.axis] } else { &scratch.high[side.axis] };
        sum += out[side.face].abs();
    });
    sum
}

/// Weighted norm.
fn norm(r: &[f64], weight: &[f64]) -> f64 {
    lanes(r.len(), |i| (r[i] * weight[i]) * (r[i] * weight[i])).sqrt()
}

/// Weights of the residual's norm: 1, or one over what a voxel exchanges, at no less than `least`
/// of the lift.
fn weigh(how: &Drift, eq: &Equation, scratch: &mut Scratch, v: &[f64], least: f64) {
    if !how.relative {
        scratch.weight.fill(1.0);
        return;
    }
    let n = eq.hierarchy.fine.n;
    for i in 0..v.len() {
        let diagonal = scratch.extra[i] + exchanged(scratch, n, i);
        let size = diagonal * v[i].max(least * eq.lift);
        // Below the smallest normal number nothing is exact.
        scratch.weight[i] = if size > f64::MIN_POSITIVE { 1.0 / size } else { 0.0 };
    }
}

/// Norm of what the residual sums over: its round-off is this times the precision.
fn roundoff(scratch: &Scratch, v: &[f64], n: [usize; 3]) -> f64 {
    let plane = n[0] * n[1];
    let sizes = Through::Sizes([&scratch.low, &scratch.high]);
    let square = par::sum(n[2], plane, |k| {
        let mut size = vec![0.0; plane];
        sizes.plane(n, v, k, &mut size);
        let here = k * plane..(k + 1) * plane;
        let own = scratch.extra[here.clone()].iter().zip(&v[here.clone()]);
        size.iter_mut().zip(own).for_each(|(size, (extra, v))| *size += extra * v.abs());
        let weight = &scratch.weight[here];
        lanes(plane, |i| (size[i] * weight[i]) * (size[i] * weight[i]))
    });
    square.sqrt()
}

/// The scale of the residual: its norm where everything is at the lift, and at least that of
/// the sources. What the scratch held is lost.
fn lifted<F: Flux>(eq: &Equation, flux: &F, scratch: &mut Scratch, how: &Drift) -> f64 {
    let n = eq.storage.len();
    if how.relative {
        return (n as f64).sqrt();
    }
    let lift: Vec<f64> = eq.storage.iter().map(|s| if *s > 0.0 { eq.lift } else { 0.0 }).collect();
    evaluate(eq, flux, scratch, &lift);
    let scale = lanes(n, |i| scratch.r[i] * scratch.r[i]).sqrt();
    let source = lanes(n, |i| eq.rhs[i] * eq.rhs[i]).sqrt();
    scale.max(source)
}

/// Derivatives of all fluxes, and these themselves where they are not what the derivatives make of
/// the values.
fn differentiate<F: Flux>(flux: &F, scratch: &mut Scratch, n: [usize; 3], v: &[f64]) {
    let Scratch { through, low, high, .. } = scratch;
    if flux.beside().is_none() && through[0].is_empty() {
        *through = on_faces(n);
    }
    for axis in 0..3 {
        let m = per_plane(n)[axis];
        let [low, high] = [&mut *low, high].map(|of| &mut of[axis][..]);
        let of = |k: usize, each: &mut dyn FnMut(usize, [f64; 3])| {
            of_plane(n, axis, k, |side| {
                each(side.face - k * m, flux.at(side, v[side.low], v[side.high]));
            });
        };
        if flux.beside().is_some() {
            par::planes2(m, low, high, |k, low, high| {
                of(k, &mut |at, [_, a, b]| (low[at], high[at]) = (a, b));
            });
        } else {
            par::planes3_map([m; 3], &mut through[axis], low, high, |k, through, low, high| {
                of(k, &mut |at, all| [through[at], low[at], high[at]] = all);
            });
        }
    }
}

/// Residual −F, its derivatives on faces and on the diagonal, and its sums.
fn evaluate<F: Flux>(eq: &Equation, flux: &F, scratch: &mut Scratch, v: &[f64]) -> Sums {
    let n = eq.hierarchy.fine.n;
    let plane = n[0] * n[1];
    let parts = eq.reaction.parts();
    let values: Vec<f64> = eq.reservoirs.iter().map(|r| r.value(v)).collect();
    if flux.beside().is_none() {
        differentiate(flux, scratch, eq.hierarchy.fine.n, v);
    }
    let Scratch { through, low, high, extra, r, .. } = scratch;
    let through = match flux.beside() {
        Some(beside) => Through::By([low, high], Some(beside).filter(|_| !flux.linear())),
        None => Through::Known(through),
    };
    let planes = par::planes2_map([plane; 2], r, extra, |k, r, extra| {
        let at = k * plane;
        let (mut rate, mut slope) = (vec![0.0; plane], vec![0.0; plane]);
        let own = &v[at..][..plane];
        let mut before = [0.0; 2];
        let mut by_part = vec![[0.0; 2]; parts];
        for (part, sums) in by_part.iter_mut().enumerate() {
            eq.reaction.add(part, at, own, &mut rate, &mut slope);
            let now = [
                lanes(plane, |i| if own[i] > 0.0 { rate[i] } else { 0.0 }),
                lanes(plane, |i| if own[i] > 0.0 { slope[i] * own[i] } else { 0.0 }),
            ];
            *sums = [now[0] - before[0], now[1] - before[1]];
            before = now;
        }
        through.plane(n, v, k, r);
        let mut least = 0.0_f64;
        let (storage, constant) = (&eq.storage[at..][..plane], &eq.rhs[at..][..plane]);
        for p in 0..plane {
            let kept = eq.shift * storage[p];
            r[p] = -(kept * own[p] + (rate[p] - constant[p]) + r[p]);
            extra[p] = kept + slope[p];
            least = least.min(own[p]);
        }
        let stored = lanes(plane, |i| own[i].max(0.0) * eq.storage[at + i]);
        let constant = lanes(plane, |i| eq.rhs[at + i]);
        (by_part, before, stored, constant, least)
    });
    let mut sums = Sums {
        norm: 0.0,
        balance: 0.0,
        slope: 0.0,
        stored: 0.0,
        parts: vec![[0.0; 2]; parts],
        least: 0.0,
    };
    for (by_part, all, stored, constant, least) in planes {
        sums.stored += stored;
        sums.balance += eq.shift * stored + all[0] - constant;
        sums.slope += eq.shift * stored + all[1];
        sums.least = sums.least.min(least);
        for (total, part) in sums.parts.iter_mut().zip(by_part) {
            total[0] += part[0];
            total[1] += part[1];
        }
    }
    for (face, entries) in eq.wall.iter().flat_map(|w| w.faces().iter().enumerate()) {
        for &(i, g) in entries {
            let i = i as usize;
            extra[i] += g;
            r[i] -= g * v[i];
            if eq.reservoir_faces[face].is_none() {
                sums.balance += g * v[i].max(0.0);
                sums.slope += g * v[i].max(0.0);
            }
        }
    }
    for (reservoir, value) in eq.reservoirs.iter().zip(&values) {
        for &(i, g) in reservoir.inward() {
            r[i as usize] += g * value;
        }
        let inside: f64 = reservoir.entries.iter().map(|&(i, g)| g * v[i as usize].max(0.0)).sum();
        sums.balance += reservoir.gained(inside);
        sums.slope += reservoir.storage * inside / reservoir.total;
    }
    sums
}

impl Scratch {
    fn fit(&mut self, n: [usize; 3]) {
        let voxels = n.iter().product();
        if self.r.len() != voxels {
            *self = Scratch { low: on_faces(n), high: on_faces(n), ..Scratch::default() };
            for v in [&mut self.extra, &mut self.r, &mut self.weight] {
                v.resize(voxels, 0.0);
            }
        }
        for v in &mut self.krylov {
            v.resize(voxels, 0.0);
        }
    }
}

#[cfg(test)]
mod tests;
