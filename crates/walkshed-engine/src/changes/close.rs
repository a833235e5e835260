//! Finds the edge that a change closes.

use super::street_change::{ChangedStreet, JOIN_LIMIT_M, StreetChangeError, StreetKind};
use crate::access::Kind;
use crate::edge::Edge;
use crate::geo::{Fixed, Metric, Position};
use crate::network::Network;
use crate::parallel;
use crate::units::EdgeId;

/// Edges scanned by one thread at a time.
const EDGES_PER_CHUNK: usize = 16 * 1024;

impl Network {
    /// Finds the edge of the file nearest to a position.
    pub(crate) fn find_edge_to_close(
        &self,
        at: Position,
        kind: Option<StreetKind>,
    ) -> Result<EdgeId, StreetChangeError> {
        let (point, metric) = (self.align_longitude(at.into()), Metric::at(at.lat()));
        let edges = self.base_edges();
        let can_be_closed = |edge: &Edge| !matches!(edge.kind(), Kind::Gate | Kind::OffNetwork) && edge.access.any();
        let matches = |edge: &Edge| can_be_closed(edge) && kind.is_none_or(|k| k.matches(edge));
        // No point of an edge is farther from its tail than the edge is long. One metre allows for rounding.
        let vertices = self.base_vertices();
        let may_be_near = |edge: &Edge| {
            metric.distance(point, vertices[edge.tail.index()]) <= f64::from(edge.length_m) + JOIN_LIMIT_M + 1.0
        };
        let by_distance = |a: &(f64, EdgeId), b: &(f64, EdgeId)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        let nearest_of = |all: bool| {
            let nearest_in = |part: &std::ops::Range<u32>| {
                part.clone()
                    .map(EdgeId)
                    .filter(|id| (all || may_be_near(&edges[id.index()])) && matches(&edges[id.index()]))
                    .map(|id| {
                        let d2 = |pair: &[Fixed]| metric.project(point, pair[0], pair[1]).1;
                        (self.shape(id).windows(2).map(d2).fold(f64::INFINITY, f64::min), id)
                    })
                    .min_by(by_distance)
            };
            let count = edges.len() as u32 - 1;
            let parts: Vec<std::ops::Range<u32>> = (0..count)
                .step_by(EDGES_PER_CHUNK)
                .map(|from| from..count.min(from + EDGES_PER_CHUNK as u32))
                .collect();
            parallel::map(&parts, 1, nearest_in).into_iter().flatten().min_by(by_distance)
        };
        let is_near = |found: &(f64, EdgeId)| found.0.sqrt() <= JOIN_LIMIT_M;
        match nearest_of(false).filter(is_near).or_else(|| nearest_of(true)) {
            Some((d2, id)) if d2.sqrt() <= JOIN_LIMIT_M => Ok(id),
            other => Err(StreetChangeError::NothingToClose { at, kind, nearest_m: other.map(|(d2, _)| d2.sqrt()) }),
        }
    }

    /// Returns the description of a closed edge.
    pub(crate) fn closed_street(&self, id: EdgeId) -> ChangedStreet {
        let heights = self.heights(id);
        ChangedStreet {
            line: self.shape(id).to_vec(),
            length_m: f64::from(self.edge(id).length_m),
            name: self.name(id).map(str::to_owned),
            joins: [None, None],
            rise_m: f64::from(heights[heights.len() - 1] - heights[0]),
        }
    }
}
