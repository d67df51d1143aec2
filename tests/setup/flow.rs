use super::*;

#[test]
fn laws_of_the_flow() {
    let of = |law: &str| setup(&flow(&format!("{PRESSURES}{law}"))).flow.unwrap();
    let darcy = of(
        "law.darcy.permeability.linear = { axis = \"x\", from = \"1e-8 cm^2\", to = \"9e-8 cm^2\" }\nviscosity = \"0.8 mPa s\"",
    );
    let FlowLaw::Darcy(k) = &darcy.law else { panic!() };
    all_close(k, &[2e-12, 4e-12, 6e-12, 8e-12]);
    close(darcy.viscosity, 0.8e-3);
    let wanted = [FlowBoundary::Pressure(10.0), FlowBoundary::Pressure(0.0)];
    assert_eq!(darcy.boundaries[..2], wanted);
    assert_eq!(darcy.boundaries[2..], [FlowBoundary::Sealed; 4]);
    let faces = darcy.boundaries.len();
    let shut: Vec<bool> =
        (0..faces).map(|f| darcy.shut(blastema::ground::grid::Face::ALL[f])).collect();
    assert_eq!(shut, [false, false, true, true, true, true]);
    let part = format!(
        "{}{LEFT}flow.law.darcy.permeability = \"5e-8 cm^2\"",
        flow(&format!("{PRESSURES}law.darcy.permeability = \"1e-8 cm^2\""))
    );
    let FlowLaw::Darcy(k) = setup(&part).flow.unwrap().law else { panic!() };
    all_close(&k, &[5e-12, 5e-12, 1e-12, 1e-12]);

    let free = of("law.brinkman.permeability = \"1e-8 cm^2\"");
    let FlowLaw::Brinkman { permeability, effective } = &free.law else { panic!() };
    all_close(permeability, &[1e-12; 4]);
    assert_eq!(effective, &[0.0; 4]);
    close(free.viscosity, 0.69e-3);
    let text = format!(
        "{}{LEFT}flow.law.brinkman.effective_viscosity = \"2 mPa s\"",
        flow(&format!(
            "{PRESSURES}law.brinkman = {{ permeability = \"1e-8 cm^2\", \
             effective_viscosity = \"1 mPa s\" }}"
        ))
    );
    let FlowLaw::Brinkman { permeability, effective } = setup(&text).flow.unwrap().law else {
        panic!()
    };
    all_close(&permeability, &[1e-12; 4]);
    all_close(&effective, &[2e-3, 2e-3, 1e-3, 1e-3]);

    let bed = "law.kozeny-carman = { diameter = \"0.2 mm\", constant = 150 }";
    let FlowLaw::Closure(Permeability::KozenyCarman(bed_law)) = of(bed).law else { panic!() };
    all_close(&[bed_law.diameter, bed_law.constant], &[2e-4, 150.0]);
    let FlowLaw::Table(rows) =
        of("law.table.points = [[0.5, \"1e-8 cm^2\"], [0.8, \"3e-8 cm^2\"]]").law
    else {
        panic!()
    };
    assert_eq!((rows[0].0, rows[1].0), (0.5, 0.8));
    all_close(&[rows[0].1, rows[1].1], &[1e-12, 3e-12]);
    let given = setup(&flow("law.given.velocity = [\"6 mm/min\"]"));
    let FlowLaw::Given(u) = given.flow.as_ref().unwrap().law else { panic!() };
    all_close(&u, &[6e-3 / 60.0, 0.0, 0.0]);
    assert_eq!(given.flow_fields(), ["velocity"]);
    let known =
        setup(&flow("law.given = { velocity = [\"6 mm/min\"], permeability = \"1e-8 cm^2\" }"));
    let FlowLaw::Known(q) = &known.flow.as_ref().unwrap().law else { panic!() };
    all_close(&q.permeability, &[1e-12; 4]);
    // Velocity through each of five sides of 1 m², per voxel of 0.5 mm.
    all_close(&q.q[0], &[1e-4 / 0.5e-3; 5]);
    assert!(q.changed.is_none());
    assert_eq!(known.flow_fields(), ["velocity", "wall_shear"]);
}

#[test]
fn flows_that_are_refused() {
    let darcy = "law.darcy.permeability = \"1e-8 cm^2\"\n";
    let wrong = |keys: &str, code: &str, message: &str, label: &str| {
        refused(&flow(keys), code, message, label);
    };
    let none = "no face has one";
    wrong(
        &format!("{darcy}boundary.x_min.rate = \"1 uL/min\""),
        "E011",
        "flow.boundary needs a pressure",
        none,
    );
    let mix = |law: &str| {
        format!(
            "{}{LEFT}flow.law.{law}.permeability = \"5e-8 cm^2\"",
            flow(&format!("{PRESSURES}{darcy}"))
        )
    };
    refused(
        &mix("brinkman"),
        "E020",
        "regions.a.flow beside flow.law.darcy",
        "give flow.law.darcy here too",
    );
    let bed = flow(&format!(
        "{PRESSURES}law.kozeny-carman = {{ diameter = \"0.2 mm\", constant = 180 }}"
    ));
    refused(
        &format!("{bed}{LEFT}flow.law.darcy.permeability = \"5e-8 cm^2\""),
        "E020",
        "regions.a.flow beside flow.law.kozeny-carman",
        "only flow.law.darcy and flow.law.brinkman vary by region",
    );
    refused(
        &format!("{SLAB}{LEFT}flow.law.darcy.permeability = \"5e-8 cm^2\""),
        "E020",
        "regions.a.flow without [flow]",
        "regions change what [flow] says",
    );
    let part = |e: &str| format!("{bed}{LEFT}scaffold.porosity = {e}");
    setup(&part("0.99"));
    refused(
        &part("1"),
        "E023",
        "flow.law.kozeny-carman needs a porosity below 1",
        "there is nothing to flow around: give law.darcy",
    );
    let along = swap(
        &flow("law.given.velocity = [\"0 um/s\", \"1 um/s\"]"),
        "[domain]",
        "[domain]\nshape = \"cylinder\"",
    );
    let along = swap(&along, "[\"2 mm\"]", "[\"2 mm\", \"1 mm\"]").replace(".x_", ".z_");
    setup(&swap(&along, "voxels = [4]", "voxels = [4, 2]"));
    wrong(
        "law.given.velocity = [\"1 um/s\"]\nboundary.x_min.pressure = \"1 Pa\"",
        "E020",
        "flow.boundary.x_min beside flow.law.given",
        "the velocity is known: leave the faces out",
    );
    setup(&flow("law.given.velocity = [\"1 um/s\"]\nboundary.x_min.sealed = {}"));
    setup(&flow("law.given.velocity = [\"1 um/s\"]\nboundary.x_min.symmetry = {}"));
    wrong(
        "law.given.velocity = [\"1 um/s\", \"0 um/s\"]",
        "E016",
        "flow.law.given.velocity has 2 entries",
        "one for each axis of the domain: x",
    );
    let round = "law.given.velocity = [\"1 um/s\"]";
    refused(
        &swap(&flow(round), "[domain]", "[domain]\nshape = \"cylinder\"")
            .replace(".x_", ".r_")
            .replace("boundary.r_min.inlet = \"0.2 mM\"\n", ""),
        "E016",
        "flow.law.given.velocity is not free of sources",
        "a velocity along r that is the same everywhere gains fluid: give 0 there",
    );
    refused(
        &swap(&flow(&format!("{PRESSURES}{darcy}")), "x_max.pressure", "y_max.pressure"),
        "E022",
        "flow.boundary.y_max is on an axis that the domain does not have",
        "the domain has x",
    );
    for (shape, name) in [("cylinder", "cylinder"), ("sphere", "sphere")] {
        let text =
            flow("law.brinkman.permeability = \"1e-8 cm^2\"\nboundary.r_max.pressure = \"1 Pa\"");
        let text = swap(&text, "[domain]", &format!("[domain]\nshape = \"{shape}\""));
        let text =
            swap(&text, "boundary.x_min.inlet = \"0.2 mM\"\nboundary.x_max", "boundary.r_max");
        refused(
            &text,
            "E023",
            "flow.law.brinkman needs a box",
            &format!("it is not modelled in a {name}: give law.darcy"),
        );
    }
}

/// Where nothing drives the fluid nothing is asked of the solutes.
#[test]
fn a_flow_at_rest() {
    let codes = |keys: &str| codes(&flow(keys));
    let darcy = "law.darcy.permeability = \"1e-8 cm^2\"\n";
    let equal = "boundary.x_min.pressure = \"2 Pa\"\nboundary.x_max.pressure = \"2 Pa\"\n";
    assert_eq!(codes(&format!("{darcy}{equal}")), ["W040"]);
    assert_eq!(codes(&format!("{darcy}{}boundary.x_max.rate = \"0 L/s\"", &equal[..33])), ["W040"]);
    assert_eq!(codes("law.given.velocity = [\"0 um/s\"]"), ["W040"]);
    let known = "law.given = { velocity = [\"0 um/s\"], permeability = \"1e-8 cm^2\" }";
    assert_eq!(codes(known), ["W040"]);
    assert_eq!(codes(&format!("{darcy}{PRESSURES}")), [""; 0]);
    assert_eq!(
        codes(&format!("{darcy}{}boundary.x_min.rate = \"1 uL/s\"", &PRESSURES[34..])),
        [""; 0]
    );
}

/// What a solute may have on a face through which the fluid of a given velocity goes.
#[test]
fn solutes_in_a_given_flow() {
    for permeability in ["", ", permeability = \"1e-8 cm^2\""] {
        let with = |velocity: &str, low: &str, high: &str| {
            let text =
                flow(&format!("law.given = {{ velocity = [\"{velocity}\"]{permeability} }}"));
            let text = swap(&text, "boundary.x_min.inlet = \"0.2 mM\"\n", low);
            swap(&text, "boundary.x_max.outflow = {}", high)
        };
        let (inlet, out) = ("boundary.x_min.inlet = \"0.2 mM\"\n", "boundary.x_max.outflow = {}");
        let back = ("boundary.x_min.outflow = {}\n", "boundary.x_max.inlet = \"0.2 mM\"");
        setup(&with("1 um/s", inlet, out));
        setup(&with("-1 um/s", back.0, back.1));
        setup(&with(
            "1 um/s",
            "boundary.x_min.value = \"0.2 mM\"\n",
            "boundary.x_max.value = \"0.2 mM\"",
        ));
        let key = |face: &str| format!("solutes.oxygen.boundary.{face}");
        let enters = "give inlet = the concentration that the fluid brings";
        let leaves = "write outflow = {}";
        let flux = "boundary.x_min.flux = \"1 nmol/cm^2/s\"\n";
        for low in ["", flux, "boundary.x_min.sealed = {}\n"] {
            let message = "oxygen cannot pass x_min, where fluid enters";
            refused(&with("1 um/s", low, out), "E023", message, enters);
            let message = "oxygen cannot pass x_min, where fluid leaves";
            refused(&with("-1 um/s", low, back.1), "E023", message, leaves);
        }
        let says = |way: &str| format!("{}: fluid {way} through x_min", key("x_min"));
        let brings = "give inlet = the concentration that it brings";
        refused(&with("1 um/s", back.0, out), "E023", &says("enters"), brings);
        refused(&with("-1 um/s", inlet, back.1), "E023", &says("leaves"), leaves);
        // A bath keeps its volume.
        let bath = |low: &str, high: &str| {
            let text = with("1 um/s", low, high);
            swap(&text, "[run]", "[baths.jar]\nvolume = \"1 L\"\n[run]")
        };
        let at = |face: &str| {
            format!("boundary.{face}.bath = {{ name = \"jar\", start = \"0.2 mM\" }}\n")
        };
        setup(&bath(&at("x_min"), &at("x_max")));
        refused(
            &bath(&at("x_min"), out),
            "E023",
            "baths.jar runs empty: fluid leaves it through x_min for good",
            "name it at the outlet too (recirculation), or give inlet there",
        );
        refused(
            &bath(inlet, &at("x_max")),
            "E023",
            "baths.jar overflows: fluid enters it through x_max for good",
            "name it at the inlet too (recirculation), or write outflow = {} there",
        );
    }
    // Along y nothing passes, and without a flow nothing does.
    let plate = swap(
        &flow("law.given.velocity = [\"1 um/s\", \"0 um/s\"]"),
        "size = [\"2 mm\"]",
        "size = [\"2 mm\", \"1 mm\"]",
    );
    let plate = swap(&plate, "voxels = [4]", "voxels = [4, 2]");
    setup(&plate);
    let key = "solutes.oxygen.boundary.y_max";
    refused(
        &swap(&plate, "boundary.x_max", "boundary.y_max.outflow = {}\nboundary.x_max"),
        "E023",
        &format!("{key}: no fluid passes y_max"),
        "give flow.boundary a pressure or a rate there, or leave it out",
    );
    refused(
        &oxygen("boundary.x_min.inlet = \"0.2 mM\"").replace("[run]\nboundary", "boundary"),
        "E023",
        "solutes.oxygen.boundary.x_min without [flow]",
        "nothing carries the solute here: write [flow], or give a value",
    );
}

/// Velocities of two voxels a row of a file.
#[test]
fn velocities_of_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let read = |numbers: &str, more: &str| {
        let law = format!(
            "[flow.law.given]\nfield = {{ path = \"u.csv\", unit = \"um/s\", open = [\"x_min\", \
             \"x_max\"] }}\n{more}\n[run]"
        );
        fs::write(dir.path().join("u.csv"), numbers).unwrap();
        fs::write(dir.path().join("x.toml"), swap(&through(SLAB), "[run]", &law)).unwrap();
        load(&dir.path().join("x.toml"), &[])
    };
    let even =
        read("3\n3\n3\n3\n", "permeability = \"1e-8 cm^2\"").unwrap_or_else(|e| panic!("{e}"));
    assert!(even.warnings.is_empty());
    let FlowLaw::Known(known) = even.setup.flow.unwrap().law else { panic!() };
    // Per voxel of 0.5 mm.
    known.q[0].iter().for_each(|q| assert!((q / (3e-6 / 0.5e-3) - 1.0).abs() < 1e-9, "{q:e}"));
    all_close(&known.permeability, &[1e-12; 4]);
    assert!(known.changed.unwrap() < 1e-9);
    // Through the faces 3.8, 3.4, 2.9, 2.8, 2.8: the second voxel, at 750 µm, loses 0.5. What passes
    // all with the least change is (3.8/2 + 3.4 + 2.9 + 2.8 + 2.8/2)/4 = 3.1.
    let uneven = read("3.8\n3\n2.8\n2.8\n", "").unwrap_or_else(|e| panic!("{e}"));
    let [told] = &uneven.warnings[..] else { panic!("{:?}", uneven.warnings) };
    let share = f64::sqrt(0.8 / 50.09);
    assert!((share - 0.1264).abs() < 5e-5);
    assert_eq!(told.code, "W046");
    let message = "flow.law.given.field.path is not free of sources: changed by 12.6 %";
    assert_eq!(told.message, message);
    let largest = format!("largest source at (750 um): {} % of the largest flow", 13.2);
    assert!((0.5_f64 / 3.8 - 0.132).abs() < 5e-4 && told.label.starts_with(&largest));
    let FlowLaw::Known(known) = uneven.setup.flow.unwrap().law else { panic!() };
    known.q[0].iter().for_each(|q| assert!((q / (3.1e-6 / 0.5e-3) - 1.0).abs() < 1e-9, "{q:e}"));
    assert!((known.changed.unwrap() / share - 1.0).abs() < 1e-9);
    assert!(known.permeability.is_empty());
    let label = |numbers: &str| {
        let report = read(numbers, "").expect_err("refused");
        let d = &report.diagnostics[0];
        (d.code, d.message.clone(), d.label.clone())
    };
    let (code, message, _) = label("3\n-3\n3\n-3\n");
    assert_eq!(code, "E024");
    assert!(message.starts_with("flow.law.given.field.path holds no flow: "), "{message}");
    assert_eq!(
        label("3\n3\n3\n"),
        (
            "E024",
            "flow.law.given.field.path has 3 values".into(),
            "4 voxels have 4: one along each axis".into()
        )
    );
}

/// One voxel of 1 mm, 1 mm and 1 m: its middle has the mean of three pressures.
#[test]
fn ways_that_only_the_solution_tells() {
    let with = |pressure: &str, side: &str| {
        let text = flow(&format!(
            "law.darcy.permeability = \"6.9e-16 m^2\"\n{PRESSURES}boundary.y_max.pressure = \"{pressure} Pa\""
        ));
        let text = swap(&text, "[\"2 mm\"]", "[\"1 mm\", \"1 mm\"]");
        let text = swap(&text, "voxels = [4]", "voxels = [1, 1]");
        swap(
            &text,
            "boundary.x_max.outflow = {}",
            &format!("boundary.x_max.outflow = {{}}\n{side}"),
        )
    };
    let [inlet, out, value, flux] =
        ["inlet = \"0.2 mM\"", "outflow = {}", "value = \"0.2 mM\"", "flux = \"0 nmol/cm^2/s\""]
            .map(|c| format!("boundary.y_max.{c}"));
    let key = "solutes.oxygen.boundary.y_max";
    let wrong = |text: &str, message: &str, label: &str| refused(text, "E023", message, label);
    // (10 + 0 + 1)/3 Pa in the middle, K/µ = 1e-12 m²/(Pa s), 1e-3 m² over half a millimetre:
    // 2e-12·(11/3 − 1) m³/s leave through y_max, 3.2e-4 mL/min.
    let leaves = "3.2e-4 mL/min leave: write outflow = {}";
    for side in ["", &flux] {
        wrong(&with("1", side), "oxygen cannot pass y_max, where fluid leaves", leaves);
    }
    wrong(&with("1", &inlet), &format!("{key}: fluid leaves through y_max"), leaves);
    setup(&with("1", &out));
    setup(&with("1", &value));
    // (10 + 0 + 8)/3 = 6 Pa: 2e-12·2 m³/s enter, 2.4e-4 mL/min.
    let enters = "2.4e-4 mL/min enter: give inlet = the concentration that enters";
    for side in ["", &flux] {
        wrong(&with("8", side), "oxygen cannot pass y_max, where fluid enters", enters);
    }
    let rest = format!("{enters}; the rest leaves all the same");
    wrong(&with("8", &out), &format!("{key}: fluid enters through y_max"), &rest);
    setup(&with("8", &inlet));
    setup(&with("8", &value));

    // A file that goes right in one row and left in the other.
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("u.csv"), "1 0\n1 0\n-1 0\n-1 0\n").unwrap();
    let text = swap(
        &flow(
            "law.given.field = { path = \"u.csv\", unit = \"um/s\", open = [\"x_min\", \"x_max\"] }",
        ),
        "size = [\"2 mm\"]\nvoxels = [4]",
        "size = [\"2 mm\", \"1 mm\"]\nvoxels = [2, 2]",
    );
    let read = |text: &str| {
        fs::write(dir.path().join("x.toml"), text).unwrap();
        load(&dir.path().join("x.toml"), &[])
    };
    let report = read(&text).expect_err("enters there too");
    // 1 µm/s through 0.5 mm · 1 m are 0.03 mL/min.
    let d = &report.diagnostics[0];
    assert_eq!(
        (report.errors(), d.message.as_str()),
        (1, "solutes.oxygen.boundary.x_max: fluid enters through x_max")
    );
    assert_eq!(
        d.label,
        "0.03 mL/min enter and 0.03 mL/min leave: give inlet = the concentration that enters; the \
         rest leaves all the same"
    );
    let both = swap(&text, "x_max.outflow = {}", "x_max.inlet = \"0.2 mM\"");
    read(&both).unwrap_or_else(|e| panic!("{e}"));

    // A table of permeabilities on either side of the porosity.
    let table = |from: f64, to: f64| {
        let points = format!("law.table.points = [[{from}, \"1e-12 m^2\"], [{to}, \"2e-12 m^2\"]]");
        warned(&flow(&format!("{PRESSURES}{points}")))
    };
    assert_eq!(table(0.8, 0.9), []);
    assert_eq!(table(0.7, 0.8), []);
    let said = table(0.85, 0.9);
    let label = "it has 0.85 to 0.9; beyond, its last permeability holds";
    let message = "flow.law.table does not reach the porosity: 0.8";
    assert_eq!(said, [("W044", message.to_owned(), label.to_owned())]);
    let part = flow(&format!(
        "{PRESSURES}law.table.points = [[0.5, \"1e-12 m^2\"], [0.7, \"2e-12 m^2\"]]"
    ));
    let said = warned(&format!("{part}{LEFT}scaffold.porosity = 0.6"));
    assert_eq!(said[0].1, "flow.law.table does not reach the porosity: 0.6 to 0.8");
}

/// Rates tell the way through a face of the only pressure, and a rate of nothing tells none.
#[test]
fn ways_told_by_rates() {
    let with = |rate: &str, low: &str, high: &str| {
        let text = flow(&format!(
            "law.darcy.permeability = \"1e-8 cm^2\"\nboundary.x_min.rate = \"{rate} uL/s\"\n\
             boundary.x_max.pressure = \"3 Pa\""
        ));
        let text = swap(&text, "boundary.x_min.inlet = \"0.2 mM\"\n", low);
        swap(&text, "boundary.x_max.outflow = {}", high)
    };
    let inlet = |face: &str| format!("boundary.{face}.inlet = \"0.2 mM\"\n");
    let outflow = |face: &str| format!("boundary.{face}.outflow = {{}}\n");
    let given = setup(&with("1", &inlet("x_min"), &outflow("x_max"))).flow.unwrap();
    let FlowBoundary::Rate(rate) = given.boundaries[0] else { panic!() };
    close(rate, 1e-9);
    setup(&with("-1", &outflow("x_min"), &inlet("x_max")));
    let leaves = "oxygen cannot pass x_max, where fluid leaves";
    refused(&with("1", &inlet("x_min"), ""), "E023", leaves, "write outflow = {}");
    refused(
        &with("-1", &outflow("x_min"), ""),
        "E023",
        "oxygen cannot pass x_max, where fluid enters",
        "give inlet = the concentration that the fluid brings",
    );
    assert_eq!(codes(&with("0", "", "")), ["W040"]);
}
