//! Validation of visit counts.

use super::{Problem, ProblemCode, Rules, Validate, Validator};
use crate::visits::VisitDay;
use crate::vocabulary::Audience;

/// Maximum of one count: a larger value is a typing error.
const MAX_COUNT: u32 = 10_000_000;

impl Validate for VisitDay {
    fn problems(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Validator::new(rules);
        if rules.register.centers.get(self.center).is_none() {
            check.add("center", ProblemCode::NotFound, "does not exist");
        }
        check.list("counts", self.counts.len());
        let mut seen: Vec<(Audience, Option<u8>)> = Vec::new();
        for c in &self.counts {
            if c.hour.is_some_and(|h| h > 23) {
                check.add(
                    "hour",
                    ProblemCode::Invalid,
                    format!("{} is not between 0 and 23", c.hour.unwrap_or_default()),
                );
            }
            if c.count > MAX_COUNT {
                check.add("count", ProblemCode::Invalid, format!("{} is more than {MAX_COUNT}", c.count));
            }
            if seen.contains(&(c.audience, c.hour)) {
                check.add("counts", ProblemCode::Taken, format!("has two counts of {} for one hour", c.audience));
            }
            let (is_whole_day, is_hourly) = (c.hour.is_none(), c.hour.is_some());
            if seen.iter().any(|(a, h)| *a == c.audience && (h.is_none() && is_hourly || h.is_some() && is_whole_day)) {
                let why = format!("for {} are given both by hour and for the whole day; give only one", c.audience);
                check.add("counts", ProblemCode::Invalid, why);
            }
            seen.push((c.audience, c.hour));
        }
        check.finish()
    }
}
