//! Expands rules: the occurrence times within a window.

use super::{Expansion, Frequency, Recurrence, RuleDay};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;

/// Maximum number of days examined by one expansion: about 400 years. A rule that matches no day would be expanded forever.
const MAX_DAYS: i64 = 150_000;

impl Recurrence {
    /// Returns up to `limit` times from `from` to `to`, both included, in order. Only periods near the window are examined,
    /// except for rules with COUNT, which are expanded from the start.
    #[must_use]
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>, limit: usize) -> Expansion {
        let (zone, first) = (self.starts.timezone(), self.starts.naive_local());
        let mut found = Expansion::default();
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
                    if found.times.len() >= limit {
                        return Expansion { has_more: true, ..found };
                    }
                    found.times.push(at);
                }
            }
            period += 1;
        }
        Expansion { has_more: true, ..found }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Zone;
    use crate::recurrence::RuleError;

    fn rule(starts: &str, text: &str) -> Recurrence {
        let zone = Zone::default();
        let starts: NaiveDateTime = starts.parse().unwrap();
        Recurrence::parse(text, to_zoned(zone.tz(), starts).unwrap(), zone).unwrap()
    }

    fn days(starts: &str, text: &str, from: &str, to: &str) -> Vec<String> {
        let at = |text: &str| text.parse::<NaiveDate>().unwrap().and_time(NaiveTime::MIN).and_utc();
        rule(starts, text).between(at(from), at(to), 100).times.iter().map(|t| t.date_naive().to_string()).collect()
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
            assert!(rule.between(from, to, 1).times.is_empty(), "{text}");
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
