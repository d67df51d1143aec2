//! A start value from coarser grids, for a solve that knows nothing of its solution: the same
//! equation with pairs of voxels merged, solved in turn from one coarser still, and interpolated.
//! Far from the solution a Newton step of a saturated sink is mostly lost; there it costs an eighth
//! (full multigrid; Trottenberg, Oosterlee and Schüller, Multigrid, 2001, §2.6 and §5.3).

use std::sync::Arc;

use super::algebraic::ROUGH;
use super::hierarchy::Hierarchy;
use super::newton::{self, Equation, Scratch};
use super::prolong::prolong;
use super::share::toward_wall;
use super::stencil::range;
use super::transfer::{self, Transfer, children};
use super::wall::Wall;
use crate::ground::grid::Face;
use crate::ground::par;
use crate::kernel;

/// Fewest voxels of a grid that is worth a coarser start.
const WORTH: usize = 4096;

/// Relative tolerance of coarse solves: below what interpolation leaves.
const TOLERANCE: f64 = 3e-3;

/// Solves on coarser grids and writes what it finds to `v`; leaves `v` where that is not possible
/// (reservoirs, cut-off parts), not found, or where `v` is not the lift everywhere. What comes
/// through walls must stand in [`Equation::outside`], for coarse walls conduct otherwise. Gives
/// [`Equation::bend`] as the coarse grid met it.
pub fn start(eq: &Equation, v: &mut [f64]) -> Option<f64> {
    let fine = eq.hierarchy;
    let plane = fine.fine.plane();
    let known = || range(plane, v, |_, x| x != eq.lift && x != 0.0).0.is_finite();
    // The coarse solution of a rough linear equation is another one.
    let rough = eq.reaction.linear() && fine.contrast > ROUGH;
    if v.len() < WORTH || rough || !eq.reservoirs.is_empty() || known() {
        return None;
    }
    let hierarchy = fine.coarser()?;
    let transfer = &fine.grids.transfers[0];
    let merged = |values: &[f64]| gather(transfer, fine.fine.n, values);
    // Often one list is both.
    let storage = if std::ptr::eq(eq.storage, fine.relative.as_slice()) {
        hierarchy.relative.clone()
    } else {
        Arc::new(merged(eq.storage))
    };
    let rhs = merged(eq.rhs);
    let wall = eq.wall.map(Wall::coarser);
    let open = |i: usize, _| hierarchy.relative[i] > 0.0;
    let reaction = eq.reaction.merged(&merged);
    let mut coarse = Equation {
        hierarchy: &hierarchy,
        storage: &storage,
        storage_range: range(hierarchy.fine.plane(), &storage, open),
        rhs: &rhs,
        wall: wall.as_ref(),
        reaction: &*reaction,
        tolerance: TOLERANCE.max(eq.tolerance),
        ..*eq
    };
    let lifted = |r: &f64| if *r > 0.0 { eq.lift } else { 0.0 };
    let mut u: Vec<f64> = hierarchy.relative.iter().map(lifted).collect();
    if let Some(bend) = start(&coarse, &mut u) {
        coarse.bend = bend;
    }
    let solved = newton::solve(&coarse, &mut Scratch::default(), &mut u).ok()?;
    if fine.fine.even() {
        prolong(eq, &u, v);
    } else {
        spread(eq, &u, v);
    }
    Some(solved.bend)
}

/// Sums over coarse voxels.
fn gather(t: &Transfer, n: [usize; 3], fine: &[f64]) -> Vec<f64> {
    let m = t.coarse().n;
    let mut out = vec![0.0; m.iter().product()];
    par::planes(m[0] * m[1], &mut out, |k, p| {
        let mut sums = vec![0.0; n[0]];
        for (j, row) in p.chunks_exact_mut(m[0]).enumerate() {
            sums.fill(0.0);
            for kk in children(k, t.merges(2), n[2]) {
                for jj in children(j, t.merges(1), n[1]) {
                    add(&fine[(kk * n[1] + jj) * n[0]..][..n[0]], &mut sums);
                }
            }
            fold(t.merges(0), &sums, row);
        }
    });
    out
}

kernel! {
    /// Adds a row to another.
    fn add(row: &[f64], sums: &mut [f64]) {
        sums.iter_mut().zip(row).for_each(|(s, v)| *s += v);
    }
}

kernel! {
    /// Writes the sums of pairs of a fine row to a coarse one; without pairs the row itself.
    fn fold(pairs: bool, fine: &[f64], coarse: &mut [f64]) {
        if !pairs {
            return coarse.copy_from_slice(fine);
        }
        let (pairs, alone) = fine.as_chunks::<2>();
        coarse.iter_mut().zip(pairs).for_each(|(c, pair)| *c = pair[0] + pair[1]);
        coarse.iter_mut().skip(pairs.len()).zip(alone).for_each(|(c, f)| *c = *f);
    }
}

/// Interpolates coarse values to the open voxels of the fine grid; beside walls towards what is
/// outside.
fn spread(eq: &Equation, coarse: &[f64], v: &mut [f64]) {
    let fine = eq.hierarchy;
    let (t, layout) = (&fine.grids.transfers[0], fine.grids.levels[0].layout);
    let [nx, ny, _] = layout.n;
    let single: Vec<f32> = coarse.iter().map(|u| *u as f32).collect();
    let single = t.coarse().pad(&single);
    let relative = &fine.relative;
    par::planes(nx * ny, v, |k, plane| {
        let mut out = vec![0.0; layout.plane()];
        transfer::spread(t, k, &(0..t.coarse().n[1]), t.around(&single, k), &mut out);
        let open = relative[k * nx * ny..].chunks_exact(nx);
        let rows = out.chunks_exact(layout.stride).zip(open);
        for (row, (out, open)) in plane.chunks_exact_mut(nx).zip(rows) {
            for (v, (u, open)) in row.iter_mut().zip(out.iter().zip(open)) {
                *v = if *open > 0.0 { f64::from(*u).max(0.0) } else { 0.0 };
            }
        }
        let walls = eq.wall.map_or([&[][..]; 6], |w| w.plane(0, k, nx * ny).map(|s| s.entries));
        for ((face, entries), outside) in Face::ALL.into_iter().zip(walls).zip(eq.outside) {
            for entry in entries {
                let kept = toward_wall(&fine.grids.levels[0], eq.d as f32, t, face, *entry);
                let kept = f64::from(kept.unwrap_or(1.0));
                let v = &mut plane[entry.0 as usize - k * nx * ny];
                *v = kept * *v + (1.0 - kept) * outside;
            }
        }
    });
}

impl Hierarchy {
    /// The same without its finest grid; `None` where that is the only one, or cut-off parts hang on
    /// it.
    fn coarser(&self) -> Option<Hierarchy> {
        if self.grids.levels.len() < 2
            || !self.grids.islands.is_empty()
            || !self.fine.pairs.is_empty()
        {
            return None;
        }
        let fine = self.grids.levels[1].faces(self.fine.closed);
        let t = &self.grids.transfers[0];
        let open = gather(t, self.fine.n, &self.relative);
        Some(Hierarchy {
            largest: fine.largest(),
            contrast: self.contrast,
            fine,
            grids: self.grids.coarser(),
            relative: Arc::new(open),
            axis: self.axis,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::newton::Reaction;
    use super::super::wall::Behind;
    use super::*;
    use crate::ground::grid::Grid;

    /// n·c/(k + c), linear below zero, for a value n a voxel.
    struct Sink(f64, Vec<f64>);

    impl Reaction for Sink {
        fn parts(&self) -> usize {
            1
        }
        fn linear(&self) -> bool {
            false
        }
        fn add(&self, _: usize, start: usize, v: &[f64], rate: &mut [f64], slope: &mut [f64]) {
            let Sink(k, n) = self;
            for (i, (v, n)) in v.iter().zip(&n[start..]).enumerate() {
                let c = v.max(0.0);
                rate[i] += n * v / (k + c);
                slope[i] += n * k / ((k + c) * (k + c));
            }
        }
        fn merged(&self, sum: &dyn Fn(&[f64]) -> Vec<f64>) -> Box<dyn Reaction + '_> {
            Box::new(Sink(self.0, sum(&self.1)))
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
            let grid = Grid { dimensions, ..Grid::cuboid(n, h) };
            let rod = |i: usize| rods && i % n[0] % 4 == 1 && i / n[0] % n[1] % 5 < 2;
            let open: Vec<f64> = (0..grid.len()).map(|i| if rod(i) { 0.0 } else { 1.0 }).collect();
            let hierarchy = Hierarchy::new(&grid, Arc::new(open.clone()), [1.0; 3]);
            let d = 2e-9;
            // Walls along single voxels would feed everything at once.
            let mut behind = [Behind::Sealed; 6];
            behind[..2 * dimensions].fill(Behind::Open { film: f64::INFINITY });
            let wall = Wall::new(&grid, &open, d, [1.0; 3], &behind, &hierarchy.grids.shapes);
            // Half as much outside one face.
            let outside: [f64; 6] = std::array::from_fn(|f| if f == 0 { 0.1 } else { 0.2 });
            let rhs = vec![0.0; grid.len()];
            let uneven = |(i, o): (usize, &f64)| o * if i.is_multiple_of(3) { 0.04 } else { 0.02 };
            let sink = Sink(7.5e-3, open.iter().enumerate().map(uneven).collect());
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
                outside,
                reaction: &sink,
                lift: 0.2,
                tolerance: 1e-10,
                bend: 1.0,
            };
            let lifted: Vec<f64> = open.iter().map(|o| 0.2 * o).collect();
            let (mut from_lift, mut nested) = (lifted.clone(), lifted);
            let plain = newton::solve(&eq, &mut Scratch::default(), &mut from_lift).unwrap();
            start(&eq, &mut nested);
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
