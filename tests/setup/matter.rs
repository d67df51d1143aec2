use super::*;

#[test]
fn scaffolds_that_change() {
    let with = |keys: &str| swap(SLAB, "[solutes.oxygen]", &format!("{keys}\n[solutes.oxygen]"));
    let law = |law: &str| setup(&with(&format!("degradation.{law}"))).matter.degradation.unwrap();
    assert_eq!(
        law("first-order.rate.time_constant = \"10 d\""),
        Degradation::FirstOrder { rate: 1.0 / (10.0 * DAY) }
    );
    let Degradation::Autocatalytic { rate, start } = law("autocatalytic.rate.value = \"0.2 1/d\"")
    else {
        panic!()
    };
    all_close(&[rate, start], &[0.2 / DAY, 0.01]);
    let mn = |start: &str| {
        format!(
            "mn-threshold = {{ start = \"{start}\", scission.half_life = \"5 d\", loss.value = \"0.1 1/d\" }}"
        )
    };
    let Degradation::Threshold { scission, ratio, loss } = law(&mn("60 kDa")) else { panic!() };
    all_close(&[scission, ratio, loss], &[LN_2 / (5.0 * DAY), 12.0, 0.1 / DAY]);
    law(&mn("5 kDa"));
    refused(
        &with(&format!("degradation.{}", mn("4.9 kDa"))),
        "E023",
        "scaffold.degradation.mn-threshold.start is below the threshold",
        "the scaffold would lose mass at once: take first-order",
    );
    let first = "degradation.first-order.rate.value = \"0.1 1/d\"";
    refused(
        &swap(&with(first), "porosity = 0.8", "porosity = 1"),
        "E023",
        "scaffold.degradation has nothing to degrade",
        "the porosity is 1: give scaffold.porosity",
    );
    assert!(setup(&with("changing_porosity = false")).matter.changing.is_none());

    // Porosity 0.8; 2e7 cells/mL of 10 pL are 0.2, 280 of 1400 mg/mL are 0.2.
    let text = |n: &str, gel: &str| {
        let text = with("changing_porosity = true");
        swap(
            &text,
            "[run]",
            &format!(
                "[cells.msc]\nvolume = \"10 pL\"\nseeding.uniform.density = \"{n} cells/mL\"\n\
                 lysis.rate.value = \"1 1/d\"\n[matrix.gel]\ndensity = \"1400 mg/mL\"\n\
                 initial = \"{gel} mg/mL\"\n[run]"
            ),
        )
    };
    let s = setup(&text("2e7", "280"));
    let changing = s.matter.changing.as_ref().unwrap();
    all_close(&changing.volumes, &[1e-14]);
    assert_eq!((&changing.which[..], changing.laws.len()), (&[0; 4][..], 1));
    all_close(&changing.relative, &[0.8; 4]);
    assert_eq!(s.run.fields, ["oxygen", "msc.viable", "gel", "porosity"]);
    setup(&text("5.89e7", "280"));
    let full =
        |left: &str| format!("scaffold, matrix and cells leave {left} of the volume somewhere");
    let none = "scaffold.changing_porosity: no fluid is left at the start";
    refused(&text("5.91e7", "280"), "E023", none, &full("0.009"));
    refused(&text("7e7", "280"), "E023", none, &full("0"));
    let missing = "cells.msc.volume is missing";
    refused(
        &swap(&text("2e7", "280"), "volume = \"10 pL\"", ""),
        "E011",
        missing,
        "scaffold.changing_porosity asks for the volume of a cell",
    );
    let lawless = swap(&text("2e7", "280"), "effective_diffusivity.area = {}", "");
    let inside = swap(&lawless, "diffusivity =", "diffusivity_in_scaffold =");
    let s = setup(&inside);
    assert!(s.matter.changing.unwrap().laws.is_empty());
    // A law of a region alone leaves the rest without.
    let part = swap(&lawless, "porosity = 0.8", "porosity = 1");
    let part = format!(
        "{part}{LEFT}scaffold.effective_diffusivity.area = {{}}\nscaffold.porosity = 0.8\n"
    );
    refused(
        &part,
        "E011",
        "scaffold.changing_porosity needs scaffold.effective_diffusivity",
        "the diffusivities follow the porosity",
    );

    // The matrix by itself: at most what the pores hold, and its largest.
    let gel = |initial: &str, largest: &str| {
        let keys = format!(
            "[matrix.gel]\ndensity = \"1000 mg/mL\"\ninitial = \"{initial} mg/mL\"\n{largest}[run]"
        );
        swap(SLAB, "[run]", &keys)
    };
    setup(&gel("800", ""));
    refused(
        &gel("801", ""),
        "E023",
        "matrix.gel.initial is more than fits: 801 mg/mL",
        "at its density it takes more than the pores",
    );
    let largest = "largest = \"50 mg/mL\"\n";
    setup(&gel("50", largest));
    refused(
        &gel("51", largest),
        "E023",
        "matrix.gel.initial is above matrix.gel.largest: 51 mg/mL",
        "deposition ends there: more cannot have been laid down",
    );
    let named = |name: &str| gel("1", "").replace("matrix.gel", &format!("matrix.{name}"));
    refused(
        &named("oxygen"),
        "E026",
        "matrix.oxygen has a name that is taken",
        "fields are called by these names: take another",
    );
    let cells = "[cells.gel]\nseeding.uniform.density = \"1 cells/mL\"\nlysis.rate.value = \"1 1/d\"\n[run]";
    refused(
        &swap(&gel("1", ""), "[run]", cells),
        "E026",
        "matrix.gel has a name that is taken",
        "fields are called by these names: take another",
    );
    for name in [
        "scaffold",
        "porosity",
        "porosity_of_scaffold",
        "ph",
        "pressure",
        "velocity",
        "wall_shear",
        "viable_fraction",
    ] {
        let taken = |kind: &str, text: &str| {
            refused(
                text,
                "E026",
                &format!("{kind}.{name} has a name that is taken"),
                "a field of the output is called so: take another",
            );
        };
        taken("solutes", &SLAB.replace("oxygen", name));
        taken("matrix", &named(name));
    }
    let lays = |name: &str| {
        let laws = format!("{SEEDED}deposition.{name}.rate = \"1 ng/cell/d\"");
        swap(&self::cells(&laws), "[run]", "[matrix.gel]\ndensity = \"1000 mg/mL\"\n[run]")
    };
    setup(&lays("gel"));
    refused(
        &lays("gell"),
        "E021",
        "cells.msc.deposition.gell: the case has no matrix `gell`",
        "did you mean `gel`?",
    );
}
