//! The benchmark problems, once, with set-up, in a process of their own: one line of JSON each.
//! `benches/peers/compare.py` runs them beside the same problems in other programs.
//!
//!     cargo bench --bench problems -- p1 128
//!     cargo bench --bench problems -- p2 128 lod
//!     cargo bench --bench problems -- p3 gyroid-128.raw 128
//!     cargo bench --bench problems -- p4 64
//!     cargo bench --bench problems -- perfused 40
//!     cargo bench --bench problems -- contrast 64 1e-6
//!     cargo bench --bench problems -- solutes 32 8
#![allow(missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "common/triad.rs"]
mod triad;

use std::path::Path;
use std::time::Instant;

use blastema::case;
use blastema::geometry::structure::Structure;
use blastema::ground::par;
use blastema::model::run::{Moment, Watcher, run};
use blastema::model::setup::{Production, Setup};
use blastema::model::solver::{Solver, Work};
use blastema::model::state::flat;
use blastema::model::symmetry;
use blastema::numerics::potential::Ends;
use blastema::numerics::stencil::{lanes, range};
use blastema::physics::effective::{self, Phase};
use blastema::physics::kinetics::{MichaelisMenten, Uptake};

#[cfg(target_os = "linux")]
#[global_allocator]
static PAGES: blastema::ground::par::Pages = blastema::ground::par::Pages;

/// Largest memory of this process so far, MiB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()).unwrap_or(0) / 1024
}

/// Solved for as a run does: one part of a symmetric case, unless `BENCH_WHOLE` is set.
fn solved(setup: Setup, watchers: &mut [&mut dyn Watcher]) -> Solver {
    let whole = std::env::var_os("BENCH_WHOLE").is_some();
    let setup = if whole { setup } else { symmetry::part(setup) };
    let mut solver = Solver::new(setup).unwrap_or_else(|e| panic!("{e:?}"));
    run(&mut solver, watchers).unwrap_or_else(|e| panic!("{e:?}"));
    solver
}

fn from_file(problem: &str, n: usize, more: &[String]) -> Setup {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("benches/problems/{problem}.toml"));
    let mut set = vec![format!("domain.voxels=[{n}, {n}, {n}]")];
    set.extend_from_slice(more);
    case::load(&path, &set).unwrap_or_else(|e| panic!("{e:?}")).setup
}

fn mean(values: &[f64]) -> f64 {
    lanes(values.len(), |i| values[i]) / values.len() as f64
}

fn work(w: &Work) -> String {
    format!(
        "\"steps\": {}, \"solves\": {}, \"newton\": {}, \"cycles\": {}",
        w.steps, w.solves, w.newton, w.cycles
    )
}

/// Steady oxygen: total uptake, mean, least.
fn p1(n: usize) -> String {
    let solver = solved(from_file("p1", n, &[]), &mut []);
    let c = flat(&solver.state.fields[0]);
    let uptake = solver.ledger.find("oxygen.used.a").map_or(f64::NAN, |t| t.1);
    let least = range(solver.setup.grid.plane(), c, |_, _| true).0;
    format!(
        "\"uptake\": {uptake:.12e}, \"mean\": {:.12e}, \"min\": {least:.12e}, {}",
        mean(c),
        work(&solver.work)
    )
}

/// Four solutes by locally one-dimensional steps, or controlled ones of this accuracy: relative
/// L2 error of each against the exact solution at the end, voxels · solutes · steps a second of the
/// steps alone, and the memory of the machine in the same minute, bytes/s.
fn p2(n: usize, how: &str) -> String {
    let own = [format!("run.accuracy.time={how}")];
    let more: &[String] = if how == "lod" { &[] } else { &own };
    let mut setup = from_file("p2", n, more);
    if how != "lod" {
        setup.run.lod = None;
    }
    let (grid, time) = (setup.grid.clone(), setup.run.duration);
    let laws: Vec<(f64, f64)> = setup.solutes.iter().map(|s| (s.diffusivity, s.decay)).collect();
    let mut solver = Solver::new(setup).unwrap_or_else(|e| panic!("{e:?}"));
    let start = Instant::now();
    run(&mut solver, &mut []).unwrap_or_else(|e| panic!("{e:?}"));
    let seconds = start.elapsed().as_secs_f64();
    let errors = laws.iter().zip(&solver.state.fields).map(|((d, decay), field)| {
        let k = std::f64::consts::PI / grid.length(0);
        let (faded, flat_out) = ((-decay * time).exp(), (-6.0 * d * k * k * time).exp());
        let (mut square, mut size) = (0.0, 0.0);
        for (i, v) in flat(field).iter().enumerate() {
            let at = [i % n, i / n % n, i / (n * n)].map(|i| k * (i as f64 + 0.5) * grid.h[0]);
            let mode = at[0].cos() * (2.0 * at[1]).cos() * at[2].cos();
            let exact = faded * (1.0 + 0.5 * mode * flat_out);
            square += (v - exact).powi(2);
            size += exact * exact;
        }
        format!("{:.3e}", (square / size).sqrt())
    });
    let errors: Vec<String> = errors.collect();
    let rate = (grid.len() * laws.len() * solver.work.steps) as f64 / seconds;
    let defect = solver.ledger.worst().map_or(0.0, |w| w.1);
    let peak = peak();
    let mut triad = triad::Triad::new();
    let once = (0..6).map(|_| triad.once().as_secs_f64()).fold(f64::INFINITY, f64::min);
    let memory = (24 * triad::ELEMENTS) as f64 / once;
    format!(
        "\"steps_seconds\": {seconds}, \"steps_peak_mib\": {peak}, \"triad\": {memory:.4e}, \
         \"errors\": [{}], \"rate\": {rate:.4e}, \"defect\": {defect:e}, {}",
        errors.join(", "),
        work(&solver.work)
    )
}

/// Effective over free diffusivity of a binary image, n³ bytes, between the ends of its slowest axis.
fn p3(image: &[u8], n: usize) -> String {
    let s = Structure::binary([n; 3], [1e-6; 3], image.iter().map(|v| *v != 0));
    match effective::along(&s, &[Phase::PORE], 2, Ends::Plates, 1e-6) {
        Ok(d) => format!(
            "\"deff\": {:.12e}, \"missed\": {:.1e}, \"cycles\": {}",
            d.ratio, d.missed, d.cycles
        ),
        Err(_) => "\"deff\": null".into(),
    }
}

/// Means of the fields at the moments of output.
struct Means(Vec<String>);

impl Watcher for Means {
    fn see(&mut self, moment: &Moment) -> Result<(), String> {
        if moment.output {
            let fields = moment.solver.state.fields.iter().take(4);
            let means: Vec<String> = fields.map(|f| format!("{:.12e}", mean(flat(f)))).collect();
            self.0.push(format!("[{}, {}]", moment.solver.state.time, means.join(", ")));
        }
        Ok(())
    }
}

/// Coupled culture, still or perfused: time and means of oxygen, glucose, lactate and viable cells.
fn culture(problem: &str, n: usize) -> String {
    let mut means = Means(Vec::new());
    let solver = solved(from_file(problem, n, &[]), &mut [&mut means]);
    let defect = solver.ledger.worst().map_or(0.0, |w| w.1);
    format!("\"means\": [{}], \"defect\": {defect:e}, {}", means.0.join(", "), work(&solver.work))
}

/// A steady cube with a source in every voxel, where four voxels in ten, scattered, are as permeable
/// as `low` over the others.
fn contrast(n: usize, low: f64) -> String {
    let grid = common::grid(&[n; 3], &[2e-3; 3]);
    let mut tracer = common::solute(&grid, "tracer", 1e-9, 0.0);
    // Linear congruences (Knuth, The Art of Computer Programming 2, §3.3.4).
    let mut dice = 1_u64;
    let mut value = || {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if dice >> 32 < (1 << 32) * 2 / 5 { low } else { 1.0 }
    };
    tracer.relative = (0..grid.len()).map(|_| value()).collect::<Vec<_>>().into();
    tracer.boundaries = std::array::from_fn(|_| common::value(0.0));
    let mut cells = common::population(&grid, "cells", 1e13);
    cells.production = vec![Production::Constant { solute: 0, rate: 1e-17 }];
    let setup = common::setup(grid, vec![tracer], vec![cells], 0.0);
    work(&solved(setup, &mut []).work)
}

/// A day of `count` solutes, each fed on six faces and used by the cells.
fn solutes(n: usize, count: usize) -> String {
    let grid = common::grid(&[n; 3], &[2e-3; 3]);
    let of = |s: usize| {
        let mut solute = common::solute(&grid, &format!("s{s}"), 2e-9, 0.0);
        solute.boundaries = std::array::from_fn(|_| common::value(0.2));
        solute
    };
    let mut cells = common::population(&grid, "cells", 1e13);
    let law = Uptake::MichaelisMenten(MichaelisMenten { vmax: 5e-17, km: 7.5e-3 });
    cells.uptake = (0..count).map(|s| (s, law)).collect();
    let all = (0..count).map(of).collect();
    let setup = common::setup(grid, all, vec![cells], 86_400.0);
    work(&solved(setup, &mut []).work)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<usize>().unwrap_or_else(|e| panic!("{text}: {e}"));
    let job: Box<dyn FnOnce() -> String + Send> = match words[..] {
        ["p1", n] => {
            let n = number(n);
            Box::new(move || p1(n))
        }
        ["p2", n, how] => {
            let (n, how) = (number(n), how.to_owned());
            Box::new(move || p2(n, &how))
        }
        ["p3", path, n] => {
            let image = std::fs::read(path).unwrap_or_else(|e| panic!("{path}: {e}"));
            let n = number(n);
            assert_eq!(image.len(), n * n * n, "{path} is no image of {n}³ bytes");
            Box::new(move || p3(&image, n))
        }
        [problem @ ("p4" | "perfused"), n] => {
            let (problem, n) = (problem.to_string(), number(n));
            Box::new(move || culture(&problem, n))
        }
        ["contrast", n, low] => {
            let n = number(n);
            let low = low.parse().unwrap_or_else(|e| panic!("{low}: {e}"));
            Box::new(move || contrast(n, low))
        }
        ["solutes", n, count] => {
            let (n, count) = (number(n), number(count));
            Box::new(move || solutes(n, count))
        }
        // All benches are run without arguments too.
        [] => Box::new(|| p1(32)),
        _ => panic!(
            "p1 N, p2 N lod, p2 N ACCURACY, p3 IMAGE N, p4 N, contrast N LOW or solutes N COUNT, \
             not {words:?}"
        ),
    };
    let threads = std::env::var("BENCH_THREADS").ok().map_or(0, |t| number(&t));
    par::with_threads(threads, move || {
        let start = Instant::now();
        let result = job();
        let seconds = start.elapsed().as_secs_f64();
        println!("{{\"seconds\": {seconds}, \"peak_mib\": {}, {result}}}", peak());
    });
}
