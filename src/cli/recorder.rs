//! Watches a run and writes it: fields at the output times, a row of the history each step.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::ground::keep::{Keeper, Misfit, misfit};
use crate::ground::moments;
use crate::model::ledger::Ledger;
use crate::model::provenance::Provenance;
use crate::model::run::{Kept, Moment, Watcher, Wish};
use crate::model::solver::Solver;
use crate::model::state::{Kind, flat};
use crate::model::survey::split;
use crate::output::viewpy::{self, View};
use crate::output::{
    Array, Checksums, FLOW, Folder, Frame, History, Layout, OutputError, Values, Writer, checkpoint,
};

/// Name of the derived field (viable + quiescent)/(all not lysed).
pub const VIABLE_FRACTION: &str = "viable_fraction";

/// Name of the porosity.
const POROSITY: &str = "porosity";
/// Name of the derived field of the pH proxy.
const PH: &str = "ph";

/// The watcher that writes.
pub struct Recorder {
    /// Open after [`Recorder::begin`].
    files: Option<(Writer, History)>,
    fields: Vec<Column>,
    double: bool,
    /// Times of the outputs, s.
    times: Vec<f64>,
    /// Length of the history, as the checkpoint that was read back knows it.
    rows: Option<u64>,
    folder: PathBuf,
    hash: String,
    /// Which of the two checkpoints is written next.
    next: usize,
    /// Times of checkpoints that stay, s, and the case's unit of time.
    stay: Vec<f64>,
    unit: (&'static str, f64),
    /// The last one of these.
    stayed: f64,
}

/// A field to write.
enum Column {
    /// Number in the catalogue, name, unit, factor from SI.
    Field(usize, String, &'static str, f64),
    /// The viable fraction.
    Fraction,
    /// The pH proxy.
    Ph,
    /// The porosity, where it changes.
    Porosity,
    /// A field of the flow, by its number in [`FLOW`], where it changes.
    Flow(usize),
}

/// Units of the fields of [`FLOW`].
const FLOW_UNITS: [&str; 3] = ["Pa", "um/s", "Pa"];

/// The fields of the flow that there are, with their numbers in [`FLOW`].
fn flow(solver: &Solver) -> Vec<(usize, Values)> {
    let Some(stream) = &solver.stream else { return Vec::new() };
    let grid = &solver.setup.grid;
    let scalars =
        |v: &[f64]| Values::F32(grid.spread(v.iter().map(|x| *x as f32).collect::<Vec<_>>()));
    let vectors = |i: usize| std::array::from_fn(|a| (1e6 * stream.velocity[a][i]) as f32);
    let vectors: Vec<[f32; 3]> = (0..grid.len()).map(vectors).collect();
    let velocity = Values::Vectors(grid.spread_vectors(vectors));
    let all = [stream.pressure.as_deref().map(scalars), Some(velocity)];
    let all = all.into_iter().chain([stream.shear.as_deref().map(scalars)]).enumerate();
    all.filter_map(|(n, values)| Some((n, values?))).collect()
}

impl Recorder {
    /// The recorder of a case; it writes nothing before [`Recorder::begin`].
    pub fn new(folder: &Folder, provenance: &Provenance, solver: &Solver) -> Recorder {
        let setup = &solver.setup;
        Recorder {
            files: None,
            fields: Vec::new(),
            double: setup.run.double,
            times: Vec::new(),
            rows: None,
            folder: folder.path().to_owned(),
            hash: provenance.hash.clone(),
            next: 0,
            stay: setup.run.checkpoints.clone(),
            unit: setup.run.time_unit,
            stayed: f64::NAN,
        }
    }

    /// Outputs so far.
    pub fn outputs(&self) -> usize {
        self.times.len()
    }

    /// The checkpoint from which the run goes on is the last to be overwritten.
    pub fn spare(&mut self, checkpoint: &Path) {
        self.next = usize::from(checkpoint.file_name().is_some_and(|n| n == checkpoint::NAMES[0]));
    }

    /// The file of the next checkpoint of the two that alternate.
    pub fn next_checkpoint(&mut self) -> PathBuf {
        let name = checkpoint::NAMES[self.next];
        self.next = 1 - self.next;
        self.folder.join(checkpoint::FOLDER).join(name)
    }

    /// Opens the writer, the history and the view script, anew or behind what was read back.
    pub fn begin(
        &mut self,
        folder: &Folder,
        provenance: &Provenance,
        solver: &Solver,
    ) -> Result<(), OutputError> {
        let setup = &solver.setup;
        let layout = Layout::new(&setup.grid.whole(), &provenance.stem, setup.run.time_unit);
        let wanted =
            |name: &str| setup.run.fields.is_empty() || setup.run.fields.iter().any(|f| f == name);
        let mut fields = Vec::new();
        for (f, spec) in solver.catalogue.specs.iter().enumerate() {
            if wanted(&spec.name) {
                let (unit, factor) = match spec.kind {
                    Kind::Solute(_) => ("mol/m^3", 1.0),
                    Kind::Scaffold => ("", 1.0),
                    Kind::Matrix(_) => ("kg/m^3", 1.0),
                    _ => ("cells/mL", 1e-6),
                };
                fields.push(Column::Field(f, spec.name.clone(), unit, factor));
            }
        }
        if !setup.populations.is_empty() && wanted(VIABLE_FRACTION) {
            fields.push(Column::Fraction);
        }
        if setup.ph.is_some() && wanted(PH) {
            fields.push(Column::Ph);
        }
        let changing = setup.matter.changing.is_some();
        if changing && wanted(POROSITY) {
            fields.push(Column::Porosity);
        }
        // Solid that solutes enter has a storage, but holds no fluid.
        let solid = setup.structure.solid.as_ref().map(|s| &s.voxels);
        let fluid =
            |(i, e): (usize, &f64)| if solid.is_some_and(|s| s[i]) { 0.0 } else { *e as f32 };
        let pores = setup.structure.homogenised.as_ref().and_then(|h| h.pores.as_ref());
        let pores = pores.unwrap_or(&setup.structure.porosity);
        let porosity: Vec<f32> = pores.iter().enumerate().map(fluid).collect();
        let porosity = setup.grid.spread(porosity);
        let name = if changing { "porosity_of_scaffold" } else { POROSITY };
        let mut statics =
            vec![Array { name: name.into(), unit: String::new(), values: Values::F32(porosity) }];
        for (n, values) in flow(solver) {
            let (name, unit) = (FLOW[n].to_string(), FLOW_UNITS[n].to_string());
            if !wanted(&name) {
                continue;
            }
            if setup.flow_changes() {
                fields.push(Column::Flow(n));
            } else {
                statics.push(Array { name, unit, values });
            }
        }
        let shown = fields.iter().map(|c| match c {
            Column::Field(_, name, unit, _) => (name.clone(), (*unit).to_string()),
            Column::Fraction => (VIABLE_FRACTION.to_string(), String::new()),
            Column::Ph => (PH.to_string(), String::new()),
            Column::Porosity => (POROSITY.to_string(), String::new()),
            Column::Flow(n) => (FLOW[*n].to_string(), FLOW_UNITS[*n].to_string()),
        });
        let mut shown: Vec<(String, String)> = shown.collect();
        // The first solute beside the cells says most.
        let cells = shown.iter().position(|s| s.0.ends_with(".viable"));
        if let (Some(cells), true) = (cells, shown.len() > 2) {
            shown.swap(1, cells);
        }
        let view = View {
            title: setup.title.clone(),
            fields: shown,
            pores: setup.structure.open.is_some(),
        };
        viewpy::write(folder, &layout, &view)?;
        let columns = columns(solver);
        self.files = Some(match self.rows {
            None => {
                let history = History::create(folder, &columns)?;
                (Writer::start(folder, layout, &statics)?, history)
            }
            Some(bytes) => {
                let history = History::go_on(folder, &columns, bytes)?;
                (Writer::go_on(folder, layout, &statics)?, history)
            }
        });
        self.fields = fields;
        Ok(())
    }

    /// Waits until all is on disk.
    pub fn finish(self) -> Result<Checksums, OutputError> {
        let Some((writer, history)) = self.files else { return Ok(Checksums::default()) };
        // One after the other: both add to the list of sums; the failure of outputs comes first.
        let (written, told) = (writer.finish(), history.finish());
        let checksums = written?;
        told?;
        Ok(checksums)
    }

    /// True where a checkpoint of this moment stays, and is not yet there.
    fn stays(&self, time: f64) -> bool {
        moments::hold(&self.stay, time) && self.stayed != time
    }

    fn frame(&self, solver: &Solver) -> Frame {
        let (grid, room) = (&solver.setup.grid, solver.room());
        let follows = self.fields.iter().any(|c| matches!(c, Column::Flow(_)));
        let mut flow = if follows { flow(solver) } else { Vec::new() };
        let arrays = self.fields.iter().map(|column| {
            let (name, unit, values): (&str, &str, Vec<f64>) = match column {
                Column::Field(f, name, unit, factor) => {
                    let values = flat(&solver.state.fields[*f]).iter().enumerate();
                    let values = values.map(|(i, v)| v * factor * solver.shown(*f, i));
                    (name, unit, values.collect())
                }
                Column::Fraction => (VIABLE_FRACTION, "", fraction(solver)),
                Column::Ph => (PH, "", ph(solver)),
                Column::Porosity => {
                    let parts = solver.storage().iter().zip(solver.measure());
                    (POROSITY, "", parts.map(|(s, m)| s / m).collect())
                }
                Column::Flow(n) => {
                    let at = flow.iter().position(|f| f.0 == *n);
                    let values = at.map_or(Values::F32(Vec::new()), |at| flow.swap_remove(at).1);
                    return Array { name: FLOW[*n].into(), unit: FLOW_UNITS[*n].into(), values };
                }
            };
            let masked =
                values.into_iter().zip(room).map(|(v, &r)| if r > 0.0 { v } else { f64::NAN });
            let values = if self.double {
                Values::F64(grid.spread(masked.collect::<Vec<_>>()))
            } else {
                Values::F32(grid.spread(masked.map(|v| v as f32).collect::<Vec<_>>()))
            };
            Array { name: name.to_string(), unit: unit.to_string(), values }
        });
        Frame { index: self.times.len(), time: solver.state.time, arrays: arrays.collect() }
    }
}

/// Viable fraction of each voxel; NaN without cells.
fn fraction(solver: &Solver) -> Vec<f64> {
    let (living, dead) = split(solver);
    let sum = |fields: &[&[f64]], i: usize| fields.iter().map(|f| f[i]).sum::<f64>();
    (0..solver.setup.grid.len())
        .map(|i| {
            let alive = sum(&living, i);
            let all = alive + sum(&dead, i);
            if all > 0.0 { alive / all } else { f64::NAN }
        })
        .collect()
}

/// pH proxy of each voxel.
fn ph(solver: &Solver) -> Vec<f64> {
    let Some((acid, buffer)) = solver.setup.ph else { return Vec::new() };
    flat(&solver.state.fields[acid]).iter().map(|c| buffer.ph(*c)).collect()
}

/// Columns of the history: name and unit.
fn columns(solver: &Solver) -> Vec<(String, String)> {
    let mut columns: Vec<(String, String)> =
        vec![("time".into(), "s".into()), ("step".into(), "s".into())];
    for spec in &solver.catalogue.specs {
        if let Kind::Solute(_) = spec.kind {
            for what in ["mean", "least", "most"] {
                columns.push((format!("{}.{what}", spec.name), "mol/m^3".into()));
            }
        } else if !matches!(spec.kind, Kind::Damaged { .. }) {
            let unit = match spec.kind {
                Kind::Scaffold => "m^3",
                Kind::Matrix(_) => "kg",
                _ => "cells",
            };
            columns.push((spec.name.clone(), unit.into()));
        }
    }
    columns.push((VIABLE_FRACTION.into(), String::new()));
    for bath in &solver.setup.baths {
        for (s, _) in &bath.solutes {
            let name = format!("{}.{}", bath.name, solver.setup.solutes[*s].name);
            columns.push((name, "mol/m^3".into()));
        }
    }
    let per = if solver.setup.run.steady { "/s" } else { "" };
    for term in &solver.ledger.terms {
        let unit = unit_of(&solver.ledger, &term.name);
        columns.push((term.name.clone(), format!("{unit}{per}")));
    }
    columns.push(("ledger_defect".into(), String::new()));
    columns
}

/// Unit of a ledger term: that of the account to which it belongs.
fn unit_of(ledger: &Ledger, term: &str) -> &'static str {
    let number = ledger.terms.iter().position(|t| t.name == term);
    let holds = |a: &&crate::model::ledger::Account| a.flows.iter().any(|f| Some(f.0) == number);
    ledger.accounts.iter().find(holds).map_or("cells", |a| a.unit)
}

impl Watcher for Recorder {
    fn next(&self, t: f64) -> Option<f64> {
        moments::next(self.stay.iter().copied(), t)
    }

    fn see(&mut self, moment: &Moment) -> Result<(), String> {
        let (solver, survey) = (moment.solver, moment.survey);
        let mut row = vec![survey.time, moment.dt];
        for (f, spec) in solver.catalogue.specs.iter().enumerate() {
            if let Kind::Solute(s) = spec.kind {
                row.extend([survey.mean[s], survey.least[s].value, survey.most[s]]);
            } else if !matches!(spec.kind, Kind::Damaged { .. }) {
                row.push(survey.totals[f]);
            }
        }
        row.push(survey.viable_fraction);
        row.extend(solver.state.baths.iter().flatten());
        row.extend(solver.ledger.terms.iter().map(|t| t.total));
        row.push(solver.ledger.worst().map_or(0.0, |w| w.1));
        let output = moment.output && self.times.last() != Some(&survey.time);
        let frame = output.then(|| self.frame(solver));
        let Some((writer, history)) = &mut self.files else { return Ok(()) };
        history.row(&row).map_err(|e| e.message)?;
        if let Some(frame) = frame {
            writer.push(frame).map_err(|e| e.message)?;
            self.times.push(survey.time);
        }
        Ok(())
    }

    fn keep(&mut self, k: &mut Keeper) -> Result<(), Misfit> {
        k.list("outputs", &mut self.times)?;
        let mut bytes = match (&mut self.files, self.rows) {
            (Some((_, history)), _) => {
                history.flush().or_else(|e| misfit("history", e.message))?.0 as usize
            }
            (None, rows) => rows.unwrap_or(0) as usize,
        };
        k.count("history.bytes", &mut bytes)?;
        if k.reads() {
            self.rows = Some(bytes as u64);
        }
        Ok(())
    }

    fn wish(&mut self, solver: &Solver) -> Wish {
        if self.stays(solver.state.time) { Wish::Keep } else { Wish::Go }
    }

    fn take(&mut self, kept: &Arc<Kept>) -> Result<(), String> {
        let path = if self.stays(kept.time) {
            self.stayed = kept.time;
            let name = format!("at-{}{}", kept.time / self.unit.1, self.unit.0);
            self.folder.join(checkpoint::FOLDER).join(name)
        } else {
            self.next_checkpoint()
        };
        let Some((writer, history)) = &mut self.files else { return Ok(()) };
        let put = history
            .flush()
            .and_then(|(_, file)| writer.checkpoint(path, self.hash.clone(), kept.clone(), file));
        put.map_err(|e| e.message)
    }
}
