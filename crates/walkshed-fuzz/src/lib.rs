//! What the fuzz targets run. Each function takes any bytes, hands them to one parser, and then uses what was parsed.
//!
//! A function returns nothing: it fails by a panic, either of the code under test or of an assertion here about a property that
//! holds for every input. `fuzz/` runs these functions under libFuzzer; `tests/corpus.rs` runs them over the committed corpus.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a target fails by panicking; temporary files that cannot be written end the run"
)]

mod files;
mod queries;
mod streets;
mod texts;

pub use files::{csv, geojson, xlsx};
pub use queries::graphql_document;
pub use streets::{geotiff, hgt, pbf, prepared_file};
pub use texts::{h3_cell, opening_hours, rrule};

/// A function that takes any bytes.
pub type Target = fn(&[u8]);

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

/// Splits an input that stands for several texts, at lines that hold `---` alone.
fn sections(data: &[u8]) -> Vec<&[u8]> {
    const MARK: &[u8] = b"\n---\n";
    let mut sections = Vec::new();
    let mut rest = data;
    while let Some(at) = rest.windows(MARK.len()).position(|window| window == MARK) {
        sections.push(&rest[..at]);
        rest = &rest[at + MARK.len()..];
    }
    sections.push(rest);
    sections
}
