//! `run --refine`: the ± of an answer must cover its true error, known from theory.

use std::path::Path;

use blastema::case::{Case, load, load_text};
use blastema::ground::grid::Grid;
use blastema::model::answers::Answer;
use blastema::model::expect::Check;
use blastema::model::run::Watcher;
use blastema::model::setup::Setup;
use blastema::study::answers;
use blastema::study::refine::{Plan, compare};

struct Blind;

impl Watcher for Blind {}

/// A verification case with these `--set` arguments, its answers with ±, and whether a coarser
/// run helped.
fn refined(name: &str, sets: &[&str]) -> (Case, Vec<Answer>, bool) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("cases/verification/{name}.toml"));
    let read = |more: &[String]| {
        let all: Vec<String> = sets.iter().map(|s| (*s).into()).chain(more.to_vec()).collect();
        load(&path, &all)
    };
    let case = || read(&[]).unwrap_or_else(|r| panic!("{r}"));
    let plan = Plan::new(&case(), &read).unwrap();
    let mut own = answers(case(), &mut [&mut Blind]).unwrap();
    let three = plan.coarse.is_some();
    let coarse = plan.coarse.map(|c| answers(c, &mut [&mut Blind]).unwrap());
    let fine = answers(plan.fine, &mut [&mut Blind]).unwrap();
    compare(&mut own, coarse.as_deref(), &fine);
    (case(), own, three)
}

/// Reference value of the first expectation on `what`.
fn reference(case: &Case, what: &str) -> f64 {
    let expect = case.expects.iter().find(|e| e.what == what).expect("an expectation");
    match expect.check {
        Check::Relative(value, _) | Check::Absolute(value, _) => value,
        _ => panic!("{what}: no value"),
    }
}

/// Supply over demand from the reference flux: the demand is what the cells would take up at c₀.
fn satisfied(case: &Case, flux: &str) -> f64 {
    let setup: &Setup = &case.setup;
    let grid: &Grid = &setup.grid;
    let volume = grid.weights().iter().sum::<f64>() * grid.voxel_volume();
    let p = &setup.populations[0];
    reference(case, flux) / (p.seeding[0] * volume * p.uptake[0].1.rate(0.2))
}

/// ± covers the error, and is no more than `factor` times it where that is not far below 0.2, the
/// largest concentration.
fn covers(name: &str, answers: &[Answer], key: &str, exact: f64, factor: f64) {
    let a = answers.iter().find(|a| a.key == key).expect("an answer");
    let (value, error) = (a.number.unwrap(), a.plus_minus.unwrap());
    let off = (value - exact).abs();
    println!("{name} {key}: {value:.6e} off {off:.1e} ± {error:.1e} order {:?}", a.order);
    assert!(off <= error + 1e-9 * exact, "{name} {key}: off {off:e}, ± {error:e}");
    assert!(
        error <= factor * off + 1e-6 * exact.max(0.2),
        "{name} {key}: off {off:e}, ± {error:e}"
    );
}

/// Exact: quadrature, Taylor series (v05, v06), cosh (v03); on ten to twenty voxels the errors
/// are 0.01 to 30 %.
#[test]
fn the_error_of_the_voxels_is_covered() {
    for (voxels, three) in [("10", true), ("16", true), ("11", false), ("20", true)] {
        let set = format!("domain.voxels=[{voxels}]");
        let verified = blastema::cli::verify::CASES.iter().map(|c| c.0);
        for name in verified.filter(|n| ["v03", "v05", "v06"].iter().any(|v| n.starts_with(v))) {
            let (case, answers, coarser) = refined(name, &[&set]);
            assert_eq!(coarser, three);
            // The smallest value is that of a voxel's centre; the exact one stands at its edge.
            covers(name, &answers, "oxygen.least", reference(&case, "oxygen"), 12.0);
            let flux = if name.starts_with("v05") { "oxygen.in.x_max" } else { "oxygen.in.r_max" };
            if !name.starts_with("v03") {
                covers(name, &answers, "oxygen.satisfied", satisfied(&case, flux), 12.0);
            }
        }
    }
}

/// Logistic growth without space: K/(1 + (K/n₀ − 1) e^{−μt}) times 1e-3 m³; the steps alone.
#[test]
fn the_error_of_the_steps_is_covered() {
    for (time, step) in [("1e-3", "12 h"), ("1e-4", "3 h"), ("1e-5", "1 h")] {
        let sets = [
            &format!("run.accuracy.time={time}"),
            &format!("run.accuracy.max_step=\"{step}\""),
            "run.duration=\"7 d\"",
            "run.output.at=[]",
            "expect=[]",
        ];
        let (_, answers, _) = refined("v14-logistic", &sets.map(|s| s as &str));
        covers("v14", &answers, "msc.viable", 57_205_681_292_390.0 * 1e-3, 40.0);
    }
}

#[test]
fn the_voxels_of_an_image_stay() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = format!("{:?}", root.join("meshes/gyroid-48.tif").display().to_string());
    let image = format!("scaffold.structure.image.path={path}");
    let read = |more: &[String]| {
        let sets: Vec<String> = [image.clone()].into_iter().chain(more.to_vec()).collect();
        load(&root.join("cases/templates/micro-ct.toml"), &sets)
    };
    let case = read(&[]).unwrap_or_else(|r| panic!("{r}"));
    let plan = Plan::new(&case, &read).unwrap();
    assert!(plan.words.starts_with("steps only: the voxels are those of the structure"));
    assert_eq!(plan.fine.setup.grid, case.setup.grid);
    let (fine, own) = (plan.fine.setup.run.accuracy, case.setup.run.accuracy);
    assert!((fine.time * 8.0 / own.time - 1.0).abs() < 1e-12);
    assert!((fine.max_step * 2.0 / own.max_step - 1.0).abs() < 1e-12);
}

/// A given edge of the voxels is halved; one voxel along an axis stays where nothing passes its ends,
/// and is refined where something does.
#[test]
fn what_is_refined() {
    let text = "[domain]\nsize = [\"1 mm\", \"1 mm\"]\nVOXELS\n[solutes.oxygen]\n\
        diffusivity = \"1e-9 m^2/s\"\ninitial = \"0.2 mM\"\nboundary.x_max.value = \"0.2 mM\"\n\
        [run]\nsteady = true\n";
    for (voxels, fine, coarse) in [
        ("voxel = \"50 um\"", [40, 40, 1], Some([10, 10, 1])),
        ("voxels = [20, 1]", [40, 1, 1], Some([10, 1, 1])),
        ("voxel = \"50 um\" # thin", [40, 1, 1], Some([10, 1, 1])),
        ("voxels = [1, 20]", [2, 40, 1], None),
        ("voxels = [6, 20]", [12, 40, 1], None),
    ] {
        let mut text = text.replace("VOXELS", voxels);
        if voxels.ends_with("thin") {
            text = text.replace("[\"1 mm\", \"1 mm\"]", "[\"1 mm\", \"50 um\"]");
        }
        let read = |more: &[String]| load_text("a.toml", &text, more);
        let plan = Plan::new(&read(&[]).unwrap_or_else(|r| panic!("{r}")), &read).unwrap();
        assert_eq!(plan.fine.setup.grid.n, fine);
        assert_eq!(plan.coarse.map(|c| c.setup.grid.n), coarse);
        let even = "; one voxel along y: no gradient there";
        assert_eq!(plan.words.ends_with(even), fine[1] == 1, "{}", plan.words);
    }
}

#[test]
fn the_command_gives_every_answer_its_error() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let case = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("cases/verification/v05-michaelis-menten-1-0.1.toml");
    let run = |more: &[&str]| {
        assert_cmd::Command::new(env!("CARGO_BIN_EXE_blastema"))
            .args(["run", "--refine", "--set", "domain.voxels=[20]", "--out"])
            .arg(&out)
            .arg(&case)
            .args(more)
            .output()
            .unwrap()
    };
    // Twenty voxels are too few for 0.1 %: the expectations are judged as without --refine.
    let done = run(&[]);
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(said.contains(" ± ") && said.contains("10×1×1, 20×1×1, 40×1×1 voxels"), "{said}");
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&read("answers.json")).unwrap();
    let answer = &json["oxygen.satisfied"];
    assert!(answer["plus_minus"].as_f64().unwrap() > 0.0);
    assert!((answer["order"].as_f64().unwrap() - 2.0).abs() < 0.2, "{answer}");
    assert!(json["steps"].get("plus_minus").is_none());
    assert!(read("answers.txt").contains(" ± "));
    assert!(read("run.json").contains("plus_minus"));
    assert!(read("checksums.b3").contains("answers.txt"));
    // A scan without steps has nothing to refine.
    let scan = Path::new(env!("CARGO_MANIFEST_DIR")).join("meshes/gyroid-48.tif");
    let text = format!(
        "[scaffold.structure.image]\npath = {:?}\nvoxel = \"20 um\"\nthreshold = 128\n\
         [solutes.oxygen]\ndiffusivity = \"2e-9 m^2/s\"\ninitial = \"0.2 mM\"\n\
         boundary.z_max.value = \"0.2 mM\"\n[run]\nsteady = true\n",
        scan.display().to_string()
    );
    let file = dir.path().join("scan.toml");
    std::fs::write(&file, text).unwrap();
    let done = assert_cmd::Command::new(env!("CARGO_BIN_EXE_blastema"))
        .args(["run", "--refine", "--allow-path"])
        .args([scan.parent().unwrap(), &file])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(said.contains("nothing to refine"), "{said}");
}
