//! Connects disconnected components to nearby streets by off-network legs.

use super::topology::{Link, Topology};
use crate::access::{Access, EdgeFlags, Kind, Structure};
use crate::geo::{Fixed, Metric, chord_length_m};
use crate::ground::Ground;
use crate::osm::WayClass;
use crate::report::StreetsReport;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// Maximum length of a leg that connects a disconnected component to the streets, metres: the snap limit of places.
pub(super) const MAX_LEG_M: f64 = 300.0;
/// Maximum distance between candidate points for legs along the links of a disconnected component, metres.
const PROBE_M: f64 = 25.0;
/// A leg is added if it shortens the path to the street by more than this, metres, and by a tenth.
const MIN_GAIN_M: f64 = 10.0;
/// Off-network speed as a share of the speed on the network (Tobler's off-path factor).
const OFF_NETWORK_SPEED_FACTOR: f64 = 0.6;
/// A leg that ends this close to the end of a link, in metres, ends at the vertex.
const AT_END_M: f64 = 0.5;
/// Returns whether an off-network leg may end on a way of this class.
fn accepts_legs(class: &WayClass) -> bool {
    class.kind.can_be_snapped_to()
        && class.structure == Structure::Ground
        && !class.flags.has(EdgeFlags::UNDERGROUND)
        && !class.flags.has(EdgeFlags::INDOOR)
        && class.access.has(Access::FOOT)
}

/// A point on a link: the index of the point before it, and the fraction to the next point.
#[derive(Debug, Clone, Copy)]
struct LinkPoint {
    link: usize,
    before: usize,
    t: f64,
    at: Fixed,
}

/// A candidate off-network leg.
struct Leg {
    metres: f64,
    from: LinkPoint,
    to: LinkPoint,
}

/// A grid of squares with the street segments in them, only near disconnected components.
struct Squares {
    side: (i64, i64),
    segments: HashMap<(i64, i64), Vec<(u32, u32)>>,
}

impl Squares {
    /// Creates the squares around `probes`, at least [`MAX_LEG_M`] wide anywhere in the extract.
    fn around<'p>(probes: impl Iterator<Item = &'p LinkPoint>, points: &[Fixed]) -> Self {
        let farthest = points.iter().map(|p| p.lat().abs()).fold(0.0, f64::max).min(89.0);
        let (narrow, wide) = (Metric::at(farthest), Metric::at(0.0));
        let side = ((MAX_LEG_M / narrow.kx).ceil() as i64, (MAX_LEG_M / wide.ky.min(narrow.ky)).ceil() as i64);
        let mut squares = Self { side, segments: HashMap::new() };
        for probe in probes {
            let (x, y) = squares.square(probe.at);
            for (dx, dy) in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy))) {
                squares.segments.entry((x + dx, y + dy)).or_default();
            }
        }
        squares
    }

    fn square(&self, p: Fixed) -> (i64, i64) {
        (i64::from(p.x).div_euclid(self.side.0), i64::from(p.y).div_euclid(self.side.1))
    }

    fn add(&mut self, link: usize, shape: &[Fixed]) {
        for (n, pair) in shape.windows(2).enumerate() {
            let (a, b) = (self.square(pair[0]), self.square(pair[1]));
            for x in a.0.min(b.0)..=a.0.max(b.0) {
                for y in a.1.min(b.1)..=a.1.max(b.1) {
                    if let Some(list) = self.segments.get_mut(&(x, y)) {
                        list.push((link as u32, n as u32));
                    }
                }
            }
        }
    }

    /// Returns the nearest point on a street within [`MAX_LEG_M`].
    fn nearest(&self, at: Fixed, links: &[Link]) -> Option<(f64, LinkPoint)> {
        let metric = Metric::at(at.lat());
        let (x, y) = self.square(at);
        let mut best: Option<(f64, LinkPoint)> = None;
        for (dx, dy) in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy))) {
            for &(link, before) in self.segments.get(&(x + dx, y + dy)).map_or(&[][..], Vec::as_slice) {
                let shape = &links[link as usize].shape;
                let (a, b) = (shape[before as usize], shape[before as usize + 1]);
                let (t, d2) = metric.project(at, a, b);
                if best.is_none_or(|(d, _)| d2 < d) {
                    best = Some((d2, LinkPoint { link: link as usize, before: before as usize, t, at: a.lerp(b, t) }));
                }
            }
        }
        best.map(|(d2, point)| (d2.sqrt(), point)).filter(|(d, _)| *d <= MAX_LEG_M)
    }
}

/// Returns points along a link, including its ends and corners.
fn probes(link: usize, shape: &[Fixed]) -> Vec<LinkPoint> {
    let metric = Metric::at(shape[0].lat());
    let mut all = Vec::new();
    for (before, pair) in shape.windows(2).enumerate() {
        let parts = (metric.distance(pair[0], pair[1]) / PROBE_M).ceil().max(1.0) as usize;
        all.extend((0..parts).map(|i| {
            let t = i as f64 / parts as f64;
            LinkPoint { link, before, t, at: pair[0].lerp(pair[1], t) }
        }));
    }
    let last = shape.len() - 1;
    all.push(LinkPoint { link, before: last - 1, t: 1.0, at: shape[last] });
    all
}

/// Connects disconnected components to nearby streets. Connected components become restricted.
pub(super) fn connect_islands(
    topology: &mut Topology,
    marks: &mut Vec<EdgeFlags>,
    islands: &BTreeMap<u32, Vec<usize>>,
    network: &[bool],
    report: &mut StreetsReport,
) {
    let Topology { classes, links, points } = &*topology;
    let takes = |n: usize| accepts_legs(&classes[links[n].class as usize]);
    let candidates: Vec<Vec<LinkPoint>> = islands
        .values()
        .map(|island| {
            // A component that is entirely below the ground or indoors uses what it has.
            let on_ground: Vec<usize> = island.iter().copied().filter(|&n| takes(n)).collect();
            let own = |n: &usize| {
                let class = &classes[links[*n].class as usize];
                class.kind.can_be_snapped_to() && class.access.has(Access::FOOT)
            };
            let chosen = if on_ground.is_empty() { island.iter().copied().filter(own).collect() } else { on_ground };
            chosen.iter().flat_map(|&n| probes(n, &links[n].shape)).collect()
        })
        .collect();
    let mut squares = Squares::around(candidates.iter().flatten(), points);
    for (n, link) in links.iter().enumerate() {
        if network[n] && takes(n) {
            squares.add(n, &link.shape);
        }
    }
    let legs: Vec<Vec<Leg>> = candidates.par_iter().map(|probes| choose_legs(probes, &squares, links)).collect();
    for (island, legs) in islands.values().zip(&legs) {
        if !legs.is_empty() {
            for &n in island {
                marks[n] = EdgeFlags::RESTRICTED.with(EdgeFlags::DETACHED);
            }
            report.islands_joined += 1;
        }
    }
    let legs: Vec<Leg> = legs.into_iter().flatten().collect();
    report.off_network_legs = legs.len() as u64;
    add_legs(topology, marks, &legs);
}

/// Chooses the legs of one component: the shortest, and others that shorten the path enough.
fn choose_legs(probes: &[LinkPoint], squares: &Squares, links: &[Link]) -> Vec<Leg> {
    let mut all: Vec<Leg> = probes
        .iter()
        .filter_map(|&from| squares.nearest(from.at, links).map(|(metres, to)| Leg { metres, from, to }))
        .collect();
    all.sort_by(|a, b| {
        a.metres.total_cmp(&b.metres).then((a.from.link, a.from.before).cmp(&(b.from.link, b.from.before)))
    });
    let mut chosen: Vec<Leg> = Vec::new();
    for leg in all {
        let detour = |c: &Leg| chord_length_m(leg.from.at, c.from.at) * OFF_NETWORK_SPEED_FACTOR + c.metres;
        if chosen.iter().all(|c| detour(c) > leg.metres * 1.1 + MIN_GAIN_M) {
            chosen.push(leg);
        }
    }
    chosen
}

/// Cuts links where legs meet them, and adds the legs as links.
fn add_legs(topology: &mut Topology, marks: &mut Vec<EdgeFlags>, legs: &[Leg]) {
    let class = topology.class_of(WayClass {
        access: Access::FOOT.with(Access::BIKE),
        kind: Kind::OffNetwork,
        structure: Structure::Ground,
        flags: EdgeFlags::default(),
        ground: Ground::default(),
        duration_s: None,
        is_area: false,
        levels: None,
        name: None,
    });
    // The vertex at each end of each leg; and the cuts by link, in order along it.
    let mut vertices = vec![[0u32; 2]; legs.len()];
    let mut cuts: BTreeMap<usize, Vec<(LinkPoint, usize, usize)>> = BTreeMap::new();
    for (n, leg) in legs.iter().enumerate() {
        cuts.entry(leg.from.link).or_default().push((leg.from, n, 0));
        cuts.entry(leg.to.link).or_default().push((leg.to, n, 1));
    }
    for (n, mut points_on_link) in cuts {
        points_on_link
            .sort_by(|a, b| (a.0.before, a.0.t).partial_cmp(&(b.0.before, b.0.t)).unwrap_or(std::cmp::Ordering::Equal));
        let whole = topology.links[n].clone();
        let (first, last) = (whole.shape[0], whole.shape[whole.shape.len() - 1]);
        let mut part = Link { shape: vec![first], ..whole.clone() };
        let mut next_point = 1;
        let mut parts = Vec::new();
        for (point, leg, end) in points_on_link {
            let near = |p: Fixed| chord_length_m(point.at, p) <= AT_END_M;
            let here = part.shape[part.shape.len() - 1];
            // The point is at an end of the link, or where the link was cut already.
            let is_end = |v: Fixed| near(v) && point.before + 2 >= whole.shape.len();
            vertices[leg][end] = if near(here) && part.shape.len() == 1 {
                part.from
            } else if is_end(last) {
                whole.to
            } else {
                while next_point <= point.before {
                    part.shape.push(whole.shape[next_point]);
                    next_point += 1;
                }
                let vertex = topology.add_point(point.at);
                part.shape.push(point.at);
                part.to = vertex;
                let rest = Link { from: vertex, shape: vec![point.at], ..whole.clone() };
                parts.push(std::mem::replace(&mut part, rest));
                vertex
            };
        }
        if parts.is_empty() {
            continue;
        }
        part.shape.extend_from_slice(&whole.shape[next_point..]);
        part.to = whole.to;
        parts.push(part);
        for part in &mut parts {
            part.shape.dedup();
            if part.shape.len() < 2 {
                part.shape.push(part.shape[0]);
            }
        }
        let mut parts = parts.into_iter();
        topology.links[n] = parts.next().unwrap_or(whole);
        for part in parts {
            topology.links.push(part);
            marks.push(marks[n]);
        }
    }
    for (leg, [from, to]) in legs.iter().zip(vertices) {
        topology.links.push(Link { from, to, shape: vec![leg.from.at, leg.to.at], class, rise_m: None });
        marks.push(EdgeFlags::RESTRICTED);
    }
}
