//! Measures of a structure: what of it is pore, how it hangs together, how wide and how rough it is.
//!
//! Where shares of pore are known they give porosity, surface and profiles; all else takes a voxel
//! as pore if at least half of it is. Results have the same bits for any number of threads.

mod chords;
mod connected;
pub mod distance;
mod field;
pub mod permeability;
mod ridge;
mod sizes;
mod surface;
pub mod thickness;
pub mod throat;

use self::distance::distances;
use self::field::Field;
use self::permeability::{katz_thompson, kozeny_carman};
use self::thickness::thickness;
use self::throat::throat;
use crate::geometry::structure::Structure;
use crate::ground::par;

pub use self::connected::Connected;
pub use self::sizes::Sizes;

/// What to measure beside shares, surface, chords and profiles, which cost little.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct What {
    /// Pieces of pore and solid.
    pub connected: bool,
    /// Local thickness of the pores, and of the solid.
    pub sizes: [bool; 2],
    /// The widest ball that passes along each axis.
    pub throats: bool,
    /// Effective over free diffusivity along x, y, z where known, for the permeability after Katz
    /// and Thompson.
    pub diffusivity: Option<[f64; 3]>,
}

impl Default for What {
    fn default() -> What {
        What { connected: true, sizes: [true; 2], throats: true, diffusivity: None }
    }
}

/// Measures of a structure. Lengths in m; an axis is x, y, z in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Voxels along the axes.
    pub n: [usize; 3],
    /// Edges of a voxel, m.
    pub h: [f64; 3],
    /// Share of pore in all.
    pub porosity: f64,
    /// Part of all that each phase has; the pore first.
    pub phases: Vec<f64>,
    /// Share of pore on each plane across each axis.
    pub profiles: [Vec<f64>; 3],
    /// Area between pore and solid a volume of the whole, 1/m.
    pub surface: f64,
    /// Area a volume of solid, 1/m; `None` without solid.
    pub surface_of_solid: Option<f64>,
    /// Mean chords of pore and solid along each axis, m; `None` without a change of phase.
    pub chords: [Option<[f64; 2]>; 3],
    /// Pieces of the pore.
    pub pore_pieces: Option<Connected>,
    /// Pieces of the solid, all solid phases as one.
    pub solid_pieces: Option<Connected>,
    /// Share of all that is pore with a way to a side of the box: the porosity less the closed one.
    pub open_porosity: Option<f64>,
    /// Share of all that is pore without.
    pub closed_porosity: Option<f64>,
    /// Widths of the pores (local thickness).
    pub pores: Option<Sizes>,
    /// Widths of the solid.
    pub struts: Option<Sizes>,
    /// Diameter of the largest ball that passes along each axis, m; `None` where none does.
    pub throats: [Option<f64>; 3],
    /// Estimate of the permeability after Kozeny and Carman, m².
    pub kozeny_carman: Option<f64>,
    /// Estimate of the permeability along each axis after Katz and Thompson, m².
    pub katz_thompson: [Option<f64>; 3],
}

/// Measures a structure; `None` for one without voxels. `progress` hears what is done at the moment
/// and the part of it that is done.
///
/// Takes up to 10 bytes a voxel beside the structure.
pub fn measure(
    structure: &Structure,
    what: &What,
    progress: &mut dyn FnMut(&'static str, f64),
) -> Option<Measured> {
    if structure.is_empty() {
        return None;
    }
    progress("shares", 0.0);
    let field = Field::of(structure);
    let profiles = profiles(&field);
    let porosity = structure.porosity();
    let pores = count_pores(&field);
    progress("surface", 0.0);
    let surface = surface::specific(&field);
    let solid = 1.0 - porosity;
    progress("chords", 0.0);
    let chords = [0, 1, 2].map(|axis| chords::mean_chords(&field, pores, axis));
    let [pore_pieces, solid_pieces] =
        [("connected pores", true), ("connected solid", false)].map(|(name, pore)| {
            what.connected.then(|| {
                progress(name, 0.0);
                connected::connected(&field, pore)
            })
        });
    let closed = pore_pieces.as_ref().map(|p| p.closed);
    let (pores, throats) = wide(&field, true, what.sizes[0], what.throats, progress);
    let (struts, _) = wide(&field, false, what.sizes[1], false, progress);
    let estimate = |axis: usize| Some(katz_thompson(throats[axis]?, what.diffusivity?[axis]));
    Some(Measured {
        n: structure.n,
        h: structure.h,
        porosity,
        phases: phases(structure, porosity),
        profiles,
        surface,
        surface_of_solid: (solid > 0.0).then(|| surface / solid),
        chords,
        open_porosity: closed.map(|c| porosity - c),
        closed_porosity: closed,
        pore_pieces,
        solid_pieces,
        pores,
        struts,
        throats,
        kozeny_carman: kozeny_carman(porosity, surface),
        katz_thompson: [0, 1, 2].map(estimate),
    })
}

/// Widths and throats of a phase, from the same distances.
fn wide(
    field: &Field,
    pore: bool,
    sizes: bool,
    throats: bool,
    progress: &mut dyn FnMut(&'static str, f64),
) -> (Option<Sizes>, [Option<f64>; 3]) {
    if !sizes && !throats {
        return (None, [None; 3]);
    }
    let [far, wide] = if pore {
        ["distances in pores", "pore sizes"]
    } else {
        ["distances in solid", "strut sizes"]
    };
    progress(far, 0.0);
    let distances = distances(field.n, field.h, |v| field.is_pore(v) == pore);
    let mut passing = [None; 3];
    if throats {
        progress("throats", 0.0);
        let along = par::each(vec![0, 1, 2], |axis| throat(field.n, &distances, axis));
        passing.copy_from_slice(&along);
    }
    let found = sizes
        .then(|| thickness(field.n, field.h, &distances, &mut |part| progress(wide, part)))
        .flatten();
    (found.and_then(|t| t.sizes()), passing)
}

/// Voxels that count as pore.
fn count_pores(field: &Field) -> u64 {
    let plane = field.n[0] * field.n[1];
    let count =
        |k: usize| (k * plane..(k + 1) * plane).filter(|v| field.is_pore(*v)).count() as u64;
    par::map(field.n[2], plane, count).into_iter().sum()
}

/// Parts of all phases.
fn phases(structure: &Structure, porosity: f64) -> Vec<f64> {
    if structure.partial.is_some() {
        return vec![porosity, 1.0 - porosity];
    }
    let mut counts = vec![0_u64; structure.phases()];
    structure.phase.iter().for_each(|p| counts[usize::from(*p)] += 1);
    counts.into_iter().map(|c| c as f64 / structure.len() as f64).collect()
}

/// Mean share of pore on the planes across each axis.
fn profiles(field: &Field) -> [Vec<f64>; 3] {
    let [nx, ny, nz] = field.n;
    let sums = par::map(nz, nx * ny, |k| {
        let (mut x, mut y) = (vec![0_u64; nx], vec![0_u64; ny]);
        for (row, sum) in field.pore[k * nx * ny..(k + 1) * nx * ny].chunks(nx).zip(&mut y) {
            for (share, sum_x) in row.iter().zip(&mut x) {
                *sum_x += u64::from(*share);
                *sum += u64::from(*share);
            }
        }
        [x, y]
    });
    let mean = |sum: u64, voxels: usize| sum as f64 / 255.0 / voxels as f64;
    let along = |axis: usize, length: usize| -> Vec<f64> {
        let total = |i: usize| sums.iter().map(|s| s[axis][i]).sum::<u64>();
        (0..length).map(|i| mean(total(i), field.len() / length)).collect()
    };
    let z = sums.iter().map(|s| mean(s[1].iter().sum(), nx * ny)).collect();
    [along(0, nx), along(1, ny), z]
}
