//! Converts a GeoJSON FeatureCollection to a table, from which the columnar formats are written.

use geo::Geometry;
use geojson::{FeatureCollection, GeoJson};
use serde_json::{Map, Value};

/// A column: its name, and whether all its non-null values are numbers.
pub struct Column {
    pub name: String,
    pub is_number: bool,
}

/// The optional geometry and the properties of a feature.
pub type FeatureRow = (Option<Geometry<f64>>, Map<String, Value>);

/// Features, and the union of their columns.
pub struct Features {
    pub columns: Vec<Column>,
    pub rows: Vec<FeatureRow>,
}

impl Features {
    /// Parses GeoJSON.
    ///
    /// # Errors
    /// A message, if the text is not a FeatureCollection.
    pub fn read(text: &str) -> Result<Self, String> {
        let message = |e: geojson::Error| e.to_string();
        let collection = text.parse::<GeoJson>().and_then(FeatureCollection::try_from).map_err(message)?;
        let mut features = Self { columns: Vec::new(), rows: Vec::with_capacity(collection.features.len()) };
        for feature in collection.features {
            let properties = feature.properties.unwrap_or_default();
            for (key, value) in &properties {
                let is_number = value.is_number() || value.is_null();
                match features.columns.iter_mut().find(|c| c.name == *key) {
                    Some(column) => column.is_number &= is_number,
                    None => features.columns.push(Column { name: key.clone(), is_number }),
                }
            }
            let geometry = feature.geometry.map(Geometry::try_from).transpose().map_err(message)?;
            features.rows.push((geometry, properties));
        }
        Ok(features)
    }
}

/// Returns the value of a text column; `None` for null.
pub fn text_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
