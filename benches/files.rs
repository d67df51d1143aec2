//! Speed of what stands around the solver: the start of the program, cases, scans, outputs and
//! checkpoints. Files are written to the folder for temporary ones.
#![allow(missing_docs)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use blastema::case;
use blastema::geometry::import::read_stack;
use blastema::geometry::threshold::range;
use blastema::ground::grid::Grid;
use blastema::model::run::Kept;
use blastema::model::solver::Solver;
use blastema::output::frame;
use blastema::output::{Array, Layout, Values, checkpoint};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(name)
}

fn start(c: &mut Criterion) {
    let mut group = c.benchmark_group("start");
    group.sample_size(20);
    let program = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blastema"));
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    group.bench_function("process: --version", |b| {
        b.iter(|| program(&["--version"]).status().expect("starts"));
    });
    for name in ["demo.toml", "collagen-plug-21d.toml", "02-your-scan.toml"] {
        let path = shipped(name);
        let text = path.to_str().expect("a name");
        group.bench_function(format!("process: check {name}"), |b| {
            b.iter(|| program(&["check", text]).status().expect("starts"));
        });
        group.bench_function(format!("read and build {name}"), |b| {
            b.iter(|| case::load(black_box(&path), &[]).map(|c| c.setup.grid.len()).ok());
        });
        group.bench_function(format!("read, build and prepare {name}"), |b| {
            b.iter(|| {
                Solver::new(case::load(&path, &[]).expect("reads").setup).map(|s| s.work).ok()
            });
        });
    }
    group.bench_function("scan of 48³ voxels", |b| {
        let path = shipped("gyroid-48.tif");
        b.iter(|| read_stack(black_box(&path)).map(|s| range(&s)).ok());
    });
    group.finish();
}

/// A field as cultures leave them: smooth, falling inwards.
fn field(n: usize) -> Vec<f64> {
    let at = |i: usize| (i as f64 + 0.5) / n as f64;
    let value = |i: usize| {
        let [x, y, z] = [i % n, i / n % n, i / (n * n)].map(at);
        0.2 * (-8.0 * (x * (1.0 - x) * y * (1.0 - y) * z * (1.0 - z)).cbrt()).exp()
    };
    (0..n * n * n).map(value).collect()
}

fn write(c: &mut Criterion) {
    let mut group = c.benchmark_group("write");
    group.sample_size(10);
    let n = 128;
    let folder = tempfile::tempdir().expect("a folder");
    let grid = Grid::cuboid([n; 3], [2e-5; 3]);
    let layout = Layout::new(&grid, "bench", ("h", 3600.0));
    std::fs::create_dir_all(folder.path().join("fields")).expect("a folder");
    let values = field(n);
    let single = values.iter().map(|v| *v as f32).collect();
    let named = [("single", Values::F32(single)), ("double", Values::F64(values.clone()))];
    for (name, values) in named {
        group.throughput(Throughput::Bytes(values.bytes() as u64));
        let array = Array { name: "oxygen".into(), unit: "mol/m^3".into(), values };
        group.bench_function(format!("field of 128³, {name}"), |b| {
            b.iter(|| {
                let arrays = std::slice::from_ref(&array);
                frame::write(folder.path(), "fields/000000.h5", &layout, Some(0.0), arrays)
            });
        });
    }
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let path = folder.path().join("checkpoint").join("a");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    let kept = Kept { step: 1, time: 1.0, bytes };
    group.bench_function("checkpoint of a field of 128³", |b| {
        b.iter(|| checkpoint::write(&path, "hash", &kept).is_ok());
    });
    let written = std::fs::read(&path).expect("a checkpoint");
    group.bench_function("the same, proven", |b| {
        b.iter(|| checkpoint::parse(black_box(&written)).is_ok());
    });
    group.finish();
}

criterion_group!(all, start, write);
criterion_main!(all);
