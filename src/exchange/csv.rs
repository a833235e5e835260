//! CSV in: comma, semicolon, tab or bar, told by the header.

use super::header::Column;
use super::table::{FileProblem, MAX_FIELD, Raw, Refused, Row, Table};
use std::collections::HashMap;

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Reads a table. Rows with too few or too many fields, or an endless one, become refused rows.
///
/// # Errors
/// [`FileProblem`] when the first line names no column.
pub fn read(text: &str) -> Result<Table, FileProblem> {
    if text.trim().is_empty() {
        return Err(FileProblem::Empty);
    }
    let delimiter = sniff(text);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    let bad =
        |e: &csv::Error| FileProblem::BadCsv { line: e.position().map_or(0, csv::Position::line), why: e.to_string() };
    let header: Vec<String> = match records.next() {
        Some(Ok(record)) => record.iter().map(|f| cut(f).to_owned()).collect(),
        Some(Err(e)) => return Err(bad(&e)),
        None => return Err(FileProblem::Empty),
    };
    let columns = columns_of(&header)?;
    let mut table = Table { header, ..Table::default() };
    for record in records {
        let record = record.map_err(|e| bad(&e))?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.iter().all(|f| f.trim().is_empty()) {
            continue;
        }
        let problem = if let Some(long) = record.iter().find(|f| f.len() > MAX_FIELD) {
            let why = format!("a field of {} bytes is longer than {MAX_FIELD}; is a quote never closed?", long.len());
            Some(Refused::new(line, "", cut(long), why))
        } else if record.len() != table.header.len() {
            let why = format!("the row has {} fields, the header {}", record.len(), table.header.len());
            Some(Refused::new(line, "", &record.iter().take(4).map(cut).collect::<Vec<_>>().join(","), why))
        } else {
            None
        };
        let fields: HashMap<Column, String> = columns
            .iter()
            .zip(record.iter())
            .filter_map(|(column, value)| column.map(|c| (c, cut(value).to_owned())))
            .collect();
        table.rows.push(Row {
            line,
            fields,
            raw: Raw::Csv(record.iter().map(|f| cut(f).to_owned()).collect()),
            problem,
        });
    }
    Ok(table)
}

/// No more than [`MAX_FIELD`] bytes, at a character's boundary.
fn cut(field: &str) -> &str {
    if field.len() <= MAX_FIELD { field } else { &field[..field.floor_char_boundary(MAX_FIELD)] }
}

/// The delimiter with which the first line names the most columns; a comma when none does.
fn sniff(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let known = |d: u8| first.split(d as char).filter(|h| Column::of(h.trim_matches('"')).is_some()).count();
    DELIMITERS.into_iter().max_by_key(|&d| (known(d), std::cmp::Reverse(d))).filter(|&d| known(d) > 0).unwrap_or(b',')
}

/// What the columns of a header mean.
///
/// # Errors
/// [`FileProblem`] when none means anything, or two mean the same.
pub fn columns_of(header: &[String]) -> Result<Vec<Option<Column>>, FileProblem> {
    let columns: Vec<Option<Column>> = header.iter().map(|h| Column::of(h)).collect();
    if columns.iter().all(Option::is_none) {
        let found: String = header.join(", ").chars().take(120).collect();
        return Err(FileProblem::NoHeader {
            found: format!("\"{found}\""),
            expected: "name, category, lon, lat, id, code, cell, population (or 名称, 类别, 经度, 纬度)".into(),
        });
    }
    for (i, column) in columns.iter().enumerate() {
        if let (Some(column), Some(j)) = (column, columns[..i].iter().position(|c| c == column && c.is_some())) {
            return Err(FileProblem::DoubleColumn {
                column: column.name(),
                first: header[j].clone(),
                second: header[i].clone(),
            });
        }
    }
    Ok(columns)
}
