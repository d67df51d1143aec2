//! What a source or a sink bends beside a wall: means of voxels on any grid, however coarse.

mod common;

use blastema::case::load_text;
use blastema::ground::signal::Signal;
use blastema::model::run::run;
use blastema::model::setup::*;
use blastema::model::solver::Solver;
use blastema::model::state::flat;
use blastema::physics::kinetics::{FirstOrder, Uptake};
use common::*;

const D: f64 = 0.7;
const MADE: f64 = 0.3;

fn solve(mut case: Setup) -> Solver {
    case.run.accuracy = Accuracy { time: 1e-5, solver: Some(1e-12), max_step: 0.5 };
    let mut solver = Solver::new(case).expect("starts");
    run(&mut solver, &mut []).expect("runs");
    solver
}

/// Cells that make a solute at a constant rate in a slab of length 1 of `n` voxels along `axis`.
fn slab(axis: usize, n: usize, duration: f64) -> Setup {
    let mut counts = [2; 3];
    counts[axis] = n;
    let mut sizes = [0.4; 3];
    sizes[axis] = 1.0;
    let g = grid(&counts, &sizes);
    let s = solute(&g, "a", D, 0.0);
    let mut p = population(&g, "p", 1.0);
    p.production = vec![Production::Constant { solute: 0, rate: MADE }];
    setup(g, vec![s], vec![p], duration)
}

/// Asserts the means over voxels of a solution in one dimension, given the mean of x² over a voxel.
fn holds(solver: &Solver, axis: usize, tolerance: f64, mean: impl Fn(f64, f64) -> f64) {
    let grid = &solver.setup.grid;
    let h = grid.h[axis];
    for (i, c) in flat(&solver.state.fields[0]).iter().enumerate() {
        let x = grid.centre(i)[axis];
        let wanted = mean(x, x * x + h * h / 12.0);
        assert!((c - wanted).abs() < tolerance * wanted, "axis {axis}, {x}: {c} not {wanted}");
    }
}

/// Between two known values, c = P x (1 − x)/(2 D); of one voxel too.
#[test]
fn a_constant_source_between_values() {
    for (axis, n) in [(0, 1), (1, 2), (2, 5), (0, 8)] {
        let mut case = slab(axis, n, 0.0);
        for end in [2 * axis, 2 * axis + 1] {
            case.solutes[0].boundaries[end] = value(0.0);
        }
        let solver = solve(case);
        holds(&solver, axis, 1e-9, |x, square| MADE / (2.0 * D) * (x - square));
        let left = solver.ledger.find("a.in").expect("a term").0;
        assert!((left / (-MADE * 0.16) - 1.0).abs() < 1e-9, "{left}");
    }
}

/// Behind a film k at x = 1, sealed at 0: c = P (1 − x²)/(2 D) + P/k.
#[test]
fn a_constant_source_behind_a_film() {
    for (axis, film) in [(0, 0.2), (1, 3.0), (2, 50.0)] {
        let mut case = slab(axis, 4, 0.0);
        case.solutes[0].boundaries[2 * axis + 1] =
            Boundary::Transfer { coefficient: film, outside: Signal::Constant(0.0) };
        let solver = solve(case);
        let mean = |_: f64, square: f64| MADE / (2.0 * D) * (1.0 - square) + MADE / film;
        holds(&solver, axis, 1e-9, mean);
    }
}

/// After long, the same on a bath so large that it stays empty.
#[test]
fn a_constant_source_on_a_large_bath() {
    let mut case = slab(1, 4, 20.0);
    case.solutes[0].boundaries[3] = Boundary::Bath(0);
    let bath = Bath { name: "well".into(), volume: 1e12, solutes: vec![(0, 0.0)], changes: vec![] };
    case.baths = vec![bath];
    let solver = solve(case);
    holds(&solver, 1, 1e-6, |_, square| MADE / (2.0 * D) * (1.0 - square));
}

/// However much more a voxel could take up than diffuses into it, nothing comes in from where there is
/// nothing.
#[test]
fn nothing_enters_from_an_empty_outside() {
    for outside in [value(0.0), Boundary::Bath(0)] {
        let g = grid(&[6], &[1.0]);
        let mut s = solute(&g, "a", D, 1.0);
        s.boundaries[0] = outside;
        let mut p = population(&g, "p", 1.0);
        p.uptake = vec![(0, Uptake::FirstOrder(FirstOrder { clearance: 1e4 }))];
        let mut case = setup(g, vec![s], vec![p], 0.01);
        let solutes = vec![(0, 0.0)];
        case.baths = vec![Bath { name: "well".into(), volume: 1e6, solutes, changes: vec![] }];
        let solver = solve(case);
        let entered = solver.ledger.find("a.in").expect("a term").0;
        assert!(entered < 0.0, "{entered}");
    }
}

/// A film through which next to nothing passes is a sealed face, also where it meets another wall.
#[test]
fn a_film_of_nothing_is_sealed() {
    let case = |film: Option<f64>| {
        let g = grid(&[8, 2], &[1.0, 1.0]);
        let mut s = solute(&g, "a", D, 0.5);
        s.boundaries[1] = value(1.0);
        if let Some(coefficient) = film {
            s.boundaries[3] = Boundary::Transfer { coefficient, outside: Signal::Constant(1.0) };
        }
        let mut p = population(&g, "p", 1.0);
        p.uptake = vec![(0, Uptake::FirstOrder(FirstOrder { clearance: 6.0 }))];
        solve(setup(g, vec![s], vec![p], 0.0))
    };
    let (film, sealed) = (case(Some(1e-14)), case(None));
    for (a, b) in flat(&film.state.fields[0]).iter().zip(flat(&sealed.state.fields[0])) {
        assert!((a - b).abs() < 1e-11, "{a} and {b}");
    }
}

/// The balance closes also where a sink ends at zero, which no factor of the solution changes in
/// proportion.
#[test]
fn a_zero_order_sink_between_walls_closes() {
    let text = r#"
        [domain]
        size = ["3 mm"]
        voxels = [5]
        [solutes.oxygen]
        diffusivity = "1e-9 m^2/s"
        initial = "0.2 mol/m^3"
        boundary.x_min.stagnant-medium = { height = "10 mm", top = "0.2 mol/m^3" }
        boundary.x_max.value = "0.2 mol/m^3"
        [cells.msc]
        seeding.uniform.density = "1e12 cells/m^3"
        uptake.oxygen.zero-order.vmax = "1e-16 mol/cell/s"
        [scaffold]
        porosity = 0.8
        effective_diffusivity.tensor = { x = 0.1 }
        [run]
        duration = "4 h"
        accuracy = { time = 1e-3 }
    "#;
    let mut solver =
        Solver::new(load_text("walls.toml", text, &[]).expect("reads").setup).expect("starts");
    run(&mut solver, &mut []).expect("runs");
    let (name, defect) = solver.ledger.worst().expect("a balance");
    assert!(defect < 1e-13, "{name}: {defect:e}");
}
