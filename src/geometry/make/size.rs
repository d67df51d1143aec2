//! How much of a structure by formula is solid: given, or found for a porosity.

use crate::geometry::make::field::{Cut, Field, Levels, fill};
use crate::geometry::make::raster::Raster;
use crate::geometry::make::{Refused, refused};
use crate::geometry::structure::Structure;

/// How much is solid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    /// The size itself: the level t of a surface, the diameter of struts and filaments in m.
    Given(f64),
    /// The size at which this share of the box is pore, as four samples along an edge of a voxel show
    /// it: to 0.001 with 32 voxels a cell. With 16 struts may miss it by 0.004, filaments with 10 a spacing by 0.002:
    /// there many samples lie at the same distance by symmetry.
    Porosity(f64),
    /// Along an axis each plane has the size of its own porosity, which goes straight from one value
    /// at the lower face of the box to another at the upper one. A size belongs to the porosity of
    /// whole cells, so a plane through one cell may have another.
    Graded {
        /// 0 x, 1 y, 2 z.
        axis: usize,
        /// Porosity at the lower face.
        from: f64,
        /// Porosity at the upper face.
        to: f64,
    },
}

/// A field with the sizes at which it is a scaffold.
pub struct Family<'a, F> {
    /// Its name in messages.
    pub name: &'a str,
    /// The key of the size.
    pub size: &'static str,
    /// The size in words for people.
    pub said: fn(f64) -> String,
    /// Pore lies above the level size × `scale`.
    pub scale: f64,
    /// Sizes between these, both excluded, leave pores and solid connected.
    pub limits: [f64; 2],
    /// The field.
    pub field: F,
}

impl<F: Field> Family<'_, F> {
    /// The structure; the message names the range that is right.
    pub fn make(&self, size: Size, raster: &Raster) -> Result<Structure, Refused> {
        let [least, most] = self.limits;
        if least >= most {
            let [least, most] = [least, most].map(self.said);
            return refused(
                "",
                format!(
                    "no {} of {} holds pores and solid together: from {least} on the solid does, \
                     below {most} the pores do",
                    self.size, self.name
                ),
            );
        }
        let whole = |level: f64| fill(&self.field, &Cut { axis: 2, level: &|_| level }, raster);
        // The same level however finely the voxels are sampled.
        let fine = Raster { samples: Raster::MOST, ..raster.clone() };
        let levels = || Levels::of(&self.field, &fine);
        match size {
            Size::Given(given) if least < given && given < most => Ok(whole(given * self.scale)),
            Size::Given(given) => {
                let [given, least, most] = [given, least, most].map(self.said);
                refused(
                    self.size,
                    format!(
                        "{} {given} of {}: between {least} and {most} pores and solid hold together",
                        self.size, self.name
                    ),
                )
            }
            Size::Porosity(porosity) => {
                let levels = levels();
                self.reachable("porosity", &levels, porosity)?;
                Ok(whole(levels.level(porosity)))
            }
            Size::Graded { axis, from, to } => {
                if axis > 2 {
                    return refused("graded", format!("axis {axis}: 0, 1 or 2 for x, y, z"));
                }
                let levels = levels();
                self.reachable("graded", &levels, from)?;
                self.reachable("graded", &levels, to)?;
                let length = raster.edges()[axis];
                let level = |x: f64| levels.level(from + (to - from) * (x / length));
                Ok(fill(&self.field, &Cut { axis, level: &level }, raster))
            }
        }
    }

    /// Refuses a porosity at which pores or solid would fall apart.
    fn reachable(&self, key: &'static str, levels: &Levels, porosity: f64) -> Result<(), Refused> {
        let ends = self.limits.map(|size| levels.porosity(size * self.scale));
        let (low, high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        if low < porosity && porosity < high {
            return Ok(());
        }
        refused(
            key,
            format!(
                "porosity {porosity} of {}: between {low:.3} and {high:.3} pores and solid hold \
                 together",
                self.name
            ),
        )
    }
}
