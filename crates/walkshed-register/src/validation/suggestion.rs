//! Validation of suggestions.

use super::{Problem, ProblemCode, Rules, Validate, Validator};
use crate::suggestion::{MAX_SUGGESTION, Suggestion};
use crate::vocabulary::SuggestionStatus;

impl Validate for Suggestion {
    fn problems(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Validator::new(rules);
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
        check.finish()
    }
}
