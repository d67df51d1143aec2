//! `blastema completions`: a completion script for a shell.

use clap::CommandFactory;

use super::failure::Failure;
use super::library::print;

/// Arguments of `completions`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  blastema completions bash > ~/.local/share/bash-completion/completions/blastema
  blastema completions zsh > ~/.zfunc/_blastema
  blastema completions fish > ~/.config/fish/completions/blastema.fish")]
pub struct Args {
    /// Shell
    shell: clap_complete::Shell,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "blastema", &mut script);
    print(&String::from_utf8_lossy(&script))
}
