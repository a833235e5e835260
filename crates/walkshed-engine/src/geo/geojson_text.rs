//! Writes GeoJSON geometries (RFC 7946) as text into a buffer. Coordinates are integers in ten-millionths of a degree
//! and are printed exactly.

use super::antimeridian::{split_area_at_meridian, split_line_at_meridian};
use super::position::Fixed;
use geo::{Coord, LineString, MultiPolygon, Polygon};

const PER_DEGREE: u32 = 10_000_000;

/// Appends `[lon,lat]`.
pub fn push_position(out: &mut String, at: Fixed) {
    out.push('[');
    push_degrees(out, at.x);
    out.push(',');
    push_degrees(out, at.y);
    out.push(']');
}

/// Appends a line: a `LineString`; a `MultiLineString` if it crosses the 180th meridian; a `Point` if it has zero
/// length.
pub fn push_line(out: &mut String, line: &[Fixed]) {
    let parts = split_line_at_meridian(line);
    match &parts[..] {
        [] => match line.first() {
            Some(&at) => push_point(out, at.normalized()),
            None => out.push_str("null"),
        },
        [one] => {
            out.push_str(r#"{"type":"LineString","coordinates":"#);
            push_positions(out, one.iter().copied());
            out.push('}');
        }
        several => {
            out.push_str(r#"{"type":"MultiLineString","coordinates":["#);
            for (i, part) in several.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                push_positions(out, part.iter().copied());
            }
            out.push_str("]}");
        }
    }
}

/// Appends a `Point` geometry.
pub fn push_point(out: &mut String, at: Fixed) {
    out.push_str(r#"{"type":"Point","coordinates":"#);
    push_position(out, at);
    out.push('}');
}

/// Returns a `MultiPolygon` geometry, rounded to ten-millionths of a degree and cut at the 180th meridian. Rings
/// without area after rounding are omitted.
#[must_use]
pub fn multi_polygon_text(shape: &MultiPolygon<f64>) -> String {
    let polygons = rounded(shape);
    let mut out = String::with_capacity(64 + polygons.iter().flatten().map(Vec::len).sum::<usize>() * 26);
    out.push_str(r#"{"type":"MultiPolygon","coordinates":["#);
    for (i, polygon) in polygons.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        push_polygon(&mut out, polygon);
    }
    out.push_str("]}");
    out
}

/// Returns a `Polygon` if the shape has one polygon, else a `MultiPolygon`. See [`multi_polygon_text`].
#[must_use]
pub fn area_text(shape: &MultiPolygon<f64>) -> String {
    match &rounded(shape)[..] {
        [one] => {
            let mut out = String::from(r#"{"type":"Polygon","coordinates":"#);
            push_polygon(&mut out, one);
            out.push('}');
            out
        }
        _ => multi_polygon_text(shape),
    }
}

/// Returns the rings of every polygon, exterior ring first.
fn rounded(shape: &MultiPolygon<f64>) -> Vec<Vec<Vec<Fixed>>> {
    let rings_of = |polygon: &Polygon<f64>| -> Option<Vec<Vec<Fixed>>> {
        let mut rings = vec![ring(polygon.exterior())?];
        rings.extend(polygon.interiors().iter().filter_map(ring));
        Some(rings)
    };
    split_area_at_meridian(shape).iter().filter_map(rings_of).collect()
}

/// Closes a ring and removes repeated positions. Returns `None` if it has no area.
fn ring(line: &LineString<f64>) -> Option<Vec<Fixed>> {
    let mut points: Vec<Fixed> = line.0.iter().map(|&c| fixed(c)).collect();
    points.dedup();
    if points.first() != points.last() {
        points.extend(points.first().copied());
    }
    let cross = |p: &[Fixed]| i128::from(p[0].x) * i128::from(p[1].y) - i128::from(p[1].x) * i128::from(p[0].y);
    let has_area = points.len() > 3 && points.windows(2).map(cross).sum::<i128>() != 0;
    has_area.then_some(points)
}

fn push_polygon(out: &mut String, rings: &[Vec<Fixed>]) {
    out.push('[');
    for (i, ring) in rings.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        push_positions(out, ring.iter().copied());
    }
    out.push(']');
}

fn fixed(c: Coord<f64>) -> Fixed {
    Fixed { x: (c.x * Fixed::PER_DEGREE).round() as i32, y: (c.y * Fixed::PER_DEGREE).round() as i32 }
}

/// Appends `[[lon,lat],...]`.
pub(crate) fn push_positions(out: &mut String, points: impl Iterator<Item = Fixed>) {
    out.push('[');
    for (i, p) in points.enumerate() {
        if i > 0 {
            out.push(',');
        }
        push_position(out, p);
    }
    out.push(']');
}

/// Prints ten-millionths of a degree as degrees, without trailing zeros.
fn push_degrees(out: &mut String, value: i32) {
    // A sign, three digits, a point and seven digits.
    let mut text = [0_u8; 12];
    let magnitude = value.unsigned_abs();
    let (mut whole, mut rest) = (magnitude / PER_DEGREE, magnitude % PER_DEGREE);
    let mut end = text.len();
    for place in (5..12).rev() {
        text[place] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    while end > 5 && text[end - 1] == b'0' {
        end -= 1;
    }
    if end == 5 {
        end = 4;
    } else {
        text[4] = b'.';
    }
    let mut start = 3;
    loop {
        text[start] = b'0' + (whole % 10) as u8;
        whole /= 10;
        if whole == 0 {
            break;
        }
        start -= 1;
    }
    if value < 0 {
        start -= 1;
        text[start] = b'-';
    }
    // The text is ASCII.
    out.push_str(std::str::from_utf8(&text[start..end]).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::polygon;

    #[test]
    fn prints_degrees_exactly() {
        for (value, text) in [
            (0, "0"),
            (1, "0.0000001"),
            (-1, "-0.0000001"),
            (-512_345_678, "-51.2345678"),
            (1_800_000_000, "180"),
            (-1_795_000_000, "-179.5"),
            (10_000_000, "1"),
            (9_999_999, "0.9999999"),
            (i32::MIN, "-214.7483648"),
        ] {
            let mut out = String::new();
            push_degrees(&mut out, value);
            assert_eq!(out, text);
        }
    }

    #[test]
    fn writes_valid_geojson() {
        let shape = MultiPolygon(vec![polygon!(
            exterior: [(x: 0.0, y: 0.0), (x: 2.0, y: 0.0), (x: 2.0, y: 2.5)],
            interiors: [[(x: 1.0, y: 0.5), (x: 1.5, y: 1.0), (x: 1.5, y: 0.5)]]
        )]);
        assert_eq!(
            multi_polygon_text(&shape),
            r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[2,0],[2,2.5],[0,0]],[[1,0.5],[1.5,1],[1.5,0.5],[1,0.5]]]]}"#
        );
        assert_eq!(multi_polygon_text(&MultiPolygon(vec![])), r#"{"type":"MultiPolygon","coordinates":[]}"#);
        let mut line = String::new();
        push_line(&mut line, &[Fixed { x: 5, y: -10_000_000 }, Fixed { x: 0, y: 0 }]);
        assert_eq!(line, r#"{"type":"LineString","coordinates":[[0.0000005,-1],[0,0]]}"#);
    }

    #[test]
    fn omits_degenerate_parts_and_cuts_at_180_degrees() {
        let at = |lon: i32, lat: i32| Fixed { x: lon * 10_000_000, y: lat * 10_000_000 };
        let line = |points: &[Fixed]| {
            let mut out = String::new();
            push_line(&mut out, points);
            out
        };
        assert_eq!(
            line(&[at(179, 0), at(181, 2)]),
            r#"{"type":"MultiLineString","coordinates":[[[179,0],[180,1]],[[-180,1],[-179,2]]]}"#
        );
        assert_eq!(line(&[at(1, 2), at(1, 2)]), r#"{"type":"Point","coordinates":[1,2]}"#);
        assert_eq!(line(&[at(181, 2)]), r#"{"type":"Point","coordinates":[-179,2]}"#);
        // A square across the meridian, with a sliver and a hole that collapse when rounded.
        let shape = MultiPolygon(vec![
            polygon!(
                exterior: [(x: 179.0, y: 0.0), (x: 181.0, y: 0.0), (x: 181.0, y: 1.0), (x: 179.0, y: 1.0)],
                interiors: [[(x: 179.5, y: 0.5), (x: 179.5, y: 0.500_000_01), (x: 179.500_000_01, y: 0.5)]]
            ),
            polygon!((x: 10.0, y: 0.0), (x: 11.0, y: 0.0), (x: 11.0, y: 0.000_000_01)),
        ]);
        let text: serde_json::Value = serde_json::from_str(&multi_polygon_text(&shape)).unwrap();
        let polygons = text["coordinates"].as_array().unwrap();
        assert_eq!(polygons.len(), 2, "{text}");
        for polygon in polygons {
            assert_eq!(polygon.as_array().unwrap().len(), 1, "{text}");
            let ring = polygon[0].as_array().unwrap();
            assert!(ring.len() == 5 && ring.first() == ring.last(), "{text}");
            assert!(ring.iter().all(|p| p[0].as_f64().unwrap().abs() <= 180.0), "{text}");
        }
        let one = area_text(&polygon!((x: 1.0, y: 0.0), (x: 2.0, y: 0.0), (x: 2.0, y: 1.0)).into());
        assert_eq!(one, r#"{"type":"Polygon","coordinates":[[[1,0],[2,0],[2,1],[1,0]]]}"#);
        assert!(area_text(&shape).starts_with(r#"{"type":"MultiPolygon""#));
    }
}
