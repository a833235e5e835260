//! Parses the parts of a rule.

use super::rule::{Frequency, MAX_LENGTH, RuleDay, RuleError};
use crate::calendar::Zone;
use chrono::{DateTime, NaiveDateTime, Utc, Weekday};
use chrono_tz::Tz;

/// Maximum value of COUNT: daily for 27 years.
pub const MAX_COUNT: u32 = 10_000;
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
/// The parts of a rule, in upper case.
pub struct Parts(Vec<(&'static str, String)>);

impl Parts {
    /// Splits a rule into its parts.
    ///
    /// # Errors
    /// [`RuleError`] for malformed, unknown or repeated parts.
    pub fn split(text: &str) -> Result<Self, RuleError> {
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

    /// Returns the value of a part.
    pub fn get(&self, part: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == part).map(|(_, value)| value.as_str())
    }

    /// Parses FREQ.
    pub fn frequency(&self) -> Result<Frequency, RuleError> {
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
    pub fn check_combinations(&self, freq: Frequency) -> Result<(), RuleError> {
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
    pub fn number(&self, part: &'static str, min: u32, max: u32) -> Result<Option<u32>, RuleError> {
        let Some(value) = self.get(part) else { return Ok(None) };
        let number = Some(value).filter(|v| v.bytes().all(|b| b.is_ascii_digit())).and_then(|v| v.parse().ok());
        match number.filter(|n| (min..=max).contains(n)) {
            Some(number) => Ok(Some(number)),
            None => Err(invalid_value(part, value, &format!("is not a whole number from {min} to {max}"))),
        }
    }

    /// Parses a list of numbers from 1 to `max`; with `from_end` also from -1 to `-max`.
    pub fn numbers(&self, part: &'static str, max: i16, from_end: bool) -> Result<Vec<i16>, RuleError> {
        let below = if from_end { format!(" or -1 to -{max}") } else { String::new() };
        let read = |item: &str| {
            let digits = if from_end { item.trim_start_matches(['+', '-']) } else { item };
            let number = item.parse::<i16>().ok().filter(|_| is_number(digits) && item.len() <= digits.len() + 1);
            number.filter(|n| if from_end { (1..=max).contains(&n.abs()) } else { (1..=max).contains(n) })
        };
        self.list(part, read, &format!("is not between 1 and {max}{below}"))
    }

    /// Parses a list of hours, minutes or seconds.
    pub fn times(&self, part: &'static str, max: u8) -> Result<Vec<u8>, RuleError> {
        let read = |item: &str| item.parse::<u8>().ok().filter(|n| is_number(item) && *n <= max);
        self.list(part, read, &format!("is not between 0 and {max}"))
    }

    fn list<T>(&self, part: &'static str, read: impl Fn(&str) -> Option<T>, why: &str) -> Result<Vec<T>, RuleError> {
        let Some(value) = self.get(part) else { return Ok(Vec::new()) };
        value.split(',').map(|item| read(item).ok_or_else(|| invalid_value(part, item, why))).collect()
    }

    /// Parses BYDAY.
    pub fn weekdays(&self) -> Result<Vec<RuleDay>, RuleError> {
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
    pub fn until(&self, starts: DateTime<Tz>, zone: Zone) -> Result<Option<DateTime<Utc>>, RuleError> {
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

/// Parses the name of a weekday. `item` is the text quoted in the error.
pub fn weekday(part: &'static str, item: &str, name: &str) -> Result<Weekday, RuleError> {
    let found = WEEKDAYS.iter().find(|(known, _)| *known == name).map(|(_, day)| *day);
    found.ok_or_else(|| invalid_value(part, item, "is not a weekday. Allowed: MO, TU, WE, TH, FR, SA, SU"))
}

fn invalid_value(part: &'static str, value: &str, why: &str) -> RuleError {
    RuleError::Value { part, value: short(value), why: why.to_owned() }
}

/// Truncates a text for messages.
pub fn short(text: &str) -> String {
    text.chars().take(120).collect()
}
