//! Many points on the network at once (facilities, demand cells): snapped once, hung on the vertices they are reached
//! from, so that a search collects them as it goes.

use super::file::Network;
use super::overlay::is_touched;
use super::profile::Profile;
use super::search::{Search, Start};
use super::snap::{Snap, Unsnappable};
use super::units::{Deciseconds, Direction, VertexId};
use crate::geo::Place;
use crate::parallel;
use crate::task::{self, Stopped};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The points of a layer for one profile.
pub struct Snapped {
    /// By point; `None` where no street is near.
    pub snaps: Vec<Option<Snap>>,
    hung: [OnceLock<Hung>; 2],
}

/// Parts that sums over all points are added up in: always as many, so that rounding is the same everywhere.
const SUM_PARTS: usize = 8;
/// Points put on the streets that are worth another thread: some 5 us each.
const POINTS_A_THREAD: usize = 64;

/// Points by the vertex they are reached from, in CSR form.
struct Hung {
    first: Vec<u32>,
    /// Point and time from the vertex, off-network leg included.
    entries: Vec<(u32, Deciseconds)>,
}

/// A fixed set of points over one network. What a profile needs is made when it is first asked for.
pub struct PointLayer {
    points: Vec<Place>,
    by_profile: ByProfile,
    /// For the same streets with lengths counted.
    by_length: ByProfile,
    /// The same points over the streets before they were changed.
    before: Option<(Arc<Self>, Arc<Network>)>,
}

type ByProfile = [OnceLock<Snapped>; Profile::COUNT];

impl PointLayer {
    /// A layer of points.
    #[must_use]
    pub fn new<P: Into<Place>>(points: Vec<P>) -> Self {
        let points = points.into_iter().map(Into::into).collect();
        Self { points, by_profile: Default::default(), by_length: Default::default(), before: None }
    }

    /// The layer over streets that have been changed from those it is over ([`Network::with_changes`]): only points near
    /// a change are put on the streets again.
    #[must_use]
    pub fn over_changed(before: &Arc<Self>, network: &Arc<Network>) -> Self {
        Self { before: Some((before.clone(), network.clone())), ..Self::new(before.points.clone()) }
    }

    /// The layer of other points over the same network. What was made ready for this one is ready for that one too, and
    /// points that were there already are not put on the streets again.
    #[must_use]
    pub fn with_points(&self, network: &Network, points: Vec<Place>) -> Self {
        // Where one was taken out, those after it have moved up; where one was added, all are in their places.
        let in_place = points.len() >= self.points.len();
        let known: HashMap<Place, usize> =
            if in_place { HashMap::new() } else { self.points.iter().enumerate().map(|(i, &p)| (p, i)).collect() };
        let same = |i: usize, p: Place| {
            if self.points.get(i) == Some(&p) { Some(i) } else { known.get(&p).copied() }
        };
        let next = Self::new(points);
        for profile in Profile::ALL {
            let Some(old) = self.by_profile[profile.index()].get() else { continue };
            let snap = |(i, &p): (usize, &Place)| match same(i, p) {
                Some(i) => old.snaps[i],
                None => network.snap(p, profile).ok(),
            };
            let snaps: Vec<Option<Snap>> = next.points.iter().enumerate().map(snap).collect();
            let snapped = next.by_profile[profile.index()].get_or_init(|| Snapped { snaps, hung: Default::default() });
            let ready = |direction: Direction| {
                if old.hung[direction as usize].get().is_some() {
                    snapped.hung[direction as usize].get_or_init(|| hang(network, &snapped.snaps, profile, direction));
                }
            };
            parallel::both(|| ready(Direction::From), || ready(Direction::Towards));
        }
        next
    }

    /// The points themselves.
    #[must_use]
    pub fn points(&self) -> &[Place] {
        &self.points
    }

    /// The layer as one profile sees it.
    pub fn snapped(&self, network: &Network, profile: Profile) -> &Snapped {
        let made = if network.counts_lengths() { &self.by_length } else { &self.by_profile };
        made[profile.index()].get_or_init(|| {
            // Where a point is put on a street does not depend on what is counted along it.
            let snaps = match (self.by_profile[profile.index()].get(), &self.before) {
                (Some(known), _) => known.snaps.clone(),
                (None, Some((layer, streets))) => {
                    let known: Vec<(Place, Option<Snap>)> = self
                        .points
                        .iter()
                        .copied()
                        .zip(layer.snapped(streets, profile).snaps.iter().copied())
                        .collect();
                    let again = |(p, snap): &(Place, Option<Snap>)| {
                        if is_touched(network, *p, snap.as_ref(), profile) {
                            network.snap(*p, profile).ok()
                        } else {
                            *snap
                        }
                    };
                    parallel::map(&known, POINTS_A_THREAD, again)
                }
                (None, None) => parallel::map(&self.points, POINTS_A_THREAD, |&p| network.snap(p, profile).ok()),
            };
            Snapped { snaps, hung: Default::default() }
        })
    }

    /// The points as beginnings of searches; `None` for those on no street.
    #[must_use]
    pub fn starts(&self, network: &Network, profile: Profile, points: &[u32]) -> Vec<Option<Start>> {
        let snapped = self.snapped(network, profile);
        let start = |&p: &u32| Some(Start::new(network, snapped.snaps[p as usize]?, profile));
        points.iter().map(start).collect()
    }

    /// Why a point could not be snapped.
    #[must_use]
    pub fn why_not(&self, network: &Network, profile: Profile, point: usize) -> Option<Unsnappable> {
        network.snap(*self.points.get(point)?, profile).err()
    }

    /// Makes ready what queries of a profile and direction need.
    pub fn prepare(&self, network: &Network, profile: Profile, direction: Direction) {
        self.hung(network, profile, direction);
    }

    fn hung(&self, network: &Network, profile: Profile, direction: Direction) -> (&Snapped, &Hung) {
        let snapped = self.snapped(network, profile);
        let hung = snapped.hung[direction as usize].get_or_init(|| hang(network, &snapped.snaps, profile, direction));
        (snapped, hung)
    }

    /// For every junction the sum of `weights` over the points within `limit` of it: with [`Direction::From`] people go from the
    /// junction to the points. One search from each point, turned round, on all cores: there are fewer points than
    /// junctions, and the sums come in the same order whatever the number of cores.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn sums_within(
        &self,
        network: &Network,
        profile: Profile,
        direction: Direction,
        limit: Deciseconds,
        weights: &[f64],
    ) -> Result<Vec<f64>, Stopped> {
        let (snapped, turned) = (self.snapped(network, profile), direction.turned());
        let points: Vec<(Start, f64)> = snapped
            .snaps
            .iter()
            .zip(weights)
            .filter(|(_, weight)| **weight != 0.0)
            .filter_map(|(snap, weight)| Some((Start::new(network, (*snap)?, profile), *weight)))
            .collect();
        let junctions = network.vertices().len();
        let chunks: Vec<&[(Start, f64)]> = points.chunks(points.len().div_ceil(SUM_PARTS).max(1)).collect();
        let parts: Vec<Vec<f64>> = parallel::try_map(&chunks, 1, |part| {
            let mut sums = vec![0.0; junctions];
            for (start, weight) in *part {
                with_scratch(|Scratch { search, .. }| {
                    search.run(network, profile, turned, &start.seeds(network, profile, turned, limit), limit);
                    for &v in search.reached() {
                        sums[v as usize] += weight;
                    }
                    task::work(search.reached().len())
                })?;
            }
            Ok::<_, Stopped>(sums)
        })?;
        let mut all = vec![0.0; junctions];
        for part in parts {
            for (sum, more) in all.iter_mut().zip(part) {
                *sum += more;
            }
        }
        Ok(all)
    }

    /// Collects the points within `limit` of where `search` has just been run from.
    #[expect(clippy::too_many_arguments, reason = "what a search was run with, and where its answer goes")]
    pub fn collect(
        &self,
        network: &Network,
        profile: Profile,
        direction: Direction,
        start: &Start,
        search: &Search,
        limit: Deciseconds,
        hits: &mut Hits,
    ) {
        let (snapped, hung) = self.hung(network, profile, direction);
        hits.clear(self.points.len());
        for &v in search.reached() {
            let range = hung.first[v as usize] as usize..hung.first[v as usize + 1] as usize;
            if range.is_empty() {
                continue;
            }
            let time = search.time(VertexId(v));
            for &(point, leg) in &hung.entries[range] {
                hits.offer(point, time + leg, Some(VertexId(v)), limit);
            }
        }
        // Points on the place's own edge are reached without passing a vertex.
        let edge = network.edge(start.snap.edge);
        let params = network.profiles().get(profile);
        for v in [edge.tail.index(), edge.head.index()] {
            for &(point, _) in &hung.entries[hung.first[v] as usize..hung.first[v + 1] as usize] {
                if let Some(snap) = &snapped.snaps[point as usize] {
                    let along = start.snap.along_edge(snap, network, profile, direction);
                    if along.is_some() {
                        hits.offer(point, start.off + along + params.off_network_time(snap.off_m), None, limit);
                    }
                }
            }
        }
    }
}

fn hang(network: &Network, snaps: &[Option<Snap>], profile: Profile, direction: Direction) -> Hung {
    let params = network.profiles().get(profile);
    let mut legs: Vec<(u32, u32, Deciseconds)> = Vec::with_capacity(snaps.len() * 2);
    for (point, snap) in snaps.iter().enumerate() {
        let Some(snap) = snap else { continue };
        let (edge, off) = (network.edge(snap.edge), params.off_network_time(snap.off_m));
        let ends = snap.from_ends(network, profile, direction);
        for (vertex, time) in [(edge.tail, ends[0]), (edge.head, ends[1])] {
            // An end one cannot come from is kept too: a place on the same edge finds the point by it.
            legs.push((vertex.0, point as u32, time + off));
        }
    }
    // Sorted by counting: the points of a vertex stay in their order.
    let mut first = vec![0u32; network.vertices().len() + 1];
    for leg in &legs {
        first[leg.0 as usize + 1] += 1;
    }
    for v in 1..first.len() {
        first[v] += first[v - 1];
    }
    let mut next = first.clone();
    let mut entries = vec![(0u32, Deciseconds::NEVER); legs.len()];
    for (vertex, point, time) in legs {
        entries[next[vertex as usize] as usize] = (point, time);
        next[vertex as usize] += 1;
    }
    Hung { first, entries }
}

/// What a search found of a layer. Scratch: kept from search to search, never cleared in full.
#[derive(Default)]
pub struct Hits {
    times: Vec<Deciseconds>,
    via: Vec<Option<VertexId>>,
    found: Vec<u32>,
}

impl Hits {
    fn clear(&mut self, points: usize) {
        for &p in &self.found {
            self.times[p as usize] = Deciseconds::NEVER;
        }
        self.found.clear();
        if self.times.len() != points {
            self.times.clear();
            self.times.resize(points, Deciseconds::NEVER);
            self.via.resize(points, None);
        }
    }

    #[inline]
    fn offer(&mut self, point: u32, time: Deciseconds, via: Option<VertexId>, limit: Deciseconds) {
        let best = &mut self.times[point as usize];
        if time <= limit && time < *best {
            if !best.is_some() {
                self.found.push(point);
            }
            *best = time;
            self.via[point as usize] = via;
        }
    }

    /// The points found, in no particular order.
    #[must_use]
    pub fn points(&self) -> &[u32] {
        &self.found
    }

    /// The time of a point, [`Deciseconds::NEVER`] when it was not found.
    #[must_use]
    pub fn time(&self, point: u32) -> Deciseconds {
        self.times[point as usize]
    }

    /// The last vertex on the way to a point; `None` when it lies on the place's own edge.
    #[must_use]
    pub fn via(&self, point: u32) -> Option<VertexId> {
        self.via[point as usize]
    }
}

/// All that a search works in. At the size of Chongqing 4 MB, and as much again where many points are looked for.
#[derive(Default)]
pub struct Scratch {
    pub search: Search,
    pub hits: Hits,
}

/// Scratch that nobody works in. It is the process's and not a thread's, so that there is never more of it than threads
/// that work at once, and no more than one a core is kept.
static IDLE: Mutex<Vec<Scratch>> = Mutex::new(Vec::new());

/// Lends scratch.
pub fn with_scratch<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
    let idle = || IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut scratch = idle().pop().unwrap_or_default();
    let done = work(&mut scratch);
    let mut idle = idle();
    if idle.len() < parallel::cores() {
        idle.push(scratch);
    }
    done
}
