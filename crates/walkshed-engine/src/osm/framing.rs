//! The framing of a PBF file: the positions of its blobs.
//!
//! The framing is read first, so that truncated files are rejected before any work and blobs can be decoded on all
//! cores.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Limits defined by the format.
const MAX_HEADER: u64 = 64 * 1024;
const MAX_BLOB: u64 = 32 * 1024 * 1024;

/// One blob in the file, including its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobSpan {
    /// Position of the first byte in the file.
    pub offset: u64,
    /// Length in bytes.
    pub len: usize,
    /// The content.
    pub kind: BlobKind,
}

/// The content of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlobKind {
    /// The file header.
    Header,
    /// Map data.
    Data,
    /// An unknown kind of blob, which is skipped.
    Other,
}

/// The reason why the bytes are not a complete PBF file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FramingError {
    #[error("the file is empty")]
    Empty,
    #[error("not an OpenStreetMap PBF file (no blob starts at byte {0})")]
    Foreign(u64),
    #[error("the file is truncated: it has {size} bytes, but the blob at byte {offset} needs {needed}")]
    Truncated { size: u64, offset: u64, needed: u64 },
    #[error("the file contains no map data")]
    NoData,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads the framing of a file.
///
/// # Errors
/// Returns a [`FramingError`] if the file cannot be read, is empty, truncated, or not PBF.
pub fn blob_spans(path: &Path) -> Result<Vec<BlobSpan>, FramingError> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    if size == 0 {
        return Err(FramingError::Empty);
    }
    let mut reader = BufReader::new(file);
    let (mut spans, mut offset) = (Vec::new(), 0u64);
    while offset < size {
        let truncated = |needed: u64| FramingError::Truncated { size, offset, needed };
        if size - offset < 4 {
            return Err(truncated(4));
        }
        let mut word = [0u8; 4];
        reader.read_exact(&mut word)?;
        let header_len = u64::from(u32::from_be_bytes(word));
        if header_len == 0 || header_len > MAX_HEADER {
            return Err(FramingError::Foreign(offset));
        }
        if size - offset < 4 + header_len {
            return Err(truncated(4 + header_len));
        }
        let mut header = vec![0u8; usize::try_from(header_len).map_err(|_| FramingError::Foreign(offset))?];
        reader.read_exact(&mut header)?;
        let (kind, blob_len) = parse_header(&header).ok_or(FramingError::Foreign(offset))?;
        let whole = 4 + header_len + blob_len;
        if size - offset < whole {
            return Err(truncated(whole));
        }
        spans.push(BlobSpan { offset, len: usize::try_from(whole).map_err(|_| FramingError::Foreign(offset))?, kind });
        offset += whole;
        reader.seek(SeekFrom::Start(offset))?;
    }
    if spans.iter().any(|s| s.kind == BlobKind::Data) { Ok(spans) } else { Err(FramingError::NoData) }
}

/// Parses `BlobHeader { 1: type, 2: indexdata, 3: datasize }`.
fn parse_header(mut bytes: &[u8]) -> Option<(BlobKind, u64)> {
    let (mut kind, mut size) = (None, None);
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        match (key >> 3, key & 7) {
            (3, 0) => size = Some(varint(&mut bytes)?),
            (_, 0) => {
                varint(&mut bytes)?;
            }
            (field, 2) => {
                let len = usize::try_from(varint(&mut bytes)?).ok()?;
                let (value, rest) = bytes.split_at_checked(len)?;
                bytes = rest;
                if field == 1 {
                    kind = Some(value);
                }
            }
            _ => return None,
        }
    }
    let kind = kind?;
    let of_name = match kind {
        b"OSMHeader" => BlobKind::Header,
        b"OSMData" => BlobKind::Data,
        _ => BlobKind::Other,
    };
    (size? <= MAX_BLOB && kind.iter().all(u8::is_ascii_graphic)).then_some((of_name, size?))
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
