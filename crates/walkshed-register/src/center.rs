//! Service centers.

use super::code::DivisionCode;
use super::partial_date::PartialDate;
use super::vocabulary::{Audience, CenterKind, OperatingModel, PositionQuality, Status};
use serde::{Deserialize, Serialize};
use walkshed_engine::geo::Position;

/// A party-mass service center of a village, a community or a larger area.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Center {
    /// Database id; 0 before the record is stored.
    pub id: i64,
    /// Incremented with every change; 0 before the record is stored.
    pub version: i64,
    pub code: DivisionCode,
    pub name: String,
    pub name_en: Option<String>,
    pub kind: CenterKind,
    pub status: Status,
    pub position: Position,
    pub position_quality: PositionQuality,
    pub address: Option<String>,
    pub phone: Option<String>,
    pub description: Option<String>,
    pub floor_area_m2: Option<f64>,
    /// Share of the floor area that residents may use, 0 to 1.
    pub open_share: Option<f64>,
    pub residents_served: Option<u32>,
    /// Groups served, among the residents or in addition to them.
    pub groups_served: Vec<GroupServed>,
    pub opened_on: Option<PartialDate>,
    /// When it was last rebuilt.
    pub renovated_on: Option<PartialDate>,
    pub closed_on: Option<PartialDate>,
    pub operating_model: Option<OperatingModel>,
    /// Free-text description of the operating model.
    pub operating_note: Option<String>,
    pub partners: Vec<Partner>,
    pub funding: Vec<FundingShare>,
    /// Whether the entrance is step-free.
    pub step_free: Option<bool>,
    /// Whether there is a separate entrance for the night.
    pub night_entrance: Option<bool>,
    pub access_note: Option<String>,
    /// In the syntax of OpenStreetMap's `opening_hours`.
    pub opening_hours: Option<String>,
}

/// A group of people served by a center.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupServed {
    pub audience: Audience,
    pub people: u32,
}

/// An organisation that works with a center.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partner {
    pub name: String,
    pub role: Option<String>,
    /// Number of organisations, if several of one type share the entry.
    #[serde(default = "one")]
    pub count: u32,
}

const fn one() -> u32 {
    1
}

/// A source of funding of a center.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FundingShare {
    pub source: String,
    /// Share of the total, 0 to 1.
    pub share: f64,
}

impl Center {
    /// Creates a center with the required values; everything else is unset.
    #[must_use]
    pub fn new(code: DivisionCode, name: String, position: Position) -> Self {
        Self {
            id: 0,
            version: 0,
            code,
            name,
            name_en: None,
            kind: CenterKind::Community,
            status: Status::Open,
            position,
            position_quality: PositionQuality::Approximate,
            address: None,
            phone: None,
            description: None,
            floor_area_m2: None,
            open_share: None,
            residents_served: None,
            groups_served: Vec::new(),
            opened_on: None,
            renovated_on: None,
            closed_on: None,
            operating_model: None,
            operating_note: None,
            partners: Vec::new(),
            funding: Vec::new(),
            step_free: None,
            night_entrance: None,
            access_note: None,
            opening_hours: None,
        }
    }
}
