//! Parses the day selectors of a rule.

use super::lexer::Kind;
use super::parser::{Parser, Result};
use super::rule::{Date, DateRange, DayOfYear, DaySelector, Direction, Holiday, WeekRange, WeekdayEntry, YearRange};
use chrono::NaiveDate;

/// Maximum shift of a date, in days.
const MAX_SHIFT: u16 = 366;

impl Parser {
    /// Parses dates, which may occur once in a rule.
    pub fn dates_once(&mut self, days: &mut DaySelector) -> Result<()> {
        self.once(days.dates.is_empty(), "dates")?;
        days.dates = self.dates()?;
        Ok(())
    }

    /// Parses a list of years, or dates with a year.
    pub fn years_or_dates(&mut self, days: &mut DaySelector) -> Result<()> {
        if self.is_dated_ahead(1) {
            return self.dates_once(days);
        }
        self.once(days.years.is_empty(), "years")?;
        loop {
            let Some(from) = self.year_ahead(0) else { return self.fail("a year such as 2026 is expected here") };
            self.at += 1;
            let mut range = YearRange { from, to: from, step: 1 };
            if self.take(Kind::Plus) {
                range.to = i32::MAX;
            } else if self.kind() == Some(Kind::Minus) {
                let to = self.year_ahead(1).filter(|&to| to > from);
                let Some(to) = to else { return self.fail("a later year is expected after -") };
                range.to = to;
                self.at += 2;
                range.step = self.step()?.into();
            } else if self.kind() == Some(Kind::Slash) {
                range.to = i32::MAX;
                range.step = self.step()?.into();
            }
            days.years.push(range);
            if !(self.kind() == Some(Kind::Comma) && self.year_ahead(1).is_some()) {
                return Ok(());
            }
            self.at += 1;
        }
    }

    /// Parses a step such as `/2`; 1 if absent.
    fn step(&mut self) -> Result<u16> {
        if !self.take(Kind::Slash) {
            return Ok(1);
        }
        match self.number_ahead(0) {
            Some(step) if step > 0 => {
                self.at += 1;
                Ok(step)
            }
            _ => self.fail("a number above 0 is expected after /"),
        }
    }

    /// Parses a list of weeks such as `week 40-53,01-10`.
    pub fn weeks(&mut self, list: &mut Vec<WeekRange>) -> Result<()> {
        loop {
            self.take(Kind::Week);
            let from = self.week()?;
            let mut range = WeekRange { from, to: from, step: 1 };
            if self.take(Kind::Minus) {
                range.to = self.week()?;
                if range.to < from {
                    self.at -= 1;
                    return self.fail("weeks run from the earlier to the later: write week 40-53,01-10");
                }
                range.step = self.step()?;
            }
            list.push(range);
            let continues =
                self.ahead(1) == Some(Kind::Week) || (self.number_ahead(1).is_some() && !self.is_clock_ahead(1));
            if !(self.kind() == Some(Kind::Comma) && continues) {
                return Ok(());
            }
            self.at += 1;
        }
    }

    fn week(&mut self) -> Result<u16> {
        match self.number_ahead(0) {
            Some(week) if (1..=53).contains(&week) => {
                self.at += 1;
                Ok(week)
            }
            _ => self.fail("a week number from 01 to 53 is expected here"),
        }
    }

    /// Parses weekdays and holidays. Entries of one comma-separated list are alternatives; two lists side by side must both match.
    pub fn weekdays(&mut self, days: &mut DaySelector) -> Result<()> {
        let start = self.at;
        let mut list = Vec::new();
        loop {
            self.weekday_entry(&mut list)?;
            if !(self.kind() == Some(Kind::Comma) && matches!(self.ahead(1), Some(Kind::Weekday(_) | Kind::Holiday(_))))
            {
                break;
            }
            self.at += 1;
        }
        let holidays: Vec<Holiday> = list
            .iter()
            .filter_map(|entry| match entry {
                WeekdayEntry::Holiday(holiday) => Some(*holiday),
                _ => None,
            })
            .collect();
        let at = std::mem::replace(&mut self.at, start);
        if holidays.len() == list.len() {
            self.once(days.holidays.is_empty(), "holidays")?;
            days.holidays = holidays;
        } else {
            self.once(days.weekdays.is_empty(), "weekdays")?;
            days.weekdays = list;
        }
        self.at = at;
        Ok(())
    }

    fn weekday_entry(&mut self, list: &mut Vec<WeekdayEntry>) -> Result<()> {
        match self.kind() {
            Some(Kind::Holiday(kind)) => {
                self.at += 1;
                list.push(WeekdayEntry::Holiday(Holiday { kind, shift: self.shift()? }));
            }
            Some(Kind::Weekday(from)) => {
                self.at += 1;
                if self.take(Kind::OpenBracket) {
                    let numbers = self.numbers_in_brackets()?;
                    let shift = self.shift()?;
                    list.extend(numbers.into_iter().map(|nth| WeekdayEntry::Nth { day: from, nth, shift }));
                    return Ok(());
                }
                let to = match (self.kind(), self.ahead(1)) {
                    (Some(Kind::Minus), Some(Kind::Weekday(to))) => {
                        self.at += 2;
                        if self.kind() == Some(Kind::OpenBracket) {
                            return self.fail("a number in brackets belongs to a single day, such as Mo[1]");
                        }
                        to
                    }
                    (Some(Kind::Minus), _) => return self.fail("a day of the week is expected after -"),
                    _ => from,
                };
                list.push(WeekdayEntry::Range(from, to));
            }
            _ => return self.fail("a day of the week is expected here"),
        }
        Ok(())
    }

    /// Parses the numbers after an opening bracket: `1,3]`, `1-2]` or `-1]`.
    fn numbers_in_brackets(&mut self) -> Result<Vec<i32>> {
        let mut list = Vec::new();
        loop {
            let sign = if self.take(Kind::Minus) { -1 } else { 1 };
            let from = self.number_in_brackets()?;
            let to = if sign > 0 && self.take(Kind::Minus) { self.number_in_brackets()? } else { from };
            if to < from {
                self.at -= 1;
                return self.fail("numbers in brackets run from the smaller to the larger");
            }
            list.extend((from..=to).map(|n| sign * n));
            if self.take(Kind::CloseBracket) {
                return Ok(list);
            }
            if !self.take(Kind::Comma) {
                return self.fail("] is expected here");
            }
        }
    }

    fn number_in_brackets(&mut self) -> Result<i32> {
        match self.number_ahead(0) {
            Some(nth) if (1..=5).contains(&nth) => {
                self.at += 1;
                Ok(nth.into())
            }
            _ => self.fail("a number from 1 to 5 or -1 to -5 is expected in brackets"),
        }
    }

    /// Parses a shift such as `+2 days`; 0 if absent.
    fn shift(&mut self) -> Result<i64> {
        let sign = match self.kind() {
            Some(Kind::Plus) => 1,
            Some(Kind::Minus) => -1,
            _ => return Ok(0),
        };
        match (self.number_ahead(1), self.ahead(2)) {
            (Some(days), Some(Kind::Days)) if days <= MAX_SHIFT => {
                self.at += 3;
                Ok(sign * i64::from(days))
            }
            (Some(_), Some(Kind::Days)) => self.fail(format!("a shift must not exceed {MAX_SHIFT} days")),
            _ => Ok(0),
        }
    }

    /// Returns whether a date without a year follows, such as `Dec 25`, `Dec Su[1]` or `easter`.
    fn is_dated_ahead(&self, n: usize) -> bool {
        match self.ahead(n) {
            Some(Kind::Easter) => true,
            Some(Kind::Month(_)) => self.is_day_ahead(n + 1) || self.is_nth_ahead(n + 1),
            _ => false,
        }
    }

    /// Returns whether a day such as `Su[1]` follows.
    fn is_nth_ahead(&self, n: usize) -> bool {
        matches!((self.ahead(n), self.ahead(n + 1)), (Some(Kind::Weekday(_)), Some(Kind::OpenBracket)))
    }

    /// Returns whether a whole month of a list follows. `Mar` in `Jan,Mar Su[1] 10:00-12:00` is one, and so are both months of
    /// `Jan-Mar Su[1]`: the weekday applies to each. In `Mar Su[1]-Oct Su[-1]` and `Mar Su[1] -1 day` the months are parts of dates.
    fn is_month_ahead(&self) -> bool {
        let Some(Kind::Month(_)) = self.kind() else { return false };
        if !self.is_nth_ahead(1) {
            return !self.is_day_ahead(1);
        }
        let Some(close) = (3..super::error::MAX_HOURS)
            .find(|&i| !matches!(self.ahead(i), Some(Kind::Number { .. } | Kind::Minus | Kind::Comma)))
        else {
            return true;
        };
        let has_shift = self.ahead(close + 3) == Some(Kind::Days);
        let is_range = self.ahead(close + 1) == Some(Kind::Minus)
            && (self.is_dated_ahead(close + 2)
                || (self.year_ahead(close + 2).is_some() && self.is_dated_ahead(close + 3)));
        !(has_shift || is_range)
    }

    fn dates(&mut self) -> Result<Vec<DateRange>> {
        let mut list = Vec::new();
        loop {
            self.date_range(&mut list)?;
            let continues = match self.ahead(1) {
                Some(Kind::Month(_) | Kind::Easter) => true,
                Some(_) => self.year_ahead(1).is_some() && self.is_dated_ahead(2),
                None => false,
            };
            if !(self.kind() == Some(Kind::Comma) && continues) {
                return Ok(list);
            }
            self.at += 1;
        }
    }

    fn date_range(&mut self, list: &mut Vec<DateRange>) -> Result<()> {
        if let Some(Kind::Month(from)) = self.kind()
            && self.is_month_ahead()
        {
            self.at += 1;
            let to = match (self.kind(), self.ahead(1)) {
                (Some(Kind::Minus), Some(Kind::Month(to))) if !self.is_day_ahead(2) => {
                    self.at += 2;
                    to
                }
                (Some(Kind::Minus), _) => {
                    return self.fail("a month is expected after -; or write both ends with their days");
                }
                _ => from,
            };
            list.push(DateRange::Months(from, to));
            return Ok(());
        }
        let first = self.date()?;
        if self.take(Kind::Plus) {
            // Until the end of the year, or without end if the date has a year.
            let end = DayOfYear::Fixed { month: 12, day: 31 };
            let last = Date { year: first.year.map(|_| 9999), day: end, toward: None, shift: 0 };
            list.push(DateRange::Days(first, last));
            return Ok(());
        }
        let DayOfYear::Fixed { month, day } = first.day else {
            return self.date_range_after(first, list);
        };
        if self.kind() == Some(Kind::Minus) && !self.is_day_ahead(1) {
            return self.date_range_after(first, list);
        }
        // Further days of the same month: `24-26,31`.
        let mut from = day;
        loop {
            let of = |day| Date { day: DayOfYear::Fixed { month, day }, toward: None, shift: 0, ..first };
            if self.kind() == Some(Kind::Minus) && self.is_day_ahead(1) {
                self.at += 1;
                let to = self.day_of(first.year, month)?;
                if to < from {
                    self.at -= 1;
                    return self.fail("days of a month run from the earlier to the later; name the month of the second, such as Jan 20-Feb 10");
                }
                list.push(DateRange::Days(if from == day { first } else { of(from) }, of(to)));
            } else {
                list.push(DateRange::Day(if from == day { first } else { of(from) }));
            }
            if !(self.kind() == Some(Kind::Comma) && self.year_ahead(1).is_none() && self.is_day_ahead(1)) {
                return Ok(());
            }
            self.at += 1;
            from = self.day_of(first.year, month)?;
        }
    }

    /// Parses the rest of a range after its first date.
    fn date_range_after(&mut self, first: Date, list: &mut Vec<DateRange>) -> Result<()> {
        if self.kind() != Some(Kind::Minus) {
            list.push(DateRange::Day(first));
            return Ok(());
        }
        let is_date = self.is_dated_ahead(1) || (self.year_ahead(1).is_some() && self.is_dated_ahead(2));
        if !is_date {
            return self.fail("a date such as Jan 05 is expected after -");
        }
        self.at += 1;
        let start = self.at;
        let last = self.date()?;
        if first.year.is_none() && last.year.is_some() {
            self.at = start;
            return self.fail("the first date needs its year too");
        }
        if first.year > last.year && last.year.is_some() {
            self.at = start;
            return self.fail("the second date is before the first");
        }
        list.push(DateRange::Days(first, last));
        Ok(())
    }

    fn date(&mut self) -> Result<Date> {
        let year = self.year_ahead(0);
        self.at += usize::from(year.is_some());
        let day = match self.kind() {
            Some(Kind::Easter) => {
                self.at += 1;
                DayOfYear::Easter
            }
            Some(Kind::Month(month)) => {
                self.at += 1;
                if let Some(Kind::Weekday(day)) = self.kind() {
                    self.at += 2;
                    let at = self.at;
                    let [nth] = self.numbers_in_brackets()?[..] else {
                        self.at = at;
                        return self.fail("one number is expected in brackets");
                    };
                    DayOfYear::Nth { month, day, nth }
                } else {
                    DayOfYear::Fixed { month, day: self.day_of(year, month)? }
                }
            }
            _ => return self.fail("a date such as Dec 25 is expected here"),
        };
        let direction = match self.kind() {
            Some(Kind::Plus) => Some(Direction::Forward),
            Some(Kind::Minus) => Some(Direction::Back),
            _ => None,
        };
        let toward = match (direction, self.ahead(1)) {
            (Some(direction), Some(Kind::Weekday(weekday))) => {
                self.at += 2;
                Some((direction, weekday))
            }
            _ => None,
        };
        Ok(Date { year, day, toward, shift: self.shift()? })
    }

    /// Parses a day that exists in the month of the given year, or of any year.
    fn day_of(&mut self, year: Option<i32>, month: u8) -> Result<u8> {
        let is_leap = |year| NaiveDate::from_ymd_opt(year, 2, 29).is_some();
        let length = match month {
            2 if !year.is_none_or(is_leap) => 28,
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        match self.number_ahead(0).and_then(|n| u8::try_from(n).ok()) {
            Some(day) if (1..=length).contains(&day) => {
                self.at += 1;
                Ok(day)
            }
            _ => match year.filter(|_| month == 2) {
                Some(year) => self.fail(format!("February {year} has days from 1 to {length}")),
                None => self.fail(format!("the month has days from 1 to {length}")),
            },
        }
    }
}
