//! Reports of completed imports.

use serde::{Deserialize, Serialize};

/// The report of one completed import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRecord {
    /// `centers`, `facilities`, ...
    pub kind: String,
    /// Name of the file.
    pub source: String,
    /// RFC 3339, UTC.
    pub at: String,
    pub rows: u64,
    pub inserted: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub refused: u64,
}
