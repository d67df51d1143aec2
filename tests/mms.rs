//! A manufactured solution of solute and cells together (validation/v16): a diffusivity that
//! varies, a flow, chemotaxis with volume filling, Michaelis–Menten uptake and logistic growth,
//! on the unit square. A case file has no sources in place and time, so the fluxes, the solver
//! and the step of the model (cells first, then the solute, 2B − A) are put together here.

mod common;

use std::borrow::Cow;
use std::f64::consts::PI;
use std::sync::Arc;

use blastema::ground::grid::Grid;
use blastema::model::solutes::Uptakes;
use blastema::numerics::advective::Advective;
use blastema::numerics::drift::{self, Bounds, Drift, Scratch};
use blastema::numerics::flux::{Fitted, Flux, OnFaces, lower, on_faces};
use blastema::numerics::hierarchy::Hierarchy;
use blastema::numerics::newton::{Equation, Inert, Reaction};
use blastema::physics::kinetics::{MichaelisMenten, Uptake};
use common::grid;

const MOTILITY: f64 = 0.1;
const CHI: f64 = 0.2;
const VMAX: f64 = 2.0;
const KM: f64 = 0.1;
const GROWTH: f64 = 1.5;
const KG: f64 = 0.2;

fn c(x: f64, y: f64, t: f64) -> f64 {
    1.0 + 0.3 * (-t).exp() * (PI * x).cos() * (2.0 * PI * y).cos()
}

fn n(x: f64, y: f64, t: f64) -> f64 {
    0.5 + 0.2 * t.cos() * (2.0 * PI * x).cos() * (PI * y).cos()
}

fn diffusivity(x: f64, y: f64) -> f64 {
    1.0 + 0.5 * (PI * x).cos() * (PI * y).cos()
}

/// Stream function: u = ∂ψ/∂y, v = −∂ψ/∂x.
fn psi(x: f64, y: f64) -> f64 {
    ((PI * x).sin() * (PI * y).sin()).powi(2) / PI
}

/// Sources that make c and n solutions.
fn sources(x: f64, y: f64, t: f64) -> [f64; 2] {
    let ((sx, cx), (sy, cy)) = ((PI * x).sin_cos(), (PI * y).sin_cos());
    let ((sxx, cxx), (syy, cyy)) = ((2.0 * PI * x).sin_cos(), (2.0 * PI * y).sin_cos());
    let (e, wave) = ((-t).exp(), t.cos());
    let (c, n, d) = (c(x, y, t), n(x, y, t), diffusivity(x, y));
    let (u, v) = (2.0 * sx * sx * sy * cy, -2.0 * sx * sy * sy * cx);
    let (c_x, c_y) = (-0.3 * PI * e * sx * cyy, -0.6 * PI * e * cx * syy);
    let (n_x, n_y) = (-0.4 * PI * wave * sxx * cy, -0.2 * PI * wave * cxx * sy);
    let (d_x, d_y) = (-0.5 * PI * sx * cy, -0.5 * PI * cx * sy);
    let (lap_c, lap_n) = (-5.0 * PI * PI * (c - 1.0), -5.0 * PI * PI * (n - 0.5));
    let of_c =
        1.0 - c + u * c_x + v * c_y - (d_x * c_x + d_y * c_y + d * lap_c) + VMAX * n * c / (KM + c);
    let drift = CHI * ((1.0 - 2.0 * n) * (n_x * c_x + n_y * c_y) + n * (1.0 - n) * lap_c);
    let n_t = -0.2 * t.sin() * cxx * cy;
    [of_c, n_t - MOTILITY * lap_n + drift - GROWTH * n * (1.0 - n) * c / (KG + c)]
}

/// The values of reference.json.
#[test]
fn sources_are_those_of_the_reference() {
    let rows = [
        (
            [0.1, 0.2, 0.0],
            [1.088167787843871, 0.6309016994374947],
            [5.897774255727658, 0.11878480135899734],
        ),
        (
            [0.37, 0.61, 0.25],
            [0.9285042869640516, 0.5449346822371343],
            [-2.7892733398585063, 0.07378150264504951],
        ),
        (
            [0.8, 0.9, 1.0],
            [0.9277659339438135, 0.46824182728310904],
            [-3.7405477920395183, -0.235578713373955],
        ),
    ];
    for ([x, y, t], values, wanted) in rows {
        for (a, b) in
            [c(x, y, t), n(x, y, t)].iter().zip(values).chain(sources(x, y, t).iter().zip(wanted))
        {
            assert!((a - b).abs() < 1e-12, "{x} {y} {t}: {a} {b}");
        }
    }
}

struct Problem {
    grid: Grid,
    solute: Hierarchy,
    cells: Hierarchy,
    q: OnFaces,
    ones: Vec<f64>,
}

impl Problem {
    fn new(voxels: usize) -> Problem {
        let grid = grid(&[voxels, voxels], &[1.0, 1.0]);
        let at = |i: usize| grid.centre(i);
        let relative: Vec<f64> = (0..grid.len()).map(|i| diffusivity(at(i)[0], at(i)[1])).collect();
        let ones = vec![1.0; grid.len()];
        let mut q = on_faces(grid.n);
        let h = 1.0 / voxels as f64;
        for i in 0..grid.len() {
            let ([x, y, _], faces) = (at(i).map(|x| x - 0.5 * h), lower(grid.n, i));
            q[0][faces[0]] = (psi(x, y + h) - psi(x, y)) / (h * h);
            q[1][faces[1]] = -(psi(x + h, y) - psi(x, y)) / (h * h);
        }
        let solute = Hierarchy::new(&grid, Arc::new(relative), [1.0; 3]);
        let cells = Hierarchy::new(&grid, Arc::new(ones.clone()), [1.0; 3]);
        Problem { grid, solute, cells, q, ones }
    }

    fn implicit<F: Flux>(
        &self,
        (hierarchy, flux, reaction, bounds): (&Hierarchy, &mut F, &dyn Reaction, Bounds),
        rhs: &[f64],
        dt: f64,
        v: &mut [f64],
    ) {
        let eq = Equation {
            hierarchy,
            d: 1.0,
            storage: &self.ones,
            storage_range: (1.0, 1.0),
            shift: 1.0 / dt,
            rhs,
            wall: None,
            reservoirs: &[],
            reservoir_faces: [None; 6],
            outside: [0.0; 6],
            reaction,
            lift: 1.0,
            tolerance: 1e-11,
            bend: 0.0,
        };
        let how = Drift { bounds, relative: false };
        drift::solve(&eq, flux, &how, &mut Scratch::default(), v).expect("converges");
    }

    /// The base step from `t`: cells with the solute as it is, then the solute.
    fn base(&self, [c, n]: &[Vec<f64>; 2], t: f64, dt: f64) -> [Vec<f64>; 2] {
        let source: Vec<[f64; 2]> = (0..c.len())
            .map(|i| self.grid.centre(i))
            .map(|[x, y, _]| sources(x, y, t + dt))
            .collect();
        let rhs: Vec<f64> = (0..n.len())
            .map(|i| n[i] / dt + GROWTH * n[i] * (1.0 - n[i]) * c[i] / (KG + c[i]) + source[i][1])
            .collect();
        let mut cells = n.clone();
        let nobody = vec![0.0; n.len()];
        let mut way =
            Fitted::new(&self.cells.fine, |_| MOTILITY, |i| CHI * c[i], Some((1.0, nobody)));
        let bounds = Bounds::Room(&self.ones);
        self.implicit((&self.cells, &mut way, &Inert, bounds), &rhs, dt, &mut cells);
        let law = Uptake::MichaelisMenten(MichaelisMenten { vmax: VMAX, km: KM });
        let uptake = Uptakes { parts: vec![(law, Cow::Borrowed(&cells[..]))] };
        let rhs: Vec<f64> = c.iter().zip(&source).map(|(c, s)| c / dt + s[0]).collect();
        let mut solute = c.clone();
        let mut flux = Advective::new(&self.solute.fine, 1.0, &self.q, [None; 6]);
        self.implicit((&self.solute, &mut flux, &uptake, Bounds::Positive), &rhs, dt, &mut solute);
        [solute, cells]
    }
}

/// Second order in L2 with steps in proportion to the voxels.
#[test]
fn order_of_solute_and_cells_together() {
    let end = 0.25;
    let errors = [16, 32, 64].map(|voxels| {
        let p = Problem::new(voxels);
        let field = |f: fn(f64, f64, f64) -> f64, t: f64| -> Vec<f64> {
            (0..p.grid.len()).map(|i| p.grid.centre(i)).map(|[x, y, _]| f(x, y, t)).collect()
        };
        let mut now = [field(c, 0.0), field(n, 0.0)];
        let dt = end / voxels as f64;
        for step in 0..voxels {
            let t = step as f64 * dt;
            let full = p.base(&now, t, dt);
            let half = p.base(&now, t, 0.5 * dt);
            let two = p.base(&half, t + 0.5 * dt, 0.5 * dt);
            for (now, (two, full)) in now.iter_mut().zip(two.iter().zip(&full)) {
                now.iter_mut().zip(two.iter().zip(full)).for_each(|(v, (b, a))| *v = 2.0 * b - a);
            }
        }
        let exact = [field(c, end), field(n, end)];
        [0, 1].map(|k| {
            let square: f64 = now[k].iter().zip(&exact[k]).map(|(a, b)| (a - b) * (a - b)).sum();
            (square / exact[k].len() as f64).sqrt()
        })
    });
    for (k, name) in ["solute", "cells"].into_iter().enumerate() {
        let orders = [0, 1].map(|i| (errors[i][k] / errors[i + 1][k]).log2());
        println!("ORDER v16, {name}: {:?} order {orders:.2?}", errors.map(|e| e[k]));
        assert!(orders[1] >= 1.9, "{name}: {orders:?}");
    }
}
