//! Answers about what is left: loads, scaffold, matrix, room for fluid, the buffer of the medium.

use super::{Answer, answer, digits};
use crate::model::porosity::LEAST_POROSITY;
use crate::model::solver::Solver;
use crate::model::state::Kind;
use crate::model::survey::Survey;
use crate::physics::acid::Buffer;

/// Lowest pH that the proxy gives for the largest concentration `acid` of the acid.
pub(super) fn acidity(acid: f64, buffer: Buffer, out: &mut Vec<Answer>) {
    let ph = buffer.ph(acid);
    let end = if buffer.exhausted(acid) { " or below: the bicarbonate is used up" } else { "" };
    out.push(answer(
        "lowest_ph",
        "lowest pH (proxy)",
        format!("{ph:.2}{end}; {:.2} fresh", buffer.ph(0.0)),
        Some(ph),
        "",
        "6.1 + log10([HCO3]/(0.0307 pCO2)), one bicarbonate less for each lactate; other buffers left out",
    ));
}

/// What is left of loads, scaffold and matrix.
pub(super) fn matter(solver: &Solver, survey: &Survey, out: &mut Vec<Answer>) {
    let account = |name: &str| solver.ledger.accounts.iter().find(|a| a.name == name);
    let share = |v: f64| format!("{} %", digits(100.0 * v));
    for solute in &solver.setup.solutes {
        let carried = solver.ledger.find(&format!("{}.displaced", solute.name));
        if let Some((amount, _)) = carried.filter(|c| c.0 != 0.0) {
            let way = if amount > 0.0 { "away" } else { "in" };
            out.push(answer(
                &format!("{}.displaced", solute.name),
                &format!("{} carried {way}", solute.name),
                format!("{} mol by fluid that changes place with scaffold, matrix and cells", digits(amount.abs())),
                Some(amount),
                "mol",
                "where the porosity changes, fluid comes and goes with the concentration that is there; negative: carried in",
            ));
        }
        let Some(bound) = account(&format!("{}.bound", solute.name)) else { continue };
        if bound.initial > 0.0 {
            let released = 1.0 - bound.content / bound.initial;
            out.push(answer(
                &format!("{}.released_fraction", solute.name),
                &format!("{} released", solute.name),
                format!("{} of {} mol", share(released), digits(bound.initial)),
                Some(released),
                "",
                "share of the load that has left the scaffold",
            ));
        }
    }
    if let Some(lowest) = solver.lowest_porosity() {
        let floor = if lowest <= LEAST_POROSITY * (1.0 + 1e-9) {
            ", the least that is allowed"
        } else {
            ""
        };
        out.push(answer(
            "lowest_porosity",
            "lowest porosity",
            format!("{}{floor}", digits(lowest)),
            Some(lowest),
            "",
            "1 − scaffold − matrix − cells at the end, smallest of all voxels",
        ));
    }
    if let Some((full, most)) = solver.overfull() {
        out.push(answer(
            "overfull",
            "more than fits",
            format!("in {} of the volume, up to {} of a voxel", share(full), share(most)),
            Some(full),
            "",
            "scaffold, matrix and cells at the end would leave less than 1 % to the fluid, which the \
             model keeps open: these cells have no room; give growth a capacity that fits",
        ));
    }
    for (spec, &total) in solver.catalogue.specs.iter().zip(&survey.totals) {
        let start = account(&spec.name).map_or(0.0, |a| a.initial);
        match spec.kind {
            Kind::Scaffold if start > 0.0 => out.push(answer(
                "scaffold_left",
                "scaffold left",
                share(total / start),
                Some(total / start),
                "",
                "volume of the scaffold over that at the start",
            )),
            Kind::Matrix(_) => {
                let volume =
                    solver.setup.grid.voxel_volume() * solver.measure().iter().sum::<f64>();
                let mean = digits(total / volume);
                out.push(answer(
                    &format!("{}.mass", spec.name),
                    &format!("{} present", spec.name),
                    format!("{} mg, {mean} mg/mL", digits(total * 1e6)),
                    Some(total),
                    "kg",
                    "",
                ));
            }
            _ => {}
        }
    }
}
