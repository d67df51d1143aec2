//! Values that run and are told: a unit slipped, or a boundary that is another experiment.

use super::*;

/// The slab with `boundary` at its fed face and `more` behind it.
fn slab(boundary: &str, more: &str) -> String {
    let text = swap(SLAB, "x_max.value = \"0.2 mM\"", &format!("x_max.{boundary}"));
    swap(&text, "[run]", &format!("{more}\n[run]"))
}

const BATH: &str = "bath = { name = \"well\", start = \"0.2 mM\" }";

#[test]
fn sparse_seeding_and_hasty_growth() {
    let of = |density: &str, doubling: &str| {
        cells(&format!(
            "seeding.uniform.density = \"{density}\"\ngrowth.rate.doubling_time = \"{doubling}\""
        ))
    };
    assert_eq!(codes(&of("1e3 cells/mL", "1 h")), [""; 0]);
    assert_eq!(codes(&of("0 cells/mL", "1 h")), [""; 0]);
    let found = warned(&of("2e6 cells/m^3", "48 s"));
    let texts: Vec<_> = found.iter().map(|w| (w.0, w.1.as_str())).collect();
    assert_eq!(
        texts,
        [
            ("W059", "cells.msc.seeding is sparse: 2 cells/mL"),
            ("W060", "cells.msc.growth.rate doubles the cells in 48 s"),
        ]
    );
}

/// Over 1 m², 100 m³ are 100 m of medium, and 1 ML are a kilometre.
#[test]
fn baths_as_deep_as_a_slip_of_the_unit() {
    let of = |volume: &str| {
        let text = slab(BATH, &format!("[baths.well]\nvolume = \"{volume}\""));
        text.replace("oxygen", "a")
    };
    assert_eq!(codes(&of("100 m^3")), [""; 0]);
    let found = warned(&of("1 ML"));
    assert_eq!(found[0].0, "W061");
    assert_eq!(found[0].1, "baths.well.volume is 1000 m of medium over the faces of the piece");
    // Over a spheroid any dish is deep.
    let ball = |volume: &str| {
        swap(&swap(&of(volume), "[domain]", "[domain]\nshape = \"sphere\""), "x_max", "r_max")
    };
    assert_eq!(codes(&ball("100 L")), [""; 0]);
    assert_eq!(codes(&ball("1 ML")), ["W061"]);
}

/// Air feeds oxygen, and only that.
#[test]
fn what_air_does() {
    let well = "[baths.well]\nvolume = \"5 L\"";
    let bath = |name: &str| slab(BATH, well).replace("oxygen", name);
    let told = warned(&bath("oxygen"));
    assert_eq!(told[0].0, "W062");
    assert_eq!(told[0].1, "oxygen comes from a bath alone");
    assert_eq!(codes(&bath("glucose")), [""; 0]);
    let both = swap(&bath("oxygen"), "initial", "boundary.x_min.value = \"0.2 mM\"\ninitial");
    assert_eq!(codes(&both), [""; 0]);
    // A scaffold that makes oxygen.
    let source = "source.rate = \"1e-3 mol/m^3/s\"\ninitial";
    assert_eq!(codes(&swap(&bath("oxygen"), "initial", source)), [""; 0]);
    let still = |name: &str| {
        let text = slab("stagnant-medium = { height = \"3 mm\", top = \"0.2 mM\" }", "");
        text.replace("oxygen", name)
    };
    assert_eq!(codes(&still("oxygen")), [""; 0]);
    assert_eq!(codes(&still("vegf")), [""; 0]);
    let told = warned(&still("glucose"));
    assert_eq!(told[0].0, "W063");
    assert_eq!(told[0].1, "glucose is held on top of still medium, as by air");
}
