//! Surfaces of triangles: STL, voxels inside, the surface of voxels, and images, against exact
//! volumes and areas and against trimesh and numpy-stl.

use std::f64::consts::{PI, TAU};
use std::io::Cursor;
use std::path::Path;

use blastema::geometry::export::write_tiff;
use blastema::geometry::import::{Ask, tiff as pages};
use blastema::geometry::isosurface::isosurface;
use blastema::geometry::stl;
use blastema::geometry::structure::{Partial, Structure};
use blastema::geometry::surface::Surface;
use blastema::geometry::voxelise::{Frame, voxelise};
use blastema::ground::par;
use blastema::ground::random::Random;

type Point = [f64; 3];

/// A file that tests/fuzz/seeds_stl.py wrote with numpy-stl and trimesh.
fn seed(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/stl");
    std::fs::read(folder.join(name)).expect(name)
}

fn close(a: f64, b: f64, relative: f64) -> bool {
    (a - b).abs() <= relative * b.abs()
}

// ---- files ----

/// Triangles, volume and area that trimesh 5.2 tells.
#[test]
fn stl_files_of_other_programs_hold_what_trimesh_says() {
    let nested = (8, 8.75, 46.70678021585745);
    for (name, (triangles, volume, area)) in [
        ("box-binary.stl", (12, 6.0, 22.0)),
        ("box-text.stl", (12, 6.0, 22.0)),
        ("solid-binary.stl", (12, 6.0, 22.0)),
        ("inverted.stl", (12, -6.0, 22.0)),
        ("wedge-text.stl", (4, 10.0, 37.36542462386205)),
        ("upper.stl", (4, 10.0, 37.36542462386205)),
        ("two-solids.stl", (8, 20.0, 2.0 * 37.36542462386205)),
        ("ball.stl", (20, 2.5361504726624067, 9.574540785635556)),
        ("nested.stl", nested),
    ] {
        let s = stl::read(&seed(name), 1e-3).expect(name);
        assert_eq!(s.triangles.len(), triangles, "{name}");
        assert!(close(s.volume(), volume * 1e-9, 1e-6), "{name}: {}", s.volume());
        assert!(close(s.area(), area * 1e-6, 1e-6), "{name}: {}", s.area());
        assert!(s.edges().watertight(), "{name}");
    }
    let touching = stl::read(&seed("touching.stl"), 1.0).expect("a surface").edges();
    assert!(touching.closed() && touching.non_manifold == 1 && touching.open == 0);
}

#[test]
fn broken_stl_files_are_refused_by_what_is_wrong() {
    for (name, says) in [
        ("cut.stl", "is cut short"),
        ("count.stl", "4294967295 triangles take 214748364834 bytes, it has 684"),
        ("nan.stl", "triangle 1 has a coordinate"),
        ("cut-text.stl", "is cut short"),
        ("empty-text.stl", "holds no triangle"),
        ("comma.stl", "line 6: a coordinate expected, not `4,0`"),
    ] {
        let e = stl::read(&seed(name), 1e-3).expect_err(name);
        assert!(e.problem.contains(says), "{name}: {e}");
    }
    for (bytes, says) in [
        (&b""[..], "is empty"),
        (b"PK\x03\x04 no mesh at all", "is no STL file"),
        (b"solid a\nfacet normal nan nan nan\nouter loop\nvertex 0 0 inf", "is cut short"),
        (b"solid a\nfacet normal x\xff", "is cut short"),
        (b"solid a\nfacets", "line 2: facet expected, not `facets`"),
    ] {
        let e = stl::read(bytes, 1e-3).expect_err(says);
        assert!(e.problem.contains(says), "{e}");
    }
    for unit in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(stl::read(&seed("ball.stl"), unit).is_err());
    }
    let long = [seed("ball.stl"), vec![0]].concat();
    assert!(stl::read(&long, 1.0).expect_err("too long").problem.contains("is damaged"));
}

#[test]
fn a_written_stl_is_read_back() {
    let ball = stl::read(&seed("ball.stl"), 1e-3).expect("a ball");
    let mut file = Vec::new();
    stl::write(&ball, 1e-3, &mut file).expect("written");
    // The triangles of trimesh, bit by bit, but for the head and the rounding of normals.
    let other = seed("ball.stl");
    assert_eq!(file.len(), other.len());
    assert_eq!(file[80..84], other[80..84]);
    for (ours, theirs) in file[84..].chunks(50).zip(other[84..].chunks(50)) {
        assert_eq!(ours[12..], theirs[12..]);
        let normal = |b: &[u8], a: usize| f32::from_le_bytes(b[4 * a..][..4].try_into().unwrap());
        assert!((0..3).all(|a| (normal(ours, a) - normal(theirs, a)).abs() < 1e-6));
    }
}

// ---- bodies ----

/// A closed surface of the points `at(u, v)`, both periodic with period 1.
fn wrap(nu: usize, nv: usize, at: impl Fn(f64, f64) -> Point) -> Surface {
    let p = |i: usize, j: usize| at((i % nu) as f64 / nu as f64, (j % nv) as f64 / nv as f64);
    let mut corners = Vec::new();
    for i in 0..nu {
        for j in 0..nv {
            let [a, b, c, d] = [p(i, j), p(i + 1, j), p(i + 1, j + 1), p(i, j + 1)];
            corners.extend([a, b, c, a, c, d]);
        }
    }
    Surface::weld(&corners)
}

fn torus(centre: Point, big: f64, small: f64) -> Surface {
    wrap(192, 96, |u, v| {
        let ((su, cu), (sv, cv)) = ((TAU * u).sin_cos(), (TAU * v).sin_cos());
        let r = big + small * cv;
        [centre[0] + r * cu, centre[1] + r * su, centre[2] + small * sv]
    })
}

/// Rings of latitude; the poles are points. Turned inside out with a negative radius.
fn sphere(centre: Point, radius: f64, n: usize) -> Vec<Point> {
    let p = |i: usize, j: usize| {
        let (st, ct) = (PI * i as f64 / n as f64).sin_cos();
        let (sp, cp) = (TAU * (j % (2 * n)) as f64 / (2 * n) as f64).sin_cos();
        let st = if i == n { 0.0 } else { st };
        let r = radius.abs();
        [centre[0] + r * st * cp, centre[1] + r * st * sp, centre[2] + r * ct]
    };
    let mut corners = Vec::new();
    for i in 0..n {
        for j in 0..2 * n {
            let [a, b, c, d] = [p(i, j), p(i + 1, j), p(i + 1, j + 1), p(i, j + 1)];
            corners.extend(if radius > 0.0 { [a, b, c, a, c, d] } else { [a, c, b, a, d, c] });
        }
    }
    corners
}

/// A box with outward normals.
fn cuboid(low: Point, high: Point) -> Vec<Point> {
    let at = |c: usize| std::array::from_fn(|a| if c >> a & 1 == 1 { high[a] } else { low[a] });
    let sides =
        [[0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]];
    sides.iter().flat_map(|s| [s[0], s[1], s[2], s[0], s[2], s[3]].map(at)).collect()
}

/// Volume of the solid.
fn solid(s: &Structure) -> f64 {
    (1.0 - s.porosity()) * s.len() as f64 * s.h[0] * s.h[1] * s.h[2]
}

fn frame(n: [usize; 3], h: f64) -> Frame {
    Frame { origin: [0.0; 3], n, h: [h; 3] }
}

fn partial(s: &Structure) -> &Partial {
    s.partial.as_ref().expect("shares")
}

const ANY: usize = usize::MAX;

#[test]
fn spheres_and_tori_have_their_volume() {
    let (big, small) = (1e-3, 0.4e-3);
    let ring = torus([0.1e-3, -0.7e-3, 3e-3], big, small);
    assert!(close(ring.volume(), 2.0 * PI * PI * big * small * small, 2e-3));
    assert!(close(ring.area(), 4.0 * PI * PI * big * small, 2e-3));
    let ball = Surface::weld(&sphere([2e-3, 1e-3, -1e-3], 1e-3, 64));
    assert!(close(ball.volume(), 4.0 / 3.0 * PI * 1e-9, 2e-3), "{}", ball.volume());
    for (name, surface) in [("ring", ring), ("ball", ball)] {
        let around = Frame::around(&surface, 50e-6, 100e-6, ANY).expect("a frame");
        let s = voxelise(&surface, &around, true).expect("voxels");
        // Shares have steps of 1/255, on some 4 000 voxels of the boundary.
        assert!(
            close(solid(&s), surface.volume(), 1e-4),
            "{name}: {}",
            solid(&s) / surface.volume()
        );
        assert!(s.phase.iter().zip(&partial(&s).pore).all(|(p, s)| (*p == 0) == (*s > 0)));
    }
}

/// Exact lengths and the lattice: the error of a body's volume falls faster than the voxel.
#[test]
fn the_volume_converges() {
    let ball = Surface::weld(&sphere([0.0; 3], 1.0, 48));
    let error = |n: usize| {
        let h = 2.6 / n as f64;
        let one = |shift: usize| {
            let origin = [0.0, 0.37, 0.71].map(|s| -1.3 + h * (s * (1 + shift) as f64).fract() - h);
            let frame = Frame { origin, n: [n + 2; 3], h: [h; 3] };
            let s = voxelise(&ball, &frame, true).expect("voxels");
            (solid(&s) / ball.volume() - 1.0).powi(2)
        };
        ((0..6).map(one).sum::<f64>() / 6.0).sqrt()
    };
    let errors: Vec<f64> = [6, 12, 24, 48].map(error).into();
    let order = (errors[0] / errors[3]).log2() / 3.0;
    assert!(order > 1.5 && errors[3] < 2e-5, "{errors:?}, order {order}");
}

#[test]
fn a_box_off_the_grid_has_the_shares_of_its_overlaps() {
    let (low, high) = ([0.33, 1.26, 2.71], [3.85, 4.41, 5.07]);
    let s = voxelise(&Surface::weld(&cuboid(low, high)), &frame([5, 6, 7], 1.0), true);
    let s = s.expect("voxels");
    // A plane across y or z is off by half a step of the lattice at most: 4 % here, of which
    // the two ends leave little.
    assert!(close(solid(&s), 3.52 * 3.15 * 2.36, 1e-2), "{}", solid(&s));
    let overlap =
        |a: usize, i: usize| (high[a].min((i + 1) as f64) - low[a].max(i as f64)).max(0.0);
    let touches = |a: usize, i: usize| low[a] <= i as f64 && i as f64 <= high[a];
    let mut worst = [0.0_f64; 4];
    for v in 0..s.len() {
        let at = [v % 5, v / 5 % 6, v / 30];
        let o: [f64; 3] = std::array::from_fn(|a| overlap(a, at[a]));
        let off = |share: u8, solid: f64| (1.0 - f64::from(share) / 255.0 - solid).abs();
        worst[0] = worst[0].max(off(partial(&s).pore[v], o.iter().product()));
        for a in 0..3 {
            let face = if touches(a, at[a]) { o[(a + 1) % 3] * o[(a + 2) % 3] } else { 0.0 };
            worst[1 + a] = worst[1 + a].max(off(partial(&s).aperture[a][v], face));
        }
    }
    // Discrepancy of the lattice at the edges across y and z; half a step of the seven lines.
    assert!(worst[0] < 0.06 && worst[1] < 0.08 && worst[2] < 0.08 && worst[3] < 0.08, "{worst:?}");
}

#[test]
fn a_box_on_the_grid_has_whole_voxels_and_whole_faces() {
    let h = 1e-5;
    // As a file holds it, in mm and 32 bits.
    let corners = cuboid([0.01, 0.02, 0.03], [0.07, 0.08, 0.06]);
    let corners: Vec<Point> =
        corners.iter().map(|p| p.map(|x| f64::from(x as f32) * 1e-3)).collect();
    let s = voxelise(&Surface::weld(&corners), &frame([10, 9, 8], h), true).expect("voxels");
    let inside = |at: [usize; 3]| {
        (1..7).contains(&at[0]) && (2..8).contains(&at[1]) && (3..6).contains(&at[2])
    };
    for v in 0..s.len() {
        let at = [v % 10, v / 10 % 9, v / 90];
        let whole = |open: bool| if open { 255 } else { 0 };
        assert_eq!(partial(&s).pore[v], whole(!inside(at)), "{at:?}");
        for a in 0..3 {
            let mut below = at;
            below[a] = at[a].saturating_sub(1);
            let open = !inside(at) && !inside(below);
            assert_eq!(partial(&s).aperture[a][v], whole(open), "{at:?} {a}");
        }
    }
}

/// The faces in a plane through a ball leave a disc closed.
#[test]
fn closed_faces_add_up_to_the_section() {
    let ball = Surface::weld(&sphere([8.0, 8.0, 8.0], 6.3, 64));
    let s = voxelise(&ball, &frame([16; 3], 1.0), true).expect("voxels");
    for axis in 0..3 {
        for place in [5, 8, 11] {
            let closed: f64 = (0..s.len())
                .filter(|v| [v % 16, v / 16 % 16, v / 256][axis] == place)
                .map(|v| 1.0 - f64::from(partial(&s).aperture[axis][v]) / 255.0)
                .sum();
            let disc = PI * (6.3 * 6.3 - (place as f64 - 8.0).powi(2));
            assert!(close(closed, disc, 1e-2), "axis {axis} at {place}: {closed} of {disc}");
        }
    }
}

#[test]
fn voids_overlaps_and_turned_surfaces() {
    let cube = cuboid([1.0; 3], [9.0; 3]);
    let void = [cube.clone(), sphere([5.0; 3], -3.0, 48)].concat();
    let void = Surface::weld(&void);
    let f = frame([10; 3], 1.0);
    let s = voxelise(&void, &f, true).expect("voxels");
    assert!(close(solid(&s), void.volume(), 5e-4), "{}", solid(&s));
    assert!(close(solid(&s), 512.0 - 36.0 * PI, 1e-3), "{}", solid(&s));
    assert_eq!(s.pore(555), 1.0);
    // The other side as solid: the same shares the other way round.
    let other = voxelise(&void, &f, false).expect("voxels");
    let off = |a: &u8, b: &u8| i32::from(*a) + i32::from(*b) - 255;
    assert!(partial(&s).pore.iter().zip(&partial(&other).pore).all(|(a, b)| off(a, b).abs() <= 1));
    // Inside out, and as two boxes that overlap in a third: the body is the same.
    let turned: Vec<Point> = cube.chunks(3).flat_map(|t| [t[1], t[0], t[2]]).collect();
    let two = [cuboid([1.0; 3], [6.0, 9.0, 9.0]), cuboid([3.0, 1.0, 1.0], [9.0; 3])].concat();
    let whole = voxelise(&Surface::weld(&cube), &f, true).expect("voxels");
    assert!(close(solid(&whole), 512.0, 1e-12));
    for same in [turned, two] {
        assert_eq!(voxelise(&Surface::weld(&same), &f, true).expect("voxels"), whole);
    }
}

#[test]
fn frames_surround_and_refuse() {
    let s = Surface::weld(&cuboid([1e-3; 3], [3e-3, 4e-3, 5.04e-3]));
    let f = Frame::around(&s, 1e-4, 0.0, ANY).expect("a frame");
    assert_eq!(f.n, [20, 30, 41]);
    // 4.04 mm in 41 voxels: 0.06 mm to share.
    assert!((f.origin[2] - 0.97e-3).abs() < 1e-12 && (f.origin[0] - 1e-3).abs() < 1e-12);
    assert_eq!(Frame::around(&s, 1e-4, 2e-4, ANY).expect("a frame").n, [24, 34, 45]);
    for (h, margin, most, says) in [
        (1e-4, 0.0, 24_599, "takes 20 × 30 × 41 voxels, 24599 at most"),
        (1e-8, 0.0, ANY, "takes 200000 voxels along x"),
        (1e-4, -1e-3, ANY, "has no extent along x"),
        (0.0, 0.0, ANY, "needs a voxel"),
        (f64::NAN, 0.0, ANY, "needs a voxel"),
    ] {
        let e = Frame::around(&s, h, margin, most).expect_err(says);
        assert!(e.problem.contains(says), "{e}");
    }
}

#[test]
fn a_hole_is_refused_with_its_place() {
    let hole = stl::read(&seed("hole.stl"), 1e-3).expect("read");
    let around = Frame::around(&hole, 1e-4, 0.0, ANY).expect("a frame");
    let e = voxelise(&hole, &around, true).expect_err("a hole");
    // The triangle that seeds_stl.py left out: (5.5, -2, 2), (5.5, -4, 2), (5.5, -2, -1). The
    // middles of its edges.
    let places = [
        "(5.500000, -3.000000, 2.000000)",
        "(5.500000, -3.000000, 0.500000)",
        "(5.500000, -2.000000, 0.500000)",
    ];
    assert!(e.problem.contains("3 edges of one triangle"), "{e}");
    assert!(places.iter().any(|p| e.problem.contains(p)), "{e}");
}

#[test]
fn voxels_are_the_same_for_any_number_of_threads() {
    let ring = torus([0.0; 3], 1.0, 0.4);
    let around = Frame::around(&ring, 0.04, 0.0, ANY).expect("a frame");
    let [one, three] =
        [1, 3].map(|t| par::with_threads(t, || voxelise(&ring, &around, true).expect("voxels")));
    assert!(one.len() > 30_000 && one == three);
    let [a, b] = [1, 3].map(|t| par::with_threads(t, || isosurface(&one)));
    // Only `t` differs.
    assert!(a == b && !a.triangles.is_empty());
}

// ---- the surface of voxels ----

#[test]
fn any_structure_has_a_watertight_surface() {
    let mut random = Random::new(7, 0);
    for n in [[9, 7, 5], [1, 6, 6], [4, 1, 1], [8, 8, 8]] {
        for percent in [10, 50, 90] {
            let pores: Vec<bool> =
                (0..n.iter().product()).map(|_: usize| random.bits() % 100 < percent).collect();
            let mut s = Structure::binary(n, [1e-5, 2e-5, 3e-5], pores.iter().copied());
            let surface = isosurface(&s);
            assert!(surface.edges().watertight(), "{n:?} {percent} {:?}", surface.edges());
            assert!(surface.volume() >= 0.0);
            let pore = (0..s.len()).map(|_| random.bits() as u8).collect();
            s.partial = Some(Partial { pore, aperture: Default::default() });
            assert!(isosurface(&s).edges().watertight());
        }
    }
}

#[test]
fn the_surface_of_a_ball_of_voxels_is_that_of_the_ball() {
    let ball = Surface::weld(&sphere([16.0; 3], 12.0, 64));
    let s = voxelise(&ball, &frame([32; 3], 1.0), true).expect("voxels");
    let surface = isosurface(&s);
    assert!(close(surface.volume(), 4.0 / 3.0 * PI * 1728.0, 1e-2), "{}", surface.volume());
    assert!(
        close(surface.area(), 4.0 * PI * 144.0, 3e-2),
        "{}",
        surface.area() / (4.0 * PI * 144.0)
    );
    // Without shares: what the corners lose the steps gain.
    let binary = Structure { partial: None, phase: s.phase.clone(), ..s };
    let surface = isosurface(&binary);
    assert!(close(surface.volume(), solid(&binary), 1e-2), "{}", surface.volume() / solid(&binary));
}

#[test]
fn solid_up_to_the_sides_is_capped_there() {
    let s = Structure::binary([20, 10, 5], [1.0, 2.0, 4.0], [false; 1000].into_iter());
    let surface = isosurface(&s);
    assert_eq!(surface.bounds(), Some([[0.0; 3], [20.0; 3]]));
    // Half a voxel is cut from the edges at most.
    let all = 8000.0;
    assert!(surface.volume() <= all && surface.volume() > 0.95 * all, "{}", surface.volume());
}

// ---- images ----

#[test]
fn a_tiff_holds_solid_shares_or_labels_and_the_voxel() {
    let pores = (0..24).map(|v| v % 5 != 0);
    let mut s = Structure::binary([4, 3, 2], [10e-6, 12.5e-6, 20e-6], pores);
    let file = |s: &Structure| {
        let mut file = Cursor::new(Vec::new());
        write_tiff(s, &mut file).expect("written");
        file.into_inner()
    };
    let read = |s: &Structure| {
        let stack = pages::read_bytes(&file(s), &Ask::default()).expect("read");
        assert_eq!(stack.n, [4, 3, 2]);
        (0..24).map(|i| stack.grey.at(i) as u16).collect::<Vec<u16>>()
    };
    assert_eq!(read(&s), (0..24).map(|v| if v % 5 == 0 { 255 } else { 0 }).collect::<Vec<u16>>());
    s.partial = Some(Partial { pore: (0..24).collect(), aperture: Default::default() });
    assert_eq!(read(&s), (0..24).map(|v| 255 - v).collect::<Vec<u16>>());
    s.partial = None;
    s.phase = (0..24).map(|v| v % 4).collect();
    assert_eq!(read(&s), (0..24).map(|v| v % 4).collect::<Vec<u16>>());
    let mut tiff = tiff::decoder::Decoder::new(Cursor::new(file(&s))).expect("a TIFF");
    let text = tiff.get_tag_ascii_string(tiff::tags::Tag::ImageDescription).expect("text");
    assert!(
        ["ImageJ=", "images=2\n", "slices=2\n", "unit=micron\n", "spacing=20\n"]
            .iter()
            .all(|l| text.contains(l)),
        "{text}"
    );
    // Pixels a micrometre: 1/10 along x, 1/12.5 along y.
    for (tag, edge) in [(tiff::tags::Tag::XResolution, 10.0), (tiff::tags::Tag::YResolution, 12.5)]
    {
        let value = tiff.get_tag(tag).expect("a tag");
        let tiff::decoder::ifd::Value::Rational(n, d) = value else { panic!("{value:?}") };
        assert!(close(f64::from(d) / f64::from(n), edge, 1e-9), "{n}/{d}");
    }
    assert!(
        write_tiff(&Structure::binary([0; 3], [1.0; 3], [].into_iter()), Cursor::new(Vec::new()))
            .is_err()
    );
}
