//! Services, and the offers of services by centers and facilities.

use super::category::Category;
use super::vocabulary::{Audience, Fee};
use serde::{Deserialize, Serialize};

/// A service, independent of where it is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Database id; 0 before the record is stored.
    pub id: i64,
    /// Incremented with every change; 0 before the record is stored.
    pub version: i64,
    /// Key in files; unique.
    pub key: String,
    pub name: String,
    pub name_en: Option<String>,
    pub category: Category,
    /// Intended audiences; empty for everyone.
    pub audiences: Vec<Audience>,
    pub fee: Option<Fee>,
    /// Whether an appointment is required.
    pub appointment: Option<bool>,
    pub description: Option<String>,
}

impl Service {
    /// Creates a service with the required values; everything else is unset.
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
}

/// The place of an offer or event: the id of a center or of a facility.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Host {
    Center(i64),
    Facility(i64),
}

impl Host {
    /// Returns the id of the center, if the host is a center.
    #[must_use]
    pub const fn center(self) -> Option<i64> {
        match self {
            Self::Center(id) => Some(id),
            Self::Facility(_) => None,
        }
    }

    /// Returns the id of the facility, if the host is a facility.
    #[must_use]
    pub const fn facility(self) -> Option<i64> {
        match self {
            Self::Center(_) => None,
            Self::Facility(id) => Some(id),
        }
    }
}

/// A service offered by one center or facility.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Database id; 0 before the record is stored.
    pub id: i64,
    /// Incremented with every change; 0 before the record is stored.
    pub version: i64,
    /// Id of the service.
    pub service: i64,
    pub host: Host,
    /// Opening hours of the offer, if they differ from those of the host.
    pub opening_hours: Option<String>,
    /// Number of items handled, such as 68 at a one-stop counter.
    pub item_count: Option<u32>,
    pub note: Option<String>,
}

impl Offer {
    /// Creates an offer with the required values; everything else is unset.
    #[must_use]
    pub const fn new(service: i64, host: Host) -> Self {
        Self { id: 0, version: 0, service, host, opening_hours: None, item_count: None, note: None }
    }

    /// Returns the unique key: service id and host id.
    #[must_use]
    pub fn key_text(&self) -> String {
        match self.host {
            Host::Center(id) => format!("{}@c{id}", self.service),
            Host::Facility(id) => format!("{}@f{id}", self.service),
        }
    }
}
