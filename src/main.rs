//! The `walkshed` command.

use std::process::ExitCode;

/// Returns freed memory to the system, unlike that of the C library.
#[cfg(all(feature = "jemalloc", not(windows)))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    walkshed::cli::main()
}
