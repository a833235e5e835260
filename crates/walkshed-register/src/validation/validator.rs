//! Checks of single fields, shared by the validation of all record types.

use super::rules::Rules;
use crate::hours::Hours;
use crate::partial_date::PartialDate;
use crate::problem::{Problem, ProblemCode};
use crate::service::Host;
use crate::vocabulary::Status;

/// Maximum length of a name, address or other single-line text, in characters.
pub const MAX_LINE: usize = 500;
/// Maximum length of a description or other multi-line text, in characters.
pub const MAX_TEXT: usize = 4000;
/// Maximum number of entries of a list in one record.
pub const MAX_LIST: usize = 500;

/// Collects the validation problems of a record.
#[derive(Debug)]
pub(super) struct Validator<'a> {
    rules: Rules<'a>,
    problems: Vec<Problem>,
}

impl<'a> Validator<'a> {
    /// Creates a validator without problems.
    pub fn new(rules: &Rules<'a>) -> Self {
        Self { rules: *rules, problems: Vec::new() }
    }

    /// Returns the collected problems.
    pub fn finish(self) -> Vec<Problem> {
        self.problems
    }

    /// Adds a problem.
    pub fn add(&mut self, field: &'static str, code: ProblemCode, message: impl Into<String>) {
        self.problems.push(Problem::new(field, code, message));
    }

    /// Checks a required single-line text.
    pub fn line(&mut self, field: &'static str, text: &str) {
        if text.trim().is_empty() {
            self.add(field, ProblemCode::Required, "is missing");
        }
        self.optional_line(field, Some(text));
    }

    /// Checks an optional single-line text: length, and no control characters.
    pub fn optional_line(&mut self, field: &'static str, text: Option<&str>) {
        self.bounded(field, text, MAX_LINE, false);
    }

    /// Checks an optional multi-line text.
    pub fn text(&mut self, field: &'static str, text: Option<&str>) {
        self.bounded(field, text, MAX_TEXT, true);
    }

    fn bounded(&mut self, field: &'static str, text: Option<&str>, limit: usize, is_multiline: bool) {
        let Some(text) = text else { return };
        if text.chars().count() > limit {
            self.add(field, ProblemCode::TooLong, format!("is longer than {limit} characters"));
        }
        if text.chars().any(|c| c.is_control() && !(is_multiline && matches!(c, '\n' | '\r' | '\t'))) {
            self.add(field, ProblemCode::Invalid, "contains a control character");
        }
    }

    /// Checks that a number is in a range, both ends included.
    pub fn number(&mut self, field: &'static str, number: Option<f64>, low: f64, high: f64) {
        if let Some(number) = number
            && !(low..=high).contains(&number)
        {
            self.add(field, ProblemCode::Invalid, format!("{number} is not between {low} and {high}"));
        }
    }

    /// Checks the length of a list.
    pub fn list(&mut self, field: &'static str, length: usize) {
        if length > MAX_LIST {
            self.add(field, ProblemCode::TooLong, format!("has {length} entries, more than {MAX_LIST}"));
        }
    }

    /// Checks the syntax of opening hours.
    pub fn hours(&mut self, field: &'static str, text: Option<&str>) {
        let Some(text) = text else { return };
        // Most records share a few distinct texts: what the register has parsed already needs no second parse.
        if self.rules.register.hours(text).is_some() {
            return;
        }
        if let Err(e) = Hours::parse(text, self.rules.calendar) {
            self.add(field, ProblemCode::Invalid, format!("\"{}\" {e}", text.chars().take(80).collect::<String>()));
        }
    }

    /// Checks a key: a required single-line text without leading or trailing spaces.
    pub fn key(&mut self, field: &'static str, key: &str) {
        self.line(field, key);
        if key.trim() != key {
            self.add(field, ProblemCode::Invalid, "begins or ends with a space");
        }
    }

    /// Checks that a host exists.
    pub fn host(&mut self, host: Host) {
        let (field, exists) = match host {
            Host::Center(id) => ("center", self.rules.register.centers.get(id).is_some()),
            Host::Facility(id) => ("facility", self.rules.register.facilities.get(id).is_some()),
        };
        if !exists {
            self.add(field, ProblemCode::NotFound, "does not exist");
        }
    }

    /// Checks that the opening date is not after the closing date, and that a planned place has no closing date.
    pub fn lifetime(&mut self, status: Status, opened: Option<PartialDate>, closed: Option<PartialDate>) {
        if let (Some(opened), Some(closed)) = (opened, closed)
            && opened.first_day() > closed.last_day()
        {
            self.add("closed_on", ProblemCode::Invalid, format!("{closed} is before opened_on ({opened})"));
        }
        if closed.is_some() && status == Status::Planned {
            self.add("closed_on", ProblemCode::Invalid, "is given, but the status is planned");
        }
    }
}
