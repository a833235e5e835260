//! `GeoJSON` in: a collection of point features, their properties named like columns.

use super::header::Column;
use super::table::{FileProblem, MAX_FIELD, Raw, Refused, Row, Table};
use ::geojson::{Feature, GeoJson, GeometryValue};
use serde_json::Value;
use std::collections::HashMap;

/// Reads a feature collection. Features that are not points become refused rows.
///
/// # Errors
/// [`FileProblem`] when it is not `GeoJSON`, or not a collection of features.
pub fn read(text: &str) -> Result<Table, FileProblem> {
    if text.trim().is_empty() {
        return Err(FileProblem::Empty);
    }
    let bad = |why: String| FileProblem::BadGeoJson { why };
    let parsed: GeoJson = text.parse().map_err(|e: ::geojson::Error| bad(e.to_string()))?;
    let features = match parsed {
        GeoJson::FeatureCollection(collection) => collection.features,
        GeoJson::Feature(feature) => vec![feature],
        GeoJson::Geometry(_) => return Err(bad("a bare geometry has no name; a FeatureCollection is expected".into())),
    };
    if features.is_empty() {
        return Err(FileProblem::Empty);
    }
    Ok(Table { rows: features.iter().zip(1..).map(|(f, n)| row(f, n)).collect(), ..Table::default() })
}

fn row(feature: &Feature, line: u64) -> Row {
    let mut fields: HashMap<Column, String> = HashMap::new();
    let mut problem = None;
    for (key, value) in feature.properties.iter().flatten() {
        let Some(column) = Column::of(key) else { continue };
        let text = match value {
            Value::String(s) => s.clone(),
            Value::Null => continue,
            Value::Number(n) => n.to_string(),
            Value::Bool(b) => b.to_string(),
            // A list of plain values is written as in a CSV field.
            Value::Array(list) if list.iter().all(|v| v.is_string() || v.is_number()) => {
                let plain = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
                list.iter().map(plain).collect::<Vec<_>>().join("; ")
            }
            other => {
                problem = Some(Refused::new(
                    line,
                    key,
                    &other.to_string(),
                    "must be a text, a number, a truth value or a list of those",
                ));
                continue;
            }
        };
        if text.len() > MAX_FIELD {
            problem = Some(Refused::new(line, key, &text, format!("is longer than {MAX_FIELD} bytes")));
            continue;
        }
        fields.insert(column, text);
    }
    match &feature.id {
        Some(::geojson::feature::Id::String(s)) => {
            fields.entry(Column::Id).or_insert_with(|| s.clone());
        }
        Some(::geojson::feature::Id::Number(n)) => {
            fields.entry(Column::Id).or_insert_with(|| n.to_string());
        }
        None => {}
    }
    match feature.geometry.as_ref().map(|g| &g.value) {
        Some(GeometryValue::Point { coordinates }) => {
            // The geometry is the position, whatever the properties say.
            let at = |i: usize| coordinates.as_slice().get(i).map(f64::to_string).unwrap_or_default();
            fields.insert(Column::Lon, at(0));
            fields.insert(Column::Lat, at(1));
        }
        // Only regions take it; for what needs a position the row lacks one.
        Some(GeometryValue::Polygon { .. } | GeometryValue::MultiPolygon { .. }) => {
            let text = serde_json::to_string(&feature.geometry).unwrap_or_default();
            fields.insert(Column::Outline, text);
        }
        Some(other) => {
            problem =
                Some(Refused::new(line, "geometry", other.type_name(), "must be a Point, or an area for regions"));
        }
        // Population may come by cell alone; a missing position is found where one is needed.
        None => {}
    }
    Row { line, fields, raw: Raw::GeoJson(serde_json::to_value(feature).unwrap_or(Value::Null)), problem }
}
