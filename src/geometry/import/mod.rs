//! Scans from files: the format is told by what a file holds, else by its name.
//!
//! Whatever is in the files, reading ends with an [`Image`] of finite values or an
//! [`ImportError`]: sizes are checked against the length of the file before anything is
//! allocated; what is compressed grows as it arrives, up to [`Ask::most`].

mod base64;
mod beside;
pub mod metaimage;
pub mod nifti;
pub mod npy;
pub mod nrrd;
mod pile;
pub mod png;
pub mod raw;
mod scale;
pub mod slices;
mod source;
pub mod tiff;
mod tiff_tags;
mod units;
mod values;
pub mod vti;
mod vti_data;

use std::fmt;
use std::path::{Path, PathBuf};

use super::image::Image;
use beside::Folder;
pub use raw::Raw;
pub use slices::{oddity, slice_files};
use source::Source;
pub use values::Number;

/// Why a scan could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError {
    /// The file or folder at fault.
    pub path: PathBuf,
    /// What is wrong with it and what to do.
    pub problem: String,
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path.display(), self.problem)
    }
}

impl std::error::Error for ImportError {}

/// Makes an error about `path`.
fn error(path: &Path, problem: impl Into<String>) -> ImportError {
    ImportError { path: path.to_owned(), problem: problem.into() }
}

/// What a user may say about a scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The file is plain values of this layout, whatever its name says.
    pub raw: Option<Raw>,
    /// Name of the array to take from a file of several (VTK).
    pub array: Option<String>,
    /// Most bytes of values that may be held.
    pub most: u64,
}

impl Default for Ask {
    fn default() -> Ask {
        Ask { raw: None, array: None, most: u64::MAX }
    }
}

/// Reads a scan: a folder of TIFF or PNG slices, a TIFF with a page a slice, a PNG, NRRD,
/// MetaImage, NIfTI-1, VTK image (.vti) or NumPy file, or plain values as `ask` describes them.
pub fn read(path: &Path, ask: &Ask) -> Result<Image, ImportError> {
    if slices::is_folder(path)? {
        if ask.raw.is_some() || ask.array.is_some() {
            let problem = "is a folder of slices, which need neither a shape nor a name";
            return Err(error(path, problem));
        }
        return slices::read_folder(path, ask);
    }
    let wrong = |problem| error(path, problem);
    let mut source = Source::open(path).map_err(wrong)?;
    let format = Format::of(path, &mut source, ask).map_err(wrong)?;
    if ask.array.is_some() && format != Format::Vti {
        return Err(wrong("holds one array without a name: leave the name out".into()));
    }
    let folder = Folder(path);
    let beside = |name: &str| folder.open(name);
    match format {
        Format::Tiff => tiff::read(source, ask),
        Format::Png => png::read(source, ask),
        Format::Nrrd => nrrd::read(source, &beside, ask),
        Format::MetaImage => metaimage::read(source, &beside, ask),
        Format::Nifti => nifti::read(source, &beside, ask),
        Format::Vti => vti::read(source, ask),
        Format::Npy => npy::read(source, ask),
        Format::Raw => raw::read(source, ask),
    }
    .map_err(wrong)
}

/// Reads a scan about which nothing is known but its path.
pub fn read_stack(path: &Path) -> Result<Image, ImportError> {
    read(path, &Ask::default())
}

/// The formats of single files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Tiff,
    Png,
    Nrrd,
    MetaImage,
    Nifti,
    Vti,
    Npy,
    Raw,
}

impl Format {
    /// The format of a file; `source` is left at its start.
    fn of(path: &Path, source: &mut Source, ask: &Ask) -> Result<Format, String> {
        if ask.raw.is_some() {
            return Ok(Format::Raw);
        }
        let head = source.peek(352)?;
        match Format::by_content(&head) {
            Some(format) => Ok(format),
            None => Format::by_name(path),
        }
    }

    fn by_content(head: &[u8]) -> Option<Format> {
        const STARTS: [(&[u8], Format); 11] = [
            (b"II*\0", Format::Tiff),
            (b"MM\0*", Format::Tiff),
            (b"II+\0", Format::Tiff),
            (b"MM\0+", Format::Tiff),
            (b"\x89PNG\r\n\x1a\n", Format::Png),
            (b"NRRD", Format::Nrrd),
            (b"\x93NUMPY", Format::Npy),
            (b"<?xml", Format::Vti),
            (b"<VTKFile", Format::Vti),
            (b"ObjectType", Format::MetaImage),
            (b"NDims", Format::MetaImage),
        ];
        if let Some((_, format)) = STARTS.iter().find(|(start, _)| head.starts_with(start)) {
            return Some(*format);
        }
        nifti::is_header(head).then_some(Format::Nifti)
    }

    fn by_name(path: &Path) -> Result<Format, String> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let extension = name.rsplit_once('.').map_or("", |n| n.1);
        Ok(match extension {
            "png" => Format::Png,
            "nrrd" | "nhdr" => Format::Nrrd,
            "mha" | "mhd" => Format::MetaImage,
            "nii" | "hdr" => Format::Nifti,
            "gz" if name.ends_with(".nii.gz") => Format::Nifti,
            "vti" => Format::Vti,
            "npy" => Format::Npy,
            "raw" | "zraw" | "img" | "bin" | "dat" | "vol" => {
                return Err("is plain values: give its header (.mhd, .nhdr, .hdr) if there is \
                            one, else its shape and type"
                    .into());
            }
            "gz" | "zip" | "bz2" | "xz" | "zst" | "7z" | "npz" => {
                return Err("is packed: unpack it".into());
            }
            "jpg" | "jpeg" | "bmp" | "gif" | "dcm" | "h5" | "hdf5" | "mat" | "vtk" | "mrc" => {
                return Err(format!(
                    "is a .{extension}, which is not read: save it as TIFF, NRRD, MetaImage, \
                     NIfTI or NumPy file"
                ));
            }
            // Says by itself what is wrong.
            _ => Format::Tiff,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_told_by_content_then_by_name() {
        assert_eq!(Format::by_content(b"II*\0...."), Some(Format::Tiff));
        assert_eq!(Format::by_content(b"NRRD0004\n"), Some(Format::Nrrd));
        assert_eq!(Format::by_content(b"porosity"), None);
        assert_eq!(Format::by_name(Path::new("a/B.NII.GZ")), Ok(Format::Nifti));
        assert!(Format::by_name(Path::new("a.raw")).unwrap_err().contains("shape and type"));
        assert!(Format::by_name(Path::new("a.gz")).unwrap_err().contains("unpack"));
    }
}
