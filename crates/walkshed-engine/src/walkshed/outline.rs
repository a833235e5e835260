//! The outline of a walkshed: polygons with holes, in whole units of [`Fixed`].

use crate::geo::{Fixed, HALF_TURN, multi_polygon_text, push_positions};
use geo::{Coord, LineString, MultiPolygon, Polygon};

/// Polygons with holes. Valid (OGC); outer rings are counter-clockwise, holes clockwise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline {
    /// By polygon: its rings, the outer ring first. The first point is repeated at the end.
    polygons: Vec<Vec<Vec<Fixed>>>,
    /// Twice the area in square units.
    twice_area: i128,
}

impl Outline {
    /// Creates an outline from rings with the inside on their left. Assigns every hole to the smallest outer ring around it.
    pub(super) fn new(rings: Vec<Vec<Fixed>>) -> Self {
        let mut outers: Vec<Outer> = Vec::new();
        let mut holes = Vec::new();
        let mut twice_area = 0;
        for mut ring in rings {
            let area = twice_signed_area(&ring);
            twice_area += area;
            let Some(&first) = ring.first() else { continue };
            ring.push(first);
            if area > 0 {
                outers.push(Outer { area, bounds: Bounds::of(&ring), rings: vec![ring] });
            } else {
                holes.push(ring);
            }
        }
        outers.sort_by_key(|outer| outer.area);
        for hole in holes {
            let mut around =
                outers.iter().enumerate().filter(|(_, outer)| outer.bounds.contains(hole[0])).map(|(i, _)| i);
            let Some(mut place) = around.next() else { continue };
            // The only ring whose bounds contain the hole contains the hole.
            if let Some(other) = around.next() {
                let mut candidates = [place, other].into_iter().chain(around);
                place = candidates.find(|&i| contains(&outers[i].rings[0], hole[0])).unwrap_or(place);
            }
            outers[place].rings.push(hole);
        }
        Self { polygons: outers.into_iter().rev().map(|outer| outer.rings).collect(), twice_area }
    }

    /// Returns the rings of every polygon, the outer ring first. The first point of a ring is repeated at its end.
    #[must_use]
    pub fn polygons(&self) -> &[Vec<Vec<Fixed>>] {
        &self.polygons
    }

    /// Returns the area in square degrees.
    #[must_use]
    pub fn square_degrees(&self) -> f64 {
        self.twice_area as f64 / 2.0 / (Fixed::PER_DEGREE * Fixed::PER_DEGREE)
    }

    /// Returns the same polygons in degrees.
    #[must_use]
    pub fn multi_polygon(&self) -> MultiPolygon<f64> {
        let line = |ring: &Vec<Fixed>| -> LineString<f64> {
            LineString(ring.iter().map(|p| Coord { x: p.lon(), y: p.lat() }).collect())
        };
        let polygon = |rings: &Vec<Vec<Fixed>>| {
            let mut lines = rings.iter().map(line);
            let outer = lines.next().unwrap_or_else(|| LineString(Vec::new()));
            Polygon::new(outer, lines.collect())
        };
        MultiPolygon(self.polygons.iter().map(polygon).collect())
    }

    /// Returns a GeoJSON `MultiPolygon`, cut at the 180th meridian.
    #[must_use]
    pub fn geojson(&self) -> String {
        let outer_points = self.polygons.iter().filter_map(|rings| rings.first()).flatten();
        if outer_points.clone().any(|p| i64::from(p.x).abs() > HALF_TURN) {
            return multi_polygon_text(&self.multi_polygon());
        }
        let points: usize = self.polygons.iter().flatten().map(Vec::len).sum();
        let mut out = String::with_capacity(64 + points * 24);
        out.push_str(r#"{"type":"MultiPolygon","coordinates":["#);
        for (i, rings) in self.polygons.iter().enumerate() {
            out.push_str(if i == 0 { "[" } else { ",[" });
            for (i, ring) in rings.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                push_positions(&mut out, ring.iter().copied());
            }
            out.push(']');
        }
        out.push_str("]}");
        out
    }
}

/// An outer ring with its holes.
struct Outer {
    area: i128,
    bounds: Bounds,
    rings: Vec<Vec<Fixed>>,
}

struct Bounds {
    low: Fixed,
    high: Fixed,
}

impl Bounds {
    fn of(ring: &[Fixed]) -> Self {
        let mut bounds = Self { low: ring[0], high: ring[0] };
        for p in ring {
            bounds.low = Fixed { x: bounds.low.x.min(p.x), y: bounds.low.y.min(p.y) };
            bounds.high = Fixed { x: bounds.high.x.max(p.x), y: bounds.high.y.max(p.y) };
        }
        bounds
    }

    const fn contains(&self, p: Fixed) -> bool {
        self.low.x <= p.x && p.x <= self.high.x && self.low.y <= p.y && p.y <= self.high.y
    }
}

/// Returns twice the area of a ring, positive if the ring is counter-clockwise.
fn twice_signed_area(ring: &[Fixed]) -> i128 {
    let Some(&origin) = ring.first() else { return 0 };
    let from_origin = |p: Fixed| (i64::from(p.x) - i64::from(origin.x), i64::from(p.y) - i64::from(origin.y));
    let mut sum = 0_i128;
    for pair in ring.windows(2) {
        let ((ax, ay), (bx, by)) = (from_origin(pair[0]), from_origin(pair[1]));
        sum += i128::from(ax) * i128::from(by) - i128::from(bx) * i128::from(ay);
    }
    sum
}

/// Returns whether a ring contains a point that is not on it (ray casting).
fn contains(ring: &[Fixed], p: Fixed) -> bool {
    let mut inside = false;
    for pair in ring.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if (a.y > p.y) != (b.y > p.y) {
            let (dx, dy) = (i128::from(b.x) - i128::from(a.x), i128::from(b.y) - i128::from(a.y));
            let left = (i128::from(p.x) - i128::from(a.x)) * dy;
            let right = dx * (i128::from(p.y) - i128::from(a.y));
            if (left < right) == (dy > 0) {
                inside = !inside;
            }
        }
    }
    inside
}
