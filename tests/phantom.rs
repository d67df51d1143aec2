//! One array in every format of scans, written by other programs (tests/fixtures/phantom/make.py):
//! its axes are all different, so a wrong order cannot pass.

use std::fs;
use std::path::{Path, PathBuf};

use blastema::geometry::image::{Grey, Image};
use blastema::geometry::import::{Ask, Number, Raw, read, read_stack, slice_files};
use tempfile::TempDir;

const N: [usize; 3] = [5, 4, 3];
/// Voxels of 2 × 3 × 4 µm.
const EDGES: Option<[f64; 3]> = Some([2e-6, 3e-6, 4e-6]);

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/phantom").join(name)
}

/// 1 + x + 10 y + `step` z in the order x fastest.
fn phantom(step: i32) -> Vec<i32> {
    let at = |i: usize| (i % 5) as i32 + 10 * ((i / 5 % 4) as i32) + step * ((i / 20) as i32);
    (0..60).map(|i| 1 + at(i)).collect()
}

fn u8s() -> Grey {
    Grey::U8(phantom(50).iter().map(|v| *v as u8).collect())
}
fn u16s() -> Grey {
    Grey::U16(phantom(100).iter().map(|v| *v as u16).collect())
}
fn i16s() -> Grey {
    Grey::I16(phantom(100).iter().map(|v| *v as i16 - 100).collect())
}
fn quarters() -> Grey {
    Grey::F32(phantom(100).iter().map(|v| *v as f32 / 4.0).collect())
}
fn wholes() -> Grey {
    Grey::F32(phantom(100).iter().map(|v| *v as f32).collect())
}

fn holds(name: &str, grey: &Grey, voxel: Option<[f64; 3]>) {
    let image = read_stack(&fixture(name)).unwrap_or_else(|e| panic!("{e}"));
    same(name, &image, grey, voxel);
}

fn same(name: &str, image: &Image, grey: &Grey, voxel: Option<[f64; 3]>) {
    assert_eq!(image.n, N, "{name}");
    assert_eq!(&image.grey, grey, "{name}");
    match (image.voxel, voxel) {
        // Headers hold single precision at the least.
        (Some(is), Some(due)) => {
            assert!((0..3).all(|a| (is[a] / due[a] - 1.0).abs() < 1e-6), "{name}: {is:?}");
        }
        (is, due) => assert_eq!(is, due, "{name}"),
    }
}

#[test]
fn numpy() {
    for order in ["little", "big"] {
        holds(&format!("{order}_u1.npy"), &u8s(), None);
        let signed = phantom(50).iter().map(|v| *v as i16 - 70).collect();
        holds(&format!("{order}_i1.npy"), &Grey::I16(signed), None);
        holds(&format!("{order}_u2.npy"), &u16s(), None);
        holds(&format!("{order}_i2.npy"), &i16s(), None);
        holds(&format!("{order}_u4.npy"), &wholes(), None);
        holds(&format!("{order}_i4.npy"), &wholes(), None);
        holds(&format!("{order}_f4.npy"), &quarters(), None);
        holds(&format!("{order}_f8.npy"), &quarters(), None);
    }
    let even = phantom(100).iter().map(|v| u8::from(v % 2 == 0)).collect();
    holds("bool.npy", &Grey::U8(even), None);
    holds("int64.npy", &wholes(), None);
    for name in ["fortran_u2.npy", "version2.npy", "version3.npy"] {
        holds(name, &u16s(), None);
    }
}

#[test]
fn tiff_and_png() {
    holds("imagej.tif", &u16s(), EDGES);
    holds("ome.ome.tif", &u16s(), EDGES);
    // 72 dots an inch say nothing.
    holds("plain.tif", &u16s(), None);
    holds("cm.tif", &u8s(), Some([2e-6; 3]));
    holds("slices8", &u8s(), None);
    holds("slices16", &u16s(), None);
    let slice = read_stack(&fixture("dpi.png")).unwrap();
    let Grey::U8(all) = u8s() else { panic!() };
    assert_eq!((slice.n, &slice.grey), ([5, 4, 1], &Grey::U8(all[20..40].to_vec())));
    // 12 700 dots an inch, which PNG stores as whole dots a metre.
    assert!(slice.voxel.unwrap().iter().all(|e| (e / 2e-6 - 1.0).abs() < 1e-5));
    let mask = read_stack(&fixture("mask.png")).unwrap();
    let above = all[20..40].iter().map(|v| if *v > 53 { 255 } else { 0 }).collect();
    assert_eq!(mask.grey, Grey::U8(above));
}

/// Pages that are not slices would be taken for some.
#[test]
fn channels_and_times_are_refused() {
    for name in ["refused/channels.tif", "refused/times.ome.tif"] {
        let e = read_stack(&fixture(name)).unwrap_err();
        assert!(e.problem.contains("several channels or frames"), "{e}");
    }
}

#[test]
fn nrrd() {
    for name in ["raw.nrrd", "gzip.nrrd", "big.nrrd", "detached.nhdr"] {
        holds(name, &u16s(), EDGES);
    }
    holds("float.nrrd", &quarters(), EDGES);
    holds("u1.nrrd", &u8s(), EDGES);
    // ITK names no unit.
    holds("itk.nrrd", &u16s(), None);
}

#[test]
fn metaimage() {
    for name in ["itk_u2.mha", "itk_packed.mha", "itk.mhd", "itk_zraw.mhd"] {
        holds(name, &u16s(), EDGES);
    }
    holds("itk_u1.mha", &u8s(), EDGES);
    holds("itk_i2.mha", &i16s(), EDGES);
    holds("itk_f4.mha", &quarters(), EDGES);
    holds("itk_f8.mha", &quarters(), EDGES);
}

#[test]
fn nifti() {
    for name in ["little.nii", "itk.nii.gz"] {
        holds(name, &u16s(), EDGES);
    }
    holds("big.nii", &u16s(), None);
    holds("packed.nii.gz", &u16s(), EDGES.map(|e| e.map(|e| 1e3 * e)));
    holds("float.nii.gz", &quarters(), EDGES.map(|e| e.map(|e| 1e6 * e)));
    holds("pair.hdr", &i16s(), EDGES);
    holds("b.nii.gz", &u8s(), EDGES);
    let scaled = phantom(100).iter().map(|v| *v as f32 / 4.0 - 2.0).collect();
    holds("scaled.nii.gz", &Grey::F32(scaled), None);
}

#[test]
fn vtk() {
    let named = |name: &str, array: &str| {
        read(&fixture(name), &Ask { array: Some(array.into()), ..Ask::default() }).unwrap()
    };
    same("ascii_float", &named("ascii_float.vti", "grey"), &quarters(), None);
    same("raw_zlib", &named("raw_zlib.vti", "grey"), &i16s(), None);
    for name in ["ascii", "inline", "inline64", "inline_zlib", "raw", "base64", "base64_zlib"] {
        let path = fixture(&format!("{name}.vti"));
        let ask = |array: &str| Ask { array: Some(array.into()), ..Ask::default() };
        same(name, &read(&path, &ask("grey")).unwrap(), &u16s(), None);
        same(name, &read(&path, &ask("other")).unwrap(), &Grey::F32(vec![0.0; 60]), None);
        let refused = read(&path, &Ask::default()).unwrap_err();
        assert!(refused.problem.contains("arrays `grey`, `other`: name one"), "{refused}");
        let refused = read(&path, &ask("white")).unwrap_err();
        assert!(refused.problem.contains("`grey`, `other`"), "{refused}");
    }
}

#[test]
fn plain_values() {
    let raw = Raw { n: N, number: Number::U16, big_endian: false, offset: 0 };
    let ask = |raw| Ask { raw: Some(raw), ..Ask::default() };
    let path = fixture("plain.bin");
    same("plain.bin", &read(&path, &ask(raw)).unwrap(), &u16s(), None);
    let dir = TempDir::new().unwrap();
    let swapped = dir.path().join("swapped.bin");
    let mut bytes = b"head".to_vec();
    bytes.extend(fs::read(&path).unwrap().chunks(2).flat_map(|b| [b[1], b[0]]));
    fs::write(&swapped, bytes).unwrap();
    let big = Raw { big_endian: true, offset: 4, ..raw };
    same("swapped.bin", &read(&swapped, &ask(big)).unwrap(), &u16s(), None);
    for wrong in [
        Raw { n: [5, 4, 2], ..raw },
        Raw { number: Number::U8, ..raw },
        Raw { offset: 2, ..raw },
        Raw { offset: u64::MAX, ..raw },
    ] {
        let e = read(&path, &ask(wrong)).unwrap_err();
        assert!(e.problem.contains("120 bytes") && e.problem.contains("correct the shape"), "{e}");
    }
    assert!(read_stack(&path).unwrap_err().problem.contains("shape and type"));
}

#[test]
fn a_header_and_its_data_file_are_both_named() {
    for (header, data) in
        [("itk.mhd", "itk.raw"), ("detached.nhdr", "detached.raw"), ("pair.hdr", "pair.img")]
    {
        assert_eq!(slice_files(&fixture(header)).unwrap(), [fixture(header), fixture(data)]);
    }
    assert_eq!(slice_files(&fixture("raw.nrrd")).unwrap(), [fixture("raw.nrrd")]);
    let slices = slice_files(&fixture("slices8")).unwrap();
    assert_eq!(slices, ["s9", "s10", "s11"].map(|s| fixture(&format!("slices8/{s}.png"))));
}

/// All files of the phantom that hold one image.
fn files() -> Vec<PathBuf> {
    let data = ["raw", "zraw", "img", "bin", "py"];
    let mut files: Vec<PathBuf> = fs::read_dir(fixture(""))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_file() && data.iter().all(|d| p.extension().is_none_or(|e| e != *d)))
        .collect();
    files.sort();
    assert!(files.len() > 50, "{}", files.len());
    files
}

/// What must be asked of a file for its image: those of VTK hold two arrays.
fn asked(path: &Path) -> Ask {
    let vtk = path.extension().is_some_and(|e| e == "vti");
    Ask { array: vtk.then(|| "grey".into()), ..Ask::default() }
}

/// No beginning of a file is taken for the whole; the last bytes of some are check sums that are
/// not read, or the end of XML.
#[test]
fn files_cut_short_are_refused() {
    let dir = TempDir::new().unwrap();
    for path in files() {
        let bytes = fs::read(&path).unwrap();
        let whole = read(&path, &asked(&path)).unwrap();
        let cut = dir.path().join(path.file_name().unwrap());
        // A header without its data file.
        fs::write(&cut, &bytes).unwrap();
        if slice_files(&path).unwrap().len() == 2 {
            let e = read_stack(&cut).unwrap_err();
            assert!(e.problem.contains("has its values in"), "{e}");
            continue;
        }
        let end = bytes.len().saturating_sub(12);
        for length in (1..end).step_by(1 + end / 40).chain(end..bytes.len()) {
            fs::write(&cut, &bytes[..length]).unwrap();
            match read(&cut, &asked(&path)) {
                Ok(image) => {
                    assert_eq!(image.n, whole.n, "{} at {length}", path.display());
                    assert_eq!(image.grey, whole.grey, "{} at {length}", path.display());
                }
                Err(e) => assert!(!e.problem.is_empty()),
            }
        }
    }
}

#[test]
fn more_than_may_be_held_is_refused() {
    for path in files() {
        let image = read(&path, &asked(&path)).unwrap();
        let each = match image.grey {
            Grey::U8(_) => 1,
            Grey::U16(_) | Grey::I16(_) => 2,
            Grey::F32(_) => 4,
        };
        let most = image.grey.len() as u64 * each - 1;
        let e = read(&path, &Ask { most, ..asked(&path) }).unwrap_err();
        assert!(e.problem.contains("memory"), "{e}");
    }
}
