//! The voxel grid: counts, spacing and faces of a box. Index `(k·ny + j)·nx + i`, x fastest.

/// A box of voxels in one to three dimensions; an axis that is not there has one voxel.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Voxels along x, y, z.
    pub n: [usize; 3],
    /// Spacing along x, y, z in metres. An absent axis has the thickness that turns areas
    /// into volumes (1 m).
    pub h: [f64; 3],
    /// Number of axes that the user gave.
    pub dimensions: usize,
}

impl Grid {
    /// Number of voxels.
    pub fn len(&self) -> usize {
        self.n[0] * self.n[1] * self.n[2]
    }
    /// True for a grid without voxels (never built from a case).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Voxels of one z plane.
    pub fn plane(&self) -> usize {
        self.n[0] * self.n[1]
    }
    /// Volume of a voxel, m³.
    pub fn voxel_volume(&self) -> f64 {
        self.h[0] * self.h[1] * self.h[2]
    }
    /// Area of a voxel's side across `axis`, m².
    pub fn face_area(&self, axis: usize) -> f64 {
        self.h[(axis + 1) % 3] * self.h[(axis + 2) % 3]
    }
    /// Length of the box along `axis`, m.
    pub fn length(&self, axis: usize) -> f64 {
        self.n[axis] as f64 * self.h[axis]
    }
    /// Flat index of voxel (i, j, k).
    pub fn index(&self, i: usize, j: usize, k: usize) -> usize {
        (k * self.n[1] + j) * self.n[0] + i
    }
    /// Voxel (i, j, k) of a flat index.
    pub fn voxel(&self, index: usize) -> [usize; 3] {
        [index % self.n[0], (index / self.n[0]) % self.n[1], index / self.plane()]
    }
    /// Centre of a voxel in metres from the corner of the box.
    pub fn centre(&self, index: usize) -> [f64; 3] {
        let v = self.voxel(index);
        std::array::from_fn(|a| (v[a] as f64 + 0.5) * self.h[a])
    }
    /// Flat index of the voxel that holds a point; points on the far side belong to the last
    /// voxel. `None` outside the box.
    pub fn voxel_at(&self, point: [f64; 3]) -> Option<usize> {
        let mut v = [0; 3];
        for a in 0..3 {
            let x = point[a] / self.h[a];
            if !(-1e-9..=self.n[a] as f64 + 1e-9).contains(&x) {
                return None;
            }
            v[a] = (x.max(0.0) as usize).min(self.n[a] - 1);
        }
        Some(self.index(v[0], v[1], v[2]))
    }
}

/// One of the six sides of the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Face {
    /// Axis across the face: 0 x, 1 y, 2 z.
    pub axis: usize,
    /// False at the start of the axis, true at its end.
    pub end: bool,
}

impl Face {
    /// All faces in the order x_min, x_max, y_min … z_max.
    pub const ALL: [Face; 6] = [
        Face { axis: 0, end: false },
        Face { axis: 0, end: true },
        Face { axis: 1, end: false },
        Face { axis: 1, end: true },
        Face { axis: 2, end: false },
        Face { axis: 2, end: true },
    ];
    /// Position in [`Face::ALL`].
    pub fn number(self) -> usize {
        2 * self.axis + usize::from(self.end)
    }
    /// The name that a case file uses.
    pub fn name(self) -> &'static str {
        ["x_min", "x_max", "y_min", "y_max", "z_min", "z_max"][self.number()]
    }
    /// The face with this name.
    pub fn named(name: &str) -> Option<Face> {
        Face::ALL.into_iter().find(|f| f.name() == name)
    }
}
