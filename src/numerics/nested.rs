//! A start value from coarser grids, for a solve that knows nothing of its solution: the same
//! equation with pairs of voxels merged, solved in turn from one coarser still, and interpolated.
//! Far from the solution a Newton step of a saturated sink is mostly lost; there it costs an eighth
//! (full multigrid; Trottenberg, Oosterlee and Schüller, Multigrid, 2001, §2.6 and §5.3).

use std::sync::Arc;

use super::hierarchy::Hierarchy;
use super::newton::{self, Equation, Reaction, Scratch};
use super::transfer::{Transfer, children};
use super::wall::{Wall, coarse_index};
use crate::ground::par;

/// Fewest voxels of a grid that is worth a coarser start.
const WORTH: usize = 4096;

/// Relative tolerance of coarse solves: below what interpolation leaves.
const TOLERANCE: f64 = 1e-3;

/// Solves on coarser grids and writes what it finds to `v`; leaves `v` where that is not possible
/// (reservoirs, cut-off parts), not found, or where `v` is not the lift everywhere. `outside` are
/// the values behind the faces, part of `eq.rhs`: coarse walls conduct otherwise.
pub fn start(eq: &Equation, outside: [f64; 6], v: &mut [f64]) {
    let fine = eq.hierarchy;
    let known = v.iter().any(|x| *x != eq.lift && *x != 0.0);
    if known || v.len() < WORTH || eq.reaction.linear() || !eq.reservoirs.is_empty() {
        return;
    }
    let Some(hierarchy) = fine.coarser() else { return };
    let transfer = &fine.transfers[0];
    let merged = |values: &[f64]| gather(transfer, fine.fine.n, values);
    let storage = merged(eq.storage);
    let mut rhs = merged(eq.rhs);
    let wall = eq.wall.map(|w| Wall { levels: w.levels[1..].to_vec() });
    if let (Some(fine_wall), Some(wall)) = (eq.wall, &wall) {
        for (f, value) in outside.into_iter().enumerate() {
            for &(i, g) in &fine_wall.levels[0][f] {
                rhs[place(transfer, fine.fine.n, i as usize)] -= g * value;
            }
            for &(i, g) in &wall.levels[0][f] {
                rhs[i as usize] += g * value;
            }
        }
    }
    let open = || storage.iter().zip(&*hierarchy.relative).filter(|s| *s.1 > 0.0).map(|s| *s.0);
    let reaction = Merged { fine: eq.reaction, transfer, n: fine.fine.n };
    let coarse = Equation {
        hierarchy: &hierarchy,
        storage: &storage,
        storage_range: (open().fold(f64::INFINITY, f64::min), open().fold(0.0, f64::max)),
        rhs: &rhs,
        wall: wall.as_ref(),
        reaction: &reaction,
        tolerance: TOLERANCE.max(eq.tolerance),
        ..*eq
    };
    let lifted = |r: &f64| if *r > 0.0 { eq.lift } else { 0.0 };
    let mut u: Vec<f64> = hierarchy.relative.iter().map(lifted).collect();
    start(&coarse, outside, &mut u);
    if newton::solve(&coarse, &mut Scratch::default(), &mut u).is_ok() {
        spread(fine, &u, v);
    }
}

/// Place of the coarse voxel that holds a fine one.
fn place(t: &Transfer, n: [usize; 3], i: usize) -> usize {
    let at = [i % n[0], i / n[0] % n[1], i / (n[0] * n[1])];
    let m = t.coarse().n;
    let c: [usize; 3] = std::array::from_fn(|a| coarse_index(at[a], n[a], m[a]));
    (c[2] * m[1] + c[1]) * m[0] + c[0]
}

/// Sums over coarse voxels.
fn gather(t: &Transfer, n: [usize; 3], fine: &[f64]) -> Vec<f64> {
    let m = t.coarse().n;
    let mut out = vec![0.0; m.iter().product()];
    par::planes(m[0] * m[1], &mut out, |k, p| {
        for (j, row) in p.chunks_exact_mut(m[0]).enumerate() {
            rows(t, n, j, k, |start| fold(t, &fine[start..][..n[0]], row));
        }
    });
    out
}

/// Calls `each` with the start of every fine row in coarse row (j, k).
fn rows(t: &Transfer, n: [usize; 3], j: usize, k: usize, mut each: impl FnMut(usize)) {
    for kk in children(k, t.merges(2), n[2]) {
        for jj in children(j, t.merges(1), n[1]) {
            each((kk * n[1] + jj) * n[0]);
        }
    }
}

/// Adds a fine row to a coarse one.
fn fold(t: &Transfer, fine: &[f64], coarse: &mut [f64]) {
    if t.merges(0) {
        for (c, pair) in coarse.iter_mut().zip(fine.chunks(2)) {
            *c += pair.iter().sum::<f64>();
        }
    } else {
        coarse.iter_mut().zip(fine).for_each(|(c, f)| *c += f);
    }
}

/// Interpolates coarse values to the open voxels of the fine grid.
fn spread(fine: &Hierarchy, coarse: &[f64], v: &mut [f64]) {
    let (t, layout) = (&fine.transfers[0], fine.levels[0].layout);
    let single: Vec<f32> = coarse.iter().map(|u| *u as f32).collect();
    let open: Vec<f32> = fine.relative.iter().map(|r| f32::from(u8::from(*r > 0.0))).collect();
    let (mut zero, mut out) = (Vec::new(), Vec::new());
    layout.fit(&mut zero);
    layout.fit(&mut out);
    t.interpolate(&t.coarse().pad(&single), &zero, &layout.pad(&open), &mut out);
    for (i, v) in v.iter_mut().enumerate() {
        *v = f64::from(out[layout.at(i)]).max(0.0);
    }
}

/// The sinks of a fine grid over the voxels of the next coarser one, all fine voxels of one at its
/// value.
struct Merged<'a> {
    fine: &'a dyn Reaction,
    transfer: &'a Transfer,
    /// Voxels of the fine grid.
    n: [usize; 3],
}

impl Reaction for Merged<'_> {
    fn parts(&self) -> usize {
        self.fine.parts()
    }

    fn linear(&self) -> bool {
        self.fine.linear()
    }

    /// For whole rows.
    fn add(&self, part: usize, start: usize, v: &[f64], rate: &mut [f64], slope: &mut [f64]) {
        let (t, n) = (self.transfer, self.n);
        let m = t.coarse().n;
        let mut own = vec![0.0; 3 * n[0]];
        let (values, own) = own.split_at_mut(n[0]);
        let (rates, slopes) = own.split_at_mut(n[0]);
        for (row, v) in v.chunks_exact(m[0]).enumerate() {
            for (i, value) in values.iter_mut().enumerate() {
                *value = v[if t.merges(0) { i / 2 } else { i }];
            }
            let here = row * m[0]..(row + 1) * m[0];
            let at = start / m[0] + row;
            rows(t, n, at % m[1], at / m[1], |start| {
                rates.fill(0.0);
                slopes.fill(0.0);
                self.fine.add(part, start, values, rates, slopes);
                fold(t, rates, &mut rate[here.clone()]);
                fold(t, slopes, &mut slope[here.clone()]);
            });
        }
    }
}

impl Hierarchy {
    /// The same without its finest grid; `None` where that is the only one, or cut-off parts hang on
    /// it.
    fn coarser(&self) -> Option<Hierarchy> {
        if self.levels.len() < 2 || !self.islands.is_empty() || !self.fine.pairs.is_empty() {
            return None;
        }
        let fine = self.levels[1].faces(self.fine.closed);
        let t = &self.transfers[0];
        let open = gather(t, self.fine.n, &self.relative);
        Some(Hierarchy {
            largest: fine.largest(),
            fine,
            levels: self.levels[1..].to_vec(),
            coarsest: self.coarsest.clone(),
            transfers: self.transfers[1..].to_vec(),
            seams: self.seams[1..].to_vec(),
            islands: Vec::new(),
            shapes: self.shapes[1..].to_vec(),
            relative: Arc::new(open),
            axis: self.axis,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::wall::Behind;
    use super::*;
    use crate::ground::grid::{Form, Grid};

    /// q·c/(k + c) in open voxels, times 1 or 2 by the place, linear below zero.
    struct Sink<'a>(f64, f64, &'a [f64]);

    impl Reaction for Sink<'_> {
        fn parts(&self) -> usize {
            1
        }
        fn linear(&self) -> bool {
            false
        }
        fn add(&self, _: usize, start: usize, v: &[f64], rate: &mut [f64], slope: &mut [f64]) {
            let Sink(q, k, open) = *self;
            for (i, v) in v.iter().enumerate() {
                let q = open[start + i] * if (start + i).is_multiple_of(3) { 2.0 * q } else { q };
                let c = v.max(0.0);
                rate[i] += q * v / (k + c);
                slope[i] += q * k / ((k + c) * (k + c));
            }
        }
    }

    /// Fewer cycles than from the lift, and the same solution, whatever the grid.
    #[test]
    fn a_nested_start_saves_cycles_and_changes_nothing() {
        let h = [4e-5, 4e-5, 4e-5];
        let grids = [
            ([40, 40, 40], h, 3, false),
            ([37, 25, 23], h, 3, true),
            ([64, 90, 1], [2e-5, 4e-5, 1.0], 2, false),
            ([5000, 1, 1], [4e-7, 1.0, 1.0], 1, false),
        ];
        for (n, h, dimensions, rods) in grids {
            let grid = Grid { n, h, dimensions, form: Form::Box, periodic: [false; 3] };
            let rod = |i: usize| rods && i % n[0] % 4 == 1 && i / n[0] % n[1] % 5 < 2;
            let open: Vec<f64> = (0..grid.len()).map(|i| if rod(i) { 0.0 } else { 1.0 }).collect();
            let hierarchy = Hierarchy::new(&grid, Arc::new(open.clone()), [1.0; 3]);
            let d = 2e-9;
            // Walls along single voxels would feed everything at once.
            let mut behind = [Behind::Sealed; 6];
            behind[..2 * dimensions].fill(Behind::Open { film: f64::INFINITY });
            let wall = Wall::new(&grid, &open, d, [1.0; 3], &behind, &hierarchy.shapes);
            // Half as much outside one face.
            let outside: [f64; 6] = std::array::from_fn(|f| if f == 0 { 0.1 } else { 0.2 });
            let mut rhs = vec![0.0; grid.len()];
            for (f, entries) in wall.faces().iter().enumerate() {
                for &(i, g) in entries {
                    rhs[i as usize] += g * outside[f];
                }
            }
            let sink = Sink(0.02, 7.5e-3, &open);
            let eq = Equation {
                hierarchy: &hierarchy,
                d,
                storage: &open,
                storage_range: (1.0, 1.0),
                shift: 0.0,
                rhs: &rhs,
                wall: Some(&wall),
                reservoirs: &[],
                reservoir_faces: [None; 6],
                reaction: &sink,
                lift: 0.2,
                tolerance: 1e-10,
                bend: 1.0,
            };
            let lifted: Vec<f64> = open.iter().map(|o| 0.2 * o).collect();
            let (mut from_lift, mut nested) = (lifted.clone(), lifted);
            let plain = newton::solve(&eq, &mut Scratch::default(), &mut from_lift).unwrap();
            start(&eq, outside, &mut nested);
            let solved = newton::solve(&eq, &mut Scratch::default(), &mut nested).unwrap();
            assert!(
                solved.cycles < plain.cycles,
                "{n:?}: {} cycles, {} from the lift",
                solved.cycles,
                plain.cycles
            );
            for (i, (a, b)) in from_lift.iter().zip(&nested).enumerate() {
                assert!((a - b).abs() < 1e-8, "{n:?}: voxel {i}: {a} and {b}");
            }
        }
    }
}
