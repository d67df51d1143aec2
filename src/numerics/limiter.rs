//! Keeps a step of second order positive and conservative.
//!
//! A step of second order is the extrapolation 2·B − A of two first-order results: A by one
//! step of backward Euler, B by two of half the length; both are positive. Where the
//! extrapolation is negative, what is missing is first charged to the voxel's own sink (it
//! cannot use what is not there), then taken back from the neighbours to which the extrapolated
//! part of the face amounts carried it: flux-corrected transport (Zalesak, J. Comput. Phys. 31
//! (1979) 335), done only where it is needed, so the error of the linear solver is not
//! magnified elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::flux::{Flux, around};
use super::stencil::Faces;

/// What the limiter did. Amounts are Σ storage·value over voxels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limited {
    /// Voxels touched.
    pub voxels: usize,
    /// Charged to sinks.
    pub charged: f64,
    /// Round-off below zero that was set to zero.
    pub rounded: f64,
    /// False: the face amounts did not suffice and the field must fall back to B.
    pub repaired: bool,
}

/// Deficits relative to the field's scale that the tolerance of the solves explains.
const NOISE: f64 = 1e-5;

/// The same where no neighbour has anything to give, in closed-off pores that have run empty: what
/// the tolerance of one voxel leaves by default.
const ALONE: f64 = 1e-6;

/// See `leaving` of [`repair`].
pub type Leaving<'a> = dyn Fn(usize, &mut dyn FnMut(usize, f64)) + 'a;

/// Repairs `v` = 2B − A in place.
///
/// `leaving(i, each)` calls `each` with every neighbour that voxel `i` exchanges with and the
/// amount (per voxel volume) that left `i` for it in the extrapolated step, B − A; `storage` is
/// the storage coefficient, `scale` the size of the field; `sink(i, missing)` charges up to `missing` to what voxel `i` used in the extrapolated
/// step (per volume) and gives what it took.
pub fn repair(
    v: &mut [f64],
    leaving: impl Fn(usize, &mut dyn FnMut(usize, f64)),
    storage: &[f64],
    scale: f64,
    mut sink: impl FnMut(usize, f64) -> f64,
) -> Limited {
    let mut done = Limited { repaired: true, ..Limited::default() };
    // Deficits in amounts per volume, in the order of the voxels.
    let mut deficits = BTreeMap::new();
    let mut touched = BTreeSet::new();
    for (i, x) in v.iter_mut().enumerate() {
        if *x >= 0.0 {
            continue;
        }
        let missing = -*x * storage[i];
        *x = 0.0;
        if missing <= 1e-12 * scale * storage[i] {
            done.rounded += missing;
            continue;
        }
        touched.insert(i);
        let charge = sink(i, missing).clamp(0.0, missing);
        done.charged += charge;
        if missing > charge {
            deficits.insert(i, missing - charge);
        }
    }
    // Share of a voxel's outgoing extrapolated amounts that still stands.
    let mut standing: BTreeMap<usize, f64> = BTreeMap::new();
    for _ in 0..200 {
        done.voxels = touched.len();
        if deficits.is_empty() {
            return done;
        }
        let mut next: BTreeMap<usize, f64> = BTreeMap::new();
        for (&i, &missing) in &deficits {
            let share = standing.get(&i).copied().unwrap_or(1.0);
            let mut out = 0.0;
            leaving(i, &mut |_, amount| out += amount.max(0.0));
            let back = (missing / out).min(share);
            let back = if out > 0.0 { back } else { 0.0 };
            standing.insert(i, share - back);
            // What is left is the error of the linear solve, magnified by nothing: it moves
            // towards where there is most.
            let rest = missing - back * out;
            let mut richest = (i, 0.0);
            leaving(i, &mut |j, amount| {
                let taken = back * amount.max(0.0);
                if taken > 0.0 {
                    take(v, storage, &mut next, j, taken);
                }
                if v[j] >= richest.1 {
                    richest = (j, v[j]);
                }
            });
            if rest <= 1e-12 * missing {
                done.rounded += rest;
            } else {
                // Neighbours as empty as the voxel would only hand the rest back.
                let tiny = rest <= ALONE * scale * storage[i];
                let alone = richest.0 == i;
                if tiny && (alone || richest.1 * storage[richest.0] < rest) {
                    done.rounded += rest;
                } else if alone || rest > NOISE * scale * storage[i] {
                    done.repaired = false;
                    return done;
                } else {
                    take(v, storage, &mut next, richest.0, rest);
                }
            }
        }
        for (i, missing) in &mut next {
            let charge = sink(*i, *missing).clamp(0.0, *missing);
            done.charged += charge;
            *missing -= charge;
        }
        next.retain(|&i, missing| {
            if *missing <= 1e-12 * scale * storage[i] {
                done.rounded += *missing;
                return false;
            }
            true
        });
        touched.extend(next.keys());
        deficits = next;
    }
    // Empty pores that hand a deficit round.
    for (i, missing) in deficits {
        done.repaired &= missing <= ALONE * scale * storage[i];
        done.rounded += missing;
    }
    done
}

/// Repairs what is above `top`, mirrored; `rounded` is what was cut off, negative. Voxels that it
/// does not touch keep their bits. Values that exceed `top` by no more than `slack` do not count as
/// touched.
pub fn lower(
    v: &mut [f64],
    top: impl Fn(usize) -> f64,
    slack: f64,
    leaving: impl Fn(usize, &mut dyn FnMut(usize, f64)),
    storage: &[f64],
    scale: f64,
    sink: impl FnMut(usize, f64) -> f64,
) -> Limited {
    let count = v.iter().enumerate().filter(|(i, x)| **x > top(*i) + slack).count();
    let mut room: Vec<f64> = v.iter().enumerate().map(|(i, x)| top(i) - x).collect();
    let done = repair(&mut room, leaving, storage, scale, sink);
    for (i, (x, room)) in v.iter_mut().zip(&room).enumerate() {
        if *room != top(i) - *x {
            *x = top(i) - room;
        }
    }
    Limited { voxels: count, rounded: -done.rounded, ..done }
}

/// What diffusion through `faces`·`amount` (conductances times dt) moves along the field `w`.
pub fn diffused(
    faces: &Faces<f64>,
    amount: f64,
    w: impl Fn(usize) -> f64,
) -> impl Fn(usize, &mut dyn FnMut(usize, f64)) {
    move |i, each| {
        let here = w(i);
        faces.neighbours(i, |j, t| {
            if t > 0.0 {
                each(j, amount * t * (here - w(j)));
            }
        });
    }
}

/// What fluxes move in a time `dt` beyond the two half steps, ½(F₀ + F₁) − F₂, times `sign`.
pub fn carried<F: Flux>(
    n: [usize; 3],
    fluxes: &[F; 3],
    fields: &[&[f64]; 3],
    dt: f64,
    sign: f64,
) -> impl Fn(usize, &mut dyn FnMut(usize, f64)) {
    move |i, each| {
        around(n, i, |side, above| {
            let f: [[f64; 3]; 3] = std::array::from_fn(|m| {
                fluxes[m].at(side, fields[m][side.low], fields[m][side.high])
            });
            if f[0][1] > 0.0 || f[0][2] > 0.0 {
                let amount = sign * dt * (0.5 * (f[0][0] + f[1][0]) - f[2][0]);
                if above { each(side.high, amount) } else { each(side.low, -amount) }
            }
        });
    }
}

/// Takes an amount from a voxel; what it does not hold becomes its deficit.
fn take(
    v: &mut [f64],
    storage: &[f64],
    deficits: &mut BTreeMap<usize, f64>,
    j: usize,
    amount: f64,
) {
    let left = v[j] * storage[j] - amount - deficits.remove(&j).unwrap_or(0.0);
    if left >= 0.0 {
        v[j] = left / storage[j];
    } else {
        v[j] = 0.0;
        deficits.insert(j, -left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::grid::Grid;

    #[test]
    fn an_empty_pore_books_what_its_solve_left_over() {
        let grid = Grid { dimensions: 1, ..Grid::cuboid([5, 1, 1], [1.0; 3]) };
        // Voxel 2 stands alone between two solid ones, or with an empty neighbour.
        for open in [[1.0, 0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 1.0, 0.0]] {
            let faces = Faces::harmonic(&grid, &open, [1.0; 3]);
            for (deficit, repaired) in [(1e-7, true), (1e-5, false)] {
                let mut v = [1.0, 0.0, -deficit, 0.0, 0.0];
                let done = repair(&mut v, diffused(&faces, 1.0, |_| 0.0), &open, 1.0, |_, _| 0.0);
                assert_eq!(done.repaired, repaired, "{deficit}");
                if repaired {
                    assert_eq!((done.rounded, v), (deficit, [1.0, 0.0, 0.0, 0.0, 0.0]));
                }
            }
        }
    }

    #[test]
    fn what_is_above_goes_back_and_the_rest_keeps_its_bits() {
        let grid = Grid { dimensions: 1, ..Grid::cuboid([4, 1, 1], [1.0; 3]) };
        let ones = [1.0; 4];
        let faces = Faces::harmonic(&grid, &ones, [1.0; 3]);
        // 0.25 came to voxel 1 from voxel 0; what lies far below the top has digits of its own.
        let came = [1.25, 1.0, 1.0, 1.0];
        let faint = 1e-9 / 3.0;
        let mut v = [0.5, 1.25, faint, 2.0 * faint];
        let moved = diffused(&faces, 1.0, |i| -came[i]);
        let done = lower(&mut v, |_| 1.0, 0.0, moved, &ones, 1.0, |_, _| 0.0);
        assert_eq!((done.repaired, done.voxels, done.rounded), (true, 1, 0.0));
        assert_eq!(v, [0.75, 1.0, faint, 2.0 * faint]);
    }
}
