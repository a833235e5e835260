//! Areas as users give them: GeoJSON polygons in WGS-84.

use super::position::{Position, PositionError};
use geo::MultiPolygon;
use geojson::{Feature, GeoJson, Geometry, GeometryValue};

/// Corners of an area at most.
const MAX_CORNERS: usize = 200_000;

/// A text that is not an area.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AreaError {
    #[error("is not GeoJSON: {0}")]
    NotGeoJson(String),
    #[error("is a {0}; a Polygon or MultiPolygon is expected")]
    NotAnArea(String),
    #[error("has a ring of {0} corners; a ring has at least four, the last the same as the first")]
    ShortRing(usize),
    #[error("has more than {MAX_CORNERS} corners")]
    TooManyCorners,
    #[error("has a corner off the globe: {0}")]
    OffTheGlobe(PositionError),
    #[error(
        "runs from {0} to {1} degrees of longitude in one step; cut it at 180 degrees into a MultiPolygon (RFC 7946, section 3.1.9)"
    )]
    CrossesMeridian(f64, f64),
}

/// The geometry of a Feature; `None` where the text is something else.
#[must_use]
pub fn geometry_of(text: &str) -> Option<String> {
    match text.parse() {
        Ok(GeoJson::Feature(Feature { geometry: Some(geometry), .. })) => Some(geometry.to_string()),
        _ => None,
    }
}

/// Reads a Polygon, a MultiPolygon, or a Feature of one.
///
/// # Errors
/// [`AreaError`] with what was found.
pub fn read_area(text: &str) -> Result<MultiPolygon<f64>, AreaError> {
    let parsed: GeoJson = text.parse().map_err(|e: geojson::Error| AreaError::NotGeoJson(e.to_string()))?;
    let geometry = match parsed {
        GeoJson::Geometry(geometry) | GeoJson::Feature(Feature { geometry: Some(geometry), .. }) => geometry,
        GeoJson::Feature(_) => return Err(AreaError::NotAnArea("Feature without a geometry".into())),
        GeoJson::FeatureCollection(_) => return Err(AreaError::NotAnArea("FeatureCollection".into())),
    };
    area_of(&geometry)
}

fn area_of(geometry: &Geometry) -> Result<MultiPolygon<f64>, AreaError> {
    if !matches!(geometry.value, GeometryValue::Polygon { .. } | GeometryValue::MultiPolygon { .. }) {
        return Err(AreaError::NotAnArea(geometry.value.type_name().to_owned()));
    }
    let rings: Vec<_> = match &geometry.value {
        GeometryValue::Polygon { coordinates } => coordinates.iter().collect(),
        GeometryValue::MultiPolygon { coordinates } => coordinates.iter().flatten().collect(),
        _ => Vec::new(),
    };
    // As they are written: a conversion would close them.
    if let Some(ring) = rings.iter().find(|ring| ring.len() < 4 || ring.first() != ring.last()) {
        return Err(AreaError::ShortRing(ring.len()));
    }
    let bad = |e: geojson::Error| AreaError::NotGeoJson(e.to_string());
    let area = match geo::Geometry::<f64>::try_from(geometry.clone()).map_err(bad)? {
        geo::Geometry::Polygon(polygon) => MultiPolygon(vec![polygon]),
        geo::Geometry::MultiPolygon(all) => all,
        _ => return Err(AreaError::NotAnArea(geometry.value.type_name().to_owned())),
    };
    let mut corners = 0;
    for ring in area.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors())) {
        corners += ring.0.len();
        if ring.0.len() < 4 {
            return Err(AreaError::ShortRing(ring.0.len()));
        }
        for c in &ring.0 {
            Position::new(c.x, c.y).map_err(AreaError::OffTheGlobe)?;
        }
        // From -180 to 180 it may be the rim of the map; any other step as long is the shorter way round.
        let is_rim = |a: f64, b: f64| a.abs() >= 180.0 && b.abs() >= 180.0;
        if let Some(step) = ring.lines().find(|l| l.dx().abs() > 180.0 && !is_rim(l.start.x, l.end.x)) {
            return Err(AreaError::CrossesMeridian(step.start.x, step.end.x));
        }
    }
    if corners > MAX_CORNERS { Err(AreaError::TooManyCorners) } else { Ok(area) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_read_or_refused_by_name() {
        let square = "[[[106,29],[107,29],[107,30],[106,30],[106,29]]]";
        let polygon = format!(r#"{{"type":"Polygon","coordinates":{square}}}"#);
        for text in [
            polygon.clone(),
            format!(r#"{{"type":"MultiPolygon","coordinates":[{square}]}}"#),
            format!(r#"{{"type":"Feature","properties":{{}},"geometry":{polygon}}}"#),
        ] {
            assert_eq!(read_area(&text).unwrap().0.len(), 1, "{text}");
        }
        for (text, told) in [
            ("", "not GeoJSON"),
            ("{}", "not GeoJSON"),
            (r#"{"type":"Point","coordinates":[1,2]}"#, "is a Point"),
            (r#"{"type":"FeatureCollection","features":[]}"#, "FeatureCollection"),
            (r#"{"type":"Polygon","coordinates":[[[106,29],[107,29],[106,29]]]}"#, "at least four"),
            (r#"{"type":"Polygon","coordinates":[[[106,29],[107,29],[107,300],[106,29]]]}"#, "off the globe"),
            (
                r#"{"type":"Polygon","coordinates":[[[179,-17],[-179,-17],[-179,-16],[179,-16],[179,-17]]]}"#,
                "from 179 to -179",
            ),
        ] {
            let error = read_area(text).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
