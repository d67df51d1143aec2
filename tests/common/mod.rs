//! Small cases built in code.
#![allow(dead_code)]

use std::sync::Arc;

use blastema::case::load_text;
use blastema::ground::grid::{Face, Grid};
use blastema::ground::signal::Signal;
use blastema::model::answer::Answer;
use blastema::model::answers::Answers;
use blastema::model::flow::Stream;
use blastema::model::run::run;
use blastema::model::setup::{
    Accuracy, Boundary, Initial, Matter, Population, RunPlan, Setup, Solute, Structure,
};
use blastema::model::solver::Solver;
use blastema::numerics::flux::around;
use blastema::physics::migration::Motility;

/// The solver of a case given as text.
pub(crate) fn begin(text: &str) -> Solver {
    let case = load_text("case.toml", text, &[]).unwrap_or_else(|r| panic!("{r}"));
    Solver::new(case.setup).expect("starts")
}

/// The same at its end, and what it answers.
pub(crate) fn finished(text: &str) -> (Solver, Vec<Answer>) {
    let mut solver = begin(text);
    let mut answers = Answers::default();
    if let Err(stop) = run(&mut solver, &mut [&mut answers]) {
        panic!("{stop:?}")
    }
    let answers = answers.finish(&solver);
    (solver, answers)
}

/// A box; absent axes are 1 m thick.
pub(crate) fn grid(n: &[usize], size: &[f64]) -> Grid {
    let at = |a: usize| n.get(a).copied().unwrap_or(1);
    Grid {
        dimensions: n.len(),
        ..Grid::cuboid(
            [at(0), at(1), at(2)],
            std::array::from_fn(|a| size.get(a).map_or(1.0, |s| s / at(a) as f64)),
        )
    }
}

/// A solute with sealed faces.
pub(crate) fn solute(grid: &Grid, name: &str, d: f64, initial: f64) -> Solute {
    Solute {
        name: name.into(),
        diffusivity: d,
        free_diffusivity: Some(d),
        relative: Arc::new(vec![1.0; grid.len()]),
        axis: [1.0; 3],
        initial: Initial::Field(vec![initial; grid.len()]),
        boundaries: std::array::from_fn(|_| Boundary::Sealed),
        decay: 0.0,
        source: None,
        release: None,
        molar_mass: None,
    }
}

/// A population that does nothing.
pub(crate) fn population(grid: &Grid, name: &str, density: f64) -> Population {
    Population {
        name: name.into(),
        seeding: vec![density; grid.len()],
        capacity: None,
        uptake: Vec::new(),
        modifiers: Vec::new(),
        production: Vec::new(),
        growth: None,
        stimulation: Vec::new(),
        quiescence: None,
        deaths: Vec::new(),
        lysis: 0.0,
        motility: Motility::Constant(0.0),
        taxis: Vec::new(),
        volume_filling: false,
        differentiation: Vec::new(),
        detachment: None,
        reseeding: Vec::new(),
    }
}

/// A case of porosity 1.
pub(crate) fn setup(
    grid: Grid,
    solutes: Vec<Solute>,
    populations: Vec<Population>,
    duration: f64,
) -> Setup {
    Setup {
        title: "test".into(),
        structure: Structure {
            porosity: vec![1.0; grid.len()].into(),
            open: None,
            solid: None,
            isolated: 0,
            homogenised: None,
        },
        grid,
        solutes,
        baths: Vec::new(),
        populations,
        flow: None,
        matter: Matter::default(),
        ph: None,
        run: RunPlan {
            duration,
            steady: duration == 0.0,
            stop_when_steady: false,
            accuracy: Accuracy::default(),
            lod: None,
            outputs: vec![0.0, duration],
            checkpoints: Vec::new(),
            fields: Vec::new(),
            double: true,
            time_unit: ("s", 1.0),
        },
        symmetry: false,
        silent_laws: Vec::new(),
    }
}

/// A constant value on a face.
pub(crate) fn value(v: f64) -> Boundary {
    Boundary::Value(Signal::Constant(v))
}

/// `steps` uniform steps to `end`; every budget must close.
pub(crate) fn march(case: Setup, end: f64, steps: usize) -> Solver {
    watched(case, end, steps, |_| {})
}

/// The same; `see` looks at the solver after each step.
pub(crate) fn watched(
    mut case: Setup,
    end: f64,
    steps: usize,
    mut see: impl FnMut(&Solver),
) -> Solver {
    case.run.duration = end;
    case.run.steady = false;
    let tightest = case.run.accuracy.solver.map_or(1e-12, |s| s.min(1e-12));
    case.run.accuracy.solver = Some(tightest);
    let mut solver = Solver::new(case).expect("starts");
    for _ in 0..steps {
        let (_, attempt) = solver.attempt(end / steps as f64).expect("steps");
        solver.accept(&attempt);
        see(&solver);
    }
    let (name, defect) = solver.ledger.worst().expect("accounts");
    assert!(defect < 1e-12, "{name}: {defect:e}");
    solver
}

/// Prints the errors of halvings; the order of the last one must be `least`.
pub(crate) fn order(what: &str, errors: &[f64], least: f64) {
    let orders: Vec<f64> = errors.windows(2).map(|e| (e[0] / e[1]).log2()).collect();
    let row: Vec<String> = errors.iter().map(|e| format!("{e:.2e}")).collect();
    println!("ORDER {what:<52} {}  order {orders:.2?}", row.join(" "));
    let last = *orders.last().expect("two errors");
    assert!(last >= least, "{what}: order {last:.3}, errors {errors:?}");
}

/// Largest defect of the flow into a voxel over the largest flow through its faces.
pub(crate) fn divergence(grid: &Grid, stream: &Stream) -> f64 {
    let mut worst = 0.0_f64;
    let largest = stream.q.iter().flatten().fold(0.0_f64, |m, q| m.max(q.abs()));
    for i in 0..grid.len() {
        let mut sum = 0.0;
        around(grid.n, i, |side, above| {
            let q = stream.q[side.axis][side.face];
            sum += if above { q } else { -q };
        });
        for face in Face::ALL {
            let v = grid.voxel(i);
            let at = if face.end { grid.n[face.axis] - 1 } else { 0 };
            if v[face.axis] == at {
                sum -= stream.entering_at(grid, face, i);
            }
        }
        worst = worst.max(sum.abs());
    }
    if largest > 0.0 { worst / largest } else { 0.0 }
}

/// What `steps` leave out that are exact but for the end of the series of the exponential, at most
/// x⁷/(4⁶·5040) of a step of the exponent x, and three times that with the extrapolation; `all` is the
/// exponent of all steps together, `size` that of the field.
pub(crate) fn series(size: f64, all: f64, steps: usize) -> f64 {
    let x = all / steps as f64;
    3.0 * size * steps as f64 * x.powi(7) / (4096.0 * 5040.0) + 1e-13
}
