//! Validation of scenarios.

use super::facility::MAX_CAPACITY;
use super::{Problem, ProblemCode, Rules, Validate, Validator};
use crate::scenario::{Change, FIRST_SCENARIO_ID, MAX_CHANGES, Scenario};
use walkshed_engine::StreetChange;
use walkshed_engine::geo::{Fixed, chord_length_m};

/// Maximum number of positions of one new street.
const MAX_LINE_POINTS: usize = 200;
/// Maximum length of a new street, in metres.
const MAX_STREET_M: f64 = 20_000.0;

impl Validate for Scenario {
    // Whether the street changes fit the network is checked when the scenario is applied to a world.
    fn problems(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Validator::new(rules);
        check.key("key", &self.key);
        check.line("name", &self.name);
        check.optional_line("name_en", self.name_en.as_deref());
        check.text("description", self.description.as_deref());
        if self.changes.len() > MAX_CHANGES {
            let why = format!("has {} entries, more than {MAX_CHANGES}", self.changes.len());
            check.add("changes", ProblemCode::TooLong, why);
        }
        for (index, change) in self.changes.iter().enumerate() {
            for problem in change.problems(rules) {
                check.add("changes", problem.code, format!("[{index}]: {problem}"));
            }
        }
        if let Err(e) = self.resolve_changes(rules.register) {
            check.add("changes", ProblemCode::NotFound, format!("[{}]: {}", e.index, e.why));
        }
        check.finish()
    }
}

impl Validate for Change {
    fn problems(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Validator::new(rules);
        match self {
            Self::Add(new) => {
                check.list("services", new.services.len());
                let mut problems = new.facility(FIRST_SCENARIO_ID).problems(rules);
                problems.extend(check.finish());
                return problems;
            }
            Self::Hours { opening_hours, .. } => check.hours("opening_hours", opening_hours.as_deref()),
            Self::Capacity { capacity, .. } => check.number("capacity", Some(*capacity), 0.0, MAX_CAPACITY),
            Self::Street(StreetChange::Add { line, name, .. }) => {
                check.optional_line("name", name.as_deref());
                if !(2..=MAX_LINE_POINTS).contains(&line.len()) {
                    let why = format!("has {} positions. Allowed: 2 to {MAX_LINE_POINTS}", line.len());
                    check.add("line", ProblemCode::Invalid, why);
                }
                let metres: f64 = line.windows(2).map(|p| chord_length_m(Fixed::from(p[0]), p[1].into())).sum();
                if metres > MAX_STREET_M {
                    let why = format!("is {metres:.0} m long, more than {MAX_STREET_M} m; check the positions");
                    check.add("line", ProblemCode::Invalid, why);
                }
            }
            _ => {}
        }
        check.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Calendar;
    use crate::category::Category;
    use crate::center::Center;
    use crate::code::DivisionCode;
    use crate::facility::Facility;
    use crate::kinds::Kinds;
    use crate::register::{Register, RegisterRows};
    use crate::scenario::NewFacility;
    use crate::service::Host;
    use crate::vocabulary::{Audience, Status};
    use std::sync::Arc;
    use walkshed_engine::geo::Position;

    fn register() -> Register {
        let position = Position::new(106.55, 29.56).unwrap();
        let code = DivisionCode::new("500106013004").unwrap();
        let facility = |id: i64, status| Facility {
            id,
            version: 1,
            status,
            center: Some(code.clone()),
            ..Facility::new(format!("f{id}"), "驿站".into(), Category::Employment, position)
        };
        let rows = RegisterRows {
            centers: vec![Center { id: 1, version: 1, ..Center::new(code.clone(), "中心".into(), position) }],
            facilities: vec![facility(1, Status::Open), facility(2, Status::Planned)],
            ..RegisterRows::default()
        };
        Register::new(rows, Arc::default())
    }

    fn new_facility() -> NewFacility {
        NewFacility {
            name: "骑手驿站".into(),
            name_en: Some("Rider rest stop".into()),
            category: Category::Employment,
            kind: None,
            position: Position::new(106.56, 29.57).unwrap(),
            opening_hours: Some("10:00-02:00".into()),
            capacity: Some(20.0),
            audiences: vec![Audience::Couriers],
            step_free: None,
            services: Vec::new(),
        }
    }

    #[test]
    fn changes_build_on_each_other_without_changing_the_register() {
        let before = register();
        let elsewhere = Position::new(106.57, 29.57).unwrap();
        let changes = vec![
            Change::Add(new_facility()),
            Change::Close { place: Host::Center(1) },
            Change::Hours { place: Host::Center(1), opening_hours: Some("24/7".into()) },
            Change::Open { facility: 1 },
            Change::Move { facility: 1, position: elsewhere },
            Change::Capacity { facility: 1, capacity: 30.0 },
        ];
        let scenario = Scenario { changes, ..Scenario::new("s".into(), "夜间".into()) };
        let (kinds, calendar) = (Kinds::default(), Calendar::default());
        let rules = Rules { register: &before, kinds: &kinds, calendar: &calendar };
        assert_eq!(scenario.problems(&rules), vec![]);
        let text = serde_json::to_string(&scenario).unwrap();
        assert_eq!(serde_json::from_str::<Scenario>(&text).unwrap(), scenario);
        let (done, streets) = scenario.resolve_changes(&before).unwrap();
        assert!(streets.is_empty());
        let after = before.with_edits(2, &done);
        let f = |id| after.facilities.get(id).unwrap();
        assert_eq!((f(1).status, f(1).position, f(1).capacity), (Status::Open, elsewhere, Some(30.0)));
        assert_eq!(f(2).status, Status::Closed);
        assert_eq!(f(FIRST_SCENARIO_ID).name, "骑手驿站");
        let center = after.centers.get(1).unwrap();
        assert_eq!((center.status, center.opening_hours.as_deref()), (Status::Closed, Some("24/7")));
        assert_eq!(before.facilities.len(), 2);
        assert_eq!(before.centers.get(1).unwrap().status, Status::Open);
    }

    #[test]
    fn reports_problems_with_the_index_of_the_change() {
        let before = register();
        let (kinds, calendar) = (Kinds::default(), Calendar::default());
        let rules = Rules { register: &before, kinds: &kinds, calendar: &calendar };
        let problems = |change: Change| {
            let good = Change::Open { facility: 2 };
            let scenario = Scenario { changes: vec![good, change], ..Scenario::new("s".into(), "x".into()) };
            scenario.problems(&rules).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let hours = Change::Hours { place: Host::Facility(1), opening_hours: Some("from ten".into()) };
        assert!(problems(hours)[0].starts_with("changes [1]: opening_hours \"from ten\""));
        let missing = ["changes [1]: names a facility that does not exist"];
        assert_eq!(problems(Change::Open { facility: 7 }), missing);
        assert_eq!(problems(Change::Close { place: Host::Facility(7) }), missing);
        let kind = Change::Add(NewFacility { kind: Some("castle".into()), services: vec![5], ..new_facility() });
        let of_new = problems(kind);
        assert!(of_new[0].contains("kind") && of_new[1].contains("service"), "{of_new:?}");
        let capacity = Change::Capacity { facility: 1, capacity: -1.0 };
        assert_eq!(problems(capacity), ["changes [1]: capacity -1 is not between 0 and 10000000"]);
        let many = vec![Change::Open { facility: 2 }; MAX_CHANGES + 1];
        assert_eq!(Scenario { changes: many, ..Scenario::new("s".into(), "x".into()) }.problems(&rules).len(), 1);
    }
}
