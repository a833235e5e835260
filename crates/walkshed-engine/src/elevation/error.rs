//! Errors of elevation files.

use std::path::{Path, PathBuf};

/// The reason why an elevation file could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ElevationError {
    #[error("cannot read {}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{}: {why}", path.display())]
    Unusable { path: PathBuf, why: String },
    #[error("{}: unknown file type; the name must end in .tif, .tiff or .hgt", .0.display())]
    UnknownKind(PathBuf),
}

/// Returns a function that adds the path to an I/O error.
pub(super) fn io_error(path: &Path) -> impl Fn(std::io::Error) -> ElevationError + '_ {
    move |source| ElevationError::Io { path: path.to_owned(), source }
}
