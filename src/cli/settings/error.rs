//! Errors of the settings.

use std::path::PathBuf;
use walkshed_analysis::StandardError;
use walkshed_engine::ProfileError;
use walkshed_register::{HolidayError, KindError};

/// An error of the settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("cannot read the configuration file {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the configuration file {} is not valid TOML: {why}", path.display())]
    Toml { path: PathBuf, why: String },
    #[error("{}: unknown setting \"{key}\".{suggestion} Available: {known}, [profiles.NAME], [kinds.KEY], [standards.KEY]", path.display())]
    Unknown { path: PathBuf, key: String, suggestion: String, known: String },
    #[error("{key} = \"{value}\" ({origin}): must be {expected}")]
    Bad { key: String, value: String, origin: String, expected: &'static str },
    #[error("{}: {source}", path.display())]
    Profile { path: PathBuf, source: ProfileError },
    #[error("{}: {source}", path.display())]
    Kind { path: PathBuf, source: KindError },
    #[error("{}: {source}", path.display())]
    Standard { path: PathBuf, source: StandardError },
    #[error(transparent)]
    Holidays(#[from] HolidayError),
}
