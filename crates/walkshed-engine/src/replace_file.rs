//! Atomic replacement of files.

use crate::format::FileError;
use crate::private_file;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Replaces a file atomically: writes a temporary file, flushes it to disk and renames it. If the process stops half-way,
/// the old file remains.
///
/// # Errors
/// Returns [`FileError::Io`] with the path.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace_by(path, bytes, |temporary| File::create(temporary))
}

/// Replaces a file as [`replace_file`] does; only its owner may read the new file.
///
/// # Errors
/// Returns [`FileError::Io`] with the path.
pub fn replace_private_file(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace_by(path, bytes, private_file::create)
}

fn replace_by(path: &Path, bytes: &[u8], create: impl Fn(&Path) -> io::Result<File>) -> Result<(), FileError> {
    let io_error = |source| FileError::Io { path: path.to_owned(), source };
    let temporary = path.with_extension(format!("tmp{}", std::process::id()));
    // A file of this name can only be left over from an earlier process with the same id.
    let _ = fs::remove_file(&temporary);
    let write = || -> io::Result<()> {
        let mut file = create(&temporary)?;
        // The lock marks the file as in use, unlike one left behind by a killed process.
        let _ = file.try_lock();
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        // Flush the rename as well. Not every system allows opening a folder for that.
        if let Some(folder) = path.parent().and_then(|p| File::open(p).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    };
    write().map_err(|e| {
        let _ = fs::remove_file(&temporary);
        io_error(e)
    })
}
