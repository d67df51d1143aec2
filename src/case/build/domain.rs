//! Grid, structure's image or lattice, and regions.

use std::path::{Path, PathBuf};

use super::{Builder, Region};
use crate::case::checked::Checked;
use crate::case::reach::{Refusal, remedy};
use crate::case::source::Kind;
use crate::case::words::brief;
use crate::geometry::shapes;
use crate::geometry::structure::Structure;
use crate::ground::grid::{Face, Form, Grid};
use crate::ground::units::{self, LENGTH, readable};

/// Bytes a voxel that reading a case needs at the least, per field of doubles.
const FIELD: usize = 8;

impl Builder<'_> {
    /// The grid, and the pores when the structure is resolved.
    pub(super) fn domain(&mut self) -> Option<(Grid, Option<Vec<bool>>)> {
        let root = self.root;
        let structure = root.get("scaffold").and_then(|s| s.get("structure"));
        let brought = match structure.and_then(Checked::choice) {
            Some(("image", image)) => Some((self.image(image)?, image)),
            Some(("surface", surface)) => Some((self.cad(surface)?, surface)),
            _ => None,
        };
        if let Some((made, at)) = brought {
            let mut grid = Grid::cuboid(made.n, made.h);
            self.agrees(&grid);
            self.fits(&grid, at)?;
            self.periodic(&mut grid);
            return self.filled(grid, made);
        }
        let Some(domain) = root.get("domain") else {
            let place = None;
            self.check.error("E011", "domain", "domain is missing".into(), place).notes.push(
                "write for example: [domain] size = [\"5 mm\", \"5 mm\", \"2 mm\"], voxel = \"100 um\""
                    .into(),
            );
            return None;
        };
        let mut grid = self.grid(domain)?;
        self.periodic(&mut grid);
        self.fits(&grid, domain)?;
        if let (true, Some(structure)) = (grid.form != Form::Box, structure) {
            self.wrong("E020", structure, "scaffold.structure needs a box".into()).label =
                "the pores of a cylinder or a sphere are not resolved".into();
            return None;
        }
        match structure {
            None => Some((grid, None)),
            Some(s) => {
                let made = self.made(s, &grid)?;
                self.filled(grid, made)
            }
        }
    }

    /// Keeps the structure of a grid; where it is homogenised, the grid of its blocks.
    fn filled(&mut self, grid: Grid, made: Structure) -> Option<(Grid, Option<Vec<bool>>)> {
        let made = self.structure.insert(made);
        if self.root.get("scaffold")?.word("resolve") != Some("homogenised") {
            let open = (0..made.len()).map(|i| made.open(i) && made.pore(i) >= 0.5).collect();
            return Some((grid, Some(open)));
        }
        let block = self.root.get("scaffold").and_then(|s| s.get("block"));
        let count = self.block();
        let divides = |n: &usize| *n == 1 || n.is_multiple_of(count);
        if let Some(block) = block.filter(|_| !grid.n.iter().all(divides)) {
            let n: Vec<usize> = grid.n.into_iter().filter(|n| *n > 1).collect();
            let good: Vec<String> = (2..=n.iter().copied().min().unwrap_or(1))
                .filter(|b| n.iter().all(|n| n.is_multiple_of(*b)))
                .map(|b| b.to_string())
                .collect();
            let voxels: Vec<String> = n.iter().map(ToString::to_string).collect();
            let message = format!("{count} voxels a block do not divide the structure");
            let d = self.wrong("E022", block, message);
            d.label = format!("it has {} voxels", voxels.join(" × "));
            d.notes.push(if good.is_empty() {
                "no whole number does; crop the structure, or use 1".into()
            } else {
                format!("these do: {}", good.join(", "))
            });
            return None;
        }
        let mut coarse = grid;
        for a in 0..3 {
            if coarse.n[a] > 1 {
                coarse.n[a] /= count;
                coarse.h[a] *= count as f64;
            }
        }
        Some((coarse, None))
    }

    /// Voxels of a structure in a block, along each axis.
    pub(super) fn block(&self) -> usize {
        let block = self.root.get("scaffold").and_then(|s| s.get("block")?.count());
        block.map_or(1, |c| c as usize)
    }

    /// Marks the periodic axes of a box.
    fn periodic(&mut self, grid: &mut Grid) {
        let Some(axes) = self.root.get("domain").and_then(|d| d.get("periodic")) else {
            return;
        };
        if grid.form != Form::Box {
            self.wrong("E022", axes, "domain.periodic is for a box".into()).label =
                "a cylinder or a sphere has no two ends that meet".into();
            return;
        }
        for name in axes.list() {
            match name.text().and_then(|n| grid.axis(n)) {
                Some(axis) => grid.periodic[axis] = true,
                None => self.no_axis(name, grid),
            }
        }
    }

    /// One voxel in place of a grid that could not be had, with the faces of the shape that was meant.
    pub(super) fn stand_in(&self) -> (Grid, Option<Vec<bool>>) {
        let domain = self.root.get("domain");
        let size = domain.and_then(|d| d.get("size")?.quantities()).unwrap_or_default();
        let length = |a: usize| size.get(a).copied().unwrap_or(1.0);
        let hollow = domain.is_some_and(|d| d.get("inner_radius").is_some());
        let inner = if hollow { 0.5 * length(0) } else { 0.0 };
        let grid = match domain.and_then(|d| d.word("shape")) {
            Some("cylinder") => {
                let height = (size.len() != 1).then(|| (length(1), 1));
                Grid::cylinder(1, inner, length(0), height)
            }
            Some("sphere") => Grid::sphere(1, inner, length(0)),
            _ => Grid {
                dimensions: if size.is_empty() { 3 } else { size.len() },
                ..Grid::cuboid([1; 3], std::array::from_fn(length))
            },
        };
        (grid, self.resolved().then(|| vec![true]))
    }

    fn grid(&mut self, domain: &Checked) -> Option<Grid> {
        let missing = |b: &mut Self, key: &str, example: &str| {
            let full = format!("domain.{key}");
            b.check.error("E011", &full, format!("{full} is missing"), domain.place).label =
                "in domain".into();
            b.check.found.last_mut().into_iter().for_each(|d| d.notes.push(example.into()));
        };
        if domain.get("voxels").is_none() && domain.get("voxel").is_none() {
            missing(
                self,
                "voxels",
                "write for example: voxels = [50, 50, 20], or voxel = \"100 um\"",
            );
        }
        let Some(size) = domain.get("size") else {
            missing(self, "size", "write for example: size = [\"5 mm\", \"5 mm\", \"2 mm\"]");
            return None;
        };
        let mut lengths = size.quantities().filter(|s| !s.is_empty())?;
        let form = self.form(domain, size, &mut lengths)?;
        let mut n = [1; 3];
        let mut h = [1.0; 3];
        if let Some(voxels) = domain.get("voxels") {
            let counts: Option<Vec<usize>> =
                voxels.list().iter().map(|v| v.count().map(|c| c as usize)).collect();
            let counts = counts.filter(|c| !c.is_empty())?;
            if counts.len() != lengths.len() {
                let message = format!(
                    "domain.size has {} axes, domain.voxels {}",
                    lengths.len(),
                    counts.len()
                );
                self.wrong("E022", voxels, message).label = "one entry an axis".into();
                return None;
            }
            for (a, (count, length)) in counts.iter().zip(&lengths).enumerate() {
                (n[a], h[a]) = (*count, length / *count as f64);
            }
        } else {
            let voxel = domain.get("voxel")?;
            let edge = voxel.quantity()?;
            for (a, length) in lengths.iter().enumerate() {
                let count = length / edge;
                let whole = count.round();
                if whole < 1.0 || (count - whole).abs() > 1e-6 * whole {
                    self.undivided(voxel, form.axes()[a], *length, edge);
                    return None;
                }
                if whole > 100_000.0 {
                    self.wrong(
                        "E022",
                        voxel,
                        format!("domain.voxel gives {whole} voxels along an axis"),
                    )
                    .label = "at most 100000".into();
                    return None;
                }
                (n[a], h[a]) = (whole as usize, length / whole);
            }
        }
        let outer = form.inner() + lengths[0];
        Some(match form {
            Form::Box => Grid { dimensions: lengths.len(), ..Grid::cuboid(n, h) },
            Form::Cylinder { inner } => {
                Grid::cylinder(n[0], inner, outer, lengths.get(1).map(|height| (*height, n[1])))
            }
            Form::Sphere { inner } => Grid::sphere(n[0], inner, outer),
        })
    }

    /// What the axes are; takes the inner radius off the first of the `lengths`.
    fn form(&mut self, domain: &Checked, size: &Checked, lengths: &mut [f64]) -> Option<Form> {
        let hole = domain.get("inner_radius");
        let inner = hole.and_then(Checked::quantity).unwrap_or(0.0);
        let (form, most) = match domain.word("shape")? {
            "cylinder" => (Form::Cylinder { inner }, 2),
            "sphere" => (Form::Sphere { inner }, 1),
            _ => (Form::Box, 3),
        };
        if lengths.len() > most {
            let message = format!("domain.size has {} entries", lengths.len());
            self.wrong("E022", size, message).label = match form {
                Form::Cylinder { .. } => "a cylinder has [outer radius, height]".into(),
                _ => "a sphere has [outer radius]".into(),
            };
            return None;
        }
        let Some(hole) = hole else { return Some(form) };
        if form == Form::Box {
            self.wrong("E022", hole, "domain.inner_radius is for a cylinder or a sphere".into())
                .label = "the domain is a box".into();
            return None;
        }
        if inner >= lengths[0] {
            let message = "domain.inner_radius is not below the outer radius".into();
            self.wrong("E022", hole, message).label =
                format!("the outer radius is {}", readable(lengths[0], LENGTH));
            return None;
        }
        lengths[0] -= inner;
        Some(form)
    }

    /// The voxel does not divide the box: say which would.
    fn undivided(&mut self, voxel: &Checked, axis: &str, length: f64, edge: f64) {
        let count = length / edge;
        let sizes =
            self.root.get("domain").and_then(|d| d.get("size")?.quantities()).unwrap_or_default();
        let near: Vec<String> =
            sizes.iter().map(|s| (s / edge).round().max(1.0).to_string()).collect();
        let fits = format!("write voxels = [{}] instead, or another size", near.join(", "));
        let message = format!("domain.voxel does not divide the box along {axis}");
        let d = self.wrong("E022", voxel, message);
        d.label = format!(
            "{} / {} = {}",
            readable(length, LENGTH),
            readable(edge, LENGTH),
            units::number(count)
        );
        d.notes.push(fits);
    }

    /// Refuses a grid that cannot fit before anything is allocated.
    fn fits(&mut self, grid: &Grid, at: &Checked) -> Option<()> {
        let voxels = grid.n.iter().map(|n| *n as f64).product::<f64>();
        let fields =
            3 + 3 * self.root.entries_of("solutes").len() + 4 * self.root.entries_of("cells").len();
        let need = voxels * (FIELD * fields) as f64;
        let have = self.memory();
        if voxels < 4.0e9 && need <= have {
            return Some(());
        }
        self.too_large = true;
        let message = format!("{} voxels do not fit into memory", units::number(voxels));
        self.wrong("E030", at, message).label =
            format!("needs more than {:.1} GB, {:.1} GB are free", need / 1e9, have / 1e9);
        None
    }

    /// A domain beside an image must say what the image says.
    fn agrees(&mut self, grid: &Grid) {
        let Some(domain) = self.root.get("domain") else { return };
        if let Some(size) = domain.get("size") {
            let typed = size.quantities().unwrap_or_default();
            let fits = typed.len() == 3
                && (0..3).all(|a| (typed[a] - grid.length(a)).abs() <= 1e-6 * grid.length(a));
            if !fits && !size.invalid() {
                let lengths: Vec<String> =
                    (0..3).map(|a| readable(grid.length(a), LENGTH)).collect();
                self.wrong("E022", size, "domain.size is not that of the image".into()).label =
                    format!("the image has {}", lengths.join(" × "));
            }
        }
        if let Some(voxels) = domain.get("voxels").filter(|v| !v.invalid()) {
            let counts: Vec<u64> = voxels.list().iter().filter_map(Checked::count).collect();
            if counts != grid.n.map(|n| n as u64) {
                self.wrong("E022", voxels, "domain.voxels is not that of the image".into()).label =
                    format!("the image has {} × {} × {}", grid.n[0], grid.n[1], grid.n[2]);
            }
        }
        let differs = |v: f64| (v - grid.h[0]).abs() > 1e-6 * v;
        if let Some(voxel) = domain.get("voxel").filter(|v| v.quantity().is_some_and(differs)) {
            self.wrong("E022", voxel, "domain.voxel is not that of the image".into()).label =
                format!("the image has {}", readable(grid.h[0], LENGTH));
        }
    }

    /// A typed path, under the folder of the file that it was typed in: a regular file or
    /// (where `folder`) a folder that the case may read.
    pub(super) fn resolve(&mut self, path: &Checked, folder: bool) -> Option<PathBuf> {
        let text = path.text()?;
        let source = path.place.and_then(|p| self.check.sources.get(p.source));
        let source = if self.typed_with_set(path) { self.check.sources.get(0) } else { source };
        let file = source.map(|s| s.folder.clone()).unwrap_or_default().join(text);
        self.reachable(path, &file, folder)
    }

    /// Where `file`, asked for by the value at `path`, really is, when the case may read it.
    pub(super) fn reachable(
        &mut self,
        path: &Checked,
        file: &Path,
        folder: bool,
    ) -> Option<PathBuf> {
        let own_word = self.typed_with_set(path);
        let name = brief(path.text().unwrap_or_default());
        match self.check.sources.1.resolve(file, folder, own_word) {
            Ok(real) => Some(real),
            Err(Refusal::Unfit(what)) => {
                let message = format!("{}: {name} {what}", path.key);
                self.wrong("E024", path, message).label = format!("looked for {}", file.display());
                None
            }
            Err(Refusal::Outside(real)) => {
                let message = format!("{}: {name} lies outside the folder of the case", path.key);
                let d = self.wrong("E028", path, message);
                d.label = format!("this is {}", real.display());
                d.notes.push(remedy(&real));
                None
            }
        }
    }

    /// True for a value that the user typed with `--set`.
    fn typed_with_set(&self, value: &Checked) -> bool {
        let source = value.place.and_then(|p| self.check.sources.get(p.source));
        source.is_some_and(|s| s.kind == Kind::Set)
    }

    /// Bytes of memory that the grid may need.
    pub(super) fn memory(&self) -> f64 {
        self.check.sources.1.memory.unwrap_or_else(|| crate::case::resources::memory_available(1).0)
    }
}

impl<'a> Builder<'a> {
    /// The regions in the order of the file.
    pub(super) fn regions(&mut self, grid: &Grid) -> Vec<Region<'a>> {
        let root: &'a Checked = self.root;
        let mut out = Vec::new();
        for (name, keys) in root.entries_of("regions") {
            let Some(shape) = keys.get("shape").and_then(|s| self.shape(s, grid)) else { continue };
            let region = Region { shape, keys };
            if !self.blind && (0..grid.len()).all(|i| !region.shape.contains(grid.centre(i))) {
                let backwards =
                    matches!(region.shape, shapes::Shape::Layer { from, to, .. } if from > to);
                let label = if backwards {
                    "`from` is above `to`"
                } else {
                    "a voxel belongs to a region when its centre does"
                };
                self.wrong("E022", keys, format!("{} holds no voxel", keys.key)).label =
                    label.into();
            }
            out.push((name, region));
        }
        for (i, (below, a)) in out.iter().enumerate() {
            for (above, b) in &out[i + 1..] {
                let both = |v: usize| {
                    let c = grid.centre(v);
                    a.shape.contains(c) && b.shape.contains(c)
                };
                if (0..grid.len()).any(both) {
                    self.overlaps.push(((*below).clone(), (*above).clone()));
                }
            }
        }
        out.into_iter().map(|r| r.1).collect()
    }

    pub(super) fn shape(&mut self, choice: &Checked, grid: &Grid) -> Option<shapes::Shape> {
        let (kind, s) = choice.choice()?;
        let mut point = |key: &str| -> Option<[f64; 3]> {
            let list = s.get(key)?;
            let given = list.quantities()?;
            if given.len() != grid.dimensions {
                let message = format!("{} has {} coordinates", list.key, given.len());
                self.wrong("E022", list, message).label =
                    format!("the domain has {} axes", grid.dimensions);
                return None;
            }
            // Along an absent axis: where the centres lie.
            let middle = |a: usize| 0.5 * grid.h[a];
            Some(std::array::from_fn(|a| given.get(a).copied().unwrap_or_else(|| middle(a))))
        };
        let axis = || s.word("axis").map(|a| grid.axis(a).unwrap_or(3));
        let shape = match kind {
            "layer" => shapes::Shape::Layer { axis: axis()?, from: s.si("from")?, to: s.si("to")? },
            "box" => {
                let (from, mut to) = (point("from")?, point("to")?);
                for t in to.iter_mut().skip(grid.dimensions) {
                    *t = f64::INFINITY;
                }
                shapes::Shape::Box { from, to }
            }
            "sphere" => shapes::Shape::Sphere { centre: point("centre")?, radius: s.si("radius")? },
            _ => shapes::Shape::Cylinder {
                axis: axis()?,
                centre: point("centre")?,
                radius: s.si("radius")?,
            },
        };
        if let shapes::Shape::Layer { axis, .. } | shapes::Shape::Cylinder { axis, .. } = shape
            && axis >= grid.dimensions
        {
            self.no_axis(s.get("axis").unwrap_or(s), grid);
            return None;
        }
        Some(shape)
    }

    /// Reports an axis or face that the domain does not have.
    pub(super) fn no_axis(&mut self, at: &Checked, grid: &Grid) {
        let axes = match &grid.form.axes()[..grid.dimensions] {
            [one] => (*one).to_owned(),
            [first, second] => format!("{first} and {second}"),
            more => format!("{}, {} and {}", more[0], more[1], more[2]),
        };
        let full = matches!(grid.form, Form::Cylinder { inner: 0.0 } | Form::Sphere { inner: 0.0 });
        let (what, label) = if full && (at.key.contains("r_min") || at.text() == Some("r_min")) {
            (
                "is a face that the domain does not have",
                "a full cylinder or sphere has no inner face".into(),
            )
        } else if let Some(axis) = (0..grid.dimensions).find(|&a| {
            let face = |end| grid.face_name(Face { axis: a, end });
            let faces = [face(false), face(true)];
            let named = |f: &String| at.text() == Some(f) || at.key.contains(f.as_str());
            grid.periodic[a] && faces.iter().any(named)
        }) {
            let name = grid.form.axes()[axis];
            ("is on a face that the domain does not have", format!("{name} is periodic"))
        } else {
            ("is on an axis that the domain does not have", format!("the domain has {axes}"))
        };
        self.wrong("E022", at, format!("{} {what}", at.key)).label = label;
    }
}
