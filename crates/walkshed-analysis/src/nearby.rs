//! Facilities within reach of a point, by travel time.

use crate::world::{SnappedPoint, World};
use walkshed_engine::{
    Deciseconds, Direction, NearestPage, NearestQuery, Network, PathPiece, PathStats, Profile, Scratch, path_stats,
    path_to, with_scratch,
};
use walkshed_register::query::{FacilityCriteria, FacilityMatcher};

/// A query for facilities near a point.
#[derive(Debug, Clone, Copy)]
pub struct NearbyQuery<'a> {
    pub place: &'a SnappedPoint,
    pub profile: Profile,
    pub direction: Direction,
    /// Maximum travel time, inclusive.
    pub limit: Deciseconds,
    /// Which facilities.
    pub criteria: &'a FacilityCriteria,
    /// First key of the page: a travel time, and a register index among the facilities with that time.
    pub from: Option<(Deciseconds, u32)>,
    /// Page size.
    pub first: usize,
    /// Whether to compute length and climb of the paths.
    pub with_stats: bool,
    /// Whether to count the facilities on all pages. The search then goes on to the limit; otherwise it ends as soon as it
    /// has proved the page.
    pub with_total: bool,
}

/// A facility within reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Its index among the facilities of the register.
    pub index: u32,
    /// Travel time.
    pub time: Deciseconds,
    /// Length and climb in the direction of travel; zero if not requested.
    pub stats: PathStats,
}

/// A page of facilities, ordered by travel time, then by id.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NearbyPage {
    pub neighbours: Vec<Neighbour>,
    /// Number of facilities within reach on all pages; `None` if not requested.
    pub total: Option<usize>,
    /// Whether there are more facilities after this page.
    pub has_next: bool,
}

/// Finds the facilities within reach of a point.
#[must_use]
pub fn nearby(world: &World, network: &Network, query: &NearbyQuery) -> NearbyPage {
    let NearbyQuery { profile, direction, limit, .. } = *query;
    let start = &query.place.start;
    with_scratch(|scratch| {
        let matcher = FacilityMatcher::new(&world.register, query.criteria);
        let (page, total) = if query.with_total {
            let (page, total) = count_and_select(world, network, query, scratch, &matcher);
            (page, Some(total))
        } else {
            let NearbyQuery { from, first, .. } = *query;
            let nearest = NearestQuery { start, profile, direction, limit, from, first };
            let accept = |point| matcher.matches_open(point as usize);
            (world.facility_layer.nearest(network, &nearest, scratch, accept), None)
        };
        let Scratch { search, hits } = scratch;
        let snapped = world.facility_layer.snapped(network, profile);
        let mut pieces: Vec<PathPiece> = Vec::new();
        let neighbours = page
            .points
            .into_iter()
            .map(|(time, index)| {
                let end = snapped.snaps[index as usize].as_ref().filter(|_| query.with_stats);
                let stats = end.map_or_else(PathStats::default, |end| {
                    path_to(network, search, start, hits.via(index), end, &mut pieces);
                    path_stats(network, &pieces, direction, start.snap.off_m + end.off_m)
                });
                Neighbour { index, time, stats }
            })
            .collect();
        NearbyPage { neighbours, total, has_next: page.has_next }
    })
}

/// Finds all facilities within reach, counts them, and sorts those of the page only.
fn count_and_select(
    world: &World,
    network: &Network,
    query: &NearbyQuery,
    Scratch { search, hits }: &mut Scratch,
    matcher: &FacilityMatcher,
) -> (NearestPage, usize) {
    let start = &query.place.start;
    search.run_from(network, query.profile, query.direction, start, query.limit);
    world.facility_layer.collect(network, start, search, hits);
    let found = hits.points().iter().filter(|&&i| matcher.matches_open(i as usize));
    let mut points: Vec<(Deciseconds, u32)> = found.map(|&i| (hits.time(i), i)).collect();
    let total = points.len();
    if let Some(from) = query.from {
        points.retain(|&key| key >= from);
    }
    let has_next = points.len() > query.first;
    if has_next {
        points.select_nth_unstable(query.first);
        points.truncate(query.first);
    }
    points.sort_unstable();
    (NearestPage { points, has_next }, total)
}
