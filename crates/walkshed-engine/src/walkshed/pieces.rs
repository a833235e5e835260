//! The street pieces reached by a search, cut where the time limit is exceeded.

use crate::geo::Fixed;
use crate::geo::Metric;
use crate::network::Network;
use crate::polyline::cut;
use crate::profile::Profile;
use crate::scratch::{Scratch, with_scratch};
use crate::search::Search;
use crate::start::Start;
use crate::units::{Deciseconds, Direction, EdgeId, VertexId};

/// A reached part of an edge and the times (in deciseconds, not rounded) at its two ends. Times are linear in between.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    /// The edge.
    pub edge: EdgeId,
    /// The end nearer to the tail, as a fraction of the edge from its tail.
    pub from: f64,
    /// The end nearer to the head. `from < to`, except if the piece is a single point.
    pub to: f64,
    /// Time at `from`.
    pub time_from: f64,
    /// Time at `to`.
    pub time_to: f64,
}

/// Everything that can be reached from a place (or from which the place can be reached) within a time limit.
#[derive(Debug, Clone)]
pub struct Reach {
    /// The place.
    pub start: Start,
    /// Who travels.
    pub profile: Profile,
    /// From the place or towards it.
    pub direction: Direction,
    /// The time limit, inclusive.
    pub limit: Deciseconds,
    /// The reached parts of edges.
    pub pieces: Vec<Piece>,
    /// Reached vertices with their times, sorted by vertex.
    vertices: Vec<(VertexId, Deciseconds)>,
}

impl Reach {
    /// Runs a search from a place.
    #[must_use]
    pub fn find(network: &Network, profile: Profile, direction: Direction, start: Start, limit: Deciseconds) -> Self {
        with_scratch(|Scratch { search, .. }| {
            search.run_from(network, profile, direction, &start, limit);
            Self::of_search(network, profile, direction, start, limit, search)
        })
    }

    /// Records what `search` has reached. It must have been run from `start` with the same arguments.
    #[must_use]
    pub fn of_search(
        network: &Network,
        profile: Profile,
        direction: Direction,
        start: Start,
        limit: Deciseconds,
        search: &Search,
    ) -> Self {
        let mut vertices: Vec<_> = search.reached().iter().map(|&v| (VertexId(v), search.time(VertexId(v)))).collect();
        // In this order, what belongs to neighbours is nearby in memory.
        vertices.sort_unstable_by_key(|v| v.0);
        let mut pieces = Vec::with_capacity(vertices.len() * 2);
        let (first_arc, arc_edges) = (network.first_arc(), network.arc_edges());
        let (costs, streets) = (network.costs(profile, direction), network.street_tables());
        let time = |v: VertexId| search.time(v);
        for &(v, _) in &vertices {
            for &half in &arc_edges[first_arc[v.index()] as usize..first_arc[v.index() + 1] as usize] {
                let (id, backward) = (EdgeId(half / 2), half % 2 == 1);
                if id == start.snap.edge {
                    continue;
                }
                let edge = streets.edge(id);
                // Visit each edge once: from its tail, or from its head if the tail was not reached.
                if backward && time(edge.tail).is_some() {
                    continue;
                }
                Span {
                    edge: id,
                    from: 0.0,
                    to: 1.0,
                    times: [time(edge.tail), time(edge.head)],
                    costs: [costs[edge.arcs[0] as usize], costs[edge.arcs[1] as usize]],
                }
                .cut(limit, &mut pieces);
            }
        }
        // The edge of the start is entered between its ends.
        let edge = network.edge(start.snap.edge);
        let start_costs = [costs[edge.arcs[0] as usize], costs[edge.arcs[1] as usize]];
        let f = start.snap.fraction;
        let middle = if start.off <= limit { start.off } else { Deciseconds::NEVER };
        for (from, to, times) in [(0.0, f, [time(edge.tail), middle]), (f, 1.0, [middle, time(edge.head)])] {
            Span { edge: start.snap.edge, from, to, times, costs: start_costs }.cut(limit, &mut pieces);
        }
        Self { start, profile, direction, limit, pieces, vertices }
    }

    /// Returns the time of a vertex, or [`Deciseconds::NEVER`] if it was not reached.
    #[must_use]
    pub fn time_of(&self, vertex: VertexId) -> Deciseconds {
        self.vertices.binary_search_by_key(&vertex, |v| v.0).map_or(Deciseconds::NEVER, |i| self.vertices[i].1)
    }

    /// Returns the number of vertices reached.
    #[must_use]
    pub fn vertex_count(&self) -> usize {
        self.vertices.len()
    }

    /// Returns the travel time to another place (from it, for [`Direction::Towards`]), off-network legs included, or
    /// [`Deciseconds::NEVER`] if it exceeds the limit.
    #[must_use]
    pub fn time_to(&self, network: &Network, end: &Start) -> Deciseconds {
        let edge = network.edge(end.snap.edge);
        let legs = end.snap.from_ends(network, self.profile, self.direction);
        let direct = self.start.off + self.start.snap.along_edge(&end.snap, network, self.profile, self.direction);
        let best = direct.min(self.time_of(edge.tail) + legs[0]).min(self.time_of(edge.head) + legs[1]) + end.off;
        if best <= self.limit { best } else { Deciseconds::NEVER }
    }

    /// Returns the total length of the reached pieces in metres.
    #[must_use]
    pub fn street_m(&self, network: &Network) -> f64 {
        self.pieces.iter().map(|p| f64::from(network.edge(p.edge).length_m) * (p.to - p.from)).sum()
    }

    /// Returns the points of a piece.
    #[must_use]
    pub fn line_of(network: &Network, piece: &Piece) -> Vec<Fixed> {
        let shape = network.shape(piece.edge);
        cut(shape, &Metric::at(shape[0].lat()), piece.from, piece.to)
    }
}

/// A part of an edge that can be entered at both ends.
struct Span {
    edge: EdgeId,
    from: f64,
    to: f64,
    /// The times at `from` and at `to`.
    times: [Deciseconds; 2],
    /// The costs of the whole edge, forward and backward.
    costs: [Deciseconds; 2],
}

impl Span {
    /// Adds the parts reached within the limit to `out`, with the times of the end from which they are reached first.
    fn cut(&self, limit: Deciseconds, out: &mut Vec<Piece>) {
        let Self { edge, from, to, .. } = *self;
        let limit = f64::from(limit.0);
        let value = |t: Deciseconds| if t.is_some() { f64::from(t.0) } else { f64::INFINITY };
        let (ta, tb) = (value(self.times[0]), value(self.times[1]));
        let (ca, cb) = (value(self.costs[0]), value(self.costs[1]));
        // The fraction of the edge covered from one end.
        let reach = |t: f64, c: f64| {
            if t > limit {
                None
            } else if t + c * (to - from) <= limit {
                Some(to - from)
            } else if c.is_infinite() {
                Some(0.0)
            } else if c <= 0.0 {
                Some(to - from)
            } else {
                Some(((limit - t) / c).min(to - from))
            }
        };
        let end = |t: f64, c: f64, span: f64| if span > 0.0 { t + c * span } else { t };
        match (reach(ta, ca), reach(tb, cb)) {
            (None, None) => {}
            (Some(a), None) => {
                out.push(Piece { edge, from, to: from + a, time_from: ta, time_to: end(ta, ca, a) });
            }
            (None, Some(b)) => {
                out.push(Piece { edge, from: to - b, to, time_from: end(tb, cb, b), time_to: tb });
            }
            (Some(a), Some(b)) => {
                let (mut a_end, mut b_start) = (from + a, to - b);
                if a_end > b_start {
                    // The two parts overlap: they meet where both have the same time.
                    let meet = if ca.is_infinite() {
                        from
                    } else if cb.is_infinite() {
                        to
                    } else if ca + cb > 0.0 {
                        (tb - ta + ca * from + cb * to) / (ca + cb)
                    } else {
                        from
                    };
                    let meet = meet.clamp(b_start.max(from), a_end.min(to));
                    (a_end, b_start) = (meet, meet);
                }
                if a_end > from || b_start >= to {
                    out.push(Piece { edge, from, to: a_end, time_from: ta, time_to: end(ta, ca, a_end - from) });
                }
                if b_start < to {
                    out.push(Piece { edge, from: b_start, to, time_from: end(tb, cb, to - b_start), time_to: tb });
                }
            }
        }
    }
}
