//! What `check` says before a run, against values by hand.

use blastema::case::resources::{disk, memory, output, outputs_in, voxels_in};
use blastema::case::scales::{cost, scales};
use blastema::case::{Case, load_text};

fn case(voxels: &str, size: &str) -> Case {
    let text = format!(
        r#"
[domain]
size = {size}
voxels = {voxels}
[scaffold]
porosity = 0.8
[solutes.oxygen]
diffusivity_in_scaffold = "1e-9 m^2/s"
initial = "0.1 mol/m^3"
boundary.x_max.transfer = {{ coefficient = "1e-6 m/s", outside = "0.2 mol/m^3" }}
[solutes.glucose]
diffusivity_in_scaffold = "5e-10 m^2/s"
initial = "5 mM"
boundary.x_min.bath = {{ name = "well", start = "5 mM" }}
boundary.x_max.bath = {{ name = "well", start = "5 mM" }}
[baths.well]
volume = "2 mL"
[cells.msc]
type = "custom"
seeding.uniform.density = "1e6 cells/mL"
uptake.oxygen.michaelis-menten = {{ vmax = "100 fmol/cell/h", km = "8 uM" }}
uptake.glucose.michaelis-menten = {{ vmax = "360 fmol/cell/h", km = "0.5 mM" }}
[run]
duration = "1 d"
output.every = "6 h"
"#
    );
    load_text("scales.toml", &text, &[]).unwrap_or_else(|r| panic!("{r}"))
}

fn close(found: f64, wanted: f64) {
    assert!((found / wanted - 1.0).abs() < 1e-9, "{found:e}, not {wanted:e}");
}

#[test]
fn scales_by_hand() {
    let all = scales(&case("[10]", "[\"2 mm\"]").setup);
    let (oxygen, glucose) = (&all[0], &all[1]);
    // 1e12 cells/m³; 2 mm · 1 m².
    let n = 1e12;
    let sink = 100e-15 / 3600.0 * n;
    close(oxygen.diffusivity, 1e-9);
    // Fed from one side, from both.
    close(oxygen.length.unwrap(), 2e-3);
    close(glucose.length.unwrap(), 1e-3);
    close(oxygen.relaxation.unwrap(), 0.8 * 4e-6 / 1e-9);
    close(oxygen.reference, 0.2);
    let depth = f64::sqrt(1e-9 * 0.2 / sink);
    close(oxygen.depth.unwrap(), depth);
    close(oxygen.resolved.unwrap(), depth / 2e-4);
    close(oxygen.thiele2.unwrap(), sink * 4e-6 / (1e-9 * 0.2));
    close(oxygen.demand, sink * 0.2 / 0.208 * 2e-3);
    // Half the length over D behind a film.
    close(oxygen.supply.unwrap(), 0.2 / (2e-3 / 2e-9 + 1e6));
    close(glucose.supply.unwrap(), 2.0 * 5.0 / (1e-3 / 1e-9));
    let demand = 360e-15 / 3600.0 * n * 5.0 / 5.5 * 2e-3;
    close(glucose.demand, demand);
    close(glucose.lasts.unwrap(), 5.0 * 2e-6 / demand);
    assert!(oxygen.lasts.is_none());
}

#[test]
fn what_fits_is_what_the_estimates_say() {
    let setup = case("[20, 20, 20]", "[\"2 mm\", \"2 mm\", \"2 mm\"]").setup;
    let need = memory(&setup);
    // An eighth of what belongs to the voxels is half as many along each axis.
    let empty = memory(&case("[1]", "[\"2 mm\"]").setup);
    let (n, bytes) = voxels_in(&setup, empty + (need - empty) / 8.0 * 1.01).unwrap();
    assert_eq!(n, [10, 10, 10]);
    assert!(
        (bytes - memory(&case("[10, 10, 10]", "[\"2 mm\", \"2 mm\", \"2 mm\"]").setup)).abs() < 1e4
    );
    assert!(voxels_in(&setup, 2.0 * need).is_none(), "all of it fits");
    assert!(voxels_in(&setup, 1e3).is_none(), "nothing does");
    // Outputs at 0, 6, 12, 18, 24 h.
    let all = disk(&setup);
    assert_eq!(outputs_in(&setup, all + 1.0), 5);
    assert_eq!(outputs_in(&setup, all - 1.5 * output(&setup)), 3);
    assert_eq!(outputs_in(&setup, 0.0), 0);
    // Two solutes and living cells, four bytes each, and some for the file.
    assert!((output(&setup) / (8000.0 * 4.0 * 3.0) - 1.0).abs() < 0.2, "{}", output(&setup));
    let expected = cost(&setup);
    assert_eq!((expected.memory, expected.disk), (need, all));
    assert!(expected.time > 0.0);
}
