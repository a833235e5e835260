//! The way out of a restricted zone.
//!
//! A trip may begin and end in restricted zones (gated compounds, private roads, pieces that only an off-network leg
//! joins), and runs on open streets in between: R* M* R*, where R are restricted edges and M all others. The builder
//! gives zones junctions of their own; at each of them where a street is met, an entry edge leads from the street's
//! junction into the zone. In the tables of costs an entry can be passed inwards alone, so that an ordinary search goes
//! into zones and ends there: that is M* R*. What is missing is the first R*, from a place inside to the streets: this
//! search, whose result are the seeds of the ordinary one.

use super::file::Network;
use super::profile::Profile;
use super::search::{Seed, Start};
use super::units::{Deciseconds, Direction, EdgeId, VertexId};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// What is reached from a place in a restricted zone without leaving it, and the streets at its gates.
#[derive(Debug, Default)]
pub(super) struct WayOut {
    /// Junctions of the zone and those of the streets outside its gates, with their times.
    pub seeds: Vec<Seed>,
    /// The arc by which each was reached.
    parents: HashMap<u32, u32>,
}

impl WayOut {
    /// Searches from a place on a restricted edge; `t <= limit`.
    pub(super) fn find(
        network: &Network,
        profile: Profile,
        direction: Direction,
        start: &Start,
        limit: Deciseconds,
    ) -> Self {
        let (first_arc, heads, arc_edges) = (network.first_arc(), network.arc_heads(), network.arc_edges());
        let costs = network.costs(profile, direction);
        let mut way = Self::default();
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
            way.seeds.push(Seed { vertex: VertexId(v), time });
            for arc in first_arc[v as usize]..first_arc[v as usize + 1] {
                let half = arc_edges[arc as usize];
                let edge = network.edge(EdgeId(half / 2));
                // Junctions of the streets have no restricted edges: the search ends there.
                if !edge.is_restricted() || edge.is_entry() && half % 2 == 0 {
                    continue;
                }
                let cost = if edge.is_entry() { Deciseconds(0) } else { costs[arc as usize] };
                let (head, next) = (heads[arc as usize], time + cost);
                if next <= limit && cost.is_some() && best.get(&head).is_none_or(|&known| next < known) {
                    best.insert(head, next);
                    way.parents.insert(head, arc);
                    queue.push(Reverse((next, head)));
                }
            }
        }
        way
    }

    /// The arc by which a junction was reached, `None` for the ends of the place's own edge.
    pub(super) fn parent_arc(&self, vertex: VertexId) -> Option<u32> {
        self.parents.get(&vertex.0).copied()
    }
}
