//! Values that vary in space or time.

use super::{Builder, World};
use crate::case::checked::{Checked, Value};
use crate::case::shape::Range;
use crate::ground::formula::Formula;
use crate::ground::grid::Grid;
use crate::ground::par;
use crate::ground::signal::{Signal, interpolate};
use crate::ground::units::{self, NONE, TIME};

impl Builder<'_> {
    /// A value a voxel, and whether it is the same everywhere.
    pub(super) fn field(
        &mut self,
        at: &Checked,
        grid: &Grid,
        range: Range,
        solute: Option<&str>,
    ) -> Option<Vec<f64>> {
        if let Some(v) = at.quantity() {
            return Some(par::filled(grid.len(), v));
        }
        let (form, v) = at.choice()?;
        let beyond = |a: &Checked| a.text().is_some_and(|a| grid.axis(a).is_none());
        if let Some(axis) = v.get("axis").filter(|a| beyond(a)) {
            self.no_axis(axis, grid);
            return None;
        }
        let axis = v.word("axis").and_then(|a| grid.axis(a));
        let values = match form {
            "linear" => {
                let (axis, from, to) = (axis?, v.si("from")?, v.si("to")?);
                let (start, length) = (grid.start(axis), grid.length(axis));
                along(grid, axis, |x| from + (to - from) * (x - start) / length)
            }
            "table" => {
                let points = self.points(v.get("points")?)?;
                along(grid, axis?, |x| interpolate(&points, x))
            }
            "file" => {
                let path = v.get("path")?;
                let unit = self.factor(v.get("unit")?, range, solute)?;
                if let Some(axis) = axis {
                    let mm = units::unit(v.word("coordinate_unit")?).ok()?.value;
                    let points = self.course(path, (mm, unit))?;
                    along(grid, axis, |x| interpolate(&points, x))
                } else {
                    let numbers = self.columns(path)?.rows;
                    let numbers: Vec<f64> =
                        numbers.into_iter().flat_map(|r| r.1).map(|x| x * unit).collect();
                    if self.blind {
                        return numbers.first().map(|v| vec![*v]);
                    }
                    if numbers.len() != grid.len() {
                        self.wrong(
                            "E024",
                            path,
                            format!("{} has {} values", path.key, numbers.len()),
                        )
                        .label = format!("the grid has {} voxels", grid.len());
                        return None;
                    }
                    numbers
                }
            }
            "formula" => {
                let (value, times) = (v.si("value")?, v.get("times")?);
                let formula = self.formula(times, &grid.form.axes()[..grid.dimensions])?;
                (0..grid.len()).map(|i| value * formula.at(grid.centre(i))).collect()
            }
            _ => return None,
        };
        if let Some(i) = (0..values.len()).find(|i| !range.holds(values[*i])) {
            let c = grid.centre(i);
            let place: Vec<String> =
                (0..grid.dimensions).map(|a| units::readable(c[a], units::LENGTH)).collect();
            let shown = units::readable(values[i], range.dimension);
            self.wrong("E016", at, format!("{} is out of range", at.key)).label =
                format!("{shown} at ({}); must be {}", place.join(", "), range.words());
            return None;
        }
        Some(values)
    }

    /// A formula without dimension.
    fn formula(&mut self, times: &Checked, axes: &[&str]) -> Option<Formula> {
        let text = times.text()?;
        match Formula::parse(text, axes) {
            Ok(f) if f.dimension == NONE => Some(f),
            Ok(f) => {
                self.wrong("E025", times, format!("{} has a dimension", times.key)).label = format!(
                    "it has {}; divide by a quantity, for example (x/(1 mm))",
                    units::words(f.dimension)
                );
                None
            }
            Err(e) => {
                // The caret goes under the character, where the string has no escapes.
                let mut place = times.place;
                if let Some(p) = place.as_mut() {
                    let raw = self.check.sources.text(*p);
                    if raw.len() == text.len() + 2 {
                        let offset: usize = text.chars().take(e.at).map(char::len_utf8).sum();
                        p.start += 1 + offset;
                    }
                }
                let message = format!("{} is no formula", times.key);
                self.check.error("E025", &times.key, message, place).label = e.message;
                None
            }
        }
    }

    /// SI factor of a unit typed for values in a range's dimension.
    pub(super) fn factor(
        &mut self,
        unit: &Checked,
        range: Range,
        solute: Option<&str>,
    ) -> Option<f64> {
        let text = unit.text()?;
        if text == "1" {
            return Some(1.0);
        }
        match self.check.quantity_of(&format!("1 {text}"), range.dimension, solute) {
            Ok(factor) => Some(factor),
            Err(e) => {
                self.check.unit_error_at(unit.place, &e, None, &unit.key);
                None
            }
        }
    }

    /// Rows of a point list, ascending.
    pub(super) fn points(&mut self, list: &Checked) -> Option<Vec<(f64, f64)>> {
        let rows: Option<Vec<(f64, f64)>> = list
            .list()
            .iter()
            .map(|row| match row.quantities()?[..] {
                [x, y] => Some((x, y)),
                _ => None,
            })
            .collect();
        let rows = rows?;
        if let Some(i) = (1..rows.len()).find(|i| rows[*i].0 <= rows[i - 1].0) {
            let at = &list.list()[i];
            self.wrong("E016", at, format!("{} does not ascend", list.key)).label =
                "the first entries of the rows must ascend".into();
            return None;
        }
        Some(rows)
    }

    /// A value in time.
    pub(super) fn signal(&mut self, at: &Checked, range: Range, solute: &str) -> Option<Signal> {
        if let Value::Quantity(v, _) = at.value {
            return Some(Signal::Constant(v));
        }
        let (form, v) = at.choice()?;
        let signal = match form {
            "steps" => Signal::Steps(self.points(v.get("points")?)?),
            "ramp" => Signal::Ramp(self.points(v.get("points")?)?),
            "sine" => Signal::Sine {
                mean: v.si("mean")?,
                amplitude: v.si("amplitude")?,
                period: v.si("period")?,
            },
            "csv" => {
                let time =
                    units::unit(v.word("time_unit")?).ok().filter(|u| u.dimension == TIME)?.value;
                let unit = self.factor(v.get("unit")?, range, Some(solute))?;
                Signal::Ramp(self.course(v.get("path")?, (time, unit))?)
            }
            _ => return None,
        };
        let (low, high) = signal.range();
        // An empty list has been told of.
        if low > high {
            return None;
        }
        if !range.holds(low) || !range.holds(high) {
            let bad = if range.holds(low) { high } else { low };
            self.wrong("E016", at, format!("{} is out of range", at.key)).label = format!(
                "it reaches {}; must be {}",
                units::readable(bad, range.dimension),
                range.words()
            );
            return None;
        }
        Some(signal)
    }

    /// A field with the regions' own values under `path` on top, the last region winning.
    pub(super) fn field_with_regions(
        &mut self,
        world: &World<'_>,
        base: Option<&Checked>,
        path: &[&str],
        range: Range,
        solute: Option<&str>,
    ) -> Option<Vec<f64>> {
        let mut values = match base {
            Some(at) => self.field(at, &world.grid, range, solute)?,
            None => vec![0.0; world.grid.len()],
        };
        for region in &world.regions {
            let Some(at) = path.iter().try_fold(region.keys, |v, k| step(v, k)) else { continue };
            let here = self.field(at, &world.grid, range, solute)?;
            for (i, v) in values.iter_mut().enumerate() {
                if region.shape.contains(world.grid.centre(i)) {
                    *v = here[i];
                }
            }
        }
        Some(values)
    }
}

/// The value under a key of a table, or of a choice.
pub(super) fn step<'a>(at: &'a Checked, key: &str) -> Option<&'a Checked> {
    at.get(key).or_else(|| at.chosen(key))
}

/// A function of one coordinate on the grid.
fn along(grid: &Grid, axis: usize, f: impl Fn(f64) -> f64) -> Vec<f64> {
    let line: Vec<f64> =
        (0..grid.n[axis]).map(|i| f(grid.start(axis) + (i as f64 + 0.5) * grid.h[axis])).collect();
    (0..grid.len()).map(|i| line[grid.voxel(i)[axis]]).collect()
}
