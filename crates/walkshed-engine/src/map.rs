//! The one place with `unsafe`: mapping a file into memory, for prepared files that are too large to be read whole.
#![allow(unsafe_code)]

use memmap2::Mmap;
use std::fs::File;
use std::io;

/// Maps a file read-only. It must be one that nobody else can write to.
///
/// # Errors
/// Any error of the operating system.
pub fn map_file(file: &File) -> io::Result<Mmap> {
    // SAFETY: the mapping is read-only, and undefined behaviour needs someone to change or shorten the file while it is
    // mapped. What is mapped is a copy that `format::hold` has made and taken out of its folder: nobody else can open it.
    unsafe { Mmap::map(file) }
}
