//! A run that was stopped goes on with the same bits.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use blastema::case::{self, Case};
use blastema::ground::par;
use blastema::model::answers::Answers;
use blastema::model::expect::Expectations;
use blastema::model::run::{self, Kept, Stop, Watcher, Wish};
use blastema::model::solver::Solver;

/// Keeps the state before every step; stops after so many.
#[derive(Default)]
struct Every {
    stop: Option<usize>,
    kept: Vec<Arc<Kept>>,
}

impl Watcher for Every {
    fn wish(&mut self, solver: &Solver) -> Wish {
        if self.stop.is_some_and(|n| solver.work.steps >= n) {
            Wish::Stop("enough".into())
        } else {
            Wish::Keep
        }
    }
    fn take(&mut self, kept: &Arc<Kept>) -> Result<(), String> {
        self.kept.push(kept.clone());
        Ok(())
    }
}

/// Everything that a run came to, as bytes and text.
#[derive(Debug, PartialEq)]
struct End {
    fields: Vec<Vec<u64>>,
    terms: Vec<(String, u64)>,
    answers: Vec<String>,
    outcomes: Vec<String>,
}

fn end(solver: &Solver, answers: &Answers, mut expectations: Expectations) -> End {
    let list = answers.finish(solver);
    expectations.answers(&list);
    let bits = |v: &mut dyn Iterator<Item = f64>| v.map(f64::to_bits).collect();
    let mut fields: Vec<Vec<u64>> =
        solver.state.fields.iter().map(|f| bits(&mut f.iter().copied())).collect();
    fields.extend(solver.state.baths.iter().map(|b| bits(&mut b.iter().copied())));
    End {
        fields,
        terms: solver.ledger.terms.iter().map(|t| (t.name.clone(), t.total.to_bits())).collect(),
        answers: list.iter().map(|a| format!("{} {:?} {}", a.key, a.number, a.text)).collect(),
        outcomes: expectations.outcomes.iter().map(|o| format!("{o:?}")).collect(),
    }
}

/// Every state of a run, which goes through or stops after so many steps, and its end.
fn through(case: Case, stop: usize) -> (Vec<Arc<Kept>>, Option<End>) {
    let Case { setup, expects, .. } = case;
    let mut solver = Solver::new(setup).unwrap();
    let mut answers = Answers::default();
    let mut every = Every { stop: Some(stop), ..Every::default() };
    let mut expectations = Expectations::new(&expects, false);
    let ended = run::run(&mut solver, &mut [&mut answers, &mut expectations, &mut every]);
    let end = ended.is_ok().then(|| end(&solver, &answers, expectations));
    (every.kept, end)
}

/// Goes on from `kept` in a solver that knows nothing but the case: the next state, or the end.
fn on(case: Case, kept: &Kept, stop: Option<usize>) -> Result<Arc<Kept>, End> {
    let Case { setup, expects, .. } = case;
    let mut solver = Solver::new(setup).unwrap();
    let (mut answers, mut every) = (Answers::default(), Every { stop, ..Every::default() });
    let mut expectations = Expectations::new(&expects, false);
    let watchers: &mut [&mut dyn Watcher] = &mut [&mut answers, &mut expectations, &mut every];
    let clock = run::restore(&mut solver, watchers, &kept.bytes, false).unwrap();
    match run::go_on(&mut solver, watchers, clock) {
        Ok(()) => Err(end(&solver, &answers, expectations)),
        Err(Stop::Asked(_)) => Ok(every.kept.last().unwrap().clone()),
        Err(other) => panic!("{other:?}"),
    }
}

/// Each state of a run gives the next one to the last bit, and one in the middle the last and the
/// end; so by induction a run stopped anywhere ends as the one that was not. Looks at so many
/// steps; gives their number.
fn same_from_every_step(path: &Path, most: usize) -> usize {
    let load = || case::load(path, &[]).unwrap_or_else(|r| panic!("{}: {r}", path.display()));
    let (kept, whole) = par::with_threads(3, || through(load(), most));
    par::with_threads(1, || {
        for (k, pair) in kept.windows(2).enumerate() {
            // At the end of the run there is no stop.
            let Ok(next) = on(load(), &pair[0], Some(pair[1].step)) else { continue };
            let same = next.bytes == pair[1].bytes;
            assert!(same, "{}: step {k}: {}", path.display(), differ(&next, &pair[1]));
        }
        let middle = &kept[kept.len() / 2];
        match (on(load(), middle, Some(most)), whole) {
            (Ok(last), None) => assert!(last == kept[kept.len() - 1], "{}", path.display()),
            (Err(end), Some(whole)) => {
                assert_eq!(end, whole, "{}", path.display());
                // Killed after its last step.
                let end = on(load(), &kept[kept.len() - 1], None).expect_err("an end");
                assert_eq!(end, whole, "{}", path.display());
            }
            _ => panic!("{}: one ended, one did not", path.display()),
        }
    });
    kept.len()
}

/// The first section that differs.
fn differ(a: &Kept, b: &Kept) -> String {
    let at = a.bytes.iter().zip(&b.bytes).position(|(a, b)| a != b).unwrap_or(0);
    let text = String::from_utf8_lossy(&b.bytes[at.saturating_sub(4000)..at]).into_owned();
    let names: Vec<&str> = text.split(|c: char| !c.is_ascii_graphic()).collect();
    let name = names.iter().rev().find(|n| n.len() > 4 && n.contains('.'));
    format!("{} bytes against {}, at {at}, near {name:?}", a.bytes.len(), b.bytes.len())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// All shipped cases that run in time.
fn cases() -> Vec<PathBuf> {
    let mut all = Vec::new();
    for folder in ["cases", "cases/templates", "cases/verification"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "toml") {
                all.push(path);
            }
        }
    }
    all.sort();
    all
}

/// Looks at all cases of at most so many voxels over so many steps.
fn all(voxels: usize, steps: usize) -> usize {
    let mut looked = 0;
    for path in cases() {
        // The template of a scan has none beside it.
        let Ok(case) = case::load(&path, &[]) else { continue };
        if !case.setup.run.steady && case.setup.grid.len() <= voxels {
            let kept = same_from_every_step(&path, steps);
            println!("{}: {kept} states", path.display());
            looked += 1;
        }
    }
    looked
}

#[test]
fn small_cases_go_on_from_every_step() {
    let looked = all(1000, 12);
    assert!(looked > 20, "{looked}");
}

#[test]
#[ignore = "full suite: some minutes"]
fn all_cases_go_on_from_every_step() {
    let looked = all(600_000, 20);
    assert!(looked > 30, "{looked}");
}

/// Perfusion through a scaffold that fills up: diffusivities and flow follow the porosity.
const FILLING: &str = r#"
[domain]
shape = "box"
size = ["4 mm"]
voxels = [24]
[scaffold]
porosity = 0.8
effective_diffusivity.maxwell = {}
changing_porosity = true
[solutes.oxygen]
diffusivity = "2.7e-9 m^2/s"
initial = "0.2 mol/m^3"
boundary.x_min.inlet = "0.2 mol/m^3"
boundary.x_max.outflow = {}
[cells.msc]
type = "custom"
seeding.uniform = { density = "5e6 cells/mL" }
volume = "4e-15 m^3"
uptake.oxygen.michaelis-menten = { vmax = "98 fmol/cell/h", km = "8 uM" }
growth.rate.doubling_time = "24 h"
[flow]
law.kozeny-carman = { diameter = "200 um", constant = 180 }
boundary.x_min.pressure = "0.5 Pa"
boundary.x_max.pressure = "0 Pa"
[run]
duration = "2 d"
"#;

/// A case of this file, on two hours of outputs.
fn small(more: &str) -> Case {
    let text = format!(
        r#"
[domain]
shape = "box"
size = ["2 mm"]
voxels = [12]
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mol/m^3"
boundary.x_max.value = "0.1 mol/m^3"
{more}
[run]
duration = "2 h"
"#
    );
    case::load_text("small.toml", &text, &[]).unwrap_or_else(|r| panic!("{r}"))
}

#[test]
fn a_porosity_that_changes_goes_on_to_the_same_answers() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("filling.toml");
    std::fs::write(&path, FILLING).unwrap();
    let states = same_from_every_step(&path, 1000);
    assert!(states > 10, "{states}");
}

#[test]
fn a_state_that_does_not_fit_is_an_error_and_never_a_panic() {
    let (kept, _) = through(small(""), 5);
    let bytes = &kept[4].bytes;
    let read = |bytes: &[u8]| {
        let Case { setup, expects, .. } = small("");
        let mut solver = Solver::new(setup).unwrap();
        let (mut answers, mut expectations) =
            (Answers::default(), Expectations::new(&expects, false));
        let watchers: &mut [&mut dyn Watcher] = &mut [&mut answers, &mut expectations];
        run::restore(&mut solver, watchers, bytes, false).map(|_| ())
    };
    assert!(read(bytes).is_ok());
    for n in (0..bytes.len()).step_by(7) {
        assert!(read(&bytes[..n]).is_err(), "cut at {n}");
        let mut wrong = bytes.clone();
        wrong[n] ^= 0xff;
        let _ = read(&wrong);
    }
    // Another field.
    let more = "[solutes.lactate]\ndiffusivity = \"1e-9 m^2/s\"\ninitial = \"0 mM\"\n";
    let mut solver = Solver::new(small(more).setup).unwrap();
    for changed in [false, true] {
        let error = run::restore(&mut solver, &mut [], bytes, changed).unwrap_err();
        assert!(error.to_string().contains("solutes: was `1` and is `2`"), "{error}");
    }
}
