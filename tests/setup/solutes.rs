use super::*;

#[test]
fn conditions_on_faces_and_baths() {
    let s = setup(BLOCK);
    let [oxygen, drug] = &s.solutes[..] else { panic!() };
    let [value, flux, film, still, bath, sealed] = &oxygen.boundaries;
    let Boundary::Value(Signal::Steps(steps)) = value else { panic!("{value:?}") };
    assert_eq!(steps, &[(0.0, 0.2), (6.0 * 3600.0, 0.1)]);
    let Boundary::Flux(Signal::Ramp(ramp)) = flux else { panic!("{flux:?}") };
    assert_eq!([ramp[0].0, ramp[1].0], [0.0, DAY]);
    all_close(&[ramp[0].1, ramp[1].1], &[-3e-9 / 1e-4, 2e-9 / 1e-4]);
    let Boundary::Transfer { coefficient, outside } = film else { panic!("{film:?}") };
    close(*coefficient, 4e-6);
    assert_eq!(outside, &Signal::Sine { mean: 0.2, amplitude: 0.1, period: 43200.0 });
    let Boundary::StagnantMedium { height, coefficient, top: Signal::Constant(top) } = still else {
        panic!("{still:?}")
    };
    all_close(&[*height, *coefficient, *top], &[5e-3, 2e-9 / 5e-3, 18.6 * 9.576e-3]);
    assert!(bath.is_bath(1) && matches!(sealed, Boundary::Sealed));
    assert!(drug.boundaries[5].is_bath(1) && matches!(drug.boundaries[0], Boundary::Sealed));
    // ln 2 over two hours; the tensor holds for the free diffusivity alone.
    all_close(&[oxygen.decay, drug.decay], &[LN_2 / 7200.0, 0.1 / 3600.0]);
    assert_eq!((oxygen.axis, drug.axis), ([0.3, 0.2, 0.1], [1.0; 3]));
    assert_eq!((oxygen.free_diffusivity, drug.free_diffusivity), (Some(2e-9), None));
    assert_eq!((oxygen.diffusivity, drug.diffusivity), (2e-9, 1e-10));
    // Of oxygen from the library: O₂.
    assert_eq!((oxygen.molar_mass, drug.molar_mass), (Some(0.032), Some(50.0)));
    assert_eq!((&oxygen.relative[..], &drug.relative[..]), (&[1.0; 8][..], &[1.0; 8][..]));
    assert!(oxygen.source.is_none() && oxygen.release.is_none());

    let [glass, dish] = &s.baths[..] else { panic!() };
    all_close(&[glass.volume, dish.volume], &[1e-3, 2e-6]);
    assert_eq!(glass.solutes, []);
    // 2 kg/m³ over 50 kg/mol.
    assert_eq!((dish.solutes[0], dish.solutes[1].0), ((0, 0.18), 1));
    close(dish.solutes[1].1, 2.0 / 50.0);
    let hours = |b: &Bath| b.changes.iter().map(|c| (c.0 / 3600.0, c.1)).collect::<Vec<_>>();
    assert_eq!(hours(glass), [(6.0, 0.5), (18.0, 0.5), (30.0, 0.5), (42.0, 0.5)]);
    assert_eq!(hours(dish), [(12.0, 1.0), (24.0, 1.0), (36.0, 1.0)]);
    assert!(s.flow.is_none() && s.ph.is_none() && !s.flow_changes() && s.flow_fields().is_empty());
    let idle = "name it: boundary.z_max.bath = { name = \"glass\", start = … }";
    assert_eq!(
        warned(BLOCK),
        [("W036", "baths.glass touches no face".to_owned(), idle.to_owned())]
    );
}

#[test]
fn conditions_that_are_refused() {
    let wrong = |from: &str, to: &str, code: &str, message: &str, label: &str| {
        refused(&swap(BLOCK, from, to), code, message, label);
    };
    let of = "solutes.oxygen.boundary";
    wrong(
        "name = \"dish\", start = \"0.18 mM\"",
        "name = \"dsh\", start = \"0.18 mM\"",
        "E021",
        &format!("{of}.z_min.bath.name: no bath is called `dsh`"),
        "did you mean \"dish\"?",
    );
    // One bath starts one way.
    let both = |start: &str| format!("z_max.bath = {{ name = \"dish\", start = \"{start}\" }}");
    setup(&swap(BLOCK, "z_max.sealed = {}", &both("0.18 mM")));
    wrong(
        "z_max.sealed = {}",
        &both("0.17 mM"),
        "E023",
        &format!("{of}.z_max.bath.start differs between faces"),
        "another face of this solute says 180 uM; a bath is well mixed",
    );
    setup(&swap(BLOCK, "z_max.sealed = {}", &both("0.17 mM").replace("dish", "glass")));
    wrong(
        "boundary.z_max.bath = { name = \"dish\", start = \"2 mg/mL\" }",
        "boundary.z_max.stagnant-medium = { height = \"1 mm\", top = \"0 mM\" }",
        "E023",
        "solutes.drug.boundary.z_max.stagnant-medium needs the free diffusivity",
        "use transfer with coefficient = D_free/height, or give diffusivity",
    );
    wrong(
        "z_max.sealed",
        "r_max.sealed",
        "E022",
        &format!("{of}.r_max is on an axis that the domain does not have"),
        "the domain has x, y and z",
    );
    // A million changes are too many, in two days.
    let often = |every: &str| {
        swap(BLOCK, "change.every = \"12 h\"", &format!("change.every = \"{every}\""))
    };
    assert_eq!(setup(&often("0.2 s")).baths[1].changes.len(), 863_999);
    refused(
        &often("0.17 s"),
        "E016",
        "baths.dish.change.every gives more than a million changes",
        "",
    );
    // A signal that leaves what it may be, above its mean or below it.
    wrong(
        "amplitude = \"0.1 mM\"",
        "amplitude = \"-0.21 mM\"",
        "E016",
        &format!("{of}.y_min.transfer.outside is out of range"),
        "it reaches -10 uM; must be at least 0",
    );
    setup(&swap(BLOCK, "amplitude = \"0.1 mM\"", "amplitude = \"0.2 mM\""));
    wrong(
        "[\"6 h\", \"0.1 mM\"]",
        "[\"0 h\", \"0.1 mM\"]",
        "E016",
        &format!("{of}.x_min.value.steps.points does not ascend"),
        "the first entries of the rows must ascend",
    );
    for (key, label) in [("oxygen2", "did you mean `oxygen`?"), ("zzz", "")] {
        let region = format!(
            "[regions.a]\nshape.layer = {{ axis = \"x\", from = \"0 mm\", to = \"1 mm\" }}\n\
             solutes.{key}.initial = \"0.1 mM\"\n[run]"
        );
        let message = format!("regions.a.solutes.{key}: the case has no solutes.{key}");
        wrong("[run]", &region, "E021", &message, label);
    }
    let named = cells(&format!("{SEEDED}lysis.rate.value = \"1 1/d\"")).replace("msc", "oxygen");
    refused(
        &named,
        "E026",
        "cells.oxygen has the name of a solute",
        "fields are called by these names: take another",
    );
}

#[test]
fn sources_and_releases() {
    let source = |keys: &str| setup(&oxygen(keys)).solutes[0].source.clone().unwrap();
    let hour = 1.0 / 3600.0;
    let s = source("source.rate.linear = { axis = \"x\", from = \"0 mM/h\", to = \"8 mM/h\" }");
    all_close(&s.rate, &[1.0 * hour, 3.0 * hour, 5.0 * hour, 7.0 * hour]);
    assert_eq!(s.times, Signal::Constant(1.0));
    let s =
        source("source = { rate = \"2 mM/h\", times.steps.points = [[\"0 h\", 3], [\"1 h\", 0]] }");
    all_close(&s.rate, &[2.0 * hour; 4]);
    assert_eq!(s.times, Signal::Steps(vec![(0.0, 3.0), (3600.0, 0.0)]));
    let s = source(&format!("{LEFT}solutes.oxygen.source.rate = \"4 mM/h\""));
    all_close(&s.rate, &[4.0 * hour, 4.0 * hour, 0.0, 0.0]);

    let release = |law: &str| {
        let keys = format!("release = {{ loaded = \"3 mM\", law.{law} }}");
        let r = setup(&oxygen(&keys)).solutes[0].release.clone().unwrap();
        assert_eq!(r.loaded, [3.0; 4]);
        r.law
    };
    let Release::FirstOrder { rate, burst } =
        release("first-order = { rate.half_life = \"6 h\", burst = 0.2 }")
    else {
        panic!()
    };
    all_close(&[rate, burst], &[LN_2 / 21600.0, 0.2]);
    let law = release("zero-order.over = \"3 d\"");
    assert_eq!(law, Release::ZeroOrder { over: 3.0 * DAY, burst: 0.0 });
    // k of (t/1 d)^n = (t/τ)^n: τ = k^(−1/n) days.
    let Release::KorsmeyerPeppas { scale, exponent } =
        release("korsmeyer-peppas = { k = 0.25, exponent = 0.5, time_unit = \"d\" }")
    else {
        panic!()
    };
    all_close(&[scale, exponent], &[16.0 * DAY, 0.5]);
    let Release::KorsmeyerPeppas { scale, .. } =
        release("korsmeyer-peppas = { k = 0.5, exponent = 1 }")
    else {
        panic!()
    };
    close(scale, 2.0 * 3600.0);
    let rows =
        |more: &str| format!("measured.ramp.points = [[\"0 h\", 0.1], [\"1 h\", 0.3], {more}]");
    let law = release(&rows("[\"2 h\", 0.3]"));
    assert_eq!(law, Release::Measured(vec![(0.0, 0.1), (3600.0, 0.3), (7200.0, 0.3)]));
    let keys = format!("release = {{ loaded = \"3 mM\", law.{} }}", rows("[\"2 h\", 0.29]"));
    refused(
        &oxygen(&keys),
        "E016",
        "solutes.oxygen.release.law.measured falls",
        "from 0.3 to 0.29 at 2 h: give the cumulative fraction",
    );
    let zero = "release = { loaded = \"3 mM\", law.zero-order.over = \"3 d\" }";
    let part = setup(&oxygen(&format!("{zero}\n{LEFT}solutes.oxygen.release.loaded = \"1 mM\"")));
    assert_eq!(part.solutes[0].release.as_ref().unwrap().loaded, [1.0, 1.0, 3.0, 3.0]);
    refused(
        &oxygen(&format!("{LEFT}solutes.oxygen.release.loaded = \"1 mM\"")),
        "E020",
        "regions.a.solutes.oxygen.release.loaded needs solutes.oxygen.release.law",
        "a region changes what is loaded, not how it leaves",
    );
    refused(
        &swap(&oxygen(zero), "duration = \"2 d\"", "steady = true"),
        "E020",
        "solutes.oxygen.release beside run.steady",
        "a release is a course in time: give run.duration",
    );
    let ph = "[ph]\nacid = \"oxigen\"\nbicarbonate = \"24 mM\"";
    refused(
        &oxygen(ph),
        "E021",
        "ph.acid: the case has no solute `oxigen`",
        "did you mean `oxygen`?",
    );
    let (acid, buffer) = setup(&oxygen(&ph.replace("oxigen", "oxygen"))).ph.unwrap();
    assert_eq!(acid, 0);
    close(buffer.pco2, 38.0 * 133.322_387_415);
}

#[test]
fn regions_of_solutes_and_scaffold() {
    let inside = swap(SLAB, "diffusivity = ", "diffusivity_in_scaffold = ");
    let text = format!("{inside}{LEFT}solutes.oxygen.diffusivity_in_scaffold = \"5e-10 m^2/s\"");
    let s = &setup(&text).solutes[0];
    assert_eq!(s.diffusivity, 2e-9);
    all_close(&s.relative, &[0.25, 0.25, 1.0, 1.0]);
    refused(
        &format!("{SLAB}{LEFT}solutes.oxygen.diffusivity_in_scaffold = \"5e-10 m^2/s\""),
        "E020",
        "regions.a.solutes.oxygen.diffusivity_in_scaffold needs \
         solutes.oxygen.diffusivity_in_scaffold",
        "the solute has a free diffusivity; change porosity or effective_diffusivity here",
    );
    let Initial::Field(values) =
        &setup(&format!("{SLAB}{LEFT}solutes.oxygen.initial = \"0.1 mM\"")).solutes[0].initial
    else {
        panic!()
    };
    all_close(values, &[0.1, 0.1, 0.2, 0.2]);
    // Another key of the region leaves the initial concentration uniform.
    let other = format!("{SLAB}{LEFT}solutes.oxygen.source.rate = \"1 mM/h\"");
    assert!(matches!(setup(&other).solutes[0].initial, Initial::Uniform(c) if c == 0.2));
    let steady = swap(SLAB, "initial = \"0.2 mM\"", "initial.steady = {}");
    assert!(matches!(setup(&steady).solutes[0].initial, Initial::Steady));
    refused(
        &format!("{steady}{LEFT}solutes.oxygen.initial = \"0.1 mM\""),
        "E020",
        "regions.a.solutes.oxygen.initial beside initial.steady",
        "the steady solution has no regions",
    );
    // Its own law where the region says so, its own porosity under the law of all.
    let s = setup(&format!("{SLAB}{LEFT}scaffold.effective_diffusivity.maxwell = {{}}"));
    let maxwell = 2.0 * 0.8 / (3.0 - 0.8);
    all_close(&s.solutes[0].relative, &[maxwell, maxwell, 0.8, 0.8]);
    let s = setup(&format!("{SLAB}{LEFT}scaffold.porosity = 0.6"));
    all_close(&s.solutes[0].relative, &[0.6, 0.6, 0.8, 0.8]);
    all_close(&s.structure.porosity, &[0.6, 0.6, 0.8, 0.8]);
    // A region of porosity below 1 in free fluid.
    let free = swap(SLAB, "porosity = 0.8\neffective_diffusivity.area = {}", "");
    assert_eq!(setup(&free).structure.porosity[..], [1.0; 4]);
    let part = format!("{free}{LEFT}scaffold.porosity = 0.5\n");
    refused(&part, "E011", "scaffold.effective_diffusivity is missing", "the porosity is below 1");
    let s = setup(&format!("{part}scaffold.effective_diffusivity.tortuosity.factor = 2"));
    all_close(&s.structure.porosity, &[0.5, 0.5, 1.0, 1.0]);
    all_close(&s.solutes[0].relative, &[0.25, 0.25, 1.0, 1.0]);
    setup(&swap(&part, "diffusivity =", "diffusivity_in_scaffold ="));

    let law = |law: &str| {
        setup(&swap(
            SLAB,
            "effective_diffusivity.area = {}",
            &format!("effective_diffusivity.{law}"),
        ))
        .solutes[0]
            .relative[0]
    };
    close(law("table.points = [[0.7, 0.3], [0.9, 0.6]]"), 0.45);
    close(law("mackie-meares = {}"), 0.8 * (0.8_f64 / 1.2).powi(2));
    close(law("millington-quirk = {}"), 0.8_f64.powf(4.0 / 3.0));

    // One ratio for each axis that there is.
    let tensor = |t: &str| swap(BLOCK, "{ x = 0.3, y = 0.2, z = 0.1 }", t);
    let key = "scaffold.effective_diffusivity.tensor";
    refused(
        &tensor("{ x = 0.3, y = 0.2 }"),
        "E011",
        &format!("{key}.z is missing"),
        "a ratio for each axis: x, y, z",
    );
    refused(
        &tensor("{ x = 0.3, y = 0.2, z = 0.1, r = 0.1 }"),
        "E023",
        &format!("{key}.r is along no axis of the domain"),
        "its axes are x, y, z",
    );
    let slab = |t: &str| {
        swap(
            SLAB,
            "effective_diffusivity.area = {}",
            &format!("effective_diffusivity.tensor = {t}"),
        )
    };
    let s = &setup(&slab("{ x = 0.4 }")).solutes[0];
    assert_eq!((s.axis, &s.relative[..]), ([0.4, 1.0, 1.0], &[1.0; 4][..]));
    setup(&slab("{ x = 0.4, y = 0.2 }"));
    refused(
        &format!("{}{LEFT}scaffold.effective_diffusivity.area = {{}}", slab("{ x = 0.4 }")),
        "E020",
        "regions.a.scaffold.effective_diffusivity beside a tensor of the whole scaffold",
        "the ratios of a tensor hold everywhere",
    );
}

/// Lactate is made of glucose, and glucose is taken up as oxygen lets it: each waits for the one
/// before. Where oxygen has no say both go side by side, and on many voxels nothing does.
#[test]
fn what_is_solved_for_side_by_side() {
    let of = |text: &str| waves(&setup(text));
    assert_eq!(of(LAWS), [0..1, 1..2, 2..3]);
    let free = swap(LAWS, "glucose.oxygen = { factor = 3, half = \"10 uM\", exponent = 2 }\n", "");
    assert_eq!(of(&free), [0..2, 2..3]);
    // In the order oxygen, lactate, glucose.
    assert_eq!(of(&swap(&free, "of = \"glucose\"", "of = \"oxygen\"")), [0..1, 1..3]);
    let unmade = swap(&free, "lactate.per-uptake = { of = \"glucose\", yield = 1.8 }\n", "");
    // In the order of the file, in which lactate lets oxygen be taken up.
    assert_eq!(of(&unmade), [0..1, 1..3]);
    let apart = swap(&unmade, "oxygen.lactate = { factor = 0.5, half = \"2 mM\" }\n", "");
    assert_eq!(of(&apart), vec![0..3; 1]);
    let size = "size = [\"2 mm\", \"2 mm\"]\nvoxels = [1001, 1000]";
    let many = swap(&apart, "size = [\"2 mm\"]\nvoxels = [4]", size);
    assert_eq!(of(&many), [0..1, 1..2, 2..3]);
    assert_eq!((desks(&setup(&free)), desks(&setup(SLAB))), (3, 1));
}
