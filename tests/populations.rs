//! Several populations: differentiation, reseeding and shared room, against exact solutions. No
//! units.

mod common;

use blastema::ground::signal::Signal;
use blastema::model::run::{Moment, Watcher, run};
use blastema::model::setup::*;
use blastema::model::solver::Solver;
use blastema::model::state::{Kind, flat};
use blastema::physics::response::{Above, Combine, Trigger};
use common::*;

fn field(solver: &Solver, kind: Kind) -> &[f64] {
    flat(&solver.state.fields[solver.catalogue.number(kind).expect("a field")])
}

/// `steps` uniform steps to `end`.
fn march(mut case: Setup, end: f64, steps: usize) -> Solver {
    case.run.accuracy.solver = Some(1e-12);
    let mut solver = Solver::new(case).expect("starts");
    for _ in 0..steps {
        let (_, attempt) = solver.attempt(end / steps as f64).expect("steps");
        solver.accept(&attempt);
    }
    let (account, defect) = solver.ledger.worst().expect("accounts");
    assert!(defect < 1e-13, "{account}: {defect:e}");
    solver
}

fn order(what: &str, errors: &[f64]) {
    let orders: Vec<f64> = errors.windows(2).map(|e| (e[0] / e[1]).log2()).collect();
    println!("ORDER {what:<40} {errors:?} order {orders:.2?}");
    let last = *orders.last().expect("two errors");
    assert!(last >= 1.9, "{what}: order {last:.3}, errors {errors:?}");
}

fn into(other: usize, rate: f64) -> Differentiation {
    Differentiation { into: other, rate, when: vec![], combine: Combine::All }
}

fn logistic(p: &mut Population, rate: f64, density: f64) {
    p.capacity = Some(Capacity { density, counts_viable: true, counts_dead: false });
    p.growth = Some(Growth { rate, logistic: true, limits: vec![], combine: Combine::Product });
}

/// a → b → c at rates k and l (Bateman): a = e^−kt, b = k(e^−kt − e^−lt)/(l − k), c the rest. In
/// the opposite order of the populations too, and with the rate of the first halved by a trigger
/// at its half.
#[test]
fn a_chain_of_populations() {
    let (k, l, t): (f64, f64, f64) = (1.3, 0.6, 2.0);
    for [first, second, third] in [[0, 1, 2], [2, 1, 0]] {
        let errors = [16, 32, 64].map(|steps| {
            let g = grid(&[2], &[1.0]);
            let mut all: Vec<Population> =
                ["a", "b", "c"].map(|n| population(&g, n, 0.0)).into_iter().collect();
            all[first].seeding = vec![1.0; 2];
            let half = Trigger::Above(Above { half: 0.7, exponent: 3.0 });
            all[first].differentiation =
                vec![Differentiation { when: vec![(0, half)], ..into(second, 2.0 * k) }];
            all[second].differentiation = vec![into(third, l)];
            let s = solute(&g, "bmp2", 1.0, 0.7);
            let solver = march(setup(g, vec![s], all, t), t, steps);
            let a = (-k * t).exp();
            let b = k * (a - (-l * t).exp()) / (l - k);
            let became = solver.ledger.find(&format!("{}.became", ["a", "b", "c"][first])).unwrap();
            assert!((became.0 - 1.0 + field(&solver, Kind::Viable(first))[0]).abs() < 1e-12);
            [(first, a), (second, b), (third, 1.0 - a - b)]
                .map(|(p, exact)| (field(&solver, Kind::Viable(p))[0] - exact).abs())
                .iter()
                .sum()
        });
        order("chain of populations", &errors);
    }
}

/// Back and forth: a = l/(k + l) + k/(k + l)·e^−(k + l)t; and steps far too long stay positive
/// and close their budgets.
#[test]
fn back_and_forth() {
    let (k, l) = (1.3, 0.6);
    let case = |t: f64| {
        let g = grid(&[2], &[1.0]);
        let (mut a, mut b) = (population(&g, "a", 1.0), population(&g, "b", 0.0));
        a.differentiation = vec![into(1, k)];
        b.differentiation = vec![into(0, l)];
        setup(g, vec![], vec![a, b], t)
    };
    let errors = [16, 32, 64].map(|steps| {
        let solver = march(case(1.0), 1.0, steps);
        let exact = (l + k * (-(k + l)).exp()) / (k + l);
        (field(&solver, Kind::Viable(0))[0] - exact).abs()
    });
    order("back and forth", &errors);
    for dt in [3.0, 30.0, 3e3, 3e6] {
        let solver = march(case(4.0 * dt), 4.0 * dt, 4);
        let [a, b] = [0, 1].map(|p| field(&solver, Kind::Viable(p))[0]);
        assert!(a >= 0.0 && b >= 0.0 && (a + b - 1.0).abs() < 1e-12, "{dt}: {a} {b}");
    }
}

/// One way with steps far too long: what the extrapolation takes too much of the one it gives
/// back from the other.
#[test]
fn long_steps_stay_positive() {
    for dt in [3.0, 30.0, 3e3] {
        let g = grid(&[3], &[1.0]);
        let (mut a, b) = (population(&g, "a", 1.0), population(&g, "b", 0.0));
        a.differentiation = vec![into(1, 1.0)];
        let mut solver = Solver::new(setup(g, vec![], vec![a, b], dt)).unwrap();
        for _ in 0..3 {
            let (_, attempt) = solver.attempt(dt).unwrap();
            solver.accept(&attempt);
            let [a, b] = [0, 1].map(|p| field(&solver, Kind::Viable(p))[0]);
            assert!(a >= 0.0 && b >= 0.0 && (a + b - 1.0).abs() < 1e-12, "{dt}: {a} {b}");
            assert!(solver.ledger.worst().unwrap().1 < 1e-13);
        }
    }
}

/// Cells that differentiate leave every stage of damage alike and arrive unharmed: with a death
/// after exposure (rates f of the stages, then k in the last) beside differentiation at rate d,
/// the first population is e^−dt times the Erlang survival.
#[test]
fn differentiation_takes_from_every_stage() {
    let (f, d): (f64, f64) = (4.0 / 0.8, 0.9);
    let errors = [32, 64, 128].map(|steps| {
        let g = grid(&[2], &[1.0]);
        let (mut a, b) = (population(&g, "a", 1.0), population(&g, "b", 0.0));
        a.differentiation = vec![into(1, d)];
        a.deaths = vec![Death {
            cause: "age".into(),
            rate: f,
            when: vec![],
            combine: Combine::All,
            exposure: Some(Exposure { time: 0.8, recovery: 0.8, stages: 4 }),
        }];
        let solver = march(setup(g, vec![], vec![a, b], 1.0), 1.0, steps);
        let erlang = (-f).exp() * (1.0 + f * (1.0 + f / 2.0 * (1.0 + f / 3.0 * (1.0 + f / 4.0))));
        (field(&solver, Kind::Viable(0))[0] - erlang * (-d).exp()).abs()
    });
    order("differentiation beside damage", &errors);
}

/// Two populations under one logistic law share their room: together they follow the logistic
/// curve, apart they keep their proportion. Steps of equal rates are exact.
#[test]
fn one_room_for_two_populations() {
    let (rate, room, t) = (2.0_f64, 3.0, 1.5);
    let all = room / (1.0 + (room / 0.5 - 1.0) * (-rate * t).exp());
    for steps in [1, 4, 16] {
        let g = grid(&[2], &[1.0]);
        let (mut a, mut b) = (population(&g, "a", 0.2), population(&g, "b", 0.3));
        logistic(&mut a, rate, room);
        logistic(&mut b, rate, room);
        let solver = march(setup(g, vec![], vec![a, b], t), t, steps);
        let most = series(room, rate * t, steps);
        for (p, part) in [(0, 0.4), (1, 0.6)] {
            let n = field(&solver, Kind::Viable(p))[0];
            assert!((n - part * all).abs() <= most, "{steps}: {n} for {}", part * all);
        }
    }
}

/// The counted cells of voxels.
struct Room(f64);

impl Watcher for Room {
    fn see(&mut self, moment: &Moment) -> Result<(), String> {
        self.0 = self.0.max(moment.survey.excess);
        Ok(())
    }
}

/// From random starts, up to a full voxel, with rates far apart, the steps of a run never count
/// more cells than fit.
#[test]
fn shared_room_is_never_exceeded() {
    let mut bits = 7_u64;
    let mut unit = move || {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    };
    for trial in 0..16 {
        let g = grid(&[40], &[1.0]);
        let mut all = Vec::new();
        let parts: Vec<[f64; 3]> = (0..40).map(|_| [unit(), unit(), unit()]).collect();
        for p in 0..3 {
            let mut one = population(&g, &format!("p{p}"), 0.0);
            let full = unit();
            one.seeding = parts
                .iter()
                .map(|x| x[p] / (x[0] + x[1] + x[2]) * if x[0] < full { 1.0 } else { x[2] })
                .collect();
            logistic(&mut one, 10.0_f64.powf(4.0 * unit() - 1.0), 1.0);
            if trial % 2 == 1 {
                let rate = 10.0_f64.powf(3.0 * unit() - 2.0);
                one.capacity.iter_mut().for_each(|c| c.counts_dead = true);
                let (when, combine) = (vec![], Combine::All);
                one.deaths =
                    vec![Death { cause: "age".into(), rate, when, combine, exposure: None }];
                one.lysis = 0.1 * rate;
            }
            all.push(one);
        }
        let mut case = setup(g, vec![], all, 20.0);
        case.run.accuracy.max_step = 5.0;
        let mut room = Room(0.0);
        let mut solver = Solver::new(case).unwrap();
        run(&mut solver, &mut [&mut room]).unwrap();
        println!("{} steps, excess {:e}", solver.work.steps, room.0);
        assert!(solver.ledger.worst().unwrap().1 < 1e-12);
        assert!(room.0 == 0.0, "{:e}", room.0);
    }
}

/// The times of the steps.
struct Times(Vec<f64>);

impl Watcher for Times {
    fn see(&mut self, moment: &Moment) -> Result<(), String> {
        self.0.push(moment.solver.state.time);
        Ok(())
    }
}

/// Cells that are added are there from their moment on, hit exactly, grow from then, and the
/// ledger knows them: n = n₀e^μt, then n + m at 0.3 and again at 0.3 (two at once), then growth.
#[test]
fn reseeding_is_hit_exactly() {
    let g = grid(&[2], &[1.0]);
    let mut p = population(&g, "p", 1.0);
    p.growth = Some(Growth { rate: 1.0, logistic: false, limits: vec![], combine: Combine::All });
    let add = |time, n: f64| Reseeding { time, density: vec![n; 2] };
    p.reseeding = vec![add(0.3, 0.5), add(0.3, 0.25), add(0.7, 2.0)];
    let mut case = setup(g, vec![], vec![p], 1.0);
    case.run.accuracy.time = 1e-9;
    let mut times = Times(Vec::new());
    let mut solver = Solver::new(case).unwrap();
    run(&mut solver, &mut [&mut times]).unwrap();
    assert!(times.0.contains(&0.3) && times.0.contains(&0.7));
    let exact = 1.0_f64.exp() + 0.75 * 0.7_f64.exp() + 2.0 * 0.3_f64.exp();
    let found = field(&solver, Kind::Viable(0))[0];
    assert!((found / exact - 1.0).abs() < 1e-6, "{found} {exact}");
    assert_eq!(solver.ledger.find("p.added").unwrap().0, 2.75);
    assert!(solver.ledger.worst().unwrap().1 < 1e-13);
}

/// Cells that stop growing where others have taken their room stay as many as they were.
#[test]
fn who_finds_no_room_does_not_vanish() {
    let g = grid(&[4], &[1.0]);
    let growth =
        |logistic| Growth { rate: 1.0, logistic, limits: Vec::new(), combine: Combine::Product };
    let mut free = population(&g, "free", 1.0);
    free.growth = Some(growth(false));
    let mut tied = population(&g, "tied", 0.01);
    tied.growth = Some(growth(true));
    tied.capacity = Some(Capacity { density: 2.0, counts_viable: true, counts_dead: false });
    let mut solver = Solver::new(setup(g, vec![], vec![free, tied], 5.0)).expect("starts");
    let mut last = 0.0;
    for _ in 0..50 {
        let (_, attempt) = solver.attempt(0.1).expect("steps");
        solver.accept(&attempt);
        let f = solver.catalogue.number(Kind::Viable(1)).expect("a field");
        let now = flat(&solver.state.fields[f])[0];
        assert!(now >= last, "{now} after {last}");
        last = now;
    }
    assert!(solver.ledger.find("tied.born").expect("a term").0 > 0.0);
}

/// Cells in one voxel of a hundred are stepped as those that are alone: the others do not dilute their
/// error.
#[test]
fn cells_in_a_part_are_solved_as_if_alone() {
    let of = |count: usize| {
        let g = grid(&[count], &[count as f64]);
        let mut a = population(&g, "a", 0.0);
        a.seeding[count / 2] = 1.0;
        logistic(&mut a, 1.0, 10.0);
        let (cause, when) =
            ("x".into(), vec![(0, Trigger::Above(Above { half: 1.0, exponent: 4.0 }))]);
        a.deaths = vec![Death { cause, rate: 2.0, when, combine: Combine::All, exposure: None }];
        let mut x = solute(&g, "x", 0.0, 0.0);
        x.source = Some(Source { rate: vec![1.0; count], times: Signal::Constant(1.0) });
        let mut case = setup(g, vec![x], vec![a], 3.0);
        case.run.accuracy = Accuracy { max_step: 1.0, ..Accuracy::default() };
        let mut solver = Solver::new(case).expect("starts");
        run(&mut solver, &mut []).expect("runs");
        (solver.work.steps, field(&solver, Kind::Viable(0))[count / 2])
    };
    let ((alone, wanted), (among, found)) = (of(1), of(100));
    assert!(alone > 5, "{alone} steps");
    assert_eq!(alone, among);
    assert!((found / wanted - 1.0).abs() < 1e-12, "{found} {wanted}");
}

/// Rates from those that do nothing in a step to those of which powers overflow, each beside the others:
/// all values are numbers and none is negative, and every cell is accounted for.
#[test]
fn rates_of_any_size_lose_no_cell() {
    let rates = [0.0, 1e-12, 1.0, 40.0, 1e5, 1e20, 1e200];
    for (n, rate) in rates.into_iter().enumerate() {
        let turned = |by: usize| rates[(n + by) % rates.len()];
        for resting in [false, true] {
            let g = grid(&[2], &[1.0]);
            let mut a = population(&g, "a", 1.0);
            logistic(&mut a, rate, 2.0);
            let death = |cause: &str, rate| Death {
                cause: cause.into(),
                rate,
                when: vec![],
                combine: Combine::All,
                exposure: None,
            };
            a.deaths = vec![death("age", turned(1)), death("drug", turned(2))];
            a.lysis = turned(3);
            a.quiescence = resting.then(|| Quiescence {
                rate: turned(4),
                recovery: turned(5),
                activity: 0.1,
                death_factor: 0.5,
                when: vec![(0, Trigger::Above(Above { half: 0.7, exponent: 3.0 }))],
                combine: Combine::All,
            });
            a.differentiation = vec![into(1, turned(6))];
            let case = setup(
                g.clone(),
                vec![solute(&g, "x", 1.0, 0.7)],
                vec![a, population(&g, "b", 0.0)],
                1.0,
            );
            let solver = march(case, 3.0, 3);
            for (spec, field) in solver.catalogue.specs.iter().zip(&solver.state.fields) {
                let well = flat(field).iter().all(|v| v.is_finite() && *v >= 0.0);
                assert!(well, "{rate:e}, {resting}: {} {:?}", spec.name, flat(field));
            }
        }
    }
}
