//! Room for cells.

use super::{Builder, World};
use crate::case::checked::Checked;
use crate::ground::units::{self, CELL_DENSITY};
use crate::model::setup::{Capacity, Population};

impl Builder<'_> {
    /// A capacity per construct volume.
    pub(super) fn capacity(&mut self, at: &Checked, world: &World<'_>) -> Option<Capacity> {
        let counts = at.get("counts")?;
        let has = |word: &str| counts.list().iter().any(|c| c.text() == Some(word));
        let mut density = at.si("density")?;
        if at.word("per") == Some("pore-volume") && world.open.is_none() {
            let (least, most) = (world.porosity.iter())
                .fold((f64::INFINITY, 0.0_f64), |r, e| (r.0.min(*e), r.1.max(*e)));
            let mean = world.porosity.iter().sum::<f64>() / world.porosity.len() as f64;
            density *= if least == most { most } else { mean };
            let message = format!("{} per pore volume where the porosity varies", at.key);
            if least < most && !self.blind && !self.check.found.iter().any(|d| d.message == message)
            {
                self.check.warning("W050", &at.key, message, at.place).label = format!(
                    "one capacity holds everywhere: {} per construct volume, at the mean porosity",
                    units::readable(density, CELL_DENSITY)
                );
            }
        }
        Some(Capacity { density, counts_viable: has("viable"), counts_dead: has("dead") })
    }

    /// Seeding must leave room.
    pub(super) fn crowded(&mut self, world: &World<'_>, populations: Option<&[Population]>) {
        let Some(populations) = populations else { return };
        let root = self.root;
        for (p, (_, at)) in populations.iter().zip(root.entries_of("cells")) {
            let Some(capacity) = p.capacity.filter(|c| c.counts_viable) else { continue };
            let total = |i: usize| populations.iter().map(|p| p.seeding[i]).sum::<f64>();
            let most = (0..world.grid.len()).map(total).fold(0.0, f64::max);
            if most > capacity.density * (1.0 + 1e-9) {
                let seeding = at.get("seeding").unwrap_or(at);
                self.wrong("E023", seeding, format!("{} is above the capacity", seeding.key))
                    .label = format!(
                    "up to {} where {} fit",
                    units::readable(most, CELL_DENSITY),
                    units::readable(capacity.density, CELL_DENSITY)
                );
            }
        }
    }
}
