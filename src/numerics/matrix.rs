//! The assembled operator: the oracle of the matrix-free one.

use sprs::{CsMat, TriMat};

use super::stencil::Faces;
use super::wall::Wall;

/// d·(faces) + diagonal + wall as a sparse matrix.
pub fn assemble(faces: &Faces<f64>, d: f64, diagonal: &[f64], wall: Option<&Wall>) -> CsMat<f64> {
    let n = faces.voxels();
    let mut m = TriMat::new((n, n));
    for (i, &value) in diagonal.iter().enumerate().take(n) {
        let mut sum = value;
        faces.neighbours(i, |j, t| {
            sum += d * t;
            if t != 0.0 {
                m.add_triplet(i, j, -d * t);
            }
        });
        m.add_triplet(i, i, sum);
    }
    for &(i, g) in wall.iter().flat_map(|w| w.faces()).flatten() {
        m.add_triplet(i as usize, i as usize, g);
    }
    m.to_csr()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ground::grid::Grid;
    use crate::numerics::hierarchy::Hierarchy;
    use crate::numerics::krylov::Reservoir;
    use crate::numerics::newton::{Equation, Inert, Scratch, solve};
    use crate::numerics::wall::Behind;

    /// A rough structure: a hash of the voxel number, some voxels impermeable.
    fn rough(n: usize, holes: bool) -> Vec<f64> {
        let hash = |i: usize| {
            ((i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / 16_777_216.0
        };
        (0..n).map(|i| if holes && hash(i) < 0.3 { 0.0 } else { 0.1 + hash(i + n) }).collect()
    }

    fn dense_solution(a: &CsMat<f64>, b: &[f64]) -> Vec<f64> {
        // Gauss–Seidel to convergence: slow and independent of everything else here.
        let n = b.len();
        let mut x = vec![0.0; n];
        for _ in 0..40_000 {
            for (i, row) in a.outer_iterator().enumerate() {
                let (mut sum, mut diagonal) = (b[i], 0.0);
                for (j, &v) in row.iter() {
                    if i == j { diagonal = v } else { sum -= v * x[j] }
                }
                if diagonal > 0.0 {
                    x[i] = sum / diagonal;
                }
            }
        }
        x
    }

    #[test]
    fn solver_agrees_with_the_assembled_matrix() {
        let (open, around) = ([false; 3], [true, true, false]);
        for (n, holes, periodic) in [
            ([7, 5, 6], false, open),
            ([13, 9, 4], true, open),
            ([40, 1, 1], false, open),
            ([7, 5, 6], false, [false, true, true]),
            ([13, 9, 4], true, around),
        ] {
            let grid = Grid { periodic, ..Grid::cuboid(n, [1.0, 1.3, 0.8]) };
            let relative = Arc::new(rough(grid.len(), holes));
            let hierarchy = Hierarchy::new(&grid, relative.clone(), [1.0, 0.5, 1.0]);
            let mut behind = [Behind::Sealed; 6];
            behind[1] = Behind::Open { film: f64::INFINITY };
            behind[4] = Behind::Open { film: 0.3 };
            for (f, b) in behind.iter_mut().enumerate() {
                *b = if periodic[f / 2] { Behind::Sealed } else { *b };
            }
            let d = 0.7;
            let wall =
                Wall::new(&grid, &relative, d, [1.0, 0.5, 1.0], &behind, &hierarchy.grids.shapes);
            let storage: Vec<f64> =
                relative.iter().map(|&r| f64::from(u8::from(r > 0.0))).collect();
            let rhs: Vec<f64> =
                storage.iter().enumerate().map(|(i, s)| s * (1.0 + (i % 5) as f64)).collect();
            let eq = Equation {
                hierarchy: &hierarchy,
                d,
                storage: &storage,
                storage_range: (1.0, 1.0),
                shift: 0.05,
                rhs: &rhs,
                wall: Some(&wall),
                reservoirs: &[],
                reservoir_faces: [None; 6],
                outside: [0.0; 6],
                reaction: &Inert,
                lift: 1.0,
                tolerance: 1e-11,
                bend: 1.0,
            };
            let mut v = vec![0.0; grid.len()];
            let solved = solve(&eq, &mut Scratch::default(), &mut v).unwrap();
            let diagonal: Vec<f64> = storage.iter().map(|s| 0.05 * s).collect();
            let x = dense_solution(&assemble(&hierarchy.fine, d, &diagonal, Some(&wall)), &rhs);
            let largest = x.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            for (i, (a, b)) in v.iter().zip(&x).enumerate() {
                assert!((a - b).abs() < 1e-8 * largest, "{n:?} voxel {i}: {a} and {b}");
            }
            assert!(solved.cycles < 60, "{} cycles", solved.cycles);
        }
    }

    #[test]
    fn a_reservoir_closes_the_balance() {
        let grid = Grid::cuboid([9, 6, 5], [1.0; 3]);
        let relative = Arc::new(vec![1.0; grid.len()]);
        let hierarchy = Hierarchy::new(&grid, relative.clone(), [1.0; 3]);
        let mut behind = [Behind::Sealed; 6];
        behind[5] = Behind::Open { film: f64::INFINITY };
        let wall = Wall::new(&grid, &relative, 1.0, [1.0; 3], &behind, &hierarchy.grids.shapes);
        let ones = vec![1.0; grid.len()];
        let (dt, volume) = (1e4, 3.0);
        let rhs = vec![0.0; grid.len()];
        let entries = wall.faces()[5].clone();
        let storage = volume / dt;
        let total = storage + entries.iter().map(|e| e.1).sum::<f64>();
        let reservoir =
            Reservoir { entries, storage, total, fixed: storage * 2.0, gives: Vec::new() };
        let eq = Equation {
            hierarchy: &hierarchy,
            d: 1.0,
            storage: &ones,
            storage_range: (1.0, 1.0),
            shift: 1.0 / dt,
            rhs: &rhs,
            wall: Some(&wall),
            reservoirs: &[reservoir],
            reservoir_faces: [None, None, None, None, None, Some(0)],
            outside: [0.0; 6],
            reaction: &Inert,
            lift: 2.0,
            tolerance: 1e-10,
            bend: 1.0,
        };
        let mut v = vec![0.0; grid.len()];
        let solved = solve(&eq, &mut Scratch::default(), &mut v).unwrap();
        let inside: f64 = v.iter().sum();
        assert!((inside + volume * solved.reservoirs[0] - volume * 2.0).abs() < 1e-12);
        let mixed = 2.0 * volume / (volume + grid.len() as f64);
        assert!((v[0] - mixed).abs() < 0.01 * mixed);
        assert!(solved.cycles < 30, "{} cycles", solved.cycles);
    }
}
