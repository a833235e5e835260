//! Contours of a time field, by marching squares. The polygons are valid (OGC), follow the right-hand rule of RFC 7946
//! (outer rings counter-clockwise, holes clockwise), and the polygon of a time contains those of all smaller times.

use super::field::Field;
use crate::units::Deciseconds;
use geo::{Coord, LineString, MultiPolygon, Polygon};

const NONE: u32 = u32::MAX;
/// Minimum distance of a crossing from a node, in cells. It keeps rings from touching at nodes.
const MIN_NODE_DISTANCE: f32 = 0.02;
/// Position of the crossing on an edge to an unreached node, in cells.
const CROSSING_TO_UNREACHED: f32 = 0.5;

/// Returns the area of a field with a time of at most `limit`, in degrees.
#[must_use]
pub fn contour(field: &Field, limit: Deciseconds) -> MultiPolygon<f64> {
    let rings = Tracer { field, limit: limit.0 as f32 }.rings();
    assemble(field, rings)
}

struct Tracer<'a> {
    field: &'a Field,
    limit: f32,
}

/// A ring in units of cells; the first point is not repeated at the end.
type Ring = Vec<(f32, f32)>;

impl Tracer<'_> {
    /// Traces all rings, with the inside on their left.
    ///
    /// Crossings are numbered by the grid edge they lie on: `2 n` on the edge from node n eastwards, `2 n + 1` on the edge
    /// northwards. In an ambiguous cell (two opposite corners inside) the corners are separated. A larger time can then
    /// only connect what a smaller one separates, so contours nest.
    fn rings(&self) -> Vec<Ring> {
        let (columns, rows) = (self.field.grid.columns, self.field.grid.rows);
        let inside: Vec<bool> = self.field.times.iter().map(|&t| t <= self.limit).collect();
        let mut next = vec![NONE; 2 * columns * rows];
        let mut starts = Vec::new();
        for y in 0..rows - 1 {
            for x in 0..columns - 1 {
                let a = y * columns + x;
                let d = a + columns;
                let case = u8::from(inside[a])
                    | u8::from(inside[a + 1]) << 1
                    | u8::from(inside[d + 1]) << 2
                    | u8::from(inside[d]) << 3;
                if case == 0 || case == 15 {
                    continue;
                }
                let (bottom, right, top, left) = (2 * a as u32, 2 * (a + 1) as u32 + 1, 2 * d as u32, 2 * a as u32 + 1);
                let mut link = |from: u32, to: u32| {
                    next[from as usize] = to;
                    starts.push(from);
                };
                match case {
                    1 => link(bottom, left),
                    2 => link(right, bottom),
                    3 => link(right, left),
                    4 => link(top, right),
                    5 => {
                        link(bottom, left);
                        link(top, right);
                    }
                    6 => link(top, bottom),
                    7 => link(top, left),
                    8 => link(left, top),
                    9 => link(bottom, top),
                    10 => {
                        link(right, bottom);
                        link(left, top);
                    }
                    11 => link(right, top),
                    12 => link(left, right),
                    13 => link(bottom, right),
                    _ => link(left, bottom),
                }
            }
        }
        let mut rings = Vec::new();
        for start in starts {
            let mut ring: Ring = Vec::new();
            let mut here = start;
            while next[here as usize] != NONE {
                let point = self.crossing(here);
                // Drop a point between two others on the same grid line. Keep collinear points on diagonals: without
                // them, rounding to the last digit could make the rings of two times cross.
                #[expect(clippy::float_cmp, reason = "points on one grid line have identical coordinates")]
                if let [.., a, b] = ring[..]
                    && (a.0 == b.0 && b.0 == point.0 || a.1 == b.1 && b.1 == point.1)
                {
                    ring.pop();
                }
                ring.push(point);
                here = std::mem::replace(&mut next[here as usize], NONE);
            }
            if ring.len() >= 3 {
                rings.push(ring);
            }
        }
        rings
    }

    /// Returns the point at which the contour crosses a grid edge, in cells.
    fn crossing(&self, edge: u32) -> (f32, f32) {
        let columns = self.field.grid.columns;
        let (node, north) = (edge as usize / 2, edge % 2 == 1);
        let other = node + if north { columns } else { 1 };
        let (x, y) = ((node % columns) as f32, (node / columns) as f32);
        let (a, b) = (self.field.times[node], self.field.times[other]);
        let share = |inner: f32, outer: f32| {
            if outer.is_finite() {
                ((self.limit - inner) / (outer - inner)).clamp(MIN_NODE_DISTANCE, 1.0 - MIN_NODE_DISTANCE)
            } else {
                CROSSING_TO_UNREACHED
            }
        };
        let t = if a <= self.limit { share(a, b) } else { 1.0 - share(b, a) };
        if north { (x, y + t) } else { (x + t, y) }
    }
}

/// Returns the area of a ring in square cells, positive if the ring is counter-clockwise.
fn signed_area(ring: &[(f32, f32)]) -> f64 {
    let (ox, oy) = ring[0];
    let mut sum = 0.0;
    for pair in ring.windows(2) {
        let (ax, ay) = (f64::from(pair[0].0 - ox), f64::from(pair[0].1 - oy));
        let (bx, by) = (f64::from(pair[1].0 - ox), f64::from(pair[1].1 - oy));
        sum += ax * by - bx * ay;
    }
    sum / 2.0
}

/// Returns whether a ring contains a point (ray casting).
fn contains(ring: &[(f32, f32)], p: (f32, f32)) -> bool {
    let mut inside = false;
    let mut a = ring[ring.len() - 1];
    for &b in ring {
        if (a.1 > p.1) != (b.1 > p.1) && p.0 < (b.0 - a.0) * (p.1 - a.1) / (b.1 - a.1) + a.0 {
            inside = !inside;
        }
        a = b;
    }
    inside
}

/// Assigns every hole to the smallest outer ring around it, and converts the rings to degrees.
fn assemble(field: &Field, rings: Vec<Ring>) -> MultiPolygon<f64> {
    let (mut outers, mut holes) = (Vec::new(), Vec::new());
    for ring in rings {
        let area = signed_area(&ring);
        if area > 0.0 { outers.push((area, ring, Vec::new())) } else { holes.push(ring) }
    }
    outers.sort_by(|a, b| a.0.total_cmp(&b.0));
    for hole in holes {
        if let Some(outer) = outers.iter_mut().find(|(_, outer, _)| contains(outer, hole[0])) {
            outer.2.push(hole);
        }
    }
    let line = |ring: &Ring| -> LineString<f64> {
        let mut points: Vec<Coord<f64>> = ring
            .iter()
            .map(|&(x, y)| {
                let (x, y) = field.grid.degrees(f64::from(x), f64::from(y));
                // Round to 1e-7 degrees (about a centimetre).
                Coord { x: (x * 1e7).round() / 1e7, y: (y * 1e7).round() / 1e7 }
            })
            .collect();
        points.push(points[0]);
        LineString::new(points)
    };
    MultiPolygon::new(
        outers
            .iter()
            .rev()
            .map(|(_, outer, holes)| Polygon::new(line(outer), holes.iter().map(line).collect()))
            .collect(),
    )
}
