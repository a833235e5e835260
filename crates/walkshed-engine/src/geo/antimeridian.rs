//! Geometry that crosses the 180th meridian.
//!
//! Inside the program, lines and areas are continuous: their longitudes may exceed 180 degrees in either direction.
//! Output is cut at the meridian and lies within [-180, 180] degrees (RFC 7946, section 3.1.9).

use super::position::{FULL_TURN, Fixed, HALF_TURN};
use geo::{BooleanOps, BoundingRect, Coord, LineString, MultiPolygon, Orient, Polygon, Rect, orient};
use std::borrow::Cow;

/// Shifts a longitude in degrees by multiples of 360 to lie within 180 degrees of `middle`.
#[must_use]
pub fn longitude_near(lon: f64, middle: f64) -> f64 {
    let away = lon - middle;
    if away.abs() <= 180.0 { lon } else { lon - 360.0 * (away / 360.0).round() }
}

/// Cuts a line at the 180th meridian and returns its parts in order. Each part has at least two distinct positions; a
/// line of zero length has no parts.
#[must_use]
pub fn split_line_at_meridian(line: &[Fixed]) -> Vec<Vec<Fixed>> {
    let mut parts = Vec::new();
    let Some(first) = line.first() else { return parts };
    let mut part = vec![first.normalized()];
    let mut end = |part: &mut Vec<Fixed>| {
        part.dedup();
        let done = std::mem::take(part);
        if done.len() > 1 {
            parts.push(done);
        }
    };
    for pair in line.windows(2) {
        let Some(&here) = part.last() else { break };
        let (mut x, mut y) = (i64::from(here.x), f64::from(here.y));
        // Consecutive positions are joined the shorter way around the globe.
        let step = i64::from(pair[1].x) - i64::from(pair[0].x);
        let to = x + if step.abs() <= HALF_TURN { step } else { step - step.signum() * FULL_TURN };
        let mut to = to;
        while to.abs() > HALF_TURN {
            let edge = to.signum() * HALF_TURN;
            let share = if to == x { 0.0 } else { (edge - x) as f64 / (to - x) as f64 };
            y += (f64::from(pair[1].y) - y) * share;
            let y_there = y.round() as i32;
            part.push(Fixed { x: edge as i32, y: y_there });
            end(&mut part);
            part.push(Fixed { x: -edge as i32, y: y_there });
            (x, to) = (-edge, to - edge.signum() * FULL_TURN);
        }
        part.push(Fixed { x: to as i32, y: pair[1].y });
    }
    end(&mut part);
    parts
}

/// Makes the rings of an area continuous: where a ring jumps across the 180th meridian, its longitudes continue beyond
/// 180 degrees. All polygons are placed within 180 degrees of longitude of the first.
#[must_use]
pub fn make_continuous(mut area: MultiPolygon<f64>) -> MultiPolygon<f64> {
    let mut middle = None;
    for polygon in &mut area.0 {
        let mut anchor = middle;
        let mut follow = |ring: &mut LineString<f64>| {
            let mut before = anchor;
            for corner in &mut ring.0 {
                if let Some(before) = before {
                    corner.x = longitude_near(corner.x, before);
                }
                before = Some(corner.x);
                // A hole starts beside its exterior ring.
                anchor = anchor.or(before);
            }
            ring.close();
        };
        polygon.exterior_mut(&mut follow);
        polygon.interiors_mut(|rings| rings.iter_mut().for_each(&mut follow));
        middle = middle.or(anchor);
    }
    area
}

/// Cuts an area with continuous rings at the 180th meridian and moves its parts to within [-180, 180] degrees.
#[must_use]
pub fn split_area_at_meridian(area: &MultiPolygon<f64>) -> Cow<'_, MultiPolygon<f64>> {
    let is_beyond = |p: &Polygon<f64>| p.exterior().0.iter().any(|c| c.x.abs() > 180.0);
    if !area.iter().any(is_beyond) {
        return Cow::Borrowed(area);
    }
    let mut cut = Vec::with_capacity(area.0.len() + 1);
    for polygon in area {
        let Some(bounds) = polygon.bounding_rect().filter(|_| is_beyond(polygon)) else {
            cut.push(polygon.clone());
            continue;
        };
        let turn_of = |lon: f64| ((lon + 180.0) / 360.0).floor();
        let (low, high) = (turn_of(bounds.min().x), turn_of(bounds.max().x));
        let mut turn = low;
        while turn <= high {
            let west = turn * 360.0 - 180.0;
            // The window is no wider than the polygon, because the clipper's precision is relative to the overall
            // extent.
            let window = Rect::new(
                Coord { x: west.max(bounds.min().x - 1.0), y: bounds.min().y - 1.0 },
                Coord { x: (west + 360.0).min(bounds.max().x + 1.0), y: bounds.max().y + 1.0 },
            );
            let inside = if low.total_cmp(&high).is_eq() {
                MultiPolygon(vec![polygon.clone()])
            } else {
                polygon.intersection(&window.to_polygon()).orient(orient::Direction::Default)
            };
            let back = |c: &mut Coord<f64>| c.x = (c.x - turn * 360.0).clamp(-180.0, 180.0);
            cut.extend(inside.0.into_iter().map(|mut part| {
                part.exterior_mut(|ring| ring.0.iter_mut().for_each(back));
                part.interiors_mut(|rings| rings.iter_mut().for_each(|r| r.0.iter_mut().for_each(back)));
                part
            }));
            turn += 1.0;
        }
    }
    Cow::Owned(MultiPolygon(cut))
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Area, polygon};

    fn at(lon: f64, lat: f64) -> Fixed {
        Fixed { x: (lon * 1e7).round() as i32, y: (lat * 1e7).round() as i32 }
    }

    #[test]
    fn longitudes_shift_by_full_turns() {
        for (lon, on_globe) in
            [(0.0, 0.0), (180.0, 180.0), (-180.0, -180.0), (180.5, -179.5), (-190.0, 170.0), (200.0, -160.0)]
        {
            assert_eq!(at(lon, 1.0).normalized(), at(on_globe, 1.0));
        }
        let middle = at(179.5, 0.0).x;
        assert_eq!(at(-179.5, 3.0).align_longitude(middle), at(180.5, 3.0));
        assert_eq!(at(170.0, 3.0).align_longitude(middle), at(170.0, 3.0));
        assert_eq!(at(-170.0, 3.0).align_longitude(at(-179.5, 0.0).x), at(-170.0, 3.0));
        assert_eq!(at(179.0, 3.0).align_longitude(at(-179.5, 0.0).x), at(-181.0, 3.0));
        // 10 E is 190.5 degrees east of 179.5 E, but 370 degrees do not fit in a `Fixed`.
        assert_eq!(at(-10.0, 3.0).align_longitude(middle), at(-10.0, 3.0));
        assert!(
            (longitude_near(-179.9, 179.9) - 180.1).abs() < 1e-9 && (longitude_near(10.0, 179.9) - 10.0).abs() < 1e-9
        );
    }

    #[test]
    fn lines_are_cut_at_the_meridian() {
        let on = |line: &[(f64, f64)]| split_line_at_meridian(&line.iter().map(|&(x, y)| at(x, y)).collect::<Vec<_>>());
        let cut = |parts: &[&[(f64, f64)]]| -> Vec<Vec<Fixed>> {
            parts.iter().map(|p| p.iter().map(|&(x, y)| at(x, y)).collect()).collect()
        };
        // Given with longitudes past 180 degrees, or with a jump: both lines are 2 degrees long.
        let crossing = cut(&[&[(179.0, 0.0), (180.0, 1.0)], &[(-180.0, 1.0), (-179.0, 2.0)]]);
        assert_eq!(on(&[(179.0, 0.0), (181.0, 2.0)]), crossing);
        assert_eq!(on(&[(179.0, 0.0), (-179.0, 2.0)]), crossing);
        let back = cut(&[&[(-179.0, 0.0), (-180.0, 1.0)], &[(180.0, 1.0), (179.0, 2.0)]]);
        assert_eq!(on(&[(-179.0, 0.0), (-181.0, 2.0)]), back);
        assert_eq!(on(&[(-179.0, 0.0), (179.0, 2.0)]), back);
        // Entirely beyond the meridian.
        assert_eq!(on(&[(181.0, 0.0), (182.0, 2.0)]), cut(&[&[(-179.0, 0.0), (-178.0, 2.0)]]));
        // Along, up to, and away from the meridian: nothing is cut, and no part is a single position.
        assert_eq!(on(&[(180.0, 0.0), (180.0, 2.0)]), cut(&[&[(180.0, 0.0), (180.0, 2.0)]]));
        assert_eq!(on(&[(179.0, 0.0), (180.0, 2.0)]), cut(&[&[(179.0, 0.0), (180.0, 2.0)]]));
        assert_eq!(on(&[(180.0, 0.0), (181.0, 2.0)]), cut(&[&[(-180.0, 0.0), (-179.0, 2.0)]]));
        // Across and back.
        assert_eq!(
            on(&[(179.0, 0.0), (181.0, 2.0), (179.0, 4.0)]),
            cut(&[
                &[(179.0, 0.0), (180.0, 1.0)],
                &[(-180.0, 1.0), (-179.0, 2.0), (-180.0, 3.0)],
                &[(180.0, 3.0), (179.0, 4.0)]
            ])
        );
        // Repeated positions are removed; a line without length has no parts.
        assert_eq!(on(&[(1.0, 1.0), (1.0, 1.0), (2.0, 1.0), (2.0, 1.0)]), cut(&[&[(1.0, 1.0), (2.0, 1.0)]]));
        assert!(on(&[(1.0, 1.0), (1.0, 1.0)]).is_empty() && on(&[(1.0, 1.0)]).is_empty() && on(&[]).is_empty());
    }

    #[test]
    fn areas_are_cut_at_the_meridian() {
        let area = MultiPolygon(vec![
            polygon!(
                exterior: [(x: 179.0, y: 0.0), (x: 182.0, y: 0.0), (x: 182.0, y: 3.0), (x: 179.0, y: 3.0)],
                interiors: [[(x: 179.5, y: 1.0), (x: 179.5, y: 2.0), (x: 181.0, y: 2.0), (x: 181.0, y: 1.0)]]
            ),
            polygon!((x: 178.0, y: 0.0), (x: 178.5, y: 0.0), (x: 178.5, y: 1.0)),
        ]);
        let cut = split_area_at_meridian(&area).into_owned();
        assert!((cut.unsigned_area() - area.unsigned_area()).abs() < 1e-6);
        assert_eq!(cut.0.len(), 3);
        for polygon in &cut {
            assert!(polygon.exterior().0.iter().all(|c| c.x.abs() <= 180.0), "{polygon:?}");
            assert!(polygon.signed_area() > 0.0 && polygon.exterior().is_closed());
        }
        let inside: MultiPolygon<f64> = polygon!((x: 1.0, y: 0.0), (x: 2.0, y: 0.0), (x: 2.0, y: 1.0)).into();
        assert!(matches!(split_area_at_meridian(&inside), Cow::Borrowed(_)));
        // As H3 returns them: with a jump from one side to the other.
        let jumping = MultiPolygon(vec![
            polygon!(
                exterior: [(x: 179.0, y: 0.0), (x: -178.0, y: 0.0), (x: -178.0, y: 3.0), (x: 179.0, y: 3.0)],
                interiors: [[(x: -179.5, y: 1.0), (x: -179.5, y: 2.0), (x: 179.5, y: 2.0), (x: 179.5, y: 1.0)]]
            ),
            polygon!((x: -178.0, y: 5.0), (x: -177.5, y: 5.0), (x: -177.5, y: 6.0)),
        ]);
        let whole = make_continuous(jumping);
        let bounds = whole.bounding_rect().unwrap();
        assert!((bounds.min().x - 179.0).abs() < 1e-9 && (bounds.max().x - 182.5).abs() < 1e-9, "{bounds:?}");
        assert!((whole.unsigned_area() - 8.25).abs() < 1e-9);
    }
}
