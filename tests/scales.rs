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

/// What feeds a slab from one side, 2 D c₀/L a face, and besides through a film, 1/k = 0.1 m/D, to the
/// depth b: (L − b)² = b² + 2 b D/k; a square rod and a cube fed all around: D c₀ over the largest
/// value of Poisson's problem, 0.0736713 L² and 0.0562128 L².
#[test]
fn what_feeds_all() {
    let fed = |domain: &str, faces: &[&str]| {
        let text = format!(
            "[domain]\n{domain}\n[solutes.oxygen]\ndiffusivity = \"2e-9 m^2/s\"\ninitial = \"0.2 mM\"\n\
             {}\n[run]\nduration = \"1 d\"\n",
            faces.iter().map(|f| format!("boundary.{f}")).collect::<Vec<_>>().join("\n")
        );
        let case = load_text("fed.toml", &text, &[]).unwrap_or_else(|r| panic!("{r}"));
        scales(&case.setup)[0].supply.expect("fed")
    };
    let near = |found: f64, wanted: f64, off: f64| {
        assert!((found / wanted - 1.0).abs() < off, "{found:e}, not {wanted:e}");
    };
    let value = |face: &str| format!("{face}.value = \"0.2 mM\"");
    let film = "x_min.stagnant-medium = { height = \"100 mm\", top = \"0.2 mM\" }";
    let slab = "size = [\"4 mm\"]\nvoxels = [4]";
    let one = 2.0 * 2e-9 * 0.2 / 4e-3;
    near(fed(slab, &[&value("x_max")]), one, 1e-9);
    let b: f64 = 16.0 / (2.0 * (4.0 + 100.0));
    near(fed(slab, &[&value("x_max"), film]), (4.0 / (4.0 - b)).powi(2) * one, 1e-9);
    near(fed(slab, &[&value("x_max"), &value("x_min")]), 4.0 * one, 1e-9);
    let around = ["x_min", "x_max", "y_min", "y_max", "z_min", "z_max"].map(value);
    let around: Vec<&str> = around.iter().map(String::as_str).collect();
    let rod = "size = [\"4 mm\", \"4 mm\"]\nvoxels = [4, 4]";
    near(fed(rod, &around[..4]), 2e-9 * 0.2 / 0.073_671_3, 0.03);
    let cube = "size = [\"4 mm\", \"4 mm\", \"4 mm\"]\nvoxels = [4, 4, 4]";
    near(fed(cube, &around), 2e-9 * 0.2 / 0.056_212_8 * 4e-3, 0.03);
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
