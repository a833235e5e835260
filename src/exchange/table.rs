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
    #[error("the text is not valid {encoding}; save the file as UTF-8")]
    Encoding { encoding: &'static str },
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
    #[error("the ending of the name must be .csv, .tsv, .txt, .xlsx, .json or .geojson")]
    UnknownKind,
    #[error("not an Excel workbook: {why}")]
    BadWorkbook { why: String },
    #[error("not an OpenStreetMap extract: {why}")]
    BadExtract { why: String },
    #[error("cannot be read: {why}")]
    Io { why: String },
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
    pub rows: Vec<Row>,
    /// What was passed over without harm, in sentences.
    pub notes: Vec<String>,
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
