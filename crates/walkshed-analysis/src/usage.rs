//! How well centers are used: visits against the people who could come, and what may explain them.

use crate::world::{PlacedPoint, World};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use walkshed_engine::Deciseconds;
use walkshed_engine::parallel;
use walkshed_engine::task::{self, Stopped};
use walkshed_engine::{Direction, Network, Profile, Scratch, with_scratch};
use walkshed_register::{RegionCode, Register, Status, SuggestionStatus, day_of, naive_day, total_visits};

/// The catchment people are counted in, minutes on foot.
const CATCHMENT_MIN: f64 = 15.0;
/// Longest period, days.
const MAX_DAYS: i32 = 3660;
/// Days that must have been counted in each half before a trend is told.
const TREND_DAYS: usize = 7;

/// Days from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub from: Date,
    pub to: Date,
}

/// Why two days are no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    #[error("ends on {to}, before it begins on {from}")]
    Backwards { from: Date, to: Date },
    #[error("has {days} days, more than {MAX_DAYS}")]
    TooLong { days: i32 },
}

impl Period {
    /// A period.
    ///
    /// # Errors
    /// [`PeriodError`] when it ends before it begins, or is longer than ten years.
    pub fn new(from: Date, to: Date) -> Result<Self, PeriodError> {
        if to < from {
            return Err(PeriodError::Backwards { from, to });
        }
        let period = Self { from, to };
        if period.days() > MAX_DAYS { Err(PeriodError::TooLong { days: period.days() }) } else { Ok(period) }
    }

    /// The last days before and with `to`.
    #[must_use]
    pub fn last(days: i32, to: Date) -> Self {
        Self { from: to.saturating_sub((days - 1).days()), to }
    }

    /// How many days it has.
    #[must_use]
    pub fn days(self) -> i32 {
        (naive_day(self.to) - naive_day(self.from)).num_days() as i32 + 1
    }

    fn middle(self) -> Date {
        day_of(naive_day(self.from) + chrono::TimeDelta::days(i64::from(self.days() / 2)))
    }

    /// The moments at which it begins and ends.
    #[must_use]
    pub fn moments(self, register: &Register) -> (Timestamp, Timestamp) {
        let zone = register.calendar.zone;
        let midnight = |day: Date| zone.moment(naive_day(day).and_time(chrono::NaiveTime::MIN));
        (midnight(self.from), midnight(self.to.saturating_add(1.day())))
    }
}

/// How a center, or all centers of a region, were used in a period.
#[derive(Debug, Clone, PartialEq)]
pub struct Usage {
    pub period: Period,
    /// Centers that are open; 1 or 0 for a single one.
    pub centers: u64,
    /// Centers for which visits were counted.
    pub counted_centers: u64,
    /// Days on which visits were counted, summed over centers.
    pub counted_days: u64,
    pub visits: u64,
    /// By the days that were counted, for each center; `None` where none was.
    pub visits_per_day: Option<f64>,
    /// People within 15 minutes on foot; of a region those of its counted centers, one by one. `None` without streets.
    pub catchment: Option<f64>,
    /// Visits a day for 1,000 people of the catchment.
    pub visits_per_day_per_1000: Option<f64>,
    /// Visits a day in the second half of the period against those in the first: 0.1 is a tenth more.
    pub trend: Option<f64>,
    /// Hours open a week, in the mean over centers with known hours.
    pub hours_per_week: Option<f64>,
    /// Offers of the centers and of the facilities in them.
    pub offers: u64,
    /// Times that events took place.
    pub events: u64,
    /// Share of the floor area open to residents, in the mean over centers where it is known.
    pub open_share: Option<f64>,
    pub suggestions: u64,
    pub suggestions_answered: u64,
    pub suggestions_done: u64,
    /// The middle one of the hours from receipt to the first answer.
    pub median_hours_to_answer: Option<f64>,
    pub median_hours_to_done: Option<f64>,
}

/// What of one center goes into the sum of many.
struct Part {
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

/// People within 15 minutes on foot of a center, coming to it.
fn catchment(world: &World, network: &Network, place: usize) -> Option<f64> {
    let (profile, direction) = (Profile::Adult, Direction::Towards);
    let center = &world.register.centers[place];
    let start = PlacedPoint::new(network, center.position, profile).ok()?.start;
    let limit = Deciseconds::from_minutes(CATCHMENT_MIN);
    Some(with_scratch(|Scratch { search, hits }| {
        search.run(network, profile, direction, &start.seeds(network, profile, direction, limit), limit);
        world.population_layer.collect(network, profile, direction, &start, search, limit, hits);
        // Counted alone: who asked looks after each center whether to go on.
        let _ = task::work(search.reached().len() + hits.points().len());
        let mut cells = hits.points().to_vec();
        cells.sort_unstable();
        cells.iter().map(|&c| world.register.population[c as usize].people).sum()
    }))
}

fn part(world: &World, place: usize, period: Period, with_catchment: bool) -> Part {
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
    Part {
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

/// The middle value; of an even number the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

fn together(parts: &[Part], period: Period) -> Usage {
    let counted: Vec<&Part> = parts.iter().filter(|p| !p.days.is_empty()).collect();
    let visits: u64 = counted.iter().flat_map(|p| p.days.iter().map(|d| d.1)).sum();
    let counted_days: u64 = counted.iter().map(|p| p.days.len() as u64).sum();
    // Each center by the days it was counted on; a region is the sum of its centers.
    let a_day = |p: &&Part| p.days.iter().map(|d| d.1).sum::<u64>() as f64 / p.days.len() as f64;
    let per_day: f64 = counted.iter().map(a_day).sum();
    let has_catchment = !counted.is_empty() && counted.iter().any(|p| p.catchment.is_some());
    let of_counted: f64 = counted.iter().filter_map(|p| p.catchment).sum();
    // A single center has a catchment though nothing was counted.
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

/// The use of the center at a place.
#[must_use]
pub fn center_usage(world: &World, place: usize, period: Period) -> Usage {
    together(&[part(world, place, period, true)], period)
}

/// The use of all centers of a region.
///
/// # Errors
/// [`Stopped`].
pub fn region_usage(world: &World, region: &RegionCode, period: Period) -> Result<Usage, Stopped> {
    let of = |&place: &u32| {
        let is_counted = world.register.visits_of(world.register.centers[place as usize].id).is_some();
        task::work(period.days() as usize)?;
        Ok(part(world, place as usize, period, is_counted))
    };
    let parts: Vec<Part> = parallel::try_map(world.register.centers_in(region), 1, of)?;
    Ok(together(&parts, period))
}

/// What may make a center's use low.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// Few come.
    Visits,
    /// Many could come.
    Catchment,
    HoursOpen,
    Offers,
    Events,
    OpenShare,
    SuggestionsAnswered,
}

/// A center with little use for the people around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Underused {
    /// Its place among the centers.
    pub place: usize,
    pub usage: Usage,
    /// Its visits a day for 1,000 people divided by the median of those compared.
    pub ratio_to_median: f64,
    /// Which of the two numbers of that quotient is further from its median.
    pub because: Factor,
    pub because_value: f64,
    pub because_median: f64,
    /// Of what the center itself offers, what is lowest against the median; `None` where nothing is below it.
    pub weakest: Option<(Factor, f64, f64)>,
}

/// A number that a center has in its own hands.
type OwnFactor = (Factor, fn(&Usage) -> Option<f64>);

/// Centers by use relative to their catchment, the least used first, among all of a region (or everywhere) that were
/// counted in the period. Also says how many were compared.
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
            // A quotient is low as its numerator is low or its denominator high; both are measured as ratios.
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
    fn medians_are_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0]), Some(3.0));
        assert_eq!(median(vec![9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 9.0]), Some(3.0));
    }

    #[test]
    fn periods_are_counted_with_both_ends() {
        let day = |m, d| jiff::civil::date(2026, m, d);
        let march = Period::new(day(3, 1), day(3, 31)).unwrap();
        assert_eq!((march.days(), march.middle()), (31, day(3, 16)));
        assert_eq!(Period::last(7, day(3, 7)), Period { from: day(3, 1), to: day(3, 7) });
        assert!(Period::new(day(3, 2), day(3, 1)).is_err());
        assert!(Period::new(jiff::civil::date(1990, 1, 1), day(1, 1)).is_err());
    }
}
