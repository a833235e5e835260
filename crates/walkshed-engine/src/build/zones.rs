//! Restricted zones and pieces that are cut off: who is joined to the network, and how.
//!
//! Three steps over the links, before junctions are numbered:
//!
//! 1. *Zones.* Of the links that are connected at all, private ones included, the largest piece that is connected by
//!    public links alone is open; everything else (private ways and gates, and public ways that only they join to the rest)
//!    is restricted: passable as the first and the last leg of a trip, not between.
//! 2. *Pieces that are cut off.* What is connected to no network that counts as one of its own is joined to the nearest
//!    streets by legs off the network, at the speed off the network, where these are at most [`JOIN_M`] long. It is
//!    restricted too: nobody passes through it.
//! 3. *Entries.* Where restricted and open links meet, the restricted ones get a junction of their own, joined to the
//!    other by an entry (see [`crate`]'s `zone`).

use super::StreetsReport;
use super::topology::{Link, Topology};
use crate::access::{Access, EdgeFlags, Kind, Structure};
use crate::components::Components;
use crate::geo::{Fixed, Metric, chord_length_m};
use crate::ground::Ground;
use crate::osm::WayClass;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Longest leg by which a piece that is cut off is joined to the streets, metres: how far a place may be from a street.
pub const JOIN_M: f64 = 300.0;
/// Along the links of a piece that is cut off, joints are looked for at least this close together, metres.
const PROBE_M: f64 = 25.0;
/// A joint is made where it shortens the way to the street by more than this, metres, and by a tenth.
const WORTH_M: f64 = 10.0;
/// Walking off the network against walking on it: the share of the speed (Tobler's off-path factor).
const OFF_PATH: f64 = 0.6;
/// A joint this close to the end of a link is at the end, metres.
const AT_END_M: f64 = 0.5;
/// A road that carries through traffic counts so many times as much as other ways where two pieces are compared.
const THROUGH_WEIGHT: f64 = 10.0;

/// By how much a link counts where pieces are compared. Lines across plazas count nothing: their number says how many
/// corners the plaza has.
pub(super) fn weight(kind: Kind, flags: EdgeFlags, length_m: f64) -> f64 {
    match kind {
        Kind::Street | Kind::Path | Kind::Steps if flags.has(EdgeFlags::THROUGH) => length_m * THROUGH_WEIGHT,
        Kind::Street | Kind::Path | Kind::Steps => length_m,
        _ => 0.0,
    }
}

/// Which pieces count as networks of their own: those with so many kilometres of streets, and those at least half as large as the
/// largest. `sizes` are their lengths in metres and their weights.
pub(super) fn own_networks(sizes: &BTreeMap<u32, (f64, f64)>, own_network_km: f64) -> HashSet<u32> {
    let most = sizes.values().map(|s| s.1).fold(0.0, f64::max);
    sizes.iter().filter(|(_, s)| s.0 >= own_network_km * 1000.0 || s.1 >= most / 2.0).map(|(&root, _)| root).collect()
}

/// Marks restricted zones and joins what is cut off.
pub(super) fn separate(topology: &mut Topology, own_network_km: f64, report: &mut StreetsReport) {
    let lengths: Vec<f64> = topology.links.iter().map(length_m).collect();
    let Zones { mut marks, cut_off, network } = Zones::of(topology, &lengths, own_network_km);
    report.islands = cut_off.len() as u64;
    report.island_edges = cut_off.values().map(|links| links.len() as u64).sum();
    if !cut_off.is_empty() {
        join_pieces(topology, &mut marks, &cut_off, &network, report);
    }
    set_marks(topology, &marks);
    lay_entries(topology, &marks);
}

fn length_m(link: &Link) -> f64 {
    link.shape.windows(2).map(|p| chord_length_m(p[0], p[1])).sum()
}

struct Zones {
    /// By link: restricted or not.
    marks: Vec<EdgeFlags>,
    /// The links of each piece that is cut off.
    cut_off: BTreeMap<u32, Vec<usize>>,
    /// By link: does it belong to a network that counts?
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
        // Sizes of the public pieces and of the whole ones, by their roots.
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
        // The largest public piece of each whole one is open.
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

/// Can a leg off the network end on it?
fn takes_legs(class: &WayClass) -> bool {
    class.kind.can_be_snapped_to()
        && class.structure == Structure::Ground
        && !class.flags.has(EdgeFlags::UNDERGROUND)
        && !class.flags.has(EdgeFlags::INDOOR)
        && class.access.has(Access::FOOT)
}

/// A point of a link: the number of the point before it, and how far on to the next.
#[derive(Debug, Clone, Copy)]
struct Spot {
    link: usize,
    before: usize,
    t: f64,
    at: Fixed,
}

/// A leg off the network that may be made.
struct Leg {
    metres: f64,
    from: Spot,
    to: Spot,
}

/// Squares of the ground with the street segments in them, only where pieces that are cut off are near.
struct Squares {
    side: (i64, i64),
    segments: HashMap<(i64, i64), Vec<(u32, u32)>>,
}

impl Squares {
    /// Squares around `probes`, at least [`JOIN_M`] wide anywhere on the extract.
    fn around<'p>(probes: impl Iterator<Item = &'p Spot>, points: &[Fixed]) -> Self {
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

    /// The nearest point of a street.
    fn nearest(&self, at: Fixed, links: &[Link]) -> Option<(f64, Spot)> {
        let metric = Metric::at(at.lat());
        let (x, y) = self.square(at);
        let mut best: Option<(f64, Spot)> = None;
        for (dx, dy) in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy))) {
            for &(link, before) in self.segments.get(&(x + dx, y + dy)).map_or(&[][..], Vec::as_slice) {
                let shape = &links[link as usize].shape;
                let (a, b) = (shape[before as usize], shape[before as usize + 1]);
                let (t, d2) = metric.project(at, a, b);
                if best.is_none_or(|(d, _)| d2 < d) {
                    best = Some((d2, Spot { link: link as usize, before: before as usize, t, at: a.lerp(b, t) }));
                }
            }
        }
        best.map(|(d2, spot)| (d2.sqrt(), spot)).filter(|(d, _)| *d <= JOIN_M)
    }
}

/// Points along a link, its ends and corners among them.
fn probes(link: usize, shape: &[Fixed]) -> Vec<Spot> {
    let metric = Metric::at(shape[0].lat());
    let mut all = Vec::new();
    for (before, pair) in shape.windows(2).enumerate() {
        let parts = (metric.distance(pair[0], pair[1]) / PROBE_M).ceil().max(1.0) as usize;
        all.extend((0..parts).map(|i| {
            let t = i as f64 / parts as f64;
            Spot { link, before, t, at: pair[0].lerp(pair[1], t) }
        }));
    }
    let last = shape.len() - 1;
    all.push(Spot { link, before: last - 1, t: 1.0, at: shape[last] });
    all
}

/// Joins pieces that are cut off to the streets near them. What is joined becomes restricted.
fn join_pieces(
    topology: &mut Topology,
    marks: &mut Vec<EdgeFlags>,
    cut_off: &BTreeMap<u32, Vec<usize>>,
    network: &[bool],
    report: &mut StreetsReport,
) {
    let Topology { classes, links, points } = &*topology;
    let takes = |n: usize| takes_legs(&classes[links[n].class as usize]);
    let pieces: Vec<Vec<Spot>> = cut_off
        .values()
        .map(|piece| {
            // A piece that is all below the ground or all indoors is joined by what it has.
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
    lay_legs(topology, marks, &legs);
}

/// The legs of one piece: the shortest, and others as far as they shorten the way.
fn choose_legs(probes: &[Spot], squares: &Squares, links: &[Link]) -> Vec<Leg> {
    let mut all: Vec<Leg> = probes
        .iter()
        .filter_map(|&from| squares.nearest(from.at, links).map(|(metres, to)| Leg { metres, from, to }))
        .collect();
    all.sort_by(|a, b| {
        a.metres.total_cmp(&b.metres).then((a.from.link, a.from.before).cmp(&(b.from.link, b.from.before)))
    });
    let mut chosen: Vec<Leg> = Vec::new();
    for leg in all {
        let by = |c: &Leg| chord_length_m(leg.from.at, c.from.at) * OFF_PATH + c.metres;
        if chosen.iter().all(|c| by(c) > leg.metres * 1.1 + WORTH_M) {
            chosen.push(leg);
        }
    }
    chosen
}

/// Cuts links where legs meet them, and lays the legs.
fn lay_legs(topology: &mut Topology, marks: &mut Vec<EdgeFlags>, legs: &[Leg]) {
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
    // The vertex at each end of each leg; cuts by link, in order along it.
    let mut vertices = vec![[0u32; 2]; legs.len()];
    let mut cuts: BTreeMap<usize, Vec<(Spot, usize, usize)>> = BTreeMap::new();
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
            // A place that is at the end of the link, or where it was cut already.
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

/// Gives links classes that say how they are marked.
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
fn lay_entries(topology: &mut Topology, marks: &[EdgeFlags]) {
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
