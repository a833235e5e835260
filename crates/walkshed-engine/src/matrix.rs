//! Travel time matrices.

use crate::network::Network;
use crate::parallel;
use crate::profile::Profile;
use crate::scratch::{Scratch, with_scratch};
use crate::search::Search;
use crate::start::Start;
use crate::task::{self, Stopped};
use crate::units::{Deciseconds, Direction, VertexId};

/// Returns the travel times from every origin (rows) to every destination (columns); `None` if there is no route within
/// `limit`. A place that cannot be snapped is passed as `None`, and its times are `None`.
///
/// Runs one search for each place of the shorter list, on all cores. A search ends when the times of all places of the longer list
/// are known. If one of them cannot be reached, it goes on to the limit.
///
/// # Errors
/// Returns [`Stopped`] if the current task is stopped.
///
/// ```
/// # let network = walkshed_testing::grid(10, 100.0);
/// use walkshed_engine::{Deciseconds, Profile, Start, matrix};
///
/// let profile = Profile::Adult;
/// let start = |x| {
///     let snap = network.snap(walkshed_testing::at(x, 0.0), profile).ok()?;
///     Some(Start::new(&network, snap, profile))
/// };
/// // The third place has no street within 300 m.
/// let places = [start(0.0), start(400.0), start(9000.0)];
///
/// let times = matrix(&network, profile, &places, &places, Deciseconds::from_minutes(30.0))?;
/// assert_eq!(times[0][0], Some(Deciseconds(0)));
/// assert_eq!(times[0][1].map(|time| time.minutes().round()), Some(5.0));
/// assert_eq!(times[0][2], None);
/// # Ok::<(), walkshed_engine::task::Stopped>(())
/// ```
pub fn matrix(
    network: &Network,
    profile: Profile,
    origins: &[Option<Start>],
    destinations: &[Option<Start>],
    limit: Deciseconds,
) -> Result<Vec<Vec<Option<Deciseconds>>>, Stopped> {
    if origins.len() <= destinations.len() {
        return times_between(network, (profile, Direction::From), origins, destinations, limit);
    }
    let columns = times_between(network, (profile, Direction::Towards), destinations, origins, limit)?;
    Ok((0..origins.len()).map(|row| columns.iter().map(|column| column[row]).collect()).collect())
}

/// The ends of the searches of a matrix.
struct Targets<'a> {
    places: &'a [Option<Start>],
    /// Vertex, target, and time from the vertex to the target. Sorted by vertex.
    entries: Vec<(VertexId, u32, Deciseconds)>,
    /// A bit for each vertex that has entries.
    is_end: Vec<u64>,
    /// Number of targets that are not `None`.
    count: usize,
}

impl<'a> Targets<'a> {
    fn new(network: &Network, (profile, direction): (Profile, Direction), places: &'a [Option<Start>]) -> Self {
        let mut entries = Vec::with_capacity(places.len() * 2);
        let mut is_end = vec![0; network.vertices().len().div_ceil(64)];
        for (place, target) in places.iter().zip(0..) {
            let Some(place) = place else { continue };
            let edge = network.edge(place.snap.edge);
            let legs = place.snap.from_ends(network, profile, direction);
            for (vertex, leg) in [(edge.tail, legs[0]), (edge.head, legs[1])] {
                if leg.is_some() {
                    entries.push((vertex, target, leg + place.off));
                    is_end[vertex.index() / 64] |= 1 << (vertex.index() % 64);
                }
            }
        }
        entries.sort_unstable();
        Self { places, entries, is_end, count: places.iter().flatten().count() }
    }

    /// Returns the entries of a vertex.
    #[inline]
    fn of(&self, vertex: VertexId) -> &[(VertexId, u32, Deciseconds)] {
        if self.is_end[vertex.index() / 64] & 1 << (vertex.index() % 64) == 0 {
            return &[];
        }
        let first = self.entries.partition_point(|entry| entry.0 < vertex);
        let count = self.entries[first..].iter().take_while(|entry| entry.0 == vertex).count();
        &self.entries[first..first + count]
    }
}

/// The times to all targets as far as a search has found them.
struct Row {
    best: Vec<Deciseconds>,
    found: usize,
    has_improved: bool,
    /// No time can improve once the search has reached this time.
    proved_at: Deciseconds,
}

impl Row {
    fn offer(&mut self, target: u32, time: Deciseconds) {
        let best = &mut self.best[target as usize];
        if time < *best {
            self.found += usize::from(!best.is_some());
            *best = time;
            self.has_improved = true;
        }
    }

    /// Updates the time at which all times are proved.
    fn prove(&mut self, targets: &Targets) {
        if std::mem::take(&mut self.has_improved) && self.found == targets.count {
            let times = self.best.iter().copied().filter(|time| time.is_some());
            self.proved_at = times.max().unwrap_or_default();
        }
    }
}

/// Runs one search for each source. `direction` is that from the sources to the targets.
fn times_between(
    network: &Network,
    (profile, direction): (Profile, Direction),
    sources: &[Option<Start>],
    targets: &[Option<Start>],
    limit: Deciseconds,
) -> Result<Vec<Vec<Option<Deciseconds>>>, Stopped> {
    let targets = Targets::new(network, (profile, direction), targets);
    let row = |start: &Start, search: &mut Search| {
        let mut row = Row {
            best: vec![Deciseconds::NEVER; targets.places.len()],
            found: 0,
            has_improved: false,
            proved_at: Deciseconds::NEVER,
        };
        for (end, target) in targets.places.iter().zip(0..) {
            let Some(end) = end else { continue };
            let direct = start.off + start.snap.along_edge(&end.snap, network, profile, direction) + end.off;
            row.offer(target, direct);
        }
        row.prove(&targets);
        let seeds = start.seeds(network, profile, direction, limit);
        search.run_until(network, profile, direction, &seeds, limit, |vertex, time| {
            for &(_, target, leg) in targets.of(vertex) {
                row.offer(target, time + leg);
            }
            row.prove(&targets);
            time >= row.proved_at
        });
        task::work(search.reached().len() + targets.places.len())?;
        Ok(row.best.into_iter().map(|time| (time.is_some() && time <= limit).then_some(time)).collect())
    };
    parallel::try_map(sources, 1, |source| match source {
        Some(start) if targets.count > 0 => with_scratch(|Scratch { search, .. }| row(start, search)),
        _ => Ok(vec![None; targets.places.len()]),
    })
}
