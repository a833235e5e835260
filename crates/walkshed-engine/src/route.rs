//! Routes between two places: geometry, length, climb and time.

use crate::access::Kind;
use crate::geo::Fixed;
use crate::network::Network;
use crate::path::{PathPiece, PathStats, append_line, path_stats, path_to};
use crate::profile::Profile;
use crate::scratch::{Scratch, with_scratch};
use crate::search::Search;
use crate::start::Start;
use crate::units::{Deciseconds, Direction, VertexId};

/// A route between two places, in travel order.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Route {
    /// Travel time, off-network legs included.
    pub time: Deciseconds,
    /// The parts of edges travelled.
    pub pieces: Vec<PathPiece>,
    /// Length, climb and other totals.
    pub stats: PathStats,
    /// The geometry, from the origin to the destination, off-network legs included.
    pub line: Vec<Fixed>,
}

/// Returns the fastest route from one place to another, or `None` if there is none within `limit`. A place is its position
/// and its [`Start`].
///
/// ```
/// # let network = walkshed_testing::grid(10, 100.0);
/// use walkshed_engine::{Deciseconds, Profile, Start, route};
///
/// let profile = Profile::Adult;
/// let start = |at| network.snap(at, profile).map(|snap| Start::new(&network, snap, profile));
/// let (from, to) = (walkshed_testing::at(0.0, 0.0), walkshed_testing::at(300.0, 100.0));
/// let limit = Deciseconds::from_minutes(30.0);
///
/// let route = route(&network, profile, (from, &start(from)?), (to, &start(to)?), limit).unwrap();
/// assert_eq!(route.stats.metres.round(), 400.0);
/// assert_eq!(route.time.minutes().round(), 5.0);
/// assert_eq!(route.line.first(), Some(&from));
/// # Ok::<(), walkshed_engine::Unsnappable>(())
/// ```
#[must_use]
pub fn route(
    network: &Network,
    profile: Profile,
    places: (Fixed, &Start),
    to: (Fixed, &Start),
    limit: Deciseconds,
) -> Option<Route> {
    let (start, end) = (places.1, to.1);
    with_scratch(|Scratch { search, .. }| {
        let (time, via) = time_and_last_vertex(network, search, profile, start, end, limit)?;
        let mut pieces = Vec::new();
        path_to(network, search, start, via, &end.snap, &mut pieces);
        #[expect(clippy::float_cmp, reason = "an empty piece has identical fractions at both ends")]
        pieces.retain(|p| p.from != p.to || network.edge(p.edge).kind() == Kind::Lift);
        let stats = path_stats(network, &pieces, Direction::From, start.snap.off_m + end.snap.off_m);
        let mut line = vec![places.0, start.snap.at];
        for piece in &pieces {
            append_line(network, piece, &mut line);
        }
        line.extend([end.snap.at, to.0]);
        line.dedup();
        if line.len() == 1 {
            line.push(line[0]);
        }
        Some(Route { time, pieces, stats, line })
    })
}

/// Returns the travel time between two places and the last vertex on the way.
fn time_and_last_vertex(
    network: &Network,
    search: &mut Search,
    profile: Profile,
    start: &Start,
    end: &Start,
    limit: Deciseconds,
) -> Option<(Deciseconds, Option<VertexId>)> {
    let mut best = start.off + start.snap.along_edge(&end.snap, network, profile, Direction::From) + end.off;
    let mut via = None;
    let edge = network.edge(end.snap.edge);
    let ends = end.snap.from_ends(network, profile, Direction::From);
    let seeds = start.seeds(network, profile, Direction::From, limit);
    search.run_until(network, profile, Direction::From, &seeds, limit, |v, t| {
        for (vertex, leg) in [(edge.tail, ends[0]), (edge.head, ends[1])] {
            if vertex == v && t + leg + end.off < best {
                best = t + leg + end.off;
                via = Some(v);
            }
        }
        t >= best
    });
    (best.is_some() && best <= limit).then_some((best, via))
}
