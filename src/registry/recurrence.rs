//! How an event recurs: an RRULE of RFC 5545, read strictly here and expanded by the library.

use super::calendar::Zone;
use chrono::{DateTime, Datelike, Month, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Weekday};
use rrule::{Frequency, NWeekday, RRule, RRuleSet, Tz, Unvalidated, Validated};

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
    #[error("\"{rule}\" is not supported: {why}")]
    NotSupported { rule: String, why: String },
}

/// A rule that has been read, for an event that first begins at a certain time.
#[derive(Debug, Clone)]
pub struct Recurrence {
    rule: RRule<Unvalidated>,
    starts: DateTime<Tz>,
    interval: u16,
    is_counted: bool,
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
        let mut rule = RRule::new(freq);
        let interval = parts.number("INTERVAL", 1, u32::from(u16::MAX))?.map_or(1, |n| n as u16);
        rule = rule.interval(interval);
        let count = parts.number("COUNT", 1, MAX_COUNT)?;
        if let Some(count) = count {
            rule = rule.count(count);
        }
        if let Some(until) = parts.until(starts, zone)? {
            rule = rule.until(until);
        }
        if let Some(week_start) = parts.get("WKST") {
            rule = rule.week_start(weekday("WKST", week_start, week_start)?);
        }
        let months: Vec<Month> =
            parts.numbers("BYMONTH", 12, false)?.iter().filter_map(|&n| Month::try_from(n as u8).ok()).collect();
        let days = parts.numbers("BYMONTHDAY", 31, true)?;
        let (year_days, weeks) = (parts.numbers("BYYEARDAY", 366, true)?, parts.numbers("BYWEEKNO", 53, true)?);
        let weekdays = parts.weekdays()?;
        // What the library would take from the first time is made explicit, so that it can start later.
        let (mut months, mut days, mut weekdays) = (months, days, weekdays);
        if days.is_empty() && year_days.is_empty() && weeks.is_empty() && weekdays.is_empty() {
            match freq {
                Frequency::Yearly => {
                    if months.is_empty() {
                        months.extend(Month::try_from(starts.month() as u8).ok());
                    }
                    days.push(starts.day() as i16);
                }
                Frequency::Monthly => days.push(starts.day() as i16),
                Frequency::Weekly => weekdays.push(NWeekday::Every(starts.weekday())),
                _ => {}
            }
        }
        let time = |part, most, of_start: u32| {
            let given = parts.times(part, most)?;
            Ok(if given.is_empty() { vec![of_start as u8] } else { given })
        };
        rule = rule
            .by_set_pos(parts.numbers("BYSETPOS", 366, true)?.into_iter().map(i32::from).collect())
            .by_month(&months)
            .by_month_day(days.into_iter().map(|n| n as i8).collect())
            .by_year_day(year_days)
            .by_week_no(weeks.into_iter().map(|n| n as i8).collect())
            .by_weekday(weekdays)
            .by_hour(time("BYHOUR", 23, starts.hour())?)
            .by_minute(time("BYMINUTE", 59, starts.minute())?)
            .by_second(time("BYSECOND", 59, starts.second())?);
        Ok(Self { rule, starts, interval, is_counted: count.is_some() })
    }

    /// Refuses a rule that the library cannot expand, or that never takes place.
    ///
    /// # Errors
    /// [`RuleError::NotSupported`] and [`RuleError::Never`].
    pub fn check(&self, text: &str) -> Result<(), RuleError> {
        let rule = self.rule.clone().validate(self.starts);
        let rule = rule.map_err(|e| RuleError::NotSupported { rule: short(text), why: e.to_string() })?;
        if RRuleSet::new(self.starts).rrule(rule).all(1).dates.is_empty() {
            return Err(RuleError::Never(short(text)));
        }
        Ok(())
    }

    /// The rule as a set that has all times from a moment on (and may have some before it); `None` where there are none.
    /// However long ago the event first began, the set begins shortly before that moment, unless times are counted.
    #[must_use]
    pub fn from(self, moment: DateTime<Tz>) -> Option<RRuleSet> {
        let zone = self.starts.timezone();
        let start = if self.is_counted {
            self.starts
        } else {
            let later = self.period_before(moment.with_timezone(&zone).naive_local());
            later.and_then(|at| at.and_local_timezone(zone).earliest()).unwrap_or(self.starts)
        };
        let rule: RRule<Validated> = self.rule.validate(start).ok()?;
        Some(RRuleSet::new(start).rrule(rule))
    }

    /// When the last period but one before a time begins, on the clock; `None` where that is not after the first time.
    fn period_before(&self, time: NaiveDateTime) -> Option<NaiveDateTime> {
        let first = self.starts.naive_local();
        let interval = i64::from(self.interval);
        let skipped = |between: i64| Some((between / interval - 1) * interval).filter(|n| *n > 0);
        let date = match self.rule.get_freq() {
            Frequency::Yearly => {
                let years = skipped(i64::from(time.year()) - i64::from(first.year()))?;
                NaiveDate::from_ymd_opt(first.year() + i32::try_from(years).ok()?, 1, 1)?
            }
            Frequency::Monthly => {
                let month_of = |at: NaiveDateTime| i64::from(at.year()) * 12 + i64::from(at.month0());
                let month = month_of(first) + skipped(month_of(time) - month_of(first))?;
                let year = i32::try_from(month.div_euclid(12)).ok()?;
                NaiveDate::from_ymd_opt(year, month.rem_euclid(12) as u32 + 1, 1)?
            }
            Frequency::Weekly => {
                let weeks = skipped((time.date() - first.date()).num_days() / 7)?;
                first.date().checked_add_signed(TimeDelta::try_weeks(weeks)?)?
            }
            _ => {
                let days = skipped((time.date() - first.date()).num_days())?;
                first.date().checked_add_signed(TimeDelta::try_days(days)?)?
            }
        };
        // From the beginning of a month or year on, whole days; of a week or day, that of the first time.
        let whole = matches!(self.rule.get_freq(), Frequency::Yearly | Frequency::Monthly);
        Some(if whole { date.and_hms_opt(0, 0, 0)? } else { date.and_time(first.time()) })
    }
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

    fn weekdays(&self) -> Result<Vec<NWeekday>, RuleError> {
        let Some(value) = self.get("BYDAY") else { return Ok(Vec::new()) };
        let read = |item: &str| {
            let at = item.len().checked_sub(2).filter(|at| item.is_char_boundary(*at));
            let (number, name) = at.map_or(("", item), |at| item.split_at(at));
            let day = weekday("BYDAY", item, name)?;
            if number.is_empty() {
                return Ok(NWeekday::Every(day));
            }
            let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
            match number.parse::<i16>().ok().filter(|n| is_number(digits) && (1..=53).contains(&n.abs())) {
                Some(number) => Ok(NWeekday::Nth(number, day)),
                None => Err(wrong("BYDAY", item, "has a number that is not between 1 and 53 or -1 and -53")),
            }
        };
        value.split(',').map(read).collect()
    }

    /// The last moment: a local time or day is by the clock of `zone`, as the event's first time is. A day ends the rule as
    /// it begins.
    fn until(&self, starts: DateTime<Tz>, zone: Zone) -> Result<Option<DateTime<Tz>>, RuleError> {
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
        let utc = if is_utc { at.and_utc() } else { to_utc(zone, at) };
        let until = utc.with_timezone(&Tz::UTC);
        if until < starts {
            let starts = starts.format("%Y-%m-%dT%H:%M").to_string();
            return Err(RuleError::UntilBeforeStart { until: value.to_owned(), starts });
        }
        Ok(Some(until))
    }
}

fn to_utc(zone: Zone, at: NaiveDateTime) -> DateTime<chrono::Utc> {
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
