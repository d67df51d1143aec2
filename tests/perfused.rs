//! Flow that follows what it meets, against closed forms.

mod common;

use blastema::case::load_text;
use blastema::model::answers::Answers;
use blastema::model::run::run;
use blastema::model::setup::Setup;
use blastema::model::solver::Solver;
use blastema::model::state::flat;

/// A rod of 2 mm whose cells double every two days and fill 4 % of it at first; 20 Pa drive water
/// through.
fn filling(law: &str) -> Setup {
    let text = format!(
        r#"title = "filling"
[domain]
size = ["2 mm"]
voxels = [8]
[scaffold]
porosity = 0.9
effective_diffusivity.bruggeman = {{}}
changing_porosity = true
[flow]
law.{law}
viscosity = "1 mPa s"
boundary.x_min.pressure = "20 Pa"
boundary.x_max.pressure = "0 Pa"
[solutes.oxygen]
diffusivity = "2.7e-9 m^2/s"
initial = "0.2 mol/m^3"
boundary.x_min.inlet = "0.2 mol/m^3"
boundary.x_max.outflow = {{}}
[cells.msc]
seeding.uniform = {{ density = "2e7 cells/mL" }}
volume = "2e-15 m^3"
growth.rate.doubling_time = "2 d"
[run]
duration = "6 d"
accuracy.time = 1e-5
"#
    );
    load_text("filling.toml", &text, &[]).expect("loads").setup
}

/// Flow through the rod at the end over the area of a voxel: superficial velocity, m/s; and the
/// wall shear, Pa.
fn at_the_end(law: &str) -> (f64, f64) {
    let mut solver = Solver::new(filling(law)).expect("starts");
    run(&mut solver, &mut []).expect("runs");
    // 0.04·2³ of the volume are cells.
    let porosity = solver.lowest_porosity().expect("changes");
    assert!((porosity - 0.58).abs() < 1e-4, "{porosity}");
    let (name, defect) = solver.ledger.worst().expect("accounts");
    assert!(defect < 1e-10, "{name}: {defect:e}");
    let stream = solver.stream.as_ref().expect("flows");
    (stream.velocity[0][3], stream.shear.as_ref().expect("known")[3])
}

#[test]
fn permeability_follows_a_porosity_that_falls() {
    // u = K/µ·Δp/L with K = ε³d²/(180(1 − ε)²) at ε = 0.58.
    let (e, d): (f64, f64) = (0.58, 1e-4);
    let k = e.powi(3) * d * d / (180.0 * (1.0 - e).powi(2));
    let u = k / 1e-3 * 20.0 / 2e-3;
    let (velocity, shear) =
        at_the_end("kozeny-carman = { diameter = \"100 um\" , constant = 180 }");
    assert!((velocity / u - 1.0).abs() < 1e-3, "{velocity} {u}");
    let tau = 2.0_f64.sqrt() * 1e-3 * u / (e * k).sqrt();
    assert!((shear / tau - 1.0).abs() < 1e-3, "{shear} {tau}");

    // Linear between 1e-11 at 0.5 and 5e-11 at 0.9: 1.8e-11 m² at 0.58.
    let points = "[[0.5, \"1e-11 m^2\"], [0.9, \"5e-11 m^2\"]]";
    let (velocity, _) = at_the_end(&format!("table = {{ points = {points} }}"));
    assert!((velocity / (1.8e-11 / 1e-3 * 1e4) - 1.0).abs() < 1e-3, "{velocity}");
}

#[test]
fn a_given_permeability_stays_and_the_shear_rises_all_the_same() {
    let (velocity, shear) = at_the_end("darcy = { permeability = \"2e-11 m^2\" }");
    let u = 2e-11 / 1e-3 * 1e4;
    assert!((velocity / u - 1.0).abs() < 1e-9, "{velocity}");
    let tau = 2.0_f64.sqrt() * 1e-3 * u / (0.58_f64 * 2e-11).sqrt();
    assert!((shear / tau - 1.0).abs() < 1e-3, "{shear} {tau}");
}

/// Cells that double every two days from 4 % of the volume take 128 % after ten: more than fits.
#[test]
fn cells_that_find_no_room_are_told() {
    for (days, full) in [(6.0, None), (10.0, Some(1.28 + 0.1))] {
        let mut setup = filling("darcy = { permeability = \"2e-11 m^2\" }");
        setup.run.duration = days * 86_400.0;
        setup.run.outputs = vec![setup.run.duration];
        let mut solver = Solver::new(setup).expect("starts");
        let mut answers = Answers::default();
        run(&mut solver, &mut [&mut answers]).expect("runs");
        let answers = answers.finish(&solver);
        let told = answers.iter().find(|a| a.key == "overfull");
        assert_eq!(told.and_then(|a| a.number), full.map(|_| 1.0));
        if let Some(full) = full {
            let (share, most) = solver.overfull().expect("too many");
            assert!((share - 1.0).abs() < 1e-12 && (most - full).abs() < 1e-3, "{share} {most}");
        }
    }
}

/// Fluid enters through one half of a face and leaves through the other: what enters brings the value
/// of the inlet, and the answers tell both.
#[test]
fn a_face_that_fluid_passes_both_ways() {
    let text = r#"
[domain]
size = ["4 mm", "2 mm"]
voxels = [20, 10]
[flow]
law.darcy.permeability = "1e-11 m^2"
viscosity = "1 mPa s"
boundary.x_min.pressure = "2 Pa"
boundary.x_max.pressure = "0 Pa"
boundary.y_max.pressure = "1 Pa"
[solutes.oxygen]
diffusivity = "2.7e-9 m^2/s"
initial.steady = {}
boundary.x_min.inlet = "0.2 mol/m^3"
boundary.x_max.outflow = {}
boundary.y_max.inlet = "0.1 mol/m^3"
[cells.msc]
seeding.uniform = { density = "1e6 cells/mL" }
uptake.oxygen.michaelis-menten = { vmax = "98 fmol/cell/h", km = "8 uM" }
[run]
steady = true
"#;
    let mut solver =
        Solver::new(load_text("both.toml", text, &[]).expect("loads").setup).expect("starts");
    let mut answers = Answers::default();
    run(&mut solver, &mut [&mut answers]).expect("runs");
    let answers = answers.finish(&solver);
    let of = |key: &str| answers.iter().find(|a| a.key == key).expect("an answer");
    let stream = solver.stream.as_ref().expect("flows");
    let grid = &solver.setup.grid;
    let face = |name: &str| stream.both_ways(grid, grid.face(name).expect("a face"));
    let ([x, _], [inward, outward]) = (face("x_min"), face("y_max"));
    // The middle of the long side is at the pressure of the face: halves mirror each other.
    assert!(inward > 0.1 * x && (inward / outward - 1.0).abs() < 1e-9, "{inward} {outward}");
    assert!(of("flow.y_max").text.contains(" in and "), "{}", of("flow.y_max").text);
    let used = solver.ledger.find("oxygen.used").expect("a term").1;
    let share = used / (0.2 * x + 0.1 * inward);
    let told = of("oxygen.extraction").number.expect("a number");
    assert!((told / share - 1.0).abs() < 1e-9, "{told} {share}");
    // In − out = used, and nothing is above what the inlets bring.
    let (name, defect) = solver.ledger.worst().expect("accounts");
    assert!(defect < 1e-9, "{name}: {defect:e}");
    let c = blastema::model::state::flat(&solver.state.fields[0]);
    assert!(c.iter().all(|c| *c > 0.0 && *c < 0.2 * (1.0 + 1e-9)));
}

/// Sigmoid sinks that begin at next to nothing, with flow: cells take up all that enters, u c₀ an area,
/// or, where that is more than they use, as much as they use.
#[test]
fn steep_sinks_take_up_what_enters() {
    let (c0, density, length) = (0.2, 2e14, 2e-3);
    for pressure in [0.01, 1.0, 100.0] {
        for exponent in [1.0, 2.0, 4.0, 16.0] {
            for half in [1e-4, 1e-6] {
                for vmax in [5e-17, 1e-15] {
                    let text = format!(
                        r#"
[domain]
size = ["2 mm", "0.5 mm", "0.5 mm"]
voxels = [24, 5, 6]
[flow]
law.darcy.permeability = "1e-10 m^2"
viscosity = "1 mPa s"
boundary.x_min.pressure = "{pressure} Pa"
boundary.x_max.pressure = "0 Pa"
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "{c0} mol/m^3"
boundary.x_min.inlet = "{c0} mol/m^3"
boundary.x_max.outflow = {{}}
[cells.a]
type = "custom"
seeding.uniform = {{ density = "{density} cells/m^3" }}
uptake.oxygen.hill = {{ vmax = "{vmax} mol/cell/s", half = "{half} mol/m^3", exponent = {exponent} }}
[run]
steady = true
"#
                    );
                    let (solver, _) = common::finished(&text);
                    let rate = |c: f64| {
                        let x = (c / half).powf(exponent);
                        density * vmax * if x.is_finite() { x / (1.0 + x) } else { 1.0 }
                    };
                    let field = flat(&solver.state.fields[0]);
                    let taken = field.iter().map(|c| rate(*c)).sum::<f64>() / field.len() as f64;
                    let enters: f64 = 1e-7 * pressure / length * c0;
                    let most = enters.min(density * vmax * length) / length;
                    assert!((taken / most - 1.0).abs() < 5e-3, "{text}: {taken:e}, not {most:e}");
                }
            }
        }
    }
}

/// A rough scaffold and its mirror image have mirrored steady states, also where a sink that all but
/// jumps keeps the limiter from settling.
#[test]
fn mirror_images_have_mirrored_steady_states() {
    let solved = |x: &str, [inlet, outlet]: [&str; 2]| {
        let text = format!(
            r#"[domain]
size = ["3 mm", "2 mm", "1.5 mm"]
voxels = [16, 12, 8]
[scaffold]
porosity = 0.9
effective_diffusivity.bruggeman = {{}}
[flow.law.darcy]
permeability.formula = {{ value = "1e-10 m^2", times = "exp(4*sin(21*y/(1 mm))*cos(14*z/(1 mm))*sin(28*({x})/(1 mm)))" }}
[flow.boundary]
{inlet}.rate = "0.01 mL/min"
{outlet}.pressure = "0 Pa"
y_max.pressure = "0 Pa"
[cells.a]
seeding.uniform.density = "2e7 cells/mL"
uptake.oxygen.zero-order.vmax = "300 fmol/cell/h"
[solutes.oxygen]
diffusivity = "1e-9 m^2/s"
initial = "0.1 mol/m^3"
boundary.{inlet}.inlet = "0.2 mol/m^3"
boundary.{outlet}.outflow = {{}}
boundary.y_max.outflow = {{}}
[run]
steady = true
"#
        );
        let setup = load_text("rough.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}")).setup;
        let mut solver = Solver::new(setup).expect("starts");
        run(&mut solver, &mut []).expect("runs");
        println!("{:?}", solver.work);
        flat(&solver.state.fields[0]).to_vec()
    };
    let one = solved("x", ["x_min", "x_max"]);
    let other = solved("3 mm - x", ["x_max", "x_min"]);
    let most = (0..one.len())
        .map(|i| (one[i] - other[i / 16 * 16 + 15 - i % 16]).abs())
        .fold(0.0, f64::max);
    assert!(one.iter().any(|c| *c < 1e-3) && one.iter().any(|c| *c > 0.15));
    assert!(most < 1e-6 * 0.2, "{most:e}");
}
