//! Voxels that nothing passes, runs that end at rest, and sources that go up and down; expected
//! values by hand.

mod common;

use std::f64::consts::PI;

use blastema::case::load_text;
use blastema::model::answer::Answer;
use blastema::model::state::flat;
use common::finished;

fn find<'a>(answers: &'a [Answer], key: &str) -> &'a Answer {
    answers.iter().find(|a| a.key == key).unwrap_or_else(|| panic!("{key}"))
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
    let (solver, _) =
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
    let Err(told) = load_text("case.toml", &core("", "steady = true"), &[]) else {
        panic!("is accepted")
    };
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
    let (solver, answers) = finished(&format!(
        "{SLAB}initial = \"0 mM\"
boundary.x_max.value.steps.points = [[\"0 d\", \"0 mM\"], [\"10 d\", \"1 mM\"]]
[run]
duration = \"100 d\"
stop_when = \"steady\"
"
    ));
    let days = solver.state.time / 86_400.0;
    assert!(days > 10.0 && days < 20.0, "{days} d");
    assert_eq!(find(&answers, "steady_at").number, Some(solver.state.time));
    let c = flat(&solver.state.fields[0]);
    assert!(c.iter().all(|c| (c - 1.0).abs() < 2e-3), "{c:?}");
}

/// A source that goes up and down a thousand times: with decay k and no walls
/// c' = s (1 + sin ωt) − k c, c(0) = s/k.
#[test]
fn a_source_that_goes_up_and_down_is_resolved() {
    let (solver, _) = finished(&format!(
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

const CELLS: &str = "initial = \"0.2 mM\"
boundary.x_max.value = \"0.2 mM\"
[cells.a]
uptake.drug.michaelis-menten = { vmax = \"10 fmol/cell/h\", km = \"0.01 mM\" }
quiescence = { rate.value = \"10 1/s\", recovery.value = \"0 1/s\", when.drug.below.half = \"1 M\" }
[run]
duration = \"1 d\"
";

/// Where there are no cells none is alive.
#[test]
fn without_cells_nothing_is_viable() {
    let with = |density: &str| {
        let seeding = format!("[cells.a]\nseeding.uniform.density = \"{density}\"");
        finished(&format!("{SLAB}{}", CELLS.replace("[cells.a]", &seeding))).1
    };
    for key in ["viable_fraction", "viable_volume_fraction", "viable_depth.x_max"] {
        assert!(find(&with("1e6 cells/mL"), key).number.is_some());
        let none = with("0 cells/mL");
        assert_eq!((find(&none, key).number, find(&none, key).text.as_str()), (None, "no cells"));
    }
}

/// Cells that rest take up a tenth, and ask for a tenth: of 1e6 cells in 1 µL that is 1e-15 · 1e6 mol/h.
#[test]
fn resting_cells_ask_for_what_they_take_up() {
    let seeding = "[cells.a]\nseeding.uniform.density = \"1e9 cells/m^3\"";
    let (_, answers) = finished(&format!("{SLAB}{}", CELLS.replace("[cells.a]", seeding)));
    let found = find(&answers, "drug.satisfied");
    assert!((found.number.expect("a number") - 1.0).abs() < 1e-3, "{found:?}");
    // Of 1 mm · 1 m² with 1e6 cells: 1 fmol/cell/h at most, of Michaelis and Menten at 0.2 mM 0.952.
    let demand = 1e6 * 1e-15 * 24.0 * 0.2 / 0.21;
    let told: f64 = found.text.split(' ').nth(3).and_then(|t| t.parse().ok()).expect("a number");
    assert!((told / demand - 1.0).abs() < 1e-3, "{} for {demand:e}", found.text);
}

/// One parameter of a law of the library is typed, and another law taken away.
#[test]
fn the_library_gives_the_rest() {
    let text = format!(
        "{}\n[cells.a]\ntype = \"human-msc-bone-marrow\"\nseeding.uniform.density = \"1e6 cells/mL\"
[run]\nduration = \"1 d\"\n",
        SLAB.replace("drug", "oxygen") + "initial = \"0.2 mM\"\nboundary.x_max.value = \"0.2 mM\""
    );
    let read = |sets: &[&str]| {
        let sets: Vec<String> = sets.iter().map(|s| (*s).to_owned()).collect();
        load_text("case.toml", &text, &sets).unwrap_or_else(|r| panic!("{r}"))
    };
    let own = read(&[]);
    assert!(own.setup.populations[0].lysis > 0.0);
    let without = read(&["cells.a.lysis={}"]);
    assert_eq!(without.setup.populations[0].lysis, 0.0);
    assert!(without.warnings.iter().any(|w| w.code == "W055"));
    let typed = read(&["cells.a.uptake.oxygen.michaelis-menten.vmax=\"49 fmol/cell/h\""]);
    let rate = |case: &blastema::case::Case, c: f64| {
        let population = &case.setup.populations[0];
        population.uptake.iter().map(|u| u.1.rate(c)).sum::<f64>()
    };
    // Half of 98 fmol/cell/h, at any concentration.
    for c in [1e-3, 0.1] {
        assert!((rate(&own, c) / rate(&typed, c) - 2.0).abs() < 1e-12);
    }
}
