//! Settings given on the command line.

use std::path::PathBuf;

/// The values of command-line flags.
#[derive(Debug, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub data: Option<String>,
    pub database: Option<String>,
    pub listen: Option<String>,
    pub workers: Option<String>,
    pub log: Option<String>,
}
