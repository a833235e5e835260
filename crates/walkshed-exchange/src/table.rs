//! A table as read from a file, before validation.

use super::header::Column;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Maximum length of a field in bytes. A longer one usually starts with a quote that is never closed.
pub const MAX_FIELD: usize = 65_536;
/// Maximum number of columns: that of an Excel sheet.
pub const MAX_COLUMNS: usize = 16_384;
/// Maximum number of rows of any table.
pub const MAX_ROWS: usize = 10_000_000;
/// Number of surplus fields kept of a row that is too long, for the file of rejected rows.
const MAX_SURPLUS_FIELDS: usize = 16;

/// A file that cannot be read as a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    #[error("the file is empty")]
    Empty,
    #[error("line {line} is not valid {encoding}; save the file as UTF-8")]
    Encoding { encoding: &'static str, line: u64 },
    #[error(
        "the text looks like {encoding}{}, which is not detected automatically: {}",
        alternatives(encoding),
        how_to_read(encoding)
    )]
    OtherEncoding { encoding: &'static str },
    #[error(
        "the text is too short to decide between {one} and {other}: {}, or {}",
        encoding_option(one),
        how_to_read(other)
    )]
    UnclearEncoding { one: &'static str, other: &'static str },
    #[error(
        "line {line} is not valid UTF-8, but the rest of the file is: the file is damaged or mixes encodings; save it as UTF-8"
    )]
    DamagedUtf8 { line: u64 },
    #[error(
        "line {line} contains the private-use character U+{character:04X} when decoded as GB18030: the text is damaged or in \
         another encoding; name it with --encoding, or save the file as UTF-8"
    )]
    PrivateUse { line: u64, character: u32 },
    #[error("the file begins with the byte order mark of {mark}, not of {said}; omit --encoding")]
    OtherMark { said: &'static str, mark: &'static str },
    #[error("--encoding applies to text files only (.csv, .tsv, .txt, .json, .geojson)")]
    NoText,
    #[error("line {line} contains a NUL byte: this is not a text file")]
    Nul { line: u64 },
    #[error("the first line has no known column names: found {found}, expected names such as {expected}")]
    NoHeader { found: String, expected: String },
    #[error("the column \"{column}\" is missing; found {found}{hint}")]
    MissingColumn { column: &'static str, found: String, hint: &'static str },
    #[error("the column \"{column}\" occurs twice: \"{first}\" and \"{second}\"")]
    DoubleColumn { column: &'static str, first: String, second: String },
    #[error(
        "the header has {found} columns, more than {MAX_COLUMNS}; allowed delimiters are comma, semicolon, tab and vertical bar"
    )]
    TooManyColumns { found: usize },
    #[error("the file has more than {most} rows; split it into several files")]
    TooManyRows { most: usize },
    #[error("line {line}: {why}")]
    BadCsv { line: u64, why: String },
    #[error("not GeoJSON: {why}")]
    BadGeoJson { why: String },
    #[error(
        "the positions are in {crs}, which is not WGS 84; convert them: ogr2ogr -t_srs EPSG:4326 converted.geojson <file>"
    )]
    OtherCrs { crs: String },
    #[error("the file name must end in .csv, .tsv, .txt, .xlsx, .json or .geojson")]
    UnknownKind,
    #[error("not an Excel workbook: {why}")]
    BadWorkbook { why: String },
    #[error("not an OpenStreetMap extract: {why}")]
    BadExtract { why: String },
    #[error("cannot be read: {why}")]
    Io { why: String },
}

/// Returns a hint on encodings that detection cannot distinguish.
fn alternatives(encoding: &str) -> &'static str {
    match encoding {
        "windows-1252" => " or another Latin encoding",
        "windows-1251" => " or another Cyrillic encoding",
        _ => "",
    }
}

/// Returns the advice for an encoding that is not detected automatically.
fn how_to_read(encoding: &str) -> String {
    let convert = format!("convert it: iconv -f {} -t UTF-8", encoding.to_ascii_uppercase());
    match encoding {
        "UTF-32" => convert,
        _ => format!("{}, or {convert}", encoding_option(encoding)),
    }
}

fn encoding_option(encoding: &str) -> String {
    format!("give --encoding {}", encoding.to_ascii_lowercase())
}

/// The indexes of the known columns of a header.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns {
    count: usize,
    indexes: HashMap<Column, usize>,
}

impl Columns {
    /// Creates the indexes from the meaning of each header name.
    pub fn new(columns: &[Option<Column>]) -> Arc<Self> {
        let indexes = columns.iter().zip(0..).filter_map(|(column, at)| column.map(|column| (column, at))).collect();
        Arc::new(Self { count: columns.len(), indexes })
    }
}

/// A row: its line (or feature number), and what it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub line: u64,
    cells: Cells,
    /// A problem found while reading, before the fields are validated.
    pub problem: Option<Box<RejectedRow>>,
}

/// The contents of a row. Compact, because there may be millions of rows.
#[derive(Debug, Clone, PartialEq)]
enum Cells {
    /// Fields by column of the header, concatenated in `text`. `ends` has the end offset of each field but the last.
    Line { columns: Arc<Columns>, text: Box<str>, ends: Box<[u32]> },
    /// Fields by column, and the source text of the feature.
    Feature { fields: Box<[(Column, String)]>, raw: Box<str> },
}

impl Row {
    /// Creates a row of a table. Fields longer than [`MAX_FIELD`] are truncated, and only some surplus fields are kept.
    pub(crate) fn of_line<'a>(line: u64, columns: &Arc<Columns>, fields: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut text, mut ends) = (String::new(), Vec::new());
        for field in fields.into_iter().take(columns.count + MAX_SURPLUS_FIELDS) {
            ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
            text.push_str(cut(field));
        }
        // The first field starts at 0.
        let ends = ends.get(1..).unwrap_or_default().into();
        Self { line, cells: Cells::Line { columns: columns.clone(), text: text.into(), ends }, problem: None }
    }

    /// Creates a row from a feature: one value per column, and the source text.
    pub(crate) fn of_feature(line: u64, fields: impl IntoIterator<Item = (Column, String)>, raw: &str) -> Self {
        let fields = fields.into_iter().collect();
        Self { line, cells: Cells::Feature { fields, raw: raw.into() }, problem: None }
    }

    /// Returns the row with a problem attached.
    pub(crate) fn refused(self, problem: Option<RejectedRow>) -> Self {
        Self { problem: problem.map(Box::new), ..self }
    }

    fn raw(&self, column: Column) -> Option<&str> {
        match &self.cells {
            Cells::Line { columns, .. } => columns.indexes.get(&column).and_then(|index| self.cell(*index)),
            Cells::Feature { fields, .. } => {
                fields.iter().find(|(known, _)| *known == column).map(|(_, text)| text.as_str())
            }
        }
    }

    /// Returns the trimmed value of a column; `None` if it is empty or absent.
    #[must_use]
    pub fn get(&self, column: Column) -> Option<&str> {
        self.raw(column).map(str::trim).filter(|v| !v.is_empty())
    }

    /// Returns whether the row has a column. Columns that are absent leave existing values unchanged.
    #[must_use]
    pub fn has(&self, column: Column) -> bool {
        match &self.cells {
            Cells::Line { columns, .. } => columns.indexes.contains_key(&column),
            Cells::Feature { .. } => self.raw(column).is_some(),
        }
    }

    /// Returns the field at an index of the header.
    fn cell(&self, index: usize) -> Option<&str> {
        let Cells::Line { text, ends, .. } = &self.cells else { return None };
        let end = |index: usize| ends.get(index).map_or(text.len(), |end| *end as usize);
        let start = if index == 0 { 0 } else { *ends.get(index - 1)? as usize };
        text.get(start..end(index))
    }

    /// Iterates over the original fields of a row of a table.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        (0..).map_while(|index| self.cell(index))
    }

    /// Returns the source text of a feature.
    #[must_use]
    pub fn feature(&self) -> Option<&str> {
        match &self.cells {
            Cells::Feature { raw, .. } => Some(raw),
            Cells::Line { .. } => None,
        }
    }
}

/// Truncates a field to [`MAX_FIELD`] bytes at a character boundary.
pub fn cut(field: &str) -> &str {
    if field.len() <= MAX_FIELD { field } else { &field[..field.floor_char_boundary(MAX_FIELD)] }
}

/// The contents of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The original header; empty for GeoJSON.
    pub header: Vec<String>,
    /// The property names of all features of GeoJSON; empty for other formats.
    pub properties: Vec<String>,
    pub rows: Vec<Row>,
    /// Notes on how the file was read.
    pub notes: Vec<String>,
    /// The ids of facilities in the file that are not open.
    pub left_out: Vec<String>,
    /// Indexes after the last column of the header at which some row has a value.
    pub beyond_header: BTreeSet<usize>,
}

impl Table {
    /// Iterates over the numbers of columns, counted from 1, without a name in the header but with a value in some row.
    pub fn values_without_name(&self) -> impl Iterator<Item = usize> {
        let mut unnamed: BTreeSet<usize> =
            self.header.iter().zip(0..).filter(|(name, _)| name.trim().is_empty()).map(|(_, i)| i).collect();
        let mut found = self.beyond_header.clone();
        // Stops once each unnamed column has a value. Most tables have no unnamed columns.
        for row in &self.rows {
            if unnamed.is_empty() {
                break;
            }
            for (index, value) in row.fields().enumerate() {
                if !value.trim().is_empty() && unnamed.remove(&index) {
                    found.insert(index);
                }
            }
        }
        found.into_iter().map(|i| i + 1)
    }
}

/// A rejected row and the reason.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RejectedRow {
    /// Line of the file, counted from 1; for GeoJSON the number of the feature.
    pub line: u64,
    pub field: String,
    pub value: String,
    pub why: String,
}

impl RejectedRow {
    /// Creates a rejection. Long values are truncated.
    #[must_use]
    pub fn new(line: u64, field: &str, value: &str, why: impl ToString) -> Self {
        let mut short: String = value.chars().take(80).collect();
        if short.len() < value.len() {
            short.push('…');
        }
        Self { line, field: field.to_owned(), value: short, why: why.to_string() }
    }
}
