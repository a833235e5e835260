//! The rules of opening hours: the selected days, the times, and the state.

use super::state::OpenState;
use super::sun::{SunClock, SunEvent as Event};
use crate::calendar::Calendar;
use chrono::{Datelike, Days, NaiveDate, TimeDelta, Weekday};

/// Minutes per day.
pub const DAY: i32 = 24 * 60;
/// If a sun time as the end of a span is at least this many minutes before the start, it means the next day
/// (`20:00-sunrise`). Otherwise the span is empty.
const MIN_OVERNIGHT_GAP: i32 = 6 * 60;

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub days: DaySelector,
    /// Empty for the whole day.
    pub times: Vec<Span>,
    pub state: OpenState,
    pub combination: Combination,
}

/// How a rule combines with the preceding rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Combination {
    /// After `;`: replaces the preceding rules on its days, unless it is a closing rule.
    Replaces,
    /// After `,`: adds to the preceding rules.
    Adds,
    /// After `||`: applies where the preceding rules leave the place closed.
    Fallback,
}

/// The days a rule selects: those that match all lists. An empty list matches every day.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DaySelector {
    pub years: Vec<YearRange>,
    pub dates: Vec<DateRange>,
    pub weeks: Vec<WeekRange>,
    pub holidays: Vec<Holiday>,
    pub weekdays: Vec<WeekdayEntry>,
}

/// `2026-2030/2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct YearRange {
    pub from: i32,
    pub to: i32,
    pub step: i32,
}

/// `week 01-53/2` (ISO 8601 weeks).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeekRange {
    pub from: u16,
    pub to: u16,
    pub step: u16,
}

/// Public or school holidays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolidayKind {
    Public,
    School,
}

/// `PH -1 day`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holiday {
    pub kind: HolidayKind,
    pub shift: i64,
}

/// An entry of a list of weekdays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeekdayEntry {
    /// `Mo-Fr`, or `Mo` alone.
    Range(Weekday, Weekday),
    /// `Mo[1]`, the first Monday of the month; negative numbers count from the end.
    Nth { day: Weekday, nth: i32, shift: i64 },
    /// `PH` in a list such as `Su,PH`.
    Holiday(Holiday),
}

/// An entry of a list of dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateRange {
    /// `Oct-Mar`.
    Months(u8, u8),
    /// `Dec 25`.
    Day(Date),
    /// `Dec 25-Jan 05`. If only one date has a year, it is the first.
    Days(Date, Date),
}

/// A date, of one year or of every year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    pub year: Option<i32>,
    pub day: DayOfYear,
    /// `-Su`: the last Sunday on or before the date; `+Su`: the first Sunday on or after the date.
    pub toward: Option<(Direction, Weekday)>,
    /// `+2 days`.
    pub shift: i64,
}

/// A day of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayOfYear {
    Fixed { month: u8, day: u8 },
    Nth { month: u8, day: Weekday, nth: i32 },
    Easter,
}

/// Backward or forward in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Back,
    Forward,
}

/// A time span that starts on a day and may end on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: Time,
    /// Greater than [`DAY`] if a clock time is on the next day. A sun time is on the next day if it is well before the start.
    pub end: Time,
    /// The end is not given (`10:00+`): the state is unknown instead of open.
    pub has_open_end: bool,
}

/// A time of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// Minutes from midnight.
    Clock(i32),
    /// A sun event, plus an offset in minutes.
    Sun(Event, i32),
}

impl Rule {
    /// Returns whether a span may continue after midnight.
    pub fn may_pass_midnight(&self) -> bool {
        self.times.iter().any(|span| matches!(span.end, Time::Sun(..)) || span.end.usual_minute() > DAY)
    }
}

impl DaySelector {
    /// Returns whether every day is selected.
    pub const fn is_every_day(&self) -> bool {
        self.years.is_empty()
            && self.dates.is_empty()
            && self.weeks.is_empty()
            && self.holidays.is_empty()
            && self.weekdays.is_empty()
    }

    /// Returns whether a day is selected.
    pub fn contains(&self, date: NaiveDate, calendar: &Calendar) -> bool {
        fn fits<T: Copy>(list: &[T], test: impl Fn(T) -> bool) -> bool {
            list.is_empty() || list.iter().any(|&entry| test(entry))
        }
        fits(&self.weekdays, |entry| entry.contains(date, calendar))
            && fits(&self.years, |years| years.contains(date))
            && fits(&self.dates, |dates| dates.contains(date))
            && fits(&self.weeks, |weeks| weeks.contains(date))
            && fits(&self.holidays, |holiday| holiday.contains(date, calendar))
    }
}

impl YearRange {
    fn contains(self, date: NaiveDate) -> bool {
        (self.from..=self.to).contains(&date.year()) && (date.year() - self.from) % self.step == 0
    }
}

impl WeekRange {
    fn contains(self, date: NaiveDate) -> bool {
        let week = date.iso_week().week() as u16;
        (self.from..=self.to).contains(&week) && (week - self.from).is_multiple_of(self.step)
    }
}

impl Holiday {
    fn contains(self, date: NaiveDate, calendar: &Calendar) -> bool {
        let days = match self.kind {
            HolidayKind::Public => calendar.holidays().get_public(),
            HolidayKind::School => calendar.holidays().get_school(),
        };
        shifted(date, -self.shift).is_some_and(|day| days.contains(day))
    }
}

impl WeekdayEntry {
    fn contains(self, date: NaiveDate, calendar: &Calendar) -> bool {
        match self {
            Self::Range(from, to) => date.weekday().days_since(from) <= to.days_since(from),
            Self::Holiday(holiday) => holiday.contains(date, calendar),
            Self::Nth { day, nth, shift } => shifted(date, -shift).is_some_and(|base| {
                let is_nth = if nth > 0 {
                    (base.day0() / 7 + 1) as i32 == nth
                } else {
                    (days_in_month(base).saturating_sub(base.day()) / 7 + 1) as i32 == -nth
                };
                base.weekday() == day && is_nth
            }),
        }
    }
}

impl DateRange {
    fn contains(self, date: NaiveDate) -> bool {
        let year = date.year();
        match self {
            Self::Months(from, to) => {
                let month = date.month() as u8;
                if from <= to { (from..=to).contains(&month) } else { month >= from || month <= to }
            }
            // A shifted date may be in an adjacent year.
            Self::Day(day) => match day.year {
                Some(year) => day.first_in(year) == Some(date) && day.last_in(year) == Some(date),
                None => (year - 1..=year + 1).any(|y| day.first_in(y) == Some(date) && day.last_in(y) == Some(date)),
            },
            Self::Days(first, last) => match (first.year, last.year) {
                (Some(from), to) => {
                    let first = first.first_in(from);
                    let end = |year: i32| last.last_in(year);
                    let to =
                        to.map_or_else(|| end(from).filter(|end| Some(*end) >= first).or_else(|| end(from + 1)), end);
                    first.zip(to).is_some_and(|(first, to)| first <= date && date <= to)
                }
                (None, _) => first.first_in(year).zip(last.last_in(year)).is_some_and(|(first, last)| {
                    if first <= last { first <= date && date <= last } else { date >= first || date <= last }
                }),
            },
        }
    }
}

impl Date {
    /// Returns the date in a year; the day after if the date does not exist (29 February).
    fn first_in(self, year: i32) -> Option<NaiveDate> {
        self.in_year(year, |year, month| NaiveDate::from_ymd_opt(year, u32::from(month) + 1, 1))
    }

    /// Returns the date in a year; the day before if the date does not exist.
    fn last_in(self, year: i32) -> Option<NaiveDate> {
        self.in_year(year, |year, month| NaiveDate::from_ymd_opt(year, u32::from(month), 28))
    }

    fn in_year(self, year: i32, instead: impl Fn(i32, u8) -> Option<NaiveDate>) -> Option<NaiveDate> {
        let day = match self.day {
            DayOfYear::Fixed { month, day } => {
                NaiveDate::from_ymd_opt(year, month.into(), day.into()).or_else(|| instead(year, month))?
            }
            DayOfYear::Nth { month, day, nth } => {
                let first = NaiveDate::from_ymd_opt(year, month.into(), 1)?;
                let from_first = i64::from(day.days_since(first.weekday()));
                let found = if nth > 0 {
                    shifted(first, from_first + i64::from(nth - 1) * 7)?
                } else {
                    let fifth = shifted(first, from_first + 28)?;
                    let last = if fifth.month() == first.month() { 5 } else { 4 };
                    shifted(first, from_first + i64::from(last + nth) * 7)?
                };
                Some(found).filter(|found| found.month() == u32::from(month))?
            }
            DayOfYear::Easter => easter(year)?,
        };
        let day = match self.toward {
            None => day,
            Some((Direction::Back, weekday)) => shifted(day, -i64::from(day.weekday().days_since(weekday)))?,
            Some((Direction::Forward, weekday)) => shifted(day, weekday.days_since(day.weekday()).into())?,
        };
        shifted(day, self.shift)
    }
}

impl Span {
    /// Returns the first and last minute, relative to the day the span starts on; `None` if the sun event does not occur on that
    /// day. The span is empty (its end before its start) when the sun event is too early (`18:00-sunset` in winter) or too late
    /// (`sunrise-06:00`).
    pub fn minutes(self, date: NaiveDate, sun: &SunClock) -> Option<(i32, i32)> {
        let start = self.start.minute(date, sun)?;
        let end = self.end.minute(date, sun)?;
        match self.end {
            Time::Sun(..) if end + MIN_OVERNIGHT_GAP <= start => {
                let next = date.succ_opt().and_then(|next| self.end.minute(next, sun))?;
                Some((start, next + DAY))
            }
            _ => Some((start, end)),
        }
    }

    /// Returns whether the span refers to sun times.
    pub const fn depends_on_sun(self) -> bool {
        matches!((self.start, self.end), (Time::Sun(..), _) | (_, Time::Sun(..)))
    }
}

impl Time {
    fn minute(self, date: NaiveDate, sun: &SunClock) -> Option<i32> {
        match self {
            Self::Clock(minute) => Some(minute),
            Self::Sun(event, shift) => Some(sun.minute(date, event)? + shift),
        }
    }

    /// Returns the minute on a day of average length, to decide which of two times comes first.
    pub const fn usual_minute(self) -> i32 {
        match self {
            Self::Clock(minute) => minute,
            Self::Sun(Event::Dawn, shift) => 5 * 60 + 30 + shift,
            Self::Sun(Event::Sunrise, shift) => 6 * 60 + shift,
            Self::Sun(Event::Sunset, shift) => 18 * 60 + shift,
            Self::Sun(Event::Dusk, shift) => 18 * 60 + 30 + shift,
        }
    }
}

fn shifted(date: NaiveDate, days: i64) -> Option<NaiveDate> {
    date.checked_add_signed(TimeDelta::try_days(days)?)
}

fn days_in_month(date: NaiveDate) -> u32 {
    // Four days after the 28th is in the next month: its day tells how many days of this month are left.
    let later = date.with_day(28).and_then(|d| d.checked_add_days(Days::new(4)));
    later.map_or(31, |later| 32 - later.day())
}

/// Returns Easter Sunday of a year in the Gregorian calendar (Meeus, Astronomical Algorithms, chapter 8).
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(n / 31).ok()?, u32::try_from(n % 31 + 1).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn computes_easter() {
        for (year, sunday) in [(2024, "2024-03-31"), (2025, "2025-04-20"), (2026, "2026-04-05"), (2038, "2038-04-25")] {
            assert_eq!(easter(year), Some(day(sunday)));
        }
    }

    #[test]
    fn computes_month_lengths() {
        for (date, length) in [("2024-02-03", 29), ("2026-02-28", 28), ("2026-04-30", 30), ("2026-12-31", 31)] {
            assert_eq!(days_in_month(day(date)), length, "{date}");
        }
    }

    #[test]
    fn february_29_exists_in_leap_years_only() {
        let leap = Date { year: None, day: DayOfYear::Fixed { month: 2, day: 29 }, toward: None, shift: 0 };
        let first = Date { day: DayOfYear::Fixed { month: 2, day: 10 }, ..leap };
        for (date, alone, until) in
            [("2024-02-29", true, true), ("2026-02-28", false, true), ("2026-03-01", false, false)]
        {
            assert_eq!(DateRange::Day(leap).contains(day(date)), alone, "{date}");
            assert_eq!(DateRange::Days(first, leap).contains(day(date)), until, "{date}");
        }
    }
}
