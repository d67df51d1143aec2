//! `blastema run`.

use super::failure::{Exit, Failure};

/// Arguments of `run`.
#[derive(clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_: &Args) -> Result<(), Failure> {
    Err(Failure::new(Exit::Internal, "not built yet"))
}
