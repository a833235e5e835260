//! The parts of a rule, and what may be wrong with them.

use chrono::Weekday;

/// Maximum length of a rule, in bytes.
pub const MAX_LENGTH: usize = 300;

/// A text that is not a supported rule. The message is phrased to follow the field name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("\"{0}\" must be a single RRULE of RFC 5545 of at most {MAX_LENGTH} characters")]
    NotOne(String),
    #[error(
        "\"{0}\" is not an RRULE of RFC 5545: expected NAME=VALUE parts separated by semicolons, such as FREQ=WEEKLY;BYDAY=FR"
    )]
    NotAPart(String),
    #[error("{0} is not a part of an RRULE (RFC 5545)")]
    UnknownPart(String),
    #[error("{0} is given more than once")]
    Twice(&'static str),
    #[error("FREQ is missing; write for example FREQ=WEEKLY;BYDAY=FR")]
    NoFrequency,
    #[error("FREQ={0} is not supported; use FREQ=DAILY with BYHOUR and BYMINUTE")]
    TooOften(String),
    #[error("{part}={value} {why}")]
    Value { part: &'static str, value: String, why: String },
    #[error("{0} and {1} cannot both be given")]
    Both(&'static str, &'static str),
    #[error("UNTIL={until} is before the start of the event ({starts})")]
    UntilBeforeStart { until: String, starts: String },
    #[error("\"{0}\" has no occurrence: no day matches all its parts")]
    Never(String),
}

/// The frequency of a rule (FREQ).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frequency {
    Yearly,
    Monthly,
    Weekly,
    Daily,
}

/// An entry of BYDAY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleDay {
    Every(Weekday),
    /// The nth weekday of the month or year; negative numbers count from the end.
    Nth(i16, Weekday),
}
