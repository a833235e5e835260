//! The input, result and errors of a change.

use crate::error::StoreError;
use crate::transaction::RegisterStamp;
use std::fmt;
use std::sync::Arc;
use walkshed_register::{Done, Edit, ImportRecord, Problem, ProblemCode};

/// A list of edits with their author and time.
#[derive(Debug, Clone, Default)]
pub struct ChangeSet {
    pub edits: Vec<Edit>,
    /// The author, as recorded in the audit log.
    pub actor: String,
    /// RFC 3339, UTC.
    pub at: String,
    /// For a create that a client may retry: the retry returns the first result and creates nothing.
    pub idempotent: Option<IdempotencyKey>,
    /// Whether the author has no token. Such changes wait behind those of authors with a token.
    pub anonymous: bool,
    /// Whether this imports the demonstration city. Other imports are rejected while the register contains it.
    pub demonstration: bool,
    /// For an import, its report without the counts.
    pub import: Option<ImportRecord>,
    /// Receives progress reports.
    pub progress: Option<Progress>,
}

/// A callback that receives the number of completed edits and the total number of edits.
#[derive(Clone)]
pub struct Progress(pub Arc<dyn Fn(u64, u64) + Send + Sync>);

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}

/// Identifies a request, so that a retry is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    pub key: String,
    /// SHA-256 of the request.
    pub request: [u8; 32],
}

/// The result of a change set.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The outcome of each edit, in order.
    pub done: Vec<Done>,
    /// The register version before the change.
    pub before: u64,
    /// The stamp before the change: another one than that of the last load if another program has changed a row.
    pub stamp_before: Option<RegisterStamp>,
    /// The register version after the change.
    pub version: u64,
    /// The stamp of that version.
    pub stamp: Option<RegisterStamp>,
    pub inserted: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub deleted: u64,
}

/// An error of a change set. Nothing was stored, except possibly for [`EditError::CommitUnknown`].
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The commit failed in a way that leaves open whether the change was stored.
    #[error("it is unknown whether the change was stored ({0}). Read the affected records again before you retry")]
    CommitUnknown(StoreError),
    /// The queue of writers is full.
    #[error("{waiting} changes are already waiting to be stored; try again in a few seconds")]
    Busy { waiting: usize },
    /// An edit conflicts with the stored data.
    #[error("edit {index}: {problem}")]
    Problem { index: usize, problem: Problem },
    /// An import while the register contains the demonstration city.
    #[error(
        "the register contains the demonstration city, which is synthetic. Remove it first with `walkshed demo --remove`, then import"
    )]
    Demonstration,
}

impl From<sqlx::Error> for EditError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl EditError {
    /// Creates an error about a field of an edit.
    pub(crate) fn field(field: &'static str, code: ProblemCode, why: impl Into<String>) -> Self {
        Self::Problem { index: 0, problem: Problem::new(field, code, why) }
    }

    /// Sets the index of the edit that a problem belongs to.
    pub(crate) fn at(self, index: usize) -> Self {
        match self {
            Self::Problem { problem, .. } => Self::Problem { index, problem },
            other => other,
        }
    }
}
