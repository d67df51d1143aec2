//! `blastema profile`: values per depth from a face, as CSV.

use std::path::PathBuf;

use super::failure::{Exit, Failure};
use super::library::print;
use super::probe::{clean, open, quantity, steps};
use crate::ground::grid::{Face, Grid};
use crate::ground::units::LENGTH;
use crate::output::frame::Column;
use crate::output::{FLOW, Results, history};

/// Arguments of `profile`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  blastema profile out/plug --from z_max
  blastema profile out/plug --from z_max --bin 100um --time \"7 d\" > depth.csv
  blastema profile out/plug --from x_min --time all")]
pub struct Args {
    /// Folder of a run
    out: PathBuf,
    /// Face from which the depth counts
    #[arg(long, value_name = "FACE", default_value = "z_max")]
    from: String,
    /// Thickness of a layer; one voxel when not given
    #[arg(long, value_name = "LENGTH")]
    bin: Option<String>,
    /// Time of an output, or all; repeatable; the last one when not given
    #[arg(long, value_name = "TIME")]
    time: Vec<String>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let run = open(&args.out)?;
    let grid = run.layout.grid();
    let Some(face) = grid.face(&args.from) else {
        let names = grid.face_names().join(", ");
        let message = format!("--from {:?} is no face of the domain: {names}", args.from);
        return Err(Failure::new(Exit::Input, message));
    };
    let layers = layers(&run, face, args.bin.as_deref())?;
    let viability = Viability::of(&run);
    let mut out = history::title("time", &run.layout.time_unit) + ",from [mm],to [mm]";
    if viability.is_some() {
        out.push_str(",viable [%]");
    }
    // A flow that does not change stands apart, and belongs to the picture all the same.
    let flow = run.statics.iter().filter(|c| FLOW.contains(&c.name.as_str()));
    let columns: Vec<&Column> = run.fields.iter().chain(flow).collect();
    for column in &columns {
        out.push(',');
        out.push_str(&history::title(&column.name, &column.unit));
    }
    out.push('\n');
    for step in steps(&run, &args.time)? {
        let mut means = Vec::with_capacity(columns.len());
        for column in &columns {
            means.push(layers.means(&grid, face, &run.read(step, &column.name)?));
        }
        for layer in 0..layers.count {
            let (from, to) = layers.bounds(layer);
            let mut cells = vec![step.time / run.layout.seconds, from, to];
            let at: Vec<f64> = means.iter().map(|m| m[layer]).collect();
            cells.extend(viability.as_ref().map(|v| v.percent(&at)));
            cells.extend(&at);
            for (i, &value) in cells.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                let _ = history::write_number(&mut out, value);
            }
            out.push('\n');
        }
    }
    print(&out)
}

/// Layers across an axis, numbered from the face; lengths in mm.
struct Layers {
    voxel: f64,
    thickness: f64,
    length: f64,
    count: usize,
}

fn layers(run: &Results, face: Face, bin: Option<&str>) -> Result<Layers, Failure> {
    let spacing = run.layout.spacing[face.axis];
    let length = run.layout.n[face.axis] as f64 * spacing;
    let thickness = match bin {
        Some(text) => 1e3 * quantity("--bin", text, LENGTH, "100um")?,
        None => spacing,
    };
    if thickness < spacing * (1.0 - 1e-9) {
        let message = format!("--bin {thickness} mm is thinner than a voxel, {spacing} mm");
        return Err(Failure::new(Exit::Input, message));
    }
    // To the layer of the last centre: none without one.
    let count = ((length - 0.5 * spacing) / thickness) as usize + 1;
    Ok(Layers { voxel: spacing, thickness, length, count })
}

impl Layers {
    /// Depths (mm) between which a layer lies.
    fn bounds(&self, layer: usize) -> (f64, f64) {
        let end =
            if layer + 1 == self.count { self.length } else { (layer + 1) as f64 * self.thickness };
        (clean(layer as f64 * self.thickness), clean(end))
    }

    /// Mean of each layer over the volume that is not solid, by the voxels' centres; NaN for a
    /// layer of solid.
    fn means(&self, grid: &Grid, face: Face, values: &[f64]) -> Vec<f64> {
        let n = grid.n[face.axis];
        let weights = grid.weights();
        let mut sums = vec![(0.0, 0.0); self.count];
        for (index, &value) in values.iter().enumerate().filter(|(_, v)| !v.is_nan()) {
            let (plane, weight) = (grid.voxel(index)[face.axis], weights[index % grid.n[0]]);
            let from_face = if face.end { n - 1 - plane } else { plane };
            let depth = (from_face as f64 + 0.5) * self.voxel;
            let layer = ((depth / self.thickness) as usize).min(self.count - 1);
            sums[layer].0 += weight * value;
            sums[layer].1 += weight;
        }
        sums.iter().map(|&(sum, count)| sum / count).collect()
    }
}

/// Which fields count cells: alive (viable, quiescent) and all, as a live/dead stain counts.
struct Viability {
    alive: Vec<usize>,
    dead: Vec<usize>,
}

impl Viability {
    fn of(run: &Results) -> Option<Viability> {
        let names: Vec<&str> = run.fields.iter().map(|c| c.name.as_str()).collect();
        let mut found = Viability { alive: Vec::new(), dead: Vec::new() };
        for (i, name) in names.iter().enumerate() {
            let mut parts = name.splitn(3, '.');
            let population = parts.next().unwrap_or_default();
            match (parts.next(), parts.next()) {
                (Some("viable" | "quiescent"), None) => found.alive.push(i),
                (Some("dead"), None) => found.dead.push(i),
                // Causes add up to the sum, where that was written.
                (Some("dead"), Some(_)) if !names.contains(&&*format!("{population}.dead")) => {
                    found.dead.push(i);
                }
                _ => {}
            }
        }
        (!found.alive.is_empty() && !found.dead.is_empty()).then_some(found)
    }

    /// Per cent alive, of the means of all fields in a layer; NaN without cells.
    fn percent(&self, means: &[f64]) -> f64 {
        let sum = |list: &[usize]| list.iter().map(|&i| means[i]).sum::<f64>();
        let alive = sum(&self.alive);
        100.0 * alive / (alive + sum(&self.dead))
    }
}
