//! Reads files against an empty register.
#![allow(
    dead_code,
    clippy::panic,
    reason = "each test binary uses its part; a test that cannot read its file should fail"
)]

use walkshed_exchange::{FileProblem, Kind, Options, Read, read_edits, read_table};
use walkshed_register::{Calendar, Kinds, Register, Rules};

/// Reads a file against an empty register.
pub fn read(path: &std::path::Path, kind: Kind) -> Read {
    read_with(path, kind, Options::default()).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Reads a file against an empty register, with options.
pub fn read_with(path: &std::path::Path, kind: Kind, options: Options) -> Result<Read, FileProblem> {
    let (register, kinds, calendar) = (Register::default(), Kinds::default(), Calendar::default());
    let rules = Rules { register: &register, kinds: &kinds, calendar: &calendar };
    read_edits(&read_table(path, kind, &calendar)?, kind, options, rules)
}
