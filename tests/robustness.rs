//! Cycles that steady solves to 1e-8 take where coefficients are rough, voxels flat, grids odd. The
//! bounds of what is rough or flat are what conjugate gradients around a V(2,2)-cycle with red–black
//! Gauss–Seidel took (the even cube 6, blocks 14 and 15, noise 40, six decades 59, holes 22, flat
//! voxels 6 and 10, a square 6), those of the others recorded.
#![allow(missing_docs)]

mod common;

use blastema::ground::grid::Grid;
use blastema::ground::signal::Signal;
use blastema::model::run::run;
use blastema::model::setup::{Boundary, Setup, Source};
use blastema::model::solver::Solver;
use blastema::model::state::flat;
use blastema::physics::kinetics::{Hill, MichaelisMenten, Uptake};

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

/// A source everywhere, and nothing outside these faces.
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

/// The same without the source, and with something outside two faces.
fn driven(mut setup: Setup) -> Setup {
    setup.solutes[0].source = None;
    for f in [1, 5] {
        let from = Signal::Constant(1.0);
        match &mut setup.solutes[0].boundaries[f] {
            Boundary::Value(outside) | Boundary::Transfer { outside, .. } => *outside = from,
            _ => {}
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
    let faces = setup.solutes[0].boundaries.iter().filter(|b| !matches!(b, Boundary::Sealed));
    let mut found = vec![cycles(setup.clone())];
    // With one face alone nothing would flow.
    if faces.count() > 1 {
        found.push(cycles(driven(setup)));
    }
    println!("{what}: {found:?} cycles, at most {most}");
    assert!(found.iter().all(|f| *f <= most), "{what}: {found:?} cycles, more than {most}");
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
    // Impermeable noise took 18 there.
    for (low, most) in [(1e-6, 40), (0.0, 26)] {
        let mut scatter = Scatter(88172645463325252);
        let mut relative = by_voxel(64, |_| if scatter.next() < 0.4 { low } else { 1.0 });
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

/// Other boundaries, forms and counts take as many as the even cube.
#[test]
fn boundaries_forms_and_counts() {
    let n = 64;
    let mut films = fed(cube(n), vec![1.0; n * n * n], &[]);
    for b in &mut films.solutes[0].boundaries {
        *b = Boundary::Transfer { coefficient: 1e-6, outside: Signal::Constant(0.0) };
    }
    at_most("films", films, 8);
    for n in [63, 61, 65, 33] {
        at_most(&format!("{n}³"), fed(cube(n), vec![1.0; n * n * n], &ALL), 8);
    }
    for n in [45, 64] {
        let grid = common::grid(&[n, n, 32], &[1e-3; 3]);
        let mut periodic = fed(grid, vec![1.0; n * n * 32], &[4, 5]);
        periodic.grid.periodic = [true, true, false];
        at_most(&format!("periodic, {n}"), periodic, 8);
    }
    at_most("one face", fed(cube(n), vec![1.0; n * n * n], &[5]), 8);
    at_most("a line", fed(common::grid(&[1000], &[1e-3]), vec![1.0; 1000], &[0, 1]), 8);
    at_most("a sphere", fed(Grid::sphere(500, 0.0, 1e-3), vec![1.0; 500], &[1]), 8);
    let cylinder = Grid::cylinder(96, 0.0, 1e-3, Some((1e-3, 64)));
    at_most("a cylinder", fed(cylinder, vec![1.0; 96 * 64], &[1, 2, 3]), 8);
}

/// Steady oxygen, fed through `faces` at `c0`, that cells take up by `law`.
fn consumed(
    grid: Grid,
    relative: Vec<f64>,
    faces: &[usize],
    [d, c0]: [f64; 2],
    density: f64,
    law: Uptake,
) -> Solver {
    let mut solute = common::solute(&grid, "oxygen", d, c0);
    for f in faces {
        solute.boundaries[*f] = common::value(c0);
    }
    solute.relative = relative.into();
    let mut cells = common::population(&grid, "a", density);
    let told = format!("{law:?}");
    cells.uptake = vec![(0, law)];
    let setup = common::setup(grid, vec![solute], vec![cells], 0.0);
    let mut solver = Solver::new(setup).expect("starts");
    run(&mut solver, &mut []).unwrap_or_else(|e| panic!("{told}: {e:?}"));
    let field = flat(&solver.state.fields[0]);
    assert!(field.iter().all(|c| (0.0..=c0).contains(c)));
    println!("{told}: {:?}", solver.work);
    solver
}

/// Steady oxygen in a cube of cells whose affinity goes to nothing, and in one of ten materials.
#[test]
fn sinks() {
    let n = 48;
    let solved = |km: f64, square: f64, relative: Vec<f64>| {
        let (c0, d, l) = (0.2, 2e-9, 1e-3);
        let vmax = square * d * c0 / (l * l) / 1e14;
        let law = Uptake::MichaelisMenten(MichaelisMenten { vmax, km: km * c0 });
        let solver = consumed(cube(n), relative, &[0, 1, 2, 3, 4, 5], [d, c0], 1e14, law);
        assert!(solver.ledger.worst().expect("has terms").1 < 2e-8);
        solver.work.cycles
    };
    for km in [1e-2, 1e-4, 1e-6, 1e-8] {
        for square in [1.0, 25.0, 400.0] {
            let cycles = solved(km, square, vec![1.0; n * n * n]);
            assert!(cycles <= 100, "Km {km:e}, Thiele² {square}: {cycles} cycles");
        }
    }
    let mut scatter = Scatter(88172645463325252);
    let of: Vec<f64> = (0..216).map(|_| 10_f64.powf(-2.0 * scatter.next())).collect();
    let material = |[x, y, z]: [usize; 3]| of[x / 8 + 6 * (y / 8) + 36 * (z / 8)];
    assert!(solved(7.5e-3 / 0.2, 25.0, by_voxel(n, material)) <= 20);
}

/// Steady sigmoid sinks, from mild to a step at next to nothing: a thick slab takes up √(2D ∫R dc) an
/// area, the first integral of D c″ = R(c), and a cube fed on all sides is solved.
#[test]
fn sigmoid_sinks() {
    let (c0, d, density) = (0.2, 2e-9, 1e14);
    let solved = |grid: Grid, faces: &[usize], law: Hill| {
        let relative = vec![1.0; grid.len()];
        let solver = consumed(grid, relative, faces, [d, c0], density, Uptake::Hill(law));
        assert!(solver.ledger.worst().expect("has terms").1 < 1e-12);
        solver
    };
    // The front of a step would stand in a fifth of the slab.
    let length: f64 = 1e-3;
    let vmax = 2.0 * d * c0 / (0.2 * length).powi(2) / density;
    for exponent in [1.5, 2.0, 4.0, 8.0, 16.0] {
        for half in [1e-1, 1e-2, 1e-4, 1e-6, 1e-8].map(|x| x * c0) {
            let law = Hill { vmax, half, exponent };
            let solver = solved(common::grid(&[400], &[length]), &[0], law);
            let total = |c: f64| {
                density * vmax * c.powf(exponent) / (half.powf(exponent) + c.powf(exponent))
            };
            // In ln c, which resolves all scales; below a thousandth of the half value is nothing.
            let (low, high) = ((1e-3 * half).ln(), c0.ln());
            let n = 20_000;
            let step = (high - low) / f64::from(n);
            let integral: f64 = (0..n)
                .map(|i| (low + (f64::from(i) + 0.5) * step).exp())
                .map(|c| total(c) * c * step)
                .sum();
            let exact = (2.0 * d * integral).sqrt();
            let field = flat(&solver.state.fields[0]);
            let taken: f64 = field.iter().map(|c| total(*c) * length / 400.0).sum();
            println!("flux {taken:e}, exact {exact:e}, {:.1e}", taken / exact - 1.0);
            assert!((taken / exact - 1.0).abs() < 1e-3, "{law:?}: {taken:e}, not {exact:e}");
        }
    }
    for exponent in [1.5, 4.0, 16.0] {
        for half in [1e-3, 1e-5, 1e-8].map(|x| x * c0) {
            for square in [25.0, 500.0] {
                let vmax = square * d * c0 / 1e-6 / density;
                solved(cube(24), &[0, 1, 2, 3, 4, 5], Hill { vmax, half, exponent });
            }
        }
    }
}
