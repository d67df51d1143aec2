//! `blastema geometry`: what a user types, and what comes of it.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs `blastema geometry WORDS` in `dir`; exit code, standard output, standard error.
fn geometry(dir: &Path, words: &[&str]) -> (i32, String, String) {
    let done = Command::cargo_bin("blastema")
        .unwrap()
        .current_dir(dir)
        .arg("geometry")
        .args(words)
        .output()
        .unwrap();
    let text = |b: Vec<u8>| String::from_utf8(b).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

fn json(dir: &Path, words: &[&str]) -> Value {
    let words = [&["measure"], words, &["--json", "-", "--quiet"]].concat();
    let (code, out, err) = geometry(dir, &words);
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}"))
}

fn near(found: &Value, expected: f64, within: f64) {
    let found = found.as_f64().unwrap();
    assert!((found / expected - 1.0).abs() < within, "{found} not {expected}");
}

const GYROID: [&str; 9] = [
    "tpms",
    "surface=gyroid",
    "period=1mm",
    "level=0.6",
    "--size",
    "1mm,1mm,1mm",
    "--voxel",
    "31.25um",
    "--out",
];

/// Porosity and D_eff/D of the endless gyroid at t = 0.6: validation v18 (separate code; 0.6949 on 128
/// voxels a period, 0.5472 extrapolated).
#[test]
fn a_gyroid_made_and_measured_is_that_of_the_literature() {
    let dir = TempDir::new().unwrap();
    let files = ["a.tif", "--out", "a.stl", "--out", "a.vtkhdf", "--out", "a.png"];
    let (code, out, err) = geometry(dir.path(), &[&["make"], &GYROID[..], &files].concat());
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("32 × 32 × 32 voxels of 31.25 um = 1 mm × 1 mm × 1 mm"), "{out}");
    assert!(err.contains("written to a.png"), "{err}");
    let found = json(dir.path(), &["a.tif", "--ends", "periodic"]);
    near(&found["porosity"], 0.6949234, 2e-3);
    let deff = &found["effective_diffusivity"];
    for axis in 0..3 {
        near(&deff["ratio"][axis], 0.5471586, 1e-2);
        near(&deff["tensor"][axis][axis], 0.5471586, 1e-2);
        let beside = deff["tensor"][axis][(axis + 1) % 3].as_f64().unwrap();
        assert!(beside.abs() < 1e-3, "{beside}");
    }
    // The sides of the box cut off a corner.
    near(&found["pores"]["largest"], 1.0, 1e-3);
    // The surface as CAD holds the same solid; its box is that of the solid itself.
    let cad = json(dir.path(), &["a.stl", "--voxel", "31.25um", "--only", "shape"]);
    near(&cad["porosity"], 0.6949234, 1e-2);
    let png = fs::read(dir.path().join("a.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG") && png.len() > 10_000);
}

#[test]
fn an_empty_block_has_tortuosity_one() {
    let dir = TempDir::new().unwrap();
    // One voxel of solid in a corner: a block of fluid is no structure.
    fs::write(dir.path().join("a.raw"), [&[9_u8][..], &[0; 7 * 8 * 9 - 1]].concat()).unwrap();
    let raw = ["a.raw", "--shape", "7,8,9", "--type", "u8", "--voxel", "1mm", "--threshold", "5"];
    let found = json(dir.path(), &[&raw[..], &["--only", "diffusivity", "--phase", "1"]].concat());
    for axis in 0..3 {
        near(&found["effective_diffusivity"]["ratio"][axis], 1.0, 1e-12);
    }
}

#[test]
fn a_laminate_of_three_phases_is_exact() {
    let dir = TempDir::new().unwrap();
    let layers: Vec<u8> = (0..4 * 4 * 12).map(|i| [10, 100, 200][i / 16 / 4]).collect();
    fs::write(dir.path().join("a.raw"), layers).unwrap();
    let found = json(
        dir.path(),
        &[
            "a.raw",
            "--shape",
            "4,4,12",
            "--type",
            "u8",
            "--voxel",
            "10um",
            "--threshold",
            "50,150",
            "--phase",
            "0.1",
            "--phase",
            "0.5:0.4",
            "--only",
            "diffusivity",
            "--tolerance",
            "1e-10",
        ],
    );
    let ratio = &found["effective_diffusivity"]["ratio"];
    near(&ratio[0], (1.0 + 0.1 + 0.2) / 3.0, 1e-10);
    near(&ratio[2], 3.0 / (1.0 + 10.0 + 5.0), 1e-10);
    assert_eq!(found["thresholds"], serde_json::json!([50.0, 150.0]));
}

#[test]
fn a_scan_shows_its_histogram_and_its_threshold() {
    let dir = TempDir::new().unwrap();
    let scan = root().join("meshes/gyroid-48.tif").display().to_string();
    let words = ["import", &scan, "--voxel", "20um", "--threshold", "otsu", "--out", "b.tif"];
    let (code, out, err) = geometry(dir.path(), &words);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("▲") && out.contains("█") && out.contains("threshold"), "{out}");
    // What was imported brings its voxel and needs no threshold.
    let found = json(dir.path(), &["b.tif", "--only", "shape"]);
    near(&found["porosity"], 0.70, 0.03);
    near(&found["spacing_m"][2], 20e-6, 1e-9);
    let half = json(dir.path(), &["b.tif", "--downsample", "2", "--only", "shape"]);
    near(&half["porosity"], found["porosity"].as_f64().unwrap(), 2e-3);
    let part = json(dir.path(), &["b.tif", "--crop", "0:10,4:48,6:26", "--only", "shape"]);
    assert_eq!(part["voxels"], serde_json::json!([10, 44, 20]));
}

fn make<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["make"], &GYROID[..], more].concat()
}

#[test]
fn what_is_wrong_is_said_with_what_is_right_and_nothing_is_written() {
    let dir = TempDir::new().unwrap();
    let scan = root().join("meshes/gyroid-48.tif").display().to_string();
    fs::write(
        dir.path().join("open.stl"),
        "solid a\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\n\
         vertex 1 0 0\nvertex 0 1 1\nendloop\nendfacet\nendsolid a\n",
    )
    .unwrap();
    let case = root().join("cases/templates/gyroid-pores.toml").display().to_string();
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (vec!["import", &scan, "--threshold", "90", "--out", "x.tif"], "voxel is missing"),
        (vec!["import", &scan, "--voxel", "20um", "--out", "x.tif"], "threshold.otsu"),
        (vec!["import", &scan, "--voxel", "20", "--threshold", "90"], "unit"),
        (vec!["import", "none.tif", "--voxel", "20um"], "none.tif does not exist"),
        (
            vec!["import", &scan, "--voxel", "20um", "--threshold", "255", "--out", "x.tif"],
            "leaves no solid",
        ),
        (
            vec!["import", &scan, "--voxel", "20um", "--threshold", "90", "--crop", "0:99,0:9,0:9"],
            "is not in the image",
        ),
        (vec!["import", "open.stl", "--voxel", "20um", "--out", "x.tif"], "open"),
        (make(&["x.pdf"]), ".vtkhdf"),
        (make(&["none/x.tif"]), "there is no such folder"),
        (vec!["import", "open.stl", "--voxel", "20um", "--out", "open.stl"], "another name"),
        (vec!["make", "gyriod", "--size", "1mm,1mm,1mm", "--voxel", "20um"], "gyriod"),
        (
            vec![
                "make",
                "tpms",
                "surface=gyroid",
                "perod=1mm",
                "--size",
                "1mm,1mm,1mm",
                "--voxel",
                "20um",
            ],
            "period",
        ),
        (
            vec![
                "make",
                "tpms",
                "surface=schwarz-p",
                "period=1mm",
                "porosity=0.99",
                "--size",
                "1mm,1mm,1mm",
                "--voxel",
                "50um",
                "--out",
                "x.tif",
            ],
            "cannot be made",
        ),
        (
            vec!["measure", &scan, "--voxel", "20um", "--threshold", "118", "--phase", "x"],
            "--phase",
        ),
        (vec!["import", &scan, "--voxel", "20um", "--threshold", "otso"], "otsu or otsu-levels"),
        (vec!["import", &scan, "--voxel", "20um", "--crop", "0:9"], "0:100,0:100,20:80"),
        (vec!["import", &scan, "--voxel", "20um", "--crop", "0:9,5:5,0:9"], "0:100,0:100,20:80"),
        (vec!["import", &scan, "--shape", "4,4", "--type", "u8"], "200,200,150"),
        (vec!["import", &scan, "--keep", "percolate"], "percolating-x"),
        (
            vec!["import", &scan, "--voxel", "20um", "--threshold", "118", "--array", "a"],
            "without a name",
        ),
        (
            vec!["measure", &scan, "--voxel", "20um", "--threshold", "118", "--json", "none/x"],
            "--json none/x: there is no such folder",
        ),
        (
            vec![
                "measure",
                &scan,
                "--voxel",
                "20um",
                "--threshold",
                "118",
                "--phase",
                "0.1",
                "--phase",
                "0.2",
            ],
            "solids are 1",
        ),
        (
            vec!["measure", &scan, "--voxel", "20um", "--threshold", "118", "--set", "a=1"],
            "--set and --allow-path are for case files",
        ),
        (vec!["measure", &scan, "--phase", "1e300"], "from 0 to 1e6"),
        (vec!["measure", &scan, "--phase", "0.1", "--only", "shape"], "--only shape"),
        (vec!["measure", &case, "--voxel", "20um"], "--voxel: a case file says that itself"),
        (make(&["x.tif", "porosity=0.7"]), "exclude each other"),
        (make(&["x.tif", "period=1mm"]), "period: given twice"),
    ];
    for (words, expected) in cases {
        let (code, out, err) = geometry(dir.path(), &words);
        assert_eq!(code, 2, "{words:?}: {out}{err}");
        assert!(err.contains(expected), "{words:?}: {err}");
        assert!(!err.contains("panicked"), "{err}");
    }
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["open.stl"]);
}

/// A recipe that cannot be made points at its key, in the words of who typed it, at once.
#[test]
fn a_recipe_that_cannot_be_made_names_its_key_and_the_range() {
    let dir = TempDir::new().unwrap();
    let sized = |recipe: &str, keys: &[&'static str]| {
        let words =
            [&["make", recipe], keys, &["--size", "1mm,1mm,1mm", "--voxel", "20um"]].concat();
        let (code, _, err) = geometry(dir.path(), &words);
        assert_eq!(code, 2, "{words:?}: {err}");
        err
    };
    for (recipe, keys, said) in [
        (
            "packing",
            &["radius=1um", "porosity=0.8"][..],
            ["packing.radius", "radius 1 um: 10 um to"],
        ),
        ("leached", &["size=2mm", "porosity=0.8"], ["leached.size", "size 2 mm: 20 um to 1 mm"]),
        (
            "fibres",
            &["diameter=1um", "length=1mm", "porosity=0.8"],
            ["fibres.diameter", "20 um to"],
        ),
        (
            "blobs",
            &["length=50um", "porosity=0.5"],
            ["blobs.length", "length 50 um: 80 um to 1 mm"],
        ),
        (
            "woodpile",
            &["spacing=0.2mm", "layer=0.3mm", "diameter=0.3mm"],
            ["scaffold.structure.woodpile cannot", "no diameter of a woodpile"],
        ),
        (
            "struts",
            &["lattice=octet", "cell=1mm", "diameter=0.5mm"],
            ["struts.diameter", "diameter 500 um of an octet"],
        ),
    ] {
        let err = sized(recipe, keys);
        assert!(said.iter().all(|s| err.contains(s)), "{said:?} in {err}");
    }
}

#[test]
fn a_box_of_too_many_voxels_asks_for_a_machine_not_for_another_word() {
    let dir = TempDir::new().unwrap();
    let words =
        ["make", "blobs", "length=1mm", "porosity=0.5", "--size", "1m,1m,1m", "--voxel", "10um"];
    let (code, _, err) = geometry(dir.path(), &words);
    assert_eq!(code, 5, "{err}");
}

#[test]
fn slices_that_are_missing_or_of_two_series_are_told() {
    let dir = TempDir::new().unwrap();
    let from = root().join("meshes/salt-scan");
    let slices = |name: &str, keep: &dyn Fn(usize) -> Option<String>| {
        let to = dir.path().join(name);
        fs::create_dir(&to).unwrap();
        let mut files: Vec<_> = fs::read_dir(&from).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        for (i, file) in files.iter().enumerate() {
            if let Some(name) = keep(i) {
                fs::copy(file, to.join(name)).unwrap();
            }
        }
        let words = ["import", name, "--voxel", "20um", "--threshold", "otsu"];
        let (code, _, err) = geometry(dir.path(), &words);
        assert_eq!(code, 0, "{err}");
        err
    };
    let tif = |i: usize| Some(format!("s_{i:04}.tif"));
    assert_eq!(slices("whole", &tif), "");
    let err = slices("gap", &|i| tif(i).filter(|_| !(20..23).contains(&i)));
    assert!(err.contains("W053") && err.contains("slices 20 to 22 are missing"), "{err}");
    fs::write(dir.path().join("whole/preview.png"), "").unwrap();
    let words = ["import", "whole", "--voxel", "20um", "--threshold", "otsu", "--downsample", "5"];
    let (code, _, err) = geometry(dir.path(), &words);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("1 PNG files beside the TIFF slices are left out"), "{err}");
    assert!(err.contains("W054") && err.contains("3, 3, 3 voxels at the ends"), "{err}");
    let err = slices("two", &|i| Some(format!("{}_{i:04}.tif", if i < 40 { "s" } else { "t" })));
    assert!(err.contains("s_… (40) and t_… (8)"), "{err}");
}

#[test]
fn the_structure_of_a_case_is_measured() {
    let dir = TempDir::new().unwrap();
    let case = root().join("cases/templates/gyroid-pores.toml").display().to_string();
    let found = json(dir.path(), &[&case, "--only", "shape"]);
    near(&found["porosity"], 0.7, 5e-3);
}
