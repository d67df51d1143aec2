//! HDF5 files as this program wants them: equal runs give equal bytes, no lock, strong close.

use std::path::Path;
use std::str::FromStr;

use hdf5::file::FileCloseDegree;
use hdf5::plist::group_create::LinkCreationOrder;
use hdf5::types::{FixedAscii, FixedUnicode};
use hdf5::{File, Group, Location};

use super::frame::Layout;
use crate::ground::grid::Form;

/// Creates a file.
pub(super) fn create(path: &Path) -> hdf5::Result<File> {
    let mut options = File::with_options();
    // Strong: `close` closes the file even while handles live, so that what is renamed is whole.
    options.with_fapl(|p| p.fclose_degree(FileCloseDegree::Strong).libver_v18());
    options.with_fapl(|p| p.file_locking(false));
    options.with_fcpl(|p| p.obj_track_times(false));
    options.create(path)
}

/// Opens a file for reading.
pub(super) fn open(path: &Path) -> hdf5::Result<File> {
    File::with_options().with_fapl(|p| p.file_locking(false)).open(path)
}

/// Creates a group without time stamps that remembers the order of its members.
pub(super) fn group(parent: &Group, name: &str) -> hdf5::Result<Group> {
    parent
        .create_group_builder()
        .obj_track_times(false)
        .with_gcpl(|p| p.link_creation_order(LinkCreationOrder::Indexed))
        .create(name)
}

/// Writes a scalar attribute.
pub(super) fn number<T>(at: &Location, name: &str, value: T) -> hdf5::Result<()>
where
    T: hdf5::H5Type + Copy,
{
    at.new_attr::<T>().create(name)?.write_scalar(&value)
}

/// Writes a text attribute of fixed length (texts of variable length live in a heap).
pub(super) fn text(at: &Location, name: &str, value: &str) -> hdf5::Result<()> {
    let mut end = value.len().min(255);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    let fixed = FixedUnicode::<256>::from_str(&value[..end]).unwrap_or_default();
    at.new_attr::<FixedUnicode<256>>().create(name)?.write_scalar(&fixed)
}

/// Creates the group `VTKHDF` of an image with its attributes and empty data groups.
pub(super) fn image(file: &File, layout: &Layout) -> hdf5::Result<Group> {
    let root = group(file, "VTKHDF")?;
    root.new_attr_builder().with_data(&[2_i64, 0]).create("Version")?;
    let kind = FixedAscii::<9>::from_ascii(b"ImageData").unwrap_or_default();
    root.new_attr::<FixedAscii<9>>().create("Type")?.write_scalar(&kind)?;
    let [nx, ny, nz] = layout.n.map(|n| n as i64);
    root.new_attr_builder().with_data(&[0, nx, 0, ny, 0, nz]).create("WholeExtent")?;
    root.new_attr_builder().with_data(&[layout.start(0), 0.0, 0.0]).create("Origin")?;
    root.new_attr_builder().with_data(&layout.spacing).create("Spacing")?;
    let identity = [1.0_f64, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    root.new_attr_builder().with_data(&identity).create("Direction")?;
    for name in ["PointData", "FieldData"] {
        group(&root, name)?;
    }
    text(&root, "length_unit", "mm")?;
    number(&root, "dimensions", layout.dimensions as i64)?;
    let form = match layout.form {
        Form::Box => "box",
        Form::Cylinder { .. } => "cylinder",
        Form::Sphere { .. } => "sphere",
    };
    text(&root, "coordinates", form)?;
    Ok(root)
}
