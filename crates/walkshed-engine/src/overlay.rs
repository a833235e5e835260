//! Streets added and closed without touching the file: what a scenario lays over a network.
//!
//! A new street begins and ends on others. Where it meets one, that street is cut: the arcs of its two ends are led to a
//! new junction, and pieces stand for what was whole. No number of the file changes, so that junctions, streets and what
//! was put on them keep their numbers. The times of a piece are those between two points of the whole, so that going
//! straight on takes exactly as long as before.
//!
//! A new street that meets an open street is open. Where it also meets a restricted one (in a gated compound, say), it gets
//! a junction of its own there and an entry into the zone: those inside get out by it, and nobody passes through. New
//! streets that meet restricted ones alone belong to their zone.

use super::access::{Access, EdgeFlags, Kind, ProfileSet, Structure};
use super::cost::{self, cost};
use super::file::{Edge, Network};
use super::ground::Ground;
use super::profile::Profile;
use super::route::cut;
use super::snap::{Snap, SnapIndex, SnapTables};
use super::units::{Deciseconds, EdgeId, VertexId};
use crate::geo::{Fixed, Metric, Place, Position, chord_length_m};
use crate::parallel;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// How far the end of a new street may be drawn from the street it joins, and how far from a street one may point to
/// close it, metres.
pub const JOIN_LIMIT_M: f64 = 50.0;
/// Ends drawn so near to each other are one, metres.
const SAME_PLACE_M: f64 = 3.0;
/// Edges looked at by one thread at a time.
const EDGES_A_PART: usize = 16 * 1024;

/// What can be added or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreetKind {
    /// A carriageway people walk and ride along, both ways.
    Street,
    /// A way for people on foot.
    Footpath,
    /// A way for people on foot and on bicycles.
    Cycleway,
    /// Steps.
    Stairway,
    /// A lift, also for wheelchairs, strollers and bicycles.
    Lift,
    /// A pair of escalators, up and down.
    Escalator,
    /// A bridge for people on foot, without steps.
    Footbridge,
}

impl StreetKind {
    const fn parts(self) -> (Kind, Structure, Access) {
        let both = Access::FOOT.with(Access::BIKE);
        match self {
            Self::Street => (Kind::Street, Structure::Ground, both),
            Self::Footpath => (Kind::Path, Structure::Ground, Access::FOOT),
            Self::Cycleway => (Kind::Path, Structure::Ground, both),
            Self::Stairway => (Kind::Steps, Structure::Ground, Access::FOOT),
            Self::Lift => (Kind::Lift, Structure::Ground, both),
            Self::Escalator => (Kind::Escalator, Structure::Ground, Access::FOOT),
            Self::Footbridge => (Kind::Path, Structure::Bridge, Access::FOOT),
        }
    }

    /// Is a street of the file one of this kind?
    fn is(self, edge: &Edge) -> bool {
        let is_bridge = edge.structure() == Structure::Bridge;
        match (self, edge.kind()) {
            (Self::Street, Kind::Street)
            | (Self::Stairway, Kind::Steps)
            | (Self::Lift, Kind::Lift)
            | (Self::Escalator, Kind::Escalator) => true,
            (Self::Footpath, Kind::Path | Kind::Plaza) => !is_bridge,
            (Self::Cycleway, Kind::Path) => !is_bridge && edge.access.has(Access::BIKE),
            (Self::Footbridge, Kind::Path | Kind::Steps) => is_bridge,
            _ => false,
        }
    }

    /// The words people know it by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Street => "street",
            Self::Footpath => "footpath",
            Self::Cycleway => "cycleway",
            Self::Stairway => "stairway",
            Self::Lift => "lift",
            Self::Escalator => "escalator",
            Self::Footbridge => "footbridge",
        }
    }
}

/// A change of the streets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreetChange {
    /// Closes the segment (from junction to junction) nearest to a position, of a kind where one is told.
    Close { at: Position, kind: Option<StreetKind> },
    /// Adds a street along a line of two positions or more. Its ends join the nearest streets, or the ends of other new
    /// ones; between them it passes over what it crosses.
    Add { kind: StreetKind, line: Vec<Position>, name: Option<String> },
}

/// Why streets cannot be changed so.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StreetChangeError {
    #[error("there is no {} within {JOIN_LIMIT_M} m of ({}, {}){}", kind.map_or("street", StreetKind::name), at.lon(), at.lat(), nearest(*.nearest_m))]
    NothingToClose { at: Position, kind: Option<StreetKind>, nearest_m: Option<f64> },
    #[error(
        "the {end} of the line, ({}, {}), is not within {JOIN_LIMIT_M} m of a street or another new one{}; draw it up to a street",
        at.lon(), at.lat(), nearest(*.nearest_m)
    )]
    Loose { end: &'static str, at: Position, nearest_m: Option<f64> },
    #[error("the line has {0} positions; it needs two at least")]
    TooShort(usize),
    #[error("the line and the new ones it meets join no street; draw one of them up to a street")]
    Apart,
    #[error("the line has no length: it begins and ends at ({}, {})", .0.lon(), .0.lat())]
    NoLength(Position),
}

fn nearest(metres: Option<f64>) -> String {
    metres.map_or_else(String::new, |m| format!("; the nearest is {m:.0} m away"))
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedStreet {
    /// Along what was closed or added, ends included.
    pub line: Vec<Fixed>,
    pub length_m: f64,
    /// The name of what was closed or added.
    pub name: Option<String>,
    /// The streets it joins at its ends, where they have names.
    pub joins: [Option<String>; 2],
    /// From end to end, metres up.
    pub rise_m: f64,
}

/// What a piece is a piece of.
#[derive(Debug, Clone, Copy)]
enum Whole {
    /// A street of the file.
    Before(EdgeId),
    /// A new line, by its place.
    Line(usize),
    /// The passage from a new line into a restricted zone.
    Entry,
}

struct Piece {
    of: Whole,
    from: f64,
    to: f64,
}

type Costs = [Vec<Deciseconds>; 2];

/// Streets added and closed.
pub(super) struct Overlay {
    /// As those of the file, with what was added.
    pub vertices: Vec<Fixed>,
    pub first_arc: Vec<u32>,
    pub arc_heads: Vec<u32>,
    pub arc_edges: Vec<u32>,
    /// What was added alone; the last only marks the end.
    pub edges: Vec<Edge>,
    pub shapes: Vec<Fixed>,
    pub heights: Vec<f32>,
    pub names: Vec<String>,
    /// Edges of the file that are closed or cut, in their order.
    pub gone: Vec<u32>,
    /// Arcs of closed edges.
    barred: Vec<u32>,
    pieces: Vec<Piece>,
    /// The two arcs of each cut edge of the file.
    arcs_before: BTreeMap<EdgeId, [u32; 2]>,
    /// Deciseconds and decimetres along the new lines, by profile, forward and backward.
    line_costs: Vec<[[Deciseconds; 2]; Profile::COUNT]>,
    line_lengths: Vec<Deciseconds>,
    times: [OnceLock<Costs>; Profile::COUNT],
    index: SnapIndex,
    /// Around what was added.
    bounds: Vec<(Fixed, Fixed)>,
}

impl Overlay {
    pub(super) fn snap_tables(&self, first_edge: u32) -> SnapTables<'_> {
        SnapTables {
            first_edge,
            edges: &self.edges,
            shapes: &self.shapes,
            pieces: &self.index.pieces,
            boxes: &self.index.boxes,
            levels: &self.index.levels,
            gone: &[],
        }
    }

    /// The times of a profile, made when they are first asked for from those before.
    pub(super) fn times<'a>(&'a self, profile: Profile, before: impl FnOnce() -> [&'a [Deciseconds]; 2]) -> &'a Costs {
        self.times[profile.index()]
            .get_or_init(|| self.laid_over(before(), |line| self.line_costs[line][profile.index()]))
    }

    /// The lengths of a profile.
    pub(super) fn lengths(&self, profile: Profile, before: [&[Deciseconds]; 2]) -> Costs {
        self.laid_over(before, |line| {
            let length = self.line_lengths[line];
            self.line_costs[line][profile.index()].map(|c| if c.is_some() { length } else { Deciseconds::NEVER })
        })
    }

    fn laid_over(&self, before: [&[Deciseconds]; 2], of_line: impl Fn(usize) -> [Deciseconds; 2]) -> Costs {
        let mut tables = before.map(|table| {
            let mut table = table.to_vec();
            table.resize(self.arc_heads.len(), Deciseconds::NEVER);
            table
        });
        for &arc in &self.barred {
            tables[0][arc as usize] = Deciseconds::NEVER;
            tables[1][arc as usize] = Deciseconds::NEVER;
        }
        for (edge, piece) in self.edges.iter().zip(&self.pieces) {
            let whole = match piece.of {
                Whole::Before(id) => self.arcs_before[&id].map(|arc| before[0][arc as usize]),
                Whole::Line(line) => of_line(line),
                Whole::Entry => [Deciseconds(0); 2],
            };
            let part = |whole: Deciseconds| {
                if whole.is_some() {
                    Deciseconds(whole.share(piece.to).0 - whole.share(piece.from).0)
                } else {
                    Deciseconds::NEVER
                }
            };
            edge.lay_costs(whole.map(part), &mut tables);
        }
        tables
    }

    /// Can what was added be within so many metres of a point?
    fn may_be_near(&self, at: Fixed, metres: f64) -> bool {
        let metric = Metric::at(at.lat());
        let gap = |low: i32, p: i32, high: i32| f64::from((low.saturating_sub(p)).max(p.saturating_sub(high)).max(0));
        self.bounds.iter().any(|(low, high)| {
            let (dx, dy) = (gap(low.x, at.x, high.x) * metric.kx, gap(low.y, at.y, high.y) * metric.ky);
            dx.hypot(dy) <= metres
        })
    }
}

/// A new line on its way.
struct Line<'a> {
    kind: StreetKind,
    points: Vec<Fixed>,
    name: Option<&'a str>,
    /// The junctions at its ends, and on it.
    ends: [usize; 2],
    joints: Vec<(f64, usize)>,
    /// Does it meet restricted streets alone?
    is_restricted: bool,
}

impl Line<'_> {
    fn junctions(&self) -> impl Iterator<Item = usize> {
        self.ends.into_iter().chain(self.joints.iter().map(|j| j.1))
    }
}

/// A new junction on its way: where ends of lines meet.
struct Joint {
    at: Fixed,
    /// Ends of lines: line, and 0 for its beginning.
    ends: Vec<(usize, usize)>,
    height: f32,
    street: Option<String>,
    on: Option<(EdgeId, f64)>,
}

impl Network {
    /// These streets with changes, each told with its place among them when it cannot be made. What was changed before is
    /// left out: changes are always of the streets of the file.
    ///
    /// The heights of a new street run evenly from those of the streets it joins. What was cut off and is joined by it
    /// stays second choice for places that have another street near.
    ///
    /// # Errors
    /// [`StreetChangeError`] with the place of the change.
    pub fn with_changes(
        &self,
        changes: &[StreetChange],
    ) -> Result<(Self, Vec<ChangedStreet>), (usize, StreetChangeError)> {
        let mut told: Vec<Option<ChangedStreet>> = changes.iter().map(|_| None).collect();
        let mut closed = Vec::new();
        for (n, change) in changes.iter().enumerate() {
            if let StreetChange::Close { at, kind } = change {
                let id = self.to_close(*at, *kind).map_err(|e| (n, e))?;
                closed.push(id);
                told[n] = Some(self.told_closed(id));
            }
        }
        closed.sort_unstable();
        closed.dedup();
        let (lines, joints, of_line) = self.joined(changes, &closed)?;
        let mut plan = Plan::new(self, &closed);
        for (joint, n) in joints.iter().zip(0..) {
            plan.add_vertex(joint.at);
            if let Some((edge, fraction)) = joint.on {
                plan.cuts.entry(edge).or_default().push((fraction, n));
            }
        }
        for (line, change) in lines.iter().zip(of_line) {
            told[change] = Some(ChangedStreet {
                length_m: length(&line.points),
                line: line.points.clone(),
                name: line.name.map(str::to_owned),
                joins: line.ends.map(|end| joints[end].street.clone()),
                rise_m: f64::from(joints[line.ends[1]].height - joints[line.ends[0]].height),
            });
        }
        let overlay = plan.finish(self, &lines, &joints);
        Ok((self.under(overlay), told.into_iter().flatten().collect()))
    }

    fn told_closed(&self, id: EdgeId) -> ChangedStreet {
        let heights = self.heights(id);
        ChangedStreet {
            line: self.shape(id).to_vec(),
            length_m: f64::from(self.edge(id).length_m),
            name: self.name(id).map(str::to_owned),
            joins: [None, None],
            rise_m: f64::from(heights[heights.len() - 1] - heights[0]),
        }
    }

    /// The segment of the file nearest to a position.
    fn to_close(&self, at: Position, kind: Option<StreetKind>) -> Result<EdgeId, StreetChangeError> {
        let (point, metric) = (self.beside(at.into()), Metric::at(at.lat()));
        let edges = self.edges_before();
        let can_be_closed = |edge: &Edge| !matches!(edge.kind(), Kind::Gate | Kind::OffNetwork) && edge.access.any();
        let wanted = |edge: &Edge| can_be_closed(edge) && kind.is_none_or(|k| k.is(edge));
        // No edge is farther from its beginning than it is long; a metre for the rounding of both.
        let vertices = self.vertices_before();
        let may_be_near = |edge: &Edge| {
            metric.distance(point, vertices[edge.tail.index()]) <= f64::from(edge.length_m) + JOIN_LIMIT_M + 1.0
        };
        let by_distance = |a: &(f64, EdgeId), b: &(f64, EdgeId)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        let nearest_of = |all: bool| {
            let nearest_in = |part: &std::ops::Range<u32>| {
                part.clone()
                    .map(EdgeId)
                    .filter(|id| (all || may_be_near(&edges[id.index()])) && wanted(&edges[id.index()]))
                    .map(|id| {
                        let d2 = |pair: &[Fixed]| metric.project(point, pair[0], pair[1]).1;
                        (self.shape(id).windows(2).map(d2).fold(f64::INFINITY, f64::min), id)
                    })
                    .min_by(by_distance)
            };
            let count = edges.len() as u32 - 1;
            let parts: Vec<std::ops::Range<u32>> =
                (0..count).step_by(EDGES_A_PART).map(|from| from..count.min(from + EDGES_A_PART as u32)).collect();
            parallel::map(&parts, 1, nearest_in).into_iter().flatten().min_by(by_distance)
        };
        let is_near = |found: &(f64, EdgeId)| found.0.sqrt() <= JOIN_LIMIT_M;
        match nearest_of(false).filter(is_near).or_else(|| nearest_of(true)) {
            Some((d2, id)) if d2.sqrt() <= JOIN_LIMIT_M => Ok(id),
            other => Err(StreetChangeError::NothingToClose { at, kind, nearest_m: other.map(|(d2, _)| d2.sqrt()) }),
        }
    }

    /// The new lines, and the junctions at which they meet the streets and each other.
    #[expect(clippy::type_complexity, reason = "three lists, the first of which borrows")]
    fn joined<'c>(
        &self,
        changes: &'c [StreetChange],
        closed: &[EdgeId],
    ) -> Result<(Vec<Line<'c>>, Vec<Joint>, Vec<usize>), (usize, StreetChangeError)> {
        let (mut lines, mut of_line) = (Vec::new(), Vec::new());
        for (n, change) in changes.iter().enumerate() {
            let StreetChange::Add { kind, line, name } = change else { continue };
            if line.len() < 2 {
                return Err((n, StreetChangeError::TooShort(line.len())));
            }
            let points = line.iter().map(|&p| self.beside(p.into())).collect();
            lines.push(Line {
                kind: *kind,
                points,
                name: name.as_deref(),
                ends: [0; 2],
                joints: Vec::new(),
                is_restricted: false,
            });
            of_line.push(n);
        }
        // Ends at one place are one junction, unless they are the two ends of one line.
        let mut joints: Vec<Joint> = Vec::new();
        for (l, line) in lines.iter().enumerate() {
            for end in [0, 1] {
                let at = line.end(end);
                let near = |j: &&mut Joint| {
                    chord_length_m(j.at, at) <= SAME_PLACE_M && j.ends.iter().all(|(other, _)| *other != l)
                };
                match joints.iter_mut().find(near) {
                    Some(joint) => joint.ends.push((l, end)),
                    None => joints.push(Joint { at, ends: vec![(l, end)], height: 0.0, street: None, on: None }),
                }
            }
        }
        let closed: Vec<u32> = closed.iter().map(|id| id.0).collect();
        let street_near = |at: Fixed, limit_m: f64| self.snap_before(at, Profile::Adult, limit_m, &closed);
        let mut on_lines = Vec::new();
        for (n, joint) in joints.iter_mut().enumerate() {
            // Where new ones meet each other they need no street, but take one that is there.
            let limit_m = if joint.ends.len() > 1 { SAME_PLACE_M } else { JOIN_LIMIT_M };
            let street = street_near(joint.at, limit_m);
            let line = nearest_line(&lines, joint, limit_m);
            match (street, line) {
                (street, Some((d, l, fraction, at))) if street.is_none_or(|s| d < s.off_m) => {
                    on_lines.push((l, fraction, n));
                    joint.at = at;
                    joint.street = lines[l].name.map(str::to_owned);
                }
                (Some(snap), _) => {
                    joint.at = snap.at;
                    joint.street = self.name(snap.edge).map(str::to_owned);
                    joint.height = self.height_at(snap.edge, snap.fraction) as f32;
                    joint.on = Some((snap.edge, snap.fraction));
                }
                (None, _) if joint.ends.len() > 1 => {}
                (None, _) => {
                    let (l, end) = joint.ends[0];
                    let anywhere = street_near(joint.at, f64::INFINITY);
                    let why = StreetChangeError::Loose {
                        end: ["beginning", "end"][end],
                        at: joint.at.into(),
                        nearest_m: anywhere.map(|s| s.off_m),
                    };
                    return Err((of_line[l], why));
                }
            }
        }
        for (n, joint) in joints.iter().enumerate() {
            for &(l, end) in &joint.ends {
                let points = &mut lines[l].points;
                let place = if end == 0 { 0 } else { points.len() };
                points.insert(place, joint.at);
                lines[l].ends[end] = n;
            }
        }
        for (l, fraction, n) in on_lines {
            lines[l].joints.push((fraction, n));
        }
        for (line, &n) in lines.iter_mut().zip(&of_line) {
            line.points.dedup();
            if line.points.len() < 2 {
                return Err((n, StreetChangeError::NoLength(line.points[0].into())));
            }
            line.joints.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        }
        if let Some(l) = apart(&lines, &joints) {
            return Err((of_line[l], StreetChangeError::Apart));
        }
        self.find_restricted(&mut lines, &joints);
        settle_heights(&lines, &mut joints);
        Ok((lines, joints, of_line))
    }
}

impl Network {
    /// Marks new lines that meet restricted streets alone, by whichever other new lines.
    fn find_restricted(&self, lines: &mut [Line<'_>], joints: &[Joint]) {
        let is_open = |joint: &Joint| joint.on.is_some_and(|(edge, _)| !self.edge(edge).is_restricted());
        let mut open: Vec<bool> = joints.iter().map(is_open).collect();
        // Zones are left at entries alone: what is open goes on along lines, and not through restricted streets.
        spread_along(lines, &mut open);
        for line in lines {
            line.is_restricted = !open[line.ends[0]];
        }
    }
}

/// Marks the junctions that new lines join to marked ones.
fn spread_along(lines: &[Line<'_>], marked: &mut [bool]) {
    let mut is_settled = false;
    while !is_settled {
        is_settled = true;
        for line in lines {
            if line.junctions().any(|n| marked[n]) && !line.junctions().all(|n| marked[n]) {
                line.junctions().for_each(|n| marked[n] = true);
                is_settled = false;
            }
        }
    }
}

/// The point of another line nearest to a joint that is the end of one: metres, line, fraction, point.
fn nearest_line(lines: &[Line<'_>], joint: &Joint, limit_m: f64) -> Option<(f64, usize, f64, Fixed)> {
    let metric = Metric::at(joint.at.lat());
    let own = |l: usize| joint.ends.iter().any(|(other, _)| *other == l);
    let can_be_joined = |line: &Line<'_>| {
        let (kind, structure, _) = line.kind.parts();
        kind.can_be_snapped_to() && structure == Structure::Ground
    };
    let mut best: Option<(f64, usize, f64, Fixed)> = None;
    for (l, line) in lines.iter().enumerate().filter(|(l, line)| !own(*l) && can_be_joined(line)) {
        let whole = length(&line.points);
        let mut before = 0.0;
        for pair in line.points.windows(2) {
            let (t, d2) = metric.project(joint.at, pair[0], pair[1]);
            let long = chord_length_m(pair[0], pair[1]);
            if d2.sqrt() <= limit_m && whole > 0.0 && best.is_none_or(|b| d2.sqrt() < b.0) {
                best = Some((d2.sqrt(), l, (before + t * long) / whole, pair[0].lerp(pair[1], t)));
            }
            before += long;
        }
    }
    best
}

/// A line from which no street of the file is reached, by whichever new ones.
fn apart(lines: &[Line<'_>], joints: &[Joint]) -> Option<usize> {
    let mut reached: Vec<bool> = joints.iter().map(|j| j.on.is_some()).collect();
    spread_along(lines, &mut reached);
    lines.iter().position(|line| !reached[line.ends[0]])
}

/// Junctions on no street of the file take the heights between those that are, along the lines.
fn settle_heights(lines: &[Line<'_>], joints: &mut [Joint]) {
    let fixed: Vec<bool> = joints.iter().map(|j| j.on.is_some()).collect();
    // A few rounds settle the few lines a scenario has.
    for _ in 0..100 {
        for n in (0..joints.len()).filter(|&n| !fixed[n]) {
            let (mut sum, mut weights) = (0.0, 0.0);
            for line in lines {
                let long = length(&line.points).max(0.1);
                let mut stops: Vec<(f64, usize)> = line.joints.clone();
                stops.insert(0, (0.0, line.ends[0]));
                stops.push((1.0, line.ends[1]));
                for pair in stops.windows(2) {
                    let other = match (pair[0].1 == n, pair[1].1 == n) {
                        (true, false) => pair[1].1,
                        (false, true) => pair[0].1,
                        _ => continue,
                    };
                    let weight = 1.0 / ((pair[1].0 - pair[0].0) * long).max(0.1);
                    sum += weight * f64::from(joints[other].height);
                    weights += weight;
                }
            }
            if weights > 0.0 {
                joints[n].height = (sum / weights) as f32;
            }
        }
    }
}

fn length(points: &[Fixed]) -> f64 {
    points.windows(2).map(|p| chord_length_m(p[0], p[1])).sum()
}

impl Line<'_> {
    fn end(&self, end: usize) -> Fixed {
        self.points[if end == 0 { 0 } else { self.points.len() - 1 }]
    }
}

/// An overlay on its way.
struct Plan {
    vertices: Vec<Fixed>,
    first_new: usize,
    closed: Vec<EdgeId>,
    /// By edge of the file: fractions and new junctions.
    cuts: BTreeMap<EdgeId, Vec<(f64, usize)>>,
}

impl Plan {
    fn new(network: &Network, closed: &[EdgeId]) -> Self {
        let vertices = network.vertices_before().to_vec();
        Self { first_new: vertices.len(), vertices, closed: closed.to_vec(), cuts: BTreeMap::new() }
    }

    fn add_vertex(&mut self, at: Fixed) {
        self.vertices.push(at);
    }

    fn finish(mut self, network: &Network, lines: &[Line<'_>], joints: &[Joint]) -> Overlay {
        let before = network.edges_before();
        let metric = |at: Fixed| Metric::at(at.lat());
        let vertex = |n: usize| VertexId((self.first_new + n) as u32);
        let mut overlay = Overlay {
            vertices: Vec::new(),
            first_arc: Vec::new(),
            arc_heads: network.arc_heads_before().to_vec(),
            arc_edges: network.arc_edges_before().to_vec(),
            edges: Vec::new(),
            shapes: Vec::new(),
            heights: Vec::new(),
            names: Vec::new(),
            gone: Vec::new(),
            barred: self.closed.iter().flat_map(|id| before[id.index()].arcs).collect(),
            pieces: Vec::new(),
            arcs_before: BTreeMap::new(),
            line_costs: Vec::new(),
            line_lengths: Vec::new(),
            times: Default::default(),
            index: SnapIndex::build(&[], &[]),
            bounds: Vec::new(),
        };
        // Where open lines meet a restricted street, they have a junction of their own.
        let mut outside: BTreeMap<usize, usize> = BTreeMap::new();
        for line in lines.iter().filter(|line| !line.is_restricted) {
            for n in line.junctions() {
                let is_inside = joints[n].on.is_some_and(|(edge, _)| before[edge.index()].is_restricted());
                if is_inside && !outside.contains_key(&n) {
                    outside.insert(n, joints.len() + outside.len());
                    self.vertices.push(joints[n].at);
                }
            }
        }
        // The arcs that leave each new junction: where to, and the half edge.
        let mut leaving: Vec<Vec<(VertexId, u32)>> = vec![Vec::new(); joints.len() + outside.len()];
        let first_edge = before.len() as u32 - 1;

        for (&id, cuts) in &mut self.cuts {
            cuts.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let (edge, shape, heights) = (before[id.index()], network.shape(id), network.heights(id));
            overlay.arcs_before.insert(id, edge.arcs);
            let mut stops = vec![(0.0, None)];
            stops.extend(cuts.iter().map(|&(fraction, n)| (fraction, Some(n))));
            stops.push((1.0, None));
            for pair in stops.windows(2) {
                let ((from, a), (to, b)) = (pair[0], pair[1]);
                let number = (first_edge as usize + overlay.edges.len()) as u32;
                let mut piece = edge;
                piece.tail = a.map_or(edge.tail, vertex);
                piece.head = b.map_or(edge.head, vertex);
                piece.length_m = (f64::from(edge.length_m) * (to - from)) as f32;
                match a {
                    None => {
                        overlay.arc_heads[edge.arcs[0] as usize] = piece.head.0;
                        overlay.arc_edges[edge.arcs[0] as usize] = number * 2;
                    }
                    Some(a) => leaving[a].push((piece.head, number * 2)),
                }
                match b {
                    None => {
                        overlay.arc_heads[edge.arcs[1] as usize] = piece.tail.0;
                        overlay.arc_edges[edge.arcs[1] as usize] = number * 2 + 1;
                    }
                    Some(b) => leaving[b].push((piece.tail, number * 2 + 1)),
                }
                let mut points = cut(shape, &metric(shape[0]), from, to);
                if points.len() < 2 {
                    points.push(points[0]);
                }
                overlay.lay(piece, &points, &resampled(heights, from, to), Piece { of: Whole::Before(id), from, to });
            }
        }
        for (l, line) in lines.iter().enumerate() {
            let (kind, structure, access) = line.kind.parts();
            let whole_m = length(&line.points);
            let ends = line.ends.map(|n| joints[n].height);
            let segment = cost::Segment {
                length_m: whole_m,
                kind,
                access,
                ground: Ground::default(),
                duration_s: 0,
                rise_m: if kind == Kind::Lift { f64::from((ends[1] - ends[0]).abs()) } else { 0.0 },
                heights: &ends,
            };
            let costs = Profile::ALL.map(|p| {
                let params = network.profiles().get(p);
                [cost(&segment, params, true), cost(&segment, params, false)]
            });
            let mut usable = ProfileSet::default();
            Profile::ALL
                .into_iter()
                .filter(|p| costs[p.index()].iter().any(|c| c.is_some()))
                .for_each(|p| usable.insert(p));
            // Where all it joins is cut off, or a fragment, so is it.
            let joined: Vec<&Edge> =
                line.ends.iter().filter_map(|&n| joints[n].on).map(|(edge, _)| &before[edge.index()]).collect();
            let all_are = |mask: fn(&Edge) -> ProfileSet| match &joined[..] {
                [] => ProfileSet::default(),
                some => ProfileSet(some.iter().fold(usable.0, |all, edge| all & mask(edge).0)),
            };
            let (cut_off, fragment) = (all_are(Edge::cut_off), all_are(Edge::fragment));
            let flags = if line.is_restricted { EdgeFlags::RESTRICTED } else { EdgeFlags::default() };
            let of_line = |n: usize| outside.get(&n).copied().filter(|_| !line.is_restricted).unwrap_or(n);
            let name = line.name.map_or(Edge::NO_NAME, |name| {
                overlay.names.push(name.to_owned());
                (network.name_count() + overlay.names.len() - 1) as u32
            });
            let mut stops = vec![(0.0, line.ends[0])];
            stops.extend(&line.joints);
            stops.push((1.0, line.ends[1]));
            for pair in stops.windows(2) {
                let ((from, a), (to, b)) = (pair[0], pair[1]);
                let number = (first_edge as usize + overlay.edges.len()) as u32;
                let (from_vertex, to_vertex) = (of_line(a), of_line(b));
                let mut piece =
                    Edge::new(vertex(from_vertex), vertex(to_vertex), kind, structure, access).with_flags(flags);
                piece.length_m = (whole_m * (to - from)) as f32;
                piece.name = name;
                if kind == Kind::Lift {
                    piece.extra = (segment.rise_m * 100.0).round() as u32;
                }
                piece.set_usable(usable);
                piece.set_separate(cut_off, fragment);
                leaving[from_vertex].push((piece.head, number * 2));
                leaving[to_vertex].push((piece.tail, number * 2 + 1));
                let mut points = cut(&line.points, &metric(line.points[0]), from, to);
                if points.len() < 2 {
                    points.push(points[0]);
                }
                let heights = [joints[a].height, joints[b].height];
                overlay.lay(piece, &points, &heights, Piece { of: Whole::Line(l), from, to });
            }
            overlay.line_costs.push(costs);
            overlay.line_lengths.push(Deciseconds::from_seconds(whole_m));
        }

        let mut everyone = ProfileSet::default();
        for profile in Profile::ALL {
            everyone.insert(profile);
        }
        for (&inside, &outside) in &outside {
            let number = (first_edge as usize + overlay.edges.len()) as u32;
            let access = Access::FOOT.with(Access::BIKE);
            let flags = EdgeFlags::RESTRICTED.with(EdgeFlags::ENTRY);
            let mut entry =
                Edge::new(vertex(outside), vertex(inside), Kind::Gate, Structure::Ground, access).with_flags(flags);
            entry.set_usable(everyone);
            leaving[outside].push((entry.head, number * 2));
            leaving[inside].push((entry.tail, number * 2 + 1));
            let (at, height) = (joints[inside].at, joints[inside].height);
            overlay.lay(entry, &[at, at], &[height, height], Piece { of: Whole::Entry, from: 0.0, to: 1.0 });
        }

        overlay.first_arc = network.first_arc_before().to_vec();
        for arcs in leaving {
            for (head, half) in arcs {
                overlay.arc_heads.push(head.0);
                overlay.arc_edges.push(half);
            }
            overlay.first_arc.push(overlay.arc_heads.len() as u32);
        }
        for (arc, &half) in overlay.arc_edges.iter().enumerate() {
            if half / 2 >= first_edge {
                overlay.edges[(half / 2 - first_edge) as usize].arcs[half as usize % 2] = arc as u32;
            }
        }
        let mut end = Edge::new(VertexId(0), VertexId(0), Kind::Gate, Structure::Ground, Access::default());
        (end.shape, end.heights) = (overlay.shapes.len() as u32, overlay.heights.len() as u32);
        overlay.edges.push(end);
        overlay.index = SnapIndex::build(&overlay.edges, &overlay.shapes);
        overlay.gone = self.closed.iter().chain(self.cuts.keys()).map(|id| id.0).collect();
        overlay.gone.sort_unstable();
        overlay.vertices = self.vertices;
        overlay
    }
}

impl Overlay {
    fn lay(&mut self, mut edge: Edge, points: &[Fixed], heights: &[f32], piece: Piece) {
        (edge.shape, edge.heights) = (self.shapes.len() as u32, self.heights.len() as u32);
        let (mut low, mut high) = (points[0], points[0]);
        for p in points {
            (low.x, low.y, high.x, high.y) = (low.x.min(p.x), low.y.min(p.y), high.x.max(p.x), high.y.max(p.y));
        }
        self.bounds.push((low, high));
        self.shapes.extend_from_slice(points);
        self.heights.extend_from_slice(heights);
        self.edges.push(edge);
        self.pieces.push(piece);
    }
}

/// Heights of a part of a line, at equal distances.
fn resampled(heights: &[f32], from: f64, to: f64) -> Vec<f32> {
    let pieces = (((heights.len() - 1) as f64) * (to - from)).ceil().max(1.0);
    let at = |i: usize| super::file::height_along(heights, from + (to - from) * i as f64 / pieces) as f32;
    (0..=pieces as usize).map(at).collect()
}

/// Must a place be put on the streets again, now that they have changed? It lies at `snap` before.
pub(super) fn is_touched(network: &Network, place: Place, snap: Option<&Snap>, profile: Profile) -> bool {
    let Some(overlay) = network.overlay() else { return false };
    snap.is_some_and(|snap| network.is_gone(snap.edge))
        || overlay.may_be_near(network.beside(place.at), network.snap_reach_m(place, snap, profile))
}
