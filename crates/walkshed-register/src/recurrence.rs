//! Recurrence rules of events: an RRULE of RFC 5545, strictly parsed and expanded.
//!
//! A rule is expanded period by period (year, month, week, day) within the requested window. A rule that matches no day would
//! be expanded forever, so the number of examined days is limited: see [`MAX_DAYS`].

use super::calendar::Zone;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc, Weekday};
use chrono_tz::Tz;

/// Years allowed for the dates of an event. A year such as 0025 is a typing error.
pub const YEARS: std::ops::RangeInclusive<i16> = 1900..=2200;
/// Maximum number of days examined by one expansion: about 400 years.
const MAX_DAYS: i64 = 150_000;
/// Maximum length of a rule, in bytes.
const MAX_LENGTH: usize = 300;
/// Maximum value of COUNT: daily for 27 years.
const MAX_COUNT: u32 = 10_000;
/// Parts that select days or times. BYSETPOS requires one of them.
const SELECTING_PARTS: [&str; 8] =
    ["BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND"];
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Mon),
    ("TU", Weekday::Tue),
    ("WE", Weekday::Wed),
    ("TH", Weekday::Thu),
    ("FR", Weekday::Fri),
    ("SA", Weekday::Sat),
    ("SU", Weekday::Sun),
];

/// A text that is not a supported rule. The message is phrased to follow the field name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("\"{0}\" must be a single RRULE of RFC 5545 of at most {MAX_LENGTH} characters")]
    NotOne(String),
    #[error(
        "\"{0}\" is not an RRULE of RFC 5545: expected NAME=VALUE parts separated by semicolons, such as FREQ=WEEKLY;BYDAY=FR"
    )]
    NotAPart(String),
    #[error("{0} is not a part of an RRULE (RFC 5545)")]
    UnknownPart(String),
    #[error("{0} is given more than once")]
    Twice(&'static str),
    #[error("FREQ is missing; write for example FREQ=WEEKLY;BYDAY=FR")]
    NoFrequency,
    #[error("FREQ={0} is not supported; use FREQ=DAILY with BYHOUR and BYMINUTE")]
    TooOften(String),
    #[error("{part}={value} {why}")]
    Value { part: &'static str, value: String, why: String },
    #[error("{0} and {1} cannot both be given")]
    Both(&'static str, &'static str),
    #[error("UNTIL={until} is before the start of the event ({starts})")]
    UntilBeforeStart { until: String, starts: String },
    #[error("\"{0}\" has no occurrence: no day matches all its parts")]
    Never(String),
}

/// The frequency of a rule (FREQ).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frequency {
    Yearly,
    Monthly,
    Weekly,
    Daily,
}

/// An entry of BYDAY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RuleDay {
    Every(Weekday),
    /// The nth weekday of the month or year; negative numbers count from the end.
    Nth(i16, Weekday),
}

/// Occurrence times within a window.
#[derive(Debug, Clone, Default)]
pub struct Times {
    pub list: Vec<DateTime<Tz>>,
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
    pub fn read(text: &str, starts: DateTime<Tz>, zone: Zone) -> Result<Self, RuleError> {
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

    /// Rejects a rule without any occurrence within [`YEARS`].
    ///
    /// # Errors
    /// [`RuleError::Never`].
    pub fn check(&self, text: &str) -> Result<(), RuleError> {
        let last = NaiveDate::from_ymd_opt(i32::from(*YEARS.end()) + 1, 1, 1).unwrap_or(NaiveDate::MAX);
        let found = self.between(self.starts.to_utc(), last.and_time(NaiveTime::MIN).and_utc(), 1);
        if found.list.is_empty() { Err(RuleError::Never(short(text))) } else { Ok(()) }
    }

    /// Returns up to `limit` times from `from` to `to`, both included, in order. Only periods near the window are examined,
    /// except for rules with COUNT, which are expanded from the start.
    #[must_use]
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>, limit: usize) -> Times {
        let (zone, first) = (self.starts.timezone(), self.starts.naive_local());
        let mut found = Times::default();
        // A margin on either side covers clock changes.
        let (low, high) = (from.with_timezone(&zone).naive_local(), to.with_timezone(&zone).naive_local());
        let near = low.checked_sub_signed(TimeDelta::days(2)).unwrap_or(NaiveDateTime::MIN);
        let high = high.date().succ_opt().unwrap_or(NaiveDate::MAX);
        let (mut left, mut examined) = (self.count, 0);
        let mut period = if self.count.is_some() { 0 } else { self.period_before(low) };
        while let Some((begins, days)) = self.period(period) {
            if begins > high {
                return found;
            }
            examined += days;
            if examined > MAX_DAYS {
                break;
            }
            for local in self.times_of(begins, days) {
                if local < first {
                    continue;
                }
                match &mut left {
                    Some(0) => return found,
                    Some(left) => *left -= 1,
                    None => {}
                }
                if local < near && self.until.is_none() {
                    continue;
                }
                let Some(at) = to_zoned(zone, local) else { continue };
                if at > to || self.until.is_some_and(|until| at > until) {
                    return found;
                }
                if at >= from {
                    if found.list.len() >= limit {
                        return Times { has_more: true, ..found };
                    }
                    found.list.push(at);
                }
            }
            period += 1;
        }
        Times { has_more: true, ..found }
    }

    /// Returns the number of a period that ends before a time; 0 is the first period.
    fn period_before(&self, time: NaiveDateTime) -> i64 {
        let first = self.starts.naive_local();
        let month_of = |at: NaiveDateTime| i64::from(at.year()) * 12 + i64::from(at.month0());
        let between = match self.freq {
            Frequency::Yearly => i64::from(time.year()) - i64::from(first.year()),
            Frequency::Monthly => month_of(time) - month_of(first),
            Frequency::Weekly => (time.date() - first.date()).num_days() / 7,
            Frequency::Daily => (time.date() - first.date()).num_days(),
        };
        (between / self.interval - 2).max(0)
    }

    /// Returns the first day of a period and its number of days. The first week begins with the start of the event.
    fn period(&self, number: i64) -> Option<(NaiveDate, i64)> {
        let first = self.starts.date_naive();
        let ahead = number.checked_mul(self.interval)?;
        let days_later = |date: NaiveDate, days: i64| date.checked_add_signed(TimeDelta::try_days(days)?);
        Some(match self.freq {
            Frequency::Yearly => {
                let date = NaiveDate::from_ymd_opt(i32::try_from(i64::from(first.year()) + ahead).ok()?, 1, 1)?;
                (date, if date.leap_year() { 366 } else { 365 })
            }
            Frequency::Monthly => {
                let month = i64::from(first.year()) * 12 + i64::from(first.month0()) + ahead;
                let year = i32::try_from(month.div_euclid(12)).ok()?;
                let date = NaiveDate::from_ymd_opt(year, month.rem_euclid(12) as u32 + 1, 1)?;
                (date, days_in_month(date))
            }
            Frequency::Weekly => {
                let since = i64::from(first.weekday().days_since(self.week_start));
                let begins = if ahead == 0 { first } else { days_later(first, 7 * ahead - since)? };
                (begins, if ahead == 0 { 7 - since } else { 7 })
            }
            Frequency::Daily => (days_later(first, ahead)?, 1),
        })
    }

    /// Returns the local occurrence times of a period, in order.
    fn times_of(&self, begins: NaiveDate, days: i64) -> Vec<NaiveDateTime> {
        let matching = begins.iter_days().take(days as usize).filter(|day| self.matches(*day));
        if self.positions.is_empty() {
            return matching.flat_map(|day| self.times.iter().map(move |time| day.and_time(*time))).collect();
        }
        let matching: Vec<NaiveDate> = matching.collect();
        let (each, all) = (self.times.len(), matching.len() * self.times.len());
        let index_of = |position: &i16| {
            let from_end = usize::from(position.unsigned_abs());
            if *position > 0 { Some(from_end - 1) } else { all.checked_sub(from_end) }
        };
        let mut indexes: Vec<usize> = self.positions.iter().filter_map(index_of).filter(|index| *index < all).collect();
        indexes.sort_unstable();
        indexes.dedup();
        indexes.into_iter().map(|index| matching[index / each].and_time(self.times[index % each])).collect()
    }

    /// Returns whether a day matches all parts.
    fn matches(&self, day: NaiveDate) -> bool {
        // Negative numbers count from the end.
        let has = |list: &[i16], number: i64, of: i64| {
            list.is_empty() || list.iter().any(|n| i64::from(*n) == number || i64::from(*n) == number - of - 1)
        };
        (self.months.is_empty() || self.months.contains(&(day.month() as i16)))
            && has(&self.days, day.day().into(), days_in_month(day))
            && has(&self.year_days, day.ordinal().into(), if day.leap_year() { 366 } else { 365 })
            && (self.weekdays.is_empty() || self.weekdays.iter().any(|weekday| self.is_weekday(*weekday, day)))
            && (self.weeks.is_empty()
                || week_of(day, self.week_start).is_some_and(|(week, of)| has(&self.weeks, week, of)))
    }

    fn is_weekday(&self, weekday: RuleDay, day: NaiveDate) -> bool {
        match weekday {
            RuleDay::Every(weekday) => day.weekday() == weekday,
            RuleDay::Nth(nth, weekday) if day.weekday() == weekday => {
                let in_month = self.freq == Frequency::Monthly || !self.months.is_empty();
                let (index, of) = if in_month {
                    (i64::from(day.day0()), days_in_month(day))
                } else {
                    (i64::from(day.ordinal0()), if day.leap_year() { 366 } else { 365 })
                };
                let nth = i64::from(nth);
                if nth > 0 { index / 7 + 1 == nth } else { (of - 1 - index) / 7 + 1 == -nth }
            }
            RuleDay::Nth(..) => false,
        }
    }
}

fn days_in_month(day: NaiveDate) -> i64 {
    match day.month() {
        2 if day.leap_year() => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns the week number of a day and the number of weeks of that year, as in ISO 8601 but with any first weekday.
fn week_of(day: NaiveDate, week_start: Weekday) -> Option<(i64, i64)> {
    // The first week is the one that contains 4 January.
    let first = |year: i32| {
        let fourth = NaiveDate::from_ymd_opt(year, 1, 4)?;
        fourth.checked_sub_signed(TimeDelta::days(fourth.weekday().days_since(week_start).into()))
    };
    let year = day.year();
    let (mut begins, mut ends) = (first(year)?, first(year + 1)?);
    if day < begins {
        (begins, ends) = (first(year - 1)?, begins);
    } else if day >= ends {
        (begins, ends) = (ends, first(year + 2)?);
    }
    Some(((day - begins).num_days() / 7 + 1, (ends - begins).num_days() / 7))
}

/// Converts a local time. A skipped or ambiguous local time is resolved by the duration since midnight.
fn to_zoned(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Tz>> {
    local.and_local_timezone(zone).single().or_else(|| {
        let midnight = local.date().and_time(NaiveTime::MIN).and_local_timezone(zone).single()?;
        midnight.checked_add_signed(local.time() - NaiveTime::MIN)
    })
}

/// The parts of a rule, in upper case.
struct Parts(Vec<(&'static str, String)>);

impl Parts {
    fn split(text: &str) -> Result<Self, RuleError> {
        // Names and values are case-insensitive.
        let plain = text.trim().to_ascii_uppercase();
        let plain = plain.strip_prefix("RRULE:").unwrap_or(&plain);
        if plain.contains(['\n', '\r']) || plain.len() > MAX_LENGTH {
            return Err(RuleError::NotOne(short(text)));
        }
        let mut parts: Vec<(&'static str, String)> = Vec::new();
        for part in plain.split(';') {
            let (name, value) = part.split_once('=').ok_or_else(|| RuleError::NotAPart(short(text)))?;
            let known = ["FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYSETPOS"].into_iter().chain(SELECTING_PARTS);
            let name = known.into_iter().find(|k| *k == name).ok_or_else(|| RuleError::UnknownPart(short(name)))?;
            if parts.iter().any(|(known, _)| *known == name) {
                return Err(RuleError::Twice(name));
            }
            parts.push((name, value.to_owned()));
        }
        Ok(Self(parts))
    }

    fn get(&self, part: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == part).map(|(_, value)| value.as_str())
    }

    fn frequency(&self) -> Result<Frequency, RuleError> {
        let value = self.get("FREQ").ok_or(RuleError::NoFrequency)?;
        match value {
            "YEARLY" => Ok(Frequency::Yearly),
            "MONTHLY" => Ok(Frequency::Monthly),
            "WEEKLY" => Ok(Frequency::Weekly),
            "DAILY" => Ok(Frequency::Daily),
            "HOURLY" | "MINUTELY" | "SECONDLY" => Err(RuleError::TooOften(value.to_owned())),
            _ => Err(invalid_value("FREQ", value, "is not a frequency. Allowed: DAILY, WEEKLY, MONTHLY, YEARLY")),
        }
    }

    /// Rejects parts that RFC 5545 does not allow with this frequency or with each other.
    fn check_combinations(&self, freq: Frequency) -> Result<(), RuleError> {
        if self.get("COUNT").is_some() && self.get("UNTIL").is_some() {
            return Err(RuleError::Both("COUNT", "UNTIL"));
        }
        let allowed: [(&'static str, &[Frequency], &str); 3] = [
            ("BYWEEKNO", &[Frequency::Yearly], "is allowed with FREQ=YEARLY only"),
            ("BYYEARDAY", &[Frequency::Yearly], "is allowed with FREQ=YEARLY only"),
            (
                "BYMONTHDAY",
                &[Frequency::Yearly, Frequency::Monthly, Frequency::Daily],
                "is not allowed with FREQ=WEEKLY; use BYDAY, or FREQ=MONTHLY",
            ),
        ];
        for (part, frequencies, why) in allowed {
            if let Some(value) = self.get(part).filter(|_| !frequencies.contains(&freq)) {
                return Err(invalid_value(part, value, why));
            }
        }
        if let Some(value) = self.get("BYDAY").filter(|value| value.bytes().any(|b| b.is_ascii_digit())) {
            if !matches!(freq, Frequency::Monthly | Frequency::Yearly) {
                let why = "has a number, which is allowed with FREQ=MONTHLY and FREQ=YEARLY only; leave the number out";
                return Err(invalid_value("BYDAY", value, why));
            }
            if self.get("BYWEEKNO").is_some() {
                return Err(invalid_value("BYDAY", value, "has a number, which is not allowed with BYWEEKNO"));
            }
        }
        if let Some(value) = self.get("BYSETPOS")
            && !SELECTING_PARTS.iter().any(|part| self.get(part).is_some())
        {
            return Err(invalid_value("BYSETPOS", value, "requires another BY part to select from, such as BYDAY"));
        }
        Ok(())
    }

    /// Parses a whole number in a range.
    fn number(&self, part: &'static str, min: u32, max: u32) -> Result<Option<u32>, RuleError> {
        let Some(value) = self.get(part) else { return Ok(None) };
        let number = Some(value).filter(|v| v.bytes().all(|b| b.is_ascii_digit())).and_then(|v| v.parse().ok());
        match number.filter(|n| (min..=max).contains(n)) {
            Some(number) => Ok(Some(number)),
            None => Err(invalid_value(part, value, &format!("is not a whole number from {min} to {max}"))),
        }
    }

    /// Parses a list of numbers from 1 to `max`; with `from_end` also from -1 to `-max`.
    fn numbers(&self, part: &'static str, max: i16, from_end: bool) -> Result<Vec<i16>, RuleError> {
        let below = if from_end { format!(" or -1 to -{max}") } else { String::new() };
        let read = |item: &str| {
            let digits = if from_end { item.trim_start_matches(['+', '-']) } else { item };
            let number = item.parse::<i16>().ok().filter(|_| is_number(digits) && item.len() <= digits.len() + 1);
            number.filter(|n| if from_end { (1..=max).contains(&n.abs()) } else { (1..=max).contains(n) })
        };
        self.list(part, read, &format!("is not between 1 and {max}{below}"))
    }

    /// Parses a list of hours, minutes or seconds.
    fn times(&self, part: &'static str, max: u8) -> Result<Vec<u8>, RuleError> {
        let read = |item: &str| item.parse::<u8>().ok().filter(|n| is_number(item) && *n <= max);
        self.list(part, read, &format!("is not between 0 and {max}"))
    }

    fn list<T>(&self, part: &'static str, read: impl Fn(&str) -> Option<T>, why: &str) -> Result<Vec<T>, RuleError> {
        let Some(value) = self.get(part) else { return Ok(Vec::new()) };
        value.split(',').map(|item| read(item).ok_or_else(|| invalid_value(part, item, why))).collect()
    }

    fn weekdays(&self) -> Result<Vec<RuleDay>, RuleError> {
        let Some(value) = self.get("BYDAY") else { return Ok(Vec::new()) };
        let read = |item: &str| {
            let at = item.len().checked_sub(2).filter(|at| item.is_char_boundary(*at));
            let (number, name) = at.map_or(("", item), |at| item.split_at(at));
            let day = weekday("BYDAY", item, name)?;
            if number.is_empty() {
                return Ok(RuleDay::Every(day));
            }
            let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
            match number.parse::<i16>().ok().filter(|n| is_number(digits) && (1..=53).contains(&n.abs())) {
                Some(number) => Ok(RuleDay::Nth(number, day)),
                None => Err(invalid_value("BYDAY", item, "has a number outside 1 to 53 and -1 to -53")),
            }
        };
        value.split(',').map(read).collect()
    }

    /// Parses UNTIL. A time without `Z` is a local time of `zone`, as is the start of the event. A date stands for its midnight.
    fn until(&self, starts: DateTime<Tz>, zone: Zone) -> Result<Option<DateTime<Utc>>, RuleError> {
        let Some(value) = self.get("UNTIL") else { return Ok(None) };
        let bad = || {
            invalid_value("UNTIL", value, "is not a date or time such as 20261105, 20261105T090000 or 20261105T010000Z")
        };
        let (plain, is_utc) = value.strip_suffix('Z').map_or((value, false), |plain| (plain, true));
        let (day, time) = match plain.split_once('T') {
            Some((day, time)) if is_number(time) && time.len() == 6 => (day, time),
            None if !is_utc => (plain, "000000"),
            _ => return Err(bad()),
        };
        if !is_number(day) || day.len() != 8 {
            return Err(bad());
        }
        let at = NaiveDateTime::parse_from_str(&format!("{day}{time}"), "%Y%m%d%H%M%S").map_err(|_| bad())?;
        let until = if is_utc { at.and_utc() } else { to_utc(zone, at) };
        if until < starts {
            let starts = starts.format("%Y-%m-%dT%H:%M").to_string();
            return Err(RuleError::UntilBeforeStart { until: value.to_owned(), starts });
        }
        Ok(Some(until))
    }
}

fn to_utc(zone: Zone, at: NaiveDateTime) -> DateTime<Utc> {
    DateTime::from_timestamp(zone.moment(at).as_second(), 0).unwrap_or_else(|| at.and_utc())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn weekday(part: &'static str, item: &str, name: &str) -> Result<Weekday, RuleError> {
    let found = WEEKDAYS.iter().find(|(known, _)| *known == name).map(|(_, day)| *day);
    found.ok_or_else(|| invalid_value(part, item, "is not a weekday. Allowed: MO, TU, WE, TH, FR, SA, SU"))
}

fn invalid_value(part: &'static str, value: &str, why: &str) -> RuleError {
    RuleError::Value { part, value: short(value), why: why.to_owned() }
}

fn short(text: &str) -> String {
    text.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(starts: &str, text: &str) -> Recurrence {
        let zone = Zone::default();
        let starts: NaiveDateTime = starts.parse().unwrap();
        Recurrence::read(text, to_zoned(zone.tz(), starts).unwrap(), zone).unwrap()
    }

    fn days(starts: &str, text: &str, from: &str, to: &str) -> Vec<String> {
        let at = |text: &str| text.parse::<NaiveDate>().unwrap().and_time(NaiveTime::MIN).and_utc();
        rule(starts, text).between(at(from), at(to), 100).list.iter().map(|t| t.date_naive().to_string()).collect()
    }

    #[test]
    fn counts_weeks_from_any_first_weekday() {
        for (day, start, week) in [
            ("2026-01-01", Weekday::Mon, (1, 53)),
            ("2025-12-29", Weekday::Mon, (1, 53)),
            ("2027-01-03", Weekday::Mon, (53, 53)),
            ("2027-01-03", Weekday::Sun, (1, 52)),
            ("2026-12-31", Weekday::Mon, (53, 53)),
        ] {
            let found = week_of(day.parse().unwrap(), start);
            assert_eq!(found, Some(week), "{day} {start}");
        }
    }

    #[test]
    fn mixes_weekdays_with_and_without_numbers() {
        let found = days("2026-11-01T09:00:00", "FREQ=MONTHLY;BYDAY=MO,2TU", "2026-11-01", "2026-11-20");
        assert_eq!(found, ["2026-11-02", "2026-11-09", "2026-11-10", "2026-11-16"]);
    }

    /// No expansion examines more than [`MAX_DAYS`] days: this test would hang on an infinite loop.
    #[test]
    fn expansion_of_rules_without_occurrences_ends() {
        for text in [
            "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
            "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
            "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=10000",
            "FREQ=YEARLY;INTERVAL=65535;BYWEEKNO=53;BYYEARDAY=200",
        ] {
            let rule = rule("1900-01-01T09:00:00", text);
            assert!(matches!(rule.check(text), Err(RuleError::Never(_))), "{text}");
            let [from, to] =
                [1, 9999].map(|year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap().and_time(NaiveTime::MIN).and_utc());
            assert!(rule.between(from, to, 1).list.is_empty(), "{text}");
        }
    }

    #[test]
    fn examines_only_periods_near_the_window() {
        let daily = rule("1900-01-01T09:00:00", "FREQ=DAILY;BYMONTH=11");
        let at = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        assert_eq!(daily.period_before(at("2026-11-25T00:00:00")), 46_349 - 2);
        assert_eq!(rule("1900-01-01T09:00:00", "FREQ=YEARLY").period_before(at("2026-11-25T00:00:00")), 124);
        assert_eq!(daily.period_before(at("1850-01-01T00:00:00")), 0);
    }
}
