//! Parses the times of a rule.

use super::lexer::Kind;
use super::parser::{Parser, Result};
use super::rule::{DAY, Span, Time};

impl Parser {
    /// Parses a list of spans such as `09:00-12:00,14:00-18:00`.
    pub fn times(&mut self) -> Result<Vec<Span>> {
        // For each entry, the span, and the span with an open end that follows it.
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
                return self.fail("write a sun time with an offset in parentheses, such as (sunset+01:00)");
            }
            return Ok((None, Some(open_ended(start))));
        }
        if !self.take(Kind::Minus) {
            self.at = at;
            return self.fail("a single time is not a span: write for example 09:00-17:00, or 09:00+ for an open end");
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
        // The day of a sun time as the end is decided on evaluation.
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
                return self.fail("an offset in hours and minutes is expected, such as (sunset-01:00)");
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
            return self.fail("a span must start before 24:00");
        }
        Ok(Time::Clock(minute))
    }

    /// Parses hours and minutes.
    fn clock(&mut self) -> Result<i32> {
        let (Some(hours), Some(minutes)) = (self.number_ahead(0), self.number_ahead(2)) else {
            return self.fail("a time such as 09:00 is expected here");
        };
        if minutes > 59 {
            return self.fail("minutes must be from 00 to 59");
        }
        let minute = i32::from(hours) * 60 + i32::from(minutes);
        if minute > 2 * DAY {
            return self.fail("hours must not exceed 24:00, or 48:00 for an end on the next day");
        }
        self.at += 3;
        Ok(minute)
    }
}

/// Returns the span of a time with an open end. The end is chosen as by opening_hours.js: 8 hours later for a start from
/// 22:00, 10 hours later from 17:00, or else midnight.
fn open_ended(start: Time) -> Span {
    let minute = start.usual_minute();
    let end = match minute {
        1320.. => minute + 8 * 60,
        1020.. => minute + 10 * 60,
        _ => DAY,
    };
    Span { start, end: Time::Clock(end.min(2 * DAY)), has_open_end: true }
}
