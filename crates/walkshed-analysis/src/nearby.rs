//! Facilities by walking time.

use super::wanted::{Wanted, Wishes};
use crate::world::{PlacedPoint, World};
use walkshed_engine::{
    Deciseconds, Direction, Network, PathPiece, PathStats, Profile, Scratch, path_to, stats_of, with_scratch,
};

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct NearbyQuery<'a> {
    pub place: &'a PlacedPoint,
    pub profile: Profile,
    pub direction: Direction,
    pub limit: Deciseconds,
    /// Which facilities.
    pub wishes: &'a Wishes,
    /// Begin here: a time, and a place among the facilities of the register for those of the same time.
    pub from: Option<(Deciseconds, u32)>,
    pub first: usize,
    /// Whether the ways themselves are wanted.
    pub with_stats: bool,
}

/// A facility within reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Its place among the facilities of the register.
    pub index: u32,
    pub time: Deciseconds,
    /// Metres and climb in the direction people walk; zero when they were not asked for.
    pub stats: PathStats,
}

/// A page of facilities, by time and then by id.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NearbyPage {
    pub neighbours: Vec<Neighbour>,
    /// Within reach altogether.
    pub total: usize,
    pub has_next: bool,
}

/// Finds the facilities within reach of a place.
#[must_use]
pub fn nearby(world: &World, network: &Network, query: &NearbyQuery) -> NearbyPage {
    let NearbyQuery { profile, direction, limit, .. } = *query;
    let start = &query.place.start;
    with_scratch(|Scratch { search, hits }| {
        search.run(network, profile, direction, &start.seeds(network, profile, direction, limit), limit);
        world.facility_layer.collect(network, profile, direction, start, search, limit, hits);
        let mut wanted = Wanted::new(&world.register, query.wishes);
        let mut keys: Vec<(Deciseconds, u32)> =
            hits.points().iter().filter(|&&i| wanted.is(i as usize)).map(|&i| (hits.time(i), i)).collect();
        let total = keys.len();
        if let Some(from) = query.from {
            keys.retain(|&key| key >= from);
        }
        let has_next = keys.len() > query.first;
        if has_next {
            keys.select_nth_unstable(query.first);
            keys.truncate(query.first);
        }
        keys.sort_unstable();

        let snapped = world.facility_layer.snapped(network, profile);
        let mut pieces: Vec<PathPiece> = Vec::new();
        let neighbours = keys
            .into_iter()
            .map(|(time, index)| {
                let end = snapped.snaps[index as usize].as_ref().filter(|_| query.with_stats);
                let stats = end.map_or_else(PathStats::default, |end| {
                    path_to(network, search, (profile, direction), start, hits.via(index), end, &mut pieces);
                    stats_of(network, &pieces, direction, start.snap.off_m + end.off_m)
                });
                Neighbour { index, time, stats }
            })
            .collect();
        NearbyPage { neighbours, total, has_next }
    })
}
