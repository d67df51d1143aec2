//! Porosity, effective diffusivity and resolved pores.

use std::sync::Arc;

use super::fields::step;
use super::{Builder, Region, World};
use crate::case::checked::Checked;
use crate::case::keys::AXES;
use crate::case::shape::{Range, law_keys, one_of_names};
use crate::geometry::components::{self, Components};
use crate::ground::grid::{Face, Grid};
use crate::ground::par;
use crate::model::setup::{Boundary, Initial, Population, Solid, Solute, Structure};
use crate::numerics::stencil::range;
use crate::physics::transport::{Closure, Ratio};

/// What multiplies the diffusivities.
pub(super) struct Effective {
    /// For `diffusivity`.
    pub free: Arc<Vec<f64>>,
    /// For `diffusivity`, along the axes.
    pub axis: [f64; 3],
    /// Ones, for `diffusivity_in_scaffold`.
    pub ones: Arc<Vec<f64>>,
    /// What `free` follows from, and the number of its law in each voxel; past the end: none.
    pub laws: Vec<Ratio>,
    /// See `laws`.
    pub which: Vec<usize>,
}

impl Builder<'_> {
    /// True when the pores of the structure are solved.
    pub(super) fn resolved(&self) -> bool {
        let Some(scaffold) = self.root.get("scaffold") else { return false };
        scaffold.get("structure").is_some() && scaffold.word("resolve") != Some("homogenised")
    }

    /// Ratio of the diffusivities and partition coefficient of a solid that solutes enter.
    pub(super) fn entered(&self) -> Option<(f64, f64)> {
        let solid = self.root.get("scaffold")?.get("solid")?.chosen("diffusing")?;
        Some((solid.si("ratio")?, solid.si("partition")?))
    }

    /// The same where the pores are solved.
    pub(super) fn diffusing(&self) -> Option<(f64, f64)> {
        self.entered().filter(|_| self.resolved())
    }

    /// Porosity of each voxel; in solid that solutes enter its partition coefficient.
    pub(super) fn porosity(
        &mut self,
        grid: &Grid,
        regions: &[Region<'_>],
        open: Option<&[bool]>,
    ) -> Option<Vec<f64>> {
        let scaffold = self.root.get("scaffold");
        if let Some(solid) = scaffold.and_then(|s| s.get("solid"))
            && scaffold.is_some_and(|s| s.get("structure").is_none())
            && self.typed(solid.place)
        {
            self.wrong("E023", solid, "scaffold.solid needs resolved pores".into()).label =
                "a porosity has no solid voxels".into();
        }
        if let Some(resolve) = scaffold.and_then(|s| s.get("resolve"))
            && scaffold.is_some_and(|s| s.get("structure").is_none())
        {
            self.wrong("E023", resolve, "scaffold.resolve needs a structure".into()).label =
                "give scaffold.structure, or leave it out".into();
        }
        if self.resolved() {
            for region in regions {
                if let Some(p) = region.keys.get("scaffold") {
                    self.wrong("E023", p, format!("{} has no meaning in resolved pores", p.key))
                        .label = "the structure says where the pores are".into();
                }
            }
            let solid = self.diffusing().map_or(0.0, |d| d.1);
            return Some(open?.iter().map(|o| if *o { 1.0 } else { solid }).collect());
        }
        if scaffold.and_then(|s| s.get("structure")).is_some() {
            return self.average_porosity(grid);
        }
        let world = World {
            sheared: false,
            grid: grid.clone(),
            regions: regions.iter().map(|r| Region { shape: r.shape, keys: r.keys }).collect(),
            solutes: Vec::new(),
            open: None,
            porosity: Arc::default(),
        };
        let base = scaffold.and_then(|s| s.get("porosity"));
        let path = ["scaffold", "porosity"];
        let own = |r: &Region<'_>| path.iter().try_fold(r.keys, |v, k| step(v, k)).is_some();
        if base.is_none() && !regions.iter().any(own) {
            return Some(par::filled(grid.len(), 1.0));
        }
        let mut values = self.field_with_regions(&world, base, &path, Range::share(), None)?;
        for v in &mut values {
            if *v == 0.0 {
                *v = 1.0;
            }
        }
        Some(values)
    }

    /// Ratios of the diffusivities.
    pub(super) fn effective(&mut self, world: &World<'_>) -> Option<Effective> {
        let n = world.grid.len();
        let free = range(world.grid.plane(), &world.porosity, |_, _| true) == (1.0, 1.0);
        // Free fluid everywhere: one list serves.
        let ones = if free { Arc::clone(&world.porosity) } else { Arc::new(par::filled(n, 1.0)) };
        if self.resolved() {
            let key = self.root.get("scaffold").and_then(|s| s.get("effective_diffusivity"));
            let ours = |k: &&Checked| self.typed(k.place) && k.chosen("computed").is_none();
            if let Some(key) = key.filter(ours) {
                self.wrong("E023", key, format!("{} has no meaning in resolved pores", key.key))
                    .label = "the solutes diffuse freely in the pores".into();
            }
            let free = match (self.diffusing(), &world.open) {
                // The flux is −D_s·∇(K·u).
                (Some((ratio, k)), Some(open)) => {
                    Arc::new(open.iter().map(|o| if *o { 1.0 } else { ratio * k }).collect())
                }
                _ => Arc::clone(&ones),
            };
            let (laws, which) = (Vec::new(), Vec::new());
            return Some(Effective { free, axis: [1.0; 3], ones, laws, which });
        }
        let base = self.root.get("scaffold").and_then(|s| s.get("effective_diffusivity"));
        if let Some(at) = base.filter(|b| b.chosen("computed").is_some()) {
            let keys: Vec<&Checked> = world.regions.iter().map(|r| r.keys).collect();
            let path = ["scaffold", "effective_diffusivity"];
            let own = keys.iter().find_map(|k| path.iter().try_fold(*k, |v, k| step(v, k)));
            if let Some(key) = own {
                let message = format!("{} beside a computed effective diffusivity", key.key);
                self.wrong("E020", key, message).label = "the structure tells it everywhere".into();
                return None;
            }
            let (free, axis) = self.computed(at, &world.grid)?;
            let which = vec![0; n];
            return Some(Effective {
                free: Arc::new(free),
                axis,
                ones,
                laws: vec![Ratio::Tensor(axis)],
                which,
            });
        }
        let law = match base {
            Some(at) => Some(self.ratio(at, &world.grid)?),
            None => None,
        };
        let path = ["scaffold", "effective_diffusivity"];
        let lawful =
            |r: &super::Region<'_>| path.iter().try_fold(r.keys, |v, k| step(v, k)).is_some();
        let mut axis = [1.0; 3];
        if law.is_none() && Arc::ptr_eq(&ones, &world.porosity) && !world.regions.iter().any(lawful)
        {
            let (free, laws, which) = (Arc::clone(&ones), Vec::new(), Vec::new());
            return Some(Effective { free, axis, ones, laws, which });
        }
        if let Some(Ratio::Tensor(t)) = &law {
            axis = *t;
        }
        let mut free: Vec<f64> = match &law {
            Some(law) => world.porosity.iter().map(|e| law.at(*e)).collect(),
            None => vec![f64::NAN; n],
        };
        let mut which = vec![if law.is_some() { 0 } else { usize::MAX }; n];
        let mut laws: Vec<Ratio> = law.into_iter().collect();
        for region in &world.regions {
            let Some(at) = path.iter().try_fold(region.keys, |v, k| step(v, k)) else { continue };
            if let Some(Ratio::Tensor(_)) = laws.first().filter(|_| base.is_some()) {
                let message = format!("{} beside a tensor of the whole scaffold", at.key);
                let d = self.wrong("E020", at, message);
                d.label = "the ratios of a tensor hold everywhere".into();
                d.notes.push(
                    "give the scaffold a law and each anisotropic solute its diffusivity_in_scaffold, \
                     or no region a law of its own"
                        .into(),
                );
                continue;
            }
            let law = self.ratio(at, &world.grid)?;
            for (i, v) in free.iter_mut().enumerate() {
                if region.shape.contains(world.grid.centre(i)) {
                    *v = law.at(world.porosity[i]);
                    which[i] = laws.len();
                }
            }
            laws.push(law);
        }
        let mut unsaid = false;
        for (v, e) in free.iter_mut().zip(&*world.porosity) {
            if v.is_nan() {
                unsaid |= *e < 1.0;
                *v = 1.0;
            }
        }
        if unsaid && self.free_diffusivities() {
            let place = self.root.get("scaffold").and_then(|s| s.place);
            let key = "scaffold.effective_diffusivity";
            let d = self.check.error("E011", key, format!("{key} is missing"), place);
            d.label = "the porosity is below 1".into();
            let law = if self.homogenised.is_some() { "computed" } else { "bruggeman" };
            d.notes.push(format!("write for example: effective_diffusivity.{law} = {{}}"));
            let computed =
                if self.homogenised.is_some() { ", computed (from the pores)" } else { "" };
            d.notes.push(format!(
                "laws: {}, table, tensor{computed}",
                one_of_names(&law_keys(Closure::LAWS))
            ));
            d.notes.push("or give each solute's diffusivity_in_scaffold".into());
        }
        // Without a law nothing follows a porosity: then one list may serve both.
        let free =
            if laws.is_empty() && free == *ones { Arc::clone(&ones) } else { Arc::new(free) };
        Some(Effective { free, axis, ones, laws, which })
    }

    fn free_diffusivities(&self) -> bool {
        self.root.entries_of("solutes").iter().any(|s| s.1.get("diffusivity").is_some())
    }

    fn ratio(&mut self, at: &Checked, grid: &Grid) -> Option<Ratio> {
        let (name, v) = at.choice()?;
        match name {
            "table" => {
                let points = self.points(v.get("points")?)?;
                Some(Ratio::Table(points))
            }
            "tensor" => self.tensor(v, grid),
            law => {
                let values: Option<Vec<f64>> = Closure::LAWS
                    .iter()
                    .find(|l| l.keyword == law)?
                    .params
                    .iter()
                    .map(|p| v.si(p.name))
                    .collect();
                Closure::build(law, &values?).map(Ratio::Law)
            }
        }
    }

    /// A ratio for each axis of the domain.
    fn tensor(&mut self, at: &Checked, grid: &Grid) -> Option<Ratio> {
        if self.blind {
            return None;
        }
        let axes = grid.form.axes();
        let needed = &axes[..grid.dimensions];
        let mut ratios = Some([1.0; 3]);
        for name in AXES {
            match (at.get(name), axes.iter().position(|a| a == name)) {
                (Some(value), Some(axis)) => {
                    let given = value.quantity();
                    ratios = ratios.zip(given).map(|(mut all, ratio)| {
                        all[axis] = ratio;
                        all
                    });
                }
                (Some(value), None) => {
                    let message = format!("{} is along no axis of the domain", value.key);
                    let label = format!("its axes are {}", needed.join(", "));
                    self.wrong("E023", value, message).label = label;
                    ratios = None;
                }
                (None, Some(axis)) if axis < grid.dimensions => {
                    let message = format!("{}.{name} is missing", at.key);
                    let label = format!("a ratio for each axis: {}", needed.join(", "));
                    self.wrong("E011", at, message).label = label;
                    ratios = None;
                }
                _ => {}
            }
        }
        ratios.map(Ratio::Tensor)
    }

    /// Porosity and pores; pores that no fed face reaches and that hold no cells are left out.
    pub(super) fn structure(
        &mut self,
        world: &World<'_>,
        solutes: Option<&[Solute]>,
        populations: Option<&[Population]>,
    ) -> Structure {
        let mut structure = Structure {
            porosity: world.porosity.clone(),
            open: None,
            solid: None,
            isolated: 0,
            homogenised: self.homogenised.take(),
        };
        if !self.resolved() {
            self.store(&mut structure);
            return structure;
        }
        if let (Some((_, partition)), Some(open)) = (self.diffusing(), &world.open) {
            let voxels = open.iter().map(|o| !o).collect();
            structure.solid = Some(Solid { voxels, partition });
            return structure;
        }
        let (Some(open), Some(solutes), Some(populations)) = (&world.open, solutes, populations)
        else {
            structure.open.clone_from(&world.open);
            return structure;
        };
        let parts = components::label(&world.grid, open);
        let fed: Vec<bool> = (0..6)
            .map(|f| solutes.iter().any(|s| !matches!(s.boundaries[f], Boundary::Sealed)))
            .collect();
        let mut seeded = vec![false; parts.count + 1];
        for (i, part) in parts.label.iter().enumerate() {
            let later = |p: &Population| p.reseeding.iter().any(|r| r.density[i] > 0.0);
            if populations.iter().any(|p| p.seeding[i] > 0.0 || later(p)) {
                seeded[*part as usize] = true;
            }
        }
        let keep =
            |part: usize| seeded[part] || (0..6).any(|f| fed[f] && parts.touches[part - 1][f]);
        let kept = parts.select(keep);
        structure.isolated =
            open.iter().zip(&kept).filter(|(open, kept)| **open && !**kept).count();
        if structure.isolated > 0 {
            let porosity = Arc::make_mut(&mut structure.porosity);
            for (e, kept) in porosity.iter_mut().zip(&kept) {
                *e = if *kept { *e } else { 0.0 };
            }
        }
        self.warn_of_dry_faces(world, &parts, &fed);
        let cut_off: usize = (1..=parts.count)
            .filter(|p| seeded[*p] && !(0..6).any(|f| fed[f] && parts.touches[p - 1][f]))
            .map(|p| parts.sizes[p - 1])
            .sum();
        if cut_off > 0 && fed.contains(&true) && !self.blind {
            let key = "scaffold.structure";
            let message =
                format!("{cut_off} pore voxels with cells are cut off from every fed face");
            self.check.warning("W039", key, message, None).label =
                "nothing reaches their cells, and least concentration and first necrosis may be theirs; \
                 `keep = \"percolating\"` in the structure leaves out pores that lead nowhere".into();
        }
        if !self.blind && kept.iter().all(|k| !k) {
            self.check.error(
                "E023",
                "scaffold.structure",
                "no pore reaches a fed face".into(),
                None,
            );
        }
        structure.open = Some(kept);
        structure
    }

    /// What the solid of a homogenised structure stores: per volume ε + (1 − ε) P of what the fluid
    /// holds. Only beside a computed diffusivity, which counts the ways through the solid, too.
    fn store(&self, structure: &mut Structure) {
        let homogenised = structure.homogenised.as_mut().filter(|h| h.ratio.is_some());
        if let (Some((_, p)), Some(homogenised)) = (self.entered(), homogenised) {
            let storage = structure.porosity.iter().map(|e| e + (1.0 - e) * p).collect();
            let pores = std::mem::replace(&mut structure.porosity, Arc::new(storage));
            homogenised.pores = Some(pores);
        }
    }

    /// A fed face without a pore feeds nothing.
    fn warn_of_dry_faces(&mut self, world: &World<'_>, parts: &Components, fed: &[bool]) {
        for f in (0..6).filter(|f| fed[*f] && !parts.touches.iter().any(|t| t[*f])) {
            let name = world.grid.face_name(Face::ALL[f]);
            let message = format!("no pore opens on {name}, which a solute is fed through");
            self.check.warning("W038", "scaffold.structure", message, None).label =
                "another face, another threshold, or crop the image".into();
        }
    }

    /// A steady solution needs a value, a film or still medium on every part of the pores in which
    /// the solute spreads, and no pore in which it does not.
    pub(super) fn steady_needs_feeding(
        &mut self,
        world: &World<'_>,
        open: Option<&[bool]>,
        steady: bool,
        solutes: &[Solute],
    ) {
        let wanted = |s: &Solute| steady || matches!(s.initial, Initial::Steady);
        if !solutes.iter().any(wanted) {
            return;
        }
        // Solutes of one ratio spread alike.
        let mut found: Vec<(&Arc<Vec<f64>>, Spreading)> = Vec::new();
        for s in solutes.iter().filter(|s| wanted(s)) {
            let holds = |f: usize| {
                matches!(
                    s.boundaries[f],
                    Boundary::Value(_)
                        | Boundary::Inlet(_)
                        | Boundary::Transfer { .. }
                        | Boundary::StagnantMedium { .. }
                )
            };
            // Decay is a way out, too.
            let bath = s.boundaries.iter().any(|b| matches!(b, Boundary::Bath(_)));
            if s.decay > 0.0 && !bath {
                continue;
            }
            let known = found.iter().position(|f| Arc::ptr_eq(f.0, &s.relative));
            let number = known.unwrap_or_else(|| {
                found.push((&s.relative, Spreading::of(&world.grid, open, &s.relative)));
                found.len() - 1
            });
            let Spreading { sizes, touches, still } = &found[number].1;
            let still = *still;
            let loose = sizes.iter().zip(touches);
            let loose = loose.filter(|(_, touches)| !(0..6).any(|f| holds(f) && touches[f]));
            let loose: Vec<usize> = loose.map(|(size, _)| *size).collect();
            if loose.is_empty() && still == 0 {
                continue;
            }
            let at = self.root.get("solutes").and_then(|t| t.get(&s.name)).and_then(|t| t.place);
            let key = format!("solutes.{}", s.name);
            let message = if still > 0 {
                format!("{key} has no steady solution")
            } else {
                format!("{key} needs a face that holds it, to be solved as steady")
            };
            let d = self.check.error("E023", &key, message, at);
            if still > 0 {
                d.label = format!(
                    "its diffusivity is 0 in {still} voxels: nothing reaches or leaves them"
                );
                continue;
            }
            d.label = if sizes.len() == 1 {
                "no face has a value, transfer or stagnant-medium".into()
            } else {
                let voxels: usize = loose.iter().sum();
                format!(
                    "{} connected pores ({voxels} voxels) touch no face with a value, transfer or \
                     stagnant-medium",
                    loose.len()
                )
            };
            let faces = world.grid.face_names();
            d.notes.push(format!("give boundary.FACE.value on one of {}", faces.join(", ")));
            if bath {
                d.notes.push("a bath follows the construct and holds no value".into());
            }
            if steady {
                d.notes.push("`stop_when = \"steady\"` in place of `steady` finds one in time, where there is one".into());
            }
        }
    }
}

/// Where a solute spreads.
struct Spreading {
    /// Voxels of each connected part.
    sizes: Vec<usize>,
    /// Faces that each touches.
    touches: Vec<[bool; 6]>,
    /// Pores in which it does not spread.
    still: usize,
}

impl Spreading {
    /// Of a relative diffusivity in the `open` voxels, or in all.
    fn of(grid: &Grid, open: Option<&[bool]>, relative: &[f64]) -> Spreading {
        let pore = |i: usize| open.is_none_or(|open| open[i]);
        if open.is_none() && range(grid.plane(), relative, |_, _| true).0 > 0.0 {
            return Spreading { sizes: vec![grid.len()], touches: vec![[true; 6]], still: 0 };
        }
        let spreads: Vec<bool> = (0..grid.len()).map(|i| pore(i) && relative[i] > 0.0).collect();
        let still = (0..grid.len()).filter(|&i| pore(i) && !spreads[i]).count();
        let Components { sizes, touches, .. } = components::label(grid, &spreads);
        Spreading { sizes, touches, still }
    }
}
