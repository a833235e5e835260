//! Errors of a snapshot.

/// There is no street network. The text says why, and which command to run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NetworkUnavailable(pub(super) String);

impl NetworkUnavailable {
    /// Returns the reason and the command to run.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
