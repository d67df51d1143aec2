//! The voxel grid: counts, spacing, faces, and the sizes of voxels and their sides. Index
//! `(k·ny + j)·nx + i`, x fastest.
//!
//! A cylinder has the radius on axis 0 and the height on axis 1, a sphere the radius on axis 0.
//! Their voxels are rings and shells. An equation for them is that of a box whose voxel `i` along
//! the first axis has the volume `weight(i)` and the inner side `side(i)`, both relative to those
//! of the mean voxel.
//!
//! Where a case is symmetric, its grid may hold one of the parts that are alike ([`Symmetry`]): each
//! voxel stands for itself and its images, and volumes, lengths and areas are those of the whole.

mod symmetry;

use std::f64::consts::PI;

pub use symmetry::Symmetry;

/// What the axes are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Form {
    /// x, y, z.
    #[default]
    Box,
    /// r, z, without change around the axis.
    Cylinder {
        /// Inner radius, m; 0 for a full cylinder.
        inner: f64,
    },
    /// r, without change over the angles.
    Sphere {
        /// Inner radius, m; 0 for a full sphere.
        inner: f64,
    },
}

impl Form {
    /// Names of its axes.
    pub fn axes(self) -> &'static [&'static str] {
        match self {
            Form::Box => &["x", "y", "z"],
            Form::Cylinder { .. } => &["r", "z"],
            Form::Sphere { .. } => &["r"],
        }
    }
    /// Where the first axis begins, m.
    pub fn inner(self) -> f64 {
        match self {
            Form::Box => 0.0,
            Form::Cylinder { inner } | Form::Sphere { inner } => inner,
        }
    }
}

/// Voxels in one to three dimensions; an axis that is not there has one voxel.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Voxels along x, y, z.
    pub n: [usize; 3],
    /// Spacing along x, y, z in metres. An absent axis has the thickness that turns areas
    /// into volumes (1 m in a box; around a cylinder or a sphere that of the mean voxel).
    pub h: [f64; 3],
    /// Number of axes that the user gave.
    pub dimensions: usize,
    /// What the axes are.
    pub form: Form,
    /// True for axes of a box whose two ends are neighbours.
    pub periodic: [bool; 3],
    /// What the voxels along each axis stand for.
    pub symmetry: [Symmetry; 3],
}

/// Place (i, j, k) of a flat index in a grid of `n`.
#[inline]
pub fn position(n: [usize; 3], index: usize) -> [usize; 3] {
    [index % n[0], index / n[0] % n[1], index / (n[0] * n[1])]
}

impl Grid {
    /// A box of `n` voxels with the edges `h`, no axis periodic.
    pub fn cuboid(n: [usize; 3], h: [f64; 3]) -> Grid {
        Grid {
            n,
            h,
            dimensions: 3,
            form: Form::Box,
            periodic: [false; 3],
            symmetry: Default::default(),
        }
    }
    /// `n` rings across the radius from `inner` to `outer`, and `height` m in `layers` if given.
    pub fn cylinder(n: usize, inner: f64, outer: f64, height: Option<(f64, usize)>) -> Grid {
        let dimensions = 1 + usize::from(height.is_some());
        let (height, layers) = height.map_or((1.0, 1), |(h, n)| (h / n as f64, n));
        Grid {
            n: [n, layers, 1],
            h: [(outer - inner) / n as f64, height, PI * (inner + outer)],
            dimensions,
            form: Form::Cylinder { inner },
            periodic: [false; 3],
            symmetry: Default::default(),
        }
    }
    /// `n` shells across the radius from `inner` to `outer`.
    pub fn sphere(n: usize, inner: f64, outer: f64) -> Grid {
        let volume = 4.0 / 3.0 * PI * (outer.powi(3) - inner.powi(3));
        let width = (volume / (outer - inner)).sqrt();
        let h = [(outer - inner) / n as f64, width, width];
        Grid {
            n: [n, 1, 1],
            h,
            dimensions: 1,
            form: Form::Sphere { inner },
            periodic: [false; 3],
            symmetry: Default::default(),
        }
    }
    /// Volume of a voxel with index `i` along the first axis over [`Grid::voxel_volume`].
    pub fn weight(&self, i: usize) -> f64 {
        let edge = |i: usize| self.form.inner() + i as f64 * self.h[0];
        match self.form {
            Form::Box => 1.0,
            Form::Cylinder { .. } => PI * (edge(i) + edge(i + 1)) / self.h[2],
            Form::Sphere { .. } => {
                4.0 / 3.0 * PI * (edge(i + 1).powi(3) - edge(i).powi(3)) / self.voxel_volume()
            }
        }
    }
    /// Area of the side between the voxels `i` − 1 and `i` of the first axis over
    /// [`Grid::face_area`].
    pub fn side(&self, i: usize) -> f64 {
        self.across(self.form.inner() + i as f64 * self.h[0])
    }
    /// Area across the first axis at `r` over [`Grid::face_area`].
    fn across(&self, r: f64) -> f64 {
        match self.form {
            Form::Box => 1.0,
            Form::Cylinder { .. } => 2.0 * PI * r / self.h[2],
            Form::Sphere { .. } => 4.0 * PI * r * r / self.face_area(0),
        }
    }
    /// Area across the first axis in the middle of voxel `i` over [`Grid::face_area`], and the
    /// part of the voxel's volume below it.
    pub fn middle(&self, i: usize) -> (f64, f64) {
        let at = |i: f64| self.form.inner() + i * self.h[0];
        let [low, r, high] = [0.0, 0.5, 1.0].map(|part| at(i as f64 + part));
        let power = match self.form {
            Form::Box => return (1.0, 0.5),
            Form::Cylinder { .. } => 2,
            Form::Sphere { .. } => 3,
        };
        let [low, middle, high] = [low, r, high].map(|r| r.powi(power));
        (self.across(r), (middle - low) / (high - low))
    }
    /// Area of the outer side of a voxel on a face over [`Grid::face_area`].
    pub fn share(&self, face: Face, index: usize) -> f64 {
        let i = index % self.n[0];
        match face.axis {
            0 => self.side(i + usize::from(face.end)),
            _ => self.weight(i),
        }
    }
    /// Area of a whole face, m².
    pub fn area(&self, face: Face) -> f64 {
        match face.axis {
            0 => {
                let columns = self.n[1] * self.n[2];
                let i = if face.end { self.n[0] } else { 0 };
                self.face_area(0) * self.side(i) * (columns * self.copies_across(0)) as f64
            }
            a => {
                let line: f64 = (0..self.n[0]).map(|i| self.weight(i)).sum();
                self.face_area(a) * line * (self.n[3 - a] * self.copies_across(a)) as f64
            }
        }
    }
    /// Weights along a row.
    pub fn weights(&self) -> Vec<f64> {
        (0..self.n[0]).map(|i| self.weight(i)).collect()
    }
    /// Coordinate at which an axis begins, m.
    pub fn start(&self, axis: usize) -> f64 {
        if axis == 0 { self.form.inner() } else { 0.0 }
    }
    /// Number of the axis with this name, if the grid has it.
    pub fn axis(&self, name: &str) -> Option<usize> {
        self.form.axes()[..self.dimensions].iter().position(|a| *a == name)
    }
    /// Names of its faces, in the order of [`Face::ALL`].
    pub fn face_names(&self) -> Vec<String> {
        let all = self.form.axes()[..self.dimensions].iter();
        all.flat_map(|a| [format!("{a}_min"), format!("{a}_max")]).collect()
    }
    /// The name of a face of this grid.
    pub fn face_name(&self, face: Face) -> String {
        let axis = self.form.axes().get(face.axis).unwrap_or(&"none");
        format!("{axis}_{}", if face.end { "max" } else { "min" })
    }
    /// The face with this name; a face without area, or of a periodic axis, is none.
    pub fn face(&self, name: &str) -> Option<Face> {
        let number = self.face_names().iter().position(|n| n == name)?;
        let is_one = |f: &Face| self.area(*f) > 0.0 && !self.periodic[f.axis];
        Some(Face::ALL[number]).filter(is_one)
    }
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
    /// Volume for which a voxel stands, m³: its own and that of its images; the mean one of a cylinder
    /// or a sphere.
    pub fn voxel_volume(&self) -> f64 {
        let copies: usize = self.symmetry.iter().map(|s| s.copies()).product();
        self.own_volume() * copies as f64
    }
    /// Volume of a voxel alone, m³; the mean one of a cylinder or a sphere.
    pub fn own_volume(&self) -> f64 {
        self.h[0] * self.h[1] * self.h[2]
    }
    /// Area of a voxel's side across `axis`, m²; the mean one of a cylinder or a sphere.
    pub fn face_area(&self, axis: usize) -> f64 {
        self.h[(axis + 1) % 3] * self.h[(axis + 2) % 3]
    }
    /// Length along `axis`, m.
    pub fn length(&self, axis: usize) -> f64 {
        (self.n[axis] * self.symmetry[axis].copies()) as f64 * self.h[axis]
    }
    /// Flat index of voxel (i, j, k).
    pub fn index(&self, i: usize, j: usize, k: usize) -> usize {
        (k * self.n[1] + j) * self.n[0] + i
    }
    /// Voxel (i, j, k) of a flat index.
    pub fn voxel(&self, index: usize) -> [usize; 3] {
        position(self.n, index)
    }
    /// Centre of a voxel: its coordinates, m.
    pub fn centre(&self, index: usize) -> [f64; 3] {
        let v = self.voxel(index);
        std::array::from_fn(|a| self.start(a) + (v[a] as f64 + 0.5) * self.h[a])
    }
    /// Flat index of the voxel that holds a point, or its image; points on the far side belong to the
    /// last voxel. `None` outside the box.
    pub fn voxel_at(&self, point: [f64; 3]) -> Option<usize> {
        let point = self.image(point);
        let mut v = [0; 3];
        for a in 0..3 {
            let x = (point[a] - self.start(a)) / self.h[a];
            if !(-1e-9..=self.n[a] as f64 + 1e-9).contains(&x) {
                return None;
            }
            v[a] = (x.max(0.0) as usize).min(self.n[a] - 1);
        }
        Some(self.index(v[0], v[1], v[2]))
    }
}

/// One of the six sides of the grid.
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
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rings and shells from 1 to 2 and from 2 to 3: between 1.5 and the inner side lie 1.25 of the 3
    /// of a ring, (3.375 − 1)/7 of a shell.
    #[test]
    fn the_middle_of_rings_and_shells() {
        let ring = Grid::cylinder(2, 1.0, 3.0, Some((0.5, 1)));
        let (area, below) = ring.middle(0);
        assert!((area * ring.face_area(0) - 2.0 * PI * 1.5 * 0.5).abs() < 1e-12);
        assert!((below - 1.25 / 3.0).abs() < 1e-12);
        let shell = Grid::sphere(2, 1.0, 3.0);
        let (area, below) = shell.middle(0);
        assert!((area * shell.face_area(0) - 4.0 * PI * 2.25).abs() < 1e-9);
        assert!((below - 2.375 / 7.0).abs() < 1e-12);
        // On an axis: a quarter of the disc, an eighth of the ball.
        assert!((Grid::cylinder(2, 0.0, 2.0, None).middle(0).1 - 0.25).abs() < 1e-12);
        assert!((Grid::sphere(2, 0.0, 2.0).middle(0).1 - 0.125).abs() < 1e-12);
    }

    #[test]
    fn rings_and_shells_fill_their_solids() {
        for (inner, outer) in [(0.0, 3e-3), (1e-3, 4e-3)] {
            let g = Grid::cylinder(7, inner, outer, Some((5e-3, 4)));
            let ring = PI * (outer * outer - inner * inner);
            let sum: f64 = g.weights().iter().sum::<f64>() * 4.0 * g.voxel_volume();
            assert!((sum - ring * 5e-3).abs() < 1e-12 * sum);
            let [r_max, z_max] = ["r_max", "z_max"].map(|f| g.face(f).expect("a face"));
            assert!((g.area(r_max) - 2.0 * PI * outer * 5e-3).abs() < 1e-12 * g.area(r_max));
            assert!((g.area(z_max) - ring).abs() < 1e-12 * ring);
            assert_eq!(g.face("r_min").is_some(), inner > 0.0);
            let s = Grid::sphere(9, inner, outer);
            let sum: f64 = s.weights().iter().sum::<f64>() * s.voxel_volume();
            let ball = 4.0 / 3.0 * PI * (outer.powi(3) - inner.powi(3));
            assert!((sum - ball).abs() < 1e-12 * ball);
            let r_max = s.face("r_max").expect("a face");
            assert!((s.area(r_max) - 4.0 * PI * outer * outer).abs() < 1e-12 * s.area(r_max));
            assert_eq!(s.voxel_at([outer, 0.0, 0.0]), Some(8));
        }
    }
}
