//! What the text of a case becomes.

use std::fmt::Write;

use blastema::case::{Case, Options, Report, load, load_text, load_text_with};
use blastema::ground::signal::Signal;
use blastema::model::setup::{Boundary, Initial, Production};

const BASE: &str = r#"
title = "Slab"
[domain]
size = ["2 mm"]
voxels = [20]
[scaffold]
porosity = 0.9
effective_diffusivity.bruggeman = {}
[solutes.oxygen]
diffusivity = "2.7e-9 m^2/s"
initial = "0.2 mol/m^3"
boundary.x_max.value = "18.6 %O2"
[cells.msc]
seeding.uniform = { density = "1e6 cells/mL" }
uptake.oxygen.michaelis-menten = { vmax = "98 fmol/cell/h", km = "8 uM" }
[run]
duration = "2 d"
output = { every = "6 h", at = ["1 h"] }
"#;

fn with(text: &str) -> Result<Case, Report> {
    load_text("slab.toml", &format!("{BASE}{text}"), &[])
}

fn case(text: &str) -> Case {
    with(text).unwrap_or_else(|e| panic!("{e}"))
}

fn case_of(text: &str) -> Case {
    load_text("x.toml", text, &[]).unwrap_or_else(|e| panic!("{e}"))
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * b.abs()
}

#[test]
fn si_values() {
    let c = case("");
    let s = &c.setup;
    assert_eq!((s.grid.n, s.grid.dimensions), ([20, 1, 1], 1));
    assert!(close(s.grid.h[0], 1e-4) && s.grid.h[1] == 1.0);
    let Boundary::Value(Signal::Constant(v)) = s.solutes[0].boundaries[1] else { panic!() };
    assert!(close(v, 18.6 * 9.576e-3));
    assert!(close(s.solutes[0].relative[0], 0.9_f64.powf(1.5)));
    assert!(close(s.populations[0].seeding[3], 1e12));
    assert_eq!(s.run.outputs[..3], [0.0, 3600.0, 21600.0]);
    assert_eq!(s.run.outputs.last(), Some(&172_800.0));
    assert_eq!(s.run.fields, ["oxygen", "msc.viable"]);
    assert_eq!(c.provenance.stem, "slab");
}

#[test]
fn the_hash_sees_values_and_not_their_spelling() {
    let hash = |sets: &[&str]| {
        let sets: Vec<String> = sets.iter().map(|s| (*s).to_owned()).collect();
        load_text("x.toml", BASE, &sets).unwrap_or_else(|e| panic!("{e}")).provenance.hash
    };
    assert_eq!(hash(&[]), hash(&["title=other", "run.duration=48 h", "domain.voxels=[ 20 ]"]));
    assert_ne!(hash(&[]), hash(&["run.duration=49 h"]));
    assert_ne!(hash(&[]), hash(&["cells.msc.uptake.oxygen.michaelis-menten.km=9 uM"]));
}

#[test]
fn the_library_lies_under_the_case_and_what_cannot_act_is_named() {
    let text = BASE.replace("[cells.msc]", "[cells.msc]\ntype = \"human-msc-bone-marrow\"");
    let c = load_text("x.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}"));
    let p = &c.setup.populations[0];
    assert!(p.growth.is_some() && p.lysis > 0.0 && p.capacity.is_some());
    // Hypoxia needs low glucose too: absent, it is plentiful, and nothing dies.
    assert!(p.deaths.is_empty());
    assert!(
        c.setup
            .silent_laws
            .iter()
            .any(|s| s == "msc: death by hypoxia is not modelled: no glucose")
    );
    let of =
        |key: &str| c.provenance.entries.iter().find(|e| e.key == key).map(|e| e.source.clone());
    assert_eq!(of("cells.msc.uptake.oxygen.michaelis-menten.vmax").as_deref(), Some("case"));
    assert!(
        of("cells.msc.lysis.rate.time_constant")
            .is_some_and(|s| s.starts_with("library human-msc"))
    );
    assert!(of("cells.msc.uptake.glucose.michaelis-menten.vmax").is_none());
}

#[test]
fn a_library_diffusivity_gives_way_to_one_in_the_scaffold() {
    let text = BASE.replace("diffusivity = \"2.7e-9 m^2/s\"\n", "");
    let c = load_text("x.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}"));
    assert!(close(c.setup.solutes[0].diffusivity, 2.7e-9));
    let text = BASE.replace("diffusivity = \"2.7", "diffusivity_in_scaffold = \"1.7");
    let c = load_text("x.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}"));
    assert!(close(c.setup.solutes[0].diffusivity, 1.7e-9) && c.setup.solutes[0].relative[0] == 1.0);
}

#[test]
fn a_homogenised_structure_has_fluid_and_cells_everywhere() {
    let text = "domain.size = [\"2 mm\", \"2 mm\", \"2 mm\"]\ndomain.voxels = [20, 20, 20]\n\
         [scaffold]\nresolve = \"homogenised\"\neffective_diffusivity.bruggeman = {}\n\
         structure.tpms = { surface = \"gyroid\", kind = \"network\", period = \"1 mm\", porosity = 0.7 }\n\
         [solutes.oxygen]\ndiffusivity = \"2.7e-9 m^2/s\"\ninitial = \"0.2 mM\"\n\
         [cells.a]\ntype = \"custom\"\nseeding.uniform.density = \"1e7 cells/mL\"\n\
         [run]\nduration = \"1 h\"\n";
    let c = load_text("homogenised.toml", text, &[]).unwrap_or_else(|e| panic!("{e}"));
    assert!(matches!(c.setup.solutes[0].initial, Initial::Uniform(c) if c == 0.2));
    assert!(c.setup.populations[0].seeding.iter().all(|n| *n == 1e13));
    assert!(c.setup.structure.open.is_none());
    assert!(c.setup.structure.porosity.iter().all(|e| *e == 0.7));
}

#[test]
fn fields_from_files_of_voxels() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let lines: Vec<String> = (0..6).map(|i| format!("{}", 0.5 + 0.05 * f64::from(i))).collect();
    std::fs::write(folder.join("porosity.csv"), lines.join("\n")).unwrap();
    let bytes: Vec<u8> = (0..6_u8).flat_map(|i| f32::from(i).to_le_bytes()).collect();
    std::fs::write(folder.join("cells.raw"), &bytes).unwrap();
    std::fs::write(folder.join("short.raw"), &bytes[..21]).unwrap();
    let text = "domain.size = [\"3 mm\", \"2 mm\"]\ndomain.voxels = [3, 2]\n\
         scaffold.porosity.file = { path = \"porosity.csv\" }\n\
         scaffold.effective_diffusivity.bruggeman = {}\n\
         [solutes.oxygen]\ndiffusivity = \"2.7e-9 m^2/s\"\n\
         initial.file = { path = \"cells.raw\", unit = \"mM\" }\n\
         [cells.a]\ntype = \"custom\"\n\
         seeding.uniform.density.file = { path = \"cells.raw\", unit = \"cells/mL\" }\n\
         [run]\nduration = \"1 h\"\n";
    let at = |name: &str| folder.join(name).display().to_string();
    let text =
        &text.replace("porosity.csv", &at("porosity.csv")).replace("cells.raw", &at("cells.raw"));
    let options = Options { allow: vec![folder.to_path_buf()], memory: None };
    let read = |text: &str| load_text_with("x.toml", text, &[], &options);
    let c = read(text).unwrap_or_else(|e| panic!("{e}"));
    assert!(close(c.setup.structure.porosity[5], 0.75));
    assert!(close(c.setup.populations[0].seeding[4], 4e6));
    let Initial::Field(oxygen) = &c.setup.solutes[0].initial else { panic!("a field") };
    assert!(close(oxygen[3], 3.0));
    let short = read(&text.replace("cells.raw", "short.raw"));
    assert!(short.err().is_some_and(|e| e.to_string().contains("21 bytes, not a multiple of 4")));
}

#[test]
fn regions_the_last_wins() {
    let c = case(
        "[regions.a]\nshape.layer = { axis = \"x\", from = \"0 mm\", to = \"1 mm\" }\n\
         cells.msc.seeding.uniform = { density = \"2e6 cells/mL\" }\nscaffold.porosity = 0.5\n\
         [regions.b]\nshape.layer = { axis = \"x\", from = \"0.5 mm\", to = \"1 mm\" }\n\
         cells.msc.seeding.uniform = { density = \"3e6 cells/mL\" }\n\
         solutes.oxygen.initial = \"0.1 mol/m^3\"\n",
    );
    let seeding = &c.setup.populations[0].seeding;
    assert!(close(seeding[0], 2e12) && close(seeding[9], 3e12) && close(seeding[10], 1e12));
    assert_eq!(c.setup.structure.porosity[9], 0.5);
    let Initial::Field(initial) = &c.setup.solutes[0].initial else { panic!() };
    assert_eq!((initial[4], initial[5]), (0.2, 0.1));
    assert_eq!(c.overlaps, [("a".to_owned(), "b".to_owned())]);
}

#[test]
fn seeding_by_number_and_on_a_surface() {
    let seeded = |seeding: &str| {
        let text = BASE.replace("seeding.uniform = { density = \"1e6 cells/mL\" }", seeding);
        let c = load_text("x.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}"));
        let volume = c.setup.grid.voxel_volume();
        let p = c.setup.populations[0].seeding.clone();
        (p.iter().sum::<f64>() * volume, p)
    };
    let (number, _) = seeded("seeding.number = { of = \"1e6 cells\", efficiency = 0.5 }");
    assert!(close(number, 5e5));
    let (_, layer) = seeded("seeding.surface = { density = \"5e4 cells/cm^2\", face = \"x_max\" }");
    assert!(layer[18] == 0.0 && close(layer[19], 5e8 / 1e-4));
    let (_, wet) =
        seeded("counted_per = \"pore-volume\"\nseeding.uniform = { density = \"1e6 cells/mL\" }");
    assert!(close(wet[0], 0.9e12));
    // Graded: voxel centres lie at (i + 1/2)/20 of the way; the mean of a line is its middle.
    let (graded, line) = seeded(
        "seeding.uniform.density.linear = { axis = \"x\", from = \"0 cells/mL\", to = \"2e6 cells/mL\" }",
    );
    assert!(close(graded, 1e12 * 2e-3) && close(line[3], 2e12 * 3.5 / 20.0));
    let (_, step) = seeded(
        "seeding.uniform.density.formula = { value = \"1e6 cells/mL\", times = \"0.5*(1 + tanh((x - 1 mm)/(1 um)))\" }",
    );
    assert!(step[2] < 1.0 && close(step[17], 1e12));
}

#[test]
fn exposure_differentiation_and_reseeding() {
    let text = BASE.replace(
        "[run]",
        r#"death.hypoxia = { rate.time_constant = "2 d", exposure = "6 h", when.oxygen.below = { half = "5e-3 mol/m^3" } }
death.age = { rate.time_constant = "9 d", exposure = "1 d", stages = 2, recovery = "3 d" }
differentiation.osteoblast = { rate.time_constant = "7 d", when.oxygen.above = { half = "0.1 mol/m^3" } }
reseeding = [
  { at = "1.5 d", seeding.number = { of = "1e6 cells", efficiency = 0.5 }, within.layer = { axis = "x", from = "0.5 mm", to = "1 mm" } },
  { at = "12 h", seeding.surface = { density = "5e4 cells/cm^2", face = "x_max" } },
]
[cells.osteoblast]
[run]"#,
    );
    let c = load_text("x.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}"));
    let (msc, grid) = (&c.setup.populations[0], &c.setup.grid);
    let [hypoxia, age] = [0, 1].map(|j| msc.deaths[j].exposure.unwrap());
    assert_eq!((hypoxia.time, hypoxia.recovery, hypoxia.stages), (21_600.0, 21_600.0, 4));
    assert_eq!((age.time, age.recovery, age.stages), (86_400.0, 259_200.0, 2));
    let law = &msc.differentiation[0];
    assert!(law.into == 1 && close(law.rate, 1.0 / 604_800.0) && law.when.len() == 1);
    // Reseedings come in the order of their times.
    assert_eq!(msc.reseeding.iter().map(|r| r.time).collect::<Vec<_>>(), [43_200.0, 129_600.0]);
    assert!(close(msc.reseeding[0].density[19], 5e8 / 1e-4) && msc.reseeding[0].density[18] == 0.0);
    let within = &msc.reseeding[1].density;
    let (inside, all) = (within[5..10].iter().sum::<f64>(), within.iter().sum::<f64>());
    assert!(inside == all && close(all * grid.voxel_volume(), 5e5));
    // A population that cells turn into needs no seeding; stages are not written unasked.
    assert!(c.setup.populations[1].seeding.iter().all(|n| *n == 0.0));
    let fields = &c.setup.run.fields;
    assert!(
        fields.contains(&"msc.dead.age".into()) && !fields.iter().any(|f| f.contains("damaged"))
    );
    let wanted = text
        .replace("[run]", "[run]\noutput.fields = [\"msc.damaged.hypoxia.4\"]")
        .replace("output = { every = \"6 h\", at = [\"1 h\"] }", "");
    let c = load_text("x.toml", &wanted, &[]).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(c.setup.run.fields, ["msc.damaged.hypoxia.4"]);
}

#[test]
fn what_is_made_comes_after_what_it_is_made_of() {
    let text = BASE
        .replace(
            "[solutes.oxygen]",
            "[solutes.lactate]\ndiffusivity = \"1e-9 m^2/s\"\ninitial = \"0 mM\"\n[solutes.oxygen]",
        )
        .replace(
            "[run]",
            "production.lactate.per-uptake = { of = \"oxygen\", yield = 2.0 }\n[run]",
        );
    let c = load_text("x.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}"));
    let names: Vec<&str> = c.setup.solutes.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["oxygen", "lactate"]);
    assert_eq!(
        c.setup.populations[0].production,
        [Production::PerUptake { solute: 1, of: 0, yields: 2.0 }]
    );
    assert_eq!(c.setup.populations[0].uptake[0].0, 0);
}

#[test]
fn an_extending_file_keeps_its_own_places() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("base.toml"), BASE.replace("\"2 d\"", "\"2 mm\"")).unwrap();
    let top = folder.path().join("top.toml");
    std::fs::write(&top, "extend = \"base.toml\"\n[run]\nduration = \"3 d\"\n").unwrap();
    let c = load(&top, &[]).unwrap_or_else(|e| panic!("{e}"));
    assert!(close(c.setup.run.duration, 3.0 * 86400.0));
    assert_eq!(c.provenance.texts.len(), 2);
    std::fs::write(&top, "extend = \"base.toml\"\n[run]\nsteady = 1\n").unwrap();
    let report = load(&top, &[]).map(|_| ()).unwrap_err();
    let d = &report.diagnostics[0];
    assert!(d.file.ends_with("top.toml") && (d.line, d.column) == (3, 10), "{report}");
    std::fs::write(&top, "extend = \"base.toml\"\n").unwrap();
    let report = load(&top, &[]).map(|_| ()).unwrap_err();
    let d = &report.diagnostics[0];
    assert!(d.file.ends_with("base.toml") && d.line > 10, "{report}");
}

#[test]
fn warnings_can_be_allowed() {
    let dense = "[regions.a]\nshape.layer = { axis = \"x\", from = \"0 mm\", to = \"1 mm\" }\n\
        cells.msc.seeding.uniform = { density = \"2e9 cells/mL\" }\n";
    assert_eq!(case(dense).warnings[0].code, "W031");
    let text = format!("allow = [\"W031\"]\n{BASE}{dense}");
    let c = load_text("x.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}"));
    assert!(c.warnings.is_empty());
}

/// Values of a flow that run but are far from what is published.
#[test]
fn unusual_flows_are_told() {
    let with = |law: &str, pressure: &str| {
        let flow = format!(
            "[flow]\nlaw.{law}\nboundary.x_min.pressure = \"{pressure}\"\n\
             boundary.x_max.pressure = \"0 Pa\"\n[solutes.oxygen]\n\
             boundary.x_min.inlet = \"0.2 mM\"\n"
        );
        let text = BASE.replace("[solutes.oxygen]\n", &flow);
        let c = load_text("x.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}"));
        c.warnings.iter().map(|w| w.code).collect::<Vec<_>>()
    };
    let darcy = |k: &str| format!("darcy.permeability = \"{k}\"");
    assert!(with(&darcy("1e-11 m^2"), "10 Pa").is_empty());
    // u = K Δp/(µ L), µ = 0.69 mPa s; d = √(32 K/ε), Re = 993 (u/ε) d/µ.
    assert_eq!(with(&darcy("1e-11 m^2"), "4 kPa"), ["W041"]);
    assert_eq!(with(&darcy("1e-16 m^2"), "15.9 kPa"), [""; 0]);
    assert_eq!(with(&darcy("1e-16 m^2"), "16.1 kPa"), ["W042"]);
    assert_eq!(with(&darcy("1e-8 m^2"), "1 Pa"), ["W043"]);
    let table = |to: f64| format!("table.points = [[0.2, \"1e-12 m^2\"], [{to}, \"1e-11 m^2\"]]");
    assert_eq!(with(&table(0.89), "10 Pa"), ["W044"]);
    assert!(with(&table(0.9), "10 Pa").is_empty());
}

/// More cells than there is room for, where cells take room.
#[test]
fn a_capacity_that_does_not_fit_is_told() {
    for (capacity, told) in [("4e8", false), ("5e8", true)] {
        // 2000 µm³ a cell: 0.8 and 1 of a volume of which 0.9 is fluid.
        let text =
            BASE.replace("[solutes.oxygen]", "changing_porosity = true\n[solutes.oxygen]").replace(
                "[run]",
                &format!(
                    "volume = \"2e-15 m^3\"\ncapacity = {{ density = \"{capacity} cells/mL\", \
                 counts = [\"viable\"] }}\n[run]"
                ),
            );
        let c = load_text("x.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(c.warnings.iter().any(|w| w.code == "W045"), told, "{capacity}");
    }
}

/// Fields that follow from others can be chosen, those of a flow too, whether it changes or not.
#[test]
fn fields_of_a_flow_can_be_chosen() {
    let text = BASE
        .replace("output = {", "output = { fields = [\"velocity\", \"viable_fraction\", \"NAME\"],")
        .replace("[run]", "[flow]\nLAW\n[run]")
        .replace("boundary.x_max", "boundary.x_min.inlet = \"0.2 mM\"\nboundary.x_max");
    let darcy = "law.darcy.permeability = \"1e-11 m^2\"\nboundary.x_min.pressure = \"1 Pa\"\n\
        boundary.x_max.pressure = \"0 Pa\"";
    let given = "law.given.velocity = [\"1 um/s\"]";
    let walls = "law.given = { velocity = [\"1 um/s\"], permeability = \"1e-11 m^2\" }";
    for (law, name, fine) in [
        (darcy, "pressure", true),
        (darcy, "wall_shear", true),
        (given, "oxygen", true),
        (given, "pressure", false),
        (walls, "wall_shear", true),
        (walls, "pressure", false),
    ] {
        let loaded = load_text("x.toml", &text.replace("LAW", law).replace("NAME", name), &[]);
        match loaded {
            Ok(c) => assert!(fine && c.setup.run.fields == ["velocity", "viable_fraction", name]),
            Err(r) => assert!(!fine && r.to_string().contains("viable_fraction, velocity"), "{r}"),
        }
    }
    // What stays is written once, and takes no disk with each output.
    let disk = |fields: &str| {
        let text = text.replace("LAW", darcy).replace(
            "fields = [\"velocity\", \"viable_fraction\", \"NAME\"]",
            &format!("fields = {fields}"),
        );
        let case = load_text("x.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}"));
        blastema::case::scales::cost(&case.setup).disk
    };
    assert!(close(disk("[\"oxygen\"]"), disk("[\"oxygen\", \"velocity\", \"wall_shear\"]")));
}

#[test]
fn keys_of_tables_in_lists_are_on_the_reference_page() {
    let page = blastema::case::reference::markdown();
    assert!(
        page.contains("| `reseeding[].at` |")
            && page.contains("| `reseeding[].within.layer.axis` |")
    );
    assert!(!page.contains("matrixs"));
}

#[test]
fn steps_in_time_and_formula_in_space() {
    let text = BASE
        .replace(
            "value = \"18.6 %O2\"",
            "value.steps = { points = [[\"0 h\", \"0.2 mM\"], [\"1 d\", \"5 %O2\"]] }",
        )
        .replace("porosity = 0.9", "porosity.linear = { axis = \"x\", from = 0.5, to = \"90 %\" }");
    let c = load_text("x.toml", &text, &[]).unwrap_or_else(|e| panic!("{e}"));
    let Boundary::Value(signal) = &c.setup.solutes[0].boundaries[1] else { panic!() };
    assert_eq!(signal.breaks(), [0.0, 86400.0]);
    assert!(close(signal.at(1e5, false), 5.0 * 9.576e-3));
    assert!(close(c.setup.structure.porosity[0], 0.51));
}

/// Damaged texts are refused or accepted, never a panic.
#[test]
fn damaged_texts_do_not_panic() {
    let full = format!(
        "{BASE}[regions.a]\nshape.sphere = {{ centre = [\"1 mm\"], radius = \"1 mm\" }}\n\
         cells.msc.seeding.uniform.density.formula = {{ value = \"1e6 cells/mL\", times = \"1 + x/(1 mm)\" }}\n\
         [[expect]]\nwhat = \"oxygen\"\nat = [\"1 mm\"]\nvalue = \"0.1 mM\"\nwithin = \"2 %\"\n"
    );
    let pieces = [
        "\"", "[", "]", "{}", "= ", "nan", "-1", "1e999", "\n", "é", "µ", "1.5", "\"1 mm\"", "#",
        ".",
    ];
    let mut seed = 1_u64;
    let mut next = |n: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % n
    };
    for _ in 0..3000 {
        let mut text = full.clone();
        for _ in 0..=next(3) {
            let mut at = next(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let mut end = (at + next(12)).min(text.len());
            while !text.is_char_boundary(end) {
                end += 1;
            }
            let piece = if next(3) == 0 { "" } else { pieces[next(pieces.len())] };
            text.replace_range(at..end, piece);
        }
        if let Err(report) = load_text("x.toml", &text, &[]) {
            assert!(report.errors() > 0 && !report.to_string().is_empty());
        }
    }
}

/// 8 ng/mL of 8 kg/mol are 1e-6 mol/m³.
#[test]
fn masses_become_amounts_by_the_molar_mass() {
    let text = "domain.size = [\"1 mm\"]\ndomain.voxels = [4]\n[solutes.vegf]\nmolar_mass = \"8 kg/mol\"\n\
         diffusivity = \"1e-10 m^2/s\"\ninitial = \"8 ng/mL\"\nboundary.x_max.value = \"16 ng/mL\"\n\
         [run]\nduration = \"1 h\"\n";
    let c = load_text("mass.toml", text, &[]).unwrap_or_else(|e| panic!("{e}"));
    let Initial::Uniform(initial) = c.setup.solutes[0].initial else { panic!("uniform") };
    assert!((initial - 1e-6).abs() < 1e-18, "{initial:e}");
    let outside = c.setup.solutes[0].boundaries[1].signal().map(|s| s.at(0.0, true));
    assert!(outside.is_some_and(|c| (c - 2e-6).abs() < 1e-18), "{outside:?}");
}

/// Which way the fluid passes a face decides what a solute may have there. Only Darcy's signs are
/// used: from high to low pressure, a positive rate inwards.
#[test]
fn the_way_of_the_fluid_at_a_face() {
    let faces = ["x_min", "x_max", "y_max"];
    let driven = |flow: [&str; 3], solute: [&str; 3]| {
        let mut text = "[domain]\nsize = [\"2 mm\", \"1 mm\"]\nvoxels = [8, 4]\n[scaffold]\n\
                        porosity = 0.9\neffective_diffusivity.bruggeman = {}\n[flow]\n\
                        law.darcy.permeability = \"1e-11 m^2\"\n"
            .to_owned();
        for (face, drive) in faces.iter().zip(flow).filter(|f| !f.1.is_empty()) {
            let _ = writeln!(text, "boundary.{face}.{drive}");
        }
        text += "[solutes.oxygen]\ndiffusivity = \"2.7e-9 m^2/s\"\ninitial = \"0.2 mM\"\n";
        for (face, way) in faces.iter().zip(solute).filter(|f| !f.1.is_empty()) {
            let _ = writeln!(text, "boundary.{face}.{way}");
        }
        text += "[run]\nduration = \"1 h\"\n";
        load_text("flow.toml", &text, &[])
    };
    let (into, out) = ("inlet = \"0.2 mM\"", "outflow = {}");
    let (high, low) = ("pressure = \"5 Pa\"", "pressure = \"-1 Pa\"");
    let (inward, outward) = ("rate = \"1 uL/min\"", "rate = \"-1 uL/min\"");
    for (flow, solute) in [
        ([high, low, ""], [into, out, ""]),
        ([low, high, ""], [out, into, ""]),
        ([inward, low, ""], [into, out, ""]),
        ([inward, high, ""], [into, out, ""]),
        ([outward, high, ""], [out, into, ""]),
        ([inward, low, inward], [into, out, into]),
        ([outward, low, outward], [out, into, out]),
        ([high, low, low], [into, out, out]),
        ([low, high, high], [out, into, into]),
    ] {
        driven(flow, solute).unwrap_or_else(|e| panic!("{flow:?} {e}"));
        // Each face the other way round, alone, is refused.
        for wrong in 0..3 {
            let mut turned = solute;
            turned[wrong] = match solute[wrong] {
                "" => continue,
                way if way == into => out,
                _ => into,
            };
            let report = driven(flow, turned).expect_err("turned");
            let way = if turned[wrong] == out { "enters" } else { "leaves" };
            let says = format!("solutes.oxygen.boundary.{}: fluid {way}", faces[wrong]);
            assert_eq!(report.errors(), 1, "{flow:?} {report}");
            assert!(report.to_string().contains(&says), "{flow:?} {says}: {report}");
        }
    }
    // With one rate in and one out, or a pressure between two others, only the solution tells:
    // either way is the user's word, and what enters must be named.
    for (flow, face) in [([inward, low, outward], 1), ([high, low, "pressure = \"1 Pa\""], 2)] {
        let mut solute = [into, out, out];
        solute[face] = into;
        driven(flow, solute).unwrap_or_else(|e| panic!("{flow:?} {e}"));
    }
}

#[test]
fn a_law_without_numbers_is_part_of_the_hash() {
    let of = |law: &str| case_of(&BASE.replace("bruggeman", law)).provenance.hash;
    assert_ne!(of("bruggeman"), of("maxwell"));
    assert_ne!(of("bruggeman"), of("mackie-meares"));
}

#[test]
fn a_voxel_size_divides_the_box_into_at_most_so_many() {
    let of = |size: &str, voxel: &str| {
        let grid = format!("size = [\"{size}\"]\nvoxel = \"{voxel}\"");
        let text = BASE.replace("size = [\"2 mm\"]\nvoxels = [20]", &grid);
        load_text("x.toml", &text, &[]).map(|c| c.setup.grid.n[0])
    };
    assert_eq!(of("2 mm", "100 um").unwrap_or_else(|e| panic!("{e}")), 20);
    assert_eq!(of("100 mm", "1 um").unwrap_or_else(|e| panic!("{e}")), 100_000);
    for (size, says) in [("100.001 mm", "gives 100001 voxels"), ("200 mm", "gives 200000 voxels")] {
        let report = of(size, "1 um").unwrap_err().to_string();
        assert!(report.contains(says) && report.contains("at most 100000"), "{report}");
    }
    let report = of("2 mm", "300 um").unwrap_err().to_string();
    assert!(report.contains("write voxels = [7] instead"), "{report}");
    let report = of("2 mm", "5 mm").unwrap_err().to_string();
    assert!(report.contains("write voxels = [1] instead"), "{report}");
}

/// A grid is refused from the bytes that its fields need: eight a value; three values a solute, four a
/// population and three for the structure.
#[test]
fn a_grid_beyond_the_memory_that_is_allowed() {
    let of = |memory: f64| {
        let text = BASE.replace("voxels = [20]", "voxels = [100000]");
        let options = Options { allow: Vec::new(), memory: Some(memory) };
        load_text_with("x.toml", &text, &[], &options)
    };
    of(8.1e6).unwrap_or_else(|e| panic!("{e}"));
    let report = of(7.9e6).unwrap_err().to_string();
    assert!(report.contains("100000 voxels do not fit into memory"), "{report}");
}

#[test]
fn nesting_has_a_limit() {
    let of = |deep: usize| {
        let text = format!("title = {}1{}\n{BASE}", "[".repeat(deep), "]".repeat(deep));
        let text = text.replace("\ntitle = \"Slab\"", "");
        load_text("x.toml", &text, &[]).unwrap_err().to_string()
    };
    // Thirty-nine lists and the number in them are forty deep: read, and no title.
    assert!(of(39).contains("title") && !of(39).contains("nested"), "{}", of(39));
    for deep in [40, 41, 60] {
        assert!(of(deep).contains("is nested more than 40 deep"), "{}", of(deep));
    }
}

/// Dots within texts are no path of keys.
#[test]
fn dots_in_texts() {
    let dots = ".".repeat(50);
    for title in [
        format!("\"{dots}\""),
        format!("'{dots}'"),
        format!("\"\"\"\n{dots}\n{dots}\"\"\""),
        format!("'''\n{dots}\n\"{dots}\n'''"),
        format!("\"\\\"{dots}\\\"\""),
        format!("'\\' # {dots}"),
        format!("\"\" # \"{dots}"),
        format!("\"\"\"a\"b\"\"c\n{dots}\\\"\"\"\""),
        // A long text may end with quotes of its own.
        format!("\"\"\"a\"\"\"\" # {dots}\"{dots}"),
        format!("\'\'\'a\'\'\'\'\' # {dots}\'{dots}"),
    ] {
        let text = BASE.replace("title = \"Slab\"", &format!("title = {title}"));
        load_text("x.toml", &text, &[]).unwrap_or_else(|e| panic!("{title}: {e}"));
    }
    for key in [format!("a{}", ".a".repeat(41)), format!("a.\"x.y\"{}", ".'a'".repeat(41))] {
        let text = format!("title = \"\"\n{key} = 1\n");
        assert!(load_text("x.toml", &text, &[]).is_err());
    }
}

/// A list of so many entries says how many it takes.
#[test]
fn lists_say_their_length() {
    for (from, to, says) in [
        ("size = [\"2 mm\"]", "size = []", "expected 1 to 3"),
        ("voxels = [20]", "voxels = [2, 2, 2, 2]", "expected 1 to 3"),
        (
            "output = {",
            "output = { every = \"6 h\" }\n[[expect]]\nwhat = \"steps\"\nbetween = [1]\n#",
            "expected 2",
        ),
    ] {
        let report = load_text("x.toml", &BASE.replace(from, to), &[]).unwrap_err().to_string();
        assert!(report.contains(says), "{to}: {report}");
    }
}

#[test]
fn the_hash_does_not_see_what_changes_no_result() {
    let plain = case("").provenance.hash;
    let expects = case("[[expect]]\nwhat = \"steps\"\nbetween = [0, 9]\n");
    assert_eq!(expects.provenance.hash, plain);
    assert_eq!(case_of(&format!("allow = [\"W031\"]\n{BASE}")).provenance.hash, plain);
    assert_eq!(case_of(&BASE.replace("title = \"Slab\"\n", "")).provenance.hash, plain);
}

#[test]
fn a_unit_that_does_not_fit_is_told() {
    let dir = tempfile::tempdir().expect("folder");
    std::fs::write(dir.path().join("c.csv"), "0,1\n24,2\n").expect("written");
    for unit in ["%", "", "mm"] {
        let course = format!(
            "boundary.x_max.value.csv = {{ path = \"c.csv\", time_unit = \"h\", unit = \"{unit}\" }}"
        );
        let text = BASE.replace("boundary.x_max.value = \"18.6 %O2\"", &course);
        let path = dir.path().join("case.toml");
        std::fs::write(&path, text).expect("written");
        let report = load(&path, &[]).expect_err(unit);
        assert_eq!(report.errors(), 1, "{unit}: {report}");
        assert!(report.to_string().contains("value.csv.unit"), "{unit}: {report}");
    }
}

#[test]
fn a_remedy_is_for_what_was_typed() {
    let of = |value: &str| {
        let text =
            BASE.replace("\"0.2 mol/m^3\"", value).replace("solutes.oxygen", "solutes.factor");
        let text = text.replace("18.6 %O2", "1 mM").replace("uptake.oxygen", "uptake.factor");
        load_text("x.toml", &text, &[]).expect_err(value).to_string()
    };
    assert!(of("\"1 ug/mL\"").contains("with the solute's `molar_mass`"));
    assert!(of("\"1 kPa\"").contains("only for oxygen"));
    assert!(!of("\"1 kPa\"").contains("molar_mass"));
}
