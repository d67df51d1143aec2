//! Velocities from a file.

use super::{Builder, World};
use crate::case::checked::Checked;
use crate::case::shape::Range;
use crate::ground::units::{self, AREA, LENGTH, VELOCITY};
use crate::model::projection::project;
use crate::model::setup::{FlowLaw, Known};

/// Change of the velocities, root mean square, that is told.
const TOLD: f64 = 0.05;
/// The same that is refused: such a file is of another grid, order or unit.
const REFUSED: f64 = 0.5;

impl Builder<'_> {
    /// Permeability for the wall shear, where there is one; empty where not.
    pub(super) fn walls(&mut self, law: &Checked, world: &World<'_>) -> Option<Vec<f64>> {
        match law.get("permeability") {
            Some(at) => self.field(at, &world.grid, Range::positive(AREA), None),
            None => Some(Vec::new()),
        }
    }

    /// The flow of a file of velocities in the middle of voxels, made free of sources.
    pub(super) fn velocities(
        &mut self,
        law: &Checked,
        at: &Checked,
        world: &World<'_>,
    ) -> Option<FlowLaw> {
        let grid = &world.grid;
        let permeability = self.walls(law, world);
        let path = at.get("path")?;
        let unit = at.get("unit")?;
        let factor = self.factor(unit, Range::any(VELOCITY), None)?;
        let mut open = [false; 6];
        for face in at.get("open")?.list() {
            let Some(known) = grid.face(face.text()?) else {
                self.no_axis(face, grid);
                return None;
            };
            open[known.number()] = true;
        }
        let rows = self.columns(path)?.rows;
        if self.blind {
            return None;
        }
        let numbers: Vec<f64> = rows.into_iter().flat_map(|r| r.1).map(|x| x * factor).collect();
        let wanted = grid.len() * grid.dimensions;
        if numbers.len() != wanted {
            self.wrong("E024", path, format!("{} has {} values", path.key, numbers.len())).label =
                format!("{} voxels have {wanted}: one along each axis", grid.len());
            return None;
        }
        let velocity = std::array::from_fn(|axis| {
            let along = |i: usize| numbers[i * grid.dimensions + axis];
            let known = axis < grid.dimensions;
            (0..grid.len()).map(|i| if known { along(i) } else { 0.0 }).collect()
        });
        let room: Vec<f64> = world.porosity.iter().map(|e| f64::from(u8::from(*e > 0.0))).collect();
        let Ok(done) = project(grid, &velocity, &room, open) else {
            self.wrong("E024", path, format!("{} cannot be made free of sources", path.key))
                .label = "the solver found no correction".into();
            return None;
        };
        let (voxel, source) = done.worst;
        let centre = grid.centre(voxel);
        let place: Vec<String> =
            centre[..grid.dimensions].iter().map(|x| units::readable(*x, LENGTH)).collect();
        let percent = |x: f64| units::number((x * 1000.0).round() / 10.0);
        let label = format!(
            "largest source at ({}): {} % of the largest flow through a face; superficial \
            velocities, x fastest, on this grid, with these faces open?",
            place.join(", "),
            percent(source)
        );
        let change = percent(done.changed);
        if done.changed > REFUSED {
            let message = format!("{} holds no flow: {change} % would have to change", path.key);
            self.wrong("E024", path, message).label = label;
            return None;
        }
        if done.changed > TOLD {
            let message = format!("{} is not free of sources: changed by {change} %", path.key);
            self.check.warning("W046", &path.key, message, path.place).label = label;
        }
        let changed = Some(done.changed);
        Some(FlowLaw::Known(Known { q: done.q, permeability: permeability?, changed }))
    }
}
