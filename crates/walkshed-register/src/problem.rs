//! Validation problems: what is wrong with a field of a record.

use std::fmt;

/// The machine-readable type of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProblemCode {
    /// A required value is missing.
    Required,
    /// A value is out of range or malformed.
    Invalid,
    /// A text or list is too long.
    TooLong,
    /// A value that must be unique is already in use.
    Taken,
    /// A referenced record does not exist.
    NotFound,
    /// The record has changed since the client read it.
    Conflict,
    /// Other records refer to it.
    InUse,
    /// An idempotency key was reused for a different request.
    KeyReused,
}

/// One validation problem of a record.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The field, in snake case as in import files.
    pub field: &'static str,
    pub code: ProblemCode,
    /// What is wrong, phrased to follow the field name.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.message)
    }
}

impl Problem {
    /// Creates a problem.
    #[must_use]
    pub fn new(field: &'static str, code: ProblemCode, message: impl Into<String>) -> Self {
        Self { field, code, message: message.into() }
    }
}
