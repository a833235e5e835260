//! Writes the rejected rows to a file next to the input, to be corrected and imported.

use super::table::{RejectedRow, Row, Table};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use walkshed_engine::replace_private_file;
use walkshed_register::spreadsheet::CsvTable;

/// Writes the rejected rows with their problems next to `input` (`places.csv` to `places.refused.csv`). Rows of a workbook or
/// an extract are written as CSV too.
///
/// # Errors
/// A message with the path, if the file cannot be written.
pub fn write_rejected_rows(input: &Path, table: &Table, refused: &[RejectedRow]) -> Result<PathBuf, String> {
    let is_csv = !table.header.is_empty();
    let path = input.with_extension(if is_csv { "refused.csv" } else { "refused.geojson" });
    let fail = |e: &dyn std::fmt::Display| format!("cannot write {}: {e}", path.display());
    let bytes = if is_csv {
        let problem_columns = ["refused_line", "refused_field", "refused_why"];
        let mut out = CsvTable::new(table.header.iter().map(String::as_str).chain(problem_columns));
        for r in refused {
            let fields: Vec<&str> = row_at(table, r.line).into_iter().flat_map(Row::fields).collect();
            // Pads short rows, so that the problem is in its own columns. Rows that are too long shift it.
            let missing = table.header.len().saturating_sub(fields.len());
            let line = r.line.to_string();
            let problem = [line.as_str(), &r.field, &r.why];
            out.push_row(fields.into_iter().chain(std::iter::repeat_n("", missing)).chain(problem));
        }
        out.into_string().into_bytes()
    } else {
        let features: Vec<Value> = refused
            .iter()
            .filter_map(|r| {
                let mut feature: Value = serde_json::from_str(row_at(table, r.line)?.feature()?).ok()?;
                if let Some(properties) = feature.get_mut("properties").and_then(Value::as_object_mut) {
                    properties.insert("refused_field".into(), json!(r.field));
                    properties.insert("refused_why".into(), json!(r.why));
                }
                Some(feature)
            })
            .collect();
        serde_json::to_vec_pretty(&json!({"type": "FeatureCollection", "features": features})).map_err(|e| fail(&e))?
    };
    // The rows may contain personal contact details.
    replace_private_file(&path, &bytes).map_err(|e| e.to_string())?;
    Ok(path)
}

/// Finds a row by its line. Rows are sorted by line.
fn row_at(table: &Table, line: u64) -> Option<&Row> {
    table.rows.binary_search_by_key(&line, |row| row.line).ok().map(|i| &table.rows[i])
}
