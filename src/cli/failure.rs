//! How a command fails: text for people, exit code for scripts.

use std::process::ExitCode;

/// Exit codes, as listed in the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
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
        let _ = if text.starts_with("error") {
            writeln!(std::io::stderr(), "{text}")
        } else {
            writeln!(std::io::stderr(), "error: {text}")
        };
        ExitCode::from(self.exit as u8)
    }
}
