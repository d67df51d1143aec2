//! The answers of a run: what an engineer wants to know, each with its definition.

use super::answer::answer;
pub use super::answer::{Answer, digits, place};
use super::flow::felt;
use super::run::{Moment, Watcher};
use super::setup::{Boundary, Homogenised, Setup};
use super::solutes::{active, diffusion_way, fed, feeds};
use super::solver::Solver;
use super::state::{Kind, flat};
use super::survey::{Survey, split};
use crate::ground::grid::Face;
use crate::ground::keep::{Keeper, Misfit};
use crate::ground::moments;

mod stock;
mod survival;

use survival::by_plane;
pub use survival::viable_depth;

/// Densest tissue, cells/m³: cells of 10 µm side by side.
pub const PACKING: f64 = 1e15;

/// Gathers what has to be watched during the run.
#[derive(Debug, Default)]
pub struct Answers {
    seeded: Vec<f64>,
    /// Living cells at first in each plane across x, y, z.
    planes: [Vec<f64>; 3],
    /// Smallest value of each solute: value, voxel, time.
    least: Vec<(f64, usize, f64)>,
    /// Largest value of each solute.
    most: Vec<f64>,
    /// Time of first necrosis, s, and the voxel.
    necrosis: Option<(f64, usize)>,
    before: Option<(f64, f64)>,
    last: Option<Survey>,
}

impl Watcher for Answers {
    fn see(&mut self, moment: &Moment) -> Result<(), String> {
        let survey = moment.survey;
        if self.last.is_none() {
            self.seeded = living(moment.solver, survey);
            let alive = split(moment.solver).0;
            self.planes = std::array::from_fn(|axis| by_plane(moment.solver, axis, &alive));
            self.least = survey.least.iter().map(|l| (l.value, l.voxel, survey.time)).collect();
        }
        for (least, now) in self.least.iter_mut().zip(&survey.least) {
            if now.value < least.0 {
                *least = (now.value, now.voxel, survey.time);
            }
        }
        self.most.resize(survey.most.len(), 0.0);
        for (most, now) in self.most.iter_mut().zip(&survey.most) {
            *most = most.max(*now);
        }
        if let Some(fraction) = survey.least_viable {
            if fraction.value < 0.5 && self.necrosis.is_none() {
                // Exponential between the two steps, as cells die; all at once, linear.
                let (t0, f0) = self.before.unwrap_or((survey.time, fraction.value));
                let share = if fraction.value > 0.0 {
                    (f0 / 0.5).ln() / (f0 / fraction.value).ln()
                } else {
                    (f0 - 0.5) / f0
                };
                let time = t0 + (survey.time - t0) * share.clamp(0.0, 1.0);
                self.necrosis = Some((time, fraction.voxel));
            }
            self.before = Some((survey.time, fraction.value));
        }
        self.last = Some(survey.clone());
        Ok(())
    }

    fn keep(&mut self, k: &mut Keeper) -> Result<(), Misfit> {
        let Answers { seeded, planes, least, most, necrosis, before, last } = self;
        k.list("answers.seeded", seeded)?;
        for planes in planes {
            k.list("answers.planes", planes)?;
        }
        let count = k.length("answers.least", least.len())?;
        least.resize(count, Default::default());
        for (value, voxel, time) in least {
            k.number("answers.least.value", value)?;
            k.count("answers.least.voxel", voxel)?;
            k.number("answers.least.time", time)?;
        }
        k.list("answers.most", most)?;
        k.option("answers.necrosis", necrosis, |k, (time, voxel)| {
            k.number("answers.necrosis.time", time)?;
            k.count("answers.necrosis.voxel", voxel)
        })?;
        k.option("answers.before", before, |k, (time, fraction)| {
            k.number("answers.before.time", time)?;
            k.number("answers.before.fraction", fraction)
        })?;
        k.option("answers.last", last, |k, survey| survey.keep(k))
    }
}

/// Viable and quiescent cells of each population.
fn living(solver: &Solver, survey: &Survey) -> Vec<f64> {
    let mut sums = vec![0.0; solver.setup.populations.len()];
    for (spec, total) in solver.catalogue.specs.iter().zip(&survey.totals) {
        if let Kind::Viable(p) | Kind::Quiescent(p) = spec.kind {
            sums[p] += total;
        }
    }
    sums
}

/// Faces through which any solute enters from a value, a film or a bath; one held at 0 only takes.
pub fn fed_faces(setup: &Setup) -> Vec<Face> {
    let enters = |s: usize, b: &Boundary| match b {
        Boundary::Bath(n) => setup.baths[*n].solutes.iter().any(|x| x.0 == s && x.1 > 0.0),
        b => feeds(b) && b.signal().is_some_and(|v| v.range().1 > 0.0),
    };
    let fed = |f: &Face| {
        let mut solutes = setup.solutes.iter().enumerate();
        solutes.any(|(s, solute)| enters(s, &solute.boundaries[f.number()]))
    };
    Face::ALL.into_iter().filter(fed).collect()
}

/// What was computed of a structure that is homogenised.
fn averages(structure: &Homogenised) -> Option<Answer> {
    let ratio = structure.ratio?;
    let used = (0..3).filter(|a| structure.n[*a] > 1);
    let ratios: Vec<String> = used.clone().map(|a| digits(ratio[a])).collect();
    let mean = used.clone().map(|a| ratio[a]).sum::<f64>() / used.count().max(1) as f64;
    let mut text = format!(
        "{} of the free one along the axes; porosity {}",
        ratios.join(", "),
        digits(structure.porosity)
    );
    // Ways through a solid are none of the pores.
    if structure.pores.is_none() {
        text = format!("{text}, tortuosity {}", digits(structure.porosity / mean));
    }
    let definition =
        "computed from the structure; tortuosity: porosity over the mean of the ratios";
    let label = "effective diffusivity";
    Some(answer("effective_diffusivity", label, text, Some(mean), "", definition))
}

/// When a run that stops at rest did so.
fn ended_at_rest(solver: &Solver) -> Answer {
    let (run, time) = (&solver.setup.run, solver.state.time);
    let (unit, seconds) = run.time_unit;
    let reached = moments::after(time, run.duration).then_some(time);
    let text = match reached {
        Some(t) => format!("from {} {unit} on", digits(t / seconds)),
        None => "not reached in the duration".into(),
    };
    let definition =
        "when nothing given changed any more, and no field by more than accuracy.time a day";
    answer("steady_at", "steady", text, reached, "s", definition)
}

impl Answers {
    /// All answers, in the order in which they are printed.
    pub fn finish(&self, solver: &Solver) -> Vec<Answer> {
        let Some(survey) = &self.last else { return Vec::new() };
        let setup = &solver.setup;
        let mut out = Vec::new();
        if !setup.populations.is_empty() {
            self.survival(solver, survey, &mut out);
            self.cells(solver, survey, &mut out);
        }
        self.nutrients(solver, survey, &mut out);
        if let Some((acid, buffer)) = setup.ph {
            stock::acidity(self.most.get(acid).copied().unwrap_or(0.0), buffer, &mut out);
        }
        stock::matter(solver, survey, &mut out);
        limits(solver, &mut out);
        super::perfusion::answers(solver, &mut out);
        scales(solver, &mut out);
        out.extend(setup.structure.homogenised.as_ref().and_then(averages));
        for text in &setup.silent_laws {
            let text = text.replace(" is not modelled", "");
            out.push(answer("not_modelled", "not modelled", text, None, "", ""));
        }
        if setup.run.steady {
            let text = "growth, death, motility and lysis were not advanced (steady = true)";
            out.push(answer("steady", "steady", text.into(), None, "", ""));
        }
        out.extend(setup.run.stop_when_steady.then(|| ended_at_rest(solver)));
        numerics(solver, &mut out);
        out
    }

    fn cells(&self, solver: &Solver, survey: &Survey, out: &mut Vec<Answer>) {
        let setup = &solver.setup;
        let volume: f64 = setup.grid.voxel_volume() * solver.measure().iter().sum::<f64>();
        for (p, population) in setup.populations.iter().enumerate() {
            let added = solver.ledger.find(&format!("{}.added", population.name));
            let seeded = self.seeded.get(p).copied().unwrap_or(0.0) + added.map_or(0.0, |t| t.0);
            let mut line = |key: &str, label: &str, count: f64| {
                let share = if seeded > 0.0 {
                    format!(", {} % of the seeded", digits(100.0 * count / seeded))
                } else {
                    String::new()
                };
                out.push(answer(
                    &format!("{}.{key}", population.name),
                    &format!("{} {label}", population.name),
                    format!(
                        "{} cells, {} /mL{share}",
                        digits(count),
                        digits(count / volume * 1e-6)
                    ),
                    Some(count),
                    "cells",
                    "",
                ));
            };
            line("seeded", "seeded", seeded);
            for (spec, &total) in solver.catalogue.specs.iter().zip(&survey.totals) {
                match spec.kind {
                    Kind::Viable(q) if q == p => line("viable", "viable", total),
                    Kind::Quiescent(q) if q == p => line("quiescent", "quiescent", total),
                    _ => {}
                }
            }
            for death in &population.deaths {
                let name = format!("{}.died.{}", population.name, death.cause);
                let died = solver.ledger.find(&name).map_or(0.0, |t| t.0);
                line(&format!("died.{}", death.cause), &format!("died of {}", death.cause), died);
            }
            for law in &population.differentiation {
                let other = &setup.populations[law.into].name;
                let became = solver.ledger.find(&format!("{}.became.{other}", population.name));
                let became = became.map_or(0.0, |t| t.0);
                line(&format!("became.{other}"), &format!("became {other}"), became);
            }
            if population.detachment.is_some() {
                let detached = solver.ledger.find(&format!("{}.detached", population.name));
                line("detached", "detached", detached.map_or(0.0, |t| t.0));
            }
            if population.lysis > 0.0 {
                let lysed = solver.ledger.find(&format!("{}.lysed", population.name));
                line("lysed", "lysed", lysed.map_or(0.0, |t| t.0));
            }
            if population.growth.is_some() {
                let born = solver.ledger.find(&format!("{}.born", population.name));
                line("born", "born", born.map_or(0.0, |t| t.0));
            }
        }
        let (living, dead) = split(solver);
        let all = |i: usize| living.iter().chain(&dead).map(|f| f[i]).sum::<f64>();
        let densest = (0..setup.grid.len()).map(all).fold(0.0, f64::max);
        if densest > PACKING {
            out.push(answer(
                "above_packing",
                "above packing limit",
                format!("up to {} cells/mL", digits(densest * 1e-6)),
                Some(densest),
                "cells/m^3",
                "more cells in a voxel than fit side by side (1e9 /mL): growth without crowding?",
            ));
        }
        if survey.excess > 0.0 {
            out.push(answer(
                "capacity_excess",
                "above capacity",
                format!("up to {} cells/mL", digits(survey.excess * 1e-6)),
                Some(survey.excess),
                "cells/m^3",
                "largest excess of the counted cells over the capacity in any voxel",
            ));
        }
    }

    fn nutrients(&self, solver: &Solver, survey: &Survey, out: &mut Vec<Answer>) {
        let setup = &solver.setup;
        let (unit, seconds) = setup.run.time_unit;
        let grid = setup.grid.whole();
        for (s, solute) in setup.solutes.iter().enumerate() {
            let Some(&(value, voxel, time)) = self.least.get(s) else { continue };
            let least = answer(
                &format!("{}.least", solute.name),
                &format!("least {}", solute.name),
                format!(
                    "{} mol/m³ at {}, {} {unit}; largest at the end {} mol/m³",
                    digits(value),
                    place(&grid, voxel),
                    digits(time / seconds),
                    digits(survey.most.get(s).copied().unwrap_or(0.0)),
                ),
                Some(value),
                "mol/m^3",
                "",
            );
            out.push(least.found(&grid, voxel, time));
        }
    }
}

/// What limits growth most, and what killed most.
fn limits(solver: &Solver, out: &mut Vec<Answer>) {
    let setup = &solver.setup;
    let felt = felt(setup, &solver.shear, &solver.state);
    for (p, population) in setup.populations.iter().enumerate() {
        let Some(f) = solver.catalogue.number(Kind::Viable(p)) else { continue };
        let measure = solver.measure();
        let cells = flat(&solver.state.fields[f]).iter().zip(measure);
        let viable: Vec<f64> = cells.map(|(n, m)| n * m).collect();
        let total: f64 = viable.iter().sum();
        if let (Some(growth), true) = (&population.growth, total > 0.0) {
            let mut factors: Vec<(String, f64)> = growth
                .limits
                .iter()
                .map(|(s, law)| {
                    let sum: f64 =
                        viable.iter().zip(felt[*s]).map(|(n, c)| n * law.factor(c.max(0.0))).sum();
                    let name = setup.solutes.get(*s).map_or("wall shear", |s| s.name.as_str());
                    (name.to_owned(), sum / total)
                })
                .collect();
            if let (true, Some(capacity)) = (growth.logistic, population.capacity) {
                let (living, dead) = split(solver);
                let sum = |fields: &[&[f64]], i: usize| fields.iter().map(|f| f[i]).sum::<f64>();
                let counted = |i: usize| {
                    let alive = if capacity.counts_viable { sum(&living, i) } else { 0.0 };
                    alive + if capacity.counts_dead { sum(&dead, i) } else { 0.0 }
                };
                let room = |i: usize| (1.0 - counted(i) / capacity.density).max(0.0);
                let crowd: f64 = viable.iter().enumerate().map(|(i, n)| n * room(i)).sum();
                factors.push(("room".into(), crowd / total));
            }
            factors.sort_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((name, factor)) = factors.first() {
                out.push(answer(
                    &format!("{}.growth_limit", population.name),
                    &format!("{} growth is limited by", population.name),
                    format!("{name} (to {} % of the full rate)", digits(100.0 * factor)),
                    Some(*factor),
                    "",
                    "smallest mean limit factor over the viable cells at the end",
                ));
            }
        }
        let deaths = population.deaths.iter().map(|d| {
            let name = format!("{}.died.{}", population.name, d.cause);
            (d.cause.as_str(), solver.ledger.find(&name).map_or(0.0, |t| t.0))
        });
        if let Some((cause, count)) =
            deaths.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|d| d.1 >= 1.0)
        {
            out.push(answer(
                &format!("{}.death_cause", population.name),
                &format!("{} died most of", population.name),
                format!("{cause} ({} cells)", digits(count)),
                Some(count),
                "cells",
                "",
            ));
        }
    }
}

/// Supply against demand, Thiele modulus, relaxation times.
fn scales(solver: &Solver, out: &mut Vec<Answer>) {
    let setup = &solver.setup;
    let volume = setup.grid.voxel_volume();
    let measure = solver.measure();
    let live: f64 = measure.iter().sum();
    for (s, solute) in setup.solutes.iter().enumerate() {
        let (Some(c0), Some((length, along))) = (fed(setup, s), diffusion_way(setup, s)) else {
            continue;
        };
        let (mut demand, mut used, mut largest) = (0.0, 0.0, 0.0);
        let c = flat(&solver.state.fields[s]);
        for (p, population) in setup.populations.iter().enumerate() {
            let cells_of =
                |kind| solver.catalogue.number(kind).map(|f| flat(&solver.state.fields[f]));
            let Some(viable) = cells_of(Kind::Viable(p)) else { continue };
            let activity = population.activity();
            let working = active(viable, cells_of(Kind::Quiescent(p)).map(|q| (q, activity)));
            for (_, law) in population.uptake.iter().filter(|u| u.0 == s) {
                let at_fed =
                    population.modulation(s, &|by| fed(setup, by).unwrap_or(f64::INFINITY));
                // As the other solutes modify it where the cells are: less of one may mean more
                // use of another.
                let cells = working.iter().zip(measure);
                for (i, ((n, m), c)) in cells.zip(c).enumerate() {
                    let at = |by: usize| flat(&solver.state.fields[by])[i];
                    let cells = population.modulation(s, &at) * (n * m) * volume;
                    used += cells * law.rate(*c);
                    demand += cells * law.rate(c0);
                }
                largest += at_fed * law.reference_rate(c0) * solver.seeded[p] / live;
            }
        }
        // At the start, as the seeding.
        let local = |i: usize| solute.diffusivity * solute.relative[i] * measure[i];
        let d: f64 = along * (0..setup.grid.len()).map(local).sum::<f64>() / live;
        if largest > 0.0 && c0 > 0.0 && d > 0.0 {
            let thiele = largest * length * length / (d * c0);
            out.push(answer(
                &format!("{}.thiele2", solute.name),
                &format!("{} Thiele modulus φ²", solute.name),
                digits(thiele),
                Some(thiele),
                "",
                "V n L²/(D c₀): largest uptake, mean seeding, longest way from a fed face",
            ));
        }
        if demand > 0.0 {
            out.push(answer(
                &format!("{}.satisfied", solute.name),
                &format!("{} supply/demand", solute.name),
                format!(
                    "{} % of {} mol/d that the living cells could use",
                    digits(100.0 * used / demand),
                    digits(demand * 86_400.0)
                ),
                Some(used / demand),
                "",
                "uptake of the living cells at the end over that of the same cells at the fed concentration",
            ));
        }
    }
}

/// Budgets and work.
fn numerics(solver: &Solver, out: &mut Vec<Answer>) {
    if let Some((name, defect)) = solver.ledger.worst() {
        out.push(answer(
            "ledger_defect",
            "mass balance defect",
            format!("{defect:.1e} (worst: {name})"),
            Some(defect),
            "",
            if solver.setup.run.steady {
                "|in − out − used + made| over the sum of all terms"
            } else {
                "|final − initial − in + out + used − made − events| over the sum of all terms"
            },
        ));
    }
    if let Some(text) = super::symmetry::told(&solver.setup.grid) {
        let definition =
            "the other voxels are images of these; run.symmetry = false solves for all";
        out.push(answer("symmetry", "symmetry", text, None, "", definition));
    }
    let work = solver.work;
    let values = solver.catalogue.specs.len().max(1) * solver.setup.grid.len();
    let fields = values as f64 * work.steps.max(1) as f64;
    out.push(answer(
        "limited",
        "limited",
        format!("{} % of voxels and steps", digits(100.0 * work.limited as f64 / fields)),
        Some(work.limited as f64 / fields),
        "",
        "where second order was given up to keep values positive",
    ));
    if work.unsettled > 0 {
        out.push(answer(
            "unsettled",
            "limiters held",
            format!(
                "in {} of {} solves; they leave up to {:.1e} of the largest that enters",
                work.unsettled, work.solves, work.left
            ),
            Some(work.left),
            "",
            "relative residual where limiter and solution did not find each other: smaller voxels or steps may help",
        ));
    }
    out.push(answer(
        "steps",
        "steps",
        format!(
            "{} ({} rejected), {} solves, {} Newton and {} multigrid iterations",
            work.steps, work.rejected, work.solves, work.newton, work.cycles
        ),
        Some(work.steps as f64),
        "",
        "",
    ));
}
