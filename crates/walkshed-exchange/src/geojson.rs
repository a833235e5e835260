//! `GeoJSON` in: a collection of point features, their properties named like columns.

use super::crs::CrsNotes;
use super::header::Column;
use super::json_doubles;
use super::table::{FileProblem, MAX_COLUMNS, MAX_FIELD, Refused, Row, Table};
use ::geojson::{Feature, GeoJson, GeometryValue};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

/// Pairs of names told in notes at most.
const MOST_PAIRS: usize = 40;

/// Reads a feature collection, one feature after the other: what is held of the file is its text. Features that are not points
/// become refused rows.
///
/// # Errors
/// [`FileProblem`] when it is not `GeoJSON`, or not a collection of features.
pub fn read(text: &str, most_rows: usize) -> Result<Table, FileProblem> {
    if text.trim().is_empty() {
        return Err(FileProblem::Empty);
    }
    let top: Top<'_> = serde_json::from_str(text).map_err(bad)?;
    let mut reader = Reader { most_rows, ..Reader::default() };
    if top.kind.as_deref() == Some("FeatureCollection") {
        reader.crs.check(top.crs.map(|crs| std::iter::once(("crs".to_owned(), crs)).collect()).as_ref())?;
        let features = top.features.ok_or_else(|| bad("the FeatureCollection has no \"features\""))?;
        let mut problem = None;
        let each = Each(|text: &str| {
            reader.add(text).map_err(|e| {
                let told = e.to_string();
                problem = Some(e);
                told
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
                return Err(bad("a bare geometry has no name; a FeatureCollection is expected"));
            }
            GeoJson::Feature(feature) => reader.add_feature(&feature, text)?,
            GeoJson::FeatureCollection(_) => return Err(bad("it is no FeatureCollection")),
        }
    }
    let Reader { mut table, crs, doubles, .. } = reader;
    if table.rows.is_empty() {
        return Err(FileProblem::Empty);
    }
    table.notes.extend(crs.into_notes());
    let twice: Vec<String> = json_doubles::doubles(text)
        .iter()
        .map(|name| format!("\"{}\"", name.chars().take(60).collect::<String>()))
        .collect();
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

fn bad(why: impl ToString) -> FileProblem {
    FileProblem::BadGeoJson { why: why.to_string() }
}

/// The members of the outermost object that matter; of one given twice the last.
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

/// Calls a function with the text of each entry of a list.
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

/// The table while it is read.
#[derive(Default)]
struct Reader {
    most_rows: usize,
    table: Table,
    crs: CrsNotes,
    /// Names of properties that are in the table already.
    names: HashSet<String>,
    doubles: BTreeSet<(String, String)>,
}

impl Reader {
    fn add(&mut self, text: &str) -> Result<(), FileProblem> {
        let number = self.table.rows.len() + 1;
        if number > self.most_rows {
            return Err(FileProblem::TooManyRows { most: self.most_rows });
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
        self.table.rows.push(row(feature, text, line, &mut self.doubles));
        Ok(())
    }
}

/// Reads a feature; of two properties that mean the same column, the one with the plainer name. Where they differ that is
/// noted in `doubles`.
fn row(feature: &Feature, text: &str, line: u64, doubles: &mut BTreeSet<(String, String)>) -> Row {
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
            if first != value && !value.is_null() && doubles.len() < MOST_PAIRS {
                doubles.insert((read.to_owned(), key.to_owned()));
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
    Row::of_feature(line, fields, text).refused(problem)
}
