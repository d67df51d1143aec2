//! Expectations of a case: what its result must be, from theory or a reference.

use super::answers::Answer;
use super::run::{Moment, Watcher};
use super::sample::sample;
use super::solver::Solver;
use super::state::{Kind, flat};
use crate::ground::keep::{Keeper, Misfit};
use crate::ground::moments;

/// One `[[expect]]`.
#[derive(Clone, Debug)]
pub struct Expect {
    /// A field ("oxygen", "msc.viable"), a ledger entry ("oxygen.in.z_max", "oxygen.used") or
    /// an answer ("viable_fraction").
    pub what: String,
    /// Where or how the field is taken.
    pub take: Take,
    /// Ledger entries: per time instead of cumulative.
    pub rate: bool,
    /// Time, s.
    pub time: f64,
    /// What must hold.
    pub check: Check,
    /// `file:line` for messages.
    pub origin: String,
}

/// Where or how a field is taken.
#[derive(Clone, Debug)]
pub enum Take {
    /// At a point, m.
    At([f64; 3]),
    /// Volume mean over live voxels.
    Mean,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// Along points with a reference value each.
    Profile(Vec<([f64; 3], f64)>),
    /// Not a field.
    Whole,
}

/// What must hold (SI).
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Lower and upper bound.
    Between(f64, f64),
    /// Reference value with a relative tolerance.
    Relative(f64, f64),
    /// Reference value with an absolute tolerance.
    Absolute(f64, f64),
    /// A profile, each point within a relative tolerance where the reference exceeds the
    /// second number, else within the third (absolute).
    Profile(f64, f64, f64),
}

/// Outcome of one expectation.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Place in the case.
    pub origin: String,
    /// What was looked at.
    pub what: String,
    /// Value found (the worst point of a profile); NaN if it could not be had.
    pub found: f64,
    /// Value or bounds wanted, in words.
    pub wanted: String,
    /// Reference value and the distance from it that is allowed; `None` for bounds.
    pub reference: Option<f64>,
    /// See `reference`.
    pub allowed: f64,
    /// Found or not, within or not.
    pub holds: bool,
}

impl Outcome {
    /// Error over what is allowed; `None` for bounds.
    pub fn share(&self) -> Option<f64> {
        self.reference.map(|r| (self.found - r).abs() / self.allowed)
    }
}

/// Checks expectations as their times come.
pub struct Expectations<'a> {
    expects: &'a [Expect],
    steady: bool,
    /// Outcomes so far.
    pub outcomes: Vec<Outcome>,
}

impl<'a> Expectations<'a> {
    /// Expectations of a case.
    pub fn new(expects: &'a [Expect], steady: bool) -> Expectations<'a> {
        Expectations { expects, steady, outcomes: Vec::new() }
    }

    /// Checks those about answers, which are known at the end.
    pub fn answers(&mut self, answers: &[Answer]) {
        for e in self.expects {
            let judged = self.outcomes.iter().any(|o| o.origin == e.origin);
            if let (Some(answer), false) = (answers.iter().find(|a| a.key == e.what), judged) {
                self.outcomes.push(judge(e, answer.number.unwrap_or(f64::NAN)));
            }
        }
        for e in self.expects {
            if !self.outcomes.iter().any(|o| o.origin == e.origin) {
                let mut missed = judge(e, f64::NAN);
                missed.wanted += " (its time was never reached)";
                self.outcomes.push(missed);
            }
        }
    }
}

impl Watcher for Expectations<'_> {
    fn next(&self, t: f64) -> Option<f64> {
        self.expects.iter().map(|e| e.time).filter(|&x| moments::after(t, x)).reduce(f64::min)
    }

    fn see(&mut self, moment: &Moment) -> Result<(), String> {
        for e in self.expects {
            let now = moment.solver.state.time;
            let due = if self.steady { moment.last } else { moments::same(e.time, now) };
            let seen = self.outcomes.iter().any(|o| o.origin == e.origin);
            if due
                && !seen
                && let Some(outcome) = look(e, moment.solver)
            {
                self.outcomes.push(outcome);
            }
        }
        Ok(())
    }

    fn keep(&mut self, k: &mut Keeper) -> Result<(), Misfit> {
        let Expectations { expects: _, steady: _, outcomes } = self;
        let count = k.length("outcomes", outcomes.len())?;
        outcomes.resize(count, Outcome::default());
        for Outcome { origin, what, found, wanted, reference, allowed, holds } in outcomes {
            k.text("outcome.origin", origin)?;
            k.text("outcome.what", what)?;
            k.number("outcome.found", found)?;
            k.text("outcome.wanted", wanted)?;
            k.option("outcome.reference", reference, |k, v| k.number("outcome.value", v))?;
            k.number("outcome.allowed", allowed)?;
            k.flag("outcome.holds", holds)?;
        }
        Ok(())
    }
}

/// Looks a field or ledger entry up; `None` for an answer.
fn look(e: &Expect, solver: &Solver) -> Option<Outcome> {
    let field = solver.catalogue.specs.iter().position(|s| s.name == e.what);
    let Some(f) = field else {
        let (total, rate) = solver.ledger.find(&e.what)?;
        return Some(judge(e, if e.rate { rate } else { total }));
    };
    let values = flat(&solver.state.fields[f]);
    let room = solver.room();
    let live = values.iter().zip(room).filter(|x| *x.1 > 0.0).map(|x| *x.0);
    let measure = solver.measure();
    let found = match &e.take {
        Take::At(point) => sample(solver, f, *point).unwrap_or(f64::NAN),
        Take::Mean | Take::Whole => {
            let sum: f64 = values.iter().zip(measure).map(|(v, m)| v * m).sum();
            sum / measure.iter().sum::<f64>()
        }
        Take::Min => live.fold(f64::INFINITY, f64::min),
        Take::Max => live.fold(f64::NEG_INFINITY, f64::max),
        Take::Profile(points) => return Some(profile(e, solver, f, points)),
    };
    Some(judge(e, found))
}

fn judge(e: &Expect, found: f64) -> Outcome {
    let (holds, wanted) = match e.check {
        Check::Between(low, high) => {
            (found >= low && found <= high, format!("{low:.9e} to {high:.9e}"))
        }
        Check::Relative(value, within) => (
            (found - value).abs() <= within * value.abs(),
            format!("{value:.9e} within {within:.1e} of it"),
        ),
        Check::Absolute(value, within) => {
            ((found - value).abs() <= within, format!("{value:.9e} within {within:.1e}"))
        }
        Check::Profile(..) => (false, String::new()),
    };
    let (reference, allowed) = match e.check {
        Check::Relative(value, within) => (Some(value), within * value.abs()),
        Check::Absolute(value, within) => (Some(value), within),
        Check::Between(..) | Check::Profile(..) => (None, f64::NAN),
    };
    Outcome {
        origin: e.origin.clone(),
        what: e.what.clone(),
        found,
        wanted,
        reference,
        allowed,
        holds,
    }
}

fn profile(e: &Expect, solver: &Solver, f: usize, points: &[([f64; 3], f64)]) -> Outcome {
    let Check::Profile(relative, above, absolute) = e.check else { return judge(e, f64::NAN) };
    let solute = matches!(solver.catalogue.specs[f].kind, Kind::Solute(_));
    let mut worst = (0.0_f64, f64::NAN, f64::NAN, [0.0; 3]);
    let mut holds = !points.is_empty();
    for &(point, value) in points {
        let found = sample(solver, f, point).unwrap_or(f64::NAN);
        let allowed = if value.abs() > above { relative * value.abs() } else { absolute };
        let off = (found - value).abs() / allowed;
        // A comparison with NaN is false: a point that cannot be had fails.
        let fine = off <= 1.0 && !(solute && found < 0.0);
        holds &= fine;
        if off > worst.0 || off.is_nan() || worst.1.is_nan() {
            worst = (off, found, value, point);
        }
    }
    Outcome {
        origin: e.origin.clone(),
        what: e.what.clone(),
        found: worst.1,
        wanted: format!(
            "{:.9e} at ({:.4e}, {:.4e}, {:.4e}) m, the worst of {} points, {:.2} of what is allowed",
            worst.2,
            worst.3[0],
            worst.3[1],
            worst.3[2],
            points.len(),
            worst.0
        ),
        reference: Some(worst.2),
        allowed: (worst.1 - worst.2).abs() / worst.0,
        holds,
    }
}
