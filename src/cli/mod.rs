//! Floor 9: the commands, one file a verb.

/// Entry of the program.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
