//! Shapes, connected pores and scans.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use blastema::geometry::components::label;
use blastema::geometry::image::{Grey, Image, Meaning};
use blastema::geometry::import::{read_stack, slice_files};
use blastema::geometry::shapes::{Lattice, Shape, spheres};
use blastema::geometry::threshold::{pores, range};
use blastema::ground::grid::Grid;
use tempfile::TempDir;
use tiff::encoder::{TiffEncoder, colortype};

mod gyroid;

use gyroid::{Gyroid, gyroid, gyroid_level};

fn cube(n: usize, length: f64) -> Grid {
    Grid::cuboid([n; 3], [length / n as f64; 3])
}

/// A counter-based generator (SplitMix64).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

// ---- shapes ----

#[test]
fn gyroid_levels_are_those_of_the_literature() {
    // Half the space lies below 0; science.md v18: t = 0.6 at a porosity of about 0.695.
    assert!(gyroid_level(0.5).abs() < 1e-9);
    assert!((gyroid_level(0.695) - 0.6).abs() < 5e-3, "{}", gyroid_level(0.695));
    // Brute force at another level.
    let (n, t) = (120, -0.8_f64);
    let wave = |i: usize| (std::f64::consts::TAU * (i as f64 + 0.37) / n as f64).sin_cos();
    let mut below = 0;
    for k in 0..n {
        for j in 0..n {
            for i in 0..n {
                let ((sx, cx), (sy, cy), (sz, cz)) = (wave(i), wave(j), wave(k));
                below += usize::from(sx * cy + sy * cz + sz * cx < t);
            }
        }
    }
    let fraction = below as f64 / (n * n * n) as f64;
    assert!((gyroid_level(fraction) - t).abs() < 2e-3);
}

/// Cells of edge 1 mm with `n` voxels an edge.
fn cells(n: usize) -> Grid {
    Grid::cuboid([n; 3], [1e-3 / n as f64; 3])
}

fn share(voxels: &[bool]) -> f64 {
    voxels.iter().filter(|v| **v).count() as f64 / voxels.len() as f64
}

/// The wall |f| < t of a sheet fills the difference of two networks: at t = 0.6, whose network has
/// a porosity of about 0.695 (science.md v18), 2·0.695 − 1 = 0.39.
#[test]
fn gyroid_sheets_have_their_porosity() {
    for porosity in [0.3, 0.5, 0.8, 0.9] {
        let pores = gyroid(&cells(80), Gyroid::Sheet, 1e-3, porosity);
        assert!((share(&pores) - porosity).abs() < 2e-3, "{porosity}: {}", share(&pores));
    }
    // A sheet parts space into two labyrinths, each connected over the sides of its cell.
    let whole = Grid { periodic: [true; 3], ..cells(40) };
    let pores = gyroid(&whole, Gyroid::Sheet, 1e-3, 0.8);
    let parts = label(&whole, &pores);
    assert_eq!(parts.count, 2, "{:?}", parts.sizes);
    let wave = |x: f64| (std::f64::consts::TAU * x / 1e-3).sin_cos();
    let thin = gyroid(&whole, Gyroid::Sheet, 1e-3, 0.61);
    for (i, pore) in thin.iter().enumerate() {
        let [(sx, cx), (sy, cy), (sz, cz)] = whole.centre(i).map(wave);
        let f = (sx * cy + sy * cz + sz * cx).abs();
        assert!((f - 0.6).abs() < 5e-3 || *pore == (f > 0.6), "{f}");
    }
}

#[test]
fn pores_meet_over_periodic_sides() {
    // One sphere in the middle of the cell, one at its corners.
    let pores = spheres(&cells(40), Lattice::BodyCentred, 1e-3, 0.3e-3);
    let count = |periodic| label(&Grid { periodic, ..cells(40) }, &pores).count;
    assert_eq!(count([false; 3]), 9);
    assert_eq!(count([true, false, false]), 5);
    assert_eq!(count([true; 3]), 2);
}

#[test]
fn packed_spheres_have_their_volume() {
    let ball = |r: f64| 4.0 / 3.0 * std::f64::consts::PI * r * r * r;
    for (lattice, r, exact) in [
        (Lattice::SimpleCubic, 0.3, ball(0.3)),
        (Lattice::SimpleCubic, 0.5, std::f64::consts::PI / 6.0),
        (Lattice::BodyCentred, 0.4, 2.0 * ball(0.4)),
        (Lattice::FaceCentred, 0.125_f64.sqrt(), std::f64::consts::PI / 18.0_f64.sqrt()),
        // Beyond touching: less two caps for each of the three contacts of a cell.
        (Lattice::SimpleCubic, 0.6, {
            let h = 0.1;
            ball(0.6) - 6.0 * std::f64::consts::PI * h * h * (3.0 * 0.6 - h) / 3.0
        }),
    ] {
        let solid = spheres(&cells(100), lattice, 1e-3, r * 1e-3);
        assert!((share(&solid) - exact).abs() < 2e-3, "{lattice:?} {r}: {}", share(&solid));
    }
}

#[test]
fn gyroid_has_its_porosity_and_one_pore_space() {
    for porosity in [0.3, 0.5, 0.7, 0.9] {
        let grid = cube(64, 1e-3);
        let pores = gyroid(&grid, Gyroid::Network, 1e-3, porosity);
        let got = pores.iter().filter(|&&p| p).count() as f64 / grid.len() as f64;
        assert!((got - porosity).abs() < 5e-3, "{porosity}: {got}");
        let largest = label(&grid, &pores).sizes.into_iter().max().unwrap();
        assert!(largest as f64 > 0.97 * got * grid.len() as f64);
    }
}

#[test]
fn shapes_hold_the_right_points() {
    let layer = Shape::Layer { axis: 2, from: 0.0, to: 1.0 };
    assert!(layer.contains([9.0, -9.0, 0.0]) && !layer.contains([0.0, 0.0, 1.0]));
    let body = Shape::Box { from: [0.0; 3], to: [1.0, 2.0, 3.0] };
    assert!(body.contains([0.5, 1.5, 2.5]) && !body.contains([0.5, 2.0, 2.5]));
    let grid = cube(50, 1.0);
    let volume = |s: Shape| s.voxels(&grid).iter().filter(|&&v| v).count() as f64 / 125e3;
    let sphere = Shape::Sphere { centre: [0.5; 3], radius: 0.4 };
    assert!((volume(sphere) / (4.0 / 3.0 * std::f64::consts::PI * 0.064) - 1.0).abs() < 0.01);
    let cylinder = Shape::Cylinder { axis: 1, centre: [0.5, -7.0, 0.5], radius: 0.4 };
    assert!((volume(cylinder) / (std::f64::consts::PI * 0.16) - 1.0).abs() < 0.01);
}

// ---- connected pores ----

/// The same by breadth-first search, the slow way.
fn slow_label(grid: &Grid, open: &[bool]) -> Vec<u32> {
    let mut label = vec![0; open.len()];
    let mut count = 0;
    for seed in 0..open.len() {
        if !open[seed] || label[seed] != 0 {
            continue;
        }
        count += 1;
        label[seed] = count;
        let mut queue = vec![seed];
        while let Some(voxel) = queue.pop() {
            let at = grid.voxel(voxel);
            for axis in 0..3 {
                for step in [-1_i64, 1] {
                    let moved = at[axis] as i64 + step;
                    if moved < 0 || moved >= grid.n[axis] as i64 {
                        continue;
                    }
                    let mut next = at;
                    next[axis] = moved as usize;
                    let next = grid.index(next[0], next[1], next[2]);
                    if open[next] && label[next] == 0 {
                        label[next] = count;
                        queue.push(next);
                    }
                }
            }
        }
    }
    label
}

#[test]
fn components_equal_a_plain_search() {
    let mut state = 1;
    for case in 0..300 {
        let n: [usize; 3] = std::array::from_fn(|_| 1 + (random(&mut state) % 9) as usize);
        let grid = Grid::cuboid(n, [1.0; 3]);
        let fill = random(&mut state) % 100;
        let open: Vec<bool> = (0..grid.len()).map(|_| random(&mut state) % 100 < fill).collect();
        let found = label(&grid, &open);
        assert_eq!(found.label, slow_label(&grid, &open), "case {case}");
        assert_eq!(found.sizes.iter().sum::<usize>(), open.iter().filter(|&&o| o).count());
        assert_eq!(found.count, found.sizes.len());
        assert_eq!(found.select(|_| true), open);
    }
}

#[test]
fn components_list_their_faces() {
    let grid = Grid { dimensions: 2, ..Grid::cuboid([5, 4, 1], [1.0; 3]) };
    let mut open = vec![false; 20];
    for i in 0..5 {
        open[grid.index(i, 1, 0)] = true;
    }
    open[grid.index(2, 3, 0)] = true;
    let found = label(&grid, &open);
    assert_eq!(found.touches[0], [true, true, false, false, false, false]);
    assert_eq!(found.touches[1], [false, false, false, true, false, false]);
    assert_eq!(found.sizes, [5, 1]);
}

#[test]
fn components_are_fast() {
    let grid = cube(200, 1.0);
    let mut state = 7;
    // Near the percolation threshold (0.3116): the most ragged clusters.
    let open: Vec<bool> = (0..grid.len()).map(|_| random(&mut state) % 10_000 < 3_116).collect();
    let start = Instant::now();
    let found = label(&grid, &open);
    let seconds = start.elapsed().as_secs_f64();
    println!("8 M voxels, {} components: {seconds:.3} s", found.count);
    assert!(seconds < 2.0, "{seconds} s");
}

// ---- scans ----

fn save8(path: &Path, width: u32, height: u32, pages: &[Vec<u8>]) {
    let mut tiff = TiffEncoder::new(File::create(path).unwrap()).unwrap();
    for page in pages {
        tiff.write_image::<colortype::Gray8>(width, height, page).unwrap();
    }
}

fn problem(path: &Path) -> String {
    read_stack(path).unwrap_err().to_string()
}

#[test]
fn folder_of_slices_in_natural_order() {
    let dir = TempDir::new().unwrap();
    for (name, grey) in [("s_10.tif", 3_u8), ("s_2.TIF", 2), ("s_1.tiff", 1)] {
        save8(&dir.path().join(name), 3, 2, &[vec![grey, 0, 0, 0, 0, 10 * grey]]);
    }
    fs::write(dir.path().join("notes.txt"), "not a slice").unwrap();
    fs::write(dir.path().join("._s_1.tif"), "left by macOS").unwrap();
    let stack = read_stack(dir.path()).unwrap();
    assert_eq!(stack.n, [3, 2, 3]);
    // Asymmetric: x fastest, row = y, slice = z.
    let grey = vec![1, 0, 0, 0, 0, 10, 2, 0, 0, 0, 0, 20, 3, 0, 0, 0, 0, 30];
    assert_eq!(stack.grey, Grey::U8(grey));
    assert_eq!(range(&stack), (0.0, 30.0));
    assert_eq!(pores(&stack, 9.0, false).iter().filter(|&&p| !p).count(), 3);
    assert_eq!(slice_files(dir.path()).unwrap().len(), 3);

    save8(&dir.path().join("s_3.tif"), 2, 2, &[vec![0; 4]]);
    let message = problem(dir.path());
    assert!(message.contains("s_3.tif") && message.contains("2 × 2"), "{message}");
    save8(&dir.path().join("s_3.tif"), 3, 2, &[vec![0; 6], vec![0; 6]]);
    assert!(problem(dir.path()).contains("several pages"));
}

#[test]
fn pages_of_16_bits_compressed_or_not() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("deep.tif");
    let pages = [vec![1_u16, 300, 65_535, 4], vec![5, 6, 7, 8]];
    for compression in [
        tiff::encoder::Compression::Uncompressed,
        tiff::encoder::Compression::Lzw,
        tiff::encoder::Compression::Packbits,
    ] {
        let mut tiff =
            TiffEncoder::new(File::create(&path).unwrap()).unwrap().with_compression(compression);
        for page in &pages {
            tiff.write_image::<colortype::Gray16>(2, 2, page).unwrap();
        }
        let stack = read_stack(&path).unwrap();
        let grey = Grey::U16(pages.concat());
        assert_eq!(stack, Image { n: [2, 2, 2], grey, voxel: None, meaning: Meaning::Grey });
    }
}

#[test]
fn pages_with_sign_and_with_a_point() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("a.tif");
    let pages = [[-1000_i16, 300, 7, i16::MIN], [5, -6, 7, 8]];
    let mut tiff = TiffEncoder::new(File::create(&path).unwrap()).unwrap();
    for page in &pages {
        tiff.write_image::<colortype::GrayI16>(2, 2, page).unwrap();
    }
    let stack = read_stack(&path).unwrap();
    assert_eq!((stack.n, stack.grey), ([2, 2, 2], Grey::I16(pages.concat())));
    let pages = pages.map(|p| p.map(|v| 0.25 * f32::from(v)));
    let mut tiff = TiffEncoder::new(File::create(&path).unwrap()).unwrap();
    for page in &pages {
        tiff.write_image::<colortype::Gray32Float>(2, 2, page).unwrap();
    }
    let stack = read_stack(&path).unwrap();
    assert_eq!((stack.n, stack.grey), ([2, 2, 2], Grey::F32(pages.concat())));
}

/// A TIFF as ImageJ writes stacks of 4 GB and more: one page, the rest right behind it.
fn imagej(order: &str, depth: u16, images: u32, planes: &[u8]) -> Vec<u8> {
    let little = order == "II";
    let short = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
    let long = |v: u32| if little { v.to_le_bytes() } else { v.to_be_bytes() };
    let text = format!("ImageJ=1.53q\nimages={images}\nslices={images}\n\0");
    let entries = 8_u16;
    let text_at = 8 + 2 + 12 * u32::from(entries) + 4;
    let data_at = text_at + text.len() as u32;
    let mut file = order.as_bytes().to_vec();
    file.extend(short(42));
    file.extend(long(8));
    file.extend(short(entries));
    let mut entry = |tag: u16, kind: u16, count: u32, value: u32| {
        file.extend(short(tag));
        file.extend(short(kind));
        file.extend(long(count));
        if kind == 3 {
            file.extend(short(value as u16));
            file.extend([0, 0]);
        } else {
            file.extend(long(value));
        }
    };
    entry(256, 3, 1, 3);
    entry(257, 3, 1, 2);
    entry(258, 3, 1, u32::from(depth) * 8);
    entry(262, 3, 1, 1);
    entry(270, 2, text.len() as u32, text_at);
    entry(273, 4, 1, data_at);
    entry(278, 3, 1, 2);
    entry(279, 4, 1, 6 * u32::from(depth));
    file.extend(long(0));
    file.extend(text.as_bytes());
    file.extend(planes);
    file
}

#[test]
fn imagej_images_without_pages() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("big.tif");
    let bytes: Vec<u8> = (0..36).collect();
    for order in ["II", "MM"] {
        fs::write(&path, imagej(order, 1, 6, &bytes)).unwrap();
        let stack = read_stack(&path).unwrap();
        assert_eq!(stack.n, [3, 2, 6]);
        assert_eq!(stack.grey, Grey::U8(bytes.clone()));
        fs::write(&path, imagej(order, 2, 3, &bytes)).unwrap();
        let stack = read_stack(&path).unwrap();
        assert_eq!((stack.n, stack.grey.len()), ([3, 2, 3], 18));
        let eighth = if order == "II" { 0x0f0e_u16 } else { 0x0e0f };
        assert_eq!(stack.grey.at(7), f64::from(eighth));
    }
    fs::write(&path, imagej("MM", 1, 7, &bytes)).unwrap();
    assert!(problem(&path).contains("7 images"), "{}", problem(&path));
    // 2^32 - 1 images: refused before anything is allocated.
    fs::write(&path, imagej("MM", 1, u32::MAX, &bytes)).unwrap();
    assert!(problem(&path).contains("images"));
}

#[test]
fn what_is_not_grey_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("a.tif");
    let encoder = || TiffEncoder::new(File::create(&path).unwrap()).unwrap();
    encoder().write_image::<colortype::RGB8>(1, 1, &[1, 2, 3]).unwrap();
    assert!(problem(&path).contains("RGB"), "{}", problem(&path));
    // The first of the two pixels is black where white is 0.
    encoder().write_image::<colortype::Gray8>(2, 1, &[255, 0]).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    // PhotometricInterpretation 262, short, one value: 1.
    let tag = bytes.windows(8).position(|w| w == [6, 1, 3, 0, 1, 0, 0, 0]).unwrap();
    assert_eq!(bytes[tag + 8], 1);
    bytes[tag + 8] = 0;
    fs::write(&path, &bytes).unwrap();
    assert!(problem(&path).contains("stores white as 0"), "{}", problem(&path));
    encoder().write_image::<colortype::Gray32>(1, 1, &[1]).unwrap();
    assert!(problem(&path).contains("32 bits"), "{}", problem(&path));
    encoder().write_image::<colortype::GrayI8>(1, 1, &[1]).unwrap();
    assert!(problem(&path).contains("8 bits a pixel of a type"), "{}", problem(&path));
    encoder().write_image::<colortype::Gray32Float>(1, 1, &[f32::NAN]).unwrap();
    assert!(problem(&path).contains("NaN"), "{}", problem(&path));
    let mut mixed = encoder();
    mixed.write_image::<colortype::GrayI16>(1, 1, &[-1]).unwrap();
    mixed.write_image::<colortype::Gray16>(1, 1, &[1]).unwrap();
    assert!(problem(&path).contains("before it have 16 bits with sign"), "{}", problem(&path));
    fs::write(&path, "").unwrap();
    assert!(problem(&path).contains("empty"));
    fs::write(&path, "porosity, 0.7\n").unwrap();
    assert!(problem(&path).contains("not a TIFF"), "{}", problem(&path));
    fs::write(&path, "II").unwrap();
    assert!(problem(&path).contains("too early"), "{}", problem(&path));
    assert!(problem(&dir.path().join("missing.tif")).contains("cannot be read"));
    assert!(problem(Path::new("/dev/null")).contains("regular"));
    let empty = TempDir::new().unwrap();
    assert!(problem(empty.path()).contains("no .tif"));
    fs::create_dir(empty.path().join("b.tif")).unwrap();
    assert!(problem(empty.path()).contains("regular"));
    // Says 3 × 2 × 16 bits, holds 4 bytes.
    fs::write(&path, imagej("II", 2, 1, &[0; 4])).unwrap();
    read_stack(&path).unwrap_err();
}

#[test]
fn hostile_files_end_in_an_error_or_a_stack() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("h.tif");
    let mut seeds = Vec::new();
    for compression in [
        tiff::encoder::Compression::Uncompressed,
        tiff::encoder::Compression::Lzw,
        tiff::encoder::Compression::Packbits,
    ] {
        let file = File::create(&path).unwrap();
        let mut tiff = TiffEncoder::new(file).unwrap().with_compression(compression);
        for page in 0..3_u8 {
            tiff.write_image::<colortype::Gray8>(4, 4, &[page; 16]).unwrap();
        }
        seeds.push(fs::read(&path).unwrap());
    }
    seeds.push(imagej("MM", 2, 3, &[7; 36]));
    let mut state = 42;
    for case in 0..1_000 {
        let mut bytes = seeds[case % seeds.len()].clone();
        for _ in 0..=random(&mut state) % 4 {
            let at = random(&mut state) as usize % bytes.len();
            bytes[at] = match random(&mut state) % 4 {
                0 => 0,
                1 => 0xff,
                2 => bytes[at] ^ (1 << (random(&mut state) % 8)),
                _ => random(&mut state) as u8,
            };
        }
        if random(&mut state).is_multiple_of(4) {
            bytes.truncate(random(&mut state) as usize % bytes.len());
        }
        fs::write(&path, &bytes).unwrap();
        if let Ok(stack) = read_stack(&path) {
            assert_eq!(stack.grey.len(), stack.n.iter().product::<usize>(), "case {case}");
        }
    }
}

#[test]
fn trabecular_bone_has_its_porosity() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/trabecular-bone");
    if !path.is_dir() {
        println!("NOT RUN: {} is not here", path.display());
        return;
    }
    let stack = read_stack(&path).unwrap();
    assert_eq!(stack.n, [200; 3]);
    let pores = pores(&stack, 63.0, false);
    assert_eq!(pores.iter().filter(|&&p| p).count(), 6_177_565);
    let found = label(&cube(200, 200.0 * 19.5e-6), &pores);
    println!("{} pores, largest {:?}", found.count, found.sizes.iter().max());
}

// ---- the shipped scan ----

/// Grey values of the shipped scan: a gyroid network of porosity 0.7 with a period of 24 voxels,
/// bright solid, a soft edge and smooth noise.
fn shipped() -> Vec<Vec<u8>> {
    const N: usize = 48;
    let level = gyroid_level(0.7);
    let mut state = 2026;
    // Noise on a coarse lattice of 12³ points, linear in between: smooth over 4 voxels.
    let lattice: Vec<f64> = (0..13 * 13 * 13)
        .map(|_| (random(&mut state) >> 11) as f64 / (1_u64 << 53) as f64)
        .collect();
    let noise = |x: [usize; 3]| {
        let mut sum = 0.0;
        for corner in 0..8 {
            let (mut at, mut weight) = (0, 1.0);
            for a in (0..3).rev() {
                let f = x[a] as f64 / 4.0;
                let high = corner >> a & 1;
                let part = f - f.floor();
                weight *= if high == 1 { part } else { 1.0 - part };
                at = at * 13 + f as usize + high;
            }
            sum += weight * lattice[at];
        }
        sum - 0.5
    };
    let wave = |i: usize| (std::f64::consts::TAU * (i as f64 + 0.5) / 24.0).sin_cos();
    let grey = |i: usize, j: usize, k: usize| {
        let ((sx, cx), (sy, cy), (sz, cz)) = (wave(i), wave(j), wave(k));
        let inside = sx * cy + sy * cz + sz * cx - level;
        (118.0 + 90.0 * (2.5 * inside).tanh() + 40.0 * noise([i, j, k])).round() as u8
    };
    (0..N).map(|k| (0..N * N).map(|p| grey(p % N, p / N, k)).collect()).collect()
}

fn shipped_path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("meshes/gyroid-48.tif")
}

/// `cargo test --test geometry -- --ignored make_the_shipped_scan` writes the file anew.
#[test]
#[ignore = "writes meshes/gyroid-48.tif"]
fn make_the_shipped_scan() {
    save8(&shipped_path(), 48, 48, &shipped());
}

#[test]
fn shipped_scan_is_as_its_readme_says() {
    let stack = read_stack(&shipped_path()).unwrap();
    assert_eq!(stack.n, [48; 3]);
    // One grey value is left to the machine's sine.
    let Grey::U8(grey) = &stack.grey else { panic!("8 bits") };
    for (read, made) in grey.iter().zip(shipped().concat()) {
        assert!(read.abs_diff(made) <= 1);
    }
    let pores = pores(&stack, 118.0, false);
    let porosity = pores.iter().filter(|&&p| p).count() as f64 / 110_592.0;
    println!("grey {:?}, porosity {porosity}", range(&stack));
    assert!((porosity - 0.7).abs() < 0.02);
    assert!(fs::metadata(shipped_path()).unwrap().len() < 200_000);
}
