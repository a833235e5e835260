//! Whether a place is open, and until when.

use super::rule::{DAY, Joint, Rule};
use super::sun::Sky;
use super::{Hours, OpenState};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use jiff::Timestamp;

/// Days ahead that a change is looked for.
const HORIZON_DAYS: usize = 400;

/// Opening hours at a place.
#[derive(Debug, Clone, Copy)]
pub struct HoursAt<'a> {
    pub(super) hours: &'a Hours,
    pub(super) sky: Sky,
}

/// Part of a day to which a rule applies: minutes from midnight.
#[derive(Debug, Clone, Copy)]
struct Part {
    start: i32,
    end: i32,
    state: OpenState,
    /// Only where it is closed until then.
    falls_back: bool,
}

/// The parts of a day, each over those before it.
#[derive(Debug, Default)]
struct DayParts {
    parts: Vec<Part>,
    /// Minutes at which the state may change, rising.
    edges: Vec<i32>,
}

impl DayParts {
    fn state(&self, minute: i32) -> OpenState {
        self.parts.iter().filter(|part| (part.start..part.end).contains(&minute)).fold(
            OpenState::Closed,
            |state, part| if part.falls_back && state != OpenState::Closed { state } else { part.state },
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

impl<'a> HoursAt<'a> {
    /// The hours, wherever they are.
    #[must_use]
    pub const fn hours(&self) -> &'a Hours {
        self.hours
    }

    /// Open at this moment?
    #[must_use]
    pub fn state(&self, at: Timestamp) -> OpenState {
        let local = self.sky.zone.local(at);
        let mut day = DayParts::default();
        self.day(local.date(), &mut day);
        day.state(minute_of(local))
    }

    /// The next moment at which the state changes between open, closed and unknown, within some 400 days; `None` when it does not.
    #[must_use]
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        let local = self.sky.zone.local(at);
        let mut day = DayParts::default();
        let mut after = minute_of(local);
        let mut state = None;
        for date in local.date().iter_days().take(HORIZON_DAYS + 1) {
            self.day(date, &mut day);
            day.find_edges();
            let state = *state.get_or_insert_with(|| day.state(after));
            if let Some(&minute) = day.edges.iter().find(|&&minute| minute > after && day.state(minute) != state) {
                return Some(self.sky.zone.moment_after(on(date, minute), at));
            }
            after = -1;
        }
        None
    }

    /// Minutes open between two local times. `None` where it is never known to be open, and not always known to be closed.
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

    /// Finds what applies on a day. What began the day before goes on after midnight, unless a later rule takes its place.
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

    /// Adds the parts of a rule that begins on a date, so many minutes before midnight of the day that is asked for.
    fn add(&self, rule: &Rule, date: NaiveDate, earlier: i32, day: &mut DayParts) {
        let falls_back = rule.joint == Joint::FallsBack;
        if rule.times.is_empty() {
            day.parts.push(Part { start: 0, end: DAY, state: rule.state, falls_back });
        }
        for span in &rule.times {
            // Where the sun does not rise or set, nobody knows what was meant.
            let (start, end, is_known) = match span.minutes(date, &self.sky) {
                Some((start, end)) => (start - earlier, end - earlier, !span.has_open_end),
                None if earlier == 0 => (0, DAY, false),
                None => continue,
            };
            let state = if is_known || rule.state == OpenState::Closed { rule.state } else { OpenState::Unknown };
            let (start, end) = (start.max(0), end.min(DAY));
            if start < end {
                day.parts.push(Part { start, end, state, falls_back });
            }
        }
    }
}

fn minute_of(local: NaiveDateTime) -> i32 {
    (local.hour() * 60 + local.minute()) as i32
}

/// A minute of a day as a local time.
fn on(date: NaiveDate, minute: i32) -> NaiveDateTime {
    date.and_time(NaiveTime::MIN) + TimeDelta::minutes(minute.into())
}
