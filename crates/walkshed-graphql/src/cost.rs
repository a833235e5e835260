//! The cost of a request, in units of one plain field (0.7 microseconds), and the choice of the thread for costly work.
//!
//! Costs are limited twice. Before a request runs, its cost is computed from the document and the arguments alone
//! (`complexity`) and compared with [`Limits::max_complexity`]: this limits fields and rows. Before each piece of work
//! starts, its cost is estimated from the size of the city and the number of facilities ([`charge`]) and compared with
//! [`Limits::max_work`]: this limits computation. Estimates assume an empty cache: a cached result costs the same, so that
//! the state of the cache does not decide whether a request is refused.

use super::error::over_limit;
use super::gate::{Size, aside};
use super::limits;
use super::types::Profile;
use async_graphql::{Context, Result, SelectionField};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use walkshed_analysis::Measure;
use walkshed_analysis::world::World;
use walkshed_engine::Direction as EngineDirection;
use walkshed_engine::task::{Task, within};

/// Work above this many units (2 ms) does not run on an async worker thread.
const BLOCKING: usize = 3000;
/// Work above this many units (70 ms) runs in the pool for analyses.
const ANALYSIS: usize = 100_000;
/// Microseconds of a unit.
const UNIT_US: f64 = 0.7;

/// Sums the work of one request, in units, up to a limit.
#[derive(Debug)]
pub struct Spent {
    max: usize,
    total: AtomicUsize,
}

impl Spent {
    /// Creates a meter with a limit.
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self { max, total: AtomicUsize::new(0) }
    }

    /// Returns the units charged so far.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total.load(Relaxed)
    }

    /// Adds units. If the sum would exceed the limit, adds nothing and returns the sum as the error.
    fn charge(&self, units: usize) -> Result<(), usize> {
        let add = |sum: usize| sum.checked_add(units).filter(|sum| *sum <= self.max);
        self.total.fetch_update(Relaxed, Relaxed, add).map(drop).map_err(|sum| sum.saturating_add(units))
    }
}

/// Charges work to a request. Unlike a [`Context`], it can be moved to another thread, for work whose cost is known only
/// while it runs.
#[derive(Clone)]
pub struct Purse {
    meter: Option<Arc<Spent>>,
    max: usize,
}

impl Purse {
    /// Returns the charger of a request.
    pub fn of(ctx: &Context<'_>) -> Self {
        let meter = ctx.data_opt::<Arc<Spent>>().cloned();
        let max = meter.as_ref().map_or_else(|| limits(ctx).max_work, |meter| meter.max);
        Self { meter, max }
    }

    /// Charges work before it starts.
    ///
    /// # Errors
    /// `TOO_COMPLEX` with name, value and maximum of the limit, when the request would exceed it.
    pub fn charge(&self, units: usize) -> Result<()> {
        let max = self.max;
        let charged = match &self.meter {
            Some(meter) => meter.charge(units),
            // Without a meter, each piece of work is checked by itself.
            None if units > max => Err(units),
            None => Ok(()),
        };
        charged.map_err(|value| {
            let seconds = |units: usize| units as f64 * UNIT_US / 1e6;
            let why = format!(
                "The request would take about {:.1} seconds of computation ({value} units); maxWork allows {max} units ({:.1} seconds). Ask for fewer minutes, a smaller region or less data at a time, or start a job (startJob), which has a higher limit.",
                seconds(value),
                seconds(max)
            );
            over_limit("maxWork", None, value, max, why)
        })
    }
}

/// Charges work before it starts.
///
/// # Errors
/// As [`Purse::charge`].
pub fn charge(ctx: &Context<'_>, units: usize) -> Result<()> {
    Purse::of(ctx).charge(units)
}

/// The size of the city, for estimates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct City {
    junctions: f64,
    homes: f64,
    pub centers: usize,
    /// Centers with visit counts.
    counted: usize,
}

/// A set of searches: one from each facility or candidate site.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    pub sites: usize,
    /// Whether the sites lie where facilities do, in dense areas, or anywhere in the city.
    pub are_facilities: bool,
    pub measure: Measure,
    pub limit: f64,
    pub profile: Profile,
}

// Microseconds of one core, measured on the demonstration city (484,244 junctions, 67,457 homes, 76,477 facilities,
// 11,251 centers) while the machine was under load.

/// For each junction and each of its nearest facilities in a sweep.
const SWEEP_US: f64 = 0.2;
/// For each home that reads the result of a sweep.
const HOME_US: f64 = 0.3;
/// For each snapped position.
const SITE_US: f64 = 3.0;
/// For a search of 15 minutes on foot from a facility, with the homes it finds. The cost grows with the time to the power
/// of [`REACH_EXPONENT`]: 12, 36, 110, 316 us for 15, 30, 60, 120 minutes.
const REACH_US: f64 = 11.0;
const REACH_EXPONENT: f64 = 1.55;
/// The cost of a search from any position in the city, as a share of the cost from a facility.
const ANYWHERE: f64 = 0.4;
/// For each junction and each home of the city, when a search reaches all of them.
const ALL_JUNCTIONS_US: f64 = 0.08;
const ALL_HOMES_US: f64 = 0.1;
/// For each day of a center's hours and visits.
const CENTER_DAY_US: f64 = 0.035;
/// For each junction, when a scenario copies the street tables, and when it only snaps facilities.
const STREETS_US: f64 = 0.2;
const LAYER_US: f64 = 0.05;
/// For each home and each candidate, for every chosen site.
const CHOICE_US: f64 = 0.02;
/// Walking speed.
const METRES_A_MINUTE: f64 = 80.0;

fn units(microseconds: f64) -> usize {
    // The cast saturates, and so large a cost exceeds every limit.
    (microseconds / UNIT_US).ceil().max(1.0) as usize
}

impl City {
    /// Returns the size of a world.
    pub fn of(world: &World) -> Self {
        Self {
            junctions: world.network().map_or(0.0, |network| network.vertices().len() as f64),
            homes: world.register.population.len() as f64,
            centers: world.register.centers.len(),
            counted: world.register.visits.len(),
        }
    }

    /// One sweep from all facilities of a part, which finds the `nearest` facilities of each junction.
    pub fn sweep(&self, nearest: usize) -> usize {
        units(self.junctions * SWEEP_US * nearest.max(1) as f64)
    }

    /// Coverage: for each part one sweep, whose result every home reads.
    pub fn coverage(&self, parts: usize, nearest: usize) -> usize {
        self.sweep(nearest).saturating_add(units(self.homes * HOME_US)).saturating_mul(parts)
    }

    /// One search from a site, with the homes it finds, in microseconds.
    fn search_us(&self, reach: Reach) -> f64 {
        let minutes = match reach.measure {
            Measure::Minutes => reach.limit * speed(reach.profile),
            Measure::Metres => reach.limit / METRES_A_MINUTE,
        };
        let density = if reach.are_facilities { 1.0 } else { ANYWHERE };
        let all = self.junctions * ALL_JUNCTIONS_US + self.homes * ALL_HOMES_US;
        SITE_US + (REACH_US * density * (minutes / 15.0).powf(REACH_EXPONENT)).min(all)
    }

    /// One search from each site. `factor` accounts for the work on the homes that the search finds.
    pub fn pairs(&self, reach: Reach, factor: f64) -> usize {
        units(reach.sites as f64 * self.search_us(reach) * factor)
    }

    /// The usage of centers in a period: hours and visits of each day, and a search for each center with visit counts.
    pub fn usage(&self, centers: usize, days: i32) -> usize {
        let reach = Reach {
            sites: centers.min(self.counted.max(1)),
            are_facilities: true,
            measure: Measure::Minutes,
            limit: 15.0,
            profile: Profile::Adult,
        };
        units(centers as f64 * f64::from(days) * CENTER_DAY_US).saturating_add(self.pairs(reach, 1.0))
    }

    /// The usage of the centers with visit counts among some centers.
    pub fn counted_usage(&self, centers: usize, days: i32) -> usize {
        self.usage(centers.min(self.counted), days).saturating_add(rows(centers))
    }

    /// Applying a scenario to the city; one that changes streets copies the street tables.
    pub fn scenario(&self, changes_streets: bool) -> usize {
        let each = if changes_streets { STREETS_US } else { LAYER_US };
        units(self.homes * HOME_US + self.junctions * each)
    }

    /// Checking the street changes of a scenario.
    pub fn streets(&self) -> usize {
        units(self.junctions * STREETS_US)
    }

    /// Choosing `count` of some candidates, one after the other, over all homes.
    pub fn choice(&self, count: usize, candidates: usize) -> usize {
        units(count as f64 * (self.homes + candidates as f64) * CHOICE_US)
    }
}

/// Snapped centers, each of which reads the sweeps of all requirements.
pub fn rated(centers: usize, requirements: usize) -> usize {
    units(centers as f64 * (SITE_US + requirements as f64 * HOME_US))
}

/// Factors for [`City::pairs`]: summing with weights, sorting for capacity allocation, computing the gain of a candidate.
pub const SUMMED: f64 = 1.05;
pub const SETTLED: f64 = 1.2;
pub const GAINED: f64 = 1.1;

/// The speed of a profile relative to an adult on foot. Fewer streets are open to bicycles, which is included.
const fn speed(profile: Profile) -> f64 {
    match profile {
        Profile::Adult => 1.0,
        Profile::Senior => 0.71,
        Profile::Child => 0.75,
        Profile::Wheelchair => 0.63,
        Profile::Stroller => 0.67,
        Profile::Bicycle => 1.6,
    }
}

/// A search: 10 us for 15 minutes on foot; grows with the reachable area.
pub fn search(minutes: f64, profile: Profile) -> usize {
    per_area(14.0, minutes, profile)
}

/// A search and its polygons: 400 us for 15 minutes on foot.
pub fn walkshed(minutes: &[f64], profile: Profile) -> usize {
    let most = minutes.iter().copied().fold(0.0, f64::max);
    per_area(14.0, most, profile) + per_area(500.0, most, profile) + per_area(50.0, most, profile) * minutes.len()
}

/// A matrix: one search for each position of the shorter side; every position is snapped.
pub fn matrix(origins: usize, destinations: usize, minutes: f64, profile: Profile) -> usize {
    search(minutes, profile).saturating_mul(origins.min(destinations)) + 2 * (origins + destinations)
}

/// Coverage of a city, as counted before the request runs: a small part of the cost. The rest is charged once the size of
/// the city is known.
pub const fn sweeps(parts: usize) -> usize {
    6000 * parts
}

/// The same query against two worlds.
pub const fn comparison(parts: usize) -> usize {
    sweeps(parts) + 1000
}

/// The outline of cells: about 5 us each.
pub const fn outline(cells: usize) -> usize {
    1 + cells * 7
}

/// Finding gaps among uncovered cells: about 8 us each.
pub const fn gaps(uncovered: usize) -> usize {
    1 + uncovered * 12
}

/// Hexagons as text: about 5 us each.
pub const fn hexagons(cells: usize) -> usize {
    1 + cells * 7
}

/// The times of the cells around a reached area, each snapped: about 6 us each.
pub const fn cell_times(cells: usize) -> usize {
    1000 + cells * 9
}

/// Snapped positions: about 8 us each.
pub const fn places(count: usize) -> usize {
    count * 12
}

/// Reached street segments as text: 0.5 us each.
pub const fn segments(pieces: usize) -> usize {
    1 + pieces * 7 / 10
}

/// A scan over the rows of a table: about 0.2 us each.
pub const fn rows(count: usize) -> usize {
    1 + count * 3 / 10
}

/// A sum over many values: about 5 ns each.
pub const fn scan(count: usize) -> usize {
    1 + count / 140
}

/// A scan over all events; when recurrences are expanded, about 4 us each.
pub const fn occurrences(events: usize, are_unfolded: bool) -> usize {
    if are_unfolded { 1 + events * 6 } else { rows(events) }
}

/// A list of the register. With a filter or an order it takes 3 to 10 ms for a whole city, measured with
/// `cargo bench --bench register`.
pub const fn list(searched: bool) -> usize {
    if searched { 7000 } else { 150 }
}

fn per_area(quarter_hour: f64, minutes: f64, profile: Profile) -> usize {
    let area = if profile == Profile::Bicycle { 10.0 } else { 1.0 };
    let minutes = if minutes.is_finite() { minutes.max(0.0) } else { 0.0 };
    // Capped so that sums and products of costs do not overflow; the cap exceeds every limit.
    1 + (quarter_hour * area * (minutes / 15.0).powi(2)).ceil().min(1e9) as usize
}

/// Runs work by its cost: cheap work on this thread, more costly work in the pool for small work, the most costly work in
/// the pool for analyses.
///
/// # Errors
/// `BUSY` when the queue is full, `TIMEOUT` when the request exceeds its time limit.
pub async fn run<T: Send + 'static>(
    ctx: &Context<'_>,
    units: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    if units <= BLOCKING {
        return Ok(within(ctx.data_opt::<Arc<Task>>().cloned(), work));
    }
    aside(ctx, if units <= ANALYSIS { Size::Small } else { Size::Analysis }, work).await
}

/// Charges work and runs it.
///
/// # Errors
/// As [`charge`] and [`run`].
pub async fn priced<T: Send + 'static>(
    ctx: &Context<'_>,
    units: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    charge(ctx, units)?;
    run(ctx, units, work).await
}

/// Charges the selected fields for each row, when the number of rows does not follow from the document.
///
/// # Errors
/// As [`charge`].
pub fn charge_rows(ctx: &Context<'_>, rows: usize) -> Result<()> {
    fn selected(field: SelectionField<'_>) -> usize {
        field.selection_set().map(selected).sum::<usize>().saturating_add(1)
    }
    let fields: usize = ctx.field().selection_set().map(selected).sum();
    charge(ctx, rows.saturating_mul(fields.max(1)))
}

/// Returns the direction of a search: that of the request, or a default.
pub fn direction(requested: Option<super::types::Direction>, default: EngineDirection) -> EngineDirection {
    requested.map_or(default, Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_grow_with_the_work() {
        let small = City { junctions: 10_000.0, homes: 1000.0, centers: 10, counted: 5 };
        let large = City { junctions: 484_244.0, homes: 67_457.0, centers: 11_251, counted: 600 };
        assert!(large.sweep(1) > 20 * small.sweep(1) && large.sweep(10) > 5 * large.sweep(1));
        let reach =
            |sites, limit, profile| Reach { sites, are_facilities: true, measure: Measure::Minutes, limit, profile };
        let foot = |sites, limit| large.pairs(reach(sites, limit, Profile::Adult), SUMMED);
        assert!(foot(1000, 120.0) > 10 * foot(1000, 15.0) && foot(2000, 60.0) > 19 * foot(100, 60.0));
        // A search settles at most all junctions.
        assert_eq!(foot(100, 60_000.0), foot(100, 600_000.0));
        assert!(large.pairs(reach(100, 15.0, Profile::Bicycle), SUMMED) > foot(100, 15.0));
        assert!(large.usage(10_000, 3650) > 10 * large.usage(10_000, 30));
        assert_eq!(large.pairs(reach(usize::MAX, f64::MAX, Profile::Adult), SUMMED), usize::MAX);
    }

    /// Queries that took more than two seconds of a core on the demonstration city are refused; everyday queries of planners
    /// are not.
    #[test]
    fn refuses_only_queries_that_were_measured_as_slow() {
        let city = City { junctions: 484_244.0, homes: 67_457.0, centers: 11_251, counted: 600 };
        let reach = |sites, limit| Reach {
            sites,
            are_facilities: true,
            measure: Measure::Minutes,
            limit,
            profile: Profile::Adult,
        };
        let anywhere = |limit| Reach { are_facilities: false, ..reach(67_457, limit) };
        let max = crate::Limits::default().max_work;
        for (what, price) in [
            ("E2SFCA of 24,740 facilities at 120 minutes: 7.8 s", city.pairs(reach(24_740, 120.0), SUMMED)),
            ("2SFCA of 24,740 facilities at 60 minutes: 2.7 s", city.pairs(reach(24_740, 60.0), SUMMED)),
            ("capacities of 12,510 facilities at 120 minutes: 4 s", city.pairs(reach(12_510, 120.0), SETTLED)),
            ("MIN_MEAN_TIME anywhere within 60 minutes: 2 s", city.pairs(anywhere(60.0), GAINED)),
            ("the ten nearest, three times: 4 s", 3 * city.coverage(1, 10)),
            ("eight times the usage of all centers over ten years: 10 s", 8 * city.usage(11_251, 3650)),
        ] {
            assert!(price > max, "{what}: estimated cost {price}");
        }
        for (what, price) in [
            ("coverage of all categories: 0.7 s", city.coverage(7, 1)),
            ("a comparison of all categories: 1.5 s", 2 * city.coverage(7, 1)),
            ("2SFCA of 24,740 facilities at 30 minutes: 0.9 s", city.pairs(reach(24_740, 30.0), SUMMED)),
            ("capacities of 3,883 facilities at 120 minutes: 1.3 s", city.pairs(reach(3883, 120.0), SETTLED)),
            ("MAX_COVER anywhere within 15 minutes: 0.4 s", city.coverage(1, 1) + city.pairs(anywhere(15.0), GAINED)),
            ("a catchment: 1.3 s", city.sweep(10)),
            ("the usage of all centers in a year: 0.1 s", city.usage(11_251, 365)),
            ("14 requirements: 1.3 s", 14 * city.coverage(1, 1)),
        ] {
            assert!(price < max, "{what}: estimated cost {price}");
        }
    }

    #[test]
    fn charges_are_summed_up_to_the_limit() {
        let spent = Spent::new(100);
        assert_eq!(spent.charge(60), Ok(()));
        assert_eq!(spent.charge(41), Err(101));
        assert_eq!(spent.charge(usize::MAX), Err(usize::MAX));
        assert_eq!((spent.charge(40), spent.total()), (Ok(()), 100));
    }
}
