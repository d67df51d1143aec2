//! What passes the faces of a solute: the baths behind them as reservoirs of its equation, and what
//! came through each face once that is solved. Amounts are per volume of the mean voxel and time.

use super::setup::{Boundary, Setup, Solute};
use super::solutes::Transport;
use crate::ground::grid::{Grid, Symmetry};
use crate::ground::par;
use crate::numerics::krylov::Reservoir;
use crate::numerics::wall::beside;

/// Part of a bath that may come besides in a step.
const MOST_BESIDES: f64 = 0.1;

/// The baths of a solute in a step.
#[derive(Default)]
pub(super) struct Baths {
    /// Number of the bath of each reservoir.
    pub owners: Vec<usize>,
    /// What the equation sees of them.
    pub reservoirs: Vec<Reservoir>,
    /// Number of the reservoir behind each face.
    pub faces: [Option<usize>; 6],
    /// What each holds at the start of the step.
    contents: Vec<f64>,
}

impl Baths {
    /// Those of solute `s` in a step of one over `inverse`; `value` is that of a bath at its start.
    pub(super) fn new(
        setup: &Setup,
        s: usize,
        transport: &Transport,
        inverse: f64,
        value: impl Fn(usize) -> f64,
    ) -> Baths {
        let volume = setup.grid.voxel_volume();
        let mut baths = Baths::default();
        for (f, boundary) in setup.solutes[s].boundaries.iter().enumerate() {
            let Boundary::Bath(b) = *boundary else { continue };
            let number = baths.owners.iter().position(|o| *o == b).unwrap_or_else(|| {
                let storage = setup.baths[b].volume / volume * inverse;
                let fixed = storage * value(b);
                let reservoir =
                    Reservoir { storage, total: storage, fixed, ..Reservoir::default() };
                baths.owners.push(b);
                baths.reservoirs.push(reservoir);
                baths.contents.push(fixed);
                baths.owners.len() - 1
            });
            baths.faces[f] = Some(number);
            let r = &mut baths.reservoirs[number];
            r.entries.extend(&transport.wall.faces()[f]);
            r.total += transport.gates(f).map(|e| e.1).sum::<f64>();
            if transport.inward.is_some() {
                r.gives.extend(transport.gates(f).map(|e| (e.0 as u32, e.1)));
            }
        }
        baths
    }

    /// Takes from the baths what voxels beside them ask for, at these `rates` of uptake, and adds it
    /// to what passes their faces `besides`.
    pub(super) fn draw(
        &mut self,
        transport: &Transport,
        rates: impl Fn(usize) -> f64,
        besides: &mut [Vec<f64>; 6],
    ) {
        for (r, reservoir) in self.reservoirs.iter_mut().enumerate() {
            let faces = || (0..6).filter(|&f| self.faces[f] == Some(r));
            let value = self.contents[r] / reservoir.storage;
            let asks = |(i, g, part): (usize, f64, f64)| beside(part, g * value, rates(i), 0.0).0;
            let asked: f64 = faces().flat_map(|f| transport.besides(f)).map(asks).sum();
            let met = (MOST_BESIDES * self.contents[r] / asked).min(1.0);
            for f in faces() {
                besides[f].resize(transport.besides(f).count(), 0.0);
                for (passed, gate) in besides[f].iter_mut().zip(transport.besides(f)) {
                    *passed += if asked > 0.0 { met * asks(gate) } else { 0.0 };
                }
                reservoir.fixed -= besides[f].iter().sum::<f64>();
            }
        }
    }

    /// Makes what entered by one face what the construct `gained` and did not get elsewhere: sums over
    /// faces have round-off of large conductances, and this has not. `values` are those of the
    /// reservoirs; `step` is false in a steady state.
    pub(super) fn close(
        &self,
        solute: &Solute,
        gained: f64,
        step: bool,
        entered: &mut Entered,
        values: &mut [f64],
    ) {
        let Entered { through, doubt } = entered;
        let stiffest = (0..6).max_by(|&a, &b| doubt[a].total_cmp(&doubt[b]));
        // The bath that holds the most follows its flux: free of the round-off of baths much larger
        // than the construct.
        let full = |r: usize| self.contents[r].max(self.reservoirs[r].storage * values[r]);
        let fullest = (0..self.owners.len()).max_by(|&a, &b| full(a).total_cmp(&full(b)));
        let closing = fullest
            .and_then(|r| self.faces.iter().rposition(|&x| x == Some(r)).map(|face| (face, r)));
        let but = |through: &[f64; 6], face: usize| -> f64 {
            (0..6).filter(|&f| f != face).map(|f| through[f]).sum()
        };
        if let Some((face, last)) = closing {
            for (r, b) in self.owners.iter().enumerate() {
                let own: Vec<usize> =
                    (0..6).filter(|&f| solute.boundaries[f].is_bath(*b)).collect();
                if let (Some((&f, others)), true) = (own.split_last(), r != last) {
                    let all = self.contents[r] - self.reservoirs[r].storage * values[r];
                    through[f] = all - others.iter().map(|&f| through[f]).sum::<f64>();
                }
            }
            let elsewhere = but(through, face);
            let from_bath: f64 = (0..6)
                .filter(|&f| f != face && solute.boundaries[f].is_bath(self.owners[last]))
                .map(|f| through[f])
                .sum();
            let storage = self.reservoirs[last].storage;
            let value = (self.contents[last] - from_bath - (gained - elsewhere)) / storage;
            if value >= 0.0 {
                through[face] = gained - elsewhere;
                values[last] = value;
            } else {
                through[face] = self.contents[last] - storage * values[last] - from_bath;
            }
        } else if let (Some(face), true) = (stiffest, step) {
            // The stiffest face over a step that the conductances are long for, where both ways agree
            // as far as the sums over the faces can tell: what is beyond that is no round-off, and
            // shows in the ledger.
            let balanced = gained - but(through, face);
            if (balanced - through[face]).abs() <= doubt.iter().sum() {
                through[face] = balanced;
            }
        }
    }
}

/// What came in through each face.
#[derive(Default)]
pub(super) struct Entered {
    /// Amounts; less than 0 where more went out.
    pub through: [f64; 6],
    /// What round-off can make of them.
    doubt: [f64; 6],
}

impl Entered {
    /// Gives what came through faces that are images of each other to both, in equal parts.
    pub(super) fn share(&mut self, grid: &Grid) {
        for (ends, symmetry) in self.through.as_chunks_mut::<2>().0.iter_mut().zip(grid.symmetry) {
            if symmetry == Symmetry::Mirror {
                *ends = [0.5 * (ends[0] + ends[1]); 2];
            }
        }
    }

    /// Adds what walls let pass at concentrations `c`, and what passed `besides`; `behind` are the
    /// values behind the faces, `rounding` the round-off of a sum over a face over its size.
    pub(super) fn walls(
        &mut self,
        transport: &Transport,
        c: &[f64],
        behind: &[Option<f64>; 6],
        besides: &[f64; 6],
        rounding: f64,
    ) {
        let passed = par::map(6, c.len() / 6, |f| {
            let value = behind[f]?;
            let (mut through, mut size) = (besides[f], 0.0);
            for (i, inward, outward) in transport.gates(f) {
                through += if inward == outward {
                    outward * (value - c[i])
                } else {
                    inward * value - outward * c[i]
                };
                size += inward * value.abs() + outward * c[i];
            }
            Some((through, size))
        });
        for (f, passed) in passed.into_iter().enumerate() {
            let Some((through, size)) = passed else { continue };
            self.through[f] += through;
            self.doubt[f] = rounding * size;
        }
    }
}
