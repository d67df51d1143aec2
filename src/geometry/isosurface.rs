//! The boundary between pore and solid as a closed surface of triangles.
//!
//! Marching tetrahedra (Doi and Koide, IEICE Trans. E74 (1991) 214) on the centres of the voxels,
//! each cube of eight centres cut into the six tetrahedra of Kuhn. Unlike cubes they leave no
//! choice, so every edge of the surface belongs to two triangles, and bodies that touch along an
//! edge or at a corner do not share it.

use super::structure::Structure;
use super::surface::Surface;
use crate::ground::par;

/// Of more solid than this, in 1/255, a voxel counts as solid: more than a half.
const HALF: u8 = 127;

/// Orders in which Kuhn's tetrahedra walk along the axes from the first to the last corner of a
/// cube, and whether the four corners then stand like those of a right-handed system.
const WALKS: [([usize; 3], bool); 6] = [
    ([0, 1, 2], true),
    ([1, 2, 0], true),
    ([2, 0, 1], true),
    ([0, 2, 1], false),
    ([2, 1, 0], false),
    ([1, 0, 2], false),
];

/// Even orders of the corners of a tetrahedron: each corner first, and each pair first.
const SINGLE: [[usize; 4]; 4] = [[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]];
const PAIR: [[usize; 4]; 6] =
    [[0, 1, 2, 3], [0, 2, 3, 1], [0, 3, 1, 2], [1, 2, 0, 3], [1, 3, 2, 0], [2, 3, 0, 1]];

/// The surface of the solid, with normals into the pores, capped on the sides of the box; lengths
/// in m from the corner of the box. Empty without solid.
///
/// Where shares of pore are known the surface lies as high as they say, else in the middle between
/// voxels of pore and of solid. What fills less than half of every voxel is lost.
/// Memory: some 100 bytes a triangle, and up to four triangles a face of a voxel on the boundary.
pub fn isosurface(structure: &Structure) -> Surface {
    let samples = Samples::new(structure);
    // Six of them meet at a corner: points are known by the edge between two samples, and that by
    // its smaller sample and the direction to the other.
    let [x, y, z] = samples.n;
    let found = par::map(z - 1, x * y, |k| samples.layer(k));
    let mut edges: Vec<u64> = found.iter().flatten().flatten().copied().collect();
    edges.sort_unstable();
    edges.dedup();
    let points = edges.iter().map(|e| samples.point(*e)).collect();
    let number = |e: u64| edges.partition_point(|x| *x < e) as u32;
    let triangles = par::map(found.len(), x * y, |k| {
        found[k].iter().map(|t| t.map(number)).collect::<Vec<_>>()
    });
    Surface { points, triangles: triangles.concat() }
}

/// Shares of solid at the centres of the voxels, and pore one step outside of the box.
struct Samples<'a> {
    structure: &'a Structure,
    n: [usize; 3],
}

impl Samples<'_> {
    fn new(structure: &Structure) -> Samples<'_> {
        Samples { structure, n: structure.n.map(|n| n + 2) }
    }

    fn index(&self, at: [usize; 3]) -> usize {
        (at[2] * self.n[1] + at[1]) * self.n[0] + at[0]
    }

    /// Place of a sample.
    fn at(&self, index: usize) -> [usize; 3] {
        let [x, y, _] = self.n;
        [index % x, index / x % y, index / (x * y)]
    }

    /// Share of solid in 1/255; `None` outside of the box.
    fn value(&self, at: [usize; 3]) -> Option<u8> {
        let n = self.structure.n;
        if (0..3).any(|a| at[a] == 0 || at[a] > n[a]) {
            return None;
        }
        let voxel = ((at[2] - 1) * n[1] + at[1] - 1) * n[0] + at[0] - 1;
        Some(match &self.structure.partial {
            Some(partial) => 255 - partial.pore[voxel],
            None if self.structure.phase[voxel] == 0 => 0,
            None => 255,
        })
    }

    /// Triangles between the samples of layer `k` and the next, as edges of samples.
    fn layer(&self, k: usize) -> Vec<[u64; 3]> {
        let mut triangles = Vec::new();
        let inside = |at| self.value(at).is_some_and(|v| v > HALF);
        for j in 0..self.n[1] - 1 {
            for i in 0..self.n[0] - 1 {
                // Corner `c` lies at the step of bit `a` along axis `a`.
                let solid: [bool; 8] =
                    std::array::from_fn(|c| inside([i + (c & 1), j + (c >> 1 & 1), k + (c >> 2)]));
                if solid.iter().any(|s| *s != solid[0]) {
                    for (walk, right) in WALKS {
                        self.tetrahedron([i, j, k], walk, right, solid, &mut triangles);
                    }
                }
            }
        }
        triangles
    }

    fn tetrahedron(
        &self,
        base: [usize; 3],
        walk: [usize; 3],
        right: bool,
        solid: [bool; 8],
        triangles: &mut Vec<[u64; 3]>,
    ) {
        let (first, second) = (1 << walk[0], 1 << walk[0] | 1 << walk[1]);
        let corner = if right { [0, first, second, 7] } else { [0, second, first, 7] };
        let inside = corner.map(|c| solid[c]);
        let edge = |p: usize, q: usize| {
            let (low, high) = (corner[p].min(corner[q]), corner[p].max(corner[q]));
            let at = [base[0] + (low & 1), base[1] + (low >> 1 & 1), base[2] + (low >> 2)];
            8 * self.index(at) as u64 + (high - low) as u64
        };
        let count = inside.iter().filter(|s| **s).count();
        if count == 1 || count == 3 {
            // One corner is cut off.
            for [a, b, c, d] in SINGLE.into_iter().filter(|o| inside[o[0]] == (count == 1)) {
                let t = [edge(a, b), edge(a, c), edge(a, d)];
                triangles.push(if count == 1 { t } else { [t[0], t[2], t[1]] });
            }
        } else if count == 2 {
            for [a, b, c, d] in PAIR.into_iter().filter(|o| inside[o[0]] && inside[o[1]]) {
                let q = [edge(a, c), edge(a, d), edge(b, d), edge(b, c)];
                triangles.push([q[0], q[1], q[2]]);
                triangles.push([q[0], q[2], q[3]]);
            }
        }
    }

    /// Where the surface meets an edge, m.
    fn point(&self, edge: u64) -> [f64; 3] {
        let low = self.at((edge / 8) as usize);
        let step = [edge & 1, edge >> 1 & 1, edge >> 2 & 1].map(|s| s as usize);
        let high = std::array::from_fn(|a| low[a] + step[a]);
        let t = match (self.value(low), self.value(high)) {
            // Two voxels hold solid up to its height above the middle of the first (a height
            // function of two cells): exact along x, y, z for planes that leave the column there.
            (Some(a), Some(b)) => {
                let height = (f64::from(a) + f64::from(b)) / 255.0 - 0.5;
                if a > b { height } else { 1.0 - height }
            }
            // Half a voxel outside: the surface lies on the side of the box.
            _ => 0.5,
        };
        std::array::from_fn(|a| (low[a] as f64 - 0.5 + t * step[a] as f64) * self.structure.h[a])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A single voxel of solid: the octahedron-like body of the 14 edges that leave its centre in
    /// Kuhn's mesh. Its volume by hand: a cube from −1 to 1 of that mesh has half of each edge
    /// inside, an eighth of the volume of the 24 tetrahedra at the centre. Each of them has a
    /// sixth of a voxel: 24 / 6 / 8 = 1/2 voxel.
    #[test]
    fn a_voxel_alone_is_a_closed_body_of_half_its_volume() {
        let s = Structure::binary([1; 3], [2.0, 3.0, 5.0], [false].into_iter());
        let surface = isosurface(&s);
        assert!(surface.edges().watertight());
        assert_eq!(surface.points.len(), 14);
        assert!((surface.volume() - 15.0).abs() < 1e-12, "{}", surface.volume());
        assert_eq!(surface.bounds(), Some([[0.0; 3], [2.0, 3.0, 5.0]]));
    }

    #[test]
    fn no_solid_has_no_surface() {
        let s = Structure::binary([2, 1, 3], [1.0; 3], [true; 6].into_iter());
        assert_eq!(isosurface(&s), Surface::default());
    }
}
