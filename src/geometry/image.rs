//! Grey values on voxels, as a scanner or a program wrote them.

/// Grey values in the number type of their file.
#[derive(Clone, Debug, PartialEq)]
pub enum Grey {
    /// 8 bits without sign, masks too.
    U8(Vec<u8>),
    /// 16 bits without sign.
    U16(Vec<u16>),
    /// 16 bits with sign (Hounsfield units).
    I16(Vec<i16>),
    /// Numbers with a point, and whole numbers of more bits.
    F32(Vec<f32>),
}

/// What the values of an image stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Meaning {
    /// What a scanner or another program wrote.
    #[default]
    Grey,
    /// Shares of solid in 1/255, as this program writes them.
    Solid,
    /// Labels of phases, 0 pore, as this program writes them.
    Phases,
}

impl Meaning {
    /// Its name in a file's description.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Meaning::Grey => None,
            Meaning::Solid => Some("solid"),
            Meaning::Phases => Some("phases"),
        }
    }
}

/// An image: index `(k·ny + j)·nx + i`, x fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Pixels along x, rows along y, slices along z.
    pub n: [usize; 3],
    /// Values.
    pub grey: Grey,
    /// Edges of a voxel in metres, where the file says so with a unit or by its format.
    pub voxel: Option<[f64; 3]>,
    /// What the values stand for.
    pub meaning: Meaning,
}

impl Grey {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Grey::U8(v) => v.len(),
            Grey::U16(v) => v.len(),
            Grey::I16(v) => v.len(),
            Grey::F32(v) => v.len(),
        }
    }

    /// True without values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at `i`.
    pub fn at(&self, i: usize) -> f64 {
        match self {
            Grey::U8(v) => f64::from(v[i]),
            Grey::U16(v) => f64::from(v[i]),
            Grey::I16(v) => f64::from(v[i]),
            Grey::F32(v) => f64::from(v[i]),
        }
    }
}
