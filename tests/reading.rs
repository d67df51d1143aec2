//! The reading layer in detail: messages with their places, the numbers that `check` tells, and
//! the estimates, each against values by hand.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use blastema::case::numbers::Columns;
use blastema::case::resources::{disk, memory, memory_available, output, outputs_in, voxels_in};
use blastema::case::scales::{Scales, cost, live, scales};
use blastema::case::{
    Case, Diagnostic, Options, Report, Severity, Stored, load, load_stored, load_text, reference,
};
use blastema::model::setup::{Initial, Setup};

/// Fluid of porosity 0.8 without cells; `more` comes before the run.
fn slab(domain: &str, more: &str) -> String {
    format!(
        "[domain]\n{domain}\n[scaffold]\nporosity = 0.8\n[solutes.oxygen]\n\
         diffusivity_in_scaffold = \"1e-9 m^2/s\"\ninitial = \"0.1 mM\"\n{more}\n\
         [run]\nduration = \"1 d\"\noutput.every = \"6 h\"\n"
    )
}

/// A case that is solved for in all voxels.
fn whole(text: &str) -> Setup {
    Setup { symmetry: false, ..setup(text) }
}

const LINE: &str = "size = [\"2 mm\"]\nvoxels = [10]";

fn read(text: &str) -> Case {
    load_text("x.toml", text, &[]).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn setup(text: &str) -> Setup {
    read(text).setup
}

fn close(found: f64, wanted: f64) {
    assert!((found - wanted).abs() <= 1e-9 * wanted.abs(), "{found:e}, not {wanted:e}");
}

fn first(text: &str) -> Scales {
    scales(&setup(text)).swap_remove(0)
}

const CELLS: &str = "[cells.msc]\nseeding.uniform.density = \"1e6 cells/mL\"\n\
    uptake.oxygen.michaelis-menten = { vmax = \"36 amol/cell/s\", km = \"8 uM\" }";

/// Cells of `CELLS` take up to 36e-18 mol/s each, 1e12 of them a m³.
const SINK: f64 = 36e-6;

/// A cylinder of radius 2 mm and height 3 mm, fed around.
#[test]
fn scales_of_a_cylinder() {
    let domain = "shape = \"cylinder\"\nsize = [\"2 mm\", \"3 mm\"]\nvoxels = [10, 6]";
    let fed = format!("boundary.r_max.value = \"0.2 mM\"\n{CELLS}");
    let s = first(&slab(domain, &fed));
    let pi = std::f64::consts::PI;
    close(s.diffusivity, 1e-9);
    close(s.length.unwrap(), 2e-3);
    close(s.relaxation.unwrap(), 0.8 * 4e-6 / 1e-9);
    let depth = (1e-9 * 0.2 / SINK).sqrt();
    close(s.depth.unwrap(), depth);
    // Voxels of 0.2 mm along r and 0.5 mm along z.
    close(s.resolved.unwrap(), depth / 5e-4);
    close(s.thiele2.unwrap(), SINK * 4e-6 / (1e-9 * 0.2));
    close(s.demand, SINK * 0.2 / 0.208 * pi * 4e-6 * 3e-3);
    close(s.supply.unwrap(), 2.0 * pi * 2e-3 * 3e-3 * 0.2 / (2e-3 / 2e-9));
    // Along the radius the density rises from 0 to 1e12: voxel i of ten weighs i + 1/2 and has
    // (i + 1/2)/10 of it, Σ(i + 1/2)² = 332.5 and Σ(i + 1/2) = 50.
    let graded = fed.replace(
        "density = \"1e6 cells/mL\"",
        "density.linear = { axis = \"r\", from = \"0 cells/mL\", to = \"1e6 cells/mL\" }",
    );
    let s = first(&slab(domain, &graded));
    let mean = 332.5 / 500.0;
    close(s.depth.unwrap(), (1e-9 * 0.2 / (mean * SINK)).sqrt());
    close(s.demand, mean * SINK * 0.2 / 0.208 * pi * 4e-6 * 3e-3);
}

/// Fed along x over the whole length, and along y from both sides: the quicker way counts.
#[test]
fn the_quickest_way_from_a_fed_face() {
    let text = |boundary: &str| {
        format!(
            "[domain]\nsize = [\"2 mm\", \"3 mm\"]\nvoxels = [10, 10]\n[scaffold]\n\
             porosity = 0.8\neffective_diffusivity.tensor = {{ x = 0.25, y = 0.5 }}\n\
             [solutes.oxygen]\ndiffusivity = \"2e-9 m^2/s\"\ninitial = \"0.1 mM\"\n{boundary}\n\
             {CELLS}\n[run]\nduration = \"1 d\"\n"
        )
    };
    let along_x = "boundary.x_max.value = \"0.2 mM\"\n";
    let along_y = "boundary.y_min.value = \"0.2 mM\"\nboundary.y_max.value = \"0.3 mM\"\n";
    // 4 mm²/0.25 beside 2.25 mm²/0.5.
    let s = first(&text(&format!("{along_x}{along_y}")));
    close(s.reference, 0.3);
    close(s.length.unwrap(), 1.5e-3);
    close(s.diffusivity, 1e-9);
    close(s.thiele2.unwrap(), SINK * 2.25e-6 / (1e-9 * 0.3));
    // Faces of 3 mm × 1 m and 2 mm × 1 m, each with the diffusivity across it: from one side, and from
    // two, which meet where q·a²/(2D) is the concentration of each; the power 4/3 adds up.
    let x: f64 = 3e-3 * 0.2 / (2e-3 / 1e-9);
    let roots = f64::sqrt(0.2) + f64::sqrt(0.3);
    let y: f64 = 2e-3 * 2e-9 * roots * roots / 3e-3;
    close(s.supply.unwrap(), (x.powf(4.0 / 3.0) + y.powf(4.0 / 3.0)).powf(0.75));
    let s = first(&text(along_x));
    close(s.length.unwrap(), 2e-3);
    close(s.diffusivity, 0.5e-9);
    close(s.relaxation.unwrap(), 0.8 * 4e-6 / 0.5e-9);
    // Sealed all around: the slowest axis, no way, the initial concentration.
    let s = first(&text(""));
    close(s.diffusivity, 0.5e-9);
    assert_eq!((s.length, s.relaxation, s.thiele2, s.supply), (None, None, None, None));
    close(s.reference, 0.1);
    close(s.depth.unwrap(), (0.5e-9 * 0.1 / SINK).sqrt());
    // The coarser voxel, 0.3 mm along y.
    close(s.resolved.unwrap(), s.depth.unwrap() / 3e-4);
    let graded = text("").replace(
        "initial = \"0.1 mM\"",
        "initial.linear = { axis = \"x\", from = \"0.1 mM\", to = \"0.3 mM\" }",
    );
    // The last of ten voxels lies at 19/20 of the way.
    close(first(&graded).reference, 0.1 + 0.2 * 0.95);
}

/// Faces that feed nothing: a flux and an outflow; a film of still medium.
#[test]
fn what_feeds_a_solute() {
    let s = first(&slab(LINE, &format!("boundary.x_max.flux = \"1e-9 mol/m^2/s\"\n{CELLS}")));
    assert_eq!((s.length, s.supply), (None, None));
    close(s.reference, 0.1);
    // D/height = 2e-9/1e-3 m/s.
    let still =
        slab(LINE, "boundary.x_max.stagnant-medium = { height = \"1 mm\", top = \"0.2 mM\" }")
            .replace("diffusivity_in_scaffold = \"1", "diffusivity = \"2")
            .replace("[solutes", "effective_diffusivity.area = {}\n[solutes");
    close(first(&still).supply.unwrap(), 0.2 / (2e-3 / (2.0 * 0.8 * 2e-9) + 1e-3 / 2e-9));
    // Without uptake nothing has a depth; nothing is asked.
    let s = first(&still);
    assert_eq!((s.depth, s.resolved, s.thiele2, s.lasts, s.demand), (None, None, None, None, 0.0));
    // Nor where there is no oxygen; it is asked for as much as it gives.
    let none = slab(LINE, &format!("boundary.x_max.value = \"0 mM\"\n{CELLS}"));
    let s = first(&none);
    assert_eq!((s.depth, s.thiele2, s.demand, s.reference), (None, None, 0.0, 0.0));
}

/// A flow brings what diffusion could not: no bound.
#[test]
fn scales_beside_a_flow() {
    let text = slab(
        LINE,
        &format!(
            "boundary.x_min.inlet = \"0.2 mM\"\nboundary.x_max.outflow = {{}}\n{CELLS}\n\
             [flow]\nlaw.given.velocity = [\"1 um/s\"]"
        ),
    );
    let s = first(&text);
    assert_eq!((s.length, s.supply), (Some(2e-3), None));
    close(s.reference, 0.2);
    close(s.thiele2.unwrap(), SINK * 4e-6 / (1e-9 * 0.2));
}

/// Two populations and a second solute that doubles what one of them takes up.
#[test]
fn demands_add() {
    let text = slab(
        LINE,
        "boundary.x_max.value = \"0.2 mM\"\n[solutes.glucose]\n\
         diffusivity_in_scaffold = \"5e-10 m^2/s\"\ninitial = \"2 mM\"\n\
         boundary.x_min.bath = { name = \"one\", start = \"2 mM\" }\n\
         boundary.x_max.bath = { name = \"two\", start = \"3 mM\" }\n\
         [baths]\none.volume = \"1 mL\"\ntwo.volume = \"4 mL\"\n\
         [cells.a]\nseeding.uniform.density = \"1e6 cells/mL\"\n\
         uptake.oxygen.michaelis-menten = { vmax = \"36 amol/cell/s\", km = \"8 uM\" }\n\
         uptake.glucose.first-order.clearance = \"1e-18 m^3/cell/s\"\n\
         uptake_modifiers.oxygen.glucose = { factor = 3, half = \"3 mM\" }\n\
         [cells.b]\nseeding.uniform.density = \"2e6 cells/mL\"\n\
         uptake.oxygen.michaelis-menten = { vmax = \"18 amol/cell/s\", km = \"50 uM\" }",
    );
    let all = scales(&setup(&text));
    // Glucose stands at 3 mM, its larger bath: 1 + 2·3/(3 + 3) = 2 of the first population.
    let (one, two) = (2.0 * SINK, SINK);
    close(all[0].demand, (one * 0.2 / 0.208 + two * 0.2 / 0.25) * 2e-3);
    close(all[0].depth.unwrap(), (1e-9 * 0.2 / (one + two)).sqrt());
    close(all[0].thiele2.unwrap(), (one + two) * 4e-6 / (1e-9 * 0.2));
    assert_eq!(all[0].lasts, None);
    // Clearance k: k n c. Both baths' content, 2 µmol and 12 µmol.
    let sink = 1e-18 * 1e12 * 3.0;
    close(all[1].demand, sink * 2e-3);
    close(all[1].lasts.unwrap(), (2e-6 + 12e-6) / (sink * 2e-3));
    close(all[1].depth.unwrap(), (5e-10 * 3.0 / sink).sqrt());
}

/// Around a solid ball of eight voxels in 8³.
#[test]
fn scales_of_pores() {
    let text = format!(
        "[domain]\nsize = [\"0.8 mm\", \"0.8 mm\", \"0.8 mm\"]\nvoxels = [8, 8, 8]\n[scaffold]\n\
         resolve = \"pores\"\nsolid.impermeable = {{}}\n\
         structure.spheres = {{ period = \"0.8 mm\", radius = \"0.1 mm\" }}\n[solutes.oxygen]\n\
         diffusivity = \"2e-9 m^2/s\"\ninitial = \"0.1 mM\"\nboundary.z_max.value = \"0.2 mM\"\n\
         {CELLS}\n[run]\nsteady = true\n"
    );
    let setup = setup(&text);
    // The centres of the middle eight lie √3·50 µm from the middle, the next √11·50 µm.
    assert_eq!(live(&setup), 504);
    let s = &scales(&setup)[0];
    close(s.diffusivity, 2e-9);
    close(s.relaxation.unwrap(), 0.64e-6 / 2e-9);
    let area = 0.64e-6 * 504.0 / 512.0;
    close(s.supply.unwrap(), area * 0.2 / (0.8e-3 / 4e-9));
    // A million a mL in the pores and nowhere else.
    close(s.depth.unwrap(), (2e-9 * 0.2 / SINK).sqrt());
    close(s.demand, SINK * 0.2 / 0.208 * 504.0 * 1e-12);
    assert_eq!(live(&self::setup(&slab(LINE, ""))), 10);
}

/// The time: steps, and what a voxel takes in each.
#[test]
fn what_a_run_takes_grows_as_it_should() {
    let of = |text: &str| cost(&whole(text)).time;
    let base = slab(LINE, "");
    let day = of(&base);
    // Five outputs in a day of three longest steps of 8 h, and forty more; a steady state is ten.
    close(
        of(&base.replace("1 d", "10 d").replace("every = \"6 h", "every = \"1 d")) / day,
        70.0 / 45.0,
    );
    close(of(&base.replace("1 d", "10 d")) / day, 81.0 / 45.0);
    close(of(&base.replace("[run]", "[run]\naccuracy.max_step = \"1 h\"")) / day, 64.0 / 45.0);
    let steady = base
        .replace("duration = \"1 d\"\noutput.every = \"6 h\"", "steady = true")
        .replace("[run]", "boundary.x_max.value = \"1 mM\"\n[run]");
    close(of(&steady) / day, 10.0 / 45.0);
    close(of(&base.replace("[10]", "[30]")) / day, 3.0);
    // A solute takes 0.25 µs a voxel, and each field 0.02 µs more; 45 steps of ten voxels.
    close(day, 450.0 * 0.27e-6);
    let cells = slab(LINE, "[cells.a]\nseeding.uniform.density = \"1 cells/mL\"");
    close(of(&cells), 450.0 * 0.29e-6);
    // All ten voxels are alike, or of each other's images.
    close(cost(&setup(&base)).time / day, 0.1);
    let sides = "boundary.x_min.value = \"1 mM\"\nboundary.x_max.value = \"1 mM\"";
    close(cost(&setup(&slab(LINE, sides))).time / day, 0.5);
    // Fixed steps take 2 ns a voxel and solute.
    let fixed = base.replace("[run]", "[run]\nlod.step = \"4 s\"");
    close(of(&fixed), 86_400.0 / 4.0 * 10.0 * 2e-9);
    // A solute in a flow takes 1 µs a voxel; Brinkman's law is solved once, 50 µs a voxel.
    let domain = "size = [\"2 mm\", \"1 mm\"]\nvoxels = [10, 5]";
    let flow = |law: &str| {
        of(&slab(
            domain,
            &format!(
                "boundary.x_min.inlet = \"0.2 mM\"\nboundary.x_max.outflow = {{}}\n[flow]\n\
                 law.{law}.permeability = \"1e-11 m^2\"\nboundary.x_min.pressure = \"1 Pa\"\n\
                 boundary.x_max.pressure = \"0 Pa\""
            ),
        ))
    };
    close(flow("darcy"), 45.0 * 50.0 * 1.02e-6);
    close(flow("brinkman"), 45.0 * 50.0 * 1.02e-6 + 50.0 * 50e-6);
}

/// Bytes a voxel and those of the program.
fn bytes(text: &str, from: &str, to: &str, of: fn(&str) -> Setup) -> (f64, f64) {
    let (small, large) = (of(text), of(&text.replace(from, to)));
    let (n, m) = (small.grid.len() as f64, large.grid.len() as f64);
    let each = (memory(&large) - memory(&small)) / (m - n);
    (each, memory(&small) - n * each)
}

/// Bytes a voxel: 160, for each solute and population 30, each field 40, each field of
/// diffusivities 55, a contrast of them above 100 300 more, a flow 650, Brinkman's 350 more, a form other than a box 16;
/// each solute that is solved for beside another one 45, in a flow 490.
#[test]
fn memory_by_what_a_case_holds() {
    let of = |text: &str| {
        let (each, program) = bytes(text, "voxels = [10", "voxels = [20", whole);
        close(program, 20e6);
        each
    };
    let base = slab(LINE, "");
    close(of(&base), 160.0 + 30.0 + 40.0);
    let factor = "[solutes.factor]\ndiffusivity_in_scaffold = \"1e-10 m^2/s\"\ninitial = \"0 mM\"";
    close(of(&slab(LINE, factor)), 230.0 + 70.0 + 45.0);
    close(of(&slab(LINE, CELLS)), 230.0 + 70.0);
    let death = format!("{CELLS}\ndeath.age.rate.half_life = \"9 d\"");
    close(of(&slab(LINE, &death)), 230.0 + 70.0 + 40.0);
    let stages = format!("{death}\ndeath.age.exposure = \"1 d\"\ndeath.age.stages = 3");
    close(of(&slab(LINE, &stages)), 230.0 + 70.0 + 40.0 + 120.0);
    // Half of the voxels, and all in single precision for three outputs that wait to be written.
    let sides = "boundary.x_min.value = \"1 mM\"\nboundary.x_max.value = \"1 mM\"";
    close(bytes(&slab(LINE, sides), "[10", "[20", setup).0, 115.0 + 3.0 * 4.0);
    // One voxel, and what is given for all.
    let (each, _) = bytes(&base, "voxels = [10", "voxels = [1000", setup);
    assert!((each - 16.0).abs() < 1.0, "{each}");
    // Uneven by a porosity: one field for both solutes. Uneven by regions: one each.
    let even = "[scaffold]\nporosity = 0.8\neffective_diffusivity.bruggeman = {}";
    let free = slab(LINE, factor)
        .replace("diffusivity_in_scaffold", "diffusivity")
        .replace("[scaffold]\nporosity = 0.8", even);
    close(of(&free), 345.0);
    let uneven = "porosity.linear = { axis = \"x\", from = 0.5, to = 0.9 }";
    let free = free.replace("porosity = 0.8", uneven);
    close(of(&free), 345.0 + 55.0);
    let region = |solutes: &[&str]| {
        let mut more = factor.to_owned();
        more += "\n[regions.a]\nshape.layer = { axis = \"x\", from = \"0 mm\", to = \"1 mm\" }";
        for s in solutes {
            let _ = write!(more, "\nsolutes.{s}.diffusivity_in_scaffold = \"1e-11 m^2/s\"");
        }
        of(&slab(LINE, &more))
    };
    close(region(&["factor"]), 345.0 + 55.0);
    // A contrast of 200 may need multigrid by strength.
    close(region(&["factor", "oxygen"]), 345.0 + 110.0 + 300.0);
    let flow = |law: &str, boundary: &str| {
        let domain = "size = [\"2 mm\", \"1 mm\"]\nvoxels = [10, 5]";
        of(&slab(
            domain,
            &format!(
                "boundary.x_min.inlet = \"0.2 mM\"\nboundary.x_max.outflow = {{}}\n[flow]\n\
                 law.{law}\n{boundary}"
            ),
        ))
    };
    let faces = "boundary.x_min.pressure = \"1 Pa\"\nboundary.x_max.pressure = \"0 Pa\"";
    close(flow("given.velocity = [\"1 um/s\", \"0 um/s\"]", ""), 230.0 + 650.0);
    let carried =
        format!("{factor}\nboundary = {{ x_min.inlet = \"0 mM\", x_max.outflow = {{}} }}");
    close(flow("given.velocity = [\"1 um/s\", \"0 um/s\"]", &carried), 300.0 + 650.0 + 490.0);
    // What is made of another solute waits for it.
    let made = format!(
        "{factor}\n{CELLS}\nproduction.factor.per-uptake = {{ of = \"oxygen\", yield = 1.0 }}"
    );
    close(of(&slab(LINE, &made)), 300.0 + 70.0);
    close(flow("darcy.permeability = \"1e-11 m^2\"", faces), 230.0 + 650.0);
    close(flow("brinkman.permeability = \"1e-11 m^2\"", faces), 230.0 + 650.0 + 350.0);
    close(of(&slab(&format!("shape = \"cylinder\"\n{LINE}"), "")), 230.0 + 16.0);
    close(of(&slab(&format!("shape = \"sphere\"\n{LINE}"), "")), 230.0 + 16.0);
}

/// 4 or 8 bytes a voxel and field, 8 kB a file and 2 kB a field.
#[test]
fn an_output_by_its_fields() {
    let base = slab("size = [\"2 mm\"]\nvoxels = [1000]", CELLS);
    let of = |text: &str| output(&setup(text));
    close(of(&base), 8e3 + 2.0 * (2e3 + 4e3));
    close(
        of(&base.replace("output.every", "output.precision = \"f64\"\noutput.every")),
        8e3 + 2.0 * 10e3,
    );
    let chosen = |fields: &str, text: &str| {
        of(&text.replace("output.every", &format!("output.fields = {fields}\noutput.every")))
    };
    close(chosen("[\"oxygen\"]", &base), 8e3 + 6e3);
    close(chosen("[\"oxygen\", \"msc.viable\", \"viable_fraction\"]", &base), 8e3 + 18e3);
    // A flow that stays costs nothing; one that follows the porosity has three components.
    let flow = "boundary.x_min.inlet = \"0.2 mM\"\nboundary.x_max.outflow = {}\n[flow]\n\
        law.kozeny-carman = { diameter = \"100 um\", constant = 180 }\nboundary.x_min.pressure = \"1 Pa\"\n\
        boundary.x_max.pressure = \"0 Pa\"\n[cells.msc]";
    let stays = base
        .replace("[cells.msc]", flow)
        .replace("diffusivity_in_scaffold", "diffusivity")
        .replace("[solutes", "effective_diffusivity.bruggeman = {}\n[solutes");
    let changes = stays
        .replace("[solutes", "changing_porosity = true\n[solutes")
        .replace("[cells.msc]", "[cells.msc]\nvolume = \"2000 um^3\"");
    let fields = "[\"oxygen\", \"velocity\", \"pressure\"]";
    close(chosen(fields, &stays), 8e3 + 6e3);
    close(chosen(fields, &changes), 8e3 + 5.0 * 6e3);
}

/// Structure once, the flow once, three checkpoints, and an output for each time.
#[test]
fn disk_by_what_a_case_holds() {
    let base = slab("size = [\"2 mm\"]\nvoxels = [1000]", "boundary.x_max.value = \"0.2 mM\"");
    let of = |text: &str| {
        let s = setup(text);
        (disk(&s), output(&s))
    };
    let (all, one) = of(&base);
    close(all, 1e5 + 4e3 + 3.0 * 8e3 + 5.0 * one);
    let (all, one) = of(&base.replace("6 h", "3 h"));
    close(all, 1e5 + 4e3 + 24e3 + 9.0 * one);
    let steady = base.replace("duration = \"1 d\"\noutput.every = \"6 h\"", "steady = true");
    let (all, one) = of(&steady);
    close(all, 1e5 + 4e3 + one);
    let flow = base
        .replace("boundary.x_max.value", "boundary.x_max.outflow = {}\nboundary.x_min.inlet")
        .replace("[run]", "[flow]\nlaw.given.velocity = [\"1 um/s\"]\n[run]");
    let (all, one) = of(&flow);
    close(all, 1e5 + 24e3 + 24e3 + 5.0 * one);
    // Room for all but a byte of the last is room for four.
    let s = setup(&base);
    assert_eq!(outputs_in(&s, disk(&s) + 1.0), 5);
    assert_eq!(outputs_in(&s, disk(&s) - 1.0), 4);
    assert_eq!(outputs_in(&s, disk(&s) - 5.0 * output(&s) - 1.0), 0);
}

#[test]
fn voxels_that_fit() {
    let of = |voxels: &str, share: f64| {
        let sizes = vec!["\"2 mm\""; voxels.split(',').count()].join(", ");
        let s = setup(&slab(&format!("size = [{sizes}]\nvoxels = [{voxels}]"), ""));
        let part = memory(&s) - 20e6;
        voxels_in(&s, 20e6 + part * share).map(|(n, bytes)| (n, (bytes - 20e6) / part))
    };
    let fits = |voxels: &str, share: f64, wanted: [usize; 3], part: f64| {
        let (n, bytes) = of(voxels, share).expect(voxels);
        assert_eq!(n, wanted, "{voxels}");
        close(bytes, part);
    };
    fits("1000", 0.5001, [500, 1, 1], 0.5);
    fits("1000", 0.4999, [499, 1, 1], 0.499);
    fits("1000", 0.0011, [1, 1, 1], 0.001);
    assert!(of("1000", 0.0009).is_none());
    fits("40, 20", 0.2501, [20, 10, 1], 0.25);
    fits("20, 20, 10", 0.1251, [10, 10, 5], 0.125);
    // An axis of one voxel stays one, and does not count.
    fits("1, 100", 0.5001, [1, 50, 1], 0.5);
    fits("40, 2", 0.2501, [20, 1, 1], 0.25);
    assert!(of("40, 2", 0.2).is_none(), "no voxel along y");
    assert!(of("40, 20", 1.0).is_none(), "all of it fits");
    assert!(of("40, 20", -1.0).is_none(), "not even the program");
    fits("1000", 0.9999, [999, 1, 1], 0.999);
}

fn report(text: &str) -> Report {
    match load_text("x.toml", text, &[]) {
        Ok(_) => panic!("no error:\n{text}"),
        Err(report) => report,
    }
}

/// The only error of a text.
fn fault(text: &str) -> Diagnostic {
    let mut report = report(text);
    assert_eq!(report.errors(), 1, "{report}");
    report.diagnostics.retain(|d| d.severity == Severity::Error);
    report.diagnostics.swap_remove(0)
}

/// Blocks of `what => by what` in the slab (`\n` a new line), then its only error as
/// `CODE key | headline | label`, `~` being the key, then its notes.
fn all_wrong(blocks: &str) {
    for block in blocks.trim().split("\n\n") {
        let mut lines = block.lines().map(str::trim);
        let (from, to) = lines.next().unwrap().split_once(" => ").expect(block);
        let (from, to) = (from.replace("\\n", "\n"), to.replace("\\n", "\n"));
        let text = slab(LINE, "").replacen(&from, &to, 1);
        assert!(text != slab(LINE, ""), "{block}");
        let d = fault(&text);
        let said = format!("{} {} | {} | {}", d.code, d.key, d.message, d.label);
        let wanted = lines.next().unwrap().replace('~', &d.key);
        assert_eq!(said.trim_end(), wanted.trim_end(), "{block}");
        let notes: Vec<&str> = lines.map(|l| l.trim_start_matches("= ")).collect();
        assert_eq!(d.notes, notes, "{block}");
    }
}

#[test]
fn kinds_of_values() {
    all_wrong(
        r#"
        porosity => changing_porosity = 1\nporosity
        E017 scaffold.changing_porosity | ~ must be true or false | this is a number
        = write for example: changing_porosity = true

        [domain] => title = 5\n[domain]
        E017 title | ~ must be a string | this is a number
        = write for example: title = "text"

        [domain] => [domain]\nshape = true
        E017 domain.shape | ~ must be a word in quotes | this is true or false
        = write for example: shape = "box"

        "1 d" => [1]
        E017 run.duration | ~ must be a string with a unit | this is a list
        = write for example: duration = "14 d"

        "1 d" => 2026-01-01
        E017 run.duration | ~ must be a string with a unit | this is a date
        = write for example: duration = "14 d"

        0.8 => true
        E017 scaffold.porosity | ~ must be a number | this is true or false
        = write for example: porosity = 0.5

        "1 d" => 5
        E013 run.duration | ~ has no unit | expected time
        = write the unit in quotes: duration = "5 d"

        "1 d" => 2.5
        E013 run.duration | ~ has no unit | expected time
        = write the unit in quotes: duration = "2.5 d"

        [10] => [2.5]
        E017 domain.voxels[0] | ~ must be a whole number | this is a number
        = write for example: voxels[0] = 1

        [10] => 10
        E017 domain.voxels | ~ must be a list in [ ] | this is a number
        = write for example: voxels = [1]

        [run] => [run]\naccuracy = 1
        E017 run.accuracy | ~ must be a table | this is a number
        = write for example: accuracy = {}

        [run] => [cells.a]\nseeding.number.of = "1 cells"\nreseeding = [1]\n[run]
        E017 cells.a.reseeding[0] | ~ must be a table | this is a number
        = write for example: reseeding[0] = { at = "14 d", seeding = { uniform = { density = "2e6 cells/mL" } } }

        [domain] => baths = 1\n[domain]
        E017 baths | ~ must be a table of baths | this is a number
        = write for example: baths = { name = { volume = "2 mL" } }
        "#,
    );
    let d = fault(&slab(LINE, "").replace("[domain]", "matrix = []\n[domain]"));
    assert_eq!((d.code, d.message.as_str()), ("E017", "matrix must be a table of matrices"));
    assert!(d.notes[0].starts_with("write for example: matrix = { name = "), "{:?}", d.notes);
}

#[test]
fn choices_and_words() {
    all_wrong(
        r#"
        [domain] => [domain]\nshape = "boxx"
        E018 domain.shape | ~ is not `boxx` | did you mean "box"?
        = expected one of box, cylinder, sphere

        [domain] => [domain]\nshape = "torus-like"
        E018 domain.shape | ~ is not `torus-like` |
        = expected one of box, cylinder, sphere

        output.every => output.precision = "F32"\noutput.every
        E018 run.output.precision | ~ is not `F32` | did you mean "f32"?
        = expected `f32` or `f64`

        [run] => [run]\nstop_when = "never"
        E018 run.stop_when | ~ is not `never` |
        = expected `steady`

        [run] => [cells.a]\nseeding.number.of = "1 cells"\nuptake.oxygen = "hill"\n[run]
        E017 cells.a.uptake.oxygen | ~ names its law as a key | write oxygen.hill = { vmax = "98 fmol/cell/h", half = "0.2 mol/m^3", exponent = 1 }

        [run] => [cells.a]\nseeding.number.of = "1 cells"\nuptake.oxygen = "hilly"\n[run]
        E017 cells.a.uptake.oxygen | ~ must be a table | this is a string
        = write for example: oxygen = { first-order = { clearance = "1 nL/cell/h" } }
        = with exactly one law: one of first-order, michaelis-menten, hill, zero-order

        [run] => [cells.a]\nseeding.number.of = "1 cells"\nuptake.oxygen = {}\n[run]
        E019 cells.a.uptake.oxygen | ~ names no law | expected one of first-order, michaelis-menten, hill, zero-order
        = write for example: oxygen = { first-order = { clearance = "1 nL/cell/h" } }

        [run] => [cells.a]\nseeding.number.of = "1 cells"\nuptake.oxygen = { zero-order.vmax = "1 amol/cell/s", first-order.clearance = "1 nL/cell/h" }\n[run]
        E019 cells.a.uptake.oxygen | ~ has more than one law: zero-order and first-order | keep exactly one

        [run] => [cells.a]\nseeding.number.of = "1 cells"\nuptake.oxygen.zero_order.vmax = "1 amol/cell/s"\n[run]
        E010 cells.a.uptake.oxygen.zero_order | ~ is not a key | write `zero-order`: names of laws have hyphens, keys have underscores
        = keys of [cells.a.uptake.oxygen]: first-order, michaelis-menten, hill, zero-order

        [run] => [cells.a]\nseeding = "uniform"\n[run]
        E017 cells.a.seeding | ~ must be a table | this is a string
        = write for example: seeding = { uniform = { density = "2e6 cells/mL" } }
        = with exactly one kind of seeding: one of uniform, number, surface

        "0.1 mM" => {}
        E019 solutes.oxygen.initial | ~ names no form | expected one of linear, table, file, formula, steady
        = write for example: initial = "0.2 mol/m^3"
        "#,
    );
}

#[test]
fn keys_that_are_none_too_many_or_missing() {
    all_wrong(
        r#"
        [domain] => [domain]\nsise = 1
        E010 domain.sise | ~ is not a key | did you mean `size`?
        = keys of [domain]: shape, size, inner_radius, voxels, voxel, periodic

        [domain] => [domain]\ninner-radius = 1
        E010 domain.inner-radius | ~ is not a key | write `inner_radius`: names of laws have hyphens, keys have underscores
        = keys of [domain]: shape, size, inner_radius, voxels, voxel, periodic

        [domain] => [domain]\ncolour = 1
        E010 domain.colour | ~ is not a key |
        = keys of [domain]: shape, size, inner_radius, voxels, voxel, periodic

        [domain] => domian = 1\n[domain]
        E010 domian | ~ is not a key | did you mean `domain`?
        = keys of a case file: extend, title, allow, domain, scaffold, solutes, flow, baths, cells, matrix, ph, regions, run, expect

        [domain] => accuracy = 1\n[domain]
        E010 accuracy | ~ is not a key | it belongs to run: did you mean `run.accuracy`?
        = keys of a case file: extend, title, allow, domain, scaffold, solutes, flow, baths, cells, matrix, ph, regions, run, expect

        porosity => effective_diffusivity.area.x = 1\nporosity
        E010 scaffold.effective_diffusivity.area.x | ~ is not a key |
        = scaffold.effective_diffusivity.area takes no keys: write area = {}

        [run] => [regions.a]\nshape.sphere = { centre = ["1 mm"], radius = "1 mm" }\nsolutes.oxygen.decay.value = "1 1/d"\n[run]
        E010 regions.a.solutes.oxygen.decay | ~ is not a key |
        = a region may change scaffold.porosity, scaffold.effective_diffusivity, solutes.X.initial, solutes.X.diffusivity_in_scaffold, solutes.X.source.rate, solutes.X.release.loaded and cells.X.seeding.uniform

        [domain] => [domain]\nvoxel = "0.2 mm"
        E020 domain.voxels | domain.voxels and domain.voxel exclude each other | give only one

        [run]\nduration = "1 d" => [run]
        E011 run.duration | ~ is missing | in this table
        = give `duration` or `steady`
        = duration = "14 d"
        = steady = true

        initial = "0.1 mM" => # none
        E011 solutes.oxygen.initial | ~ is missing | in solutes.oxygen
        = write for example: initial = "0.2 mol/m^3"

        [run]\nduration = "1 d"\noutput.every = "6 h" => # none
        E011 run | ~ is missing |
        = write for example: run = { duration = "14 d" }

        [run] => [baths]\n1st.volume = "1 mL"\n[run]
        E026 baths.1st | `1st` is no name for a bath | a letter, then letters, digits, - and _; at most 64

        [run] => [baths]\n"a.b".volume = "1 mL"\n[run]
        E026 baths.a.b | `a.b` is no name for a bath | a letter, then letters, digits, - and _; at most 64
        "#,
    );
    // Where they stand: the header of the table, or the file as a whole.
    let d = fault(&slab(LINE, "").replace("initial = \"0.1 mM\"", ""));
    assert_eq!((d.line, d.column, d.excerpt.as_str(), d.width), (6, 1, "[solutes.oxygen]", 16));
    let d = fault("[domain]\nsize = [\"1 mm\"]\nvoxels = [3]\n");
    assert_eq!((d.line, d.column, d.width, d.file.as_str()), (0, 0, 0, "x.toml"));
    assert_eq!(d.label, "");
    // A flag that is off is as good as absent, and yet there.
    read(&slab(LINE, "").replace("[run]", "[run]\nsteady = false"));
    // Names of 64 letters, with digits, hyphens and underscores.
    let bath = |name: &str| {
        load_text("x.toml", &slab(LINE, &format!("[baths.{name}]\nvolume = \"1 mL\"")), &[])
    };
    for good in ["a".repeat(64).as_str(), "a1", "B-_9"] {
        bath(good).unwrap_or_else(|e| panic!("{e}"));
    }
    for bad in ["a".repeat(65).as_str(), "-a", "_a", "\"\u{e4}\"", "\"a b\"", "\"\""] {
        assert_eq!(bath(bad).unwrap_err().diagnostics[0].code, "E026", "{bad}");
    }
}

/// Both sides of every kind of limit.
#[test]
fn limits_on_both_sides() {
    let text = |from: &str, to: &str| {
        slab(LINE, "boundary.x_max.flux = \"0 mol/m^2/s\"").replace(from, to)
    };
    let initial = |v: &str| text("0.1 mM", v);
    let flux = |v: &str| text("0 mol", v);
    let duration = |v: &str| text("\"1 d\"\noutput.every = \"6 h\"", &format!("\"{v}\""));
    let accuracy = |v: &str| text("[run]", &format!("[run]\naccuracy.time = {v}"));
    let porosity = |v: &str| text("0.8", v);
    for fine in [
        initial("0 mM"),
        initial("1e60 mol/m^3"),
        initial("1e-60 mol/m^3"),
        flux("-1e60 mol"),
        duration("1e11 s"),
        duration("1e-3 s"),
        accuracy("0.5"),
        accuracy("\"50 %\""),
        porosity("1"),
        porosity("1e-3"),
        text("[10]", "[1]"),
        text("[10]", "[100000]"),
    ] {
        read(&fine);
    }
    let beyond = "its magnitude in SI must lie between 1e-60 and 1e60";
    for (text, says) in [
        (initial("-1e-9 mM"), "must be at least 0"),
        (initial("1.1e60 mol/m^3"), beyond),
        (initial("9e-61 mol/m^3"), beyond),
        (flux("-1.1e60 mol"), beyond),
        // 1e11 s are 1157407.4 days.
        (duration("1.1e11 s"), "must be greater than 0 and at most 1.1574e6 d"),
        (duration("0 s"), "must be greater than 0 and at most 1.1574e6 d"),
        (accuracy("0.51"), "must be greater than 0 and at most 0.5"),
        (accuracy("0"), "must be greater than 0 and at most 0.5"),
        (porosity("1.001"), "must be greater than 0 and at most 1"),
        (porosity("0"), "must be greater than 0 and at most 1"),
        (
            text("porosity = 0.8", "porosity = 0.8\neffective_diffusivity.tortuosity.factor = inf"),
            "must be at least 1",
        ),
        (porosity("inf"), "must be greater than 0 and at most 1"),
        (porosity("nan"), "must be greater than 0 and at most 1"),
        (porosity("99999999999999999999"), "must be greater than 0 and at most 1"),
        (text("[10]", "[0]"), "must be from 1 to 100000"),
        (text("[10]", "[-1]"), "must be from 1 to 100000"),
        (text("[10]", "[100001]"), "must be from 1 to 100000"),
        (text("[10]", "[99999999999999999999]"), "must be from 1 to 100000"),
    ] {
        let d = fault(&text);
        assert_eq!((d.code, d.label.as_str()), ("E016", says), "{}", d.message);
        let what =
            if says == beyond { "is beyond what can be computed" } else { "is out of range" };
        assert_eq!(d.message, format!("{} {what}", d.key));
    }
}

#[test]
fn lists_and_rows() {
    all_wrong(
        r#"
        = "0.1 mM" => .table = { axis = "x", points = [["0 mm", "1 mM"], ["1 mm"]] }
        E017 solutes.oxygen.initial.table.points[1] | ~ has 1 entries | expected 2
        = write for example: ["1 mm", "0.2 mol/m^3"]

        = "0.1 mM" => .table = { axis = "x", points = [["0 mm", "1 mM", 1]] }
        E017 solutes.oxygen.initial.table.points[0] | ~ has 3 entries | expected 2
        = write for example: ["1 mm", "0.2 mol/m^3"]

        = "0.1 mM" => .table = { axis = "x", points = [["0 mm", "1 mM"], ["1 s", "1 mM"]] }
        E012 solutes.oxygen.initial.table.points[1][0] | ~ has the wrong dimension | has time, expected length
        = write for example: points[1][0] = "1 mm"

        = "0.1 mM" => .table = { axis = "x", points = [["0 mm", "-1 mM"]] }
        E016 solutes.oxygen.initial.table.points[0][1] | ~ is out of range | must be at least 0

        = "0.1 mM" => .table = { axis = "x", points = [1] }
        E017 solutes.oxygen.initial.table.points[0] | ~ must be a list in [ ] | this is a number
        = write for example: points[0] = ["1 mm", "0.2 mol/m^3"]

        = "0.1 mM" => .table = { axis = "x", points = [] }
        E017 solutes.oxygen.initial.table.points | ~ has 0 entries | expected at least 1

        [run] => [run]\ncheckpoints = []
        E017 run.checkpoints | ~ has 0 entries | expected at least 1

        [10] => [1, 2, 3, 4]
        E017 domain.voxels | ~ has 4 entries | expected 1 to 3

        [10] => []
        E017 domain.voxels | ~ has 0 entries | expected 1 to 3
        "#,
    );
    let allow = |n: usize| format!("allow = [{}]\n{}", "\"W031\",".repeat(n), slab(LINE, ""));
    read(&allow(100));
    let d = fault(&allow(101));
    assert_eq!(
        (d.message.as_str(), d.label.as_str()),
        ("allow has 101 entries", "expected at most 100")
    );
}

/// What is expected of a result, and its bounds, by key.
#[test]
fn quantities_of_any_dimension() {
    let expect = |line: &str| {
        fault(&format!(
            "{}\n[[expect]]\nwhat = \"oxygen\"\ntake = \"mean\"\n{line}\n",
            slab(LINE, "")
        ))
    };
    for (line, code, key, headline, label) in [
        (
            "between = [\"0 mM\", \"a\"]",
            "E015",
            "between[1]",
            "is not a quantity",
            "`a` is not a number",
        ),
        (
            "between = [\"0 mM\", \"1 mX\"]",
            "E014",
            "between[1]",
            "has an unknown unit",
            "unknown unit `mX`",
        ),
        (
            "between = [\"0 mM\", true]",
            "E017",
            "between[1]",
            "must be a number, or a string with a unit",
            "this is true or false",
        ),
        (
            "between = [\"0 mM\", nan]",
            "E017",
            "between[1]",
            "must be a number, or a string with a unit",
            "this is a number",
        ),
        ("between = [\"0 mM\"]", "E017", "between", "has 1 entries", "expected 2"),
        (
            "between = [\"0 mM\", \"1 s\"]",
            "E012",
            "between[1]",
            "has the wrong dimension",
            "has time, expected amount/length^3",
        ),
    ] {
        let d = expect(line);
        assert_eq!(d.code, code, "{line}: {}", d.message);
        assert_eq!(d.key, format!("expect[0].{key}"));
        assert_eq!(d.message, format!("expect[0].{key} {headline}"));
        assert!(d.label.starts_with(label), "{line}: {}", d.label);
    }
}

/// Mass becomes amount with the molar mass; a pressure is a concentration for oxygen alone.
#[test]
fn conversions_and_what_they_need() {
    let of = |text: &str| match &setup(text).solutes[0].initial {
        Initial::Uniform(c) => *c,
        _ => panic!("uniform"),
    };
    let oxygen = |v: &str| of(&slab(LINE, "").replace("0.1 mM", v));
    // 1 %O2 = 7.6 mmHg = 9.576e-3 mol/m³; oxygen is 32 g/mol in the library.
    close(oxygen("7.6 mmHg"), 9.576e-3);
    close(oxygen("2 %O2"), 2.0 * 9.576e-3);
    close(oxygen("64 mg/L"), 2.0);
    let factor =
        |mass: &str, v: &str| slab(LINE, mass).replace("oxygen", "factor").replace("0.1 mM", v);
    close(of(&factor("molar_mass = \"20 kDa\"", "10 ug/mL")), 5e-4);
    let d = fault(&factor("", "10 ug/mL"));
    assert_eq!((d.code, d.label.as_str()), ("E012", "has mass/length^3, expected amount/length^3"));
    let example = "write for example: initial = \"0.2 mol/m^3\"";
    assert_eq!(d.notes, [example, "a mass becomes an amount with the solute's `molar_mass`"]);
    let d = fault(&factor("", "10 kPa"));
    assert_eq!(d.code, "E012");
    assert!(d.notes.contains(&"only for oxygen is a pressure a concentration".into()));
    // Neither is told of a time or of a length.
    assert_eq!(fault(&factor("", "10 s")).notes, [example]);
    let d = fault(&slab(LINE, "").replace("\"1 d\"", "\"10 kPa\""));
    assert_eq!(d.notes, ["write for example: duration = \"14 d\""]);
    for other in ["10 g", "10 mm", "10 mM"] {
        let d = fault(&slab(LINE, "").replace("1 d", other));
        assert_eq!(d.notes, ["write for example: duration = \"14 d\""], "{other}");
    }
    // Per time and per cell too; not what has no mass in it.
    let uptake = |mass: &str, vmax: &str| {
        slab(
            LINE,
            &format!(
                "{mass}\n[cells.a]\nseeding.uniform.density = \"1 cells/mL\"\n\
                 uptake.factor.zero-order.vmax = \"{vmax}\""
            ),
        )
        .replace("oxygen", "factor")
    };
    let s = first(&uptake("molar_mass = \"20 kg/mol\"", "40 g/cell/s"));
    // 1e6 cells/m³ over 2 mm, 40 g of 20 kg/mol each, less by 1e-4 of what is there.
    close(s.demand, 2e-3 * 1e6 * 2e-3 / 1.0001);
    assert_eq!(fault(&uptake("", "40 g/cell/s")).code, "E012");
    assert_eq!(fault(&uptake("molar_mass = \"20 kg/mol\"", "40 kg/s")).code, "E012");
}

/// The name of a unit beside a table of numbers.
#[test]
fn names_of_units() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("c.csv"), "h,c\n0,1\n24,2\n").unwrap();
    let path = dir.path().join("x.toml");
    let of = |time: &str, unit: &str| {
        let csv = format!(
            "boundary.x_max.value.csv = {{ path = \"c.csv\", time_unit = {time}, unit = {unit} }}"
        );
        fs::write(&path, slab(LINE, &csv)).unwrap();
        load(&path, &[])
    };
    let last = |unit: &str| {
        let case = of("\"h\"", unit).unwrap_or_else(|e| panic!("{unit}: {e}"));
        case.setup.solutes[0].boundaries[1].signal().unwrap().at(86_400.0, true)
    };
    close(last("\"mM\""), 2.0);
    close(last("\"%O2\""), 2.0 * 9.576e-3);
    close(last("\"mg/L\""), 2.0 / 32.0);
    let key = "solutes.oxygen.boundary.x_max.value.csv";
    for (time, unit, code, at, headline, label) in [
        ("\"h\"", "5", "E017", "unit", "must be the name of a unit", "this is a number"),
        (
            "\"h\"",
            "\"mm\"",
            "E012",
            "unit",
            "has the wrong dimension",
            "has length, expected amount/length^3",
        ),
        (
            "\"mm\"",
            "\"mM\"",
            "E012",
            "time_unit",
            "has the wrong dimension",
            "has length, expected time",
        ),
        ("\"h\"", "\"mX\"", "E014", "unit", "has an unknown unit", "unknown unit `mX`"),
    ] {
        let report = of(time, unit).unwrap_err();
        let d = &report.diagnostics[0];
        assert_eq!((report.errors(), d.code), (1, code), "{report}");
        assert_eq!(d.key, format!("{key}.{at}"));
        assert_eq!(d.message, format!("{key}.{at} {headline}"));
        assert!(d.label.starts_with(label), "{}", d.label);
    }
}

/// Read as TOML, whatever is wrong with it as a case.
fn fine(text: &str) {
    let report = report(text);
    assert!(report.diagnostics.iter().all(|d| d.code != "E002"), "{text}: {report}");
}

/// Keys nest forty deep, by dots, by headers and by inline tables.
#[test]
fn dotted_keys_have_a_limit() {
    let label = |text: &str| {
        let report = report(text);
        let d = &report.diagnostics[0];
        (d.code, d.message.clone(), d.label.clone(), d.line, d.column)
    };
    let syntax = |label: &str, line, column| {
        ("E002", "this is not TOML".to_owned(), label.to_owned(), line, column)
    };
    let dots = "keys are nested too deeply";
    // 40 keys are read, and not known; 41 are 40 dots; the 41st dot is one too many.
    let keys = |n: usize| vec!["a"; n].join(".");
    fine(&format!("{} = 1", keys(40)));
    assert_eq!(label(&format!("{} = 1", keys(41))), syntax("is nested more than 40 deep", 1, 85));
    assert_eq!(label(&format!("{} = 1", keys(42))), syntax(dots, 1, 82));
    assert_eq!(label(&format!("[{}]", keys(42))), syntax(dots, 1, 83));
    // Whatever stands before them: each kind of string, comments, escapes, other keys.
    let tail = format!("{} = 1", keys(42));
    let many = ".".repeat(50);
    for before in [
        format!("\"{many}\""),
        format!("'{many}'"),
        format!("\"\"\"{many}\n{many}\"\"\""),
        format!("'''{many}\n{many}'''"),
        format!("\"\\\"{many}\\\\\""),
        format!("'\\{many}\\'"),
        format!("\"\" # \" {many} '"),
        format!("'' # ' {many} \""),
        format!("\"\"\"\n\"\"{many}\\\"\"\"\""),
        format!("'''\n''{many}'''"),
        "1.5".into(),
        "[0.1, 0.2, 0.3]".into(),
    ] {
        let text = format!("x = {before}\n{tail}");
        let line = 2 + before.matches('\n').count();
        assert_eq!(label(&text), syntax(dots, line, 82), "{before}");
        let good = slab(LINE, "").replacen("[domain]", &format!("x = {before}\n[domain]"), 1);
        fine(&good);
    }
    // A backslash is an escape in quotes alone; a string that is not closed ends with its line.
    fine(&format!("x = ['\\', '{many}', \"\\\"{many}\"]"));
    assert_eq!(label(&format!("x = \"\n{tail}")), syntax(dots, 2, 82));
    // Names in quotes count as one, with what they hold.
    let quoted = vec!["\"b.c\""; 40].join(".");
    fine(&format!("{quoted} = 1"));
    assert_eq!(label(&format!("a.'b.c'.{} = 1", keys(40))), syntax(dots, 1, 86));
    // Each new key, item and table begins anew.
    let half = keys(21);
    for text in [
        format!("{half} = 1\nb.{half} = 1"),
        format!("x = {{ {half} = 1, b.{half} = 1 }}"),
        format!("[{half}]\n[b.{half}]"),
        format!("x = [{{ {half} = 1 }}, {{ {half} = 1 }}]"),
        format!("x = [{}]", "0.5,".repeat(60)),
        format!("x = [\n{}]", "0.5\n,\n".repeat(60)),
    ] {
        fine(&text);
    }
    // One key over several tables is as deep as the sum.
    let (a, b) = (keys(20), keys(20));
    fine(&format!("[{a}]\n{b} = 1"));
    assert_eq!(label(&format!("[{a}]\nb.{b} = 1")).2, "is nested more than 40 deep");
    fine(&format!("{a} = {{ {b} = 1 }}"));
    assert_eq!(label(&format!("{a} = {{ b.{b} = 1 }}")).2, "is nested more than 40 deep");
    assert_eq!(report(&format!("[{a}]\nb.{b} = 1\nc.{b} = 1")).errors(), 1, "told once");
}

/// 20 000 keys and items, however they nest.
#[test]
fn values_have_a_limit() {
    let first = |text: &str| {
        let d = report(text).diagnostics.swap_remove(0);
        (d.code, d.label)
    };
    let ones = |n: usize| "1,".repeat(n);
    let too_many = |n: usize| {
        ("E002", format!("holds {n} values, more than 20000: tables of numbers go into files"))
    };
    fine(&format!("allow = [{}]", ones(19_999)));
    assert_eq!(first(&format!("allow = [{}]", ones(20_000))), too_many(20_001));
    // A key, two lists and their items.
    fine(&format!("allow = [[{0}], [{0}]]", ones(9_998)));
    assert_eq!(first(&format!("allow = [[{0}], [{0}1]]", ones(9_999))), too_many(20_002));
    // Four keys in three tables.
    fine(&format!("a.b.c = {{ d = [{}] }}", ones(19_996)));
    assert_eq!(first(&format!("a.b.c = {{ d = [{}] }}", ones(19_997))), too_many(20_001));
}

/// Errors of the syntax come with their places, at most twenty.
#[test]
fn mistakes_in_the_syntax() {
    let report = report("title = \"a\n[domain]\nsize = [\"1 mm\n");
    assert!(report.errors() >= 2, "{report}");
    assert!(report.diagnostics.iter().all(|d| d.code == "E002" && !d.label.is_empty()));
    assert_eq!(report.diagnostics[0].line, 1);
    assert_eq!(report.diagnostics.last().unwrap().line, 3);
    let many = self::report(&"a b\n".repeat(60));
    assert!((2..=20).contains(&many.errors()), "{many}");
    // Integers in other bases, and texts with a byte order mark.
    assert_eq!(setup(&slab(LINE, "").replace("[10]", "[0x1f]")).grid.n[0], 31);
    assert_eq!(setup(&slab(LINE, "").replace("[10]", "[0b11]")).grid.n[0], 3);
    assert_eq!(setup(&format!("\u{feff}{}", slab(LINE, ""))).grid.n[0], 10);
}

#[test]
fn a_diagnostic_as_it_is_printed() {
    let text = slab(LINE, "").replace("[domain]", "[domain]\nsise = 1");
    let keys = "keys of [domain]: shape, size, inner_radius, voxels, voxel, periodic";
    let plain = format!(
        "error[E010]: domain.sise is not a key\n --> x.toml:2:1\n  |\n2 | sise = 1\n  \
         | ^^^^ did you mean `size`?\n  = {keys}\n"
    );
    assert_eq!(report(&text).to_string(), plain);
    assert_eq!(report(&text).render(false), plain);
    let (red, bold, blue, reset) = ("\x1b[1;31m", "\x1b[1m", "\x1b[34m", "\x1b[0m");
    let coloured = format!(
        "{red}error[E010]{reset}{bold}: domain.sise is not a key{reset}\n \
         {blue}-->{reset} x.toml:2:1\n  {blue}|{reset}\n{blue}2 |{reset} sise = 1\n  \
         {blue}|{reset} {red}^^^^ did you mean `size`?{reset}\n  {blue}={reset} {keys}\n"
    );
    assert_eq!(report(&text).render(true), coloured);
    // No place: the file; no label: nothing behind the carets. The wider number of a line.
    let text = format!("{}\n\n[other]\n", slab(LINE, "").split("[run]").next().unwrap());
    let expected = "error[E011]: run is missing\n --> x.toml\n  = write for example: run = \
                    { duration = \"14 d\" }\n";
    let said = report(&text).to_string();
    assert!(said.starts_with(expected), "{said}");
    assert!(
        said.contains(
            "\n  --> x.toml:12:2\n   |\n12 | [other]\n   |  ^^^^^\n   = keys of a case file: "
        ),
        "{said}"
    );
    assert!(said.ends_with("\n\n2 errors\n"), "{said}");
    // A warning alone.
    let case = read(&slab(LINE, "[baths.a]\nvolume = \"1 mL\""));
    let warnings = Report { diagnostics: case.warnings, resources: false };
    assert_eq!(warnings.errors(), 0);
    let said = warnings.to_string();
    assert!(said.starts_with("warning[W036]: baths.a touches no face\n --> x.toml:9:"), "{said}");
    assert!(warnings.render(true).starts_with("\x1b[1;33mwarning[W036]\x1b[0m"));
}

#[test]
fn carets_stand_under_what_is_meant() {
    let shown = |line: &str| {
        let said = report(&slab(LINE, line)).to_string();
        let lines: Vec<&str> = said.lines().collect();
        (lines[1].to_owned(), lines[3].to_owned(), lines[4].to_owned())
    };
    let (place, line, carets) = shown("\tgrade\t= 1");
    assert_eq!(place, " --> x.toml:9:2");
    assert_eq!((line.as_str(), carets.as_str()), ("9 |  grade = 1", "  |  ^^^^^"));
    // Columns and widths count characters, not bytes.
    let (place, line, carets) = shown("decay = { \"größe\" = 1 }");
    assert_eq!(place, " --> x.toml:9:11");
    assert_eq!(
        (line.as_str(), carets.as_str()),
        ("9 | decay = { \"größe\" = 1 }", "  |           ^^^^^^^")
    );
    let (place, _, carets) = shown("source = { \"µµµµ\" = 1 }");
    assert_eq!((place.as_str(), carets.as_str()), (" --> x.toml:9:12", "  |            ^^^^^^"));
    let (_, _, carets) = shown("decay.value = \"1 µµµ\"");
    let under = format!("  | {}{} unknown unit", " ".repeat(14), "^".repeat(7));
    assert!(carets.starts_with(&under), "{carets}");
    // In a line of more than 100 characters: thirty before the place, a hundred in all.
    let wide = |gap: usize, name: &str| format!("decay = {{{}{name} = 1 }}", " ".repeat(gap));
    let (place, line, carets) = shown(&wide(150, "bad"));
    assert_eq!(place, " --> x.toml:9:160");
    assert_eq!(line, format!("9 | {}bad = 1 }}", " ".repeat(30)));
    assert_eq!(carets, format!("  | {}^^^", " ".repeat(30)));
    let (_, line, carets) = shown(&wide(150, &"b".repeat(200)));
    assert_eq!(line, format!("9 | {}{}", " ".repeat(30), "b".repeat(70)));
    assert_eq!(carets, format!("  | {}{}", " ".repeat(30), "^".repeat(70)));
    // Exactly a hundred are shown whole.
    let (_, line, carets) = shown(&wide(80, "aaa"));
    assert_eq!((line.len(), carets), (4 + 98, format!("  | {}^^^", " ".repeat(89))));
    let (_, line, carets) = shown(&wide(82, "aaa"));
    assert_eq!((line.len(), carets), (4 + 100, format!("  | {}^^^", " ".repeat(91))));
    let (_, line, carets) = shown(&wide(83, "aaa"));
    assert_eq!((line.len(), carets), (4 + 100, format!("  | {}^^^", " ".repeat(92))));
    // A place at the very end of a hundred, and of a hundred and one.
    let last = |gap: usize| shown(&format!("decay.value ={}1", " ".repeat(gap)));
    let (_, line, carets) = last(86);
    assert_eq!((line.len(), carets.find('^')), (4 + 100, Some(4 + 99)));
    let (_, line, carets) = last(87);
    assert_eq!((line.len(), carets.find('^')), (4 + 31, Some(4 + 30)));
    // A place over several lines is underlined to the end of its first.
    let d = fault(&slab(LINE, "").replace("voxels = [10]", "voxels = [\n1, 1, 1,\n1]"));
    assert_eq!((d.line, d.column, d.width, d.excerpt.as_str()), (3, 10, 1, "voxels = ["));
    // Windows' line ends are no part of a line.
    let d = fault(&slab(LINE, "").replace("[10]", "10").replace('\n', "\r\n"));
    assert_eq!((d.line, d.column, d.width, d.excerpt.as_str()), (3, 10, 2, "voxels = 10"));
}

/// A hundred of a kind, and one that stands for the rest.
#[test]
fn so_many_are_told() {
    let unknown = |n: usize| {
        let mut text = slab(LINE, "");
        for i in 0..n {
            let _ = writeln!(text, "unknown{i} = 1");
        }
        report(&text)
    };
    let hundred = unknown(100);
    assert_eq!((hundred.errors(), hundred.diagnostics[99].code), (100, "E010"));
    assert!(hundred.to_string().ends_with("\n100 errors\n"));
    for n in [101, 102, 300] {
        let more = unknown(n);
        let last = more.diagnostics.last().unwrap();
        assert_eq!((more.errors(), last.code), (101, "E029"));
        assert_eq!(last.message, "more is wrong: correct what is told here first");
        assert_eq!(more.diagnostics[99].key, "run.unknown99");
    }
    // Warnings are counted apart.
    let touching = |n: usize| {
        let mut more = String::new();
        for i in 0..n {
            let _ = writeln!(more, "[baths.b{i}]\nvolume = \"1 mL\"");
        }
        slab(LINE, &more)
    };
    let case = read(&touching(100));
    assert!(case.warnings.len() == 100 && case.warnings.iter().all(|w| w.code == "W036"));
    assert!(case.provenance.warnings[3].starts_with("W036: baths.b3 touches no face (name it: "));
    let case = read(&touching(101));
    assert_eq!((case.warnings.len(), case.warnings[100].code), (101, "W029"));
    assert_eq!(case.warnings[100].severity, Severity::Warning);
    let both = report(&touching(101).replace("[run]", "[run]\nx = 1"));
    assert_eq!((both.errors(), both.diagnostics.len()), (1, 102));
    let none = read(&format!("allow = [\"W036\"]\n{}", touching(100)));
    assert!(none.warnings.is_empty() && none.provenance.warnings.is_empty());
}

#[test]
fn sorted_by_place() {
    // What is missing in [solutes.oxygen] is found after what is wrong below it.
    let text = slab(LINE, "")
        .replace("initial = \"0.1 mM\"", "colour = 1")
        .replace("[domain]", "x = 1\n[domain]");
    let report = report(&text);
    let keys: Vec<&str> = report.diagnostics.iter().map(|d| d.key.as_str()).collect();
    assert_eq!(keys, ["x", "solutes.oxygen.initial", "solutes.oxygen.colour"]);
}

#[test]
fn arguments_of_set() {
    let of = |sets: &[&str]| {
        let sets: Vec<String> = sets.iter().map(|s| (*s).to_owned()).collect();
        load_text("x.toml", &slab(LINE, ""), &sets)
    };
    let fine = |sets: &[&str]| of(sets).unwrap_or_else(|e| panic!("{sets:?}: {e}"));
    // The last lies on top, with or without quotes and spaces.
    let c = fine(&["run.duration=2 d", "run.duration = \"3 d\"", " scaffold.porosity = 0.7"]);
    assert_eq!(c.setup.run.duration, 3.0 * 86_400.0);
    assert_eq!(c.setup.structure.porosity[0], 0.7);
    assert_eq!(
        c.provenance.sets,
        ["run.duration=\"2 d\"", "run.duration = \"3 d\"", " scaffold.porosity = 0.7"]
    );
    let entry = |c: &Case, key: &str| {
        let all = &c.provenance.entries;
        let e = all.iter().find(|e| e.key == key).unwrap_or_else(|| panic!("{key}"));
        (e.typed.clone(), e.source.clone())
    };
    assert_eq!(entry(&c, "run.duration"), ("3 d".into(), "--set".into()));
    assert_eq!(entry(&c, "run.output.every"), ("6 h".into(), "case".into()));
    let c = fine(&["title= a \"b\" \\c=d "]);
    assert_eq!(entry(&c, "title"), ("a \"b\" \\c=d".into(), "--set".into()));
    for (bad, message, width) in [
        ("run.duration", "--set needs key=value", 12),
        ("=5", "--set =5 is not key=value", 1),
        ("a b=5", "--set a b=5 is not key=value", 3),
        ("title=a\nb", "--set title=a b is not key=value", 5),
        ("title=\"\"\"a\nb\"\"\"", "--set title=\"\"\"a b\"\"\" is not key=value", 5),
        ("title=a\rb", "--set title=a b is not key=value", 5),
    ] {
        let report = of(&[bad]).unwrap_err();
        let d = &report.diagnostics[0];
        assert_eq!((d.code, d.message.as_str(), d.width), ("E004", message, width), "{report}");
        assert_eq!((d.file.as_str(), d.line, d.column), ("--set", 1, 1), "{report}");
        assert!(d.label.contains(if bad.contains('=') { "a dotted key" } else { "7 d" }));
    }
    // Long ones are cut at sixty characters.
    let long = format!("={}", "x".repeat(59));
    assert_eq!(
        of(&[&long]).unwrap_err().diagnostics[0].message,
        format!("--set {long} is not key=value")
    );
    let longer = format!("{long}x");
    assert_eq!(
        of(&[&longer]).unwrap_err().diagnostics[0].message,
        format!("--set {long}… is not key=value")
    );
}

#[test]
fn a_chain_of_files() {
    let dir = tempfile::tempdir().unwrap();
    let at = |i: usize| dir.path().join(format!("c{i}.toml"));
    let chain = |n: usize| {
        for i in 0..n - 1 {
            let text = format!("extend = \"c{}.toml\"\ntitle = \"{i}\"\n", i + 1);
            fs::write(at(i), text).unwrap();
        }
        fs::write(at(n - 1), slab(LINE, "")).unwrap();
        load(&at(0), &["scaffold.porosity=0.5".into()])
    };
    let c = chain(8).unwrap_or_else(|e| panic!("{e}"));
    let shown = |i: usize| at(i).display().to_string();
    let names: Vec<&String> = c.provenance.texts.iter().map(|t| &t.0).collect();
    assert_eq!(names, (0..8).map(shown).collect::<Vec<_>>().iter().collect::<Vec<_>>());
    let of = |key: &str| c.provenance.entries.iter().find(|e| e.key == key).unwrap();
    assert_eq!((of("title").typed.as_str(), of("title").source.as_str()), ("0", "case"));
    assert_eq!(of("run.duration").source, format!("extend {}", shown(7)));
    assert_eq!(of("scaffold.porosity").source, "--set");
    let folder = dir.path().display().to_string();
    assert_eq!(c.provenance.folders, vec![folder; 8]);
    assert_eq!(c.provenance.stem, "c0");
    let report = chain(9).unwrap_err();
    let d = &report.diagnostics[0];
    assert_eq!((d.code, d.line, d.column), ("E003", 1, 10), "{report}");
    assert_eq!(d.message, format!("extend: {} is the ninth file in a row", shown(8)));
    assert_eq!(d.file, shown(7));
    fs::write(at(0), "extend = \"c0.toml\"\n").unwrap();
    let report = load(&at(0), &[]).unwrap_err();
    assert_eq!(report.diagnostics[0].message, format!("extend: {} extends itself", shown(0)));
    // What the base lacks, and a base that is not there, empty or no text.
    for (text, says) in [(None, "does not exist"), (Some(" \n"), "is empty")] {
        let _ = fs::remove_file(at(1));
        if let Some(text) = text {
            fs::write(at(1), text).unwrap();
        }
        fs::write(at(0), "extend = \"c1.toml\"\n").unwrap();
        let report = load(&at(0), &[]).unwrap_err();
        let d = &report.diagnostics[0];
        assert_eq!(
            (d.code, d.line, d.message.as_str()),
            ("E001", 1, format!("{} {says}", shown(1)).as_str())
        );
        assert_eq!(d.notes, ["`blastema new NAME --from well-plate` writes a case to start from"]);
    }
    let none = dir.path().join("none.toml");
    let report = load(&none, &[]).unwrap_err();
    let d = &report.diagnostics[0];
    assert_eq!(
        (d.file.as_str(), d.line, d.notes.len()),
        (none.display().to_string().as_str(), 0, 1)
    );
    fs::write(at(0), b"title = 1\n\n# \xff\n").unwrap();
    let report = load(&at(0), &[]).unwrap_err();
    let d = &report.diagnostics[0];
    assert_eq!(d.message, format!("{} is not UTF-8 text (line 3); save it as UTF-8", shown(0)));
    assert!(d.notes.is_empty());
}

/// A file of 4 MiB is read, one byte more is not.
#[test]
fn a_file_has_a_largest_size() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.toml");
    let of = |bytes: usize| {
        let mut text = format!("\u{feff}{}", slab(LINE, ""));
        text.extend(std::iter::repeat_n('#', bytes - text.len()));
        fs::write(&path, text).unwrap();
        load(&path, &[])
    };
    of(4 << 20).unwrap_or_else(|e| panic!("{e}"));
    let report = of((4 << 20) + 1).unwrap_err();
    assert!(report.diagnostics[0].message.ends_with("x.toml is larger than 4 MB"), "{report}");
}

#[test]
fn a_case_as_a_run_has_stored_it() {
    let stored = |name: &str, text: &str| Stored {
        name: name.into(),
        folder: Path::new("/nowhere").into(),
        text: text.into(),
    };
    let read = |stem: &str, texts: Vec<Stored>| {
        load_stored(Path::new("."), stem, texts, &["title=t".into()], &Options::default())
    };
    let top = stored("top.toml", "extend = \"base.toml\"\nscaffold.porosity = 0.6\n");
    let base = stored("base.toml", &slab(LINE, ""));
    let c = read("plug", vec![top.clone(), base.clone()]).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(c.setup.structure.porosity[0], 0.6);
    assert_eq!(c.provenance.stem, "plug");
    assert_eq!(c.provenance.folders, ["/nowhere"; 2]);
    assert_eq!(c.provenance.texts[1].0, "base.toml");
    let report = read("plug", vec![top]).unwrap_err();
    let d = &report.diagnostics[0];
    assert_eq!((d.code, d.line), ("E001", 1), "{report}");
    assert_eq!(d.message, "/nowhere/base.toml was not stored with the run");
    let report = read("a\nb", vec![base]).unwrap_err();
    assert_eq!(
        report.diagnostics[0].message,
        "the name of the case file holds a control character, and outputs are called after it"
    );
}

/// Every value with its source: a citation and how sure it is, for what the library gives.
#[test]
fn provenance_of_library_values() {
    let text = "[domain]\nsize = [\"1 mm\"]\nvoxels = [4]\n[scaffold]\nmaterial = \"collagen-gel\"\n\
        [solutes.oxygen]\ninitial = \"0.2 mM\"\n[solutes.glucose]\ninitial = \"5 mM\"\n\
        [solutes.lactate]\ninitial = \"0 mM\"\n[cells.a]\ntype = \"human-msc-bone-marrow\"\n\
        seeding.uniform.density = \"1e6 cells/mL\"\nlysis.rate.half_life = \"3 d\"\n\
        capacity = { density = \"1e8 cells/mL\" }\n[run]\nduration = \"1 d\"\n";
    let c = read(text);
    let of = |key: &str| {
        let mut all = c.provenance.entries.iter().filter(|e| e.key == key);
        let e = all.next().unwrap_or_else(|| panic!("{key}"));
        assert!(all.next().is_none(), "{key} twice");
        (e.typed.as_str(), e.source.as_str())
    };
    let msc = "library human-msc-bone-marrow";
    let seen = format!("{msc}: Pattappa 2011, J Cell Physiol 226:2562 [seen]");
    let assumed = format!("{msc}: half rate near 2 %O2 [assumed]");
    assert_eq!(
        of("cells.a.uptake.oxygen.michaelis-menten.vmax"),
        ("98 fmol/cell/h", seen.as_str())
    );
    assert_eq!(of("cells.a.growth.limits.oxygen.monod.half"), ("2e-2 mol/m^3", assumed.as_str()));
    let typical = "library oxygen: typical, 2.7e-9 to 3.0e-9 [memory]";
    assert_eq!(of("solutes.oxygen.diffusivity"), ("2.7e-9 m^2/s", typical));
    let law = "library collagen-gel: obstruction by polymer chains; solute-independent [assumed]";
    assert_eq!(of("scaffold.effective_diffusivity.mackie-meares"), ("{}", law));
    assert_eq!(
        of("cells.a.capacity.counts").1,
        format!("{msc}: dead cells take room until they are lysed [assumed]")
    );
    // What the case says lies on top; a law replaces the one below whole.
    assert_eq!(of("cells.a.capacity.density"), ("1e8 cells/mL", "case"));
    assert_eq!(of("cells.a.lysis.rate.half_life"), ("3 d", "case"));
    assert!(c.provenance.entries.iter().all(|e| e.key != "cells.a.lysis.rate.time_constant"));
    // Defaults come last, and are what one would have typed.
    assert_eq!(of("cells.a.growth.combine"), ("product", "default"));
    assert_eq!(of("run.accuracy.time"), ("1e-3", "default"));
    assert_eq!(of("domain.shape"), ("box", "default"));
    let sources: Vec<&str> = c.provenance.entries.iter().map(|e| e.source.as_str()).collect();
    let last = sources.iter().rposition(|s| *s != "default").unwrap();
    assert!(sources[..=last].iter().all(|s| *s != "default") && last + 1 < sources.len());
    // SI values and units; whole numbers have none; a list is one value.
    let si = |key: &str| {
        let e = c.provenance.entries.iter().find(|e| e.key == key).unwrap();
        (e.si, e.unit.as_str())
    };
    assert_eq!(si("run.duration"), (Some(86_400.0), "s"));
    assert_eq!(si("solutes.oxygen.diffusivity"), (Some(2.7e-9), "m^2/s"));
    assert_eq!(si("domain.voxels"), (None, ""));
    assert_eq!(of("domain.voxels"), ("[4]", "case"));
    let death = text.replace(
        "[run]",
        "death.d = { rate.half_life = \"1 d\", exposure = \"1 d\", stages = 3 }\n[run]",
    );
    let d = read(&death);
    let stages = d.provenance.entries.iter().find(|e| e.key == "cells.a.death.d.stages").unwrap();
    assert_eq!((stages.si, stages.unit.as_str()), (Some(3.0), ""));
    // A population of its own takes nothing.
    let own = read(&text.replace("human-msc-bone-marrow", "custom"));
    assert!(own.provenance.entries.iter().all(|e| !e.source.starts_with(msc)));
    assert!(own.setup.populations[0].uptake.is_empty());
    let typed = own.provenance.entries.iter().find(|e| e.key == "cells.a.capacity.counts").unwrap();
    assert_eq!((typed.typed.as_str(), typed.source.as_str()), ("[\"viable\"]", "default"));
    let capacity = own.setup.populations[0].capacity.unwrap();
    assert!(capacity.counts_viable && !capacity.counts_dead);
    assert!(c.setup.populations[0].capacity.unwrap().counts_dead);
}

#[test]
fn what_the_library_has_not() {
    let d = fault(&slab(
        LINE,
        "[cells.a]\ntype = \"osteoblats\"\nseeding.uniform.density = \"1 cells/mL\"",
    ));
    assert_eq!((d.code, d.key.as_str(), d.line, d.column), ("E027", "cells.a.type", 10, 8));
    assert_eq!(d.message, "cells.a.type: the library has no `osteoblats`");
    assert_eq!(d.label, "did you mean \"osteoblast\"?");
    assert_eq!(
        d.notes,
        [
            "it has human-msc-bone-marrow, chondrocyte-articular, osteoblast, fibroblast-dermal",
            "type = \"custom\" takes nothing from the library"
        ]
    );
    let d = fault(&slab(LINE, "").replace("porosity", "material = \"wood\"\nporosity"));
    assert_eq!((d.code, d.key.as_str(), d.label.as_str()), ("E027", "scaffold.material", ""));
    assert_eq!(d.notes.len(), 1);
    assert!(d.notes[0].starts_with("it has collagen-sponge, collagen-gel, "), "{:?}", d.notes);
}

/// What changes a result changes the hash, and nothing else does.
#[test]
fn what_the_hash_sees() {
    let hash = |text: &str| read(text).provenance.hash;
    let base = slab(LINE, CELLS);
    let with = |from: &str, to: &str| {
        let text = base.replace(from, to);
        assert_ne!(text, base, "{from}");
        hash(&text)
    };
    let same = hash(&base);
    assert!(same.len() == 64 && same.bytes().all(|b| b.is_ascii_hexdigit()));
    for (from, to) in [
        ("[domain]", "title = \"a\"\n[domain]"),
        ("[domain]", "# comment\n[domain]\nshape = \"box\""),
        ("\"2 mm\"", "\"2000 um\""),
        ("voxels = [10]\n", "voxels = [\n  0xa,\n]\n"),
        (
            "duration = \"1 d\"\noutput.every = \"6 h\"",
            "output.every = \"6 h\"\nduration = \"24 h\"",
        ),
    ] {
        assert_eq!(with(from, to), same, "{to}");
    }
    let mut all = vec![same];
    for (from, to) in [
        ("[10]", "[11]"),
        ("0.8", "0.81"),
        ("1 d", "25 h"),
        (
            "michaelis-menten = { vmax = \"36 amol/cell/s\", km = \"8 uM\" }",
            "zero-order.vmax = \"36 amol/cell/s\"",
        ),
        ("cells.msc", "cells.other"),
        ("output.every", "output.precision = \"f64\"\noutput.every"),
        ("output.every", "output.fields = [\"oxygen\"]\noutput.every"),
        ("output.every", "output.fields = [\"oxygen\", \"msc.viable\"]\noutput.every"),
        ("output.every", "output.fields = [\"msc.viable\", \"oxygen\"]\noutput.every"),
        ("output.every", "output.at = [\"1 h\"]\noutput.every"),
        ("output.every", "checkpoints = [\"6 h\"]\noutput.every"),
        ("[run]", "[run]\nstop_when = \"steady\""),
        (
            "[run]",
            "[solutes.x]\ndiffusivity_in_scaffold = \"1e-9 m^2/s\"\ninitial = \"0 mM\"\n[run]",
        ),
        ("[run]", "motility.constant = \"1e-14 m^2/s\"\n[run]"),
    ] {
        all.push(with(from, to));
    }
    let number = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), number, "two alike");
    // What cannot act, glucose that is not there, is left out; what only begins alike is not.
    let second = |vmax: &str| {
        let text = format!(
            "[solutes.glucose2]\ndiffusivity_in_scaffold = \"1e-9 m^2/s\"\ninitial = \"1 mM\"\n\
             [cells.a]\ntype = \"human-msc-bone-marrow\"\n\
             seeding.uniform.density = \"1e6 cells/mL\"\n\
             uptake.glucose2.zero-order.vmax = \"{vmax}\""
        );
        read(&slab(LINE, &text)).provenance
    };
    let (one, two) = (second("1 amol/cell/s"), second("2 amol/cell/s"));
    let holds = |key: &str| one.entries.iter().any(|e| e.key.starts_with(key));
    assert!(holds("cells.a.uptake.glucose2.zero-order") && holds("cells.a.uptake.oxygen."));
    assert!(!holds("cells.a.uptake.glucose."));
    assert_ne!(one.hash, two.hash);
    // The contents of a file count, its name does not.
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        fs::write(dir.path().join(name), content).unwrap();
        let csv = format!("boundary.x_max.value.csv = {{ path = \"{name}\", unit = \"mM\" }}");
        let path = dir.path().join("x.toml");
        fs::write(&path, slab(LINE, &csv)).unwrap();
        let c = load(&path, &[]).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(c.provenance.inputs[0].0, name);
        assert_eq!(c.provenance.inputs[0].2, content.len() as u64);
        c.provenance.hash
    };
    let one = file("a.csv", "0,1\n24,2\n");
    assert_eq!(one, file("b.csv", "0,1\n24,2\n"));
    assert_ne!(one, file("a.csv", "0,1\n24,3\n"));
}

/// Columns by comma, semicolon, tab or space, the first of these that a line has.
#[test]
fn tables_of_numbers() {
    let of = |text: &str| Columns::read(text.as_bytes().to_vec());
    let rows = |text: &str| of(text).expect(text).rows;
    let two = vec![(1, vec![0.5, -2e-3]), (2, vec![1.0, 3.0])];
    for text in [
        "0.5,-2e-3\n1,3\n",
        "0.5 ; -2E-3\r\n1;3",
        "0.5\t-0.002\n1\t3",
        "  0.5   -2e-3  \n1 3 # a comment, with 4\n# 5, 6\n\n",
        "\u{feff}+.5,-2e-3\n1.,3e0",
    ] {
        assert_eq!(rows(text), two, "{text:?}");
        assert!(of(text).unwrap().header.is_empty());
    }
    // Names in the first line that is no comment, and lines counted from 1.
    let named = of("# c\n\n\"x\", \"the value\"\n\n0,1\n").unwrap();
    assert_eq!(
        (named.header, named.rows),
        (vec!["x".into(), "the value".into()], vec![(5, vec![0.0, 1.0])])
    );
    assert_eq!(of("a b\n1 2").unwrap().header, ["a", "b"]);
    let none = of("").unwrap();
    assert!(none.rows.is_empty() && none.header.is_empty());
    // Up to 1e60, either sign.
    assert_eq!(rows("1e60,-1e60"), [(1, vec![1e60, -1e60])]);
    for (text, says) in [
        ("0,1\n1.1e60,1", "has `1.1e60` in line 2, not a number up to 1e60"),
        ("0,1\n1,-1.1e60", "has `-1.1e60` in line 2, not a number up to 1e60"),
        ("0,1\n1,1e999", "has `1e999` in line 2, not a number"),
        ("0,1\n1,inf", "has `inf` in line 2, not a number"),
        ("0,1\n1,nan", "has `nan` in line 2, not a number"),
        ("0,1\n\nx,1", "has `x` in line 3, not a number"),
        ("a,b\nc,d\n", "has `c` in line 2, not a number"),
        ("0,1\n1,", "has `` in line 2, not a number"),
        ("0 1\n1,5 2", "has `5 2` in line 2, not a number"),
    ] {
        assert_eq!(of(text), Err(says.into()), "{text:?}");
    }
    assert_eq!(Columns::read(vec![b'1', 0xff]), Err("is not text".into()));
    // Two columns that ascend.
    let course = |text: &str| of(text).unwrap().course((2.0, 10.0));
    assert_eq!(course("0,1\n3,2"), Ok(vec![(0.0, 10.0), (6.0, 20.0)]));
    assert_eq!(course("x,y\n"), Err("has no row of numbers".into()));
    assert_eq!(course("0,1\n1\n"), Err("has 1 columns in line 2, expected 2".into()));
    assert_eq!(course("0,1\n1,2\n2,3,4"), Err("has 3 columns in line 3, expected 2".into()));
    assert_eq!(course("0,1\n0,2"), Err("does not ascend in line 2".into()));
    assert_eq!(course("0,1\n1,1\n0.5,2"), Err("does not ascend in line 3".into()));
    // Four bytes a number.
    let bytes = |v: &[f32]| v.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let raw = Columns::read_raw(&bytes(&[1.5, -2.0])).unwrap();
    assert_eq!((raw.rows, raw.header.len()), (vec![(1, vec![1.5, -2.0])], 0));
    assert_eq!(Columns::read_raw(&[0; 7]), Err("has 7 bytes, not a multiple of 4".into()));
    assert_eq!(Columns::read_raw(&bytes(&[1.0, f32::NAN])), Err("holds NaN as number 2".into()));
    assert_eq!(Columns::read_raw(&bytes(&[f32::INFINITY])), Err("holds inf as number 1".into()));
}

/// The remedy can be typed as it stands.
#[test]
fn a_folder_with_spaces_is_quoted() {
    let dir = tempfile::tempdir().unwrap();
    let real = dir.path().canonicalize().unwrap();
    let (case, plain, spaced) = (real.join("case"), real.join("plain"), real.join("with space"));
    for folder in [&case, &plain, &spaced] {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("c.csv"), "0,1\n").unwrap();
    }
    let of = |path: &str| {
        let csv = format!("boundary.x_max.value.csv = {{ path = {path:?}, unit = \"mM\" }}");
        fs::write(case.join("x.toml"), slab(LINE, &csv)).unwrap();
        let report = load(&case.join("x.toml"), &[]).unwrap_err();
        assert_eq!((report.errors(), report.diagnostics[0].code), (1, "E028"), "{report}");
        report.to_string()
    };
    let start = "copy it beside the case, or allow its folder: --allow-path";
    assert!(of("../plain/c.csv").contains(&format!("{start} {}\n", plain.display())));
    assert!(
        of("../with space/c.csv")
            .contains(&format!("{start} {:?}\n", spaced.display().to_string()))
    );
}

/// The reference page is the committed one, and the schema says the same.
#[test]
fn the_page_and_the_schema() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/case-file.md"));
    assert!(reference::markdown() == page.unwrap(), "docs/case-file.md is out of date");
    let schema = reference::json_schema();
    let at = |path: &str| schema.pointer(path).unwrap_or_else(|| panic!("{path}")).to_string();
    assert_eq!(at("/title"), "\"blastema case\"");
    assert_eq!(at("/type"), "\"object\"");
    assert_eq!(at("/additionalProperties"), "false");
    // An extending file may leave out what its base has; a law may not.
    assert!(schema.get("required").is_none());
    let domain = "/properties/domain/properties";
    assert_eq!(
        at(&format!("{domain}/voxels/items")),
        "{\"type\":\"integer\",\"minimum\":1,\"maximum\":100000}"
    );
    assert_eq!(
        (at(&format!("{domain}/voxels/minItems")), at(&format!("{domain}/voxels/maxItems"))),
        ("1".into(), "3".into())
    );
    assert_eq!(at(&format!("{domain}/shape/enum")), "[\"box\",\"cylinder\",\"sphere\"]");
    assert_eq!(at(&format!("{domain}/shape/default")), "\"box\"");
    assert_eq!(
        at(&format!("{domain}/voxel")),
        "{\"type\":\"string\",\"description\":\"Edge of a cubic voxel.\",\"examples\":[\"1 mm\"]}"
    );
    assert_eq!(
        at(&format!("{domain}/size/items/description")),
        "\"a quantity in m, greater than 0\""
    );
    // A number or a percentage, open below, closed above.
    let porosity = "/properties/scaffold/properties/porosity";
    assert_eq!(
        at(&format!("{porosity}/anyOf/0/anyOf")),
        "[{\"type\":\"number\",\"exclusiveMinimum\":0.0,\"maximum\":1.0},\
         {\"type\":\"string\",\"pattern\":\"%\\\\s*$\"}]"
    );
    assert_eq!(
        at(&format!("{porosity}/anyOf/1/properties/linear/required")),
        "[\"axis\",\"from\",\"to\"]"
    );
    for (bound, most) in
        [("minProperties", "1"), ("maxProperties", "1"), ("additionalProperties", "false")]
    {
        assert_eq!(at(&format!("{porosity}/anyOf/1/{bound}")), most);
    }
    let row = format!("{porosity}/anyOf/1/properties/table/properties/points/items");
    assert_eq!(
        (at(&format!("{row}/minItems")), at(&format!("{row}/maxItems"))),
        ("2".into(), "2".into())
    );
    assert_eq!(schema.pointer(&format!("{row}/prefixItems")).unwrap().as_array().unwrap().len(), 2);
    // A factor that may be anything from zero: no open bound, no largest value.
    let death =
        "/properties/cells/additionalProperties/properties/quiescence/properties/death_factor";
    assert_eq!(at(&format!("{death}/anyOf/0")), "{\"type\":\"number\",\"minimum\":0.0}");
    // Solutes by name, and the shear beside them.
    let when = "/properties/cells/additionalProperties/properties/growth/properties/limits";
    let shear =
        format!("{when}/properties/wall_shear/properties/monod/properties/half/description");
    let solute =
        format!("{when}/additionalProperties/properties/monod/properties/half/description");
    assert!(at(&shear).contains("stress") && at(&solute).contains("concentration"));
    assert!(schema.pointer("/properties/baths/properties").is_none());
    assert_eq!(at("/properties/expect/items/properties/value/type"), "[\"number\",\"string\"]");
    assert_eq!(at("/properties/run/properties/steady/type"), "\"boolean\"");
}

/// What the machine has: known where /proc is, and less for more threads or the same.
#[test]
fn memory_of_the_machine() {
    let (one, what) = memory_available(1);
    if !Path::new("/proc/meminfo").exists() {
        assert_eq!((one, what), (f64::INFINITY, "nothing known"));
        return;
    }
    let text = fs::read_to_string("/proc/meminfo").unwrap();
    let all = text.lines().find_map(|l| l.strip_prefix("MemTotal:")).unwrap();
    let all = 1024.0 * all.trim().trim_end_matches(" kB").parse::<f64>().unwrap();
    assert!(one > 1e7 && one <= all, "{one:e} of {all:e}");
    let known = ["free memory of the machine", "limit of the control group", "limit of ulimit -v"];
    assert!(known.contains(&what), "{what}");
}

/// Under a limit of the address space what is left of it, less what a thread reserves.
#[test]
fn memory_under_a_limit_of_the_address_space() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("x.toml"), slab(LINE, "")).unwrap();
    let of = |kilobytes: u64| {
        let program = env!("CARGO_BIN_EXE_blastema");
        let script = format!("ulimit -v {kilobytes}; exec {program} check x.toml --json");
        let mut shell = std::process::Command::new("sh");
        let done = shell.args(["-c", &script]).current_dir(dir.path()).output().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
        json["machine"]["memory_bytes"].as_f64().unwrap()
    };
    let left = of(1_200_000);
    if memory_available(1).0 < 2e9 {
        println!("NOT RUN: too little memory is free");
        return;
    }
    let limit = 1_200_000.0 * 1024.0;
    // 72 MB a thread, of which 20 MB are the program's own; and the program is there.
    assert!(left < limit - 52e6 && left > limit - 1e9, "{left:e}");
    // Nothing is left, and not less than nothing, where it is hardly enough to start.
    assert!(of(150_000) >= 0.0);
}

/// A law given on top replaces the one below whole; `--set` may change one parameter of it.
#[test]
fn laws_on_top_of_laws() {
    let dir = tempfile::tempdir().unwrap();
    let (top, base) = (dir.path().join("top.toml"), dir.path().join("base.toml"));
    fs::write(&base, slab(LINE, CELLS)).unwrap();
    let law = "cells.msc.uptake.oxygen.michaelis-menten.km";
    fs::write(&top, format!("extend = \"base.toml\"\n{law} = \"4 uM\"\n")).unwrap();
    let report = load(&top, &[]).unwrap_err();
    let d = &report.diagnostics[0];
    assert_eq!((report.errors(), d.code), (1, "E011"), "{report}");
    assert_eq!(d.key, "cells.msc.uptake.oxygen.michaelis-menten.vmax");
    let c = load(&base, &[format!("{law}=4 uM")]).unwrap_or_else(|e| panic!("{e}"));
    // Without a feeding face 0.1 mM count: 0.1/0.104.
    close(scales(&c.setup)[0].demand, SINK * 0.1 / 0.104 * 2e-3);
    // Errors cannot be allowed.
    let text = format!("allow = [\"E010\"]\nx = 1\n{}", slab(LINE, ""));
    let codes: Vec<&str> = self::report(&text).diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["E021", "E010"]);
}
