//! The marker of generated data.

/// The marker of generated data.
pub const MARK: &str = "SYNTHETIC";
/// The marker as a sentence.
pub use walkshed_register::DEMONSTRATION_NOTICE as MARK_TEXT;
/// The name of the program that wrote the files.
pub const WRITER: &str = concat!("walkshed ", env!("CARGO_PKG_VERSION"));
