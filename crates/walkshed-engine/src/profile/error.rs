//! Errors in the settings of profiles.

/// The reason why profile settings are invalid.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    #[error("[profiles.{0}]: unknown profile; available: adult, senior, child, wheelchair, stroller, bicycle")]
    UnknownProfile(String),
    #[error("[profiles.{0}] must be a table of keys and values")]
    NotATable(String),
    #[error("profiles.{profile}.{key}: unknown key; available: {known}")]
    UnknownKey { profile: String, key: String, known: String },
    #[error("profiles.{profile}.{key} = {value}: {expected}")]
    BadValue { profile: String, key: String, value: String, expected: String },
}
