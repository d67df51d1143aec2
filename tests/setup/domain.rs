use super::*;

/// A cube of 4 mm with one ball of 1 mm in its middle: 8 of 64 voxels.
const BALL: &str = r#"
[domain]
size = ["4 mm", "4 mm", "4 mm"]
voxels = [4, 4, 4]
[scaffold]
structure.spheres = { period = "4 mm", radius = "1 mm" }
[solutes.oxygen]
diffusivity = "2e-9 m^2/s"
initial = "0.2 mM"
boundary.x_max.value = "0.2 mM"
[cells.msc]
seeding.number.of = "5.6e5 cells"
growth.rate.value = "1 1/d"
[run]
duration = "2 d"
"#;

/// True in the middle 2 × 2 × 2 voxels of 4 × 4 × 4.
fn middle(i: usize) -> bool {
    [i % 4, i / 4 % 4, i / 16].iter().all(|x| (1..3).contains(x))
}

#[test]
fn pores_of_a_structure() {
    let s = setup(BALL);
    let open = s.structure.open.as_ref().unwrap();
    assert!((0..64).all(|i| open[i] != middle(i)));
    let porosity = |i: usize| if middle(i) { 0.0 } else { 1.0 };
    assert!((0..64).all(|i| s.structure.porosity[i] == porosity(i)));
    assert!(s.structure.solid.is_none() && s.structure.isolated == 0);
    // 56 voxels of 1 mm³.
    let density = |i: usize| if middle(i) { 0.0 } else { 1e13 };
    (0..64).for_each(|i| close(s.populations[0].seeding[i], density(i)));
    let pores = swap(BALL, "[cells.msc]", "[cells.msc]\ncounted_per = \"pore-volume\"");
    (0..64).for_each(|i| close(setup(&pores).populations[0].seeding[i], density(i)));
    let part = swap(
        BALL,
        "initial = \"0.2 mM\"",
        "initial.linear = { axis = \"x\", from = \"0 mM\", to = \"0.8 mM\" }",
    );
    let ramp = |i: usize| 0.1 + 0.2 * (i % 4) as f64;
    let Initial::Field(values) = &setup(&part).solutes[0].initial else { panic!() };
    (0..64).for_each(|i| close(values[i], if middle(i) { 0.0 } else { ramp(i) }));
    let source = swap(BALL, "initial", "source.rate = \"3.6 mM/h\"\ninitial");
    let rate = setup(&source).solutes[0].source.clone().unwrap().rate;
    (0..64).for_each(|i| close(rate[i], if middle(i) { 0.0 } else { 1e-3 }));

    // The balls as pores: cut off from the faces, but for their cells.
    let inside = swap(BALL, "radius = \"1 mm\"", "radius = \"1 mm\", pores = \"inside\"");
    let s = setup(&inside);
    assert!((0..64).all(|i| s.structure.open.as_ref().unwrap()[i] == middle(i)));
    assert_eq!(codes(&inside), ["W038", "W039"]);
    let said = warned(&inside);
    assert_eq!(said[0].1, "no pore opens on x_max, which a solute is fed through");
    assert_eq!(said[1].1, "8 pore voxels with cells are cut off from every fed face");
    let empty = swap(&inside, "5.6e5 cells", "0 cells");
    let report = report(&empty);
    let errors: Vec<_> =
        report.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
    assert_eq!((errors.len(), errors[0].message.as_str()), (1, "no pore reaches a fed face"));
    let later = "reseeding = [{ at = \"1 d\", seeding.uniform.density = \"1 cells/mL\" }]\n[run]";
    assert_eq!(codes(&swap(&empty, "[run]", later)), ["W038", "W039"]);
    // Where nothing is fed nothing is cut off.
    assert_eq!(codes(&swap(&inside, "x_max.value = \"0.2 mM\"", "x_max.sealed = {}")), [""; 0]);

    // Solid that solutes enter.
    let solid = swap(
        BALL,
        "[solutes.oxygen]",
        "solid.diffusing = { ratio = 0.3, partition = 0.5 }\n[solutes.oxygen]",
    );
    let s = setup(&solid);
    let structure = &s.structure;
    assert!(structure.open.is_none());
    let kept = structure.solid.as_ref().unwrap();
    assert!(kept.partition == 0.5 && (0..64).all(|i| kept.voxels[i] == middle(i)));
    for i in 0..64 {
        close(structure.porosity[i], if middle(i) { 0.5 } else { 1.0 });
        close(s.solutes[0].relative[i], if middle(i) { 0.15 } else { 1.0 });
        close(s.populations[0].seeding[i], density(i));
    }
    let part = swap(
        &solid,
        "initial = \"0.2 mM\"",
        "initial.linear = { axis = \"x\", from = \"0 mM\", to = \"0.8 mM\" }",
    );
    let Initial::Field(values) = &setup(&part).solutes[0].initial else { panic!() };
    (0..64).for_each(|i| close(values[i], ramp(i)));

    // Taken as a porous medium of the same porosity.
    let even = swap(
        BALL,
        "[solutes.oxygen]",
        "resolve = \"homogenised\"\neffective_diffusivity.area = {}\n[solutes.oxygen]",
    );
    let s = setup(&even);
    all_close(&s.structure.porosity, &[56.0 / 64.0; 64]);
    all_close(&s.solutes[0].relative, &[56.0 / 64.0; 64]);
    assert!(s.structure.open.is_none() && s.structure.solid.is_none());
    all_close(&s.populations[0].seeding, &[5.6e5 / 64e-9; 64]);
    let law = swap(BALL, "[solutes.oxygen]", "effective_diffusivity.area = {}\n[solutes.oxygen]");
    refused(
        &law,
        "E023",
        "scaffold.effective_diffusivity has no meaning in resolved pores",
        "the solutes diffuse freely in the pores",
    );
    let wrong = |text: &str, message: &str, label: &str| refused(text, "E023", message, label);
    wrong(
        &swap(BALL, "diffusivity =", "diffusivity_in_scaffold ="),
        "solutes.oxygen.diffusivity_in_scaffold has no meaning in resolved pores",
        "give diffusivity, in free fluid",
    );
    wrong(
        &format!("{BALL}{LEFT}scaffold.porosity = 0.5"),
        "regions.a.scaffold has no meaning in resolved pores",
        "the structure says where the pores are",
    );
    let more = |key: &str| swap(BALL, "[solutes.oxygen]", &format!("{key}\n[solutes.oxygen]"));
    let take = "take resolve = \"homogenised\", or a porosity";
    wrong(
        &more("changing_porosity = true"),
        "scaffold.changing_porosity has no meaning in resolved pores",
        take,
    );
    wrong(
        &more("degradation.first-order.rate.value = \"1 1/d\""),
        "scaffold.degradation has no meaning in resolved pores",
        take,
    );
    let driven =
        "[flow]\nlaw.given.velocity = [\"0 um/s\", \"0 um/s\", \"0 um/s\"]\n[solutes.oxygen]";
    wrong(
        &swap(BALL, "[solutes.oxygen]", driven),
        "flow in resolved pores is not modelled",
        "scaffold.resolve = \"homogenised\" takes the porosity of the structure",
    );
    wrong(
        &swap(SLAB, "porosity = 0.8", "porosity = 0.8\nsolid.impermeable = {}"),
        "scaffold.solid needs resolved pores",
        "a porosity has no solid voxels",
    );
    wrong(
        &swap(SLAB, "porosity = 0.8", "porosity = 0.8\nresolve = \"homogenised\""),
        "scaffold.resolve needs a structure",
        "give scaffold.structure, or leave it out",
    );
}

#[test]
fn lattices_and_their_periods() {
    let open = |from: &str, to: &str| {
        let s = setup(&swap(BALL, from, to));
        s.structure.open.unwrap().iter().filter(|o| **o).count()
    };
    assert_eq!(open("period", "lattice = \"simple-cubic\", period"), 56);
    // Every ball has 2 × 2 × 2 voxels around its centre, folded round the box: a second one stands
    // at the corners, or three more at (2, 0, 0), (0, 2, 0) and (0, 0, 2) mm.
    assert_eq!(open("period", "lattice = \"body-centred\", period"), 64 - 2 * 8);
    assert_eq!(open("period", "lattice = \"face-centred\", period"), 64 - 4 * 8);
    // Four voxels a period are enough, and fewer are not.
    let text = swap(
        BALL,
        "period = \"4 mm\", radius = \"1 mm\"",
        "period = \"3.99 mm\", radius = \"1 mm\"",
    );
    refused(
        &text,
        "E022",
        "scaffold.structure.spheres has less than 4 voxels a period",
        "period 3.99 mm, voxel 1 mm",
    );
    // The widest voxel counts.
    let wide = swap(BALL, "voxels = [4, 4, 4]", "voxels = [8, 8, 2]");
    let wide = swap(&wide, "1 mm\" }", "1.9 mm\" }");
    refused(
        &wide,
        "E022",
        "scaffold.structure.spheres has less than 4 voxels a period",
        "period 4 mm, voxel 2 mm",
    );
    let radius = |r: &str, pores: &str| {
        swap(BALL, "radius = \"1 mm\"", &format!("radius = \"{r}\", pores = \"{pores}\""))
    };
    let cell = "the unit cell is 4 mm wide";
    for (r, pores, what) in [
        ("4 mm", "between", "pore"),
        ("4 mm", "inside", "solid"),
        ("0.1 mm", "between", "solid"),
        ("0.1 mm", "inside", "pore"),
    ] {
        let message = format!("scaffold.structure.spheres.radius leaves no {what}");
        refused(&radius(r, pores), "E022", &message, cell);
    }
    let gyroid = |kind: &str, resolve: &str| {
        let tpms = format!(
            "structure.tpms = {{ surface = \"gyroid\", period = \"4 mm\", porosity = 0.5{kind} }}\n{resolve}"
        );
        setup(&swap(BALL, "structure.spheres = { period = \"4 mm\", radius = \"1 mm\" }", &tpms))
    };
    // At half porosity the surface is f = 0.
    let network = gyroid("", "").structure.open.unwrap();
    let sheet = gyroid(", kind = \"sheet\"", "").structure.open.unwrap();
    // At the first voxel all angles are 45°: f = 3/2, far from the surface.
    assert!(!network[0] && sheet[0]);
    // At (1.5, 0.5, 0.5) mm: sin 135° cos 45° + sin 45° cos 45° + sin 45° cos 135° = 1/2.
    assert!(!network[1] && !sheet[1]);
    // At (2.5, 2.5, 2.5) mm 3/2 again; at (0.5, 2.5, 3.5) mm −3/2.
    let far = |i: usize, j: usize, k: usize| i + 4 * (j + 4 * k);
    assert!(!network[far(2, 2, 2)] && sheet[far(2, 2, 2)]);
    assert!(network[far(0, 2, 3)] && sheet[far(0, 2, 3)]);
    let even = gyroid("", "resolve = \"homogenised\"\neffective_diffusivity.area = {}");
    assert_eq!(even.structure.porosity[..], [0.5; 64]);
    let ring = swap(&swap(BALL, "[domain]", "[domain]\nshape = \"cylinder\""), ", \"4 mm\"]", "]");
    let ring = swap(&swap(&ring, "4, 4, 4", "4, 4"), "x_max", "r_max");
    refused(
        &ring,
        "E020",
        "scaffold.structure needs a box",
        "the pores of a cylinder or a sphere are not resolved",
    );
}

#[test]
fn domains() {
    let of = |domain: &str| {
        let text = swap(SLAB, "size = [\"2 mm\"]\nvoxels = [4]", domain);
        let round = domain.contains("cylinder") || domain.contains("sphere");
        if round { swap(&text, "x_max", "r_max") } else { text }
    };
    let g = setup(&of("size = [\"2 mm\", \"3 mm\"]\nvoxel = \"0.5 mm\"")).grid;
    assert_eq!((g.n, g.dimensions, g.form, g.periodic), ([4, 6, 1], 2, Form::Box, [false; 3]));
    all_close(&g.h, &[5e-4, 5e-4, 1.0]);
    let g = setup(&of("shape = \"cylinder\"\nsize = [\"2 mm\", \"3 mm\"]\ninner_radius = \"0.5 mm\"\nvoxel = \"0.5 mm\"")).grid;
    assert_eq!((g.n, g.dimensions, g.form), ([3, 6, 1], 2, Form::Cylinder { inner: 5e-4 }));
    all_close(&g.h, &[5e-4, 5e-4, PI * 2.5e-3]);
    let g =
        setup(&of("shape = \"sphere\"\nsize = [\"2 mm\"]\ninner_radius = \"1 mm\"\nvoxels = [5]"))
            .grid;
    assert_eq!((g.n, g.dimensions, g.form), ([5, 1, 1], 1, Form::Sphere { inner: 1e-3 }));
    close(g.h[0], 2e-4);
    close(g.voxel_volume() * 5.0, 4.0 / 3.0 * PI * (8e-9 - 1e-9));
    let g = setup(&of("shape = \"cylinder\"\nsize = [\"2 mm\"]\nvoxels = [4]")).grid;
    assert_eq!((g.n, g.dimensions, g.form), ([4, 1, 1], 1, Form::Cylinder { inner: 0.0 }));
    all_close(&g.h, &[5e-4, 1.0, PI * 2e-3]);

    let wrong = |domain: &str, code: &str, message: &str, label: &str| {
        refused(&of(domain), code, message, label);
    };
    wrong(
        "size = [\"2 mm\", \"3 mm\"]\nvoxels = [4]",
        "E022",
        "domain.size has 2 axes, domain.voxels 1",
        "one entry an axis",
    );
    wrong(
        "shape = \"cylinder\"\nsize = [\"2 mm\", \"2 mm\", \"2 mm\"]\nvoxel = \"0.5 mm\"",
        "E022",
        "domain.size has 3 entries",
        "a cylinder has [outer radius, height]",
    );
    wrong(
        "shape = \"sphere\"\nsize = [\"2 mm\", \"2 mm\"]\nvoxel = \"0.5 mm\"",
        "E022",
        "domain.size has 2 entries",
        "a sphere has [outer radius]",
    );
    wrong(
        "size = [\"2 mm\"]\ninner_radius = \"1 mm\"\nvoxels = [4]",
        "E022",
        "domain.inner_radius is for a cylinder or a sphere",
        "the domain is a box",
    );
    wrong(
        "shape = \"sphere\"\nsize = [\"2 mm\"]\ninner_radius = \"2 mm\"\nvoxels = [4]",
        "E022",
        "domain.inner_radius is not below the outer radius",
        "the outer radius is 2 mm",
    );
    wrong(
        "shape = \"sphere\"\nsize = [\"2 mm\"]\nperiodic = [\"x\"]\nvoxels = [4]",
        "E022",
        "domain.periodic is for a box",
        "a cylinder or a sphere has no two ends that meet",
    );
    wrong(
        "size = [\"2 mm\"]\nperiodic = [\"y\"]\nvoxels = [4]",
        "E022",
        "domain.periodic[0] is on an axis that the domain does not have",
        "the domain has x",
    );
    wrong(
        "size = [\"2 mm\"]\nperiodic = [\"x\"]\nvoxels = [4]",
        "E022",
        "solutes.oxygen.boundary.x_max is on a face that the domain does not have",
        "x is periodic",
    );
    wrong(
        "size = [\"2 mm\"]\nvoxel = \"0.3 mm\"",
        "E022",
        "domain.voxel does not divide the box along x",
        "2 mm / 300 um = 6.6667",
    );
    let notes = report(&of("size = [\"2 mm\", \"1 mm\"]\nvoxel = \"0.3 mm\"")).diagnostics[0]
        .notes
        .concat();
    assert_eq!(notes, "write voxels = [7, 3] instead, or another size");
    wrong("size = [\"2 mm\"]", "E011", "domain.voxels is missing", "in domain");
    wrong("voxels = [2]", "E011", "domain.size is missing", "in domain");
    // A whole number of voxels to within a millionth.
    assert_eq!(setup(&of("size = [\"2.000001 mm\"]\nvoxel = \"0.5 mm\"")).grid.n[0], 4);
    let text = of("size = [\"2.00001 mm\"]\nvoxel = \"0.5 mm\"");
    assert_eq!(report(&text).diagnostics[0].code, "E022");
}

#[test]
fn places() {
    let volume = swap(&swap(BLOCK, "voxels = [2, 2, 2]", "voxels = [4, 4, 4]"), "[run]", "[run]");
    // Voxels of 0.5 mm of a cube of 2 mm, in which the drug starts at 1 mM.
    let inside = |shape: &str| -> Vec<usize> {
        let text = format!("{volume}[regions.a]\nshape.{shape}\nsolutes.drug.initial = \"1 mM\"\n");
        let Initial::Field(values) = &setup(&text).solutes[1].initial else { panic!() };
        (0..64).filter(|i| values[*i] == 1.0).collect()
    };
    let count = |shape: &str| inside(shape).len();
    assert_eq!(count("layer = { axis = \"z\", from = \"0.25 mm\", to = \"0.75 mm\" }"), 16);
    assert_eq!(count("layer = { axis = \"y\", from = \"0.2 mm\", to = \"0.8 mm\" }"), 32);
    let corner =
        "box = { from = [\"0 mm\", \"0 mm\", \"0 mm\"], to = [\"0.5 mm\", \"1 mm\", \"2 mm\"] }";
    assert_eq!(inside(corner), [0, 4, 16, 20, 32, 36, 48, 52]);
    // Centres are 0.25√3 = 0.433 mm from the middle.
    let ball = |r: &str| {
        format!("sphere = {{ centre = [\"1 mm\", \"1 mm\", \"1 mm\"], radius = \"{r}\" }}")
    };
    assert_eq!(count(&ball("0.44 mm")), 8);
    let rod = |axis: &str| {
        format!(
            "cylinder = {{ axis = \"{axis}\", centre = [\"0.25 mm\", \"0.25 mm\", \"1 mm\"], radius = \"0.1 mm\" }}"
        )
    };
    assert_eq!(inside(&rod("z")), [0, 16, 32, 48]);
    assert_eq!(count(&rod("z").replace("1 mm\"]", "9 mm\"]")), 4);
    let wrong = |shape: &str, message: &str, label: &str| {
        refused(&format!("{volume}[regions.a]\nshape.{shape}\n"), "E022", message, label);
    };
    let none = "regions.a holds no voxel";
    let centre = "a voxel belongs to a region when its centre does";
    wrong(&ball("0.43 mm"), none, centre);
    wrong("layer = { axis = \"x\", from = \"2 mm\", to = \"1 mm\" }", none, "`from` is above `to`");
    wrong("layer = { axis = \"x\", from = \"1 mm\", to = \"1 mm\" }", none, centre);
    let beyond = "is on an axis that the domain does not have";
    wrong(
        "layer = { axis = \"r\", from = \"0 mm\", to = \"1 mm\" }",
        &format!("regions.a.shape.layer.axis {beyond}"),
        "the domain has x, y and z",
    );
    wrong(
        "sphere = { centre = [\"1 mm\"], radius = \"1 mm\" }",
        "regions.a.shape.sphere.centre has 1 coordinates",
        "the domain has 3 axes",
    );
    // Along an axis that is not there the centres lie in the middle.
    let slab = |shape: &str| {
        let text = format!("{SLAB}[regions.a]\nshape.{shape}\nsolutes.oxygen.initial = \"1 mM\"\n");
        let Initial::Field(values) = setup(&text).solutes[0].initial.clone() else { panic!() };
        values
    };
    all_close(
        &slab("sphere = { centre = [\"1 mm\"], radius = \"0.3 mm\" }"),
        &[0.2, 1.0, 1.0, 0.2],
    );
    all_close(&slab("box = { from = [\"1 mm\"], to = [\"2 mm\"] }"), &[0.2, 0.2, 1.0, 1.0]);
    let rod = "cylinder = { axis = \"y\", centre = [\"1 mm\"], radius = \"1 mm\" }";
    refused(
        &format!("{SLAB}[regions.a]\nshape.{rod}\n"),
        "E022",
        &format!("regions.a.shape.cylinder.axis {beyond}"),
        "the domain has x",
    );
    // Overlaps, the one below first.
    let layer = |name: &str, from: &str, to: &str| {
        format!(
            "[regions.{name}]\nshape.layer = {{ axis = \"x\", from = \"{from} mm\", to = \"{to} mm\" }}\n"
        )
    };
    let three = layer("a", "0", "1") + &layer("b", "1", "2") + &layer("c", "0.5", "1.5");
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(case(&format!("{SLAB}{three}")).overlaps, [pair("a", "c"), pair("b", "c")]);
}

/// Two balls as pores of 2 × 2 × 2 voxels, the second cut by the last face in x.
#[test]
fn pores_that_nothing_reaches() {
    let none = swap(BALL, "size = [\"4 mm\"", "size = [\"6 mm\"");
    let none = swap(&none, "voxels = [4", "voxels = [6");
    let none = swap(&none, "radius = \"1 mm\"", "radius = \"1 mm\", pores = \"inside\"");
    let none =
        swap(&none, "seeding.number.of = \"5.6e5 cells\"", "seeding.number.of = \"0 cells\"");
    let far = |i: usize| i % 6 == 5 && [i / 6 % 4, i / 24].iter().all(|x| (1..3).contains(x));
    let alone = |text: &str| {
        let s = setup(text).structure;
        assert_eq!(s.isolated, 8);
        assert!((0..96).all(|i| s.open.as_ref().unwrap()[i] == far(i)));
        assert!((0..96).all(|i| s.porosity[i] == f64::from(u8::from(far(i)))));
    };
    alone(&none);
    // Cells in the second ball do not keep the first one, and cells in the first do.
    let here = |from: &str, to: &str| {
        let text = swap(&none, "seeding.number.of = \"0 cells\"", "");
        format!(
            "{text}[regions.a]\nshape.layer = {{ axis = \"x\", from = \"{from} mm\", to = \"{to} mm\" }}\n\
             cells.msc.seeding.uniform.density = \"1e6 cells/mL\"\n"
        )
    };
    alone(&here("4", "6"));
    assert_eq!(codes(&here("4", "6")), [""; 0]);
    let kept = setup(&here("0", "4")).structure;
    assert_eq!((kept.isolated, kept.open.unwrap().iter().filter(|o| **o).count()), (0, 12));
    let said = warned(&here("0", "4"));
    assert_eq!((said.len(), said[0].0), (1, "W039"));
    assert_eq!(said[0].1, "8 pore voxels with cells are cut off from every fed face");
    refused(
        &swap(&here("0", "4"), "duration = \"2 d\"", "steady = true"),
        "E023",
        "solutes.oxygen needs a face that holds it, to be solved as steady",
        "1 connected pores (8 voxels) touch no face with a value, transfer or stagnant-medium",
    );
    setup(&swap(&here("4", "6"), "duration = \"2 d\"", "steady = true"));
}

/// A scan of 3 × 2 × 2 voxels.
#[test]
fn scans() {
    use tiff::encoder::{TiffEncoder, colortype::Gray8};
    let dir = tempfile::tempdir().unwrap();
    let file = fs::File::create(dir.path().join("scan.tif")).unwrap();
    let mut tiff = TiffEncoder::new(file).unwrap();
    for page in [[10, 20, 30, 40, 50, 60], [70, 80, 90, 100, 110, 120]] {
        tiff.write_image::<Gray8>(3, 2, &page).unwrap();
    }
    drop(tiff);
    let read = |domain: &str, keys: &str| {
        let size = "[domain]\nsize = [\"4 mm\", \"4 mm\", \"4 mm\"]\nvoxels = [4, 4, 4]\n";
        let image = "structure.image = { path = \"scan.tif\", voxel = \"50 um\"";
        let text = swap(BALL, size, domain);
        let ball = "structure.spheres = { period = \"4 mm\", radius = \"1 mm\" }";
        let text = swap(&text, ball, &format!("{image}, {keys} }}"));
        let text =
            swap(&text, "boundary.x_max", "boundary.x_min.value = \"0.2 mM\"\nboundary.x_max");
        fs::write(dir.path().join("x.toml"), text).unwrap();
        load(&dir.path().join("x.toml"), &[])
    };
    let open = |keys: &str| {
        let s = read("", keys).unwrap_or_else(|e| panic!("{e}")).setup;
        assert_eq!((s.grid.n, s.grid.dimensions), ([3, 2, 2], 3));
        all_close(&s.grid.h, &[5e-5; 3]);
        s.structure.open.unwrap()
    };
    // Grey at the threshold is a pore below it, and solid above it.
    let pores = open("threshold = 60");
    assert!((0..12).all(|i| pores[i] == (i < 6)));
    let pores = open("threshold = 60.9, pores = \"above\"");
    assert!((0..12).all(|i| pores[i] == (i >= 6)));
    let says = |domain: &str, keys: &str| {
        let report = read(domain, keys).expect_err("refused");
        let d = &report.diagnostics[0];
        assert_eq!(report.errors(), 1, "{report}");
        (d.code, d.message.clone(), d.label.clone())
    };
    let leaves = |what: &str| {
        let message = format!("scaffold.structure.image.threshold leaves {what}");
        ("E024", message, "grey values run from 10 to 120".to_owned())
    };
    assert_eq!(says("", "threshold = 9"), leaves("no pore"));
    assert_eq!(says("", "threshold = 120"), leaves("no solid"));
    assert_eq!(says("", "threshold = 120, pores = \"above\""), leaves("no pore"));
    // A domain beside it says the same.
    let fine = |domain: &str| {
        let fits = read(&format!("[domain]\n{domain}\n"), "threshold = 60");
        fits.unwrap_or_else(|e| panic!("{domain}: {e}"));
    };
    fine("size = [\"150 um\", \"100 um\", \"0.1 mm\"]\nvoxel = \"50 um\"");
    fine("voxels = [3, 2, 2]");
    let differs = |domain: &str, key: &str, label: &str| {
        let found = says(&format!("[domain]\n{domain}\n"), "threshold = 60");
        let message = format!("domain.{key} is not that of the image");
        assert_eq!(found, ("E022", message, format!("the image has {label}")));
    };
    for size in ["\"150 um\", \"100 um\", \"101 um\"", "\"150 um\", \"100 um\""] {
        differs(&format!("size = [{size}]"), "size", "150 um × 100 um × 100 um");
    }
    differs("voxels = [3, 2, 1]", "voxels", "3 × 2 × 2");
    differs("voxel = \"51 um\"", "voxel", "50 um");
}

/// More cells than there is room for, where they take it: 5e8 of 2 pL in a millilitre.
#[test]
fn a_capacity_beyond_the_fluid() {
    let with = |n: &str| {
        let text = cells(&format!(
            "{SEEDED}volume = \"2 pL\"\ngrowth.rate.value = \"1 1/d\"\n\
             capacity.density = \"{n} cells/mL\""
        ));
        warned(&swap(&text, "[solutes", "changing_porosity = true\n[solutes"))
    };
    let label = "so many cells take 100 % of the volume, and at most 80 % is fluid";
    let message = "cells.msc.capacity is more than fits";
    assert_eq!(with("5e8"), [("W045", message.to_owned(), label.to_owned())]);
    assert_eq!(with("3.9e8"), []);
}

/// A wrong grid makes no other errors, and hides none.
#[test]
fn what_else_is_wrong_beside_the_grid() {
    let only = |text: &str, label: &str| {
        let report = report(text);
        let found: Vec<&str> = report.diagnostics.iter().map(|d| d.label.as_str()).collect();
        assert_eq!(found, [label], "{report}");
    };
    let undivided = "2 mm / 300 um = 6.6667";
    let break_it = |text: &str, voxels: &str| swap(text, voxels, "voxel = \"0.3 mm\"");
    let block = format!(
        "{BLOCK}[regions.a]\nshape.layer = {{ axis = \"z\", from = \"0.1 mm\", to = \"0.2 mm\" }}\n"
    );
    let report_of = report(&break_it(&block, "voxels = [2, 2, 2]"));
    assert_eq!(report_of.errors(), 1, "{report_of}");
    only(&break_it(&swap(LAWS, "3 mL", "30 L"), "voxels = [4]"), undivided);
    let given = flow("law.given.velocity = [\"1 um/s\"]");
    only(&break_it(&given, "voxels = [4]"), undivided);
    let gel = "[matrix.gel]\ndensity = \"1000 mg/mL\"\ninitial = \"700 mg/mL\"\n[run]";
    only(&break_it(&swap(SLAB, "[run]", gel), "voxels = [4]"), undivided);
    let ring = swap(SLAB, "[domain]", "[domain]\nshape = \"cylinder\"\ninner_radius = \"3 mm\"");
    let ring = swap(&ring, "x_max", "r_min");
    let inner = "the outer radius is 2 mm";
    only(&ring, inner);
    only(&swap(&ring, "cylinder", "sphere"), inner);
    let tall = swap(&ring, "[\"2 mm\"]", "[\"2 mm\", \"1 mm\"]");
    only(&swap(&swap(&tall, "[4]", "[4, 4]"), "r_min", "z_max"), inner);
    let both = report(&swap(&ring, "r_min", "z_max"));
    assert_eq!(both.errors(), 2, "{both}");
    let later = "seeding.uniform.density = \"1e6 cells/mL\"\ngrowth.rate.value = \"1 1/d\"\n\
        reseeding = [{ at = \"1 d\", seeding.number.of = \"1 cells\", within.layer = \
        { axis = \"x\", from = \"0 mm\", to = \"0.3 mm\" } }]";
    only(&break_it(&cells(later), "voxels = [4]"), undivided);
    let changing =
        swap(SLAB, "[solutes", "degradation.first-order.rate.value = \"1 1/d\"\n[solutes");
    only(&break_it(&changing, "voxels = [4]"), undivided);
    // Two errors of two parts.
    let two = report(&break_it(&swap(SLAB, "x_max", "z_max"), "voxels = [4]"));
    assert_eq!(two.errors(), 2, "{two}");
    // Faces of a periodic axis, and those that a box never has.
    let round = swap(
        &swap(SLAB, "[domain]", "[domain]\nperiodic = [\"x\"]"),
        "boundary.x_max.value = \"0.2 mM\"",
        "",
    );
    let seeded = |face: &str| {
        let seeding =
            format!("seeding.surface = {{ density = \"1 cells/cm^2\", face = \"{face}\" }}");
        swap(
            &round,
            "[run]",
            &format!("[cells.msc]\n{seeding}\ngrowth.rate.value = \"1 1/d\"\n[run]"),
        )
    };
    only(&seeded("x_min"), "x is periodic");
    only(&seeded("x_max"), "x is periodic");
    only(&seeded("y_max"), "the domain has x");
    only(&seeded("r_min"), "the domain has x");
    let full = swap(SLAB, "[domain]", "[domain]\nshape = \"cylinder\"");
    only(&swap(&full, "x_max", "r_min"), "a full cylinder or sphere has no inner face");
    let hollow = swap(&full, "[domain]", "[domain]\ninner_radius = \"1 mm\"");
    setup(&swap(&hollow, "x_max", "r_min"));
    only(&hollow, "the domain has r");
    // A pressure on no face of the grid is one error, not two.
    let lost = flow("law.darcy.permeability = \"1e-8 cm^2\"\nboundary.y_max.pressure = \"1 Pa\"");
    only(&lost, "the domain has x");
    only(&swap(SLAB, "x_max", "r_min"), "the domain has x");
    // Zero-order uptake fades even where nothing feeds it.
    let up = "seeding.number.of = \"1 cells\"\nuptake.oxygen.zero-order.vmax = \"1 fmol/cell/h\"";
    let empty = cells(up).replace("0.2 mM", "0 mM");
    let Uptake::ZeroOrder(law) = population(&empty).uptake[0].1 else { panic!() };
    assert!(law.0.km > 0.0);
}
