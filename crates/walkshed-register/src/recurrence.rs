//! How an event recurs: an RRULE of RFC 5545, read strictly and expanded here.
//!
//! A rule is expanded period by period (year, month, week, day) within the window that is asked for. A rule that fits no day
//! would be followed for ever, so the days that are looked at are counted: see [`MAX_DAYS`].

use super::calendar::Zone;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc, Weekday};
use chrono_tz::Tz;

/// Years in which an event may first begin, and its further times may be. A year such as 0025 is a slip of the pen.
pub const YEARS: std::ops::RangeInclusive<i16> = 1900..=2200;
/// Days that one expansion looks at, at most: some 400 years.
const MAX_DAYS: i64 = 150_000;
/// Longest rule, bytes.
const MAX_LENGTH: usize = 300;
/// Largest COUNT: daily for 27 years.
const MAX_COUNT: u32 = 10_000;
/// Parts that choose days or times: BYSETPOS needs one of them.
const CHOOSING: [&str; 8] =
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

/// A text that is no rule, or one that cannot be kept. Read after the name of the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("\"{0}\" must be one RRULE of RFC 5545, at most {MAX_LENGTH} characters")]
    NotOne(String),
    #[error(
        "\"{0}\" is not an RRULE of RFC 5545: its parts are NAME=VALUE between semicolons, as FREQ=WEEKLY;BYDAY=FR"
    )]
    NotAPart(String),
    #[error("{0} is not a part of an RRULE (RFC 5545)")]
    UnknownPart(String),
    #[error("{0} is given twice")]
    Twice(&'static str),
    #[error("FREQ is missing, as in FREQ=WEEKLY;BYDAY=FR")]
    NoFrequency,
    #[error("FREQ={0} repeats more often than daily; give BYHOUR and BYMINUTE with FREQ=DAILY")]
    TooOften(String),
    #[error("{part}={value} {why}")]
    Value { part: &'static str, value: String, why: String },
    #[error("{0} and {1} cannot both be given")]
    Both(&'static str, &'static str),
    #[error("UNTIL={until} is before the event first begins ({starts})")]
    UntilBeforeStart { until: String, starts: String },
    #[error("\"{0}\" never takes place: no day fits all its parts")]
    Never(String),
}

/// How often a rule repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frequency {
    Yearly,
    Monthly,
    Weekly,
    Daily,
}

/// A weekday of BYDAY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RuleDay {
    Every(Weekday),
    /// The first, second, ... of the month or year; negative numbers count from its end.
    Nth(i16, Weekday),
}

/// Times of a window.
#[derive(Debug, Clone, Default)]
pub struct Times {
    pub list: Vec<DateTime<Tz>>,
    /// Are there, or may there be, more in the window than were asked for?
    pub has_more: bool,
}

/// A rule that has been read, for an event that first begins at a certain time. Empty lists fit everything.
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
    /// Of a day, rising.
    times: Vec<NaiveTime>,
    starts: DateTime<Tz>,
}

impl Recurrence {
    /// Reads a rule for an event that first begins at `starts`. Times without Z are by the clock of `zone`.
    ///
    /// # Errors
    /// [`RuleError`] naming the part and its value.
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
        // What the first time says where no part does.
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

    /// Refuses a rule that never takes place, as far as years go.
    ///
    /// # Errors
    /// [`RuleError::Never`].
    pub fn check(&self, text: &str) -> Result<(), RuleError> {
        let last = NaiveDate::from_ymd_opt(i32::from(*YEARS.end()) + 1, 1, 1).unwrap_or(NaiveDate::MAX);
        let found = self.between(self.starts.to_utc(), last.and_time(NaiveTime::MIN).and_utc(), 1);
        if found.list.is_empty() { Err(RuleError::Never(short(text))) } else { Ok(()) }
    }

    /// The first so many times from a moment on until another, both included, in order. However long ago the event first began,
    /// only periods near the window are looked at, unless times are counted.
    #[must_use]
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>, most: usize) -> Times {
        let (zone, first) = (self.starts.timezone(), self.starts.naive_local());
        let mut found = Times::default();
        // A day more to either side, whatever the clock does.
        let (low, high) = (from.with_timezone(&zone).naive_local(), to.with_timezone(&zone).naive_local());
        let near = low.checked_sub_signed(TimeDelta::days(2)).unwrap_or(NaiveDateTime::MIN);
        let high = high.date().succ_opt().unwrap_or(NaiveDate::MAX);
        let (mut left, mut looked_at) = (self.count, 0);
        let mut period = if self.count.is_some() { 0 } else { self.period_before(low) };
        while let Some((begins, days)) = self.period(period) {
            if begins > high {
                return found;
            }
            looked_at += days;
            if looked_at > MAX_DAYS {
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
                let Some(at) = on_the_clock(zone, local) else { continue };
                if at > to || self.until.is_some_and(|until| at > until) {
                    return found;
                }
                if at >= from {
                    if found.list.len() >= most {
                        return Times { has_more: true, ..found };
                    }
                    found.list.push(at);
                }
            }
            period += 1;
        }
        Times { has_more: true, ..found }
    }

    /// The number of the last period but one before a time, 0 for the first.
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

    /// The first day of a period, and how many days it has. The first week begins with the first time.
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

    /// When it takes place in a period, by the clock, in order.
    fn times_of(&self, begins: NaiveDate, days: i64) -> Vec<NaiveDateTime> {
        let fitting = begins.iter_days().take(days as usize).filter(|day| self.fits(*day));
        if self.positions.is_empty() {
            return fitting.flat_map(|day| self.times.iter().map(move |time| day.and_time(*time))).collect();
        }
        let fitting: Vec<NaiveDate> = fitting.collect();
        let (each, all) = (self.times.len(), fitting.len() * self.times.len());
        let place = |position: &i16| {
            let from_end = usize::from(position.unsigned_abs());
            if *position > 0 { Some(from_end - 1) } else { all.checked_sub(from_end) }
        };
        let mut places: Vec<usize> = self.positions.iter().filter_map(place).filter(|place| *place < all).collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|place| fitting[place / each].and_time(self.times[place % each])).collect()
    }

    /// Does a day fit all parts?
    fn fits(&self, day: NaiveDate) -> bool {
        // A number, or one that counts from the end.
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
                let (place, of) = if in_month {
                    (i64::from(day.day0()), days_in_month(day))
                } else {
                    (i64::from(day.ordinal0()), if day.leap_year() { 366 } else { 365 })
                };
                let nth = i64::from(nth);
                if nth > 0 { place / 7 + 1 == nth } else { (of - 1 - place) / 7 + 1 == -nth }
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

/// The number of a day's week in its year, and how many weeks that has: as ISO 8601 counts them, from any weekday on.
fn week_of(day: NaiveDate, week_start: Weekday) -> Option<(i64, i64)> {
    // The first week is the one with 4 January in it.
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

/// A time by the clock; in an hour that the clock skips or shows twice, so long after midnight.
fn on_the_clock(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Tz>> {
    local.and_local_timezone(zone).single().or_else(|| {
        let midnight = local.date().and_time(NaiveTime::MIN).and_local_timezone(zone).single()?;
        midnight.checked_add_signed(local.time() - NaiveTime::MIN)
    })
}

/// The parts of a rule, in capitals.
struct Parts(Vec<(&'static str, String)>);

impl Parts {
    fn split(text: &str) -> Result<Self, RuleError> {
        // Names and values of a rule are the same in small letters.
        let plain = text.trim().to_ascii_uppercase();
        let plain = plain.strip_prefix("RRULE:").unwrap_or(&plain);
        if plain.contains(['\n', '\r']) || plain.len() > MAX_LENGTH {
            return Err(RuleError::NotOne(short(text)));
        }
        let mut parts: Vec<(&'static str, String)> = Vec::new();
        for part in plain.split(';') {
            let (name, value) = part.split_once('=').ok_or_else(|| RuleError::NotAPart(short(text)))?;
            let known = ["FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYSETPOS"].into_iter().chain(CHOOSING);
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
            _ => Err(wrong("FREQ", value, "is none of DAILY, WEEKLY, MONTHLY, YEARLY")),
        }
    }

    /// Parts that RFC 5545 allows with some frequencies only, or not together.
    fn check_combinations(&self, freq: Frequency) -> Result<(), RuleError> {
        if self.get("COUNT").is_some() && self.get("UNTIL").is_some() {
            return Err(RuleError::Both("COUNT", "UNTIL"));
        }
        let allowed: [(&'static str, &[Frequency], &str); 3] = [
            ("BYWEEKNO", &[Frequency::Yearly], "is for FREQ=YEARLY only"),
            ("BYYEARDAY", &[Frequency::Yearly], "is for FREQ=YEARLY only"),
            (
                "BYMONTHDAY",
                &[Frequency::Yearly, Frequency::Monthly, Frequency::Daily],
                "is not for FREQ=WEEKLY; give BYDAY, or FREQ=MONTHLY",
            ),
        ];
        for (part, frequencies, why) in allowed {
            if let Some(value) = self.get(part).filter(|_| !frequencies.contains(&freq)) {
                return Err(wrong(part, value, why));
            }
        }
        if let Some(value) = self.get("BYDAY").filter(|value| value.bytes().any(|b| b.is_ascii_digit())) {
            if !matches!(freq, Frequency::Monthly | Frequency::Yearly) {
                let why = "counts weekdays, which is for FREQ=MONTHLY and FREQ=YEARLY only; give them without a number";
                return Err(wrong("BYDAY", value, why));
            }
            if self.get("BYWEEKNO").is_some() {
                return Err(wrong("BYDAY", value, "counts weekdays, which BYWEEKNO does not allow"));
            }
        }
        if let Some(value) = self.get("BYSETPOS")
            && !CHOOSING.iter().any(|part| self.get(part).is_some())
        {
            return Err(wrong("BYSETPOS", value, "needs another BY part to choose from, such as BYDAY"));
        }
        Ok(())
    }

    /// A number from 1 or so on.
    fn number(&self, part: &'static str, least: u32, most: u32) -> Result<Option<u32>, RuleError> {
        let Some(value) = self.get(part) else { return Ok(None) };
        let number = Some(value).filter(|v| v.bytes().all(|b| b.is_ascii_digit())).and_then(|v| v.parse().ok());
        match number.filter(|n| (least..=most).contains(n)) {
            Some(number) => Ok(Some(number)),
            None => Err(wrong(part, value, &format!("is not a whole number from {least} to {most}"))),
        }
    }

    /// Numbers from 1 on; also from -1 down, which count from the end.
    fn numbers(&self, part: &'static str, most: i16, from_end: bool) -> Result<Vec<i16>, RuleError> {
        let below = if from_end { format!(" or -1 to -{most}") } else { String::new() };
        let read = |item: &str| {
            let digits = if from_end { item.trim_start_matches(['+', '-']) } else { item };
            let number = item.parse::<i16>().ok().filter(|_| is_number(digits) && item.len() <= digits.len() + 1);
            number.filter(|n| if from_end { (1..=most).contains(&n.abs()) } else { (1..=most).contains(n) })
        };
        self.list(part, read, &format!("is not between 1 and {most}{below}"))
    }

    /// Hours, minutes or seconds.
    fn times(&self, part: &'static str, most: u8) -> Result<Vec<u8>, RuleError> {
        let read = |item: &str| item.parse::<u8>().ok().filter(|n| is_number(item) && *n <= most);
        self.list(part, read, &format!("is not between 0 and {most}"))
    }

    fn list<T>(&self, part: &'static str, read: impl Fn(&str) -> Option<T>, why: &str) -> Result<Vec<T>, RuleError> {
        let Some(value) = self.get(part) else { return Ok(Vec::new()) };
        value.split(',').map(|item| read(item).ok_or_else(|| wrong(part, item, why))).collect()
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
                None => Err(wrong("BYDAY", item, "has a number that is not between 1 and 53 or -1 and -53")),
            }
        };
        value.split(',').map(read).collect()
    }

    /// The last moment: a local time or day is by the clock of `zone`, as the event's first time is. A day ends the rule as
    /// it begins.
    fn until(&self, starts: DateTime<Tz>, zone: Zone) -> Result<Option<DateTime<Utc>>, RuleError> {
        let Some(value) = self.get("UNTIL") else { return Ok(None) };
        let bad =
            || wrong("UNTIL", value, "is not a day or time such as 20261105, 20261105T090000 or 20261105T010000Z");
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
    found.ok_or_else(|| wrong(part, item, "is not a weekday: MO, TU, WE, TH, FR, SA, SU"))
}

fn wrong(part: &'static str, value: &str, why: &str) -> RuleError {
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
        Recurrence::read(text, on_the_clock(zone.tz(), starts).unwrap(), zone).unwrap()
    }

    fn days(starts: &str, text: &str, from: &str, to: &str) -> Vec<String> {
        let at = |text: &str| text.parse::<NaiveDate>().unwrap().and_time(NaiveTime::MIN).and_utc();
        rule(starts, text).between(at(from), at(to), 100).list.iter().map(|t| t.date_naive().to_string()).collect()
    }

    #[test]
    fn weeks_are_counted_from_any_weekday_on() {
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
    fn weekdays_may_be_counted_beside_ones_that_are_not() {
        let found = days("2026-11-01T09:00:00", "FREQ=MONTHLY;BYDAY=MO,2TU", "2026-11-01", "2026-11-20");
        assert_eq!(found, ["2026-11-02", "2026-11-09", "2026-11-10", "2026-11-16"]);
    }

    /// However a rule is made, an expansion looks at no more days than [`MAX_DAYS`]: an infinite loop would not end here.
    #[test]
    fn rules_without_any_day_end() {
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
    fn only_periods_near_the_window_are_looked_at() {
        let daily = rule("1900-01-01T09:00:00", "FREQ=DAILY;BYMONTH=11");
        let at = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        assert_eq!(daily.period_before(at("2026-11-25T00:00:00")), 46_349 - 2);
        assert_eq!(rule("1900-01-01T09:00:00", "FREQ=YEARLY").period_before(at("2026-11-25T00:00:00")), 124);
        assert_eq!(daily.period_before(at("1850-01-01T00:00:00")), 0);
    }
}
