//! `walkshed coverage`, `compare`, `gaps`, `sites` and `assess`: planning analyses. Each prints a summary and, with `--out`,
//! writes a file for a map, a spreadsheet or a report.

mod args;
pub mod assess;
pub mod compare;
pub mod coverage;
mod file;
pub mod gaps;
pub mod sites;
mod summary;
mod world;
