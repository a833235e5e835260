//! Import and export of files. Import: reads tables from CSV, Excel, GeoJSON and OpenStreetMap extracts and turns their rows
//! into edits of the register, with a report of every rejected row. Export: FlatGeobuf and GeoParquet.

mod crs;
mod csv;
mod features;
mod flatgeobuf;
mod geojson;
mod geoparquet;
mod guess;
mod header;
mod json_duplicates;
mod osm;
mod osm_supply;
mod plan;
mod records;
mod rejected_rows;
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
pub use plan::{Plan, PlanError, count_changes, plan};
pub use records::{Kind, Options, Read, read_edits};
pub use rejected_rows::write_rejected_rows;
pub use table::{FileProblem, MAX_ROWS, RejectedRow, Row, Table};
pub use text::encoding_by_label;

/// The file format of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    GeoJson,
    Xlsx,
}

impl Format {
    /// Returns the format that the file name extension stands for.
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

/// Reads a file as a table. Facilities can also be the amenities of an OpenStreetMap extract. The text encoding is detected.
///
/// # Errors
/// [`FileProblem`] if the file as a whole cannot be used.
pub fn read_table(path: &Path, kind: Kind, calendar: &Calendar) -> Result<Table, FileProblem> {
    read_table_in(path, kind, calendar, None)
}

/// Reads a file as a table in a given text encoding. See [`read_table`].
///
/// # Errors
/// [`FileProblem`] if the file as a whole cannot be used.
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
    parse_table(&bytes, format, encoding)
}

/// Reads the bytes of a file as a table. The text encoding is detected unless it is given.
///
/// # Errors
/// [`FileProblem`] if the file as a whole cannot be used.
pub fn parse_table(bytes: &[u8], format: Format, encoding: Option<&'static Encoding>) -> Result<Table, FileProblem> {
    parse_table_with_limit(bytes, format, encoding, MAX_ROWS)
}

/// Reads the bytes of a file as a table of limited size. Memory use is bounded by the size of the file; `tests/reader_memory.rs`
/// has the bounds. A file of ordinary rows takes about 10 times its size, a file of single-letter rows up to 128 times, a
/// hostile workbook up to 160 times plus 64 MiB.
///
/// # Errors
/// [`FileProblem`] if the file as a whole cannot be used, or has more rows than the limit.
pub fn parse_table_with_limit(
    bytes: &[u8],
    format: Format,
    encoding: Option<&'static Encoding>,
    max_rows: usize,
) -> Result<Table, FileProblem> {
    let read = match format {
        Format::Csv => csv::read,
        Format::GeoJson => geojson::read,
        Format::Xlsx if encoding.is_some() => return Err(FileProblem::NoText),
        Format::Xlsx if bytes.is_empty() => return Err(FileProblem::Empty),
        Format::Xlsx => return xlsx::read(bytes, max_rows),
    };
    let Decoded { text, mut notes } = text::decode(bytes, encoding)?;
    let mut table = read(&text, max_rows)?;
    notes.append(&mut table.notes);
    Ok(Table { notes, ..table })
}
