//! Evaluates opening hours: the state at a moment, and the next change.

use super::rule::{Combination, DAY, Rule};
use super::schedule::Hours;
use super::state::OpenState;
use super::sun::SunClock;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use jiff::Timestamp;
use walkshed_engine::geo::Position;

/// Number of days searched for the next change.
const HORIZON_DAYS: usize = 400;

/// Opening hours of a place at a position.
#[derive(Debug, Clone, Copy)]
pub struct HoursAt<'a> {
    pub(super) hours: &'a Hours,
    pub(super) sun: SunClock,
}

/// A part of a day to which a rule applies, in minutes from midnight.
#[derive(Debug, Clone, Copy)]
struct Part {
    start: i32,
    end: i32,
    state: OpenState,
    /// Applies only where the preceding rules leave the place closed.
    is_fallback: bool,
}

/// The parts of a day. Later parts override earlier ones.
#[derive(Debug, Default)]
struct DayParts {
    parts: Vec<Part>,
    /// Minutes at which the state may change, ascending.
    edges: Vec<i32>,
}

impl DayParts {
    fn state(&self, minute: i32) -> OpenState {
        self.parts.iter().filter(|part| (part.start..part.end).contains(&minute)).fold(
            OpenState::Closed,
            |state, part| if part.is_fallback && state != OpenState::Closed { state } else { part.state },
        )
    }

    fn find_edges(&mut self) {
        self.edges.clear();
        self.edges.push(0);
        self.edges.extend(self.parts.iter().flat_map(|part| [part.start, part.end]).filter(|m| (1..DAY).contains(m)));
        self.edges.sort_unstable();
        self.edges.dedup();
    }
}

impl Hours {
    /// Returns the hours for a position.
    #[must_use]
    pub const fn at(&self, place: Position) -> HoursAt<'_> {
        HoursAt { hours: self, sun: SunClock { place, zone: self.calendar.zone } }
    }
}

impl<'a> HoursAt<'a> {
    /// Returns the hours without the position.
    #[must_use]
    pub const fn hours(&self) -> &'a Hours {
        self.hours
    }

    /// Returns the state at a moment.
    #[must_use]
    pub fn state(&self, at: Timestamp) -> OpenState {
        let local = self.sun.zone.local(at);
        let mut day = DayParts::default();
        self.day(local.date(), &mut day);
        day.state(minute_of(local))
    }

    /// Returns the next moment at which the state changes, within about 400 days; `None` if it does not change.
    #[must_use]
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        let local = self.sun.zone.local(at);
        let mut day = DayParts::default();
        let mut after = minute_of(local);
        let mut state = None;
        for date in local.date().iter_days().take(HORIZON_DAYS + 1) {
            self.day(date, &mut day);
            day.find_edges();
            let state = *state.get_or_insert_with(|| day.state(after));
            if let Some(&minute) = day.edges.iter().find(|&&minute| minute > after && day.state(minute) != state) {
                return Some(self.sun.zone.moment_after(on(date, minute), at));
            }
            after = -1;
        }
        None
    }

    /// Returns the minutes open between two local times. `None` if the place is never known to be open and not always known to
    /// be closed.
    #[must_use]
    pub fn minutes_open(&self, from: NaiveDateTime, to: NaiveDateTime) -> Option<i64> {
        let mut day = DayParts::default();
        let (mut open, mut unknown) = (0, 0);
        for date in from.date().iter_days().take_while(|date| *date <= to.date()) {
            self.day(date, &mut day);
            day.find_edges();
            let first = if date == from.date() { minute_of(from) } else { 0 };
            let last = if date == to.date() { minute_of(to) } else { DAY };
            for (i, &minute) in day.edges.iter().enumerate() {
                let end = day.edges.get(i + 1).copied().unwrap_or(DAY);
                let minutes = i64::from((end.min(last) - minute.max(first)).max(0));
                match day.state(minute) {
                    OpenState::Open => open += minutes,
                    OpenState::Unknown => unknown += minutes,
                    OpenState::Closed => {}
                }
            }
        }
        (open > 0 || unknown == 0).then_some(open)
    }

    /// Computes the parts of a day. Spans of the previous day continue after midnight, unless a later rule replaces them.
    fn day(&self, date: NaiveDate, day: &mut DayParts) {
        day.parts.clear();
        let before = date.pred_opt();
        let calendar = &self.hours.calendar;
        for (index, rule) in self.hours.rules.iter().enumerate() {
            if rule.days.contains(date, calendar) {
                if self.hours.replaces(index) {
                    day.parts.clear();
                }
                self.add(rule, date, 0, day);
            }
            if let Some(before) =
                before.filter(|&before| rule.may_pass_midnight() && rule.days.contains(before, calendar))
            {
                self.add(rule, before, DAY, day);
            }
        }
    }

    /// Adds the parts of a rule for the spans that start on `date`, which is `earlier` minutes before the evaluated day.
    fn add(&self, rule: &Rule, date: NaiveDate, earlier: i32, day: &mut DayParts) {
        let is_fallback = rule.combination == Combination::Fallback;
        if rule.times.is_empty() {
            day.parts.push(Part { start: 0, end: DAY, state: rule.state, is_fallback });
        }
        for span in &rule.times {
            // Without a sunrise or sunset on that day, the state is unknown.
            let (start, end, is_known) = match span.minutes(date, &self.sun) {
                Some((start, end)) => (start - earlier, end - earlier, !span.has_open_end),
                None if earlier == 0 => (0, DAY, false),
                None => continue,
            };
            let state = if is_known || rule.state == OpenState::Closed { rule.state } else { OpenState::Unknown };
            let (start, end) = (start.max(0), end.min(DAY));
            if start < end {
                day.parts.push(Part { start, end, state, is_fallback });
            }
        }
    }
}

fn minute_of(local: NaiveDateTime) -> i32 {
    (local.hour() * 60 + local.minute()) as i32
}

/// Converts a minute of a day to a local time.
fn on(date: NaiveDate, minute: i32) -> NaiveDateTime {
    date.and_time(NaiveTime::MIN) + TimeDelta::minutes(minute.into())
}
