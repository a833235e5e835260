//! Validation of planning standards.

use super::{Problem, ProblemCode, Rules, Validate, Validator};
use crate::standard::Standard;

impl Validate for Standard {
    // Whether the requirements can be assessed is checked when the standard is parsed.
    fn problems(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Validator::new(rules);
        check.key("key", &self.key);
        check.line("name", &self.name);
        check.line("name_en", &self.name_en);
        check.text("source", Some(&self.source));
        if self.source.trim().is_empty() {
            check.add("source", ProblemCode::Required, "is missing: name the source of the values");
        }
        check.text("note", self.note.as_deref());
        check.list("requirements", self.requirements.len());
        for rule in &self.requirements {
            check.line("requirements", &rule.key);
            check.line("requirements", &rule.name);
            check.line("requirements", &rule.name_en);
        }
        check.finish()
    }
}
