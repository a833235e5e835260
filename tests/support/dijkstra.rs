//! The slow, obvious reference: a textbook Dijkstra with a binary heap on an adjacency list, in which the places
//! themselves are vertices spliced into their edges. It shares nothing with the engine but the tables of the network.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use walkshed::network::{Direction, Network, Profile, Start};

/// Times in deciseconds from `start` to each of `ends` (or to `start`, for `Towards`); `None` past the limit.
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

/// The adjacency list of one profile and direction, kept over many questions.
pub struct Reference {
    next: HashMap<u32, Vec<(u32, u32)>>,
    /// By edge: tail, head, and the cost from tail to head and back in the search's sense.
    edges: BTreeMap<u32, (u32, u32, Option<u32>, Option<u32>)>,
}

impl Reference {
    pub fn new(network: &Network, profile: Profile, direction: Direction) -> Self {
        let mut next: HashMap<u32, Vec<(u32, u32)>> = HashMap::new();
        let mut edges = BTreeMap::new();
        for id in network.edge_ids() {
            let edge = network.edge(id);
            // Read the forward table only, and turn it round by hand for the reverse direction.
            let table = network.costs(profile, Direction::From);
            let known = |arc: u32| Some(table[arc as usize].0).filter(|&c| c != u32::MAX);
            let (ahead, back) = (known(edge.arcs[0]), known(edge.arcs[1]));
            let (out, home) = if direction == Direction::From { (ahead, back) } else { (back, ahead) };
            edges.insert(id.0, (edge.tail.0, edge.head.0, out, home));
            if let Some(c) = out {
                next.entry(edge.tail.0).or_default().push((edge.head.0, c));
            }
            if let Some(c) = home {
                next.entry(edge.head.0).or_default().push((edge.tail.0, c));
            }
        }
        Self { next, edges }
    }

    pub fn times(&self, start: &Start, ends: &[Start], limit: u32) -> Vec<Option<u32>> {
        let share = |cost: Option<u32>, part: f64| cost.map(|c| (f64::from(c) * part).round() as u32);
        let (tail, head, out, home) = self.edges[&start.snap.edge.0];
        let f = start.snap.fraction;
        let mut heap = BinaryHeap::new();
        let mut done: HashMap<u32, u32> = HashMap::new();
        if let Some(c) = share(out, 1.0 - f) {
            heap.push(Reverse((start.off.0 + c, head)));
        }
        if let Some(c) = share(home, f) {
            heap.push(Reverse((start.off.0 + c, tail)));
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
                let (tail, head, out, home) = self.edges[&end.snap.edge.0];
                let g = end.snap.fraction;
                let by_tail = done.get(&tail).copied().zip(share(out, g)).map(|(t, c)| t + c);
                let by_head = done.get(&head).copied().zip(share(home, 1.0 - g)).map(|(t, c)| t + c);
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
