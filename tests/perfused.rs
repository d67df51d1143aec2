//! Flow that follows what it meets, against closed forms.

mod common;

use blastema::case::load_text;
use blastema::model::run::run;
use blastema::model::setup::Setup;
use blastema::model::solver::Solver;

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
