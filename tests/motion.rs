//! Every constant between a law of migration on paper and the cells that move: each test would
//! notice a change of 2 % (`tests/mutations`). Expected values are formulas written out here.

mod common;

use blastema::model::setup::*;
use blastema::model::solver::Solver;
use blastema::model::state::{Kind, flat};
use blastema::numerics::flux::{Degenerate, Fitted, Flux, Side};
use blastema::numerics::stencil::Faces;
use blastema::physics::migration::{Cue, Motility, Taxis};
use blastema::physics::response::Combine;
use common::*;

fn close(found: f64, wanted: f64, within: f64) {
    assert!((found - wanted).abs() <= within * wanted.abs(), "{found:e}, not {wanted:e}");
}

/// Fluxes between two voxels, 0.5 m apart, of 0.7 and 0.2 cells.
#[test]
fn fluxes_between_two_voxels() {
    let g = grid(&[2], &[1.0]);
    let faces = Faces::harmonic(&g, &[1.0, 1.0], [1.0; 3]);
    let (t, d, low, high) = (4.0, 0.3, 0.7, 0.2);
    let side = Side { axis: 0, face: 1, low: 0, high: 1 };
    let fitted = |d: f64, rise: f64, crowd| {
        let flux = Fitted::new(&faces, |_| d, |i| rise * i as f64, crowd);
        flux.at(side, low, high)[0]
    };
    for rise in [0.9_f64, -0.9] {
        // The constant flux between the two values of −D n′ + Φ′n with a constant Φ′.
        let up = (rise / d).exp();
        close(fitted(d, rise, None), t * rise * (low * up - high) / (up - 1.0), 1e-12);
        // Without diffusion: with the cells upstream.
        close(fitted(0.0, rise, None), t * rise * if rise > 0.0 { low } else { high }, 1e-12);
        // Each direction times the room at its end: 1 − (n + others)/capacity.
        let (go, back) = (t * rise * up / (up - 1.0), t * rise / (up - 1.0));
        let crowded = fitted(d, rise, Some((1.5, vec![0.2, 0.6])));
        let (room_low, room_high) = (1.0 - 0.9 / 1.5, 1.0 - 0.8 / 1.5);
        close(crowded, go * low * room_high - back * high * room_low, 1e-12);
    }
    // D ∫n dn/capacity.
    let flux = Degenerate::new(&faces, d, 1.5);
    close(flux.at(side, low, high)[0], t * d * (low * low - high * high) / 3.0, 1e-12);
}

fn march(mut case: Setup, end: f64, steps: usize) -> Solver {
    case.run.accuracy.solver = Some(1e-12);
    let mut solver = Solver::new(case).expect("starts");
    for _ in 0..steps {
        let (_, attempt) = solver.attempt(end / steps as f64).expect("steps");
        solver.accept(&attempt);
    }
    solver
}

fn field(solver: &Solver, kind: Kind) -> &[f64] {
    flat(&solver.state.fields[solver.catalogue.number(kind).expect("a field")])
}

/// Cells that fall off from one end.
fn heap(n: usize) -> (Setup, usize) {
    let g = grid(&[n], &[1.0]);
    let mut p = population(&g, "p", 0.0);
    p.seeding = (0..n).map(|i| 0.9 * (-3.0 * i as f64 / n as f64).exp()).collect();
    let a = solute(&g, "a", 1.0, 2.0);
    (setup(g, vec![a], vec![p], 1.0), n)
}

/// In a substance at twice K, largest·2·K·2K/(K² + 4K²) = 0.8 of the largest motility.
#[test]
fn haptokinesis_in_an_even_substance() {
    let moved = |motility| {
        let (mut case, _) = heap(20);
        case.populations[0].motility = motility;
        case.matter.matrices = vec![Matrix {
            name: "m".into(),
            density: 1e3,
            largest: None,
            initial: vec![2.0; case.grid.len()],
            decay: 0.0,
            deposits: vec![],
        }];
        field(&march(case, 0.05, 50), Kind::Viable(0)).to_vec()
    };
    let found = moved(Motility::Haptokinetic { of: 0, largest: 1.0, at: 1.0 });
    let wanted = moved(Motility::Constant(0.8));
    for (a, b) in found.iter().zip(wanted) {
        close(*a, b, 1e-7);
    }
}

/// Damage that came evenly stays even however the cells move: ds/dt = (1 − s)/τ in every voxel.
#[test]
fn damage_moves_with_the_cells() {
    for filling in [false, true] {
        let (mut case, n) = heap(20);
        let p = &mut case.populations[0];
        p.deaths = vec![Death {
            cause: "strain".into(),
            rate: 0.0,
            when: vec![],
            combine: Combine::All,
            exposure: Some(Exposure { time: 1.0, recovery: 1.0, stages: 1 }),
        }];
        let capacity = Capacity { density: 1.0, counts_viable: true, counts_dead: false };
        if filling {
            p.capacity = Some(capacity);
            p.volume_filling = true;
            p.motility = Motility::Constant(0.2);
            p.taxis = vec![Taxis { of: Cue::Solute(0), sensitivity: -1.0, half: f64::INFINITY }];
            case.solutes[0].diffusivity = 1e-9;
            let initial = (0..n).map(|i| 2.0 * (1.0 - i as f64 / n as f64)).collect();
            case.solutes[0].initial = Initial::Field(initial);
        } else {
            p.motility = Motility::Porous { diffusivity: 1.0, capacity: 1.0 };
        }
        let end = 0.5_f64;
        let solver = march(case, end, 400);
        let alive = field(&solver, Kind::Viable(0));
        let (_, stages) = solver.catalogue.chains(0).remove(0);
        let damaged = flat(&solver.state.fields[stages.start]);
        for i in 0..n {
            close(damaged[i] / alive[i], 1.0 - (-end).exp(), 1e-3);
        }
    }
}
