//! Structures of which averages are used, and what that costs.

use std::fs;

use assert_cmd::Command;
use blastema::case::{self, Case, Options};
use blastema::geometry::structure::Structure;
use blastema::numerics::potential::Ends;
use blastema::physics::effective::{Phase, axes};
use tempfile::TempDir;

/// Cells in a block with channels along z, every second voxel along x.
const CASE: &str = r#"
title = "channels"
[scaffold]
structure.image = { path = "channels.raw", voxel = "20 um", raw = { shape = [12, 12, 24], type = "u8" } }
resolve = "homogenised"
solid.impermeable = {}
block = 4
effective_diffusivity.computed = {}
[solutes.oxygen]
diffusivity = "2.7e-9 m^2/s"
initial = "0.2 mol/m^3"
boundary.z_max.value = "0.2 mol/m^3"
[cells.msc]
type = "human-msc-bone-marrow"
seeding.uniform = { density = "3e7 cells/mL" }
counted_per = "pore-volume"
capacity.per = "pore-volume"
[run]
duration = "12 h"
"#;

/// A folder with the image; `solid(x, y, z)`.
fn folder(solid: impl Fn([usize; 3]) -> bool) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let at = |i: usize| [i % 12, i / 12 % 12, i / 144];
    let grey: Vec<u8> = (0..12 * 12 * 24).map(|i| 255 * u8::from(solid(at(i)))).collect();
    fs::write(dir.path().join("channels.raw"), grey).unwrap();
    fs::write(dir.path().join("case.toml"), CASE).unwrap();
    dir
}

/// Channels that two narrow passages across x join.
fn channels([x, y, z]: [usize; 3]) -> bool {
    x % 2 == 1 && !(y == 3 && z % 12 == 5) && !(x == 5 && y > 8)
}

fn load(dir: &TempDir, sets: &[&str]) -> Result<Case, String> {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    let options = Options { allow: vec![], memory: None };
    case::load_with(&dir.path().join("case.toml"), &sets, &options).map_err(|r| r.to_string())
}

#[test]
fn the_computed_tensor_is_that_of_the_pores() {
    let dir = folder(channels);
    let case = load(&dir, &[]).unwrap();
    let at = |i: usize| [i % 12, i / 12 % 12, i / 144];
    let pores = (0..12 * 12 * 24).map(|i| !channels(at(i)));
    let s = Structure::binary([12, 12, 24], [20e-6; 3], pores);
    let phases = [Phase::PORE, Phase::IMPERMEABLE];
    let expected = axes(&s, &phases, Ends::Plates, 1e-6).unwrap();
    let found = case.setup.structure.homogenised.as_ref().unwrap();
    assert_eq!(found.ratio, Some(expected));
    assert_eq!(found.porosity, s.porosity());
    // Straight channels take the share of pore; across them little passes.
    assert!((expected[2] / s.porosity() - 1.0).abs() < 0.05 && expected[0] < 0.1, "{expected:?}");
    let setup = &case.setup;
    assert_eq!(setup.grid.n, [3, 3, 6]);
    assert!(setup.grid.h.iter().all(|h| (h / 80e-6 - 1.0).abs() < 1e-12), "{:?}", setup.grid.h);
    assert_eq!(setup.solutes[0].axis, expected);
    // Seeding and capacity per volume of pore.
    let p = &setup.populations[0];
    assert!((p.seeding[0] - 3e13 * s.porosity()).abs() < 1.0);
    assert!((p.capacity.unwrap().density - 5e13 * s.porosity()).abs() < 1.0);
    let periodic = load(&dir, &["scaffold.effective_diffusivity.computed.ends=periodic"]).unwrap();
    let periodic = periodic.setup.structure.homogenised.unwrap().ratio.unwrap();
    assert_eq!(periodic, axes(&s, &phases, Ends::Periodic, 1e-6).unwrap());
    assert!(periodic != expected);
}

#[test]
fn each_block_has_its_own_averages() {
    let dir = folder(channels);
    let case = load(&dir, &["scaffold.averages=block"]).unwrap();
    let (setup, e) = (&case.setup, &case.setup.structure.porosity);
    let whole = setup.structure.homogenised.as_ref().unwrap().porosity;
    assert!((e.iter().sum::<f64>() / e.len() as f64 - whole).abs() < 1e-12);
    assert!(e.iter().any(|other| *other != e[0]));
    let block = |i: usize, j: usize, k: usize| {
        let inside =
            (0..64).filter(|v| !channels([4 * i + v % 4, 4 * j + v / 4 % 4, 4 * k + v / 16]));
        inside.count() as f64 / 64.0
    };
    for v in 0..e.len() {
        assert_eq!(e[v], block(v % 3, v / 3 % 3, v / 9), "{v}");
    }
}

#[test]
fn what_cannot_be_averaged_is_refused() {
    let shut = folder(|[x, y, z]| channels([x, y, z]) || z == 11);
    let refusal = load(&shut, &[]).unwrap_err();
    assert!(refusal.contains("no pore leads through the structure along z"), "{refusal}");
    let dir = folder(channels);
    for (set, said) in [
        ("scaffold.block=5", "these do: 2, 3, 4, 6, 12"),
        ("scaffold.block=0", "scaffold.block"),
        ("scaffold.changing_porosity=true", "beside a computed effective diffusivity"),
        ("scaffold.effective_diffusivity.computed.tolerance=1", "tolerance"),
        (
            "regions.a={ shape.layer = { axis = \"z\", from = \"0 mm\", to = \"0.1 mm\" }, \
             scaffold.effective_diffusivity.area = {} }",
            "the structure tells it everywhere",
        ),
    ] {
        let refusal = load(&dir, &[set]).unwrap_err();
        assert!(refusal.contains(said), "{set}: {refusal}");
    }
    let plain = CASE.replace("structure.image = { path = \"channels.raw\", voxel = \"20 um\", raw = { shape = [12, 12, 24], type = \"u8\" } }\nresolve = \"homogenised\"\nsolid.impermeable = {}", "porosity = 0.9");
    fs::write(
        dir.path().join("case.toml"),
        format!("[domain]\nsize = [\"1 mm\"]\nvoxels = [8]\n{plain}"),
    )
    .unwrap();
    let refusal = load(&dir, &[]).unwrap_err();
    assert!(refusal.contains("computed needs a structure"), "{refusal}");
}

/// Solutes that enter the solid are stored there: as much is in the block at time 0, homogenised or
/// resolved, ε + (1 − ε) P of what the fluid alone would hold.
#[test]
fn what_a_solid_stores_is_there_in_averages_too() {
    let dir = folder(channels);
    let solid = "scaffold.solid={ diffusing = { ratio = 0.2, partition = 4 } }";
    let sum = |more: &[&str]| {
        let case = load(&dir, &[&[solid][..], more].concat()).unwrap();
        let e = &case.setup.structure.porosity;
        (e.iter().sum::<f64>() / e.len() as f64, case)
    };
    let (resolved, _) = sum(&["scaffold.resolve=pores"]);
    for averages in ["whole", "block"] {
        let (found, case) = sum(&[&format!("scaffold.averages={averages}")]);
        assert!((found / resolved - 1.0).abs() < 1e-12, "{averages}: {found} {resolved}");
        let structure = case.setup.structure.homogenised.unwrap();
        let e = structure.porosity;
        assert!((found / (e + (1.0 - e) * 4.0) - 1.0).abs() < 1e-12, "{found} {e}");
        // The seeding is per volume of pore, not of what stores.
        let pores = structure.pores.unwrap();
        assert!((pores.iter().sum::<f64>() / pores.len() as f64 - e).abs() < 1e-12);
        let cells = &case.setup.populations[0].seeding;
        let mean = cells.iter().sum::<f64>() / cells.len() as f64;
        assert!((mean / (3e13 * e) - 1.0).abs() < 1e-12, "{mean}");
    }
    let degrading = "scaffold.degradation.first_order={ rate = \"0.1 /d\" }";
    let refusal = load(&dir, &[solid, degrading]).unwrap_err();
    assert!(refusal.contains("beside a solid that solutes enter"), "{refusal}");
}

/// Along straight channels averages lose little: the closure error of what lives is small.
#[test]
fn the_closure_error_stands_behind_every_answer() {
    let dir = folder(channels);
    let run = |words: &[&str]| {
        let done = Command::cargo_bin("blastema")
            .unwrap()
            .current_dir(dir.path())
            .args(["run", "case.toml", "--quiet", "--closure", "--json", "--replace"])
            .args(words)
            .output()
            .unwrap();
        let text = String::from_utf8(done.stdout).unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let answers = run(&["--set", "scaffold.block=2"]);
    let live = answers.as_object().unwrap().iter().filter(|a| a.0.contains("viable"));
    let mut compared = 0;
    for (key, answer) in live.filter(|a| a.1["other"].is_number()) {
        let (own, other) = (answer["value"].as_f64().unwrap(), answer["other"].as_f64().unwrap());
        assert!((own / other - 1.0).abs() < 1e-2, "{key}: {answer}");
        assert!(answer["text"].as_str().unwrap().contains("closure error"), "{key}: {answer}");
        compared += 1;
    }
    assert!(compared >= 3, "{answers}");
    let said = answers["closure"]["text"].as_str().unwrap();
    assert!(said.contains("resolved beside it: 12×12×24 voxels"), "{said}");
}
