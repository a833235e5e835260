//! All pairs of a population cell and a site within a limit, for capacities, access measures and siting. Runs one bounded
//! search from each site, on all cores.

use crate::memo::Cacheable;
use crate::need::{Measure, Travel};
use crate::world::World;
use std::sync::Arc;
use walkshed_engine::geo::Position;
use walkshed_engine::parallel;
use walkshed_engine::task::{self, Stopped};
use walkshed_engine::{Deciseconds, Network, Scratch, Start, with_scratch};

/// A facility, or a candidate location of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Site {
    /// Breaks ties.
    pub id: i64,
    pub position: Position,
}

/// Pairs grouped by site: the population cells within the limit of each site, with the network cost.
#[derive(Debug, Default)]
pub struct Pairs {
    pub sites: Vec<Site>,
    /// Per site: whether it is within snapping distance of a street.
    pub on_network: Vec<bool>,
    first: Vec<u32>,
    cells: Vec<(u32, Deciseconds)>,
}

impl Cacheable for Pairs {
    fn bytes(&self) -> usize {
        self.sites.len() * (size_of::<Site>() + 5) + self.cells.len() * 8
    }
}

impl Pairs {
    /// Builds the pairs from the cells of each site in ascending order, or `None` for a site off the network.
    #[must_use]
    pub fn new(sites: Vec<Site>, cells: Vec<Option<Vec<(u32, Deciseconds)>>>) -> Self {
        let mut first = vec![0u32];
        first.extend(cells.iter().scan(0u32, |sum, cells| {
            *sum += cells.as_ref().map_or(0, Vec::len) as u32;
            Some(*sum)
        }));
        let on_network = cells.iter().map(Option::is_some).collect();
        Self { sites, on_network, first, cells: cells.into_iter().flatten().flatten().collect() }
    }

    /// Returns the cells of a site in ascending order, with their costs.
    #[must_use]
    pub fn cells_of(&self, site: usize) -> &[(u32, Deciseconds)] {
        &self.cells[self.first[site] as usize..self.first[site + 1] as usize]
    }

    /// Returns the number of pairs.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.cells.len()
    }

    /// Returns whether there are no pairs.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

/// Returns the facilities at some register indices as sites.
#[must_use]
pub fn sites_of(world: &World, places: &[u32]) -> Vec<Site> {
    let site = |&p: &u32| {
        let f = &world.register.facilities[p as usize];
        Site { id: f.id, position: f.position }
    };
    places.iter().map(site).collect()
}

/// Finds all pairs of a site and a population cell within a limit. With
/// [`Direction::Towards`](walkshed_engine::Direction::Towards) people travel to the sites.
///
/// # Errors
/// [`Stopped`].
pub fn pairs(
    world: &World,
    network: &Network,
    sites: Vec<Site>,
    travel: Travel,
    measure: Measure,
    limit: Deciseconds,
) -> Result<Arc<Pairs>, Stopped> {
    let points: Vec<(i64, u64, u64)> =
        sites.iter().map(|s| (s.id, s.position.lon().to_bits(), s.position.lat().to_bits())).collect();
    let cells: Vec<u64> = world.register.population.iter().map(|c| c.cell.into()).collect();
    let key = world.memo_key::<Pairs>(points).and(travel).and(measure).and(limit).and(cells);
    world.memo.get(&key, || {
        let network = measure.network(network);
        let Travel { profile, direction } = travel;
        // Prepared once here, so that the threads do not all wait for it.
        world.population_layer.prepare(network, profile, direction);
        let found: Vec<Option<Vec<(u32, Deciseconds)>>> = parallel::try_map(&sites, 1, |site| {
            let Ok(snap) = network.snap(site.position, profile) else { return Ok(None) };
            let start = Start::new(network, snap, profile);
            with_scratch(|Scratch { search, hits }| {
                search.run_from(network, profile, direction, &start, limit);
                world.population_layer.collect(network, &start, search, hits);
                let mut cells: Vec<_> = hits.points().iter().map(|&p| (p, hits.time(p))).collect();
                cells.sort_unstable();
                task::work(search.reached().len() + cells.len())?;
                Ok::<_, Stopped>(Some(cells))
            })
        })?;
        Ok(Pairs::new(sites, found))
    })
}
