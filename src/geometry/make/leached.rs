//! Salt-leached foams: solid around overlapping grains that were washed out.

use crate::geometry::make::particles::{Body, Cover, Particle, strew};
use crate::geometry::make::raster::Raster;
use crate::geometry::make::{Refused, between, porous};
use crate::geometry::structure::Structure;
use crate::ground::random::Random;

/// Purpose of the random numbers of this family.
const PURPOSE: u64 = 2;

/// Form of a grain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// Cubes turned at random (salt, sugar).
    Cube,
    /// Balls (paraffin, gelatin).
    Sphere,
}

/// Pores where grains were: a Boolean model, places independent and uniform, periodic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leached {
    /// Form of a grain.
    pub grain: Grain,
    /// Edge of a cube, diameter of a ball, m.
    pub size: f64,
    /// Share of pore.
    pub porosity: f64,
    /// Chooses the places.
    pub seed: u64,
}

/// Edges of a cube turned at random: the columns of the rotation by a unit quaternion without
/// preference (Shoemake, Graphics Gems III (1992) 124).
fn turned(random: &mut Random) -> [[f64; 3]; 3] {
    let [w, x, y, z] = random.direction::<4>();
    [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + w * z), 2.0 * (x * z - w * y)],
        [2.0 * (x * y - w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + w * x)],
        [2.0 * (x * z + w * y), 2.0 * (y * z - w * x), 1.0 - 2.0 * (x * x + y * y)],
    ]
}

impl Leached {
    /// Porosities between which pores and solid both span a large sample.
    ///
    /// Overlapping grains percolate above 0.2895 (balls: Lorenz and Ziff, J. Chem. Phys. 114 (2001)
    /// 3659) and 0.2168 (turned cubes: Baker, Paul, Sreenivasan and Stanley, Phys. Rev. E 66 (2002)
    /// 046136); what is left between them up to about 0.97 (balls: Rintoul, Phys. Rev. E 62 (2000)
    /// 68) and 0.96 (cubes: Koza, Kondrat and Suszczyński, J. Stat. Mech. (2014) P11005).
    pub fn limits(&self) -> [f64; 2] {
        match self.grain {
            Grain::Cube => [0.22, 0.96],
            Grain::Sphere => [0.29, 0.97],
        }
    }

    /// The structure on a raster.
    pub fn make(&self, raster: &Raster) -> Result<Structure, Refused> {
        porous("a leached foam", self.porosity, self.limits())?;
        let room = [raster.longest(), raster.shortest()];
        between("size", self.size, room, "a voxel to the box")?;
        let mut random = Random::new(self.seed, PURPOSE);
        let edges = raster.edges();
        let half = 0.5 * self.size;
        let volume = match self.grain {
            Grain::Cube => self.size * self.size * self.size,
            Grain::Sphere => std::f64::consts::PI / 6.0 * self.size * self.size * self.size,
        };
        let draw = || Particle {
            centre: edges.map(|e| random.uniform() * e),
            body: match self.grain {
                Grain::Cube => Body::Cube { half, axes: turned(&mut random) },
                Grain::Sphere => Body::Ball { radius: half },
            },
        };
        let particles = strew("size", raster, self.porosity, volume, draw)?;
        Ok(Cover::new(raster, &particles).structure(true))
    }
}
