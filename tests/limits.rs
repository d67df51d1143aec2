//! Limits that the model must reach: long times, and baths very small and very large.

mod common;

use approx::assert_relative_eq;
use blastema::case::load_text;
use blastema::ground::signal::Signal;
use blastema::model::run::run;
use blastema::model::sample::sample;
use blastema::model::setup::*;
use blastema::model::solver::Solver;
use blastema::model::state::flat;
use blastema::physics::kinetics::{FirstOrder, MichaelisMenten, Uptake, ZeroOrder};
use common::*;

fn solve(mut case: Setup, accuracy: Accuracy) -> Solver {
    case.run.accuracy = accuracy;
    let mut solver = Solver::new(case).expect("starts");
    run(&mut solver, &mut []).expect("runs");
    solver
}

/// After 40 relaxation times e^{-40 π²/4} is left of the start: the steady solution.
#[test]
fn long_times_end_in_the_steady_solution() {
    let accuracy = Accuracy { time: 1e-6, solver: Some(1e-12), max_step: 5.0 };
    let case = |duration: f64| {
        let g = grid(&[12, 10], &[1.0, 1.0]);
        let mut oxygen = solute(&g, "oxygen", 1.0, 0.0);
        oxygen.boundaries[0] = value(1.0);
        oxygen.boundaries[3] =
            Boundary::Transfer { coefficient: 2.0, outside: Signal::Constant(0.7) };
        let mut waste = solute(&g, "waste", 0.5, 0.0);
        waste.boundaries[0] = value(0.0);
        let mut p = population(&g, "p", 1.0);
        p.uptake = vec![(0, Uptake::MichaelisMenten(MichaelisMenten { vmax: 3.0, km: 0.1 }))];
        p.production = vec![Production::PerUptake { solute: 1, of: 0, yields: 2.0 }];
        setup(g, vec![oxygen, waste], vec![p], duration)
    };
    let steady = solve(case(0.0), accuracy);
    let late = solve(case(40.0), accuracy);
    for f in 0..2 {
        let (a, b) = (flat(&steady.state.fields[f]), flat(&late.state.fields[f]));
        let size = a.iter().fold(0.0_f64, |m, v| m.max(*v));
        let off = a.iter().zip(b).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs())) / size;
        println!("field {f}: {off:.1e}");
        assert!(off <= 1e-8, "field {f}: {off:e}");
    }
}

/// A slab with first-order uptake, empty at first, on a bath of `volume` times the slab.
fn bathed(volume: f64, k: f64, start: f64, end: f64, time: f64) -> Solver {
    let g = grid(&[20], &[1.0]);
    let mut s = solute(&g, "a", 1.0, start);
    s.boundaries[1] = Boundary::Bath(0);
    let mut p = population(&g, "p", 1.0);
    p.uptake = vec![(0, Uptake::FirstOrder(FirstOrder { clearance: k }))];
    let mut case = setup(g, vec![s], vec![p], end);
    let solutes = vec![(0, 1.0)];
    case.baths = vec![Bath { name: "well".into(), volume, solutes, changes: vec![] }];
    solve(case, Accuracy { time, solver: Some(1e-12), max_step: 0.1 })
}

/// A bath in a steady state is a value, and changed for what it gives: in a slab between 1 and a bath of 0.5
/// without cells D·0.5/L a second and area.
#[test]
fn a_bath_at_rest_is_changed_for_what_it_takes() {
    let g = grid(&[20], &[1e-3]);
    let mut s = solute(&g, "oxygen", 2e-9, 0.0);
    s.boundaries[0] = value(1.0);
    s.boundaries[1] = Boundary::Bath(0);
    let mut case = setup(g, vec![s], vec![], 1.0);
    case.baths =
        vec![Bath { name: "well".into(), volume: 1e-6, solutes: vec![(0, 0.5)], changes: vec![] }];
    case.run.steady = true;
    let mut solver = Solver::new(case).expect("starts");
    run(&mut solver, &mut []).expect("runs");
    let changed = solver.ledger.find("oxygen.changed.well").expect("a term").1;
    assert_relative_eq!(changed, -2e-9 * 0.5 / 1e-3, max_relative = 1e-9);
    let (account, defect) = solver.ledger.worst().expect("accounts");
    assert!(defect < 1e-12, "{account}: {defect:e}");
}

/// Where nothing feeds a solute nothing is left of it at rest, whatever takes it up: a sink of zero order
/// has no tangent there.
#[test]
fn what_nothing_feeds_is_empty_at_rest() {
    let g = grid(&[8], &[3e-3]);
    let mut s = solute(&g, "oxygen", 1e-9, 0.2);
    s.boundaries[0] = value(0.0);
    let mut cells = population(&g, "msc", 1e12);
    cells.uptake =
        vec![(0, Uptake::ZeroOrder(ZeroOrder(MichaelisMenten { vmax: 1e-19, km: 2e-5 })))];
    let mut case = setup(g, vec![s], vec![cells], 1.0);
    case.run.steady = true;
    let mut solver = Solver::new(case).expect("starts");
    run(&mut solver, &mut []).expect("runs");
    assert!(flat(&solver.state.fields[0]).iter().all(|c| *c == 0.0));
    assert_eq!(solver.ledger.worst().expect("accounts").1, 0.0);
}

/// A huge bath is a value: its concentration stays, and after long the slab is the steady
/// solution on the grid, c₁ = cosh κh/2 / cosh κ with 2(cosh κh − 1)/h² = k and, at the face, the
/// half cell and what the uptake bends in it.
#[test]
fn a_huge_bath_is_a_constant_value() {
    let (k, n) = (4.0_f64, 20);
    let solver = bathed(1e9, k, 0.0, 12.0, 1e-6);
    // It lost what the slab took, 12 s of 2 tanh 2 and what it holds: 2.3e-8 of its value, known to
    // what each step rounds off a value near 1.
    let entered = solver.ledger.find("a.in.x_max").expect("a term").0;
    assert!((1.0 - solver.state.baths[0][0] - entered / 1e9).abs() < 1e-12);
    assert!((entered / (24.0 * 2.0_f64.tanh()) - 1.0).abs() < 0.02, "{entered}");
    let h = 1.0 / f64::from(n);
    let kappa = (1.0 + 0.5 * k * h * h).acosh() / h;
    let at = |y: f64| (kappa * y).cosh();
    // The face value is the mean of the cells half a voxel on either side.
    let bent = k * h * h / 6.0 * at(1.0 - 0.5 * h);
    let face = 0.5 * (at(1.0 - 0.5 * h) + at(1.0 + 0.5 * h)) - bent;
    let values = flat(&solver.state.fields[0]);
    for (i, c) in values.iter().enumerate() {
        let wanted = at((i as f64 + 0.5) * h) / face;
        assert!((c - wanted).abs() < 1e-6, "voxel {i}: {c} not {wanted}");
    }
    let uptake = solver.ledger.find("a.used.p").expect("a term");
    let wanted = k * values.iter().sum::<f64>() * h;
    assert!((uptake.1 - wanted).abs() < 1e-6 * wanted);
}

/// However much larger the bath: what it holds has digits that the slab's content does not reach, and the
/// slab fills none the less.
#[test]
fn no_bath_is_too_large() {
    for volume in [1e12, 1e15, 1e20] {
        let solver = bathed(volume, 4.0, 0.0, 12.0, 1e-6);
        let twin = bathed(1e9, 4.0, 0.0, 12.0, 1e-6);
        let [a, b] = [&solver, &twin].map(|s| flat(&s.state.fields[0]));
        // The smaller one has lost 2.3e-8 of its value.
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() < 3e-8, "{volume:e}: {a} and {b}");
        }
    }
}

/// A tiny bath holds nothing: the face is sealed, c decays as e^{−kt} everywhere, and the bath
/// follows the slab.
#[test]
fn a_tiny_bath_is_a_sealed_face() {
    let (k, end) = (0.7, 2.0);
    let solver = bathed(1e-9, k, 1.0, end, 1e-10);
    let wanted = (-k * end).exp();
    for c in flat(&solver.state.fields[0]) {
        assert!((c - wanted).abs() < 1e-6 * wanted, "{c} not {wanted}");
    }
    assert!((solver.state.baths[0][0] - wanted).abs() < 1e-6 * wanted);
    let entered = solver.ledger.find("a.in.x_max").expect("a term").0;
    assert!(entered.abs() < 1.1e-9, "{entered}");
}

/// Much leaves a full bath, and almost nothing has reached the empty one across the slab: what is
/// rounded off the full one is more than the other holds, and must show in neither budget.
#[test]
fn an_empty_bath_across_a_full_one() {
    for first in [1e-3, 1e-5, 1e-7] {
        for (full, empty) in [(0, 1), (1, 0)] {
            let g = grid(&[12], &[1.0]);
            let mut s = solute(&g, "a", 1.0, 0.0);
            (s.boundaries[0], s.boundaries[1]) = (Boundary::Bath(full), Boundary::Bath(empty));
            let mut case = setup(g, vec![s], vec![], 20.0 * first);
            let bath = |volume, held| Bath {
                name: format!("well{held}"),
                volume,
                solutes: vec![(0, held)],
                changes: vec![],
            };
            let (rich, poor) = (bath(1e3, 1.0), bath(1.0, 0.0));
            case.baths = if full == 0 { vec![rich, poor] } else { vec![poor, rich] };
            let accuracy = Accuracy { time: 1e9, solver: Some(1e-8), max_step: first };
            let solver = solve(case, accuracy);
            let (account, defect) = solver.ledger.worst().expect("accounts");
            assert!(defect <= 1e-12, "step {first}, {account}: {defect:e}");
        }
    }
}

/// Plausibility, not verification: parameters of published experiments, bands from
/// `validation/v19_published_experiments`. They show that units and orders of magnitude are those
/// of the field.
mod plausibility {
    use super::*;

    /// Smallest oxygen, mol/m³, and %O2, of a slab of half-thickness `l` in steady state.
    fn centre(l: &str, d: &str, density: &str, uptake: &str) -> f64 {
        let text = format!(
            "[domain]\nsize = [\"{l}\"]\nvoxels = [100]\n[solutes.oxygen]\ndiffusivity = \"{d}\"\n\
             initial = \"0.2 mol/m^3\"\nboundary.x_max.value = \"0.2 mol/m^3\"\n[cells.a]\n\
             type = \"custom\"\nseeding.uniform = {{ density = \"{density}\" }}\n\
             uptake.oxygen.{uptake}\n[run]\nsteady = true\n"
        );
        let case = load_text("v19.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}"));
        let mut solver = Solver::new(case.setup).expect("starts");
        run(&mut solver, &mut []).expect("runs");
        sample(&solver, 0, [0.0, 0.5, 0.5]).expect("inside")
    }

    /// Malda 2004: 2–5 %O2 measured in the middle of a construct of 4 mm; q of the reference is
    /// 2.85e-5 to 3.42e-5 mol/m³/s for 0.02 to 0.05 mol/m³.
    #[test]
    fn malda_2004() {
        for (density, low, high) in [("2.85e14", 0.045, 0.055), ("3.42e14", 0.015, 0.025)] {
            let density = format!("{density} cells/m^3");
            let c =
                centre("2 mm", "3.8e-10 m^2/s", &density, "zero-order.vmax = \"1e-19 mol/cell/s\"");
            assert!((low..high).contains(&c), "{c}");
        }
    }

    /// Ehsan and George 2013: fibrin gel with fibroblasts at 5e12 cells/m³, as in the reference, and
    /// half-thicknesses 0.5, 1 and 2 mm.
    #[test]
    fn ehsan_and_george_2013() {
        let law = "michaelis-menten = { vmax = \"1.3e-17 mol/cell/s\", km = \"8e-3 mol/m^3\" }";
        for (l, reference) in [("0.5 mm", 0.195408), ("1 mm", 0.181676), ("2 mm", 0.127705)] {
            let c = centre(l, "1.7e-9 m^2/s", "5e12 cells/m^3", law);
            println!("{l}: {c} {reference}");
            assert!((c / reference - 1.0).abs() < 0.01, "{l}: {c}, not {reference}");
        }
    }

    /// Mesenchymal stem cells at the density of tissue (5e14 to 1e15 cells/m³) live within 100 to
    /// 240 µm of a vessel; at 1e12 several millimetres. Depth of a zero-order profile √(2Dc₀/(nV)).
    #[test]
    fn the_viable_layer_of_tissue() {
        let law = "zero-order.vmax = \"2.7e-17 mol/cell/s\"";
        for (density, depth) in
            [("1e12", 5443e-6), ("1e13", 1721e-6), ("1e14", 544e-6), ("1e15", 172e-6)]
        {
            let density = format!("{density} cells/m^3");
            let thin = format!("{} um", depth * 0.9e6);
            let thick = format!("{} um", depth * 1.1e6);
            assert!(centre(&thin, "2e-9 m^2/s", &density, law) > 1e-3);
            assert!(centre(&thick, "2e-9 m^2/s", &density, law) < 1e-3);
        }
    }
}
