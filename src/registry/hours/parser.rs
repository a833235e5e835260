//! Reads rules from tokens. The grammar is that of the OpenStreetMap wiki (Key:opening_hours/specification, version 0.7.4); what
//! it leaves ambiguous is read as opening_hours.js 3 reads it, or refused.

use super::lexer::{Kind, Token, tokens};
use super::rule::{
    DAY, Date, DateRange, DayOfYear, DaySelector, Direction, Holiday, Joint, Rule, Span, Time, WeekRange, WeekdayEntry,
    YearRange,
};
use super::{OpenState, SyntaxError};

/// Years are told from other numbers by their size.
const FIRST_YEAR: u16 = 1900;
/// Largest shift of a date by days.
const MAX_SHIFT: u16 = 366;

type Result<T> = std::result::Result<T, SyntaxError>;

/// Reads the rules of a text.
///
/// # Errors
/// [`SyntaxError`] for the first thing that cannot be read.
pub fn rules(text: &str) -> Result<Vec<Rule>> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, end: text.len() };
    let mut rules: Vec<Rule> = Vec::new();
    let mut joint = Joint::Replaces;
    loop {
        while parser.take(Kind::Semicolon) {
            joint = Joint::Replaces;
        }
        if parser.kind().is_none() {
            break;
        }
        if parser.kind() == Some(Kind::Fallback) {
            return parser.fail("there is no rule before ||");
        }
        rules.push(parser.rule(joint)?);
        joint = match parser.kind() {
            Some(Kind::Fallback) => {
                parser.at += 1;
                if matches!(parser.kind(), None | Some(Kind::Semicolon | Kind::Fallback)) {
                    return parser.fail("there is no rule after ||");
                }
                Joint::FallsBack
            }
            Some(Kind::Comma) => {
                parser.at += 1;
                if joint == Joint::FallsBack { joint } else { Joint::Adds }
            }
            _ => Joint::Replaces,
        };
    }
    if rules.is_empty() { parser.fail("there are no hours") } else { Ok(rules) }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    /// Length of the text.
    end: usize,
}

impl Parser {
    /// What the token after so many others is.
    fn ahead(&self, n: usize) -> Option<Kind> {
        self.tokens.get(self.at + n).map(|t| t.kind)
    }

    fn kind(&self) -> Option<Kind> {
        self.ahead(0)
    }

    fn take(&mut self, kind: Kind) -> bool {
        let found = self.kind() == Some(kind);
        self.at += usize::from(found);
        found
    }

    fn fail<T>(&self, why: impl Into<String>) -> Result<T> {
        let start = self.tokens.get(self.at).map_or(self.end, |t| t.start);
        Err(SyntaxError { start, why: why.into() })
    }

    fn number_ahead(&self, n: usize) -> Option<u16> {
        match self.ahead(n) {
            Some(Kind::Number { value, .. }) => Some(value),
            _ => None,
        }
    }

    fn year_ahead(&self, n: usize) -> Option<i32> {
        match self.ahead(n) {
            Some(Kind::Number { value, digits: 4 }) if value >= FIRST_YEAR => Some(value.into()),
            _ => None,
        }
    }

    /// Is there a time by the clock, such as 9:00?
    fn is_clock_ahead(&self, n: usize) -> bool {
        matches!(
            (self.ahead(n), self.ahead(n + 1), self.ahead(n + 2)),
            (Some(Kind::Number { digits: 1 | 2, .. }), Some(Kind::Colon), Some(Kind::Number { digits: 2, .. }))
        )
    }

    /// Is there a day of a month? In `Dec 25: 10:00-12:00` 25 is, in `Dec 10:00-12:00` nothing is.
    fn is_day_ahead(&self, n: usize) -> bool {
        let Some(Kind::Number { digits: 1 | 2, .. }) = self.ahead(n) else { return false };
        !self.is_clock_ahead(n) || self.ahead(n + 3) == Some(Kind::Colon)
    }

    fn is_time_ahead(&self, n: usize) -> bool {
        self.is_clock_ahead(n) || matches!(self.ahead(n), Some(Kind::Sun(_) | Kind::OpenParenthesis))
    }

    /// One rule, up to what separates it from the next.
    fn rule(&mut self, joint: Joint) -> Result<Rule> {
        let mut days = DaySelector::default();
        let mut times: Option<Vec<Span>> = None;
        let mut state: Option<OpenState> = None;
        let mut has_comment = false;
        if self.kind() == Some(Kind::Comment) && self.ahead(1) == Some(Kind::Colon) {
            has_comment = true;
            self.at += 2;
        }
        let first = self.at;
        let mut after_weekdays = false;
        if let Some(Kind::State(given)) = self.kind() {
            state = Some(given);
            self.at += 1;
        }
        while let Some(kind) = self.kind() {
            match kind {
                Kind::Semicolon | Kind::Fallback => break,
                // Only what says what holds ends a rule before a comma; after days a comma goes on with them, or is a slip.
                Kind::Comma if times.is_some() || (state.is_some() && days.is_every_day()) => break,
                Kind::Comma => {
                    return self.fail(if self.is_time_ahead(1) {
                        "no comma stands between days and times: write \"Mo-Fr 09:00-18:00\""
                    } else {
                        "a comma after a list of days must be followed by another day of the same kind; write ; or hours before it"
                    });
                }
                Kind::Weekday(_) | Kind::Holiday(_) => self.weekdays(&mut days)?,
                Kind::Number { .. } if self.is_clock_ahead(0) => self.times_once(&mut times)?,
                Kind::Sun(_) | Kind::OpenParenthesis | Kind::Always => self.times_once(&mut times)?,
                Kind::Number { .. } if self.year_ahead(0).is_some() => {
                    after_weekdays |= !days.weekdays.is_empty();
                    self.years_or_dates(&mut days)?;
                }
                Kind::Number { .. } => {
                    return self.fail("write times with hours and minutes, such as 09:00-17:00");
                }
                Kind::Month(_) | Kind::Easter => self.dates_once(&mut days)?,
                Kind::Week => {
                    self.once(days.weeks.is_empty(), "weeks")?;
                    self.weeks(&mut days.weeks)?;
                }
                Kind::State(given) => {
                    self.once(state.is_none(), "open, closed or unknown")?;
                    state = Some(given);
                    self.at += 1;
                    self.ends_after_state(&mut has_comment)?;
                    break;
                }
                Kind::Comment => {
                    self.ends_after_state(&mut has_comment)?;
                    break;
                }
                Kind::Slash => return self.fail("intervals (/) are moments, not opening hours"),
                Kind::Colon if self.at > first && times.is_none() => {
                    self.at += 1;
                    if matches!(self.kind(), None | Some(Kind::Semicolon | Kind::Comma | Kind::Fallback)) {
                        return self.fail("hours are expected after :");
                    }
                }
                _ => return self.fail("this is not expected here"),
            }
        }
        if times.is_none() && state.is_none() && !has_comment {
            // 19:00-21:00 without its colons, most likely.
            let is_unlikely = |years: &YearRange| {
                years.to < i32::MAX && years.from < years.to && (years.from < 2000 || years.to >= 2100)
            };
            let is_alone = DaySelector { years: Vec::new(), ..days.clone() }.is_every_day();
            let has_range = days.years.iter().any(|years| years.from < years.to && years.to < i32::MAX);
            if after_weekdays && !days.years.is_empty() || is_alone && has_range || days.years.iter().any(is_unlikely) {
                self.at = first;
                return self
                    .fail("if hours are meant, write them with a colon, such as 19:00-20:30; if years are, add open");
            }
        }
        // A comment alone says that it depends, and on what.
        let state = state.unwrap_or(if has_comment { OpenState::Unknown } else { OpenState::Open });
        Ok(Rule { days, times: times.unwrap_or_default(), state, joint })
    }

    /// A comment may follow, and then the rule ends.
    fn ends_after_state(&mut self, has_comment: &mut bool) -> Result<()> {
        *has_comment |= self.take(Kind::Comment);
        match self.kind() {
            None | Some(Kind::Semicolon | Kind::Comma | Kind::Fallback) => Ok(()),
            Some(_) => self.fail("write ; before the next rule"),
        }
    }

    /// Each kind of selector stands once in a rule: a second one is a new rule without its separator.
    fn once(&self, is_first: bool, what: &str) -> Result<()> {
        if is_first {
            return Ok(());
        }
        self.fail(format!("the rule has {what} already: write a comma to continue a list, or ; before the next rule"))
    }

    fn times_once(&mut self, times: &mut Option<Vec<Span>>) -> Result<()> {
        self.once(times.is_none(), "hours")?;
        *times = Some(if self.take(Kind::Always) { Vec::new() } else { self.times()? });
        Ok(())
    }

    fn dates_once(&mut self, days: &mut DaySelector) -> Result<()> {
        self.once(days.dates.is_empty(), "dates")?;
        days.dates = self.dates()?;
        Ok(())
    }

    fn years_or_dates(&mut self, days: &mut DaySelector) -> Result<()> {
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

    /// `/2`, or 1.
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

    fn weeks(&mut self, list: &mut Vec<WeekRange>) -> Result<()> {
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
            let goes_on =
                self.ahead(1) == Some(Kind::Week) || (self.number_ahead(1).is_some() && !self.is_clock_ahead(1));
            if !(self.kind() == Some(Kind::Comma) && goes_on) {
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
            _ => self.fail("a number of a week from 01 to 53 is expected here"),
        }
    }

    /// Weekdays and holidays: in one list, with commas, any of them; side by side, both must hold.
    fn weekdays(&mut self, days: &mut DaySelector) -> Result<()> {
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

    /// `1,3]`, `1-2]` or `-1]`: which of a month, after the bracket.
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

    /// `+2 days`, or 0.
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
            (Some(_), Some(Kind::Days)) => self.fail(format!("more than {MAX_SHIFT} days")),
            _ => Ok(0),
        }
    }

    /// Is there a date without its year, such as `Dec 25`, `Dec Su[1]` or `easter`?
    fn is_dated_ahead(&self, n: usize) -> bool {
        match self.ahead(n) {
            Some(Kind::Easter) => true,
            Some(Kind::Month(_)) => self.is_day_ahead(n + 1) || self.is_nth_ahead(n + 1),
            _ => false,
        }
    }

    /// Is there a day such as `Su[1]`?
    fn is_nth_ahead(&self, n: usize) -> bool {
        matches!((self.ahead(n), self.ahead(n + 1)), (Some(Kind::Weekday(_)), Some(Kind::OpenBracket)))
    }

    /// Is there a month of a list of months, for all of its days? In `Jan,Mar Su[1] 10:00-12:00` Mar is one, and so are the two of
    /// `Jan-Mar Su[1]`: the day is one of each. In `Mar Su[1]-Oct Su[-1]` and `Mar Su[1] -1 day` the months belong to their days.
    fn is_month_ahead(&self) -> bool {
        let Some(Kind::Month(_)) = self.kind() else { return false };
        if !self.is_nth_ahead(1) {
            return !self.is_day_ahead(1);
        }
        let Some(close) =
            (3..).find(|&i| !matches!(self.ahead(i), Some(Kind::Number { .. } | Kind::Minus | Kind::Comma)))
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
            let goes_on = match self.ahead(1) {
                Some(Kind::Month(_) | Kind::Easter) => true,
                Some(_) => self.year_ahead(1).is_some() && self.is_dated_ahead(2),
                None => false,
            };
            if !(self.kind() == Some(Kind::Comma) && goes_on) {
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
            // To the end of the year, or of all years.
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
        // Days of the same month: 24-26,31.
        let mut from = day;
        loop {
            let of = |day| Date { day: DayOfYear::Fixed { month, day }, toward: None, shift: 0, ..first };
            if self.kind() == Some(Kind::Minus) && self.is_day_ahead(1) {
                self.at += 1;
                let to = self.day_of(month)?;
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
            from = self.day_of(month)?;
        }
    }

    /// A date that another one may follow after `-`.
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
                    DayOfYear::Fixed { month, day: self.day_of(month)? }
                }
            }
            _ => return self.fail("a date such as Dec 25 is expected here"),
        };
        let direction = match self.kind() {
            Some(Kind::Plus) => Some(Direction::On),
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

    fn day_of(&mut self, month: u8) -> Result<u8> {
        let length = match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        match self.number_ahead(0).and_then(|n| u8::try_from(n).ok()) {
            Some(day) if (1..=length).contains(&day) => {
                self.at += 1;
                Ok(day)
            }
            _ => self.fail(format!("the month has days from 1 to {length}")),
        }
    }

    fn times(&mut self) -> Result<Vec<Span>> {
        // Of each entry its span, and what is open without a known end after it.
        let mut list: Vec<(Option<Span>, Option<Span>)> = Vec::new();
        loop {
            list.push(self.span()?);
            if !(self.kind() == Some(Kind::Comma) && self.at + 1 < self.tokens.len()) {
                break;
            }
            if self.is_time_ahead(1) {
                self.at += 1;
                continue;
            }
            if self.number_ahead(1).is_some() && self.year_ahead(1).is_none() {
                self.at += 1;
                return self.fail("write times with hours and minutes, such as 09:00-17:00");
            }
            break;
        }
        let starts: Vec<Option<Time>> = list.iter().map(|(span, open)| span.or(*open).map(|s| s.start)).collect();
        let mut spans = Vec::new();
        for (i, (span, open)) in list.into_iter().enumerate() {
            // An open end lasts no longer than until the next span begins.
            let next = starts.get(i + 1).copied().flatten();
            spans.extend(open.map(|open| match next {
                Some(next) if next.usual_minute() > open.start.usual_minute() => Span { end: next, ..open },
                _ => open,
            }));
            spans.extend(span);
        }
        Ok(spans)
    }

    fn span(&mut self) -> Result<(Option<Span>, Option<Span>)> {
        let at = self.at;
        let start = self.time(false)?;
        if self.take(Kind::Plus) {
            if self.is_clock_ahead(0) {
                self.at = at;
                return self.fail("put a time by the sun with a difference in parentheses, such as (sunset+01:00)");
            }
            return Ok((None, Some(open_ended(start))));
        }
        if !self.take(Kind::Minus) {
            self.at = at;
            return self.fail("a time alone is a moment: write a span such as 09:00-17:00, or 09:00+ for an open end");
        }
        if !self.is_time_ahead(0) {
            return self.fail("a time with hours and minutes is expected after -, such as 09:00-17:00");
        }
        let end = self.time(true)?;
        if self.kind() == Some(Kind::Slash) {
            return self.fail("intervals (/) are moments, not opening hours");
        }
        let (from, to) = (start.usual_minute(), end.usual_minute());
        let is_next_day = to < from || (to == from && matches!((start, end), (Time::Clock(_), Time::Clock(_))));
        let on_next_day = |time: Time| match time {
            Time::Clock(minute) => Time::Clock(minute + DAY),
            Time::Sun(event, shift) => Time::Sun(event, shift + DAY),
        };
        let open = self.take(Kind::Plus).then(|| open_ended(if to < from { on_next_day(end) } else { end }));
        // Which day an end by the sun is on depends on the day.
        let end = if is_next_day && matches!(end, Time::Clock(_)) { on_next_day(end) } else { end };
        Ok((Some(Span { start, end, has_open_end: false }), open))
    }

    fn time(&mut self, is_end: bool) -> Result<Time> {
        let at = self.at;
        if let Some(Kind::Sun(event)) = self.kind() {
            self.at += 1;
            return Ok(Time::Sun(event, 0));
        }
        if self.take(Kind::OpenParenthesis) {
            let Some(Kind::Sun(event)) = self.kind() else {
                return self.fail("dawn, sunrise, sunset or dusk is expected after (");
            };
            let sign = match self.ahead(1) {
                Some(Kind::Plus) => 1,
                Some(Kind::Minus) => -1,
                _ => 0,
            };
            if sign == 0 || !self.is_clock_ahead(2) {
                return self.fail("a difference in hours and minutes is expected, such as (sunset-01:00)");
            }
            self.at += 2;
            let time = Time::Sun(event, sign * self.clock()?);
            if !self.take(Kind::CloseParenthesis) {
                return self.fail(") is expected here");
            }
            if !(0..2 * DAY).contains(&time.usual_minute()) || (!is_end && time.usual_minute() >= DAY) {
                self.at = at;
                return self.fail("this is not a time of the day");
            }
            return Ok(time);
        }
        let minute = self.clock()?;
        if !is_end && minute >= DAY {
            self.at = at;
            return self.fail("a span begins before 24:00 of its day");
        }
        Ok(Time::Clock(minute))
    }

    /// Hours and minutes.
    fn clock(&mut self) -> Result<i32> {
        let (Some(hours), Some(minutes)) = (self.number_ahead(0), self.number_ahead(2)) else {
            return self.fail("a time such as 09:00 is expected here");
        };
        if minutes > 59 {
            return self.fail("an hour has minutes from 00 to 59");
        }
        let minute = i32::from(hours) * 60 + i32::from(minutes);
        if minute > 2 * DAY {
            return self.fail("hours go to 24:00, or to 48:00 for an end on the next day");
        }
        self.at += 3;
        Ok(minute)
    }
}

/// What is open from a time on, nobody knows until when: as opening_hours.js guesses, for 8 hours late in the evening, for 10 in
/// the evening, until midnight before.
fn open_ended(start: Time) -> Span {
    let minute = start.usual_minute();
    let end = match minute {
        1320.. => minute + 8 * 60,
        1020.. => minute + 10 * 60,
        _ => DAY,
    };
    Span { start, end: Time::Clock(end.min(2 * DAY)), has_open_end: true }
}
