//! The `blastema` program: see the library for all that it does.
fn main() -> std::process::ExitCode {
    blastema::cli::main()
}
