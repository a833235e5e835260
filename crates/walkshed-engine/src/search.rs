//! The one search: bounded one-to-many, by a bucket queue, over scratch that is kept and never cleared in full.
//! Nearby, walkshed, matrix and route are all this search with other ends.

use super::file::Network;
use super::profile::Profile;
use super::queue::BucketQueue;
use super::snap::Snap;
use super::units::{Deciseconds, Direction, VertexId};
use super::zone::WayOut;
use std::ops::Deref;

const NONE: u32 = u32::MAX;

/// Where a search begins: a vertex and the time already spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed {
    pub vertex: VertexId,
    pub time: Deciseconds,
}

/// A place as the beginning of a search: on the network, with the time of the leg to the street.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Start {
    pub snap: Snap,
    pub off: Deciseconds,
}

impl Start {
    /// A place on the network, its off-network leg at the profile's off-network speed.
    #[must_use]
    pub fn new(network: &Network, snap: Snap, profile: Profile) -> Self {
        Self { snap, off: network.profiles().get(profile).off_network_time(snap.off_m) }
    }

    /// Where a search from the place begins: the two ends of its edge, or, in a restricted zone, every junction that is
    /// reached without leaving the zone and the streets outside its gates, within `limit`.
    #[must_use]
    pub fn seeds(&self, network: &Network, profile: Profile, direction: Direction, limit: Deciseconds) -> Seeds {
        if network.edge(self.snap.edge).is_restricted() {
            Seeds::Zone(WayOut::find(network, profile, direction, self, limit).seeds)
        } else {
            Seeds::Ends(self.ends(network, profile, direction))
        }
    }

    /// The two ends of the place's edge, as far as they can be reached.
    pub(super) fn ends(&self, network: &Network, profile: Profile, direction: Direction) -> [Seed; 2] {
        let edge = network.edge(self.snap.edge);
        let [tail, head] = self.snap.to_ends(network, profile, direction);
        [Seed { vertex: edge.tail, time: self.off + tail }, Seed { vertex: edge.head, time: self.off + head }]
    }
}

/// Where a search begins. On open streets nothing is allocated.
#[derive(Debug, Clone)]
pub enum Seeds {
    /// The ends of the place's edge.
    Ends([Seed; 2]),
    /// What is reached within the restricted zone of the place, and the streets outside its gates.
    Zone(Vec<Seed>),
}

impl Deref for Seeds {
    type Target = [Seed];

    fn deref(&self) -> &[Seed] {
        match self {
            Self::Ends(ends) => ends,
            Self::Zone(all) => all,
        }
    }
}

/// A search with the scratch it owns. Make one a thread, run it many times.
#[derive(Default)]
pub struct Search {
    /// Time of every vertex; [`Deciseconds::NEVER`] outside the last run.
    times: Vec<Deciseconds>,
    /// The arc by which each vertex was reached.
    parents: Vec<u32>,
    touched: Vec<u32>,
    queue: BucketQueue<u32>,
}

impl Search {
    /// Empty scratch; it takes the size of the network at the first run.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Finds all vertices within `limit` of the seeds (`t <= limit`).
    pub fn run(
        &mut self,
        network: &Network,
        profile: Profile,
        direction: Direction,
        seeds: &[Seed],
        limit: Deciseconds,
    ) {
        self.run_until(network, profile, direction, seeds, limit, |_, _| false);
    }

    /// As [`Search::run`], but ends when `stop` says so of a vertex just reached for good.
    pub fn run_until(
        &mut self,
        network: &Network,
        profile: Profile,
        direction: Direction,
        seeds: &[Seed],
        limit: Deciseconds,
        mut stop: impl FnMut(VertexId, Deciseconds) -> bool,
    ) {
        for &v in &self.touched {
            self.times[v as usize] = Deciseconds::NEVER;
        }
        self.touched.clear();
        let first_arc = network.first_arc();
        let (heads, costs) = (network.arc_heads(), network.costs(profile, direction));
        let vertices = first_arc.len() - 1;
        if self.times.len() != vertices {
            self.times.clear();
            self.times.resize(vertices, Deciseconds::NEVER);
            self.parents.resize(vertices, NONE);
        }
        self.queue.start(limit.0);
        for seed in seeds {
            let best = &mut self.times[seed.vertex.index()];
            if seed.time <= limit && seed.time < *best {
                if !best.is_some() {
                    self.touched.push(seed.vertex.0);
                }
                *best = seed.time;
                self.parents[seed.vertex.index()] = NONE;
                self.queue.push(seed.time.0, seed.vertex.0);
            }
        }
        let mut stopped = false;
        while let Some((time, v)) = self.queue.pop() {
            if self.times[v as usize].0 != time {
                continue;
            }
            if stop(VertexId(v), Deciseconds(time)) {
                stopped = true;
                break;
            }
            let arcs = first_arc[v as usize] as usize..first_arc[v as usize + 1] as usize;
            for (arc, (&head, cost)) in arcs.clone().zip(heads[arcs.clone()].iter().zip(&costs[arcs])) {
                // A barred arc costs u32::MAX, which saturates past every limit.
                let t = time.saturating_add(cost.0);
                let best = &mut self.times[head as usize];
                if t <= limit.0 && t < best.0 {
                    if !best.is_some() {
                        self.touched.push(head);
                    }
                    *best = Deciseconds(t);
                    self.parents[head as usize] = arc as u32;
                    self.queue.push(t, head);
                }
            }
        }
        if stopped {
            self.queue.drain();
        }
    }

    /// The time of a vertex in the last run, [`Deciseconds::NEVER`] when it was not reached.
    #[must_use]
    pub fn time(&self, vertex: VertexId) -> Deciseconds {
        self.times[vertex.index()]
    }

    /// The arc by which a vertex was reached; `None` for seeds. Meaningful only for reached vertices.
    #[must_use]
    pub fn parent_arc(&self, vertex: VertexId) -> Option<u32> {
        Some(self.parents[vertex.index()]).filter(|&a| a != NONE)
    }

    /// The vertices reached by the last run, in no particular order.
    #[must_use]
    pub fn reached(&self) -> &[u32] {
        &self.touched
    }
}
