//! How cells move.

use super::{Builder, World};
use crate::case::checked::Checked;
use crate::ground::units;
use crate::model::setup::Capacity;
use crate::physics::migration::{Cue, Motility, Taxis};

impl Builder<'_> {
    /// Random motility of a population; `None` after an error.
    pub(super) fn motility(
        &mut self,
        at: &Checked,
        world: &World<'_>,
        capacity: Option<Capacity>,
    ) -> Option<Motility> {
        let Some(motility) = at.get("motility") else { return Some(Motility::Constant(0.0)) };
        let (kind, v) = motility.choice()?;
        if kind != "constant" && world.grid.periodic.contains(&true) {
            self.wrong("E023", v, format!("{} beside domain.periodic is not modelled", v.key))
                .label = "only motility.constant crosses periodic sides".into();
            return None;
        }
        Some(match kind {
            "porous" => {
                let Some(capacity) = capacity else {
                    self.wrong("E011", v, format!("{} needs {}.capacity", v.key, at.key)).label =
                        "cells move with D·n/capacity".into();
                    return None;
                };
                let diffusivity = v.si("diffusivity")?;
                Motility::Porous { diffusivity, capacity: capacity.density }
            }
            "haptokinetic" => {
                let of = v.get("of")?;
                let number = self.matrix_number(of, of.text()?)?;
                Motility::Haptokinetic { of: number, largest: v.si("largest")?, at: v.si("at")? }
            }
            _ => Motility::Constant(v.quantity()?),
        })
    }

    /// Taxis of a population, and whether it only fills the room that is left.
    pub(super) fn taxis(
        &mut self,
        at: &Checked,
        world: &World<'_>,
        capacity: Option<Capacity>,
    ) -> Option<(Vec<Taxis>, bool)> {
        let mut out = Some(Vec::new());
        let mut filling: Option<bool> = None;
        let mut all = Vec::new();
        for (solute, v) in at.entries_of("chemotaxis") {
            if let Some(s) = world.solute(solute) {
                all.push((Cue::Solute(s), v));
            } else {
                self.absent(v, solute);
                out = None;
            }
        }
        for (matrix, v) in at.entries_of("haptotaxis") {
            if let Some(m) = self.matrix_number(v, matrix) {
                all.push((Cue::Matrix(m), v));
            } else {
                out = None;
            }
        }
        for (of, v) in all {
            if world.grid.periodic.contains(&true) {
                let message = format!("{} beside domain.periodic is not modelled", v.key);
                self.wrong("E023", v, message).label = "leave one of them out".into();
                out = None;
                continue;
            }
            if at.get("motility").is_some_and(|m| m.chosen("porous").is_some()) {
                self.wrong("E020", v, format!("{} beside motility.porous", v.key)).label =
                    "drift goes with a constant or a haptokinetic motility".into();
                out = None;
                continue;
            }
            let fills = v.word("crowding")? == "volume-filling";
            if fills && !capacity.is_some_and(|c| c.counts_viable) {
                let message = format!("{} needs a capacity that counts viable cells", v.key);
                self.wrong("E011", v, message).label =
                    "give it, or say crowding = \"none\": then cells may pile up without bound"
                        .into();
                out = None;
                continue;
            }
            if filling.is_some_and(|f| f != fills) {
                self.wrong("E023", v, format!("{} differs from the taxis before it", v.key))
                    .label = "crowding is one for all attractants of a population".into();
                out = None;
                continue;
            }
            filling = Some(fills);
            let half = if v.get("half").is_some() { v.si("half") } else { Some(f64::INFINITY) };
            match (&mut out, v.si("sensitivity"), half) {
                (Some(list), Some(sensitivity), Some(half)) => {
                    list.push(Taxis { of, sensitivity, half });
                }
                _ => out = None,
            }
        }
        Some((out?, filling == Some(true)))
    }

    /// Number of the matrix with this name; an unknown one is reported at `at`.
    fn matrix_number(&mut self, at: &Checked, name: &str) -> Option<usize> {
        let root = self.root;
        let known: Vec<&str> = root.entries_of("matrix").iter().map(|e| e.0.as_str()).collect();
        let found = known.iter().position(|m| *m == name);
        if found.is_none() {
            let near = units::nearest(name, known.iter().copied());
            let d = self.wrong("E021", at, format!("{}: the case has no matrix `{name}`", at.key));
            d.label = near.map(|n| format!("did you mean `{n}`?")).unwrap_or_default();
            d.notes.push(if root.entries_of("solutes").iter().any(|e| e.0 == name) {
                format!("`{name}` is a solute: write chemotaxis.{name}")
            } else {
                format!("write [matrix.{name}]")
            });
        }
        found
    }
}
