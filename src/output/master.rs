//! `<case>.vtkhdf`: the whole series as one file whose arrays are virtual over `fields/*.h5`.
//!
//! Source files are named relative to the master, so the folder may be moved. Times are in the
//! case's unit of time.

use std::path::Path;

use hdf5::{Group, Hyperslab, SliceOrIndex};

use super::folder::publish_with;
use super::frame::{self, Column, Layout, Precision, STATIC};
use super::{OutputError, Result, h5};

/// What the master files list.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// Number and time (s) of each published output, ascending.
    pub steps: Vec<(usize, f64)>,
    /// Fields of every output.
    pub fields: Vec<Column>,
    /// Fields of `fields/static.h5`.
    pub statics: Vec<Column>,
}

/// Writes the master file and its twin as text. Nothing is written without outputs.
pub fn write(folder: &Path, layout: &Layout, series: &Series) -> Result<()> {
    if series.steps.is_empty() {
        return Ok(());
    }
    let path = folder.join(format!("{}.vtkhdf", layout.stem));
    publish_with(&path, |temporary| {
        fill(temporary, layout, series).map_err(|e| OutputError::hdf5(&path, &e))
    })?;
    super::xdmf::write(folder, layout, series)
}

/// BLAKE3 of one of the two files, by name, as [`write`] would make it.
pub(super) fn sum(layout: &Layout, series: &Series, name: &str) -> Result<String> {
    if Path::new(name).extension().is_some_and(|e| e == "xdmf") {
        let text = super::xdmf::text(layout, series);
        return Ok(blake3::hash(text.as_bytes()).to_hex().to_string());
    }
    let unique =
        format!("blastema-{}-{:?}.vtkhdf", std::process::id(), std::thread::current().id());
    let path = std::env::temp_dir().join(unique);
    let made = fill(&path, layout, series).map_err(|e| OutputError::hdf5(&path, &e));
    let sum = super::checksums::hash(&path).map_err(|e| OutputError::io(&path, &e));
    let _ = std::fs::remove_file(&path);
    made?;
    sum
}

fn fill(path: &Path, layout: &Layout, series: &Series) -> hdf5::Result<()> {
    let file = h5::create(path)?;
    h5::text(&file, "time_unit", &layout.time_unit)?;
    h5::number(&file, "seconds_per_time_unit", layout.seconds)?;
    let root = h5::image(&file, layout)?;
    let data = h5::group(&root, "CellData")?;
    for (column, fixed) in columns(series) {
        let files = sources(series, fixed);
        match column.precision {
            Precision::F32 | Precision::Vectors => {
                virtual_set(&data, layout, column, series, &files, Some(f32::NAN))
            }
            Precision::F64 => virtual_set(&data, layout, column, series, &files, Some(f64::NAN)),
            Precision::U8 => virtual_set::<u8>(&data, layout, column, series, &files, None),
        }?;
    }
    if series.steps.len() > 1 {
        steps(&root, layout, series)?;
    } else {
        // One output: readers want a static image. Its time stands in the root.
        h5::number(&file, "time", series.steps[0].1)?;
    }
    file.flush()?;
    file.close()
}

/// All columns; true for those that never change.
fn columns(series: &Series) -> impl Iterator<Item = (&Column, bool)> {
    let fields = series.fields.iter().map(|c| (c, false));
    fields.chain(series.statics.iter().map(|c| (c, true)))
}

fn sources(series: &Series, fixed: bool) -> Vec<String> {
    if fixed {
        return vec![STATIC.to_owned()];
    }
    series.steps.iter().map(|&(index, _)| frame::file_name(index)).collect()
}

/// One array over its source files: `[t, z, y, x]`, or `[z, y, x]` with a single output, and
/// `[…, 3]` for vectors.
fn virtual_set<T: hdf5::H5Type>(
    data: &Group,
    layout: &Layout,
    column: &Column,
    series: &Series,
    files: &[String],
    fill: Option<T>,
) -> hdf5::Result<()>
where
    hdf5::types::OwnedDynValue: From<T>,
{
    let one = column.precision.shape(layout);
    let source = format!("/VTKHDF/CellData/{}", column.name);
    let builder = data.new_dataset::<T>();
    let mut builder = if series.steps.len() == 1 {
        builder.shape(&one).virtual_map(&files[0], &source, &one, .., &one, ..)
    } else {
        let shape: Vec<usize> = [files.len()].iter().chain(&one).copied().collect();
        files.iter().enumerate().fold(builder.shape(&shape), |b, (t, file)| {
            let mut part = vec![SliceOrIndex::from(t..t + 1)];
            part.resize(shape.len(), (..).into());
            b.virtual_map(file, &source, &one, .., &shape, Hyperslab::from(part))
        })
    };
    if let Some(fill) = fill {
        builder = builder.fill_value(fill);
    }
    let set = builder.obj_track_times(false).create(column.name.as_str())?;
    h5::text(&set, "unit", &column.unit)
}

/// The group `Steps`: times, and where each step of each array starts.
fn steps(root: &Group, layout: &Layout, series: &Series) -> hdf5::Result<()> {
    let group = h5::group(root, "Steps")?;
    let count = series.steps.len();
    h5::number(&group, "NSteps", count as i64)?;
    let times: Vec<f64> = series.steps.iter().map(|s| s.1 / layout.seconds).collect();
    plain(&group, "Values", &times)?;
    let offsets = h5::group(&group, "CellDataOffsets")?;
    for (column, fixed) in columns(series) {
        let starts: Vec<i64> = (0..count as i64).map(|t| if fixed { 0 } else { t }).collect();
        plain(&offsets, &column.name, &starts)?;
    }
    for name in ["PointDataOffsets", "FieldDataOffsets"] {
        h5::group(&group, name)?;
    }
    Ok(())
}

fn plain<T: hdf5::H5Type>(group: &Group, name: &str, values: &[T]) -> hdf5::Result<()> {
    let set = group.new_dataset::<T>().shape(values.len()).obj_track_times(false).create(name)?;
    set.write_raw(values)
}
