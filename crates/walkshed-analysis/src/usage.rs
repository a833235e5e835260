//! Use of centers: visits relative to the people in the catchment, and factors that may explain low use.

use crate::world::{PlacedPoint, World};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use walkshed_engine::Deciseconds;
use walkshed_engine::parallel;
use walkshed_engine::task::{self, Stopped};
use walkshed_engine::{Direction, Network, Profile, Scratch, with_scratch};
use walkshed_register::{RegionCode, Register, Status, SuggestionStatus, day_of, naive_day, total_visits};

/// Catchment limit in minutes on foot.
const CATCHMENT_MIN: f64 = 15.0;
/// Maximum length of a period in days.
const MAX_DAYS: i32 = 3660;
/// Minimum number of counted days in each half of the period for a trend.
const TREND_DAYS: usize = 7;

/// A range of days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub from: Date,
    pub to: Date,
}

/// Why two days do not form a period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    #[error("ends on {to}, before its start on {from}")]
    Backwards { from: Date, to: Date },
    #[error("has {days} days; the maximum is {MAX_DAYS}")]
    TooLong { days: i32 },
}

impl Period {
    /// Creates a period.
    ///
    /// # Errors
    /// [`PeriodError`] if it ends before it starts or is longer than 3,660 days.
    pub fn new(from: Date, to: Date) -> Result<Self, PeriodError> {
        if to < from {
            return Err(PeriodError::Backwards { from, to });
        }
        let period = Self { from, to };
        if period.days() > MAX_DAYS { Err(PeriodError::TooLong { days: period.days() }) } else { Ok(period) }
    }

    /// Creates the period of a number of days that ends with `to`.
    #[must_use]
    pub fn last(days: i32, to: Date) -> Self {
        Self { from: to.saturating_sub((days - 1).days()), to }
    }

    /// Returns the number of days.
    #[must_use]
    pub fn days(self) -> i32 {
        (naive_day(self.to) - naive_day(self.from)).num_days() as i32 + 1
    }

    fn middle(self) -> Date {
        day_of(naive_day(self.from) + chrono::TimeDelta::days(i64::from(self.days() / 2)))
    }

    /// Returns the start (inclusive) and the end (exclusive) as timestamps in the register's time zone.
    #[must_use]
    pub fn moments(self, register: &Register) -> (Timestamp, Timestamp) {
        let zone = register.calendar.zone;
        let midnight = |day: Date| zone.moment(naive_day(day).and_time(chrono::NaiveTime::MIN));
        (midnight(self.from), midnight(self.to.saturating_add(1.day())))
    }
}

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
    let start = PlacedPoint::new(network, center.position, profile).ok()?.start;
    let limit = Deciseconds::from_minutes(CATCHMENT_MIN);
    Some(with_scratch(|Scratch { search, hits }| {
        search.run(network, profile, direction, &start.seeds(network, profile, direction, limit), limit);
        world.population_layer.collect(network, profile, direction, &start, search, limit, hits);
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

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0u32), |(sum, n), v| (sum + v, n + 1));
    (n > 0).then(|| sum / f64::from(n))
}

/// Returns the median; of an even number of values, the mean of the middle two.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
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

/// A factor that may explain low use of a center.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// Few visits.
    Visits,
    /// Many people in the catchment.
    Catchment,
    HoursOpen,
    Offers,
    Events,
    OpenShare,
    SuggestionsAnswered,
}

/// A center with low use relative to its catchment.
#[derive(Debug, Clone, PartialEq)]
pub struct Underused {
    /// Its index in the register.
    pub place: usize,
    pub usage: Usage,
    /// Its visits per day per 1,000 people, divided by the median of the compared centers.
    pub ratio_to_median: f64,
    /// Whether visits or catchment deviate more from their median, relative to it.
    pub because: Factor,
    pub because_value: f64,
    pub because_median: f64,
    /// The factor under the center's control that is lowest relative to its median, with value and median; `None` if none is
    /// below it.
    pub weakest: Option<(Factor, f64, f64)>,
}

/// A factor under the center's control and its value.
type OwnFactor = (Factor, fn(&Usage) -> Option<f64>);

/// Ranks the centers of a region, or of the city, with counted visits in the period by use relative to their catchment,
/// the least used first. Also returns the number of centers compared.
///
/// # Errors
/// [`Stopped`].
pub fn underused(
    world: &World,
    region: Option<&RegionCode>,
    period: Period,
) -> Result<(Vec<Underused>, usize), Stopped> {
    let register = &world.register;
    let all: Vec<u32> = match region {
        Some(region) => register.centers_in(region).to_vec(),
        None => (0..register.centers.len() as u32).collect(),
    };
    let counted = |&place: &u32| {
        let center = &register.centers[place as usize];
        let visits = register.visits_of(center.id)?;
        visits.between(period.from, period.to).next()?;
        let usage = center_usage(world, place as usize, period);
        usage.visits_per_day_per_1000.is_some().then_some((place as usize, usage))
    };
    let rows: Vec<(usize, Usage)> = parallel::try_map(&all, 1, |place| {
        let found = counted(place);
        task::work(if found.is_some() { period.days() as usize } else { 1 })?;
        Ok::<_, Stopped>(found)
    })?
    .into_iter()
    .flatten()
    .collect();
    let compared = rows.len();
    let median_of = |value: fn(&Usage) -> Option<f64>| median(rows.iter().filter_map(|(_, u)| value(u)).collect());
    let Some(usual) = median_of(|u| u.visits_per_day_per_1000) else { return Ok((Vec::new(), compared)) };
    let [visits, people] = [median_of(|u| u.visits_per_day), median_of(|u| u.catchment)].map(Option::unwrap_or_default);
    let own: [OwnFactor; 5] = [
        (Factor::HoursOpen, |u| u.hours_per_week),
        (Factor::Offers, |u| Some(u.offers as f64)),
        (Factor::Events, |u| Some(u.events as f64)),
        (Factor::OpenShare, |u| u.open_share),
        (Factor::SuggestionsAnswered, |u| {
            (u.suggestions > 0).then(|| u.suggestions_answered as f64 / u.suggestions as f64)
        }),
    ];
    let medians: Vec<Option<f64>> = own.iter().map(|(_, value)| median_of(*value)).collect();
    let mut list: Vec<Underused> = rows
        .into_iter()
        .map(|(place, usage)| {
            let (came, could) = (usage.visits_per_day.unwrap_or_default(), usage.catchment.unwrap_or_default());
            // The rate is low because visits are few or the catchment is large; both are compared as ratios to the median.
            let (few, many) = (visits / came.max(1e-9), could / people.max(1e-9));
            let (because, because_value, because_median) =
                if few >= many { (Factor::Visits, came, visits) } else { (Factor::Catchment, could, people) };
            let weakest = own
                .iter()
                .zip(&medians)
                .filter_map(|((factor, value), median)| Some((*factor, value(&usage)?, (*median)?)))
                .filter(|(_, value, median)| value < median)
                .min_by(|a, b| (a.1 / a.2).total_cmp(&(b.1 / b.2)));
            let rate = usage.visits_per_day_per_1000.unwrap_or_default();
            let ratio_to_median = if usual > 0.0 { rate / usual } else { 1.0 };
            Underused { place, usage, ratio_to_median, because, because_value, because_median, weakest }
        })
        .collect();
    list.sort_by(|a, b| a.ratio_to_median.total_cmp(&b.ratio_to_median).then(a.place.cmp(&b.place)));
    Ok((list, compared))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_odd_and_even_counts() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0]), Some(3.0));
        assert_eq!(median(vec![9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 9.0]), Some(3.0));
    }

    #[test]
    fn periods_include_both_ends() {
        let day = |m, d| jiff::civil::date(2026, m, d);
        let march = Period::new(day(3, 1), day(3, 31)).unwrap();
        assert_eq!((march.days(), march.middle()), (31, day(3, 16)));
        assert_eq!(Period::last(7, day(3, 7)), Period { from: day(3, 1), to: day(3, 7) });
        assert!(Period::new(day(3, 2), day(3, 1)).is_err());
        assert!(Period::new(jiff::civil::date(1990, 1, 1), day(1, 1)).is_err());
    }
}
