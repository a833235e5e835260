//! Tests of the analyses that need no world, and of the structure of the crate.

mod access_measures;
mod siting;
mod structure;
mod support;
