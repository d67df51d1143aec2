//! How many live, how deep, and until when.

use super::{Answer, Answers, answer, digits, fed_faces, living, place};
use crate::ground::grid::Face;
use crate::ground::par;
use crate::model::solver::Solver;
use crate::model::state::Kind;
use crate::model::survey::{Survey, split};

impl Answers {
    pub(super) fn survival(&self, solver: &Solver, survey: &Survey, out: &mut Vec<Answer>) {
        let setup = &solver.setup;
        let (unit, seconds) = setup.run.time_unit;
        let count =
            |kind: &Kind| !matches!(kind, Kind::Solute(_) | Kind::Scaffold | Kind::Matrix(_));
        let mut fields = solver.catalogue.specs.iter().zip(&survey.totals);
        let cells = fields.any(|(spec, total)| count(&spec.kind) && *total > 0.0);
        let dies = !setup.run.steady && setup.populations.iter().any(|p| !p.deaths.is_empty());
        let beside = if dies { "" } else { " (death is not modelled)" };
        let percent = |v: f64| {
            if cells {
                (format!("{} %{beside}", digits(100.0 * v)), Some(v))
            } else {
                ("no cells".into(), None)
            }
        };
        let (text, fraction) = percent(survey.viable_fraction);
        out.push(answer(
            "viable_fraction",
            "viable fraction",
            text,
            fraction,
            "",
            "(viable + quiescent)/(viable + quiescent + dead not lysed), as a live/dead stain counts",
        ));
        if let Some(share) = surviving(solver, survey) {
            out.push(answer(
                "surviving_fraction",
                "surviving fraction",
                format!("{} %", digits(100.0 * share)),
                Some(share),
                "",
                "(viable + quiescent)/(viable + quiescent + dead + lysed): what a stain no longer sees has died too",
            ));
        }
        let (text, fraction) = percent(survey.viable_volume);
        out.push(answer(
            "viable_volume_fraction",
            "viable volume fraction",
            text,
            fraction,
            "",
            "share of the volume with cells where at least half of them live",
        ));
        let mut thinned = Vec::new();
        for (n, face) in fed_faces(setup).into_iter().enumerate() {
            let (living, dead) = split(solver);
            let alive = by_plane(solver, face.axis, &living);
            let depth = viable_to(solver, face, &alive, &by_plane(solver, face.axis, &dead));
            let left = depth_of_half(solver, face, &alive, &self.planes[face.axis]);
            // Where none is lysed both are the same, to round-off.
            let less = |d: &f64| depth.is_none_or(|v| *d < v * (1.0 - 1e-9));
            thinned.extend(left.filter(less).map(|d| (face, d)));
            let whole = setup.grid.length(face.axis);
            let text = match depth {
                _ if !cells => "no cells".into(),
                Some(d) => format!("{} mm of {} mm", digits(d * 1e3), digits(whole * 1e3)),
                None => format!("whole thickness ({} mm)", digits(whole * 1e3)),
            };
            let definition = if n == 0 {
                "distance from the fed face to the first plane whose viable fraction is below 0.5"
            } else {
                ""
            };
            out.push(answer(
                &format!("viable_depth.{}", setup.grid.face_name(face)),
                &format!("viable depth from {}", setup.grid.face_name(face)),
                text,
                cells.then(|| depth.unwrap_or(whole)),
                "m",
                definition,
            ));
        }
        for (n, (face, depth)) in thinned.into_iter().enumerate() {
            let name = setup.grid.face_name(face);
            let whole = digits(setup.grid.length(face.axis) * 1e3);
            let definition = "distance to the first plane with less than half of the living cells that were seeded there";
            out.push(answer(
                &format!("populated_depth.{name}"),
                &format!("populated depth from {name}"),
                format!("{} mm of {whole} mm", digits(depth * 1e3)),
                Some(depth),
                "m",
                if n == 0 { definition } else { "" },
            ));
        }
        let grid = setup.grid.whole();
        let necrosis = match self.necrosis {
            Some((t, voxel)) => {
                format!("{} {unit} at {}", digits(t / seconds), place(&grid, voxel))
            }
            None => format!("none{beside}"),
        };
        let first = answer(
            "first_necrosis",
            "first necrosis",
            necrosis,
            self.necrosis.map(|n| n.0),
            "s",
            "first time any voxel with cells has a viable fraction below 0.5",
        );
        out.push(match self.necrosis {
            Some((t, voxel)) => first.found(&grid, voxel, t),
            None => first,
        });
    }
}

/// Living cells over all that lived, where some are lysed.
fn surviving(solver: &Solver, survey: &Survey) -> Option<f64> {
    let setup = &solver.setup;
    let lysed = |name: &str| solver.ledger.find(&format!("{name}.lysed")).map_or(0.0, |t| t.0);
    let gone: f64 = setup.populations.iter().map(|p| lysed(&p.name)).sum();
    let dead = solver.catalogue.specs.iter().zip(&survey.totals);
    let dead = dead.filter(|(spec, _)| matches!(spec.kind, Kind::Dead(..))).map(|(_, total)| total);
    let alive: f64 = living(solver, survey).iter().sum();
    let all = alive + dead.sum::<f64>() + gone;
    (gone > 0.0 && all > 0.0).then(|| alive / all)
}

/// Viable depth from a face, m; `None`: whole thickness.
pub fn viable_depth(solver: &Solver, face: Face) -> Option<f64> {
    let (living, dead) = split(solver);
    let [alive, dead] = [living, dead].map(|f| by_plane(solver, face.axis, &f));
    viable_to(solver, face, &alive, &dead)
}

/// As [`viable_depth`], of the living and the dead in each plane.
fn viable_to(solver: &Solver, face: Face, alive: &[f64], dead: &[f64]) -> Option<f64> {
    let all: Vec<f64> = alive.iter().zip(dead).map(|(a, d)| a + d).collect();
    depth_of_half(solver, face, alive, &all)
}

/// Sums of fields over the planes of the whole across an axis, per volume of a voxel of the whole.
pub(super) fn by_plane(solver: &Solver, axis: usize, fields: &[&[f64]]) -> Vec<f64> {
    let (grid, measure) = (&solver.setup.grid, solver.measure());
    let planes = grid.n[axis];
    let mut sum = vec![0.0; planes];
    for field in fields {
        let by_plane = par::map(grid.n[2], grid.plane(), |k| {
            let mut part = vec![0.0; planes];
            let range = k * grid.plane()..(k + 1) * grid.plane();
            for (i, (v, m)) in range.clone().zip(field[range.clone()].iter().zip(&measure[range])) {
                part[grid.voxel(i)[axis]] += v * m;
            }
            part
        });
        for part in by_plane {
            for (s, p) in sum.iter_mut().zip(part) {
                *s += p;
            }
        }
    }
    let copies = grid.copies_across(axis) as f64;
    for s in &mut sum {
        *s *= copies;
    }
    grid.spread_along(axis, &sum)
}

/// Depth from a face at which the share `part`/`all` of planes falls below a half, linear between
/// them; `None` where it does not.
fn depth_of_half(solver: &Solver, face: Face, part: &[f64], all: &[f64]) -> Option<f64> {
    let mut before: Option<(f64, f64)> = None;
    for step in 0..all.len() {
        let i = if face.end { all.len() - 1 - step } else { step };
        if all[i] <= 0.0 {
            continue;
        }
        let fraction = part[i] / all[i];
        let depth = (step as f64 + 0.5) * solver.setup.grid.h[face.axis];
        if fraction < 0.5 {
            return Some(before.map_or(0.0, |(d, f)| d + (depth - d) * (f - 0.5) / (f - fraction)));
        }
        before = Some((depth, fraction));
    }
    None
}
