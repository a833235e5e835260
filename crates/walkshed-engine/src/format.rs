//! The binary layout of the prepared file: a header, a table of sections, and the sections, each aligned to 8 bytes. All
//! numbers are little-endian.
//!
//! | bytes | content |
//! | --- | --- |
//! | 0-7 | `WALKSHED` |
//! | 8-11 | format version |
//! | 12-15 | number of sections |
//! | 16-23 | length of the whole file |
//! | 24-31 | XXH3-64 of the bytes from 32 on |
//! | from 32, 24 bytes for each section | number, element size, offset, length in bytes (u32, u32, u64, u64) |

use crate::map::map_file;
use crate::parallel;
use bytemuck::{Pod, cast_slice};
use memmap2::{Mmap, MmapMut};
use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use xxhash_rust::xxh3::xxh3_64;

const MAGIC: &[u8; 8] = b"WALKSHED";
/// The format version. Increment it whenever the meaning of a byte changes.
pub const VERSION: u32 = 2;
const HEADER: usize = 32;
/// Files up to this size are read into memory. Larger files are copied and the copy is mapped, so that writing to or
/// truncating the file does not affect a running process.
const MAX_IN_MEMORY: u64 = 1 << 30;
/// Files of at least this size are read into large pages.
const MIN_LARGE: usize = 4 << 20;
const ENTRY: usize = 24;

/// Why a prepared file cannot be used. The messages name the command to run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file does not exist.
    #[error("there is no prepared street network at {}; run: walkshed import streets CITY.osm.pbf", .0.display())]
    Missing(PathBuf),
    /// The file cannot be read or written.
    #[error("cannot read or write {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file is not a prepared street network.
    #[error("{} is not a street network that walkshed prepared; run: walkshed import streets CITY.osm.pbf", .0.display())]
    Foreign(PathBuf),
    /// The file has another format version.
    #[error("{} was prepared by another version of walkshed (format {found}, this one reads {VERSION}); run: walkshed import streets CITY.osm.pbf", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The format version of the file.
        found: u32,
    },
    /// The file is truncated or damaged.
    #[error("{} is truncated or damaged ({why}); run: walkshed import streets CITY.osm.pbf", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// The bytes of a prepared file.
enum Bytes {
    Mapped(Mmap),
    /// In 64-bit words, for alignment.
    Owned(Vec<u64>),
    /// Memory that starts at a page. The system is asked for large pages, which are allocated and accessed faster.
    Pages(MmapMut),
}

impl Bytes {
    fn get(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(words) => cast_slice(words),
            Self::Pages(pages) => pages,
        }
    }
}

/// Allocates memory in large pages where the system has them.
fn large_pages(bytes: usize) -> io::Result<MmapMut> {
    let pages = MmapMut::map_anon(bytes)?;
    #[cfg(target_os = "linux")]
    let _ = pages.advise(memmap2::Advice::HugePage);
    Ok(pages)
}

/// Reads a file from its start, one half on another core.
#[cfg(unix)]
fn read_whole(file: &File, bytes: &mut [u8]) -> io::Result<()> {
    use std::os::unix::fs::FileExt;
    let half = bytes.len() / 2;
    let (low, high) = bytes.split_at_mut(half);
    let (first, second) = parallel::both(|| file.read_exact_at(low, 0), || file.read_exact_at(high, half as u64));
    first.and(second)
}

#[cfg(not(unix))]
fn read_whole(mut file: &File, bytes: &mut [u8]) -> io::Result<()> {
    file.read_exact(bytes)
}

/// Loads a file so that later changes to it have no effect: into memory, or by mapping a private copy that has no name.
fn load(mut file: File, path: &Path, len: u64, max_in_memory: u64) -> io::Result<Bytes> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    if len <= max_in_memory || !len.is_multiple_of(8) {
        let bytes = usize::try_from(len).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        if bytes.is_multiple_of(8) && bytes >= MIN_LARGE {
            let mut pages = large_pages(bytes)?;
            read_whole(&file, &mut pages)?;
            return Ok(Bytes::Pages(pages));
        }
        // A prepared file consists of whole words. Any other file gets a wrong length here, so that verification rejects it.
        let rest = if bytes.is_multiple_of(8) { 0 } else { 2 };
        let mut words = vec![0u64; bytes / 8 + rest];
        let all: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        file.read_exact(&mut all[..bytes])?;
        return Ok(Bytes::Owned(words));
    }
    let temporary = path.with_extension(format!("held{}-{}", std::process::id(), NUMBER.fetch_add(1, Relaxed)));
    let _ = fs::remove_file(&temporary);
    let mut map_copy = || -> io::Result<Mmap> {
        let mut copy = File::options().read(true).write(true).create_new(true).open(&temporary)?;
        // Unlink the copy at once where the system allows it: the space is freed when the process ends.
        let _ = fs::remove_file(&temporary);
        io::copy(&mut file, &mut copy)?;
        map_file(&copy)
    };
    map_copy().map(Bytes::Mapped).inspect_err(|_| drop(fs::remove_file(&temporary)))
}

/// A prepared file whose checksum and section table have been verified.
pub struct Sections {
    bytes: Bytes,
    /// By section number.
    ranges: Vec<Range<usize>>,
    len: usize,
}

impl Sections {
    /// Loads and verifies a file. `elements` holds the element size of each section in bytes.
    ///
    /// # Errors
    /// Returns a [`FileError`] if the file is missing, not a prepared file, of another version, truncated or damaged.
    pub fn open(path: &Path, elements: &[usize]) -> Result<Self, FileError> {
        let io_error = |source| FileError::Io { path: path.to_owned(), source };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(FileError::Missing(path.to_owned())),
            Err(e) => return Err(io_error(e)),
        };
        let len = file.metadata().map_err(io_error)?.len();
        if len < HEADER as u64 {
            return Err(FileError::Foreign(path.to_owned()));
        }
        Self::verify(load(file, path, len, MAX_IN_MEMORY).map_err(io_error)?, path, elements)
    }

    /// Verifies the output of a [`Writer`] in memory.
    ///
    /// # Errors
    /// See [`Sections::open`].
    pub fn from_words(words: Vec<u64>, elements: &[usize]) -> Result<Self, FileError> {
        Self::verify(Bytes::Owned(words), Path::new("(in memory)"), elements)
    }

    fn verify(bytes: Bytes, path: &Path, elements: &[usize]) -> Result<Self, FileError> {
        let damaged = |why: &str| FileError::Damaged { path: path.to_owned(), why: why.to_owned() };
        let all = bytes.get();
        let word = |at: usize| all.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
        let long = |at: usize| all.get(at..at + 8).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
        if all.get(..8) != Some(MAGIC) {
            return Err(FileError::Foreign(path.to_owned()));
        }
        let found = word(8).unwrap_or(0);
        if found != VERSION {
            return Err(FileError::Version { path: path.to_owned(), found });
        }
        let len = long(16).and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
        if len != all.len() || len < HEADER {
            return Err(damaged(&format!("its size is {} bytes, expected {len}", all.len())));
        }
        if long(24) != Some(xxh3_64(&all[HEADER..len])) {
            return Err(damaged("its checksum does not match"));
        }
        if word(12) != u32::try_from(elements.len()).ok() {
            return Err(damaged("unexpected number of sections"));
        }
        let mut ranges = Vec::with_capacity(elements.len());
        for (n, &size) in elements.iter().enumerate() {
            let at = HEADER + n * ENTRY;
            let start = long(at + 8).and_then(|n| usize::try_from(n).ok());
            let size_ok = word(at + 4) == u32::try_from(size).ok() && word(at) == u32::try_from(n).ok();
            let length = long(at + 16).and_then(|n| usize::try_from(n).ok());
            match (start, length) {
                (Some(start), Some(length))
                    if size_ok
                        && start % 8 == 0
                        && length % size == 0
                        && start.checked_add(length).is_some_and(|e| e <= len) =>
                {
                    ranges.push(start..start + length);
                }
                _ => return Err(damaged(&format!("section {n} lies outside the file"))),
            }
        }
        Ok(Self { bytes, ranges, len })
    }

    /// Returns the elements of a section.
    ///
    /// # Panics
    /// Panics if the size of `T` is not the declared element size. Offsets and lengths are verified on opening.
    #[must_use]
    pub fn get<T: Pod>(&self, section: usize) -> &[T] {
        cast_slice(&self.bytes.get()[self.ranges[section].clone()])
    }

    /// Returns the checksum of the file.
    #[must_use]
    pub fn checksum(&self) -> u64 {
        self.bytes().get(24..32).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
    }

    /// Returns the size of the file in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Returns the bytes of the file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes.get()[..self.len]
    }
}

/// Assembles a prepared file from sections.
#[derive(Default)]
pub struct Writer {
    sections: Vec<(usize, Vec<u8>)>,
}

impl Writer {
    /// Appends a section.
    pub fn push<T: Pod>(&mut self, elements: &[T]) {
        self.sections.push((size_of::<T>(), cast_slice(elements).to_vec()));
    }

    /// Returns the file as 64-bit words.
    #[must_use]
    pub fn finish(self) -> Vec<u64> {
        let mut offset = HEADER + self.sections.len() * ENTRY;
        let mut table = Vec::new();
        for (n, (size, bytes)) in self.sections.iter().enumerate() {
            offset = offset.next_multiple_of(8);
            table.extend_from_slice(&(n as u32).to_le_bytes());
            table.extend_from_slice(&(*size as u32).to_le_bytes());
            table.extend_from_slice(&(offset as u64).to_le_bytes());
            table.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            offset += bytes.len();
        }
        let len = offset.next_multiple_of(8);
        let mut words = vec![0u64; len / 8];
        let out: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        out[HEADER..HEADER + table.len()].copy_from_slice(&table);
        let mut at = HEADER + table.len();
        for (_, bytes) in &self.sections {
            at = at.next_multiple_of(8);
            out[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        }
        let sum = xxh3_64(&out[HEADER..]);
        out[..8].copy_from_slice(MAGIC);
        out[8..12].copy_from_slice(&VERSION.to_le_bytes());
        out[12..16].copy_from_slice(&(self.sections.len() as u32).to_le_bytes());
        out[16..24].copy_from_slice(&(len as u64).to_le_bytes());
        out[24..32].copy_from_slice(&sum.to_le_bytes());
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// Covers all ways of loading: into memory, into large pages, and by mapping a copy.
    #[test]
    fn loaded_bytes_survive_truncation_and_overwriting_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("streets.walkshed");
        let large = MIN_LARGE as u32 + 8;
        for (max_in_memory, len) in [(0, 80_000), (1 << 20, 80_000), (1 << 30, large)] {
            let bytes: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            fs::write(&path, &bytes).unwrap();
            let loaded = load(File::open(&path).unwrap(), &path, bytes.len() as u64, max_in_memory).unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            file.set_len(10).unwrap();
            (&file).write_all(&[255; 100]).unwrap();
            assert!(loaded.get() == bytes, "{max_in_memory}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no copy is left in the folder");
            // A file that is truncated while being read is rejected.
            assert!(load(File::open(&path).unwrap(), &path, len.into(), 1 << 30).is_err());
        }
    }
}
