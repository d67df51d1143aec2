//! Averages of a structure that is not resolved: porosity and effective diffusivity, of the whole or
//! of each block.

use super::Builder;
use crate::case::checked::Checked;
use crate::case::keys::AXES;
use crate::geometry::structure::Structure;
use crate::ground::grid::Grid;
use crate::ground::par;
use crate::model::setup::Homogenised;
use crate::numerics::potential::Ends;
use crate::physics::effective::{self, Phase};

/// Least porosity of a block: storage and conductance are there in every voxel.
const LEAST: f64 = 1e-3;

impl Builder<'_> {
    /// True where each block has averages of its own.
    fn by_block(&self) -> bool {
        self.root.get("scaffold").and_then(|s| s.word("averages")) == Some("block")
    }

    /// Porosity of each voxel of `grid`.
    pub(super) fn average_porosity(&mut self, grid: &Grid) -> Option<Vec<f64>> {
        let tpms = self.root.get("scaffold")?.get("structure")?.chosen("tpms");
        let typed = tpms.and_then(|t| t.si("porosity"));
        let structure = self.structure.as_ref()?;
        let porosity = typed.unwrap_or_else(|| structure.porosity());
        self.homogenised = Some(Homogenised { n: structure.n, porosity, ratio: None, pores: None });
        if !self.by_block() {
            return Some(vec![porosity; grid.len()]);
        }
        let blocks = Blocks { structure, size: self.block() };
        let shares = par::map(grid.len(), blocks.voxels(), |i| blocks.porosity(grid.voxel(i)));
        let bare = shares.iter().filter(|s| **s < LEAST).count();
        if bare > 0 && !self.blind {
            let message = format!("{bare} of {} blocks have no pore", shares.len());
            self.check.warning("W049", "scaffold.averages", message, None).label =
                format!("they are taken with a porosity of {LEAST}");
        }
        Some(shares.into_iter().map(|s| s.max(LEAST)).collect())
    }

    /// D_eff/D by solves in the pores: a value a voxel of `grid`, and factors along the axes.
    pub(super) fn computed(&mut self, at: &Checked, grid: &Grid) -> Option<(Vec<f64>, [f64; 3])> {
        let v = at.chosen("computed")?;
        if self.blind {
            return None;
        }
        let scaffold = self.root.get("scaffold")?;
        let changing =
            scaffold.get("changing_porosity").filter(|_| scaffold.flag("changing_porosity"));
        if let Some(key) = changing {
            let message = format!("{} beside a computed effective diffusivity", key.key);
            self.wrong("E020", key, message).label =
                "what was computed belongs to the structure as it is".into();
            return None;
        }
        let solid = self.entered();
        if let (Some(_), Some(key)) = (solid, scaffold.get("degradation")) {
            let message = format!("{} beside a solid that solutes enter", key.key);
            self.wrong("E020", key, message).label =
                "what a homogenised solid stores would have to vanish with it".into();
            return None;
        }
        let Some(structure) = self.structure.take() else {
            self.wrong("E023", at, format!("{}.computed needs a structure", at.key)).label =
                "give scaffold.structure, or another law".into();
            return None;
        };
        let ends = if v.word("ends") == Some("periodic") { Ends::Periodic } else { Ends::Plates };
        let tolerance = v.si("tolerance")?;
        let solid = solid.map(|(ratio, partition)| Phase { ratio, partition });
        // One kind of solid, however many phases a scan was cut into.
        let mut phases = vec![solid.unwrap_or(Phase::IMPERMEABLE); structure.phases().max(2)];
        phases[0] = Phase::PORE;
        let mut ratios = match effective::axes(&structure, &phases, ends, tolerance) {
            Ok(ratios) => ratios,
            Err(stalled) => {
                let message = format!("{}: the solve in the pores did not converge", at.key);
                self.wrong("E023", at, message).label = format!(
                    "it is {:.6} with a relative error of about {:.0e}: a larger tolerance?",
                    stalled.found.conductivity, stalled.found.missed
                );
                return None;
            }
        };
        let dead = (0..grid.dimensions).filter(|a| ratios[*a] <= 0.0).map(|a| AXES[a]);
        let dead: Vec<&str> = dead.collect();
        if !dead.is_empty() {
            let message = format!("no pore leads through the structure along {}", dead.join(", "));
            let d = self.wrong("E023", at, message);
            d.label = "its effective diffusivity there is 0".into();
            d.notes.push("another threshold, or resolve = \"pores\"".into());
            return None;
        }
        for ratio in &mut ratios[grid.dimensions..] {
            *ratio = 1.0;
        }
        if let Some(homogenised) = &mut self.homogenised {
            homogenised.ratio = Some(ratios);
        }
        if !self.by_block() {
            return Some((vec![1.0; grid.len()], ratios));
        }
        // Each block by the mean over the axes; the axes differ as those of the whole do.
        let used = &ratios[..grid.dimensions];
        let mean = used.iter().sum::<f64>() / used.len() as f64;
        let blocks = Blocks { structure: &structure, size: self.block() };
        let own = par::map(grid.len(), blocks.voxels(), |i| {
            let part = blocks.part(grid.voxel(i));
            let ratios = effective::axes(&part, &phases, Ends::Plates, tolerance.max(1e-4));
            let ratios = ratios.unwrap_or_else(|s| [s.found.conductivity; 3]);
            let sum: f64 = ratios[..grid.dimensions].iter().sum();
            // As little as a block may hold of pore.
            (sum / grid.dimensions as f64).max(1e-2 * LEAST)
        });
        Some((own, ratios.map(|r| r / mean)))
    }
}

/// A structure in blocks of `size` voxels along each axis that has more than one.
struct Blocks<'a> {
    structure: &'a Structure,
    size: usize,
}

impl Blocks<'_> {
    fn voxels(&self) -> usize {
        self.sides().iter().product()
    }

    fn sides(&self) -> [usize; 3] {
        self.structure.n.map(|n| if n > 1 { self.size } else { 1 })
    }

    /// Numbers of the voxels of a block.
    fn of(&self, block: [usize; 3]) -> impl Iterator<Item = usize> {
        let (sides, n) = (self.sides(), self.structure.n);
        let from: [usize; 3] = std::array::from_fn(|a| block[a] * sides[a]);
        let rows = (0..sides[2]).flat_map(move |k| (0..sides[1]).map(move |j| (j, k)));
        rows.flat_map(move |(j, k)| {
            let row = ((from[2] + k) * n[1] + from[1] + j) * n[0] + from[0];
            row..row + sides[0]
        })
    }

    fn porosity(&self, block: [usize; 3]) -> f64 {
        self.of(block).map(|i| self.structure.pore(i)).sum::<f64>() / self.voxels() as f64
    }

    /// A block alone, without what is known of partly filled voxels.
    fn part(&self, block: [usize; 3]) -> Structure {
        let phase = self.of(block).map(|i| self.structure.phase[i]).collect();
        Structure { n: self.sides(), h: self.structure.h, phase, partial: None }
    }
}
