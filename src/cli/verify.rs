//! `blastema verify`: the verification cases on the user's machine, against their references.

use std::fmt::Write as _;
use std::time::Instant;

use super::failure::{Exit, Failure};
use super::library::print;
use super::run::refused;
use crate::case;
use crate::ground::par;
use crate::model::answers::Answers;
use crate::model::expect::{Expectations, Outcome};
use crate::model::run::run as advance;
use crate::model::solver::Solver;
use crate::model::symmetry;

/// Arguments of `verify`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  blastema verify
  blastema verify v05 v06
  blastema verify --all v10")]
pub struct Args {
    /// Cases whose names begin so; all when none is given
    names: Vec<String>,
    /// Show every check, not only the worst of each case
    #[arg(long)]
    all: bool,
    /// The table in Markdown, without times
    #[arg(long, conflicts_with = "all")]
    markdown: bool,
    /// Threads (default: one per core)
    #[arg(long, default_value_t = 0, value_parser = super::threads)]
    threads: usize,
}

macro_rules! cases {
    ($($name:literal)+) => {
        &[$(($name, include_str!(concat!("../../cases/verification/", $name, ".toml")))),+]
    };
}

/// Name and text of every case of `cases/verification`.
pub const CASES: &[(&str, &str)] = cases! {
    "v01-transient-slab"
    "v01-transient-slab-sink"
    "v02-half-space"
    "v03-thiele-0.1"
    "v03-thiele-0.5"
    "v03-thiele-1"
    "v03-thiele-10"
    "v03-thiele-2"
    "v03-thiele-20"
    "v03-thiele-3"
    "v03-thiele-5"
    "v04-zero-order-cylinder-1e13"
    "v04-zero-order-cylinder-1e14"
    "v04-zero-order-cylinder-5e13"
    "v04-zero-order-slab-1e13"
    "v04-zero-order-slab-1e14"
    "v04-zero-order-slab-5e13"
    "v04-zero-order-sphere-1e13"
    "v04-zero-order-sphere-1e14"
    "v04-zero-order-sphere-5e13"
    "v05-michaelis-menten-0.5-1"
    "v05-michaelis-menten-1-0.01"
    "v05-michaelis-menten-1-0.1"
    "v05-michaelis-menten-10-0.01"
    "v05-michaelis-menten-10-0.1"
    "v05-michaelis-menten-10-1"
    "v05-michaelis-menten-2-0.05"
    "v05-michaelis-menten-3-0.01"
    "v05-michaelis-menten-5-0.1"
    "v06-sphere-0.38065-0.03119"
    "v06-sphere-0.76129-0.03119"
    "v06-sphere-1-0.03119"
    "v06-sphere-2.5-0.03119"
    "v06-sphere-3-0.1"
    "v06-sphere-5-0.05"
    "v06-sphere-5-0.1"
    "v07-danckwerts-1-0.5"
    "v07-danckwerts-1-2"
    "v07-danckwerts-10-0.5"
    "v07-danckwerts-10-2"
    "v07-danckwerts-100-0.5"
    "v07-danckwerts-100-2"
    "v07-danckwerts-1000-0.5"
    "v07-danckwerts-1000-2"
    "v08-ablowitz-zeppetella"
    "v08-fisher-kpp"
    "v09-barenblatt-1d"
    "v09-barenblatt-2d"
    "v09-sharp-wave"
    "v10-krogh-first-order"
    "v10-krogh-zero-order"
    "v11-checkerboard"
    "v11-composite-slab"
    "v11-laminate-parallel-0.25"
    "v11-laminate-parallel-0.3"
    "v11-laminate-parallel-0.5"
    "v11-laminate-series-0.25"
    "v11-laminate-series-0.3"
    "v11-laminate-series-0.5"
    "v12-darcy-parallel"
    "v12-darcy-series"
    "v13-chemotaxis-1"
    "v13-chemotaxis-20"
    "v13-chemotaxis-4"
    "v13-haptotaxis-4"
    "v14-autocatalysis"
    "v14-death-chain"
    "v14-differentiation"
    "v14-exposure"
    "v14-exposure-recovery"
    "v14-logistic"
    "v14-quiescence"
    "v14-release"
    "v14-reseeding"
    "v14-shared-room"
    "v14-shear"
    "v15-ogata-banks"
    "v15-ogata-banks-decay"
    "v17-partition"
    "v17-spheres-0"
    "v17-spheres-0.1"
    "v17-spheres-10"
    "v20-oxygen-step-gel"
    "v21-brinkman-channel"
    "v21-brinkman-duct"
    "v21-brinkman-over-a-layer"
    "v21-brinkman-poiseuille"
    "v21-brinkman-series"
    "v21-brinkman-slip"
};

/// Why a case shows no order.
const WITHOUT_ORDER: &[(&str, &str)] = &[
    ("v04", "Km"),
    ("v11-laminate", "exact"),
    ("v11-composite", "exact"),
    ("v14", "no space"),
    ("v09", "front"),
    ("v12", "exact"),
    ("v17", "voxels"),
    ("v21-brinkman-series", "exact"),
    ("v21-brinkman-slip", "exact"),
];

/// What a case gave.
struct Row {
    name: &'static str,
    outcomes: Vec<Outcome>,
    order: String,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let wanted = |name: &str| {
        args.names.is_empty() || args.names.iter().any(|n| name.starts_with(n.as_str()))
    };
    let chosen: Vec<_> = CASES.iter().filter(|c| wanted(c.0)).collect();
    if let Some(none) = args.names.iter().find(|n| !CASES.iter().any(|c| c.0.starts_with(*n))) {
        let message = format!("no verification case begins with {none:?}; all: blastema verify");
        return Err(Failure::new(Exit::Input, message));
    }
    let start = Instant::now();
    let rows = par::with_threads(args.threads, || {
        chosen.iter().map(|(name, text)| row(name, text)).collect::<Result<Vec<_>, _>>()
    })?;
    let (checks, missed) = rows
        .iter()
        .flat_map(|r| &r.outcomes)
        .fold((0, 0), |n, o| (n.0 + 1, n.1 + usize::from(!o.holds)));
    if args.markdown {
        return print(&markdown(&rows));
    }
    let mut out = table(&rows, args.all);
    let _ = writeln!(
        out,
        "\n{} cases, {checks} checks, {missed} missed, {:.1} s\n\
         error: of what is allowed; order: by halving the voxels, from a quarter to half as many",
        rows.len(),
        start.elapsed().as_secs_f64()
    );
    print(&out)?;
    if missed > 0 {
        return Err(Failure::new(Exit::Failing, format!("{missed} checks do not hold")));
    }
    Ok(())
}

fn row(name: &'static str, text: &str) -> Result<Row, Failure> {
    let (outcomes, n) = solve(name, text, 1)?;
    let reason = WITHOUT_ORDER.iter().find(|w| name.starts_with(w.0));
    let order = match reason {
        Some((_, why)) => (*why).to_owned(),
        None if n.iter().any(|n| *n > 1 && n % 4 != 0) => "odd grid".into(),
        None => {
            let [coarse, fine] = [4, 2].map(|parts| solve(name, text, parts).map(|r| mean(&r.0)));
            format!("{:.2}", (coarse? / fine?).log2())
        }
    };
    Ok(Row { name, outcomes, order })
}

/// Outcomes of a case on voxels `parts` times as large, and its grid.
fn solve(name: &str, text: &str, parts: usize) -> Result<(Vec<Outcome>, [usize; 3]), Failure> {
    let file = format!("{name}.toml");
    let mut loaded = case::load_text(&file, text, &[]).map_err(|r| refused(&r))?;
    let grid = loaded.setup.grid.clone();
    if parts > 1 {
        let n: Vec<usize> = grid.n[..grid.dimensions].iter().map(|n| n.div_ceil(parts)).collect();
        let set = format!("domain.voxels={n:?}");
        loaded = case::load_text(&file, text, &[set]).map_err(|r| refused(&r))?;
    }
    let steady = loaded.setup.run.steady;
    let mut expectations = Expectations::new(&loaded.expects, steady);
    let gave_up = |what: String| Failure::new(Exit::Numerics, format!("{name}: {what}"));
    let mut solver =
        Solver::new(symmetry::part(loaded.setup)).map_err(|e| gave_up(format!("{e:?}")))?;
    let mut answers = Answers::default();
    advance(&mut solver, &mut [&mut expectations, &mut answers])
        .map_err(|e| gave_up(format!("{e:?}")))?;
    expectations.answers(&answers.finish(&solver));
    Ok((expectations.outcomes, grid.n))
}

/// Mean error over what is allowed, of the checks against a value.
fn mean(outcomes: &[Outcome]) -> f64 {
    let errors: Vec<f64> = outcomes.iter().filter_map(Outcome::share).collect();
    errors.iter().sum::<f64>() / errors.len() as f64
}

fn worst(outcomes: &[Outcome]) -> Option<&Outcome> {
    let share = |o: &&Outcome| o.share().unwrap_or(if o.holds { 0.0 } else { f64::INFINITY });
    outcomes.iter().max_by(|a, b| share(a).total_cmp(&share(b)))
}

/// What was looked at, reference, result, error over what is allowed.
fn cells(o: &Outcome) -> [String; 4] {
    let (reference, error) = match (o.reference, o.share()) {
        (Some(r), Some(share)) => (format!("{r:.6e}"), format!("{share:.2}")),
        _ => (o.wanted.clone(), if o.holds { "within" } else { "beyond" }.into()),
    };
    [o.what.clone(), reference, format!("{:.6e}", o.found), error]
}

fn table(rows: &[Row], all: bool) -> String {
    let mut out = format!(
        "{:<34} {:>6}  {:<22} {:>14} {:>14} {:>7}  {:<8}\n",
        "case", "checks", "worst", "reference", "result", "error", "order"
    );
    for r in rows {
        let shown: Vec<&Outcome> = if all {
            r.outcomes.iter().collect()
        } else {
            worst(&r.outcomes).into_iter().collect()
        };
        for (i, o) in shown.iter().enumerate() {
            let (name, count, order) = if i == 0 {
                (r.name, r.outcomes.len().to_string(), r.order.as_str())
            } else {
                ("", String::new(), "")
            };
            let [what, reference, result, error] = cells(o);
            let mark = if o.holds { "" } else { "  MISSED" };
            let _ = writeln!(
                out,
                "{name:<34} {count:>6}  {what:<22} {reference:>14} {result:>14} {error:>7}  {order:<8}{mark}"
            );
        }
    }
    out
}

fn markdown(rows: &[Row]) -> String {
    let mut out = String::from(
        "| case | checks | worst | reference | result | error, of what is allowed | order |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for r in rows {
        let Some(o) = worst(&r.outcomes) else { continue };
        let [what, reference, result, error] = cells(o);
        let _ = writeln!(
            out,
            "| {} | {} | {what} | {reference} | {result} | {error} | {} |",
            r.name,
            r.outcomes.len(),
            r.order
        );
    }
    out
}
