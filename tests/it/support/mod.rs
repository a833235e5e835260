//! What the tests of this binary and the benchmarks share.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each binary uses its part; a test that cannot set up should fail"
)]

pub mod city;
pub mod events;
pub mod facts;
pub mod http;
pub mod real;
pub mod register;
pub mod server_with_tokens;

#[path = "../../../crates/walkshed-exchange/tests/it/support.rs"]
mod read;

pub use read::read;
