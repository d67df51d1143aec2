//! Where a panic of a run ends: it is a failure of that run, told, and nobody else's.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::failure::{Exit, Failure};
use crate::output::Folder;
use crate::output::report::mark_failed;

/// Runs the case with this `hash` in `folder`. A panic, on any of its threads, becomes a failure
/// that names the program's version and the case; `run.json` says so too.
pub fn guarded<T>(
    hash: &str,
    folder: &Folder,
    run: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let message = format!(
            "internal error of blastema {}: {}; case {hash}. Outputs that are written are whole. \
             Please report it with {}",
            env!("CARGO_PKG_VERSION"),
            words(panic.as_ref()),
            folder.join("run.json").display()
        );
        let _ = mark_failed(folder, &message);
        Err(Failure::new(Exit::Internal, message))
    })
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words")
}
