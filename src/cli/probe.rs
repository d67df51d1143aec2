//! `blastema probe`: values of a run at points and times.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::failure::{Exit, Failure};
use super::library::print;
use crate::ground::units::{self, Dimension, LENGTH, TIME};
use crate::output::read::Step;
use crate::output::{Results, history};

/// Arguments of `probe`.
#[derive(clap::Args)]
#[command(after_help = "\
Values are linear between the centres of voxels and carried on to the faces, whatever is held there: what
a face holds stands in the case. In resolved pores, the voxel itself.

Examples:
  blastema probe out/plug --at \"2.5mm,2.5mm,1mm\"
  blastema probe out/plug --at \"2.5mm,2.5mm,0mm\" --field oxygen --time \"7 d\"
  blastema probe out/plug --at 2.5mm,2.5mm,0mm --at 2.5mm,2.5mm,2mm --time all --json")]
pub struct Args {
    /// Folder of a run
    out: PathBuf,
    /// Point from the corner of the box, one length an axis; repeatable
    #[arg(long, required = true, value_name = "X,Y,Z")]
    at: Vec<String>,
    /// Field (oxygen, msc.viable …); repeatable; all when not given
    #[arg(long, value_name = "NAME")]
    field: Vec<String>,
    /// Time of an output, or all; repeatable; the last one when not given
    #[arg(long, value_name = "TIME")]
    time: Vec<String>,
    /// JSON instead of CSV
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let run = open(&args.out)?;
    let points: Vec<[f64; 3]> =
        args.at.iter().map(|text| point(&run, text)).collect::<Result<_, _>>()?;
    let names: Vec<String> = if args.field.is_empty() {
        run.fields.iter().chain(&run.statics).map(|c| c.name.clone()).collect()
    } else {
        args.field.clone()
    };
    let steps = steps(&run, &args.time)?;
    let mut rows = Vec::with_capacity(steps.len() * points.len());
    for &step in &steps {
        let first = rows.len();
        rows.extend(points.iter().map(|&p| (step, p, Vec::new())));
        for name in &names {
            let values = run.read(step, name)?;
            for (_, p, found) in &mut rows[first..] {
                found.push(run.sample(&values, *p).unwrap_or(f64::NAN));
            }
        }
    }
    print(&if args.json { as_json(&run, &names, &rows) } else { as_csv(&run, &names, &rows)? })
}

/// An output, a point (mm) and the values of all fields there.
type Row = (Step, [f64; 3], Vec<f64>);

fn as_csv(run: &Results, names: &[String], rows: &[Row]) -> Result<String, Failure> {
    let axes = run.layout.dimensions;
    let mut titles = vec![history::title("time", &run.layout.time_unit)];
    titles.extend(run.layout.axes().iter().map(|a| format!("{a} [mm]")));
    for name in names {
        titles.push(history::title(name, &run.column(name)?.unit));
    }
    let mut out = titles.join(",");
    for (step, point, values) in rows {
        out.push('\n');
        let _ = history::write_number(&mut out, step.time / run.layout.seconds);
        for value in point[..axes].iter().chain(values) {
            out.push(',');
            let _ = history::write_number(&mut out, *value);
        }
    }
    out.push('\n');
    Ok(out)
}

fn as_json(run: &Results, names: &[String], rows: &[Row]) -> String {
    let units: serde_json::Map<String, Value> =
        names.iter().filter_map(|n| Some((n.clone(), json!(run.column(n).ok()?.unit)))).collect();
    let values: Vec<Value> = rows
        .iter()
        .map(|(step, point, values)| {
            let fields: serde_json::Map<String, Value> =
                names.iter().cloned().zip(values.iter().map(|v| json!(v))).collect();
            json!({
                "time_s": step.time, "at_mm": point[..run.layout.dimensions], "values": fields,
            })
        })
        .collect();
    format!("{:#}\n", json!({ "units": units, "points": values }))
}

/// Opens the folder of a run.
pub(super) fn open(folder: &Path) -> Result<Results, Failure> {
    Ok(Results::open(folder)?)
}

/// The outputs at these times; "all": all of them; none given: the last.
pub(super) fn steps(run: &Results, times: &[String]) -> Result<Vec<Step>, Failure> {
    if times.is_empty() {
        return Ok(vec![run.last()]);
    }
    let mut found = Vec::new();
    for text in times {
        match text.as_str() {
            "all" => found.extend_from_slice(&run.steps),
            text => found.push(run.step_at(quantity("--time", text, TIME, "7 d")?)?),
        }
    }
    Ok(found)
}

/// A number with its unit from the command line, in SI.
pub(super) fn quantity(
    option: &str,
    text: &str,
    dimension: Dimension,
    example: &str,
) -> Result<f64, Failure> {
    units::parse_as(text, dimension).map_err(|e| {
        Failure::new(
            Exit::Input,
            format!("{option} {text:?}: {e}; for example {option} \"{example}\""),
        )
    })
}

/// A point in mm: one length an axis.
fn point(run: &Results, text: &str) -> Result<[f64; 3], Failure> {
    let axes = run.layout.dimensions;
    let example = ["2.5mm", "2.5mm,2.5mm", "2.5mm,2.5mm,1mm"][axes - 1];
    let parts: Vec<&str> = text.split(',').collect();
    if parts.len() != axes {
        let message = format!(
            "--at {text:?} has {} lengths, the run has {axes} axes; for example --at \"{example}\"",
            parts.len()
        );
        return Err(Failure::new(Exit::Input, message));
    }
    let mut at = [0.0; 3];
    for (a, part) in parts.into_iter().enumerate() {
        at[a] = clean(1e3 * quantity("--at", part, LENGTH, example)?);
        let length = run.layout.n[a] as f64 * run.layout.spacing[a];
        let start = run.layout.start(a);
        if !(-1e-9 * length..=(1.0 + 1e-9) * length).contains(&(at[a] - start)) {
            let message = format!(
                "--at {text:?} lies outside the domain: {} goes from {start} to {} mm",
                run.layout.axes()[a],
                clean(start + length)
            );
            return Err(Failure::new(Exit::Input, message));
        }
    }
    Ok(at)
}

/// Rounds to 12 digits, so that 0.30000000000000004 is 0.3.
pub(super) fn clean(x: f64) -> f64 {
    format!("{x:.11e}").parse().unwrap_or(x)
}
