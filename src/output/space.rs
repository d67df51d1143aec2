//! Room on a disk, and how many bytes files take.

use std::path::{Path, PathBuf};

/// Bytes that this user may still write at `path`, or where its nearest existing folder is.
/// `None` where the system does not say.
pub fn free(path: &Path) -> Option<f64> {
    let mut at = if path.is_absolute() {
        path.to_owned()
    } else {
        std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")).join(path)
    };
    while !at.exists() && at.pop() {}
    let found = rustix::fs::statvfs(&at).ok()?;
    // What has no blocks (/proc) is no disk.
    (found.f_blocks > 0).then_some(found.f_bavail as f64 * found.f_frsize as f64)
}

/// A number of bytes for people: "1.4 GB". Decimal, as disks are sold.
pub fn bytes(count: f64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let (size, unit) = units.into_iter().find(|u| count.abs() >= u.0).unwrap_or((1.0, "bytes"));
    let value = count / size;
    if value >= 100.0 || size == 1.0 {
        format!("{value:.0} {unit}")
    } else {
        format!("{value:.1} {unit}")
    }
}
