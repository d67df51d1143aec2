//! Floor 5: the model. All put together; no files, no terminal.
pub mod accounts;
pub mod balance;
pub mod cells;
pub mod coupling;
pub mod ledger;
pub mod matter;
pub mod porosity;
pub mod provenance;
pub mod setup;
pub mod solutes;
pub mod solver;
pub mod state;
pub mod supply;

pub mod expect;

pub mod answers;
pub mod run;
pub mod sample;
pub mod survey;
