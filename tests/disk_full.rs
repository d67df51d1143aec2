//! A disk that fills up during a run, at every size from nothing to enough.
//!
//! `BLASTEMA_DISK_SIZES=100 cargo test --test disk_full -- --ignored --nocapture`, as root: it
//! mounts a tmpfs for each size.

use std::path::Path;
use std::process::Command;

use blastema::output::audit::audit;

mod faults;
use faults::*;

fn mount(disk: &Path, options: &str) -> bool {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", options, "blastema-small"]).arg(disk);
    mount.output().is_ok_and(|o| o.status.success())
}

/// A mounted disk, gone at the end.
struct Disk<'a>(&'a Path);

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

/// Exit code and standard error of a command of the program.
fn ask(dir: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blastema"));
    let done = command.args(arguments).current_dir(dir).output().unwrap();
    (done.status.code().unwrap_or(-1), String::from_utf8_lossy(&done.stderr).into_owned())
}

fn kilobytes(folder: &Path) -> usize {
    let names = blastema::output::checksums::files(folder).unwrap();
    let size = |n: &String| std::fs::metadata(folder.join(n)).map_or(0, |m| m.len() as usize);
    names.iter().map(|n| size(n).div_ceil(4096) * 4).sum()
}

#[test]
#[ignore = "full suite: mounts small disks, needs root"]
fn a_disk_of_any_size_keeps_what_was_promised() {
    let dir = tempfile::tempdir().unwrap();
    let disk = dir.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    if !mount(&disk, "size=64k") {
        println!("NOT RUN: no right to mount");
        return;
    }
    drop(Disk(&disk));
    let text = case(20, "12 h", "1 h").replace("[run]", "[run]\noutput.precision = \"f64\"");
    let lone = lone_run(&text);
    let whole = lone.path().join("out");
    std::fs::write(dir.path().join("case.toml"), &text).unwrap();
    let most = kilobytes(&whole) * 5 / 4 + 200;
    let sizes = count("BLASTEMA_DISK_SIZES", 100);
    let resumes = ask(dir.path(), &["resume", "--help"]).0 == 0;
    let (mut full, mut refused, mut done, mut resumed) = (0, 0, 0, 0);
    for i in 0..sizes {
        let size = 4 + most * i / (sizes - 1).max(1);
        assert!(mount(&disk, &format!("size={size}k")));
        let mounted = Disk(&disk);
        let out = disk.join("out");
        let begin = ["run", "case.toml", "--out", "disk/out", "--quiet"];
        // What the estimate refuses is started all the same: the disk must fill up in the run.
        let (code, _) = ask(dir.path(), &begin);
        assert!(code == 0 || code == 5, "{size} kB: exit {code}");
        let (code, told) = if code == 5 {
            refused += 1;
            assert!(!out.exists(), "{size} kB: refused, and nothing made");
            ask(dir.path(), &[&begin[..], &["--despite-limits"]].concat())
        } else {
            (code, String::new())
        };
        let what = format!("{size} kB: exit {code} {told}");
        assert!(!told.contains("panicked"), "{what}");
        same_fields(&out, &whole, &what);
        assert!(temporaries(&out).is_empty() && !out.join("lock").exists(), "{what}");
        match code {
            0 => done += 1,
            4 => {
                assert!(told.contains("disk is full") && told.contains(" free"), "{what}");
                if !fields(&out).is_empty() {
                    let found = audit(&out);
                    // The master files may not fit.
                    assert!(
                        found.as_ref().map_or(true, blastema::output::audit::Audit::whole),
                        "{what} {found:?}"
                    );
                }
                full += 1;
                assert!(mount(&disk, "remount,size=64m"), "{what}");
                let (mut again, mut words) = (2, String::new());
                if resumes {
                    (again, words) = ask(dir.path(), &["resume", "disk/out"]);
                    resumed += usize::from(again == 0);
                }
                if again != 0 {
                    let more = [&begin[..], &["--replace"]].concat();
                    (again, words) = ask(dir.path(), &more);
                }
                assert_eq!(again, 0, "{what}\n{words}");
                let seen = same_fields(&out, &whole, &what);
                assert_eq!(seen, fields(&whole).len(), "{what}");
                assert!(audit(&out).unwrap().whole(), "{what}");
            }
            _ => panic!("{what}"),
        }
        drop(mounted);
    }
    println!(
        "{sizes} sizes up to {most} kB: {refused} refused by the estimate; of all, {full} filled up \
         (exit 4) and ran on with more room ({resumed} by resume), {done} had enough"
    );
    assert!(full > sizes / 4 && done > 0);
}
