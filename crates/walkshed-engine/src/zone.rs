//! The way out of a restricted zone.
//!
//! A trip may start and end in restricted zones (gated compounds, private roads, islands that only an off-network leg
//! connects) and uses open streets in between. Its edges have the form R* M* R*, where R is a restricted edge and M any
//! other edge. The builder gives each zone vertices of its own; where the zone meets a street, an entry edge leads from
//! the vertex of the street into the zone. In the cost tables an entry can only be passed inwards, so that an ordinary
//! search enters zones and ends there: this is M* R*. The search in this module handles the first R*, from a place in a
//! zone to the streets. Its results are the seeds of the ordinary search.

use crate::network::Network;
use crate::profile::Profile;
use crate::start::{Seed, Start};
use crate::units::{Deciseconds, Direction, EdgeId, VertexId};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// The vertices reached from a place in a restricted zone without leaving the zone, and those outside its gates.
#[derive(Debug, Default)]
pub(crate) struct ZoneExit {
    /// The vertices with their times.
    pub seeds: Vec<Seed>,
    /// The arc by which each was reached.
    parents: HashMap<u32, u32>,
}

impl ZoneExit {
    /// Searches from a place on a restricted edge, up to and including `limit`.
    pub(crate) fn find(
        network: &Network,
        profile: Profile,
        direction: Direction,
        start: &Start,
        limit: Deciseconds,
    ) -> Self {
        let (first_arc, heads, arc_edges) = (network.first_arc(), network.arc_heads(), network.arc_edges());
        let costs = network.costs(profile, direction);
        let mut exit = Self::default();
        let mut best: HashMap<u32, Deciseconds> = HashMap::new();
        let mut queue = BinaryHeap::new();
        for seed in start.ends(network, profile, direction) {
            let known = best.get(&seed.vertex.0).copied().unwrap_or(Deciseconds::NEVER);
            if seed.time <= limit && seed.time < known {
                best.insert(seed.vertex.0, seed.time);
                queue.push(Reverse((seed.time, seed.vertex.0)));
            }
        }
        while let Some(Reverse((time, v))) = queue.pop() {
            if best[&v] != time {
                continue;
            }
            exit.seeds.push(Seed { vertex: VertexId(v), time });
            for arc in first_arc[v as usize]..first_arc[v as usize + 1] {
                let half = arc_edges[arc as usize];
                let edge = network.edge(EdgeId(half / 2));
                // Vertices of open streets have no restricted edges: the search ends there.
                if !edge.is_restricted() || edge.is_entry() && half % 2 == 0 {
                    continue;
                }
                let cost = if edge.is_entry() { Deciseconds(0) } else { costs[arc as usize] };
                let (head, next) = (heads[arc as usize], time + cost);
                if next <= limit && cost.is_some() && best.get(&head).is_none_or(|&known| next < known) {
                    best.insert(head, next);
                    exit.parents.insert(head, arc);
                    queue.push(Reverse((next, head)));
                }
            }
        }
        exit
    }

    /// Returns the arc by which a vertex was reached, or `None` for the ends of the edge of the place.
    pub(crate) fn parent_arc(&self, vertex: VertexId) -> Option<u32> {
        self.parents.get(&vertex.0).copied()
    }
}
