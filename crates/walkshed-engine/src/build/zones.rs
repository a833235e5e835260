//! Marks restricted zones and connects disconnected components.
//!
//! Three steps over the links, before vertices are numbered:
//!
//! 1. *Zones.* Within each component (private links included), the largest part connected by public links alone is
//!    open. Everything else is restricted: private ways and gates, and public ways that only they connect to the rest.
//!    Restricted links are passable at the start and end of a trip, not in between.
//! 2. *Disconnected components.* A component that does not count as a network of its own is connected to the nearest
//!    streets by off-network legs of at most [`MAX_LEG_M`](super::islands::MAX_LEG_M), travelled at the off-network
//!    speed. It is restricted too, so that no route passes through it.
//! 3. *Entries.* Where restricted and open links meet, the restricted ones get their own vertex, connected to the other
//!    by an entry (see [`crate`]'s `zone`).

use super::islands::connect_islands;
use super::topology::{Link, Topology};
use crate::access::{Access, EdgeFlags, Kind, Structure};
use crate::components::Components;
use crate::ground::Ground;
use crate::osm::WayClass;
use crate::polyline::length_m;
use crate::report::StreetsReport;
use std::collections::{BTreeMap, HashMap, HashSet};

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
pub(super) fn independent_networks(sizes: &BTreeMap<u32, (f64, f64)>, own_network_km: f64) -> HashSet<u32> {
    let most = sizes.values().map(|s| s.1).fold(0.0, f64::max);
    sizes.iter().filter(|(_, s)| s.0 >= own_network_km * 1000.0 || s.1 >= most / 2.0).map(|(&root, _)| root).collect()
}

/// Marks restricted zones and connects disconnected components.
pub(super) fn mark_zones(topology: &mut Topology, own_network_km: f64, report: &mut StreetsReport) {
    let lengths: Vec<f64> = topology.links.iter().map(|link| length_m(&link.shape)).collect();
    let Zones { mut marks, islands, network } = Zones::of(topology, &lengths, own_network_km);
    report.islands = islands.len() as u64;
    report.island_edges = islands.values().map(|links| links.len() as u64).sum();
    if !islands.is_empty() {
        connect_islands(topology, &mut marks, &islands, &network, report);
    }
    set_marks(topology, &marks);
    add_entries(topology, &marks);
}

struct Zones {
    /// By link: restricted or not.
    marks: Vec<EdgeFlags>,
    /// The links of each disconnected component.
    islands: BTreeMap<u32, Vec<usize>>,
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
        let own = independent_networks(&of_whole, own_network_km);
        let mut zones = Self { marks: Vec::new(), islands: BTreeMap::new(), network: Vec::new() };
        for (n, link) in links.iter().enumerate() {
            let (piece, root) = (whole.find(link.from), public.find(link.from));
            let is_open = !is_private(link) && open.get(&piece).is_some_and(|o| o.0 == root);
            zones.marks.push(if is_open { EdgeFlags::default() } else { EdgeFlags::RESTRICTED });
            zones.network.push(own.contains(&piece));
            if !own.contains(&piece) {
                zones.islands.entry(piece).or_default().push(n);
            }
        }
        zones
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
