//! Errors of a build.

use crate::antimeridian::ExtractTooWide;
use crate::elevation::ElevationError;
use crate::format::FileError;
use crate::osm::OsmError;
use std::path::PathBuf;

/// The reason why a network could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    #[error("{}: {source}", path.display())]
    Osm { path: PathBuf, source: OsmError },
    #[error("{}: {why}", path.display())]
    ExtractTooWide { path: PathBuf, why: ExtractTooWide },
    #[error(transparent)]
    Elevation(#[from] ElevationError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("too many {0} in the extract (the limit of a prepared file is 4 billion); cut it into smaller extracts")]
    TooLarge(&'static str),
    #[error("no street can be used: the extract lacks all nodes that its ways refer to")]
    Nothing,
}
