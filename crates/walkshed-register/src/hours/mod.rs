//! Opening hours in OpenStreetMap's `opening_hours` syntax, on the city's clock, with its public holidays, by the sun of a place.

mod days;
mod evaluate;
mod lexer;
mod parser;
mod rule;
mod sun;
#[cfg(test)]
mod tests;
mod times;

pub use evaluate::HoursAt;

use super::calendar::Calendar;
use rule::{Joint, Rule};
use sun::Sky;
use walkshed_engine::geo::Position;

/// Longest text of hours, characters.
pub const MAX_HOURS: usize = 255;
/// Characters of a text that an error quotes.
const QUOTED: usize = 24;

/// Whether a place is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpenState {
    Open,
    Closed,
    /// The hours say that it depends: on an appointment, say, or on when the last guest leaves.
    Unknown,
}

impl OpenState {
    /// Open or closed; `None` for unknown.
    #[must_use]
    pub const fn is_open(self) -> Option<bool> {
        match self {
            Self::Open => Some(true),
            Self::Closed => Some(false),
            Self::Unknown => None,
        }
    }
}

/// Opening hours, parsed. They may depend on where the place is: [`Hours::at`].
#[derive(Debug, Clone)]
pub struct Hours {
    text: String,
    rules: Vec<Rule>,
    is_by_sun: bool,
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

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SyntaxError {
    /// In bytes.
    start: usize,
    why: String,
}

impl Hours {
    /// Reads opening hours.
    ///
    /// # Errors
    /// [`HoursError`] with what is wrong, where, and how to write it.
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
        let is_by_sun = rules.iter().any(|rule| rule.times.iter().any(|span| span.is_by_sun()));
        Ok(Self { text: text.to_owned(), rules, is_by_sun, calendar: calendar.clone() })
    }

    /// The hours as they were written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Do they depend on where the place is?
    #[must_use]
    pub const fn is_by_sun(&self) -> bool {
        self.is_by_sun
    }

    /// The hours of a place.
    #[must_use]
    pub const fn at(&self, place: Position) -> HoursAt<'_> {
        HoursAt { hours: self, sky: Sky { place, zone: self.calendar.zone } }
    }

    /// Does a rule take the place of those before it, on the days it is about? As in opening_hours.js: closing is added to them,
    /// and a rule for every day takes the place of one for every day alone.
    fn replaces(&self, index: usize) -> bool {
        let rule = &self.rules[index];
        let is_about_days = !rule.days.is_every_day();
        let after_every_day = || index > 0 && self.rules[index - 1].days.is_every_day();
        rule.joint == Joint::Replaces
            && rule.state != OpenState::Closed
            && (is_about_days || (rule.state == OpenState::Open && after_every_day()))
    }
}
