//! Watches a run and writes it: fields at the output times, a row of the history each step.

use crate::model::ledger::Ledger;
use crate::model::provenance::Provenance;
use crate::model::run::{Moment, Watcher};
use crate::model::solver::Solver;
use crate::model::state::{Kind, flat};
use crate::model::survey::split;
use crate::output::viewpy::{self, View};
use crate::output::{
    Array, Checksums, FLOW, Folder, Frame, History, Layout, OutputError, Values, Writer,
};

/// Name of the derived field (viable + quiescent)/(all not lysed).
pub const VIABLE_FRACTION: &str = "viable_fraction";

/// Name of the porosity.
const POROSITY: &str = "porosity";
/// Name of the derived field of the pH proxy.
const PH: &str = "ph";

/// The watcher that writes.
pub struct Recorder {
    writer: Writer,
    history: History,
    fields: Vec<Column>,
    double: bool,
    frames: usize,
    written: f64,
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
    let scalars = |v: &[f64]| Values::F32(v.iter().map(|x| *x as f32).collect());
    let vectors = |i: usize| std::array::from_fn(|a| (1e6 * stream.velocity[a][i]) as f32);
    let velocity = Values::Vectors((0..solver.setup.grid.len()).map(vectors).collect());
    let all = [stream.pressure.as_deref().map(scalars), Some(velocity)];
    let all = all.into_iter().chain([stream.shear.as_deref().map(scalars)]).enumerate();
    all.filter_map(|(n, values)| Some((n, values?))).collect()
}

impl Recorder {
    /// Opens the writer, the history and the view script.
    pub fn start(
        folder: &Folder,
        provenance: &Provenance,
        solver: &Solver,
    ) -> Result<Recorder, OutputError> {
        let setup = &solver.setup;
        let layout = Layout::new(&setup.grid, &provenance.stem, setup.run.time_unit);
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
        let porosity = setup.structure.porosity.iter().map(|&e| e as f32).collect();
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
        let history = History::create(folder, &columns(solver))?;
        let writer = Writer::start(folder, layout, &statics)?;
        let double = setup.run.double;
        Ok(Recorder { writer, history, fields, double, frames: 0, written: f64::NAN })
    }

    /// Waits until all is on disk.
    pub fn finish(self) -> Result<Checksums, OutputError> {
        self.history.finish()?;
        self.writer.finish()
    }

    fn frame(&self, solver: &Solver) -> Frame {
        let room = solver.room();
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
                Values::F64(masked.collect())
            } else {
                Values::F32(masked.map(|v| v as f32).collect())
            };
            Array { name: name.to_string(), unit: unit.to_string(), values }
        });
        Frame { index: self.frames, time: solver.state.time, arrays: arrays.collect() }
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
    for term in &solver.ledger.terms {
        columns.push((term.name.clone(), unit_of(&solver.ledger, &term.name).into()));
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
    fn next(&self, _: f64) -> Option<f64> {
        None
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
        self.history.row(&row).map_err(|e| e.message)?;
        if moment.output && self.written != survey.time {
            let frame = self.frame(solver);
            self.writer.push(frame).map_err(|e| e.message)?;
            self.frames += 1;
            self.written = survey.time;
        }
        Ok(())
    }
}
