//! A closed surface of triangles onto voxels: shares of pore and open parts of faces.
//!
//! Rays along x through the points of a Fibonacci lattice in each column of voxels (Niederreiter,
//! Random Number Generation and Quasi-Monte Carlo Methods, SIAM 1992, ch. 5): no two share a
//! coordinate, so that planes across y and z are met as well as oblique ones. Along a ray lengths
//! are exact.
//!
//! A plane z = const meets the triangles in closed polygons: the corner of a polygon is the same
//! number for both triangles at an edge, whatever the rounding, and a point on the plane counts as
//! above it. The same holds for a ray in the plane. So the winding number along a ray returns to
//! zero in any closed surface, and no ray has to be moved off an edge.

use super::stl::{StlError, error};
use super::structure::{Partial, Structure, share};
use super::surface::Surface;
use crate::ground::par;

/// Points of the lattice, and its step: neighbours in the sequence of Fibonacci.
const POINTS: usize = 21;
const STEP: usize = 13;
/// Each third height of the lattice carries the rays in the faces between voxels.
const EACH: usize = 3;
const LINES: f64 = (POINTS / EACH) as f64;

/// Crossings this close to a face, in voxels, lie in it: 32-bit coordinates of a part of a
/// thousand voxels are no better, and shares have steps of 1/255.
const NEAR: f64 = 1e-3;

/// Voxels an axis at most.
const AXIS: f64 = 1e5;

/// Where the voxels lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Corner with the smallest coordinates, m.
    pub origin: [f64; 3],
    /// Voxels along x, y, z.
    pub n: [usize; 3],
    /// Edges of a voxel, m.
    pub h: [f64; 3],
}

impl Frame {
    /// Cubes of edge `h` around a surface, and `margin` m more on all sides (negative: less);
    /// what does not divide is shared by both ends of an axis. At most `most` voxels.
    pub fn around(surface: &Surface, h: f64, margin: f64, most: usize) -> Result<Frame, StlError> {
        if !(h.is_finite() && h > 0.0 && margin.is_finite()) {
            return Err(error("needs a voxel longer than 0 and a margin of finite size"));
        }
        let Some([low, high]) = surface.bounds() else {
            return Err(error("holds no triangle"));
        };
        let mut frame = Frame { origin: [0.0; 3], n: [0; 3], h: [h; 3] };
        let mut voxels = 1_usize;
        for a in 0..3 {
            let length = high[a] - low[a] + 2.0 * margin;
            // A whole number of voxels is one in spite of rounding.
            let n = (length / h - NEAR).ceil().max(1.0);
            let axis = ["x", "y", "z"][a];
            if length.is_nan() || length <= 0.0 {
                return Err(error(format!("has no extent along {axis} (margin included)")));
            }
            if n > AXIS {
                return Err(error(format!(
                    "takes {n} voxels along {axis}, {AXIS} at most: check the unit of the file and the voxel"
                )));
            }
            frame.n[a] = n as usize;
            voxels = voxels.saturating_mul(frame.n[a]);
            frame.origin[a] = f64::midpoint(low[a], high[a]) - 0.5 * n * h;
        }
        if voxels > most {
            let [x, y, z] = frame.n;
            return Err(error(format!(
                "takes {x} × {y} × {z} voxels, {most} at most fit: choose larger voxels, or check the unit of the file"
            )));
        }
        Ok(frame)
    }
}

/// The body inside a closed surface on the voxels of `frame`: phase `1` where the surface winds
/// round once or more and `solid_inside`, pore outside; the other way round without.
///
/// Bodies may overlap, touch and hold each other's voids. A surface that is inside out as a whole
/// is turned round. One with a hole is refused with the place of the hole. Memory: five bytes a
/// voxel, 100 bytes a triangle, and for each thread the triangles of a plane of voxels.
pub fn voxelise(
    surface: &Surface,
    frame: &Frame,
    solid_inside: bool,
) -> Result<Structure, StlError> {
    check(surface)?;
    if frame.n.contains(&0) || !frame.h.iter().all(|h| h.is_finite() && *h > 0.0) {
        return Err(error("needs voxels longer than 0, and one along each axis"));
    }
    let scene = Scene::new(surface, frame, solid_inside);
    let [nx, ny, nz] = frame.n;
    let plane = nx * ny;
    let mut pore = vec![0; plane * nz];
    let mut aperture: [Vec<u8>; 3] = std::array::from_fn(|_| vec![0; plane * nz]);
    let [x, y, z] = &mut aperture;
    par::planes_many_map(plane, vec![&mut pore, x, y, z], |k, out| scene.plane(k, out));
    // Nothing passes to or from a voxel without pore.
    let strides = [1, nx, plane];
    for (axis, values) in aperture.iter_mut().enumerate() {
        par::planes(plane, values, |k, values| {
            for (i, value) in values.iter_mut().enumerate() {
                let at = [i % nx, i / nx, k];
                let v = k * plane + i;
                if pore[v] == 0 || (at[axis] > 0 && pore[v - strides[axis]] == 0) {
                    *value = 0;
                }
            }
        });
    }
    let phase = pore.iter().map(|p| u8::from(*p == 0)).collect();
    Ok(Structure { n: frame.n, h: frame.h, phase, partial: Some(Partial { pore, aperture }) })
}

/// Refuses a surface that does not tell inside from outside.
fn check(surface: &Surface) -> Result<(), StlError> {
    if !surface.points.iter().flatten().all(|x| x.is_finite()) {
        return Err(error("has a corner that is no number of finite size"));
    }
    let edges = surface.edges();
    let Some(at) = edges.leak else { return Ok(()) };
    let [x, y, z] = at.map(|x| x * 1e3);
    Err(error(format!(
        "is not closed: {} edges of one triangle, {} of two that face opposite ways, {} of more; the first that leaks lies at ({x:.6}, {y:.6}, {z:.6}) mm: close the mesh (Meshmixer: Inspector, Blender: 3D-Print Toolbox) and export it again",
        edges.open, edges.flipped, edges.non_manifold
    )))
}

/// A surface in units of voxels from the corner of the frame.
struct Scene<'a> {
    n: [usize; 3],
    points: Vec<[f64; 3]>,
    triangles: &'a [[u32; 3]],
    /// Triangles by height: of each level `l` the buckets of 2^l planes; a triangle stands in the
    /// one or two buckets of the first level that are higher than it.
    levels: Vec<Vec<Vec<u32>>>,
    /// 1, or −1 for a surface inside out.
    sign: i32,
    solid_inside: bool,
}

/// The corners of a triangle.
type Corners = [[f64; 3]; 3];

/// The side of a polygon, from the edge of its triangle that goes up through the plane to the one
/// that goes down.
type Side = [[f64; 2]; 2];

impl<'a> Scene<'a> {
    fn new(surface: &'a Surface, frame: &Frame, solid_inside: bool) -> Scene<'a> {
        let scaled = |p: &[f64; 3]| std::array::from_fn(|a| (p[a] - frame.origin[a]) / frame.h[a]);
        let points: Vec<[f64; 3]> = surface.points.iter().map(scaled).collect();
        let last = frame.n[2] - 1;
        let count = 1 + frame.n[2].ilog2() as usize + 1;
        let mut levels: Vec<Vec<Vec<u32>>> =
            (0..count).map(|l| vec![Vec::new(); (last >> l) + 1]).collect();
        for (number, t) in surface.triangles.iter().enumerate() {
            let z = t.map(|p| points[p as usize][2]);
            let low = z[0].min(z[1]).min(z[2]) - NEAR;
            let high = z[0].max(z[1]).max(z[2]) + NEAR;
            if high < 0.0 || low > frame.n[2] as f64 {
                continue;
            }
            // Slices at a face belong to the plane above it: `NEAR` keeps them in reach.
            let (low, high) = (low.max(0.0) as usize, (high.max(0.0) as usize).min(last));
            let low = low.min(last);
            let level = (usize::BITS - (high - low).leading_zeros()) as usize;
            for bucket in low >> level..=high >> level {
                levels[level][bucket].push(number as u32);
            }
        }
        let sign = if surface.volume() < 0.0 { -1 } else { 1 };
        Scene { n: frame.n, points, triangles: &surface.triangles, levels, sign, solid_inside }
    }

    /// Shares of one plane of voxels: pore, open parts of the faces below along x, y, z.
    fn plane(&self, k: usize, out: &mut [&mut [u8]]) {
        let [nx, ny, _] = self.n;
        let near = self.near(k);
        let mut solid = vec![0.0; nx * ny];
        let mut closed: [Vec<f64>; 3] = std::array::from_fn(|_| vec![0.0; nx * ny]);
        let [across_x, across_y, across_z] = &mut closed;
        for m in 0..POINTS {
            let mut sweep = Sweep::new(self, &near, k as f64 + part(m));
            let y = part(STEP * m % POINTS);
            let with_faces = m % EACH == EACH / 2;
            for j in 0..ny {
                let row = j * nx..(j + 1) * nx;
                if with_faces {
                    let below = sweep.ray((j as f64 - NEAR).max(NEAR)).to_vec();
                    let both = union(&below, sweep.ray(j as f64 + NEAR));
                    lengths(&both, &mut across_y[row.clone()]);
                }
                let ray = sweep.ray(j as f64 + y);
                lengths(ray, &mut solid[row.clone()]);
                faces(ray, &mut across_x[row]);
            }
        }
        let mut below = Sweep::new(self, &near, (k as f64 - NEAR).max(NEAR));
        let mut above = Sweep::new(self, &near, k as f64 + NEAR);
        for j in 0..ny {
            for m in (EACH / 2..POINTS).step_by(EACH) {
                let y = j as f64 + part(m);
                let both = union(below.ray(y), above.ray(y));
                lengths(&both, &mut across_z[j * nx..(j + 1) * nx]);
            }
        }
        let all = POINTS as f64;
        let sums = [(&solid, all), (&*across_x, all), (&*across_y, LINES), (&*across_z, LINES)];
        for (shares, (sum, rays)) in out.iter_mut().zip(sums) {
            for (s, sum) in shares.iter_mut().zip(sum) {
                *s = share(1.0 - sum / rays);
            }
        }
    }

    /// Triangles that reach into plane `k`.
    fn near(&self, k: usize) -> Vec<Corners> {
        let all = self.levels.iter().enumerate().flat_map(|(l, buckets)| &buckets[k >> l]);
        let corners = |t: &u32| self.triangles[*t as usize].map(|p| self.points[p as usize]);
        let (low, high) = (k as f64 - NEAR, (k + 1) as f64);
        let reaches = |t: &Corners| t.iter().any(|p| p[2] >= low) && t.iter().any(|p| p[2] <= high);
        all.map(corners).filter(reaches).collect()
    }
}

/// Where triangles meet the plane at height `z`.
fn slice(near: &[Corners], z: f64) -> Vec<Side> {
    let mut sides = Vec::new();
    for corners in near {
        let (mut up, mut down) = (None, None);
        for (p, q) in [(0, 1), (1, 2), (2, 0)].map(|(p, q)| (corners[p], corners[q])) {
            match (p[2] < z, q[2] < z) {
                (true, false) => up = Some(between(p, q, z)),
                (false, true) => down = Some(between(q, p, z)),
                _ => {}
            }
        }
        if let (Some(up), Some(down)) = (up, down) {
            sides.push([up, down]);
        }
    }
    sides
}

/// Middle of part `m` of a voxel.
fn part(m: usize) -> f64 {
    (m as f64 + 0.5) / POINTS as f64
}

/// x and y at height `z` between a point below and one that is not.
fn between(low: [f64; 3], high: [f64; 3], z: f64) -> [f64; 2] {
    let t = (z - low[2]) / (high[2] - low[2]);
    [low[0] + t * (high[0] - low[0]), low[1] + t * (high[1] - low[1])]
}

/// Rays of one plane, one after the other with rising y; holds only the sides that the ray meets.
struct Sweep<'a> {
    scene: &'a Scene<'a>,
    /// By their smaller y.
    sides: Vec<Side>,
    next: usize,
    active: Vec<Side>,
    crossings: Vec<(f64, i32)>,
    solid: Vec<[f64; 2]>,
}

impl<'a> Sweep<'a> {
    fn new(scene: &'a Scene<'a>, near: &[Corners], z: f64) -> Sweep<'a> {
        let mut sides = slice(near, z);
        sides.sort_unstable_by(|a, b| lower(a).total_cmp(&lower(b)));
        let (active, crossings, solid) = (Vec::new(), Vec::new(), Vec::new());
        Sweep { scene, sides, next: 0, active, crossings, solid }
    }

    /// The solid on the ray at `y`, in order: from where to where, within the frame.
    fn ray(&mut self, y: f64) -> &[[f64; 2]] {
        while let Some(side) = self.sides.get(self.next).filter(|s| lower(s) < y) {
            self.active.push(*side);
            self.next += 1;
        }
        self.active.retain(|[p, q]| p[1].max(q[1]) >= y);
        self.crossings.clear();
        for [p, q] in &self.active {
            let (low, high, turn) = if p[1] < y { (p, q, 1) } else { (q, p, -1) };
            let t = (y - low[1]) / (high[1] - low[1]);
            let x = low[0] + t * (high[0] - low[0]);
            let face = x.round();
            let x = if (x - face).abs() < NEAR { face } else { x };
            self.crossings.push((x, turn * self.scene.sign));
        }
        self.crossings.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        self.solid.clear();
        let end = self.scene.n[0] as f64;
        let (mut from, mut winding) = (0.0, 0);
        let solid = |winding: i32| (winding > 0) == self.scene.solid_inside;
        for &(x, turn) in self.crossings.iter().chain(&[(end, 0)]) {
            let x = x.clamp(0.0, end);
            if solid(winding) && x > from {
                match self.solid.last_mut() {
                    Some(last) if from - last[1] <= 2.0 * NEAR => last[1] = x,
                    _ => self.solid.push([from, x]),
                }
            }
            winding += turn;
            from = x;
        }
        &self.solid
    }
}

/// The smaller y of a side.
fn lower(side: &Side) -> f64 {
    side[0][1].min(side[1][1])
}

/// What either of two rays meets.
fn union(a: &[[f64; 2]], b: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut all = [a, b].concat();
    all.sort_unstable_by(|p, q| p[0].total_cmp(&q[0]));
    let mut out: Vec<[f64; 2]> = Vec::with_capacity(all.len());
    for [from, to] in all {
        match out.last_mut() {
            Some(last) if from <= last[1] => last[1] = last[1].max(to),
            _ => out.push([from, to]),
        }
    }
    out
}

/// Adds the length of solid in each voxel of a row.
fn lengths(solid: &[[f64; 2]], row: &mut [f64]) {
    for &[from, to] in solid {
        let (first, last) = (from as usize, (to as usize).min(row.len() - 1));
        for i in first..=last {
            row[i] += to.min((i + 1) as f64) - from.max(i as f64);
        }
    }
}

/// Adds one for each face below a voxel of a row that has solid on either side.
fn faces(solid: &[[f64; 2]], row: &mut [f64]) {
    for &[from, to] in solid {
        let first = (from - NEAR).ceil().max(0.0) as usize;
        let last = ((to + NEAR) as usize).min(row.len() - 1);
        for r in row.iter_mut().take(last + 1).skip(first) {
            *r += 1.0;
        }
    }
}
