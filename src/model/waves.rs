//! Which solutes of a step are solved for side by side.

use std::ops::Range;

use super::setup::{Modifier, Production, Setup};

/// Most at a time: each needs the memory of a solve.
const MOST: usize = 4;

/// Voxels up to which one solve does not fill all threads, still and in a flow, whose solver goes from
/// voxel to voxel; larger ones save memory.
const STILL: usize = 100_000;
const FLOWING: usize = 1_000_000;

/// Voxels up to which grids are kept.
const KEPT: usize = 250_000;

/// Solutes in their order, in groups of which none reads what a solve of the same group finds.
pub fn waves(setup: &Setup) -> Vec<Range<usize>> {
    let few = if setup.flow.is_some() { FLOWING } else { STILL };
    let most = if setup.grid.len() <= few { MOST } else { 1 };
    let mut waves: Vec<Range<usize>> = Vec::new();
    for s in 0..setup.solutes.len() {
        match waves.last_mut().filter(|w| w.len() < most && !reads(setup, s, w.start)) {
            Some(wave) => wave.end = s + 1,
            None => waves.push(s..s + 1),
        }
    }
    waves
}

/// True if the solve of solute `s` reads the solution of one before it, from `first` on: of what it
/// is made of, or of what modifies its uptake.
fn reads(setup: &Setup, s: usize, first: usize) -> bool {
    let solved = |other: usize| (first..s).contains(&other);
    setup.populations.iter().any(|population| {
        let made = |p: &Production| match *p {
            Production::PerUptake { solute, of, .. } => solute == s && solved(of),
            Production::Constant { .. } => false,
        };
        let modified = |m: &Modifier| m.of == s && solved(m.by);
        population.production.iter().any(made) || population.modifiers.iter().any(modified)
    })
}

/// Solves for which there is memory: as many as run at a time; for few voxels in a flow one a solute,
/// which then finds the grids of its last solve.
pub fn desks(setup: &Setup) -> usize {
    let widest = waves(setup).iter().map(Range::len).max().unwrap_or(1);
    if setup.flow.is_some() && setup.grid.len() <= KEPT {
        widest.max(setup.solutes.len().min(MOST))
    } else {
        widest
    }
}
