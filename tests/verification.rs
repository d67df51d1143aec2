//! The verification cases against their references; the numbers come from theory or separate
//! code, never from our own output.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use blastema::case::load;
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
        if let Err(stop) = run(&mut solver, &mut [&mut expectations]) {
            let _ = writeln!(missed, "{name}: {stop:?}");
            continue;
        }
        expectations.answers(&[]);
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
    v10_krogh "v10"
    v11_layers_and_checkerboard "v11"
    v14_growth_and_death "v14"
    v20_oxygen_step "v20"
}
