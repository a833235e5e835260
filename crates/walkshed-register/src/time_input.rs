//! Parses dates and times of files and requests: local times, or times with an offset or a time zone.

use super::calendar::{Zone, to_civil_date, to_naive_datetime};
use chrono::{NaiveDateTime, Timelike};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::temporal::{Pieces, TimeZoneAnnotationKind};
use std::str::FromStr;

/// A parsed date or time, before the time zone of the city is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeInput {
    /// A date.
    Day(Date),
    /// A local time of the city.
    Local(DateTime),
    /// A moment: a time with an offset, `Z`, or a zone such as `[Asia/Shanghai]`.
    Moment(Timestamp),
}

/// A text that is neither a date nor a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    #[error("\"{0}\" is not a time such as 2026-11-25T09:00, 2026-11-25T09:00+08:00 or 2026-11-25T01:00Z")]
    NotATime(String),
    #[error("\"{text}\": \"{zone}\" is not a time zone of the IANA database, such as Asia/Shanghai")]
    UnknownZone { text: String, zone: String },
    #[error("\"{text}\": the offset does not match {zone}; give only one of them")]
    Contradiction { text: String, zone: String },
    #[error("\"{0}\" has a time zone but no time; write for example 2026-11-25T09:00[Asia/Shanghai]")]
    ZoneWithoutTime(String),
}

impl FromStr for TimeInput {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let short = || text.chars().take(80).collect::<String>();
        let (time, annotations) = text.trim().split_at(text.trim().find('[').unwrap_or(text.trim().len()));
        let mut plain = time.trim().replace('/', "-");
        // Some programs write a space before the offset.
        if let Some(at) = plain.rfind(' ').filter(|at| plain[at + 1..].starts_with(['+', '-', 'Z', 'z'])) {
            plain.remove(at);
        }
        plain.push_str(annotations);
        let pieces = Pieces::parse(&plain).map_err(|_| TimeError::NotATime(short()))?;
        let annotation = pieces.time_zone_annotation().map(|a| a.kind().clone());
        let Some(time) = pieces.time() else {
            return match annotation {
                None => Ok(Self::Day(pieces.date())),
                Some(_) => Err(TimeError::ZoneWithoutTime(short())),
            };
        };
        let local = pieces.date().to_datetime(time);
        let offset = match &annotation {
            Some(TimeZoneAnnotationKind::Offset(offset)) if pieces.offset().is_none() => Some(*offset),
            _ => pieces.to_numeric_offset(),
        };
        let zone = match &annotation {
            Some(TimeZoneAnnotationKind::Named(name)) => {
                let zone = name.as_str().to_owned();
                Some(name.as_str().parse::<Zone>().map_err(|_| TimeError::UnknownZone { text: short(), zone })?)
            }
            _ => None,
        };
        let is_utc = matches!(pieces.offset(), Some(jiff::fmt::temporal::PiecesOffset::Zulu));
        match (offset, zone) {
            (None, None) => Ok(Self::Local(local)),
            (None, Some(zone)) => Ok(Self::Moment(zone.moment(to_naive_datetime(local)))),
            (Some(offset), zone) => {
                let moment = offset.to_timestamp(local).map_err(|_| TimeError::NotATime(short()))?;
                // `Z` fixes the moment regardless of the zone; a numeric offset must be that of the zone.
                match zone
                    .filter(|zone| !is_utc && zone.local(moment).with_nanosecond(0) != Some(to_naive_datetime(local)))
                {
                    Some(zone) => Err(TimeError::Contradiction { text: short(), zone: zone.to_string() }),
                    None => Ok(Self::Moment(moment)),
                }
            }
        }
    }
}

impl TimeInput {
    /// Returns the local time in a zone; midnight for a date.
    #[must_use]
    pub fn local(self, zone: Zone) -> DateTime {
        match self {
            Self::Day(day) => day.at(0, 0, 0, 0),
            Self::Local(local) => local,
            Self::Moment(moment) => civil(zone.local(moment)),
        }
    }

    /// Returns the local date in a zone.
    #[must_use]
    pub fn day(self, zone: Zone) -> Date {
        self.local(zone).date()
    }

    /// Returns the moment; `None` for a date.
    #[must_use]
    pub fn moment(self, zone: Zone) -> Option<Timestamp> {
        match self {
            Self::Day(_) => None,
            Self::Local(local) => Some(zone.moment(to_naive_datetime(local))),
            Self::Moment(moment) => Some(moment),
        }
    }
}

/// Converts a local time from `chrono` to `jiff`, to the second.
fn civil(at: NaiveDateTime) -> DateTime {
    to_civil_date(at.date()).at(at.hour() as i8, at.minute() as i8, at.second() as i8, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let read: Result<TimeInput, _> = text.parse();
        read.map(|time| time.local(Zone::default()).to_string()).map_err(|e| e.to_string())
    }

    #[test]
    fn converts_offsets_and_zones_to_local_time() {
        for (text, local) in [
            ("2025-05-06T09:30", "2025-05-06T09:30:00"),
            ("2025-05-06 09:30:15", "2025-05-06T09:30:15"),
            ("2025/05/06 09:30", "2025-05-06T09:30:00"),
            ("2025-05-06", "2025-05-06T00:00:00"),
            ("2025-05-06T01:30+00:00", "2025-05-06T09:30:00"),
            ("2025-05-06T01:30-00:00", "2025-05-06T09:30:00"),
            ("2025-05-06T01:30Z", "2025-05-06T09:30:00"),
            ("2025-05-06t01:30:00z", "2025-05-06T09:30:00"),
            ("2025-05-06T09:30+08:00", "2025-05-06T09:30:00"),
            ("2025-05-06T09:30+0800", "2025-05-06T09:30:00"),
            ("2025-05-06T09:30+08", "2025-05-06T09:30:00"),
            ("2025-05-06 09:30 +0800", "2025-05-06T09:30:00"),
            ("2025-05-06T01:30 Z", "2025-05-06T09:30:00"),
            ("2025-05-05T18:30:00-07:00", "2025-05-06T09:30:00"),
            ("2025-05-06T20:00+00:00", "2025-05-07T04:00:00"),
            ("2025-05-06T09:30[Asia/Shanghai]", "2025-05-06T09:30:00"),
            ("2025-05-06T09:30+08:00[Asia/Shanghai]", "2025-05-06T09:30:00"),
            ("2025-05-06T01:30Z[Asia/Shanghai]", "2025-05-06T09:30:00"),
            ("2025-05-06T03:30+02:00[Europe/Paris]", "2025-05-06T09:30:00"),
            ("2025-01-06T02:30[Europe/Paris]", "2025-01-06T09:30:00"),
            ("2025-05-06T09:30[+08:00]", "2025-05-06T09:30:00"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(local), "{text}");
        }
        for (text, expected) in [
            ("soon", "is not a time"),
            ("", "is not a time"),
            ("2025-05-06T25:00", "is not a time"),
            ("2025-05-06T09:30+99:00", "is not a time"),
            ("2025-05-06T09:30[Mars/Olympus]", "not a time zone"),
            ("2025-05-06T09:30+02:00[Asia/Shanghai]", "does not match Asia/Shanghai"),
            ("2025-05-06[Asia/Shanghai]", "no time"),
            ("25-05-06", "is not a time"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn uses_the_zone_of_the_city() {
        let sao_paulo: Zone = "America/Sao_Paulo".parse().unwrap();
        let time: TimeInput = "2025-05-06T09:30+08:00".parse().unwrap();
        assert_eq!(time.local(sao_paulo).to_string(), "2025-05-05T22:30:00");
        assert_eq!(time.day(sao_paulo).to_string(), "2025-05-05");
        assert_eq!(time.moment(sao_paulo).unwrap().to_string(), "2025-05-06T01:30:00Z");
        let local: TimeInput = "2025-05-06T09:30".parse().unwrap();
        assert_eq!(local.moment(sao_paulo).unwrap().to_string(), "2025-05-06T12:30:00Z");
        assert_eq!("2025-05-06".parse::<TimeInput>().unwrap().moment(sao_paulo), None);
    }
}
