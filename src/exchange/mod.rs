//! Files in: tables from CSV and `GeoJSON` to records of the register, row by row, with a report of every row refused.

mod csv;
mod geojson;
mod header;
mod records;
mod refused;
mod table;
mod text;

pub use header::Column;
pub use records::{Kind, Options, Records, read_records};
pub use refused::write_refused;
pub use table::{FileProblem, Refused, Row, Table};
