//! Validation of facilities.

use super::{Problem, ProblemCode, Rules, Validate, Validator};
use crate::facility::Facility;

/// Maximum capacity and area: larger values are typing errors.
pub(super) const MAX_CAPACITY: f64 = 1e7;
const MAX_AREA_M2: f64 = 1e8;

impl Validate for Facility {
    fn problems(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Validator::new(rules);
        check.key("external_id", &self.external_id);
        check.line("name", &self.name);
        check.optional_line("name_en", self.name_en.as_deref());
        check.optional_line("address", self.address.as_deref());
        check.optional_line("phone", self.phone.as_deref());
        check.optional_line("floor", self.floor.as_deref());
        check.optional_line("capacity_unit", self.capacity_unit.as_deref());
        check.text("description", self.description.as_deref());
        check.text("access_note", self.access_note.as_deref());
        check.number("capacity", self.capacity, 0.0, MAX_CAPACITY);
        check.number("floor_area_m2", self.floor_area_m2, 0.0, MAX_AREA_M2);
        check.number("grounds_area_m2", self.grounds_area_m2, 0.0, MAX_AREA_M2);
        if let Some(kind) = &self.kind
            && rules.kinds.find(kind).is_none_or(|known| known.key != *kind)
        {
            check.add("kind", ProblemCode::NotFound, rules.kinds.unknown(kind));
        }
        check.lifetime(self.status, self.opened_on, self.closed_on);
        check.hours("opening_hours", self.opening_hours.as_deref());
        check.finish()
    }
}
