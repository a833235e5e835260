//! Usage of centers.

use crate::cacheability;
use crate::enums::Audience;
use crate::error::{bad_input, over_limit};
use crate::scalars::Day;
use crate::types::round;
use async_graphql::{Object, Result, SimpleObject};
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, Period};
use walkshed_register::{self as register, total_visits};

/// Default length of a period in days.
const DEFAULT_DAYS: i32 = 30;
/// Maximum number of days with visits in one response.
const MAX_VISIT_DAYS: i32 = 366;

/// Returns the period of a request. `counted` is the last day with visit counts.
pub fn period(world: &World, from: Option<Day>, to: Option<Day>, counted: Option<jiff::civil::Date>) -> Result<Period> {
    let today = || world.register.calendar.zone.day(cacheability::now());
    let to = to.map_or_else(|| counted.unwrap_or_else(today), |day| day.0);
    match from {
        None => Ok(Period::last(DEFAULT_DAYS, to)),
        Some(from) => Period::new(from.0, to).map_err(|e| bad_input("to", to, e)),
    }
}

/// Returns the last day with visit counts at any center.
pub fn last_counted(world: &World) -> Option<jiff::civil::Date> {
    world.register.visits.values().filter_map(|v| v.span()).map(|span| span.1).max()
}

/// A number of visits, by hour and audience if known.
#[derive(SimpleObject)]
pub struct VisitCount {
    /// The hour of the day, 0 to 23. Null for the whole day.
    hour: Option<u8>,
    /// The audience counted. The count of EVERYONE includes all other audiences.
    audience: Audience,
    /// The number of visits.
    count: u32,
}

/// The visits of one day.
#[derive(SimpleObject)]
pub struct VisitDay {
    /// The day.
    day: Day,
    /// The number of visits: the count of EVERYONE or, if EVERYONE was not counted, the sum over all audiences.
    total: u64,
    /// The counts.
    counts: Vec<VisitCount>,
}

impl VisitDay {
    /// Converts the counts of a day.
    pub fn new(day: jiff::civil::Date, counts: &[register::VisitCount]) -> Self {
        let count = |c: &register::VisitCount| VisitCount { hour: c.hour, audience: c.audience.into(), count: c.count };
        Self { day: Day(day), total: total_visits(counts, None), counts: counts.iter().map(count).collect() }
    }

    /// Returns the days of a center in a period.
    pub fn between(world: &World, center: i64, period: Period) -> Result<Vec<Self>> {
        let days = period.days();
        if days > MAX_VISIT_DAYS {
            let why = format!("from: {days} days exceed the maximum ({MAX_VISIT_DAYS})");
            return Err(over_limit("maxVisitDays", Some("from"), days as usize, MAX_VISIT_DAYS as usize, why));
        }
        let visits = world.register.visits_of(center);
        Ok(visits
            .map(|v| v.between(period.from, period.to).map(|(day, counts)| Self::new(day, counts)).collect())
            .unwrap_or_default())
    }
}

/// The usage of a center, or of all centers of a region, in a period.
pub struct UsageObject(pub analysis::Usage);

/// The usage of a center, or of all centers of a region, in a period.
#[Object(name = "Usage")]
impl UsageObject {
    /// First day of the period.
    async fn from(&self) -> Day {
        Day(self.0.period.from)
    }

    /// Last day of the period.
    async fn to(&self) -> Day {
        Day(self.0.period.to)
    }

    /// The number of open centers. 1 or 0 for a single center.
    async fn centers(&self) -> u64 {
        self.0.centers
    }

    /// The number of centers with visit counts.
    async fn counted_centers(&self) -> u64 {
        self.0.counted_centers
    }

    /// The number of days with visit counts, summed over centers.
    async fn counted_days(&self) -> u64 {
        self.0.counted_days
    }

    /// The total number of visits.
    async fn visits(&self) -> u64 {
        self.0.visits
    }

    /// The visits per day, averaged over the days with counts. For a region, the sum over its centers. Null without
    /// counts.
    async fn visits_per_day(&self) -> Option<f64> {
        self.0.visits_per_day.map(|v| round(v, 2))
    }

    /// The number of people within 15 minutes on foot. For a region, the sum over its centers with visit counts. Null
    /// without streets, if no center is near a street, and for a region without visit counts.
    async fn catchment_people(&self) -> Option<f64> {
        self.0.catchment.map(|v| round(v, 1))
    }

    /// The visits per day for each 1,000 people in the catchment. Null without counts or if nobody lives there.
    async fn visits_per_day_per_1000(&self) -> Option<f64> {
        self.0.visits_per_day_per_1000.map(|v| round(v, 3))
    }

    /// The relative change in visits per day from the first to the second half of the period; 0.1 means 10 % more. Null
    /// if either half has fewer than 7 days with counts, summed over centers.
    async fn trend(&self) -> Option<f64> {
        self.0.trend.map(|v| round(v, 4))
    }

    /// The opening hours per week, averaged over centers with known hours. Hours with an unknown state (by appointment)
    /// do not count.
    async fn hours_open_per_week(&self) -> Option<f64> {
        self.0.hours_per_week.map(|v| round(v, 2))
    }

    /// The number of offers of the centers and their facilities, regardless of status.
    async fn offers(&self) -> u64 {
        self.0.offers
    }

    /// The number of times events took place.
    async fn events(&self) -> u64 {
        self.0.events
    }

    /// The share of the floor area open to residents, averaged over centers for which it is known.
    async fn open_share(&self) -> Option<f64> {
        self.0.open_share.map(|v| round(v, 4))
    }

    /// The number of suggestions received.
    async fn suggestions(&self) -> u64 {
        self.0.suggestions
    }

    /// The number of these suggestions answered so far.
    async fn suggestions_answered(&self) -> u64 {
        self.0.suggestions_answered
    }

    /// The number of these suggestions done so far.
    async fn suggestions_done(&self) -> u64 {
        self.0.suggestions_done
    }

    /// The median time from receipt to the first answer, in hours.
    async fn median_hours_to_answer(&self) -> Option<f64> {
        self.0.median_hours_to_answer.map(|v| round(v, 2))
    }

    /// The median time from receipt until done, in hours.
    async fn median_hours_to_done(&self) -> Option<f64> {
        self.0.median_hours_to_done.map(|v| round(v, 2))
    }
}
