//! Recurrence rules of events: an RRULE of RFC 5545, strictly parsed and expanded.
//!
//! A rule is expanded period by period (year, month, week, day) within the requested window.

mod expand;
mod parts;
mod rule;

pub use rule::RuleError;

use crate::calendar::Zone;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use parts::{MAX_COUNT, Parts, short, weekday};
use rule::{Frequency, RuleDay};

/// Years allowed for the dates of an event. A year such as 0025 is a typing error.
pub const YEARS: std::ops::RangeInclusive<i16> = 1900..=2200;

/// Occurrence times within a window.
#[derive(Debug, Clone, Default)]
pub struct Expansion {
    pub times: Vec<DateTime<Tz>>,
    /// Whether the window has, or may have, more times than the limit.
    pub has_more: bool,
}

/// A parsed rule of an event with a given start. An empty list matches everything.
#[derive(Debug, Clone)]
pub struct Recurrence {
    freq: Frequency,
    interval: i64,
    count: Option<u32>,
    until: Option<DateTime<Utc>>,
    week_start: Weekday,
    months: Vec<i16>,
    days: Vec<i16>,
    year_days: Vec<i16>,
    weeks: Vec<i16>,
    weekdays: Vec<RuleDay>,
    positions: Vec<i16>,
    /// Times of day, ascending.
    times: Vec<NaiveTime>,
    starts: DateTime<Tz>,
}

impl Recurrence {
    /// Parses the rule of an event that starts at `starts`. Times without `Z` are local times of `zone`.
    ///
    /// # Errors
    /// [`RuleError`] with the part and its value.
    pub fn parse(text: &str, starts: DateTime<Tz>, zone: Zone) -> Result<Self, RuleError> {
        let parts = Parts::split(text)?;
        let freq = parts.frequency()?;
        parts.check_combinations(freq)?;
        let week_start = parts.get("WKST").map(|day| weekday("WKST", day, day)).transpose()?;
        let mut rule = Self {
            freq,
            interval: parts.number("INTERVAL", 1, u32::from(u16::MAX))?.map_or(1, i64::from),
            count: parts.number("COUNT", 1, MAX_COUNT)?,
            until: parts.until(starts, zone)?,
            week_start: week_start.unwrap_or(Weekday::Mon),
            months: parts.numbers("BYMONTH", 12, false)?,
            days: parts.numbers("BYMONTHDAY", 31, true)?,
            year_days: parts.numbers("BYYEARDAY", 366, true)?,
            weeks: parts.numbers("BYWEEKNO", 53, true)?,
            weekdays: parts.weekdays()?,
            positions: parts.numbers("BYSETPOS", 366, true)?,
            times: Vec::new(),
            starts,
        };
        // Without a part that selects days, the start of the event does (RFC 5545, 3.3.10).
        if rule.days.is_empty() && rule.year_days.is_empty() && rule.weeks.is_empty() && rule.weekdays.is_empty() {
            match freq {
                Frequency::Yearly => {
                    if rule.months.is_empty() {
                        rule.months.push(starts.month() as i16);
                    }
                    rule.days.push(starts.day() as i16);
                }
                Frequency::Monthly => rule.days.push(starts.day() as i16),
                Frequency::Weekly => rule.weekdays.push(RuleDay::Every(starts.weekday())),
                Frequency::Daily => {}
            }
        }
        let list = |part, most, of_start: u32| -> Result<Vec<u32>, RuleError> {
            let given = parts.times(part, most)?;
            Ok(if given.is_empty() { vec![of_start] } else { given.into_iter().map(u32::from).collect() })
        };
        let hours = list("BYHOUR", 23, starts.hour())?;
        let minutes = list("BYMINUTE", 59, starts.minute())?;
        let seconds = list("BYSECOND", 59, starts.second())?;
        for hour in hours {
            for minute in &minutes {
                rule.times.extend(seconds.iter().filter_map(|second| NaiveTime::from_hms_opt(hour, *minute, *second)));
            }
        }
        rule.times.sort_unstable();
        rule.times.dedup();
        Ok(rule)
    }

    /// Rejects a rule without any occurrence within the years 1900 to 2200.
    ///
    /// # Errors
    /// [`RuleError::Never`].
    pub fn check(&self, text: &str) -> Result<(), RuleError> {
        let last = NaiveDate::from_ymd_opt(i32::from(*YEARS.end()) + 1, 1, 1).unwrap_or(NaiveDate::MAX);
        let found = self.between(self.starts.to_utc(), last.and_time(NaiveTime::MIN).and_utc(), 1);
        if found.times.is_empty() { Err(RuleError::Never(short(text))) } else { Ok(()) }
    }
}
