//! Refuses what does not fit into memory or onto the disk, before anything is made.

use std::path::Path;

use super::failure::{Exit, Failure};
use crate::case::{Case, resources};
use crate::ground::par;
use crate::model::setup::Setup;
use crate::output::space::{bytes, free};

/// Errors: `Resources` (exit code 5) with what is needed, what there is, and what would fit.
pub fn fits(case: &Case, out: &Path) -> Result<(), Failure> {
    let setup = &case.setup;
    let mut told: Vec<String> = memory(setup).into_iter().collect();
    let need = resources::disk(setup);
    if let Some(have) = free(out).filter(|have| need > *have) {
        let outputs = setup.run.outputs.len();
        let fit = resources::outputs_in(setup, have).min(outputs);
        told.push(format!(
            "disk: the run needs up to {} ({outputs} outputs of {}, before compression), {} are \
             free at {}; {fit} outputs would fit: fewer times or fields ([run] output)",
            bytes(need),
            bytes(resources::output(setup)),
            bytes(have),
            out.display()
        ));
    }
    refuse(&told)
}

/// The same for memory alone: a run that goes on has its place on the disk.
pub fn fits_memory(case: &Case) -> Result<(), Failure> {
    refuse(&memory(&case.setup).into_iter().collect::<Vec<_>>())
}

/// What is missing of memory.
fn memory(setup: &Setup) -> Option<String> {
    let need = resources::memory(setup);
    let (have, limit) = resources::memory_available(par::threads());
    if need <= have {
        return None;
    }
    let smaller = match resources::voxels_in(setup, have) {
        Some((n, takes)) => {
            let n = n[..setup.grid.dimensions].iter().map(usize::to_string);
            let n = n.collect::<Vec<_>>().join(", ");
            format!("domain.voxels = [{n}] would fit ({})", bytes(takes))
        }
        None => "no grid would fit".into(),
    };
    Some(format!(
        "memory: the run needs about {}, {} are there ({limit}); {smaller}",
        bytes(need),
        bytes(have)
    ))
}

fn refuse(told: &[String]) -> Result<(), Failure> {
    if told.is_empty() {
        return Ok(());
    }
    let message = format!(
        "error: the machine is too small for this case\n  {}\n  --despite-limits runs it all the \
         same",
        told.join("\n  ")
    );
    Err(Failure::new(Exit::Resources, message))
}
