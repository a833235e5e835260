//! Excel workbooks in: the first sheet that has rows, its first row naming the columns.

use super::csv::columns_of;
use super::table::{FileProblem, MAX_FIELD, Raw, Refused, Row, Table};
use calamine::{Data, DataType as _, Reader, Xlsx, open_workbook_from_rs};
use std::io::Cursor;

/// Reads the first sheet with rows.
///
/// # Errors
/// [`FileProblem`] when it is no workbook, or has no sheet with a header.
pub fn read(bytes: &[u8]) -> Result<Table, FileProblem> {
    let bad = |why: String| FileProblem::BadWorkbook { why };
    let mut book: Xlsx<_> =
        open_workbook_from_rs(Cursor::new(bytes)).map_err(|e: calamine::XlsxError| bad(e.to_string()))?;
    let names = book.sheet_names();
    let mut chosen = None;
    for name in &names {
        let range = book.worksheet_range(name).map_err(|e| bad(format!("sheet \"{name}\": {e}")))?;
        if !range.is_empty() {
            chosen = Some((name.clone(), range));
            break;
        }
    }
    let Some((name, range)) = chosen else { return Err(FileProblem::Empty) };
    // Lines are counted as the program shows them, empty rows above the header included.
    let first_line = u64::from(range.start().map_or(0, |(row, _)| row)) + 1;
    let mut rows = range.rows().zip(first_line..);
    let header: Vec<String> = rows.next().map(|(row, _)| row.iter().map(text).collect()).unwrap_or_default();
    let columns = columns_of(&header)?;
    let mut table = Table { header, ..Table::default() };
    if names.len() > 1 {
        table.notes.push(format!("the workbook has {} sheets; \"{name}\" was read", names.len()));
    }
    for (cells, line) in rows {
        let values: Vec<String> = cells.iter().map(text).collect();
        if values.iter().all(|v| v.trim().is_empty()) {
            continue;
        }
        let wrong = cells.iter().zip(&table.header).find_map(|(cell, name)| {
            let why = match cell {
                Data::Error(e) => format!("holds the error {e}"),
                Data::String(s) if s.len() > MAX_FIELD => format!("is longer than {MAX_FIELD} bytes"),
                _ => return None,
            };
            Some(Refused::new(line, name, "", why))
        });
        let fields = columns.iter().zip(&values).filter_map(|(c, v)| c.map(|c| (c, v.clone()))).collect();
        table.rows.push(Row { line, fields, raw: Raw::Csv(values), problem: wrong });
    }
    Ok(table)
}

/// A cell as it would stand in a CSV file.
fn text(cell: &Data) -> String {
    match cell {
        Data::Empty | Data::Error(_) => String::new(),
        // Codes of 12 digits are numbers to Excel, and are whole.
        Data::Float(n) if n.fract() == 0.0 && n.abs() < 9e15 => format!("{n:.0}"),
        Data::DateTime(at) if !at.is_duration() => match cell.as_datetime() {
            Some(at) if at.time() == chrono::NaiveTime::MIN => at.date().to_string(),
            Some(at) => at.format("%Y-%m-%dT%H:%M:%S").to_string(),
            None => cell.to_string(),
        },
        Data::Bool(yes) => yes.to_string(),
        _ => cell.to_string().trim().to_owned(),
    }
}
