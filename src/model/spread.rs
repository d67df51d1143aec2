//! The grids on which solutes and cells spread: those of the same ratios share one.

use std::sync::Arc;

use super::setup::{Population, Setup};
use crate::ground::par;
use crate::numerics::hierarchy::Hierarchy;

/// Conductances on all grids.
#[derive(Default)]
pub(super) struct Spread {
    /// One for all that spread alike.
    pub hierarchies: Vec<Hierarchy>,
    /// Number of the hierarchy of each solute, and the diffusivity, m²/s, that it multiplies.
    pub solutes: Vec<(usize, f64)>,
    /// The one that follows a porosity that changes.
    pub following: Option<usize>,
    /// That of the cells.
    pub motile: Option<usize>,
    /// What the hierarchies were made of.
    keys: Vec<(Arc<Vec<f64>>, [f64; 3])>,
}

impl Spread {
    /// Of a case; `room` is 1 in voxels that solutes enter, `pores` in those that cells enter, `whole` is
    /// true where there is room in all.
    pub(super) fn new(
        setup: &Setup,
        room: &Arc<Vec<f64>>,
        pores: &Arc<Vec<f64>>,
        whole: bool,
    ) -> Spread {
        let mut spread = Spread::default();
        for solute in &setup.solutes {
            let changing = setup.matter.changing.as_ref();
            let follows = changing.is_some_and(|c| Arc::ptr_eq(&c.relative, &solute.relative));
            // A uniform ratio is a factor; the conductances are then those of the room itself.
            let ratio = if follows { None } else { uniform(setup, &solute.relative, room) };
            let (of, diffusivity) = match ratio {
                Some(ratio) => (room, solute.diffusivity * ratio),
                None => (&solute.relative, solute.diffusivity),
            };
            let number = spread.of(setup, of, solute.axis, room, whole);
            spread.solutes.push((number, diffusivity));
            if follows {
                spread.following = Some(number);
            }
        }
        // Cells alone need faces too: those through which a step is made positive.
        if setup.populations.iter().any(Population::moves) || setup.solutes.is_empty() {
            spread.motile = Some(spread.of(setup, pores, [1.0; 3], pores, whole));
        }
        spread
    }

    /// Number of the hierarchy of a relative diffusivity within `inside`.
    fn of(
        &mut self,
        setup: &Setup,
        relative: &Arc<Vec<f64>>,
        axis: [f64; 3],
        inside: &Arc<Vec<f64>>,
        whole: bool,
    ) -> usize {
        let same = |k: &(Arc<Vec<f64>>, [f64; 3])| Arc::ptr_eq(&k.0, relative) && k.1 == axis;
        if let Some(number) = self.keys.iter().position(same) {
            return number;
        }
        let masked = if whole || Arc::ptr_eq(relative, inside) {
            relative.clone()
        } else {
            Arc::new(relative.iter().zip(inside.iter()).map(|(r, o)| r * o).collect())
        };
        self.keys.push((relative.clone(), axis));
        self.hierarchies.push(Hierarchy::within(&setup.grid, masked, axis, inside));
        self.keys.len() - 1
    }
}

/// The ratio where it is the same, and above 0, in all the room.
fn uniform(setup: &Setup, relative: &Arc<Vec<f64>>, room: &Arc<Vec<f64>>) -> Option<f64> {
    let first = room.iter().position(|o| *o > 0.0).map_or(1.0, |i| relative[i]);
    if Arc::ptr_eq(relative, room) {
        return Some(first);
    }
    let plane = setup.grid.plane();
    let alike = |k: usize| {
        let here = k * plane..(k + 1) * plane;
        let mut inside = relative[here.clone()].iter().zip(&room[here]);
        inside.all(|v| *v.0 == first || *v.1 == 0.0)
    };
    let all = || par::map(room.len() / plane, plane, alike).iter().all(|same| *same);
    (first > 0.0 && all()).then_some(first)
}
