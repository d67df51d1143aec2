use super::*;

/// Every law follows its solute where solutes are put in the order in which they are made.
#[test]
fn stimulation_and_detachment_follow_their_solutes() {
    let effect = "stimulation.glucose = { factor = 3, half = \"1 mM\" }\n";
    let text = swap(LAWS, "stimulation.wall_shear", &format!("{effect}stimulation.wall_shear"));
    let when = "when.lactate.above.half = \"5 mM\"\n";
    let s = setup(&swap(
        &text,
        "when.wall_shear.above.half = \"0.1 Pa\"",
        &format!("{when}when.wall_shear.above.half = \"0.1 Pa\""),
    ));
    let names: Vec<&str> = s.solutes.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["oxygen", "glucose", "lactate"]);
    let msc = &s.populations[0];
    assert_eq!(msc.stimulation.iter().map(|s| s.0).collect::<Vec<_>>(), [1, 3]);
    let when = &msc.detachment.as_ref().expect("detachment").when;
    // The wall shear stands behind the solutes.
    assert_eq!(when.iter().map(|w| w.0).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn every_law_of_a_population() {
    let s = setup(LAWS);
    let names: Vec<&str> = s.solutes.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["oxygen", "glucose", "lactate"]);
    let [oxygen, glucose, lactate, shear] = [0, 1, 2, 3];
    let [msc, bone, fat] = [&s.populations[0], &s.populations[1], &s.populations[2]];
    all_close(&msc.seeding, &[1e12; 4]);
    let room = [msc, bone, fat].map(|p| p.capacity.unwrap());
    let counts = room.map(|c| (c.counts_viable, c.counts_dead));
    assert_eq!(counts, [(false, true), (true, true), (true, false)]);
    all_close(&room.map(|c| c.density), &[2e14, 3e14, 4e14]);

    let [(a, Uptake::Hill(hill)), (b, Uptake::MichaelisMenten(mm)), (c, Uptake::FirstOrder(f))] =
        msc.uptake[..]
    else {
        panic!("{:?}", msc.uptake)
    };
    assert_eq!([a, b, c], [oxygen, glucose, lactate]);
    all_close(&[hill.vmax, hill.half, hill.exponent], &[36e-15 / 3600.0, 5e-3, 2.0]);
    all_close(&[mm.vmax, mm.km, f.clearance], &[720e-15 / 3600.0, 0.4, 3.6e-12 / 3600.0]);
    let [first, second] = msc.modifiers[..] else { panic!("{:?}", msc.modifiers) };
    assert_eq!((first.of, first.by, second.of, second.by), (glucose, oxygen, oxygen, lactate));
    let numbers =
        |m: blastema::model::setup::Modifier| [m.law.factor, m.law.on.half, m.law.on.exponent];
    all_close(&numbers(first), &[3.0, 10e-3, 2.0]);
    all_close(&numbers(second), &[0.5, 2.0, 1.0]);
    let [Production::PerUptake { solute, of, yields }, Production::Constant { solute: made, rate }] =
        msc.production[..]
    else {
        panic!("{:?}", msc.production)
    };
    assert_eq!((solute, of, yields, made), (lactate, glucose, 1.8, oxygen));
    close(rate, 1.8e-15 / 3600.0);

    let growth = msc.growth.as_ref().unwrap();
    close(growth.rate, LN_2 / (2.0 * DAY));
    assert!(growth.logistic && growth.combine == Combine::Minimum);
    let [(a, Limit::Monod(m)), (b, Limit::Inhibition(i)), (c, Limit::Inhibition(w))] =
        growth.limits[..]
    else {
        panic!("{:?}", growth.limits)
    };
    assert_eq!([a, b, c], [oxygen, lactate, shear]);
    all_close(&[m.half, i.half, i.exponent, w.half, w.exponent], &[6e-3, 20.0, 3.0, 1.0, 1.0]);
    let (number, faster) = msc.stimulation[0];
    assert_eq!((msc.stimulation.len(), number), (1, shear));
    all_close(&[faster.factor, faster.on.half, faster.on.exponent], &[2.0, 20e-3, 1.0]);
    let plain = fat.growth.as_ref().unwrap();
    assert!(!plain.logistic && plain.combine == Combine::Product && plain.limits.is_empty());
    close(plain.rate, 1.0 / DAY);

    let q = msc.quiescence.as_ref().unwrap();
    all_close(&[q.rate, q.recovery], &[0.5 / DAY, 1.0 / 43200.0]);
    assert_eq!((q.activity, q.death_factor, q.combine), (0.2, 0.3, Combine::Any));
    let [(number, Trigger::Below(on))] = q.when[..] else { panic!("{:?}", q.when) };
    assert_eq!((number, on.half, on.exponent), (glucose, 0.1, 4.0));
    let q = fat.quiescence.as_ref().unwrap();
    assert_eq!((q.activity, q.death_factor, q.combine), (0.1, 1.0, Combine::All));

    let [acid, hypoxia] = &msc.deaths[..] else { panic!("{:?}", msc.deaths) };
    assert_eq!((acid.cause.as_str(), acid.combine), ("acid", Combine::Any));
    assert!(acid.exposure.is_none());
    close(acid.rate, LN_2 / DAY);
    let [(a, Trigger::Above(high)), (b, Trigger::Below(low))] = acid.when[..] else { panic!() };
    assert_eq!([a, b], [lactate, glucose]);
    all_close(&[high.half, high.exponent, low.half, low.exponent], &[30.0, 6.0, 0.2, 2.0]);
    assert_eq!((hypoxia.cause.as_str(), hypoxia.combine), ("hypoxia", Combine::All));
    close(hypoxia.rate, 0.25 / DAY);
    let [(number, Trigger::Below(on))] = hypoxia.when[..] else { panic!() };
    assert_eq!((number, on.exponent), (oxygen, 4.0));
    close(on.half, 1e-3);
    let e = hypoxia.exposure.unwrap();
    assert_eq!((e.time, e.recovery, e.stages), (21600.0, 7200.0, 3));

    let turns = &msc.differentiation[0];
    assert_eq!((msc.differentiation.len(), turns.into, turns.combine), (1, 1, Combine::All));
    close(turns.rate, 1.0 / (10.0 * DAY));
    assert_eq!(turns.when.iter().map(|w| w.0).collect::<Vec<_>>(), [glucose, shear]);
    let leaves = msc.detachment.as_ref().unwrap();
    close(leaves.rate, 2.0 / DAY);
    let [(number, Trigger::Above(on))] = leaves.when[..] else { panic!() };
    assert_eq!((number, leaves.combine, on.half), (shear, Combine::All, 0.1));
    assert!(fat.detachment.is_none() && fat.lysis == 0.0 && fat.taxis.is_empty());
    close(msc.lysis, LN_2 / (3.0 * DAY));

    // Bone cells come only by differentiation.
    assert_eq!(bone.seeding, [0.0; 4]);
    assert!(bone.growth.is_none() && bone.quiescence.is_none() && bone.deaths.is_empty());
    let [toward, away] = msc.taxis[..] else { panic!("{:?}", msc.taxis) };
    assert_eq!((toward.of, away.of), (Cue::Solute(oxygen), Cue::Solute(lactate)));
    all_close(&[toward.sensitivity, toward.half, away.sensitivity], &[3e-10, 0.1, -2e-10]);
    assert!(away.half == f64::INFINITY && !msc.volume_filling);
    assert_eq!(msc.motility, Motility::Constant(1e-14));
    assert_eq!(fat.motility, Motility::Constant(0.0));

    let collagen = &s.matter.matrices[0];
    assert_eq!((collagen.initial.as_slice(), collagen.decay), (&[0.0; 4][..], 0.0));
    close(collagen.density, 1400.0);
    assert!(collagen.largest.is_none());
    let [first, second] = &collagen.deposits[..] else { panic!("{:?}", collagen.deposits) };
    assert_eq!((first.population, first.combine), (0, Combine::Minimum));
    assert_eq!((second.population, second.combine), (2, Combine::Product));
    // A nanogram a day is 1e-12 kg over 86400 s.
    all_close(&[first.rate, second.rate], &[0.864e-12 / DAY, 0.0864e-12 / DAY]);
    let [(a, Limit::Monod(m)), (b, Limit::Monod(w))] = first.limits[..] else { panic!() };
    assert_eq!((a, m.half, b, w.half), (glucose, 1.0, shear, 2.0));
    assert!(second.limits.is_empty());

    let [well] = &s.baths[..] else { panic!("{:?}", s.baths) };
    assert_eq!(well.solutes, [(oxygen, 0.15), (glucose, 4.0)]);
    close(well.volume, 3e-6);
    let (acid, buffer) = s.ph.unwrap();
    assert_eq!(acid, lactate);
    all_close(&[buffer.bicarbonate, buffer.pco2], &[24.0, 5e3]);
    assert!(
        s.run.fields.ends_with(&["ph", "pressure", "velocity", "wall_shear"].map(String::from))
    );
    assert!(s.silent_laws.is_empty());
    assert_eq!(s.populations.iter().map(|p| p.reseeding.len()).sum::<usize>(), 0);
}

fn seeded(text: &str, seeding: &str) -> Vec<f64> {
    population(&swap(text, "SEEDING", seeding)).seeding
}

#[test]
fn seeding_per_volume_and_per_face() {
    let plate = |seeding: &str| seeded(PLATE, seeding);
    let pores = |seeding: &str| seeded(PLATE, &format!("counted_per = \"pore-volume\"\n{seeding}"));
    let number = "seeding.number = { of = \"1e6 cells\", efficiency = 0.25 }";
    // 2 mm · 1 mm · 1 m, of which 1.4/2 are pores.
    all_close(&plate(number), &[2.5e5 / 2e-6; 4]);
    let wet = 2.5e5 / 1.4e-6;
    all_close(&pores(number), &[0.6 * wet, 0.8 * wet, 0.6 * wet, 0.8 * wet]);
    all_close(&plate("seeding.number.of = \"1e6 cells\""), &[1e6 / 2e-6; 4]);
    let uniform = "seeding.uniform.density = \"1e6 cells/mL\"";
    all_close(&plate(uniform), &[1e12; 4]);
    all_close(&pores(uniform), &[0.6e12, 0.8e12, 0.6e12, 0.8e12]);
    let face = |face: &str| {
        format!("seeding.surface = {{ density = \"1e4 cells/cm^2\", face = \"{face}\" }}")
    };
    // 1e8 cells/m² over the thickness of the layer, whatever the porosity.
    let (x, y) = (1e8 / 1e-3, 1e8 / 0.5e-3);
    for (at, wanted) in [
        ("x_min", [x, 0.0, x, 0.0]),
        ("x_max", [0.0, x, 0.0, x]),
        ("y_min", [y, y, 0.0, 0.0]),
        ("y_max", [0.0, 0.0, y, y]),
    ] {
        all_close(&plate(&face(at)), &wanted);
        all_close(&pores(&face(at)), &wanted);
    }
    let z = swap(PLATE, "SEEDING", &face("z_min"));
    let key = "cells.msc.seeding.surface.face";
    let beyond = "is on an axis that the domain does not have";
    refused(&z, "E022", &format!("{key} {beyond}"), "the domain has x and y");

    // The zero-order uptake fades below 1e-4 of what feeds the slab.
    let text = swap(&swap(PLATE, "SEEDING", uniform), "value = \"0.2 mM\"", "value = \"0.3 mM\"");
    let Uptake::ZeroOrder(law) = population(&text).uptake[0].1 else { panic!() };
    all_close(&[law.0.vmax, law.0.km], &[36e-15 / 3600.0, 0.3e-4]);
}

/// Rings of 1 mm, volumes as 1 to 3, and layers of 0.5 mm.
#[test]
fn seeding_of_a_cylinder() {
    let text = swap(PLATE, "[domain]", "[domain]\nshape = \"cylinder\"");
    let text = swap(&text, "axis = \"x\"", "axis = \"r\"");
    let text = swap(&text, "boundary.x_max", "boundary.r_max");
    let number = "seeding.number.of = \"1e6 cells\"";
    all_close(&seeded(&text, number), &[1e6 / (PI * 4e-6 * 1e-3); 4]);
    let wet = 1e6 / (PI * 1e-6 * 1e-3 * (0.6 + 3.0 * 0.8));
    let per_pore = "counted_per = \"pore-volume\"\n";
    let pores = seeded(&text, &format!("{per_pore}{number}"));
    all_close(&pores, &[0.6 * wet, 0.8 * wet, 0.6 * wet, 0.8 * wet]);
    let face = |face: &str| {
        format!("seeding.surface = {{ density = \"1e4 cells/cm^2\", face = \"{face}\" }}")
    };
    let z = 1e8 / 0.5e-3;
    all_close(&seeded(&text, &face("z_max")), &[0.0, 0.0, z, z]);
    // 2πR of side over π(R² − r²) of volume.
    let r = 1e8 * 2.0 * 2e-3 / (4e-6 - 1e-6);
    all_close(&seeded(&text, &face("r_max")), &[0.0, r, 0.0, r]);
    all_close(&seeded(&text, &format!("{per_pore}{}", face("r_max"))), &[0.0, r, 0.0, r]);
    let inner = swap(&text, "SEEDING", &face("r_min"));
    let message = "cells.msc.seeding.surface.face is a face that the domain does not have";
    refused(&inner, "E022", message, "a full cylinder or sphere has no inner face");
    let hollow = swap(&text, "[domain]", "[domain]\ninner_radius = \"1 mm\"");
    // From 1 to 2 mm in rings of 0.5 mm: 2πr over π(R² − r²).
    let hollow = swap(&hollow, "[\"1.5 mm\", 0.8]", "[\"1.25 mm\", 0.8]");
    let r = 1e8 * 2.0 * 1e-3 / (2.25e-6 - 1e-6);
    all_close(&seeded(&hollow, &face("r_min")), &[r, 0.0, r, 0.0]);
    let beyond = swap(&text, "SEEDING", &face("x_min"));
    let message = "cells.msc.seeding.surface.face is on an axis that the domain does not have";
    refused(&beyond, "E022", message, "the domain has r and z");
}

#[test]
fn who_needs_no_seeding() {
    let missing = |text: &str| {
        refused(text, "E011", "cells.msc.seeding is missing", "in cells.msc");
    };
    let bare = cells("growth.rate.value = \"1 1/d\"");
    missing(&bare);
    let here = "[regions.a]\nshape.layer = { axis = \"x\", from = \"0 mm\", to = \"1 mm\" }\n";
    missing(&format!("{bare}{here}"));
    let region = format!("{bare}{here}cells.msc.seeding.uniform.density = \"1e6 cells/mL\"\n");
    all_close(&population(&region).seeding, &[1e12, 1e12, 0.0, 0.0]);
    let add = "reseeding = [{ at = \"1 d\", seeding.uniform.density = \"1e6 cells/mL\" }]";
    let later = cells(add);
    let p = population(&later);
    assert_eq!((p.seeding.as_slice(), p.reseeding[0].time), (&[0.0; 4][..], DAY));
    all_close(&p.reseeding[0].density, &[1e12; 4]);
    // Only those that another population turns into.
    let other = |into: &str| {
        let turns = format!(
            "[cells.a]\nseeding.uniform.density = \"1 cells/mL\"\n\
            differentiation.{into}.rate.value = \"1 1/d\"\n[cells.b]\n\
            seeding.uniform.density = \"1 cells/mL\"\n[run]"
        );
        swap(&bare, "[run]", &turns)
    };
    assert_eq!(population(&other("msc")).seeding, [0.0; 4]);
    missing(&other("b"));
    // Regions change a density, not a number.
    let number = swap(&region, "growth", "seeding.number.of = \"10 cells\"\ngrowth");
    let message = "regions.a.cells.msc.seeding needs cells.msc.seeding.uniform";
    refused(&number, "E020", message, "regions change a density");
}

#[test]
fn reseeding_times_places_and_room() {
    let with = |at: &str, more: &str| {
        cells(&format!(
            "seeding.uniform.density = \"1e6 cells/mL\"\ncapacity.density = \"4e6 cells/mL\"\n\
             counted_per = \"pore-volume\"\ngrowth.rate.value = \"1 1/d\"\n\
             reseeding = [{{ at = \"{at}\", {more} }}]"
        ))
    };
    let uniform = |n: &str| format!("seeding.uniform.density = \"{n} cells/mL\"");
    let p = population(&with("47 h", &uniform("2e6")));
    assert_eq!(p.reseeding[0].time, 47.0 * 3600.0);
    all_close(&p.reseeding[0].density, &[0.8 * 2e12; 4]);
    let half = "within.layer = { axis = \"x\", from = \"0 mm\", to = \"1 mm\" }";
    let p = population(&with("1 h", &format!("{half}, seeding.number.of = \"8e5 cells\"")));
    // Into the pores of 1 mm.
    all_close(&p.reseeding[0].density, &[8e5 / 1e-3, 8e5 / 1e-3, 0.0, 0.0]);
    let p = population(&with("1 h", &format!("{half}, {}", uniform("2e6"))));
    all_close(&p.reseeding[0].density, &[1.6e12, 1.6e12, 0.0, 0.0]);
    let late = "cells.msc.reseeding[0].at is not before the end";
    refused(&with("2 d", &uniform("1")), "E016", late, "the run ends at 2 d");
    let steady = swap(&with("1 h", &uniform("1")), "duration = \"2 d\"", "steady = true");
    refused(&steady, "E016", late, "a steady run has one moment");
    let nowhere = "within.layer = { axis = \"x\", from = \"0.6 mm\", to = \"0.7 mm\" }";
    refused(
        &with("1 h", &format!("{nowhere}, {}", uniform("1"))),
        "E022",
        "cells.msc.reseeding[0].within holds no voxel",
        "a voxel belongs to a place when its centre does",
    );
    // 5e6 per pore volume are the 4e6 that fit.
    population(&with("1 h", &uniform("5e6")));
    refused(
        &with("1 h", &uniform("5.01e6")),
        "E023",
        "cells.msc.reseeding[0].seeding is above the capacity",
        "up to 4.008e6 cells/mL where 4e6 cells/mL fit",
    );
}

#[test]
fn populations_share_a_room() {
    let two = |a: &str, b: &str, counts: &str| {
        let first = format!(
            "seeding.uniform.density = \"{a} cells/mL\"\ngrowth.rate.value = \"1 1/d\"\n\
             capacity = {{ density = \"3e6 cells/mL\", counts = [{counts}] }}\n[cells.b]\n\
             seeding.uniform.density = \"{b} cells/mL\"\nlysis.rate.value = \"1 1/d\""
        );
        cells(&first)
    };
    setup(&two("1e6", "2e6", "\"viable\""));
    setup(&two("1e6", "3e6", "\"dead\""));
    let message = "cells.msc.seeding is above the capacity";
    let label = |n: &str| format!("up to {n} cells/mL where 3e6 cells/mL fit");
    refused(&two("1e6", "2.1e6", "\"viable\""), "E023", message, &label("3.1e6"));
    refused(&two("3.2e6", "0", "\"dead\", \"viable\""), "E023", message, &label("3.2e6"));
}

/// A population with `laws`, beside oxygen, is refused.
fn laws_refused(laws: &str, code: &str, message: &str, label: &str) {
    let text = cells(&format!("{SEEDED}{laws}"));
    refused(&text, code, &format!("cells.msc.{message}"), label);
}

#[test]
fn laws_of_what_is_absent() {
    let near = "did you mean `oxygen`?";
    let absent = |key: &str, laws: &str| {
        laws_refused(laws, "E021", &format!("{key}: the case has no solute `oxigen`"), near);
    };
    let mm = "{ vmax = \"1 fmol/cell/h\", km = \"1 uM\" }";
    let up = format!("uptake.oxygen.michaelis-menten = {mm}\n");
    absent("uptake.oxigen", &format!("uptake.oxigen.michaelis-menten = {mm}"));
    absent(
        "production.oxigen",
        &format!("{up}production.oxigen.per-uptake = {{ of = \"oxygen\", yield = 1 }}"),
    );
    absent(
        "production.oxygen.per-uptake.of",
        "production.oxygen.per-uptake = { of = \"oxigen\", yield = 1 }",
    );
    let effect = "{ factor = 2, half = \"1 mM\" }";
    absent("uptake_modifiers.oxigen", &format!("uptake_modifiers.oxigen.oxygen = {effect}"));
    absent(
        "uptake_modifiers.oxygen.oxigen",
        &format!("{up}uptake_modifiers.oxygen.oxigen = {effect}"),
    );
    let growth = "growth.rate.value = \"1 1/d\"\n";
    absent("growth.limits.oxigen", &format!("{growth}growth.limits.oxigen.monod.half = \"1 mM\""));
    absent("growth.stimulation.oxigen", &format!("{growth}growth.stimulation.oxigen = {effect}"));
    absent(
        "death.a.when.oxigen",
        "death.a = { rate.value = \"1 1/d\", when.oxigen.below.half = \"1 mM\" }",
    );
    absent("chemotaxis.oxigen", "chemotaxis.oxigen.sensitivity = \"1 m^5/mol/s\"");
    // What nothing takes up.
    let takes = "msc takes up no oxygen";
    let give = "give cells.msc.uptake.oxygen";
    laws_refused(
        &format!("uptake_modifiers.oxygen.oxygen = {effect}"),
        "E021",
        &format!("uptake_modifiers.oxygen: {takes}"),
        give,
    );
    laws_refused(
        "production.oxygen.per-uptake = { of = \"oxygen\", yield = 1 }",
        "E021",
        &format!("production.oxygen.per-uptake.of: {takes}"),
        give,
    );
    laws_refused(
        &format!("{up}uptake_modifiers.oxygen.oxygen = {effect}"),
        "E023",
        "uptake_modifiers.oxygen.oxygen modifies itself",
        "choose another law of uptake instead, for example hill",
    );
    let circle = format!("{up}production.oxygen.per-uptake = {{ of = \"oxygen\", yield = 1 }}");
    refused(
        &cells(&format!("{SEEDED}{circle}")),
        "E023",
        "production goes round in a circle: oxygen",
        "a solute made per uptake must not lead back to what it is made of",
    );
    // The shear where no flow, or a given one, says what it is.
    let shear = format!("{growth}growth.limits.wall_shear.monod.half = \"1 Pa\"");
    laws_refused(
        &shear,
        "E021",
        "growth.limits.wall_shear: the wall shear is not known, there is no [flow]",
        "write [flow], or leave the law out",
    );
    let given = |more: &str| {
        let flow = format!("[flow.law.given]\nvelocity = [\"1 um/s\"]\n{more}\n[run]");
        swap(&through(&cells(&format!("{SEEDED}{shear}"))), "[run]", &flow)
    };
    refused(
        &given(""),
        "E021",
        "cells.msc.growth.limits.wall_shear: the wall shear is not known, \
         flow.law.given has no permeability",
        "give it one, or leave the law out",
    );
    let known = setup(&given("permeability = \"1e-12 m^2\""));
    assert_eq!(known.populations[0].growth.as_ref().unwrap().limits[0].0, 1);
    assert!(known.answers_to_shear());
}

#[test]
fn laws_that_lack_something() {
    laws_refused(
        "growth = { rate.value = \"1 1/d\", crowding = \"logistic\" }",
        "E011",
        "growth.crowding needs cells.msc.capacity",
        "",
    );
    setup(&cells(&format!("{SEEDED}growth = {{ rate.value = \"1 1/d\", crowding = \"none\" }}")));
    for key in ["stages = 2", "recovery = \"1 h\""] {
        let name = key.split(' ').next().unwrap();
        laws_refused(
            &format!("death.a = {{ rate.value = \"1 1/d\", {key} }}"),
            "E011",
            &format!("death.a.{name} needs cells.msc.death.a.exposure"),
            "",
        );
    }
    let detachment = "detachment = { rate.value = \"1 1/d\", when.oxygen.below.half = \"1 mM\" }";
    laws_refused(
        detachment,
        "E023",
        "detachment without [flow]",
        "nothing carries the cells away: write [flow], or leave it out",
    );
    let quick = "differentiation.bone.rate.value = \"1 1/d\"";
    laws_refused(quick, "E021", "differentiation.bone: no other population is called `bone`", "");
    let notes = |laws: &str| {
        let report = report(&cells(&format!("{SEEDED}{laws}")));
        report.diagnostics[0].notes.concat()
    };
    assert_eq!(notes(quick), "write [cells.bone] with its laws");
    assert_eq!(notes(&quick.replace("bone", "msc")), "cells of msc are msc already");
    let two = format!("{quick}\n[cells.bones]\n{SEEDED}lysis.rate.value = \"1 1/d\"");
    assert_eq!(notes(&two), "others: bones");
    laws_refused(
        &two,
        "E021",
        "differentiation.bone: no other population is called `bone`",
        "did you mean \"bones\"?",
    );
}

/// The library's cells where a case lacks what their laws speak of.
#[test]
fn silent_laws_of_the_library() {
    let with = |solutes: &str| {
        let text = cells("type = \"human-msc-bone-marrow\"\nseeding.number.of = \"1 cells\"");
        let s = setup(&swap(&text, "[cells", &format!("{solutes}\n[cells")));
        let p = &s.populations[0];
        let mut taken: Vec<&str> = p.uptake.iter().map(|u| s.solutes[u.0].name.as_str()).collect();
        taken.sort_unstable();
        let causes: Vec<String> = p.deaths.iter().map(|d| d.cause.clone()).collect();
        (taken.join(" "), p.production.len(), causes.join(" "), s.silent_laws.join("; "))
    };
    let solute = |name: &str| {
        format!("[solutes.{name}]\ndiffusivity = \"1e-9 m^2/s\"\ninitial = \"1 mM\"\n")
    };
    let uptake = "msc: uptake of glucose is not modelled: no glucose";
    let made = "msc: production of lactate is not modelled";
    let limit = "msc: growth limit by lactate is not modelled: no lactate";
    let death = "msc: death by hypoxia is not modelled: no glucose";
    let wanted = |taken: &str, made: usize, causes: &str, silent: &[&str]| {
        (taken.to_owned(), made, causes.to_owned(), silent.join("; "))
    };
    let none = format!("{made}: no lactate");
    assert_eq!(with(""), wanted("oxygen", 0, "", &[uptake, &none, limit, death]));
    let glucose = solute("glucose");
    assert_eq!(with(&glucose), wanted("glucose oxygen", 0, "hypoxia", &[&none, limit]));
    let lactate = solute("lactate");
    let none = format!("{made}: no glucose");
    assert_eq!(with(&lactate), wanted("oxygen", 0, "", &[uptake, &none, death]));
    assert_eq!(with(&(glucose + &lactate)), wanted("glucose oxygen", 1, "hypoxia", &[]));
    // With neither solute any trigger is as silent.
    let neither = "type = \"human-msc-bone-marrow\"\nseeding.number.of = \"1 cells\"\n\
        death.hypoxia.combine = \"any\"";
    let s = setup(&cells(neither).replace("solutes.oxygen", "solutes.lactate"));
    let silent = "msc: death by hypoxia is not modelled: no oxygen, no glucose";
    assert!(s.populations[0].deaths.is_empty() && s.silent_laws.iter().any(|l| l == silent));
    // Where any trigger suffices, the one that is left acts.
    let text = cells(
        "type = \"human-msc-bone-marrow\"\nseeding.number.of = \"1 cells\"\n\
         death.hypoxia.combine = \"any\"",
    );
    let s = setup(&text);
    assert_eq!(s.populations[0].deaths[0].when.len(), 1);
    assert!(!s.silent_laws.iter().any(|l| l.contains("death")));
}

#[test]
fn how_cells_move() {
    let matrix = "[matrix.collagen]\ndensity = \"1400 mg/mL\"\n[matrix.gel]\n\
        density = \"1000 mg/mL\"\nlargest = \"50 mg/mL\"\ninitial = \"20 mg/mL\"\n\
        degradation.half_life = \"4 d\"\n[run]";
    let with = |laws: &str| swap(&cells(&format!("{SEEDED}{laws}")), "[run]", matrix);
    let room = "capacity.density = \"2e8 cells/mL\"\n";
    let p = population(&with(&format!("{room}motility.porous.diffusivity = \"4e-14 m^2/s\"")));
    assert_eq!(p.motility, Motility::Porous { diffusivity: 4e-14, capacity: 2e14 });
    assert!(p.taxis.is_empty() && !p.volume_filling);
    let s = setup(&with(&format!(
        "{room}motility.haptokinetic = {{ of = \"gel\", largest = \"2e-14 m^2/s\", at = \"5 mg/mL\" }}\n\
         haptotaxis.gel = {{ sensitivity = \"3e-12 m^5/kg/s\", half = \"7 mg/mL\" }}\n\
         chemotaxis.oxygen.sensitivity = \"1e-10 m^5/mol/s\""
    )));
    let p = &s.populations[0];
    let Motility::Haptokinetic { of, largest, at } = p.motility else { panic!() };
    assert_eq!((of, largest), (1, 2e-14));
    close(at, 5.0);
    let [solute, gel] = p.taxis[..] else { panic!("{:?}", p.taxis) };
    assert_eq!((solute.of, gel.of, solute.half), (Cue::Solute(0), Cue::Matrix(1), f64::INFINITY));
    all_close(&[solute.sensitivity, gel.sensitivity, gel.half], &[1e-10, 3e-12, 7.0]);
    assert!(p.volume_filling);
    let gel = &s.matter.matrices[1];
    all_close(&gel.initial, &[20.0; 4]);
    all_close(&[gel.largest.unwrap(), gel.decay], &[50.0, LN_2 / (4.0 * DAY)]);

    let wrong = |laws: &str, code: &str, message: &str, label: &str| {
        refused(&with(laws), code, &format!("cells.msc.{message}"), label);
    };
    wrong(
        "motility.porous.diffusivity = \"4e-14 m^2/s\"",
        "E011",
        "motility.porous needs cells.msc.capacity",
        "cells move with D·n/capacity",
    );
    let drift = "chemotaxis.oxygen = { sensitivity = \"1e-10 m^5/mol/s\"";
    let piles = "give it, or say crowding = \"none\": then cells may pile up without bound";
    let counting = "chemotaxis.oxygen needs a capacity that counts viable cells";
    wrong(&format!("{drift} }}"), "E011", counting, piles);
    let dead = "capacity = { density = \"2e8 cells/mL\", counts = [\"dead\"] }\n";
    wrong(&format!("{dead}{drift} }}"), "E011", counting, piles);
    let free = population(&with(&format!("{drift}, crowding = \"none\" }}")));
    assert!(!free.volume_filling && free.taxis.len() == 1);
    wrong(
        &format!("{room}{drift} }}\nmotility.porous.diffusivity = \"4e-14 m^2/s\""),
        "E020",
        "chemotaxis.oxygen beside motility.porous",
        "drift goes with a constant or a haptokinetic motility",
    );
    let fill = "haptotaxis.gel = { sensitivity = \"3e-12 m^5/kg/s\"";
    wrong(
        &format!("{room}{drift} }}\n{fill}, crowding = \"none\" }}"),
        "E023",
        "haptotaxis.gel differs from the taxis before it",
        "crowding is one for all attractants of a population",
    );
    wrong(
        "haptotaxis.gell = { sensitivity = \"3e-12 m^5/kg/s\", crowding = \"none\" }",
        "E021",
        "haptotaxis.gell: the case has no matrix `gell`",
        "did you mean `gel`?",
    );
    let notes = |name: &str| {
        let laws = format!("haptotaxis.{name}.sensitivity = \"3e-12 m^5/kg/s\"");
        report(&with(&laws)).diagnostics[0].notes.concat()
    };
    assert_eq!(notes("oxygen"), "`oxygen` is a solute: write chemotaxis.oxygen");
    assert_eq!(notes("bone"), "write [matrix.bone]");
    // Across periodic sides only a constant motility.
    let round = |laws: &str| {
        swap(&with(laws), "[domain]", "[domain]\nperiodic = [\"x\"]")
            .replace("boundary.x_max.value = \"0.2 mM\"\n", "")
    };
    let constant = setup(&round("motility.constant = \"1e-14 m^2/s\""));
    assert_eq!(constant.populations[0].motility, Motility::Constant(1e-14));
    assert_eq!(constant.grid.periodic, [true, false, false]);
    refused(
        &round(&format!("{room}motility.porous.diffusivity = \"4e-14 m^2/s\"")),
        "E023",
        "cells.msc.motility.porous beside domain.periodic is not modelled",
        "only motility.constant crosses periodic sides",
    );
    refused(
        &round(&format!("{room}{drift} }}")),
        "E023",
        "cells.msc.chemotaxis.oxygen beside domain.periodic is not modelled",
        "leave one of them out",
    );
}
