//! Random cases that are stopped: each state gives the next one to the last bit in a solver that
//! knows nothing but the case.

use std::sync::Arc;

use blastema::model::run::{self, Kept, Stop, Watcher, Wish};
use blastema::model::solver::Solver;

use super::random_case;

/// Steps looked at.
const STEPS: usize = 6;

/// Keeps every state; stops after so many steps.
struct Every {
    stop: usize,
    kept: Vec<Arc<Kept>>,
}

impl Watcher for Every {
    fn wish(&mut self, solver: &Solver) -> Wish {
        if solver.work.steps >= self.stop { Wish::Stop("enough".into()) } else { Wish::Keep }
    }
    fn take(&mut self, kept: &Arc<Kept>) -> Result<(), String> {
        self.kept.push(kept.clone());
        Ok(())
    }
}

/// States of a case from its start, or from a state of it; fewer where the numerics give up.
fn states(seed: u64, from: Option<&Kept>, stop: usize) -> Vec<Arc<Kept>> {
    let Ok(mut solver) = Solver::new(random_case(seed).0) else { return Vec::new() };
    let mut every = Every { stop, kept: Vec::new() };
    let ended = match from {
        None => run::run(&mut solver, &mut [&mut every]),
        Some(kept) => {
            let clock = run::restore(&mut solver, &mut [], &kept.bytes, false).unwrap();
            run::go_on(&mut solver, &mut [&mut every], clock)
        }
    };
    assert!(!matches!(ended, Err(Stop::Watcher(_))), "{ended:?}");
    every.kept
}

#[test]
fn random_cases_go_on_from_every_step() {
    let number = std::env::var("BLASTEMA_RANDOM_CASES").ok().and_then(|v| v.parse().ok());
    let mut looked = 0;
    for seed in 1..=number.unwrap_or(48) {
        let kept = states(seed, None, STEPS);
        for pair in kept.windows(2).filter(|p| p[1].step > p[0].step) {
            let next = states(seed, Some(&pair[0]), pair[1].step);
            assert!(next.last() == Some(&pair[1]), "seed {seed}, step {}", pair[0].step);
            looked += 1;
        }
    }
    println!("{looked} steps taken again");
    assert!(looked > 50);
}
