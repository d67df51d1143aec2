//! What may be said of a file that a structure is read from.

use std::path::{Path, PathBuf};

use super::super::failure::{Exit, Failure};
use super::{ending, quoted, write};

/// A file and how to read it.
#[derive(clap::Args)]
pub struct Scan {
    /// Image, folder of slices, or STL
    pub path: PathBuf,
    /// Edge of a voxel, "20 um"; needed where the file does not say it
    #[arg(long)]
    voxel: Option<String>,
    /// Grey value, `otsu`, `otsu-levels`, or several values A,B; grey above it is solid
    #[arg(long, value_parser = threshold, allow_hyphen_values = true)]
    threshold: Option<String>,
    /// Where the pores are
    #[arg(long, value_parser = ["below", "above"])]
    pores: Option<String>,
    /// Part to use in voxels: X0:X1,Y0:Y1,Z0:Z1
    #[arg(long, value_parser = crop)]
    crop: Option<String>,
    /// Voxels along each axis that become one
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=64))]
    downsample: Option<u64>,
    /// Pores to keep
    #[arg(long, value_parser = [
        "all", "percolating", "percolating-x", "percolating-y", "percolating-z"
    ])]
    keep: Option<String>,
    /// Name of the array in a file of several
    #[arg(long)]
    array: Option<String>,
    /// Plain values: voxels X,Y,Z, x fastest
    #[arg(long, requires = "type", value_parser = shape)]
    shape: Option<String>,
    /// Plain values: type of a value
    #[arg(long, requires = "shape", value_parser = [
        "u8", "i8", "u16", "i16", "u32", "i32", "f32", "f64"
    ])]
    r#type: Option<String>,
    /// Plain values: most significant byte first
    #[arg(long, requires = "shape")]
    big_endian: bool,
    /// Plain values: bytes before them
    #[arg(long, requires = "shape")]
    offset: Option<String>,
    /// STL: unit of its coordinates (default: mm)
    #[arg(long)]
    unit: Option<String>,
    /// STL: what is solid (default: inside)
    #[arg(long, value_parser = ["inside", "outside"])]
    solid: Option<String>,
    /// STL: room around it, "0.2 mm"
    #[arg(long)]
    margin: Option<String>,
}

/// What the keys of a file's structure begin with.
fn below(path: &Path) -> &'static str {
    if ending(path) == "stl" { "scaffold.structure.surface" } else { "scaffold.structure.image" }
}

/// A whole number.
fn count(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

fn threshold(text: &str) -> Result<String, &'static str> {
    let number = |t: &str| t.trim().parse::<f64>().is_ok_and(f64::is_finite);
    if matches!(text, "otsu" | "otsu-levels") || text.split(',').all(number) {
        return Ok(text.into());
    }
    Err("a grey value, several with commas between them, otsu or otsu-levels is wanted")
}

fn crop(text: &str) -> Result<String, &'static str> {
    let range =
        |r: &str| r.split_once(':').is_some_and(|(a, b)| count(a).is_some() && count(b) > count(a));
    if text.split(',').count() == 3 && text.split(',').all(range) {
        return Ok(text.into());
    }
    Err("from and to along x, y, z are wanted, in voxels: 0:100,0:100,20:80")
}

fn shape(text: &str) -> Result<String, &'static str> {
    if text.split(',').count() == 3 && text.split(',').all(|n| count(n) > Some(0)) {
        return Ok(text.into());
    }
    Err("voxels along x, y, z are wanted: 200,200,150")
}

impl Scan {
    /// Refuses to write over what is read, or where nothing can be written.
    pub fn spared(&self, outputs: &[PathBuf]) -> Result<(), Failure> {
        write::possible(outputs)?;
        let same = |out: &PathBuf| {
            let real = |p: &Path| std::fs::canonicalize(p).ok();
            real(out).is_some() && real(out) == real(&self.path)
        };
        match outputs.iter().find(|out| same(out)) {
            None => Ok(()),
            Some(out) => {
                let text = format!("--out {}: this is what is read: another name", out.display());
                Err(Failure::new(Exit::Input, text))
            }
        }
    }

    /// Refuses options that a case file answers by itself.
    pub fn bare(&self) -> Result<(), Failure> {
        // The first is the path.
        let Some(set) = self.sets().into_iter().nth(1) else { return Ok(()) };
        let key = set[below(&self.path).len() + 1..].split(['=', '.']).next();
        let key = key.unwrap_or_default();
        // What needs a shape stands under `raw`.
        let option = if key == "raw" { "shape" } else { key };
        let text = format!(
            "--{option}: a case file says that itself; change it with \
             --set scaffold.structure.image.{key}=…"
        );
        Err(Failure::new(Exit::Input, text))
    }

    /// The same as keys of a case.
    pub fn sets(&self) -> Vec<String> {
        let below = below(&self.path);
        let mut sets = vec![format!("{below}.path={}", quoted(&self.path.to_string_lossy()))];
        let mut add = |key: &str, value: &Option<String>| {
            sets.extend(value.iter().map(|v| format!("{below}.{key}={v}")));
        };
        for (key, value) in [
            ("voxel", &self.voxel),
            ("pores", &self.pores),
            ("downsample", &self.downsample.map(|d| d.to_string())),
            ("keep", &self.keep),
            ("array", &self.array),
            ("raw.type", &self.r#type),
            ("raw.offset", &self.offset),
            ("unit", &self.unit),
            ("solid", &self.solid),
            ("margin", &self.margin),
        ] {
            add(key, value);
        }
        match self.threshold.as_deref() {
            Some(word @ ("otsu" | "otsu-levels")) => {
                sets.push(format!("{below}.threshold.{word}={{}}"));
            }
            Some(list) if list.contains(',') => {
                sets.push(format!("{below}.threshold.levels.values=[{list}]"));
            }
            Some(value) => sets.push(format!("{below}.threshold={value}")),
            None => {}
        }
        if let Some(shape) = &self.shape {
            sets.push(format!("{below}.raw.shape=[{shape}]"));
        }
        if self.big_endian {
            sets.push(format!("{below}.raw.order=\"big\""));
        }
        if let Some(crop) = &self.crop {
            let ends: Vec<Vec<&str>> = crop.split(',').map(|r| r.split(':').collect()).collect();
            let side = |end: usize| {
                let of = |r: &Vec<&str>| r.get(end).copied().unwrap_or_default().to_owned();
                ends.iter().map(of).collect::<Vec<_>>().join(", ")
            };
            sets.push(format!("{below}.crop={{ from = [{}], to = [{}] }}", side(0), side(1)));
        }
        sets
    }
}
