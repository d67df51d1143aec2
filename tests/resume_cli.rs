//! `resume` on the command line: files of a run that was stopped are those of one that was not.

use std::path::Path;
use std::process::Command;

mod stopping;
use stopping::*;

#[test]
fn a_run_stopped_at_any_step_leaves_the_same_files() {
    let place = Place::new(CASE);
    let steps = place.steps();
    assert!(steps > 10);
    for stop in (1..steps).step_by(3) {
        let out = format!("stopped-{stop}");
        let stopped = place.run(&out, &["--stop-after-steps", &stop.to_string()]);
        assert_eq!(code(&stopped), 130, "{}", text(&stopped));
        assert!(text(&stopped).contains(&format!("blastema resume {out}")), "{}", text(&stopped));
        let record = std::fs::read_to_string(place.path().join(&out).join("run.json")).unwrap();
        assert!(record.contains("\"state\": \"stopped\""), "{record}");
        // Once more on the way, with other threads.
        let next = (stop + 2).to_string();
        let again = place.resume(&out, &["--stop-after-steps", &next, "--threads", "3"]);
        assert!([0, 130].contains(&code(&again)), "{}", text(&again));
        let done = place.resume(&out, &[]);
        assert_eq!(code(&done), 0, "{}", text(&done));
        place.same(&out);
        assert!(!place.path().join(&out).join("lock").exists());
    }
}

/// The study of errors is no part of the state, but of what was asked for.
#[test]
fn a_run_with_errors_has_them_after_a_stop_too() {
    let place = Place::new(CASE);
    assert_eq!(code(&place.run("errors", &["--refine"])), 0);
    let stopped = place.run("stopped", &["--refine", "--stop-after-steps", "5"]);
    assert_eq!(code(&stopped), 130, "{}", text(&stopped));
    let done = place.resume("stopped", &[]);
    assert_eq!(code(&done), 0, "{}", text(&done));
    let answers = std::fs::read_to_string(place.path().join("stopped/answers.txt")).unwrap();
    assert!(answers.contains('±'), "{answers}");
    same(&place.path().join("errors"), &place.path().join("stopped"));
}

#[test]
fn a_damaged_checkpoint_is_passed_over_and_told() {
    let place = Place::new(CASE);
    stopped(&place, "out", "9");
    let folder = place.path().join("out/checkpoint");
    let step = |name: &str| {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        blastema::output::checkpoint::parse(&bytes).unwrap().step
    };
    let newest = if step("a") > step("b") { "a" } else { "b" };
    assert_eq!(step("a") + step("b"), 17);
    let mut bytes = std::fs::read(folder.join(newest)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 16;
    std::fs::write(folder.join(newest), &bytes).unwrap();
    let done = place.resume("out", &[]);
    assert_eq!(code(&done), 0, "{}", text(&done));
    assert!(text(&done).contains("damaged") && text(&done).contains("after 8 steps"));
    place.same("out");
    // Both gone: it starts anew and says so.
    stopped(&place, "anew", "9");
    for name in ["a", "b"] {
        std::fs::write(place.path().join("anew/checkpoint").join(name), &bytes[..50]).unwrap();
    }
    let done = place.resume("anew", &[]);
    assert!(code(&done) == 0 && text(&done).contains("starts anew"), "{}", text(&done));
    place.same("anew");
}

#[test]
fn another_version_another_case_and_a_finished_run_are_told_apart() {
    let place = Place::new(CASE);
    let done = place.resume("whole", &[]);
    assert!(code(&done) == 0 && text(&done).contains("is finished"), "{}", text(&done));
    let none = place.resume("nowhere", &[]);
    assert!(code(&none) == 2 && text(&none).contains("holds no run"), "{}", text(&none));

    stopped(&place, "out", "5");
    let unfinished = place.run("out", &[]);
    assert_eq!(code(&unfinished), 6);
    assert!(text(&unfinished).contains("blastema resume out"), "{}", text(&unfinished));

    let record = place.path().join("out/run.json");
    let json = std::fs::read_to_string(&record).unwrap();
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(json.contains(&version));
    std::fs::write(&record, json.replace(&version, "\"version\": \"99.1.0\"")).unwrap();
    let other = place.resume("out", &[]);
    assert!(code(&other) == 2 && text(&other).contains("version 99.1.0"), "{}", text(&other));
    std::fs::write(&record, json).unwrap();

    let longer = ["--set", "run.duration=\"11 h\""];
    let refused = place.resume("out", &longer);
    assert_eq!(code(&refused), 2);
    let told = "run.duration: was 10 h, is 11 h";
    assert!(text(&refused).contains(told), "{}", text(&refused));
    assert!(text(&refused).contains("--allow-changed run.duration"));
    let other = place.resume("out", &[&longer[..], &["--allow-changed", "run.accuracy"]].concat());
    assert_eq!(code(&other), 2);
    // Stopped right after the change was taken in: the case is the new one from then on.
    let allowed = ["--allow-changed", "run.duration", "--stop-after-steps", "6"];
    let stopped = place.resume("out", &[&longer[..], &allowed].concat());
    assert_eq!(code(&stopped), 130, "{}", text(&stopped));
    let done = place.resume("out", &[]);
    assert_eq!(code(&done), 0, "{}", text(&done));
    let history = std::fs::read_to_string(place.path().join("out/history.csv")).unwrap();
    assert!(history.lines().last().unwrap().starts_with("39600,"));
    let json = std::fs::read_to_string(&record).unwrap();
    assert!(json.contains("\"changed\""), "{json}");
}

#[test]
fn an_input_file_that_has_changed_is_refused() {
    let table = |v: &str| format!("time,value\n0,0.2\n36000,{v}\n");
    let case = CASE.replacen(
        "boundary.x_max.value = \"0.2 mol/m^3\"",
        "boundary.x_max.value.csv = { path = \"wall.csv\", time_unit = \"s\", unit = \"mol/m^3\" }",
        1,
    );
    let place = Place(tempfile::tempdir().unwrap());
    std::fs::write(place.path().join("case.toml"), case).unwrap();
    std::fs::write(place.path().join("wall.csv"), table("0.1")).unwrap();
    stopped(&place, "out", "5");
    std::fs::write(place.path().join("wall.csv"), table("0.15")).unwrap();
    let refused = place.resume("out", &[]);
    assert!(code(&refused) == 2 && text(&refused).contains("wall.csv: was"), "{}", text(&refused));
    let done = place.resume("out", &["--allow-changed", "wall.csv"]);
    assert_eq!(code(&done), 0, "{}", text(&done));
}

#[test]
fn wall_time_ends_with_a_checkpoint_and_its_own_code() {
    let place = Place::new(CASE);
    let stopped = place.run("out", &["--max-walltime", "1e-6 s"]);
    assert_eq!(code(&stopped), 75, "{}", text(&stopped));
    assert!(place.path().join("out/checkpoint/a").is_file());
    let done = place.resume("out", &["--checkpoint-every", "1e-6 s"]);
    assert_eq!(code(&done), 0, "{}", text(&done));
    place.same("out");
}

#[test]
fn a_run_branches_off_another() {
    let case = CASE.replacen("[run]", "[run]\ncheckpoints = [\"4 h\"]", 1);
    let place = Place::new(&case);
    assert!(place.path().join("whole/checkpoint/at-4h").is_file());
    let row = |out: &str, time: &str| {
        let text = std::fs::read_to_string(place.path().join(out).join("history.csv")).unwrap();
        text.lines().find(|l| l.starts_with(time)).unwrap().to_owned()
    };
    // Nothing changed: the rest is the same to the last bit.
    let plain = place.run("plain", &["--from", "whole@4h"]);
    assert_eq!(code(&plain), 0, "{}", text(&plain));
    assert_eq!(row("plain", "36000,"), row("whole", "36000,"));
    // At a time without a checkpoint, which is an output: computed again, the same too.
    let again = place.run("again", &["--from", "whole@8 h"]);
    assert!(code(&again) == 0 && text(&again).contains("computes it again"), "{}", text(&again));
    assert_eq!(row("again", "36000,"), row("whole", "36000,"));
    // What differs is told, and kept.
    let set = ["--set", "solutes.oxygen.boundary.x_max.value=\"0.05 mol/m^3\""];
    let more = ["--from", "whole@4h", "--stop-after-steps", "20"];
    let changed = place.run("changed", &[&set[..], &more].concat());
    let told = "solutes.oxygen.boundary.x_max.value: was 0.2 mol/m^3, is 0.05 mol/m^3";
    assert!(code(&changed) == 130 && text(&changed).contains(told), "{}", text(&changed));
    let done = place.resume("changed", &[]);
    assert_eq!(code(&done), 0, "{}", text(&done));
    let json = std::fs::read_to_string(place.path().join("changed/run.json")).unwrap();
    assert!(json.contains("\"branch\"") && json.contains("whole@4h"), "{json}");
    assert!(row("changed", "36000,") != row("whole", "36000,"));
    let whole = place.run("once", &[&set[..], &["--from", "whole@4h"]].concat());
    assert_eq!(code(&whole), 0);
    same(&place.path().join("once"), &place.path().join("changed"));
    // The budgets still close.
    let defect = row("changed", "36000,").rsplit_once(',').unwrap().1.parse::<f64>().unwrap();
    assert!(defect < 1e-12, "{defect}");
    // Other solutes or voxels do not fit.
    let refused = place.run("refused", &["--from", "whole@4h", "--set", "domain.voxels=[12]"]);
    assert!(code(&refused) == 2 && text(&refused).contains("12 voxels of"), "{}", text(&refused));
    // Before anything is made, or computed again.
    assert!(!place.path().join("refused").exists());
    let taken = place.run("plain", &[&set[..], &["--from", "whole@3 h"]].concat());
    assert!(code(&taken) == 6 && !text(&taken).contains("computes it again"), "{}", text(&taken));
    for from in ["whole", "whole@12 h", "whole@soon"] {
        assert_eq!(code(&place.run("refused", &["--from", from])), 2);
    }
}

/// A run that went on with other values can no longer be computed again: only what it has kept since
/// then is the beginning of a branch.
#[test]
fn what_was_computed_with_other_values_is_no_beginning() {
    let case = CASE.replacen("[run]", "[run]\ncheckpoints = [\"8 h\"]", 1);
    let place = Place::new(&case);
    let set = ["--set", "solutes.oxygen.boundary.x_max.value=\"0.05 mol/m^3\""];
    let allow = ["--allow-changed", "solutes.oxygen.boundary.x_max.value"];
    stopped(&place, "out", "9");
    let done = place.resume("out", &[&set[..], &allow].concat());
    assert_eq!(code(&done), 0, "{}", text(&done));
    let from = |time: &str| ["--from".to_owned(), format!("out@{time}")];
    for time in ["6 h", "9 h", "8 h"] {
        let from = from(time);
        let from = [from[0].as_str(), from[1].as_str()];
        let begun = place.run(&format!("at {time}"), &[&set[..], &from].concat());
        // At 9 h from the checkpoint of 8 h.
        let wanted = if time == "6 h" { 2 } else { 0 };
        assert_eq!(code(&begun), wanted, "{time}: {}", text(&begun));
        assert!(wanted == 0 || text(&begun).contains("with other values"), "{}", text(&begun));
        assert_eq!(place.path().join(format!("at {time}")).exists(), wanted == 0);
    }
    let row = |out: &str| {
        let text = std::fs::read_to_string(place.path().join(out).join("history.csv")).unwrap();
        text.lines().find(|l| l.starts_with("36000,")).unwrap().to_owned()
    };
    assert_eq!(row("at 8 h"), row("out"));
}

/// Cases that cannot take a state over are refused before anything is computed again.
#[test]
fn branches_that_do_not_fit_are_refused_at_once() {
    let place = Place::new(CASE);
    for (set, at, told) in [
        ("run.duration=\"3 h\"", "5 h", "the case ends at 3 h"),
        ("run.duration=\"5 h\"", "5 h", "must end later"),
        ("domain.size=[\"3 mm\"]", "5 h", "24 voxels of 1.250000e-4 m here"),
    ] {
        let from = format!("whole@{at}");
        let refused = place.run("refused", &["--set", set, "--from", &from]);
        assert!(code(&refused) == 2 && text(&refused).contains(told), "{}", text(&refused));
        assert!(!text(&refused).contains("computes it again"), "{}", text(&refused));
        assert!(!place.path().join("refused").exists());
    }
    let bare = "[domain]\nsize = [\"2 mm\"]\nvoxels = [8]\n[solutes.o]\n\
                diffusivity = \"2e-9 m^2/s\"\ninitial = \"1 mol/m^3\"\n\
                boundary.x_max.value = \"0 mol/m^3\"\n[run]\nduration = \"2 h\"\n";
    let place = Place::new(bare);
    let lod = ["--set", "run.lod.step=\"1 min\"", "--from", "whole@1 h"];
    let refused = place.run("refused", &lod);
    let told = "run.lod stands here alone";
    assert!(code(&refused) == 2 && text(&refused).contains(told), "{}", text(&refused));
}

/// Allowed or not: what a run cannot take in on the way is refused as input, in words.
#[test]
fn changes_that_no_run_can_take_in_are_refused() {
    let place = Place::new(CASE);
    stopped(&place, "out", "9");
    for (key, value, told) in [
        ("domain.voxels", "[12]", "24 voxels of 8.333333e-5 m there, 12 voxels"),
        ("solutes.oxygen.initial", "\"0.1 mol/m^3\"", "was 0.2 mol/m^3 when the run began"),
        ("cells.msc.seeding.uniform.density", "\"1e6 cells/mL\"", "when the run began"),
    ] {
        let set = format!("{key}={value}");
        let refused = place.resume("out", &["--set", &set, "--allow-changed", key]);
        assert!(code(&refused) == 2 && text(&refused).contains(told), "{}", text(&refused));
    }
    // Fewer fields from now on: those of before are there, the others are told to be missing.
    let key = "run.output.fields";
    let set = format!("{key}=[\"oxygen\"]");
    let done = place.resume("out", &["--set", &set, "--allow-changed", key]);
    assert_eq!(code(&done), 0, "{}", text(&done));
    let probe = |time: &str| {
        let words = ["probe", "out", "--at", "1mm", "--field", "glucose", "--time", time];
        blastema(place.path(), &words)
    };
    let missing = probe("10 h");
    assert!(
        code(&missing) != 0 && text(&missing).contains("holds no glucose"),
        "{}",
        text(&missing)
    );
}

/// Links and pipes in the place of what a run writes: nothing outside its folder is touched, and
/// nothing is waited for.
#[test]
fn links_and_pipes_of_a_folder_are_refused_or_replaced() {
    let place = Place::new(CASE);
    let outside = place.path().join("outside");
    let shell = |folder: &Path, line: &str| {
        let done = Command::new("sh").args(["-c", line]).current_dir(folder).status().unwrap();
        assert!(done.success(), "{line}");
    };
    for (n, make) in [
        "mv checkpoint ../elsewhere && ln -s ../elsewhere checkpoint",
        "rm history.csv && mkfifo history.csv",
        "rm checksums.b3 && ln -s ../outside checksums.b3",
        "rm fields/000000.h5 && mkfifo fields/000000.h5",
    ]
    .iter()
    .enumerate()
    {
        let out = format!("refused-{n}");
        stopped(&place, &out, "9");
        std::fs::write(&outside, "precious").unwrap();
        shell(&place.path().join(&out), make);
        let refused = place.resume(&out, &[]);
        assert_eq!(code(&refused), 4, "{make}: {}", text(&refused));
        assert_eq!(std::fs::read_to_string(&outside).unwrap(), "precious", "{make}");
    }
    assert_eq!(std::fs::read_dir(place.path().join("elsewhere")).unwrap().count(), 2);
    // Names that a run gives its files before they are whole.
    stopped(&place, "out", "9");
    let names = ["answers.json", "answers.txt", "run.json", "checksums.b3", "case.xdmf"];
    let paths = names.map(|n| format!(".tmp-{n}")).into_iter();
    for name in paths.chain(["fields/.tmp-000005.h5".into(), "checkpoint/.tmp-b".into()]) {
        std::os::unix::fs::symlink(&outside, place.path().join("out").join(name)).unwrap();
    }
    let done = place.resume("out", &[]);
    assert_eq!(code(&done), 0, "{}", text(&done));
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "precious");
    place.same("out");
    let audit = blastema(place.path(), &["audit", "out"]);
    assert_eq!(code(&audit), 0, "{}", text(&audit));
}

/// Outputs after the checkpoint belong to the case as it was.
#[test]
fn a_changed_case_keeps_no_outputs_of_the_old_one() {
    let place = Place::new(CASE);
    let twelve = ["--set", "run.duration=\"9 h\"", "--allow-changed", "run.duration"];
    for kept in [true, false] {
        let out = format!("out-{kept}");
        // Stopped at its end but for a step, with the checkpoint of a step long before.
        let (few, many) = ("3", (place.steps() - 1).to_string());
        assert_eq!(code(&place.run(&out, &["--stop-after-steps", few])), 130);
        let folder = place.path().join(&out);
        let early = std::fs::read(folder.join("checkpoint/a")).unwrap();
        assert_eq!(code(&place.resume(&out, &["--stop-after-steps", &many])), 130);
        assert!(folder.join("fields/000004.h5").exists());
        std::fs::remove_dir_all(folder.join("checkpoint")).unwrap();
        if kept {
            std::fs::create_dir(folder.join("checkpoint")).unwrap();
            std::fs::write(folder.join("checkpoint/a"), early).unwrap();
        }
        let audit = blastema(place.path(), &["audit", &out]);
        assert!(code(&audit) == 4 && text(&audit).contains("no checkpoint of step"));
        let done = place.resume(&out, &twelve);
        assert_eq!(code(&done), 0, "{}", text(&done));
        let audit = blastema(place.path(), &["audit", &out]);
        assert!(code(&audit) == 0, "{}", text(&audit));
        // 0, 2, 4, 6, 8 and 9 h.
        assert!(text(&audit).contains("6 outputs"), "{}", text(&audit));
    }
}

/// An output before the checkpoint that is lost or spoilt stops a resume; without checkpoints all is
/// computed again.
#[test]
fn spoilt_outputs_are_not_gone_on_with() {
    let place = Place::new(CASE);
    let many = (place.steps() - 1).to_string();
    assert_eq!(code(&place.run("out", &["--stop-after-steps", &many])), 130);
    let out = place.path().join("out");
    let first = out.join("fields/000001.h5");
    std::fs::write(&first, b"spoilt").unwrap();
    for _ in 0..2 {
        let refused = place.resume("out", &[]);
        assert_eq!(code(&refused), 4);
        assert!(text(&refused).contains("000001.h5 is missing, or is not"), "{}", text(&refused));
        let _ = std::fs::remove_file(&first);
    }
    assert_eq!(code(&blastema(place.path(), &["pack", "out"])), 4);
    std::fs::remove_dir_all(out.join("checkpoint")).unwrap();
    let done = place.resume("out", &[]);
    assert_eq!(code(&done), 0, "{}", text(&done));
    place.same("out");
}

/// What is no regular file is passed over, not waited for.
#[test]
fn pipes_and_devices_are_no_checkpoints() {
    let place = Place::new(CASE);
    for (n, make) in ["mkfifo checkpoint/b", "ln -s /dev/zero checkpoint/b", "mkdir checkpoint/b"]
        .iter()
        .enumerate()
    {
        let out = format!("out-{n}");
        assert_eq!(code(&place.run(&out, &["--stop-after-steps", "4"])), 130);
        let folder = place.path().join(&out);
        let _ = std::fs::remove_file(folder.join("checkpoint/b"));
        assert!(
            Command::new("sh").args(["-c", make]).current_dir(&folder).status().unwrap().success()
        );
        let audit = blastema(place.path(), &["audit", &out]);
        assert!(text(&audit).contains("checkpoint/b is not a regular file"), "{}", text(&audit));
        let done = place.resume(&out, &[]);
        assert!(text(&done).contains("checkpoint/b: "), "{}", text(&done));
        assert_eq!(code(&done), 0, "{}", text(&done));
        place.same(&out);
    }
    // A lock that is a pipe is somebody's.
    std::fs::create_dir(place.path().join("locked")).unwrap();
    let make = Command::new("mkfifo").arg(place.path().join("locked/lock")).status().unwrap();
    assert!(make.success());
    assert_eq!(code(&place.run("locked", &[])), 6);
}

/// A folder that is none of ours is left alone; a name with a blank is quoted; a name that is no
/// text is refused.
#[test]
fn folders_of_any_name() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new(CASE);
    std::fs::create_dir(place.path().join("mine")).unwrap();
    std::fs::write(place.path().join("mine/notes.txt"), "mine").unwrap();
    let refused = place.run("mine", &["--replace"]);
    assert!(code(&refused) == 6 && text(&refused).contains("no run of blastema"));
    assert!(place.path().join("mine/notes.txt").exists());
    let stopped = place.run("a b", &["--stop-after-steps", "2"]);
    assert!(text(&stopped).contains("blastema resume 'a b'"), "{}", text(&stopped));
    let odd = std::ffi::OsStr::from_bytes(b"odd\xff");
    let run = Command::new(env!("CARGO_BIN_EXE_blastema"))
        .args(["run", "case.toml", "--quiet", "--out"])
        .arg(odd)
        .current_dir(place.path())
        .output()
        .unwrap();
    // The HDF5 library takes names that are text alone.
    assert!(code(&run) == 4 && text(&run).contains("Invalid UTF-8"), "{}", text(&run));
}

/// Answers that cannot be printed are a failure.
#[test]
fn answers_on_a_full_device() {
    let place = Place::new(CASE);
    for form in [&["--json"][..], &[]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let run = Command::new(env!("CARGO_BIN_EXE_blastema"))
            .args(["run", "case.toml", "--quiet", "--replace", "--out", "full"])
            .args(form)
            .current_dir(place.path())
            .stdout(full)
            .output()
            .unwrap();
        assert_eq!(code(&run), 4, "{}", text(&run));
    }
}

/// Signals, as a terminal or a queue sends them.
mod signals {
    use super::*;
    use std::process::{Child, Stdio};
    use std::time::Duration;

    /// A run of many seconds that has taken a few steps.
    fn begun(place: &Path) -> Child {
        let case =
            CASE.replace("voxels = [24]", "voxels = [20000]").replace("\"10 h\"", "\"50 d\"");
        std::fs::write(place.join("case.toml"), case).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_blastema"))
            .args(["run", "case.toml", "--quiet", "--out", "out", "--checkpoint-steps", "1"])
            .current_dir(place)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while !place.join("out/checkpoint/b").exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        child
    }

    fn send(child: &Child, signal: &str) {
        let pid = child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    #[test]
    fn a_signal_stops_after_the_step_and_says_how_to_go_on() {
        for (signal, wanted) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
            let place = tempfile::tempdir().unwrap();
            let child = begun(place.path());
            send(&child, signal);
            let output = child.wait_with_output().unwrap();
            assert_eq!(code(&output), wanted, "{}", text(&output));
            assert!(text(&output).contains("blastema resume out"), "{}", text(&output));
            assert!(!place.path().join("out/lock").exists());
            let again = ["resume", "out", "--quiet", "--max-walltime", "1e-6 s"];
            let again = blastema(place.path(), &again);
            assert!(code(&again) == 75 && text(&again).contains("goes on at"), "{}", text(&again));
        }
    }

    /// `nohup` makes a run outlive its terminal.
    #[test]
    fn a_run_under_nohup_goes_on() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(
            place.path().join("case.toml"),
            CASE.replace("voxels = [24]", "voxels = [20000]").replace("\"10 h\"", "\"50 d\""),
        )
        .unwrap();
        let mut child = Command::new("nohup")
            .arg(env!("CARGO_BIN_EXE_blastema"))
            .args(["run", "case.toml", "--quiet", "--out", "out", "--checkpoint-steps", "1"])
            .current_dir(place.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let wait = |name: &str| {
            while !place.path().join(name).exists() {
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        wait("out/checkpoint/b");
        send(&child, "-HUP");
        // Two more checkpoints.
        for name in ["out/checkpoint/a", "out/checkpoint/b"] {
            std::fs::remove_file(place.path().join(name)).unwrap();
            wait(name);
        }
        assert!(child.try_wait().unwrap().is_none(), "it goes on");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// While the runs beside it tell the error, the run itself is done and stays so.
    #[test]
    fn a_signal_stops_what_tells_the_error() {
        let place = tempfile::tempdir().unwrap();
        let case = CASE.replace("voxels = [24]", "voxels = [4000]");
        std::fs::write(place.path().join("case.toml"), case).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_blastema"))
            .args(["run", "case.toml", "--quiet", "--refine", "--out", "out"])
            .current_dir(place.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while !place.path().join("out/answers.txt").exists() {
            std::thread::sleep(Duration::from_millis(1));
        }
        send(&child, "-TERM");
        let output = child.wait_with_output().unwrap();
        assert_eq!(code(&output), 143, "{}", text(&output));
        assert!(text(&output).contains("while the ± was computed"), "{}", text(&output));
        assert_eq!(code(&blastema(place.path(), &["audit", "out"])), 0);
        let done = blastema(place.path(), &["resume", "out", "--quiet"]);
        assert!(code(&done) == 0 && text(&done).contains(" ± "), "{}", text(&done));
        // It took no step again.
        assert!(text(&done).contains("goes on at 10 h"), "{}", text(&done));
        assert_eq!(code(&blastema(place.path(), &["audit", "out"])), 0);
    }

    #[test]
    fn a_checkpoint_comes_on_request_and_the_run_goes_on() {
        let place = tempfile::tempdir().unwrap();
        let mut child = begun(place.path());
        send(&child, "-USR1");
        std::thread::sleep(Duration::from_millis(50));
        assert!(child.try_wait().unwrap().is_none(), "it goes on");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
