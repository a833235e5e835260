//! Reads GeoJSON: a collection of point features whose properties are named like columns.

use super::crs::CrsNotes;
use super::header::Column;
use super::json_duplicates;
use super::table::{FileProblem, MAX_COLUMNS, MAX_FIELD, RejectedRow, Row, Table};
use ::geojson::{Feature, GeoJson, GeometryValue};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

/// Maximum number of name pairs listed in notes.
const MAX_LISTED_PAIRS: usize = 40;

/// Reads a feature collection feature by feature, so that only the text of the file is in memory. Features that are not points
/// are rejected.
///
/// # Errors
/// [`FileProblem`] if the text is not GeoJSON, or not a feature collection.
pub fn read(text: &str, max_rows: usize) -> Result<Table, FileProblem> {
    if text.trim().is_empty() {
        return Err(FileProblem::Empty);
    }
    let top: Top<'_> = serde_json::from_str(text).map_err(bad)?;
    let mut reader = Reader { max_rows, ..Reader::default() };
    if top.kind.as_deref() == Some("FeatureCollection") {
        reader.crs.check(top.crs.map(|crs| std::iter::once(("crs".to_owned(), crs)).collect()).as_ref())?;
        let features = top.features.ok_or_else(|| bad("the FeatureCollection has no \"features\""))?;
        let mut problem = None;
        let each = Each(|text: &str| {
            reader.add(text).map_err(|e| {
                let message = e.to_string();
                problem = Some(e);
                message
            })
        });
        let read = each.deserialize(&mut serde_json::Deserializer::from_str(features.get()));
        if let Some(problem) = problem {
            return Err(problem);
        }
        read.map_err(bad)?;
    } else {
        match text.parse::<GeoJson>().map_err(bad)? {
            GeoJson::Geometry(_) => {
                return Err(bad("a bare geometry has no properties; a FeatureCollection is expected"));
            }
            GeoJson::Feature(feature) => reader.add_feature(&feature, text)?,
            GeoJson::FeatureCollection(_) => return Err(bad("it is not a FeatureCollection")),
        }
    }
    let Reader { mut table, crs, duplicates, .. } = reader;
    if table.rows.is_empty() {
        return Err(FileProblem::Empty);
    }
    table.notes.extend(crs.into_notes());
    let twice: Vec<String> = json_duplicates::duplicate_names(text)
        .iter()
        .map(|name| format!("\"{}\"", name.chars().take(60).collect::<String>()))
        .collect();
    if !twice.is_empty() {
        table.notes.push(format!("duplicate names in one object, of which the last was read: {}", twice.join(", ")));
    }
    table.notes.extend(
        duplicates.iter().map(|(read, left)| {
            format!("the property \"{left}\" was ignored, because it means the same as \"{read}\"")
        }),
    );
    Ok(table)
}

fn bad(why: impl ToString) -> FileProblem {
    FileProblem::BadGeoJson { why: why.to_string() }
}

/// The relevant members of the outermost object. Of duplicate members the last is kept.
#[derive(Default)]
struct Top<'t> {
    kind: Option<String>,
    crs: Option<Value>,
    features: Option<&'t RawValue>,
}

impl<'t> Deserialize<'t> for Top<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'t> Visitor<'t> for Members {
            type Value = Top<'t>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a \"type\"")
            }

            fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Top<'t>, A::Error> {
                let mut top = Top::default();
                while let Some(name) = map.next_key::<std::borrow::Cow<'t, str>>()? {
                    match &*name {
                        "type" => top.kind = map.next_value::<Value>()?.as_str().map(str::to_owned),
                        "crs" => top.crs = Some(map.next_value()?),
                        "features" => top.features = Some(map.next_value()?),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(top)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Calls a function with the source text of each entry of a list.
struct Each<F>(F);

impl<'t, F: FnMut(&str) -> Result<(), String>> DeserializeSeed<'t> for Each<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'t, F: FnMut(&str) -> Result<(), String>> Visitor<'t> for Each<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of features")
    }

    fn visit_seq<A: SeqAccess<'t>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(entry) = list.next_element::<&RawValue>()? {
            (self.0)(entry.get()).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// The table being read.
#[derive(Default)]
struct Reader {
    max_rows: usize,
    table: Table,
    crs: CrsNotes,
    /// Names of properties that are already in the table.
    names: HashSet<String>,
    duplicates: BTreeSet<(String, String)>,
}

impl Reader {
    fn add(&mut self, text: &str) -> Result<(), FileProblem> {
        let number = self.table.rows.len() + 1;
        if number > self.max_rows {
            return Err(FileProblem::TooManyRows { most: self.max_rows });
        }
        match text.parse::<GeoJson>().map_err(|e| bad(format_args!("feature {number}: {e}")))? {
            GeoJson::Feature(feature) => self.add_feature(&feature, text),
            _ => Err(bad(format_args!("feature {number} is not of the type Feature"))),
        }
    }

    fn add_feature(&mut self, feature: &Feature, text: &str) -> Result<(), FileProblem> {
        self.crs.check(feature.foreign_members.as_ref())?;
        self.crs.check(feature.geometry.as_ref().and_then(|g| g.foreign_members.as_ref()))?;
        for key in feature.properties.iter().flatten().map(|(key, _)| key) {
            if self.names.len() < MAX_COLUMNS && !self.names.contains(key) {
                self.names.insert(key.clone());
                self.table.properties.push(key.clone());
            }
        }
        let line = self.table.rows.len() as u64 + 1;
        self.table.rows.push(row(feature, text, line, &mut self.duplicates));
        Ok(())
    }
}

/// Reads a feature. Of several properties for the same column, the one with the lowest name rank is read; if the values differ,
/// the pair is noted in `duplicates`.
fn row(feature: &Feature, text: &str, line: u64, duplicates: &mut BTreeSet<(String, String)>) -> Row {
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
            if first != value && !value.is_null() && duplicates.len() < MAX_LISTED_PAIRS {
                duplicates.insert((read.to_owned(), key.to_owned()));
            }
            continue;
        }
        // A null is not a value: another property for the same column may have one.
        before = (!value.is_null()).then_some((column, key, value));
        let text = match value {
            Value::String(s) => s.clone(),
            Value::Null => continue,
            Value::Number(n) => n.to_string(),
            Value::Bool(b) => b.to_string(),
            // A list of scalars is joined as in a CSV field.
            Value::Array(list) if list.iter().all(|v| v.is_string() || v.is_number()) => {
                let plain = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
                list.iter().map(plain).collect::<Vec<_>>().join("; ")
            }
            other => {
                problem = Some(RejectedRow::new(
                    line,
                    key,
                    &other.to_string(),
                    "must be a string, a number, a boolean, or a list of strings and numbers",
                ));
                continue;
            }
        };
        if text.len() > MAX_FIELD {
            problem = Some(RejectedRow::new(line, key, &text, format!("is longer than {MAX_FIELD} bytes")));
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
            // The geometry takes precedence over the properties.
            let at = |i: usize| coordinates.as_slice().get(i).map(f64::to_string).unwrap_or_default();
            fields.insert(Column::Lon, at(0));
            fields.insert(Column::Lat, at(1));
        }
        // Only regions read the outline; for other kinds the row has no position.
        Some(GeometryValue::Polygon { .. } | GeometryValue::MultiPolygon { .. }) => {
            let text = serde_json::to_string(&feature.geometry).unwrap_or_default();
            fields.insert(Column::Outline, text);
        }
        Some(other) => {
            problem = Some(RejectedRow::new(
                line,
                "geometry",
                other.type_name(),
                "must be a Point; for regions a Polygon or MultiPolygon",
            ));
        }
        // Population needs no position; other kinds report a missing one.
        None => {}
    }
    Row::of_feature(line, fields, text).refused(problem)
}
