//! Assigns demand to facilities with limited capacity. Demand goes to the nearest facility with capacity left, in order of
//! travel cost, as in AccessMod of the World Health Organization (Ray and Ebener 2008, doi:10.1186/1476-072X-7-63).

use crate::demand::Demand;
use crate::pairs::{Pairs, pairs, sites_of};
use crate::question::Question;
use crate::world::World;
use walkshed_engine::task::{self, Stopped};
use walkshed_engine::{Deciseconds, Network};
use walkshed_register::query::matching_facilities;

/// Pairs to process between two checks for cancellation.
const PAIRS_PER_CHECK: usize = 64 * 1024;
/// Number of cost buckets that pairs are sorted into.
const BUCKETS: u32 = 255;

/// People assigned to sites.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Assignment {
    /// Per cell: people assigned.
    pub served: Vec<f64>,
    /// Per site: people assigned to it.
    pub load: Vec<f64>,
    /// Per site: capacity left; `None` for unlimited.
    pub left: Vec<Option<f64>>,
}

/// Assigns people to sites, pairs with the lowest cost first. Ties are broken by site id, then by cell index. A site with
/// no capacity given takes everyone. `people` is per cell, `capacity` per site.
///
/// ```
/// use walkshed_analysis::{Pairs, Site, assign};
/// use walkshed_engine::Deciseconds;
/// use walkshed_engine::geo::Position;
///
/// // Both cells reach the only site, cell 1 first. It has a capacity of 50.
/// let site = Site { id: 7, position: Position::new(106.55, 29.56).unwrap() };
/// let pairs = Pairs::new(vec![site], vec![Some(vec![(0, Deciseconds(900)), (1, Deciseconds(300))])]);
/// let assigned = assign(&pairs, &[40.0, 30.0], &[Some(50.0)]).unwrap();
/// assert_eq!(assigned.served, [20.0, 30.0]);
/// assert_eq!(assigned.left, [Some(0.0)]);
/// ```
///
/// # Errors
/// [`Stopped`].
pub fn assign(pairs: &Pairs, people: &[f64], capacity: &[Option<f64>]) -> Result<Assignment, Stopped> {
    let mut order: Vec<(Deciseconds, i64, u32, u32)> = Vec::with_capacity(pairs.len());
    for (n, site) in pairs.sites.iter().enumerate() {
        let cells = pairs.cells_of(n);
        task::work(cells.len())?;
        order.extend(cells.iter().map(|&(cell, time)| (time, site.id, cell, n as u32)));
    }
    sort_by_time(&mut order)?;
    let mut assigned =
        Assignment { served: vec![0.0; people.len()], load: vec![0.0; pairs.sites.len()], left: capacity.to_vec() };
    for (n, (_, _, cell, site)) in order.into_iter().enumerate() {
        if n % PAIRS_PER_CHECK == 0 {
            task::work(PAIRS_PER_CHECK)?;
        }
        let (cell, site) = (cell as usize, site as usize);
        let waiting = people[cell] - assigned.served[cell];
        let available = assigned.left[site].unwrap_or(f64::INFINITY);
        let taken = waiting.min(available);
        if taken <= 0.0 {
            continue;
        }
        // Set to the exact value when everyone is served, so that no rounding error remains.
        assigned.served[cell] = if available >= waiting { people[cell] } else { assigned.served[cell] + taken };
        assigned.load[site] += taken;
        if let Some(left) = &mut assigned.left[site] {
            *left -= taken;
        }
    }
    Ok(assigned)
}

/// Sorts pairs by cost. Sorts bucket by bucket, so that the work can be cancelled in between.
fn sort_by_time(order: &mut Vec<(Deciseconds, i64, u32, u32)>) -> Result<(), Stopped> {
    let Some(last) = order.iter().map(|pair| pair.0.0).max() else { return Ok(()) };
    // Counting sort into buckets by cost; then each bucket is sorted on its own.
    let width = last / BUCKETS + 1;
    let mut begins = vec![0usize; BUCKETS as usize + 1];
    for pair in order.iter() {
        begins[(pair.0.0 / width) as usize + 1] += 1;
    }
    for n in 1..begins.len() {
        begins[n] += begins[n - 1];
    }
    let mut next = begins.clone();
    let mut sorted = vec![(Deciseconds(0), 0, 0, 0); order.len()];
    for &pair in order.iter() {
        let position = &mut next[(pair.0.0 / width) as usize];
        sorted[*position] = pair;
        *position += 1;
    }
    for ends in begins.windows(2) {
        task::work(ends[1] - ends[0])?;
        sorted[ends[0]..ends[1]].sort_unstable();
    }
    *order = sorted;
    Ok(())
}

/// How far the capacity of the facilities is used.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CapacityUse {
    /// Number of facilities with known capacity.
    pub limited: u64,
    /// Total capacity of the facilities with known capacity.
    pub capacity: f64,
    /// Number of facilities with unknown capacity. They take everyone.
    pub unlimited: u64,
    /// People assigned to facilities with known capacity.
    pub used: f64,
    /// Number of facilities with no capacity left.
    pub full: u64,
}

/// Assigns people to facilities by capacity over the whole city, because people from outside a region use facilities in
/// it too.
pub(super) fn assign_demand(
    world: &World,
    network: &Network,
    question: &Question,
    demand: &Demand,
) -> Result<(Assignment, CapacityUse), Stopped> {
    let need = &question.need;
    let indices = need.parts.first().map_or_else(Vec::new, |part| matching_facilities(&world.register, &part.criteria));
    let sites = sites_of(world, &indices);
    let capacity: Vec<Option<f64>> = indices.iter().map(|&i| world.register.facilities[i as usize].capacity).collect();
    let pairs = pairs(world, network, sites, question.travel, need.measure, need.limit_cost())?;
    let assigned = assign(&pairs, &demand.people, &capacity)?;
    let mut usage = CapacityUse::default();
    for ((capacity, load), left) in capacity.iter().zip(&assigned.load).zip(&assigned.left) {
        match capacity {
            Some(capacity) => {
                usage.limited += 1;
                usage.capacity += capacity;
                usage.used += load;
                usage.full += u64::from(left.is_some_and(|l| l <= 0.0));
            }
            None => usage.unlimited += 1,
        }
    }
    Ok((assigned, usage))
}
