//! Errors of reading an extract.

use super::framing::FramingError;

/// The reason why an extract could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OsmError {
    #[error(transparent)]
    Framing(#[from] FramingError),
    #[error("the blob at byte {offset} is damaged: {source}")]
    Damaged { offset: u64, source: BlobError },
    #[error("the file requires the unsupported feature \"{0}\"; use an extract without history")]
    Feature(String),
    #[error("no street for walking or cycling among {ways} ways; is this an extract of a city?")]
    NoStreets { ways: u64 },
}

/// The reason why a blob could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    #[error("it is empty")]
    Empty,
    #[error("{0} is truncated")]
    Truncated(&'static str),
    #[error("{0}")]
    Malformed(&'static str),
    #[error("the compression is not zlib")]
    Compression,
    #[error("zlib: {0}")]
    Zlib(String),
    #[error("it decompresses to more than {limit_mib} MiB")]
    TooLarge { limit_mib: usize },
    #[error("the file decompresses to more than {limit} times its size")]
    Expansion { limit: u64 },
    #[error("too many {what}: the limit is {limit}")]
    TooMany { what: &'static str, limit: usize },
    #[error("the tags of the amenities take more than {limit} times the size of the file")]
    Tags { limit: u64 },
}
