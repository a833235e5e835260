//! Scenarios: named sets of changes, stored with the register and applied to a copy of it for an analysis.

use super::category::Category;
use super::facility::Facility;
use super::service::Host;
use super::vocabulary::Audience;
use serde::{Deserialize, Serialize};
use walkshed_engine::StreetChange;
use walkshed_engine::geo::Position;

/// Maximum number of changes in one scenario.
pub const MAX_CHANGES: usize = 100;
/// First id of facilities that exist only in a scenario; higher than any id the database assigns.
pub const FIRST_SCENARIO_ID: i64 = 1 << 40;

/// A named set of changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Database id; 0 before the record is stored.
    pub id: i64,
    /// Incremented with every change; 0 before the record is stored.
    pub version: i64,
    /// Unique key.
    pub key: String,
    pub name: String,
    pub name_en: Option<String>,
    pub description: Option<String>,
    pub changes: Vec<Change>,
}

/// One change of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Adds a facility.
    Add(NewFacility),
    /// Opens a planned or closed facility.
    Open { facility: i64 },
    /// Closes a facility, or a center with all its facilities.
    Close { place: Host },
    /// Moves a facility.
    Move { facility: i64, position: Position },
    /// Replaces the opening hours of a facility or center. Without opening hours, a facility has those of its center.
    Hours { place: Host, opening_hours: Option<String> },
    /// Changes the capacity of a facility.
    Capacity { facility: i64, capacity: f64 },
    /// Adds or closes a street.
    Street(StreetChange),
}

/// A facility that exists only in a scenario.
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
    /// Ids of the services offered.
    pub services: Vec<i64>,
}

impl Scenario {
    /// Creates a scenario without changes.
    #[must_use]
    pub const fn new(key: String, name: String) -> Self {
        Self { id: 0, version: 0, key, name, name_en: None, description: None, changes: Vec::new() }
    }
}

impl NewFacility {
    /// Returns the facility with a scenario id.
    pub(crate) fn facility(&self, id: i64) -> Facility {
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
