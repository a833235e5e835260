//! A FeatureCollection as a table: what the columnar formats are written from.

use geo::Geometry;
use geojson::{FeatureCollection, GeoJson};
use serde_json::{Map, Value};

/// A column: its name, and whether all its values are numbers (nulls aside).
pub struct Column {
    pub name: String,
    pub is_number: bool,
}

/// A geometry, where it has one, and its properties.
pub type FeatureRow = (Option<Geometry<f64>>, Map<String, Value>);

/// Features with the columns of all of them.
pub struct Features {
    pub columns: Vec<Column>,
    pub rows: Vec<FeatureRow>,
}

impl Features {
    /// Reads a GeoJSON text.
    ///
    /// # Errors
    /// A sentence, where it is no FeatureCollection.
    pub fn read(text: &str) -> Result<Self, String> {
        let told = |e: geojson::Error| e.to_string();
        let collection = text.parse::<GeoJson>().and_then(FeatureCollection::try_from).map_err(told)?;
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
            let geometry = feature.geometry.map(Geometry::try_from).transpose().map_err(told)?;
            features.rows.push((geometry, properties));
        }
        Ok(features)
    }
}

/// A value of a text column; `None` for null.
pub fn text_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
