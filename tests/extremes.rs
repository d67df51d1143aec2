//! Fields that start empty, constructs that are emptied, balances that do not close, and answers
//! about them; expected values by hand.

mod common;

use std::f64::consts::PI;

use blastema::case::load_text;
use blastema::model::answer::Answer;
use blastema::model::run::{Moment, Stop, Watcher, run};
use blastema::model::solver::StepFailure;
use blastema::model::state::{Kind, flat};
use common::{begin, finished};

fn failed(text: &str) -> StepFailure {
    match run(&mut begin(text), &mut []) {
        Err(Stop::Numerics(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

fn number(answers: &[Answer], key: &str) -> f64 {
    answers.iter().find(|a| a.key == key).and_then(|a| a.number).unwrap_or_else(|| panic!("{key}"))
}

const BOX: &str = "[domain]\nsize = [\"2 mm\"]\nvoxels = [10]\n";

/// A source that grows with the time: c = t²/2 mM/d².
#[test]
fn a_source_that_rises_from_nothing() {
    let (solver, _) = finished(&format!(
        "{BOX}
[solutes.drug]
diffusivity = \"1e-10 m^2/s\"
initial = \"0 mM\"
source.rate = \"1 mM/d\"
source.times.ramp = {{ points = [[\"0 d\", 0.0], [\"1 d\", 1.0]] }}
[run]
duration = \"1 d\"
"
    ));
    let c = flat(&solver.state.fields[0])[3];
    assert!((c - 0.5).abs() < 0.5e-3, "{c}");
}

/// Cells a become b, and b lay down matrix: n_a = n e^{-kt}, n_b = n(1 − e^{-kt}),
/// m = p n (t − (1 − e^{-kt})/k).
#[test]
fn matrix_of_cells_that_are_not_there_yet() {
    let (solver, _) = finished(&format!(
        "{BOX}
[cells.a]
seeding.uniform.density = \"1e6 cells/mL\"
differentiation.b.rate.time_constant = \"4 d\"
[cells.b]
deposition.gag.rate = \"0.1 ng/cell/d\"
[matrix.gag]
density = \"1.4 g/mL\"
[run]
duration = \"8 d\"
"
    ));
    let m = flat(&solver.state.fields[solver.catalogue.number(Kind::Matrix(0)).unwrap()])[0];
    // 0.1 ng/d of 1e6 /mL is 0.1 kg/m³/d.
    let exact = 0.1 * (8.0 - 4.0 * (1.0 - (-2.0_f64).exp()));
    assert!((m / exact - 1.0).abs() < 2e-3, "{m} for {exact}");
}

/// A value on a face that rises from 0: long after the layers have evened out, c follows it with
/// the lag L²/(2D) at the sealed end.
#[test]
fn a_value_that_rises_from_nothing() {
    let (solver, _) = finished(&format!(
        "{BOX}
[solutes.drug]
diffusivity = \"1e-9 m^2/s\"
initial = \"0 mM\"
boundary.x_max.value.ramp = {{ points = [[\"0 d\", \"0 mM\"], [\"4 d\", \"4 mM\"]] }}
[run]
duration = \"2 d\"
"
    ));
    let c = flat(&solver.state.fields[0])[0];
    // The first voxel's centre is 0.1 mm from the sealed end.
    let lag = (4e-6 - 1e-8) / (2.0 * 1e-9) / 86_400.0;
    assert!((c - (2.0 - lag)).abs() < 4e-3, "{c} for {}", 2.0 - lag);
}

/// 0.2 mol/m³ behind a face that gives away 1e-6 mol/m²/s: a half-space would be empty at the face
/// after π D c²/(4 J²) = 94 s, all of the construct after 400 s.
#[test]
fn a_flux_that_empties_the_construct_stops_the_run() {
    let text = |boundary: &str| {
        format!(
            "{BOX}
[solutes.drug]
diffusivity = \"3e-9 m^2/s\"
initial = \"0.2 mol/m^3\"
boundary.x_max.flux = \"-1e-6 mol/m^2/s\"
{boundary}
[run]
duration = \"2 d\"
"
        )
    };
    for boundary in ["", "boundary.x_min.value = \"0.2 mM\""] {
        let failure = failed(&text(boundary));
        assert_eq!((failure.field.as_str(), failure.voxel), ("drug", Some(9)));
        assert!(failure.hint.contains("more than is there"), "{}", failure.hint);
        assert!((94.0..200.0).contains(&failure.time), "{}", failure.time);
    }
    // What diffusion can bring is given for ever.
    let enough = text("boundary.x_min.value = \"0.2 mM\"").replace("-1e-6", "-2e-7");
    let (solver, _) = finished(&enough);
    let c = flat(&solver.state.fields[0])[9];
    let exact = 0.2 - 2e-7 * 1.9e-3 / 3e-9;
    assert!((c - exact).abs() < 1e-4, "{c} for {exact}");
}

#[test]
fn a_balance_that_does_not_close_stops_the_run() {
    let mut solver = begin(&format!(
        "{BOX}
[solutes.drug]
diffusivity = \"3e-9 m^2/s\"
initial = \"0.2 mol/m^3\"
[run]
duration = \"2 d\"
"
    ));
    solver.ledger.accounts[0].initial *= 1.0 + 1e-8;
    match run(&mut solver, &mut []) {
        Err(Stop::Numerics(f)) => assert_eq!(f.field, "the balance of drug"),
        other => panic!("{other:?}"),
    }
}

/// A steady state's balance is one of rates.
#[test]
fn the_balance_of_a_steady_state() {
    let (_, answers) = finished(&format!(
        "{BOX}
[solutes.oxygen]
diffusivity = \"3e-9 m^2/s\"
initial = \"0.2 mM\"
decay.time_constant = \"10 min\"
boundary.x_max.value = \"0.2 mM\"
[run]
steady = true
"
    ));
    let defect = number(&answers, "ledger_defect");
    assert!(defect < 2e-8, "{defect:e}");
}

/// Without oxygen these cells take up five times as much glucose as with it.
#[test]
fn demand_is_what_the_cells_could_use_where_they_are() {
    let (_, answers) = finished(&format!(
        "{BOX}
[solutes.oxygen]
diffusivity = \"3e-9 m^2/s\"
initial = \"0 mM\"
boundary.x_max.value = \"0.2 mM\"
[solutes.glucose]
diffusivity = \"1e-9 m^2/s\"
initial = \"5 mM\"
boundary.x_max.value = \"5 mM\"
[cells.msc]
seeding.uniform.density = \"1e7 cells/mL\"
uptake.oxygen.michaelis-menten = {{ vmax = \"100 fmol/cell/h\", km = \"8 uM\" }}
uptake.glucose.michaelis-menten = {{ vmax = \"10 fmol/cell/h\", km = \"0.1 mM\" }}
uptake_modifiers.glucose.oxygen = {{ factor = 5.0, half = \"5 uM\" }}
[run]
duration = \"1 d\"
"
    ));
    let met = number(&answers, "glucose.satisfied");
    assert!((0.9..=1.0).contains(&met), "{met}");
}

/// The axial flux through a cylinder follows the ratio along z, the radial one that along r.
#[test]
fn a_tensor_in_a_cylinder() {
    let text = |face: &str, inner: &str| {
        format!(
            "[domain]
shape = \"cylinder\"
size = [\"2 mm\", \"2 mm\"]
inner_radius = \"1 mm\"
voxels = [8, 8]
[scaffold]
porosity = 0.5
effective_diffusivity.tensor = {{ r = 0.5, z = 0.2 }}
[solutes.dye]
diffusivity = \"1e-9 m^2/s\"
initial = \"0 mM\"
boundary.{face}.value = \"1 mM\"
boundary.{inner}.value = \"0 mM\"
[run]
steady = true
"
        )
    };
    let through = |face: &str, inner: &str| {
        let (solver, _) = finished(&text(face, inner));
        solver.ledger.find(&format!("dye.in.{face}")).unwrap().1
    };
    let axial = 0.2 * 1e-9 * PI * 3e-6 / 2e-3;
    let radial = 0.5 * 1e-9 * 2.0 * PI * 2e-3 / 2.0_f64.ln();
    let found = [through("z_max", "z_min"), through("r_max", "r_min")];
    assert!((found[0] / axial - 1.0).abs() < 1e-6, "{found:?} for {axial}");
    // Rings as wide as an eighth of the inner radius.
    assert!((found[1] / radial - 1.0).abs() < 2e-3, "{found:?} for {radial}");
}

/// Half of the scaffold degrades: fluid with 1 mol/m³ takes its place.
#[test]
fn what_displaced_fluid_carries_is_told() {
    let (_, answers) = finished(&format!(
        "{BOX}
[scaffold]
porosity = 0.6
effective_diffusivity.bruggeman = {{}}
changing_porosity = true
degradation.first-order.rate.half_life = \"2 d\"
[solutes.drug]
diffusivity = \"1e-10 m^2/s\"
initial = \"1 mM\"
[run]
duration = \"2 d\"
"
    ));
    // 0.2 of 2 mm · 1 m² of fluid more.
    let carried = number(&answers, "drug.displaced");
    assert!((carried / -4e-4 - 1.0).abs() < 1e-3, "{carried}");
}

/// A value at the face that goes up and down a thousand times faster than the slab follows: no
/// period is passed over. Against the same voxels with two hundred explicit steps a period.
#[test]
fn a_fast_sine_is_resolved() {
    let (solver, _) = finished(
        r#"
[domain]
size = ["2 mm"]
voxels = [20]
[solutes.oxygen]
diffusivity = "1.17e-9 m^2/s"
initial = "0.1 mM"
boundary.x_min.value.sine = { mean = "0.1 mM", amplitude = "0.1 mM", period = "10 s" }
[run]
duration = "1001.25 s"
"#,
    );
    assert!(solver.work.steps >= 1200, "{} steps", solver.work.steps);
    let (g, dt) = (1.17e-9 / 1e-8, 0.05);
    let mut c = [0.1; 20];
    for n in 0..(1001.25 / dt) as usize {
        let outside = 0.1 + 0.1 * (2.0 * PI * (n as f64 * dt) / 10.0).sin();
        let old = c;
        for i in 0..20 {
            let below = if i == 0 { 2.0 * (outside - old[0]) } else { old[i - 1] - old[i] };
            let above = if i == 19 { 0.0 } else { old[i + 1] - old[i] };
            c[i] += dt * g * (below + above);
        }
    }
    let found = flat(&solver.state.fields[0]);
    for i in 0..3 {
        assert!((found[i] - c[i]).abs() < 1e-3, "voxel {i}: {} and {}", found[i], c[i]);
    }
}

/// Least and largest value of the first field in a run.
struct Range(f64, f64);
impl Watcher for Range {
    fn see(&mut self, moment: &Moment) -> Result<(), String> {
        for c in flat(&moment.solver.state.fields[0]) {
            *self = Range(self.0.min(*c), self.1.max(*c));
        }
        Ok(())
    }
}

/// A front of medium that is carried out: what nothing uses stays above the least that was there.
#[test]
fn a_carried_front_does_not_undershoot() {
    let mut solver = begin(
        r#"
[domain]
size = ["4 mm"]
voxels = [80]
[flow]
law.given.velocity = ["10 um/s"]
[solutes.drug]
diffusivity = "1e-12 m^2/s"
initial.table = { axis = "x", points = [["0.99 mm", "1 mM"], ["1.01 mm", "5 mM"], ["1.99 mm", "5 mM"], ["2.01 mm", "1 mM"]] }
boundary.x_min.inlet = "1 mM"
boundary.x_max.outflow = {}
[run]
duration = "5 min"
output.every = "10 s"
"#,
    );
    let mut range = Range(f64::INFINITY, 0.0);
    run(&mut solver, &mut [&mut range]).unwrap();
    assert!(range.0 > 1.0 - 1e-5 && range.1 < 5.0 + 1e-5, "{} to {}", range.0, range.1);
    assert!(solver.ledger.worst().unwrap().1 < 1e-12, "{:?}", solver.ledger.worst());
}

/// Thiele's modulus and Péclet's number take the diffusivity along the way.
#[test]
fn numbers_of_an_anisotropic_scaffold() {
    let thiele = |law: &str| {
        let (_, answers) = finished(&format!(
            r#"
[domain]
size = ["2 mm"]
voxels = [40]
[scaffold]
porosity = 0.5
effective_diffusivity.{law}
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mM"
boundary.x_max.value = "0.2 mM"
[cells.a]
seeding.uniform.density = "5e6 cells/mL"
uptake.oxygen.first-order.clearance = "0.5 nL/cell/h"
[run]
steady = true
"#
        ));
        number(&answers, "oxygen.thiele2")
    };
    // k n L²/D with D = 2e-10 m²/s.
    let by_hand = 0.5e-12 / 3600.0 * 5e12 * 4e-6 / 2e-10;
    for law in ["tensor = { x = 0.1 }", "tortuosity.factor = 5"] {
        let found = thiele(law);
        assert!((found / by_hand - 1.0).abs() < 1e-9, "{law}: {found}, by hand {by_hand}");
    }
    let (_, answers) = finished(
        r#"
[domain]
size = ["5 mm", "2 mm"]
voxels = [20, 10]
[scaffold]
porosity = 0.8
effective_diffusivity.tensor = { x = 0.1, y = 0.5 }
[flow]
law.given.velocity = ["10 um/s", "0 um/s"]
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mM"
boundary.x_min.inlet = "0.2 mM"
boundary.x_max.outflow = {}
[run]
steady = true
"#,
    );
    let peclet = number(&answers, "oxygen.peclet");
    assert!((peclet / 250.0 - 1.0).abs() < 1e-9, "{peclet}");
}

/// An open channel in Brinkman's law is as wide as its walls are apart, not as its permeability.
#[test]
fn an_open_channel_has_no_inertia_of_its_permeability() {
    let case = |pressure: &str| {
        load_text(
            "case.toml",
            &format!(
                r#"
[domain]
size = ["6 mm", "3 mm"]
voxels = [12, 30]
[scaffold]
porosity = 0.8
effective_diffusivity.bruggeman = {{}}
[flow]
law.brinkman.permeability = "1e-10 m^2"
boundary.x_min.pressure = "{pressure}"
boundary.x_max.pressure = "0 Pa"
boundary.y_min.symmetry = {{}}
[regions.channel]
shape.layer = {{ axis = "y", from = "2 mm", to = "3 mm" }}
scaffold.porosity = 1.0
flow.law.brinkman.permeability = "1 m^2"
[solutes.oxygen]
diffusivity = "3e-9 m^2/s"
initial = "0.2 mM"
boundary.x_min.inlet = "0.2 mM"
boundary.x_max.outflow = {{}}
[run]
steady = true
"#
            ),
            &[],
        )
        .unwrap_or_else(|r| panic!("{r}"))
    };
    let warned = |pressure: &str| case(pressure).warnings.iter().any(|w| w.code == "W043");
    // 33 µm/s in 1 mm: a Reynolds number of 0.05; a thousand times that is 48.
    assert!(!warned("0.001 Pa") && warned("1 Pa"));
}
