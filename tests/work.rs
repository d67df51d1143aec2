//! The work of the benchmark problems, as counted at the time of writing: recorded regressions. A
//! change of the solver that needs more work shows here before it shows on a clock.

use std::path::Path;

use blastema::case;
use blastema::model::run::run;
use blastema::model::solver::Solver;

/// Steps, solves, Newton iterations and multigrid cycles of a problem on `n`³ voxels.
fn counted(problem: &str, n: usize) -> [usize; 4] {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("benches/problems/{problem}.toml"));
    let voxels = format!("domain.voxels=[{n}, {n}, {n}]");
    let case = case::load(&path, &[voxels]).unwrap_or_else(|e| panic!("{e}"));
    let mut solver = Solver::new(case.setup).expect("starts");
    run(&mut solver, &mut []).expect("runs");
    let w = solver.work;
    [w.steps, w.solves, w.newton, w.cycles]
}

/// No more than when it was counted, and not much less either: then count anew.
fn holds(problem: &str, n: usize, recorded: [usize; 4]) {
    let now = counted(problem, n);
    println!("{problem} {n}³: {now:?}, recorded {recorded:?}");
    for (now, recorded) in now.into_iter().zip(recorded) {
        assert!(now <= recorded && 10 * now >= 9 * recorded, "{problem} {n}³: {now} of {recorded}");
    }
}

#[test]
fn steady_oxygen() {
    holds("p1", 32, [0, 1, 3, 6]);
}

#[test]
fn rough_scaffold_perfused() {
    holds("perfused", 16, [27, 324, 972, 982]);
}

#[test]
fn coupled_culture() {
    holds("p4", 16, [69, 828, 846, 1469]);
}
