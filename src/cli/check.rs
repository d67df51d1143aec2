//! `blastema check`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::failure::Failure;
use super::library::print;
use super::run::{default_out, refused};
use crate::case::resources;
use crate::case::scales::{self, Scales};
use crate::case::{self, Case, Diagnostic};
use crate::ground::grid::{Face, Form};
use crate::ground::signal::Signal;
use crate::ground::units::{
    CONCENTRATION, DIFFUSIVITY, Dimension, FLUX, LENGTH, TIME, VELOCITY, number, readable,
};
use crate::model::setup::{Boundary, Setup};
use crate::model::symmetry;
use crate::output::space::free;

/// Arguments of `check`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  blastema check plug.toml
  blastema check plug.toml --set cells.msc.seeding.uniform.density=\"1e7 cells/mL\"
  blastema check plug.toml --json")]
pub struct Args {
    /// The case file
    case: PathBuf,
    /// Override a value: --set run.duration="7 d" (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Let the case take files from this folder too, besides its own (repeatable)
    #[arg(long = "allow-path", value_name = "DIR", value_parser = super::folder)]
    allow: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let options = case::Options { allow: args.allow.clone(), memory: None };
    match case::load_with(&args.case, &args.sets, &options) {
        Ok(case) => {
            let out = default_out(&args.case, &case);
            print(&if args.json { format!("{:#}\n", as_json(&case, &out)) } else { echo(&case) })?;
            super::resources::fits(&case, &out)
        }
        Err(report) => {
            if args.json {
                let list: Vec<Value> = report.diagnostics.iter().map(diagnostic).collect();
                print(&format!("{:#}\n", json!({ "ok": false, "diagnostics": list })))?;
            }
            Err(refused(&report))
        }
    }
}

/// All that a reader wants to know before a run.
fn echo(case: &Case) -> String {
    let mut out = String::new();
    let setup = &case.setup;
    let title = if setup.title.is_empty() { &case.provenance.stem } else { &setup.title };
    let _ = writeln!(out, "{title}\n");
    values(&mut out, case);
    grid(&mut out, setup);
    faces(&mut out, setup);
    lengths(&mut out, &scales::scales(setup));
    cost(&mut out, setup);
    for text in &setup.silent_laws {
        let _ = writeln!(out, "note       {text}");
    }
    if let Some(overlap) = overlaps(case) {
        let _ = writeln!(out, "{overlap}");
    }
    for w in &case.warnings {
        let _ = writeln!(out, "warning[{}]: {} ({})", w.code, w.message, w.label);
    }
    let count = match case.warnings.len() {
        0 => String::new(),
        1 => " with 1 warning".into(),
        n => format!(" with {n} warnings"),
    };
    let _ = writeln!(
        out,
        "ok{count}; hash {}",
        &case.provenance.hash[..16.min(case.provenance.hash.len())]
    );
    out
}

/// Cells of a table in columns as wide as needed.
fn columns(out: &mut String, rows: &[Vec<String>]) {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |j: usize| {
        rows.iter().filter_map(|r| r.get(j)).map(|c| c.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    for row in rows {
        let mut line = String::from(" ");
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, " {cell:<width$} ");
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out.push('\n');
}

fn heads(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn values(out: &mut String, case: &Case) {
    let mut rows = vec![heads(&["key", "typed", "SI", "source"])];
    for e in &case.provenance.entries {
        let si =
            e.si.map_or(String::new(), |v| format!("{} {}", number(v), e.unit).trim_end().into());
        rows.push(vec![e.key.clone(), shorter(&e.typed, 40), si, shorter(&e.source, 90)]);
    }
    columns(out, &rows);
}

fn shorter(text: &str, length: usize) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= length {
        return flat;
    }
    flat.chars().take(length - 1).chain(['…']).collect()
}

fn grid(out: &mut String, setup: &Setup) {
    let grid = &setup.grid;
    let axes = 0..grid.dimensions;
    let join = |f: &dyn Fn(usize) -> String| axes.clone().map(f).collect::<Vec<_>>().join(" × ");
    let live = scales::live(setup);
    let _ = writeln!(
        out,
        "grid       {} voxels of {} = {}",
        join(&|a| grid.n[a].to_string()),
        join(&|a| readable(grid.h[a], LENGTH)),
        join(&|a| match grid.form {
            Form::Box => readable(grid.length(a), LENGTH),
            _ => format!("{} along {}", readable(grid.length(a), LENGTH), grid.form.axes()[a]),
        }),
    );
    if let Some(text) = symmetry::told(&symmetry::grid(setup)) {
        let _ = writeln!(out, "symmetry   {text}");
    }
    if let Some(solid) = &setup.structure.solid {
        let pores = solid.voxels.iter().filter(|s| !**s).count();
        let share = number(pores as f64 / grid.len() as f64);
        let _ = writeln!(
            out,
            "pores      {pores} of {} voxels, porosity {share}; solutes enter the solid",
            grid.len()
        );
    } else if setup.structure.open.is_some() {
        let share = number(live as f64 / grid.len() as f64);
        let _ = writeln!(out, "pores      {live} of {} voxels, porosity {share}", grid.len());
        if setup.structure.isolated > 0 {
            let _ = writeln!(
                out,
                "isolated   {} pore voxels touch no fed face: not solved",
                setup.structure.isolated
            );
        }
    } else {
        let (low, high) = setup
            .structure
            .porosity
            .iter()
            .fold((f64::INFINITY, 0.0_f64), |r, v| (r.0.min(*v), r.1.max(*v)));
        let text =
            if low == high { number(low) } else { format!("{} to {}", number(low), number(high)) };
        let _ = writeln!(out, "porosity   {text}");
    }
    if let Some(h) = &setup.structure.homogenised {
        let n: Vec<String> = h.n.iter().filter(|n| **n > 1).map(ToString::to_string).collect();
        let _ = write!(out, "structure  {} voxels, homogenised", n.join(" × "));
        if let Some(ratio) = h.ratio {
            let ratios: Vec<String> = ratio[..grid.dimensions].iter().map(|r| number(*r)).collect();
            let _ = write!(out, "; computed D_eff/D {}", ratios.join(", "));
        }
        let _ = writeln!(out);
    }
    let run = &setup.run;
    if run.steady {
        let _ = writeln!(out, "run        steady, for the cells as seeded");
    } else {
        let _ = writeln!(
            out,
            "run        {}, {} outputs of {}",
            readable(run.duration, TIME),
            run.outputs.len(),
            run.fields.join(", ")
        );
    }
    for bath in &setup.baths {
        let _ = writeln!(out, "bath       {}: {} changes", bath.name, bath.changes.len());
    }
    for population in &setup.populations {
        let count = scales::cells(setup, &population.seeding);
        let _ = writeln!(out, "seeding    {}: {} cells", population.name, number(count));
    }
    for population in &setup.populations {
        for death in &population.deaths {
            let Some(e) = death.exposure else { continue };
            let _ = writeln!(
                out,
                "exposure   {}: {} acts after {} under a full hazard ({} stages), heals in {}",
                population.name,
                death.cause,
                readable(e.time, TIME),
                e.stages,
                readable(e.recovery, TIME)
            );
        }
    }
    for population in &setup.populations {
        for law in population.differentiation.iter().filter(|l| l.rate > 0.0) {
            let into = &setup.populations[law.into].name;
            let _ = writeln!(
                out,
                "becomes    {}: {into}, in {} under full triggers",
                population.name,
                readable(1.0 / law.rate, TIME)
            );
        }
        for added in &population.reseeding {
            let _ = writeln!(
                out,
                "reseeding  {}: {} cells at {}",
                population.name,
                number(scales::cells(setup, &added.density)),
                readable(added.time, TIME)
            );
        }
    }
    out.push('\n');
}

fn faces(out: &mut String, setup: &Setup) {
    let mut shown: Vec<Face> = Face::ALL[..2 * setup.grid.dimensions].to_vec();
    shown.retain(|f| setup.grid.area(*f) > 0.0);
    let mut rows = vec![vec!["face".to_owned()]];
    rows[0].extend(setup.solutes.iter().map(|s| s.name.clone()));
    for face in shown {
        let mut row = vec![setup.grid.face_name(face)];
        row.extend(setup.solutes.iter().map(|s| condition(setup, &s.boundaries[face.number()])));
        rows.push(row);
    }
    if !setup.solutes.is_empty() {
        columns(out, &rows);
    }
}

fn condition(setup: &Setup, b: &Boundary) -> String {
    let show = |s: &Signal, d: Dimension| {
        let (low, high) = s.range();
        if low == high {
            readable(low, d)
        } else {
            format!("{} to {}", readable(low, d), readable(high, d))
        }
    };
    match b {
        Boundary::Sealed => "sealed".into(),
        Boundary::Value(v) => format!("value {}", show(v, CONCENTRATION)),
        Boundary::Flux(v) => format!("flux {}", show(v, FLUX)),
        Boundary::Transfer { coefficient, outside } => {
            format!("film {} to {}", readable(*coefficient, VELOCITY), show(outside, CONCENTRATION))
        }
        Boundary::StagnantMedium { height, coefficient, top } => format!(
            "{} of medium under {}, evens out in {}",
            readable(*height, LENGTH),
            show(top, CONCENTRATION),
            readable(height / coefficient, TIME)
        ),
        Boundary::Inlet(v) => format!("inlet {}", show(v, CONCENTRATION)),
        Boundary::Outflow => "outflow".into(),
        Boundary::Bath(n) => format!("bath {}", setup.baths[*n].name),
    }
}

fn lengths(out: &mut String, all: &[Scales]) {
    let opt = |v: Option<f64>, d: Dimension| v.map_or("-".into(), |v| readable(v, d));
    let plain = |v: Option<f64>| v.map_or("-".into(), number);
    let mut rows = vec![heads(&[
        "solute",
        "D_eff",
        "L",
        "ε L²/D",
        "c₀",
        "√(D c₀/(V n))",
        "in voxels",
        "Thiele φ²",
        "demand",
        "all fed ≤",
        "bath lasts",
    ])];
    let per_day = |v: f64| format!("{} nmol/d", number(v * 86400e9));
    for s in all {
        rows.push(vec![
            s.solute.clone(),
            readable(s.diffusivity, DIFFUSIVITY),
            opt(s.length, LENGTH),
            opt(s.relaxation, TIME),
            readable(s.reference, CONCENTRATION),
            opt(s.depth, LENGTH),
            plain(s.resolved),
            plain(s.thiele2),
            per_day(s.demand),
            s.supply.map_or("-".into(), per_day),
            opt(s.lasts, TIME),
        ]);
    }
    if all.is_empty() {
        return;
    }
    columns(out, &rows);
    for s in all {
        if let Some(text) = s.coarse() {
            let _ = writeln!(out, "{text}");
        }
        if let Some(supply) = s.supply.filter(|x| s.demand > *x) {
            let share = number(100.0 * supply / s.demand);
            let _ = writeln!(
                out,
                "{}: diffusion feeds the whole depth L up to {share} % of what the cells as seeded would use; \
                 beyond, those far from the faces get none",
                s.solute
            );
        }
    }
}

fn cost(out: &mut String, setup: &Setup) {
    let c = scales::cost(setup);
    let _ = writeln!(
        out,
        "cost       about {} MB of memory, up to {} MB of disk, {} on two cores\n",
        number((c.memory / 1e6).ceil()),
        number((c.disk / 1e6).ceil()),
        readable(c.time.max(1.0).round(), TIME)
    );
}

/// Regions that overlap, where the last wins.
fn overlaps(case: &Case) -> Option<String> {
    let pairs = &case.overlaps;
    let text: Vec<String> = pairs.iter().map(|(a, b)| format!("{b} over {a}")).collect();
    (!text.is_empty()).then(|| format!("regions overlap, the last holds: {}", text.join(", ")))
}

fn diagnostic(d: &Diagnostic) -> Value {
    json!({
        "severity": if d.severity == case::Severity::Error { "error" } else { "warning" },
        "code": d.code, "key": d.key, "message": d.message, "label": d.label, "notes": d.notes,
        "file": d.file, "line": d.line, "column": d.column,
    })
}

fn as_json(case: &Case, out: &Path) -> Value {
    let setup = &case.setup;
    let values: Vec<Value> = case
        .provenance
        .entries
        .iter()
        .map(|e| json!({ "key": e.key, "typed": e.typed, "si": e.si, "unit": e.unit, "source": e.source }))
        .collect();
    let scales: Vec<Value> = scales::scales(setup)
        .into_iter()
        .map(|s| {
            json!({
                "solute": s.solute, "diffusivity": s.diffusivity, "length": s.length,
                "relaxation": s.relaxation, "reference": s.reference, "depth": s.depth,
                "depth_in_voxels": s.resolved, "thiele2": s.thiele2, "demand": s.demand,
                "supply": s.supply, "bath_lasts": s.lasts,
            })
        })
        .collect();
    let c = scales::cost(setup);
    let (have, _) = resources::memory_available(crate::ground::par::threads());
    json!({
        "ok": true,
        "hash": case.provenance.hash,
        "title": setup.title,
        "grid": { "voxels": setup.grid.n, "spacing_m": setup.grid.h, "dimensions": setup.grid.dimensions },
        "symmetry": symmetry::told(&symmetry::grid(setup)),
        "live_voxels": scales::live(setup),
        "isolated_voxels": setup.structure.isolated,
        "values": values,
        "scales": scales,
        "cost": { "memory_bytes": c.memory, "disk_bytes": c.disk, "time_s": c.time },
        "machine": { "memory_bytes": have.is_finite().then_some(have), "disk_bytes": free(out) },
        "not_modelled": setup.silent_laws,
        "diagnostics": case.warnings.iter().map(diagnostic).collect::<Vec<_>>(),
    })
}
