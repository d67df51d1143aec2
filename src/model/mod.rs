//! Floor 5: the model. All put together; no files, no terminal.
pub mod accounts;
pub mod balance;
pub mod cells;
pub mod coupling;
pub mod damage;
pub mod differentiation;
pub mod ledger;
pub mod migration;
pub mod perfusion;
pub mod provenance;
pub mod room;
pub mod setup;
pub mod solutes;
pub mod solver;
pub mod state;

pub mod expect;
pub mod flow;

pub mod answer;
pub mod answers;
pub mod run;
pub mod sample;
pub mod survey;
