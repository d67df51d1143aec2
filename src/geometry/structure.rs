//! What fills the voxels of a piece: pore, one or more solids, and voxels that are partly filled.

/// What a share of all is held as.
pub const WHOLE: f64 = 255.0;

/// Phases on voxels: index `(k·ny + j)·nx + i`, x fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Structure {
    /// Voxels along x, y, z.
    pub n: [usize; 3],
    /// Edges of a voxel, m.
    pub h: [f64; 3],
    /// Phase of each voxel: 0 pore, from 1 on solids. Where `partial` is known, a voxel is pore if
    /// any of it is.
    pub phase: Vec<u8>,
    /// Partly filled voxels, where known; of two phases only.
    pub partial: Option<Partial>,
}

/// Shares of pore, in 1/255.
#[derive(Clone, Debug, PartialEq)]
pub struct Partial {
    /// Of the volume of each voxel.
    pub pore: Vec<u8>,
    /// Of the area of the face below each voxel along x, y, z; the outer faces at the end of the
    /// axes are not held.
    pub aperture: [Vec<u8>; 3],
}

/// A share as it is held: 0 for nothing, 255 for all, never either for something between.
pub fn share(value: f64) -> u8 {
    if value <= 0.0 {
        0
    } else if value >= 1.0 {
        255
    } else {
        (value * WHOLE).round().clamp(1.0, 254.0) as u8
    }
}

impl Structure {
    /// Two phases from the pores of a binary image.
    pub fn binary(n: [usize; 3], h: [f64; 3], pores: impl Iterator<Item = bool>) -> Structure {
        Structure { n, h, phase: pores.map(|p| u8::from(!p)).collect(), partial: None }
    }

    /// Voxels.
    pub fn len(&self) -> usize {
        self.phase.len()
    }

    /// True without voxels.
    pub fn is_empty(&self) -> bool {
        self.phase.is_empty()
    }

    /// True where a voxel holds pore.
    pub fn open(&self, voxel: usize) -> bool {
        self.phase[voxel] == 0
    }

    /// Share of pore in a voxel, 0 to 1.
    pub fn pore(&self, voxel: usize) -> f64 {
        match &self.partial {
            Some(p) => f64::from(p.pore[voxel]) / WHOLE,
            None => f64::from(u8::from(self.phase[voxel] == 0)),
        }
    }

    /// Share of pore in all.
    pub fn porosity(&self) -> f64 {
        let pore = match &self.partial {
            Some(p) => p.pore.iter().map(|s| u64::from(*s)).sum::<u64>() as f64 / WHOLE,
            None => self.phase.iter().map(|p| u64::from(*p == 0)).sum::<u64>() as f64,
        };
        pore / self.len() as f64
    }

    /// Number of phases: the largest label and one.
    pub fn phases(&self) -> usize {
        self.phase.iter().max().map_or(0, |p| usize::from(*p) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_keep_empty_and_full_apart_from_the_rest() {
        assert_eq!(
            [share(0.0), share(1e-9), share(0.5), share(1.0 - 1e-9), share(1.0)],
            [0, 1, 128, 254, 255]
        );
    }

    #[test]
    fn porosity_counts_voxels_or_shares() {
        let mut s = Structure::binary([2, 2, 1], [1e-6; 3], [true, true, false, true].into_iter());
        assert_eq!((s.porosity(), s.phases()), (0.75, 2));
        s.partial = Some(Partial { pore: vec![255, 51, 0, 204], aperture: Default::default() });
        assert!((s.porosity() - 0.5).abs() < 1e-15);
    }
}
