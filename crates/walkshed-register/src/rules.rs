//! What every record must keep to, whichever door it comes in by: files and mutations are held to the same rules.

use super::calendar::Calendar;
use super::hours::Hours;
use super::kinds::Kinds;
use super::register::Register;
use std::fmt;

/// Longest name, address or other line, characters.
pub const MAX_LINE: usize = 500;
/// Longest description or suggestion, characters.
pub const MAX_TEXT: usize = 4000;
/// Entries of a list in one record at most.
pub const MAX_LIST: usize = 500;

/// What kind of mistake it is, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProblemCode {
    /// Something that must be there is missing.
    Required,
    /// A value out of its range, or of the wrong form.
    Invalid,
    /// A text or list that is too long.
    TooLong,
    /// Something that may be there once only is there already.
    Taken,
    /// What is referred to does not exist.
    NotFound,
    /// It has been changed since it was read: read it again.
    Conflict,
    /// Others refer to it.
    InUse,
    /// A key was used before, for something else.
    KeyReused,
}

/// One mistake in a record.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The field, in snake case as in files.
    pub field: &'static str,
    pub code: ProblemCode,
    /// What is wrong, to be read after the field's name.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.message)
    }
}

impl Problem {
    /// A mistake.
    #[must_use]
    pub fn new(field: &'static str, code: ProblemCode, message: impl Into<String>) -> Self {
        Self { field, code, message: message.into() }
    }
}

/// What records are checked against.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    pub register: &'a Register,
    pub kinds: &'a Kinds,
    pub calendar: &'a Calendar,
}

/// Collects the mistakes of a record.
#[derive(Debug, Default)]
pub struct Check(Vec<Problem>);

impl Check {
    /// The mistakes found.
    #[must_use]
    pub fn done(self) -> Vec<Problem> {
        self.0
    }

    /// Adds a mistake.
    pub fn add(&mut self, field: &'static str, code: ProblemCode, message: impl Into<String>) {
        self.0.push(Problem::new(field, code, message));
    }

    /// A line that must be there.
    pub fn line(&mut self, field: &'static str, text: &str) {
        if text.trim().is_empty() {
            self.add(field, ProblemCode::Required, "is missing");
        }
        self.optional_line(field, Some(text));
    }

    /// A line: short, without control characters.
    pub fn optional_line(&mut self, field: &'static str, text: Option<&str>) {
        self.bounded(field, text, MAX_LINE, false);
    }

    /// A text of several lines.
    pub fn text(&mut self, field: &'static str, text: Option<&str>) {
        self.bounded(field, text, MAX_TEXT, true);
    }

    fn bounded(&mut self, field: &'static str, text: Option<&str>, most: usize, lines: bool) {
        let Some(text) = text else { return };
        if text.chars().count() > most {
            self.add(field, ProblemCode::TooLong, format!("is longer than {most} characters"));
        }
        if text.chars().any(|c| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'))) {
            self.add(field, ProblemCode::Invalid, "holds a control character");
        }
    }

    /// A number in a range.
    pub fn number(&mut self, field: &'static str, number: Option<f64>, low: f64, high: f64) {
        if let Some(number) = number
            && !(low..=high).contains(&number)
        {
            self.add(field, ProblemCode::Invalid, format!("{number} is not between {low} and {high}"));
        }
    }

    /// A list that is not endless.
    pub fn list(&mut self, field: &'static str, length: usize) {
        if length > MAX_LIST {
            self.add(field, ProblemCode::TooLong, format!("has {length} entries, more than {MAX_LIST}"));
        }
    }

    /// Opening hours.
    pub fn hours(&mut self, field: &'static str, text: Option<&str>, rules: &Rules<'_>) {
        let Some(text) = text else { return };
        // Most of a city's hours are the same few; those in force need no parsing.
        if rules.register.hours(text).is_some() {
            return;
        }
        if let Err(e) = Hours::parse(text, rules.calendar) {
            self.add(field, ProblemCode::Invalid, format!("\"{}\" {e}", text.chars().take(80).collect::<String>()));
        }
    }

    /// A key for people and programs: short, of letters, digits and a few signs.
    pub fn key(&mut self, field: &'static str, key: &str) {
        self.line(field, key);
        if key.trim() != key {
            self.add(field, ProblemCode::Invalid, "begins or ends with a space");
        }
    }
}
