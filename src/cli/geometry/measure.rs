//! `blastema geometry measure`.

use std::fmt::Write;
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::failure::{Exit, Failure};
use super::super::library::print;
use super::scan::Scan;
use super::{ending, facts, load, outputs, write};
use crate::case::{self, Geometry, Options};
use crate::geometry::measure::{Measured, Sizes, What, measure};
use crate::geometry::structure::Structure;
use crate::ground::units::{LENGTH, number, readable};
use crate::numerics::potential::Ends;
use crate::physics::effective::{self, Along, Phase};

/// Axes in words.
const AXES: [&str; 3] = ["x", "y", "z"];

/// Arguments of `measure`.
#[derive(clap::Args)]
#[command(after_help = "Takes what `geometry import` takes, or a case file.

D_eff/D is the flux per total area over the mean gradient: ε/τ with the tortuosity factor τ. With
plates two opposite faces are held and the others sealed; periodic takes the box as one period of an
endless structure and gives the full tensor. They differ for the same box: a gyroid by about 1 %.

Examples:
  blastema geometry measure gyroid.tif
  blastema geometry measure scans/ --voxel 19.5um --threshold otsu --json bone.json --out bone.png
  blastema geometry measure gyroid.tif --ends periodic --extrapolate
  blastema geometry measure gel.tif --threshold 50,120 --phase 0.1 --phase 0.02:3 --only diffusivity")]
pub struct Args {
    #[command(flatten)]
    scan: Scan,
    /// Case file: set a key on top, key=value (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Case file: let it take files from this folder too (repeatable)
    #[arg(long = "allow-path", value_name = "DIR", value_parser = super::super::folder)]
    allow: Vec<PathBuf>,
    /// What holds the concentration in the solves
    #[arg(long, default_value = "plates", value_parser = ["plates", "periodic"])]
    ends: String,
    /// A solid that solutes enter: RATIO or RATIO:PARTITION, for the phases from 1 on; else
    /// impermeable
    #[arg(long = "phase", value_name = "RATIO[:PARTITION]")]
    phases: Vec<String>,
    /// Relative error of the solves
    #[arg(long, default_value_t = 1e-6)]
    tolerance: f64,
    /// Solve on coarser voxels too, and extrapolate with an error bar
    #[arg(long)]
    extrapolate: bool,
    /// Only the sizes and shares, or only the effective diffusivity
    #[arg(long, value_parser = ["shape", "diffusivity"])]
    only: Option<String>,
    /// Numbers in SI as JSON to this file (- : standard output instead of the table)
    #[arg(long)]
    json: Option<PathBuf>,
    /// Structure as .tif, .stl, .vtkhdf, or its picture as .png; repeatable
    #[arg(long)]
    out: Vec<PathBuf>,
    /// Threads (default: one per core)
    #[arg(long, default_value_t = 0, value_parser = super::super::threads)]
    threads: usize,
    /// No progress
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    crate::ground::par::with_threads(args.threads, || inside(args))
}

fn inside(args: &Args) -> Result<(), Failure> {
    if !(1e-12..=0.1).contains(&args.tolerance) {
        return Err(Failure::new(Exit::Input, "--tolerance: between 1e-12 and 0.1"));
    }
    args.scan.spared(&args.out)?;
    let phases = phases(&args.phases)?;
    if let Some(path) = args.json.as_ref().filter(|p| p.as_os_str() != "-") {
        write::writable(path).map_err(|why| {
            Failure::new(Exit::Input, format!("--json {}: {why}", path.display()))
        })?;
    }
    let case = ending(&args.scan.path) == "toml";
    if case {
        args.scan.bare()?;
    } else if !(args.sets.is_empty() && args.allow.is_empty()) {
        let text = "--set and --allow-path are for case files: a scan has options of its own";
        return Err(Failure::new(Exit::Input, text));
    }
    if args.only.as_deref() == Some("shape") && (args.extrapolate || !args.phases.is_empty()) {
        let text = "--only shape: --phase and --extrapolate are of the effective diffusivity";
        return Err(Failure::new(Exit::Input, text));
    }
    let got = if case {
        let options = Options { allow: args.allow.clone(), memory: None };
        case::geometry_of(&args.scan.path, &args.sets, &options)
            .map_err(|r| super::super::run::refused(&r))
            .inspect(super::warn)?
    } else {
        load(&args.scan.sets())?
    };
    let solids = got.structure.phases().max(2) - 1;
    if args.phases.len() > solids {
        let text = format!("--phase: given {} times, and solids are {solids}", args.phases.len());
        return Err(Failure::new(Exit::Input, text));
    }
    let mut progress = Telling::new(!args.quiet);
    let ends = if args.ends == "periodic" { Ends::Periodic } else { Ends::Plates };
    let only = args.only.as_deref();
    let diffusivity = (only != Some("shape"))
        .then(|| diffusivity(&got.structure, &phases, ends, args, &mut progress))
        .transpose()?;
    let what = What {
        diffusivity: diffusivity.as_ref().filter(|d| d.pores_only).map(|d| d.ratio),
        ..What::default()
    };
    let measured = if only == Some("diffusivity") {
        None
    } else {
        measure(&got.structure, &what, &mut |name, part| progress.tell(name, part))
    };
    progress.clear();
    let data = as_json(&got, measured.as_ref(), diffusivity.as_ref());
    match &args.json {
        Some(path) if path.as_os_str() == "-" => print(&format!("{data:#}\n"))?,
        path => {
            print(&table(&got, measured.as_ref(), diffusivity.as_ref()))?;
            if let Some(path) = path {
                std::fs::write(path, format!("{data:#}\n"))
                    .map_err(|e| Failure::new(Exit::Io, format!("{}: {e}", path.display())))?;
            }
        }
    }
    outputs(&got.structure, &args.out)
}

/// What solutes find in the phases, the pores first.
fn phases(typed: &[String]) -> Result<Vec<Phase>, Failure> {
    let mut out = vec![Phase::PORE];
    for text in typed {
        let (ratio, partition) = text.split_once(':').unwrap_or((text, "1"));
        let value = |t: &str| t.parse::<f64>().ok().filter(|v| (0.0..=1e6).contains(v));
        let (Some(ratio), Some(partition)) = (value(ratio), value(partition)) else {
            let text = format!(
                "--phase {text:?}: two numbers from 0 to 1e6 are wanted, for example --phase 0.1:2"
            );
            return Err(Failure::new(Exit::Input, text));
        };
        out.push(Phase { ratio, partition });
    }
    if out.len() == 1 {
        out.push(Phase::IMPERMEABLE);
    }
    Ok(out)
}

/// What the solves found.
struct Diffusivity {
    /// Solutes enter no solid.
    pores_only: bool,
    ends: Ends,
    ratio: [f64; 3],
    /// Row i: the flux along i for gradients along x, y, z; periodic only.
    tensor: Option<[[f64; 3]; 3]>,
    /// What `ratio` may be too large by, relative.
    missed: f64,
    cycles: usize,
    /// Extrapolated to voxels of no size, and the error bar.
    limit: Option<[(f64, f64); 3]>,
}

fn diffusivity(
    s: &Structure,
    phases: &[Phase],
    ends: Ends,
    args: &Args,
    progress: &mut Telling,
) -> Result<Diffusivity, Failure> {
    let coarser = args.extrapolate.then(|| effective::coarser(s)).transpose();
    let coarser = coarser.map_err(|e| Failure::new(Exit::Input, format!("--extrapolate: {e}")))?;
    let mut out = Diffusivity {
        pores_only: phases[1..].iter().all(|p| p.ratio == 0.0),
        ends,
        ratio: [1.0; 3],
        tensor: (ends == Ends::Periodic).then_some([[0.0; 3]; 3]),
        missed: 0.0,
        cycles: 0,
        limit: None,
    };
    let mut solve = |s: &Structure, axis: usize, part: f64| -> Result<Along, Failure> {
        progress.tell("effective diffusivity", part);
        effective::along(s, phases, axis, ends, args.tolerance).map_err(|e| {
            let text = format!(
                "the effective diffusivity along {} did not converge: {} so far, too large by about \
                 {:.0e} of it; try a larger --tolerance",
                AXES[axis], e.found.conductivity, e.found.missed
            );
            Failure::new(Exit::Numerics, text)
        })
    };
    let used: Vec<usize> = (0..3).filter(|a| s.n[*a] > 1).collect();
    for (i, axis) in used.iter().enumerate() {
        let found = solve(s, *axis, i as f64 / used.len() as f64)?;
        out.ratio[*axis] = found.ratio;
        out.missed = out.missed.max(found.missed);
        out.cycles += found.cycles;
        for (row, flux) in out.tensor.iter_mut().flatten().zip(found.flux) {
            row[*axis] = flux;
        }
    }
    if let Some(levels) = coarser {
        let mut limit = [(1.0, 0.0); 3];
        for axis in used {
            let mut values = Vec::new();
            for (i, level) in levels.iter().enumerate() {
                values.push(solve(level, axis, i as f64 / levels.len() as f64)?.ratio);
            }
            limit[axis] = effective::extrapolate([values[1], values[0], out.ratio[axis]]);
        }
        out.limit = Some(limit);
    }
    Ok(out)
}

fn length(v: f64) -> String {
    readable(v, LENGTH)
}

fn percent(v: f64) -> String {
    format!("{} %", number(100.0 * v))
}

fn table(got: &Geometry, m: Option<&Measured>, d: Option<&Diffusivity>) -> String {
    let mut out = facts::short(&got.structure);
    if let Some(m) = m {
        shape(&mut out, m);
    }
    if let Some(d) = d {
        transport(&mut out, got, d);
    }
    if let Some(m) = m {
        permeability(&mut out, m);
    }
    out
}

fn shape(out: &mut String, m: &Measured) {
    if let (Some(open), Some(closed)) = (m.open_porosity, m.closed_porosity) {
        let _ = writeln!(out, "           open {}, closed {}", number(open), number(closed));
    }
    if m.phases.len() > 2 {
        let parts: Vec<String> = m.phases.iter().map(|p| percent(*p)).collect();
        let _ = writeln!(out, "phases     {} (pore first)", parts.join(", "));
    }
    for (name, pieces) in [("pores", &m.pore_pieces), ("solid", &m.solid_pieces)] {
        let Some(c) = pieces else { continue };
        let through: Vec<&str> = (0..3).filter(|a| c.across[*a] > 0.0).map(|a| AXES[a]).collect();
        let through = match through.len() {
            0 => "reach from end to end along no axis".to_owned(),
            _ => format!("from end to end along {}", through.join(", ")),
        };
        let pieces = if c.count == 1 { "piece" } else { "pieces" };
        let _ = writeln!(
            out,
            "{name:<10} {} {pieces}, the largest {}; {through}",
            c.count,
            percent(c.largest)
        );
    }
    for (name, sizes) in [("pore size", &m.pores), ("strut size", &m.struts)] {
        let Some(s) = sizes else { continue };
        let _ = writeln!(
            out,
            "{name:<10} median {}, mean {} ± {}, D10 {}, D90 {}",
            length(s.median),
            length(s.mean),
            length(s.deviation),
            length(s.d10),
            length(s.d90)
        );
        let _ = writeln!(out, "           {}", bars(s));
    }
    let throats: Vec<String> =
        (0..3).filter_map(|a| m.throats[a].map(|t| format!("{} {}", AXES[a], length(t)))).collect();
    if !throats.is_empty() {
        let _ = writeln!(out, "throat     {} (largest ball that passes)", throats.join(", "));
    }
    let solid = m
        .surface_of_solid
        .map_or(String::new(), |s| format!(", {} /mm of solid volume", number(1e-3 * s)));
    let _ = writeln!(out, "surface    {} /mm of the whole{solid}", number(1e-3 * m.surface));
}

/// A distribution in one line.
fn bars(s: &Sizes) -> String {
    const COLUMNS: usize = 40;
    let (Some(first), Some(last)) = (s.histogram.first(), s.histogram.last()) else {
        return String::new();
    };
    let mut parts = [0.0_f64; COLUMNS];
    let span = (last.0 - first.0).max(f64::MIN_POSITIVE);
    for (diameter, part) in &s.histogram {
        let column = ((diameter - first.0) / span * (COLUMNS - 1) as f64).round() as usize;
        parts[column.min(COLUMNS - 1)] += part;
    }
    let most = parts.iter().fold(0.0_f64, |m, p| m.max(*p));
    let column = |p: &f64| facts::EIGHTHS[((8.0 * p / most).ceil() as usize).min(8)];
    let text: String = parts.iter().map(column).collect();
    format!("{} {text} {}", length(first.0), length(last.0))
}

fn transport(out: &mut String, got: &Geometry, d: &Diffusivity) {
    let used: Vec<usize> = (0..3).filter(|a| got.structure.n[*a] > 1).collect();
    let each = |f: &dyn Fn(usize) -> String| -> String {
        used.iter().map(|a| format!("{} {}", AXES[*a], f(*a))).collect::<Vec<_>>().join(", ")
    };
    let ends = match d.ends {
        Ends::Plates => "between plates",
        Ends::Periodic => "periodic",
    };
    let six = |v: f64| if v != 0.0 && v < 1e-3 { format!("{v:.4e}") } else { format!("{v:.6}") };
    let _ = writeln!(out, "D_eff/D    {} ({ends})", each(&|a| six(d.ratio[a])));
    if let Some(t) = d.tensor {
        for a in &used {
            let row: Vec<String> = used.iter().map(|b| format!("{:>10.6}", t[*a][*b])).collect();
            let _ = writeln!(out, "           {} {}", AXES[*a], row.join(" "));
        }
    }
    if let Some(limit) = d.limit {
        let text = each(&|a| format!("{:.4} ± {:.4}", limit[a].0, limit[a].1));
        let _ = writeln!(out, "           {text} (extrapolated to finer voxels)");
    }
    let porosity = got.structure.porosity();
    let tortuosity = |a: usize| match d.ratio[a] {
        0.0 => "infinite".to_owned(),
        r => number(porosity / r),
    };
    // Ways through a solid are none of the pores.
    if d.pores_only {
        let _ = writeln!(out, "tortuosity {} (factor ε/(D_eff/D))", each(&tortuosity));
    }
    let _ = writeln!(
        out,
        "           {} multigrid cycles, relative error of the solves about {:.0e}",
        d.cycles, d.missed
    );
}

fn permeability(out: &mut String, m: &Measured) {
    let through = m.pore_pieces.as_ref().is_none_or(|p| p.across.iter().any(|a| *a > 0.0));
    if let Some(k) = m.kozeny_carman.filter(|_| through) {
        let _ = writeln!(
            out,
            "permeability  {k:.2e} m^2 after Kozeny and Carman (estimate from porosity and surface)"
        );
    }
    let each: Vec<String> =
        (0..3).filter_map(|a| m.katz_thompson[a].map(|k| format!("{} {k:.2e}", AXES[a]))).collect();
    if !each.is_empty() {
        let _ = writeln!(
            out,
            "              {} m^2 after Katz and Thompson (estimate from throat and D_eff)",
            each.join(", ")
        );
    }
}

fn as_json(got: &Geometry, m: Option<&Measured>, d: Option<&Diffusivity>) -> Value {
    let s = &got.structure;
    let mut out = json!({
        "voxels": s.n,
        "spacing_m": s.h,
        "porosity": s.porosity(),
        "thresholds": got.thresholds,
    });
    let sizes = |s: &Sizes| {
        json!({
            "mean_m": s.mean, "deviation_m": s.deviation, "median_m": s.median,
            "d10_m": s.d10, "d90_m": s.d90, "histogram": s.histogram,
        })
    };
    if let Some(m) = m {
        let pieces = |c: &crate::geometry::measure::Connected| json!({ "count": c.count, "largest": c.largest, "across": c.across, "outside": c.outside });
        out["phases"] = json!(m.phases);
        out["open_porosity"] = json!(m.open_porosity);
        out["closed_porosity"] = json!(m.closed_porosity);
        out["pores"] = json!(m.pore_pieces.as_ref().map(pieces));
        out["solid"] = json!(m.solid_pieces.as_ref().map(pieces));
        out["pore_size"] = json!(m.pores.as_ref().map(sizes));
        out["strut_size"] = json!(m.struts.as_ref().map(sizes));
        out["throat_m"] = json!(m.throats);
        out["surface_1_m"] = json!(m.surface);
        out["surface_of_solid_1_m"] = json!(m.surface_of_solid);
        out["chords_m"] = json!(m.chords);
        out["profiles"] = json!(m.profiles);
        out["permeability_kozeny_carman_m2"] = json!(m.kozeny_carman);
        out["permeability_katz_thompson_m2"] = json!(m.katz_thompson);
    }
    if let Some(d) = d {
        // Nothing is known along an axis of one voxel.
        let known = |v: [f64; 3]| -> [Option<f64>; 3] {
            std::array::from_fn(|a| (s.n[a] > 1).then_some(v[a]))
        };
        let none = [None; 3];
        let tensor = d.tensor.map(|t| {
            let row = |a: usize| if s.n[a] > 1 { known(t[a]) } else { none };
            [row(0), row(1), row(2)]
        });
        out["effective_diffusivity"] = json!({
            "ends": if d.ends == Ends::Periodic { "periodic" } else { "plates" },
            "ratio": known(d.ratio),
            "tensor": tensor,
            "tortuosity": d.pores_only.then(|| known(d.ratio.map(|r| s.porosity() / r))),
            "relative_error": d.missed,
            "cycles": d.cycles,
            "extrapolated": d.limit.map(|l| known(l.map(|l| l.0))),
            "plus_minus": d.limit.map(|l| known(l.map(|l| l.1))),
        });
    }
    out
}

/// What is being done, on a terminal; each thing once, elsewhere.
struct Telling {
    wanted: bool,
    terminal: bool,
    last: String,
}

impl Telling {
    fn new(wanted: bool) -> Telling {
        use std::io::IsTerminal;
        Telling { wanted, terminal: std::io::stderr().is_terminal(), last: String::new() }
    }

    fn tell(&mut self, what: &str, part: f64) {
        if !self.wanted {
            return;
        }
        let mut err = std::io::stderr().lock();
        if self.terminal {
            let _ = write!(err, "\r\x1b[K{what} {:.0} %", 100.0 * part);
            let _ = err.flush();
        } else if self.last != what {
            let _ = writeln!(err, "{what}");
        }
        what.clone_into(&mut self.last);
    }

    fn clear(&self) {
        if self.wanted && self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
