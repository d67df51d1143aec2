//! Edits of a structure: cut, coarsen, turn round, close what does not percolate, pad.
//!
//! Shares and open parts of faces go along where they are known.

use std::fmt;

use super::components::label;
use super::structure::{Partial, Structure};
use crate::ground::grid::{Face, Grid, position};
use crate::ground::par;

/// Why an edit was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditError {
    /// What is wrong and what to do.
    pub problem: String,
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl std::error::Error for EditError {}

fn error<T>(problem: String) -> Result<T, EditError> {
    Err(EditError { problem })
}

/// A coarser structure.
#[derive(Clone, Debug, PartialEq)]
pub struct Coarser {
    /// The structure.
    pub structure: Structure,
    /// Voxels at the end of each axis that fill no coarse voxel and were left out.
    pub dropped: [usize; 3],
}

impl Structure {
    /// The voxels from `from` up to, not including, `to`.
    pub fn crop(&self, from: [usize; 3], to: [usize; 3]) -> Result<Structure, EditError> {
        if (0..3).any(|a| from[a] >= to[a] || to[a] > self.n[a]) {
            let n = self.n;
            return error(format!("a cut from {from:?} to {to:?} is not in {n:?} voxels"));
        }
        let n = std::array::from_fn(|a| to[a] - from[a]);
        Ok(self.gather(n, self.h, |at| {
            Some(self.index([at[0] + from[0], at[1] + from[1], at[2] + from[2]]))
        }))
    }

    /// Voxels of `factor`³ voxels. With two phases they keep the share of pore, rounded to 1/255,
    /// and of their faces the part that is open on both sides; with more they are of the phase
    /// with most voxels, of the lowest label among equals.
    pub fn downsample(&self, factor: usize) -> Result<Coarser, EditError> {
        if factor == 0 || self.n.iter().any(|n| *n < factor) {
            return error(format!("voxels of {factor}³ do not fit into {:?} voxels", self.n));
        }
        let n = self.n.map(|n| n / factor);
        let h = self.h.map(|h| h * factor as f64);
        let dropped = self.n.map(|n| n % factor);
        let coarse = Blocks { fine: self, n, factor };
        let structure = if self.phases() > 2 {
            let phase = coarse.each(|at| coarse.majority(at));
            Structure { n, h, phase, partial: None }
        } else {
            let pore = coarse.each(|at| coarse.pore(at));
            let aperture = std::array::from_fn(|a| coarse.each(|at| coarse.aperture(at, a)));
            let phase = pore.iter().map(|p| u8::from(*p == 0)).collect();
            Structure { n, h, phase, partial: Some(Partial { pore, aperture }) }
        };
        Ok(Coarser { structure, dropped })
    }

    /// Pore for solid and solid for pore; of two phases only.
    pub fn invert(&self) -> Result<Structure, EditError> {
        if self.phases() > 2 {
            let phases = self.phases();
            return error(format!("{phases} phases have no inverse: choose the pore among them"));
        }
        let mut out = self.clone();
        let Some(partial) = &mut out.partial else {
            out.phase.iter_mut().for_each(|p| *p = u8::from(*p == 0));
            return Ok(out);
        };
        partial.pore.iter_mut().for_each(|p| *p = 255 - *p);
        out.phase = partial.pore.iter().map(|p| u8::from(*p == 0)).collect();
        for (axis, aperture) in partial.aperture.iter_mut().enumerate() {
            for (voxel, part) in aperture.iter_mut().enumerate() {
                // A face between pore and solid is closed either way.
                let shut = out.phase[voxel] != 0
                    || self.below(voxel, axis).is_some_and(|v| out.phase[v] != 0);
                *part = if shut { 0 } else { 255 - *part };
            }
        }
        Ok(out)
    }

    /// Makes solid (phase 1) of all pores that no path through open voxels joins to both ends of
    /// `axis`; without an axis, of any one axis of more than a voxel. Returns how many voxels were filled. Voxels that
    /// are partly filled count as open to all open neighbours.
    pub fn keep_percolating(&mut self, axis: Option<usize>) -> usize {
        let open: Vec<bool> = self.phase.iter().map(|p| *p == 0).collect();
        let n = self.n;
        let parts = label(&Grid::cuboid(n, self.h), &open);
        let end = |axis, end| Face { axis, end }.number();
        let spans =
            |i: usize, a| parts.touches[i - 1][end(a, false)] && parts.touches[i - 1][end(a, true)];
        let keep =
            parts.select(|i| (0..3).any(|a| axis.map_or(n[a] > 1, |x| x == a) && spans(i, a)));
        let mut filled = 0;
        for voxel in 0..self.len() {
            if open[voxel] && !keep[voxel] {
                self.phase[voxel] = 1;
                filled += 1;
            }
        }
        // Faces beside what was filled.
        let (phase, n) = (&self.phase, self.n);
        if let Some(partial) = &mut self.partial {
            for (share, phase) in partial.pore.iter_mut().zip(phase) {
                if *phase != 0 {
                    *share = 0;
                }
            }
            for (axis, aperture) in partial.aperture.iter_mut().enumerate() {
                for (voxel, part) in aperture.iter_mut().enumerate() {
                    if phase[voxel] != 0 || below(n, voxel, axis).is_some_and(|v| phase[v] != 0) {
                        *part = 0;
                    }
                }
            }
        }
        filled
    }

    /// `layers` voxels of one phase more on all sides. A face between pore and the partly filled
    /// last voxel of an axis, which was not held, gets that voxel's share of pore. Whether the
    /// voxels fit into memory is for the caller to ask.
    pub fn pad(&self, layers: usize, phase: u8) -> Result<Structure, EditError> {
        let grown = self.n.map(|n| layers.checked_mul(2)?.checked_add(n));
        let [Some(x), Some(y), Some(z)] = grown else {
            return error(format!("{layers} voxels on each side are too many"));
        };
        if x.checked_mul(y).and_then(|xy| xy.checked_mul(z)).is_none() {
            return error(format!("{layers} voxels on each side are too many"));
        }
        if self.partial.is_some() && phase > 1 {
            return error(format!("phase {phase} cannot stand beside partly filled voxels"));
        }
        let n = [x, y, z];
        let inner = |at: [usize; 3]| {
            let inside = (0..3).all(|a| at[a] >= layers && at[a] - layers < self.n[a]);
            inside.then(|| self.index(at.map(|i| i - layers)))
        };
        let mut out = self.gather(n, self.h, inner);
        let outer = if phase == 0 { 255 } else { 0 };
        for voxel in 0..out.len() {
            let at = out.place(voxel);
            if inner(at).is_some() {
                continue;
            }
            out.phase[voxel] = phase;
            if let Some(partial) = &mut out.partial {
                partial.pore[voxel] = outer;
            }
        }
        let pore = out.partial.as_ref().map(|p| p.pore.clone()).unwrap_or_default();
        let Some(partial) = &mut out.partial else { return Ok(out) };
        for (axis, aperture) in partial.aperture.iter_mut().enumerate() {
            for (voxel, part) in aperture.iter_mut().enumerate() {
                let at = position(n, voxel);
                let low = below(n, voxel, axis);
                let held = inner(at).is_some();
                let beside = low.is_some_and(|v| inner(position(n, v)).is_some());
                match (held, beside) {
                    (true, true) => {}
                    (true, false) if low.is_none() || outer == 255 => {}
                    (true, false) => *part = 0,
                    (false, true) => *part = outer.min(low.map_or(0, |v| pore[v])),
                    (false, false) => *part = outer,
                }
            }
        }
        Ok(out)
    }

    fn index(&self, at: [usize; 3]) -> usize {
        (at[2] * self.n[1] + at[1]) * self.n[0] + at[0]
    }

    fn place(&self, voxel: usize) -> [usize; 3] {
        position(self.n, voxel)
    }

    /// The voxel below along an axis.
    fn below(&self, voxel: usize, axis: usize) -> Option<usize> {
        below(self.n, voxel, axis)
    }

    /// A structure of `n` voxels, each of them one of these or of pore without a share.
    fn gather(
        &self,
        n: [usize; 3],
        h: [f64; 3],
        from: impl Fn([usize; 3]) -> Option<usize>,
    ) -> Structure {
        let take = |values: &[u8]| -> Vec<u8> {
            let one = |v| from(position(n, v)).map_or(0, |v| values[v]);
            (0..n.iter().product()).map(one).collect()
        };
        let partial = self.partial.as_ref().map(|p| Partial {
            pore: take(&p.pore),
            aperture: std::array::from_fn(|a| take(&p.aperture[a])),
        });
        Structure { n, h, phase: take(&self.phase), partial }
    }
}

fn below(n: [usize; 3], voxel: usize, axis: usize) -> Option<usize> {
    let stride = [1, n[0], n[0] * n[1]][axis];
    (position(n, voxel)[axis] > 0).then(|| voxel - stride)
}

/// Coarse voxels over fine ones.
struct Blocks<'a> {
    fine: &'a Structure,
    n: [usize; 3],
    factor: usize,
}

impl Blocks<'_> {
    /// A value for each coarse voxel.
    fn each(&self, value: impl Fn([usize; 3]) -> u8 + Sync) -> Vec<u8> {
        let mut out = vec![0; self.n.iter().product()];
        par::planes(self.n[0] * self.n[1], &mut out, |k, out| {
            for (i, out) in out.iter_mut().enumerate() {
                *out = value([i % self.n[0], i / self.n[0], k]);
            }
        });
        out
    }

    /// Fine voxels of a coarse one that lie less than `depth` deep along an axis.
    fn voxels(&self, at: [usize; 3], axis: usize, depth: usize) -> impl Iterator<Item = usize> {
        let f = self.factor;
        let size: [usize; 3] = std::array::from_fn(|a| if a == axis { depth } else { f });
        (0..size.iter().product()).map(move |i| {
            let inner = position(size, i);
            self.fine.index(std::array::from_fn(|a| f * at[a] + inner[a]))
        })
    }

    fn majority(&self, at: [usize; 3]) -> u8 {
        let mut counts = [0_usize; 256];
        for v in self.voxels(at, 0, self.factor) {
            counts[usize::from(self.fine.phase[v])] += 1;
        }
        let most = counts.iter().max().copied().unwrap_or(0);
        counts.iter().position(|c| *c == most).unwrap_or(0) as u8
    }

    fn pore(&self, at: [usize; 3]) -> u8 {
        mean(self.voxels(at, 0, self.factor).map(|v| match &self.fine.partial {
            Some(p) => p.pore[v],
            None => whole(self.fine.open(v)),
        }))
    }

    fn aperture(&self, at: [usize; 3], axis: usize) -> u8 {
        let beside = |v| self.fine.below(v, axis).is_none_or(|v| self.fine.open(v));
        mean(self.voxels(at, axis, 1).map(|v| match &self.fine.partial {
            Some(p) => p.aperture[axis][v],
            None => whole(self.fine.open(v) && beside(v)),
        }))
    }
}

/// All or nothing, as a share.
fn whole(open: bool) -> u8 {
    if open { 255 } else { 0 }
}

/// Mean of shares to the nearest; nothing and all stay apart from the rest.
fn mean(shares: impl Iterator<Item = u8>) -> u8 {
    let (sum, count) = shares.fold((0_u64, 0_u64), |(s, c), x| (s + u64::from(x), c + 1));
    if sum == 0 {
        0
    } else if sum == 255 * count {
        255
    } else {
        ((2 * sum + count) / (2 * count)).clamp(1, 254) as u8
    }
}
