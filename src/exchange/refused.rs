//! The rows that were refused, in a file beside the input: mend them there and import that file.

use super::table::{Raw, Refused, Row, Table};
use crate::network::replace_private_file;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Writes the refused rows beside `input` (`places.csv` to `places.refused.csv`) with what was wrong with them; those of a
/// workbook or an extract as CSV too.
///
/// # Errors
/// A sentence with the path, when it cannot be written.
pub fn write_refused(input: &Path, table: &Table, refused: &[Refused]) -> Result<PathBuf, String> {
    let is_csv = !table.header.is_empty();
    let path = input.with_extension(if is_csv { "refused.csv" } else { "refused.geojson" });
    let fail = |e: &dyn std::fmt::Display| format!("cannot write {}: {e}", path.display());
    let bytes = if is_csv {
        let mut out = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        let header = table.header.iter().map(String::as_str).chain(["refused_line", "refused_field", "refused_why"]);
        out.write_record(header).map_err(|e| fail(&e))?;
        for r in refused {
            let raw = row_at(table, r.line).map(|row| &row.raw);
            let fields = if let Some(Raw::Csv(fields)) = raw { fields.as_slice() } else { &[] };
            let line = r.line.to_string();
            let told = [line.as_str(), &r.field, &r.why];
            out.write_record(fields.iter().map(String::as_str).chain(told)).map_err(|e| fail(&e))?;
        }
        out.into_inner().map_err(|e| fail(&e))?
    } else {
        let features: Vec<Value> = refused
            .iter()
            .filter_map(|r| {
                let Raw::GeoJson(mut feature) = row_at(table, r.line)?.raw.clone() else {
                    return None;
                };
                if let Some(properties) = feature.get_mut("properties").and_then(Value::as_object_mut) {
                    properties.insert("refused_field".into(), json!(r.field));
                    properties.insert("refused_why".into(), json!(r.why));
                }
                Some(feature)
            })
            .collect();
        serde_json::to_vec_pretty(&json!({"type": "FeatureCollection", "features": features})).map_err(|e| fail(&e))?
    };
    // They may say how to reach whoever has written them.
    replace_private_file(&path, &bytes).map_err(|e| e.to_string())?;
    Ok(path)
}

/// Rows are in the order of their lines.
fn row_at(table: &Table, line: u64) -> Option<&Row> {
    table.rows.binary_search_by_key(&line, |row| row.line).ok().map(|i| &table.rows[i])
}
