//! A run that was stopped goes on with the same bits.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use blastema::case::{self, Case};
use blastema::ground::par;
use blastema::model::answers::Answers;
use blastema::model::expect::Expectations;
use blastema::model::run::{self, Kept, Moment, Stop, Watcher, Wish};
use blastema::model::solver::Solver;

/// Keeps the state before every step; stops after so many.
#[derive(Default)]
struct Every {
    stop: Option<usize>,
    kept: Vec<Arc<Kept>>,
}

impl Watcher for Every {
    fn next(&self, _: f64) -> Option<f64> {
        None
    }
    fn see(&mut self, _: &Moment) -> Result<(), String> {
        Ok(())
    }
    fn wish(&mut self, solver: &Solver) -> Wish {
        if self.stop.is_some_and(|n| solver.work.steps >= n) {
            Wish::Stop("enough".into())
        } else {
            Wish::Keep
        }
    }
    fn take(&mut self, kept: &Arc<Kept>) -> Result<(), String> {
        self.kept.push(kept.clone());
        Ok(())
    }
}

/// Everything that a run came to, as bytes and text.
#[derive(Debug, PartialEq)]
struct End {
    fields: Vec<Vec<u64>>,
    terms: Vec<(String, u64)>,
    answers: Vec<String>,
    outcomes: Vec<String>,
}

fn end(solver: &Solver, answers: &Answers, mut expectations: Expectations) -> End {
    let list = answers.finish(solver);
    expectations.answers(&list);
    let bits = |v: &mut dyn Iterator<Item = f64>| v.map(f64::to_bits).collect();
    let mut fields: Vec<Vec<u64>> =
        solver.state.fields.iter().map(|f| bits(&mut f.iter().copied())).collect();
    fields.extend(solver.state.baths.iter().map(|b| bits(&mut b.iter().copied())));
    End {
        fields,
        terms: solver.ledger.terms.iter().map(|t| (t.name.clone(), t.total.to_bits())).collect(),
        answers: list.iter().map(|a| format!("{} {:?} {}", a.key, a.number, a.text)).collect(),
        outcomes: expectations.outcomes.iter().map(|o| format!("{o:?}")).collect(),
    }
}

/// Every state of a run that goes through, and its end.
fn through(case: Case) -> (Vec<Arc<Kept>>, End) {
    let Case { setup, expects, .. } = case;
    let mut solver = Solver::new(setup).unwrap();
    let (mut answers, mut every) = (Answers::default(), Every::default());
    let mut expectations = Expectations::new(&expects, false);
    run::run(&mut solver, &mut [&mut answers, &mut expectations, &mut every]).unwrap();
    (every.kept, end(&solver, &answers, expectations))
}

/// Goes on from `kept` in a solver that knows nothing but the case: the next state, or the end.
fn on(case: Case, kept: &Kept, stop: Option<usize>) -> Result<Arc<Kept>, End> {
    let Case { setup, expects, .. } = case;
    let mut solver = Solver::new(setup).unwrap();
    let (mut answers, mut every) = (Answers::default(), Every { stop, ..Every::default() });
    let mut expectations = Expectations::new(&expects, false);
    let watchers: &mut [&mut dyn Watcher] = &mut [&mut answers, &mut expectations, &mut every];
    let clock = run::restore(&mut solver, watchers, &kept.bytes, false).unwrap();
    match run::go_on(&mut solver, watchers, clock) {
        Ok(()) => Err(end(&solver, &answers, expectations)),
        Err(Stop::Asked(_)) => Ok(every.kept.last().unwrap().clone()),
        Err(other) => panic!("{other:?}"),
    }
}

/// Each state of a run gives the next one to the last bit, and the last one the end; so by
/// induction a run stopped anywhere ends as the one that was not. Gives the number of steps.
fn same_from_every_step(path: &Path, sets: &[String], threads: usize) -> usize {
    let load = || case::load(path, sets).unwrap_or_else(|r| panic!("{}: {r}", path.display()));
    let (kept, whole) = par::with_threads(threads, || through(load()));
    assert!(kept.len() > 1, "{}: one step", path.display());
    for (k, pair) in kept.windows(2).enumerate() {
        let next = on(load(), &pair[0], Some(pair[1].step)).expect("a stop");
        let same = next.bytes == pair[1].bytes;
        assert!(
            same,
            "{}: step {k} of {}: {}",
            path.display(),
            kept.len(),
            differ(&next, &pair[1])
        );
    }
    // From the middle, in one go.
    let last = on(load(), &kept[kept.len() / 2], None).expect_err("an end");
    assert_eq!(last, whole, "{}", path.display());
    kept.len()
}

/// The first section that differs.
fn differ(a: &Kept, b: &Kept) -> String {
    let at = a.bytes.iter().zip(&b.bytes).position(|(a, b)| a != b).unwrap_or(0);
    let text = String::from_utf8_lossy(&b.bytes[at.saturating_sub(4000)..at]).into_owned();
    let names: Vec<&str> = text.split(|c: char| !c.is_ascii_graphic()).collect();
    let name = names.iter().rev().find(|n| n.len() > 4 && n.contains('.'));
    format!("{} bytes against {}, at {at}, near {name:?}", a.bytes.len(), b.bytes.len())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// All shipped cases that run in time.
fn cases() -> Vec<PathBuf> {
    let mut all = Vec::new();
    for folder in ["cases", "cases/templates", "cases/verification"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "toml") {
                all.push(path);
            }
        }
    }
    all.sort();
    all
}

#[test]
#[ignore = "looks at all cases"]
fn list() {
    for path in cases() {
        match case::load(&path, &[]) {
            Ok(c) => println!(
                "{} voxels {} steady {} duration {}",
                path.display(),
                c.setup.grid.len(),
                c.setup.run.steady,
                c.setup.run.duration
            ),
            Err(r) => println!("{}: {r}", path.display()),
        }
    }
}

#[test]
fn a_shipped_case() {
    let n =
        same_from_every_step(&root().join("cases/demo.toml"), &["run.duration=\"6 h\"".into()], 2);
    println!("{n}");
}
