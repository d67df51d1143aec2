//! What the pores are in: recipes, scans and surfaces, as a structure on voxels.

use std::path::PathBuf;

use super::Builder;
use crate::case::checked::Checked;
use crate::case::keys::AXES;
use crate::case::words::brief;
use crate::geometry::edit::Coarser;
use crate::geometry::image::Image;
use crate::geometry::import::{self, Ask, ImportError, Number, Raw};
use crate::geometry::make::{self, Recipe, size::Size};
use crate::geometry::structure::Structure;
use crate::geometry::threshold::{self, Histogram};
use crate::geometry::voxelise::{Frame, voxelise};
use crate::geometry::{shapes, stl};
use crate::ground::grid::Grid;
use crate::ground::units::{self, LENGTH, readable};

/// Largest file of a surface, bytes.
const SURFACE: u64 = 4 << 30;

impl Builder<'_> {
    /// A structure by recipe on the voxels of a box; `None` after an error.
    pub(super) fn made(&mut self, structure: &Checked, grid: &Grid) -> Option<Structure> {
        let (kind, s) = structure.choice()?;
        if kind == "spheres" {
            return self.spheres(s, grid);
        }
        if grid.dimensions < 3 {
            self.wrong("E022", s, format!("{} needs three axes", s.key)).label =
                "give domain.size three lengths".into();
            return None;
        }
        let recipe = recipe(kind, s)?;
        let coarse = match (kind, s.get("period").or(s.get("cell"))) {
            ("tpms" | "struts", Some(cell)) => self.coarse(cell, grid),
            _ => false,
        };
        if coarse {
            return None;
        }
        // The solver of resolved pores takes whole voxels: each is what its centre is.
        let samples = if self.resolved() { 1 } else { make::SAMPLES };
        match recipe.make_sampled(grid.n, grid.h, samples) {
            Ok(made) => self.as_asked(s, made).and_then(|made| self.kept(s, made)),
            Err(refused) => {
                let at = s.get(refused.key).unwrap_or(s);
                self.wrong("E022", at, format!("{} cannot be made", s.key)).label = refused.problem;
                None
            }
        }
    }

    /// Refuses what is all pore or all solid; tells where a porosity was not met.
    fn as_asked(&mut self, s: &Checked, made: Structure) -> Option<Structure> {
        let label = "the box is too small for it, or the voxels too large".to_owned();
        let made = self.both("E022", made, s, label)?;
        let (asked, got) = (s.si("porosity"), made.porosity());
        if let Some(at) = s.get("porosity")
            && asked.is_some_and(|asked| (asked - got).abs() > 5e-3)
            && !self.blind
        {
            let message = format!("{} is not met", at.key);
            self.check.warning("W052", &at.key, message, at.place).label =
                format!("it is {got:.4}: a larger box or smaller voxels");
        }
        Some(made)
    }

    /// Refuses a unit cell of few voxels.
    fn coarse(&mut self, cell: &Checked, grid: &Grid) -> bool {
        let Some(edge) = cell.quantity() else { return true };
        let spacing = (0..grid.dimensions).map(|a| grid.h[a]).fold(0.0, f64::max);
        if edge >= 4.0 * spacing {
            return false;
        }
        let key = cell.key.rsplit_once('.').map_or("", |k| k.0);
        let (edge, spacing) = (readable(edge, LENGTH), readable(spacing, LENGTH));
        self.wrong("E022", cell, format!("{key} has less than 4 voxels a period")).label =
            format!("period {edge}, voxel {spacing}");
        true
    }

    /// Spheres in a regular packing.
    fn spheres(&mut self, s: &Checked, grid: &Grid) -> Option<Structure> {
        let period = s.si("period")?;
        if self.coarse(s.get("period")?, grid) {
            return None;
        }
        let lattice = match s.word("lattice")? {
            "body-centred" => shapes::Lattice::BodyCentred,
            "face-centred" => shapes::Lattice::FaceCentred,
            _ => shapes::Lattice::SimpleCubic,
        };
        let inside = s.word("pores") == Some("inside");
        let spheres = shapes::spheres(grid, lattice, period, s.si("radius")?);
        let made = Structure::binary(grid.n, grid.h, spheres.iter().map(|o| *o == inside));
        let at = s.get("radius").unwrap_or(s);
        let label = format!("the unit cell is {} wide", readable(period, LENGTH));
        let made = self.both("E022", made, at, label)?;
        self.kept(s, made)
    }

    /// Without pores that lead nowhere, where that is asked for.
    fn kept(&mut self, structure: &Checked, mut made: Structure) -> Option<Structure> {
        let Some(at) = structure.get("keep") else { return Some(made) };
        let word = at.text().filter(|word| *word != "all");
        let Some(word) = word else { return Some(made) };
        let axis = word.strip_prefix("percolating-");
        made.keep_percolating(axis.and_then(|a| AXES.iter().position(|b| *b == a)));
        self.both("E024", made, at, "no pore leads from end to end".into())
    }

    /// Refuses what is all pore or all solid.
    fn both(
        &mut self,
        code: &'static str,
        made: Structure,
        at: &Checked,
        label: String,
    ) -> Option<Structure> {
        let porosity = made.porosity();
        if porosity > 0.0 && porosity < 1.0 {
            return Some(made);
        }
        let what = if porosity == 0.0 { "no pore" } else { "no solid" };
        self.wrong(code, at, format!("{} leaves {what}", at.key)).label = label;
        None
    }

    /// A surface from CAD.
    pub(super) fn cad(&mut self, at: &Checked) -> Option<Structure> {
        let path = at.get("path")?;
        let file = self.resolve(path, false)?;
        let metres = units::parse_as(&format!("1 {}", at.word("unit")?), LENGTH).ok()?;
        let bytes = match crate::case::source::read_bytes(&file, SURFACE) {
            Ok(bytes) => bytes,
            Err(e) => {
                let message = format!("{}: the surface cannot be read", path.key);
                self.wrong("E024", path, message).label = e;
                return None;
            }
        };
        self.inputs.push((
            path.typed.clone(),
            blake3::hash(&bytes).to_hex().to_string(),
            bytes.len() as u64,
        ));
        // Four bytes of shares and the fields of doubles that follow.
        let most = (self.memory() / 28.0) as usize;
        let inside = at.word("solid") != Some("outside");
        let (edge, margin) = (at.si("voxel")?, at.si("margin")?);
        let made = stl::read(&bytes, metres).and_then(|surface| {
            let frame = Frame::around(&surface, edge, margin, most)?;
            let tiny = frame.n.iter().all(|n| *n <= 2);
            voxelise(&surface, &frame, inside).map(|made| (made, tiny))
        });
        match made {
            Ok((made, tiny)) => {
                let label = if tiny {
                    format!("it is hardly a voxel wide in {}: is that its unit?", at.word("unit")?)
                } else {
                    "a surface that shuts the whole box".into()
                };
                let made = self.both("E024", made, path, label)?;
                self.kept(at, made)
            }
            Err(e) => {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                let message = format!("{}: the surface cannot be used", path.key);
                self.wrong("E024", path, message).label = format!("{} {}", brief(&name), e.problem);
                None
            }
        }
    }

    /// A scan.
    pub(super) fn image(&mut self, image: &Checked) -> Option<Structure> {
        let path = image.get("path")?;
        let file = self.resolve(path, true)?;
        let ask = Ask {
            raw: image.get("raw").and_then(raw),
            array: image.get("array").and_then(|a| a.text()).map(str::to_owned),
            most: self.memory() as u64,
        };
        let slices = match import::slice_files(&file) {
            Ok(slices) => slices,
            Err(e) => {
                self.unread(path, &e);
                return None;
            }
        };
        for slice in &slices {
            self.reachable(path, slice, false)?;
        }
        if let Some(odd) = import::oddity(&file)
            && !self.blind
        {
            let message = format!("{}: the slices are not one whole series", path.key);
            self.check.warning("W053", &path.key, message, path.place).label = odd;
        }
        let scan = match import::read(&file, &ask) {
            Ok(scan) => scan,
            Err(e) => {
                self.unread(path, &e);
                return None;
            }
        };
        self.hash_stack(path, &slices);
        let histogram = Histogram::of(&scan);
        let edges = self.edges(image, &scan)?;
        let made = self.phases(image, &scan, &histogram, edges);
        self.histogram = Some(histogram);
        let at = image.get("threshold").unwrap_or(image);
        let made = self.both("E024", made?, at, run(&scan))?;
        let made = self.edited(image, made)?;
        let at = image.get("crop").unwrap_or(image);
        let made = self.both("E024", made, at, "in the part that is used".into())?;
        self.kept(image, made)
    }

    fn unread(&mut self, path: &Checked, e: &ImportError) {
        let message = format!("{}: the scan cannot be read", path.key);
        let name = e.path.file_name().unwrap_or_default().to_string_lossy();
        self.wrong("E024", path, message).label = format!("{} {}", brief(&name), e.problem);
    }

    /// Edges of a voxel, typed or said by the file; they must agree.
    fn edges(&mut self, image: &Checked, scan: &Image) -> Option<[f64; 3]> {
        let typed = image.si("voxel");
        let Some(said) = scan.voxel else {
            if typed.is_none() {
                let key = format!("{}.voxel", image.key);
                let d = self.check.error("E011", &key, format!("{key} is missing"), image.place);
                d.label = "the file does not say how large its voxels are".into();
                d.notes.push("write for example: voxel = \"20 um\"".into());
            }
            return typed.map(|edge| [edge; 3]);
        };
        let Some(edge) = typed else { return Some(said) };
        if said.iter().any(|s| (s - edge).abs() > 1e-3 * edge) && !self.blind {
            let at = image.get("voxel").unwrap_or(image);
            let said: Vec<String> = said.iter().map(|s| readable(*s, LENGTH)).collect();
            let message = format!("{} is not what the file says", at.key);
            self.check.warning("W051", &at.key, message, at.place).label =
                format!("the file says {}; the case holds", said.join(" × "));
        }
        Some([edge; 3])
    }

    /// Phases by threshold.
    fn phases(
        &mut self,
        image: &Checked,
        scan: &Image,
        histogram: &Histogram,
        h: [f64; 3],
    ) -> Option<Structure> {
        let above = image.word("pores") == Some("above");
        let Some(at) = image.get("threshold") else {
            if let Some(made) = threshold::written(scan, h, above) {
                return Some(made);
            }
            if let Some(middle) = threshold::between_two_values(scan) {
                return Some(threshold::structure(scan, h, &[middle], above));
            }
            let key = format!("{}.threshold", image.key);
            let d = self.check.error("E011", &key, format!("{key} is missing"), image.place);
            d.label = run(scan);
            let otsu = histogram.otsu().map_or_else(String::new, |level| {
                format!(", or threshold.otsu = {{}} (that is {})", units::number(level))
            });
            d.notes.push(format!("write a grey value{otsu}"));
            return None;
        };
        let levels = match (at.quantity(), at.choice()) {
            (Some(level), _) => vec![level],
            (None, Some((kind @ ("otsu" | "otsu-levels"), _))) => {
                let found = if kind == "otsu" {
                    histogram.otsu().map(|level| vec![level])
                } else {
                    histogram.otsu_two().map(|levels| levels.to_vec())
                };
                if found.is_none() {
                    self.wrong("E024", at, format!("{} finds no threshold", at.key)).label =
                        run(scan);
                }
                found?
            }
            (None, Some((_, levels))) => {
                let values = levels.get("values")?;
                let list = values.quantities()?;
                if !list.windows(2).all(|w| w[0] < w[1]) {
                    self.wrong("E022", values, format!("{} must ascend", values.key)).label =
                        "each above the one before".into();
                    return None;
                }
                list
            }
            _ => return None,
        };
        self.thresholds.clone_from(&levels);
        Some(threshold::structure(scan, h, &levels, above))
    }

    /// Cut and coarsened.
    fn edited(&mut self, image: &Checked, mut made: Structure) -> Option<Structure> {
        if let Some(crop) = image.get("crop") {
            let corner = |name| three(crop.get(name)?);
            match made.crop(corner("from")?, corner("to")?) {
                Ok(part) => made = part,
                Err(e) => {
                    self.wrong("E022", crop, format!("{} is not in the image", crop.key)).label =
                        e.problem;
                    return None;
                }
            }
        }
        if let Some(at) = image.get("downsample")
            && let Some(factor) = at.count()
            && factor > 1
        {
            match made.downsample(factor as usize) {
                Ok(coarser) => {
                    self.coarsened(at, &made, &coarser);
                    made = coarser.structure;
                }
                Err(e) => {
                    self.wrong("E022", at, format!("{} is too large", at.key)).label = e.problem;
                    return None;
                }
            }
        }
        Some(made)
    }

    /// Tells what coarser voxels do not keep.
    fn coarsened(&mut self, at: &Checked, fine: &Structure, coarse: &Coarser) {
        let mut lost = Vec::new();
        let [x, y, z] = coarse.dropped;
        if x + y + z > 0 {
            lost.push(format!("{x}, {y}, {z} voxels at the ends of x, y, z are left out"));
        }
        let (before, after) = (fine.porosity(), coarse.structure.porosity());
        if coarse.structure.partial.is_none() && (before - after).abs() > 5e-3 {
            let text = "several phases become what most of a voxel is: porosity";
            lost.push(format!("{text} {before:.4} before, {after:.4} after"));
        }
        if !lost.is_empty() && !self.blind {
            let message = format!("{} does not keep all", at.key);
            self.check.warning("W054", &at.key, message, at.place).label = lost.join("; ");
        }
    }

    fn hash_stack(&mut self, path: &Checked, slices: &[PathBuf]) {
        let mut hasher = blake3::Hasher::new();
        let mut bytes = 0;
        for slice in slices {
            let length = slice.metadata().map_or(0, |m| m.len());
            if let Ok(file) = std::fs::File::open(slice) {
                hasher.update(&length.to_le_bytes());
                // Read in full a moment ago; a failure leaves another hash.
                let _ = hasher.update_reader(file);
                bytes += length;
            }
        }
        let hash = hasher.finalize().to_hex().to_string();
        self.inputs.push((path.typed.clone(), hash, bytes));
    }
}

/// The grey values of a scan in words.
fn run(scan: &Image) -> String {
    let (low, high) = threshold::range(scan);
    format!("grey values run from {} to {}", units::number(low), units::number(high))
}

/// The recipe that a table of keys describes.
fn recipe(kind: &str, s: &Checked) -> Option<Recipe> {
    let seed = || s.get("seed").and_then(Checked::count).unwrap_or(1);
    Some(match kind {
        "tpms" => {
            let surface = match s.word("surface")? {
                "schwarz-p" => make::tpms::Surface::SchwarzP,
                "schwarz-d" => make::tpms::Surface::SchwarzD,
                "i-wp" => make::tpms::Surface::Iwp,
                "neovius" => make::tpms::Surface::Neovius,
                "fischer-koch-s" => make::tpms::Surface::FischerKochS,
                _ => make::tpms::Surface::Gyroid,
            };
            let sheet = s.word("kind") == Some("sheet");
            let part = if sheet { make::tpms::Part::Sheet } else { make::tpms::Part::Network };
            let size = size(s, "level")?;
            Recipe::Tpms(make::tpms::Tpms { surface, part, period: s.si("period")?, size })
        }
        "struts" => {
            let lattice = match s.word("lattice")? {
                "body-centred" => make::struts::Lattice::BodyCentred,
                "face-centred" => make::struts::Lattice::FaceCentred,
                "octet" => make::struts::Lattice::Octet,
                _ => make::struts::Lattice::SimpleCubic,
            };
            let size = size(s, "diameter")?;
            Recipe::Struts(make::struts::Struts { lattice, cell: s.si("cell")?, size })
        }
        "woodpile" => Recipe::Woodpile(make::woodpile::Woodpile {
            spacing: s.si("spacing")?,
            layer: s.si("layer"),
            angles: s.get("angles")?.quantities()?,
            stagger: s.flag("stagger"),
            size: size(s, "diameter")?,
        }),
        "packing" => Recipe::Spheres(make::spheres::Spheres {
            radius: s.si("radius")?,
            spread: s.si("spread")?,
            porosity: s.si("porosity")?,
            seed: seed(),
        }),
        "leached" => {
            let sphere = s.word("grain") == Some("sphere");
            Recipe::Leached(make::leached::Leached {
                grain: if sphere {
                    make::leached::Grain::Sphere
                } else {
                    make::leached::Grain::Cube
                },
                size: s.si("size")?,
                porosity: s.si("porosity")?,
                seed: seed(),
            })
        }
        "fibres" => {
            let plane = s.word("orientation") == Some("in-plane");
            let orientation = if plane {
                make::fibres::Orientation::InPlane
            } else {
                make::fibres::Orientation::Isotropic
            };
            Recipe::Fibres(make::fibres::Fibres {
                diameter: s.si("diameter")?,
                length: s.si("length")?,
                orientation,
                porosity: s.si("porosity")?,
                seed: seed(),
            })
        }
        "blobs" => Recipe::Blobs(make::blobs::Blobs {
            length: s.si("length")?,
            porosity: s.si("porosity")?,
            seed: seed(),
        }),
        _ => return None,
    })
}

/// How much is solid.
fn size(s: &Checked, given: &str) -> Option<Size> {
    if let Some(value) = s.si(given) {
        return Some(Size::Given(value));
    }
    if let Some(porosity) = s.si("porosity") {
        return Some(Size::Porosity(porosity));
    }
    let graded = s.get("graded")?;
    let axis = AXES.iter().position(|a| Some(*a) == graded.word("axis"))?;
    Some(Size::Graded { axis, from: graded.si("from")?, to: graded.si("to")? })
}

/// Three whole numbers.
fn three(list: &Checked) -> Option<[usize; 3]> {
    let counts = list.list().iter().filter_map(Checked::count).map(|c| c as usize);
    counts.collect::<Vec<_>>().try_into().ok()
}

/// The layout of plain values.
fn raw(at: &Checked) -> Option<Raw> {
    let number = match at.word("type")? {
        "u8" => Number::U8,
        "i8" => Number::I8,
        "u16" => Number::U16,
        "i16" => Number::I16,
        "u32" => Number::U32,
        "i32" => Number::I32,
        "f32" => Number::F32,
        _ => Number::F64,
    };
    Some(Raw {
        n: three(at.get("shape")?)?,
        number,
        big_endian: at.word("order") == Some("big"),
        offset: at.get("offset")?.count()?,
    })
}
