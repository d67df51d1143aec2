//! The solid as it looks from a corner: parallel rays through the voxels to the first solid, shaded
//! by the slope of the shares and by how much of the sky the place sees.
//!
//! Rays from voxel to voxel: Amanatides and Woo, Eurographics '87, 3.

use super::{AXES, PAPER, Picture, blend, pore, solid};
use crate::geometry::structure::Structure;
use crate::ground::par;

/// From where one looks; x goes to the right, y away and z up.
const EYE: [f64; 3] = [0.52, -0.90, 0.62];
/// Rays a pixel along each of its sides.
const RAYS: usize = 2;
/// Directions in which the sky is looked for, and places along each.
const SKY: usize = 20;
const STEPS: usize = 9;
/// Up to where something hides the sky, in parts of the longest edge.
const REACH: f64 = 0.16;
/// Voxels to each side that the slope is taken from.
const NEAR: isize = 2;

type Vector = [f64; 3];

/// A picture of the solid of `edge` pixels in the longer direction. Sides of the box that cut solid
/// are pale; three edges of the box have the colours of their axes: x red, y green, z blue. Empty
/// without voxels.
pub fn view(s: &Structure, edge: usize) -> Picture {
    if s.is_empty() || edge == 0 {
        return Picture { width: 0, height: 0, rgb: Vec::new() };
    }
    let camera = Camera::new(s, edge);
    let looks = Looks { sky: sky(), weights: weights(s.h) };
    let rows = par::map(camera.height, camera.width * STEPS * SKY, |row| {
        let pixel = |column: usize| {
            let mut sum = [0.0; 3];
            for ray in 0..RAYS * RAYS {
                let part = |i: usize| (i as f64 + 0.5) / RAYS as f64;
                let at = [column as f64 + part(ray % RAYS), row as f64 + part(ray / RAYS)];
                sum = blend(sum, camera.colour(s, &looks, at), 1.0 / (ray + 1) as f64);
            }
            sum
        };
        (0..camera.width).map(pixel).collect()
    });
    Picture::new(camera.width, &rows)
}

/// What is seen, from where.
struct Camera {
    /// Pixels.
    width: usize,
    height: usize,
    /// To the right, up, and to the eye; of length 1.
    right: Vector,
    up: Vector,
    eye: Vector,
    /// Lengths of the box, m.
    length: Vector,
    /// Edge of a pixel, m.
    pixel: f64,
    /// Where the light comes from.
    light: Vector,
}

/// What shading needs at all places.
struct Looks {
    /// Directions to the sky.
    sky: Vec<Vector>,
    /// Of the voxels around one for its slope, x fastest.
    weights: Vec<Vector>,
}

/// Where a ray meets solid.
struct Hit {
    voxel: [usize; 3],
    /// m.
    point: Vector,
    /// Axis across the side through which it came.
    axis: usize,
    /// On a side of the box.
    cut: bool,
}

impl Camera {
    fn new(s: &Structure, edge: usize) -> Camera {
        let eye = unit(EYE);
        let right = unit([-eye[1], eye[0], 0.0]);
        let up = cross(eye, right);
        let length: Vector = std::array::from_fn(|a| s.n[a] as f64 * s.h[a]);
        // What the box takes of the picture, and a margin of 4 %.
        let extent = |v: Vector| (0..3).map(|a| v[a].abs() * length[a]).sum::<f64>() * 1.08;
        let (wide, high) = (extent(right), extent(up));
        let pixel = wide.max(high) / edge as f64;
        let pixels = |length: f64| ((length / pixel).round() as usize).max(1);
        let light = unit(std::array::from_fn(|a| 0.7 * eye[a] + 0.75 * up[a] - 0.55 * right[a]));
        Camera { width: pixels(wide), height: pixels(high), right, up, eye, length, pixel, light }
    }

    /// Where a point lies in the picture, pixels.
    fn place(&self, point: Vector) -> [f64; 2] {
        let from: Vector = std::array::from_fn(|a| point[a] - self.length[a] / 2.0);
        [
            self.width as f64 / 2.0 + dot(from, self.right) / self.pixel,
            self.height as f64 / 2.0 - dot(from, self.up) / self.pixel,
        ]
    }

    fn colour(&self, s: &Structure, looks: &Looks, at: [f64; 2]) -> Vector {
        let x = (at[0] - self.width as f64 / 2.0) * self.pixel;
        let y = (self.height as f64 / 2.0 - at[1]) * self.pixel;
        let origin =
            std::array::from_fn(|a| self.length[a] / 2.0 + x * self.right[a] + y * self.up[a]);
        let colour = match self.hit(s, origin) {
            Some(hit) => self.shade(s, looks, &hit),
            None => PAPER,
        };
        self.edges(at).map_or(colour, |line| blend(colour, line, 0.85))
    }

    /// The first solid on the line through `origin` from the eye.
    fn hit(&self, s: &Structure, origin: Vector) -> Option<Hit> {
        let along = self.eye.map(|e| -e);
        let (mut enter, mut leave, mut axis) = (f64::NEG_INFINITY, f64::INFINITY, 0);
        for a in 0..3 {
            let ends = [0.0, self.length[a]].map(|end| (end - origin[a]) / along[a]);
            if ends[0].min(ends[1]) > enter {
                (enter, axis) = (ends[0].min(ends[1]), a);
            }
            leave = leave.min(ends[0].max(ends[1]));
        }
        if enter >= leave {
            return None;
        }
        let at = |t: f64| -> Vector { std::array::from_fn(|a| origin[a] + t * along[a]) };
        let start = at(enter);
        let mut voxel: [usize; 3] =
            std::array::from_fn(|a| ((start[a] / s.h[a]).max(0.0) as usize).min(s.n[a] - 1));
        let (mut t, mut cut) = (enter, true);
        loop {
            if pore(s, voxel) < 0.5 {
                return Some(Hit { voxel, point: at(t), axis, cut });
            }
            cut = false;
            let end = |a: usize| {
                let side = (voxel[a] + usize::from(along[a] > 0.0)) as f64 * s.h[a];
                (side - origin[a]) / along[a]
            };
            axis = (0..3).fold(0, |best, a| if end(a) < end(best) { a } else { best });
            t = end(axis);
            voxel[axis] = if along[axis] > 0.0 {
                Some(voxel[axis] + 1).filter(|v| *v < s.n[axis])?
            } else {
                voxel[axis].checked_sub(1)?
            };
        }
    }

    fn shade(&self, s: &Structure, looks: &Looks, hit: &Hit) -> Vector {
        let mut side = [0.0; 3];
        side[hit.axis] = self.eye[hit.axis].signum();
        let base = solid(s, hit.voxel);
        if hit.cut {
            let bright = 0.80 + 0.20 * dot(side, self.light).max(0.0);
            return blend(base, [1.0; 3], 0.45).map(|c| c * bright);
        }
        let normal = slope(s, &looks.weights, hit.voxel).unwrap_or(side);
        let open = openness(s, &looks.sky, hit.point, normal, REACH * self.longest());
        let lit = dot(normal, self.light).max(0.0);
        // Hidden places are dark and a little warmer; light that grazes is lost.
        let bright = open * (0.34 + 0.66 * lit);
        std::array::from_fn(|c| base[c] * bright.powf([0.92, 1.0, 1.08][c]))
    }

    fn longest(&self) -> f64 {
        self.length.into_iter().fold(0.0, f64::max)
    }

    /// Colour of the edge of the box at a place, if one is there.
    fn edges(&self, at: [f64; 2]) -> Option<Vector> {
        let [x, y, z] = self.length;
        // Both ends of the edges that nothing hides, and their axes; the coloured ones first.
        let lines = [
            ([0.0, 0.0, 0.0], [x, 0.0, 0.0], Some(0)),
            ([x, 0.0, 0.0], [x, y, 0.0], Some(1)),
            ([0.0, 0.0, 0.0], [0.0, 0.0, z], Some(2)),
            ([x, 0.0, 0.0], [x, 0.0, z], None),
            ([x, y, 0.0], [x, y, z], None),
            ([0.0, 0.0, z], [x, 0.0, z], None),
            ([x, 0.0, z], [x, y, z], None),
            ([0.0, y, z], [x, y, z], None),
            ([0.0, 0.0, z], [0.0, y, z], None),
        ];
        let size = self.width.max(self.height) as f64;
        let near = |line: &&(Vector, Vector, Option<usize>)| {
            let width = size * if line.2.is_some() { 0.0028 } else { 0.0010 };
            apart(at, self.place(line.0), self.place(line.1)) < width
        };
        lines.iter().find(near).map(|line| line.2.map_or([0.45; 3], |a| AXES[a]))
    }
}

/// Direction in which the share of pore grows around a voxel; beyond the box it goes on as at its
/// side. `None` where it does not grow.
fn slope(s: &Structure, weights: &[Vector], voxel: [usize; 3]) -> Option<Vector> {
    let near: [Vec<usize>; 3] = std::array::from_fn(|a| {
        let place = |d| voxel[a].saturating_add_signed(d).min(s.n[a] - 1);
        (-NEAR..=NEAR).map(place).collect()
    });
    let mut sum = [0.0; 3];
    let mut weights = weights.iter();
    for k in &near[2] {
        for j in &near[1] {
            for (i, weight) in near[0].iter().zip(weights.by_ref()) {
                let share = pore(s, [*i, *j, *k]);
                sum = std::array::from_fn(|a| sum[a] + share * weight[a]);
            }
        }
    }
    let length = dot(sum, sum).sqrt();
    (length > 1e-6).then(|| sum.map(|c| c / length))
}

/// Of the voxels around one: the way there, less with the distance, over the edges of a voxel.
fn weights(h: Vector) -> Vec<Vector> {
    let mut all = Vec::new();
    for dz in -NEAR..=NEAR {
        for dy in -NEAR..=NEAR {
            for dx in -NEAR..=NEAR {
                let near = (-((dx * dx + dy * dy + dz * dz) as f64) / 4.0).exp();
                let way = [dx, dy, dz];
                all.push(std::array::from_fn(|a| near * way[a] as f64 * h[0] / h[a]));
            }
        }
    }
    all
}

/// Part of the sky above a place that no solid hides within `reach` m.
fn openness(s: &Structure, sky: &[Vector], point: Vector, normal: Vector, reach: f64) -> f64 {
    let lift = 1.2 * s.h.iter().copied().fold(0.0, f64::max);
    let (mut seen, mut all) = (0.0, 0.0);
    for direction in sky {
        let rise = dot(*direction, normal);
        let sign = rise.signum();
        let weight = rise.abs();
        all += weight;
        let mut free = 1.0;
        for step in 1..=STEPS {
            let part = step as f64 / STEPS as f64;
            let far = lift + (reach - lift).max(lift) * part * part;
            let at = |a: usize| point[a] + lift * normal[a] + far * sign * direction[a];
            let place = [0, 1, 2].map(|a| (at(a) / s.h[a]).floor());
            if (0..3).any(|a| place[a] < 0.0 || place[a] >= s.n[a] as f64) {
                break;
            }
            if pore(s, place.map(|p| p as usize)) < 0.5 {
                // What is far hides less.
                free = part * part;
                break;
            }
        }
        seen += weight * free;
    }
    seen / all
}

/// Directions all over the sphere, on a spiral (González, Math. Geosci. 42 (2010) 49).
fn sky() -> Vec<Vector> {
    let turn = std::f64::consts::PI * (3.0 - 5.0_f64.sqrt());
    let direction = |i: usize| {
        let z = 1.0 - (2 * i + 1) as f64 / SKY as f64;
        let (sin, cos) = (turn * i as f64).sin_cos();
        [(1.0 - z * z).sqrt() * cos, (1.0 - z * z).sqrt() * sin, z]
    };
    (0..SKY).map(direction).collect()
}

/// Distance of a point from a line between two points, pixels.
fn apart(at: [f64; 2], from: [f64; 2], to: [f64; 2]) -> f64 {
    let way = [to[0] - from[0], to[1] - from[1]];
    let own = [at[0] - from[0], at[1] - from[1]];
    let length2 = (way[0] * way[0] + way[1] * way[1]).max(f64::MIN_POSITIVE);
    let part = ((own[0] * way[0] + own[1] * way[1]) / length2).clamp(0.0, 1.0);
    (own[0] - part * way[0]).hypot(own[1] - part * way[1])
}

fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn unit(v: Vector) -> Vector {
    v.map(|c| c / dot(v, v).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Around a plane of any slope the normal is its own within 6 degrees, on long voxels too.
    #[test]
    fn slopes_are_those_of_planes() {
        for normal in [[0.0, 0.0, 1.0], [1.0, 2.0, 3.0], [-3.0, 1.0, 0.5], [1.0, -1.0, 1.0]] {
            let (normal, n) = (unit(normal), [21; 3]);
            for h in [[1.0; 3], [1.0, 1.0, 1.5]] {
                let at = |i: usize| [i % 21, i / 21 % 21, i / 441];
                let above = |i: usize| {
                    let x: Vector = std::array::from_fn(|a| (at(i)[a] as f64 - 10.0) * h[a]);
                    dot(x, normal)
                };
                let s = Structure::binary(n, h, (0..9261).map(|i| above(i) > 0.1));
                let found = slope(&s, &weights(h), [10; 3]).expect("a plane");
                assert!(dot(found, normal) > 0.9945, "{normal:?} {h:?}: {found:?}");
            }
        }
        let full = Structure::binary([9; 3], [1.0; 3], (0..729).map(|_| false));
        assert_eq!(slope(&full, &weights([1.0; 3]), [4; 3]), None);
    }

    /// Rays meet the first solid on their way: a wall behind a gap, from the side of the eye.
    #[test]
    fn rays_end_at_the_first_solid() {
        let s = Structure::binary([10; 3], [2.0, 1.0, 1.0], (0..1000).map(|i| i / 10 % 10 < 4));
        let camera = Camera::new(&s, 100);
        let wall = camera.hit(&s, [10.0, 5.0, 5.0]).expect("the wall");
        // The eye is at low y: the ray comes through y = 4 into the wall.
        assert_eq!((wall.voxel[1], wall.axis, wall.cut), (4, 1, false));
        assert!((wall.point[1] - 4.0).abs() < 1e-12);
        assert!(camera.hit(&s, [10.0, 5.0, 60.0]).is_none());
        // Through the corner of the box to the eye solid is met at the box's own side.
        let cut = camera.hit(&s, [10.0, 9.0, 9.9]).expect("the wall from above");
        assert!(cut.cut && cut.axis == 2 && cut.voxel[2] == 9);
    }

    /// On a floor all of the sky is free; at the bottom of a deep pit next to none.
    #[test]
    fn the_sky_is_free_above_a_floor_and_hidden_in_a_pit() {
        let n = [41; 3];
        let floor = Structure::binary(n, [1.0; 3], (0..41 * 41 * 41).map(|i| i / (41 * 41) > 4));
        let pit = Structure::binary(
            n,
            [1.0; 3],
            (0..41 * 41 * 41).map(|i| {
                let (x, y) = (f64::from(i % 41) - 20.0, f64::from(i / 41 % 41) - 20.0);
                i / (41 * 41) > 4 && x.hypot(y) < 3.0
            }),
        );
        let open = |s| openness(s, &sky(), [20.5, 20.5, 5.0], [0.0, 0.0, 1.0], 20.0);
        assert_eq!(open(&floor), 1.0);
        assert!(open(&pit) < 0.5);
    }
}
