//! What cells do in a flow: growth that shear speeds up, detachment.

use super::cells::{Acting, combine};
use super::solutes::rate;
use super::{Builder, World};
use crate::case::checked::Checked;
use crate::model::setup::Detachment;
use crate::physics::response::{Above, Stimulation};

impl Builder<'_> {
    /// Why the shear on the pore walls is not known, and the remedy; `None` where it is.
    pub(super) fn shearless(&self) -> Option<(&'static str, &'static str)> {
        let Some(flow) = self.root.get("flow") else {
            return Some(("there is no [flow]", "write [flow], or leave the law out"));
        };
        let law = flow.get("law").and_then(Checked::choice);
        law.filter(|(name, v)| *name == "given" && v.get("permeability").is_none())
            .map(|_| ("flow.law.given has no permeability", "give it one, or leave the law out"))
    }

    /// What speeds growth up.
    pub(super) fn stimulation(
        &mut self,
        name: &str,
        growth: &Checked,
        world: &World<'_>,
    ) -> Option<Vec<(usize, Stimulation)>> {
        let mut out = Some(Vec::new());
        for (by, v) in growth.entries_of("stimulation") {
            let Some(number) = world.felt(by) else {
                self.absent_law(v, by, &format!("{name}: growth stimulated by {by}"));
                continue;
            };
            let built = (|| {
                let on = Above { half: v.si("half")?, exponent: v.si("exponent")? };
                Some((number, Stimulation { factor: v.si("factor")?, on }))
            })();
            match (built, &mut out) {
                (Some(law), Some(list)) => list.push(law),
                _ => out = None,
            }
        }
        out
    }

    /// Cells that leave with the flow.
    pub(super) fn detachment(
        &mut self,
        name: &str,
        d: &Checked,
        world: &World<'_>,
    ) -> Option<Acting<Detachment>> {
        if self.root.get("flow").is_none() {
            self.wrong("E023", d, format!("{} without [flow]", d.key)).label =
                "nothing carries the cells away: write [flow], or leave it out".into();
            return None;
        }
        if d.entries_of("when").is_empty() {
            let when = d.get("when").unwrap_or(d);
            let found = self.wrong("E011", when, format!("{} has no trigger", d.key));
            found.label = "cells stay where nothing tears them off".into();
            found
                .notes
                .push("write for example: when.wall_shear.above = { half = \"50 mPa\" }".into());
            return None;
        }
        let Acting::Yes(when) = self.triggers(d, world, &format!("{name}: detachment"))? else {
            return Some(Acting::No);
        };
        Some(Acting::Yes(Detachment { rate: rate(d.get("rate")?)?, when, combine: combine(d) }))
    }
}
