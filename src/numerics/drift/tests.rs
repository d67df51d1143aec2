use std::sync::Arc;

use super::*;
use crate::ground::grid::Grid;
use crate::numerics::advective::Advective;
use crate::numerics::flux::{Diffusive, Fitted, Side};
use crate::numerics::hierarchy::Hierarchy;
use crate::numerics::newton::Inert;
use crate::numerics::wall::{Behind, Wall};

fn hash(i: usize) -> f64 {
    ((i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / 16_777_216.0
}

/// Dense elimination with pivoting: slow and independent of everything else here.
fn eliminate(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for p in 0..n {
        let best = (p..n).max_by(|x, y| a[*x][p].abs().total_cmp(&a[*y][p].abs()));
        let best = best.expect("a row");
        a.swap(p, best);
        b.swap(p, best);
        for row in p + 1..n {
            let factor = a[row][p] / a[p][p];
            for column in p..n {
                let above = a[p][column];
                a[row][column] -= factor * above;
            }
            b[row] -= factor * b[p];
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|c| a[row][c] * b[c]).sum();
        b[row] = (b[row] - known) / a[row][row];
    }
    b
}

fn assembled(eq: &Equation, flux: &impl Flux) -> Vec<f64> {
    let n = eq.storage.len();
    let mut a = vec![vec![0.0; n]; n];
    for (i, row) in a.iter_mut().enumerate() {
        row[i] = eq.shift * eq.storage[i];
    }
    crate::numerics::flux::between(eq.hierarchy.fine.n, |side| {
        let from_low = flux.at(side, 1.0, 0.0)[0];
        let from_high = -flux.at(side, 0.0, 1.0)[0];
        a[side.low][side.low] += from_low;
        a[side.high][side.low] -= from_low;
        a[side.high][side.high] += from_high;
        a[side.low][side.high] -= from_high;
    });
    for (i, g) in eq.wall.iter().flat_map(|w| w.faces()).flatten() {
        a[*i as usize][*i as usize] += g;
    }
    eliminate(a, eq.rhs.to_vec())
}

#[test]
fn solves_what_elimination_solves() {
    let grid = Grid::cuboid([7, 6, 5], [1.0, 0.8, 1.2]);
    let relative: Vec<f64> =
        (0..grid.len()).map(|i| if hash(i) < 0.2 { 0.0 } else { 0.1 + hash(i + 99) }).collect();
    let hierarchy = Hierarchy::new(&grid, Arc::new(relative.clone()), [1.0; 3]);
    let open: Vec<f64> = relative.iter().map(|r| f64::from(u8::from(*r > 0.0))).collect();
    let mut behind = [Behind::Sealed; 6];
    behind[4] = Behind::Open { film: f64::INFINITY };
    let wall = Wall::new(&grid, &relative, 1.0, [1.0; 3], &behind, &hierarchy.grids.shapes);
    let rhs: Vec<f64> = (0..grid.len()).map(|i| open[i] * hash(i + 7)).collect();
    for (shift, tilt) in [(1.0, 0.0), (1e-3, 3.0), (1e-3, 30.0)] {
        let potential: Vec<f64> = (0..grid.len()).map(|i| tilt * hash(i / 3)).collect();
        let mut flux = Fitted::new(&hierarchy.fine, |_| 1.0, |i| potential[i], None);
        let eq = Equation {
            hierarchy: &hierarchy,
            d: 1.0,
            storage: &open,
            storage_range: (1.0, 1.0),
            shift,
            rhs: &rhs,
            wall: Some(&wall),
            reservoirs: &[],
            reservoir_faces: [None; 6],
            outside: [0.0; 6],
            reaction: &Inert,
            lift: 1.0,
            tolerance: 1e-12,
            bend: 0.0,
        };
        let mut v = vec![0.0; grid.len()];
        let how = Drift { bounds: Bounds::Positive, relative: false };
        let solved =
            solve(&eq, &mut flux, &how, &mut Scratch::default(), &mut v).expect("converges");
        // Closed voxels have a row of zeros: give them one.
        let mut all = open.clone();
        for o in &mut all {
            *o = o.max(1e-300);
        }
        let exact = assembled(&Equation { storage: &all, ..eq }, &flux);
        let size = exact.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        for i in 0..v.len() {
            let expected = if open[i] > 0.0 { exact[i] } else { 0.0 };
            assert!((v[i] - expected).abs() < 1e-9 * size, "{i}: {} {expected}", v[i]);
        }
        assert!(solved.cycles <= 100, "{}", solved.cycles);
    }
}

#[test]
fn a_limited_front_stays_between_its_bounds_and_is_second_order() {
    // −D c'' + u c' + k c = 0 with the total flux u·1 at the inlet and c' = 0 at the outlet:
    // Danckwerts, Chem. Eng. Sci. 2 (1953) 1; D small: plug flow, exp(−kx/u).
    let mut errors = Vec::new();
    for n in [50, 100, 200] {
        let grid = Grid { dimensions: 1, ..Grid::cuboid([n, 1, 1], [1.0 / n as f64, 1.0, 1.0]) };
        let relative = vec![1.0; n];
        let hierarchy = Hierarchy::new(&grid, Arc::new(relative.clone()), [1.0; 3]);
        let d = 1e-5;
        let mut q = on_faces(grid.n);
        q[0].fill(n as f64);
        let mut flux =
            Advective::new(&hierarchy.fine, d, &q, [Some(1.0), None, None, None, None, None]);
        let mut rhs = vec![0.0; n];
        rhs[0] = n as f64;
        let mut wall = Wall { levels: vec![Default::default()], besides: vec![Default::default()] };
        wall.levels[0][1].push((n as u32 - 1, n as f64));
        let eq = Equation {
            hierarchy: &hierarchy,
            d,
            storage: &relative,
            storage_range: (1.0, 1.0),
            shift: 2.0,
            rhs: &rhs,
            wall: Some(&wall),
            reservoirs: &[],
            reservoir_faces: [None; 6],
            outside: [0.0; 6],
            reaction: &Inert,
            lift: 1.0,
            tolerance: 1e-11,
            bend: 0.0,
        };
        let mut v = vec![1.0; n];
        let how = Drift { bounds: Bounds::Positive, relative: false };
        solve(&eq, &mut flux, &how, &mut Scratch::default(), &mut v).expect("converges");
        assert!(v.windows(2).all(|w| w[1] < w[0]) && v[0] < 1.0 && v[n - 1] > 0.0);
        let error: f64 = v
            .iter()
            .enumerate()
            .map(|(i, c)| (c - (-2.0 * (i as f64 + 0.5) / n as f64).exp()).abs() / n as f64)
            .sum();
        errors.push(error);
    }
    let order = (errors[0] / errors[2]).log2() / 2.0;
    assert!(order > 1.8, "{order} {errors:?}");
}

/// Diffusion and a flux through one face that comes from where there is more, and leaves less there: a limiter that finds no rest.
struct Restless<'a> {
    diffusion: Diffusive<'a>,
    beside: OnFaces,
    frozen: bool,
}

impl Flux for Restless<'_> {
    fn at(&self, side: Side, low: f64, high: f64) -> [f64; 3] {
        let [f, a, b] = self.diffusion.at(side, low, high);
        [f + self.beside[side.axis][side.face], a, b]
    }
    fn linear(&self) -> bool {
        false
    }
    fn follow(&mut self, v: &[f64]) {
        if !self.frozen {
            self.beside[0][4] = if v[4] > v[3] { -0.1 } else { 0.1 };
        }
    }
    fn follows(&self) -> bool {
        !self.frozen
    }
    fn beside(&self) -> Option<&OnFaces> {
        Some(&self.beside)
    }
    fn freeze(&mut self) {
        self.frozen = true;
    }
    fn thaw(&mut self) {
        self.frozen = false;
    }
}

/// The solution is that of the limiter as it was held, and what it leaves is told: 0.2 enters and leaves
/// two voxels of eight whose own balance is one.
#[test]
fn a_limiter_that_never_settles_is_told() {
    let grid = Grid::cuboid([8, 1, 1], [1.0; 3]);
    let ones = vec![1.0; 8];
    let hierarchy = Hierarchy::new(&grid, Arc::new(ones.clone()), [1.0; 3]);
    let eq = Equation {
        hierarchy: &hierarchy,
        d: 1.0,
        storage: &ones,
        storage_range: (1.0, 1.0),
        shift: 1.0,
        rhs: &ones,
        wall: None,
        reservoirs: &[],
        reservoir_faces: [None; 6],
        outside: [0.0; 6],
        reaction: &Inert,
        lift: 1.0,
        tolerance: 1e-10,
        bend: 0.0,
    };
    let how = Drift { bounds: Bounds::Positive, relative: false };
    let left = |flux: &mut dyn FnMut(&mut [f64]) -> Solved| {
        let mut v = ones.clone();
        let solved = flux(&mut v);
        assert!((v.iter().sum::<f64>() - 8.0).abs() < 1e-9);
        solved.unsettled
    };
    let mut scratch = Scratch::default();
    let mut plain = Diffusive { faces: &hierarchy.fine, d: 1.0 };
    let rests = left(&mut |v| solve(&eq, &mut plain, &how, &mut scratch, v).expect("converges"));
    assert!(rests == 0.0);
    let diffusion = Diffusive { faces: &hierarchy.fine, d: 1.0 };
    let mut flux = Restless { diffusion, beside: on_faces(grid.n), frozen: false };
    let turns = left(&mut |v| solve(&eq, &mut flux, &how, &mut scratch, v).expect("converges"));
    assert!((0.01..0.4).contains(&turns), "{turns}");
}
