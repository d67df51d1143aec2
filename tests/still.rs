//! Voxels that nothing passes, runs that end at rest, and sources that go up and down; expected
//! values by hand.

use std::f64::consts::PI;

use blastema::case::load_text;
use blastema::model::run::run;
use blastema::model::solver::Solver;
use blastema::model::state::flat;

fn begin(text: &str) -> Solver {
    let case = load_text("case.toml", text, &[]).unwrap_or_else(|r| panic!("{r}"));
    Solver::new(case.setup).expect("starts")
}

fn finished(text: &str) -> Solver {
    let mut solver = begin(text);
    run(&mut solver, &mut []).unwrap_or_else(|stop| panic!("{stop:?}"));
    solver
}

/// A core of porosity 0.3 through which the closure lets nothing pass, in fluid of porosity 0.5.
fn core(source: &str, run: &str) -> String {
    format!(
        r#"
[domain]
size = ["2 mm", "2 mm", "2 mm"]
voxels = [16, 16, 16]
[scaffold]
porosity = 0.5
effective_diffusivity.table.points = [[0.2, 0], [0.4, 0], [0.5, 0.5]]
[regions.core]
shape.box = {{ from = ["0.5 mm", "0.5 mm", "0.5 mm"], to = ["1.5 mm", "1.5 mm", "1.5 mm"] }}
scaffold.porosity = 0.3
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mM"
boundary.x_min.value = "0.2 mM"
{source}
[run]
{run}
"#
    )
}

/// In such a core the source stays: c = c₀ + S t/ε, and the solves around it go as ever.
#[test]
fn a_source_that_nothing_carries_away_stays() {
    let solver =
        finished(&core("source.rate = \"1e-5 mM/s\"", "duration = \"1 d\"\naccuracy.time = 1e-3"));
    let wanted = 0.2 + 1e-5 * 86_400.0 / 0.3;
    let c = flat(&solver.state.fields[0]);
    for k in 4..12 {
        for j in 4..12 {
            for i in 4..12 {
                let c = c[(k * 16 + j) * 16 + i];
                assert!((c / wanted - 1.0).abs() < 1e-6, "({i}, {j}, {k}): {c}, not {wanted}");
            }
        }
    }
    let work = solver.work;
    assert_eq!(work.rejected, 0);
    assert!(work.cycles <= 3 * work.solves, "{work:?}");
}

/// Without a time nothing tells what stands in it.
#[test]
fn what_nothing_reaches_has_no_steady_state() {
    let told = load_text("case.toml", &core("", "steady = true"), &[]).err().expect("is refused");
    let text = told.to_string();
    assert!(text.contains("solutes.oxygen has no steady solution"), "{text}");
    assert!(text.contains("its diffusivity is 0 in 512 voxels"), "{text}");
}

const SLAB: &str = "
[domain]
size = [\"1 mm\"]
voxels = [20]
[solutes.drug]
diffusivity = \"1e-9 m^2/s\"
";

/// What is at rest and waits for a change of what is outside is not at its end.
#[test]
fn rest_before_a_step_is_no_steady_state() {
    let solver = finished(&format!(
        "{SLAB}initial = \"0 mM\"
boundary.x_max.value.steps.points = [[\"0 d\", \"0 mM\"], [\"10 d\", \"1 mM\"]]
[run]
duration = \"100 d\"
stop_when = \"steady\"
"
    ));
    let days = solver.state.time / 86_400.0;
    assert!(days > 10.0 && days < 20.0, "{days} d");
    let c = flat(&solver.state.fields[0]);
    assert!(c.iter().all(|c| (c - 1.0).abs() < 2e-3), "{c:?}");
}

/// A source that goes up and down a thousand times: with decay k and no walls
/// c' = s (1 + sin ωt) − k c, c(0) = s/k.
#[test]
fn a_source_that_goes_up_and_down_is_resolved() {
    let solver = finished(&format!(
        "{SLAB}initial = \"1 mM\"
decay.time_constant = \"10 s\"
source.rate = \"0.1 mM/s\"
source.times.sine = {{ mean = 1, amplitude = 1, period = \"10 s\" }}
[run]
duration = \"1002.5 s\"
"
    ));
    assert!(solver.work.steps >= 1200, "{} steps", solver.work.steps);
    let (s, k, w, t) = (0.1, 0.1, 2.0 * PI / 10.0, 1002.5_f64);
    let wave = (k * (w * t).sin() - w * (w * t).cos() + w * (-k * t).exp()) / (k * k + w * w);
    let wanted = s / k + s * wave;
    for c in flat(&solver.state.fields[0]) {
        assert!((c - wanted).abs() < 5e-3, "{c}, not {wanted}");
    }
}
