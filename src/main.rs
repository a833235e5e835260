//! The `walkshed` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    walkshed::cli::main()
}
