//! Validation of centers.

use super::{Problem, ProblemCode, Rules, Validate, Validator};
use crate::center::Center;

/// Maximum floor area: a larger value is a typing error, no center has 1 km2.
const MAX_AREA_M2: f64 = 1e6;

impl Validate for Center {
    fn problems(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Validator::new(rules);
        check.line("name", &self.name);
        check.optional_line("name_en", self.name_en.as_deref());
        check.optional_line("address", self.address.as_deref());
        check.optional_line("phone", self.phone.as_deref());
        check.text("description", self.description.as_deref());
        check.text("operating_note", self.operating_note.as_deref());
        check.text("access_note", self.access_note.as_deref());
        check.number("floor_area_m2", self.floor_area_m2, 0.0, MAX_AREA_M2);
        check.number("open_share", self.open_share, 0.0, 1.0);
        check.list("partners", self.partners.len());
        check.list("funding", self.funding.len());
        check.list("groups_served", self.groups_served.len());
        for partner in &self.partners {
            check.line("partners", &partner.name);
            check.optional_line("partners", partner.role.as_deref());
        }
        for part in &self.funding {
            check.line("funding", &part.source);
            check.number("funding", Some(part.share), 0.0, 1.0);
        }
        // Tolerates rounding.
        if self.funding.iter().map(|f| f.share).sum::<f64>() > 1.0 + 1e-6 {
            check.add("funding", ProblemCode::Invalid, "has shares that add up to more than 1");
        }
        check.lifetime(self.status, self.opened_on, self.closed_on);
        check.hours("opening_hours", self.opening_hours.as_deref());
        check.finish()
    }
}
