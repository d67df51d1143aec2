//! A panic inside a run ends that run alone.

use blastema::case::load_text;
use blastema::cli::boundary::guarded;
use blastema::cli::failure::Exit;
use blastema::ground::par;
use blastema::model::run::{Moment, Watcher, run};
use blastema::model::solver::Solver;
use blastema::output::Folder;
use blastema::output::report::{Record, write_record};

mod faults;
use faults::case;

/// Panics at its third step.
struct Breaks(usize);

impl Watcher for Breaks {
    fn see(&mut self, _: &Moment) -> Result<(), String> {
        self.0 += 1;
        assert!(self.0 < 3, "a fault of the program, step {}", self.0);
        Ok(())
    }
}

#[test]
fn a_panic_is_told_and_the_caller_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    for (n, threads) in [1, 2].into_iter().enumerate() {
        let case = load_text("case.toml", &case(8, "1 h", "10 min"), &[]).unwrap();
        let hash = case.provenance.hash.clone();
        let path = dir.path().join(n.to_string());
        let folder = Folder::claim(&path, &hash, false).unwrap();
        write_record(&folder, &case.provenance, &Record::start("t", threads), &[]).unwrap();
        let result = guarded(&hash, &folder, || {
            par::with_threads(threads, || {
                let mut solver = Solver::new(case.setup).expect("starts");
                run(&mut solver, &mut [&mut Breaks(0)]).expect("runs");
                Ok(())
            })
        });
        let failure = result.unwrap_err();
        assert_eq!(failure.exit, Exit::Internal);
        assert_eq!(failure.exit as u8, 70);
        for part in ["a fault of the program, step 3", env!("CARGO_PKG_VERSION"), &hash] {
            assert!(failure.message.contains(part), "{}", failure.message);
        }
        let record = std::fs::read_to_string(path.join("run.json")).unwrap();
        let record: serde_json::Value = serde_json::from_str(&record).unwrap();
        assert_eq!(record["status"]["state"], "failed");
        assert!(record["status"]["message"].as_str().unwrap().contains("step 3"));
        // The folder is free again, and the next case of the batch runs.
        drop(folder);
        assert!(!path.join("lock").exists());
    }
    // A panic on another thread of the pool.
    let folder = Folder::claim(&dir.path().join("pool"), "h", false).unwrap();
    let broken = guarded("h", &folder, || {
        par::with_threads(2, || {
            let mut values = vec![0.0; 1 << 20];
            par::planes(1 << 10, &mut values, |k, _| assert!(k < 1000, "plane {k}"));
            Ok(())
        })
    });
    assert!(broken.unwrap_err().message.contains("plane 10"));
    assert_eq!(guarded("h", &folder, || Ok(5)).ok(), Some(5));
}
