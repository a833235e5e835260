//! Distances from population cells to the nearest facilities: one sweep from all facilities that count, cached by everything the
//! result depends on.

use crate::memo::{Cacheable, Key};
use crate::need::{Measure, Need, Travel};
use crate::world::World;
use std::sync::Arc;
use walkshed_engine::geo::{Place, Position};
use walkshed_engine::parallel;
use walkshed_engine::task::{self, Stopped};
use walkshed_engine::{Deciseconds, MAX_NEAREST, Network, Snap, Start, Sweep};
use walkshed_register::query::{FacilityCriteria, matching_facilities};

/// Minimum number of points to snap, and of cells to evaluate, per thread.
const POINTS_PER_THREAD: usize = 64;
const CELLS_PER_THREAD: usize = 2048;

/// Parameters of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SweepQuery {
    pub travel: Travel,
    pub measure: Measure,
    /// Number of nearest points that each vertex keeps, 1 to [`MAX_NEAREST`].
    pub nearest: usize,
    /// Search limit.
    pub horizon: Deciseconds,
}

impl SweepQuery {
    /// Returns the parameters that answer a need.
    #[must_use]
    pub fn of_need(need: &Need, travel: Travel) -> Self {
        let nearest = need.min_count.clamp(1, MAX_NEAREST);
        Self { travel, measure: need.measure, nearest, horizon: need.horizon() }
    }

    fn run(self, network: &Network, starts: Vec<Option<Start>>) -> Result<Sweep, Stopped> {
        Sweep::run(network, self.travel.profile, self.travel.direction, starts, self.nearest, self.horizon)
    }
}

/// A sweep with the id of each of its points.
pub struct SupplySweep {
    /// Ids of the points, in sweep order.
    pub ids: Vec<i64>,
    pub sweep: Sweep,
}

impl Cacheable for SupplySweep {
    fn bytes(&self) -> usize {
        self.ids.len() * 8 + self.sweep.bytes()
    }
}

/// Distances from each population cell to the nearest facilities that meet some criteria.
pub struct CellDistances {
    /// Ids of the facilities, in register order.
    pub ids: Vec<i64>,
    /// Per cell: the cost to the nearest facility and its index in `ids`; `NEVER` beyond the horizon.
    pub first: Vec<(Deciseconds, u32)>,
    /// Per cell: the cost to the `min_count`-th nearest facility; `NEVER` beyond the horizon.
    pub counted: Vec<Deciseconds>,
}

impl Cacheable for CellDistances {
    fn bytes(&self) -> usize {
        self.ids.len() * 8 + self.first.len() * 8 + self.counted.len() * 4
    }
}

/// Adds facilities, by id and position, to a cache key.
fn with_facilities(key: Key, world: &World, indices: &[u32]) -> Key {
    let facilities = &world.register.facilities;
    let points: Vec<(i64, Place)> =
        indices.iter().map(|&i| (facilities[i as usize].id, world.facility_layer.points()[i as usize])).collect();
    key.and(points)
}

/// Returns the sweep from the facilities at some register indices.
///
/// # Errors
/// [`Stopped`].
pub fn facility_sweep(
    world: &World,
    network: &Network,
    indices: &[u32],
    query: SweepQuery,
) -> Result<Arc<SupplySweep>, Stopped> {
    let key = with_facilities(world.memo_key::<SupplySweep>("places"), world, indices).and(query);
    world.memo.get(&key, || {
        let (network, profile) = (query.measure.network(network), query.travel.profile);
        let snaps = &world.facility_layer.snapped(network, profile).snaps;
        let start = |&i: &u32| Some(Start::new(network, snaps[i as usize]?, profile));
        let sweep = query.run(network, indices.iter().map(start).collect())?;
        Ok(SupplySweep { ids: indices.iter().map(|&i| world.register.facilities[i as usize].id).collect(), sweep })
    })
}

/// Returns the sweep from any positions, each with an id, in ascending order of the ids.
///
/// # Errors
/// [`Stopped`].
pub fn point_sweep(
    world: &World,
    network: &Network,
    points: Vec<(i64, Position)>,
    query: SweepQuery,
) -> Result<Arc<SupplySweep>, Stopped> {
    let exact: Vec<(i64, u64, u64)> =
        points.iter().map(|(id, p)| (*id, p.lon().to_bits(), p.lat().to_bits())).collect();
    let key = world.memo_key::<SupplySweep>("points").and(exact).and(query);
    world.memo.get(&key, || {
        let (network, profile) = (query.measure.network(network), query.travel.profile);
        let start = |(_, position): &(i64, Position)| {
            let snap = network.snap(*position, profile).ok();
            Ok::<_, Stopped>(snap.map(|snap| Start::new(network, snap, profile)))
        };
        let starts = parallel::try_map(&points, POINTS_PER_THREAD, start)?;
        Ok(SupplySweep { ids: points.iter().map(|p| p.0).collect(), sweep: query.run(network, starts)? })
    })
}

/// Returns the distances from each population cell to the facilities that meet the criteria.
///
/// # Errors
/// [`Stopped`].
pub fn cell_distances(
    world: &World,
    network: &Network,
    criteria: &FacilityCriteria,
    need: &Need,
    travel: Travel,
) -> Result<Arc<CellDistances>, Stopped> {
    let indices = matching_facilities(&world.register, criteria);
    let query = SweepQuery::of_need(need, travel);
    let cells: Vec<u64> = world.register.population.iter().map(|c| c.cell.into()).collect();
    let key = with_facilities(world.memo_key::<CellDistances>(()), world, &indices).and(query).and(cells);
    world.memo.get(&key, || {
        let supply = facility_sweep(world, network, &indices, query)?;
        let network = query.measure.network(network);
        let snaps = &world.population_layer.snapped(network, travel.profile).snaps;
        let never = (Deciseconds::NEVER, 0);
        let of_cell = |found: &mut Vec<(Deciseconds, u32)>, snap: &Option<Snap>| {
            let Some(snap) = snap else { return (never, Deciseconds::NEVER) };
            supply.sweep.nearest_to(network, snap, found);
            let counted = found.get(query.nearest - 1).map_or(Deciseconds::NEVER, |f| f.0);
            (found.first().copied().unwrap_or(never), counted)
        };
        let cells = parallel::map_with(snaps, CELLS_PER_THREAD, Vec::new, of_cell);
        task::work(cells.len())?;
        let (first, counted) = cells.into_iter().unzip();
        Ok(CellDistances { ids: supply.ids.clone(), first, counted })
    })
}
