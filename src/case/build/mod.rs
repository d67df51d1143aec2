//! From the checked tree to the plain SI data of a run.
//!
//! Every part reports what it finds and goes on; where something is missing or wrong it gives
//! `None`, and the case is refused at the end.

use std::sync::Arc;

use super::check::Checker;
use super::checked::Checked;
use super::shape::WALL_SHEAR;
use super::source::Place;
use crate::case::scales;
use crate::geometry::shapes;
use crate::geometry::structure::Structure;
use crate::geometry::threshold::Histogram;
use crate::ground::grid::Grid;
use crate::model::expect::Expect;
use crate::model::setup::{Homogenised, Setup};
use crate::physics::kinetics::{Uptake, ZeroOrder};

mod capacity;
mod cells;
mod columns;
mod domain;
mod expects;
mod fields;
mod flow;
mod homogenised;
mod matter;
mod migration;
mod run;
mod scaffold;
mod shear;
mod slips;
mod solutes;
mod stream;
mod structure;
mod supply;
mod velocity;
mod warnings;

/// Builds the parts of a setup.
pub(super) struct Builder<'a> {
    /// Errors, texts and molar masses.
    pub check: Checker<'a>,
    /// The checked case.
    pub root: &'a Checked,
    /// Input files read: path as typed, BLAKE3, bytes.
    pub inputs: Vec<(String, String, u64)>,
    /// Laws that cannot act.
    pub silent: Vec<String>,
    /// Full keys whose library value is not used because its solute is absent.
    pub unused: Vec<String>,
    /// Regions that overlap: the one below and the one that holds.
    pub overlaps: Vec<(String, String)>,
    /// True when the case does not fit into memory.
    pub too_large: bool,
    /// What the pores are in.
    structure: Option<Structure>,
    /// How often the grey values of its scan occur, and its thresholds.
    histogram: Option<Histogram>,
    thresholds: Vec<f64>,
    /// Averages of it, where it is homogenised.
    homogenised: Option<Homogenised>,
    /// True when the grid is wrong: one voxel stands for it, so that the rest is checked too.
    blind: bool,
}

/// A region and the keys that it changes.
struct Region<'a> {
    shape: shapes::Shape,
    keys: &'a Checked,
}

/// What the parts share.
struct World<'a> {
    grid: Grid,
    regions: Vec<Region<'a>>,
    /// Names of the solutes in the order of the case file.
    solutes: Vec<String>,
    /// Resolved pores.
    open: Option<Vec<bool>>,
    porosity: Arc<Vec<f64>>,
    /// True where the flow has a known shear on the pore walls.
    sheared: bool,
}

impl World<'_> {
    fn solute(&self, name: &str) -> Option<usize> {
        self.solutes.iter().position(|s| s == name)
    }
    /// Number of what cells answer to: a solute, or the wall shear where it is known.
    fn felt(&self, name: &str) -> Option<usize> {
        let shear = (name == WALL_SHEAR && self.sheared).then_some(self.solutes.len());
        self.solute(name).or(shear)
    }
    fn is_open(&self, voxel: usize) -> bool {
        self.open.as_ref().is_none_or(|o| o[voxel])
    }
}

impl<'a> Builder<'a> {
    /// A builder for a checked case.
    pub(super) fn new(check: Checker<'a>, root: &'a Checked) -> Builder<'a> {
        Builder {
            check,
            root,
            inputs: Vec::new(),
            silent: Vec::new(),
            unused: Vec::new(),
            overlaps: Vec::new(),
            too_large: false,
            structure: None,
            histogram: None,
            thresholds: Vec::new(),
            homogenised: None,
            blind: false,
        }
    }

    /// The structure alone, the grey values of its scan, and the thresholds.
    pub(super) fn geometry(&mut self) -> Option<(Structure, Option<Histogram>, Vec<f64>)> {
        self.domain()?;
        if self.structure.is_none() {
            let place = None;
            self.check.error("E011", "scaffold.structure", "there is no structure".into(), place);
        }
        let thresholds = std::mem::take(&mut self.thresholds);
        Some((self.structure.take()?, self.histogram.take(), thresholds))
    }

    /// The whole case; `None` after an error.
    pub(super) fn build(&mut self) -> Option<(Setup, Vec<Expect>)> {
        let root = self.root;
        let solutes: Vec<String> = root.entries_of("solutes").iter().map(|e| e.0.clone()).collect();
        self.references(&solutes);
        self.allowed();
        let run = self.run_plan(root);
        let (grid, mut open) = self.domain().unwrap_or_else(|| {
            self.blind = true;
            self.stand_in()
        });
        let regions = self.regions(&grid);
        let porosity = self.porosity(&grid, &regions, open.as_deref());
        let porosity = Arc::new(porosity.unwrap_or_else(|| vec![1.0; grid.len()]));
        // A homogenised structure has fluid in every voxel.
        let mut open = open.take().filter(|_| self.resolved());
        let sheared = self.shearless().is_none();
        let world = World { grid, regions, solutes, open: open.take(), porosity, sheared };
        let effective = self.effective(&world);
        let mut solutes = self.solutes(&world, effective.as_ref());
        let mut baths = self.baths(run.as_ref().map_or(0.0, |r| r.duration));
        let mut populations = self.populations(&world, run.as_ref().map(|r| r.duration));
        let flow = self.flow(&world);
        if let (Some(flow), Some(solutes)) = (&flow, &solutes) {
            self.carried(&world, flow.as_ref(), solutes);
        }
        let mut matter = self.matter(&world, effective.as_ref(), populations.as_deref());
        let mut ph = self.ph(&world);
        self.crowded(&world, populations.as_deref());
        self.warn(&world, solutes.as_deref(), populations.as_deref());
        let structure = self.structure(&world, solutes.as_deref(), populations.as_deref());
        if let (Some(run), Some(s)) = (&run, &solutes) {
            self.steady_needs_feeding(&world, structure.open.as_deref(), run.steady, s);
        }
        let order = self.order(&world, populations.as_deref());
        if let (Some(s), Some(b), Some(p), Some(m), Some(order)) =
            (&mut solutes, &mut baths, &mut populations, &mut matter, order)
        {
            solutes::renumber(&order, s, b, p, m);
            for acid in ph.iter_mut().flatten() {
                acid.0 = order.iter().position(|s| *s == acid.0).unwrap_or(acid.0);
            }
        }
        let mut setup = Setup {
            title: root.word("title").unwrap_or_default().into(),
            grid: world.grid,
            structure,
            solutes: solutes?,
            baths: baths?,
            populations: populations?,
            flow: flow?,
            matter: matter?,
            ph: ph?,
            run: run?,
            symmetry: root.get("run").is_some_and(|run| run.flag("symmetry")),
            silent_laws: std::mem::take(&mut self.silent),
        };
        fade(&mut setup);
        self.stream(&setup);
        self.full(&setup);
        self.one_moment(&setup);
        self.slips(&setup);
        self.one_dimension_at_a_time(&setup);
        let setup = self.fields_to_write(setup)?;
        let expects = self.expects(&setup);
        Some((setup, expects))
    }

    /// Reports an error at a checked value.
    fn wrong(
        &mut self,
        code: &'static str,
        at: &Checked,
        message: String,
    ) -> &mut super::Diagnostic {
        self.check.error(code, &at.key, message, at.place)
    }

    /// True when a value was typed or came from an extended file, not from the library.
    fn typed(&self, place: Option<Place>) -> bool {
        let source = place.and_then(|p| self.check.sources.get(p.source));
        source.is_some_and(|s| !matches!(s.kind, super::source::Kind::Library { .. }))
    }
}

/// Sets where zero-order uptake fades: in proportion to what feeds the construct.
fn fade(setup: &mut Setup) {
    let references: Vec<f64> =
        (0..setup.solutes.len()).map(|s| scales::reference(setup, s)).collect();
    for (s, law) in setup.populations.iter_mut().flat_map(|p| &mut p.uptake) {
        if let Uptake::ZeroOrder(law) = law {
            law.0.km = ZeroOrder::FADES * references[*s].max(f64::MIN_POSITIVE);
        }
    }
}
