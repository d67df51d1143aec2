//! Periodic axes: fields over the seam, and the work of the multigrid there.

use std::sync::Arc;

use blastema::ground::grid::Grid;
use blastema::numerics::hierarchy::Hierarchy;
use blastema::numerics::newton::{Equation, Inert, Scratch, Solved, solve};

fn noise(i: usize) -> f64 {
    ((i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / 16_777_216.0
}

fn grid(n: [usize; 3], periodic: [bool; 3]) -> Grid {
    Grid { periodic, ..Grid::cuboid(n, [1.0, 1.1, 0.9]) }
}

/// A held field with sources.
fn solved(grid: &Grid, relative: &[f64], rhs: &[f64], shift: f64) -> (Vec<f64>, Solved) {
    let hierarchy = Hierarchy::new(grid, Arc::new(relative.to_vec()), [1.0; 3]);
    let storage: Vec<f64> = relative.iter().map(|r| f64::from(u8::from(*r > 0.0))).collect();
    let eq = Equation {
        hierarchy: &hierarchy,
        d: 1.0,
        storage: &storage,
        storage_range: (1.0, 1.0),
        shift,
        rhs,
        wall: None,
        reservoirs: &[],
        reservoir_faces: [None; 6],
        outside: [0.0; 6],
        reaction: &Inert,
        lift: 1.0,
        tolerance: 1e-11,
        bend: 1.0,
    };
    let mut v = vec![0.0; grid.len()];
    let solved = solve(&eq, &mut Scratch::default(), &mut v).expect("converges");
    (v, solved)
}

/// A structure and its sources shifted along periodic axes give the field shifted.
#[test]
fn a_shifted_structure_shifts_the_field() {
    for (n, holes) in [([16, 12, 10], false), ([13, 7, 11], true), ([9, 25, 1], true)] {
        for periodic in [[true, false, false], [false, true, true], [true; 3]] {
            let g = grid(n, periodic);
            let relative: Vec<f64> = (0..g.len())
                .map(|i| if holes && noise(i) < 0.2 { 0.0 } else { 0.1 + noise(i + 7) })
                .collect();
            let rhs: Vec<f64> =
                (0..g.len()).map(|i| if relative[i] > 0.0 { noise(i + 99) } else { 0.0 }).collect();
            let by: [usize; 3] =
                std::array::from_fn(|a| if periodic[a] { (2 * a + 3) % n[a].max(1) } else { 0 });
            let moved = |v: &[f64]| -> Vec<f64> {
                let mut out = vec![0.0; v.len()];
                for (i, v) in v.iter().enumerate() {
                    let at = g.voxel(i);
                    let to: [usize; 3] = std::array::from_fn(|a| (at[a] + by[a]) % n[a]);
                    out[g.index(to[0], to[1], to[2])] = *v;
                }
                out
            };
            let (v, _) = solved(&g, &relative, &rhs, 0.01);
            let (shifted, _) = solved(&g, &moved(&relative), &moved(&rhs), 0.01);
            let largest = v.iter().fold(0.0_f64, |m, v| m.max(*v));
            for (a, b) in moved(&v).iter().zip(&shifted) {
                assert!((a - b).abs() < 1e-7 * largest, "{n:?} {periodic:?}: {a} and {b}");
            }
        }
    }
}

/// The cycle sees through the seam: as many cycles as between sealed faces.
#[test]
fn cycles_do_not_grow_with_periodic_axes() {
    for n in [[64, 64, 1], [33, 31, 35], [32, 32, 32], [255, 1, 1], [256, 1, 1], [128, 128, 1]] {
        let mut counts = Vec::new();
        for periodic in [
            [false; 3],
            [true, false, false],
            [false, true, false],
            [false, false, true],
            [true, true, false],
            [true; 3],
        ] {
            let g = grid(n, periodic);
            let wave = |i: usize| {
                let at = g.voxel(i);
                let x = (at[0] as f64 + 0.5) / n[0] as f64;
                1.0 + (std::f64::consts::TAU * (x + 0.2)).sin() + 0.1 * noise(i)
            };
            let rhs: Vec<f64> = (0..g.len()).map(wave).collect();
            let (_, s) = solved(&g, &vec![1.0; g.len()], &rhs, 1e-4);
            counts.push(s.cycles);
        }
        println!("{n:?}: {counts:?}");

        assert!(counts.iter().all(|&c| c <= counts[0] + 3), "{n:?}: {counts:?}");
    }
}

/// A wave around the axis is an eigenfunction of the second difference, with the eigenvalue
/// 2 − 2 cos(2π/n), whatever its phase.
#[test]
fn a_wave_over_the_seam_is_exact() {
    for n in [24, 25] {
        let g = grid([n, 1, 1], [true, false, false]);
        let turn = std::f64::consts::TAU / n as f64;
        let wave: Vec<f64> = (0..n).map(|i| 2.0 + (turn * (i as f64 + 0.3)).sin()).collect();
        let eigen = 2.0 - 2.0 * turn.cos();
        let rhs: Vec<f64> = wave.iter().map(|w| 0.05 * w + eigen * (w - 2.0)).collect();
        let (v, _) = solved(&g, &vec![1.0; n], &rhs, 0.05);
        for (v, w) in v.iter().zip(&wave) {
            assert!((v - w).abs() < 1e-9, "{v} and {w}");
        }
    }
}
