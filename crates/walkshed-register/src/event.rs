//! Events: single, on listed dates, or recurring by an RFC 5545 rule, in the city's local time.

use super::calendar::{Zone, to_naive_date, to_naive_datetime};
use super::category::Category;
use super::recurrence::{Expansion, Recurrence};
use super::service::Host;
use super::vocabulary::{Audience, Fee};
use chrono::{DateTime as ChronoTime, TimeZone, Utc};
use chrono_tz::Tz;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

/// Maximum number of occurrences computed at once.
pub const MAX_OCCURRENCES: u16 = 1000;
/// An event at a center or facility.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Database id; 0 before the record is stored.
    pub id: i64,
    /// Incremented with every change; 0 before the record is stored.
    pub version: i64,
    /// Id or code in the source system; unique.
    pub external_id: String,
    pub name: String,
    pub name_en: Option<String>,
    pub description: Option<String>,
    pub category: Option<Category>,
    pub host: Host,
    /// Start of the first occurrence, in local time.
    pub starts: DateTime,
    pub duration_min: u32,
    /// Value of an RFC 5545 RRULE, such as `FREQ=WEEKLY;BYDAY=FR`.
    pub rrule: Option<String>,
    /// Additional start times, for dates no rule can express (festivals of the lunar calendar).
    pub dates: Vec<DateTime>,
    /// Days without an occurrence.
    pub except: Vec<Date>,
    pub audiences: Vec<Audience>,
    /// Ids of the services offered at the event.
    pub services: Vec<i64>,
    pub fee: Option<Fee>,
}

/// One occurrence of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    pub starts: Timestamp,
    pub ends: Timestamp,
}

impl Event {
    /// Creates an event with a single occurrence.
    #[must_use]
    pub const fn new(external_id: String, name: String, host: Host, starts: DateTime, duration_min: u32) -> Self {
        Self {
            id: 0,
            version: 0,
            external_id,
            name,
            name_en: None,
            description: None,
            category: None,
            host,
            starts,
            duration_min,
            rrule: None,
            dates: Vec::new(),
            except: Vec::new(),
            audiences: Vec::new(),
            services: Vec::new(),
            fee: None,
        }
    }

    /// Returns the start of the first occurrence in a zone.
    pub(crate) fn first(&self, zone: Zone) -> ChronoTime<Tz> {
        local(zone, self.starts)
    }

    /// Returns the occurrences that start before `to` and end after `from`, in order, at most [`MAX_OCCURRENCES`], and whether
    /// there are more.
    ///
    /// ```
    /// use jiff::civil::date;
    /// use walkshed_register::{Event, Host, Zone};
    ///
    /// let starts = date(2025, 1, 25).at(9, 0, 0, 0);
    /// let mut bazaar = Event::new("bazaar".into(), "便民集市".into(), Host::Center(1), starts, 240);
    /// bazaar.rrule = Some("FREQ=MONTHLY;BYMONTHDAY=25".into());
    /// let (from, to) = ("2025-03-01T00:00:00+08:00".parse()?, "2025-05-01T00:00:00+08:00".parse()?);
    /// let (occurrences, has_more) = bazaar.occurrences(Zone::default(), from, to);
    /// assert_eq!(occurrences[0].starts, "2025-03-25T09:00:00+08:00".parse()?);
    /// assert_eq!((occurrences.len(), has_more), (2, false));
    /// # Ok::<(), jiff::Error>(())
    /// ```
    #[must_use]
    pub fn occurrences(&self, zone: Zone, from: Timestamp, to: Timestamp) -> (Vec<Occurrence>, bool) {
        self.expand(zone, from, to, usize::from(MAX_OCCURRENCES))
    }

    /// Returns whether there is any occurrence between two moments. Expands only a few occurrences in most cases.
    #[must_use]
    pub fn takes_place(&self, zone: Zone, from: Timestamp, to: Timestamp) -> bool {
        let (few, has_more) = self.expand(zone, from, to, self.except.len() + 4);
        !few.is_empty() || (has_more && !self.occurrences(zone, from, to).0.is_empty())
    }

    /// Returns up to `limit` occurrences, and whether there are more.
    fn expand(&self, zone: Zone, from: Timestamp, to: Timestamp, limit: usize) -> (Vec<Occurrence>, bool) {
        let duration = jiff::SignedDuration::from_mins(self.duration_min.into());
        // An occurrence that started before `from` may not have ended yet.
        let (earliest, last) = (to_chrono(from.saturating_sub(duration).unwrap_or(Timestamp::MIN)), to_chrono(to));
        let start = self.first(zone);
        let is_inside = |at: &ChronoTime<Tz>| *at >= earliest && *at <= last;
        let mut found = match self.rrule.as_deref().and_then(|text| Recurrence::parse(text, start, zone).ok()) {
            Some(rule) => rule.between(earliest, last, limit),
            None => Expansion { times: Some(start).into_iter().filter(is_inside).collect(), has_more: false },
        };
        found.times.extend(self.dates.iter().map(|&date| local(zone, date)).filter(is_inside));
        found.times.sort_unstable();
        let has_more = found.has_more || found.times.len() > limit;
        found.times.truncate(limit);
        let except: Vec<chrono::NaiveDate> = self.except.iter().map(|&day| to_naive_date(day)).collect();
        let mut list: Vec<Occurrence> = found
            .times
            .iter()
            .filter(|at| !except.contains(&at.date_naive()))
            .filter_map(|at| {
                let starts = Timestamp::from_second(at.timestamp()).ok()?;
                Some(Occurrence { starts, ends: starts.saturating_add(duration).ok()? })
            })
            .filter(|o| o.ends > from && o.starts < to)
            .collect();
        list.dedup();
        (list, has_more)
    }

    /// Returns the first occurrence that has not ended at a moment, within about three years.
    #[must_use]
    pub fn next_occurrence(&self, zone: Zone, at: Timestamp) -> Option<Occurrence> {
        // Most events recur within weeks, so the short window is tried first.
        [35, 400, 1100].into_iter().find_map(|days| {
            let to = at.saturating_add(jiff::SignedDuration::from_hours(24 * days)).ok()?;
            self.occurrences(zone, at, to).0.first().copied()
        })
    }
}

fn local(zone: Zone, at: DateTime) -> ChronoTime<Tz> {
    let tz = zone.tz();
    let naive = to_naive_datetime(at);
    // A local time skipped by a clock change is shifted by one hour, as in `Zone::moment`.
    tz.from_local_datetime(&naive)
        .earliest()
        .or_else(|| tz.from_local_datetime(&(naive + chrono::TimeDelta::hours(1))).earliest())
        .unwrap_or_else(|| tz.from_utc_datetime(&naive))
}

fn to_chrono(at: Timestamp) -> ChronoTime<Utc> {
    ChronoTime::from_timestamp(at.as_second(), 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(starts: &str, minutes: u32, rrule: Option<&str>) -> Event {
        let mut event = Event::new("e".into(), "e".into(), Host::Center(1), starts.parse().unwrap(), minutes);
        event.rrule = rrule.map(str::to_owned);
        event
    }

    fn at(local: &str) -> Timestamp {
        Zone::default().moment(local.parse().unwrap())
    }

    fn days(event: &Event, from: &str, to: &str) -> Vec<String> {
        let (list, _) = event.occurrences(Zone::default(), at(from), at(to));
        list.iter().map(|o| Zone::default().local(o.starts).format("%m-%d %H:%M").to_string()).collect()
    }

    #[test]
    fn a_bazaar_on_the_25th_of_each_month() {
        let bazaar = event("2025-01-25T09:00", 240, Some("FREQ=MONTHLY;BYMONTHDAY=25"));
        assert_eq!(days(&bazaar, "2025-08-01T00:00:00", "2025-10-01T00:00:00"), ["08-25 09:00", "09-25 09:00"]);
        let next = bazaar.next_occurrence(Zone::default(), at("2025-08-25T14:00:00")).unwrap();
        assert_eq!(next.starts, at("2025-09-25T09:00:00"));
        // It is still going on at noon.
        let now = bazaar.next_occurrence(Zone::default(), at("2025-08-25T12:00:00")).unwrap();
        assert_eq!((now.starts, now.ends), (at("2025-08-25T09:00:00"), at("2025-08-25T13:00:00")));
        assert_eq!(days(&bazaar, "2025-01-01T00:00:00", "2026-01-01T00:00:00").len(), 12);
    }

    #[test]
    fn lunar_festivals_are_listed_day_by_day() {
        let mut fair = event("2025-01-29T09:00", 3 * 24 * 60, None);
        fair.dates = vec!["2026-02-17T09:00".parse().unwrap(), "2027-02-06T09:00".parse().unwrap()];
        fair.except = vec!["2027-02-06".parse().unwrap()];
        assert_eq!(days(&fair, "2025-01-01T00:00:00", "2028-01-01T00:00:00"), ["01-29 09:00", "02-17 09:00"]);
    }

    #[test]
    fn a_rule_without_end_is_cut() {
        let daily = event("2020-01-01T09:00", 60, Some("FREQ=DAILY"));
        let (list, more) = daily.occurrences(Zone::default(), at("2020-01-01T00:00:00"), at("2030-01-01T00:00:00"));
        assert!(list.len() <= usize::from(MAX_OCCURRENCES) && more);
    }

    proptest! {
        /// Weekly rules against counting days: every occurrence in the range is on its weekday, at its hour, and none
        /// is missing.
        #[test]
        fn weekly_rules_follow_the_calendar(weekday in 0usize..7, start in 0i64..60, length in 1i64..120, hour in 0i8..24) {
            let names = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
            let first = jiff::civil::date(2026, 1, 5).at(hour, 0, 0, 0);
            let mut weekly = event("2026-01-05T00:00", 30, Some(&format!("FREQ=WEEKLY;BYDAY={}", names[weekday])));
            weekly.starts = first;
            let from = Zone::default().moment(to_naive_date(jiff::civil::date(2026, 1, 5)).and_hms_opt(0, 0, 0).unwrap() + chrono::TimeDelta::days(start));
            let to = from + jiff::SignedDuration::from_hours(24 * length);
            let (found, _) = weekly.occurrences(Zone::default(), from, to);
            let expected: Vec<i64> = (start..start + length).filter(|d| d.rem_euclid(7) == weekday as i64).collect();
            prop_assert_eq!(found.len(), expected.len());
            for (o, d) in found.iter().zip(expected) {
                let local = Zone::default().local(o.starts);
                let day = to_naive_date(jiff::civil::date(2026, 1, 5)) + chrono::TimeDelta::days(d);
                prop_assert_eq!(local, day.and_hms_opt(u32::try_from(hour).unwrap(), 0, 0).unwrap());
            }
        }
    }
}
