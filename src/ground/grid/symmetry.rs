//! A part of a grid that stands for the whole, where a case is symmetric.

use std::borrow::Cow;

use super::{Face, Grid};

/// What the voxels along an axis stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Symmetry {
    /// For themselves.
    #[default]
    None,
    /// For themselves and their mirror images beyond the end of the axis.
    Mirror,
    /// One voxel of the length of the axis for all that are alike.
    Uniform {
        /// Their number.
        count: usize,
        /// Their spacing, m.
        h: f64,
    },
}

impl Symmetry {
    /// Parts that are alike, of which the grid holds one.
    pub fn copies(self) -> usize {
        if self == Symmetry::Mirror { 2 } else { 1 }
    }
    /// Voxels of the whole for which one stands.
    fn voxels(self) -> usize {
        match self {
            Symmetry::None => 1,
            Symmetry::Mirror => 2,
            Symmetry::Uniform { count, .. } => count,
        }
    }
}

impl Grid {
    /// True for a face of the whole; the far end of a symmetric axis lies within.
    pub fn is_outer(&self, face: Face) -> bool {
        match self.symmetry[face.axis] {
            Symmetry::None => true,
            Symmetry::Mirror => !face.end,
            Symmetry::Uniform { .. } => false,
        }
    }
    /// The whole grid.
    #[must_use]
    pub fn whole(&self) -> Grid {
        let n = std::array::from_fn(|a| self.n[a] * self.symmetry[a].voxels());
        let h = std::array::from_fn(|a| match self.symmetry[a] {
            Symmetry::Uniform { h, .. } => h,
            _ => self.h[a],
        });
        Grid { n, h, symmetry: Default::default(), ..self.clone() }
    }
    /// The part that stands for this grid, which is whole, where its case has these symmetries.
    #[must_use]
    pub fn part(&self, symmetry: [Symmetry; 3]) -> Grid {
        let n = std::array::from_fn(|a| self.n[a] / symmetry[a].voxels());
        let h = std::array::from_fn(|a| match symmetry[a] {
            Symmetry::Uniform { .. } => self.length(a),
            _ => self.h[a],
        });
        Grid { n, h, symmetry, ..self.clone() }
    }
    /// Place along `axis` that stands for place `i` of the whole.
    fn stands_for(&self, axis: usize, i: usize) -> usize {
        match self.symmetry[axis] {
            Symmetry::None => i,
            Symmetry::Mirror => i.min(2 * self.n[axis] - 1 - i),
            Symmetry::Uniform { .. } => 0,
        }
    }
    /// True where the voxels stand for themselves.
    pub fn is_whole(&self) -> bool {
        self.symmetry == [Symmetry::None; 3]
    }
    /// Number in the whole of a voxel of the part.
    pub fn number_in_whole(&self, index: usize) -> usize {
        if self.is_whole() {
            return index;
        }
        let [i, j, k] = self.voxel(index);
        self.whole().index(i, j, k)
    }
    /// Values of all voxels of the whole, from those of the part.
    pub fn spread<'a, T: Copy + 'a>(&self, part: impl Into<Cow<'a, [T]>>) -> Vec<T> {
        let part = part.into();
        if self.is_whole() {
            return part.into_owned();
        }
        let whole = self.whole().n;
        let mut out = Vec::with_capacity(whole.iter().product());
        for k in 0..whole[2] {
            for j in 0..whole[1] {
                let start = self.index(0, self.stands_for(1, j), self.stands_for(2, k));
                let row = &part[start..][..self.n[0]];
                match self.symmetry[0] {
                    Symmetry::None => out.extend_from_slice(row),
                    Symmetry::Mirror => out.extend(row.iter().chain(row.iter().rev())),
                    Symmetry::Uniform { count, .. } => {
                        out.extend(std::iter::repeat_n(row[0], count));
                    }
                }
            }
        }
        out
    }
    /// Values of the voxels of the part, from those of the whole.
    pub fn gather<T: Copy>(&self, whole: &[T]) -> Vec<T> {
        if self.is_whole() {
            return whole.to_vec();
        }
        let all = self.whole();
        let rows = (0..self.n[2]).flat_map(|k| (0..self.n[1]).map(move |j| (j, k)));
        rows.flat_map(|(j, k)| &whole[all.index(0, j, k)..][..self.n[0]]).copied().collect()
    }
    /// Vectors of all voxels of the whole: beyond a plane of symmetry they point the other way.
    pub fn spread_vectors(&self, part: Vec<[f32; 3]>) -> Vec<[f32; 3]> {
        let (mut out, whole) = (self.spread(part), self.whole());
        for a in (0..3).filter(|a| self.symmetry[*a] == Symmetry::Mirror) {
            for (i, v) in out.iter_mut().enumerate() {
                v[a] = if whole.voxel(i)[a] < self.n[a] { v[a] } else { -v[a] };
            }
        }
        out
    }
    /// Values of all places along `axis`, from those of the part.
    pub fn spread_along<T: Copy>(&self, axis: usize, part: &[T]) -> Vec<T> {
        let all = part.len() * self.symmetry[axis].voxels();
        (0..all).map(|i| part[self.stands_for(axis, i)]).collect()
    }
    /// Parts that are alike across `axis`.
    pub fn copies_across(&self, axis: usize) -> usize {
        let others = (0..3).filter(|a| *a != axis);
        others.map(|a| self.symmetry[a].copies()).product()
    }
    /// A point, or its image among the voxels that the grid holds.
    pub fn image(&self, point: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|a| match self.symmetry[a] {
            Symmetry::Mirror => point[a].min(self.length(a) - point[a]),
            _ => point[a],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Six by four by three voxels of which the first half along x, one plane across y and all along z
    /// are held.
    fn part() -> Grid {
        Grid::cuboid([6, 4, 3], [1.0, 2.0, 3.0]).part([
            Symmetry::Mirror,
            Symmetry::Uniform { count: 4, h: 2.0 },
            Symmetry::None,
        ])
    }

    #[test]
    fn volumes_lengths_and_areas_are_those_of_the_whole() {
        let (part, whole) = (part(), Grid::cuboid([6, 4, 3], [1.0, 2.0, 3.0]));
        assert_eq!(part.n, [3, 1, 3]);
        assert_eq!(part.whole(), whole);
        assert_eq!(part.len() as f64 * part.voxel_volume(), 6.0 * 4.0 * 3.0 * 6.0);
        for axis in 0..3 {
            assert_eq!(part.length(axis), whole.length(axis));
            for end in [false, true] {
                let face = Face { axis, end };
                assert_eq!(part.area(face), whole.area(face));
            }
        }
        let outer = Face::ALL.map(|f| part.is_outer(f));
        assert_eq!(outer, [true, false, false, false, true, true]);
    }

    #[test]
    fn vectors_beyond_a_plane_of_symmetry_are_mirrored() {
        let symmetry = [Symmetry::None, Symmetry::Mirror, Symmetry::None];
        let part = Grid::cuboid([2, 4, 1], [1.0; 3]).part(symmetry);
        let own = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0], [10.0, 11.0, 12.0]];
        let all = part.spread_vectors(own.to_vec());
        assert_eq!(all[..4], own);
        let image = [[7.0, -8.0, 9.0], [10.0, -11.0, 12.0], [1.0, -2.0, 3.0], [4.0, -5.0, 6.0]];
        assert_eq!(all[4..], image);
    }

    #[test]
    fn what_is_spread_is_the_image_of_the_part() {
        let part = part();
        let whole = part.whole();
        let own: Vec<usize> = (0..part.len()).collect();
        let spread = part.spread(&own);
        assert_eq!(spread.len(), whole.len());
        for (i, v) in spread.iter().enumerate() {
            assert_eq!(Some(*v), part.voxel_at(whole.centre(i)), "{i}");
        }
        assert_eq!(part.gather(&spread), own);
        for i in own {
            assert_eq!(spread[part.number_in_whole(i)], i);
        }
        assert_eq!(part.spread_along(0, &[1, 2, 3]), [1, 2, 3, 3, 2, 1]);
        assert_eq!(part.spread_along(1, &[7]), [7; 4]);
        assert_eq!(part.voxel_at([6.1, 1.0, 1.0]), None);
        assert_eq!(part.voxel_at([1.0, 8.1, 1.0]), None);
        assert_eq!(part.voxel_at([-0.1, 1.0, 1.0]), None);
    }
}
