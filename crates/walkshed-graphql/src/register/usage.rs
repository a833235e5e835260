//! How well centers are used.

use super::Center;
use crate::error::{bad_input, over_limit};
use crate::lasting;
use crate::scalars::Day;
use crate::types::round;
use crate::words::Audience;
use async_graphql::{Enum, Object, Result, SimpleObject};
use std::sync::Arc;
use walkshed_analysis::world::World;
use walkshed_analysis::{self as analysis, Period, Underused};
use walkshed_register::{self as register, total_visits};

/// Days of a period when the request does not say.
const USUAL_DAYS: i32 = 30;
/// Days of visits in one answer at most.
const MAX_VISIT_DAYS: i32 = 366;

/// The period of a request; `counted` is the last day on which visits were counted.
pub fn period(world: &World, from: Option<Day>, to: Option<Day>, counted: Option<jiff::civil::Date>) -> Result<Period> {
    let today = || world.register.calendar.zone.day(lasting::now());
    let to = to.map_or_else(|| counted.unwrap_or_else(today), |day| day.0);
    match from {
        None => Ok(Period::last(USUAL_DAYS, to)),
        Some(from) => Period::new(from.0, to).map_err(|e| bad_input("to", to, e)),
    }
}

/// The last day on which visits were counted anywhere.
pub fn last_counted(world: &World) -> Option<jiff::civil::Date> {
    world.register.visits.values().filter_map(|v| v.span()).map(|span| span.1).max()
}

/// How many came, by hour and audience where that is known.
#[derive(SimpleObject)]
pub struct VisitCount {
    /// Hour of the day, 0 to 23; null for the whole day.
    hour: Option<u8>,
    /// Who came. Counts of EVERYONE hold those of all others.
    audience: Audience,
    /// How many.
    count: u32,
}

/// The visits of one day.
#[derive(SimpleObject)]
pub struct VisitDay {
    /// The day.
    day: Day,
    /// How many came: the count of EVERYONE, or the sum of all audiences where everyone was not counted.
    total: u64,
    /// What was counted.
    counts: Vec<VisitCount>,
}

impl VisitDay {
    /// Shapes the answer.
    pub fn new(day: jiff::civil::Date, counts: &[register::VisitCount]) -> Self {
        let count = |c: &register::VisitCount| VisitCount { hour: c.hour, audience: c.audience.into(), count: c.count };
        Self { day: Day(day), total: total_visits(counts, None), counts: counts.iter().map(count).collect() }
    }

    /// The days of a center in a period.
    pub fn between(world: &World, center: i64, period: Period) -> Result<Vec<Self>> {
        let days = period.days();
        if days > MAX_VISIT_DAYS {
            let why = format!("from: {days} days are more than one answer holds ({MAX_VISIT_DAYS})");
            return Err(over_limit("maxVisitDays", Some("from"), days as usize, MAX_VISIT_DAYS as usize, why));
        }
        let visits = world.register.visits_of(center);
        Ok(visits
            .map(|v| v.between(period.from, period.to).map(|(day, counts)| Self::new(day, counts)).collect())
            .unwrap_or_default())
    }
}

/// How well a center, or all centers of a region, were used in a period.
pub struct UsageObject(pub analysis::Usage);

/// How well a center, or all centers of a region, were used in a period.
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

    /// Centers that are open; 1 or 0 for a single one.
    async fn centers(&self) -> u64 {
        self.0.centers
    }

    /// Centers for which visits were counted.
    async fn counted_centers(&self) -> u64 {
        self.0.counted_centers
    }

    /// Days on which visits were counted, summed over centers.
    async fn counted_days(&self) -> u64 {
        self.0.counted_days
    }

    /// Visits in all.
    async fn visits(&self) -> u64 {
        self.0.visits
    }

    /// Visits a day, over the days that were counted; of a region the sum of its centers. Null where none was counted.
    async fn visits_per_day(&self) -> Option<f64> {
        self.0.visits_per_day.map(|v| round(v, 2))
    }

    /// People within 15 minutes on foot; of a region those of its counted centers, added up. Null without streets, where no
    /// center lies near one, and for a region none of whose centers was counted.
    async fn catchment_people(&self) -> Option<f64> {
        self.0.catchment.map(|v| round(v, 1))
    }

    /// Visits a day for 1,000 people of the catchment. Null where none was counted, or nobody lives there.
    async fn visits_per_day_per_1000(&self) -> Option<f64> {
        self.0.visits_per_day_per_1000.map(|v| round(v, 3))
    }

    /// Visits a day in the second half of the period against those in the first: 0.1 is a tenth more. Null where fewer
    /// than 7 days, summed over centers, were counted in either.
    async fn trend(&self) -> Option<f64> {
        self.0.trend.map(|v| round(v, 4))
    }

    /// Hours open a week, in the mean over centers with known hours. Hours that are unknown, as by appointment, do not count.
    async fn hours_open_per_week(&self) -> Option<f64> {
        self.0.hours_per_week.map(|v| round(v, 2))
    }

    /// Offers of the centers and of all facilities in them, whatever their status.
    async fn offers(&self) -> u64 {
        self.0.offers
    }

    /// Times that events took place.
    async fn events(&self) -> u64 {
        self.0.events
    }

    /// Share of the floor area open to residents, in the mean over centers where it is known.
    async fn open_share(&self) -> Option<f64> {
        self.0.open_share.map(|v| round(v, 4))
    }

    /// Suggestions that came in.
    async fn suggestions(&self) -> u64 {
        self.0.suggestions
    }

    /// Of them answered, up to now.
    async fn suggestions_answered(&self) -> u64 {
        self.0.suggestions_answered
    }

    /// Of them done, up to now.
    async fn suggestions_done(&self) -> u64 {
        self.0.suggestions_done
    }

    /// The median of the hours from receipt to the first answer.
    async fn median_hours_to_answer(&self) -> Option<f64> {
        self.0.median_hours_to_answer.map(|v| round(v, 2))
    }

    /// The median of the hours from receipt until done.
    async fn median_hours_to_done(&self) -> Option<f64> {
        self.0.median_hours_to_done.map(|v| round(v, 2))
    }
}

/// A number that may explain how well a center is used.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "analysis::Factor")]
pub enum UseFactor {
    /// Visits a day.
    Visits,
    /// People within 15 minutes on foot.
    Catchment,
    /// Hours open a week.
    HoursOpen,
    /// Services on offer.
    Offers,
    /// Times that events took place.
    Events,
    /// Share of the floor area open to residents.
    OpenShare,
    /// Share of suggestions answered.
    SuggestionsAnswered,
}

/// A number and the median of the centers it is compared with.
#[derive(SimpleObject)]
pub struct ComparedNumber {
    /// Which number.
    factor: UseFactor,
    /// Of this center.
    value: f64,
    /// Of all that are compared.
    median: f64,
}

/// A center with its use relative to the people around it.
pub struct UnderusedCenter {
    pub world: Arc<World>,
    pub found: Underused,
}

/// A center with its use relative to the people around it.
#[Object]
impl UnderusedCenter {
    /// The center.
    async fn center(&self) -> Center {
        Center::at(&self.world, self.found.place)
    }

    /// How it was used.
    async fn usage(&self) -> UsageObject {
        UsageObject(self.found.usage.clone())
    }

    /// Its visits a day for 1,000 people divided by the median of all that are compared.
    async fn ratio_to_median(&self) -> f64 {
        round(self.found.ratio_to_median, 4)
    }

    /// The number that put it here: few VISITS, or a large CATCHMENT, whichever is further from its median.
    async fn because(&self) -> ComparedNumber {
        let f = &self.found;
        ComparedNumber {
            factor: f.because.into(),
            value: round(f.because_value, 2),
            median: round(f.because_median, 2),
        }
    }

    /// Of what the center itself offers, the number that is lowest against its median; null where none is below it.
    async fn weakest(&self) -> Option<ComparedNumber> {
        let (factor, value, median) = self.found.weakest?;
        Some(ComparedNumber { factor: factor.into(), value: round(value, 2), median: round(median, 2) })
    }
}

/// Centers by use relative to their catchment, the least used first.
#[derive(SimpleObject)]
pub struct UnderusedCenters {
    /// The least used first.
    pub nodes: Vec<UnderusedCenter>,
    /// Centers that were counted and compared.
    pub compared: u64,
    /// First day of the period.
    pub from: Day,
    /// Last day of the period.
    pub to: Day,
}
