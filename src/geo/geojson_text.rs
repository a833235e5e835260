//! GeoJSON geometries (RFC 7946) as text, written straight into a buffer: coordinates are ten-millionths of a degree
//! already, so their digits are printed as the integers they are.

use super::position::Fixed;
use geo::{Coord, LineString, MultiPolygon};

/// Appends `[lon,lat]`.
pub fn push_position(out: &mut String, at: Fixed) {
    out.push('[');
    push_degrees(out, at.x);
    out.push(',');
    push_degrees(out, at.y);
    out.push(']');
}

/// Appends a `LineString` geometry.
pub fn push_line(out: &mut String, line: &[Fixed]) {
    out.push_str(r#"{"type":"LineString","coordinates":"#);
    push_positions(out, line.iter().copied());
    out.push('}');
}

/// Appends a `Point` geometry.
pub fn push_point(out: &mut String, at: Fixed) {
    out.push_str(r#"{"type":"Point","coordinates":"#);
    push_position(out, at);
    out.push('}');
}

/// A `MultiPolygon` geometry, rounded to ten-millionths of a degree.
#[must_use]
pub fn multi_polygon_text(shape: &MultiPolygon<f64>) -> String {
    let points: usize =
        shape.0.iter().map(|p| p.exterior().0.len() + p.interiors().iter().map(|r| r.0.len()).sum::<usize>()).sum();
    let mut out = String::with_capacity(64 + points * 26);
    out.push_str(r#"{"type":"MultiPolygon","coordinates":["#);
    for (i, polygon) in shape.0.iter().enumerate() {
        out.push_str(if i == 0 { "[" } else { ",[" });
        push_ring(&mut out, polygon.exterior());
        for hole in polygon.interiors() {
            out.push(',');
            push_ring(&mut out, hole);
        }
        out.push(']');
    }
    out.push_str("]}");
    out
}

fn push_ring(out: &mut String, ring: &LineString<f64>) {
    push_positions(out, ring.0.iter().map(|&c| fixed(c)));
}

fn fixed(c: Coord<f64>) -> Fixed {
    Fixed { x: (c.x * Fixed::PER_DEGREE).round() as i32, y: (c.y * Fixed::PER_DEGREE).round() as i32 }
}

fn push_positions(out: &mut String, points: impl Iterator<Item = Fixed>) {
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
    let mut digits = [b'0'; 12];
    let mut rest = value.unsigned_abs();
    let mut at = digits.len();
    // Seven decimals and at least one digit before them.
    while rest > 0 || at > digits.len() - 8 {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let (whole, decimals) = digits[at..].split_at(digits.len() - 7 - at);
    let kept = decimals.iter().rposition(|&d| d != b'0').map_or(0, |last| last + 1);
    if value < 0 {
        out.push('-');
    }
    out.extend(whole.iter().map(|&d| d as char));
    if kept > 0 {
        out.push('.');
        out.extend(decimals[..kept].iter().map(|&d| d as char));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::polygon;

    #[test]
    fn degrees_are_printed_to_the_last_digit() {
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
    fn geometries_are_geojson() {
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
}
