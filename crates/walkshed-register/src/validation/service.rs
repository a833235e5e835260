//! Validation of services and offers.

use super::{Problem, ProblemCode, Rules, Validate, Validator};
use crate::service::{Offer, Service};

impl Validate for Service {
    fn problems(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Validator::new(rules);
        check.key("key", &self.key);
        check.line("name", &self.name);
        check.optional_line("name_en", self.name_en.as_deref());
        check.text("description", self.description.as_deref());
        check.finish()
    }
}

impl Validate for Offer {
    fn problems(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Validator::new(rules);
        if rules.register.services.get(self.service).is_none() {
            check.add("service", ProblemCode::NotFound, "does not exist");
        }
        check.host(self.host);
        check.hours("opening_hours", self.opening_hours.as_deref());
        check.text("note", self.note.as_deref());
        check.finish()
    }
}
