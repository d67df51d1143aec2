//! Floor 5: the model. All put together; no files, no terminal.
pub mod setup;
pub mod provenance;
pub mod state;
pub mod ledger;
pub mod cells;
pub mod solutes;
pub mod coupling;


pub mod expect;

pub mod answers;
pub mod run;
pub mod survey;
pub mod sample;
