//! Scenarios: what if? Named sets of changes, kept beside the register and laid over it when an analysis asks for one.

use super::category::Category;
use super::facility::Facility;
use super::record::{AnyRecord, Done};
use super::register::Register;
use super::rules::{Check, Problem, ProblemCode, Rules};
use super::service::{Host, Offer};
use super::words::{Audience, Status};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use walkshed_engine::StreetChange;
use walkshed_engine::geo::{Fixed, Position, chord_length_m};

/// Changes in one scenario at most.
pub const MAX_CHANGES: usize = 100;
/// Positions of one new street at most.
pub const MAX_LINE_POINTS: usize = 200;
/// The longest new street, metres.
pub const MAX_STREET_M: f64 = 20_000.0;
/// Facilities that exist in a scenario alone have numbers from here on, beyond all that the database gives.
pub const FIRST_MADE_UP: i64 = 1 << 40;

/// A named set of changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Number in the database; 0 before it is stored.
    pub id: i64,
    /// Counts its changes; 0 before it is stored.
    pub version: i64,
    /// The key it goes by; unique.
    pub key: String,
    pub name: String,
    pub name_en: Option<String>,
    pub description: Option<String>,
    pub changes: Vec<Change>,
}

/// One thing that is otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A facility that does not exist yet.
    Add(NewFacility),
    /// One that is planned, or was closed, is open.
    Open { facility: i64 },
    /// A facility, or a center with all its facilities, is closed.
    Close { place: Host },
    /// A facility is elsewhere.
    Move { facility: i64, position: Position },
    /// A facility or center has other hours; without any it has those of its center, or none that are known.
    Hours { place: Host, opening_hours: Option<String> },
    /// A facility takes more or fewer.
    Capacity { facility: i64, capacity: f64 },
    /// A street is added or closed.
    Street(StreetChange),
}

/// A facility that exists in a scenario alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewFacility {
    pub name: String,
    pub name_en: Option<String>,
    pub category: Category,
    pub kind: Option<String>,
    pub position: Position,
    pub opening_hours: Option<String>,
    pub capacity: Option<f64>,
    pub audiences: Vec<Audience>,
    pub step_free: Option<bool>,
    /// Numbers of services it offers.
    pub services: Vec<i64>,
}

/// A change of the streets, and its place among all changes.
pub type PlacedStreet = (usize, StreetChange);

/// A change that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("changes[{index}] {why}")]
pub struct ChangeError {
    /// Its place among the changes.
    pub index: usize,
    pub why: String,
}

impl Scenario {
    /// A scenario without changes.
    #[must_use]
    pub const fn new(key: String, name: String) -> Self {
        Self { id: 0, version: 0, key, name, name_en: None, description: None, changes: Vec::new() }
    }

    /// What is wrong with it. Whether its streets can be changed so is known when it is laid over a world.
    #[must_use]
    pub fn check(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Check::default();
        check.key("key", &self.key);
        check.line("name", &self.name);
        check.optional_line("name_en", self.name_en.as_deref());
        check.text("description", self.description.as_deref());
        if self.changes.len() > MAX_CHANGES {
            let why = format!("has {} entries, more than {MAX_CHANGES}", self.changes.len());
            check.add("changes", ProblemCode::TooLong, why);
        }
        for (index, change) in self.changes.iter().enumerate() {
            for problem in change.check(rules) {
                check.add("changes", problem.code, format!("[{index}]: {problem}"));
            }
        }
        if let Err(e) = self.lay_over(rules.register) {
            check.add("changes", ProblemCode::NotFound, format!("[{}]: {}", e.index, e.why));
        }
        check.done()
    }

    /// What the register would have been told, and how the streets are changed. Later changes of the same facility build
    /// on earlier ones.
    ///
    /// # Errors
    /// [`ChangeError`] when something it names does not exist (any more).
    pub fn lay_over(&self, register: &Register) -> Result<(Vec<Done>, Vec<PlacedStreet>), ChangeError> {
        let mut laid = Laid { register, facilities: BTreeMap::new(), others: Vec::new() };
        let mut streets = Vec::new();
        for (index, change) in self.changes.iter().enumerate() {
            match change {
                Change::Street(street) => streets.push((index, street.clone())),
                change => laid.make(index, change).map_err(|why| ChangeError { index, why })?,
            }
        }
        let mut done: Vec<Done> = laid.facilities.into_values().map(|f| Done::Put(f.into())).collect();
        done.extend(laid.others);
        Ok((done, streets))
    }
}

/// Changes of a register on their way.
struct Laid<'a> {
    register: &'a Register,
    facilities: BTreeMap<i64, Facility>,
    others: Vec<Done>,
}

impl Laid<'_> {
    fn facility(&mut self, id: i64) -> Result<&mut Facility, String> {
        if !self.facilities.contains_key(&id) {
            let known = self.register.facilities.get(id).ok_or("names a facility that does not exist")?;
            self.facilities.insert(id, Facility::clone(known));
        }
        self.facilities.get_mut(&id).ok_or_else(|| "names a facility that does not exist".to_owned())
    }

    fn make(&mut self, index: usize, change: &Change) -> Result<(), String> {
        match change {
            Change::Add(new) => {
                let id = FIRST_MADE_UP + index as i64;
                for (n, &service) in new.services.iter().enumerate() {
                    if self.register.services.get(service).is_none() {
                        return Err("offers a service that does not exist".into());
                    }
                    let number = FIRST_MADE_UP + (index * 1000 + n) as i64;
                    let offer = Offer { id: number, version: 1, ..Offer::new(service, Host::Facility(id)) };
                    self.others.push(Done::Put(offer.into()));
                }
                self.facilities.insert(id, new.facility(id));
            }
            Change::Open { facility } => {
                let facility = self.facility(*facility)?;
                facility.status = Status::Open;
                facility.closed_on = None;
            }
            Change::Move { facility, position } => self.facility(*facility)?.position = *position,
            Change::Capacity { facility, capacity } => self.facility(*facility)?.capacity = Some(*capacity),
            Change::Hours { place: Host::Facility(id), opening_hours } => {
                self.facility(*id)?.opening_hours.clone_from(opening_hours);
            }
            Change::Close { place: Host::Facility(id) } => self.facility(*id)?.status = Status::Closed,
            Change::Hours { place: Host::Center(id), opening_hours } => {
                let mut center = self.center(*id)?;
                center.opening_hours.clone_from(opening_hours);
                self.others.push(Done::Put(center.into()));
            }
            Change::Close { place: Host::Center(id) } => {
                let mut center = self.center(*id)?;
                center.status = Status::Closed;
                self.others.push(Done::Put(center.into()));
                let place = self.register.centers.place(*id).unwrap_or_default();
                for &facility in self.register.facilities_of_center(place) {
                    self.facility(self.register.facilities[facility as usize].id)?.status = Status::Closed;
                }
            }
            Change::Street(_) => {}
        }
        Ok(())
    }

    /// A center as it is after the changes before.
    fn center(&self, id: i64) -> Result<super::center::Center, String> {
        let before = self.others.iter().rev().find_map(|done| match done {
            Done::Put(record) => match &**record {
                AnyRecord::Center(center) if center.id == id => Some(center),
                _ => None,
            },
            _ => None,
        });
        let known = self.register.centers.get(id).map(AsRef::as_ref);
        before.or(known).cloned().ok_or_else(|| "names a center that does not exist".to_owned())
    }
}

impl NewFacility {
    fn facility(&self, id: i64) -> Facility {
        Facility {
            id,
            version: 1,
            name_en: self.name_en.clone(),
            kind: self.kind.clone(),
            opening_hours: self.opening_hours.clone(),
            capacity: self.capacity,
            audiences: self.audiences.clone(),
            step_free: self.step_free,
            ..Facility::new(format!("scenario-{id}"), self.name.clone(), self.category, self.position)
        }
    }
}

impl Change {
    fn check(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Check::default();
        match self {
            Self::Add(new) => {
                check.list("services", new.services.len());
                let mut problems = new.facility(FIRST_MADE_UP).check(rules);
                problems.extend(check.done());
                return problems;
            }
            Self::Hours { opening_hours, .. } => check.hours("opening_hours", opening_hours.as_deref(), rules),
            Self::Capacity { capacity, .. } => check.number("capacity", Some(*capacity), 0.0, 1e7),
            Self::Street(StreetChange::Add { line, name, .. }) => {
                check.optional_line("name", name.as_deref());
                if !(2..=MAX_LINE_POINTS).contains(&line.len()) {
                    let why = format!("has {} positions; it may have 2 to {MAX_LINE_POINTS}", line.len());
                    check.add("line", ProblemCode::Invalid, why);
                }
                let metres: f64 = line.windows(2).map(|p| chord_length_m(Fixed::from(p[0]), p[1].into())).sum();
                if metres > MAX_STREET_M {
                    let why = format!("is {metres:.0} m long, more than {MAX_STREET_M}: are its positions right?");
                    check.add("line", ProblemCode::Invalid, why);
                }
            }
            _ => {}
        }
        check.done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Calendar, Center, DivisionCode, Kinds, RegisterRows};
    use std::sync::Arc;

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
    fn changes_build_on_each_other_and_leave_the_register_alone() {
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
        assert_eq!(scenario.check(&rules), vec![]);
        let text = serde_json::to_string(&scenario).unwrap();
        assert_eq!(serde_json::from_str::<Scenario>(&text).unwrap(), scenario);
        let (done, streets) = scenario.lay_over(&before).unwrap();
        assert!(streets.is_empty());
        let after = before.with(2, &done);
        let f = |id| after.facilities.get(id).unwrap();
        assert_eq!((f(1).status, f(1).position, f(1).capacity), (Status::Open, elsewhere, Some(30.0)));
        assert_eq!(f(2).status, Status::Closed);
        assert_eq!(f(FIRST_MADE_UP).name, "骑手驿站");
        let center = after.centers.get(1).unwrap();
        assert_eq!((center.status, center.opening_hours.as_deref()), (Status::Closed, Some("24/7")));
        assert_eq!(before.facilities.len(), 2);
        assert_eq!(before.centers.get(1).unwrap().status, Status::Open);
    }

    #[test]
    fn mistakes_are_told_with_the_change_they_are_in() {
        let before = register();
        let (kinds, calendar) = (Kinds::default(), Calendar::default());
        let rules = Rules { register: &before, kinds: &kinds, calendar: &calendar };
        let told = |change: Change| {
            let good = Change::Open { facility: 2 };
            let scenario = Scenario { changes: vec![good, change], ..Scenario::new("s".into(), "x".into()) };
            scenario.check(&rules).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let hours = Change::Hours { place: Host::Facility(1), opening_hours: Some("from ten".into()) };
        assert!(told(hours)[0].starts_with("changes [1]: opening_hours \"from ten\""));
        let missing = ["changes [1]: names a facility that does not exist"];
        assert_eq!(told(Change::Open { facility: 7 }), missing);
        assert_eq!(told(Change::Close { place: Host::Facility(7) }), missing);
        let kind = Change::Add(NewFacility { kind: Some("castle".into()), services: vec![5], ..new_facility() });
        let told_of = told(kind);
        assert!(told_of[0].contains("kind") && told_of[1].contains("service"), "{told_of:?}");
        let capacity = Change::Capacity { facility: 1, capacity: -1.0 };
        assert_eq!(told(capacity), ["changes [1]: capacity -1 is not between 0 and 10000000"]);
        let many = vec![Change::Open { facility: 2 }; MAX_CHANGES + 1];
        assert_eq!(Scenario { changes: many, ..Scenario::new("s".into(), "x".into()) }.check(&rules).len(), 1);
    }
}
