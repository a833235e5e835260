//! Writes FlatGeobuf: features with a spatial index, which GIS programs can read in parts, even over HTTP.

use super::features::{Features, text_of};
use flatgeobuf::{ColumnType, FgbCrs, FgbWriter, FgbWriterOptions, GeometryType};
use geozero::{ColumnValue, PropertyProcessor};

/// A FlatGeobuf file, and the number of features that were omitted because they have no geometry.
pub struct FlatGeobuf {
    pub bytes: Vec<u8>,
    pub without_geometry: usize,
}

/// Converts a GeoJSON FeatureCollection to FlatGeobuf (EPSG:4326). Each property becomes a column: numbers if all values are
/// numbers, or else text. Nulls are omitted. `notice` becomes the description of the file.
///
/// # Errors
/// A message, if the text is not a FeatureCollection or no feature has a geometry.
pub fn flatgeobuf(text: &str, name: &str, notice: &str) -> Result<FlatGeobuf, String> {
    let message = |e: &dyn std::fmt::Display| format!("cannot write FlatGeobuf: {e}");
    let features = Features::read(text).map_err(|e| message(&e))?;
    let options = FgbWriterOptions {
        crs: FgbCrs { code: 4326, ..FgbCrs::default() },
        description: Some(notice),
        ..FgbWriterOptions::default()
    };
    let mut writer = FgbWriter::create_with_options(name, GeometryType::Unknown, options).map_err(|e| message(&e))?;
    for column in &features.columns {
        let kind = if column.is_number { ColumnType::Double } else { ColumnType::String };
        writer.add_column(&column.name, kind, |_, column| column.nullable = true);
    }
    let (mut written, mut without_geometry) = (0usize, 0);
    for (geometry, properties) in features.rows {
        let Some(geometry) = geometry else {
            without_geometry += 1;
            continue;
        };
        let mut failed = None;
        writer
            .add_feature_geom(geometry, |row| {
                for (i, column) in features.columns.iter().enumerate() {
                    let value = properties.get(&column.name);
                    let text = text_of(value);
                    let value = match (&text, value.and_then(serde_json::Value::as_f64)) {
                        (_, Some(number)) if column.is_number => ColumnValue::Double(number),
                        (Some(text), _) if !column.is_number => ColumnValue::String(text),
                        _ => continue,
                    };
                    if let Err(error) = row.property(i, &column.name, &value) {
                        failed = Some(error.to_string());
                    }
                }
            })
            .map_err(|e| message(&e))?;
        if let Some(error) = failed {
            return Err(message(&error));
        }
        written += 1;
    }
    if written == 0 {
        return Err("no row has a geometry, which FlatGeobuf requires; write .csv instead".to_owned());
    }
    let mut bytes = Vec::new();
    writer.write(&mut bytes).map_err(|e| message(&e))?;
    Ok(FlatGeobuf { bytes, without_geometry })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fallible_streaming_iterator::FallibleStreamingIterator;
    use flatgeobuf::{FeatureProperties, FgbReader};
    use geo::Geometry;
    use geozero::ToGeo;

    #[test]
    fn round_trips_through_a_reader() {
        let text = r#"{"type":"FeatureCollection","features":[
            {"type":"Feature","geometry":{"type":"Point","coordinates":[106.5,29.5]},"properties":{"name":"甲","people":12.5,"mixed":null}},
            {"type":"Feature","geometry":null,"properties":{"name":"无"}},
            {"type":"Feature","geometry":{"type":"Point","coordinates":[107.5,30.5]},"properties":{"name":"乙","people":null,"mixed":"x"}}]}"#;
        let file = flatgeobuf(text, "test", "SYNTHETIC: made up").unwrap();
        assert_eq!(file.without_geometry, 1);
        let reader = FgbReader::open(std::io::Cursor::new(file.bytes)).unwrap();
        assert_eq!(reader.header().description(), Some("SYNTHETIC: made up"));
        assert_eq!(reader.header().crs().map(|c| c.code()), Some(4326));
        let mut found = Vec::new();
        let mut features = reader.select_all().unwrap();
        while let Some(feature) = features.next().unwrap() {
            let Geometry::Point(point) = feature.to_geo().unwrap() else { panic!("not a point") };
            let properties = feature.properties().unwrap();
            found.push((point.x(), properties.get("name").cloned(), properties.get("people").cloned()));
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!(
            found,
            [(106.5, Some("甲".to_owned()), Some("12.5".to_owned())), (107.5, Some("乙".to_owned()), None)]
        );
        let empty = r#"{"type":"FeatureCollection","features":[]}"#;
        assert!(flatgeobuf(empty, "x", "").err().unwrap().contains(".csv"));
        assert!(flatgeobuf("{}", "x", "").is_err());
    }
}
