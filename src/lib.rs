//! The `walkshed` program: its command line and its HTTP server. ARCHITECTURE.md describes the crates beneath.

pub mod cli;
pub mod server;
