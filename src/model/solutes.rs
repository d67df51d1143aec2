//! A solute over one step with the cells as they are:
//!
//! ε ∂c/∂t = ∇·(D ∇c) − Σ_p N_p·m_p·r_p(c) + production + source + release − λ ε c,
//!
//! m_p: what other solutes do to the uptake.

use std::borrow::Cow;

use super::flow::{ROUNDING, Stream};
use super::setup::{Boundary, Population, Production, Setup, Solute};
use crate::ground::grid::{Face, Form, Grid};
use crate::ground::par;
use crate::kernel;
use crate::numerics::hierarchy::Hierarchy;
use crate::numerics::newton::Reaction;
use crate::numerics::stencil::lanes;
use crate::numerics::wall::{Behind, Wall};
use crate::physics::kinetics::Uptake;

/// Uptake of one solute by the populations.
pub struct Uptakes<'a> {
    /// Law and active cells a voxel (cells/m³), one part a population.
    pub parts: Vec<(Uptake, Cow<'a, [f64]>)>,
}

impl Reaction for Uptakes<'_> {
    fn parts(&self) -> usize {
        self.parts.len()
    }
    fn linear(&self) -> bool {
        self.parts.iter().all(|(law, _)| law.linear())
    }
    fn add(&self, part: usize, start: usize, v: &[f64], rate: &mut [f64], slope: &mut [f64]) {
        let (law, n) = &self.parts[part];
        accumulate(law, &n[start..start + v.len()], v, true, rate, slope);
    }
    fn first(&self, start: usize, v: &[f64], rate: &mut [f64], slope: &mut [f64]) {
        let Some((law, n)) = self.parts.first() else {
            rate.fill(0.0);
            slope.fill(0.0);
            return;
        };
        accumulate(law, &n[start..start + v.len()], v, false, rate, slope);
    }
    fn merged(&self, sum: &dyn Fn(&[f64]) -> Vec<f64>) -> Box<dyn Reaction + '_> {
        let parts = self.parts.iter().map(|(law, n)| (*law, Cow::Owned(sum(n)))).collect();
        Box::new(Uptakes { parts })
    }
}

kernel! {
    /// See [`Uptake::accumulate`].
    fn accumulate(law: &Uptake, n: &[f64], c: &[f64], adds: bool, rate: &mut [f64], slope: &mut [f64]) {
        law.accumulate(n, c, adds, rate, slope);
    }
}

impl Uptakes<'_> {
    /// Uptake of voxel `i` at concentration `c`, mol/m³/s.
    pub fn rate(&self, i: usize, c: f64) -> f64 {
        self.parts.iter().map(|(law, n)| n[i] * law.rate(c.max(0.0))).sum()
    }
}

/// Cells of a population that take up: viable and, at their activity, quiescent.
pub fn active<'a>(viable: &'a [f64], quiescent: Option<(&[f64], f64)>) -> Cow<'a, [f64]> {
    match quiescent {
        Some((q, activity)) if activity > 0.0 => {
            Cow::Owned(viable.iter().zip(q).map(|(n, q)| n + activity * q).collect())
        }
        _ => Cow::Borrowed(viable),
    }
}

/// Multiplies active cells by what modifies their uptake of solute `of` at concentrations `c`.
pub fn modulate<'a>(
    population: &Population,
    of: usize,
    plane: usize,
    c: &dyn Fn(usize) -> &'a [f64],
    mut n: Cow<'a, [f64]>,
) -> Cow<'a, [f64]> {
    for modifier in population.modifiers.iter().filter(|m| m.of == of) {
        let c = c(modifier.by);
        par::planes(plane, n.to_mut(), |k, n| {
            for (n, c) in n.iter_mut().zip(&c[k * plane..]) {
                *n *= modifier.law.factor(c.max(0.0));
            }
        });
    }
    n
}

/// Values per volume times the volumes of the voxels, relative to that of the mean one.
pub fn weighted<'a>(grid: &Grid, values: Cow<'a, [f64]>) -> Cow<'a, [f64]> {
    if grid.form == Form::Box {
        return values;
    }
    let weights = grid.weights();
    let mut values = values.into_owned();
    for row in values.chunks_exact_mut(weights.len()) {
        row.iter_mut().zip(&weights).for_each(|(v, w)| *v *= w);
    }
    Cow::Owned(values)
}

/// What a solute sees behind each face; nothing passes a plane of symmetry.
pub fn behind(grid: &Grid, solute: &Solute) -> [Behind; 6] {
    std::array::from_fn(|f| match &solute.boundaries[f] {
        _ if !grid.is_outer(Face::ALL[f]) => Behind::Sealed,
        Boundary::Sealed | Boundary::Flux(_) | Boundary::Inlet(_) | Boundary::Outflow => {
            Behind::Sealed
        }
        Boundary::Value(_) | Boundary::Bath(_) => Behind::Open { film: f64::INFINITY },
        Boundary::Transfer { coefficient, .. } | Boundary::StagnantMedium { coefficient, .. } => {
            Behind::Open { film: *coefficient }
        }
    })
}

/// Concentration outside a face at time `t`; `None` where the solute sees none or a bath.
pub fn outside(boundary: &Boundary, t: f64) -> Option<f64> {
    let flux = matches!(boundary, Boundary::Flux(_));
    boundary.signal().filter(|_| !flux).map(|s| s.at(t, true))
}

/// True if the face can feed the construct: a value, a film, a bath or an inlet.
pub fn feeds(boundary: &Boundary) -> bool {
    !matches!(boundary, Boundary::Sealed | Boundary::Flux(_) | Boundary::Outflow)
}

/// Concentration of solute `s` behind a boundary at the start, mol/m³.
pub fn brings(setup: &Setup, s: usize, boundary: &Boundary) -> Option<f64> {
    match boundary {
        Boundary::Bath(n) => setup.baths[*n].solutes.iter().find(|x| x.0 == s).map(|x| x.1),
        other => outside(other, 0.0),
    }
}

/// Concentration with which solute `s` is fed at the start, mol/m³: the largest at its faces.
pub fn fed(setup: &Setup, s: usize) -> Option<f64> {
    let boundaries = setup.solutes[s].boundaries.iter();
    boundaries.filter_map(|b| brings(setup, s, b)).reduce(f64::max)
}

/// Longest way of solute `s` from a fed face, m, and the factor of the diffusivity along it; the
/// quickest way, where several axes are fed. `None` where no face feeds it.
pub fn diffusion_way(setup: &Setup, s: usize) -> Option<(f64, f64)> {
    let factors = setup.solutes[s].axis;
    let open = |axis, end| feeds(&setup.solutes[s].boundaries[Face { axis, end }.number()]);
    let way = |a| match (open(a, false), open(a, true)) {
        (true, true) => Some(0.5 * setup.grid.length(a)),
        (false, false) => None,
        _ => Some(setup.grid.length(a)),
    };
    let ways = (0..3).filter_map(|a| Some((way(a)?, factors[a])));
    ways.min_by(|a, b| (a.0 * a.0 / a.1).total_cmp(&(b.0 * b.0 / b.1)))
}

/// Voxels through which a given flux enters, with the face's number; closed voxels are left out.
pub fn flux_voxels(setup: &Setup, relative: &[f64], face: Face) -> Vec<usize> {
    crate::numerics::wall::face_voxels(setup.grid.n, face).filter(|&i| relative[i] > 0.0).collect()
}

/// True if something makes solute `s`: cells, a source, a release.
pub fn makes(setup: &Setup, s: usize) -> bool {
    let makes = |p: &Production| match *p {
        Production::PerUptake { solute, .. } | Production::Constant { solute, .. } => solute == s,
    };
    let Solute { source, release, .. } = &setup.solutes[s];
    source.is_some()
        || release.is_some()
        || setup.populations.iter().flat_map(|p| &p.production).any(makes)
}

/// Adds the production of solute `s` to `rhs` (per volume and second); returns its sum.
/// `c` holds the new concentrations of the solutes solved before; `active(p, of)` are the cells of
/// population `p`, times what modifies their uptake of solute `of`.
pub fn produce<'a>(
    setup: &Setup,
    s: usize,
    c: &dyn Fn(usize) -> &'a [f64],
    active: &dyn Fn(usize, Option<usize>) -> Cow<'a, [f64]>,
    rhs: &mut [f64],
) -> f64 {
    let plane = setup.grid.plane();
    let mut total = 0.0;
    for (p, population) in setup.populations.iter().enumerate() {
        for production in &population.production {
            total += match *production {
                Production::PerUptake { solute, of, yields } if solute == s => {
                    let (n, c) = (active(p, Some(of)), c(of));
                    let laws = population.uptake.iter().filter(|u| u.0 == of);
                    laws.map(|(_, law)| per_uptake(law, yields, &n, c, plane, rhs)).sum()
                }
                Production::Constant { solute, rate } if solute == s => {
                    constant(rate, &active(p, None), plane, rhs)
                }
                _ => 0.0,
            };
        }
    }
    total
}

/// Adds `yields` times the uptake of `n` cells at `c` to `rhs`; returns its sum.
fn per_uptake(
    law: &Uptake,
    yields: f64,
    n: &[f64],
    c: &[f64],
    plane: usize,
    rhs: &mut [f64],
) -> f64 {
    let sums = par::planes_map(plane, rhs, |k, rhs| {
        let here = k * plane..(k + 1) * plane;
        let (mut rate, mut slope) = (vec![0.0; plane], vec![0.0; plane]);
        accumulate(law, &n[here.clone()], &c[here], false, &mut rate, &mut slope);
        for i in 0..plane {
            rhs[i] += yields * rate[i];
        }
        yields * lanes(plane, |i| rate[i])
    });
    sums.iter().sum()
}

/// Adds `rate` times `n` cells to `rhs`; returns its sum.
fn constant(rate: f64, n: &[f64], plane: usize, rhs: &mut [f64]) -> f64 {
    let sums = par::planes_map(plane, rhs, |k, rhs| {
        let n = &n[k * plane..][..plane];
        for i in 0..plane {
            rhs[i] += rate * n[i];
        }
        rate * lanes(plane, |i| n[i])
    });
    sums.iter().sum()
}

/// A solute's grids and walls.
pub struct Transport {
    /// Factor of the hierarchy's conductances, m²/s.
    pub d: f64,
    /// Number of its hierarchy.
    pub hierarchy: usize,
    /// Walls on all levels.
    pub wall: Wall,
    /// Voxels of faces with a given flux.
    pub flux: Vec<(usize, Vec<usize>)>,
    /// By face, what enters each voxel of the wall per outside value, where the flow makes that
    /// differ from what leaves it per its own value.
    pub inward: Option<[Vec<f64>; 6]>,
}

impl Transport {
    /// Walls of a solute on its hierarchy.
    pub fn new(
        setup: &Setup,
        solute: &Solute,
        d: f64,
        number: usize,
        hierarchy: &Hierarchy,
    ) -> Transport {
        let wall = Wall::new(
            &setup.grid,
            &hierarchy.relative,
            d,
            solute.axis,
            &behind(&setup.grid, solute),
            &hierarchy.grids.shapes,
        );
        let given = |f: &usize| matches!(solute.boundaries[*f], Boundary::Flux(_));
        let flux = (0..6)
            .filter(given)
            .filter(|&f| setup.grid.is_outer(Face::ALL[f]))
            .map(|f| (f, flux_voxels(setup, &hierarchy.relative, Face::ALL[f])))
            .collect();
        Transport { d, hierarchy: number, wall, flux, inward: None }
    }

    /// Lets the flow pass the walls. At a known value on the face the fluid enters with it, and
    /// diffusion through half a voxel adds to it; where it leaves faster than that, with what the
    /// voxel holds. Gives the first face through which fluid passes and the solute cannot.
    pub fn carry(&mut self, setup: &Setup, solute: &Solute, stream: &Stream) -> Result<(), Face> {
        let grid = &setup.grid;
        let mut inward: [Vec<f64>; 6] = Default::default();
        let largest = stream.q.iter().flatten().fold(0.0_f64, |m, q| m.max(q.abs()));
        for (number, face) in Face::ALL.into_iter().enumerate() {
            let known = self.wall.faces()[number].iter().map(|&(i, g)| (i as usize, g));
            let known: std::collections::BTreeMap<usize, f64> = known.collect();
            let mut entries = Vec::new();
            for i in crate::numerics::wall::face_voxels(grid.n, face) {
                let q = stream.entering_at(grid, face, i);
                let g = known.get(&i).copied().unwrap_or(0.0);
                if q == 0.0 && g == 0.0 {
                    continue;
                }
                let passes = match solute.boundaries[number] {
                    Boundary::Sealed | Boundary::Flux(_) => false,
                    // Round-off of the pressure may suck a little at an outlet.
                    Boundary::Outflow => q <= ROUNDING * largest,
                    _ => true,
                };
                if !passes && q != 0.0 {
                    return Err(face);
                }
                let outside = g > 0.0 || matches!(solute.boundaries[number], Boundary::Inlet(_));
                let enters = if outside { (g + q.min(0.0)).max(0.0) + q.max(0.0) } else { 0.0 };
                entries.push((i as u32, (enters - q).max(0.0)));
                inward[number].push(enters);
            }
            self.wall.levels[0][number] = entries;
            // What flows past a wall bends the concentration there too.
            self.wall.besides[0][number] = Vec::new();
        }
        self.inward = Some(inward);
        Ok(())
    }

    /// Walls of a face where a part of what the voxel takes up passes besides: voxel, conductance, part.
    pub fn besides(&self, face: usize) -> impl Iterator<Item = (usize, f64, f64)> + '_ {
        let parts = &self.wall.besides[0][face];
        self.wall.faces()[face].iter().zip(parts).map(|(&(i, g), part)| (i as usize, g, *part))
    }

    /// Walls of a face: voxel, what enters per outside value, what leaves per its own.
    pub fn gates(&self, face: usize) -> impl Iterator<Item = (usize, f64, f64)> + '_ {
        let inward = self.inward.as_ref().map(|i| &i[face]);
        let entries = self.wall.faces()[face].iter().enumerate();
        entries.map(move |(n, &(i, g))| (i as usize, inward.map_or(g, |a| a[n]), g))
    }
}
