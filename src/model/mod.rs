//! Floor 5: the model. All put together; no files, no terminal.
pub mod expect;
pub mod provenance;
pub mod setup;
