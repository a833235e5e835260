//! What the fuzz targets run. Each function takes any bytes, hands them to one parser, and then uses what was parsed.
//!
//! A function returns whether the input was parsed. It fails by a panic, either of the code under test or of an assertion here
//! about a property that holds for every input. `fuzz/` runs these functions under libFuzzer; `tests/corpus.rs` runs them over the committed corpus.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "a target fails by panicking; temporary files that cannot be written end the run"
)]

mod files;
mod queries;
mod sections;
mod streets;
mod texts;

pub use files::{csv, geojson, xlsx};
pub use queries::graphql_document;
pub use streets::{geotiff, hgt, pbf, prepared_file};
pub use texts::{h3_cell, opening_hours, rrule};

/// A function that takes any bytes and returns whether they were parsed.
pub type Target = fn(&[u8]) -> bool;

/// All targets with the names of their folders in `fuzz/corpus`.
pub const TARGETS: [(&str, Target); 11] = [
    ("csv", csv),
    ("geojson", geojson),
    ("geotiff", geotiff),
    ("graphql_document", graphql_document),
    ("h3_cell", h3_cell),
    ("hgt", hgt),
    ("opening_hours", opening_hours),
    ("pbf", pbf),
    ("prepared_file", prepared_file),
    ("rrule", rrule),
    ("xlsx", xlsx),
];
