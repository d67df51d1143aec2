//! `audit`: every flipped bit is found, every lost file, and what can be made anew is.
//!
//! `BLASTEMA_BIT_FLIPS=10000 cargo test --test audit -- --nocapture` flips as many bits as it is
//! told, in a finished folder, in that of a killed run, and in the checkpoints of a stopped one,
//! where `resume` must not go on with a flipped state either; `BLASTEMA_FOLDER=out/plug` takes (a
//! copy of) that folder.

use std::path::{Path, PathBuf};

use blastema::output::audit::audit;
use blastema::output::checkpoint;
use blastema::output::checksums::{self, files};
use blastema::output::stored::StoredRun;

mod faults;
use faults::*;

fn flip(path: &Path, byte: usize, bit: u32) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[byte] ^= 1 << bit;
    std::fs::write(path, bytes).unwrap();
}

/// Flips `count` bits, one at a time, in every file but the lock and those in `without`.
fn flips(folder: &Path, count: usize, without: &[&str]) {
    let whole = audit(folder).unwrap();
    assert!(whole.whole(), "{whole:?}");
    let again = audit(folder).unwrap();
    assert!(again.whole() && again.remade.is_empty(), "{again:?}");
    let mut names: Vec<PathBuf> = files(folder).unwrap().into_iter().map(PathBuf::from).collect();
    names.push(checksums::FILE.into());
    names.retain(|n| !without.iter().any(|w| n == Path::new(w)));
    let mut random = Random(11);
    for i in 0..count {
        let name = &names[i % names.len()];
        let path = folder.join(name);
        let before = std::fs::read(&path).unwrap();
        if before.is_empty() {
            continue;
        }
        // Both ends of each file first, then anywhere.
        let byte = match i / names.len() {
            0 => 0,
            1 => before.len() - 1,
            _ => random.below(before.len()),
        };
        let bit = random.below(8) as u32;
        let list = std::fs::read(folder.join(checksums::FILE)).unwrap();
        flip(&path, byte, bit);
        let found = audit(folder);
        let seen = found.as_ref().map_or(true, |a| !a.whole() || !a.remade.is_empty());
        assert!(seen, "flip {i}, {} byte {byte} bit {bit}: {found:?}", name.display());
        std::fs::write(&path, before).unwrap();
        std::fs::write(folder.join(checksums::FILE), list).unwrap();
    }
    println!("{count} flips over {} files: all found", names.len());
    assert!(audit(folder).unwrap().whole());
}

/// A copy of a folder.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn every_flipped_bit_of_a_finished_run_is_found() {
    let count = count("BLASTEMA_BIT_FLIPS", 100);
    if let Ok(folder) = std::env::var("BLASTEMA_FOLDER") {
        let dir = tempfile::tempdir().unwrap();
        copy(Path::new(&folder), &dir.path().join("copy"));
        return flips(&dir.path().join("copy"), count, &[]);
    }
    let lone = lone_run(&case(8, "5 h", "1 h"));
    flips(&lone.path().join("out"), count, &[]);
}

#[test]
fn every_flipped_bit_of_a_killed_run_is_found() {
    let dir = tempfile::tempdir().unwrap();
    killed(dir.path(), &case(12, "400 d", "1 d"), 6);
    // The history is still growing: its sum comes with the end of the run.
    flips(&dir.path().join("out"), count("BLASTEMA_BIT_FLIPS", 100), &["history.csv"]);
}

/// `case` in a folder, stopped with both checkpoints there.
fn stopped(case: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("case.toml"), case).unwrap();
    let (code, told) = run(dir.path(), &["--checkpoint-steps", "2", "--stop-after-steps", "7"]);
    assert_eq!(code, 130, "{told}");
    dir
}

/// A random place in a checkpoint; its ends and its head (magic to length of the state) first.
fn place(random: &mut Random, i: usize, length: usize) -> (usize, u32) {
    let byte = match i {
        0 => 0,
        1 => length - 1,
        _ if i % 4 == 2 => random.below(200.min(length)),
        _ => random.below(length),
    };
    (byte, random.below(8) as u32)
}

#[test]
fn every_flipped_bit_of_a_checkpoint_is_found_and_never_gone_on_with() {
    let dir = stopped(&case(8, "5 h", "1 h"));
    let out = dir.path().join("out");
    assert!(audit(&out).unwrap().whole());
    let hash = StoredRun::open(&out).unwrap().hash;
    let paths = checkpoint::NAMES.map(|n| out.join(checkpoint::FOLDER).join(n));
    let whole = paths.each_ref().map(|p| std::fs::read(p).unwrap());
    assert!(checkpoint::newest(&out, &hash, f64::INFINITY).unwrap().passed_over.is_empty());
    let count = count("BLASTEMA_BIT_FLIPS", 100);
    let mut random = Random(5);
    for i in 0..count {
        // Each of the two, and in every fifth round both.
        let hit: &[usize] = [&[0_usize][..], &[1], &[0], &[1], &[0, 1]][i % 5];
        let mut places = Vec::new();
        for &h in hit {
            let (byte, bit) = place(&mut random, i / 5, whole[h].len());
            flip(&paths[h], byte, bit);
            places.push((checkpoint::NAMES[h], byte, bit));
        }
        let told = audit(&out).unwrap();
        let names: Vec<String> = places.iter().map(|p| format!("checkpoint/{}", p.0)).collect();
        assert_eq!(told.changed, names, "flip {i}, {places:?}");
        let found = checkpoint::newest(&out, &hash, f64::INFINITY).unwrap();
        assert_eq!(found.passed_over.len(), hit.len(), "flip {i}, {places:?}: {found:?}");
        match (hit, found.newest) {
            ([h], Some((path, bytes))) => {
                assert!(path == paths[1 - h] && bytes == whole[1 - h], "flip {i}, {places:?}");
            }
            ([_, _], None) => {}
            (_, newest) => panic!("flip {i}, {places:?}: {:?}", newest.map(|n| n.0)),
        }
        for &h in hit {
            std::fs::write(&paths[h], &whole[h]).unwrap();
        }
    }
    println!("{count} flips over two checkpoints: all found, none gone on with");
}

#[test]
fn resume_says_that_it_passes_over_a_flipped_checkpoint_and_ends_the_same() {
    let text = case(8, "5 h", "1 h");
    let lone = lone_run(&text);
    let dir = stopped(&text);
    let count = if count("BLASTEMA_BIT_FLIPS", 100) > 100 { 48 } else { 6 };
    let mut random = Random(3);
    for i in 0..count {
        let to = dir.path().join(format!("flipped-{i}"));
        copy(&dir.path().join("out"), &to);
        let hit: &[&str] = [&["a"][..], &["b"], &["a", "b"]][i % 3];
        for name in hit {
            let path = to.join(checkpoint::FOLDER).join(name);
            let length = std::fs::metadata(&path).unwrap().len() as usize;
            let (byte, bit) = place(&mut random, i / 3, length);
            flip(&path, byte, bit);
        }
        let done = std::process::Command::new(env!("CARGO_BIN_EXE_blastema"))
            .args(["resume", "--quiet", "--threads", "1"])
            .arg(&to)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(0), "{told}");
        assert_eq!(told.matches("passed over").count(), hit.len(), "{told}");
        let anew = told.contains("starts anew from time 0");
        assert_eq!((anew, told.contains("goes on at")), (hit.len() == 2, hit.len() == 1), "{told}");
        assert_eq!(same_fields(&to, &lone.path().join("out"), &told), 7, "{told}");
        std::fs::remove_dir_all(&to).unwrap();
    }
    println!("{count} resumed runs with flipped checkpoints: all ended with the same fields");
}

#[test]
fn lost_and_foreign_files_are_told() {
    let lone = lone_run(&case(8, "5 h", "1 h"));
    let out = lone.path().join("out");
    let fresh = |name: &str| {
        let to = lone.path().join(name);
        copy(&out, &to);
        to
    };
    let a = fresh("a");
    std::fs::remove_file(a.join("fields/000002.h5")).unwrap();
    let found = audit(&a).unwrap();
    assert_eq!(
        (found.missing.as_slice(), &found.missing_steps[..]),
        (&["fields/000002.h5".to_owned()][..], &[2][..])
    );
    // The last output, and its line too.
    let b = fresh("b");
    std::fs::remove_file(b.join("fields/000005.h5")).unwrap();
    let list = std::fs::read_to_string(b.join("checksums.b3")).unwrap();
    let kept: Vec<&str> = list.lines().filter(|l| !l.ends_with("000005.h5")).collect();
    std::fs::write(b.join("checksums.b3"), kept.join("\n") + "\n").unwrap();
    let found = audit(&b).unwrap();
    assert!(found.faults.iter().any(|f| f.contains("the last output is at 14400 s")), "{found:?}");
    // Master files: made anew, byte for byte.
    let c = fresh("c");
    std::fs::remove_file(c.join("out.vtkhdf"))
        .or_else(|_| std::fs::remove_file(c.join("case.vtkhdf")))
        .unwrap();
    std::fs::write(c.join("case.xdmf"), "cut").unwrap();
    let found = audit(&c).unwrap();
    assert!(found.whole() && found.remade == ["case.vtkhdf", "case.xdmf"], "{found:?}");
    for name in ["case.vtkhdf", "case.xdmf", "checksums.b3"] {
        assert!(std::fs::read(c.join(name)).unwrap() == std::fs::read(out.join(name)).unwrap());
    }
    // A user's file is no fault; an output that no run wrote is.
    let d = fresh("d");
    std::fs::write(d.join("notes.txt"), "mine").unwrap();
    let found = audit(&d).unwrap();
    assert!(found.whole() && found.extra == ["notes.txt"]);
    std::fs::copy(d.join("fields/000004.h5"), d.join("fields/000006.h5")).unwrap();
    assert_eq!(audit(&d).unwrap().unlisted, ["fields/000006.h5"]);
    assert!(audit(lone.path()).is_err());
}

/// Of a run that was stopped nothing is on its way.
#[test]
fn a_stopped_run_misses_what_it_has_lost() {
    let dir = stopped(&case(8, "5 h", "1 h"));
    let out = dir.path().join("out");
    assert!(audit(&out).unwrap().whole());
    for name in ["view.py", "case.toml"] {
        std::fs::rename(out.join(name), dir.path().join(name)).unwrap();
        assert_eq!(audit(&out).unwrap().missing, [name]);
        std::fs::rename(dir.path().join(name), out.join(name)).unwrap();
    }
}

#[test]
fn the_command_tells_and_exits() {
    let lone = lone_run(&case(8, "2 h", "1 h"));
    let ask = |args: &[&str]| {
        let done = std::process::Command::new(env!("CARGO_BIN_EXE_blastema"))
            .args(args)
            .current_dir(lone.path())
            .output()
            .unwrap();
        (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let (code, told) = ask(&["audit", "out"]);
    assert_eq!(code, Some(0));
    assert!(told.contains("whole, run finished, 3 outputs"), "{told}");
    flip(&lone.path().join("out/fields/000001.h5"), 3000, 2);
    let (code, told) = ask(&["audit", "out"]);
    assert_eq!(code, Some(4));
    assert!(told.contains("changed since it was written: fields/000001.h5"), "{told}");
    let (code, told) = ask(&["audit", "out", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (code, &json["whole"], &json["changed"][0]),
        (Some(4), &false.into(), &"fields/000001.h5".into())
    );
    assert_eq!(ask(&["audit", "."]).0, Some(2));
}
