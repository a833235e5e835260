//! Files in: tables from CSV, Excel, `GeoJSON` and OpenStreetMap extracts to edits of the register, row by row, with a
//! report of every row refused. And out: FlatGeobuf, GeoParquet.

mod crs;
mod csv;
mod features;
mod flatgeobuf;
mod geojson;
mod geoparquet;
mod guess;
mod header;
mod json_doubles;
mod osm;
mod osm_supply;
mod plan;
mod records;
mod refused;
mod table;
mod text;
mod xlsx;

use std::path::Path;
use text::Decoded;
use walkshed_register::Calendar;

pub use encoding_rs::{Encoding, UTF_8};

pub use flatgeobuf::{FlatGeobuf, flatgeobuf};
pub use geoparquet::geoparquet;
pub use header::Column;
pub use plan::{Plan, PlanError, foresee, plan};
pub use records::{Kind, Options, Read, read_edits};
pub use refused::write_refused;
pub use table::{FileProblem, MAX_ROWS, Refused, Row, Table};
pub use text::encoding_named;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    GeoJson,
    Xlsx,
}

impl Format {
    /// The format a file's name tells.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        match name.rsplit_once('.')?.1 {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "json" | "geojson" => Some(Self::GeoJson),
            "xlsx" => Some(Self::Xlsx),
            _ => None,
        }
    }
}

/// Reads a file as a table; for facilities also the amenities of an OpenStreetMap extract. The encoding of a text is found.
///
/// # Errors
/// [`FileProblem`] when it cannot be used as a whole.
pub fn read_table(path: &Path, kind: Kind, calendar: &Calendar) -> Result<Table, FileProblem> {
    read_table_in(path, kind, calendar, None)
}

/// [`read_table`] with the encoding of the text, where it is known.
///
/// # Errors
/// [`FileProblem`] when it cannot be used as a whole.
pub fn read_table_in(
    path: &Path,
    kind: Kind,
    calendar: &Calendar,
    encoding: Option<&'static Encoding>,
) -> Result<Table, FileProblem> {
    if kind == Kind::Facilities && path.extension().is_some_and(|e| e.eq_ignore_ascii_case("pbf")) {
        return if encoding.is_some() { Err(FileProblem::NoText) } else { osm::read(path, calendar) };
    }
    let format = Format::of(path).ok_or(FileProblem::UnknownKind)?;
    let bytes = std::fs::read(path).map_err(|e| FileProblem::Io { why: e.to_string() })?;
    table_of(&bytes, format, encoding)
}

/// Reads the bytes of a file as a table. The encoding of a text is found where it is not said.
///
/// # Errors
/// [`FileProblem`] when they cannot be used as a whole.
pub fn table_of(bytes: &[u8], format: Format, encoding: Option<&'static Encoding>) -> Result<Table, FileProblem> {
    table_within(bytes, format, encoding, MAX_ROWS)
}

/// [`table_of`] with a limit of rows. What is held at once is bounded by the size of the file: `tests/reader_memory.rs` has the
/// bounds. A file of ordinary rows takes some 10 times its bytes, one of rows of a single letter up to 128 times, a workbook
/// made to take much 160 times and 64 MiB.
///
/// # Errors
/// [`FileProblem`] when they cannot be used as a whole, or hold more rows.
pub fn table_within(
    bytes: &[u8],
    format: Format,
    encoding: Option<&'static Encoding>,
    most_rows: usize,
) -> Result<Table, FileProblem> {
    let read = match format {
        Format::Csv => csv::read,
        Format::GeoJson => geojson::read,
        Format::Xlsx if encoding.is_some() => return Err(FileProblem::NoText),
        Format::Xlsx if bytes.is_empty() => return Err(FileProblem::Empty),
        Format::Xlsx => return xlsx::read(bytes, most_rows),
    };
    let Decoded { text, mut notes } = text::decode(bytes, encoding)?;
    let mut table = read(&text, most_rows)?;
    notes.append(&mut table.notes);
    Ok(Table { notes, ..table })
}
