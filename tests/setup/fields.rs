use super::*;

#[test]
fn values_in_space() {
    let hollow = swap(SLAB, "[domain]", "[domain]\nshape = \"cylinder\"\ninner_radius = \"1 mm\"");
    let hollow = swap(&swap(&hollow, "[\"2 mm\"]", "[\"3 mm\"]"), "x_max", "r_max");
    let initial = |text: &str, form: &str| {
        let s = setup(&swap(text, "initial = \"0.2 mM\"", &format!("initial.{form}")));
        let Initial::Field(values) = s.solutes[0].initial.clone() else { panic!() };
        values
    };
    // From 1 to 3 mm: the centres lie at eighths of the way.
    let linear =
        |axis: &str| format!("linear = {{ axis = \"{axis}\", from = \"1 mM\", to = \"9 mM\" }}");
    all_close(&initial(&hollow, &linear("r")), &[2.0, 4.0, 6.0, 8.0]);
    all_close(&initial(SLAB, &linear("x")), &[2.0, 4.0, 6.0, 8.0]);
    let table =
        "table = { axis = \"r\", points = [[\"1.5 mm\", \"1 mM\"], [\"2.5 mm\", \"3 mM\"]] }";
    all_close(&initial(&hollow, table), &[1.0, 1.5, 2.5, 3.0]);
    let formula = "formula = { value = \"2 mM\", times = \"r/(1 mm)\" }";
    all_close(&initial(&hollow, formula), &[2.5, 3.5, 4.5, 5.5]);
    let wrong = |form: &str, code: &str, message: &str, label: &str| {
        let text = swap(SLAB, "initial = \"0.2 mM\"", &format!("initial.{form}"));
        refused(&text, code, &format!("solutes.oxygen.initial{message}"), label);
    };
    wrong(
        &linear("y"),
        "E022",
        ".linear.axis is on an axis that the domain does not have",
        "the domain has x",
    );
    wrong(
        "formula = { value = \"2 mM\", times = \"x\" }",
        "E025",
        ".formula.times has a dimension",
        "it has length; divide by a quantity, for example (x/(1 mm))",
    );
    wrong(
        "formula = { value = \"2 mM\", times = \"1 - x/(1 mm)\" }",
        "E016",
        " is out of range",
        "-500 uM at (1.25 mm); must be at least 0",
    );
    let bad = report(&swap(
        SLAB,
        "initial = \"0.2 mM\"",
        "initial.formula = { value = \"2 mM\", times = \"1 + q\" }",
    ));
    let d = &bad.diagnostics[0];
    assert_eq!(
        (d.code, d.message.as_str()),
        ("E025", "solutes.oxygen.initial.formula.times is no formula")
    );
    // Under the q, behind the quote and four characters.
    assert_eq!(d.excerpt.chars().nth(d.column - 1), Some('q'));

    let caret = |times: &str| {
        let form = format!("initial.formula = {{ value = \"2 mM\", times = \"{times}\" }}");
        let d = report(&swap(SLAB, "initial = \"0.2 mM\"", &form)).diagnostics.remove(0);
        d.excerpt.chars().nth(d.column - 1).unwrap()
    };
    assert_eq!(caret("x/(1 µm) + q"), 'q');
    // Where the text has escapes, under its quote.
    assert_eq!(caret("1 + \\u0071"), '"');

    // Files beside the case.
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    put("course.csv", "t,c\n0,1\n30,3\n");
    put("falls.csv", "0,1\n2,3\n1,4\n");
    put("cells.csv", "1\n2\n3\n4\n");
    let read = |text: &str| {
        put("x.toml", text);
        load(&dir.path().join("x.toml"), &[])
    };
    let course = "value.csv = { path = \"course.csv\", time_unit = \"min\", unit = \"uM\" }";
    let timed = swap(SLAB, "value = \"0.2 mM\"", course);
    let s = read(&timed).unwrap_or_else(|e| panic!("{e}")).setup;
    let Boundary::Value(Signal::Ramp(rows)) = &s.solutes[0].boundaries[1] else { panic!() };
    assert_eq!((rows[0].0, rows[1].0), (0.0, 1800.0));
    all_close(&[rows[0].1, rows[1].1], &[1e-3, 3e-3]);
    put("high.csv", "0,0.5\n2,1.2\n");
    let freed = "release = { loaded = \"1 mM\", law.measured.csv.path = \"FILE\" }";
    let high = read(&oxygen(&freed.replace("FILE", "high.csv"))).expect_err("beyond 1");
    let d = &high.diagnostics[0];
    assert_eq!(d.message, "solutes.oxygen.release.law.measured is out of range");
    assert_eq!(d.label, "it reaches 1.2; must be at least 0 and at most 1");
    put("freed.csv", "1,0.5\n2,1\n");
    let s = read(&oxygen(&freed.replace("FILE", "freed.csv"))).unwrap_or_else(|e| panic!("{e}"));
    let law = &s.setup.solutes[0].release.as_ref().unwrap().law;
    assert_eq!(law, &Release::Measured(vec![(0.0, 0.0), (3600.0, 0.5), (7200.0, 1.0)]));
    let hours = swap(&timed, "time_unit = \"min\", ", "");
    let s = read(&hours).unwrap_or_else(|e| panic!("{e}")).setup;
    assert_eq!(s.solutes[0].boundaries[1].signal().unwrap().breaks(), [0.0, 30.0 * 3600.0]);
    let file =
        |keys: &str| swap(SLAB, "initial = \"0.2 mM\"", &format!("initial.file = {{ {keys} }}"));
    let field = |keys: &str| {
        let s = read(&file(keys)).unwrap_or_else(|e| panic!("{e}")).setup;
        let Initial::Field(values) = s.solutes[0].initial.clone() else { panic!() };
        values
    };
    // At 250, 750, … µm; 1 at 0 and 3 at 30, times 50 µm.
    let axis = "path = \"course.csv\", axis = \"x\", unit = \"mM\"";
    all_close(
        &field(&format!("{axis}, coordinate_unit = \"50 um\"").replace("\"50 um\"", "\"um\"")),
        &[3.0; 4],
    );
    all_close(&field(axis), &[0.25, 0.75, 1.25, 1.75].map(|x| 1.0 + 2.0 * x / 30.0));
    all_close(&field("path = \"cells.csv\", unit = \"uM\""), &[1e-3, 2e-3, 3e-3, 4e-3]);
    let says = |text: &str| {
        let report = read(text).expect_err("refused");
        let d = &report.diagnostics[0];
        (d.code, d.message.clone(), d.label.clone())
    };
    let path = "solutes.oxygen.initial.file.path";
    assert_eq!(
        says(&file("path = \"course.csv\", unit = \"uM\"").replace("voxels = [4]", "voxels = [5]")),
        ("E024", format!("{path} has 4 values"), "the grid has 5 voxels".into())
    );
    assert_eq!(
        says(&timed.replace("course", "falls")),
        (
            "E024",
            "solutes.oxygen.boundary.x_max.value.csv.path: falls.csv cannot be used".into(),
            "it does not ascend in line 3".into()
        )
    );
}
