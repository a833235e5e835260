//! A table as read from a file, before anything in it is believed.

use super::header::Column;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// No field is longer than this many bytes; a longer one is a quote that was never closed.
pub const MAX_FIELD: usize = 65_536;
/// No table has more columns: as many as a sheet of Excel may have.
pub const MAX_COLUMNS: usize = 16_384;
/// No table has more rows, whoever reads it.
pub const MAX_ROWS: usize = 10_000_000;
/// Fields of a row that is too long are kept up to so many after the last column, for the file of refused rows.
const MORE_FIELDS: usize = 16;

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
    #[error(
        "the header has {found} columns; {MAX_COLUMNS} are read at most. Is its delimiter a comma, semicolon, tab or bar?"
    )]
    TooManyColumns { found: usize },
    #[error("there are more than {most} rows, the most that are read at once; cut the file into several")]
    TooManyRows { most: usize },
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

/// Where the columns of a header stand.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns {
    count: usize,
    places: HashMap<Column, usize>,
}

impl Columns {
    /// Of what each name of a header means.
    pub fn new(columns: &[Option<Column>]) -> Arc<Self> {
        let places = columns.iter().zip(0..).filter_map(|(column, at)| column.map(|column| (column, at))).collect();
        Arc::new(Self { count: columns.len(), places })
    }
}

/// A row: its line (or feature number), and what it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub line: u64,
    cells: Cells,
    /// A problem found while reading, before the fields are looked at.
    pub problem: Option<Box<Refused>>,
}

/// What a row holds. There may be millions of rows, so that each is kept small.
#[derive(Debug, Clone, PartialEq)]
enum Cells {
    /// By the columns of the header. The fields stand one after the other in `text`; `ends` has the end of each but the last.
    Line { columns: Arc<Columns>, text: Box<str>, ends: Box<[u32]> },
    /// By name; and the feature as it was written.
    Feature { fields: Box<[(Column, String)]>, raw: Box<str> },
}

impl Row {
    /// A row of a table. Fields longer than [`MAX_FIELD`] are cut, and some of those after the last column are left out.
    pub(crate) fn of_line<'a>(line: u64, columns: &Arc<Columns>, fields: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut text, mut ends) = (String::new(), Vec::new());
        for field in fields.into_iter().take(columns.count + MORE_FIELDS) {
            ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
            text.push_str(cut(field));
        }
        // The first begins at 0.
        let ends = ends.get(1..).unwrap_or_default().into();
        Self { line, cells: Cells::Line { columns: columns.clone(), text: text.into(), ends }, problem: None }
    }

    /// A feature: what its properties hold, each column once, and its text.
    pub(crate) fn of_feature(line: u64, fields: impl IntoIterator<Item = (Column, String)>, raw: &str) -> Self {
        let fields = fields.into_iter().collect();
        Self { line, cells: Cells::Feature { fields, raw: raw.into() }, problem: None }
    }

    /// The same row with what is wrong with it.
    pub(crate) fn refused(self, problem: Option<Refused>) -> Self {
        Self { problem: problem.map(Box::new), ..self }
    }

    fn raw(&self, column: Column) -> Option<&str> {
        match &self.cells {
            Cells::Line { columns, .. } => columns.places.get(&column).and_then(|place| self.cell(*place)),
            Cells::Feature { fields, .. } => {
                fields.iter().find(|(known, _)| *known == column).map(|(_, text)| text.as_str())
            }
        }
    }

    /// What a column holds, trimmed; `None` when it is empty or not there.
    #[must_use]
    pub fn get(&self, column: Column) -> Option<&str> {
        self.raw(column).map(str::trim).filter(|v| !v.is_empty())
    }

    /// Has the file this column at all? What it does not have is left as it is.
    #[must_use]
    pub fn has(&self, column: Column) -> bool {
        match &self.cells {
            Cells::Line { columns, .. } => columns.places.contains_key(&column),
            Cells::Feature { .. } => self.raw(column).is_some(),
        }
    }

    /// What the row has in a place of the header.
    fn cell(&self, place: usize) -> Option<&str> {
        let Cells::Line { text, ends, .. } = &self.cells else { return None };
        let end = |place: usize| ends.get(place).map_or(text.len(), |end| *end as usize);
        let start = if place == 0 { 0 } else { *ends.get(place - 1)? as usize };
        text.get(start..end(place))
    }

    /// The fields of a row of a table, as they were.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        (0..).map_while(|place| self.cell(place))
    }

    /// The text of a feature, as it was.
    #[must_use]
    pub fn feature(&self) -> Option<&str> {
        match &self.cells {
            Cells::Feature { raw, .. } => Some(raw),
            Cells::Line { .. } => None,
        }
    }
}

/// No more than [`MAX_FIELD`] bytes, at a character's boundary.
pub fn cut(field: &str) -> &str {
    if field.len() <= MAX_FIELD { field } else { &field[..field.floor_char_boundary(MAX_FIELD)] }
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
    /// Places after the last column of the header, counted from 0, in which some row has a value.
    pub beyond_header: BTreeSet<usize>,
}

impl Table {
    /// The columns, counted from 1, that have no name in the header but values in some row.
    pub fn values_without_name(&self) -> impl Iterator<Item = usize> {
        let mut open: BTreeSet<usize> =
            self.header.iter().zip(0..).filter(|(name, _)| name.trim().is_empty()).map(|(_, i)| i).collect();
        let mut found = self.beyond_header.clone();
        // Each is looked for until it is found; in most tables there are none.
        for row in &self.rows {
            if open.is_empty() {
                break;
            }
            for (place, value) in row.fields().enumerate() {
                if !value.trim().is_empty() && open.remove(&place) {
                    found.insert(place);
                }
            }
        }
        found.into_iter().map(|i| i + 1)
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
