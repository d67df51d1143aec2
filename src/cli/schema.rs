//! `blastema schema`.

use super::failure::Failure;
use super::library::print;
use crate::case::reference;

/// Arguments of `schema`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  blastema schema > case.schema.json          # for editors that complete TOML
  blastema schema --markdown > case-file.md   # the reference page")]
pub struct Args {
    /// Print the reference page instead, in Markdown
    #[arg(long)]
    markdown: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    if args.markdown {
        return print(&reference::markdown());
    }
    let text = serde_json::to_string_pretty(&reference::json_schema()).unwrap_or_default();
    print(&format!("{text}\n"))
}
