//! Outlines with fewer points. A line between two points of a contour replaces the points between them if all of them are
//! on its inner side, and at most [`MAX_DEPTH`] cells from it. So an outline contains its contour.
//!
//! No other point of the contour, and no point of the contour of the next larger time, may lie between the line and the
//! points it replaces. Two lines of different rings then cannot cross: the areas that they add would overlap, and as the
//! lines are straight, one of these areas would contain a point of the other ring. So outlines remain valid, and they lie
//! within the contours of larger times.
//!
//! A line passes only cells with a corner within the time limit, so an outline keeps the tolerance: a point of it is at most
//! a diagonal of its cell from that corner, and the corner of an ordinary street at most a diagonal from a reached point.

use super::contour::trace;
use super::field::Field;
use super::outline::Outline;
use super::region::Region;
use crate::geo::Fixed;
use crate::units::Deciseconds;

/// The greatest distance of a replaced point from the line, in cells: less than a cell, so that an area between a line and the
/// points it replaces cannot hold a cell that the line does not pass.
const MAX_DEPTH: f64 = 0.3;
/// Maximum number of points that a line replaces.
const MAX_REPLACED: usize = 60;
/// How many lines are tried from one point.
const MAX_TRIES: usize = 4;

/// Returns the outline of the area of a field within each of `limits`, with fewer points than
/// [`contour`](super::contour). An outline contains the contour, and lies within the outlines of larger limits.
#[must_use]
pub fn outlines(field: &Field, limits: &[Deciseconds]) -> Vec<Outline> {
    let mut sorted = limits.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let regions: Vec<Region> = sorted.iter().map(|limit| Region::new(field, limit.0 as f32)).collect();
    let drawn: Vec<Outline> = (0..regions.len())
        .map(|i| {
            let simplifier = Simplifier::new(&regions[i], regions.get(i + 1));
            let rings = trace(&regions[i]);
            Outline::new(rings.iter().filter_map(|ring| simplifier.simplified(ring)).collect())
        })
        .collect();
    if limits == sorted {
        return drawn;
    }
    let index_of = |limit: &Deciseconds| sorted.binary_search(limit).ok();
    limits.iter().filter_map(|limit| Some(drawn[index_of(limit)?].clone())).collect()
}

struct Simplifier<'a> {
    region: &'a Region<'a>,
    /// The region of the next larger time.
    around: Option<&'a Region<'a>>,
    /// Metres per unit.
    scale: [f64; 2],
    depth_m: f64,
}

/// Cross products of less than this are zero, in square metres. Those of points that are not collinear are larger, because
/// points are rounded to millionths of a degree.
const COLLINEAR: f64 = 1e-6;

/// A vector in metres.
type Vector = [f64; 2];

fn cross(a: Vector, b: Vector) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

impl<'a> Simplifier<'a> {
    fn new(region: &'a Region, around: Option<&'a Region>) -> Self {
        let grid = &region.field.grid;
        let metric = grid.plane.metric;
        Self { region, around, scale: [metric.kx, metric.ky], depth_m: MAX_DEPTH * grid.cell_m }
    }

    fn vector(&self, a: Fixed, b: Fixed) -> Vector {
        [(f64::from(b.x) - f64::from(a.x)) * self.scale[0], (f64::from(b.y) - f64::from(a.y)) * self.scale[1]]
    }

    /// Returns a ring with fewer points, or `None` if less than a triangle is left of a hole.
    fn simplified(&self, ring: &[Fixed]) -> Option<Vec<Fixed>> {
        // The lowest point is a corner of the outline.
        let start = (0..ring.len()).min_by_key(|&i| (ring[i].y, ring[i].x))?;
        let mut turned = Vec::with_capacity(ring.len() + 1);
        turned.extend_from_slice(&ring[start..]);
        turned.extend_from_slice(&ring[..=start]);
        let mut kept = Vec::with_capacity(ring.len() / 2);
        let mut candidates = Vec::new();
        let mut at = 0;
        while at + 1 < turned.len() {
            kept.push(turned[at]);
            self.find_candidates(&turned[at..], &mut candidates);
            let tried = candidates.iter().rev().take(MAX_TRIES);
            let end = tried.copied().find(|&end| self.is_free(&turned[at..=at + end]));
            at += end.unwrap_or(1);
        }
        (kept.len() >= 3).then_some(kept)
    }

    /// Finds the points that a line from the first point may lead to, by their numbers: those for which all points between
    /// are on the left of the line and near it.
    fn find_candidates(&self, chain: &[Fixed], candidates: &mut Vec<usize>) {
        candidates.clear();
        let first = self.vector(chain[0], chain[1]);
        // The rightmost direction of a point so far, and the rightmost direction that is near enough to all of them.
        let mut rightmost = first;
        let mut limit = self.right_tangent(first);
        for (i, &point) in chain.iter().enumerate().take(MAX_REPLACED + 2).skip(2) {
            let to = self.vector(chain[0], point);
            if dot(first, to) <= 0.0 || limit.is_some_and(|limit| cross(limit, rightmost) < 0.0) {
                return;
            }
            let is_right = cross(rightmost, to) <= COLLINEAR;
            if is_right {
                if limit.is_none_or(|limit| cross(limit, to) >= 0.0) {
                    candidates.push(i);
                }
                rightmost = to;
            }
            if let Some(tangent) = self.right_tangent(to) {
                limit = Some(match limit {
                    Some(limit) if cross(limit, tangent) <= 0.0 => limit,
                    _ => tangent,
                });
            }
        }
    }

    /// Returns the direction that passes a point at the greatest allowed distance on its right. `None` if all do.
    fn right_tangent(&self, to: Vector) -> Option<Vector> {
        let (depth2, length2) = (self.depth_m * self.depth_m, dot(to, to));
        if length2 <= depth2 {
            return None;
        }
        let along = (length2 - depth2).sqrt();
        Some([to[0] * along + to[1] * self.depth_m, to[1] * along - to[0] * self.depth_m])
    }

    /// Returns whether no other point is between a chain and the line from its first to its last point.
    fn is_free(&self, chain: &[Fixed]) -> bool {
        let (Some(&a), Some(&b)) = (chain.first(), chain.last()) else { return true };
        let line = self.vector(a, b);
        let length = dot(line, line).sqrt();
        let slack = 0.05;
        let depth = (self.depth_m + slack) * length;
        // A chain may pass the ends of the line and come back.
        let along = |p: &Fixed| dot(line, self.vector(a, *p));
        let (back, ahead) = chain.iter().map(along).fold((0.0_f64, 0.0_f64), |(b, f), m| (b.min(m), f.max(m)));
        let (back, ahead) = (back - slack * length, ahead + slack * length);
        let is_near = |p: &Fixed| {
            let side = cross(line, self.vector(a, *p));
            side >= -COLLINEAR && side <= depth && (back..=ahead).contains(&along(p))
        };
        if !self.region.has_corners_along(a, b) {
            return false;
        }
        let low = chain.iter().copied().reduce(|l, p| Fixed { x: l.x.min(p.x), y: l.y.min(p.y) }).unwrap_or(a);
        let high = chain.iter().copied().reduce(|h, p| Fixed { x: h.x.max(p.x), y: h.y.max(p.y) }).unwrap_or(a);
        let own = chain.iter().filter(|p| is_near(p)).count();
        let mut count = 0;
        each_crossing(self.region, low, high, |p| count += usize::from(is_near(&p)));
        if count != own {
            return false;
        }
        let mut is_free = true;
        if let Some(around) = self.around {
            each_crossing(around, low, high, |p| {
                is_free &= !is_near(&p) || cross(line, self.vector(a, p)) <= COLLINEAR;
            });
        }
        is_free
    }
}

/// Calls `found` with every crossing of a contour in the cells around a box.
fn each_crossing(region: &Region, low: Fixed, high: Fixed, mut found: impl FnMut(Fixed)) {
    let ((west, south), (east, north)) = (region.cell_of(low), region.cell_of(high));
    let (west, south) = (west.saturating_sub(1), south.saturating_sub(1));
    let (columns, rows) = (region.field.grid.columns, region.field.grid.rows);
    for row in south..=(north + 1).min(rows - 2) {
        for column in west..=(east + 1).min(columns - 2) {
            let here = region.contains(column, row);
            if here != region.contains(column + 1, row) {
                found(region.crossing(column, row, false));
            }
            if here != region.contains(column, row + 1) {
                found(region.crossing(column, row, true));
            }
        }
    }
}
