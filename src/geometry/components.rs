//! Connected pores: which voxels can reach each other through open faces.

use crate::ground::grid::{Face, Grid};

/// Connected components of the open voxels (6 neighbours), numbered from 1 in the order of
/// their first voxel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Components {
    /// Component of each voxel; 0 in solid.
    pub label: Vec<u32>,
    /// Number of components.
    pub count: usize,
    /// Voxels of each component; component `i` stands at `i - 1`.
    pub sizes: Vec<usize>,
    /// Faces of the box that each component touches, in the order of [`Face::ALL`]. Faces across
    /// an axis that the grid does not have are never touched.
    pub touches: Vec<[bool; 6]>,
}

impl Components {
    /// Marks the voxels whose component satisfies `keep` (given its number, from 1).
    pub fn select(&self, keep: impl Fn(usize) -> bool) -> Vec<bool> {
        let kept: Vec<bool> = (0..=self.count).map(|i| i > 0 && keep(i)).collect();
        self.label.iter().map(|&l| kept[l as usize]).collect()
    }
}

/// Labels the connected components of `open` (a value a voxel of `grid`), over periodic axes too.
///
/// Two passes with union–find over provisional labels: Hoshen and Kopelman, Phys. Rev. B 14
/// (1976) 3438. Linear in the number of voxels, no recursion.
pub fn label(grid: &Grid, open: &[bool]) -> Components {
    label_through(grid, open, |_, _| true)
}

/// As [`label`], through the faces between open voxels that `passes(axis, upper voxel)` alone.
pub fn label_through(
    grid: &Grid,
    open: &[bool],
    passes: impl Fn(usize, usize) -> bool,
) -> Components {
    let mut label = vec![0_u32; open.len()];
    let mut parents = provisional(grid, open, &passes, &mut label);
    for axis in (0..3).filter(|&a| grid.periodic[a]) {
        for (i, first) in label.iter().enumerate() {
            let mut at = grid.voxel(i);
            if at[axis] == 0 && *first != 0 && passes(axis, i) {
                at[axis] = grid.n[axis] - 1;
                let last = label[grid.index(at[0], at[1], at[2])];
                if last != 0 {
                    union(&mut parents, *first, last);
                }
            }
        }
    }
    // A root is always the smallest label of its set, so one ascending pass numbers the roots
    // before anything refers to them.
    let mut number = vec![0_u32; parents.len()];
    let mut count = 0_u32;
    for (i, &parent) in parents.iter().enumerate().skip(1) {
        number[i] = if parent as usize == i {
            count += 1;
            count
        } else {
            number[parent as usize]
        };
    }
    let mut sizes = vec![0; count as usize];
    for l in &mut label {
        *l = number[*l as usize];
        if *l > 0 {
            sizes[*l as usize - 1] += 1;
        }
    }
    let touches = touching(grid, &label, count as usize);
    Components { label, count: count as usize, sizes, touches }
}

/// First pass: gives each open voxel a provisional label and returns the parents of the labels,
/// each no larger than the label itself. Label 0 is solid.
fn provisional(
    grid: &Grid,
    open: &[bool],
    passes: &impl Fn(usize, usize) -> bool,
    label: &mut [u32],
) -> Vec<u32> {
    let mut parents = vec![0_u32];
    let (nx, plane) = (grid.n[0], grid.plane());
    let mut voxel = 0;
    for k in 0..grid.n[2] {
        for j in 0..grid.n[1] {
            let mut west = 0;
            for _ in 0..nx {
                if !open[voxel] {
                    west = 0;
                    voxel += 1;
                    continue;
                }
                let south = if j > 0 && passes(1, voxel) { label[voxel - nx] } else { 0 };
                let below = if k > 0 && passes(2, voxel) { label[voxel - plane] } else { 0 };
                let mut own = if west != 0 && passes(0, voxel) { west } else { 0 };
                for other in [south, below] {
                    if own == 0 {
                        own = other;
                    } else if other != 0 && other != own {
                        own = union(&mut parents, own, other);
                    }
                }
                if own == 0 {
                    own = parents.len() as u32;
                    parents.push(own);
                }
                label[voxel] = own;
                west = own;
                voxel += 1;
            }
        }
    }
    parents
}

/// Joins the sets of two labels; returns the smaller root.
fn union(parents: &mut [u32], a: u32, b: u32) -> u32 {
    let (a, b) = (root(parents, a), root(parents, b));
    let (low, high) = (a.min(b), a.max(b));
    parents[high as usize] = low;
    low
}

/// Root of a label's set; halves the path on the way.
fn root(parents: &mut [u32], mut l: u32) -> u32 {
    while parents[l as usize] != l {
        let grandparent = parents[parents[l as usize] as usize];
        parents[l as usize] = grandparent;
        l = grandparent;
    }
    l
}

/// Faces that each component touches.
fn touching(grid: &Grid, label: &[u32], count: usize) -> Vec<[bool; 6]> {
    let mut touches = vec![[false; 6]; count];
    for face in Face::ALL.into_iter().filter(|f| f.axis < grid.dimensions) {
        let (u, v) = ((face.axis + 1) % 3, (face.axis + 2) % 3);
        let mut at = [0; 3];
        at[face.axis] = if face.end { grid.n[face.axis] - 1 } else { 0 };
        for b in 0..grid.n[v] {
            for a in 0..grid.n[u] {
                (at[u], at[v]) = (a, b);
                let l = label[grid.index(at[0], at[1], at[2])];
                if l > 0 {
                    touches[l as usize - 1][face.number()] = true;
                }
            }
        }
    }
    touches
}
