//! Two places in the loaded city for examples that can be run as they are.

use crate::nearby::{NearbyQuery, nearby};
use crate::world::{SnappedPoint, World};
use walkshed_engine::geo::{Position, cell_centre};
use walkshed_engine::{Deciseconds, Direction, Profile};
use walkshed_register::query::FacilityCriteria;

/// Distance between the two places in vertex order, if there are no facilities to choose from.
const STEP: usize = 200;

/// Returns a place and another within walking distance, or `None` without a street network.
#[must_use]
pub fn example_places(world: &World) -> Option<[Position; 2]> {
    let network = world.network().ok()?;
    let vertices = network.vertices();
    let middle = vertices.len() / 2;
    let other = vertices.get(middle + STEP).or_else(|| vertices.last())?;
    let streets_alone = [Position::from(*vertices.get(middle)?), Position::from(*other)];
    // The most populated cell; the first of equals, so that the examples do not change.
    let crowded = world
        .register
        .population
        .iter()
        .copied()
        .reduce(|a, b| if b.people > a.people { b } else { a })
        .map(|c| cell_centre(c.cell));
    let facilities = &world.register.facilities;
    let origin = crowded.or_else(|| Some(facilities[..].get(facilities.len() / 2)?.position));
    let Some(Ok(place)) = origin.map(|position| SnappedPoint::new(network, position, Profile::Adult)) else {
        return Some(streets_alone);
    };
    let query = NearbyQuery {
        place: &place,
        profile: Profile::Adult,
        direction: Direction::From,
        limit: Deciseconds::from_minutes(15.0),
        criteria: &FacilityCriteria::default(),
        from: Some((Deciseconds::from_minutes(5.0), 0)),
        first: 1,
        with_stats: false,
        with_total: false,
    };
    let found =
        nearby(world, network, &query).neighbours.first().map(|n| world.register.facilities[n.index as usize].position);
    Some([place.position, found.unwrap_or_else(|| Position::from(*other))])
}
