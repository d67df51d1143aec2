//! The small run of the target `restore`: its checkpoint, and how fuzzed bytes change its state.

use std::sync::{Arc, LazyLock};

use blastema::case::{Case, load_text};
use blastema::model::answers::Answers;
use blastema::model::expect::{Expect, Expectations};
use blastema::model::run::{self, Kept, Stop, Watcher, Wish};
use blastema::model::setup::Setup;
use blastema::model::solver::Solver;
use blastema::output::checkpoint;

/// Four voxels with all that a state may hold: a bath whose medium changes, growth that closes the
/// pores, motion, damage, death, reseeding.
const CASE: &str = r#"
expect = [{ what = "oxygen", take = "mean", time = "6 h", between = ["0 mol/m^3", "1 mol/m^3"] }]
[domain]
shape = "box"
size = ["1 mm"]
voxels = [4]
[scaffold]
porosity = 0.8
effective_diffusivity.maxwell = {}
changing_porosity = true
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mol/m^3"
boundary.x_max.bath = { name = "well", start = "0.2 mol/m^3" }
[baths.well]
volume = "1 mL"
change = { every = "9 h", fraction = 0.5 }
[cells.msc]
type = "custom"
seeding.uniform = { density = "5e6 cells/mL" }
volume = "4e-15 m^3"
capacity.density = "1e8 cells/mL"
motility.constant = "1e-14 m^2/s"
uptake.oxygen.michaelis-menten = { vmax = "98 fmol/cell/h", km = "8 uM" }
growth.rate.doubling_time = "24 h"
death.hypoxia = { rate.time_constant = "4 h", exposure = "6 h", stages = 2, recovery = "9 h", when.oxygen.below = { half = "5e-3 mol/m^3" } }
reseeding = [{ at = "15 h", seeding.uniform = { density = "1e6 cells/mL" } }]
[run]
duration = "1 d"
output.every = "6 h"
"#;

/// Steps after which the small run stops.
const STEPS: usize = 20;

/// The small run: its case, the same with a weaker uptake, and the file of its checkpoint.
struct Small {
    cases: [(Setup, Vec<Expect>); 2],
    /// What stands before the length of the state.
    head: Vec<u8>,
    state: Vec<u8>,
    /// Where each value of the state begins in it.
    sections: Vec<usize>,
}

static SMALL: LazyLock<Small> = LazyLock::new(|| {
    let load = |sets: &[String]| {
        let Case { setup, expects, .. } =
            load_text("small.toml", CASE, sets).unwrap_or_else(|r| panic!("{r}"));
        (setup, expects)
    };
    let weaker = "cells.msc.uptake.oxygen.michaelis-menten.vmax=\"49 fmol/cell/h\"".to_owned();
    let cases = [load(&[]), load(&[weaker])];
    let mut run = Run::new(&cases[0]);
    run.until = Until { step: STEPS, kept: None };
    let stopped = run.with(run::run);
    assert!(matches!(stopped, Err(Stop::Asked(_))), "{stopped:?}");
    let kept = run.until.kept.expect("the state it stopped with");
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("checkpoint/a");
    checkpoint::write(&path, "small", &kept).expect("writes");
    let file = std::fs::read(path).expect("reads");
    let head = file[..file.len() - 32 - kept.bytes.len() - 8].to_vec();
    let sections = sections(&kept.bytes);
    Small { cases, head, state: kept.bytes.clone(), sections }
});

/// Starts of the sections of a state.
fn sections(state: &[u8]) -> Vec<usize> {
    let mut all = Vec::new();
    let mut at = 0;
    while at < state.len() {
        all.push(at);
        let name = usize::from(u16::from_le_bytes([state[at], state[at + 1]]));
        let size = [8, 8, 4, 1][usize::from(state[at + 2 + name]) - 1];
        let count = state[at + 3 + name..][..8].try_into().map(u64::from_le_bytes);
        at += 11 + name + size * count.expect("eight bytes") as usize;
    }
    all
}

/// The state with edits of eleven bytes each: what to do, the number of a section, then eight bytes.
fn edited(edits: &[u8]) -> Vec<u8> {
    let mut state = SMALL.state.clone();
    for edit in edits.as_chunks::<11>().0 {
        let [what, low, high, word @ ..] = *edit;
        if state.is_empty() {
            break;
        }
        let number = usize::from(u16::from_le_bytes([low, high]));
        let section = number % SMALL.sections.len();
        let start = SMALL.sections[section].min(state.len());
        let next = SMALL.sections.get(section + 1).map_or(state.len(), |n| (*n).min(state.len()));
        let name = state.get(start).map_or(0, |n| usize::from(*n));
        let value = start + 11 + name + 8 * usize::from(what >> 3) % (next - start).max(1);
        let mut put = |at: usize, bytes: &[u8]| {
            state.iter_mut().skip(at).zip(bytes).for_each(|(to, from)| *to = *from);
        };
        match what % 8 {
            // A value, the number of values, one byte anywhere.
            0..=2 => put(value, &word),
            3 => put(start + 3 + name, &word),
            4 => put(number % SMALL.state.len(), &word[..1]),
            // Cut short, a section less, a section twice.
            5 => state.truncate(number % SMALL.state.len()),
            6 => drop(state.drain(start..next)),
            _ => {
                let twice = state[start..next].to_vec();
                drop(state.splice(start..start, twice));
            }
        }
    }
    state
}

/// A checkpoint with this state and the right sum.
fn sealed(state: &[u8]) -> Vec<u8> {
    let mut file = SMALL.head.clone();
    file.extend((state.len() as u64).to_le_bytes());
    file.extend(state);
    let sum = blake3::hash(&file);
    file.extend(sum.as_bytes());
    file
}

/// Stops the run at a step.
#[derive(Default)]
struct Until {
    step: usize,
    kept: Option<Arc<Kept>>,
}

impl Watcher for Until {
    fn wish(&mut self, solver: &Solver) -> Wish {
        if solver.work.steps >= self.step { Wish::Stop("enough".into()) } else { Wish::Go }
    }
    fn take(&mut self, kept: &Arc<Kept>) -> Result<(), String> {
        self.kept = Some(kept.clone());
        Ok(())
    }
}

/// A solver with the watchers whose state a checkpoint holds.
struct Run<'a> {
    solver: Solver,
    answers: Answers,
    expectations: Expectations<'a>,
    until: Until,
}

impl<'a> Run<'a> {
    fn new((setup, expects): &'a (Setup, Vec<Expect>)) -> Run<'a> {
        Run {
            solver: Solver::new(setup.clone()).expect("the small case has a flow"),
            answers: Answers::default(),
            expectations: Expectations::new(expects, false),
            until: Until::default(),
        }
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut Solver, &mut [&mut dyn Watcher]) -> T) -> T {
        let Run { solver, answers, expectations, until } = self;
        work(solver, &mut [answers, expectations, until])
    }
}

/// Reads the edited state back as `resume` does. What is taken is written again as the same
/// state, has answers, and goes on for two steps, or fails as any run may.
pub(crate) fn restore(data: &[u8]) {
    let Some((first, edits)) = data.split_first() else { return };
    let changed = first % 4 == 3;
    let case = &SMALL.cases[usize::from(changed)];
    let file = sealed(&edited(edits));
    let told = checkpoint::parse(&file).expect("the sum is right");
    let mut run = Run::new(case);
    let mut clock = match run.with(|s, w| run::restore(s, w, told.state, changed)) {
        Ok(clock) => clock,
        Err(e) => return assert!(!e.why.is_empty() && !edits.is_empty(), "{e}"),
    };
    let kept = run.with(|s, w| run::state(&mut clock, s, w)).expect("is written");
    let mut again = Run::new(case);
    let mut second = again
        .with(|s, w| run::restore(s, w, &kept.bytes, false))
        .unwrap_or_else(|e| panic!("what was taken is refused: {e}"));
    let same = again.with(|s, w| run::state(&mut second, s, w)).expect("is written");
    assert!(same.bytes == kept.bytes, "another state");
    let _ = run.answers.finish(&run.solver);
    run.until.step = kept.step + 2;
    let _ = run.with(|s, w| run::go_on(s, w, clock));
    run.expectations.answers(&run.answers.finish(&run.solver));
}
