//! Catchments: from where a facility or center is reached, who has no other, and with which others it shares its people.

use super::need::{Demand, Measure, Travel, supply, supply_of, wanted_places};
use super::reach::{Walkshed, walkshed};
use super::wanted::Wishes;
use crate::world::{PlacedPoint, World};
use std::collections::BTreeMap;
use walkshed_engine::geo::Storey;
use walkshed_engine::task::Stopped;
use walkshed_engine::{Deciseconds, MAX_NEAREST, Network, Unsnappable};
use walkshed_register::{Host, Status};

/// Another that part of the people reach too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlap {
    pub other: Host,
    pub people: f64,
}

/// Who reaches a place within a limit.
pub struct Catchment {
    /// Its area, people and facilities.
    pub walkshed: Walkshed,
    pub people: f64,
    /// People who reach no other of its sort within the limit.
    pub exclusive: f64,
    /// Others of its sort, with the people who reach both, most first. Of each home the ten nearest are looked at.
    pub overlaps: Vec<Overlap>,
}

/// Why there is no catchment.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum CatchmentError {
    #[error(transparent)]
    Unsnappable(#[from] Unsnappable),
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// Finds the catchment of a facility among those of its category, or of a center among centers.
///
/// # Errors
/// [`Unsnappable`] where no street is near; [`Stopped`].
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
    let place = PlacedPoint::on(network, position, storey, travel.profile)?;
    let walkshed = walkshed(world, network, place, travel.profile, travel.direction, &[minutes]);
    // One search for all of its sort serves the next question about any of them.
    let among = (MAX_NEAREST, Measure::Minutes.limit(Measure::Minutes.horizon().min(60.0)).max(limit));
    let others = if let Some(category) = category {
        let wishes = Wishes { categories: vec![category], ..Wishes::default() };
        supply(world, network, &wanted_places(register, &wishes), travel, Measure::Minutes, among)?
    } else {
        let centers = register.centers.iter().filter(|c| c.status == Status::Open);
        let points = centers.map(|c| (c.id, c.position)).collect();
        supply_of(world, network, points, travel, Measure::Minutes, among)?
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
        others.sweep.of_place(network, snap, &mut near);
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
