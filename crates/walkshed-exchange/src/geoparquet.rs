//! Writes GeoParquet 1.1: a columnar table with geometries as WKB, for data frames and column stores.

use super::features::{Features, text_of};
use geo::Geometry;
use geozero::{CoordDimensions, ToWkb};
use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Converts a GeoJSON FeatureCollection to GeoParquet (WGS-84 longitude and latitude, OGC:CRS84). Each property becomes a
/// column: numbers if all values are numbers, or else text. Nulls are kept. `notice` is stored in the metadata as `attribution`.
///
/// # Errors
/// A message, if the text is not a FeatureCollection or the library fails.
pub fn geoparquet(text: &str, notice: &str) -> Result<Vec<u8>, String> {
    let message = |e: &dyn std::fmt::Display| format!("cannot write GeoParquet: {e}");
    let features = Features::read(text).map_err(|e| message(&e))?;
    let column = |name: &str, kind: PhysicalType, logical: Option<LogicalType>| {
        Type::primitive_type_builder(name, kind)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()
            .map(Arc::new)
    };
    let mut fields = vec![column("geometry", PhysicalType::BYTE_ARRAY, None).map_err(|e| message(&e))?];
    for c in &features.columns {
        let field = if c.is_number {
            column(&c.name, PhysicalType::DOUBLE, None)
        } else {
            column(&c.name, PhysicalType::BYTE_ARRAY, Some(LogicalType::String))
        };
        fields.push(field.map_err(|e| message(&e))?);
    }
    let schema = Type::group_type_builder("schema").with_fields(fields).build().map_err(|e| message(&e))?;
    let kinds: BTreeSet<&str> = features.rows.iter().filter_map(|r| r.0.as_ref()).map(kind).collect();
    let geo = json!({
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {"geometry": {"encoding": "WKB", "geometry_types": kinds, "orientation": "counterclockwise"}},
    });
    let metadata = vec![
        KeyValue::new("geo".to_owned(), geo.to_string()),
        KeyValue::new("attribution".to_owned(), notice.to_owned()),
    ];
    let properties =
        WriterProperties::builder().set_compression(Compression::SNAPPY).set_key_value_metadata(Some(metadata)).build();
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties)).map_err(|e| message(&e))?;
    let mut group = writer.next_row_group().map_err(|e| message(&e))?;
    let mut at = 0;
    while let Some(mut column) = group.next_column().map_err(|e| message(&e))? {
        let mut levels: Vec<i16> = Vec::with_capacity(features.rows.len());
        // Only non-null values are written; the definition level of each row says whether it has one.
        let texts = |values: Vec<Option<Vec<u8>>>, levels: &mut Vec<i16>| -> Vec<ByteArray> {
            levels.extend(values.iter().map(|v| i16::from(v.is_some())));
            values.into_iter().flatten().map(ByteArray::from).collect()
        };
        if at == 0 {
            let wkb = |row: &(Option<Geometry<f64>>, _)| {
                row.0.as_ref().map(|g| g.to_wkb(CoordDimensions::xy())).transpose().map_err(|e| message(&e))
            };
            let values = texts(features.rows.iter().map(wkb).collect::<Result<_, _>>()?, &mut levels);
            column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).map_err(|e| message(&e))?;
        } else {
            let property = &features.columns[at - 1];
            let values = features.rows.iter().map(|r| r.1.get(&property.name));
            if property.is_number {
                let numbers: Vec<Option<f64>> = values.map(|v| v.and_then(serde_json::Value::as_f64)).collect();
                levels.extend(numbers.iter().map(|v| i16::from(v.is_some())));
                let numbers: Vec<f64> = numbers.into_iter().flatten().collect();
                column.typed::<DoubleType>().write_batch(&numbers, Some(&levels), None).map_err(|e| message(&e))?;
            } else {
                let values = texts(values.map(|v| text_of(v).map(String::into_bytes)).collect(), &mut levels);
                column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).map_err(|e| message(&e))?;
            }
        }
        column.close().map_err(|e| message(&e))?;
        at += 1;
    }
    group.close().map_err(|e| message(&e))?;
    writer.close().map_err(|e| message(&e))?;
    Ok(bytes)
}

/// Returns the GeoParquet name of a geometry type.
const fn kind(geometry: &Geometry<f64>) -> &'static str {
    match geometry {
        Geometry::Point(_) => "Point",
        Geometry::Line(_) | Geometry::LineString(_) => "LineString",
        Geometry::Polygon(_) | Geometry::Rect(_) | Geometry::Triangle(_) => "Polygon",
        Geometry::MultiPoint(_) => "MultiPoint",
        Geometry::MultiLineString(_) => "MultiLineString",
        Geometry::MultiPolygon(_) => "MultiPolygon",
        Geometry::GeometryCollection(_) => "GeometryCollection",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    #[test]
    fn round_trips_through_a_reader() {
        let text = r#"{"type":"FeatureCollection","features":[
            {"type":"Feature","geometry":{"type":"Point","coordinates":[106.5,29.5]},"properties":{"name":"甲","people":12.5}},
            {"type":"Feature","geometry":null,"properties":{"name":null,"people":null}},
            {"type":"Feature","geometry":{"type":"Point","coordinates":[107.5,30.5]},"properties":{"name":"乙","people":3}}]}"#;
        let bytes = geoparquet(text, "SYNTHETIC").unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        let metadata = reader.metadata().file_metadata();
        let of = |key: &str| {
            let all = metadata.key_value_metadata().unwrap();
            all.iter().find(|k| k.key == key).and_then(|k| k.value.clone()).unwrap()
        };
        let geo: serde_json::Value = serde_json::from_str(&of("geo")).unwrap();
        assert_eq!(geo["columns"]["geometry"]["geometry_types"], json!(["Point"]));
        assert_eq!((geo["version"].as_str(), of("attribution").as_str()), (Some("1.1.0"), "SYNTHETIC"));
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 3);
        assert_eq!((rows[0].get_string(1).unwrap().as_str(), rows[0].get_double(2).unwrap()), ("甲", 12.5));
        assert!(rows[1].get_bytes(0).is_err() && rows[1].get_string(1).is_err() && rows[1].get_double(2).is_err());
        // Little-endian WKB: 1, the type, two doubles.
        let wkb = rows[2].get_bytes(0).unwrap().data();
        assert_eq!((wkb.len(), wkb[0], wkb[1]), (21, 1, 1));
        assert_eq!(f64::from_le_bytes(wkb[5..13].try_into().unwrap()).to_bits(), 107.5f64.to_bits());
        assert!(geoparquet("{}", "").is_err());
        assert!(geoparquet(r#"{"type":"FeatureCollection","features":[]}"#, "").is_ok());
    }
}
