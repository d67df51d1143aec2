//! Sources of a solute and its release from the scaffold.

use super::solutes::rate;
use super::{Builder, World};
use crate::case::checked::Checked;
use crate::case::shape::Range;
use crate::ground::signal::Signal;
use crate::ground::units::{self, CONCENTRATION, NONE, SOURCE};
use crate::model::setup::{Release, Source};
use crate::physics::acid::Buffer;
use crate::physics::release::Release as Law;

impl Builder<'_> {
    #[expect(clippy::option_option, reason = "absent and wrong are different")]
    pub(super) fn source(
        &mut self,
        name: &str,
        at: &Checked,
        world: &World<'_>,
    ) -> Option<Option<Source>> {
        let path = ["solutes", name, "source", "rate"];
        let here = |r: &super::Region<'_>| path.iter().try_fold(r.keys, |v, k| v.get(k)).is_some();
        let base = at.get("source");
        if base.is_none() && !world.regions.iter().any(here) {
            return Some(None);
        }
        let range = Range::not_negative(SOURCE);
        let base_rate = base.and_then(|b| b.get("rate"));
        let rate = self.field_with_regions(world, base_rate, &path, range, Some(name));
        let times = match base.and_then(|b| b.get("times")) {
            Some(times) => self.signal(times, Range::not_negative(NONE), name)?,
            None => Signal::Constant(1.0),
        };
        Some(Some(Source { rate: inside(world, rate?), times }))
    }

    #[expect(clippy::option_option, reason = "absent and wrong are different")]
    pub(super) fn release(
        &mut self,
        name: &str,
        at: &Checked,
        world: &World<'_>,
    ) -> Option<Option<Release>> {
        let path = ["solutes", name, "release", "loaded"];
        let Some(release) = at.get("release") else {
            for region in &world.regions {
                if let Some(here) = path.iter().try_fold(region.keys, |v, k| v.get(k)) {
                    let message = format!("{} needs solutes.{name}.release.law", here.key);
                    self.wrong("E020", here, message).label =
                        "a region changes what is loaded, not how it leaves".into();
                }
            }
            return Some(None);
        };
        if self.root.get("run").is_some_and(|r| r.flag("steady")) {
            self.wrong("E020", release, format!("{} beside run.steady", release.key)).label =
                "a release is a course in time: give run.duration".into();
        }
        let range = Range::not_negative(CONCENTRATION);
        let loaded =
            self.field_with_regions(world, release.get("loaded"), &path, range, Some(name));
        let law = self.release_law(release.get("law")?, name);
        Some(Some(Release { loaded: inside(world, loaded?), law: law? }))
    }

    /// The pH proxy: number of the acid and the buffer.
    #[expect(clippy::option_option, reason = "absent and wrong are different")]
    pub(super) fn ph(&mut self, world: &World<'_>) -> Option<Option<(usize, Buffer)>> {
        let Some(at) = self.root.get("ph") else { return Some(None) };
        let acid = at.get("acid")?;
        let name = acid.text()?;
        let Some(number) = world.solute(name) else {
            self.absent(acid, name);
            return None;
        };
        let buffer = Buffer { bicarbonate: at.si("bicarbonate")?, pco2: at.si("pco2")? };
        Some(Some((number, buffer)))
    }

    fn release_law(&mut self, at: &Checked, name: &str) -> Option<Law> {
        let (law, v) = at.choice()?;
        Some(match law {
            "first-order" => Law::FirstOrder { rate: rate(v.get("rate")?)?, burst: v.si("burst")? },
            "zero-order" => Law::ZeroOrder { over: v.si("over")?, burst: v.si("burst")? },
            "korsmeyer-peppas" => {
                let unit = units::unit(v.word("time_unit")?).ok()?.value;
                let (k, exponent) = (v.si("k")?, v.si("exponent")?);
                Law::KorsmeyerPeppas { scale: unit * k.powf(-1.0 / exponent), exponent }
            }
            _ => {
                let Signal::Ramp(rows) = self.signal(v, Range::fraction(), name)? else {
                    return None;
                };
                if let Some(w) = rows.windows(2).find(|w| w[1].1 < w[0].1) {
                    let at = v.choice().map_or(v, |c| c.1.get("path").unwrap_or(c.1));
                    let time = units::readable(w[1].0, units::TIME);
                    self.wrong("E016", at, format!("{} falls", v.key)).label = format!(
                        "from {} to {} at {time}: give the cumulative fraction",
                        units::number(w[0].1),
                        units::number(w[1].1)
                    );
                    return None;
                }
                Law::measured(rows)
            }
        })
    }
}

/// Zero in resolved solid.
fn inside(world: &World<'_>, mut values: Vec<f64>) -> Vec<f64> {
    for (i, v) in values.iter_mut().enumerate() {
        *v = if world.is_open(i) { *v } else { 0.0 };
    }
    values
}
