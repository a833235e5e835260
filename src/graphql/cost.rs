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
use crate::coverage::Measure;
use crate::network::Direction as EngineDirection;
use crate::task::{Task, within};
use crate::world::World;
use async_graphql::{Context, Result, SelectionField};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

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
    pub centers: usize,
}

/// Facilities or candidates, and how far one looks from each.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    pub sites: usize,
    pub measure: Measure,
    pub limit: f64,
    pub profile: Profile,
}

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
        }
    }

    /// Junctions one search settles: some 700 in a quarter of an hour on foot where streets are dense, growing with the area,
    /// all of them at most.
    fn settled(&self, measure: Measure, limit: f64, profile: Profile) -> f64 {
        let minutes = match measure {
            Measure::Minutes => limit * speed(profile),
            Measure::Metres => limit / METRES_A_MINUTE,
        };
        (JUNCTIONS_IN_15_MIN * (minutes / 15.0).powi(2)).min(self.junctions)
    }

    /// One sweep from all facilities of a part, each junction knowing its nearest, and the look at it from every home.
    pub fn sweep(&self, nearest: usize) -> usize {
        let nearest = nearest.max(1) as f64;
        units(self.junctions * SWEEP_US * nearest + self.homes * HOME_US)
    }

    /// Coverage by so many parts.
    pub fn coverage(&self, parts: usize, nearest: usize) -> usize {
        self.sweep(nearest).saturating_mul(parts) + units(self.homes * HOME_US * parts as f64)
    }

    /// One search from each site, and all homes within its limit, each looked at some times more.
    pub fn pairs(&self, reach: Reach, looks: f64) -> usize {
        let settled = self.settled(reach.measure, reach.limit, reach.profile);
        let homes = if self.junctions > 0.0 { self.homes * settled / self.junctions } else { 0.0 };
        units(reach.sites as f64 * (SITE_US + settled * SETTLE_US + homes * (PAIR_US + looks)))
    }

    /// The use of centers in a period: a search each, hours and visits by the day.
    pub fn usage(&self, centers: usize, days: i32) -> usize {
        let search = SITE_US + self.settled(Measure::Minutes, 15.0, Profile::Adult) * SETTLE_US;
        units(centers as f64 * (search + f64::from(days) * CENTER_DAY_US))
    }

    /// Laying a scenario over the city; one that changes streets copies their tables.
    pub fn scenario(&self, changes_streets: bool) -> usize {
        units(
            self.homes * HOME_US
                + if changes_streets { self.junctions * STREETS_US } else { self.junctions * LAYER_US },
        )
    }

    /// Whether the streets of a scenario can be changed so.
    pub fn streets(&self) -> usize {
        units(self.junctions * STREETS_US)
    }

    /// Choosing so many of some candidates, one after the other, over all homes.
    pub fn choice(&self, count: usize, candidates: usize) -> usize {
        units(count as f64 * (self.homes * LOOK_SUM + candidates as f64 * LOOK_GAIN))
    }

    /// Centers against so many requirements.
    pub fn rated(&self, centers: usize, requirements: usize) -> usize {
        units(centers as f64 * (SITE_US + requirements as f64 * HOME_US))
    }
}

/// Junctions settled by a search of 15 minutes on foot, where streets are dense.
const JUNCTIONS_IN_15_MIN: f64 = 700.0;
/// On foot.
const METRES_A_MINUTE: f64 = 80.0;
/// Measured by the server on the demonstration city, microseconds of one core: for each junction and each of its nearest in a
/// sweep; for each home read off it; for each place put on the streets; for each junction settled by a search; for each home
/// found and sorted; for each time it is looked at again; for each day of a center's hours and visits.
const SWEEP_US: f64 = 0.1;
const HOME_US: f64 = 0.3;
const SITE_US: f64 = 8.0;
const SETTLE_US: f64 = 0.08;
const PAIR_US: f64 = 0.06;
const CENTER_DAY_US: f64 = 0.25;
const STREETS_US: f64 = 0.2;
const LAYER_US: f64 = 0.05;
/// Looks at a pair: a sum with a weight; settling who finds room, which sorts all of them; gains of a candidate.
pub const LOOK_SUM: f64 = 0.02;
pub const LOOK_ROOM: f64 = 0.15;
pub const LOOK_GAIN: f64 = 0.02;

/// How fast a profile is, against an adult on foot.
const fn speed(profile: Profile) -> f64 {
    match profile {
        Profile::Adult => 1.0,
        Profile::Senior => 0.71,
        Profile::Child => 0.75,
        Profile::Wheelchair => 0.63,
        Profile::Stroller => 0.67,
        Profile::Bicycle => 3.1,
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

/// Finding the gaps among some cells: some 1.5 us each.
pub const fn gaps(cells: usize) -> usize {
    1 + cells * 2
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
    // A float too large for usize saturates, which is too complex in any case.
    1 + (quarter_hour * rides * (minutes / 15.0).powi(2)).ceil() as usize
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
        let small = City { junctions: 10_000.0, homes: 1000.0, centers: 10 };
        let large = City { junctions: 400_000.0, homes: 40_000.0, centers: 10_000 };
        assert!(large.sweep(1) > 20 * small.sweep(1) && large.sweep(10) > 5 * large.sweep(1));
        let reach = |sites, limit, profile| Reach { sites, measure: Measure::Minutes, limit, profile };
        let foot = |sites, limit| large.pairs(reach(sites, limit, Profile::Adult), LOOK_SUM);
        assert!(foot(1000, 120.0) > 10 * foot(1000, 15.0) && foot(2000, 60.0) > 19 * foot(100, 60.0));
        // Nobody settles more junctions than there are.
        assert_eq!(foot(100, 6000.0), foot(100, 60_000.0));
        assert!(large.pairs(reach(100, 15.0, Profile::Bicycle), 0.0) > 3 * foot(100, 15.0));
        assert!(large.usage(10_000, 3650) > 10 * large.usage(10_000, 30));
        assert_eq!(large.pairs(reach(usize::MAX, f64::MAX, Profile::Adult), 1.0), usize::MAX);
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
