//! How a command fails: text for people, exit code for scripts.

use std::process::ExitCode;

use crate::output::{Kind, OutputError};

/// Exit codes, as listed in the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Nothing to do: no failure at all.
    Done = 0,
    /// Expectations of a case do not hold.
    Failing = 1,
    /// The command, the case or an input file is wrong.
    Input = 2,
    /// The numerics gave up.
    Numerics = 3,
    /// Reading or writing failed.
    Io = 4,
    /// Not enough memory or disk, refused before the start.
    Resources = 5,
    /// Output exists or is in use.
    Exists = 6,
    /// An error of the program itself.
    Internal = 70,
    /// Stopped by `--max-walltime` after a checkpoint.
    Walltime = 75,
    /// Stopped by the end of its terminal after a checkpoint.
    HungUp = 129,
    /// Stopped by Ctrl-C after a checkpoint.
    Interrupted = 130,
    /// Stopped by a request to end after a checkpoint.
    Terminated = 143,
}

/// A failure: its code and its message, complete with a remedy.
#[derive(Debug)]
pub struct Failure {
    /// Exit code.
    pub exit: Exit,
    /// Message; printed as it is.
    pub message: String,
}

impl Failure {
    /// A failure with this code and message.
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into() }
    }
    /// Prints the message to standard error and gives the exit code.
    pub fn report(&self) -> ExitCode {
        use std::io::Write;
        let text = self.message.trim_end();
        if self.exit == Exit::Done {
            let _ = writeln!(std::io::stdout(), "{text}");
            return ExitCode::SUCCESS;
        }
        // A report of a case has its own words, in colour on a terminal; it sorts by place, so a
        // warning may come first.
        let plain = text.strip_prefix('\x1b').and_then(|t| t.split_once('m')).map_or(text, |t| t.1);
        let stopped = [Exit::Walltime, Exit::HungUp, Exit::Interrupted, Exit::Terminated]
            .contains(&self.exit);
        let _ = if stopped || plain.starts_with("error") || plain.starts_with("warning[") {
            writeln!(std::io::stderr(), "{text}")
        } else {
            writeln!(std::io::stderr(), "error: {text}")
        };
        ExitCode::from(self.exit as u8)
    }
}

impl From<OutputError> for Failure {
    fn from(e: OutputError) -> Failure {
        let exit = match e.kind {
            Kind::AlreadyDone => Exit::Done,
            Kind::Unfinished | Kind::Other | Kind::InUse => Exit::Exists,
            Kind::Full | Kind::Io => Exit::Io,
            Kind::Missing => Exit::Input,
        };
        Failure::new(exit, e.message)
    }
}
