//! `[[expect]]`.

use super::Builder;
use crate::case::checked::{Checked, Value};
use crate::case::shape::Range;
use crate::case::words::{brief, one_of};
use crate::ground::units::{
    self, AMOUNT, CELL_DENSITY, CELLS, CONCENTRATION, Dimension, LENGTH, MASS, MASS_DENSITY, NONE,
    PRESSURE, RATE, TIME, VELOCITY, VOLUME, VOLUME_RATE,
};
use crate::model::expect::{Check, Expect, Take};
use crate::model::setup::Setup;
use crate::model::state::{Catalogue, Kind};

/// What an expectation is about.
struct Subject {
    dimension: Dimension,
    field: bool,
    solute: Option<String>,
}

impl Builder<'_> {
    pub(super) fn expects(&mut self, setup: &Setup) -> Vec<Expect> {
        let root = self.root;
        let list = root.get("expect").map_or(&[][..], Checked::list);
        list.iter().filter_map(|at| self.expectation(at, setup)).collect()
    }

    fn expectation(&mut self, at: &Checked, setup: &Setup) -> Option<Expect> {
        let duration = setup.run.duration;
        let what = at.get("what")?;
        let subject = self.subject(what, at.flag("rate"), setup)?;
        let time = match at.get("time") {
            None => duration,
            Some(t) => {
                let v = t.quantity()?;
                if v > duration * (1.0 + 1e-12) && !setup.run.steady {
                    self.wrong("E016", t, format!("{} is after the end", t.key)).label =
                        format!("the run ends at {}", units::readable(duration, TIME));
                }
                if (v - duration).abs() <= 1e-12 * duration { duration } else { v }
            }
        };
        let solute = subject.solute.as_deref();
        let mut points = Vec::new();
        let take = if let Some(list) = at.get("at") {
            Take::At(self.point(list, setup)?)
        } else if let Some(word) = at.word("take") {
            match word {
                "mean" => Take::Mean,
                "min" => Take::Min,
                _ => Take::Max,
            }
        } else if let Some(profile) = at.get("profile") {
            points = self.profile(profile, &subject, setup)?;
            Take::Profile(points.clone())
        } else {
            Take::Whole
        };
        if subject.field == matches!(take, Take::Whole) {
            let (message, label) = if subject.field {
                (format!("{} says nowhere", at.key), "a field needs at, take or profile")
            } else {
                (
                    format!("{}: {} has no place", at.key, brief(&what.typed)),
                    "leave at, take and profile out",
                )
            };
            self.wrong("E023", what, message).label = label.into();
            return None;
        }
        let d = subject.dimension;
        let check = if let Some(list) = at.get("between") {
            let [low, high] = list.list() else { return None };
            let bounds = (self.quantity_as(low, d, solute)?, self.quantity_as(high, d, solute)?);
            if bounds.0 > bounds.1 {
                self.wrong("E023", list, format!("{} can never hold", list.key)).label =
                    "the first bound is above the second".into();
                return None;
            }
            Check::Between(bounds.0, bounds.1)
        } else {
            // That all are missing has been said.
            at.get("value").or_else(|| at.get("profile"))?;
            let within = self.needed(at, "within", "\"2 %\"")?;
            let relative = matches!(within.value, Value::Quantity(_, NONE))
                && (d != NONE || within.typed.contains('%'));
            if at.get("profile").is_some() {
                let most = points.iter().map(|p| p.1.abs()).fold(0.0, f64::max);
                let optional = |b: &mut Self, key: &str| match at.get(key) {
                    Some(q) => b.quantity_as(q, d, solute).map(Some),
                    None => Some(None),
                };
                let (floor, below) =
                    (optional(self, "floor")?, optional(self, "within_below_floor")?);
                let tolerance = within.quantity().filter(|_| relative);
                let Some(tolerance) = tolerance else {
                    self.wrong(
                        "E012",
                        within,
                        format!("{} of a profile is a fraction", within.key),
                    )
                    .label =
                        "for example \"0.1 %\"; give floor and within_below_floor beside it".into();
                    return None;
                };
                let floor = floor.unwrap_or(1e-3 * most);
                Check::Profile(tolerance, floor, below.unwrap_or(tolerance * floor))
            } else {
                let value = self.needed(at, "value", "\"0.1 mol/m^3\"")?;
                let (at, value) = (value, self.quantity_as(value, d, solute)?);
                if relative && value == 0.0 {
                    self.wrong("E023", at, format!("{} is 0", at.key)).label =
                        "a share of 0 is 0: give `within` with a unit".into();
                    return None;
                }
                if relative {
                    Check::Relative(value, within.quantity()?)
                } else {
                    Check::Absolute(value, self.quantity_as(within, d, solute)?)
                }
            }
        };
        let origin = at.place.and_then(|p| {
            let source = self.check.sources.get(p.source)?;
            let line = source.text.get(..p.start)?.matches('\n').count() + 1;
            Some(format!("{}:{line}", source.name))
        });
        Some(Expect {
            what: what.text()?.into(),
            take,
            rate: at.flag("rate"),
            time,
            check,
            origin: origin.unwrap_or_default(),
        })
    }

    fn needed<'c>(&mut self, at: &'c Checked, key: &str, example: &str) -> Option<&'c Checked> {
        let found = at.get(key);
        if found.is_none() {
            let full = format!("{}.{key}", at.key);
            self.check.error("E011", &full, format!("{full} is missing"), at.place).label =
                format!("write for example: {key} = {example}");
        }
        found.filter(|f| !f.invalid())
    }

    /// A quantity whose dimension follows from the subject.
    fn quantity_as(&mut self, at: &Checked, d: Dimension, solute: Option<&str>) -> Option<f64> {
        if let Value::Quantity(v, found) = at.value {
            if found == d {
                return Some(v);
            }
        } else {
            return None;
        }
        match self.check.quantity_of(&at.typed, d, solute) {
            Ok(v) => Some(v),
            Err(e) => {
                self.check.unit_error_at(at.place, &e, None, &at.key);
                None
            }
        }
    }

    fn point(&mut self, list: &Checked, setup: &Setup) -> Option<[f64; 3]> {
        let grid = &setup.grid;
        let given = list.quantities()?;
        if given.len() != grid.dimensions {
            self.wrong("E022", list, format!("{} has {} coordinates", list.key, given.len()))
                .label = format!("the domain has {} axes", grid.dimensions);
            return None;
        }
        let point = std::array::from_fn(|a| given.get(a).copied().unwrap_or(0.5 * grid.length(a)));
        if grid.voxel_at(point).is_none() {
            self.wrong("E022", list, format!("{} lies outside the domain", list.key)).label = (0
                ..grid.dimensions)
                .map(|a| units::readable(grid.length(a), LENGTH))
                .collect::<Vec<_>>()
                .join(" × ");
            return None;
        }
        Some(point)
    }

    fn profile(
        &mut self,
        at: &Checked,
        subject: &Subject,
        setup: &Setup,
    ) -> Option<Vec<([f64; 3], f64)>> {
        let grid = &setup.grid;
        let path = at.get("path")?;
        let axis = at.get("axis")?;
        let Some(axis) = axis.text().and_then(|a| grid.axis(a)) else {
            self.no_axis(axis, grid);
            return None;
        };
        let scale = units::unit(at.word("coordinate_unit")?).ok()?.value;
        let unit = at.get("unit")?;
        let factor = self.factor(unit, Range::any(subject.dimension), subject.solute.as_deref())?;
        let columns = self.columns(path)?;
        let column = at.get("column")?;
        let name = column.text()?;
        let Some(j) = columns.header.iter().position(|h| h == name) else {
            self.wrong(
                "E024",
                column,
                format!("{}: the file has no column `{}`", column.key, brief(name)),
            )
            .label = format!("it has {}", columns.header.join(", "));
            return None;
        };
        let mut out = Vec::new();
        for (_, row) in &columns.rows {
            let (Some(x), Some(v)) = (row.first(), row.get(j)) else { continue };
            let mut p: [f64; 3] = std::array::from_fn(|a| 0.5 * grid.length(a));
            p[axis] = x * scale;
            if grid.voxel_at(p).is_none() {
                self.wrong("E024", path, format!("{} leaves the domain", path.key)).label =
                    format!("at {}", units::readable(x * scale, LENGTH));
                return None;
            }
            out.push((p, v * factor));
        }
        Some(out)
    }

    /// Dimension of a field, ledger entry or answer by its name.
    fn subject(&mut self, what: &Checked, rate: bool, setup: &Setup) -> Option<Subject> {
        let name = what.text()?;
        let per_time = |d: Dimension| if rate { d.times(RATE, 1).unwrap_or(d) } else { d };
        let specs = Catalogue::new(setup).specs;
        if let Some(spec) = specs.iter().find(|s| s.name == name) {
            return Some(match spec.kind {
                Kind::Solute(_) => {
                    Subject { dimension: CONCENTRATION, field: true, solute: Some(name.into()) }
                }
                Kind::Scaffold => Subject { dimension: NONE, field: true, solute: None },
                Kind::Matrix(_) => Subject { dimension: MASS_DENSITY, field: true, solute: None },
                _ => Subject { dimension: CELL_DENSITY, field: true, solute: None },
            });
        }
        let (first, rest) = name.split_once('.').unwrap_or((name, ""));
        let entry = rest.split('.').next().unwrap_or(rest);
        let of_solute = setup.solutes.iter().any(|s| s.name == first);
        let of_cells = setup.populations.iter().any(|p| p.name == first);
        let of_matrix = setup.matter.matrices.iter().any(|m| m.name == first);
        let of_scaffold = first == "scaffold" && setup.matter.degradation.is_some();
        let named = of_solute || of_cells || of_matrix || of_scaffold;
        let table = match (of_solute, of_cells) {
            (true, _) => SOLUTE_ENTRIES,
            (_, true) => CELL_ENTRIES,
            _ if of_matrix => MATRIX_ENTRIES,
            _ if of_scaffold => SCAFFOLD_ENTRIES,
            _ => ANSWERS,
        };
        let wanted = if named { entry } else { first };
        if let Some((_, dimension, flows)) = table.iter().find(|k| k.0 == wanted) {
            let dimension = if *flows { per_time(*dimension) } else { *dimension };
            let solute = of_solute.then(|| first.to_owned());
            return Some(Subject { dimension, field: false, solute });
        }
        let mut names: Vec<String> = specs.iter().map(|s| s.name.clone()).collect();
        if named {
            let own = format!("{first}.");
            names.retain(|n| n.starts_with(&own));
            names.extend(table.iter().map(|k| format!("{own}{}", k.0)));
        } else {
            names.extend(ANSWERS.iter().map(|k| k.0.to_owned()));
        }
        let near = units::nearest(name, names.iter().map(String::as_str));
        let d =
            self.wrong("E021", what, format!("{}: nothing is called `{}`", what.key, brief(name)));
        d.label = near.map(|n| format!("did you mean \"{n}\"?")).unwrap_or_default();
        d.notes.push(format!("expected {}", one_of(names.iter().map(String::as_str))));
        None
    }
}

/// Ledger entries and answers of a solute: name, dimension, is there a rate?
const SOLUTE_ENTRIES: &[(&str, Dimension, bool)] = &[
    ("in", AMOUNT, true),
    ("used", AMOUNT, true),
    ("made", AMOUNT, true),
    ("decayed", AMOUNT, true),
    ("source", AMOUNT, true),
    ("released", AMOUNT, true),
    ("displaced", AMOUNT, true),
    ("changed", AMOUNT, true),
    ("rounded", AMOUNT, true),
    ("least", CONCENTRATION, false),
    ("thiele2", NONE, false),
    ("satisfied", NONE, false),
    ("peclet", NONE, false),
    ("extraction", NONE, false),
    ("released_fraction", NONE, false),
];
/// Ledger entries and answers of a population.
const CELL_ENTRIES: &[(&str, Dimension, bool)] = &[
    ("seeded", CELLS, false),
    ("born", CELLS, true),
    ("died", CELLS, true),
    ("lysed", CELLS, true),
    ("quiesced", CELLS, true),
    ("woke", CELLS, true),
    ("became", CELLS, true),
    ("detached", CELLS, true),
    ("added", CELLS, true),
    ("rounded", CELLS, true),
];
/// Ledger entries of a matrix.
const MATRIX_ENTRIES: &[(&str, Dimension, bool)] =
    &[("deposited", MASS, true), ("degraded", MASS, true), ("mass", MASS, false)];
/// Ledger entries of the scaffold.
const SCAFFOLD_ENTRIES: &[(&str, Dimension, bool)] = &[("degraded", VOLUME, true)];
/// Answers about the whole.
const ANSWERS: &[(&str, Dimension, bool)] = &[
    ("viable_fraction", NONE, false),
    ("viable_volume_fraction", NONE, false),
    ("viable_depth", LENGTH, false),
    ("first_necrosis", TIME, false),
    ("steady_at", TIME, false),
    ("ledger_defect", NONE, false),
    ("flow", VOLUME_RATE, false),
    ("superficial_velocity", VELOCITY, false),
    ("velocity_changed", NONE, false),
    ("residence_time", TIME, false),
    ("wall_shear", PRESSURE, false),
    ("capacity_excess", CELL_DENSITY, false),
    ("lowest_ph", NONE, false),
    ("scaffold_left", NONE, false),
    ("lowest_porosity", NONE, false),
    ("overfull", NONE, false),
    ("limited", NONE, false),
    ("steps", NONE, false),
];
