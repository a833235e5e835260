//! Validation of events.

use super::{Problem, ProblemCode, Rules, Validate, Validator};
use crate::event::Event;
use crate::recurrence::{Recurrence, YEARS};
use jiff::civil::DateTime;

/// Maximum duration of an event, in minutes: 60 days.
const MAX_DURATION_MIN: u32 = 60 * 24 * 60;

impl Validate for Event {
    fn problems(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Validator::new(rules);
        check.key("external_id", &self.external_id);
        check.line("name", &self.name);
        check.optional_line("name_en", self.name_en.as_deref());
        check.text("description", self.description.as_deref());
        check.host(self.host);
        check.number("duration_minutes", Some(self.duration_min.into()), 1.0, MAX_DURATION_MIN.into());
        check.list("dates", self.dates.len());
        check.list("except", self.except.len());
        check.list("services", self.services.len());
        if self.services.iter().any(|&id| rules.register.services.get(id).is_none()) {
            check.add("services", ProblemCode::NotFound, "contain a service that does not exist");
        }
        let is_far = |at: &DateTime| !YEARS.contains(&at.year());
        let years = format!("must be between the years {} and {}", YEARS.start(), YEARS.end());
        if is_far(&self.starts) {
            check.add("starts", ProblemCode::Invalid, years.clone());
        }
        if self.dates.iter().any(is_far) {
            check.add("dates", ProblemCode::Invalid, years.clone());
        }
        if self.except.iter().any(|day| !YEARS.contains(&day.year())) {
            check.add("except", ProblemCode::Invalid, years);
        }
        if let Some(rule) = &self.rrule
            && !is_far(&self.starts)
        {
            let zone = rules.calendar.zone;
            let checked = Recurrence::parse(rule, self.first(zone), zone).and_then(|parsed| parsed.check(rule));
            if let Err(why) = checked {
                check.add("rrule", ProblemCode::Invalid, why.to_string());
            }
        }
        check.finish()
    }
}
