//! The time zone and the public holidays of the city.

use chrono::{Datelike, NaiveDate, NaiveDateTime, TimeZone};
use compact_calendar::CompactCalendar;
use jiff::Timestamp;
use opening_hours::ContextHolidays;
use opening_hours::localization::Country;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

const CHINA: &str = include_str!("holidays.toml");
/// Maximum number of days of one holiday entry; more is a typing error.
const MAX_SPAN: i64 = 31;

/// The time zone of the city.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(chrono_tz::Tz);

/// A text that is not an IANA time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a time zone of the IANA database, such as Asia/Shanghai")]
pub struct UnknownZone(pub String);

impl Default for Zone {
    fn default() -> Self {
        Self(chrono_tz::Asia::Shanghai)
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(text: &str) -> Result<Self, UnknownZone> {
        text.parse().map(Self).map_err(|_| UnknownZone(text.to_owned()))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl Zone {
    /// Returns the zone as a `chrono_tz` value.
    #[must_use]
    pub const fn tz(self) -> chrono_tz::Tz {
        self.0
    }

    /// Returns the local time at a moment.
    #[must_use]
    pub fn local(self, moment: Timestamp) -> NaiveDateTime {
        let utc = chrono::DateTime::from_timestamp(moment.as_second(), moment.subsec_nanosecond().unsigned_abs());
        self.0.from_utc_datetime(&utc.unwrap_or_default().naive_utc()).naive_local()
    }

    /// Returns the moment of a local time. Of an ambiguous local time (clocks set back) the earlier moment is returned; a skipped
    /// one (clocks set forward) is shifted by one hour.
    #[must_use]
    pub fn moment(self, local: NaiveDateTime) -> Timestamp {
        let found = self.0.from_local_datetime(&local).earliest().or_else(|| {
            let later = local + chrono::TimeDelta::hours(1);
            self.0.from_local_datetime(&later).earliest()
        });
        let utc = found.map_or(local, |t| t.naive_utc()).and_utc();
        Timestamp::from_second(utc.timestamp()).unwrap_or(Timestamp::MAX)
    }

    /// Returns the moment of a local time; of an ambiguous local time the first moment later than `after`.
    #[must_use]
    pub fn moment_after(self, local: NaiveDateTime, after: Timestamp) -> Timestamp {
        let first = self.moment(local);
        match self.0.from_local_datetime(&local).latest() {
            Some(latest) if first <= after => Timestamp::from_second(latest.timestamp()).unwrap_or(first),
            _ => first,
        }
    }

    /// Formats a moment as RFC 3339 with the local offset, such as "2026-11-23T16:00:00+08:00".
    #[must_use]
    pub fn rfc3339(self, moment: Timestamp) -> String {
        let utc = chrono::DateTime::from_timestamp(moment.as_second(), moment.subsec_nanosecond().unsigned_abs());
        let local = self.0.from_utc_datetime(&utc.unwrap_or_default().naive_utc());
        local.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, false)
    }

    /// Returns the local date at a moment.
    #[must_use]
    pub fn day(self, moment: Timestamp) -> jiff::civil::Date {
        to_civil_date(self.local(moment).date())
    }
}

/// Converts a date from `chrono` to `jiff`.
#[must_use]
pub fn to_civil_date(date: NaiveDate) -> jiff::civil::Date {
    // Dates beyond jiff's range (the year 9999) are clamped.
    let year = i16::try_from(date.year()).unwrap_or(i16::MAX).clamp(-9999, 9999);
    jiff::civil::Date::new(year, date.month() as i8, date.day() as i8).unwrap_or(jiff::civil::Date::MAX)
}

/// Converts a date from `jiff` to `chrono`.
#[must_use]
pub fn to_naive_date(day: jiff::civil::Date) -> NaiveDate {
    NaiveDate::from_ymd_opt(day.year().into(), day.month().unsigned_abs().into(), day.day().unsigned_abs().into())
        .unwrap_or_default()
}

/// Converts a local time from `jiff` to `chrono`, to the second.
#[must_use]
pub fn to_naive_datetime(at: jiff::civil::DateTime) -> NaiveDateTime {
    to_naive_date(at.date())
        .and_hms_opt(
            at.hour().unsigned_abs().into(),
            at.minute().unsigned_abs().into(),
            at.second().unsigned_abs().into(),
        )
        .unwrap_or_default()
}

/// The time zone of the city with its public holidays.
#[derive(Debug, Clone)]
pub struct Calendar {
    pub zone: Zone,
    holidays: ContextHolidays,
    source: String,
}

/// A holiday file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HolidayError {
    #[error("cannot read the holiday file {path}: {why}")]
    Read { path: String, why: String },
    #[error("the holiday file {path} is not valid TOML: {why}")]
    Toml { path: String, why: String },
    #[error(
        "{path}: {year}.{name} = {value}: expected a list of dates or ranges such as \"2026-10-01/2026-10-07\", within the year"
    )]
    Bad { path: String, year: String, name: String, value: String },
}

impl Default for Calendar {
    fn default() -> Self {
        Self::with_holidays(Zone::default(), CHINA, "built in")
            .unwrap_or_else(|e| unreachable!("a test reads the built-in holidays: {e}"))
    }
}

impl Calendar {
    /// Creates a calendar with the holidays of a file, or else the built-in holidays of China.
    ///
    /// # Errors
    /// [`HolidayError`] with the file, the entry and its value.
    pub fn new(zone: Zone, holidays: Option<&Path>) -> Result<Self, HolidayError> {
        let Some(path) = holidays else { return Self::with_holidays(zone, CHINA, "built in") };
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|e| HolidayError::Read { path: name.clone(), why: e.to_string() })?;
        Self::with_holidays(zone, &text, &name)
    }

    fn with_holidays(zone: Zone, text: &str, path: &str) -> Result<Self, HolidayError> {
        let table: toml::Table = text
            .parse()
            .map_err(|e: toml::de::Error| HolidayError::Toml { path: path.to_owned(), why: e.to_string() })?;
        let bad = |year: &str, name: &str, value: &toml::Value| HolidayError::Bad {
            path: path.to_owned(),
            year: year.to_owned(),
            name: name.to_owned(),
            value: value.to_string(),
        };
        let statutory = Country::CN.holidays();
        let listed: Vec<i32> = table.keys().filter_map(|year| year.parse().ok()).collect();
        let mut days = CompactCalendar::default();
        for day in statutory.get_public().iter().filter(|day| !listed.contains(&day.year())) {
            days.insert(day);
        }
        for (year, entries) in &table {
            let Some((number, entries)) = year.parse::<i32>().ok().zip(entries.as_table()) else {
                return Err(bad(year, "", entries));
            };
            for (name, list) in entries {
                for value in list.as_array().ok_or_else(|| bad(year, name, list))? {
                    let span = value.as_str().and_then(read_span).filter(|(first, last)| {
                        first.year() == number && first <= last && (*last - *first).num_days() <= MAX_SPAN
                    });
                    let Some((first, last)) = span else { return Err(bad(year, name, value)) };
                    for day in first.iter_days().take_while(|day| *day <= last) {
                        days.insert(day);
                    }
                }
            }
        }
        let holidays = ContextHolidays::new(Arc::new(days), Arc::default());
        Ok(Self { zone, holidays, source: path.to_owned() })
    }

    /// Returns whether a day is a public holiday.
    #[must_use]
    pub fn is_holiday(&self, day: jiff::civil::Date) -> bool {
        self.holidays.get_public().contains(to_naive_date(day))
    }

    /// Returns the public holidays and school holidays. The latter are empty.
    #[must_use]
    pub const fn holidays(&self) -> &ContextHolidays {
        &self.holidays
    }

    /// Returns the source of the holidays: the path of a file, or `built in`.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}

fn read_span(text: &str) -> Option<(NaiveDate, NaiveDate)> {
    let (first, last) = text.split_once('/').unwrap_or((text, text));
    Some((first.parse().ok()?, last.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn converts_between_moments_and_local_time() {
        let zone = Zone::default();
        let moment: Timestamp = "2026-11-24T17:00:00Z".parse().unwrap();
        assert_eq!(zone.local(moment).to_string(), "2026-11-25 01:00:00");
        assert_eq!(zone.moment(zone.local(moment)), moment);
        assert_eq!(zone.day(moment), date(2026, 11, 25));
        assert!("Asia/Chongqing".parse::<Zone>().is_ok());
        assert!("Mars/Olympus".parse::<Zone>().unwrap_err().to_string().contains("Asia/Shanghai"));
        // A local time skipped when clocks are set forward is one hour later.
        let sao_paulo: Zone = "America/Sao_Paulo".parse().unwrap();
        assert_eq!(zone.rfc3339(moment), "2026-11-25T01:00:00+08:00");
        let skipped = NaiveDate::from_ymd_opt(2018, 11, 4).unwrap().and_hms_opt(0, 30, 0).unwrap();
        assert_eq!(sao_paulo.local(sao_paulo.moment(skipped)).to_string(), "2018-11-04 01:30:00");
        // When clocks are set back, an hour occurs twice.
        let twice = NaiveDate::from_ymd_opt(2018, 2, 17).unwrap().and_hms_opt(23, 30, 0).unwrap();
        let first = sao_paulo.moment(twice);
        let second = sao_paulo.moment_after(twice, first);
        assert_eq!(
            (sao_paulo.rfc3339(first), sao_paulo.rfc3339(second)),
            ("2018-02-17T23:30:00-02:00".into(), "2018-02-17T23:30:00-03:00".into())
        );
    }

    #[test]
    fn knows_the_holidays_of_listed_years() {
        let calendar = Calendar::default();
        for (day, off) in [
            (date(2026, 2, 15), true),
            (date(2026, 2, 23), true),
            (date(2026, 2, 24), false),
            (date(2026, 10, 7), true),
            (date(2026, 10, 8), false),
            (date(2025, 10, 8), true),
            // Years that are not listed have the statutory holidays only.
            (date(2030, 10, 1), true),
            (date(2030, 1, 1), true),
            (date(2030, 3, 3), false),
        ] {
            assert_eq!(calendar.is_holiday(day), off, "{day}");
        }
    }

    #[test]
    fn holiday_file_replaces_the_built_in_holidays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("days.toml");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Calendar::new(Zone::default(), Some(&path)).map_err(|e| e.to_string())
        };
        let own = read("[2027]\nfair = [\"2027-03-03\"]").unwrap();
        assert!(own.is_holiday(date(2027, 3, 3)) && !own.is_holiday(date(2027, 10, 1)));
        for (text, expected) in [
            ("[2027]\nfair = [\"2026-03-03\"]", "2027.fair"),
            ("[2027]\nfair = [\"2027-03-03/2027-01-01\"]", "2027.fair"),
            ("[2027]\nfair = \"2027-03-03\"", "2027.fair"),
            ("[soon]\nfair = []", "soon"),
            ("x = = 1", "not valid TOML"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(Calendar::new(Zone::default(), Some(Path::new("none"))).unwrap_err().to_string().contains("none"));
    }
}
