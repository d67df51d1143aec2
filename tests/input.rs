//! Input safety: which files a case may read, and texts made to exhaust stack, memory or time.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use blastema::case::{Options, Report, load, load_text, load_with};
use tempfile::TempDir;

/// A slab whose boundary follows the file `path`.
fn slab(path: &str) -> String {
    format!(
        "[domain]\nsize = [\"1 mm\"]\nvoxels = [10]\n[solutes.oxygen]\n\
         diffusivity = \"2e-9 m^2/s\"\ninitial = \"0.2 mM\"\n\
         boundary.x_max.value.csv = {{ path = {path:?}, time_unit = \"h\", unit = \"mM\" }}\n\
         [run]\nduration = \"2 h\"\n"
    )
}

/// `inside/` with a case's folder, `outside/secret.csv` beside it.
fn folders() -> (TempDir, PathBuf, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (inside, outside) = (dir.path().join("inside"), dir.path().join("outside"));
    for folder in [&inside, &outside] {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("course.csv"), "0, 0.2\n2, 0.1\n").unwrap();
    }
    (dir, inside, outside)
}

fn read(folder: &Path, path: &str) -> Result<(), Report> {
    let case = folder.join("case.toml");
    fs::write(&case, slab(path)).unwrap();
    load(&case, &[]).map(drop)
}

fn refused(folder: &Path, path: &str, code: &'static str, says: &str) {
    let report = read(folder, path).expect_err(path);
    let text = report.to_string();
    let d = &report.diagnostics[0];
    assert_eq!((d.code, d.line, report.errors()), (code, 7, 1), "{path}: {text}");
    assert!(text.contains(says), "{path}: {text}");
}

#[test]
fn a_case_reads_files_of_its_own_folder_only() {
    let (dir, inside, outside) = folders();
    fs::create_dir(inside.join("deep")).unwrap();
    fs::rename(inside.join("course.csv"), inside.join("deep/course.csv")).unwrap();
    for path in ["deep/course.csv", "./deep/../deep/course.csv", "../inside/deep/course.csv"] {
        read(&inside, path).unwrap_or_else(|r| panic!("{path}: {r}"));
    }
    let absolute = inside.join("deep/course.csv").display().to_string();
    read(&inside, &absolute).unwrap_or_else(|r| panic!("{r}"));
    let out = outside.canonicalize().unwrap();
    let remedy = format!("--allow-path {}", out.display());
    refused(&inside, "../outside/course.csv", "E028", &remedy);
    refused(&inside, &outside.join("course.csv").display().to_string(), "E028", &remedy);
    refused(&inside, "/etc/passwd", "E028", "lies outside the folder of the case");
    refused(&inside, "/proc/self/environ", "E028", "lies outside");
    // A folder whose name begins the same is another folder.
    fs::create_dir(dir.path().join("inside-too")).unwrap();
    fs::write(dir.path().join("inside-too/course.csv"), "0, 1\n").unwrap();
    refused(&inside, "../inside-too/course.csv", "E028", "lies outside");
}

#[test]
fn links_are_resolved_before_a_path_is_judged() {
    let (_dir, inside, outside) = folders();
    symlink(outside.join("course.csv"), inside.join("file.csv")).unwrap();
    symlink(&outside, inside.join("folder")).unwrap();
    symlink("course.csv", inside.join("own.csv")).unwrap();
    symlink("two.csv", inside.join("one.csv")).unwrap();
    symlink("one.csv", inside.join("two.csv")).unwrap();
    symlink("nowhere.csv", inside.join("dangling.csv")).unwrap();
    read(&inside, "own.csv").unwrap_or_else(|r| panic!("{r}"));
    refused(&inside, "file.csv", "E028", "lies outside");
    refused(&inside, "folder/course.csv", "E028", "lies outside");
    refused(&inside, "one.csv", "E024", "cannot be read");
    refused(&inside, "dangling.csv", "E024", "does not exist");
    // The case's folder may itself be reached by a link.
    let link = inside.with_file_name("link");
    symlink(&inside, &link).unwrap();
    read(&link, "course.csv").unwrap_or_else(|r| panic!("{r}"));
}

#[test]
fn pipes_devices_and_folders_are_no_files() {
    let (_dir, inside, _) = folders();
    let pipe = inside.join("pipe.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(inside.join("socket.csv")).unwrap();
    fs::create_dir(inside.join("folder.csv")).unwrap();
    // Opening the pipe would wait for ever.
    refused(&inside, "pipe.csv", "E024", "is not a regular file");
    refused(&inside, "socket.csv", "E024", "is not a regular file");
    refused(&inside, "folder.csv", "E024", "is a folder, not a file");
    refused(&inside, "course.csv/x.csv", "E024", "does not exist");
    // Nor as the user's own word, as a case, as a base, or as a slice of a scan.
    let case = inside.join("case.toml");
    fs::write(&case, slab("course.csv")).unwrap();
    for path in ["/dev/zero", "pipe.csv"] {
        let set = format!("solutes.oxygen.boundary.x_max.value.csv.path={path:?}");
        let report = load(&case, &[set]).unwrap_err().to_string();
        assert!(report.contains("is not a regular file"), "{report}");
    }
    assert!(load(&pipe, &[]).unwrap_err().to_string().contains("is not a regular file"));
    fs::write(&case, "extend = \"pipe.csv\"\n").unwrap();
    assert!(load(&case, &[]).unwrap_err().to_string().contains("is not a regular file"));
    let slices = inside.join("slices");
    fs::create_dir(&slices).unwrap();
    fs::rename(&pipe, slices.join("1.tif")).unwrap();
    fs::write(&case, scan("slices")).unwrap();
    assert!(load(&case, &[]).unwrap_err().to_string().contains("is not a regular file"));
}

/// Pores from a scan.
fn scan(path: &str) -> String {
    format!(
        "[scaffold]\nstructure.image = {{ path = {path:?}, voxel = \"20 um\", threshold = 118 }}\n\
         resolve = \"pores\"\nsolid.impermeable = {{}}\n[solutes.oxygen]\n\
         diffusivity = \"2e-9 m^2/s\"\ninitial = \"0.2 mM\"\nboundary.z_max.value = \"0.2 mM\"\n\
         [run]\nduration = \"1 h\"\n"
    )
}

/// A domain beside a scan may say what the scan says, and nothing else.
#[test]
fn a_domain_beside_a_scan() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/gyroid-48.tif");
    let of = |domain: &str| {
        let dir = tempfile::tempdir().unwrap();
        fs::copy(&path, dir.path().join("scan.tif")).unwrap();
        let case = dir.path().join("case.toml");
        fs::write(&case, format!("[domain]\n{domain}\n{}", scan("scan.tif"))).unwrap();
        load(&case, &[]).map(|c| c.setup.grid)
    };
    for domain in [
        "voxel = \"20 um\"",
        "voxels = [48, 48, 48]",
        "size = [\"960 um\", \"0.96 mm\", \"960 um\"]",
    ] {
        let grid = of(domain).unwrap_or_else(|e| panic!("{domain}: {e}"));
        assert_eq!(grid.n, [48; 3]);
        assert!((grid.h[0] - 2e-5).abs() < 1e-18);
    }
    for (domain, key, says) in [
        ("voxel = \"21 um\"", "domain.voxel", "the image has 20 um"),
        ("voxels = [48, 48, 47]", "domain.voxels", "the image has 48 × 48 × 48"),
        ("size = [\"960 um\", \"960 um\", \"1 mm\"]", "domain.size", "the image has 960 um"),
        ("size = [\"960 um\", \"960 um\"]", "domain.size", "the image has 960 um"),
    ] {
        let report = of(domain).expect_err(domain);
        let d = &report.diagnostics[0];
        assert_eq!((report.errors(), d.key.as_str()), (1, key), "{report}");
        assert!(d.label.replace('µ', "u").starts_with(says), "{domain}: {}", d.label);
    }
}

#[test]
fn the_user_may_allow_more() {
    let (_dir, inside, outside) = folders();
    let case = inside.join("case.toml");
    fs::write(&case, slab("../outside/course.csv")).unwrap();
    let allow = |folder: &Path| Options { allow: vec![folder.to_owned()], memory: None };
    assert!(load_with(&case, &[], &allow(&inside)).is_err());
    load_with(&case, &[], &allow(&outside)).unwrap_or_else(|r| panic!("{r}"));
    // What is typed with --set is the user's own word.
    let typed = outside.join("course.csv").display().to_string();
    let set = format!("solutes.oxygen.boundary.x_max.value.csv.path={typed:?}");
    load(&case, &[set]).unwrap_or_else(|r| panic!("{r}"));
    let program = |arguments: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_blastema"))
            .arg("check")
            .arg(&case)
            .args(arguments)
            .output()
            .unwrap();
        (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    let folder = outside.display().to_string();
    assert_eq!(program(&["--allow-path", "/nowhere"]).0, Some(2));
    assert_eq!(program(&[]).0, Some(2));
    let (code, text) = program(&["--allow-path", "/usr", "--allow-path", &folder]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn what_a_case_extends_is_bound_by_the_same_folder() {
    let (_dir, inside, outside) = folders();
    let case = inside.join("case.toml");
    let base = |path: &str| fs::write(&case, format!("extend = {path:?}\n")).unwrap();
    fs::write(outside.join("base.toml"), slab("course.csv")).unwrap();
    base("../outside/base.toml");
    let report = load(&case, &[]).unwrap_err();
    assert_eq!((report.diagnostics[0].code, report.diagnostics[0].line), ("E028", 1), "{report}");
    let allow = Options { allow: vec![outside.clone()], memory: None };
    load_with(&case, &[], &allow).unwrap_or_else(|r| panic!("{r}"));
    // A base in a folder below may name files anywhere under the folder of the case.
    fs::create_dir(inside.join("parts")).unwrap();
    fs::write(inside.join("parts/base.toml"), slab("../course.csv")).unwrap();
    base("parts/base.toml");
    load(&case, &[]).unwrap_or_else(|r| panic!("{r}"));
    fs::write(inside.join("parts/base.toml"), slab("../../outside/course.csv")).unwrap();
    let report = load(&case, &[]).unwrap_err();
    assert_eq!(report.diagnostics[0].code, "E028", "{report}");
    assert!(report.diagnostics[0].file.ends_with("parts/base.toml"), "{report}");
    // Two files that extend each other.
    fs::write(inside.join("parts/base.toml"), "extend = \"../case.toml\"\n").unwrap();
    let report = load(&case, &[]).unwrap_err().to_string();
    assert!(report.contains("extends itself"), "{report}");
}

#[test]
fn a_slice_that_links_out_of_the_folder_is_refused() {
    let (_dir, inside, outside) = folders();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("meshes/gyroid-48.tif");
    let slices = inside.join("slices");
    fs::create_dir(&slices).unwrap();
    fs::copy(&shipped, slices.join("1.tif")).unwrap();
    let case = inside.join("case.toml");
    fs::write(&case, scan("slices")).unwrap();
    load(&case, &[]).unwrap_or_else(|r| panic!("{r}"));
    fs::rename(slices.join("1.tif"), outside.join("1.tif")).unwrap();
    symlink(outside.join("1.tif"), slices.join("1.tif")).unwrap();
    let report = load(&case, &[]).unwrap_err();
    assert_eq!(report.diagnostics[0].code, "E028", "{report}");
    // A scan that does not fit into the memory allowed: 48³ voxels of 2 bytes are 221 kB.
    let options = |bytes: f64| Options { allow: vec![outside.clone()], memory: Some(bytes) };
    let report = load_with(&case, &[], &options(221_000.0)).unwrap_err().to_string();
    assert!(report.contains("do not fit into memory"), "{report}");
    load_with(&case, &[], &options(1e9)).unwrap_or_else(|r| panic!("{r}"));
}

#[test]
fn the_scan_beside_the_tutorial_is_the_shipped_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read(root.join(path)).unwrap();
    assert!(read("cases/gyroid-48.tif") == read("meshes/gyroid-48.tif"), "copy it anew");
}

/// Texts made to exhaust something: refused, each with one page of text.
#[test]
fn absurd_texts_are_refused() {
    let mut many_keys = String::new();
    let mut many_errors = slab("course.csv");
    for i in 0..150_000 {
        let _ = writeln!(many_keys, "a{i} = {i}");
    }
    for i in 0..15_000 {
        let _ = writeln!(many_errors, "durations{i} = \"\u{fc}\"");
    }
    let one_line = format!("a = [{}]", "{b=1},".repeat(9_000));
    let texts = [
        ("arrays", "a = ".to_owned() + &"[".repeat(1_000_000)),
        ("closed arrays", format!("a = {}{}", "[".repeat(500_000), "]".repeat(500_000))),
        ("inline tables", "a = ".to_owned() + &"{a = ".repeat(500_000)),
        ("headers", "[".repeat(1_000_000)),
        ("dotted key", format!("a{} = 1", ".a".repeat(1_000_000))),
        ("dotted header", format!("[a{}]", ".a".repeat(1_000_000))),
        ("quoted dots", format!("a{} = 1", ".\"\"".repeat(500_000))),
        ("many keys", many_keys),
        ("many errors", many_errors),
        ("many errors in one line", one_line),
        ("long list", format!("a = [{}]", "1,".repeat(1_000_000))),
        ("long number", format!("a = {}", "1".repeat(4_000_000))),
        ("long string", format!("run.duration = \"{}\"", "1".repeat(4_000_000))),
        ("long key", format!("{} = 1", "a".repeat(4_000_000))),
        ("NUL", "title = \"a\u{0}b\"".to_owned()),
        ("NULs", "\u{0}".repeat(1_000_000)),
    ];
    for (name, text) in texts {
        let report = load_text("absurd.toml", &text, &[]).expect_err(name);
        assert!(report.errors() > 0, "{name}");
        let said = report.to_string();
        assert!(said.len() < 100_000, "{name}: {} bytes of messages", said.len());
    }
}

#[test]
fn a_hundred_errors_are_told_and_the_rest_summed_up() {
    let mut text = slab("course.csv");
    for i in 0..500 {
        let _ = writeln!(text, "unknown{i} = 1");
    }
    let report = load_text("many.toml", &text, &[]).unwrap_err();
    let last = report.diagnostics.last().unwrap();
    assert_eq!((report.errors(), last.code), (101, "E029"), "{report}");
    assert_eq!((last.line, last.label.as_str(), last.notes.len()), (0, "", 0));
    assert!(report.diagnostics.iter().any(|d| d.key == "run.unknown0"));
}

#[test]
fn absurd_grids_are_refused_before_they_are_made() {
    for grid in [
        "size = [\"1 m\", \"1 m\", \"1 m\"]\nvoxel = \"10 um\"",
        "size = [\"1 mm\", \"1 mm\", \"1 mm\"]\nvoxels = [100000, 100000, 100000]",
        "size = [\"1e50 m\"]\nvoxel = \"1e-50 m\"",
        "size = [\"1 mm\"]\nvoxels = [9223372036854775807]",
        "size = [\"1 mm\"]\nvoxels = [18446744073709551616]",
        "shape = \"cylinder\"\nsize = [\"1 m\", \"1 m\"]\nvoxels = [100000, 100000]",
    ] {
        let text = slab("course.csv")
            .replace("size = [\"1 mm\"]\nvoxels = [10]", grid)
            .replace(
                "value.csv = { path = \"course.csv\", time_unit = \"h\", unit = \"mM\" }",
                "value = \"1 mM\"",
            )
            .replace("x_max", if grid.contains("cylinder") { "r_max" } else { "x_max" });
        let report = load_text("grid.toml", &text, &[]).expect_err(grid);
        assert!(report.errors() > 0, "{grid}");
    }
}

/// A byte order mark, Windows' line ends, NUL and decimal commas in a table of numbers.
#[test]
fn encodings_of_tables() {
    let (_dir, inside, _) = folders();
    let write = |bytes: &[u8]| fs::write(inside.join("course.csv"), bytes).unwrap();
    for good in ["\u{feff}h,mM\r\n0,0.2\r\n2,0.1\r\n", "# c\n0\t0.2\n\n2\t0.1", "0;0.2\n2;1e-1"] {
        write(good.as_bytes());
        read(&inside, "course.csv").unwrap_or_else(|r| panic!("{good:?}: {r}"));
    }
    for (bad, says) in [
        (&b"0;0,2\n2;0,1\n"[..], "not a number"),
        (b"h,mM\n0,0.2\x00\n", "not a number"),
        (b"0,0.2\n2,\xff\n", "is not text"),
        (b"0,0.2\n2,nan\n", "not a number"),
        (b"0,0.2\n2,1e999\n", "not a number"),
        (b"0,0.2\n2,1e300\n", "not a number up to 1e60"),
        (b"", "no row"),
        (b"\x00\x00\x00\x00", "no row"),
        (b"\xff\xfe0\x00,\x001\x00", "is not text"),
    ] {
        write(bad);
        refused(&inside, "course.csv", "E024", says);
    }
}

/// Numbers are read and written alike in every locale.
#[test]
fn the_locale_changes_nothing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let said = |locale: &str| {
        let done = Command::new(env!("CARGO_BIN_EXE_blastema"))
            .args(["check", "--json", "cases/demo.toml"])
            .current_dir(root)
            .envs([("LC_ALL", locale), ("LANG", locale), ("LANGUAGE", "de")])
            .output()
            .unwrap();
        assert!(done.status.success());
        let mut json: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
        // What the machine has free changes from one moment to the next.
        for key in ["cost", "machine"] {
            json.as_object_mut().unwrap().remove(key);
        }
        json
    };
    let plain = said("C");
    for locale in ["de_DE.UTF-8", "fi_FI", "tr_TR.UTF-8", "\u{fffd}"] {
        assert_eq!(said(locale), plain, "{locale}");
    }
}
