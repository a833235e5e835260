//! Parsed opening hours.

use super::error::{HoursError, MAX_HOURS, SyntaxError};
use super::parser;
use super::rule::{Combination, Rule};
use super::state::OpenState;
use crate::calendar::Calendar;

/// Maximum number of characters quoted in an error.
const QUOTED: usize = 24;

/// Parsed opening hours. They may depend on the position of the place: see [`Hours::at`].
///
/// ```
/// use walkshed_engine::geo::Position;
/// use walkshed_register::{Calendar, Hours, OpenState};
///
/// let hours = Hours::parse("Mo-Fr 09:00-18:00; PH off", &Calendar::default())?;
/// let office = hours.at(Position::new(106.55, 29.56)?);
/// assert_eq!(office.state("2026-11-25T10:00:00+08:00".parse()?), OpenState::Open);
/// assert_eq!(office.next_change("2026-09-30T18:00:00+08:00".parse()?), Some("2026-10-08T09:00:00+08:00".parse()?));
///
/// let error = Hours::parse("Mo-Fr 9-18", &Calendar::default()).unwrap_err();
/// assert!(error.to_string().contains("write times with hours and minutes, such as 09:00-17:00"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Hours {
    pub(super) text: String,
    pub(super) rules: Vec<Rule>,
    pub(super) depends_on_sun: bool,
    pub(super) calendar: Calendar,
}

impl Hours {
    /// Parses opening hours. Holidays and the time zone are those of `calendar`.
    ///
    /// # Errors
    /// [`HoursError`] with the reason, the place in the text, and the correct form.
    pub fn parse(text: &str, calendar: &Calendar) -> Result<Self, HoursError> {
        let text = text.trim();
        if text.chars().count() > MAX_HOURS {
            return Err(HoursError::TooLong);
        }
        let rules = parser::rules(text).map_err(|SyntaxError { start, why }| {
            let rest = text.get(start..).unwrap_or_default();
            let quoted: String = rest.chars().take(QUOTED).collect();
            HoursError::Syntax(if quoted.is_empty() {
                format!("at the end: {why}")
            } else {
                format!("at \"{quoted}\": {why}")
            })
        })?;
        let depends_on_sun = rules.iter().any(|rule| rule.times.iter().any(|span| span.depends_on_sun()));
        Ok(Self { text: text.to_owned(), rules, depends_on_sun, calendar: calendar.clone() })
    }

    /// Returns the original text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether the hours depend on the position, because they refer to sun times.
    #[must_use]
    pub const fn depends_on_sun(&self) -> bool {
        self.depends_on_sun
    }

    /// Returns whether a rule replaces the preceding rules on the days it selects. As in opening_hours.js, a closing rule does
    /// not replace but adds, and a rule for every day replaces only a rule for every day.
    pub(super) fn replaces(&self, index: usize) -> bool {
        let rule = &self.rules[index];
        let selects_days = !rule.days.is_every_day();
        let follows_every_day_rule = || index > 0 && self.rules[index - 1].days.is_every_day();
        rule.combination == Combination::Replaces
            && rule.state != OpenState::Closed
            && (selects_days || (rule.state == OpenState::Open && follows_every_day_rule()))
    }
}
