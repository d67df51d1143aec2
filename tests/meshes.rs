//! The shipped structures are what their page says, made by the commands that it gives.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use blastema::geometry::make::Recipe;
use blastema::geometry::make::leached::{Grain, Leached};
use blastema::ground::random::Random;
use tiff::encoder::{TiffEncoder, colortype};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// File and command of each row of the page.
fn rows() -> Vec<(String, String)> {
    let page = fs::read_to_string(root().join("meshes/README.md")).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let bare = |cell: &str| cell.trim_matches(['`', '/', ' ']).to_owned();
        Some((bare(cells.first()?), bare(cells.get(2)?)))
    };
    let lines = page.lines().filter(|l| l.starts_with("| `"));
    lines.filter_map(row).collect()
}

/// Words of a command line; double quotes hold words together.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in command.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words
}

#[test]
fn every_structure_is_listed_and_made_again_byte_by_byte() {
    let rows = rows();
    let mut listed: Vec<&str> = rows.iter().map(|r| r.0.as_str()).collect();
    listed.push("README.md");
    listed.sort_unstable();
    let there = fs::read_dir(root().join("meshes")).unwrap();
    let mut there: Vec<String> =
        there.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    there.sort_unstable();
    assert_eq!(listed, there);
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("meshes")).unwrap();
    let mut made = 0;
    for (file, command) in rows.iter().filter(|r| r.1.starts_with("blastema ")) {
        let name = Path::new("meshes").join(file);
        let words = words(command);
        assert!(words.iter().any(|w| Path::new(w) == name), "{file}: {command}");
        Command::cargo_bin("blastema")
            .unwrap()
            .current_dir(dir.path())
            .args(&words[1..])
            .assert()
            .success();
        let again = fs::read(dir.path().join(&name)).unwrap();
        assert!(
            again == fs::read(root().join(&name)).unwrap(),
            "{file} is not what {command} makes"
        );
        made += 1;
    }
    assert!(made >= 8, "{made}");
}

/// Slices of a scan of a salt-leached foam: 48³ voxels of 20 µm, the shares of solid blurred over 3³
/// voxels, with the noise of a detector (about 8 grey values, from four uniform numbers).
fn salt() -> Vec<Vec<u8>> {
    const N: usize = 48;
    let recipe =
        Recipe::Leached(Leached { grain: Grain::Cube, size: 200e-6, porosity: 0.8, seed: 11 });
    let foam = recipe.make([N; 3], [20e-6; 3]).unwrap();
    let noise = Random::new(11, 0x5ca9);
    let solid = |x: usize, y: usize, z: usize| {
        let mut sum = 0.0;
        for dz in [N - 1, 0, 1] {
            for dy in [N - 1, 0, 1] {
                for dx in [N - 1, 0, 1] {
                    let at = [(x + dx) % N, (y + dy) % N, (z + dz) % N];
                    sum += 1.0 - foam.pore((at[2] * N + at[1]) * N + at[0]);
                }
            }
        }
        sum / 27.0
    };
    let grey = |x: usize, y: usize, z: usize| {
        let block = noise.block(((z * N + y) * N + x) as u64);
        let sum: f64 = block.iter().map(|b| f64::from(*b) / f64::from(u32::MAX) - 0.5).sum();
        (60.0 + 120.0 * solid(x, y, z) + 14.0 * sum).round().clamp(0.0, 255.0) as u8
    };
    (0..N).map(|z| (0..N * N).map(|p| grey(p % N, p / N, z)).collect()).collect()
}

fn slice(k: usize) -> PathBuf {
    root().join(format!("meshes/salt-scan/slice-{k:02}.tif"))
}

/// `cargo test --test meshes -- --ignored make_the_salt_scan` writes the folder anew.
#[test]
#[ignore = "writes meshes/salt-scan"]
fn make_the_salt_scan() {
    fs::create_dir_all(root().join("meshes/salt-scan")).unwrap();
    for (k, grey) in salt().iter().enumerate() {
        let mut file = TiffEncoder::new(File::create(slice(k)).unwrap()).unwrap();
        file.write_image::<colortype::Gray8>(48, 48, grey).unwrap();
    }
}

#[test]
fn the_salt_scan_is_what_its_function_makes() {
    for (k, grey) in salt().iter().enumerate() {
        let file = File::open(slice(k)).unwrap();
        let mut file = tiff::decoder::Decoder::new(file).unwrap();
        let tiff::decoder::DecodingResult::U8(read) = file.read_image().unwrap() else {
            panic!("slice {k} is not of 8 bits")
        };
        assert!(read == *grey, "slice {k}");
    }
}
