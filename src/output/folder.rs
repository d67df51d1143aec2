//! The folder of a run: who may write to it, and how a file appears in it (whole or not at all).

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Kind, OutputError, Result, regular};

/// A claimed output folder. Its lock goes when the value is dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    claim: Claim,
}

/// Most bytes of a lock.
const LOCK: u64 = 4096;

/// The lock that a process holds.
#[derive(Clone, Debug)]
pub struct Claim {
    lock: PathBuf,
    /// What it wrote there.
    text: String,
}

impl Claim {
    /// Refuses where the lock was taken away: another may be writing.
    pub fn check(&self) -> Result<()> {
        if self.holds() {
            return Ok(());
        }
        let text = format!(
            "{} is no longer that of this run: somebody took it away, and another may be writing \
             here; this run writes no more",
            self.lock.display()
        );
        Err(OutputError::new(Kind::Io, text))
    }

    fn holds(&self) -> bool {
        regular::text_within(&self.lock, LOCK).is_ok_and(|now| now == self.text)
    }
}

impl Folder {
    /// Claims `path` for the run with this `hash`, making it if need be.
    ///
    /// Errors: `AlreadyDone`, `Unfinished`, `Other` by what stands there (`replace` moves it
    /// aside to `path.1`, `path.2` … instead), `InUse` where a living process holds the lock,
    /// `Io` where the folder cannot be made.
    pub fn claim(path: &Path, hash: &str, replace: bool) -> Result<Folder> {
        let path = &named(path);
        let shown = path.display();
        if path.exists() && !path.is_dir() {
            return Err(OutputError::new(
                Kind::Io,
                format!("{shown} is a file; choose another place with --out"),
            ));
        }
        // What a link points to is another's to name; and --replace would move the link alone.
        if let Ok(target) = fs::read_link(path) {
            return Err(OutputError::new(
                Kind::Io,
                format!("{shown} is a link; name {} itself with --out", target.display()),
            ));
        }
        let found = inspect(path, hash)?;
        if found == Found::Done && !replace {
            let text = format!(
                "{shown} already holds this run, finished; --replace runs it again and keeps the \
                 old folder as {shown}.N"
            );
            return Err(OutputError::new(Kind::AlreadyDone, text));
        }
        fs::create_dir_all(path).map_err(|e| OutputError::io(path, &e))?;
        let folder = Folder::lock(path).map_err(|e| if path.exists() { e } else { moved(path) })?;
        // What was seen before the lock may have changed until it was held.
        let found = inspect(path, hash)?;
        if found == Found::Nothing {
            return folder.with_fields();
        }
        if found == Found::Foreign {
            let text = format!(
                "{shown} holds files and no run of blastema; choose another folder with --out"
            );
            return Err(OutputError::new(Kind::Other, text));
        }
        if replace {
            return folder.move_aside()?.with_fields();
        }
        let (kind, what) = match found {
            Found::Done => (Kind::AlreadyDone, "already holds this run, finished".to_owned()),
            Found::Unfinished => (
                Kind::Unfinished,
                format!(
                    "holds this run, but it was not finished; `blastema resume {shown}` goes on \
                     with it"
                ),
            ),
            _ => (
                Kind::Other,
                "holds another run (another case, other values or another version)".to_owned(),
            ),
        };
        Err(OutputError::new(
            kind,
            format!(
                "{shown} {what}; --replace keeps it as {shown}.N and starts anew, --out FOLDER \
                 writes elsewhere"
            ),
        ))
    }

    /// Holds the lock of a folder that stands, whatever it holds.
    pub(super) fn hold(path: &Path) -> Result<Folder> {
        Folder::lock(path)
    }

    /// Takes the lock of the folder of a run that is there, to go on with it.
    pub fn reopen(path: &Path) -> Result<Folder> {
        use super::{checkpoint, checksums, history};
        let folders = ["fields", checkpoint::FOLDER].map(|name| (name, true));
        let files = [history::FILE, checksums::FILE].map(|name| (name, false));
        for (name, folder) in folders.into_iter().chain(files) {
            let shown = path.join(name);
            let Ok(told) = fs::symlink_metadata(&shown) else { continue };
            let text = if let Ok(target) = fs::read_link(&shown) {
                format!("{} is a link; put {} itself there", shown.display(), target.display())
            } else if folder && !told.is_dir() {
                format!("{} is no folder", shown.display())
            } else if !folder && !told.is_file() {
                format!("{} is not a regular file", shown.display())
            } else {
                continue;
            };
            return Err(OutputError::new(Kind::Io, text));
        }
        Folder::lock(path)?.with_fields()
    }

    /// Gives the folder up as it was found: what holds nothing goes.
    pub fn abandon(self) {
        let path = self.path.clone();
        drop(self);
        let _ = fs::remove_dir(path.join("fields")).and_then(|()| fs::remove_dir(&path));
    }

    /// Its lock.
    pub fn claimed(&self) -> Claim {
        self.claim.clone()
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Path of a file in the folder.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn with_fields(self) -> Result<Folder> {
        let fields = self.join("fields");
        fs::create_dir_all(&fields).map_err(|e| OutputError::io(&fields, &e))?;
        Ok(self)
    }

    /// Takes the lock, from a dead holder if need be. Who takes it from a dead one says so first
    /// in a file named after that one; should he die too, the next names his after him. So only
    /// one process at a time may take a lock away, wherever the others were killed.
    fn lock(path: &Path) -> Result<Folder> {
        let lock = path.join("lock");
        let here = || Folder {
            path: path.to_owned(),
            claim: Claim { lock: path.join("lock"), text: own_lock() },
        };
        if create_lock(&lock)? {
            return Ok(here());
        }
        let dead = regular::read(&lock).unwrap_or_default();
        let mut chain = vec![lock.clone()];
        let own = loop {
            let last = chain.last().unwrap_or(&lock);
            let holder = regular::read(last).unwrap_or_default();
            if !stale(last) {
                return Err(held(last));
            }
            let next = path.join(format!(".tmp-lock-after-{}", blake3::hash(&holder).to_hex()));
            if create_lock(&next)? {
                break next;
            }
            chain.push(next);
        };
        // Another may have taken it while this one looked.
        if regular::read(&lock).ok().is_none_or(|now| now != dead) {
            let _ = fs::remove_file(&own);
            return Err(held(&lock));
        }
        fs::rename(&own, &lock).map_err(|e| OutputError::io(&lock, &e))?;
        for done in &chain[1..] {
            let _ = fs::remove_file(done);
        }
        Ok(here())
    }

    /// Renames the folder to the first free `path.N` and claims an empty one in its place.
    fn move_aside(mut self) -> Result<Folder> {
        let path = self.path.clone();
        let aside = (1..=u32::MAX)
            .map(|n| PathBuf::from(format!("{}.{n}", path.display())))
            .find(|p| !p.exists())
            .unwrap_or_else(|| path.with_extension("old"));
        fs::rename(&path, &aside).map_err(|e| OutputError::io(&path, &e))?;
        // The lock has moved along.
        self.claim.lock = aside.join("lock");
        self.path = aside;
        match fs::create_dir(&path) {
            // Another run was quicker; the lock decides.
            Err(e) if e.kind() != ErrorKind::AlreadyExists => {
                return Err(OutputError::io(&path, &e));
            }
            _ => {}
        }
        drop(self);
        Folder::lock(&path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.claim.holds() {
            let _ = fs::remove_file(&self.claim.lock);
        }
    }
}

/// A path that ends in the name of its folder: `out/` is `out`, `.` is what it is called above.
fn named(path: &Path) -> PathBuf {
    let plain: PathBuf = path.components().collect();
    match plain.file_name() {
        Some(_) => plain,
        None => fs::canonicalize(&plain).unwrap_or(plain),
    }
}

#[derive(PartialEq, Eq)]
enum Found {
    Nothing,
    Done,
    Unfinished,
    Other,
    Foreign,
}

/// What stands at `path`, compared with the run `hash`.
fn inspect(path: &Path, hash: &str) -> Result<Found> {
    let run = path.join("run.json");
    let text = match regular::text(&run) {
        Ok(text) => text,
        Err(e) if e.kind() == ErrorKind::NotFound => return inspect_without_record(path),
        Err(e) => return Err(OutputError::io(&run, &e)),
    };
    let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    // A part of what was changed on the way was computed with other values.
    let own = json["hash"].as_str() == Some(hash) && json.get("changed").is_none();
    Ok(match (own, json["status"]["state"].as_str()) {
        (true, Some("finished")) => Found::Done,
        (true, _) => Found::Unfinished,
        (false, _) => Found::Other,
    })
}

/// A folder without run.json is free if it holds nothing but what `claim` itself makes.
fn inspect_without_record(path: &Path) -> Result<Found> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(e) => return Err(OutputError::io(path, &e)),
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let free = match name.to_str() {
            // The list of sums is begun before the record.
            Some("lock" | super::checksums::FILE) => true,
            Some("fields") => fs::read_dir(entry.path()).is_ok_and(|mut d| d.next().is_none()),
            Some(name) => is_temporary(name),
            None => false,
        };
        if !free {
            return Ok(Found::Foreign);
        }
    }
    Ok(Found::Nothing)
}

/// What this process writes into its lock.
fn own_lock() -> String {
    let pid = std::process::id();
    let (boot, start) = (boot_id(), start_time(pid));
    format!("pid {pid}\nboot {boot}\nhost {}\nstart {start}\nnamespace {}\n", host(), namespace())
}

/// Creates a lock file with this process in it, whole from the start; false where the file exists.
fn create_lock(path: &Path) -> Result<bool> {
    let io = |e: std::io::Error| OutputError::io(path, &e);
    let (pid, text) = (std::process::id(), own_lock());
    let write = |mut file: File| file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    // Threads of one process have a file each.
    let thread = format!("{:?}", std::thread::current().id());
    let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
    let own = path.with_file_name(format!(".tmp-lock-{pid}-{thread}"));
    let linked = File::create(&own).and_then(write).and_then(|()| fs::hard_link(&own, path));
    let _ = fs::remove_file(&own);
    match linked {
        Ok(()) => return Ok(true),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => return Ok(false),
        Err(e) if e.kind() == ErrorKind::StorageFull => return Err(io(e)),
        // A file system without links.
        Err(_) => {}
    }
    let file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::AlreadyExists => return Ok(false),
        Err(e) => return Err(io(e)),
    };
    write(file).map_err(|e| {
        let _ = fs::remove_file(path);
        io(e)
    })?;
    Ok(true)
}

/// True where the holder of the lock is known to be gone. A holder on another machine is taken
/// to live; a lock without content is stale after ten seconds.
fn stale(lock: &Path) -> bool {
    let Ok(text) = regular::text_within(lock, LOCK) else { return !lock.exists() };
    let entry = |key: &str| {
        text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(' ')).unwrap_or_default()
    };
    let Ok(pid) = entry("pid").parse::<u32>() else {
        let age = fs::metadata(lock).and_then(|m| m.modified()).ok();
        return age
            .and_then(|t| SystemTime::now().duration_since(t).ok())
            .is_some_and(|age| age > Duration::from_secs(10));
    };
    let boot = boot_id();
    if boot.is_empty() || entry("host") != host() {
        return false;
    }
    if entry("boot") != boot {
        return true;
    }
    // In another container process numbers mean others.
    if ![String::new(), namespace()].contains(&entry("namespace").to_owned()) {
        return false;
    }
    // A process number that came back belongs to a process that started at another time.
    entry("start") != start_time(pid)
}

/// True while a process writes to this folder.
pub fn in_use(folder: &Path) -> bool {
    let lock = folder.join("lock");
    lock.exists() && !stale(&lock)
}

/// Another run moved the folder aside at this very moment.
fn moved(path: &Path) -> OutputError {
    let text = format!("another process is writing here: it has just replaced {}", path.display());
    OutputError::new(Kind::InUse, text)
}

fn held(lock: &Path) -> OutputError {
    let holder = regular::text_within(lock, LOCK).unwrap_or_default();
    let holder = holder.lines().take(3).collect::<Vec<_>>().join(", ");
    let holder = if holder.is_empty() { "its lock names nobody".into() } else { holder };
    let text = format!(
        "another process is writing here ({holder}); if it is gone for good, delete {}",
        lock.display()
    );
    OutputError::new(Kind::InUse, text)
}

fn boot_id() -> String {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    text.trim().to_owned()
}

/// Where this process's number counts: containers have numbers of their own.
fn namespace() -> String {
    let link = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    link.to_string_lossy().into_owned()
}

/// Name of this machine.
pub(crate) fn host() -> String {
    let text = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    text.trim().to_owned()
}

/// Start of a process in clock ticks since boot; empty where there is no such process, or it is
/// dead and only its parent has not looked yet.
fn start_time(pid: u32) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in brackets may hold anything; the start is the 20th word after it.
    let after = text.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let mut words = after.split_whitespace();
    let dead = words.next().is_none_or(|state| ["Z", "X"].contains(&state));
    if dead { String::new() } else { words.nth(18).unwrap_or_default().to_owned() }
}

/// True for the names of files that are not published yet.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with(".tmp-")
}

/// Lets `write` make a file under a temporary name, then syncs it and gives it its own name.
pub(crate) fn publish_with(path: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    publish_after(path, write, |_| Ok(()))
}

/// The same with something to do between: the file is whole under its temporary name, and has not
/// yet got its own.
pub(super) fn publish_after(
    path: &Path,
    write: impl FnOnce(&Path) -> Result<()>,
    before: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("file");
    let parent = path.parent().unwrap_or(Path::new("."));
    let temporary = parent.join(format!(".tmp-{name}"));
    let sync = |p: &Path| File::open(p).and_then(|f| f.sync_all());
    let at = |e: std::io::Error| OutputError::io(path, &e);
    // What an earlier process left there, or a link, to what is not ours.
    match fs::remove_file(&temporary) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(at(e)),
        _ => {}
    }
    let result = write(&temporary)
        .and_then(|()| sync(&temporary).map_err(at))
        .and_then(|()| before(&temporary))
        .and_then(|()| fs::rename(&temporary, path).and_then(|()| sync(parent)).map_err(at));
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// Writes a text file atomically: a reader sees the old one or the new one.
pub fn publish(path: &Path, text: &str) -> Result<()> {
    publish_with(path, |temporary| {
        fs::write(temporary, text).map_err(|e| OutputError::io(path, &e))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lock of a process of an earlier start of this machine.
    fn gone(pid: u32) -> String {
        format!("pid {pid}\nboot earlier\nhost {}\nstart 1\n", host())
    }

    fn after(folder: &Path, holder: &str) -> PathBuf {
        folder.join(format!(".tmp-lock-after-{}", blake3::hash(holder.as_bytes()).to_hex()))
    }

    #[test]
    fn a_lock_whose_takers_died_too_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path();
        fs::write(path.join("lock"), gone(1)).unwrap();
        fs::write(after(path, &gone(1)), gone(2)).unwrap();
        fs::write(after(path, &gone(2)), gone(3)).unwrap();
        let folder = Folder::lock(path).unwrap();
        let left = || fs::read_dir(path).unwrap().count();
        assert_eq!(left(), 1, "the lock alone");
        let refused = Folder::lock(path).unwrap_err();
        assert_eq!(refused.kind, Kind::InUse);
        drop(folder);
        assert_eq!(left(), 0);
    }

    #[test]
    fn a_run_that_replaces_another_holds_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("run.json"), "{}").unwrap();
        let folder = Folder::claim(&path, "abc", true).unwrap();
        assert!(path.join("lock").exists() && !dir.path().join("run.1/lock").exists());
        folder.claimed().check().unwrap();
        assert_eq!(Folder::claim(&path, "abc", true).unwrap_err().kind, Kind::InUse);
        // Taken away, and another's: not to be removed.
        fs::write(path.join("lock"), gone(1)).unwrap();
        assert_eq!(folder.claimed().check().unwrap_err().kind, Kind::Io);
        drop(folder);
        assert_eq!(fs::read_to_string(path.join("lock")).unwrap(), gone(1));
    }

    #[test]
    fn who_takes_a_lock_away_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path();
        fs::write(path.join("lock"), gone(1)).unwrap();
        assert!(create_lock(&after(path, &gone(1))).unwrap());
        assert_eq!(Folder::lock(path).unwrap_err().kind, Kind::InUse);
        assert_eq!(fs::read_to_string(path.join("lock")).unwrap(), gone(1));
    }
}
