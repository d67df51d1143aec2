//! The effective diffusivity of a structure, by a solve in its voxels.
//!
//! D_eff/D is the flux per total area over the mean gradient of the concentration in the fluid (or
//! in balance with it), for a diffusivity of 1 in the pores: ε/τ with the tortuosity factor τ.

use crate::geometry::components::{self, Components};
use crate::geometry::structure::Structure;
use crate::ground::grid::{Face, Grid};
use crate::numerics::potential::{Ends, Found, Medium, Stalled};

/// What a solute finds in a phase.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phase {
    /// Diffusivity over that in the pores; 0: impermeable.
    pub ratio: f64,
    /// Concentration over that in the fluid which it is in balance with.
    pub partition: f64,
}

impl Phase {
    /// The pores.
    pub const PORE: Phase = Phase { ratio: 1.0, partition: 1.0 };
    /// A solid that solutes do not enter.
    pub const IMPERMEABLE: Phase = Phase { ratio: 0.0, partition: 1.0 };
}

/// Effective over free diffusivity along one axis of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Along {
    /// D_eff/D.
    pub ratio: f64,
    /// Mean flux along x, y, z for a mean gradient of 1 along the axis.
    pub flux: [f64; 3],
    /// What `ratio` may still be too large by, relative.
    pub missed: f64,
    /// Multigrid cycles.
    pub cycles: usize,
}

/// Effective over free diffusivity of `structure` along `axis`, to the relative `tolerance`.
/// `phases` are those of the structure in order; what is not listed is impermeable. Where no way
/// leads through, it is 0.
pub fn along(
    structure: &Structure,
    phases: &[Phase],
    axis: usize,
    ends: Ends,
    tolerance: f64,
) -> Result<Along, Stalled> {
    let mut conductivity: Vec<f64> = phases.iter().map(|p| p.ratio * p.partition).collect();
    conductivity.resize(structure.phases().max(1), 0.0);
    let mut class = None;
    // Voxels from which no way leads to both ends are as those that do not conduct.
    if let Some(dead) = conductivity.iter().position(|c| *c == 0.0) {
        let (kept, changed) = through(structure, &conductivity, axis, ends);
        if !kept.contains(&true) {
            return Ok(Along { ratio: 0.0, flux: [0.0; 3], missed: 0.0, cycles: 0 });
        }
        if changed {
            let own = structure.phase.iter().zip(&kept);
            let own = own.map(|(p, kept)| if *kept { *p } else { dead as u8 });
            class = Some(own.collect::<Vec<u8>>());
        }
    }
    let medium = Medium {
        n: structure.n,
        h: structure.h,
        class: class.as_deref().unwrap_or(&structure.phase),
        conductivity: &conductivity,
        partial: structure.partial.as_ref(),
    };
    let Found { conductivity, flux, missed, cycles } = medium.effective(axis, ends, tolerance)?;
    Ok(Along { ratio: conductivity, flux, missed, cycles })
}

/// The voxels from which a way leads to both ends of the axis, and whether others that conduct are
/// left out.
fn through(
    structure: &Structure,
    conductivity: &[f64],
    axis: usize,
    ends: Ends,
) -> (Vec<bool>, bool) {
    let grid =
        Grid { periodic: [ends == Ends::Periodic; 3], ..Grid::cuboid(structure.n, structure.h) };
    let open: Vec<bool> =
        structure.phase.iter().map(|p| conductivity[usize::from(*p)] > 0.0).collect();
    let passes = |axis: usize, upper: usize| match &structure.partial {
        Some(p) if conductivity.iter().skip(1).all(|c| *c == 0.0) => p.aperture[axis][upper] > 0,
        _ => true,
    };
    let sides = [false, true].map(|end| Face { axis, end }.number());
    let spans = |parts: &Components, p: usize| sides.iter().all(|s| parts.touches[p - 1][*s]);
    let parts = components::label_through(&grid, &open, passes);
    let kept = if ends == Ends::Plates {
        parts.select(|p| spans(&parts, p))
    } else {
        // A way round the axis goes through the box from end to end at least once.
        let mut cut = grid.clone();
        cut.periodic[axis] = false;
        let cut = components::label_through(&cut, &open, passes);
        let mut round = vec![false; parts.count];
        for (part, cut_part) in parts.label.iter().zip(&cut.label) {
            if *part > 0 && spans(&cut, *cut_part as usize) {
                round[*part as usize - 1] = true;
            }
        }
        parts.select(|p| round[p - 1])
    };
    let changed = open.iter().zip(&kept).any(|(open, kept)| *open && !kept);
    (kept, changed)
}

/// Effective over free diffusivity along x, y, z; 1 along an axis of one voxel.
pub fn axes(
    structure: &Structure,
    phases: &[Phase],
    ends: Ends,
    tolerance: f64,
) -> Result<[f64; 3], Stalled> {
    let mut ratios = [1.0; 3];
    for axis in (0..3).filter(|a| structure.n[*a] > 1) {
        ratios[axis] = along(structure, phases, axis, ends, tolerance)?.ratio;
    }
    Ok(ratios)
}

/// The structure on voxels twice and four times as wide, for [`extrapolate`]: whole voxels where
/// those of the structure are, by majority, shares of pore where they are known. Sizes must divide,
/// lest another piece be measured.
pub fn coarser(structure: &Structure) -> Result<[Structure; 2], String> {
    let divides = structure.n.iter().all(|n| n.is_multiple_of(4) && *n >= 32);
    if !divides {
        return Err("voxels along each axis must be a multiple of 4, and 32 or more: crop".into());
    }
    let coarse = |factor: usize| -> Result<Structure, String> {
        let mut coarse = structure.downsample(factor).map_err(|e| e.problem)?.structure;
        if structure.partial.is_none()
            && let Some(partial) = coarse.partial.take()
        {
            coarse.phase = partial.pore.iter().map(|p| u8::from(*p < 128)).collect();
        }
        Ok(coarse)
    };
    Ok([coarse(2)?, coarse(4)?])
}

/// The limit of values on voxels four times, twice and once as wide, and its error bar: by the order
/// that the three show where that is one (0.9 to 2.5, taken as 2 at most), else the finest value. The
/// bar is three times the last step (or the one before it, where no order shows): the grid
/// convergence index for grids whose order is not sure (Roache, J. Fluids Eng. 116 (1994) 405).
/// Whole voxels make other corners of a structure on each grid.
pub fn extrapolate([quarter, half, whole]: [f64; 3]) -> (f64, f64) {
    let (step, before) = (whole - half, half - quarter);
    let seen = (before / step).log2();
    if !(0.9..=2.5).contains(&seen) {
        return (whole, 3.0 * step.abs().max(before.abs()));
    }
    (whole + step / (seen.min(2.0).exp2() - 1.0), 3.0 * step.abs())
}
