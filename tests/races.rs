//! Two runs on one folder: one writes, the other is refused and harms nothing.
//!
//! `BLASTEMA_RACES=500 cargo test --test races -- --nocapture`

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

mod faults;
use faults::*;

/// Exit code, standard output and error.
fn end(child: Child) -> (i32, String, String) {
    let done = child.wait_with_output().unwrap();
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    (done.status.code().unwrap_or(-1), text(&done.stdout), text(&done.stderr))
}

/// A run that comes while another writes gets exit code 6; one that comes after its end finds it
/// finished and gets 0. Every third race begins with the lock of a process that is gone, every
/// third with an old empty lock.
#[test]
fn one_of_two_runs_wins() {
    let lone = lone_run(&case(10, "8 h", "1 h"));
    let begun = Instant::now();
    let (code, told) = run(lone.path(), &["--replace"]);
    assert_eq!(code, 0, "{told}");
    let length = begun.elapsed();
    let mut random = Random(3);
    let (mut in_use, mut finished) = (0, 0);
    let races = count("BLASTEMA_RACES", 9);
    for race in 0..races {
        let dir = tempfile::tempdir().unwrap();
        std::fs::copy(lone.path().join("case.toml"), dir.path().join("case.toml")).unwrap();
        let out = dir.path().join("out");
        if race % 3 > 0 {
            std::fs::create_dir(&out).unwrap();
            let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
            let gone = format!("pid 4194000\nboot earlier\nhost {}\nstart 1\n", host.trim());
            std::fs::write(out.join("lock"), if race % 3 == 1 { &gone } else { "" }).unwrap();
            if race % 3 == 2 {
                let old = std::time::SystemTime::now() - Duration::from_secs(60);
                std::fs::File::options()
                    .write(true)
                    .open(out.join("lock"))
                    .unwrap()
                    .set_modified(old)
                    .unwrap();
            }
        }
        let begin = || {
            let mut c = command(dir.path(), &[]);
            c.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let first = begin();
        // Half of them within the first fifth of the run, where folders and locks are made.
        let share = if race % 2 == 0 { 0.2 * random.next() } else { 1.2 * random.next() };
        std::thread::sleep(length.mul_f64(share));
        let second = begin();
        let (a, b) = (end(first), end(second));
        let winner = |r: &(i32, String, String)| r.0 == 0 && !r.1.contains("already holds");
        assert!(winner(&a) != winner(&b), "race {race}: {a:?} {b:?}");
        let loser = if winner(&a) { &b } else { &a };
        match loser.0 {
            6 => {
                assert!(
                    loser.2.contains("another process is writing here"),
                    "race {race}: {loser:?}"
                );
                in_use += 1;
            }
            0 => finished += 1,
            _ => panic!("race {race}: {loser:?}"),
        }
        let what = format!("race {race}");
        let seen = same_fields(&out, &lone.path().join("out"), &what);
        assert_eq!(seen, fields(&lone.path().join("out")).len(), "{what}");
        assert!(temporaries(&out).is_empty() && !out.join("lock").exists(), "{what}");
        assert!(blastema::output::audit::audit(&out).unwrap().whole(), "{what}");
    }
    println!(
        "{races} races: one winner each; {in_use} refused with 6, {finished} found it finished"
    );
}
