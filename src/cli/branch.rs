//! `run --from OUT@7d`: a run that begins with the state of another.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::attention::{Attention, Pauses};
use super::execute::{Begin, Options, all_of_itself};
use super::failure::{Exit, Failure};
use super::resume::{changes, load, newest, same_series, tell};
use crate::case::Case;
use crate::ground::moments;
use crate::ground::par;
use crate::ground::units::{self, TIME};
use crate::model::answers::{Answers, digits};
use crate::model::expect::Expectations;
use crate::model::run::{self, Kept, Stop, Watcher, Wish};
use crate::model::setup::Setup;
use crate::model::solver::Solver;
use crate::model::symmetry;
use crate::output::checkpoint;
use crate::output::stored::StoredRun;

/// Hash of a run that branched off another: it is not that of the case alone.
pub(super) fn hash(case: &str, root: &str) -> String {
    blake3::hash(format!("{case} {root}").as_bytes()).to_hex().to_string()
}

/// A run to branch off, and where.
pub(super) struct Branch {
    from: String,
    out: PathBuf,
    stored: StoredRun,
    parent: Case,
    time: f64,
    root: String,
    /// Keys that differ, and how.
    differs: Vec<(String, String, String)>,
    /// Nothing differs at all.
    same: bool,
}

/// Where a case begins `--from`; its hash then holds that too. Nothing is computed yet.
pub(super) fn plan(from: &str, case: &mut Case, allow: &[PathBuf]) -> Result<Branch, Failure> {
    let input = |text: String| Failure::new(Exit::Input, text);
    let parts = from.rsplit_once('@');
    let time = parts.and_then(|p| Some((p.0, units::parse_as(p.1, TIME).ok()?)));
    let Some((out, time)) = time.filter(|t| t.1 >= 0.0) else {
        return Err(input(format!("error: --from {from}: expected FOLDER@TIME, out/plug@7d")));
    };
    if case.setup.run.steady {
        return Err(input("error: --from beside run.steady: a steady run has no time".into()));
    }
    let out = Path::new(out);
    let stored = StoredRun::open(out)?;
    same_series(&stored, out)?;
    let parent = load(&stored, &[], allow)?;
    if parent.provenance.hash != stored.hash {
        return Err(input(format!(
            "error: the case of {} or a file that it reads has changed since it was run",
            out.display()
        )));
    }
    let (unit, seconds) = parent.setup.run.time_unit;
    if parent.setup.run.steady || time > parent.setup.run.duration {
        let end = parent.setup.run.duration / seconds;
        return Err(input(format!(
            "error: --from {from}: {} ends at {} {unit}",
            out.display(),
            digits(end)
        )));
    }
    if let Some(last) = stored.changed_at.filter(|&last| moments::after(time, last)) {
        return Err(input(format!(
            "error: --from {from}: up to {} {unit} {} was computed with other values (`resume \
             --allow-changed`), which it no longer has; branch off a later time",
            digits(last / seconds),
            out.display()
        )));
    }
    if !moments::after(time, case.setup.run.duration) {
        let (unit, seconds) = case.setup.run.time_unit;
        return Err(input(format!(
            "error: --from {from}: the case ends at {} {unit}; it must end later than it begins",
            digits(case.setup.run.duration / seconds)
        )));
    }
    let differs = changes(&stored, case);
    let root = blake3::hash(format!("{} {:016x}", stored.hash, time.to_bits()).as_bytes());
    let root = root.to_hex().to_string();
    let own = &case.provenance.hash;
    let own = stored.root.as_ref().map_or_else(|| own.clone(), |parent| hash(own, parent));
    let same = own == parent.provenance.hash;
    if let Some(what) = misfit(&parent.setup, &case.setup) {
        return Err(input(format!("error: --from {from}: {what}")));
    }
    case.provenance.hash = hash(&case.provenance.hash, &root);
    let (from, out) = (from.to_owned(), out.to_owned());
    Ok(Branch { from, out, stored, parent, time, root, differs, same })
}

impl Branch {
    /// True if `out` is the run that it branches off.
    pub(super) fn is_from(&self, out: &Path) -> bool {
        let real = |p: &Path| std::fs::canonicalize(p);
        matches!((real(&self.out), real(out)), (Ok(from), Ok(out)) if from == out)
    }

    /// The state at which it begins, from a checkpoint or computed again.
    pub(super) fn begin(self, options: &Options) -> Result<Begin, Failure> {
        let Branch { from, out, stored, parent, time, root, differs, same } = self;
        let (unit, seconds) = parent.setup.run.time_unit;
        let state = state_at(&out, &stored, parent, time, options)?;
        tell(&format!("begins where {} was at {} {unit}", out.display(), digits(time / seconds)));
        for (key, was, is) in &differs {
            tell(&format!("  {key}: was {was}, is {is}"));
        }
        let mut changed: Vec<String> = differs.into_iter().map(|c| c.0).collect();
        if changed.is_empty() && !same {
            changed.push("library".into());
        } else if same {
            changed.clear();
        }
        Ok(Begin::Branch { from, root, state, changed })
    }
}

/// What of the voxels, solutes and populations of a case cannot take over the state of another.
pub(super) fn misfit(there: &Setup, here: &Setup) -> Option<String> {
    let voxels = |s: &Setup| {
        let counts: Vec<String> =
            s.grid.n[..s.grid.dimensions].iter().map(ToString::to_string).collect();
        let sizes: Vec<String> =
            s.grid.h[..s.grid.dimensions].iter().map(|h| format!("{h:.6e}")).collect();
        let axes = s.grid.form.axes().iter().zip(s.grid.periodic).filter(|a| a.1);
        let periodic: Vec<&str> = axes.map(|a| *a.0).collect();
        let along = if periodic.is_empty() { "" } else { ", periodic along " };
        let (counts, sizes) = (counts.join(" × "), sizes.join(" × "));
        format!("{counts} voxels of {sizes} m{along}{}", periodic.join(", "))
    };
    let solutes = |s: &Setup| s.solutes.iter().map(|s| s.name.clone()).collect::<Vec<_>>();
    let populations = |s: &Setup| s.populations.iter().map(|p| p.name.clone()).collect::<Vec<_>>();
    if there.grid != here.grid {
        return Some(format!("{} there, {} here", voxels(there), voxels(here)));
    }
    for (what, a, b) in [
        ("solutes", solutes(there), solutes(here)),
        ("populations", populations(there), populations(here)),
    ] {
        if a != b {
            return Some(format!("{what} {} there, {} here", a.join(", "), b.join(", ")));
        }
    }
    if there.run.lod.is_some() != here.run.lod.is_some() {
        let which = if here.run.lod.is_some() { "here" } else { "there" };
        return Some(format!(
            "run.lod stands {which} alone: fixed and controlled steps hold different states"
        ));
    }
    None
}

/// The state of a run at a time: kept, or computed on from what is kept before.
fn state_at(
    out: &Path,
    stored: &StoredRun,
    parent: Case,
    time: f64,
    options: &Options,
) -> Result<Vec<u8>, Failure> {
    let found = newest(out, &stored.hash, time)?;
    let kept = found.as_ref().and_then(|(_, bytes)| checkpoint::parse(bytes).ok());
    if let Some(kept) = kept.filter(|k| moments::same(k.time, time)) {
        return Ok(kept.state.to_vec());
    }
    let (unit, seconds) = parent.setup.run.time_unit;
    if kept.is_none() && stored.root.is_some() {
        let text = format!(
            "error: {} branched off another run and keeps no checkpoint of {} {unit} or before; \
             branch off that run",
            out.display(),
            digits(time / seconds)
        );
        return Err(Failure::new(Exit::Input, text));
    }
    // What it was computed with at first, it no longer has.
    if let (None, Some(last)) = (&kept, stored.changed_at.filter(|_| stored.other_values())) {
        let text = format!(
            "error: up to {} {unit} {} was computed with other values (`resume --allow-changed`), \
             and it keeps no checkpoint between that and {} {unit}; branch off a time that \
             [run] checkpoints has kept, or off a run that had these values from the start",
            digits(last / seconds),
            out.display(),
            digits(time / seconds)
        );
        return Err(Failure::new(Exit::Input, text));
    }
    let start = kept.map_or(0.0, |k| k.time);
    tell(&format!(
        "no checkpoint of {} at this time: computes it again from {} {unit}; [run] checkpoints = \
         [\"{} {unit}\"] keeps one",
        out.display(),
        digits(start / seconds),
        digits(time / seconds)
    ));
    let Case { setup, expects, .. } = parent;
    let setup = if all_of_itself(&stored.told) { symmetry::part(setup) } else { setup };
    par::with_threads(options.threads, || {
        let failed = |why: String| Failure::new(Exit::Numerics, format!("error: {why}"));
        let mut solver = Solver::new(setup)
            .map_err(|f| failed(format!("{} did not converge at the start", f.field)))?;
        let mut answers = Answers::default();
        let mut expectations = Expectations::new(&expects, false);
        let mut until = Until { time, kept: None };
        let pauses = Pauses { stop_after_steps: None, ..options.pauses.clone() };
        let mut attention = Attention::new(&pauses);
        let watchers: &mut [&mut dyn Watcher] = &mut [&mut answers, &mut expectations];
        let clock = kept.map(|k| run::restore(&mut solver, watchers, k.state, false));
        let clock = clock.transpose().map_err(|e| failed(e.to_string()))?;
        let watchers: &mut [&mut dyn Watcher] =
            &mut [&mut answers, &mut expectations, &mut until, &mut attention];
        let ended = match clock {
            Some(clock) => run::go_on(&mut solver, watchers, clock),
            None => run::run(&mut solver, watchers),
        };
        match (ended, until.kept) {
            (Ok(()) | Err(Stop::Asked(_)), Some(kept)) => Ok(kept.bytes.clone()),
            (Err(Stop::Asked(reason)), None) => {
                let text = format!("stopped before the branch began: {reason}; nothing is kept");
                Err(Failure::new(attention.exit(), text))
            }
            (Err(Stop::Numerics(f)), _) => {
                Err(failed(format!("{} did not converge before that time", f.field)))
            }
            _ => Err(failed(format!("{} ended before that time", out.display()))),
        }
    })
}

/// Stops a run at a time, with its state.
struct Until {
    time: f64,
    kept: Option<Arc<Kept>>,
}

impl Watcher for Until {
    fn next(&self, t: f64) -> Option<f64> {
        moments::after(t, self.time).then_some(self.time)
    }

    fn wish(&mut self, solver: &Solver) -> Wish {
        let there = moments::same(solver.state.time, self.time);
        if there { Wish::Stop("branch".into()) } else { Wish::Go }
    }

    fn take(&mut self, kept: &Arc<Kept>) -> Result<(), String> {
        if moments::same(kept.time, self.time) {
            self.kept = Some(kept.clone());
        }
        Ok(())
    }
}
