//! How far grid and steps may have put an answer off: the same case on finer and coarser voxels
//! and steps, and the grid-convergence index of every answer (Roache, J. Fluids Eng. 116 (1994)
//! 405; Verification and Validation in Computational Science and Engineering (1998)).

use super::OF_THE_RUN;
use crate::case::{Case, Report};
use crate::ground::grid::Face;
use crate::model::answers::{Answer, digits};
use crate::model::setup::{Boundary, Setup};

/// Fewest voxels of an axis from which half as many still say something.
const FEWEST: usize = 8;

/// What ± means.
pub const DEFINITION: &str = "±: the error of grid and steps by the grid-convergence index, an \
estimate and no bound; it knows nothing of the parameters or the model";

/// A case's finer and, where it can be had, coarser self.
pub struct Plan {
    /// Twice the voxels along each axis with a gradient, half the steps.
    pub fine: Case,
    /// Half the voxels, twice the steps; `None`: counts are odd or too small.
    pub coarse: Option<Case>,
    /// What was refined, in words.
    pub words: String,
}

impl Plan {
    /// Plans the runs beside `case`; `load` reads the case again with these `--set` arguments on
    /// top. `Err`: there is nothing to refine, in words.
    pub fn new(
        case: &Case,
        load: &dyn Fn(&[String]) -> Result<Case, Report>,
    ) -> Result<Plan, String> {
        let steps = !case.setup.run.steady;
        // Noise has other blobs on other voxels.
        let own = ["structure.image", "structure.surface", "structure.blobs"];
        let image = own.iter().any(|o| case.provenance.entries.iter().any(|e| e.key.contains(o)));
        let grid = &case.setup.grid;
        let mut why = "the voxels are those of the structure".to_owned();
        if !(0..grid.dimensions).any(|a| refined(&case.setup, a)) {
            why = "nothing passes the ends of an axis of one voxel".into();
        } else if !image {
            match load(&settings(case, true, true)) {
                Ok(fine) => {
                    let (n, axes) = (grid.n, grid.form.axes());
                    let even = |a: &usize| !refined(&case.setup, *a);
                    let halves =
                        (0..grid.dimensions).all(|a| even(&a) || (n[a] % 2 == 0 && n[a] >= FEWEST));
                    let coarse = halves.then(|| load(&settings(case, false, true)).ok()).flatten();
                    let grids = [coarse.as_ref().map(|c| c.setup.grid.n), Some(n)];
                    let grids = grids.into_iter().flatten().chain([fine.setup.grid.n]);
                    let grids: Vec<String> =
                        grids.map(|n| n.map(|n| n.to_string()).join("×")).collect();
                    let last = if steps { ", steps in proportion to the voxels" } else { "" };
                    let even: Vec<&str> =
                        (0..grid.dimensions).filter(even).map(|a| axes[a]).collect();
                    let even = match even.len() {
                        0 => String::new(),
                        _ => format!("; one voxel along {}: no gradient there", even.join(", ")),
                    };
                    let words = format!("{} voxels{last}{even}", grids.join(", "));
                    return Ok(Plan { fine, coarse, words });
                }
                Err(r) if r.resources => why = "twice as many voxels do not fit in memory".into(),
                Err(r) => {
                    let first = r.diagnostics.first().map(|d| d.message.clone());
                    why = format!("on half the voxels, {}", first.unwrap_or_default());
                }
            }
        }
        if !steps {
            return Err(format!("{why}, and a steady case has no steps"));
        }
        let fine = load(&settings(case, true, false)).map_err(|r| r.to_string())?;
        let coarse = load(&settings(case, false, false)).ok();
        let words = format!("steps only: {why}; the error of the voxels is not in it");
        Ok(Plan { fine, coarse, words })
    }
}

/// True where the voxels along an axis are refined. One voxel along an axis whose faces nothing
/// passes says that there is no gradient along it, and stays; where something passes, it is a coarse
/// grid as any other.
fn refined(setup: &Setup, axis: usize) -> bool {
    let shut = |f: usize| {
        let solutes = setup.solutes.iter().all(|s| matches!(s.boundaries[f], Boundary::Sealed));
        solutes && setup.flow.as_ref().is_none_or(|flow| flow.shut(Face::ALL[f]))
    };
    setup.grid.n[axis] > 1 || !(shut(2 * axis) && shut(2 * axis + 1))
}

/// What `--set` must say for half the spacing, or double, and steps in proportion.
fn settings(case: &Case, finer: bool, space: bool) -> Vec<String> {
    let mut sets = Vec::new();
    let (grid, run) = (&case.setup.grid, &case.setup.run);
    let factor: f64 = if finer { 0.5 } else { 2.0 };
    if space {
        // Blocks of a homogenised structure keep their number of voxels.
        let n = case.setup.structure.homogenised.as_ref().map_or(grid.n, |h| h.n);
        let count = |a: usize| match (n[a], finer) {
            (n, _) if !refined(&case.setup, a) => n,
            (n, true) => 2 * n,
            (n, false) => n / 2,
        };
        let counts: Vec<usize> = (0..grid.dimensions).map(count).collect();
        sets.push(format!("domain.voxels={counts:?}"));
    }
    if !run.steady {
        // The error of a step falls with its cube.
        sets.push(format!("run.accuracy.time={:e}", factor.powi(3) * run.accuracy.time));
        sets.push(format!("run.accuracy.max_step=\"{:e} s\"", factor * run.accuracy.max_step));
        // Fixed steps are of first order: their error shall fall with that of the voxels.
        let step = run.lod.map(|step| factor.powi(2) * step);
        sets.extend(step.map(|step| format!("run.lod.step=\"{step:e} s\"")));
    }
    sets
}

/// Estimated error of `case`, and the observed order, from the value on twice the spacing (if
/// there is one) and on half of it.
///
/// Two grids: order two is assumed, with a safety factor of 3: four times the difference, which
/// is enough for every order from 0.42 on. Three grids: the observed order, between ¼ and 2, and
/// a factor of 1.25; where the differences do not shrink one way, order one and a factor of 3.
pub fn estimate(coarse: Option<f64>, case: f64, fine: f64) -> (f64, Option<f64>) {
    let index = |safety: f64, near: f64, order: f64| {
        let ratio = order.exp2();
        safety * near * ratio / (ratio - 1.0)
    };
    let step = case - fine;
    let Some(coarse) = coarse else { return (index(3.0, step.abs(), 2.0), None) };
    // Differences that shrink faster than order two allows have met by chance.
    let near = step.abs().max(0.25 * (coarse - case).abs());
    let shrinks = (coarse - case) / step;
    if near == 0.0 {
        (0.0, None)
    } else if shrinks > 1.0 {
        let order = shrinks.log2();
        (index(1.25, near, order.clamp(0.25, 2.0)), order.is_finite().then_some(order))
    } else {
        (index(3.0, near, 1.0), None)
    }
}

/// Gives every answer of the case its ±, from those of the finer and the coarser run.
pub fn compare(answers: &mut [Answer], coarse: Option<&[Answer]>, fine: &[Answer]) {
    for a in answers.iter_mut().filter(|a| !OF_THE_RUN.contains(&a.key.as_str())) {
        let of = |list: &[Answer]| list.iter().find(|b| b.key == a.key).and_then(|b| b.number);
        match (a.number, of(fine)) {
            (Some(value), Some(finer)) => {
                let (error, order) = estimate(coarse.and_then(of), value, finer);
                a.text = with_error(&a.text, value, error, &a.unit);
                (a.plus_minus, a.order) = (Some(error), order);
            }
            (None, None) => {}
            _ => {
                let other = fine.iter().find(|b| b.key == a.key).map_or("none", |b| &b.text);
                a.text = format!("{} (refined: {other})", a.text);
            }
        }
    }
}

/// The text of an answer with ± behind its number, in the unit of the text.
fn with_error(text: &str, value: f64, error: f64, unit: &str) -> String {
    let (head, rest) = text.split_once(' ').unwrap_or((text, ""));
    match head.parse::<f64>() {
        Ok(shown) if value != 0.0 && shown != 0.0 => {
            format!("{head} ± {} {rest}", two(error * (shown / value).abs())).trim_end().into()
        }
        _ => format!("{text} (± {} {unit})", two(error)).replace(" )", ")"),
    }
}

/// Two digits that count.
fn two(v: f64) -> String {
    format!("{v:.1e}").parse().map_or_else(|_| digits(v), digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values 1 + e·(4, 1, ¼) and 1 + e·(2, 1, ½): order two and one.
    #[test]
    fn the_estimate_covers_known_errors() {
        for (coarse, fine, order) in [(4.0, 0.25, 2.0), (2.0, 0.5, 1.0), (1.5, 1.0 / 1.5, 0.585)] {
            for e in [1e-3, -2e-6] {
                let (three, observed) = estimate(Some(1.0 + coarse * e), 1.0 + e, 1.0 + fine * e);
                let (two, _) = estimate(None, 1.0 + e, 1.0 + fine * e);
                assert!(three >= e.abs() && three <= 1.3 * e.abs(), "{three} {e}");
                assert!(two >= e.abs() && two <= 3.01 * e.abs(), "{two} {e}");
                assert!((observed.unwrap() - order).abs() < 1e-3);
            }
        }
        // To and fro: no order, and more than the larger difference.
        let (error, order) = estimate(Some(1.2), 1.0, 1.1);
        assert!(order.is_none() && error >= 0.2);
        // A crossing by chance does not make the error vanish.
        assert!(estimate(Some(1.4), 1.0, 1.0).0 >= 0.1);
        assert_eq!(estimate(Some(1.0), 1.0, 1.0), (0.0, None));
    }

    #[test]
    fn the_error_stands_behind_the_number_in_its_unit() {
        assert_eq!(with_error("83.1 %", 0.831, 0.00213, ""), "83.1 ± 0.21 %");
        assert_eq!(with_error("3.2 d at (1) mm", 276_480.0, 8640.0, "s"), "3.2 ± 0.1 d at (1) mm");
        assert_eq!(with_error("1.21", 1.21, 0.02, ""), "1.21 ± 0.02");
        assert_eq!(with_error("oxygen (to 4 %)", 0.04, 1e-4, ""), "oxygen (to 4 %) (± 1.000e-4)");
        assert_eq!(with_error("0 mol", 0.0, 0.5, "mol"), "0 mol (± 0.5 mol)");
    }
}
