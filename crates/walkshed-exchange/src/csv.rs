//! Reads CSV. The delimiter (comma, semicolon, tab or vertical bar) is detected from the header.

use super::header::Column;
use super::table::{Columns, FileProblem, MAX_COLUMNS, MAX_FIELD, RejectedRow, Row, Table, cut};
use std::collections::HashMap;
use walkshed_register::spreadsheet::plain;

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Reads a table. Rows with too few or too many fields, or with an oversized field, are rejected.
///
/// # Errors
/// [`FileProblem`] if the first line has no known column name, or there are too many columns or rows.
pub fn read(text: &str, max_rows: usize) -> Result<Table, FileProblem> {
    if text.trim().is_empty() {
        return Err(FileProblem::Empty);
    }
    let delimiter = detect_delimiter(text);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let bad =
        |e: &csv::Error| FileProblem::BadCsv { line: e.position().map_or(0, csv::Position::line), why: e.to_string() };
    if !reader.read_record(&mut record).map_err(|e| bad(&e))? {
        return Err(FileProblem::Empty);
    }
    if record.len() > MAX_COLUMNS {
        return Err(FileProblem::TooManyColumns { found: record.len() });
    }
    let header: Vec<String> = record.iter().map(|f| cut(plain(f)).to_owned()).collect();
    let columns = Columns::new(&columns_of(&header)?);
    let mut table = Table { header, ..Table::default() };
    while reader.read_record(&mut record).map_err(|e| bad(&e))? {
        let line = record.position().map_or(0, csv::Position::line);
        if record.iter().all(|f| f.trim().is_empty()) {
            continue;
        }
        if table.rows.len() >= max_rows {
            return Err(FileProblem::TooManyRows { most: max_rows });
        }
        let problem = if let Some(long) = record.iter().find(|f| f.len() > MAX_FIELD) {
            let why = format!(
                "a field of {} bytes is longer than {MAX_FIELD}; check for a quote that is never closed",
                long.len()
            );
            Some(RejectedRow::new(line, "", cut(long), why))
        } else if record.len() != table.header.len() {
            let why = format!("the row has {} fields, but the header has {}", record.len(), table.header.len());
            Some(RejectedRow::new(line, "", &record.iter().take(4).map(cut).collect::<Vec<_>>().join(","), why))
        } else {
            None
        };
        table.rows.push(Row::of_line(line, &columns, record.iter().map(plain)).refused(problem));
    }
    Ok(table)
}

/// Returns the delimiter that gives the most known columns in the first line; a comma if there are none.
fn detect_delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let names = |d: u8| first.split(d as char).take(MAX_COLUMNS);
    let known = |d: u8| names(d).filter(|h| Column::of(h.trim_matches('"')).is_some()).count();
    DELIMITERS.into_iter().max_by_key(|&d| (known(d), std::cmp::Reverse(d))).filter(|&d| known(d) > 0).unwrap_or(b',')
}

/// Returns the meaning of each column of a header.
///
/// # Errors
/// [`FileProblem`] if no column is known, or two have the same meaning.
pub fn columns_of(header: &[String]) -> Result<Vec<Option<Column>>, FileProblem> {
    let columns: Vec<Option<Column>> = header.iter().map(|h| Column::of(h)).collect();
    if columns.iter().all(Option::is_none) {
        let shown: Vec<&str> = header.iter().take(120).map(String::as_str).collect();
        let found: String = shown.join(", ").chars().take(120).collect();
        return Err(FileProblem::NoHeader {
            found: format!("\"{found}\""),
            expected: "name, category, lon, lat, id, code, cell, population (or 名称, 类别, 经度, 纬度)".into(),
        });
    }
    let mut seen = HashMap::new();
    for (i, column) in columns.iter().enumerate() {
        let Some(column) = column else { continue };
        if let Some(j) = seen.insert(*column, i) {
            let name = |index: usize| header[index].clone();
            return Err(FileProblem::DoubleColumn { column: column.name(), first: name(j), second: name(i) });
        }
    }
    Ok(columns)
}
