//! One output as one closed file: a static VTKHDF image that stands on its own.

use std::path::Path;

use hdf5::Group;

use super::checksums::publish_listed;
use super::{OutputError, Result, h5, space};
use crate::ground::grid::{Form, Grid};

/// What all files of a run share: the image's shape, the names, the unit of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Name of the master files, without extension.
    pub stem: String,
    /// Voxels along x, y, z.
    pub n: [usize; 3],
    /// Spacing along x, y, z in the file, mm. An absent axis has the smallest spacing of the
    /// others, so that it is drawn as a thin sheet or rod.
    pub spacing: [f64; 3],
    /// Number of axes that the case has.
    pub dimensions: usize,
    /// What the axes are.
    pub form: Form,
    /// Name of the unit in which the master files give times ("d").
    pub time_unit: String,
    /// Seconds in one of it.
    pub seconds: f64,
}

impl Layout {
    /// The layout of a grid; `time_unit` is the case's unit of time and its seconds. The first
    /// `grid.dimensions` axes are real.
    pub fn new(grid: &Grid, stem: &str, time_unit: (&str, f64)) -> Layout {
        let real = grid.dimensions.clamp(1, 3);
        let thin = grid.h[..real].iter().copied().fold(f64::INFINITY, f64::min);
        let spacing = std::array::from_fn(|a| 1e3 * if a < real { grid.h[a] } else { thin });
        Layout {
            stem: stem.to_owned(),
            n: grid.n,
            spacing,
            dimensions: real,
            form: grid.form,
            time_unit: time_unit.0.to_owned(),
            seconds: time_unit.1,
        }
    }
    /// Coordinate at which an axis begins, mm.
    pub fn start(&self, axis: usize) -> f64 {
        if axis == 0 { 1e3 * self.form.inner() } else { 0.0 }
    }
    /// Names of the axes that the case has.
    pub fn axes(&self) -> &'static [&'static str] {
        &self.form.axes()[..self.dimensions]
    }
    /// The grid without the thickness of absent axes: for the sizes of rings and shells.
    pub fn grid(&self) -> Grid {
        let [inner, outer] =
            [0.0, self.n[0] as f64 * 1e-3 * self.spacing[0]].map(|x| x + self.form.inner());
        match self.form {
            Form::Box => {
                let h = self.spacing.map(|h| 1e-3 * h);
                Grid { dimensions: self.dimensions, ..Grid::cuboid(self.n, h) }
            }
            Form::Cylinder { .. } => {
                let height = 1e-3 * self.spacing[1] * self.n[1] as f64;
                let height = (self.dimensions > 1).then_some((height, self.n[1]));
                Grid::cylinder(self.n[0], inner, outer, height)
            }
            Form::Sphere { .. } => Grid::sphere(self.n[0], inner, outer),
        }
    }
    /// Number of voxels.
    pub fn voxels(&self) -> usize {
        self.n.iter().product()
    }
    /// Shape of an array, slowest axis first: z, y, x.
    pub fn shape(&self) -> [usize; 3] {
        [self.n[2], self.n[1], self.n[0]]
    }
}

/// Values of an array, x fastest.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
    /// Small whole numbers: masks, labels.
    U8(Vec<u8>),
    /// Vectors along the axes of the file (x, y, z; r, z), single precision.
    Vectors(Vec<[f32; 3]>),
}

impl Values {
    /// Number of voxels.
    pub fn len(&self) -> usize {
        match self {
            Values::F32(v) => v.len(),
            Values::F64(v) => v.len(),
            Values::U8(v) => v.len(),
            Values::Vectors(v) => v.len(),
        }
    }
    /// Bytes in memory, and on the disk where nothing can be compressed.
    pub fn bytes(&self) -> usize {
        match self {
            Values::F32(v) => size_of_val(v.as_slice()),
            Values::F64(v) => size_of_val(v.as_slice()),
            Values::U8(v) => v.len(),
            Values::Vectors(v) => size_of_val(v.as_slice()),
        }
    }
    /// True without values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Their type.
    pub fn precision(&self) -> Precision {
        match self {
            Values::F32(_) => Precision::F32,
            Values::F64(_) => Precision::F64,
            Values::U8(_) => Precision::U8,
            Values::Vectors(_) => Precision::Vectors,
        }
    }
}

/// Type of an array's values in the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floating point.
    F32,
    /// 64-bit floating point.
    F64,
    /// 8-bit whole number.
    U8,
    /// Three 32-bit floating point components.
    Vectors,
}

impl Precision {
    /// Shape of an array, slowest axis first: z, y, x, and the components of vectors.
    pub fn shape(self, layout: &Layout) -> Vec<usize> {
        let components = if self == Precision::Vectors { &[3][..] } else { &[] };
        layout.shape().iter().chain(components).copied().collect()
    }
}

/// A named field on all voxels. NaN marks solid.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Name ("oxygen", "msc.viable").
    pub name: String,
    /// Unit of the values.
    pub unit: String,
    /// One value a voxel.
    pub values: Values,
}

/// What an array is called and made of, without its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Type.
    pub precision: Precision,
}

impl Array {
    /// Name, unit and type.
    pub fn column(&self) -> Column {
        Column {
            name: self.name.clone(),
            unit: self.unit.clone(),
            precision: self.values.precision(),
        }
    }
}

/// One output.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Number of the output, from 0; names the file.
    pub index: usize,
    /// Time, s.
    pub time: f64,
    /// Fields, the same ones in every frame of a run.
    pub arrays: Vec<Array>,
}

/// Name of the file of output `index`, relative to the run's folder.
pub fn file_name(index: usize) -> String {
    format!("fields/{index:06}.h5")
}

/// Names of the fields of the flow: pressure, superficial velocity, shear on pore walls.
pub const FLOW: [&str; 3] = ["pressure", "velocity", "wall_shear"];

/// Name of the file of what never changes.
pub const STATIC: &str = "fields/static.h5";

/// Publishes `arrays` as the file `name` of a run's folder, its sum listed; `time` in seconds
/// (`None` for what never changes).
pub fn write(
    folder: &Path,
    name: &str,
    layout: &Layout,
    time: Option<f64>,
    arrays: &[Array],
) -> Result<()> {
    let path = &folder.join(name);
    if let Some(bad) = arrays.iter().find(|a| a.values.len() != layout.voxels()) {
        let text = format!(
            "{}: field {} has {} values for {} voxels",
            path.display(),
            bad.name,
            bad.values.len(),
            layout.voxels()
        );
        return Err(OutputError::new(super::Kind::Io, text));
    }
    let done = publish_listed(folder, name, |temporary| {
        fill(temporary, layout, time, arrays).map_err(|e| OutputError::hdf5(path, &e))
    });
    done.map_err(|mut e| {
        if e.kind == super::Kind::Full {
            let need = space::bytes(arrays.iter().map(|a| a.values.bytes() as f64).sum());
            e.message = format!("{}; this output needs up to {need}", e.message);
        }
        e
    })
}

/// Writes `arrays` as one file; `time` in seconds (`None` for what never changes).
pub(super) fn fill(
    path: &Path,
    layout: &Layout,
    time: Option<f64>,
    arrays: &[Array],
) -> hdf5::Result<()> {
    let file = h5::create(path)?;
    if let Some(time) = time {
        h5::number(&file, "time", time)?;
        h5::number(&file, "time_displayed", time / layout.seconds)?;
    }
    h5::number(&file, "seconds_per_time_unit", layout.seconds)?;
    h5::text(&file, "time_unit", &layout.time_unit)?;
    let data = h5::group(&h5::image(&file, layout)?, "CellData")?;
    // A data set that is closed writes its last chunks, and nobody hears whether that failed: they
    // stay open until all is flushed; one at a time, for the order of open ones is the library's.
    let mut open = Vec::with_capacity(arrays.len());
    for array in arrays {
        open.push(match &array.values {
            Values::F32(v) => dataset(&data, layout, array, v),
            Values::F64(v) => dataset(&data, layout, array, v),
            Values::U8(v) => dataset(&data, layout, array, v),
            Values::Vectors(v) => dataset(&data, layout, array, v.as_flattened()),
        }?);
        file.flush()?;
    }
    drop(open);
    file.close()
}

/// Writes one field: about a megabyte a chunk, shuffled, compressed, with a check sum.
fn dataset<T: hdf5::H5Type>(
    group: &Group,
    layout: &Layout,
    array: &Array,
    values: &[T],
) -> hdf5::Result<hdf5::Dataset> {
    let shape = array.values.precision().shape(layout);
    let plane: usize = shape[1..].iter().product();
    let mut chunk = shape.clone();
    chunk[0] = ((1 << 20) / (plane * size_of::<T>()).max(1)).clamp(1, shape[0]);
    let set = group
        .new_dataset::<T>()
        .shape(shape)
        .chunk(chunk)
        .shuffle()
        .deflate(1)
        .fletcher32()
        .obj_track_times(false)
        .create(array.name.as_str())?;
    set.write_raw(values)?;
    h5::text(&set, "unit", &array.unit)?;
    Ok(set)
}
