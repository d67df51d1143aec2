//! The same plug static and perfused: the pair of commands of README.md, and what a flow that does
//! not move or runs the other way must give.

use std::collections::BTreeMap;
use std::path::Path;

use assert_cmd::Command;
use blastema::case::load_text;
use blastema::model::run::run;
use blastema::model::setup::Accuracy;
use blastema::model::solver::Solver;
use blastema::model::state::flat;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn template(name: &str) -> String {
    let path = root().join(format!("cases/templates/{name}.toml"));
    std::fs::read_to_string(path).expect("a template")
}

fn blastema(folder: &Path, args: &[&str]) {
    let done = Command::cargo_bin("blastema").unwrap().args(args).current_dir(folder).output();
    let done = done.unwrap();
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// The commands of the block of README.md that starts the perfused plug run here, and the flow
/// does what it says: more cells, and oxygen all through, where diffusion alone leaves next to none.
#[test]
fn the_pair_of_the_readme() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let block = readme.split("```").find(|b| b.contains("--from perfusion-plug")).expect("a block");
    let lines: Vec<&str> = block.lines().filter_map(|l| l.strip_prefix("$ blastema ")).collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    let folder = tempfile::tempdir().unwrap();
    for line in lines {
        blastema(folder.path(), &line.split_whitespace().collect::<Vec<_>>());
    }
    let answers = ["static", "perfused"].map(|name| {
        let path = folder.path().join(format!("out/{name}/answers.json"));
        let text = std::fs::read_to_string(path).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    });
    let [still, moved] = ["oxygen.least", "msc.viable"]
        .map(|key| answers.each_ref().map(|a| a[key]["value"].as_f64().expect(key)));
    assert!(still[0] < 0.01 && still[1] > 0.15, "least oxygen {still:?}");
    assert!(moved[1] > 1.2 * moved[0], "viable cells {moved:?}");
    // The same plug: only flow and boundaries differ.
    let differs = |l: &&str| !l.starts_with("boundary.") && !l.starts_with('#') && !l.is_empty();
    let lines = |t: &str| -> Vec<String> {
        t.lines().filter(differs).filter(|l| !l.starts_with("title")).map(String::from).collect()
    };
    let (a, b) = (lines(&template("static-plug")), lines(&template("perfusion-plug")));
    let extra: Vec<&String> = b.iter().filter(|l| !a.contains(l)).collect();
    assert!(a.iter().all(|l| b.contains(l)));
    assert_eq!(extra.len(), 2, "{extra:?}");
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap());
    entries
        .map(|e| (e.file_name().into_string().unwrap(), std::fs::read(e.path()).unwrap()))
        .collect()
}

/// With the same boundaries and no difference of pressures every file of fields is the same.
#[test]
fn a_flow_that_rests_changes_no_bit_of_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let still = template("static-plug");
    let rests = |high: &str| {
        let flow = format!(
            "[flow]\nlaw.darcy.permeability = \"1e-10 m^2\"\nboundary.z_min.pressure = \"{high}\"\n\
             boundary.z_max.pressure = \"3 Pa\"\n\n[solutes.oxygen]"
        );
        still.replacen("[solutes.oxygen]", &flow, 1)
    };
    let out =
        [("a", still.clone()), ("b", rests("3 Pa")), ("c", rests("3.1 Pa"))].map(|(name, text)| {
            std::fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
            let case = format!("{name}.toml");
            // With a flow all voxels are solved for.
            let sets = ["--set", "run.duration=\"2 d\"", "--set", "run.symmetry=false"];
            blastema(folder.path(), &[&["run", &case, "--quiet"], &sets[..]].concat());
            files(&folder.path().join(format!("out/{name}/fields")))
        });
    assert!(out[0].len() > 5 && out[0].contains_key("static.h5"));
    assert!(out[0] == out[1]);
    // The test can fail: a flow that moves does change them.
    assert!(out[0] != out[2]);
}

/// Reversed flow with the end faces swapped mirrors every field.
#[test]
fn a_reversed_flow_mirrors_every_field() {
    let up = template("perfusion-plug").replace(
        "seeding.uniform = { density = \"2e6 cells/mL\" }",
        "seeding.uniform = { density = \"2e7 cells/mL\" }",
    );
    let down = up.replace("z_min", "z_0").replace("z_max", "z_min").replace("z_0", "z_max");
    let fields = [up, down].map(|text| {
        let sets = ["run.duration=\"12 h\"".to_owned()];
        let mut setup =
            load_text("plug.toml", &text, &sets).unwrap_or_else(|r| panic!("{r}")).setup;
        setup.run.accuracy = Accuracy { time: 1e-4, solver: Some(1e-12), max_step: 3600.0 };
        let grid = setup.grid.clone();
        let mut solver = Solver::new(setup).expect("starts");
        run(&mut solver, &mut []).expect("runs");
        let all: Vec<Vec<f64>> = solver.state.fields.iter().map(|f| flat(f).to_vec()).collect();
        (grid, all)
    });
    let [(grid, up), (_, down)] = fields;
    let mut most = 0.0_f64;
    for (up, down) in up.iter().zip(&down) {
        let size = up.iter().fold(0.0_f64, |m, v| m.max(*v));
        for (i, v) in up.iter().enumerate() {
            let [r, z, _] = grid.voxel(i);
            let mirrored = down[grid.index(r, grid.n[1] - 1 - z, 0)];
            assert!((v - mirrored).abs() <= 1e-8 * size, "{v:e} {mirrored:e}");
            most = most.max((v - down[i]).abs() / size);
        }
    }
    // The test can fail: unmirrored, the fields differ.
    assert!(most > 1e-3, "{most:e}");
}

/// With a list of fields, of a flow that stays only what the list names.
#[test]
fn a_list_of_fields_holds_for_the_flow() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plug.toml"), template("perfusion-plug")).unwrap();
    let run = |fields: &str, out: &str| {
        let sets = ["run.duration=\"1 h\"".to_owned(), format!("run.output={{fields={fields}}}")];
        blastema(
            folder.path(),
            &["run", "plug.toml", "--quiet", "--out", out, "--set", &sets[0], "--set", &sets[1]],
        );
        let results = blastema::output::Results::open(&folder.path().join(out)).unwrap();
        results.statics.iter().map(|c| c.name.clone()).collect::<Vec<_>>()
    };
    let some = run("[\"oxygen\", \"velocity\"]", "a");
    assert_eq!(some.iter().filter(|n| *n != "porosity").collect::<Vec<_>>(), ["velocity"]);
    assert!(!run("[\"oxygen\"]", "b").contains(&"velocity".to_owned()));
    assert!(run("[\"velocity\"]", "c").contains(&"velocity".to_owned()));
}
