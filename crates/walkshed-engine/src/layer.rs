//! Fixed sets of points on the network (facilities, demand cells). The points are snapped once and grouped by the
//! vertices they are reached from, so that a search can read them off the vertices it has settled.

use crate::geo::Place;
use crate::hits::Hits;
use crate::network::Network;
use crate::parallel;
use crate::profile::Profile;
use crate::scratch::{Scratch, with_scratch};
use crate::search::{Scope, Search};
use crate::snap::{Snap, Unsnappable};
use crate::start::Start;
use crate::task::{self, Stopped};
use crate::units::{Deciseconds, Direction, VertexId};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// The points of a layer for one profile.
pub struct Snapped {
    /// By point; `None` if no street is near enough.
    pub snaps: Vec<Option<Snap>>,
    /// Points grouped by the vertex they are reached from, in CSR form: the index of the first entry of every vertex.
    pub(crate) first: OnceLock<Vec<u32>>,
    /// By direction: point and time from the vertex to the point, off-network leg included.
    pub(crate) entries: [OnceLock<Vec<(u32, Deciseconds)>>; 2],
}

impl Snapped {
    pub(crate) const fn new(snaps: Vec<Option<Snap>>) -> Self {
        Self { snaps, first: OnceLock::new(), entries: [OnceLock::new(), OnceLock::new()] }
    }

    fn by_vertex(&self, network: &Network, profile: Profile, direction: Direction) -> PointsByVertex<'_> {
        let first = self.first.get_or_init(|| first_entries(network, &self.snaps));
        let entries = self.entries[direction as usize]
            .get_or_init(|| group_by_vertex(network, &self.snaps, first, profile, direction));
        PointsByVertex { first, entries }
    }
}

/// Number of partial sums in [`PointLayer::sums_within`]. Constant, so that rounding does not depend on the machine.
const PARTIAL_SUMS: usize = 8;

/// Minimum number of points to snap per thread. Snapping a point takes about 5 us.
const MIN_POINTS_PER_THREAD: usize = 64;

/// The points of a layer for one profile and direction, grouped by vertex.
#[derive(Clone, Copy)]
pub(crate) struct PointsByVertex<'a> {
    first: &'a [u32],
    /// Point and time from the vertex to the point, off-network leg included.
    entries: &'a [(u32, Deciseconds)],
}

impl<'a> PointsByVertex<'a> {
    /// Returns the points reached from a vertex.
    #[inline]
    pub fn of(self, vertex: VertexId) -> &'a [(u32, Deciseconds)] {
        &self.entries[self.first[vertex.index()] as usize..self.first[vertex.index() + 1] as usize]
    }
}

/// A fixed set of points over one network. The tables of a profile are computed on first use.
///
/// ```
/// # let network = walkshed_testing::grid(10, 100.0);
/// use walkshed_engine::{Deciseconds, Direction, Hits, PointLayer, Profile, Search, Start};
///
/// let layer = PointLayer::new([(300.0, 0.0), (900.0, 900.0)].map(|(x, y)| walkshed_testing::at(x, y)).to_vec());
/// let profile = Profile::Adult;
/// let start = Start::new(&network, network.snap(walkshed_testing::at(0.0, 0.0), profile)?, profile);
///
/// let (mut search, mut hits) = (Search::new(), Hits::default());
/// search.run_from(&network, profile, Direction::From, &start, Deciseconds::from_minutes(10.0));
/// layer.collect(&network, &start, &search, &mut hits);
/// assert_eq!(hits.points(), [0]);
/// // 300 m at 4.8 km/h.
/// assert_eq!(hits.time(0).minutes(), 3.75);
/// # Ok::<(), walkshed_engine::Unsnappable>(())
/// ```
pub struct PointLayer {
    points: Vec<Place>,
    pub(crate) by_profile: ByProfile,
    /// For the same network with lengths as costs.
    by_length: ByProfile,
    /// The same points on the network before it was changed.
    base: Option<(Arc<Self>, Arc<Network>)>,
}

type ByProfile = [OnceLock<Snapped>; Profile::COUNT];

impl PointLayer {
    /// Creates a layer of points.
    #[must_use]
    pub fn new<P: Into<Place>>(points: Vec<P>) -> Self {
        let points = points.into_iter().map(Into::into).collect();
        Self { points, by_profile: Default::default(), by_length: Default::default(), base: None }
    }

    /// Returns the layer for a changed network ([`Network::with_changes`]), where `before` is the layer for `network`, the
    /// unchanged one. Only points near a change are snapped again.
    #[must_use]
    pub fn for_changed_network(before: &Arc<Self>, network: &Arc<Network>) -> Self {
        Self { base: Some((before.clone(), network.clone())), ..Self::new(before.points.clone()) }
    }

    /// Returns a layer of other points over the same network. Computes the tables that this layer has computed; points
    /// that are in both layers are not snapped again.
    #[must_use]
    pub fn with_points(&self, network: &Network, points: Vec<Place>) -> Self {
        // After a removal the later points have moved; after an addition all have kept their index.
        let same_index = points.len() >= self.points.len();
        let old_index: HashMap<Place, usize> =
            if same_index { HashMap::new() } else { self.points.iter().enumerate().map(|(i, &p)| (p, i)).collect() };
        let find_old = |i: usize, p: Place| {
            if self.points.get(i) == Some(&p) { Some(i) } else { old_index.get(&p).copied() }
        };
        let next = Self::new(points);
        for profile in Profile::ALL {
            let Some(old) = self.by_profile[profile.index()].get() else { continue };
            let snap = |(i, &p): (usize, &Place)| match find_old(i, p) {
                Some(i) => old.snaps[i],
                None => network.snap(p, profile).ok(),
            };
            let snaps: Vec<Option<Snap>> = next.points.iter().enumerate().map(snap).collect();
            let snapped = next.by_profile[profile.index()].get_or_init(|| Snapped::new(snaps));
            let prepare = |direction: Direction| {
                if old.entries[direction as usize].get().is_some() {
                    snapped.by_vertex(network, profile, direction);
                }
            };
            parallel::both(|| prepare(Direction::From), || prepare(Direction::Towards));
        }
        next
    }

    /// Returns the points.
    #[must_use]
    pub fn points(&self) -> &[Place] {
        &self.points
    }

    /// Returns the points as snapped for a profile.
    pub fn snapped(&self, network: &Network, profile: Profile) -> &Snapped {
        let tables = if network.counts_lengths() { &self.by_length } else { &self.by_profile };
        tables[profile.index()].get_or_init(|| {
            // Snapping does not depend on whether costs are times or lengths.
            let snaps = match (self.by_profile[profile.index()].get(), &self.base) {
                (Some(snapped), _) => snapped.snaps.clone(),
                (None, Some((layer, base_network))) => {
                    let base_snaps: Vec<(Place, Option<Snap>)> = self
                        .points
                        .iter()
                        .copied()
                        .zip(layer.snapped(base_network, profile).snaps.iter().copied())
                        .collect();
                    let update = |(p, snap): &(Place, Option<Snap>)| {
                        if network.needs_snapping(*p, snap.as_ref(), profile) {
                            network.snap(*p, profile).ok()
                        } else {
                            *snap
                        }
                    };
                    parallel::map(&base_snaps, MIN_POINTS_PER_THREAD, update)
                }
                (None, None) => parallel::map(&self.points, MIN_POINTS_PER_THREAD, |&p| network.snap(p, profile).ok()),
            };
            Snapped::new(snaps)
        })
    }

    /// Returns the points of the given indices as starts of searches; `None` for points that cannot be snapped.
    #[must_use]
    pub fn starts(&self, network: &Network, profile: Profile, points: &[u32]) -> Vec<Option<Start>> {
        let snapped = self.snapped(network, profile);
        let start = |&p: &u32| Some(Start::new(network, snapped.snaps[p as usize]?, profile));
        points.iter().map(start).collect()
    }

    /// Returns why a point cannot be snapped, or `None` if it can.
    #[must_use]
    pub fn snap_error(&self, network: &Network, profile: Profile, point: usize) -> Option<Unsnappable> {
        network.snap(*self.points.get(point)?, profile).err()
    }

    /// Computes the tables that queries of a profile and direction need.
    pub fn prepare(&self, network: &Network, profile: Profile, direction: Direction) {
        self.by_vertex(network, profile, direction);
    }

    fn by_vertex(&self, network: &Network, profile: Profile, direction: Direction) -> (&Snapped, PointsByVertex<'_>) {
        let snapped = self.snapped(network, profile);
        (snapped, snapped.by_vertex(network, profile, direction))
    }

    /// Returns, for every vertex, the sum of `weights` over the points within `limit` of it. With [`Direction::From`],
    /// people travel from the vertex to the points.
    ///
    /// Runs one search from each point in the opposite direction, on all cores, since there are fewer points than
    /// vertices. The order of summation does not depend on the number of cores.
    ///
    /// # Errors
    /// Returns [`Stopped`] if the current task is stopped.
    pub fn sums_within(
        &self,
        network: &Network,
        profile: Profile,
        direction: Direction,
        limit: Deciseconds,
        weights: &[f64],
    ) -> Result<Vec<f64>, Stopped> {
        let (snapped, reverse) = (self.snapped(network, profile), direction.reversed());
        let points: Vec<(Start, f64)> = snapped
            .snaps
            .iter()
            .zip(weights)
            .filter(|(_, weight)| **weight != 0.0)
            .filter_map(|(snap, weight)| Some((Start::new(network, (*snap)?, profile), *weight)))
            .collect();
        let vertices = network.vertices().len();
        let chunks: Vec<&[(Start, f64)]> = points.chunks(points.len().div_ceil(PARTIAL_SUMS).max(1)).collect();
        let parts: Vec<Vec<f64>> = parallel::try_map(&chunks, 1, |part| {
            let mut sums = vec![0.0; vertices];
            for (start, weight) in *part {
                with_scratch(|Scratch { search, .. }| {
                    search.run_from(network, profile, reverse, start, limit);
                    for &v in search.reached() {
                        sums[v as usize] += weight;
                    }
                    task::work(search.reached().len())
                })?;
            }
            Ok::<_, Stopped>(sums)
        })?;
        let mut totals = vec![0.0; vertices];
        for part in parts {
            for (total, sum) in totals.iter_mut().zip(part) {
                *total += sum;
            }
        }
        Ok(totals)
    }

    /// Collects the points within the limit of a search into `hits`. The search must have been run from `start` on this
    /// network.
    pub fn collect(&self, network: &Network, start: &Start, search: &Search, hits: &mut Hits) {
        hits.clear(self.points.len());
        let Some(Scope { profile, direction, limit }) = search.scope() else { return };
        let entries = self.entries(network, profile, direction);
        for &v in search.reached() {
            let points = entries.of(VertexId(v));
            if points.is_empty() {
                continue;
            }
            let time = search.time(VertexId(v));
            for &(point, leg) in points {
                hits.offer(point, time + leg, Some(VertexId(v)), limit);
            }
        }
        self.on_start_edge(network, start, profile, direction, |point, time| hits.offer(point, time, None, limit));
    }

    /// Visits the points on the edge of a start, which are reached without passing a vertex.
    pub(crate) fn on_start_edge(
        &self,
        network: &Network,
        start: &Start,
        profile: Profile,
        direction: Direction,
        mut visit: impl FnMut(u32, Deciseconds),
    ) {
        let (snapped, by_vertex) = self.by_vertex(network, profile, direction);
        let edge = network.edge(start.snap.edge);
        let params = network.profiles().get(profile);
        for vertex in [edge.tail, edge.head] {
            for &(point, _) in by_vertex.of(vertex) {
                if let Some(snap) = &snapped.snaps[point as usize] {
                    let along = start.snap.along_edge(snap, network, profile, direction);
                    if along.is_some() {
                        visit(point, start.off + along + params.off_network_time(snap.off_m));
                    }
                }
            }
        }
    }

    /// Returns the points by the vertex they are reached from.
    pub(crate) fn entries(&self, network: &Network, profile: Profile, direction: Direction) -> PointsByVertex<'_> {
        self.by_vertex(network, profile, direction).1
    }
}

/// Returns the index of the first entry of every vertex, followed by the number of entries. A point is reached from both ends
/// of its edge.
fn first_entries(network: &Network, snaps: &[Option<Snap>]) -> Vec<u32> {
    let mut first = vec![0u32; network.vertices().len() + 1];
    for snap in snaps.iter().flatten() {
        let edge = network.edge(snap.edge);
        first[edge.tail.index() + 1] += 1;
        first[edge.head.index() + 1] += 1;
    }
    for v in 1..first.len() {
        first[v] += first[v - 1];
    }
    first
}

/// Groups the points by vertex. The points of a vertex are in ascending order.
fn group_by_vertex(
    network: &Network,
    snaps: &[Option<Snap>],
    first: &[u32],
    profile: Profile,
    direction: Direction,
) -> Vec<(u32, Deciseconds)> {
    let params = network.profiles().get(profile);
    let mut next = first.to_vec();
    let mut entries = vec![(0u32, Deciseconds::NEVER); first.last().copied().unwrap_or_default() as usize];
    for (point, snap) in (0u32..).zip(snaps) {
        let Some(snap) = snap else { continue };
        let (edge, off) = (network.edge(snap.edge), params.off_network_time(snap.off_m));
        let ends = snap.from_ends(network, profile, direction);
        for (vertex, time) in [(edge.tail, ends[0]), (edge.head, ends[1])] {
            // Keep ends that the point cannot be reached from: a place on the same edge finds the point by them.
            let index = &mut next[vertex.index()];
            entries[*index as usize] = (point, time + off);
            *index += 1;
        }
    }
    entries
}
