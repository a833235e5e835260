//! Marks restricted zones and connects disconnected components.
//!
//! Three steps over the links, before vertices are numbered:
//!
//! 1. *Zones.* Within each component (private links included), the largest part connected by public links alone is
//!   open. Everything else is restricted: private ways and gates, and public ways that only they connect to the rest.
//!   Restricted links are passable at the start and end of a trip, not in between.
//! 2. *Disconnected components.* A component that does not count as a network of its own is connected to the nearest
//!   streets by off-network legs of at most [`JOIN_M`], travelled at the off-network speed. It is restricted too, so
//!   that no route passes through it.
//! 3. *Entries.* Where restricted and open links meet, the restricted ones get their own vertex, connected to the other
//!   by an entry (see [`crate`]'s `zone`).

use super::topology::{Link, Topology};
use crate::access::{Access, EdgeFlags, Kind, Structure};
use crate::components::Components;
use crate::geo::{Fixed, Metric, chord_length_m};
use crate::ground::Ground;
use crate::osm::WayClass;
use crate::report::StreetsReport;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Maximum length of a leg that connects a disconnected component to the streets, metres: the snap limit of places.
pub const JOIN_M: f64 = 300.0;
/// Maximum distance between candidate points for legs along the links of a disconnected component, metres.
const PROBE_M: f64 = 25.0;
/// A leg is added if it shortens the path to the street by more than this, metres, and by a tenth.
const MIN_GAIN_M: f64 = 10.0;
/// Off-network speed as a share of the speed on the network (Tobler's off-path factor).
const OFF_NETWORK_SPEED_FACTOR: f64 = 0.6;
/// A leg that ends this close to the end of a link, in metres, ends at the vertex.
const AT_END_M: f64 = 0.5;
/// Weight of roads for through traffic, relative to other ways, when components are compared.
const THROUGH_WEIGHT: f64 = 10.0;

/// Returns the weight of a link when components are compared. Lines across plazas do not count, because their number
/// depends on the number of corners.
pub(super) fn weight(kind: Kind, flags: EdgeFlags, length_m: f64) -> f64 {
    match kind {
        Kind::Street | Kind::Path | Kind::Steps if flags.has(EdgeFlags::THROUGH) => length_m * THROUGH_WEIGHT,
        Kind::Street | Kind::Path | Kind::Steps => length_m,
        _ => 0.0,
    }
}

/// Returns the components that count as networks of their own: those with at least `own_network_km` kilometres of
/// streets, and those with at least half the weight of the largest. `sizes` holds their lengths in metres and their
/// weights.
pub(super) fn own_networks(sizes: &BTreeMap<u32, (f64, f64)>, own_network_km: f64) -> HashSet<u32> {
    let most = sizes.values().map(|s| s.1).fold(0.0, f64::max);
    sizes.iter().filter(|(_, s)| s.0 >= own_network_km * 1000.0 || s.1 >= most / 2.0).map(|(&root, _)| root).collect()
}

/// Marks restricted zones and connects disconnected components.
pub(super) fn separate(topology: &mut Topology, own_network_km: f64, report: &mut StreetsReport) {
    let lengths: Vec<f64> = topology.links.iter().map(length_m).collect();
    let Zones { mut marks, cut_off, network } = Zones::of(topology, &lengths, own_network_km);
    report.islands = cut_off.len() as u64;
    report.island_edges = cut_off.values().map(|links| links.len() as u64).sum();
    if !cut_off.is_empty() {
        join_pieces(topology, &mut marks, &cut_off, &network, report);
    }
    set_marks(topology, &marks);
    add_entries(topology, &marks);
}

fn length_m(link: &Link) -> f64 {
    link.shape.windows(2).map(|p| chord_length_m(p[0], p[1])).sum()
}

struct Zones {
    /// By link: restricted or not.
    marks: Vec<EdgeFlags>,
    /// The links of each disconnected component.
    cut_off: BTreeMap<u32, Vec<usize>>,
    /// By link: whether it belongs to a network of its own.
    network: Vec<bool>,
}

impl Zones {
    fn of(topology: &Topology, lengths: &[f64], own_network_km: f64) -> Self {
        let Topology { classes, links, points } = topology;
        let is_private = |link: &Link| classes[link.class as usize].access.has(Access::PRIVATE);
        let (mut public, mut whole) = (Components::new(points.len()), Components::new(points.len()));
        for link in links {
            whole.union(link.from, link.to);
            if !is_private(link) {
                public.union(link.from, link.to);
            }
        }
        // Sizes of the public and the whole components, by their root vertex.
        let (mut of_public, mut of_whole) = (BTreeMap::<u32, f64>::new(), BTreeMap::<u32, (f64, f64)>::new());
        for (link, &length) in links.iter().zip(lengths) {
            let class = &classes[link.class as usize];
            let weight = weight(class.kind, class.flags, length);
            let size = of_whole.entry(whole.find(link.from)).or_default();
            (size.0, size.1) = (size.0 + length, size.1 + weight);
            if !is_private(link) {
                *of_public.entry(public.find(link.from)).or_default() += weight;
            }
        }
        // The largest public part of each whole component is open.
        let mut open: HashMap<u32, (u32, f64)> = HashMap::new();
        for (&root, &size) in &of_public {
            let best = open.entry(whole.find(root)).or_insert((root, size));
            if size > best.1 {
                *best = (root, size);
            }
        }
        let own = own_networks(&of_whole, own_network_km);
        let mut zones = Self { marks: Vec::new(), cut_off: BTreeMap::new(), network: Vec::new() };
        for (n, link) in links.iter().enumerate() {
            let (piece, root) = (whole.find(link.from), public.find(link.from));
            let is_open = !is_private(link) && open.get(&piece).is_some_and(|o| o.0 == root);
            zones.marks.push(if is_open { EdgeFlags::default() } else { EdgeFlags::RESTRICTED });
            zones.network.push(own.contains(&piece));
            if !own.contains(&piece) {
                zones.cut_off.entry(piece).or_default().push(n);
            }
        }
        zones
    }
}

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
    /// Creates the squares around `probes`, at least [`JOIN_M`] wide anywhere in the extract.
    fn around<'p>(probes: impl Iterator<Item = &'p LinkPoint>, points: &[Fixed]) -> Self {
        let farthest = points.iter().map(|p| p.lat().abs()).fold(0.0, f64::max).min(89.0);
        let (narrow, wide) = (Metric::at(farthest), Metric::at(0.0));
        let side = ((JOIN_M / narrow.kx).ceil() as i64, (JOIN_M / wide.ky.min(narrow.ky)).ceil() as i64);
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

    /// Returns the nearest point on a street within [`JOIN_M`].
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
        best.map(|(d2, spot)| (d2.sqrt(), spot)).filter(|(d, _)| *d <= JOIN_M)
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
fn join_pieces(
    topology: &mut Topology,
    marks: &mut Vec<EdgeFlags>,
    cut_off: &BTreeMap<u32, Vec<usize>>,
    network: &[bool],
    report: &mut StreetsReport,
) {
    let Topology { classes, links, points } = &*topology;
    let takes = |n: usize| accepts_legs(&classes[links[n].class as usize]);
    let pieces: Vec<Vec<LinkPoint>> = cut_off
        .values()
        .map(|piece| {
            // A component that is entirely below the ground or indoors uses what it has.
            let on_ground: Vec<usize> = piece.iter().copied().filter(|&n| takes(n)).collect();
            let own = |n: &usize| {
                let class = &classes[links[*n].class as usize];
                class.kind.can_be_snapped_to() && class.access.has(Access::FOOT)
            };
            let chosen = if on_ground.is_empty() { piece.iter().copied().filter(own).collect() } else { on_ground };
            chosen.iter().flat_map(|&n| probes(n, &links[n].shape)).collect()
        })
        .collect();
    let mut squares = Squares::around(pieces.iter().flatten(), points);
    for (n, link) in links.iter().enumerate() {
        if network[n] && takes(n) {
            squares.add(n, &link.shape);
        }
    }
    let legs: Vec<Vec<Leg>> = pieces.par_iter().map(|probes| choose_legs(probes, &squares, links)).collect();
    for (piece, legs) in cut_off.values().zip(&legs) {
        if !legs.is_empty() {
            for &n in piece {
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
    for (n, mut spots) in cuts {
        spots
            .sort_by(|a, b| (a.0.before, a.0.t).partial_cmp(&(b.0.before, b.0.t)).unwrap_or(std::cmp::Ordering::Equal));
        let whole = topology.links[n].clone();
        let (first, last) = (whole.shape[0], whole.shape[whole.shape.len() - 1]);
        let mut part = Link { shape: vec![first], ..whole.clone() };
        let mut next_point = 1;
        let mut parts = Vec::new();
        for (spot, leg, end) in spots {
            let near = |p: Fixed| chord_length_m(spot.at, p) <= AT_END_M;
            let here = part.shape[part.shape.len() - 1];
            // The point is at an end of the link, or where the link was cut already.
            let is_end = |v: Fixed| near(v) && spot.before + 2 >= whole.shape.len();
            vertices[leg][end] = if near(here) && part.shape.len() == 1 {
                part.from
            } else if is_end(last) {
                whole.to
            } else {
                while next_point <= spot.before {
                    part.shape.push(whole.shape[next_point]);
                    next_point += 1;
                }
                let vertex = topology.add_point(spot.at);
                part.shape.push(spot.at);
                part.to = vertex;
                let rest = Link { from: vertex, shape: vec![spot.at], ..whole.clone() };
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

/// Assigns to marked links a class with their flags.
fn set_marks(topology: &mut Topology, marks: &[EdgeFlags]) {
    let mut marked: HashMap<(u32, EdgeFlags), u32> = HashMap::new();
    for (n, &mark) in marks.iter().enumerate().filter(|(_, mark)| **mark != EdgeFlags::default()) {
        let class = topology.links[n].class;
        let new = *marked.entry((class, mark)).or_insert_with(|| {
            let old = topology.classes[class as usize].clone();
            let flags = old.flags.with(mark);
            topology.classes.push(WayClass { flags, ..old });
            topology.classes.len() as u32 - 1
        });
        topology.links[n].class = new;
    }
}

/// Splits the vertices where restricted and open links meet.
fn add_entries(topology: &mut Topology, marks: &[EdgeFlags]) {
    let is_restricted = |n: usize| marks[n].has(EdgeFlags::RESTRICTED);
    if !(0..marks.len()).any(is_restricted) {
        return;
    }
    let mut is_open = vec![false; topology.points.len()];
    for (_, link) in topology.links.iter().enumerate().filter(|(n, _)| !is_restricted(*n)) {
        is_open[link.from as usize] = true;
        is_open[link.to as usize] = true;
    }
    let class = topology.class_of(WayClass {
        access: Access::FOOT.with(Access::BIKE),
        kind: Kind::Gate,
        structure: Structure::Ground,
        flags: EdgeFlags::RESTRICTED.with(EdgeFlags::ENTRY),
        ground: Ground::default(),
        duration_s: None,
        is_area: false,
        levels: None,
        name: None,
    });
    let mut inside: BTreeMap<u32, u32> = BTreeMap::new();
    for n in (0..marks.len()).filter(|&n| is_restricted(n)) {
        let ends = [topology.links[n].from, topology.links[n].to];
        let [from, to] = ends.map(|v| {
            if !is_open[v as usize] {
                return v;
            }
            let at = topology.points[v as usize];
            *inside.entry(v).or_insert_with(|| topology.add_point(at))
        });
        (topology.links[n].from, topology.links[n].to) = (from, to);
    }
    for (outside, inside) in inside {
        let at = topology.points[outside as usize];
        topology.links.push(Link { from: outside, to: inside, shape: vec![at, at], class, rise_m: None });
    }
}
