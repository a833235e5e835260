//! Files and folders that hold personal data: only their owner may read them, whatever the umask says. Temporary ones lie
//! beside what they are for, and do not outlive the process for long.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What names of temporary files begin and end with, so that those of a process that was killed are known.
const PREFIX: &str = ".walkshed-";
const SUFFIX: &str = ".part";
/// What SQLite keeps beside a database.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Makes a new file, readable and writable for its owner alone.
///
/// # Errors
/// [`io::Error`]; `AlreadyExists` where there is one already.
pub fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // The umask may have taken something away that the owner needs.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

/// Makes a folder that only its owner may enter; those above it are made as usual. One that is there stays as it is.
///
/// # Errors
/// [`io::Error`].
pub fn create_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        // Another process was faster.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => return Ok(()),
        other => other?,
    }
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

/// Takes a file away from everyone but its owner, where everyone may read or write it; says whether that was so. What its
/// owner has let a group read stays so.
///
/// # Errors
/// [`io::Error`], for one when it belongs to someone else.
#[cfg(unix)]
pub fn tighten(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(e),
    };
    let of_everyone = meta.permissions().mode() % 0o10;
    if !meta.is_file() || of_everyone == 0 {
        return Ok(false);
    }
    fs::set_permissions(path, PermissionsExt::from_mode(0o600))?;
    Ok(true)
}

/// Elsewhere than on Unix, folders say who may read.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub fn tighten(_path: &Path) -> io::Result<bool> {
    Ok(false)
}

/// A database file and what SQLite keeps beside it.
pub fn database_files(path: &Path) -> impl Iterator<Item = PathBuf> {
    std::iter::once(path.to_owned()).chain(COMPANIONS.map(|end| with_end(path, end)))
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Removes a file with what SQLite keeps beside it, itself last: what is left of a removal that was cut off is found again.
fn remove(path: &Path) {
    for end in COMPANIONS {
        let _ = fs::remove_file(with_end(path, end));
    }
    let _ = fs::remove_file(path);
}

/// A temporary file beside another. It is removed when it is let go of, or when the next one is made beside the same file.
#[derive(Debug)]
pub struct Aside {
    path: PathBuf,
    /// Locked as long as it is in use, so that others know it from one that was left behind.
    file: File,
}

impl Aside {
    /// Makes one in the folder of `target`, and removes those of processes that were killed.
    ///
    /// # Errors
    /// [`io::Error`] with the path in its text.
    pub fn beside(target: &Path, purpose: &str) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let target = std::path::absolute(target)?;
        let folder = target.parent().unwrap_or(&target);
        remove_left_behind(folder);
        let number = NUMBER.fetch_add(1, Relaxed);
        let path = folder.join(format!("{PREFIX}{purpose}-{}-{number}{SUFFIX}", std::process::id()));
        // One of this name can only be of a process that is no more.
        remove(&path);
        let file = create(&path).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
        // Without locks (some network drives) it is merely never taken for one that was left behind.
        let _ = file.try_lock();
        Ok(Self { path, file })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it.
    #[must_use]
    pub const fn file(&self) -> &File {
        &self.file
    }

    /// Gives it its name for good, once it is on the disk; never over another file.
    ///
    /// # Errors
    /// [`io::Error`]; `AlreadyExists` where that name is taken.
    pub fn publish(self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        match fs::hard_link(&self.path, target) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(e),
            // A drive without hard links.
            Err(_) if fs::symlink_metadata(target).is_err() => fs::rename(&self.path, target)?,
            Err(_) => return Err(io::ErrorKind::AlreadyExists.into()),
        }
        // The name must reach the disk too; not every system lets a folder be opened for that.
        if let Some(folder) = std::path::absolute(target)?.parent().and_then(|p| File::open(p).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Removes temporary files of processes that were killed; those in use are locked.
pub fn remove_left_behind(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_ours = name.to_str().is_some_and(|n| n.starts_with(PREFIX) && n.ends_with(SUFFIX));
        if is_ours && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            tracing::info!(file = %entry.path().display(), "removed a temporary file that a stopped process left behind");
            remove(&entry.path());
        }
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn only_the_owner_reads_what_is_made_here() {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("a/b");
        create_folder(&made).unwrap();
        assert_eq!(mode(&made), 0o700);
        let file = made.join("f");
        create(&file).unwrap();
        assert_eq!(mode(&file), 0o600);
        assert_eq!(create(&file).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        for (before, tightened, after) in [(0o644, true, 0o600), (0o600, false, 0o600), (0o640, false, 0o640)] {
            fs::set_permissions(&file, fs::Permissions::from_mode(before)).unwrap();
            assert_eq!((tighten(&file).unwrap(), mode(&file)), (tightened, after), "{before:o}");
        }
        assert!(!tighten(&made.join("none")).unwrap());
    }

    #[test]
    fn temporary_files_go_and_those_of_the_dead_too() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let names = || fs::read_dir(at).unwrap().count();
        // Of a process that was killed, with what SQLite kept beside it; and files of others.
        for name in [".walkshed-restore-1-0.part", ".walkshed-restore-1-0.part-wal", "mine.part", ".walkshed-x"] {
            fs::write(at.join(name), b"x").unwrap();
        }
        let aside = Aside::beside(&at.join("w.db"), "restore").unwrap();
        assert_eq!((names(), mode(aside.path())), (3, 0o600));
        // One in use is left alone.
        let other = Aside::beside(&at.join("w.db"), "restore").unwrap();
        assert!(aside.path().exists());
        fs::write(with_end(other.path(), "-wal"), b"x").unwrap();
        drop(other);
        assert_eq!(names(), 3);
        aside.publish(&at.join("w.db")).unwrap();
        assert_eq!((names(), mode(&at.join("w.db"))), (3, 0o600));
        let taken = Aside::beside(&at.join("w.db"), "backup").unwrap().publish(&at.join("w.db")).unwrap_err();
        assert_eq!((taken.kind(), names()), (io::ErrorKind::AlreadyExists, 3));
    }
}
