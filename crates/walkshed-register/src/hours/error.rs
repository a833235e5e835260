//! What can be wrong with opening hours.

/// Maximum length of opening hours, in characters.
pub const MAX_HOURS: usize = 255;

/// A text that is not valid opening hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    #[error("is longer than {MAX_HOURS} characters")]
    TooLong,
    #[error("is not valid OpenStreetMap opening_hours, such as \"Mo-Fr 09:00-18:00; PH off\" or \"10:00-02:00\": {0}")]
    Syntax(String),
}

/// A syntax error and its offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    /// Offset in bytes.
    pub(super) start: usize,
    pub(super) why: String,
}
