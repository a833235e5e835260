//! Facilities: places that offer services, inside a center or elsewhere.

use super::category::Category;
use super::code::DivisionCode;
use super::partial_date::PartialDate;
use super::vocabulary::{Audience, PositionQuality, Status};
use serde::{Deserialize, Serialize};
use walkshed_engine::geo::{Position, Storey};

/// A place that offers services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facility {
    /// Database id; 0 before the record is stored.
    pub id: i64,
    /// Incremented with every change; 0 before the record is stored.
    pub version: i64,
    /// Id or code in the source system; unique.
    pub external_id: String,
    pub name: String,
    pub name_en: Option<String>,
    pub category: Category,
    /// Key of the facility kind.
    pub kind: Option<String>,
    pub status: Status,
    pub position: Position,
    pub position_quality: PositionQuality,
    pub address: Option<String>,
    pub phone: Option<String>,
    pub description: Option<String>,
    /// Code of the center the facility is in.
    pub center: Option<DivisionCode>,
    /// Division of a facility outside any center.
    pub division: Option<DivisionCode>,
    /// Floor label as on signs in the building.
    pub floor: Option<String>,
    pub capacity: Option<f64>,
    /// Unit of the capacity: places, beds, seats, ...
    pub capacity_unit: Option<String>,
    pub floor_area_m2: Option<f64>,
    pub grounds_area_m2: Option<f64>,
    /// Intended audiences; empty for everyone.
    pub audiences: Vec<Audience>,
    pub step_free: Option<bool>,
    pub access_note: Option<String>,
    pub opened_on: Option<PartialDate>,
    pub closed_on: Option<PartialDate>,
    /// In the syntax of OpenStreetMap's `opening_hours`.
    pub opening_hours: Option<String>,
}

impl Facility {
    /// Returns the storey that the floor label means, which decides from which ways the facility is reached.
    #[must_use]
    pub fn storey(&self) -> Storey {
        self.floor.as_deref().map_or(Storey::Ground, Storey::of_floor)
    }

    /// Creates a facility with the required values; everything else is unset.
    #[must_use]
    pub fn new(external_id: String, name: String, category: Category, position: Position) -> Self {
        Self {
            id: 0,
            version: 0,
            external_id,
            name,
            name_en: None,
            category,
            kind: None,
            status: Status::Open,
            position,
            position_quality: PositionQuality::Approximate,
            address: None,
            phone: None,
            description: None,
            center: None,
            division: None,
            floor: None,
            capacity: None,
            capacity_unit: None,
            floor_area_m2: None,
            grounds_area_m2: None,
            audiences: Vec::new(),
            step_free: None,
            access_note: None,
            opened_on: None,
            closed_on: None,
            opening_hours: None,
        }
    }
}
