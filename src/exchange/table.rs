//! A table as read from a file, before anything in it is believed.

use super::header::Column;
use std::collections::HashMap;

/// No field is longer than this many bytes; a longer one is a quote that was never closed.
pub const MAX_FIELD: usize = 65_536;

/// Why a file cannot be read as a table at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    #[error("the file is empty")]
    Empty,
    #[error("line {line} is not valid {encoding}; save the file as UTF-8")]
    Encoding { encoding: &'static str, line: u64 },
    #[error(
        "the text looks like {encoding}{}, which is not read unasked: {}",
        relatives(encoding),
        how_to_read(encoding)
    )]
    OtherEncoding { encoding: &'static str },
    #[error(
        "the text is too short to tell whether it is {one} or {other}: {}, or {}",
        say_encoding(one),
        how_to_read(other)
    )]
    UnclearEncoding { one: &'static str, other: &'static str },
    #[error(
        "line {line} is not valid UTF-8, but the rest is: the file is damaged, or put together from several; save it as UTF-8"
    )]
    DamagedUtf8 { line: u64 },
    #[error(
        "line {line} holds the private-use character U+{character:04X} when read as GB18030, so that the text is damaged or in \
         another encoding: say which with --encoding, or save it as UTF-8"
    )]
    PrivateUse { line: u64, character: u32 },
    #[error("the file begins with the byte order mark of {mark}, not of {said}: leave --encoding out")]
    OtherMark { said: &'static str, mark: &'static str },
    #[error("--encoding is for tables in text (.csv, .tsv, .txt, .json, .geojson)")]
    NoText,
    #[error("line {line} holds a NUL byte: this is not a text file")]
    Nul { line: u64 },
    #[error("the first line does not name the columns: found {found}, but expected names such as {expected}")]
    NoHeader { found: String, expected: String },
    #[error("the column \"{column}\" is missing; found {found}{hint}")]
    MissingColumn { column: &'static str, found: String, hint: &'static str },
    #[error("the column \"{column}\" is there twice: \"{first}\" and \"{second}\"")]
    DoubleColumn { column: &'static str, first: String, second: String },
    #[error("line {line}: {why}")]
    BadCsv { line: u64, why: String },
    #[error("not GeoJSON: {why}")]
    BadGeoJson { why: String },
    #[error(
        "the positions are in {crs}, which is not WGS 84; convert them: ogr2ogr -t_srs EPSG:4326 converted.geojson <file>"
    )]
    OtherCrs { crs: String },
    #[error("the ending of the name must be .csv, .tsv, .txt, .xlsx, .json or .geojson")]
    UnknownKind,
    #[error("not an Excel workbook: {why}")]
    BadWorkbook { why: String },
    #[error("not an OpenStreetMap extract: {why}")]
    BadExtract { why: String },
    #[error("cannot be read: {why}")]
    Io { why: String },
}

/// Encodings that are not told from each other.
fn relatives(encoding: &str) -> &'static str {
    match encoding {
        "windows-1252" => " or another one of Latin letters",
        "windows-1251" => " or another one of Cyrillic letters",
        _ => "",
    }
}

/// What the user can do about an encoding that is not read unasked.
fn how_to_read(encoding: &str) -> String {
    let convert = format!("convert it: iconv -f {} -t UTF-8", encoding.to_ascii_uppercase());
    match encoding {
        "UTF-32" => convert,
        _ => format!("{}, or {convert}", say_encoding(encoding)),
    }
}

fn say_encoding(encoding: &str) -> String {
    format!("give --encoding {}", encoding.to_ascii_lowercase())
}

/// A row: its line (or feature number), what its known columns hold, and the whole row as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub line: u64,
    pub fields: HashMap<Column, String>,
    pub raw: Raw,
    /// A problem found while reading, before the fields are looked at.
    pub problem: Option<Refused>,
}

/// A row as it was, for the file of refused rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Raw {
    Csv(Vec<String>),
    GeoJson(serde_json::Value),
}

impl Raw {
    /// What the row has in a place of the header.
    fn cell(&self, place: usize) -> Option<&str> {
        match self {
            Self::Csv(fields) => fields.get(place).map(String::as_str),
            Self::GeoJson(_) => None,
        }
    }
}

impl Row {
    /// What a column holds, trimmed; `None` when it is empty or not there.
    #[must_use]
    pub fn get(&self, column: Column) -> Option<&str> {
        self.fields.get(&column).map(|v| v.trim()).filter(|v| !v.is_empty())
    }

    /// Has the file this column at all? What it does not have is left as it is.
    #[must_use]
    pub fn has(&self, column: Column) -> bool {
        self.fields.contains_key(&column)
    }
}

/// The whole of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The header as it was; empty for `GeoJSON`.
    pub header: Vec<String>,
    /// The names of the properties of all features of `GeoJSON`; empty for others.
    pub properties: Vec<String>,
    pub rows: Vec<Row>,
    /// What was passed over without harm, in sentences.
    pub notes: Vec<String>,
    /// The ids of facilities that the file has, but says are not open.
    pub left_out: Vec<String>,
}

impl Table {
    /// The columns, counted from 1, that have no name in the header but values in some row.
    pub fn values_without_name(&self) -> impl Iterator<Item = usize> {
        let unnamed = self.header.iter().zip(0..).filter(|(name, _)| name.trim().is_empty()).map(|(_, i)| i);
        unnamed
            .filter(|i| self.rows.iter().any(|row| row.raw.cell(*i).is_some_and(|v| !v.trim().is_empty())))
            .map(|i| i + 1)
    }
}

/// A row that was not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Refused {
    /// Line of the file, counted from 1; for `GeoJSON` the number of the feature.
    pub line: u64,
    pub field: String,
    pub value: String,
    pub why: String,
}

impl Refused {
    /// A refusal; long values are cut.
    #[must_use]
    pub fn new(line: u64, field: &str, value: &str, why: impl ToString) -> Self {
        let mut short: String = value.chars().take(80).collect();
        if short.len() < value.len() {
            short.push('…');
        }
        Self { line, field: field.to_owned(), value: short, why: why.to_string() }
    }
}
