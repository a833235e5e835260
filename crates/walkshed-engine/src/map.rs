//! Memory mapping, for prepared files that are too large to be read into memory. The only file with `unsafe`.
#![allow(unsafe_code)]

use memmap2::Mmap;
use std::fs::File;
use std::io;

/// Maps a file read-only. No other process may be able to write to the file.
///
/// # Errors
/// Returns the error of the operating system.
pub fn map_file(file: &File) -> io::Result<Mmap> {
    // SAFETY: the mapping is read-only, and undefined behaviour requires that the file is changed or truncated while it is
    // mapped. The mapped file is a copy that `format::load` has created and unlinked: no other process can open it.
    unsafe { Mmap::map(file) }
}
