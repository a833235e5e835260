//! Suggestions from the public, with their answers and outcomes.

use super::category::Category;
use super::problem::{Problem, ProblemCode};
use super::vocabulary::SuggestionStatus;
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

    /// Changes the status and sets the timestamps that depend on it.
    ///
    /// # Errors
    /// A [`Problem`] if the current status cannot change to the new one.
    pub fn advance(&mut self, status: SuggestionStatus, now: Timestamp) -> Result<(), Problem> {
        if !self.status.can_change_to(status) {
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
