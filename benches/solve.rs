//! Speed of the solver: a steady Michaelis–Menten cube and one coupled step. Compare ratios
//! measured in one run, never seconds of different days.
#![allow(missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;

use blastema::model::setup::{Initial, Setup};
use blastema::model::solver::Solver;
use blastema::physics::kinetics::{MichaelisMenten, Uptake};
use criterion::{Criterion, criterion_group, criterion_main};

#[cfg(target_os = "linux")]
#[global_allocator]
static PAGES: blastema::ground::par::Pages = blastema::ground::par::Pages;

/// Oxygen in a cube of 2 mm held at 0.2 mol/m³ on all faces: Thiele modulus² 25.
fn cube(n: usize, initial: Initial) -> Setup {
    let grid = common::grid(&[n; 3], &[2e-3; 3]);
    let mut oxygen = common::solute(&grid, "oxygen", 2e-9, 0.0);
    oxygen.initial = initial;
    oxygen.boundaries = std::array::from_fn(|_| common::value(0.2));
    let mut cells = common::population(&grid, "cells", 1e13);
    cells.uptake = vec![(0, Uptake::MichaelisMenten(MichaelisMenten { vmax: 1e-15, km: 7.5e-3 }))];
    common::setup(grid, vec![oxygen], vec![cells], 3600.0)
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
