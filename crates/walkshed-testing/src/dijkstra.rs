//! The reference implementation: a textbook Dijkstra with a binary heap on an adjacency list. It shares only the tables of
//! the network with the engine.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use walkshed_engine::{Direction, Network, Profile, Start};

/// Returns the times in deciseconds from `start` to each of `ends` (or to `start`, for `Towards`); `None` beyond the limit.
pub fn times(
    network: &Network,
    profile: Profile,
    direction: Direction,
    start: &Start,
    ends: &[Start],
    limit: u32,
) -> Vec<Option<u32>> {
    Reference::new(network, profile, direction).times(start, ends, limit)
}

/// Parts of a trip: in the restricted zone where it starts, on open streets, in the restricted zone where it ends.
const FIRST_ZONE: u8 = 0;
const OPEN: u8 = 1;
const LAST_ZONE: u8 = 2;

/// A part of a trip and a vertex.
type State = (u8, u32);
/// Tail, head, cost from tail to head and from head to tail in search direction, and whether the edge is restricted.
type EdgeCosts = (u32, u32, Option<u32>, Option<u32>, bool);

/// The adjacency list of one profile and direction, for many queries. It contains each vertex of the network once for each
/// part of a trip: R* M* R*, where R is a restricted edge and M any other edge.
pub struct Reference {
    next: HashMap<State, Vec<(State, u32)>>,
    /// By edge.
    edges: BTreeMap<u32, EdgeCosts>,
}

impl Reference {
    pub fn new(network: &Network, profile: Profile, direction: Direction) -> Self {
        let mut next: HashMap<State, Vec<(State, u32)>> = HashMap::new();
        let mut edges = BTreeMap::new();
        for id in network.edge_ids() {
            let edge = network.edge(id);
            let (tail, head) = (edge.tail.0, edge.head.0);
            if edge.is_entry() {
                next.entry((FIRST_ZONE, head)).or_default().push(((OPEN, tail), 0));
                next.entry((OPEN, tail)).or_default().push(((LAST_ZONE, head), 0));
                continue;
            }
            // Read only the forward table and reverse it here, to test the engine's reverse table.
            let table = network.costs(profile, Direction::From);
            let cost = |arc: u32| Some(table[arc as usize].0).filter(|&c| c != u32::MAX);
            let (ahead, back) = (cost(edge.arcs[0]), cost(edge.arcs[1]));
            let (out, home) = if direction == Direction::From { (ahead, back) } else { (back, ahead) };
            edges.insert(id.0, (tail, head, out, home, edge.is_restricted()));
            let parts: &[u8] = if edge.is_restricted() { &[FIRST_ZONE, LAST_ZONE] } else { &[OPEN] };
            for &part in parts {
                if let Some(c) = out {
                    next.entry((part, tail)).or_default().push(((part, head), c));
                }
                if let Some(c) = home {
                    next.entry((part, head)).or_default().push(((part, tail), c));
                }
            }
        }
        Self { next, edges }
    }

    pub fn times(&self, start: &Start, ends: &[Start], limit: u32) -> Vec<Option<u32>> {
        let share = |cost: Option<u32>, part: f64| cost.map(|c| (f64::from(c) * part).round() as u32);
        let (tail, head, out, home, is_restricted) = self.edges[&start.snap.edge.0];
        let f = start.snap.fraction;
        let first = if is_restricted { FIRST_ZONE } else { OPEN };
        let mut heap = BinaryHeap::new();
        let mut done: HashMap<State, u32> = HashMap::new();
        if let Some(c) = share(out, 1.0 - f) {
            heap.push(Reverse((start.off.0 + c, (first, head))));
        }
        if let Some(c) = share(home, f) {
            heap.push(Reverse((start.off.0 + c, (first, tail))));
        }
        while let Some(Reverse((time, v))) = heap.pop() {
            if time > limit || done.contains_key(&v) {
                continue;
            }
            done.insert(v, time);
            for &(w, cost) in self.next.get(&v).map_or(&[][..], Vec::as_slice) {
                heap.push(Reverse((time + cost, w)));
            }
        }
        ends.iter()
            .map(|end| {
                let (tail, head, out, home, is_restricted) = self.edges[&end.snap.edge.0];
                let g = end.snap.fraction;
                let parts: &[u8] = if is_restricted { &[FIRST_ZONE, LAST_ZONE] } else { &[OPEN] };
                let reached = |v: u32| parts.iter().filter_map(|&part| done.get(&(part, v)).copied()).min();
                let by_tail = reached(tail).zip(share(out, g)).map(|(t, c)| t + c);
                let by_head = reached(head).zip(share(home, 1.0 - g)).map(|(t, c)| t + c);
                let along = if end.snap.edge != start.snap.edge {
                    None
                } else if g >= f {
                    share(out, g - f)
                } else {
                    share(home, f - g)
                }
                .map(|c| start.off.0 + c);
                [by_tail, by_head, along].into_iter().flatten().min().map(|t| t + end.off.0).filter(|&t| t <= limit)
            })
            .collect()
    }
}
