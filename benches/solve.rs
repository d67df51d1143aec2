//! Speed of the solver: a steady Michaelis–Menten cube and one coupled step. Compare ratios
//! measured in one run, never seconds of different days.
#![allow(missing_docs)]

use std::hint::black_box;
use std::sync::Arc;

use blastema::ground::grid::Grid;
use blastema::ground::signal::Signal;
use blastema::model::setup::{
    Accuracy, Boundary, Initial, Population, RunPlan, Setup, Solute, Structure,
};
use blastema::model::solver::Solver;
use blastema::physics::kinetics::{MichaelisMenten, Uptake};
use criterion::{Criterion, criterion_group, criterion_main};

/// Oxygen in a cube of 2 mm held at 0.2 mol/m³ on all faces: Thiele modulus² 25.
fn cube(n: usize, initial: Initial) -> Setup {
    let grid = Grid { n: [n; 3], h: [2e-3 / n as f64; 3], dimensions: 3 };
    let voxels = grid.len();
    let oxygen = Solute {
        name: "oxygen".into(),
        diffusivity: 2e-9,
        free_diffusivity: None,
        relative: Arc::new(vec![1.0; voxels]),
        axis: [1.0; 3],
        initial,
        boundaries: std::array::from_fn(|_| Boundary::Value(Signal::Constant(0.2))),
        decay: 0.0,
        molar_mass: None,
    };
    let cells = Population {
        name: "cells".into(),
        seeding: vec![1e13; voxels],
        capacity: None,
        uptake: vec![(0, Uptake::MichaelisMenten(MichaelisMenten { vmax: 1e-15, km: 7.5e-3 }))],
        production: Vec::new(),
        growth: None,
        quiescence: None,
        deaths: Vec::new(),
        lysis: 0.0,
        motility: 0.0,
    };
    Setup {
        title: "cube".into(),
        structure: Structure { porosity: vec![1.0; voxels], open: None, isolated: 0 },
        grid,
        solutes: vec![oxygen],
        baths: Vec::new(),
        populations: vec![cells],
        run: RunPlan {
            duration: 3600.0,
            steady: false,
            stop_when_steady: false,
            accuracy: Accuracy::default(),
            outputs: Vec::new(),
            fields: Vec::new(),
            double: false,
            time_unit: ("h", 3600.0),
        },
        silent_laws: Vec::new(),
    }
}

fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("cube");
    group.sample_size(10);
    for n in [32, 64] {
        group.bench_function(format!("steady {n}³ with setup"), |b| {
            b.iter(|| Solver::new(black_box(cube(n, Initial::Steady))).map(|s| s.work).ok());
        });
        let start = Initial::Field(vec![0.2; n * n * n]);
        if let Ok(mut solver) = Solver::new(cube(n, start)) {
            group.bench_function(format!("step of 60 s {n}³"), |b| {
                b.iter(|| solver.attempt(black_box(60.0)).map(|r| r.0).ok());
            });
        }
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
