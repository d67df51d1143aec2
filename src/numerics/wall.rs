//! Conditions on the outer faces: every kind is one affine rule, flux = g·(outside − inner),
//! with g from half a voxel in series with a film, or a given flux.
//!
//! Where a sink S bends the concentration beside the wall, c″ = S/D, the mean of a voxel of width h lies
//! S h²/(6 D) higher above the straight line from the face than the rule has it, so
//! flux = g·(outside − inner + S h²/(6 D)): a part of what the voxel takes up, a third where the value
//! on the face is known, passes the wall besides. Without it all concentrations near the wall are low
//! by that much.

use crate::ground::grid::{Face, Form, Grid, position};
use crate::ground::par;

/// What lies behind a face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Behind {
    /// Nothing passes.
    Sealed,
    /// A known outside value, behind a film of this conductance (m/s; infinite: on the face).
    Open {
        /// Film coefficient, m/s.
        film: f64,
    },
}

/// Conductances between the outermost voxels and the outside, per voxel volume (1/s), for
/// every level of a hierarchy.
#[derive(Clone, Debug)]
pub struct Wall {
    /// Per level and face, in the order of [`Face::ALL`]: voxel index and conductance.
    pub levels: Vec<[Vec<(u32, f64)>; 6]>,
    /// The part of its sink that each of these voxels gets besides; where walls along several axes meet,
    /// they share the bend. Empty where that is not known, as around a radius.
    pub besides: Vec<[Vec<f64>; 6]>,
}

/// Some walls of a face, in the order of their voxels.
#[derive(Clone, Copy, Default)]
pub struct Side<'a> {
    /// Voxels and conductances.
    pub entries: &'a [(u32, f64)],
    /// See [`Wall::besides`]; empty where that is not known.
    pub besides: &'a [f64],
}

impl<'a> Side<'a> {
    /// Splits off the walls of voxels before `end`.
    #[inline(always)]
    #[must_use]
    pub fn take(&mut self, end: usize) -> Side<'a> {
        let count = self.entries.iter().take_while(|e| (e.0 as usize) < end).count();
        let (entries, besides) = (self.entries, self.besides);
        self.entries = &entries[count..];
        self.besides = besides.get(count..).unwrap_or(&[]);
        Side { entries: &entries[..count], besides: besides.get(..count).unwrap_or(&[]) }
    }
}

/// Axes of a face: along its rows, and across them.
fn across(axis: usize) -> [usize; 2] {
    [[1, 2], [0, 2], [0, 1]][axis]
}

/// Voxels of a face in flat order, with the number of rows and columns of the face.
pub fn face_voxels(n: [usize; 3], face: Face) -> impl Iterator<Item = usize> {
    let [a, b] = across(face.axis);
    let stride = [1, n[0], n[0] * n[1]];
    let fixed = if face.end { (n[face.axis] - 1) * stride[face.axis] } else { 0 };
    (0..n[b]).flat_map(move |q| (0..n[a]).map(move |p| fixed + p * stride[a] + q * stride[b]))
}

impl Wall {
    /// Conductances for a diffusivity `d·relative·axis` and what lies behind each face.
    /// `shapes[l]` is the grid of level `l` and the widths, in fine voxels, of its outermost
    /// voxels by face.
    pub fn new(
        grid: &Grid,
        relative: &[f64],
        d: f64,
        axis: [f64; 3],
        behind: &[Behind; 6],
        shapes: &[([usize; 3], [f64; 6])],
    ) -> Wall {
        Wall::of(grid, |face, voxel| d * axis[face.axis] * relative[voxel], behind, shapes)
    }

    /// As [`Wall::new`] for the diffusivity `local(face, voxel)`.
    pub fn of(
        grid: &Grid,
        local: impl Fn(Face, usize) -> f64 + Sync,
        behind: &[Behind; 6],
        shapes: &[([usize; 3], [f64; 6])],
    ) -> Wall {
        let faces = Face::ALL.into_iter().enumerate().collect();
        let mut by_face = par::each(faces, |(number, face): (usize, Face)| {
            let Behind::Open { film } = behind[number] else {
                return vec![Default::default(); shapes.len()];
            };
            // Read once: along x they stand far apart.
            let local: Vec<f64> = face_voxels(grid.n, face).map(|v| local(face, v)).collect();
            let even = local.iter().all(|l| *l == local[0]);
            // Rows of a face are of the same sizes.
            let sizes = face_voxels(grid.n, face).take(grid.n[across(face.axis)[0]]);
            let sizes = sizes.map(|v| [grid.share(face, v), grid.weight(v % grid.n[0])]).collect();
            let fine = Fine { grid, face, film, local, even, sizes };
            shapes.iter().map(|(n, width)| fine.level(*n, width[number])).collect()
        });
        let mut wall = Wall { levels: Vec::new(), besides: Vec::new() };
        for (l, (n, _)) in shapes.iter().enumerate() {
            let mut besides: [Vec<f64>; 6] = Default::default();
            let entries = std::array::from_fn(|f| {
                let (entries, parts) = std::mem::take(&mut by_face[f][l]);
                // Around a radius the flux itself bends the concentration too.
                if grid.form == Form::Box || f > 1 {
                    besides[f] = parts;
                }
                entries
            });
            shared(*n, &entries, &mut besides);
            wall.levels.push(entries);
            wall.besides.push(besides);
        }
        wall
    }

    /// The same without its finest level.
    #[must_use]
    pub fn coarser(&self) -> Wall {
        Wall { levels: self.levels[1..].to_vec(), besides: self.besides[1..].to_vec() }
    }

    /// By face, what plane `k` of `voxels` voxels has of level `level`.
    pub fn plane(&self, level: usize, k: usize, voxels: usize) -> [Side<'_>; 6] {
        std::array::from_fn(|f| {
            let (entries, besides) = (&self.levels[level][f], &self.besides[level][f]);
            let from = |k: usize| first_from(entries, k, voxels);
            let range = from(k)..from(k + 1);
            Side { entries: &entries[range.clone()], besides: besides.get(range).unwrap_or(&[]) }
        })
    }

    /// Voxels and conductances of the faces of the finest level.
    pub fn faces(&self) -> &[Vec<(u32, f64)>; 6] {
        &self.levels[0]
    }
}

/// Number of the first wall of a voxel in plane `k` or behind, of planes of `voxels` voxels.
fn first_from(entries: &[(u32, f64)], k: usize, voxels: usize) -> usize {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return 0 };
    let before = |e: &(u32, f64)| (e.0 as usize) < k * voxels;
    if !before(first) {
        return 0;
    }
    // All planes have the same number of walls where the face is open.
    let guess = (k * entries.len() / (last.0 as usize / voxels + 1)).min(entries.len());
    let right = before(&entries[guess - usize::from(guess > 0)])
        && entries.get(guess).is_none_or(|e| !before(e));
    if right { guess } else { entries.partition_point(before) }
}

/// What passes a wall besides for the `part` of a sink of this `rate`, and its derivative: no more than what
/// is outside could give, for where a voxel takes up all that it has the bend is not to be told from it.
#[inline(always)]
pub fn beside(part: f64, most: f64, rate: f64, slope: f64) -> (f64, f64) {
    let (passed, most) = (part * rate, most.max(0.0));
    if passed <= most { (passed, part * slope) } else { (most, 0.0) }
}

/// The voxels of a face of the fine grid.
struct Fine<'a> {
    grid: &'a Grid,
    face: Face,
    film: f64,
    /// Diffusivity of each.
    local: Vec<f64>,
    /// True where it is the same in all.
    even: bool,
    /// Area and volume of the voxels of a row, relative to those of the mean one.
    sizes: Vec<[f64; 2]>,
}

impl Fine<'_> {
    /// Entries of the same face of a grid of `n`, whose voxels there are `width` fine ones wide, and
    /// the part of their sinks that passes besides.
    fn level(&self, n: [usize; 3], width: f64) -> (Vec<(u32, f64)>, Vec<f64>) {
        let [a, b] = across(self.face.axis);
        let along = self.grid.n[a];
        // Coarse voxels of the face, in their order, as those of the fine one.
        let [columns, rows] = [a, b].map(|a| {
            let all = 0..self.grid.n[a];
            all.map(|i| coarse_index(i, self.grid.n[a], n[a])).collect::<Vec<_>>()
        });
        let (mut entries, mut parts) =
            (Vec::with_capacity(n[a] * n[b]), Vec::with_capacity(n[a] * n[b]));
        let mut voxels = face_voxels(n, self.face);
        let mut sums = vec![[0.0; 3]; n[a]];
        let (mut rest, mut row, mut count) = (&self.local[..], Vec::new(), 0);
        for merged in rows.chunk_by(|q, next| q == next) {
            let (own, others) = rest.split_at(merged.len() * along);
            rest = others;
            // As many rows of an even face are always the same.
            if !self.even || merged.len() != count {
                (row, count) = (self.sum(own, &columns, width, &mut sums), merged.len());
            }
            for (&(g, part), i) in row.iter().zip(&mut voxels) {
                if g > 0.0 {
                    entries.push((i as u32, g));
                    parts.push(part);
                }
            }
        }
        (entries, parts)
    }

    /// Conductance of each coarse voxel of a row, and its part, from the diffusivities in the fine
    /// rows that merge into it.
    fn sum(
        &self,
        local: &[f64],
        columns: &[usize],
        width: f64,
        sums: &mut [[f64; 3]],
    ) -> Vec<(f64, f64)> {
        let h = self.grid.h[self.face.axis];
        let wide = width * h;
        let (mut last, mut conductance, mut bends) = (f64::NAN, 0.0, 0.0);
        sums.fill([0.0; 3]);
        let row = || columns.iter().zip(&self.sizes);
        let rows = local.chunks_exact(columns.len());
        for ((p, [share, weight]), local) in rows.flat_map(|r| row().zip(r)) {
            if *local <= 0.0 {
                continue;
            }
            if *local != last {
                let apart = wide / (2.0 * local) + 1.0 / self.film;
                (last, conductance) = (*local, 1.0 / (h * apart));
                bends = conductance * wide * wide / (6.0 * local);
            }
            let [g, part, volume] = &mut sums[*p];
            *g += conductance * share;
            *part += bends * share;
            *volume += weight * width;
        }
        sums.iter().map(|[g, part, volume]| (*g, part / volume)).collect()
    }
}

/// Divides what passes besides among the axes along which a voxel of a grid of `n` has walls, in
/// proportion to what it would be along each alone: a wall that hardly conducts takes no share.
fn shared(n: [usize; 3], entries: &[Vec<(u32, f64)>; 6], besides: &mut [Vec<f64>; 6]) {
    let mut shares = Vec::new();
    for f in (0..6).filter(|f| !besides[*f].is_empty()) {
        for p in rim(n, f, entries[f].len()) {
            let i = entries[f][p].0;
            let at = position(n, i as usize);
            let on = |f: usize| at[f / 2] == if f.is_multiple_of(2) { 0 } else { n[f / 2] - 1 };
            let of = |f: usize| {
                let place = on(f).then(|| {
                    let [a, b] = across(f / 2);
                    if entries[f].len() == n[a] * n[b] {
                        return Some(at[b] * n[a] + at[a]);
                    }
                    entries[f].binary_search_by_key(&i, |e| e.0).ok()
                });
                place.flatten().and_then(|p| besides[f].get(p)).copied().unwrap_or(0.0)
            };
            let along = |a: usize| of(2 * a).max(of(2 * a + 1));
            let other: f64 =
                (0..3).filter(|&a| a != f / 2 && (on(2 * a) || on(2 * a + 1))).map(along).sum();
            if other > 0.0 {
                let own = along(f / 2);
                shares.push((f, p, own / (own + other)));
            }
        }
    }
    for (f, p, share) in shares {
        besides[f][p] *= share;
    }
}

/// Numbers of the walls of face `f` that other walls may be beside: of the rim of one that is open, of all
/// `count` else.
fn rim(n: [usize; 3], f: usize, count: usize) -> Vec<usize> {
    let [a, b] = across(f / 2).map(|a| n[a]);
    if count != a * b {
        return (0..count).collect();
    }
    let row = |q: usize| {
        let step = if q == 0 || q + 1 == b { 1 } else { (a - 1).max(1) };
        (0..a).step_by(step).map(move |p| q * a + p)
    };
    (0..b).flat_map(row).collect()
}

/// Index on a coarse axis of `coarse` voxels of fine voxel `i` of `fine`: pairs are merged,
/// an odd last voxel stands alone, so widths are powers of two but for the last.
pub fn coarse_index(i: usize, fine: usize, coarse: usize) -> usize {
    let mut count = fine;
    let mut shift = 0;
    while count > coarse {
        count = count.div_ceil(2);
        shift += 1;
    }
    i >> shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_start_where_a_search_finds_them() {
        let n = [4, 3, 5];
        let open = |f: usize| face_voxels(n, Face::ALL[f]).map(|i| (i as u32, 1.0));
        for f in 0..6 {
            for leave in 0..5 {
                // Whole faces, and faces with holes.
                let holed = |e: &(u32, f64)| leave == 0 || e.0 % 5 != leave && e.0 % 7 > leave;
                let entries: Vec<(u32, f64)> = open(f).filter(holed).collect();
                for k in 0..=n[2] {
                    let searched = entries.partition_point(|e| (e.0 as usize) < 12 * k);
                    assert_eq!(first_from(&entries, k, 12), searched, "{f} {leave} {k}");
                }
            }
        }
    }
}
