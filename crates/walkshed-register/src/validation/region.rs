//! Validation of regions.

use super::{Problem, ProblemCode, Rules, Validate, Validator};
use crate::region::Region;

/// Maximum size of an outline, in bytes of GeoJSON.
const MAX_OUTLINE: usize = 4 * 1024 * 1024;

impl Validate for Region {
    fn problems(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Validator::new(rules);
        if let Err(why) = self.code.check_gaps() {
            check.add("code", ProblemCode::Invalid, why.to_string());
        }
        check.line("name", &self.name);
        check.optional_line("name_en", self.name_en.as_deref());
        if let Some(outline) = &self.outline {
            if outline.len() > MAX_OUTLINE {
                check.add("outline", ProblemCode::TooLong, format!("is longer than {MAX_OUTLINE} bytes"));
            } else if let Err(why) = walkshed_engine::geo::read_area(outline) {
                check.add("outline", ProblemCode::Invalid, why.to_string());
            }
        }
        check.finish()
    }
}
