//! The one place with `unsafe`: mapping the prepared file into memory. The benchmark `open` shows what it buys
//! against reading the file (a start that does not copy the whole network).
#![allow(unsafe_code)]

use memmap2::Mmap;
use std::fs::File;
use std::io;

/// Maps a file read-only.
///
/// # Errors
/// Any error of the operating system.
pub fn map_file(file: &File) -> io::Result<Mmap> {
    // SAFETY: the mapping is read-only, and undefined behaviour needs another process to change or shorten the file
    // while it is mapped. walkshed never writes a prepared file in place: an import writes a new file beside it and
    // renames it over the old name, so that the mapped one stays as it is until the last reader lets go of it.
    unsafe { Mmap::map(file) }
}
