//! Parsing of user-supplied areas: GeoJSON polygons in WGS-84.

use super::position::{Position, PositionError};
use geo::MultiPolygon;
use geojson::{Feature, GeoJson, Geometry, GeometryValue};

/// Maximum number of positions in an area.
const MAX_CORNERS: usize = 200_000;

/// The reason why a text is not a valid area.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AreaError {
    #[error("is not GeoJSON: {0}")]
    NotGeoJson(String),
    #[error("is a {0}; a Polygon or MultiPolygon is expected")]
    NotAnArea(String),
    #[error("has a ring of {0} corners; a ring has at least four, the last the same as the first")]
    ShortRing(usize),
    #[error("has a ring that is not closed; repeat its first position at the end")]
    UnclosedRing,
    #[error("has more than {MAX_CORNERS} corners")]
    TooManyCorners,
    #[error("has a corner off the globe: {0}")]
    OffTheGlobe(PositionError),
    #[error(
        "runs from {0} to {1} degrees of longitude in one step; cut it at 180 degrees into a MultiPolygon (RFC 7946, section 3.1.9)"
    )]
    CrossesMeridian(f64, f64),
}

/// Returns the geometry of a GeoJSON Feature as text, or `None` if the text is not a Feature with a geometry.
#[must_use]
pub fn geometry_of(text: &str) -> Option<String> {
    match text.parse() {
        Ok(GeoJson::Feature(Feature { geometry: Some(geometry), .. })) => Some(geometry.to_string()),
        _ => None,
    }
}

/// Parses a GeoJSON Polygon, MultiPolygon, or Feature with such a geometry.
///
/// ```
/// use walkshed_engine::geo::read_area;
///
/// let area = read_area(r#"{"type": "Polygon", "coordinates": [[[106, 29], [107, 29], [107, 30], [106, 29]]]}"#)?;
/// assert_eq!(area.0.len(), 1);
/// # Ok::<(), walkshed_engine::geo::AreaError>(())
/// ```
///
/// # Errors
/// Returns an [`AreaError`] if the text is not GeoJSON, has another type, has an unclosed or too short ring, exceeds
/// 200,000 positions, leaves the valid range of WGS-84 coordinates, or crosses the 180th meridian in one step.
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
    // Check the rings as written: the conversion to `geo` types would close them.
    for ring in rings {
        // An altitude does not count.
        let ends = [ring.first(), ring.last()].map(|end| end.and_then(|position| position.as_slice().get(..2)));
        if ring.len() < 4 {
            return Err(AreaError::ShortRing(ring.len()));
        }
        if ends[0] != ends[1] {
            return Err(AreaError::UnclosedRing);
        }
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
        // A step from -180 to 180 may be the edge of the map. Any other step longer than 180 degrees is ambiguous.
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
    fn parses_areas_and_reports_what_is_wrong() {
        let square = "[[[106,29],[107,29],[107,30],[106,30],[106,29]]]";
        let polygon = format!(r#"{{"type":"Polygon","coordinates":{square}}}"#);
        for text in [
            polygon.clone(),
            format!(r#"{{"type":"MultiPolygon","coordinates":[{square}]}}"#),
            format!(r#"{{"type":"Feature","properties":{{}},"geometry":{polygon}}}"#),
            r#"{"type":"Polygon","coordinates":[[[106,29,1],[107,29,2],[107,30,3],[106,29,4]]]}"#.to_owned(),
        ] {
            assert_eq!(read_area(&text).unwrap().0.len(), 1, "{text}");
        }
        for (text, expected) in [
            ("", "not GeoJSON"),
            ("{}", "not GeoJSON"),
            (r#"{"type":"Point","coordinates":[1,2]}"#, "is a Point"),
            (r#"{"type":"FeatureCollection","features":[]}"#, "FeatureCollection"),
            (r#"{"type":"Polygon","coordinates":[[[106,29],[107,29],[106,29]]]}"#, "at least four"),
            (r#"{"type":"Polygon","coordinates":[[[106,29],[107,29],[107,30],[106,30]]]}"#, "not closed"),
            (r#"{"type":"MultiPolygon","coordinates":[[[[106,29],[107,29],[107,30],[106,30]]]]}"#, "not closed"),
            (r#"{"type":"Polygon","coordinates":[[[106,29],[107,29],[107,300],[106,29]]]}"#, "off the globe"),
            (
                r#"{"type":"Polygon","coordinates":[[[179,-17],[-179,-17],[-179,-16],[179,-16],[179,-17]]]}"#,
                "from 179 to -179",
            ),
        ] {
            let error = read_area(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
