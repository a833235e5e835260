//! The shortest-path search: Dijkstra's algorithm, one-to-many, bounded by a time limit, with a bucket queue. Scratch
//! space is reused and never cleared in full. Nearby queries, walksheds, matrices and routes all use this search.

use crate::network::Network;
use crate::profile::Profile;
use crate::queue::BucketQueue;
use crate::start::{Seed, Start};
use crate::units::{Deciseconds, Direction, VertexId};

const NONE: u32 = u32::MAX;

/// Who travels in a search, in which direction, and for how long at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scope {
    pub profile: Profile,
    pub direction: Direction,
    pub limit: Deciseconds,
}

/// What a search knows of a vertex.
#[derive(Debug, Clone, Copy)]
struct Label {
    /// [`Deciseconds::NEVER`] if the last run has not reached the vertex.
    time: Deciseconds,
    /// The arc by which the vertex was reached, or [`NONE`].
    parent: u32,
}

const UNREACHED: Label = Label { time: Deciseconds::NEVER, parent: NONE };

/// A search with its scratch space. Create one for each thread and run it many times. A run allocates memory only if the
/// network, the limit or the number of vertices reached is larger than in all runs before.
///
/// ```
/// # use walkshed_engine::{Deciseconds, Direction, Profile, Search, Start};
/// # let network = walkshed_testing::grid(10, 100.0);
/// let place = walkshed_testing::at(400.0, 400.0);
/// let profile = Profile::Adult;
/// let start = Start::new(&network, network.snap(place, profile)?, profile);
///
/// let mut search = Search::new();
/// search.run_from(&network, profile, Direction::From, &start, Deciseconds::from_minutes(5.0));
///
/// // On level ground an adult walks 400 m in five minutes: 41 junctions of a grid of 100 m.
/// assert_eq!(search.reached().len(), 41);
/// # Ok::<(), walkshed_engine::Unsnappable>(())
/// ```
#[derive(Default)]
pub struct Search {
    /// The scope of the last run.
    scope: Option<Scope>,
    /// By vertex. Time and arc are read and written together, so they share a cache line.
    labels: Vec<Label>,
    touched: Vec<u32>,
    queue: BucketQueue<u32>,
}

impl Search {
    /// Creates empty scratch space. The first run adapts it to the size of the network.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Finds all vertices with a time of at most `limit` from (for [`Direction::Towards`]: to) a place.
    pub fn run_from(
        &mut self,
        network: &Network,
        profile: Profile,
        direction: Direction,
        start: &Start,
        limit: Deciseconds,
    ) {
        self.run(network, profile, direction, &start.seeds(network, profile, direction, limit), limit);
    }

    /// Finds all vertices with a time of at most `limit` from (for [`Direction::Towards`]: to) the seeds.
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

    /// Runs a search as [`Search::run`] does, but ends as soon as `stop` returns true for a settled vertex and its time.
    pub fn run_until(
        &mut self,
        network: &Network,
        profile: Profile,
        direction: Direction,
        seeds: &[Seed],
        limit: Deciseconds,
        mut stop: impl FnMut(VertexId, Deciseconds) -> bool,
    ) {
        self.scope = Some(Scope { profile, direction, limit });
        for &v in &self.touched {
            self.labels[v as usize] = UNREACHED;
        }
        self.touched.clear();
        let first_arc = network.first_arc();
        let (heads, costs) = (network.arc_heads(), network.costs(profile, direction));
        let vertices = first_arc.len() - 1;
        if self.labels.len() != vertices {
            self.labels.clear();
            self.labels.resize(vertices, UNREACHED);
        }
        self.queue.start(limit.0);
        for seed in seeds {
            let best = &mut self.labels[seed.vertex.index()];
            if seed.time <= limit && seed.time < best.time {
                if !best.time.is_some() {
                    self.touched.push(seed.vertex.0);
                }
                *best = Label { time: seed.time, parent: NONE };
                self.queue.push(seed.time.0, seed.vertex.0);
            }
        }
        let mut stopped = false;
        while let Some((time, v)) = self.queue.pop() {
            if self.labels[v as usize].time.0 != time {
                continue;
            }
            if stop(VertexId(v), Deciseconds(time)) {
                stopped = true;
                break;
            }
            let arcs = first_arc[v as usize] as usize..first_arc[v as usize + 1] as usize;
            for (arc, (&head, cost)) in arcs.clone().zip(heads[arcs.clone()].iter().zip(&costs[arcs])) {
                // An unusable arc costs u32::MAX; the sum saturates and exceeds every limit.
                let t = time.saturating_add(cost.0);
                let best = &mut self.labels[head as usize];
                if t <= limit.0 && t < best.time.0 {
                    if !best.time.is_some() {
                        self.touched.push(head);
                    }
                    *best = Label { time: Deciseconds(t), parent: arc as u32 };
                    self.queue.push(t, head);
                }
            }
        }
        if stopped {
            self.queue.drain();
        }
    }

    /// Returns the scope of the last run, or `None` before the first.
    pub(crate) const fn scope(&self) -> Option<Scope> {
        self.scope
    }

    /// Returns the time of a vertex in the last run, or [`Deciseconds::NEVER`] if it was not reached.
    #[must_use]
    pub fn time(&self, vertex: VertexId) -> Deciseconds {
        self.labels[vertex.index()].time
    }

    /// Returns the arc by which a vertex was reached, or `None` for a seed. The result is meaningful for reached vertices
    /// only.
    #[must_use]
    pub fn parent_arc(&self, vertex: VertexId) -> Option<u32> {
        Some(self.labels[vertex.index()].parent).filter(|&a| a != NONE)
    }

    /// Returns the vertices reached by the last run, in no particular order.
    #[must_use]
    pub fn reached(&self) -> &[u32] {
        &self.touched
    }
}
