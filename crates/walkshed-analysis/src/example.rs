//! Two places that make sense in the loaded city, for examples that can be run as they stand.

use super::nearby::{NearbyQuery, nearby};
use super::wanted::Wishes;
use crate::world::{PlacedPoint, World};
use walkshed_engine::geo::{Position, cell_centre};
use walkshed_engine::{Deciseconds, Direction, Profile};

/// How many junctions further along the curve the second place lies, when there are no facilities to choose from.
const STEP: usize = 200;

/// A place and another within a walk of it; `None` while there are no streets.
#[must_use]
pub fn example_places(world: &World) -> Option<[Position; 2]> {
    let network = world.network().ok()?;
    let vertices = network.vertices();
    let middle = vertices.len() / 2;
    let other = vertices.get(middle + STEP).or_else(|| vertices.last())?;
    let streets_alone = [Position::from(*vertices.get(middle)?), Position::from(*other)];
    // Where most people live; of equals the first, so that the examples stay the same.
    let crowded = world
        .register
        .population
        .iter()
        .copied()
        .reduce(|a, b| if b.people > a.people { b } else { a })
        .map(|c| cell_centre(c.cell));
    let facilities = &world.register.facilities;
    let wanted = crowded.or_else(|| Some(facilities[..].get(facilities.len() / 2)?.position));
    let Some(Ok(place)) = wanted.map(|position| PlacedPoint::new(network, position, Profile::Adult)) else {
        return Some(streets_alone);
    };
    let query = NearbyQuery {
        place: &place,
        profile: Profile::Adult,
        direction: Direction::From,
        limit: Deciseconds::from_minutes(15.0),
        wishes: &Wishes::default(),
        from: Some((Deciseconds::from_minutes(5.0), 0)),
        first: 1,
        with_stats: false,
    };
    let found =
        nearby(world, network, &query).neighbours.first().map(|n| world.register.facilities[n.index as usize].position);
    Some([place.position, found.unwrap_or_else(|| Position::from(*other))])
}
