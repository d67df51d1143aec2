//! The `blastema` program: see the library for all that it does.

#[cfg(target_os = "linux")]
#[global_allocator]
static PAGES: blastema::ground::par::Pages = blastema::ground::par::Pages;

fn main() -> std::process::ExitCode {
    blastema::cli::main()
}
