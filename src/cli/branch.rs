//! `run --from OUT@7d`: a run that begins with the state of another.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::execute::{Begin, Options};
use super::failure::{Exit, Failure};
use super::resume::{changes, load, same_series, tell};
use crate::case::Case;
use crate::ground::par;
use crate::ground::units::{self, TIME};
use crate::model::answers::{Answers, digits};
use crate::model::expect::Expectations;
use crate::model::run::{self, Kept, Moment, Stop, Watcher, Wish};
use crate::model::solver::Solver;
use crate::output::checkpoint;
use crate::output::stored::StoredRun;

/// Hash of a run that branched off another: it is not that of the case alone.
pub(super) fn hash(case: &str, root: &str) -> String {
    blake3::hash(format!("{case} {root}").as_bytes()).to_hex().to_string()
}

/// Where a case begins `--from`; its hash then holds that too.
pub(super) fn begin(
    from: &str,
    case: &mut Case,
    options: &Options,
    allow: &[PathBuf],
) -> Result<Begin, Failure> {
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
    let differs = changes(&stored, case);
    let root = blake3::hash(format!("{} {:016x}", stored.hash, time.to_bits()).as_bytes());
    let root = root.to_hex().to_string();
    let same = case.provenance.hash == parent.provenance.hash;
    let state = state_at(out, &stored, parent, time, options)?;
    tell(&format!("begins where {} was at {} {unit}", out.display(), digits(time / seconds)));
    for (key, was, is) in &differs {
        tell(&format!("  {key}: was {was}, is {is}"));
    }
    case.provenance.hash = hash(&case.provenance.hash, &root);
    let mut changed: Vec<String> = differs.into_iter().map(|c| c.0).collect();
    if changed.is_empty() && !same {
        changed.push("library".into());
    } else if same {
        changed.clear();
    }
    Ok(Begin::Branch { from: from.into(), root, state, changed })
}

/// The state of a run at a time: kept, or computed on from what is kept before.
fn state_at(
    out: &Path,
    stored: &StoredRun,
    parent: Case,
    time: f64,
    options: &Options,
) -> Result<Vec<u8>, Failure> {
    let found = checkpoint::newest(out, &stored.hash, time)?;
    let kept = found.newest.as_ref().and_then(|(_, bytes)| checkpoint::parse(bytes).ok());
    if let Some(kept) = kept.filter(|k| k.time == time) {
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
    let start = kept.map_or(0.0, |k| k.time);
    tell(&format!(
        "no checkpoint of {} at this time: computes it again from {} {unit}; [run] checkpoints = \
         [\"{} {unit}\"] keeps one",
        out.display(),
        digits(start / seconds),
        digits(time / seconds)
    ));
    let Case { setup, expects, .. } = parent;
    par::with_threads(options.threads, || {
        let failed = |why: String| Failure::new(Exit::Numerics, format!("error: {why}"));
        let mut solver = Solver::new(setup)
            .map_err(|f| failed(format!("{} did not converge at the start", f.field)))?;
        let mut answers = Answers::default();
        let mut expectations = Expectations::new(&expects, false);
        let mut until = Until { time, kept: None };
        let watchers: &mut [&mut dyn Watcher] = &mut [&mut answers, &mut expectations];
        let clock = kept.map(|k| run::restore(&mut solver, watchers, k.state, false));
        let clock = clock.transpose().map_err(|e| failed(e.to_string()))?;
        let watchers: &mut [&mut dyn Watcher] = &mut [&mut answers, &mut expectations, &mut until];
        let ended = match clock {
            Some(clock) => run::go_on(&mut solver, watchers, clock),
            None => run::run(&mut solver, watchers),
        };
        match (ended, until.kept) {
            (Ok(()) | Err(Stop::Asked(_)), Some(kept)) => Ok(kept.bytes.clone()),
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
        (self.time > t).then_some(self.time)
    }

    fn see(&mut self, _: &Moment) -> Result<(), String> {
        Ok(())
    }

    fn wish(&mut self, solver: &Solver) -> Wish {
        if solver.state.time == self.time { Wish::Stop("branch".into()) } else { Wish::Go }
    }

    fn take(&mut self, kept: &Arc<Kept>) -> Result<(), String> {
        self.kept = Some(kept.clone());
        Ok(())
    }
}
