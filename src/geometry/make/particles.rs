//! Bodies strewn over a periodic box: which samples of the voxels they cover.

use crate::geometry::make::raster::Raster;
use crate::geometry::make::{Refused, refused};
use crate::geometry::structure::Structure;
use crate::ground::par;

/// The shape of a particle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Body {
    /// A ball.
    Ball {
        /// Radius, m.
        radius: f64,
    },
    /// A cube.
    Cube {
        /// Half of an edge, m.
        half: f64,
        /// Directions of its edges, unit vectors at right angles.
        axes: [[f64; 3]; 3],
    },
    /// A straight fibre with round ends.
    Rod {
        /// From the middle to the end of its axis, m.
        half: [f64; 3],
        /// Radius, m.
        radius: f64,
    },
}

/// A particle in the box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Particle {
    /// Its middle, m from the corner of the box.
    pub centre: [f64; 3],
    /// Its shape.
    pub body: Body,
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

impl Body {
    /// A number that is negative in the body, at most the distance to it outside and at most the
    /// depth inside; `at` from its middle.
    fn distance(&self, at: [f64; 3]) -> f64 {
        match self {
            Body::Ball { radius } => dot(at, at).sqrt() - radius,
            Body::Cube { half, axes } => {
                axes.iter().fold(0.0, |m: f64, a| m.max(dot(*a, at).abs())) - half
            }
            Body::Rod { half, radius } => {
                let along = (dot(at, *half) / dot(*half, *half)).clamp(-1.0, 1.0);
                let off: [f64; 3] = std::array::from_fn(|a| at[a] - along * half[a]);
                dot(off, off).sqrt() - radius
            }
        }
    }

    /// How far it reaches along each axis.
    fn extent(&self) -> [f64; 3] {
        match self {
            Body::Ball { radius } => [*radius; 3],
            Body::Cube { half, axes } => std::array::from_fn(|a| {
                half * (axes[0][a].abs() + axes[1][a].abs() + axes[2][a].abs())
            }),
            Body::Rod { half, radius } => half.map(|h| h.abs() + radius),
        }
    }

    /// Bounds along each axis of what lies between `low` and `high` along `axis`.
    fn between(&self, axis: usize, [low, high]: [f64; 2]) -> [[f64; 2]; 3] {
        let whole = self.extent().map(|e| [-e, e]);
        let Body::Rod { half, radius } = self else { return whole };
        // A fibre that hardly leaves its plane along this axis is not cut.
        if half[axis].abs() < 1e-3 * radius {
            return whole;
        }
        let ends = [low - radius, high + radius].map(|end| (end / half[axis]).clamp(-1.0, 1.0));
        std::array::from_fn(|a| {
            let (p, q) = (ends[0] * half[a], ends[1] * half[a]);
            [p.min(q) - radius, p.max(q) + radius]
        })
    }
}

/// A particle, or an image of it beyond the sides of the box, that reaches into the box.
struct Image {
    particle: u32,
    centre: [f64; 3],
}

/// Samples of a voxel as bits: of its volume, and 16 for each of its lower faces.
#[derive(Clone, Copy, Default, PartialEq)]
struct Mask {
    volume: u64,
    faces: u64,
}

/// Particles over a raster.
pub struct Cover<'a> {
    raster: &'a Raster,
    particles: &'a [Particle],
    images: Vec<Image>,
    /// Images that reach into each z plane, in the order of the particles.
    planes: Vec<Vec<u32>>,
    /// Stations of the axes: see [`Raster::stations`].
    stations: [Vec<f64>; 3],
    /// All samples of a voxel.
    full: Mask,
}

/// Voxels of an axis that hold points from `low` to `high`.
fn reached(low: f64, high: f64, h: f64, n: usize) -> std::ops::Range<usize> {
    let voxel = |x: f64| (x / h).floor().clamp(-1.0, n as f64) as i64;
    let (first, last) = (voxel(low).max(0), voxel(high).min(n as i64 - 1));
    first as usize..(last + 1).max(first) as usize
}

impl<'a> Cover<'a> {
    /// Sorts particles with centres in the box into its planes.
    pub fn new(raster: &'a Raster, particles: &'a [Particle]) -> Cover<'a> {
        let edges = raster.edges();
        let mut images = Vec::new();
        let mut planes = vec![Vec::new(); raster.n[2]];
        for (number, p) in particles.iter().enumerate() {
            let extent = p.body.extent();
            let shifts: [std::ops::RangeInclusive<i64>; 3] = std::array::from_fn(|a| {
                let first = (-(p.centre[a] + extent[a]) / edges[a]).ceil() as i64;
                let last = (1.0 + (extent[a] - p.centre[a]) / edges[a]).floor() as i64;
                first..=last
            });
            for z in shifts[2].clone() {
                for y in shifts[1].clone() {
                    for x in shifts[0].clone() {
                        let shift = [x, y, z];
                        let centre: [f64; 3] =
                            std::array::from_fn(|a| p.centre[a] + shift[a] as f64 * edges[a]);
                        let [low, high] = [centre[2] - extent[2], centre[2] + extent[2]];
                        for k in reached(low, high, raster.h[2], raster.n[2]) {
                            planes[k].push(images.len() as u32);
                        }
                        images.push(Image { particle: number as u32, centre });
                    }
                }
            }
        }
        let stations = std::array::from_fn(|a| raster.stations(a));
        let s2 = raster.samples.pow(2);
        let bits = |n: usize| u64::MAX >> (64 - n);
        let full = Mask {
            volume: bits(raster.samples.pow(3)),
            faces: bits(s2) | bits(s2) << 16 | bits(s2) << 32,
        };
        Cover { raster, particles, images, planes, stations, full }
    }

    /// Samples of voxel (i, j, k) within a particle, sought only where its surface may be.
    fn within(&self, image: &Image, body: &Body, [i, j, k]: [usize; 3], faces: bool) -> Mask {
        let r = self.raster;
        let [x, y, z] = &self.stations;
        let at = |i: usize, j: usize, k: usize| {
            let c = image.centre;
            body.distance([x[i] - c[0], y[j] - c[1], z[k] - c[2]])
        };
        let centre = at(r.centre(i), r.centre(j), r.centre(k));
        if r.samples == 1 || centre.abs() > r.reach() {
            return if centre <= 0.0 { self.full } else { Mask::default() };
        }
        let bit = |inside: bool, place: usize| u64::from(inside) << place;
        let mut mask = Mask::default();
        let s = r.samples;
        for (c, l) in r.inside(k).enumerate() {
            for (b, m) in r.inside(j).enumerate() {
                for (a, o) in r.inside(i).enumerate() {
                    mask.volume |= bit(at(o, m, l) <= 0.0, (c * s + b) * s + a);
                }
            }
        }
        if !faces {
            return mask;
        }
        for (c, l) in r.inside(k).enumerate() {
            for (b, m) in r.inside(j).enumerate() {
                mask.faces |= bit(at(r.face(i), m, l) <= 0.0, c * s + b);
            }
            for (a, o) in r.inside(i).enumerate() {
                mask.faces |= bit(at(o, r.face(j), l) <= 0.0, 16 + c * s + a);
            }
        }
        for (b, m) in r.inside(j).enumerate() {
            for (a, o) in r.inside(i).enumerate() {
                mask.faces |= bit(at(o, m, r.face(k)) <= 0.0, 32 + b * s + a);
            }
        }
        mask
    }

    /// Covers plane `k` with the particles in turn, its faces too if asked for; tells `new` how many
    /// samples each adds.
    fn plane(&self, k: usize, faces: bool, mut new: impl FnMut(u32, u32)) -> Vec<Mask> {
        let r = self.raster;
        let mut masks = vec![Mask::default(); r.plane()];
        let z = [k as f64 * r.h[2], (k + 1) as f64 * r.h[2]];
        for image in self.planes[k].iter().map(|i| &self.images[*i as usize]) {
            let body = &self.particles[image.particle as usize].body;
            let c = image.centre;
            let [_, y, _] = body.between(2, z.map(|z| z - c[2]));
            let mut added = 0;
            for j in reached(c[1] + y[0], c[1] + y[1], r.h[1], r.n[1]) {
                let rows = [j, j + 1].map(|j| j as f64 * r.h[1] - c[1]);
                let x = body.between(1, rows)[0];
                for i in reached(c[0] + x[0], c[0] + x[1], r.h[0], r.n[0]) {
                    let mask = &mut masks[j * r.n[0] + i];
                    if mask.volume == self.full.volume && (!faces || mask.faces == self.full.faces)
                    {
                        continue;
                    }
                    let more = self.within(image, body, [i, j, k], faces);
                    added += (more.volume & !mask.volume).count_ones();
                    mask.volume |= more.volume;
                    mask.faces |= more.faces;
                }
            }
            if added > 0 {
                new(image.particle, added);
            }
        }
        masks
    }

    /// Share of the samples that each particle covers and those before it do not.
    pub fn shares(&self) -> Vec<f64> {
        let r = self.raster;
        let lists = par::map(r.n[2], r.plane(), |k| {
            let mut list = Vec::new();
            self.plane(k, false, |particle, added| list.push((particle, added)));
            list
        });
        let mut counts = vec![0_u64; self.particles.len()];
        for (particle, added) in lists.into_iter().flatten() {
            counts[particle as usize] += u64::from(added);
        }
        let all = (r.len() * r.samples.pow(3)) as f64;
        counts.into_iter().map(|c| c as f64 / all).collect()
    }

    /// The structure with the particles as pores, or as solid.
    pub fn structure(&self, pores: bool) -> Structure {
        let r = self.raster;
        let (mut pore, mut aperture) = r.blank();
        let [ax, ay, az] = &mut aperture;
        let mut outs: Vec<&mut [u8]> = vec![&mut pore];
        if r.samples > 1 {
            outs.extend([&mut ax[..], &mut ay[..], &mut az[..]]);
        }
        let flip = |bits: u64, full: u64| if pores { bits } else { full & !bits };
        par::planes_many_map(r.plane(), outs, |k, outs| {
            for (c, mask) in self.plane(k, r.samples > 1, |_, _| ()).into_iter().enumerate() {
                outs[0][c] = r.share(flip(mask.volume, self.full.volume).count_ones(), 3);
                let faces = flip(mask.faces, self.full.faces);
                for a in 1..outs.len() {
                    let face = faces >> (16 * (a - 1)) & 0xFFFF;
                    outs[a][c] = r.share(face.count_ones(), 2);
                }
            }
        });
        r.structure(pore, aperture)
    }
}

/// Strews particles until they cover `covered` of the box, starting from as many as a Boolean
/// model of their mean volume has (share 1 − exp(−n v): Chiu, Stoyan, Kendall and Mecke,
/// Stochastic Geometry and its Applications, 3rd ed. (2013), ch. 3), and takes the first that do,
/// with or without the last, whichever is closer. `key`: what makes them larger.
pub fn strew(
    key: &'static str,
    raster: &Raster,
    covered: f64,
    volume: f64,
    mut draw: impl FnMut() -> Particle,
) -> Result<Vec<Particle>, Refused> {
    /// Particles that memory and patience allow.
    const MOST: f64 = 5e7;
    let expected = -libm::log(1.0 - covered) * raster.volume() / volume;
    if expected >= MOST {
        let problem = format!(
            "{expected:.1e} particles for this porosity: fewer than {MOST:.0e}; make them larger"
        );
        return refused(key, problem);
    }
    let mut particles = Vec::new();
    let mut wanted = (1.05 * expected) as usize + 8;
    loop {
        while particles.len() < wanted {
            particles.push(draw());
        }
        let mut sum = 0.0;
        for (i, share) in Cover::new(raster, &particles).shares().into_iter().enumerate() {
            if sum + share >= covered {
                let closer = covered - sum < sum + share - covered;
                particles.truncate(if closer { i } else { i + 1 });
                return Ok(particles);
            }
            sum += share;
        }
        wanted += wanted / 10 + 8;
        if wanted as f64 > 4.0 * MOST {
            return refused(key, "too small for the voxels to notice them".into());
        }
    }
}
