//! `blastema pack`: one archive of a run.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};

use super::failure::{Exit, Failure};
use super::library::print;
use super::run::quoted;
use crate::output::{audit, checksums, folder};

/// Arguments of `pack`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  blastema pack out/plug                    writes plug.tar.gz
  blastema pack out/plug -o for-anna.tar.gz")]
pub struct Args {
    /// Folder of a run
    out: PathBuf,
    /// Archive to write; NAME.tar.gz here when not given
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also where the folder is not whole
    #[arg(long)]
    as_is: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let shown = args.out.display();
    if !args.out.join("run.json").is_file() {
        let message = format!("{shown} is no folder of a run (it holds no run.json)");
        return Err(Failure::new(Exit::Input, message));
    }
    if folder::in_use(&args.out) {
        let message = format!("{shown} is being written; pack it when the run is done");
        return Err(Failure::new(Exit::Exists, message));
    }
    let full = fs::canonicalize(&args.out).map_err(|e| io(&args.out, &e))?;
    let name = full.file_name().and_then(|n| n.to_str()).unwrap_or("run").to_owned();
    let target = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.tar.gz")));
    if target.exists() {
        let message =
            format!("{} exists and is left as it is; -o FILE names another", target.display());
        return Err(Failure::new(Exit::Exists, message));
    }
    if !args.as_is {
        let found = audit::audit(&full)?;
        if !found.whole() {
            let message = format!(
                "{shown} is not whole (`blastema audit {}` says what is wrong); --as-is packs it all \
                 the same",
                quoted(&args.out)
            );
            return Err(Failure::new(Exit::Io, message));
        }
    }
    let mut names = checksums::files(&full)?;
    if full.join(checksums::FILE).is_file() {
        names.push(checksums::FILE.to_owned());
    }
    let temporary = target.with_extension("gz.part");
    if let Err((path, e)) = archive(&full, &name, &names, &temporary) {
        let _ = fs::remove_file(&temporary);
        return Err(io(if path == temporary { &target } else { &path }, &e));
    }
    fs::rename(&temporary, &target).map_err(|e| io(&target, &e))?;
    let size = fs::metadata(&target).map_or(0, |m| m.len());
    print(&format!(
        "{} written: {} files, {:.1} MB\n",
        target.display(),
        names.len(),
        size as f64 / 1e6
    ))
}

fn io(path: &Path, e: &std::io::Error) -> Failure {
    Failure::new(Exit::Io, format!("{}: {e}", path.display()))
}

/// Writes the archive. Owners and times are left out: equal runs give equal archives.
fn archive(
    folder: &Path,
    name: &str,
    files: &[String],
    target: &Path,
) -> Result<(), (PathBuf, std::io::Error)> {
    let at_target = |e| (target.to_owned(), e);
    let out = BufWriter::new(File::create(target).map_err(at_target)?);
    let mut tar = tar::Builder::new(GzEncoder::new(out, Compression::fast()));
    for file in files {
        let path = folder.join(file);
        let at_path = |e| (path.clone(), e);
        let open = File::open(&path).map_err(at_path)?;
        let size = open.metadata().map_err(at_path)?.len();
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o644);
        header.set_mtime(0);
        tar.append_data(&mut header, format!("{name}/{file}"), open).map_err(at_path)?;
    }
    let gz = tar.into_inner().map_err(at_target)?;
    let mut out = gz.finish().map_err(at_target)?;
    out.flush().map_err(at_target)?;
    out.get_ref().sync_all().map_err(at_target)
}
