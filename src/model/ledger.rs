//! The budgets: every amount that enters, leaves, is used or made, by name, and the proof that
//! they add up.

/// One named amount, cumulative.
#[derive(Clone, Debug, Default)]
pub struct Term {
    /// "oxygen.in.z_max", "oxygen.used.msc", "msc.died.hypoxia" …
    pub name: String,
    /// Amount since the start: mol, or cells.
    pub total: f64,
    /// The same without the signs: what goes to and fro.
    pub turnover: f64,
    /// Amount of the last step divided by its length.
    pub rate: f64,
}

/// The budget of one species.
#[derive(Clone, Debug)]
pub struct Account {
    /// "oxygen", "well.oxygen", "msc.viable" …
    pub name: String,
    /// "mol" or "cells".
    pub unit: &'static str,
    /// Content at the start.
    pub initial: f64,
    /// Content now.
    pub content: f64,
    /// Numbers of the terms that add to it (+1) or take from it (−1).
    pub flows: Vec<(usize, f64)>,
}

/// All terms and accounts of a run.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Terms.
    pub terms: Vec<Term>,
    /// Accounts.
    pub accounts: Vec<Account>,
}

impl Ledger {
    /// A new term; its number.
    pub fn term(&mut self, name: String) -> usize {
        self.terms.push(Term { name, ..Term::default() });
        self.terms.len() - 1
    }

    /// Books the amounts of a step of length `dt`, in the order of the terms. `moved` are the
    /// magnitudes in its two half steps: what comes in the first and goes in the second has turned
    /// over, though the step as a whole moves little.
    pub fn book(&mut self, amounts: &[f64], moved: &[f64], dt: f64) {
        for ((term, a), moved) in self.terms.iter_mut().zip(amounts).zip(moved) {
            term.total += a;
            term.turnover += a.abs().max(*moved);
            term.rate = a / dt;
        }
    }

    /// Books one amount outside a step (an event).
    pub fn book_event(&mut self, term: usize, amount: f64) {
        self.terms[term].total += amount;
        self.terms[term].turnover += amount.abs();
    }

    /// Defect of an account: |content − initial − Σ flows| over the sum of the magnitudes of all amounts
    /// booked, by half steps.
    pub fn defect(&self, account: &Account) -> f64 {
        let mut sum = account.content - account.initial;
        let mut size = account.content.abs() + account.initial.abs();
        for &(t, sign) in &account.flows {
            sum -= sign * self.terms[t].total;
            size += self.terms[t].turnover;
        }
        if size == 0.0 { 0.0 } else { sum.abs() / size }
    }

    /// Largest defect of all accounts, with the account's name.
    pub fn worst(&self) -> Option<(&str, f64)> {
        let by = |a: &(&str, f64), b: &(&str, f64)| a.1.total_cmp(&b.1);
        self.accounts.iter().map(|a| (a.name.as_str(), self.defect(a))).max_by(by)
    }

    /// A term, or the sum of the terms below it ("oxygen.used" sums "oxygen.used.msc" …):
    /// cumulative amount and rate.
    pub fn find(&self, name: &str) -> Option<(f64, f64)> {
        let below = format!("{name}.");
        let mut found = None;
        for t in self.terms.iter().filter(|t| t.name == name || t.name.starts_with(&below)) {
            let (total, rate) = found.unwrap_or((0.0, 0.0));
            found = Some((total + t.total, rate + t.rate));
        }
        found
    }
}
