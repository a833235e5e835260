//! What one can get done, and where it is offered.

use super::category::Category;
use super::rules::{Check, Problem, ProblemCode, Rules};
use super::words::{Audience, Fee};
use serde::{Deserialize, Serialize};

/// Something one can get done, wherever it is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Number in the database; 0 before it is stored.
    pub id: i64,
    /// Counts its changes; 0 before it is stored.
    pub version: i64,
    /// The key it goes by in files; unique.
    pub key: String,
    pub name: String,
    pub name_en: Option<String>,
    pub category: Category,
    /// Whom it is for; empty for everyone.
    pub audiences: Vec<Audience>,
    pub fee: Option<Fee>,
    /// Must one make an appointment?
    pub appointment: Option<bool>,
    pub description: Option<String>,
}

impl Service {
    /// A service of which only what must be known is known.
    #[must_use]
    pub const fn new(key: String, name: String, category: Category) -> Self {
        Self {
            id: 0,
            version: 0,
            key,
            name,
            name_en: None,
            category,
            audiences: Vec::new(),
            fee: None,
            appointment: None,
            description: None,
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self, _: &Rules<'_>) -> Vec<Problem> {
        let mut check = Check::default();
        check.key("key", &self.key);
        check.line("name", &self.name);
        check.optional_line("name_en", self.name_en.as_deref());
        check.text("description", self.description.as_deref());
        check.done()
    }
}

/// Where something is offered or takes place: by the number of a center or facility.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Host {
    Center(i64),
    Facility(i64),
}

impl Host {
    /// The number of the center, where it is one.
    #[must_use]
    pub const fn center(self) -> Option<i64> {
        match self {
            Self::Center(id) => Some(id),
            Self::Facility(_) => None,
        }
    }

    /// The number of the facility, where it is one.
    #[must_use]
    pub const fn facility(self) -> Option<i64> {
        match self {
            Self::Center(_) => None,
            Self::Facility(id) => Some(id),
        }
    }

    /// Adds a problem when it does not exist.
    pub fn check(self, check: &mut Check, rules: &Rules<'_>) {
        match self {
            Self::Center(id) if rules.register.centers.get(id).is_none() => {
                check.add("center", ProblemCode::NotFound, "does not exist");
            }
            Self::Facility(id) if rules.register.facilities.get(id).is_none() => {
                check.add("facility", ProblemCode::NotFound, "does not exist");
            }
            _ => {}
        }
    }
}

/// A service as one center or facility offers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Number in the database; 0 before it is stored.
    pub id: i64,
    /// Counts its changes; 0 before it is stored.
    pub version: i64,
    /// Number of the service.
    pub service: i64,
    pub host: Host,
    /// Its own hours, where they differ from those of the place.
    pub opening_hours: Option<String>,
    /// How many items one can get done, as 68 at a one-stop counter.
    pub item_count: Option<u32>,
    pub note: Option<String>,
}

impl Offer {
    /// An offer without particulars.
    #[must_use]
    pub const fn new(service: i64, host: Host) -> Self {
        Self { id: 0, version: 0, service, host, opening_hours: None, item_count: None, note: None }
    }

    /// What it is known by: the service and the place.
    #[must_use]
    pub fn key_text(&self) -> String {
        match self.host {
            Host::Center(id) => format!("{}@c{id}", self.service),
            Host::Facility(id) => format!("{}@f{id}", self.service),
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self, rules: &Rules<'_>) -> Vec<Problem> {
        let mut check = Check::default();
        if rules.register.services.get(self.service).is_none() {
            check.add("service", ProblemCode::NotFound, "does not exist");
        }
        self.host.check(&mut check, rules);
        check.hours("opening_hours", self.opening_hours.as_deref(), rules);
        check.text("note", self.note.as_deref());
        check.done()
    }
}
