//! Suggestions: anyone may hand one in; they are answered, and what was done is told.

use super::category::Category;
use super::rules::{Check, Problem, ProblemCode, Rules};
use super::words::SuggestionStatus;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use walkshed_engine::geo::Position;

/// Longest suggestion, characters.
pub const MAX_SUGGESTION: usize = 2000;

/// What someone suggests, and what became of it. Its text is never interpreted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suggestion {
    /// Number in the database; 0 before it is stored.
    pub id: i64,
    /// Counts its changes; 0 before it is stored.
    pub version: i64,
    /// The number or code it has where it comes from; unique.
    pub external_id: String,
    /// Number of the center it is for.
    pub center: Option<i64>,
    pub position: Option<Position>,
    /// Where exactly, in words.
    pub place: Option<String>,
    pub text: String,
    pub category: Option<Category>,
    /// How to reach who wrote it: personal, for editors alone.
    pub contact: Option<String>,
    pub status: SuggestionStatus,
    pub answer: Option<String>,
    /// What was done about it.
    pub done_note: Option<String>,
    pub received_at: Timestamp,
    /// When it was first answered: by words or by a decision.
    pub answered_at: Option<Timestamp>,
    /// When it was done or declined.
    pub closed_at: Option<Timestamp>,
}

impl Suggestion {
    /// A suggestion as it comes in.
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

    /// What is wrong with it.
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
                check.add("center", ProblemCode::Required, "or a position must be given: what is it about?");
            }
            Some(id) if rules.register.centers.get(id).is_none() => {
                check.add("center", ProblemCode::NotFound, "does not exist");
            }
            _ => {}
        }
        let blank = |text: &Option<String>| text.as_deref().is_none_or(|t| t.trim().is_empty());
        if self.status == SuggestionStatus::Declined && blank(&self.answer) {
            check.add("answer", ProblemCode::Required, "is missing: who is declined is told why");
        }
        if self.status == SuggestionStatus::Done && blank(&self.done_note) {
            check.add("done_note", ProblemCode::Required, "is missing: say what was done");
        }
        check.done()
    }

    /// Moves on to a status, with the moments that go with it.
    ///
    /// # Errors
    /// A [`Problem`] when there is no way from the present status to that one.
    pub fn advance(&mut self, status: SuggestionStatus, now: Timestamp) -> Result<(), Problem> {
        if !self.status.may_become(status) {
            let why = format!("cannot go from {} to {status}", self.status);
            return Err(Problem::new("status", ProblemCode::Invalid, why));
        }
        self.status = status;
        self.note_answer(now);
        if status.is_final() && self.closed_at.is_none() {
            self.closed_at = Some(now);
        }
        Ok(())
    }

    /// Notes the moment of the first answer, once there is one.
    pub fn note_answer(&mut self, now: Timestamp) {
        if self.answered_at.is_none() && (self.answer.is_some() || self.status != SuggestionStatus::Received) {
            self.answered_at = Some(now);
        }
    }

    /// Hours from its receipt to the first answer.
    #[must_use]
    pub fn hours_to_answer(&self) -> Option<f64> {
        self.answered_at.map(|at| hours_between(self.received_at, at))
    }

    /// Hours from its receipt until it was done; `None` unless it was.
    #[must_use]
    pub fn hours_to_done(&self) -> Option<f64> {
        (self.status == SuggestionStatus::Done).then(|| self.closed_at.map(|at| hours_between(self.received_at, at)))?
    }
}

fn hours_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 3600.0
}
