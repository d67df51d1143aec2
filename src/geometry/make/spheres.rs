//! Solid spheres at random that do not overlap.

use std::f64::consts::PI;

use crate::geometry::make::particles::{Body, Cover, Particle};
use crate::geometry::make::raster::Raster;
use crate::geometry::make::{Refused, between, porous, refused};
use crate::geometry::structure::Structure;
use crate::ground::random::Random;

/// Purpose of the random numbers of this family.
const PURPOSE: u64 = 1;

/// Solid spheres by random sequential adsorption, periodic: one after the other, largest first, at
/// places that are free (Widom, J. Chem. Phys. 44 (1966) 3888). Spheres touch by chance only, so
/// the solid is not connected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spheres {
    /// Radius, m.
    pub radius: f64,
    /// Radii are uniform from radius × (1 − spread) to radius × (1 + spread).
    pub spread: f64,
    /// Share of pore; the last sphere is made smaller to meet it.
    pub porosity: f64,
    /// Chooses radii and places.
    pub seed: u64,
}

/// Spheres in bins of a box, so that only near ones are looked at.
struct Bins {
    edges: [f64; 3],
    n: [usize; 3],
    members: Vec<Vec<u32>>,
}

impl Bins {
    /// Bins that are no smaller than `reach`, and not many more than `count`.
    fn new(edges: [f64; 3], reach: f64, count: usize) -> Bins {
        let volume = edges[0] * edges[1] * edges[2];
        let edge = reach.max(libm::cbrt(volume / (count + 1) as f64));
        let n = edges.map(|e| ((e / edge) as usize).max(1));
        Bins { edges, n, members: vec![Vec::new(); n[0] * n[1] * n[2]] }
    }

    fn place(&self, at: [f64; 3]) -> [usize; 3] {
        std::array::from_fn(|a| {
            ((at[a] / self.edges[a] * self.n[a] as f64) as usize).min(self.n[a] - 1)
        })
    }

    /// Neighbours of bin `i` on an axis, itself too, each once.
    fn around(&self, axis: usize, i: usize) -> Vec<usize> {
        let n = self.n[axis];
        match n {
            1 => vec![0],
            2 => vec![0, 1],
            _ => vec![(i + n - 1) % n, i, (i + 1) % n],
        }
    }

    /// True if a sphere at `at` overlaps none of those placed, over the sides of the box too.
    fn free(&self, spheres: &[([f64; 3], f64)], at: [f64; 3], radius: f64) -> bool {
        let bin = self.place(at);
        let [x, y, z]: [Vec<usize>; 3] = std::array::from_fn(|a| self.around(a, bin[a]));
        let apart = |i: &u32| {
            let (other, reach) = spheres[*i as usize];
            let distance2: f64 = (0..3)
                .map(|a| {
                    let d = (at[a] - other[a]).abs();
                    let d = d.min(self.edges[a] - d);
                    d * d
                })
                .sum();
            distance2 >= (radius + reach) * (radius + reach)
        };
        z.iter().all(|k| {
            y.iter().all(|j| {
                x.iter()
                    .all(|i| self.members[(k * self.n[1] + j) * self.n[0] + i].iter().all(apart))
            })
        })
    }
}

impl Spheres {
    /// Porosities that are made: equal spheres jam at 1 − 0.384 (Zhang and Torquato, Phys. Rev. E
    /// 88 (2013) 053312), and the last percents before take for ever.
    pub const LIMITS: [f64; 2] = [0.65, 1.0];

    /// Places tried for one sphere.
    const TRIES: usize = 1_000_000;
    /// Spheres that memory allows.
    const MOST: f64 = 5e7;

    /// Centres and radii in m, largest first, in a box with these edges.
    pub fn pack(&self, edges: [f64; 3]) -> Result<Vec<([f64; 3], f64)>, Refused> {
        porous("packed spheres", self.porosity, Self::LIMITS)?;
        if !(0.0..=0.9).contains(&self.spread) {
            return refused("spread", format!("spread of radii {}: 0 to 0.9", self.spread));
        }
        let shortest = edges.into_iter().fold(f64::INFINITY, f64::min);
        // A sphere must not meet its own image.
        let widest = 0.5 * shortest / (1.0 + self.spread);
        between("radius", self.radius, [f64::MIN_POSITIVE, widest], "half the box")?;
        let ball = |r: f64| 4.0 / 3.0 * PI * r * r * r;
        let mut left = (1.0 - self.porosity) * edges[0] * edges[1] * edges[2];
        if left / ball(self.radius) > Self::MOST {
            return refused(
                "radius",
                format!("more than {:.0e} spheres: make them larger", Self::MOST),
            );
        }
        let mut random = Random::new(self.seed, PURPOSE);
        let mut radii = Vec::new();
        while left > 0.0 {
            let drawn = self.radius * (1.0 + self.spread * (2.0 * random.uniform() - 1.0));
            let radius = drawn.min(libm::cbrt(left / (4.0 / 3.0 * PI)));
            left -= ball(drawn);
            radii.push(radius);
        }
        radii.sort_by(|a, b| b.total_cmp(a));
        let largest = radii.first().copied().unwrap_or_default();
        let mut bins = Bins::new(edges, 2.0 * largest, radii.len());
        let mut spheres = Vec::with_capacity(radii.len());
        for radius in radii {
            let place = (0..Self::TRIES)
                .map(|_| edges.map(|e| random.uniform() * e))
                .find(|at| bins.free(&spheres, *at, radius));
            let Some(at) = place else {
                let problem = format!(
                    "no place for sphere {}: raise the porosity {} or make the spheres smaller",
                    spheres.len() + 1,
                    self.porosity
                );
                return refused("porosity", problem);
            };
            let [i, j, k] = bins.place(at);
            let bin = (k * bins.n[1] + j) * bins.n[0] + i;
            bins.members[bin].push(spheres.len() as u32);
            spheres.push((at, radius));
        }
        Ok(spheres)
    }

    /// The structure on a raster.
    pub fn make(&self, raster: &Raster) -> Result<Structure, Refused> {
        let room = [0.5 * raster.longest(), f64::INFINITY];
        between("radius", self.radius, room, "half a voxel at least")?;
        let particle = |(centre, radius)| Particle { centre, body: Body::Ball { radius } };
        let particles: Vec<Particle> =
            self.pack(raster.edges())?.into_iter().map(particle).collect();
        Ok(Cover::new(raster, &particles).structure(false))
    }
}
