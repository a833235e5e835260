//! Catchments: who reaches a facility or center, who reaches no other one, and which others share its people.

use crate::demand::Demand;
use crate::distances::{SweepQuery, facility_sweep, point_sweep};
use crate::need::{Measure, Travel};
use crate::walkshed::{Counted, Walkshed, walkshed};
use crate::world::{SnappedPoint, World};
use std::collections::BTreeMap;
use walkshed_engine::geo::Storey;
use walkshed_engine::task::Stopped;
use walkshed_engine::{Deciseconds, MAX_NEAREST, Network, Unsnappable};
use walkshed_register::query::{FacilityCriteria, matching_facilities};
use walkshed_register::{EVERYONE, Host, Register, Status};

/// Minimum search limit of the sweep that finds other facilities, so that catchments with different limits share it.
const SHARED_HORIZON_MINUTES: f64 = 60.0;

/// Another facility or center that some of the same people reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlap {
    /// The other facility or center.
    pub other: Host,
    /// People who reach both.
    pub people: f64,
}

/// The catchment of a facility or center within a limit.
pub struct Catchment {
    /// The walkshed: area, people and facilities within reach.
    pub walkshed: Walkshed,
    /// People of the group within the limit.
    pub people: f64,
    /// People who reach no other facility of the category, or no other center, within the limit.
    pub exclusive: f64,
    /// Others of the same type with the people who reach both, most people first. Only the ten nearest of each cell are
    /// considered.
    pub overlaps: Vec<Overlap>,
}

impl Catchment {
    /// Returns the people of every group within a number of minutes, the total population first.
    #[must_use]
    pub fn people_by_group(&self, register: &Register, minutes: f64) -> Vec<(String, f64)> {
        let limit = Deciseconds::from_minutes(minutes);
        let groups = std::iter::once(EVERYONE).chain(register.groups.keys().map(String::as_str));
        groups.filter_map(|g| Some((g.to_owned(), self.walkshed.population(register, g, limit)?))).collect()
    }
}

/// Why a catchment cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum CatchmentError {
    #[error(transparent)]
    Unsnappable(#[from] Unsnappable),
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// Computes the catchment of a facility among those of its category, or of a center among all open centers. Returns
/// `None` if the facility or center does not exist.
///
/// # Errors
/// [`Unsnappable`] if no street is within snapping distance; [`Stopped`].
pub fn catchment(
    world: &World,
    network: &Network,
    host: Host,
    travel: Travel,
    minutes: f64,
    demand: &Demand,
) -> Result<Option<Catchment>, CatchmentError> {
    let register = &world.register;
    let limit = Deciseconds::from_minutes(minutes);
    let found = match host {
        Host::Facility(id) => register.facilities.get(id).map(|f| (f.position, f.storey(), Some(f.category))),
        Host::Center(id) => register.centers.get(id).map(|c| (c.position, Storey::Ground, None)),
    };
    let Some((position, storey, category)) = found else { return Ok(None) };
    let place = SnappedPoint::on(network, position, storey, travel.profile)?;
    let walkshed = walkshed(world, network, place, travel.profile, travel.direction, &[minutes], Counted::ALL);
    // One sweep from all facilities of the category also serves later queries about any of them.
    let horizon = Measure::Minutes.to_cost(SHARED_HORIZON_MINUTES).max(limit);
    let query = SweepQuery { travel, measure: Measure::Minutes, nearest: MAX_NEAREST, horizon };
    let others = if let Some(category) = category {
        let criteria = FacilityCriteria { categories: vec![category], ..FacilityCriteria::default() };
        facility_sweep(world, network, &matching_facilities(register, &criteria), query)?
    } else {
        let centers = register.centers.iter().filter(|c| c.status == Status::Open);
        let points = centers.map(|c| (c.id, c.position)).collect();
        point_sweep(world, network, points, query)?
    };
    let own = match host {
        Host::Center(id) | Host::Facility(id) => id,
    };
    let snaps = &world.population_layer.snapped(network, travel.profile).snaps;
    let (mut people, mut exclusive) = (0.0, 0.0);
    let mut shared: BTreeMap<i64, f64> = BTreeMap::new();
    let mut near = Vec::new();
    for &(cell, _) in walkshed.cells() {
        let count = demand.people[cell as usize];
        people += count;
        let Some(snap) = &snaps[cell as usize] else { continue };
        others.sweep.nearest_to(network, snap, &mut near);
        let mut is_alone = true;
        for &(_, other) in near.iter().take_while(|n| n.0 <= limit) {
            let id = others.ids[other as usize];
            if id != own {
                is_alone = false;
                *shared.entry(id).or_default() += count;
            }
        }
        if is_alone {
            exclusive += count;
        }
    }
    let as_host = |id: i64| if category.is_some() { Host::Facility(id) } else { Host::Center(id) };
    let mut overlaps: Vec<Overlap> =
        shared.into_iter().map(|(id, people)| Overlap { other: as_host(id), people }).collect();
    overlaps.sort_by(|a, b| b.people.total_cmp(&a.people));
    Ok(Some(Catchment { walkshed, people, exclusive, overlaps }))
}
