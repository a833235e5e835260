//! A spatial index of street segments.

use super::builder::{StreetBuilder, Way};
use crate::ground::Point;
use std::collections::HashMap;

/// Street segments by squares of the ground.
pub struct SegmentIndex {
    squares: HashMap<(i32, i32), Vec<(Point, Point)>>,
}

const SQUARE: f64 = 200.0;

/// Returns the squares of a line's bounding box.
pub fn squares(a: Point, b: Point) -> impl Iterator<Item = (i32, i32)> {
    let square = |v: f64| (v / SQUARE).floor() as i32;
    let (low, high) = ((a.x.min(b.x), a.y.min(b.y)), (a.x.max(b.x), a.y.max(b.y)));
    (square(low.0)..=square(high.0)).flat_map(move |x| (square(low.1)..=square(high.1)).map(move |y| (x, y)))
}

/// Returns whether two lines intersect.
pub fn meet((a, b): (Point, Point), (c, d): (Point, Point)) -> bool {
    let side = |p: Point, q: Point, r: Point| (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x);
    side(a, b, c) * side(a, b, d) <= 0.0 && side(c, d, a) * side(c, d, b) <= 0.0
}

fn distance(p: Point, (a, b): (Point, Point)) -> f64 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length2 = (dx * dx + dy * dy).max(1e-9);
    let t = (((p.x - a.x) * dx + (p.y - a.y) * dy) / length2).clamp(0.0, 1.0);
    p.distance(a.towards(b, t))
}

impl SegmentIndex {
    /// Indexes the segments of the ways that `is_wanted` selects.
    pub fn of(builder: &StreetBuilder<'_>, is_wanted: impl Fn(&Way) -> bool) -> Self {
        let mut squares_of: HashMap<(i32, i32), Vec<(Point, Point)>> = HashMap::new();
        for pair in builder.ways.iter().filter(|w| is_wanted(w)).flat_map(|w| w.nodes.windows(2)) {
            let piece = (builder.at(pair[0]), builder.at(pair[1]));
            for square in squares(piece.0, piece.1) {
                squares_of.entry(square).or_default().push(piece);
            }
        }
        Self { squares: squares_of }
    }

    /// Returns whether a ring is clear of streets: no segment intersects it or is closer than `metres` to its corners.
    pub fn is_clear_of(&self, ring: &[Point], metres: f64) -> bool {
        let sides = ring.iter().zip(ring.iter().cycle().skip(1));
        sides.into_iter().all(|(&a, &b)| {
            let grown = (
                Point { x: a.x.min(b.x) - metres, y: a.y.min(b.y) - metres },
                Point { x: a.x.max(b.x) + metres, y: a.y.max(b.y) + metres },
            );
            squares(grown.0, grown.1)
                .filter_map(|square| self.squares.get(&square))
                .flatten()
                .all(|&piece| !meet((a, b), piece) && distance(a, piece) >= metres)
        })
    }
}
