//! Travel time matrices.

use crate::network::Network;
use crate::parallel;
use crate::profile::Profile;
use crate::scratch::{Scratch, with_scratch};
use crate::search::Search;
use crate::start::Start;
use crate::task::{self, Stopped};
use crate::units::{Deciseconds, Direction};

/// Returns the travel times from every origin (rows) to every destination (columns); `None` if there is no route within
/// `limit`. A place that cannot be snapped is passed as `None`, and its times are `None`.
///
/// Runs one search for each place of the shorter list, on all cores.
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

/// Runs one search for each source. `direction` is that from the sources to the targets.
fn times_between(
    network: &Network,
    (profile, direction): (Profile, Direction),
    sources: &[Option<Start>],
    targets: &[Option<Start>],
    limit: Deciseconds,
) -> Result<Vec<Vec<Option<Deciseconds>>>, Stopped> {
    let legs: Vec<Option<[Deciseconds; 2]>> = targets
        .iter()
        .map(|t| t.map(|t| t.snap.from_ends(network, profile, direction).map(|leg| leg + t.off)))
        .collect();
    let row = |start: &Start, search: &mut Search| {
        search.run_from(network, profile, direction, start, limit);
        let time = |(end, legs): (&Option<Start>, &Option<[Deciseconds; 2]>)| {
            let (end, legs) = (end.as_ref()?, legs.as_ref()?);
            let edge = network.edge(end.snap.edge);
            let direct = start.off + start.snap.along_edge(&end.snap, network, profile, direction) + end.off;
            let best = direct.min(search.time(edge.tail) + legs[0]).min(search.time(edge.head) + legs[1]);
            (best.is_some() && best <= limit).then_some(best)
        };
        task::work(search.reached().len() + targets.len())?;
        Ok(targets.iter().zip(&legs).map(time).collect())
    };
    parallel::try_map(sources, 1, |source| match source {
        Some(start) => with_scratch(|Scratch { search, .. }| row(start, search)),
        None => Ok(vec![None; targets.len()]),
    })
}
