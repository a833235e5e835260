//! The author of changes made on the command line.

/// The actor of changes made on the command line, in the audit log.
pub const COMMAND_LINE: &str = "command line";
