//! Lines of sight across a plaza, so that routes cross it and do not only follow its edge.
//!
//! The lines form a visibility graph over the points where streets enter and over the reflex vertices (corners that
//! routes must go around). Only lines on some shortest path between two entries are kept.

use std::collections::BTreeSet;

/// Maximum number of corners. A plaza with more gets no lines and is counted in the report.
pub const MAX_CORNERS: usize = 128;
/// Maximum number of positions in the rings of a plaza.
const MAX_POINTS: usize = 20_000;

/// A corner of a plaza: the index of its ring, and the index within the ring.
type Corner = (usize, usize);

/// Finds the lines across a plaza.
///
/// `rings` are in metres, exterior ring first, without a repeated first point. `is_entry(ring, i)` returns whether a
/// street meets the plaza there. Returns pairs of `(ring, index)`, or `None` if the plaza has too many corners.
#[must_use]
pub fn cross_plaza(
    rings: &[Vec<(f64, f64)>],
    is_entry: impl Fn(usize, usize) -> bool,
) -> Option<Vec<(Corner, Corner)>> {
    if rings.iter().map(Vec::len).sum::<usize>() > MAX_POINTS {
        return None;
    }
    let is_counterclockwise: Vec<bool> = rings.iter().map(|ring| signed_area(ring) > 0.0).collect();
    let corners: Vec<(Corner, bool)> = rings
        .iter()
        .enumerate()
        .flat_map(|(r, ring)| (0..ring.len()).map(move |i| (r, i)))
        .filter_map(|(r, i)| {
            let entry = is_entry(r, i);
            (entry || is_reflex(&rings[r], i, is_counterclockwise[r] == (r == 0))).then_some(((r, i), entry))
        })
        .collect();
    let entries: Vec<usize> = (0..corners.len()).filter(|&c| corners[c].1).collect();
    if entries.len() < 2 {
        return Some(Vec::new());
    }
    if corners.len() > MAX_CORNERS {
        return None;
    }
    let at = |c: usize| rings[corners[c].0.0][corners[c].0.1];
    let n = corners.len();
    // Distances along lines of sight, and along the ring between neighbouring corners.
    let mut sight = vec![f64::INFINITY; n * n];
    let mut around = vec![f64::INFINITY; n * n];
    for a in 0..n {
        for b in a + 1..n {
            if is_visible(rings, corners[a].0, corners[b].0) {
                let d = distance(at(a), at(b));
                sight[a * n + b] = d;
                sight[b * n + a] = d;
            }
        }
        let (r, mut i) = corners[a].0;
        let ring = &rings[r];
        let mut walked = 0.0;
        for _ in 0..ring.len() {
            let next = (i + 1) % ring.len();
            walked += distance(ring[i], ring[next]);
            i = next;
            if let Some(b) = corners.iter().position(|c| c.0 == (r, i)) {
                if b != a {
                    around[a * n + b] = around[a * n + b].min(walked);
                    around[b * n + a] = around[b * n + a].min(walked);
                }
                break;
            }
        }
    }
    let mut used = BTreeSet::new();
    for &from in &entries {
        let parents = shortest_tree(n, from, |a, b| sight[a * n + b].min(around[a * n + b]));
        for &to in &entries {
            let mut here = to;
            while let Some(previous) = parents[here] {
                if sight[previous * n + here] <= around[previous * n + here] {
                    used.insert((previous.min(here), previous.max(here)));
                }
                here = previous;
            }
        }
    }
    // Lines along the ring already exist as its edges.
    Some(
        used.into_iter()
            .map(|(a, b)| (corners[a].0, corners[b].0))
            .filter(|&((ra, ia), (rb, ib))| ra != rb || !adjacent(ia, ib, rings[ra].len()))
            .collect(),
    )
}

/// Runs Dijkstra's algorithm on a small dense graph. Returns the parent of every corner in the shortest-path tree from
/// `from`.
fn shortest_tree(n: usize, from: usize, cost: impl Fn(usize, usize) -> f64) -> Vec<Option<usize>> {
    let mut dist = vec![f64::INFINITY; n];
    let mut done = vec![false; n];
    let mut parents = vec![None; n];
    dist[from] = 0.0;
    while let Some(a) = (0..n).filter(|&v| !done[v] && dist[v].is_finite()).min_by(|&x, &y| dist[x].total_cmp(&dist[y]))
    {
        done[a] = true;
        for b in 0..n {
            let d = dist[a] + cost(a, b);
            if d < dist[b] {
                dist[b] = d;
                parents[b] = Some(a);
            }
        }
    }
    parents
}

const fn adjacent(a: usize, b: usize, len: usize) -> bool {
    let gap = a.abs_diff(b);
    gap == 1 || gap + 1 == len
}

fn distance(a: (f64, f64), b: (f64, f64)) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// Returns twice the signed area of the triangle a, b, c.
fn cross(a: (f64, f64), b: (f64, f64), c: (f64, f64)) -> f64 {
    (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
}

fn signed_area(ring: &[(f64, f64)]) -> f64 {
    (0..ring.len()).map(|i| cross((0.0, 0.0), ring[i], ring[(i + 1) % ring.len()])).sum::<f64>() / 2.0
}

/// Returns whether a corner is reflex: its interior angle exceeds 180 degrees. `is_left` says whether the interior is
/// to the left of the ring.
fn is_reflex(ring: &[(f64, f64)], i: usize, is_left: bool) -> bool {
    let n = ring.len();
    let turn = cross(ring[(i + n - 1) % n], ring[i], ring[(i + 1) % n]);
    if is_left { turn < 0.0 } else { turn > 0.0 }
}

fn is_visible(rings: &[Vec<(f64, f64)>], a: Corner, b: Corner) -> bool {
    let (p, q) = (rings[a.0][a.1], rings[b.0][b.1]);
    if a.0 == b.0 && adjacent(a.1, b.1, rings[a.0].len()) {
        return true;
    }
    for ring in rings {
        for i in 0..ring.len() {
            let (s, t) = (ring[i], ring[(i + 1) % ring.len()]);
            let (d1, d2) = (cross(p, q, s), cross(p, q, t));
            let (d3, d4) = (cross(s, t, p), cross(s, t, q));
            if d1 * d2 < 0.0 && d3 * d4 < 0.0 {
                return false;
            }
            // A line through another corner consists of two shorter lines, which are kept instead.
            if s != p && s != q && d1 == 0.0 && within(p, q, s) {
                return false;
            }
        }
    }
    contains(rings, (f64::midpoint(p.0, q.0), f64::midpoint(p.1, q.1)))
}

fn within(p: (f64, f64), q: (f64, f64), s: (f64, f64)) -> bool {
    (p.0.min(q.0)..=p.0.max(q.0)).contains(&s.0) && (p.1.min(q.1)..=p.1.max(q.1)).contains(&s.1)
}

/// Tests whether a point is inside, by the even-odd rule over all rings.
fn contains(rings: &[Vec<(f64, f64)>], p: (f64, f64)) -> bool {
    let mut inside = false;
    for ring in rings {
        for i in 0..ring.len() {
            let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
            if (a.1 > p.1) != (b.1 > p.1) && p.0 < (b.0 - a.0) * (p.1 - a.1) / (b.1 - a.1) + a.0 {
                inside = !inside;
            }
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(x: f64, y: f64, side: f64) -> Vec<(f64, f64)> {
        vec![(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    }

    #[test]
    fn connects_opposite_corners_of_a_square() {
        let lines = cross_plaza(&[square(0.0, 0.0, 100.0)], |_, i| i % 2 == 0).unwrap();
        assert_eq!(lines, [((0, 0), (0, 2))]);
    }

    #[test]
    fn a_single_entry_needs_no_line() {
        assert_eq!(cross_plaza(&[square(0.0, 0.0, 100.0)], |_, i| i == 0).unwrap(), []);
    }

    #[test]
    fn lines_go_around_a_hole() {
        let rings = [square(0.0, 0.0, 100.0), square(40.0, 30.0, 20.0)];
        let lines = cross_plaza(&rings, |r, i| r == 0 && i % 2 == 0).unwrap();
        assert!(!lines.contains(&((0, 0), (0, 2))), "the straight line crosses the fountain");
        assert!(lines.iter().any(|(a, b)| a.0 != b.0), "the path passes a corner of the fountain: {lines:?}");
    }

    #[test]
    fn lines_of_an_l_shape_meet_at_its_inner_corner() {
        let l = vec![(0.0, 0.0), (100.0, 0.0), (100.0, 20.0), (20.0, 20.0), (20.0, 100.0), (0.0, 100.0)];
        let lines = cross_plaza(&[l], |_, i| i == 1 || i == 5).unwrap();
        assert_eq!(lines, [((0, 1), (0, 3)), ((0, 3), (0, 5))]);
    }

    #[test]
    fn rejects_too_many_corners() {
        let ring: Vec<_> = (0..400).map(|i| (f64::from(i) * 0.015_7).sin_cos()).collect();
        assert!(cross_plaza(&[ring], |_, _| true).is_none());
    }
}
