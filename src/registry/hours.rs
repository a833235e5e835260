//! Opening hours in OpenStreetMap's `opening_hours` syntax, on the city's clock, with its public holidays.

use super::calendar::Calendar;
use chrono::{NaiveDateTime, TimeDelta};
use jiff::Timestamp;
use opening_hours::{Context, OpeningHours, RuleKind};

/// Longest text of hours, characters.
pub const MAX_HOURS: usize = 255;
/// How far ahead a change is looked for.
const HORIZON: TimeDelta = TimeDelta::days(400);

/// Opening hours, parsed.
#[derive(Debug, Clone)]
pub struct Hours {
    text: String,
    rules: OpeningHours,
    calendar: Calendar,
}

/// A text that is not opening hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    #[error("is longer than {MAX_HOURS} characters")]
    TooLong,
    #[error(
        "is not in the syntax of OpenStreetMap's opening_hours, such as \"Mo-Fr 09:00-18:00; PH off\" or \"10:00-02:00\": {0}"
    )]
    Syntax(String),
}

impl Hours {
    /// Reads opening hours.
    ///
    /// # Errors
    /// [`HoursError`] with what the parser says.
    pub fn parse(text: &str, calendar: &Calendar) -> Result<Self, HoursError> {
        let text = text.trim();
        if text.chars().count() > MAX_HOURS {
            return Err(HoursError::TooLong);
        }
        let context = Context::default().with_holidays(calendar.holidays().clone()).approx_bound_interval_size(HORIZON);
        let rules = text
            .parse::<OpeningHours>()
            .map_err(|e| HoursError::Syntax(e.to_string().split_whitespace().collect::<Vec<_>>().join(" ")))?
            .with_context(context);
        Ok(Self { text: text.to_owned(), rules, calendar: calendar.clone() })
    }

    /// The hours as they were written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Open at this moment?
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.rules.is_open(self.calendar.zone.local(at))
    }

    /// The next moment at which it opens or closes, within some 400 days; `None` when it does not.
    #[must_use]
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        let now = self.calendar.zone.local(at);
        let open = self.rules.is_open(now);
        // A change of comment alone is none for those who stand before the door.
        let change = self
            .rules
            .iter_range(now, now + HORIZON)
            .find(|span| (span.kind == RuleKind::Open) != open && span.range.start > now)?;
        Some(self.calendar.zone.moment(change.range.start))
    }

    /// Minutes open between two local times.
    #[must_use]
    pub fn minutes_open(&self, from: NaiveDateTime, to: NaiveDateTime) -> i64 {
        self.rules
            .iter_range(from, to)
            .filter(|span| span.kind == RuleKind::Open)
            .map(|span| (span.range.end.min(to) - span.range.start.max(from)).num_minutes().max(0))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hours(text: &str) -> Hours {
        Hours::parse(text, &Calendar::default()).unwrap()
    }

    /// A moment by the city's clock.
    fn at(local: &str) -> Timestamp {
        Calendar::default().zone.moment(local.parse().unwrap())
    }

    #[test]
    fn a_rest_stop_is_open_past_midnight() {
        let stop = hours("10:00-02:00");
        for (local, open) in [
            ("2026-11-25T01:00:00", true),
            ("2026-11-25T02:00:00", false),
            ("2026-11-25T09:59:00", false),
            ("2026-11-25T10:00:00", true),
            ("2026-11-25T23:59:00", true),
        ] {
            assert_eq!(stop.is_open(at(local)), open, "{local}");
        }
        assert_eq!(stop.next_change(at("2026-11-25T01:00:00")), Some(at("2026-11-25T02:00:00")));
        assert_eq!(stop.next_change(at("2026-11-25T02:00:00")), Some(at("2026-11-25T10:00:00")));
        assert_eq!(stop.next_change(at("2026-11-25T23:00:00")), Some(at("2026-11-26T02:00:00")));
    }

    #[test]
    fn offices_close_at_weekends_and_on_holidays() {
        let office = hours("Mo-Fr 09:00-12:00,14:00-18:00; PH off");
        for (local, open) in [
            ("2026-11-25T10:00:00", true),
            ("2026-11-25T13:00:00", false),
            ("2026-11-28T10:00:00", false),
            // National Day, and a Monday of the Spring Festival.
            ("2026-10-01T10:00:00", false),
            ("2026-02-16T10:00:00", false),
        ] {
            assert_eq!(office.is_open(at(local)), open, "{local}");
        }
        assert_eq!(office.next_change(at("2026-09-30T18:00:00")), Some(at("2026-10-08T09:00:00")));
        assert_eq!(hours("24/7").next_change(at("2026-11-25T10:00:00")), None);
        assert_eq!(hours("off").next_change(at("2026-11-25T10:00:00")), None);
    }

    #[test]
    fn minutes_are_summed_over_days() {
        let day = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        let week = (day("2026-11-23T00:00:00"), day("2026-11-30T00:00:00"));
        assert_eq!(hours("Mo-Fr 09:00-18:00").minutes_open(week.0, week.1), 5 * 9 * 60);
        assert_eq!(hours("10:00-02:00").minutes_open(week.0, week.1), 7 * 16 * 60);
        assert_eq!(hours("24/7").minutes_open(week.0, week.1), 7 * 24 * 60);
    }

    #[test]
    fn what_is_no_opening_hours_is_refused() {
        for wrong in ["", "always", "25:00-26:00 Mo", "Mo-Fr 9", &"Mo 09:00-10:00;".repeat(40)] {
            assert!(Hours::parse(wrong, &Calendar::default()).is_err(), "{wrong}");
        }
    }

    proptest! {
        /// Spans that pass midnight, minute by minute against the plain rule: open from `start` on, or before `end` of
        /// what began the day before.
        #[test]
        fn hours_past_midnight_follow_the_plain_rule(start in 0u32..1440, length in 1u32..1440, minute in 0i64..20_160) {
            let end = start + length;
            let text = format!("{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, (end / 60) % 24, end % 60);
            let base: NaiveDateTime = "2026-11-23T00:00:00".parse().unwrap();
            let local = base + TimeDelta::minutes(minute);
            let now = u32::try_from(minute % 1440).unwrap();
            let open = (start..end).contains(&now) || (start..end).contains(&(now + 1440));
            prop_assert_eq!(hours(&text).is_open(Calendar::default().zone.moment(local)), open, "{} at {}", text, local);
        }

        /// The next change is where the state really changes, and not before.
        #[test]
        fn the_next_change_is_one(start in 0u32..24, length in 1u32..24, minute in 0i64..10_080) {
            let h = hours(&format!("Mo-Sa {start:02}:00-{:02}:00; PH off", (start + length) % 24));
            let base: NaiveDateTime = "2026-09-28T00:00:00".parse().unwrap();
            let now = Calendar::default().zone.moment(base + TimeDelta::minutes(minute));
            let change = h.next_change(now).unwrap();
            prop_assert_ne!(h.is_open(now), h.is_open(change));
            let before = Timestamp::from_second(change.as_second() - 60).unwrap();
            prop_assert_eq!(h.is_open(now), h.is_open(before));
        }
    }
}
