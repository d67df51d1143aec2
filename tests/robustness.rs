//! Cycles that steady solves to 1e-8 take where coefficients are rough, voxels flat, grids odd. The
//! bounds are counts of a prototype of the same method (a prototype's cycles, in its setting:
//! conjugate gradients around a V(2,2)-cycle in single precision on 64³ voxels).
#![allow(missing_docs)]

mod common;

use blastema::ground::grid::Grid;
use blastema::ground::signal::Signal;
use blastema::model::run::run;
use blastema::model::setup::{Boundary, Setup, Source};
use blastema::model::solver::Solver;
use blastema::physics::kinetics::{MichaelisMenten, Uptake};

/// Evenly scattered numbers of 0…1, the same in each run.
struct Scatter(u64);

impl Scatter {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A source everywhere, and zero at these faces.
fn fed(grid: Grid, relative: Vec<f64>, faces: &[usize]) -> Setup {
    let mut solute = common::solute(&grid, "a", 1e-9, 0.0);
    let open: Vec<bool> = relative.iter().map(|r| *r > 0.0).collect();
    let rate = open.iter().map(|o| if *o { 1e-3 } else { 0.0 }).collect();
    solute.source = Some(Source { rate, times: Signal::Constant(1.0) });
    solute.relative = relative.into();
    for f in faces {
        solute.boundaries[*f] = common::value(0.0);
    }
    let mut setup = common::setup(grid, vec![solute], vec![], 0.0);
    if open.contains(&false) {
        setup.structure.porosity =
            open.iter().map(|o| f64::from(u8::from(*o))).collect::<Vec<_>>().into();
        setup.structure.open = Some(open);
    }
    setup
}

/// The same fed at all faces that are open, without a source.
fn driven(mut setup: Setup) -> Setup {
    setup.solutes[0].source = None;
    for (f, b) in setup.solutes[0].boundaries.iter_mut().enumerate() {
        if !matches!(b, Boundary::Sealed) {
            *b = common::value(if f == 1 || f == 5 { 1.0 } else { 0.0 });
        }
    }
    setup
}

fn cycles(setup: Setup) -> usize {
    let mut solver = Solver::new(setup).expect("starts");
    run(&mut solver, &mut []).expect("converges");
    assert!(solver.ledger.worst().expect("has terms").1 < 2e-8);
    solver.work.cycles
}

fn cube(n: usize) -> Grid {
    common::grid(&[n; 3], &[1e-3; 3])
}

const ALL: [usize; 6] = [0, 1, 2, 3, 4, 5];

fn at_most(what: &str, setup: Setup, most: usize) {
    let found = cycles(setup.clone());
    println!("{what}: {found} cycles, {} driven, at most {most}", cycles(driven(setup)));
    assert!(found <= most, "{what}: {found} cycles, more than {most}");
}

fn by_voxel(n: usize, mut value: impl FnMut([usize; 3]) -> f64) -> Vec<f64> {
    (0..n * n * n).map(|i| value([i % n, i / n % n, i / (n * n)])).collect()
}

#[test]
fn even() {
    at_most("even", fed(cube(64), vec![1.0; 64 * 64 * 64], &ALL), 6);
}

#[test]
fn blocks() {
    for (contrast, most) in [(1e-3, 14), (1e-6, 15)] {
        let mut scatter = Scatter(88172645463325252);
        let of_block: Vec<f64> =
            (0..512).map(|_| if scatter.next() < 0.5 { 1.0 } else { contrast }).collect();
        let block = |[x, y, z]: [usize; 3]| of_block[x / 8 + 8 * (y / 8) + 64 * (z / 8)];
        at_most(&format!("blocks, {contrast:e}"), fed(cube(64), by_voxel(64, block), &ALL), most);
    }
}

#[test]
fn noise() {
    for (low, most) in [(1e-6, 40), (0.0, 18)] {
        let mut scatter = Scatter(88172645463325252);
        let mut relative =
            by_voxel(64, |_| if scatter.next() < 0.4 { low } else { 1.0 });
        if low == 0.0 {
            // Pockets without a way out have no solution.
            let grid = cube(64);
            let open: Vec<bool> = relative.iter().map(|r| *r > 0.0).collect();
            let parts = blastema::geometry::components::label(&grid, &open);
            let reached = parts.select(|p| parts.touches[p - 1].contains(&true));
            relative = reached.iter().map(|o| f64::from(u8::from(*o))).collect();
        }
        at_most(&format!("noise, {low:e}"), fed(cube(64), relative, &ALL), most);
    }
}

#[test]
fn six_decades() {
    let mut scatter = Scatter(88172645463325252);
    let relative = by_voxel(64, |_| 10_f64.powf(-6.0 * scatter.next()));
    at_most("six decades", fed(cube(64), relative, &ALL), 59);
}

#[test]
fn walls_with_holes() {
    let wall = |[x, y, z]: [usize; 3]| {
        if x % 8 == 7 && (y % 8 != 3 || z % 8 != 3) { 1e-6 } else { 1.0 }
    };
    at_most("walls with holes", fed(cube(64), by_voxel(64, wall), &ALL), 22);
}

#[test]
fn flat_and_tall_voxels() {
    for (ratio, most) in [(4.0, 6), (0.1, 10)] {
        let grid = common::grid(&[64; 3], &[1e-3, 1e-3, ratio * 1e-3]);
        at_most(&format!("dz = {ratio} dx"), fed(grid, vec![1.0; 64 * 64 * 64], &ALL), most);
    }
}

#[test]
fn two_dimensions() {
    let grid = common::grid(&[256, 256], &[1e-3; 2]);
    at_most("256²", fed(grid, vec![1.0; 256 * 256], &ALL[..4]), 6);
}

fn explore(what: &str, setup: Setup) {
    println!("{what}: {}", cycles(setup));
}

#[test]
fn others() {
    let n = 64;
    let mut robin = fed(cube(n), vec![1.0; n * n * n], &[]);
    for b in &mut robin.solutes[0].boundaries {
        *b = Boundary::Transfer { coefficient: 1e-6, outside: Signal::Constant(0.0) };
    }
    explore("robin", robin);
    for n in [63, 61, 65, 33] {
        explore(&format!("odd {n}"), fed(cube(n), vec![1.0; n * n * n], &ALL));
    }
    let mut periodic = fed(cube(n), vec![1.0; n * n * n], &[4, 5]);
    periodic.grid.periodic = [true, true, false];
    explore("periodic", periodic);
    for n in [45, 128] {
        let mut periodic = fed(common::grid(&[n, n, 32], &[1e-3; 3]), vec![1.0; n * n * 32], &[4, 5]);
        periodic.grid.periodic = [true, true, false];
        explore("periodic odd", periodic);
    }
    explore("one face", fed(cube(64), vec![1.0; 64 * 64 * 64], &[5]));
    let line = common::grid(&[1000], &[1e-3]);
    explore("line", fed(line, vec![1.0; 1000], &[0, 1]));
    let sphere = Grid::sphere(500, 0.0, 1e-3);
    explore("sphere", fed(sphere, vec![1.0; 500], &[1]));
}

#[test]
fn sinks() {
    for km in [1e-2, 1e-4, 1e-6, 1e-8] {
        for phi2 in [1.0, 25.0, 400.0] {
            let grid = cube(48);
            let (c0, d, l) = (0.2, 2e-9, 1e-3);
            let mut solute = common::solute(&grid, "oxygen", d, c0);
            solute.boundaries = std::array::from_fn(|_| common::value(c0));
            let mut cells = common::population(&grid, "a", 1e14);
            let vmax = phi2 * d * c0 / (l * l) / 1e14;
            cells.uptake = vec![(0, Uptake::MichaelisMenten(MichaelisMenten { vmax, km: km * c0 }))];
            let setup = common::setup(grid, vec![solute], vec![cells], 0.0);
            let mut solver = Solver::new(setup).expect("starts");
            run(&mut solver, &mut []).expect("converges");
            println!("km {km:e} phi2 {phi2}: {:?}", solver.work);
        }
    }
}
