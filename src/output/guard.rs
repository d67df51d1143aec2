//! What is asked of an HDF5 file before its values are read: that it is built as ours are.
//!
//! The HDF5 library is the one reader here that is not written in Rust, and a file can ask it
//! for more than data: to open other files, or to load a filter from a library on disk. So only
//! files of a run's own folder are opened; they hold plain links, values in the file itself and
//! the three filters that are part of HDF5; and where `checksums.b3` lists a file, its bytes must
//! be those that were written.

use std::fs;
use std::path::Path;

use hdf5::dataset::Layout;
use hdf5::filters::Filter;
use hdf5::{Dataset, File, Group, LinkType};

use super::{Kind, OutputError, Result, checksums, regular};

/// Largest ratio that deflate can reach.
const DEFLATE: u64 = 1032;

/// Refuses what is no regular file: opening a pipe would wait for ever.
pub(super) fn regular(path: &Path) -> Result<()> {
    let meta = fs::metadata(path).map_err(|e| OutputError::io(path, &e))?;
    if meta.is_file() {
        return Ok(());
    }
    Err(OutputError::new(Kind::Io, format!("{} is not a regular file", path.display())))
}

/// Refuses a file of the run's `folder` whose bytes are not those that `checksums.b3` lists.
pub(super) fn listed(folder: &Path, name: &str) -> Result<()> {
    let list = regular::text(&folder.join(checksums::FILE)).unwrap_or_default();
    let sum = list.lines().find_map(|l| l.strip_suffix(name)?.strip_suffix("  "));
    let Some(sum) = sum else { return Ok(()) };
    let path = folder.join(name);
    let now = checksums::hash(&path).map_err(|e| OutputError::io(&path, &e))?;
    if now == sum {
        return Ok(());
    }
    let text = format!(
        "{} is not what the run wrote (its check sum is another): copy it again, or run the case anew",
        path.display()
    );
    Err(OutputError::new(Kind::Io, text))
}

/// Refuses a file that asks for more than to be read.
pub(super) fn plain(file: &File) -> hdf5::Result<()> {
    let root = file.group("/")?;
    hard_links(&root)?;
    let image = root.group("VTKHDF")?;
    hard_links(&image)?;
    for name in image.member_names()? {
        let group = image.group(&name)?;
        hard_links(&group)?;
        for set in group.datasets()? {
            plain_data(&set, file.size())?;
        }
    }
    Ok(())
}

fn hard_links(group: &Group) -> hdf5::Result<()> {
    if !group.create_plist()?.filters().is_empty() {
        return Err(format!("{} is filtered, which no file of a run is", group.name()).into());
    }
    group.iter_visit_default(|name, link| {
        if link.link_type == LinkType::Hard {
            return Ok(());
        }
        Err(format!("{name} is a link out of its place, which no file of a run holds").into())
    })
}

fn plain_data(set: &Dataset, length: u64) -> hdf5::Result<()> {
    let name = set.name();
    let made = set.create_plist()?;
    if made.layout() == Layout::Virtual || !made.external().is_empty() {
        return Err(format!("{name} takes its values from another file").into());
    }
    let ours = |f: &Filter| matches!(f, Filter::Deflate(_) | Filter::Shuffle | Filter::Fletcher32);
    if let Some(filter) = made.filters().iter().find(|f| !ours(f)) {
        return Err(format!("{name} needs a filter that is not read: {filter:?}").into());
    }
    let bytes = (set.size() as u64).saturating_mul(8);
    if bytes > length.saturating_mul(DEFLATE).saturating_add(1 << 20) {
        return Err(format!("{name} says that it holds {} values", set.size()).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::h5;
    use hdf5::dataset::DatasetBuilder;

    /// A file with one dataset, made by `make`, and more in its group by `more`.
    fn file(
        make: impl Fn(DatasetBuilder) -> DatasetBuilder,
        more: impl Fn(&Group),
    ) -> hdf5::Result<()> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("1.h5");
        let file = h5::create(&path).unwrap();
        let group = file.create_group("VTKHDF").unwrap().create_group("CellData").unwrap();
        let set = make(group.new_dataset_builder());
        set.empty::<f64>().shape([4, 4, 4]).create("oxygen").unwrap();
        more(&group);
        file.close().unwrap();
        regular(&path).unwrap();
        plain(&h5::open(&path)?)
    }

    fn refused(result: hdf5::Result<()>, says: &str) {
        let text = result.expect_err(says).to_string();
        assert!(text.contains(says), "{text}");
    }

    #[test]
    fn only_files_as_a_run_writes_them() {
        file(|b| b, |_| ()).unwrap();
        file(|b| b.chunk((4, 4, 4)).shuffle().deflate(1).fletcher32(), |_| ()).unwrap();
        refused(file(|b| b.chunk((4, 4, 4)).nbit(), |_| ()), "NBit");
        let outside = |b: DatasetBuilder| b.external("/etc/passwd", 0, 512);
        refused(file(outside, |_| ()), "another file");
        let soft = |g: &Group| g.link_soft("/VTKHDF/CellData/oxygen", "other").unwrap();
        refused(file(|b| b, soft), "link out of its place");
        let external = |g: &Group| g.link_external("other.h5", "/a", "other").unwrap();
        refused(file(|b| b, external), "link out of its place");
    }

    #[test]
    fn the_listed_sum_must_hold() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.h5"), "abc").unwrap();
        listed(dir.path(), "a.h5").expect("nothing is listed");
        // BLAKE3 of "abc", from the test vectors of its paper's reference code.
        let sum = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
        fs::write(dir.path().join(checksums::FILE), format!("{sum}  a.h5\n")).unwrap();
        listed(dir.path(), "a.h5").unwrap();
        fs::write(dir.path().join("a.h5"), "abd").unwrap();
        assert!(listed(dir.path(), "a.h5").unwrap_err().message.contains("check sum"));
        assert!(regular(dir.path()).unwrap_err().message.contains("not a regular file"));
    }
}
