//! Files and folders with personal data, which only their owner may read, regardless of the umask; and temporary files,
//! which are created beside their target and removed even if the process is killed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Prefix and suffix of temporary files. They identify the files that a killed process has left behind.
const PREFIX: &str = ".walkshed-";
const SUFFIX: &str = ".part";
/// Suffixes of the files that SQLite keeps beside a database.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Creates a file that only its owner may read and write.
///
/// # Errors
/// Returns an [`io::Error`], of the kind `AlreadyExists` if the file exists.
pub fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // The umask may have removed permissions that the owner needs.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

/// Creates a folder that only its owner may enter, and its parents with default permissions. An existing folder is not
/// changed.
///
/// # Errors
/// Returns an [`io::Error`] if the folder cannot be created.
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
        // Another process has created it meanwhile.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => return Ok(()),
        other => other?,
    }
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

/// Restricts a file to its owner if all users may access it. Keeps permissions that are granted to a group only. Returns
/// whether the permissions were changed.
///
/// # Errors
/// Returns an [`io::Error`], for example if the file belongs to another user.
#[cfg(unix)]
pub fn restrict_to_owner(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(e),
    };
    let other_users = meta.permissions().mode() % 0o10;
    if !meta.is_file() || other_users == 0 {
        return Ok(false);
    }
    fs::set_permissions(path, PermissionsExt::from_mode(0o600))?;
    Ok(true)
}

/// Does nothing: on other systems than Unix, folders determine who may read.
///
/// # Errors
/// Never fails.
#[cfg(not(unix))]
pub fn restrict_to_owner(_path: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Returns the paths of a database file and of the files that SQLite keeps beside it.
pub fn database_files(path: &Path) -> impl Iterator<Item = PathBuf> {
    std::iter::once(path.to_owned()).chain(COMPANIONS.map(|end| with_end(path, end)))
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Removes a file and the files that SQLite keeps beside it. The file itself is removed last, so that an interrupted removal
/// can be repeated.
fn remove(path: &Path) {
    for end in COMPANIONS {
        let _ = fs::remove_file(with_end(path, end));
    }
    let _ = fs::remove_file(path);
}

/// A temporary file in the folder of its target. Removed when dropped, or, after a crash, when the next one is created in the
/// same folder.
#[derive(Debug)]
pub struct TempFile {
    path: PathBuf,
    /// Locked while in use, to distinguish it from a file left behind.
    file: File,
}

impl TempFile {
    /// Creates a temporary file in the folder of `target`, and removes those of killed processes.
    ///
    /// # Errors
    /// Returns an [`io::Error`] whose message contains the path.
    pub fn beside(target: &Path, purpose: &str) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let target = std::path::absolute(target)?;
        let folder = target.parent().unwrap_or(&target);
        remove_stale_temp_files(folder);
        let number = NUMBER.fetch_add(1, Relaxed);
        let path = folder.join(format!("{PREFIX}{purpose}-{}-{number}{SUFFIX}", std::process::id()));
        // A file of this name can only be left over from an earlier process with the same id.
        remove(&path);
        let file = create(&path).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
        // Some network drives have no locks. The file is then never recognized as left behind, which is harmless.
        let _ = file.try_lock();
        Ok(Self { path, file })
    }

    /// Returns its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the open file.
    #[must_use]
    pub const fn file(&self) -> &File {
        &self.file
    }

    /// Flushes the file to disk and moves it to `target`. Does not replace an existing file.
    ///
    /// # Errors
    /// Returns an [`io::Error`], of the kind `AlreadyExists` if `target` exists.
    pub fn publish(self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        match fs::hard_link(&self.path, target) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(e),
            // The file system has no hard links.
            Err(_) if fs::symlink_metadata(target).is_err() => fs::rename(&self.path, target)?,
            Err(_) => return Err(io::ErrorKind::AlreadyExists.into()),
        }
        // Flush the new name as well. Not every system allows opening a folder for that.
        if let Some(folder) = std::path::absolute(target)?.parent().and_then(|p| File::open(p).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Removes temporary files of killed processes from a folder. Files in use are locked and are kept.
pub fn remove_stale_temp_files(folder: &Path) {
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
    fn creates_files_and_folders_for_the_owner_only() {
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
            assert_eq!((restrict_to_owner(&file).unwrap(), mode(&file)), (tightened, after), "{before:o}");
        }
        assert!(!restrict_to_owner(&made.join("none")).unwrap());
    }

    #[test]
    fn removes_temporary_files_of_this_process_and_of_killed_ones() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let names = || fs::read_dir(at).unwrap().count();
        // Two files of a killed process, and two that are not temporary files of walkshed.
        for name in [".walkshed-restore-1-0.part", ".walkshed-restore-1-0.part-wal", "mine.part", ".walkshed-x"] {
            fs::write(at.join(name), b"x").unwrap();
        }
        let aside = TempFile::beside(&at.join("w.db"), "restore").unwrap();
        assert_eq!((names(), mode(aside.path())), (3, 0o600));
        // A file in use is kept.
        let other = TempFile::beside(&at.join("w.db"), "restore").unwrap();
        assert!(aside.path().exists());
        fs::write(with_end(other.path(), "-wal"), b"x").unwrap();
        drop(other);
        assert_eq!(names(), 3);
        aside.publish(&at.join("w.db")).unwrap();
        assert_eq!((names(), mode(&at.join("w.db"))), (3, 0o600));
        let taken = TempFile::beside(&at.join("w.db"), "backup").unwrap().publish(&at.join("w.db")).unwrap_err();
        assert_eq!((taken.kind(), names()), (io::ErrorKind::AlreadyExists, 3));
    }
}
