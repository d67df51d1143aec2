//! Velocities from a file: what the projection does to them, against exact flows.

mod common;

use std::f64::consts::PI;

use blastema::case::{Case, Report, load};
use blastema::ground::grid::Grid;
use blastema::model::flow::Stream;
use blastema::model::projection::project;
use common::*;

/// Open at both ends of x.
const OPEN: [bool; 6] = [true, true, false, false, false, false];

fn stream(g: &Grid, q: blastema::numerics::flux::OnFaces) -> Stream {
    let velocity = std::array::from_fn(|_| vec![0.0; g.len()]);
    Stream { q, pressure: None, velocity, shear: None, entering: [0.0; 6] }
}

/// ψ = y + a·sin²(πx)·sin(πy): a flow along x that meanders between two walls, u = ∂ψ/∂y and
/// v = −∂ψ/∂x. Its values in the middle of voxels are nearly free of sources; the projection makes
/// them so, and what it gives is of second order.
#[test]
fn a_meandering_flow() {
    let a = 0.2;
    let errors = [16, 32, 64].map(|n| {
        let g = grid(&[n, n], &[1.0, 1.0]);
        let at = |i: usize| g.centre(i);
        let u = |[x, y, _]: [f64; 3]| 1.0 + a * PI * (PI * x).sin().powi(2) * (PI * y).cos();
        let v = |[x, y, _]: [f64; 3]| -a * PI * (2.0 * PI * x).sin() * (PI * y).sin();
        let along = |f: &dyn Fn([f64; 3]) -> f64| (0..g.len()).map(|i| f(at(i))).collect();
        let velocity = [along(&u), along(&v), vec![0.0; g.len()]];
        let done = project(&g, &velocity, &vec![1.0; g.len()], OPEN).expect("converges");
        assert!(done.changed > 0.0 && done.changed < 0.05, "{}", done.changed);
        let h = 1.0 / n as f64;
        let defect = divergence(&g, &stream(&g, done.q.clone()));
        assert!(defect < 1e-11, "{defect:e}");
        // Mean flux through a face: the difference of ψ between its ends.
        let psi = |x: f64, y: f64| y + a * (PI * x).sin().powi(2) * (PI * y).sin();
        let mut sum = 0.0;
        for j in 0..n {
            for i in 0..=n {
                let (x, y) = (i as f64 * h, j as f64 * h);
                let exact = (psi(x, y + h) - psi(x, y)) / h;
                sum += (done.q[0][j * (n + 1) + i] * h - exact).abs() * h * h;
            }
        }
        sum
    });
    let order = (errors[1] / errors[2]).log2();
    println!("ORDER velocity of voxels made free of sources {errors:?} order {order:.2}");
    assert!(order > 1.5 && errors[2] < 2e-3, "{errors:?}");
}

/// A uniform flow has no sources: not a bit of it changes.
#[test]
fn a_uniform_flow_stays() {
    for g in [grid(&[7, 5, 3], &[1.0, 0.7, 0.2]), Grid::cylinder(6, 0.0, 0.4, Some((1.0, 5)))] {
        let axis = usize::from(g.dimensions != 3);
        let mut velocity: [Vec<f64>; 3] = std::array::from_fn(|_| vec![0.0; g.len()]);
        velocity[axis].fill(2.5e-4);
        let open = std::array::from_fn(|f| f / 2 == axis);
        let done = project(&g, &velocity, &vec![1.0; g.len()], open).expect("converges");
        assert_eq!(done.changed, 0.0);
        let uniform = std::array::from_fn(|a| if a == axis { 2.5e-4 } else { 0.0 });
        assert_eq!(done.q, blastema::model::flow::given(&g, uniform, &vec![1.0; g.len()]));
    }
}

/// u = x along a line: the nearest constant, faces at the ends counting half. Values in the middle
/// of four voxels are 1/8, 3/8, 5/8, 7/8, so all faces become (½·1/8 + 1/4 + 1/2 + 3/4 + ½·7/8)/4 = ½.
/// With u = x² it is (½·1/64 + 5/64 + 17/64 + 37/64 + ½·49/64)/4.
#[test]
fn a_source_is_spread_evenly() {
    for (power, wanted) in [(1, 0.5), (2, (25.0 + 59.0) / 256.0)] {
        let g = grid(&[4], &[1.0]);
        let along = (0..4).map(|i| g.centre(i)[0].powi(power)).collect();
        let velocity = [along, vec![0.0; 4], vec![0.0; 4]];
        let done = project(&g, &velocity, &[1.0; 4], OPEN).expect("converges");
        for q in &done.q[0] {
            assert!((q * 0.25 - wanted).abs() < 1e-12, "{q} {wanted}");
        }
        assert!(done.changed > 0.1 && done.worst.1 > 0.1);
    }
}

/// A rod of four voxels with the velocities `u` (µm/s) in a file.
fn rod(name: &str, u: &str, more: &str) -> Result<Case, Report> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(name), u).expect("written");
    let text = format!(
        r#"title = "rod"
[domain]
size = ["1 mm"]
voxels = [4]
[scaffold]
porosity = 0.5
effective_diffusivity.bruggeman = {{}}
[flow]
viscosity = "1 mPa s"
law.given = {{ field = {{ path = "{name}", unit = "um/s", open = ["x_min", "x_max"] }}{more} }}
[solutes.oxygen]
diffusivity = "2.7e-9 m^2/s"
initial = "0.2 mol/m^3"
boundary.x_min.inlet = "0.2 mol/m^3"
boundary.x_max.outflow = {{}}
[run]
duration = "1 h"
"#
    );
    // A case reads files beside it.
    let case = folder.path().join("rod.toml");
    std::fs::write(&case, text).expect("written");
    load(&case, &[])
}

fn flowing(case: &Case) -> Stream {
    let room = vec![1.0; case.setup.grid.len()];
    let porosity = &case.setup.structure.porosity;
    Stream::of(&case.setup, &room, porosity).expect("converges").expect("flows")
}

/// The file's unit, its order, and τ = √2 µu/√(εK).
#[test]
fn a_file_with_a_permeability_has_a_shear() {
    let case = rod("even.csv", "u\n100\n100\n100\n100\n", "").unwrap_or_else(|e| panic!("{e}"));
    let bare = flowing(&case);
    assert!((bare.velocity[0][2] - 1e-4).abs() < 1e-16 && bare.shear.is_none());
    let more = r#", permeability = "2e-10 m^2""#;
    let case = rod("even.csv", "100 100 100 100", more).unwrap_or_else(|e| panic!("{e}"));
    let tau = flowing(&case).shear.expect("known")[1];
    let exact = 2.0_f64.sqrt() * 1e-3 * 1e-4 / (0.5_f64 * 2e-10).sqrt();
    assert!((tau - exact).abs() < 1e-12 * exact, "{tau} {exact}");
}

#[test]
fn files_that_hold_no_flow_are_told() {
    let said = |u: &str| match rod("bad.csv", u, "") {
        Ok(_) => String::new(),
        Err(report) => report.to_string(),
    };
    assert!(said("1 2 3").contains("has 3 values"));
    assert!(said("100 -100 100 -100").contains("holds no flow"), "{}", said("100 -100 100 -100"));
    assert_eq!(said("100 101 100 101"), "");
    // 100, 130, 100, 130: faces 100, 115 (3), 130 become 115; √(2·15²/(100² + 3·115² + 130²)) = 8.2 %.
    let case = rod("rough.csv", "100 130 100 130", "").unwrap_or_else(|e| panic!("{e}"));
    let warned = case.warnings.iter().any(|w| w.message.contains("changed by 8.2 %"));
    assert!(warned, "{:?}", case.warnings.iter().map(|w| &w.message).collect::<Vec<_>>());
}
