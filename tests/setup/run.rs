use super::*;

#[test]
fn clock_and_output() {
    let run = |keys: &str| setup(&swap(SLAB, "duration = \"2 d\"", keys)).run;
    let plain = run("duration = \"2 d\"");
    let a = plain.accuracy;
    assert_eq!((a.time, a.solver, a.max_step), (1e-3, None, 28800.0));
    assert_eq!([a.of_solve(), a.of_step()], [1e-8, 1e-7]);
    let tight = blastema::model::setup::Accuracy { time: 2e-4, ..a };
    assert_eq!([tight.of_solve(), tight.of_step()], [1e-8, 2e-8]);
    assert!(!plain.steady && !plain.stop_when_steady && !plain.double);
    assert_eq!((plain.time_unit, plain.duration), (("d", DAY), 2.0 * DAY));
    // A thirtieth of two days is 96 min: the next round interval is 2 h.
    assert_eq!(plain.outputs.len(), 25);
    assert_eq!(plain.outputs[1], 7200.0);
    assert_eq!(run("duration = \"60 h\"").outputs[1], 7200.0);
    assert_eq!(run("duration = \"60.1 h\"").outputs[1], 14400.0);
    // Of 15 s it is half a second, too short to be rounded; of 16 s the next is 1 s.
    assert_eq!(run("duration = \"15 s\"").outputs[1], 0.5);
    assert_eq!(run("duration = \"16 s\"").outputs[1], 1.0);
    assert_eq!(run("duration = \"90 d\"").outputs[1], 3.0 * DAY);
    let r = run(
        "duration = \"10 h\"\noutput = { every = \"4 h\", at = [\"5 h\", \"4 h\", \"10 h\"], precision = \"f64\" }\ncheckpoints = [\"6 h\", \"2 h\", \"6 h\"]\nstop_when = \"steady\"\naccuracy = { time = 0.01, solver = 1e-6, max_step = \"1 h\" }",
    );
    let hours = |times: &[f64]| times.iter().map(|t| t / 3600.0).collect::<Vec<_>>();
    assert_eq!(hours(&r.outputs), [0.0, 4.0, 5.0, 8.0, 10.0]);
    assert_eq!(hours(&r.checkpoints), [2.0, 6.0]);
    assert!(r.stop_when_steady && r.double);
    assert_eq!(
        (r.accuracy.time, r.accuracy.solver, r.accuracy.max_step),
        (0.01, Some(1e-6), 3600.0)
    );
    assert_eq!(r.time_unit, ("h", 3600.0));
    assert_eq!(
        hours(&run("duration = \"12 h\"\noutput.every = \"4 h\"").outputs),
        [0.0, 4.0, 8.0, 12.0]
    );
    let steady = run("steady = true");
    assert!(steady.steady && steady.duration == 0.0 && steady.outputs == [0.0]);
    assert!(!run("steady = false\nduration = \"1 h\"").steady);

    let wrong = |keys: &str, code: &str, message: &str, label: &str| {
        refused(&swap(SLAB, "duration = \"2 d\"", keys), code, message, label);
    };
    let end = "the run ends at 2 d";
    let day = "duration = \"2 d\"\n";
    wrong(
        &format!("{day}output.at = [\"49 h\"]"),
        "E016",
        "run.output.at[0] is after the end",
        end,
    );
    run(&format!("{day}output.at = [\"48 h\"]\ncheckpoints = [\"48 h\"]"));
    wrong(
        &format!("{day}checkpoints = [\"1 h\", \"48.1 h\"]"),
        "E016",
        "run.checkpoints[1] is after the end",
        end,
    );
    wrong(
        &format!("{day}output.every = \"1.7 s\""),
        "E016",
        "run.output.every gives 101647 outputs",
        "at most 100000",
    );
    assert_eq!(run("duration = \"100000 s\"\noutput.every = \"1 s\"").outputs.len(), 100_001);
    let moment = "a steady run has one moment";
    for key in [
        "stop_when = \"steady\"",
        "checkpoints = [\"0 h\"]",
        "output.every = \"1 h\"",
        "output.at = [\"0 h\"]",
    ] {
        let name = key.split(' ').next().unwrap();
        wrong(
            &format!("steady = true\n{key}"),
            "E020",
            &format!("run.{name} beside run.steady"),
            moment,
        );
    }
    wrong("steady = false", "E011", "run.duration is missing", "steady = false needs a duration");
    wrong(
        &format!("{day}output.fields = [\"oxygem\"]"),
        "E021",
        "run.output.fields[0]: no field is called `oxygem`",
        "did you mean \"oxygen\"?",
    );
    assert_eq!(run(&format!("{day}output.fields = [\"oxygen\", \"oxygen\"]")).fields, ["oxygen"]);
    let ph = swap(SLAB, "[run]", "[ph]\nacid = \"oxygen\"\nbicarbonate = \"24 mM\"\n[run]");
    assert_eq!(setup(&ph).run.fields, ["oxygen", "ph"]);
    let chosen = |text: &str, name: &str| {
        setup(&swap(text, "duration", &format!("output.fields = [\"{name}\"]\nduration")))
            .run
            .fields
    };
    assert_eq!(chosen(&ph, "ph"), ["ph"]);
    let unknown = swap(SLAB, "duration", "output.fields = [\"viable_fraction\"]\nduration");
    assert_eq!(report(&unknown).errors(), 1);

    // A steady state needs a face that holds it, and takes what varies as it begins.
    let steady = swap(SLAB, "duration = \"2 d\"", "steady = true");
    let feed = |condition: &str| swap(&steady, "value = \"0.2 mM\"", condition);
    let lacking = |text: &str| {
        refused(
            text,
            "E023",
            "solutes.oxygen needs a face that holds it, to be solved as steady",
            "no face has a value, transfer or stagnant-medium",
        );
    };
    lacking(&feed("flux = \"1 nmol/cm^2/s\""));
    lacking(&feed("sealed = {}"));
    lacking(&swap(
        &swap(SLAB, "initial = \"0.2 mM\"", "initial.steady = {}"),
        "value = \"0.2 mM\"",
        "sealed = {}",
    ));
    setup(&feed("transfer = { coefficient = \"1 um/s\", outside = \"0.2 mM\" }"));
    setup(&feed("stagnant-medium = { height = \"1 mm\", top = \"0.2 mM\" }"));
    let varies = feed("value.steps.points = [[\"0 h\", \"0.2 mM\"]]");
    let told = "solutes.oxygen.boundary.x_max varies in time, and run.steady is true";
    let label = "its value at time 0 is taken";
    assert_eq!(warned(&varies), [("W047", told.to_owned(), label.to_owned())]);
    let source = "initial = \"0.2 mM\"\nsource = { rate = \"1 mM/h\", \
                  times.ramp.points = [[\"0 h\", 0.0], [\"1 h\", 1.0]] }";
    let pulsing = swap(&steady, "initial = \"0.2 mM\"", source);
    let told = "solutes.oxygen.source.times varies in time, and run.steady is true";
    assert_eq!(warned(&pulsing), [("W047", told.to_owned(), label.to_owned())]);
    assert_eq!(codes(&steady), [""; 0]);
    // Decay is a way out where no face is.
    let decay = "initial = \"0.2 mM\"\ndecay.half_life = \"1 h\"";
    setup(&swap(&feed("sealed = {}"), "initial = \"0.2 mM\"", decay));
}

#[test]
fn a_case_of_nothing_is_told() {
    let text = "[domain]\nsize = [\"2 mm\"]\nvoxels = [4]\n[run]\nduration = \"2 d\"\n";
    assert_eq!(codes(text), ["W057"]);
}

/// 100 %O2 is what pure oxygen leaves in the fluid.
#[test]
fn more_than_dissolves_is_told() {
    let value = |v: &str| swap(SLAB, "value = \"0.2 mM\"", &format!("value = \"{v}\""));
    assert_eq!(codes(&value("100 %O2")), [""; 0]);
    let found = warned(&value("186 %O2"));
    assert_eq!(found[0].0, "W056");
    assert_eq!(found[0].1, "solutes.oxygen reaches 1.7811 mM, more than dissolves");
    let glucose = |v: &str| swap(&value(v), "solutes.oxygen", "solutes.glucose");
    assert_eq!(codes(&glucose("5.5 mM")), [""; 0]);
    assert_eq!(codes(&glucose("11 M")), ["W056"]);
}

/// 1 mL over a face of 1 m² is 1 µm deep; 5 L are 5 mm.
#[test]
fn baths_that_are_a_film_are_told() {
    let text = |volume: &str| {
        format!(
            "[domain]\nsize = [\"2 mm\"]\nvoxels = [4]\n[solutes.a]\ndiffusivity = \"1e-9 m^2/s\"\n\
             initial = \"1 mM\"\nboundary.x_max.bath = {{ name = \"well\", start = \"1 mM\" }}\n\
             [baths.well]\nvolume = \"{volume}\"\n[run]\nduration = \"1 d\"\n"
        )
    };
    let found = warned(&text("1 mL"));
    assert_eq!(found[0].0, "W058");
    assert_eq!(found[0].1, "baths.well.volume is a layer of 1 um over the faces of the piece");
    assert_eq!(codes(&text("5 L")), [""; 0]);
    let thick = text("1 mL").replace("[\"2 mm\"]", "[\"2 mm\", \"1 cm\", \"1 cm\"]");
    assert_eq!(codes(&thick.replace("[4]", "[4, 1, 1]")), [""; 0]);
}

/// Fixed steps are for solutes alone in an even box; D = 2e-9 m²/s over h² = 2.5e-7 m² is 0.008/s.
#[test]
fn locally_one_dimensional_steps() {
    let fixed = |text: &str, step: &str| {
        swap(text, "duration", &format!("lod.step = \"{step}\"\nduration"))
    };
    assert_eq!(setup(SLAB).run.lod, None);
    assert_eq!(setup(&fixed(SLAB, "1 min")).run.lod, Some(60.0));
    assert_eq!(codes(&fixed(SLAB, "62 s")), [""; 0]);
    let long = "run.lod.step is long for its voxels: D·step/h² is 1.0";
    let label = "fields that change within a few voxels will be wrong";
    let told = [("W048", long.to_owned(), label.to_owned())];
    assert_eq!(warned(&fixed(SLAB, "125 s")), told);
    assert_eq!(codes(&fixed(SLAB, "63 s")), ["W048"]);
    let beside = |text: &str, what: &str| {
        refused(
            &fixed(text, "1 min"),
            "E020",
            &format!("run.lod beside {what}"),
            "for solutes alone that diffuse and decay in an even box",
        );
    };
    beside(
        &cells("growth.rate.value = \"1 1/d\"\nseeding.uniform.density = \"1e6 cells/mL\""),
        "cells",
    );
    beside(&swap(SLAB, "duration", "stop_when = \"steady\"\nduration"), "run.stop_when");
    beside(
        &swap(SLAB, "porosity = 0.8", "porosity.linear = { axis = \"x\", from = 0.5, to = 0.8 }"),
        "a porosity that varies",
    );
    beside(&swap(SLAB, "[run]", "source.rate = \"1 mM/h\"\n[run]"), "a source of oxygen");
    let walls = "other faces than sealed ones and constant values of oxygen";
    for condition in ["flux = \"1 nmol/cm^2/s\"", "value.steps.points = [[\"0 h\", \"0.2 mM\"]]"] {
        beside(&swap(SLAB, "value = \"0.2 mM\"", condition), walls);
    }
    beside(
        &swap(SLAB, "size = [\"2 mm\"]", "shape = \"sphere\"\nsize = [\"2 mm\"]")
            .replace("x_max", "r_max"),
        "a cylinder or a sphere",
    );
}

/// Values that run but are far from what is published, on both sides of each limit.
#[test]
fn values_far_from_what_is_published() {
    let d = |value: &str| codes(&swap(SLAB, "2e-9 m^2/s", &format!("{value} m^2/s")));
    for (value, told) in
        [("0.99e-13", true), ("1.01e-13", false), ("0.99e-8", false), ("1.01e-8", true)]
    {
        assert_eq!(d(value), ["W032"][usize::from(!told)..], "{value}");
    }
    let up = "uptake.oxygen.michaelis-menten = { vmax = \"10 fmol/cell/h\", km = \"1 uM\" }\n";
    let dense = |n: &str| codes(&cells(&format!("{up}seeding.uniform.density = \"{n} cells/mL\"")));
    assert_eq!(dense("0.99e9"), [""; 0]);
    assert_eq!(dense("1.01e9"), ["W031"]);
    let exactly = |text: &str, from: &str, to: &str| codes(&swap(text, from, to));
    let full = cells(&format!("{up}{SEEDED}"));
    assert_eq!(exactly(&full, "1e6 cells/mL", "1e15 cells/m^3"), [""; 0]);
    assert_eq!(exactly(&full, "10 fmol/cell/h", "1e-15 mol/cell/s"), [""; 0]);
    // Five times 0.2 mM.
    assert_eq!(exactly(&full, "1 uM", "1 mM"), [""; 0]);
    let sweet = "uptake.glucose.michaelis-menten = { vmax = \"VMAX\", km = \"1 uM\" }";
    let glucose = |vmax: &str| {
        let text = cells(&format!("{SEEDED}{}", sweet.replace("VMAX", vmax)));
        codes(&text.replace("oxygen", "glucose"))
    };
    assert_eq!(glucose("5e-15 mol/cell/s"), [""; 0]);
    assert_eq!(glucose("5.01e-15 mol/cell/s"), ["W033"]);
    let sucks = |laws: &str| codes(&cells(&format!("{SEEDED}{laws}")));
    let oxygen = |vmax: &str| sucks(&up.replace("10 fmol", &format!("{vmax} fmol")));
    // 1e-15 mol/cell/s are 3600 fmol/cell/h.
    assert_eq!((oxygen("3590"), oxygen("3610")), (vec![], vec!["W033"]));
    let affinity = |km: &str| sucks(&up.replace("1 uM", km));
    assert_eq!((affinity("0.99 mM"), affinity("1.01 mM")), (vec![], vec!["W034"]));
    let hill = |half: &str| {
        sucks(&format!(
            "uptake.oxygen.hill = {{ vmax = \"10 fmol/cell/h\", half = \"{half} mM\", exponent = 2 }}"
        ))
    };
    assert_eq!((hill("0.99"), hill("1.01")), (vec![], vec!["W034"]));
    // The highest concentration comes in at a face, or is there at the start; a bath or a flux may
    // bring any.
    let km = cells(&format!("{SEEDED}{}", up.replace("1 uM", "1.5 mM")));
    let face = |condition: &str| codes(&swap(&km, "value = \"0.2 mM\"", condition));
    assert_eq!(face("value = \"0.2 mM\""), ["W034"]);
    assert_eq!(face("value = \"0.31 mM\""), [""; 0]);
    assert_eq!(face("value.steps.points = [[\"0 h\", \"0 mM\"], [\"1 h\", \"0.31 mM\"]]"), [""; 0]);
    assert_eq!(face("flux = \"1 nmol/cm^2/s\""), [""; 0]);
    assert_eq!(codes(&swap(&km, "initial = \"0.2 mM\"", "initial = \"0.31 mM\"")), [""; 0]);
    let empty = swap(&km, "initial = \"0.2 mM\"", "initial = \"0 mM\"");
    assert_eq!(codes(&swap(&empty, "value = \"0.2 mM\"", "value = \"0 mM\"")), [""; 0]);

    // One law is enough not to be idle.
    let idle = "cells.msc does nothing: no uptake, growth, death or motility";
    assert_eq!(warned(&cells(SEEDED))[0].1, idle);
    assert_eq!(sucks("lysis.rate.value = \"1 1/d\""), ["W037"]);
    assert_eq!(sucks("motility.constant = \"0 m^2/s\""), ["W037"]);
    for law in [
        up,
        "production.oxygen.constant.rate = \"1 fmol/cell/h\"",
        "growth.rate.value = \"1 1/d\"",
        "death.age.rate.value = \"1 1/d\"",
        "motility.constant = \"1e-14 m^2/s\"",
        "deposition.gel.rate = \"1 ng/cell/d\"\n[matrix.gel]\ndensity = \"1000 mg/mL\"",
        "differentiation.b.rate.value = \"1 1/d\"\n[cells.b]",
    ] {
        assert_eq!(sucks(law), [""; 0], "{law}");
    }
    let two = format!("growth.rate.value = \"1 1/d\"\n[cells.b]\n{SEEDED}");
    assert_eq!(warned(&cells(&format!("{SEEDED}{two}")))[0].1, idle.replace("msc", "b"));
    let torn = format!(
        "{SEEDED}detachment = {{ rate.value = \"1 1/d\", when.wall_shear.above.half = \"1 Pa\" }}"
    );
    let law = format!("[flow]\n{PRESSURES}law.darcy.permeability = \"1e-8 cm^2\"\n[run]");
    assert_eq!(codes(&swap(&through(&cells(&torn)), "[run]", &law)), [""; 0]);
    refused(
        &format!("allow = [\"W035\"]\n{SLAB}"),
        "E021",
        "allow[0] is no warning",
        "warnings: W031, W032, W033, W034, W036, W037, W038, W039, W040, W041, W042, W043, W044, \
         W045, W046, W047, W048, W049, W050, W051, W052, W053, W054, W055, W056, W057, W058, \
         W059, W060, W061, W062, W063",
    );
}
