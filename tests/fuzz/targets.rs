//! What is fuzzed: each function takes any bytes and must return. `tests/corpus.rs` replays the
//! kept inputs through the same functions.

use blastema::case::numbers::Columns;
use blastema::case::{Options, load_text_with};
use blastema::geometry::image::{Grey, Image};
use blastema::geometry::import::{self, Ask};
use blastema::geometry::isosurface::isosurface;
use blastema::geometry::voxelise::{Frame, voxelise};
use blastema::geometry::{stl as mesh, threshold};
use blastema::ground::formula::Formula;
use blastema::ground::signal::interpolate;
use blastema::ground::units;
use blastema::output::checkpoint;

#[path = "small.rs"]
mod small;

/// The state of a checkpoint.
pub(crate) fn restore(data: &[u8]) {
    small::restore(data);
}

/// Bytes of memory that a fuzzed case may ask for: some ten thousand voxels.
const MEMORY: f64 = 1e6;

/// A case from its text to the plain data of a run, or to a report.
pub(crate) fn case(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let options = Options { allow: Vec::new(), memory: Some(MEMORY) };
    match load_text_with("fuzz.toml", text, &[], &options) {
        Ok(case) => {
            let s = &case.setup;
            assert!(s.grid.len() as f64 * 24.0 <= MEMORY, "{:?}", s.grid);
            assert!(s.grid.h.iter().all(|h| h.is_finite() && *h > 0.0), "{:?}", s.grid);
            // 0 in solid voxels, their partition coefficient where they take solutes in.
            let solid = |v: usize| s.structure.open.as_ref().is_some_and(|o| !o[v]);
            let stores = s.structure.homogenised.as_ref().is_some_and(|h| h.pores.is_some());
            let solid = |v: usize| solid(v) || stores || s.structure.solid.is_some();
            for (v, e) in s.structure.porosity.iter().enumerate() {
                let least = if solid(v) { 0.0 } else { f64::MIN_POSITIVE };
                let most = if solid(v) { f64::MAX } else { 1.0 };
                assert!((least..=most).contains(e), "porosity {e} in voxel {v}");
            }
            for p in &s.populations {
                assert!(p.seeding.iter().all(|n| n.is_finite() && *n >= 0.0), "{}", p.name);
            }
            assert!(s.run.outputs.is_sorted() && s.run.duration.is_finite());
        }
        Err(report) => {
            assert!(report.errors() > 0, "refused without a reason");
            assert!(!report.to_string().is_empty());
        }
    }
}

/// A formula, and its values.
pub(crate) fn formula(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Formula::parse(text, &["x", "y", "z"]) {
        Ok(formula) => {
            for point in [[0.0; 3], [1e-3, 2e-3, 3e-3], [f64::MAX, -1.0, f64::MIN_POSITIVE]] {
                let _ = formula.at(point);
            }
        }
        Err(e) => assert!(e.at <= text.chars().count() && !e.message.is_empty()),
    }
}

/// A quantity with its unit, and its way back through the text that people read.
pub(crate) fn units(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let q = match units::parse(text) {
        Ok(q) => q,
        Err(e) => return assert!(!e.to_string().is_empty()),
    };
    for d in [units::CONCENTRATION, units::LENGTH, units::NONE] {
        if let Err(e) = units::parse_as(text, d) {
            assert!(!e.to_string().is_empty());
        }
    }
    assert!(q.value.is_finite(), "{text}: {}", q.value);
    // Beyond these magnitudes a case is refused.
    if (1e-60..1e60).contains(&q.value.abs()) {
        let said = units::readable(q.value, q.dimension);
        let back = units::parse(&said).unwrap_or_else(|e| panic!("{text}: {said}: {e}"));
        assert_eq!(back.dimension, q.dimension, "{text}: {said}");
        let off = (back.value / q.value - 1.0).abs();
        assert!(off < 0.01, "{text}: {said}: {} not {}", back.value, q.value);
    }
}

/// Bytes of values that a fuzzed scan may hold.
const VALUES: u64 = 16 << 20;

/// What is read of a scan is of one piece.
fn scan(read: Result<Image, String>) {
    let image = match read {
        Ok(image) => image,
        Err(problem) => return assert!(!problem.is_empty()),
    };
    let each = match &image.grey {
        Grey::U8(_) => 1,
        Grey::U16(_) | Grey::I16(_) => 2,
        Grey::F32(v) => {
            assert!(v.iter().all(|v| v.is_finite()));
            4
        }
    };
    assert!(!image.grey.is_empty());
    assert_eq!(image.grey.len(), image.n.iter().product::<usize>());
    assert!(image.grey.len() as u64 * each <= VALUES);
    assert!(image.voxel.is_none_or(|h| h.iter().all(|h| h.is_finite() && *h > 0.0)));
    let (low, high) = threshold::range(&image);
    match threshold::Histogram::of(&image).otsu() {
        Some(level) => assert!(low <= level && level <= high, "{low} {level} {high}"),
        None => assert!(matches!(image.grey, Grey::F32(_)) || low == high, "{low} {high}"),
    }
}

/// An STL file, its edges, and some hundred voxels of what is closed, there and back.
pub(crate) fn stl(data: &[u8]) {
    let surface = match mesh::read(data, 1e-3) {
        Ok(surface) => surface,
        Err(e) => return assert!(!e.problem.is_empty()),
    };
    let triangles = &surface.triangles;
    assert!(!triangles.is_empty() && triangles.len() <= data.len() / 50);
    assert!(triangles.iter().flatten().all(|p| (*p as usize) < surface.points.len()));
    let edges = surface.edges();
    assert!(edges.closed() || !edges.watertight());
    assert!(surface.volume().is_finite() && surface.area() >= 0.0);
    let mut file = Vec::new();
    mesh::write(&surface, 1e-3, &mut file).expect("memory takes it");
    assert_eq!(file.len(), 84 + 50 * triangles.len());
    let _ = mesh::read(&file, 1e-3);
    let [low, high] = surface.bounds().expect("points");
    let extent = (0..3).map(|a| high[a] - low[a]).fold(0.0, f64::max);
    let Ok(frame) = Frame::around(&surface, extent / 6.0, extent / 12.0, 1000) else { return };
    match voxelise(&surface, &frame, true) {
        Ok(s) => {
            let partial = s.partial.as_ref().expect("shares");
            assert!(s.phase.iter().zip(&partial.pore).all(|(p, s)| (*p == 0) == (*s > 0)));
            assert!(isosurface(&s).edges().watertight());
        }
        Err(e) => assert!(!edges.closed() && !e.problem.is_empty()),
    }
}

fn ask() -> Ask {
    Ask { most: VALUES, ..Ask::default() }
}

pub(crate) fn tiff(data: &[u8]) {
    scan(import::tiff::read_bytes(data, &ask()));
}

pub(crate) fn png(data: &[u8]) {
    scan(import::png::read_bytes(data, &ask()));
}

/// A header that names a data file finds its values in its own bytes.
pub(crate) fn nrrd(data: &[u8]) {
    scan(import::nrrd::read_bytes(data, data, &ask()));
}

pub(crate) fn metaimage(data: &[u8]) {
    scan(import::metaimage::read_bytes(data, data, &ask()));
}

pub(crate) fn nifti(data: &[u8]) {
    scan(import::nifti::read_bytes(data, data, &ask()));
}

pub(crate) fn vti(data: &[u8]) {
    scan(import::vti::read_bytes(data, &ask()));
    scan(import::vti::read_bytes(data, &Ask { array: Some("grey".into()), ..ask() }));
    scan(import::vti::read_bytes(data, &Ask { array: Some("other".into()), ..ask() }));
}

pub(crate) fn npy(data: &[u8]) {
    scan(import::npy::read_bytes(data, &ask()));
}

/// Twelve bytes of a layout, then values.
pub(crate) fn raw(data: &[u8]) {
    use import::Number::{F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
    let Some((head, data)) = data.split_first_chunk::<12>() else { return };
    let n = [0, 2, 4].map(|i| usize::from(u16::from_le_bytes([head[i], head[i + 1]])));
    let number = [U8, I8, U16, I16, U32, I32, U64, I64, F32, F64][usize::from(head[6] % 10)];
    let offset = u64::from(u32::from_le_bytes([head[8], head[9], head[10], head[11]]));
    let raw = import::Raw { n, number, big_endian: head[7] & 1 == 1, offset };
    scan(import::raw::read_bytes(data, &Ask { raw: Some(raw), ..ask() }));
}

/// A checkpoint up to its state: as it is, and with the right sum behind it.
pub(crate) fn checkpoint(data: &[u8]) {
    if let Err(e) = checkpoint::parse(data) {
        assert!(!e.is_empty());
    }
    let file = [data, blake3::hash(data).as_bytes()].concat();
    if let Ok(c) = checkpoint::parse(&file) {
        // Magic, format, two lengths, steps, time, length.
        let head = 20 + 4 + 4 + 24 + c.version.len() + c.hash.len();
        assert_eq!(head + c.state.len(), data.len());
    }
}

/// A table of numbers, and the course that two columns hold.
pub(crate) fn table(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    let raw = first % 4 == 3;
    let read = if raw { Columns::read_raw(data) } else { Columns::read(data.to_vec()) };
    let columns = match read {
        Ok(columns) => columns,
        Err(e) => return assert!(!e.is_empty()),
    };
    let cells = columns.rows.iter().map(|r| r.1.len()).sum::<usize>();
    assert!(cells <= data.len() && columns.rows.iter().flat_map(|r| &r.1).all(|v| v.is_finite()));
    // Microseconds and weeks, pM and mol/mm³.
    for factors in [(1.0, 1.0), (1e-6, 1e-9), (604_800.0, 1e9)] {
        match columns.course(factors) {
            Ok(course) => {
                assert!(course.iter().all(|p| p.0.is_finite() && p.1.is_finite()));
                for w in course.windows(2) {
                    assert!(interpolate(&course, 0.5 * (w[0].0 + w[1].0)).is_finite());
                }
            }
            Err(e) => assert!(!e.is_empty()),
        }
    }
}
