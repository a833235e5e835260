//! Point-in-area tests for many points.
//!
//! Edges are sorted into bands of latitude, so that a test reads only the edges of one band. Results equal those of
//! `geo`'s `Intersects`: edges and corners are inside; a hole is outside except for its boundary.

use geo::{BoundingRect, Coord, GeoNum, Kernel, Line, LineString, MultiPolygon, Orientation, Rect};

/// Maximum number of band entries per edge, on average. Areas whose edges span most of their height get fewer bands
/// instead of more memory.
const MAX_ENTRIES_PER_EDGE: usize = 8;
/// Target number of edges per band, for short edges.
const EDGES_PER_BAND: usize = 4;

/// A ring number and one edge of that ring.
type RingEdge = (u32, Line<f64>);

/// An index over one area that answers point-in-area tests.
pub struct AreaIndex {
    bounds: Option<Rect<f64>>,
    south: f64,
    band: f64,
    /// Edges by band; the edges of a ring are consecutive.
    bands: Vec<Vec<RingEdge>>,
    /// By ring: the polygon it belongs to, and whether it is the exterior ring.
    rings: Vec<(u32, bool)>,
}

/// The position of a point relative to a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Inside,
    Boundary,
    Outside,
}

impl AreaIndex {
    /// Builds the index of an area.
    #[must_use]
    pub fn new(area: &MultiPolygon<f64>) -> Self {
        let mut rings = Vec::new();
        let mut edges: Vec<RingEdge> = Vec::new();
        let mut add = |polygon: u32, is_outer: bool, ring: &LineString<f64>| {
            let number = rings.len() as u32;
            rings.push((polygon, is_outer));
            edges.extend(ring.lines().map(|line| (number, line)));
        };
        for (polygon, n) in area.iter().zip(0..) {
            add(n, true, polygon.exterior());
            for hole in polygon.interiors() {
                add(n, false, hole);
            }
        }
        let bounds = area.bounding_rect();
        let (south, height) = bounds.map_or((0.0, 0.0), |b| (b.min().y, b.height()));
        let mut count = (edges.len() / EDGES_PER_BAND).max(1);
        loop {
            let mut index = Self { bounds, south, band: height / count as f64, bands: Vec::new(), rings: Vec::new() };
            let span = |line: &Line<f64>| {
                let ends = [line.start.y, line.end.y].map(|y| index.band_of(y, count));
                ends[0].min(ends[1])..=ends[0].max(ends[1])
            };
            let listed: usize = edges.iter().map(|(_, line)| span(line).count()).sum();
            if count > 1 && listed > edges.len() * MAX_ENTRIES_PER_EDGE {
                count = count.div_ceil(2);
                continue;
            }
            let mut bands: Vec<Vec<RingEdge>> = vec![Vec::new(); count];
            for edge in &edges {
                for band in span(&edge.1) {
                    bands[band].push(*edge);
                }
            }
            (index.bands, index.rings) = (bands, rings);
            return index;
        }
    }

    /// Returns the number of edges in the largest band: the maximum work for one test.
    #[must_use]
    pub fn longest_band(&self) -> usize {
        self.bands.iter().map(Vec::len).max().unwrap_or_default()
    }

    fn band_of(&self, y: f64, count: usize) -> usize {
        if self.band > 0.0 { (((y - self.south) / self.band) as usize).min(count - 1) } else { 0 }
    }

    /// Returns whether a point (degrees) lies in the area or on its boundary.
    #[must_use]
    pub fn contains(&self, x: f64, y: f64) -> bool {
        let Some(bounds) = self.bounds else { return false };
        if !(bounds.min().x..=bounds.max().x).contains(&x) || !(bounds.min().y..=bounds.max().y).contains(&y) {
            return false;
        }
        let point = Coord { x, y };
        // The rings of a polygon are consecutive, exterior ring first. `inside` is the polygon whose exterior ring
        // contains the point, as long as none of its holes read so far does.
        let mut inside = None;
        for ring in self.bands[self.band_of(y, self.bands.len())].chunk_by(|a, b| a.0 == b.0) {
            let (polygon, is_outer) = self.rings[ring[0].0 as usize];
            if inside.is_some_and(|inside| inside != polygon) {
                return true;
            }
            if !is_outer && inside.is_none() {
                continue;
            }
            match side(point, ring) {
                // A boundary belongs to the area, also that of a hole.
                Side::Boundary => return true,
                Side::Inside => inside = is_outer.then_some(polygon),
                Side::Outside => {}
            }
        }
        inside.is_some()
    }
}

/// Locates a point relative to a ring by the ring's edges that reach its latitude. Computes the winding number as `geo`
/// does.
fn side(point: Coord<f64>, ring: &[RingEdge]) -> Side {
    let is_between = |a: f64, b: f64| if a <= b { a <= point.x && point.x <= b } else { b <= point.x && point.x <= a };
    let mut winding = 0;
    for (_, line) in ring {
        let (start, end) = (line.start, line.end);
        if start.y <= point.y {
            if end.y >= point.y {
                match <f64 as GeoNum>::Ker::orient2d(start, end, point) {
                    Orientation::CounterClockwise if end.y > point.y => winding += 1,
                    Orientation::Collinear if is_between(start.x, end.x) => return Side::Boundary,
                    _ => {}
                }
            }
        } else if end.y <= point.y {
            match <f64 as GeoNum>::Ker::orient2d(start, end, point) {
                Orientation::Clockwise => winding -= 1,
                Orientation::Collinear if is_between(start.x, end.x) => return Side::Boundary,
                _ => {}
            }
        }
    }
    if winding == 0 { Side::Outside } else { Side::Inside }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Intersects, Point, Polygon};
    use proptest::prelude::*;

    /// Rings with whole degrees as coordinates, so that many points lie on boundaries and corners.
    fn rings() -> impl Strategy<Value = Vec<Vec<(i8, i8)>>> {
        prop::collection::vec(prop::collection::vec((-8i8..8, -8i8..8), 3..12), 1..4)
    }

    fn area(polygons: &[Vec<Vec<(i8, i8)>>]) -> MultiPolygon<f64> {
        let ring = |corners: &Vec<(i8, i8)>| {
            LineString::from(corners.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).collect::<Vec<_>>())
        };
        let polygon = |rings: &Vec<Vec<(i8, i8)>>| Polygon::new(ring(&rings[0]), rings[1..].iter().map(ring).collect());
        MultiPolygon(polygons.iter().map(polygon).collect())
    }

    proptest! {
        #[test]
        fn agrees_with_geo(polygons in prop::collection::vec(rings(), 0..4)) {
            let area = area(&polygons);
            let index = AreaIndex::new(&area);
            for x in -18..18 {
                for y in -18..18 {
                    let (x, y) = (f64::from(x) / 2.0, f64::from(y) / 2.0);
                    prop_assert_eq!(index.contains(x, y), area.intersects(&Point::new(x, y)), "({}, {})", x, y);
                }
            }
        }
    }

    #[test]
    fn bands_stay_short_and_memory_bounded() {
        let circle = |corners: u32| {
            let corner = |n: u32| (f64::from(n) / f64::from(corners) * std::f64::consts::TAU).sin_cos();
            MultiPolygon(vec![Polygon::new(LineString::from((0..corners).map(corner).collect::<Vec<_>>()), vec![])])
        };
        let round = AreaIndex::new(&circle(10_000));
        assert!(round.longest_band() < 200, "{}", round.longest_band());
        assert!(round.contains(0.0, 0.0) && round.contains(0.99, 0.0) && !round.contains(0.8, 0.8));
        // A comb whose teeth are all as high as the comb.
        let tooth = |n: u32| [(f64::from(n), 0.0), (f64::from(n) + 0.5, 1.0)];
        let mut corners: Vec<(f64, f64)> = (0..5000).flat_map(tooth).collect();
        corners.push((0.0, 2.0));
        let comb = AreaIndex::new(&MultiPolygon(vec![Polygon::new(LineString::from(corners), vec![])]));
        let listed: usize = comb.bands.iter().map(Vec::len).sum();
        assert!(listed <= 10_002 * MAX_ENTRIES_PER_EDGE, "{listed}");
    }
}
