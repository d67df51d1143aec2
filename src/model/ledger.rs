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

    /// Terms that are rates of a steady state: what is held belongs to no balance.
    pub fn at_rest(&mut self) {
        for account in &mut self.accounts {
            (account.initial, account.content) = (0.0, 0.0);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// 2 come and 0.5 go in a step of 4 s (3 and 0.25 by half steps), then 0.25 come back at once.
    fn booked() -> Ledger {
        let mut ledger = Ledger::default();
        let (come, gone) = (ledger.term("a.in".into()), ledger.term("a.out.b".into()));
        ledger.book(&[2.0, 0.5], &[3.0, 0.25], 4.0);
        ledger.book_event(gone, -0.25);
        ledger.accounts.push(Account {
            name: "a".into(),
            unit: "mol",
            initial: 1.0,
            content: 2.75,
            flows: vec![(come, 1.0), (gone, -1.0)],
        });
        ledger
    }

    #[test]
    fn what_is_booked_adds_up() {
        let of = |t: &Term| [t.total, t.turnover, t.rate];
        let ledger = booked();
        assert_eq!(of(&ledger.terms[0]), [2.0, 3.0, 0.5]);
        assert_eq!(of(&ledger.terms[1]), [0.25, 0.75, 0.125]);
        assert_eq!(ledger.defect(&ledger.accounts[0]), 0.0);
    }

    #[test]
    fn a_defect_is_relative_to_all_that_moved() {
        let mut ledger = booked();
        assert_eq!(Ledger::default().worst(), None);
        let account = &mut ledger.accounts[0];
        account.content = 2.5;
        let well = Account { name: "well".into(), content: 0.0, flows: vec![], ..account.clone() };
        let empty = Account { name: "empty".into(), initial: 0.0, ..well.clone() };
        // 0.25 is missing of 2.5 + 1 + 3 + 0.75.
        assert_eq!(ledger.worst(), Some(("a", 0.25 / 7.25)));
        // Nothing came and nothing went: no defect, and no 0/0.
        assert_eq!(ledger.defect(&empty), 0.0);
        // All of it is missing.
        ledger.accounts.extend([well, empty]);
        assert_eq!(ledger.worst(), Some(("well", 1.0)));
    }

    #[test]
    fn a_name_stands_for_itself_and_for_all_below() {
        let mut ledger = booked();
        let other = ledger.term("a.out.c".into());
        let longer = ledger.term("a.outer".into());
        ledger.book(&[0.0, 0.5, 8.0, 64.0], &[0.0; 4], 2.0);
        assert_eq!(ledger.find("a.out"), Some((0.75 + 8.0, 0.25 + 4.0)));
        assert_eq!(ledger.find("a.out.c"), Some((ledger.terms[other].total, 4.0)));
        assert_eq!(ledger.find("a.outer"), Some((ledger.terms[longer].total, 32.0)));
        assert_eq!(ledger.find("a.ou"), None);
    }
}
