//! Every constant between a flow on paper and what it carries: each test would notice a change of
//! 2 % (`tests/mutations`). Expected values are formulas written out here.

mod common;

use std::f64::consts::PI;

use blastema::ground::grid::{Form, Grid};
use blastema::ground::signal::Signal;
use blastema::model::flow::Stream;
use blastema::model::run::run;
use blastema::model::setup::*;
use blastema::model::solver::Solver;
use blastema::model::state::flat;
use blastema::numerics::advective::Advective;
use blastema::numerics::flux::{Flux, OnFaces, Side};
use blastema::numerics::stencil::Faces;
use blastema::physics::kinetics::{FirstOrder, Uptake};
use common::*;

const SEALED: FlowBoundary = FlowBoundary::Sealed;

fn close(found: f64, wanted: f64, within: f64) {
    assert!((found - wanted).abs() <= within * wanted.abs(), "{found:e}, not {wanted:e}");
}

fn solve(mut case: Setup) -> Solver {
    case.run.accuracy = Accuracy { time: 1e-4, solver: Some(1e-12), max_step: 1.0 };
    let mut solver = Solver::new(case).expect("starts");
    run(&mut solver, &mut []).expect("runs");
    solver
}

/// A column of Darcy's law: u = K Δp/(µ L), a linear pressure, the shear √2 µu/√(εK), the time εL/u,
/// and an inlet that brings u·c a time.
#[test]
fn a_perfused_column() {
    let (k, mu, length, porosity, c) = (3e-10, 7e-4, 0.02, 0.5, 2.0);
    let u = k * 30.0 / (mu * length);
    for given in [FlowBoundary::Pressure(130.0), FlowBoundary::Rate(u)] {
        let g = grid(&[10], &[length]);
        let mut solute = solute(&g, "a", 1e-9, 0.0);
        solute.boundaries[0] = Boundary::Inlet(Signal::Constant(c));
        solute.boundaries[1] = Boundary::Outflow;
        let mut eater = population(&g, "p", 1.0);
        eater.uptake = vec![(0, Uptake::FirstOrder(FirstOrder { clearance: 0.01 }))];
        let mut case = setup(g, vec![solute], vec![eater], 60.0);
        case.structure.porosity = vec![porosity; 10].into();
        case.flow = Some(Flow {
            law: FlowLaw::Darcy(vec![k; 10]),
            viscosity: mu,
            boundaries: [given, FlowBoundary::Pressure(100.0), SEALED, SEALED, SEALED, SEALED],
        });
        let solver = solve(case);
        let stream = solver.stream.as_ref().expect("flows");
        let pressure = stream.pressure.as_ref().expect("by Darcy");
        let shear = stream.shear.as_ref().expect("by Darcy");
        close(stream.entering[0], u, 1e-9);
        close(stream.entering[1], -u, 1e-9);
        for i in 0..10 {
            close(stream.velocity[0][i], u, 1e-9);
            close(pressure[i], 130.0 - 3.0 * (i as f64 + 0.5), 1e-9);
            close(shear[i], (2.0 / (porosity * k)).sqrt() * mu * u, 1e-9);
        }
        close(stream.residence(&solver.setup, solver.storage()), porosity * length / u, 1e-9);
        close(solver.ledger.find("a.in.x_min").expect("a term").0, 60.0 * u * c, 1e-9);
        let (account, defect) = solver.ledger.worst().expect("an account");
        assert!(defect < 1e-12, "{account}: {defect:e}");
    }
}

/// A given velocity along the axis of a cylinder is the same in every ring.
#[test]
fn a_cylinder_in_a_given_stream() {
    let g = Grid::cylinder(6, 0.01, 0.03, Some((0.05, 4)));
    let solutes = vec![solute(&g, "a", 1e-9, 1.0)];
    let voxels = g.len();
    let mut case = setup(g, solutes, vec![], 0.0);
    case.run.steady = true;
    for face in [2, 3] {
        case.solutes[0].boundaries[face] = Boundary::Value(Signal::Constant(1.0));
    }
    let boundaries = [SEALED; 6];
    let law = FlowLaw::Given([0.0, 2e-3, 0.0]);
    case.flow = Some(Flow { law, viscosity: 7e-4, boundaries });
    let solver = solve(case);
    let stream = solver.stream.as_ref().expect("flows");
    for i in 0..voxels {
        close(stream.velocity[1][i], 2e-3, 1e-12);
    }
    close(stream.entering[2], 2e-3 * std::f64::consts::PI * (9e-4 - 1e-4), 1e-12);
}

/// Between faces of known values the steady solution of the central scheme is A + B·rⁱ,
/// r = (t + q/2)/(t − q/2), with q·c + g·(c − c₀) through the first half voxel and g·c_N through
/// the last.
#[test]
fn a_stream_between_two_values() {
    let (n, d, speed) = (8, 1.0, 6.0);
    for sign in [1.0, -1.0] {
        let g = grid(&[n], &[1.0]);
        let mut solute = solute(&g, "a", d, 0.0);
        let (from, to) = if sign > 0.0 { (0, 1) } else { (1, 0) };
        solute.boundaries[from] = Boundary::Value(Signal::Constant(2.0));
        solute.boundaries[to] = Boundary::Value(Signal::Constant(0.0));
        let mut case = setup(g, vec![solute], vec![], 0.0);
        case.run.steady = true;
        let law = FlowLaw::Given([sign * speed, 0.0, 0.0]);
        case.flow = Some(Flow { law, viscosity: 7e-4, boundaries: [SEALED; 6] });
        let solver = solve(case);
        let h = 1.0 / n as f64;
        let (q, t, w) = (speed / h, d / (h * h), 2.0 * d / (h * h));
        let r = (t + 0.5 * q) / (t - 0.5 * q);
        let last = r.powi(n as i32 - 1);
        let a = (q + w) * 2.0 / ((q + w) + (q - w) / last);
        let b = a * (q / w - 1.0) / last;
        for (i, c) in flat(&solver.state.fields[0]).iter().enumerate() {
            let at = if sign > 0.0 { i } else { n - 1 - i };
            close(*c, a + b * r.powi(at as i32), 1e-9);
        }
    }
}

/// Where flow outruns diffusion the flux is second order where the field is linear, whichever way
/// the fluid goes, and has van Leer's harmonic mean elsewhere.
#[test]
fn a_limited_flux() {
    let g = grid(&[5], &[5.0]);
    let faces = Faces::harmonic(&g, &[1.0; 5], [1.0; 3]);
    let d = 0.1;
    for q in [1.0, -1.0] {
        let through: OnFaces = [vec![q; 6], vec![0.0; 10], vec![0.0; 10]];
        let fields = [[2.0, 2.3, 2.6, 2.9, 3.2], [1.0, 2.0, 4.0, 8.0, 16.0]];
        for (number, v) in fields.iter().enumerate() {
            // On the face where fluid enters, half a spacing beyond the first voxel.
            let mut outside = [None; 6];
            (outside[0], outside[1]) = (Some(v[0] - 0.15), Some(v[4] + 0.15));
            let mut flux = Advective::new(&faces, d, &through, outside);
            flux.follow(v);
            for low in 0..4 {
                let side = Side { axis: 0, face: low + 1, low, high: low + 1 };
                let [found, a, b] = flux.at(side, v[low], v[low + 1]);
                let across = v[low + 1] - v[low];
                if number == 0 {
                    close(found, q * 0.5 * (v[low] + v[low + 1]) - d * across, 1e-12);
                } else if (1..3).contains(&low) {
                    let (up, u) = if q > 0.0 {
                        (v[low], v[low] - v[low - 1])
                    } else {
                        (v[low + 1], v[low + 2] - v[low + 1])
                    };
                    let mean = 2.0 * u * across / (u + across);
                    close(found, q * up + (0.5 - d) * mean, 1e-12);
                }
                close(a + b, 1.0, 1e-12);
            }
        }
    }
}

/// Flow from an inner wall outwards: the velocity falls as 1/r in a cylinder and 1/r² in a sphere,
/// from the first ring on.
#[test]
fn radial_flow_in_hollow_forms() {
    for grid in [Grid::cylinder(6, 1e-3, 4e-3, Some((2e-3, 2))), Grid::sphere(6, 1e-3, 4e-3)] {
        let n = grid.len();
        let mut boundaries: [FlowBoundary; 6] = std::array::from_fn(|_| FlowBoundary::Sealed);
        boundaries[0] = FlowBoundary::Pressure(10.0);
        boundaries[1] = FlowBoundary::Pressure(0.0);
        let law = FlowLaw::Darcy(vec![1e-12; n]);
        let mut case = setup(grid.clone(), Vec::new(), Vec::new(), 1.0);
        case.flow = Some(Flow { law, viscosity: 1e-3, boundaries });
        let stream = Stream::of(&case, &vec![1.0; n], &vec![1.0; n]).unwrap().unwrap();
        let area = |r: f64| match grid.form {
            Form::Sphere { .. } => 4.0 * PI * r * r,
            _ => 2.0 * PI * r * 2e-3,
        };
        for i in 0..n {
            let r = grid.centre(i)[0];
            let wanted = stream.entering[0] / area(r);
            close(stream.velocity[0][i], wanted, 1e-10);
        }
    }
}
