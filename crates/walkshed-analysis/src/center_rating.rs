//! Assessment of centers by a planning standard: what is within reach of their location.

use crate::distances::{SweepQuery, facility_sweep};
use crate::need::Travel;
use crate::standard::{Requirement, Standard};
use crate::world::World;
use walkshed_engine::parallel;
use walkshed_engine::task::{self, Stopped};
use walkshed_engine::{Deciseconds, Network, Snap};
use walkshed_register::query::matching_facilities;
use walkshed_register::{RegionCode, Status};

/// Minimum number of centers to snap per thread.
const CENTERS_PER_THREAD: usize = 64;

/// A center in the ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct RatedCenter {
    /// Its index in the register.
    pub index: u32,
    /// 0 to 100: share of requirements met at its location.
    pub score: f64,
    /// Per requirement: distance to the `min_count`-th nearest facility.
    pub distances: Vec<Option<f64>>,
    /// Per requirement: id of the nearest facility.
    pub nearest: Vec<Option<i64>>,
}

impl RatedCenter {
    /// Returns the requirements of the standard that are not met at the center's location.
    pub fn missing<'s>(&self, standard: &'s Standard) -> impl Iterator<Item = &'s Requirement> {
        let requirements = standard.requirements.iter().zip(&self.distances);
        requirements.filter(|(r, distance)| !r.is_within(**distance)).map(|(r, _)| r)
    }
}

/// Rates the open centers of a region, or of the city, by what is within reach of their location. Ordered from worst to
/// best, ties by code. With `Direction::Towards` people travel from the center to the facilities.
///
/// # Errors
/// [`Stopped`].
pub fn rate_centers(
    world: &World,
    network: &Network,
    standard: &Standard,
    travel: Travel,
    region: Option<&RegionCode>,
) -> Result<Vec<RatedCenter>, Stopped> {
    let indices = match region {
        Some(region) => world.register.centers_in(region),
        None => world.register.centers_by_code(),
    };
    let mut rated = rate(world, network, standard, travel, indices)?;
    // The sort is stable: ties stay ordered by code.
    rated.sort_by(|a, b| a.score.total_cmp(&b.score));
    Ok(rated)
}

/// Rates the center at a register index. Returns `None` if it is not open.
///
/// # Errors
/// [`Stopped`].
pub fn rate_center(
    world: &World,
    network: &Network,
    standard: &Standard,
    travel: Travel,
    index: u32,
) -> Result<Option<RatedCenter>, Stopped> {
    Ok(rate(world, network, standard, travel, &[index])?.pop())
}

/// Rates the open ones of the centers at some register indices, in their order.
fn rate(
    world: &World,
    network: &Network,
    standard: &Standard,
    travel: Travel,
    indices: &[u32],
) -> Result<Vec<RatedCenter>, Stopped> {
    let register = &world.register;
    let open = |p: &u32| register.centers[*p as usize].status == Status::Open;
    let mut rated: Vec<RatedCenter> = indices
        .iter()
        .copied()
        .filter(open)
        .map(|index| RatedCenter { index, score: 0.0, distances: Vec::new(), nearest: Vec::new() })
        .collect();
    let snap = |r: &RatedCenter| Ok(network.snap(register.centers[r.index as usize].position, travel.profile).ok());
    let snaps: Vec<_> = parallel::try_map::<_, _, Stopped>(&rated, CENTERS_PER_THREAD, snap)?;
    let columns = parallel::try_map(&standard.requirements, 1, |requirement| {
        let need = requirement.need();
        let facilities = matching_facilities(register, &need.parts[0].criteria);
        let supply = facility_sweep(world, network, &facilities, SweepQuery::of_need(&need, travel))?;
        let network = need.measure.network(network);
        let mut found = Vec::new();
        let of_center = |snap: &Option<Snap>| {
            let Some(snap) = snap else { return (Deciseconds::NEVER, None) };
            supply.sweep.nearest_to(network, snap, &mut found);
            let counted = found.get(need.min_count - 1).map_or(Deciseconds::NEVER, |f| f.0);
            (counted, found.first().map(|f| supply.ids[f.1 as usize]))
        };
        task::work(snaps.len())?;
        Ok::<_, Stopped>(snaps.iter().map(of_center).collect::<Vec<_>>())
    })?;
    for (requirement, column) in standard.requirements.iter().zip(columns) {
        let limit = requirement.measure.to_cost(requirement.limit);
        for (center, (counted, nearest)) in rated.iter_mut().zip(column) {
            center.distances.push(requirement.measure.value(counted));
            center.nearest.push(nearest);
            center.score += f64::from(u8::from(counted <= limit));
        }
    }
    for center in &mut rated {
        center.score = center.score / standard.requirements.len() as f64 * 100.0;
    }
    Ok(rated)
}
