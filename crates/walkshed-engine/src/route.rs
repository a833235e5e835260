//! The way between two places: its geometry, length, climb and time; and many times at once.

use super::access::Kind;
use super::file::{Network, height_along};
use super::layer::{Scratch, with_scratch};
use super::profile::Profile;
use super::search::{Search, Start};
use super::snap::Snap;
use super::units::{Deciseconds, Direction, EdgeId, VertexId};
use super::zone::WayOut;
use crate::geo::{Fixed, Metric};
use crate::parallel;
use crate::task::{self, Stopped};

/// A part of an edge, travelled from one fraction to the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathPiece {
    pub edge: EdgeId,
    pub from: f64,
    pub to: f64,
}

/// What a way adds up to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PathStats {
    /// Along the streets, and off them at both ends.
    pub metres: f64,
    pub climb_m: f64,
    pub descent_m: f64,
    /// Of the metres, on steps.
    pub steps_m: f64,
    /// Of the metres, off the network: from the place to the street at both ends, and between streets and pieces that are
    /// cut off from them.
    pub off_network_m: f64,
}

/// A way between two places, in the order it is travelled.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    pub time: Deciseconds,
    pub pieces: Vec<PathPiece>,
    pub stats: PathStats,
    /// From the place itself to the place itself.
    pub line: Vec<Fixed>,
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

/// The pieces from the end of a search back to its start, in the order the search went.
///
/// `search` has been run from `start` with this profile and direction; `via` is the last vertex before `end`.
pub fn path_to(
    network: &Network,
    search: &Search,
    (profile, direction): (Profile, Direction),
    start: &Start,
    via: Option<VertexId>,
    end: &Snap,
    out: &mut Vec<PathPiece>,
) {
    out.clear();
    let Some(mut here) = via else {
        out.push(PathPiece { edge: end.edge, from: start.snap.fraction, to: end.fraction });
        return;
    };
    let last = network.edge(end.edge);
    // On a loop both ends are the same vertex: the way round that takes less time is the one that was taken.
    let quicker_by_tail = |ends: [Deciseconds; 2]| ends[0] <= ends[1];
    let from_tail = if last.tail == last.head {
        quicker_by_tail(end.from_ends(network, profile, direction))
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
        // The search was seeded with what is reached within the zone of the start.
        let way_out = WayOut::find(network, profile, direction, start, search.time(here));
        while let Some(arc) = way_out.parent_arc(here) {
            step_back(&mut here, arc);
        }
    }
    let to_tail = if first.tail == first.head {
        quicker_by_tail(start.snap.to_ends(network, profile, direction))
    } else {
        first.tail == here
    };
    out.push(PathPiece { edge: start.snap.edge, from: start.snap.fraction, to: if to_tail { 0.0 } else { 1.0 } });
    out.reverse();
}

/// What the pieces of a way add up to, travelled in the search's order or, for [`Direction::Towards`], against it.
#[must_use]
pub fn stats_of(network: &Network, pieces: &[PathPiece], direction: Direction, off_m: f64) -> PathStats {
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

/// The fastest way from one place to another, `None` when there is none within `limit`.
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
        let (time, via) = one_to_one(network, search, profile, start, end, limit)?;
        let mut pieces = Vec::new();
        path_to(network, search, (profile, Direction::From), start, via, &end.snap, &mut pieces);
        #[expect(clippy::float_cmp, reason = "an empty piece has the very same fraction at both ends")]
        pieces.retain(|p| p.from != p.to || network.edge(p.edge).kind() == Kind::Lift);
        let stats = stats_of(network, &pieces, Direction::From, start.snap.off_m + end.snap.off_m);
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

/// The time and the last vertex of the way between two places.
fn one_to_one(
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

/// Appends the points of a piece, in its direction, without repeating the last one.
pub(super) fn append_line(network: &Network, piece: &PathPiece, line: &mut Vec<Fixed>) {
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

/// The part of a line between two fractions of its length.
pub(super) fn cut(shape: &[Fixed], metric: &Metric, low: f64, high: f64) -> Vec<Fixed> {
    let total: f64 = shape.windows(2).map(|p| metric.distance(p[0], p[1])).sum();
    let (from, to) = (low * total, high * total);
    let mut out = Vec::with_capacity(shape.len());
    let mut before = 0.0;
    for pair in shape.windows(2) {
        let len = metric.distance(pair[0], pair[1]);
        let after = before + len;
        if after >= from && before <= to && len > 0.0 {
            if out.is_empty() {
                out.push(pair[0].lerp(pair[1], ((from - before) / len).clamp(0.0, 1.0)));
            }
            out.push(pair[0].lerp(pair[1], ((to - before) / len).clamp(0.0, 1.0)));
        }
        before = after;
    }
    if out.is_empty() {
        out.push(shape[0]);
    }
    out.dedup();
    out
}

/// Times from every origin to every destination, row by row, on all cores; `None` where there is no way within
/// `limit`. A place that could not be snapped is `None` and so are its times. Searches run from the shorter side.
///
/// # Errors
/// [`Stopped`].
pub fn matrix(
    network: &Network,
    profile: Profile,
    origins: &[Option<Start>],
    destinations: &[Option<Start>],
    limit: Deciseconds,
) -> Result<Vec<Vec<Option<Deciseconds>>>, Stopped> {
    if origins.len() <= destinations.len() {
        return times_between(network, (profile, Direction::From), origins, destinations, limit);
    }
    let columns = times_between(network, (profile, Direction::Towards), destinations, origins, limit)?;
    Ok((0..origins.len()).map(|row| columns.iter().map(|column| column[row]).collect()).collect())
}

/// One search a source; `direction` is the one from the sources to the targets.
fn times_between(
    network: &Network,
    (profile, direction): (Profile, Direction),
    sources: &[Option<Start>],
    targets: &[Option<Start>],
    limit: Deciseconds,
) -> Result<Vec<Vec<Option<Deciseconds>>>, Stopped> {
    let legs: Vec<Option<[Deciseconds; 2]>> = targets
        .iter()
        .map(|t| t.map(|t| t.snap.from_ends(network, profile, direction).map(|leg| leg + t.off)))
        .collect();
    let row = |start: &Start, search: &mut Search| {
        search.run(network, profile, direction, &start.seeds(network, profile, direction, limit), limit);
        let time = |(end, legs): (&Option<Start>, &Option<[Deciseconds; 2]>)| {
            let (end, legs) = (end.as_ref()?, legs.as_ref()?);
            let edge = network.edge(end.snap.edge);
            let direct = start.off + start.snap.along_edge(&end.snap, network, profile, direction) + end.off;
            let best = direct.min(search.time(edge.tail) + legs[0]).min(search.time(edge.head) + legs[1]);
            (best.is_some() && best <= limit).then_some(best)
        };
        task::work(search.reached().len() + targets.len())?;
        Ok(targets.iter().zip(&legs).map(time).collect())
    };
    parallel::try_map(sources, 1, |source| match source {
        Some(start) => with_scratch(|Scratch { search, .. }| row(start, search)),
        None => Ok(vec![None; targets.len()]),
    })
}
