//! The multigrid cycle and what stands around it, on cubes, beside a triad of the same run.
//! Bytes are what a sweep must at least move; `benches/README.md` says how they are counted.
#![allow(missing_docs)]

#[path = "common/triad.rs"]
mod triad;

use std::sync::Arc;
use std::time::{Duration, Instant};

use blastema::ground::grid::Grid;
use blastema::model::solutes::Uptakes;
use blastema::numerics::cycle::{Cycle, Workspace};
use blastema::numerics::hierarchy::Hierarchy;
use blastema::numerics::newton::{self, Equation, Scratch};
use blastema::numerics::wall::{Behind, Wall};
use blastema::physics::kinetics::{MichaelisMenten, Uptake};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use triad::{ELEMENTS, Triad};

#[cfg(target_os = "linux")]
#[global_allocator]
static PAGES: blastema::ground::par::Pages = blastema::ground::par::Pages;

fn triad(c: &mut Criterion) {
    let mut triad = Triad::new();
    let mut group = c.benchmark_group("triad");
    group.sample_size(10).throughput(Throughput::Bytes(24 * ELEMENTS as u64));
    group.bench_function("600 MB", |bench| {
        bench.iter_custom(|times| (0..times).map(|_| triad.once()).sum());
    });
    group.finish();
}

/// The cube of P1 with `n` voxels along each axis, and what is open.
fn cube(n: usize) -> (Grid, Arc<Vec<f64>>, Hierarchy, Wall) {
    let h = 2e-3 / n as f64;
    let grid = Grid::cuboid([n; 3], [h; 3]);
    let open = Arc::new(vec![1.0; grid.len()]);
    let hierarchy = Hierarchy::new(&grid, open.clone(), [1.0; 3]);
    let behind = [Behind::Open { film: f64::INFINITY }; 6];
    let wall = Wall::new(&grid, &open, 2e-9, [1.0; 3], &behind, &hierarchy.grids.shapes);
    (grid, open, hierarchy, wall)
}

/// One V-cycle of P1: a cube with walls and a reaction.
fn cycle(c: &mut Criterion) {
    let mut group = c.benchmark_group("cycle");
    group.sample_size(10);
    for n in [32, 64, 128, 256] {
        let (grid, _, hierarchy, wall) = cube(n);
        let layout = hierarchy.grids.levels[0].layout;
        let mut work = Workspace::default();
        work.extra(&layout).fill(1e-2);
        let mut cycle = Cycle::new(&hierarchy.grids, 2e-9, Some(&wall), false, &mut work);
        let values: Vec<f32> =
            (0..grid.len()).map(|i| ((i * 7919) % 1000) as f32 - 500.0).collect();
        let [mut r, mut out, mut spare] = [(); 3].map(|()| layout.pad(&values));
        // The same count for every version: what two V(2,2) with one read and one write of each
        // array would move.
        group.throughput(Throughput::Bytes(36 * grid.len() as u64));
        group.bench_function(format!("{n}³"), |bench| {
            bench.iter_custom(|times| {
                let start = Instant::now();
                for _ in 0..times {
                    cycle.apply(&mut r, &mut out, &mut spare);
                }
                start.elapsed().max(Duration::from_nanos(1))
            });
        });
    }
    group.finish();
}

/// The residual of P1 in double precision, between two linear solves.
fn outer(c: &mut Criterion) {
    let mut group = c.benchmark_group("outer pass");
    group.sample_size(10);
    for n in [64, 128, 256] {
        let (grid, open, hierarchy, wall) = cube(n);
        let law = Uptake::MichaelisMenten(MichaelisMenten { vmax: 5e-17, km: 7.5e-3 });
        let uptakes = Uptakes { parts: vec![(law, vec![2e14; grid.len()].into())] };
        // A constant part that is memory of its own, as in a step of time.
        let rhs = vec![1e-9; grid.len()];
        let eq = Equation {
            hierarchy: &hierarchy,
            d: 2e-9,
            storage: &open,
            storage_range: (1.0, 1.0),
            shift: 0.0,
            rhs: &rhs,
            wall: Some(&wall),
            reservoirs: &[],
            reservoir_faces: [None; 6],
            outside: [0.2; 6],
            reaction: &uptakes,
            lift: 0.2,
            tolerance: 1e-8,
            bend: 1.0,
        };
        let v: Vec<f64> = (0..grid.len()).map(|i| ((i * 7919) % 1000) as f64 * 1e-4).collect();
        let mut scratch = Scratch::default();
        newton::residual(&eq, &mut scratch, &v);
        // Concentration, cells and constant part are read, residual and diagonal written in single
        // precision.
        group.throughput(Throughput::Bytes(32 * grid.len() as u64));
        group.bench_function(format!("{n}³"), |bench| {
            bench.iter(|| newton::residual(&eq, &mut scratch, &v));
        });
    }
    group.finish();
}

criterion_group!(all, cycle, outer, triad);
criterion_main!(all);
