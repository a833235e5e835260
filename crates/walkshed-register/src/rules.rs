//! Validation of records. Files and mutations are checked by the same rules.

use super::calendar::Calendar;
use super::hours::Hours;
use super::kinds::Kinds;
use super::register::Register;
use std::fmt;

/// Maximum length of a name, address or other single-line text, in characters.
pub const MAX_LINE: usize = 500;
/// Maximum length of a description or other multi-line text, in characters.
pub const MAX_TEXT: usize = 4000;
/// Maximum number of entries of a list in one record.
pub const MAX_LIST: usize = 500;

/// The machine-readable type of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProblemCode {
    /// A required value is missing.
    Required,
    /// A value is out of range or malformed.
    Invalid,
    /// A text or list is too long.
    TooLong,
    /// A value that must be unique is already in use.
    Taken,
    /// A referenced record does not exist.
    NotFound,
    /// The record has changed since the client read it.
    Conflict,
    /// Other records refer to it.
    InUse,
    /// An idempotency key was reused for a different request.
    KeyReused,
}

/// One validation problem of a record.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The field, in snake case as in import files.
    pub field: &'static str,
    pub code: ProblemCode,
    /// What is wrong, phrased to follow the field name.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.message)
    }
}

impl Problem {
    /// Creates a problem.
    #[must_use]
    pub fn new(field: &'static str, code: ProblemCode, message: impl Into<String>) -> Self {
        Self { field, code, message: message.into() }
    }
}

/// The context records are validated against.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    pub register: &'a Register,
    pub kinds: &'a Kinds,
    pub calendar: &'a Calendar,
}

/// Collects the validation problems of a record.
#[derive(Debug, Default)]
pub struct Check(Vec<Problem>);

impl Check {
    /// Returns the collected problems.
    #[must_use]
    pub fn done(self) -> Vec<Problem> {
        self.0
    }

    /// Adds a problem.
    pub fn add(&mut self, field: &'static str, code: ProblemCode, message: impl Into<String>) {
        self.0.push(Problem::new(field, code, message));
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
    pub fn hours(&mut self, field: &'static str, text: Option<&str>, rules: &Rules<'_>) {
        let Some(text) = text else { return };
        // Most records share a few distinct texts: what the register has parsed already needs no second parse.
        if rules.register.hours(text).is_some() {
            return;
        }
        if let Err(e) = Hours::parse(text, rules.calendar) {
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
}
