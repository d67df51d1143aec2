//! The terms and accounts of a case: which amounts add to which content.

use super::ledger::{Account, Ledger};
use super::setup::{Boundary, Setup};
use crate::ground::grid::Face;

/// Numbers of a solute's ledger terms.
#[derive(Clone, Debug)]
pub(super) struct SoluteTerms {
    pub(super) entered: [Option<usize>; 6],
    pub(super) used: Vec<(usize, usize)>,
    pub(super) made: usize,
    pub(super) source: Option<usize>,
    pub(super) released: Option<usize>,
    /// Carried away by displaced fluid, where the porosity changes.
    pub(super) displaced: Option<usize>,
    pub(super) decayed: usize,
    pub(super) rounded: usize,
    pub(super) exchanged: Vec<(usize, usize)>,
}

/// Numbers of a population's ledger terms.
#[derive(Clone, Debug)]
pub(super) struct CellTerms {
    pub(super) born: usize,
    pub(super) quiesced: usize,
    pub(super) woke: usize,
    pub(super) died: Vec<usize>,
    pub(super) lysed: Vec<usize>,
    pub(super) rounded: usize,
    /// By differentiation.
    pub(super) became: Vec<usize>,
    /// Left with the flow, where cells can.
    pub(super) detached: Option<usize>,
    /// By reseeding, if there is any.
    pub(super) added: Option<usize>,
}

/// Opens the terms and accounts of a solute and of the baths that it meets.
pub(super) fn solute_terms(setup: &Setup, s: usize, ledger: &mut Ledger) -> SoluteTerms {
    let solute = &setup.solutes[s];
    let name = &solute.name;
    let mut flows = Vec::new();
    let mut bath_flows: Vec<(usize, Vec<(usize, f64)>)> = Vec::new();
    let entered = std::array::from_fn(|f| {
        let boundary = &solute.boundaries[f];
        if matches!(boundary, Boundary::Sealed) {
            return None;
        }
        let term = ledger.term(format!("{name}.in.{}", setup.grid.face_name(Face::ALL[f])));
        flows.push((term, 1.0));
        if let Boundary::Bath(b) = *boundary {
            match bath_flows.iter_mut().find(|x| x.0 == b) {
                Some(x) => x.1.push((term, -1.0)),
                None => bath_flows.push((b, vec![(term, -1.0)])),
            }
        }
        Some(term)
    });
    let mut used = Vec::new();
    for (p, population) in setup.populations.iter().enumerate() {
        for _ in population.uptake.iter().filter(|u| u.0 == s) {
            let term = ledger.term(format!("{name}.used.{}", population.name));
            flows.push((term, -1.0));
            used.push((p, term));
        }
    }
    let made = ledger.term(format!("{name}.made"));
    let decayed = ledger.term(format!("{name}.decayed"));
    let rounded = ledger.term(format!("{name}.rounded"));
    flows.extend([(made, 1.0), (decayed, -1.0), (rounded, 1.0)]);
    let source = solute.source.as_ref().map(|_| ledger.term(format!("{name}.source")));
    let released = solute.release.as_ref().map(|_| ledger.term(format!("{name}.released")));
    flows.extend(source.iter().chain(&released).map(|t| (*t, 1.0)));
    let changes = setup.matter.changing.is_some();
    let displaced = changes.then(|| ledger.term(format!("{name}.displaced")));
    flows.extend(displaced.map(|t| (t, -1.0)));
    let account =
        |name: String, flows| Account { name, unit: "mol", initial: 0.0, content: 0.0, flows };
    ledger.accounts.push(account(name.clone(), flows));
    if let Some(term) = released {
        ledger.accounts.push(account(format!("{name}.bound"), vec![(term, -1.0)]));
    }
    let mut exchanged = Vec::new();
    for (b, mut flows) in bath_flows {
        let bath = &setup.baths[b].name;
        let term = ledger.term(format!("{name}.changed.{bath}"));
        flows.push((term, 1.0));
        ledger.accounts.push(account(format!("{bath}.{name}"), flows));
        exchanged.push((b, term));
    }
    SoluteTerms { entered, used, made, source, released, displaced, decayed, rounded, exchanged }
}

/// Opens the terms and the account of a population.
pub(super) fn cell_terms(setup: &Setup, p: usize, ledger: &mut Ledger) -> CellTerms {
    let population = &setup.populations[p];
    let name = &population.name;
    let born = ledger.term(format!("{name}.born"));
    let quiesced = ledger.term(format!("{name}.quiesced"));
    let woke = ledger.term(format!("{name}.woke"));
    let by_cause = |what: &str, ledger: &mut Ledger| {
        population
            .deaths
            .iter()
            .map(|d| ledger.term(format!("{name}.{what}.{}", d.cause)))
            .collect()
    };
    let died: Vec<usize> = by_cause("died", ledger);
    let lysed: Vec<usize> = by_cause("lysed", ledger);
    let rounded = ledger.term(format!("{name}.rounded"));
    let became: Vec<usize> = (population.differentiation.iter())
        .map(|d| ledger.term(format!("{name}.became.{}", setup.populations[d.into].name)))
        .collect();
    let added = (!population.reseeding.is_empty()).then(|| ledger.term(format!("{name}.added")));
    let detached = population.detachment.as_ref().map(|_| ledger.term(format!("{name}.detached")));
    let mut flows = vec![(born, 1.0), (rounded, 1.0)];
    flows.extend(lysed.iter().chain(&became).chain(&detached).map(|&t| (t, -1.0)));
    flows.extend(added.map(|t| (t, 1.0)));
    ledger.accounts.push(Account {
        name: name.clone(),
        unit: "cells",
        initial: 0.0,
        content: 0.0,
        flows,
    });
    CellTerms { born, quiesced, woke, died, lysed, rounded, became, detached, added }
}

/// What differentiation takes from one population it gives to another.
pub(super) fn arrivals(setup: &Setup, terms: &[CellTerms], ledger: &mut Ledger) {
    let first = ledger.accounts.len() - setup.populations.len();
    for (population, terms) in setup.populations.iter().zip(terms) {
        for (law, &term) in population.differentiation.iter().zip(&terms.became) {
            ledger.accounts[first + law.into].flows.push((term, 1.0));
        }
    }
}

/// Numbers of the ledger terms of scaffold and matrix.
#[derive(Clone, Debug, Default)]
pub(super) struct MatterTerms {
    /// Scaffold degraded.
    pub(super) scaffold: Option<usize>,
    /// Deposited and degraded, by matrix.
    pub(super) matrices: Vec<(usize, usize)>,
}

/// Opens the terms and accounts of scaffold and matrix.
pub(super) fn matter_terms(setup: &Setup, ledger: &mut Ledger) -> MatterTerms {
    let mut terms = MatterTerms::default();
    let account = |name: &str, unit, flows| Account {
        name: name.to_owned(),
        unit,
        initial: 0.0,
        content: 0.0,
        flows,
    };
    if setup.matter.degradation.is_some() {
        let degraded = ledger.term("scaffold.degraded".into());
        ledger.accounts.push(account("scaffold", "m^3", vec![(degraded, -1.0)]));
        terms.scaffold = Some(degraded);
    }
    for matrix in &setup.matter.matrices {
        let name = &matrix.name;
        let deposited = ledger.term(format!("{name}.deposited"));
        let degraded = ledger.term(format!("{name}.degraded"));
        let flows = vec![(deposited, 1.0), (degraded, -1.0)];
        ledger.accounts.push(account(name, "kg", flows));
        terms.matrices.push((deposited, degraded));
    }
    terms
}
