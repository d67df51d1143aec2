//! Structures by recipe against theory: shares, distances, connections, and the same bits always.

use std::f64::consts::{PI, TAU};

use blastema::geometry::components::label;
use blastema::geometry::make::blobs::Blobs;
use blastema::geometry::make::fibres::{Fibres, Orientation};
use blastema::geometry::make::leached::{Grain, Leached};
use blastema::geometry::make::particles::{Body, Cover, Particle, strew};
use blastema::geometry::make::raster::Raster;
use blastema::geometry::make::size::Size;
use blastema::geometry::make::spheres::Spheres;
use blastema::geometry::make::struts::{Lattice, Struts};
use blastema::geometry::make::tpms::{Part, Surface, Tpms};
use blastema::geometry::make::woodpile::Woodpile;
use blastema::geometry::make::{Recipe, SAMPLES};

use blastema::geometry::structure::{Structure, share};
use blastema::ground::grid::Grid;
use blastema::ground::par::with_threads;
use blastema::ground::random::Random;

mod gyroid;

use gyroid::{Gyroid, gyroid, gyroid_level};

const SURFACES: [Surface; 6] = [
    Surface::Gyroid,
    Surface::SchwarzP,
    Surface::SchwarzD,
    Surface::Iwp,
    Surface::Neovius,
    Surface::FischerKochS,
];
const LATTICES: [Lattice; 4] =
    [Lattice::SimpleCubic, Lattice::BodyCentred, Lattice::FaceCentred, Lattice::Octet];

fn tpms(surface: Surface, part: Part, period: f64, size: Size) -> Recipe {
    Recipe::Tpms(Tpms { surface, part, period, size })
}

fn struts(lattice: Lattice, cell: f64, size: Size) -> Recipe {
    Recipe::Struts(Struts { lattice, cell, size })
}

/// `n` voxels with edges of 1 m.
fn made(recipe: &Recipe, n: usize) -> Structure {
    recipe.make([n; 3], [1.0; 3]).expect("a structure")
}

/// The same with the centres alone.
fn centres(recipe: &Recipe, n: usize) -> Structure {
    recipe.make_sampled([n; 3], [1.0; 3], 1).expect("a structure")
}

/// Connected parts of a periodic box of n³ voxels.
fn parts(n: usize, open: &[bool]) -> usize {
    let grid = Grid { periodic: [true; 3], ..Grid::cuboid([n; 3], [1.0; 3]) };
    label(&grid, open).count
}

/// Parts of pore and of solid.
fn pore_and_solid(s: &Structure) -> [usize; 2] {
    [0, 1].map(|p| parts(s.n[0], &s.phase.iter().map(|q| *q == p).collect::<Vec<bool>>()))
}

/// The level sets as papers print them, with the sines of the standard library.
fn level_set(surface: Surface, p: [f64; 3], period: f64) -> f64 {
    let [x, y, z] = p.map(|x| TAU * x / period);
    let (s, c) = (f64::sin, f64::cos);
    match surface {
        Surface::Gyroid => s(x) * c(y) + s(y) * c(z) + s(z) * c(x),
        Surface::SchwarzP => c(x) + c(y) + c(z),
        Surface::SchwarzD => {
            s(x) * s(y) * s(z) + s(x) * c(y) * c(z) + c(x) * s(y) * c(z) + c(x) * c(y) * s(z)
        }
        Surface::Iwp => {
            2.0 * (c(x) * c(y) + c(y) * c(z) + c(z) * c(x)) - c(2.0 * x) - c(2.0 * y) - c(2.0 * z)
        }
        Surface::Neovius => 3.0 * (c(x) + c(y) + c(z)) + 4.0 * c(x) * c(y) * c(z),
        Surface::FischerKochS => {
            c(2.0 * x) * s(y) * c(z) + c(x) * c(2.0 * y) * s(z) + s(x) * c(y) * c(2.0 * z)
        }
    }
}

/// Struts of a cell of edge 1, end by end, as the lattices are defined.
fn segments(lattice: Lattice) -> Vec<[[f64; 3]; 2]> {
    let mut nodes = Vec::new();
    for k in 0..8_u32 {
        nodes.push([k & 1, k >> 1 & 1, k >> 2].map(f64::from));
    }
    let (longest, middles) = match lattice {
        Lattice::SimpleCubic => (1.0, vec![]),
        Lattice::BodyCentred => (0.75_f64.sqrt(), vec![[0.5; 3]]),
        Lattice::FaceCentred | Lattice::Octet => (0.5_f64.sqrt(), {
            let side = |a: usize, end: f64| {
                let mut m = [0.5; 3];
                m[a] = end;
                m
            };
            (0..3).flat_map(|a| [side(a, 0.0), side(a, 1.0)]).collect()
        }),
    };
    let corners = nodes.len();
    nodes.extend(middles);
    let mut all = Vec::new();
    for i in 0..nodes.len() {
        for j in i + 1..nodes.len() {
            let length = (0..3).map(|a| (nodes[i][a] - nodes[j][a]).powi(2)).sum::<f64>().sqrt();
            // Face-centred struts start at corners, only the octet joins middles too; body-centred
            // ones are shorter than edges.
            let joins = i < corners || lattice == Lattice::Octet;
            if (length - longest).abs() < 1e-9 && joins {
                all.push([nodes[i], nodes[j]]);
            }
        }
    }
    all
}

/// Distance to the nearest strut of all cells around, by brute force.
fn strut_distance(segments: &[[[f64; 3]; 2]], p: [f64; 3], cell: f64) -> f64 {
    let p = p.map(|x| (x / cell).rem_euclid(1.0));
    let to = |s: &[[f64; 3]; 2]| {
        let d: [f64; 3] = std::array::from_fn(|a| s[1][a] - s[0][a]);
        let q: [f64; 3] = std::array::from_fn(|a| p[a] - s[0][a]);
        let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
        let t = (dot(q, d) / dot(d, d)).clamp(0.0, 1.0);
        let off: [f64; 3] = std::array::from_fn(|a| q[a] - t * d[a]);
        dot(off, off).sqrt()
    };
    // Struts of neighbouring cells that reach in are mirror images of those on the sides.
    segments.iter().map(to).fold(f64::INFINITY, f64::min) * cell
}

/// A recipe of each family that fits 24 voxels of 1 m.
fn one_of_each() -> Vec<Recipe> {
    let mut all: Vec<Recipe> = SURFACES
        .into_iter()
        .flat_map(|s| {
            [(Part::Network, 0.6), (Part::Sheet, 0.7)]
                .map(|(p, share)| tpms(s, p, 12.0, Size::Porosity(share)))
        })
        .collect();
    all.extend(LATTICES.map(|l| struts(l, 12.0, Size::Given(2.5))));
    all.push(Recipe::Woodpile(Woodpile {
        spacing: 7.0,
        layer: Some(2.5),
        angles: vec![0.0, 60.0, 120.0],
        stagger: true,
        size: Size::Given(3.0),
    }));
    let graded = Size::Graded { axis: 0, from: 0.5, to: 0.8 };
    all.push(tpms(Surface::Gyroid, Part::Network, 12.0, graded));
    all.extend(random_ones(24.0));
    all
}

/// One of each random family in a box of this edge.
fn random_ones(edge: f64) -> Vec<Recipe> {
    let grain =
        |grain, porosity| Recipe::Leached(Leached { grain, size: 0.2 * edge, porosity, seed: 7 });
    let fibres = |orientation| {
        Recipe::Fibres(Fibres {
            diameter: 0.1 * edge,
            length: 1.3 * edge,
            orientation,
            porosity: 0.8,
            seed: 7,
        })
    };
    vec![
        Recipe::Spheres(Spheres { radius: 0.1 * edge, spread: 0.2, porosity: 0.75, seed: 7 }),
        grain(Grain::Cube, 0.85),
        grain(Grain::Sphere, 0.7),
        fibres(Orientation::Isotropic),
        fibres(Orientation::InPlane),
        Recipe::Blobs(Blobs { length: 0.25 * edge, porosity: 0.6, seed: 7 }),
    ]
}

// ---------------------------------------------------------------------------- sampling

/// Shares of pore by brute force, of the volume and of the three lower faces of each voxel: every
/// sample of every voxel, without the short cuts.
fn brute(raster: &Raster, pore: impl Fn([f64; 3]) -> bool) -> (Vec<u8>, [Vec<u8>; 3]) {
    let stations: [Vec<f64>; 3] = std::array::from_fn(|a| raster.stations(a));
    let count = |places: [std::ops::Range<usize>; 3]| {
        let (mut open, mut all) = (0, 0);
        for l in places[2].clone() {
            for j in places[1].clone() {
                for i in places[0].clone() {
                    open += u32::from(pore([stations[0][i], stations[1][j], stations[2][l]]));
                    all += 1;
                }
            }
        }
        share(f64::from(open) / f64::from(all))
    };
    let n = raster.n;
    let voxel = |v: usize| [v % n[0], v / n[0] % n[1], v / n[0] / n[1]];
    let volume = (0..raster.len()).map(|v| count(voxel(v).map(|i| raster.inside(i)))).collect();
    let faces = std::array::from_fn(|a| {
        let face = |v: usize| {
            let mut places = voxel(v).map(|i| raster.inside(i));
            let at = raster.face(voxel(v)[a]);
            places[a] = at..at + 1;
            count(places)
        };
        (0..raster.len()).map(face).collect()
    });
    (volume, faces)
}

/// A voxel is all pore, or none, only with its faces.
fn with_faces(n: [usize; 3], pore: &[u8], aperture: &[Vec<u8>; 3]) -> Vec<u8> {
    let mut shares = pore.to_vec();
    let steps = [1, n[0], n[0] * n[1]];
    for v in 0..shares.len() {
        for a in 0..3 {
            let last = [v % n[0], v / n[0] % n[1], v / n[0] / n[1]][a] + 1 == n[a];
            let upper = if last { v } else { v + steps[a] };
            for face in [v, upper] {
                if aperture[a][face] != pore[v] && matches!(pore[v], 0 | 255) {
                    shares[v] = pore[v].clamp(1, 254);
                }
            }
        }
    }
    shares
}

#[test]
fn shares_are_those_of_every_sample() {
    let (n, h, cell) = ([26, 20, 23], [1.0, 1.3, 1.17], 13.7);
    let check = |recipe: &Recipe, pore: &dyn Fn([f64; 3]) -> bool| {
        for samples in [2, SAMPLES] {
            let raster = Raster::new(n, h, samples).unwrap();
            let s = recipe.make_sampled(n, h, samples).unwrap();
            let partial = s.partial.expect("shares");
            let (volume, faces) = brute(&raster, pore);
            assert!(volume.iter().any(|s| !matches!(s, 0 | 255)), "{recipe:?}");
            assert!(partial.pore == with_faces(n, &volume, &faces), "{recipe:?} {samples}");
            assert!(partial.aperture == faces, "{recipe:?} {samples}");
            let phase: Vec<u8> = partial.pore.iter().map(|s| u8::from(*s == 0)).collect();
            assert!(s.phase == phase);
        }
    };
    for surface in SURFACES {
        let level = 0.37;
        let network = tpms(surface, Part::Network, cell, Size::Given(level));
        check(&network, &|p| level_set(surface, p, cell) < level);
        let sheet = tpms(surface, Part::Sheet, cell, Size::Given(level));
        check(&sheet, &|p| level_set(surface, p, cell).abs() > level);
    }
    for lattice in LATTICES {
        let all = segments(lattice);
        let recipe = struts(lattice, cell, Size::Given(3.3));
        check(&recipe, &|p| strut_distance(&all, p, cell) > 1.65);
    }
    let edges: [f64; 3] = std::array::from_fn(|a| n[a] as f64 * h[a]);
    let spheres = Spheres { radius: 3.0, spread: 0.3, porosity: 0.75, seed: 4 };
    let pack = spheres.pack(edges).unwrap();
    check(&Recipe::Spheres(spheres), &|p| {
        pack.iter().all(|(c, r)| {
            let d2: f64 = (0..3)
                .map(|a| {
                    let d = p[a] - c[a];
                    (d - edges[a] * (d / edges[a]).round()).powi(2)
                })
                .sum();
            d2 > r * r
        })
    });
}

/// Apertures of a plane of faces sum up to the share of pore of that plane, found on a million
/// points with the sines of the standard library.
#[test]
fn apertures_sum_up_to_the_porosity_of_their_plane() {
    let n = 32;
    for (part, level) in [(Part::Network, 0.4), (Part::Sheet, 0.5)] {
        let s = made(&tpms(Surface::Gyroid, part, n as f64, Size::Given(level)), n);
        let apertures = &s.partial.as_ref().expect("shares").aperture;
        for axis in 0..3 {
            for plane in [0, 5, 8, 19] {
                const FINE: usize = 1000;
                let mut pore = 0;
                for i in 0..FINE * FINE {
                    let mut p = [plane as f64; 3];
                    let at = |i: usize| (i as f64 + 0.5) / FINE as f64 * n as f64;
                    (p[(axis + 1) % 3], p[(axis + 2) % 3]) = (at(i % FINE), at(i / FINE));
                    let f = level_set(Surface::Gyroid, p, n as f64);
                    pore +=
                        usize::from(if part == Part::Sheet { f.abs() > level } else { f < level });
                }
                let expected = pore as f64 / (FINE * FINE) as f64;
                let sum: u32 = (0..n * n * n)
                    .filter(|v| [v % n, v / n % n, v / n / n][axis] == plane)
                    .map(|v| u32::from(apertures[axis][v]))
                    .sum();
                let found = f64::from(sum) / 255.0 / (n * n) as f64;
                assert!((found - expected).abs() < 2e-3, "{axis} {plane}: {found} {expected}");
            }
        }
    }
}

/// A ball, a cube and a rod that cross all sides of the periodic box keep their volume.
#[test]
fn particles_keep_their_volume_over_the_sides_of_the_box() {
    let raster = Raster::new([40, 32, 36], [1.0, 1.25, 1.0], SAMPLES).unwrap();
    // Columns of the rotation by the quaternion (1, 2, 3, 5)/√39.
    let axes = [[-29.0, 22.0, 14.0], [2.0, -19.0, 34.0], [26.0, 26.0, 13.0]];
    let axes = axes.map(|a| a.map(|x| x / 39.0));
    let half = [30.0, 20.0, -25.0];
    let length = 2.0 * half.iter().map(|h: &f64| h * h).sum::<f64>().sqrt();
    for (body, volume) in [
        (Body::Ball { radius: 9.0 }, 4.0 / 3.0 * PI * 9.0_f64.powi(3)),
        (Body::Cube { half: 7.0, axes }, 14.0_f64.powi(3)),
        (Body::Rod { half, radius: 3.0 }, PI * 9.0 * (length + 4.0)),
    ] {
        let particles = [Particle { centre: [0.5, 39.0, 1.0], body }];
        let shares = Cover::new(&raster, &particles).shares();
        let found = shares[0] * raster.volume();
        assert!((found - volume).abs() < 2e-3 * volume, "{body:?}: {found} {volume}");
        let s = Cover::new(&raster, &particles).structure(true);
        assert!((s.porosity() - shares[0]).abs() < 5e-4);
    }
}

// ---------------------------------------------------------------------------- by formula

/// The gyroid of case files, voxel by voxel.
#[test]
fn the_gyroid_is_that_of_case_files() {
    let n = 40;
    let grid = Grid::cuboid([n; 3], [1.0; 3]);
    for porosity in [0.3, 0.5, 0.83] {
        let network = gyroid_level(porosity);
        let sheet = gyroid_level(1.0 - 0.5 * porosity);
        for (part, kind, level) in
            [(Part::Network, Gyroid::Network, network), (Part::Sheet, Gyroid::Sheet, sheet)]
        {
            let ours = centres(&tpms(Surface::Gyroid, part, 17.3, Size::Given(level)), n);
            let pores = gyroid(&grid, kind, 17.3, porosity);
            assert!((0..n * n * n).all(|v| ours.open(v) == pores[v]), "{part:?} {porosity}");
        }
    }
}

/// f and −f are alike but for a shift, for all but I-WP: half is pore at the level 0. And the
/// gyroid's share at other levels by arcsines along lines (`tests/gyroid`).
#[test]
fn levels_have_the_shares_of_theory() {
    for surface in SURFACES.into_iter().filter(|s| *s != Surface::Iwp) {
        let s = made(&tpms(surface, Part::Network, 32.0, Size::Given(0.0)), 32);
        assert!((s.porosity() - 0.5).abs() < 1e-3, "{surface:?} {}", s.porosity());
    }
    for porosity in [0.1, 0.35, 0.7, 0.95] {
        let level = gyroid_level(porosity);
        let s = made(&tpms(Surface::Gyroid, Part::Network, 32.0, Size::Given(level)), 32);
        assert!((s.porosity() - porosity).abs() < 1e-3, "{porosity} {}", s.porosity());
    }
}

/// In one cell, in several, and in a box that is no whole number of cells.
#[test]
fn a_wanted_porosity_is_met() {
    for (n, period) in [(32, 32.0), (64, 32.0), (27, 17.3)] {
        for surface in SURFACES {
            for (part, porosities) in [(Part::Network, [0.4, 0.6]), (Part::Sheet, [0.75, 0.9])] {
                for porosity in porosities {
                    let s = made(&tpms(surface, part, period, Size::Porosity(porosity)), n);
                    let error = s.porosity() - porosity;
                    assert!(
                        error.abs() < 1e-3,
                        "{surface:?} {part:?} {period} {porosity}: {error}"
                    );
                }
            }
        }
        for lattice in LATTICES {
            for porosity in [0.4, 0.8] {
                let s = made(&struts(lattice, period, Size::Porosity(porosity)), n);
                let error = s.porosity() - porosity;
                assert!(error.abs() < 1e-3, "{lattice:?} {period} {porosity}: {error}");
            }
        }
    }
}

/// The voxels that brute force finds: distance to every strut of the cell, end by end.
#[test]
fn struts_are_where_their_ends_say() {
    let (n, cell) = (30, 19.7);
    for (lattice, count) in LATTICES.into_iter().zip([12, 8, 24, 36]) {
        let all = segments(lattice);
        assert_eq!(all.len(), count, "{lattice:?}");
        for radius in [1.7, 0.9 * lattice.closes() * cell] {
            let s = centres(&struts(lattice, cell, Size::Given(2.0 * radius)), n);
            for v in 0..n * n * n {
                let p = [v % n, v / n % n, v / n / n].map(|i| i as f64 + 0.5);
                let d = strut_distance(&all, p, cell);
                assert!(
                    (d - radius).abs() < 1e-9 || s.open(v) == (d > radius),
                    "{lattice:?} {p:?}"
                );
            }
        }
    }
}

/// Cylinders along the edges of a cube: 3πr²a less what two and three of them share (Steinmetz:
/// 16r³/3 and 8(2 − √2)r³) is 3πr²a − 8√2 r³. The others by points drawn at random.
#[test]
fn struts_have_their_volume() {
    const POINTS: u32 = 400_000;
    let a = 64.0;
    let r = 0.15 * a;
    let s = made(&struts(Lattice::SimpleCubic, a, Size::Given(2.0 * r)), 64);
    let exact = (3.0 * PI * r * r * a - 8.0 * 2.0_f64.sqrt() * r * r * r) / (a * a * a);
    assert!((1.0 - s.porosity() - exact).abs() < 1e-3, "{} {exact}", s.porosity());
    for lattice in [Lattice::BodyCentred, Lattice::FaceCentred, Lattice::Octet] {
        let all = segments(lattice);
        let r = 0.08 * a;
        let mut random = Random::new(3, 99);
        let inside = (0..POINTS)
            .filter(|_| {
                let p = [0; 3].map(|_| random.uniform() * a);
                strut_distance(&all, p, a) <= r
            })
            .count();
        let expected = inside as f64 / f64::from(POINTS);
        let s = made(&struts(lattice, a, Size::Given(2.0 * r)), 64);
        // Four standard deviations of the draw are 0.0032 at most.
        let deviation = (expected * (1.0 - expected) / f64::from(POINTS)).sqrt();
        let error = 1.0 - s.porosity() - expected;
        assert!(error.abs() < 4.0 * deviation + 1e-3, "{lattice:?} {error} {deviation}");
    }
}

/// All mirrors and turns of the cube: swap x and y, x and z, mirror x.
#[test]
fn struts_have_the_symmetry_of_the_cube() {
    let n = 32;
    for lattice in LATTICES {
        let s = made(&struts(lattice, 16.0, Size::Given(3.0)), n);
        let pore = &s.partial.as_ref().expect("shares").pore;
        let at = |i: usize, j: usize, k: usize| pore[(k * n + j) * n + i];
        for v in 0..n * n * n {
            let [i, j, k] = [v % n, v / n % n, v / n / n];
            let all = [at(j, i, k), at(k, j, i), at(n - 1 - i, j, k)];
            assert_eq!(all, [at(i, j, k); 3], "{lattice:?} {i} {j} {k}");
        }
    }
}

/// Near the ends of what is allowed pores and solid still are one piece each; beyond, they fall
/// apart. Two cells along each axis, so that pores of cells that do not meet count as several.
#[test]
fn pores_and_solid_hold_together_up_to_the_limits() {
    let (n, period) = (96, 48.0);
    for surface in SURFACES {
        let limits = surface.connected();
        for limit in limits {
            let recipe = tpms(surface, Part::Network, period, Size::Given(0.93 * limit));
            assert_eq!(pore_and_solid(&centres(&recipe, n)), [1, 1], "{surface:?} {limit}");
            let beyond = 1.02 * limit;
            let thin: Vec<bool> = (0..n * n * n)
                .map(|v| {
                    let p = [v % n, v / n % n, v / n / n].map(|i| i as f64 + 0.5);
                    let f = level_set(surface, p, period);
                    if limit < 0.0 { f < beyond } else { f > beyond }
                })
                .collect();
            // I-WP has its largest value on whole lines: nothing lies beyond 3.
            let expected = if surface == Surface::Iwp && limit > 0.0 { 0..1 } else { 8..n * n * n };
            assert!(expected.contains(&parts(n, &thin)), "{surface:?} {limit}");
        }
        // Two labyrinths, one wall.
        let wall = 0.5 * limits[1].min(-limits[0]);
        let s = centres(&tpms(surface, Part::Sheet, period, Size::Given(wall)), n);
        assert_eq!(pore_and_solid(&s), [2, 1], "{surface:?}");
    }
    for lattice in LATTICES {
        let closes = lattice.closes() * period;
        let s = centres(&struts(lattice, period, Size::Given(2.0 * 0.9 * closes)), n);
        assert_eq!(pore_and_solid(&s), [1, 1], "{lattice:?}");
        let all = segments(lattice);
        let cell = period as usize;
        let distance: Vec<f64> = (0..cell.pow(3))
            .map(|v| {
                let p = [v % cell, v / cell % cell, v / cell / cell].map(|i| i as f64 + 0.5);
                strut_distance(&all, p, period)
            })
            .collect();
        let open: Vec<bool> = (0..n * n * n)
            .map(|v| {
                let [i, j, k] = [v % n, v / n % n, v / n / n].map(|i| i % cell);
                distance[(k * cell + j) * cell + i] > 1.02 * closes
            })
            .collect();
        assert!(parts(n, &open) >= 8, "{lattice:?}");
    }
}

/// Each cell along the axis has the porosity of its middle.
#[test]
fn a_graded_structure_has_the_porosity_of_each_place() {
    let size = Size::Graded { axis: 1, from: 0.8, to: 0.4 };
    for recipe in [
        tpms(Surface::Gyroid, Part::Network, 16.0, size),
        tpms(Surface::SchwarzD, Part::Sheet, 16.0, size),
        struts(Lattice::BodyCentred, 16.0, size),
    ] {
        let n = [16, 80, 16];
        let s = recipe.make(n, [1.0; 3]).expect("a structure");
        for cell in 0..5 {
            let expected = 0.8 - 0.4 * (cell as f64 + 0.5) / 5.0;
            let voxels = (0..s.len()).filter(|v| v / 16 % 80 / 16 == cell);
            let found = voxels.map(|v| s.pore(v)).sum::<f64>() / 4096.0;
            assert!((found - expected).abs() < 0.01, "{recipe:?} {cell}: {found} {expected}");
        }
    }
}

/// Layers that only touch: πd²/(4 spacing × layer), in any direction. Layers that overlap at right
/// angles: less what two cylinders at the distance of a layer share, an integral of
/// 4 √(r² − z²) √(r² − (z − layer)²); at no distance it is Steinmetz' 16r³/3.
#[test]
fn a_woodpile_has_the_share_of_theory() {
    let (d, r) = (4.0, 2.0);
    let pile = |layer: Option<f64>, angles: &[f64], stagger| {
        let (angles, size) = (angles.to_vec(), Size::Given(d));
        Recipe::Woodpile(Woodpile { spacing: 10.0, layer, angles, stagger, size })
    };
    let shared = |layer: f64| -> f64 {
        let step = d / 1e5;
        let slice = |i: u32| {
            let z = (f64::from(i) + 0.5) * step - r;
            let other = r * r - (z - layer) * (z - layer);
            4.0 * ((r * r - z * z) * other.max(0.0)).sqrt() * step
        };
        (0..100_000).map(slice).sum()
    };
    assert!((shared(0.0) - 16.0 / 3.0 * r * r * r).abs() < 1e-6);
    for stagger in [false, true] {
        for layer in [4.0, 3.0, 2.0 + 1e-9] {
            // Two spacings across, four layers up, of about 4 voxels a metre.
            let n = [83, 83, 71];
            let h = [20.0 / 83.0, 20.0 / 83.0, 4.0 * layer / 71.0];
            let given = (layer < d).then_some(layer);
            let s = pile(given, &[0.0, 90.0], stagger).make(n, h).unwrap();
            let exact = (PI * r * r * 10.0 - shared(layer)) / (100.0 * layer);
            let found = 1.0 - s.porosity();
            assert!((found - exact).abs() < 1e-3, "{stagger} {layer}: {found} {exact}");
        }
    }
    let s = pile(None, &[0.0, 60.0, 120.0], false).make([150, 150, 24], [1.0; 3]).unwrap();
    let exact = PI * d * d / (4.0 * 10.0 * d);
    assert!((1.0 - s.porosity() - exact).abs() < 5e-3, "{}", s.porosity());
    let wanted = Woodpile {
        spacing: 10.0,
        layer: Some(3.0),
        angles: vec![0.0, 90.0],
        stagger: true,
        size: Size::Porosity(0.6),
    };
    let h = [20.0 / 41.0, 20.0 / 41.0, 12.0 / 47.0];
    let s = Recipe::Woodpile(wanted).make([41, 41, 47], h).unwrap();
    assert!((s.porosity() - 0.6).abs() < 1e-3, "{}", s.porosity());
    assert_eq!(pore_and_solid(&made(&pile(Some(3.0), &[0.0, 90.0], false), 60)), [1, 1]);
}

/// Filaments along x in the first layer, along y in the second; the third round is shifted back.
#[test]
fn a_woodpile_lies_as_it_was_printed() {
    let pile = Woodpile {
        spacing: 8.0,
        layer: None,
        angles: vec![0.0, 90.0],
        stagger: true,
        size: Size::Given(4.0),
    };
    let s = Recipe::Woodpile(pile).make_sampled([16, 16, 20], [1.0; 3], 1).unwrap();
    let solid = |i: usize, j: usize, k: usize| !s.open((k * 16 + j) * 16 + i);
    for t in 0..16 {
        // Axes half a spacing (4 m) from the edge, then at the edge, each at the height of a layer.
        assert_eq!([solid(t, 4, 1), solid(t, 0, 1)], [true, false]);
        assert_eq!([solid(4, t, 5), solid(0, t, 5)], [true, false]);
        assert_eq!([solid(t, 4, 9), solid(t, 0, 9)], [false, true]);
        assert_eq!([solid(4, t, 13), solid(0, t, 13)], [false, true]);
        assert_eq!([solid(t, 4, 17), solid(t, 0, 17)], [true, false]);
    }
}

// ---------------------------------------------------------------------------- at random

/// Spheres keep apart over the sides of the box too, and have the wanted volume.
#[test]
fn packed_spheres_do_not_overlap() {
    let edges = [20.0, 30.0, 25.0];
    for (porosity, spread) in [(0.68, 0.0), (0.7, 0.5)] {
        let pack = Spheres { radius: 1.5, spread, porosity, seed: 11 }.pack(edges).unwrap();
        let volume: f64 = pack.iter().map(|s| 4.0 / 3.0 * PI * s.1.powi(3)).sum();
        assert!((volume / 15_000.0 - (1.0 - porosity)).abs() < 1e-12, "{volume}");
        for (i, (p, r)) in pack.iter().enumerate() {
            for (q, t) in &pack[..i] {
                let d2: f64 = (0..3)
                    .map(|a| {
                        let d = p[a] - q[a];
                        (d - edges[a] * (d / edges[a]).round()).powi(2)
                    })
                    .sum();
                assert!(d2.sqrt() >= (r + t) * (1.0 - 1e-12));
            }
        }
        let range = [1.5 * (1.0 - spread), 1.5 * (1.0 + spread)];
        let last = pack.len() - 1;
        assert!(pack[..last].iter().all(|s| range[0] <= s.1 && s.1 <= range[1]));
    }
    let s =
        made(&Recipe::Spheres(Spheres { radius: 4.0, spread: 0.0, porosity: 0.75, seed: 1 }), 40);
    assert!((s.porosity() - 0.75).abs() < 1e-3, "{}", s.porosity());
}

#[test]
fn random_structures_meet_their_porosity() {
    for recipe in random_ones(64.0) {
        let wanted = match &recipe {
            Recipe::Spheres(r) => r.porosity,
            Recipe::Leached(r) => r.porosity,
            Recipe::Fibres(r) => r.porosity,
            Recipe::Blobs(r) => r.porosity,
            _ => 0.0,
        };
        // Half of the last grain or fibre, where they are large.
        let grain: f64 =
            if matches!(recipe, Recipe::Leached(_) | Recipe::Fibres(_)) { 6e-3 } else { 1e-3 };
        let error = made(&recipe, 64).porosity() - wanted;
        assert!(error.abs() < grain, "{recipe:?} {error}");
    }
    for grain in [Grain::Sphere, Grain::Cube] {
        let fine = Leached { grain, size: 8.0, porosity: 0.8, seed: 3 };
        assert!((made(&Recipe::Leached(fine), 64).porosity() - 0.8).abs() < 5e-4);
    }
    for orientation in [Orientation::Isotropic, Orientation::InPlane] {
        let fine = Fibres { diameter: 2.0, length: 40.0, orientation, porosity: 0.9, seed: 3 };
        assert!((made(&Recipe::Fibres(fine), 64).porosity() - 0.9).abs() < 5e-4);
    }
}

/// Boolean model: grains of volume v, n to a volume, cover 1 − exp(−n v). The number that was
/// needed follows, within four standard deviations of the covered share (its variance is found from
/// the overlaps of balls of the same volume, at most v/V for these).
#[test]
fn grains_cover_what_the_boolean_model_says() {
    let raster = Raster::new([64; 3], [1.0; 3], 2).unwrap();
    for covered in [0.3, 0.6, 0.9] {
        for cube in [false, true] {
            let half = 4.0;
            let volume: f64 = if cube { 512.0 } else { 4.0 / 3.0 * PI * 64.0 };
            let mut random = Random::new(5, 77);
            let draw = || Particle {
                centre: [0; 3].map(|_| random.uniform() * 64.0),
                body: if cube {
                    let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
                    Body::Cube { half, axes }
                } else {
                    Body::Ball { radius: half }
                },
            };
            let n = strew("size", &raster, covered, volume, draw).unwrap().len();
            let found = 1.0 - (-(n as f64) * volume / raster.volume()).exp();
            let deviation = (covered * (1.0 - covered) * volume / raster.volume()).sqrt();
            assert!((found - covered).abs() < 4.0 * deviation, "{covered} {cube}: {found}");
        }
    }
}

/// A line leaves a blob once in the given length at the porosity 1/2, as nearly as widths of whole
/// voxels allow (half of 1 in 3 × 0.43 × length); more rarely at another, by exp(−q²/2) with the
/// quantile q of the porosity (0.84162 at 0.8; Rice, Bell Syst. Tech. J. 24 (1945) 46).
#[test]
fn blobs_have_the_length_that_was_asked_for() {
    let n = 160;
    for (length, porosity, q) in [(8.0, 0.5, 0.0), (16.0, 0.5, 0.0), (16.0, 0.8, 0.841_62_f64)] {
        let s = made(&Recipe::Blobs(Blobs { length, porosity, seed: 2 }), n);
        assert!((s.porosity() - porosity).abs() < 1e-5);
        for step in [1, n, n * n] {
            // Over the sides of the box too.
            let next = |v: usize| if v / step % n == n - 1 { v - (n - 1) * step } else { v + step };
            let changes = (0..n * n * n).filter(|v| s.phase[*v] != s.phase[next(*v)]).count();
            let found = (n * n * n) as f64 / changes as f64;
            let expected = length * (0.5 * q * q).exp();
            assert!(
                (found / expected - 1.0).abs() < 0.02 + 0.4 / length,
                "{length} {step}: {found} {expected}"
            );
        }
    }
}

/// Stereology (Delesse): the mean area share of sections in any direction is the volume share.
#[test]
fn sections_have_the_porosity_on_average() {
    for recipe in random_ones(64.0).into_iter().filter(|r| !matches!(r, Recipe::Blobs(_))) {
        let s = made(&recipe, 64);
        for faces in &s.partial.as_ref().expect("shares").aperture {
            let sum: u64 = faces.iter().map(|f| u64::from(*f)).sum();
            let mean = sum as f64 / 255.0 / s.len() as f64;
            assert!((mean - s.porosity()).abs() < 2e-3, "{recipe:?} {mean} {}", s.porosity());
        }
    }
}

/// FNV-1a over the phases and shares.
fn hash(s: &Structure) -> u64 {
    let partial = s.partial.iter().flat_map(|p| p.pore.iter().chain(p.aperture.iter().flatten()));
    s.phase
        .iter()
        .chain(partial)
        .fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn threads_do_not_change_a_bit() {
    for recipe in one_of_each() {
        let n = [40, 32, 36];
        let [one, three] = [1, 3].map(|t| with_threads(t, || recipe.make(n, [1.0; 3])));
        assert!(one == three, "{recipe:?}");
        assert!(one.is_ok(), "{:?}", one.err());
    }
}

/// Regression, not theory: what this code made when it was written. A seed in a paper must go on
/// meaning the same structure.
#[test]
fn regression_seeds_mean_the_same_structures_as_ever() {
    let found: Vec<u64> = random_ones(32.0).iter().map(|r| hash(&made(r, 32))).collect();
    assert_eq!(found, HASHES, "{found:#x?}");
    let other = Recipe::Blobs(Blobs { length: 8.0, porosity: 0.6, seed: 8 });
    assert!(!HASHES.contains(&hash(&made(&other, 32))));
}

const HASHES: [u64; 6] = [
    0x3a36_3e79_ed76_967c,
    0x4318_d327_715d_2cf7,
    0x4f9c_b8cb_6824_a0f5,
    0x0e30_8ca8_6958_8431,
    0xfaf1_bead_8699_336a,
    0x3b7c_02f3_dcc1_33d8,
];

// ---------------------------------------------------------------------------- refusals

#[test]
fn what_cannot_be_made_is_refused_with_the_range() {
    #[track_caller]
    fn refused(recipe: &Recipe, parts: &[&str]) {
        let message = recipe.make([20; 3], [1.0; 3]).expect_err("a refusal").problem;
        assert!(parts.iter().all(|p| message.contains(p)), "{message}");
    }
    let gyroid = |size| tpms(Surface::Gyroid, Part::Network, 10.0, size);
    refused(&gyroid(Size::Porosity(0.999)), &["porosity 0.999 of a gyroid network", "0.0", "0.98"]);
    refused(&gyroid(Size::Porosity(f64::NAN)), &["porosity NaN"]);
    refused(&gyroid(Size::Given(1.42)), &["level 1.42 of a gyroid network", "1.4142"]);
    refused(&gyroid(Size::Graded { axis: 3, from: 0.5, to: 0.6 }), &["axis 3"]);
    refused(&gyroid(Size::Graded { axis: 0, from: 0.5, to: 1.6 }), &["porosity 1.6"]);
    refused(
        &tpms(Surface::Iwp, Part::Sheet, 3.0, Size::Given(0.1)),
        &["cell of I-WP sheet", "4 m or more"],
    );
    refused(&tpms(Surface::Iwp, Part::Sheet, f64::INFINITY, Size::Given(0.1)), &["inf"]);
    // The windows of an octet truss close at the radius a/√24.
    refused(&struts(Lattice::Octet, 10.0, Size::Given(4.1)), &["diameter", "4.08"]);
    refused(&struts(Lattice::Octet, 10.0, Size::Given(0.9)), &["diameter", "between 1000 mm"]);
    let pile = |layer, angles, size| {
        Recipe::Woodpile(Woodpile { spacing: 8.0, layer, angles, stagger: false, size })
    };
    refused(&pile(None, vec![0.0], Size::Porosity(0.5)), &["layer height must be given"]);
    refused(&pile(Some(2.0), vec![], Size::Given(2.0)), &["angles []"]);
    refused(&pile(Some(2.0), vec![f64::NAN], Size::Given(2.0)), &["angles [NaN]"]);
    refused(&pile(Some(3.0), vec![0.0], Size::Given(2.5)), &["diameter", "between 3 m"]);
    refused(&pile(Some(-3.0), vec![0.0], Size::Given(2.5)), &["layer -3"]);
    let spheres =
        |radius, porosity| Recipe::Spheres(Spheres { radius, spread: 0.0, porosity, seed: 0 });
    refused(&spheres(2.0, 0.5), &["porosity 0.5 of packed spheres", "0.65"]);
    refused(&spheres(11.0, 0.8), &["radius 11 m", "to 10 m"]);
    refused(&spheres(0.4, 0.8), &["radius 400 mm", "500 mm to"]);
    let many = Spheres { radius: 1e-9, spread: 0.0, porosity: 0.8, seed: 0 };
    let refusal = many.pack([20.0; 3]).expect_err("a refusal");
    assert!(refusal.problem.contains("more than 5e7 spheres"), "{}", refusal.problem);
    let raster = Raster::new([20; 3], [1.0; 3], 1).unwrap();
    let refusal = strew("size", &raster, 0.3, 1e-18, || unreachable!()).expect_err("a refusal");
    assert!(refusal.key == "size" && refusal.problem.contains("particles"), "{refusal:?}");
    let leached =
        |grain, size, porosity| Recipe::Leached(Leached { grain, size, porosity, seed: 0 });
    refused(&leached(Grain::Cube, 2.0, 0.98), &["porosity 0.98 of a leached foam", "0.96"]);
    refused(&leached(Grain::Sphere, 2.0, 0.25), &["0.29"]);
    refused(&leached(Grain::Sphere, 0.9, 0.7), &["size 900 mm", "1 m to 20 m"]);
    refused(&leached(Grain::Cube, -1.0, 0.7), &["size -1 m"]);
    let blobs = |length, porosity| Recipe::Blobs(Blobs { length, porosity, seed: 0 });
    refused(&blobs(3.0, 0.5), &["length 3 m", "4 voxels"]);
    refused(&blobs(8.0, 0.9), &["porosity 0.9 of blobs", "0.84"]);
    let fine = gyroid(Size::Porosity(0.5));
    for (n, h, samples, part) in [
        ([0, 5, 5], [1.0; 3], 4, "voxels"),
        ([usize::MAX, 2, 5], [1.0; 3], 4, "voxels"),
        ([5; 3], [1.0, f64::NAN, 1.0], 4, "edge of a voxel NaN"),
        ([5; 3], [1.0, 0.0, 1.0], 4, "edge of a voxel 0"),
        ([5; 3], [1.0; 3], 5, "5 samples"),
    ] {
        let message = fine.make_sampled(n, h, samples).expect_err("a refusal").problem;
        assert!(message.contains(part), "{message}");
    }
}
