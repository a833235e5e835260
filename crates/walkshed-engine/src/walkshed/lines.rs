//! The reached streets as straight lines in metres, and the area in which they decide who is reached.

use super::pieces::{Piece, Reach};
use crate::edge::Edge;
use crate::geo::{Fixed, Metric, Storey};
use crate::handicap::handicap_m;
use crate::network::Network;
use crate::profile::Profile;

/// A straight part of a reached street, with the times (deciseconds) at its ends. Positions are metres east and north of
/// the origin of [`Plane`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub a: [f32; 2],
    pub b: [f32; 2],
    pub times: [f32; 2],
    /// The handicap of the street in metres for places on the ground, or `None` if they never join it.
    pub handicap: Option<f32>,
}

/// A plane around the start of a walkshed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plane {
    pub origin: Fixed,
    pub metric: Metric,
}

impl Plane {
    pub fn metres(&self, p: Fixed) -> [f32; 2] {
        // In f64, because the difference of two longitudes may exceed an i32.
        let (x, y) = self.metric.vector(self.origin, p);
        [x as f32, y as f32]
    }

    /// Returns the position of a point as a fraction of [`Fixed`] units.
    pub fn units(&self, metres: [f64; 2]) -> [f64; 2] {
        [f64::from(self.origin.x) + metres[0] / self.metric.kx, f64::from(self.origin.y) + metres[1] / self.metric.ky]
    }
}

/// Bounds along the directions x, y, x + y and x - y, in metres: an octagon.
#[derive(Debug, Clone, Copy)]
pub(super) struct Octagon {
    pub low: [f32; 4],
    pub high: [f32; 4],
}

impl Octagon {
    pub const EMPTY: Self = Self { low: [f32::INFINITY; 4], high: [f32::NEG_INFINITY; 4] };

    /// Includes the circle around a point.
    pub fn include(&mut self, [x, y]: [f32; 2], radius: f32) {
        let diagonal = radius * std::f32::consts::SQRT_2;
        for (i, (along, reach)) in
            [(x, radius), (y, radius), (x + y, diagonal), (x - y, diagonal)].into_iter().enumerate()
        {
            // Compiles to one instruction, unlike `f32::min`, which considers NaN.
            let (low, high) = (along - reach, along + reach);
            self.low[i] = if low < self.low[i] { low } else { self.low[i] };
            self.high[i] = if high > self.high[i] { high } else { self.high[i] };
        }
    }

    /// Moves all sides outwards.
    pub fn grow(&mut self, metres: f32) {
        let diagonal = metres * std::f32::consts::SQRT_2;
        for (i, by) in [metres, metres, diagonal, diagonal].into_iter().enumerate() {
            self.low[i] -= by;
            self.high[i] += by;
        }
    }

    /// Returns whether a box may meet the octagon.
    #[expect(clippy::needless_bitwise_bool, reason = "avoids branches that cannot be predicted")]
    pub fn may_meet(&self, [west, south]: [f32; 2], [east, north]: [f32; 2]) -> bool {
        // Without branches: which of the sides is decisive cannot be predicted.
        (west <= self.high[0])
            & (east >= self.low[0])
            & (south <= self.high[1])
            & (north >= self.low[1])
            & (west + south <= self.high[2])
            & (east + north >= self.low[2])
            & (west - north <= self.high[3])
            & (east - south >= self.low[3])
    }

    /// Returns the range of x in a strip of y, empty if the first is greater.
    pub fn columns(&self, [south, north]: [f32; 2]) -> [f32; 2] {
        [
            self.low[0].max(self.low[2] - north).max(self.low[3] + south),
            self.high[0].min(self.high[2] - south).min(self.high[3] + north),
        ]
    }
}

/// Scratch space for lengths and lines.
#[derive(Default)]
pub(super) struct Lines {
    pub lines: Vec<Line>,
    /// The points of a street, with metres from its start.
    points: Vec<([f32; 2], f32)>,
}

impl Lines {
    /// Collects the lines of a walkshed.
    pub fn collect(&mut self, network: &Network, reach: &Reach, plane: &Plane) {
        self.lines.clear();
        let streets = network.street_tables();
        for piece in &reach.pieces {
            let (edge, shape) = streets.street(piece.edge);
            let handicap = ground_handicap_m(edge, reach.profile);
            if let [a, b] = *shape
                && piece.from <= 0.0
                && piece.to >= 1.0
            {
                let times = [piece.time_from as f32, piece.time_to as f32];
                self.lines.push(Line { a: plane.metres(a), b: plane.metres(b), times, handicap });
            } else {
                self.cut(shape, piece, plane, handicap);
            }
        }
    }

    /// Adds the lines of a part of a street.
    fn cut(&mut self, shape: &[Fixed], piece: &Piece, plane: &Plane, handicap: Option<f32>) {
        let Self { lines, points } = self;
        points.clear();
        let mut total = 0.0;
        let mut last = plane.metres(shape[0]);
        for &p in shape {
            let at = plane.metres(p);
            let (dx, dy) = (at[0] - last[0], at[1] - last[1]);
            total += (dx * dx + dy * dy).sqrt();
            points.push((at, total));
            last = at;
        }
        let (time_from, time_to) = (piece.time_from as f32, piece.time_to as f32);
        if total <= 0.0 {
            lines.push(Line { a: last, b: last, times: [time_from.min(time_to); 2], handicap });
            return;
        }
        // In metres along the street. The ends of the street are exact.
        let (from, to) = (piece.from as f32 * total, if piece.to >= 1.0 { total } else { piece.to as f32 * total });
        let slope = if to > from { (time_to - time_from) / (to - from) } else { 0.0 };
        if piece.from <= 0.0 && piece.to >= 1.0 {
            lines.extend(points.windows(2).filter(|pair| pair[1].1 > pair[0].1).map(|pair| {
                let ((a, before), (b, after)) = (pair[0], pair[1]);
                Line { a, b, times: [before, after].map(|metres| time_from + metres * slope), handicap }
            }));
            return;
        }
        for pair in points.windows(2) {
            let ((a, before), (b, after)) = (pair[0], pair[1]);
            let (low, high) = (before.max(from), after.min(to));
            if low > high || after <= before {
                continue;
            }
            let at = |metres: f32| {
                let t = (metres - before) / (after - before);
                [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]
            };
            let a = if low > before { at(low) } else { a };
            let b = if high < after { at(high) } else { b };
            let time = |metres: f32| time_from + (metres - from) * slope;
            lines.push(Line { a, b, times: [time(low), time(high)], handicap });
        }
    }
}

/// Returns the handicap of an edge for places on the ground in metres, or `None` if they never join it.
pub(super) fn ground_handicap_m(edge: &Edge, profile: Profile) -> Option<f32> {
    if edge.kind().can_be_snapped_to() { handicap_m(edge, profile, Storey::Ground).map(|m| m as f32) } else { None }
}
