//! Use of centers: visits relative to the people in the catchment, and factors that may explain low use.

use crate::period::Period;
use crate::statistics::{mean, median};
use crate::world::{SnappedPoint, World};
use jiff::civil::Date;
use walkshed_engine::parallel;
use walkshed_engine::task::{self, Stopped};
use walkshed_engine::{Deciseconds, Direction, Network, Profile, Scratch, with_scratch};
use walkshed_register::{RegionCode, Status, SuggestionStatus, total_visits};

/// Catchment limit in minutes on foot.
const CATCHMENT_MIN: f64 = 15.0;
/// Minimum number of counted days in each half of the period for a trend.
const TREND_DAYS: usize = 7;

/// The use of a center, or of all centers of a region, in a period.
#[derive(Debug, Clone, PartialEq)]
pub struct Usage {
    pub period: Period,
    /// Number of open centers; 1 or 0 for a single center.
    pub centers: u64,
    /// Number of centers with counted visits.
    pub counted_centers: u64,
    /// Number of days with counted visits, summed over centers.
    pub counted_days: u64,
    pub visits: u64,
    /// Visits per counted day, summed over centers; `None` if nothing was counted.
    pub visits_per_day: Option<f64>,
    /// People within 15 minutes on foot. For a region, the sum over its centers with counted visits. `None` without a street
    /// network.
    pub catchment: Option<f64>,
    /// Visits per day per 1,000 people of the catchment.
    pub visits_per_day_per_1000: Option<f64>,
    /// Relative change of visits per day from the first to the second half of the period: 0.1 means 10 % more.
    pub trend: Option<f64>,
    /// Opening hours per week, mean over the centers with known hours.
    pub hours_per_week: Option<f64>,
    /// Offers of the centers and of their facilities.
    pub offers: u64,
    /// Number of event occurrences.
    pub events: u64,
    /// Share of the floor area open to residents, mean over the centers where it is known.
    pub open_share: Option<f64>,
    pub suggestions: u64,
    pub suggestions_answered: u64,
    pub suggestions_done: u64,
    /// Median hours from receipt to the first answer.
    pub median_hours_to_answer: Option<f64>,
    /// Median hours from receipt to completion.
    pub median_hours_to_done: Option<f64>,
}

/// The values of one center that are aggregated.
struct CenterValues {
    days: Vec<(Date, u64)>,
    catchment: Option<f64>,
    hours_per_week: Option<f64>,
    offers: u64,
    events: u64,
    open_share: Option<f64>,
    to_answer: Vec<f64>,
    to_done: Vec<f64>,
    suggestions: u64,
    answered: u64,
    done: u64,
    is_open: bool,
}

/// Returns the people who reach a center within 15 minutes on foot.
fn catchment(world: &World, network: &Network, place: usize) -> Option<f64> {
    let (profile, direction) = (Profile::Adult, Direction::Towards);
    let center = &world.register.centers[place];
    let start = SnappedPoint::new(network, center.position, profile).ok()?.start;
    let limit = Deciseconds::from_minutes(CATCHMENT_MIN);
    Some(with_scratch(|Scratch { search, hits }| {
        search.run_from(network, profile, direction, &start, limit);
        world.population_layer.collect(network, &start, search, hits);
        // Only recorded here; the caller checks for cancellation after each center.
        let _ = task::work(search.reached().len() + hits.points().len());
        let mut cells = hits.points().to_vec();
        cells.sort_unstable();
        cells.iter().map(|&c| world.register.population[c as usize].people).sum()
    }))
}

fn center_values(world: &World, place: usize, period: Period, with_catchment: bool) -> CenterValues {
    let register = &world.register;
    let center = &register.centers[place];
    let (from, to) = period.moments(register);
    let days: Vec<(Date, u64)> = register
        .visits_of(center.id)
        .map(|v| v.between(period.from, period.to).map(|(day, counts)| (day, total_visits(counts, None))).collect())
        .unwrap_or_default();
    let facilities = register.facilities_of_center(place);
    let offers = register.offers_of_center(place).len()
        + facilities.iter().map(|&f| register.offers_of_facility(f as usize).len()).sum::<usize>();
    let of_facilities = facilities.iter().flat_map(|&f| register.events_of_facility(f as usize));
    let events = register.events_of_center(place).iter().chain(of_facilities);
    let times =
        events.map(|&e| register.events[e as usize].occurrences(register.calendar.zone, from, to).0.len() as u64);
    let suggestions: Vec<_> = register
        .suggestions_of_center(place)
        .iter()
        .map(|&s| &register.suggestions[s as usize])
        .filter(|s| s.received_at >= from && s.received_at < to)
        .collect();
    let open = center.status == Status::Open;
    let hours_per_week = register.hours_of_center(center).filter(|_| open).and_then(|hours| {
        let zone = register.calendar.zone;
        let minutes = hours.minutes_open(zone.local(from), zone.local(to))?;
        Some(minutes as f64 / 60.0 * 7.0 / f64::from(period.days()))
    });
    CenterValues {
        catchment: world.network().ok().filter(|_| with_catchment).and_then(|network| catchment(world, network, place)),
        days,
        hours_per_week,
        offers: offers as u64,
        events: times.sum(),
        open_share: center.open_share,
        to_answer: suggestions.iter().filter_map(|s| s.hours_to_answer()).collect(),
        to_done: suggestions.iter().filter_map(|s| s.hours_to_done()).collect(),
        suggestions: suggestions.len() as u64,
        answered: suggestions.iter().filter(|s| s.answered_at.is_some()).count() as u64,
        done: suggestions.iter().filter(|s| s.status == SuggestionStatus::Done).count() as u64,
        is_open: open,
    }
}

fn aggregate(parts: &[CenterValues], period: Period) -> Usage {
    let counted: Vec<&CenterValues> = parts.iter().filter(|p| !p.days.is_empty()).collect();
    let visits: u64 = counted.iter().flat_map(|p| p.days.iter().map(|d| d.1)).sum();
    let counted_days: u64 = counted.iter().map(|p| p.days.len() as u64).sum();
    // Visits of each center per counted day, summed over centers.
    let center_per_day = |p: &&CenterValues| p.days.iter().map(|d| d.1).sum::<u64>() as f64 / p.days.len() as f64;
    let per_day: f64 = counted.iter().map(center_per_day).sum();
    let has_catchment = !counted.is_empty() && counted.iter().any(|p| p.catchment.is_some());
    let of_counted: f64 = counted.iter().filter_map(|p| p.catchment).sum();
    // A single center reports its catchment even without counted visits.
    let alone = if parts.len() == 1 { parts[0].catchment } else { None };
    let middle = period.middle();
    let half = |late: bool| -> Vec<f64> {
        counted
            .iter()
            .flat_map(|p| p.days.iter().filter(move |d| (d.0 >= middle) == late).map(|d| d.1 as f64))
            .collect()
    };
    let (first, second) = (half(false), half(true));
    let trend = (first.len() >= TREND_DAYS && second.len() >= TREND_DAYS)
        .then(|| Some(mean(second.into_iter())? / mean(first.into_iter())? - 1.0))
        .flatten()
        .filter(|t| t.is_finite());
    Usage {
        period,
        centers: parts.iter().filter(|p| p.is_open).count() as u64,
        counted_centers: counted.len() as u64,
        counted_days,
        visits,
        visits_per_day: (!counted.is_empty()).then_some(per_day),
        catchment: alone.or(has_catchment.then_some(of_counted)),
        visits_per_day_per_1000: (has_catchment && of_counted > 0.0).then(|| per_day / of_counted * 1000.0),
        trend,
        hours_per_week: mean(parts.iter().filter_map(|p| p.hours_per_week)),
        offers: parts.iter().map(|p| p.offers).sum(),
        events: parts.iter().map(|p| p.events).sum(),
        open_share: mean(parts.iter().filter_map(|p| p.open_share)),
        suggestions: parts.iter().map(|p| p.suggestions).sum(),
        suggestions_answered: parts.iter().map(|p| p.answered).sum(),
        suggestions_done: parts.iter().map(|p| p.done).sum(),
        median_hours_to_answer: median(parts.iter().flat_map(|p| p.to_answer.iter().copied()).collect()),
        median_hours_to_done: median(parts.iter().flat_map(|p| p.to_done.iter().copied()).collect()),
    }
}

/// Returns the use of the center at a register index.
#[must_use]
pub fn center_usage(world: &World, place: usize, period: Period) -> Usage {
    aggregate(&[center_values(world, place, period, true)], period)
}

/// Returns the use of all centers of a region.
///
/// # Errors
/// [`Stopped`].
pub fn region_usage(world: &World, region: &RegionCode, period: Period) -> Result<Usage, Stopped> {
    let of = |&place: &u32| {
        let is_counted = world.register.visits_of(world.register.centers[place as usize].id).is_some();
        task::work(period.days() as usize)?;
        Ok(center_values(world, place as usize, period, is_counted))
    };
    let parts: Vec<CenterValues> = parallel::try_map(world.register.centers_in(region), 1, of)?;
    Ok(aggregate(&parts, period))
}
