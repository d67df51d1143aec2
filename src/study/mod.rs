//! Floor 8: several runs of one case.

use crate::case::Case;
use crate::model::answers::{Answer, Answers};
use crate::model::run::{Stop, Watcher, run};
use crate::model::solver::Solver;
use crate::model::symmetry;

pub mod closure;
pub mod refine;

/// Answers about the run itself, not about the case.
const OF_THE_RUN: &[&str] =
    &["wall_time", "steps", "limited", "ledger_defect", "symmetry", "unsettled"];

/// What runs beside a case to tell how far its answers are off.
pub enum Beside {
    /// Finer and coarser voxels and steps.
    Refined(Box<refine::Plan>),
    /// The other treatment of its structure.
    Closure(Box<closure::Plan>),
}

impl Beside {
    /// The key of a run's record that says so.
    pub fn key(&self) -> &'static str {
        match self {
            Beside::Refined(_) => "refine",
            Beside::Closure(_) => "closure",
        }
    }
}

/// Runs a case without output; its answers.
pub fn answers(case: Case, watchers: &mut [&mut dyn Watcher]) -> Result<Vec<Answer>, Stop> {
    let mut answers = Answers::default();
    let mut solver = Solver::new(symmetry::part(case.setup)).map_err(Stop::Numerics)?;
    let others = watchers.iter_mut().map(|w| &mut **w as &mut dyn Watcher);
    let mut all: Vec<&mut dyn Watcher> = vec![&mut answers];
    all.extend(others);
    run(&mut solver, &mut all)?;
    Ok(answers.finish(&solver))
}
