//! A structure as a file, in the format that its name says.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::super::failure::{Exit, Failure};
use super::ending;
use crate::geometry::structure::Structure;
use crate::geometry::{export, isosurface, picture, stl};
use crate::output;

/// Pixels along the longest edge of a picture.
const PIXELS: usize = 800;

/// Refuses names that nothing can be written to, before any work is done.
pub fn possible(paths: &[PathBuf]) -> Result<(), Failure> {
    for path in paths {
        let known = ["tif", "tiff", "stl", "vtkhdf", "png"];
        let problem = if !known.contains(&ending(path).as_str()) {
            "a name that ends in .tif, .stl, .vtkhdf or .png is wanted"
        } else if let Err(why) = writable(path) {
            why
        } else {
            continue;
        };
        return Err(Failure::new(Exit::Input, format!("--out {}: {problem}", path.display())));
    }
    Ok(())
}

/// Refuses what cannot become a file.
pub fn writable(path: &Path) -> Result<(), &'static str> {
    if path.is_dir() {
        return Err("this is a folder");
    }
    if folder_of(path).is_dir() { Ok(()) } else { Err("there is no such folder") }
}

/// The folder that a file is in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a structure; the file appears whole or not at all.
pub fn structure(s: &Structure, path: &Path) -> Result<(), Failure> {
    let kind = ending(path);
    let failed = |e: std::io::Error| Failure::new(Exit::Io, format!("{}: {e}", path.display()));
    let mut temporary = folder_of(path).join(format!(".tmp-{}", std::process::id()));
    temporary.set_extension(&kind);
    let done = match kind.as_str() {
        "vtkhdf" => output::structure::write(&temporary, s).map_err(Failure::from),
        _ => File::create(&temporary)
            .map(BufWriter::new)
            .and_then(|mut out| {
                match kind.as_str() {
                    "stl" => stl::write(&isosurface::isosurface(s), 1e-3, &mut out)?,
                    "png" => picture::view(s, PIXELS).png(&mut out)?,
                    _ => export::write_tiff(s, &mut out)?,
                }
                out.flush()
            })
            .map_err(failed),
    };
    let done = done.and_then(|()| std::fs::rename(&temporary, path).map_err(failed));
    if done.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    done.map(|()| eprintln!("written to {}", path.display()))
}
