//! Suggestions from the public, with their answers and outcomes.

use super::category::Category;
use super::rules::{Check, Problem, ProblemCode, Rules};
use super::words::SuggestionStatus;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use walkshed_engine::geo::Position;

/// Maximum length of a suggestion, in characters.
pub const MAX_SUGGESTION: usize = 2000;

/// A suggestion and its processing status. The text is never interpreted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suggestion {
    /// Database id; 0 before the record is stored.
    pub id: i64,
    /// Incremented with every change; 0 before the record is stored.
    pub version: i64,
    /// Id or code in the source system; unique.
    pub external_id: String,
    /// Id of the center the suggestion is about.
    pub center: Option<i64>,
    pub position: Option<Position>,
    /// Free-text description of the place.
    pub place: Option<String>,
    pub text: String,
    pub category: Option<Category>,
    /// Contact details of the author: personal data, readable by editors only.
    pub contact: Option<String>,
    pub status: SuggestionStatus,
    pub answer: Option<String>,
    /// What was done, once the status is `done`.
    pub done_note: Option<String>,
    pub received_at: Timestamp,
    /// When it was first answered, in text or by a change of status.
    pub answered_at: Option<Timestamp>,
    /// When the status became `done` or `declined`.
    pub closed_at: Option<Timestamp>,
}

impl Suggestion {
    /// Creates a new suggestion with the status `received`.
    #[must_use]
    pub const fn new(external_id: String, text: String, received_at: Timestamp) -> Self {
        Self {
            id: 0,
            version: 0,
            external_id,
            center: None,
            position: None,
            place: None,
            text,
            category: None,
            contact: None,
            status: SuggestionStatus::Received,
            answer: None,
            done_note: None,
            received_at,
            answered_at: None,
            closed_at: None,
        }
    }

    /// Returns the validation problems of the record.
    #[must_use]
    pub fn check(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Check::default();
        check.key("external_id", &self.external_id);
        if self.text.trim().is_empty() {
            check.add("text", ProblemCode::Required, "is missing");
        }
        if self.text.chars().count() > MAX_SUGGESTION {
            check.add("text", ProblemCode::TooLong, format!("is longer than {MAX_SUGGESTION} characters"));
        }
        check.text("text", Some(&self.text));
        check.optional_line("place", self.place.as_deref());
        check.optional_line("contact", self.contact.as_deref());
        check.text("answer", self.answer.as_deref());
        check.text("done_note", self.done_note.as_deref());
        match self.center {
            None if self.position.is_none() => {
                check.add("center", ProblemCode::Required, "or a position is required");
            }
            Some(id) if rules.register.centers.get(id).is_none() => {
                check.add("center", ProblemCode::NotFound, "does not exist");
            }
            _ => {}
        }
        let blank = |text: &Option<String>| text.as_deref().is_none_or(|t| t.trim().is_empty());
        if self.status == SuggestionStatus::Declined && blank(&self.answer) {
            check.add("answer", ProblemCode::Required, "is missing: a declined suggestion needs a reason");
        }
        if self.status == SuggestionStatus::Done && blank(&self.done_note) {
            check.add("done_note", ProblemCode::Required, "is missing: say what was done");
        }
        check.done()
    }

    /// Changes the status and sets the timestamps that depend on it.
    ///
    /// # Errors
    /// A [`Problem`] if the current status cannot change to the new one.
    pub fn advance(&mut self, status: SuggestionStatus, now: Timestamp) -> Result<(), Problem> {
        if !self.status.may_become(status) {
            let why = format!("cannot change from {} to {status}", self.status);
            return Err(Problem::new("status", ProblemCode::Invalid, why));
        }
        self.status = status;
        self.note_answer(now);
        if status.is_final() && self.closed_at.is_none() {
            self.closed_at = Some(now);
        }
        Ok(())
    }

    /// Sets the time of the first answer, once there is an answer or a changed status.
    pub fn note_answer(&mut self, now: Timestamp) {
        if self.answered_at.is_none() && (self.answer.is_some() || self.status != SuggestionStatus::Received) {
            self.answered_at = Some(now);
        }
    }

    /// Returns the hours from receipt to the first answer.
    #[must_use]
    pub fn hours_to_answer(&self) -> Option<f64> {
        self.answered_at.map(|at| hours_between(self.received_at, at))
    }

    /// Returns the hours from receipt to completion; `None` unless the status is `done`.
    #[must_use]
    pub fn hours_to_done(&self) -> Option<f64> {
        (self.status == SuggestionStatus::Done).then(|| self.closed_at.map(|at| hours_between(self.received_at, at)))?
    }
}

fn hours_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 3600.0
}
