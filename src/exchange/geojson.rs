//! `GeoJSON` in: a collection of point features, their properties named like columns.

use super::crs::CrsNotes;
use super::header::Column;
use super::json_doubles;
use super::table::{FileProblem, MAX_FIELD, Raw, Refused, Row, Table};
use ::geojson::{Feature, GeoJson, GeometryValue};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

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
    let mut table = Table::default();
    let mut crs = CrsNotes::default();
    let features = match parsed {
        GeoJson::FeatureCollection(collection) => {
            crs.check(collection.foreign_members.as_ref())?;
            collection.features
        }
        GeoJson::Feature(feature) => vec![feature],
        GeoJson::Geometry(_) => return Err(bad("a bare geometry has no name; a FeatureCollection is expected".into())),
    };
    if features.is_empty() {
        return Err(FileProblem::Empty);
    }
    let mut doubles = BTreeSet::new();
    for (feature, line) in features.iter().zip(1..) {
        crs.check(feature.foreign_members.as_ref())?;
        crs.check(feature.geometry.as_ref().and_then(|g| g.foreign_members.as_ref()))?;
        for key in feature.properties.iter().flatten().map(|(key, _)| key) {
            if !table.properties.contains(key) {
                table.properties.push(key.clone());
            }
        }
        table.rows.push(row(feature, line, &mut doubles));
    }
    table.notes.extend(crs.into_notes());
    let twice: Vec<String> = json_doubles::doubles(text).iter().map(|name| format!("\"{name}\"")).collect();
    if !twice.is_empty() {
        table.notes.push(format!("names given twice in one object, of which the last was read: {}", twice.join(", ")));
    }
    table.notes.extend(
        doubles.iter().map(|(read, left)| {
            format!("the property \"{left}\" means the same as \"{read}\", which was read instead")
        }),
    );
    Ok(table)
}

/// Reads a feature; of two properties that mean the same column, the one with the plainer name. Where they differ that is
/// noted in `doubles`.
fn row<'f>(feature: &'f Feature, line: u64, doubles: &mut BTreeSet<(&'f str, &'f str)>) -> Row {
    let mut fields: HashMap<Column, String> = HashMap::new();
    let mut problem = None;
    let properties = feature.properties.iter().flatten();
    let mut known: Vec<(Column, usize, &str, &Value)> = properties
        .filter_map(|(key, value)| Column::ranked(key).map(|(column, rank)| (column, rank, key.as_str(), value)))
        .collect();
    known.sort_by_key(|(column, rank, ..)| (*column, *rank));
    let mut before: Option<(Column, &str, &Value)> = None;
    for (column, _, key, value) in known {
        if let Some((_, read, first)) = before.filter(|(of, ..)| *of == column) {
            if first != value && !value.is_null() {
                doubles.insert((read, key));
            }
            continue;
        }
        // A null is no value: the next of the same meaning may have one.
        before = (!value.is_null()).then_some((column, key, value));
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
