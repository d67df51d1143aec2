//! Data files that stand beside their header.

use std::path::{Path, PathBuf};

use super::source::Source;

/// The folder of a header, given by the header's path.
pub(super) struct Folder<'a>(pub(super) &'a Path);

impl Folder<'_> {
    /// The path of a data file. `*.img` is the file of the header's own name with this
    /// extension. Headers come from strangers: other folders are not looked into.
    pub(super) fn path(&self, name: &str) -> Result<PathBuf, String> {
        let plain = name.strip_prefix("./").unwrap_or(name);
        if plain.is_empty() || plain == "." || plain == ".." || plain.contains(['/', '\\']) {
            return Err(format!(
                "names the data file `{}` in another folder: put it beside the header and name it \
                 there without a folder",
                brief(name)
            ));
        }
        Ok(match plain.strip_prefix("*.") {
            Some(extension) => self.0.with_extension(extension),
            None => self.0.with_file_name(plain),
        })
    }

    /// Opens a data file.
    pub(super) fn open(&self, name: &str) -> Result<Source<'static>, String> {
        let path = self.path(name)?;
        Source::open(&path).map_err(|e| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            format!("has its values in {}, which {e}", brief(&name))
        })
    }
}

/// A word from a file, short enough for a message.
pub(super) fn brief(word: &str) -> String {
    let mut text: String = word.chars().filter(|c| !c.is_control()).take(60).collect();
    if text.len() < word.len() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_folder_of_the_header_is_looked_into() {
        let folder = Folder(Path::new("scans/a.hdr"));
        assert_eq!(folder.path("./b.raw"), Ok("scans/b.raw".into()));
        assert_eq!(folder.path("*.img"), Ok("scans/a.img".into()));
        for name in ["/etc/passwd", "../b.raw", "sub/b.raw", "..", "", "c\\d.raw"] {
            assert!(folder.path(name).unwrap_err().contains("beside the header"), "{name}");
        }
    }
}
