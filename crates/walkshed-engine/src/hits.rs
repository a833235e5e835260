//! The points of a layer that a search has found.

use crate::units::{Deciseconds, VertexId};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The points of a layer that a search has found. Scratch space: reused by later searches, never cleared in full.
#[derive(Default)]
pub struct Hits {
    times: Vec<Deciseconds>,
    via: Vec<Option<VertexId>>,
    found: Vec<u32>,
    /// For [`PointLayer::nearest`](crate::PointLayer::nearest): points with times that may still improve.
    pub(crate) pending: BinaryHeap<Reverse<(Deciseconds, u32)>>,
}

impl Hits {
    /// Removes all points and adapts to a layer of `points` points.
    pub(crate) fn clear(&mut self, points: usize) {
        for &p in &self.found {
            self.times[p as usize] = Deciseconds::NEVER;
        }
        self.found.clear();
        if self.times.len() != points {
            self.times.clear();
            self.times.resize(points, Deciseconds::NEVER);
            self.via.resize(points, None);
        }
    }

    /// Records a way to a point if it is within the limit and faster than the ways recorded before. Of ways that are equally
    /// fast, the one along the edge of the start is kept, or else the one from the vertex with the lowest number, in
    /// whatever order they are found.
    #[inline]
    pub(crate) fn offer(&mut self, point: u32, time: Deciseconds, via: Option<VertexId>, limit: Deciseconds) {
        let (best, best_via) = (&mut self.times[point as usize], &mut self.via[point as usize]);
        if time <= limit && (time < *best || time == *best && via < *best_via) {
            if !best.is_some() {
                self.found.push(point);
            }
            (*best, *best_via) = (time, via);
        }
    }

    /// As [`Hits::offer`], for accepted points only: calls `accept` when a point is found for the first time. Returns whether
    /// the time has improved. A rejected point counts as found with time 0, so that `accept` is not called again.
    #[inline]
    pub(crate) fn offer_accepted(
        &mut self,
        point: u32,
        time: Deciseconds,
        via: Option<VertexId>,
        limit: Deciseconds,
        accept: impl FnOnce(u32) -> bool,
    ) -> bool {
        let (best, best_via) = (&mut self.times[point as usize], &mut self.via[point as usize]);
        if time > limit || time > *best {
            return false;
        }
        if time == *best {
            // A rejected point has time 0; its way is never read.
            *best_via = via.min(*best_via);
            return false;
        }
        if !best.is_some() {
            self.found.push(point);
            if !accept(point) {
                *best = Deciseconds(0);
                return false;
            }
        }
        (*best, *best_via) = (time, via);
        true
    }

    /// Returns the points found, in no particular order.
    #[must_use]
    pub fn points(&self) -> &[u32] {
        &self.found
    }

    /// Returns the time of a point, or [`Deciseconds::NEVER`] if it was not found.
    #[must_use]
    pub fn time(&self, point: u32) -> Deciseconds {
        self.times[point as usize]
    }

    /// Returns the last vertex on the way to a point, or `None` if the way follows the edge of the start only.
    #[must_use]
    pub fn via(&self, point: u32) -> Option<VertexId> {
        self.via[point as usize]
    }
}
