//! What must not be lost, whatever is done to a run's folder: `resume`, `--from`, `audit`.

use std::path::Path;
use std::process::{Command, Stdio};

mod stopping;
use stopping::*;

/// Two times of a case that are one but for round-off end no run and lose no event.
#[test]
fn times_that_differ_by_round_off_are_one_moment() {
    let case = CASE.replace("\"4 h\", fraction", "\"0.55 d\", fraction");
    for (change, output) in [("3.3 d", "1.1 d"), ("26.4 h", "1.1 d"), ("1.1 d", "26.4 h")] {
        let case = case
            .replace("\"0.55 d\"", &format!("\"{change}\""))
            .replace("\"10 h\"\noutput.every = \"2 h\"", "\"4 d\"\noutput.every = \"1.1 d\"")
            .replace("output.every = \"1.1 d\"", &format!("output.every = \"{output}\""));
        let place = Place::new(&case);
        let steps = place.steps();
        assert!(steps < 1000, "{change}, {output}: {steps} steps");
        // The output at the change shows the medium before it, whichever rounds down.
        let history = std::fs::read_to_string(place.path().join("whole/history.csv")).unwrap();
        let times: Vec<f64> = history
            .lines()
            .skip(1)
            .map(|l| l.split(',').next().unwrap().parse().unwrap())
            .collect();
        assert!(times.windows(2).all(|w| w[1] > w[0] * (1.0 + 1e-9)), "{change}, {output}");
    }
}

/// A checkpoint is found by its time in any unit, and a branch there has its parent's bits.
#[test]
fn a_time_is_the_same_in_other_units() {
    let case = CASE.replacen("[run]", "[run]\ncheckpoints = [\"0.3 d\"]", 1);
    let place = Place::new(&case);
    for at in ["whole@0.3 d", "whole@7.2 h", "whole@432 min"] {
        let out = at.replace(['@', ' ', '.'], "-");
        let branch = place.run(&out, &["--from", at]);
        assert!(code(&branch) == 0 && !text(&branch).contains("computes it"), "{}", text(&branch));
        same_end(&place, "whole", &out);
    }
}

fn last_row(place: &Place, out: &str) -> String {
    let text = std::fs::read_to_string(place.path().join(out).join("history.csv")).unwrap();
    text.lines().last().unwrap().to_owned()
}

#[track_caller]
fn same_end(place: &Place, a: &str, b: &str) {
    assert_eq!(last_row(place, a), last_row(place, b));
}

#[test]
fn a_branch_of_a_branch_has_the_same_bits() {
    let case = CASE.replacen("[run]", "[run]\ncheckpoints = [\"3 h\", \"6 h\"]", 1);
    let place = Place::new(&case);
    for (from, out) in [("whole@3 h", "child"), ("child@6 h", "grandchild")] {
        let branch = place.run(out, &["--from", from]);
        assert_eq!(code(&branch), 0, "{}", text(&branch));
        same_end(&place, "whole", out);
    }
    let json = std::fs::read_to_string(place.path().join("grandchild/run.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["branch"]["changed"], serde_json::json!([]));
}

/// What cannot be read at this moment is no damage, and no reason to begin again.
#[test]
fn checkpoints_that_cannot_be_read_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new(CASE);
    stopped(&place, "out", "9");
    let folder = place.path().join("out");
    let kept = ["a", "b"].map(|n| std::fs::read(folder.join("checkpoint").join(n)).unwrap());
    let mode = |n: &str, mode: u32| {
        let path = folder.join(n);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    // Root reads everything, so as somebody else.
    let as_nobody = |args: &[&str]| {
        Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(env!("CARGO_BIN_EXE_blastema"))
            .args(args)
            .current_dir(place.path())
            .output()
    };
    let root = std::fs::metadata("/proc/self").is_ok_and(|m| {
        use std::os::unix::fs::MetadataExt as _;
        m.uid() == 0
    });
    if root {
        let everybody = |p: &Path| {
            Command::new("chown").args(["-R", "65534"]).arg(p).status().unwrap();
        };
        everybody(&folder);
        mode("checkpoint/a", 0);
        mode("checkpoint/b", 0);
        // The program may lie where nobody else can go.
        if let Some(refused) =
            as_nobody(&["resume", "out", "--quiet"]).ok().filter(|o| [2, 4].contains(&code(o)))
        {
            assert!(
                code(&refused) == 4 && text(&refused).contains("Permission denied"),
                "{}",
                text(&refused)
            );
            mode("run.json", 0);
            let refused = as_nobody(&["resume", "out", "--quiet"]).unwrap();
            assert!(text(&refused).contains("Permission denied"), "{}", text(&refused));
            mode("run.json", 0o644);
        }
        mode("checkpoint/a", 0o644);
        mode("checkpoint/b", 0o644);
    }
    // Without the memory to read them.
    let short = Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -v 60000; {} resume out --quiet", env!("CARGO_BIN_EXE_blastema")))
        .current_dir(place.path())
        .output()
        .unwrap();
    assert_ne!(code(&short), 0, "{}", text(&short));
    let now = ["a", "b"].map(|n| std::fs::read(folder.join("checkpoint").join(n)).unwrap());
    assert!(now == kept, "checkpoints changed: {}", text(&short));
    assert_eq!(code(&place.resume("out", &[])), 0);
    place.same("out");
}

#[test]
fn a_run_that_was_changed_on_the_way_has_no_earlier_state() {
    let place = Place::new(CASE);
    stopped(&place, "out", "9");
    let key = "solutes.oxygen.diffusivity";
    let set = ["--set", "solutes.oxygen.diffusivity=\"1e-9 m^2/s\""];
    let changed = place.resume("out", &[&set[..], &["--allow-changed", key]].concat());
    assert_eq!(code(&changed), 0, "{}", text(&changed));
    let refused = place.run("early", &[&set[..], &["--from", "out@1 s"]].concat());
    assert!(
        code(&refused) == 2 && text(&refused).contains("computed with other values"),
        "{}",
        text(&refused)
    );
    let later = place.run("later", &[&set[..], &["--from", "out@10 h"]].concat());
    assert!(!text(&later).contains("other values"), "{}", text(&later));
    // Nor is it the run of the case as it is now.
    let again = place.run("out", &set);
    assert!(code(&again) != 0 || !text(&again).contains("already holds"), "{}", text(&again));
}

#[test]
fn a_table_that_was_changed_is_not_gone_on_with() {
    let place = Place::new(CASE);
    stopped(&place, "out", "9");
    let path = place.path().join("out/history.csv");
    let good = std::fs::read(&path).unwrap();
    let mut bad = good.clone();
    let n = bad.len() / 2;
    bad[n] ^= 1;
    std::fs::write(&path, &bad).unwrap();
    let refused = place.resume("out", &[]);
    assert!(
        code(&refused) == 4 && text(&refused).contains("history.csv is missing, or is not"),
        "{}",
        text(&refused)
    );
    std::fs::write(&path, &good).unwrap();
    assert_eq!(code(&place.resume("out", &[])), 0);
    place.same("out");
}

/// Started anew and killed, the sum of the old table is no sum of the new one.
#[test]
fn a_run_that_starts_anew_has_no_old_sums() {
    let place = Place::new(CASE);
    stopped(&place, "out", "9");
    std::fs::remove_dir_all(place.path().join("out/checkpoint")).unwrap();
    let again = place.resume("out", &["--stop-after-steps", "3"]);
    assert_eq!(code(&again), 130, "{}", text(&again));
    let list = std::fs::read_to_string(place.path().join("out/checksums.b3")).unwrap();
    assert_eq!(list.matches("history.csv").count(), 1, "{list}");
    let audit = blastema(place.path(), &["audit", "out"]);
    assert_eq!(code(&audit), 0, "{}", text(&audit));
}

/// A process that is dead, and whose parent has not looked, holds no lock.
#[test]
fn a_dead_process_holds_no_lock() {
    let place = Place::new(CASE);
    let case = CASE.replace("\"10 h\"", "\"400 d\"");
    std::fs::write(place.path().join("long.toml"), case).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_blastema"))
        .args(["run", "long.toml", "--quiet", "--out", "out", "--checkpoint-steps", "5"])
        .current_dir(place.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = std::time::Instant::now();
    while !place.path().join("out/checkpoint/a").exists() {
        assert!(begun.elapsed().as_secs() < 60, "no checkpoint");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    // Dead as soon as the system says so; not waited for.
    let stat = format!("/proc/{}/stat", child.id());
    while !std::fs::read_to_string(&stat).is_ok_and(|s| s.contains(") Z ")) {
        assert!(begun.elapsed().as_secs() < 60, "not dead");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let on = place.resume("out", &["--stop-after-steps", "1"]);
    assert_eq!(code(&on), 130, "{}", text(&on));
    child.wait().unwrap();
}

#[test]
fn a_run_is_not_replaced_by_its_branch() {
    let place = Place::new(CASE);
    let refused = place.run("whole/", &["--from", "whole@4 h", "--replace"]);
    assert!(
        code(&refused) == 2 && text(&refused).contains("--from and --out both name"),
        "{}",
        text(&refused)
    );
    assert!(!place.path().join("whole.1").exists());
    // What was refused leaves nothing.
    let child = place.run("child", &["--from", "whole@4 h"]);
    assert_eq!(code(&child), 0, "{}", text(&child));
    let none = place.run("grandchild", &["--from", "child@1 h"]);
    assert_eq!(code(&none), 2, "{}", text(&none));
    assert!(!place.path().join("grandchild").exists());
}

/// However its folder is spelt.
#[test]
fn a_folder_is_replaced_by_any_of_its_names() {
    let place = Place::new(CASE);
    for out in ["whole/", "./whole/.", "whole//"] {
        let again = place.run(out, &["--replace"]);
        assert_eq!(code(&again), 0, "{out}: {}", text(&again));
    }
    assert!(place.path().join("whole.3").is_dir());
    let at = place.path().join("whole");
    let here = blastema(&at, &["run", "../case.toml", "--quiet", "--out", ".", "--replace"]);
    assert_eq!(code(&here), 0, "{}", text(&here));
    assert!(place.path().join("whole.4").is_dir());
}

/// The record of a run cannot make it write elsewhere.
#[test]
fn a_record_names_no_place_outside() {
    let place = Place::new(CASE);
    stopped(&place, "out", "9");
    let path = place.path().join("out/run.json");
    let record = std::fs::read_to_string(&path).unwrap();
    for evil in ["../evil", "/tmp/blastema-evil", ".."] {
        let text = record.replacen("\"case\": \"case\"", &format!("\"case\": \"{evil}\""), 1);
        assert_ne!(text, record);
        std::fs::write(&path, text).unwrap();
        for command in ["resume", "audit"] {
            let refused = blastema(place.path(), &[command, "out"]);
            let told = String::from_utf8_lossy(&refused.stderr).into_owned()
                + &String::from_utf8_lossy(&refused.stdout);
            assert!([2, 4].contains(&code(&refused)), "{command} {evil}: {told}");
        }
        assert!(!place.path().join("evil.vtkhdf").exists());
        assert!(!Path::new("/tmp/blastema-evil.vtkhdf").exists());
    }
    // Nor does the name of a case.
    for name in ["a\nb.toml".to_owned(), format!("{}.toml", "x".repeat(240))] {
        std::fs::write(place.path().join(&name), CASE).unwrap();
        let refused = blastema(place.path(), &["run", &name, "--quiet", "--out", "named"]);
        assert!(
            code(&refused) == 2 && text(&refused).contains("the name of the case file"),
            "{}",
            text(&refused)
        );
        assert!(!place.path().join("named").exists());
    }
}

#[test]
fn links_are_no_parts_of_a_run() {
    let place = Place::new(CASE);
    stopped(&place, "out", "9");
    let (fields, moved) = (place.path().join("out/fields"), place.path().join("elsewhere"));
    std::fs::rename(&fields, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &fields).unwrap();
    let refused = place.resume("out", &[]);
    assert!(code(&refused) == 4 && text(&refused).contains("is a link"), "{}", text(&refused));
}
