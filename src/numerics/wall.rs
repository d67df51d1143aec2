//! Conditions on the outer faces: every kind is one affine rule, flux = g·(outside − inner),
//! with g from half a voxel in series with a film, or a given flux.

use crate::ground::grid::{Face, Grid};
use crate::ground::par;

/// What lies behind a face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Behind {
    /// Nothing passes.
    Sealed,
    /// A known outside value, behind a film of this conductance (m/s; infinite: on the face).
    Open {
        /// Film coefficient, m/s.
        film: f64,
    },
}

/// Conductances between the outermost voxels and the outside, per voxel volume (1/s), for
/// every level of a hierarchy.
#[derive(Clone, Debug)]
pub struct Wall {
    /// Per level and face, in the order of [`Face::ALL`]: voxel index and conductance.
    pub levels: Vec<[Vec<(u32, f64)>; 6]>,
}

/// Voxels of a face in flat order, with the number of rows and columns of the face.
pub fn face_voxels(n: [usize; 3], face: Face) -> impl Iterator<Item = usize> {
    let (a, b) = match face.axis {
        0 => (1, 2),
        1 => (0, 2),
        _ => (0, 1),
    };
    let stride = [1, n[0], n[0] * n[1]];
    let fixed = if face.end { (n[face.axis] - 1) * stride[face.axis] } else { 0 };
    (0..n[b]).flat_map(move |q| (0..n[a]).map(move |p| fixed + p * stride[a] + q * stride[b]))
}

impl Wall {
    /// Conductances for a diffusivity `d·relative·axis` and what lies behind each face.
    /// `shapes[l]` is the grid of level `l` and the widths, in fine voxels, of its outermost
    /// voxels by face.
    pub fn new(
        grid: &Grid,
        relative: &[f64],
        d: f64,
        axis: [f64; 3],
        behind: &[Behind; 6],
        shapes: &[([usize; 3], [f64; 6])],
    ) -> Wall {
        Wall::of(grid, |face, voxel| d * axis[face.axis] * relative[voxel], behind, shapes)
    }

    /// As [`Wall::new`] for the diffusivity `local(face, voxel)`.
    pub fn of(
        grid: &Grid,
        local: impl Fn(Face, usize) -> f64 + Sync,
        behind: &[Behind; 6],
        shapes: &[([usize; 3], [f64; 6])],
    ) -> Wall {
        let faces = Face::ALL.into_iter().enumerate().collect();
        let mut by_face = par::each(faces, |(number, face): (usize, Face)| {
            let mut levels = vec![Vec::new(); shapes.len()];
            let Behind::Open { film } = behind[number] else { return levels };
            let h = grid.h[face.axis];
            let [a, b] = [[1, 2], [0, 2], [0, 1]][face.axis];
            // Read once: along x they stand far apart.
            let fine = face_voxels(grid.n, face).map(|v| (local(face, v), grid.share(face, v)));
            let fine: Vec<(f64, f64)> = fine.collect();
            for (level, (n, width)) in shapes.iter().enumerate() {
                // Coarse voxels of the face, in their order, as those of the fine one.
                let coarse = [a, b].map(|a| {
                    (0..grid.n[a]).map(|i| coarse_index(i, grid.n[a], n[a])).collect::<Vec<_>>()
                });
                let mut sums = vec![0.0; n[a] * n[b]];
                let mut fine = fine.iter();
                let (mut last, mut conductance) = (f64::NAN, 0.0);
                for q in &coarse[1] {
                    for (p, &(local, share)) in coarse[0].iter().zip(&mut fine) {
                        if local <= 0.0 {
                            continue;
                        }
                        if local != last {
                            let inside = width[number] * h / (2.0 * local);
                            (last, conductance) = (local, 1.0 / (h * (inside + 1.0 / film)));
                        }
                        sums[q * n[a] + p] += conductance * share;
                    }
                }
                let entries = face_voxels(*n, face).zip(sums).filter(|e| e.1 > 0.0);
                levels[level].extend(entries.map(|(i, g)| (i as u32, g)));
            }
            levels
        });
        let of_level = |l: usize| std::array::from_fn(|f| std::mem::take(&mut by_face[f][l]));
        Wall { levels: (0..shapes.len()).map(of_level).collect() }
    }

    /// By face, what plane `k` of `voxels` voxels has of level `level`.
    pub fn plane(&self, level: usize, k: usize, voxels: usize) -> [&[(u32, f64)]; 6] {
        self.levels[level].each_ref().map(|entries| {
            let from = |k: usize| entries.partition_point(|e| (e.0 as usize) < k * voxels);
            &entries[from(k)..from(k + 1)]
        })
    }

    /// Voxels and conductances of the faces of the finest level.
    pub fn faces(&self) -> &[Vec<(u32, f64)>; 6] {
        &self.levels[0]
    }
}

/// Index on a coarse axis of `coarse` voxels of fine voxel `i` of `fine`: pairs are merged,
/// an odd last voxel stands alone, so widths are powers of two but for the last.
pub fn coarse_index(i: usize, fine: usize, coarse: usize) -> usize {
    let mut count = fine;
    let mut shift = 0;
    while count > coarse {
        count = count.div_ceil(2);
        shift += 1;
    }
    i >> shift
}
