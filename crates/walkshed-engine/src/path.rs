//! Paths found by a search: their pieces and totals.

use crate::access::Kind;
use crate::geo::{Fixed, Metric};
use crate::network::Network;
use crate::polyline::{cut, height_along};

use crate::search::{Scope, Search};
use crate::snap::Snap;
use crate::start::Start;
use crate::units::{Deciseconds, Direction, EdgeId, VertexId};
use crate::zone::ZoneExit;

/// A part of an edge, travelled from one fraction (0 at the tail, 1 at the head) to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathPiece {
    /// The edge.
    pub edge: EdgeId,
    /// Where travel on the edge starts.
    pub from: f64,
    /// Where travel on the edge ends; less than `from` if it goes from head to tail.
    pub to: f64,
}

/// Totals of a route.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct PathStats {
    /// Length, off-network legs included.
    pub metres: f64,
    /// Sum of all rises, metres.
    pub climb_m: f64,
    /// Sum of all falls, metres.
    pub descent_m: f64,
    /// The part of `metres` on steps.
    pub steps_m: f64,
    /// The part of `metres` off the network: between the places and their streets, and between islands and streets.
    pub off_network_m: f64,
}

impl PathStats {
    fn add(&mut self, network: &Network, piece: &PathPiece) {
        let edge = network.edge(piece.edge);
        let metres = f64::from(edge.length_m) * (piece.to - piece.from).abs();
        self.metres += metres;
        match edge.kind() {
            Kind::Steps => self.steps_m += metres,
            Kind::OffNetwork => self.off_network_m += metres,
            _ => {}
        }
        let heights = network.heights(piece.edge);
        let last = (heights.len() - 1) as f64;
        let at = |fraction: f64| height_along(heights, fraction);
        let (low, high) = (piece.from.min(piece.to), piece.from.max(piece.to));
        let mut before = at(low);
        let (mut up, mut down) = (0.0, 0.0);
        let inner = (low * last).floor() as usize + 1..(high * last).ceil() as usize;
        for h in inner.map(|i| f64::from(heights[i])).chain([at(high)]) {
            let rise = h - before;
            if rise > 0.0 {
                up += rise;
            } else {
                down -= rise;
            }
            before = h;
        }
        let (climb, descent) = if piece.from <= piece.to { (up, down) } else { (down, up) };
        self.climb_m += climb;
        self.descent_m += descent;
    }
}

/// Writes the pieces from `start` to `end`, in search order, into `out`.
///
/// `search` must have been run from `start` on this network. `via` is the last vertex before `end`, or `None` if both
/// places are on one edge and the way follows it directly.
pub fn path_to(
    network: &Network,
    search: &Search,
    start: &Start,
    via: Option<VertexId>,
    end: &Snap,
    out: &mut Vec<PathPiece>,
) {
    out.clear();
    let Some(Scope { profile, direction, .. }) = search.scope() else { return };
    let Some(mut here) = via else {
        out.push(PathPiece { edge: end.edge, from: start.snap.fraction, to: end.fraction });
        return;
    };
    let last = network.edge(end.edge);
    // If the edge is a loop, both ends are the same vertex: the search has taken the faster way round.
    let faster_by_tail = |ends: [Deciseconds; 2]| ends[0] <= ends[1];
    let from_tail = if last.tail == last.head {
        faster_by_tail(end.from_ends(network, profile, direction))
    } else {
        last.tail == here
    };
    out.push(PathPiece { edge: end.edge, from: if from_tail { 0.0 } else { 1.0 }, to: end.fraction });
    let arc_edges = network.arc_edges();
    let mut step_back = |here: &mut VertexId, arc: u32| {
        let (edge, backward) = (EdgeId(arc_edges[arc as usize] / 2), arc_edges[arc as usize] % 2 == 1);
        let (from, to) = if backward { (1.0, 0.0) } else { (0.0, 1.0) };
        out.push(PathPiece { edge, from, to });
        *here = if backward { network.edge(edge).head } else { network.edge(edge).tail };
    };
    while let Some(arc) = search.parent_arc(here) {
        step_back(&mut here, arc);
    }
    let first = network.edge(start.snap.edge);
    if first.is_restricted() {
        // The seeds of the search are the vertices reached within the zone of the start.
        let exit = ZoneExit::find(network, profile, direction, start, search.time(here));
        while let Some(arc) = exit.parent_arc(here) {
            step_back(&mut here, arc);
        }
    }
    let to_tail = if first.tail == first.head {
        faster_by_tail(start.snap.to_ends(network, profile, direction))
    } else {
        first.tail == here
    };
    out.push(PathPiece { edge: start.snap.edge, from: start.snap.fraction, to: if to_tail { 0.0 } else { 1.0 } });
    out.reverse();
}

/// Returns the totals of pieces in search order. For [`Direction::Towards`] they are travelled in the opposite order.
/// `off_m` is the length of the off-network legs.
#[must_use]
pub fn path_stats(network: &Network, pieces: &[PathPiece], direction: Direction, off_m: f64) -> PathStats {
    let mut stats = PathStats { metres: off_m, off_network_m: off_m, ..PathStats::default() };
    for piece in pieces {
        let piece = match direction {
            Direction::From => *piece,
            Direction::Towards => PathPiece { from: piece.to, to: piece.from, ..*piece },
        };
        stats.add(network, &piece);
    }
    stats
}

/// Appends the points of a piece in travel order, without repeating the last point of `line`.
pub(crate) fn append_line(network: &Network, piece: &PathPiece, line: &mut Vec<Fixed>) {
    let shape = network.shape(piece.edge);
    let metric = Metric::at(shape[0].lat());
    let (low, high) = (piece.from.min(piece.to), piece.from.max(piece.to));
    let mut part = cut(shape, &metric, low, high);
    if piece.from > piece.to {
        part.reverse();
    }
    if line.last() == part.first() {
        part.remove(0);
    }
    line.append(&mut part);
}
