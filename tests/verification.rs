//! The verification cases against their references; the numbers come from theory or separate
//! code, never from our own output.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use blastema::case::load;
use blastema::model::answers::Answers;
use blastema::model::expect::Expectations;
use blastema::model::run::run;
use blastema::model::solver::Solver;

/// Runs every case whose name begins with `prefix` and demands all its expectations.
fn verify(prefix: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/verification");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .filter(|p| p.file_name().unwrap().to_string_lossy().starts_with(prefix))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{prefix}");
    let mut missed = String::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let case = load(&file, &[]).unwrap_or_else(|report| panic!("{report}"));
        let mut expectations = Expectations::new(&case.expects, case.setup.run.steady);
        let start = Instant::now();
        let mut solver = Solver::new(case.setup).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let mut answers = Answers::default();
        if let Err(stop) = run(&mut solver, &mut [&mut expectations, &mut answers]) {
            let _ = writeln!(missed, "{name}: {stop:?}");
            continue;
        }
        expectations.answers(&answers.finish(&solver));
        let outcomes = &expectations.outcomes;
        assert_eq!(outcomes.len(), case.expects.len(), "{name}");
        println!("{name}: {} checked, {:.2} s", outcomes.len(), start.elapsed().as_secs_f64());
        for o in outcomes.iter().filter(|o| !o.holds) {
            let _ = writeln!(
                missed,
                "{name}: {} {} is {:.9e}, not {}",
                o.origin, o.what, o.found, o.wanted
            );
        }
    }
    assert!(missed.is_empty(), "\n{missed}");
}

macro_rules! cases {
    ($($test:ident $prefix:literal)+) => { $(#[test] fn $test() { verify($prefix); })+ };
}

cases! {
    v01_transient_slab "v01"
    v02_half_space "v02"
    v03_thiele "v03"
    v04_zero_order "v04"
    v05_michaelis_menten_slab "v05"
    v06_michaelis_menten_sphere "v06"
    v07_danckwerts "v07"
    v08_fisher_kpp "v08"
    v09_porous_fisher "v09"
    v10_krogh "v10"
    v11_layers_and_checkerboard "v11"
    v12_darcy "v12"
    v13_chemotaxis "v13"
    v14_growth_and_death "v14"
    v15_carried_front "v15"
    v21_brinkman "v21-brinkman"
    v17_spheres "v17"
    v20_oxygen_step "v20"
}

/// The list in `verify` is the folder.
#[test]
fn verify_knows_every_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/verification");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|e| Some(e.unwrap().file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
        .collect();
    files.sort();
    let listed: Vec<&str> = blastema::cli::verify::CASES.iter().map(|c| c.0).collect();
    assert_eq!(files, listed);
}

/// The table of the verification book is what `verify` says.
#[test]
fn the_book_shows_what_verify_says() {
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_blastema"))
        .args(["verify", "--markdown"])
        .output()
        .unwrap();
    assert!(out.status.success());
    let table = String::from_utf8(out.stdout).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verification.md");
    let book = std::fs::read_to_string(&path).unwrap();
    let (start, end) = ("cargo test --test verification -->\n", "<!-- end -->");
    let from = book.find(start).unwrap() + start.len();
    let to = book.find(end).unwrap();
    if std::env::var_os("UPDATE_BOOK").is_some() {
        std::fs::write(&path, format!("{}{table}{}", &book[..from], &book[to..])).unwrap();
        return;
    }
    assert_eq!(&book[from..to], table, "UPDATE_BOOK=1 cargo test --test verification");
}

/// A wrong reference is missed.
#[test]
fn a_wrong_reference_is_missed() {
    let text = include_str!("../cases/verification/v06-sphere-1-0.03119.toml");
    let wrong = text.replacen("value = \"0.1", "value = \"0.2", 1);
    assert_ne!(text, wrong);
    let case =
        blastema::case::load_text("wrong.toml", &wrong, &[]).unwrap_or_else(|r| panic!("{r}"));
    let mut expectations = Expectations::new(&case.expects, case.setup.run.steady);
    let mut solver = Solver::new(case.setup).unwrap();
    run(&mut solver, &mut [&mut expectations]).unwrap();
    assert_eq!(expectations.outcomes.iter().filter(|o| !o.holds).count(), 1);
}
