//! A part of a grid that stands for the whole, where a case is symmetric.

use super::{Face, Grid};

/// What the voxels along an axis of a box stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Symmetry {
    /// For themselves.
    #[default]
    None,
    /// For themselves and their mirror images beyond the end of the axis.
    Mirror,
    /// One voxel for this many that are alike.
    Uniform(usize),
}

impl Symmetry {
    /// Voxels for which each stands.
    pub fn copies(self) -> usize {
        match self {
            Symmetry::None => 1,
            Symmetry::Mirror => 2,
            Symmetry::Uniform(count) => count,
        }
    }
}

impl Grid {
    /// True for a face of the whole; the far end of a symmetric axis lies within.
    pub fn is_outer(&self, face: Face) -> bool {
        match self.symmetry[face.axis] {
            Symmetry::None => true,
            Symmetry::Mirror => !face.end,
            Symmetry::Uniform(_) => false,
        }
    }
    /// The whole grid.
    #[must_use]
    pub fn whole(&self) -> Grid {
        let n = std::array::from_fn(|a| self.n[a] * self.symmetry[a].copies());
        Grid { n, symmetry: Default::default(), ..self.clone() }
    }
    /// The part that stands for this grid, which is whole, where its case has these symmetries.
    #[must_use]
    pub fn part(&self, symmetry: [Symmetry; 3]) -> Grid {
        let n = std::array::from_fn(|a| self.n[a] / symmetry[a].copies());
        Grid { n, symmetry, ..self.clone() }
    }
    /// Place along `axis` that stands for place `i` of the whole.
    fn stands_for(&self, axis: usize, i: usize) -> usize {
        match self.symmetry[axis] {
            Symmetry::None => i,
            Symmetry::Mirror => i.min(2 * self.n[axis] - 1 - i),
            Symmetry::Uniform(_) => 0,
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
    pub fn spread<T: Copy>(&self, part: &[T]) -> Vec<T> {
        if self.is_whole() {
            return part.to_vec();
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
                    Symmetry::Uniform(count) => out.extend(std::iter::repeat_n(row[0], count)),
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
    /// Values of all places along `axis`, from those of the part.
    pub fn spread_along<T: Copy>(&self, axis: usize, part: &[T]) -> Vec<T> {
        let all = part.len() * self.symmetry[axis].copies();
        (0..all).map(|i| part[self.stands_for(axis, i)]).collect()
    }
    /// Voxels of the whole for which each stands, in a plane across `axis`.
    pub fn copies_across(&self, axis: usize) -> usize {
        let others = (0..3).filter(|a| *a != axis);
        others.map(|a| self.symmetry[a].copies()).product()
    }
    /// A point, or its image among the voxels that the grid holds.
    pub fn image(&self, point: [f64; 3]) -> [f64; 3] {
        let axis = |a: usize| match self.symmetry[a] {
            Symmetry::Mirror => point[a].min(self.length(a) - point[a]),
            Symmetry::Uniform(_) if (0.0..=self.length(a)).contains(&point[a]) => 0.5 * self.h[a],
            _ => point[a],
        };
        std::array::from_fn(axis)
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
            Symmetry::Uniform(4),
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
