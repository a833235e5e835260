//! Tests of the analyses that need no world.

mod access_measures;
mod siting;
mod support;
