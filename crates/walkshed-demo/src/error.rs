//! Errors of generating a city.

use std::error::Error;
use std::path::{Path, PathBuf};

/// The reason why the files of a city could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: Box<dyn Error + Send + Sync> },
    #[error("cannot read the reported {kind}: {source}")]
    Facts { kind: String, source: csv::Error },
}

impl DemoError {
    /// Returns a function that adds the path to an error.
    pub(crate) fn write<E: Error + Send + Sync + 'static>(path: &Path) -> impl Fn(E) -> Self + '_ {
        move |source| Self::Write { path: path.to_owned(), source: source.into() }
    }
}
