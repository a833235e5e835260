//! Whether a place is open.

/// The state of a place at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpenState {
    Open,
    Closed,
    /// The hours do not say, for example "by appointment" or with an open end.
    Unknown,
}

impl OpenState {
    /// Returns whether the place is open; `None` if unknown.
    #[must_use]
    pub const fn is_open(self) -> Option<bool> {
        match self {
            Self::Open => Some(true),
            Self::Closed => Some(false),
            Self::Unknown => None,
        }
    }
}
