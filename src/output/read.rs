//! Reading a run's folder back: steps, fields, points.

use std::fs;
use std::path::{Path, PathBuf};

use hdf5::types::FixedUnicode;
use hdf5::{Dataset, File, IndexType, IterationOrder};

use super::folder::is_temporary;
use super::frame::{Column, Layout, Precision, STATIC, file_name};
use super::master::Series;
use super::{Kind, OutputError, Result, guard, h5};
use crate::ground::grid::Form;
use crate::model::provenance;

/// A published output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Its number.
    pub index: usize,
    /// Its time, s.
    pub time: f64,
}

/// The fields of a run's folder, finished or not.
#[derive(Clone, Debug)]
pub struct Results {
    folder: PathBuf,
    /// Shape, spacing (mm) and unit of time.
    pub layout: Layout,
    /// Published outputs, by time.
    pub steps: Vec<Step>,
    /// Fields that every output holds.
    pub fields: Vec<Column>,
    /// Fields that never change.
    pub statics: Vec<Column>,
}

impl Results {
    /// Opens the folder of a run. Errors: `Missing` where it holds no outputs, `Io`.
    pub fn open(folder: &Path) -> Result<Results> {
        let fields = folder.join("fields");
        let none = || {
            let text = format!("{} holds no outputs of a run", folder.display());
            OutputError::new(Kind::Missing, text)
        };
        let mut indices: Vec<usize> = fs::read_dir(&fields)
            .map_err(|_| none())?
            .flatten()
            .filter_map(|e| index_of(e.file_name().to_str()?))
            .collect();
        indices.sort_unstable();
        let first = folder.join(file_name(*indices.first().ok_or_else(none)?));
        let mut steps = Vec::with_capacity(indices.len());
        for index in indices {
            let path = folder.join(file_name(index));
            let time = with(&path, |file| file.attr("time")?.read_scalar())?;
            steps.push(Step { index, time });
        }
        let stem = super::regular::text(&folder.join("run.json")).unwrap_or_default();
        let stem: serde_json::Value = serde_json::from_str(&stem).unwrap_or_default();
        let stem = stem["case"].as_str().unwrap_or("run").to_owned();
        provenance::plain(&stem).map_err(|why| {
            let text = format!("the name of the case in {}/run.json {why}", folder.display());
            OutputError::new(Kind::Io, text)
        })?;
        let layout = with(&first, |file| layout(file, stem.clone()))?;
        let columns = |path: &Path| with(path, columns);
        let fixed = folder.join(STATIC);
        Ok(Results {
            layout,
            steps,
            fields: columns(&first)?,
            statics: if fixed.exists() { columns(&fixed)? } else { Vec::new() },
            folder: folder.to_owned(),
        })
    }

    /// What the master files list; writes them anew with [`super::master::write`].
    pub fn series(&self) -> Series {
        Series {
            steps: self.steps.iter().map(|s| (s.index, s.time)).collect(),
            fields: self.fields.clone(),
            statics: self.statics.clone(),
        }
    }

    /// The last output.
    pub fn last(&self) -> Step {
        self.steps[self.steps.len() - 1]
    }

    /// The output at `time` (s), up to a millionth of it; the message of the error names the
    /// neighbours.
    pub fn step_at(&self, time: f64) -> Result<Step> {
        let off = |s: &Step| (s.time - time).abs();
        let near = self.steps.iter().copied().min_by(|a, b| off(a).total_cmp(&off(b)));
        match near {
            Some(step) if off(&step) <= 1e-6 * time.abs().max(1.0) => Ok(step),
            near => Err(OutputError::new(
                Kind::Missing,
                format!(
                    "no output at {} {unit}; the nearest of {} is at {} {unit}",
                    time / self.layout.seconds,
                    self.steps.len(),
                    near.map_or(f64::NAN, |s| s.time / self.layout.seconds),
                    unit = self.layout.time_unit,
                ),
            )),
        }
    }

    /// Name, unit and type of a field; the error lists the fields there are.
    pub fn column(&self, name: &str) -> Result<&Column> {
        let mut all = self.fields.iter().chain(&self.statics);
        all.find(|c| c.name == name).ok_or_else(|| {
            let names: Vec<&str> =
                self.fields.iter().chain(&self.statics).map(|c| c.name.as_str()).collect();
            let text = format!("no field \"{name}\" was written; there are: {}", names.join(", "));
            OutputError::new(Kind::Missing, text)
        })
    }

    /// Values of a field, x fastest, of vectors their lengths; those that never change need no
    /// step.
    pub fn read(&self, step: Step, name: &str) -> Result<Vec<f64>> {
        let vectors = self.column(name)?.precision == Precision::Vectors;
        let fixed = self.statics.iter().any(|c| c.name == name);
        let file = if fixed { STATIC.to_owned() } else { file_name(step.index) };
        guard::listed(&self.folder, &file)?;
        let place = format!("VTKHDF/CellData/{name}");
        let read = |f: &hdf5::File| {
            let there = f.link_exists(&place);
            there.then(|| f.dataset(&place)?.read_raw::<f64>()).transpose()
        };
        let values = with(&self.folder.join(&file), read)?.ok_or_else(|| {
            // Where `output.fields` was changed on the way.
            let text = format!("{file} of {} holds no {name}", self.folder.display());
            OutputError::new(Kind::Missing, text)
        })?;
        let length = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        Ok(if vectors { values.chunks(3).map(length).collect() } else { values })
    }

    /// Value of `values` at a point (mm from the corner of the box): linear between voxel
    /// centres, carried on linearly to the boundary (second order there) but never below 0
    /// where no value is. With solid voxels (NaN), and where all values are 0 or 1, the voxel itself.
    /// `None` outside.
    pub fn sample(&self, values: &[f64], point: [f64; 3]) -> Option<f64> {
        sample(&self.layout, values, point)
    }
}

/// Reads every value of every field of a file: with the check sums of the format this shows
/// that it is whole. Gives the number of fields.
pub fn check(path: &Path) -> Result<usize> {
    with(path, |file| {
        let sets = file.group("VTKHDF/CellData")?.datasets()?;
        for set in &sets {
            set.read_raw::<f64>()?;
        }
        Ok(sets.len())
    })
}

fn with<T>(path: &Path, read: impl FnOnce(&File) -> hdf5::Result<T>) -> Result<T> {
    guard::regular(path)?;
    let open = h5::open(path).and_then(|file| guard::plain(&file).and_then(|()| read(&file)));
    open.map_err(|e| OutputError::hdf5(path, &e))
}

fn index_of(name: &str) -> Option<usize> {
    (!is_temporary(name)).then(|| name.strip_suffix(".h5")?.parse().ok()).flatten()
}

fn text(at: &hdf5::Location, name: &str) -> hdf5::Result<String> {
    Ok(at.attr(name)?.read_scalar::<FixedUnicode<256>>()?.as_str().to_owned())
}

fn layout(file: &File, stem: String) -> hdf5::Result<Layout> {
    let root = file.group("VTKHDF")?;
    let extent = root.attr("WholeExtent")?.read_raw::<i64>()?;
    let spacing = root.attr("Spacing")?.read_raw::<f64>()?;
    let dimensions = root.attr("dimensions")?.read_scalar::<i64>()?;
    let inner = 1e-3 * root.attr("Origin")?.read_raw::<f64>()?.first().copied().unwrap_or(0.0);
    let form = match text(&root, "coordinates")?.as_str() {
        "cylinder" => Form::Cylinder { inner },
        "sphere" => Form::Sphere { inner },
        _ => Form::Box,
    };
    let (Ok(extent), Ok(spacing)) = (<[i64; 6]>::try_from(extent), <[f64; 3]>::try_from(spacing))
    else {
        return Err("extent or spacing of the wrong length".into());
    };
    if extent.iter().any(|e| !(0..=1 << 40).contains(e)) {
        return Err("extent beyond every grid".into());
    }
    Ok(Layout {
        stem,
        n: [1, 3, 5].map(|i| extent[i].max(0) as usize),
        spacing,
        dimensions: dimensions as usize,
        form,
        time_unit: text(file, "time_unit")?,
        seconds: file.attr("seconds_per_time_unit")?.read_scalar()?,
    })
}

fn columns(file: &File) -> hdf5::Result<Vec<Column>> {
    let group = file.group("VTKHDF/CellData")?;
    let names = group.member_names_by(IndexType::CreationOrder, IterationOrder::Increasing)?;
    names.into_iter().map(|name| column(&group.dataset(&name)?, name)).collect()
}

fn column(set: &Dataset, name: String) -> hdf5::Result<Column> {
    let kind = set.dtype()?;
    let precision = if set.ndim() == 4 {
        Precision::Vectors
    } else if kind.is::<f64>() {
        Precision::F64
    } else if kind.is::<u8>() {
        Precision::U8
    } else {
        Precision::F32
    };
    Ok(Column { name, unit: text(set, "unit")?, precision })
}

fn sample(layout: &Layout, values: &[f64], point: [f64; 3]) -> Option<f64> {
    let [nx, ny, _] = layout.n;
    let index = |v: [usize; 3]| (v[2] * ny + v[1]) * nx + v[0];
    let (mut low, mut weight, mut home) = ([0; 3], [0.0; 3], [0; 3]);
    for a in 0..3 {
        let (n, x) = (layout.n[a], (point[a] - layout.start(a)) / layout.spacing[a]);
        if a >= layout.dimensions {
            continue;
        }
        if !(-1e-9..=n as f64 + 1e-9).contains(&x) {
            return None;
        }
        home[a] = (x.max(0.0) as usize).min(n - 1);
        if n > 1 {
            low[a] = ((x - 0.5).max(0.0) as usize).min(n - 2);
            weight[a] = x - 0.5 - low[a] as f64;
        }
    }
    let whole = || values.iter().all(|v| *v == 0.0 || *v == 1.0);
    if values.iter().any(|v| v.is_nan()) || whole() {
        return values.get(index(home)).copied();
    }
    let (mut sum, mut least) = (0.0, f64::INFINITY);
    for corner in 0..8_usize {
        let bit: [usize; 3] = std::array::from_fn(|a| corner >> a & 1);
        let w: f64 =
            (0..3).map(|a| if bit[a] == 1 { weight[a] } else { 1.0 - weight[a] }).product();
        if w != 0.0 {
            let v = *values.get(index(std::array::from_fn(|a| low[a] + bit[a])))?;
            sum += w * v;
            least = least.min(v);
        }
    }
    Some(if least >= 0.0 { sum.max(0.0) } else { sum })
}
