//! A small run that is written without a solver; every value is known.

use std::path::Path;

use blastema::ground::grid::Grid;
use blastema::output::{Array, Folder, Frame, Layout, Values, Writer};

/// Grids in three, two and one dimensions; odd, anisotropic.
pub(crate) fn grids() -> Vec<(&'static str, Grid)> {
    let grid = |n, h, dimensions| Grid { dimensions, ..Grid::cuboid(n, h) };
    vec![
        ("3d", grid([40, 32, 24], [2e-5, 3e-5, 4e-5], 3)),
        ("2d", grid([21, 13, 1], [2e-5, 3e-5, 1.0], 2)),
        ("1d", grid([17, 1, 1], [2e-5, 1.0, 1.0], 1)),
    ]
}

/// Value of field number `field` (oxygen, msc.viable, double) at step `t` in voxel `v`; some NaN.
pub(crate) fn value(field: usize, t: usize, v: usize) -> f64 {
    if v % 97 == 13 {
        return f64::NAN;
    }
    let x = v as f64 + 1e5 * t as f64;
    [1e-6 * x + 0.1, 1e7 * (x + 1.0), x / 3.0][field]
}

/// Vector of the field `drift` at step `t` in voxel `v`.
fn drift(t: usize, v: usize) -> [f32; 3] {
    [t as f32, v as f32, 1e3 * t as f32 - v as f32]
}

/// Time of step `t`, s: uneven.
#[allow(dead_code)]
pub(crate) fn time(t: usize) -> f64 {
    [0.0, 3600.0, 100_000.0][t]
}

/// Writes the run `plug`.
pub(crate) fn sample_run(path: &Path, grid: &Grid, steps: usize) {
    let folder = Folder::claim(path, "hash", false).unwrap();
    let layout = Layout::new(grid, "plug", ("h", 3600.0));
    let array = |name: &str, unit: &str, values| Array {
        name: name.to_owned(),
        unit: unit.to_owned(),
        values,
    };
    let n = grid.len();
    let solid = array("solid", "", Values::U8((0..n).map(|v| u8::from(v % 5 == 0)).collect()));
    let vector = |v: usize| [v as f32, -0.5 * v as f32, 0.25];
    let velocity = array("velocity", "m/s", Values::Vectors((0..n).map(vector).collect()));
    let mut writer = Writer::start(&folder, layout, &[solid, velocity]).unwrap();
    for t in 0..steps {
        let single = |f| Values::F32((0..n).map(|v| value(f, t, v) as f32).collect());
        let arrays = vec![
            array("oxygen", "mol/m^3", single(0)),
            array("msc.viable", "cells/m^3", single(1)),
            array("double", "", Values::F64((0..n).map(|v| value(2, t, v)).collect())),
            array("drift", "m/s", Values::Vectors((0..n).map(|v| drift(t, v)).collect())),
        ];
        writer.push(Frame { index: t, time: time(t), arrays }).unwrap();
    }
    writer.finish().unwrap().seal(&folder).unwrap();
}
