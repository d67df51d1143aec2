//! Clock, accuracy and output.

use super::Builder;
use crate::case::checked::Checked;
use crate::case::words::{brief, one_of};
use crate::ground::units::{self, TIME, readable};
use crate::model::setup::{Accuracy, RunPlan, Setup};
use crate::model::state::{Catalogue, Kind};

/// Most times at which fields are written.
const MOST_OUTPUTS: f64 = 100_000.0;

impl Builder<'_> {
    pub(super) fn run_plan(&mut self, root: &Checked) -> Option<RunPlan> {
        let run = root.get("run")?;
        let steady = run.flag("steady");
        let not_steady = run.get("steady").filter(|key| !steady && !key.invalid());
        if let (Some(key), None) = (not_steady, run.get("duration")) {
            self.wrong("E011", key, "run.duration is missing".into()).label =
                "steady = false needs a duration".into();
        }
        let accuracy = run.get("accuracy")?;
        let output = run.get("output")?;
        if steady {
            let moving = ["stop_when", "checkpoints"].map(|k| run.get(k));
            let moving = moving.into_iter().chain([output.get("every"), output.get("at")]);
            for key in moving.flatten() {
                self.wrong("E020", key, format!("{} beside run.steady", key.key)).label =
                    "a steady run has one moment".into();
            }
        }
        let duration = if steady { 0.0 } else { run.si("duration")? };
        let outputs = if steady { Some(vec![0.0]) } else { self.outputs(output, duration) };
        Some(RunPlan {
            duration,
            steady,
            stop_when_steady: run.word("stop_when").is_some(),
            accuracy: Accuracy {
                time: accuracy.si("time")?,
                solver: match accuracy.get("solver") {
                    Some(at) => Some(at.quantity()?),
                    None => None,
                },
                max_step: accuracy.si("max_step")?,
            },
            lod: match run.get("lod") {
                Some(lod) => Some(lod.si("step")?),
                None => None,
            },
            outputs: outputs?,
            checkpoints: self.checkpoints(run, duration)?,
            fields: Vec::new(),
            double: output.word("precision")? == "f64",
            time_unit: units::time_unit(duration),
        })
    }

    /// 0, multiples of `every`, the times of `at`, and the end; exact to the second.
    fn outputs(&mut self, output: &Checked, duration: f64) -> Option<Vec<f64>> {
        let every = match output.get("every") {
            Some(at) => {
                let every = at.quantity()?;
                if duration / every > MOST_OUTPUTS {
                    self.wrong(
                        "E016",
                        at,
                        format!("{} gives {} outputs", at.key, units::number(duration / every)),
                    )
                    .label = "at most 100000".into();
                    return None;
                }
                every
            }
            None => usual_interval(duration),
        };
        let count = (duration / every * (1.0 + 1e-12)).floor() as usize;
        let mut times: Vec<f64> = (0..=count).map(|k| k as f64 * every).collect();
        if let Some(list) = output.get("at") {
            for at in list.list() {
                let t = at.quantity()?;
                if t > duration * (1.0 + 1e-12) {
                    self.wrong("E016", at, format!("{} is after the end", at.key)).label =
                        format!("the run ends at {}", readable(duration, TIME));
                }
                times.push(t);
            }
        }
        times.push(duration);
        times.sort_by(f64::total_cmp);
        times.retain(|t| *t <= duration * (1.0 + 1e-12));
        times.dedup_by(|b, a| (*b - *a).abs() <= 1e-9 * duration);
        if let Some(end) = times.last_mut() {
            *end = duration;
        }
        Some(times)
    }

    /// Times of checkpoints that stay.
    fn checkpoints(&mut self, run: &Checked, duration: f64) -> Option<Vec<f64>> {
        let Some(list) = run.get("checkpoints") else { return Some(Vec::new()) };
        let mut times = list.quantities()?;
        for at in list.list() {
            if at.quantity()? > duration {
                self.wrong("E016", at, format!("{} is after the end", at.key)).label =
                    format!("the run ends at {}", readable(duration, TIME));
            }
        }
        times.sort_by(f64::total_cmp);
        times.dedup();
        Some(times)
    }

    /// The fields to write: those asked for, or all but stages of damage and what follows
    /// from others.
    pub(super) fn fields_to_write(&mut self, mut setup: Setup) -> Option<Setup> {
        let specs = Catalogue::new(&setup).specs;
        let mut all: Vec<String> = specs.iter().map(|spec| spec.name.clone()).collect();
        all.extend(setup.ph.map(|_| "ph".to_owned()));
        all.extend(setup.matter.changing.as_ref().map(|_| "porosity".to_owned()));
        if !setup.populations.is_empty() {
            all.push("viable_fraction".to_owned());
        }
        let flow = setup.flow_fields();
        all.extend(flow.iter().map(|f| (*f).to_owned()));
        let Some(list) = self.root.get("run")?.get("output")?.get("fields") else {
            let shown = specs.into_iter().filter(|s| !matches!(s.kind, Kind::Damaged { .. }));
            setup.run.fields = shown.map(|s| s.name).collect();
            setup.run.fields.extend(setup.ph.map(|_| "ph".to_owned()));
            setup.run.fields.extend(setup.matter.changing.as_ref().map(|_| "porosity".to_owned()));
            setup.run.fields.extend(flow.iter().map(|f| (*f).to_owned()));
            return Some(setup);
        };
        for at in list.list() {
            let name = at.text()?;
            if !all.iter().any(|f| f == name) {
                let near = units::nearest(name, all.iter().map(String::as_str));
                let d = self.wrong(
                    "E021",
                    at,
                    format!("{}: no field is called `{}`", at.key, brief(name)),
                );
                d.label = near.map(|n| format!("did you mean \"{n}\"?")).unwrap_or_default();
                d.notes.push(format!("expected {}", one_of(all.iter().map(String::as_str))));
            } else if !setup.run.fields.iter().any(|f| f == name) {
                setup.run.fields.push(name.into());
            }
        }
        Some(setup)
    }
}

/// A round interval that gives about 30 outputs.
fn usual_interval(duration: f64) -> f64 {
    const ROUND: [f64; 18] = [
        1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0,
        14_400.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0,
    ];
    let wanted = duration / 30.0;
    ROUND.into_iter().find(|i| *i >= wanted && wanted > 0.5).unwrap_or(wanted)
}
