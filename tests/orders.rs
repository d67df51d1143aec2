//! Observed orders of convergence, L1 over live voxels, against theory.
//!
//! Space: against exact solutions of the differential equation, with steps so short that time
//! adds nothing. Time: against exact solutions of the equations discrete in space (on the same
//! grid), so space adds nothing. Where no closed form exists the reference is an independent
//! method of lines in this file (classical Runge–Kutta, thousands of steps; in space of fourth
//! order). Problems are without units (L, D, c of order one), steps uniform, the limiter idle.

mod common;

use std::f64::consts::{PI, TAU};
use std::ops::{Add, Div, Mul, Sub};
use std::sync::Arc;

use blastema::ground::grid::Grid;
use blastema::ground::signal::Signal;
use blastema::model::setup::*;
use blastema::model::solver::Solver;
use blastema::model::state::flat;
use blastema::physics::kinetics::{FirstOrder, Hill, MichaelisMenten, Uptake};
use blastema::physics::migration::Motility;
use blastema::physics::response::{Below, Combine, Limit, Monod, Trigger};
use common::*;

/// `steps` uniform steps to `end`; the limiter must stay idle.
fn march(mut case: Setup, end: f64, steps: usize) -> Solver {
    case.run.duration = end;
    case.run.steady = false;
    case.run.accuracy.solver = Some(1e-12);
    let mut solver = Solver::new(case).expect("starts");
    for _ in 0..steps {
        let (_, attempt) = solver.attempt(end / steps as f64).expect("steps");
        solver.accept(&attempt);
    }
    assert_eq!(solver.work.limited, 0, "the limiter is active");
    solver
}

/// Mean distance of a field from the exact values of its voxels.
fn distance(solver: &Solver, f: usize, exact: impl Fn([f64; 3]) -> f64) -> f64 {
    let values = flat(&solver.state.fields[f]);
    let grid = &solver.setup.grid;
    let sum: f64 = values.iter().enumerate().map(|(i, v)| (v - exact(grid.centre(i))).abs()).sum();
    sum / values.len() as f64
}

/// Prints the errors of halvings and asserts the order of the last one.
fn order(what: &str, errors: &[f64]) {
    let orders: Vec<f64> = errors.windows(2).map(|e| (e[0] / e[1]).log2()).collect();
    let row: Vec<String> = errors.iter().map(|e| format!("{e:.2e}")).collect();
    let found: Vec<String> = orders.iter().map(|o| format!("{o:.2}")).collect();
    println!("ORDER {what:<52} {}  order {}", row.join(" "), found.join(" "));
    let last = *orders.last().expect("two errors");
    assert!(last >= 1.9, "{what}: order {last:.3}, errors {errors:?}");
}

/// A complex number: what the exact answers to a sine need.
#[derive(Clone, Copy, Debug)]
struct Complex(f64, f64);

impl Add for Complex {
    type Output = Complex;
    fn add(self, o: Complex) -> Complex {
        Complex(self.0 + o.0, self.1 + o.1)
    }
}
impl Sub for Complex {
    type Output = Complex;
    fn sub(self, o: Complex) -> Complex {
        Complex(self.0 - o.0, self.1 - o.1)
    }
}
impl Mul for Complex {
    type Output = Complex;
    fn mul(self, o: Complex) -> Complex {
        Complex(self.0 * o.0 - self.1 * o.1, self.0 * o.1 + self.1 * o.0)
    }
}
impl Div for Complex {
    type Output = Complex;
    fn div(self, o: Complex) -> Complex {
        let square = o.0 * o.0 + o.1 * o.1;
        Complex((self.0 * o.0 + self.1 * o.1) / square, (self.1 * o.0 - self.0 * o.1) / square)
    }
}
impl Complex {
    const ONE: Complex = Complex(1.0, 0.0);
    fn real(v: f64) -> Complex {
        Complex(v, 0.0)
    }
    fn exp(self) -> Complex {
        Complex(self.0.exp() * self.1.cos(), self.0.exp() * self.1.sin())
    }
    fn root(self) -> Complex {
        let size = self.0.hypot(self.1);
        let re = (0.5 * (size + self.0)).max(0.0).sqrt();
        Complex(re, (0.5 * (size - self.0)).max(0.0).sqrt().copysign(self.1))
    }
    fn ln(self) -> Complex {
        Complex(self.0.hypot(self.1).ln(), self.1.atan2(self.0))
    }
    fn cosh(self) -> Complex {
        (self.exp() + (Complex::real(0.0) - self).exp()) / Complex::real(2.0)
    }
    fn sinh(self) -> Complex {
        (self.exp() - (Complex::real(0.0) - self).exp()) / Complex::real(2.0)
    }
    fn asinh(self) -> Complex {
        (self + (self * self + Complex::ONE).root()).ln()
    }
}

/// What drives the far end of a slab.
#[derive(Clone, Copy, PartialEq)]
enum Drive {
    Value,
    Flux,
    Transfer,
    Stagnant,
}

/// A slab 0 < y < 1 with a sink of first order, driven at y = 1 by mean + swing·sin ωt and
/// sealed, or open to a bath, at y = 0: the periodic state, exactly.
#[derive(Clone, Copy)]
struct Slab {
    drive: Drive,
    bath: Option<f64>,
    porosity: f64,
    /// Effective diffusivity.
    d: f64,
    /// Sink per total volume, 1/s; of it, `by_cells`.
    sink: f64,
    by_cells: bool,
    film: f64,
    omega: f64,
    mean: f64,
    swing: f64,
}

impl Slab {
    /// Amplitudes at `y` and of the value at y = 0, for frequency `omega`; voxels of width `h`,
    /// 0: the differential equation itself.
    fn response(&self, omega: f64, h: f64, y: f64) -> (Complex, Complex) {
        let square = Complex(self.sink, omega * self.porosity) / Complex::real(self.d);
        let plain = square.root();
        // cosh κy on the grid: 2(cosh κh − 1)/h² = (sink + iωε)/D.
        let kappa = if h > 0.0 {
            (plain * Complex::real(0.5 * h)).asinh() * Complex::real(2.0 / h)
        } else {
            plain
        };
        // Mean and slope over a face, of the values half a voxel on either side.
        let mean = (kappa * Complex::real(0.5 * h)).cosh();
        let slope = if h > 0.0 {
            (kappa * Complex::real(0.5 * h)).sinh() * Complex::real(2.0 / h)
        } else {
            kappa
        };
        // V iω c = A D ∂c/∂y: what leaves the bath enters the slab.
        let beta = self.bath.map_or(Complex::real(0.0), |volume| {
            Complex(0.0, volume * omega / self.d) * mean / slope
        });
        let shape = |y: f64| {
            let k = kappa * Complex::real(y);
            k.cosh() + beta * k.sinh()
        };
        let value = mean * shape(1.0);
        let flux = Complex::real(self.d) * slope * (kappa.sinh() + beta * kappa.cosh());
        // On the grid, what the cells take up beside the wall bends the concentration.
        let bent = if self.by_cells { self.sink * h * h / (6.0 * self.d) } else { 0.0 };
        let value = value + Complex::real(-bent) * shape(1.0 - 0.5 * h);
        let unit = match self.drive {
            Drive::Value => value,
            Drive::Flux => flux,
            Drive::Transfer | Drive::Stagnant => value + flux / Complex::real(self.film),
        };
        (shape(y) / unit, mean / unit)
    }

    fn at(&self, h: f64, y: f64, t: f64) -> (f64, f64) {
        let wave = Complex(0.0, self.omega * t).exp();
        let (steady, swinging) = (self.response(0.0, h, y), self.response(self.omega, h, y));
        let sum = |s: Complex, w: Complex| self.mean * s.0 + self.swing * (wave * w).1;
        (sum(steady.0, swinging.0), sum(steady.1, swinging.1))
    }

    /// The case on `n` voxels along `axis`, driven at its end or its start; `h` as above.
    fn case(&self, n: usize, axis: usize, end: bool, h: f64) -> Setup {
        let mut counts = [1; 3];
        counts[axis] = n;
        let g = grid(&counts, &[1.0; 3]);
        let y = |x: [f64; 3]| if end { x[axis] } else { 1.0 - x[axis] };
        let mut s = solute(&g, "a", self.d / 0.5, 0.0);
        s.relative = Arc::new(vec![0.5; g.len()]);
        s.initial =
            Initial::Field((0..g.len()).map(|i| self.at(h, y(g.centre(i)), 0.0).0).collect());
        let signal =
            Signal::Sine { mean: self.mean, amplitude: self.swing, period: TAU / self.omega };
        let driven = 2 * axis + usize::from(end);
        s.boundaries[driven] = match self.drive {
            Drive::Value => Boundary::Value(signal),
            Drive::Flux => Boundary::Flux(signal),
            Drive::Transfer => Boundary::Transfer { coefficient: self.film, outside: signal },
            Drive::Stagnant => {
                Boundary::StagnantMedium { height: 1.0, coefficient: self.film, top: signal }
            }
        };
        if self.bath.is_some() {
            s.boundaries[2 * axis + usize::from(!end)] = Boundary::Bath(0);
        }
        let mut cells = Vec::new();
        if self.by_cells {
            let mut p = population(&g, "cells", 4.0);
            p.uptake = vec![(0, Uptake::FirstOrder(FirstOrder { clearance: self.sink / 4.0 }))];
            cells.push(p);
        } else {
            s.decay = self.sink / self.porosity;
        }
        let mut case = setup(g, vec![s], cells, 1.0);
        case.structure.porosity = vec![self.porosity; n].into();
        if let Some(volume) = self.bath {
            let start = self.at(h, 0.0, 0.0).1;
            case.baths = vec![Bath {
                name: "well".into(),
                volume,
                solutes: vec![(0, start)],
                changes: Vec::new(),
            }];
        }
        case
    }

    fn error(&self, n: usize, steps: usize, axis: usize, end: bool, h: f64) -> f64 {
        let time = 1.0;
        let solver = march(self.case(n, axis, end, h), time, steps);
        let y = |x: [f64; 3]| if end { x[axis] } else { 1.0 - x[axis] };
        let mut error = distance(&solver, 0, |x| self.at(h, y(x), time).0);
        if self.bath.is_some() {
            error += (solver.state.baths[0][0] - self.at(h, 0.0, time).1).abs();
        }
        error
    }
}

const SLAB: Slab = Slab {
    drive: Drive::Value,
    bath: None,
    porosity: 0.8,
    d: 0.4,
    sink: 0.6,
    by_cells: false,
    film: 0.7,
    omega: 2.0,
    mean: 1.0,
    swing: 0.6,
};

/// Value, flux, film, still medium and bath, all varying in time, with decay or uptake.
#[test]
fn boundaries_that_vary_in_time() {
    use Drive::{Flux, Stagnant, Transfer};
    let rows: [(&str, Slab, usize, bool); 9] = [
        ("value + decay", SLAB, 0, true),
        ("value + first-order uptake", Slab { by_cells: true, ..SLAB }, 1, false),
        ("flux + decay", Slab { drive: Flux, ..SLAB }, 2, true),
        ("flux + first-order uptake", Slab { drive: Flux, by_cells: true, ..SLAB }, 0, false),
        ("transfer + decay", Slab { drive: Transfer, ..SLAB }, 1, true),
        ("transfer, no sink", Slab { drive: Transfer, sink: 0.0, ..SLAB }, 2, false),
        ("stagnant medium + uptake", Slab { drive: Stagnant, by_cells: true, ..SLAB }, 2, true),
        ("bath, value opposite", Slab { bath: Some(0.7), ..SLAB }, 0, true),
        ("bath, film opposite", Slab { bath: Some(0.2), drive: Transfer, ..SLAB }, 2, false),
    ];
    for (name, slab, axis, end) in rows {
        let space = [16, 32, 64].map(|n| slab.error(n, 1200, axis, end, 0.0));
        order(&format!("space: {name}"), &space);
        let time = [256, 512, 1024].map(|steps| slab.error(10, steps, axis, end, 0.1));
        order(&format!("time:  {name}"), &time);
    }
}

/// Eigenvalue of the mode of wave number `k` over length 1; `h` = 0: of the differential equation.
fn eigenvalue(k: f64, h: f64) -> f64 {
    if h > 0.0 { (2.0 / h * (0.5 * k * h).sin()).powi(2) } else { k * k }
}

/// J₀ by its series.
fn bessel(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..30 {
        term *= -0.25 * x * x / f64::from(k * k);
        sum += term;
    }
    sum
}

/// Rings and shells, full and hollow: decaying modes and steady profiles between two values.
#[test]
fn cylinders_and_spheres() {
    const FIRST_ZERO: f64 = 2.404_825_557_695_773;
    let (d, end) = (0.05, 0.7);
    let run = |g: Grid, exact: &dyn Fn([f64; 3], f64) -> f64, walls: &[(usize, f64)]| {
        let mut s = solute(&g, "a", d, 0.0);
        s.initial = Initial::Field((0..g.len()).map(|i| exact(g.centre(i), 0.0)).collect());
        for (face, c) in walls {
            s.boundaries[*face] = value(*c);
        }
        let solver = march(setup(g, vec![s], Vec::new(), end), end, 400);
        distance(&solver, 0, |x| exact(x, end))
    };
    let mode = |x: [f64; 3], t: f64| {
        let rate = d * (FIRST_ZERO * FIRST_ZERO + PI * PI);
        1.0 + 0.5 * bessel(FIRST_ZERO * x[0]) * (PI * x[1]).cos() * (-rate * t).exp()
    };
    let cylinder =
        [8, 16, 32].map(|n| run(Grid::cylinder(n, 0.0, 1.0, Some((1.0, n))), &mode, &[(1, 1.0)]));
    order("space: cylinder, decaying mode in r and z", &cylinder);
    let mode = |x: [f64; 3], t: f64| {
        1.0 + 0.5 * (PI * x[0]).sin() / (PI * x[0]) * (-d * PI * PI * t).exp()
    };
    let sphere = [8, 16, 32].map(|n| run(Grid::sphere(n, 0.0, 1.0), &mode, &[(1, 1.0)]));
    order("space: sphere, decaying mode", &sphere);
    let steady = |x: [f64; 3], _: f64| 1.0 + (x[0] / 0.5).ln() / 3.0_f64.ln();
    let hollow =
        [8, 16, 32].map(|n| run(Grid::cylinder(n, 0.5, 1.5, None), &steady, &[(0, 1.0), (1, 2.0)]));
    order("space: hollow cylinder between two values", &hollow);
    let steady = |x: [f64; 3], _: f64| 1.0 + (2.0 - 1.0 / x[0]) / (2.0 - 1.0 / 1.5);
    let hollow =
        [8, 16, 32].map(|n| run(Grid::sphere(n, 0.5, 1.5), &steady, &[(0, 1.0), (1, 2.0)]));
    order("space: hollow sphere between two values", &hollow);
}

/// Diffusion in three dimensions, anisotropic grid and tensor: sealed in x and y, constant
/// values in z.
#[test]
fn diffusion_in_three_dimensions() {
    let axis = [1.0, 0.6, 0.8];
    let waves = [PI, TAU, PI];
    let error = |n: [usize; 3], steps: usize, discrete: bool| {
        let g = grid(&n, &[1.0; 3]);
        let rate: f64 = (0..3)
            .map(|a| axis[a] * eigenvalue(waves[a], if discrete { g.h[a] } else { 0.0 }))
            .sum();
        let d = 0.02;
        let exact = |x: [f64; 3], t: f64| {
            let [p, q, r] = std::array::from_fn(|a| waves[a] * x[a]);
            1.0 + 0.5 * p.cos() * q.cos() * r.sin() * (-d * rate * t).exp()
        };
        let mut s = solute(&g, "a", d, 0.0);
        s.axis = axis;
        s.initial = Initial::Field((0..g.len()).map(|i| exact(g.centre(i), 0.0)).collect());
        s.boundaries[4] = value(1.0);
        s.boundaries[5] = value(1.0);
        let solver = march(setup(g, vec![s], vec![], 1.0), 1.0, steps);
        distance(&solver, 0, |x| exact(x, 1.0))
    };
    order(
        "space: diffusion 3D, sealed and constant value",
        &[1, 2, 4].map(|m| error([5 * m, 6 * m, 4 * m], 100, false)),
    );
    order(
        "time:  diffusion 3D, sealed and constant value",
        &[8, 16, 32].map(|steps| error([5, 6, 4], steps, true)),
    );
}

/// Classical Runge–Kutta.
fn runge_kutta(y: &mut [f64], end: f64, steps: usize, f: &dyn Fn(&[f64], &mut [f64])) {
    let n = y.len();
    let h = end / steps as f64;
    let mut k = vec![vec![0.0; n]; 4];
    let mut at = y.to_vec();
    for _ in 0..steps {
        for stage in 0..4 {
            let reach = [0.0, 0.5, 0.5, 1.0][stage] * h;
            for i in 0..n {
                at[i] = y[i] + if stage > 0 { reach * k[stage - 1][i] } else { 0.0 };
            }
            f(&at, &mut k[stage]);
        }
        for i in 0..n {
            y[i] += h / 6.0 * (k[0][i] + 2.0 * k[1][i] + 2.0 * k[2][i] + k[3][i]);
        }
    }
}

/// ∂²c/∂x² between sealed ends, by differences of the second or the fourth order (smooth fields
/// continue evenly beyond a sealed end).
fn second_derivative(c: &[f64], h: f64, fourth: bool, out: &mut [f64]) {
    let n = c.len() as isize;
    let at = |i: isize| {
        let i = if i < 0 { -i - 1 } else { i };
        c[(if i >= n { 2 * n - 1 - i } else { i }) as usize]
    };
    for (i, o) in out.iter_mut().enumerate() {
        let i = i as isize;
        let near = at(i - 1) + at(i + 1);
        *o = if fourth {
            (16.0 * near - at(i - 2) - at(i + 2) - 30.0 * at(i)) / (12.0 * h * h)
        } else {
            (near - 2.0 * at(i)) / (h * h)
        };
    }
}

/// Saturating uptake with diffusion between sealed ends against the method of lines.
#[test]
fn saturating_uptake() {
    let laws = [
        ("Michaelis–Menten", Uptake::MichaelisMenten(MichaelisMenten { vmax: 1.0, km: 0.3 })),
        ("Hill, exponent 2", Uptake::Hill(Hill { vmax: 1.0, half: 0.5, exponent: 2.0 })),
    ];
    let rate = |name: &str, c: f64| {
        if name.starts_with('M') { c / (0.3 + c) } else { c * c / (0.25 + c * c) }
    };
    let d = 0.1;
    let start = |x: f64| 1.0 + 0.6 * (PI * x).cos();
    for (name, law) in laws {
        let lines = |n: usize, fourth: bool| {
            let h = 1.0 / n as f64;
            let mut c: Vec<f64> = (0..n).map(|i| start((i as f64 + 0.5) * h)).collect();
            // Half of what is stable.
            let steps = (4.0 * d / (h * h)).ceil().max(2000.0) as usize;
            runge_kutta(&mut c, 1.0, steps, &|c, out| {
                second_derivative(c, h, fourth, out);
                for (o, &c) in out.iter_mut().zip(c) {
                    *o = d * *o - rate(name, c);
                }
            });
            c
        };
        let error = |n: usize, steps: usize, reference: &[f64]| {
            let g = grid(&[n], &[1.0]);
            let mut s = solute(&g, "a", d, 0.0);
            s.initial = Initial::Field((0..n).map(|i| start(g.centre(i)[0])).collect());
            let mut p = population(&g, "cells", 1.0);
            p.uptake = vec![(0, law)];
            let solver = march(setup(g, vec![s], vec![p], 1.0), 1.0, steps);
            // Centres of an odd multiple of voxels contain ours.
            let ratio = reference.len() / n;
            distance(&solver, 0, |x| reference[(x[0] * n as f64) as usize * ratio + ratio / 2])
        };
        let space = [8, 16, 32].map(|n| error(n, 1200, &lines(n * (120 / n / 2 * 2 + 1), true)));
        order(&format!("space: {name} uptake"), &space);
        let same = lines(10, false);
        order(&format!("time:  {name} uptake"), &[16, 32, 64].map(|m| error(10, m, &same)));
    }
}

/// Michaelis–Menten without transport: c + Km ln c falls linearly.
#[test]
fn saturating_uptake_well_mixed() {
    let (km, start, end) = (0.4_f64, 1.0_f64, 1.2);
    let right = start + km * start.ln() - end;
    let (mut low, mut high) = (1e-12_f64, start);
    for _ in 0..200 {
        let c = 0.5 * (low + high);
        if c + km * c.ln() > right { high = c } else { low = c }
    }
    let error = |steps: usize| {
        let g = grid(&[3], &[1.0]);
        let mut p = population(&g, "cells", 2.0);
        p.uptake = vec![(0, Uptake::MichaelisMenten(MichaelisMenten { vmax: 0.5, km }))];
        let s = solute(&g, "a", 1.0, start);
        distance(&march(setup(g, vec![s], vec![p], 1.0), end, steps), 0, |_| low)
    };
    order("time:  Michaelis–Menten well mixed", &[8, 16, 32, 64].map(error));
}

/// Michaelis–Menten with transport, manufactured: cells that produce make 1 + cos(πx)/2 the
/// steady solution; film and value walls that fit it.
#[test]
fn manufactured_steady_uptake() {
    let (vmax, km, d) = (8.0, 0.5, 0.5);
    let exact = |x: f64| 1.0 + 0.5 * (PI * x).cos();
    let error = |n: usize| {
        let g = grid(&[n], &[1.0]);
        let mut s = solute(&g, "a", d, 0.0);
        s.initial = Initial::Field((0..n).map(|i| exact(g.centre(i)[0])).collect());
        s.boundaries[0] = value(1.5);
        s.boundaries[1] =
            Boundary::Transfer { coefficient: 0.3, outside: Signal::Constant(exact(1.0)) };
        let mut eaters = population(&g, "eaters", 1.0);
        eaters.uptake = vec![(0, Uptake::MichaelisMenten(MichaelisMenten { vmax, km }))];
        let mut makers = population(&g, "makers", 0.0);
        for (i, m) in makers.seeding.iter_mut().enumerate() {
            let c = exact(g.centre(i)[0]);
            *m = vmax * c / (km + c) + d * PI * PI * (c - 1.0);
            assert!(*m > 0.0);
        }
        makers.production = vec![Production::Constant { solute: 0, rate: 1.0 }];
        let solver = march(setup(g, vec![s], vec![eaters, makers], 1.0), 1e4, 3);
        distance(&solver, 0, |x| exact(x[0]))
    };
    order("space: manufactured Michaelis–Menten + production", &[10, 20, 40].map(error));
}

/// A product of uptake: glucose of first order, lactate in proportion.
#[test]
fn product_of_uptake() {
    let (k, yields, dg, dl) = (0.8, 2.0, 0.05, 0.1);
    let error = |n: usize, steps: usize, discrete: bool| {
        let g = grid(&[n], &[1.0]);
        let wave = eigenvalue(PI, if discrete { g.h[0] } else { 0.0 });
        let mut glucose = solute(&g, "glucose", dg, 0.0);
        glucose.initial =
            Initial::Field((0..n).map(|i| 1.0 + 0.5 * (PI * g.centre(i)[0]).cos()).collect());
        let lactate = solute(&g, "lactate", dl, 0.0);
        let mut p = population(&g, "cells", 1.0);
        p.uptake = vec![(0, Uptake::FirstOrder(FirstOrder { clearance: k }))];
        p.production = vec![Production::PerUptake { solute: 1, of: 0, yields }];
        let solver = march(setup(g, vec![glucose, lactate], vec![p], 1.0), 1.0, steps);
        let (fast, slow) = (k + dg * wave, dl * wave);
        let mode = 0.5 * yields * k * ((-fast).exp() - (-slow).exp()) / (slow - fast);
        distance(&solver, 1, |x| yields * (1.0 - (-k).exp()) + mode * (PI * x[0]).cos())
    };
    order("space: lactate per glucose", &[8, 16, 32].map(|n| error(n, 800, false)));
    order("time:  lactate per glucose", &[16, 32, 64].map(|steps| error(10, steps, true)));
}

/// Growth, death, lysis and quiescence, each against its closed form; growth and quiescence alone are exact in
/// steps of any length.
#[test]
fn cells_alone() {
    let g = grid(&[2], &[1.0]);
    let run = |p: Population, with: Option<f64>, steps: usize| {
        let solutes = with.map(|c| solute(&p_grid(), "a", 1.0, c)).into_iter().collect();
        march(setup(p_grid(), solutes, vec![p], 1.0), 1.0, steps)
    };
    let exactly = |what: &str, sum: f64, size: f64, steps: usize, error: f64| {
        let most = series(size, sum, steps);
        assert!(error <= most, "{what} in {steps} steps: {error:e} of {most:e}");
    };

    let (rate, capacity, start) = (2.0, 3.0, 0.5);
    for m in [1, 4, 16] {
        let mut p = population(&g, "p", start);
        p.capacity = Some(Capacity { density: capacity, counts_viable: true, counts_dead: false });
        p.growth = Some(Growth { rate, logistic: true, limits: vec![], combine: Combine::Product });
        let exact = capacity / (1.0 + (capacity / start - 1.0) * (-rate).exp());
        let error = distance(&run(p, None, m), 0, |_| exact);
        exactly("logistic growth", rate, capacity, m, error);
    }

    // Viable → dead → gone.
    let (kill, lysis) = (1.5, 0.7);
    let chain = [8, 16, 32, 64].map(|m| {
        let mut p = population(&g, "p", 1.0);
        let cause = "age".to_string();
        p.deaths =
            vec![Death { cause, rate: kill, when: vec![], combine: Combine::All, exposure: None }];
        p.lysis = lysis;
        let solver = run(p, None, m);
        let dead = kill / (lysis - kill) * ((-kill).exp() - (-lysis).exp());
        distance(&solver, 0, |_| (-kill).exp()) + distance(&solver, 1, |_| dead)
    });
    order("time:  death and lysis", &chain);

    // Half a trigger: sleep and wake at half their rates.
    let (sleep, wake) = (2.0, 1.0);
    for m in [1, 4, 16] {
        let mut p = population(&g, "p", 1.0);
        p.quiescence = Some(Quiescence {
            rate: sleep,
            recovery: wake,
            activity: 0.5,
            death_factor: 1.0,
            when: vec![(0, Trigger::Below(Below { half: 0.6, exponent: 4.0 }))],
            combine: Combine::All,
        });
        let solver = run(p, Some(0.6), m);
        let sum = 0.5 * (sleep + wake);
        let share = sleep / (sleep + wake);
        let quiescent = share * (1.0 - (-sum).exp());
        let error = distance(&solver, 1, |_| 1.0 - quiescent) + distance(&solver, 2, |_| quiescent);
        exactly("quiescence", sum, 1.0, m, error);
    }
}

/// Random motility of a mode between sealed ends.
#[test]
fn motility() {
    let d = 0.1;
    let error = |n: usize, steps: usize, discrete: bool| {
        let g = grid(&[n], &[1.0]);
        let wave = eigenvalue(PI, if discrete { g.h[0] } else { 0.0 });
        let exact = |x: f64, t: f64| 1.0 + 0.5 * (PI * x).cos() * (-d * wave * t).exp();
        let mut p = population(&g, "p", 0.0);
        p.motility = Motility::Constant(d);
        p.seeding = (0..n).map(|i| exact(g.centre(i)[0], 0.0)).collect();
        distance(&march(setup(g, vec![], vec![p], 1.0), 1.0, steps), 0, |x| exact(x[0], 1.0))
    };
    order("space: motility", &[8, 16, 32].map(|n| error(n, 400, false)));
    order("time:  motility", &[16, 32, 64].map(|steps| error(10, steps, true)));
}

/// Oxygen and cells together: uptake, growth that oxygen limits, death where it is short,
/// quiescence and motility; reference: the method of lines on the same grid (time), of fourth
/// order (space).
#[test]
fn coupled_oxygen_and_cells() {
    let (d, motility) = (0.2, 0.01);
    let (vmax, km, half, low) = (1.0, 0.2, 0.3, 0.5);
    let (growth, capacity, kill, lysis) = (0.8, 4.0, 0.6, 0.5);
    let oxygen = |x: f64| 1.0 + 0.4 * (PI * x).cos();
    let seeding = |x: f64| 0.6 + 0.3 * (PI * x).cos();
    let end = 1.5;
    let lines = |n: usize, fourth: bool| {
        let h = 1.0 / n as f64;
        let centre = |i: usize| (i as f64 + 0.5) * h;
        let mut y = vec![0.0; 3 * n];
        for i in 0..n {
            y[i] = oxygen(centre(i));
            y[n + i] = seeding(centre(i));
        }
        let steps = (4.0 * end * d / (h * h)).ceil().max(2000.0) as usize;
        runge_kutta(&mut y, end, steps, &|y, out| {
            let (c, rest) = y.split_at(n);
            let (v, dead) = rest.split_at(n);
            let (oc, orest) = out.split_at_mut(n);
            let (ov, od) = orest.split_at_mut(n);
            second_derivative(c, h, fourth, oc);
            second_derivative(v, h, fourth, ov);
            for i in 0..n {
                oc[i] = d * oc[i] - v[i] * vmax * c[i] / (km + c[i]);
                let born = growth * c[i] / (half + c[i]) * (1.0 - (v[i] + dead[i]) / capacity);
                let died = kill * low * low / (low * low + c[i] * c[i]);
                ov[i] = motility * ov[i] + (born - died) * v[i];
                od[i] = died * v[i] - lysis * dead[i];
            }
        });
        y
    };
    let error = |n: usize, steps: usize, reference: &[f64]| {
        let g = grid(&[n], &[1.0]);
        let along = |f: &dyn Fn(f64) -> f64| (0..n).map(|i| f(g.centre(i)[0])).collect::<Vec<_>>();
        let mut s = solute(&g, "oxygen", d, 0.0);
        s.initial = Initial::Field(along(&oxygen));
        let mut p = population(&g, "p", 0.0);
        p.seeding = along(&seeding);
        p.motility = Motility::Constant(motility);
        p.uptake = vec![(0, Uptake::MichaelisMenten(MichaelisMenten { vmax, km }))];
        p.capacity = Some(Capacity { density: capacity, counts_viable: true, counts_dead: true });
        p.growth = Some(Growth {
            rate: growth,
            logistic: true,
            limits: vec![(0, Limit::Monod(Monod { half }))],
            combine: Combine::Product,
        });
        p.deaths = vec![Death {
            cause: "hypoxia".into(),
            rate: kill,
            when: vec![(0, Trigger::Below(Below { half: low, exponent: 2.0 }))],
            combine: Combine::All,
            exposure: None,
        }];
        p.lysis = lysis;
        let solver = march(setup(g, vec![s], vec![p], 1.0), end, steps);
        let fine = reference.len() / 3;
        let ratio = fine / n;
        let at = |f: usize| {
            move |x: [f64; 3]| reference[f * fine + (x[0] * n as f64) as usize * ratio + ratio / 2]
        };
        (0..3).map(|f| distance(&solver, f, at(f))).sum::<f64>()
    };
    let space = [8, 16, 32].map(|n| error(n, 1200, &lines(n * (120 / n / 2 * 2 + 1), true)));
    order("space: oxygen and cells coupled", &space);
    let same = lines(10, false);
    order("time:  oxygen and cells coupled", &[16, 32, 64].map(|m| error(10, m, &same)));
}

fn p_grid() -> blastema::ground::grid::Grid {
    grid(&[2], &[1.0])
}
