//! What a request costs, in units of one plain field (0.7 microseconds), and where costly work is done.
//!
//! Costs are counted twice. Before a request runs, from its document and its arguments alone (`complexity`), against
//! [`Limits::max_complexity`]: this bounds fields and rows. And before each piece of work begins, when it is known how large
//! the city is and how many facilities count ([`charge`]), against [`Limits::max_work`]: this bounds computing. Prices are
//! those of a first question: what others have asked before is answered sooner and counts the same, so that a request is not
//! refused today and answered tomorrow.

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

/// Work that costs more than this many units (2 ms) leaves the thread that answers others.
const BLOCKING: usize = 3000;
/// Work that costs more than this many units (70 ms) takes its turn among analyses.
const ANALYSIS: usize = 100_000;
/// Microseconds of a unit.
const UNIT_US: f64 = 0.7;

/// What one request has cost so far, in units, and what it may.
#[derive(Debug)]
pub struct Spent {
    most: usize,
    total: AtomicUsize,
}

impl Spent {
    /// Of a request that may cost so much.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self { most, total: AtomicUsize::new(0) }
    }

    /// Units that were charged while it was answered.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total.load(Relaxed)
    }

    /// Counts units; where they are too many, tells what the sum would be, and does not count them.
    fn charge(&self, units: usize) -> Result<(), usize> {
        let add = |sum: usize| sum.checked_add(units).filter(|sum| *sum <= self.most);
        self.total.fetch_update(Relaxed, Relaxed, add).map(drop).map_err(|sum| sum.saturating_add(units))
    }
}

/// What work is charged to, also where it is known only on the way how much it is.
#[derive(Clone)]
pub struct Purse {
    spent: Option<Arc<Spent>>,
    most: usize,
}

impl Purse {
    /// Of a request.
    pub fn of(ctx: &Context<'_>) -> Self {
        let spent = ctx.data_opt::<Arc<Spent>>().cloned();
        let most = spent.as_ref().map_or_else(|| limits(ctx).max_work, |spent| spent.most);
        Self { spent, most }
    }

    /// Counts work before it begins.
    ///
    /// # Errors
    /// `TOO_COMPLEX` where the request would then cost more than it may: name, value and maximum of the limit.
    pub fn charge(&self, units: usize) -> Result<()> {
        let most = self.most;
        let charged = match &self.spent {
            Some(spent) => spent.charge(units),
            // An event of a subscription: each piece of work by itself.
            None if units > most => Err(units),
            None => Ok(()),
        };
        charged.map_err(|value| {
            let seconds = |units: usize| units as f64 * UNIT_US / 1e6;
            let why = format!(
                "the request would take about {:.1} seconds of computing ({value} units); maxWork allows {most} units ({:.1} seconds): ask for fewer minutes, a smaller region or less at a time, or start a job (startJob), which may cost more",
                seconds(value),
                seconds(most)
            );
            over_limit("maxWork", None, value, most, why)
        })
    }
}

/// Counts work before it begins.
///
/// # Errors
/// As [`Purse::charge`].
pub fn charge(ctx: &Context<'_>, units: usize) -> Result<()> {
    Purse::of(ctx).charge(units)
}

/// How large the city is that is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct City {
    junctions: f64,
    homes: f64,
    /// Centers, and those of them whose visits were counted.
    pub centers: usize,
    counted: usize,
}

/// Facilities or candidates, and how far one looks from each.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    pub sites: usize,
    /// Whether they lie where facilities do, in the midst of things, or all over the city.
    pub are_facilities: bool,
    pub measure: Measure,
    pub limit: f64,
    pub profile: Profile,
}

// Microseconds of one core, measured by a server on the demonstration city (484,244 junctions, 67,457 homes, 76,477
// facilities, 11,251 centers) while the machine was busy.

/// For each junction and each of its nearest in a sweep.
const SWEEP_US: f64 = 0.2;
/// For each home read off a sweep.
const HOME_US: f64 = 0.3;
/// For each place put on the streets.
const SITE_US: f64 = 3.0;
/// For a search of 15 minutes on foot from a facility, with the homes it finds. It grows by the power [`REACH_GROWS`] of the
/// time: 12, 36, 110, 316 us for 15, 30, 60, 120 minutes.
const REACH_US: f64 = 11.0;
const REACH_GROWS: f64 = 1.55;
/// Of a place anywhere in the city, in proportion to that of a facility.
const ANYWHERE: f64 = 0.4;
/// For each junction and each home of the city, where a search reaches all of them.
const ALL_JUNCTIONS_US: f64 = 0.08;
const ALL_HOMES_US: f64 = 0.1;
/// For each day of a center's hours and visits.
const CENTER_DAY_US: f64 = 0.035;
/// For each junction, where a scenario copies the tables of the streets, and where it only puts facilities on them.
const STREETS_US: f64 = 0.2;
const LAYER_US: f64 = 0.05;
/// For each home and each candidate, each time one is chosen.
const CHOICE_US: f64 = 0.02;
/// On foot.
const METRES_A_MINUTE: f64 = 80.0;

fn units(microseconds: f64) -> usize {
    // A float too large for usize saturates, which is too much in any case.
    (microseconds / UNIT_US).ceil().max(1.0) as usize
}

impl City {
    /// Of a world.
    pub fn of(world: &World) -> Self {
        Self {
            junctions: world.network().map_or(0.0, |network| network.vertices().len() as f64),
            homes: world.register.population.len() as f64,
            centers: world.register.centers.len(),
            counted: world.register.visits.len(),
        }
    }

    /// One sweep from all facilities of a part, each junction knowing its nearest.
    pub fn sweep(&self, nearest: usize) -> usize {
        units(self.junctions * SWEEP_US * nearest.max(1) as f64)
    }

    /// Coverage by so many parts: a sweep for each, and the look at it from every home.
    pub fn coverage(&self, parts: usize, nearest: usize) -> usize {
        self.sweep(nearest).saturating_add(units(self.homes * HOME_US)).saturating_mul(parts)
    }

    /// One search from a place, with the homes it finds.
    fn search_us(&self, reach: Reach) -> f64 {
        let minutes = match reach.measure {
            Measure::Minutes => reach.limit * speed(reach.profile),
            Measure::Metres => reach.limit / METRES_A_MINUTE,
        };
        let where_it_is = if reach.are_facilities { 1.0 } else { ANYWHERE };
        let all = self.junctions * ALL_JUNCTIONS_US + self.homes * ALL_HOMES_US;
        SITE_US + (REACH_US * where_it_is * (minutes / 15.0).powf(REACH_GROWS)).min(all)
    }

    /// One search from each site, and what is done with the homes it finds: `looks` is how much longer that takes.
    pub fn pairs(&self, reach: Reach, looks: f64) -> usize {
        units(reach.sites as f64 * self.search_us(reach) * looks)
    }

    /// The use of so many centers in a period: hours and visits by the day, and a search for those that were counted.
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

    /// The use of those of some centers that were counted in a period.
    pub fn counted_usage(&self, centers: usize, days: i32) -> usize {
        self.usage(centers.min(self.counted), days).saturating_add(rows(centers))
    }

    /// Laying a scenario over the city; one that changes streets copies their tables.
    pub fn scenario(&self, changes_streets: bool) -> usize {
        let each = if changes_streets { STREETS_US } else { LAYER_US };
        units(self.homes * HOME_US + self.junctions * each)
    }

    /// Whether the streets of a scenario can be changed so.
    pub fn streets(&self) -> usize {
        units(self.junctions * STREETS_US)
    }

    /// Choosing so many of some candidates, one after the other, over all homes.
    pub fn choice(&self, count: usize, candidates: usize) -> usize {
        units(count as f64 * (self.homes + candidates as f64) * CHOICE_US)
    }
}

/// Centers, put on the streets, that read so many requirements off their sweeps.
pub fn rated(centers: usize, requirements: usize) -> usize {
    units(centers as f64 * (SITE_US + requirements as f64 * HOME_US))
}

/// How much longer pairs take when they are also summed with weights, sorted to settle who finds room, or asked what a
/// candidate gains.
pub const SUMMED: f64 = 1.05;
pub const SETTLED: f64 = 1.2;
pub const GAINED: f64 = 1.1;

/// How fast a profile is, against an adult on foot. Bicycles find fewer streets open to them.
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

/// A search: 10 us for a quarter of an hour on foot, growing with the area that can be reached.
pub fn search(minutes: f64, profile: Profile) -> usize {
    per_area(14.0, minutes, profile)
}

/// A search and its polygons: 400 us for a quarter of an hour on foot.
pub fn walkshed(minutes: &[f64], profile: Profile) -> usize {
    let most = minutes.iter().copied().fold(0.0, f64::max);
    per_area(14.0, most, profile) + per_area(500.0, most, profile) + per_area(50.0, most, profile) * minutes.len()
}

/// A matrix: one search for each place of the shorter side, and every place put on the network.
pub fn matrix(origins: usize, destinations: usize, minutes: f64, profile: Profile) -> usize {
    search(minutes, profile).saturating_mul(origins.min(destinations)) + 2 * (origins + destinations)
}

/// Coverage of a whole city, as it is counted before the request runs: a small part of what it costs, which is charged when
/// the size of the city is known.
pub const fn sweeps(parts: usize) -> usize {
    6000 * parts
}

/// The same question of two worlds.
pub const fn comparison(parts: usize) -> usize {
    sweeps(parts) + 1000
}

/// The outline of some cells: some 5 us each.
pub const fn outline(cells: usize) -> usize {
    1 + cells * 7
}

/// Finding the gaps among some cells that are not covered: some 8 us each.
pub const fn gaps(uncovered: usize) -> usize {
    1 + uncovered * 12
}

/// Hexagons as text: some 5 us each.
pub const fn hexagons(cells: usize) -> usize {
    1 + cells * 7
}

/// The times of cells around what is reached, each put on the streets: some 6 us each.
pub const fn cell_times(cells: usize) -> usize {
    1000 + cells * 9
}

/// Places put on the streets: some 8 us each.
pub const fn places(count: usize) -> usize {
    count * 12
}

/// Reached street pieces as text: half a microsecond each.
pub const fn segments(pieces: usize) -> usize {
    1 + pieces * 7 / 10
}

/// Rows of a table gone through one after the other: some 0.2 us each.
pub const fn rows(count: usize) -> usize {
    1 + count * 3 / 10
}

/// A sum over many: some 5 ns each.
pub const fn scan(count: usize) -> usize {
    1 + count / 140
}

/// Going through all events; where it is asked when they take place, some 4 us each.
pub const fn occurrences(events: usize, are_unfolded: bool) -> usize {
    if are_unfolded { 1 + events * 6 } else { rows(events) }
}

/// Going through a list of the register. Filtered or ordered, it is 3 to 10 ms at the size of a whole city, by
/// `cargo bench --bench register`.
pub const fn list(searched: bool) -> usize {
    if searched { 7000 } else { 150 }
}

fn per_area(quarter_hour: f64, minutes: f64, profile: Profile) -> usize {
    let rides = if profile == Profile::Bicycle { 10.0 } else { 1.0 };
    let minutes = if minutes.is_finite() { minutes.max(0.0) } else { 0.0 };
    // What is more is too complex in any case; sums and products of such prices must not overflow.
    1 + (quarter_hour * rides * (minutes / 15.0).powi(2)).ceil().min(1e9) as usize
}

/// Runs cheap work here, costlier work on threads of its own, so that other answers do not wait for it, and what is costlier
/// still in its turn among analyses.
///
/// # Errors
/// `BUSY` where too many wait already, `TIMEOUT` where the request is out of time.
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

/// Charges work and runs it where it belongs.
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

/// Charges the fields that are selected of so many rows, where the document does not say how many there will be.
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

/// Which way a search runs, when the request does not say.
pub fn direction(given: Option<super::types::Direction>, usual: EngineDirection) -> EngineDirection {
    given.map_or(usual, Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_grow_as_the_work_does() {
        let small = City { junctions: 10_000.0, homes: 1000.0, centers: 10, counted: 5 };
        let large = City { junctions: 484_244.0, homes: 67_457.0, centers: 11_251, counted: 600 };
        assert!(large.sweep(1) > 20 * small.sweep(1) && large.sweep(10) > 5 * large.sweep(1));
        let reach =
            |sites, limit, profile| Reach { sites, are_facilities: true, measure: Measure::Minutes, limit, profile };
        let foot = |sites, limit| large.pairs(reach(sites, limit, Profile::Adult), SUMMED);
        assert!(foot(1000, 120.0) > 10 * foot(1000, 15.0) && foot(2000, 60.0) > 19 * foot(100, 60.0));
        // Nobody settles more junctions than there are.
        assert_eq!(foot(100, 60_000.0), foot(100, 600_000.0));
        assert!(large.pairs(reach(100, 15.0, Profile::Bicycle), SUMMED) > foot(100, 15.0));
        assert!(large.usage(10_000, 3650) > 10 * large.usage(10_000, 30));
        assert_eq!(large.pairs(reach(usize::MAX, f64::MAX, Profile::Adult), SUMMED), usize::MAX);
    }

    /// What was seen to take over two seconds of a core on the demonstration city is refused, and what planners ask every
    /// day is not.
    #[test]
    fn the_demonstration_city_is_priced_as_it_was_measured() {
        let city = City { junctions: 484_244.0, homes: 67_457.0, centers: 11_251, counted: 600 };
        let reach = |sites, limit| Reach {
            sites,
            are_facilities: true,
            measure: Measure::Minutes,
            limit,
            profile: Profile::Adult,
        };
        let anywhere = |limit| Reach { are_facilities: false, ..reach(67_457, limit) };
        let most = crate::Limits::default().max_work;
        for (what, price) in [
            ("E2SFCA of 24,740 facilities at 120 minutes: 7.8 s", city.pairs(reach(24_740, 120.0), SUMMED)),
            ("2SFCA of 24,740 facilities at 60 minutes: 2.7 s", city.pairs(reach(24_740, 60.0), SUMMED)),
            ("capacities of 12,510 facilities at 120 minutes: 4 s", city.pairs(reach(12_510, 120.0), SETTLED)),
            ("MIN_MEAN_TIME anywhere within 60 minutes: 2 s", city.pairs(anywhere(60.0), GAINED)),
            ("the ten nearest, three times: 4 s", 3 * city.coverage(1, 10)),
            ("eight times the use of all centers over ten years: 10 s", 8 * city.usage(11_251, 3650)),
        ] {
            assert!(price > most, "{what} is priced {price}");
        }
        for (what, price) in [
            ("coverage of all categories: 0.7 s", city.coverage(7, 1)),
            ("a comparison of all categories: 1.5 s", 2 * city.coverage(7, 1)),
            ("2SFCA of 24,740 facilities at 30 minutes: 0.9 s", city.pairs(reach(24_740, 30.0), SUMMED)),
            ("capacities of 3,883 facilities at 120 minutes: 1.3 s", city.pairs(reach(3883, 120.0), SETTLED)),
            ("MAX_COVER anywhere within 15 minutes: 0.4 s", city.coverage(1, 1) + city.pairs(anywhere(15.0), GAINED)),
            ("a catchment: 1.3 s", city.sweep(10)),
            ("the use of all centers in a year: 0.1 s", city.usage(11_251, 365)),
            ("14 requirements: 1.3 s", 14 * city.coverage(1, 1)),
        ] {
            assert!(price < most, "{what} is priced {price}");
        }
    }

    #[test]
    fn what_is_charged_is_summed_and_refused_over_the_limit() {
        let spent = Spent::new(100);
        assert_eq!(spent.charge(60), Ok(()));
        assert_eq!(spent.charge(41), Err(101));
        assert_eq!(spent.charge(usize::MAX), Err(usize::MAX));
        assert_eq!((spent.charge(40), spent.total()), (Ok(()), 100));
    }
}
